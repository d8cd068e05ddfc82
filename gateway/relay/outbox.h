/* The outbox: sends committed rows, each until it is done, and reports every change exactly once per state.
 * I/O; core loop only.
 *
 * Rows live here by copy (capped); after a crash the store hands back those whose job is not final. Order of
 * importance: red before the rest, with places of its own towards every receiver, so that a receiver that
 * hangs holds back neither red nor the others.
 *
 * HTTP and DC-09 rows: backoff 1 s, 2 s, 4 s … 5 min (red: at most 30 s) with +-20 % jitter, or what
 * Retry-After asks for (at most 5 min), until expiry. 2xx, 4xx, ACK and the rest: verdict.h. Police rows try
 * the primary, then at once the backup, each over its main and its backup path (outbox_police.c). Five
 * failures in a row, of a DC-09 path one, make a receiver rest 30 s from everything but red that has no other
 * way. States told: notify: delivered · task: sent (a person must answer it) · police and stand-down: sent
 * when the link took it, then accepted or rejected, and expired when nobody ever did; a stand-down that a
 * DC-09 receiver has: delivered · each: rejected, failed (not sendable at all), expired.
 *
 * COMMAND rows are published when the device has been heard (link up, or any message), again 5 s, 10 s, 20 s
 * … later until the device says `received` (outbox_on_state), and never after expiry. States told: sent
 * (first publish), expired.
 *
 * SMS and VOICE rows: a few attempts; sent when the operator took it, with the operator's own id as reason;
 * then what becomes of it (outbox_people.c): playing, delivered, accepted, rejected, failed; one that is
 * cancelled meanwhile is called off there. E-mail and
 * robots: delivered when the server took it. A receiver's messages a minute are limited, red's are not.
 *
 * A relay finishes each attempt exactly once and never from inside the call that failed. */
#ifndef HUYANG_RELAY_OUTBOX_H
#define HUYANG_RELAY_OUTBOX_H

#include "core/loop.h"
#include "relay/dc09_client.h"
#include "relay/relay.h"

enum {
    OUTBOX_ROWS_MAX = 100000,
    OUTBOX_ROWS_FOR_RED = 1000, /* of these, kept free for red */
    OUTBOX_BYTES_MAX = 64 << 20,
    OUTBOX_BYTES_FOR_RED = 4 << 20,
    OUTBOX_PER_RECEIVER = 8, /* attempts at once, for red and for the rest each */
};

struct outbox_config {
    struct loop *loop;
    const struct relay_settings *settings; /* borrowed; outbox_rebind when it changes */
    const char *county;
    const struct registry *registry;
    /* Publishes a command's bytes to a device's topic (QoS 1); ERR_BUSY = later. */
    enum err (*publish)(void *self, const char *device_id, const void *body, size_t len);
    /* A state of a row: sent, delivered, accepted, rejected, failed, expired. Never from inside outbox_add.
     * The caller turns it into an input; it may call outbox_add and outbox_on_state from here, not
     * outbox_free. */
    void (*on_delivery)(void *self, const struct delivery *delivery);
    const uint8_t *link_key; /* borrowed, LINK_KEY_SIZE bytes; NULL = links are not filled in */
    /* The time that rows expire by; NULL = the machine's wall clock. Set under a virtual clock. */
    int64_t (*wall_ms)(void *self);
    void *self;
};
struct outbox;
MUST_CHECK enum err outbox_new(const struct outbox_config *config, struct outbox **ret_outbox);
/* Aborts what is under way without telling, then frees. */
void outbox_free(struct outbox *outbox);
void outbox_rebind(struct outbox *outbox, const struct relay_settings *settings,
                   const struct registry *registry);

/* Takes a committed row (copied). A row whose id is there already is ignored (fail-open, restart). ERR_FULL:
 * kept by the store, handed in again when outbox_wants_more() says so. ERR_INVALID: channel NONE, an unknown
 * device, a body past RELAY_BODY_MAX. It goes out in the next outbox_tick or loop turn. */
MUST_CHECK enum err outbox_add(struct outbox *outbox, const struct outbox_row *row, struct now now);
/* True once after rows were refused as ERR_FULL and a quarter of the room is free again. */
bool outbox_wants_more(struct outbox *outbox);
/* The job has become final in the fold (played, cancelled, …), or its device said `received`: no more copies.
 */
void outbox_on_state(struct outbox *outbox, const struct hash_id *job, enum delivery_state state,
                     struct now now);
/* The row an operator knows by its own id; false when there is none. Walks all rows. */
bool outbox_find_ref(const struct outbox *outbox, enum way way, const char *ref, struct hash_id *ret_job);
/* The device was heard: what waits for it goes out now. */
void outbox_on_heard(struct outbox *outbox, uint32_t device, struct now now);
/* Its last will came: what is for it waits until it is heard again. */
void outbox_on_gone(struct outbox *outbox, uint32_t device, struct now now);
/* Due attempts, retries and expiries; returns the monotonic time of the next one, INT64_MAX = none. The
 * outbox also keeps a loop timer of its own for them, so that calling this is only needed to save a turn of
 * the loop after a commit. */
int64_t outbox_tick(struct outbox *outbox, struct now now);

struct outbox_stats {
    size_t waiting, in_flight;
    uint64_t sent;      /* attempts and publishes */
    uint64_t delivered; /* rows that were taken or accepted */
    uint64_t failed;    /* attempts that failed, and rows rejected or not sendable */
    uint64_t expired, refused_full;
    uint64_t called_off;     /* messages that an operator took back */
    uint64_t not_called_off; /* … and that it would or could not */
    int64_t oldest_red_ms;   /* wall time the oldest unfinished red row was made, 0 = none */
};
/* One path of a DC-09 receiver. */
struct outbox_path {
    enum police_place place;
    bool backup;
    const struct dc09_client_stats *stats;
};
/* The nth of the configured paths; false past the last one. */
bool outbox_path(struct outbox *outbox, unsigned n, struct outbox_path *ret_path);
/* What is wrong with the outbox (messages due for stall_ms and not sent) and its receivers: sets the parts of
 * `numbers` (PART_OF_COUNT of them, zeroed) that are in trouble. */
void outbox_troubles(struct outbox *outbox, struct now now, int64_t stall_ms, uint32_t *numbers);
/* Walks all rows: for a metrics page, not for every event. */
void outbox_stats(const struct outbox *outbox, struct outbox_stats *ret_stats);

#endif
