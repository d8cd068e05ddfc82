"""Who is on duty and which clues are open, as screens of the desk in a real browser: rosters, and the ledger of clues."""
import datetime

import pytest

from huyang_test import wait_until, wire
from huyang_test.browser import DESKTOP, PHONE
from huyang_test.county import CODE
from huyang_test.person import add_account

from test_console import HOSTILE, Desk, desk, does_no_harm, finished, hostile_county  # noqa: F401
from test_desk import checked, get
from test_desk_work import VIEWS, WORDS, ahead, choose

TOWN = CODE + "001"


def rosters():
    """Two weeks by turns, all of the day; and a town's evenings, which leave hours without anybody."""
    start = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)).date().isoformat()
    return {"rosters": [
        {"name": "county-duty", "role": "county_desk", "layers": [{"start": start, "rotation": "weekly", "members": ["d-0001", "t-0001"]}]},
        {"name": "town-evenings", "role": "town_desk", "territory": TOWN,
         "layers": [{"start": start, "rotation": "daily", "members": ["t-0001", "nobody-yet"], "weekdays": "mon,tue,wed,thu,fri", "from": "18:00", "until": "22:00"}]}]}


def set_time(browser, selector, hours):
    """A date and time field, so many hours from now by the browser's own clock."""
    browser.wait(selector)
    browser.js("""const i = document.querySelector(arguments[0]), d = new Date(Date.now() + arguments[1] * 3600000);
                  i.value = new Date(d.getTime() - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16); i.dispatchEvent(new Event('input', {bubbles: true}))""", selector, hours)


def on_now(person, name):
    return [one["id"] for roster in get(person, "rosters")["rosters"] if roster["name"] == name for one in roster["on"]]


@pytest.fixture
def duty(world):
    with finished(Desk(world, settings=rosters())) as one:
        yield one.people()


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_who_is_on_duty_is_seen_and_somebody_stands_in(duty, size, lang, name):
    def w(*pair):
        return pair[WORDS[lang]]
    browser = duty.sign_in(size=size, lang=lang)
    browser.click("nav a", w("Office", "内务"))
    browser.click(".subnav a", w("Rosters", "排班"))
    row = ".roster[data-roster=county-duty]"
    browser.wait(row + " .on", "县值班")
    browser.wait(row + " dd", "镇值班")
    # Hours without anybody are said in words; whoever is on no list of the registry covers none.
    browser.wait(".roster[data-roster=town-evenings] .warn", w("Nobody is on duty", "无人值班"))
    browser.click(".roster[data-roster=town-evenings] summary", w("The next two weeks", "今后两周"))
    browser.wait(".shifts td", w("Nobody", "无人值班"))
    checked(browser, f"rosters-{name}")
    browser.click(row + " .standin summary")
    choose(browser, row + " .standin select[name=to]", "t-0001")
    set_time(browser, row + " .standin input[name=from]", -1)
    set_time(browser, row + " .standin input[name=until]", 8)
    browser.click(row + " .standin .button", w("Somebody stands in", "安排顶班"))
    assert on_now(duty.desk, "county-duty") == ["d-0001"], "without a reason nothing is sent"
    browser.type(row + " .standin input[name=note]", "病假")
    browser.click(row + " .standin .button", w("Somebody stands in", "安排顶班"))
    browser.wait(row + " .changes li", "病假")
    browser.wait(row + " .on", "镇值班")
    checked(browser, f"rosters-changed-{name}")
    assert on_now(duty.desk, "county-duty") == ["t-0001"]
    browser.click(row + " .changes .button", w("Take back", "撤回"))
    browser.wait_gone(row + " .changes li")
    browser.wait(row + " .on", "县值班")
    change = next(roster for roster in get(duty.desk, "rosters")["rosters"] if roster["name"] == "county-duty")["changes"][0]
    assert (change["by"], change["to"], change["cancelled_by"]) == ("wang", "t-0001", "wang")


