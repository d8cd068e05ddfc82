/* Bytes from the wire -> events (the fence around protobuf-c on the way in; acknowledgements out).
 *
 * Hostile input is expected: a message is parsed inside a capped arena (16 x its size + 8 KB); enum ranges,
 * ids, UTF-8, NUL, NaN and ranges are checked; what cannot be used is counted under a reason and never
 * aborts. One thread per decoder. */
#ifndef HUYANG_INGEST_DECODE_H
#define HUYANG_INGEST_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "ingest/event.h"
#include "ingest/topic.h"

/* Why an event or a message was not used. Each is a counter in /metrics. */
#define REFUSAL_MAP(X)                                                                                       \
    X(UNPARSABLE, unparsable) /* not a protobuf EventBatch, or over the arena cap: no ack */                 \
    X(OVERSIZED, oversized)   /* over 16 KiB or 64 events: no ack */                                         \
    X(EMPTY, empty)           /* a batch without events */                                                   \
    X(WRONG_LANE, wrong_lane) /* lane in the message is not the topic's */                                   \
    X(NO_KIND, no_kind)       /* an event without a kind, or one unknown to us */                            \
    X(BAD_VALUE, bad_value)   /* a number, id or text out of range */                                        \
    X(BAD_SEQ, bad_seq)       /* seq 0, base above first_seq, or an overflow */                              \
    X(RETAINED, retained)     /* a retained event is never new */                                            \
    X(WRONG_TOPIC, wrong_topic)                                                                              \
    X(WRONG_COUNTY, wrong_county)                                                                            \
    X(UNKNOWN_DEVICE, unknown_device) /* quarantined and listed: no ack */                                   \
    X(NOT_ITS_KIND, not_its_kind)     /* a wristband that reports a visit, a device without an owner, … */ \
    X(NO_CONSENT, no_consent)                                                                                \
    X(DUPLICATE, duplicate)                                                                                  \
    X(HELD_FULL, held_full)             /* no room to wait for a gap: the device sends again */              \
    X(OVERLOAD, overload)               /* shed; the device sends again */                                   \
    X(BEFORE_ADOPTION, before_adoption) /* it happened when the device was nobody's */
enum refusal {
    REFUSAL_NONE,
#define X(name, text) REFUSAL_##name,
    REFUSAL_MAP(X)
#undef X
        REFUSAL_COUNT
};
const char *refusal_name(enum refusal refusal);

struct decoded_batch {
    uint32_t epoch;
    enum lane lane;
    uint64_t base, first_seq;
    unsigned count;                        /* events in the message */
    struct event events[EVENT_BATCH_MAX];  /* key.epoch/seq/lane set; at_ms = the device's raw time, 0 when it
                                              has none */
    enum refusal refused[EVENT_BATCH_MAX]; /* REFUSAL_NONE = usable; otherwise only the key of that event is
                                              meaningful */
    unsigned unknown_enums, unknown_fields; /* tolerated and counted */
};

struct decoder;
MUST_CHECK enum err decoder_new(struct decoder **ret_decoder);
void decoder_free(struct decoder *decoder);
/* Parses one EventBatch. `lane` is the topic's. REFUSAL_NONE: *ret_batch is filled (single events in it may
 * be refused). Otherwise the whole message is refused and *ret_batch is untouched. */
enum refusal decode_batch(struct decoder *decoder, enum lane lane, const void *payload, size_t len,
                          struct decoded_batch *ret_batch);

struct link_message {
    uint8_t born; /* 1 birth, 0 last will */
    uint64_t ordinal;
    char firmware[33];
};
MUST_CHECK enum err decode_link(struct decoder *decoder, const void *payload, size_t len,
                                struct link_message *ret_link);
/* huyang.v1.VirtualClock */
MUST_CHECK enum err decode_clock(struct decoder *decoder, const void *payload, size_t len,
                                 int64_t *ret_time_ms);

/* Encoders for what the gateway itself says; each returns the bytes written into `to` (never more than its
 * size). */
enum { DECODE_SMALL_MAX = 128 };
size_t encode_ack(enum lane lane, uint32_t epoch, uint64_t seq, int64_t gateway_time_ms,
                  unsigned char to[DECODE_SMALL_MAX]);
size_t encode_gateway_state(bool up, const char *instance, unsigned char to[DECODE_SMALL_MAX]);
size_t encode_beat(uint64_t number, unsigned char to[DECODE_SMALL_MAX]);
size_t encode_clock(int64_t time_ms, unsigned char to[DECODE_SMALL_MAX]);

#endif
