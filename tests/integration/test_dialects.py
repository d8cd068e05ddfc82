"""Devices that speak another language: their own JSON on a real broker, and what the running gateway makes of it."""
import json

import paho.mqtt.client as mqtt
import pytest

from huyang_test import wait_until

DIALECTS = [
    {"prefix": "owntracks", "dialect": "owntracks"},
    {"prefix": "frigate", "dialect": "frigate", "devices": [{"name": "front_door", "device": "cam-0001"}],
     "people": [{"name": "小芳", "id": "v-daughter"}], "zones": [{"name": "room", "place": "indoors"}, {"name": "street", "place": "ignored"}]},
    {"prefix": "double-take", "dialect": "double-take"},
    {"prefix": "atom/g616", "dialect": "g616", "devices": [{"name": "358800005942033", "device": "wb-0001"}]},
]


@pytest.fixture(name="said")
def publisher(world):
    """A broker, a desk and a gateway that knows four dialects; and a function that publishes as a foreign device would."""
    broker, desk, gateway = world.standard()
    with open(gateway.config, "a", encoding="utf-8") as file:
        file.write("dialects: " + json.dumps(DIALECTS, ensure_ascii=False) + "\n")
    gateway.stop()
    gateway.start()
    client = mqtt.Client(client_id="foreign", protocol=mqtt.MQTTv311)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()

    def say(topic, payload, qos=1, retain=False):
        body = payload if isinstance(payload, (str, bytes)) else json.dumps(payload, ensure_ascii=False)
        client.publish(topic, body, qos=qos, retain=retain).wait_for_publish(10)
    say.gateway, say.desk, say.broker = gateway, desk, broker
    # The third session may still be subscribing; a message below no dialect's type is seen when it stands.
    wait_until(lambda: say("owntracks/probe/probe", {"_type": "waypoint"}) or outcomes(gateway, "owntracks", "no_news") > 0, 20,
               "the dialects' session is subscribed")
    yield say
    client.disconnect()
    client.loop_stop()


def outcomes(gateway, dialect, outcome):
    return gateway.metrics().get(f'huyang_dialect_messages_total{{dialect="{dialect}",outcome="{outcome}"}}', 0)


def reports(gateway, device):
    return [line for line in gateway.journal() if line.get("device") == device]


def kinds(gateway, device):
    return [next(iter(set(event) - {"at"})) for line in reports(gateway, device) for event in line["events"]]


def sos(**more):
    return dict({"imei": "358800005942033", "sos": True, "battery": "4", "locationDate": "260301", "locationTime": "080000",
                 "location": "108.0046,34.0", "isWearing": True, "isOnline": True}, **more)


def of_role(role):
    return lambda record: record.get("role") == role


def test_a_foreign_watchs_sos_is_red_and_told_and_its_battery_is_not_hidden(said):
    said("atom/g616/status/358800005942033", sos())
    said.gateway.wait_alert("emergency", "r-0001", level="red")
    wait_until(lambda: any(alert["family"] == "coverage" for alert in said.gateway.alerts()), 10, "the low battery's alert")
    said.desk.wait_record(of_role("county_desk"), 15, "the desk is told")
    assert kinds(said.gateway, "wb-0001") == ["sos", "heartbeat", "fix"]


def test_a_message_that_comes_again_counts_once_also_after_a_kill_and_a_clean_restart(said):
    gateway = said.gateway
    said("atom/g616/status/358800005942033", sos())
    gateway.wait_alert("emergency", "r-0001", level="red")
    said("atom/g616/status/358800005942033", sos())
    wait_until(lambda: outcomes(gateway, "g616", "repeated") == 1, 10, "the repetition is counted")
    for end in (gateway.kill, gateway.stop):
        end()
        said("atom/g616/status/358800005942033", sos())  # held by the broker for the dialects' session
        gateway.start()
        wait_until(lambda: outcomes(gateway, "g616", "repeated") == 1, 20, "the repetition is counted")
    assert len(reports(gateway, "wb-0001")) == 1
    said("atom/g616/status/358800005942033", sos(battery="3"))
    wait_until(lambda: len(reports(gateway, "wb-0001")) == 2, 10, "a second press is a second report")


