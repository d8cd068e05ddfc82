"""The responders' desk in a real browser, fed by real devices through a real broker."""
import contextlib
import csv
import gzip
import http.client
import os
import re

import pytest

from huyang_test import wait_until, wire
from huyang_test.browser import DESKTOP, PHONE, Browser, Keys, hold
from huyang_test.county import CODE
from huyang_test.person import PASSWORD, add_account, first_administrator, setup_code

GRID = CODE + "001001001"
SHOTS = os.environ.get("HUYANG_SHOTS")  # a folder: keep pictures of what the tests see


class Desk:
    """A gateway with accounts, and browsers that are ended with the test."""

    def __init__(self, world, **options):
        self.world, self.browsers = world, []
        self.broker, _, self.gateway = world.standard(homes=4, **options)
        self.devices = {}

    def people(self):
        self.root = first_administrator(self.gateway)
        self.desk = add_account(self.root, "wang", "county_desk", name="王芳")
        return self

    def browser(self, **options):
        browser = Browser(self.gateway, **options)
        self.browsers.append(browser)
        return browser

    def sign_in(self, account="wang", **options):
        return self.browser(**options).sign_in(account, PASSWORD)

    def device(self, name):
        if name not in self.devices:
            self.devices[name] = self.world.device(self.broker, name)
        return self.devices[name]

    def sos(self, home):
        self.device(f"wb-{home:04d}").do("sos")


@contextlib.contextmanager
def finished(desk):
    """Its browsers are ended, and none may have complained."""
    yield desk
    faults = [fault for browser in desk.browsers for fault in browser.faults()]
    for browser in desk.browsers:
        browser.stop()
    assert not faults, "the browser complained:\n" + "\n".join(faults)


@pytest.fixture
def desk(world):
    with finished(Desk(world)) as desk:
        yield desk


def shot(browser, name):
    if SHOTS:
        browser.shot(os.path.join(SHOTS, name + ".png"))


def test_the_first_start_makes_an_administrator_who_makes_an_account(desk):
    browser = desk.browser()
    assert "one-time code" in browser.text()
    assert browser.accessibility_faults() == []
    for name, value in (("code", setup_code(desk.gateway).lower()), ("account", "root"), ("name", "Root"), ("password", PASSWORD)):
        browser.type(f"input[name={name}]", value)
    browser.click("button.primary")
    browser.wait(".line.live")
    browser.click("nav a", "Accounts")
    for name, value in (("account", "li"), ("name", "李娜"), ("scope", GRID), ("password", PASSWORD)):
        browser.type(f".page input[name={name}]", value)
    browser.js("const s = document.querySelector('.page select'); s.value = 'grid_worker'; s.dispatchEvent(new Event('change', {bubbles: true}))")
    browser.click(".page button.primary")
    browser.wait(".accounts li", "李娜")
    assert browser.accessibility_faults() == []
    browser.click(".menu > summary")
    browser.click(".sheet > button", "Sign out")
    browser.wait("input[name=account]")
    browser.sign_in("li", PASSWORD)
    assert not browser.all("nav a", "Accounts")


def test_a_wrong_password_is_told_and_nothing_more(desk):
    browser = desk.people().browser()
    browser.type("input[name=account]", "wang")
    browser.type("input[name=password]", "wrong")
    browser.click("button.primary")
    browser.wait(".fault", "wrong")
    assert browser.accessibility_faults() == []


@pytest.mark.parametrize("size, name", [(DESKTOP, "desktop"), (PHONE, "phone")])
def test_an_sos_appears_live_is_taken_and_closed(desk, size, name):
    browser = desk.people().sign_in(size=size)
    browser.wait(".empty", "No open alerts")
    assert browser.accessibility_faults() == []
    shot(browser, f"empty-{name}")
    desk.sos(1)
    card = browser.wait(".card.red.urgent", "老人1")
    assert "Nobody has it" in card.text and "Urgent" in card.text and "Call for help" in card.text
    wait_until(lambda: browser.driver.title.startswith("(1)"), 10, "the title counts it")
    assert browser.accessibility_faults() == []
    shot(browser, f"board-{name}")
    card.click()
    browser.wait(".alert-head h2", "老人1")
    text = browser.text()
    assert "测试一组1号" in text and "13800000001" in text and "To be verified" in text and "fraud" not in text.lower()
    assert browser.accessibility_faults() == []
    shot(browser, f"alert-{name}")
    buttons = browser.all(".button.primary.big", "I take this")
    assert len(buttons) == 1 and buttons[0].size["height"] >= 44
    if size == PHONE:
        assert buttons[0].rect["y"] > 844 / 2, "in reach of a thumb"
    buttons[0].click()
    browser.wait(".alert-head .state", "王芳 has it")
    browser.wait(".timeline li", "Taken")
    browser.wait_gone(".button.primary.big", "I take this")
    browser.type(".step textarea[maxlength]", "on my way")
    browser.click(".choices .button", "Safe")
    browser.wait(".timeline li", "Safe")
    browser.click(".choice", "False alarm")
    browser.click(".step > .button", "Close the alert")
    browser.wait(".alert-head .state", "Closed · False alarm")
    assert browser.accessibility_faults() == []
    shot(browser, f"closed-{name}")
    closed = desk.gateway.alert_of("emergency", "r-0001")
    assert (closed["state"], closed["disposition"], closed["acknowledged_by"]) == ("closed", "false", "wang")
    transitions = desk.gateway.request("GET", f"/api/v1/alerts/{closed['id']}")["transitions"]
    assert {t["by"] for t in transitions if t["kind"] in ("acknowledged", "closed")} == {"wang"}
    browser.click("nav a", "Closed")
    browser.wait(".card", "False alarm")


