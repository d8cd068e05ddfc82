/* The X-macros behind event.h: each enum with its JSON names. Values equal the wire's
 * (proto/huyang/v1/event.proto), so that decoding an enum is a range check; a unit test holds the two
 * together. */
#ifndef HUYANG_INGEST_EVENT_MAP_H
#define HUYANG_INGEST_EVENT_MAP_H

/* X(constant, json_name) in the order of the wire's field numbers, from 1. */
#define EVENT_KIND_MAP(X)                                                                                    \
    X(HEARTBEAT, heartbeat)                                                                                  \
    X(FIX, fix)                                                                                              \
    X(PRESENCE, presence)                                                                                    \
    X(VITALS, vitals)                                                                                        \
    X(ACTIVITY, activity)                                                                                    \
    X(SOS, sos)                                                                                              \
    X(FALL, fall)                                                                                            \
    X(CHECK_IN, check_in)                                                                                    \
    X(SUSPICION, suspicion)                                                                                  \
    X(PAUSE, pause)                                                                                          \
    X(TAMPER, tamper)                                                                                        \
    X(VISIT, visit)                                                                                          \
    X(DEPARTURE, departure)                                                                                  \
    X(COMMAND_STATUS, command_status)                                                                        \
    X(DEVICE_FAULT, device_fault)

enum event_kind {
    EVENT_NONE,
#define X(name, text) EVENT_##name,
    EVENT_KIND_MAP(X)
#undef X
        EVENT_KIND_COUNT
};
#define EVENT_BIT(kind) (UINT32_C(1) << (kind))

/* clang-format off */
#define LANE_MAP(X) X(LANE, URGENT, urgent) X(LANE, ROUTINE, routine)
#define FIX_SOURCE_MAP(X) X(FIX_SOURCE, GNSS, gnss) X(FIX_SOURCE, WIFI, wifi) X(FIX_SOURCE, CELL, cell)
#define DATUM_MAP(X) X(DATUM, WGS84, wgs84) X(DATUM, GCJ02, gcj02)
#define PRESENCE_SOURCE_MAP(X) \
    X(PRESENCE_SOURCE, DOOR, door) X(PRESENCE_SOURCE, WIFI, wifi) X(PRESENCE_SOURCE, BLE, ble) \
    X(PRESENCE_SOURCE, CAMERA, camera)
#define MOTION_MAP(X) X(MOTION, STILL, still) X(MOTION, MOVING, moving)
#define SOS_PHASE_MAP(X) X(SOS_PHASE, PRESSED, pressed) X(SOS_PHASE, CANCELLED, cancelled)
#define FALL_PHASE_MAP(X) X(FALL_PHASE, DETECTED, detected) X(FALL_PHASE, CANCELLED, cancelled)
#define TAMPER_KIND_MAP(X) \
    X(TAMPER_KIND, COVERED, covered) X(TAMPER_KIND, MOVED, moved) X(TAMPER_KIND, OPENED, opened) \
    X(TAMPER_KIND, STRAP_CUT, strap_cut) X(TAMPER_KIND, POWER_CUT, power_cut)
#define VISIT_PHASE_MAP(X) \
    X(VISIT_PHASE, ARRIVE, arrive) X(VISIT_PHASE, STAY, stay) X(VISIT_PHASE, LEAVE, leave)
#define PLACE_MAP(X) X(PLACE, DOORSTEP, doorstep) X(PLACE, INDOORS, indoors)
#define PERSON_CLASS_MAP(X) \
    X(PERSON_CLASS, RESIDENT, resident) X(PERSON_CLASS, TRUSTED, trusted) \
    X(PERSON_CLASS, UNKNOWN, unknown) X(PERSON_CLASS, UNCLEAR, unclear)
#define COMPANION_MAP(X) \
    X(COMPANION, ALONE, alone) X(COMPANION, TRUSTED, trusted) X(COMPANION, UNKNOWN, unknown) \
    X(COMPANION, UNCLEAR, unclear)
#define COMMAND_STATE_MAP(X) \
    X(COMMAND_STATE, RECEIVED, received) X(COMMAND_STATE, PLAYING, playing) \
    X(COMMAND_STATE, PLAYED, played) X(COMMAND_STATE, FAILED, failed) X(COMMAND_STATE, EXPIRED, expired) \
    X(COMMAND_STATE, CANCELLED, cancelled)
#define FAIL_REASON_MAP(X) \
    X(FAIL_REASON, SPEAKER, speaker) X(FAIL_REASON, NO_CLIP, no_clip) \
    X(FAIL_REASON, UNSUPPORTED, unsupported) X(FAIL_REASON, BUSY, busy) X(FAIL_REASON, POWER, power) \
    X(FAIL_REASON, BAD_CLIP, bad_clip)
#define FAULT_KIND_MAP(X) \
    X(FAULT_KIND, SENSOR, sensor) X(FAULT_KIND, STORAGE, storage) \
    X(FAULT_KIND, OUTBOX_OVERFLOW, outbox_overflow) X(FAULT_KIND, EVENT_LOST, event_lost) \
    X(FAULT_KIND, CLOCK, clock)
/* clang-format on */

#define EVENT_ENUM_VALUE(prefix, name, text) prefix##_##name,
enum lane { LANE_NONE, LANE_MAP(EVENT_ENUM_VALUE) LANE_COUNT };
enum fix_source { FIX_SOURCE_NONE, FIX_SOURCE_MAP(EVENT_ENUM_VALUE) FIX_SOURCE_COUNT };
enum datum { DATUM_NONE, DATUM_MAP(EVENT_ENUM_VALUE) DATUM_COUNT };
enum presence_source { PRESENCE_SOURCE_NONE, PRESENCE_SOURCE_MAP(EVENT_ENUM_VALUE) PRESENCE_SOURCE_COUNT };
enum motion { MOTION_NONE, MOTION_MAP(EVENT_ENUM_VALUE) MOTION_COUNT };
enum sos_phase { SOS_PHASE_NONE, SOS_PHASE_MAP(EVENT_ENUM_VALUE) SOS_PHASE_COUNT };
enum fall_phase { FALL_PHASE_NONE, FALL_PHASE_MAP(EVENT_ENUM_VALUE) FALL_PHASE_COUNT };
enum tamper_kind { TAMPER_KIND_NONE, TAMPER_KIND_MAP(EVENT_ENUM_VALUE) TAMPER_KIND_COUNT };
enum visit_phase { VISIT_PHASE_NONE, VISIT_PHASE_MAP(EVENT_ENUM_VALUE) VISIT_PHASE_COUNT };
enum place { PLACE_NONE, PLACE_MAP(EVENT_ENUM_VALUE) PLACE_COUNT };
enum person_class { PERSON_CLASS_NONE, PERSON_CLASS_MAP(EVENT_ENUM_VALUE) PERSON_CLASS_COUNT };
enum companion { COMPANION_NONE, COMPANION_MAP(EVENT_ENUM_VALUE) COMPANION_COUNT };
enum command_state { COMMAND_STATE_NONE, COMMAND_STATE_MAP(EVENT_ENUM_VALUE) COMMAND_STATE_COUNT };
enum fail_reason { FAIL_REASON_NONE, FAIL_REASON_MAP(EVENT_ENUM_VALUE) FAIL_REASON_COUNT };
enum fault_kind { FAULT_KIND_NONE, FAULT_KIND_MAP(EVENT_ENUM_VALUE) FAULT_KIND_COUNT };

#endif
