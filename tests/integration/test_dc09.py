"""SIA DC-09: the desk's receiver, judged by a third reading of the standard, and the gateway against receivers that misbehave."""
import os
import time

import pytest

from huyang_test import dc09

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
