"""`huyang policy`: what it shows loads back, what it foretells of a running gateway's alert is what that gateway does, what it finds wrong it names."""
import json
import os
import signal
import subprocess

from huyang_test import wait_until, wire
from huyang_test.process import binary

VILLAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scenario", "registry", "village")


def policy(*arguments):
    return subprocess.run([binary("huyang"), "policy", *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_what_is_shown_loads_back_to_the_same(tmp_path):
    first = policy("show")
    assert first.returncode == 0, first.stderr
    shown = tmp_path / "policy.yaml"
    shown.write_text(first.stdout, encoding="utf-8")
    again = policy("show", "--config", str(shown))
    assert (again.returncode, again.stdout) == (0, first.stdout)
    checked = policy("check", str(shown), "--registry", VILLAGE)
    assert checked.returncode == 0, checked.stdout


def test_check_names_faults_of_the_file_and_of_the_county_and_fails(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text("policy:\n  - {family: fraud, level: red, steps: [{do: notify}]}\n", encoding="utf-8")
    done = policy("check", str(file))
    assert done.returncode == 1
    assert f"{file}:2:41: policy[0] fraud/red step 0: notify needs a role" in done.stdout
    file.write_text("policy:\n  - {family: fraud, level: red, category: 无此类, steps: [{do: stop}, {do: notify, role: county_desk, after_s: 9}]}\n",
                    encoding="utf-8")
    done = policy("check", str(file), "--registry", VILLAGE)
    assert done.returncode == 1
    assert "policy[0] fraud/red step 1: is never reached: step 0 stops the rule before it" in done.stdout
    assert 'policy[0] fraud/red: no resident is "无此类"' in done.stdout


def test_explain_speaks_both_languages_and_json():
    options = ["explain", "--registry", VILLAGE, "--family", "emergency", "--level", "red", "--category", "失智", "--at", "2026-03-03T09:00:00+08:00"]
    english, chinese, data = policy(*options), policy(*options, "--lang", "zh"), policy(*options, "--json")
    assert "09:01:00  +60     tell town_desk t-0001 [unless acknowledged]" in english.stdout
    assert "09:01:00  +60     通知 town_desk t-0001【无人确认时】" in chinese.stdout
    answer = json.loads(data.stdout)
    assert answer["subject"] == "r-0005"
    assert [step["people"] for step in answer["steps"] if step["do"] == "notify"][0] == [{"role": "county_desk", "responder": "d-0001", "channel": True}]
    assert [step["police"] for step in answer["steps"] if step["do"] == "verify"] == ["2026-03-03T09:01:30+08:00"]


def test_explain_refuses_what_is_not_there():
    here = ["explain", "--registry", VILLAGE]
    assert policy(*here, "--family", "fire", "--level", "red").returncode == 2
    assert policy(*here, "--family", "fraud", "--level", "pink").returncode == 2
    assert policy(*here, "--family", "fraud", "--level", "red", "--territory", "1").returncode == 2
    assert policy(*here, "--family", "fraud", "--level", "red", "--resident", "r-9").returncode == 1
    assert policy(*here, "--family", "fraud", "--level", "red", "--at", "noon").returncode == 2
    assert policy(*here, "0" * 32).returncode == 2
    assert policy("explain", "--state-dir", "/nonexistent", "0" * 32).returncode == 2
    assert policy("dance").returncode == 2


def notified(gateway, alert):
    """Who is told by the jobs of an alert so far: (time to the second, role)."""
    return sorted((job["created"][:19], job["role"]) for job in gateway.jobs(alert, "notify"))


def test_what_is_foretold_of_a_running_alert_happens_also_after_a_kill(world):
    rule = {"family": "emergency", "level": "red", "steps": [
        {"do": "notify", "role": "grid_worker"},
        {"do": "notify", "role": "county_desk", "after_s": 2, "repeat_s": 10, "repeat_max": 1, "unless": "acknowledged"}]}
    broker, _, gateway = world.standard(homes=2)
    with open(gateway.config, "a", encoding="utf-8") as file:
        file.write("policy: " + json.dumps([rule]) + "\n")
    gateway.process.signal(signal.SIGHUP)
    wait_until(lambda: "config.reloaded" in gateway.process.tail(), 10, "the policy is in force")
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    done = policy("explain", "--config", gateway.config, "--state-dir", gateway.state_dir, "--json", alert)
    assert done.returncode == 0, done.stderr
    wanted = sorted((step["t"][:19], person["role"]) for step in json.loads(done.stdout)["steps"] for person in step["people"])
    assert [role for _, role in wanted] == ["grid_worker", "county_desk", "county_desk"]
    wait_until(lambda: len(notified(gateway, alert)) >= 2, 20, "the second step")
    gateway.kill()
    gateway.start()
    wait_until(lambda: len(notified(gateway, alert)) >= 3, 30, "the repeat")
    assert notified(gateway, alert) == wanted
