/* The table and the one walk over it that checks an event. A check costs a few nanoseconds per field. */
#include "ingest/event_field.h"

#include <math.h>
#include <string.h>

#include "core/text.h"

#define NAME(prefix, name, text) [prefix##_##name] = #text,
static const char *const fix_sources[] = {FIX_SOURCE_MAP(NAME)};
static const char *const datums[] = {DATUM_MAP(NAME)};
static const char *const presence_sources[] = {PRESENCE_SOURCE_MAP(NAME)};
static const char *const motions[] = {MOTION_MAP(NAME)};
static const char *const sos_phases[] = {SOS_PHASE_MAP(NAME)};
static const char *const fall_phases[] = {FALL_PHASE_MAP(NAME)};
static const char *const tamper_kinds[] = {TAMPER_KIND_MAP(NAME)};
static const char *const visit_phases[] = {VISIT_PHASE_MAP(NAME)};
static const char *const places[] = {PLACE_MAP(NAME)};
static const char *const person_classes[] = {PERSON_CLASS_MAP(NAME)};
static const char *const companions[] = {COMPANION_MAP(NAME)};
static const char *const command_states[] = {COMMAND_STATE_MAP(NAME)};
static const char *const fail_reasons[] = {FAIL_REASON_MAP(NAME)};
static const char *const fault_kinds[] = {FAULT_KIND_MAP(NAME)};
#undef NAME

#define AT(member)        .offset = offsetof(struct event, member), .has_offset = FIELD_ALWAYS
#define AT_HAS(member, h) .offset = offsetof(struct event, member), .has_offset = offsetof(struct event, h)
#define BETWEEN(l, h)     .low = (l), .high = (h)
#define NAMES(list)       .names = (list), .name_count = sizeof(list) / sizeof((list)[0])

static const struct event_field heartbeat_fields[] = {
    {.name = "battery_percent",
     .type = FIELD_U8,
     AT_HAS(heartbeat.battery_percent, heartbeat.has_battery),
     BETWEEN(0, 100)},
    {.name = "charging", .type = FIELD_BOOL, AT(heartbeat.charging), BETWEEN(0, 1)},
    {.name = "worn", .type = FIELD_BOOL, AT_HAS(heartbeat.worn, heartbeat.has_worn), BETWEEN(0, 1)},
    {.name = "signal_dbm",
     .type = FIELD_I16,
     AT_HAS(heartbeat.signal_dbm, heartbeat.has_signal),
     BETWEEN(-150, 0)},
    {.name = "firmware", .type = FIELD_TEXT, AT(heartbeat.firmware)},
};

/* lat and lon are required only of a valid fix; event_json.c and event_settle know that. */
static const struct event_field fix_fields[] = {
    {.name = "lat", .type = FIELD_F64, AT(fix.lat), BETWEEN(-90, 90), .required = true},
    {.name = "lon", .type = FIELD_F64, AT(fix.lon), BETWEEN(-180, 180), .required = true},
    {.name = "accuracy_m", .type = FIELD_F32, AT_HAS(fix.accuracy_m, fix.has_accuracy), BETWEEN(0, 100000)},
    {.name = "speed_mps", .type = FIELD_F32, AT_HAS(fix.speed_mps, fix.has_speed), BETWEEN(0, 200)},
    {.name = "source", .type = FIELD_ENUM, AT(fix.source), NAMES(fix_sources)},
    {.name = "datum", .type = FIELD_ENUM, AT(fix.datum), NAMES(datums), .fallback = DATUM_WGS84},
    {.name = "valid", .type = FIELD_BOOL, AT(fix.valid), BETWEEN(0, 1), .fallback = 1},
};

static const struct event_field presence_fields[] = {
    {.name = "at_home", .type = FIELD_BOOL, AT(presence.at_home), BETWEEN(0, 1), .required = true},
    {.name = "source", .type = FIELD_ENUM, AT(presence.source), NAMES(presence_sources)},
};

static const struct event_field vitals_fields[] = {
    {.name = "heart_rate_bpm",
     .type = FIELD_U16,
     AT_HAS(vitals.heart_rate_bpm, vitals.has_heart_rate),
     BETWEEN(20, 300)},
    {.name = "spo2_percent",
     .type = FIELD_U16,
     AT_HAS(vitals.spo2_percent, vitals.has_spo2),
     BETWEEN(0, 100)},
    {.name = "systolic_mmhg",
     .type = FIELD_U16,
     AT_HAS(vitals.systolic_mmhg, vitals.has_systolic),
     BETWEEN(30, 300)},
    {.name = "diastolic_mmhg",
     .type = FIELD_U16,
     AT_HAS(vitals.diastolic_mmhg, vitals.has_diastolic),
     BETWEEN(20, 200)},
    {.name = "temperature_c",
     .type = FIELD_F32,
     AT_HAS(vitals.temperature_c, vitals.has_temperature),
     BETWEEN(20, 45)},
};

