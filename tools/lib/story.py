"""The story of tools/demo --once: what happens in some homes, told in parallel, each step checked where it ends: on the device, at the desk, at the police."""
import http.client
import json
import math
import sys
import threading
import time
import unicodedata

from huyang_test import wait_until, wire
from huyang_test.device import loudness
from huyang_test.gateway import Refused

COLOUR = sys.stdout.isatty()


def paint(text, code):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def width(text):
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def pad(text, columns):
    return text + " " * max(0, columns - width(text))


class Broken(Exception):
    """A step was not seen; the rest of its line of the story is not reached."""


class Board:
    """Every step with when it was asked for and how long it took to be seen."""

    def __init__(self, language):
        self.language, self.start, self.rows, self.lock = language, time.monotonic(), [], threading.Lock()

    def now(self):
        return time.monotonic() - self.start

    def see(self, story, en, zh, look, timeout_s=20, since=None):
        """Waits until look() gives something true; `since` = when what is waited for was caused."""
        since = self.now() if since is None else since
        title = zh if self.language == "zh" else en

        def calm():
            try:
                return look()
            except (OSError, http.client.HTTPException, Refused):
                return None  # the gateway may be down just now: that is part of the story
        try:
            found = wait_until(calm, timeout_s, title)
        except AssertionError as error:
            self.add(story, title, since, None, str(error))
            raise Broken(title) from None
        self.add(story, title, since, self.now() - since, "")
        return found

    def add(self, story, title, since, took, why):
        with self.lock:
            self.rows.append((story, title, since, took, why))
            mark = paint("ok    ", "32") if took is not None else paint("MISSED", "31")
            print(f"{since:7.2f} s  {mark}  {title}" + (f"  ({took:.2f} s)" if took is not None else f": {why}"), flush=True)

    def table(self):
        zh = self.language == "zh"
        columns = max(width(title) for _, title, _, _, _ in self.rows)
        print("\n" + pad("步骤" if zh else "step", columns + 4) + ("     开始    用时" if zh else "    start     took"))
        for number, (_, title, since, took, _) in enumerate(sorted(self.rows, key=lambda row: (row[0], row[2] + (row[3] or 0))), 1):
            line = f"{number:2d}  {pad(title, columns)}  {since:5.1f} s  " + (f"{took:5.2f} s" if took is not None else ("未见" if zh else "not seen"))
            print(line if took is not None else paint(line, "31"))
        missed = sum(1 for row in self.rows if row[3] is None)
        print((f"共 {len(self.rows)} 步，{missed} 步未见" if zh else f"{len(self.rows)} steps, {missed} not seen") + f", {self.now():.0f} s")
        return missed == 0


