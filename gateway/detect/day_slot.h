/* The time of day in slots of ten minutes, for detectors that ask "at about this hour?". Not for durations or
 * dates. Pure; any thread. */
#ifndef HUYANG_DETECT_DAY_SLOT_H
#define HUYANG_DETECT_DAY_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"

enum { DAY_SLOTS = 144, DAY_NIGHT_FROM_HOUR = 21, DAY_NIGHT_TO_HOUR = 6 };

/* 0..DAY_SLOTS-1 of that local time. */
uint8_t day_slot(const struct civil *local);
/* Is it between 21:00 and 06:00 there? Sun and habits differ: not for whether somebody sleeps. */
bool day_is_night(const struct tz *tz, int64_t at_ms);
/* How many slots two are apart, 0..DAY_SLOTS/2, midnight being no border. */
int day_slot_apart(uint8_t a, uint8_t b);
/* Are both at most `within` slots apart? */
bool day_slot_near(uint8_t a, uint8_t b, int within);

#endif
