/* What the fused detectors ask about the visits of a home. The answers are unknown_visitor.c's present
 * knowledge: a visit that ended is remembered for 20 minutes and the gap of the sessions. */
#ifndef HUYANG_DETECT_UNKNOWN_VISITOR_H
#define HUYANG_DETECT_UNKNOWN_VISITOR_H

#include "detect/detector.h"

struct stranger_visit {
    int64_t arrived_ms, last_ms; /* by the camera's time */
    int64_t indoors_ms;          /* since when indoors, 0 = never */
    struct event_key first;      /* the visit's first event */
    bool there;                  /* indoors and not seen to leave */
    bool unclear;                /* nobody could make out who it was */
};

/* Was somebody there between the two times whom the home does not list (familiar ones included: being often
 * seen is no excuse here), and nobody trusted with them? The one who stayed longest. `state` is
 * detector_unknown_visitor's of the household. */
bool unknown_visitor_stranger(const void *state, int64_t from_ms, int64_t to_ms,
                              struct stranger_visit *ret_visit);
/* Does a finding of detector_unknown_visitor say that an unknown person is indoors? */
bool unknown_visitor_is_indoors(const struct finding *finding);

#endif
