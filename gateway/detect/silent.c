/* silent: a device that used to report is not heard any more.
 *
 * Only a device that has sent a heartbeat is judged: one that speaks when something happens, as many cameras
 * do, says nothing by saying nothing.
 *
 * Silent after silent_s or 2.5 report intervals, counted from its last word or, when that is later, from when
 * this gateway was connected again: while we are deaf nobody is silent. It is first only written down, which
 * is what area-outage hears; SETTLE_MS later it is told (green), unless the whole area is out: then it waits
 * for the area, so that a dead mast is one alert and not a thousand. After LONG_MS it is yellow. The next
 * word of the device ends it. A band whose wearer is away, in hospital or gone may be silent.
 *
 * The timer is armed once and looks again when the device has spoken meanwhile, so an event costs one look at
 * a small state. Times are of arrival: a device that sends old events has been heard. */
#include "detect/silent.h"

#include "core/timers.h"
#include "detect/area_outage.h"
#include "detect/detectors.h"

#define SETTLE_MS ((int64_t)300 * 1000)
#define LONG_MS   ((int64_t)12 * 3600 * 1000)

enum silent_phase { SILENT_UNKNOWN, SILENT_HEARD, SILENT_NOTED, SILENT_TOLD, SILENT_TOLD_LONG };

struct silent_state {
    int64_t last_ms;        /* its last word, in the phases after NOTED */
    struct event_key first; /* its first word after the last silence */
    uint8_t phase;          /* enum silent_phase */
};

enum { REASON_NOTED, REASON_SILENT, REASON_LONG, REASON_HEARD, REASON_EXCUSED };
static const struct reason reasons[] = {
    [REASON_NOTED] = {"unheard", "Not heard for {0m} minutes (since {1t})", "已 {0m} 分钟无消息（{1t} 起）"},
    [REASON_SILENT] = {"silent", "Not heard for {0m} minutes (since {1t})", "已 {0m} 分钟无消息（{1t} 起）"},
    [REASON_LONG] = {"silent-long", "Not heard for {0m} minutes: the device protects nobody",
                     "已 {0m} 分钟无消息，设备已不起作用"},
    [REASON_EXCUSED] = {"may-be-silent", "Nobody expects to hear it any more", "该设备目前无需上报"},
    [REASON_HEARD] = {"heard", "Heard again after {0m} minutes", "中断 {0m} 分钟后恢复消息"},
};

int64_t silent_after_ms(const struct detect_context *context, uint32_t device)
{
    int64_t limit_ms = (int64_t)context->settings->silent_s * 1000;
    int64_t reports_ms = (int64_t)live_interval_s(live_device(context->live, device),
                                                  registry_device(context->registry, device)) *
                         2500;
    return reports_ms > limit_ms ? reports_ms : limit_ms;
}

bool silent_is_heard(const struct detect_context *context, uint32_t device)
{
    int64_t heard_ms = live_device(context->live, device)->heard_ms;
    return heard_ms && context->t_ms - heard_ms < silent_after_ms(context, device);
}

static void emit(const struct detect_context *context, const struct silent_state *state,
                 const struct event *event, unsigned reason, enum level level, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level,
                                            flags & FINDING_CLEARS  ? 0
                                            : level == LEVEL_YELLOW ? 0.6
                                                                    : 0.3);
    detect_add_key(&finding, &state->first);
    if (event)
        detect_add_key(&finding, &event->key);
    finding.flags = (uint8_t)flags;
    finding.numbers[0] = (double)((context->t_ms - state->last_ms) / 1000);
    finding.numbers[1] = (double)(state->last_ms / 1000);
    detect_emit(context, &finding);
}

