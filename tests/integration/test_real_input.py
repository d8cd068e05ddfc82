"""Real people's traces and outings through broker and daemon on the virtual clock; then replay must give the same bytes.

The data lies beside the project (../shared/data) and may not be passed on; without it these tests are skipped. A few files by default, all with --full.
What came out is printed (pytest -s).
"""
import collections
import csv
import json
import os
import shutil
import statistics
import subprocess

import pytest
from huyang_test import Gateway, binary
from huyang_test.county import CODE, County
from huyang_test.process import Process, root_folder, wait_until

DATA = os.path.join(os.path.dirname(root_folder()), "shared", "data")
TRACES = ("020.csv", "073.csv", "091.csv")
OUTINGS = ("home-al.csv", "home-ka.csv")


# The traces lie years back, and their virtual days pass in seconds: what is thinned or archived meanwhile could not be told again.
KEPT = {"retention": {key: 0 for key in ("location_days", "health_days", "visitor_days", "input_days", "archive_days", "text_days")}}


class VirtualGateway(Gateway):
    """The daemon whose time is the fleet's."""

    def start(self, ready=True):
        self.process = Process([binary("huyang-gateway"), "--config", self.config, "--virtual-clock"],
                               log_path=os.path.join(self.folder, "gateway.log"), environment=self.environment)
        if ready:
            self.wait_ready()


class RealCounty(County):
    """Home i lies where the i-th trace is most often: its busiest half kilometre."""

    def __init__(self, folder, homes):
        self.places = homes
        super().__init__(folder, homes=len(homes))

    def home(self, i):
        return self.places[i - 1] or (34.0 + 0.02 * i, 108.0)


def files_of(kind, few, full):
    folder = os.path.join(DATA, kind)
    if not os.path.isdir(folder):
        pytest.skip(f"no real data: {folder} is missing")
    names = sorted(name for name in os.listdir(folder) if name.endswith(".csv"))
    return [os.path.join(folder, name) for name in names if full or name in few]


def chosen(world, name, paths):
    folder = world.path(name)
    os.makedirs(folder)
    for path in paths:
        shutil.copy(path, folder)
    return folder


def busiest_place(path):
    cells = collections.defaultdict(list)
    with open(path, encoding="ascii", newline="") as file:
        for _, lat, lon, _ in csv.reader(file):  # epoch_utc,lat,lon,altitude_ft without a header
            lat, lon = float(lat), float(lon)
            cells[round(lat * 200), round(lon * 150)].append((lat, lon))
    most = max(cells.values(), key=len)
    return statistics.median(p[0] for p in most), statistics.median(p[1] for p in most)


