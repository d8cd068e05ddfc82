"""The generated town of tools/evaluate and its judge: a town of our own, and small ones written by hand."""
import json
import os
import shutil
import subprocess

from huyang_test import binary
from huyang_test.process import root_folder

VILLAGE = os.path.join(root_folder(), "tests", "scenario", "registry", "village")
DAYS = [f"2026-05-{day:02d}" for day in range(4, 24)]  # no festival


def evaluate(report, *arguments):
    done = subprocess.run(["/usr/bin/python3", os.path.join(root_folder(), "tools", "evaluate"), "--binary", binary("huyang"), "--only", "town",
                           "--json", str(report), *arguments], capture_output=True, text=True, timeout=500, check=False)
    rows = {}
    if os.path.exists(report):
        with open(report, encoding="utf-8") as file:
            rows = {row["figure"]: row for row in json.load(file)}
    return done, rows


def folder_of(path, lines, truth):
    """Somebody else's town: calm days of one wristband, and what is said beside."""
    shutil.copytree(VILLAGE, path / "registry")
    calm = [{"t": f"{day}T{hour:02d}:00:00+08:00", "device": "wb-0001",
             "events": [{"heartbeat": {"battery_percent": 80, "charging": False, "worn": True}}, {"activity": {"steps": 200}}]}
            for day in DAYS for hour in range(6, 22)]
    whole = sorted([*calm, *lines], key=lambda line: line["t"])
    (path / "timeline.jsonl").write_text("".join(json.dumps(line) + "\n" for line in whole), encoding="utf-8")
    (path / "truth.jsonl").write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in truth), encoding="utf-8")


def pressed(day, resident="r-0001"):
    return {"pattern": "sos", "subject": {"resident": resident}, "from": f"{day}T10:30:00+08:00", "to": f"{day}T11:00:00+08:00"}


def test_a_town_of_our_own_is_found_again_from_its_seed_and_every_press_is_told(tmp_path):
    town, report = tmp_path / "town", tmp_path / "report.json"
    done, rows = evaluate(report, "--elders", "300", "--weeks", "4", "--keep", str(town))
    assert done.returncode == 0, done.stderr
    sos = rows["town, sos: recall"]
    assert int(sos["of"].split()[0]) >= 3 and sos["value"] == "1.000"
    assert rows["town, people, ordinary days: to the police, nobody having been asked to call"]["value"] == "0.00"
    assert float(rows["town, people, ordinary days: yellow"]["value"]) > 0
    assert {"town, unknown-visitor: precision", "town, silent: recall", "town, harmless: neighbour, false alerts for each"} <= set(rows)
    with open(town / "truth.jsonl", encoding="utf-8") as file:
        truth = [json.loads(line) for line in file]
    assert {"canvassing", "led-away", "unknown-visitor", "fall", "neighbour", "courier"} <= {row["pattern"] for row in truth}
    again = tmp_path / "again"
    for path in (again / "one", again / "two"):
        evaluate(again / "report", "--elders", "20", "--weeks", "2", "--seed", "5", "--keep", str(path))
    for name in ("timeline.jsonl", "truth.jsonl", "registry/devices.csv", "registry/zones.geojson"):
        assert (again / "one" / name).read_bytes() == (again / "two" / name).read_bytes()


def test_without_fraud_no_truth_speaks_of_it(tmp_path):  # an unknown visitor is a stranger of whatever trade
    done, rows = evaluate(tmp_path / "report.json", "--elders", "40", "--weeks", "3", "--prevalence", "0", "--keep", str(tmp_path / "town"))
    assert done.returncode == 0, done.stderr
    truth = (tmp_path / "town" / "truth.jsonl").read_text(encoding="utf-8")
    assert not any(f'"{pattern}"' in truth for pattern in ("canvassing", "gathering", "led-away", "visitor-then-bank", "repeat-visitor"))
    assert "town, led-away: recall" not in rows


def test_a_calm_town_with_an_empty_truth_has_nothing_red_and_nothing_to_find(tmp_path):
    folder_of(tmp_path, [], [])
    done, rows = evaluate(tmp_path / "report.json", "--data", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert all(rows[f"town, people, ordinary days: {level}"]["value"] == "0.00" for level in ("yellow", "orange", "red"))
    assert not any(": recall" in figure or ": precision" in figure for figure in rows)


def test_the_judge_counts_what_was_found_what_was_missed_and_what_was_false(tmp_path):
    def line(day, time, device):
        return {"t": f"{day}T{time}+08:00", "device": device, "event": {"sos": {"phase": "pressed"}}}
    presses = [line("2026-05-18", "10:30:00", "wb-0001"), line("2026-05-20", "10:33:00", "wb-0001"), line("2026-05-21", "10:30:00", "wb-0002")]
    closings = [{"t": f"{day}T12:00:00+08:00", "action": {"close": {"resident": resident, "family": "emergency", "disposition": "true", "by": "d"}}}
                for day, resident in (("2026-05-18", "r-0001"), ("2026-05-20", "r-0001"), ("2026-05-21", "r-0002"), ("2026-05-22", "r-0003"))]
    folder_of(tmp_path, presses + closings,
              [pressed("2026-05-18"), {**pressed("2026-05-20"), "pattern": "SOS", "subject": "r-0001"}, pressed("2026-05-19"),
               {**pressed("2026-05-21", "r-0002"), "harmless": True, "pattern": "drill"}, {**pressed("2026-05-22"), "seen": False}])
    done, rows = evaluate(tmp_path / "report.json", "--data", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert rows["town, sos: recall"]["value"] == "0.667" and rows["town, sos: recall"]["of"].startswith("3 ")
    assert rows["town, sos: recall where they could not"]["value"] == "0.000"
    assert rows["town, sos: precision"]["value"] == "0.667" and rows["town, sos: precision"]["of"].startswith("3 ")
    assert rows["town, sos: minutes until told"]["value"] in ("0", "2") and rows["town, sos: minutes until told"]["interval"] == "p90 3"
    assert rows["town, harmless: drill, false alerts for each"]["value"] == "1.000"
    assert rows["town: answers to alerts that were never opened"]["value"] == "1"


def test_a_bad_line_of_the_truth_is_named_and_the_others_are_judged(tmp_path):
    folder_of(tmp_path, [], ["nonsense\n", {"pattern": "sos"}, pressed("2026-05-19", "r-9999"), {**pressed("2026-05-19"), "from": "yesterday"},
                             pressed("2026-05-20")])
    done, rows = evaluate(tmp_path / "report.json", "--data", str(tmp_path))
    assert done.returncode == 1
    assert [f"truth.jsonl:{number}: " in done.stderr for number in range(1, 6)] == [True, True, True, True, False]
    assert "'r-9999' is not in the registry" in done.stderr and "4 bad lines were skipped" in done.stderr
    assert rows["town, sos: recall"]["value"] == "0.000"


def test_a_folder_without_a_truth_is_an_error_that_names_the_file(tmp_path):
    folder_of(tmp_path, [], [])
    os.remove(tmp_path / "truth.jsonl")
    done, _ = evaluate(tmp_path / "report.json", "--data", str(tmp_path))
    assert done.returncode == 1 and "truth.jsonl: No such file" in done.stderr
