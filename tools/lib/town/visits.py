"""Who comes to a home with a camera, and what the camera makes of it.

The camera compares a face with everybody it keeps for that home: with the pairwise false match rate it takes a stranger for one of them, each of them alike; with
the false non-match rate it does not know somebody again, on that visit. It forgets a stranger whom it has not seen for 30 days.
"""
from town.calendar import DAY_S, HOUR_S, MINUTE_S, stamp, weekday
from town.world import FESTIVAL

KEPT_DAYS = 30
LONG_S, ANNOUNCED_S = 10 * MINUTE_S, 15 * MINUTE_S  # a stranger indoors so long is a household's matter (practice: yellow); where a visit is announced, so long
ANNOUNCED_AS = {"meter-reader": "gas_safety", "census": "census", "gas-safety": "gas_safety"}


class Guest:
    """Somebody who comes; enrolled = the id under which the registry trusts them, or None."""
    def __init__(self, key, kind, enrolled=None, windows="", often=0.0):
        self.key, self.kind, self.enrolled, self.windows, self.often = key, kind, enrolled, windows, often


class Recogniser:
    def __init__(self, home, draw, false_match, false_non_match):
        self.home, self.draw, self.false_match, self.false_non_match = home, draw, false_match, false_non_match
        self.listed, self.ids, self.count, self.visits = [], {}, 0, 0  # ids: guest's key -> (id, day last seen)

    def see(self, guest, day):
        """(class, visitor_id) for one visit."""
        self.ids = {key: kept for key, kept in self.ids.items() if day - kept[1] <= KEPT_DAYS}
        known = guest.enrolled or self.ids.get(guest.key, (None,))[0]
        if known and self.draw.random() >= self.false_non_match:
            if not guest.enrolled:
                self.ids[guest.key] = known, day
            return ("trusted" if guest.enrolled else "unknown"), known
        gallery = [other.enrolled for other in self.listed if other is not guest] + [kept[0] for key, kept in self.ids.items() if key != guest.key]
        if gallery and self.draw.random() < 1 - (1 - self.false_match) ** len(gallery):
            taken_for = self.draw.choice(gallery)
            return ("trusted" if any(other.enrolled == taken_for for other in self.listed) else "unknown"), taken_for
        self.count += 1
        fresh = f"u{self.home.no}-{self.count}"
        if not known:
            self.ids[guest.key] = fresh, day
        return "unknown", fresh


def people_text(seen, clear):
    shown = []
    for kind, name in seen:
        if clear or kind == "resident":
            shown.append(f'{{"class":"{kind}","visitor_id":"{name}","confidence":0.9,"face_seen":true}}' if name
                         else f'{{"class":"{kind}","confidence":0.9,"face_seen":true}}')
        else:
            shown.append('{"class":"unclear","confidence":0.5,"face_seen":false}')
    return ",".join(shown)


