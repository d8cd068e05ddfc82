"""What a hostile or broken HTTP client can do on a real socket: it gets a refusal or nothing, and an SOS is taken all the same."""
import re
import socket
import threading

import pytest

from huyang_test import wait_until
from huyang_test.person import Person
from test_people import first_administrator, press_sos

OK = b"HTTP/1.1 200"


@pytest.fixture
def stage(world):
    broker, _, gateway = world.standard()
    return world, broker, gateway


def dial(gateway, timeout=40):
    return socket.create_connection(("127.0.0.1", gateway.port), timeout=timeout)


def drain(peer):
    """All that comes until the end."""
    received = b""
    try:
        while block := peer.recv(65536):
            received += block
    except ConnectionError:
        pass
    return received


def exchange(gateway, raw, half_close=True):
    """What comes back for these bytes. A peer that is refused in the middle of sending has its answer all the same, or none."""
    with dial(gateway) as peer:
        try:
            peer.sendall(raw)
            if half_close:
                peer.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return drain(peer)


def statuses(received):
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def prove_life(stage, home):
    world, broker, gateway = stage
    press_sos(world, broker, gateway, home)
    assert gateway.alive()


def get(path, *headers):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode("latin-1")


def test_pipelined_requests_are_answered_each_in_its_turn(stage):
    _, _, gateway = stage
    token = "Authorization: Bearer " + gateway.token()
    raw = b"".join(get(path, token) for path in ["/healthz", "/api/v1/alerts"] * 20) + get("/healthz", "Connection: close")
    received = exchange(gateway, raw, half_close=False)
    assert statuses(received) == [200] * 41
    assert re.findall(rb'"(ready|alerts)":', received) == [b"ready", b"alerts"] * 20 + [b"ready"]
    refused = exchange(gateway, get("/api/v1/alerts") + get("/healthz"), half_close=False)
    assert statuses(refused) == [401], "a refusal ends the connection: nothing behind it is looked at"
    prove_life(stage, 1)


BODY = b'{"account":"a","password":"b"}'


def post(*headers, body=b""):
    return "\r\n".join(["POST /api/v1/session HTTP/1.1", "Host: x", "Content-Type: application/json", *headers, "", ""]).encode() + body


