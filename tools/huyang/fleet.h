/* A simulated county: thousands of devices, each the real device core (firmware-stub), in one process.
 *
 *     cmd_fleet     options -> struct fleet_options
 *     fleet_run     the two loops: by the wall clock, and by the fleet's own virtual clock
 *     fleet_wire    connections; topics to devices and back
 *     fleet_device  a device: core, flash, simulated speaker, accounting of what it holds
 *     fleet_script  what happens to whom and when: one sorted list, filled by
 *     fleet_days      plausible days, and
 *     fleet_files     stories, GPS traces and outings
 *     fleet_report  the record for the history checker, and the summary
 *
 * Times: `script` times are milliseconds since 1970 of the story that is told; `now_ms` of a device is its
 * own clock: monotonic milliseconds, or the virtual time. One thread; nothing here is shared. */
#ifndef HUYANG_TOOLS_FLEET_H
#define HUYANG_TOOLS_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "apps/camera.h"
#include "apps/wristband.h"
#include "core/clock.h"
#include "fleet_mqtt.h"
#include "hal/host/file_flash.h"
#include "registry/registry.h"
#include "testing/ram_flash.h"

enum {
    FLEET_CONNECTIONS_MAX = 16,
    FLEET_STORED_MAX = 32,   /* reports a device makes within one call */
    FLEET_WAITING_MAX = 8192 /* events of one lane whose latency is followed */
};
#define FLEET_NEVER INT64_MAX

struct fleet_options {
    const char *broker, *username, *password_file, *county;
    const char *registry_dir; /* or NULL: `homes` are made up */
    const char *time_zone;    /* IANA name */
    const char *state_dir;    /* flash in files; NULL = in memory */
    const char *report_path;  /* NULL = none */
    const char *story_path, *traces_dir, *outings_dir;
    unsigned homes, connections;
    uint64_t seed;
    double rate;                /* events a second; 0 = none */
    double sos_every_s;         /* one SOS in the county so often; 0 = none */
    double duration_s, drain_s; /* duration 0 = until the script ends or a signal */
    double speed;               /* of the script, not of the devices' own clocks */
    bool days, virtual_clock;
    int64_t start_ms; /* script time of the start; 0 = now, or the first happening */
    unsigned fix_interval_s, heartbeat_interval_s; /* heartbeat 0 = the registry's */
    unsigned play_ms;                              /* how long a prompt takes */
    double fail_prompts, offline;                  /* shares, 0..1 */
};

/* ---- latencies: 16 buckets to each doubling, so quantiles are right within 6 % ---- */

enum { FLEET_HISTOGRAM = 16 * 40 };
struct fleet_histogram {
    uint64_t count;
    int64_t max_us;
    uint32_t buckets[FLEET_HISTOGRAM];
};
void fleet_histogram_add(struct fleet_histogram *histogram, int64_t us);
/* 0 when it is empty. */
int64_t fleet_histogram_quantile(const struct fleet_histogram *histogram, double q);

struct fleet_counts {
    uint64_t stored, acked, dropped, lost, sos;
    uint64_t commands, received, playing, played, failed, expired, cancelled;
    uint64_t fallbacks, unroutable, steps;
};

/* ---- devices ---- */

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

/* ---- the script ---- */

enum fleet_act {
    FLEET_FIX,
    FLEET_PRESENCE,
    FLEET_STEPS,
    FLEET_BATTERY,
    FLEET_VISIT,
    FLEET_VISIT_LEAVE,
    FLEET_DEPARTURE,
    FLEET_REPORT, /* as a story has it */
};
struct fleet_report_of {
    unsigned count;
    struct device_event events[];
};
struct fleet_happening {
    int64_t at_ms;
    uint32_t order; /* of two at the same time */
    uint32_t device;
    uint8_t act; /* enum fleet_act */
    union {
        struct {
            double lat, lon;
            float accuracy_m;
        } fix;
        bool at_home;
        uint32_t number; /* steps, percent */
        struct {
            uint8_t place, person_class;
            uint32_t visitor; /* registry row, REGISTRY_NONE = somebody else */
        } visit;
        uint8_t companion;
        struct {
            struct fleet_report_of *report; /* owned */
            int64_t device_ms;              /* the device's own time, 0 = when it happens */
        } told;
    };
};
struct fleet_script {
    struct fleet_happening *items;
    size_t count, cap, next;
    bool sorted;
    int64_t days_to_ms; /* days are planned up to here; 0 = none yet */
};

