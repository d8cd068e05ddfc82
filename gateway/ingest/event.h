/* The vocabulary of the whole gateway: what a device can tell us, as plain values.
 *
 * An event is pointer-free: it can be copied, stored, logged. Every kind, every enum value and every field
 * stands once, in the maps of event_map.h; the JSON of replay and journal, the compact form of the database
 * and the range checks are all driven by that one table (event_field.h), so that they cannot drift apart.
 *
 * Devices are known by number here (registry row); the decoder leaves `key.device` at EVENT_NO_DEVICE and the
 * registry stage sets it. Values are owned by whoever holds the struct. No function here allocates; all are
 * pure and may run on any thread. */
#ifndef HUYANG_INGEST_EVENT_H
#define HUYANG_INGEST_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/text.h"
#include "ingest/event_map.h"

enum {
    EVENT_PEOPLE_MAX = 8,     /* people of one visit event; a device sends no more */
    EVENT_BATCH_MAX = 64,     /* events of one message */
    EVENT_MESSAGE_MAX = 16384 /* bytes of one message */
};
#define EVENT_NO_DEVICE UINT32_MAX

/* Identity of an event, and its idempotency key. For the lines of replay, which carry none, the epoch is 0
 * and seq counts the device's events on that lane from 1. */
struct event_key {
    uint32_t device; /* registry number */
    uint32_t epoch;
    uint64_t seq; /* from 1 */
    uint8_t lane; /* enum lane */
};

enum event_flag {
    EVENT_LATE = 1 << 0,    /* at_ms lies more than lateness_s before arrival */
    EVENT_AT_BAD = 1 << 1,  /* the device's time was outside [t - 7 d, t + 2 min]; at_ms is arrival instead */
    EVENT_NO_TIME = 1 << 2, /* the device has no clock; at_ms is arrival */
    EVENT_LIFE_SAFETY = 1 << 3, /* kept without the consent its class needs: a life may depend on it */
};

struct event_heartbeat {
    uint8_t has_battery, battery_percent;
    uint8_t charging;
    uint8_t has_worn, worn;
    uint8_t has_signal;
    int16_t signal_dbm;
    char firmware[33];
};
struct event_fix {
    double lat, lon; /* degrees, in `datum` as sent; registry_locate() gives WGS-84 */
    float accuracy_m, speed_mps;
    uint8_t has_accuracy, has_speed;
    uint8_t source, datum; /* enum fix_source, enum datum */
    uint8_t valid;
};
struct event_presence {
    uint8_t at_home, source; /* enum presence_source */
};
struct event_vitals {
    float temperature_c;
    uint16_t heart_rate_bpm, spo2_percent, systolic_mmhg, diastolic_mmhg;
    uint8_t has_heart_rate, has_spo2, has_systolic, has_diastolic, has_temperature;
};
struct event_activity {
    uint32_t steps;
    uint8_t has_steps, motion; /* enum motion */
};
struct event_sos {
    uint8_t phase; /* enum sos_phase */
};
struct event_fall {
    uint8_t phase; /* enum fall_phase */
};
struct event_pause {
    int64_t until_ms;
};
struct event_tamper {
    uint8_t kind; /* enum tamper_kind */
};
struct event_person {
    float confidence;
    uint8_t has_confidence;
    uint8_t person_class; /* enum person_class */
    uint8_t face_seen;
    char visitor_id[ID_SIZE]; /* "" when the camera gave none */
};
struct event_visit {
    char visit_id[ID_SIZE];
    uint8_t phase, place; /* enum visit_phase, enum place */
    uint8_t people_count;
    struct event_person people[EVENT_PEOPLE_MAX];
};
struct event_departure {
    uint8_t with; /* enum companion */
    char visitor_id[ID_SIZE];
};
struct event_command_status {
    char command_id[ID_SIZE];
    uint8_t state, reason; /* enum command_state, enum fail_reason */
};
struct event_device_fault {
    uint32_t count;
    uint8_t kind; /* enum fault_kind */
};

struct event {
    struct event_key key;
    int64_t at_ms;   /* when it happened: the device's time if valid, else arrival */
    uint32_t report; /* events of one input with the same non-zero value were one report */
    uint8_t kind;    /* enum event_kind */
    uint8_t flags;   /* enum event_flag */
    union {
        struct event_heartbeat heartbeat;
        struct event_fix fix;
        struct event_presence presence;
        struct event_vitals vitals;
        struct event_activity activity;
        struct event_sos sos;
        struct event_fall fall;
        struct event_pause pause;
        struct event_tamper tamper;
        struct event_departure departure;
        struct event_command_status command_status;
        struct event_device_fault device_fault;
        struct event_visit visit; /* the largest, last: most events need not touch its bytes */
    };
};

/* "sos", "check_in", …; "none" for values outside the enum. */
const char *event_kind_name(enum event_kind kind);
/* EVENT_NONE when no kind has that name. */
enum event_kind event_kind_from_name(const char *name);

/* "urgent", "routine"; "none" for values outside the enum. */
const char *lane_name(enum lane lane);

/* Bytes at the start of struct event that an event of this kind uses; copying so many copies the event. */
size_t event_size(enum event_kind kind);
/* Zeroes what an event of this kind uses (not the whole union) and sets its kind. */
void event_clear(struct event *event, enum event_kind kind);

/* The lane an event of this kind must travel on (contracts.md 2). Command statuses take their command's lane;
 * this says routine. */
enum lane event_lane(enum event_kind kind);

/* sos, fall, suspicion: what consent never drops and load never sheds. */
bool event_is_emergency(enum event_kind kind);

/* Sets at_ms and the time flags from the device's time and the arrival time (contracts.md 1). */
void event_set_time(struct event *event, int64_t device_ms, int64_t arrival_ms, int64_t lateness_ms);

/* True when the two keys are of the same event. */
bool event_key_equal(const struct event_key *a, const struct event_key *b);

#endif
