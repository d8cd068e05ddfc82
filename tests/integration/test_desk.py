"""The rest of the desk: residents and their maps, devices, silences, the record, the gateway's health; as interface and in a real browser."""
import datetime
import os

import pytest

from huyang_test import wait_until, wire
from huyang_test.browser import DESKTOP, PHONE, Browser
from huyang_test.county import CODE
from huyang_test.person import PASSWORD, add_account, first_administrator

from test_console import desk, shot  # noqa: F401

TOWN, GRID, OTHER = CODE + "001", CODE + "001001001", CODE + "002"


@pytest.fixture
def office(world):
    """A gateway with one account of each role."""
    broker, _, gateway = world.standard(homes=4, county=world.county(homes=4, no_consent=(3,)))
    root = first_administrator(gateway)
    people = {"root": root}
    for name, role, scope in (("wang", "county_desk", ""), ("town", "town_desk", TOWN), ("grid", "grid_worker", GRID), ("daughter", "family", "r-0001"), ("son", "family", "r-0003"),
                              ("police", "police_desk", "")):
        people[name] = add_account(root, name, role, scope)
    return world, broker, gateway, people


def get(person, path, status=200):
    answer = person.send("GET", "/api/v1/" + path)
    assert answer.status == status, f"{path}: {answer.status} {answer.body}"
    return answer.json


def test_residents_are_found_by_those_who_may_and_as_far_as_they_may(office):
    _, _, _, people = office
    assert [r["id"] for r in get(people["wang"], "residents")["residents"]] == [f"r-000{i}" for i in range(1, 5)]
    assert [r["id"] for r in get(people["wang"], "residents?q=%E8%80%81%E4%BA%BA2")["residents"]] == ["r-0002"]  # the name
    assert [r["id"] for r in get(people["grid"], "residents?q=%E4%B8%80%E7%BB%843%E5%8F%B7")["residents"]] == ["r-0003"]  # the address
    first = get(people["town"], "residents?limit=3")
    assert len(first["residents"]) == 3 and [r["id"] for r in get(people["town"], f"residents?limit=3&cursor={first['next']}")["residents"]] == ["r-0004"]
    assert "next" not in get(people["town"], f"residents?cursor={first['next']}")
    assert [r["id"] for r in get(people["wang"], "residents?category=%E7%A9%BA%E5%B7%A2&limit=1")["residents"]] == ["r-0001"]
    assert get(people["wang"], f"residents?territory={OTHER}")["residents"] == []
    # An administrator keeps accounts: no names, and no finding by them.
    row = get(people["root"], "residents?limit=1")["residents"][0]
    assert "name" not in row and "address" not in row and row["id"] == "r-0001"
    assert get(people["root"], "residents?q=%E8%80%81%E4%BA%BA2")["residents"] == []
    # A family: their own, with the resident's consent.
    assert [r["id"] for r in get(people["daughter"], "residents")["residents"]] == ["r-0001"]
    assert get(people["son"], "residents")["residents"] == []
    get(people["daughter"], "residents/r-0002", 404)
    get(people["son"], "residents/r-0003", 404)
    get(people["police"], "residents", 403)
    for query, place in (("limit=0", "limit"), ("limit=x", "limit"), ("cursor=-1", "cursor"), ("sort=name", "sort")):
        assert get(people["wang"], "residents?" + query, 400)["place"] == place


def test_a_card_shows_what_the_role_is_shown(office):
    _, _, _, people = office
    card = get(people["grid"], "residents/r-0001")
    assert (card["name"], card["address"], card["status"]) == ("老人1", "测试一组1号", "active")
    assert card["people"][0]["contacts"] == [{"id": "c-0001", "name": "家属1", "relation": "daughter", "phone": "13800000001"}]
    assert card["visitors"][0]["name"] == "女儿" and card["birth_year"] == 1945 and "location" in card["consent"]
    assert {d["id"]: d["trouble"] for d in card["devices"]} == {"wb-0001": "never", "cam-0001": "never"}
    assert {c["what"]: c["state"] for c in card["coverage"]}["visits"] == "not_heard"
    assert {c["what"]: c["state"] for c in get(people["grid"], "residents/r-0003")["coverage"]} == {
        "emergency": "not_heard", "outings": "no_consent", "vitals": "no_consent", "visits": "no_consent", "voice": "no_consent"}
    family = get(people["daughter"], "residents/r-0001")
    assert family["name"] == "老人1" and "people" not in family and "birth_year" not in family
    admin = get(people["root"], "residents/r-0001")
    assert "name" not in admin and "address" not in admin and "people" not in admin and "visitors" not in admin
    assert "老人" not in people["root"].send("GET", "/api/v1/residents/r-0001").body


