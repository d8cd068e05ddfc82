/* flat: the battery. Told once at flat_percent (green), earlier when by its trend (registry/battery.h) it
 * will be empty before tomorrow's round, and once at flat_urgent_percent (yellow); over when charging or 5
 * points above, so that a reading that wavers around the threshold does not chatter. One alert a discharge,
 * however it began. */
#include <string.h>

#include "detect/detectors.h"

enum { HYSTERESIS_PERCENT = 5 };

struct flat_state {
    struct event_key first;
    uint8_t told;  /* 0 = nothing, else 1 + level */
    uint8_t early; /* the level at which it was told before its time; 0 = it was not */
};

enum { REASON_LOW, REASON_EMPTY, REASON_OVER, REASON_DUE };
static const struct reason reasons[] = {
    [REASON_LOW] = {"battery-low", "The battery is down to {0} %", "电量仅剩 {0}%"},
    [REASON_EMPTY] = {"battery-empty", "The battery is down to {0} % and will be empty soon",
                      "电量仅剩 {0}%，即将耗尽"},
    [REASON_OVER] = {"battery-ok", "The battery is at {0} % again or charging", "电量已回到 {0}% 或正在充电"},
    [REASON_DUE] = {"battery-due", "The battery ({0} %) will be empty by {1t}, before tomorrow's round",
                    "电量 {0}%，预计 {1t} 前耗尽，早于明日巡访"},
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
    if (reason == REASON_DUE)
        finding.numbers[1] =
            (double)(battery_empty_ms(live_battery(context->live, context->owner.no)) / 1000);
    detect_emit(context, &finding);
}

/* Before somebody comes by tomorrow. A late event says nothing of what is now. */
static bool will_be_empty(const struct detect_context *context, const struct event *event)
{
    return !(event->flags & EVENT_LATE) &&
           battery_is_due(live_battery(context->live, context->owner.no), context->tz, context->t_ms,
                          context->settings->round_hour);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct flat_state *state = opaque;
    const struct event_heartbeat *heartbeat = &event->heartbeat;
    if (!heartbeat->has_battery)
        return;
    uint32_t percent = heartbeat->battery_percent, flat = context->settings->flat_percent;
    if (state->told && (heartbeat->charging ||
                        percent >= (state->early > flat ? state->early : flat) + HYSTERESIS_PERCENT)) {
        enum level had_been = (enum level)(state->told - 1);
        state->told = state->early = 0;
        emit(context, state, event, REASON_OVER, had_been, FINDING_CLEARS);
        return;
    }
    bool due = percent > flat;
    if (heartbeat->charging || (due && (state->told || !will_be_empty(context, event))))
        return;
    enum level level = percent <= context->settings->flat_urgent_percent ? LEVEL_YELLOW : LEVEL_GREEN;
    if (state->told > level)
        return;
    if (!state->told)
        detect_key_set(&state->first, &event->key);
    state->told = (uint8_t)(1 + level);
    if (due)
        state->early = (uint8_t)percent;
    emit(context, state, event,
         due                     ? REASON_DUE
         : level == LEVEL_YELLOW ? REASON_EMPTY
                                 : REASON_LOW,
         level, 0);
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    return event->heartbeat.has_battery &&
           (event->heartbeat.battery_percent <= context->settings->flat_percent ||
            will_be_empty(context, event));
}

/* Version 1 was never early: the byte was padding. */
static enum err migrate(uint16_t version, const void *value, size_t len, void *opaque)
{
    struct flat_state *state = opaque;
    if (version != 1 || len != sizeof *state)
        return ERR_UNSUPPORTED;
    memcpy(state, value, len);
    state->early = 0;
    return ERR_OK;
}

const struct detector detector_flat = {
    .name = "flat",
    .family = FAMILY_COVERAGE,
    .state_of = SUBJECT_DEVICE,
    .kinds = EVENT_BIT(EVENT_HEARTBEAT),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 2,
    .state_size = sizeof(struct flat_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
    .migrate = migrate,
};
