"""Under load, with everything killed again and again: what was acknowledged is never lost, and nothing is acted on twice.

The usual run is short; --full is the campaign: 1,000 events/s, 100 gateway kills, 20 broker kills (every second one emptied), 20 device kills.
"""
import random
import threading
import time

import history
import pytest
from huyang_test import wait_until, wire
from huyang_test.process import under_sanitizer

HOMES = 100


class Load:
    """Publishes at a rate from a thread of its own, until told to stop."""

    def __init__(self, fleet, homes, rate, seed=7):
        self.fleet, self.homes, self.rate = fleet, homes, rate
        self.dice = random.Random(seed)
        self.count, self.stopping = 0, threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        start = time.monotonic()
        while not self.stopping.is_set():
            due = int((time.monotonic() - start) * self.rate)
            while self.count < due and not self.stopping.is_set():
                self._one()
                self.count += 1
            self.stopping.wait(0.005)

    def _one(self):
        home = self.dice.randrange(1, self.homes + 1)
        band, camera, draw = f"wb-{home:04d}", f"cam-{home:04d}", self.dice.random()
        if draw < 0.01:
            self.fleet.report(band, wire.sos(), wire.fix(34.0, 108.0))
        elif draw < 0.05:
            self.fleet.report(camera, wire.visit(self.dice.choice(["arrive", "stay", "leave"]), "doorstep", visit_id=f"v-{self.count}"))
        elif draw < 0.5:
            self.fleet.report(band, wire.heartbeat(battery=self.dice.randrange(20, 100)))
        else:
            self.fleet.report(band, wire.steps(self.dice.randrange(100)))

    def stop(self):
        self.stopping.set()
        self.thread.join(timeout=30)


def all_alerts(gateway):
    """Every alert there is, page by page."""
    found, cursor = [], None
    while True:
        answer = gateway.request("GET", "/api/v1/alerts?limit=200" + (f"&cursor={cursor}" if cursor else ""))
        found += answer["alerts"]
        cursor = answer.get("next")
        if not cursor or not answer["alerts"]:
            return found


def judge(world, fleet, gateway, desk, timeout_s=120):
    """Waits until every stored event is acknowledged and every red alert was told, then looks at everything."""
    wait_until(lambda: fleet.unacked() == 0, timeout_s, f"every stored event is acknowledged; waiting: {fleet.unacked_devices()}")

    def told():
        return not history.check_desk(desk.records(), all_alerts(gateway))
    wait_until(told, 60, "every red alert was told")
    # The statuses that the last prompts caused are events of their own.
    wait_until(lambda: fleet.unacked() == 0, 60, "the last command statuses are acknowledged")
    faults = history.check(fleet.history, gateway.journal(), all_alerts(gateway), desk.records())
    assert not faults, f"{len(faults)} broken promises, the first: " + "\n".join(faults[:10])
    assert gateway.stop() == 0
    stored = gateway.stored_transitions()
    assert gateway.replayed_transitions() == stored, "replay of the journal gives other transitions than were stored"


def settings():
    # The police are not asked here (nobody answers the calls of a hundred residents): people and prompts are enough to see.
    return {"log_level": "warn", "alert": {"verify_timeout_s": 600, "repeat_silent_s": 600}, "store": {"snapshot_inputs": 2000}}


def devices(homes=HOMES):
    return [f"{kind}-{number:04d}" for number in range(1, homes + 1) for kind in ("wb", "cam")]


