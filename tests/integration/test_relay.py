"""What goes out, judged by others than its author: CAP by the OASIS schema, and `huyang desk` itself, whose word the other tests rely on."""
import copy
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import pytest
from lxml import etree

from huyang_test import wait_until, wire
from huyang_test.county import CODE

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data")
NS = "{urn:oasis:names:tc:emergency:cap:1.2}"
GOLDEN = ["cap-sos.xml", "cap-hostile.xml", "cap-cancel.xml"]
SAMPLES = ["canada.cap", "earthquake.cap", "invalid.cap", "weather.cap"]


@pytest.fixture(scope="module")
def schema():
    return etree.XMLSchema(etree.parse(os.path.join(DATA, "cap12", "cap12.xsd")))


def read(*path):
    with open(os.path.join(DATA, *path), "rb") as file:
        return file.read()


class Client:
    """One kept connection to a desk."""

    def __init__(self, desk, context=None):
        address = urllib.parse.urlsplit(desk.url)
        make = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        more = {"context": context} if context else {}
        self.http = make(address.hostname, address.port, timeout=30, **more)

    def ask(self, method, path, body=b"", headers=None):
        self.http.request(method, path, body=body, headers=headers or {})
        answer = self.http.getresponse()
        return answer.status, answer.read()

    def cap(self, body):
        status, text = self.ask("POST", "/cap", body, {"Content-Type": "application/cap+xml"})
        assert status == 200
        return etree.fromstring(text)


def hook_body(identity):
    return json.dumps({"id": identity, "alert": "0" * 32, "kind": "notify", "level": "red", "family": "emergency", "role": "family", "recipient": None,
                       "what": {"zh": "求助", "en": "help"}, "acknowledge": "/x", "exercise": False, "t": "2026-03-01T12:00:00+08:00"}).encode()