def test_a_position_is_rough_until_an_alert_is_open(office):
    world, broker, gateway, people = office
    fleet = world.fleet(broker, ["wb-0001"])
    fleet.report("wb-0001", wire.fix(34.023456, 108.003456))
    fix = wait_until(lambda: get(people["grid"], "residents/r-0001/map").get("fix"), 20, "the fix is known")
    assert not fix["sharp"] and fix["at"] == [34.025, 108.005] and fix["accuracy_m"] >= 500
    world.device(broker, "wb-0001").do("sos")
    gateway.wait_alert("emergency", "r-0001")
    chart = get(people["grid"], "residents/r-0001/map")
    assert chart["fix"]["sharp"] and chart["fix"]["at"] == [34.023456, 108.003456]
    assert chart["home"] == [34.02, 108.0] and [(z["id"], z["kind"], z["radius_m"]) for z in chart["zones"]] == [("z-0001", "safe", 300)]
    assert get(people["daughter"], "residents/r-0001/map")["fix"]["sharp"]
    hidden = get(people["root"], "residents/r-0001/map")
    assert hidden == {"id": "r-0001"}


def test_the_past_of_a_resident_is_for_those_who_are_shown_an_address(office):
    world, broker, gateway, people = office
    fleet = world.fleet(broker, ["wb-0001", "cam-0001"])
    fleet.report("wb-0001", wire.fix(34.02, 108.0))
    fleet.report("wb-0001", wire.fix(34.053456, 108.003456))
    fleet.report("cam-0001", wire.visit("arrive", "indoors", "trusted"))
    track = wait_until(lambda: (lambda t: t if len(t["fixes"]) == 2 else None)(get(people["grid"], "residents/r-0001/track")), 20, "both fixes are there")
    assert not track["sharp"] and track["consent"] and track["one_in"] == 1 and track["fixes"][1]["at"] == [34.055, 108.005]
    outings = wait_until(lambda: get(people["daughter"], "residents/r-0001/outings")["outings"], 20, "the outing is there")
    assert len(outings) == 1 and "back" not in outings[0]
    visit = wait_until(lambda: get(people["grid"], "residents/r-0001/visits")["visits"], 20, "the visit is there")[0]
    assert (visit["place"], visit["who"], visit["people"], visit["left"], visit["device"]) == ("indoors", ["trusted"], 1, False, "cam-0001")
    assert "visitors" in visit and "visitors" not in get(people["daughter"], "residents/r-0001/visits")["visits"][0]
    assert sum(day["days"] for day in get(people["grid"], "residents/r-0001/routine")["weekdays"]) >= 1
    for what in ("track", "outings", "visits", "routine"):
        get(people["grid"], f"residents/r-0001/{what}")
        get(people["root"], f"residents/r-0001/{what}", 403)
        get(people["police"], f"residents/r-0001/{what}", 403)
        get(people["daughter"], f"residents/r-0002/{what}", 404)
        refused = get(people["grid"], f"residents/r-0003/{what}")
        assert not refused["consent"] and refused.get(what if what != "track" else "fixes", refused.get("weekdays")) == []
        assert ("grid", what, "r-0001") in [(v["by"], v["what"], v["about"]) for v in get(people["root"], "views?about=r-0001")["views"]]
    world.device(broker, "wb-0002").do("sos")
    gateway.wait_alert("emergency", "r-0002")
    assert get(people["grid"], "residents/r-0002/track")["sharp"] and not get(people["grid"], "residents/r-0001/track")["sharp"]


