/* gathering: elders of several homes stay together at a place that is new to them.
 *
 * It hears the stays at new places (adopted-place). Bands are a sample of a county's elders, so a lecture of
 * forty seats shows two to four of them. Told are PAIR_HOMES homes on a day when the place has had as many on
 * another of the last WITHIN_DAYS days and somebody has come back; on the third such day it is orange. A
 * single day is only written down (green), from ALONE_HOMES homes on: half a village sits together at a
 * wedding. A place in the midst of the guests' own village (within NEIGHBOURS_M of each of their homes) is
 * told from the FEAST_DAYS + 1st day on: a funeral lasts three days, a series of lectures a week or two.
 * Together means: within TOGETHER_M and still there by their last fix, for OVERLAP_MS. At least NEW_PERCENT
 * of the residents who are there must be new to the place: the others' regular tea house is no lecture.
 * Markets and parks do not count, nor places that are nobody's business.
 *
 * The alert is the town's and says where, when and how many, not who (practice.md 14). It ends END_MS after
 * the last arrival. Cost: STAYS comparisons for each such stay; the residents of the county when enough are
 * together. */
#include <string.h>

#include "core/timers.h"
#include "detect/adopted_place.h"
#include "detect/detectors.h"
#include "detect/position.h"

enum {
    STAYS = 32,
    VENUES = 12,
    GUESTS = 8,
    ALONE_HOMES = 3,
    PAIR_HOMES = 2,
    WITHIN_DAYS = 10,
    NEW_PERCENT = 60,
    FEAST_DAYS = 3,
};
#define NEIGHBOURS_M 1500.0
#define TOGETHER_M   150.0
#define OVERLAP_MS   ((int64_t)30 * 60 * 1000)
#define FRESH_MS     ((int64_t)25 * 60 * 1000)
#define END_MS       ((int64_t)3 * 3600 * 1000)

struct gathering_stay {
    struct geo_point where;
    int64_t since_ms;
    struct event_key key;
    uint32_t resident; /* REGISTRY_NONE never: since_ms 0 = free */
};
struct venue {
    struct geo_point where;
    uint16_t last_day;       /* since 1970, local; 0 = free */
    uint16_t days;           /* with PAIR_HOMES or more: bit 0 = last_day, … */
    uint32_t guests[GUESTS]; /* residents who were there on an earlier day, + 1 */
    uint16_t guest_day[GUESTS];
    uint8_t told; /* today: 0 = nothing, else 1 + level */
};
struct gathering_state {
    struct gathering_stay stays[STAYS];
    struct venue venues[VENUES];
    struct event_key first;
    uint8_t told; /* 0 = nothing, else 1 + level */
};

enum { REASON_GATHERING, REASON_AGAIN, REASON_OVER };
static const struct reason reasons[] = {
    [REASON_GATHERING] = {"gathering",
                          "Residents of {0} homes are together at a place that is new to them (since {1t})",
                          "{0} 户老人聚集在一处新地点（{1t} 起）"},
    [REASON_AGAIN] = {"gathering-again",
                      "Residents of {0} homes are together at a place that is new to them, on {2} of the "
                      "last ten days (since {1t})",
                      "{0} 户老人聚集在一处新地点（{1t} 起），十天内第 {2} 天"},
    [REASON_OVER] = {"gathering-over", "Nobody else has come for three hours", "三小时内无人再到场"},
};

static bool is_there(const struct detect_context *context, const struct gathering_stay *stay,
                     struct geo_point where, int64_t at_ms)
{
    if (!stay->since_ms || geo_distance_m(stay->where, where) > TOGETHER_M ||
        at_ms - stay->since_ms < OVERLAP_MS)
        return false;
    const struct live_resident *live = live_resident(context->live, stay->resident);
    return at_ms - live->fix_ms <= FRESH_MS && geo_distance_m(live->fix, where) <= TOGETHER_M;
}

