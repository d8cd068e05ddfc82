"""The daemon as whoever runs it meets it: imports, reloads, starts, stops, and what it refuses."""
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from huyang_test import wait_until, wire
from huyang_test.gateway import Refused
from huyang_test.process import binary


def log_lines(gateway, message_id):
    """The log lines of one message id, all runs together."""
    with open(os.path.join(gateway.folder, "gateway.log"), encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if f" id={message_id} " in line]


def wait_log(gateway, message_id, count=1):
    return wait_until(lambda: (lambda lines: lines if len(lines) >= count else None)(log_lines(gateway, message_id)), 20,
                      f"{count} log lines {message_id}")


def gateway_state(broker):
    """The payload of the retained `gateway` topic, as mosquitto_sub sees it."""
    done = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port), "-t", "huyang/v1/990001/gateway", "-C", "1", "-W", "10",
                           "-F", "%r %x"], capture_output=True, text=True, timeout=20, check=False)
    return done.stdout.split()


def inputs_by_event(gateway):
    """(device, lane, epoch, seq) -> how often it stands in the input log."""
    seen = {}
    for line in gateway.journal():
        if "device" not in line:
            continue
        count = len(line["events"]) if "events" in line else 1
        seqs = line.get("seqs") or [line["seq"] + i for i in range(count)]
        for seq in seqs:
            key = (line["device"], line.get("lane"), line.get("epoch"), seq)
            seen[key] = seen.get(key, 0) + 1
    return seen


# ---- the registry through the API ----

def test_a_registry_is_imported_while_events_flow_and_none_is_lost_or_doubled(world):
    broker, _, gateway = world.standard(homes=4)
    bigger = world.county(homes=6)
    devices = [f"wb-{i:04d}" for i in range(1, 5)]
    fleet = world.fleet(broker, devices)
    wait_until(fleet.connected.is_set, 10, "the devices are connected")
    running = threading.Event()
    running.set()

    def talk():
        while running.is_set():
            for device in devices:
                fleet.report(device, wire.heartbeat())
            time.sleep(0.002)
    talker = threading.Thread(target=talk, daemon=True)
    talker.start()
    try:
        for folder in (bigger.folder, gateway.settings["registry_dir"], bigger.folder):
            done = subprocess.run([binary("huyang"), "registry", "import", "--url", f"http://127.0.0.1:{gateway.port}",
                                   "--state-dir", gateway.state_dir, folder], capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr
    finally:
        running.clear()
        talker.join()
    wait_until(lambda: fleet.unacked() == 0, 60, "every event is acknowledged")
    newcomer = world.fleet(broker, ["wb-0006"])
    wait_until(newcomer.connected.is_set, 10, "the new device is connected")
    newcomer.report("wb-0006", wire.sos())
    gateway.wait_alert("emergency", "r-0006", level="red")
    seen = inputs_by_event(gateway)
    assert max(seen.values()) == 1
    versions = [line["registry"] for line in gateway.journal() if "registry" in line]
    assert len(versions) == 3, "each import stands in the input log"
    # And a start after it has nothing of before to fold under the new tables.
    gateway.kill()
    gateway.start()
    assert gateway.alert_of("emergency", "r-0006") is not None


def import_offline(gateway, folder, *more, config=None):
    return subprocess.run([binary("huyang"), "registry", "import", "--offline", "--config", config or gateway.config, *more, folder],
                          capture_output=True, text=True, timeout=60, check=False)


def test_a_registry_is_imported_into_the_folder_of_a_stopped_gateway_and_holds_from_the_next_start(world):
    broker, _, gateway = world.standard(homes=2)
    bigger, bad = world.county(homes=3), world.county(homes=3)
    running = import_offline(gateway, bigger.folder)
    assert running.returncode == 1 and "without --offline" in running.stderr
    fleet = world.fleet(broker, ["wb-0001", "wb-0003"])
    wait_until(fleet.connected.is_set, 10, "the devices are connected")
    fleet.report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001", level="red")
    gateway.kill()
    killed = import_offline(gateway, bigger.folder)
    assert killed.returncode == 1 and "did not stop in order" in killed.stderr
    gateway.start()
    assert gateway.stop() == 0
    path = os.path.join(bad.folder, "residents.csv")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(",1945,", ",year,", 1))
    refused = import_offline(gateway, bad.folder)
    assert refused.returncode == 2 and "residents.csv:2" in refused.stderr and "Nothing was imported" in refused.stderr
    done = import_offline(gateway, bigger.folder)
    assert done.returncode == 0 and "3 residents" in done.stdout, done.stderr
    gateway.start()
    fleet.report("wb-0003", wire.sos())
    gateway.wait_alert("emergency", "r-0003", level="red")
    assert sum("registry" in line for line in gateway.journal()) == 1, "from where on it holds stands in the input log"
    assert gateway.alert_of("emergency", "r-0001") is not None


