"""Rosters through the command line: who is on now and next, stand-ins and swaps also over a kill, faults of a file with their place, and the old plan staying in force."""
import csv
import datetime
import json
import shutil
import signal
import subprocess

import pytest

from huyang_test import wait_until, wire
from huyang_test.process import binary

UTC = datetime.timezone.utc


def huyang(gateway, *arguments):
    return subprocess.run([binary("huyang"), "roster", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def ahead(hours):
    return (datetime.datetime.now(UTC) + datetime.timedelta(hours=hours)).isoformat(timespec="seconds")


def reload(gateway, text):
    with open(gateway.config, "a", encoding="utf-8") as file:
        file.write(text)
    gateway.process.signal(signal.SIGHUP)


def people(gateway):
    """Two responders of the county, by id."""
    with open(gateway.settings["registry_dir"] + "/responders.csv", encoding="utf-8") as file:
        return [line.split(",")[0] for line in list(file)[1:3]]


def plan(first, second, **more):
    start = (datetime.datetime.now(UTC) - datetime.timedelta(days=2)).date().isoformat()
    layer = {"start": start, "rotation": "weekly", "members": [first, second]}
    return {"name": "desk", "role": "county_desk", "layers": [layer], **more}


def on_now(gateway):
    done = huyang(gateway, "oncall", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["rosters"][0]


def told(gateway, alert):
    return [job["target"] for job in gateway.jobs(alert, "notify")]


def test_who_stands_in_is_told_also_after_a_kill(world):
    broker, _, gateway = world.standard(homes=2)
    first, second = people(gateway)
    rule = {"family": "emergency", "level": "red", "steps": [{"do": "notify", "roster": "desk"}, {"do": "notify", "roster": "desk", "after_s": 3}]}
    reload(gateway, "rosters: " + json.dumps([plan(first, second)]) + "\npolicy: " + json.dumps([rule]) + "\n")
    wait_until(lambda: "config.reloaded" in gateway.process.tail(), 10, "the roster is in force")
    before = on_now(gateway)
    assert [person["id"] for person in before["on"]] == [first] and [person["id"] for person in before["next"]] == [second]
    assert "gap" not in before and before["changes"] == []

    done = huyang(gateway, "override", "desk", "--by", "wang", "--note", "病假", "--to", second, "--from", ahead(-1), "--until", ahead(2))
    assert done.returncode == 0, done.stderr
    gateway.kill()
    gateway.start()
    assert [person["id"] for person in on_now(gateway)["on"]] == [second]
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    wait_until(lambda: len(gateway.jobs(alert, "notify")) == 1, 10, "the first step")
    gateway.kill()
    change = json.loads(subprocess.run([binary("huyang"), "policy", "explain", "--config", gateway.config, "--state-dir", gateway.state_dir, "--json", alert],
                                       capture_output=True, text=True, timeout=60, check=True).stdout)
    assert [person["responder"] for step in change["steps"] for person in step["people"]] == [second, second]
    gateway.start()
    wait_until(lambda: len(gateway.jobs(alert, "notify")) == 2, 20, "the second step, once")

    shown = huyang(gateway, "show", "desk", "--days", "3")
    assert "病假" in shown.stdout and "whoever is on" in shown.stdout
    [made] = on_now(gateway)["changes"]
    assert (made["by"], made["to"], made["note"]) == ("wang", second, "病假")
    assert huyang(gateway, "cancel", made["id"], "--by", "li").returncode == 0
    assert [person["id"] for person in on_now(gateway)["on"]] == [first]
    again = huyang(gateway, "cancel", made["id"], "--by", "li")
    assert again.returncode == 1 and "taken back" in again.stderr
    assert huyang(gateway, "swap", "desk", "--by", "wang", "--note", "x", "--to", second, "--instead", first, "--from", ahead(-1), "--until", ahead(1),
                  "--back-from", ahead(24 * 8), "--back-until", ahead(24 * 9)).returncode == 0
    assert [person["id"] for person in on_now(gateway)["on"]] == [second]
    assert gateway.stored_transitions() == gateway.replayed_transitions()


def test_what_cannot_be_is_refused_and_named(world):
    _, _, gateway = world.standard(homes=1)
    first, second = people(gateway)
    reload(gateway, "rosters: " + json.dumps([plan(first, second)]) + "\n")
    wait_until(lambda: "config.reloaded" in gateway.process.tail(), 10, "the roster is in force")
    wait_until(lambda: "no step of the policy tells this roster" in gateway.process.tail(), 10, "the warning")
    good = {"--by": "wang", "--note": "x", "--to": second, "--from": ahead(0), "--until": ahead(1)}
    for change, word in (({"--to": "nobody"}, "no such responder"), ({"--until": ahead(-1)}, "ends after it begins"), ({"--until": "noon"}, "until"),
                         ({"--instead": second}, "two different people"), ({"--note": None}, "note"), ({"--at": "now"}, "at")):
        words = [part for key, value in {**good, **change}.items() if value is not None for part in (key, value)]
        done = huyang(gateway, "override", "desk", *words)
        assert done.returncode == 1, (change, done.stdout)
        assert word in done.stderr, (change, done.stderr)
    assert "no roster" in huyang(gateway, "show", "night").stderr
    assert "days" in huyang(gateway, "show", "desk", "--days", "93").stderr
    assert huyang(gateway, "oncall", "--at", "noon").returncode == 1
    for words in ([], ["sing"], ["show"], ["oncall", "x"], ["override", "desk", "--what"]):
        assert subprocess.run([binary("huyang"), "roster", *words], capture_output=True, text=True, timeout=60, check=False).returncode == 2, words


def test_a_plan_with_a_fault_is_refused_with_its_place_and_the_old_stays(world):
    _, _, gateway = world.standard(homes=1)
    first, second = people(gateway)
    reload(gateway, "rosters: " + json.dumps([plan(first, second)]) + "\n")
    wait_until(lambda: "config.reloaded" in gateway.process.tail(), 10, "the roster is in force")
    with open(gateway.config, encoding="utf-8") as file:
        good = file.read()
    head = good[:good.index("rosters:")]
    line = head.count("\n") + 1
    for text, place, words in (
            ('[{name: a, role: county_desk, layers: [{start: "2026-02-30", rotation: daily, members: [x]}]}]', '"2026', "date"),
            ('[{name: a, role: county_desk, layers: [{start: "2026-02-03", rotation: monthly, members: [x]}]}]', "monthly", "none of daily, weekly, custom"),
            ('[{name: a, role: county_desk, layers: [{start: "2026-02-03", rotation: custom, members: [x]}]}]', "{start", "hours belong to rotation custom"),
            ('[{name: a, role: family, layers: [{start: "2026-02-03", rotation: daily, members: [x]}]}]', "{name", "one of responders"),
            ("[{name: a, role: town_desk, layers: []}]", "{name", "has no layers"),
            ('[{name: a, role: town_desk, layers: [{start: "2026-02-03", rotation: daily, members: []}]}]', "{start", "has no members"),
            ('[{name: a, role: town_desk, layers: [{start: "2026-02-03", rotation: daily, members: [x], weekdays: noday}]}]', "noday", "weekdays"),
            ("[{name: a, role: town_desk, layers: 5}]", "5}", "must be a list"),
            ("[{name: a}]", "{name", "missing")):
        with open(gateway.config, "w", encoding="utf-8") as file:
            file.write(head + "rosters: " + text + "\n")
        done = subprocess.run([binary("huyang"), "policy", "check", gateway.config], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1 and words in done.stdout, (text, done.stdout)
        assert f"{gateway.config}:{line}:{len('rosters: ') + text.index(place) + 1}:" in done.stdout, (text, done.stdout)
        gateway.process.signal(signal.SIGHUP)
        wait_until(lambda: words in gateway.process.tail(), 10, text)
        assert [person["id"] for person in on_now(gateway)["on"]] == [first]


def test_check_finds_gaps_and_people_who_are_not_there(tmp_path, world):
    _, _, gateway = world.standard(homes=1)
    file = tmp_path / "c.yaml"
    file.write_text("rosters:\n  - name: night\n    role: county_desk\n    layers:\n"
                    "      - {start: \"2026-01-01\", rotation: daily, members: [d-nobody], from: \"18:00\", until: \"08:00\"}\n", encoding="utf-8")
    done = subprocess.run([binary("huyang"), "policy", "check", str(file), "--registry", gateway.settings["registry_dir"], "--at", "2026-03-03T09:00:00+08:00"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert f"{file}:5:9: roster night: layer 0: there is no responder d-nobody" in done.stdout
    assert f"{file}:2:5: roster night: nobody is on duty from 2026-03-03T09:00:00+08:00 until 2026-03-31T09:00:00+08:00 or longer" in done.stdout
    assert f"{file}:2:5: roster night: no step of the policy tells this roster" in done.stdout


def reachable(tmp_path, gateway, desks=1):
    """A copy of the county in which everybody has a channel, with so many at the county desk."""
    folder = tmp_path / "registry"
    shutil.copytree(gateway.settings["registry_dir"], folder)
    for name in ("responders.csv", "contacts.csv"):
        with open(folder / name, encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file)
        if "role" in columns:
            desk = next(row for row in rows if "county_desk" in row)
            rows += [[f"n-{no}", *desk[1:]] for no in range(1, desks)]
        with open(folder / name, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys([*columns, "channels"])))
            writer.writeheader()
            writer.writerows({**dict(zip(columns, row)), "channels": "sms"} for row in rows)
    return folder


def check(tmp_path, folder, rule, rosters=()):
    file = tmp_path / "c.yaml"
    file.write_text("rosters: " + json.dumps(rosters) + "\npolicy: " + json.dumps([rule]) + "\n", encoding="utf-8")
    return subprocess.run([binary("huyang"), "policy", "check", str(file), "--registry", str(folder)], capture_output=True, text=True, timeout=60,
                          check=False)


def test_check_has_no_complaint_about_a_roster_that_is_told_by_its_name(tmp_path, world):
    _, _, gateway = world.standard(homes=1)
    rule = {"family": "emergency", "level": "red", "steps": [{"do": "notify", "roster": "desk"}]}
    done = check(tmp_path, reachable(tmp_path, gateway), rule, [plan(*people(gateway))])
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_what_comes_to_nothing_is_told_at_the_start_and_at_a_reload(world):
    rule = {"family": "emergency", "level": "red", "steps": [{"do": "notify", "role": "county_desk", "roster": "999999"}]}
    _, _, gateway = world.standard(homes=1, settings={"policy": [rule]})
    wait_until(lambda: "policy[0] emergency/red step 0: there is no territory 999999" in gateway.process.tail(200), 10, "the policy's fault at the start")
    reload(gateway, "contact_rules: " + json.dumps([{"person": "d-nobody", "channels": [{"by": "app"}]}]) + "\n")
    wait_until(lambda: "contact_rules[0] d-nobody: the registry has neither" in gateway.process.tail(200), 10, "the contact rule's fault at the reload")
    assert gateway.process.tail(400).count("there is no territory 999999") == 2


@pytest.mark.parametrize("desks", (8, 9))
def test_check_names_a_role_with_more_people_than_are_told(tmp_path, world, desks):
    _, _, gateway = world.standard(homes=1)
    rule = {"family": "emergency", "level": "red", "steps": [{"do": "notify", "role": "county_desk"}]}
    done = check(tmp_path, reachable(tmp_path, gateway, desks), rule)
    assert done.returncode == (desks > 8), done.stdout
    assert ("there are more people county_desk" in done.stdout) == (desks > 8), done.stdout


def test_a_gap_that_somebody_fills_is_no_fault_and_one_that_is_left_is(world):
    _, _, gateway = world.standard(homes=1)
    first, second = people(gateway)
    day = datetime.datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = (day + datetime.timedelta(days=2)).date().isoformat()  # nobody until then, by the plan
    rule = {"family": "emergency", "level": "red", "steps": [{"do": "notify", "roster": "desk"}]}
    late = {"name": "desk", "role": "county_desk", "layers": [{"start": start, "rotation": "daily", "members": [first, second]}]}
    reload(gateway, "rosters: " + json.dumps([late]) + "\npolicy: " + json.dumps([rule]) + "\n")
    wait_until(lambda: "nobody is on duty" in gateway.process.tail(), 10, "the gap is told")
    gap = on_now(gateway)["gap"]

    def check():
        return subprocess.run([binary("huyang"), "policy", "check", gateway.config, "--state-dir", gateway.state_dir], capture_output=True, text=True,
                              timeout=60, check=False)

    assert "roster desk: nobody is on duty" in check().stdout
    assert huyang(gateway, "override", "desk", "--by", "wang", "--note", "until the plan begins", "--to", second, "--from", ahead(-1),
                  "--until", gap["until"]).returncode == 0
    assert "gap" not in on_now(gateway)
    assert "nobody is on duty" not in check().stdout
    gateway.stop()
    with open(gateway.process.log_path, encoding="utf-8") as file:
        before = file.read().count("nobody is on duty")
    gateway.start()
    with open(gateway.process.log_path, encoding="utf-8") as file:
        assert file.read().count("nobody is on duty") == before
    [made] = on_now(gateway)["changes"]
    assert huyang(gateway, "cancel", made["id"], "--by", "wang").returncode == 0
    assert "roster desk: nobody is on duty" in check().stdout
