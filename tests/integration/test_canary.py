"""A canary: somebody who does not exist calls for help. All of the way is real and marked as a drill; no person, no task, no police."""
import datetime
import json
import os
import re
import shutil
import subprocess

from huyang_test import wait_until
from huyang_test.process import binary

WATCH = {"stall_s": 5, "after_s": 1, "calm_s": 1, "canary_s": 10}
POLICY = [{"family": "emergency", "level": "red", "category": "canary", "steps": [
    {"do": "prompt", "prompt": "sos-heard"}, {"do": "notify", "role": "county_desk"}, {"do": "webhook", "to": "probe"},
    {"do": "task", "role": "grid_worker", "prompt": "home_visit"}, {"do": "verify", "role": "county_desk"}, {"do": "police"}]},
    {"family": "emergency", "level": "red", "steps": [{"do": "police"}]}, {"family": "fleet", "level": "orange", "steps": [{"do": "notify", "role": "county_desk"}]}]


def test_a_canary_tries_the_whole_way_and_its_silence_is_an_alert(world):
    broker, desk = world.broker(), world.desk()
    settings = {"watch": WATCH, "policy": POLICY, "alert": {"repeat_silent_s": 1}, "relay": {"police": {"url": desk.url + "/cap", "direct": ["sos"]}, "webhook": [
        {"name": "desk", "url": desk.url + "/hook/all", "secret_file": desk.secret_file},
        {"name": "probe", "url": desk.url + "/hook/probe", "secret_file": desk.secret_file}]}}
    gateway = world.gateway(broker, world.county(homes=2, tags={1: "canary"}), desk, settings=settings)
    canary, _ = world.device(broker, "wb-0001"), world.device(broker, "cam-0001")
    canary.do("sos")
    record = desk.wait_record(lambda record: record["path"] == "/hook/probe", 20, "the canary's notification")
    assert record["exercise"] is True
    alert = gateway.request("GET", f"/api/v1/alerts/{record['alert']}")
    assert (alert["level"], alert["exercise"]) == ("red", True)
    wait_until(lambda: any(job["state"] == "played" for job in gateway.jobs(alert["id"], "prompt")), 20, "the device speaks")
    assert {record["path"] for record in desk.records() if record.get("alert") == alert["id"]} == {"/hook/probe"}
    for kind in ("police", "task"):
        assert gateway.jobs(alert["id"], kind) == []
    # Nobody else is a drill.
    world.device(broker, "wb-0002").do("sos")
    other = desk.wait_record(lambda record: record["path"] == "/cap", 20, "the police message of a real call for help")
    assert other["valid"]
    # And when it falls silent, the gateway says so.
    trouble = wait_until(lambda: gateway.alert_of("fleet", "canary", cleared=False), 30, "an alert about the canary")
    assert trouble["level"] == "orange"
    canary.do("sos")
    wait_until(lambda: gateway.alert_of("fleet", "canary", cleared=True), 90, "the canary is heard again")


def caller(broker, *arguments):
    return [binary("huyang"), "canary", "--broker", broker.url, "--county", "990001", "--device", "wb-0001", *arguments]


