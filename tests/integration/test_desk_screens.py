"""Every screen of the desk on one county in full swing: sound on both sizes, in both themes and languages, and over an outage."""
import re

import pytest

from huyang_test import wait_until, wire
from huyang_test.browser import DESKTOP, PHONE
from huyang_test.county import CODE
from huyang_test.person import PASSWORD, add_account

from test_console import Desk, finished
from test_desk import get
from test_desk_duty import rosters

SENTENCE = re.compile(r"\b[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}\b")  # three words in a row: somebody forgot to translate
COUNTY = ["open", "past", "tasks", "clues", "residents", "residents/r-0002", "devices"] + [
    "office/" + part for part in ("silences", "announced", "campaigns", "rosters", "handovers", "reports", "audit", "health")]
ADMINISTRATOR = ["people", "devices", "office/views", "office/registry"]


@pytest.fixture
def busy(world):
    """Something on every screen: alerts of each kind, one taken, one closed as true, a task, a clue, a stranger, a silence, a roll-out."""
    with finished(Desk(world, settings=rosters())) as desk:
        desk.people()
        wang = desk.desk
        fleet = world.fleet(desk.broker, ["wb-0001", "wb-0002", "wb-0003", "wb-0004", "wb-7777", "cam-0003"])
        fleet.report("wb-0004", wire.heartbeat(battery=4))
        fleet.report("wb-7777", wire.heartbeat())
        fleet.report("cam-0003", wire.visit("arrive", "indoors", "unknown"))
        for k in range(4):
            fleet.report("wb-0002", wire.fix(34.04 + 0.002 * k, 108.0 + 0.001 * k))
        for home in (1, 2, 3):
            fleet.report(f"wb-{home:04d}", wire.sos())
        alerts = {home: desk.gateway.wait_alert("emergency", f"r-{home:04d}")["id"] for home in (1, 2, 3)}
        for path, body in ((f"alerts/{alerts[1]}/acknowledge", {}), (f"alerts/{alerts[1]}/close", {"disposition": "true", "note": "已送医"}), (f"alerts/{alerts[3]}/acknowledge", {}),
                           (f"alerts/{alerts[3]}/call", {"outcome": "other_person"}), ("rollouts/start", {"note": "省电试点", "interval_s": "900", "stages": "100"})):
            answer = wang.send("POST", "/api/v1/" + path, body)
            assert answer.status == 200, f"{path}: {answer.body}"
        task = wait_until(lambda: get(wang, "tasks")["tasks"], 20, "a task")[0]["id"]
        clue = wait_until(lambda: get(wang, "ledger")["ledger"], 20, "a clue")[0]["id"]
        desk.screens = {"wang": [*COUNTY, "open/" + alerts[2], "past/" + alerts[1], "tasks/" + task, "clues/" + clue], "root": ADMINISTRATOR}
        yield desk


def go(browser, screen):
    """Shows a screen and waits until nothing of it loads any more."""
    browser.js("location.hash = arguments[0]", screen)
    def settled():
        return browser.js("""return location.hash === '#' + arguments[0] && document.querySelector('main').innerText.trim() !== ''
            && ![...document.querySelectorAll('main [role=status]')].some((one) => one.checkVisibility() && /Loading|正在载入/.test(one.textContent))
            && !document.querySelector('main [aria-busy=true]')""", screen)
    wait_until(settled, 20, f"{screen} is there")


