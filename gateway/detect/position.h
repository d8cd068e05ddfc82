/* How far a fix can be trusted, and which zones apply to it: shared by the detectors of outings. Not for
 * where a resident usually is. Pure. */
#ifndef HUYANG_DETECT_POSITION_H
#define HUYANG_DETECT_POSITION_H

#include "detect/detector.h"

enum { POSITION_INTERVAL_S = 600, POSITION_ZONES_MAX = 64 };

/* Metres; what its source is good for where the device does not say. */
double position_accuracy_m(const struct event_fix *fix);
/* The device's report interval in milliseconds, 10 minutes where it is not known. */
int64_t position_interval_ms(const struct detect_context *context, const struct event *event);
/* Does the zone exist and, where it has a calendar, count at that moment? */
bool position_zone_is_on(const struct detect_context *context, const struct zone *zone, int64_t at_ms);
/* The first zone of the resident, of a kind in the bit set `kinds` (1 << ZONE_…), that holds p, calendars
 * aside; REGISTRY_NONE when none does. */
uint32_t position_zone_at(const struct detect_context *context, uint32_t resident, struct geo_point p,
                          uint32_t kinds);
/* Is p in a place that is nobody's business (practice.md 14)? */
bool position_is_protected(const struct detect_context *context, uint32_t resident, struct geo_point p);
/* Is p at a market that has a calendar, on one of its days? */
bool position_is_at_fair(const struct detect_context *context, uint32_t resident, struct geo_point p,
                         int64_t at_ms);

#endif
