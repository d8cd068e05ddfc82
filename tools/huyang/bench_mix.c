#include "bench_mix.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "huyang/v1/command.pb-c.h"
#include "huyang/v1/event.pb-c.h"

enum { UNPACK_BYTES = 1 << 17, OUT_IN_ROUNDS = 24, OUT_ROUNDS = 6, VISIT_EVERY = 20 };

/* What is drawn for a device and round; splitmix64's finaliser. */
static uint64_t draw(uint64_t device, uint64_t round, uint64_t what)
{
    uint64_t x = device * 0x9E3779B97F4A7C15U + round * 0xBF58476D1CE4E5B9U + what * 0x94D049BB133111EBU;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
    x = (x ^ x >> 27) * 0x94D049BB133111EBU;
    return x ^ x >> 31;
}

enum { DRAW_OUT = 1, DRAW_SOS, DRAW_VISIT, DRAW_LAT, DRAW_LON, DRAW_STEPS, DRAW_KIND };

static double spread(uint64_t device, uint64_t round, uint64_t what)
{
    return (double)(draw(device, round, what) >> 11) / 4503599627370496.0 - 1;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

void mix_init(struct mix *mix, const struct registry *registry)
{
    *mix = (struct mix){.registry = registry,
                        .devices = registry_count(registry, REGISTRY_DEVICE),
                        .visit_every = VISIT_EVERY};
    mix->stride = mix->devices * UINT64_C(618034) / 1000000 | 1;
    while (greatest_divisor(mix->stride, mix->devices) != 1)
        mix->stride += 2;
}

uint32_t mix_device(const struct mix *mix, uint64_t number)
{
    return (uint32_t)(number % mix->devices * mix->stride % mix->devices);
}

static bool is_camera(const struct mix *mix, uint32_t device)
{
    return registry_device(mix->registry, device)->kind == DEVICE_CAMERA;
}

static bool is_visit(const struct mix *mix, uint32_t device, uint64_t round)
{
    return is_camera(mix, device) && draw(device, round / 2, DRAW_VISIT) % mix->visit_every == 0;
}

static bool is_sos(const struct mix *mix, uint32_t device, uint64_t round)
{
    return mix->sos_every > 0 && !is_camera(mix, device) &&
           draw(device, round, DRAW_SOS) % mix->sos_every == 0;
}

enum lane mix_lane(const struct mix *mix, uint64_t number)
{
    const uint32_t device = mix_device(mix, number);
    const uint64_t round = number / mix->devices;
    return is_visit(mix, device, round) || is_sos(mix, device, round) ? LANE_URGENT : LANE_ROUTINE;
}

/* The messages of one batch, all of its parts in one place. */
struct parts {
    Huyang__V1__EventBatch batch;
    Huyang__V1__Event events[4], *list[4];
    Huyang__V1__Fix fix;
    Huyang__V1__Heartbeat heartbeat;
    Huyang__V1__Activity activity;
    Huyang__V1__Sos sos;
    Huyang__V1__Visit visit;
    Huyang__V1__VisitPerson person, *people[1];
    Huyang__V1__CommandStatus status;
    char visit_id[24];
};

static Huyang__V1__Event *add_event(struct parts *parts, Huyang__V1__Event__KindCase kind, int64_t at_ms)
{
    Huyang__V1__Event *event = &parts->events[parts->batch.n_events];
    huyang__v1__event__init(event);
    event->at_ms = at_ms;
    event->kind_case = kind;
    parts->list[parts->batch.n_events++] = event;
    return event;
}

static void add_fix(struct parts *parts, const struct mix *mix, uint32_t device, uint64_t round,
                    int64_t at_ms)
{
    const struct device *row = registry_device(mix->registry, device);
    struct geo_point home = {.lat = 38.9, .lon = 82.4};
    if (row->household != REGISTRY_NONE && registry_household(mix->registry, row->household)->has_home)
        home = registry_household(mix->registry, row->household)->home;
    const bool out = !mix->home && draw(device, round / OUT_ROUNDS, DRAW_OUT) % OUT_IN_ROUNDS == 0;
    huyang__v1__fix__init(&parts->fix);
    /* At home within 20 m, or some 900 m away at the market. */
    parts->fix.lat = home.lat + (out ? 0.008 : 0) + 0.00015 * spread(device, round, DRAW_LAT);
    parts->fix.lon = home.lon + 0.00015 * spread(device, round, DRAW_LON);
    parts->fix.has_accuracy_m_case = HUYANG__V1__FIX__HAS_ACCURACY_M_ACCURACY_M;
    parts->fix.accuracy_m = 12;
    parts->fix.source = HUYANG__V1__FIX_SOURCE__FIX_SOURCE_GNSS;
    parts->fix.valid = 1;
    add_event(parts, HUYANG__V1__EVENT__KIND_FIX, at_ms)->fix = &parts->fix;
}

static void add_heartbeat(struct parts *parts, bool worn, int64_t at_ms)
{
    huyang__v1__heartbeat__init(&parts->heartbeat);
    parts->heartbeat.has_battery_percent_case = HUYANG__V1__HEARTBEAT__HAS_BATTERY_PERCENT_BATTERY_PERCENT;
    parts->heartbeat.battery_percent = 74;
    if (worn) {
        parts->heartbeat.has_worn_case = HUYANG__V1__HEARTBEAT__HAS_WORN_WORN;
        parts->heartbeat.worn = 1;
    }
    parts->heartbeat.has_signal_dbm_case = HUYANG__V1__HEARTBEAT__HAS_SIGNAL_DBM_SIGNAL_DBM;
    parts->heartbeat.signal_dbm = -84;
    add_event(parts, HUYANG__V1__EVENT__KIND_HEARTBEAT, at_ms)->heartbeat = &parts->heartbeat;
}

static void add_activity(struct parts *parts, uint32_t device, uint64_t round, int64_t at_ms)
{
    huyang__v1__activity__init(&parts->activity);
    parts->activity.has_steps_case = HUYANG__V1__ACTIVITY__HAS_STEPS_STEPS;
    parts->activity.steps = (uint32_t)(draw(device, round, DRAW_STEPS) % 300);
    parts->activity.motion = HUYANG__V1__MOTION__MOTION_MOVING;
    add_event(parts, HUYANG__V1__EVENT__KIND_ACTIVITY, at_ms)->activity = &parts->activity;
}

static void add_sos(struct parts *parts, int64_t at_ms)
{
    huyang__v1__sos__init(&parts->sos);
    parts->sos.phase = HUYANG__V1__SOS_PHASE__SOS_PHASE_PRESSED;
    add_event(parts, HUYANG__V1__EVENT__KIND_SOS, at_ms)->sos = &parts->sos;
}

/* A stranger at the door: arrives in one round, leaves in the next. */
static void add_visit(struct parts *parts, uint64_t round, int64_t at_ms)
{
    snprintf(parts->visit_id, sizeof(parts->visit_id), "v-%llu", (unsigned long long)round / 2);
    huyang__v1__visit__init(&parts->visit);
    huyang__v1__visit_person__init(&parts->person);
    parts->visit.visit_id = parts->visit_id;
    parts->visit.phase = round % 2 == 0 ? HUYANG__V1__VISIT_PHASE__VISIT_PHASE_ARRIVE
                                        : HUYANG__V1__VISIT_PHASE__VISIT_PHASE_LEAVE;
    parts->visit.place = HUYANG__V1__PLACE__PLACE_DOORSTEP;
    parts->person.person_class = HUYANG__V1__PERSON_CLASS__PERSON_CLASS_UNKNOWN;
    parts->person.has_confidence_case = HUYANG__V1__VISIT_PERSON__HAS_CONFIDENCE_CONFIDENCE;
    parts->person.confidence = 0.875F;
    parts->people[0] = &parts->person;
    parts->visit.n_people = 1;
    parts->visit.people = parts->people;
    add_event(parts, HUYANG__V1__EVENT__KIND_VISIT, at_ms)->visit = &parts->visit;
}

static void begin(struct parts *parts, enum lane lane, uint32_t epoch, uint64_t first_seq)
{
    huyang__v1__event_batch__init(&parts->batch);
    parts->batch.epoch = epoch;
    parts->batch.lane = (Huyang__V1__Lane)lane;
    parts->batch.base_seq = first_seq; /* all before it was acknowledged long ago, or never will be needed */
    parts->batch.first_seq = first_seq;
    parts->batch.events = parts->list;
}

static void pack(struct parts *parts, uint32_t device, enum lane lane, struct mix_message *ret_message)
{
    for (size_t i = 0; i < parts->batch.n_events && parts->batch.n_events > 1; i++)
        parts->events[i].report = 1;
    const size_t len = huyang__v1__event_batch__get_packed_size(&parts->batch);
    assert(len <= MIX_MESSAGE_MAX);
    ret_message->device = device;
    ret_message->lane = (uint8_t)lane;
    ret_message->events = (uint8_t)parts->batch.n_events;
    ret_message->len = (uint16_t)huyang__v1__event_batch__pack(&parts->batch, ret_message->bytes);
}

void mix_make(const struct mix *mix, uint64_t number, int64_t t_ms, uint32_t epoch, uint64_t first_seq,
              struct mix_message *ret_message)
{
    const uint32_t device = mix_device(mix, number);
    const uint64_t round = number / mix->devices;
    const enum lane lane = mix_lane(mix, number);
    const uint64_t kind = draw(device, round, DRAW_KIND) % 20;
    struct parts parts;
    begin(&parts, lane, epoch, first_seq);
    if (is_sos(mix, device, round)) {
        add_sos(&parts, t_ms);
        if (!mix->single)
            add_fix(&parts, mix, device, round, t_ms);
    } else if (is_visit(mix, device, round)) {
        add_visit(&parts, round, t_ms);
    } else if (is_camera(mix, device)) {
        add_heartbeat(&parts, false, t_ms);
    } else if (!mix->single) {
        add_fix(&parts, mix, device, round, t_ms);
        add_activity(&parts, device, round, t_ms);
        add_heartbeat(&parts, true, t_ms);
    } else if (kind < 11) {
        add_fix(&parts, mix, device, round, t_ms);
    } else if (kind < 16) {
        add_activity(&parts, device, round, t_ms);
    } else {
        add_heartbeat(&parts, true, t_ms);
    }
    pack(&parts, device, lane, ret_message);
}

void mix_make_sos(uint32_t device, int64_t t_ms, uint32_t epoch, uint64_t first_seq,
                  struct mix_message *ret_message)
{
    struct parts parts;
    begin(&parts, LANE_URGENT, epoch, first_seq);
    add_sos(&parts, t_ms);
    pack(&parts, device, LANE_URGENT, ret_message);
}

bool mix_make_answer(uint32_t device, const void *command, size_t len, int64_t t_ms, uint32_t epoch,
                     uint64_t first_seq, struct mix_message *ret_message)
{
    Huyang__V1__Command *heard = huyang__v1__command__unpack(NULL, len, command);
    if (heard == NULL)
        return false;
    struct parts parts;
    begin(&parts, LANE_URGENT, epoch, first_seq);
    huyang__v1__command_status__init(&parts.status);
    parts.status.command_id = heard->id;
    parts.status.state = HUYANG__V1__COMMAND_STATE__COMMAND_STATE_PLAYED;
    add_event(&parts, HUYANG__V1__EVENT__KIND_COMMAND_STATUS, t_ms)->command_status = &parts.status;
    pack(&parts, device, LANE_URGENT, ret_message);
    huyang__v1__command__free_unpacked(heard, NULL);
    return true;
}

uint64_t mix_read_ack(const void *payload, size_t len, enum lane *ret_lane)
{
    Huyang__V1__EventAck *ack = huyang__v1__event_ack__unpack(NULL, len, payload);
    if (ack == NULL)
        return 0;
    const uint64_t seq = ack->seq;
    *ret_lane = (enum lane)ack->lane;
    huyang__v1__event_ack__free_unpacked(ack, NULL);
    return seq;
}

/* ---- the yardstick ---- */

struct mix_unpacker {
    ProtobufCAllocator allocator;
    size_t used;
    alignas(16) unsigned char memory[UNPACK_BYTES];
};

static void *give(void *self, size_t size)
{
    struct mix_unpacker *unpacker = self;
    const size_t at = unpacker->used;
    if (size > UNPACK_BYTES - at)
        return NULL;
    unpacker->used = at + (size + 15) / 16 * 16;
    return unpacker->memory + at;
}

static void take_back(void *self, void *piece)
{
    (void)self;
    (void)piece;
}

struct mix_unpacker *mix_unpacker_new(void)
{
    struct mix_unpacker *unpacker = calloc(1, sizeof(*unpacker));
    if (unpacker != NULL)
        unpacker->allocator =
            (ProtobufCAllocator){.alloc = give, .free = take_back, .allocator_data = unpacker};
    return unpacker;
}

void mix_unpacker_free(struct mix_unpacker *unpacker)
{
    free(unpacker);
}

unsigned mix_unpack(struct mix_unpacker *unpacker, const void *bytes, size_t len)
{
    unpacker->used = 0;
    const Huyang__V1__EventBatch *batch = huyang__v1__event_batch__unpack(&unpacker->allocator, len, bytes);
    return batch != NULL ? (unsigned)batch->n_events : 0;
}
