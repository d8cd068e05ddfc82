/* Stories (timelines of contracts.md 6), GPS traces and outings, as happenings of the script. Files are
 * people's: what is wrong is told with its line. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/geo.h"
#include "core/text.h"
#include "fleet.h"
#include "timeline.h"

enum { LINE_SIZE = 256, OUTING_METRES = 500, TRACE_ACCURACY_M = 10, FILES_MAX = 10000 };

/* ---- stories ---- */

static void convert_visit(const struct event_visit *from, struct device_visit *to)
{
    text_copy(to->visit_id, sizeof(to->visit_id), from->visit_id);
    to->phase = (Huyang__V1__VisitPhase)from->phase;
    to->place = (Huyang__V1__Place)from->place;
    to->people_count = from->people_count;
    for (unsigned i = 0; i < from->people_count; i++) {
        to->people[i] =
            (struct device_person){.person_class = (Huyang__V1__PersonClass)from->people[i].person_class,
                                   .has_confidence = from->people[i].has_confidence != 0,
                                   .confidence = from->people[i].confidence,
                                   .face_seen = from->people[i].face_seen != 0};
        text_copy(to->people[i].visitor_id, sizeof(to->people[i].visitor_id), from->people[i].visitor_id);
    }
}

static void convert_vitals(const struct event_vitals *from, struct device_vitals *to)
{
    *to = (struct device_vitals){.has_heart_rate_bpm = from->has_heart_rate != 0,
                                 .has_spo2_percent = from->has_spo2 != 0,
                                 .has_systolic_mmhg = from->has_systolic != 0,
                                 .has_diastolic_mmhg = from->has_diastolic != 0,
                                 .has_temperature_c = from->has_temperature != 0,
                                 .heart_rate_bpm = from->heart_rate_bpm,
                                 .spo2_percent = from->spo2_percent,
                                 .systolic_mmhg = from->systolic_mmhg,
                                 .diastolic_mmhg = from->diastolic_mmhg,
                                 .temperature_c = from->temperature_c};
}

static void convert_heartbeat(const struct event_heartbeat *from, struct device_heartbeat *to)
{
    *to = (struct device_heartbeat){.has_battery_percent = from->has_battery != 0,
                                    .has_worn = from->has_worn != 0,
                                    .has_signal_dbm = from->has_signal != 0,
                                    .battery_percent = from->battery_percent,
                                    .charging = from->charging != 0,
                                    .worn = from->worn != 0,
                                    .signal_dbm = from->signal_dbm};
    text_copy(to->firmware, sizeof(to->firmware), from->firmware);
}

static void convert_fix(const struct event_fix *from, struct device_fix *to)
{
    *to = (struct device_fix){.has_accuracy_m = from->has_accuracy != 0,
                              .has_speed_mps = from->has_speed != 0,
                              .valid = from->valid != 0,
                              .lat = from->lat,
                              .lon = from->lon,
                              .accuracy_m = from->accuracy_m,
                              .speed_mps = from->speed_mps,
                              .source = (Huyang__V1__FixSource)from->source,
                              .datum = (Huyang__V1__Datum)from->datum};
}

/* The gateway's event back to the device's: kinds and enum values of both are the wire's. False for what only
 * a device itself can say. */
static bool convert(const struct event *from, struct device_event *to)
{
    to->kind =
        (Huyang__V1__Event__KindCase)(from->kind - EVENT_HEARTBEAT + HUYANG__V1__EVENT__KIND_HEARTBEAT);
    switch ((enum event_kind)from->kind) {
    case EVENT_HEARTBEAT: convert_heartbeat(&from->heartbeat, &to->heartbeat); return true;
    case EVENT_FIX: convert_fix(&from->fix, &to->fix); return true;
    case EVENT_PRESENCE:
        to->presence.at_home = from->presence.at_home != 0;
        to->presence.source = (Huyang__V1__PresenceSource)from->presence.source;
        return true;
    case EVENT_VITALS: convert_vitals(&from->vitals, &to->vitals); return true;
    case EVENT_ACTIVITY:
        to->activity.has_steps = from->activity.has_steps != 0;
        to->activity.steps = from->activity.steps;
        to->activity.motion = (Huyang__V1__Motion)from->activity.motion;
        return true;
    case EVENT_SOS: to->sos = (Huyang__V1__SosPhase)from->sos.phase; return true;
    case EVENT_FALL: to->fall = (Huyang__V1__FallPhase)from->fall.phase; return true;
    case EVENT_CHECK_IN:
    case EVENT_SUSPICION: return true;
    case EVENT_PAUSE: to->pause_until_ms = from->pause.until_ms; return true;
    case EVENT_TAMPER: to->tamper = (Huyang__V1__TamperKind)from->tamper.kind; return true;
    case EVENT_VISIT: convert_visit(&from->visit, &to->visit); return true;
    case EVENT_DEPARTURE:
        to->departure.companion = (Huyang__V1__Companion)from->departure.with;
        text_copy(to->departure.visitor_id, sizeof(to->departure.visitor_id), from->departure.visitor_id);
        return true;
    case EVENT_NONE:
    case EVENT_COMMAND_STATUS:
    case EVENT_DEVICE_FAULT:
    case EVENT_KIND_COUNT: break;
    }
    return false;
}

