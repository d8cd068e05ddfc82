/*
 * camera: the small application of a home camera, on top of core/device.h: visits (arrive, stay, leave),
 * departures, the privacy button, tampering, and heartbeats. What the picture shows is decided elsewhere;
 * this gets classes and opaque visitor ids, never a face.
 *
 * The owner drives `device` itself and calls camera_tick() instead of device_tick(). One thread, no heap.
 */
#ifndef HUYANG_FIRMWARE_CAMERA_H
#define HUYANG_FIRMWARE_CAMERA_H

#include "../core/device.h"

enum {
    CAMERA_INTERVAL_S = 600,
    CAMERA_STAY_MS = 300000,        /* a visit that goes on is told this often */
    CAMERA_PAUSE_MAX_MS = 14400000, /* 4 h */
};

/* Besides the errors of device.h. */
enum {
    CAMERA_ERROR_PAUSED = -20, /* nothing is seen while the resident wants privacy */
    CAMERA_ERROR_NO_VISIT = -21,
};

struct camera {
    struct device_core device;
    uint32_t interval_s, own_interval_s;
    int64_t interval_until_ms;
    int64_t report_ms;
    struct device_visit visit; /* visit_id empty = nobody is here */
    int64_t stay_ms;
    int64_t pause_ms;  /* own clock: until then the camera rests; INT64_MIN = it does not */
    bool pause_untold; /* the pause waits for a clock to be told by */
};

/* config.kind is set here. interval_s 0 = the usual one. */
int camera_init(struct camera *camera, const struct device_config *config, uint32_t interval_s,
                int64_t now_ms);

/* People at the door or indoors: begins a visit, or updates the one that goes on (a change is told as
 * `stay`). */
int camera_visit(struct camera *camera, Huyang__V1__Place place, const struct device_person *people,
                 size_t count, int64_t now_ms);
int camera_visit_leave(struct camera *camera, int64_t now_ms);
int camera_departure(struct camera *camera, Huyang__V1__Companion companion, const char *visitor_id,
                     int64_t now_ms);
int camera_presence(struct camera *camera, bool at_home, int64_t now_ms);

/* The privacy button; duration_ms 0 ends it, more than 4 h is 4 h. A visit that goes on is not followed
 * further. */
int camera_pause(struct camera *camera, int64_t duration_ms, int64_t now_ms);

/* Covering a paused camera is no tampering. */
int camera_tamper(struct camera *camera, Huyang__V1__TamperKind kind, int64_t now_ms);

void camera_tick(struct camera *camera, int64_t now_ms);
int64_t camera_next_deadline(const struct camera *camera, int64_t now_ms);

#endif