def test_zones_are_those_of_ones_territory(office):
    _, _, _, people = office
    zones = get(people["grid"], "zones")["zones"]
    assert [z["id"] for z in zones] == sorted(z["id"] for z in zones) and {"id", "name", "kind", "of", "points"} <= set(zones[0])
    assert zones[0]["of"] == {"resident": "r-0001"} and zones[0]["radius_m"] == 300
    first = get(people["grid"], "zones?limit=1")
    assert [z["id"] for z in get(people["grid"], f"zones?limit=1&cursor={first['next']}")["zones"]] == [zones[1]["id"]]
    assert get(people["wang"], f"zones?territory={OTHER}")["zones"] == []
    assert {list(z["of"].values())[0] for z in get(people["daughter"], "zones")["zones"]} <= {"r-0001", "h-0001"}
    assert all("territory" in z["of"] for z in get(people["root"], "zones")["zones"])
    get(people["police"], "zones", 403)


def test_a_status_is_set_once_and_written_down(office):
    _, _, _, people = office
    person = people["grid"]
    key = {"Idempotency-Key": "k1"}
    answer = person.send("POST", "/api/v1/residents/r-0002/status", {"status": "hospital", "until": "2099-01-01T00:00:00Z"}, key)
    assert answer.status == 200, answer.body
    assert person.send("POST", "/api/v1/residents/r-0002/status", {"status": "hospital", "until": "2099-01-01T00:00:00Z"}, key).json == answer.json
    assert person.send("POST", "/api/v1/residents/r-0002/status", {"status": "away"}, key).status == 422
    card = get(person, "residents/r-0002")
    assert card["status"] == "hospital" and card["status_until"].startswith("2099-01-01")
    assert get(people["wang"], "residents")["residents"][1]["status"] == "hospital"
    for who, status in (("daughter", 403), ("root", 403), ("police", 403)):
        assert people[who].send("POST", "/api/v1/residents/r-0001/status", {"status": "away"}).status == status
    assert person.send("POST", "/api/v1/residents/r-0002/status", {"status": "gone"}).json["place"] == "status"
    assert person.send("POST", "/api/v1/residents/r-9999/status", {"status": "away"}).status == 404
    seen = [(v["by"], v["what"], v["about"]) for v in get(people["root"], "views?about=r-0002")["views"]]
    assert ("grid", "status", "r-0002") in seen and ("grid", "resident", "r-0002") in seen


def test_who_looked_at_whom_is_written_down_once_in_five_minutes(office):
    world, broker, gateway, people = office
    world.device(broker, "wb-0001").do("sos")
    alert = gateway.wait_alert("emergency", "r-0001")
    for _ in range(3):
        get(people["grid"], "alerts/" + alert["id"])
        get(people["town"], "residents/r-0001")
    seen = get(people["root"], "views?limit=200")["views"]
    assert len([v for v in seen if (v["by"], v["what"], v["about"]) == ("grid", "alert", alert["id"])]) == 1
    assert len([v for v in seen if (v["by"], v["what"], v["about"]) == ("town", "resident", "r-0001")]) == 1
    assert {v["by"] for v in get(people["root"], "views?by=town")["views"]} == {"town"}
    first = get(people["root"], "views?limit=1")
    assert get(people["root"], f"views?limit=1&cursor={first['next']}")["views"] != first["views"]
    get(people["wang"], "views", 403)
    gateway.stop()
    gateway.start()
    assert any(v["by"] == "grid" for v in get(people["root"], "views")["views"]), "they outlive a restart"


def test_the_audit_names_who_did_what_within_the_territory(office):
    world, broker, gateway, people = office
    world.device(broker, "wb-0001").do("sos")
    alert = gateway.wait_alert("emergency", "r-0001")
    assert people["grid"].send("POST", f"/api/v1/alerts/{alert['id']}/acknowledge", {}).status == 200
    rows = get(people["wang"], "audit?by=grid")["changes"]
    assert [(r["kind"], r["by"], r["alert"]) for r in rows] == [("acknowledged", "grid", alert["id"])]
    assert {r["by"] for r in get(people["wang"], "audit")["changes"]} >= {"grid", "sos"}
    other = add_account(people["root"], "other", "town_desk", CODE)  # the county's code is a territory too
    assert get(other, "audit")["changes"]
    get(people["grid"], "audit", 403)
    findings = get(people["grid"], "residents/r-0001/findings")["findings"]
    assert findings[0]["detector"] == "sos" and findings[0]["reason"] and findings[0]["reason_zh"]
    get(people["daughter"], "residents/r-0002/findings", 404)


