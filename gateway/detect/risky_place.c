/* risky-place: staying at a venue the county has marked (a lecture hall, a sales office).
 *
 * Passing by is nothing: it takes two fixes within the zone, STAY_MS apart. Yellow; orange when led-away is
 * told of the resident as well, and then it joins that alert. A zone's calendar says on which days it counts
 * (a hall that is a market on other days). It ends with a fix outside, or at home. */
#include <string.h>

#include "detect/detectors.h"
#include "detect/led_away.h"
#include "detect/position.h"
#include "registry/admit.h"

#define VAGUE_M  150.0
#define STAY_MS  ((int64_t)20 * 60 * 1000)
#define STALE_MS ((int64_t)2 * 3600 * 1000) /* without a fix, what was between is not known */

struct risky_place_state {
    int64_t since_ms, last_ms;
    struct event_key first;
    uint32_t zone;
    uint8_t inside;
    uint8_t told; /* 0 = nothing, else 1 + level */
};

enum { REASON_STAYS, REASON_LED, REASON_LEFT };
static const struct reason reasons[] = {
    [REASON_STAYS] = {"risky-place",
                      "At {zone}, a marked venue, for {1m} minutes (since {0t}); to be verified",
                      "{0t} 起在标记场所 {zone} 停留 {1m} 分钟，待核实"},
    [REASON_LED] =
        {"risky-place-led",
         "Led away from home by all appearances, and at {zone}, a marked venue, since {0t}; to be verified",
         "疑似被人带离家中，{0t} 起在标记场所 {zone}，待核实"},
    [REASON_LEFT] = {"risky-place-left", "Left {zone} at {0t}", "{0t} 已离开 {zone}"},
};

static void emit(const struct detect_context *context, const struct risky_place_state *state,
                 const struct event *event, unsigned reason, enum level level, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level,
                                            flags & FINDING_CLEARS  ? 0
                                            : level == LEVEL_ORANGE ? 0.9
                                                                    : 0.6);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.zone = state->zone;
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)((reason == REASON_LEFT ? event->at_ms : state->since_ms) / 1000);
    finding.numbers[1] = (double)((state->last_ms - state->since_ms) / 1000);
    finding.has_where = event->kind == EVENT_FIX && registry_locate(&event->fix, &finding.where);
    detect_emit(context, &finding);
}

static void leave(const struct detect_context *context, struct risky_place_state *state,
                  const struct event *event)
{
    if (state->told)
        emit(context, state, event, REASON_LEFT, (enum level)(state->told - 1), FINDING_CLEARS);
    memset(state, 0, sizeof *state);
}

static bool is_led(const struct detect_context *context)
{
    return context->household != REGISTRY_NONE &&
           led_away_is_told(detect_peek(context, &detector_led_away, context->household), context->owner.no);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct risky_place_state *state = opaque;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    struct geo_point p;
    if (event->kind == EVENT_PRESENCE || live->status != STATUS_ACTIVE) {
        if (state->inside && (live->at_home == LIVE_YES || live->status != STATUS_ACTIVE))
            leave(context, state, event);
        return;
    }
    if (!registry_locate(&event->fix, &p) || position_accuracy_m(&event->fix) > VAGUE_M ||
        event->at_ms < state->last_ms)
        return;
    uint32_t no = position_zone_at(context, context->owner.no, p, UINT32_C(1) << ZONE_VENUE);
    if (no != REGISTRY_NONE &&
        !position_zone_is_on(context, registry_zone(context->registry, no), event->at_ms))
        no = REGISTRY_NONE;
    if (state->inside && (no != state->zone || event->at_ms - state->last_ms > STALE_MS))
        leave(context, state, event);
    if (no == REGISTRY_NONE)
        return;
    if (!state->inside) {
        state->inside = 1;
        state->zone = no;
        state->since_ms = event->at_ms;
        detect_key_set(&state->first, &event->key);
    }
    state->last_ms = event->at_ms;
    bool led = is_led(context);
    enum level level = led ? LEVEL_ORANGE : LEVEL_YELLOW;
    if ((!led && state->last_ms - state->since_ms < STAY_MS) || state->told >= 1 + level)
        return;
    state->told = (uint8_t)(1 + level);
    emit(context, state, event, led ? REASON_LED : REASON_STAYS, level, led ? FINDING_FUSED : 0);
}

const struct detector detector_risky_place = {
    .name = "risky-place",
    .family = FAMILY_FRAUD,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct risky_place_state),
    .sparse = true,
    .wakes = detect_is_out,
    .on_event = on_event,
};
