/* The time of the fold, made from the two clocks of the machine: near the wall clock, but never running back
 * and never standing still, whatever is done to the wall clock.
 *
 * Why not the wall clock itself: the fold's timers hold an SOS's escalation. A wall clock that was hours
 * ahead for a moment and is set right again would stop all of them for hours. So a leap forward counts only
 * after it has lasted FOLD_CLOCK_DOUBT_MS (meanwhile time runs by the monotonic clock), and a fold that is
 * ahead of the wall clock goes on at half speed until that has caught up: a timer takes at most twice its
 * time.
 *
 * Pure: both clocks are arguments. One owner. */
#ifndef HUYANG_SERVICE_FOLD_CLOCK_H
#define HUYANG_SERVICE_FOLD_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"

enum {
    FOLD_CLOCK_LEAP_MS = 2000,  /* the wall clock may gain so much between two looks without being doubted */
    FOLD_CLOCK_DOUBT_MS = 30000 /* how long a larger leap must last to be believed */
};

struct fold_clock {
    int64_t t_ms;    /* last reading */
    int64_t mono_ms; /* when it was taken */
    int64_t leap_ms; /* monotonic time since when the wall clock has been too far ahead, 0 = it is not */
    int64_t half_ms; /* what half speed has left over */
    bool started;
};

/* `t_ms`: to where time had come at the last commit, 0 = never ran. The first reading is the wall clock's, or
 * t_ms when that is later. */
void fold_clock_init(struct fold_clock *clock, int64_t t_ms);
/* The fold's time at `now`; at least the reading before. A `now` from before the last one gives the same. */
int64_t fold_clock_read(struct fold_clock *clock, struct now now);
/* How far the last reading is ahead of (or, while a leap is doubted, behind) the wall clock. */
int64_t fold_clock_ahead_ms(const struct fold_clock *clock, struct now now);

#endif
