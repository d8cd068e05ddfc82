/* What unknown_visitor.c remembers of a home: its visit sessions. Read by unknown_visitor_asked.c, and by
 * nobody else; a detector's state, so without pointers. */
#ifndef HUYANG_DETECT_VISIT_SESSION_H
#define HUYANG_DETECT_VISIT_SESSION_H

#include "detect/detector.h"

enum { SESSIONS = 8 };
enum session_state { SESSION_FREE, SESSION_OPEN, SESSION_LEFT };
enum stage { STAGE_NONE, STAGE_DOORSTEP, STAGE_INDOORS, STAGE_LONG };

struct session {
    uint64_t visit;      /* hash of the camera's visit_id */
    int64_t heard_ms;    /* arrival of its last event */
    int64_t arrived_ms;  /* by the device's time */
    int64_t indoors_ms;  /* since when indoors, by the device's time; 0 = not yet */
    int64_t outdoors_ms; /* since when back at the doorstep, 0 = not */
    int64_t last_at_ms;  /* its last event, by the device's time */
    struct event_key first, last;
    float confidence;
    uint8_t state;        /* enum session_state */
    uint8_t person_class; /* enum sight_class */
    uint8_t trusted_too;  /* a trusted person is (also) among them */
    uint8_t people;
    uint8_t told;  /* 0 = nothing, else 1 + level */
    uint8_t stage; /* enum stage that was told */
    uint8_t late;
    uint8_t indoors_now;
    uint8_t with_trusted; /* a trusted person was among them at any time */
    uint8_t settling;     /* a late visit whose leave may still come; not turned yellow before SETTLE_MS */
    uint8_t came_before;  /* one of them was seen here on an earlier day */
};
struct visitor_state {
    struct session sessions[SESSIONS];
    uint8_t told;      /* of the home: 0 = nothing, else 1 + level */
    int64_t family_ms; /* when a trusted person was last seen in the company of others */
    int64_t stay_ms;   /* of the last long stay that was counted; 0 = none yet */
    float stays_new,
        stays_known; /* long stays a day as of stay_ms: of people never seen before, and others */
};

#endif