static const struct event_field activity_fields[] = {
    {.name = "steps", .type = FIELD_U32, AT_HAS(activity.steps, activity.has_steps), BETWEEN(0, 1000000)},
    {.name = "motion", .type = FIELD_ENUM, AT(activity.motion), NAMES(motions)},
};

static const struct event_field sos_fields[] = {
    {.name = "phase", .type = FIELD_ENUM, AT(sos.phase), NAMES(sos_phases), .fallback = SOS_PHASE_PRESSED},
};

static const struct event_field fall_fields[] = {
    {.name = "phase",
     .type = FIELD_ENUM,
     AT(fall.phase),
     NAMES(fall_phases),
     .fallback = FALL_PHASE_DETECTED},
};

static const struct event_field pause_fields[] = {
    {.name = "until",
     .wire_name = "until_ms",
     .type = FIELD_TIME,
     AT(pause.until_ms),
     BETWEEN(0, EVENT_TIME_HIGH),
     .required = true},
};

static const struct event_field tamper_fields[] = {
    {.name = "kind", .wire_name = "tamper_kind", .type = FIELD_ENUM, AT(tamper.kind), NAMES(tamper_kinds)},
};

static const struct event_field visit_fields[] = {
    {.name = "visit_id", .type = FIELD_ID, AT(visit.visit_id), .required = true},
    {.name = "phase", .type = FIELD_ENUM, AT(visit.phase), NAMES(visit_phases), .required = true},
    {.name = "place", .type = FIELD_ENUM, AT(visit.place), NAMES(places), .fallback = PLACE_DOORSTEP},
    {.name = "people", .type = FIELD_PEOPLE, AT(visit.people_count), BETWEEN(0, EVENT_PEOPLE_MAX)},
};

static const struct event_field departure_fields[] = {
    {.name = "with",
     .wire_name = "companion",
     .type = FIELD_ENUM,
     AT(departure.with),
     NAMES(companions),
     .fallback = COMPANION_UNCLEAR},
    {.name = "visitor_id", .type = FIELD_ID, AT(departure.visitor_id)},
};

static const struct event_field command_status_fields[] = {
    {.name = "command_id", .type = FIELD_ID, AT(command_status.command_id), .required = true},
    {.name = "state", .type = FIELD_ENUM, AT(command_status.state), NAMES(command_states), .required = true},
    {.name = "reason", .type = FIELD_ENUM, AT(command_status.reason), NAMES(fail_reasons)},
};

static const struct event_field device_fault_fields[] = {
    {.name = "kind",
     .wire_name = "fault_kind",
     .type = FIELD_ENUM,
     AT(device_fault.kind),
     NAMES(fault_kinds)},
    {.name = "count", .type = FIELD_U32, AT(device_fault.count), BETWEEN(0, UINT32_MAX)},
};

#undef AT
#undef AT_HAS
#define AT(member) .offset = offsetof(struct event_person, member), .has_offset = FIELD_ALWAYS
#define AT_HAS(member, h)                                                                                    \
    .offset = offsetof(struct event_person, member), .has_offset = offsetof(struct event_person, h)

static const struct event_field person_fields[] = {
    {.name = "class",
     .wire_name = "person_class",
     .type = FIELD_ENUM,
     AT(person_class),
     NAMES(person_classes),
     .fallback = PERSON_CLASS_UNCLEAR},
    {.name = "visitor_id", .type = FIELD_ID, AT(visitor_id)},
    {.name = "confidence", .type = FIELD_F32, AT_HAS(confidence, has_confidence), BETWEEN(0, 1)},
    {.name = "face_seen", .type = FIELD_BOOL, AT(face_seen), BETWEEN(0, 1)},
};

struct field_list {
    const struct event_field *fields;
    size_t count;
};
#define LIST(array)                                                                                          \
    {                                                                                                        \
        (array), sizeof(array) / sizeof((array)[0])                                                          \
    }
static const struct field_list kind_fields[EVENT_KIND_COUNT] = {
    [EVENT_NONE] = {sos_fields, 0},
    [EVENT_HEARTBEAT] = LIST(heartbeat_fields),
    [EVENT_FIX] = LIST(fix_fields),
    [EVENT_PRESENCE] = LIST(presence_fields),
    [EVENT_VITALS] = LIST(vitals_fields),
    [EVENT_ACTIVITY] = LIST(activity_fields),
    [EVENT_SOS] = LIST(sos_fields),
    [EVENT_FALL] = LIST(fall_fields),
    [EVENT_CHECK_IN] = {sos_fields, 0},
    [EVENT_SUSPICION] = {sos_fields, 0},
    [EVENT_PAUSE] = LIST(pause_fields),
    [EVENT_TAMPER] = LIST(tamper_fields),
    [EVENT_VISIT] = LIST(visit_fields),
    [EVENT_DEPARTURE] = LIST(departure_fields),
    [EVENT_COMMAND_STATUS] = LIST(command_status_fields),
    [EVENT_DEVICE_FAULT] = LIST(device_fault_fields),
};

