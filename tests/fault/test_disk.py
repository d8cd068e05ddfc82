"""A disk that is full, hangs or fails; two gateways on one state folder."""
import os
import subprocess

import history
import pytest
from huyang_test import wait_until, wire
from huyang_test.process import under_sanitizer

SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow_fsync.c")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 10 MiB, or a skip."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=10m", "huyang-test", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no small file system can be mounted here (needs root): {done.stderr.strip()}")
    yield str(folder)
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.fixture
def shim(tmp_path):
    """Environment for the gateway and the two flags."""
    library = str(tmp_path / "slow_fsync.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-Wall", "-o", library, SHIM, "-ldl"], check=True)
    slow, fail = str(tmp_path / "slow"), str(tmp_path / "fail")
    preload = library
    if under_sanitizer():
        asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
        preload = asan + ":" + library
    return {"LD_PRELOAD": preload, "SLOW_FSYNC_FLAG": slow, "FAIL_FSYNC_FLAG": fail}, slow, fail


def fill(folder):
    """Takes every free byte; returns the file to remove."""
    path = os.path.join(folder, "filler")
    with open(path, "ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass
    return path


def touch(path):
    with open(path, "w", encoding="ascii"):
        pass


def start_on(world, disk, ballast_bytes=524288):
    broker, desk = world.broker(), world.desk()
    settings = {"state_dir": os.path.join(disk, "state"), "store": {"ballast_bytes": ballast_bytes}, "relay": {"police": {"direct": ["sos"]}}}
    gateway = world.gateway(broker, world.county(homes=4), desk, settings=settings, start=False)
    gateway.state_dir = os.path.join(disk, "state")
    return broker, desk, gateway


def red_reaches_the_desk(desk, fleet, device, timeout_s=20):
    before = len([record for record in desk.records() if record["path"] == "/cap"])
    fleet.report(device, wire.sos())
    wait_until(lambda: len([record for record in desk.records() if record["path"] == "/cap"]) > before, timeout_s, f"the police message of {device}'s SOS")


def test_on_a_full_disk_red_goes_out_and_nothing_acknowledged_is_lost(world, small_disk):
    broker, desk, gateway = start_on(world, small_disk)
    gateway.start()
    fleet = world.fleet(broker, [f"{kind}-{number:04d}" for number in range(1, 5) for kind in ("wb", "cam")])
    fleet.report("wb-0001", wire.steps(1))
    wait_until(lambda: fleet.unacked() == 0, 20, "an event before is acknowledged")
    filler = fill(small_disk)
    # Events until the gateway has used up what it keeps in reserve and cannot commit any more.
    wait_until(lambda: not goes_through(fleet, "wb-0002"), 90, "the disk is so full that commits fail")
    red_reaches_the_desk(desk, fleet, "wb-0003", 30)
    assert gateway.alive()
    os.unlink(filler)
    wait_until(lambda: fleet.unacked() == 0, 90, f"with space again everything is acknowledged; waiting {fleet.unacked_devices()}")
    check(gateway, fleet, desk)


@pytest.mark.parametrize("ballast_bytes", [524288, 0], ids=["with ballast", "with nothing to give up"])
def test_starting_on_a_full_disk_still_sends_red(world, small_disk, ballast_bytes):
    broker, desk, gateway = start_on(world, small_disk, ballast_bytes)
    gateway.start()
    fleet = world.fleet(broker, [f"{kind}-{number:04d}" for number in range(1, 5) for kind in ("wb", "cam")])
    fleet.report("wb-0001", wire.steps(1))
    wait_until(lambda: fleet.unacked() == 0, 20, "an event before is acknowledged")
    gateway.kill()
    filler = fill(small_disk)
    gateway.start(ready=False)
    wait_until(lambda: gateway.alive() and gateway.health()[0] != 0, 30, "the gateway answers on a full disk")
    red_reaches_the_desk(desk, fleet, "wb-0002", 30)
    os.unlink(filler)
    wait_until(lambda: fleet.unacked() == 0, 90, "with space again everything is acknowledged")
    check(gateway, fleet, desk)


def goes_through(fleet, device):
    """Does a heap of events still get acknowledged?"""
    for number in range(1500):
        fleet.report(device, wire.steps(number))
    try:
        return wait_until(lambda: fleet.unacked() == 0, 5, "acknowledged")
    except AssertionError:
        return False


def check(gateway, fleet, desk):
    wait_until(lambda: not history.check_desk(desk.records(), gateway.alerts(limit=200)), 30, "every red alert was told")
    wait_until(lambda: fleet.unacked() == 0, 30, "the last command statuses are acknowledged")
    faults = history.check(fleet.history, gateway.journal(), gateway.alerts(limit=200), desk.records())
    assert not faults, "\n".join(faults[:10])


def test_a_hung_disk_does_not_hold_back_red(world, shim):
    environment, slow, _ = shim
    broker, desk = world.broker(), world.desk()
    gateway = world.gateway(broker, world.county(homes=4), desk, settings={"relay": {"police": {"direct": ["sos"]}}}, environment=environment)
    fleet = world.fleet(broker, [f"{kind}-{number:04d}" for number in range(1, 5) for kind in ("wb", "cam")])
    fleet.report("wb-0001", wire.steps(1))
    wait_until(lambda: fleet.unacked() == 0, 20, "an event before is acknowledged")
    touch(slow)
    red_reaches_the_desk(desk, fleet, "wb-0002", 20)
    assert any(record["unpersisted"] for record in desk.records()), "what went out before it was on disk must say so"
    assert not any(row["kind"] == "sos" for row in fleet.history.all("stored") if fleet.acked(row["device"], row["lane"], row["seq"])), \
        "an SOS was acknowledged although no commit can have ended"
    os.unlink(slow)
    wait_until(lambda: fleet.unacked() == 0, 60, "when the disk answers again everything is acknowledged")
    check(gateway, fleet, desk)


def test_an_fsync_that_fails_ends_the_process_and_nothing_was_acknowledged(world, shim):
    environment, _, fail = shim
    broker, desk = world.broker(), world.desk()
    gateway = world.gateway(broker, world.county(homes=4), desk, environment=environment)
    fleet = world.fleet(broker, [f"{kind}-{number:04d}" for number in range(1, 5) for kind in ("wb", "cam")])
    fleet.report("wb-0001", wire.steps(1))
    wait_until(lambda: fleet.unacked() == 0, 20, "an event before is acknowledged")
    touch(fail)
    lane, _, seq = fleet.report("wb-0002", wire.sos())
    wait_until(lambda: not gateway.process.alive(), 30, "the gateway ends itself")
    assert not fleet.acked("wb-0002", lane, seq)
    os.unlink(fail)
    gateway.start()
    wait_until(lambda: fleet.unacked() == 0, 60, "the device's resend is acknowledged")
    gateway.wait_alert("emergency", "r-0002", level="red")
    check(gateway, fleet, desk)


def test_two_gateways_cannot_share_a_state_folder(world):
    broker, desk, gateway = world.standard()
    second = world.gateway(broker, world.county(), desk, settings={"state_dir": gateway.state_dir, "instance": "second"}, start=False)
    second.start(ready=False)
    wait_until(lambda: not second.process.alive(), 20, "the second gateway ends")
    assert second.process.child.returncode not in (0, None)
    assert any("lock" in line or "busy" in line or "another" in line for line in second.process.lines), second.process.tail()
    assert gateway.ready()
