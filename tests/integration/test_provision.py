"""Mutual TLS on a real mosquitto, set up by `huyang provision broker`: who gets in and what they may say and hear; a lost device; lists that end."""
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time

import paho.mqtt.client as mqtt
import pytest

from huyang_test import Authority, wait_until, wire
from huyang_test.county import CODE
from huyang_test.process import Process, binary

CHECKS = 20


class Client:
    """A device as an attacker has it: its certificate, and a mind of its own. It comes back whatever it is told."""

    def __init__(self, broker, device, client_id=None):
        self.messages, self.ends, self.refusals = [], [], []
        self.connected, self.stopping = threading.Event(), threading.Event()
        self.turn = threading.Lock()  # the client itself does not keep two threads from writing to one TLS connection
        self.port = broker.port
        self.client = mqtt.Client(client_id=client_id or device, clean_session=True)
        ca, cert, key = broker.own_identity(device)
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(cert, key)
        self.client.tls_set_context(context)
        self.client.on_connect = lambda client, userdata, flags, status: self.connected.set()
        self.client.on_message = lambda client, userdata, message: self.messages.append((message.topic, message.payload))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.stopping.is_set():
            try:
                self.client.connect("127.0.0.1", self.port, keepalive=30)
                while not self.stopping.is_set() and self._turn() == mqtt.MQTT_ERR_SUCCESS:
                    pass
            except OSError as error:  # TLS errors are some
                self.refusals.append(str(error))
            if self.connected.is_set() and not self.stopping.is_set():
                self.ends.append(time.monotonic())
            self.connected.clear()
            self.stopping.wait(0.2)

    def _turn(self):
        with self.turn:
            return self.client.loop(0.02)

    def wait(self):
        wait_until(self.connected.is_set, 10, f"the client is connected; {self.refusals}")
        return self

    def subscribe(self, topics):
        with self.turn:
            self.client.subscribe(topics)

    def say(self, topic, payload=b""):
        """Published and answered by the broker."""
        with self.turn:
            info = self.client.publish(topic, payload, qos=1)
        wait_until(info.is_published, 10, "the broker answers")

    def wait_refused(self):
        told = len(self.refusals)
        wait_until(lambda: len(self.refusals) > told, 10, "the broker refuses it")
        return self.refusals[-1]

    def stop(self):
        self.stopping.set()
        self.thread.join(timeout=10)
        try:
            self.client.disconnect()
        except OSError:
            pass  # it was cut off


@pytest.fixture
def clients():
    made = []

    def make(*arguments, **options):
        made.append(Client(*arguments, **options))
        return made[-1]
    yield make
    for client in made:
        client.stop()


def verify(broker, *more, status=0):
    """Rows of the table by what was tried: (must be, is)."""
    out = broker.authority.run("verify", "--county", CODE, *broker.contact, *more, status=status).stdout
    rows = [re.match(r"(.+?)  +(accepted|refused) +(accepted|refused|no answer)", line) for line in out.splitlines()]
    rows = {row.group(1): (row.group(2), row.group(3)) for row in rows if row}
    assert len(rows) == CHECKS, out
    return rows


def wrong(rows):
    return sorted(what for what, (must, found) in rows.items() if must != found)


# ---- verify ----

def test_the_broker_as_we_write_it_refuses_what_it_must(world):
    broker = world.secure_broker()
    assert wrong(verify(broker)) == []
    broker.authority.device("wb-0001")
    assert wrong(verify(broker, "--device", "wb-0001")) == []


@pytest.mark.parametrize("take_out,put_in,found", [
    (r"use_username_as_clientid true\n", "", ["a device takes another's client id and session"]),
    (r"crlfile .*\n", "", ["a revoked certificate"]),
    (r"acl_file .*\n", "", ["a device publishes as another", "a device reads another's commands", "a device reads everything by wildcards",
                              "a device commands another", "a device speaks as the gateway", "a device reads another's reports"]),
    (r"tls_version tlsv1.2\n", "tls_version tlsv1.1\nciphers DEFAULT:@SECLEVEL=0\n", ["TLS 1.1"]),
    (r"(cafile .*)/gateway.pem\n", r"\1/clients.pem\n", ["a device on the gateway's listener", "a device publishes on its own topic", "a device publishes as another",
                                                       "a device reads another's commands", "a device reads everything by wildcards", "a device reads its own commands",
                                                       "a device commands another", "a device speaks as the gateway", "a device reads another's reports",
                                                       "the gateway with its certificate, on its listener"]),
])
def test_verify_finds_what_a_broker_leaves_open(world, take_out, put_in, found):
    broker = world.secure_broker(edit=lambda text: re.sub(take_out, put_in, text))
    assert wrong(verify(broker, status=1 if found else 0)) == sorted(found)


