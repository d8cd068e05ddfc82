/* The one ordered input log of a county (contracts.md 1): nothing else ever enters the fold. Live, replay and
 * recovery feed the same structs to the same functions, which is why they give the same bytes. */
#ifndef HUYANG_INPUT_H
#define HUYANG_INPUT_H

#include "alert/alert.h"
#include "ingest/conduct.h"
#include "ingest/event.h"

#define INPUT_MAP(X)                                                                                         \
    X(REPORT, report)     /* admitted events of one device that belong together */                           \
    X(ACTION, action)     /* what a person did */                                                            \
    X(DELIVERY, delivery) /* what a relay or device said about a job */                                      \
    X(LINK, link)         /* a device's birth or last will */                                                \
    X(BROKER, broker)     /* the gateway's own connection went up or down */                                 \
    X(REGISTRY, registry) /* a new registry version came into force */                                       \
    X(CONFIG, config)     /* a new configuration came into force */                                          \
    X(CONDUCT, conduct)   /* a device floods or repeats itself: what intake alone can see */                 \
    X(TROUBLE, trouble)   /* what the service sees of the gateway itself */
enum input_kind {
    INPUT_NONE,
#define X(name, text) INPUT_##name,
    INPUT_MAP(X)
#undef X
        INPUT_KIND_COUNT
};
const char *input_kind_name(enum input_kind kind);

struct report {
    uint32_t device, epoch;
    uint64_t first_seq; /* events[i] has seq first_seq + i unless its key says otherwise */
    uint8_t lane;
    uint8_t count;              /* 1..EVENT_BATCH_MAX */
    const struct event *events; /* borrowed */
};
/* The number of the i'th event: one whose key has none takes that of its place. */
static inline uint64_t report_seq(const struct report *report, unsigned i)
{
    uint64_t seq = report->events[i].key.seq;
    return seq != 0 ? seq : report->first_seq + i;
}
struct device_link {
    uint32_t device;
    uint64_t ordinal;
    uint8_t up;
};

struct input {
    uint64_t n;   /* from 1; 0 = not numbered yet */
    int64_t t_ms; /* arrival; never below its predecessor's */
    uint8_t kind; /* enum input_kind */
    union {
        struct report report;
        struct action action;
        struct delivery delivery;
        struct device_link link;
        struct conduct conduct;
        uint8_t broker_up;
        struct part_trouble trouble;
        char version[80]; /* SHA-256 hex of the registry or configuration */
    };
};

/* Carries what belongs to an entry of the ledger of clues; carries a roster_order; is about
 * a handover. */
static inline bool action_is_of_ledger(const struct action *action)
{
    return action->kind >= ACTION_LEDGER_ASSIGN && action->kind <= ACTION_LEDGER_CLOSE;
}
static inline bool action_is_roster_change(const struct action *action)
{
    return action->kind == ACTION_ROSTER_OVERRIDE || action->kind == ACTION_ROSTER_SWAP;
}
static inline bool action_is_handover(const struct action *action)
{
    return action->kind == ACTION_HANDOVER_BEGIN || action->kind == ACTION_HANDOVER_SIGN;
}

/* The stored form (versioned; events by their compact codec). `out` is appended to; check out->failed
 * afterwards. n, t and kind are not in it: they are columns of their own. Enum values are stored as numbers,
 * so new ones are only ever added at the end of their map. */
void input_encode(const struct input *input, struct buf *out);
/* The way back. Events are written into `events` (room for EVENT_BATCH_MAX). ERR_CORRUPT on anything
 * unexpected. */
MUST_CHECK enum err input_decode(uint64_t n, int64_t t_ms, enum input_kind kind, const void *blob, size_t len,
                                 struct event *events, struct input *ret_input);

/* A line of contracts.md 6 for this input, without newline: what `journal export` writes. Report lines carry
 * "lane", "epoch" and "seq" beside the contract's members, so that replay derives the same ids; "seqs" (one
 * each) when the numbers are not consecutive; "reports" (one each) unless all were marked 1, which
 * is what a line without the list means. An event has "at" whenever its device told a time, so that the
 * reader comes to the same flags; a time that was refused (EVENT_AT_BAD) is written as
 * 1970-01-01T00:00:00.001, which is refused again. A device that the registry lacks is written as "?". */
void input_to_json(const struct input *input, const struct registry *registry, const struct tz *tz,
                   struct buf *out);

#endif
