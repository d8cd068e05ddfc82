"""`huyang fleet` against the real broker and daemon: what its devices store arrives once, and an SOS is answered."""
import collections
import json
import os
import shutil
import subprocess

from huyang_test import Gateway, binary, wait_until
from huyang_test.county import CODE
from huyang_test.process import Process

HOMES = 50


def start(world, broker, county, *arguments):
    """A running fleet; its record is a file that is read when it has ended."""
    report = world.path("fleet.jsonl")
    process = Process([binary("huyang"), "fleet", "--broker", broker.url, "--county", CODE, "--registry", county.folder, "--report", report,
                       *map(str, arguments)], log_path=world.path("fleet.log"))
    process.report = report
    world.closing.append(process)
    return process


def finish(fleet, timeout_s=120):
    """Waits for the end; returns the record by what it says."""
    wait_until(lambda: not fleet.alive(), timeout_s, "the fleet ends")
    fleet.reader.join(timeout=5)
    assert fleet.child.returncode == 0, f"the fleet ended with {fleet.child.returncode}: {fleet.tail(30)}"
    rows = collections.defaultdict(list)
    with open(fleet.report, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            rows[row["what"]].append(row)
    return rows


def keys_of(rows):
    return collections.Counter((row["device"], row["lane"], row["epoch"], row["seq"]) for row in rows)


def keys_in_log(journal):
    found = collections.Counter()
    for line in journal:
        if "device" not in line or "seq" not in line:
            continue
        events = line.get("events") or [line["event"]]
        for seq in line.get("seqs") or range(line["seq"], line["seq"] + len(events)):
            found[line["device"], line["lane"], line["epoch"], seq] += 1
    return found


def test_every_event_of_the_load_is_acknowledged_and_stands_once_in_the_log(world):
    county = world.county(homes=HOMES)
    broker, _, gateway = world.standard(county=county)
    rows = finish(start(world, broker, county, "--rate", 200, "--sos-every", 1, "--duration", 5, "--play-ms", 200))
    summary = rows["summary"][0]
    assert summary["stored"] >= 900 and summary["acked"] == summary["stored"] and summary["outstanding"] == 0
    assert keys_in_log(gateway.journal()) == keys_of(rows["stored"])
    assert {row["kind"] for row in rows["stored"]} >= {"heartbeat", "fix", "activity", "sos", "command_status"}


def test_an_sos_of_the_fleet_is_answered_by_a_prompt_that_is_played(world):
    county = world.county(homes=HOMES)
    broker, _, gateway = world.standard(county=county)
    fleet = start(world, broker, county, "--sos-every", 1, "--play-ms", 100)
    gateway.wait_alert("emergency", "r-0001", level="red", timeout_s=30)
    alert = gateway.alert_of("emergency", "r-0001")
    wait_until(lambda: [job["state"] for job in gateway.jobs(alert["id"], "prompt")] == ["played"], 20, "'played' is stored")
    fleet.signal(2)
    rows = finish(fleet)
    played = {row["id"] for row in rows["state"] if row["state"] == "played"}
    acted = collections.Counter((row["device"], row["id"]) for row in rows["acted"])
    assert played and all(count == 1 for count in acted.values())
    assert rows["summary"][0]["sos_to_played"]["count"] >= 1


def test_devices_out_of_reach_tell_everything_when_they_are_back(world):
    county = world.county(homes=HOMES)
    broker, _, gateway = world.standard(county=county)
    rows = finish(start(world, broker, county, "--rate", 100, "--offline", 0.5, "--duration", 3))
    silent = {row["device"] for row in rows["stored"]} - {row["device"] for row in rows["ack"]}
    assert not silent and rows["summary"][0]["outstanding"] == 0
    assert keys_in_log(gateway.journal()) == keys_of(rows["stored"])


def test_a_gateway_that_is_killed_under_load_costs_no_event(world):
    county = world.county(homes=HOMES)
    broker, _, gateway = world.standard(county=county)
    fleet = start(world, broker, county, "--rate", 100, "--duration", 4, "--drain", 90)
    wait_until(lambda: any("fleet of" in line for line in fleet.lines), 10, "the fleet runs")
    wait_until(lambda: gateway.journal(), 10, "the first events are in the log")
    gateway.kill()
    gateway.start()
    rows = finish(fleet, 150)
    assert rows["summary"][0]["outstanding"] == 0
    assert keys_in_log(gateway.journal()) == keys_of(rows["stored"])


def test_prompts_fail_when_speakers_do(world):
    county = world.county(homes=HOMES)
    broker, _, _ = world.standard(county=county)
    rows = finish(start(world, broker, county, "--sos-every", 0.5, "--duration", 3, "--fail-prompts", 1))
    prompts = {row["id"] for row in rows["command"] if row["prompt"]}
    states = collections.Counter(row["state"] for row in rows["state"] if row["id"] in prompts)
    assert states["failed"] > 0 and states["played"] == 0


def test_a_story_is_told_by_the_devices_it_names(world):
    county = world.county(homes=HOMES)
    broker, _, gateway = world.standard(county=county)
    story = world.path("story.jsonl")
    with open(story, "w", encoding="utf-8") as file:
        file.write('{"t":"2026-03-01T09:00:00+08:00","device":"wb-0003","events":[{"heartbeat":{"battery_percent":4}},{"sos":{}}]}\n'
                   '{"t":"2026-03-01T09:00:02+08:00","device":"cam-0004","event":{"visit":{"visit_id":"v-1","phase":"arrive","place":"indoors",'
                   '"people":[{"class":"unknown"}]}}}\n')
    rows = finish(start(world, broker, county, "--story", story, "--speed", 10))
    told = [(row["device"], row["kind"]) for row in rows["stored"] if row["kind"] != "command_status"]
    # The fix answers the gateway, which asks at once where somebody is who presses.
    assert sorted(told) == [("cam-0004", "visit"), ("wb-0003", "fix"), ("wb-0003", "heartbeat"), ("wb-0003", "sos")]
    gateway.wait_alert("emergency", "r-0003", level="red")
    gateway.wait_alert("visitor", "h-0004")


def test_a_wrong_use_is_told_in_one_line():
    for arguments, words in ((["--homes", "5"], "--broker is needed"),
                             (["--broker", "tcp://127.0.0.1:1", "--homes", "5"], "nothing would happen"),
                             (["--broker", "tcp://127.0.0.1:1", "--homes", "5", "--rate", "-1"], "out of range"),
                             (["--broker", "http://127.0.0.1", "--homes", "5", "--rate", "1"], "tcp://HOST")):
        done = subprocess.run([binary("huyang"), "fleet", *arguments], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 2 and words in done.stderr, (arguments, done.stderr)


def test_a_broker_that_is_killed_costs_no_event(world):
    county = world.county(homes=HOMES)
    broker, _, gateway = world.standard(county=county)
    fleet = start(world, broker, county, "--rate", 100, "--duration", 6, "--drain", 90)
    wait_until(lambda: gateway.journal(), 20, "the first events are in the log")
    broker.kill(emptied=True)
    broker.start()
    rows = finish(fleet, 150)
    assert rows["summary"][0]["outstanding"] == 0
    assert keys_in_log(gateway.journal()) == keys_of(rows["stored"])


def test_flash_in_files_outlives_a_killed_fleet(world):
    county = world.county(homes=HOMES)
    broker = world.broker()  # and no gateway yet: nothing can be acknowledged
    flash = world.path("flash")
    arguments = ("--rate", 100, "--duration", 60, "--state-dir", flash)
    first = start(world, broker, county, *arguments)
    wait_until(lambda: os.path.exists(first.report) and os.path.getsize(first.report) > 50000, 30, "some hundred events are stored")
    first.kill()
    with open(first.report, encoding="utf-8") as file:
        lines = file.read().split("\n")[:-1]  # the last one may be cut off
    stored = [row for row in map(json.loads, lines) if row["what"] == "stored"]
    gateway = world._keep(Gateway(world.path("gateway"), broker, county))
    rows = finish(start(world, broker, county, "--rate", 1, "--duration", 1, "--drain", 90, "--state-dir", flash), 150)
    assert rows["summary"][0]["outstanding"] == 0
    log = keys_in_log(gateway.journal())
    assert keys_of(stored) - log == collections.Counter()
    assert set(log.values()) == {1}


def test_without_an_acknowledgement_the_status_says_so(world):
    county = world.county(homes=2)
    done = subprocess.run([binary("huyang"), "fleet", "--broker", world.broker().url, "--county", CODE, "--registry", county.folder, "--rate", "5",
                           "--duration", "1", "--drain", "1"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "were not acknowledged" in done.stderr, done.stderr


def test_the_same_seed_makes_the_same_homes_up(world):
    broker = world.broker()

    def folder_of(seed):
        done = subprocess.run([binary("huyang"), "fleet", "--broker", broker.url, "--homes", "30", "--seed", seed, "--rate", "1", "--duration", "0.1",
                               "--drain", "0"], capture_output=True, text=True, timeout=60, check=False)
        folder = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("registry "))
        with open(os.path.join(folder, "residents.csv"), encoding="utf-8") as file:
            text = file.read()
        shutil.rmtree(folder)
        return text
    assert folder_of("5") == folder_of("5") != folder_of("6")


def test_homes_left_to_real_devices_are_not_simulated(world):
    county = world.county(homes=6)
    broker, _, gateway = world.standard(county=county)
    rows = finish(start(world, broker, county, "--rate", 50, "--duration", 2, "--skip-homes", 4))
    assert {row["device"] for row in rows["stored"]} == {"wb-0005", "cam-0005", "wb-0006", "cam-0006"}
    assert keys_in_log(gateway.journal()) == keys_of(rows["stored"])
