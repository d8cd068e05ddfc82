/* led-away: a stranger came, and the resident left with them or right after them.
 *
 * A departure is what a camera says (with whom), or what the resident's own band says (no longer at home).
 * A stranger is anybody the home does not list, with nobody trusted beside them; somebody familiar is one
 * here. They belong together when the stranger was there within NEAR_MS before the departure (a band that
 * reports every ten minutes tells it up to two reports late). What is told:
 *
 *     seen leaving with an unknown person, who had come to the home      orange
 *     seen leaving with an unknown person                                yellow
 *     seen leaving with somebody unclear, after a stranger               yellow; orange after a stay indoors
 *     left by the band's word, after a stranger had been indoors         yellow
 *     any of these, and the day turns out to be off the routine          orange
 *     seen leaving alone or with a trusted person                        nothing
 *     all of these one level lower at the Spring Festival, by day; an unknown companion who had not come
 *     in is nothing then: relatives fetch each other
 *
 * The camera's word on a departure beats the band's, whichever comes first. In a shared home a camera does
 * not know who left: the departure is the home's until the band of one resident says "not at home" within
 * SAME_MS of it (practice.md 3). Each step joins the one fraud alert, which absorbs the visitor and outing
 * alerts. It ends when the resident is at home again.
 *
 * Order does not matter: visits and departures are both kept, and each event judges them again. Blind spots:
 * a stranger no camera saw; a resident whose band stays at home in a shared home. Cost: at most DEPARTURES
 * comparisons an event. */
#include "detect/led_away.h"

#include <string.h>

#include "detect/day_slot.h"
#include "detect/detectors.h"
#include "detect/unknown_visitor.h"
#include "detect/unusual_outing.h"
#include "registry/calendar.h"

enum { DEPARTURES = 3 };
#define NEAR_MS ((int64_t)20 * 60 * 1000)
#define SEEN_MS ((int64_t)10 * 60 * 1000) /* the same, for a departure a camera saw */
#define SAME_MS ((int64_t)20 * 60 * 1000) /* the band's word is the camera's departure */
#define KEPT_MS ((int64_t)24 * 3600 * 1000)
#define LONG_MS ((int64_t)10 * 60 * 1000) /* a stay indoors */

struct led_departure {
    int64_t left_ms;         /* by the device's time */
    int64_t visit_ms;        /* when the stranger of it came, 0 = none */
    struct event_key key;    /* the departure's event */
    struct event_key visit;  /* the visit's first event */
    uint32_t resident;       /* REGISTRY_NONE = somebody of the home */
    uint8_t used;            /* a zeroed place is free */
    uint8_t seen;            /* a camera saw it */
    uint8_t with;            /* enum companion, when seen */
    uint8_t told;            /* 0 = nothing, else 1 + level */
    uint8_t indoors, stayed; /* the stranger had been indoors, and for long */
};
struct led_away_state {
    struct led_departure departures[DEPARTURES];
};

enum {
    REASON_WITH_VISITOR,
    REASON_WITH_UNKNOWN,
    REASON_AFTER,
    REASON_OFF_ROUTINE,
    REASON_BACK,
    REASON_CALM,
    REASON_OVER,
    REASON_GAVE_WAY
};
static const struct reason reasons[] = {
    [REASON_WITH_VISITOR] =
        {"led-away", "Left at {0t} with a person not known here, who had come at {1t}; to be verified",
         "{0t} 与一名非登记人员一同离家，对方 {1t} 来访，待核实"},
    [REASON_WITH_UNKNOWN] = {"left-with-unknown", "Left at {0t} with a person not known here; to be verified",
                             "{0t} 与一名非登记人员一同离家，待核实"},
    [REASON_AFTER] =
        {"left-after-visit",
         "Left at {0t}, {2m} minutes after a person not known here (there since {1t}); to be verified",
         "非登记人员 {1t} 来访，其离开 {2m} 分钟后老人于 {0t} 离家，待核实"},
    [REASON_OFF_ROUTINE] =
        {"led-off-routine",
         "Left at {0t} after a visit that began at {1t}, and is now off the routine; to be verified",
         "{1t} 有人来访，老人 {0t} 离家后偏离日常，待核实"},
    [REASON_BACK] = {"led-away-back", "At home again at {0t}", "{0t} 已回到家中"},
    [REASON_CALM] = {"led-away-calm", "The departure of {0t} was not with the visitor",
                     "{0t} 的离家与来访者无关"},
    [REASON_GAVE_WAY] = {"led-away-gave-way",
                         "The departure of {0t} is followed no longer: there are newer ones",
                         "{0t} 的离家不再跟进，已有更新的离家记录"},
    [REASON_OVER] = {"led-away-over", "Nothing more was heard of the departure of {0t} for a day",
                     "{0t} 的离家一天内再无消息"},
};

