/* What detector_silent asks about its village. `state` is detector_area_outage's of the territory. */
#ifndef HUYANG_DETECT_AREA_OUTAGE_H
#define HUYANG_DETECT_AREA_OUTAGE_H

#include "detect/detector.h"

/* Is an outage told there, and not over? */
bool area_outage_is_on(const void *state);

#endif
