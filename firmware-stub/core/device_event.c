#include <string.h>

#include "device_event.h"

bool device_id_valid(const char *id)
{
    size_t length = 0;

    for (; id[length]; length++) {
        char c = id[length];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                  c == '-';

        if (!ok || length == DEVICE_ID_MAX)
            return false;
    }
    return length > 0;
}

void device_id_copy(char *ret_id, const char *id)
{
    size_t length = 0;

    while (length < DEVICE_ID_MAX && id[length])
        length++;
    memcpy(ret_id, id, length);
    ret_id[length] = '\0';
}

Huyang__V1__Lane device_event_lane(const struct device_event *events, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        switch (events[i].kind) {
        case HUYANG__V1__EVENT__KIND_SOS:
        case HUYANG__V1__EVENT__KIND_FALL:
        case HUYANG__V1__EVENT__KIND_SUSPICION:
        case HUYANG__V1__EVENT__KIND_CHECK_IN:
        case HUYANG__V1__EVENT__KIND_TAMPER:
        case HUYANG__V1__EVENT__KIND_VISIT:
        case HUYANG__V1__EVENT__KIND_DEPARTURE: return HUYANG__V1__LANE__LANE_URGENT;
        default: break;
        }
    }
    return HUYANG__V1__LANE__LANE_ROUTINE;
}

bool device_event_vital(uint8_t kind)
{
    return kind == HUYANG__V1__EVENT__KIND_SOS || kind == HUYANG__V1__EVENT__KIND_FALL ||
           kind == HUYANG__V1__EVENT__KIND_SUSPICION;
}

/* The bodies an event may point to while it is packed. protobuf-c's messages point at each other; ours do
 * not. */
union event_body {
    Huyang__V1__Heartbeat heartbeat;
    Huyang__V1__Fix fix;
    Huyang__V1__Presence presence;
    Huyang__V1__Vitals vitals;
    Huyang__V1__Activity activity;
    Huyang__V1__Sos sos;
    Huyang__V1__Fall fall;
    Huyang__V1__CheckIn check_in;
    Huyang__V1__Suspicion suspicion;
    Huyang__V1__Pause pause;
    Huyang__V1__Tamper tamper;
    Huyang__V1__Departure departure;
    Huyang__V1__CommandStatus command_status;
    Huyang__V1__DeviceFault device_fault;
    struct {
        Huyang__V1__Visit visit;
        Huyang__V1__VisitPerson people[DEVICE_PEOPLE_MAX];
        Huyang__V1__VisitPerson *pointers[DEVICE_PEOPLE_MAX];
    };
};

/* protobuf-c only reads the strings of a message that it packs. */
static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void fill_heartbeat(const struct device_heartbeat *from, Huyang__V1__Heartbeat *to)
{
    huyang__v1__heartbeat__init(to);
    if (from->has_battery_percent) {
        to->has_battery_percent_case = HUYANG__V1__HEARTBEAT__HAS_BATTERY_PERCENT_BATTERY_PERCENT;
        to->battery_percent = from->battery_percent;
    }
    to->charging = from->charging;
    if (from->has_worn) {
        to->has_worn_case = HUYANG__V1__HEARTBEAT__HAS_WORN_WORN;
        to->worn = from->worn;
    }
    if (from->has_signal_dbm) {
        to->has_signal_dbm_case = HUYANG__V1__HEARTBEAT__HAS_SIGNAL_DBM_SIGNAL_DBM;
        to->signal_dbm = from->signal_dbm;
    }
    to->firmware = borrow(from->firmware);
}

static void fill_fix(const struct device_fix *from, Huyang__V1__Fix *to)
{
    huyang__v1__fix__init(to);
    to->lat = from->lat;
    to->lon = from->lon;
    if (from->has_accuracy_m) {
        to->has_accuracy_m_case = HUYANG__V1__FIX__HAS_ACCURACY_M_ACCURACY_M;
        to->accuracy_m = from->accuracy_m;
    }
    if (from->has_speed_mps) {
        to->has_speed_mps_case = HUYANG__V1__FIX__HAS_SPEED_MPS_SPEED_MPS;
        to->speed_mps = from->speed_mps;
    }
    to->source = from->source;
    to->datum = from->datum;
    to->valid = from->valid;
}

static void fill_vitals(const struct device_vitals *from, Huyang__V1__Vitals *to)
{
    huyang__v1__vitals__init(to);
    if (from->has_heart_rate_bpm) {
        to->has_heart_rate_bpm_case = HUYANG__V1__VITALS__HAS_HEART_RATE_BPM_HEART_RATE_BPM;
        to->heart_rate_bpm = from->heart_rate_bpm;
    }
    if (from->has_spo2_percent) {
        to->has_spo2_percent_case = HUYANG__V1__VITALS__HAS_SPO2_PERCENT_SPO2_PERCENT;
        to->spo2_percent = from->spo2_percent;
    }
    if (from->has_systolic_mmhg) {
        to->has_systolic_mmhg_case = HUYANG__V1__VITALS__HAS_SYSTOLIC_MMHG_SYSTOLIC_MMHG;
        to->systolic_mmhg = from->systolic_mmhg;
    }
    if (from->has_diastolic_mmhg) {
        to->has_diastolic_mmhg_case = HUYANG__V1__VITALS__HAS_DIASTOLIC_MMHG_DIASTOLIC_MMHG;
        to->diastolic_mmhg = from->diastolic_mmhg;
    }
    if (from->has_temperature_c) {
        to->has_temperature_c_case = HUYANG__V1__VITALS__HAS_TEMPERATURE_C_TEMPERATURE_C;
        to->temperature_c = from->temperature_c;
    }
}

