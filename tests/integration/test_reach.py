"""People are reached: SMS, calls and their keys, chat robots, mail, and the link in a message; the real gateway against an operator that misbehaves."""
import email
import email.policy
import json
import os
import re
import socket
import ssl
import subprocess
import threading

import urllib.error
import urllib.parse
import urllib.request

import pytest

from huyang_test import binary, wait_until, wire

FIRST, SECOND = "13800000001", "13800000002"


def people(world, channels="sms;voice", more=""):
    """The small county, where resident 1 has two contacts with these channels."""
    county = world.county()
    with open(os.path.join(county.folder, "contacts.csv"), "w", encoding="utf-8") as file:
        file.write("id,resident,name,relation,phone,channels,email,language\n"
                   f"c-0001,r-0001,家属甲,daughter,{FIRST},{channels},jia@example.com,\n"
                   f"c-0002,r-0001,家属乙,son,{SECOND},{channels},,en\n{more}")
    return county


class Stage:
    """Broker, desk with an operator for both ways, gateway, and the wristband of resident 1."""

    def __init__(self, world, channels="sms;voice", relay=None, link=False, smtp=False, voice=None, sms=None, reports=True):
        self.broker, self.county = world.broker(), people(world, channels)
        self.desk = world.desk(arguments=("--smtp", "0") if smtp else ())
        settings = {"operators": [self.desk.operator("sms", **(sms or {})), self.desk.operator("voice", **(voice or {}))]}
        settings.update(relay(self.desk) if relay else {})
        self.gateway = world.gateway(self.broker, self.county, self.desk, settings={"relay": settings}, start=False)
        if link:
            self.gateway.write_config({"relay": {"link": dict({"url": self.url()}, **(link if isinstance(link, dict) else {}))}})
        self.gateway.start()
        if reports:
            self.desk.control({"callback": self.url(), "token_file": self.desk.secret_file})
        self.fleet = world.fleet(self.broker, ["wb-0001"])

    def url(self):
        return f"http://127.0.0.1:{self.gateway.port}"

    def sos(self):
        self.fleet.report("wb-0001", wire.sos())
        return self.gateway.wait_alert("emergency", "r-0001", level="red")["id"]

    def of(self, path, phone=None):
        return [record for record in self.desk.records() if record["path"] == path and phone in (None, record.get("phone"))]

    def wait(self, path, phone=None, count=1):
        wait_until(lambda: len([r for r in self.of(path, phone) if r["acted"]]) >= count, 30, f"{path} to {phone}")
        return self.of(path, phone)

    def alert(self):
        return self.gateway.alert_of("emergency", "r-0001")

    def jobs(self, alert, channel):
        return [job for job in self.gateway.jobs(alert, "notify") if job["channel"] == channel]


def test_whoever_presses_1_has_the_alert_and_the_other_is_not_called(world):
    stage = Stage(world)
    stage.desk.press(FIRST, "1")
    alert = stage.sos()
    taken = wait_until(lambda: (stage.alert() or {}).get("acknowledged_by"), 30, "the alert is acknowledged")
    assert taken == "c-0001"
    assert [job["state"] for job in stage.jobs(alert, "voice")] == ["accepted"]
    assert stage.of("/voice", SECOND) == []
    for phone in (FIRST, SECOND):
        record, = stage.wait("/sms", phone)
        assert record["valid"] and record["signature"] == "valid"
    assert "老人1" in stage.of("/sms", FIRST)[0]["text"] and "待核实" in stage.of("/sms", FIRST)[0]["text"]
    assert "to be verified" in stage.of("/sms", SECOND)[0]["text"]
    assert "请按1" in stage.of("/voice", FIRST)[0]["text"]
    wait_until(lambda: [job["state"] for job in stage.jobs(alert, "sms")] == ["delivered", "delivered"], 30, "the receipts of both SMS")


@pytest.mark.parametrize("first", ["2", "nothing", "off"])
def test_key_2_and_no_answer_go_on_to_the_next_person(world, first):
    stage = Stage(world)
    stage.desk.press(FIRST, first)
    stage.desk.press(SECOND, "1")
    stage.sos()
    assert wait_until(lambda: (stage.alert() or {}).get("acknowledged_by"), 30, "the alert is acknowledged") == "c-0002"
    assert [record["acted"] for record in stage.of("/voice")] == [True, True]