/* Stays that go on there now, one for each home. */
static unsigned homes_there(const struct detect_context *context, const struct gathering_state *state,
                            struct geo_point where, int64_t at_ms, uint32_t residents[STAYS],
                            int64_t *ret_since_ms)
{
    unsigned count = 0;
    for (unsigned i = 0; i < STAYS; i++) {
        const struct gathering_stay *stay = &state->stays[i];
        if (!is_there(context, stay, where, at_ms))
            continue;
        uint32_t home = registry_resident(context->registry, stay->resident)->household;
        bool fresh = true;
        for (unsigned j = 0; j < count; j++)
            fresh &= registry_resident(context->registry, residents[j])->household != home;
        if (!fresh)
            continue;
        residents[count++] = stay->resident;
        if (stay->since_ms < *ret_since_ms)
            *ret_since_ms = stay->since_ms;
    }
    return count;
}

/* Everybody with a band who is there, new to the place or not. */
static unsigned present(const struct detect_context *context, struct geo_point where, int64_t at_ms)
{
    unsigned count = 0;
    for (uint32_t no = 0; no < registry_count(context->registry, REGISTRY_RESIDENT); no++) {
        const struct live_resident *live = live_resident(context->live, no);
        count += live->fix_ms && at_ms - live->fix_ms <= FRESH_MS && at_ms >= live->fix_ms - FRESH_MS &&
                 geo_distance_m(live->fix, where) <= TOGETHER_M;
    }
    return count;
}

static struct venue *venue_at(struct gathering_state *state, struct geo_point where)
{
    struct venue *oldest = &state->venues[0];
    for (unsigned i = 0; i < VENUES; i++) {
        struct venue *venue = &state->venues[i];
        if (venue->last_day && geo_distance_m(venue->where, where) <= TOGETHER_M)
            return venue;
        if (venue->last_day < oldest->last_day)
            oldest = venue;
    }
    memset(oldest, 0, sizeof *oldest);
    oldest->where.lat = where.lat;
    oldest->where.lon = where.lon;
    return oldest;
}

/* Is the place in the midst of the homes of all of them? Homes without coordinates are taken for near. */
static bool is_among_neighbours(const struct detect_context *context, struct geo_point where,
                                const uint32_t *residents, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t no = registry_resident(context->registry, residents[i])->household;
        const struct household *home = registry_household(context->registry, no);
        if (home->has_home && geo_distance_m(home->home, where) > NEIGHBOURS_M)
            return false;
    }
    return true;
}

/* Writes today's guests into the book; true when one of them was there on an earlier day. */
static bool sign_in(struct venue *venue, const uint32_t *residents, unsigned count, uint16_t day)
{
    bool again = false;
    for (unsigned i = 0; i < count; i++) {
        unsigned at = 0;
        for (unsigned j = 0; j < GUESTS; j++) {
            if (venue->guests[j] == residents[i] + 1) {
                at = j;
                break;
            }
            if (venue->guest_day[j] < venue->guest_day[at])
                at = j;
        }
        if (venue->guests[at] == residents[i] + 1)
            again |= venue->guest_day[at] < day && venue->guest_day[at] + WITHIN_DAYS >= day;
        else
            venue->guests[at] = residents[i] + 1;
        venue->guest_day[at] = day;
    }
    return again;
}

static void emit(const struct detect_context *context, const struct gathering_state *state,
                 const struct finding *heard, unsigned reason, enum level level, unsigned homes,
                 int64_t since_ms, unsigned days, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level,
                                            flags                   ? 0
                                            : level == LEVEL_ORANGE ? 0.9
                                                                    : 0.7);
    detect_add_key(&finding, &state->first);
    finding.flags = (uint8_t)flags;
    finding.numbers[0] = homes;
    finding.numbers[1] = (double)(since_ms / 1000);
    finding.numbers[2] = days;
    if (heard) {
        finding.at_ms = heard->at_ms;
        finding.where.lat = heard->where.lat;
        finding.where.lon = heard->where.lon;
        finding.has_where = 1;
    }
    detect_emit(context, &finding);
}

