/* The ledger of clues: what an alert that was closed as true or transferred leaves to be done, as a thing of
 * its own with a responsible person, a due date, what was done, to which authority it went and how it ended.
 * An entry is opened in the commit that closes its alert and has that alert's id. Who becomes responsible by
 * another's word is told, by the ways people are told but a call. What is not closed in time is told to the
 * responsible person, then one desk up, until somebody closes it. Of alerts about devices only those leave an
 * entry in which somebody may have had a hand. Part of the alert stage: pure, same thread. */
#ifndef HUYANG_ALERT_LEDGER_H
#define HUYANG_ALERT_LEDGER_H

#include "alert/action.h"

#define LEDGER_STATE_MAP(X)                                                                                  \
    X(OPEN, open)                                                                                            \
    X(HANDLING, handling)                                                                                    \
    X(TRANSFERRED, transferred)                                                                              \
    X(CLOSED, closed)
enum ledger_state {
#define X(name, text) LEDGER_##name,
    LEDGER_STATE_MAP(X)
#undef X
        LEDGER_STATE_COUNT
};
const char *ledger_state_name(enum ledger_state state);
enum ledger_state ledger_state_from_name(const char *name); /* LEDGER_STATE_COUNT when unknown */

/* overdue: not closed in time, somebody is told */
#define LEDGER_EVENT_MAP(X)                                                                                  \
    X(OPENED, opened)                                                                                        \
    X(ASSIGNED, assigned)                                                                                    \
    X(HANDLED, handled)                                                                                      \
    X(TRANSFERRED, transferred)                                                                              \
    X(OVERDUE, overdue)                                                                                      \
    X(CLOSED, closed)
enum ledger_event_kind {
#define X(name, text) LEDGER_EVENT_##name,
    LEDGER_EVENT_MAP(X)
#undef X
        LEDGER_EVENT_COUNT
};
const char *ledger_event_name(enum ledger_event_kind kind);
/* The life of an entry, as one table. False: refused, *ret_next is untouched. What is closed never changes.
 */
MUST_CHECK bool ledger_next(enum ledger_state state, enum ledger_event_kind event,
                            enum ledger_state *ret_next);

/* Seconds until an entry is due: of orange, red and emergencies, or of anything else. */
struct ledger_settings {
    uint32_t due_s, calm_due_s; /* 259200, 1209600; 3600..31536000 */
};

enum { LEDGER_MAX = 20000, LEDGER_TOLD_MAX = 16 /* so often an overdue entry is told */ };
struct ledger_entry {
    struct hash_id alert; /* which it came of: its own id too */
    struct subject subject;
    int64_t opened_ms, changed_ms, due_ms;
    int64_t remind_ms;                         /* when it is told as overdue, next */
    int64_t transferred_ms;                    /* when it was handed over, as a person says; 0 = not */
    int64_t closed_ms;                         /* 0 = not */
    uint32_t events;                           /* so far; the last one's number */
    uint8_t state, family, level, disposition; /* enums; the last three as the alert was closed */
    uint8_t result;                            /* enum ledger_result, once closed */
    uint8_t role;                              /* who was or will be told that it is overdue */
    uint8_t told;                              /* so often, since the due date was set last */
    uint8_t steps;                             /* of handling; 255 = that many or more */
    char responsible[ID_SIZE];
    char authority[AUTHORITY_SIZE], receipt[RECEIPT_SIZE]; /* of the last transfer; "" = none */
};
/* The `step` of jobs that tell of an entry and not of its alert. */
enum { LEDGER_STEP_OVERDUE = 0xFA, LEDGER_STEP_ASSIGNED = 0xFC };
static inline bool ledger_is_step(uint8_t step)
{
    return step == LEDGER_STEP_OVERDUE || step == LEDGER_STEP_ASSIGNED;
}
struct ledger_event {
    int64_t t_ms;
    uint32_t number;
    uint8_t kind;     /* enum ledger_event_kind */
    char by[ID_SIZE]; /* person, or "policy" */
    char why[512];    /* to whom, to which authority under which receipt; then the person's note */
};

/* One JSON object, one line; no personal data but what people wrote as authority and receipt. */
void ledger_to_json(const struct ledger_entry *entry, const struct registry *registry, const struct tz *tz,
                    struct buf *out);

#endif