def test_devices_show_their_trouble_and_strangers_are_named(office):
    world, broker, gateway, people = office
    fleet = world.fleet(broker, ["wb-0001", "wb-0002", "wb-9999"])
    fleet.report("wb-0001", wire.heartbeat(battery=80))
    fleet.report("wb-0002", wire.heartbeat(battery=4))
    fleet.report("wb-9999", wire.heartbeat(battery=50))

    def troubles():
        return {d["id"]: (d["trouble"], d.get("battery")) for d in get(people["grid"], "devices?kind=wristband")["devices"]}
    wait_until(lambda: troubles().get("wb-0002") == ("low", 4) and troubles()["wb-0001"] == ("none", 80), 20, "both are heard")
    assert [d["id"] for d in get(people["wang"], "devices?trouble=low")["devices"]] == ["wb-0002"]
    assert "wb-0001" not in [d["id"] for d in get(people["wang"], "devices?trouble=any")["devices"]]
    assert [d["id"] for d in get(people["wang"], "devices?q=r-0003")["devices"]] == ["wb-0003"]
    first = get(people["wang"], "devices?limit=5")
    assert len(first["devices"]) == 5 and len(get(people["wang"], f"devices?limit=5&cursor={first['next']}")["devices"]) == 3
    wait_until(lambda: [s["id"] for s in get(people["wang"], "quarantine")["devices"]] == ["wb-9999"], 20, "the stranger is named")
    get(people["grid"], "quarantine", 403)
    get(people["daughter"], "devices", 403)
    assert get(people["wang"], "devices?trouble=bad", 400)["place"] == "trouble"


def test_a_silence_is_of_ones_own_territory(office):
    _, _, _, people = office
    body = {"resident": "r-0001", "note": "住院", "until": "2099-01-01T00:00:00Z"}
    assert people["grid"].send("POST", "/api/v1/silences/add", body).status == 409  # longer than 30 days
    soon = get(people["wang"], "health")["last_commit"][:10]
    body["until"] = soon + "T23:59:59.999Z"
    answer = people["grid"].send("POST", "/api/v1/silences/add", body)
    if answer.status == 409:
        pytest.skip("the day ends just now")
    assert answer.status == 200, answer.body
    silence = get(people["grid"], "silences")["silences"][0]
    assert (silence["resident"], silence["by"]) == ("r-0001", "grid")
    assert people["grid"].send("POST", "/api/v1/silences/add", {**body, "resident": "r-0002", "by": "root"}).json["place"] == "by"
    assert people["grid"].send("POST", "/api/v1/silences/add", {**{k: v for k, v in body.items() if k != "resident"}, "territory": TOWN}).status == 403
    for who in ("daughter", "police", "root"):
        assert people[who].send("GET", "/api/v1/silences").status == 403
        assert people[who].send("POST", f"/api/v1/silences/{silence['id']}/remove", {}).status == 403
    assert get(people["wang"], "suppressions")["suppressions"] == []
    assert people["town"].send("POST", f"/api/v1/silences/{silence['id']}/remove", {}).status == 200
    assert get(people["grid"], "silences")["silences"][0]["removed_by"] == "town"


def test_health_is_for_the_county_and_tells_numbers(office):
    _, _, _, people = office
    health = wait_until(lambda: (lambda h: h if h["ready"] and h["broker"] else None)(get(people["wang"], "health")), 20, "it is well")
    assert health["residents"] == 4 and health["devices"] == 8 and health["numbers"]["huyang_api_streams"] == 0
    get(people["grid"], "health", 403)