@pytest.mark.slow
def test_load_with_gateway_and_broker_killed_loses_nothing(world, full):
    rate, gateway_kills, broker_kills = (1000, 100, 20) if full else (150, 6, 2)
    broker, desk, gateway = world.standard(homes=HOMES, settings=settings())
    fleet = world.fleet(broker, devices())
    wait_until(fleet.connected.is_set, 10, "the fleet is connected")
    load = Load(fleet, HOMES, rate)
    dice = random.Random(11)
    plan = ["gateway"] * gateway_kills + ["broker", "broker emptied"] * (broker_kills // 2)
    dice.shuffle(plan)
    for fault in plan:
        # The next fault comes when some more events have got through, never after a fixed time.
        seen, goal = fleet.history.count("ack"), dice.randrange(20, 120)
        wait_until(lambda: fleet.history.count("ack") >= seen + goal, 60, f"{goal} more acknowledgements before '{fault}'")
        if fault == "gateway":
            gateway.kill()
            gateway.start(ready=dice.random() < 0.5)  # sometimes killed again before it was ready
        else:
            broker.kill(emptied=fault.endswith("emptied"))
            broker.start()
    gateway.wait_ready()
    seen = fleet.history.count("ack")
    wait_until(lambda: fleet.history.count("ack") >= seen + 50, 60, "acknowledgements after the last fault")
    load.stop()
    judge(world, fleet, gateway, desk)
    print(f"{load.count} reports at {rate}/s, {len(plan)} kills: {fleet.history.count('stored')} events stored, {fleet.history.count('ack')} acknowledgements, "
          f"{fleet.history.count('acted')} commands acted on, {len(desk.records())} messages at the desk")


@pytest.mark.slow
def test_devices_killed_keep_what_they_stored(world, full):
    kills = 20 if full else 4
    broker, desk, gateway = world.standard(homes=3, settings=settings())
    bands = [world.device(broker, f"wb-{number:04d}") for number in range(1, 4)]
    world.device(broker, "cam-0001").wait("link up")
    dice = random.Random(5)
    pressed = {band.device: 0 for band in bands}
    for _ in range(kills):
        band = dice.choice(bands)
        band.wait("link up")
        band.do_stored("checkin", "sos")
        pressed[band.device] += 1
        band.kill()
        band.start()

    def taken(device, kind):
        return sum(kind in event for line in gateway.journal() if line.get("device") == device for event in line["events"])
    for device, count in pressed.items():
        wait_until(lambda: taken(device, "sos") >= count, 60, f"{count} SOS of {device} are in the input log")
        assert taken(device, "sos") == count and taken(device, "check_in") == count, f"{device}: an event counted twice"
    for band in bands:
        played = [line.split()[1] for line in band.log() if line.startswith("command ") and line.endswith(" played")]
        assert len(played) == len(set(played)), f"{band.device} played a prompt twice"


def test_the_broker_gone_for_a_while_loses_nothing(world):
    broker, desk, gateway = world.standard(homes=10, settings=settings())
    fleet = world.fleet(broker, devices(10))
    fleet.report("wb-0001", wire.steps(1))
    wait_until(lambda: fleet.unacked() == 0, 15, "the first event is acknowledged")
    broker.kill()
    for number in range(1, 11):
        fleet.report(f"wb-{number:04d}", wire.steps(number))
    fleet.report("wb-0002", wire.sos())
    wait_until(lambda: '"broker":false' in gateway.health()[1], 20, "the gateway notices that the broker is gone")
    assert gateway.alive()
    broker.start()
    gateway.wait_alert("emergency", "r-0002", level="red", timeout_s=60)
    judge(world, fleet, gateway, desk)


def test_a_desk_that_hangs_and_fails_is_told_once_it_is_well(world):
    broker, desk, gateway = world.standard(settings=dict(settings(), relay={"police": {"timeout_s": 1}}))
    fleet = world.fleet(broker, ["wb-0001", "cam-0001"])
    desk.set_mode("/hook/all", "hang", count=2)
    fleet.report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001", level="red")
    desk.wait_record(lambda record: record.get("role") == "family" and record.get("acted"), 60, "the family is told after all")
    judge(world, fleet, gateway, desk)


def test_a_load_without_faults_is_taken_as_it_comes(world, full):
    rate, seconds = (1000, 60) if full else (100 if under_sanitizer() else 300, 5)
    broker, desk, gateway = world.standard(homes=HOMES, settings=settings())
    fleet = world.fleet(broker, devices())
    wait_until(fleet.connected.is_set, 10, "the fleet is connected")
    load = Load(fleet, HOMES, rate)
    wait_until(lambda: load.count >= rate * seconds, seconds * 4, f"{rate * seconds} events were published")
    load.stop()
    judge(world, fleet, gateway, desk)