def test_a_call_that_nobody_takes_becomes_a_task_and_the_alert_stays_open(world):
    stage = Stage(world)
    stage.desk.press("*", "nothing")
    alert = stage.sos()
    wait_until(lambda: [r for r in stage.of("/hook/all") if r.get("task") == "nobody-reached" and r["acted"]], 30, "the task at the desk")
    assert not stage.alert().get("acknowledged_by")
    assert {job["state"] for job in stage.jobs(alert, "voice")} == {"failed"}


def test_an_operator_that_took_a_message_has_reached_nobody(world):
    stage = Stage(world, voice={"answer_s": 2})
    stage.desk.press(FIRST, "lost")
    stage.desk.press(SECOND, "lost")
    alert = stage.sos()
    stage.wait("/voice", FIRST)
    assert not stage.alert().get("acknowledged_by")
    # The operator never says what became of the call: after answer_s the next one is called, then a person has to.
    stage.wait("/voice", SECOND)
    wait_until(lambda: [r for r in stage.of("/hook/all") if r.get("task") == "nobody-reached"], 30, "the task at the desk")
    wait_until(lambda: [job["state"] for job in stage.jobs(alert, "voice")] == ["failed", "failed"], 10, "both calls failed")


@pytest.mark.parametrize("mode", ["hang", "error", "redirect", "close", "slow", "silent", "reject"])
def test_an_operator_that_misbehaves_first_still_calls_once(world, mode):
    stage = Stage(world, relay=lambda desk: {"police": {"timeout_s": 1 if mode == "hang" else 5}})
    stage.desk.set_mode("/voice", mode, count=1)
    stage.desk.press("*", "1")
    stage.sos()
    taken = wait_until(lambda: (stage.alert() or {}).get("acknowledged_by"), 40, "the alert is acknowledged")
    acted = [record["id"] for record in stage.of("/voice") if record["acted"]]
    assert len(acted) == len(set(acted)) == 1
    # A refusal by the operator is not the person's: the next one was called.
    assert taken == ("c-0002" if mode == "reject" else "c-0001")


def test_status_is_asked_for_where_the_operator_does_not_report(world):
    def polled(desk):
        voice = desk.operator("voice", poll_url=desk.url + "/voice/status?ref={id}", poll_s=1, callback_file="")
        return {"operators": [voice]}
    stage = Stage(world, channels="voice", relay=polled, reports=False)
    stage.desk.press(FIRST, "1")
    stage.sos()
    assert wait_until(lambda: (stage.alert() or {}).get("acknowledged_by"), 30, "the alert is acknowledged") == "c-0001"


def sent_call(stage, alert):
    record, = stage.wait("/voice", FIRST)
    wait_until(lambda: [job["state"] for job in stage.jobs(alert, "voice")] == ["sent"], 20, "the call is told as sent")
    return record["id"]


@pytest.mark.parametrize("mode", ["accept", "hang", "error", "close", "silent"])
def test_a_telephone_that_rings_is_silent_when_somebody_else_has_the_alert(world, mode):
    stage = Stage(world, channels="voice", relay=lambda desk: {"police": {"timeout_s": 1 if mode == "hang" else 5}})
    stage.desk.press(FIRST, "lost")  # it rings and rings
    stage.desk.set_mode("/voice/cancel", mode, count=1)
    alert = stage.sos()
    call = sent_call(stage, alert)
    stage.gateway.acknowledge(alert)
    wait_until(lambda: [r["ref"] for r in stage.of("/voice/cancel") if r["acted"]] == [call], 30, "the operator hangs up")
    with urllib.request.urlopen(f"{stage.desk.url}/voice/status?ref={call}", timeout=10) as answer:
        assert json.load(answer)["status"] == "CANCELLED"
    job, = stage.jobs(alert, "voice")
    assert job["state"] == "cancelled"
    metric = "huyang_outbox_not_called_off_total" if mode == "silent" else "huyang_outbox_called_off_total"
    wait_until(lambda: stage.gateway.metrics()[metric] == 1, 20, "counted")
    # A key that was pressed all the same takes nothing from whoever has it.
    report(stage, {"ref": call, "status": "COMPLETED", "digits": "1"})
    assert stage.alert()["acknowledged_by"] == "g-0001"
    assert stage.of("/voice", SECOND) == []


