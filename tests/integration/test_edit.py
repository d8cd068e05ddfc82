"""Single rows of the registry: read with an ETag, previewed, set and taken out by those whose they are, with who and when."""
import pytest

from huyang_test.county import CODE

from test_desk import GRID, TOWN, get, office  # noqa: F401

ROW = "registry/residents/r-0001"


def read(person, path):
    answer = person.send("GET", "/api/v1/" + path)
    assert answer.status == 200, answer.body
    return answer.json["fields"], answer.headers["ETag"]


def put(person, path, fields, tag=None, preview=False):
    return person.send("PUT", f"/api/v1/{path}" + ("?preview=true" if preview else ""), {"fields": fields}, {"If-Match": tag} if tag else None)


def test_a_row_is_previewed_set_and_written_down(office):  # noqa: F811
    _, _, gateway, people = office
    town = people["town"]
    fields, tag = read(town, ROW)
    assert fields["name"] == "老人1" and fields["birth_year"] == "1945"
    changed = {**fields, "name": "老人一", "hearing": "deaf"}
    answer = put(town, ROW, changed, tag, preview=True)
    assert answer.status == 200 and answer.json == {"what": "changed", "columns": ["name", "hearing"]}, answer.body
    assert read(town, ROW) == (fields, tag), "a preview changes nothing"
    answer = put(town, ROW, changed, tag)
    assert answer.status == 200 and answer.json["committed"], answer.body
    assert get(town, "residents/r-0001")["name"] == "老人一"
    assert put(people["wang"], ROW, {**fields, "name": "x"}, tag).status == 412, "somebody else was first"
    history = get(people["wang"], ROW + "/history")["history"]
    assert [(h["by"], h["what"], h["columns"]) for h in history] == [("town", "changed", ["name", "hearing"])] and history[0]["t"]
    gateway.stop()
    gateway.start()
    assert read(town, ROW)[0]["name"] == "老人一", "it outlives a restart"
    assert get(town, ROW + "/history")["history"] == history
    assert ("town", "edit-residents", "r-0001") in [(v["by"], v["what"], v["about"]) for v in get(people["root"], "views?about=r-0001")["views"]]
    gateway.tool("journal", "verify", "--state-dir", gateway.state_dir)


def test_rows_are_added_and_taken_out(office):  # noqa: F811
    _, _, _, people = office
    town, key = people["town"], "registry/visitors/h-0001~v-nurse"
    assert town.send("GET", "/api/v1/" + key).status == 404
    assert put(town, key, {"name": "护士"}).status == 200
    fields, tag = read(town, key)
    assert fields == {"household": "h-0001", "visitor_id": "v-nurse", "name": "护士", "windows": ""}
    assert put(town, key, {"name": "护士"}).status == 428
    assert town.send("DELETE", "/api/v1/" + key, None, {"If-Match": '"other"'}).status == 412
    assert town.send("DELETE", "/api/v1/" + key, None, {"If-Match": tag}).status == 200
    assert town.send("GET", "/api/v1/" + key).status == 404
    assert [h["what"] for h in get(people["wang"], key + "/history")["history"]] == ["removed", "added"]
    home = "registry/households/h-0002"
    answer = town.send("DELETE", "/api/v1/" + home, None, {"If-Match": read(town, home)[1]})
    assert answer.status == 422 and "h-0002" in answer.body, "people live there"


@pytest.mark.parametrize("column, value", [("birth_year", "18x3"), ("household", "h-9999"), ("status", "gone"), ("consent", "all"), ("id", "r-0002"), ("nick", "x")])
def test_a_fault_names_its_column(office, column, value):  # noqa: F811
    _, _, _, people = office
    fields, tag = read(people["town"], ROW)
    for preview in (True, False):
        answer = put(people["town"], ROW, {**fields, column: value}, tag, preview)
        assert answer.status == 422 and answer.json["place"] == column, answer.body
        assert answer.json["detail"].startswith(f"residents:r-0001: {column}: "), answer.body
    assert read(people["town"], ROW) == (fields, tag)


def test_only_what_is_theirs_and_only_by_those_who_edit(office):  # noqa: F811
    _, _, _, people = office
    _, tag = read(people["wang"], ROW)
    for who in ("root", "grid", "daughter", "police"):
        assert people[who].send("GET", "/api/v1/" + ROW).status == 403
        assert put(people[who], ROW, {"name": "x"}, tag).status == 403
        assert people[who].send("DELETE", "/api/v1/" + ROW, None, {"If-Match": tag}).status == 403
    county = f"registry/territories/{CODE}"
    assert people["town"].send("GET", "/api/v1/" + county).status == 404
    assert read(people["wang"], county)[0]["kind"] == "county"
    fields, tag = read(people["town"], "registry/responders/t-0001")
    answer = put(people["town"], "registry/responders/t-0001", {**fields, "territory": CODE}, tag)
    assert answer.status == 403, "out of the town's own hands"
    assert put(people["town"], "registry/responders/t-0001", {**fields, "territory": GRID}, tag, preview=True).status == 200
    assert TOWN in fields["territory"]


def test_bad_requests_are_refused_in_words(office):  # noqa: F811
    _, _, _, people = office
    town = people["town"]
    _, tag = read(town, ROW)
    match = {"If-Match": tag}
    for body, place in (([], "fields"), ({}, "fields"), ({"fields": 1}, "fields"), ({"fields": {}, "by": "x"}, "fields"), ({"fields": {"name": 1}}, "name")):
        answer = town.send("PUT", "/api/v1/" + ROW, body, match)
        assert answer.status == 400 and answer.json["place"] == place, answer.body
    assert town.send("PUT", f"/api/v1/{ROW}?preview=yes", {"fields": {}}, match).json["place"] == "preview"
    assert town.send("PUT", f"/api/v1/{ROW}?force=true", {"fields": {}}, match).json["place"] == "force"
    for path in ("registry/consents/r-0001", "registry/nothing/r-0001", "registry/residents/r-0001~x~y", "registry/residents/..", "registry/residents/r-9999"):
        assert town.send("GET", "/api/v1/" + path).status == 404
