"""`huyang replay --against`: which alerts a changed configuration makes new, gone, higher, lower; what it says when nothing differs or something is wrong."""
import json
import os
import subprocess

from huyang_test.process import binary

VILLAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scenario", "registry", "village")
FALL = '{"t":"2026-03-03T09:%s+08:00","device":"wb-%04d","event":{"fall":{"phase":"%s"}}}'
VISIT = ('{"t":"2026-03-03T10:%02d:00+08:00","device":"cam-0001","event":{"visit":{"visit_id":"v1","phase":"%s","place":"indoors",'
         '"people":[{"class":"unknown","visitor_id":"x","confidence":0.9,"face_seen":true}]}}}')
BATTERY = '{"t":"2026-03-03T11:00:00+08:00","device":"wb-0003","event":{"heartbeat":{"battery_percent":20,"charging":false,"worn":true}}}'
DAY = [FALL % ("00:00", 1, "detected"), FALL % ("00:20", 1, "cancelled"), VISIT % (0, "arrive"), VISIT % (8, "leave"), BATTERY]


def replay(folder, new, old, *options, lines=DAY, stdin=False):
    for name, text in (("new.yaml", new), ("old.yaml", old), ("day.jsonl", "\n".join(lines) + "\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    return subprocess.run([binary("huyang"), "replay", "--registry", VILLAGE, "--config", "new.yaml", "--against", "old.yaml", *options,
                           "-" if stdin else "day.jsonl"], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
                          input="\n".join(lines) if stdin else None)


def changes(done):
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [(row["change"], row["family"], row.get("was"), row["level"], row["detectors"]) for row in rows if "change" in row], rows[-1]


def test_each_kind_of_change_is_told_with_its_detector(tmp_path):
    new = "detect:\n  fall_cancel_s: 10\n  visit_indoors_yellow_s: 300\n  flat_percent: 25\n"
    told, summary = changes(replay(tmp_path, new, "", "--json"))
    assert told == [("raised", "emergency", "green", "red", ["fall"]), ("raised", "visitor", "green", "yellow", ["unknown-visitor"]),
                    ("new", "coverage", None, "green", ["flat"])]
    assert summary["changes"] == {"same": 0, "new": 1, "gone": 0, "raised": 2, "lowered": 0}
    assert summary["alerts"] == {"old": 2, "new": 3}
    assert summary["detectors"]["flat"] == {"same": 0, "new": 1, "gone": 0, "raised": 0, "lowered": 0}
    back, summary = changes(replay(tmp_path, "", new, "--json", stdin=True))
    assert [row[0] for row in back] == ["lowered", "lowered", "gone"]
    assert summary["detectors"]["unknown-visitor"]["lowered"] == 1


def test_people_read_a_table_and_scripts_the_exit_status(tmp_path):
    done = replay(tmp_path, "detect: {flat_percent: 25}\n", "")
    assert done.returncode == 3, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("new      2026-03-03T11:00:00") and "r-0003" in lines[0] and "green" in lines[0] and "flat: " in lines[0]
    assert "2 alerts before, 3 now" in lines
    assert [line.split() for line in lines if line.startswith("all")] == [["all", "2", "1", "0", "0", "0"]]
    assert replay(tmp_path, "detect: {flat_percent: 25}\n", "").stdout == done.stdout


def test_nothing_differs(tmp_path):
    done = replay(tmp_path, "detect: {silent_s: 700}\n", "", "--until", "2026-03-03T11:00:01+08:00", "--json")
    assert (done.returncode, changes(done)[0]) == (0, [])
    empty = replay(tmp_path, "", "", "--json", lines=[])
    assert (empty.returncode, json.loads(empty.stdout)["alerts"]) == (0, {"old": 0, "new": 0})


def test_an_alert_that_opens_on_other_evidence_is_still_the_same(tmp_path):
    lines = [BATTERY, BATTERY.replace("11:00", "11:30").replace(":20,", ":14,")]
    told, summary = changes(replay(tmp_path, "detect: {flat_percent: 25}\n", "", "--json", lines=lines))
    assert (told, summary["changes"]["same"]) == ([], 1)
    lines[1] = lines[1].replace("11:30", "12:01")
    told, _ = changes(replay(tmp_path, "detect: {flat_percent: 25, silent_s: 86400}\n", "detect: {silent_s: 86400}\n", "--json", lines=lines))
    assert [row[0] for row in told] == ["new", "gone"]


def test_what_is_wrong_is_told_once_and_by_its_place(tmp_path):
    done = replay(tmp_path, "detect: {flat_percent: 25}\n", "", "--json", lines=[*DAY, "nonsense"])
    assert done.returncode == 2 and done.stderr.count("day.jsonl:6:") == 1
    assert changes(done)[0] != []
    done = replay(tmp_path, "", "detect: {flat_percent: 99}\n")
    assert done.returncode == 2 and "old.yaml:1:24: detect.flat_percent" in done.stderr and done.stdout == ""
    assert replay(tmp_path, "", "", "--findings").returncode == 2
    bare = subprocess.run([binary("huyang"), "replay", "--registry", VILLAGE, "--json", "day.jsonl"], cwd=tmp_path, capture_output=True, check=False)
    assert bare.returncode == 2 and b"--against" in bare.stderr
