"""A test window: one press of a device's button is a drill and looks like one to everybody; the press after it is real."""
import pytest

from huyang_test import wait_until
from huyang_test.gateway import Refused
from test_device_orders import device_tool

POLICY = [{"family": "emergency", "level": "red", "steps": [{"do": "notify", "role": "county_desk"}, {"do": "police"}]}]


def open_window(gateway, device):
    done = device_tool(gateway, "test-window", device, "--by", "g-0001", "--note", "上门装机测试")
    assert done.returncode == 0, done.stderr


def test_the_first_press_is_a_drill_to_everybody_and_the_second_is_real(world):
    broker, desk = world.broker(), world.desk()
    gateway = world.gateway(broker, world.county(homes=1), desk, settings={"policy": POLICY})
    open_window(gateway, "wb-0001")
    gateway.kill()  # the window is an input like any other
    gateway.start()
    shown = gateway.request("GET", "/api/v1/devices")["devices"]
    assert [row["id"] for row in shown if "test_until" in row] == ["wb-0001"]
    band = world.device(broker, "wb-0001")
    band.do("sos")
    drill = gateway.wait_alert("emergency", "r-0001", exercise=True)
    told = desk.wait_record(lambda record: record["path"] == "/cap" and drill["id"] in str(record), 20, "the police's message of the drill")
    assert told["valid"] and told["exercise"] is True
    note = desk.wait_record(lambda record: record["path"] == "/hook/all" and record.get("alert") == drill["id"], 20, "the desk's message of the drill")
    assert note["exercise"] is True
    assert gateway.jobs(drill["id"], "locate") == []
    assert not any("test_until" in row for row in gateway.request("GET", "/api/v1/devices")["devices"])
    with pytest.raises(Refused) as refused:
        gateway.close(drill["id"], "true")
    assert "a drill is closed as a drill" in str(refused.value)
    band.do("sos")
    real = wait_until(lambda: next((alert for alert in gateway.alerts(family="emergency") if alert["id"] != drill["id"] and not alert.get("exercise")), None),
                      20, "another alert, of a real call for help")
    told = desk.wait_record(lambda record: record["path"] == "/cap" and real["id"] in str(record), 20, "the police's message of the real one")
    assert told["valid"] and not told.get("exercise")
    assert gateway.request("GET", f"/api/v1/alerts/{drill['id']}")["disposition"] == "drill"
    band.stop()
    assert gateway.stop() == 0
    assert gateway.stored_transitions() == gateway.replayed_transitions()


def test_a_window_needs_a_reason_and_a_device_there_is(world):
    _, _, gateway = world.standard(homes=1)
    for device, body, status in (("wb-9999", {"by": "g-0001", "note": "试"}, 404), ("wb-0001", {"by": "g-0001"}, 400), ("wb-0001", {"note": "试"}, 400)):
        with pytest.raises(Refused) as refused:
            gateway.request("POST", f"/api/v1/devices/{device}/test-window", body)
        assert refused.value.status == status
    done = device_tool(gateway, "test-window", "wb-9999", "--by", "g-0001", "--note", "试")
    assert done.returncode == 1 and "wb-9999" in done.stderr + done.stdout or "no device" in done.stderr
