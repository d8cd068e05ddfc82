/*
 * When is a batch unreadable? The gateway gives no answer to one, and it gives none either while it is
 * stopped, its disk is full, or its routine ring drops what comes. So a try counts only when, between this
 * send and the next one, the gateway proved that it commits what comes after: strong: an acknowledgement of
 * this lane that ends just below the batch (later batches arrived and were committed); weak:   an
 * acknowledgement that moved the other lane. A weak sign convicts in the urgent lane, which the gateway
 * serves first; in the routine lane, which it may shed, four weak signs weigh as one strong one. Nothing
 * counts while the gateway says it is down or the link is.
 *
 * A doubted batch is cut into single events. Their neighbours are sent along at each try: the gateway
 * acknowledges again what it has, which is the very evidence needed. Normal batches resume behind the end of
 * the doubted one.
 */
#include <string.h>

#include "bytes.h"
#include "device.h"

enum {
    POINTS_STRONG = 4,
    POINTS_LOST = DEVICE_LOST_TRIES * POINTS_STRONG,
    BLOCKED_MS = 1000,
    SPREAD_MS = 5000
};

static int64_t delay_ms(struct device_core *device, enum device_lane which, uint32_t attempt)
{
    int64_t first = which == DEVICE_URGENT ? 2000 : 5000;
    int64_t last = which == DEVICE_URGENT ? 30000 : 300000;
    int64_t delay = attempt < 10 ? first << attempt : last;

    if (delay > last)
        delay = last;
    /* Half the delay, and up to as much again as the whole. */
    return delay / 2 + (int64_t)(((uint64_t)delay * (device_random(device) >> 8)) >> 24);
}

static bool lane_rests(const struct device_core *device, enum device_lane which)
{
    return !device->link_up || (which == DEVICE_ROUTINE && device->gateway_down);
}

void device_sender_init(struct device_core *device)
{
    memset(&device->sender, 0, sizeof device->sender);
    for (int i = 0; i < DEVICE_LANES; i++)
        device->sender.lanes[i] =
            (struct device_sender_lane){.sent_end = device->outbox.lanes[i].next, .due_ms = INT64_MAX};
}

static void forget_window(struct device_sender_lane *lane)
{
    lane->in_flight = 0;
    lane->due_ms = INT64_MAX;
    lane->echoed = lane->overtaken = false;
}

void device_sender_link_up(struct device_core *device, int64_t now_ms)
{
    for (int i = 0; i < DEVICE_LANES; i++) {
        forget_window(&device->sender.lanes[i]);
        device->sender.lanes[i].attempt = 0;
        device->sender.lanes[i].blocked_ms = now_ms;
    }
}

void device_sender_gateway_up(struct device_core *device, int64_t now_ms)
{
    struct device_sender_lane *urgent = &device->sender.lanes[DEVICE_URGENT];
    struct device_sender_lane *routine = &device->sender.lanes[DEVICE_ROUTINE];
    int64_t due_ms;

    urgent->attempt = routine->attempt = 0;
    due_ms = now_ms + delay_ms(device, DEVICE_URGENT, 0);
    if (urgent->in_flight && due_ms < urgent->due_ms)
        urgent->due_ms = due_ms;
    forget_window(routine);
    routine->blocked_ms = now_ms + (int64_t)(device_random(device) % SPREAD_MS);
}

/* The window and the doubts follow base, whoever moved it. */
static void follow_base(struct device_core *device, enum device_lane which)
{
    struct device_sender_lane *lane = &device->sender.lanes[which];
    uint64_t base = device->outbox.lanes[which].base;
    uint32_t kept = 0;

    if (lane->head == base)
        return;
    lane->head = base;
    lane->resends = lane->points = 0;
    lane->doubted = lane->echoed = lane->overtaken = false;
    for (uint32_t i = 0; i < lane->in_flight; i++) {
        struct device_batch batch = lane->window[i];

        if (batch.first + batch.count <= base)
            continue;
        if (batch.first < base) {
            batch.count -= (uint32_t)(base - batch.first);
            batch.first = base;
        }
        lane->window[kept++] = batch;
    }
    lane->in_flight = kept;
    if (kept == 0)
        lane->due_ms = INT64_MAX;
}

static uint8_t *put_varint(uint8_t *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to++ = (uint8_t)value;
    return to;
}

/* The four numbers of an EventBatch, by hand: the stored events are already packed, and protobuf-c would want
 * each unpacked again. Tags are field number << 3 | wire type (5 = four bytes, 0 = varint, 2 = length and
 * bytes). */
