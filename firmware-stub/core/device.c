#include <string.h>

#include "device.h"

enum { TRIM_AFTER_MS = 60000, FAULT_EVERY_MS = 60000, GATEWAY_STEP_MS = 5000 };

/* The gateway's time is taken when it is plausible: from 2024 to the end of 2099. */
static const int64_t wall_min_ms = 1704067200000, wall_max_ms = 4102444800000;

uint32_t device_random(struct device_core *device)
{
    /* xorshift32: jitter needs spread, not secrecy. */
    uint32_t x = device->random;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return device->random = x;
}

void device_tell(struct device_core *device, const struct device_note *note)
{
    if (device->config.hal.note)
        device->config.hal.note(device->config.hal.context, note);
}

int64_t device_wall(const struct device_core *device, int64_t now_ms)
{
    return device->clock == DEVICE_CLOCK_NONE ? 0 : now_ms + device->wall_offset_ms;
}

static void set_wall(struct device_core *device, int64_t now_ms, int64_t wall_ms, enum device_clock clock)
{
    device->clock = clock;
    device->wall_offset_ms = wall_ms - now_ms;
    device_tell(device, &(struct device_note){.kind = DEVICE_NOTE_CLOCK, .seq = (uint64_t)wall_ms});
}

void device_set_clock(struct device_core *device, int64_t now_ms, int64_t wall_ms)
{
    if (wall_ms >= wall_min_ms && wall_ms < wall_max_ms)
        set_wall(device, now_ms, wall_ms, DEVICE_CLOCK_OWN);
}

/* Acknowledgements wait in queues, so a small difference is no reason to let the clock jump. */
static void take_gateway_time(struct device_core *device, int64_t now_ms, int64_t wall_ms)
{
    int64_t difference_ms;

    if (device->clock == DEVICE_CLOCK_OWN || wall_ms < wall_min_ms || wall_ms >= wall_max_ms)
        return;
    difference_ms = wall_ms - device_wall(device, now_ms);
    if (device->clock == DEVICE_CLOCK_NONE || difference_ms > GATEWAY_STEP_MS ||
        difference_ms < -GATEWAY_STEP_MS)
        set_wall(device, now_ms, wall_ms, DEVICE_CLOCK_GATEWAY);
}

static bool config_valid(const struct device_config *config)
{
    if (!device_id_valid(config->id) || strlen(config->county) != DEVICE_COUNTY_BYTES)
        return false;
    for (const char *c = config->county; *c; c++)
        if (*c < '0' || *c > '9')
            return false;
    return config->flash.sector_bytes >= 2048 && config->flash.sector_bytes <= 65536 &&
           config->flash.sector_bytes % 4 == 0 && config->flash.sector_count >= DEVICE_LEDGER_SECTORS + 4;
}

static uint32_t draw(const struct device_config *config)
{
    uint32_t drawn = config->hal.entropy(config->hal.context);

    return drawn ? drawn : 0x9e3779b9; /* neither an epoch nor the generator may be 0 */
}

static int open_flash(struct device_core *device)
{
    const struct device_config *config = &device->config;
    uint32_t urgent = config->urgent_sectors ? config->urgent_sectors : DEVICE_SECTORS_URGENT;
    uint32_t routine = config->routine_sectors ? config->routine_sectors : DEVICE_SECTORS_ROUTINE;

    if (!device_ledger_init(&device->ledger, &config->flash, config->scratch->record)) {
        /* Should the ledger alone be lost, the events must not be. */
        uint32_t epoch = device_outbox_salvage_epoch(&config->flash, DEVICE_LEDGER_SECTORS, urgent + routine);

        if (device_ledger_format(&device->ledger, epoch ? epoch : draw(config)))
            return DEVICE_ERROR_STORAGE;
    }
    if (!device_outbox_init(&device->outbox, &config->flash, config->scratch->record, device->ledger.epoch,
                            DEVICE_LEDGER_SECTORS, urgent, routine))
        return DEVICE_ERROR_CONFIG;
    return DEVICE_OK;
}

