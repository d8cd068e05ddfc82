"""What is asked of devices: by people through the command line, by the gateway itself on an SOS; to the real firmware over a real broker."""
import datetime
import json
import subprocess
import time

from huyang_test import wait_until, wire
from huyang_test.process import binary


def device_tool(gateway, *arguments):
    return subprocess.run([binary("huyang"), "device", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def commands(gateway, device):
    return gateway.request("GET", f"/api/v1/devices/{device}/commands")["commands"]


def wait_command(gateway, device, kind, state):
    return wait_until(lambda: next((row for row in commands(gateway, device) if (row["command"], row["state"]) == (kind, state)), None),
                      20, f"{kind} of {device} {state}")


def fixes(gateway, device):
    return [line for line in gateway.journal() if f'"device":"{device}"' in str(line).replace("'", '"').replace('": "', '":"') and "fix" in str(line)]


def beats(gateway):
    return sum("heartbeat" in str(line) for line in gateway.journal())


def test_a_person_asks_where_a_band_is_and_sets_its_pace_for_good(world):
    broker, _, gateway = world.standard(homes=2)
    band = world.device(broker, "wb-0001")
    band.wait("link up")
    band.do("fix 34.0001 108.0001 12")
    done = device_tool(gateway, "locate", "wb-0001", "--by", "d-0001", "--note", "家属请求协助寻找")
    assert done.returncode == 0, done.stderr
    row = wait_command(gateway, "wb-0001", "locate", "played")
    assert (row["by"], row["note"], row["basis"]) == ("d-0001", "家属请求协助寻找", "person")
    wait_until(lambda: fixes(gateway, "wb-0001"), 15, "the position")
    assert device_tool(gateway, "interval", "wb-0001", "--by", "d-0001", "--note", "试点", "--interval-s", "10").returncode == 0
    wait_command(gateway, "wb-0001", "interval", "played")
    shown = device_tool(gateway, "commands", "wb-0001")
    assert shown.returncode == 0 and "interval" in shown.stdout and "试点" in shown.stdout
    # What holds for good holds over a restart of the device, which nobody orders twice.
    assert device_tool(gateway, "restart", "wb-0001", "--by", "d-0001", "--note", "固件卡住").returncode == 0
    wait_command(gateway, "wb-0001", "restart", "played")
    band.kill()
    before = beats(gateway)
    band.start()
    wait_until(lambda: beats(gateway) >= before + 2, 40, "two reports at the new pace")


def test_an_order_waits_for_its_device_over_a_kill_and_is_done_once(world):
    broker, _, gateway = world.standard(homes=2)
    assert device_tool(gateway, "interval", "wb-0002", "--by", "d-0001", "--note", "省电", "--interval-s", "1200").returncode == 0
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    assert [row["state"] for row in commands(gateway, "wb-0002")] == ["queued"]
    band = world.device(broker, "wb-0002")
    band.wait("link up")
    wait_command(gateway, "wb-0002", "interval", "played")
    assert len(commands(gateway, "wb-0002")) == 1
    assert gateway.replayed_transitions() == gateway.stored_transitions()


def test_without_consent_a_position_is_asked_for_and_taken_in_only_while_an_sos_is_open(world):
    broker = world.broker()
    gateway = world.gateway(broker, world.county(homes=2, no_consent=(1,)))
    band = world.device(broker, "wb-0001")
    band.wait("link up")
    refused = device_tool(gateway, "locate", "wb-0001", "--by", "d-0001", "--note", "想知道在哪")
    assert refused.returncode == 1 and "not consented" in refused.stderr
    assert commands(gateway, "wb-0001") == []
    band.do("sos")
    alert = gateway.wait_alert("emergency", "r-0001")
    row = wait_command(gateway, "wb-0001", "locate", "played")
    assert (row["by"], row["basis"], row["alert"]) == ("sos", "life_safety", alert["id"])
    wait_until(lambda: fixes(gateway, "wb-0001"), 15, "the position")
    gateway.close(alert["id"], "true")
    refused = device_tool(gateway, "locate", "wb-0001", "--by", "d-0001", "--note", "想知道在哪")
    assert refused.returncode == 1, refused.stdout


def test_what_is_wrong_is_told_in_words(world):
    _, _, gateway = world.standard(homes=2)
    for words, status, text in ((["locate", "wb-9999", "--by", "d", "--note", "x"], 1, "no device of this id"),
                                (["locate", "cam-0001", "--by", "d", "--note", "x"], 1, "camera"),
                                (["locate", "wb-0001", "--by", "d"], 1, "note"),
                                (["interval", "wb-0001", "--by", "d", "--note", "x", "--interval-s", "9"], 1, "interval_s"),
                                (["interval", "wb-0001", "--by", "d", "--note", "x"], 1, "interval_s"),
                                (["sing"], 2, "there is no sing"), (["locate"], 2, "an id is missing"), ([], 2, "what shall be done")):
        done = device_tool(gateway, *words) if words else subprocess.run([binary("huyang"), "device"], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, text in done.stderr) == (status, True), (words, done.stderr)
    listed = device_tool(gateway, "list", "--kind", "wristband")
    assert listed.returncode == 0 and "wb-0001" in listed.stdout


def fading(firmware, percent, per_hour, hours=47):
    """Heartbeats of the hours up to now, as a band sends that was without a network."""
    now, events = int(time.time() * 1000), []
    for back in range(hours, -1, -1):
        event = wire.heartbeat(battery=int(percent + per_hour * back))
        event.heartbeat.firmware = firmware
        event.at_ms = now - back * 3600000
        events.append(event)
    return events


def test_firmware_and_days_left_are_kept_and_the_bands_to_charge_are_listed(world):
    broker = world.broker()
    gateway = world.gateway(broker, world.county(homes=4), settings={"detect": {"round_hour": 23}})
    fleet = world.fleet(broker, ["wb-0001", "wb-0002", "wb-0003"])
    fleet.report("wb-0001", *fading("band-2.4", 29, 1.5))
    fleet.report("wb-0002", *fading("band-2.5", 80, 0.25))
    event = wire.heartbeat(battery=60)
    event.heartbeat.firmware = "band-2.5"
    fleet.report("wb-0003", event)

    def devices(**words):
        query = "&".join(f"{name}={value}" for name, value in words.items())
        return {row["id"]: row for row in gateway.request("GET", f"/api/v1/devices?{query}")["devices"]}
    wait_until(lambda: devices().get("wb-0003", {}).get("firmware") and devices()["wb-0001"].get("battery_days_left")
               and devices()["wb-0002"].get("battery_days_left"), 20, "all are heard")
    got = devices()
    assert 0.7 <= got["wb-0001"]["battery_days_left"] <= 0.9 and got["wb-0001"]["trouble"] == "due"
    assert 12 <= got["wb-0002"]["battery_days_left"] <= 15 and got["wb-0002"]["trouble"] == "none"
    assert "battery_days_left" not in got["wb-0003"], "one reading tells nothing of days"
    assert list(devices(trouble="charge")) == ["wb-0001"]
    assert set(devices(firmware="band-2.5")) == {"wb-0002", "wb-0003"}
    alert = gateway.wait_alert("coverage", "r-0001")
    assert alert["level"] == "green"
    shown = device_tool(gateway, "list", "--trouble", "charge")
    assert shown.returncode == 0 and "wb-0001" in shown.stdout and "band-2.4" in shown.stdout and "wb-0002" not in shown.stdout
    versions = gateway.request("GET", "/api/v1/firmware")["versions"]
    assert {(row["kind"], row.get("firmware"), row["devices"]) for row in versions} == {
        ("wristband", "band-2.4", 1), ("wristband", "band-2.5", 2), ("wristband", None, 1), ("camera", None, 4)}
    assert "band-2.5" in device_tool(gateway, "firmware").stdout
    # It survives the end of the process, and the report of a stopped gateway has it.
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    assert devices()["wb-0001"]["battery_days_left"] == got["wb-0001"]["battery_days_left"] and devices()["wb-0002"]["firmware"] == "band-2.5"
    gateway.stop()
    today = datetime.date.today().isoformat()
    done = subprocess.run([binary("huyang"), "report", "--state-dir", gateway.state_dir, "--config", gateway.config, "--range", f"{today}..{today}", "--json"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    tables = json.loads(done.stdout)
    assert [row["device"] for row in tables["charge"]] == ["wb-0001"]
    assert {(row["firmware"], row["devices"]) for row in tables["firmware"] if row["kind"] == "wristband"} >= {("band-2.4", 1), ("band-2.5", 2)}


def test_what_the_report_does_not_list_it_counts(world):
    homes = 510
    bands = [f"wb-{n:04d}" for n in range(1, homes + 1)]
    broker = world.broker()
    gateway = world.gateway(broker, world.county(homes=homes))
    fleet = world.fleet(broker, bands)
    for number, band in enumerate(bands):
        event = wire.heartbeat(battery=4)
        event.heartbeat.firmware = f"band-{number % 70}"
        fleet.report(band, event)
    wait_until(lambda: fleet.unacked() == 0, 60, "all are heard")
    use = gateway.request("GET", "/api/v1/firmware")
    assert len(use["versions"]) == 64 and sum(row["devices"] for row in use["versions"]) + use["beyond"] == 2 * homes
    assert f"{use['beyond']} more that are not listed" in device_tool(gateway, "firmware").stdout
    gateway.stop()
    today = datetime.date.today().isoformat()
    words = [binary("huyang"), "report", "--state-dir", gateway.state_dir, "--config", gateway.config, "--range", f"{today}..{today}"]
    tables = json.loads(subprocess.run([*words, "--json"], capture_output=True, text=True, timeout=60, check=True).stdout)
    assert len(tables["charge"]) == 501 and tables["charge"][-1]["device"] == "others: 10"
    assert len(tables["firmware"]) == 65 and tables["firmware"][-1]["firmware"] == "other versions"
    assert sum(row["devices"] for row in tables["firmware"]) == homes


def rollout_tool(gateway, *arguments):
    return subprocess.run([binary("huyang"), "rollout", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def rollout(gateway):
    return gateway.request("GET", "/api/v1/rollouts")["rollouts"][0]


def test_a_rollout_reaches_every_band_once_over_a_kill(world):
    broker, _, gateway = world.standard(homes=3)
    started = rollout_tool(gateway, "start", "--by", "d-0001", "--note", "省电试点", "--interval-s", "900", "--stages", "40,100", "--watch-s", "0",
                           "--trouble-percent", "100")
    assert started.returncode == 0, started.stderr
    refused = rollout_tool(gateway, "start", "--by", "d-0001", "--note", "again", "--interval-s", "600")
    assert refused.returncode == 1 and "under way" in refused.stderr
    gateway.kill()
    gateway.start()
    assert rollout(gateway)["state"] == "running" and rollout(gateway)["by"] == "d-0001"
    bands = [world.device(broker, f"wb-000{home}") for home in (1, 2, 3)]
    for band in bands:
        band.wait("link up")
    done = wait_until(lambda: rollout(gateway) if rollout(gateway)["state"] == "done" else None, 30, "the roll-out is done")
    assert (done["audience"], done["acked"], done["stage"]) == (3, 3, 2)
    assert [event["state"] for event in done["events"]][-1] == "done" and done["events"][0]["why"] == "省电试点"
    for home in (1, 2, 3):
        assert [(row["command"], row["interval_s"], row["basis"], row["state"]) for row in commands(gateway, f"wb-000{home}")] == [("interval", 900, "rollout", "played")]
        assert gateway.request("GET", f"/api/v1/devices?q=wb-000{home}")["devices"][0]["report_interval_s"] == 900
    assert "done" in rollout_tool(gateway, "status").stdout
    assert gateway.replayed_transitions() == gateway.stored_transitions()


def test_a_rollout_is_stopped_by_a_person_and_what_is_wrong_is_told(world):
    _, _, gateway = world.standard(homes=2)
    for words, text in ((["start", "--by", "d", "--note", "x"], "interval_s"), (["start", "--by", "d", "--note", "x", "--interval-s", "900", "--stages", "50,10"], "stages"),
                        (["start", "--by", "d", "--note", "x", "--interval-s", "900", "--firmware", "v9"], "no wristband"),
                        (["start", "--by", "d", "--note", "x", "--interval-s", "900", "--territory", "999999"], "territory"), (["pause", "--by", "d", "--note", "x"], "no roll-out"),
                        (["abort", "--by", "d"], "note")):
        done = rollout_tool(gateway, *words)
        assert (done.returncode, text in done.stderr) == (1, True), (words, done.stderr)
    assert rollout_tool(gateway, "start", "--by", "d-0001", "--note", "x", "--interval-s", "900", "--stages", "100").returncode == 0
    assert rollout_tool(gateway, "abort", "--by", "d-0001", "--note", "手环重启").returncode == 0
    wait_until(lambda: {row["state"] for band in ("wb-0001", "wb-0002") for row in commands(gateway, band)} == {"cancelled"}, 10, "nothing is on its way")
    assert rollout(gateway)["state"] == "aborted" and rollout(gateway)["why"] == "手环重启"
