/* canvassing: strangers go from door to door in a village. No ids, no person: counts only (practice.md 11).
 *
 * A scan statistic over the unknown visits that came indoors, of unknown-visitor, by people whom that home's
 * camera has not seen on an earlier day (who canvasses is new at every door; most unlisted visitors are
 * neighbours and are not): how many different homes had one within the last SHORT_MS and within a day,
 * against the village's own past. The past is its mean a
 * day, learned over LEARN_DAYS days, with a floor; a count is told (yellow) when a Poisson variable of that
 * mean would reach it once in RARE times (both windows are looked at for each visit, so the thresholds are
 * those of one look divided by the looks of a week). At the Spring Festival FESTIVAL times as many guests are
 * expected, and homes where family lives in are left out. It ends END_MS after the last such visit. A day on
 * which it was told is not learned. Where a visit is announced (practice.md 10) it is told green, unless it
 * had been told yellow before.
 *
 * Blind spots: a team that stays at the doors; a village of which few homes have cameras; a day on which many
 * families receive guests that nobody listed looks the same. Cost: VISITS comparisons for each
 * unknown visit indoors. */
#include <math.h>
#include <string.h>

#include "core/timers.h"
#include "detect/detectors.h"
#include "detect/poisson.h"
#include "detect/unknown_visitor.h"
#include "registry/announced.h"
#include "registry/calendar.h"

enum { VISITS = 48, HOMES_SHORT = 3, HOMES_DAY = 5, LEARN_DAYS = 28 };
#define SHORT_MS   ((int64_t)3 * 3600 * 1000)
#define DAY_MS     ((int64_t)24 * 3600 * 1000)
#define END_MS     ((int64_t)6 * 3600 * 1000)
#define WAKING_H   10.0 /* of a day's visits */
#define MEAN_FLOOR 0.3  /* homes a day: a village that never had a visit yet */
#define MEAN_FIRST 1.0  /* before anything is learned */
#define FESTIVAL   4.0
#define RARE_SHORT 2e-4
#define RARE_DAY   2e-5

struct canvassed {
    int64_t at_ms; /* 0 = free */
    uint32_t household;
};
struct canvassing_state {
    int64_t last_ms;
    double mean; /* homes a day */
    struct event_key first;
    struct canvassed visits[VISITS];
    uint16_t day;   /* since 1970, local, that is being counted; 0 = none yet */
    uint16_t homes; /* on it */
    uint8_t days;   /* learned */
    uint8_t told_today;
    uint8_t told; /* 0 = nothing, 1 = yellow, 2 = green only: announced */
};

enum { REASON_SHORT, REASON_DAY, REASON_OVER, REASON_ANNOUNCED };
static const struct reason reasons[] = {
    [REASON_SHORT] =
        {"canvassing",
         "Unknown people came indoors in {0} homes of the village within three hours; usually {1.1} a day",
         "三小时内村中 {0} 户有陌生人入室，平时每天约 {1.1} 户"},
    [REASON_DAY] = {"canvassing-day",
                    "Unknown people came indoors in {0} homes of the village within a day; usually {1.1}",
                    "一天内村中 {0} 户有陌生人入室，平时每天约 {1.1} 户"},
    [REASON_OVER] = {"canvassing-over", "No further such visit for six hours", "六小时内再无此类来访"},
    [REASON_ANNOUNCED] =
        {"canvassing-announced",
         "Unknown people came indoors in {0} homes of the village; usually {1.1} a day. Not raised, "
         "for a visit is announced here: {announced}",
         "村中 {0} 户有陌生人入室，平时每天约 {1.1} 户；因已登记{announced}，未升级"},
};

static unsigned homes_since(const struct canvassing_state *state, int64_t since_ms)
{
    unsigned count = 0;
    for (unsigned i = 0; i < VISITS; i++)
        count += state->visits[i].at_ms > since_ms;
    return count;
}

/* One place for each home: its latest visit. False when that home was counted within the short window. */
static bool note(struct canvassing_state *state, uint32_t household, int64_t at_ms)
{
    struct canvassed *place = &state->visits[0];
    for (unsigned i = 0; i < VISITS; i++) {
        struct canvassed *visit = &state->visits[i];
        if (visit->at_ms && visit->household == household) {
            bool fresh = at_ms - visit->at_ms > SHORT_MS;
            if (at_ms > visit->at_ms)
                visit->at_ms = at_ms;
            return fresh;
        }
        if (visit->at_ms < place->at_ms)
            place = visit;
    }
    place->at_ms = at_ms;
    place->household = household;
    return true;
}