@pytest.mark.parametrize("line,found", [
    ("write huyang/v1/{0}/+/urgent", ["a device publishes as another"]),
    ("write huyang/v1/{0}/+/routine", ["a device publishes as another"]),
    ("write huyang/v1/{0}/+/link", ["a device publishes as another"]),
    ("write huyang/v1/{0}/+/command", ["a device commands another"]),
    ("write huyang/v1/{0}/+/ack", ["a device speaks as the gateway"]),
    ("write huyang/v1/{0}/gateway", ["a device speaks as the gateway"]),
    ("read huyang/v1/{0}/+/command", ["a device reads another's commands", "a device reads everything by wildcards"]),
    ("read huyang/v1/{0}/+/ack", ["a device reads another's commands", "a device reads everything by wildcards"]),
    ("read huyang/v1/{0}/+/routine", ["a device reads another's reports"]),
    ("read huyang/v1/{0}/+/urgent", ["a device reads another's reports"]),
])
def test_verify_finds_each_line_that_allows_devices_too_much(world, line, found):
    broker = world.secure_broker(acl=["pattern " + line.format(CODE)])
    assert wrong(verify(broker, status=1)) == sorted(found)


def test_verify_finds_a_listener_without_tls(world):
    plain = world.secure_broker(edit=lambda text: re.sub(r"cafile .*clients.pem\ncertfile .*\nkeyfile .*\ntls_version .*\nrequire_certificate true\n"
                                                         r"use_identity_as_username true\ncrlfile .*\nuse_username_as_clientid true\n", "", text).replace(
                                                             "allow_anonymous false", "allow_anonymous true"))
    assert "MQTT without TLS" in wrong(verify(plain, status=1))


def test_verify_finds_a_broker_that_lets_anybody_in(world):
    broker = world.secure_broker(edit=lambda text: text.replace("allow_anonymous false", "allow_anonymous true").replace(
        "require_certificate true", "require_certificate false").replace("use_identity_as_username true\n", "").replace("use_username_as_clientid true\n", ""))
    assert {"nobody's certificate", "name and password instead of a certificate"} <= set(wrong(verify(broker, status=1)))


def test_verify_of_a_broker_that_is_not_there_is_no_success(world):
    broker = world.secure_broker()
    broker.stop()
    assert len(wrong(verify(broker, status=1))) == CHECKS


def test_verify_of_somebody_elses_broker_trusts_it_with_nothing(world):
    broker, other = world.secure_broker(), world.secure_broker()
    out = broker.authority.run("verify", "--county", CODE, *other.contact, status=1).stdout
    assert "certificate verify failed" in out


def test_verify_of_a_broker_under_a_name_it_does_not_have_trusts_it_with_nothing(world):
    broker = world.secure_broker(authority=Authority(world.path("named"), hosts=("mqtt.county.example",)), host="127.0.0.2")
    rows = verify(broker, status=1)
    assert {found for _, found in rows.values()} <= {"no answer", "refused"}
    assert rows["a device with its certificate"] == ("accepted", "no answer")


def test_an_address_that_is_none_is_named(world):
    broker = world.secure_broker()
    out = broker.authority.run("verify", "--county", CODE, "--broker", "a]b:1", "--gateway-broker", ":", status=1).stdout
    assert "HOST:PORT is expected" in out and f"{CHECKS} of {CHECKS}" in out


def test_a_device_for_verify_is_an_id_that_has_a_certificate(world):
    broker = world.secure_broker()
    for device, status in (("../../x", 2), ("huyang-gateway", 2), ("wb-9999", 1)):
        assert broker.authority.run("verify", "--county", CODE, *broker.contact, "--device", device, status=status).stderr


