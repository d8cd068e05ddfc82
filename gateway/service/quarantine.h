/* Devices that were heard and are not in the registry: each is named once in the log, and counted. Core loop
 * only. */
#ifndef HUYANG_SERVICE_QUARANTINE_H
#define HUYANG_SERVICE_QUARANTINE_H

#include "api/look.h"
#include "core/clock.h"
#include "core/log.h"

enum { QUARANTINE_MAX = 4096 }; /* places; at most half of them are taken */

struct quarantine {
    uint64_t places[QUARANTINE_MAX]; /* hashes of ids, open addressing, 0 = free */
    size_t count;
    struct log_limit limit;
    struct look_stranger last[LOOK_STRANGERS_MAX]; /* for people: those heard lately */
    unsigned last_count;
};

/* An unknown device said something. Past the log's limit it is remembered, and named when it is heard again.
 */
void quarantine_note(struct quarantine *quarantine, const char *id, struct now now);
/* Those heard lately, the latest first. */
void quarantine_list(const struct quarantine *quarantine, struct look *look);

#endif
