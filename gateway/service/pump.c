/* Each wake-up of the core loop: what came in goes through the fold into the open batch; a batch that is due
 * goes to the store thread; what has become durable is told to devices, relays and people. Commands before
 * acknowledgements; urgent before routine. */
#include "service/parts.h"

#include <string.h>

#include "core/log.h"

int64_t service_t_ms(const struct service *service, struct now now)
{
    return service->options.virtual_clock ? service->virtual_ms : now.wall_ms;
}

/* ---- in ---- */

static bool has_room(const struct service *service)
{
    return batch_room(committer_fill(service->committer));
}

/* Offers up to `most` records of a ring; false when the batch is full. */
static bool drain(struct service *service, struct ring *ring, unsigned most, struct now now)
{
    size_t len;
    const void *record;
    for (unsigned i = 0; i < most && (record = ring_peek(ring, &len)) != NULL; i++) {
        if (!has_room(service) || !intake_take(service->intake, record, len, service_t_ms(service, now), now))
            return false;
        ring_drop(ring);
        service->last_input_wall_ms = now.wall_ms;
    }
    return true;
}

static enum err take(struct service *service, struct input *input)
{
    if (!has_room(service))
        return ERR_FULL;
    return gateway_on_input(service->gateway, input);
}

static void drain_inbox(struct service *service, struct now now)
{
    struct inbox_entry entry;
    while (service->answers[0].count < SERVICE_ANSWERS_MAX && inbox_peek(service->inbox, &entry)) {
        struct input input = {
            .t_ms = service_t_ms(service, now), .kind = INPUT_ACTION, .action = entry.action};
        const enum err err = take(service, &input);
        if (err == ERR_FULL)
            return;
        inbox_drop(service->inbox);
        committer_fill(service->committer)->urgent = true;
        if (err == ERR_OK)
            service->answers[0].tickets[service->answers[0].count++] = entry.ticket;
        else
            api_answer(service->api, entry.ticket, err,
                       err == ERR_NOT_FOUND ? "there is no such open alert"
                                            : "the alert's state does not allow this");
    }
}

static enum err take_delivery(struct service *service, const struct delivery *delivery, int64_t t_ms)
{
    struct input input = {.t_ms = t_ms, .kind = INPUT_DELIVERY, .delivery = *delivery};
    const enum err err = take(service, &input);
    if (err == ERR_OK)
        committer_fill(service->committer)->urgent = true;
    return err;
}

static void drain_pending(struct service *service, struct now now)
{
    while (service->pending_count > 0 && take_delivery(service, &service->pending[service->pending_first],
                                                       service_t_ms(service, now)) == ERR_OK) {
        service->pending_first = (service->pending_first + 1) % SERVICE_PENDING_MAX;
        service->pending_count--;
    }
}

void service_on_delivery(void *self, const struct delivery *delivery)
{
    struct service *service = self;
    /* The order of one job's states matters: nothing overtakes what waits. */
    if (service->pending_count == 0 &&
        take_delivery(service, delivery, service_t_ms(service, clock_now())) == ERR_OK)
        return;
    if (service->pending_count == SERVICE_PENDING_MAX) {
        service->deliveries_lost++; /* the row stays unfinished on disk and is tried again after the next
                                       start */
        return;
    }
    service->pending[(service->pending_first + service->pending_count++) % SERVICE_PENDING_MAX] = *delivery;
}

void service_on_heard(void *self, uint32_t device, struct now now)
{
    struct service *service = self;
    outbox_on_heard(service->outbox, device, now);
}

void service_on_clock(void *self, int64_t time_ms, struct now now)
{
    struct service *service = self;
    (void)now;
    if (time_ms > service->virtual_ms)
        service->virtual_ms = time_ms;
    service->clock_owed = true;
}

static void note_broker(struct service *service, struct now now)
{
    const unsigned changes = link_changes(service->link);
    const bool up = link_is_up(service->link);
    if (changes == service->link_changes && up == service->broker_up)
        return;
    service->link_changes = changes;
    service->broker_up = up;
    struct input input = {.t_ms = service_t_ms(service, now), .kind = INPUT_BROKER, .broker_up = up};
    if (take(service, &input) != ERR_OK)
        log_write(LOG_WARN, "link.unrecorded",
                  "the batch is full: this change of the link is not in the input log");
    service_tell_metrics(service, now); /* /healthz says so at once */
}

/* ---- to the disk ---- */

bool service_submit(struct service *service)
{
    struct batch *batch = committer_fill(service->committer);
    if (batch->first == NULL || committer_under_way(service->committer) != NULL)
        return false;
    seats_close_batch(service->seats, batch);
    const struct config_store *store = &service->config->store;
    if (gateway_n(service->gateway) - service->snapshot_n >= store->snapshot_inputs &&
        gateway_snapshot(service->gateway) == ERR_OK)
        service->snapshot_n = gateway_n(service->gateway);
    if (!committer_submit(service->committer))
        return false;
    gateway_set_batch(service->gateway, committer_fill(service->committer));
    service->answers[1] = service->answers[0];
    service->answers[0].count = 0;
    return true;
}

