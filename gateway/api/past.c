#include "api/past.h"

#include <stdlib.h>
#include <string.h>

#include "input.h"
#include "registry/admit.h"

enum { INPUTS_WALKED = 400000, HOUR_MS = 3600 * 1000 };
#define LATE_MS  ((int64_t)24 * HOUR_MS) /* what was stored on the way arrives so much later, as a rule */
#define KNOWN_MS ((int64_t)12 * HOUR_MS) /* so long the last word on being at home is believed */

struct walk {
    const struct view *view;
    struct past *past;
    uint32_t resident, household;
    struct live_resident now;
    int64_t said_ms; /* of the last word on being at home or out */
    unsigned seen;   /* fixes */
    struct event events[EVENT_BATCH_MAX];
};

/* ---- where ---- */

static void thin_out(struct past *past)
{
    past->fix_count /= 2;
    for (size_t i = 0; i < past->fix_count; i++)
        past->fixes[i] = past->fixes[2 * i];
    past->stride *= 2;
}

static void add_fix(struct walk *walk, const struct event *event)
{
    struct past *past = walk->past;
    struct geo_point p;

    if (!registry_locate(&event->fix, &p) || walk->seen++ % past->stride != 0)
        return;
    if (past->fix_count == PAST_FIXES_MAX)
        thin_out(past);
    past->fixes[past->fix_count++] = (struct past_fix){
        .at_ms = event->at_ms, .p = p, .accuracy_m = event->fix.has_accuracy ? event->fix.accuracy_m : 0};
}

/* ---- at home or out ---- */

void past_week_add(struct past_week *week, const struct tz *tz, int64_t from_ms, int64_t to_ms, bool out)
{
    while (from_ms < to_ms) {
        struct civil local;
        clock_civil(tz, from_ms, &local);
        const int64_t next_ms =
            clock_from_civil(tz, local.year, local.month, local.day, local.hour + 1, 0, 0);
        /* Where the clock is set back, the next hour's first moment may lie behind. */
        const int64_t end_ms = next_ms <= from_ms ? from_ms + HOUR_MS : next_ms;
        const int64_t stop_ms = end_ms < to_ms ? end_ms : to_ms;
        week->known_ms[local.weekday][local.hour] += stop_ms - from_ms;
        if (out)
            week->out_ms[local.weekday][local.hour] += stop_ms - from_ms;
        if (week->last_day != local.day_number)
            week->days[local.weekday]++;
        week->last_day = local.day_number;
        from_ms = stop_ms;
    }
}

/* What was known until now. */
static void settle(struct walk *walk, int64_t at_ms)
{
    const int64_t until_ms = at_ms < walk->said_ms + KNOWN_MS ? at_ms : walk->said_ms + KNOWN_MS;

    if (walk->said_ms != 0 && walk->now.at_home != LIVE_UNKNOWN)
        past_week_add(&walk->past->week, walk->view->config->tz, walk->said_ms, until_ms,
                      walk->now.at_home == LIVE_NO);
}

static void add_outing(struct past *past, const struct live_resident *now)
{
    struct past_outing *last = past->outing_count != 0 ? &past->outings[past->outing_count - 1] : NULL;

    if (now->at_home == LIVE_YES && last != NULL && last->back_ms == 0)
        last->back_ms = now->at_home_ms;
    else if (now->at_home == LIVE_NO && past->outing_count < PAST_OUTINGS_MAX)
        past->outings[past->outing_count++] = (struct past_outing){.left_ms = now->at_home_ms};
}

static void judge(struct walk *walk, const struct event *event)
{
    const uint8_t before = walk->now.at_home;
    const bool is_place =
        event->kind == EVENT_FIX || event->kind == EVENT_PRESENCE || event->kind == EVENT_DEPARTURE;

    if (is_place && event->at_ms >= walk->said_ms) {
        settle(walk, event->at_ms);
        walk->said_ms = event->at_ms;
    }
    (void)live_person_on_event(&walk->now, walk->view->registry, walk->household, event);
    /* The first word tells where they are, not that they went there. */
    if (walk->now.at_home != before && (before != LIVE_UNKNOWN || walk->now.at_home == LIVE_YES))
        add_outing(walk->past, &walk->now);
}

/* ---- who came ---- */

static struct past_visit *visit_of(struct past *past, uint32_t device, const struct event *event)
{
    const uint64_t id = hash_table(event->visit.visit_id, strlen(event->visit.visit_id));

    for (size_t i = past->visit_count; i-- > 0;)
        if (past->visits[i].device == device && past->visits[i].id == id)
            return &past->visits[i];
    if (past->visit_count == PAST_VISITS_MAX)
        return NULL;
    struct past_visit *visit = &past->visits[past->visit_count++];
    *visit = (struct past_visit){.device = device, .id = id, .from_ms = event->at_ms, .to_ms = event->at_ms};
    return visit;
}

static void add_visitor(const struct registry *registry, uint32_t household, const char *id,
                        struct past_visit *visit)
{
    uint32_t visitors[64];
    const size_t count = registry_visitors(registry, household, visitors, 64);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(registry_visitor(registry, visitors[i])->visitor_id, id) != 0)
            continue;
        for (unsigned k = 0; k < visit->by_count; k++)
            if (visit->by[k] == visitors[i])
                return;
        if (visit->by_count < PAST_PEOPLE_MAX)
            visit->by[visit->by_count++] = visitors[i];
    }
}

