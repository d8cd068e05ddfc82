/* Devices that were heard and may not speak: nobody registered them, their row is gone, or they are of
 * another county. A bounded list, kept with the commits, so that a restart forgets none of it; each is named
 * once in the log. Core loop only. */
#ifndef HUYANG_SERVICE_QUARANTINE_H
#define HUYANG_SERVICE_QUARANTINE_H

#include "api/look.h"
#include "batch.h"
#include "core/clock.h"
#include "core/log.h"

enum {
    QUARANTINE_MAX = 4096, /* places of those named in the log; at most half of them are taken */
    QUARANTINE_VERSION = 1
};
#define QUARANTINE_TABLE   "service.quarantine"
#define QUARANTINE_KEEP_MS ((int64_t)60 * 1000) /* what grows is written at most so often */

/* As it is stored: no padding but zeros. */
struct quarantine_entry {
    struct look_stranger stranger; /* id "" = free */
    bool changed;                  /* since it was written last */
};
struct quarantine {
    uint64_t places[QUARANTINE_MAX]; /* hashes of ids, open addressing, 0 = free */
    size_t count;
    struct log_limit limit;
    struct quarantine_entry entries[LOOK_STRANGERS_MAX]; /* in no order; their place is their row's number */
    unsigned changed;                                    /* entries */
    int64_t asked_ms; /* monotonic: when a snapshot was asked for last; 0 = ask at once */
};

/* A device that may not speak said something. Past the log's limit it is remembered, and named when it is
 * heard again; when the list is full, the one heard longest ago makes room. */
void quarantine_note(struct quarantine *quarantine, const char *id, enum quarantine_reason reason,
                     struct now now);
/* The list, the latest first. */
void quarantine_list(const struct quarantine *quarantine, struct look *look);
/* Somebody decided that this one is of no interest: it stands at the end, marked. ERR_NOT_FOUND. */
MUST_CHECK enum err quarantine_dismiss(struct quarantine *quarantine, const char *id, const char *by,
                                       struct now now);
/* Is it time to write what has changed? A person's word is written at once. True asks for a snapshot, with
 * which alone states are stored; the next time is QUARANTINE_KEEP_MS later. */
bool quarantine_is_due(struct quarantine *quarantine, struct now now);
/* Puts what has changed into the batch of a snapshot, as far as it has room. */
void quarantine_snapshot(struct quarantine *quarantine, struct batch *batch);
/* A row of the store on the way back. ERR_UNSUPPORTED: not of this version. */
MUST_CHECK enum err quarantine_restore(struct quarantine *quarantine, uint16_t version, uint32_t no,
                                       const void *value, size_t len);

#endif
