/* zone-exit: a resident left a zone of kind home or safe that concerns them.
 *
 * Each zone is undecided, inside or outside. A fix says "outside" only when it lies farther beyond the border
 * than its accuracy, and "inside" likewise; anything between says nothing. An exit needs
 * zone_exit_confirm_fixes such fixes in a row over zone_exit_confirm_s: one wild fix, or one fix and then
 * silence, is no exit. A fix that would need more than 60 m/s from the last good one is wild, and its run
 * needs one more fix. Only who was inside can leave; who left one safe zone for another (or for home) has not
 * strayed. One confident fix inside, or presence at home, ends it. Cost: up to ZONES distance computations a
 * fix. */
#include <string.h>

#include "detect/detectors.h"
#include "detect/position.h"
#include "registry/admit.h"

enum { ZONES = 4, GAP_INTERVALS = 3, INSIDE_STREAK = 3 };
#define WILD_MPS         60.0
#define VAGUE_ACCURACY_M 500.0 /* a fix that says nothing about a zone smaller than itself */

enum zone_phase { ZONE_UNDECIDED, ZONE_INSIDE, ZONE_OUTSIDE };

struct zone_watch {
    int64_t out_ms;         /* first fix of the running series outside, 0 = none */
    struct event_key first; /* that fix */
    uint32_t zone;
    uint8_t used;   /* a zeroed watch watches nothing */
    uint8_t phase;  /* enum zone_phase */
    uint8_t count;  /* fixes of the series */
    uint8_t extra;  /* the series began with a wild fix */
    uint8_t streak; /* fixes within the border but too near to it to be sure */
    uint8_t told;   /* 0 = nothing, else 1 + level */
};
struct zone_exit_state {
    int64_t judged_ms; /* at of the last judged fix */
    int64_t good_ms;   /* at of the last fix that was not wild, 0 = none */
    struct geo_point good;
    double good_accuracy_m;
    struct zone_watch watches[ZONES];
    uint8_t told; /* of the resident: 0 = nothing, else 1 + level */
};

enum { REASON_SAFE, REASON_HOME, REASON_BACK, REASON_NEARER, REASON_OFF };
static const struct reason reasons[] = {
    [REASON_SAFE] = {"left-safe-zone", "Left the safe zone {zone} at {1t}; {0} m beyond its border",
                     "{1t} 离开安全区 {zone}，已超出边界 {0} 米"},
    [REASON_HOME] = {"left-home-zone", "Left the home zone {zone} at {1t}; {0} m beyond its border",
                     "{1t} 离开居家区 {zone}，已超出边界 {0} 米"},
    [REASON_BACK] = {"back", "Back inside at {1t}", "{1t} 已返回"},
    [REASON_NEARER] = {"still-out", "Back inside one zone at {1t}, still outside {zone}",
                       "{1t} 已返回一处区域，仍在 {zone} 之外"},
    [REASON_OFF] = {"off", "The zone no longer applies since {1t}", "{1t} 起该区域不再适用"},
};

/* What one event says about where the resident is. */
struct position {
    struct geo_point point;
    double accuracy_m;
    int64_t at_ms;
    bool at_home; /* said by a presence event; the point is the home's when has_point */
    bool has_point, wild;
};

static bool is_wild(const struct zone_exit_state *state, const struct position *position)
{
    if (!state->good_ms || position->at_ms <= state->good_ms)
        return false;
    double away_m =
        geo_distance_m(state->good, position->point) - state->good_accuracy_m - position->accuracy_m;
    return away_m > WILD_MPS * (double)(position->at_ms - state->good_ms) / 1000;
}

static bool is_watched(const struct detect_context *context, const struct zone *zone, int64_t at_ms)
{
    return (zone->kind == ZONE_HOME || zone->kind == ZONE_SAFE) && position_zone_is_on(context, zone, at_ms);
}

