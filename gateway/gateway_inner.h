/* The inside of the fold, shared by the files gateway*.c and nobody else: gateway.c is the journey, the
 * others say on top what they are. */
#ifndef HUYANG_GATEWAY_INNER_H
#define HUYANG_GATEWAY_INNER_H

#include "detect/budget.h"
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
    uint8_t *lost;          /* classes withdrawn by the registry just bound, by resident; NULL = none */
    uint32_t lost_count;
    bool lost_before; /* noted at a start: what is known for an emergency alone is not older than that */
    struct hash_id changed[CHANGED_MAX];
    unsigned changed_count;
    struct budget budget; /* of all detectors */
    double allowance;     /* its yellow alerts a day; 0 = no limit */
    struct gateway_stats stats;
};

/* gateway_sink.c. An item of the open batch, and bytes that live as long as it; NULL from gateway_add: there
 * is no batch (a restart folds without telling anybody). */
struct batch_item *gateway_add(struct gateway *gateway, enum batch_kind kind);
const void *gateway_keep(struct gateway *gateway, const void *data, size_t len);
void gateway_store_alert(struct gateway *gateway, const struct alert *alert);
void gateway_on_finding(void *self, const struct finding *finding);
struct alert_sink gateway_sink(struct gateway *gateway);
/* gateway_budget.c. Takes what the registry and the settings allow; hands a finding on, lowered where the
 * budget holds it; the budget's row of a snapshot. */
void gateway_budget_bind(struct gateway *gateway);
void gateway_tell(struct gateway *gateway, const struct finding *finding);
MUST_CHECK enum err gateway_budget_snapshot(const struct gateway *gateway,
                                            enum err (*keep)(void *self, const char *table, uint16_t version,
                                                             uint32_t no, const void *value, size_t len),
                                            void *self);
bool gateway_budget_is(const char *table);
MUST_CHECK enum err gateway_budget_restore(struct gateway *gateway, uint16_t version, const void *value,
                                           size_t len);
/* gateway_consent.c. Notes what a new registry takes back, before it is bound. */
MUST_CHECK enum err gateway_note_lost(struct gateway *gateway, const struct registry *registry);
/* And ends what stood on it: part of the INPUT_REGISTRY that marks the new version. */
void gateway_forget_lost(struct gateway *gateway);
/* An emergency is over: a position that was kept for it alone goes. */
void gateway_forget_emergency(struct gateway *gateway, const struct alert *alert);
/* gateway_announce.c: the announcement as it stands afterwards, for the record. ERR_NOT_FOUND, ERR_INVALID:
 * nothing changed. */
MUST_CHECK enum err gateway_announce(struct gateway *gateway, const struct action *action,
                                     struct announcement *ret_announcement);
MUST_CHECK enum err gateway_unannounce(struct gateway *gateway, const struct action *action,
                                       struct announcement *ret_announcement);

#endif
