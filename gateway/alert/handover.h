/* Shift handover: what is open goes from one shift to the next by two signatures. Who goes off begins it and
 * names who comes on; the gateway says what is handed over; who comes on signs that very list. What has come
 * since the list was made makes a new list, which has to be looked at before it can be signed. A handover
 * that is not signed by the shift's end leaves the outgoing shift on call, and the town's desk hears of it.
 * Where the roster says that it is required, one that nobody began is begun at the turn, as overdue
 * (shift.c).
 *
 * It is for a roster, or for a role in a territory. Not a list of its own: what is open stands where it
 * always does, here is only how much there was and when. Inputs of the fold; pure, same thread. */
#ifndef HUYANG_ALERT_HANDOVER_H
#define HUYANG_ALERT_HANDOVER_H

#include "alert/action.h"
#include "alert/roster.h"

/* overdue: the shift has ended and nobody signed; replaced: begun anew before it was signed */
#define HANDOVER_STATE_MAP(X)                                                                                \
    X(OPEN, open)                                                                                            \
    X(OVERDUE, overdue)                                                                                      \
    X(SIGNED, signed)                                                                                        \
    X(REPLACED, replaced)
enum handover_state {
#define X(name, text) HANDOVER_##name,
    HANDOVER_STATE_MAP(X)
#undef X
        HANDOVER_STATE_COUNT
};
const char *handover_state_name(enum handover_state state);

/* renewed: there was more than on the list that was to be signed, and a new list was made */
#define HANDOVER_EVENT_MAP(X)                                                                                \
    X(BEGUN, begun)                                                                                          \
    X(RENEWED, renewed)                                                                                      \
    X(OVERDUE, overdue)                                                                                      \
    X(SIGNED, signed)                                                                                        \
    X(REPLACED, replaced)
enum handover_event_kind {
#define X(name, text) HANDOVER_EVENT_##name,
    HANDOVER_EVENT_MAP(X)
#undef X
        HANDOVER_EVENT_COUNT
};
const char *handover_event_name(enum handover_event_kind kind);
/* The life of a handover, as one table. False: refused, *ret_next is untouched. */
MUST_CHECK bool handover_next(enum handover_state state, enum handover_event_kind event,
                              enum handover_state *ret_next);

/* What is handed over: open alerts, open tasks, silences in force, residents who are not simply at home. */
#define HANDED_MAP(X)                                                                                        \
    X(ALERTS, alerts)                                                                                        \
    X(TASKS, tasks)                                                                                          \
    X(SILENCES, silences)                                                                                    \
    X(STATUSES, statuses)
enum handed {
#define X(name, text) HANDED_##name,
    HANDED_MAP(X)
#undef X
        HANDED_COUNT
};

enum { HANDOVERS_MAX = 128 };
#define HANDOVER_AHEAD_MAX_MS (INT64_C(31) * 86400000) /* how far away the shift's end may be */

struct handover {
    struct hash_id id; /* all zero = none */
    int64_t t_ms, changed_ms;
    int64_t due_ms;       /* the shift's end */
    int64_t list_ms;      /* when the list was made … */
    int64_t since_ms;     /* … and the one before it, which was seen; 0 = it is the first */
    uint64_t status_mark; /* of the residents' statuses on the list: another one, other statuses */
    uint32_t list;        /* its number, from 1 */
    uint32_t events;      /* so far; the last one's number */
    uint32_t order;       /* of the changes of the roster that keep the outgoing shift on call; 0 = none */
    uint32_t counts[HANDED_COUNT];
    uint8_t state; /* enum handover_state */
    uint8_t role;  /* enum role; of the roster when it is for one */
    uint8_t outgoing_count;
    char roster[ID_SIZE]; /* "" = for a role in a territory */
    char territory[16];   /* its code; "" = all of the county */
    char by[ID_SIZE], to[ID_SIZE], signed_by[ID_SIZE];
    char outgoing[ROSTER_ON_MAX][ID_SIZE]; /* the shift that goes off: responders by id, or who began it */
};
struct handover_event {
    int64_t t_ms;
    uint32_t number;
    uint8_t kind;     /* enum handover_event_kind */
    char by[ID_SIZE]; /* person, or "policy" */
    char why[256];    /* the person's note, or one English sentence */
};
/* A roster whose handover is required. */
struct shift {
    char roster[ID_SIZE]; /* "" = none */
    int64_t seen_ms;      /* its turns have been looked at up to and including then */
};

/* One JSON object, one line. */
void handover_to_json(const struct handover *handover, const struct tz *tz, struct buf *out);

#endif
