/* What happens to whom and when. Times are milliseconds since 1970 of the story that is told. */
#ifndef HUYANG_TOOLS_FLEET_SCRIPT_H
#define HUYANG_TOOLS_FLEET_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apps/wristband.h"

#define FLEET_NEVER INT64_MAX

struct fleet;

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

bool fleet_script_add(struct fleet *fleet, const struct fleet_happening *happening);
void fleet_script_sort(struct fleet *fleet);
void fleet_script_free(struct fleet *fleet);
/* Moves everything by `by_ms`. */
void fleet_script_shift(struct fleet *fleet, int64_t by_ms);
/* Script time of the next happening, planning another day when needed; FLEET_NEVER. */
int64_t fleet_script_due(struct fleet *fleet);
/* Drops what would have happened before that script time. */
void fleet_script_skip(struct fleet *fleet, int64_t before_ms);
/* Does what is due up to that script time; returns how many. */
unsigned fleet_script_run(struct fleet *fleet, int64_t script_ms);

/* fleet_days.c: the day that begins at the local midnight before or at `day_ms`. */
bool fleet_days_plan(struct fleet *fleet, int64_t day_ms, int64_t *ret_next_day_ms);

/* fleet_files.c: false after saying why. */
bool fleet_files_story(struct fleet *fleet, const char *path);
bool fleet_files_traces(struct fleet *fleet, const char *folder, uint32_t *next_device);
bool fleet_files_outings(struct fleet *fleet, const char *folder, uint32_t *next_device);

#endif
