/* Turns are counted on the local clock: the k'th begins k lengths after the first, in local time, and that
 * local time is then looked up in the zone. So a handover at 08:00 is at 08:00 all year; the turn over the
 * change of the clocks is an hour shorter or longer; one whose local time the clocks skip begins when they
 * have; an hour that comes twice belongs to one turn. */
#include "alert/roster.h"

#include <string.h>

#include "registry/calendar.h"

enum { DAY_MIN = 1440, WEEK = 7 };

const char *roster_rotation_name(enum roster_rotation rotation)
{
    static const char *const names[] = {
#define X(name, text) [ROSTER_##name] = #text,
        ROSTER_ROTATION_MAP(X)
#undef X
    };
    return (unsigned)rotation < ROSTER_ROTATION_COUNT ? names[rotation] : "none";
}

const struct roster_plan *roster_find(const struct roster_plan *plans, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(plans[i].name, name) == 0)
            return &plans[i];
    }
    return NULL;
}

/* --- One layer --- */

static int64_t local_ms(const struct tz *tz, int64_t day, int64_t minute)
{
    return clock_from_civil(tz, 1970, 1, (int)(day + 1), 0, (int)minute, 0);
}

static unsigned hours_of(const struct roster_layer *layer)
{
    switch ((enum roster_rotation)layer->rotation) {
    case ROSTER_DAILY: return 24;
    case ROSTER_WEEKLY: return 24 * WEEK;
    case ROSTER_CUSTOM:
    case ROSTER_ROTATION_COUNT: break;
    }
    return layer->hours;
}

static bool start_day(const struct roster_layer *layer, int64_t *ret_day)
{
    int year, month, day;
    return calendar_parse_date(layer->start, strlen(layer->start), &year, &month, &day) &&
           calendar_day_number(year, month, day, ret_day);
}

/* When the k'th turn begins. */
static int64_t turn_begins(const struct roster_layer *layer, const struct tz *tz, int64_t first_day,
                           int64_t k)
{
    return local_ms(tz, first_day, layer->handover_minute + k * hours_of(layer) * 60);
}

/* Which turn runs at t_ms; -1 = the first has not begun. */
static int64_t turn_at(const struct roster_layer *layer, const struct tz *tz, int64_t first_day, int64_t t_ms)
{
    int64_t begins_ms = turn_begins(layer, tz, first_day, 0);
    if (t_ms < begins_ms)
        return -1;
    int64_t k = (t_ms - begins_ms) / ((int64_t)hours_of(layer) * 3600000);
    while (turn_begins(layer, tz, first_day, k) > t_ms)
        k--;
    while (turn_begins(layer, tz, first_day, k + 1) <= t_ms)
        k++;
    return k;
}

static bool is_weekday(const struct roster_layer *layer, int64_t day)
{
    uint8_t days = layer->weekdays[0] ? calendar_weekdays(layer->weekdays, strlen(layer->weekdays)) : 0x7F;
    return days >> ((day + 4) % WEEK) & 1; /* 1970-01-01 was a Thursday */
}

static bool has_hours(const struct roster_layer *layer)
{
    return layer->weekdays[0] || layer->from_minute != layer->to_minute;
}

/* The layer's hours that begin on that local day; false: none do. */
static bool hours_on(const struct roster_layer *layer, const struct tz *tz, int64_t day, int64_t *ret_from_ms,
                     int64_t *ret_until_ms)
{
    if (!is_weekday(layer, day))
        return false;
    *ret_from_ms = local_ms(tz, day, layer->from_minute);
    *ret_until_ms =
        local_ms(tz, day, layer->to_minute + (layer->to_minute <= layer->from_minute ? DAY_MIN : 0));
    return true;
}

static int64_t day_of(const struct tz *tz, int64_t t_ms)
{
    struct civil local;
    clock_civil(tz, t_ms, &local);
    return local.day_number;
}

static bool is_in_hours(const struct roster_layer *layer, const struct tz *tz, int64_t t_ms)
{
    int64_t today = day_of(tz, t_ms), from_ms, until_ms;
    for (int64_t day = today - 1; has_hours(layer) && day <= today; day++) {
        if (hours_on(layer, tz, day, &from_ms, &until_ms) && from_ms <= t_ms && t_ms < until_ms)
            return true;
    }
    return !has_hours(layer);
}

