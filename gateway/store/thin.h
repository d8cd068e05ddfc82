/* Makes a stored report less exact, as the retention says (retention.h). Pure. */
#ifndef HUYANG_STORE_THIN_H
#define HUYANG_STORE_THIN_H

#include "batch.h"

/* Each has days of its own, and its own place in the log up to which it was done. */
#define THIN_MAP(X) X(LOCATION, location) X(HEALTH, health) X(VISITOR, visitor)
enum thin {
#define X(name, text) THIN_##name,
    THIN_MAP(X)
#undef X
        THIN_COUNT
};
const char *thin_name(enum thin what);

/* The centre of the cell of about 500 m that holds the point. */
struct geo_point thin_cell(struct geo_point p);

enum thinned { THIN_UNCHANGED, THIN_CHANGED, THIN_EMPTY /* nothing of the report is left */ };
/* Appends the new blob to `out` when changed; *ret_count = its events. `events` has room for EVENT_BATCH_MAX.
 * ERR_CORRUPT: it cannot be read. */
MUST_CHECK enum err thin_report(const struct batch_input *stored, enum thin what, struct event *events,
                                struct buf *out, uint8_t *ret_count, enum thinned *ret_thinned);
/* Takes one id out of visits and departures; the rest of the report stays. The new blob is appended to `out`
 * when *ret_changed. ERR_CORRUPT. */
MUST_CHECK enum err thin_person(const struct batch_input *stored, const char *id, struct event *events,
                                struct buf *out, bool *ret_changed);

#endif
