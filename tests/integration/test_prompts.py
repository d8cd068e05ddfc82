"""What the home hears: the catalogue and its clips from the folder to a real device's loudspeaker; orders of people; campaigns over a kill."""
import datetime
import hashlib
import os
import shutil
import subprocess
import urllib.error
import urllib.request

import paho.mqtt.client as mqtt
import pytest

from huyang_test import wait_until
from huyang_test.county import CODE
from huyang_test.late_puback import LatePuback
from huyang_test.process import binary, free_port

ANY_HOUR = {"prompts": {"quiet_from": "00:00", "quiet_to": "00:00", "rest_from": "00:00", "rest_to": "00:00"}}


def prompts(*arguments, environment=None):
    return subprocess.run([binary("huyang"), "prompts", *arguments], capture_output=True, text=True, timeout=120, check=False, env=environment)


def campaign(gateway, *arguments):
    return subprocess.run([binary("huyang"), "campaign", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def alerts(gateway, *arguments):
    return subprocess.run([binary("huyang"), "alerts", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def catalogue(folder):
    """The one compiled in, as a folder with its clips."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "catalogue.yaml"), "w", encoding="utf-8") as file:
        file.write(prompts("show").stdout)
    done = prompts("render", folder)
    assert done.returncode == 0, done.stderr
    return folder


def clips_of(folder):
    return {os.path.join(folder, "clips", name): os.stat(os.path.join(folder, "clips", name)).st_mtime_ns
            for name in os.listdir(os.path.join(folder, "clips"))}


def voiced(world, homes=2, **settings):
    """A gateway that serves the clips of a rendered catalogue, and their address."""
    folder, port = catalogue(str(world.path("prompts"))), free_port()
    broker, desk, gateway = world.standard(homes=homes, settings={
        "clips": {"port": port}, "prompts": dict(ANY_HOUR["prompts"], folder=folder), **settings})
    return broker, desk, gateway, folder, f"http://127.0.0.1:{port}"


def get(url, method="GET", **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method, headers=headers), timeout=15) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def states(gateway, alert, kind="prompt"):
    return [(job["target"], job["state"], job.get("reason", "")) for job in gateway.jobs(alert, kind)]


def hours_ahead(hours):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).isoformat(timespec="seconds")


def test_only_what_changed_is_rendered_and_a_recorded_voice_takes_its_place(world):
    folder = catalogue(str(world.path("prompts")))
    before = clips_of(folder)
    assert prompts("render", folder).stdout.startswith("0 clips made")
    assert clips_of(folder) == before
    path = os.path.join(folder, "catalogue.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("已经有人知道您的求助了", "已经有人知道您的求助啦"))
    stale = prompts("check", folder)
    assert stale.returncode == 2 and "clips.yaml:" in stale.stderr and "help-told/zh: the text has changed" in stale.stderr
    assert prompts("render", folder).stdout.startswith("1 clips made (0 of them recorded), 11 as they were")
    voice = os.path.join(folder, "voice")
    os.makedirs(voice)
    shutil.copy(next(iter(before)), os.path.join(voice, "sos.wav"))
    lines = text.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if "您的求助已经收到" in line)
    lines.insert(at + 1, "        recorded: voice/sos.wav\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(lines))
    done = prompts("render", folder)
    assert done.returncode == 0, done.stderr
    assert "1 of them recorded" in done.stdout
    assert "recorded" in prompts("check", folder).stdout
    with open(os.path.join(voice, "sos.wav"), "wb") as file:
        file.write(b"RIFFxxxxWAVE")
    done = prompts("render", folder)
    assert done.returncode == 2 and "sos.wav: sos-heard/zh: is no WAV file of 16 bits" in done.stderr
    assert prompts("check", folder).returncode == 0, "the clips of before are still in force"


def test_without_espeak_ng_it_says_what_is_missing(world):
    folder = str(world.path("prompts"))
    os.makedirs(folder)
    with open(os.path.join(folder, "catalogue.yaml"), "w", encoding="utf-8") as file:
        file.write(prompts("show").stdout)
    done = prompts("render", folder, environment={"PATH": "/nonexistent"})
    assert done.returncode == 1 and "espeak-ng is not installed" in done.stderr
    assert not os.path.exists(os.path.join(folder, "clips.yaml"))
    assert prompts("sing").returncode == 2


def test_clips_are_served_by_their_digest_and_nothing_else_is(world):
    _, _, _, folder, url = voiced(world)
    path = next(iter(clips_of(folder)))
    with open(path, "rb") as file:
        whole = file.read()
    name = os.path.basename(path)
    assert name == hashlib.sha256(whole).hexdigest() + ".wav"
    status, headers, body = get(f"{url}/clips/{name}")
    assert (status, body, headers["Content-Type"], headers["ETag"]) == (200, whole, "audio/wav", f'"{name[:-4]}"')
    assert get(f"{url}/clips/{name}", **{"If-None-Match": headers["ETag"]})[0] == 304
    assert get(f"{url}/clips/{name}", method="HEAD")[2] == b""
    for asked, part in (("bytes=0-3", whole[:4]), ("bytes=100-", whole[100:]), ("bytes=-7", whole[-7:]), (f"bytes={len(whole) - 1}-9999999", whole[-1:])):
        status, headers, body = get(f"{url}/clips/{name}", Range=asked)
        assert (status, body) == (206, part), asked
        assert headers["Content-Range"].endswith(f"/{len(whole)}")
    assert get(f"{url}/clips/{name}", Range=f"bytes={len(whole)}-")[0] == 416
    for odd in ("bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes=99999999999999999999-"):
        assert get(f"{url}/clips/{name}", Range=odd)[0] == 200, odd
    for path in ("/", "/clips", "/clips/", "/clips/" + "0" * 64 + ".wav", "/clips/../catalogue.yaml", "/clips/%2e%2e/catalogue.yaml", f"/clips/{name.upper()}",
                 f"/clips/{name}/", f"/clips/{name}x", "/healthz", "/api/v1/alerts", "/catalogue.yaml"):
        assert get(url + path)[0] == 404, path
    assert get(f"{url}/clips/{name}", method="POST")[0] == 405
    os.remove(os.path.join(folder, "clips", name))
    os.symlink("/etc/passwd", os.path.join(folder, "clips", name))
    assert get(f"{url}/clips/{name}")[0] == 404


def test_a_device_without_speech_fetches_verifies_and_plays_the_clip(world):
    broker, _, gateway, folder, url = voiced(world)
    camera = world.device(broker, "cam-0001", arguments=["--clips", url, "--no-speech"])
    band = world.device(broker, "wb-0001")
    camera.wait("link up")
    band.wait("link up")
    band.do("sos")
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    wait_until(lambda: states(gateway, alert)[:1] == [("cam-0001", "played", "")], 20, "the clip is played")
    job = gateway.jobs(alert, "prompt")[0]
    assert [step["state"] for step in job["history"]] == ["sent", "received", "playing", "played"]
    assert all(step["t"] for step in job["history"])
    spoken = job["spoken"]
    assert (spoken["prompt"], spoken["language"], spoken["manner"]) == ("sos-heard", "zh", "aloud")
    assert spoken["catalogue"] == gateway.request("GET", "/api/v1/prompts")["version"]
    with open(camera.wavs()[0], "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == spoken["clip"]
    assert os.listdir(os.path.join(camera.wav_dir, "clips")) == [spoken["clip"] + ".wav"]
    assert gateway.stored_transitions() == gateway.replayed_transitions()


@pytest.mark.parametrize("damage, reason", [("missing", "no_clip"), ("changed", "bad_clip"), ("longer", "bad_clip")])
def test_a_clip_that_cannot_be_had_or_is_another_has_failed_and_the_wrist_is_next(world, damage, reason):
    broker, _, gateway, folder, url = voiced(world)
    for path in clips_of(folder):
        with open(path, "r+b") as file:
            if damage == "missing":
                os.remove(path)
            elif damage == "changed":
                file.seek(200)
                file.write(b"xxxx")
            else:
                file.seek(0, os.SEEK_END)
                file.write(b"xxxx")
    camera = world.device(broker, "cam-0001", arguments=["--clips", url, "--no-speech"])
    band = world.device(broker, "wb-0001")
    camera.wait("link up")
    band.wait("link up")
    band.do("sos")
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    wait_until(lambda: states(gateway, alert) == [("cam-0001", "failed", reason), ("wb-0001", "played", "")], 20, "failed, and said on the wrist")
    assert camera.wavs() == []


def test_a_catalogue_with_a_fault_is_not_taken_and_a_good_one_comes_into_force(world):
    _, _, gateway, folder, _ = voiced(world)
    version = gateway.request("GET", "/api/v1/prompts")["version"]
    path = os.path.join(folder, "catalogue.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("repeat: 2", "repeat: 9", 1))
    checked = subprocess.run([binary("huyang-gateway"), "--config", gateway.config, "--check"], capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 2 and f"{path}:19:13: prompts[0].repeat" in checked.stderr, checked.stderr
    gateway.process.signal(1)
    wait_until(lambda: any("config.refused" in line and "prompts[0].repeat" in line for line in gateway.process.lines), 15, "the fault in the log")
    assert gateway.request("GET", "/api/v1/prompts")["version"] == version
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("repeat: 2", "repeat: 3", 1))
    gateway.process.signal(1)
    wait_until(lambda: gateway.request("GET", "/api/v1/prompts")["version"] != version, 15, "the new catalogue in force")


def test_a_command_that_the_broker_doubles_is_played_once(world):
    broker, _, gateway = world.standard(settings=ANY_HOUR)
    got = []
    client = mqtt.Client(client_id="doubler")
    client.on_message = lambda client, userdata, message: got.append((message.topic, message.payload))
    client.connect("127.0.0.1", broker.port)
    client.subscribe(f"huyang/v1/{CODE}/cam-0001/command", 1)
    client.loop_start()
    camera, band = world.device(broker, "cam-0001"), world.device(broker, "wb-0001")
    camera.wait("link up")
    band.wait("link up")
    band.do("sos")
    wait_until(lambda: got, 15, "the command")
    for _ in range(5):
        client.publish(*got[0], qos=1).wait_for_publish(10)
    camera.wait("played")
    camera.do_stored("home yes")
    client.publish(*got[0], qos=1).wait_for_publish(10)
    camera.do_stored("home no")
    client.loop_stop()
    alert = gateway.wait_alert("emergency", "r-0001")["id"]
    job = gateway.jobs(alert, "prompt")[0]["id"]
    assert camera.count(f"command {job} playing") == 1 and len(camera.wavs()) == 1


def test_a_reply_before_the_puback_counts_and_the_queue_goes_on(world):
    """The gateway's own publish is not acknowledged yet when the device has already played: neither is that forgotten, nor does anything wait for it."""
    broker = world.broker()
    late = LatePuback(broker)
    gateway = world.gateway(broker, world.county(homes=2), world.desk(), settings=dict(ANY_HOUR, **late.settings()))
    try:
        devices = [world.device(broker, name) for name in ("cam-0001", "wb-0001", "cam-0002", "wb-0002")]
        for device in devices:
            device.wait("link up")
        late.hold()
        devices[1].do("sos")
        first = gateway.wait_alert("emergency", "r-0001")["id"]
        devices[0].wait("played")
        wait_until(lambda: states(gateway, first) == [("cam-0001", "played", "")], 20, "played, although nothing has acknowledged the command")
        assert late.held > 0
        devices[3].do("sos")
        second = gateway.wait_alert("emergency", "r-0002")["id"]
        wait_until(lambda: states(gateway, second) == [("cam-0002", "played", "")], 20, "the next command does not wait for it")
        late.release()
        devices[3].do("suspicion")
        gateway.wait_alert("fraud", "r-0002")  # taken in after the late acknowledgements, which have changed nothing that was settled
        assert states(gateway, first)[0] == ("cam-0001", "played", "") and states(gateway, second)[0] == ("cam-0002", "played", "")
        job = gateway.jobs(first, "prompt")[0]["id"]
        assert devices[0].count(f"command {job} playing") == 1 and len(devices[0].wavs()) == 1
    finally:
        late.stop()


def test_a_person_previews_has_it_said_aloud_and_takes_it_back(world):
    broker, _, gateway = world.standard(settings=ANY_HOUR)
    camera, band = world.device(broker, "cam-0001", arguments=["--paced"]), world.device(broker, "wb-0001", speaker=False)
    camera.wait("link up")
    band.wait("link up")
    band.do("suspicion")
    alert = gateway.wait_alert("fraud", "r-0001")["id"]
    done = alerts(gateway, "speak", alert, "--by", "d-0001", "--prompt", "visitor-aloud", "--device", "cam-0001", "--preview")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "visitor-aloud would be said aloud through the camera cam-0001\n"
    assert gateway.jobs(alert, "prompt") == []
    for words, why in ((["--prompt", "nonsense"], "no such prompt"), (["--prompt", "visitor-aloud", "--device", "cam-0002"], "not the resident's"),
                       (["--prompt", "visitor-aloud", "--device", "cam-9"], "not in the registry")):
        refused = alerts(gateway, "speak", alert, "--by", "d-0001", *words)
        assert refused.returncode == 1 and why in refused.stderr, refused.stderr
    done = alerts(gateway, "speak", alert, "--by", "d-0001", "--prompt", "visitor-aloud", "--device", "cam-0001", "--note", "打电话无人接")
    assert done.returncode == 0, done.stderr
    wait_until(lambda: states(gateway, alert) == [("cam-0001", "playing", "")], 20, "the camera says it")
    done = alerts(gateway, "hush", alert, "--by", "d-0001")
    assert done.returncode == 0, done.stderr
    job = gateway.jobs(alert, "prompt")[0]["id"]
    camera.wait(f"command {job} cancelled")
    assert states(gateway, alert) == [("cam-0001", "cancelled", "a person took it back")]
    said = [step["why"] for step in gateway.request("GET", f"/api/v1/alerts/{alert}")["transitions"] if step["by"] == "d-0001"]
    assert said == ["speak: visitor-aloud on cam-0001. 打电话无人接", "hush: visitor-aloud"]
    assert gateway.stored_transitions() == gateway.replayed_transitions()


def test_an_offline_camera_is_never_delivered(world):
    broker, _, gateway = world.standard(settings=dict(ANY_HOUR, alert={"prompt_ttl_s": 10}))
    band = world.device(broker, "wb-0001", speaker=False)
    band.wait("link up")
    band.do("suspicion")
    alert = gateway.wait_alert("fraud", "r-0001")["id"]
    body = {"by": "d-0001", "prompt": "visitor-aloud", "device": "cam-0001"}
    assert gateway.request("POST", f"/api/v1/alerts/{alert}/prompts", body)["committed"]
    gateway.kill()
    gateway.start()
    wait_until(lambda: [state for _, state, _ in states(gateway, alert)] == ["expired"], 40, "it expires")
    history = [step["state"] for step in gateway.jobs(alert, "prompt")[0]["history"]]
    assert set(history) <= {"sent", "expired"}, history


def test_a_campaign_goes_on_after_a_kill_and_counts_people_once(world):
    county = world.county(homes=12, no_consent=(3,))
    broker, _, gateway = world.standard(county=county, settings=ANY_HOUR)
    devices = [f"wb-{i:04d}" for i in range(1, 13)]
    fleet = world.fleet(broker, devices)
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    order = ["--by", "d-0001", "--prompt", "anti-fraud-line", "--territory", CODE, "--per-minute", "60", "--start", hours_ahead(0), "--end", hours_ahead(2)]
    done = campaign(gateway, "create", *order)
    assert done.returncode == 0, done.stderr

    def shown():
        return gateway.request("GET", "/api/v1/campaigns/" + gateway.request("GET", "/api/v1/campaigns")["campaigns"][0]["id"])

    for least in (2, 5, 8):
        wait_until(lambda: shown()["people"].get("heard", 0) >= least, 30, f"{least} have heard it")
        gateway.kill()
        gateway.start()
    wait_until(lambda: shown()["state"] == "done", 60, "the campaign is done")
    answer = shown()
    assert answer["people"] == {"heard": 11, "no_consent": 1}
    assert {row["resident"] for row in answer["reached"] if row["state"] == "heard"} == {f"r-{i:04d}" for i in range(1, 13) if i != 3}
    acted = [row["device"] for row in fleet.history.all("acted") if row["kind"] == "prompt"]
    assert sorted(acted) == sorted(set(devices) - {"wb-0003"}), "each band said it once"
    assert "heard 11  no_consent 1" in campaign(gateway, "list").stdout
    assert gateway.request("GET", "/api/v1/report?days=2")["people_reached"] == 11
    assert gateway.stored_transitions() == gateway.replayed_transitions()


def test_a_campaign_is_cancelled_and_nonsense_is_refused(world):
    _, _, gateway = world.standard(homes=2, settings=ANY_HOUR)
    good = {"--by": "d-0001", "--prompt": "anti-fraud-line", "--residents": "r-0001 r-0002", "--per-minute": "1", "--start": hours_ahead(1), "--end": hours_ahead(2)}
    for change, word in (({"--prompt": "nonsense"}, "no such prompt"), ({"--residents": "r-9"}, "not in the registry"), ({"--per-minute": "0"}, "per_minute"),
                         ({"--end": hours_ahead(0.5)}, "ends after its start"), ({"--territory": "12"}, "no such territory"), ({"--residents": None}, "needs a category"),
                         ({"--start": "noon"}, "start")):
        words = [part for key, value in {**good, **change}.items() if value is not None for part in (key, value)]
        done = campaign(gateway, "create", *words)
        assert done.returncode == 1 and word in done.stderr, (change, done.stdout, done.stderr)
    assert campaign(gateway, "create", *[part for pair in good.items() for part in pair]).returncode == 0
    row = gateway.request("GET", "/api/v1/campaigns")["campaigns"][0]
    assert (row["state"], row["listed"], row["people"]) == ("scheduled", 2, {})
    assert campaign(gateway, "cancel", row["id"], "--by", "li").returncode == 0
    shown = campaign(gateway, "show", row["id"])
    assert shown.returncode == 0 and "cancelled" in shown.stdout
    assert campaign(gateway, "cancel", row["id"], "--by", "li").returncode == 1
    assert campaign(gateway, "show", "0" * 32).returncode == 1
    for words in ([], ["sing"], ["show"], ["list", "x"], ["create", "--what"]):
        assert subprocess.run([binary("huyang"), "campaign", *words], capture_output=True, text=True, timeout=60, check=False).returncode == 2, words
