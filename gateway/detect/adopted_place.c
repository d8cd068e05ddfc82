/* adopted-place: a new place, again and again at the same hour.
 *
 * Sales lectures run daily for two weeks, so a routine that simply forgets learns the fraud. A stay is time
 * within STAY_M of its first fix, away from home; from STAY_MS on it counts, once a day. A place enters the
 * memory of PLACES only when unusual-outing knows the resident for LEARNED_DAYS days out and finds the place
 * new at that moment; it is *new* for NEW_DAYS days from then. Four days within ten, at hours at most two
 * apart, is told (yellow) once for each place. Stays in the resident's own safe zones, at home, in hospitals,
 * and where it is nobody's business do not count.
 *
 * Each stay of NOTED_MS at a new place is also written down; gathering hears it. Blind spots: a place next
 * door to a familiar one; a new job or grandchild looks the same, which is why it is a question and no alarm:
 * closing it as expected ends it for that place. Cost: one distance a fix; PLACES when a stay begins to
 * count. */
#include "detect/adopted_place.h"

#include <math.h>
#include <string.h>

#include "detect/day_slot.h"
#include "detect/detectors.h"
#include "detect/position.h"
#include "detect/unusual_outing.h"
#include "registry/admit.h"

enum { PLACES = 8, LEARNED_DAYS = 28, NEW_DAYS = 21, WITHIN_DAYS = 10, AGAIN_DAYS = 4, NEAR_SLOTS = 12 };
#define STAY_M   150.0
#define VAGUE_M  150.0
#define NEW      0.6 /* of unusual-outing's novelty */
#define STAY_MS  ((int64_t)30 * 60 * 1000)
#define NOTED_MS ((int64_t)40 * 60 * 1000)
#define GAP_MS   ((int64_t)45 * 60 * 1000) /* without a fix: another stay */

struct new_place {
    float lat, lon;
    uint16_t first_day, last_day; /* since 1970, local; 0 = free */
    uint16_t days;                /* bit 0 = last_day, bit 1 = the day before, … */
    uint8_t slot;                 /* of the first stay */
    uint8_t told;
};
struct adopted_place_state {
    struct geo_point anchor; /* of the running stay */
    int64_t since_ms, last_ms;
    struct event_key first;
    struct new_place places[PLACES];
    uint8_t staying;
    uint8_t counted; /* the running stay: 1 = counted, 2 = and noted, 3 = at a place that is not new */
    uint8_t told;
};

enum { REASON_ADOPTED, REASON_STAY, REASON_LEFT };
static const struct reason reasons[] = {
    [REASON_ADOPTED] =
        {"adopted-place",
         "At a place that was new {2} days ago for the {1}. time in ten days, always at about this hour",
         "{2} 天前首次到访的地点，十天内已第 {1} 次在相近时段前往"},
    [REASON_STAY] = {"new-stay", "At a place that is new since {0t}, for {3m} minutes",
                     "{0t} 起在新地点停留 {3m} 分钟"},
    [REASON_LEFT] = {"adopted-place-left", "Left that place at {0t}", "{0t} 已离开该地点"},
};

bool adopted_place_is_new_stay(const struct finding *finding)
{
    return finding->reason == REASON_STAY;
}

static void emit(const struct detect_context *context, const struct adopted_place_state *state,
                 const struct new_place *place, const struct event *event, unsigned reason, enum level level,
                 unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level, reason == REASON_ADOPTED ? 0.6 : 0.1);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)((reason == REASON_LEFT ? event->at_ms : state->since_ms) / 1000);
    if (place) {
        finding.numbers[1] = __builtin_popcount(place->days & ((1U << WITHIN_DAYS) - 1));
        finding.numbers[2] = place->last_day - place->first_day;
    }
    finding.numbers[3] = (double)((state->last_ms - state->since_ms) / 1000);
    finding.where.lat = state->anchor.lat;
    finding.where.lon = state->anchor.lon;
    finding.has_where = 1;
    detect_emit(context, &finding);
}

static struct new_place *place_at(struct adopted_place_state *state, struct geo_point p)
{
    for (unsigned i = 0; i < PLACES; i++) {
        struct new_place *place = &state->places[i];
        struct geo_point at = {.lat = (double)place->lat, .lon = (double)place->lon};
        if (place->first_day && geo_distance_m(at, p) <= STAY_M)
            return place;
    }
    return NULL;
}

