/* overdue-return: not back by the usual time.
 *
 * The last OUTINGS outings are kept as (time of leaving, duration). Usual is the 95th percentile (nearest
 * rank) of those that began within two hours of this one's time of day; while these are fewer than FEW, of
 * all, and then, while all are fewer than ENOUGH, six hours at least. An outing is overdue (yellow) when that
 * time is over by a margin of a quarter of it, one to two hours; and orange after twice that margin and
 * LONG_MS more. A timer tells it, so a band that says nothing more is told as well.
 *
 * An outing that was told is remembered as long as its limit, not as long as it lasted: a new habit is
 * learned in small steps, an abduction is not. Outings under two minutes are not learned. Nothing is judged
 * or learned while the resident is away, in hospital or gone. Being home or not is registry/live's judgement;
 * blind spots are its own (no home coordinates and no door: no outing). Cost: one pass over 48 outings when
 * one begins. */
#include <string.h>

#include "core/timers.h"
#include "detect/day_slot.h"
#include "detect/detectors.h"

enum { OUTINGS = 48, FEW = 6, ENOUGH = 20, NEAR_SLOTS = 12, MINUTE_MS = 60000, LEARN_MIN = 2 };
#define LONG_MS       ((int64_t)4 * 3600 * 1000)
#define UNKNOWN_MS    ((int64_t)6 * 3600 * 1000) /* usual, before anything is known */
#define MARGIN_MIN_MS ((int64_t)3600 * 1000)
#define MARGIN_MAX_MS ((int64_t)7200 * 1000)

struct outing {
    uint16_t minutes;
    uint8_t slot; /* of the day, when it began */
};
struct overdue_return_state {
    int64_t left_ms;  /* 0 = at home, or not known */
    int64_t usual_ms; /* duration */
    struct event_key first;
    struct outing outings[OUTINGS];
    uint8_t count, next;
    uint8_t told; /* 0 = nothing, else 1 + level */
};

enum { REASON_OVERDUE, REASON_LONG, REASON_BACK };
static const struct reason reasons[] = {
    [REASON_OVERDUE] =
        {"overdue",
         "Left at {0t} and not back; usually back by {1t} ({2} earlier outings at this time of day)",
         "{0t} 外出未归；平时最晚 {1t} 前返回（同时段外出 {2} 次）"},
    [REASON_LONG] = {"overdue-long",
                     "Left at {0t}, usually back by {1t}, and still not back after {3m} minutes",
                     "{0t} 外出，平时最晚 {1t} 前返回，已外出 {3m} 分钟仍未归"},
    [REASON_BACK] = {"overdue-back", "Back at {1t} after {3m} minutes", "{1t} 已返回，外出 {3m} 分钟"},
};

static uint8_t slot_of(const struct detect_context *context, int64_t at_ms)
{
    struct civil local;
    clock_civil(context->tz, at_ms, &local);
    return day_slot(&local);
}

/* Outings that began at about this time of day; all when `slot` is DAY_SLOTS. */
static unsigned collect(const struct overdue_return_state *state, uint8_t slot, uint16_t minutes[OUTINGS])
{
    unsigned count = 0;
    for (unsigned i = 0; i < state->count; i++) {
        const struct outing *outing = &state->outings[i];
        if (slot != DAY_SLOTS && !day_slot_near(outing->slot, slot, NEAR_SLOTS))
            continue;
        unsigned at = count++;
        for (; at > 0 && minutes[at - 1] > outing->minutes; at--)
            minutes[at] = minutes[at - 1];
        minutes[at] = outing->minutes;
    }
    return count;
}

static unsigned near_count(const struct overdue_return_state *state, uint8_t slot)
{
    uint16_t minutes[OUTINGS];
    return collect(state, slot, minutes);
}

static int64_t usual_of(const struct overdue_return_state *state, uint8_t slot)
{
    uint16_t minutes[OUTINGS];
    bool known = true;
    unsigned count = collect(state, slot, minutes);
    if (count < FEW) {
        count = collect(state, DAY_SLOTS, minutes);
        known = count >= ENOUGH;
    }
    int64_t usual_ms = count ? (int64_t)minutes[(count * 95 + 99) / 100 - 1] * MINUTE_MS : 0;
    return known || usual_ms > UNKNOWN_MS ? usual_ms : UNKNOWN_MS;
}

