/* protobuf-c unpacks into the decoder's own memory, given out from the front and forgotten as a whole with
 * the next message: nothing is allocated after boot, and a message can never take more than 16 x its size + 8
 * KB, however it is made (a member of two bytes may cost protobuf-c 100, so hostile messages do reach the
 * cap; 64 of the smallest events do not).
 *
 * protobuf-c hands strings over with a terminator but without their length. What an event may not hold, a NUL
 * inside, would so go unseen; the decoder therefore remembers the size of each piece it gave out. */
#include "ingest/decode.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "huyang/v1/command.pb-c.h"
#include "huyang/v1/event.pb-c.h"
#include "huyang/v1/link.pb-c.h"

#include "ingest/event_field.h"
#include "ingest/sequence.h"

/* The enums of event_map.h have the wire's values. */
#define SAME(prefix, name, text)                                                                             \
    _Static_assert((int)prefix##_##name == (int)HUYANG__V1__##prefix##__##prefix##_##name, "as on the "      \
                                                                                           "wire");
LANE_MAP(SAME)
FIX_SOURCE_MAP(SAME)
DATUM_MAP(SAME)
PRESENCE_SOURCE_MAP(SAME)
MOTION_MAP(SAME)
SOS_PHASE_MAP(SAME)
FALL_PHASE_MAP(SAME)
TAMPER_KIND_MAP(SAME)
VISIT_PHASE_MAP(SAME)
PLACE_MAP(SAME)
PERSON_CLASS_MAP(SAME)
COMPANION_MAP(SAME)
COMMAND_STATE_MAP(SAME)
FAIL_REASON_MAP(SAME)
FAULT_KIND_MAP(SAME)
#undef SAME

/* Kinds are the field numbers of Event's oneof, counted from 1. */
enum { FIRST_KIND_FIELD = 10 };
#define X(name, text)                                                                                        \
    _Static_assert((int)EVENT_##name + FIRST_KIND_FIELD - 1 == (int)HUYANG__V1__EVENT__KIND_##name,          \
                   "as on the wire");
EVENT_KIND_MAP(X)
#undef X

enum {
    MEMORY_FACTOR = 16,
    MEMORY_EXTRA = 8192,
    MEMORY_MAX = MEMORY_FACTOR * EVENT_MESSAGE_MAX + MEMORY_EXTRA,
    ALIGN = 8,
    SMALL_MESSAGE_MAX = 1024 /* link and clock messages */
};

struct decoder {
    ProtobufCAllocator allocator;
    size_t used, limit;
    /* Of the event being taken: */
    bool bad; /* a value that does not even fit its place */
    unsigned unknown_enums, unknown_fields;
    uint32_t sizes[MEMORY_MAX /
                   ALIGN]; /* of the piece that starts there; never cleared, each piece writes its own */
    alignas(16) unsigned char memory[MEMORY_MAX];
};

static void *give(void *self, size_t size)
{
    struct decoder *decoder = self;
    size_t at = decoder->used;

    if (at >= decoder->limit || size > decoder->limit - at)
        return NULL;
    size_t end = (at + size + ALIGN - 1) / ALIGN * ALIGN;
    decoder->used = end < decoder->limit ? end : decoder->limit;
    decoder->sizes[at / ALIGN] = (uint32_t)size;
    return decoder->memory + at;
}

static void take_back(void *self, void *piece)
{
    (void)self;
    (void)piece;
}

/* Forgets the last message and allows the next one its memory. */
static void reset(struct decoder *decoder, size_t message_len)
{
    decoder->used = 0;
    decoder->limit = (MEMORY_FACTOR * message_len + MEMORY_EXTRA) / ALIGN * ALIGN;
}

enum err decoder_new(struct decoder **ret_decoder)
{
    struct decoder *decoder = calloc(1, sizeof(*decoder)); /* untouched pages cost nothing */

    if (decoder == NULL)
        return ERR_NOMEM;
    decoder->allocator = (ProtobufCAllocator){.alloc = give, .free = take_back, .allocator_data = decoder};
    *ret_decoder = decoder;
    return ERR_OK;
}

void decoder_free(struct decoder *decoder)
{
    free(decoder);
}

