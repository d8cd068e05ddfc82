"""What is asked of devices: by people through the command line, by the gateway itself on an SOS; to the real firmware over a real broker."""
import subprocess

from huyang_test import wait_until
from huyang_test.process import binary


def device_tool(gateway, *arguments):
    return subprocess.run([binary("huyang"), "device", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def commands(gateway, device):
    return gateway.request("GET", f"/api/v1/devices/{device}/commands")["commands"]


def wait_command(gateway, device, kind, state):
    return wait_until(lambda: next((row for row in commands(gateway, device) if (row["command"], row["state"]) == (kind, state)), None),
                      20, f"{kind} of {device} {state}")


def fixes(gateway, device):
    return [line for line in gateway.journal() if f'"device":"{device}"' in str(line).replace("'", '"').replace('": "', '":"') and "fix" in str(line)]


def beats(gateway):
    return sum("heartbeat" in str(line) for line in gateway.journal())


def test_a_person_asks_where_a_band_is_and_sets_its_pace_for_good(world):
    broker, _, gateway = world.standard(homes=2)
    band = world.device(broker, "wb-0001")
    band.wait("link up")
    band.do("fix 34.0001 108.0001 12")
    done = device_tool(gateway, "locate", "wb-0001", "--by", "d-0001", "--note", "家属请求协助寻找")
    assert done.returncode == 0, done.stderr
    row = wait_command(gateway, "wb-0001", "locate", "played")
    assert (row["by"], row["note"], row["basis"]) == ("d-0001", "家属请求协助寻找", "person")
    wait_until(lambda: fixes(gateway, "wb-0001"), 15, "the position")
    assert device_tool(gateway, "interval", "wb-0001", "--by", "d-0001", "--note", "试点", "--interval-s", "10").returncode == 0
    wait_command(gateway, "wb-0001", "interval", "played")
    shown = device_tool(gateway, "commands", "wb-0001")
    assert shown.returncode == 0 and "interval" in shown.stdout and "试点" in shown.stdout
    # What holds for good holds over a restart of the device, which nobody orders twice.
    assert device_tool(gateway, "restart", "wb-0001", "--by", "d-0001", "--note", "固件卡住").returncode == 0
    wait_command(gateway, "wb-0001", "restart", "played")
    band.kill()
    before = beats(gateway)
    band.start()
    wait_until(lambda: beats(gateway) >= before + 2, 40, "two reports at the new pace")


def test_an_order_waits_for_its_device_over_a_kill_and_is_done_once(world):
    broker, _, gateway = world.standard(homes=2)
    assert device_tool(gateway, "interval", "wb-0002", "--by", "d-0001", "--note", "省电", "--interval-s", "1200").returncode == 0
    gateway.kill()
    gateway.start()
    gateway.wait_ready()
    assert [row["state"] for row in commands(gateway, "wb-0002")] == ["queued"]
    band = world.device(broker, "wb-0002")
    band.wait("link up")
    wait_command(gateway, "wb-0002", "interval", "played")
    assert len(commands(gateway, "wb-0002")) == 1
    assert gateway.replayed_transitions() == gateway.stored_transitions()


def test_without_consent_a_position_is_asked_for_and_taken_in_only_while_an_sos_is_open(world):
    broker = world.broker()
    gateway = world.gateway(broker, world.county(homes=2, no_consent=(1,)))
    band = world.device(broker, "wb-0001")
    band.wait("link up")
    refused = device_tool(gateway, "locate", "wb-0001", "--by", "d-0001", "--note", "想知道在哪")
    assert refused.returncode == 1 and "not consented" in refused.stderr
    assert commands(gateway, "wb-0001") == []
    band.do("sos")
    alert = gateway.wait_alert("emergency", "r-0001")
    row = wait_command(gateway, "wb-0001", "locate", "played")
    assert (row["by"], row["basis"], row["alert"]) == ("sos", "life_safety", alert["id"])
    wait_until(lambda: fixes(gateway, "wb-0001"), 15, "the position")
    gateway.close(alert["id"], "true")
    refused = device_tool(gateway, "locate", "wb-0001", "--by", "d-0001", "--note", "想知道在哪")
    assert refused.returncode == 1, refused.stdout


def test_what_is_wrong_is_told_in_words(world):
    _, _, gateway = world.standard(homes=2)
    for words, status, text in ((["locate", "wb-9999", "--by", "d", "--note", "x"], 1, "no device of this id"),
                                (["locate", "cam-0001", "--by", "d", "--note", "x"], 1, "camera"),
                                (["locate", "wb-0001", "--by", "d"], 1, "note"),
                                (["interval", "wb-0001", "--by", "d", "--note", "x", "--interval-s", "9"], 1, "interval_s"),
                                (["interval", "wb-0001", "--by", "d", "--note", "x"], 1, "interval_s"),
                                (["sing"], 2, "there is no sing"), (["locate"], 2, "an id is missing"), ([], 2, "what shall be done")):
        done = device_tool(gateway, *words) if words else subprocess.run([binary("huyang"), "device"], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, text in done.stderr) == (status, True), (words, done.stderr)
    listed = device_tool(gateway, "list", "--kind", "wristband")
    assert listed.returncode == 0 and "wb-0001" in listed.stdout
