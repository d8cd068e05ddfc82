#!/usr/bin/env python3
"""Runs the scenarios of this folder through `huyang replay` and compares what comes out with what is expected.

A scenario is a folder with a timeline.jsonl (what arrives, in order, exactly as `huyang replay` reads it) and an
expect.json:

    name      a sentence: what must hold
    seen_in   where others got it wrong (optional)
    registry  a folder of registry/, or null to leave --registry away
    config    lines of a configuration file (optional)
    args      further arguments (optional)
    status    the exit status, 0 when left out
    expect    lines that must come out, each {"line": MATCHER, "times": N}; without "times": at least once
    never     MATCHERs that no line may match
    follows   pairs [MATCHER, MATCHER]: the first line that matches the one stands before the first that matches the other
    stderr    regular expressions, each found in what is written to standard error
    shuffle   true: shuffling the inputs of different devices within 120 s must give the same alerts

A MATCHER is a part of an output line: each member it names must be there and match. Objects match by their members,
a list matches when each of its elements matches an element of the other list, {"like": "…"} is a regular expression,
{"from": A, "to": B} a closed range (numbers or times), {"absent": true} a member that must be missing; "t" is compared
as a time. Every scenario runs twice and must give the same bytes.
"""
import argparse
import datetime
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
KEYS = {"name", "seen_in", "registry", "config", "args", "status", "expect", "never", "follows", "stderr", "shuffle"}
LATENESS_S = 120
SHUFFLES = 5


def when(text):
    return datetime.datetime.fromisoformat(text)


def in_range(low, high, value):
    if isinstance(low, str):
        return isinstance(value, str) and when(low) <= when(value) <= when(high)
    return isinstance(value, (int, float)) and low <= value <= high


def matches(wanted, got, member=""):
    if isinstance(wanted, dict):
        if set(wanted) == {"like"}:
            return isinstance(got, str) and re.search(wanted["like"], got) is not None
        if set(wanted) == {"from", "to"}:
            return in_range(wanted["from"], wanted["to"], got)
        if not isinstance(got, dict):
            return False
        for key, value in wanted.items():
            if value == {"absent": True}:
                if key in got:
                    return False
            elif key not in got or not matches(value, got[key], key):
                return False
        return True
    if isinstance(wanted, list):
        return isinstance(got, list) and all(any(matches(w, g) for g in got) for w in wanted)
    if member == "t" and isinstance(wanted, str):
        return isinstance(got, str) and when(wanted) == when(got)
    return type(wanted) == type(got) and wanted == got or (
        isinstance(wanted, (int, float)) and isinstance(got, (int, float)) and
        not isinstance(wanted, bool) and not isinstance(got, bool) and abs(wanted - got) < 1e-9)


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else text[:400] + "…"


