/* What the other fraud detectors ask of detector_led_away. `state` is its state of the household. */
#ifndef HUYANG_DETECT_LED_AWAY_H
#define HUYANG_DETECT_LED_AWAY_H

#include "detect/detector.h"

/* Is it told, and not over, that this resident left with or after a stranger? */
bool led_away_is_told(const void *state, uint32_t resident);
/* Was an unknown companion seen beside the resident when they left, and are they not back? */
bool led_away_has_unknown_companion(const void *state, uint32_t resident);

#endif
