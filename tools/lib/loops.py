"""Loops and pacing put into real traces, as the tracks of people who wander show them (Martino-Saltzman 1991).

Points are (local seconds, lat, lon).
"""
import math

METRES = 111195.0
KINDS = ("loops", "pacing")
SPEED, LASTS_S, NOISE_M = 0.9, 45 * 60, 5.0


def walk(kind, start, home, every_s, draw):
    """45 minutes at a place one to three kilometres from home: rounds of 50 to 90 m radius, or up and down 80 to 160 m."""
    east = METRES * math.cos(math.radians(home[0]))
    away, towards = draw.uniform(1000, 3000), draw.uniform(0, 2 * math.pi)
    middle = home[0] + away * math.sin(towards) / METRES, home[1] + away * math.cos(towards) / east
    size, heading = (draw.uniform(50, 90) if kind == "loops" else draw.uniform(80, 160)), draw.uniform(0, 2 * math.pi)
    points = []
    for second in range(0, LASTS_S, every_s):
        way = SPEED * second
        if kind == "loops":
            x, y = size * math.cos(way / size), size * math.sin(way / size)
        else:
            along = size - abs(way % (2 * size) - size)
            x, y = along * math.cos(heading), along * math.sin(heading)
        points.append((start + second, middle[0] + (y + draw.gauss(0, NOISE_M)) / METRES, middle[1] + (x + draw.gauss(0, NOISE_M)) / east))
    return points
