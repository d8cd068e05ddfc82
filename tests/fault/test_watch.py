"""The gateway watches itself: what hangs or is lost is an alert about that part, told to people, and over when it is well again."""
import os
import signal

from huyang_test import dc09, wait_until, wire
from test_disk import shim, touch  # noqa: F401 (shim is a fixture)

WATCH = {"stall_s": 1, "after_s": 1, "calm_s": 2}


def about(gateway, part, **wanted):
    """The alert about a part of the gateway."""
    return gateway.alert_of("fleet", part, **wanted)


def comes_and_goes(gateway, part, begin, end, level):
    begin()
    alert = wait_until(lambda: about(gateway, part, state="open", cleared=False), 30, f"an alert about {part}")
    assert alert["level"] == level and alert["subject"] == {"gateway": part}
    end()
    wait_until(lambda: about(gateway, part, cleared=True), 60, f"the end of the trouble with {part}")
    return alert


def test_a_hung_disk_is_told_before_anything_can_be_written(world, shim):  # noqa: F811
    environment, slow, _ = shim
    broker, desk = world.broker(), world.desk()
    gateway = world.gateway(broker, world.county(homes=2), desk, settings={"watch": WATCH}, environment=environment)

    touch(slow)
    # Something must want to be written.
    world.fleet(broker, ["wb-0001"]).report("wb-0001", wire.heartbeat())
    record = desk.wait_record(lambda record: record.get("family") == "fleet" and record["unpersisted"], 30, "the alert while the disk hangs")
    assert record["level"] == "orange" and record["role"] == "county_desk"
    os.unlink(slow)
    alert = wait_until(lambda: about(gateway, "store", cleared=True), 60, "the end of the trouble with the disk")
    assert alert["id"] == record["alert"]


def test_a_loop_that_stood_still_says_so(world):
    _, _, gateway = world.standard(settings={"watch": WATCH})
    child = gateway.process.child

    def stand():
        os.kill(child.pid, signal.SIGSTOP)
        # The page's own thread stands as well: nothing of it answers.
        wait_until(lambda: gateway.health()[0] == 0, 30, "it stands still")
        os.kill(child.pid, signal.SIGCONT)
    comes_and_goes(gateway, "loop", stand, lambda: None, "orange")


def test_a_dc09_receiver_that_stops_is_named_and_its_return_clears_it(world):
    receiver = dc09.Receiver()
    port = int(receiver.address.rsplit(":", 1)[1])
    other = dc09.Receiver()
    settings = {"watch": WATCH, "relay": {"police": {"url": "", "timeout_s": 1}, "dc09": [
        {"place": "primary", "main": receiver.address, "account": "1234", "line": "0", "heartbeat_s": 1},
        {"place": "backup", "main": other.address, "account": "1234", "line": "0", "heartbeat_s": 1}]}}
    _, desk, gateway = world.standard(settings=settings)
    back = []
    alert = comes_and_goes(gateway, "police-primary-main", receiver.stop, lambda: back.append(dc09.Receiver(port=port)), "yellow")
    assert not about(gateway, "police-backup-main") and not about(gateway, "police")
    desk.wait_record(lambda record: record.get("alert") == alert["id"] and record["role"] == "county_desk", 15, "the county desk hears which path it is")

    def both():
        back.pop().stop()
        other.stop()
    other_port = int(other.address.rsplit(":", 1)[1])
    comes_and_goes(gateway, "police", both, lambda: back.extend([dc09.Receiver(port=port), dc09.Receiver(port=other_port)]), "orange")
    for one in back:
        one.stop()


def test_a_cap_receiver_that_hangs_is_supervision_lost(world):
    broker, desk, police = world.broker(), world.desk(), world.desk()
    gateway = world.gateway(broker, world.county(homes=2), desk,
                            settings={"watch": WATCH, "relay": {"police": {"url": police.url + "/cap", "warm_s": 1, "timeout_s": 1}}})
    comes_and_goes(gateway, "police-primary-main", lambda: police.set_mode("/head", "hang"), lambda: police.set_mode("/head", "accept"), "yellow")


def test_a_broker_that_is_gone_is_told(world):
    broker, _, gateway = world.standard(settings={"watch": WATCH})
    comes_and_goes(gateway, "broker", broker.kill, broker.start, "orange")