const char *refusal_name(enum refusal refusal)
{
    static const char *const names[REFUSAL_COUNT] = {[REFUSAL_NONE] = "none",
#define X(name, text) [REFUSAL_##name] = #text,
                                                     REFUSAL_MAP(X)
#undef X
    };
    return (unsigned)refusal < REFUSAL_COUNT ? names[refusal] : "none";
}

/* The length of a string that protobuf-c made, NULs inside included. */
static size_t text_len(const struct decoder *decoder, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    if (at < decoder->memory || at >= decoder->memory + MEMORY_MAX)
        return 0; /* protobuf-c's constant for an absent string */
    return decoder->sizes[(size_t)(at - decoder->memory) / ALIGN] - 1;
}

/* Copies a text of at most size - 1 bytes without NUL; its letters are event_check's affair. */
static void take_text(struct decoder *decoder, const char *from, char *to, size_t size)
{
    size_t len = text_len(decoder, from);

    if (len >= size || memchr(from, '\0', len) != NULL) {
        decoder->bad = true;
        return;
    }
    memcpy(to, from, len);
    to[len] = '\0';
}

static uint32_t take_number(struct decoder *decoder, uint32_t value, uint32_t high)
{
    if (value > high) {
        decoder->bad = true;
        return 0;
    }
    return value;
}

/* An enum's value; one that this version does not know is counted and read as unspecified, and unspecified as
 * `fallback`. */
static uint8_t take_enum(struct decoder *decoder, int value, int count, int fallback)
{
    if (value < 0 || value >= count) {
        decoder->unknown_enums++;
        value = 0;
    }
    return (uint8_t)(value == 0 ? fallback : value);
}

static void count_unknown(struct decoder *decoder, const ProtobufCMessage *message)
{
    decoder->unknown_fields += message->n_unknown_fields;
}

static void take_heartbeat(struct decoder *decoder, const Huyang__V1__Heartbeat *from,
                           struct event_heartbeat *to)
{
    count_unknown(decoder, &from->base);
    if (from->has_battery_percent_case == HUYANG__V1__HEARTBEAT__HAS_BATTERY_PERCENT_BATTERY_PERCENT) {
        to->has_battery = 1;
        to->battery_percent = (uint8_t)take_number(decoder, from->battery_percent, UINT8_MAX);
    }
    to->charging = from->charging != 0;
    if (from->has_worn_case == HUYANG__V1__HEARTBEAT__HAS_WORN_WORN) {
        to->has_worn = 1;
        to->worn = from->worn != 0;
    }
    if (from->has_signal_dbm_case == HUYANG__V1__HEARTBEAT__HAS_SIGNAL_DBM_SIGNAL_DBM) {
        to->has_signal = 1;
        if (from->signal_dbm < INT16_MIN || from->signal_dbm > INT16_MAX)
            decoder->bad = true;
        else
            to->signal_dbm = (int16_t)from->signal_dbm;
    }
    take_text(decoder, from->firmware, to->firmware, sizeof(to->firmware));
}

static void take_fix(struct decoder *decoder, const Huyang__V1__Fix *from, struct event_fix *to)
{
    count_unknown(decoder, &from->base);
    to->lat = from->lat + 0.0; /* no negative zero: an equal event has equal bytes */
    to->lon = from->lon + 0.0;
    if (from->has_accuracy_m_case == HUYANG__V1__FIX__HAS_ACCURACY_M_ACCURACY_M) {
        to->has_accuracy = 1;
        to->accuracy_m = from->accuracy_m + 0.0F;
    }
    if (from->has_speed_mps_case == HUYANG__V1__FIX__HAS_SPEED_MPS_SPEED_MPS) {
        to->has_speed = 1;
        to->speed_mps = from->speed_mps + 0.0F;
    }
    to->source = take_enum(decoder, (int)from->source, FIX_SOURCE_COUNT, FIX_SOURCE_NONE);
    to->datum = take_enum(decoder, (int)from->datum, DATUM_COUNT, DATUM_WGS84);
    to->valid = from->valid != 0;
}