/* Days that are over become part of the mean; quiet ones between count as zero. */
static void turn_day(struct canvassing_state *state, uint16_t day)
{
    if (!state->day) {
        state->mean = MEAN_FIRST;
        state->day = day;
    }
    for (; state->day < day; state->day++) {
        if (!state->told_today) {
            if (state->days < LEARN_DAYS)
                state->days++;
            state->mean += (state->homes - state->mean) / (state->days + 1);
        }
        state->homes = 0;
        state->told_today = 0;
        if (day - state->day > LEARN_DAYS * 4) /* after a year of silence the last months are enough */
            state->day = (uint16_t)(day - LEARN_DAYS * 4);
    }
}

static void emit(const struct detect_context *context, const struct canvassing_state *state, unsigned reason,
                 unsigned homes, int64_t at_ms, unsigned flags, enum announced announced)
{
    enum level level = state->told == 2 ? LEVEL_GREEN : LEVEL_YELLOW;
    struct finding finding = detect_finding(context, reason, level, flags ? 0 : announced ? 0.4 : 0.7);
    detect_add_key(&finding, &state->first);
    finding.at_ms = at_ms;
    finding.flags = (uint8_t)flags;
    finding.numbers[0] = homes;
    finding.numbers[1] = state->mean;
    finding.numbers[3] = announced;
    detect_emit(context, &finding);
}

static void on_finding(const struct detect_context *context, void *opaque, const struct finding *heard)
{
    struct canvassing_state *state = opaque;
    struct civil local;
    if (!unknown_visitor_is_indoors(heard) ||
        unknown_visitor_came_before(detect_peek(context, &detector_unknown_visitor, heard->household),
                                    heard) ||
        heard->flags & (FINDING_CLEARS | FINDING_LOWERS) ||
        unknown_visitor_family_lives_in(context, heard->at_ms))
        return;
    if (!note(state, heard->household, heard->at_ms))
        return;
    clock_civil(context->tz, heard->at_ms, &local);
    turn_day(state, (uint16_t)local.day_number);
    state->homes++;
    bool festival = calendar_is_spring_festival(local.day_number);
    double mean = fmax(state->mean, MEAN_FLOOR) * (festival ? FESTIVAL : 1);
    unsigned lately = homes_since(state, heard->at_ms - SHORT_MS),
             today = homes_since(state, heard->at_ms - DAY_MS);
    bool short_rare = lately >= HOMES_SHORT &&
                      poisson_tail(mean * (double)SHORT_MS / 3600000 / WAKING_H, lately) < RARE_SHORT;
    bool day_rare = today >= HOMES_DAY && poisson_tail(mean, today) < RARE_DAY;
    if (!short_rare && !day_rare)
        return;
    detect_arm(context, context->t_ms + END_MS);
    state->told_today = 1;
    if (!state->told)
        detect_key_set(&state->first, &heard->evidence[0]);
    enum announced announced =
        announced_at(context->registry, context->live,
                     registry_household(context->registry, heard->household)->grid, heard->at_ms);
    state->told = announced && state->told != 1 ? 2 : 1;
    emit(context, state,
         state->told == 2 ? REASON_ANNOUNCED
         : short_rare     ? REASON_SHORT
                          : REASON_DAY,
         short_rare ? lately : today, heard->at_ms, 0, announced);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct canvassing_state *state = opaque;
    if (!state->told)
        return;
    emit(context, state, REASON_OVER, 0, context->t_ms, FINDING_CLEARS, ANNOUNCED_NONE);
    state->told = 0;
}

static const struct detector *const hears[] = {&detector_unknown_visitor, NULL};

const struct detector detector_canvassing = {
    .name = "canvassing",
    .family = FAMILY_FRAUD,
    .state_of = SUBJECT_TERRITORY,
    .territory = TERRITORY_VILLAGE,
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct canvassing_state),
    .on_timer = on_timer,
    .hears = hears,
    .on_finding = on_finding,
};
