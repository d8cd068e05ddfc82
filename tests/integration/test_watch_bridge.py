"""Watches of the bracket protocol over real sockets, through the bridge, a real broker and the running gateway."""
import os
import re
import socket
import subprocess

import pytest

from huyang_test import binary, wait_until
from huyang_test.county import CODE
from huyang_test.process import Process

WATCH = "8800000015"
PLACE = "A,34.000000,N,108.000000,E,0.0,0.0,100,7,60,{battery},1000,50,{status},0,0,15.5"


def alarm(time="001500", status="00010000", battery=50):
    return "AL,010326," + time + "," + PLACE.format(battery=battery, status=status)


def frame(content, watch=WATCH, length=None):
    body = content if isinstance(content, bytes) else content.encode()
    return b"[3G*%s*%04x*%s]" % (watch.encode(), len(body) if length is None else length, body)


class Watch:
    """A watch's end of the connection."""

    def __init__(self, port, watch=WATCH):
        self.watch = watch
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.settimeout(0.2)
        self.heard = b""

    def say(self, content, **options):
        self.socket.sendall(frame(content, self.watch, **options))

    def listen(self):
        try:
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("closed by the bridge")
            self.heard += got
        except socket.timeout:
            pass
        return self.heard

    def wait(self, content, seconds=10):
        wait_until(lambda: frame(content, self.watch) in self.listen(), seconds, f"the watch hears {content}")

    def wait_closed(self):
        def closed():
            try:
                self.listen()
                return False
            except ConnectionError:
                return True
        wait_until(closed, 10, "the bridge closes the connection")


class Bridge:
    def __init__(self, folder, broker, more=()):
        self.folder = folder
        self.broker = broker
        self.more = list(more)
        self.process = None
        os.makedirs(folder, exist_ok=True)
        self.list = os.path.join(folder, "watches.csv")
        with open(self.list, "w", encoding="ascii") as file:
            file.write(f"watch,device\n{WATCH},wb-0001\n8800000016,wb-0002\n")
        self.start()

    def start(self):
        self.process = Process([binary("huyang"), "watch-bridge", "--broker", self.broker.url, "--county", CODE, "--watches", self.list,
                                "--state-dir", os.path.join(self.folder, "state"), "--port", "0", *self.more],
                               log_path=os.path.join(self.folder, "bridge.log"))
        found = wait_until(lambda: re.findall(r"watch-bridge tcp://127\.0\.0\.1:(\d+) watches 2", self.text()), 15, "the bridge listens")
        self.port = int(found[-1])

    def text(self):
        return self.process.tail(1000)

    def stop(self):
        return self.process.stop() if self.process.alive() else 0


def bridged_over(world, broker, more=()):
    """Gateway over homes without cameras, so that what is to be said goes to the wrist; and the bridge."""
    county = world.county()
    path = os.path.join(county.folder, "devices.csv")
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("cam-")]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)
    broker, desk, gateway = world.standard(county=county, broker=broker)
    bridge = Bridge(world.path("bridge"), broker, more)
    bridge.gateway, bridge.desk = gateway, desk
    return bridge


@pytest.fixture(name="bridged")
def bridged_world(world):
    bridge = bridged_over(world, world.broker())
    yield bridge
    assert bridge.stop() == 0


