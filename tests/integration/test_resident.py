"""A resident's rights on a real county: everything about a person comes out as files; nothing about them is left in any file after an erasure, or in a
backup made then; and nobody else loses anything."""
import csv
import hashlib
import json
import os
import shutil
import struct
import subprocess

import pytest

from huyang_test import wait_until, wire
from huyang_test.database import database
from huyang_test.process import binary

SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kill_at.c")
AWAY = {1: (34.0212347, 108.0012391), 2: (34.0412347, 108.0512393)}
NOTE = "老人{0}说没事，电话1380000000{0}，测试一组{0}号"


COUNTS = ("rows", "archive", "accounts", "registry_lines", "named_in")


def resident(config, verb, *arguments, environment=None):
    return subprocess.run([binary("huyang"), "resident", verb, *arguments, "--config", config], capture_output=True, text=True, timeout=120,
                          check=False, env={**os.environ, **(environment or {})})


def erase(config, *more, environment=None, who="r-0001"):
    return resident(config, "erase", who, "--reason", "asked for it", "--by", "wang", *more, environment=environment)


def coordinate_forms(value):
    forms = [b"%.6f" % value, b"%.5f" % value] + [struct.pack(kind, value) for kind in ("<d", ">d", "<f", ">f")]
    return forms + [struct.pack(kind, round(value * scale)) for scale in (10**7, 10**6) for kind in ("<i", ">i")]


def traces(number):
    """What would betray resident `number`, by what it is. The homes share a meridian: their latitude is what tells them apart."""
    words = {"name": [f"老人{number}"], "address": [f"测试一组{number}号"], "phone": [f"1380000000{number}"], "contact": [f"家属{number}"]}
    found = {kind: [form for text in texts for form in (text.encode(), text.encode("utf-16-le"), json.dumps(text)[1:-1].encode())]
             for kind, texts in words.items()}
    found["home"] = coordinate_forms(34.0 + 0.02 * number)
    found["position"] = coordinate_forms(AWAY[number][0]) + coordinate_forms(AWAY[number][1])
    return found


def seen(number, *folders):
    """{kind: [files]} of the traces that are in any file below the folders."""
    result = {}
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(place, name), "rb") as file:
                    data = file.read()
                for kind, forms in traces(number).items():
                    if any(form in data for form in forms):
                        result.setdefault(kind, []).append(os.path.join(place, name))
    return result


def others(state):
    """What stands about the second resident and the fourth, whose data an erasure of the first must leave as they are."""
    with database(os.path.join(state, "huyang.db")) as db:
        number = dict(db.execute("SELECT id, number FROM registry_row WHERE tbl='devices'"))
        people = dict(db.execute("SELECT id, number FROM registry_row WHERE tbl='residents'"))
        mine = [people["r-0001"]], [number["wb-0001"], number["cam-0001"]]
        rows = {"vault": db.execute("SELECT * FROM vault WHERE NOT (number=? AND tbl IN ('residents','households','contacts','visitors','zones'))", mine[0])}
        for table in ("input", "finding"):
            rows[table] = db.execute(f"SELECT * FROM {table} WHERE device NOT IN (?,?)", mine[1])  # noqa: S608
        rows["alert"] = db.execute("SELECT * FROM alert WHERE subject_kind=1 AND subject_no<>?", mine[0])
        rows["transition"] = db.execute("SELECT * FROM transition WHERE alert IN (SELECT id FROM alert WHERE subject_kind=1 AND subject_no<>?)", mine[0])
        rows["task"] = db.execute("SELECT * FROM task WHERE alert IN (SELECT id FROM alert WHERE subject_kind=1 AND subject_no<>?)", mine[0])
        rows["state"] = db.execute("SELECT * FROM state WHERE tbl IN (SELECT id FROM state_table WHERE name IN ('live.resident','detect.unusual-outing')) "
                                   "AND no<>?", mine[0])
        return {table: sorted(map(repr, found)) for table, found in rows.items()}