def test_the_report_counts_what_happened(office):
    world, broker, gateway, people = office
    world.device(broker, "wb-0001").do("sos")
    alert = gateway.wait_alert("emergency", "r-0001")
    assert people["grid"].send("POST", f"/api/v1/alerts/{alert['id']}/acknowledge", {}).status == 200
    report = get(people["wang"], "report?days=2")
    assert (report["alerts"], report["urgent"], report["answers"]["answered"], len(report["days"])) == (1, 1, 1, 2)
    assert report["days"][1]["levels"]["red"] == 1 and report["detectors"] == [{"detector": "sos", "alerts": 1, "confirmed": 0, "wrong": 0}]
    get(people["town"], "report", 403)
    assert get(people["wang"], "report?days=32", 400)["place"] == "days"


def test_what_is_wrong_is_said_in_the_callers_language(office):
    _, _, _, people = office
    zh = {"Accept-Language": "zh-CN"}
    for method, path, body in (("GET", "residents?limit=0", None), ("GET", "residents?x=1", None), ("GET", "alerts?level=x", None), ("GET", "devices?kind=x", None), ("GET", "report?days=0", None),
                               ("POST", "residents/r-0001/status", {"status": "x"}), ("POST", "residents/r-0001/status", {}), ("POST", "residents/r-0001/status", {"status": "away", "zzz": "1"}),
                               ("POST", "silences/add", {"note": "x", "until": "2099-01-01T00:00:00Z"}), ("POST", "silences/add", {"note": "x", "until": "2099-01-01T00:00:00Z", "resident": "r-0001"}),
                               ("PUT", "alerts", {}), ("POST", "alerts/00000000000000000000000000000000/close", {"disposition": "true"}), ("GET", "nothing", None)):
        answer = people["wang"].send(method, "/api/v1/" + path, body, zh)
        assert answer.status >= 400 and any("\u4e00" <= c <= "\u9fff" for c in answer.json["detail"]), f"{path}: {answer.body}"
        assert people["wang"].send(method, "/api/v1/" + path, body).body.isascii()


def registry_files(county):
    files = {}
    for name in os.listdir(county.folder):
        with open(os.path.join(county.folder, name), encoding="utf-8") as file:
            files[name] = file.read()
    return files


def test_a_registry_is_previewed_line_by_line_and_applied_as_previewed(office):
    world, _, _, people = office
    root, files = people["root"], registry_files(world.county(homes=4, no_consent=(3,)))
    preview = root.send("POST", "/api/v1/registry/preview", {"files": files}).json
    assert preview["errors"] == [] and all(c["added"] == c["changed"] == c["removed"] == 0 for c in preview["changes"])
    bad = {**files, "residents.csv": files["residents.csv"].replace("r-0002,h-0002", "r-0002,h-9999")}
    preview = root.send("POST", "/api/v1/registry/preview", {"files": bad}).json
    assert "version" not in preview and len(preview["errors"]) == 1 and preview["errors"][0].startswith("residents.csv:3:2:")
    better = {**files, "residents.csv": files["residents.csv"].replace("老人2", "新名字"), "contacts.csv": "\n".join(files["contacts.csv"].splitlines()[:-1]) + "\n"}
    preview = root.send("POST", "/api/v1/registry/preview", {"files": better}).json
    changes = {c["table"]: (c["added"], c["changed"], c["removed"], [(r["id"], r["what"]) for r in c["rows"]]) for c in preview["changes"]}
    assert changes["residents"] == (0, 1, 0, [("r-0002", "changed")]) and changes["contacts"] == (0, 0, 1, [("c-0004", "removed")])
    assert get(people["grid"], "residents/r-0002")["name"] == "老人2", "a preview changes nothing"
    assert root.send("POST", "/api/v1/registry/apply", {"version": "0" * 64}).status == 409
    answer = root.send("POST", "/api/v1/registry/apply", {"version": preview["version"]})
    assert answer.status == 200, answer.body
    assert get(people["grid"], "residents/r-0002")["name"] == "新名字"
    assert root.send("POST", "/api/v1/registry/apply", {"version": preview["version"]}).status == 409, "once"
    for who in ("wang", "grid", "daughter"):
        assert people[who].send("POST", "/api/v1/registry/preview", {"files": files}).status == 403
    for body, place in (({"files": {"../passwd": "x"}}, "../passwd"), ({"files": {"residents.csv": 1}}, "residents.csv"), ({"files": [], "x": 1}, "files"), ({}, "files")):
        answer = root.send("POST", "/api/v1/registry/preview", body)
        assert answer.status == 400 and answer.json["place"] == place, answer.body
    assert root.send("POST", "/api/v1/registry/preview", raw=b"", headers={"Content-Length": str(17 << 20)}).status == 413


