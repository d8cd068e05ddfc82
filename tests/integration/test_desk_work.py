"""The desk's work: tasks, announced visits, campaigns, consents and what is said by order; as each role may, and in a real browser."""
import datetime
import urllib.parse

import pytest

from huyang_test import wait_until, wire
from huyang_test.browser import DESKTOP, PHONE, hold
from huyang_test.county import CODE
from huyang_test.person import add_account

from test_console import HOSTILE, Desk, desk, does_no_harm, finished, hostile_county  # noqa: F401
from test_desk import checked, get, office, registry_files  # noqa: F401
from test_prompts import ANY_HOUR

VILLAGE, OTHER_TOWN = CODE + "001001", CODE + "002"
VIEWS = [(DESKTOP, "en", "desktop"), (PHONE, "zh", "phone")]
WORDS = {"en": 0, "zh": 1}


def ahead(hours):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).isoformat(timespec="seconds")


def desk_of_another_town(office):  # noqa: F811
    world, _, _, people = office
    files = registry_files(world.county(homes=4, no_consent=(3,)))
    line = next(line for line in files["territories.csv"].splitlines() if line.startswith(CODE + "001,"))
    files["territories.csv"] += line.replace(CODE + "001,", OTHER_TOWN + ",", 1) + "\n"
    preview = people["root"].send("POST", "/api/v1/registry/preview", {"files": files}).json
    assert people["root"].send("POST", "/api/v1/registry/apply", {"version": preview["version"]}).status == 200
    return add_account(people["root"], "other", "town_desk", OTHER_TOWN)


def choose(browser, selector, value):
    wait_until(lambda: browser.js("return [...document.querySelectorAll(arguments[0] + ' option')].some((one) => one.value === arguments[1])", selector, value), 20, f"the choice {value}")
    browser.js("const s = document.querySelector(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('change', {bubbles: true}))", selector, value)


def test_announcements_are_of_ones_own_territory(office):  # noqa: F811
    _, _, _, people = office
    other = desk_of_another_town(office)
    body = {"announced": "census", "territory": VILLAGE, "from": ahead(0), "until": ahead(2)}
    assert people["grid"].send("POST", "/api/v1/announcements", body).status == 403, "a grid worker's territory is a part of the village"
    assert other.send("POST", "/api/v1/announcements", body).status == 403
    for who in ("daughter", "root", "police"):
        assert people[who].send("POST", "/api/v1/announcements", body).status == 403
        get(people[who], "announcements", 403)
    key = {"Idempotency-Key": "a1"}
    first = people["town"].send("POST", "/api/v1/announcements", body, key)
    assert first.status == 200 and people["town"].send("POST", "/api/v1/announcements", body, key).json == first.json
    rows = get(people["grid"], "announcements")["announcements"]
    assert [(row["territory"], row["by"]) for row in rows] == [(VILLAGE, "town")], "it holds in the grid too"
    assert get(other, "announcements")["announcements"] == []
    assert people["town"].send("POST", "/api/v1/announcements", {**body, "by": "li"}).json["place"] == "by"
    assert other.send("POST", f"/api/v1/announcements/{rows[0]['id']}/cancel", {}).status == 404
    assert people["grid"].send("POST", f"/api/v1/announcements/{rows[0]['id']}/cancel", {}).status == 404
    assert people["wang"].send("POST", f"/api/v1/announcements/{rows[0]['id']}/cancel", {}).status == 200
    assert get(people["town"], "announcements")["announcements"][0]["cancelled_by"] == "wang"
    codes = [(t["code"], t["level"]) for t in get(people["town"], "territories")["territories"]]
    assert (VILLAGE, "village") in codes and (CODE, "county") not in codes and all(code.startswith(CODE + "001") for code, _ in codes)
    get(people["police"], "territories", 403)