/* Who is on paper only covers nothing. */
static bool is_known(const struct roster_view *view, const char *person)
{
    return !view->registry || registry_find(view->registry, REGISTRY_RESPONDER, person) != REGISTRY_NONE;
}

static size_t layer_on(const struct roster_layer *layer, const struct roster_view *view, int64_t t_ms,
                       const char *people[ROSTER_ON_MAX])
{
    int64_t first_day, k = start_day(layer, &first_day) ? turn_at(layer, view->tz, first_day, t_ms) : -1;
    size_t together = layer->at_once ? layer->at_once : 1, count = 0;
    if (k < 0 || layer->member_count == 0 || !is_in_hours(layer, view->tz, t_ms))
        return 0;
    for (size_t i = 0; i < together && i < layer->member_count && i < ROSTER_ON_MAX; i++) {
        const char *person =
            layer->members[(uint64_t)(k * (int64_t)together + (int64_t)i) % layer->member_count];
        if (is_known(view, person))
            people[count++] = person;
    }
    return count;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t layer_next(const struct roster_layer *layer, const struct tz *tz, int64_t t_ms)
{
    int64_t first_day, from_ms, until_ms, today = day_of(tz, t_ms);
    if (!start_day(layer, &first_day))
        return INT64_MAX;
    int64_t k = turn_at(layer, tz, first_day, t_ms), next_ms;
    do
        next_ms = turn_begins(layer, tz, first_day, ++k);
    while (next_ms <= t_ms);
    for (int64_t day = today - 1; has_hours(layer) && day <= today + WEEK + 1; day++) {
        if (!hours_on(layer, tz, day, &from_ms, &until_ms))
            continue;
        next_ms = from_ms > t_ms ? earlier(next_ms, from_ms) : next_ms;
        next_ms = until_ms > t_ms ? earlier(next_ms, until_ms) : next_ms;
    }
    return next_ms;
}

/* --- Changes --- */

static bool is_of(const struct roster_change *change, const struct roster_plan *plan)
{
    return change->until_ms && !change->removed_ms && strcmp(change->roster, plan->name) == 0;
}

static bool is_in(const struct roster_change *change, const struct roster_plan *plan, int64_t t_ms)
{
    return is_of(change, plan) && change->from_ms <= t_ms && t_ms < change->until_ms;
}

/* The lowest order above `above` among those that hold; false = none. */
static bool next_order(const struct roster_view *view, const struct roster_plan *plan, int64_t t_ms,
                       uint32_t above, uint32_t *ret_order)
{
    bool found = false;
    for (size_t i = 0; i < view->change_count; i++) {
        const struct roster_change *change = &view->changes[i];
        if (is_in(change, plan, t_ms) && change->order > above && (!found || change->order < *ret_order)) {
            *ret_order = change->order;
            found = true;
        }
    }
    return found;
}

/* Everybody is exchanged at most once by one order, so that a swap within one stretch does not undo itself.
 */
static size_t apply(const struct roster_view *view, const struct roster_plan *plan, int64_t t_ms,
                    uint32_t order, const char *people[ROSTER_ON_MAX], size_t count)
{
    const char *before[ROSTER_ON_MAX];
    size_t instead_of_all = 0;
    memcpy(before, people, sizeof *people * count);
    for (size_t i = 0; i < view->change_count; i++) {
        const struct roster_change *change = &view->changes[i];
        if (change->order != order || !is_in(change, plan, t_ms) || !is_known(view, change->person))
            continue;
        if (!change->instead[0]) {
            if (instead_of_all < ROSTER_ON_MAX)
                people[instead_of_all++] = change->person;
            continue;
        }
        for (size_t j = 0; j < count; j++) {
            if (strcmp(before[j], change->instead) == 0)
                people[j] = change->person;
        }
    }
    return instead_of_all ? instead_of_all : count;
}

static size_t once_each(const char *people[ROSTER_ON_MAX], size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < kept && strcmp(people[j], people[i]) != 0)
            j++;
        if (j == kept)
            people[kept++] = people[i];
    }
    return kept;
}

