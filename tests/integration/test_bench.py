"""`huyang bench`: its rows, its JSON and its manners. What it measures is not judged here: a test machine is no bench."""
import json
import subprocess

import pytest

from huyang_test.process import binary

ROWS = {"core", "store", "pipeline", "latency", "restart", "memory", "tls", "alerts", "desk", "lists"}


def bench(*arguments, timeout_s=300):
    return subprocess.run([binary("huyang"), "bench", *map(str, arguments)], capture_output=True, text=True, timeout=timeout_s, check=False)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """One quick run of everything: its JSON, its table, and the folder it worked in."""
    folder = tmp_path_factory.mktemp("bench")
    work = folder / "work"
    work.mkdir()
    done = bench("--quick", "--folder", work, "--json", folder / "figures.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "figures.json").read_text(encoding="utf-8")), done, work


def test_a_quick_run_has_every_row(quick):
    report, _, _ = quick
    assert report["quick"] is True
    assert {figure["row"] for figure in report["figures"]} == ROWS
    assert all(figure["measured"] for figure in report["figures"])


def test_every_figure_with_a_target_says_whether_it_was_met(quick):
    report, _, _ = quick
    judged = [figure for figure in report["figures"] if "target_of" in figure]
    assert {figure["row"] for figure in judged} >= {"core", "pipeline", "latency", "restart", "memory", "tls"}
    for figure in judged:
        assert isinstance(figure["met"], bool)
        number = figure["value"] if figure["target_of"] == "value" else figure["ratio"]
        within = number >= figure["at_least"] if "at_least" in figure else number <= figure["at_most"]
        assert within or not figure["met"]


def test_the_yardsticks_stand_beside_their_figures(quick):
    report, _, _ = quick
    for row in ("core", "store", "pipeline", "latency", "tls"):
        beside = [figure for figure in report["figures"] if figure["row"] == row and "yardstick" in figure]
        assert beside, row
        assert all(figure["yardstick_value"] > 0 for figure in beside), row


def test_every_event_of_the_pipeline_was_acknowledged(quick):
    report, _, _ = quick
    for figure in report["figures"]:
        if figure["row"] == "pipeline":
            assert " 0 lanes not wholly acknowledged" in figure["note"]


def test_a_county_with_many_open_alerts_is_measured_whole(quick):
    report, _, _ = quick
    names = " ".join(figure["name"] for figure in report["figures"] if figure["row"] == "alerts")
    for what in ("raised", "nothing due", "watchdog", "something due", "ready with", "a page of 100"):
        assert what in names, what
    [raised] = [figure for figure in report["figures"] if figure["row"] == "alerts" and figure["name"].startswith("raised")]
    assert raised["yardstick_value"] > 0  # the first of them, so that a walk over all that is open would show


def test_the_machine_is_named(quick):
    report, _, _ = quick
    machine = report["machine"]
    assert machine["cores"] >= 1
    for fact in ("cpu", "kernel", "disk", "ended"):
        assert machine[fact]


def test_the_table_has_a_line_for_each_figure_and_no_progress_without_a_terminal(quick):
    report, done, _ = quick
    for figure in report["figures"]:
        assert any(line.startswith(figure["row"]) and figure["name"] in line for line in done.stdout.splitlines()), figure["name"]
    assert "\r" not in done.stderr + done.stdout


def test_nothing_is_left_behind(quick):
    _, _, work = quick
    assert not list(work.iterdir())


def test_json_to_standard_output_is_only_json(tmp_path):
    done = bench("--quick", "--row", "store", "--folder", tmp_path, "--json", "-")
    assert done.returncode == 0, done.stderr
    assert {figure["row"] for figure in json.loads(done.stdout)["figures"]} == {"store"}


@pytest.mark.parametrize("arguments", [["--row", "speed"], ["--rows"], ["core"], ["--json"]])
def test_wrong_usage_is_status_2_and_measures_nothing(arguments):
    done = bench(*arguments, timeout_s=10)
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr != ""


def test_a_folder_that_cannot_be_used_is_status_1(tmp_path):
    done = bench("--quick", "--row", "store", "--folder", tmp_path / "missing", timeout_s=10)
    assert done.returncode == 1
    assert "missing" in done.stderr
