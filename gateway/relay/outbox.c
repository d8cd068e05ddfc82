#include "relay/outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "relay/link.h"
#include "relay/outbox_inner.h"

enum { SILENT_BEFORE_HEARD_MS = 30000, ANSWER_TIME_MS = 2000 };

void outbox_tell(struct outbox *outbox, const struct entry *entry, enum delivery_state state,
                 const char *reason)
{
    struct delivery delivery = {.job = entry->row.id, .state = (uint8_t)state};
    text_copy(delivery.reason, sizeof delivery.reason, reason);
    if (outbox->config.on_delivery)
        outbox->config.on_delivery(outbox->config.self, &delivery);
}

static void leave_lists(struct outbox *outbox, struct entry *entry)
{
    if (entry->row.channel == CHANNEL_COMMAND) {
        struct outbox_device *device = &outbox->devices[entry->row.device];
        if (entry->previous)
            entry->previous->next = entry->next;
        else
            device->first = entry->next;
        if (entry->next)
            entry->next->previous = entry->previous;
    } else if (entry->state == ENTRY_READY) {
        ready_remove(&entry->receiver->ready[entry->row.level == LEVEL_RED], entry);
    }
}

void outbox_finish(struct outbox *outbox, struct entry *entry, enum delivery_state state, const char *reason)
{
    leave_lists(outbox, entry);
    rows_remove(&outbox->rows, entry);
    if (entry->row.unpersisted) {
        outbox->done[outbox->done_next] = entry->row.id;
        outbox->done_next = (outbox->done_next + 1) % OUTBOX_DONE_IDS;
        if (outbox->done_count < OUTBOX_DONE_IDS)
            outbox->done_count++;
    }
    switch (state) {
    case DELIVERY_DELIVERED:
    case DELIVERY_ACCEPTED: outbox->stats.delivered++; break;
    case DELIVERY_REJECTED:
    case DELIVERY_FAILED: outbox->stats.failed++; break;
    case DELIVERY_EXPIRED: outbox->stats.expired++; break;
    default: break;
    }
    if (state != DELIVERY_QUEUED)
        outbox_tell(outbox, entry, state, reason);
    entry_free(entry);
}

/* Moves the entry to another state of waiting; out of its receiver's list if it stood there. */
void outbox_wait(struct outbox *outbox, struct entry *entry, enum entry_state state, int64_t due_ms)
{
    if (entry->state == ENTRY_READY && state != ENTRY_READY)
        ready_remove(&entry->receiver->ready[entry->row.level == LEVEL_RED], entry);
    entry->state = (uint8_t)state;
    rows_schedule(&outbox->rows, entry, due_ms);
}

static int64_t wall_ms(const struct outbox *outbox, struct now now)
{
    return outbox->config.wall_ms ? outbox->config.wall_ms(outbox->config.self) : now.wall_ms;
}

int64_t outbox_expiry_ms(const struct outbox *outbox, const struct entry *entry, struct now now)
{
    int64_t left = entry->row.expires_ms - wall_ms(outbox, now);
    return now.mono_ms + (left > 0 ? left : 0);
}

static int64_t next_due(const struct outbox *outbox)
{
    int64_t next = INT64_MAX;
    for (unsigned lane = 0; lane < OUTBOX_LANES; lane++) {
        const struct entry *first = rows_first(&outbox->rows, lane);
        if (!first)
            continue;
        int64_t due =
            first->due_ms > outbox->lane_paused_ms[lane] ? first->due_ms : outbox->lane_paused_ms[lane];
        if (due < next)
            next = due;
    }
    return next;
}

static void arm_at(struct outbox *outbox, int64_t at_ms, struct now now)
{
    if (at_ms == outbox->timer_at_ms)
        return;
    outbox->timer_at_ms = at_ms;
    if (at_ms == INT64_MAX)
        loop_timer_stop(outbox->timer);
    else
        loop_timer_start(outbox->timer, at_ms > now.mono_ms ? (uint64_t)(at_ms - now.mono_ms) : 0, 0);
}