def test_ipv6_addresses_stand_in_brackets(world):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    broker = world.secure_broker(authority=Authority(world.path("six"), hosts=("::1",)), host="::1")
    assert broker.address.startswith("[::1]:") and wrong(verify(broker)) == []


# ---- the whole way ----

def test_an_sos_is_heard_and_answered_over_mutual_tls(world):
    broker = world.secure_broker()
    _, desk, gateway = world.standard(broker=broker)
    band, camera = world.device(broker, "wb-0001"), world.device(broker, "cam-0001")
    band.wait("link up")
    camera.wait("link up")
    band.do("sos")
    gateway.wait_alert("emergency", "r-0001", level="red")
    wait_until(camera.wavs, 15, "the camera speaks")
    wait_until(lambda: gateway.metric_sum("huyang_broker_up") == 1, 5, "the gateway's own connection")


def test_b_can_neither_speak_as_a_nor_hear_what_a_is_told(world, clients):
    broker = world.secure_broker()
    _, _, gateway = world.standard(broker=broker)
    a, b = world.fleet(broker, ["wb-0001"]), clients(broker, "wb-0002").wait()
    b.subscribe([("#", 1), (f"huyang/v1/{CODE}/wb-0001/command", 1), (f"huyang/v1/{CODE}/+/+", 1)])
    b.say(f"huyang/v1/{CODE}/wb-0001/urgent", wire.batch([wire.sos()]).SerializeToString())
    lane, epoch, seq = a.report("wb-0001", wire.steps(3))
    wait_until(lambda: a.acked("wb-0001", lane, seq), 15, "A's own report is acknowledged")
    # B's own SOS comes after its false one, over the same connection.
    b.say(f"huyang/v1/{CODE}/wb-0002/urgent", wire.batch([wire.sos()]).SerializeToString())
    gateway.wait_alert("emergency", "r-0002", level="red")
    assert gateway.alert_of("emergency", "r-0001") is None
    a.report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001", level="red")
    wait_until(lambda: a.unacked() == 0, 15, "A is told")
    assert all("/wb-0001/" not in topic for topic, _ in b.messages), b.messages


def test_the_clients_library_of_ours_cannot_take_a_session_either(world, clients):
    broker = world.secure_broker()
    a = clients(broker, "wb-0001").wait()
    clients(broker, "wb-0002", client_id="wb-0001").wait()
    a.say(f"huyang/v1/{CODE}/wb-0001/link")
    assert a.ends == []


# ---- devices that speak another language ----

DIALECTS = [{"prefix": "owntracks", "dialect": "owntracks"}, {"prefix": "atom/g616", "dialect": "g616"},
            {"prefix": "nvr/home3", "dialect": "frigate", "devices": [{"name": "front_door", "device": "cam-0003"}]}]


@pytest.fixture(name="foreign")
def foreign_gateway(world):
    broker = world.secure_broker(dialects=("owntracks:owntracks", "g616:atom/g616", "frigate:nvr/home3:nvr-0003"))
    _, _, gateway = world.standard(broker=broker)
    with open(gateway.config, "a", encoding="utf-8") as file:
        file.write("dialects: " + json.dumps(DIALECTS) + "\n")
    gateway.stop()
    gateway.start()
    return gateway, broker


def outcomes(gateway, dialect, outcome):
    return gateway.metrics().get(f'huyang_dialect_messages_total{{dialect="{dialect}",outcome="{outcome}"}}', 0)


def phone(battery):
    return json.dumps({"_type": "location", "lat": 34.0, "lon": 108.0, "tst": int(time.time()), "batt": battery})