/* A place nobody has heard of: over the one not visited for longest. */
static struct new_place *add_place(struct adopted_place_state *state, struct geo_point p, uint16_t day,
                                   uint8_t slot)
{
    struct new_place *oldest = &state->places[0];
    for (unsigned i = 1; i < PLACES; i++) {
        if (state->places[i].last_day < oldest->last_day)
            oldest = &state->places[i];
    }
    memset(oldest, 0, sizeof *oldest);
    oldest->lat = (float)p.lat;
    oldest->lon = (float)p.lon;
    oldest->first_day = oldest->last_day = day;
    oldest->slot = slot;
    return oldest;
}

static bool is_somebodys_own(const struct detect_context *context, struct geo_point p)
{
    const uint32_t kinds = UINT32_C(1) << ZONE_HOME | UINT32_C(1) << ZONE_SAFE | UINT32_C(1) << ZONE_HOSPITAL;
    return position_zone_at(context, context->owner.no, p, kinds) != REGISTRY_NONE ||
           position_is_protected(context, context->owner.no, p);
}

/* The stay has lasted long enough: is the place new, and how often was it visited? */
static void count_stay(const struct detect_context *context, struct adopted_place_state *state,
                       const struct event *event)
{
    struct civil local;
    clock_civil(context->tz, state->since_ms, &local);
    uint16_t day = (uint16_t)local.day_number;
    uint8_t slot = day_slot(&local);
    struct new_place *place = place_at(state, state->anchor);
    const void *routine = detect_peek(context, &detector_unusual_outing, context->owner.no);
    state->counted = 3;
    if (is_somebodys_own(context, state->anchor))
        return;
    if (!place) {
        if (unusual_outing_days(routine) < LEARNED_DAYS ||
            unusual_outing_novelty(context, routine, state->anchor, state->since_ms) < NEW)
            return;
        place = add_place(state, state->anchor, day, slot);
    }
    if (day < place->last_day || day - place->first_day > NEW_DAYS)
        return;
    state->counted = 1;
    unsigned apart = (unsigned)(day - place->last_day);
    place->days = (uint16_t)((apart < 16 ? (unsigned)place->days << apart : 0) |
                             (day_slot_near(slot, place->slot, NEAR_SLOTS) ? 1 : 0));
    place->last_day = day;
    if (place->told || __builtin_popcount(place->days & ((1U << WITHIN_DAYS) - 1)) < AGAIN_DAYS)
        return;
    place->told = 1;
    state->told = 1 + LEVEL_YELLOW;
    emit(context, state, place, event, REASON_ADOPTED, LEVEL_YELLOW, 0);
}

static void end_stay(const struct detect_context *context, struct adopted_place_state *state,
                     const struct event *event)
{
    if (state->told)
        emit(context, state, NULL, event, REASON_LEFT, (enum level)(state->told - 1), FINDING_CLEARS);
    state->staying = state->counted = state->told = 0;
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct adopted_place_state *state = opaque;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    struct geo_point p;
    if (live->at_home == LIVE_YES || live->status != STATUS_ACTIVE) {
        if (state->staying)
            end_stay(context, state, event);
        return;
    }
    if (event->kind != EVENT_FIX || !registry_locate(&event->fix, &p) ||
        position_accuracy_m(&event->fix) > VAGUE_M || event->at_ms <= state->last_ms)
        return;
    if (state->staying &&
        (event->at_ms - state->last_ms > GAP_MS || geo_distance_m(state->anchor, p) > STAY_M))
        end_stay(context, state, event);
    if (!state->staying) {
        state->staying = 1;
        state->anchor.lat = p.lat;
        state->anchor.lon = p.lon;
        state->since_ms = event->at_ms;
        detect_key_set(&state->first, &event->key);
    }
    state->last_ms = event->at_ms;
    if (!state->counted && state->last_ms - state->since_ms >= STAY_MS)
        count_stay(context, state, event);
    if (state->counted == 1 && state->last_ms - state->since_ms >= NOTED_MS) {
        state->counted = 2;
        emit(context, state, NULL, event, REASON_STAY, LEVEL_GREEN, FINDING_RECORD);
    }
}

static bool is_asleep(const void *opaque)
{
    const struct adopted_place_state *state = opaque;
    return !state->staying;
}

const struct detector detector_adopted_place = {
    .name = "adopted-place",
    .family = FAMILY_OUTING,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct adopted_place_state),
    .sparse = true,
    .is_asleep = is_asleep,
    .wakes = detect_is_out,
    .on_event = on_event,
};
