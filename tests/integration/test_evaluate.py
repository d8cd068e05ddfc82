"""tools/evaluate over a small made-up folder: two people with fixed ways, one home with a door."""
import json
import os
import random
import subprocess

from huyang_test import binary
from huyang_test.process import root_folder

START = 1767225600  # 2026-01-01T00:00:00Z


def write(path, lines):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(lines) + "\n")


def trace(north, seed):
    """60 days: at home, then an hour at one of three places of their own."""
    draw = random.Random(seed)
    for day in range(60):
        place = draw.choice((0.004, 0.006, 0.009)) * (1 if seed else -1)
        for step in range(18):
            lat = 34 + north + (place if 6 <= step < 12 else 0)
            yield f"{START + day * 86400 + 3600 + step * 600},{lat:.5f},108.00000,300"


def outings():
    yield "leave,return,minutes"
    for day in range(28):
        for month in (1, 2):
            yield f"2026-0{month}-{day + 1:02d} 09:{day:02d}:00,2026-0{month}-{day + 1:02d} 10:{day:02d}:00,60"


def evaluate(*arguments):
    return subprocess.run(["/usr/bin/python3", os.path.join(root_folder(), "tools", "evaluate"), "--binary", binary("huyang"), "--injections", "6", "--elders", "40",
                           "--weeks", "3",
                           *arguments], capture_output=True, text=True, timeout=300, check=False)


def test_every_figure_stands_beside_its_baseline_and_a_bad_line_is_named(tmp_path):
    data, report = str(tmp_path / "data"), str(tmp_path / "report.json")
    write(data + "/gps-traces/a.csv", trace(0, 0))
    write(data + "/gps-traces/b.csv", [*trace(0.02, 1), "nonsense,1,2,3"])
    write(data + "/outings/home.csv", sorted(outings(), key=lambda line: (line[0] != "l", line)))
    done = evaluate("--data", data, "--json", report)
    assert done.returncode == 1
    assert "b.csv:1081: " in done.stderr and "1 bad lines were skipped" in done.stderr
    with open(report, encoding="utf-8") as file:
        rows = {row["figure"]: row for row in json.load(file)}
    assert float(rows["swap, mean AUC: unusual-outing"]["value"]) > 0.95  # their places have nothing in common
    assert {"swap, mean AUC: new 250 m cells", "swap, mean AUC: log-rarity, 100 m", "genuine days told, as shipped"} <= set(rows)
    assert rows["false outing alerts, learned: all together"]["value"] == "0.00"
    assert rows["injected, found: short night exit"]["value"] == rows["injected, found: never back"]["value"] == "1.000"
    assert 0 < float(rows["never back, minutes after the usual return: as shipped"]["value"]) <= 60
    assert "swap, mean AUC: unusual-outing" in done.stdout


def test_a_folder_without_data_is_an_error_that_names_it(tmp_path):
    done = evaluate("--data", str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path}: neither gps-traces/ nor outings/ in it" in done.stderr