def test_a_malformed_foreign_payload_is_counted_and_named_and_hurts_nobody_over_mutual_tls(foreign, clients):
    foreign, broker = foreign
    own = clients(broker, "wb-0002").wait()
    wait_until(lambda: own.say("owntracks/wb-0002/wb-0002", json.dumps({"_type": "waypoint"})) or outcomes(foreign, "owntracks", "no_news") > 0, 20,
               "the dialects' session is subscribed")
    for payload in (b"\xff\xfe{", b"[" * 100000, b"", b"{\"_type\":\"location\",\"lat\":"):
        own.say("owntracks/wb-0002/wb-0002", payload)
    own.say("owntracks/wb-0002/wb-0002", json.dumps({"_type": "to morrow"}))
    own.say("owntracks/wb-0002/wb-0002", json.dumps({"_type": "location", "lat": 340.0, "lon": 108.0, "tst": 1, "batt": 50}))
    wait_until(lambda: outcomes(foreign, "owntracks", "malformed") >= 3 and outcomes(foreign, "owntracks", "unknown_type") == 1, 10, "each is counted by name")
    wait_until(lambda: foreign.metrics()['huyang_dialect_bad_fields_total{dialect="owntracks"}'] == 1, 10, "the field is counted")
    tail = foreign.process.tail(100)
    assert "dialect.ignored" in tail and "outcome=malformed" in tail and "outcome=unknown_type" in tail and "field=lat" in tail, tail
    watch, nvr = clients(broker, "wb-0001").wait(), clients(broker, "nvr-0003").wait()
    for payload in (b"\xff\xfe{", b"[" * 100000, b"{\"type\":\"new\",\"after\":"):
        watch.say("atom/g616/status/wb-0001", payload)
        nvr.say("nvr/home3/events", payload)
    for dialect in ("g616", "frigate"):
        wait_until(lambda: outcomes(foreign, dialect, "malformed") >= 3, 10, f"each of {dialect} is counted by name")  # pylint: disable=cell-var-from-loop
    watch.say("atom/g616/status/wb-0001", json.dumps({"imei": "wb-0001", "sos": True, "battery": "40", "isWearing": True, "isOnline": True}))
    foreign.wait_alert("emergency", "r-0001", level="red")


def test_a_foreign_device_speaks_for_itself_alone(foreign, clients):
    foreign, broker = foreign
    phone_b, nvr = clients(broker, "wb-0002").wait(), clients(broker, "nvr-0003").wait()
    phone_b.subscribe([("owntracks/#", 1), ("atom/#", 1), ("nvr/#", 1)])
    person = {"id": "1.5-a", "camera": "front_door", "label": "person", "sub_label": None, "false_positive": False, "frame_time": 1000.0, "current_zones": []}
    event = json.dumps({"type": "new", "before": person, "after": person})
    sos = json.dumps({"imei": "wb-0001", "sos": True, "battery": "40", "isOnline": True})
    phone_b.say("owntracks/wb-0001/wb-0001", phone(3))
    phone_b.say("owntracks/wb-0002/wb-0001", phone(3))
    phone_b.say("owntracks/wb-0001/wb-0002", phone(3))
    phone_b.say("atom/g616/status/wb-0001", sos)
    phone_b.say("nvr/home3/events", event)
    nvr.say("atom/g616/status/wb-0001", sos)
    nvr.say("nvr/home3/events", event)
    wait_until(lambda: nvr.say("nvr/home3/events", event) or outcomes(foreign, "frigate", "events") > 0, 20, "the server's own is heard")
    phone_b.say("owntracks/wb-0002/wb-0002", phone(50))
    wait_until(lambda: outcomes(foreign, "owntracks", "events") == 1, 20, "its own is heard")
    assert foreign.alert_of("emergency", "r-0001") is None
    assert {line["device"] for line in foreign.journal() if "device" in line and "events" in line} == {"wb-0002", "cam-0003"}
    assert all(topic.startswith("owntracks/wb-0002/wb-0002/") for topic, _ in phone_b.messages), phone_b.messages
    assert wrong(verify(broker)) == []


@pytest.mark.parametrize("word", ["owntracks", "owntracks:a:wb-1", "frigate:nvr", "frigate:nvr:../x", "morse:a", "g616:huyang", "g616:a/#", "g616:a b", "frigate:nvr:huyang-gateway"])
def test_a_dialect_that_cannot_be_is_named(world, word):
    done = Authority(world.path("named")).run("broker", "--county", CODE, "--dialect", word, status=2)
    assert "--dialect" in done.stderr


# ---- a lost device ----

