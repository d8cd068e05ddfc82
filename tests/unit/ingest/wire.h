/* Writes protobuf by hand, so that tests of the decoder do not lean on the library it uses, and can write
 * what no library would. */
#ifndef HUYANG_TESTS_INGEST_WIRE_H
#define HUYANG_TESTS_INGEST_WIRE_H

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "ingest/event.h"

struct wire {
    size_t len;
    unsigned char bytes[64 * 1024];
};

static inline void wire_raw(struct wire *wire, const void *bytes, size_t len)
{
    assert(len <= sizeof(wire->bytes) - wire->len);
    memcpy(wire->bytes + wire->len, bytes, len);
    wire->len += len;
}

static inline void wire_number(struct wire *wire, uint64_t value)
{
    do {
        unsigned char byte = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        wire_raw(wire, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

static inline void wire_varint(struct wire *wire, unsigned field, uint64_t value)
{
    wire_number(wire, field << 3 | 0);
    wire_number(wire, value);
}

static inline void wire_bytes(struct wire *wire, unsigned field, const void *bytes, size_t len)
{
    wire_number(wire, field << 3 | 2);
    wire_number(wire, len);
    wire_raw(wire, bytes, len);
}

static inline void wire_text(struct wire *wire, unsigned field, const char *text)
{
    if (text[0] != '\0')
        wire_bytes(wire, field, text, strlen(text));
}

static inline void wire_message(struct wire *wire, unsigned field, const struct wire *message)
{
    wire_bytes(wire, field, message->bytes, message->len);
}

/* Little endian hosts only, as the test machines are. */
static inline void wire_fixed32(struct wire *wire, unsigned field, uint32_t bits)
{
    wire_number(wire, field << 3 | 5);
    wire_raw(wire, &bits, sizeof(bits));
}

static inline void wire_float(struct wire *wire, unsigned field, float value)
{
    wire_number(wire, field << 3 | 5);
    wire_raw(wire, &value, sizeof(value));
}

static inline void wire_double(struct wire *wire, unsigned field, double value)
{
    wire_number(wire, field << 3 | 1);
    wire_raw(wire, &value, sizeof(value));
}

static inline void wire_visit(struct wire *wire, const struct event_visit *visit)
{
    wire_text(wire, 1, visit->visit_id);
    wire_varint(wire, 2, visit->phase);
    wire_varint(wire, 3, visit->place);
    for (unsigned i = 0; i < visit->people_count; i++) {
        const struct event_person *person = &visit->people[i];
        static struct wire inner;
        inner.len = 0;
        wire_varint(&inner, 1, person->person_class);
        wire_text(&inner, 2, person->visitor_id);
        if (person->has_confidence)
            wire_float(&inner, 3, person->confidence);
        if (person->face_seen)
            wire_varint(&inner, 4, 1);
        wire_message(wire, 4, &inner);
    }
}

static inline void wire_vitals(struct wire *wire, const struct event_vitals *vitals)
{
    if (vitals->has_heart_rate)
        wire_varint(wire, 1, vitals->heart_rate_bpm);
    if (vitals->has_spo2)
        wire_varint(wire, 2, vitals->spo2_percent);
    if (vitals->has_systolic)
        wire_varint(wire, 3, vitals->systolic_mmhg);
    if (vitals->has_diastolic)
        wire_varint(wire, 4, vitals->diastolic_mmhg);
    if (vitals->has_temperature)
        wire_float(wire, 5, vitals->temperature_c);
}

static inline void wire_heartbeat(struct wire *wire, const struct event_heartbeat *heartbeat)
{
    if (heartbeat->has_battery)
        wire_varint(wire, 1, heartbeat->battery_percent);
    if (heartbeat->charging)
        wire_varint(wire, 2, 1);
    if (heartbeat->has_worn)
        wire_varint(wire, 3, heartbeat->worn);
    if (heartbeat->has_signal)
        wire_varint(wire, 4,
                    ((uint32_t)heartbeat->signal_dbm << 1) ^ (heartbeat->signal_dbm < 0 ? UINT32_MAX : 0));
    wire_text(wire, 5, heartbeat->firmware);
}

static inline void wire_fix(struct wire *wire, const struct event_fix *fix)
{
    wire_double(wire, 1, fix->lat);
    wire_double(wire, 2, fix->lon);
    if (fix->has_accuracy)
        wire_float(wire, 3, fix->accuracy_m);
    if (fix->has_speed)
        wire_float(wire, 4, fix->speed_mps);
    wire_varint(wire, 5, fix->source);
    wire_varint(wire, 6, fix->datum);
    wire_varint(wire, 7, fix->valid);
}

/* The payload of an event, as the member of Event's oneof. */
static inline void wire_kind(struct wire *wire, const struct event *event)
{
    switch ((enum event_kind)event->kind) {
    case EVENT_HEARTBEAT: wire_heartbeat(wire, &event->heartbeat); break;
    case EVENT_FIX: wire_fix(wire, &event->fix); break;
    case EVENT_PRESENCE:
        wire_varint(wire, 1, event->presence.at_home);
        wire_varint(wire, 2, event->presence.source);
        break;
    case EVENT_VITALS: wire_vitals(wire, &event->vitals); break;
    case EVENT_ACTIVITY:
        if (event->activity.has_steps)
            wire_varint(wire, 1, event->activity.steps);
        wire_varint(wire, 2, event->activity.motion);
        break;
    case EVENT_SOS: wire_varint(wire, 1, event->sos.phase); break;
    case EVENT_FALL: wire_varint(wire, 1, event->fall.phase); break;
    case EVENT_PAUSE: wire_varint(wire, 1, (uint64_t)event->pause.until_ms); break;
    case EVENT_TAMPER: wire_varint(wire, 1, event->tamper.kind); break;
    case EVENT_VISIT: wire_visit(wire, &event->visit); break;
    case EVENT_DEPARTURE:
        wire_varint(wire, 1, event->departure.with);
        wire_text(wire, 2, event->departure.visitor_id);
        break;
    case EVENT_COMMAND_STATUS:
        wire_text(wire, 1, event->command_status.command_id);
        wire_varint(wire, 2, event->command_status.state);
        wire_varint(wire, 3, event->command_status.reason);
        break;
    case EVENT_DEVICE_FAULT:
        wire_varint(wire, 1, event->device_fault.kind);
        wire_varint(wire, 2, event->device_fault.count);
        break;
    default: break;
    }
}

/* Appends one event to a batch; at_ms and report from the event. */
static inline void wire_event(struct wire *batch, const struct event *event)
{
    static struct wire payload, inner;
    payload.len = 0;
    wire_kind(&payload, event);
    inner.len = 0;
    if (event->at_ms != 0)
        wire_varint(&inner, 1, (uint64_t)event->at_ms);
    if (event->report != 0)
        wire_varint(&inner, 2, event->report);
    wire_message(&inner, event->kind + 9U, &payload);
    wire_message(batch, 5, &inner);
}

/* Starts a batch afresh. */
static inline void wire_batch(struct wire *batch, uint32_t epoch, unsigned lane, uint64_t base,
                              uint64_t first_seq)
{
    batch->len = 0;
    wire_fixed32(batch, 1, epoch);
    wire_varint(batch, 2, lane);
    wire_varint(batch, 3, base);
    wire_varint(batch, 4, first_seq);
}

#endif