/* Drops watches whose zone is gone or off today and takes up new ones. */
static void refresh_watches(const struct detect_context *context, struct zone_exit_state *state,
                            int64_t at_ms)
{
    uint32_t zones[POSITION_ZONES_MAX], kept = 0;
    size_t count = registry_zones_of(context->registry, context->owner.no, zones, POSITION_ZONES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (kept < ZONES && is_watched(context, registry_zone(context->registry, zones[i]), at_ms))
            zones[kept++] = zones[i];
    }
    for (unsigned i = 0; i < ZONES; i++) {
        bool found = false;
        for (uint32_t j = 0; j < kept; j++)
            found |= state->watches[i].used && state->watches[i].zone == zones[j];
        if (!found)
            memset(&state->watches[i], 0, sizeof state->watches[i]);
    }
    for (uint32_t j = 0; j < kept; j++) {
        struct zone_watch *free_watch = NULL;
        bool found = false;
        for (unsigned i = 0; i < ZONES; i++) {
            found |= state->watches[i].used && state->watches[i].zone == zones[j];
            if (!state->watches[i].used && !free_watch)
                free_watch = &state->watches[i];
        }
        if (!found && free_watch) {
            free_watch->used = 1;
            free_watch->zone = zones[j];
        }
    }
}

static void enter(struct zone_watch *watch)
{
    watch->phase = ZONE_INSIDE;
    watch->out_ms = 0;
    watch->count = watch->streak = watch->extra = watch->told = 0;
}

/* One more fix surely outside. Fixes more than three report intervals apart are no series: what lies between
 * was not observed. */
static bool series_is_confirmed(const struct detect_context *context, struct zone_watch *watch,
                                const struct position *position, int64_t previous_ms,
                                const struct event *event)
{
    int64_t gap_ms = GAP_INTERVALS * position_interval_ms(context, event);
    if (watch->count && position->at_ms - previous_ms > gap_ms)
        watch->count = 0;
    if (watch->count == 0) {
        watch->out_ms = position->at_ms;
        watch->extra = position->wild;
        detect_key_set(&watch->first, &event->key);
    }
    if (watch->count < UINT8_MAX)
        watch->count++;
    return watch->count >= context->settings->zone_exit_confirm_fixes + watch->extra &&
           position->at_ms - watch->out_ms >= (int64_t)context->settings->zone_exit_confirm_s * 1000;
}

/* Moves one watch by one position; true when its exit has just been confirmed. *ret_border_m = distance
 * beyond the border. */
static bool step(const struct detect_context *context, struct zone_watch *watch,
                 const struct position *position, int64_t previous_ms, const struct event *event,
                 double *ret_border_m)
{
    const struct zone *zone = registry_zone(context->registry, watch->zone);
    if (position->at_home) {
        bool inside =
            zone->kind == ZONE_HOME || (position->has_point && zone_contains(zone, position->point, NULL));
        enter(watch);
        watch->phase = inside ? ZONE_INSIDE : ZONE_UNDECIDED; /* whoever is at home has not strayed */
        return false;
    }
    bool contains = zone_contains(zone, position->point, ret_border_m);
    bool sure = *ret_border_m > position->accuracy_m;
    if (contains) {
        watch->count = 0;
        watch->streak = (uint8_t)(watch->streak < INSIDE_STREAK ? watch->streak + 1 : INSIDE_STREAK);
        bool small_zone = watch->streak >= INSIDE_STREAK && position->accuracy_m < VAGUE_ACCURACY_M;
        if (sure || small_zone || watch->phase == ZONE_UNDECIDED)
            enter(watch);
        return false;
    }
    watch->streak = 0;
    if (!sure || watch->phase == ZONE_OUTSIDE)
        return false;
    if (watch->phase == ZONE_UNDECIDED) {
        watch->phase = ZONE_OUTSIDE;
        return false;
    }
    if (!series_is_confirmed(context, watch, position, previous_ms, event))
        return false;
    watch->phase = ZONE_OUTSIDE;
    return true;
}

static enum level exit_level(const struct detect_context *context, const struct zone *zone)
{
    bool tagged =
        registry_resident(context->registry, context->owner.no)->tags & (TAG_DEMENTIA | TAG_WANDERED);
    if (zone->kind == ZONE_SAFE)
        return tagged ? LEVEL_ORANGE : LEVEL_YELLOW;
    return tagged ? LEVEL_YELLOW : LEVEL_GREEN;
}

static struct finding finding_of(const struct detect_context *context, unsigned reason, enum level level,
                                 const struct zone_watch *watch, const struct event *event, int64_t at_ms)
{
    struct finding finding = detect_finding(context, reason, level,
                                            level == LEVEL_ORANGE   ? 0.8
                                            : level == LEVEL_YELLOW ? 0.6
                                                                    : 0.2);
    if (watch) {
        detect_add_key(&finding, &watch->first);
        finding.zone = watch->zone;
    }
    detect_add_evidence(&finding, event);
    finding.numbers[1] = (double)(at_ms / 1000);
    return finding;
}