def test_what_is_to_be_said_goes_to_the_watch_and_is_played_when_it_answers(said):
    gateway = said.gateway
    heard, done = [], []

    def on_message(client, userdata, message):
        if message.payload == b"MESSAGE":
            return  # our own answer
        heard.append(message.payload.decode())
        client.publish(message.topic, b"MESSAGE", qos=1)
    watch = mqtt.Client(client_id="watch", protocol=mqtt.MQTTv311)
    watch.on_message = on_message
    watch.on_subscribe = lambda *_: done.append(True)
    watch.connect("127.0.0.1", said.broker.port)
    watch.subscribe("atom/g616/cmd/358800005942033/#", 1)
    watch.loop_start()
    wait_until(lambda: done, 10, "the watch listens")
    said("frigate/events", person("new", ["room"]))  # the home's camera is Frigate's, and has no voice
    wait_until(lambda: reports(gateway, "cam-0001"), 10, "the camera was heard")
    said("atom/g616/status/358800005942033", sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")
    wait_until(lambda: heard, 15, "the watch is told")
    wait_until(lambda: "played" in [job["state"] for job in gateway.jobs(alert["id"], "prompt")], 15, "'played' is stored")
    assert "failed" in [job["state"] for job in gateway.jobs(alert["id"], "prompt")], "the camera's own job failed at once"
    assert len(heard) == len(set(heard)), "nothing is said twice"
    watch.disconnect()
    watch.loop_stop()


def person(kind, zones, name=None, frame=1000.0, label="person"):
    half = {"id": "1772323100.5-abc123", "camera": "front_door", "label": label, "sub_label": name, "false_positive": False,
            "frame_time": frame, "current_zones": zones, "snapshot": {"frame_time": 1.0}, "thumbnail": "FACEFACEFACE"}
    return {"type": kind, "before": dict(half, frame_time=frame - 90), "after": half}


def test_an_unnamed_person_is_an_unknown_visitor_and_a_named_one_turns_out_known(said):
    gateway = said.gateway
    said("frigate/events", person("new", ["street"]))
    said("frigate/events", person("new", [], label="dog"))
    said("frigate/events", person("new", ["room"]), qos=0)
    alert = gateway.wait_alert("visitor", "h-0001", level="green")
    said("frigate/events", person("update", ["room"], ["小芳", 0.93]))
    wait_until(lambda: gateway.alert_of("visitor", "h-0001", cleared=True), 10, "the alert clears")
    assert alert["id"] == gateway.alert_of("visitor", "h-0001")["id"]
    visits = [event["visit"] for line in reports(gateway, "cam-0001") for event in line["events"]]
    assert [visit["place"] for visit in visits] == ["indoors", "indoors"]
    assert visits[1]["people"][0]["visitor_id"] == "v-daughter" and visits[1]["people"][0]["class"] == "trusted"
    text = gateway.tool("journal", "export", "--state-dir", gateway.state_dir).decode()
    assert "FACE" not in text and "小芳" not in text
    wait_until(lambda: outcomes(gateway, "frigate", "not_a_person") == 1, 10, "the dog is counted")


def test_double_takes_unknown_is_one_too(said):
    said("double-take/cameras/cam-0002", {"id": "7", "camera": "cam-0002", "timestamp": "2026-03-01T00:00:00Z", "zones": [], "matches": [],
                                          "misses": [], "unknowns": [{"name": "unknown", "confidence": 0, "base64": "AAAA"}]})
    said.gateway.wait_alert("visitor", "h-0002", level="green")


def test_what_cannot_be_used_is_counted_by_name_and_hurts_nobody(said):
    gateway = said.gateway
    said("owntracks/alice/wb-0002", {"_type": "location", "lat": 34.0, "lon": 108.0, "tst": 1, "batt": 50}, retain=True)
    said("owntracks/alice/nobody", {"_type": "location", "lat": 34.0, "lon": 108.0, "tst": 1})
    said("owntracks/alice/wb-0002", {"_type": "encrypted", "data": "AAAA"})
    said("owntracks/alice/wb-0002", {"_type": "to morrow"})
    said("owntracks/alice/wb-0002", b"\xff\xfe{")
    said("owntracks/alice/wb-0002", {"_type": "location", "lat": 34.0, "lon": 108.0, "tst": 1, "batt": 300})
    said("owntracks/alice/wb-0002", b"[" * 200000)
    for outcome in ("unknown_device", "encrypted", "unknown_type"):
        wait_until(lambda: outcomes(gateway, "owntracks", outcome) == 1, 10, f"{outcome} is counted")
    wait_until(lambda: outcomes(gateway, "owntracks", "malformed") == 2, 10, "what is no JSON is counted")
    wait_until(lambda: gateway.metrics()['huyang_dialect_bad_fields_total{dialect="owntracks"}'] == 1, 10, "the field is counted")
    assert gateway.metrics()["huyang_quarantined_devices"] >= 1
    assert "fleet.quarantine" in gateway.process.tail(100) and "alice_nobody" in gateway.process.tail(100)
    gateway.stop()
    gateway.start()  # a new subscription brings the retained message once more, and it is not new
    assert kinds(gateway, "wb-0002").count("heartbeat") == 1


def test_the_journal_of_foreign_devices_replays_to_the_stored_transitions(said):
    gateway = said.gateway
    said("atom/g616/status/358800005942033", sos())
    said("frigate/events", person("new", ["room"]))
    said("owntracks/alice/wb-0003", {"_type": "location", "lat": 34.2, "lon": 108.2, "acc": 5, "tst": 1, "batt": 3})
    gateway.wait_alert("emergency", "r-0001", level="red")
    gateway.wait_alert("visitor", "h-0001", level="green")
    wait_until(lambda: len(reports(gateway, "wb-0003")) == 1, 10, "the phone was heard")
    gateway.stop()
    stored = gateway.stored_transitions()
    assert stored.count(b"\n") >= 3
    assert gateway.replayed_transitions() == stored


def test_a_reload_changes_mappings_and_refuses_new_prefixes(said):
    gateway = said.gateway
    with open(gateway.config, encoding="utf-8") as file:
        text = file.read()
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(text.replace('"358800005942033"', '"358800005942034"'))
    gateway.process.child.send_signal(1)
    wait_until(lambda: "config.reloaded" in gateway.process.tail(100), 10, "the new mapping is in force")
    said("atom/g616/status/358800005942034", {"imei": "358800005942034", "sos": True})
    gateway.wait_alert("emergency", "r-0001", level="red")
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(text.replace('"atom/g616"', '"atom/g618"'))
    gateway.process.child.send_signal(1)
    wait_until(lambda: "a restart is needed to change dialects" in gateway.process.tail(100), 10, "the new prefix is refused")
