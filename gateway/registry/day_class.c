#include "registry/day_class.h"

#include <string.h>

#include "registry/calendar.h"

enum { SUNDAY = 0, SATURDAY = 6, WORKING_WEEK = 0x3e /* Monday to Friday */ };

/* Is a calendar of that meaning on? */
static bool is_listed(const struct registry *registry, const char *meaning, const struct civil *local)
{
    size_t len = strlen(meaning);
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_CALENDAR); no++) {
        const struct calendar *calendar = registry_calendar(registry, no);
        if (!calendar->removed && strncmp(calendar->id, meaning, len) == 0 &&
            (calendar->id[len] == '\0' || calendar->id[len] == '-') && calendar_is_on(calendar, local))
            return true;
    }
    return false;
}

enum day_class day_class_of(const struct registry *registry, const struct civil *local)
{
    if (calendar_is_spring_festival(local->day_number) || is_listed(registry, "family", local))
        return DAY_FAMILY;
    if (is_listed(registry, "holiday", local))
        return DAY_OFF;
    bool weekend = local->weekday == SATURDAY || local->weekday == SUNDAY;
    return weekend && !is_listed(registry, "workday", local) ? DAY_OFF : DAY_ORDINARY;
}

bool day_class_calendar_is_on(const struct registry *registry, const struct calendar *calendar,
                              const struct civil *local)
{
    if (calendar->rule_kind != CALENDAR_WEEKLY || calendar->mask != WORKING_WEEK)
        return calendar_is_on(calendar, local);
    /* Offices shut for the festival's public holidays, not for all its days. */
    if (is_listed(registry, "holiday", local))
        return false;
    return calendar_is_on(calendar, local) || is_listed(registry, "workday", local);
}

bool day_class_visitor_is_expected(const struct registry *registry, const struct trusted_visitor *visitor,
                                   const struct civil *local)
{
    if (visitor_in_window(visitor, local))
        return true;
    if (day_class_of(registry, local) == DAY_ORDINARY)
        return false;
    struct civil sunday = *local, saturday = *local;
    sunday.weekday = SUNDAY;
    saturday.weekday = SATURDAY;
    return visitor_in_window(visitor, &sunday) || visitor_in_window(visitor, &saturday);
}
