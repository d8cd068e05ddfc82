"""The platform's way: the feed of the API against its own schema, and `huyang northbound` to a platform that refuses, hangs and is away."""
import json
import signal
import subprocess
import threading
import urllib.error
import urllib.request

import jsonschema
import paho.mqtt.client as mqtt
import pytest

from huyang_test import wait_until, wire
from huyang_test.process import Process, binary

class Platform:
    """The county's platform: a desk's, and what it has recorded of the pages."""

    def __init__(self, desk):
        self.desk, self.url, self.secret_file = desk, desk.url + "/platform", desk.secret_file

    def records(self):
        return [record for record in self.desk.records() if record["path"] == "/platform"]

    def pages(self):
        """Those that it took, again when they came again."""
        return [record for record in self.records() if record["answer"] == 200]

    def refused(self):
        return len(self.records()) - len(self.pages())

    def ids(self):
        return [item for page in self.pages() for item in page["items"]]

    def beats(self):
        return sum(not page["items"] for page in self.pages())

    def arguments(self):
        return ["--webhook", self.url, "--secret-file", self.secret_file]


@pytest.fixture
def platform(world):
    return Platform(world.desk())


def feed(gateway, **query):
    words = "&".join(f"{name}={value}" for name, value in query.items())
    request = urllib.request.Request(f"http://127.0.0.1:{gateway.port}/api/v1/feed?{words}", headers={"Authorization": f"Bearer {gateway.token()}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def everything(gateway, limit=1000):
    items, place, more = [], "0.0.0", True
    while more:
        page = feed(gateway, after=place, limit=limit)
        items, place, more = items + page["items"], page["next"], page["more"]
    return items


def busy_morning(world):
    """A gateway with an SOS that went its way: found, alerted, sent, heard."""
    broker, _, gateway = world.standard(homes=2)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002"])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    fleet.report("wb-0001", wire.sos())
    fleet.report("wb-0002", wire.heartbeat(battery=3))
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    gateway.wait_alert("coverage", "r-0002")
    gateway.acknowledge(alert)
    wait_until(lambda: any(item["kind"] == "delivery" and item["state"] == "delivered" and item.get("alert") == alert for item in everything(gateway)), 15,
               "somebody was told")
    return broker, gateway, fleet


def northbound(gateway, place, *arguments):
    return [binary("huyang"), "northbound", "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir, "--place", str(place), *map(str, arguments)]


def test_every_item_of_the_feed_is_as_the_document_says(world):
    _, gateway, _ = busy_morning(world)
    with urllib.request.urlopen(f"http://127.0.0.1:{gateway.port}/api/v1/openapi.json", timeout=10) as answer:
        document = json.load(answer)
    validator = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/FeedPage", "components": document["components"]})
    page = feed(gateway, limit=1000)
    validator.validate(page)
    assert {item["kind"] for item in page["items"]} == {"finding", "alert", "delivery"}
    assert [item["change"]["transition"] for item in page["items"] if item["kind"] == "alert" and item["change"]["family"] == "emergency"][:2] == [
        "opened", "acknowledged"]
    # Whom it is about stands there by id; a platform that may know names asks the registry.
    shown = json.dumps(page, ensure_ascii=False)
    assert "r-0001" in shown and not any(name in shown for name in ("老人", "家属", "测试一组"))


def test_pages_of_one_item_tell_the_same_as_one_page(world):
    _, gateway, _ = busy_morning(world)
    whole = [item["id"] for item in everything(gateway)]
    # More may have come meanwhile, and only behind the rest.
    assert [item["id"] for item in everything(gateway, limit=1)][:len(whole)] == whole
    assert len(set(whole)) == len(whole) > 3


@pytest.mark.parametrize("query, status, place", [
    ("after=1.2", 400, "after"), ("after=1.2.3.4.5", 400, "after"), ("after=-1.0.0", 400, "after"), ("after=99999999999999999999.0.0", 400, "after"),
    ("limit=0", 400, "limit"), ("limit=1001", 400, "limit"), ("since=0", 400, "since"), ("after=999999.0.0", 409, "after")])
def test_a_wrong_place_is_named(world, query, status, place):
    _, _, gateway = world.standard(homes=1)
    request = urllib.request.Request(f"http://127.0.0.1:{gateway.port}/api/v1/feed?{query}", headers={"Authorization": f"Bearer {gateway.token()}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == status
    assert json.load(refused.value)["place"] == place


def test_the_feed_is_for_the_platform_alone(world):
    _, _, gateway = world.standard(homes=1)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{gateway.port}/api/v1/feed", timeout=10)
    assert refused.value.code == 401


def test_a_platform_that_refuses_and_a_kill_lose_nothing(world, platform):
    _, gateway, fleet = busy_morning(world)
    command = northbound(gateway, world.path("platform.place"), *platform.arguments())

    platform.desk.set_mode("/platform", "reject")
    forwarder = Process(command, log_path=world.path("northbound.log"))
    wait_until(lambda: platform.refused() >= 2, 15, "the platform has refused twice")
    assert platform.pages() == []
    forwarder.kill()

    platform.desk.set_mode("/platform", "accept")
    forwarder = Process(command, log_path=world.path("northbound.log"))
    wait_until(platform.pages, 15, "the platform takes the first page")
    gateway.kill()
    gateway.start()
    fleet.report("wb-0002", wire.sos())
    gateway.wait_alert("emergency", "r-0002", level="red")
    wait_until(lambda: {item["id"] for item in everything(gateway)} <= set(platform.ids()), 30, "the platform has all of it")
    forwarder.kill()

    # Once it has come to an end in peace, the place says so: from there on nothing is said twice.
    assert subprocess.run([*command, "--once"], capture_output=True, timeout=60, check=False).returncode == 0
    before = set(platform.ids())
    assert subprocess.run([*command, "--once"], capture_output=True, timeout=60, check=False).returncode == 0
    assert len(platform.ids()) - len(set(platform.ids())) <= 500, "more than the one page that was on its way came twice"
    assert {item["id"] for item in everything(gateway)} <= set(platform.ids()) and before <= set(platform.ids())
    assert all(record["valid"] and record["signature"] == "valid" for record in platform.records()), "signed, under the place behind it, each item with what a platform needs"


@pytest.mark.parametrize("mode", ["error", "hang", "close", "redirect"])
def test_a_platform_that_misbehaves_has_all_of_it_in_the_end(world, platform, mode):
    _, gateway, _ = busy_morning(world)
    platform.desk.set_mode("/platform", mode, 1)
    forwarder = Process(northbound(gateway, world.path("place"), *platform.arguments()), log_path=world.path("northbound.log"))
    wait_until(lambda: len(platform.records()) >= 2, 60, "what it did not say it took comes again")
    wait_until(lambda: {item["id"] for item in everything(gateway)} <= set(platform.ids()), 60, "the platform has all of it")
    forwarder.kill()
    assert platform.records()[0]["mode"] == mode


def test_a_page_that_is_none_is_refused_by_the_platform(platform):
    """The counterpart is as strict as a platform that keeps what it gets."""
    for body, why in (("{}", "items, next and more"), ("[", "not JSON"), ('{"items":[{"kind":"alert"}],"next":"1.2.3.4","more":false}', "items[0]")):
        request = urllib.request.Request(platform.url, data=body.encode(), headers={"X-Huyang-Id": "1.2.3.4"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == 422 and why in json.load(refused.value)["reason"]


def test_a_heartbeat_is_there_while_the_gateway_is_ready_and_not_when_it_hangs(world, platform):
    _, _, gateway = world.standard(homes=1)
    forwarder = Process(northbound(gateway, world.path("place"), *platform.arguments(), "--heartbeat", "1"), log_path=world.path("northbound.log"))
    try:
        wait_until(lambda: platform.beats() >= 2, 20, "two heartbeats")
        gateway.process.child.send_signal(signal.SIGSTOP)
        # A core that hangs is told by its own API too: /healthz is not answered, or not ready.
        wait_until(lambda: "no answer from the gateway" in forwarder.tail() or "refused (503)" in forwarder.tail(), 60, "the forwarder sees that it hangs")
        silent = len(platform.pages())
        wait_until(lambda: forwarder.tail().count("no answer") + forwarder.tail().count("refused (503)") >= 2, 90, "and once more")
        assert len(platform.pages()) == silent
        gateway.process.child.send_signal(signal.SIGCONT)
        wait_until(lambda: len(platform.pages()) > silent, 90, "it is heard again")
    finally:
        gateway.process.child.send_signal(signal.SIGCONT)
        forwarder.kill()


def test_items_go_to_a_topic_each_and_all_of_them(world):
    broker, gateway, _ = busy_morning(world)
    taken = []
    client = mqtt.Client(client_id="platform")
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_message = lambda _client, _data, message: taken.append((message.topic, json.loads(message.payload)))
    client.connect("127.0.0.1", broker.port)
    client.subscribe("county/#", qos=1)
    client.loop_start()
    try:
        wait_until(subscribed.is_set, 10, "the platform listens")
        done = subprocess.run(northbound(gateway, world.path("mqtt.place"), "--mqtt", broker.url, "--topic", "county/341282", "--once"),
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        first = [item["id"] for item in feed(gateway, limit=3)["items"]]
        wait_until(lambda: set(first) <= {item["id"] for _, item in taken} and len(taken) >= 5, 10, "the items are there")
        assert all(topic == f"county/341282/{item['kind']}" for topic, item in taken)
        assert len({item["id"] for _, item in taken}) == len(taken)
    finally:
        client.loop_stop()
        client.disconnect()


def test_what_it_cannot_do_is_said(world, platform):
    _, _, gateway = world.standard(homes=1)
    place = world.path("place")

    def said(*arguments, status):
        done = subprocess.run(northbound(gateway, place, *arguments, "--once"), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == status, done.stderr
        return done.stderr
    assert "one of --webhook and --mqtt" in said(status=2)
    assert "--topic goes with" in said("--mqtt", "tcp://127.0.0.1:1", status=2)
    assert "no filter" in said("--mqtt", "tcp://127.0.0.1:1", "--topic", "a/#", status=2)
    short = world.path("short")
    with open(short, "w", encoding="ascii") as file:
        file.write("short\n")
    assert "at least 16 bytes" in said("--webhook", platform.url, "--secret-file", short, status=1)
    with open(place, "w", encoding="ascii") as file:
        file.write("9999.9999.9999\n")
    assert "not of this gateway's feed" in said("--webhook", platform.url, status=1)
    with open(place, "w", encoding="ascii") as file:
        file.write("nonsense\n")
    assert "no place of a feed" in said("--webhook", platform.url, status=1)


def test_the_heartbeat_stops_when_no_canary_comes_through(world, platform):
    """A gateway that runs and reaches nobody is no gateway: the receiver of the heartbeat must hear of it."""
    broker, desk = world.broker(), world.desk()
    settings = {"watch": {"canary_s": 5, "after_s": 1, "calm_s": 1}, "relay": {"webhook": [{"name": "probe", "url": desk.url + "/hook/probe", "secret_file": desk.secret_file}]},
                "policy": [{"family": "emergency", "level": "red", "category": "canary", "steps": [{"do": "prompt", "prompt": "sos-heard"}, {"do": "webhook", "to": "probe"}]}]}
    gateway = world.gateway(broker, world.county(homes=1, tags={1: "canary"}, no_camera={1}), desk, settings=settings)
    forwarder = Process(northbound(gateway, world.path("place"), *platform.arguments(), "--heartbeat", "1"), log_path=world.path("northbound.log"))
    try:
        wait_until(lambda: "no heartbeat: no canary" in forwarder.tail(), 40, "the forwarder sees that the canary is missed")
        before = platform.beats()
        wait_until(lambda: {item["id"] for item in everything(gateway) if "canary" in str(item)} & set(platform.ids()), 30, "the alert about it is passed on all the same")
        assert platform.beats() == before
        subprocess.run([binary("huyang"), "canary", "--broker", broker.url, "--county", "990001", "--device", "wb-0001"], check=True, timeout=90)
        wait_until(lambda: platform.beats() > before, 40, "the heartbeat is back")
    finally:
        forwarder.kill()
