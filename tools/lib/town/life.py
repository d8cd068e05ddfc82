"""A person's day: where they are, and what their wristband and the camera at the door say of it."""
from town.calendar import DAY_S, HOUR_S, MINUTE_S, stamp, weekday
from town.world import apart_m, moved, near

AT_HOME_S = 1800  # a band at home speaks every half hour
WALK, RIDE = 1.0, 6.0  # metres a second


class Outing:
    """Leaving home at `leave`, staying at each (place, seconds), and back; filled in by `travel`."""
    def __init__(self, leave, stays, companion="alone", band=True, told=True, path=None):
        self.leave, self.stays, self.companion, self.band, self.told = leave, stays, companion, band, told
        self.path, self.back = path, None  # [(t, place)], between which one moves evenly

    def travel(self, home):
        if self.path is None:
            self.path, at, where = [(self.leave, home)], self.leave, home
            for place, stay_s in [*self.stays, (home, 0)]:
                away = apart_m(where, place)
                at += away * 1.25 / (WALK if away < 2500 else RIDE) + 30
                self.path.append((at, place))
                at += stay_s
                self.path.append((at, place))
                where = place
        self.back = self.path[-1][0]
        return self

    def where(self, t):
        for (t0, a), (t1, b) in zip(self.path, self.path[1:]):
            if t < t1:
                share = (t - t0) / max(1, t1 - t0)
                return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
        return self.path[-1][1]


def ordinary_outings(world, person, day, draw, taken):
    """Habits, in the order of the day, as far as they fit between `taken` ones and each other."""
    midnight, festival = day * DAY_S, world.is_festival(day)
    busy = [(outing.leave, outing.back) for outing in taken]
    planned = []
    for habit in person.habits:
        if habit.fair and not world.is_fair(day):
            continue
        chance = habit.chance * (0.45 if festival else 1)
        if habit.kind == "bank":
            chance = 0.55 if world.is_pension_day(day) else habit.chance
        elif not habit.fair and weekday(day) not in habit.weekdays:
            continue
        if draw.random() > chance:
            continue
        leave = midnight + draw.gauss(habit.starts, habit.starts_spread)
        lasts = max(180, draw.lognormvariate(0, habit.lasts_spread) * habit.lasts)
        planned.append(Outing(leave, [(habit.where, lasts)]))
    if draw.random() < 0.012:  # a visit, an errand, an aunt: somewhere one never or seldom goes
        planned.append(Outing(midnight + draw.uniform(8, 15) * HOUR_S,
                              [(near(draw, person.home.where, 500, draw.choice((3000, 15000))), draw.lognormvariate(4.3, 0.7) * MINUTE_S)]))
    if festival and draw.random() < 0.25:  # visiting relatives
        planned.append(Outing(midnight + draw.uniform(8.5, 15) * HOUR_S,
                              [(near(draw, person.home.where, 300, 12000), draw.lognormvariate(5, 0.5) * MINUTE_S)],
                              companion="trusted" if draw.random() < 0.7 else "unknown"))  # a son-in-law whom nobody listed
    kept = []
    for outing in sorted(planned, key=lambda o: o.leave):
        outing.travel(person.home.where)
        awake = midnight + person.wakes < outing.leave and outing.back < midnight + max(person.sleeps, 20 * HOUR_S)
        if awake and all(outing.back + 600 < a or outing.leave > b + 600 for a, b in busy):
            busy.append((outing.leave, outing.back))
            if draw.random() < 0.12:
                outing.companion = "trusted"
            kept.append(outing)
    return sorted([*taken, *kept], key=lambda o: o.leave)


