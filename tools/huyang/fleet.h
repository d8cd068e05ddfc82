/* A simulated county: thousands of devices, each the real device core (firmware-stub), in one process.
 *
 *     cmd_fleet     options -> struct fleet_options
 *     fleet_run     the two loops: by the wall clock, and by the fleet's own virtual clock
 *     fleet_wire    connections; topics to devices and back
 *     fleet_device  a device: core, flash, simulated speaker, accounting of what it holds
 *     fleet_act     what a device is made to do
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

#include "core/clock.h"
#include "fleet_device.h"
#include "fleet_mqtt.h"
#include "fleet_report.h"
#include "fleet_script.h"
#include "registry/registry.h"

enum {
    FLEET_CONNECTIONS_MAX = 16, /* shared by all devices */
    FLEET_FILTERS = 4,
    FLEET_FILTER_SIZE = 112,
};
struct fleet_options {
    const char *broker, *username, *password_file, *county;
    const char *tls_dir;      /* an authority's folder: each device has a connection of its own; or NULL */
    const char *registry_dir; /* or NULL: `homes` are made up */
    const char *time_zone;    /* IANA name */
    const char *state_dir;    /* flash in files; NULL = in memory */
    const char *report_path;  /* NULL = none */
    const char *story_path, *traces_dir, *outings_dir;
    unsigned homes, skip_homes, connections;
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

/* One connection: a device's own, or one that several share. */
struct fleet_line {
    struct fleet *fleet;
    struct fleet_device *device; /* NULL: shared */
    struct fleet_mqtt mqtt;
    struct pki_identity identity;
    char filters[FLEET_FILTERS][FLEET_FILTER_SIZE];
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
    struct fleet_line *lines; /* of device i: i, or i modulo their number */
    unsigned line_count;
    struct pollfd *fds; /* one for each, and the signals' */
    struct tls_client *tls;
    uint64_t random, run; /* generator of load and shares; what makes this run's epochs its own */
    uint64_t pending, pending_offline;
    int64_t now_ms;  /* of the devices' clock */
    int64_t zero_ms; /* devices' clock at the start, for progress and load */
    int64_t script_zero_ms;
    bool down_up; /* the connection that hears is there; with own ones: all of them were, once */
    bool gateway_up;
    int64_t connect_ms; /* until all connections stood */
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

/* fleet_wire.c. Once the devices are there. */
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
/* How many connections are up. */
unsigned fleet_wire_up(const struct fleet *fleet);
/* Can this device be heard and told something, as far as connections go? */
bool fleet_wire_reaches(const struct fleet *fleet, const struct fleet_device *device);
/* Everything published was taken by the broker. */
bool fleet_wire_quiet(const struct fleet *fleet);

/* fleet_run.c: exit statuses. */
int fleet_run_wall(struct fleet *fleet, int signal_fd);
int fleet_run_virtual(struct fleet *fleet, int signal_fd);

#endif