def emit_visit(out, home, guests, t, door_s, indoors_s, draw, resident_seen_later=False):
    """A visit as the camera tells it: at the door for door_s, then indoors for indoors_s, then gone. Returns what it took the guests for."""
    camera = home.recogniser
    camera.visits += 1
    visit = f"v{home.no}-{camera.visits}"
    seen = [camera.see(guest, t // DAY_S) for guest in guests]
    hour = t % DAY_S / HOUR_S
    dark = hour < 6.5 or hour > 18.5

    def tell(at, phase, place, people=None):
        clear = draw.random() >= (0.35 if dark and not home.indoors else 0.08)
        out(at, f'{{"t":"{stamp(at)}","device":"{home.camera}","event":{{"visit":{{"visit_id":"{visit}","phase":"{phase}","place":"{place}",'
                f'"people":[{people or people_text(seen, clear)}]}}}}}}')
    if not home.indoors or indoors_s == 0:
        if home.indoors and draw.random() < 0.6:
            return seen  # who stays at the door is mostly not seen from the living room
        tell(t, "arrive", "doorstep")
    else:
        tell(t + door_s, "arrive", "indoors")
    left = t + door_s + indoors_s
    if indoors_s:
        if not home.indoors:
            tell(t + door_s, "stay", "indoors")
        at = t + door_s + draw.uniform(2, 8) * MINUTE_S
        while home.indoors and at < left - MINUTE_S:
            tell(at, "stay", "indoors")
            at += draw.uniform(3, 15) * MINUTE_S
        if resident_seen_later:
            tell(min(t + door_s + draw.uniform(60, 240), left), "stay", "indoors", '{"class":"resident","confidence":0.9,"face_seen":true}')
    if draw.random() >= 0.03:  # else the leave is lost
        tell(left, "leave", "indoors" if home.indoors else "doorstep")
    return seen


def emit_residents(out, home, day, still, draw):
    """A camera in the living room of two people names whom it sees there: now and then the wrong one, or not surely."""
    for person in home.people:
        at = day * DAY_S + person.wakes + draw.uniform(0, 40) * MINUTE_S
        while at < day * DAY_S + person.sleeps:
            away = any(leave - 60 < at < back + 120 for leave, back in person.out) or person.is_absent(at)
            if not away and not still.get(person, (0, 0))[0] <= at < still.get(person, (0, 0))[1]:
                camera = home.recogniser
                camera.visits += 1
                name = draw.choice(home.people).id if draw.random() < 0.01 else person.id
                for phase, when in (("arrive", at), ("leave", at + 60)):
                    out(when, f'{{"t":"{stamp(when)}","device":"{home.camera}","event":{{"visit":{{"visit_id":"r{home.no}-{camera.visits}","phase":"{phase}",'
                              f'"place":"indoors","people":[{{"class":"resident","visitor_id":"{name}","confidence":{draw.choice((0.6, 0.9, 0.95))},'
                              f'"face_seen":true}}]}}}}}}')
            at += draw.uniform(12, 50) * MINUTE_S


def invite(world, false_match, false_non_match):
    """Who comes to which home: neighbours, family, nurses. Some are listed with the gateway, most neighbours are not."""
    for home in world.homes:
        draw = world.draw(f"guests/{home.id}")
        home.recogniser = Recogniser(home, draw, false_match, false_non_match)
        for i in range(draw.randint(1, 4)):
            often = min(1.5, draw.lognormvariate(-1.8, 0.8))  # visits a day; who comes often is the likelier to have been listed
            listed = f"n{home.no}-{i}" if draw.random() < 0.35 + min(0.5, often) else None
            home.neighbours.append(Guest(f"neighbour {home.no} {i}", "neighbour", listed, "", often))
        child = draw.random()
        if child < 0.75:  # near, or far and here for the festival only
            home.family.append(Guest(f"child {home.no}", "family", f"f{home.no}-0" if draw.random() < 0.85 else None, "",
                                     draw.uniform(0.03, 0.4) if child < 0.45 else 0.0))
            for i in range(1, draw.randint(1, 5)):  # in-laws and grandchildren
                home.family.append(Guest(f"relative {home.no} {i}", "family", f"f{home.no}-{i}" if draw.random() < 0.3 else None, "", 0.0))
            if draw.random() < 0.7:  # together at Spring Festival, from a day on, for some days
                came = FESTIVAL[0] + draw.randint(0, 4)
                home.reunion = came, came + draw.randint(2, 9)
        if draw.random() < 0.15:
            home.nurse = Guest(f"nurse {home.no}", "nurse", f"s{home.no}", "mon-fri 08:00-12:00", draw.randrange(5))
        home.recogniser.listed = [guest for guest in (*home.neighbours, *home.family, home.nurse) if guest and guest.enrolled]


def somebody_at_home(home, t):
    return any(home.out_until.get(person, 0) <= t and person.absent_until <= t // DAY_S for person in home.people)


class Callers:
    """Everybody harmless who comes on a day, home by home."""
    def __init__(self, world, say):
        self.world, self.say = world, say
        draw = world.draw("rounds")
        self.rounds = {}  # day: (kind, village, share of homes, share let in, minutes indoors)
        first, last = world.first_day, world.first_day + world.days
        for village in world.villages:
            for month in range(first + draw.randrange(20), last, 30):
                self.rounds.setdefault(month, []).append(("meter-reader", village, 0.95, 0.3, (1, 6)))
            if draw.random() < 0.5:
                self.rounds.setdefault(draw.randrange(first, last), []).append(
                    (draw.choice(("census", "gas-safety")), village, draw.uniform(0.4, 0.9), 0.8, (4, 20)))

    def call(self, home, guest, kind, t, door_s, indoors_s, others=(), stranger=False, announced=False):
        """`stranger`: nobody of the home knows them; indoors for long that is told, whatever they came for, later where they were announced."""
        draw = home.recogniser.draw
        emit_visit(self.say.line, home, [guest, *others], t, door_s, indoors_s, draw)
        if indoors_s:
            self.say.truth(kind, {"household": home.id}, t, t + door_s + indoors_s, harmless=True)
        if stranger and indoors_s >= (ANNOUNCED_S if announced else LONG_S):
            self.say.truth("unknown-visitor", {"household": home.id}, t + door_s, t + door_s + indoors_s,
                           seen=all(person.consents for person in home.people), cause=kind)
        if indoors_s > 8 * MINUTE_S and not guest.enrolled and draw.random() < 0.6:
            self.judge(home, t + door_s + indoors_s, draw, "expected")

    def judge(self, home, left, draw, right):
        """The grid worker asks about the visit and closes the alert, if there is one; now and then with the wrong word."""
        wrong = {"expected": "true", "true": "expected"}[right]
        word = wrong if draw.random() < 0.06 else ("false" if right == "expected" and draw.random() < 0.3 else right)
        at = left + draw.uniform(5, 400) * MINUTE_S
        if 7 * HOUR_S < at % DAY_S < 21 * HOUR_S:
            self.say.action(at, "close", "household", home.id, family="visitor", disposition=word, by=f"g-{home.village.no + 1}")

    def day(self, day):
        world, midnight = self.world, day * DAY_S
        festival = world.is_festival(day)
        for home in world.homes:
            if home.camera:
                self.home_day(home, day, midnight, festival)
        for kind, village, homes, let_in, minutes in self.rounds.get(day, ()):
            draw = world.draw(f"{kind}/{village.no}/{day}")
            at = midnight + draw.uniform(8.3, 9.5) * HOUR_S
            guest = Guest(f"{kind} {village.no} {day}", kind)
            announced = draw.random() < 0.8
            if announced:
                self.say.action(midnight + 7.9 * HOUR_S, "announce", "territory", village.code, announced=ANNOUNCED_AS[kind],
                                **{"from": stamp(midnight + 8 * HOUR_S)}, until=stamp(midnight + 18.5 * HOUR_S), by="village")
            for home in draw.sample(village.homes, len(village.homes)):
                lunch = 11.8 * HOUR_S < at % DAY_S < 13.8 * HOUR_S
                if lunch:
                    at = midnight + 14 * HOUR_S
                if draw.random() > homes or at % DAY_S > 18 * HOUR_S:
                    continue
                inside = draw.uniform(*minutes) * MINUTE_S if draw.random() < let_in and somebody_at_home(home, at) else 0
                if home.camera:
                    self.call(home, guest, kind, at, draw.uniform(20, 150), inside, stranger=True, announced=announced)
                at += inside + draw.uniform(3, 9) * MINUTE_S

    def reunion_day(self, home, day, midnight, draw):
        """They arrive together, live here, and go out and come back in twos and threes."""
        if day == home.reunion[0]:
            self.call(home, home.family[0], "family", midnight + draw.uniform(9, 19) * HOUR_S, draw.uniform(5, 60), draw.uniform(0.5, 4) * HOUR_S, home.family[1:])
            return
        at = midnight + draw.uniform(7.5, 11) * HOUR_S
        while at < midnight + 20.5 * HOUR_S and draw.random() < 0.75:
            group = draw.sample(home.family, draw.randint(1, len(home.family)))
            inside = draw.lognormvariate(4, 0.9) * MINUTE_S
            self.call(home, group[0], "family", at, draw.uniform(5, 40), inside, group[1:])
            at += inside + draw.uniform(0.5, 4) * HOUR_S

    def home_day(self, home, day, midnight, festival):
        draw = home.recogniser.draw
        for guest in home.neighbours:
            if draw.random() < guest.often * (1.6 if festival else 1):
                at = midnight + draw.triangular(7.5, 21, 15.5) * HOUR_S
                there = somebody_at_home(home, at)
                inside = draw.lognormvariate(3.2, 0.8) * MINUTE_S if there and draw.random() < 0.55 else 0
                self.call(home, guest, "neighbour", at, draw.uniform(10, 240), min(inside, 4 * HOUR_S))
        if home.reunion[0] <= day <= home.reunion[1]:
            self.reunion_day(home, day, midnight, draw)
        else:
            for guest in home.family:
                if guest.often and draw.random() < guest.often * (2 if weekday(day) >= 5 else 0.6):
                    others = [other for other in home.family if other is not guest and draw.random() < 0.15]
                    self.call(home, guest, "family", midnight + draw.uniform(9, 19.5) * HOUR_S, draw.uniform(5, 40),
                              draw.lognormvariate(4.6, 0.7) * MINUTE_S, others)
        if home.nurse and weekday(day) == home.nurse.often and not festival:
            stands_in = draw.random() < 0.07
            guest = Guest(f"other nurse {day % 7}", "nurse") if stands_in else home.nurse
            self.call(home, guest, "nurse", midnight + draw.uniform(8.2, 12.3) * HOUR_S, draw.uniform(5, 60), draw.uniform(12, 60) * MINUTE_S,
                      stranger=stands_in)
        if draw.random() < (0.03 if festival else 0.1):
            inside = draw.uniform(1, 7) * MINUTE_S if draw.random() < 0.12 else 0
            self.call(home, Guest(f"courier {draw.randrange(4)}", "courier"), "courier", midnight + draw.uniform(9, 19) * HOUR_S, draw.uniform(20, 200), inside, stranger=True)
        if draw.random() < 0.015:
            inside = draw.uniform(1, 25) * MINUTE_S if draw.random() < 0.15 else 0
            self.call(home, Guest(f"seller {home.no} {day}", "seller"), "seller", midnight + draw.uniform(8.5, 18) * HOUR_S, draw.uniform(20, 400), inside, stranger=True)
        if draw.random() < home.recogniser.false_non_match * 1.5 and home.people:  # the resident coming home, taken for a stranger for a moment or longer
            at = midnight + draw.uniform(8, 20) * HOUR_S
            emit_visit(self.say.line, home, [Guest(f"self {day} {draw.random()}", "resident")], at, 5, draw.uniform(3, 40) * MINUTE_S, draw,
                       resident_seen_later=draw.random() < 0.85)