def test_consents_are_of_ones_own_territory_and_the_look_is_written_down(office):  # noqa: F811
    _, _, _, people = office
    other = desk_of_another_town(office)
    show = "consents?person=" + urllib.parse.quote("resident:r-0001")
    assert "location" in get(people["grid"], show)["in_force"].split(";")
    assert get(people["grid"], "consents", 400)["place"] == "person"
    for who in ("daughter", "root", "police"):
        get(people[who], show, 403)
    get(other, show, 404)
    get(people["grid"], "consents?person=resident:r-9999", 404)
    get(people["grid"], "consents?person=nobody", 404)
    given = {"person": "resident:r-0003", "class": "location", "signer": "guardian", "version": "2026-1", "evidence": "A-7"}
    for who, status in (("daughter", 403), ("root", 403), ("police", 403)):
        assert people[who].send("POST", "/api/v1/consents/give", given).status == status
    assert other.send("POST", "/api/v1/consents/give", given).status == 404
    assert people["grid"].send("POST", "/api/v1/consents/give", {**given, "by": "li"}).json["place"] == "by"
    assert people["grid"].send("POST", "/api/v1/consents/give", given).status == 200
    shown = get(people["grid"], "consents?person=resident:r-0003")
    assert shown["in_force"] == "location" and (shown["consents"][0]["recorded_by"], shown["consents"][0]["by"]) == ("grid", "guardian")
    assert people["town"].send("POST", "/api/v1/consents/withdraw", {"person": "resident:r-0003", "class": "location"}).status == 200
    assert get(people["grid"], "consents?person=resident:r-0003").get("in_force", "") == ""
    assert people["grid"].send("POST", "/api/v1/consents/give", {**given, "person": "coresident:h-0001/son", "class": "camera"}).status == 200
    seen = [(v["by"], v["what"]) for v in get(people["root"], "views?about=r-0003")["views"]]
    assert ("grid", "consents") in seen and ("town", "consents") in seen


