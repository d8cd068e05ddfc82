"""Single rows of the registry edited at the desk and zones drawn on the map, in a real browser: with a pointer and with the keyboard alone, by two at once, and over a fault."""
import pytest
from selenium.webdriver import ActionChains

from huyang_test import wait_until
from huyang_test.browser import PHONE
from huyang_test.county import CODE
from huyang_test.person import add_account

from test_console import HOSTILE, desk, does_no_harm  # noqa: F401
from test_desk import checked, get
from test_desk_work import VIEWS, WORDS, choose, hold

ROW = "registry/residents/r-0001"


def fill(browser, selector, text):
    browser.wait(selector)
    browser.js("const i = document.querySelector(arguments[0]); i.value = arguments[1]; i.dispatchEvent(new Event('input', {bubbles: true}))", selector, text)


def zones(person, home=1):
    return {zone["name"]: zone for zone in get(person, f"residents/r-{home:04d}/map")["zones"]}


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_zone_is_drawn_with_taps_and_with_numbers(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    browser = desk.people().sign_in(size=size, lang=lang)
    browser.js("location.hash = 'residents/r-0001'")
    browser.click(".drawing summary", w("Draw zones", "绘制区域"))
    browser.type(".drawing input[name=zone-name]", "菜市场")
    choose(browser, ".drawing select[name=zone-kind]", "market")
    browser.click(".drawing .choice", w("Polygon", "多边形"))
    chart = browser.wait(".drawing .chart")
    browser.js("arguments[0].scrollIntoView({block: 'center'})", chart)
    for x, y in ((20, -60), (80, -60), (80, -10)):
        ActionChains(browser.driver).move_to_element_with_offset(chart, x, y).click().perform()
    wait_until(lambda: len(browser.all(".corners li")) == 3, 20, "three corners")
    checked(browser, f"zone-{name}")
    browser.click(".drawing .button", w("Save the zone", "保存区域"))
    drawn = wait_until(lambda: zones(desk.desk).get("菜市场"), 20, "the zone is there")
    assert drawn["kind"] == "market" and len(drawn["points"]) == 3
    (south, west), (north, east) = (tuple(f(point[i] for point in drawn["points"]) for i in (0, 1)) for f in (min, max))
    assert 34.02 < south < north < 34.03 and 108.0 < west < east < 108.01, "east and north of home, where it was tapped"
    # A circle by numbers alone, then its radius changed, then taken out.
    browser.click(".drawing .choice", w("Circle", "圆形"))
    browser.type(".drawing input[name=zone-name]", "公园")
    browser.click(".drawing .button", w("Centre at home", "圆心设在住处"))
    fill(browser, ".drawing input[name=lat-1]", "34.0215")
    fill(browser, ".drawing input[name=radius]", "120")
    browser.click(".drawing .button", w("Save the zone", "保存区域"))
    park = wait_until(lambda: zones(desk.desk).get("公园"), 20, "the circle is there")
    assert park["radius_m"] == 120 and park["points"] == [[34.0215, 108.0]]
    choose(browser, ".drawing select[name=zone]", park["id"])
    wait_until(lambda: browser.js("return document.querySelector('.drawing input[name=zone-name]').value") == "公园", 20, "its values")
    fill(browser, ".drawing input[name=radius]", "150")
    browser.click(".drawing .button", w("Save the zone", "保存区域"))
    wait_until(lambda: zones(desk.desk)["公园"]["radius_m"] == 150, 20, "the new radius")
    choose(browser, ".drawing select[name=zone]", park["id"])
    browser.wait(".drawing .edits li", "王芳")
    hold(browser, ".drawing .hold", w("Hold to remove the zone", "按住删除区域"), lambda: "公园" not in zones(desk.desk))


@pytest.mark.parametrize("size, lang, name", VIEWS)
def test_a_residents_entry_is_corrected_by_two_at_once_and_nobody_overwrites(desk, size, lang, name):  # noqa: F811
    def w(*pair):
        return pair[WORDS[lang]]
    browser = desk.people().sign_in(size=size, lang=lang)
    browser.js("location.hash = 'residents/r-0001'")
    browser.click("details.residents summary", w("Edit the resident’s entry", "修改老人登记"))
    form = "details.residents "
    browser.wait(form + "input[name=birth_year]")
    # Somebody else is first: told so, and what was typed stays.
    answer = desk.desk.send("GET", "/api/v1/" + ROW)
    assert desk.desk.send("PUT", "/api/v1/" + ROW, {"fields": {**answer.json["fields"], "tags": "独居"}}, {"If-Match": answer.headers["ETag"]}).status == 200
    fill(browser, form + "input[name=birth_year]", "1944")
    browser.click(form + ".button", w("Save", "保存"))
    browser.wait(form + ".fault", w("Somebody changed it meanwhile", "其间已被他人修改"))
    assert get(desk.desk, ROW)["fields"]["birth_year"] == "1945"
    # What an import would refuse is refused, at its column.
    fill(browser, form + "input[name=birth_year]", "soon")
    browser.click(form + ".button", w("Save", "保存"))
    browser.wait(form + "input[aria-invalid=true][name=birth_year]")
    checked(browser, f"edit-{name}")
    fill(browser, form + "input[name=birth_year]", "1944")
    browser.click(form + ".button", w("Save", "保存"))
    browser.wait(form + ".edits li", w("Year of birth", "出生年份"))
    fields = get(desk.desk, ROW)["fields"]
    assert (fields["birth_year"], fields["tags"]) == ("1944", "独居")


def test_hostile_text_is_kept_as_text_and_a_grid_worker_edits_nothing(desk):  # noqa: F811
    desk.people()
    add_account(desk.root, "li", "grid_worker", CODE + "001001001", name="李娜")
    browser = desk.sign_in()
    browser.js("location.hash = 'residents/r-0001'")
    browser.click("details.residents summary")
    fill(browser, "details.residents input[name=name]", HOSTILE[:60])
    browser.click("details.residents .button", "Save")
    browser.wait(".alert-head h2", "onerror")
    browser.click(".drawing summary")
    fill(browser, ".drawing input[name=zone-name]", HOSTILE[:40])
    browser.click(".drawing .button", "Centre at home")
    browser.click(".drawing .button", "Save the zone")
    wait_until(lambda: len(zones(desk.desk)) == 2, 20, "the zone")
    assert does_no_harm(browser)
    worker = desk.sign_in("li", size=PHONE)
    worker.js("location.hash = 'residents/r-0001'")
    worker.wait(".chart")
    assert not worker.all(".drawing") and not worker.all("details.residents")
