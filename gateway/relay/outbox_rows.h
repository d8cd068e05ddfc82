/* The outbox's rows in memory: by id (hash table), by due time (a heap per kind of way and urgency), by
 * device (a list). Bookkeeping only: no I/O, no time of its own. An entry is in at most one heap and at most
 * one receiver's ready list. */
#ifndef HUYANG_RELAY_OUTBOX_ROWS_H
#define HUYANG_RELAY_OUTBOX_ROWS_H

#include "relay/relay.h"

/* Red stands apart, so that it never waits behind the rest; OUT is what does not go over MQTT. The order is
 * the order of serving. */
enum outbox_lane { OUTBOX_COMMAND_RED, OUTBOX_OUT_RED, OUTBOX_COMMAND_REST, OUTBOX_OUT_REST, OUTBOX_LANES };

enum entry_state {
    ENTRY_WAITING,   /* in its heap, due = next attempt */
    ENTRY_UNHEARD,   /* a command whose device was not heard yet; in its heap, due = expiry */
    ENTRY_READY,     /* in its receiver's list, waiting for a free place; in its heap, due = expiry */
    ENTRY_IN_FLIGHT, /* in no heap; the transport will say when it is over */
    ENTRY_TAKEN,     /* the link took it, nobody accepted it yet; in its heap, due = expiry */
};

struct receiver;
struct outbox;
struct entry {
    struct outbox_row row; /* body points behind the struct */
    struct outbox *outbox;
    struct receiver *receiver;     /* no command; while READY or IN_FLIGHT */
    struct entry *next, *previous; /* READY: the receiver's list; commands: the device's list */
    int64_t due_ms;                /* monotonic */
    int64_t published_ms;          /* monotonic; of the last publish, 0 = never */
    size_t heap_at;                /* index + 1 in its heap; 0 = in none */
    uint32_t attempts;
    uint8_t lane, state; /* enums */
    char why[64];        /* the last failure */
    uint8_t way;         /* police: which of the ways this attempt takes */
    uint8_t tried;       /* … a bit for each that failed in this round */
    uint8_t refused;     /* … and that refused this row: it is not asked again */
    int64_t give_up_ms;  /* SMS, VOICE once taken: monotonic; when no word is waited for any more */
    bool heard;          /* … VOICE: somebody has answered */
    bool told_sent;
    bool gone;       /* cancelled while in flight: freed when the transport is done */
    bool called_off; /* SMS, VOICE: the operator is to be told that it is not wanted any more */
};

struct outbox_heap {
    struct entry **entries;
    size_t count, cap;
};
struct outbox_rows {
    struct entry **table; /* open addressing; cap is a power of two */
    size_t count, cap, bytes;
    struct outbox_heap heaps[OUTBOX_LANES];
};

/* A copy of the row; ERR_NOMEM, ERR_EXISTS. It is in the table, in no heap. */
MUST_CHECK enum err rows_add(struct outbox_rows *rows, const struct outbox_row *row,
                             struct entry **ret_entry);
struct entry *rows_find(const struct outbox_rows *rows, const struct hash_id *id);
/* The entry's own copy of the body, to be changed in place. */
static inline char *rows_body(struct entry *entry)
{
    return (char *)(entry + 1);
}
/* Out of table and heap; the entry stays alive (entry_free). */
void rows_remove(struct outbox_rows *rows, struct entry *entry);
void entry_free(struct entry *entry);
/* Puts the entry into its heap, or moves it there. Never fails: rows_add made the room. */
void rows_schedule(struct outbox_rows *rows, struct entry *entry, int64_t due_ms);
void rows_unschedule(struct outbox_rows *rows, struct entry *entry);
/* The next one of a lane, NULL when there is none. */
struct entry *rows_first(const struct outbox_rows *rows, enum outbox_lane lane);
void rows_release(struct outbox_rows *rows); /* frees every entry too */

#endif