/* Sets the timer earlier if something became due earlier; later it is set by the tick. */
void outbox_arm(struct outbox *outbox, struct now now)
{
    int64_t next = next_due(outbox);
    if (next < outbox->timer_at_ms)
        arm_at(outbox, next, now);
}

static void on_timer(void *self, struct now now)
{
    struct outbox *outbox = self;
    outbox->timer_at_ms = INT64_MAX;
    outbox_tick(outbox, now);
}

static enum err size_devices(struct outbox *outbox, const struct registry *registry)
{
    uint32_t count = registry_count(registry, REGISTRY_DEVICE);
    if (count <= outbox->device_count)
        return ERR_OK;
    struct outbox_device *devices = realloc(outbox->devices, count * sizeof *devices);
    if (!devices)
        return ERR_NOMEM;
    memset(devices + outbox->device_count, 0, (count - outbox->device_count) * sizeof *devices);
    outbox->devices = devices;
    outbox->device_count = count;
    return ERR_OK;
}

enum err outbox_new(const struct outbox_config *config, struct outbox **ret_outbox)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return ERR_NOMEM;
    outbox->config = *config;
    outbox->timer_at_ms = INT64_MAX;
    text_copy(outbox->county, sizeof outbox->county, config->county);
    buf_init(&outbox->scratch, RELAY_BODY_MAX + 256);
    receivers_bind(&outbox->receivers, config->settings);
    enum err err = size_devices(outbox, config->registry);
    if (err == ERR_OK)
        err = loop_timer_new(config->loop, on_timer, outbox, &outbox->timer);
    if (err == ERR_OK)
        err = transport_new(config->loop, &outbox->transport);
    if (err == ERR_OK)
        err = outbox_bind_dc09(outbox);
    if (err != ERR_OK) {
        outbox_free(outbox);
        return err;
    }
    /* The first turn of the loop warms the connections up. */
    arm_at(outbox, 0, (struct now){0});
    *ret_outbox = outbox;
    return ERR_OK;
}

void outbox_free(struct outbox *outbox)
{
    if (!outbox)
        return;
    transport_free(outbox->transport);
    loop_timer_close(outbox->timer);
    rows_release(&outbox->rows);
    receivers_release(&outbox->receivers);
    buf_release(&outbox->scratch);
    free(outbox->devices);
    free(outbox);
}

void outbox_rebind(struct outbox *outbox, const struct relay_settings *settings,
                   const struct registry *registry)
{
    outbox->config.settings = settings;
    outbox->config.registry = registry;
    outbox->warm_at_ms = 0;
    if (size_devices(outbox, registry) != ERR_OK)
        log_write(LOG_ERROR, "outbox.nomem",
                  "no memory for new devices: their commands wait for the next reload");
    receivers_bind(&outbox->receivers, settings);
    if (outbox_bind_dc09(outbox) != ERR_OK)
        log_write(LOG_ERROR, "outbox.nomem", "no memory for a path to the police: it stays unused");
    /* What waits for a receiver that is gone finds that out at its next attempt. */
    for (unsigned i = 0; i < RECEIVERS_MAX; i++) {
        struct receiver *receiver = &outbox->receivers.all[i];
        for (unsigned red = 0; !receiver->configured && red < 2; red++)
            while (receiver->ready[red].first)
                outbox_wait(outbox, receiver->ready[red].first, ENTRY_WAITING, 0);
    }
    outbox->timer_at_ms = INT64_MAX;
    arm_at(outbox, 0, (struct now){0});
}

static bool is_full(const struct outbox *outbox, const struct outbox_row *row)
{
    bool red = row->level == LEVEL_RED;
    return outbox->rows.count >= OUTBOX_ROWS_MAX - (red ? 0 : OUTBOX_ROWS_FOR_RED) ||
           outbox->rows.bytes + row->len > OUTBOX_BYTES_MAX - (red ? 0 : OUTBOX_BYTES_FOR_RED);
}

