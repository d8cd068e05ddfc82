/* forbidden-zone: a resident is in, or has crossed, a zone where nobody should be (a river bank, a quarry).
 *
 * In it by a fix that lies farther inside than its accuracy, or by two fixes in a row: yellow, orange for a
 * resident who is known to wander. Crossed when the straight way between two fixes outside, at most three
 * report intervals and WAY_M apart, touches the zone: one level lower, for nobody saw it. It ends with the
 * first sure fix outside that crossed nothing, or at home. A zone's calendar says on which days it counts.
 * Blind spot: a way that is not straight. Cost: the zones of a resident a fix. */
#include <string.h>

#include "core/timers.h"
#include "detect/detectors.h"
#include "detect/position.h"
#include "registry/admit.h"

enum { SURE_FIXES = 2, GAP_INTERVALS = 3 };
#define VAGUE_M 200.0
#define WAY_M   5000.0

struct forbidden_zone_state {
    int64_t last_ms; /* at of the last fix, 0 = none */
    struct geo_point last;
    struct event_key first;
    uint32_t zone;  /* that was told, or that the last fix was in */
    uint8_t inside; /* fixes in a row */
    uint8_t told;   /* 0 = nothing, else 1 + level */
};

enum { REASON_INSIDE, REASON_CROSSED, REASON_OUT };
static const struct reason reasons[] = {
    [REASON_INSIDE] = {"forbidden", "In the zone {zone}, where nobody should be, since {0t}",
                       "{0t} 起位于禁入区 {zone}"},
    [REASON_CROSSED] = {"forbidden-crossed", "Crossed the zone {zone} between {1t} and {0t}",
                        "{1t} 至 {0t} 之间穿过禁入区 {zone}"},
    [REASON_OUT] = {"forbidden-out", "Out of the zone {zone} at {0t}", "{0t} 已离开禁入区 {zone}"},
};

static void emit(const struct detect_context *context, const struct forbidden_zone_state *state,
                 const struct event *event, unsigned reason, enum level level, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level, flags ? 0 : 0.2 + 0.25 * (double)level);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.zone = state->zone;
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)(event->at_ms / 1000);
    finding.numbers[1] = (double)(state->last_ms / 1000);
    finding.has_where = event->kind == EVENT_FIX && registry_locate(&event->fix, &finding.where);
    detect_emit(context, &finding);
}

static void tell(const struct detect_context *context, struct forbidden_zone_state *state,
                 const struct event *event, uint32_t zone, unsigned reason)
{
    bool wanders =
        registry_resident(context->registry, context->owner.no)->tags & (TAG_DEMENTIA | TAG_WANDERED);
    enum level level = reason == REASON_INSIDE ? (wanders ? LEVEL_ORANGE : LEVEL_YELLOW)
                       : wanders               ? LEVEL_YELLOW
                                               : LEVEL_GREEN;
    if (state->told >= 1 + level)
        return;
    if (!state->told)
        detect_key_set(&state->first, &event->key);
    state->zone = zone;
    state->told = (uint8_t)(1 + level);
    emit(context, state, event, reason, level, 0);
}

static void over(const struct detect_context *context, struct forbidden_zone_state *state,
                 const struct event *event)
{
    if (state->told)
        emit(context, state, event, REASON_OUT, (enum level)(state->told - 1), FINDING_CLEARS);
    state->told = 0;
}

static bool has_any(const struct detect_context *context)
{
    uint32_t zones[POSITION_ZONES_MAX];
    size_t count = registry_zones_of(context->registry, context->owner.no, zones, POSITION_ZONES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (registry_zone(context->registry, zones[i])->kind == ZONE_FORBIDDEN)
            return true;
    }
    return false;
}

/* The first forbidden zone that counts and holds p, or that the way from the last fix touches. */
static uint32_t zone_met(const struct detect_context *context, const struct forbidden_zone_state *state,
                         struct geo_point p, int64_t at_ms, bool crossing, double *ret_border_m)
{
    uint32_t zones[POSITION_ZONES_MAX];
    size_t count = registry_zones_of(context->registry, context->owner.no, zones, POSITION_ZONES_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct zone *zone = registry_zone(context->registry, zones[i]);
        if (zone->kind != ZONE_FORBIDDEN || !position_zone_is_on(context, zone, at_ms))
            continue;
        if (crossing ? zone_is_crossed(zone, state->last, p) : zone_contains(zone, p, ret_border_m))
            return zones[i];
    }
    return REGISTRY_NONE;
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct forbidden_zone_state *state = opaque;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    struct geo_point p;
    double border_m = 0;
    if (event->kind == EVENT_PRESENCE || live->status != STATUS_ACTIVE) {
        if (live->at_home == LIVE_YES || live->status != STATUS_ACTIVE)
            over(context, state, event);
        return;
    }
    double accuracy_m = position_accuracy_m(&event->fix);
    if (!registry_locate(&event->fix, &p) || accuracy_m > VAGUE_M || event->at_ms <= state->last_ms ||
        !has_any(context))
        return;
    uint32_t zone = zone_met(context, state, p, event->at_ms, false, &border_m);
    int64_t gap_ms = event->at_ms - state->last_ms;
    bool near_last = state->last_ms && gap_ms <= GAP_INTERVALS * position_interval_ms(context, event) &&
                     geo_distance_m(state->last, p) <= WAY_M;
    if (zone != REGISTRY_NONE) {
        state->inside = (uint8_t)(near_last && state->inside < SURE_FIXES ? state->inside + 1 : 1);
        if (border_m > accuracy_m || state->inside >= SURE_FIXES)
            tell(context, state, event, zone, REASON_INSIDE);
    } else {
        uint32_t crossed = near_last && !state->inside ? zone_met(context, state, p, event->at_ms, true, NULL)
                                                       : REGISTRY_NONE;
        state->inside = 0;
        if (crossed != REGISTRY_NONE)
            tell(context, state, event, crossed, REASON_CROSSED);
        else
            over(context, state, event);
    }
    state->last_ms = event->at_ms;
    state->last.lat = p.lat;
    state->last.lon = p.lon;
}

/* Asleep is who has no such zone, and at home nobody enters one. */
static bool wakes(const struct detect_context *context, const struct event *event)
{
    return event->kind == EVENT_FIX && detect_is_out(context, event);
}

const struct detector detector_forbidden_zone = {
    .name = "forbidden-zone",
    .family = FAMILY_OUTING,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct forbidden_zone_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
};