def test_two_people_swap_and_a_grid_worker_only_looks(duty):
    add_account(duty.root, "li", "grid_worker", CODE + "001001001", name="李娜")
    browser = duty.sign_in()
    browser.js("location.hash = 'office/rosters'")
    form = ".roster[data-roster=county-duty] .swap"
    browser.click(form + " summary")
    choose(browser, form + " select[name=to]", "t-0001")
    choose(browser, form + " select[name=instead]", "d-0001")
    for field, hours in (("from", -1), ("until", 2), ("back_from", 24 * 8), ("back_until", 24 * 9)):
        set_time(browser, f"{form} input[name={field}]", hours)
    browser.type(form + " input[name=note]", "wedding")
    browser.click(form + " .button", "Two people swap")
    browser.wait(".roster .changes li", "wedding")
    assert on_now(duty.desk, "county-duty") == ["t-0001"] and len(browser.all(".roster .changes li")) == 2, "both halves are shown"
    worker = duty.sign_in("li", size=PHONE)
    worker.js("location.hash = 'office/rosters'")
    worker.wait(".roster .changes li", "wedding")
    assert not worker.all(".roster .standin") and not worker.all(".roster .button", "Take back")


def test_two_desks_change_a_roster_at_once_and_a_restart_loses_nothing(duty):
    add_account(duty.root, "li", "county_desk", name="李娜")
    wang, li = duty.sign_in("wang"), duty.sign_in("li")
    for browser in (wang, li):
        browser.js("location.hash = 'office/rosters'")
        browser.wait(".roster .on", "县值班")
    body = {"to": "t-0001", "from": ahead(-1), "until": ahead(3), "note": "train"}
    assert duty.desk.send("POST", "/api/v1/rosters/county-duty/override", body).status == 200
    for browser in (wang, li):
        browser.wait(".roster .changes li", "train", timeout_s=40)
    # Whoever comes second is told that it was taken back already; nothing is doubled.
    wang.click(".roster .changes .button", "Take back")
    wang.wait_gone(".roster .changes li")
    if li.all(".roster .changes .button", "Take back"):
        li.click(".roster .changes .button", "Take back")
    li.wait_gone(".roster .changes li")
    assert duty.desk.send("POST", "/api/v1/rosters/county-duty/override", {**body, "note": "again"}).status == 200
    duty.gateway.kill()
    wang.wait(".banner", "Offline")
    duty.gateway.start()
    wang.wait(".line.live", timeout_s=40)
    wang.wait(".roster .changes li", "again", timeout_s=40)
    assert len(wang.all(".roster .changes li")) == 1
    wang.wait_gone(".fault")


