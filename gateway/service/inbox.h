/* The one bounded queue from the API thread into the core loop (design.md 2). Full = refused with ERR_BUSY,
 * never waited for. */
#ifndef HUYANG_SERVICE_INBOX_H
#define HUYANG_SERVICE_INBOX_H

#include "alert/action.h"
#include "core/loop.h"

enum { INBOX_MAX = 256 };

struct inbox_entry {
    uint64_t ticket;
    struct action action;
};
struct inbox;
/* `wake` is sent for each entry; borrowed. */
MUST_CHECK enum err inbox_new(struct loop_wake *wake, struct inbox **ret_inbox);
void inbox_free(struct inbox *inbox);
/* Any thread. */
MUST_CHECK enum err inbox_put(struct inbox *inbox, uint64_t ticket, const struct action *action);
/* Core loop: the oldest entry without taking it; false when empty. */
bool inbox_peek(struct inbox *inbox, struct inbox_entry *ret_entry);
void inbox_drop(struct inbox *inbox);

#endif
