"""SIA DC-09: the desk's receiver, judged by a third reading of the standard, and the gateway against receivers that misbehave."""
import os
import re
import signal
import time

import pytest

from huyang_test import dc09, wait_until, wire
from huyang_test.county import County

KEY = b"0123456789ABCDEF"
EVENT = "#1234|Nri1/PA001^h-0001^"


@pytest.fixture
def key_file(tmp_path):
    path = str(tmp_path / "dc09.key")
    with open(path, "w", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(KEY.decode() + "\n")
    return path


def dc09_records(desk, path="/dc09"):
    return [record for record in desk.records() if record["path"] == path]


# ---- the desk ----

def test_the_desk_acknowledges_what_is_well_formed_in_clear_and_encrypted(world, key_file):
    for key, arguments in ((None, ()), (KEY, ("--dc09-key-file", key_file))):
        desk = world.desk(arguments=("--dc09", "0", *arguments))
        frame = dc09.build("SIA-DCS", 17, "1234", EVENT, "[X116E23.8277][Y39N54.9916][Ihelp]", time.time(), key)
        answer = dc09.Frame(dc09.ask(desk.dc09[0], frame), key)
        assert (answer.name, answer.sequence, answer.account, answer.encrypted) == ("ACK", 17, "1234", key is not None)
        record = dc09_records(desk)[0]
        assert record["valid"] and record["acted"] and record["code"] == "PA" and record["zone"] == "001" and record["label"] == "h-0001"
        assert abs(record["lon"] - 116.397128) < 1e-5 and abs(record["lat"] - 39.916527) < 1e-5
        null = dc09.build("NULL", 0, "1234", when=time.time(), key=key)
        assert dc09.Frame(dc09.ask(desk.dc09[0], null), key).name == "ACK"
        assert not dc09_records(desk, "/dc09/null")[0]["acted"]


def test_the_desk_acts_once_however_often_a_frame_comes(world):
    desk = world.desk(arguments=("--dc09", "0", "--dc09", "0"))
    frame = dc09.build("SIA-DCS", 5, "1234", EVENT, f"[Vid={'a' * 32}]", time.time())
    for address in (desk.dc09[0], desk.dc09[0], desk.dc09[1]):
        assert dc09.Frame(dc09.ask(address, frame)).name == "ACK"
    records = dc09_records(desk) + dc09_records(desk, "/dc09/2")
    assert [record["acted"] for record in records] == [True, False, False]
    assert [record["duplicate"] for record in records] == [False, True, True]
    assert {record["id"] for record in records} == {"a" * 32}


@pytest.mark.parametrize("off, word", [(-39, "ACK"), (-42, "NAK"), (19, "ACK"), (23, "NAK")])
def test_the_desk_refuses_times_outside_its_window_with_its_own(world, off, word):
    desk = world.desk(arguments=("--dc09", "0", "--dc09-clock", "500"))
    # The second may turn over between the stamp and the judgement, which moves the frame towards the past.
    answer = dc09.Frame(dc09.ask(desk.dc09[0], dc09.build("SIA-DCS", 5, "1234", EVENT, when=time.time() + 500 + off + (off > 0))))
    assert answer.name == word or (off == 19 and word == "ACK" and answer.name == "NAK")
    if word == "NAK":
        assert abs(answer.seconds() - time.time() - 500) < 10


def test_the_desk_does_not_answer_what_it_cannot_trust_and_refuses_what_it_cannot_take(world, key_file):
    desk = world.desk(arguments=("--dc09", "0", "--dc09-key-file", key_file))
    now = time.time()
    good = dc09.build("SIA-DCS", 5, "1234", EVENT, when=now, key=KEY)
    body = good[9:-1]
    silent = [dc09.framed(body, spoil=1), b"\n%04X%04X%s\r" % (dc09.crc(body), len(body) + 1, body), dc09.framed(b'"SIA-DCS"00X5R0L0#1234[]')]
    duh = [dc09.build("SIA-DCS", 5, "1234", EVENT, when=now), dc09.build("SIA-DCS", 5, "1234", EVENT, key=KEY),
           dc09.build("SIA-DCS", 5, "1234", EVENT, when=now, key=b"another key, 16B"), dc09.build("SIA-DCS", 5, "1234", "#9999|Nri1/PA001", when=now, key=KEY),
           dc09.build("ADM-CID", 5, "1234", "#1234|1101 12 003", when=now, key=KEY), dc09.build("SIA-DCS", 5, "1234", EVENT, "[X116E23.8", now, KEY)]
    for frame in silent:
        # What is not answered is followed by what is: the first answer belongs to the second frame.
        assert dc09.Frame(dc09.ask(desk.dc09[0], frame + good), KEY).name == "ACK"
    for frame in duh:
        assert dc09.Frame(dc09.ask(desk.dc09[0], frame), KEY).name == "DUH"
    records = dc09_records(desk)
    assert [record["answer"] for record in records if not record["valid"]] == [""] * 3 + ["DUH"] * 6
    assert sum(record["acted"] for record in records) == 1


def test_every_mode_of_the_desk_behaves_as_it_is_called(world):
    desk = world.desk(arguments=("--dc09", "0"))

    def one(mode, sequence):
        desk.set_mode("/dc09", mode, count=1)
        return dc09.ask(desk.dc09[0], dc09.build("SIA-DCS", sequence, "1234", EVENT, when=time.time()))

    assert dc09.Frame(one("accept", 1)).name == "ACK"
    assert dc09.Frame(one("reject", 2)).name == "DUH"
    assert dc09.Frame(one("nak", 3)).name == "NAK"
    assert dc09.Frame(one("slow", 4)).name == "ACK"
    with pytest.raises(dc09.Bad, match="checksum"):
        dc09.Frame(one("bad_crc", 5))
    assert one("close", 6) == b"" and one("error", 7) == b"" and one("redirect", 8) == b""
    desk.set_mode("/dc09", "garbage", count=1)
    two = dc09.build("SIA-DCS", 9, "1234", EVENT, when=time.time()) + dc09.build("SIA-DCS", 10, "1234", EVENT, when=time.time())
    assert dc09.Frame(dc09.ask(desk.dc09[0], two)).sequence == 10  # the first was answered by bytes that are no frame
    acted = {record["mode"]: record["acted"] for record in dc09_records(desk)}
    assert acted == {"accept": True, "reject": False, "nak": False, "slow": True, "bad_crc": True, "close": True, "error": False, "redirect": False,
                     "garbage": True}


# ---- the gateway ----

def dc09_settings(key_file="", place="primary", main="", backup="", heartbeat_s=0, **more):
    return {"place": place, "main": main, "backup": backup, "account": "1234", "line": "0", "receiver": "1", "key_file": key_file,
            "heartbeat_s": heartbeat_s} | more


def start(world, receivers, timeout_s=5, **relay):
    """A gateway whose SOS go to the police at once, by DC-09 only."""
    broker, desk = world.broker(), world.desk()
    settings = {"relay": {"police": {"direct": ["sos", "fall", "suspicion"], "timeout_s": timeout_s, "url": ""}, "dc09": receivers, **relay}}
    gateway = world.gateway(broker, world.county(), desk, settings=settings)
    return broker, desk, gateway


def keep(world, receiver):
    world.closing.append(receiver)
    return receiver


def sos(world, broker, gateway, home=1):
    fleet = world.fleet(broker, [f"wb-{home:04d}"])
    fleet.report(f"wb-{home:04d}", wire.sos())
    return gateway.wait_alert("emergency", f"r-{home:04d}", level="red")


def police_job(gateway, alert, state=None, kind="police"):
    """The alert's police job, once it stands so."""
    def look():
        return next((job for job in gateway.jobs(alert["id"], kind) if state in (None, job["state"])), None)
    return wait_until(look, 30, f"the {kind} job is {state}; the jobs are {gateway.jobs(alert['id'], kind)}")


def wait_metric(gateway, name, accept, path="main", **labels):
    """The page of numbers is made once a second."""
    more = "".join(f',{key}="{value}"' for key, value in labels.items())
    full = f'huyang_dc09_{name}{{receiver="primary",path="{path}"{more}}}'
    wait_until(lambda: accept(gateway.metrics()[full]), 15, full)


@pytest.mark.parametrize("encrypted", [False, True])
def test_an_sos_reaches_the_receiver_as_a_panic_alarm_with_its_place(world, key_file, encrypted):
    key = KEY if encrypted else None
    receiver = keep(world, dc09.Receiver(key))
    broker, _, gateway = start(world, [dc09_settings(key_file if encrypted else "", main=receiver.address)])
    alert = sos(world, broker, gateway)
    job = police_job(gateway, alert, "sent")
    assert job["channel"] == "dc09" and receiver.faults == []
    frame, = receiver.events()
    assert frame.encrypted == encrypted and frame.name == "SIA-DCS" and frame.account == "1234"
    assert frame.data == "#1234|Nri1/PA001^h-0001^"
    assert f"id={job['id']}" in frame.extensions["V"] and f"alert={alert['id']}" in frame.extensions["V"]
    lat, lon = County.home(1)
    degrees, minutes = re.fullmatch(r"(\d{3})E(\d\d\.\d{4})", frame.extensions["X"]).groups()
    assert abs(int(degrees) + float(minutes) / 60 - lon) < 1e-4
    degrees, minutes = re.fullmatch(r"(\d\d)N(\d\d\.\d{4})", frame.extensions["Y"]).groups()
    assert abs(int(degrees) + float(minutes) / 60 - lat) < 1e-4
    assert frame.extensions["I"].startswith("Call for help, to be verified.") and "1380000" in frame.extensions["I"]
    assert abs(frame.seconds() - time.time()) < 60 and abs(dc09.time_seconds(frame.extensions["H"]) - time.time()) < 60
    # The receiver's machine has it. Nobody has accepted it, and no page says so.
    assert job["state"] == "sent" and [step["state"] for step in job["history"]][-1] == "sent"
    wait_metric(gateway, "answers_total", lambda value: value == 1, answer="ack")


def test_a_closed_false_alarm_is_stood_down_by_the_restoral(world):
    receiver = keep(world, dc09.Receiver())
    broker, _, gateway = start(world, [dc09_settings(main=receiver.address)])
    alert = sos(world, broker, gateway)
    first = police_job(gateway, alert, "sent")
    gateway.request("POST", f"/api/v1/alerts/{alert['id']}/close", {"by": "d-0001", "disposition": "false"})
    second = police_job(gateway, alert, "delivered", "stand_down")
    assert police_job(gateway, alert)["state"] == "cancelled"  # nobody is asked to telephone about a false alarm
    alarm, restoral = receiver.events()
    assert restoral.data == alarm.data.replace("PA", "PR") and f"cancels={first['id']}" in restoral.extensions["V"]
    assert f"id={second['id']}" in restoral.extensions["V"] and restoral.extensions["I"].startswith("STAND DOWN")


def test_a_drill_is_a_test_report_and_says_so(world):
    receiver = keep(world, dc09.Receiver())
    broker, _, gateway = start(world, [dc09_settings(main=receiver.address)], exercise=True)
    alert = sos(world, broker, gateway)
    police_job(gateway, alert, "sent")
    gateway.request("POST", f"/api/v1/alerts/{alert['id']}/close", {"by": "d-0001", "disposition": "false"})
    police_job(gateway, alert, "delivered", "stand_down")
    for frame in receiver.events():
        assert frame.data == "#1234|Nri1/RX001^h-0001^" and frame.extensions["I"].startswith("EXERCISE, DO NOT RESPOND")


def test_a_nak_makes_the_gateway_use_the_receivers_clock(world, key_file):
    desk_arguments = ("--dc09", "0", "--dc09-clock", "3600", "--dc09-key-file", key_file)
    police = world.desk(arguments=desk_arguments)
    broker, _, gateway = start(world, [dc09_settings(key_file, main=police.dc09[0])])
    alert = sos(world, broker, gateway, 1)
    police_job(gateway, alert, "sent")
    alert = sos(world, broker, gateway, 2)
    police_job(gateway, alert, "sent")
    records = dc09_records(police)
    # The first was refused once and went again under the same number; the second had the right time at once.
    assert [record["answer"] for record in records] == ["NAK", "ACK", "ACK"]
    assert records[0]["sequence"] == records[1]["sequence"] and records[0]["id"] == records[1]["id"]
    assert [record["acted"] for record in records] == [False, True, True]
    assert "dc09.clock" in gateway.process.tail(200)
    wait_metric(gateway, "clock_offset_seconds", lambda value: 3590 < value < 3610)


def test_a_receiver_that_refuses_every_time_is_left_for_the_next_path(world):
    naks = keep(world, dc09.Receiver(behave=lambda frame, count: dc09.framed(b'"NAK"0000R0L0A0[]' + dc09.stamp().encode())))
    other = keep(world, dc09.Receiver())
    broker, _, gateway = start(world, [dc09_settings(main=naks.address, backup=other.address)])
    police_job(gateway, sos(world, broker, gateway), "sent")
    assert len(naks.events()) == 2 and len(other.events()) == 1
    assert {frame.sequence for frame in naks.events()} == {frame.sequence for frame in other.events()}


def test_a_refusal_goes_through_every_path_and_receiver_and_then_to_a_person(world):
    def duh(frame, _count):
        return dc09.build("DUH", frame.sequence, frame.account)
    three = [keep(world, dc09.Receiver(behave=duh)) for _ in range(3)]
    broker, desk, gateway = start(world, [dc09_settings(main=three[0].address, backup=three[1].address),
                                          dc09_settings(place="backup", main=three[2].address)])
    alert = sos(world, broker, gateway)
    job = police_job(gateway, alert, "rejected")
    assert job["reason"] == "DUH: the receiver cannot take it"
    assert [len(receiver.events()) for receiver in three] == [1, 1, 1]
    assert len({frame.raw for receiver in three for frame in receiver.events()}) == 1
    desk.wait_record(lambda record: record.get("task") == "police-rejected", 15, "the task for a person")


def test_a_receiver_that_hangs_or_sends_nonsense_is_left_for_the_other_in_time(world):
    def wrong_crc(frame, _count):
        good = dc09.build("ACK", frame.sequence, frame.account)
        return dc09.framed(good[9:-1], spoil=0x100)

    def close(_frame, _count):
        raise ConnectionError("told to")
    behaviours = {
        "hang": lambda frame, count: None, "wrong checksum": wrong_crc, "closes": close,
        "another's number": lambda frame, count: dc09.build("ACK", frame.sequence % 9999 + 1, frame.account),
        "another's account": lambda frame, count: dc09.build("ACK", frame.sequence, "9999"),
        "no end": lambda frame, count: b"\n" + b"x" * 9000, "noise": lambda frame, count: bytes(range(256)) * 40,
    }
    for name, behave in behaviours.items():
        bad, good = keep(world, dc09.Receiver(behave=behave)), keep(world, dc09.Receiver())
        broker, _, gateway = start(world, [dc09_settings(main=bad.address), dc09_settings(place="backup", main=good.address)], timeout_s=1)
        police_job(gateway, sos(world, broker, gateway), "sent")
        assert len(bad.events()) >= 1 and len(good.events()) == 1, name
        assert bad.events()[0].raw == good.events()[0].raw, name
        gateway.stop()


def test_an_ack_in_clear_or_from_another_time_is_no_ack_where_there_is_a_key(world, key_file):
    answers = {
        "clear": lambda frame, count: dc09.build("ACK", frame.sequence, frame.account),
        "key": lambda frame, count: dc09.build("ACK", frame.sequence, frame.account, when=time.time(), key=b"another key, 16B"),
        "time": lambda frame, count: dc09.build("ACK", frame.sequence, frame.account, when=time.time() - 300, key=KEY),
    }
    for reason, behave in answers.items():
        bad, good = keep(world, dc09.Receiver(KEY, behave)), keep(world, dc09.Receiver(KEY))
        broker, _, gateway = start(world, [dc09_settings(key_file, main=bad.address, backup=good.address)], timeout_s=1)
        police_job(gateway, sos(world, broker, gateway), "sent")
        assert len(good.events()) == 1
        wait_metric(gateway, "refused_total", lambda value: value >= 1, reason=reason)
        gateway.stop()


def test_a_key_file_that_others_may_read_is_not_used_and_nothing_goes_in_clear(world, key_file):
    os.chmod(key_file, 0o640)
    receiver = keep(world, dc09.Receiver(KEY))
    broker, _, gateway = start(world, [dc09_settings(key_file, main=receiver.address)])
    alert = sos(world, broker, gateway)
    gateway.process.wait_line(lambda line: "dc09.key" in line and "open to group" in line, 15, "the log says so")
    assert receiver.frames == [] and receiver.faults == []
    os.chmod(key_file, 0o600)
    police_job(gateway, alert, "sent")  # it is read again with the next attempt
    log = open(os.path.join(gateway.folder, "gateway.log"), encoding="utf-8").read()
    assert KEY.decode() not in log


def test_kill_9_between_the_message_and_its_ack_delivers_the_same_bytes_and_the_desk_acts_once(world, key_file):
    police = world.desk(arguments=("--dc09", "0", "--dc09-key-file", key_file))
    police.set_mode("/dc09", "silent", count=1)  # acts, and the gateway does not hear of it
    broker, _, gateway = start(world, [dc09_settings(key_file, main=police.dc09[0])], timeout_s=30)
    alert = sos(world, broker, gateway)
    police.wait_record(lambda record: record["path"] == "/dc09" and record["acted"], 15, "the message")
    gateway.kill()
    gateway.start()
    police_job(gateway, alert, "sent")
    records = dc09_records(police)
    assert [record["acted"] for record in records] == [True] + [False] * (len(records) - 1)
    assert len(records) >= 2 and records[1]["duplicate"]
    assert len({(record["digest"], record["sequence"], record["id"]) for record in records}) == 1


def test_what_the_receiver_has_is_not_sent_again_after_kill_9(world):
    receiver = keep(world, dc09.Receiver())
    broker, _, gateway = start(world, [dc09_settings(main=receiver.address)])
    alert = sos(world, broker, gateway, 1)
    first = police_job(gateway, alert, "sent")
    gateway.kill()
    gateway.start()
    second = police_job(gateway, sos(world, broker, gateway, 2), "sent")
    # What waits on disk is read before anything new is taken in: a repetition would stand before the second message.
    assert [f"id={job['id']}" in frame.extensions["V"] for job, frame in zip((first, second), receiver.events())] == [True, True]
    assert len(receiver.events()) == 2


def test_a_cap_receiver_stands_behind_a_dc09_receiver(world):
    broker, desk = world.broker(), world.desk()
    gone = keep(world, dc09.Receiver())
    gone.stop()
    settings = {"relay": {"police": {"direct": ["sos"], "url": "", "backup_url": desk.url + "/cap"}, "dc09": [dc09_settings(main=gone.address)]}}
    gateway = world.gateway(broker, world.county(), desk, settings=settings)
    alert = sos(world, broker, gateway)
    assert police_job(gateway, alert, "accepted")["channel"] == "dc09"
    record = desk.wait_record(lambda one: one["path"] == "/cap", 15, "the CAP document")
    assert record["valid"] and record["acted"] and record["type"] == "Alert"


def test_accounts_follow_the_territory(world):
    receiver = keep(world, dc09.Receiver())
    broker, _, gateway = start(world, [dc09_settings(main=receiver.address)],
                               dc09_accounts=[{"territory": "990001", "account": "AAA0"}, {"territory": "990001001001", "account": "BBB1"}])
    police_job(gateway, sos(world, broker, gateway), "sent")
    frame, = receiver.events()
    assert frame.account == "BBB1" and frame.data.startswith("#BBB1|")


def test_a_path_is_supervised_and_its_loss_told_and_a_message_takes_the_other_at_once(world, key_file):
    main, backup = world.desk(arguments=("--dc09", "0", "--dc09-key-file", key_file)), keep(world, dc09.Receiver(KEY))
    broker, _, gateway = start(world, [dc09_settings(key_file, main=main.dc09[0], backup=backup.address, heartbeat_s=1)], timeout_s=1)

    for path in ("main", "backup"):
        wait_metric(gateway, "up", lambda value: value == 1, path=path)
    tests = [record for record in main.records() if record["path"] == "/dc09/null"]
    assert tests[0]["answer"] == "ACK" and tests[0]["sequence"] == "0000" and tests[0]["encrypted"]
    main.set_mode("*", "hang")
    gateway.process.wait_line(lambda line: "dc09.lost" in line and "receiver=:police" in line, 20, "the loss is told")
    wait_metric(gateway, "up", lambda value: value == 0)
    wait_metric(gateway, "up", lambda value: value == 1, path="backup")
    before = len(dc09_records(main))
    police_job(gateway, sos(world, broker, gateway), "sent")
    assert len(backup.events()) == 1 and len(dc09_records(main)) == before, "nobody waited for the lost path"
    main.set_mode("*", "accept")
    gateway.process.wait_line(lambda line: "dc09.restored" in line, 20, "it is back")
    wait_metric(gateway, "up", lambda value: value == 1)
    police_job(gateway, sos(world, broker, gateway, 2), "sent")
    assert len(dc09_records(main)) == before + 1


def test_new_settings_reach_the_receiver_without_a_restart(world):
    first, second = keep(world, dc09.Receiver()), keep(world, dc09.Receiver())
    broker, _, gateway = start(world, [dc09_settings(main=first.address, heartbeat_s=1)])
    wait_until(first.tests, 15, "a link test")
    gateway.write_config({"relay": {"dc09": [dc09_settings(main=second.address, heartbeat_s=1, account="FFF9")]}})
    gateway.process.signal(signal.SIGHUP)
    wait_until(second.tests, 15, "a link test at the new receiver")
    assert second.tests()[0].account == "FFF9"
    police_job(gateway, sos(world, broker, gateway), "sent")
    assert len(second.events()) == 1 and first.events() == []
