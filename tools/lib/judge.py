"""Judges a folder of registry/, timeline.jsonl and truth.jsonl: the real `huyang replay` over it, its alerts against the truth (docs/detection.md has the form)."""
import collections
import csv
import datetime
import json
import math
import os
import statistics
import subprocess
import tempfile

from town.calendar import DAY_S, date_of, lunar_day

# The names of patterns are those of the detectors that are meant to see them; what else may tell of them: one person is told, by whichever name.
ALSO_TOLD_BY = {
    "unknown-visitor": {"repeat-visitor", "led-away"},
    "visitor-then-bank": {"led-away"},
    "silent": {"flat", "area-outage"},
    "overdue-return": {"unusual-outing", "night-outing", "zone-exit", "wandering"},
    "night-outing": {"unusual-outing", "overdue-return", "zone-exit", "wandering"},
    "unusual-outing": {"overdue-return", "night-outing", "zone-exit"},
    "wandering": {"zone-exit"},
}
# What makes an alert right beside its own pattern.
RIGHT_FOR = {
    "unknown-visitor": {"repeat-visitor", "led-away", "visitor-then-bank", "canvassing"},
    "repeat-visitor": {"led-away", "visitor-then-bank"},
    "led-away": {"visitor-then-bank"},
    "visitor-then-bank": {"led-away"},
    "flat": {"silent"},
}
OUTING = ("unusual-outing", "overdue-return", "night-outing", "zone-exit", "forbidden-zone", "adopted-place", "risky-place")
OUTING_CAUSES = {*OUTING, "wandering", "led-away", "visitor-then-bank", "lecture-visit"}
ALIASES = {"stranger": "unknown-visitor", "stranger-indoors": "unknown-visitor", "repeat-stranger": "repeat-visitor", "stranger-then-bank": "visitor-then-bank",
           "lecture": "gathering", "door-to-door": "canvassing", "check-in": "check-in-missed", "lost": "overdue-return", "never-back": "overdue-return",
           "night-exit": "night-outing", "band-off": "unworn", "outage": "area-outage"}
DETECTORS = {*OUTING, *RIGHT_FOR, *ALSO_TOLD_BY, "sos", "fall", "suspicion", "vitals", "no-motion", "check-in-missed", "familiar", "canvassing", "gathering",
             "unworn", "area-outage", "without-band", "tampered", "swapped"}
TOLD = ("yellow", "orange", "red")
RECORDED = {"without-band"}  # green is what this one is meant to be for most people: an entry in the digest counts
EARLY_S, LATE_S = 300, 3600  # an alert this long before or after a pattern is still about it
BUDGET = {"yellow": 30, "orange": 5}  # a day and 1,000 residents
COLD_DAYS = 35


class BadInput(Exception):
    pass


def seconds(text):
    return int(datetime.datetime.fromisoformat(text).timestamp()) + 8 * 3600


class Places:
    """The registry, as far as it says who belongs to what."""
    def __init__(self, folder):
        self.above = {}  # (kind, id): (kind, id)
        self.cameras, self.residents = set(), 0
        for row in self.table(folder, "territories"):
            if row["parent"]:
                self.above["territory", row["code"]] = "territory", row["parent"]
            else:
                self.above["territory", row["code"]] = None
        for row in self.table(folder, "households"):
            self.above["household", row["id"]] = "territory", row["grid"]
        for row in self.table(folder, "residents"):
            self.above["resident", row["id"]] = "household", row["household"]
            self.residents += 1
        for row in self.table(folder, "devices"):
            self.above["device", row["id"]] = ("resident", row["resident"]) if row["resident"] else ("household", row["household"])
            if row["kind"] == "camera":
                self.cameras.add(row["id"])

    @staticmethod
    def table(folder, name):
        path = os.path.join(folder, name + ".csv")
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                yield from csv.DictReader(file)
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}") from error
        except KeyError as error:
            raise BadInput(f"{path}: no column {error}") from error

    def chain(self, subject):
        """The subject and all it belongs to."""
        while subject:
            yield subject
            subject = self.above.get(subject)

    def key(self, subject):
        """Of {"resident": "r-1"}, "resident:r-1" or "r-1"."""
        if isinstance(subject, dict) and subject:
            for kind in ("resident", "household", "device", "territory"):
                if kind in subject:
                    return self.known(kind, subject[kind])
        if isinstance(subject, str):
            kind, _, name = subject.rpartition(":")
            if kind:
                return self.known(kind, name)
            for kind in ("resident", "household", "device", "territory"):
                if (kind, subject) in self.above:
                    return kind, subject
        raise ValueError(f"subject: {json.dumps(subject)[:80]} is nobody of the registry")

    def known(self, kind, name):
        if (kind, name) not in self.above:
            raise ValueError(f"subject: {kind} '{name}' is not in the registry")
        return kind, name


