/* A binary heap in one array. Every entry repeats its deadline and owner, so that ordering touches no slot;
 * whether an entry is still the live one of its owner is seen only when it comes out, by comparing it with
 * slot->queued_ms. Cost: O(log n) for each entry. */
#include "core/timers.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAP = 64 };

struct timer_entry {
    int64_t deadline_ms;
    uint64_t owner;
};

void timers_init(struct timers *timers, size_t max)
{
    *timers = (struct timers){.max = max};
}

void timers_release(struct timers *timers)
{
    free(timers->entries);
    *timers = (struct timers){.max = timers->max};
}

static bool before(struct timer_entry a, struct timer_entry b)
{
    return a.deadline_ms != b.deadline_ms ? a.deadline_ms < b.deadline_ms : a.owner < b.owner;
}

static void sift_up(struct timer_entry *entries, size_t at, struct timer_entry entry)
{
    while (at > 0) {
        size_t parent = (at - 1) / 2;
        if (!before(entry, entries[parent]))
            break;
        entries[at] = entries[parent];
        at = parent;
    }
    entries[at] = entry;
}

static void sift_down(struct timer_entry *entries, size_t count, size_t at, struct timer_entry entry)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count)
            break;
        if (child + 1 < count && before(entries[child + 1], entries[child]))
            child++;
        if (!before(entries[child], entry))
            break;
        entries[at] = entries[child];
        at = child;
    }
    entries[at] = entry;
}

static enum err push(struct timers *timers, struct timer_entry entry)
{
    if (timers->count >= timers->max)
        return ERR_FULL;
    if (timers->count == timers->cap) {
        size_t cap = timers->cap ? timers->cap * 2 : FIRST_CAP;
        if (cap > timers->max)
            cap = timers->max;
        struct timer_entry *entries = reallocarray(timers->entries, cap, sizeof *entries);
        if (!entries)
            return ERR_NOMEM;
        timers->entries = entries;
        timers->cap = cap;
    }
    sift_up(timers->entries, timers->count++, entry);
    return ERR_OK;
}

enum err timers_reserve(struct timers *timers, size_t count)
{
    if (count > timers->max)
        return ERR_FULL;
    if (count <= timers->cap)
        return ERR_OK;
    struct timer_entry *entries = reallocarray(timers->entries, count, sizeof *entries);
    if (!entries)
        return ERR_NOMEM;
    timers->entries = entries;
    timers->cap = count;
    return ERR_OK;
}

enum err timers_arm(struct timers *timers, uint64_t owner, struct timer_slot *slot, int64_t deadline_ms)
{
    assert(deadline_ms >= 0);
    bool sooner = slot->queued_ms == TIMER_OFF || deadline_ms < slot->queued_ms;
    if (deadline_ms != TIMER_OFF && sooner) {
        enum err err = push(timers, (struct timer_entry){.deadline_ms = deadline_ms, .owner = owner});
        if (err != ERR_OK)
            return err;
        slot->queued_ms = deadline_ms;
    }
    slot->deadline_ms = deadline_ms;
    return ERR_OK;
}

bool timers_peek(const struct timers *timers, int64_t until_ms, int64_t *ret_deadline_ms, uint64_t *ret_owner)
{
    if (timers->count == 0 || timers->entries[0].deadline_ms > until_ms)
        return false;
    *ret_deadline_ms = timers->entries[0].deadline_ms;
    *ret_owner = timers->entries[0].owner;
    return true;
}

static void pop(struct timers *timers)
{
    timers->count--;
    if (timers->count)
        sift_down(timers->entries, timers->count, 0, timers->entries[timers->count]);
}

bool timers_fires(struct timers *timers, struct timer_slot *slot)
{
    assert(timers->count);
    struct timer_entry entry = timers->entries[0];
    bool live = slot && slot->queued_ms == entry.deadline_ms;
    if (live && slot->deadline_ms > entry.deadline_ms) {
        /* Moved to a later time: the entry goes back in place of itself, so this cannot run out of memory. */
        entry.deadline_ms = slot->queued_ms = slot->deadline_ms;
        sift_down(timers->entries, timers->count, 0, entry);
        return false;
    }
    pop(timers);
    if (!live)
        return false;
    slot->queued_ms = TIMER_OFF;
    bool fires = slot->deadline_ms != TIMER_OFF;
    slot->deadline_ms = TIMER_OFF;
    return fires;
}

int64_t timers_next(const struct timers *timers)
{
    return timers->count ? timers->entries[0].deadline_ms : INT64_MAX;
}

bool timers_entry(const struct timers *timers, size_t at, int64_t *ret_deadline_ms, uint64_t *ret_owner)
{
    if (at >= timers->count)
        return false;
    *ret_deadline_ms = timers->entries[at].deadline_ms;
    *ret_owner = timers->entries[at].owner;
    return true;
}
