/* Plausible days. Everything a home does on a date follows from (seed, home or resident, date) alone, so that
 * a day is the same whenever it is told and whoever else lives in the county.
 *
 * A resident sleeps, walks about, mostly runs an errand in the morning and sometimes takes a walk in the
 * evening, always to much the same places; a courier comes to one door in four, somebody trusted into one
 * home in three, and now and then a stranger. The numbers are guesses made to look like a quiet county, not
 * findings. */
#include <math.h>
#include <stdlib.h>

#include "core/geo.h"
#include "fleet.h"

enum draw_of {
    DRAW_WAKE = 1,
    DRAW_BED,
    DRAW_STEPS,
    DRAW_ERRAND,
    DRAW_ERRAND_AT,
    DRAW_ERRAND_LONG,
    DRAW_WALK,
    DRAW_WALK_AT,
    DRAW_WALK_LONG,
    DRAW_PLACE,
    DRAW_FAR,
    DRAW_COURIER,
    DRAW_COURIER_AT,
    DRAW_GUEST,
    DRAW_GUEST_AT,
    DRAW_GUEST_LONG,
    DRAW_STRANGER,
    DRAW_STRANGER_AT,
    DRAW_STRANGER_LONG,
    DRAW_BATTERY,
    DRAW_JITTER,
};
enum { MINUTE_MS = 60000, STEPS_EVERY_MIN = 30, METRES_PER_DEGREE = 111195 };

struct day {
    struct fleet *fleet;
    int64_t midnight_ms;
    uint64_t number; /* since 1970 */
    bool failed;
};

static double draw(const struct day *day, uint64_t who, unsigned what)
{
    return fleet_draw(day->fleet->options.seed, who, day->number, what);
}

/* Minutes of the day, to the second. */
static void add(struct day *day, double minute, struct fleet_happening happening)
{
    happening.at_ms = day->midnight_ms + (int64_t)(minute * 60) * 1000;
    day->failed = day->failed || !fleet_script_add(day->fleet, &happening);
}

static struct geo_point away(struct geo_point home, double bearing, double metres)
{
    return (struct geo_point){
        .lat = home.lat + metres * cos(bearing) / METRES_PER_DEGREE,
        .lon = home.lon + metres * sin(bearing) / (METRES_PER_DEGREE * cos(home.lat * 0.017453292519943295))};
}

struct person {
    uint32_t band, camera; /* registry rows, REGISTRY_NONE = none */
    struct geo_point home;
    bool has_home;
};

static void fix(struct day *day, const struct person *person, double minute, struct geo_point at)
{
    if (person->has_home)
        add(day, minute,
            (struct fleet_happening){.act = FLEET_FIX,
                                     .device = person->band,
                                     .fix = {.lat = at.lat, .lon = at.lon, .accuracy_m = 12}});
}

/* Out of the door, there, and back by the same way. */
static void outing(struct day *day, const struct person *person, double from, double minutes, unsigned place)
{
    const uint64_t habit = 0; /* the same places every day */
    const double bearing = 6.283185307179586 * fleet_draw(day->fleet->options.seed, person->band, habit,
                                                          DRAW_PLACE + 100 * place);
    const double far =
        250 + 900 * fleet_draw(day->fleet->options.seed, person->band, habit, DRAW_FAR + 100 * place);
    const double step = day->fleet->options.fix_interval_s / 60.0, walk = far / 60; /* 60 m a minute */
    if (person->camera != REGISTRY_NONE)
        add(day, from,
            (struct fleet_happening){.act = FLEET_DEPARTURE,
                                     .device = person->camera,
                                     .companion = HUYANG__V1__COMPANION__COMPANION_ALONE});
    add(day, from + 0.2, (struct fleet_happening){.act = FLEET_PRESENCE, .device = person->band});
    for (double minute = step; minute < minutes; minute += step) {
        const double way = fmin(1, fmin(minute, minutes - minute) / walk);
        fix(day, person, from + minute, away(person->home, bearing, way * far));
    }
    add(day, from + minutes,
        (struct fleet_happening){.act = FLEET_PRESENCE, .device = person->band, .at_home = true});
    fix(day, person, from + minutes + 0.5, person->home);
}

static void live(struct day *day, const struct person *person)
{
    const uint64_t who = person->band;
    const double wake = 330 + 90 * draw(day, who, DRAW_WAKE), bed = 1230 + 90 * draw(day, who, DRAW_BED);
    add(day, wake,
        (struct fleet_happening){.act = FLEET_BATTERY,
                                 .device = person->band,
                                 .number = (uint32_t)(70 + 30 * draw(day, who, DRAW_BATTERY))});
    fix(day, person, wake + 1, person->home);
    for (double minute = wake + 60 * draw(day, who, DRAW_JITTER); minute < bed; minute += STEPS_EVERY_MIN) {
        const double steps = draw(day, who, DRAW_STEPS + 1000 * (unsigned)minute);
        if (steps < 0.7)
            add(day, minute,
                (struct fleet_happening){
                    .act = FLEET_STEPS, .device = person->band, .number = (uint32_t)(600 * steps)});
    }
    if (draw(day, who, DRAW_ERRAND) < 0.6)
        outing(day, person, 450 + 150 * draw(day, who, DRAW_ERRAND_AT),
               20 + 70 * draw(day, who, DRAW_ERRAND_LONG), 0);
    if (draw(day, who, DRAW_WALK) < 0.4)
        outing(day, person, 1050 + 90 * draw(day, who, DRAW_WALK_AT),
               20 + 20 * draw(day, who, DRAW_WALK_LONG), 1);
}