static void take_vitals(struct decoder *decoder, const Huyang__V1__Vitals *from, struct event_vitals *to)
{
    count_unknown(decoder, &from->base);
    if (from->has_heart_rate_bpm_case == HUYANG__V1__VITALS__HAS_HEART_RATE_BPM_HEART_RATE_BPM) {
        to->has_heart_rate = 1;
        to->heart_rate_bpm = (uint16_t)take_number(decoder, from->heart_rate_bpm, UINT16_MAX);
    }
    if (from->has_spo2_percent_case == HUYANG__V1__VITALS__HAS_SPO2_PERCENT_SPO2_PERCENT) {
        to->has_spo2 = 1;
        to->spo2_percent = (uint16_t)take_number(decoder, from->spo2_percent, UINT16_MAX);
    }
    if (from->has_systolic_mmhg_case == HUYANG__V1__VITALS__HAS_SYSTOLIC_MMHG_SYSTOLIC_MMHG) {
        to->has_systolic = 1;
        to->systolic_mmhg = (uint16_t)take_number(decoder, from->systolic_mmhg, UINT16_MAX);
    }
    if (from->has_diastolic_mmhg_case == HUYANG__V1__VITALS__HAS_DIASTOLIC_MMHG_DIASTOLIC_MMHG) {
        to->has_diastolic = 1;
        to->diastolic_mmhg = (uint16_t)take_number(decoder, from->diastolic_mmhg, UINT16_MAX);
    }
    if (from->has_temperature_c_case == HUYANG__V1__VITALS__HAS_TEMPERATURE_C_TEMPERATURE_C) {
        to->has_temperature = 1;
        to->temperature_c = from->temperature_c + 0.0F;
    }
}

static void take_visit(struct decoder *decoder, const Huyang__V1__Visit *from, struct event_visit *to)
{
    count_unknown(decoder, &from->base);
    take_text(decoder, from->visit_id, to->visit_id, sizeof(to->visit_id));
    to->phase = take_enum(decoder, (int)from->phase, VISIT_PHASE_COUNT, VISIT_PHASE_NONE);
    to->place = take_enum(decoder, (int)from->place, PLACE_COUNT, PLACE_DOORSTEP);
    if (from->n_people > EVENT_PEOPLE_MAX) {
        decoder->bad = true;
        return;
    }
    to->people_count = (uint8_t)from->n_people;
    for (size_t i = 0; i < from->n_people; i++) {
        const Huyang__V1__VisitPerson *person = from->people[i];
        count_unknown(decoder, &person->base);
        to->people[i].person_class =
            take_enum(decoder, (int)person->person_class, PERSON_CLASS_COUNT, PERSON_CLASS_UNCLEAR);
        take_text(decoder, person->visitor_id, to->people[i].visitor_id, sizeof(to->people[i].visitor_id));
        if (person->has_confidence_case == HUYANG__V1__VISIT_PERSON__HAS_CONFIDENCE_CONFIDENCE) {
            to->people[i].has_confidence = 1;
            to->people[i].confidence = person->confidence + 0.0F;
        }
        to->people[i].face_seen = person->face_seen != 0;
    }
}

