/* suspicion: the silent "I am being pestered" button. Orange, told to people only; nothing may sound in the
 * room (practice.md 7). */
#include "detect/detectors.h"

enum { SERIES_MS = 60000 };

struct suspicion_state {
    int64_t pressed_ms; /* when the last press arrived, 0 = never */
    struct event_key first;
};

enum { REASON_PRESSED, REASON_LATE };
static const struct reason reasons[] = {
    [REASON_PRESSED] =
        {"suspicion",
         "The resident pressed the silent button at {1t}: somebody may be pestering them (to be verified)",
         "{1t} 老人按下静默求助键，可能有人纠缠（待核实）"},
    [REASON_LATE] = {"suspicion-late",
                     "The resident pressed the silent button at {1t} (to be verified); the message arrived "
                     "{0m} minutes late",
                     "{1t} 老人按下静默求助键（待核实），消息晚到 {0m} 分钟"},
};

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct suspicion_state *state = opaque;
    if (!state->pressed_ms || context->t_ms - state->pressed_ms > SERIES_MS)
        detect_key_set(&state->first, &event->key);
    state->pressed_ms = context->t_ms;
    struct finding finding =
        detect_finding(context, event->flags & EVENT_LATE ? REASON_LATE : REASON_PRESSED, LEVEL_ORANGE, 0.8);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.flags |= FINDING_EMERGENCY;
    finding.numbers[0] = (double)(context->t_ms - event->at_ms) / 1000;
    finding.numbers[1] = (double)(event->at_ms / 1000);
    detect_emit(context, &finding);
}

const struct detector detector_suspicion = {
    .name = "suspicion",
    .family = FAMILY_FRAUD,
    .state_of = SUBJECT_DEVICE,
    .kinds = EVENT_BIT(EVENT_SUSPICION),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct suspicion_state),
    .sparse = true,
    .on_event = on_event,
};
