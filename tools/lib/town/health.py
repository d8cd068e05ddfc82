"""What happens to people and devices: illness, falls, buttons, getting lost, hospital, stays with the children, power cuts, feasts."""
import math

from town.calendar import DAY_S, HOUR_S, MINUTE_S, stamp
from town.life import Outing
from town.world import moved, near

# Begun in a week among 1,000 elders.
A_WEEK = {"sos": 6.0, "sos-mistake": 3.0, "fall": 8.0, "fall-mistake": 6.0, "illness": 8.0, "collapse": 5.0, "hospital": 3.0, "child": 4.0, "lost": 2.0,
          "night-exit": 2.0, "swap": 2.0, "tamper": 1.0, "outage": 1.2, "feast": 2.5}
WANDERS_A_DAY = 0.06  # who is known to wander


class Trouble:
    def __init__(self, world, say):
        self.world, self.say = world, say
        self.draw = world.draw("health")
        self.still, self.ill, self.feasts, self.back = {}, {}, [], {}

    def event(self, t, device, body):
        self.say.line(t, f'{{"t":"{stamp(t)}","device":"{device}","event":{body}}}')

    def plan(self, day, forced):
        """Adds today's outings to `forced`; what the devices say of the rest is told at once."""
        draw, midnight = self.draw, day * DAY_S
        for person in self.back.pop(day, ()):
            if person.told_away:
                self.say.action(person.absent_span[1] + draw.uniform(0, 2) * HOUR_S, "status", "resident", person.id, status="active", by="family")
        for kind, a_week in A_WEEK.items():
            mean, left = a_week * len(self.world.people) / 7000, draw.expovariate(1)
            while left < mean:
                left += draw.expovariate(1)
                getattr(self, kind.replace("-", "_"))(day, midnight, forced)
        for person in self.world.bands:
            if person.tagged and draw.random() < WANDERS_A_DAY and self.is_free(person, day, forced):
                self.wander(person, midnight, forced)
            self.check_in(person, day, midnight)
        for feast in list(self.feasts):
            self.hold(feast, day, forced)
        self.feasts = [feast for feast in self.feasts if feast["last"] > day]

    def is_free(self, person, day, forced):
        return person not in forced and person.absent_until <= day

    def wearer(self, day):
        """Somebody at home with the band on, of whom one may know everything."""
        for _ in range(500):
            person = self.draw.choice(self.world.bands)
            if person.absent_until <= day and person.consents:
                break
        return person

    def worn(self, person, t):
        return not person.off[0] <= t < person.off[1] and not person.flat[0] <= t < person.flat[1] and not self.world.is_out(person.home.village, t)

    # ---- buttons and jolts

    def desk_answers(self, person, t, outcome, disposition):
        self.say.action(t + self.draw.uniform(25, 85), "call", "resident", person.id, family="emergency", outcome=outcome, by="d-1")
        self.say.action(t + self.draw.uniform(15, 120) * MINUTE_S, "close", "resident", person.id, family="emergency", disposition=disposition, by="d-1")

    def sos(self, day, midnight, _):
        person, t = self.wearer(day), midnight + self.draw.uniform(0, 24) * HOUR_S
        if self.worn(person, t):
            self.event(t, person.band, '{"sos":{"phase":"pressed"}}')
            self.say.truth("sos", {"resident": person.id}, t, t + HOUR_S)
            self.desk_answers(person, t, "needs_help", "true")

    def sos_mistake(self, day, midnight, _):
        draw, person, t = self.draw, self.wearer(day), midnight + self.draw.uniform(6, 22) * HOUR_S
        if self.worn(person, t):
            self.event(t, person.band, '{"sos":{"phase":"pressed"}}')
            taken_back = draw.random() < 0.6
            if taken_back:
                self.event(t + draw.uniform(3, 50), person.band, '{"sos":{"phase":"cancelled"}}')
            # A press that nobody took back is a press, whatever it was about.
            self.say.truth("sos-cancelled" if taken_back else "sos", {"resident": person.id}, t, t + HOUR_S, **({"harmless": True} if taken_back else {}))
            self.desk_answers(person, t, "safe", "false")

    def fall(self, day, midnight, _):
        draw, person, t = self.draw, self.wearer(day), midnight + self.draw.uniform(5, 23) * HOUR_S
        felt = self.worn(person, t) and draw.random() < 0.85  # bands miss soft falls
        if felt:
            self.event(t, person.band, '{"fall":{"phase":"detected"}}')
            self.desk_answers(person, t, "needs_help", "true")
        self.say.truth("fall", {"resident": person.id}, t, t + HOUR_S, seen=felt)

    def fall_mistake(self, day, midnight, _):
        draw, person, t = self.draw, self.wearer(day), midnight + self.draw.uniform(6, 22) * HOUR_S
        if self.worn(person, t):
            self.event(t, person.band, '{"fall":{"phase":"detected"}}')
            if draw.random() < 0.85:
                self.event(t + draw.uniform(2, 28), person.band, '{"fall":{"phase":"cancelled"}}')
            else:
                self.desk_answers(person, t, "safe", "false")
            self.say.truth("fall-mistake", {"resident": person.id}, t, t + HOUR_S, harmless=True)

    def check_in(self, person, day, midnight):
        draw = self.draw
        if person.checks_in is None or person.absent_until > day:
            return
        t = midnight + draw.gauss(person.checks_in, person.checks_in_spread)
        if draw.random() < 0.02 or not self.worn(person, t):
            if person.checked_in:  # the first day of a row is the news
                self.say.truth("check-in-missed", {"resident": person.id}, midnight + person.checks_in, midnight + DAY_S)
            person.checked_in = False
        else:
            person.checked_in = True
            self.event(t, person.band, '{"check_in":{}}')

    # ---- the body

    def illness(self, day, midnight, _):
        draw, person = self.draw, self.wearer(day)
        start = midnight + draw.uniform(0, 24) * HOUR_S
        lasts = draw.lognormvariate(1.6, 0.7) * HOUR_S
        rate, oxygen = draw.choice(((draw.uniform(30, 75), draw.uniform(0, 3)), (draw.uniform(10, 40), draw.uniform(6, 16))))
        if person not in self.ill:
            self.ill[person] = start, start + lasts, rate, oxygen, []

    def write_illnesses(self, before):
        """Those that are over by then. Three readings at least, over five minutes, are what a device can show of it."""
        for person, (start, end, _, _, readings) in list(self.ill.items()):
            if end < before:
                del self.ill[person]
                self.say.truth("vitals", {"resident": person.id}, start, end + HOUR_S, seen=len(readings) >= 3 and readings[-1] - readings[0] >= 5 * MINUTE_S)

    def collapse(self, day, midnight, forced):
        """Lies at home and cannot get up, until somebody comes."""
        draw, person = self.draw, self.wearer(day)
        if not self.is_free(person, day, forced):
            return
        start = midnight + draw.uniform(6, 19) * HOUR_S
        found = start + draw.lognormvariate(2.2, 0.6) * HOUR_S
        self.still[person] = start, found
        forced[person] = []
        person.housebound = found
        alone = len(person.home.people) == 1
        if found - start > 3 * HOUR_S:
            self.say.truth("no-motion", {"resident": person.id}, start, found, seen=self.worn(person, start) and self.worn(person, found), cause="alone" if alone else "")

    # ---- lost

    def wander(self, person, midnight, forced):
        draw = self.draw
        leave = midnight + draw.uniform(7, 18) * HOUR_S
        centre, radius = near(draw, person.home.where, 250, 1800), draw.uniform(35, 180)
        path, at, angle, lasts = [(leave, person.home.where)], leave, draw.uniform(0, 6.28), draw.uniform(25, 120) * MINUTE_S
        at += draw.uniform(300, 1500)
        begun = at
        pacing = draw.random() < 0.35
        while at < begun + lasts:
            angle += math.pi * draw.uniform(0.85, 1.15) if pacing else draw.uniform(0.5, 1.1)
            away = radius * draw.uniform(0.8, 1.2)
            point = moved(centre, away * math.cos(angle), (0.3 if pacing else 1) * away * math.sin(angle))
            at += max(10, 1.1 * math.hypot((point[0] - path[-1][1][0]) * 111195, (point[1] - path[-1][1][1]) * 92185)) / draw.uniform(0.5, 1.1) if len(path) > 1 else 5
            path.append((at, point))
        path.append((at + draw.uniform(400, 1800), person.home.where))
        outing = Outing(leave, [], path=path).travel(person.home.where)
        forced[person] = [outing]
        self.say.truth("wandering", {"resident": person.id}, begun, at + 20 * MINUTE_S, seen=person.consents and self.worn(person, leave))

    def lost(self, day, midnight, forced):
        draw, person = self.draw, self.wearer(day)
        if not self.is_free(person, day, forced):
            return
        leave = midnight + draw.uniform(8, 16) * HOUR_S
        outing = Outing(leave, [(near(draw, person.home.where, 1000, 9000), draw.uniform(6, 16) * HOUR_S)]).travel(person.home.where)
        forced[person] = [outing]
        person.housebound = outing.back
        self.say.truth("overdue-return", {"resident": person.id}, leave + 2 * HOUR_S, outing.back, seen=self.worn(person, leave))

    def night_exit(self, day, midnight, forced):
        draw, person = self.draw, self.wearer(day)
        if not self.is_free(person, day, forced):
            return
        leave = midnight + draw.uniform(0.3, 4.2) * HOUR_S
        forced[person] = [Outing(leave, [(near(draw, person.home.where, 150, 900), draw.uniform(10, 90) * MINUTE_S)]).travel(person.home.where)]
        self.say.truth("night-outing", {"resident": person.id}, leave, forced[person][0].back + HOUR_S, seen=self.worn(person, leave))

    # ---- away

    def absent(self, person, day, until, where, status, told):
        """From some hour of that day to some hour of the day `until`."""
        draw = self.draw
        leaves, back = day * DAY_S + draw.uniform(8, 15) * HOUR_S, until * DAY_S + draw.uniform(10, 17) * HOUR_S
        person.absent_until, person.absent_at, person.told_away = until + 1, where, told
        person.absent_span, person.missed = (leaves, back), False
        self.back.setdefault(until, []).append(person)
        if told:
            self.say.action(leaves + draw.uniform(-1.5, 1) * HOUR_S, "status", "resident", person.id, status=status,
                            until=stamp(back + 3 * HOUR_S), by="family")

    def hospital(self, day, _midnight, forced):
        person = self.wearer(day)
        if self.is_free(person, day, forced):
            forced[person] = []
            self.absent(person, day, day + self.draw.randint(3, 14), self.world.clinic, "hospital", self.draw.random() < 0.85)

    def child(self, day, _midnight, forced):
        person = self.wearer(day)
        if self.is_free(person, day, forced):
            forced[person] = []
            self.absent(person, day, day + self.draw.randint(2, 20), near(self.draw, self.world.city, 0, 9000), "away", self.draw.random() < 0.65)

    # ---- devices

    def swap(self, day, midnight, _):
        draw = self.draw
        homes = [home for home in self.world.homes if len(home.people) == 2 and all(p.band for p in home.people)]
        if homes:
            home = draw.choice(homes)
            start = midnight + draw.uniform(6, 9) * HOUR_S
            until = start + draw.uniform(0.5, 4) * DAY_S
            for person in home.people:
                person.swapped = start, until
            self.say.truth("swapped", {"household": home.id}, start, until, seen=home.indoors and all(p.consents for p in home.people))

    def tamper(self, _day, midnight, _):
        draw = self.draw
        homes = [home for home in self.world.homes if home.camera]
        if homes:
            home, t = draw.choice(homes), midnight + draw.uniform(8, 20) * HOUR_S
            self.event(t, home.camera, f'{{"tamper":{{"kind":"{draw.choice(("covered", "moved"))}"}}}}')
            self.say.truth("tampered", {"device": home.camera}, t, t + HOUR_S)

    def outage(self, _day, midnight, _):
        draw = self.draw
        village = draw.choice(self.world.villages)
        start = midnight + draw.uniform(0, 20) * HOUR_S
        until = start + draw.uniform(2, 9) * HOUR_S
        self.world.outages.setdefault(village, []).append((start, until))
        self.say.truth("area-outage", {"territory": village.code}, start, until)

    # ---- 红白事: half the village sits together for a day, or three

    def feast(self, day, _midnight, _forced):
        draw, village = self.draw, self.draw.choice(self.world.villages)
        funeral = draw.random() < 0.4
        self.feasts.append({"village": village, "where": near(draw, village.where, 30, 900), "first": day + 1, "last": day + (3 if funeral else 1),
                            "hour": draw.choice((9.5, 10.5, 16.5)), "kind": "funeral" if funeral else "wedding"})

    def hold(self, feast, day, forced):
        draw = self.draw
        if day < feast["first"]:
            return
        begins = day * DAY_S + feast["hour"] * HOUR_S
        for home in feast["village"].homes:
            for person in home.people:
                if draw.random() < 0.3 and self.is_free(person, day, forced):
                    leave = begins + draw.uniform(-40, 40) * MINUTE_S
                    forced[person] = [Outing(leave, [(feast["where"], draw.uniform(60, 300) * MINUTE_S)]).travel(home.where)]
        self.say.truth(feast["kind"], {"territory": feast["village"].code}, begins, begins + 6 * HOUR_S, harmless=True)
