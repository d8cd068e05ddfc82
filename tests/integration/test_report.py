"""`huyang report` over the database of a real gateway: the numbers are those of what was done, in every form and language."""
import csv
import datetime
import html.parser
import io
import json
import signal
import subprocess

from huyang_test import wait_until, wire
from huyang_test.process import binary


def report(gateway, *arguments):
    return subprocess.run([binary("huyang"), "report", "--state-dir", gateway.state_dir, *arguments], capture_output=True, text=True, timeout=60,
                          check=False)


class Page(html.parser.HTMLParser):
    """Every element that opens closes, and there is no script."""
    VOID = {"meta", "rect"}

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.texts = [], set(), []
        self.feed(text)
        assert not self.open
        assert "script" not in self.seen and "http://" not in text and "https://" not in text

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def two_alarms(world):
    """One false and one true alarm, each answered, called and closed by people."""
    broker, _, gateway = world.standard(homes=4)
    fleet = world.fleet(broker, ["wb-0001", "wb-0002"])
    wait_until(fleet.connected.is_set, 10, "the bands are connected")
    alerts = []
    for home, (outcome, disposition) in enumerate((("safe", "false"), ("needs_help", "true")), 1):
        fleet.report(f"wb-000{home}", wire.sos())
        alert = gateway.wait_alert("emergency", f"r-000{home}", level="red")["id"]
        gateway.acknowledge(alert)
        gateway.call(alert, outcome)
        gateway.close(alert, disposition, note="<送医> & \"好\"")
        alerts.append(alert)
    wait_until(lambda: gateway.alert_of("emergency", "r-0002", state="closed"), 10, "the second is closed")
    return gateway, alerts


def this_day(gateway):
    now = gateway.alerts(family="emergency")[0]["opened"]
    return now[:10]


