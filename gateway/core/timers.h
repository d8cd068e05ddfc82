/* The fold's timers: a heap ordered by (deadline, owner), where owner packs subject and detector, so that the
 * order in which timers fire is part of the contract (contracts.md 1) and not an accident of memory.
 *
 * An owner's deadline lives with the owner (its "slot"); the heap holds at most one live entry per slot.
 * Moving a deadline later costs nothing: the old entry fires, is seen to be early, and is put back. So the
 * heap never grows past the number of slots plus the moves to an earlier time that are still under way. */
#ifndef HUYANG_CORE_TIMERS_H
#define HUYANG_CORE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { TIMER_OFF = 0 }; /* a deadline of 0 means not armed */

struct timer_slot {
    int64_t deadline_ms; /* TIMER_OFF or the wall time at which it fires; durable */
    int64_t
        queued_ms; /* deadline of its live heap entry, TIMER_OFF when none; rebuilt at start, never stored */
};

struct timers {
    struct timer_entry *entries;
    size_t count, cap, max;
};

void timers_init(struct timers *timers, size_t max);
void timers_release(struct timers *timers);
/* Takes memory for `count` entries now, so that arming up to that many allocates nothing. ERR_FULL past the
 * maximum, ERR_NOMEM. */
MUST_CHECK enum err timers_reserve(struct timers *timers, size_t count);
/* Sets or moves the slot's deadline (TIMER_OFF disarms). ERR_NOMEM/ERR_FULL: the slot keeps its old deadline.
 */
MUST_CHECK enum err timers_arm(struct timers *timers, uint64_t owner, struct timer_slot *slot,
                               int64_t deadline_ms);
/* Next owner whose entry lies at or before `until_ms`. The caller finds the owner's slot and calls
 * timers_fires. */
bool timers_peek(const struct timers *timers, int64_t until_ms, int64_t *ret_deadline_ms,
                 uint64_t *ret_owner);
/* Takes the entry last peeked. `slot` NULL = the owner is gone. True when the slot really fires now: its
 * deadline is then TIMER_OFF and `now` is the peeked deadline. False: it was stale or has been put back for
 * later. */
bool timers_fires(struct timers *timers, struct timer_slot *slot);
/* The entries as they lie, stale ones included; false past the last. For whoever wants to prove that one is
 * there. */
bool timers_entry(const struct timers *timers, size_t at, int64_t *ret_deadline_ms, uint64_t *ret_owner);
/* Earliest entry (a lower bound of the earliest deadline); INT64_MAX when none. */
int64_t timers_next(const struct timers *timers);

#endif