int device_init(struct device_core *device, const struct device_config *config, int64_t now_ms)
{
    int error;

    memset(device, 0, sizeof *device);
    if (!config_valid(config))
        return DEVICE_ERROR_CONFIG;
    device->config = *config;
    device->random = draw(config);
    device->arena =
        (struct device_arena){.bytes = config->scratch->arena, .capacity = sizeof config->scratch->arena};
    device->trim_ms = INT64_MAX;
    device->fault_ms = now_ms;
    error = open_flash(device);
    if (error)
        return error;
    device_sender_init(device);
    device_fallback_recover(device, now_ms);
    device_commands_recover(device, now_ms);
    return DEVICE_OK;
}

void device_topic(const struct device_core *device, enum device_topic topic, char *ret_topic)
{
    static const char *const leaves[DEVICE_TOPICS] = {"urgent", "routine", "link",
                                                      "ack",    "command", "gateway"};
    static const char prefix[] = "huyang/v1/";
    const char *parts[] = {prefix, device->config.county, "/", device->config.id, "/", leaves[topic]};

    /* All parts are bounded: DEVICE_TOPIC_MAX holds the longest of them together. */
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t length = topic == DEVICE_TOPIC_GATEWAY && (i == 3 || i == 4) ? 0 : strlen(parts[i]);

        memcpy(ret_topic, parts[i], length);
        ret_topic += length;
    }
    *ret_topic = '\0';
}

static size_t pack_link(const struct device_core *device, Huyang__V1__LinkState state, uint8_t *ret_bytes)
{
    Huyang__V1__Link link = HUYANG__V1__LINK__INIT;
    char firmware[DEVICE_FIRMWARE_MAX + 1];

    memcpy(firmware, device->config.firmware, sizeof firmware);
    link.state = state;
    link.ordinal = device->session;
    link.kind = device->config.kind;
    link.firmware = firmware;
    return huyang__v1__link__pack(&link, ret_bytes);
}

size_t device_will(struct device_core *device, int64_t now_ms, uint8_t *ret_bytes)
{
    /* Seconds since 1970 keep the ordinal rising even over a formatting, once the device knows the time. */
    device->session = device_ledger_session(&device->ledger, (uint64_t)device_wall(device, now_ms) / 1000);
    return pack_link(device, HUYANG__V1__LINK_STATE__LINK_STATE_DEAD, ret_bytes);
}

static void send_birth(struct device_core *device)
{
    const struct device_transport *transport = &device->config.transport;
    uint8_t bytes[DEVICE_WILL_MAX];
    char topic[DEVICE_TOPIC_MAX];
    size_t length = pack_link(device, HUYANG__V1__LINK_STATE__LINK_STATE_BORN, bytes);

    device_topic(device, DEVICE_TOPIC_LINK, topic);
    device->birth_due = transport->publish(transport->context, topic, bytes, length, 1, true) != 0;
}

void device_on_link(struct device_core *device, bool up, int64_t now_ms)
{
    device->link_up = up;
    device->birth_due = false;
    if (up) {
        send_birth(device);
        device_sender_link_up(device, now_ms);
    }
    device_tick(device, now_ms);
}

static void on_ack(struct device_core *device, const uint8_t *bytes, size_t length, int64_t now_ms)
{
    ProtobufCAllocator allocator = device_arena_allocator(&device->arena);
    const Huyang__V1__EventAck *ack =
        length <= DEVICE_COMMAND_BYTES_MAX ? huyang__v1__event_ack__unpack(&allocator, length, bytes) : NULL;

    if (!ack || (ack->lane != HUYANG__V1__LANE__LANE_URGENT && ack->lane != HUYANG__V1__LANE__LANE_ROUTINE)) {
        device->downlink_bad++;
        return;
    }
    take_gateway_time(device, now_ms, ack->gateway_time_ms);
    device_sender_ack(device, ack->lane == HUYANG__V1__LANE__LANE_URGENT ? DEVICE_URGENT : DEVICE_ROUTINE,
                      ack->epoch, ack->seq, now_ms);
}

