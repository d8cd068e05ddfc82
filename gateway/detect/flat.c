/* flat: the battery. Told once at flat_percent (green) and once at flat_urgent_percent (yellow); over when
 * charging or 5 points above, so that a reading that wavers around the threshold does not chatter. */
#include "detect/detectors.h"

enum { HYSTERESIS_PERCENT = 5 };

struct flat_state {
    struct event_key first;
    uint8_t told; /* 0 = nothing, else 1 + level */
};

enum { REASON_LOW, REASON_EMPTY, REASON_OVER };
static const struct reason reasons[] = {
    [REASON_LOW] = {"battery-low", "The battery is down to {0} %", "电量仅剩 {0}%"},
    [REASON_EMPTY] = {"battery-empty", "The battery is down to {0} % and will be empty soon",
                      "电量仅剩 {0}%，即将耗尽"},
    [REASON_OVER] = {"battery-ok", "The battery is at {0} % again or charging", "电量已回到 {0}% 或正在充电"},
};

static void emit(const struct detect_context *context, const struct flat_state *state,
                 const struct event *event, unsigned reason, enum level level, unsigned flags)
{
    double percent = event->heartbeat.battery_percent;
    struct finding finding = detect_finding(context, reason, level, 1 - percent / 100);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = percent;
    detect_emit(context, &finding);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct flat_state *state = opaque;
    const struct event_heartbeat *heartbeat = &event->heartbeat;
    if (!heartbeat->has_battery)
        return;
    uint32_t percent = heartbeat->battery_percent, flat = context->settings->flat_percent;
    if (state->told && (heartbeat->charging || percent >= flat + HYSTERESIS_PERCENT)) {
        enum level had_been = (enum level)(state->told - 1);
        state->told = 0;
        emit(context, state, event, REASON_OVER, had_been, FINDING_CLEARS);
        return;
    }
    if (heartbeat->charging || percent > flat)
        return;
    enum level level = percent <= context->settings->flat_urgent_percent ? LEVEL_YELLOW : LEVEL_GREEN;
    if (state->told > level)
        return;
    if (!state->told)
        detect_key_set(&state->first, &event->key);
    state->told = (uint8_t)(1 + level);
    emit(context, state, event, level == LEVEL_YELLOW ? REASON_EMPTY : REASON_LOW, level, 0);
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    return event->heartbeat.has_battery &&
           event->heartbeat.battery_percent <= context->settings->flat_percent;
}

const struct detector detector_flat = {
    .name = "flat",
    .family = FAMILY_COVERAGE,
    .state_of = SUBJECT_DEVICE,
    .kinds = EVENT_BIT(EVENT_HEARTBEAT),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct flat_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
};