/* --- The whole --- */

size_t roster_on(const struct roster_view *view, const struct roster_plan *plan, int64_t t_ms,
                 const char *people[ROSTER_ON_MAX])
{
    size_t count = 0;
    for (unsigned i = plan->layer_count; i-- > 0 && count == 0;)
        count = layer_on(&plan->layers[i], view, t_ms, people);
    uint32_t order = 0;
    while (next_order(view, plan, t_ms, order, &order))
        count = apply(view, plan, t_ms, order, people, count);
    return once_each(people, count);
}

int64_t roster_next_ms(const struct roster_view *view, const struct roster_plan *plan, int64_t t_ms)
{
    int64_t next_ms = INT64_MAX;
    for (unsigned i = 0; i < plan->layer_count; i++)
        next_ms = earlier(next_ms, layer_next(&plan->layers[i], view->tz, t_ms));
    for (size_t i = 0; i < view->change_count; i++) {
        const struct roster_change *change = &view->changes[i];
        if (!is_of(change, plan))
            continue;
        next_ms = change->from_ms > t_ms ? earlier(next_ms, change->from_ms) : next_ms;
        next_ms = change->until_ms > t_ms ? earlier(next_ms, change->until_ms) : next_ms;
    }
    return next_ms;
}

static bool are_same(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    for (size_t i = 0; a_count == b_count && i < a_count; i++) {
        if (strcmp(a[i], b[i]) != 0)
            return false;
    }
    return a_count == b_count;
}

int64_t roster_turn_ms(const struct roster_view *view, const struct roster_plan *plan, int64_t t_ms,
                       int64_t until_ms)
{
    const char *now[ROSTER_ON_MAX], *then[ROSTER_ON_MAX];
    size_t count = roster_on(view, plan, t_ms, now);
    while ((t_ms = roster_next_ms(view, plan, t_ms)) < until_ms) {
        if (!are_same(now, count, then, roster_on(view, plan, t_ms, then)))
            return t_ms;
    }
    return INT64_MAX;
}

bool roster_gap(const struct roster_view *view, const struct roster_plan *plan, int64_t from_ms,
                int64_t until_ms, int64_t *ret_from_ms, int64_t *ret_until_ms)
{
    const char *people[ROSTER_ON_MAX];
    int64_t t_ms = from_ms;
    while (t_ms < until_ms && roster_on(view, plan, t_ms, people) > 0)
        t_ms = roster_next_ms(view, plan, t_ms);
    if (t_ms >= until_ms)
        return false;
    *ret_from_ms = t_ms;
    while (t_ms < until_ms && roster_on(view, plan, t_ms, people) == 0)
        t_ms = roster_next_ms(view, plan, t_ms);
    *ret_until_ms = earlier(t_ms, until_ms);
    return true;
}

/* --- Faults --- */

bool roster_is_date(const char *text)
{
    int year, month, day;
    return calendar_parse_date(text, strlen(text), &year, &month, &day);
}

bool roster_is_weekdays(const char *text)
{
    return !*text || calendar_weekdays(text, strlen(text)) != 0;
}

static const char *layer_fault(const struct roster_layer *layer)
{
    if (!roster_is_date(layer->start))
        return "start is no date";
    if (layer->member_count == 0)
        return "has no members: nobody would ever be on";
    if (layer->rotation >= ROSTER_ROTATION_COUNT)
        return "unknown rotation";
    if ((layer->rotation == ROSTER_CUSTOM) != (layer->hours != 0))
        return "hours belong to rotation custom, and to no other";
    if (layer->at_once > layer->member_count)
        return "at_once is more than its members";
    return roster_is_weekdays(layer->weekdays) ? NULL : "weekdays are not understood";
}

const char *roster_fault(const struct roster_plan *plan, int *ret_layer)
{
    *ret_layer = -1;
    if (plan->layer_count == 0)
        return "has no layers: nobody would ever be on";
    for (int i = 0; i < plan->layer_count; i++) {
        const char *why = layer_fault(&plan->layers[i]);
        *ret_layer = i;
        if (why)
            return why;
    }
    return NULL;
}
