/* night-outing: out of the house in the resident's own night.
 *
 * It is night when the sun stands more than 6 degrees below the horizon at the home (end of civil twilight;
 * solar position by the Astronomical Almanac's low-precision formula, good to 0.01 degrees) and the clock
 * shows 21:00 to 06:00; without home coordinates, 22:00 to 05:00. It is the resident's *own* night unless
 * they left within an hour of this time of day on HABIT days of the last 60. An outing that began in it is
 * told (yellow) at once when a door or a camera says so, and by the second fix, a minute later at the
 * earliest, when only fixes do: one wild fix at night wakes nobody. Back at home ends it.
 *
 * Each outing is learned when it begins, told or not, so that a person who takes up an early walk is
 * told at the most HABIT times; but none of days when families are at home (day_class.h). Blind spots: as
 * registry/live, which decides who is at home. Cost: one pass over 32 outings for each that begins. */
#include <math.h>
#include <string.h>

#include "detect/day_slot.h"
#include "detect/detectors.h"
#include "registry/day_class.h"

enum { OUTINGS = 32, NEAR_SLOTS = 6, HABIT = 3, MEMORY_DAYS = 60, FIXES_TO_CONFIRM = 2 };
#define CONFIRM_MS   60000 /* fixes a second apart share one error */
#define DUSK_DEGREES (-6.0)

struct night_leave {
    uint16_t day; /* since 1970; 0 = free */
    uint8_t slot; /* of the day */
};
struct night_outing_state {
    int64_t left_ms; /* 0 = at home, or not known */
    struct event_key first;
    struct night_leave leaves[OUTINGS];
    uint8_t next;
    uint8_t fixes; /* since it began, with nobody else's word for it */
    uint8_t night; /* it began in the resident's own night */
    uint8_t told;
};

enum { REASON_OUT, REASON_BACK };
static const struct reason reasons[] = {
    [REASON_OUT] = {"night-outing",
                    "Left home at {0t}, in the night; left at such an hour on {1} of the last {2} days",
                    "{0t} 夜间离家；最近 {2} 天中有 {1} 天在该时段外出"},
    [REASON_BACK] = {"night-outing-over", "Back home at {0t}", "{0t} 已回到家中"},
};

/* Height of the sun above the horizon in degrees. */
static double sun_height(struct geo_point p, int64_t wall_ms)
{
    const double radian = M_PI / 180;
    double days = (double)wall_ms / 86400000.0 - 10957.5; /* since 2000-01-01T12:00Z */
    double mean_longitude = 280.460 + 0.9856474 * days, anomaly = (357.528 + 0.9856003 * days) * radian;
    double longitude = (mean_longitude + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly)) * radian;
    double tilt = (23.439 - 0.0000004 * days) * radian;
    double ascension = atan2(cos(tilt) * sin(longitude), cos(longitude));
    double declination = asin(sin(tilt) * sin(longitude));
    double sidereal = (18.697374558 + 24.06570982441908 * days) * 15 + p.lon;
    double hour_angle = sidereal * radian - ascension;
    double sine =
        sin(p.lat * radian) * sin(declination) + cos(p.lat * radian) * cos(declination) * cos(hour_angle);
    return asin(fmax(-1, fmin(1, sine))) / radian;
}

static bool is_night(const struct detect_context *context, int64_t at_ms, const struct civil *local)
{
    const struct household *home = context->household == REGISTRY_NONE
                                       ? NULL
                                       : registry_household(context->registry, context->household);
    if (!home || !home->has_home)
        return local->hour >= 22 || local->hour < 5;
    return (local->hour >= 21 || local->hour < 6) && sun_height(home->home, at_ms) < DUSK_DEGREES;
}

static bool is_family_day(const struct detect_context *context, int64_t at_ms)
{
    struct civil local;
    clock_civil(context->tz, at_ms, &local);
    return day_class_of(context->registry, &local) == DAY_FAMILY;
}

/* Did outing `i` begin before `day`, not too long ago, and at about that time of day? */
static bool is_like(const struct night_outing_state *state, unsigned i, uint16_t day, uint8_t slot)
{
    const struct night_leave *known = &state->leaves[i];
    return known->day && known->day < day && known->day + MEMORY_DAYS >= day &&
           day_slot_near(known->slot, slot, NEAR_SLOTS);
}

/* Days on which they left at about this time; several on one day count once. */
static unsigned habit(const struct night_outing_state *state, const struct civil *local)
{
    uint16_t day = (uint16_t)local->day_number;
    uint8_t slot = day_slot(local);
    unsigned count = 0;
    for (unsigned i = 0; i < OUTINGS; i++) {
        bool counted = false;
        for (unsigned j = 0; j < i && !counted; j++)
            counted = state->leaves[j].day == state->leaves[i].day && is_like(state, j, day, slot);
        count += !counted && is_like(state, i, day, slot);
    }
    return count;
}

static void emit(const struct detect_context *context, const struct night_outing_state *state,
                 const struct event *event, unsigned reason, unsigned flags)
{
    struct civil local;
    clock_civil(context->tz, state->left_ms, &local);
    struct finding finding = detect_finding(context, reason, LEVEL_YELLOW, 0.75);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)((reason == REASON_BACK ? event->at_ms : state->left_ms) / 1000);
    finding.numbers[1] = habit(state, &local);
    finding.numbers[2] = MEMORY_DAYS;
    detect_emit(context, &finding);
}

static void leave(const struct detect_context *context, struct night_outing_state *state,
                  const struct event *event, int64_t at_ms)
{
    struct civil local;
    clock_civil(context->tz, at_ms, &local);
    state->left_ms = at_ms;
    state->fixes = 0;
    state->night = is_night(context, at_ms, &local) && habit(state, &local) < HABIT;
    detect_key_set(&state->first, &event->key);
    if (is_family_day(context, at_ms))
        return;
    state->leaves[state->next].day = (uint16_t)local.day_number; /* padding in a state stays zero */
    state->leaves[state->next].slot = day_slot(&local);
    state->next = (uint8_t)((state->next + 1) % OUTINGS);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct night_outing_state *state = opaque;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    bool active = live->status == STATUS_ACTIVE;
    if (live->at_home != LIVE_NO || !active) {
        if (state->told)
            emit(context, state, event, REASON_BACK, FINDING_CLEARS);
        state->told = state->night = 0;
        state->left_ms = 0;
        return;
    }
    if (!state->left_ms)
        leave(context, state, event, live->at_home_ms);
    if (!state->night || state->told)
        return;
    if (event->kind == EVENT_FIX &&
        (++state->fixes < FIXES_TO_CONFIRM || event->at_ms - state->left_ms < CONFIRM_MS))
        return;
    state->told = 1;
    emit(context, state, event, REASON_OUT, 0);
}

static bool is_asleep(const void *opaque)
{
    const struct night_outing_state *state = opaque;
    return state->left_ms == 0 && !state->told && !state->night;
}

const struct detector detector_night_outing = {
    .name = "night-outing",
    .family = FAMILY_OUTING,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE) | EVENT_BIT(EVENT_DEPARTURE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct night_outing_state),
    .is_asleep = is_asleep,
    .wakes = detect_is_out,
    .on_event = on_event,
};
