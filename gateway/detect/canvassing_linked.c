/* canvassing-linked: one stranger in more homes than chance explains, by the cameras' own ids.
 *
 * Off unless the configuration carries the legal basis for it (practice.md 11: privacy.link_visitors). The
 * cameras then salt their ids alike, and anew every 72 hours; what is kept here of an id is its hash, for
 * that time. Only homes are counted and told: no order, no way, no question by id.
 *
 * A camera takes one stranger for another now and then, so links arise by chance: of V visits within the
 * window, each is expected to agree with V * p others by mistake, p being the false match rate of a pair.
 * Chance alone puts V * P(Poisson(V * p) >= n - 1) of them into n homes. The number of homes that is told is
 * the smallest, HOMES_MIN at least, that chance reaches once in a quarter of a year at most. Where it would
 * be more than HOMES, ids are worth nothing, and nothing is told.
 *
 * Couriers and meter readers come to many homes as well. They are soon gone: who stayed LONG_MS or longer in
 * half of the homes is told yellow, or green where a visit is announced; anybody else is a round, which is
 * recorded once and opens nothing. An episode ends when nobody told is within the window any more.
 *
 * Blind spots: a team that changes who knocks; more than PEOPLE strangers in a town within 72 hours, of whom
 * the oldest are forgotten; a meter reader who stays for tea in half of the homes. Cost: PEOPLE comparisons
 * for each stranger a camera names; 38 KB for each town, and none where it is off. */
#include <string.h>

#include "core/hash.h"
#include "core/timers.h"
#include "detect/detectors.h"
#include "detect/poisson.h"
#include "detect/sight.h"
#include "registry/announced.h"

enum { PEOPLE = 128, HOMES = 7, HOMES_MIN = 3, WINDOW_S = 72 * 3600, LONG_S = 10 * 60, GAP_S = 1800 };
#define WINDOWS_A_QUARTER (91.3125 / 3)
#define WINDOW_MS         ((int64_t)WINDOW_S * 1000)

struct linked_home {
    uint32_t household;       /* 1 + its number; 0 = free */
    uint32_t since_s, last_s; /* of the latest visit there */
    uint32_t longest_s;       /* how long the longest visit there lasted */
    struct event_key first;
};
struct linked_person {
    uint64_t id; /* hash; 0 = free */
    struct linked_home homes[HOMES];
    uint32_t last_s;
    uint8_t told; /* 0 = nothing, 1 = a round, 2 + level */
};
struct linked_state {
    struct linked_person people[PEOPLE];
    struct event_key first; /* of the episode */
    uint8_t told;           /* of the episode: 0 = nothing, 1 + level */
};

enum { REASON_LINKED, REASON_ANNOUNCED, REASON_ROUND, REASON_OVER };
static const struct reason reasons[] = {
    [REASON_LINKED] =
        {"canvassing-linked",
         "By the cameras' ids the same unknown person stayed for long in homes of this town: "
         "{0} homes within 72 hours, {1} for ten minutes and more; to be verified",
         "按摄像头临时编号，同一陌生人 72 小时内到访本镇 {0} 户，其中 {1} 户停留十分钟以上，待核实"},
    [REASON_ANNOUNCED] =
        {"canvassing-linked-announced",
         "By the cameras' ids the same unknown person came to {0} homes within 72 hours, and "
         "stayed in {1}. Not raised, for a visit is announced here: {announced}",
         "按摄像头临时编号，同一陌生人 72 小时内到访 {0} 户，{1} 户停留；因已登记{announced}，未升级"},
    [REASON_ROUND] = {"round-of-homes",
                      "By the cameras' ids the same unknown person came to {0} homes within 72 hours and was "
                      "soon gone: a round, as of couriers",
                      "按摄像头临时编号，同一陌生人 72 小时内到访 {0} 户，停留短暂，属派送或抄表一类"},
    [REASON_OVER] = {"canvassing-linked-over", "No such person was seen for 72 hours", "72 小时内未再出现"},
};

static unsigned homes_of(const struct linked_person *person)
{
    unsigned count = 0;
    for (unsigned i = 0; i < HOMES; i++)
        count += person->homes[i].household != 0;
    return count;
}

static unsigned long_stays(const struct linked_person *person)
{
    unsigned count = 0;
    for (unsigned i = 0; i < HOMES; i++)
        count += person->homes[i].longest_s >= LONG_S;
    return count;
}

/* Forgets what lies before the window; false when nobody is left. */
static bool prune(struct linked_state *state, uint32_t now_s)
{
    bool anybody = false;
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct linked_person *person = &state->people[i];
        for (unsigned j = 0; person->id && j < HOMES; j++) {
            if (person->homes[j].household && person->homes[j].last_s + WINDOW_S <= now_s)
                memset(&person->homes[j], 0, sizeof person->homes[j]);
        }
        if (person->id && !homes_of(person))
            memset(person, 0, sizeof *person);
        anybody |= person->id != 0;
    }
    return anybody;
}

/* The number of homes that chance links once in a quarter at most; HOMES + 1 when that is out of reach. */
static unsigned homes_beyond_chance(const struct linked_state *state, double false_match)
{
    unsigned visits = 0, homes = HOMES_MIN;
    for (unsigned i = 0; i < PEOPLE; i++)
        visits += homes_of(&state->people[i]);
    while (homes <= HOMES && WINDOWS_A_QUARTER * visits * poisson_tail(visits * false_match, homes - 1) > 1)
        homes++;
    return homes;
}