static bool is_due(const struct service *service, struct now now)
{
    const struct batch *batch = committer_fill(service->committer);
    const struct config_store *store = &service->config->store;
    return batch->first != NULL && (batch->urgent || batch->events >= store->commit_events ||
                                    now.mono_ms - batch->opened_mono_ms >= store->commit_ms ||
                                    service->clock_owed || !batch_room(batch));
}

/* ---- fail open: red that is not on disk within a second goes out all the same, marked; ids are derived, so
 * nothing doubles later ---- */

static void send_red(struct service *service, const struct batch *batch, struct now now)
{
    for (const struct batch_item *item = batch->first; item != NULL; item = item->next) {
        if (item->kind != BATCH_JOB || item->row.level != LEVEL_RED || item->row.channel == CHANNEL_NONE)
            continue;
        struct outbox_row row = item->row;
        row.unpersisted = 1;
        if (outbox_add(service->outbox, &row, now) == ERR_OK)
            service->fail_open_rows++;
    }
}

static void fail_open(struct service *service, struct now now)
{
    const struct batch *batches[] = {committer_under_way(service->committer),
                                     committer_fill(service->committer)};
    bool open = false;
    for (int i = 0; i < 2; i++) {
        const struct batch *batch = batches[i];
        if (batch == NULL || !batch->red ||
            now.mono_ms - batch->opened_mono_ms < service->config->store.fail_open_ms)
            continue;
        open = true;
        send_red(service, batch, now);
    }
    if (open && !service->fail_open)
        log_write(LOG_ERROR, "store.fail_open", "red alerts leave before they are on disk");
    service->fail_open = open;
}

/* ---- out ---- */

static enum err send_ack(void *self, uint32_t device, enum lane lane, uint32_t epoch, uint64_t seq)
{
    struct service *service = self;
    char topic[TOPIC_SIZE];
    unsigned char payload[DECODE_SMALL_MAX];
    topic_ack(service->config->county, registry_device(service->registry, device)->id, topic);
    const size_t len = encode_ack(lane, epoch, seq, service_t_ms(service, clock_now()), payload);
    return link_publish(service->link, topic, payload, len, 0, false);
}

static void tell_clock(struct service *service)
{
    if (!service->clock_owed || committer_fill(service->committer)->first != NULL ||
        committer_under_way(service->committer) != NULL)
        return;
    char topic[TOPIC_SIZE];
    unsigned char payload[DECODE_SMALL_MAX];
    topic_clock_reached(service->config->county, topic);
    if (link_publish(service->link, topic, payload, encode_clock(service->virtual_ms, payload), 0, false) ==
        ERR_OK)
        service->clock_owed = false;
}

static void tell_outbox(struct service *service, const struct batch *batch, struct now now)
{
    for (const struct batch_item *item = batch->first; item != NULL; item = item->next) {
        if (item->kind == BATCH_JOB && item->row.channel != CHANNEL_NONE &&
            outbox_add(service->outbox, &item->row, now) != ERR_OK)
            log_write(LOG_ERROR, "outbox.full", "a row stays on disk until there is room");
        else if (item->kind == BATCH_DELIVERY)
            outbox_on_state(service->outbox, &item->delivery.job, item->delivery.state, now);
    }
}

void service_on_committed(void *self, const struct batch *batch, struct now now)
{
    struct service *service = self;
    service->last_commit_wall_ms = now.wall_ms;
    tell_outbox(service, batch, now);
    outbox_tick(service->outbox, now);
    for (const struct batch_item *item = batch->first; item != NULL; item = item->next)
        if (item->kind == BATCH_WATERMARK)
            seats_committed(service->seats, &item->watermark);
    seats_send_acks(service->seats, send_ack, service);
    for (unsigned i = 0; i < service->answers[1].count; i++)
        api_answer(service->api, service->answers[1].tickets[i], ERR_OK, "done");
    service->answers[1].count = 0;
    loop_wake_send(service->wake); /* the other batch may be waiting to be handed over */
}

void service_pump(void *self, struct now now)
{
    struct service *service = self;
    const bool was_empty = committer_fill(service->committer)->first == NULL;
    note_broker(service, now);
    drain_inbox(service, now);
    drain_pending(service, now);
    bool room = drain(service, link_urgent(service->link), UINT32_MAX, now);
    /* While the disk is full only emergencies may fill what memory is left. */
    if (room && committer_state(service->committer) == ERR_OK)
        room = drain(service, link_routine(service->link), SERVICE_ROUTINE_RUN, now);
    if (room)
        room = intake_release(service->intake, service_t_ms(service, now), now);
    if (room)
        gateway_on_tick(service->gateway, service_t_ms(service, now));

    struct batch *batch = committer_fill(service->committer);
    if (was_empty && batch->first != NULL)
        batch->opened_mono_ms = now.mono_ms;
    if (is_due(service, now))
        service_submit(service);
    fail_open(service, now);
    outbox_tick(service->outbox, now);
    seats_send_acks(service->seats, send_ack, service);
    tell_clock(service);
    service_apply_import(service, now);
    if (ring_used(link_routine(service->link)) > 0 && room && committer_state(service->committer) == ERR_OK)
        loop_wake_send(service->wake); /* more than one run is waiting: come back after the loop has looked at
                                          its other handles */
}
