"""Tasks through API and command line: taken, finished, refused with the reason; over a kill; the same in replay."""
import datetime
import json
import subprocess

from huyang_test import wait_until, wire
from huyang_test.process import binary


def tasks(gateway, *arguments):
    return subprocess.run([binary("huyang"), "tasks", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def listed(gateway, *arguments):
    done = tasks(gateway, "list", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["tasks"]


def test_a_call_back_becomes_a_visit_over_a_kill_and_its_history_stands(world):
    broker, _, gateway = world.standard(homes=2)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002"])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    fleet.report("wb-0001", wire.sos(cancelled=True))
    call = wait_until(lambda: listed(gateway, "--kind", "call-back"), 10, "the call-back")[0]
    assert (call["alert"], call["state"], call["subject"]) == (alert, "open", {"resident": "r-0001"})
    assert call["place"]["territories"]
    assert tasks(gateway, "finish", call["id"], "--by", "wang", "--outcome", "no_answer").returncode == 0
    gateway.kill()
    gateway.start()
    assert [task["attempts"] for task in listed(gateway, "--kind", "call-back")] == [1]
    assert tasks(gateway, "finish", call["id"], "--by", "wang", "--outcome", "no_answer", "--note", "又没人接").returncode == 0
    visit = listed(gateway, "--kind", "home_visit")[0]["id"]
    assert tasks(gateway, "assign", visit, "--by", "wang", "--to", "g-0001").returncode == 0
    assert tasks(gateway, "accept", visit, "--by", "g-0001").returncode == 0
    assert tasks(gateway, "arrive", visit, "--by", "g-0001").returncode == 0
    again = tasks(gateway, "arrive", visit, "--by", "g-0001")
    assert again.returncode == 1 and "state does not allow" in again.stderr
    wrong = tasks(gateway, "finish", visit, "--by", "g-0001", "--outcome", "collected")
    assert wrong.returncode == 1 and "outcome does not fit" in wrong.stderr
    assert tasks(gateway, "finish", visit, "--by", "g-0001", "--outcome", "seen_well", "--note", "在家").returncode == 0
    shown = tasks(gateway, "show", visit)
    assert "finished" in shown.stdout and "在家" in shown.stdout
    history = json.loads(tasks(gateway, "show", visit, "--json").stdout)["history"]
    assert [event["kind"] for event in history] == ["opened", "assigned", "accepted", "arrived", "finished"]
    assert listed(gateway) == []
    assert {task["state"] for task in listed(gateway, "--all", "yes")} <= {"done", "cancelled"}
    assert gateway.stored_transitions() == gateway.replayed_transitions()


def test_what_does_not_fit_is_refused_with_the_reason(world):
    _, _, gateway = world.standard(homes=1)
    nothing = "0" * 32
    for words, word in ((("finish", nothing, "--by", "wang", "--outcome", "safe"), "no task of this id"), (("show", nothing), "no task of this id"),
                        (("list", "--kind", "sing"), "a kind of task"), (("list", "--all", "no"), "must be yes")):
        done = tasks(gateway, *words)
        assert done.returncode == 1 and word in done.stderr, (words, done.stderr)
    for words in ([], ["sing"], ["accept"], ["list", "x"], ["accept", nothing, "--what", "x"], ["accept", nothing, "--by"]):
        done = subprocess.run([binary("huyang"), "tasks", *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2, words


def test_an_alert_is_assigned_and_snoozed_and_an_emergency_is_not(world):
    broker, _, gateway = world.standard(homes=1)
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).isoformat(timespec="seconds")

    def alerts(*arguments):
        return subprocess.run([binary("huyang"), "alerts", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                              capture_output=True, text=True, timeout=60, check=False)

    fleet.report("wb-0001", wire.heartbeat(battery=3))
    calm = gateway.wait_alert("coverage", "r-0001")["id"]
    fleet.report("wb-0001", wire.sos())
    urgent = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    assert alerts("assign", calm, "--by", "wang", "--to", "li").returncode == 0
    assert alerts("snooze", calm, "--by", "li", "--until", until, "--note", "在充电").returncode == 0
    shown = json.loads(alerts("show", calm, "--json").stdout)
    assert (shown["assigned_to"], shown["acknowledged_by"], shown["life"]) == ("li", "li", "taken")
    assert shown["snoozed_until"]
    refused = alerts("snooze", urgent, "--by", "li", "--until", until)
    assert refused.returncode == 1 and "never snoozed" in refused.stderr
    gateway.kill()
    gateway.start()
    assert json.loads(alerts("show", calm, "--json").stdout)["snoozed_until"] == shown["snoozed_until"]
    assert gateway.stored_transitions() == gateway.replayed_transitions()
