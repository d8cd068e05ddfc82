/* The JSON of replay lines and of the journal (contracts.md 6). */
#ifndef HUYANG_INGEST_EVENT_JSON_H
#define HUYANG_INGEST_EVENT_JSON_H

#include "core/buf.h"
#include "core/clock.h"
#include "core/json.h"
#include "ingest/event.h"

struct event_json_error {
    char text[160]; /* what is wrong and where, in English: "fix.lat: 91 is outside -90..90" */
};

/* Reads `{"fix":{…},"at":"…"}`. Exactly one kind; unknown kinds and fields are errors here (a timeline is
 * written by people). Missing optional fields take their defaults: fix.valid true, sos.phase pressed,
 * fall.phase detected, visit.place doorstep, datum wgs84, confidence absent. `event` gets kind, payload, and
 * device time in *ret_device_ms (0 when there is no "at"). Key, at_ms and flags are the caller's. */
MUST_CHECK enum err event_from_json(const struct json *node, struct event *ret_event, int64_t *ret_device_ms,
                                    struct event_json_error *ret_error);

/* Appends `{"fix":{…}}`, with `"at":"…"` as a second member when `device_ms` is not 0. Fields in table order;
 * absent ones left out; reals in the shortest form that reads back equal (%.17g at most). event_from_json of
 * the result gives an equal event. */
void event_to_json(const struct event *event, int64_t device_ms, const struct tz *tz, struct buf *out);

#endif
