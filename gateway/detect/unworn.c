/* unworn: the wristband lies somewhere.
 *
 * Told (green) when it has been off for unworn_s, twice that while it charges: a bath and a charge are no
 * news. Off for LONG_MS it is yellow, for then nobody is protected. It ends when it is worn. The charger's
 * time begins anew with the first heartbeat off it. Nothing while the resident is away, in hospital or gone.
 */
#include "core/timers.h"
#include "detect/detectors.h"

#define LONG_MS ((int64_t)12 * 3600 * 1000)

struct unworn_state {
    int64_t off_ms; /* since when, 0 = worn or not known */
    struct event_key first;
    uint8_t charging;
    uint8_t told; /* 0 = nothing, else 1 + level */
};

enum { REASON_OFF, REASON_LONG, REASON_WORN };
static const struct reason reasons[] = {
    [REASON_OFF] = {"unworn", "The wristband has not been worn for {0m} minutes (since {1t})",
                    "手环已 {0m} 分钟未佩戴（{1t} 起）"},
    [REASON_LONG] = {"unworn-long",
                     "The wristband has not been worn for {0m} minutes; nobody would notice a fall",
                     "手环已 {0m} 分钟未佩戴，跌倒将无法被发现"},
    [REASON_WORN] = {"worn", "The wristband is worn again (off for {0m} minutes)",
                     "手环已重新佩戴（此前 {0m} 分钟未佩戴）"},
};

static int64_t limit_ms(const struct detect_context *context, const struct unworn_state *state)
{
    return (int64_t)context->settings->unworn_s * (state->charging ? 2000 : 1000);
}

static void emit(const struct detect_context *context, const struct unworn_state *state,
                 const struct event *event, unsigned reason, enum level level, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level,
                                            flags                   ? 0
                                            : level == LEVEL_YELLOW ? 0.5
                                                                    : 0.3);
    detect_add_key(&finding, &state->first);
    if (event)
        detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)((finding.at_ms - state->off_ms) / 1000);
    finding.numbers[1] = (double)(state->off_ms / 1000);
    detect_emit(context, &finding);
}

static void put_on(const struct detect_context *context, struct unworn_state *state,
                   const struct event *event)
{
    if (state->told)
        emit(context, state, event, REASON_WORN, (enum level)(state->told - 1), FINDING_CLEARS);
    state->off_ms = 0;
    state->told = state->charging = 0;
    detect_arm(context, TIMER_OFF);
}

static void rearm(const struct detect_context *context, const struct unworn_state *state)
{
    int64_t due_ms = state->off_ms + (state->told ? LONG_MS : limit_ms(context, state));
    detect_arm(context, state->told > 1 ? TIMER_OFF : due_ms > context->t_ms ? due_ms : context->t_ms + 1);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct unworn_state *state = opaque;
    const struct event_heartbeat *heartbeat = &event->heartbeat;
    bool is_active = context->resident != REGISTRY_NONE &&
                     live_resident(context->live, context->resident)->status == STATUS_ACTIVE;
    if (state->off_ms && event->at_ms < state->off_ms)
        return;
    if (!is_active || (heartbeat->has_worn && heartbeat->worn)) {
        if (state->off_ms)
            put_on(context, state, event);
        return;
    }
    if (!heartbeat->has_worn)
        return;
    bool off_the_charger = state->charging && !heartbeat->charging;
    if (!state->off_ms || (off_the_charger && !state->told)) {
        state->off_ms = event->at_ms;
        detect_key_set(&state->first, &event->key);
    }
    state->charging = heartbeat->charging;
    rearm(context, state);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct unworn_state *state = opaque;
    bool is_active = context->resident != REGISTRY_NONE &&
                     live_resident(context->live, context->resident)->status == STATUS_ACTIVE;
    if (!state->off_ms || !is_active)
        return;
    enum level level = context->t_ms - state->off_ms >= LONG_MS ? LEVEL_YELLOW : LEVEL_GREEN;
    state->told = (uint8_t)(1 + level);
    emit(context, state, NULL, level == LEVEL_YELLOW ? REASON_LONG : REASON_OFF, level, 0);
    rearm(context, state);
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    (void)context;
    return event->heartbeat.has_worn && !event->heartbeat.worn;
}

const struct detector detector_unworn = {
    .name = "unworn",
    .family = FAMILY_COVERAGE,
    .state_of = SUBJECT_DEVICE,
    .kinds = EVENT_BIT(EVENT_HEARTBEAT),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct unworn_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
    .on_timer = on_timer,
};
