/* Foreign messages into the fold. The same way as native ones take (service/intake.h): known device? seen
 * before? may it say this? Then gateway_on_input(), so that a replay or a restart knows no difference.
 *
 * A foreign sender has neither epoch nor seq of ours and gets no acknowledgement. So the key of its events is
 * made from the message: 64 bits of a keyed hash over topic and payload, its upper half the epoch, its lower
 * half within a seq from DIALECTS_SEQ_FIRST on, where no native device ever comes; the last bits count the
 * events of the message. The last FOREIGN_SEEN messages of each device are remembered, across a restart too
 * (snapshot + inputs), and one that comes again is dropped: always, when it says when it happened, because
 * equal bytes are then the same message; else within a minute only, because a watch that cries for help twice
 * in the same words means it.
 *
 * Core loop only. */
#ifndef HUYANG_SERVICE_DIALECTS_H
#define HUYANG_SERVICE_DIALECTS_H

#include "gateway.h"
#include "ingest/dialects/dialects.h"
#include "ingest/link.h"
#include "ingest/sequence.h"
#include "service/doorkeeper.h"
#include "service/quarantine.h"

#define DIALECTS_SEQ_FIRST SEQUENCE_FOREIGN
#define DIALECTS_TABLE     "dialects" /* of the snapshot */
enum { DIALECTS_KINDS_MAX = 16 };

struct dialects_config {
    struct gateway *gateway; /* borrowed, like the rest */
    struct quarantine *quarantine;
    struct doorkeeper *doorkeeper;
    const struct dialect_settings *entries; /* read at every message: a reload changes them in place */
    const uint8_t *entry_count;
    /* A known device said something. */
    void (*on_heard)(void *self, uint32_t device, struct now now);
    void *self;
};
struct dialects;
MUST_CHECK enum err dialects_new(const struct dialects_config *config, struct dialects **ret_dialects);
void dialects_free(struct dialects *dialects);

/* Does this device speak a dialect? As it did when it was last heard; a restart knows what its snapshot knew.
 */
bool dialects_speaks(const struct dialects *dialects, uint32_t device);
/* What a command's job is to say at such a device: topic and payload are appended. ERR_UNSUPPORTED: its
 * dialect cannot say it. ERR_EXISTS: it was said already, and nothing is said twice. *ret_answers: the device
 * will answer; the answer becomes a command status (played) of the oldest job unanswered. */
MUST_CHECK enum err dialects_say(const struct dialects *dialects, uint32_t device, const struct hash_id *job,
                                 const struct foreign_words *words, struct buf *topic, struct buf *payload,
                                 bool *ret_answers);
/* It is on its way. */
void dialects_said(struct dialects *dialects, uint32_t device, const struct hash_id *job, bool answers,
                   int64_t t_ms);

/* One record of the ring; `t_ms` = arrival for the fold. False: the batch is full, offer the record again. */
bool dialects_take(struct dialects *dialects, const struct link_record *record, int64_t t_ms, struct now now);

/* Rows for what changed since the last one; to be called right after gateway_snapshot(). What finds no room
 * is written with the next one. */
void dialects_snapshot(struct dialects *dialects, struct batch *batch);
/* At start, a row of the snapshot; then every report that was replayed after it. ERR_UNSUPPORTED: of another
 * version. ERR_NOMEM. */
MUST_CHECK enum err dialects_restore(struct dialects *dialects, uint16_t version, uint32_t device,
                                     const void *value, size_t len);
MUST_CHECK enum err dialects_replayed(struct dialects *dialects, const struct report *report, int64_t t_ms);

struct dialects_stats {
    uint64_t messages, events, unknown_topics;
    uint64_t outcomes[DIALECTS_KINDS_MAX][FOREIGN_OUTCOME_COUNT]; /* by number of the dialect */
    uint64_t bad_fields[DIALECTS_KINDS_MAX];
    uint64_t refused[REFUSAL_COUNT]; /* messages, and single events by the registry's gate; NONE means nothing
                                      */
};
/* Borrowed. */
const struct dialects_stats *dialects_stats(const struct dialects *dialects);

/* The topic filters of all entries, for the link: at most `max`; returns their number. */
size_t dialects_filters(const struct dialect_settings *entries, unsigned count, char filters[][TOPIC_SIZE],
                        size_t max);

#endif