bool led_away_is_told(const void *opaque, uint32_t resident)
{
    const struct led_away_state *state = opaque;
    for (unsigned i = 0; i < DEPARTURES; i++) {
        const struct led_departure *departure = &state->departures[i];
        if (departure->used && departure->told &&
            (departure->resident == resident || departure->resident == REGISTRY_NONE))
            return true;
    }
    return false;
}

bool led_away_has_unknown_companion(const void *opaque, uint32_t resident)
{
    const struct led_away_state *state = opaque;
    for (unsigned i = 0; i < DEPARTURES; i++) {
        const struct led_departure *departure = &state->departures[i];
        if (departure->used && departure->with == COMPANION_UNKNOWN &&
            (departure->resident == resident || departure->resident == REGISTRY_NONE))
            return true;
    }
    return false;
}

/* numbers: {0} left, {1} the visit began (seconds), {2} between the visit's end and the departure. */
static void emit(const struct detect_context *context, const struct led_departure *departure, unsigned reason,
                 enum level level, int64_t gap_ms, unsigned flags)
{
    static const double scores[LEVEL_COUNT] = {
        [LEVEL_GREEN] = 0.2, [LEVEL_YELLOW] = 0.6, [LEVEL_ORANGE] = 0.85, [LEVEL_RED] = 1};
    struct finding finding =
        detect_finding(context, reason, level, flags & FINDING_CLEARS ? 0 : scores[level]);
    if (departure->resident != REGISTRY_NONE) {
        finding.subject = (struct subject){.kind = SUBJECT_RESIDENT, .no = departure->resident};
        finding.resident = departure->resident;
    }
    detect_add_key(&finding, departure->visit_ms ? &departure->visit : &departure->key);
    detect_add_key(&finding, &departure->key);
    finding.at_ms = departure->left_ms;
    finding.flags = (uint8_t)flags;
    finding.numbers[0] = (double)(departure->left_ms / 1000);
    finding.numbers[1] = (double)((departure->visit_ms ? departure->visit_ms : departure->left_ms) / 1000);
    finding.numbers[2] = (double)(gap_ms / 1000);
    detect_emit(context, &finding);
}

static void forget(const struct detect_context *context, struct led_departure *departure, unsigned reason,
                   int64_t at_ms)
{
    if (departure->told) {
        departure->left_ms = reason == REASON_BACK ? at_ms : departure->left_ms;
        emit(context, departure, reason, (enum level)(departure->told - 1), 0, FINDING_CLEARS);
    }
    memset(departure, 0, sizeof *departure);
}

static bool went_off_routine(const struct detect_context *context, const struct led_departure *departure)
{
    return departure->resident != REGISTRY_NONE &&
           unusual_outing_is_told(detect_peek(context, &detector_unusual_outing, departure->resident));
}

/* What is left of a level at the Spring Festival, when relatives whom nobody listed come and go; -1 =
 * nothing. */
static int festival_level(const struct detect_context *context, const struct led_departure *departure,
                          int level)
{
    struct civil local;
    clock_civil(context->tz, departure->left_ms, &local);
    if (!calendar_is_spring_festival(local.day_number) || day_is_night(context->tz, departure->left_ms))
        return level;
    if (!departure->visit_ms)
        return -1;
    return level > LEVEL_YELLOW ? level - 1 : -1;
}

/* What a departure deserves now; told only when it rises. */
static void judge(const struct detect_context *context, struct led_departure *departure)
{
    struct stranger_visit visit;
    int64_t near_ms = departure->seen ? SEEN_MS : NEAR_MS;
    int64_t gap_ms = 0;
    if (departure->seen && departure->with != COMPANION_UNKNOWN && departure->with != COMPANION_UNCLEAR)
        return;
    if (unknown_visitor_stranger(detect_peek(context, &detector_unknown_visitor, context->owner.no),
                                 departure->left_ms - near_ms, departure->left_ms + 60 * 1000, &visit)) {
        if (!departure->visit_ms) {
            departure->visit_ms = visit.arrived_ms;
            detect_key_set(&departure->visit, &visit.first);
        }
        int64_t until_ms =
            visit.there || visit.last_ms > departure->left_ms ? departure->left_ms : visit.last_ms;
        gap_ms = departure->left_ms - until_ms;
        departure->indoors |= visit.indoors_ms && visit.indoors_ms <= departure->left_ms;
        departure->stayed |= departure->indoors && until_ms - visit.indoors_ms >= LONG_MS;
    }
    bool unknown = departure->seen && departure->with == COMPANION_UNKNOWN;
    unsigned reason = REASON_AFTER;
    int level = -1;
    if (unknown) {
        reason = departure->visit_ms ? REASON_WITH_VISITOR : REASON_WITH_UNKNOWN;
        level = departure->visit_ms || day_is_night(context->tz, departure->left_ms) ? LEVEL_ORANGE
                                                                                     : LEVEL_YELLOW;
    } else if (departure->visit_ms && (departure->seen || departure->indoors)) {
        level = departure->seen && departure->stayed ? LEVEL_ORANGE : LEVEL_YELLOW;
    }
    level = festival_level(context, departure, level);
    if (level == LEVEL_YELLOW && departure->told == 1 + LEVEL_YELLOW &&
        went_off_routine(context, departure)) {
        reason = REASON_OFF_ROUTINE;
        level = LEVEL_ORANGE;
    }
    if (level + 1 <= departure->told)
        return;
    departure->told = (uint8_t)(level + 1);
    emit(context, departure, reason, (enum level)level, gap_ms, FINDING_FUSED);
}

