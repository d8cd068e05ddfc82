"""Contact rules of a person: channels one after the other over a kill, quiet hours in the ledger and the dry run, and nonsense refused with its place."""
import datetime
import json
import subprocess

from huyang_test import binary, wait_until

from test_reach import FIRST, Stage


def policy(*words):
    return subprocess.run([binary("huyang"), "policy", *words], capture_output=True, text=True, timeout=60, check=False)


def rules(gateway, value):
    with open(gateway.config, "a", encoding="utf-8") as file:
        file.write("contact_rules: " + json.dumps(value) + "\n")
    gateway.kill()
    gateway.start()


def test_a_kill_between_two_channels_loses_and_doubles_none(world):
    stage = Stage(world)
    rules(stage.gateway, [{"person": "c-0001", "channels": [{"by": "sms"}, {"by": "voice", "after_s": 4}]}, {"person": "c-0002", "channels": [{"by": "sms"}]}])
    stage.desk.press("*", "nothing")
    wait_until(stage.fleet.connected.is_set, 20, "the band is connected")
    alert = stage.sos()
    stage.wait("/sms", FIRST)
    stage.gateway.kill()
    stage.gateway.start()
    [call] = wait_until(lambda: stage.jobs(alert, "voice"), 30, "the call that comes later")
    stage.wait("/voice", FIRST)
    sms = stage.jobs(alert, "sms")
    assert len(sms) == 2, sms
    gap = datetime.datetime.fromisoformat(call["created"]) - datetime.datetime.fromisoformat(sms[0]["created"])
    assert gap == datetime.timedelta(seconds=4), "exact by the gateway's own clock"
    assert len([record for record in stage.of("/voice") if record["acted"]]) == 1
    assert stage.gateway.stored_transitions() == stage.gateway.replayed_transitions()


def test_the_dry_run_tells_channels_and_quiet_hours(world):
    stage = Stage(world, reports=False)
    registry = ("--registry", stage.gateway.settings["registry_dir"])
    rules(stage.gateway, [{"person": "c-0001", "quiet_from": "22:00", "quiet_until": "07:00", "channels": [{"by": "sms"}, {"by": "voice", "after_s": 60}]},
                          {"person": "c-0009", "channels": [{"by": "email"}]}])

    def people(level, at):
        done = policy("explain", "--config", stage.gateway.config, *registry, "--family", "outing", "--level", level, "--resident", "r-0001", "--at", f"2026-03-03T{at}:00+08:00", "--json")
        assert done.returncode == 0, done.stderr
        return {person.get("contact"): person for step in json.loads(done.stdout)["steps"] for person in step.get("people", [])}
    night = people("orange", "22:00")
    assert night["c-0001"]["held"] == "quiet_hours" and "held" not in night["c-0002"]
    assert night["c-0001"]["channels"] == [{"by": "sms", "after_s": 0}, {"by": "voice", "after_s": 60}] and "channels" not in night["c-0002"]
    assert "held" not in people("orange", "07:00")["c-0001"]
    text = policy("explain", "--config", stage.gateway.config, *registry, "--family", "outing", "--level", "orange", "--resident", "r-0001", "--at", "2026-03-03T22:00:00+08:00").stdout
    assert "c-0001" in text and "60" in text and "quiet_hours" in text
    done = policy("check", stage.gateway.config, *registry)
    assert done.returncode == 1 and "contact_rules[1] c-0009: the registry has neither" in done.stdout and "no operator serves this channel" in done.stdout


def test_nonsense_is_refused_with_its_place(tmp_path):
    file = tmp_path / "c.yaml"
    for text, place, words in (
            ("[{person: x}]", "{person", "says nothing"),
            ("[{person: x, channels: [{by: sms, after_s: 5}]}]", "{person", "first channel"),
            ("[{person: x, channels: [{by: sms}, {by: voice}]}]", "{person", "has to grow"),
            ("[{person: x, channels: [{by: sms}, {by: sms, after_s: 9}]}]", "{person", "twice"),
            ("[{person: x, channels: [{by: pigeon}]}]", "pigeon", "none of app, sms, voice, email"),
            ("[{person: x, channels: [{by: sms, after_s: 3601}]}]", "3601", "3600"),
            ("[{person: x, quiet_from: noon}]", "noon", "time of day"),
            ("[{quiet_from: \"22:00\"}]", "{quiet", "person"),
            ("[{person: x, quiet_from: \"22:00\"}, {person: x, quiet_from: \"23:00\"}]", "{person: x, quiet_from: \"23", "second rule")):
        file.write_text("contact_rules: " + text + "\n", encoding="utf-8")
        done = policy("check", str(file))
        assert done.returncode == 1 and words in done.stdout, (text, done.stdout)
        assert f"{file}:1:{len('contact_rules: ') + text.index(place) + 1}:" in done.stdout, (text, done.stdout)