static void visit(struct day *day, uint32_t camera, double from, double minutes, Huyang__V1__Place place,
                  Huyang__V1__PersonClass person_class, uint32_t visitor)
{
    add(day, from,
        (struct fleet_happening){
            .act = FLEET_VISIT, .device = camera, .visit = {(uint8_t)place, (uint8_t)person_class, visitor}});
    add(day, from + minutes, (struct fleet_happening){.act = FLEET_VISIT_LEAVE, .device = camera});
}

/* When this trusted visitor comes on this date: in one of the hours the registry gives them. False: not
 * today. */
static bool guest_hour(const struct day *day, uint32_t camera, uint32_t visitor, double *ret_minute)
{
    static const double hours[][2] = {
        {1020, 100}, {840, 100}, {485, 10}}; /* from, and how much later at most */
    for (size_t i = 0; i < sizeof(hours) / sizeof(hours[0]); i++) {
        const double minute = hours[i][0] + hours[i][1] * draw(day, camera, DRAW_GUEST_AT);
        struct civil local;
        clock_civil(day->fleet->tz, day->midnight_ms + (int64_t)minute * MINUTE_MS, &local);
        if (visitor_in_window(registry_visitor(day->fleet->registry, visitor), &local)) {
            *ret_minute = minute;
            return true;
        }
    }
    return false;
}

/* A camera follows one visit at a time, so a home has its callers in hours of their own. */
static void receive(struct day *day, uint32_t camera, uint32_t trusted)
{
    const uint64_t who = camera;
    double minute;
    if (draw(day, who, DRAW_COURIER) < 0.25)
        visit(day, camera, 560 + 140 * draw(day, who, DRAW_COURIER_AT), 1 + draw(day, who, DRAW_JITTER),
              HUYANG__V1__PLACE__PLACE_DOORSTEP, HUYANG__V1__PERSON_CLASS__PERSON_CLASS_UNKNOWN,
              REGISTRY_NONE);
    if (trusted != REGISTRY_NONE && draw(day, who, DRAW_GUEST) < 0.33 &&
        guest_hour(day, camera, trusted, &minute))
        visit(day, camera, minute, 15 + 45 * draw(day, who, DRAW_GUEST_LONG),
              HUYANG__V1__PLACE__PLACE_INDOORS, HUYANG__V1__PERSON_CLASS__PERSON_CLASS_TRUSTED, trusted);
    if (draw(day, who, DRAW_STRANGER) < 0.01)
        visit(day, camera, 720 + 60 * draw(day, who, DRAW_STRANGER_AT),
              3 + 17 * draw(day, who, DRAW_STRANGER_LONG), HUYANG__V1__PLACE__PLACE_INDOORS,
              HUYANG__V1__PERSON_CLASS__PERSON_CLASS_UNKNOWN, REGISTRY_NONE);
}

/* Household -> its first trusted visitor. */
static uint32_t *trusted_visitors(const struct registry *registry)
{
    const uint32_t homes = registry_count(registry, REGISTRY_HOUSEHOLD);
    uint32_t *trusted = malloc((homes + 1) * sizeof(*trusted));
    for (uint32_t i = 0; trusted != NULL && i < homes; i++)
        trusted[i] = REGISTRY_NONE;
    for (uint32_t i = registry_count(registry, REGISTRY_VISITOR); trusted != NULL && i-- > 0;) {
        const struct trusted_visitor *visitor = registry_visitor(registry, i);
        if (!visitor->removed && visitor->household != REGISTRY_NONE)
            trusted[visitor->household] = i;
    }
    return trusted;
}

bool fleet_days_plan(struct fleet *fleet, int64_t day_ms, int64_t *ret_next_day_ms)
{
    struct civil civil;
    clock_civil(fleet->tz, day_ms, &civil);
    struct day day = {.fleet = fleet,
                      .midnight_ms = clock_from_civil(fleet->tz, civil.year, civil.month, civil.day, 0, 0, 0),
                      .number = (uint64_t)civil.day_number};
    uint32_t *trusted = trusted_visitors(fleet->registry);
    for (uint32_t i = 0; trusted != NULL && i < registry_count(fleet->registry, REGISTRY_HOUSEHOLD); i++) {
        const struct household *home = registry_household(fleet->registry, i);
        const bool watched = fleet_device_of(fleet, home->first_camera) != NULL;
        struct person person = {.camera = watched ? home->first_camera : REGISTRY_NONE,
                                .home = home->home,
                                .has_home = home->has_home};
        for (uint32_t r = home->first_resident; r != REGISTRY_NONE;
             r = registry_resident(fleet->registry, r)->next_in_household) {
            person.band = registry_resident(fleet->registry, r)->wristband;
            if (fleet_device_of(fleet, person.band) != NULL)
                live(&day, &person);
        }
        if (watched)
            receive(&day, home->first_camera, trusted[i]);
    }
    *ret_next_day_ms = clock_from_civil(fleet->tz, civil.year, civil.month, civil.day + 1, 0, 0, 0);
    const bool well = trusted != NULL && !day.failed;
    free(trusted);
    return well;
}