static int64_t limit_of(const struct overdue_return_state *state)
{
    int64_t margin_ms = state->usual_ms / 4;
    margin_ms = margin_ms < MARGIN_MIN_MS   ? MARGIN_MIN_MS
                : margin_ms > MARGIN_MAX_MS ? MARGIN_MAX_MS
                                            : margin_ms;
    return state->usual_ms + margin_ms;
}

static int64_t long_limit_of(const struct overdue_return_state *state)
{
    return 2 * limit_of(state) - state->usual_ms + LONG_MS;
}

static void emit(const struct detect_context *context, const struct overdue_return_state *state,
                 const struct event *event, unsigned reason, enum level level, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level, level == LEVEL_ORANGE ? 0.9 : 0.7);
    detect_add_key(&finding, &state->first);
    if (event)
        detect_add_evidence(&finding, event);
    int64_t now_ms = event ? event->at_ms : context->t_ms;
    finding.at_ms = now_ms;
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)(state->left_ms / 1000);
    finding.numbers[1] = (double)((reason == REASON_BACK ? now_ms : state->left_ms + state->usual_ms) / 1000);
    finding.numbers[2] = near_count(state, slot_of(context, state->left_ms));
    finding.numbers[3] = (double)((now_ms - state->left_ms) / 1000);
    detect_emit(context, &finding);
}

static void arm_at(const struct detect_context *context, int64_t deadline_ms)
{
    detect_arm(context, deadline_ms > context->t_ms ? deadline_ms : context->t_ms + 1);
}

static void leave(const struct detect_context *context, struct overdue_return_state *state,
                  const struct event *event, int64_t at_ms)
{
    state->left_ms = at_ms;
    state->usual_ms = usual_of(state, slot_of(context, at_ms));
    detect_key_set(&state->first, &event->key);
    arm_at(context, at_ms + limit_of(state));
}

static void come_back(const struct detect_context *context, struct overdue_return_state *state,
                      const struct event *event, int64_t at_ms, bool learns)
{
    int64_t lasted_ms = at_ms - state->left_ms;
    if (state->told)
        emit(context, state, event, REASON_BACK, (enum level)(state->told - 1), FINDING_CLEARS);
    if (lasted_ms > limit_of(state))
        lasted_ms = limit_of(state);
    int64_t minutes = lasted_ms / MINUTE_MS;
    if (learns && minutes >= LEARN_MIN) {
        struct outing *outing = &state->outings[state->next];
        outing->minutes = minutes < UINT16_MAX ? (uint16_t)minutes : UINT16_MAX;
        outing->slot = slot_of(context, state->left_ms);
        state->next = (uint8_t)((state->next + 1) % OUTINGS);
        if (state->count < OUTINGS)
            state->count++;
    }
    state->told = 0;
    state->left_ms = 0;
    detect_arm(context, TIMER_OFF);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct overdue_return_state *state = opaque;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    bool active = live->status == STATUS_ACTIVE;
    if (state->left_ms && (live->at_home == LIVE_YES || !active))
        come_back(context, state, event, live->at_home == LIVE_YES ? live->at_home_ms : event->at_ms, active);
    else if (!state->left_ms && live->at_home == LIVE_NO && active)
        leave(context, state, event, live->at_home_ms);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct overdue_return_state *state = opaque;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    if (!state->left_ms || live->at_home != LIVE_NO || live->status != STATUS_ACTIVE)
        return;
    bool is_long = state->told || context->t_ms >= state->left_ms + long_limit_of(state);
    enum level level = is_long ? LEVEL_ORANGE : LEVEL_YELLOW;
    state->told = (uint8_t)(1 + level);
    emit(context, state, NULL, is_long ? REASON_LONG : REASON_OVERDUE, level, 0);
    if (!is_long)
        arm_at(context, state->left_ms + long_limit_of(state));
}

static bool is_asleep(const void *opaque)
{
    const struct overdue_return_state *state = opaque;
    return state->left_ms == 0;
}

const struct detector detector_overdue_return = {
    .name = "overdue-return",
    .family = FAMILY_OUTING,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE) | EVENT_BIT(EVENT_DEPARTURE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct overdue_return_state),
    .is_asleep = is_asleep,
    .wakes = detect_is_out,
    .on_event = on_event,
    .on_timer = on_timer,
};
