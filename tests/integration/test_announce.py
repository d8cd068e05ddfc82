"""Announced visits through the command line: in force over a kill, listed with their author, cancelled, refused with the reason; the same in replay and by the registry's file."""
import datetime
import json
import os
import shutil
import subprocess

from huyang_test.process import binary

VILLAGE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scenario", "registry", "village")
VISIT = ('{"t":"2026-03-03T09:%02d:00+08:00","device":"cam-0001","event":{"visit":{"visit_id":"v","phase":"%s","place":"indoors",'
         '"people":[{"class":"unknown","visitor_id":"x","confidence":0.9,"face_seen":true}]}}}')


def announce(gateway, *arguments):
    return subprocess.run([binary("huyang"), "announce", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def hours_ahead(hours):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).isoformat(timespec="seconds")


def listed(gateway):
    done = announce(gateway, "list", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["announcements"]


def village_of(gateway):
    with open(os.path.join(gateway.settings["registry_dir"], "territories.csv"), encoding="utf-8") as file:
        return next(line.split(",")[0] for line in file if ",village," in line)


def test_it_is_kept_over_a_kill_with_its_author_and_cancelled_once(world):
    _, _, gateway = world.standard(homes=1)
    village = village_of(gateway)
    done = announce(gateway, "add", "--by", "wang", "--announced", "census", "--territory", village, "--from", hours_ahead(-1), "--until", hours_ahead(2),
                    "--note", "普查员两人")
    assert done.returncode == 0, done.stderr
    gateway.kill()
    gateway.start()
    rows = listed(gateway)
    assert [(row["territory"], row["announced"], row["by"], row["note"]) for row in rows] == [(village, "census", "wang", "普查员两人")]
    assert "普查员两人" in announce(gateway, "list").stdout
    assert announce(gateway, "cancel", rows[0]["id"], "--by", "li").returncode == 0
    assert listed(gateway)[0]["cancelled_by"] == "li"
    again = announce(gateway, "cancel", rows[0]["id"], "--by", "li")
    assert again.returncode == 1 and "no such announcement" in again.stderr
    journal = subprocess.run([binary("huyang"), "journal", "export", "--state-dir", gateway.state_dir], capture_output=True, text=True, timeout=60, check=True)
    assert '"announce":{' in journal.stdout and '"unannounce":{' in journal.stdout
    told = gateway.tool("replay", "--registry", gateway.settings["registry_dir"], "--config", gateway.config, "-", stdin=journal.stdout.encode())
    assert f'"announcement":"{rows[0]["id"]}","state":"cancelled"' in (told if isinstance(told, str) else told.decode())


def test_what_cannot_be_announced_is_refused_with_the_reason(world):
    _, _, gateway = world.standard(homes=1)
    village = village_of(gateway)
    good = {"--by": "wang", "--announced": "fair", "--territory": village, "--from": hours_ahead(1), "--until": hours_ahead(3)}
    for change, word in (({"--announced": "party"}, "announced"), ({"--until": hours_ahead(0.5)}, "hours that end after"), ({"--from": "noon"}, "from"),
                         ({"--until": hours_ahead(24 * 16 + 2)}, "15 days"), ({"--territory": village[:6]}, "below the county"),
                         ({"--territory": "1"}, "not in the registry"), ({"--territory": None}, "territory is missing"), ({"--by": None}, "by"),
                         ({"--from": hours_ahead(-3), "--until": hours_ahead(-1)}, "from now on")):
        words = [part for key, value in {**good, **change}.items() if value is not None for part in (key, value)]
        done = announce(gateway, "add", *words)
        assert done.returncode == 1, (change, done.stdout)
        assert word in done.stderr, (change, done.stderr)
    assert listed(gateway) == []
    for words in ([], ["sing"], ["cancel"], ["list", "x"], ["add", "--what"], ["add", "--by"]):
        done = subprocess.run([binary("huyang"), "announce", *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2, words


def replay(folder):
    done = subprocess.run([binary("huyang"), "replay", "--registry", folder, "--findings", "--until", "2026-03-03T09:14:00+08:00", "-"],
                          input=VISIT % (0, "arrive"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_registry_s_file_announces_too(tmp_path):
    folder = str(tmp_path / "county")
    shutil.copytree(VILLAGE, folder)
    assert '"code":"indoors-long"' in replay(folder)
    with open(os.path.join(folder, "announcements.csv"), "w", encoding="utf-8") as file:
        file.write("territory,kind,from,to,note\n990001001001,free_clinic,2026-03-03,2026-03-03,义诊\n")
    lowered = replay(folder)
    assert '"code":"indoors-announced"' in lowered and '"code":"indoors-long"' not in lowered
