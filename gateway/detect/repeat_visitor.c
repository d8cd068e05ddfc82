/* repeat-visitor: the same stranger stayed indoors again.
 *
 * Swindlers come back: first a gift, then a lecture, then the savings. A visit that unknown-visitor raised to
 * yellow, by a new acquaintance (of less than two weeks, familiar.c) whose earlier visit within ten days was
 * yellow too, is told once more with the count; at the Spring Festival, when relatives stay whom nobody
 * listed, from the third day on. Who has been coming for longer is a neighbour nobody listed.
 * Who they are is the camera's own opaque id (familiar.c), so this sees no further than one home, and nothing
 * where the camera gives no ids. It ends with the visit. Cost: nothing until unknown-visitor speaks. */
#include "detect/detectors.h"
#include "detect/familiar.h"
#include "registry/calendar.h"

enum { AGAIN_DAYS = 2 };

struct repeat_visitor_state {
    uint8_t told; /* 0 = nothing, else 1 + level */
};

enum { REASON_AGAIN, REASON_OVER };
static const struct reason reasons[] = {
    [REASON_AGAIN] = {"came-again", "The same unknown person has stayed indoors on {0} days (now since {1t})",
                      "同一陌生人已有 {0} 天在室内久留（本次 {1t} 起）"},
    [REASON_OVER] = {"came-again-over", "The repeated visit is over", "该次重复来访已结束"},
};

static void on_finding(const struct detect_context *context, void *opaque, const struct finding *heard)
{
    struct repeat_visitor_state *state = opaque;
    bool over = heard->flags & (FINDING_CLEARS | FINDING_LOWERS);
    unsigned reason = over ? REASON_OVER : REASON_AGAIN;
    unsigned days = 0;
    if (over ? !state->told : heard->level < LEVEL_YELLOW || state->told)
        return;
    if (!over) {
        days = familiar_concern_days(detect_peek(context, &detector_familiar, context->household),
                                     (int64_t)heard->numbers[1] * 1000);
        struct civil local;
        clock_civil(context->tz, heard->at_ms, &local);
        if (days < (calendar_is_spring_festival(local.day_number) ? AGAIN_DAYS + 1 : AGAIN_DAYS))
            return;
    }
    state->told = over ? 0 : 1 + LEVEL_YELLOW;
    struct finding finding = detect_finding(context, reason, LEVEL_YELLOW, over ? 0 : 0.7);
    for (unsigned i = 0; i < heard->evidence_count; i++)
        detect_add_key(&finding, &heard->evidence[i]);
    finding.at_ms = heard->at_ms;
    finding.flags = (uint8_t)(heard->flags & FINDING_LATE) | (over ? FINDING_CLEARS : 0);
    finding.numbers[0] = days;
    finding.numbers[1] = heard->numbers[1];
    detect_emit(context, &finding);
}

static const struct detector *const hears[] = {&detector_unknown_visitor, NULL};

const struct detector detector_repeat_visitor = {
    .name = "repeat-visitor",
    .family = FAMILY_VISITOR,
    .state_of = SUBJECT_HOUSEHOLD,
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct repeat_visitor_state),
    .hears = hears,
    .on_finding = on_finding,
};
