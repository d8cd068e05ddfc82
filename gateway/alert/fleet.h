/* What devices are asked for beside speaking: their position now, another report interval, a restart. By a
 * person's order; by the gateway itself where help is needed (an SOS asks for the position) or where more
 * positions tell more (a person who wanders, or is out unusually). Part of the fold: an order is a job like a
 * prompt, its row commits with what caused it, and each change of its state is told.
 *
 * On whose word a position is asked for. Consent for location; or, with an SOS that is open, the saving of a
 * life, which is written down with the order. Under the latter the answer is taken in although consent is
 * missing, for as long as the order may be answered (fleet_is_located), and nothing is learned from it.
 *
 * Faster reports cost battery, so they are bounded four times: they end by themselves at the device (the
 * duration goes with the command), they end when the person is at home, below a battery level none are asked
 * for, and a device is asked at most so often a local day. */
#ifndef HUYANG_ALERT_FLEET_H
#define HUYANG_ALERT_FLEET_H

#include "alert/alert.h"

enum {
    FLEET_ORDERS_MAX = 2048, /* on their way at once; one more is refused */
    FLEET_PACES_MAX = 1024,  /* devices that report faster, or did today */
    FLEET_LOCATE_TTL_MS = 600000,
    FLEET_RESTART_TTL_MS = 3600000,
    FLEET_INTERVAL_TTL_MS = 86400000
};

/* Why it may be done. */
#define ORDER_BASIS_MAP(X)                                                                                   \
    X(PERSON, person)           /* somebody's order, under consent where a position is asked for */          \
    X(LIFE_SAFETY, life_safety) /* an SOS is open */                                                         \
    X(DETECTOR, detector)       /* a detector sees more with it */                                           \
    X(ROLLOUT, rollout)         /* of a roll-out (rollout.h), by whoever began it */
enum order_basis {
#define X(name, text) ORDER_BASIS_##name,
    ORDER_BASIS_MAP(X)
#undef X
        ORDER_BASIS_COUNT
};
const char *order_basis_name(unsigned basis); /* "" past the last one */

struct device_order {
    struct job job;                         /* JOB_LOCATE, JOB_INTERVAL or JOB_RESTART */
    int64_t changed_ms;                     /* of the state */
    uint32_t interval_s, duration_s;        /* JOB_INTERVAL; duration 0 = until told otherwise */
    uint8_t state, basis;                   /* enum delivery_state, enum order_basis */
    char by[ID_SIZE], why[256], reason[64]; /* who: a person or a detector; reason: of a failure */
};

struct fleet;
MUST_CHECK enum err fleet_new(struct fleet **ret_fleet);
void fleet_free(struct fleet *fleet); /* NULL is fine */

/* device_locate, device_interval, device_restart: action->subject is the device. ERR_NOT_FOUND: no such
 * device. ERR_INVALID with a refusal: no consent, not its kind, too many under way. */
MUST_CHECK enum err fleet_order(struct alerts *alerts, int64_t t_ms, const struct action *action);
/* An interval for good, as one of a roll-out's; half of the room is left to people. False: no room now. */
MUST_CHECK bool fleet_roll_out(struct alerts *alerts, int64_t t_ms, uint32_t device, uint32_t interval_s,
                               const char *by, const char *why);
/* What of a roll-out is still on its way is cancelled. */
void fleet_take_back_roll_out(struct alerts *alerts, int64_t t_ms);
/* What a finding makes the gateway ask for; called when its alert stands. */
void fleet_on_finding(struct alerts *alerts, int64_t t_ms, const struct finding *finding);
/* An event of a device: is somebody at home again who was watched more closely? */
void fleet_on_event(struct alerts *alerts, int64_t t_ms, const struct event *event);
/* False: no job of the fleet's. */
bool fleet_on_delivery(struct alerts *alerts, int64_t t_ms, const struct delivery *delivery);
/* Consent for location ended: what was asked under it is taken back. */
void fleet_forget(struct alerts *alerts, int64_t t_ms, uint32_t resident);
void fleet_run(struct alerts *alerts, int64_t t_ms);
struct timer_slot *fleet_slot(struct alerts *alerts);

MUST_CHECK enum err fleet_snapshot(const struct alerts *alerts,
                                   enum err (*fn)(void *self, const char *table, uint16_t version,
                                                  uint32_t no, const void *value, size_t len),
                                   void *self);
void fleet_snapshot_done(struct alerts *alerts);
/* ERR_NOT_FOUND: another table. */
MUST_CHECK enum err fleet_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                                  const void *value, size_t len);

#endif
