/* Snapshot and restart: the state of the stages goes into a batch, row by row, and comes back from the store;
 * and the looks at it. */
#include <assert.h>
#include <string.h>

#include "gateway_inner.h"

enum err gateway_restore(struct gateway *gateway, const char *table, uint16_t version, uint32_t no,
                         const void *value, size_t len)
{
    if (strncmp(table, "live", 4) == 0)
        return live_restore(gateway->live, table, version, no, value, len);
    if (strncmp(table, "detect.", 7) == 0)
        return detect_restore(gateway->detect, table, version, no, value, len);
    if (gateway_budget_is(table))
        return no == 0 ? gateway_budget_restore(gateway, version, value, len) : ERR_NOT_FOUND;
    return alerts_restore(gateway->alerts, table, version, no, value, len);
}

void gateway_restore_mark(struct gateway *gateway, uint64_t n, int64_t t_ms)
{
    gateway->n = n;
    gateway->t_ms = t_ms;
}

enum err gateway_replay_input(struct gateway *gateway, const struct batch_input *stored, struct event *events)
{
    struct input input;
    enum err err =
        input_decode(stored->n, stored->t_ms, stored->kind, stored->blob, stored->len, events, &input);
    if (err == ERR_OK && stored->n != gateway->n + 1)
        err = ERR_CORRUPT;
    if (err == ERR_OK && input.kind == INPUT_REPORT &&
        input.report.device >= registry_count(gateway->config.registry, REGISTRY_DEVICE))
        err = ERR_CORRUPT;
    if (err == ERR_OK && input.kind == INPUT_CONDUCT &&
        input.conduct.device >= registry_count(gateway->config.registry, REGISTRY_DEVICE))
        err = ERR_CORRUPT;
    if (err != ERR_OK)
        return err == ERR_INVALID || err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    err = gateway_on_input(gateway, &input);
    if (input.kind == INPUT_ACTION && (err == ERR_NOT_FOUND || err == ERR_INVALID))
        gateway_restore_mark(gateway, stored->n, gateway->t_ms);
    return err;
}

static enum err keep_state(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                           size_t len)
{
    struct gateway *gateway = self;
    struct arena *arena = &gateway->batch->arena;
    struct batch_item *item = batch_add(gateway->batch, BATCH_STATE);
    const char *name = arena_copy(arena, table, strlen(table) + 1);
    void *copy = len > 0 ? arena_copy(arena, value, len) : NULL;
    if (item == NULL || name == NULL || (copy == NULL && len > 0))
        return ERR_FULL;
    item->state =
        (struct batch_state){.table = name, .version = version, .no = no, .len = len, .value = copy};
    return ERR_OK;
}

/* Takes back the items after `last`; half a snapshot is of no moment at all and must not be committed. */
static void take_back(struct batch *batch, struct batch_item *last, size_t items)
{
    batch->last = last;
    batch->items = items;
    if (last != NULL)
        last->next = NULL;
    else
        batch->first = NULL;
}

enum err gateway_snapshot(struct gateway *gateway)
{
    assert(gateway->batch != NULL);
    struct batch_item *last = gateway->batch->last;
    const size_t items = gateway->batch->items;
    enum err err = live_snapshot(gateway->live, keep_state, gateway);
    if (err == ERR_OK)
        err = detect_snapshot(gateway->detect, keep_state, gateway);
    if (err == ERR_OK)
        err = alerts_snapshot(gateway->alerts, keep_state, gateway);
    if (err == ERR_OK)
        err = gateway_budget_snapshot(gateway, keep_state, gateway);
    if (err == ERR_OK && batch_add(gateway->batch, BATCH_STATE_DONE) == NULL)
        err = ERR_FULL;
    if (err != ERR_OK) {
        take_back(gateway->batch, last, items);
        return err;
    }
    live_snapshot_done(gateway->live);
    detect_snapshot_done(gateway->detect);
    alerts_snapshot_done(gateway->alerts);
    gateway->batch->snapshot = true;
    gateway->batch->last_n = gateway->n;
    return ERR_OK;
}

/* ---- looks ---- */

uint64_t gateway_n(const struct gateway *gateway)
{
    return gateway->n;
}

int64_t gateway_t_ms(const struct gateway *gateway)
{
    return gateway->t_ms;
}

const struct registry *gateway_registry(const struct gateway *gateway)
{
    return gateway->config.registry;
}

const struct alerts *gateway_alerts(const struct gateway *gateway)
{
    return gateway->alerts;
}

const struct live *gateway_live(const struct gateway *gateway)
{
    return gateway->live;
}

void gateway_stats(const struct gateway *gateway, struct gateway_stats *ret_stats)
{
    *ret_stats = gateway->stats;
}

enum err gateway_preview(struct gateway *gateway, int64_t t_ms, const struct action *action,
                         struct gateway_preview *ret_preview)
{
    struct gateway_preview preview;
    const enum err err =
        alerts_preview(gateway->alerts, t_ms, action, &preview.device, &preview.prompt, &preview.quiet);
    if (err == ERR_OK)
        *ret_preview = preview;
    return err;
}

const char *gateway_refusal(const struct gateway *gateway)
{
    return alerts_refusal(gateway->alerts);
}

size_t gateway_lost_timers(struct gateway *gateway)
{
    return alerts_watch_timers(gateway->alerts);
}