def revoke(broker, device, *more, status=0):
    return broker.authority.run("revoke", device, *broker.contact, *more, status=status)


def test_a_revoked_device_is_off_within_two_seconds_and_stays_off(world, clients):
    broker = world.secure_broker()
    lost, other = clients(broker, "wb-0001").wait(), clients(broker, "wb-0002").wait()
    begin = time.monotonic()
    done = revoke(broker, "wb-0001")
    assert "disconnected: wb-0001" in done.stdout
    assert "wb-0001: its row in the gateway's registry, if any, stays active" in done.stderr
    wait_until(lambda: lost.ends, 2, "the live connection is cut")
    assert lost.ends[0] - begin < 2
    # It comes back by itself; the alert that says why may be lost with the connection, but not each time.
    wait_until(lambda: any("REVOKED" in refusal for refusal in lost.refusals), 20, "it is refused because it is revoked")
    assert not lost.connected.is_set() and other.connected.is_set() and other.ends == []
    assert [entry["state"] for entry in broker.authority.shown() if entry["id"] == "wb-0001"] == ["revoked"]


def devices_of(gateway):
    return {device["id"] for device in gateway.request("GET", "/api/v1/devices?limit=100")["devices"]}


def gateway_of(gateway):
    return ["--gateway", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir]


def test_one_command_takes_a_lost_device_out_of_registry_list_and_broker(world, clients):
    broker = world.secure_broker()
    _, _, gateway = world.standard(broker=broker)
    lost, other = clients(broker, "wb-0001").wait(), clients(broker, "wb-0002").wait()
    assert {"wb-0001", "wb-0002"} <= devices_of(gateway)
    begin = time.monotonic()
    done = revoke(broker, "wb-0001", *gateway_of(gateway))
    out = done.stdout
    assert "stays active" not in done.stderr
    assert "taken out of the registry" in out and "disconnected: wb-0001" in out
    wait_until(lambda: lost.ends, 2, "the live connection is cut")
    assert lost.ends[0] - begin < 2
    assert "wb-0001" not in devices_of(gateway) and "wb-0002" in devices_of(gateway)
    assert [(entry["by"], entry["what"]) for entry in gateway.request("GET", "/api/v1/registry/devices/wb-0001/history")["history"]] == [("operator", "removed")]
    wait_until(lambda: any("REVOKED" in refusal for refusal in lost.refusals), 20, "it is refused because it is revoked")
    assert other.connected.is_set() and other.ends == []
    assert "wb-0001: not in the registry" in revoke(broker, "wb-0001", *gateway_of(gateway)).stdout


def test_a_gateway_that_is_down_holds_up_no_revocation_and_is_told(world, clients):
    broker = world.secure_broker()
    _, _, gateway = world.standard(broker=broker)
    lost = clients(broker, "wb-0001").wait()
    gateway.stop()
    done = revoke(broker, "wb-0001", *gateway_of(gateway), status=1)
    assert "disconnected: wb-0001" in done.stdout and "still in the gateway's registry" in done.stderr
    wait_until(lambda: lost.ends, 2, "the live connection is cut")
    gateway.start()
    assert "taken out of the registry" in revoke(broker, "wb-0001", *gateway_of(gateway)).stdout
    assert "wb-0001" not in devices_of(gateway)


def test_revoking_twice_is_no_harm_and_heals_what_was_left_undone(world, clients):
    broker = world.secure_broker()
    lost = clients(broker, "wb-0001").wait()
    broker.authority.run("revoke", "wb-0001")  # the list alone: the broker has not read it
    lost.say(f"huyang/v1/{CODE}/wb-0001/link")
    assert lost.ends == []
    revoke(broker, "wb-0001")
    wait_until(lambda: lost.ends, 2, "the live connection is cut")


def test_a_broker_that_was_not_told_is_noticed(world):
    broker = world.secure_broker()
    broker.authority.device("wb-0001")
    done = revoke(broker, "wb-0001", "--reload-command", "true", status=1)
    assert "has not read it" in done.stderr and "not cut off" in done.stderr
    done = revoke(broker, "wb-0001", "--reload-command", "exit 3", status=1)
    assert "did not end well" in done.stderr
    with open(os.path.join(broker.folder, "pid"), "w", encoding="ascii") as file:
        file.write(str(broker.process.pid))
    revoke(broker, "wb-0001", "--pid-file", os.path.join(broker.folder, "pid"))


