/* What detector_distrusted asks about its county. `state` is detector_distrusted_many's of the territory. */
#ifndef HUYANG_DETECT_DISTRUSTED_H
#define HUYANG_DETECT_DISTRUSTED_H

#include "detect/detector.h"

/* Is it told there that many devices are distrusted, and not over? */
bool distrusted_many_is_on(const void *state);

#endif
