/* Answers of the visit sessions to other detectors (unknown_visitor.h). */
#include "detect/sight.h"
#include "detect/unknown_visitor.h"
#include "detect/visit_session.h"

bool unknown_visitor_stranger(const void *opaque, int64_t from_ms, int64_t to_ms,
                              struct stranger_visit *ret_visit)
{
    const struct visitor_state *state = opaque;
    const struct session *found = NULL;
    int64_t found_until_ms = 0;
    for (unsigned i = 0; i < SESSIONS; i++) {
        const struct session *session = &state->sessions[i];
        bool stranger = session->person_class >= SIGHT_UNCLEAR || session->person_class == SIGHT_FAMILIAR;
        bool goes_on = session->state == SESSION_OPEN && session->indoors_now;
        int64_t until_ms = goes_on ? INT64_MAX : session->last_at_ms;
        if (session->state == SESSION_FREE || !stranger || session->with_trusted ||
            session->arrived_ms > to_ms || until_ms < from_ms)
            continue;
        if (!found || until_ms > found_until_ms ||
            (until_ms == found_until_ms && session->arrived_ms < found->arrived_ms)) {
            found = session;
            found_until_ms = until_ms;
        }
    }
    if (!found)
        return false;
    *ret_visit = (struct stranger_visit){.arrived_ms = found->arrived_ms,
                                         .last_ms = found->last_at_ms,
                                         .indoors_ms = found->indoors_ms,
                                         .there = found_until_ms == INT64_MAX,
                                         .unclear = found->person_class == SIGHT_UNCLEAR};
    detect_key_set(&ret_visit->first, &found->first);
    return true;
}

bool unknown_visitor_came_before(const void *opaque, const struct finding *finding)
{
    const struct visitor_state *state = opaque;
    const struct event_key *first = &finding->evidence[0];
    for (unsigned i = 0; i < SESSIONS; i++) {
        const struct session *session = &state->sessions[i];
        if (session->state != SESSION_FREE && session->first.device == first->device &&
            session->first.epoch == first->epoch && session->first.lane == first->lane &&
            session->first.seq == first->seq)
            return session->came_before;
    }
    return false;
}