static bool add_story_line(struct fleet *fleet, const struct timeline_line *line, const char *path,
                           unsigned long number)
{
    const struct report *report = &line->input.report;
    if (report->count > DEVICE_REPORT_EVENTS_MAX) {
        fprintf(stderr, "%s:%lu: a device's report holds at most %d events\n", path, number,
                DEVICE_REPORT_EVENTS_MAX);
        return false;
    }
    struct fleet_report_of *told = calloc(1, sizeof(*told) + report->count * sizeof(told->events[0]));
    if (told == NULL)
        return false;
    told->count = report->count;
    for (unsigned i = 0; i < report->count; i++)
        if (!convert(&line->events[i], &told->events[i])) {
            fprintf(stderr, "%s:%lu: %s: a device says this by itself\n", path, number,
                    event_kind_name((enum event_kind)line->events[i].kind));
            free(told);
            return false;
        }
    const int64_t device_ms = line->events[0].at_ms != line->t_ms ? line->events[0].at_ms : 0;
    const struct fleet_happening happening = {.at_ms = line->t_ms,
                                              .act = FLEET_REPORT,
                                              .device = report->device,
                                              .told = {.report = told, .device_ms = device_ms}};
    if (fleet_script_add(fleet, &happening))
        return true;
    free(told);
    return false;
}

bool fleet_files_story(struct fleet *fleet, const char *path)
{
    char why[TIMELINE_WHY];
    char *text = NULL;
    size_t cap = 0;
    ssize_t len;
    unsigned long number = 0;
    struct timeline *timeline = NULL;
    struct timeline_line *line = malloc(sizeof(*line));
    FILE *file = fopen(path, "re");
    bool well = file != NULL && line != NULL && timeline_new(fleet->registry, fleet->tz, &timeline) == ERR_OK;
    if (file == NULL)
        fprintf(stderr, "huyang fleet: %s: %s\n", path, strerror(errno));
    while (well && (len = getline(&text, &cap, file)) >= 0) {
        number++;
        while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
            len--;
        if (timeline_parse(timeline, text, (size_t)len, line, why) != ERR_OK) {
            fprintf(stderr, "%s:%lu: %s\n", path, number, why);
            well = false;
        } else if (line->what == TIMELINE_REPORT) {
            well = add_story_line(fleet, line, path, number);
        } else if (line->what != TIMELINE_BLANK) {
            fprintf(stderr, "%s:%lu: only what devices tell is played; skipped\n", path, number);
        }
    }
    timeline_free(timeline);
    free(line);
    free(text);
    if (file != NULL)
        fclose(file);
    return well;
}

/* ---- traces and outings: one file, one wristband ---- */

/* The next wristband of the registry in order of its rows, REGISTRY_NONE at the end. */
static uint32_t next_wristband(const struct fleet *fleet, uint32_t *next)
{
    while (*next < registry_count(fleet->registry, REGISTRY_DEVICE)) {
        const struct device *row = registry_device(fleet->registry, (*next)++);
        if (!row->removed && row->kind == DEVICE_WRISTBAND && row->household != REGISTRY_NONE)
            return *next - 1;
    }
    return REGISTRY_NONE;
}

/* Splits at commas in place; false when there are fewer fields. */
static bool split(char *line, char **fields, unsigned count)
{
    line[strcspn(line, "\r\n")] = '\0';
    for (unsigned i = 0; i < count; i++) {
        fields[i] = line;
        line += strcspn(line, ",");
        if (*line == '\0')
            return i + 1 == count;
        *line++ = '\0';
    }
    return true;
}

static bool add_fix(struct fleet *fleet, uint32_t device, int64_t at_ms, struct geo_point point)
{
    return fleet_script_add(fleet,
                            &(struct fleet_happening){
                                .at_ms = at_ms,
                                .act = FLEET_FIX,
                                .device = device,
                                .fix = {.lat = point.lat, .lon = point.lon, .accuracy_m = TRACE_ACCURACY_M}});
}