def test_the_keyboard_alone_is_enough(desk):
    browser = desk.people().sign_in()
    desk.sos(1)
    desk.sos(2)
    wait_until(lambda: len(browser.all(".card.red")) == 2, 20, "two alerts")
    browser.press("j")
    browser.press("j")
    first = browser.js("return document.activeElement.dataset.id")
    browser.press("k")
    assert browser.js("return document.activeElement.dataset.id") != first
    chosen = browser.js("return document.activeElement.dataset.id")
    browser.press(Keys.ENTER)
    browser.wait(".alert-head h2")
    browser.press("a")
    browser.wait(".alert-head .state", "王芳 has it")
    browser.press(Keys.ESCAPE)
    wait_until(lambda: browser.js("return document.activeElement.dataset.id") == chosen, 10, "the focus is back where it was")


def test_two_responders_see_each_other_and_nothing_is_doubled(desk):
    desk.people()
    add_account(desk.root, "li", "town_desk", CODE + "001", name="李娜")
    wang, li = desk.sign_in("wang"), desk.sign_in("li", size=PHONE)
    desk.sos(1)
    wang.click(".card.red", "老人1")
    li.click(".card.red", "老人1")
    wang.click(".button.primary.big", "I take this")
    li.wait(".alert-head .state", "王芳 has it")
    li.wait_gone(".button.primary.big", "I take this")
    # What tells the police must be held: a slip of the thumb does nothing, and the other's page shows what was held.
    li.click(".choices .hold", "No answer")
    hold(li, ".choices .hold", "No answer", lambda: wang.all(".timeline li", "No answer"))
    alert = desk.gateway.alert_of("emergency", "r-0001")
    transitions = desk.gateway.request("GET", f"/api/v1/alerts/{alert['id']}")["transitions"]
    assert [t["by"] for t in transitions if t["kind"] == "acknowledged"] == ["wang"]
    assert len([t for t in transitions if t["why"].startswith("call: no_answer")]) == 1


def test_a_restart_under_the_open_page_loses_and_doubles_nothing(desk):
    browser = desk.people().sign_in()
    desk.sos(1)
    browser.wait(".card.red", "老人1")
    desk.gateway.kill()
    browser.wait(".banner", "Offline")
    assert browser.all(".card.red", "老人1"), "what was known stays in view"
    assert browser.accessibility_faults() == []
    shot(browser, "offline-desktop")
    desk.sos(2)
    desk.gateway.start()
    browser.wait(".line.live", timeout_s=40)
    browser.wait(".card.red", "老人2", timeout_s=40)
    browser.wait_gone(".banner")
    ids = browser.js("return [...document.querySelectorAll('.card')].map((card) => card.dataset.id)")
    assert len(ids) == len(set(ids)) == 2
    desk.sos(3)
    browser.wait(".card.red", "老人3")


def test_a_grid_worker_sees_their_own_and_a_family_may_not_close(desk):
    desk.people()
    add_account(desk.root, "daughter", "family", "r-0001")
    browser = desk.sign_in("daughter")
    desk.sos(2)
    desk.sos(1)
    browser.wait(".card.red", "老人1")
    desk.gateway.wait_alert("emergency", "r-0002")
    browser.driver.refresh()
    browser.wait(".card.red", "老人1")
    assert len(browser.all(".card")) == 1 and "老人2" not in browser.text()
    browser.click(".card.red")
    browser.wait(".button.primary.big", "I take this")
    assert not browser.all(".button", "Close the alert") and not browser.all(".choice")
    other = desk.gateway.alert_of("emergency", "r-0002")
    browser.js("location.hash = 'open/' + arguments[0]", other["id"])
    browser.wait(".detail .empty", "could not be loaded")
    administrator = desk.sign_in("root")
    wait_until(lambda: len(administrator.all(".card.red")) == 2, 20, "both")
    assert "老人" not in administrator.text() and "测试一组" in administrator.text()