def cancelled_sos(world_desk, home):
    fleet = world_desk.world.fleet(world_desk.broker, [f"wb-{home:04d}"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    fleet.report(f"wb-{home:04d}", wire.sos())
    alert = world_desk.gateway.wait_alert("emergency", f"r-{home:04d}", level="red")["id"]
    fleet.report(f"wb-{home:04d}", wire.sos(cancelled=True))
    return alert


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_call_nobody_answers_becomes_a_visit_that_is_done_at_the_door(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    desk.people()
    add_account(desk.root, "li", "grid_worker", CODE + "001001001", name="李娜")
    browser = desk.sign_in("li", size=size, lang=lang)
    alert = cancelled_sos(desk, 1)
    browser.click("nav a", w("Tasks", "任务"))
    choose(browser, ".filters select", "all")
    browser.click(".card", w("Call back", "回电"))
    browser.wait(".detail h2", "老人1")
    browser.wait(".contact a", "13800000001")
    for left in (1, 2):
        browser.click(".choices .button", w("No answer", "无人接听"))
        if left == 1:
            browser.wait(".alert-head .tag", w("1 unanswered", "未接通 1 次"))
    browser.wait(".alert-head .tag", w("done", "已完成"))
    browser.js("location.hash = 'tasks'")
    choose(browser, ".filters select", "all")
    browser.click(".card", w("Home visit", "上门查看"))
    browser.click(".step .button.primary", w("I do it", "我来办"))
    browser.wait(".alert-head .tag", w("李娜 does it", "李娜 在办"))
    browser.wait(".timeline li", w("Taken on", "接下"))
    checked(browser, f"task-{name}")
    browser.click(".step .button.primary", w("I am there", "我已到场"))
    browser.wait(".alert-head .tag", w("李娜 is there", "李娜 已到场"))
    browser.type(".step textarea", "在家，平安")
    browser.click(".choices .button", w("Seen, well", "已见面，平安"))
    browser.wait(".timeline li", "在家，平安")
    browser.wait_gone(".steps .choices")
    browser.js("location.hash = 'tasks'")
    choose(browser, ".filters select", "ended")
    browser.wait(".card", w("Seen, well", "已见面，平安"))
    checked(browser, f"tasks-{name}")
    # The alert's own page tells them too.
    browser.js("location.hash = 'open/' + arguments[0]", alert)
    browser.wait(".task h4", w("Home visit", "上门查看"))
    checked(browser, f"alert-tasks-{name}")
    history = desk.gateway.request("GET", f"/api/v1/tasks?alert={alert}&kind=home_visit")["tasks"]
    assert [(task["state"], task["outcome"]) for task in history] == [("done", "seen_well")]


def test_tasks_of_an_alert_are_asked_for_by_its_id(desk):  # noqa: F811
    desk.people()
    alert = cancelled_sos(desk, 1)
    tasks = wait_until(lambda: get(desk.desk, f"tasks?alert={alert}")["tasks"], 10, "its tasks")
    assert {task["alert"] for task in tasks} == {alert} and get(desk.desk, f"tasks?alert={'0' * 32}")["tasks"] == []
    assert get(desk.desk, "tasks?alert=x", 400)["place"] == "alert"


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_visit_is_announced_with_one_tap_and_taken_back(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    browser = desk.people().sign_in(size=size, lang=lang)
    browser.js("location.hash = 'office/announced'")
    choose(browser, "select[name=announced]", "gas_safety")
    browser.type("input[name=note]", "燃气公司两人")
    browser.click(".panel .button.primary", w("4 hours", "4 小时"))
    browser.wait(".accounts li", w("Gas safety", "燃气安检"))
    browser.wait(".accounts li", "燃气公司两人")
    checked(browser, f"announced-{name}")
    row = desk.gateway.request("GET", "/api/v1/announcements")["announcements"][0]
    assert (row["announced"], row["by"], row["territory"]) == ("gas_safety", "wang", VILLAGE)
    span = datetime.datetime.fromisoformat(row["until"]) - datetime.datetime.fromisoformat(row["from"])
    assert span == datetime.timedelta(hours=4)
    browser.click(".accounts .button", w("Take back", "撤回"))
    browser.wait_gone(".accounts li")


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_consent_is_withdrawn_and_written_down_on_the_card(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    browser = desk.people().sign_in(size=size, lang=lang)
    browser.js("location.hash = 'residents/r-0001'")
    browser.wait(".consents .device", w("agreed", "已同意"))
    row = ".consents .device:first-child"
    hold(browser, row + " .hold", w("Hold to withdraw", "按住撤回"), lambda: browser.all(row, w("withdrawn", "已撤回")) or browser.all(row, w("not agreed", "未同意")))
    assert "location" not in get(desk.desk, "consents?person=resident:r-0001")["in_force"].split(";")
    browser.click(".consents summary")
    browser.type(".consents input[name=version]", "2026-2")
    browser.type(".consents input[name=evidence]", "B12/77")
    choose(browser, ".consents select[name=signer]", "guardian")
    browser.click(".consents .button", w("Write down", "登记"))
    browser.wait(row, "B12/77")
    browser.wait(row, w("the guardian", "监护人"))
    checked(browser, f"consents-{name}")
    assert "location" in get(desk.desk, "consents?person=resident:r-0001")["in_force"].split(";")


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_campaign_is_ordered_and_tells_who_heard_it(world, size, lang, name):
    with finished(Desk(world, settings=ANY_HOUR)) as desk:  # noqa: F811
        order_a_campaign(desk, size, lang, name)


def order_a_campaign(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    browser = desk.people().sign_in(size=size, lang=lang)
    browser.js("location.hash = 'office/campaigns'")
    choose(browser, "select[name=territory]", VILLAGE)
    browser.type("input[name=residents]", "r-0001 r-0002")
    hold(browser, ".panel .hold", w("Hold to order it", "按住开始宣讲"), lambda: browser.all(".block dl.facts, .block h3"))
    campaign = wait_until(lambda: desk.gateway.request("GET", "/api/v1/campaigns")["campaigns"], 10, "it is ordered")[0]
    assert (campaign["territory"], campaign["listed"], campaign["per_minute"], campaign["by"]) == (VILLAGE, 2, 30, "wang")
    browser.click(".block summary", w("Who heard it", "谁听到了"))
    browser.wait(".block .facts a", "r-0001")
    checked(browser, f"campaigns-{name}")
    other = desk.sign_in("root", size=size, lang=lang)
    other.js("location.hash = 'office/campaigns'")
    other.wait(".subnav a")
    assert not other.all(".subnav a", w("Campaigns", "宣讲"))


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_rollout_is_seen_and_given_up(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    browser = desk.people().sign_in(size=size, lang=lang)
    town = add_account(desk.root, "town", "town_desk", CODE + "001")
    body = {"note": "省电试点", "interval_s": "900", "stages": "100"}
    assert town.send("POST", "/api/v1/rollouts/start", body).status == 403
    assert desk.desk.send("POST", "/api/v1/rollouts/start", body).status == 200
    assert get(town, "rollouts")["rollouts"][0]["by"] == "wang"
    browser.js("location.hash = 'devices'")
    browser.wait(".rollout", w("Running", "进行中"))
    browser.wait(".rollout", "省电试点")
    checked(browser, f"rollout-{name}")
    browser.click(".rollout .button", w("Give up", "中止"))
    browser.wait(".rollout .fault")  # a reason is needed
    browser.type(".rollout .steer input", "手环重启")
    browser.click(".rollout .button", w("Give up", "中止"))
    browser.wait(".rollout", w("Given up", "已中止"))
    row = get(desk.desk, "rollouts")["rollouts"][0]
    assert (row["state"], row["why"], row["events"][-1]["by"]) == ("aborted", "手环重启", "wang")


def test_something_is_said_by_order_after_it_was_shown_how(desk):  # noqa: F811
    browser = desk.people().sign_in()
    desk.sos(1)
    browser.click(".card.red", "老人1")
    browser.click(".speak summary")
    browser.wait(".speak p[role=status]", "0001")
    checked(browser, "speak-desktop")
    hold(browser, ".speak .hold", "Hold to say it", lambda: browser.all(".toast", "Recorded"))
    alert = desk.gateway.alert_of("emergency", "r-0001")["id"]
    wait_until(lambda: any(job["kind"] == "prompt" for job in desk.gateway.request("GET", "/api/v1/alerts/" + alert)["jobs"]), 10, "the job")


def test_hostile_text_stays_text_in_what_is_to_be_done(world):
    with finished(Desk(world, county=hostile_county(world))) as desk:  # noqa: F811
        browser = desk.people().sign_in(size=PHONE)
        cancelled_sos(desk, 1)
        browser.click("nav a", "Tasks")
        browser.click(".card", "Call back")
        browser.wait(".contact a")
        browser.type(".step textarea", HOSTILE[:60].replace("\u202e", ""))
        browser.click(".choices .button", "No answer")
        browser.wait(".timeline li", "<img src=x")
        assert desk.desk.send("POST", "/api/v1/announcements", {"announced": "fair", "territory": VILLAGE, "from": ahead(0), "until": ahead(1), "note": HOSTILE[:100]}).status == 200
        browser.js("location.hash = 'office/announced'")
        browser.wait(".accounts li", "onerror")
        given = {"person": "resident:r-0001", "class": "location", "signer": "self", "version": "<b onclick=alert(1)>", "evidence": HOSTILE[:60]}
        assert desk.desk.send("POST", "/api/v1/consents/withdraw", {"person": "resident:r-0001", "class": "location"}).status == 200
        assert desk.desk.send("POST", "/api/v1/consents/give", given).status == 200
        browser.js("location.hash = 'residents/r-0001'")
        browser.wait(".consents .device", "onclick")
        order = {"prompt": "anti-fraud-line", "start": ahead(1), "end": ahead(2), "per_minute": "1", "category": "<i onclick=x>", "note": HOSTILE[:100]}
        assert desk.desk.send("POST", "/api/v1/campaigns/add", order).status == 200
        browser.js("location.hash = 'office/campaigns'")
        browser.wait(".block", "onerror")
        assert does_no_harm(browser)
