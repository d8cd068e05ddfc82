/* sos: the button. Red at once and never held, also when it arrives late from a dead zone. A cancelled SOS
 * stays an open yellow call-back, because whoever stands beside the resident can press cancel too
 * (practice.md 6).
 *
 * Presses within a minute of the last are one series and share their first evidence. Urgent events above a
 * gap are judged at once, so a cancel can overtake its own press: sequence numbers tell, and both orders end
 * yellow. */
#include "detect/detectors.h"

enum { SERIES_MS = 60000 };

struct sos_state {
    int64_t pressed_ms; /* when the last press arrived, 0 = never */
    struct event_key first, last, cancelled;
};

enum { REASON_PRESSED, REASON_LATE, REASON_CANCELLED };
static const struct reason reasons[] = {
    [REASON_PRESSED] = {"sos-pressed", "The SOS button was pressed at {1t}", "{1t} 按下了求救按钮"},
    [REASON_LATE] = {"sos-late", "The SOS button was pressed at {1t}; the message arrived {0m} minutes late",
                     "{1t} 按下了求救按钮，消息晚到 {0m} 分钟"},
    [REASON_CANCELLED] = {"sos-cancelled", "An SOS was cancelled on the device at {1t}; call back to be sure",
                          "{1t} 求救在设备上被取消，请回电确认"},
};

static void emit(const struct detect_context *context, const struct sos_state *state,
                 const struct event *event, unsigned reason, enum level level, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level, 1);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)(context->t_ms - event->at_ms) / 1000;
    finding.numbers[1] = (double)(event->at_ms / 1000);
    detect_emit(context, &finding);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct sos_state *state = opaque;
    if (event->sos.phase == SOS_PHASE_CANCELLED) {
        if (detect_key_before(&event->key, &state->last))
            return; /* a newer press stands */
        detect_key_set(&state->cancelled, &event->key);
        if (!state->pressed_ms)
            detect_key_set(&state->first, &event->key);
        emit(context, state, event, REASON_CANCELLED, LEVEL_YELLOW, FINDING_LOWERS);
        return;
    }
    bool series = state->pressed_ms && context->t_ms - state->pressed_ms <= SERIES_MS;
    if (!series)
        detect_key_set(&state->first, &event->key);
    if (!detect_key_before(&event->key, &state->last))
        detect_key_set(&state->last, &event->key);
    state->pressed_ms = context->t_ms;
    emit(context, state, event, event->flags & EVENT_LATE ? REASON_LATE : REASON_PRESSED, LEVEL_RED,
         FINDING_EMERGENCY);
    if (detect_key_before(&event->key, &state->cancelled))
        emit(context, state, event, REASON_CANCELLED, LEVEL_YELLOW, FINDING_LOWERS);
}

const struct detector detector_sos = {
    .name = "sos",
    .family = FAMILY_EMERGENCY,
    .state_of = SUBJECT_DEVICE,
    .kinds = EVENT_BIT(EVENT_SOS),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct sos_state),
    .sparse = true,
    .on_event = on_event,
};