def test_a_session_that_ends_elsewhere_ends_here(desk):
    browser = desk.people().sign_in()
    shown = desk.root.send("GET", "/api/v1/accounts/wang")
    answer = desk.root.send("PUT", "/api/v1/accounts/wang", {"name": "W", "role": "county_desk", "scope": "", "disabled": True}, {"If-Match": shown.headers["ETag"]})
    assert answer.status == 200
    browser.wait("input[name=password]", timeout_s=30)


def fetch(gateway, path, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


def test_the_files_are_served_packed_checked_and_locked_down(world):
    _, _, gateway = world.standard(homes=1)
    status, headers, page = fetch(gateway, "/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8" and headers["Cache-Control"] == "no-cache"
    assert headers["Content-Security-Policy"].startswith("default-src 'self';") and "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert b"<script>" not in page and b"<style" not in page and b" style=" not in page and b"http://" not in page
    assert fetch(gateway, "/index.html")[2] == page
    script = re.search(rb'src="(/assets/[^"]+[.]js)"', page).group(1).decode()
    status, headers, plain = fetch(gateway, script)
    assert status == 200 and "immutable" in headers["Cache-Control"] and "Content-Encoding" not in headers
    _, headers, packed = fetch(gateway, script, {"Accept-Encoding": "gzip, br"})
    assert headers["Content-Encoding"] == "gzip" and gzip.decompress(packed) == plain and len(packed) < len(plain)
    assert page.count(b"<script") == 1 and len(packed) <= 250_000, "what a phone on a bad line loads first"
    status, headers, body = fetch(gateway, script, {"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")
    assert fetch(gateway, "/assets/")[0] == 401 and fetch(gateway, "/assets/none.js")[0] == 401
    assert b"https://" not in re.sub(rb"https?://(www[.]w3[.]org|preactjs[.]com)[^\"'`]*", b"", plain), "nothing is fetched from elsewhere"


HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{{7*7}}\u202e" onmouseover="window.pwned=1'


def hostile_county(world):
    """Whatever people name is named to do harm."""
    county = world.county(homes=2)
    for table, column in (("residents", "name"), ("households", "address"), ("contacts", "name"), ("contacts", "relation"), ("territories", "name"), ("visitors", "name")):
        path = os.path.join(county.folder, table + ".csv")
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            row[column] = HOSTILE
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    return county


def does_no_harm(browser):
    return browser.js("return window.pwned === undefined && document.querySelectorAll('#app script, #app img[src=x]').length === 0")


def test_hostile_text_is_text(world):
    broker, _, gateway = world.standard(county=hostile_county(world))
    root = first_administrator(gateway)
    person = add_account(root, "wang", "county_desk", name='<b onclick="x">W')
    browser = Browser(gateway)
    try:
        browser.sign_in("wang", PASSWORD)
        world.device(broker, "wb-0001").do("sos")
        browser.wait(".card.red")
        alert = person.alerts()[0]
        person.send("POST", f"/api/v1/alerts/{alert['id']}/comment", {"note": HOSTILE[:120]})
        browser.click(".card.red")
        browser.wait(".timeline li", "onerror")
        assert "<img src=x" in browser.text()
        browser.click("nav a", "Residents")
        browser.click(".card")
        browser.wait(".block", "Trusted visitors")
        browser.wait(".chart")
        assert browser.text().count("<img src=x") >= 4
        assert person.send("POST", "/api/v1/residents/r-0001/status", {"status": "away", "note": HOSTILE[:120]}).status == 200
        browser.click("nav a", "Office")
        browser.click(".subnav a", "Who did what")
        browser.wait(".records li", "onerror")
        assert does_no_harm(browser)
        assert browser.faults() == []
    finally:
        browser.stop()


def test_filters_languages_and_themes(desk):
    browser = desk.people().sign_in()
    desk.sos(1)
    fleet = desk.world.fleet(desk.broker, ["wb-0002"])
    fleet.report("wb-0002", wire.heartbeat(battery=4))
    browser.wait(".card.red")
    wait_until(lambda: len(browser.all(".card")) == 2, 20, "two alerts")
    assert browser.all(".card")[0].get_attribute("class").startswith("card red"), "most urgent first"
    browser.js("const s = document.querySelector('.filters select'); s.value = 'visitor'; s.dispatchEvent(new Event('change', {bubbles: true}))")
    browser.wait(".empty", "No alert matches")
    browser.click(".empty .button")
    wait_until(lambda: len(browser.all(".card")) == 2, 10, "both again")
    browser.click(".card.red")
    browser.wait(".timeline li")
    for theme in ("dark", "light"):
        browser.js("document.documentElement.dataset.theme = arguments[0]", theme)
        assert browser.accessibility_faults() == [], theme
    browser.click(".menu > summary")
    browser.click(".sheet > button", "中文")
    browser.wait(".line.live", "实时")
    assert browser.js("return document.documentElement.lang") == "zh-CN"
    text = browser.text()
    assert "发生了什么" in text and "我来处理" in text and "待核实" in text and "欺诈" not in text and "诈骗" not in text
    assert browser.accessibility_faults() == []