static size_t put_batch_head(const struct device_core *device, enum device_lane which, uint64_t first,
                             uint8_t *message)
{
    uint8_t *to = message;

    *to++ = 1 << 3 | 5;
    device_put_le(to, device->outbox.epoch, 4);
    to += 4;
    *to++ = 2 << 3;
    *to++ = which == DEVICE_URGENT ? HUYANG__V1__LANE__LANE_URGENT : HUYANG__V1__LANE__LANE_ROUTINE;
    *to++ = 3 << 3;
    to = put_varint(to, device->outbox.lanes[which].base);
    *to++ = 4 << 3;
    to = put_varint(to, first);
    return (size_t)(to - message);
}

/* Packs up to max_events from first on into the scratch message. Reports are cut only where single events are
 * asked for. Returns the length, 0 when there is nothing. */
static size_t build(struct device_core *device, enum device_lane which, uint64_t first, uint32_t max_events,
                    uint32_t *ret_count)
{
    struct device_outbox_cursor cursor = {.seq = first};
    struct device_outbox_event event;
    uint8_t *message = device->config.scratch->message;
    uint32_t count = 0;
    size_t length = put_batch_head(device, which, first, message);

    while (count < max_events && device_outbox_read(&device->outbox, which, &cursor, &event)) {
        bool starts_report = cursor.in_record == 1;
        uint32_t left = cursor.record_count - cursor.in_record + 1;

        if (event.seq != first + count)
            break;
        if (count > 0 && starts_report &&
            (count + left > max_events || length + cursor.length > DEVICE_BATCH_BYTES))
            break;
        message[length++] = 5 << 3 | 2;
        length = (size_t)(put_varint(message + length, event.length) - message);
        memcpy(message + length, event.bytes, event.length);
        length += event.length;
        count++;
    }
    *ret_count = count;
    return count ? length : 0;
}

/* Sends a batch from first on. Returns the number of its events, 0 when there are none or the transport
 * refused. */
static uint32_t send_batch(struct device_core *device, enum device_lane which, uint64_t first,
                           uint32_t max_events, int64_t now_ms)
{
    struct device_sender_lane *lane = &device->sender.lanes[which];
    const struct device_transport *transport = &device->config.transport;
    char topic[DEVICE_TOPIC_MAX];
    uint32_t count;
    size_t length = build(device, which, first, max_events, &count);

    if (length == 0)
        return 0;
    device_topic(device, which == DEVICE_URGENT ? DEVICE_TOPIC_URGENT : DEVICE_TOPIC_ROUTINE, topic);
    if (transport->publish(transport->context, topic, device->config.scratch->message, length, 1, false)) {
        lane->blocked_ms = now_ms + BLOCKED_MS;
        return 0;
    }
    if (first + count > lane->sent_end)
        lane->sent_end = first + count;
    device->sender.batches_sent++;
    return count;
}

static void fill_window(struct device_core *device, enum device_lane which, int64_t now_ms)
{
    struct device_sender_lane *lane = &device->sender.lanes[which];
    const struct device_outbox_lane *stored = &device->outbox.lanes[which];

    while (lane->in_flight < DEVICE_WINDOW && now_ms >= lane->blocked_ms) {
        const struct device_batch *last = &lane->window[lane->in_flight ? lane->in_flight - 1 : 0];
        uint64_t first = lane->in_flight ? last->first + last->count : stored->base;
        uint32_t count;

        if (first >= stored->next)
            return;
        count = send_batch(device, which, first, first < lane->single_end ? 1 : DEVICE_BATCH_EVENTS, now_ms);
        if (count == 0)
            return;
        if (lane->in_flight == 0)
            lane->due_ms = now_ms + delay_ms(device, which, lane->attempt);
        lane->window[lane->in_flight++] = (struct device_batch){.first = first, .count = count};
    }
}

/* Lets the first event go: to the end of the lane when it may mean a life, else for good. */
static void give_up(struct device_core *device, enum device_lane which)
{
    struct device_sender_lane *lane = &device->sender.lanes[which];
    struct device_outbox_cursor cursor = {.seq = lane->head};
    struct device_outbox_event event;
    uint64_t seq;

    if (!device_outbox_read(&device->outbox, which, &cursor, &event))
        return;
    lane->points = 0;
    if (device_event_vital(event.kind)) {
        if (device_outbox_requeue(&device->outbox, which, &seq))
            return; /* stays first, and is tried again */
        device->sender.requeued++;
        device_fallback_renumbered(device, lane->head, seq);
    } else {
        seq = lane->head;
        device_outbox_advance(&device->outbox, which, seq + 1);
        device->sender.events_lost++;
        device->lost++;
        device_tell(device,
                    &(struct device_note){.kind = DEVICE_NOTE_LOST, .lane = which, .seq = seq, .count = 1});
    }
    follow_base(device, which);
    lane->attempt = 0;
}