def verify(state):
    done = subprocess.run([binary("huyang"), "journal", "verify", "--state-dir", state], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def story(world):
    """Two residents go out, press SOS, are looked at and written about; then the gateway is stopped. A past day has its file."""
    broker, _, gateway = world.standard(homes=4)
    fleet = world.fleet(broker, [f"wb-000{i}" for i in range(1, 5)])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    for i in (1, 2):
        fleet.report(f"wb-000{i}", wire.fix(*AWAY[i]))
        fleet.report(f"wb-000{i}", wire.sos(), wire.fix(*AWAY[i]))
        alert = gateway.wait_alert("emergency", f"r-000{i}", level="red")["id"]
        gateway.acknowledge(alert)
        gateway.close(alert, "false", note=NOTE.format(i))
        fleet.report(f"wb-000{i}", wire.fall())
        gateway.request("GET", f"/api/v1/residents/r-000{i}")
    wait_until(lambda: fleet.unacked() == 0, 10, "all is taken")
    fleet.stop()
    assert gateway.stop() == 0
    archive = os.path.join(gateway.state_dir, "archive")
    os.mkdir(archive, 0o700)
    with database(os.path.join(archive, "2026-01-01.db"), write=True) as day, database(os.path.join(gateway.state_dir, "huyang.db")) as db:
        for table in ("input", "finding"):
            day.execute(db.execute("SELECT sql FROM sqlite_schema WHERE name=?", [table]).fetchone()[0])
            for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608
                day.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(row))})", row)  # noqa: S608
    return broker, gateway, world