const struct event_field *event_fields(enum event_kind kind, size_t *ret_count)
{
    if ((unsigned)kind >= EVENT_KIND_COUNT) {
        *ret_count = 0;
        return NULL;
    }
    *ret_count = kind_fields[kind].count;
    return kind_fields[kind].fields;
}

const struct event_field *event_person_fields(size_t *ret_count)
{
    *ret_count = sizeof(person_fields) / sizeof(person_fields[0]);
    return person_fields;
}

double event_field_number(const struct event_field *field, const void *base)
{
    const unsigned char *at = (const unsigned char *)base + field->offset;

    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U8:
    case FIELD_ENUM:
    case FIELD_PEOPLE: return *at;
    case FIELD_U16: return *(const uint16_t *)(const void *)at;
    case FIELD_I16: return *(const int16_t *)(const void *)at;
    case FIELD_U32: return *(const uint32_t *)(const void *)at;
    case FIELD_F32: return (double)*(const float *)(const void *)at;
    case FIELD_F64: return *(const double *)(const void *)at;
    case FIELD_TIME: return (double)*(const int64_t *)(const void *)at;
    case FIELD_ID:
    case FIELD_TEXT: break;
    }
    return 0;
}

void event_field_set_number(const struct event_field *field, void *base, double value)
{
    unsigned char *at = (unsigned char *)base + field->offset;

    switch (field->type) {
    case FIELD_BOOL:
    case FIELD_U8:
    case FIELD_ENUM:
    case FIELD_PEOPLE: *at = (uint8_t)value; break;
    case FIELD_U16: *(uint16_t *)(void *)at = (uint16_t)value; break;
    case FIELD_I16: *(int16_t *)(void *)at = (int16_t)value; break;
    case FIELD_U32: *(uint32_t *)(void *)at = (uint32_t)value; break;
    case FIELD_F32: *(float *)(void *)at = (float)value + 0.0F; break;
    case FIELD_F64: *(double *)(void *)at = value + 0.0; break;
    case FIELD_TIME: *(int64_t *)(void *)at = (int64_t)value; break;
    case FIELD_ID:
    case FIELD_TEXT: break;
    }
}

bool event_field_has(const struct event_field *field, const void *base)
{
    return field->has_offset == FIELD_ALWAYS || ((const unsigned char *)base)[field->has_offset] != 0;
}

void event_field_set_has(const struct event_field *field, void *base)
{
    if (field->has_offset != FIELD_ALWAYS)
        ((unsigned char *)base)[field->has_offset] = 1;
}

char *event_field_text(const struct event_field *field, void *base)
{
    return (char *)base + field->offset;
}

size_t event_field_text_size(const struct event_field *field)
{
    return field->type == FIELD_ID ? (size_t)ID_SIZE : sizeof(((struct event_heartbeat *)0)->firmware);
}

bool event_field_text_ok(const struct event_field *field, const char *text, size_t len)
{
    if (len == 0)
        return !field->required;
    if (len >= event_field_text_size(field))
        return false;
    if (field->type == FIELD_ID)
        return text_is_id(text, len);
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

bool event_field_number_ok(const struct event_field *field, double value)
{
    if (field->type ==
        FIELD_ENUM) /* where 0 has a reading (fallback) or none at all (required), it may not stand */
        return value < field->name_count && (value > 0 || (field->fallback <= 0 && !field->required));
    return value >= field->low && value <= field->high; /* false for NaN, too */
}

static bool field_ok(const struct event_field *field, const void *base)
{
    if (field->type == FIELD_ID || field->type == FIELD_TEXT) {
        const char *text = (const char *)base + field->offset;
        return event_field_text_ok(field, text, strnlen(text, event_field_text_size(field)));
    }
    if (field->has_offset != FIELD_ALWAYS) {
        unsigned char has = ((const unsigned char *)base)[field->has_offset];
        if (has != 1)
            return has == 0;
    }
    return event_field_number_ok(field, event_field_number(field, base));
}

void event_settle(struct event *event)
{
    if (event->kind == EVENT_FIX && !event->fix.valid) {
        event->fix.lat = 0;
        event->fix.lon = 0;
    }
}

enum err event_check(const struct event *event, const char **ret_field)
{
    size_t count, person_count;
    const struct event_field *fields = event_fields((enum event_kind)event->kind, &count);
    const struct event_field *persons = event_person_fields(&person_count);
    const char *bad = "kind";

    if (event->kind == EVENT_NONE || fields == NULL)
        goto out;
    for (size_t i = 0; i < count; i++)
        if (!field_ok(&fields[i], event)) {
            bad = fields[i].name;
            goto out;
        }
    if (event->kind == EVENT_VISIT)
        for (unsigned p = 0; p < event->visit.people_count; p++)
            for (size_t i = 0; i < person_count; i++)
                if (!field_ok(&persons[i], &event->visit.people[p])) {
                    bad = persons[i].name;
                    goto out;
                }
    return ERR_OK;
out:
    if (ret_field != NULL)
        *ret_field = bad;
    return ERR_RANGE;
}