/* What the silence since the last send means, before the first batch is sent once more. */
static void judge(struct device_core *device, enum device_lane which)
{
    struct device_sender_lane *lane = &device->sender.lanes[which];
    bool single = lane->head < lane->single_end;

    lane->resends++;
    if (single && !device->gateway_down) {
        if (lane->echoed || (lane->overtaken && which == DEVICE_URGENT))
            lane->points += POINTS_STRONG;
        else if (lane->overtaken)
            lane->points++;
        if (lane->points >= POINTS_LOST)
            give_up(device, which);
    } else if (!single && lane->resends >= DEVICE_SPLIT_AFTER && lane->doubted) {
        lane->single_end = lane->window[0].first + lane->window[0].count;
        lane->points = lane->attempt = 0;
    }
    lane->echoed = lane->overtaken = false;
}

static void resend(struct device_core *device, enum device_lane which, int64_t now_ms)
{
    struct device_sender_lane *lane = &device->sender.lanes[which];
    uint32_t sent;

    if (now_ms < lane->blocked_ms)
        return;
    judge(device, which);
    lane->attempt++;
    if (lane->head < lane->single_end || lane->in_flight == 0) {
        forget_window(lane);
        return; /* fill_window() sends the first event and its neighbours */
    }
    sent = send_batch(device, which, lane->head, lane->window[0].count, now_ms);
    if (sent && sent != lane->window[0].count)
        forget_window(lane); /* the flash lost something: begin anew */
    else
        lane->due_ms = now_ms + (sent ? delay_ms(device, which, lane->attempt) : BLOCKED_MS);
}

void device_sender_run(struct device_core *device, int64_t now_ms)
{
    for (int i = 0; i < DEVICE_LANES; i++) {
        enum device_lane which = (enum device_lane)i;
        struct device_sender_lane *lane = &device->sender.lanes[which];

        follow_base(device, which);
        if (lane_rests(device, which))
            continue;
        if (lane->in_flight && now_ms >= lane->due_ms)
            resend(device, which, now_ms);
        fill_window(device, which, now_ms);
    }
}

void device_sender_ack(struct device_core *device, enum device_lane which, uint32_t epoch, uint64_t seq,
                       int64_t now_ms)
{
    struct device_sender_lane *lane = &device->sender.lanes[which];
    struct device_sender_lane *other =
        &device->sender.lanes[which == DEVICE_URGENT ? DEVICE_ROUTINE : DEVICE_URGENT];
    uint64_t base = device->outbox.lanes[which].base;

    if (epoch != device->outbox.epoch || seq >= lane->sent_end) {
        device->sender.acks_ignored++;
        return;
    }
    if (seq < base) {
        if (seq + 1 == base && lane->in_flight)
            lane->doubted = lane->echoed = true;
        return;
    }
    /* Told before base moves: what was dropped or lost below it was not delivered. */
    device_fallback_acked(device, which == DEVICE_URGENT ? seq + 1 : 0);
    device_outbox_advance(&device->outbox, which, seq + 1);
    follow_base(device, which);
    lane->attempt = 0;
    if (lane->in_flight)
        lane->due_ms = now_ms + delay_ms(device, which, 0);
    if (other->in_flight)
        other->doubted = other->overtaken = true;
    device_tell(device, &(struct device_note){.kind = DEVICE_NOTE_ACKED, .lane = which, .seq = seq});
}

int64_t device_sender_deadline(const struct device_core *device)
{
    int64_t deadline = INT64_MAX;

    for (int i = 0; i < DEVICE_LANES; i++) {
        const struct device_sender_lane *lane = &device->sender.lanes[i];
        const struct device_outbox_lane *stored = &device->outbox.lanes[i];
        uint64_t end = lane->in_flight
                           ? lane->window[lane->in_flight - 1].first + lane->window[lane->in_flight - 1].count
                           : stored->base;

        if (lane_rests(device, (enum device_lane)i))
            continue;
        if (lane->in_flight) {
            int64_t due_ms = lane->due_ms > lane->blocked_ms ? lane->due_ms : lane->blocked_ms;

            deadline = due_ms < deadline ? due_ms : deadline;
        }
        if (lane->in_flight < DEVICE_WINDOW && end < stored->next && lane->blocked_ms < deadline)
            deadline = lane->blocked_ms;
    }
    return deadline;
}