static bool is_done(const struct outbox *outbox, const struct hash_id *id)
{
    for (unsigned i = 0; i < outbox->done_count; i++)
        if (memcmp(&outbox->done[i], id, sizeof *id) == 0)
            return true;
    return false;
}

enum err outbox_add(struct outbox *outbox, const struct outbox_row *row, struct now now)
{
    bool command = row->channel == CHANNEL_COMMAND;
    if (row->channel == CHANNEL_NONE || row->channel >= CHANNEL_COUNT || row->len > RELAY_BODY_MAX)
        return ERR_INVALID;
    if (command && row->device >= outbox->device_count)
        return ERR_INVALID;
    if (rows_find(&outbox->rows, &row->id) || is_done(outbox, &row->id))
        return ERR_OK;
    if (is_full(outbox, row)) {
        outbox->starved = true;
        outbox->stats.refused_full++;
        return ERR_FULL;
    }
    struct entry *entry = NULL;
    enum err err = rows_add(&outbox->rows, row, &entry);
    if (err != ERR_OK)
        return err;
    entry->outbox = outbox;
    if (outbox->config.link_key && row->job_kind == JOB_NOTIFY)
        link_fill(outbox->config.link_key, &row->id, rows_body(entry), row->len);
    enum entry_state state = ENTRY_WAITING;
    if (command) {
        struct outbox_device *device = &outbox->devices[row->device];
        entry->next = device->first;
        if (device->first)
            device->first->previous = entry;
        device->first = entry;
        if (!device->heard_ms)
            state = ENTRY_UNHEARD;
    }
    /* The receiver's machine has it since before a restart: nobody wants to see the same alarm again, whose
     * operator may take it for a second one. What is awaited is a person's word. */
    if (row->channel == CHANNEL_DC09 && row->sent)
        state = ENTRY_TAKEN;
    if (outbox_is_operator(row) && row->sent) { /* nobody is called a second time for the same */
        outbox_await(outbox, entry, now);
        outbox_arm(outbox, now);
        return ERR_OK;
    }
    outbox_wait(outbox, entry, state,
                state == ENTRY_WAITING ? now.mono_ms : outbox_expiry_ms(outbox, entry, now));
    outbox_arm(outbox, now);
    return ERR_OK;
}

bool outbox_wants_more(struct outbox *outbox)
{
    bool wants = outbox->starved && outbox->rows.count <= OUTBOX_ROWS_MAX / 4 * 3 &&
                 outbox->rows.bytes <= OUTBOX_BYTES_MAX / 4 * 3;
    if (wants)
        outbox->starved = false;
    return wants;
}

void outbox_on_state(struct outbox *outbox, const struct hash_id *job, enum delivery_state state,
                     struct now now)
{
    struct entry *entry = rows_find(&outbox->rows, job);
    if (!entry)
        return;
    bool answered =
        entry->row.channel == CHANNEL_COMMAND && (state == DELIVERY_RECEIVED || state == DELIVERY_PLAYING);
    entry->heard = entry->heard || (entry->row.channel == CHANNEL_VOICE && state == DELIVERY_PLAYING);
    if ((!answered && !delivery_is_final(state)) || entry->called_off)
        return;
    entry->called_off = state == DELIVERY_CANCELLED && outbox_is_operator(&entry->row);
    if (entry->state == ENTRY_IN_FLIGHT) {
        /* The transport still holds it; its done callback finishes it. */
        entry->gone = true;
        return;
    }
    outbox_let_go(outbox, entry, entry->state == ENTRY_TAKEN || entry->attempts > 0, now);
    outbox_arm(outbox, now);
}

void outbox_on_heard(struct outbox *outbox, uint32_t device_no, struct now now)
{
    if (device_no >= outbox->device_count)
        return;
    struct outbox_device *device = &outbox->devices[device_no];
    bool was_silent = !device->heard_ms || now.mono_ms + 1 - device->heard_ms > SILENT_BEFORE_HEARD_MS;
    device->heard_ms = now.mono_ms + 1;
    if (!device->first)
        return;
    /* A device that had been silent may have missed what was published meanwhile; one that talks on has it,
     * and its answer is on the way. */
    for (struct entry *entry = device->first; entry; entry = entry->next)
        if (entry->state == ENTRY_UNHEARD ||
            (was_silent && now.mono_ms - entry->published_ms >= ANSWER_TIME_MS))
            outbox_wait(outbox, entry, ENTRY_WAITING, now.mono_ms);
    outbox_arm(outbox, now);
}

