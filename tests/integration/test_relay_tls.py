"""Every receiver over HTTPS: with an authority of one's own, and with a certificate where the receiver wants to know who is there."""
import os
import subprocess

import pytest

from huyang_test import binary, wait_until, wire
from huyang_test.mutual_tls import MutualTls

PHONE = "13800000001"


@pytest.fixture
def front(world, tmp_path):
    """A desk and the mutual TLS before it."""
    desk = world.desk()
    proxy = MutualTls(tmp_path, desk)
    yield desk, proxy
    proxy.stop()


def county(world):
    county = world.county()
    with open(os.path.join(county.folder, "contacts.csv"), "w", encoding="utf-8") as file:
        file.write(f"id,resident,name,relation,phone,channels,email,language\nc-0001,r-0001,家属甲,daughter,{PHONE},sms;voice,,\n")
    return county


def sos(world, desk, proxy, cert=True, police_cert=True):
    """A gateway whose receivers all stand behind the proxy, and a press of the button."""
    tls = proxy.settings(cert)

    def behind(settings):
        return dict(settings, url=proxy.url + settings["url"][len(desk.url):], **tls)
    relay = {"police": dict({"url": proxy.url + "/cap", "direct": ["sos"]}, **proxy.settings(police_cert)),
             "webhook": [behind({"name": "all", "url": desk.url + "/hook/all", "secret_file": desk.secret_file}),
                         behind({"name": "group", "role": "grid_worker", "preset": "wecom", "url": desk.url + "/wecom?key=" + open(desk.secret_file).read().strip()})],
             "operators": [behind(desk.operator("sms")),
                           behind(desk.operator("voice", callback_file="", poll_url=proxy.url + "/voice/status?ref={id}", poll_s=1))]}
    broker = world.broker()
    gateway = world.gateway(broker, county(world), desk, settings={"relay": relay})
    desk.press(PHONE, "1")
    world.fleet(broker, ["wb-0001"]).report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001", level="red")
    return gateway


def test_every_kind_of_receiver_is_reached_over_mutual_tls(world, front):
    desk, proxy = front
    gateway = sos(world, desk, proxy)
    for path in ("/cap", "/hook/all", "/wecom", "/sms", "/voice"):
        assert desk.wait_record(lambda record, path=path: record["path"] == path and record["acted"], 20, path)["valid"]
    # The answer to a poll came the same way: the call was taken by a key.
    assert wait_until(lambda: (gateway.alert_of("emergency", "r-0001") or {}).get("acknowledged_by"), 20, "key 1") == "c-0001"
    assert proxy.turned_away == 0


def test_without_our_certificate_no_receiver_hears_a_word_and_nobody_was_told(world, front):
    desk, proxy = front
    gateway = sos(world, desk, proxy, cert=False, police_cert=True)
    # The police know us: what they hear shows that the others could have heard it by now.
    desk.wait_record(lambda record: record["path"] == "/cap" and record["acted"], 20, "the police")
    wait_until(lambda: proxy.turned_away >= 4, 20, "receivers that turned us away")
    assert {record["path"] for record in desk.records()} == {"/cap"}
    alert = gateway.alert_of("emergency", "r-0001")["id"]
    assert not {"delivered", "accepted", "sent"} & {job["state"] for job in gateway.jobs(alert, "notify")}


def test_a_platform_behind_mutual_tls_takes_pages_of_the_feed_and_hears_nobody_else(world, front):
    desk, proxy = front
    gateway = sos(world, desk, proxy)

    def pass_on(*certificates):
        return subprocess.run([binary("huyang"), "northbound", "--once", "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir,
                               "--place", world.path("place"), "--webhook", proxy.url + "/platform", "--secret-file", desk.secret_file, *certificates],
                              capture_output=True, text=True, timeout=60, check=False)
    refused = pass_on("--key", proxy.client[1])
    assert (refused.returncode, "--key goes with --cert" in refused.stderr) == (2, True)
    assert pass_on("--ca", proxy.server[0], "--cert", proxy.client[0], "--key", proxy.client[1]).returncode == 0
    assert desk.wait_record(lambda record: record["path"] == "/platform", 10, "a page")["answer"] == 200


@pytest.mark.parametrize("item, place", [
    ("webhook: [{name: a, url: 'https://a.example/', cert_file: /c.pem}]", "relay.webhook"),
    ("operators: [{way: sms, url: 'https://a.example/', callback_file: /x, status_id: a, status_code: b, key_file: /k.pem,"
     " fields: [{name: to, value: '{phone}'}]}]", "relay.operators")])
def test_a_certificate_without_its_key_is_refused_with_its_place(tmp_path, item, place):
    path = tmp_path / "huyang.yaml"
    path.write_text(f"county: \"654321\"\nrelay:\n  {item}\n", encoding="utf-8")
    checked = subprocess.run([binary("huyang"), "config", "check", str(path)], capture_output=True, text=True, timeout=10, check=False)
    assert checked.returncode == 2
    assert f"{place}: cert_file and key_file go together" in checked.stderr + checked.stdout