SMUGGLED = get("/healthz")
UNCLEAR = {
    "two lengths": post(f"Content-Length: {len(BODY)}", "Content-Length: 0", body=BODY + SMUGGLED),
    "length and chunks": post("Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "chunks twice": post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "a length below zero": post("Content-Length: -5", body=BODY + SMUGGLED),
    "a length that is no number": post("Content-Length: 0x10", body=BODY + SMUGGLED),
    "a length beyond all": post("Content-Length: 99999999999999999999999", body=BODY + SMUGGLED),
    "a chunk's size that is none": post("Transfer-Encoding: chunked", body=b"zz\r\nabc\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk's size below zero": post("Transfer-Encoding: chunked", body=b"-1\r\nabc\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk's size beyond all": post("Transfer-Encoding: chunked", body=b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk longer than it says": post("Transfer-Encoding: chunked", body=b"1\r\nabcdef\r\n0\r\n\r\n" + SMUGGLED),
    "a chunk that never ends": post("Transfer-Encoding: chunked", body=b"ffff\r\nabc"),
    "a size line without end": post("Transfer-Encoding: chunked", body=b"1" * 100000),
    "no version": b"GET /healthz\r\n\r\n",
    "no request at all": b"\x00\x01\x02" * 1000,
    "half a request": b"GET /healthz HT",
}


def test_what_does_not_say_where_it_ends_is_refused_and_nothing_behind_it_is_done(stage):
    _, _, gateway = stage
    for name, raw in UNCLEAR.items():
        received = exchange(gateway, raw)
        assert OK not in received, (name, received[:300])
        assert all(status >= 400 for status in statuses(received)), (name, received[:600])
    prove_life(stage, 1)


def test_a_chunked_body_with_trailers_is_a_body_and_no_more(stage):
    _, _, gateway = stage
    token = gateway.token()
    chunks = b"%x\r\n%s\r\n0\r\nAuthorization: Bearer %s\r\n\r\n" % (len(BODY), BODY, token.encode())
    assert statuses(exchange(gateway, post("Transfer-Encoding: chunked", "Connection: close", body=chunks), half_close=False)) == [401]
    raw = b"GET /api/v1/alerts HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    assert OK not in exchange(gateway, raw, half_close=False), "a token in a trailer comes too late"
    prove_life(stage, 1)


PATHS = ["//healthz", "/./healthz", "/healthz/", "/healthz/..", "/%2e%2e/healthz", "/healthz%00", "/healthz%2f", "/health%7a%", "/%zz", "http://x/../healthz",
         "*", "/\xff\xfe", "/api/v1/alerts/" + "a" * 12000, "/" + "%41" * 5000, "/api/v1//alerts", "/api/v1/residents/../alerts", "/healthz;x=1",
         "/console/..%2f..%2fetc/passwd", "/assets/..%5c..%5cetc%5cpasswd"]


def test_paths_in_disguise_lead_nowhere(stage):
    _, _, gateway = stage
    for path in PATHS:
        received = exchange(gateway, get(path, "Authorization: Bearer " + gateway.token(), "Connection: close"), half_close=False)
        assert OK not in received and b"root:" not in received, (path, received[:300])
    prove_life(stage, 1)


BOMBS = {"one of a megabyte": get("/healthz", "X-A: " + "a" * (1 << 20)), "ten thousand": get("/healthz", *[f"X-{i}: b" for i in range(10000)]),
         "cookies": get("/healthz", *["Cookie: " + "a=b; " * 1000 for _ in range(20)]), "a name of 64 KiB": get("/healthz", "X" * 65536 + ": b"),
         "parameters": get("/healthz?" + "&".join(f"a{i}=b" for i in range(3000)))}


def test_headers_beyond_measure_are_refused(stage):
    _, _, gateway = stage
    for name, raw in BOMBS.items():
        received = exchange(gateway, raw)
        assert OK not in received, name
    prove_life(stage, 1)


def trickle(peer, first, then, stop):
    """Sends `then` a byte a second, so that no timeout that counts from the last byte ever comes."""
    try:
        peer.sendall(first)
        while not stop.wait(1):
            peer.sendall(then)
    except OSError:
        pass


def test_heads_that_trickle_are_ended_and_hold_nobody_up(stage):
    _, _, gateway = stage
    stop, peers = threading.Event(), [dial(gateway, 60) for _ in range(40)]
    for peer in peers:
        threading.Thread(target=trickle, args=(peer, b"GET /healthz HTTP/1.1\r\nX-A: ", b"a", stop), daemon=True).start()
    assert gateway.ready()
    prove_life(stage, 1)
    for peer in peers:
        assert OK not in drain(peer), "it ends, without an answer"
        peer.close()
    stop.set()


def test_half_closed_and_reset_peers_leave_nothing_behind(stage):
    _, _, gateway = stage
    token = "Authorization: Bearer " + gateway.token()
    for _ in range(50):
        assert statuses(exchange(gateway, get("/api/v1/alerts", token, "Connection: close"))) == [200], "its answer comes all the same"
        with dial(gateway) as peer:  # leaves with the answer unread
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            peer.sendall(get("/api/v1/stream", token))
    wait_until(lambda: gateway.metrics()["huyang_api_streams"] == 0, 30, "the streams of those who left have ended")
    prove_life(stage, 1)


# ---- asking again ----

LISTS = ["alerts", "residents?q=", "devices", "zones", "territories", "silences", "announcements", "ledger", "tasks", "quarantine", "findings",
         "registry/residents/r-0001", "registry/residents/r-0001/history", "residents/r-0001", "accounts", "accounts/root", "prompts", "openapi.json"]


def test_an_answer_that_was_told_is_not_told_again(stage):
    world, broker, gateway = stage
    root = first_administrator(gateway)
    token = {"Authorization": "Bearer " + gateway.token(), "Cookie": None}
    told = 0
    for path in LISTS:
        first = root.send("GET", "/api/v1/" + path, headers=token)
        if first.status == 404 or first.status == 400:
            continue
        assert first.status == 200, (path, first.body)
        told += 1
        tag = first.headers["ETag"]
        again = root.send("GET", "/api/v1/" + path, headers={**token, "If-None-Match": tag})
        assert (again.status, again.body) == (304, "") and again.headers["ETag"] == tag and "Content-Type" not in again.headers, path
        assert root.send("GET", "/api/v1/" + path, headers={**token, "If-None-Match": '"0"'}).body == first.body, path
    assert told >= 14
    before = root.send("GET", "/api/v1/alerts", headers=token).headers["ETag"]
    press_sos(world, broker, gateway, 1)
    after = root.send("GET", "/api/v1/alerts", headers={**token, "If-None-Match": before})
    assert after.status == 200 and "r-0001" in after.body
    assert root.send("GET", "/api/v1/session", headers={"If-None-Match": before}).status == 200
    assert Person(gateway).send("GET", "/api/v1/alerts", headers={"If-None-Match": after.headers["ETag"]}).status == 401, "who may not read learns nothing"