static struct linked_person *person_of(struct linked_state *state, const char *visitor_id)
{
    uint64_t id = hash_table(visitor_id, strlen(visitor_id)) | 1;
    struct linked_person *oldest = &state->people[0];
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct linked_person *person = &state->people[i];
        if (person->id == id)
            return person;
        if (person->last_s < oldest->last_s)
            oldest = person;
    }
    memset(oldest, 0, sizeof *oldest);
    oldest->id = id;
    return oldest;
}

/* Notes that the person is at that home: one place for each home, and for the oldest where there are more. */
static void note(struct linked_person *person, uint32_t household, const struct event *event, uint32_t at_s)
{
    struct linked_home *place = &person->homes[0];
    for (unsigned i = 0; i < HOMES; i++) {
        struct linked_home *home = &person->homes[i];
        if (home->household == household + 1) {
            place = home;
            break;
        }
        if (home->last_s < place->last_s)
            place = home;
    }
    if (place->household != household + 1) {
        memset(place, 0, sizeof *place);
        place->household = household + 1;
        place->since_s = place->last_s = at_s;
        detect_key_set(&place->first, &event->key);
    }
    if (at_s > place->last_s) {
        if (event->visit.phase == VISIT_PHASE_ARRIVE || at_s - place->last_s > GAP_S)
            place->since_s = at_s;
        place->last_s = at_s;
        if (at_s - place->since_s > place->longest_s)
            place->longest_s = at_s - place->since_s;
    }
    if (at_s > person->last_s)
        person->last_s = at_s;
}

/* Up to three more homes, in the order of the registry: the order of the visits would be a way. */
static void add_homes(struct finding *finding, const struct linked_person *person)
{
    for (uint32_t above = 0;;) {
        const struct linked_home *next = NULL;
        for (unsigned i = 0; i < HOMES; i++) {
            const struct linked_home *home = &person->homes[i];
            if (home->household > above && (!next || home->household < next->household))
                next = home;
        }
        if (!next || finding->evidence_count == FINDING_EVIDENCE_MAX)
            return;
        detect_add_key(finding, &next->first);
        above = next->household;
    }
}

static void judge(const struct detect_context *context, struct linked_state *state,
                  struct linked_person *person, const struct event *event)
{
    unsigned homes = homes_of(person), stays = long_stays(person);
    if (homes < homes_beyond_chance(state, context->settings->link_visitors_ppm / 1e6))
        return;
    bool stays_long = 2 * stays >= homes;
    enum announced announced =
        announced_at(context->registry, context->live,
                     registry_household(context->registry, context->household)->grid, event->at_ms);
    enum level level = stays_long && !announced ? LEVEL_YELLOW : LEVEL_GREEN;
    uint8_t told = (uint8_t)(stays_long ? 2 + level : 1);
    if (told <= person->told)
        return;
    person->told = told;
    if (stays_long && !state->told)
        detect_key_set(&state->first, &event->key);
    if (stays_long && state->told < 1 + level)
        state->told = (uint8_t)(1 + level);
    struct finding finding = detect_finding(context,
                                            !stays_long ? REASON_ROUND
                                            : announced ? REASON_ANNOUNCED
                                                        : REASON_LINKED,
                                            level, level == LEVEL_YELLOW ? 0.7 : 0.3);
    if (stays_long)
        detect_add_key(&finding, &state->first);
    add_homes(&finding, person);
    finding.at_ms = event->at_ms;
    finding.flags |= stays_long ? 0 : FINDING_RECORD;
    finding.numbers[0] = homes;
    finding.numbers[1] = stays;
    finding.numbers[3] = announced;
    detect_emit(context, &finding);
}

/* The end of an episode, when nobody told is left. */
static void settle(const struct detect_context *context, struct linked_state *state)
{
    for (unsigned i = 0; i < PEOPLE; i++) {
        if (state->people[i].told > 1)
            return;
    }
    if (state->told) {
        struct finding finding = detect_finding(context, REASON_OVER, (enum level)(state->told - 1), 0);
        detect_add_key(&finding, &state->first);
        finding.flags |= FINDING_CLEARS;
        detect_emit(context, &finding);
    }
    state->told = 0;
    memset(&state->first, 0, sizeof state->first);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct linked_state *state = opaque;
    if (!context->settings->link_visitors_ppm) { /* switched off: what is known is forgotten */
        memset(state->people, 0, sizeof state->people);
        settle(context, state);
        detect_arm(context, TIMER_OFF);
        return;
    }
    uint32_t now_s = (uint32_t)(context->t_ms / 1000), at_s = (uint32_t)(event->at_ms / 1000);
    if (at_s + WINDOW_S <= now_s || at_s > now_s + WINDOW_S)
        return;
    prune(state, now_s);
    for (unsigned i = 0; i < event->visit.people_count; i++) {
        const struct event_person *seen = &event->visit.people[i];
        if (!seen->visitor_id[0] || sight_class_of(context, event, seen) != SIGHT_UNKNOWN)
            continue;
        struct linked_person *person = person_of(state, seen->visitor_id);
        note(person, context->household, event, at_s);
        judge(context, state, person, event);
        detect_arm(context, context->t_ms + WINDOW_MS);
    }
    settle(context, state);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct linked_state *state = opaque;
    if (prune(state, (uint32_t)(context->t_ms / 1000)))
        detect_arm(context, context->t_ms + WINDOW_MS);
    settle(context, state);
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    return context->settings->link_visitors_ppm && event->visit.people_count;
}

const struct detector detector_canvassing_linked = {
    .name = "canvassing-linked",
    .family = FAMILY_FRAUD,
    .state_of = SUBJECT_TERRITORY,
    .territory = TERRITORY_TOWN,
    .kinds = EVENT_BIT(EVENT_VISIT),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct linked_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
    .on_timer = on_timer,
};