def test_a_call_that_is_being_heard_is_heard_to_its_end(world):
    stage = Stage(world, channels="voice")
    stage.desk.press(FIRST, "lost")
    alert = stage.sos()
    call = sent_call(stage, alert)
    report(stage, {"ref": call, "status": "ANSWERED", "digits": ""})
    wait_until(lambda: [job["state"] for job in stage.jobs(alert, "voice")] == ["playing"], 20, "somebody listens")
    stage.gateway.acknowledge(alert)
    report(stage, {"ref": call, "status": "COMPLETED", "digits": ""})
    wait_until(lambda: [job["state"] for job in stage.jobs(alert, "voice")] == ["delivered"], 20, "heard to its end")
    assert stage.of("/voice/cancel") == []


def test_what_was_on_its_way_to_the_operator_is_called_off_when_it_has_arrived(world):
    stage = Stage(world, channels="voice")
    stage.desk.press(FIRST, "lost")
    stage.desk.set_mode("/voice", "slow", count=1)
    alert = stage.sos()
    call = stage.wait("/voice", FIRST)[0]["id"]
    stage.gateway.acknowledge(alert)  # before the operator's answer
    wait_until(lambda: [r["ref"] for r in stage.of("/voice/cancel") if r["acted"]] == [call], 30, "the operator hangs up")
    assert [job["state"] for job in stage.jobs(alert, "voice")] == ["cancelled"]


def test_an_sms_the_operator_still_holds_is_called_off_when_the_alert_has_ended(world):
    stage = Stage(world, channels="sms")
    stage.desk.press(FIRST, "lost")
    alert = stage.sos()
    sms = stage.wait("/sms", FIRST)[0]["id"]

    def states():
        return sorted(job["state"] for job in stage.jobs(alert, "sms"))
    wait_until(lambda: states() == ["delivered", "sent"], 20, "one has come, one is held")
    stage.gateway.acknowledge(alert)
    assert states() == ["delivered", "sent"]  # news for a person, whoever takes it
    stage.gateway.close(alert, "false")
    wait_until(lambda: [r["ref"] for r in stage.of("/sms/cancel") if r["acted"]] == [sms], 30, "the operator drops it")
    assert states() == ["cancelled", "delivered"]


def test_killed_between_submit_and_answer_nobody_is_called_twice_and_the_answer_counts(world):
    stage = Stage(world, channels="voice")
    stage.desk.press(FIRST, "lost")
    alert = stage.sos()
    record, = stage.wait("/voice", FIRST)
    wait_until(lambda: [job["state"] for job in stage.jobs(alert, "voice")] == ["sent"], 20, "the call is told as sent")
    stage.gateway.kill()
    stage.gateway.start()
    report(stage, {"ref": record["id"], "status": "COMPLETED", "digits": "1"})
    assert wait_until(lambda: (stage.alert() or {}).get("acknowledged_by"), 20, "the alert is acknowledged") == "c-0001"
    assert len(stage.of("/voice", FIRST)) == 1
    # The operator says it again: nothing more comes of it.
    report(stage, {"ref": record["id"], "status": "COMPLETED", "digits": "1"})
    transitions = stage.gateway.request("GET", f"/api/v1/alerts/{alert}")["transitions"]
    assert [t["kind"] for t in transitions].count("acknowledged") == 1


def test_killed_before_the_operator_s_answer_came_the_message_is_sent_again_with_the_same_id(world):
    stage = Stage(world, channels="voice")
    stage.desk.set_mode("/voice", "slow", count=1)
    stage.desk.press(FIRST, "1")
    stage.sos()
    wait_until(lambda: stage.of("/voice", FIRST), 20, "the call was submitted")
    stage.gateway.kill()
    stage.gateway.start()
    assert wait_until(lambda: (stage.alert() or {}).get("acknowledged_by"), 40, "the alert is acknowledged") == "c-0001"
    records = stage.of("/voice", FIRST)
    assert len({(record["id"], record["digest"]) for record in records}) == 1
    assert [record["acted"] for record in records].count(True) == 1


