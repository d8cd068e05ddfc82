"""The simple rules any claim about outings must beat, and the changed outings they are tried on.

An outing is (leave, back) in local seconds. A rule looks at the outings before and answers after how many seconds of being out it tells, or None for never.
"""
import math

DAY_S = 86400


def usual_s(before, leave, share=0.95):
    """Nearest-rank percentile of the durations of those that began within two hours of this time of day."""
    near = sorted(b - a for a, b in before if min((a - leave) % DAY_S, (leave - a) % DAY_S) <= 7200)
    return near[max(0, math.ceil(share * len(near)) - 1)] if near else None


def first_night_hour(before, leave):
    hour = leave % DAY_S // 3600
    return 0 if (hour >= 20 or hour < 6) and all(a % DAY_S // 3600 != hour for a, _ in before) else None


def longest_ever(before, _leave):
    return 1.2 * max(b - a for a, b in before) if before else None


def percentile(before, leave):
    return usual_s(before, leave)


RULES = {"first departure ever at an hour of 20-06": first_night_hour, "1.2 times the longest ever": longest_ever,
         "95th percentile of this time of day": percentile}


def told_after(rule, before, leave, back):
    """Seconds after leaving at which the rule tells, or None; back None = never."""
    after = rule(before, leave)
    return after if after is not None and (back is None or after < back - leave) else None


def is_weekend(at):
    return (at // DAY_S + 4) % 7 in (0, 6)


def inject(kind, outings, index, draw):
    """The outings up to the one numbered index, that one changed; None where this one cannot be."""
    before, (leave, back) = outings[:index], outings[index]
    midnight = leave - leave % DAY_S
    if kind in ("rare hour", "short night exit"):
        rare = kind == "rare hour"
        start = midnight + draw.randrange(3600 if rare else 7200, 4 * 3600)
        lasts = max(600, back - leave) if rare else draw.randrange(600, 1200)
        return [outing for outing in before if outing[1] < start] + [(start, start + lasts)]
    if kind == "1-2 h off routine":
        start = leave + draw.choice((-1, 1)) * draw.randrange(3600, 7200)
        return [outing for outing in before if outing[1] < start] + [(start, start + back - leave)]
    if kind == "wrong day class":
        others = [outing for outing in before if is_weekend(outing[0]) != is_weekend(leave) and outing[1] - outing[0] >= 600]
        if not others:
            return None
        a, b = draw.choice(others)
        start = midnight + a % DAY_S
        return [outing for outing in before if outing[1] < start] + [(start, start + b - a)]
    usual = usual_s(before, leave) or back - leave
    factor = {"three times as long": 3, "1.5 times as long": 1.5, "never back": 1}[kind]
    return before + [(leave, leave + int(factor * usual))]


STRONG = ("rare hour", "three times as long", "never back", "short night exit")
MILD = ("1.5 times as long", "1-2 h off routine", "wrong day class")
