"""The way of an event through the real daemon, seen from where it ends: on the device, at the desk, at the police."""
import json
import os

import pytest

from huyang_test import wait_until, wire
from huyang_test.device import loudness


def of_role(role, **wanted):
    return lambda record: record.get("role") == role and all(record.get(key) == value for key, value in wanted.items())


def is_cap(record):
    return record["path"] == "/cap" and record.get("valid")


def audible(device):
    """A WAV of at least a second that is not silence."""
    for path in device.wavs():
        seconds, rms = loudness(path)
        if seconds > 1.0 and rms > 0.005:
            return path
    return None


def test_an_sos_is_spoken_to_and_told_and_goes_to_the_police_when_nobody_answers(world):
    broker, desk, gateway = world.standard()
    camera = world.device(broker, "cam-0001")
    band = world.device(broker, "wb-0001")
    camera.wait("link up")
    band.wait("link up")
    band.do("sos")
    alert = gateway.wait_alert("emergency", "r-0001", level="red")
    camera.wait("played")
    wait_until(lambda: audible(camera), 15, "a WAV with audible speech in the camera's folder")
    for role in ("county_desk", "grid_worker", "family"):
        record = desk.wait_record(of_role(role, alert=alert["id"]), 15, f"the {role} is told")
        assert record["valid"], record
    band.wait("acked")
    gateway.call(alert["id"], "no_answer")
    cap = desk.wait_record(is_cap, 15, "the police message")
    assert cap["acted"]
    wait_until(lambda: [job["state"] for job in gateway.jobs(alert["id"], "police")] == ["accepted"], 15, "the police's acceptance is stored")
    wait_until(lambda: [job["state"] for job in gateway.jobs(alert["id"], "prompt")] == ["played"], 15, "'played' is stored")


def test_silence_of_the_desk_sends_the_police_when_the_call_times_out(world):
    broker, desk, gateway = world.standard(settings={"alert": {"verify_timeout_s": 30}})
    fleet = world.fleet(broker, ["wb-0001", "cam-0001"])
    wait_until(fleet.connected.is_set, 10, "the devices are connected")
    fleet.report("wb-0001", wire.sos())
    gateway.wait_alert("emergency", "r-0001", level="red")
    assert not any(is_cap(record) for record in desk.records())
    desk.wait_record(is_cap, 60, "the police message after the call timed out")


def test_a_direct_agreement_sends_the_police_at_once(world):
    broker, desk, gateway = world.standard(settings={"relay": {"police": {"direct": ["sos"]}}})
    fleet = world.fleet(broker, ["wb-0001", "cam-0001"])
    fleet.report("wb-0001", wire.sos())
    desk.wait_record(is_cap, 10, "the police message")


def test_a_second_sos_after_the_acknowledgement_tells_people_again(world):
    broker, desk, gateway = world.standard(settings={"alert": {"repeat_silent_s": 1}})
    fleet = world.fleet(broker, ["wb-0001", "cam-0001"])
    fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")
    desk.wait_record(of_role("grid_worker", acted=True), 10, "the first notice")
    gateway.acknowledge(alert["id"])
    gateway.wait_alert("emergency", "r-0001", acknowledged=True)

    def press_again():
        # Within the silent second the press joins; a later one counts. Pressing until it does needs no sleep of a fixed length.
        fleet.report("wb-0001", wire.sos())
        return sum(1 for record in desk.records() if of_role("grid_worker", acted=True)(record)) >= 2
    wait_until(press_again, 20, "the grid worker is told again")
    assert gateway.alert_of("emergency", "r-0001")["id"] == alert["id"], "it is still the same alert"


def test_low_battery_and_sos_in_one_report_give_both(world):
    broker, desk, gateway = world.standard()
    fleet = world.fleet(broker, ["wb-0001", "cam-0001"])
    fleet.report("wb-0001", wire.heartbeat(battery=3), wire.sos())
    gateway.wait_alert("emergency", "r-0001", level="red")
    wait_until(lambda: any(alert["family"] == "coverage" for alert in gateway.alerts()), 10, "the low battery's alert")


def test_an_unknown_visitor_is_recorded_and_a_trusted_one_is_not(world):
    broker, desk, gateway = world.standard()
    fleet = world.fleet(broker, ["cam-0001", "cam-0002"])
    known = wire.visit("arrive", "indoors", "trusted")
    known.visit.people[0].visitor_id = "v-daughter"
    lane, _, seq = fleet.report("cam-0002", known)
    fleet.report("cam-0001", wire.visit("arrive", "doorstep"))
    gateway.wait_alert("visitor", "h-0001", level="green")
    wait_until(lambda: fleet.acked("cam-0002", lane, seq), 10, "the trusted visit is acknowledged")
    assert gateway.alert_of("visitor", "h-0002") is None
    assert not desk.records(), "nobody is told of a visitor at the door"