def report(stage, body, token=None, query="", form=False):
    data = urllib.parse.urlencode(body).encode() if form else json.dumps(body).encode()
    if token is None:
        with open(stage.desk.secret_file, encoding="ascii") as file:
            token = file.read().strip()
    headers = {"Content-Type": "application/x-www-form-urlencoded" if form else "application/json"}
    if token:
        headers["Authorization"] = "Bearer " + token
    request = urllib.request.Request(stage.url() + "/api/v1/operators/voice/status" + query, data=data, method="POST", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_only_the_operator_can_report_and_only_on_its_own_messages(world):
    stage = Stage(world, channels="sms;voice")
    stage.desk.press("*", "lost")
    alert = stage.sos()
    call, sms = stage.wait("/voice", FIRST)[0], stage.wait("/sms", FIRST)[0]
    well = {"ref": call["id"], "status": "COMPLETED", "digits": "1"}
    assert report(stage, well, token="") == 403
    assert report(stage, well, token="wrong") == 403
    assert report(stage, well, token="", query="?token=wrong") == 403
    assert report(stage, {"nothing": 1}) == 422
    assert report(stage, {"ref": sms["id"], "status": "COMPLETED", "digits": "1"}) == 200  # not a call: no key was pressed on it
    assert report(stage, {"ref": "0" * 32, "status": "COMPLETED", "digits": "1"}) == 200
    police = [job for job in stage.gateway.request("GET", f"/api/v1/alerts/{alert}")["jobs"] if job["kind"] != "notify"]
    for job in police:
        assert report(stage, {"ref": job["id"], "status": "COMPLETED", "digits": "1"}) == 200
    assert not stage.alert().get("acknowledged_by")
    assert report(stage, well, form=True) == 200
    assert stage.alert()["acknowledged_by"] == "c-0001"


# ---- the link ----

class Page:
    def __init__(self, status, text, headers):
        self.status, self.text, self.headers = status, text, headers
        self.form = "<form" in text


def fetch(url, method="GET", language="zh-CN"):
    request = urllib.request.Request(url, data=b"" if method == "POST" else None, method=method,
                                     headers={"Accept-Language": language, "Content-Type": "application/x-www-form-urlencoded"})
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return Page(answer.status, answer.read().decode(), answer.headers)
    except urllib.error.HTTPError as error:
        return Page(error.code, error.read().decode(), error.headers)


def link_of(record):
    return re.search(r"http://\S+/a/[A-Za-z0-9_-]{28}", record["text"]).group(0)


def test_a_link_shows_on_get_and_acts_once_on_post(world):
    stage = Stage(world, channels="sms", link=True)
    alert = stage.sos()
    url = link_of(stage.wait("/sms", FIRST)[0])
    other = link_of(stage.wait("/sms", SECOND)[0])
    assert url != other
    before = stage.gateway.request("GET", f"/api/v1/alerts/{alert}")["transitions"]
    for method in ("GET", "HEAD", "GET"):
        page = fetch(url, method)
        assert page.status == 200
    assert page.form and "老人1" in page.text and "待核实" in page.text and "测试一组1号" in page.text
    assert page.headers["Cache-Control"] == "no-store" and "script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"] and "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert "I take it" in fetch(url, language="en").text
    assert stage.gateway.request("GET", f"/api/v1/alerts/{alert}")["transitions"] == before
    page = fetch(url, "POST")
    assert page.status == 200 and not page.form and "已登记由您接手" in page.text
    assert stage.alert()["acknowledged_by"] == "c-0001"
    transitions = stage.gateway.request("GET", f"/api/v1/alerts/{alert}")["transitions"]
    assert transitions[-1]["kind"] == "acknowledged" and transitions[-1]["by"] == "c-0001" and "link" in transitions[-1]["why"]
    fetch(url, "POST")
    assert stage.gateway.request("GET", f"/api/v1/alerts/{alert}")["transitions"] == transitions
    assert not fetch(url).form
    assert "已有人接手" in fetch(other).text
    # Another job's token, a changed one, none at all.
    for wrong in (url[:-1] + ("A" if url[-1] != "A" else "B"), url[:-28] + "A" * 28, url[:-5]):
        assert fetch(wrong).status == 404 and fetch(wrong, "POST").status == 404
    # The database knows no token that could be used.
    with open(os.path.join(stage.gateway.state_dir, "huyang.db"), "rb") as file:
        assert url[-28:].encode() not in file.read()


