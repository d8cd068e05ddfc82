"""Times in the town are local seconds since 1970-01-01 00:00 there (UTC+8); days are such seconds // DAY_S. Also the lunar day of the month."""
import datetime
import math

DAY_S, HOUR_S, MINUTE_S = 86400, 3600, 60
EPOCH = datetime.date(1970, 1, 1)
prefixes = {}


def stamp(t):
    day, rest = divmod(int(t), DAY_S)
    prefix = prefixes.get(day)
    if prefix is None:
        prefix = prefixes[day] = date_of(day).isoformat()
    return f"{prefix}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}+08:00"


def date_of(day):
    return EPOCH + datetime.timedelta(days=int(day))


def day_of(text):
    return (datetime.date.fromisoformat(text) - EPOCH).days


def weekday(day):
    """0 = Monday."""
    return (day + 3) % 7


def new_moon_day(month):
    """Local day of the new moon numbered so (0 = January 2000): the mean moon and its eight largest terms (Meeus, Astronomical Algorithms, 49), good to minutes."""
    t = month / 1236.85
    mean = 2451550.09766 + 29.530588861 * month + 0.00015437 * t * t
    sun = math.radians(2.5534 + 29.10535670 * month)
    moon = math.radians(201.5643 + 385.81693528 * month)
    node = math.radians(160.7108 + 390.67050284 * month)
    mean += (-0.40720 * math.sin(moon) + 0.17241 * math.sin(sun) + 0.01608 * math.sin(2 * moon) + 0.01039 * math.sin(2 * node)
             + 0.00739 * math.sin(moon - sun) - 0.00514 * math.sin(moon + sun) + 0.00208 * math.sin(2 * sun) - 0.00111 * math.sin(moon - 2 * node))
    beijing = mean - 2440587.5 + (8 * HOUR_S - 69) / DAY_S
    return math.floor(beijing)


def lunar_day(day):
    month = math.floor((day - 10962) / 29.530588861) + 1  # 10962 = 6 January 2000
    while new_moon_day(month) > day:
        month -= 1
    return day - new_moon_day(month) + 1