@pytest.mark.parametrize("words", [("--offline",), ("--config", "x"), ("--offline", "--config", "x", "--url", "http://127.0.0.1:1")])
def test_an_offline_import_needs_a_configuration_and_nothing_of_a_running_gateway(world, words):
    done = subprocess.run([binary("huyang"), "registry", "import", *words, world.county().folder], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "--offline goes with --config" in done.stderr


def test_an_import_that_has_errors_says_where_and_changes_nothing(world):
    broker, _, gateway = world.standard(homes=2)
    bad = world.county(homes=3)
    path = os.path.join(bad.folder, "residents.csv")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(",1945,", ",year,", 1))
    with pytest.raises(Refused) as refused:
        gateway.request("POST", "/api/v1/registry/import", {"folder": bad.folder})
    assert refused.value.status == 422 and "residents.csv:2" in refused.value.body
    fleet = world.fleet(broker, ["wb-0001"])
    fleet.report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001")
    assert not any("registry" in line for line in gateway.journal())


def test_the_registry_of_another_county_is_refused_before_anything_of_it_is_kept(world):
    broker, desk, county = world.broker(), world.desk(), world.county(homes=2)
    other = os.path.join(world.folder, "other")
    shutil.copytree(county.folder, other)
    for name in os.listdir(other):
        with open(os.path.join(other, name), encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(other, name), "w", encoding="utf-8") as file:
            file.write(text.replace("990001", "110101"))
    gateway = world.gateway(broker, county, desk)
    with pytest.raises(Refused) as refused:
        gateway.request("POST", "/api/v1/registry/import", {"folder": other})
    assert refused.value.status == 422 and "110101" in refused.value.body and "990001" in refused.value.body
    wrong = world.gateway(broker, county, desk, settings={"registry_dir": other}, ready=False)
    assert wrong.process.child.wait(timeout=20) == 1
    assert "110101" in wait_log(wrong, "registry.unusable")[0]
    wrong.process = None


# ---- SIGHUP ----

def test_a_good_configuration_is_put_into_force_by_sighup(world):
    broker, desk, gateway = world.standard(homes=2)
    fleet = world.fleet(broker, ["wb-0001"])
    gateway.write_config({"relay": {"police": {"direct": ["sos"]}}})
    gateway.process.signal(signal.SIGHUP)
    wait_log(gateway, "config.reloaded")
    fleet.report("wb-0001", wire.sos())
    desk.wait_record(lambda record: record["path"] == "/cap", 15, "the police message the new configuration asks for")
    assert [line for line in gateway.journal() if "config" in line], "the change stands in the input log"


def test_a_bad_configuration_is_refused_with_its_line_and_the_old_one_stays(world):
    broker, _, gateway = world.standard(homes=2)
    with open(gateway.config, encoding="utf-8") as file:
        good = file.read()
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(good + "alert:\n  verify_timeout_s: 7\n")
    line = good.count("\n") + 2
    gateway.process.signal(signal.SIGHUP)
    said = wait_log(gateway, "config.refused")[0]
    assert f"config.yaml:{line}:" in said and "verify_timeout_s" in said, said
    fleet = world.fleet(broker, ["wb-0001"])
    fleet.report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001")


def test_what_cannot_change_under_way_is_named(world):
    _, _, gateway = world.standard(homes=1)
    gateway.write_config({"time_zone": "Europe/Berlin"})
    gateway.process.signal(signal.SIGHUP)
    assert "time_zone" in wait_log(gateway, "config.refused")[0]
    assert gateway.ready()


# ---- starting ----