static void fill_visit(const struct device_visit *from, union event_body *to)
{
    size_t people = from->people_count < DEVICE_PEOPLE_MAX ? from->people_count : DEVICE_PEOPLE_MAX;

    huyang__v1__visit__init(&to->visit);
    to->visit.visit_id = borrow(from->visit_id);
    to->visit.phase = from->phase;
    to->visit.place = from->place;
    to->visit.n_people = people;
    to->visit.people = people ? to->pointers : NULL;
    for (size_t i = 0; i < people; i++) {
        const struct device_person *person = &from->people[i];

        huyang__v1__visit_person__init(&to->people[i]);
        to->people[i].person_class = person->person_class;
        to->people[i].visitor_id = borrow(person->visitor_id);
        to->people[i].face_seen = person->face_seen;
        if (person->has_confidence) {
            to->people[i].has_confidence_case = HUYANG__V1__VISIT_PERSON__HAS_CONFIDENCE_CONFIDENCE;
            to->people[i].confidence = person->confidence;
        }
        to->pointers[i] = &to->people[i];
    }
}

static void fill_small(const struct device_event *event, union event_body *body)
{
    switch (event->kind) {
    case HUYANG__V1__EVENT__KIND_PRESENCE:
        huyang__v1__presence__init(&body->presence);
        body->presence.at_home = event->presence.at_home;
        body->presence.source = event->presence.source;
        break;
    case HUYANG__V1__EVENT__KIND_ACTIVITY:
        huyang__v1__activity__init(&body->activity);
        if (event->activity.has_steps) {
            body->activity.has_steps_case = HUYANG__V1__ACTIVITY__HAS_STEPS_STEPS;
            body->activity.steps = event->activity.steps;
        }
        body->activity.motion = event->activity.motion;
        break;
    case HUYANG__V1__EVENT__KIND_SOS:
        huyang__v1__sos__init(&body->sos);
        body->sos.phase = event->sos;
        break;
    case HUYANG__V1__EVENT__KIND_FALL:
        huyang__v1__fall__init(&body->fall);
        body->fall.phase = event->fall;
        break;
    case HUYANG__V1__EVENT__KIND_CHECK_IN: huyang__v1__check_in__init(&body->check_in); break;
    case HUYANG__V1__EVENT__KIND_SUSPICION: huyang__v1__suspicion__init(&body->suspicion); break;
    case HUYANG__V1__EVENT__KIND_PAUSE:
        huyang__v1__pause__init(&body->pause);
        body->pause.until_ms = event->pause_until_ms;
        break;
    case HUYANG__V1__EVENT__KIND_TAMPER:
        huyang__v1__tamper__init(&body->tamper);
        body->tamper.tamper_kind = event->tamper;
        break;
    default: break;
    }
}

static bool fill_body(const struct device_event *event, union event_body *body)
{
    switch (event->kind) {
    case HUYANG__V1__EVENT__KIND_HEARTBEAT: fill_heartbeat(&event->heartbeat, &body->heartbeat); return true;
    case HUYANG__V1__EVENT__KIND_FIX: fill_fix(&event->fix, &body->fix); return true;
    case HUYANG__V1__EVENT__KIND_VITALS: fill_vitals(&event->vitals, &body->vitals); return true;
    case HUYANG__V1__EVENT__KIND_VISIT: fill_visit(&event->visit, body); return true;
    case HUYANG__V1__EVENT__KIND_DEPARTURE:
        huyang__v1__departure__init(&body->departure);
        body->departure.companion = event->departure.companion;
        body->departure.visitor_id = borrow(event->departure.visitor_id);
        return true;
    case HUYANG__V1__EVENT__KIND_COMMAND_STATUS:
        huyang__v1__command_status__init(&body->command_status);
        body->command_status.command_id = borrow(event->command_status.command_id);
        body->command_status.state = event->command_status.state;
        body->command_status.reason = event->command_status.reason;
        return true;
    case HUYANG__V1__EVENT__KIND_DEVICE_FAULT:
        huyang__v1__device_fault__init(&body->device_fault);
        body->device_fault.fault_kind = event->fault.kind;
        body->device_fault.count = event->fault.count;
        return true;
    case HUYANG__V1__EVENT__KIND_PRESENCE:
    case HUYANG__V1__EVENT__KIND_ACTIVITY:
    case HUYANG__V1__EVENT__KIND_SOS:
    case HUYANG__V1__EVENT__KIND_FALL:
    case HUYANG__V1__EVENT__KIND_CHECK_IN:
    case HUYANG__V1__EVENT__KIND_SUSPICION:
    case HUYANG__V1__EVENT__KIND_PAUSE:
    case HUYANG__V1__EVENT__KIND_TAMPER: fill_small(event, body); return true;
    default: return false;
    }
}

size_t device_event_pack(const struct device_event *event, int64_t at_ms, uint32_t report, uint8_t *ret_bytes,
                         size_t capacity)
{
    Huyang__V1__Event message = HUYANG__V1__EVENT__INIT;
    union event_body body;

    if (!fill_body(event, &body))
        return 0;
    message.at_ms = at_ms;
    message.report = report;
    message.kind_case = event->kind;
    /* Every member of the kind's union is a pointer to a message, and all of them start at the body's start.
     */
    message.heartbeat = &body.heartbeat;
    if (huyang__v1__event__get_packed_size(&message) > capacity)
        return 0;
    return huyang__v1__event__pack(&message, ret_bytes);
}