def test_nothing_of_an_erased_person_is_left_and_nobody_else_loses_anything(story):
    broker, gateway, world = story
    folders = gateway.state_dir, gateway.settings["registry_dir"]
    everything = {"name", "address", "phone", "contact", "home", "position"}
    before, second = seen(1, *folders), seen(2, *folders)
    assert set(before) == everything and set(second) == everything, "the search finds what is there"
    assert any("archive" in path for path in before["position"])
    kept = others(gateway.state_dir)
    assert kept["alert"] and kept["transition"] and kept["input"]

    dry = erase(gateway.config, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    counts = json.loads(dry.stdout)
    assert counts["rows"]["input"] and counts["rows"]["transition"] and counts["archive"]["files"] == 1 and counts["registry_lines"] >= 6
    assert seen(1, *folders) == before, "a dry run changes nothing"

    done = erase(gateway.config)
    assert done.returncode == 0, done.stderr
    certificate = json.loads(done.stdout)
    assert certificate["erased"] == 1 and certificate["rows"] == counts["rows"] and certificate["archive"] == counts["archive"]
    assert "r-0001" not in done.stdout
    assert seen(1, *folders) == {}
    assert others(gateway.state_dir) == kept
    assert seen(2, *folders) == second
    verify(gateway.state_dir)
    assert len(os.listdir(os.path.join(gateway.state_dir, "erasures"))) == 1
    again = erase(gateway.config)
    assert again.returncode == 1 and "erased already" in again.stderr

    gateway.start()
    assert [line["id"] for line in gateway.request("GET", "/api/v1/residents")["residents"]] == ["r-0002", "r-0003", "r-0004"]
    fleet = world.fleet(broker, ["wb-0001", "wb-0003"])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    fleet.report("wb-0003", wire.sos())
    gateway.wait_alert("emergency", "r-0003", level="red")
    gateway.kill()
    gateway.start()
    backup = os.path.join(world.folder, "backup")
    gateway.tool("backup", "--state-dir", gateway.state_dir, "--to", backup)
    assert gateway.request("POST", "/api/v1/registry/import", {"folder": gateway.settings["registry_dir"]})["committed"]
    gateway.tool("journal", "export", "--state-dir", gateway.state_dir, "-o", os.path.join(world.folder, "journal.jsonl"))
    assert gateway.stop() == 0
    assert seen(1, *folders, backup) == {}
    verify(gateway.state_dir)
    verify(backup)
    with open(os.path.join(gateway.folder, "gateway.log"), encoding="utf-8") as log:
        assert "recover.state" not in log.read()


HANDED_ON = {"before": (34.0712341, 108.0912347), "after": (34.0912343, 108.0712349)}


def holds(number_pair, *folders):
    """Whether a position is in any file."""
    forms = coordinate_forms(number_pair[0]) + coordinate_forms(number_pair[1])
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                with open(os.path.join(place, name), "rb") as file:
                    data = file.read()
                if any(form in data for form in forms):
                    return True
    return False


@pytest.mark.parametrize("who, gone, kept", [("r-0001", "before", "after"), ("r-0002", "after", "before")])
def test_a_band_that_was_handed_on_tells_of_each_wearer_in_their_own_time(world, who, gone, kept):
    broker, _, gateway = world.standard(homes=2)
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    folder = gateway.settings["registry_dir"]
    fleet.report("wb-0001", wire.sos(), wire.fix(*HANDED_ON["before"]))
    gateway.wait_alert("emergency", "r-0001", level="red")
    wait_until(lambda: fleet.unacked() == 0, 10, "all is taken")
    path = os.path.join(folder, "devices.csv")
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    owner = rows[0].index("resident")
    for row in rows:
        if row[0] == "wb-0002":
            row[owner] = ""
    next(row for row in rows if row[0] == "wb-0001")[owner] = "r-0002"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    assert gateway.request("POST", "/api/v1/registry/import", {"folder": folder})["committed"]
    fleet.report("wb-0001", wire.sos(), wire.fix(*HANDED_ON["after"]))
    gateway.wait_alert("emergency", "r-0002", level="red")
    wait_until(lambda: fleet.unacked() == 0, 10, "all is taken")
    fleet.stop()
    assert gateway.stop() == 0
    assert all(holds(place, gateway.state_dir) for place in HANDED_ON.values()), "the search finds what is there"
    done = erase(gateway.config, who=who)
    assert done.returncode == 0, done.stderr
    assert not holds(HANDED_ON[gone], gateway.state_dir) and holds(HANDED_ON[kept], gateway.state_dir)
    verify(gateway.state_dir)


def test_a_shared_homes_visits_stay_and_name_the_erased_no_more(world):
    county = world.county(homes=2)
    path = os.path.join(county.folder, "residents.csv")
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[2][1] = "h-0001"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    broker, _, gateway = world.standard(county=county)
    fleet = world.fleet(broker, ["cam-0001"])
    wait_until(fleet.connected.is_set, 10, "the camera is connected")
    for who in ("r-0001", "r-0002"):
        seen_there = wire.visit("arrive", person="resident", visit_id="v-" + who)
        seen_there.visit.people[0].visitor_id = who
        fleet.report("cam-0001", seen_there)
    wait_until(lambda: fleet.unacked() == 0, 10, "all is taken")

    def named():
        return {person.get("visitor_id") for line in gateway.journal() for event in line.get("events", []) if "visit" in event for person in event["visit"]["people"]}
    assert named() == {"r-0001", "r-0002"}
    assert gateway.stop() == 0
    done = erase(gateway.config)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["named_in"] == 1
    assert named() - {None, ""} == {"r-0002"}
    verify(gateway.state_dir)


def test_an_erasure_that_is_killed_anywhere_is_finished_by_the_next(story, tmp_path):
    _, gateway, _ = story
    library = str(tmp_path / "kill_at.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-Wall", "-o", library, SHIM, "-ldl"], check=True)
    kept = others(gateway.state_dir)
    whole = json.loads(erase(gateway.config, "--dry-run").stdout)
    killed = number = 0
    while True:
        number += 1 + number // 8
        place = tmp_path / f"at-{number}"
        state, county = str(place / "state"), str(place / "county")
        shutil.copytree(gateway.state_dir, state)
        shutil.copytree(gateway.settings["registry_dir"], county)
        with open(gateway.config, encoding="utf-8") as file:
            text = file.read().replace(gateway.state_dir, state).replace(gateway.settings["registry_dir"], county)
        (place / "config.yaml").write_text(text, encoding="utf-8")
        first = erase(str(place / "config.yaml"), environment={"LD_PRELOAD": library, "KILL_AT": str(number)})
        assert first.returncode in (0, -9), first.stderr
        if first.returncode == -9:
            killed += 1
            done = erase(str(place / "config.yaml"))
            assert done.returncode == 0 or "erased already" in done.stderr, (number, done.stderr)
            if done.returncode == 0:  # whichever run finishes, its certificate is about all of it
                certificate = json.loads(done.stdout)
                assert {key: certificate[key] for key in COUNTS} == {key: whole[key] for key in COUNTS}, number
        assert seen(1, state, county) == {}, number
        assert others(state) == kept, number
        verify(state)
        shutil.rmtree(place)
        if first.returncode == 0:
            break
    assert killed > 5


