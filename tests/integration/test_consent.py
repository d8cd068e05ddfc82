"""The ledger of consents on a running county: a word is taken, holds from the next input on, over a kill and an import, and stands in the audit trail."""
import json
import os
import subprocess

from huyang_test import wait_until, wire
from huyang_test.database import database
from huyang_test.process import binary

REFUSED = 'huyang_refused_total{reason="no_consent"}'


def consent(gateway, verb, *arguments):
    return subprocess.run([binary("huyang"), "consent", verb, *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def in_force(gateway, person):
    shown = consent(gateway, "show", "--person", person, "--json")
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)["in_force"].split(";")


def refused(gateway):
    return gateway.metrics()[REFUSED]


def test_a_withdrawal_holds_from_the_next_input_on_and_never_costs_an_sos(world):
    broker, _, gateway = world.standard(homes=2)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002"])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    fleet.report("wb-0001", wire.fix(34.0, 108.0))
    wait_until(lambda: fleet.unacked() == 0, 10, "the fix is taken")
    assert refused(gateway) == 0
    done = consent(gateway, "withdraw", "--person", "resident:r-0001", "--class", "location", "--by", "wang")
    assert done.returncode == 0, done.stderr
    assert "location" not in in_force(gateway, "resident:r-0001") and "location" in in_force(gateway, "resident:r-0002")
    for device in ("wb-0001", "wb-0002"):
        fleet.report(device, wire.fix(34.0, 108.0))
    wait_until(lambda: fleet.unacked() == 0, 10, "both are dealt with")
    assert wait_until(lambda: refused(gateway), 10, "one is counted") == 1
    fleet.report("wb-0001", wire.sos(), wire.fix(34.0, 108.0))
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    wait_until(lambda: len(gateway.jobs(alert, "notify")) >= 3, 10, "the SOS goes through, to the family as well")

    gateway.kill()
    gateway.start()
    assert "location" not in in_force(gateway, "resident:r-0001")
    answer = gateway.request("POST", "/api/v1/registry/import", {"folder": gateway.settings["registry_dir"]})
    assert answer["committed"]
    assert "location" not in in_force(gateway, "resident:r-0001"), "a folder that still has the short form does not bring it back"

    done = consent(gateway, "give", "--person", "resident:r-0001", "--class", "location", "--signer", "guardian", "--version", "2026-2",
                   "--evidence", "B12/77", "--by", "wang")
    assert done.returncode == 0, done.stderr
    assert "location" in in_force(gateway, "resident:r-0001")
    shown = consent(gateway, "show", "--person", "resident:r-0001").stdout
    assert "guardian" in shown and "2026-2" in shown and "B12/77" in shown and "withdrawn" in shown and "in force" in shown


def test_each_word_stands_in_the_chained_audit(world):
    _, _, gateway = world.standard(homes=1)
    assert consent(gateway, "withdraw", "--person", "resident:r-0001", "--class", "camera", "--by", "wang").returncode == 0
    assert consent(gateway, "give", "--person", "coresident:h-0001/son", "--class", "camera", "--signer", "self", "--version", "1", "--evidence", "A-2",
                   "--by", "li").returncode == 0
    with gateway.database() as db:
        details = [row[0] for row in db.execute("SELECT detail FROM audit WHERE kind='consent' ORDER BY id")]
    assert len(details) == 2 and "camera" in details[0] and "wang" in details[0] and "coresident:h-0001/son" in details[1]
    gateway.stop()
    gateway.tool("journal", "verify", "--state-dir", gateway.state_dir)
    path = os.path.join(gateway.state_dir, "huyang.db")
    with database(path, write=True) as db:
        db.execute("DROP TRIGGER audit_is_only_erased")
        db.execute("UPDATE audit SET detail=replace(detail, 'wang', 'zhao') WHERE id=1")
    assert subprocess.run([binary("huyang"), "journal", "verify", "--state-dir", gateway.state_dir], capture_output=True, check=False).returncode == 1


def test_what_cannot_be_is_refused_with_its_reason(world):
    _, _, gateway = world.standard(homes=1)
    good = {"--person": "resident:r-0001", "--class": "police", "--by": "wang"}
    for change, word in (({"--person": "resident:r-9999"}, "r-9999"), ({"--class": "face"}, "class"), ({"--by": "王"}, "by"),
                         ({"--person": "visitor:h-0001/nobody", "--class": "visitor"}, "visitors")):
        done = consent(gateway, "withdraw", *(word for pair in (good | change).items() for word in pair))
        assert done.returncode == 1 and word in done.stderr, (change, done.stderr)
    assert consent(gateway, "withdraw", *(word for pair in good.items() for word in pair)).returncode == 0
    again = consent(gateway, "withdraw", *(word for pair in good.items() for word in pair))
    assert again.returncode == 1 and "in force" in again.stderr


def test_a_withdrawal_whose_entry_was_lost_to_a_crash_is_entered_at_the_next_start(world):
    _, _, gateway = world.standard(homes=2)
    consent(gateway, "withdraw", "--person", "resident:r-0002", "--class", "camera", "--by", "wang")  # something is in the log before
    gateway.stop()
    path = os.path.join(gateway.state_dir, "huyang.db")
    with database(path, write=True) as db:  # as saving the registry leaves it when the end comes right after
        row = db.execute("SELECT fields FROM registry_row WHERE tbl='residents' AND id='r-0001'").fetchone()[0]
        db.execute("UPDATE registry_row SET fields=? WHERE tbl='residents' AND id='r-0001'", [row.replace(b"location;", b"")])
        db.execute("INSERT OR REPLACE INTO meta SELECT 'registry.saved_n', CAST(last_n AS TEXT) FROM mark")

    def marks():
        with gateway.database() as db:
            return db.execute("SELECT count(*) FROM input WHERE kind=6").fetchone()[0]
    before = marks()
    gateway.start()
    assert marks() == before + 1
    assert "location" not in in_force(gateway, "resident:r-0001")
    gateway.kill()
    gateway.start()
    assert marks() == before + 1, "and once only"
    gateway.stop()
    gateway.tool("journal", "verify", "--state-dir", gateway.state_dir)