def checked(browser, name):
    for theme in ("dark", "light"):
        browser.js("document.documentElement.dataset.theme = arguments[0]", theme)
        assert browser.accessibility_faults() == [], f"{name}, {theme}"
    shot(browser, name)


@pytest.mark.parametrize("size, name", [(DESKTOP, "desktop"), (PHONE, "phone")])
def test_the_card_the_map_and_the_status_in_a_browser(desk, size, name):  # noqa: F811
    browser = desk.people().sign_in(size=size)
    fleet = desk.world.fleet(desk.broker, ["wb-0002"])
    fleet.report("wb-0002", wire.fix(34.0412, 108.0031))
    browser.click("nav a", "Residents")
    browser.wait(".card", "老人4")
    checked(browser, f"residents-{name}")
    browser.type("input[type=search]", "老人2")
    wait_until(lambda: len(browser.all(".card")) == 1, 20, "one is left")
    browser.click(".card", "老人2")
    browser.wait(".alert-head h2", "老人2")
    browser.wait(".chart")
    text = browser.text()
    assert "测试一组2号" in text and "家属2" in text and "女儿" in text and "Rough position" in text
    browser.click(".choices .button", "In hospital")
    browser.wait(".alert-head .state", "In hospital")
    # A tap is not enough for what ends everything.
    browser.click(".choices .button", "Deceased")
    assert "Deceased" not in browser.wait(".alert-head .state").text
    checked(browser, f"resident-{name}")
    browser.click(".choices .button", "Active")
    browser.wait(".alert-head .state", "Active")
    desk.sos(2)
    desk.gateway.wait_alert("emergency", "r-0002")
    browser.click("nav a", "Open")
    browser.click(".card.red", "老人2")
    browser.wait(".chart .fix")
    browser.wait(".advice", "Call the resident")
    checked(browser, f"alert-map-{name}")
    browser.click("a", "The resident's card")
    browser.wait(".records a", "Urgent")


@pytest.mark.parametrize("size, name", [(DESKTOP, "desktop"), (PHONE, "phone")])
def test_devices_and_the_office_in_a_browser(desk, size, name):  # noqa: F811
    browser = desk.people().sign_in(size=size)
    fleet = desk.world.fleet(desk.broker, ["wb-0001", "wb-0002", "wb-7777"])
    fleet.report("wb-0001", wire.heartbeat(battery=90))
    fleet.report("wb-0002", wire.heartbeat(battery=3))
    fleet.report("wb-7777", wire.heartbeat(battery=3))
    browser.wait(".card")
    browser.click("nav a", "Devices")
    browser.wait(".device.low", "wb-0002")
    assert "wb-0001" not in browser.text()
    browser.wait(".block", "wb-7777")
    checked(browser, f"devices-{name}")
    browser.click("nav a", "Office")
    browser.type("input[name=id]", "r-0001")
    browser.type("input[name=note]", "in hospital")
    browser.js("const i = document.querySelector('input[name=until]'); i.value = new Date(Date.now() + 86400000).toISOString().slice(0, 16); i.dispatchEvent(new Event('input', {bubbles: true}))")
    browser.click(".panel button.primary")
    browser.wait(".accounts li", "r-0001")
    checked(browser, f"silences-{name}")
    browser.click(".accounts button", "End")
    browser.wait_gone(".accounts li", "r-0001")
    browser.click(".subnav a", "Reports")
    browser.wait(".sums th", "Battery low")
    checked(browser, f"reports-{name}")
    browser.click(".subnav a", "Who did what")
    browser.wait(".records li", "Battery low")
    checked(browser, f"audit-{name}")
    browser.click(".subnav a", "Gateway")
    browser.wait(".facts", "well")
    checked(browser, f"gateway-{name}")
    administrator = desk.sign_in("root", size=size)
    administrator.click("nav a", "Office")
    administrator.click(".subnav a", "Who looked at whom")
    administrator.wait(".records li", "listed alerts")
    checked(administrator, f"views-{name}")
    administrator.click(".subnav a", "Registry")
    paths = [os.path.join(desk.world.county().folder, name) for name in ("territories.csv", "residents.csv")]
    administrator.wait("input[name=files]").send_keys("\n".join(paths))
    administrator.wait(".errors li", "households.csv")
    checked(administrator, f"registry-{name}")


