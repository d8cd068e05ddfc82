/* overdue-return: not back by the usual time.
 *
 * The last OUTINGS outings are kept as (time of leaving, duration). Usual is their 95th percentile, where an
 * outing counts the more the nearer its time of day is to this one's (a triangular kernel of three hours; a
 * weighted quantile), and all others count a little: at an hour of which little is known they say what is
 * usual, at one that is well known they weigh nothing. Until ENOUGH, or FEW at about
 * this time, are known it is eight hours at least. An
 * outing is overdue (yellow) when that time is over by a margin of a tenth of it, half an hour at least,
 * more while few outings are known, two hours at most; and orange after twice that margin and LONG_MS more. A
 * timer tells it, so a band that says nothing more is told as well.
 *
 * An outing that was told is remembered as long as its limit, not as long as it lasted: a new habit is
 * learned in small steps, an abduction is not. One whose alert people close as true is forgotten; alerts
 * closed as false or expected stretch the limit (leniency.h). Outings under two minutes are not learned.
 * How rare it is (budget.h): the share of this person's outings that were told (over LEARN_TOLD of them, one
 * in ORDINARY beside), times a heavy tail beyond the limit (peaks over a threshold, Pickands 1975: a
 * generalised Pareto tail of shape 1/2) scaled by half of the usual duration, an hour and a half at least. It
 * is found again each time that much has gone by, for it may have been held: LOOKS times before it is orange.
 *
 * On days when families are at home (day_class.h) nothing is learned, but outings are told as on any day.
 * Nothing is judged or learned while the resident is away, in hospital or gone. Being home or not is
 * registry/live's judgement; blind spots are its own (no home coordinates and no door: no outing). Cost: a
 * sort of 80 outings when one begins. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/timers.h"
#include "detect/budget.h"
#include "detect/day_slot.h"
#include "detect/detectors.h"
#include "detect/leniency.h"
#include "registry/day_class.h"

enum {
    OUTINGS = 80,
    ENOUGH = 20, /* outings known, */
    FEW = 6,     /* or of these within NEAR_SLOTS: else all is unknown */
    NEAR_SLOTS = 18,
    SLOT_WEIGHT = 10, /* of an outing, for each slot nearer than NEAR_SLOTS */
    ANY_WEIGHT = 9,   /* of any outing: a twentieth of one at just this time of day */
    USUAL_PERCENT = 95,
    MARGIN_SHARE = 10, /* of the usual duration: one in so many */
    COLD_OUTINGS = 20, /* the margin is doubled when about so many are known */
    MINUTE_MS = 60000,
    LOOKS = 5,
    LEARN_MIN = 2,
};
#define LONG_MS         ((int64_t)4 * 3600 * 1000)
#define UNKNOWN_MS      ((int64_t)8 * 3600 * 1000) /* usual, before anything is known */
#define MARGIN_MIN_MS   ((int64_t)1800 * 1000)
#define MARGIN_MAX_MS   ((int64_t)7200 * 1000)
#define LEARN_TOLD      40.0
#define ORDINARY        0.02
#define ORDINARY_FAMILY 0.08
#define TAIL_MIN_MS     ((int64_t)5400 * 1000)
#define RELATED_MS      ((int64_t)48 * 3600 * 1000) /* an alert that opened so long after leaving is about it */

