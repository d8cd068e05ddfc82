/* The fleet's orders: life, snapshot and restart. */
#include <stdlib.h>
#include <string.h>

#include "alert/fleet_inner.h"

enum { VERSION = 1 };
static const char order_table[] = "device_order", pace_table[] = "device_pace",
                  serial_table[] = "device_serial";

enum err fleet_new(struct fleet **ret_fleet)
{
    *ret_fleet = calloc(1, sizeof **ret_fleet);
    return *ret_fleet ? ERR_OK : ERR_NOMEM;
}

void fleet_free(struct fleet *fleet)
{
    free(fleet);
}

enum err fleet_snapshot(const struct alerts *alerts,
                        enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                       const void *value, size_t len),
                        void *self)
{
    const struct fleet *fleet = alerts->fleet;
    enum err err = ERR_OK;
    if (fleet->orders_dirty)
        err = fn(self, serial_table, VERSION, 0, &fleet->serial, sizeof fleet->serial);
    for (unsigned i = 0; fleet->orders_dirty && i < fleet->order_count && err == ERR_OK; i++)
        err = fn(self, order_table, VERSION, i, &fleet->orders[i], sizeof fleet->orders[i]);
    for (unsigned i = fleet->order_count; fleet->orders_dirty && i < fleet->orders_stored && err == ERR_OK;
         i++)
        err = fn(self, order_table, VERSION, i, NULL, 0);
    for (unsigned i = 0; fleet->paces_dirty && i < fleet->pace_count && err == ERR_OK; i++)
        err = fn(self, pace_table, VERSION, i, &fleet->paces[i], sizeof fleet->paces[i]);
    return err;
}

void fleet_snapshot_done(struct alerts *alerts)
{
    struct fleet *fleet = alerts->fleet;
    if (fleet->orders_dirty)
        fleet->orders_stored = fleet->order_count;
    fleet->orders_dirty = fleet->paces_dirty = false;
}

static enum err restore_order(struct fleet *fleet, uint32_t no, const void *value, size_t len)
{
    struct device_order order;
    if (len != sizeof order || no >= FLEET_ORDERS_MAX || fleet->order_count == FLEET_ORDERS_MAX)
        return ERR_CORRUPT;
    memcpy(&order, value, len);
    if (order.state >= DELIVERY_COUNT || order.basis >= ORDER_BASIS_COUNT || order.job.kind >= JOB_KIND_COUNT)
        return ERR_CORRUPT;
    order.job.prompt[ID_SIZE - 1] = order.by[ID_SIZE - 1] = 0;
    order.why[sizeof order.why - 1] = order.reason[sizeof order.reason - 1] = 0;
    fleet->orders[fleet->order_count++] = order;
    fleet->orders_stored = no + 1 > fleet->orders_stored ? no + 1 : fleet->orders_stored;
    return ERR_OK;
}

static enum err restore_pace(struct fleet *fleet, uint32_t no, const void *value, size_t len)
{
    struct pace pace;
    if (len != sizeof pace || no >= FLEET_PACES_MAX || fleet->pace_count == FLEET_PACES_MAX)
        return ERR_CORRUPT;
    memcpy(&pace, value, len);
    fleet->fast += pace.until_ms != 0;
    fleet->paces[fleet->pace_count++] = pace;
    return ERR_OK;
}

static enum err restore_serial(struct fleet *fleet, uint32_t no, const void *value, size_t len)
{
    (void)no;
    if (len != sizeof fleet->serial)
        return ERR_CORRUPT;
    memcpy(&fleet->serial, value, len);
    return ERR_OK;
}

enum err fleet_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                       const void *value, size_t len)
{
    static const struct {
        const char *table;
        enum err (*restore)(struct fleet *fleet, uint32_t no, const void *value, size_t len);
    } known[] = {{order_table, restore_order}, {pace_table, restore_pace}, {serial_table, restore_serial}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].table, table) != 0)
            continue;
        if (len == 0)
            return ERR_OK;
        if (version != VERSION)
            return ERR_UNSUPPORTED;
        enum err err = known[i].restore(alerts->fleet, no, value, len);
        if (err == ERR_OK)
            fleet_arm(alerts);
        return err;
    }
    return ERR_NOT_FOUND;
}