struct fleet {
    struct fleet_options options;
    struct tz *tz;
    struct registry *registry;
    uint32_t *of_number; /* registry row -> index in devices, REGISTRY_NONE */
    struct fleet_device *devices;
    uint32_t count;
    uint32_t *heap;           /* indices, earliest due first */
    struct fleet_home *homes; /* by household */
    struct device_scratch scratch;
    struct fleet_script script;
    struct fleet_mqtt links[FLEET_CONNECTIONS_MAX];
    unsigned link_count;
    uint64_t random, run; /* generator of load and shares; what makes this run's epochs its own */
    uint64_t pending, pending_offline;
    int64_t now_ms;  /* of the devices' clock */
    int64_t zero_ms; /* devices' clock at the start, for progress and load */
    int64_t script_zero_ms;
    bool down_up; /* the connection that hears is there */
    bool gateway_up;
    int64_t reached_ms; /* the gateway's virtual time */
    bool holding;       /* messages wait for the gateway's clock */
    struct fleet_mqtt_bytes held;
    int64_t slot; /* of reachability */
    bool ending;
    struct fleet_counts counts;
    struct fleet_histogram ack_us[DEVICE_LANES], command_us, spoken_us;
    FILE *report;
};

uint64_t fleet_mix(uint64_t x);
/* In [0, 1); a pure function of its arguments. */
double fleet_draw(uint64_t seed, uint64_t who, uint64_t day, unsigned what);
int64_t fleet_mono_us(void);

/* fleet_device.c */
/* Makes every device whose number is marked in `wanted` (NULL = all). False after saying why. */
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

/* fleet_wire.c */
bool fleet_wire_open(struct fleet *fleet);
void fleet_wire_close(struct fleet *fleet);
/* Polls up to `wait_ms` for messages, or for a signal on `signal_fd` (true: one came). */
bool fleet_wire_run(struct fleet *fleet, int signal_fd, int64_t wait_ms);
bool fleet_wire_publish(struct fleet *fleet, uint32_t device, const char *topic, const uint8_t *bytes,
                        size_t len, int qos, bool retain);
/* Says huyang.v1.VirtualClock. */
void fleet_wire_clock(struct fleet *fleet, int64_t time_ms);
/* Lets go what was held back. */
void fleet_wire_release(struct fleet *fleet);
/* Everything published was taken by the broker. */
bool fleet_wire_quiet(const struct fleet *fleet);

/* fleet_script.c */
bool fleet_script_add(struct fleet *fleet, const struct fleet_happening *happening);
void fleet_script_sort(struct fleet *fleet);
void fleet_script_free(struct fleet *fleet);
/* Moves everything by `by_ms`. */
void fleet_script_shift(struct fleet *fleet, int64_t by_ms);
/* Script time of the next happening, planning another day when needed; FLEET_NEVER. */
int64_t fleet_script_due(struct fleet *fleet);
/* Does what is due up to that script time; returns how many. */
unsigned fleet_script_run(struct fleet *fleet, int64_t script_ms);

/* fleet_days.c: the day that begins at the local midnight before or at `day_ms`. */
bool fleet_days_plan(struct fleet *fleet, int64_t day_ms, int64_t *ret_next_day_ms);

/* fleet_files.c: false after saying why. */
bool fleet_files_story(struct fleet *fleet, const char *path);
bool fleet_files_traces(struct fleet *fleet, const char *folder, uint32_t *next_device);
bool fleet_files_outings(struct fleet *fleet, const char *folder, uint32_t *next_device);

/* fleet_report.c */
void fleet_report_stored(struct fleet_device *device, enum device_lane lane, uint64_t seq, unsigned kind);
void fleet_report_ack(struct fleet_device *device, enum device_lane lane, uint64_t seq);
void fleet_report_command(struct fleet_device *device, const char *id, const char *kind, const char *prompt);
void fleet_report_state(struct fleet_device *device, const char *id, int state, int reason);
void fleet_report_line(struct fleet_device *device, const char *what);
void fleet_progress(struct fleet *fleet, bool last);
void fleet_summary(struct fleet *fleet);

/* fleet_run.c: exit statuses. */
int fleet_run_wall(struct fleet *fleet, int signal_fd);
int fleet_run_virtual(struct fleet *fleet, int signal_fd);

#endif
