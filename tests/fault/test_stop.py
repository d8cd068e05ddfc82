"""Asked to stop in the middle of a disk that hangs: it leaves, nothing was acknowledged too early, nothing is done twice."""
import os
import subprocess

import pytest

from huyang_test import wait_until, wire
from huyang_test.process import under_sanitizer

SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "slow_fsync.c")


@pytest.fixture
def shim(tmp_path):
    """Environment for the gateway and the file whose existence hangs its disk."""
    library, slow = str(tmp_path / "slow_fsync.so"), str(tmp_path / "slow")
    subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-O1", "-Wall", "-o", library, SHIM, "-ldl"], check=True)
    preload = library
    if under_sanitizer():
        asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True).stdout.strip()
        preload = asan + ":" + library
    return {"LD_PRELOAD": preload, "SLOW_FSYNC_FLAG": slow, "FAIL_FSYNC_FLAG": str(tmp_path / "never")}, slow



def test_a_stop_while_the_disk_hangs_ends_and_the_sos_is_told_once_over_the_restart(world, shim):
    environment, slow = shim
    broker, desk, gateway = world.standard(homes=2, environment=environment)
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the device is connected")
    fleet.report("wb-0001", wire.heartbeat())
    wait_until(lambda: fleet.unacked() == 0, 20, "the disk answers")
    open(slow, "w", encoding="ascii").close()
    fleet.report("wb-0001", wire.sos())
    first = desk.wait_record(lambda record: record.get("role") == "grid_worker" and record.get("acted"), 20, "red leaves before it is on disk")
    wait_until(lambda: fleet.unacked() == 2, 20, "nothing is acknowledged that is not on disk: the SOS, and where the band says it is")
    assert gateway.stop() == 75, "it does not wait for ever, and says that it was not at peace"
    os.remove(slow)
    gateway.start()
    wait_until(lambda: fleet.unacked() == 0, 60, "the device sends its SOS again")
    alert = gateway.wait_alert("emergency", "r-0001", level="red")
    assert alert["id"] == first["alert"], "ids are derived: it is the same alert"
    wait_until(lambda: all(job["state"] == "delivered" for job in gateway.jobs(alert["id"], "notify")), 30, "every notice is delivered")
    acted = [record for record in desk.records() if record.get("role") == "grid_worker" and record.get("acted")]
    assert len(acted) == 1, "the grid worker is told once"
