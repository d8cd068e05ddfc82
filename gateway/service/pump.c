/* Each wake-up of the core loop: what came in goes through the fold into the open batch; a batch that is due
 * goes to the store thread; what has become durable is told to devices, relays and people. Commands before
 * acknowledgements; urgent before routine. */
#include "service/parts.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"

int64_t service_t_ms(struct service *service, struct now now)
{
    return service->options.virtual_clock ? service->virtual_ms : fold_clock_read(&service->fold_clock, now);
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

/* The same for foreign messages, with a budget, so that a flood of them leaves the lanes their turn. */
static bool drain_dialects(struct service *service, struct now now)
{
    struct ring *ring = link_dialects(service->link);
    size_t len;
    const void *record;
    for (unsigned i = 0; ring != NULL && i < SERVICE_DIALECTS_RUN && (record = ring_peek(ring, &len)) != NULL;
         i++) {
        if (!has_room(service) || !dialects_take(service->dialects, record, service_t_ms(service, now), now))
            return false;
        ring_drop(ring);
        service->last_input_wall_ms = now.wall_ms;
    }
    return true;
}

/* There is something to commit: items, or marks of refused events, whose devices wait for their ack. */
static bool is_open(const struct service *service)
{
    return committer_fill(service->committer)->first != NULL || seats_have_changed(service->seats);
}

/* Since when the batch waits, for the commit delay and fail-open: from its first item on, wherever that came
 * from. */
static void note_opened(struct service *service, struct now now)
{
    struct batch *batch = committer_fill(service->committer);
    if (batch->opened_mono_ms == 0 && is_open(service))
        batch->opened_mono_ms = now.mono_ms;
}

enum err service_take(struct service *service, struct input *input)
{
    if (!has_room(service))
        return ERR_FULL;
    const enum err err = gateway_on_input(service->gateway, input);
    note_opened(service, clock_now());
    return err;
}

static const char *why_refused(uint8_t kind, enum err err, const char *refusal)
{
    if (*refusal)
        return refusal;
    if (kind == ACTION_CAMPAIGN_END)
        return "there is no such campaign, or it has ended";
    if (kind == ACTION_UNSILENCE)
        return "there is no such silence, or it has ended";
    if (kind == ACTION_SILENCE)
        return "a silence needs a reason, an end within 30 days and a territory below the county; "
               "emergencies are never silenced, and no more than 256 silences run at once";
    if (kind == ACTION_UNANNOUNCE)
        return "there is no such announcement, or it has ended";
    if (kind == ACTION_ANNOUNCE)
        return "an announcement needs a territory below the county and hours that end after their beginning "
               "and "
               "from now on, at most 15 days; no more than 256 are kept at once";
    if ((kind >= ACTION_DEVICE_LOCATE && kind <= ACTION_DEVICE_RESTART) || kind == ACTION_TEST_WINDOW)
        return "there is no such device";
    if (kind >= ACTION_TASK_ASSIGN && kind <= ACTION_TASK_FINISH)
        return err == ERR_NOT_FOUND
                   ? "there is no such open task"
                   : "the task's kind or state does not allow this, or the outcome does not fit";
    if (kind >= ACTION_LEDGER_ASSIGN && kind <= ACTION_LEDGER_CLOSE)
        return "the ledger has no open entry of this id";
    if (kind == ACTION_SNOOZE && err == ERR_INVALID)
        return "a snooze ends within 4 hours; red alerts and emergencies are never snoozed";
    return err == ERR_NOT_FOUND ? "there is no such open alert" : "the alert's state does not allow this";
}

/* What would be said, through what; nothing happens, and nothing is written down. */
static void answer_preview(struct service *service, const struct inbox_entry *entry, struct now now)
{
    struct gateway_preview preview;
    const enum err err =
        gateway_preview(service->gateway, service_t_ms(service, now), &entry->action, &preview);
    if (err != ERR_OK) {
        api_answer(service->api, entry->ticket, err,
                   why_refused(entry->action.kind, err, gateway_refusal(service->gateway)));
        return;
    }
    const struct device *device = registry_device(service->registry, preview.device);
    const bool wristband = device->kind == DEVICE_WRISTBAND;
    const char *manner = preview.prompt->manner == PROMPT_DISCREET || (preview.quiet && wristband)
                             ? "discreetly"
                         : preview.quiet ? "not_at_all"
                                         : "aloud";
    char text[512];
    snprintf(text, sizeof(text),
             "{\"prompt\":\"%s\",\"device\":\"%s\",\"kind\":\"%s\",\"manner\":\"%s\",\"quiet_hours\":%s}",
             preview.prompt->id, device->id, wristband ? "wristband" : "camera", manner,
             preview.quiet ? "true" : "false");
    api_answer(service->api, entry->ticket, ERR_OK, text);
}

static void drain_inbox(struct service *service, struct now now)
{
    struct inbox_entry entry;
    while (service->answers[0].count < SERVICE_ANSWERS_MAX && inbox_peek(service->inbox, &entry)) {
        if (entry.action.preview) {
            answer_preview(service, &entry, now);
            inbox_drop(service->inbox);
            continue;
        }
        struct input input = {
            .t_ms = service_t_ms(service, now), .kind = INPUT_ACTION, .action = entry.action};
        const enum err err = service_take(service, &input);
        if (err == ERR_FULL)
            return;
        inbox_drop(service->inbox);
        committer_fill(service->committer)->urgent = true;
        if (err == ERR_OK)
            service->answers[0].tickets[service->answers[0].count++] = entry.ticket;
        else
            api_answer(service->api, entry.ticket, err,
                       why_refused(entry.action.kind, err, gateway_refusal(service->gateway)));
    }
}

static enum err take_delivery(struct service *service, const struct delivery *delivery, int64_t t_ms)
{
    struct input input = {.t_ms = t_ms, .kind = INPUT_DELIVERY, .delivery = *delivery};
    const enum err err = service_take(service, &input);
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

void service_on_gone(void *self, uint32_t device, struct now now)
{
    struct service *service = self;
    outbox_on_gone(service->outbox, device, now);
}

void service_on_clock(void *self, int64_t time_ms, struct now now)
{
    struct service *service = self;
    (void)now;
    if (time_ms > service->virtual_ms)
        service->virtual_ms = time_ms;
    service->clock_owed = true;
}

/* The first word of a new run: since its last moment this gateway heard nothing, which is no fault of the
 * devices. It is said as of that moment, before time runs on, or all of them would have fallen silent
 * meanwhile. False: there was no room for it yet. */
static bool note_stop(struct service *service)
{
    struct input input = {.t_ms = gateway_t_ms(service->gateway), .kind = INPUT_BROKER, .broker_up = false};
    const bool known =
        service->stop_told || input.t_ms == 0 || live_gateway(gateway_live(service->gateway))->down;
    service->stop_told = known || service_take(service, &input) == ERR_OK;
    return service->stop_told;
}

static void note_broker(struct service *service, struct now now)
{
    const unsigned changes = link_changes(service->link);
    const bool up = link_is_up(service->link), was_up = service->broker_up;
    service->broker_up = up;
    if (up != was_up)
        service_tell_metrics(service, now); /* /healthz says so at once */
    if (!note_stop(service) || (changes == service->link_changes && up == service->broker_told))
        return;
    struct input input = {.t_ms = service_t_ms(service, now), .kind = INPUT_BROKER, .broker_up = up};
    if (service_take(service, &input) != ERR_OK)
        return; /* told to the fold when there is room again */
    service->link_changes = changes;
    service->broker_told = up;
}

/* ---- to the disk ---- */

/* A snapshot when its time has come. One that finds no room is tried again after as many inputs: the next
 * start then has more of them to replay, no less to find. */
static void snapshot(struct service *service, struct batch *batch)
{
    const uint64_t n = gateway_n(service->gateway);
    if (!service->snapshot_due && n - service->snapshot_n < service->config->store.snapshot_inputs)
        return;
    service->snapshot_n = n;
    arena_set_limit(&batch->arena, batch->arena.limit + SERVICE_SNAPSHOT_BYTES);
    service->snapshot_due = false;
    if (gateway_snapshot(service->gateway) == ERR_OK) {
        dialects_snapshot(service->dialects, batch);
        quarantine_snapshot(&service->quarantine, batch);
    } else
        log_write(LOG_WARN, "service.snapshot", "no room for a snapshot: the next start replays more inputs");
}

bool service_submit(struct service *service)
{
    struct batch *batch = committer_fill(service->committer);
    if ((!is_open(service) && !service->snapshot_due) || committer_under_way(service->committer) != NULL ||
        !seats_close_batch(service->seats, batch))
        return false;
    snapshot(service, batch);
    if (batch->first == NULL || !committer_submit(service->committer))
        return false;
    gateway_set_batch(service->gateway, committer_fill(service->committer));
    service->answers[1] = service->answers[0];
    service->answers[0].count = 0;
    service->left_early[1] = service->left_early[0];
    service->left_early[0] = NULL;
    return true;
}

static bool is_due(const struct service *service, struct now now)
{
    const struct batch *batch = committer_fill(service->committer);
    const struct config_store *store = &service->config->store;
    return is_open(service) && (batch->urgent || batch->events >= store->commit_events ||
                                now.mono_ms - batch->opened_mono_ms >= store->commit_ms ||
                                service->clock_owed || service->options.virtual_clock || !batch_room(batch));
}

/* ---- fail open: red that is not on disk within a second goes out all the same, marked; ids are derived, so
 * nothing doubles later ---- */

/* Hands over what was not handed over before; what finds no room is tried again at the next wake-up. */
static void send_red(struct service *service, const struct batch *batch, const struct batch_item **left_early,
                     struct now now)
{
    const struct batch_item *item = *left_early != NULL ? (*left_early)->next : batch->first;
    for (; item != NULL; item = item->next) {
        if (item->kind == BATCH_JOB && item->row.urgent && item->row.channel != CHANNEL_NONE) {
            struct outbox_row row = item->row;
            row.unpersisted = 1;
            const enum err err = outbox_add(service->outbox, &row, now);
            if (err == ERR_FULL || err == ERR_NOMEM)
                return;
            service->fail_open_rows += err == ERR_OK;
        }
        *left_early = item;
    }
}

static void fail_open(struct service *service, struct now now)
{
    const struct batch *batches[] = {committer_fill(service->committer),
                                     committer_under_way(service->committer)};
    bool open = false;
    for (int i = 1; i >= 0; i--) { /* the older one first */
        const struct batch *batch = batches[i];
        if (batch == NULL || !batch->red ||
            now.mono_ms - batch->opened_mono_ms < service->config->store.fail_open_ms)
            continue;
        open = true;
        send_red(service, batch, &service->left_early[i], now);
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
        /* A foreign device need not be heard first: it has no outbox of ours to be asked for. */
        if (item->kind == BATCH_JOB && item->row.channel == CHANNEL_COMMAND &&
            dialects_speaks(service->dialects, item->row.device))
            outbox_on_heard(service->outbox, item->row.device, now);
        if (item->kind == BATCH_DELIVERY)
            outbox_on_state(service->outbox, &item->delivery.job, item->delivery.state, now);
    }
}

struct refill {
    struct service *service;
    struct now now;
};

static enum err refill_row(void *self, const struct outbox_row *row)
{
    struct refill *refill = self;
    return row->channel == CHANNEL_NONE ? ERR_OK : outbox_add(refill->service->outbox, row, refill->now);
}

static enum err read_rows(void *self)
{
    struct refill *refill = self;
    const struct store_loader loader = {.row = refill_row, .self = refill};
    return store_sqlite.rows(refill->service->store, &loader);
}

/* Rows that found the outbox full wait on disk; once there is room they are read back. Not while a commit is
 * under way: the loop would wait for the disk. */
static void refill_outbox(struct service *service, struct now now)
{
    struct refill refill = {service, now};
    if (committer_under_way(service->committer) != NULL || !outbox_wants_more(service->outbox))
        return;
    const enum err err = committer_with_store(service->committer, read_rows, &refill);
    if (err != ERR_OK && err != ERR_FULL)
        log_write(LOG_ERROR, "outbox.refill", "rows on disk could not be read back\terror=%s", err_text(err));
}

void service_on_committed(void *self, const struct batch *batch, struct now now)
{
    struct service *service = self;
    service->last_commit_wall_ms = now.wall_ms;
    service->left_early[1] = NULL;
    if (!service->stopping) { /* a sending begun now would be cut off: the rows wait on disk for the next
                                 start */
        tell_outbox(service, batch, now);
        outbox_tick(service->outbox, now);
    }
    bool news = false;
    for (const struct batch_item *item = batch->first; item != NULL; item = item->next) {
        news |= item->kind == BATCH_TRANSITION || item->kind == BATCH_DELIVERY;
        if (item->kind == BATCH_DELIVERY)
            service_watch_delivery(service, &item->delivery, now);
        if (item->kind == BATCH_WATERMARK)
            seats_committed(service->seats, &item->watermark);
    }
    if (news && service->api != NULL)
        api_changed(service->api);
    seats_send_acks(service->seats, send_ack, service);
    for (unsigned i = 0; i < service->answers[1].count; i++)
        api_answer(service->api, service->answers[1].tickets[i], ERR_OK, "done");
    service->answers[1].count = 0;
    loop_wake_send(service->wake); /* the other batch may be waiting to be handed over */
}

/* What came in goes through the fold, urgent first; false when the batch is full. */
static bool take_in(struct service *service, struct now now)
{
    note_broker(service, now);
    drain_inbox(service, now);
    service_tell_unsaid(service);
    drain_pending(service, now);
    reports_drain(service->reports, service);
    bool room = drain(service, link_urgent(service->link), SERVICE_URGENT_RUN, now);
    if (room)
        room = drain_dialects(service, now);
    /* While the disk is full only emergencies may fill what memory is left. */
    if (room && committer_state(service->committer) == ERR_OK)
        room = drain(service, link_routine(service->link), SERVICE_ROUTINE_RUN, now);
    if (room)
        room = intake_release(service->intake, service_t_ms(service, now), now);
    return room;
}

void service_pump(void *self, struct now now)
{
    struct service *service = self;
    const bool waits = service_import_waits(service, now);
    bool room = waits || take_in(service, now);
    if (room)
        room = gateway_on_tick(service->gateway, service_t_ms(service, now));
    service->snapshot_due |= room && !waits && quarantine_is_due(&service->quarantine, now);
    note_opened(service, now);
    if (waits || service->snapshot_due || is_due(service, now))
        service_submit(service);
    fail_open(service, now);
    refill_outbox(service, now);
    outbox_tick(service->outbox, now);
    seats_send_acks(service->seats, send_ack, service);
    if (room)
        tell_clock(service);
    service_answer_looks(service);
    service_apply_import(service, now);
    if ((service->reload_asked || service_reload_ticket(service, false) != 0) && has_room(service)) {
        service->reload_asked = false;
        service_reload(service, now);
    }
    const struct ring *dialects = link_dialects(service->link);
    const bool more_dialects = dialects != NULL && ring_used(dialects) > 0;
    if (room && !waits &&
        (more_dialects || ring_used(link_urgent(service->link)) > 0 ||
         (ring_used(link_routine(service->link)) > 0 && committer_state(service->committer) == ERR_OK)))
        loop_wake_send(service->wake); /* more than one run is waiting: come back after the loop has looked at
                                          its other handles */
}
