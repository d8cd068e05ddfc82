/* What the files of the outbox share; nobody else includes this. */
#ifndef HUYANG_RELAY_OUTBOX_INNER_H
#define HUYANG_RELAY_OUTBOX_INNER_H

#include "relay/outbox.h"
#include "relay/outbox_rows.h"
#include "relay/receivers.h"
#include "relay/transport.h"
#include "relay/verdict.h"

enum { OUTBOX_DONE_IDS = 1024, OUTBOX_REST_IN_FLIGHT = 120 /* of the transport's places; red may use all */ };

struct outbox_device {
    int64_t heard_ms; /* monotonic + 1; 0 = not since the start or its last will */
    struct entry *first;
};

struct outbox {
    struct outbox_config config;
    char county[8];
    struct transport *transport;
    struct loop_timer *timer;
    int64_t warm_at_ms;  /* when outbox_warm is due again */
    int64_t timer_at_ms; /* what the timer is set to, INT64_MAX = off */
    struct outbox_rows rows;
    struct receivers receivers;
    struct outbox_device *devices; /* by registry number */
    uint32_t device_count;
    int64_t lane_paused_ms[OUTBOX_LANES]; /* the link is full: no publish before this */
    unsigned rest_in_flight, in_flight;
    bool starved, ticking;
    struct buf scratch; /* what is signed */
    /* Ids of rows that went out unpersisted and are done: their committed twins come later and must not go
     * out again. */
    struct hash_id done[OUTBOX_DONE_IDS];
    unsigned done_next, done_count;
    struct outbox_stats stats;
};

/* outbox.c */
/* Tells a state that is not the last one. The entry may be gone afterwards. */
void outbox_tell(struct outbox *outbox, const struct entry *entry, enum delivery_state state,
                 const char *reason);
/* Removes the entry, tells the state (DELIVERY_QUEUED: nothing) and frees it. */
void outbox_finish(struct outbox *outbox, struct entry *entry, enum delivery_state state, const char *reason);
void outbox_wait(struct outbox *outbox, struct entry *entry, enum entry_state state, int64_t due_ms);
/* The row's expiry on the monotonic clock. */
int64_t outbox_expiry_ms(const struct outbox *outbox, const struct entry *entry, struct now now);
void outbox_arm(struct outbox *outbox, struct now now);

/* outbox_send.c */
/* first, 2 x first, 4 x first … max before attempt 1, 2, 3 …, each +-20 %. The jitter comes from id and
 * attempt: rows spread, and a row's times can be told again. */
int64_t outbox_backoff_ms(const struct hash_id *id, uint32_t attempt, int64_t first_ms, int64_t max_ms);
void outbox_publish(struct outbox *outbox, struct entry *entry, struct now now);
/* Starts the attempt of an HTTP row, or puts it where it has to wait. */
void outbox_attempt(struct outbox *outbox, struct entry *entry, struct now now);
/* The attempt is over: the next way at once, this one again later, or the end. */
void outbox_attempt_over(struct outbox *outbox, struct entry *entry, const struct verdict *verdict,
                         struct now now);
/* Starts what waits for a free place, red first. */
void outbox_start_ready(struct outbox *outbox, struct now now);
/* How the receiver is asked, whatever for: its URL, its certificates, the time an attempt may take. */
void outbox_address(const struct outbox *outbox, const struct receiver *receiver,
                    struct transport_request *request);
/* Sends the warm-ups that are due; returns when the next one is, INT64_MAX = never. */
int64_t outbox_warm(struct outbox *outbox, struct now now);

/* Takes a place at the receiver; the transport holds the entry. And gives it back. */
void outbox_depart(struct outbox *outbox, struct receiver *receiver, struct entry *entry);
void outbox_return(struct outbox *outbox, struct entry *entry, struct now now);

/* outbox_people.c */
static inline bool outbox_is_operator(const struct outbox_row *row)
{
    return row->channel == CHANNEL_SMS || row->channel == CHANNEL_VOICE;
}
static inline bool outbox_is_people(const struct outbox_row *row)
{
    return outbox_is_operator(row) || row->channel == CHANNEL_EMAIL || row->channel == CHANNEL_WECOM ||
           row->channel == CHANNEL_DINGTALK || row->channel == CHANNEL_NTFY;
}
MUST_CHECK enum err outbox_send_people(struct outbox *outbox, const struct receiver *receiver,
                                       struct entry *entry, struct now now);
/* How often it is tried before the person's next way is better. */
unsigned outbox_attempts_allowed(const struct entry *entry);
/* The operator has it: waits for what becomes of it. */
void outbox_await(struct outbox *outbox, struct entry *entry, struct now now);
/* Nobody awaits the row any more, and its attempt or poll is over. One that was cancelled and that the
 * operator has or `may_have` is called off there; the rest is finished. */
void outbox_let_go(struct outbox *outbox, struct entry *entry, bool may_have, struct now now);
/* Tells the operator, again after a moment when it does not answer. */
void outbox_call_off(struct outbox *outbox, struct entry *entry, struct now now);
/* It is time to ask, or to wait no longer. */
void outbox_word_due(struct outbox *outbox, struct entry *entry, struct now now);

/* outbox_police.c */
static inline bool outbox_is_police(const struct outbox_row *row)
{
    return row->channel == CHANNEL_CAP || row->channel == CHANNEL_DC09;
}
/* The receiver of this attempt; NULL when none is configured that could take the row. *ret_refused: those
 * that could have all refused it. */
struct receiver *outbox_choose_way(struct outbox *outbox, struct entry *entry, struct now now,
                                   bool *ret_refused);
/* Marks the way as failed in this round; true when there is another to be tried at once. */
bool outbox_next_way(struct outbox *outbox, struct entry *entry, bool refused);
/* Makes, changes and keeps the clients of the DC-09 paths as they are configured. */
MUST_CHECK enum err outbox_bind_dc09(struct outbox *outbox);
MUST_CHECK enum err outbox_send_dc09(struct receiver *receiver, struct entry *entry);

#endif