def test_an_expired_link_says_so_and_acts_no_more(world):
    stage = Stage(world, channels="sms", link={"expires_s": 1})
    stage.sos()
    url = link_of(stage.wait("/sms", FIRST)[0])
    wait_until(lambda: fetch(url).status == 410, 20, "the link has expired")
    assert "已过期" in fetch(url).text
    assert fetch(url, "POST").status == 410
    assert not stage.alert().get("acknowledged_by")


def test_guessing_links_is_slowed_down(world):
    stage = Stage(world, link=True)
    statuses = [fetch(stage.url() + "/a/" + "A" * 28).status for _ in range(80)]
    assert statuses[0] == 404 and statuses[-1] == 429


def test_the_handbook_s_examples_are_configurations(tmp_path):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(os.path.join(root, "docs", "handbook.md"), encoding="utf-8") as file:
        section = file.read().split("## 5b.")[1].split("## 6.")[0]
    examples = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert len(examples) == 3
    for example in examples:
        path = tmp_path / "config.yaml"
        path.write_text(example, encoding="utf-8")
        done = subprocess.run([binary("huyang"), "config", "check", str(path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("change, why", [
    ({"way": "app"}, "sms or voice"), ({"callback_file": ""}, "callback_file or poll_url"), ({"fields": []}, "fields"), ({"status_id": ""}, "status_id"),
    ({"url": "http://operator.example/"}, "allow_private"), ({"success": "code"}, "member=value")])
def test_an_operator_that_could_not_work_is_refused_with_the_reason(tmp_path, change, why):
    operator = {"way": "sms", "url": "https://operator.example/", "callback_file": "/x", "status_id": "ref", "status_code": "s",
                "fields": [{"name": "to", "value": "{phone}"}]}
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"relay": {"operators": [dict(operator, **change)]}}))
    done = subprocess.run([binary("huyang"), "config", "check", str(path)], capture_output=True, text=True)
    assert done.returncode != 0 and why in done.stderr + done.stdout


# ---- robots and mail ----

def secret_of(desk):
    with open(desk.secret_file, encoding="ascii") as file:
        return file.read().strip()


def robots(desk):
    return {"operators": [], "webhook": [
        {"name": "family-group", "role": "family", "preset": "wecom", "url": f"{desk.url}/wecom?key={secret_of(desk)}"},
        {"name": "grid-group", "role": "grid_worker", "preset": "dingtalk", "url": f"{desk.url}/dingtalk?access_token=t", "secret_file": desk.secret_file},
        {"name": "desk-topic", "role": "county_desk", "preset": "ntfy", "url": f"{desk.url}/county-desk", "secret_file": desk.secret_file}]}


def test_robots_take_what_is_signed_as_their_makers_ask(world):
    stage = Stage(world, channels="app", relay=robots)
    alert = stage.sos()
    for path, phone in (("/wecom", FIRST), ("/dingtalk", "13900000001"), ("/", None)):
        record = stage.wait(path, phone)[0]
        assert record["valid"] and record["signature"] == "valid", record
        assert "老人1" in record["text"]
    assert stage.of("/")[0]["priority"] == 5 and stage.of("/")[0]["topic"] == "county-desk"
    wait_until(lambda: {job["state"] for job in stage.gateway.jobs(alert, "notify") if job["channel"] in ("wecom", "dingtalk", "ntfy")} == {"delivered"}, 20,
               "all robots took it")


def test_a_robot_that_says_no_with_a_200_is_not_a_delivery(world):
    stage = Stage(world, channels="app", relay=robots)
    stage.desk.set_mode("/wecom", "reject")
    alert = stage.sos()
    wait_until(lambda: [job["state"] for job in stage.jobs(alert, "wecom")] == ["rejected"] * 2, 20, "the robot's refusal is known")


def mail_settings(port, **more):
    return dict({"url": f"smtp://127.0.0.1:{port}", "from": "huyang@example.cn"}, **more)


