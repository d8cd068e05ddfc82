/* swapped: two who share a home wear each other's wristbands.
 *
 * An SOS would then send help to the wrong person. The evidence is the home's camera against the bands, one
 * person at a time: it names one of the two at home (a face it is sure of) while that person's band is away
 * from home, and the other's is at home. A sighting counts when a fix of that band before and one after it,
 * within LOOK_MS, lie AWAY_M and more from home, so that nobody who has just come in or is about to go is
 * meant; SIGHTINGS of them, each APART_MS after the last, within one outing are yellow. When the camera names
 * the other one at home too, nobody has swapped: someone carries a band, which is not this detector's
 * business. It is over when the band is back. Only in homes of exactly two people with bands that are worn;
 * only with cameras that tell them apart.
 *
 * Blind spots: both at home, both out, or a camera that does not know the two; a camera that takes the one
 * for the other again and again looks the same (and wants its own correction). Pulse and steps are not
 * compared: two old people's differ less than one's days do. Cost: nothing while nobody of a shared home is
 * named. */
#include <string.h>

#include "detect/detectors.h"
#include "detect/position.h"
#include "registry/admit.h"

enum { SIGHTINGS = 3 };
#define SURE     0.8
#define AWAY_M   300.0
#define LOOK_MS  ((int64_t)15 * 60 * 1000)
#define APART_MS ((int64_t)10 * 60 * 1000)

struct swapped_state {
    int64_t seen_ms; /* named at home, and the band's next fix is to be awaited; 0 = not */
    int64_t from_ms; /* the first sighting that counted, and the last */
    int64_t last_ms;
    struct event_key first;
    uint32_t resident; /* 1 + whose band is away; 0 = nobody's */
    uint8_t sightings;
    uint8_t told;
};

enum { REASON_SWAPPED, REASON_OVER };
static const struct reason reasons[] = {
    [REASON_SWAPPED] =
        {"swapped",
         "Since {1t} the camera has seen one resident at home {0} times while that person's wristband was "
         "away and the other's at home: the two may be wearing each other's",
         "{1t} 起，摄像头 {0} 次看到一位老人在家，其手环却在外面、另一位的手环在家：两人手环可能戴反"},
    [REASON_OVER] = {"swapped-over", "The wristband that was away is back at home", "在外的手环已回到家中"},
};

/* The other one of two who live here and have bands; REGISTRY_NONE when there are not just two. */
static uint32_t other_of_two(const struct detect_context *context, uint32_t resident)
{
    uint32_t other = REGISTRY_NONE, count = 0;
    for (uint32_t no = registry_household(context->registry, context->owner.no)->first_resident;
         no != REGISTRY_NONE; no = registry_resident(context->registry, no)->next_in_household) {
        if (live_resident(context->live, no)->status != STATUS_ACTIVE)
            continue;
        count++;
        if (no != resident && registry_resident(context->registry, no)->wristband != REGISTRY_NONE)
            other = no;
    }
    return count == 2 ? other : REGISTRY_NONE;
}

static bool is_worn(const struct detect_context *context, uint32_t resident)
{
    uint32_t band = registry_resident(context->registry, resident)->wristband;
    return band != REGISTRY_NONE && live_device(context->live, band)->worn == LIVE_YES;
}

static bool is_far(const struct detect_context *context, struct geo_point p, double accuracy_m)
{
    const struct household *home = registry_household(context->registry, context->owner.no);
    return home->has_home && geo_distance_m(home->home, p) >= AWAY_M + 2 * accuracy_m;
}

/* Was the band, worn, far from home shortly before? */
static bool was_away(const struct detect_context *context, uint32_t resident, int64_t at_ms)
{
    const struct live_resident *live = live_resident(context->live, resident);
    return is_worn(context, resident) && live->at_home == LIVE_NO && live->fix_ms && live->fix_ms <= at_ms &&
           at_ms - live->fix_ms <= LOOK_MS && is_far(context, live->fix, (double)live->fix_accuracy_m);
}