def test_a_device_that_was_never_issued_cannot_be_revoked(world):
    broker = world.secure_broker()
    assert "never had a certificate" in revoke(broker, "wb-9999", status=2).stderr


def test_no_tls_session_is_resumed_past_a_revocation(world):
    broker = world.secure_broker()
    ca, cert, key = broker.own_identity("wb-0001")
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(cert, key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # the session is there when the handshake is over

    def hello(session=None):
        with context.wrap_socket(socket.create_connection(("127.0.0.1", broker.port), timeout=10), server_hostname="127.0.0.1", session=session) as tls:
            tls.sendall(b"\x10\x13\x00\x04MQTT\x04\x02\x00\x3c\x00\x07wb-0001")
            return tls.recv(4), tls.session, tls.session_reused
    answer, session, _ = hello()
    assert answer == b"\x20\x02\x00\x00"
    assert hello(session)[0::2] == (b"\x20\x02\x00\x00", True)  # while it is good, it is resumed
    revoke(broker, "wb-0001")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        hello(session)


def test_the_old_certificate_works_until_its_grace_ends_and_no_longer(world, clients):
    broker = world.secure_broker()
    old = clients(broker, "wb-0001").wait()
    broker.authority.run("rotate", "wb-0001", "--grace-days", "0")
    broker.authority.run("crl", *broker.contact)
    new = clients(broker, "wb-0001").wait()  # with the new certificate, under the same name: the old connection ends
    wait_until(lambda: old.ends, 5, "the old one is replaced")
    old.wait_refused()
    assert not old.connected.is_set() and new.connected.is_set()


def test_the_gateways_certificate_is_replaced_by_a_restart_of_the_broker_alone(world):
    broker = world.secure_broker()
    _, _, gateway = world.standard(broker=broker)
    with open(broker.authority.path("gateway", "gateway.pem"), encoding="ascii") as file:
        old = file.read()
    broker.authority.run("rotate", "huyang-gateway", "--grace-days", "0")
    broker.stop()
    broker.start()
    wait_until(lambda: gateway.metric_sum("huyang_link_losses_total") > 0 and gateway.metric_sum("huyang_broker_up") == 1, 30, "the gateway is back")
    assert wrong(verify(broker)) == []
    with open(broker.authority.path("gateway", "gateway.pem"), "w", encoding="ascii") as file:
        file.write(old)  # what a thief would have
    assert "the gateway with its certificate, on its listener" in wrong(verify(broker, status=1))


def test_the_brokers_certificate_is_replaced_by_a_reload(world):
    broker = world.secure_broker()

    def shown():
        return ssl.get_server_certificate(("127.0.0.1", broker.port))
    before = shown()
    broker.authority.run("rotate", "huyang-broker", *broker.authority.hosts)
    broker.reload()
    assert shown() != before
    assert wrong(verify(broker)) == []


# ---- what ends ----

def expired_crl(authority, days=-1):
    """A list of the same authority that has ended, where the broker and the gateway look."""
    folder = os.path.join(authority.place, "expired")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "index"), "w", encoding="ascii"):
        pass
    with open(os.path.join(folder, "ca.cnf"), "w", encoding="ascii") as file:
        file.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\ndefault_md=sha256\ndefault_crl_days=1\n")
    stamp = lambda at: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(at))  # noqa: E731
    now = time.time()
    subprocess.run(["openssl", "ca", "-config", os.path.join(folder, "ca.cnf"), "-gencrl", "-cert", authority.path("issuing.pem"), "-keyfile",
                    authority.path("issuing.key"), "-crl_lastupdate", stamp(now - 10 * 86400), "-crl_nextupdate", stamp(now + days * 86400),
                    "-out", authority.path("broker", "crl.pem")], check=True, capture_output=True)


