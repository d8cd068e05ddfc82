/* The inside of the fleet's orders, shared by fleet.c (the rules) and fleet_state.c (snapshot), and by nobody
 * else. */
#ifndef HUYANG_ALERT_FLEET_INNER_H
#define HUYANG_ALERT_FLEET_INNER_H

#include "alert/alerts.h"
#include "alert/fleet.h"

/* How often a device was asked to report faster on a day, and until when it does. */
struct pace {
    int64_t until_ms;     /* 0 = not any more */
    uint32_t device, day; /* local day, as a number of its own */
    uint32_t asked;
    uint32_t zero;
};
struct fleet {
    struct device_order orders[FLEET_ORDERS_MAX]; /* the live ones stand at the front */
    struct pace paces[FLEET_PACES_MAX];
    unsigned order_count, orders_stored, pace_count, paces_stored;
    unsigned fast;   /* paces whose device reports faster now */
    uint32_t serial; /* of the last order: the same wish again is another order */
    bool orders_dirty, paces_dirty;
    struct timer_slot timer;
};

/* Sets the timer from the facts. */
void fleet_arm(struct alerts *alerts);

#endif
