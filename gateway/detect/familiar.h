/* Who comes to a home often, by the camera's own opaque ids: what detector_familiar remembers. `state` is its
 * state of the household. Ids never leave the home: nothing here links two homes (practice.md 11). */
#ifndef HUYANG_DETECT_FAMILIAR_H
#define HUYANG_DETECT_FAMILIAR_H

#include "detect/detector.h"

/* Seen on FAMILIAR_DAYS days before now without concern, lately. "" is nobody. */
bool familiar_knows(const void *state, const char *visitor_id);
/* Was somebody of that id seen here on a day before `day` (since 1970, local)? "" was not. */
bool familiar_saw_before(const void *state, const char *visitor_id, uint16_t day);
/* On how many days in a row of concern (at most ten days apart) a new acquaintance who was there at or after
 * `since_ms` gave concern, the present day included; 0 = nobody known by an id. */
unsigned familiar_concern_days(const void *state, int64_t since_ms);

#endif