def test_a_running_gateway_and_a_legal_hold_refuse(story):
    _, gateway, _ = story
    held = resident(gateway.config, "hold", "r-0001", "--reference", "(2026) 12", "--by", "wang")
    assert held.returncode == 0, held.stderr
    refused = erase(gateway.config)
    assert refused.returncode == 1 and "(2026) 12" in refused.stderr
    assert resident(gateway.config, "release", "r-0001", "--by", "wang").returncode == 0
    assert resident(gateway.config, "release", "r-0001", "--by", "wang").returncode == 1
    gateway.start()
    running = erase(gateway.config)
    assert running.returncode == 1 and "stop it" in running.stderr
    gateway.kill()
    for words in (["erase", "r-0001", "--by", "wang"], ["erase", "r-0001", "--reason", "x"], ["burn", "r-0001"], ["export", "r-0001"]):
        assert resident(gateway.config, *words).returncode == 2, words
    assert erase(gateway.config, who="r-9999").returncode == 1
    verify(gateway.state_dir)


def test_an_export_is_whole_beside_a_running_gateway_and_about_nobody_else(story):
    _, gateway, world = story
    gateway.start()
    out = os.path.join(world.folder, "export")
    done = resident(gateway.config, "export", "r-0001", "--out", out)
    assert done.returncode == 0, done.stderr
    with open(os.path.join(out, "manifest.txt"), encoding="utf-8") as file:
        digests = dict(reversed(line.split()) for line in file)
    for name, digest in digests.items():
        with open(os.path.join(out, name), "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == digest, name
    assert set(os.listdir(out)) == set(digests) | {"manifest.txt"}

    def lines(name):
        with open(os.path.join(out, name), encoding="utf-8") as file:
            return [json.loads(line) for line in file]
    assert {line["table"] for line in lines("registry.jsonl")} == {"households", "residents", "devices", "contacts", "visitors", "zones"}
    assert any("sos" in json.dumps(line) for line in lines("input.jsonl")) and any("sos" in json.dumps(line) for line in lines("2026-01-01.input.jsonl"))
    assert lines("alert.jsonl") and lines("finding.jsonl") and lines("viewed.jsonl")
    assert any(NOTE.format(1) in line["why"] for line in lines("transition.jsonl"))
    assert set(seen(1, out)) >= {"name", "address", "home", "position"} and "contact" not in seen(1, out)
    assert seen(2, out) == {}
    assert resident(gateway.config, "export", "r-0001", "--out", out).returncode == 1, "a folder is never written over"


def test_a_home_with_others_in_it_stays(world):
    county = world.county(homes=2)
    path = os.path.join(county.folder, "residents.csv")
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[2][1] = "h-0001"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    _, _, gateway = world.standard(county=county)
    assert gateway.stop() == 0
    done = erase(gateway.config)
    assert done.returncode == 0 and json.loads(done.stdout)["home"].startswith("kept"), done.stderr
    left = seen(1, gateway.state_dir, county.folder)
    assert set(left) == {"address", "home"}
    gateway.start()
    assert gateway.request("GET", "/api/v1/residents")["residents"][0]["id"] == "r-0002"