/* After the watches moved: clears or lowers the resident's share when less is outside than was told. */
static void settle(const struct detect_context *context, struct zone_exit_state *state,
                   const struct event *event, unsigned reason)
{
    const struct zone_watch *worst = NULL;
    for (unsigned i = 0; i < ZONES; i++) {
        if (state->watches[i].told > (worst ? worst->told : 0))
            worst = &state->watches[i];
    }
    uint8_t told = worst ? worst->told : 0;
    if (told >= state->told) {
        state->told = told;
        return;
    }
    struct finding finding =
        finding_of(context, worst ? REASON_NEARER : reason, (enum level)((worst ? told : state->told) - 1),
                   worst, event, event->at_ms);
    finding.flags |= worst ? FINDING_LOWERS : FINDING_CLEARS;
    state->told = told;
    detect_emit(context, &finding);
}

static bool inside_another(const struct zone_exit_state *state)
{
    for (unsigned i = 0; i < ZONES; i++) {
        const struct zone_watch *watch = &state->watches[i];
        if (watch->used && watch->phase == ZONE_INSIDE && watch->count == 0)
            return true;
    }
    return false;
}

static void judge(const struct detect_context *context, struct zone_exit_state *state,
                  const struct position *position, int64_t previous_ms, const struct event *event)
{
    bool confirmed[ZONES] = {false};
    double border_m[ZONES] = {0};
    for (unsigned i = 0; i < ZONES; i++) {
        if (state->watches[i].used)
            confirmed[i] = step(context, &state->watches[i], position, previous_ms, event, &border_m[i]);
    }
    settle(context, state, event, REASON_BACK);
    for (unsigned i = 0; i < ZONES; i++) {
        struct zone_watch *watch = &state->watches[i];
        const struct zone *zone = watch->used ? registry_zone(context->registry, watch->zone) : NULL;
        if (!confirmed[i] || (zone->kind == ZONE_SAFE && inside_another(state)))
            continue;
        enum level level = exit_level(context, zone);
        watch->told = (uint8_t)(1 + level);
        if (watch->told > state->told)
            state->told = watch->told;
        struct finding finding = finding_of(context, zone->kind == ZONE_SAFE ? REASON_SAFE : REASON_HOME,
                                            level, watch, event, watch->out_ms);
        finding.numbers[0] = border_m[i];
        finding.where = position->point;
        finding.has_where = 1;
        detect_emit(context, &finding);
    }
}

/* The fix or presence as a position; false when it says nothing usable. */
static bool position_of(const struct detect_context *context, const struct zone_exit_state *state,
                        const struct event *event, struct position *position)
{
    *position = (struct position){.at_ms = event->at_ms};
    if (event->kind == EVENT_FIX) {
        position->has_point = registry_locate(&event->fix, &position->point);
        position->accuracy_m = position_accuracy_m(&event->fix);
        position->wild = position->has_point && is_wild(state, position);
        return position->has_point;
    }
    if (!event->presence.at_home)
        return false; /* out of the door is not out of a zone */
    position->at_home = true;
    if (context->household != REGISTRY_NONE) {
        const struct household *household = registry_household(context->registry, context->household);
        position->point = household->home;
        position->has_point = household->has_home;
    }
    return true;
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct zone_exit_state *state = opaque;
    struct position position;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    if (event->at_ms < state->judged_ms || (event->kind == EVENT_FIX && event->at_ms == state->judged_ms))
        return; /* out of order; or one of several fixes that share a moment, which cannot confirm each other
                 */
    if (live->status != STATUS_ACTIVE) {
        memset(state->watches, 0, sizeof state->watches);
        settle(context, state, event, REASON_OFF);
        return;
    }
    if (!position_of(context, state, event, &position))
        return;
    int64_t previous_ms = state->judged_ms;
    state->judged_ms = position.at_ms;
    if (position.has_point && !position.wild) {
        state->good_ms = position.at_ms;
        state->good = position.point;
        state->good_accuracy_m = position.accuracy_m;
    }
    refresh_watches(context, state, position.at_ms);
    settle(context, state, event, REASON_OFF);
    judge(context, state, &position, previous_ms, event);
}

const struct detector detector_zone_exit = {
    .name = "zone-exit",
    .family = FAMILY_OUTING,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct zone_exit_state),
    .on_event = on_event,
};
