/* What comes from outside without an account, through the API's thread: operators' reports and followed
 * links. Each becomes a delivery, the fold's input, so that a replay comes to the same. */
#ifndef HUYANG_SERVICE_REPORTS_H
#define HUYANG_SERVICE_REPORTS_H

#include "api/api.h"
#include "core/loop.h"

enum { REPORTS_MAX = 32 }; /* full = refused with ERR_BUSY, never waited for */

struct reports;
struct service;
/* `wake` is sent for each word; borrowed. */
MUST_CHECK enum err reports_new(struct loop_wake *wake, struct reports **ret_reports);
void reports_free(struct reports *reports);
/* Any thread. */
MUST_CHECK enum err reports_put(struct reports *reports, uint64_t ticket, const struct api_word *word);
/* Core loop: takes what there is while the batch has room. */
void reports_drain(struct reports *reports, struct service *service);
/* The configuration has changed: tokens are read again. */
void reports_forget(struct reports *reports);

struct reports_stats {
    uint64_t taken, refused,
        unknown; /* statuses that said something; words with a wrong token; of no message */
};
void reports_stats(const struct reports *reports, struct reports_stats *ret_stats);

#endif