static void take_small_kinds(struct decoder *decoder, const Huyang__V1__Event *from, struct event *to)
{
    switch ((enum event_kind)to->kind) {
    case EVENT_PRESENCE:
        count_unknown(decoder, &from->presence->base);
        to->presence.at_home = from->presence->at_home != 0;
        to->presence.source =
            take_enum(decoder, (int)from->presence->source, PRESENCE_SOURCE_COUNT, PRESENCE_SOURCE_NONE);
        break;
    case EVENT_ACTIVITY:
        count_unknown(decoder, &from->activity->base);
        if (from->activity->has_steps_case == HUYANG__V1__ACTIVITY__HAS_STEPS_STEPS) {
            to->activity.has_steps = 1;
            to->activity.steps = from->activity->steps;
        }
        to->activity.motion = take_enum(decoder, (int)from->activity->motion, MOTION_COUNT, MOTION_NONE);
        break;
    case EVENT_SOS:
        count_unknown(decoder, &from->sos->base);
        to->sos.phase = take_enum(decoder, (int)from->sos->phase, SOS_PHASE_COUNT, SOS_PHASE_PRESSED);
        break;
    case EVENT_FALL:
        count_unknown(decoder, &from->fall->base);
        to->fall.phase = take_enum(decoder, (int)from->fall->phase, FALL_PHASE_COUNT, FALL_PHASE_DETECTED);
        break;
    case EVENT_CHECK_IN: count_unknown(decoder, &from->check_in->base); break;
    case EVENT_SUSPICION: count_unknown(decoder, &from->suspicion->base); break;
    case EVENT_PAUSE:
        count_unknown(decoder, &from->pause->base);
        to->pause.until_ms = from->pause->until_ms;
        break;
    case EVENT_TAMPER:
        count_unknown(decoder, &from->tamper->base);
        to->tamper.kind =
            take_enum(decoder, (int)from->tamper->tamper_kind, TAMPER_KIND_COUNT, TAMPER_KIND_NONE);
        break;
    case EVENT_DEPARTURE:
        count_unknown(decoder, &from->departure->base);
        to->departure.with =
            take_enum(decoder, (int)from->departure->companion, COMPANION_COUNT, COMPANION_UNCLEAR);
        take_text(decoder, from->departure->visitor_id, to->departure.visitor_id,
                  sizeof(to->departure.visitor_id));
        break;
    case EVENT_COMMAND_STATUS:
        count_unknown(decoder, &from->command_status->base);
        take_text(decoder, from->command_status->command_id, to->command_status.command_id,
                  sizeof(to->command_status.command_id));
        to->command_status.state =
            take_enum(decoder, (int)from->command_status->state, COMMAND_STATE_COUNT, COMMAND_STATE_NONE);
        to->command_status.reason =
            take_enum(decoder, (int)from->command_status->reason, FAIL_REASON_COUNT, FAIL_REASON_NONE);
        break;
    case EVENT_DEVICE_FAULT:
        count_unknown(decoder, &from->device_fault->base);
        to->device_fault.kind =
            take_enum(decoder, (int)from->device_fault->fault_kind, FAULT_KIND_COUNT, FAULT_KIND_NONE);
        to->device_fault.count = from->device_fault->count;
        break;
    default: break;
    }
}

/* Fills kind, at_ms, report and payload. The caller sets the key. */
static enum refusal take_event(struct decoder *decoder, const Huyang__V1__Event *from, struct event *to)
{
    int kind = (int)from->kind_case - FIRST_KIND_FIELD + 1;

    count_unknown(decoder, &from->base);
    if (kind <= EVENT_NONE || kind >= EVENT_KIND_COUNT) {
        event_clear(to, EVENT_NONE);
        return REFUSAL_NO_KIND;
    }
    decoder->bad = false;
    event_clear(to, (enum event_kind)kind);
    to->at_ms = from->at_ms;
    to->report = from->report;
    if (kind == EVENT_HEARTBEAT)
        take_heartbeat(decoder, from->heartbeat, &to->heartbeat);
    else if (kind == EVENT_FIX)
        take_fix(decoder, from->fix, &to->fix);
    else if (kind == EVENT_VITALS)
        take_vitals(decoder, from->vitals, &to->vitals);
    else if (kind == EVENT_VISIT)
        take_visit(decoder, from->visit, &to->visit);
    else
        take_small_kinds(decoder, from, to);
    event_settle(to);
    return decoder->bad || event_check(to, NULL) != ERR_OK ? REFUSAL_BAD_VALUE : REFUSAL_NONE;
}

enum refusal decode_batch(struct decoder *decoder, enum lane lane, const void *payload, size_t len,
                          struct decoded_batch *ret_batch)
{
    if (len > EVENT_MESSAGE_MAX)
        return REFUSAL_OVERSIZED;
    reset(decoder, len);
    const Huyang__V1__EventBatch *message =
        huyang__v1__event_batch__unpack(&decoder->allocator, len, payload);
    if (message == NULL)
        return REFUSAL_UNPARSABLE;
    if (message->n_events > EVENT_BATCH_MAX)
        return REFUSAL_OVERSIZED;
    if (message->n_events == 0)
        return REFUSAL_EMPTY;
    if ((int)message->lane != (int)lane)
        return REFUSAL_WRONG_LANE;
    if (message->base_seq == 0 || message->first_seq < message->base_seq ||
        message->first_seq > SEQUENCE_MAX - message->n_events)
        return REFUSAL_BAD_SEQ;

