"""People at the desk over the real HTTP interface: accounts, sessions, roles, the live stream, and what must not work."""
import concurrent.futures
import http.client
import json
import re
import socket
import threading

import pytest

from huyang_test import wait_until
from huyang_test.county import CODE
from huyang_test.database import database
from huyang_test.person import PASSWORD, Person, add_account, first_administrator, setup_code

GRID = CODE + "001001001"


@pytest.fixture
def desk_world(world):
    broker, _, gateway = world.standard(homes=4)
    return world, broker, gateway


def press_sos(world, broker, gateway, home):
    world.device(broker, f"wb-{home:04d}").do("sos")
    return gateway.wait_alert("emergency", f"r-{home:04d}")


class Listener:
    """The stream as a page reads it: events as (name, id, data), collected by a thread."""

    def __init__(self, person, last_event=None):
        self.events, self.closed = [], threading.Event()
        self.connection = person.gateway.connection(30)
        headers = {"Cookie": person.cookie_header()}
        if last_event:
            headers["Last-Event-ID"] = last_event
        self.connection.request("GET", "/api/v1/stream", headers=headers)
        self.reply = self.connection.getresponse()
        assert self.reply.status == 200, self.reply.read()
        assert self.reply.headers["Content-Type"].startswith("text/event-stream")
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(lambda: self.events, 10, "the stream says hello")

    def _read(self):
        event = {}
        try:
            for line in self.reply:
                line = line.decode().rstrip("\n")
                if line:
                    key, _, value = line.partition(": ")
                    event[key] = value
                elif "event" in event:
                    self.events.append((event["event"], event.get("id"), json.loads(event["data"])))
                    event = {}
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass
        self.closed.set()

    def alerts(self):
        return [data for name, _, data in list(self.events) if name == "alert"]

    def wait_alert(self, what, **wanted):
        return wait_until(lambda: next((a for a in self.alerts() if all(a.get(k) == v for k, v in wanted.items())), None), 15, what)

    def last_id(self):
        return [identity for _, identity, _ in list(self.events) if identity][-1]

    def close(self):
        try:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.connection.close()


# ---- the first account, sessions ----

def test_the_setup_code_makes_one_administrator_and_then_is_worth_nothing(desk_world):
    _, _, gateway = desk_world
    stranger = Person(gateway)
    assert stranger.send("GET", "/api/v1/session").json == {"account": None, "setup": True}
    wrong = stranger.send("POST", "/api/v1/setup", {"code": "AAAA-AAAA-AAAA", "account": "eve", "name": "Eve", "password": PASSWORD})
    assert wrong.status == 403
    code = setup_code(gateway)
    short = stranger.send("POST", "/api/v1/setup", {"code": code, "account": "root", "name": "R", "password": "short"})
    assert (short.status, short.json["place"]) == (400, "password")
    administrator = first_administrator(gateway)
    assert administrator.send("GET", "/api/v1/session").json["account"]["role"] == "administrator"
    again = Person(gateway).send("POST", "/api/v1/setup", {"code": code, "account": "eve", "name": "Eve", "password": PASSWORD})
    assert again.status == 409
    assert Person(gateway).send("GET", "/api/v1/session").json == {"account": None, "setup": False}
    gateway.stop()
    gateway.start()
    assert Person(gateway).send("GET", "/api/v1/session").json == {"account": None, "setup": False}, "an account stays over a restart"
    assert administrator.send("GET", "/api/v1/session").json["account"]["account"] == "root", "and so does a session"


