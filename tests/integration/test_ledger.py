"""The ledger of clues through API and command line: opened by a closing, handled, handed over, closed; over a kill; the same in replay; in the feed."""
import datetime
import json
import subprocess

from huyang_test import wait_until, wire
from huyang_test.process import binary


def run(gateway, *arguments):
    return subprocess.run([binary("huyang"), *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def listed(gateway, *arguments):
    done = run(gateway, "ledger", "list", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def close(gateway, fleet, home, disposition="true"):
    fleet.report(f"wb-000{home}", wire.sos())
    alert = gateway.wait_alert("emergency", f"r-000{home}", level="red")["id"]
    assert run(gateway, "alerts", "close", alert, "--by", "desk-1", "--disposition", disposition, "--note", "属实").returncode == 0
    return alert


def told(gateway, alert, role):
    return [job for job in gateway.jobs(alert, "notify") if job["role"] == role]


def test_a_clue_is_handled_handed_over_and_closed_over_a_kill(world):
    broker, _, gateway = world.standard(homes=3)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002", "wb-0003"])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    first, second = close(gateway, fleet, 1), close(gateway, fleet, 2, "transferred")
    close(gateway, fleet, 3, "false")
    assert {entry["id"] for entry in listed(gateway)["ledger"]} == {first, second}
    assert all(entry["responsible"] == "desk-1" and entry["place"]["territories"] for entry in listed(gateway)["ledger"])
    page = listed(gateway, "--limit", "1")
    rest = listed(gateway, "--limit", "1", "--cursor", page["next"])
    assert {page["ledger"][0]["id"], rest["ledger"][0]["id"]} == {first, second}
    assert listed(gateway, "--limit", "1", "--cursor", rest["next"])["ledger"] == []
    assert listed(gateway, "--overdue", "yes")["ledger"] == []
    before = len(told(gateway, first, "grid_worker"))
    assert run(gateway, "ledger", "assign", first, "--by", "desk-1", "--to", "g-0001").returncode == 0
    wait_until(lambda: len(told(gateway, first, "grid_worker")) == before + 1, 10, "who is responsible now is told")
    assert [entry["id"] for entry in listed(gateway, "--responsible", "g-0001")["ledger"]] == [first]
    gateway.kill()
    gateway.start()
    assert run(gateway, "ledger", "handle", first, "--by", "g-0001", "--note", "已劝阻").returncode == 0
    assert run(gateway, "ledger", "transfer", first, "--by", "desk-1", "--authority", "县公安局", "--receipt", "2026-17").returncode == 0
    assert [(entry["authority"], entry["receipt"]) for entry in listed(gateway, "--state", "transferred")["ledger"]] == [("县公安局", "2026-17")]
    assert run(gateway, "ledger", "close", first, "--by", "desk-1", "--result", "case_filed").returncode == 0
    again = run(gateway, "ledger", "close", first, "--by", "desk-1", "--result", "case_filed")
    assert again.returncode == 1 and "no open entry" in again.stderr
    assert [entry["id"] for entry in listed(gateway)["ledger"]] == [second]
    assert [entry["id"] for entry in listed(gateway, "--state", "closed")["ledger"]] == [first]
    assert [entry["id"] for entry in listed(gateway, "--all", "yes")["ledger"]] == [second, first]
    shown = json.loads(run(gateway, "ledger", "show", first, "--json").stdout)
    assert (shown["state"], shown["result"], shown["steps"]) == ("closed", "case_filed", 1)
    assert [event["kind"] for event in shown["history"]] == ["opened", "assigned", "handled", "transferred", "closed"]
    assert shown["history"][3]["why"] == "县公安局, 2026-17"
    assert "已劝阻" in run(gateway, "ledger", "show", first).stdout
    feed, after = [], "0.0.0"  # a place of before there was a ledger
    for _ in range(100):
        page = gateway.request("GET", f"/api/v1/feed?after={after}")
        feed, after = feed + page["items"], page["next"]
        if not page["more"]:
            break
    events = [item for item in feed if item["kind"] == "ledger"]
    assert [item["event"] for item in events if item["entry"]["id"] == first] == ["opened", "assigned", "handled", "transferred", "closed"]
    assert after.count(".") == 3
    assert gateway.stored_transitions() == gateway.replayed_transitions()


def test_what_does_not_fit_is_refused_with_the_reason(world):
    broker, _, gateway = world.standard(homes=1)
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    entry, nothing = close(gateway, fleet, 1), "0" * 32
    later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).isoformat(timespec="seconds")
    for words, word in ((("handle", nothing, "--by", "wang", "--note", "x"), "no open entry"), (("show", nothing), "no entry of this id"),
                        (("list", "--state", "lost"), "open, handling, transferred or closed"), (("list", "--overdue", "no"), "must be yes"),
                        (("list", "--cursor", "x"), "the page before"), (("handle", entry, "--by", "wang"), "note"),
                        (("transfer", entry, "--by", "wang"), "authority"), (("transfer", entry, "--by", "wang", "--authority", "x" * 96), "authority"),
                        (("transfer", entry, "--by", "wang", "--authority", "x", "--at", later), "before now"),
                        (("assign", entry, "--by", "wang", "--to", "li", "--until", "2020-01-01T00:00:00Z"), "future"),
                        (("close", entry, "--by", "wang", "--result", "sunk"), "case_filed")):
        done = run(gateway, "ledger", *words)
        assert done.returncode == 1 and word in done.stderr, (words, done.stderr)
    for words in ([], ["sing"], ["close"], ["list", "x"], ["close", entry, "--what", "x"], ["close", entry, "--by"]):
        done = subprocess.run([binary("huyang"), "ledger", *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2, words
    assert [event["kind"] for event in json.loads(run(gateway, "ledger", "show", entry, "--json").stdout)["history"]] == ["opened"]