struct overdue_return_state {
    int64_t left_ms;   /* 0 = at home, or not known */
    int64_t usual_ms;  /* duration */
    int64_t limit_ms;  /* duration from which it is overdue */
    int64_t blamed_ms; /* when the last outing that was told began; 0 = none */
    struct event_key first;
    struct leniency leniency;
    uint16_t minutes[OUTINGS]; /* 0 = forgotten */
    uint8_t slots[OUTINGS];    /* of the day, when it began */
    uint8_t count, next;
    uint8_t told;   /* 0 = nothing, else 1 + level */
    uint8_t blamed; /* 1 + where the outing of blamed_ms is kept; 0 = nowhere */
    uint8_t looks;  /* how often this outing was told yellow */
    uint8_t zero[3];
    float told_share; /* of the outings */
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

static struct civil local_of(const struct detect_context *context, int64_t at_ms)
{
    struct civil local;
    clock_civil(context->tz, at_ms, &local);
    return local;
}

struct weighed {
    uint16_t minutes, weight;
};
/* What is known, by duration, for an outing that begins in that slot. */
static unsigned weigh(const struct overdue_return_state *state, uint8_t slot, struct weighed sorted[OUTINGS])
{
    unsigned count = 0;
    for (unsigned i = 0; i < state->count; i++) {
        if (state->minutes[i] == 0)
            continue;
        int near = NEAR_SLOTS - day_slot_apart(state->slots[i], slot);
        unsigned at = count++;
        for (; at > 0 && sorted[at - 1].minutes > state->minutes[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at].minutes = state->minutes[i];
        sorted[at].weight = (uint16_t)(ANY_WEIGHT + (near > 0 ? SLOT_WEIGHT * near : 0));
    }
    return count;
}

static unsigned near_count(const struct overdue_return_state *state, uint8_t slot)
{
    unsigned count = 0;
    for (unsigned i = 0; i < state->count; i++)
        count += state->minutes[i] != 0 && day_slot_near(state->slots[i], slot, NEAR_SLOTS);
    return count;
}

static int64_t usual_of(const struct overdue_return_state *state, uint8_t slot)
{
    struct weighed sorted[OUTINGS] = {0};
    unsigned count = weigh(state, slot, sorted), total = 0, below = 0, at = 0;
    for (unsigned i = 0; i < count; i++)
        total += sorted[i].weight;
    for (; at < count; at++) {
        below += sorted[at].weight;
        if (below * 100 >= total * USUAL_PERCENT)
            break;
    }
    int64_t usual_ms = count ? (int64_t)sorted[at].minutes * MINUTE_MS : 0;
    bool known = count >= ENOUGH || near_count(state, slot) >= FEW;
    return known || usual_ms > UNKNOWN_MS ? usual_ms : UNKNOWN_MS;
}

static int64_t limit_of(const struct overdue_return_state *state, uint16_t day)
{
    int64_t margin_ms = state->usual_ms / MARGIN_SHARE;
    margin_ms = margin_ms > MARGIN_MIN_MS ? margin_ms : MARGIN_MIN_MS;
    margin_ms += margin_ms * COLD_OUTINGS / (state->count + 1);
    int64_t limit_ms = state->usual_ms + (margin_ms < MARGIN_MAX_MS ? margin_ms : MARGIN_MAX_MS);
    return limit_ms + (int64_t)((double)limit_ms * leniency_on(&state->leniency, day));
}

static int64_t tail_of(const struct overdue_return_state *state)
{
    return state->usual_ms / 2 > TAIL_MIN_MS ? state->usual_ms / 2 : TAIL_MIN_MS;
}

/* On days when families are at home people go to relatives, and stay. */
static uint8_t rarity_of(const struct detect_context *context, const struct overdue_return_state *state)
{
    struct civil local = local_of(context, state->left_ms);
    double beyond = (double)(context->t_ms - state->left_ms - state->limit_ms) / (double)tail_of(state);
    double ordinary = day_class_of(context->registry, &local) == DAY_FAMILY ? ORDINARY_FAMILY : ORDINARY;
    return budget_rarity((ordinary + (double)state->told_share) * pow(1 + fmax(0, beyond) / 2, -2));
}

static int64_t long_limit_of(const struct overdue_return_state *state)
{
    return 2 * state->limit_ms - state->usual_ms + LONG_MS;
}

static void emit(const struct detect_context *context, const struct overdue_return_state *state,
                 const struct event *event, unsigned reason, enum level level, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level, level == LEVEL_ORANGE ? 0.9 : 0.7);
    detect_add_key(&finding, &state->first);
    if (event)
        detect_add_evidence(&finding, event);
    if (reason == REASON_OVERDUE)
        finding.rarity = rarity_of(context, state);
    int64_t now_ms = event ? event->at_ms : context->t_ms;
    finding.at_ms = now_ms;
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)(state->left_ms / 1000);
    finding.numbers[1] = (double)((reason == REASON_BACK ? now_ms : state->left_ms + state->usual_ms) / 1000);
    struct civil local = local_of(context, state->left_ms);
    finding.numbers[2] = near_count(state, day_slot(&local));
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
    struct civil local = local_of(context, at_ms);
    state->left_ms = at_ms;
    state->usual_ms = usual_of(state, day_slot(&local));
    state->limit_ms = limit_of(state, (uint16_t)local.day_number);
    detect_key_set(&state->first, &event->key);
    arm_at(context, at_ms + state->limit_ms);
}

