#include "core/geo.h"

#include <math.h>

static const double earth_radius_m = 6371008.8;
static const double pi = 3.14159265358979323846;
static const double edge_m = 0.01;

static double radians(double degrees)
{
    return degrees * (pi / 180.0);
}

/* The short way round, so that a ring over the 180th meridian works too. */
static double lon_between(double from, double to)
{
    double d = to - from;
    if (d > 180.0)
        d -= 360.0;
    else if (d < -180.0)
        d += 360.0;
    return d;
}

double geo_distance_m(struct geo_point a, struct geo_point b)
{
    double lat = sin(radians(b.lat - a.lat) / 2.0), lon = sin(radians(b.lon - a.lon) / 2.0);
    double h = lat * lat + cos(radians(a.lat)) * cos(radians(b.lat)) * lon * lon;
    return 2.0 * earth_radius_m * asin(sqrt(h < 1.0 ? h : 1.0));
}

struct plane {
    double x, y; /* metres east and north of the point under test */
};

/* Equirectangular around `origin`; at the scale of a county the error is far below that of any fix. */
static struct plane project(struct geo_point origin, double east_scale, struct geo_point p)
{
    return (struct plane){.x = radians(lon_between(origin.lon, p.lon)) * east_scale,
                          .y = radians(p.lat - origin.lat) * earth_radius_m};
}

static double east_scale_at(struct geo_point p)
{
    return cos(radians(p.lat)) * earth_radius_m;
}

/* Distance from the origin to the segment a-b. */
static double plane_distance_m(struct plane a, struct plane b)
{
    double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    double t = square > 0.0 ? -(a.x * dx + a.y * dy) / square : 0.0;
    t = t < 0.0 ? 0.0 : t > 1.0 ? 1.0 : t;
    double x = a.x + t * dx, y = a.y + t * dy;
    return sqrt(x * x + y * y);
}

double geo_segment_distance_m(struct geo_point a, struct geo_point b, struct geo_point p)
{
    double scale = east_scale_at(p);
    return plane_distance_m(project(p, scale, a), project(p, scale, b));
}

/* True when the box around a-b, grown by the width of an edge, holds the origin: spares most edges the exact
 * distance. */
static bool box_near(struct plane a, struct plane b)
{
    return fmin(a.x, b.x) <= edge_m && fmax(a.x, b.x) >= -edge_m && fmin(a.y, b.y) <= edge_m &&
           fmax(a.y, b.y) >= -edge_m;
}

bool geo_in_ring(const struct geo_point *ring, size_t count, struct geo_point p)
{
    if (count == 0)
        return false;
    bool inside = false;
    double scale = east_scale_at(p);
    struct plane a = project(p, scale, ring[count - 1]);
    for (size_t i = 0; i < count; i++) {
        struct plane b = project(p, scale, ring[i]);
        if (box_near(a, b) && plane_distance_m(a, b) <= edge_m)
            return true;
        /* A ray to the east: an edge counts when it crosses y = 0 at some x > 0. The half-open comparison
         * counts a shared corner once. */
        if ((a.y > 0.0) != (b.y > 0.0) && a.x + (b.x - a.x) * (a.y / (a.y - b.y)) > 0.0)
            inside = !inside;
        a = b;
    }
    return inside;
}

double geo_ring_distance_m(const struct geo_point *ring, size_t count, struct geo_point p)
{
    if (count == 0)
        return INFINITY;
    double least = INFINITY, scale = east_scale_at(p);
    struct plane a = project(p, scale, ring[count - 1]);
    for (size_t i = 0; i < count; i++) {
        struct plane b = project(p, scale, ring[i]);
        least = fmin(least, plane_distance_m(a, b));
        a = b;
    }
    return least;
}

/* --- GCJ-02, as published by its re-discoverers (eviltransform, coordtransform): the Krasovsky 1940
 * ellipsoid and a sum of sines. --- */

static bool outside_mainland(struct geo_point p)
{
    return !(p.lon >= 72.004 && p.lon <= 137.8347 && p.lat >= 0.8293 && p.lat <= 55.8271);
}

/* How far GCJ-02 lies from WGS-84 at p, in degrees. */
static struct geo_point gcj02_shift(struct geo_point p)
{
    const double axis_m = 6378245.0, eccentricity2 = 0.00669342162296594323;
    double x = p.lon - 105.0, y = p.lat - 35.0, root = sqrt(fabs(x));
    double common = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0;
    double north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common +
                   (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0 +
                   (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0;
    double east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common +
                  (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0 +
                  (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0;
    double s = sin(radians(p.lat));
    double magic = 1.0 - eccentricity2 * s * s, root_magic = sqrt(magic);
    return (struct geo_point){
        .lat = north * 180.0 / (axis_m * (1.0 - eccentricity2) / (magic * root_magic) * pi),
        .lon = east * 180.0 / (axis_m / root_magic * cos(radians(p.lat)) * pi),
    };
}

struct geo_point geo_wgs84_to_gcj02(struct geo_point p)
{
    if (outside_mainland(p))
        return p;
    struct geo_point shift = gcj02_shift(p);
    return (struct geo_point){.lat = p.lat + shift.lat, .lon = p.lon + shift.lon};
}

struct geo_point geo_gcj02_to_wgs84(struct geo_point p)
{
    if (outside_mainland(p))
        return p;
    /* The shift changes by less than a hundredth of the distance moved, so each round gains two digits or
     * more. */
    struct geo_point w = p;
    for (int round = 0; round < 12; round++) {
        struct geo_point shift = gcj02_shift(w);
        struct geo_point next = {.lat = p.lat - shift.lat, .lon = p.lon - shift.lon};
        double moved = fabs(next.lat - w.lat) + fabs(next.lon - w.lon);
        w = next;
        if (moved < 1e-11)
            break;
    }
    return w;
}