static void on_gateway(struct device_core *device, const uint8_t *bytes, size_t length, int64_t now_ms)
{
    ProtobufCAllocator allocator = device_arena_allocator(&device->arena);
    const Huyang__V1__GatewayState *state = length <= DEVICE_COMMAND_BYTES_MAX
                                                ? huyang__v1__gateway_state__unpack(&allocator, length, bytes)
                                                : NULL;
    bool down;

    if (!state) {
        device->downlink_bad++;
        return;
    }
    down = state->state == HUYANG__V1__LINK_STATE__LINK_STATE_DEAD;
    if (down == device->gateway_down)
        return;
    device->gateway_down = down;
    if (!down)
        device_sender_gateway_up(device, now_ms);
    device_tell(device, &(struct device_note){.kind = DEVICE_NOTE_GATEWAY, .state = (int)state->state});
}

void device_on_message(struct device_core *device, enum device_topic topic, const uint8_t *bytes,
                       size_t length, int64_t now_ms)
{
    device->reading = true;
    switch (topic) {
    case DEVICE_TOPIC_ACK: on_ack(device, bytes, length, now_ms); break;
    case DEVICE_TOPIC_COMMAND: device_commands_message(device, bytes, length, now_ms); break;
    case DEVICE_TOPIC_GATEWAY: on_gateway(device, bytes, length, now_ms); break;
    default: device->downlink_bad++; break;
    }
    device->reading = false;
    device_tick(device, now_ms);
}

void device_on_speaker(struct device_core *device, uint32_t token, enum device_speaker_event event,
                       Huyang__V1__FailReason reason, int64_t now_ms)
{
    device_commands_speaker(device, token, event, reason, now_ms);
    device_tick(device, now_ms);
}

/* What must be found again in the flash after a reboot without unpacking. */
static uint8_t mark_of(const struct device_event *event)
{
    return event->kind == HUYANG__V1__EVENT__KIND_SOS ? (uint8_t)event->sos : 0;
}

/* The fallback follows each SOS of a report, stored or not. */
static void watch_sos(struct device_core *device, const struct device_event *events, size_t count,
                      uint64_t first, int64_t now_ms)
{
    for (size_t i = 0; i < count; i++) {
        if (events[i].kind != HUYANG__V1__EVENT__KIND_SOS)
            continue;
        if (events[i].sos == HUYANG__V1__SOS_PHASE__SOS_PHASE_CANCELLED)
            device_fallback_cancelled(device);
        else if (first)
            device_fallback_pressed(device, first + i, now_ms);
        else
            device_fallback_now(device);
    }
}

/* New losses of the outbox, for the fault that tells them. */
static void count_losses(struct device_core *device)
{
    for (int i = 0; i < DEVICE_LANES; i++) {
        uint64_t dropped = device->outbox.lanes[i].dropped - device->dropped_seen[i];

        if (dropped == 0)
            continue;
        device->dropped_seen[i] += dropped;
        device->overflow += (uint32_t)dropped;
        device_tell(device, &(struct device_note){.kind = DEVICE_NOTE_DROPPED,
                                                  .lane = (enum device_lane)i,
                                                  .count = (uint32_t)dropped});
    }
}

static int store_report(struct device_core *device, enum device_lane lane, const struct device_event *events,
                        size_t count, int64_t now_ms, uint64_t *ret_first)
{
    struct device_outbox_report report = {0};
    int64_t at_ms = device_wall(device, now_ms);
    /* Unlike its neighbours' and never 0: the low bits of its first number. */
    uint32_t number = count > 1 ? (uint32_t)device->outbox.lanes[lane].next : 0;

    if (count < 1 || count > DEVICE_REPORT_EVENTS_MAX)
        return DEVICE_ERROR_SIZE;
    for (size_t i = 0; i < count; i++) {
        size_t capacity, length = 0;
        uint8_t *room = device_outbox_room(&device->outbox, &report, &capacity);

        if (room)
            length = device_event_pack(&events[i], at_ms, number, room, capacity);
        if (length == 0 || length > DEVICE_EVENT_MAX)
            return DEVICE_ERROR_SIZE;
        device_outbox_add(&device->outbox, &report, (uint8_t)events[i].kind, mark_of(&events[i]), length);
    }
    if (device_outbox_append(&device->outbox, lane, &report, ret_first)) {
        device->storage++;
        return DEVICE_ERROR_STORAGE;
    }
    return DEVICE_OK;
}