def test_a_camera_that_cannot_speak_hands_over_to_the_wristband(world):
    broker, desk, gateway = world.standard()
    camera = world.device(broker, "cam-0001", speaker=False)
    band = world.device(broker, "wb-0001")
    camera.wait("link up")
    band.wait("link up")
    band.do("sos")
    camera.wait("failed")
    band.wait("played")
    wait_until(lambda: audible(band), 15, "a WAV with audible speech in the wristband's folder")


def test_killed_in_the_middle_of_a_story_it_goes_on_without_loss(world):
    broker, desk, gateway = world.standard(settings={"alert": {"verify_timeout_s": 30}})
    fleet = world.fleet(broker, ["wb-0001", "wb-0002", "cam-0001", "cam-0002"])
    lane, _, seq = fleet.report("wb-0001", wire.sos())
    wait_until(lambda: fleet.acked("wb-0001", lane, seq), 10, "the SOS is acknowledged")
    gateway.kill()
    fleet.report("wb-0002", wire.sos())
    gateway.start()
    for resident in ("r-0001", "r-0002"):
        gateway.wait_alert("emergency", resident, level="red")
        desk.wait_record(lambda record: is_cap(record) and resident_named(record, resident), 60, f"the police message about {resident}")
    records = desk.records()
    acted = [record["id"] for record in records if record.get("acted")]
    assert len(acted) == len(set(acted))
    played = [(row["device"], row["id"]) for row in fleet.history.all("acted")]
    assert len(played) == len(set(played))
    assert gateway.replayed_transitions() == gateway.stored_transitions()


def resident_named(record, resident):
    return ("老人" + str(int(resident[2:]))) in json.dumps(record, ensure_ascii=False)


def test_the_journal_replays_to_the_stored_transitions_byte_for_byte(world):
    broker, desk, gateway = world.standard(settings={"detect": {"fall_cancel_s": 5}, "alert": {"repeat_silent_s": 1}})
    devices = [f"{kind}-{number:04d}" for number in range(1, 5) for kind in ("wb", "cam")]
    fleet = world.fleet(broker, devices)
    fall = wire.messages().event.Event()
    fall.fall.phase = 1
    suspicion = wire.messages().event.Event()
    suspicion.suspicion.SetInParent()
    fleet.report("wb-0001", wire.sos(), wire.fix(34.02, 108.0))
    fleet.report("wb-0002", fall)
    fleet.report("wb-0003", suspicion)
    fleet.report("cam-0004", wire.visit("arrive", "indoors"))
    fleet.report("wb-0004", wire.heartbeat(battery=4))
    gateway.wait_alert("emergency", "r-0002", level="red", timeout_s=20)
    alert = gateway.wait_alert("emergency", "r-0001", level="red")
    gateway.acknowledge(alert["id"])
    gateway.call(alert["id"], "safe")
    fleet.report("cam-0004", wire.visit("leave", "indoors"))
    gateway.close(alert["id"], "false", note="按错了 \"pressed by mistake\"")
    gateway.wait_alert("emergency", "r-0001", state="closed")
    wait_until(lambda: fleet.unacked() == 0, 20, "everything is acknowledged")
    gateway.stop()
    stored = gateway.stored_transitions()
    assert stored.count(b"\n") >= 8
    assert gateway.replayed_transitions() == stored


def test_trace_shows_each_stage_of_an_sos_with_its_time(world):
    broker, desk, gateway = world.standard()
    fleet = world.fleet(broker, ["wb-0001", "cam-0001"])
    lane, _, seq = fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")
    desk.wait_record(of_role("family"), 10, "the family is told")
    wait_until(lambda: fleet.unacked() == 0 and fleet.history.all("acted"), 15, "the prompt was played and that was acknowledged")
    text = gateway.tool("trace", "--state-dir", gateway.state_dir, alert["id"]).decode()
    for stage in ("sos", "opened", "prompt", "notify", "played"):
        assert stage in text, f"'{stage}' is missing in:\n{text}"


def test_it_ends_on_sigterm_with_everything_committed(world):
    broker, desk, gateway = world.standard()
    fleet = world.fleet(broker, ["wb-0001"])
    for _ in range(50):
        fleet.report("wb-0001", wire.steps(10))
    wait_until(lambda: fleet.unacked() == 0, 20, "everything is acknowledged")
    assert gateway.stop() == 0
    assert sum(len(line.get("events", [])) for line in gateway.journal() if line.get("device") == "wb-0001") == 50


def test_check_tells_every_fault_of_a_configuration_at_once(world):
    import subprocess
    from huyang_test import binary
    path = os.path.join(world.folder, "bad.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("county: abc\nlateness_s: 9999\nno_such_key: 1\n")
    done = subprocess.run([binary("huyang-gateway"), "--config", path, "--check"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 2 or done.returncode == 1
    for place in ("bad.yaml:1:", "bad.yaml:2:", "bad.yaml:3:"):
        assert place in done.stderr, done.stderr


def test_a_missing_token_or_a_wrong_one_is_refused(world):
    from huyang_test.gateway import Refused
    _, _, gateway = world.standard()
    with pytest.raises(Refused) as refused:
        gateway.request("GET", "/api/v1/alerts", token="0" * 64)
    assert refused.value.status == 401
