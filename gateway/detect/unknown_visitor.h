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
/* Is it the Spring Festival, and did somebody trusted bring others to the context's home within two days?
 * Then a family lives in, with guests and children whom nobody listed, and who is in the house at this minute
 * says little. */
bool unknown_visitor_family_lives_in(const struct detect_context *context, int64_t at_ms);
/* Does a finding of detector_unknown_visitor speak of a visit by somebody whom this camera had seen here on
 * an earlier day? `state` is of the finding's household. */
bool unknown_visitor_came_before(const void *state, const struct finding *finding);
/* Does a finding of detector_unknown_visitor say that an unknown person is indoors? */
bool unknown_visitor_is_indoors(const struct finding *finding);

#endif
