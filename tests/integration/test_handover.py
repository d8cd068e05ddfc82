"""Handovers of shifts: two signatures through the command line and the API, unsigned ones over a kill, who may do what, and the desk's screen in a real browser."""
import datetime
import json
import subprocess

import pytest

from huyang_test import wait_until, wire
from huyang_test.county import CODE
from huyang_test.person import add_account
from huyang_test.process import binary

from test_console import desk  # noqa: F401
from test_desk import checked, get, office  # noqa: F401
from test_desk_work import VIEWS, WORDS, choose, hold
from test_roster import ahead, people, plan, reload

TOWN = CODE + "001"


def huyang(gateway, *arguments):
    return subprocess.run([binary("huyang"), "handover", *arguments, "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                          capture_output=True, text=True, timeout=60, check=False)


def well(gateway, *arguments):
    done = huyang(gateway, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shown(gateway):
    """The newest handover, whole."""
    [newest, *_] = json.loads(well(gateway, "list", "--json"))["handovers"]
    return json.loads(well(gateway, "show", newest["id"], "--json"))


def soon(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def test_two_sign_what_they_saw_also_over_a_kill(world):
    broker, _, gateway = world.standard(homes=2)
    first, second = people(gateway)
    reload(gateway, "rosters: " + json.dumps([plan(first, second)]) + "\n")
    wait_until(lambda: "config.reloaded" in gateway.process.tail(), 10, "the roster is in force")
    well(gateway, "begin", "--by", "wang", "--to", "li", "--roster", "desk", "--note", "河湾村停电")
    one = shown(gateway)
    assert (one["state"], one["from"], one["to"], one["outgoing"], one["list"]) == ("open", "wang", "li", [first], 1)
    assert one["counts"]["alerts"] == 0 and one["alerts"] == [] and one["history"][0]["why"] == "河湾村停电"
    gateway.kill()
    gateway.start()

    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    done = huyang(gateway, "sign", one["id"], "--by", "li", "--list", "1")
    assert done.returncode == 1 and "more has come since" in done.stderr and f"* alerts    {alert}" in done.stdout
    renewed = shown(gateway)
    assert (renewed["state"], renewed["list"], [row["id"] for row in renewed["alerts"]]) == ("open", 2, [alert])
    assert huyang(gateway, "sign", one["id"], "--by", "li", "--list", "1").returncode == 1, "not the newest list"
    well(gateway, "sign", one["id"], "--by", "li", "--list", "2", "--note", "已看")
    gateway.kill()
    gateway.start()
    signed = shown(gateway)
    assert (signed["state"], signed["signed_by"]) == ("signed", "li")
    assert [(event["kind"], event["by"]) for event in signed["history"]] == [("begun", "wang"), ("renewed", "li"), ("signed", "li")]
    assert gateway.stored_transitions() == gateway.replayed_transitions()


def test_unsigned_by_the_shifts_end_though_killed_meanwhile(world):
    broker, _, gateway = world.standard(homes=1)
    first, second = people(gateway)
    rule = {"family": "emergency", "level": "red", "steps": [{"do": "notify", "roster": "desk"}]}
    reload(gateway, "rosters: " + json.dumps([plan(first, second)]) + "\npolicy: " + json.dumps([rule]) + "\n")
    wait_until(lambda: "config.reloaded" in gateway.process.tail(), 10, "the roster is in force")
    well(gateway, "begin", "--by", "wang", "--to", "li", "--roster", "desk", "--until", soon(3))
    gateway.kill()
    gateway.start()
    wait_until(lambda: shown(gateway)["state"] == "overdue", 20, "the shift's end")
    told = wait_until(lambda: gateway.request("GET", "/api/v1/alerts?family=fleet")["alerts"], 10, "the alert")
    assert [finding["code"] for finding in told[0]["findings"]] == ["handover-unsigned"]
    wait_until(lambda: [job for job in gateway.jobs(told[0]["id"], "notify") if job["role"] == "town_desk"], 10, "the town's desk is told")
    roster = json.loads(subprocess.run([binary("huyang"), "roster", "oncall", "--json", "--url", f"http://127.0.0.1:{gateway.port}", "--state-dir", gateway.state_dir],
                                       capture_output=True, text=True, timeout=60, check=True).stdout)["rosters"][0]
    assert [(change["to"], change["by"]) for change in roster["changes"]] == [(first, "policy")], "once"
    gateway.kill()
    gateway.start()
    one = shown(gateway)
    assert huyang(gateway, "begin", "--by", "wang", "--to", "zhao", "--roster", "desk", "--until", ahead(1)).returncode == 1
    assert "cannot sign" in huyang(gateway, "sign", one["id"], "--by", "wang", "--list", "1").stderr
    # The alert about it came after the list was made, and so it is looked at as well.
    assert huyang(gateway, "sign", one["id"], "--by", "zhao", "--list", "1").returncode == 1
    well(gateway, "sign", one["id"], "--by", "zhao", "--list", "2")
    wait_until(lambda: gateway.request("GET", "/api/v1/alerts?family=fleet")["alerts"][0].get("cleared"), 10, "it is cleared")
    assert [event["kind"] for event in shown(gateway)["history"]] == ["begun", "overdue", "renewed", "signed"]
    assert gateway.stored_transitions() == gateway.replayed_transitions()


def test_what_cannot_be_is_refused_and_named(world):
    _, _, gateway = world.standard(homes=1)
    good = {"--by": "wang", "--to": "li", "--role": "town_desk", "--territory": TOWN, "--until": ahead(1)}
    for change, word in (({"--to": "wang"}, "from one person to another"), ({"--role": "family"}, "role"), ({"--role": None}, "for a roster, or for a role"), ({"--until": None}, "when the shift ends"),
                         ({"--until": ahead(-1)}, "when the shift ends"), ({"--until": "noon"}, "until"), ({"--territory": "1"}, "no such territory"), ({"--roster": "x"}, "for a roster, or for a role"),
                         ({"--by": None}, "by")):
        words = [part for key, value in {**good, **change}.items() if value is not None for part in (key, value)]
        done = huyang(gateway, "begin", *words)
        assert done.returncode == 1 and word in done.stderr, (change, done.stderr)
    well(gateway, "begin", *[part for pair in good.items() for part in pair])
    one = shown(gateway)
    assert (one["role"], one["territory"], one["outgoing"]) == ("town_desk", TOWN, ["wang"])
    assert "list" in huyang(gateway, "sign", one["id"], "--by", "li", "--list", "x").stderr
    assert "no handover" in huyang(gateway, "show", "0" * 32).stderr
    for words in ([], ["sing"], ["sign"], ["show"], ["list", "x"], ["begin", "--what"]):
        assert subprocess.run([binary("huyang"), "handover", *words], capture_output=True, text=True, timeout=60, check=False).returncode == 2, words


def test_each_role_hands_over_its_own(office):  # noqa: F811
    _, _, _, people = office  # pylint: disable=redefined-outer-name
    body = {"role": "town_desk", "territory": TOWN, "to": "wang", "until": ahead(1)}
    for who in ("daughter", "root", "police"):
        assert people[who].send("POST", "/api/v1/handovers/begin", body).status == 403, who
    assert people["town"].send("POST", "/api/v1/handovers/begin", {**body, "territory": CODE}).status == 403, "the county is not the town's"
    assert people["town"].send("POST", "/api/v1/handovers/begin", {**body, "by": "li"}).json["place"] == "by"
    key = {"Idempotency-Key": "h1"}
    assert people["town"].send("POST", "/api/v1/handovers/begin", body, key).status == 200
    assert people["town"].send("POST", "/api/v1/handovers/begin", body, key).status == 200
    [row] = get(people["town"], "handovers")["handovers"]
    assert get(people["grid"], "handovers")["handovers"] == []
    get(people["grid"], "handovers/" + row["id"], 404)
    for who, status in (("daughter", 403), ("root", 403), ("grid", 404), ("town", 409)):
        assert people[who].send("POST", f"/api/v1/handovers/{row['id']}/sign", {"list": "1"}).status == status, who
    assert people["wang"].send("POST", f"/api/v1/handovers/{row['id']}/sign", {"list": "1"}).status == 200
    assert get(people["town"], "handovers/" + row["id"])["signed_by"] == "wang"


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_shift_is_handed_over_at_the_desk(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    desk.people()
    add_account(desk.root, "li", "county_desk", name="李娜")
    outgoing = desk.sign_in(size=size, lang=lang)
    outgoing.js("location.hash = 'office/handovers'")
    choose(outgoing, "select[name=to]", "li")
    outgoing.js("""const at = new Date(Date.now() + 7200e3 - new Date().getTimezoneOffset() * 60e3).toISOString().slice(0, 16), input = document.querySelector('input[name=until]');
                   input.value = at; input.dispatchEvent(new Event('input', {bubbles: true}))""")
    outgoing.type("input[name=note]", "河湾村停电")
    outgoing.click(".panel .button.primary", w("Hand over", "发起交接"))
    outgoing.wait(".handover .tag", w("To be signed", "待签字"))
    outgoing.wait(".handover li", w("Nothing is open", "没有需要交接"))
    assert not outgoing.all(".handover .hold"), "who goes off does not sign"
    checked(outgoing, f"handover-begun-{name}")

    incoming = desk.sign_in("li", size=size, lang=lang)
    incoming.js("location.hash = 'office/handovers'")
    incoming.wait(".handover .hold", w("Hold to sign", "按住签字"))
    desk.sos(1)
    incoming.wait(".handover li a", "老人1")
    hold(incoming, ".handover .hold", w("Hold to sign", "按住签字"), lambda: incoming.all(".handover .tag", w("new", "新")))
    incoming.wait(".handover h4", w("List 2", "清单 2"))
    checked(incoming, f"handover-{name}")
    incoming.type(".handover input[name=sign-note]", "已看")
    hold(incoming, ".handover .hold", w("Hold to sign", "按住签字"), lambda: incoming.all(".records b", w("Signed", "已签字")))
    [row] = desk.gateway.request("GET", "/api/v1/handovers")["handovers"]
    assert (row["state"], row["from"], row["to"], row["signed_by"], row["list"], row["counts"]["alerts"]) == ("signed", "wang", "li", "li", 2, 1)
