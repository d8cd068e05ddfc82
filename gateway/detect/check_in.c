/* check-in-missed: somebody who says "I am fine" every day has not said it today.
 *
 * Only who has made it a habit is missed: on HABIT_DAYS of the last DAYS days. The hour by which it was
 * always done is learned from the last DAYS check-ins; GRACE_MS later, today's is missed (yellow). The next
 * check-in ends it, and so does any other button. Nothing while the resident is away, in hospital or gone;
 * such days are not counted against the habit. */
#include "core/timers.h"
#include "detect/day_slot.h"
#include "detect/detectors.h"

enum { DAYS = 14, HABIT_DAYS = 10, SLOT_MS = 600000 };
#define GRACE_MS ((int64_t)2 * 3600 * 1000)

struct check_in_state {
    struct event_key last;
    uint16_t day;        /* of the last one, since 1970, local */
    uint16_t days;       /* bit 0 = that day, bit 1 = the day before, … */
    uint8_t slots[DAYS]; /* of the day, ten minutes each, of the last check-ins */
    uint8_t count, next;
    uint8_t told;
};

enum { REASON_MISSED, REASON_DONE };
static const struct reason reasons[] = {
    [REASON_MISSED] = {"check-in-missed",
                       "No check-in today; it was always done by {0t} ({1} of the last {2} days)",
                       "今日未报平安，平时不晚于 {0t}（近 {2} 天中 {1} 天）"},
    [REASON_DONE] = {"check-in-done", "Checked in at {0t}", "{0t} 已报平安"},
};

static unsigned days_kept(const struct check_in_state *state)
{
    return (unsigned)__builtin_popcount(state->days & ((1U << DAYS) - 1));
}

/* The latest usual moment of that local day. */
static int64_t usual_ms(const struct detect_context *context, const struct check_in_state *state,
                        int64_t t_ms)
{
    uint8_t latest = 0;
    struct civil local;
    for (unsigned i = 0; i < state->count; i++)
        latest = state->slots[i] > latest ? state->slots[i] : latest;
    clock_civil(context->tz, t_ms, &local);
    return clock_from_civil(context->tz, local.year, local.month, local.day, 0, 0, 0) +
           ((int64_t)latest + 1) * SLOT_MS;
}

static void emit(const struct detect_context *context, const struct check_in_state *state,
                 const struct event *event, unsigned reason, int64_t usual, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, LEVEL_YELLOW, flags ? 0 : 0.5);
    detect_add_key(&finding, &state->last);
    if (event)
        detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)((event ? event->at_ms : usual) / 1000);
    finding.numbers[1] = days_kept(state);
    finding.numbers[2] = DAYS;
    detect_emit(context, &finding);
}

static void arm_tomorrow(const struct detect_context *context, const struct check_in_state *state,
                         int64_t t_ms)
{
    struct civil local;
    clock_civil(context->tz, t_ms, &local);
    int64_t tomorrow_ms = clock_from_civil(context->tz, local.year, local.month, local.day + 1, 12, 0, 0);
    detect_arm(context, usual_ms(context, state, tomorrow_ms) + GRACE_MS);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct check_in_state *state = opaque;
    struct civil local;
    if (state->told) {
        emit(context, state, event, REASON_DONE, 0, FINDING_CLEARS);
        state->told = 0;
    }
    if (event->kind != EVENT_CHECK_IN)
        return;
    clock_civil(context->tz, event->at_ms, &local);
    uint16_t day = (uint16_t)local.day_number;
    if (day <= state->day)
        return; /* once a day counts */
    unsigned apart = state->day ? (unsigned)(day - state->day) : DAYS;
    state->days = (uint16_t)((apart < DAYS ? (unsigned)state->days << apart : 0) | 1);
    state->day = day;
    state->slots[state->next] = day_slot(&local);
    state->next = (uint8_t)((state->next + 1) % DAYS);
    if (state->count < DAYS)
        state->count++;
    detect_key_set(&state->last, &event->key);
    arm_tomorrow(context, state, context->t_ms);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct check_in_state *state = opaque;
    struct civil local;
    clock_civil(context->tz, context->t_ms, &local);
    bool active = live_resident(context->live, context->owner.no)->status == STATUS_ACTIVE;
    unsigned missed = (unsigned)(local.day_number - state->day);
    /* A fortnight without any: it is no habit any more, and who is away is not asked. */
    if (missed < DAYS)
        arm_tomorrow(context, state, context->t_ms);
    if (!active) {
        state->days = (uint16_t)(state->days << 1 | 1);
        state->day++;
        return;
    }
    if (state->told || missed == 0 || missed >= DAYS || days_kept(state) < HABIT_DAYS)
        return;
    state->told = 1 + LEVEL_YELLOW;
    emit(context, state, NULL, REASON_MISSED, usual_ms(context, state, context->t_ms), 0);
}

const struct detector detector_check_in = {
    .name = "check-in-missed",
    .family = FAMILY_HEALTH,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_CHECK_IN) | EVENT_BIT(EVENT_SOS) | EVENT_BIT(EVENT_SUSPICION),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct check_in_state),
    .sparse = true,
    .on_event = on_event,
    .on_timer = on_timer,
};