void outbox_on_gone(struct outbox *outbox, uint32_t device_no, struct now now)
{
    if (device_no >= outbox->device_count)
        return;
    struct outbox_device *device = &outbox->devices[device_no];
    device->heard_ms = 0;
    for (struct entry *entry = device->first; entry; entry = entry->next)
        outbox_wait(outbox, entry, ENTRY_UNHEARD, outbox_expiry_ms(outbox, entry, now));
}

static const char *why_expired(const struct entry *entry)
{
    if (entry->row.channel == CHANNEL_COMMAND)
        return entry->told_sent ? "the device did not answer" : "the device was not heard";
    if (entry->state == ENTRY_TAKEN)
        return outbox_is_operator(&entry->row) ? "no word from the operator in time"
                                               : "taken, but nobody accepted it";
    return entry->why[0] ? entry->why : "the receiver was busy";
}

static void serve(struct outbox *outbox, struct entry *entry, struct now now)
{
    if (entry->called_off) {
        outbox_call_off(outbox, entry, now);
        return;
    }
    if (entry->row.expires_ms <= wall_ms(outbox, now)) {
        outbox_finish(outbox, entry, DELIVERY_EXPIRED, why_expired(entry));
        return;
    }
    if (entry->state == ENTRY_TAKEN && outbox_is_operator(&entry->row)) {
        outbox_word_due(outbox, entry, now);
        return;
    }
    /* Those three only waited for their expiry, and the wall clock was set back meanwhile. */
    if (entry->state == ENTRY_UNHEARD || entry->state == ENTRY_READY || entry->state == ENTRY_TAKEN) {
        rows_schedule(&outbox->rows, entry, outbox_expiry_ms(outbox, entry, now));
        return;
    }
    if (entry->row.channel == CHANNEL_COMMAND)
        outbox_publish(outbox, entry, now);
    else
        outbox_attempt(outbox, entry, now);
}

int64_t outbox_tick(struct outbox *outbox, struct now now)
{
    if (outbox->ticking)
        return next_due(outbox);
    outbox->ticking = true;
    for (unsigned lane = 0; lane < OUTBOX_LANES; lane++) {
        struct entry *entry;
        /* Everything served moves behind `now` or leaves the heap, so this ends. */
        while (outbox->lane_paused_ms[lane] <= now.mono_ms && (entry = rows_first(&outbox->rows, lane)) &&
               entry->due_ms <= now.mono_ms)
            serve(outbox, entry, now);
    }
    /* The loop ticks with every wake-up: the receivers are only walked when a warm-up is due. */
    if (now.mono_ms >= outbox->warm_at_ms)
        outbox->warm_at_ms = outbox_warm(outbox, now);
    int64_t next = next_due(outbox);
    if (outbox->warm_at_ms < next)
        next = outbox->warm_at_ms;
    outbox->ticking = false;
    arm_at(outbox, next, now);
    return next;
}

void outbox_stats(const struct outbox *outbox, struct outbox_stats *ret_stats)
{
    *ret_stats = outbox->stats;
    ret_stats->in_flight = outbox->in_flight;
    ret_stats->waiting = 0;
    for (size_t i = 0; i < outbox->rows.cap; i++) {
        const struct entry *entry = outbox->rows.table[i];
        if (!entry)
            continue;
        if (entry->state != ENTRY_IN_FLIGHT)
            ret_stats->waiting++;
        if (entry->row.level == LEVEL_RED &&
            (!ret_stats->oldest_red_ms || entry->row.created_ms < ret_stats->oldest_red_ms))
            ret_stats->oldest_red_ms = entry->row.created_ms;
    }
}
