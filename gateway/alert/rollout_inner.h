/* The inside of roll-outs, shared by rollout.c (the run) and rollout_state.c (tables, words, snapshot), and
 * by nobody else. */
#ifndef HUYANG_ALERT_ROLLOUT_INNER_H
#define HUYANG_ALERT_ROLLOUT_INNER_H

#include "alert/alerts.h"
#include "alert/rollout.h"

/* How it stands with a device; stored. */
enum rollout_mark {
    MARK_NONE,
    MARK_ASKED,
    MARK_ACKED,
    MARK_REFUSED,
    MARK_UNANSWERED,
    MARK_KNOWN,    /* it took it, its trouble is known and a person went on all the same */
    MARK_LEFT_OUT, /* it did not take it, and a person went on or took it back */
    MARK_COUNT
};
enum { MARK_PAGE = 512 };
struct rollouts {
    struct rollout now; /* the newest; ended ones stay until the next begins */
    uint8_t *marks;     /* enum rollout_mark by device */
    uint32_t count;
    bool dirty, marks_dirty;
    struct timer_slot timer;
};

/* Sets the timer from the facts. */
void rollout_arm(struct alerts *alerts);
/* Room for every device of the registry; false without memory. */
bool rollout_grow(struct alerts *alerts);

#endif
