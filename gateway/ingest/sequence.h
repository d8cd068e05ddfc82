/* Which events of a device are new, in what order they may be evaluated, and up to where they are committed
 * (contracts.md 3).
 *
 * Per device and lane the last four epochs are remembered: a watermark (everything up to it was seen) and a
 * 256-bit window of what was seen above it. Two watermarks exist: seen (moves when an event enters the fold)
 * and committed (moves when its batch is on disk); only the committed one is ever acknowledged. Pure: no
 * clock, no I/O; owned by the core loop. */
#ifndef HUYANG_INGEST_SEQUENCE_H
#define HUYANG_INGEST_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "ingest/event.h"

enum { SEQUENCE_EPOCHS = 4, SEQUENCE_WINDOW = 256 };

/* No honest device comes near (an event a second for 30,000 years); the decoder refuses what lies above, so
 * that no sum overflows. */
#define SEQUENCE_MAX (UINT64_C(1) << 40)
/* From here on numbers are those that we make for events of foreign devices. */
#define SEQUENCE_FOREIGN (UINT64_C(1) << 39)

struct sequence_epoch {
    uint32_t epoch;
    bool used;
    uint64_t base;                         /* highest base the device has told */
    uint64_t seen;                         /* everything <= seen was seen, refused or below base */
    uint64_t committed;                    /* <= seen; what an ack may say */
    uint64_t window[SEQUENCE_WINDOW / 64]; /* bit i: seen + 1 + i was seen; bit 0 is never set */
    int64_t last_ms;                       /* arrival of its last batch, for choosing which epoch to forget */
};
struct sequence {
    struct sequence_epoch epochs[SEQUENCE_EPOCHS];
};

enum sequence_verdict {
    SEQUENCE_NEW,         /* evaluate now */
    SEQUENCE_COMMITTED,   /* known and on disk: acknowledge again */
    SEQUENCE_UNCOMMITTED, /* known, not yet on disk: drop without ack */
    SEQUENCE_ABOVE_GAP,   /* new, but something before it is missing: routine may wait, urgent goes on */
    SEQUENCE_TOO_FAR,     /* beyond the window: drop, the device sends again */
};

/* The epoch's entry, made (the least recently heard is forgotten) when absent; now_ms becomes its last_ms. A
 * new entry starts with seen = committed = base - 1, base clamped to 1..SEQUENCE_MAX; an old one is left
 * alone (see sequence_rebase). */
struct sequence_epoch *sequence_open(struct sequence *sequence, uint32_t epoch, uint64_t base,
                                     int64_t now_ms);
/* The same without making one; NULL when unknown. */
struct sequence_epoch *sequence_find(struct sequence *sequence, uint32_t epoch);
/* Takes the device's word that everything below `base` is gone. Returns how many of those were never seen;
 * when that is not 0, they lie in [*ret_from, base), a gap row, and *ret_from itself is one of them. A base
 * below the known one changes nothing; one above SEQUENCE_MAX is read as that. seen moves at once, committed
 * with the next commit. */
uint64_t sequence_rebase(struct sequence_epoch *epoch, uint64_t base, uint64_t *ret_from);
enum sequence_verdict sequence_judge(const struct sequence_epoch *epoch, uint64_t seq);
/* Marks seq as seen (evaluated or refused). What lies beyond the window is not marked. */
void sequence_mark(struct sequence_epoch *epoch, uint64_t seq);
/* Everything marked so far when the batch was closed is now on disk. `seen_then` is the value of epoch->seen
 * at that time. */
void sequence_commit(struct sequence_epoch *epoch, uint64_t seen_then);

#endif
