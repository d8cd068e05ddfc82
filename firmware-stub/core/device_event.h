/*
 * device_event: one event as the applications know it, small and free of pointers, and its packing to the
 * wire form of proto/huyang/v1/event.proto. Enum fields hold the values of the generated headers.
 *
 * Pure; any thread. Absent is not zero: has_ flags say which optional numbers are there.
 */
#ifndef HUYANG_FIRMWARE_DEVICE_EVENT_H
#define HUYANG_FIRMWARE_DEVICE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "huyang/v1/event.pb-c.h"

enum {
    DEVICE_ID_MAX = 64,       /* bytes of an identifier, [A-Za-z0-9_-]{1,64} */
    DEVICE_FIRMWARE_MAX = 32, /* bytes, printable ASCII */
    DEVICE_EVENT_MAX = 768,   /* bytes any event packs to at most (a visit of 8 with full ids takes 702) */
    DEVICE_ROUTINE_MAX = 112, /* the same for the kinds of the routine lane */
};

struct device_heartbeat {
    bool has_battery_percent, has_worn, has_signal_dbm;
    uint32_t battery_percent; /* 0..100 */
    bool charging;
    bool worn;
    int32_t signal_dbm; /* -150..0 */
    char firmware[DEVICE_FIRMWARE_MAX + 1];
};

struct device_fix {
    bool has_accuracy_m, has_speed_mps;
    bool valid;      /* false: no fix, lat and lon mean nothing */
    double lat, lon; /* degrees */
    float accuracy_m;
    float speed_mps;
    Huyang__V1__FixSource source;
    Huyang__V1__Datum datum;
};

struct device_vitals {
    bool has_heart_rate_bpm, has_spo2_percent, has_systolic_mmhg, has_diastolic_mmhg, has_temperature_c;
    uint32_t heart_rate_bpm, spo2_percent, systolic_mmhg, diastolic_mmhg;
    float temperature_c;
};

struct device_person {
    Huyang__V1__PersonClass person_class;
    char visitor_id[DEVICE_ID_MAX + 1]; /* opaque, salted by the camera; may be empty */
    bool has_confidence;
    float confidence; /* 0..1 */
    bool face_seen;
};

struct device_visit {
    char visit_id[DEVICE_ID_MAX + 1];
    Huyang__V1__VisitPhase phase;
    Huyang__V1__Place place;
    uint8_t people_count; /* 0..DEVICE_PEOPLE_MAX */
    struct device_person people[DEVICE_PEOPLE_MAX];
};

struct device_event {
    Huyang__V1__Event__KindCase kind;
    union {
        struct device_heartbeat heartbeat;
        struct device_fix fix;
        struct {
            bool at_home;
            Huyang__V1__PresenceSource source;
        } presence;
        struct device_vitals vitals;
        struct {
            bool has_steps;
            uint32_t steps;
            Huyang__V1__Motion motion;
        } activity;
        Huyang__V1__SosPhase sos;
        Huyang__V1__FallPhase fall;
        int64_t pause_until_ms; /* milliseconds since 1970 */
        Huyang__V1__TamperKind tamper;
        struct device_visit visit;
        struct {
            Huyang__V1__Companion companion;
            char visitor_id[DEVICE_ID_MAX + 1];
        } departure;
        struct {
            char command_id[DEVICE_ID_MAX + 1];
            Huyang__V1__CommandState state;
            Huyang__V1__FailReason reason;
        } command_status;
        struct {
            Huyang__V1__FaultKind kind;
            uint32_t count;
        } fault;
    };
};

/* An identifier of the contract: [A-Za-z0-9_-]{1,64}. */
bool device_id_valid(const char *id);

/* Copies at most DEVICE_ID_MAX bytes; ret_id holds one more, for the zero behind them. */
void device_id_copy(char *ret_id, const char *id);

/* The lane a report of these events belongs to: urgent when any of them is urgent by kind. */
Huyang__V1__Lane device_event_lane(const struct device_event *events, size_t count);

/* The kinds that are never given up for lost: sos, fall, suspicion. */
bool device_event_vital(uint8_t kind);

/* Packs one event; at_ms is the device's wall clock or 0, report as in event.proto. Returns the length, or 0
 * when it does not fit in capacity or its kind is unknown. */
size_t device_event_pack(const struct device_event *event, int64_t at_ms, uint32_t report, uint8_t *ret_bytes,
                         size_t capacity);

#endif
