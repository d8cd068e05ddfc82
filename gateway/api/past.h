/* The past of one resident, told from what their devices reported: where they were, when they were out, who
 * came. `past_read` walks the log and judges it as the gateway did at the time (registry/live.h); what it
 * made of it is freed by past_free. */
#ifndef HUYANG_API_PAST_H
#define HUYANG_API_PAST_H

#include "api/request.h"

enum {
    PAST_DAYS_MAX = 56,
    PAST_FIXES_MAX = 8192, /* full: every second one is left out from then on */
    PAST_OUTINGS_MAX = 2048,
    PAST_VISITS_MAX = 2048,
    PAST_PEOPLE_MAX = 8,
    PAST_WEEKDAYS = 7,
    PAST_HOURS = 24
};

struct past_fix {
    int64_t at_ms;
    struct geo_point p;
    float accuracy_m; /* 0 = not told */
};
struct past_outing {
    int64_t left_ms, back_ms; /* back 0 = not yet, or not known */
};
struct past_visit {
    uint32_t device;
    uint64_t id; /* hash of the camera's own */
    int64_t from_ms, to_ms;
    bool left, indoors;
    uint8_t people, classes;      /* the most at once; 1 << enum person_class */
    uint32_t by[PAST_PEOPLE_MAX]; /* trusted visitors, numbers of the registry */
    uint8_t by_count;
};
/* How much of each hour of the week was known, and how much of that they were out. Weekday 0 = Sunday. */
struct past_week {
    int64_t known_ms[PAST_WEEKDAYS][PAST_HOURS], out_ms[PAST_WEEKDAYS][PAST_HOURS];
    uint16_t days[PAST_WEEKDAYS]; /* with anything known of them */
    int64_t last_day;             /* the last that was counted */
};
struct past {
    int64_t from_ms, to_ms; /* as asked; [from, to) by the devices' time */
    int64_t since_ms;       /* from when on nothing was left out */
    struct past_fix *fixes;
    struct past_outing *outings;
    struct past_visit *visits;
    size_t fix_count, outing_count, visit_count;
    unsigned stride; /* one in so many fixes */
    struct past_week week;
};

/* An error leaves nothing to be freed. ERR_NOT_FOUND: there is no database. */
MUST_CHECK enum err past_read(const struct view *view, uint32_t resident, int64_t from_ms, int64_t to_ms,
                              struct past **ret_past);
void past_free(struct past *past); /* NULL is fine */

/* Adds a stretch in which it was known whether they were out. Pure. */
void past_week_add(struct past_week *week, const struct tz *tz, int64_t from_ms, int64_t to_ms, bool out);

#endif