def test_the_cookie_is_guarded_and_nothing_secret_is_on_disk(desk_world):
    _, _, gateway = desk_world
    first_administrator(gateway)
    person = Person(gateway)
    answer = person.send("POST", "/api/v1/session", {"account": "root", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie and "Secure" not in cookie
    behind_tls = Person(gateway).send("POST", "/api/v1/session", {"account": "root", "password": PASSWORD}, {"X-Forwarded-Proto": "https"})
    assert "; Secure" in behind_tls.headers["Set-Cookie"] and behind_tls.headers["Set-Cookie"].startswith("__Host-huyang_session=")
    for name in ("accounts.db", "accounts.db-wal"):
        with open(f"{gateway.state_dir}/{name}", "rb") as file:
            data = file.read()
        assert PASSWORD.encode() not in data and person.cookie.encode() not in data and bytes.fromhex(person.cookie) not in data
    with database(f"{gateway.state_dir}/accounts.db") as accounts:
        assert accounts.execute("SELECT secret FROM account").fetchone()[0].startswith("$argon2id$")


def test_signing_out_ends_the_session_for_whoever_kept_the_cookie(desk_world):
    _, _, gateway = desk_world
    person = first_administrator(gateway)
    thief = Person(gateway)
    thief.cookie, thief.csrf = person.cookie, person.csrf
    assert thief.send("GET", "/api/v1/alerts").status == 200
    assert person.send("DELETE", "/api/v1/session").status == 200
    assert person.cookie is None
    assert thief.send("GET", "/api/v1/alerts").status == 401


def test_a_forged_cookie_opens_nothing(desk_world):
    _, _, gateway = desk_world
    first_administrator(gateway)
    for cookie in ("0" * 64, "f" * 63, "f" * 65, "", "../../etc/passwd", "' OR 1=1 --", "%00", "Z" * 64, "a" * 5000):
        answer = Person(gateway).send("GET", "/api/v1/alerts", headers={"Cookie": "huyang_session=" + cookie})
        assert answer.status == 401 and answer.json["status"] == 401, cookie


def test_sessions_that_are_idle_or_old_end(desk_world):
    _, _, gateway = desk_world
    administrator = first_administrator(gateway)
    hour = 3600 * 1000
    for column, hours in (("used", 12), ("made", 7 * 24)):
        person = Person(gateway).sign_in("root")
        gateway.stop()
        with database(f"{gateway.state_dir}/accounts.db", write=True) as accounts:
            accounts.execute(f"UPDATE session SET {column} = {column} - ? WHERE token = (SELECT token FROM session ORDER BY made DESC LIMIT 1)",
                             (hours * hour + 1000,))
        gateway.start()
        assert person.send("GET", "/api/v1/alerts").status == 401
    assert administrator.send("GET", "/api/v1/alerts").status == 200


def test_a_change_must_come_from_our_own_page(desk_world):
    world, broker, gateway = desk_world
    desk = add_account(first_administrator(gateway), "desk", "county_desk")
    alert = press_sos(world, broker, gateway, 1)
    path = f"/api/v1/alerts/{alert['id']}/acknowledge"
    for headers in ({"X-CSRF-Token": None}, {"X-CSRF-Token": "0" * 64}, {"Content-Type": "text/plain"}, {"Content-Type": None},
                    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        assert desk.send("POST", path, {}, headers).status == 403, headers
    assert "acknowledged" not in gateway.alert_of("emergency", "r-0001")
    assert desk.send("POST", path, {}, {"Sec-Fetch-Site": "same-origin"}).status == 200
    other = Person(gateway).sign_in("desk")
    desk.csrf = other.csrf
    assert desk.send("POST", path, {}).status == 403, "a token of another session"


def test_wrong_passwords_are_slowed_down_and_right_ones_let_in_again(desk_world):
    _, _, gateway = desk_world
    administrator = first_administrator(gateway)
    add_account(administrator, "li", "county_desk")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: Person(gateway).send("POST", "/api/v1/session", {"account": "li", "password": f"guess {i}"}), range(16)))
    statuses = [answer.status for answer in answers]
    assert statuses.count(401) == 8 and statuses.count(429) == 8, statuses
    limited = next(answer for answer in answers if answer.status == 429)
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    assert Person(gateway).send("POST", "/api/v1/session", {"account": "li", "password": PASSWORD}).status == 429, "not even the right one now"
    assert Person(gateway).sign_in("root").cookie, "another account is not held up"
    assert administrator.send("GET", "/api/v1/alerts").status == 200


def test_one_address_cannot_try_many_accounts(desk_world):
    _, _, gateway = desk_world
    first_administrator(gateway)
    # Side by side: one after the other on a busy machine they come no faster than they are allowed again.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda i: Person(gateway).send("POST", "/api/v1/session", {"account": f"nobody-{i}", "password": PASSWORD}), range(60))
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {401, 429} and statuses.count(401) >= 20, statuses


def test_a_password_is_changed_by_its_owner_and_other_sessions_end(desk_world):
    _, _, gateway = desk_world
    administrator = first_administrator(gateway)
    li, elsewhere = add_account(administrator, "li", "county_desk"), Person(gateway).sign_in("li")
    assert li.send("POST", "/api/v1/session/password", {"password": "wrong", "replacement": "a new one, longer"}).status == 403
    assert li.send("POST", "/api/v1/session/password", {"password": PASSWORD, "replacement": "short"}).status == 400
    assert li.send("POST", "/api/v1/session/password", {"password": PASSWORD, "replacement": "a new one, longer"}).status == 200
    assert li.send("GET", "/api/v1/alerts").status == 200
    assert elsewhere.send("GET", "/api/v1/alerts").status == 401
    assert Person(gateway).sign_in("li", "a new one, longer").cookie


# ---- accounts ----

def test_an_administrator_keeps_accounts_and_nobody_else(desk_world):
    _, _, gateway = desk_world
    administrator = first_administrator(gateway)
    worker = add_account(administrator, "li", "grid_worker", GRID)
    assert worker.send("GET", "/api/v1/accounts").status == 403
    assert worker.send("POST", "/api/v1/accounts", {"account": "x", "name": "x", "role": "administrator", "password": PASSWORD}).status == 403
    again = administrator.send("POST", "/api/v1/accounts", {"account": "li", "name": "x", "role": "county_desk", "password": PASSWORD})
    assert again.status == 409
    for role, scope in (("grid_worker", "999"), ("grid_worker", ""), ("family", "r-9999"), ("county_desk", GRID)):
        answer = administrator.send("POST", "/api/v1/accounts", {"account": "y", "name": "y", "role": role, "scope": scope, "password": PASSWORD})
        assert (answer.status, answer.json["place"]) == (422, "scope"), (role, scope)
    shown = administrator.send("GET", "/api/v1/accounts/li")
    etag, change = shown.headers["ETag"], {"name": "李", "role": "town_desk", "scope": CODE + "001", "disabled": False}
    assert administrator.send("PUT", "/api/v1/accounts/li", change).status == 428
    assert administrator.send("PUT", "/api/v1/accounts/li", change, {"If-Match": '"7"'}).status == 412
    assert administrator.send("PUT", "/api/v1/accounts/li", change, {"If-Match": etag}).status == 200
    assert administrator.send("PUT", "/api/v1/accounts/li", change, {"If-Match": etag}).status == 412
    assert worker.send("GET", "/api/v1/alerts").status == 401, "sessions end with a change"
    disabled = dict(change, disabled=True)
    assert administrator.send("PUT", "/api/v1/accounts/li", disabled, {"If-Match": '"2"'}).status == 200
    assert Person(gateway).send("POST", "/api/v1/session", {"account": "li", "password": PASSWORD}).status == 401
    me = {"name": "R", "role": "county_desk", "scope": "", "disabled": False}
    assert administrator.send("PUT", "/api/v1/accounts/root", me, {"If-Match": '"1"'}).status == 409, "the last administrator"
    listed = administrator.send("GET", "/api/v1/accounts").json["accounts"]
    assert [(a["account"], a["role"], a["disabled"]) for a in listed] == [("li", "town_desk", True), ("root", "administrator", False)]
    assert "secret" not in json.dumps(listed) and "argon2" not in json.dumps(listed)


def test_problems_speak_the_callers_language(desk_world):
    _, _, gateway = desk_world
    for language, title in (("zh-CN,zh;q=0.9,en;q=0.5", "未登录"), ("en", "Unauthorized"), ("de", "Unauthorized")):
        answer = Person(gateway).send("GET", "/api/v1/alerts", headers={"Accept-Language": language})
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json["title"] == title and answer.json["type"] == "about:blank"


# ---- who sees what ----

def test_each_role_sees_does_and_is_shown_its_own(desk_world):
    world, broker, gateway = desk_world
    administrator = first_administrator(gateway)
    people = {
        "county": add_account(administrator, "county", "county_desk"),
        "town": add_account(administrator, "town", "town_desk", CODE + "001"),
        "grid": add_account(administrator, "grid", "grid_worker", GRID),
        "elsewhere": add_account(administrator, "elsewhere", "grid_worker", CODE),
        "daughter": add_account(administrator, "daughter", "family", "r-0001"),
        "son": add_account(administrator, "son", "family", "r-0002"),
        "police": add_account(administrator, "police", "police_desk"),
        "root": administrator,
    }
    alert = press_sos(world, broker, gateway, 1)
    sees = {name for name, person in people.items() if person.alerts()}
    assert sees == {"county", "town", "grid", "elsewhere", "daughter", "root"}
    path = f"/api/v1/alerts/{alert['id']}"
    for name in ("son", "police"):
        for method, what in (("GET", ""), ("POST", "/acknowledge"), ("POST", "/comment")):
            answer = people[name].send(method, path + what, {"note": "x"} if method == "POST" else None)
            assert answer.status == 404, (name, method, what)
    assert people["root"].send("POST", path + "/acknowledge", {}).status == 403
    assert people["daughter"].send("POST", path + "/close", {"disposition": "false"}).status == 403
    shown = {name: people[name].send("GET", path).json for name in ("grid", "daughter", "root")}
    assert shown["grid"]["place"]["address"] == "测试一组1号" and shown["grid"]["people"][0]["contacts"][0]["phone"] == "13800000001"
    assert shown["daughter"]["place"]["name"] == "老人1" and "people" not in shown["daughter"]
    assert "address" not in shown["root"]["place"] and "name" not in shown["root"]["place"]
    assert shown["root"]["place"]["territories"][0]["name"] == "测试一组"
    assert "老人" not in json.dumps(people["root"].alerts(), ensure_ascii=False)
    assert people["grid"].send("GET", "/api/v1/names").json["names"]["root"] == "管理员"
    for name in ("daughter", "police", "root"):
        assert people[name].send("GET", "/api/v1/names").json == {"names": {}}, name


def test_an_action_names_the_signed_in_person_whatever_the_body_says(desk_world):
    world, broker, gateway = desk_world
    desk = add_account(first_administrator(gateway), "wang", "county_desk")
    alert = press_sos(world, broker, gateway, 1)
    path = f"/api/v1/alerts/{alert['id']}"
    assert desk.send("POST", path + "/acknowledge", {"by": "somebody-else"}).status == 400
    assert desk.send("POST", path + "/acknowledge", {}).status == 200
    assert desk.send("POST", path + "/comment", {"note": "ambulance called"}).status == 200
    assert desk.send("POST", path + "/close", {"disposition": "true"}).status == 200
    done = [(t["kind"], t["by"]) for t in desk.send("GET", path).json["transitions"]]
    assert ("acknowledged", "wang") in done and ("closed", "wang") in done
    assert "somebody-else" not in json.dumps(done)


def test_an_action_under_a_key_is_done_once(desk_world):
    world, broker, gateway = desk_world
    desk = add_account(first_administrator(gateway), "wang", "county_desk")
    alert = press_sos(world, broker, gateway, 1)
    path = f"/api/v1/alerts/{alert['id']}/comment"

    def comments():
        return [t for t in desk.send("GET", path.rsplit("/", 1)[0]).json["transitions"] if "only once" in t["why"]]

    first = desk.send("POST", path, {"note": "only once"}, {"Idempotency-Key": "k-1"})
    again = desk.send("POST", path, {"note": "only once"}, {"Idempotency-Key": "k-1"})
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert desk.send("POST", path, {"note": "another"}, {"Idempotency-Key": "k-1"}).status == 422
    assert len(comments()) == 1
    gateway.stop()
    gateway.start()
    assert desk.send("POST", path, {"note": "only once"}, {"Idempotency-Key": "k-1"}).body == first.body
    assert len(comments()) == 1, "over a restart too"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: desk.send("POST", path, {"note": "only once more"}, {"Idempotency-Key": "k-2"}).status, range(8)))
    assert set(statuses) <= {200, 409} and 200 in statuses
    assert len(comments()) == 2