def hook_headers(desk, identity, body, at=None, secret=None):
    moment = str(int(time.time() if at is None else at))
    if secret is None:
        with open(desk.secret_file, encoding="ascii") as file:
            secret = file.read().strip()
    signature = hmac.new(secret.encode(), moment.encode() + b"." + identity.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Huyang-Id": identity, "Idempotency-Key": identity, "X-Huyang-Time": moment, "X-Huyang-Signature": signature}


def hook(client, desk, identity, **options):
    body = hook_body(identity)
    status, text = client.ask("POST", "/hook/family", body, hook_headers(desk, identity, body, **options))
    return status, json.loads(text)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_police_message_obeys_the_schema(schema, name):
    schema.assertValid(etree.fromstring(read("relay", name)))


def mutations(document):
    """Every element left out, doubled, moved behind its next neighbour, renamed, and its text replaced, one at a time."""
    root = etree.fromstring(document)
    count = len(list(root.iter()))
    for index in range(1, count):
        for what in ("drop", "double", "swap", "rename", "empty", "nonsense", "zulu"):
            tree = copy.deepcopy(root)
            element = list(tree.iter())[index]
            parent, following = element.getparent(), element.getnext()
            if what == "drop":
                parent.remove(element)
            elif what == "double":
                parent.insert(parent.index(element), copy.deepcopy(element))
            elif what == "swap" and following is not None:
                parent.remove(element)
                following.addnext(element)
            elif what == "rename":
                element.tag = NS + "unheardOf"
            elif len(element) == 0:
                element.text = {"empty": "", "nonsense": "no such value", "zulu": "2026-03-01T04:12:00Z"}.get(what, element.text)
            yield f"{what} {element.tag} {index}", etree.tostring(tree, encoding="UTF-8", xml_declaration=True)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_desk_refuses_all_that_the_schema_refuses(world, schema, name):
    client = Client(world.desk())
    checked = 0
    for what, document in mutations(read("relay", name)):
        well = schema.validate(etree.fromstring(document))
        answer = client.cap(document)
        accepted = answer.findtext(NS + "msgType") == "Ack"
        note = answer.findtext(NS + "note")
        assert not (accepted and not well), f"{what}: accepted, but {schema.error_log.last_error}"
        # Only the rules that stand in the standard's text and not in its schema may go further.
        assert accepted or not well or "needs" in note or "forbidden" in note, f"{what}: refused as '{note}', though the schema takes it"
        checked += 1
    assert checked > 50


@pytest.mark.parametrize("name", SAMPLES)
def test_the_desk_judges_other_peoples_messages_as_the_schema_does(world, schema, name):
    document = read("cap12", name)
    answer = Client(world.desk()).cap(document)
    schema.assertValid(answer)
    assert (answer.findtext(NS + "msgType") == "Ack") == schema.validate(etree.fromstring(document))


def test_an_ack_refers_to_its_message_and_obeys_the_schema_itself(world, schema):
    document = read("relay", "cap-sos.xml")
    sent = etree.fromstring(document)
    answer = Client(world.desk()).cap(document)
    schema.assertValid(answer)
    assert answer.findtext(NS + "msgType") == "Ack"
    assert answer.findtext(NS + "references") == ",".join(sent.findtext(NS + name) for name in ("sender", "identifier", "sent"))


def test_declarations_and_entities_are_refused_unread(world):
    client = Client(world.desk())
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><alert>&b;</alert>'
    outside = b'<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">&x;</alert>'
    for document in (bomb, outside):
        answer = client.cap(document)
        assert answer.findtext(NS + "msgType") == "Error"
        assert "declarations are refused" in answer.findtext(NS + "note")


def test_a_message_is_acted_on_once_however_often_it_comes(world):
    desk = world.desk()
    client = Client(desk)
    identity = secrets.token_hex(16)
    for _ in range(3):
        assert hook(client, desk, identity) == (200, {"state": "accepted"})
        client.cap(read("relay", "cap-sos.xml"))
    for path in ("/hook/family", "/cap"):
        records = [record for record in desk.records() if record["path"] == path]
        assert [record["acted"] for record in records] == [True, False, False]
        assert [record["duplicate"] for record in records] == [False, True, True]
        assert len({record["digest"] for record in records}) == 1
        assert all(record["valid"] for record in records)


def test_what_was_refused_first_may_still_be_acted_on_later(world):
    desk = world.desk()
    client = Client(desk)
    desk.set_mode("/hook/family", "reject", count=1)
    identity = secrets.token_hex(16)
    assert hook(client, desk, identity)[1]["state"] == "rejected"
    assert hook(client, desk, identity)[1]["state"] == "accepted"
    assert [record["acted"] for record in desk.records()] == [False, True]


def test_a_webhook_must_be_signed_rightly_and_recently(world):
    desk = world.desk()
    client = Client(desk)
    for options, found in (({}, "valid"), ({"secret": "another"}, "bad"), ({"at": time.time() - 3600}, "old"), ({"at": time.time() + 3600}, "old")):
        answer = hook(client, desk, secrets.token_hex(16), **options)[1]
        record = desk.records()[-1]
        assert record["signature"] == found
        assert record["valid"] == (found == "valid") == (answer["state"] == "accepted")
        assert record["acted"] == (found == "valid")
    identity = secrets.token_hex(16)
    body = hook_body(identity)
    status, text = client.ask("POST", "/hook/family", body, {"X-Huyang-Id": identity, "Idempotency-Key": identity})
    assert json.loads(text) == {"state": "rejected", "reason": "signature: none"}


def test_a_webhook_with_a_changed_body_another_id_or_a_member_missing_is_refused(world):
    desk = world.desk()
    client = Client(desk)
    identity = secrets.token_hex(16)
    body = hook_body(identity)
    headers = hook_headers(desk, identity, body)
    changed = body.replace(b'"red"', b'"green"')
    assert json.loads(client.ask("POST", "/hook/family", changed, headers)[1])["reason"] == "signature: bad"
    other = hook_body(secrets.token_hex(16))
    assert "another" in json.loads(client.ask("POST", "/hook/family", other, headers)[1])["reason"]
    for member in json.loads(body):
        if member == "recipient":
            continue
        less = {key: value for key, value in json.loads(body).items() if key != member}
        text = json.dumps(less).encode()
        answer = json.loads(client.ask("POST", "/hook/family", text, hook_headers(desk, identity, text))[1])
        assert answer["state"] == "rejected" and member in answer["reason"]
    for text in (b"", b"{", b"[]", b'{"id":1,"id":2}', b"\xff"):
        assert json.loads(client.ask("POST", "/hook/family", text, hook_headers(desk, identity, text))[1])["state"] == "rejected"
    assert not any(record["acted"] for record in desk.records())


def test_every_mode_behaves_as_it_is_called(world):
    desk = world.desk()

    def one(mode):
        desk.set_mode("/hook/family", mode, count=1)
        return hook(Client(desk), desk, secrets.token_hex(16))

    assert one("accept") == (200, {"state": "accepted"})
    assert one("reject")[1]["state"] == "rejected"
    assert one("error")[0] == 500
    assert one("slow") == (200, {"state": "accepted"})
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        one("close")
    desk.set_mode("/hook/family", "redirect", count=1)
    client = Client(desk)
    identity = secrets.token_hex(16)
    body = hook_body(identity)
    assert client.ask("POST", "/hook/family", body, hook_headers(desk, identity, body))[0] == 307
    desk.set_mode("/hook/family", "silent", count=1)
    assert client.ask("POST", "/hook/family", body, hook_headers(desk, identity, body)) == (200, b"")
    # A counted mode is over after its count.
    assert hook(client, desk, secrets.token_hex(16)) == (200, {"state": "accepted"})
    desk.set_mode("*", "error")
    assert client.ask("POST", "/cap", read("relay", "cap-sos.xml"))[0] == 500
    acted = {record["mode"]: record["acted"] for record in desk.records()}
    assert acted == {"accept": True, "reject": False, "error": False, "slow": True, "close": True, "redirect": False, "silent": True}


def test_a_hanging_desk_holds_its_answer_and_nobody_else(world):
    desk = world.desk()
    desk.set_mode("/cap", "hang", count=1)
    address = urllib.parse.urlsplit(desk.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as hung:
        body = read("relay", "cap-sos.xml")
        hung.sendall(b"POST /cap HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        desk.wait_record(lambda record: record["mode"] == "hang", 15, "the hanging message")
        assert Client(desk).cap(body).findtext(NS + "msgType") == "Ack"
        hung.setblocking(False)
        with pytest.raises(BlockingIOError):
            hung.recv(1)


def test_the_records_can_be_read_over_http_too(world):
    desk = world.desk()
    client = Client(desk)
    hook(client, desk, secrets.token_hex(16))
    client.cap(read("relay", "cap-sos.xml"))
    status, text = client.ask("GET", "/recorded")
    assert status == 200
    assert [json.loads(line) for line in text.decode().splitlines()] == desk.records()
    cap = desk.records()[-1]
    assert cap["avs"] == "1" and cap["level"] == "red" and cap["family"] == "emergency" and cap["type"] == "Alert" and cap["exercise"] is False


def test_what_is_not_for_a_desk_is_turned_away(world):
    desk = world.desk()
    client = Client(desk)
    assert client.ask("GET", "/")[0] == 404
    assert client.ask("GET", "/cap")[0] == 405
    assert client.ask("HEAD", "/cap")[0] == 200
    assert client.ask("POST", "/control", b"{")[0] == 400
    assert client.ask("POST", "/control", b'{"path":"/cap","mode":"dance"}')[0] == 400
    assert client.ask("POST", "/control", b'{"path":"/cap","mode":"error","count":-1}')[0] == 400
    assert Client(desk).ask("POST", "/cap", b"x" * (1 << 20) + b"yy")[0] == 413
    assert desk.records() == []


def test_a_desk_speaks_tls(world, tmp_path):
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=desk",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    desk = world.desk(arguments=("--https", cert, key))
    assert desk.url.startswith("https://127.0.0.1:")
    client = Client(desk, ssl.create_default_context(cafile=cert))
    assert client.cap(read("relay", "cap-sos.xml")).findtext(NS + "msgType") == "Ack"


class Inbox(http.server.BaseHTTPRequestHandler):
    """A police receiver that keeps every message as it came, and says no more than that it came."""
    def do_POST(self):
        self.server.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(202)
        self.end_headers()

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("exercise", [False, True])
def test_what_a_live_gateway_sends_the_police_obeys_the_schema_and_is_signed(world, schema, exercise):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Inbox)
    server.got = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        broker, desk, county = world.broker(), world.desk(), world.county(homes=2)
        path = os.path.join(county.folder, "households.csv")
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        lines[1] = ",".join(lines[1].split(",")[:-2] + ["", ""])  # the first home has no coordinates
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        gateway = world.gateway(broker, county, desk, settings={"relay": {"exercise": exercise, "police": {
            "url": f"http://127.0.0.1:{server.server_port}/", "secret_file": desk.secret_file, "institution": "00A01B02", "direct": ["sos"]}}})
        fleet = world.fleet(broker, ["wb-0001", "wb-0002"])
        fleet.report("wb-0001", wire.sos())
        fleet.report("wb-0002", wire.sos())
        wait_until(lambda: len(server.got) >= 2, 40, "two police messages")
        for alert in gateway.alerts(family="emergency"):
            gateway.close(alert["id"], "false")
        wait_until(lambda: any(b"<msgType>Cancel" in body for _, body in server.got), 40, "a stand-down")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    with open(desk.secret_file, encoding="ascii") as file:
        secret = file.read().strip().encode()
    documents = []
    for headers, body in server.got:
        signed = f"{headers['X-Huyang-Time']}.{headers['X-Huyang-Id']}.".encode() + body
        assert headers["X-Huyang-Signature"] == hmac.new(secret, signed, hashlib.sha256).hexdigest()
        documents.append(etree.fromstring(body))
        schema.assertValid(documents[-1])
        assert documents[-1].findtext(NS + "status") == ("Exercise" if exercise else "Actual")
        assert re.fullmatch(CODE + "00A01B02_[0-9]{14}_[0-9a-f]{32}", documents[-1].findtext(NS + "identifier"))
    assert {code.findtext(NS + "value") for document in documents for code in document.iter(NS + "eventCode")} == {"sos"}
    alerts = [document for document in documents if document.findtext(NS + "msgType") == "Alert"]
    assert any(next(document.iter(NS + "circle"), None) is None for document in alerts) and any(next(document.iter(NS + "circle"), None) is not None for document in alerts)


@pytest.mark.parametrize("mode", ["hang", "error", "redirect", "close", "slow"])
def test_people_and_police_are_told_once_of_an_sos_whatever_their_desk_does_first(world, mode):
    broker, desk, gateway = world.standard(settings={"relay": {"police": {"direct": ["sos"], "timeout_s": 1 if mode == "hang" else 10}}})
    fleet = world.fleet(broker, ["wb-0001", "cam-0001"])
    for path in ("/hook/all", "/cap"):
        desk.set_mode(path, mode, count=2)
    fleet.report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001", level="red")

    def answered(path):
        """Everything that was tried on this path has been taken in a mode that answers."""
        records = [record for record in desk.records() if record["path"] == path]
        well = {record["id"] for record in records if record["mode"] in ("accept", "slow")}
        return records and {record["id"] for record in records} == well

    wait_until(lambda: answered("/hook/all") and answered("/cap"), 60, "all messages answered")
    acted = [record["id"] for record in desk.records() if record["acted"]]
    assert len(acted) == len(set(acted))
    assert set(acted) == {record["id"] for record in desk.records()}
    assert all(record["valid"] for record in desk.records())


def test_ten_police_messages_at_once_are_ten_messages_acted_on_once(world):
    broker, desk = world.broker(), world.desk()
    gateway = world.gateway(broker, world.county(homes=10), desk, settings={"relay": {"police": {"direct": ["sos"]}}})
    desk.set_mode("/cap", "slow", 10)  # the first ten answers come late: none may wait for another's
    fleet = world.fleet(broker, [f"wb-{number:04d}" for number in range(1, 11)])
    for number in range(1, 11):
        fleet.report(f"wb-{number:04d}", wire.sos())

    def accepted():
        jobs = [job for alert in gateway.alerts(family="emergency") for job in gateway.jobs(alert["id"], "police")]
        return len(jobs) == 10 and {job["state"] for job in jobs} == {"accepted"}
    wait_until(accepted, 40, "ten accepted police messages")
    records = [record for record in desk.records() if record["path"] == "/cap" and record["acted"]]
    assert len({record["id"] for record in records}) == len(records) == 10