static void add_visit(struct walk *walk, uint32_t device, const struct event *event)
{
    struct past_visit *visit = visit_of(walk->past, device, event);

    if (visit == NULL)
        return;
    visit->to_ms = event->at_ms > visit->to_ms ? event->at_ms : visit->to_ms;
    visit->left |= event->visit.phase == VISIT_PHASE_LEAVE;
    visit->indoors |= event->visit.place == PLACE_INDOORS;
    visit->people = event->visit.people_count > visit->people ? event->visit.people_count : visit->people;
    for (unsigned i = 0; i < event->visit.people_count && i < EVENT_PEOPLE_MAX; i++) {
        visit->classes |= (uint8_t)(1U << event->visit.people[i].person_class);
        if (event->visit.people[i].visitor_id[0] != '\0')
            add_visitor(walk->view->registry, walk->household, event->visit.people[i].visitor_id, visit);
    }
}

/* ---- the walk ---- */

static enum err on_input(void *self, const struct batch_input *stored)
{
    struct walk *walk = self;
    const struct registry *registry = walk->view->registry;
    struct input input;

    /* A row that cannot be read is the audit's to find, not a reason to show nothing. */
    if (input_decode(stored->n, stored->t_ms, stored->kind, stored->blob, stored->len, walk->events,
                     &input) != ERR_OK ||
        input.kind != INPUT_REPORT)
        return ERR_OK;
    const struct device *device = registry_device(registry, input.report.device);
    const bool is_theirs = live_person_of(registry, device) == walk->resident;
    for (unsigned i = 0; i < input.report.count; i++) {
        const struct event *event = &walk->events[i];
        if (event->at_ms < walk->past->from_ms || event->at_ms >= walk->past->to_ms)
            continue;
        if (event->kind == EVENT_FIX && device->kind == DEVICE_WRISTBAND)
            add_fix(walk, event);
        if (event->kind == EVENT_VISIT)
            add_visit(walk, input.report.device, event);
        if (is_theirs)
            judge(walk, event);
    }
    return ERR_OK;
}

static size_t devices_of(const struct registry *registry, const struct resident *resident,
                         uint32_t devices[READER_DEVICES_MAX])
{
    size_t count = 0;
    uint32_t camera = resident->household != REGISTRY_NONE
                          ? registry_household(registry, resident->household)->first_camera
                          : REGISTRY_NONE;

    if (resident->wristband != REGISTRY_NONE)
        devices[count++] = resident->wristband;
    for (; camera != REGISTRY_NONE && count < READER_DEVICES_MAX;
         camera = registry_device(registry, camera)->next_camera)
        devices[count++] = camera;
    return count;
}

static struct past *past_new(int64_t from_ms, int64_t to_ms)
{
    struct past *past = calloc(1, sizeof(*past));

    if (past == NULL)
        return NULL;
    past->from_ms = from_ms;
    past->to_ms = to_ms;
    past->stride = 1;
    past->week.last_day = INT64_MIN;
    past->fixes = calloc(PAST_FIXES_MAX, sizeof(*past->fixes));
    past->outings = calloc(PAST_OUTINGS_MAX, sizeof(*past->outings));
    past->visits = calloc(PAST_VISITS_MAX, sizeof(*past->visits));
    if (past->fixes != NULL && past->outings != NULL && past->visits != NULL)
        return past;
    past_free(past);
    return NULL;
}

void past_free(struct past *past)
{
    if (past == NULL)
        return;
    free(past->fixes);
    free(past->outings);
    free(past->visits);
    free(past);
}

/* What came late stands behind what happened after it. */
static int by_time(const void *a, const void *b)
{
    const struct past_fix *one = a, *other = b;
    return (one->at_ms > other->at_ms) - (one->at_ms < other->at_ms);
}

enum err past_read(const struct view *view, uint32_t resident, int64_t from_ms, int64_t to_ms,
                   struct past **ret_past)
{
    const struct resident *row = registry_resident(view->registry, resident);
    uint32_t devices[READER_DEVICES_MAX];
    const size_t count = devices_of(view->registry, row, devices);
    const int64_t now_ms = clock_now().wall_ms;
    struct past *past = view->reader != NULL ? past_new(from_ms, to_ms) : NULL;
    struct walk *walk = calloc(1, sizeof(*walk));
    enum err err = past != NULL && walk != NULL ? ERR_OK : view->reader == NULL ? ERR_NOT_FOUND : ERR_NOMEM;

    if (err == ERR_OK) {
        walk->view = view;
        walk->past = past;
        walk->resident = resident;
        walk->household = row->household;
        past->since_ms = from_ms;
        if (count != 0)
            err = reader_reports(view->reader, devices, count, from_ms, to_ms + LATE_MS, INPUTS_WALKED,
                                 on_input, walk, &past->since_ms);
    }
    if (err == ERR_OK) {
        settle(walk, to_ms < now_ms ? to_ms : now_ms);
        qsort(past->fixes, past->fix_count, sizeof(*past->fixes), by_time);
        *ret_past = past;
        past = NULL;
    }
    past_free(past);
    free(walk);
    return err;
}