def test_a_report_counts_what_was_done_in_every_form(world):
    gateway, _ = two_alarms(world)
    day = this_day(gateway)
    done = report(gateway, "--range", f"{day}..{day}", "--json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert {row["family"]: row["red"] for row in data["alerts"]}["emergency"] == 2
    assert data["days"] == [{"day": day, "green": 0, "yellow": 0, "orange": 0, "red": 2}]
    assert (data["answers"][0]["alerts"], data["answers"][0]["answered"], data["answers"][0]["in_time_percent"]) == (2, 2, 100.0)
    assert data["target"] == [{"target": "red and orange answered within 60 s", "wanted": 97.5, "reached": 100.0, "met": "yes"}]
    assert data["detectors"] == [{"detector": "sos", "alerts": 2, "confirmed": 1, "wrong": 1, "precision_percent": 50.0, "false_percent": 50.0}]
    assert data["homes"] == [{"home": "h-0001", "wrong": 1}]
    assert data["devices"] == [{"device": "wb-0001", "wrong": 1}]
    assert [row["people"] for row in data["services"]][2] == 2
    assert [row["people"] for row in data["coverage"]] == [4, 4, 2]
    assert data["budget"][3] == {"what": "unverified to the police", "used": 0.0, "budget": 0, "left": 0.0}

    # One of the two was true: it left an entry of the ledger, and both left tasks that are over.
    clues = {"opened": 1, "closed": 0, "transferred": 0, "overdue": 0, "open": 1, "open_overdue": 0}
    assert data["ledger"] == [{"family": "emergency", **clues}, {"family": "all", **clues}]
    work = data["tasks"][-1]
    assert work["task"] == "all" and work["opened"] == work["done"] + work["cancelled"] + work["open"] > 0
    shown = gateway.request("GET", "/api/v1/report?days=1")
    assert shown["ledger"] == clues
    assert shown["tasks"] == {name: work[name] for name in ("opened", "done", "cancelled", "overdue", "open", "open_overdue")}

    rows = list(csv.reader(io.StringIO(report(gateway, "--range", f"{day}..{day}", "--csv").stdout)))
    assert ["alerts", "emergency", "0", "0", "0", "2"] in rows
    assert ["days", day, "0", "0", "0", "2"] in rows

    page = Page(report(gateway, "--range", f"{day}..{day}", "--html", "--lang", "zh").stdout)
    assert {"svg", "table", "style"} <= page.seen
    assert "响应目标" in page.texts
    assert "Homes where our rules err most" in report(gateway, "--range", f"{day}..{day}").stdout


def test_who_is_seen_at_home_is_reached_and_verifies_before_the_police(world):
    rule = {"family": "emergency", "level": "red", "steps": [{"do": "task", "prompt": "home_visit", "role": "grid_worker"}]}
    broker, _, gateway = world.standard(county=world.county(homes=3, tags={3: "canary"}), settings={"policy": [rule]})
    fleet = world.fleet(broker, ["wb-0001"])
    wait_until(fleet.connected.is_set, 10, "the band is connected")
    fleet.report("wb-0001", wire.sos())
    alert = gateway.wait_alert("emergency", "r-0001", level="red")["id"]
    task = wait_until(lambda: gateway.request("GET", "/api/v1/tasks?kind=home_visit")["tasks"], 10, "the task")[0]["id"]
    gateway.request("POST", f"/api/v1/tasks/{task}/finish", {"by": "g-0001", "outcome": "seen_needs_help"})
    wait_until(lambda: gateway.jobs(alert, "police"), 10, "the police are told")
    day = this_day(gateway)
    data = json.loads(report(gateway, "--range", f"{day}..{day}", "--json").stdout)
    assert data["budget"][3] == {"what": "unverified to the police", "used": 0.0, "budget": 0, "left": 0.0}
    assert data["answers"][0]["answered"] == 1
    assert {row["service"]: row["people"] for row in data["services"]} == {
        "reached in any way": 1, "heard a prompt that was played": 0, "spoken to on the telephone": 0, "seen in person": 1,
        "heard an announcement of a campaign": 0}
    assert [row["people"] for row in data["coverage"]] == [2, 2, 1]  # a canary is nobody


def test_daily_and_weekly_are_whole_days_before_the_last_commit(world):
    gateway, _ = two_alarms(world)
    today = datetime.date.fromisoformat(this_day(gateway))
    daily, weekly = (json.loads(report(gateway, word, "--json").stdout) for word in ("--daily", "--weekly"))
    assert [row["day"] for row in daily["days"]] == [str(today - datetime.timedelta(days=1))]
    assert [row["day"] for row in weekly["days"]] == [str(today - datetime.timedelta(days=back)) for back in range(7, 0, -1)]
    assert daily["target"][0]["met"] == "no alert"


def test_one_alert_on_one_page(world):
    gateway, (_, alert) = two_alarms(world)
    text = report(gateway, "--alert", alert, "--lang", "zh")
    assert text.returncode == 0, text.stderr
    for word in (alert, "求助", "属实", "按下了求救按钮", "g-0001", "call: needs_help", "<送医> & \"好\"", "报警"):
        assert word in text.stdout
    page = Page(report(gateway, "--alert", alert, "--html").stdout)
    assert any("<送医> & \"好\"" in text for text in page.texts)
    data = json.loads(report(gateway, "--alert", alert, "--json").stdout)
    assert [row["what"] for row in data["timeline"]] == ["opened", "acknowledged", "updated", "closed"]
    assert {"police", "notify", "prompt"} <= {row["what"] for row in data["told"]}


def test_what_cannot_be_reported_is_refused(world):
    gateway, _ = two_alarms(world)
    for arguments in ([], ["--daily", "--weekly", "--alert", "x"], ["--range", "2026-03-02..2026-03-01"], ["--range", "today"], ["--daily", "--lang", "fr"],
                      ["--range", "2024-01-01..2026-01-01"], ["--alert", "none"], ["--dance"], ["--range"]):
        done = report(gateway, *arguments)
        assert done.returncode == 2, (arguments, done.stdout, done.stderr)
        assert "huyang report" in done.stderr
    assert report(gateway, "--alert", "0" * 32).returncode == 1
    assert report(gateway, "--daily", "--state-dir", "/nonexistent").returncode == 1


def test_the_api_judges_by_the_configuration_s_targets(world):
    _, _, gateway = world.standard(homes=1, settings={"report": {"answer_s": 45, "answer_permille": 900}})
    shown = gateway.request("GET", "/api/v1/report")
    assert (shown["target_s"], shown["target_permille"]) == (45, 900)
    with open(gateway.config, encoding="utf-8") as file:
        text = file.read()
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(text.replace("answer_s: 45", "answer_s: 30"))
    gateway.process.signal(signal.SIGHUP)
    wait_until(lambda: "config.reloaded" in gateway.process.tail(), 10, "the target is in force")
    assert gateway.request("GET", "/api/v1/report")["target_s"] == 30
