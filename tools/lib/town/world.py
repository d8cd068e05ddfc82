"""Who lives where: villages, homes, people, devices, places; and the registry folder of it."""
import csv
import json
import math
import os
import random

from town.calendar import HOUR_S, day_of, lunar_day, weekday

METRES = 111195.0
ORIGIN = (34.0, 108.0)
EAST = METRES * math.cos(math.radians(ORIGIN[0]))
COUNTY, TOWN = "990001", "990001001"
LUNAR_FAIR = {3, 6, 9}
FESTIVAL = (day_of("2026-02-14"), day_of("2026-02-27"))  # Spring Festival of 2026 is 17 February: the days families are at home
FAIR_TEXT = "lunar 3,6,9"


def moved(point, east_m, north_m):
    return point[0] + north_m / METRES, point[1] + east_m / EAST


def apart_m(a, b):
    return math.hypot((a[0] - b[0]) * METRES, (a[1] - b[1]) * EAST)


def near(draw, point, least_m, most_m):
    angle, away = draw.uniform(0, 2 * math.pi), draw.uniform(least_m, most_m)
    return moved(point, away * math.cos(angle), away * math.sin(angle))


class Village:
    def __init__(self, no, where, draw):
        self.no, self.where, self.homes = no, where, []
        self.code = f"{TOWN}{no + 1:03d}"
        self.store, self.square = near(draw, where, 20, 150), near(draw, where, 20, 200)
        self.dead_zone = near(draw, where, 800, 2500) if draw.random() < 0.6 else None  # no signal within 400 m of it


class Home:
    def __init__(self, no, village, where):
        self.no, self.id, self.village, self.where = no, f"h-{no:05d}", village, where
        self.people, self.camera, self.indoors, self.recogniser, self.reunion = [], None, False, None, (0, -1)
        self.neighbours, self.family, self.nurse, self.out_until = [], [], None, {}


class Person:
    def __init__(self, no, home, draw):
        self.no, self.id, self.home, self.band = no, f"r-{no:05d}", home, None
        self.tagged = draw.random() < 0.03  # is known to wander
        self.wakes, self.sleeps = draw.gauss(6.0, 0.7) * HOUR_S, draw.gauss(21.2, 0.8) * HOUR_S
        self.naps = draw.random() < 0.55
        self.steps_an_hour = draw.lognormvariate(5.7, 0.5)
        self.heart_rate, self.spo2 = draw.gauss(73, 8), draw.gauss(96.5, 1)
        self.has_vitals = draw.random() < 0.35
        self.checks_in = draw.gauss(7.6, 0.8) * HOUR_S if draw.random() < 0.1 else None
        self.checked_in = False
        self.checks_in_spread = draw.uniform(300, 2400)
        self.housebound, self.told_away, self.warned = 0, False, 0  # (until) cannot go out; the gateway was told of the absence
        self.habits, self.battery, self.drain = [], draw.uniform(40, 100), draw.uniform(18, 45)  # percent a day
        self.charges_at = draw.choice((13.0, 20.5, 21.5, 6.5)) * HOUR_S
        self.absent_until, self.absent_at = 0, None  # days: until when away from home, and where
        self.absent_span = 0, 0  # in seconds
        self.missed = False  # it was said that nobody was told of the absence
        self.out = []  # today's [(leave, back)]
        self.off, self.charging, self.flat, self.swapped = (0, 0), False, (0, 0), (0, 0)  # (from, to): the band lies somewhere, is empty, is the other's
        self.consents = draw.random() < 0.93


    def is_absent(self, t):
        """Away with children or in hospital."""
        return self.absent_span[0] <= t < self.absent_span[1]


class Habit:
    """Somewhere a person goes: on which days, when, how long (seconds)."""
    def __init__(self, draw, where, kind, chance, hour, lasts, fair=False):
        self.where, self.kind, self.chance, self.fair = where, kind, chance, fair
        self.starts, self.starts_spread = hour * HOUR_S, draw.uniform(8, 40) * 60
        self.lasts, self.lasts_spread = lasts, draw.uniform(0.15, 0.45)
        self.weekdays = set(range(7)) if draw.random() < 0.7 else set(draw.sample(range(7), draw.randint(1, 4)))


