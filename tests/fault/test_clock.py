"""The machine's wall clock is set, by hours and both ways, while a fall is being held: help comes all the same."""
import datetime
import os
import subprocess

import pytest

from huyang_test import wait_until, wire
from huyang_test.process import under_sanitizer

SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "step_clock.c")
HOUR = 3600


@pytest.fixture
def clock(tmp_path):
    """(environment for the gateway, set(seconds off))."""
    library, offset = str(tmp_path / "step_clock.so"), str(tmp_path / "offset")
    subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-Wall", "-o", library, SHIM, "-ldl"], check=True)
    preload = library
    if under_sanitizer():
        asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
        preload = asan + ":" + library

    def set_offset(seconds):
        with open(offset + ".new", "w", encoding="ascii") as file:
            file.write(str(seconds))
        os.rename(offset + ".new", offset)
    set_offset(0)
    return {"LD_PRELOAD": preload, "STEP_CLOCK_FILE": offset}, set_offset


def fall():
    event = wire.messages().event.Event()
    event.fall.phase = 1
    return event


def noticed(gateway, fleet):
    """The gateway has taken something in since the call."""
    fleet.report("wb-0002", wire.sos())
    wait_until(lambda: fleet.unacked() == 0, 30, "the gateway answers")


def held_fall(world, clock_settings):
    broker, _, gateway = world.standard(homes=3, settings={"detect": {"fall_cancel_s": 5}}, environment=clock_settings)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002", "wb-0003"])
    wait_until(fleet.connected.is_set, 10, "the devices are connected")
    fleet.report("wb-0001", fall())
    wait_until(lambda: fleet.unacked() == 0, 30, "the fall is on disk")
    return broker, gateway, fleet


def no_time_runs_back(gateway):
    times = [line["t"] for line in gateway.journal() if "t" in line]
    assert times == sorted(times)


@pytest.mark.parametrize("offset", [6 * HOUR, 30 * 24 * HOUR])
def test_a_leap_forward_that_is_taken_back_stops_no_escalation(world, clock, offset):
    """One fall is held while the clock leaps, one comes after it was set right: neither is hurried nor waits for hours."""
    environment, set_clock = clock
    _, gateway, fleet = held_fall(world, environment)
    set_clock(offset)
    noticed(gateway, fleet)
    set_clock(0)
    noticed(gateway, fleet)
    fleet.report("wb-0003", fall())
    gateway.wait_alert("emergency", "r-0001", level="red", timeout_s=40)
    gateway.wait_alert("emergency", "r-0003", level="red", timeout_s=40)
    no_time_runs_back(gateway)


def test_a_clock_set_back_stops_no_escalation_and_an_sos_is_heard(world, clock):
    environment, set_clock = clock
    _, gateway, fleet = held_fall(world, environment)
    set_clock(-5 * HOUR)
    noticed(gateway, fleet)
    gateway.wait_alert("emergency", "r-0001", level="red", timeout_s=40)
    fleet.report("wb-0003", wire.sos())
    gateway.wait_alert("emergency", "r-0003", level="red")
    no_time_runs_back(gateway)


def test_a_start_with_a_clock_behind_the_last_commit_serves_and_never_runs_back(world, clock):
    environment, set_clock = clock
    _, gateway, fleet = held_fall(world, environment)
    gateway.kill()
    set_clock(-3 * HOUR)
    gateway.start()
    gateway.wait_alert("emergency", "r-0001", level="red", timeout_s=40)
    fleet.report("wb-0003", wire.sos())
    gateway.wait_alert("emergency", "r-0003", level="red")
    no_time_runs_back(gateway)


def test_an_hour_in_which_the_gateway_was_killed_is_no_silence_of_the_devices(world, clock):
    """Heartbeats, kill -9, and the clock an hour later at the next start: what was not heard was not heard by us."""
    environment, set_clock = clock
    broker, _, gateway = world.standard(homes=3, settings={"detect": {"silent_s": 60}}, environment=environment)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002", "wb-0003"])
    wait_until(fleet.connected.is_set, 10, "the devices are connected")
    for device in ("wb-0001", "wb-0003"):
        fleet.report(device, wire.heartbeat())
    wait_until(lambda: fleet.unacked() == 0, 30, "the heartbeats are on disk")
    gateway.kill()
    set_clock(HOUR)
    gateway.start()
    noticed(gateway, fleet)
    lines = gateway.journal()
    assert [line["broker"]["up"] for line in lines if "broker" in line][-2:] == [False, True]
    assert not [alert for alert in gateway.alerts() if alert["family"] == "coverage"]
    no_time_runs_back(gateway)


def test_an_escalation_paused_for_the_night_resumes_at_its_hour_after_kill_9(world, clock):
    """The town's desk is told by day only; kill -9 in its night, and the next start after its hour: told, once, and not again after another kill."""
    environment, set_clock = clock
    start = (datetime.datetime.now(datetime.timezone.utc).hour + 8 + 2) % 24  # two hours from now, or nearly, on the county's clock
    hours = {"from": f"{start:02d}:00", "until": f"{(start + 4) % 24:02d}:00"}
    rule = {"family": "emergency", "level": "red", "steps": [{"do": "notify", "role": "county_desk"}, {"do": "notify", "role": "town_desk", **hours}]}
    broker, _, gateway = world.standard(homes=1, settings={"policy": [rule]}, environment=environment)
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]

    def told(role):
        return sum(job["role"] == role for job in gateway.jobs(alert, "notify"))

    wait_until(lambda: told("county_desk") > 0, 15, "the county's desk, at any hour")
    county = told("county_desk")
    gateway.kill()
    gateway.start()
    assert told("town_desk") == 0
    gateway.kill()
    set_clock(3 * HOUR)
    gateway.start()
    wait_until(lambda: told("town_desk") > 0, 30, "the town's desk, now that it is its hour")
    town = told("town_desk")
    gateway.kill()
    gateway.start()
    assert (told("county_desk"), told("town_desk")) == (county, town)
    no_time_runs_back(gateway)
