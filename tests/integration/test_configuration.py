"""The configuration through the API: read without its secrets, a text checked, the file read again. By the administrator only."""
import re

import pytest

from huyang_test.person import Person
from test_people import add_account, first_administrator, press_sos
from test_service import log_lines

SECRET = "SESAME-7781"


@pytest.fixture
def keeper(world):
    """(world, broker, gateway, administrator)"""
    broker, desk, gateway = world.standard(start=False)
    hook = gateway.settings["relay"]["webhook"][0]
    gateway.settings["relay"]["webhook"] = [dict(hook, url=desk.url + "/hook/all?key=" + SECRET)]
    gateway.write_config()
    gateway.start()
    return world, broker, gateway, first_administrator(gateway)


def shown(person):
    answer = person.send("GET", "/api/v1/configuration")
    assert answer.status == 200, answer.body
    return answer


def value(person, key):
    return re.search(rf"^ *{key}: (.*)$", shown(person).json["text"], re.M).group(1)


def test_it_is_read_without_its_secrets_by_the_administrator_only(keeper):
    _, _, gateway, root = keeper
    text = shown(root).json["text"]
    assert "fall_cancel_s: 30" in text and "webhook" in text and "/…" in text
    assert SECRET not in text
    desk = add_account(root, "wang", "county_desk")
    for method, path in (("GET", ""), ("POST", "/check"), ("POST", "/reload")):
        assert desk.send(method, "/api/v1/configuration" + path, {} if method == "POST" else None).status == 403
        assert Person(gateway).send(method, "/api/v1/configuration" + path, {} if method == "POST" else None).status == 401
    assert '"what":"configuration"' in root.send("GET", "/api/v1/views").body


def check(person, text):
    answer = person.send("POST", "/api/v1/configuration/check", {"text": text})
    assert answer.status == 200, answer.body
    return answer.json


def test_a_text_is_checked_by_line_and_column_and_changes_nothing(keeper):
    _, _, gateway, root = keeper
    before = shown(root).headers["ETag"]
    bad = check(root, "detect:\n  fall_cancel_s: 999\nnonsense: 1\n")
    assert not bad["good"] and bad["changes"] == []
    assert [(e["line"], e["column"]) for e in bad["errors"]] == [(2, 18), (3, 1)], bad
    assert bad["errors"][0]["text"].startswith("detect.fall_cancel_s: ")
    with open(gateway.config, encoding="utf-8") as file:
        text = file.read()
    same = check(root, text)
    assert (same["good"], same["changes"], same["errors"]) == (True, [], []) and "restart" not in same
    other = check(root, text + "detect:\n  fall_cancel_s: 45\n")
    assert other["good"] and other["changes"] == [{"key": "detect.fall_cancel_s", "from": "30", "to": "45"}]
    moved = check(root, re.sub(r"  port: \d+", "  port: 1", text).replace("/hook/all", "/hook/other"))
    assert {"relay.webhook", "api.port"} == {change["key"] for change in moved["changes"]} and moved["restart"] == "api"
    assert SECRET not in str(moved)
    for raw in (b"{}", b'{"text":1}', b'{"text":"a","more":1}', b"[]", b"\xff", b""):
        assert root.send("POST", "/api/v1/configuration/check", raw=raw).status == 400, raw
    assert root.send("POST", "/api/v1/configuration/check", {"text": "# " + "x" * 300000}).status == 413
    assert shown(root).headers["ETag"] == before


def test_the_file_is_read_again_once_and_a_bad_one_not_at_all(keeper):
    world, broker, gateway, root = keeper
    gateway.write_config({"detect": {"fall_cancel_s": 45}})
    once = {"Idempotency-Key": "k-1"}
    assert root.send("POST", "/api/v1/configuration/reload", {}, {**once, "X-CSRF-Token": None}).status == 403
    first = root.send("POST", "/api/v1/configuration/reload", {}, once)
    assert first.status == 200 and first.json["committed"] is True, first.body
    assert value(root, "fall_cancel_s") == "45"
    assert root.send("POST", "/api/v1/configuration/reload", {}, once).body == first.body
    assert len(log_lines(gateway, "config.reloaded")) == 1, "the same request again does nothing again"
    assert [line for line in gateway.journal() if "config" in str(line)], "the change stands in the input log"
    assert '"what":"reload"' in root.send("GET", "/api/v1/views").body
    gateway.write_config({"detect": {"fall_cancel_s": 999}})
    refused = root.send("POST", "/api/v1/configuration/reload", {})
    assert refused.status == 422 and re.search(re.escape(gateway.config) + r":\d+:\d+: detect\.fall_cancel_s: ", refused.json["detail"]), refused.body
    assert value(root, "fall_cancel_s") == "45"
    press_sos(world, broker, gateway, 1)