def test_a_list_that_has_ended_refuses_every_device_and_a_new_one_heals_it(world, clients):
    broker = world.secure_broker()
    expired_crl(broker.authority)
    broker.reload()
    device = clients(broker, "wb-0001")
    device.wait_refused()
    assert not device.connected.is_set()
    assert "crl.pem cannot be read" in broker.authority.run("show", status=1).stderr
    assert "is in force" in broker.authority.run("crl", *broker.contact).stdout
    device.wait()


def test_the_gateway_announces_what_ends_before_it_does(world):
    broker = world.secure_broker()
    crl = broker.authority.path("broker", "crl.pem")
    gateway = world.gateway(broker, world.county(), settings={"broker": {"crl_file": crl, "expiry_warn_days": 20}, "watch": {"calm_s": 1}})
    left = gateway.metrics()
    assert 29 * 86400 < left['huyang_expiry_seconds{key="broker.crl_file"}'] <= 30 * 86400
    assert 824 * 86400 < left['huyang_expiry_seconds{key="broker.cert_file"}'] <= 825 * 86400
    assert left['huyang_expiry_seconds{key="broker.ca_file"}'] > 7000 * 86400
    assert not any("link.expir" in line for line in gateway.process.lines)
    assert gateway.alert_of("fleet", "expiry") is None
    for days, line, level in ((19, "link.expiring", "WARN"), (-1, "link.expired", "ERROR")):
        gateway.stop()
        expired_crl(broker.authority, days)
        gateway.start()
        told = [found for found in gateway.process.lines if "id=" + line in found]
        assert len(told) == 1 and "key=broker.crl_file" in told[0] and level.lower() in told[0].lower(), gateway.process.tail()
        assert (gateway.metrics()['huyang_expiry_seconds{key="broker.crl_file"}'] < 0) == (days < 0)
        alert = gateway.wait_alert("fleet", "expiry", level="yellow", cleared=False)
        assert "within 19 days" in alert["findings"][0]["reason"], "told once, days before"
    os.unlink(crl)
    gateway.stop()
    gateway.start()
    assert any("id=link.unwatched" in found for found in gateway.process.lines)
    gateway.wait_alert("fleet", "expiry", cleared=True)
    assert 'huyang_expiry_seconds{key="broker.crl_file"}' not in gateway.metrics()


# ---- the simulated county ----

def test_each_simulated_device_has_a_connection_of_its_own_and_finds_back_to_a_new_broker(world):
    broker = world.secure_broker()
    county = world.county(homes=3)
    _, _, gateway = world.standard(broker=broker, county=county)
    devices = [f"{kind}-{i:04d}" for i in range(1, 4) for kind in ("wb", "cam")]
    broker.authority.batch(devices)
    fleet = Process([binary("huyang"), "fleet", *broker.fleet_arguments(), "--county", CODE, "--registry", county.folder, "--rate", "40", "--sos-every", "1",
                     "--duration", "6", "--drain", "60"], log_path=os.path.join(broker.folder, "fleet.log"))
    wait_until(lambda: gateway.metric_sum("huyang_events_total") > 20, 30, "events arrive")
    for device in devices:
        assert any(f"as {device} " in line for line in broker.process.lines), device
    broker.kill()
    broker.start()
    wait_until(lambda: all(any(f"as {device} " in line for line in broker.process.lines) for device in devices), 30, "every device is back")
    fleet.child.wait(timeout=120)
    assert fleet.child.returncode == 0, fleet.tail()


@pytest.mark.parametrize("words,complaint", [
    (["--broker", "ssl://127.0.0.1:1"], "ssl:// needs --tls-dir"), (["--broker", "tcp://127.0.0.1:1", "--tls-dir", "x"], "needs --tls-dir"),
    (["--broker", "ssl://127.0.0.1:1", "--tls-dir", "nowhere"], "no usable ca.pem"), (["--broker", "ssl://127.0.0.1:1", "--tls-dir", "x", "--virtual-clock"], "shared connection"),
])
def test_the_fleet_says_what_tls_needs(world, words, complaint):
    done = subprocess.run([binary("huyang"), "fleet", *words, "--county", CODE, "--registry", world.county().folder, *([] if "--virtual-clock" in words else ["--rate", "1"]),
                           *(["--days", "--duration", "1"] if "--virtual-clock" in words else [])], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and complaint in done.stderr, done.stderr