def test_a_second_gateway_on_the_same_folder_says_who_holds_it_and_leaves(world):
    broker, desk, gateway = world.standard(homes=1)
    done = subprocess.run([binary("huyang-gateway"), "--config", gateway.config], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert str(gateway.process.pid) in done.stderr, done.stderr
    assert gateway.ready()


@pytest.mark.parametrize("url", ["https://police.example/cap", "http://127.0.0.1.example/cap", "http://localhost@police.example/cap",
                                 "http://127.example/cap"])
def test_the_virtual_clock_is_refused_when_anything_could_leave_the_machine(world, url):
    broker, desk = world.broker(), world.desk()
    gateway = world.gateway(broker, world.county(homes=1), desk, settings={"relay": {"police": {"url": url}}}, start=False)
    done = subprocess.run([binary("huyang-gateway"), "--config", gateway.config, "--virtual-clock"], capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 1
    assert "loopback" in done.stderr, done.stderr


@pytest.mark.parametrize("main, backup, starts", [("127.0.0.1:9", "[::1]:9", True), ("127.0.0.1:9", "police.example:9", False),
                                                  ("192.0.2.1:9", "", False), ("localhost.example:9", "", False)])
def test_the_virtual_clock_wants_dc09_receivers_on_loopback_too(world, main, backup, starts):
    receiver = {"place": "primary", "main": main, "backup": backup, "account": "1234", "line": "0", "heartbeat_s": 0}
    gateway = world.gateway(world.broker(), world.county(homes=1), settings={"relay": {"dc09": [receiver]}}, start=False)
    child = subprocess.Popen([binary("huyang-gateway"), "--config", gateway.config, "--virtual-clock"], stderr=subprocess.PIPE, text=True)
    try:
        if starts:
            wait_until(lambda: gateway.health()[0] == 200, 30, "ready")
        else:
            assert child.wait(timeout=30) == 1
            assert "loopback" in child.stderr.read()
    finally:
        child.terminate()
        child.wait(timeout=20)


def test_the_virtual_clock_is_welcome_on_loopback_and_stays_so_over_a_reload(world):
    broker, desk = world.broker(), world.desk()
    gateway = world.gateway(broker, world.county(homes=1), desk, start=False)
    child = subprocess.Popen([binary("huyang-gateway"), "--config", gateway.config, "--virtual-clock"],
                             stderr=open(os.path.join(gateway.folder, "gateway.log"), "ab"))
    try:
        wait_until(lambda: gateway.health()[0] == 200, 30, "ready")
        gateway.write_config({"relay": {"police": {"url": "https://police.example/cap"}}})
        child.send_signal(signal.SIGHUP)
        assert "loopback" in wait_log(gateway, "config.refused")[0]
    finally:
        child.terminate()
        assert child.wait(timeout=20) == 0


# ---- stopping, and coming back ----

def test_sigterm_says_down_and_the_next_start_replays_nothing(world):
    broker, _, gateway = world.standard(homes=4)
    fleet = world.fleet(broker, [f"wb-{i:04d}" for i in range(1, 5)])
    wait_until(fleet.connected.is_set, 10, "the devices are connected")
    up = wait_until(lambda: (lambda state: state if state[0] == "1" else None)(gateway_state(broker)), 20, "the retained state says up")
    for _ in range(200):
        for i in range(1, 5):
            fleet.report(f"wb-{i:04d}", wire.heartbeat())
    fleet.report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001")
    assert gateway.stop() == 0
    down = gateway_state(broker)
    assert down[0] == "1" and down != up, "the retained state says down"
    gateway.start()
    done = wait_log(gateway, "recover.done", 2)[1]
    assert " inputs=0 " in done, done
    assert gateway.alert_of("emergency", "r-0001")["level"] == "red"
    wait_until(lambda: fleet.unacked() == 0, 60, "what was not acknowledged came again")
    assert max(inputs_by_event(gateway).values()) == 1


def test_after_kill_9_it_is_ready_again_and_nothing_is_lost_or_doubled(world):
    broker, _, gateway = world.standard(homes=4)
    fleet = world.fleet(broker, [f"wb-{i:04d}" for i in range(1, 5)])
    wait_until(fleet.connected.is_set, 10, "the devices are connected")
    for round_number in range(3):
        for _ in range(100):
            for i in range(1, 5):
                fleet.report(f"wb-{i:04d}", wire.heartbeat())
        gateway.kill()
        began = time.monotonic()
        gateway.start()
        print(f"round {round_number}: ready {time.monotonic() - began:.2f} s after the start")
    wait_until(lambda: fleet.unacked() == 0, 90, "every event is acknowledged")
    assert max(inputs_by_event(gateway).values()) == 1


def test_refused_events_alone_are_acknowledged_on_a_quiet_county(world):
    """Nothing else happens that could carry their watermark to the disk."""
    broker, desk = world.broker(), world.desk()
    gateway = world.gateway(broker, world.county(homes=1, no_consent=(1,)), desk)
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the device is connected")
    fleet.report("wb-0001", wire.fix(34.0, 108.0))
    wait_until(lambda: fleet.unacked() == 0, 20, "the refused event is acknowledged")
    wait_until(lambda: gateway.metrics()['huyang_refused_total{reason="no_consent"}'] >= 1, 10, "it is counted under its reason")


def test_a_device_nobody_knows_is_logged_once_and_counted(world):
    broker, _, gateway = world.standard(homes=1)
    fleet = world.fleet(broker, ["wb-4711"])
    wait_until(fleet.connected.is_set, 10, "the stranger is connected")
    for _ in range(5):
        fleet.report("wb-4711", wire.sos())
    wait_until(lambda: gateway.metrics()["huyang_quarantined_devices"] == 1, 15, "it is in quarantine")
    known = world.fleet(broker, ["wb-0001"])
    known.report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001")
    lines = log_lines(gateway, "fleet.quarantine")
    assert len(lines) == 1 and re.search(r"device=wb-4711\b", lines[0]), lines
    assert not any("wb-4711" in key[0] for key in inputs_by_event(gateway))