class World:
    def __init__(self, elders, seed, first_day, days):
        self.seed, self.first_day, self.days = seed, first_day, days
        draw = self.draw("world")
        count = max(1, round(elders / 85))
        self.villages = [Village(i, near(draw, ORIGIN, 1200, 9000), draw) for i in range(count)]
        self.homes, self.people, self.bands, self.outages = [], [], [], {}
        self.market, self.bank, self.clinic = near(draw, ORIGIN, 0, 120), near(draw, ORIGIN, 100, 300), near(draw, ORIGIN, 150, 400)
        self.park, self.tea_house = near(draw, ORIGIN, 200, 500), near(draw, ORIGIN, 100, 400)
        self.sunday_fair = near(draw, ORIGIN, 5000, 9000)
        self.city = moved(ORIGIN, 60000, 40000)  # where children live
        while len(self.people) < elders:
            village = self.villages[len(self.homes) % count]
            home = Home(len(self.homes) + 1, village, near(draw, village.where, 30, 700))
            self.homes.append(home)
            village.homes.append(home)
            for _ in range(2 if draw.random() < 0.45 and len(self.people) + 1 < elders else 1):
                person = Person(len(self.people) + 1, home, draw)
                home.people.append(person)
                self.people.append(person)
        for home in self.homes:
            self.equip(home, draw)
        for person in self.people:
            self.settle(person, draw)

    def draw(self, what):
        return random.Random(f"{self.seed}/{what}")

    def equip(self, home, draw):
        """Bands, camera, both or none."""
        kind = draw.choices(("band", "camera", "both", "none"), (40, 12, 43, 5))[0]
        if kind in ("camera", "both"):
            home.camera, home.indoors = f"cam-{home.no:05d}", draw.random() < 0.5
        for person in home.people:
            if (kind in ("band", "both") and draw.random() < 0.92) or person.tagged:
                person.band = f"wb-{person.no:05d}"
                person.interval = 120 if person.tagged else 600
                self.bands.append(person)

    def settle(self, person, draw):
        village, home = person.home.village, person.home.where
        friends = [other.where for other in draw.sample(village.homes, min(3, len(village.homes))) if other is not person.home]
        add = person.habits.append
        if draw.random() < 0.6:
            add(Habit(draw, near(draw, home, 250, 1500), "field", draw.uniform(0.3, 0.9), draw.choice((6.8, 7.5, 15.2, 16)), draw.uniform(40, 180) * 60))
        add(Habit(draw, village.store, "store", draw.uniform(0.1, 0.7), draw.uniform(8, 18), draw.uniform(5, 40) * 60))
        if draw.random() < 0.6:
            add(Habit(draw, village.square, "square", draw.uniform(0.2, 0.9), draw.choice((9, 15.5, 18.8)), draw.uniform(30, 120) * 60))
        for friend in friends:
            if draw.random() < 0.6:
                add(Habit(draw, friend, "friend", draw.uniform(0.08, 0.6), draw.choice((9.5, 14.5, 15.5, 19)), draw.uniform(30, 150) * 60))
        if draw.random() < 0.7:
            add(Habit(draw, self.market, "fair", draw.uniform(0.3, 0.9), draw.uniform(7.3, 9.3), draw.uniform(50, 180) * 60, fair=True))
        if draw.random() < 0.2:
            sunday = Habit(draw, self.sunday_fair, "sunday fair", draw.uniform(0.2, 0.6), draw.uniform(7.3, 9), draw.uniform(60, 200) * 60)
            sunday.weekdays = {6}
            add(sunday)
        if draw.random() < 0.15:
            add(Habit(draw, self.tea_house, "tea house", draw.uniform(0.2, 0.8), draw.choice((8, 14)), draw.uniform(60, 200) * 60))
        if draw.random() < 0.3:
            add(Habit(draw, self.clinic, "clinic", draw.uniform(0.02, 0.08), draw.uniform(8, 10), draw.uniform(40, 150) * 60))
        add(Habit(draw, self.bank, "bank", 0.02, draw.uniform(8.5, 15), draw.uniform(8, 45) * 60))

    def is_out(self, village, t):
        """Without power or network."""
        return any(a <= t < b for a, b in self.outages.get(village, ()))

    def heard_at(self, village, t):
        """When what is said at t comes through."""
        return next((b for a, b in self.outages.get(village, ()) if a <= t < b), t)

    def is_fair(self, day):
        return lunar_day(day) % 10 in LUNAR_FAIR

    def is_festival(self, day):
        return FESTIVAL[0] <= day <= FESTIVAL[1]

    def is_pension_day(self, day):
        return (day - day_of("2026-01-15")) % 30 in (0, 1) and weekday(day) < 6

    def pension_dates(self):
        return [day for day in range(self.first_day, self.first_day + self.days) if self.is_pension_day(day)]

    def write_registry(self, folder, date_of):
        os.makedirs(folder, exist_ok=True)

        def table(name, columns, rows):
            with open(os.path.join(folder, name + ".csv"), "w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(columns.split(","))
                writer.writerows(rows)
        table("territories", "code,name,kind,parent",
              [(COUNTY, "county", "county", ""), (TOWN, "town", "town", COUNTY)]
              + [(v.code, f"village {v.no + 1}", "village", TOWN) for v in self.villages]
              + [(v.code + "001", f"grid {v.no + 1}", "grid", v.code) for v in self.villages])
        table("households", "id,grid,address,lat,lon",
              [(h.id, h.village.code + "001", f"no. {h.no}", f"{h.where[0]:.6f}", f"{h.where[1]:.6f}") for h in self.homes])
        everything = "location;health;camera;visitor;voice;family;police"
        table("residents", "id,household,name,birth_year,categories,consent,tags",
              [(p.id, p.home.id, f"resident {p.no}", 1935 + p.no % 25, "", everything if p.consents else "", "走失史" if p.tagged else "")
               for p in self.people])
        table("devices", "id,kind,resident,household,report_interval_s,view",
              [(p.band, "wristband", p.id, "", 120 if p.tagged else 1800, "") for p in self.bands]
              + [(h.camera, "camera", "", h.id, 7200, "indoors" if h.indoors else "doorstep") for h in self.homes if h.camera])
        table("contacts", "id,resident,name,relation,phone,channels",
              [(f"c-{p.no:05d}", p.id, f"child {p.no}", "daughter", f"139{p.no:08d}", "sms") for p in self.people])
        table("responders", "id,name,role,territory,phone,channels",
              [("d-1", "county desk", "county_desk", COUNTY, "13700000001", "sms"), ("t-1", "town desk", "town_desk", TOWN, "13700000002", "sms")]
              + [(f"g-{v.no + 1}", f"grid worker {v.no + 1}", "grid_worker", v.code + "001", f"1360000{v.no:04d}", "sms") for v in self.villages])
        table("visitors", "household,visitor_id,name,windows",
              [(h.id, guest.enrolled, guest.kind, guest.windows) for h in self.homes if h.camera for guest in h.recogniser.listed])
        dates = ",".join(date_of(day).isoformat() for day in self.pension_dates())
        table("calendars", "id,rule,name", [("fair", FAIR_TEXT, "fair")] + ([("pension", "dates " + dates, "pension days")] if dates else []))
        zones = [("z-bank", "bank", self.bank, 60, {"calendar": "pension"} if dates else {}), ("z-market", "market", self.market, 200, {"calendar": "fair"}),
                 ("z-market-2", "market", self.sunday_fair, 200, {}), ("z-park", "park", self.park, 150, {}), ("z-clinic", "hospital", self.clinic, 80, {})]
        with open(os.path.join(folder, "zones.geojson"), "w", encoding="utf-8") as file:
            json.dump({"type": "FeatureCollection", "features": [
                {"type": "Feature", "properties": {"id": name, "name": name, "kind": kind, "owner": f"territory:{TOWN}", "radius_m": radius, **more},
                 "geometry": {"type": "Point", "coordinates": [round(where[1], 6), round(where[0], 6)]}}
                for name, kind, where, radius, more in zones]}, file, indent=1)