def device_tool(gateway, *arguments):
    return subprocess.run([binary("huyang"), "device", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=True)


def reports(gateway, device):
    return [line for line in gateway.journal() if line.get("device") == device]


def test_an_sos_is_answered_and_red_and_the_watch_shows_what_it_is_told(bridged):
    watch = Watch(bridged.port)
    watch.say("LK,50,100,80")
    watch.wait("LK")
    watch.say(alarm(status="00010001", battery=4))
    watch.wait("AL")
    alert = bridged.gateway.wait_alert("emergency", "r-0001", level="red")
    wait_until(lambda: any(one["family"] == "coverage" for one in bridged.gateway.alerts()), 10, "the low battery's alert")
    text = wait_until(lambda: re.search(rb"\[SG\*8800000015\*[0-9a-f]{4}\*MESSAGE,([0-9A-F]+)\]", watch.listen()), 15, "the prompt's text")
    assert bytes.fromhex(text.group(1).decode()).decode("utf-16-be")
    watch.say("MESSAGE")
    wait_until(lambda: "played" in [job["state"] for job in bridged.gateway.jobs(alert["id"], "prompt")], 15, "'played' is stored")


def test_an_alarm_that_is_repeated_until_it_is_answered_is_one(bridged):
    watch = Watch(bridged.port)
    for _ in range(3):
        watch.say(alarm())
    wait_until(lambda: watch.listen().count(frame("AL")) == 3, 10, "each is answered")
    bridged.gateway.wait_alert("emergency", "r-0001", level="red")
    watch.say(alarm(time="001700"))
    wait_until(lambda: sum("sos" in event for line in reports(bridged.gateway, "wb-0001") for event in line["events"]) == 2, 10,
               "two alarms, not four")


def test_bytes_one_by_one_two_frames_at_once_and_a_wrong_length(bridged):
    watch = Watch(bridged.port)
    for byte in frame("TKQ"):
        watch.socket.sendall(bytes([byte]))
    watch.wait("TKQ")
    watch.socket.sendall(b"\r\nnoise" + frame("INIT,1,2") + frame("LK"))
    watch.wait("INIT,1")
    watch.wait("LK")
    watch.say(alarm(), length=0x300)  # and nothing behind it
    watch.wait("AL")
    bridged.gateway.wait_alert("emergency", "r-0001", level="red")


def test_an_answered_alarm_outlives_a_kill_while_the_broker_is_away(bridged):
    bridged.broker.stop()
    watch = Watch(bridged.port)
    watch.say(alarm())
    watch.wait("AL")
    bridged.process.kill()
    bridged.broker.start()
    bridged.start()
    bridged.gateway.wait_alert("emergency", "r-0001", 40, level="red")
    assert sum("sos" in event for line in reports(bridged.gateway, "wb-0001") for event in line["events"]) == 1


def test_a_wristband_of_the_second_kind_shares_the_port(bridged):
    def footed(text):
        return b"\x00\x01\x02" + len(text).to_bytes(2, "big") + text.encode() + b"\xff\xfe\xfc"
    band = Watch(bridged.port)
    band.socket.sendall(footed("YX8800000016|V1.0|1|{F01#3,1,100,0,31000,900}\r\n") +
                        footed("YX8800000016|V1.0|1|{F64#1}\r\n"))
    for answer in ("F01#1", "F64#1"):
        wait_until(lambda: footed("YX8800000016|V1.0|0|{" + answer + "}\r\n") in band.listen(), 10, f"the answer {answer}")
    wait_until(lambda: any(one["family"] == "coverage" for one in bridged.gateway.alerts()), 10, "the low battery's alert")


def test_a_watch_that_talks_without_end_is_answered_and_cut_but_not_its_sos(bridged):
    watch = Watch(bridged.port)
    watch.socket.sendall(frame("LK,0,0,50") * 300 + frame(alarm()))
    watch.wait("AL", 20)
    bridged.gateway.wait_alert("emergency", "r-0001", level="red")
    assert watch.heard.count(frame("LK")) == 300
    assert bridged.stop() == 0
    assert "shed=240" in bridged.text()


def test_strangers_and_impostors_are_shown_the_door(bridged):
    stranger = Watch(bridged.port, "9999999999")
    stranger.say("LK")
    stranger.wait_closed()
    other = Watch(bridged.port)
    other.say("LK")
    other.wait("LK")
    other.socket.sendall(frame(alarm(), "8800000016"))
    other.wait_closed()
    first, second = Watch(bridged.port), None
    first.say("LK")
    first.wait("LK")
    second = Watch(bridged.port)
    second.say("LK")
    second.wait("LK")
    first.wait_closed()
    assert reports(bridged.gateway, "wb-0002") == []
    assert "bridge.unknown" in bridged.text()


def test_a_recorded_voice_is_spoken_instead_of_the_text(bridged):
    bridged.stop()
    voices = os.path.join(bridged.folder, "voices")
    os.makedirs(voices)
    bridged.more = ["--voices", voices]
    voice = b"#!AMR\n" + bytes(range(256))
    for name in ("sos-heard",):
        for language in ("zh", "en"):
            with open(os.path.join(voices, f"{name}.{language}.amr"), "wb") as file:
                file.write(voice)
    bridged.start()
    watch = Watch(bridged.port)
    watch.say(alarm())
    escaped = b"".join(b"}" + bytes([b"}[],*".index(byte) + 1]) if bytes([byte]) in (b"}", b"[", b"]", b",", b"*") else bytes([byte])
                       for byte in voice)
    wait_until(lambda: b"*%04x*TK,%s]" % (len(voice) + 3, escaped) in watch.listen(), 15, "the voice")
    watch.say("TK,0")
    alert = bridged.gateway.alert_of("emergency", "r-0001")
    wait_until(lambda: "failed" in [job["state"] for job in bridged.gateway.jobs(alert["id"], "prompt")], 15,
               "a voice the watch could not play has failed")


def order(gateway, command, *arguments):
    device_tool(gateway, command, "wb-0001", "--by", "d-0001", "--note", "试点", *arguments)


def wait_order(gateway, command, state):
    wait_until(lambda: (command, state) in [(row["command"], row["state"]) for row in gateway.request("GET", "/api/v1/devices/wb-0001/commands")["commands"]], 20,
               f"{command} is {state}")


def told(content, maker=b"SG"):
    return b"[%s*%s*%04x*%s]" % (maker, WATCH.encode(), len(content), content)


def wait_told(watch, content, times=1):
    wait_until(lambda: watch.listen().count(told(content)) == times, 20, f"the watch is told {content} {times} times")


def test_a_watch_is_located_told_its_interval_for_a_time_and_restarted(bridged):
    watch = Watch(bridged.port)
    watch.say("LK,0,0,50")
    watch.wait("LK")
    order(bridged.gateway, "locate")
    wait_told(watch, b"CR")
    wait_order(bridged.gateway, "locate", "played")
    order(bridged.gateway, "interval", "--interval-s", "30", "--duration-s", "1")
    wait_told(watch, b"UPLOAD,30")
    wait_told(watch, b"UPLOAD,600")  # the usual one, when the time has ended
    order(bridged.gateway, "interval", "--interval-s", "900")
    wait_told(watch, b"UPLOAD,900")
    wait_order(bridged.gateway, "interval", "played")
    order(bridged.gateway, "interval", "--interval-s", "20", "--duration-s", "3600")
    wait_told(watch, b"UPLOAD,20")
    # The bridge ends in between: the next one ends what was set for a time.
    bridged.process.kill()
    bridged.start()
    again = Watch(bridged.port)
    again.say("LK,0,0,50")
    wait_told(again, b"UPLOAD,900")
    order(bridged.gateway, "restart")
    wait_told(again, b"RESET")
    wait_order(bridged.gateway, "restart", "played")


def test_a_band_without_commands_says_that_it_does_none(bridged):
    band = Watch(bridged.port)
    text = f"YX{WATCH}|V1.0|1|{{F64#1}}\r\n"
    band.socket.sendall(b"\x00\x01\x02" + len(text).to_bytes(2, "big") + text.encode() + b"\xff\xfe\xfc")
    wait_until(lambda: b"F64#1" in band.listen(), 10, "it is heard")
    for command in ("restart", "locate"):
        order(bridged.gateway, command)
        wait_order(bridged.gateway, command, "failed")


def wait_link(gateway, **expected):
    """What the API says of each device's link; absent = never told."""
    def told():
        rows = {row["id"]: row for row in gateway.request("GET", "/api/v1/devices")["devices"]}
        return {device: rows[device.replace("_", "-")].get("connected") for device in expected} == expected
    wait_until(told, 20, f"the links are {expected}")


def test_over_tls_each_watch_is_itself_and_its_link_state_its_own(world):
    broker = world.secure_broker()
    for device in ("wb-0001", "wb-0002"):
        broker.own_identity(device)
    bridge = bridged_over(world, broker, ["--tls-dir", broker.authority.folder])
    try:
        watch = Watch(bridge.port)
        watch.say(alarm())
        watch.wait("AL")
        bridge.gateway.wait_alert("emergency", "r-0001", level="red")
        wait_until(lambda: b"*MESSAGE," in watch.listen(), 15, "the prompt comes over the watch's own connection")
        wait_link(bridge.gateway, wb_0001=True, wb_0002=None)
        other = Watch(bridge.port, "8800000016")
        other.say("LK,50,100,80")
        other.wait("LK")
        wait_link(bridge.gateway, wb_0001=True, wb_0002=True)
        watch.socket.close()
        wait_link(bridge.gateway, wb_0001=False, wb_0002=True)
        shown = {row.split()[0]: row.split() for row in device_tool(bridge.gateway, "list").stdout.splitlines()}
        assert "no" in shown["wb-0001"] and "yes" in shown["wb-0002"] and not {"no", "yes"} & set(shown["wb-0003"])
        bridge.process.kill()
        wait_link(bridge.gateway, wb_0001=False, wb_0002=False)
        bridge.start()
        back = Watch(bridge.port)
        back.say("LK,50,100,80")
        back.wait("LK")
        wait_link(bridge.gateway, wb_0001=True, wb_0002=False)
        assert bridge.stop() == 0
        wait_link(bridge.gateway, wb_0001=False, wb_0002=False)
    finally:
        bridge.stop()


def test_a_bridge_that_has_no_certificates_sends_no_password_in_clear(world, tmp_path):
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    word, watches = tmp_path / "word", tmp_path / "watches.csv"
    word.write_text("secret-word\n")
    watches.write_text(f"{WATCH},wb-0001\n")
    base = [binary("huyang"), "watch-bridge", "--county", CODE, "--watches", str(watches), "--state-dir", str(tmp_path / "state"), "--port", "0",
            "--username", "bridge", "--password-file", str(word)]
    url = f"//127.0.0.1:{listener.getsockname()[1]}"
    for broker, more, text in (("ssl:" + url, [], "ssl:// needs --tls-dir"), ("tcp:" + url, ["--tls-dir", str(tmp_path)], "ssl:// needs --tls-dir"),
                               ("ssl:" + url, ["--tls-dir", str(tmp_path)], "no usable ca.pem")):
        done = subprocess.run([*base, "--broker", broker, *more], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 1 and text in done.stderr, done.stderr
    with pytest.raises(TimeoutError):
        listener.accept()
    listener.close()
    broker = world.secure_broker()
    done = subprocess.run([*base, "--broker", broker.url, "--tls-dir", broker.authority.folder], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1 and "devices/wb-0001/cert.pem" in done.stderr, done.stderr


def test_mistakes_on_the_command_line_are_named(bridged, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("watch,device\n1,wb-0001\n1 2,wb-0002\n")
    base = [binary("huyang"), "watch-bridge", "--broker", bridged.broker.url, "--county", CODE, "--state-dir", str(tmp_path / "state")]
    for arguments, status, text in ((["--watches", str(bad)], 1, "bad.csv:3:"), (["--watches", str(tmp_path / "none")], 1, "none"),
                                    ([], 2, "--watches"), (["--watches", str(bad), "--port", "x"], 2, "--port"),
                                    (["--watches", bridged.list, "--listen", "localhost"], 1, "numeric")):
        done = subprocess.run(base + arguments, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == status and text in done.stderr, done.stderr
