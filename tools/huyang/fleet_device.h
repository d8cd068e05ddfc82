/* One simulated device and the county of them.
 *
 * Every call into a device's core stands between fleet_device_enter() and fleet_device_leave(), which count
 * what it stored and when it is due next. Owned by struct fleet; a device never moves. One thread. */
#ifndef HUYANG_TOOLS_FLEET_DEVICE_H
#define HUYANG_TOOLS_FLEET_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apps/camera.h"
#include "apps/wristband.h"
#include "fleet_script.h"
#include "hal/host/file_flash.h"
#include "testing/ram_flash.h"

enum {
    FLEET_STORED_MAX = 32,    /* reports a device makes within one call */
    FLEET_WAITING_MAX = 8192, /* events of one lane whose latency is followed */
    FLEET_SLOT_MS = 900000    /* who is out of reach stays so for a quarter of an hour */
};

/* One event that waits for its acknowledgement. */
struct fleet_waiting {
    uint64_t seq;
    int64_t us;
};
struct fleet_lane {
    struct fleet_waiting *ring; /* grows up to FLEET_WAITING_MAX */
    uint32_t first, count, cap;
};

struct fleet;
struct fleet_device {
    struct fleet *fleet;
    uint32_t number; /* row in the registry */
    uint32_t household;
    const char *id;
    bool is_camera, online;
    union {
        struct wristband band;
        struct camera camera;
    } * app;
    struct device_core *core;
    struct ram_flash ram;
    struct file_flash file;
    uint64_t entropy;
    uint64_t pending; /* events in its outbox, both lanes */
    struct fleet_lane lanes[DEVICE_LANES];
    struct device_note stored[FLEET_STORED_MAX]; /* of the call under way */
    unsigned stored_count;
    struct {
        uint32_t token; /* 0 = silent */
        bool started, fails;
        int64_t due_ms;
    } speaker;
    int64_t due_ms;
    uint32_t heap_at;
};

/* What a home waits for after an SOS. */
struct fleet_home {
    int64_t sos_us;        /* 0 = nothing */
    int64_t spoken_sos_us; /* the same, until the prompt was played */
};

/* Makes every device whose row is marked in `wanted`. False after saying why. */
bool fleet_devices_new(struct fleet *fleet, const bool *wanted);
void fleet_devices_free(struct fleet *fleet);
/* The device of a registry row, NULL when it is not simulated. */
struct fleet_device *fleet_device_of(struct fleet *fleet, uint32_t number);
/* Every call into a device's core stands between these two. */
void fleet_device_enter(struct fleet_device *device);
void fleet_device_leave(struct fleet_device *device);
void fleet_device_reach(struct fleet_device *device, bool online);
void fleet_device_message(struct fleet_device *device, enum device_topic topic, const uint8_t *payload,
                          size_t len);
void fleet_device_do(struct fleet_device *device, const struct fleet_happening *happening);
/* Core, application and speaker: whatever is due. */
void fleet_device_tick(struct fleet_device *device);
void fleet_device_report(struct fleet_device *device, const struct device_event *events, size_t count);
/* No more heartbeats and visits from here on. */
void fleet_device_retire(struct fleet_device *device);
/* Who can be reached in this quarter of an hour; all, when `everybody`. */
void fleet_devices_reach(struct fleet *fleet, bool everybody);
void fleet_devices_tick(struct fleet *fleet);
/* When the earliest device is due; FLEET_NEVER. */
int64_t fleet_devices_due(const struct fleet *fleet);

#endif
