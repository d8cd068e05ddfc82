/* What one commit carries: plain values in an arena, filled by the core loop, then owned by the store thread
 * until it is committed. Two batches exist; they change hands whole, so nothing in them is shared and nothing
 * needs a lock. A commit that failed for want of room is tried again with the same batch, unchanged. */
#ifndef HUYANG_BATCH_H
#define HUYANG_BATCH_H

#include "alert/campaign.h"
#include "alert/fleet.h"
#include "alert/rollout.h"
#include "core/arena.h"
#include "input.h"
#include "relay/relay.h"

#define BATCH_MAP(X)                                                                                         \
    X(INPUT)                                                                                                 \
    X(FINDING)                                                                                               \
    X(TRANSITION)                                                                                            \
    X(ALERT)                                                                                                 \
    X(JOB)                                                                                                   \
    X(DELIVERY)                                                                                              \
    X(WATERMARK)                                                                                             \
    X(GAP)                                                                                                   \
    X(STATE)                                                                                                 \
    X(STATE_DONE)                                                                                            \
    X(SILENCE)                                                                                               \
    X(ROSTER)                                                                                                \
    X(SUPPRESSION)                                                                                           \
    X(ANNOUNCEMENT)                                                                                          \
    X(SPOKEN)                                                                                                \
    X(CAMPAIGN)                                                                                              \
    X(REACH)                                                                                                 \
    X(ORDER)                                                                                                 \
    X(ROLLOUT)                                                                                               \
    X(TASK)                                                                                                  \
    X(LEDGER)                                                                                                \
    X(HANDOVER)
enum batch_kind {
#define X(name) BATCH_##name,
    BATCH_MAP(X)
#undef X
};

struct batch_input {
    uint64_t n;
    int64_t t_ms;
    uint8_t kind;    /* enum input_kind */
    uint32_t device; /* of a report, link or action on it, REGISTRY_NONE otherwise: for `trace` and erasing */
    uint32_t epoch;
    uint64_t first_seq;
    uint8_t lane, count;
    size_t len;
    const void *blob; /* input_encode */
};
struct batch_finding {
    uint64_t n; /* of the input, or of the last one before the timer that fired */
    struct finding finding;
};
/* What the audit trail keeps of a transition. `n` is the input's number (of the last one before the timer
 * that fired); 0 = that of the INPUT item before it in this batch, or of the last committed one. `line` is
 * the line that replay prints for it, without newline (empty = none). */
struct batch_transition {
    struct transition transition;
    uint64_t n;
    size_t len;
    const char *line;
};
struct batch_alert {
    struct hash_id id;
    int64_t opened_ms, changed_ms;
    struct subject subject;
    uint8_t family, level, state, acknowledged;
    size_t len;
    const char *json; /* alert_to_json */
};
struct batch_delivery {
    struct hash_id job, alert;
    int64_t t_ms;
    uint8_t job_kind; /* enum job_kind */
    uint8_t state;    /* enum delivery_state */
    bool canary;      /* its alert is a canary's; not stored */
    char reason[64];
};
struct batch_watermark {
    uint32_t device, epoch;
    uint8_t lane;
    uint64_t base, seen; /* seen when the batch was closed: becomes committed with it */
    uint64_t window[4];
    int64_t last_ms;
};
struct batch_gap {
    uint32_t device, epoch;
    uint8_t lane;
    uint64_t from, to; /* [from, to) were never received */
    int64_t t_ms;
};
struct batch_state {
    const char *table; /* "detect.sos", "alert", …; in the arena */
    uint16_t version;
    uint32_t no;
    size_t len; /* 0 = gone */
    const void *value;
};

struct batch_suppression {
    struct suppression suppression;
    char who[ID_SIZE]; /* id of the person who was not told; "" = the role as such, or a device */
};

struct batch_handover {
    struct handover handover;
    struct handover_event event;
    size_t len;
    const char *json; /* handover_to_json */
};

struct batch_task {
    struct task task;
    struct task_event event;
    size_t len;
    const char *json; /* task_to_json */
};

struct batch_ledger {
    struct ledger_entry entry;
    struct ledger_event event;
    size_t len;
    const char *json; /* ledger_to_json */
};

/* What a prompt's command says. */
struct batch_spoken {
    struct hash_id job;
    struct prompt_spoken spoken;
};
/* A campaign as it was after a change. */
struct batch_campaign {
    struct campaign campaign;
    int64_t t_ms;
};
/* How it stands with one person of a campaign's audience. */
struct batch_reach {
    struct hash_id campaign;
    int64_t t_ms;
    uint32_t resident;
    uint8_t reach; /* enum reach */
};

/* Only as many bytes are allocated as the item's kind uses: an item is never copied whole. */
struct batch_item {
    struct batch_item *next;
    enum batch_kind kind;
    union {
        struct batch_input input;
        struct batch_finding finding;
        struct batch_transition transition;
        struct batch_alert alert;
        struct outbox_row row;
        struct batch_delivery delivery;
        struct batch_watermark watermark;
        struct batch_gap gap;
        struct batch_state state;
        struct silence silence;
        struct roster_change roster;
        struct batch_suppression suppression;
        struct announcement announcement;
        struct batch_task task;
        struct batch_ledger ledger;
        struct batch_handover handover;
        struct batch_spoken spoken;
        struct batch_campaign campaign;
        struct batch_reach reach;
        struct device_order order;
        struct rollout rollout;
    };
};

struct batch {
    struct arena arena;
    struct batch_item *first, *last;
    size_t items;
    size_t events;          /* device events in it */
    uint64_t last_n;        /* highest input number; 0 = none */
    int64_t t_ms;           /* time ran to here */
    bool urgent;            /* holds something that must not wait */
    bool red;               /* holds a red job: fail-open watches it */
    bool snapshot;          /* its STATE items complete the snapshot at last_n */
    int64_t opened_mono_ms; /* when the first item came, for the commit delay and fail-open */
};

/* What one input with all it may cause is allowed to take: 64 events, their transitions and alerts, and a red
 * alert's jobs with bodies of up to 16 KiB. */
enum { BATCH_INPUT_BYTES = 2 << 20 };

/* `limit`: most bytes of one batch; sensible from 4 * BATCH_INPUT_BYTES. Allocates nothing yet. */
void batch_init(struct batch *batch, size_t limit);
void batch_release(struct batch *batch);
/* Empty again; the memory is kept. */
void batch_reset(struct batch *batch);
/* Appends an item with its kind set and all else zero; the caller fills it, with pointers into batch->arena
 * or to what outlives the batch. NULL when the arena is full or memory is short: the caller closes the batch
 * first (batch_room). */
struct batch_item *batch_add(struct batch *batch, enum batch_kind kind);
/* Is there room for one more input with all it may cause? Always true of an empty batch. */
bool batch_room(const struct batch *batch);

#endif
