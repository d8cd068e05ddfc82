"""A backup of a running gateway, and a gateway that goes on from it; retention through the command line."""
import os
import subprocess

import pytest

from huyang_test import wait_until, wire
from huyang_test.process import binary


def huyang(*arguments):
    return subprocess.run([binary("huyang"), *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_a_gateway_goes_on_from_a_backup_that_was_made_while_it_ran(world, tmp_path):
    broker, _, gateway = world.standard(homes=2)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002"])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    wait_until(lambda: fleet.unacked() == 0, 10, "it is acknowledged")
    copy = str(tmp_path / "copy")
    done = huyang("backup", "--state-dir", gateway.state_dir, "--to", copy)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(copy)) == ["accounts.db", "huyang.db", "manifest.txt"]
    assert os.stat(copy).st_mode & 0o777 == 0o700 and os.stat(os.path.join(copy, "huyang.db")).st_mode & 0o777 == 0o600
    fleet.report("wb-0002", wire.sos())
    gateway.wait_alert("emergency", "r-0002", level="red")
    again = huyang("backup", "--state-dir", gateway.state_dir, "--to", copy)
    assert again.returncode == 1 and "already" in again.stderr

    refused = huyang("restore", "--from", copy, "--state-dir", gateway.state_dir)
    assert refused.returncode == 1 and "in use or was" in refused.stderr
    gateway.stop()
    os.rename(gateway.state_dir, gateway.state_dir + ".lost")
    done = huyang("restore", "--from", copy, "--state-dir", gateway.state_dir)
    assert done.returncode == 0, done.stderr
    gateway.start()
    assert gateway.alert_of("emergency", "r-0001")["id"] == alert and gateway.alert_of("emergency", "r-0002") is None
    gateway.acknowledge(alert)
    fleet.report("wb-0002", wire.sos())
    gateway.wait_alert("emergency", "r-0002", level="red")
    assert huyang("journal", "verify", "--state-dir", gateway.state_dir).returncode == 0


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "manifest", "outside"])
def test_a_damaged_backup_is_refused_and_leaves_nothing_behind(world, tmp_path, damage):
    _, _, gateway = world.standard(homes=1)
    copy, target = str(tmp_path / "copy"), str(tmp_path / "state")
    assert huyang("backup", "--state-dir", gateway.state_dir, "--to", copy).returncode == 0
    path, manifest = os.path.join(copy, "huyang.db"), os.path.join(copy, "manifest.txt")
    if damage == "flip":
        with open(path, "r+b") as file:
            file.seek(5000)
            byte = file.read(1)
            file.seek(5000)
            file.write(bytes([byte[0] ^ 1]))
    elif damage == "cut":
        os.truncate(path, os.path.getsize(path) - 4096)
    elif damage == "gone":
        os.remove(path)
    elif damage == "manifest":
        os.remove(manifest)
    else:
        with open(manifest, "a", encoding="ascii") as file:
            file.write("../../elsewhere.db 1 00\n")
    done = huyang("restore", "--from", copy, "--state-dir", target)
    assert done.returncode == 1 and not os.path.exists(target) and not os.path.exists(target + ".partial")


def test_the_retention_is_shown_and_a_held_folder_is_left_alone(world):
    broker, _, gateway = world.standard(homes=1, settings={"retention": {"location_days": 7}})
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    fleet.report("wb-0001", wire.fix(34.0, 108.0))
    wait_until(lambda: fleet.unacked() == 0, 10, "it is acknowledged")
    shown = huyang("retention", "show", "--config", gateway.config)
    assert shown.returncode == 0 and "   7 days, then cells of 500 m" in shown.stdout, shown.stdout + shown.stderr
    assert gateway.metrics()["huyang_retention_failed_total"] == 0
    held = huyang("retention", "run", "--config", gateway.config)
    assert held.returncode == 1 and "holds this folder" in held.stderr
    assert huyang("retention", "run", "--dry-run", "--config", gateway.config).returncode == 0
    gateway.stop()
    done = huyang("retention", "run", "--config", gateway.config)
    assert done.returncode == 0 and "made less exact: 0" in done.stdout
