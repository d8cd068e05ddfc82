"""Silences through the command line: held back and written down, also over a kill; refused where nobody may silence; the same in replay."""
import datetime
import json
import subprocess

from huyang_test import wait_until, wire
from huyang_test.process import binary


def silences(gateway, *arguments):
    return subprocess.run([binary("huyang"), "silences", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def hours_ahead(hours):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).isoformat(timespec="seconds")


def listed(gateway, what):
    done = silences(gateway, what, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer["silences" if what == "list" else "suppressions"]


def test_a_silence_holds_over_a_kill_and_its_ledger_names_who_asked(world):
    broker, _, gateway = world.standard(homes=2)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002"])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    done = silences(gateway, "add", "--by", "wang", "--note", "设备检修", "--resident", "r-0001", "--until", hours_ahead(2))
    assert done.returncode == 0, done.stderr
    gateway.kill()
    gateway.start()
    assert [(row["resident"], row["by"], row["note"]) for row in listed(gateway, "list")] == [("r-0001", "wang", "设备检修")]
    fleet.report("wb-0001", wire.heartbeat(battery=3))
    fleet.report("wb-0002", wire.heartbeat(battery=3))
    held, told = gateway.wait_alert("coverage", "r-0001")["id"], gateway.wait_alert("coverage", "r-0002")["id"]
    wait_until(lambda: gateway.jobs(told, "task"), 10, "the other resident's task")
    assert gateway.jobs(held, "task") == []
    ledger = wait_until(lambda: listed(gateway, "ledger"), 10, "the ledger")
    assert [(row["alert"], row["kind"], row["rule"], row["by"], row["note"]) for row in ledger] == [(held, "task", "silence", "wang", "设备检修")]
    assert "设备检修" in silences(gateway, "ledger").stdout and "wang" in silences(gateway, "list").stdout

    fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    wait_until(lambda: len(gateway.jobs(alert, "notify")) >= 3, 10, "an SOS goes through")
    assert len(listed(gateway, "ledger")) == 1

    silence = listed(gateway, "list")[0]["id"]
    assert silences(gateway, "remove", silence, "--by", "li").returncode == 0
    assert listed(gateway, "list")[0]["removed_by"] == "li"
    again = silences(gateway, "remove", silence, "--by", "li")
    assert again.returncode == 1 and "no such silence" in again.stderr
    assert gateway.stored_transitions() == gateway.replayed_transitions()


def test_what_nobody_may_silence_is_refused_with_the_reason(world):
    _, _, gateway = world.standard(homes=1)
    good = {"--by": "wang", "--note": "x", "--resident": "r-0001", "--until": hours_ahead(1)}
    for change, word in (({"--family": "emergency"}, "family"), ({"--until": "noon"}, "until"), ({"--until": hours_ahead(24 * 31)}, "within 30 days"),
                         ({"--resident": "r-9"}, "not in the registry"), ({"--household": "h-0001"}, "the only one of"), ({"--by": "王"}, "by"),
                         ({"--resident": None, "--territory": "990001"}, "below the county"), ({"--resident": None}, "is missing"),
                         ({"--note": None}, "note")):
        words = [part for key, value in {**good, **change}.items() if value is not None for part in (key, value)]
        done = silences(gateway, "add", *words)
        assert done.returncode == 1, (change, done.stdout)
        assert word in done.stderr, (change, done.stderr)
    assert listed(gateway, "list") == []
    for words in ([], ["sing"], ["remove"], ["list", "x"], ["add", "--what"], ["add", "--by"]):
        done = subprocess.run([binary("huyang"), "silences", *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2, words
