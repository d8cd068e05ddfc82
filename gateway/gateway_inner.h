/* The inside of the fold, shared by gateway.c (the journey) and gateway_state.c (snapshot and restart), and
 * by nobody else. */
#ifndef HUYANG_GATEWAY_INNER_H
#define HUYANG_GATEWAY_INNER_H

#include "gateway.h"

enum {
    TIMERS_MAX = 8000000,
    PENDING_MAX = 256, /* deliveries the fold itself answers (loopback, nowhere to send) within one input */
    CHANGED_MAX = 64   /* alerts whose stored form is rendered at the end of an input */
};

struct gateway {
    struct gateway_config config;
    struct live *live;
    struct detect *detect;
    struct alerts *alerts;
    struct timers timers;
    struct batch *batch;
    struct buf scratch;
    uint64_t n;
    int64_t t_ms;
    struct delivery pending[PENDING_MAX];
    unsigned pending_count;
    struct closing closing; /* of the alert a person closed in this input; LESSON_NONE = none */
    struct hash_id changed[CHANGED_MAX];
    unsigned changed_count;
    struct gateway_stats stats;
};

/* gateway_announce.c: the announcement as it stands afterwards, for the record. ERR_NOT_FOUND, ERR_INVALID:
 * nothing changed. */
MUST_CHECK enum err gateway_announce(struct gateway *gateway, const struct action *action,
                                     struct announcement *ret_announcement);
MUST_CHECK enum err gateway_unannounce(struct gateway *gateway, const struct action *action,
                                       struct announcement *ret_announcement);

#endif
