/* tampered: somebody did something to the device.
 *
 * A camera that is covered while the home has paused it (practice.md 12) is no tampering. What can be seen to
 * be over clears: a covered or turned camera by the next visit it sees, a cut strap by being worn again, cut
 * power by a heartbeat on its charger or with more charge. An opened device waits for a person. Cutting the
 * strap of a resident who is known to wander is orange. */
#include "detect/detectors.h"

struct tampered_state {
    struct event_key first;
    uint8_t kind; /* enum tamper_kind that was told last; 0 = none */
    uint8_t told; /* 0 = nothing, else 1 + level */
};

enum {
    REASON_COVERED,
    REASON_MOVED,
    REASON_OPENED,
    REASON_STRAP_CUT,
    REASON_POWER_CUT,
    REASON_OVER,
};
static const struct reason reasons[] = {
    [REASON_COVERED] = {"covered", "The camera has been covered since {0t}", "{0t} 起摄像头被遮挡"},
    [REASON_MOVED] = {"moved", "The camera was turned or moved at {0t}", "{0t} 摄像头被移动"},
    [REASON_OPENED] = {"opened", "The device was opened at {0t}", "{0t} 设备被打开"},
    [REASON_STRAP_CUT] = {"strap-cut", "The strap of the wristband was cut at {0t}", "{0t} 手环表带被剪断"},
    [REASON_POWER_CUT] = {"power-cut", "The power was cut at {0t}", "{0t} 设备断电"},
    [REASON_OVER] = {"tamper-over", "In order again at {0t}", "{0t} 已恢复正常"},
};

static void emit(const struct detect_context *context, const struct tampered_state *state,
                 const struct event *event, unsigned reason, enum level level, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level,
                                            flags                   ? 0
                                            : level == LEVEL_ORANGE ? 0.8
                                                                    : 0.5);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)(event->at_ms / 1000);
    detect_emit(context, &finding);
}

static bool is_over(const struct tampered_state *state, const struct event *event)
{
    const struct event_heartbeat *heartbeat = &event->heartbeat;
    switch (state->kind) {
    case TAMPER_KIND_COVERED:
    case TAMPER_KIND_MOVED: return event->kind == EVENT_VISIT;
    case TAMPER_KIND_STRAP_CUT:
        return event->kind == EVENT_HEARTBEAT && heartbeat->has_worn && heartbeat->worn;
    case TAMPER_KIND_POWER_CUT: return event->kind == EVENT_HEARTBEAT && heartbeat->charging;
    default: return false;
    }
}

static bool wanders(const struct detect_context *context)
{
    return context->resident != REGISTRY_NONE &&
           registry_resident(context->registry, context->resident)->tags & (TAG_DEMENTIA | TAG_WANDERED);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    static const uint8_t reason_of[TAMPER_KIND_COUNT] = {[TAMPER_KIND_COVERED] = REASON_COVERED,
                                                         [TAMPER_KIND_MOVED] = REASON_MOVED,
                                                         [TAMPER_KIND_OPENED] = REASON_OPENED,
                                                         [TAMPER_KIND_STRAP_CUT] = REASON_STRAP_CUT,
                                                         [TAMPER_KIND_POWER_CUT] = REASON_POWER_CUT};
    struct tampered_state *state = opaque;
    if (event->kind != EVENT_TAMPER) {
        if (!state->told || detect_key_before(&event->key, &state->first) || !is_over(state, event))
            return;
        enum level had_been = (enum level)(state->told - 1);
        state->told = state->kind = 0;
        emit(context, state, event, REASON_OVER, had_been, FINDING_CLEARS);
        return;
    }
    unsigned kind = event->tamper.kind;
    if (kind == TAMPER_KIND_NONE || kind >= TAMPER_KIND_COUNT)
        return;
    bool camera = registry_device(context->registry, context->owner.no)->kind == DEVICE_CAMERA;
    if (camera && kind == TAMPER_KIND_COVERED && context->household != REGISTRY_NONE &&
        live_household(context->live, context->household)->paused_until_ms > event->at_ms)
        return;
    enum level level = kind == TAMPER_KIND_STRAP_CUT && wanders(context) ? LEVEL_ORANGE : LEVEL_YELLOW;
    if (!state->told)
        detect_key_set(&state->first, &event->key);
    state->kind = (uint8_t)kind;
    if (state->told < 1 + level)
        state->told = (uint8_t)(1 + level);
    emit(context, state, event, reason_of[kind], level, 0);
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    (void)context;
    return event->kind == EVENT_TAMPER;
}

const struct detector detector_tampered = {
    .name = "tampered",
    .family = FAMILY_COVERAGE,
    .state_of = SUBJECT_DEVICE,
    .kinds = EVENT_BIT(EVENT_TAMPER) | EVENT_BIT(EVENT_HEARTBEAT) | EVENT_BIT(EVENT_VISIT),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct tampered_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
};