# ---- the stream ----

def test_the_stream_tells_what_changed_after_its_commit_to_those_who_may_see_it(desk_world):
    world, broker, gateway = desk_world
    administrator = first_administrator(gateway)
    desk, son = add_account(administrator, "wang", "county_desk"), add_account(administrator, "son", "family", "r-0002")
    listener, deaf = Listener(desk), Listener(son)
    assert listener.events[0][2] == {"resumed": False}
    press_sos(world, broker, gateway, 1)
    alert = listener.wait_alert("the SOS on the stream", family="emergency", level="red")
    assert alert["place"]["address"] == "测试一组1号"
    assert alert["id"] in [a["id"] for a in desk.alerts()]
    desk.send("POST", f"/api/v1/alerts/{alert['id']}/acknowledge", {})
    listener.wait_alert("the acknowledgement on the stream", acknowledged_by="wang")
    press_sos(world, broker, gateway, 2)
    deaf.wait_alert("the son's own alert")
    assert [a["subject"] for a in deaf.alerts() if a["subject"] != {"resident": "r-0002"}] == []


def test_a_stream_goes_on_where_it_was_after_a_restart(desk_world):
    world, broker, gateway = desk_world
    desk = add_account(first_administrator(gateway), "wang", "county_desk")
    listener = Listener(desk)
    press_sos(world, broker, gateway, 1)
    listener.wait_alert("the first SOS")
    last = listener.last_id()
    gateway.stop()
    assert listener.closed.wait(10), "the stream ends with the gateway"
    gateway.start()
    press_sos(world, broker, gateway, 2)
    resumed = Listener(desk, last)
    assert resumed.events[0][2] == {"resumed": True}
    resumed.wait_alert("what happened meanwhile", subject={"resident": "r-0002"})
    for broken in ("999999999-0", "x", "1", "-1-0", "1-2-3", "9" * 60):
        anew = Listener(desk, broken)
        assert anew.events[0][2] == {"resumed": False}, broken
        anew.close()


