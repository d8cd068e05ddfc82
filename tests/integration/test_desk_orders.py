"""What a responder orders from the desk in a real browser: whose an alert is, not now, several who must take it, and commands to devices."""
import pytest

from huyang_test import wait_until, wire
from huyang_test.browser import PHONE
from huyang_test.county import CODE
from huyang_test.person import add_account

from test_console import HOSTILE, Desk, desk, does_no_harm, finished, hostile_county  # noqa: F401
from test_desk import checked, get
from test_desk_work import VIEWS, WORDS, choose, hold

GRID = CODE + "001001001"
BOTH = {"policy": [{"family": "emergency", "level": "red", "acknowledgements": 2, "steps": [{"do": "notify", "role": "county_desk"}]}]}


def commands(person, device):
    return [(row["command"], row["state"]) for row in get(person, f"devices/{device}/commands")["commands"]]


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_an_alert_that_can_wait_is_given_to_somebody_and_put_off(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    desk.people()
    add_account(desk.root, "li", "grid_worker", GRID, name="李娜")
    browser = desk.sign_in(size=size, lang=lang)
    fleet = desk.world.fleet(desk.broker, ["wb-0001"])
    fleet.report("wb-0001", wire.heartbeat(battery=4))
    browser.click(".card", w("Battery low", "设备电量低"))
    browser.click(".later summary")
    choose(browser, ".later select", "li")
    checked(browser, f"later-{name}")
    browser.click(".later .button", w("Assign", "交办"))
    browser.wait(".alert-head .state", w("李娜 sees to it", "负责人：李娜"))
    browser.wait(".timeline li", w("Assigned to 李娜", "指派给 李娜"))
    browser.click(".later .button", w("for 4 h", "4 小时 后"))
    browser.wait(".alert-head .state", w("put off until", "暂缓至"))
    browser.wait(".timeline li", w("Put off", "暂缓处理"))
    checked(browser, f"put-off-{name}")
    alert = desk.gateway.alerts(family="coverage")[0]
    assert (alert["assigned_to"], alert["acknowledged_by"]) == ("li", "wang") and "snoozed_until" in alert
    # What is an emergency cannot wait: there is nothing to press.
    desk.sos(2)
    browser.js("location.hash = 'open'")
    browser.click(".card.red", "老人2")
    browser.click(".later summary")
    browser.wait(".later select")
    assert not browser.all(".later .choices .button")


def test_where_two_must_take_it_the_page_says_who_is_missing(world):
    with finished(Desk(world, settings=BOTH)) as desk:  # noqa: F811
        desk.people()
        add_account(desk.root, "li", "county_desk", name="李娜")
        wang, li = desk.sign_in("wang"), desk.sign_in("li", size=PHONE)
        desk.sos(1)
        for browser in (wang, li):
            browser.click(".card.red", "老人1")
        wang.click(".button.primary.big", "I take this")
        for browser in (wang, li):
            browser.wait(".alert-head .state", "1 of 2 have taken it; 1 more must")
        wang.wait(".timeline li", "Taken, 1 of 2")
        assert wang.accessibility_faults() == []
        li.click(".button.primary.big", "I take this")
        for browser in (wang, li):
            browser.wait(".alert-head .state", "李娜 has it")
            browser.wait_gone(".button.primary.big", "I take this")


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_band_is_asked_where_it_is_how_often_it_reports_and_to_restart(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    browser = desk.people().sign_in(size=size, lang=lang)
    band = desk.device("wb-0001")
    band.wait("link up")
    band.do("fix 34.0201 108.0001 12")
    browser.js("location.hash = 'residents/r-0001'")
    browser.click(".device .orders summary", "wb-0001")
    browser.wait(".orders p", w("Nothing was asked of it.", "没有下发过指令。"))
    browser.click(".orders .button", w("Locate now", "立即定位"))
    browser.wait(".toast", w("Reason", "原因"))
    browser.type(".orders input[name=order-note]", "家属请求")
    browser.click(".orders .button", w("Locate now", "立即定位"))
    browser.wait(".commands li", w("done", "已完成"))
    browser.wait(".commands li", "家属请求")
    choose(browser, ".orders select[name=pace]", "300")
    browser.type(".orders input[name=order-note]", "夜里走失过")
    browser.click(".orders .button", w("Change the interval", "调整间隔"))
    browser.wait(".commands li", w("every 5 min", "每 5 分钟"))
    browser.type(".orders input[name=order-note]", "卡住")
    hold(browser, ".orders .hold", w("Hold to restart the device", "按住重启设备"), lambda: browser.all(".commands li", w("Restart", "重启")))
    checked(browser, f"orders-{name}")
    wait_until(lambda: {command for command, state in commands(desk.desk, "wb-0001") if state == "played"} >= {"locate", "interval"}, 20, "both are done")
    # In the fleet's list a camera is restarted, and never located.
    browser.js("location.hash = 'devices'")
    choose(browser, ".filters select", "")
    browser.click(".device .orders summary", "cam-0001")
    browser.wait(".orders .hold")
    assert not browser.all(".orders .button", w("Locate now", "立即定位"))


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_held_button_opens_a_band_s_test_window_and_its_next_press_is_a_drill(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    browser = desk.people().sign_in(size=size, lang=lang)
    band = desk.device("wb-0001")
    band.wait("link up")
    browser.js("location.hash = 'devices'")
    choose(browser, ".filters select", "")
    browser.wait(".test .hold", "wb-0001")
    browser.wait(".device .tag", w("connected", "在线"))
    assert all("cam-" not in button.text for button in browser.all(".test .hold"))  # a camera has no such button
    hold(browser, ".test .hold", "wb-0001", lambda: browser.all(".test[role=status]", w("the next press is a drill", "下一次按键按演练处理")))
    checked(browser, f"test-window-{name}")
    band.do("sos")
    drill = wait_until(lambda: desk.gateway.alert_of("emergency", "r-0001"), 20, "the alert of the press")
    assert desk.gateway.request("GET", f"/api/v1/alerts/{drill['id']}")["exercise"] is True
    browser.js(f"location.hash = 'alerts/{drill['id']}'")
    browser.wait(".alert-head", w("Drill", "演练"))


def test_at_an_alert_one_tap_asks_where_the_person_is_also_over_a_restart(desk):  # noqa: F811
    desk.people()
    add_account(desk.root, "li", "grid_worker", GRID, name="李娜")
    browser = desk.sign_in(size=PHONE)
    desk.sos(1)
    browser.click(".card.red", "老人1")
    # An SOS has asked already; the page shows how that stands.
    browser.wait(".locate", "done", timeout_s=40)
    before = len(commands(desk.desk, "wb-0001"))
    browser.click(".locate .button", "Locate now")
    wait_until(lambda: len(commands(desk.desk, "wb-0001")) == before + 1, 10, "one more, once")
    assert get(desk.desk, "devices/wb-0001/commands")["commands"][0]["note"] == "handling an alert"
    checked(browser, "locate-phone")
    desk.gateway.kill()
    browser.wait(".banner", "Offline")
    desk.gateway.start()
    browser.wait(".line.live", timeout_s=40)
    browser.wait(".locate", "done", timeout_s=40)
    assert len(commands(desk.desk, "wb-0001")) == before + 1
    # A grid worker may not order a device about; the page does not offer it.
    worker = desk.sign_in("li")
    worker.click(".card.red", "老人1")
    worker.wait(".chart")
    assert not worker.all(".locate") and not worker.all(".orders")


def test_hostile_text_stays_text_in_commands(world):
    with finished(Desk(world, county=hostile_county(world))) as desk:  # noqa: F811
        browser = desk.people().sign_in()
        assert desk.desk.send("POST", "/api/v1/devices/wb-0001/locate", {"note": HOSTILE[:100]}).status == 200
        browser.js("location.hash = 'residents/r-0001'")
        browser.click(".device .orders summary", "wb-0001")
        browser.wait(".commands li", "onerror")
        desk.sos(1)
        alert = desk.gateway.wait_alert("emergency", "r-0001")["id"]
        assert desk.desk.send("POST", f"/api/v1/alerts/{alert}/assign", {"to": "wang", "note": HOSTILE[:100]}).status == 200
        browser.js("location.hash = 'open/' + arguments[0]", alert)
        browser.wait(".timeline li", "onerror")
        browser.wait(".locate")
        assert does_no_harm(browser)