# Before anything of the page runs: when the first card was painted, and when each card was first seen.
WATCH = """window.firstCard = 0; window.cardSeen = {};
new MutationObserver(() => {
    const cards = document.querySelectorAll('.card[data-id]');
    if (cards.length && !window.firstCard) { window.firstCard = -1; requestAnimationFrame(() => setTimeout(() => { window.firstCard = performance.now(); })); }
    for (const card of cards) window.cardSeen[card.dataset.id] ??= Date.now();
}).observe(document, {childList: true, subtree: true});"""


def milliseconds(text):
    return datetime.datetime.fromisoformat(text).timestamp() * 1000


def test_a_flood_of_alerts_leaves_the_page_usable_and_what_is_red_first(world):
    """A thousand open alerts at first sight, red ones on top of them one by one, then thousands at once under the open page (HUYANG_FLOOD in all)."""
    flood = int(os.environ.get("HUYANG_FLOOD", "5000"))
    calm, single = 1000, 20
    broker, _, gateway = world.standard(county=world.county(homes=flood))
    add_account(first_administrator(gateway), "wang", "county_desk", name="王芳")
    names = [f"wb-{i:04d}" for i in range(1, flood + 1)]
    fleet = world.fleet(broker, names)
    browser = Browser(gateway)

    def counted():
        return [int(count) for count in browser.js("return [...document.querySelectorAll('.counts b')].map((count) => count.textContent)")]

    def drawn():
        return browser.js("return [...document.querySelectorAll('.card')].map((card) => [card.dataset.id, card.classList[1]])")
    try:
        for name in names[:calm]:
            fleet.report(name, wire.heartbeat(battery=4))
        wait_until(lambda: gateway.metrics().get('huyang_store_alerts{state="open"}') == calm, 120, "a thousand alerts")
        browser.sign_in("wang", PASSWORD)
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        browser.driver.refresh()
        wait_until(lambda: browser.js("return window.firstCard > 0"), 40, "the first cards")
        print(f"{calm} open alerts: first cards painted {browser.js('return window.firstCard'):.0f} ms after the reload began")
        wait_until(lambda: counted() == [0, 0, calm, 0], 40, "all are counted")
        shown = []
        for name in names[calm:calm + single]:
            fleet.report(name, wire.sos())
            alert = gateway.wait_alert("emergency", name.replace("wb", "r"))
            seen = wait_until(lambda: browser.js("return window.cardSeen[arguments[0]]", alert["id"]), 20, "its card")  # noqa: B023
            shown.append(seen - milliseconds(alert["opened"]))
        shown.sort()
        print(f"from an alert's time to its card: p50 {shown[single // 2]:.0f}, max {shown[-1]:.0f} ms")
        assert [level for _, level in drawn()[:single + 1]] == ["red"] * single + ["yellow"], "red stands first"
        for name in names[calm + single:]:
            fleet.report(name, wire.sos())
        wait_until(lambda: counted() == [flood - calm, 0, calm, 0], 400, "every one is counted, and once")
        cards = drawn()
        assert len(cards) == len({card for card, _ in cards}) == 100, "no more than can be read is drawn"
        assert {level for _, level in cards} == {"red"}
        browser.click(".card.red")
        browser.click(".button.primary.big", "I take this")
        browser.wait(".alert-head .state", "王芳 has it")
        browser.click(".board .more .button")
        wait_until(lambda: len({card for card, _ in drawn()}) == 200, 20, "more are drawn, and none twice")
        assert browser.faults() == []
    finally:
        browser.stop()
