"""Where somebody was and how their weeks go, in a real browser: the track on the map with its direction, the routine as picture and table, outings and visits."""
import pytest

from huyang_test import wait_until, wire
from huyang_test.browser import DESKTOP, PHONE

from test_console import Desk, desk, does_no_harm, finished, hostile_county  # noqa: F401
from test_desk import checked, get
from test_desk_work import VIEWS, WORDS, choose

WAY = [(34.0200, 108.0000), (34.0210, 108.0006), (34.0222, 108.0010), (34.0230, 108.0022), (34.0234, 108.0040)]


def walk(desk, way=WAY):  # noqa: F811
    """The wristband of home 1 is heard along a way; a trusted visitor comes meanwhile."""
    fleet = desk.world.fleet(desk.broker, ["wb-0001", "cam-0001"])
    for place in way:
        fleet.report("wb-0001", wire.fix(*place))
    visit = wire.visit("arrive", "indoors", "trusted")
    visit.visit.people[0].visitor_id = "v-daughter"
    fleet.report("cam-0001", visit)
    wait_until(lambda: len(get(desk.desk, "residents/r-0001/track")["fixes"]) == len(way), 20, "the way is there")
    wait_until(lambda: get(desk.desk, "residents/r-0001/visits")["visits"], 20, "the visit is there")
    return fleet


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_while_an_alert_is_open_the_map_shows_the_way_with_direction_and_time(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    desk.people()
    fleet = walk(desk)
    fleet.report("wb-0001", wire.sos())
    browser = desk.sign_in(size=size, lang=lang)
    browser.click(".card.red", "老人1")
    browser.wait(".chart .track")
    assert browser.js("return document.querySelectorAll('.chart .track line').length") == len(WAY) - 1
    assert browser.js("return document.querySelectorAll('.chart .track path').length") >= 2, "arrows"
    times = browser.js("return [...document.querySelectorAll('.chart .track text')].map((one) => one.textContent)")
    assert times and all(len(one) == 5 and one[2] == ":" for one in times)
    # The last arrow points where the last stretch leads: east, a little north.
    angle = float(browser.js("return [...document.querySelectorAll('.chart .track path')].pop().getAttribute('transform').match(/rotate\\((.*)\\)/)[1]"))
    assert -45 < angle < 0
    assert w("5 positions", "5 个位置") in browser.js("return document.querySelector('.chart').getAttribute('aria-label')"), "a screen reader hears it too"
    browser.click(".map summary", w("The track in words", "轨迹点"))
    browser.wait(".map .records li", w("from home", "距住处"))
    browser.js("document.querySelector('.chart').scrollIntoView({block: 'center'})")
    checked(browser, f"track-{name}")
    # It goes on by itself.
    fleet.report("wb-0001", wire.fix(34.0240, 108.0060))
    wait_until(lambda: browser.js("return document.querySelectorAll('.chart .track line').length") == len(WAY), 40, "the next stretch")
    choose(browser, "select[name=track]", "0")
    browser.wait_gone(".chart .track")


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_the_card_shows_a_rough_way_the_routine_and_who_came(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    desk.people()
    walk(desk, [(34.0200, 108.0000), (34.0534, 108.0034), (34.0634, 108.0134)])
    browser = desk.sign_in(size=size, lang=lang)
    browser.js("location.hash = 'residents/r-0001'")
    browser.wait(".chart .track")
    browser.wait(".track-span", w("positions are rough", "只显示大致位置"))
    browser.click(".weeks summary", w("Four weeks", "近四周"))
    browser.wait(".routine")
    cells = browser.js("return [...document.querySelectorAll('.routine td')].map((one) => one.textContent)")
    assert len(cells) == 168 and any(cell.endswith("%") for cell in cells) and w("not known", "不详") in cells
    assert browser.js("return document.querySelectorAll('.routine tbody th[scope=row]').length") == 7
    browser.wait(".outings li", w("not back yet", "尚未回家"))
    browser.wait(".visits li", "女儿")
    browser.js("document.querySelector('.routine').scrollIntoView({block: 'center'})")
    checked(browser, f"weeks-{name}")
    # Without consent there is nothing, and that is said.
    assert desk.desk.send("POST", "/api/v1/consents/withdraw", {"person": "resident:r-0002", "class": "location"}).status == 200
    browser.js("location.hash = 'residents/r-0002'")
    browser.wait(".alert-head h2", "老人2")
    browser.wait(".map .quiet", w("Not consented to", "未同意"))


def test_a_restart_under_the_open_past_is_got_over_and_hostile_names_stay_text(world):
    with finished(Desk(world, county=hostile_county(world))) as desk:  # noqa: F811
        desk.people()
        walk(desk)
        browser = desk.sign_in(size=PHONE)
        browser.js("location.hash = 'residents/r-0001'")
        browser.click(".weeks summary")
        browser.wait(".visits li", "onerror")
        browser.wait(".alert-head h2", "onerror")
        assert does_no_harm(browser)
        other = desk.sign_in(size=DESKTOP)
        desk.gateway.kill()
        browser.wait(".banner", "Offline")
        assert browser.all(".visits li"), "what was known stays in view"
        desk.gateway.start()
        browser.wait(".line.live", timeout_s=40)
        other.wait(".line.live", timeout_s=40)
        other.js("location.hash = 'residents/r-0001'")
        other.click(".weeks summary")
        other.wait(".visits li", "onerror")
        other.wait(".outings li")
