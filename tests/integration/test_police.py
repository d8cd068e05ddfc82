"""What the police say of a message to them: by the API, as a later CAP Ack or Error, from a terminal, and over a crash."""
import json

import pytest

from huyang_test import dc09, wait_until, wire
from huyang_test.person import add_account, first_administrator

POLICE = {"relay": {"police": {"direct": ["sos"], "timeout_s": 5, "url": ""}}}


@pytest.fixture
def told(world):
    """An SOS that a DC-09 receiver's machine has acknowledged; nobody has accepted it."""
    receiver = dc09.Receiver()
    world.closing.append(receiver)
    broker, desk = world.broker(), world.desk()
    settings = {"relay": dict(POLICE["relay"], dc09=[{"place": "primary", "main": receiver.address, "account": "1234", "line": "0", "receiver": "1", "heartbeat_s": 0}])}
    gateway = world.gateway(broker, world.county(), desk, settings=settings)
    world.fleet(broker, ["wb-0001"]).report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")
    wait_until(lambda: job(gateway, alert)["state"] == "sent", 20, "the receiver has it")
    return gateway, desk, alert


def job(gateway, alert):
    return next(iter(gateway.jobs(alert["id"], "police")), {"state": None})


def shown(gateway, alert):
    return gateway.request("GET", "/api/v1/alerts/" + alert["id"])


def words(gateway, alert):
    return [change["why"] for change in shown(gateway, alert)["transitions"] if change["why"].startswith("police: ")]


def say(gateway, alert, state, note=""):
    return gateway.request("POST", f"/api/v1/alerts/{alert['id']}/police", {"by": "officer", "state": state} | ({"note": note} if note else {}))


def cap(gateway, message, kind, note="", token=None):
    """Sends it as the police's machine does; returns the status."""
    connection = gateway.connection()
    body = (f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>p-1</identifier><sender>police</sender><sent>2026-03-01T09:00:00+08:00</sent>'
            f"<status>Actual</status><msgType>{kind}</msgType><scope>Private</scope><note>{note}</note>"
            f"<references>huyang,990001-{message},2026-03-01T09:00:00+08:00</references></alert>")
    connection.request("POST", "/api/v1/police/cap", body.encode(), {"Content-Type": "application/cap+xml", "Authorization": "Bearer " + (token or gateway.token())})
    status = connection.getresponse().status
    connection.close()
    return status


def test_words_in_any_order_and_over_kill_9_leave_the_furthest_on_the_alert_and_in_the_feed(told):
    gateway, _, alert = told
    say(gateway, alert, "dispatched", "car 12")
    assert job(gateway, alert)["state"] == "accepted"
    gateway.kill()
    gateway.start()
    say(gateway, alert, "dispatched", "car 12")  # whoever did not hear the answer says it again
    say(gateway, alert, "accepted")
    gateway.tool("alerts", "police", alert["id"], "--by", "officer", "--state", "on_scene", "--state-dir", gateway.state_dir, "--url", gateway.url(""))
    gateway.kill()
    gateway.start()
    assert shown(gateway, alert)["police"] == "on_scene"
    assert words(gateway, alert) == ["police: dispatched. car 12", "police: on_scene"]
    feed = gateway.request("GET", "/api/v1/feed")
    assert "police: on_scene" in json.dumps(feed)
    assert gateway.replayed_transitions() == gateway.stored_transitions()


def test_a_cap_ack_and_an_error_that_come_later_name_their_message(told):
    gateway, desk, alert = told
    message = job(gateway, alert)["id"]
    assert cap(gateway, message, "Ack", token="wrong") == 401
    assert cap(gateway, message, "Alert") == 422
    assert cap(gateway, "0" * 32, "Ack") == 404
    assert words(gateway, alert) == []
    assert cap(gateway, message, "Ack") == 200
    assert job(gateway, alert)["state"] == "accepted"
    assert cap(gateway, message, "Error", "not our district") == 200
    desk.wait_record(lambda record: record.get("task") == "police-rejected", 15, "the task for a person")
    assert cap(gateway, message, "Ack") == 200  # comes late, or twice
    assert shown(gateway, alert)["police"] == "rejected"
    assert cap(gateway, message, "Ack", "dispatched: car 7") == 200
    assert words(gateway, alert) == ["police: accepted", "police: rejected. not our district", "police: dispatched. dispatched: car 7"]


def test_the_police_and_the_county_desk_may_say_it_and_a_refusal_has_a_reason(told):
    gateway, _, alert = told
    administrator = first_administrator(gateway)
    path = f"/api/v1/alerts/{alert['id']}/police"
    for role, status in (("police_desk", 200), ("county_desk", 200), ("grid_worker", 403)):
        person = add_account(administrator, role.replace("_", "-"), role, "990001001001" if role == "grid_worker" else "")
        assert person.send("POST", path, {"state": "accepted"}).status == status, role
    with pytest.raises(Exception) as refused:
        say(gateway, alert, "rejected")
    assert "reason" in str(refused.value)
    with pytest.raises(Exception):
        say(gateway, alert, "asleep")
    assert words(gateway, alert) == ["police: accepted"]