def run(world, homes, arguments, timeout_s, settings=None, meanwhile=lambda gateway: None):
    """Plays it to the end; returns the gateway and the fleet's record."""
    county = RealCounty(world.path("county"), homes)
    broker, desk = world.broker(), world.desk()
    gateway = VirtualGateway(world.path("gateway"), broker, county, desk, settings={**KEPT, **(settings or {})})
    world.closing.append(gateway)
    report = world.path("fleet.jsonl")
    fleet = Process([binary("huyang"), "fleet", "--broker", broker.url, "--county", CODE, "--registry", county.folder, "--virtual-clock",
                     "--report", report, *map(str, arguments)], log_path=world.path("fleet.log"))
    world.closing.append(fleet)
    meanwhile(gateway)
    wait_until(lambda: not fleet.alive(), timeout_s, "the fleet ends")
    fleet.reader.join(timeout=5)
    print("\n" + fleet.tail(14))
    assert fleet.child.returncode == 0, f"the fleet ended with {fleet.child.returncode}: {fleet.tail(30)}"
    with open(report, encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return gateway, rows


def replayed(gateway, until):
    journal = gateway.tool("journal", "export", "--state-dir", gateway.state_dir)
    done = subprocess.run([binary("huyang"), "replay", "--registry", gateway.settings["registry_dir"], "--config", gateway.config, "--until", until, "-"],
                          input=journal, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, f"replay ended with {done.returncode}: {done.stderr.decode()[-1000:]}"
    return b"".join(line + b"\n" for line in done.stdout.splitlines() if b'"transition":' in line)


def tell(stored):
    opened, levels = collections.Counter(), collections.defaultdict(dict)
    for line in stored.splitlines():
        row = json.loads(line)
        levels[row["family"]][row["alert"]] = row["level"]
        if row["transition"] == "opened":
            opened[row["family"]] += 1
    for family, alerts in sorted(levels.items()):
        print(f"{family}: {opened[family]} opened; last levels {dict(collections.Counter(alerts.values()))}")
    if not levels:
        print("no alert at all")


def judge(gateway, rows):
    """Everything was acknowledged, stands in the log once, and replay agrees."""
    summary = next(row for row in rows if row["what"] == "summary")
    assert summary["outstanding"] == 0 and summary["acked"] == summary["stored"] > 0
    gateway.stop()
    events = sum(len(line.get("events") or [line["event"]]) for line in gateway.journal() if "device" in line and "seq" in line)
    assert events == summary["stored"]
    stored = gateway.stored_transitions()
    tell(stored)
    assert replayed(gateway, summary["virtual_end"]) == stored
    return stored


def test_real_traces_live_equal_their_replay(world, full):
    paths = files_of("gps-traces", TRACES, full)
    folder = chosen(world, "traces", paths)
    gateway, rows = run(world, [busiest_place(path) for path in paths], ["--traces", folder], 3000 if full else 300)
    stored = judge(gateway, rows)
    assert b'"family":"outing"' in stored, "three people who moved about for months left no outing behind"


def test_real_outings_live_equal_their_replay(world, full):
    paths = files_of("outings", OUTINGS, full)
    folder = chosen(world, "outings", paths)
    gateway, rows = run(world, [None] * len(paths), ["--outings", folder], 1200 if full else 300)
    judge(gateway, rows)


def test_plausible_days_live_equal_their_replay(world, full):
    gateway, rows = run(world, [None] * (200 if full else 20),
                        ["--days", "--duration", 86400 * (7 if full else 1), "--heartbeat-interval", 3600, "--seed", 3], 1200 if full else 300)
    judge(gateway, rows)


def test_days_with_devices_out_of_reach_live_equal_their_replay(world):
    gateway, rows = run(world, [None] * 10, ["--days", "--duration", 86400, "--heartbeat-interval", 3600, "--offline", 0.3], 200)
    judge(gateway, rows)


def test_a_gateway_killed_in_virtual_time_still_equals_its_replay(world):
    def kill(gateway):
        for lines in (100, 800):
            wait_until(lambda: len(gateway.journal()) > lines, 60, f"{lines} inputs are in the log")
            gateway.kill()
            gateway.start()
    gateway, rows = run(world, [None] * 20, ["--days", "--duration", 3 * 86400, "--heartbeat-interval", 3600, "--seed", 5], 200, meanwhile=kill)
    judge(gateway, rows)


def test_the_same_seed_tells_the_same_days(world):
    """Two runs from nothing: the devices store the same events at the same times under the same numbers."""
    def one():
        _, rows = run(world, [None] * 5, ["--days", "--duration", 36000, "--heartbeat-interval", 3600, "--seed", 11], 120)
        return [(row["t"], row["device"], row["lane"], row["epoch"], row["seq"], row["kind"]) for row in rows
                if row["what"] == "stored" and row["kind"] != "command_status"]
    assert one() == one()


def test_stories_on_the_virtual_clock_are_answered_and_equal_their_replay(world):
    """A made-up day, so that this much is tested without the real data too: timers fire between steps, prompts are played in virtual time."""
    story = world.path("story.jsonl")
    with open(story, "w", encoding="utf-8") as file:
        for line in ('{"t":"2026-03-01T09:00:00+08:00","device":"wb-0001","event":{"sos":{}}}',
                     '{"t":"2026-03-01T09:30:00+08:00","device":"cam-0002","event":{"visit":{"visit_id":"v-1","phase":"arrive","place":"indoors",'
                     '"people":[{"class":"unknown"}]}}}',
                     '{"t":"2026-03-01T09:55:00+08:00","device":"cam-0002","event":{"visit":{"visit_id":"v-1","phase":"leave","place":"indoors"}}}',
                     '{"t":"2026-03-01T12:00:00+08:00","device":"wb-0003","event":{"fall":{}}}',
                     '{"t":"2026-03-01T12:30:00+08:00","device":"wb-0003","event":{"heartbeat":{"battery_percent":40}}}'):
            file.write(line + "\n")
    gateway, rows = run(world, [None] * 3, ["--story", story], 120)
    stored = judge(gateway, rows)
    played = {row["device"] for row in rows if row["what"] == "state" and row["state"] == "played"}
    assert "cam-0001" in played, "the SOS was not spoken to"
    assert stored.count(b'"transition":"opened"') >= 3