static void emit(const struct detect_context *context, const struct swapped_state *state, unsigned reason,
                 const struct event *event, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, LEVEL_YELLOW, flags ? 0 : 0.6);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = state->sightings;
    finding.numbers[1] = (double)(state->from_ms / 1000);
    detect_emit(context, &finding);
}

static void forget(const struct detect_context *context, struct swapped_state *state,
                   const struct event *event)
{
    if (state->told)
        emit(context, state, REASON_OVER, event, FINDING_CLEARS);
    memset(state, 0, sizeof *state);
}

/* The camera named somebody who lives here. */
static void on_named(const struct detect_context *context, struct swapped_state *state,
                     const struct event *event, uint32_t resident)
{
    if (state->resident && state->resident != resident + 1) {
        forget(context, state, event);
        return;
    }
    uint32_t other = other_of_two(context, resident);
    if (other == REGISTRY_NONE || !was_away(context, resident, event->at_ms) || !is_worn(context, other) ||
        live_resident(context->live, other)->at_home != LIVE_YES)
        return;
    if (!state->resident)
        detect_key_set(&state->first, &event->key);
    state->resident = resident + 1;
    if (!state->seen_ms && (!state->last_ms || event->at_ms - state->last_ms >= APART_MS))
        state->seen_ms = event->at_ms;
}

static void on_visit(const struct detect_context *context, struct swapped_state *state,
                     const struct event *event)
{
    for (unsigned i = 0; i < event->visit.people_count; i++) {
        const struct event_person *person = &event->visit.people[i];
        if (person->person_class != PERSON_CLASS_RESIDENT || !person->face_seen ||
            (double)person->confidence < SURE)
            continue;
        uint32_t resident = registry_find(context->registry, REGISTRY_RESIDENT, person->visitor_id);
        if (resident != REGISTRY_NONE &&
            registry_resident(context->registry, resident)->household == context->owner.no)
            on_named(context, state, event, resident);
    }
}

/* The next fix of the band that was away: still far, and the sighting before it counts. */
static void on_fix(const struct detect_context *context, struct swapped_state *state,
                   const struct event *event)
{
    struct geo_point p;
    if (!registry_locate(&event->fix, &p))
        return;
    if (!is_far(context, p, position_accuracy_m(&event->fix))) {
        if (live_resident(context->live, state->resident - 1)->at_home == LIVE_YES)
            forget(context, state, event);
        return;
    }
    if (!state->seen_ms || event->at_ms <= state->seen_ms)
        return;
    if (event->at_ms - state->seen_ms <= LOOK_MS) {
        if (!state->sightings)
            state->from_ms = state->seen_ms;
        state->last_ms = state->seen_ms;
        if (state->sightings < UINT8_MAX)
            state->sightings++;
    }
    state->seen_ms = 0;
    if (state->sightings < SIGHTINGS || state->told)
        return;
    state->told = 1;
    emit(context, state, REASON_SWAPPED, event, 0);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct swapped_state *state = opaque;
    if (event->kind == EVENT_VISIT) {
        on_visit(context, state, event);
        return;
    }
    if (!state->resident ||
        registry_resident(context->registry, state->resident - 1)->wristband != event->key.device)
        return;
    if (event->kind == EVENT_FIX)
        on_fix(context, state, event);
    else if (event->presence.at_home)
        forget(context, state, event);
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    uint32_t first = registry_household(context->registry, context->owner.no)->first_resident;
    return event->kind == EVENT_VISIT && first != REGISTRY_NONE &&
           registry_resident(context->registry, first)->next_in_household != REGISTRY_NONE;
}

const struct detector detector_swapped = {
    .name = "swapped",
    .family = FAMILY_COVERAGE,
    .state_of = SUBJECT_HOUSEHOLD,
    .kinds = EVENT_BIT(EVENT_VISIT) | EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct swapped_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
};
