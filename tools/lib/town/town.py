"""Runs the town day by day and writes the three files."""
import json
import math
import os

from town.calendar import DAY_S, HOUR_S, date_of, day_of, stamp
from town.fraud import Fraud
from town.health import Trouble
from town.life import Band, departures, ordinary_outings
from town.visits import Callers, emit_residents, invite
from town.world import World

FIRST_DAY = "2026-01-12"


class Say:
    """Collects what is said, in any order, and writes it a day at a time in the order of its times."""
    def __init__(self, timeline, truth):
        self.timeline, self.truth_file, self.lines, self.count = timeline, truth, [], 0
        self.until = 0

    def line(self, t, text):
        self.count += 1
        self.lines.append((int(t), self.count, text))

    def action(self, t, name, subject_kind, subject, **more):
        self.line(t, json.dumps({"t": stamp(t), "action": {name: {subject_kind: subject, **more}}}, ensure_ascii=False))

    def truth(self, pattern, subject, start, end, **more):
        row = {"pattern": pattern, "subject": subject, "from": stamp(start), "to": stamp(end)}
        row.update((name, value) for name, value in more.items() if not (name == "seen" and value))
        self.truth_file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def flush(self, before):
        """Writes what was said of times before that one. A little of what comes later than it was planned is said when it is written: time never runs back."""
        self.lines.sort()
        cut = 0
        while cut < len(self.lines) and self.lines[cut][0] < before:
            cut += 1
        self.timeline.writelines(text + "\n" for _, _, text in self.lines[:cut])
        del self.lines[:cut]


def generate(folder, elders, weeks, seed, prevalence, false_match, false_non_match, progress=lambda text: None):
    """Writes registry/, timeline.jsonl and truth.jsonl into the folder."""
    first, days = day_of(FIRST_DAY), weeks * 7
    world = World(elders, seed, first, days)
    invite(world, false_match, false_non_match)
    os.makedirs(folder, exist_ok=True)
    world.write_registry(os.path.join(folder, "registry"), date_of)
    with open(os.path.join(folder, "timeline.jsonl"), "w", encoding="utf-8") as timeline, open(os.path.join(folder, "truth.jsonl"), "w", encoding="utf-8") as truth:
        say = Say(timeline, truth)
        callers = Callers(world, say)
        fraud, trouble, band = Fraud(world, say, callers, prevalence), Trouble(world, say), Band(world, say)
        lives = {person: world.draw(f"life/{person.id}") for person in world.people}
        for day in range(first, first + days):
            forced = fraud.plan(day)
            trouble.plan(day, forced)
            for person in world.people:
                live_day(world, person, day, forced.get(person), lives[person], say, band, trouble)
            callers.day(day)
            cameras(world, day, say, trouble.still)
            trouble.write_illnesses((day + 1) * DAY_S)
            say.flush((day + 1) * DAY_S)
            progress(f"town: day {day - first + 1} of {days}")
        trouble.write_illnesses(math.inf)
        say.flush((first + days + 30) * DAY_S)


def live_day(world, person, day, forced, draw, say, band, trouble):
    if person.absent_until > day:
        outings = []
    elif person.housebound > day * DAY_S and forced is None:
        outings = []
    elif forced == []:
        outings = []
    else:
        outings = ordinary_outings(world, person, day, draw, forced or [])
    for outing in outings:
        if outing.companion != "unknown" and draw.random() < 0.012:
            outing.band = False
    person.out = [(outing.leave, outing.back) for outing in outings]
    left_behind = []
    if person.band:
        band.day(person, day, outings, draw, trouble)
        left_behind = [outing for outing in outings if not outing.band or not band.is_on(person, outing.leave)]
    if person.home.camera:
        departures(person.home, person, outings, left_behind, say, draw)


def cameras(world, day, say, still):
    for home in world.homes:
        if home.indoors and len(home.people) == 2 and all(person.band and person.consents for person in home.people):
            emit_residents(say.line, home, day, still, home.recogniser.draw)
        if home.camera:
            for hour in range(0, 24, 2):
                at = day * DAY_S + hour * HOUR_S + home.no * 37 % 7200
                if not world.is_out(home.village, at):
                    say.line(at, f'{{"t":"{stamp(at)}","device":"{home.camera}","event":{{"heartbeat":{{"battery_percent":100,"charging":true}}}}}}')
