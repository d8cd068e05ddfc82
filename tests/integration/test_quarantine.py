"""Who may speak, and how much: devices that nobody registered, and those that do what no honest device does."""
import json
import os
import subprocess
import time

import paho.mqtt.client as mqtt
import pytest

from huyang_test import wait_until, wire
from huyang_test.browser import DESKTOP, PHONE
from huyang_test.county import CODE
from huyang_test.person import add_account, first_administrator
from huyang_test.process import binary
from test_console import desk, shot  # noqa: F401

GRID = CODE + "001001001"
OLD_MS = 3600 * 1000


def happened(event, before_ms):
    event.at_ms = int(time.time() * 1000) - before_ms
    return event


def quarantine(gateway, *words, status=0):
    done = subprocess.run([binary("huyang"), "quarantine", *words, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def listed(gateway):
    return {row["id"]: row for row in gateway.request("GET", "/api/v1/quarantine")["devices"]}


def kept(gateway):
    """The stored rows of the list."""
    with gateway.database() as db:
        return [value for (value,) in db.execute("SELECT value FROM state JOIN state_table ON tbl = id WHERE name = 'service.quarantine'")]


def test_a_stranger_is_listed_over_a_kill_adopted_and_believed_from_then_on_and_its_sos_before(world):
    broker, _, gateway = world.standard(homes=2)
    fleet = world.fleet(broker, ["cam-0815", "cam-0816"])
    fleet.report("cam-0815", happened(wire.heartbeat(battery=11), OLD_MS))
    fleet.report("cam-0816", wire.heartbeat())
    wait_until(lambda: set(listed(gateway)) == {"cam-0815", "cam-0816"}, 20, "both are listed")
    first = listed(gateway)["cam-0815"]
    assert first["reason"] == "unknown" and fleet.unacked() == 2
    quarantine(gateway, "dismiss", "cam-0816", "--by", "wang")
    wait_until(lambda: any(b"wang" in value for value in kept(gateway)), 20, "it is on disk")
    assert "cam-0816" not in quarantine(gateway, "list") and "dismissed by wang" in quarantine(gateway, "list", "--all")
    gateway.kill()
    gateway.start()
    again = listed(gateway)["cam-0815"]
    assert again["first"] == first["first"] and again["times"] >= 1
    assert listed(gateway)["cam-0816"]["dismissed_by"] == "wang"

    fleet.report("cam-0815", happened(wire.sos(), OLD_MS))
    assert "would be a camera of h-0002" in quarantine(gateway, "adopt", "cam-0815", "--household", "h-0002", "--preview", "--by", "wang")
    assert "cam-0815" in listed(gateway), "a preview changes nothing"
    assert "does not stand in households" in quarantine(gateway, "adopt", "cam-0815", "--household", "h-0099", "--by", "wang", status=1)
    quarantine(gateway, "adopt", "cam-0815", "--household", "h-0002", "--view", "indoors", "--by", "wang")
    gateway.wait_alert("emergency", "h-0002", level="red")
    fleet.report("cam-0815", wire.heartbeat(battery=77))
    wait_until(lambda: fleet.unacked() == 1, 60, "what is refused is acknowledged too")
    mine = [event for line in gateway.journal() if line.get("device") == "cam-0815" for event in line.get("events", [line.get("event")])]
    assert sum("sos" in event for event in mine) == 1
    assert [event["heartbeat"]["battery_percent"] for event in mine if "heartbeat" in event] == [77]
    wait_until(lambda: gateway.metrics()['huyang_refused_total{reason="before_adoption"}'] == 1, 20, "it is counted under its reason")
    assert "cam-0815" not in listed(gateway)
    assert "is in the registry" in quarantine(gateway, "adopt", "cam-0815", "--household", "h-0002", "--by", "wang", status=1)


def test_only_the_county_desk_and_administrators_decide_and_a_stale_preview_is_refused(world):
    broker, _, gateway = world.standard(homes=2)
    root = first_administrator(gateway)
    wang, grid = add_account(root, "wang", "county_desk", ""), add_account(root, "grid", "grid_worker", GRID)
    fleet = world.fleet(broker, ["cam-0815", "cam-0816"])
    for device in ("cam-0815", "cam-0816"):
        fleet.report(device, wire.heartbeat())
    wait_until(lambda: len(listed(gateway)) == 2, 20, "both are listed")
    for verb in ("adopt", "dismiss"):
        assert grid.send("POST", f"/api/v1/quarantine/cam-0815/{verb}", {}).status == 403
    seen = {device: wang.send("POST", f"/api/v1/quarantine/{device}/adopt", {"household": "h-0001", "preview": True}).json for device in ("cam-0815", "cam-0816")}
    done = wang.send("POST", "/api/v1/quarantine/cam-0815/adopt", {"household": "h-0001", "version": seen["cam-0815"]["version"]})
    assert done.status == 200, done.body
    stale = wang.send("POST", "/api/v1/quarantine/cam-0816/adopt", {"household": "h-0001", "version": seen["cam-0816"]["version"]})
    assert stale.status == 422 and "changed" in stale.body
    assert wang.send("POST", "/api/v1/quarantine/cam-9999/dismiss", {}).status == 404
    views = root.send("GET", "/api/v1/views?about=cam-0815").json["views"]
    assert "adopt" in {view["what"] for view in views}


@pytest.mark.parametrize("size, name", [(DESKTOP, "desktop"), (PHONE, "phone")])
def test_a_device_is_adopted_and_another_dismissed_in_a_browser(desk, size, name):  # noqa: F811
    browser = desk.people().sign_in(size=size)
    fleet = desk.world.fleet(desk.broker, ["cam-0815", "cam-0816"])
    for device in ("cam-0815", "cam-0816"):
        fleet.report(device, wire.heartbeat())
    wait_until(lambda: len(listed(desk.gateway)) == 2, 20, "both are listed")
    browser.click("nav a", "Devices")
    browser.wait(".quarantine li", "cam-0815")
    browser.click(".quarantine li:has(bdi:nth-child(1)) button[aria-expanded]", "Adopt")
    browser.js("const kind = document.querySelector('.quarantine select[name=kind]'); kind.value = 'camera'; kind.dispatchEvent(new Event('change', {bubbles: true}))")
    browser.wait(".quarantine select[name=view]")
    browser.type(".quarantine input[name=owner]", "h-0099")
    browser.click(".quarantine form button", "Preview")
    browser.wait(".quarantine .fault", "households")
    browser.js("document.querySelector('.quarantine input[name=owner]').value = ''")
    browser.type(".quarantine input[name=owner]", "h-0002")
    browser.click(".quarantine form button", "Preview")
    browser.wait(".quarantine .adoption", "h-0002")
    assert browser.accessibility_faults() == []
    shot(browser, f"quarantine-{name}")
    assert len(listed(desk.gateway)) == 2, "a preview changes nothing"
    browser.click(".quarantine form button", "Adopt")
    wait_until(lambda: len(listed(desk.gateway)) == 1, 20, "it is adopted")
    left = next(iter(listed(desk.gateway)))
    browser.wait_gone(".quarantine form")
    browser.click(".quarantine li button", "Dismiss")
    browser.wait_gone(".quarantine li", left)
    assert listed(desk.gateway)[left]["dismissed_by"] == "wang"


@pytest.mark.parametrize("words", [("adopt",), ("list", "wb-1"), ("dismiss", "wb-1", "--resident", "r-1"), ("burn",), ("adopt", "a b")])
def test_wrong_words_are_named(words):
    done = subprocess.run([binary("huyang"), "quarantine", *words], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 and "--help" in done.stderr


def fleet_alerts_later(world, county, lines):
    """What the journal has become five minutes from now: an alert about a device waits a minute for the county's."""
    path = os.path.join(world.folder, "journal.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 300))
    out = subprocess.run([binary("huyang"), "replay", "--registry", county.folder, "--until", until, path], capture_output=True, text=True, timeout=60, check=False).stdout
    return [line for line in map(json.loads, out.splitlines()) if line.get("transition") == "opened" and line["family"] == "fleet"]


def test_a_clone_a_replay_and_a_lying_clock_are_fleet_alerts_and_an_honest_device_is_none(world):
    broker, county = world.broker(), world.county(homes=5)
    gateway = world.gateway(broker, county, world.desk())
    sender = mqtt.Client(client_id="sender")
    sender.connect("127.0.0.1", broker.port)
    sender.loop_start()

    def say(device, event, **options):
        sender.publish(f"huyang/v1/{CODE}/{device}/urgent", wire.batch([event], **options).SerializeToString(), qos=1).wait_for_publish(10)
    for epoch, seq in ((7, 1), (8, 1), (7, 2), (8, 2), (7, 3)):  # one identity, two devices in turn
        say("wb-0001", wire.steps(seq), epoch=epoch, first_seq=seq)
    say("wb-0002", wire.steps(1), epoch=7, first_seq=50, base=50)
    for seq in range(1, 31):  # an old recording, from before what it still holds
        say("wb-0002", wire.steps(seq), epoch=7, first_seq=seq)
    for seq in range(1, 13):
        event = wire.steps(seq)
        event.at_ms = 4102444800000
        say("wb-0003", event, epoch=7, first_seq=seq)
    for seq in range(1, 31):
        say("wb-0004", wire.steps(seq), epoch=7, first_seq=seq)
    say("wb-0005", wire.sos(), epoch=7)
    gateway.wait_alert("emergency", "r-0005", level="red")
    wait_until(lambda: gateway.metrics()["huyang_conduct_told_total"] == 1, 30, "the replay is noticed")
    sender.disconnect()
    sender.loop_stop()
    opened = fleet_alerts_later(world, county, gateway.journal())
    found = {line["subject"]["resident"]: (line["level"], line["findings"][0]["code"]) for line in opened}
    assert found == {"r-0001": ("yellow", "clone"), "r-0002": ("yellow", "replay"), "r-0003": ("green", "clock-off")}, found


def test_a_flood_is_held_back_and_starves_nobody_and_the_same_is_found_in_replay(world):
    broker, desk, county = world.broker(), world.desk(), world.county(homes=3)
    gateway = world.gateway(broker, county, desk, settings={"ingest": {"device_per_minute": 60, "device_burst": 64}})
    fleet = world.fleet(broker, ["wb-0001", "wb-0002"])
    for _ in range(400):
        fleet.report("wb-0001", wire.heartbeat())
    wait_until(lambda: gateway.metrics()["huyang_conduct_told_total"] == 1, 30, "the flood is noticed")
    fleet.report("wb-0002", wire.sos())
    gateway.wait_alert("emergency", "r-0002", level="red")
    fleet.report("wb-0001", wire.sos())  # its own call for help passes every limit
    gateway.wait_alert("emergency", "r-0001", level="red")
    wait_until(lambda: gateway.metrics()['huyang_refused_total{reason="overload"}'] > 0, 20, "what was held back is counted")
    lines = gateway.journal()
    told = [line["conduct"] for line in lines if "conduct" in line]
    assert [(what["device"], what["kind"]) for what in told] == [("wb-0001", "flood")]
    opened = fleet_alerts_later(world, county, lines)
    assert [line["subject"] for line in opened] == [{"resident": "r-0001"}]
    assert opened[0]["findings"][0]["detector"] == "distrusted"