def clue(desk, home, disposition="true"):  # noqa: F811
    fleet = desk.world.fleet(desk.broker, [f"wb-{home:04d}"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    fleet.report(f"wb-{home:04d}", wire.sos())
    alert = desk.gateway.wait_alert("emergency", f"r-{home:04d}", level="red")["id"]
    assert desk.desk.send("POST", f"/api/v1/alerts/{alert}/close", {"disposition": disposition}).status == 200
    return alert


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_clue_is_given_on_handled_handed_over_and_closed(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    desk.people()
    add_account(desk.root, "li", "grid_worker", CODE + "001001001", name="李娜")
    browser = desk.sign_in(size=size, lang=lang)
    browser.click("nav a", w("Clues", "线索"))
    browser.wait(".empty", w("No clue matches", "没有符合条件的线索"))
    first, second = clue(desk, 1), clue(desk, 2, "transferred")
    clue(desk, 3, "false")
    browser.wait(".card", "老人1", timeout_s=40)
    assert {card.get_attribute("data-id") for card in browser.all(".card")} == {first, second}
    checked(browser, f"clues-{name}")
    choose(browser, ".filters select", "transferred")
    browser.wait(".empty", w("No clue matches", "没有符合条件的线索"))
    choose(browser, ".filters select", "clueOpen")
    browser.click(".card", "老人1")
    browser.wait(".alert-head h2", "老人1")
    browser.type(".handle textarea", "已劝阻，家属知情")
    browser.click(".handle .button", w("Record", "记录"))
    browser.wait(".timeline li", "已劝阻，家属知情")
    browser.wait(".alert-head .tag", w("being handled", "办理中"))
    browser.click(".assign summary")
    choose(browser, ".assign select", "li")
    browser.click(".assign .button", w("Assign", "交办"))
    browser.wait(".timeline li", w("Assigned", "交办"))
    browser.wait(".alert-head .tag", "李娜")
    browser.click(".transfer summary")
    browser.type(".transfer input[name=transfer-authority]", "县公安局")
    browser.type(".transfer input[name=transfer-receipt]", "2026-17")
    checked(browser, f"clue-{name}")
    browser.click(".transfer .button", w("Hand over", "移交"))
    browser.wait(".alert-head .tag", w("Handed over to 县公安局", "已移交 县公安局"))
    browser.click("details.close summary")
    browser.click(".choice", w("Case filed", "已立案"))
    browser.click("details.close .button", w("Close the clue", "办结线索"))
    browser.wait(".alert-head .tag", w("closed", "已办结"))
    browser.wait(".timeline li", w("Case filed", "已立案"))
    browser.wait_gone(".steps")
    checked(browser, f"clue-closed-{name}")
    entry = get(desk.desk, "ledger/" + first)
    assert (entry["state"], entry["responsible"], entry["authority"], entry["receipt"], entry["result"]) == ("closed", "li", "县公安局", "2026-17", "case_filed")
    assert [(event["kind"], event["by"]) for event in entry["history"]] == [(kind, "wang") for kind in ("opened", "handled", "assigned", "transferred", "closed")]
    browser.js("location.hash = 'clues'")
    browser.wait_gone(".card", "老人1")
    choose(browser, ".filters select", "closed")
    browser.wait(".card", "老人1")


def test_a_grid_worker_writes_down_what_was_done_and_no_more(desk):  # noqa: F811
    desk.people()
    add_account(desk.root, "li", "grid_worker", CODE + "001001001", name="李娜")
    entry = clue(desk, 1)
    assert desk.desk.send("POST", f"/api/v1/ledger/{entry}/assign", {"to": "li"}).status == 200
    browser = desk.sign_in("li", size=PHONE)
    browser.js("location.hash = 'clues'")
    choose(browser, ".filters select:nth-of-type(2)", "mine")
    browser.click(".card", "老人1")
    browser.wait(".handle textarea")
    assert not browser.all(".assign") and not browser.all(".transfer") and not browser.all("details.close")
    # Two write at once: both words stand, each once.
    browser.type(".handle textarea", "visited")
    assert desk.desk.send("POST", f"/api/v1/ledger/{entry}/handle", {"note": "called the bank"}).status == 200
    browser.click(".handle .button", "Record")
    browser.wait(".timeline li", "visited")
    browser.wait(".timeline li", "called the bank")
    assert [event["kind"] for event in get(desk.desk, "ledger/" + entry)["history"]].count("handled") == 2
    # What somebody else closed meanwhile cannot be written to, and the page says so.
    assert desk.desk.send("POST", f"/api/v1/ledger/{entry}/close", {"result": "handled"}).status == 200
    if browser.all(".handle textarea"):
        browser.type(".handle textarea", "too late")
        browser.click(".handle .button", "Record")
        browser.wait(".toast", "no open entry")
    browser.wait(".alert-head .tag", "closed")
    assert "too late" not in str(get(desk.desk, "ledger/" + entry)["history"])


def test_hostile_text_stays_text_in_rosters_and_clues(world):
    with finished(Desk(world, county=hostile_county(world), settings=rosters())) as desk:  # noqa: F811
        browser = desk.people().sign_in(size=DESKTOP)
        entry = clue(desk, 1)
        assert desk.desk.send("POST", "/api/v1/rosters/county-duty/override", {"to": "t-0001", "from": ahead(-1), "until": ahead(3), "note": HOSTILE[:100]}).status == 200
        browser.js("location.hash = 'office/rosters'")
        browser.wait(".roster .changes li", "onerror")
        assert desk.desk.send("POST", f"/api/v1/ledger/{entry}/handle", {"note": HOSTILE[:100]}).status == 200
        assert desk.desk.send("POST", f"/api/v1/ledger/{entry}/transfer", {"authority": HOSTILE[:90], "receipt": "<b onclick=x>"}).status == 200
        browser.js("location.hash = 'clues/' + arguments[0]", entry)
        browser.wait(".timeline li", "onerror")
        browser.wait(".facts", "<b onclick=x>")
        browser.wait(".alert-head .tag", "<img src=x")
        assert does_no_harm(browser)