class Story:
    def __init__(self, stage, language):
        self.stage, self.board = stage, Board(language)
        self.gateway, self.desk, self.police = stage.gateway, stage.desk, stage.police
        self.told_of_first = threading.Event()    # the first SOS was told, its call is due
        self.visitor_inside = threading.Event()
        self.called_safe = threading.Event()      # what is asked of the gateway over HTTP before it is killed has been
        self.back = threading.Event()             # the gateway was killed and is back
        self.failed = threading.Event()

    # ---- looking ----

    def band(self, home):
        return self.stage.device(f"wb-{home:05d}")

    def camera(self, home):
        return self.stage.device(f"cam-{home:05d}")

    def alert(self, family, subject, **wanted):
        return lambda: self.gateway.alert_of(family, subject, **wanted)

    def told(self, role, alert, count=1):
        def look():
            found = [r for r in self.desk.records() if r.get("role") == role and r.get("alert") == alert and r.get("acted") and r.get("valid")]
            return found if len(found) >= count else None
        return look

    def police_about(self, home):
        name = self.stage.names[f"r-{home:05d}"]
        return lambda: next((r for r in self.police.records() if r.get("acted") and r.get("valid") and name in json.dumps(r, ensure_ascii=False)), None)

    @staticmethod
    def spoken(device):
        """A prompt the device says it played, with a WAV that holds more than a second of sound."""
        def look():
            if device.count(" played") == 0:
                return None
            for path in device.wavs():
                seconds, rms = loudness(path)
                if seconds > 1 and rms > 0.005:
                    return path
            return None
        return look

    def switch_on(self, *devices):
        for device in devices:
            device.wait("link up", 20)

    # ---- the lines of the story ----

    def sos_not_answered(self):
        see, band, camera = self.board.see, self.band(1), self.camera(1)
        self.switch_on(band, camera)
        pressed = self.board.now()
        band.do("sos")
        see(1, "home 1: SOS pressed; the camera has spoken (audible WAV)", "一号家：按下求助，摄像头已出声（有声音的录音）", self.spoken(camera), since=pressed)
        alert = see(1, "home 1: a red alert is open", "一号家：红色警情已开", self.alert("emergency", "r-00001", level="red"), since=pressed)
        for role, en, zh in (("county_desk", "county desk", "县值班席"), ("grid_worker", "grid worker", "网格员"), ("family", "family", "家属")):
            see(1, f"home 1: the {en} is told", f"一号家：{zh}已被告知", self.told(role, alert["id"]), since=pressed)
        see(1, "home 1: the wristband knows that its SOS is safe on disk", "一号家：手环知道求助已落盘", lambda: band.count("acked urgent"), since=pressed)
        self.told_of_first.set()
        self.back.wait(120)
        called = self.board.now()
        see(1, "home 1: the desk calls, nobody answers", "一号家：值班席回拨，无人接听", lambda: self.gateway.call(alert["id"], "no_answer") is not None or True, since=called)
        see(1, "home 1: the police have accepted the CAP message over HTTPS", "一号家：警方已接受 HTTPS 上的 CAP 报文", self.police_about(1), since=called)
        see(1, "home 1: and the desk sees that they did", "一号家：值班席看到警方已接受",
            lambda: [job["state"] for job in self.gateway.jobs(alert["id"], "police")] == ["accepted"], since=called)

    def fall_direct(self):
        see, band, camera = self.board.see, self.band(2), self.camera(2)
        self.switch_on(band, camera)
        fell = self.board.now()
        band.do("fall")
        see(2, "home 2: a fall; the camera asks at once", "二号家：跌倒，摄像头立即询问", self.spoken(camera), since=fell)
        see(2, "home 2: not cancelled in 5 s: red", "二号家：5 秒未取消，转红色", self.alert("emergency", "r-00002", level="red"), since=fell)
        red = self.board.now()
        see(2, "home 2: the police have it at once (direct agreement)", "二号家：警方立即收到（直报协议）", self.police_about(2), since=red)

    def fall_cancelled(self):
        see, band, camera = self.board.see, self.band(3), self.camera(3)
        self.switch_on(band, camera)
        fell = self.board.now()
        band.do("fall")
        see(3, "home 3: a fall is held", "三号家：跌倒，等待取消", self.alert("emergency", "r-00003", level="green"), since=fell)
        band.do("fall cancel")
        see(3, "home 3: cancelled in time, the alert is cleared", "三号家：及时取消，警情已解除",
            lambda: (self.gateway.alert_of("emergency", "r-00003") or {}).get("cleared"), since=self.board.now())

    def low_battery_and_sos(self):
        sent = self.board.now()
        self.stage.fleet.report("wb-00004", wire.heartbeat(battery=3), wire.sos())
        self.board.see(4, "home 4: one report with low battery and SOS: the SOS is red", "四号家：一份报告含低电量和求助：求助为红色",
                       self.alert("emergency", "r-00004", level="red"), since=sent)
        self.board.see(4, "home 4: and the low battery is there too", "四号家：低电量也在",
                       lambda: any(alert["family"] == "coverage" and "wb-00004" in json.dumps(alert) or "r-00004" in json.dumps(alert["subject"])
                                   for alert in self.gateway.alerts(family="coverage")), since=sent)

    def second_sos(self):
        see, band = self.board.see, self.band(5)
        self.switch_on(band, self.camera(5))
        pressed = self.board.now()
        band.do("sos")
        alert = see(5, "home 5: SOS pressed, red", "五号家：按下求助，红色", self.alert("emergency", "r-00005", level="red"), since=pressed)
        see(5, "home 5: the grid worker is told", "五号家：网格员已被告知", self.told("grid_worker", alert["id"]), since=pressed)
        taken = self.board.now()
        self.gateway.acknowledge(alert["id"], by="demo-grid-worker")
        see(5, "home 5: a person has taken it; the wristband says so", "五号家：有人接警，手环已告知老人", lambda: band.count("indicate help_coming"), since=taken)
        self.gateway.call(alert["id"], "safe")
        self.called_safe.set()
        again = self.board.now()
        band.do("sos")
        see(5, "home 5: a second SOS: the grid worker is told again", "五号家：第二次求助：再次告知网格员", self.told("grid_worker", alert["id"], 2), since=again)

    def unknown_visitor(self):
        see, band, camera = self.board.see, self.band(6), self.camera(6)
        self.switch_on(band, camera)
        came = self.board.now()
        camera.do("visit arrive indoors unknown")
        alert = see(6, "home 6: an unknown person comes in: green, nobody is bothered", "六号家：陌生人进门：绿色，不打扰任何人",
                    self.alert("visitor", "h-00006", level="green"), since=came)
        self.visitor_inside.set()
        see(6, "home 6: still inside after 60 s: yellow", "六号家：60 秒后仍在：黄色", self.alert("visitor", "h-00006", level="yellow"), 100, since=came)
        stayed = self.board.now()
        see(6, "home 6: a discreet prompt stands on the wristband", "六号家：手环上有一条不出声的提示", lambda: band.count("show ") and band.count(" played"), since=stayed)
        see(6, "home 6: the grid worker is told", "六号家：网格员已被告知", self.told("grid_worker", alert["id"]), since=stayed)
        if camera.wavs():
            raise Broken("the camera of home 6 spoke")

    def trusted_visitor(self):
        camera = self.camera(7)
        self.switch_on(camera)
        came = self.board.now()
        camera.do("visit arrive indoors trusted:v-demo")
        self.board.see(7, "home 7: a trusted visitor comes in; the gateway has it", "七号家：熟人进门，网关已收到", lambda: camera.count("acked urgent"), since=came)

    def led_away(self):
        see, camera = self.board.see, self.camera(9)
        self.switch_on(self.band(9), camera)
        came = self.board.now()
        camera.do("visit arrive doorstep unknown")
        see(9, "home 9: an unknown person is at the door: green", "九号家：门口有陌生人：绿色", self.alert("visitor", "h-00009", level="green"), since=came)
        left = self.board.now()
        camera.do("departure unknown")
        alert = see(9, "home 9: the resident leaves with them: orange, to be verified", "九号家：老人随其离家：橙色，待核实", self.alert("fraud", "r-00009", level="orange"), since=left)
        see(9, "home 9: the visit has become evidence of it", "九号家：来访已并入该警情", self.alert("visitor", "h-00009", state="absorbed"), since=left)
        see(9, "home 9: grid worker and family are told", "九号家：网格员与家属已被告知",
            lambda: self.told("grid_worker", alert["id"])() and self.told("family", alert["id"])(), since=left)

    def at(self, home, metres_north, accuracy):
        lat, lon = self.stage.homes[f"h-{home:05d}"]
        return f"fix {lat + math.degrees(metres_north / 6371008.8):.7f} {lon:.7f} {accuracy}"

    def walk(self, home, band, *points):
        """Positions a second apart, each acknowledged before the next."""
        for number, (metres, accuracy) in enumerate(points, 1):
            band.do(self.at(home, metres, accuracy))
            wait_until(lambda: band.count("acked routine") >= number, 20, f"fix {number} of home {home} is acknowledged")
            threading.Event().wait(1)  # a person walks; a position that jumps would rightly count as wild

    def wild_fix(self):
        band = self.band(11)
        self.switch_on(band)
        walked = self.board.now()
        self.walk(11, band, (1480, 3), (6000, 1.7), (1481, 3))
        self.board.see(8, "home 11: one wild fix 4.5 km off, then back", "十一号家：一个偏离 4.5 公里的定位，随后正常", lambda: True, since=walked)

    def two_fixes(self):
        band = self.band(16)
        self.switch_on(band)
        walked = self.board.now()
        self.walk(16, band, (1490, 3), (1520, 3), (1540, 3), (1560, 3))
        self.board.see(9, "home 16: two fixes outside: an exit", "十六号家：连续两个定位在外：离开安全区", self.alert("outing", "r-00016"), since=walked)

    def called(self):
        """The voice operator rings the family; of all who are called only this contact answers."""
        see, band = self.board.see, self.band(10)
        self.switch_on(band, self.camera(10))
        contact = next(row for row in self.stage.table("contacts") if row["resident"] == "r-00010")
        self.desk.press(contact["phone"], "1")
        pressed = self.board.now()
        band.do("sos")
        alert = see(9, "home 10: SOS pressed, red", "十号家：按下求助，红色", self.alert("emergency", "r-00010", level="red"), since=pressed)
        see(9, "home 10: the family is called, the text is read aloud", "十号家：语音电话打给家属并播报",
            lambda: [r for r in self.desk.records() if r["path"] == "/voice" and r.get("phone") == contact["phone"] and r["acted"] and r["valid"]], since=pressed)
        see(9, "home 10: they press 1: the alert is theirs", "十号家：家属按1接手，警情已登记到本人",
            lambda: (self.gateway.alert_of("emergency", "r-00010") or {}).get("acknowledged_by") == contact["id"], since=pressed)
        see(9, "home 10: the operator's own yes counted for nobody", "十号家：运营商受理不算有人接手",
            lambda: [job["state"] for job in self.gateway.jobs(alert["id"], "notify") if job["channel"] == "voice"].count("accepted") == 1, since=pressed)

    def suspicion(self):
        band, camera = self.band(8), self.camera(8)
        self.switch_on(band, camera)
        pressed = self.board.now()
        band.do("suspicion")
        alert = self.board.see(10, "home 8: the silent button: an orange alert", "八号家：静默按钮：橙色警情", self.alert("fraud", "r-00008", level="orange"), since=pressed)
        self.board.see(10, "home 8: the county desk is told", "八号家：县值班席已被告知", self.told("county_desk", alert["id"]), since=pressed)
        if camera.wavs() or band.wavs():
            raise Broken("something spoke in home 8")

    def killed(self):
        band = self.band(12)
        self.switch_on(band, self.camera(12))
        self.told_of_first.wait(60)
        self.visitor_inside.wait(60)
        self.called_safe.wait(60)
        killed = self.board.now()
        self.gateway.kill()
        band.do("sos")
        self.board.see(11, "the gateway is killed; home 12 presses SOS meanwhile", "网关被强行终止；其间十二号家按下求助", lambda: band.count("stored urgent"), since=killed)
        self.gateway.start(ready=False)
        self.board.see(11, "the gateway is back", "网关已恢复", self.gateway.ready, 30, since=killed)
        self.back.set()
        self.board.see(11, "home 12: its SOS is red", "十二号家：求助为红色", self.alert("emergency", "r-00012", level="red"), 45, since=killed)
        self.board.see(11, "home 12: the camera has spoken", "十二号家：摄像头已出声", self.spoken(self.camera(12)), since=killed)

    # ---- afterwards ----

    def afterwards(self):
        see, zero = self.board.see, self.board.now()
        see(20, "home 3: the fall that was cancelled never turned red", "三号家：已取消的跌倒从未转红",
            lambda: self.gateway.alert_of("emergency", "r-00003")["level"] == "green", 2, since=zero)
        see(20, "home 7: no alert about the trusted visitor", "七号家：熟人没有引发警情", lambda: self.gateway.alert_of("visitor", "h-00007") is None, 2, since=zero)
        see(20, "home 11: no exit for the wild fix", "十一号家：单个野点没有引发离开", lambda: self.gateway.alert_of("outing", "r-00011") is None, 2, since=zero)
        see(21, "every event a device stored is acknowledged", "设备存下的每个事件都已确认", self.all_acknowledged, 60, since=zero)
        see(21, "the background county: every event of its devices is acknowledged", "背景县：其设备的每个事件都已确认", lambda: self.stage.others.stop(60) == 0, 1, since=zero)
        see(21, "the receivers found every message valid, and acted on none twice", "接收方认定每条消息有效，且没有重复处理", self.receivers_content, 5, since=zero)
        see(21, "no device played a prompt twice", "没有设备重复播放", self.played_once, 2, since=zero)
        see(21, "replay of the journal gives the stored transitions, byte for byte", "回放日志得到的变迁与存储逐字节一致",
            lambda: self.gateway.replayed_transitions() == self.gateway.stored_transitions() != b"", 20, since=zero)

    def all_acknowledged(self):
        for device in list(self.stage.devices.values()):
            for lane in ("urgent", "routine"):
                stored = [int(line.split()[2]) + int(line.split()[3]) - 1 for line in device.log() if line.startswith(f"stored {lane} ")]
                acked = [int(line.split()[2]) for line in device.log() if line.startswith(f"acked {lane} ")]
                if stored and max(stored) > max(acked, default=0):
                    return False
        return True

    def receivers_content(self):
        for desk in (self.desk, self.police):
            records = desk.records()
            acted = [record["id"] for record in records if record.get("acted")]
            if not records or len(acted) != len(set(acted)) or not all(record.get("valid") for record in records):
                return False
        return True

    def played_once(self):
        for device in self.stage.devices.values():
            played = [line.split()[1] for line in device.log() if line.startswith("command ") and line.endswith(" played")]
            if len(played) != len(set(played)):
                return False
        return True


def tell(stage, language):
    """Tells all lines at the same time; True when every step was seen."""
    story = Story(stage, language)
    lines = [story.sos_not_answered, story.fall_direct, story.fall_cancelled, story.low_battery_and_sos, story.second_sos, story.unknown_visitor,
             story.trusted_visitor, story.led_away, story.wild_fix, story.two_fixes, story.called, story.suspicion, story.killed]

    def run(line):
        try:
            line()
        except Broken:
            story.failed.set()
        except Exception as error:  # a line that breaks is a step not seen, never a traceback in a demo
            story.board.add(99, f"{line.__name__}: {error}", story.board.now(), None, type(error).__name__)
            story.failed.set()
    threads = [threading.Thread(target=run, args=(line,), daemon=True) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=240)
        if thread.is_alive():
            story.failed.set()
            story.board.add(99, "a line of the story did not end", story.board.now(), None, "")
            break
    run(story.afterwards)
    whole = story.board.table()
    return whole and not story.failed.is_set()