class Scenario:
    def __init__(self, folder):
        self.folder = folder
        self.slug = os.path.basename(folder)
        with open(os.path.join(folder, "expect.json"), encoding="utf-8") as file:
            self.spec = json.load(file)
        unknown = set(self.spec) - KEYS
        if unknown:
            raise ValueError(f"{self.slug}: expect.json has unknown members {sorted(unknown)}")
        if not (self.spec.get("expect") or self.spec.get("never") or self.spec.get("stderr")):
            raise ValueError(f"{self.slug}: expect.json expects nothing")
        self.timeline = os.path.join(folder, "timeline.jsonl")

    def command(self, huyang, timeline, scratch):
        command = [huyang, "replay"]
        if self.spec.get("registry"):
            command += ["--registry", os.path.join(HERE, "registry", self.spec["registry"])]
        if self.spec.get("config"):
            path = os.path.join(scratch, "config.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(self.spec["config"]) + "\n")
            command += ["--config", path]
        return command + self.spec.get("args", []) + [timeline]

    def replay(self, huyang, timeline, scratch):
        environment = dict(os.environ, TZ="America/Los_Angeles", LC_ALL="C")  # neither may matter
        return subprocess.run(self.command(huyang, timeline, scratch), capture_output=True, timeout=300,
                              env=environment, check=False)

    def faults(self, huyang):
        """Sentences about what went wrong; none when all is well."""
        with tempfile.TemporaryDirectory(prefix="huyang-scenario-") as scratch:
            first = self.replay(huyang, self.timeline, scratch)
            second = self.replay(huyang, self.timeline, scratch)
            faults = list(self.judge(first))
            if first.stdout != second.stdout or first.stderr != second.stderr:
                faults.append("two runs gave different bytes")
            if self.spec.get("shuffle") and not faults:
                faults += self.shuffled(huyang, scratch, first.stdout)
        return faults

    def judge(self, done):
        errors = done.stderr.decode("utf-8", "replace")
        status = self.spec.get("status", 0)
        if done.returncode != status:
            yield f"exit status {done.returncode} instead of {status}; it said: {errors.strip()[-600:]}"
        lines = []
        for number, text in enumerate(done.stdout.decode("utf-8").splitlines(), 1):
            try:
                lines.append(json.loads(text))
            except ValueError:
                yield f"line {number} of the output is no JSON: {text[:200]}"
        times = [when(line["t"]) for line in lines if "t" in line]
        if times != sorted(times):
            yield "the output's times go back"
        for wanted in self.spec.get("expect", []):
            found = sum(matches(wanted["line"], line) for line in lines)
            if "times" in wanted and found != wanted["times"]:
                yield f"{found} times instead of {wanted['times']}: {short(wanted['line'])}"
            elif "times" not in wanted and found == 0:
                yield f"missing: {short(wanted['line'])}"
        for unwanted in self.spec.get("never", []):
            for line in lines:
                if matches(unwanted, line):
                    yield f"must not appear: {short(line)}"
                    break
        for before, after in self.spec.get("follows", []):
            first = next((i for i, line in enumerate(lines) if matches(before, line)), None)
            then = next((i for i, line in enumerate(lines) if matches(after, line)), None)
            if first is None or then is None or first >= then:
                yield f"wrong order: {short(before)} should stand before {short(after)}"
        for pattern in self.spec.get("stderr", []):
            if re.search(pattern, errors, re.MULTILINE) is None:
                yield f"standard error lacks /{pattern}/; it said: {errors.strip()[-600:]}"

    def shuffled(self, huyang, scratch, usual):
        """Across devices order within the lateness must not matter for which alerts there are; a device's own order is kept."""
        with open(self.timeline, encoding="utf-8") as file:
            inputs = [json.loads(text) for text in file if text.strip()]
        wanted = alerts_of(usual)
        dice = random.Random(self.slug)
        for turn in range(SHUFFLES):
            # Arrival of each input is delayed by up to the lateness, the same order kept per device; `at` keeps the true time.
            keyed, last = [], {}
            for number, line in enumerate(inputs):
                moment = when(line["t"]).timestamp()
                arrival = moment + (dice.uniform(0, LATENESS_S - 1) if "device" in line else 0)
                arrival = max(arrival, last.get(line.get("device"), 0))
                last[line.get("device")] = arrival
                line = json.loads(json.dumps(line))
                for event in line.get("events", [line["event"]] if "event" in line else []):
                    event.setdefault("at", line["t"])
                line["t"] = datetime.datetime.fromtimestamp(int(arrival), when(line["t"]).tzinfo).isoformat()
                keyed.append((arrival, number, line))
            path = os.path.join(scratch, "shuffled.jsonl")
            with open(path, "w", encoding="utf-8") as file:
                for _, _, line in sorted(keyed, key=lambda item: item[:2]):
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
            got = alerts_of(self.replay(huyang, path, scratch).stdout)
            if got != wanted:
                return [f"shuffle {turn} gave other alerts: {sorted(got)} instead of {sorted(wanted)}"]
        return []


def alerts_of(output):
    """(subject, family, highest level, detectors) of each alert."""
    order = ["green", "yellow", "orange", "red"]
    alerts = {}
    for text in output.decode("utf-8").splitlines():
        line = json.loads(text)
        if "transition" not in line:
            continue
        subject, family, level, detectors = alerts.get(line["alert"], ("", "", "green", set()))
        level = max(level, line["level"], key=order.index)
        detectors = detectors | {finding["detector"] for finding in line["findings"]}
        alerts[line["alert"]] = (json.dumps(line["subject"]), line["family"], level, detectors)
    return sorted((s, f, level, tuple(sorted(d))) for s, f, level, d in alerts.values())


def write_junit(path, results):
    suite = xml.Element("testsuite", name="scenario", tests=str(len(results)),
                        failures=str(sum(1 for _, faults, _ in results if faults)))
    for name, faults, seconds in results:
        case = xml.SubElement(suite, "testcase", classname="scenario", name=name, time=f"{seconds:.3f}")
        if faults:
            xml.SubElement(case, "failure", message=faults[0]).text = "\n".join(faults)
    xml.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", help="folders or names; all when left out")
    parser.add_argument("--huyang", default=os.path.join(ROOT, "build/release/bin/huyang"), help="the binary under test")
    parser.add_argument("--junit", metavar="FILE", help="write a JUnit report")
    parser.add_argument("--quiet", action="store_true", help="name only what failed")
    options = parser.parse_args()
    if options.scenarios:
        folders = [name if os.path.isdir(name) else os.path.join(HERE, name) for name in options.scenarios]
    else:
        folders = sorted(entry.path for entry in os.scandir(HERE) if os.path.exists(os.path.join(entry.path, "expect.json")))
    results = []
    for folder in folders:
        start = time.monotonic()
        name = os.path.basename(os.path.normpath(folder))
        try:
            scenario = Scenario(os.path.normpath(folder))
            name = scenario.spec["name"]
            faults = scenario.faults(options.huyang)
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
            faults = [f"could not run: {error}"]
        results.append((name, faults, time.monotonic() - start))
        if faults or not options.quiet:
            print(f"{'FAIL' if faults else 'ok  '} {os.path.basename(folder)}: {name}", flush=True)
        for fault in faults:
            print(f"       {fault}", flush=True)
    failed = sum(1 for _, faults, _ in results if faults)
    if options.junit:
        write_junit(options.junit, results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