def test_a_mail_is_taken_and_reads_as_it_was_meant(world):
    stage = Stage(world, channels="email", smtp=True, link=True, relay=lambda desk: {"mail": mail_settings(desk.smtp.split(":")[1], clear=True)})
    alert = stage.sos()
    record = stage.wait("/smtp")[0]
    assert record["valid"] and record["to"] == "jia@example.com" and record["from"] == "huyang@example.cn"
    message = email.message_from_string(record["mail"], policy=email.policy.SMTP)
    assert message["subject"] == "红色：一键求助（待核实）：老人1（81岁）" or "老人1" in message["subject"]
    text = message.get_content()
    assert "测试一组1号" in text and re.search(r"http://127\.0\.0\.1:\d+/a/[A-Za-z0-9_-]{28}", text)
    assert max(len(line) for line in record["mail"].splitlines()) <= 78
    wait_until(lambda: "delivered" in {job["state"] for job in stage.jobs(alert, "email")}, 20, "the mail is delivered")


class MailServer(threading.Thread):
    """STARTTLS and nothing else: an independent server, to see what the gateway says to whom."""

    def __init__(self, cert, key, tls=True):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.tls, self.lines, self.mails = tls, [], []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            peer, _ = self.socket.accept()
            try:
                self.serve(peer)
            except OSError:
                pass

    def serve(self, peer):
        secure = False
        file = peer.makefile("rwb")

        def say(text):
            file.write(text + b"\r\n")
            file.flush()
        say(b"220 mail")
        while True:
            line = file.readline().strip()
            if not line:
                return
            self.lines.append((secure, line))
            verb = line.split()[0].upper()
            if verb == b"EHLO":
                say(b"250-mail\r\n250 STARTTLS" if self.tls and not secure else b"250-mail\r\n250 AUTH PLAIN" if secure else b"250 mail")
            elif verb == b"STARTTLS":
                say(b"220 go")
                peer = self.context.wrap_socket(peer, server_side=True)
                file, secure = peer.makefile("rwb"), True
            elif verb == b"AUTH":
                say(b"334 ")
                self.login = file.readline().strip()
                say(b"235 ok")
            elif verb == b"DATA":
                say(b"354 go")
                mail = b""
                while not mail.endswith(b"\r\n.\r\n"):
                    mail += file.readline()
                self.mails.append(mail)
                say(b"250 ok")
            elif verb == b"QUIT":
                say(b"221 bye")
                return
            else:
                say(b"250 ok")


@pytest.mark.parametrize("case", ["trusted", "untrusted", "no-tls"])
def test_a_mail_goes_over_verified_tls_or_not_at_all(world, tmp_path, case):
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=mail",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True)
    server = MailServer(cert, key, tls=case != "no-tls")
    password = tmp_path / "password"
    password.write_text("s3cret-of-mail\n")
    password.chmod(0o600)
    more = {"username": "huyang", "password_file": str(password)}
    if case == "trusted":
        more["ca_file"] = cert
    stage = Stage(world, channels="email", relay=lambda desk: {"mail": mail_settings(server.port, **more)})
    stage.sos()
    if case == "trusted":
        wait_until(lambda: server.mails, 30, "the mail")
        verbs = [(secure, line.split()[0].upper()) for secure, line in server.lines]
        assert (True, b"AUTH") in verbs and (True, b"MAIL") in verbs
        assert not any(verb in (b"AUTH", b"MAIL") and not secure for secure, verb in verbs)
    else:
        wait_until(lambda: sum(1 for _, line in server.lines if line.startswith(b"EHLO")) >= 2, 30, "it was tried more than once")
        assert not server.mails and not any(line.split()[0].upper() in (b"AUTH", b"MAIL") for _, line in server.lines)
    with open(os.path.join(stage.gateway.folder, "gateway.log"), encoding="utf-8", errors="replace") as file:
        log = file.read()
    assert "s3cret-of-mail" not in log and secret_of(stage.desk) not in log


def test_secrets_and_personal_data_stay_out_of_the_log(world):
    stage = Stage(world, link=True)
    stage.desk.press("*", "nothing")
    stage.desk.set_mode("/sms", "error", count=3)
    stage.sos()
    wait_until(lambda: [r for r in stage.of("/hook/all") if r.get("task") == "nobody-reached"], 40, "the task at the desk")
    with open(os.path.join(stage.gateway.folder, "gateway.log"), encoding="utf-8", errors="replace") as file:
        log = file.read()
    for secret in (secret_of(stage.desk), FIRST, SECOND, "家属甲", "老人1", "/a/"):
        assert secret not in log
