/* What detector_gathering needs to know of detector_adopted_place's findings. */
#ifndef HUYANG_DETECT_ADOPTED_PLACE_H
#define HUYANG_DETECT_ADOPTED_PLACE_H

#include "detect/detector.h"

/* Is it the note that a resident has stayed at a place that is new to them? It carries `where`, and in
 * numbers[0] the second since when. */
bool adopted_place_is_new_stay(const struct finding *finding);

#endif
