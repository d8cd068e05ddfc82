"""A canary: somebody who does not exist calls for help. All of the way is real and marked as a drill; no person, no task, no police."""
from huyang_test import wait_until

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
    alert = gateway.wait_alert("emergency", "r-0001", level="red")
    assert alert["exercise"] is True
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
