/* What people's word about closed alerts is worth to a learned threshold (detection.md): an alert closed as
 * false or expected, after the resident or the family was reached, makes the detector more patient with this
 * person by LENIENCY_STEP of itself, at most by LENIENCY_MOST; that fades to nothing within LENIENCY_DAYS.
 * One closed as true ends it. Nobody was reached: no word is worth anything, for it may be a swindler's.
 * Pure; any thread. */
#ifndef HUYANG_DETECT_LENIENCY_H
#define HUYANG_DETECT_LENIENCY_H

#include "detect/detector.h"

#define LENIENCY_MOST 0.25
#define LENIENCY_STEP 0.0625
enum { LENIENCY_DAYS = 90 };

/* Part of a detector's state; zeroed = none. */
struct leniency {
    uint16_t day;   /* since 1970, of the last word */
    uint16_t share; /* of LENIENCY_MOST on that day, in 1/UINT16_MAX */
};

/* 0..LENIENCY_MOST. */
double leniency_on(const struct leniency *leniency, uint16_t day);
/* True when the closing was worth something. */
bool leniency_learn(struct leniency *leniency, uint16_t day, const struct closing *closing);

#endif
