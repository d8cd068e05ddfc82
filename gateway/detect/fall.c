/* fall: detected -> held for fall_cancel_s, so that the resident can say "I am fine" (the prompt goes out
 * with the green finding) -> red.
 *
 * The hold counts from arrival, the only clock a person can answer by, and is the same for every fall that
 * is not late. A late one (event.h) is not held: it waits one second only, for a cancel that comes in the
 * same breath of the outbox. Whether a cancel was in time is told by the device's own time: one that came
 * after the hold finds the fall red, also when both arrive together: the alerts are those of a faster link.
 */
#include "core/timers.h"
#include "detect/detectors.h"

enum { SETTLE_MS = 1000 };
enum fall_phase_held { FALL_QUIET, FALL_HELD, FALL_LATE, FALL_RED };

struct fall_state {
    int64_t at_ms; /* of the fall that is held or was told */
    int64_t arrived_ms;
    struct event_key first, last, cancelled;
    uint8_t phase; /* enum fall_phase_held */
    uint8_t late;
};

enum { REASON_HELD, REASON_FALL, REASON_LATE, REASON_CANCELLED, REASON_CALL_BACK };
static const struct reason reasons[] = {
    [REASON_HELD] = {"fall-held", "A fall was detected at {1t}; the resident has {0} seconds to cancel",
                     "{1t} 检测到跌倒，老人可在 {0} 秒内取消"},
    [REASON_FALL] = {"fall", "A fall was detected at {1t} and not cancelled within {0} seconds",
                     "{1t} 检测到跌倒，{0} 秒内未取消"},
    [REASON_LATE] = {"fall-late", "A fall was detected at {1t}; the message arrived {0m} minutes late",
                     "{1t} 检测到跌倒，消息晚到 {0m} 分钟"},
    [REASON_CANCELLED] = {"fall-cancelled", "The fall of {1t} was cancelled on the device in time",
                          "{1t} 的跌倒已在设备上及时取消"},
    [REASON_CALL_BACK] = {"fall-call-back",
                          "The fall of {1t} was cancelled after the alarm; call back to be sure",
                          "{1t} 的跌倒在报警后被取消，请回电确认"},
};

static void emit(const struct detect_context *context, const struct fall_state *state,
                 const struct event *event, unsigned reason, enum level level, double score, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level, score);
    detect_add_key(&finding, &state->first);
    if (event)
        detect_add_evidence(&finding, event);
    finding.at_ms = state->at_ms;
    finding.flags = (uint8_t)(flags | (state->late ? (unsigned)FINDING_LATE : 0));
    finding.numbers[0] = reason == REASON_LATE ? (double)(state->arrived_ms - state->at_ms) / 1000
                                               : context->settings->fall_cancel_s;
    finding.numbers[1] = (double)(state->at_ms / 1000);
    detect_emit(context, &finding);
}

static void tell_red(const struct detect_context *context, const struct fall_state *state, unsigned phase)
{
    emit(context, state, NULL, phase == FALL_LATE ? REASON_LATE : REASON_FALL, LEVEL_RED, 0.9,
         FINDING_EMERGENCY);
}

static void on_cancel(const struct detect_context *context, struct fall_state *state,
                      const struct event *event)
{
    if (detect_key_before(&event->key, &state->last))
        return; /* of an earlier fall */
    detect_key_set(&state->cancelled, &event->key);
    unsigned phase = state->phase;
    int64_t hold_ms = (int64_t)context->settings->fall_cancel_s * 1000;
    state->phase = FALL_QUIET;
    detect_arm(context, TIMER_OFF);
    if (phase == FALL_HELD || phase == FALL_LATE) {
        if (event->at_ms - state->at_ms >= hold_ms) {
            tell_red(context, state, phase);
            phase = FALL_RED;
        } else if (phase == FALL_HELD) {
            emit(context, state, event, REASON_CANCELLED, LEVEL_GREEN, 0.1, FINDING_CLEARS);
        }
    }
    if (phase == FALL_RED)
        emit(context, state, event, REASON_CALL_BACK, LEVEL_YELLOW, 0.5, FINDING_LOWERS);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct fall_state *state = opaque;
    int64_t hold_ms = (int64_t)context->settings->fall_cancel_s * 1000;
    if (event->fall.phase == FALL_PHASE_CANCELLED) {
        on_cancel(context, state, event);
        return;
    }
    if (!detect_key_before(&event->key, &state->last))
        detect_key_set(&state->last, &event->key);
    if (state->phase == FALL_HELD || state->phase == FALL_LATE)
        return; /* the first hold stays */
    if (detect_key_before(&event->key, &state->cancelled))
        return; /* its cancel overtook it */
    detect_key_set(&state->first, &event->key);
    state->at_ms = event->at_ms;
    state->arrived_ms = context->t_ms;
    state->late = (event->flags & EVENT_LATE) != 0;
    if (state->late) {
        state->phase = FALL_LATE;
        detect_arm(context, context->t_ms + SETTLE_MS);
        return;
    }
    state->phase = FALL_HELD;
    detect_arm(context, context->t_ms + hold_ms);
    emit(context, state, event, REASON_HELD, LEVEL_GREEN, 0.5, 0);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct fall_state *state = opaque;
    unsigned phase = state->phase;
    state->phase = FALL_RED;
    tell_red(context, state, phase);
}

const struct detector detector_fall = {
    .name = "fall",
    .family = FAMILY_EMERGENCY,
    .state_of = SUBJECT_DEVICE,
    .kinds = EVENT_BIT(EVENT_FALL),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct fall_state),
    .sparse = true,
    .on_event = on_event,
    .on_timer = on_timer,
};
