"""The database seen from outside: through the command line and the API, beside the running gateway and after it."""
import json
import os
import re
import subprocess
import unicodedata
import urllib.error
import urllib.request

import pytest

from huyang_test import wait_until, wire
from huyang_test.database import database
from huyang_test.process import Process, binary


def columns(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


@pytest.fixture
def story(world):
    """A gateway with one red alert of r-0001 and one green of h-0002."""
    broker, _, gateway = world.standard()
    fleet = world.fleet(broker, ["wb-0001", "cam-0002"])
    lane, epoch, seq = fleet.report("wb-0001", wire.sos())
    fleet.report("cam-0002", wire.visit("arrive", "doorstep"))
    alert = gateway.wait_alert("emergency", "r-0001", level="red")
    gateway.wait_alert("visitor", "h-0002", level="green")
    gateway.key = f"wb-0001/{lane}/{epoch}/{seq}"
    return gateway, alert


def run(gateway, *arguments):
    """(status, stdout, stderr) of a subcommand that talks to the API."""
    done = subprocess.run([binary("huyang"), *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_list_stands_in_columns_in_both_languages(story, language):
    gateway, alert = story
    status, out, _ = run(gateway, "alerts", "list", "--lang", language)
    assert status == 0
    lines = out.splitlines()
    assert lines[0].split() == ["ALERT", "OPENED", "LEVEL", "STATE", "FAMILY", "SUBJECT", "REASON"]
    assert len(lines) == 3
    place = lines[0].index("REASON")
    for line in lines[1:]:
        head = line[:place]
        assert columns(head) == place and head.endswith(" ") and line[place] != " ", line
    assert any(alert["id"][:8] in line and " red " in line and "r-0001" in line for line in lines)
    assert bool(re.search("[\u4e00-\u9fff]", out)) == (language == "zh")


def test_an_alert_is_taken_shown_and_closed_from_the_command_line(story):
    gateway, alert = story
    short = alert["id"][:8]
    status, out, err = run(gateway, "alerts", "ack", short, "--by", "wang")
    assert status == 0, err
    assert alert["id"] in out
    status, out, _ = run(gateway, "alerts", "list", "--state", "open", "--level", "red")
    assert status == 0 and " taken " in out
    assert run(gateway, "alerts", "call", short, "--by", "wang", "--outcome", "safe")[0] == 0
    assert run(gateway, "alerts", "close", short, "--by", "wang", "--disposition", "false", "--note", "邻居串门")[0] == 0
    status, out, err = run(gateway, "alerts", "show", short)
    assert status == 0, err
    for word in ("closed", "acknowledged", "wang", "邻居串门", "transitions", "jobs"):
        assert word in out, word
    status, out, _ = run(gateway, "alerts", "show", short, "--json")
    assert json.loads(out)["state"] == "closed"
    status, _, err = run(gateway, "alerts", "ack", short, "--by", "wang")
    assert status == 1 and "refused (4" in err
    assert run(gateway, "alerts", "list", "--state", "open", "--level", "red")[1].count("\n") == 1


def test_what_is_wrong_is_told_and_changes_nothing(story):
    gateway, alert = story
    for arguments, status, word in [
            (["ack", alert["id"][:8]], 1, "by"), (["close", alert["id"][:8], "--by", "w"], 1, "disposition"),
            (["close", alert["id"][:8], "--by", "w", "--disposition", "maybe"], 1, "disposition"), (["ack", "zz", "--by", "w"], 1, "zz"),
            (["ack", "0123456789", "--by", "w"], 1, "no alert begins"), (["ack"], 2, "which alert"), (["list", "--colour", "x"], 2, "--colour"),
            (["list", "--level", "purple"], 1, "level"), (["list", alert["id"]], 2, "no alert is expected"), (["dance"], 2, "dance")]:
        got, _, err = run(gateway, "alerts", *arguments)
        assert (got, word in err) == (status, True), (arguments, got, err)
    assert "acknowledged" not in gateway.alert_of("emergency", "r-0001")


def test_watch_tells_changes_as_they_come(world, story):
    gateway, alert = story
    watch = world._keep(Process([binary("huyang"), "alerts", "watch", "--every", "1", "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir",
                                 gateway.state_dir]))
    watch.wait_line(lambda line: alert["id"][:8] in line and " open " in line, 15, "the alert is there")
    gateway.acknowledge(alert["id"])
    watch.wait_line(lambda line: alert["id"][:8] in line and " taken " in line, 15, "it is taken")


def test_the_way_of_an_event_is_traced_while_it_runs_and_afterwards(story):
    gateway, alert = story
    wait_until(lambda: gateway.jobs(alert["id"], "notify"), 15, "somebody is told")
    for when in ("running", "stopped"):
        out = gateway.tool("trace", "--state-dir", gateway.state_dir, gateway.key).decode()
        stages = [line[39:].split()[0] for line in out.splitlines()[1:]]
        assert {"happened", "arrived", "committed", "found", "alert", "queued"} <= set(stages), (when, out)
        by_alert = gateway.tool("trace", "--state-dir", gateway.state_dir, alert["id"]).decode()
        assert "opened" in by_alert and "sos" in by_alert
        whole = json.loads(gateway.tool("trace", "--json", "--state-dir", gateway.state_dir, gateway.key))
        assert whole["alerts"][0]["alert"] == alert["id"]
        gateway.stop()
    done = subprocess.run([binary("huyang"), "trace", "--state-dir", gateway.state_dir, "wb-0001/urgent/1/999"], capture_output=True, check=False)
    assert done.returncode == 1 and b"there is no" in done.stderr
    assert subprocess.run([binary("huyang"), "trace", "--state-dir", gateway.state_dir, "nonsense"], capture_output=True, check=False).returncode == 2


def test_the_journal_is_whole_private_and_its_chain_verifies(story):
    gateway, alert = story
    path = os.path.join(gateway.folder, "journal.jsonl")
    gateway.tool("journal", "export", "--state-dir", gateway.state_dir, "-o", path)
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert lines[0]["relays"] == "recorded"
    assert any("sos" in event for line in lines for event in line.get("events", []) if line.get("device") == "wb-0001")
    assert alert["id"].encode() in gateway.stored_transitions()
    assert b"the chain is whole" in gateway.tool("journal", "verify", "--state-dir", gateway.state_dir)
    gateway.stop()
    with database(os.path.join(gateway.state_dir, "huyang.db"), write=True) as db:
        db.execute("DROP TRIGGER transition_is_only_erased")
        db.execute("UPDATE transition SET by='somebody' WHERE id=1")
    done = subprocess.run([binary("huyang"), "journal", "verify", "--state-dir", gateway.state_dir], capture_output=True, check=False)
    assert done.returncode == 1 and b"broken at entry 1" in done.stderr


def test_names_are_in_the_vault_and_in_no_log(story):
    gateway, _ = story
    with gateway.database() as db:
        names = [row[0] for row in db.execute("SELECT value FROM vault WHERE field='name'")]
        assert names
        for table in ("registry_row", "alert", "transition", "finding", "input"):
            for row in db.execute(f"SELECT * FROM {table}"):  # noqa: S608
                text = "|".join(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row)
                assert not any(name in text for name in names), (table, row)
    with open(os.path.join(gateway.folder, "gateway.log"), encoding="utf-8") as file:
        log = file.read()
    assert not any(name in log for name in names)


def test_a_second_gateway_on_the_folder_ends_with_a_clear_line(story):
    gateway, _ = story
    second = Process([binary("huyang-gateway"), "--config", gateway.config])
    second.wait_line(lambda line: "id=store.locked" in line and f"pid={gateway.process.pid}" in line, 15, "it names who holds the folder")
    wait_until(lambda: not second.alive(), 15, "it ends")
    assert gateway.ready()


def test_the_api_needs_its_token_and_stays_up_under_noise(story):
    gateway, alert = story
    for header in ({}, {"Authorization": "Bearer " + "0" * 64}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{gateway.port}/api/v1/alerts/{alert['id']}", headers=header), timeout=10)
        assert refused.value.code == 401
    assert os.stat(os.path.join(gateway.state_dir, "token")).st_mode & 0o777 == 0o600
    assert gateway.ready()
