"""Sets the stage for tools/demo and tells the story (story.py): a generated county, a broker, the gateway, the receivers, real devices, each with a
certificate of its own.

Everything runs on loopback on free ports, in a folder of its own, and is ended in every case.
"""
import argparse
import csv
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration"))  # the demo's processes are those of the integration tests

from huyang_test import Desk, Device, Fleet, Gateway, SecureBroker, binary  # noqa: E402
from huyang_test.county import CODE  # noqa: E402
from huyang_test.person import add_account, first_administrator  # noqa: E402
from huyang_test.process import Process  # noqa: E402

HOMES = 40
STORY_HOMES = 20  # the rest is the background

# Lower bounds throughout: a story that takes a minute instead of ten.
SETTINGS = {
    "instance": "huyang-demo", "log_level": "info",
    "detect": {"fall_cancel_s": 5, "visit_indoors_yellow_s": 60, "visit_gap_s": 30, "zone_exit_confirm_s": 0},
    # Direct for falls, so that both ways to the police are seen: an SOS is verified by a call first.
    "alert": {"repeat_silent_s": 0, "verify_timeout_s": 90},
    "relay": {"exercise": False, "police": {"direct": ["fall"]}},
}


class Folder:
    def __init__(self, folder):
        self.folder = folder


def certificate(folder):
    """A certificate for the police's HTTPS receiver on loopback, made for this run; returns (certificate, key)."""
    cert, key = os.path.join(folder, "police.pem"), os.path.join(folder, "police.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "7", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


class Stage:
    def __init__(self, folder):
        self.folder, self.closing, self.devices = folder, [], {}
        self.county = Folder(os.path.join(folder, "county"))

    def keep(self, thing):
        self.closing.append(thing)
        return thing

    def set(self):
        subprocess.run([binary("huyang"), "registry", "generate", "--homes", str(HOMES), "--county", CODE, self.county.folder], check=True,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(self.county.folder, "visitors.csv"), "a", encoding="utf-8") as file:
            file.write("h-00007,v-demo,小女儿,\n")  # welcome at any hour, whenever the demo is shown
        self.homes = {row["id"]: (float(row["lat"]), float(row["lon"]))
                      for row in self.table("households") if row["lat"]}
        self.names = {row["id"]: row["name"] for row in self.table("residents")}
        self.broker = self.keep(SecureBroker(os.path.join(self.folder, "broker")))
        self.broker.authority.batch(row["id"] for row in self.table("devices"))
        cert, key = certificate(self.folder)
        self.desk = self.keep(Desk(os.path.join(self.folder, "desk")))
        self.police = self.keep(Desk(os.path.join(self.folder, "police"), arguments=["--https", cert, key]))
        settings = dict(SETTINGS, relay=dict(SETTINGS["relay"], police=dict(SETTINGS["relay"]["police"], url=self.police.url + "/cap", ca_file=cert)))
        settings["relay"]["operators"] = [self.desk.operator("voice")]
        self.gateway = self.keep(Gateway(os.path.join(self.folder, "gateway"), self.broker, self.county, self.desk, settings=settings))
        self.desk.control({"callback": f"http://127.0.0.1:{self.gateway.port}", "token_file": self.desk.secret_file})

    def open_console(self):
        """Accounts for the console, with passwords of this run: (account, password) of the county desk and of a grid worker."""
        root = first_administrator(self.gateway, password=secrets.token_urlsafe(9))
        grid = self.table("households")[0]["grid"]
        people = []
        for account, role, scope, name in (("desk", "county_desk", "", "县值守台"), ("grid", "grid_worker", grid, "网格员")):
            password = secrets.token_urlsafe(9)
            add_account(root, account, role, scope, name=name, password=password)
            people.append((account, password))
        return people

    def table(self, name):
        with open(os.path.join(self.county.folder, name + ".csv"), encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def device(self, name):
        """The device of this name, switched on when it is first asked for."""
        if name not in self.devices:
            self.devices[name] = self.keep(Device(os.path.join(self.folder, "devices"), self.broker, name))
        return self.devices[name]

    def background(self, *what):
        """The other homes, as one simulated county; and a device of our own for reports that need exact contents."""
        folder = os.path.join(self.folder, "background")
        shutil.copytree(self.county.folder, folder)
        with open(os.path.join(folder, "devices.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        with open(os.path.join(folder, "devices.csv"), "w", encoding="utf-8", newline="") as file:
            # Those of the story are real devices: one id must not speak with two voices.
            csv.writer(file).writerows([rows[0]] + [row for row in rows[1:] if self.home_of(row[0]) > STORY_HOMES])
        self.others = self.keep(Process([binary("huyang"), "fleet", *self.broker.fleet_arguments(), "--county", CODE, "--registry", folder, *what],
                                        log_path=os.path.join(self.folder, "background.log")))
        self.fleet = self.keep(Fleet(self.broker, ["wb-00004", "cam-00004"]))

    @staticmethod
    def home_of(device):
        return int(device.rsplit("-", 1)[1])

    def close(self):
        for thing in self.closing:
            if isinstance(thing, Device):
                thing.ask_to_end()
        for thing in reversed(self.closing):
            try:
                if getattr(thing, "process", True) is not None:
                    thing.stop()
            except Exception as error:  # one that will not end must not keep the others alive
                print(f"demo: {thing}: {error}", file=sys.stderr)


WORDS = {
    "en": {"console": "The console:        {url}   (account {0[0]}, password {0[1]}; as a grid worker: {1[0]}, {1[1]})",
           "addresses": "The gateway's API: {api} (token in {token})\nThe desk's record:  {desk}\nThe police's record: {police}\nThe broker:         {broker}",
           "try": "Type a device and what happens to it, such as `wb-00001 sos`, `wb-00002 fall`, `cam-00006 visit arrive indoors unknown`. Ctrl-C ends it all.",
           "told": "told", "ending": "ending ...", "kept": "The logs are kept in {folder}"},
    "zh": {"console": "值守台网页：{url}  （账号 {0[0]}，密码 {0[1]}；网格员：{1[0]}，{1[1]}）",
           "addresses": "网关接口：{api}（令牌见 {token}）\n值班席记录：{desk}\n警务接收记录：{police}\n消息代理：{broker}",
           "try": "输入设备和发生的事，例如 `wb-00001 sos`、`wb-00002 fall`、`cam-00006 visit arrive indoors unknown`。Ctrl-C 结束全部。",
           "told": "告知", "ending": "正在结束……", "kept": "日志保存在 {folder}"},
}


def show_records(stage, words, stop):
    shown = {stage.desk: 0, stage.police: 0}
    while not stop.wait(0.5):
        for desk in shown:
            records = desk.records()
            for record in records[shown[desk]:]:
                print("  " + " ".join([words["told"] + ":", record["path"], *(str(record[key]) for key in ("role", "level", "what", "headline") if record.get(key))]), flush=True)
            shown[desk] = len(records)


def keep_running(stage, words):
    """Until Ctrl-C: devices obey typed lines, what the receivers take is shown."""
    print(words["console"].format(*stage.open_console(), url=f"http://127.0.0.1:{stage.gateway.port}/"))
    print(words["addresses"].format(api=f"http://127.0.0.1:{stage.gateway.port}/api/v1/alerts", token=os.path.join(stage.gateway.state_dir, "token"),
                                    desk=stage.desk.url + "/recorded", police=stage.police.url + "/recorded", broker=stage.broker.url))
    print(words["try"], flush=True)
    for home in range(1, 7):
        for kind in ("wb", "cam"):
            stage.device(f"{kind}-{home:05d}")
    stop = threading.Event()
    threading.Thread(target=show_records, args=(stage, words, stop), daemon=True).start()
    try:
        for line in sys.stdin:
            device, _, happening = line.strip().partition(" ")
            if happening and device.split("-")[0] in ("wb", "cam"):
                stage.device(device).do(happening)
            elif line.strip():
                print(words["try"])
        while True:  # the input has ended (no terminal): run on until a signal
            signal.pause()
    finally:
        stop.set()


def ended(number, frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="tools/demo", description="Shows Huyang at work on this machine; installs and builds what is missing first.")
    parser.add_argument("--once", action="store_true", help="tell one scripted story, check each step on the receivers' side, and end; status 0 = every step was seen")
    parser.add_argument("--lang", choices=("en", "zh"), default="zh" if os.environ.get("LANG", "").startswith("zh") else "en", help="language of the table")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all logs")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
    words, folder, status, keep = WORDS[options.lang], tempfile.mkdtemp(prefix="huyang-demo-"), 1, options.keep
    stage = Stage(folder)
    try:
        stage.set()
        if options.once:
            import story
            stage.background("--rate", "20")
            status = 0 if story.tell(stage, options.lang) else 1
            keep = keep or status != 0
        else:
            stage.background("--rate", "5", "--days", "--speed", "20")
            keep_running(stage, words)
    except KeyboardInterrupt:
        status = 130 if options.once else 0
        print("\n" + words["ending"], flush=True)
    except (AssertionError, OSError, subprocess.CalledProcessError) as error:
        keep = True
        print(f"demo: {error}", file=sys.stderr)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of it running
        stage.close()
        if keep:
            print(words["kept"].format(folder=folder))
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