def test_a_call_goes_all_the_way_and_its_alert_closes_by_itself(world):
    broker, desk = world.broker(), world.desk()
    settings = {"watch": WATCH, "policy": POLICY, "relay": {"webhook": [{"name": "probe", "url": desk.url + "/hook/probe", "secret_file": desk.secret_file}]}}
    gateway = world.gateway(broker, world.county(homes=1, tags={1: "canary"}, no_camera={1}), desk, settings=settings)
    for _ in range(2):  # at once again: the first one's alert is closed, so this one joins nothing
        before = {alert["id"] for alert in gateway.alerts(family="emergency", state="closed")}
        done = subprocess.run(caller(broker), capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0 and " heard acknowledged_ms=" in done.stdout, done.stdout + done.stderr
        ended = wait_until(lambda: [alert for alert in gateway.alerts(family="emergency", state="closed") if alert["id"] not in before], 20, "the alert has closed")
        assert [(alert["disposition"], alert["exercise"]) for alert in ended] == [("drill", True)]
    assert gateway.alerts(family="emergency", state="open") == []
    # No further call: told with the time of the last one that was heard.
    trouble = wait_until(lambda: gateway.alert_of("fleet", "canary", cleared=False), 40, "an alert about the canary")
    closed = max(alert["closed"] for alert in gateway.alerts(family="emergency", state="closed"))
    since = re.search(r"come through since (\d\d:\d\d), for \d+ seconds", trouble["findings"][0]["reason"]).group(1)
    assert since in (closed[11:16], (datetime.datetime.fromisoformat(closed) - datetime.timedelta(seconds=5)).isoformat()[11:16])
    assert json.loads(gateway.health()[1])["canary_late"] is True
    again = subprocess.run(caller(broker), capture_output=True, text=True, timeout=90, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    wait_until(lambda: "canary_late" not in json.loads(gateway.health()[1]), 20, "the canary is heard again")


def of_canary(world, broker, settings=None):
    desk = world.desk()
    relay = {"webhook": [{"name": "probe", "url": desk.url + "/hook/probe", "secret_file": desk.secret_file}]}
    return world.gateway(broker, world.county(homes=2, tags={1: "canary"}, no_camera={1}), desk, settings=dict({"policy": POLICY, "relay": relay}, **(settings or {})))


def test_a_call_goes_all_the_way_over_mutual_tls_and_with_another_s_certificate_nowhere(world, tmp_path):
    broker = world.secure_broker()
    of_canary(world, broker)
    identities = {device: broker.own_identity(device) for device in ("wb-0001", "wb-0002")}

    def called(of):
        """As wb-0001, with the certificate of `of`, over three files in a folder of their own."""
        ca, cert, key = identities[of]
        folder = tmp_path / of
        (folder / "devices" / "wb-0001").mkdir(parents=True)
        for source, name in ((ca, folder / "ca.pem"), (cert, folder / "devices" / "wb-0001" / "cert.pem"), (key, folder / "devices" / "wb-0001" / "key.pem")):
            shutil.copy(source, name)
        return subprocess.run(caller(broker, "--tls-dir", str(folder), "--timeout", "60" if of == "wb-0001" else "2"), capture_output=True, text=True, timeout=90,
                              check=False)
    heard = called("wb-0001")
    assert heard.returncode == 0 and " heard acknowledged_ms=" in heard.stdout, heard.stdout + heard.stderr
    missed = called("wb-0002")
    assert missed.returncode == 1 and "missed" in missed.stdout


def test_a_broker_that_asks_for_a_name_and_password_gets_them(world, tmp_path):
    broker = world.broker()
    broker.stop()
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "user", "word of a test"], check=True, capture_output=True)
    os.chmod(passwords, 0o600)
    with open(broker.config, encoding="utf-8") as file:
        text = file.read()
    with open(broker.config, "w", encoding="utf-8") as file:
        file.write(text.replace("allow_anonymous true", f"allow_anonymous false\npassword_file {passwords}"))
    broker.start()
    word = tmp_path / "word"
    word.write_text("word of a test\n", encoding="utf-8")
    of_canary(world, broker, {"broker": dict(broker.gateway_settings(), username="user", password_file=str(word))})
    named = ("--username", "user", "--password-file", str(word))
    heard = subprocess.run(caller(broker, *named), capture_output=True, text=True, timeout=90, check=False)
    assert heard.returncode == 0, heard.stdout + heard.stderr
    without = subprocess.run(caller(broker, "--timeout", "2"), capture_output=True, text=True, timeout=60, check=False)
    assert without.returncode == 1 and "missed: no connection to the broker" in without.stdout
    alone = subprocess.run(caller(broker, "--password-file", str(word)), capture_output=True, text=True, timeout=60, check=False)
    assert alone.returncode == 2 and "--password-file goes with --username" in alone.stderr


def test_a_call_that_nobody_hears_is_missed_and_wrong_words_are_named(world):
    broker = world.broker()
    done = subprocess.run(caller(broker, "--timeout", "1"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "missed: the gateway did not acknowledge the call" in done.stdout
    broker.stop()
    done = subprocess.run(caller(broker, "--timeout", "1"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "missed: no connection to the broker" in done.stdout
    for words, said in ((("--every", "0"), "--every is a number of 1 to 1440"), (("--timeout", "x"), "--timeout is a number"), (("more",), "options only"),
                        (("--tls-dir", "/nowhere"), "--tls-dir")):
        done = subprocess.run(caller(broker, *words), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and said in done.stderr, (words, done.stderr)
