"""What swindlers do, as the police tell it: door to door, lectures with gifts, leading somebody away, a talk at home and then the bank, coming again and again."""
from town.calendar import DAY_S, HOUR_S, MINUTE_S
from town.life import Outing
from town.visits import Guest, emit_visit, somebody_at_home
from town.world import FESTIVAL, TOWN, apart_m, near

# Cases begun in a week among 1,000 elders, at --prevalence 1.
A_WEEK = {"canvassing": 2.0, "lecture": 0.6, "led-away": 4.0, "visitor-then-bank": 4.0, "repeat-visitor": 3.0}


class Fraud:
    def __init__(self, world, say, callers, prevalence):
        self.world, self.say, self.callers = world, say, callers
        self.lectures, self.later = [], {}  # later: day -> [what is to happen]
        draw = self.draw = world.draw("fraud")
        self.cases = {}
        for kind, a_week in A_WEEK.items():
            mean = a_week * prevalence * len(world.people) / 1000 / 7
            for day in range(world.first_day, world.first_day + world.days):
                quiet = FESTIVAL[0] + 1 <= day <= FESTIVAL[0] + 8  # swindlers have families too
                count, left = 0, draw.expovariate(1)
                while left < mean * (0.15 if quiet else 1):
                    count, left = count + 1, left + draw.expovariate(1)
                self.cases.setdefault(day, []).extend([kind] * count)
        self.count = 0

    def stranger(self, kind):
        self.count += 1
        return Guest(f"{kind} {self.count}", kind)

    def plan(self, day):
        """Today's outings that fraud brings about: {person: [Outing]}. Visits are told at once."""
        forced = {}
        for act in self.later.pop(day, ()):
            act(day, forced)
        for kind in self.cases.get(day, ()):
            {"canvassing": self.canvass, "lecture": self.open_lecture, "led-away": self.lead_away, "visitor-then-bank": self.then_bank,
             "repeat-visitor": self.begin_repeat}[kind](day, forced)
        for lecture in self.lectures:
            self.hold(lecture, day, forced)
        self.lectures = [lecture for lecture in self.lectures if lecture["last"] > day]
        return forced

    def victim(self):
        for _ in range(200):
            person = self.draw.choice(self.world.people)
            if person.absent_until <= 0 and not person.tagged:
                return person
        return person

    def stay(self, home, guests, t, door_s, indoors_s, kind):
        """A visit by strangers, told and written down."""
        if home.camera:
            emit_visit(self.say.line, home, guests, t, door_s, indoors_s, self.draw)
        seen = bool(home.camera) and all(person.consents for person in home.people)
        if indoors_s >= 10 * MINUTE_S:
            self.say.truth("unknown-visitor", {"household": home.id}, t + door_s, t + door_s + indoors_s, seen=seen, cause=kind)
            if home.camera and self.draw.random() < 0.4:
                self.callers.judge(home, t + door_s + indoors_s, self.draw, "true")
        return seen

    def canvass(self, day, _):
        draw, at = self.draw, day * DAY_S + self.draw.uniform(8.3, 14.5) * HOUR_S
        village, team = draw.choice(self.world.villages), [self.stranger("canvasser") for _ in range(draw.randint(1, 2))]
        until, begun, told, visited = at + draw.uniform(1.5, 5) * HOUR_S, None, [], 0
        for home in draw.sample(village.homes, min(len(village.homes), draw.randint(6, 18))):
            if at > until or not somebody_at_home(home, at):
                continue
            visited += 1
            inside = draw.lognormvariate(2.6, 0.6) * MINUTE_S if draw.random() < 0.6 else 0
            seen = self.stay(home, team, at, draw.uniform(30, 300), inside, "canvassing")
            begun = begun or at
            if seen and inside:
                told.append(at)
            at += inside + draw.uniform(3, 10) * MINUTE_S
        if visited >= 3:
            self.say.truth("canvassing", {"territory": village.code}, begun, at + HOUR_S, seen=len(told) >= 3)

    def open_lecture(self, day, _):
        draw = self.draw
        village = draw.choice(self.world.villages)
        venue = near(draw, village.where, 150, 900) if draw.random() < 0.5 else near(draw, self.world.market, 150, 800)
        reach = sorted(self.world.people, key=lambda p: apart_m(p.home.where, venue))[:max(12, len(self.world.people) // 12)]
        guests = [person for person in reach if draw.random() < 0.3 and not person.tagged][:40]
        self.lectures.append({"venue": venue, "first": day, "last": day + draw.randint(8, 14), "hour": draw.choice((8.2, 9, 14.3, 15)),
                              "guests": {person: (day + min(draw.randrange(6), draw.randrange(6)), draw.uniform(0.5, 0.97)) for person in guests},
                              "attended": {}, "row": None})

    def hold(self, lecture, day, forced):
        draw = self.draw
        begins = day * DAY_S + lecture["hour"] * HOUR_S
        lasts = draw.uniform(55, 130) * MINUTE_S
        homes = set()
        for person, (joins, keen) in lecture["guests"].items():
            if day < joins or draw.random() > keen or person in forced or person.absent_until > day:
                continue
            way = apart_m(person.home.where, lecture["venue"]) * 1.25
            leave = begins - way / (1.0 if way < 3000 else 6.0) - draw.uniform(0, 20) * MINUTE_S
            outing = Outing(leave, [(lecture["venue"], begins + lasts + draw.uniform(0, 10) * MINUTE_S - begins)]).travel(person.home.where)
            forced[person] = [outing]
            seen = person.band is not None and person.consents
            days = lecture["attended"].setdefault(person, [])
            days.append((outing.path[1][0], outing.path[2][0]))
            if seen:
                homes.add(person.home)
            recent = [a for a in days if a[0] > begins - 10 * DAY_S]
            if len(recent) == 4:
                self.say.truth("adopted-place", {"resident": person.id}, days[-1][0], (lecture["last"] + 2) * DAY_S, seen=seen)
        if len(homes) >= 2 and lecture["row"] is None:
            lecture["row"] = True
            self.say.truth("gathering", {"territory": TOWN}, begins, (lecture["last"] + 1) * DAY_S, seen=True)
        for person, outings in forced.items():  # being there is the fraud: every alert of the outing itself is right
            if lecture["attended"].get(person) and lecture["attended"][person][-1][0] > day * DAY_S:
                self.say.truth("lecture-visit", {"resident": person.id}, outings[0].leave, outings[0].back + HOUR_S)

    def lead_away(self, day, forced):
        draw, person = self.draw, self.victim()
        home = person.home
        comes = day * DAY_S + draw.uniform(8, 16) * HOUR_S
        if person in forced:
            return
        door, inside = draw.uniform(20, 240), draw.lognormvariate(2.5, 0.8) * MINUTE_S if draw.random() < 0.75 else 0
        leave = comes + door + inside + draw.uniform(10, 120)
        to_bank = draw.random() < 0.4
        place = self.world.bank if to_bank else near(draw, home.where, 1500, 25000)
        stays = [(place, draw.uniform(15, 70) * MINUTE_S if to_bank else draw.uniform(40, 240) * MINUTE_S)]
        outing = Outing(leave, stays, companion="unknown").travel(home.where)
        forced[person] = [outing]
        self.stay(home, [self.stranger("leader")], comes, door, inside, "led-away")
        seen = bool(home.camera) and all(p.consents for p in home.people)
        self.say.truth("led-away", {"resident": person.id, "household": home.id}, leave, outing.back, seen=seen)
        if to_bank and not self.world.is_pension_day(day):
            self.say.truth("visitor-then-bank", {"resident": person.id}, outing.path[1][0], outing.path[2][0] + HOUR_S,
                           seen=seen and person.band is not None)
        if draw.random() < 0.7:
            self.say.action(outing.back + draw.uniform(1, 9) * HOUR_S, "close", "resident", person.id, family="fraud", disposition="true", by="d-1")

    def then_bank(self, day, forced):
        draw, person = self.draw, self.victim()
        home, comes = person.home, day * DAY_S + draw.uniform(8, 17) * HOUR_S
        inside = draw.uniform(8, 75) * MINUTE_S
        self.stay(home, [self.stranger("persuader")], comes, draw.uniform(20, 200), inside, "visitor-then-bank")
        seen = bool(home.camera) and person.band is not None and all(p.consents for p in home.people)

        def go(when, taken):
            if person in taken or self.world.is_pension_day(when):
                return
            leave = max(when * DAY_S + draw.uniform(8.3, 14.5) * HOUR_S, comes + inside + 20 * MINUTE_S)
            if leave % DAY_S > 15.5 * HOUR_S:
                return
            outing = Outing(leave, [(self.world.bank, draw.uniform(12, 70) * MINUTE_S)]).travel(home.where)
            taken[person] = [outing]
            self.say.truth("visitor-then-bank", {"resident": person.id}, outing.path[1][0], outing.path[2][0] + HOUR_S, seen=seen)
            if draw.random() < 0.6:
                self.say.action(outing.back + draw.uniform(1, 9) * HOUR_S, "close", "resident", person.id, family="fraud", disposition="true", by="d-1")
        if comes % DAY_S < 11 * HOUR_S and draw.random() < 0.5:
            go(day, forced)
        else:
            self.later.setdefault(day + 1, []).append(go)

    def begin_repeat(self, day, _):
        draw, person, guest = self.draw, self.victim(), self.stranger("wooer")
        home, times = person.home, draw.randint(2, 5)
        days = sorted(draw.sample(range(day, day + 10), times))

        def come(number):
            def act(when, _taken):
                at = when * DAY_S + draw.uniform(8.5, 18) * HOUR_S
                inside = draw.lognormvariate(3.1, 0.5) * MINUTE_S
                if not somebody_at_home(home, at):
                    return
                seen = self.stay(home, [guest], at, draw.uniform(10, 120), inside, "repeat-visitor")
                if number >= 1 and inside >= 10 * MINUTE_S:
                    self.say.truth("repeat-visitor", {"household": home.id}, at, at + inside + HOUR_S, seen=seen)
            return act
        for number, when in enumerate(days):
            if when == day:
                come(number)(day, {})
            else:
                self.later.setdefault(when, []).append(come(number))