static struct led_departure *free_place(const struct detect_context *context, struct led_away_state *state)
{
    struct led_departure *oldest = &state->departures[0];
    for (unsigned i = 0; i < DEPARTURES; i++) {
        struct led_departure *departure = &state->departures[i];
        if (!departure->used)
            return departure;
        if (departure->left_ms < oldest->left_ms)
            oldest = departure;
    }
    forget(context, oldest, REASON_GAVE_WAY, context->t_ms);
    return oldest;
}

/* The departure this one is another word on: of the same person (or of somebody of the home) at about the
 * same time. */
static struct led_departure *same_departure(struct led_away_state *state, uint32_t resident, int64_t left_ms)
{
    for (unsigned i = 0; i < DEPARTURES; i++) {
        struct led_departure *departure = &state->departures[i];
        bool same_person = departure->resident == resident || departure->resident == REGISTRY_NONE ||
                           resident == REGISTRY_NONE;
        int64_t apart_ms = left_ms - departure->left_ms;
        if (departure->used && same_person && apart_ms <= SAME_MS && apart_ms >= -SAME_MS)
            return departure;
    }
    return NULL;
}

static void take_departure(const struct detect_context *context, struct led_away_state *state,
                           const struct event *event, uint32_t resident, int64_t left_ms)
{
    bool seen = event->kind == EVENT_DEPARTURE;
    struct led_departure *departure = same_departure(state, resident, left_ms);
    if (departure && (!seen || departure->seen)) {
        if (departure->resident == REGISTRY_NONE && resident != REGISTRY_NONE && !departure->told)
            departure->resident = resident;
        return;
    }
    if (departure &&
        (event->departure.with == COMPANION_ALONE || event->departure.with == COMPANION_TRUSTED) &&
        departure->told) {
        uint32_t whose = departure->resident;
        forget(context, departure, REASON_CALM, left_ms);
        departure->used = 1;
        departure->resident = whose;
    }
    if (!departure) {
        departure = free_place(context, state);
        departure->used = 1;
        departure->resident = resident;
    }
    departure->left_ms = left_ms;
    detect_key_set(&departure->key, &event->key);
    if (seen) {
        departure->seen = 1;
        departure->with = event->departure.with;
    }
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct led_away_state *state = opaque;
    bool band = registry_device(context->registry, event->key.device)->kind == DEVICE_WRISTBAND;
    uint32_t resident = band ? context->resident : detect_only_resident(context);
    for (unsigned i = 0; i < DEPARTURES; i++) {
        struct led_departure *departure = &state->departures[i];
        if (!departure->used)
            continue;
        const struct live_resident *live =
            departure->resident == REGISTRY_NONE ? NULL : live_resident(context->live, departure->resident);
        bool back = live && live->at_home == LIVE_YES && live->at_home_ms > departure->left_ms;
        if (back || context->t_ms - departure->left_ms > KEPT_MS)
            forget(context, departure, back ? REASON_BACK : REASON_OVER,
                   back ? live->at_home_ms : event->at_ms);
    }
    if (event->kind == EVENT_DEPARTURE) {
        take_departure(context, state, event, resident, event->at_ms);
    } else if (band && resident != REGISTRY_NONE) {
        const struct live_resident *live = live_resident(context->live, resident);
        if (live->at_home == LIVE_NO && live->status == STATUS_ACTIVE &&
            context->t_ms - live->at_home_ms <= KEPT_MS)
            take_departure(context, state, event, resident, live->at_home_ms);
    }
    for (unsigned i = 0; i < DEPARTURES; i++) {
        if (state->departures[i].used)
            judge(context, &state->departures[i]);
    }
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    return event->kind == EVENT_DEPARTURE || detect_is_out(context, event);
}

const struct detector detector_led_away = {
    .name = "led-away",
    .family = FAMILY_FRAUD,
    .state_of = SUBJECT_HOUSEHOLD,
    .kinds = EVENT_BIT(EVENT_VISIT) | EVENT_BIT(EVENT_DEPARTURE) | EVENT_BIT(EVENT_PRESENCE) |
             EVENT_BIT(EVENT_FIX),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct led_away_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
};