@pytest.mark.parametrize("account", ["wang", "root"])
def test_every_screen_is_sound_on_both_sizes_in_both_themes_and_languages(busy, account):
    browser = busy.sign_in(account, size=DESKTOP, lang="zh")
    faults = []
    for screen in busy.screens[account]:
        for size, name in ((DESKTOP, "desktop"), (PHONE, "phone")):
            browser.resize(size)
            go(browser, screen)
            for theme in ("dark", "light"):
                browser.js("document.documentElement.dataset.theme = arguments[0]", theme)
                faults += [f"{screen}, {name}, {theme}: {fault}" for fault in browser.accessibility_faults()]
            faults += [f"{screen}, {name}: not Chinese: {found}" for found in SENTENCE.findall(browser.text())]
            faults += [f"{screen}, {name}: {over} px beside the screen" for over in [beside(browser)] if over > 0]
    # English is longer: on the phone nothing may stand outside either.
    browser.js("localStorage.setItem('lang', 'en'); location.reload()")
    browser.wait(".line.live")
    for screen in busy.screens[account]:
        go(browser, screen)
        faults += [f"{screen}, phone, English: {over} px beside the screen" for over in [beside(browser)] if over > 0]
    assert not faults, "\n".join(faults)


def beside(browser):
    return browser.js("return document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_without_the_gateway_every_screen_says_so_and_comes_back_by_itself(busy):
    browsers = {account: busy.sign_in(account) for account in ("wang", "root")}
    kept = {"open": ".card.red"}  # what was known stays; the rest is asked for, and says that it could not be
    busy.gateway.kill()
    for account, browser in browsers.items():
        browser.wait(".banner", "Offline", timeout_s=40)
        for screen in busy.screens[account]:
            if screen == "office/registry":
                continue  # asks for nothing until files are chosen
            browser.js("location.hash = arguments[0]", screen)
            browser.wait(kept.get(screen, "main .fault, main .empty"), None if screen in kept else "did not answer")
            assert browser.all(".banner")
        assert browser.accessibility_faults() == []
    # Each page stands on another screen when the gateway comes back: nobody presses anything.
    browsers["wang"].js("location.hash = 'residents/r-0002'")
    browsers["wang"].wait("main .empty, main .fault", "did not answer")
    browsers["root"].js("location.hash = 'people'")
    browsers["root"].wait("main .fault", "did not answer")
    busy.gateway.start()
    browsers["wang"].wait(".alert-head h2", "老人2", timeout_s=60)
    browsers["root"].wait(".accounts li", "王芳", timeout_s=60)
    for browser in browsers.values():
        browser.wait(".line.live", timeout_s=60)
        wait_until(lambda: not browser.all("main .fault"), 20, "nothing is at fault any more")  # noqa: B023


def test_each_role_is_shown_its_own_screens_and_no_others(busy):
    for account, role, scope in (("li", "grid_worker", CODE + "001001001"), ("town", "town_desk", CODE + "001"), ("daughter", "family", "r-0002"), ("police", "police_desk", "")):
        add_account(busy.root, account, role, scope)
    desk = ["Open", "Tasks", "Clues", "Closed", "Residents", "Devices", "Office"]
    shown = {"wang": desk, "town": desk, "li": desk, "root": ["Open", "Closed", "Residents", "Devices", "Office", "Accounts"], "daughter": ["Open", "Closed", "Residents"], "police": ["Open", "Closed"]}
    # By its address a screen of others is not there either: the board stands instead, or what is asked for is not found.
    foreign = {"wang": [("people", ".board"), ("office/views", ".subnav")], "town": [("people", ".board")], "li": [("office/audit", ".subnav"), ("people", ".board")],
               "root": [("tasks", ".board"), ("clues", ".board")], "daughter": [("residents/r-0001", ".detail .empty"), ("devices", ".board"), ("people", ".board")],
               "police": [("residents/r-0002", ".detail .empty"), ("devices", ".board"), ("office/audit", "main")]}
    for account, tabs in shown.items():
        browser = busy.sign_in(account)
        assert [tab.text for tab in browser.all(".top nav a")] == tabs, account
        for screen, instead in foreign[account]:
            browser.js("location.hash = arguments[0]", screen)
            browser.wait(instead)
            assert not browser.all(".accounts li", "wang") and not browser.all("main h2", "Who did what") and not browser.all("main h2", "Who looked at whom"), f"{account} at {screen}"
            assert account in ("wang", "town", "li") or "老人1" not in browser.text(), f"{account} at {screen}"
        assert browser.faults() == [], account
        browser.stop()
        busy.browsers.remove(browser)