static void keep_stay(struct gathering_state *state, const struct finding *heard)
{
    struct gathering_stay *oldest = &state->stays[0];
    for (unsigned i = 0; i < STAYS; i++) {
        struct gathering_stay *stay = &state->stays[i];
        if (stay->since_ms && stay->resident == heard->resident) {
            oldest = stay;
            break;
        }
        if (stay->since_ms < oldest->since_ms)
            oldest = stay;
    }
    oldest->where.lat = heard->where.lat;
    oldest->where.lon = heard->where.lon;
    oldest->since_ms = (int64_t)heard->numbers[0] * 1000;
    oldest->resident = heard->resident;
    detect_key_set(&oldest->key, &heard->evidence[0]);
}

static void on_finding(const struct detect_context *context, void *opaque, const struct finding *heard)
{
    struct gathering_state *state = opaque;
    const uint32_t kinds = UINT32_C(1) << ZONE_MARKET | UINT32_C(1) << ZONE_PARK;
    uint32_t residents[STAYS];
    int64_t since_ms = INT64_MAX;
    struct civil local;
    if (!adopted_place_is_new_stay(heard) || heard->resident == REGISTRY_NONE ||
        position_zone_at(context, heard->resident, heard->where, kinds) != REGISTRY_NONE)
        return;
    keep_stay(state, heard);
    unsigned homes = homes_there(context, state, heard->where, heard->at_ms, residents, &since_ms);
    if (homes < PAIR_HOMES || homes * 100 < NEW_PERCENT * present(context, heard->where, heard->at_ms))
        return;
    clock_civil(context->tz, heard->at_ms, &local);
    uint16_t day = (uint16_t)local.day_number;
    struct venue *venue = venue_at(state, heard->where);
    if (day < venue->last_day)
        return;
    if (day != venue->last_day) {
        unsigned apart = (unsigned)(day - venue->last_day);
        venue->days = (uint16_t)(apart < 16 ? (unsigned)venue->days << apart : 0);
        venue->last_day = day;
        venue->told = 0;
    }
    venue->days |= 1;
    bool again = sign_in(venue, residents, homes, day),
         near = is_among_neighbours(context, heard->where, residents, homes);
    unsigned days = (unsigned)__builtin_popcount(venue->days & ((1U << WITHIN_DAYS) - 1));
    unsigned over = days > (near ? FEAST_DAYS : 1) ? days - (near ? FEAST_DAYS : 1) : 0;
    if (homes < ALONE_HOMES && !(over && again))
        return;
    enum level level = !over || !again ? LEVEL_GREEN : over >= 2 ? LEVEL_ORANGE : LEVEL_YELLOW;
    detect_arm(context, context->t_ms + END_MS);
    if (venue->told >= 1 + level)
        return;
    if (!state->told)
        detect_key_set(&state->first, &heard->evidence[0]);
    venue->told = (uint8_t)(1 + level);
    if (state->told < venue->told)
        state->told = venue->told;
    emit(context, state, heard, days >= 2 ? REASON_AGAIN : REASON_GATHERING, level, homes, since_ms, days, 0);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct gathering_state *state = opaque;
    if (!state->told)
        return;
    enum level level = (enum level)(state->told - 1);
    state->told = 0;
    emit(context, state, NULL, REASON_OVER, level, 0, context->t_ms, 0, FINDING_CLEARS);
}

static const struct detector *const hears[] = {&detector_adopted_place, NULL};

const struct detector detector_gathering = {
    .name = "gathering",
    .family = FAMILY_FRAUD,
    .state_of = SUBJECT_TERRITORY,
    .territory = TERRITORY_TOWN,
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct gathering_state),
    .on_timer = on_timer,
    .hears = hears,
    .on_finding = on_finding,
};
