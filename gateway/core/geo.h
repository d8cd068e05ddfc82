/* Geometry on the WGS-84 sphere at the scale of a county. Pure. */
#ifndef HUYANG_CORE_GEO_H
#define HUYANG_CORE_GEO_H

#include <stdbool.h>
#include <stddef.h>

struct geo_point {
    double lat, lon; /* degrees, WGS-84 */
};

/* Great-circle distance in metres (haversine, mean radius 6 371 008.8 m). */
double geo_distance_m(struct geo_point a, struct geo_point b);
/* Even-odd rule over a closed ring (first point need not be repeated); edges count as inside within a
 * centimetre or so. */
bool geo_in_ring(const struct geo_point *ring, size_t count, struct geo_point p);
/* Distance in metres from p to the ring's border, >= 0. */
double geo_ring_distance_m(const struct geo_point *ring, size_t count, struct geo_point p);
/* Distance in metres from p to the segment a-b. */
double geo_segment_distance_m(struct geo_point a, struct geo_point b, struct geo_point p);
/* GCJ-02 (the datum of Chinese maps) to WGS-84, by fixed-point inversion of the published obfuscation;
 * residual below 1 mm. Outside the mainland rectangle both datums are taken as equal, as peers do. */
struct geo_point geo_gcj02_to_wgs84(struct geo_point p);
struct geo_point geo_wgs84_to_gcj02(struct geo_point p);

#endif