static bool read_trace(struct fleet *fleet, FILE *file, const char *path, uint32_t device)
{
    char line[LINE_SIZE];
    int64_t last_s = INT64_MIN;
    for (unsigned long number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
        char *fields[4];
        int64_t epoch_s;
        struct geo_point point;
        if (!split(line, fields, 4) || !text_to_int(fields[0], 0, INT32_MAX, &epoch_s) ||
            !text_to_double(fields[1], -90, 90, &point.lat) ||
            !text_to_double(fields[2], -180, 180, &point.lon)) {
            if (number == 1)
                continue; /* the header */
            fprintf(stderr, "%s:%lu: epoch_utc,lat,lon,altitude_ft is expected\n", path, number);
            return false;
        }
        if (last_s != INT64_MIN && epoch_s - last_s < (int64_t)fleet->options.fix_interval_s)
            continue;
        last_s = epoch_s;
        if (!add_fix(fleet, device, epoch_s * 1000, point))
            return false;
    }
    return true;
}

static bool parse_local(const struct fleet *fleet, const char *text, int64_t *ret_ms)
{
    int year, month, day, hour, minute, second;
    if (sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6)
        return false;
    *ret_ms = clock_from_civil(fleet->tz, year, month, day, hour, minute, second);
    return true;
}

/* One outing: out of the door, half a kilometre to the north until the return. */
static bool add_outing(struct fleet *fleet, uint32_t device, int64_t leave_ms, int64_t return_ms)
{
    const struct household *home =
        registry_household(fleet->registry, registry_device(fleet->registry, device)->household);
    const int64_t step_ms = (int64_t)fleet->options.fix_interval_s * 1000;
    const struct geo_point there = {home->home.lat + OUTING_METRES / 111195.0, home->home.lon};
    bool well = fleet_script_add(
        fleet, &(struct fleet_happening){.at_ms = leave_ms, .act = FLEET_PRESENCE, .device = device});
    for (int64_t at_ms = leave_ms + step_ms; well && home->has_home && at_ms < return_ms; at_ms += step_ms)
        well = add_fix(fleet, device, at_ms, there);
    well = well && fleet_script_add(fleet, &(struct fleet_happening){.at_ms = return_ms,
                                                                     .act = FLEET_PRESENCE,
                                                                     .device = device,
                                                                     .at_home = true});
    return well && (!home->has_home || add_fix(fleet, device, return_ms, home->home));
}

static bool read_outings(struct fleet *fleet, FILE *file, const char *path, uint32_t device)
{
    char line[LINE_SIZE];
    for (unsigned long number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
        char *fields[3];
        int64_t leave_ms, return_ms;
        if (!split(line, fields, 3) || !parse_local(fleet, fields[0], &leave_ms) ||
            !parse_local(fleet, fields[1], &return_ms) || return_ms < leave_ms) {
            if (number == 1)
                continue;
            fprintf(stderr, "%s:%lu: leave,return,minutes is expected\n", path, number);
            return false;
        }
        if (!add_outing(fleet, device, leave_ms, return_ms))
            return false;
    }
    return true;
}

static int is_csv(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);
    return len > 4 && strcmp(entry->d_name + len - 4, ".csv") == 0;
}

static bool read_folder(struct fleet *fleet, const char *folder, uint32_t *next_device,
                        bool (*read)(struct fleet *fleet, FILE *file, const char *path, uint32_t device))
{
    struct dirent **entries = NULL;
    const int count = scandir(folder, &entries, is_csv, alphasort);
    bool well = count > 0 && count <= FILES_MAX;
    if (!well)
        fprintf(stderr, "huyang fleet: %s: %s\n", folder,
                count < 0 ? strerror(errno) : "no .csv files, or too many");
    for (int i = 0; i < count; i++) {
        char path[4096];
        const int len = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        FILE *file = well && len > 0 && (size_t)len < sizeof(path) ? fopen(path, "re") : NULL;
        const uint32_t device = file != NULL ? next_wristband(fleet, next_device) : REGISTRY_NONE;
        free(entries[i]);
        if (!well)
            continue;
        if (file == NULL || device == REGISTRY_NONE) {
            fprintf(stderr, "huyang fleet: %s: %s\n", path,
                    file == NULL ? strerror(errno) : "the registry has no further wristband for it");
            well = false;
        } else {
            printf("%s is %s\n", registry_device(fleet->registry, device)->id, path);
            well = read(fleet, file, path, device);
        }
        if (file != NULL)
            fclose(file);
    }
    free(entries);
    return well;
}

bool fleet_files_traces(struct fleet *fleet, const char *folder, uint32_t *next_device)
{
    return read_folder(fleet, folder, next_device, read_trace);
}

bool fleet_files_outings(struct fleet *fleet, const char *folder, uint32_t *next_device)
{
    return read_folder(fleet, folder, next_device, read_outings);
}