static bool may_be_silent(const struct detect_context *context)
{
    const struct device *device = registry_device(context->registry, context->owner.no);
    if (device->removed || (device->kind == DEVICE_WRISTBAND && context->resident == REGISTRY_NONE))
        return true; /* a spare one in a drawer */
    return device->kind == DEVICE_WRISTBAND &&
           live_resident(context->live, context->resident)->status != STATUS_ACTIVE;
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct silent_state *state = opaque;
    if (state->phase == SILENT_HEARD || (state->phase == SILENT_UNKNOWN && event->kind != EVENT_HEARTBEAT))
        return;
    if (state->phase >= SILENT_TOLD)
        emit(context, state, event, REASON_HEARD, state->phase == SILENT_TOLD ? LEVEL_GREEN : LEVEL_YELLOW,
             FINDING_CLEARS);
    else if (state->phase == SILENT_NOTED)
        emit(context, state, event, REASON_HEARD, LEVEL_GREEN, FINDING_CLEARS | FINDING_RECORD);
    state->phase = SILENT_HEARD;
    state->last_ms = 0;
    detect_key_set(&state->first, &event->key);
    detect_arm(context, context->t_ms + silent_after_ms(context, context->owner.no));
}

/* The gateway connected after the last word: the silence begins then. */
static int64_t counted_from_ms(const struct detect_context *context)
{
    int64_t heard_ms = live_device(context->live, context->owner.no)->heard_ms;
    int64_t connected_ms = live_gateway(context->live)->connected_ms;
    return heard_ms > connected_ms ? heard_ms : connected_ms;
}

static bool is_area_out(const struct detect_context *context)
{
    uint32_t no = context->household == REGISTRY_NONE
                      ? REGISTRY_NONE
                      : detect_territory(context, &detector_area_outage, context->household);
    return no != REGISTRY_NONE && area_outage_is_on(detect_peek(context, &detector_area_outage, no));
}

/* A told silence ends without a word when the wearer goes away; and it turns long. */
static int64_t look_again_ms(const struct detect_context *context, const struct silent_state *state)
{
    int64_t again_ms = context->t_ms + silent_after_ms(context, context->owner.no);
    int64_t long_ms = state->last_ms + LONG_MS;
    return long_ms > context->t_ms && long_ms < again_ms ? long_ms : again_ms;
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct silent_state *state = opaque;
    int64_t after_ms = silent_after_ms(context, context->owner.no);
    bool deaf = live_gateway(context->live)->down, excused = may_be_silent(context);
    int64_t due_ms = counted_from_ms(context) + after_ms;
    if (excused && state->phase >= SILENT_TOLD) {
        emit(context, state, NULL, REASON_EXCUSED, state->phase == SILENT_TOLD ? LEVEL_GREEN : LEVEL_YELLOW,
             FINDING_CLEARS);
        state->phase = SILENT_NOTED;
    }
    if (deaf || excused || context->t_ms < due_ms) {
        /* Told ones stay told: that the gateway went deaf does not mean the device speaks. */
        detect_arm(context, !deaf && !excused ? due_ms : context->t_ms + after_ms);
        return;
    }
    int64_t next_ms = TIMER_OFF;
    switch (state->phase) {
    case SILENT_HEARD:
        state->phase = SILENT_NOTED;
        state->last_ms = live_device(context->live, context->owner.no)->heard_ms;
        emit(context, state, NULL, REASON_NOTED, LEVEL_GREEN, FINDING_RECORD);
        next_ms = context->t_ms + SETTLE_MS;
        break;
    case SILENT_NOTED:
        if (is_area_out(context)) {
            next_ms = context->t_ms + SETTLE_MS;
            break;
        }
        state->phase = SILENT_TOLD;
        emit(context, state, NULL, REASON_SILENT, LEVEL_GREEN, 0);
        next_ms = look_again_ms(context, state);
        break;
    case SILENT_TOLD:
        next_ms = look_again_ms(context, state);
        if (context->t_ms < state->last_ms + LONG_MS || is_area_out(context))
            break;
        state->phase = SILENT_TOLD_LONG;
        emit(context, state, NULL, REASON_LONG, LEVEL_YELLOW, 0);
        break;
    default: next_ms = look_again_ms(context, state); break;
    }
    detect_arm(context, next_ms);
}

static bool is_asleep(const void *opaque)
{
    const struct silent_state *state = opaque;
    return state->phase == SILENT_HEARD; /* the timer looks after it */
}

const struct detector detector_silent = {
    .name = "silent",
    .family = FAMILY_COVERAGE,
    .state_of = SUBJECT_DEVICE,
    .kinds = UINT32_MAX,
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct silent_state),
    .is_asleep = is_asleep,
    .on_event = on_event,
    .on_timer = on_timer,
};