class Band:
    """What the band of a person says on one day. Lines go to say.line."""
    def __init__(self, world, say):
        self.world, self.say = world, say

    def charge(self, person, day, draw):
        """Puts the band on the charger, or forgets to: then it runs flat, and says nothing until somebody sees it."""
        midnight, say = day * DAY_S, self.say
        person.battery -= person.drain
        if person.flat[1] > midnight or person.off[1] > midnight or person.housebound > midnight:
            return
        if person.battery < 0:
            start = midnight + draw.uniform(2, 16) * HOUR_S
            person.flat = start, start + DAY_S * draw.choice((0.4, 0.7, 1, 1.5, 2.5)) + draw.uniform(0, 8) * HOUR_S
            person.battery = 100
            person.off, person.charging = (person.flat[1], person.flat[1] + draw.uniform(40, 150) * MINUTE_S), True
            if person.flat[1] - start > 12 * HOUR_S:  # half a day: somebody should look after it
                say.truth("silent", {"device": person.band}, start, person.flat[1])
        elif draw.random() < (0.95 if person.battery < 1.7 * person.drain else 0.35):
            start = midnight + person.charges_at + draw.uniform(-40, 40) * MINUTE_S
            lasts = draw.uniform(50, 160) * MINUTE_S
            if draw.random() < 0.015:  # it stays on the charger
                lasts = draw.uniform(8, 40) * HOUR_S
            person.battery = 100
            self.lay_down(person, start, start + lasts, True)
        elif draw.random() < 0.004 and person.off[1] < midnight:  # left on the table for a while
            start = midnight + draw.uniform(7, 20) * HOUR_S
            self.lay_down(person, start, start + draw.lognormvariate(2.8, 1.2) * HOUR_S, False)

    def lay_down(self, person, start, until, charging):
        person.off, person.charging = (start, until), charging
        if until - start > 12 * HOUR_S and person.absent_until * DAY_S <= start:
            self.say.truth("unworn", {"resident": person.id}, start, until)

    def day(self, person, day, outings, draw, trouble):
        midnight = day * DAY_S
        self.charge(person, day, draw)
        carried = [o for o in outings if o.band and self.is_on(person, o.leave)]
        for outing in carried:
            self.outing(person, outing, draw)
        left_behind = [(o.leave, o.back) for o in outings if o not in carried]
        naps = (13.1 * HOUR_S, 14.6 * HOUR_S) if person.naps else (0, 0)
        quiet = 0.3 if draw.random() < 0.02 else 1  # a day in bed
        at = midnight + draw.uniform(0, AT_HOME_S)
        while at < midnight + DAY_S:
            out = any(o.leave < at < o.back for o in carried)
            if not out and not person.flat[0] <= at < person.flat[1]:
                nobody = any(a < at < b for a, b in left_behind)
                self.report(person, at, midnight, naps, quiet, draw, trouble, nobody)
            at += AT_HOME_S

    @staticmethod
    def is_on(person, t):
        """On the wrist and charged."""
        return not person.off[0] <= t < person.off[1] and not person.flat[0] <= t < person.flat[1]

    def report(self, person, at, midnight, naps, quiet, draw, trouble, nobody):
        clock = at - midnight
        lies = person.off[0] <= at < person.off[1]
        worn = not lies and not nobody
        still = trouble.still.get(person, (0, 0))
        absent = person.is_absent(at)
        steps = 0
        if worn and not still[0] <= at < still[1]:
            if person.wakes < clock < person.sleeps and not naps[0] < clock < naps[1]:
                steps = int(draw.random() * person.steps_an_hour * quiet) if draw.random() > 0.22 / quiet ** 0.6 else 0
            elif draw.random() < 0.06:
                steps = draw.randint(8, 40)  # up at night
        battery = max(1, min(100, int(person.battery + person.drain * (1 - clock / DAY_S))))
        parts = [f'{{"heartbeat":{{"battery_percent":{battery},"charging":{"true" if lies and person.charging else "false"},'
                 f'"worn":{"true" if worn else "false"}}}}}']
        if person.consents:
            if worn:
                parts.append(f'{{"activity":{{"steps":{steps}}}}}')
            if worn and person.has_vitals and draw.random() < 0.5:
                parts.append(self.vitals(person, at, steps, draw, trouble))
            if absent:
                where = moved(person.absent_at, draw.gauss(0, 15), draw.gauss(0, 15))
                parts.append(f'{{"fix":{{"lat":{where[0]:.6f},"lon":{where[1]:.6f},"accuracy_m":20,"source":"gnss","datum":"wgs84","valid":true}}}}')
            else:
                parts.append('{"presence":{"at_home":true,"source":"wifi"}}')
        if battery <= 5 and person.warned != midnight:
            person.warned = midnight
            self.say.truth("flat", {"device": person.band}, at, at + DAY_S)
        device, heard = self.worn_band(person, at), self.world.heard_at(person.home.village, at)
        if heard > at:  # no network: it keeps what it has to say
            parts = [f'{part[:-1]},"at":"{stamp(at)}"}}' for part in parts]
            heard += draw.uniform(5, 300) + (at - midnight) / 1000
        self.say.line(heard, f'{{"t":"{stamp(heard)}","device":"{device}","events":[{",".join(parts)}]}}')
        if absent and not person.told_away and not person.missed:  # gone for days, and nobody said so
            person.missed = True
            self.say.truth("overdue-return", {"resident": person.id}, person.absent_span[0] + 2 * HOUR_S, person.absent_span[1], seen=person.consents)

    @staticmethod
    def worn_band(person, at):
        if person.swapped[0] <= at < person.swapped[1]:
            return next(other.band for other in person.home.people if other is not person)
        return person.band

    @staticmethod
    def vitals(person, at, steps, draw, trouble):
        ill = trouble.ill.get(person)
        rate, oxygen = draw.gauss(person.heart_rate + min(25, steps / 25), 5), min(100, draw.gauss(person.spo2, 1))
        if draw.random() < 0.01:  # a loose band
            rate, oxygen = draw.uniform(40, 170), draw.uniform(75, 97)
        if ill and ill[0] <= at < ill[1]:
            ill[4].append(at)
            rate, oxygen = rate + ill[2], oxygen - ill[3]
        return f'{{"vitals":{{"heart_rate_bpm":{min(240, max(25, rate)):.0f},"spo2_percent":{min(100, max(60, oxygen)):.0f}}}}}'

    def outing(self, person, outing, draw):
        say, band, consents = self.say, self.worn_band(person, outing.leave), person.consents
        if not consents:
            return
        source = "wifi" if person.no % 3 else "ble"

        def presence(at, home):
            say.line(at, f'{{"t":"{stamp(at)}","device":"{band}","event":{{"presence":{{"at_home":{"true" if home else "false"},"source":"{source}"}}}}}}')
        noticed = outing.leave + draw.uniform(20, 420)
        if noticed < outing.back:
            presence(noticed, False)
        at = outing.leave + draw.uniform(60, person.interval)
        dead = person.home.village.dead_zone
        while at < outing.back:
            where = outing.where(at)
            if not (dead and apart_m(where, dead) < 400) and draw.random() >= 0.04:
                self.fix(band, at, where, draw, at - outing.leave)
            at += person.interval + draw.uniform(-10, 10)
        if noticed < outing.back:
            presence(outing.back + draw.uniform(5, 240), True)

    def fix(self, band, at, where, draw, out_s):
        kind = draw.random()
        if kind < 0.015:
            body = '"lat":0,"lon":0,"valid":false,"source":"gnss","datum":"wgs84"'
        else:
            source, accuracy = ("gnss", draw.uniform(5, 25)) if kind < 0.85 else ("wifi", draw.uniform(25, 90)) if kind < 0.96 else ("cell", draw.uniform(250, 1500))
            where = moved(where, draw.gauss(0, accuracy * 0.6), draw.gauss(0, accuracy * 0.6))
            body = f'"lat":{where[0]:.6f},"lon":{where[1]:.6f},"accuracy_m":{accuracy:.0f},"source":"{source}","datum":"wgs84","valid":true'
        more = f',{{"activity":{{"steps":{draw.randint(20, 500)}}}}},{{"heartbeat":{{"battery_percent":60,"charging":false,"worn":true}}}}' if out_s % 1800 < 600 else ""
        self.say.line(at, f'{{"t":"{stamp(at)}","device":"{band}","events":[{{"fix":{{{body}}}}}{more}]}}')


def departures(home, person, outings, left_behind, say, draw):
    """What the camera of the home says of who left, and with whom; of one who lives alone, what it shows of a band left at home."""
    for outing in outings:
        home.out_until[person] = max(home.out_until.get(person, 0), outing.back)
        shown = outing.told and draw.random() <= 0.88 and person.consents
        if outing in left_behind and len(home.people) == 1 and outing.back - outing.leave > 1800:
            say.truth("without-band", {"resident": person.id}, outing.leave, outing.back, seen=shown and not person.flat[0] <= outing.leave < person.flat[1])
        if not shown:
            continue
        companion = outing.companion
        if draw.random() < (0.2 if companion == "unknown" else 0.04):
            companion = "unclear"
        at = outing.leave + draw.uniform(0, 20)
        say.line(at, f'{{"t":"{stamp(at)}","device":"{home.camera}","event":{{"departure":{{"with":"{companion}"}}}}}}')
        if draw.random() < 0.85 and len(home.people) == 1:
            at = outing.back + draw.uniform(0, 30)
            say.line(at, f'{{"t":"{stamp(at)}","device":"{home.camera}","event":{{"presence":{{"at_home":true,"source":"camera"}}}}}}')