def test_a_session_that_ends_takes_its_stream_along(desk_world):
    _, _, gateway = desk_world
    desk = add_account(first_administrator(gateway), "wang", "county_desk")
    listener = Listener(desk)
    desk.send("DELETE", "/api/v1/session")
    assert listener.closed.wait(20)


def test_pages_that_never_read_are_bounded_dropped_and_hold_nobody_up(desk_world):
    world, broker, gateway = desk_world
    desk = add_account(first_administrator(gateway), "wang", "county_desk")
    silent = []
    for _ in range(64):
        peer = socket.create_connection(("127.0.0.1", gateway.port))
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        peer.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nCookie: huyang_session={desk.cookie}\r\n\r\n".encode())
        silent.append(peer)
    refused = wait_until(lambda: desk.send("GET", "/api/v1/stream") if not room(desk) else None, 10, "no room for one more")
    assert refused.status == 503
    press_sos(world, broker, gateway, 1)
    assert desk.alerts(), "lists and the pipeline go on"
    for peer in silent:
        peer.close()
    wait_until(lambda: room(desk), 30, "room again")


def room(person):
    """Would the stream take one more?"""
    connection = http.client.HTTPConnection("127.0.0.1", person.gateway.port, timeout=10)
    try:
        connection.request("GET", "/api/v1/stream", headers={"Cookie": "huyang_session=" + person.cookie})
        return connection.getresponse().status == 200
    finally:
        connection.close()