static void learn(const struct detect_context *context, struct overdue_return_state *state, int64_t lasted_ms)
{
    int64_t minutes = (lasted_ms < state->limit_ms ? lasted_ms : state->limit_ms) / MINUTE_MS;
    struct civil local = local_of(context, state->left_ms);
    if (minutes < LEARN_MIN || day_class_of(context->registry, &local) == DAY_FAMILY)
        return;
    uint8_t place = state->next;
    state->minutes[place] = minutes < UINT16_MAX ? (uint16_t)minutes : UINT16_MAX;
    state->slots[place] = day_slot(&local);
    if (state->blamed == 1 + place)
        state->blamed = 0;
    if (state->told)
        state->blamed = (uint8_t)(1 + place);
    state->next = (uint8_t)((place + 1) % OUTINGS);
    if (state->count < OUTINGS)
        state->count++;
}

static void come_back(const struct detect_context *context, struct overdue_return_state *state,
                      const struct event *event, int64_t at_ms, bool learns)
{
    if (state->told)
        emit(context, state, event, REASON_BACK, (enum level)(state->told - 1), FINDING_CLEARS);
    if (learns && !(state->told && state->blamed_ms == 0)) { /* told, and closed as true already */
        learn(context, state, at_ms - state->left_ms);
        state->told_share += (float)(((state->told ? 1 : 0) - (double)state->told_share) / LEARN_TOLD);
    }
    state->told = state->looks = 0;
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
    bool is_long = context->t_ms >= state->left_ms + long_limit_of(state);
    enum level level = is_long ? LEVEL_ORANGE : LEVEL_YELLOW;
    if (!state->told) {
        state->blamed_ms = state->left_ms;
        state->blamed = 0;
    }
    state->told = (uint8_t)(1 + level);
    emit(context, state, NULL, is_long ? REASON_LONG : REASON_OVERDUE, level, 0);
    if (is_long)
        return;
    int64_t long_ms = state->left_ms + long_limit_of(state);
    int64_t look_ms = state->left_ms + state->limit_ms + ++state->looks * tail_of(state);
    arm_at(context, state->looks < LOOKS && look_ms < long_ms ? look_ms : long_ms);
}

/* Of the last outing that was told: true, it is no example; else it was fine to be out for so long. */
static void on_closing(const struct detect_context *context, void *opaque, const struct closing *closing)
{
    struct overdue_return_state *state = opaque;
    if (closing->family != FAMILY_OUTING || state->blamed_ms == 0 || closing->opened_ms < state->blamed_ms ||
        closing->opened_ms > state->blamed_ms + RELATED_MS)
        return;
    struct civil local = local_of(context, context->t_ms);
    if (!leniency_learn(&state->leniency, (uint16_t)local.day_number, closing))
        return;
    if (closing->lesson != LESSON_TRUE)
        return;
    if (state->blamed)
        state->minutes[state->blamed - 1] = 0;
    state->blamed_ms = 0;
    state->blamed = 0;
}

/* Version 2 ended where looks is now, but for padding. Version 1 kept 48 outings and computed its limit from
 * the usual time alone. */
struct overdue_return_state_1 {
    int64_t left_ms, usual_ms;
    struct event_key first;
    struct {
        uint16_t minutes;
        uint8_t slot;
    } outings[48];
    uint8_t count, next, told;
};
static enum err migrate(uint16_t version, const void *value, size_t len, void *opaque)
{
    struct overdue_return_state_1 old;
    struct overdue_return_state *state = opaque;
    if (version == 2) {
        size_t end = offsetof(struct overdue_return_state, looks);
        if (len < end || len > sizeof *state)
            return ERR_CORRUPT;
        memcpy(state, value, end);
        return ERR_OK;
    }
    if (version != 1)
        return ERR_UNSUPPORTED;
    if (len != sizeof old)
        return ERR_CORRUPT;
    memcpy(&old, value, sizeof old);
    if (old.count > 48 || old.next >= 48)
        return ERR_CORRUPT;
    state->left_ms = old.left_ms;
    state->usual_ms = old.usual_ms;
    state->limit_ms = limit_of(state, 0);
    detect_key_set(&state->first, &old.first);
    for (unsigned i = 0; i < old.count; i++) {
        unsigned from = old.count == 48 ? (old.next + i) % 48 : i;
        state->minutes[i] = old.outings[from].minutes;
        state->slots[i] = old.outings[from].slot;
    }
    state->count = state->next = old.count;
    state->told = old.told;
    state->blamed_ms = old.told ? old.left_ms : 0;
    return ERR_OK;
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
    .state_version = 3,
    .state_size = sizeof(struct overdue_return_state),
    .is_asleep = is_asleep,
    .wakes = detect_is_out,
    .on_event = on_event,
    .on_timer = on_timer,
    .on_closing = on_closing,
    .migrate = migrate,
};