class Truth:
    def __init__(self, row, places):
        pattern = row["pattern"].strip().lower().replace("_", "-")
        self.pattern = ALIASES.get(pattern, pattern)
        self.subject = places.key(row["subject"])
        self.start, self.end = seconds(row["from"]), seconds(row["to"])
        if self.end < self.start:
            raise ValueError("it ends before it begins")
        self.seen, self.harmless = row.get("seen", True), row.get("harmless", False)
        self.found = None  # seconds of the first alert

    def covers(self, t):
        return self.start - EARLY_S <= t <= self.end + LATE_S


def read_truth(path, places, complain):
    rows = []
    try:
        with open(path, encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    rows.append(Truth(json.loads(line), places))
                except KeyError as error:
                    complain(f"{path}:{number}: {error.args[0]} is missing")
                except (ValueError, TypeError, AttributeError) as error:
                    complain(f"{path}:{number}: {error}")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    return rows


def span_of(path):
    """First and last time of a timeline, by its first and last lines that have one."""
    def time_in(lines):
        for line in lines:
            try:
                return seconds(json.loads(line)["t"])
            except (ValueError, KeyError, TypeError):
                continue
        return None
    try:
        with open(path, "rb") as file:
            first = time_in(file)
            file.seek(max(0, os.path.getsize(path) - 65536))
            last = time_in(reversed(file.read().split(b"\n")))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    if first is None or last is None:
        raise BadInput(f"{path}: no line of it has a time")
    return first, last


Telling = collections.namedtuple("Telling", "t detector subject level")


class Desk:
    """What people are told, out of the lines of replay: an alert that becomes yellow or worse, for each detector that has a yellow share in it, once an episode."""
    def __init__(self, places):
        self.places = places
        self.latest = {}  # (detector, subject): level it found last
        self.told = collections.defaultdict(set)  # alert: detectors
        self.height = collections.defaultdict(int)  # alert: 1 + index in TOLD of what people know
        self.called = set()  # alerts with a task to call
        self.tellings, self.raised = [], []  # raised: (t, level, detector, kind of subject)
        self.loud, self.police, self.unverified = [], [], []

    def take(self, row):
        if "finding" in row:
            finding = row["finding"]
            self.latest[finding["detector"], self.subject(finding)] = "" if finding.get("clears") else finding["level"]
        elif "transition" in row:
            self.transition(row)
        elif row.get("state") == "queued":
            self.relay(row)

    @staticmethod
    def subject(row):
        return next(iter(row["subject"].items()))

    def transition(self, row):
        alert, subject = row["alert"], self.subject(row)
        if row["transition"] not in ("opened", "updated"):
            if row["transition"] != "acknowledged":
                self.told.pop(alert, None)
                self.height.pop(alert, None)
            return
        t = seconds(row["t"])
        for finding in row["findings"]:
            detector = finding["detector"]
            if finding.get("clears"):
                self.told[alert].discard(detector)
            elif detector not in self.told[alert] and (detector in RECORDED or row["level"] in TOLD and self.latest.get((detector, subject)) in TOLD):
                self.told[alert].add(detector)
                self.tellings.append(Telling(t, detector, subject, self.latest.get((detector, subject), "")))
        if row["level"] in TOLD:
            height = 1 + TOLD.index(row["level"])
            if height > self.height[alert]:
                self.height[alert] = height
                self.raised.append((t, row["level"], row["by"], subject[0]))

    def relay(self, row):
        t = seconds(row["t"])
        if row["relay"] == "task" or row["relay"] == "verify":
            self.called.add(row["alert"])
        elif row["relay"] == "prompt" and row["to"] in self.places.cameras:
            self.loud.append(t)
        elif row["relay"] == "police":
            self.police.append(t)
            if row["alert"] not in self.called:
                self.unverified.append(t)


def replay(binary, folder, last, places, complain, progress, days):
    desk, day = Desk(places), None
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        command = [binary, "replay", "--registry", os.path.join(folder, "registry"), "--findings", "--until",
                   datetime.datetime.fromtimestamp(last - 8 * 3600, datetime.timezone.utc).isoformat(), os.path.join(folder, "timeline.jsonl")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8") as process:
            for line in process.stdout:
                row = json.loads(line)
                desk.take(row)
                if row["t"][:10] != day:
                    day = row["t"][:10]
                    progress(f"town: replay has come to {day} ({days} days)")
        errors.seek(0)
        unopened, other = 0, 0
        for line in errors:
            if "there is no such open alert" in line or "not allowed in the alert's state" in line:
                unopened += 1  # people answer what they were never asked: the truth's author cannot know which alerts we open
            elif ".jsonl:" in line:
                other += 1
                if other <= 20:
                    complain(line.rstrip("\n"))
        if process.returncode not in (0, 2) or (process.returncode == 2 and not unopened and not other):
            errors.seek(0)
            raise BadInput(f"replay ended with {process.returncode}: {errors.read().strip()[:500]}")
    progress("")
    return desk, unopened


def spring_festival(day):
    """From three days before the lunar new year of that year to its tenth day."""
    year = date_of(day).year
    start = (datetime.date(year, 1, 21) - datetime.date(1970, 1, 1)).days
    new_year = next(d for d in range(start, start + 31) if lunar_day(d) == 1)
    return new_year - 3 <= day <= new_year + 9


def match(tellings, truths, places):
    """Marks what was found; returns for each telling the patterns it is right about, or harmless kinds it was misled by."""
    exactly, below = collections.defaultdict(list), collections.defaultdict(list)
    for truth in truths:
        exactly[truth.subject].append(truth)
        for subject in list(places.chain(truth.subject))[1:]:
            below[subject].append(truth)
    verdicts = []
    for telling in tellings:
        near = [truth for subject in places.chain(telling.subject) for truth in exactly.get(subject, ()) if truth.covers(telling.t)]
        near += [truth for truth in below.get(telling.subject, ()) if truth.covers(telling.t)]
        right, misled = set(), set()
        for truth in near:
            if truth.harmless:
                misled.add(truth.pattern)
                continue
            means = truth.pattern == telling.detector or telling.detector in ALSO_TOLD_BY.get(truth.pattern, ())
            if means and (truth.found is None or telling.t < truth.found):
                truth.found = telling.t
            wide = truth.subject[0] == "territory" and telling.detector in OUTING
            if means or truth.pattern in RIGHT_FOR.get(telling.detector, ()) or (telling.detector in OUTING and truth.pattern in OUTING_CAUSES and not wide):
                right.add(truth.pattern)
        verdicts.append((right, misled))
    return verdicts


def judge(binary, folder, table, tools, learn_days=None):
    """Adds the figures of the folder to the table. `tools` has complain, progress, wilson and poisson_interval."""
    places = Places(os.path.join(folder, "registry"))
    first, last = span_of(os.path.join(folder, "timeline.jsonl"))
    days = (last - first) / DAY_S
    cold = learn_days if learn_days is not None else min(COLD_DAYS, days / 2)
    begin = first + int(cold * DAY_S)
    truths = read_truth(os.path.join(folder, "truth.jsonl"), places, tools.complain)
    desk, unopened = replay(binary, folder, last, places, tools.complain, tools.progress, math.ceil(days))
    if last - begin < DAY_S:
        raise BadInput(f"{folder}: less than a day is left after {cold:.0f} days of learning")
    verdicts = match(desk.tellings, truths, places)
    judged = [(telling, *verdict) for telling, verdict in zip(desk.tellings, verdicts) if telling.t >= begin]
    patterns(table, tools, [truth for truth in truths if truth.start >= begin and truth.end <= last], judged)
    loads(table, tools, desk, places, begin, last)
    table.append(("town: answers to alerts that were never opened", str(unopened), "", f"{places.residents} residents, {days:.0f} days, {cold:.0f} of them learning"))


def share(table, tools, label, hits, count, what):
    low, high = tools.wilson(hits, count)
    table.append((label, f"{hits / count:.3f}" if count else "-", f"{low:.3f}..{high:.3f}" if count else "", f"{count} {what}"))


def patterns(table, tools, truths, judged):
    measured = collections.defaultdict(list)
    others = collections.defaultdict(list)
    for truth in truths:
        (others if truth.harmless or truth.pattern not in DETECTORS else measured)[truth.pattern].append(truth)
    detectors = {telling.detector for telling, _, _ in judged}
    for pattern in sorted({*measured, *detectors}):
        rows = measured[pattern]
        seen = [truth for truth in rows if truth.seen]
        alerts = [(right, misled) for telling, right, misled in judged if telling.detector == pattern]
        if rows:
            share(table, tools, f"town, {pattern}: recall", sum(truth.found is not None for truth in seen), len(seen), "that devices could see")
            if len(rows) > len(seen):
                unseen = [truth for truth in rows if not truth.seen]
                share(table, tools, f"town, {pattern}: recall where they could not", sum(truth.found is not None for truth in unseen), len(unseen), "more")
        share(table, tools, f"town, {pattern}: precision", sum(bool(right) for right, _ in alerts), len(alerts), "alerts")
        delays = sorted((truth.found - truth.start) / 60 for truth in seen if truth.found is not None)
        if delays:
            table.append((f"town, {pattern}: minutes until told", f"{statistics.median(delays):.0f}", f"p90 {delays[math.ceil(0.9 * len(delays)) - 1]:.0f}",
                          f"{len(delays)} found"))
        causes = collections.Counter(kind for right, misled in alerts if not right for kind in (misled or {"nothing known"}))
        if causes:
            table.append((f"town, {pattern}: false alerts, what was there", ", ".join(f"{kind} {count}" for kind, count in causes.most_common(6)), "", ""))
    for kind in sorted(others):
        rows, told = others[kind], collections.Counter()
        for telling, right, misled in judged:
            if kind in misled and not right:
                told[telling.detector] += 1
        if rows[0].harmless:
            count = sum(told.values())
            low, high = (bound / len(rows) for bound in tools.poisson_interval(count))
            table.append((f"town, harmless: {kind}, false alerts for each", f"{count / len(rows):.3f}", f"{low:.3f}..{high:.3f}",
                          f"{len(rows)}" + "".join(f", {name} {n}" for name, n in told.most_common(3))))
        else:
            table.append((f"town, {kind}: not measured for itself", "", "", f"{len(rows)}"))


def loads(table, tools, desk, places, begin, last):
    """What people get a day and 1,000 residents, ordinary days and the Spring Festival apart."""
    judged_days = range(begin // DAY_S + (begin % DAY_S > 0), last // DAY_S + 1)
    for label, keep in (("ordinary days", lambda day: not spring_festival(day)), ("Spring Festival", spring_festival)):
        kept = {day for day in judged_days if keep(day)}
        if not kept:
            continue
        scale = len(kept) * places.residents / 1000

        def rate(name, count, limit, kept=kept, scale=scale, label=label):
            low, high = (bound / scale for bound in tools.poisson_interval(count))
            table.append((f"town, people, {label}: {name}", f"{count / scale:.2f}", f"{low:.2f}..{high:.2f}",
                          f"{limit}{len(kept)} days x {places.residents} residents"))
        for level in TOLD:
            rows = [by for t, raised, by, _ in desk.raised if raised == level and t // DAY_S in kept]
            rate(level, len(rows), f"<= {BUDGET[level]}; " if level in BUDGET else "")
            for by, count in collections.Counter(rows).most_common():
                rate(f"{level}, {by}", count, "")
        rate("loud prompts", sum(t // DAY_S in kept for t in desk.loud), "<= 50; ")
        rate("to the police", sum(t // DAY_S in kept for t in desk.police), "")
        rate("to the police, nobody having been asked to call", sum(t // DAY_S in kept for t in desk.unverified), "0; ")
        area = sum(kind == "territory" and t // DAY_S in kept for t, _, _, kind in desk.raised)
        weeks = len(kept) / 7 * places.residents / 1000
        low, high = (bound / weeks for bound in tools.poisson_interval(area))
        table.append((f"town, people, {label}: territory alerts a week and 1,000 residents", f"{area / weeks:.2f}", f"{low:.2f}..{high:.2f}",
                      f"<= 1; {len(kept)} days"))