    ret_batch->epoch = message->epoch;
    ret_batch->lane = lane;
    ret_batch->base = message->base_seq;
    ret_batch->first_seq = message->first_seq;
    ret_batch->count = (unsigned)message->n_events;
    decoder->unknown_enums = 0;
    decoder->unknown_fields = 0;
    count_unknown(decoder, &message->base);
    for (unsigned i = 0; i < ret_batch->count; i++) {
        struct event *event = &ret_batch->events[i];
        ret_batch->refused[i] = take_event(decoder, message->events[i], event);
        event->key.device = EVENT_NO_DEVICE;
        event->key.epoch = message->epoch;
        event->key.seq = message->first_seq + i;
        event->key.lane = (uint8_t)lane;
    }
    ret_batch->unknown_enums = decoder->unknown_enums;
    ret_batch->unknown_fields = decoder->unknown_fields;
    return REFUSAL_NONE;
}

enum err decode_link(struct decoder *decoder, const void *payload, size_t len, struct link_message *ret_link)
{
    struct link_message link = {0};

    if (len > SMALL_MESSAGE_MAX)
        return ERR_INVALID;
    reset(decoder, len);
    const Huyang__V1__Link *message = huyang__v1__link__unpack(&decoder->allocator, len, payload);
    if (message == NULL)
        return ERR_INVALID;
    if (message->state != HUYANG__V1__LINK_STATE__LINK_STATE_BORN &&
        message->state != HUYANG__V1__LINK_STATE__LINK_STATE_DEAD)
        return ERR_INVALID;
    link.born = message->state == HUYANG__V1__LINK_STATE__LINK_STATE_BORN;
    link.ordinal = message->ordinal;
    decoder->bad = false;
    take_text(decoder, message->firmware, link.firmware, sizeof(link.firmware));
    for (const char *c = link.firmware; *c != '\0'; c++)
        decoder->bad |= *c < 0x20 || *c > 0x7e;
    if (decoder->bad || link.ordinal > INT64_MAX)
        return ERR_RANGE;
    *ret_link = link;
    return ERR_OK;
}

enum err decode_clock(struct decoder *decoder, const void *payload, size_t len, int64_t *ret_time_ms)
{
    if (len > SMALL_MESSAGE_MAX)
        return ERR_INVALID;
    reset(decoder, len);
    const Huyang__V1__VirtualClock *message =
        huyang__v1__virtual_clock__unpack(&decoder->allocator, len, payload);
    if (message == NULL)
        return ERR_INVALID;
    if (message->time_ms < 0 || (double)message->time_ms > EVENT_TIME_HIGH)
        return ERR_RANGE;
    *ret_time_ms = message->time_ms;
    return ERR_OK;
}

/* Packs what is known to fit. */
static size_t pack(const ProtobufCMessage *message, unsigned char to[DECODE_SMALL_MAX])
{
    assert(protobuf_c_message_get_packed_size(message) <= DECODE_SMALL_MAX);
    return protobuf_c_message_pack(message, to);
}

size_t encode_ack(enum lane lane, uint32_t epoch, uint64_t seq, int64_t gateway_time_ms,
                  unsigned char to[DECODE_SMALL_MAX])
{
    Huyang__V1__EventAck message = HUYANG__V1__EVENT_ACK__INIT;

    message.lane = (Huyang__V1__Lane)lane;
    message.epoch = epoch;
    message.seq = seq;
    message.gateway_time_ms = gateway_time_ms;
    return pack(&message.base, to);
}

size_t encode_gateway_state(bool up, const char *instance, unsigned char to[DECODE_SMALL_MAX])
{
    Huyang__V1__GatewayState message = HUYANG__V1__GATEWAY_STATE__INIT;
    char name[ID_SIZE];

    text_copy(name, sizeof(name), instance);
    message.state = up ? HUYANG__V1__LINK_STATE__LINK_STATE_BORN : HUYANG__V1__LINK_STATE__LINK_STATE_DEAD;
    message.instance = name;
    return pack(&message.base, to);
}

size_t encode_beat(uint64_t number, unsigned char to[DECODE_SMALL_MAX])
{
    Huyang__V1__Beat message = HUYANG__V1__BEAT__INIT;

    message.number = number;
    return pack(&message.base, to);
}

size_t encode_clock(int64_t time_ms, unsigned char to[DECODE_SMALL_MAX])
{
    Huyang__V1__VirtualClock message = HUYANG__V1__VIRTUAL_CLOCK__INIT;

    message.time_ms = time_ms;
    return pack(&message.base, to);
}