int device_report_in(struct device_core *device, enum device_lane lane, const struct device_event *events,
                     size_t count, int64_t now_ms)
{
    uint64_t first = 0;
    int error = store_report(device, lane, events, count, now_ms, &first);

    if (error != DEVICE_ERROR_SIZE)
        watch_sos(device, events, count, first, now_ms);
    count_losses(device);
    if (error)
        return error;
    device_tell(device,
                &(struct device_note){
                    .kind = DEVICE_NOTE_STORED, .lane = lane, .seq = first, .count = (uint32_t)count});
    if (!device->reading)
        device_sender_run(device, now_ms);
    return DEVICE_OK;
}

int device_report(struct device_core *device, const struct device_event *events, size_t count, int64_t now_ms)
{
    enum device_lane lane =
        device_event_lane(events, count) == HUYANG__V1__LANE__LANE_URGENT ? DEVICE_URGENT : DEVICE_ROUTINE;

    return device_report_in(device, lane, events, count, now_ms);
}

/* Reports one counter as a fault; it stays due when it could not be stored. */
static void report_fault(struct device_core *device, Huyang__V1__FaultKind kind, uint32_t *count,
                         int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_DEVICE_FAULT};
    uint32_t told = *count;

    if (told == 0)
        return;
    event.fault.kind = kind;
    event.fault.count = told;
    device->fault_ms = now_ms + FAULT_EVERY_MS;
    if (device_report_in(device, DEVICE_ROUTINE, &event, 1, now_ms) == DEVICE_OK)
        *count -= told;
}

static void report_faults(struct device_core *device, int64_t now_ms)
{
    count_losses(device);
    device->storage += (uint32_t)(device->ledger.failures - device->failures_seen);
    device->failures_seen = device->ledger.failures;
    if (now_ms < device->fault_ms)
        return;
    report_fault(device, HUYANG__V1__FAULT_KIND__FAULT_KIND_OUTBOX_OVERFLOW, &device->overflow, now_ms);
    report_fault(device, HUYANG__V1__FAULT_KIND__FAULT_KIND_EVENT_LOST, &device->lost, now_ms);
    report_fault(device, HUYANG__V1__FAULT_KIND__FAULT_KIND_STORAGE, &device->storage, now_ms);
}

/* Bases are stored lazily: soon after a device fell quiet, so that a reboot does not send everything again.
 */
static void store_bases(struct device_core *device, int64_t now_ms)
{
    bool behind = false;

    for (int i = 0; i < DEVICE_LANES; i++)
        behind |= device->outbox.lanes[i].base != device->outbox.lanes[i].base_stored;
    if (!behind) {
        device->trim_ms = INT64_MAX;
    } else if (device->trim_ms == INT64_MAX) {
        device->trim_ms = now_ms + TRIM_AFTER_MS;
    } else if (now_ms >= device->trim_ms) {
        for (int i = 0; i < DEVICE_LANES; i++)
            device_outbox_trim(&device->outbox, (enum device_lane)i);
        device->trim_ms = now_ms + TRIM_AFTER_MS;
    }
}

void device_tick(struct device_core *device, int64_t now_ms)
{
    if (device->link_up && device->birth_due)
        send_birth(device);
    device_fallback_run(device, now_ms);
    device_commands_run(device, now_ms);
    device_sender_run(device, now_ms);
    report_faults(device, now_ms);
    store_bases(device, now_ms);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t device_next_deadline(const struct device_core *device, int64_t now_ms)
{
    int64_t deadline = earlier(device_sender_deadline(device), device_commands_deadline(device, now_ms));

    if (device->fallback.sos_seq)
        deadline = earlier(deadline, device->fallback.deadline_ms);
    if (device->overflow || device->lost || device->storage)
        deadline = earlier(deadline, device->fault_ms);
    if (device->link_up && device->birth_due)
        deadline = earlier(deadline, now_ms + 1000);
    return earlier(deadline, device->trim_ms);
}
