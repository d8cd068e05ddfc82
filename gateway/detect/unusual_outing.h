/* What other detectors ask about a resident's learned routine. `state` is detector_unusual_outing's of the
 * resident. */
#ifndef HUYANG_DETECT_UNUSUAL_OUTING_H
#define HUYANG_DETECT_UNUSUAL_OUTING_H

#include "detect/detector.h"

/* Is today told as off the routine, and not over yet? */
bool unusual_outing_is_told(const void *state);
/* Days out that were learned, up to 128: below 28 nearly everything is new. */
unsigned unusual_outing_days(const void *state);
/* How new the place is for the resident at that hour, 0 (a daily one) .. 1 (never there). */
double unusual_outing_novelty(const struct detect_context *context, const void *state, struct geo_point p,
                              int64_t at_ms);

#endif