# ---- bad peers ----

TRICKS = ["/../etc/passwd", "/assets/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/%00", "/index.html%00.js", "//", "/.",
          "/api/v1/accounts/../alerts", "/api/v1/accounts/" + "a" * 65, "/api/v1/accounts/a%2Fb"]


def test_paths_that_play_tricks_lead_nowhere(desk_world):
    _, _, gateway = desk_world
    administrator = first_administrator(gateway)
    for path in TRICKS:
        answer = administrator.send("GET", path)
        assert answer.status == 404 and "root:" not in answer.body, path


BAD_SIGN_INS = [
    (b"", None), (b"[]", None), (b"{}", "account"), (b'{"account":"a b","password":"x"}', "account"), (b'{"account":1,"password":"x"}', "account"),
    (b'{"account":"a","password":"x","extra":1}', "extra"), (b'{"account":"a","password":"' + b"x" * 200 + b'"}', "password"),
    (b'{"account":"a","account":"b","password":"x"}', None), (b'{"account":"\\u0000","password":"x"}', None), (b"\xff\xfe", None)]


def test_a_bad_sign_in_is_told_what_is_wrong(desk_world):
    _, _, gateway = desk_world
    for raw, place in BAD_SIGN_INS:
        answer = Person(gateway).send("POST", "/api/v1/session", raw=raw)
        assert answer.status == 400 and answer.json.get("place") == place, raw


def test_an_oversized_body_is_refused(desk_world):
    _, _, gateway = desk_world
    assert Person(gateway).send("POST", "/api/v1/session", raw=b'{"account":"' + b"a" * 70000 + b'"}').status == 413
    assert gateway.ready()


def test_no_secret_of_a_person_is_in_the_log(desk_world):
    _, _, gateway = desk_world
    person = first_administrator(gateway)
    Person(gateway).send("POST", "/api/v1/session", {"account": "root", "password": "my secret guess"})
    with open(gateway.process.log_path, encoding="utf-8") as log:
        text = log.read()
    assert PASSWORD not in text and "my secret guess" not in text and person.cookie not in text
    assert len(re.findall(r"id=api\.setup", text)) == 1
