"""Thresholds of one resident, put into force by a reload of the running gateway; the replay of its journal under that configuration says the same."""
import datetime
import json
import signal

from huyang_test import wait_until, wire


def test_a_reload_puts_a_resident_s_threshold_into_force(world):
    broker, _, gateway = world.standard(homes=2)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002"])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    with open(gateway.config, "a", encoding="utf-8") as file:
        file.write("detect_overrides:\n  - {resident: r-0001, fall_cancel_s: 5}\n  - {category: nobody, silent_s: 900}\n")
    gateway.process.signal(signal.SIGHUP)
    wait_until(lambda: "config.reloaded" in gateway.process.tail(), 10, "the override is in force")
    assert "id=detect.override" in gateway.process.tail() and "category=nobody" in gateway.process.tail()
    fleet.report("wb-0001", wire.fall())
    fleet.report("wb-0002", wire.fall())
    red = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    lines = [json.loads(line) for line in gateway.stored_transitions().decode().splitlines() if f'"{red}"' in line]
    opened, raised = (datetime.datetime.fromisoformat(next(line["t"] for line in lines if line["level"] == level)) for level in ("green", "red"))
    assert 5 <= (raised - opened).total_seconds() < 30
