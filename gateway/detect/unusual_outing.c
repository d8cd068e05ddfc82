/* unusual-outing: a day spent at places, or at places at hours, where this person is not known to be.
 *
 * Memory: up to PLACES discs of 100 m, each with how often the person was there (halved every 60 days, so
 * that habits may change) and in which three-hour blocks of the day. One fix in ten minutes is looked at;
 * those of today are learned when the day is over, so that a day is never its own excuse.
 *
 * How strange a fix is: the mean of three log-rarities, -log(v + 1/2) with v the remembered visits within
 * 60 m, within 150 m at about this hour, and within 200 m at about this hour, on a scale from 0 (daily) to 1
 * (never there). A day is as strange as its fixes on average, and more or less so by what an own day nearly
 * always has. Two numbers follow:
 *
 * - Told is by what shows at once: the mean drawn towards what is usual for this person while fixes are few,
 *   and the day's *edges*: it begins near where the day before ended, it begins at a known place, it is at a
 *   known place now. The day stands for its running maximum: looking again at every fix is paid for, because
 *   earlier days are remembered by their maximum too.
 * - Its *rank* has the mean as it is, the edges, one place at least that is well known at its hour, and how
 *   long ago its places were last seen. It is what findings carry as score; the last one of a day ranks days
 *   best.
 *
 * It is told (yellow) when at most one in `unusual_outing_days` days would be as unusual: the rank among the
 * last DAYS own days (a conformal p-value; Vovk, Gammerman, Shafer 2005). The first LEARN_DAYS days out are
 * no measure, for in them everything is new. Habits drift, so that a new day is more unusual than its rank
 * among older ones says: one in a third more days is asked for. Own days alone cannot hold 1 in 50 before
 * there are that many: until then the bar stands above their highest by a share of what is left to 1, which
 * shrinks with each day.
 *
 * A day that was told is learned at a quarter: a fraud that lasts two weeks must not become the routine
 * within them. One whose alert people close as true is no example; alerts closed as false or expected make it
 * more patient (leniency.h). On days when families are at home (day_class.h) places are not learned, and
 * what is told must stand above all known days by a FAMILY_SHARE of what is left to 1. Nothing is judged or
 * learned while the resident is away, in hospital or gone, nor at a fair on its days, which explains itself,
 * nor at places that are nobody's business (practice.md 14). Blind spots: a person without a routine, a known
 * place with an unknown person, ways between two known places. Cost: PLACES distances a fix, ten minutes
 * apart at least. What was tried on real people's days stands in docs/detection.md. */
#include <math.h>
#include <string.h>

#include "detect/budget.h"
#include "detect/detectors.h"
#include "detect/leniency.h"
#include "detect/position.h"
#include "detect/unusual_outing.h"
#include "registry/admit.h"
#include "registry/day_class.h"

enum {
    PLACES = 56,
    BLOCKS = 8,
    PENDING = 32,
    DAYS = 100,
    LEARN_DAYS = 28, /* days out in which too much is new for them to be compared with */
    NOVEL_MIN = 2,   /* fixes off the routine: one wild fix is none */
    DAYS_MIN = 7,    /* days to compare with, below which nothing is told */
    LOOK_MS = 570 * 1000,
    UNIT_M = 8,          /* of a place's coordinates: int16 reaches 262 km */
    VISIT = 64,          /* one visit in units of place.visits */
    BLOCK_VISIT = 4,     /* and of place.blocks */
    HALF_LIFE_DAYS = 60, /* of a visit */
    TOLD_SHARE = 4,      /* a day that was told is learned at one of so many */
    BAR_SHARE = 32,  /* own days missing to a p-value raise the bar by at most so much of what is left to 1 */
    DRIFT_SHARE = 3, /* one in so many more days than the setting says */
    FAMILY_SHARE = 4, /* of what is left to 1 above all known days: the bar of a family day */
    SCORE_UNITS = 255,
};
#define PLACE_M      100.0
#define SHRINK_FIXES 3.0 /* the told mean begins with so many fixes of this person's usual strangeness */
#define USUAL_FIXES  400.0
#define RECORD_STEP  0.01
#define RARE_LOWEST  (-5.0) /* 150 visits: as good as daily */
#define WEIGHT_EDGE                                                                                          \
    0.3 /* of each edge of the day and of the time since the last visit, beside 1 of the mean */
#define WEIGHT_LEAST     0.5   /* of the best known fix at its hour */
#define STEP_NEAR_M      50.0  /* a day that begins so near to where the last ended has not stepped, */
#define STEP_FAR         600.0 /* one that begins so many times as far has stepped wholly */
#define SINCE_DAYS       60.0  /* a place not visited for so long might be new */
#define METRES_A_DEGREE  111195.0
#define VAGUE_ACCURACY_M 500.0 /* a fix that could be anywhere says nothing about a place of 100 m */

struct known_place {
    int16_t x, y;    /* UNIT_M east and north of the origin */
    uint16_t day;    /* of the last visit, since 1970 */
    uint16_t visits; /* as of that day; 0 = a free place */
    uint8_t blocks[BLOCKS];
};
struct fix_place {
    int16_t x, y;
    uint8_t block;
};
struct unusual_outing_state {
    int64_t looked_ms; /* at of the last fix that was looked at */
    struct geo_point origin;
    struct event_key first; /* the day's first fix off the routine */
    int64_t first_ms;
    float sum, since; /* strangeness of the day's fixes, and time since their last visits (0..1), summed */
    float usual,
        usual_fixes; /* mean strangeness of earlier days' fixes, and of how many (the last USUAL_FIXES) */
    float least, start, step, latest; /* 0..1: the best known fix, and the day's edges */
    float recorded;                   /* the last rank that was recorded */
    struct known_place places[PLACES];
    /* Fixes of today, to be learned when it is over. */
    int16_t pending_x[PENDING], pending_y[PENDING];
    uint8_t pending_block[PENDING];
    int16_t last_x, last_y; /* where the last fix was */
    struct leniency leniency;
    uint16_t day;        /* the running one; 0 = none yet */
    uint16_t blamed_day; /* the last that was told; 0 = none */
    uint16_t fixes, novel;
    uint8_t pending_count, stride; /* every stride-th fix of the day is pending; 0 = 1 */
    uint8_t has_origin, has_last;
    uint8_t told;    /* 0 = nothing, 1 = today, 2 = today, and that is over */
    uint8_t barred;  /* enum bar: places of today are not learned */
    uint8_t blamed;  /* 1 + where the maximum of blamed_day is kept; 0 = nowhere */
    uint8_t score;   /* running maximum of the day, in SCORE_UNITS */
    uint8_t learned; /* days out so far, up to LEARN_DAYS */
    uint8_t day_count, day_next;
    uint8_t days[DAYS]; /* maxima of earlier days */
};
_Static_assert(sizeof(struct unusual_outing_state) <= 4096, "a resident's routine stays within 4 KB");

enum bar {
    BAR_TRUE = 1 /* closed as true: nor is it a day to compare with */,
    BAR_FAMILY = 2 /* day_class.h */
};

enum { REASON_UNUSUAL, REASON_DAY, REASON_OVER, REASON_NEXT_DAY, REASON_OFF };
static const struct reason reasons[] = {
    [REASON_UNUSUAL] =
        {"off-routine",
         "Off the routine since {0t}: {1} % of today's positions are at places or hours hardly ever "
         "seen; {3} of the last {2} days were as unusual",
         "{0t} 起偏离日常：今日 {1}% 的位置在几乎未到过的地点或时段；最近 {2} 天中有 {3} 天同样异常"},
    [REASON_DAY] = {"day-out",
                    "{1} % of today's positions are at places or hours hardly ever seen ({2} days known)",
                    "今日 {1}% 的位置在几乎未到过的地点或时段（已了解 {2} 天）"},
    [REASON_OVER] = {"off-routine-over", "At home again at {0t}", "{0t} 已回到家中"},
    [REASON_OFF] = {"off-routine-no-matter", "Outings are not judged at present", "目前不判断外出情况"},
    [REASON_NEXT_DAY] = {"off-routine-day-over", "The day that was off the routine is over",
                         "偏离日常的一天已结束"},
};

static uint8_t units_of(double score)
{
    return (uint8_t)floor(score * SCORE_UNITS);
}

/* Days of the last DAYS that were at least as unusual. */
static unsigned as_unusual(const struct unusual_outing_state *state, unsigned score)
{
    unsigned count = 0;
    for (unsigned i = 0; i < state->day_count; i++)
        count += state->days[i] >= score;
    return count;
}

static bool is_told(const struct unusual_outing_state *state, uint32_t one_in_days)
{
    unsigned known = state->day_count;
    if (known < DAYS_MIN || state->novel < NOVEL_MIN)
        return false;
    unsigned score = (unsigned)(state->score * (1 - leniency_on(&state->leniency, state->day)));
    unsigned among = one_in_days + one_in_days / DRIFT_SHARE;
    unsigned highest = 0;
    for (unsigned i = 0; i < known; i++)
        highest = state->days[i] > highest ? state->days[i] : highest;
    if (state->barred & BAR_FAMILY && score <= highest + (SCORE_UNITS - highest) / FAMILY_SHARE)
        return false;
    if (known + 1 >= among)
        return (as_unusual(state, score) + 1) * among <= known + 1;
    unsigned missing = among - 1 - known;
    return score > highest + (SCORE_UNITS - highest) * missing / (BAR_SHARE * (among - 1));
}

/* What is left of a place's visits on that day, 0..1. */
static double faded(const struct known_place *place, uint16_t day)
{
    return day > place->day ? exp2(-(double)(day - place->day) / HALF_LIFE_DAYS) : 1;
}

static double distance_m(const struct known_place *place, int16_t x, int16_t y)
{
    return UNIT_M * hypot(place->x - x, place->y - y);
}

/* Remembered visits around a point, at any hour within 60, 100 and 250 m, and at about that hour (the blocks
 * beside it count half) within 150 and 200 m. */
struct visits {
    double at60, at100, at250, now150, now200;
    unsigned since_days; /* of the last one within 250 m; UINT16_MAX = never */
};
static struct visits visits_around(const struct unusual_outing_state *state, int16_t x, int16_t y,
                                   unsigned block)
{
    struct visits sum = {.since_days = UINT16_MAX};
    for (unsigned i = 0; i < PLACES; i++) {
        const struct known_place *place = &state->places[i];
        double away_m = place->visits ? distance_m(place, x, y) : INFINITY;
        if (away_m > 250)
            continue;
        double left = faded(place, state->day);
        double visits = (double)place->visits / VISIT * left;
        sum.at250 += visits;
        unsigned since = state->day > place->day ? (unsigned)(state->day - place->day) : 0;
        sum.since_days = since < sum.since_days ? since : sum.since_days;
        sum.at100 += away_m <= PLACE_M ? visits : 0;
        sum.at60 += away_m <= 60 ? visits : 0;
        if (away_m > 200)
            continue;
        double before = place->blocks[(block + BLOCKS - 1) % BLOCKS],
               after = place->blocks[(block + 1) % BLOCKS];
        double now = (place->blocks[block] + (before + after) / 2) / BLOCK_VISIT * left;
        sum.now200 += now;
        sum.now150 += away_m <= 150 ? now : 0;
    }
    return sum;
}

/* How new, 0..1: for "off the routine or not". */
static double novelty_of(const struct visits *visits)
{
    return (1 / (1 + visits->at100) + 1 / (1 + visits->at250) + 2 / (1 + visits->now200)) / 4;
}

/* How rare, 0 (as good as daily) .. 1 (never): for ranks. */
static double rarity(double visits)
{
    double highest = -log(0.5);
    return fmax(0, (-log(visits + 0.5) - RARE_LOWEST) / (highest - RARE_LOWEST));
}

static double strangeness_of(const struct visits *visits)
{
    return (rarity(visits->at60) + rarity(visits->now150) + rarity(visits->now200)) / 3;
}

static double edges_of(const struct unusual_outing_state *state)
{
    return (double)state->step + (double)state->start + (double)state->latest;
}

/* The day so far, 0..1: for telling. */
static double alarm_of(const struct unusual_outing_state *state)
{
    double mean = ((double)state->sum + SHRINK_FIXES * (double)state->usual) / (state->fixes + SHRINK_FIXES);
    return (mean + WEIGHT_EDGE * edges_of(state)) / (1 + 3 * WEIGHT_EDGE);
}

/* The day so far, 0..1: among days. */
static double rank_of(const struct unusual_outing_state *state)
{
    if (!state->fixes)
        return 0;
    double since = (double)state->since / state->fixes, mean = (double)state->sum / state->fixes;
    return (mean + WEIGHT_EDGE * (edges_of(state) + since) + WEIGHT_LEAST * (double)state->least) /
           (1 + 4 * WEIGHT_EDGE + WEIGHT_LEAST);
}

/* The nearest place within PLACE_M; else a free one, or the one that has faded most. */
static struct known_place *place_for(struct unusual_outing_state *state, int16_t x, int16_t y)
{
    struct known_place *nearest = NULL, *least = &state->places[0];
    double nearest_m = PLACE_M, least_visits = INFINITY;
    for (unsigned i = 0; i < PLACES; i++) {
        struct known_place *place = &state->places[i];
        double away_m = place->visits ? distance_m(place, x, y) : INFINITY;
        double visits = place->visits ? place->visits * faded(place, state->day) : 0;
        if (away_m <= nearest_m) {
            nearest = place;
            nearest_m = away_m;
        }
        if (visits < least_visits) {
            least = place;
            least_visits = visits;
        }
    }
    if (nearest)
        return nearest;
    memset(least, 0, sizeof *least);
    least->x = x;
    least->y = y;
    least->day = state->day;
    return least;
}

/* The fix stands for `weight` of the day's. */
static void learn(struct unusual_outing_state *state, struct fix_place fix, double weight)
{
    struct known_place *place = place_for(state, fix.x, fix.y);
    double left = faded(place, state->day);
    double visits = place->visits * left + VISIT * weight;
    place->visits = visits < UINT16_MAX ? (uint16_t)visits : UINT16_MAX;
    for (unsigned i = 0; i < BLOCKS; i++) {
        double block = place->blocks[i] * left + (i == fix.block ? BLOCK_VISIT * weight : 0);
        place->blocks[i] = block < UINT8_MAX ? (uint8_t)lround(block) : UINT8_MAX;
    }
    place->day = state->day;
}

static void keep_day(struct unusual_outing_state *state)
{
    double kept = fmin((double)state->usual_fixes, USUAL_FIXES);
    state->usual = (float)(((double)state->usual * kept + (double)state->sum) / (kept + state->fixes));
    state->usual_fixes = (float)(kept + state->fixes);
    if (state->learned < LEARN_DAYS) {
        state->learned++;
        return;
    }
    if (state->blamed == 1 + state->day_next)
        state->blamed = 0;
    if (state->told)
        state->blamed = (uint8_t)(1 + state->day_next);
    state->days[state->day_next] = state->score;
    state->day_next = (uint8_t)((state->day_next + 1) % DAYS);
    if (state->day_count < DAYS)
        state->day_count++;
}

/* The day is over: its fixes become memory, its maximum one of the days to compare with. */
static void end_day(struct unusual_outing_state *state)
{
    double weight = (state->stride ? state->stride : 1) / (state->told ? (double)TOLD_SHARE : 1);
    for (unsigned i = 0; i < state->pending_count && !state->barred; i++)
        learn(state,
              (struct fix_place){
                  .x = state->pending_x[i], .y = state->pending_y[i], .block = state->pending_block[i]},
              weight);
    if (state->fixes && !(state->barred & BAR_TRUE))
        keep_day(state);
    memset(state->pending_x, 0, sizeof state->pending_x);
    memset(state->pending_y, 0, sizeof state->pending_y);
    memset(state->pending_block, 0, sizeof state->pending_block);
    memset(&state->first, 0, sizeof state->first);
    state->pending_count = state->stride = state->score = state->told = state->barred = 0;
    state->least = state->start = state->step = state->latest = state->recorded = 0;
    state->fixes = state->novel = 0;
    state->first_ms = 0;
    state->sum = state->since = 0;
}

static void tell(const struct detect_context *context, struct unusual_outing_state *state,
                 const struct event *event, unsigned reason, unsigned flags)
{
    enum level level = state->told == 1 ? LEVEL_YELLOW : LEVEL_GREEN;
    /* The end of a day may be heard on the next: its score is not the next one's. */
    double score = flags & FINDING_CLEARS ? 0 : rank_of(state);
    struct finding finding = detect_finding(context, reason, level, score);
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    if (level == LEVEL_YELLOW && !flags) /* that is what the person's own bar says */
        finding.rarity = budget_rarity(1.0 / context->settings->unusual_outing_days);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)((reason == REASON_OVER ? event->at_ms : state->first_ms) / 1000);
    finding.numbers[1] = state->fixes ? 100.0 * state->novel / state->fixes : 0;
    finding.numbers[2] = state->day_count;
    finding.numbers[3] = as_unusual(state, state->score);
    finding.has_where = event->kind == EVENT_FIX && registry_locate(&event->fix, &finding.where);
    detect_emit(context, &finding);
}

/* Once a day is enough: on a second trip the routine is in question already. */
static void over(const struct detect_context *context, struct unusual_outing_state *state,
                 const struct event *event, unsigned reason)
{
    if (state->told != 1)
        return;
    tell(context, state, event, reason, FINDING_CLEARS);
    state->told = 2;
}

static void units_from(struct geo_point origin, struct geo_point p, int16_t *ret_x, int16_t *ret_y)
{
    double degrees = remainder(p.lon - origin.lon, 360);
    double x = degrees * METRES_A_DEGREE * cos(origin.lat * M_PI / 180) / UNIT_M;
    double y = (p.lat - origin.lat) * METRES_A_DEGREE / UNIT_M;
    *ret_x = (int16_t)lround(fmax(-INT16_MAX, fmin(INT16_MAX, x)));
    *ret_y = (int16_t)lround(fmax(-INT16_MAX, fmin(INT16_MAX, y)));
}

static void place_of(const struct detect_context *context, struct unusual_outing_state *state,
                     struct geo_point p, int16_t *ret_x, int16_t *ret_y)
{
    if (!state->has_origin) {
        const struct household *home = context->household == REGISTRY_NONE
                                           ? NULL
                                           : registry_household(context->registry, context->household);
        state->origin = home && home->has_home ? home->home : p;
        state->has_origin = 1;
    }
    units_from(state->origin, p, ret_x, ret_y);
}

/* When there is no room for more, every second one goes, and from then on twice as many fixes are one. */
static void keep_pending(struct unusual_outing_state *state, struct fix_place fix)
{
    if (state->pending_count == PENDING) {
        for (unsigned i = 0; i < PENDING / 2; i++) {
            state->pending_x[i] = state->pending_x[2 * i];
            state->pending_y[i] = state->pending_y[2 * i];
            state->pending_block[i] = state->pending_block[2 * i];
        }
        state->pending_count = PENDING / 2;
        state->stride = (uint8_t)(state->stride ? 2 * state->stride : 2);
    }
    if (state->stride && state->fixes % state->stride != 0)
        return;
    unsigned i = state->pending_count++;
    state->pending_x[i] = fix.x;
    state->pending_y[i] = fix.y;
    state->pending_block[i] = fix.block;
}

/* How far the day begins from where the last one ended, 0 (there) .. 1 (30 km off). */
static double step_of(const struct unusual_outing_state *state, struct fix_place fix)
{
    if (!state->has_last)
        return 0;
    double step_m = UNIT_M * hypot(fix.x - state->last_x, fix.y - state->last_y);
    return fmin(1, log((step_m + STEP_NEAR_M) / STEP_NEAR_M) / log(STEP_FAR));
}

static void look(const struct detect_context *context, struct unusual_outing_state *state,
                 const struct event *event, struct geo_point p, unsigned block)
{
    struct fix_place fix = {.block = (uint8_t)block};
    place_of(context, state, p, &fix.x, &fix.y);
    struct visits visits = visits_around(state, fix.x, fix.y, block);
    float least = (float)rarity(visits.now200);
    keep_pending(state, fix);
    state->latest = (float)rarity(visits.at250);
    if (!state->fixes) {
        state->start = state->latest;
        state->step = (float)step_of(state, fix);
    }
    if (!state->fixes || least < state->least)
        state->least = least;
    state->fixes++;
    state->sum += (float)strangeness_of(&visits);
    state->since += (float)fmin(1, log(visits.since_days + 1) / log(SINCE_DAYS + 1));
    state->last_x = fix.x;
    state->last_y = fix.y;
    state->has_last = 1;
    if (novelty_of(&visits) > 0.5) {
        state->novel++;
        if (!state->first_ms) {
            state->first_ms = event->at_ms;
            detect_key_set(&state->first, &event->key);
        }
    }
    uint8_t score = units_of(alarm_of(state));
    if (score > state->score)
        state->score = score;
}

static bool is_judged(const struct detect_context *context)
{
    return live_resident(context->live, context->owner.no)->status == STATUS_ACTIVE;
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct unusual_outing_state *state = opaque;
    struct geo_point p;
    bool at_home = live_resident(context->live, context->owner.no)->at_home == LIVE_YES;
    if (!is_judged(context))
        over(context, state, event, REASON_OFF);
    else if (at_home && (event->kind != EVENT_FIX || event->at_ms < state->looked_ms + LOOK_MS))
        over(context, state, event, REASON_OVER);
    if (event->kind != EVENT_FIX)
        return;
    if (!registry_locate(&event->fix, &p) || !is_judged(context) ||
        (event->fix.has_accuracy && (double)event->fix.accuracy_m > VAGUE_ACCURACY_M) ||
        event->at_ms < state->looked_ms + LOOK_MS || position_is_protected(context, context->owner.no, p) ||
        position_is_at_fair(context, context->owner.no, p, event->at_ms))
        return;
    struct civil local;
    clock_civil(context->tz, event->at_ms, &local);
    uint16_t day = (uint16_t)local.day_number;
    if (day < state->day)
        return;
    if (day > state->day) {
        over(context, state, event, REASON_NEXT_DAY);
        end_day(state);
        state->day = day;
        state->barred = day_class_of(context->registry, &local) == DAY_FAMILY ? BAR_FAMILY : 0;
    }
    state->looked_ms = event->at_ms;
    look(context, state, event, p, (unsigned)local.hour * BLOCKS / 24);
    bool fresh = !state->told && is_told(state, context->settings->unusual_outing_days);
    if (fresh) {
        state->told = 1;
        state->blamed_day = day;
        state->blamed = 0;
    }
    double rank = rank_of(state);
    if (fresh || state->fixes == 1 || fabs(rank - (double)state->recorded) >= RECORD_STEP) {
        state->recorded = (float)rank;
        tell(context, state, event, state->told == 1 ? REASON_UNUSUAL : REASON_DAY,
             fresh ? 0 : (unsigned)FINDING_RECORD);
    }
    if (at_home)
        over(context, state, event, REASON_OVER);
}

/* Of the last day that was told: true, it is no example; else it was fine to be elsewhere. */
static void on_closing(const struct detect_context *context, void *opaque, const struct closing *closing)
{
    struct unusual_outing_state *state = opaque;
    struct civil opened, local;
    clock_civil(context->tz, closing->opened_ms, &opened);
    clock_civil(context->tz, context->t_ms, &local);
    if (closing->family != FAMILY_OUTING || state->blamed_day == 0 ||
        opened.day_number != state->blamed_day ||
        !leniency_learn(&state->leniency, (uint16_t)local.day_number, closing) ||
        closing->lesson != LESSON_TRUE)
        return;
    if (state->blamed_day == state->day)
        state->barred |= BAR_TRUE;
    else if (state->blamed)
        state->days[state->blamed - 1] = 0; /* among days, as a quiet one */
    state->blamed_day = 0;
    state->blamed = 0;
}

bool unusual_outing_is_told(const void *opaque)
{
    const struct unusual_outing_state *state = opaque;
    return state->told == 1;
}

unsigned unusual_outing_days(const void *opaque)
{
    const struct unusual_outing_state *state = opaque;
    return state->learned + (unsigned)state->day_count;
}

double unusual_outing_novelty(const struct detect_context *context, const void *opaque, struct geo_point p,
                              int64_t at_ms)
{
    const struct unusual_outing_state *state = opaque;
    int16_t x, y;
    struct civil local;
    if (!state->has_origin)
        return 1;
    units_from(state->origin, p, &x, &y);
    clock_civil(context->tz, at_ms, &local);
    struct visits visits = visits_around(state, x, y, (unsigned)local.hour * BLOCKS / 24);
    return novelty_of(&visits);
}

/* Version 2 had 60 places, and maxima of another scale: what is known of places and of the usual strangeness
 * stays, the running day and the days to compare with begin anew. */
struct unusual_outing_state_2 {
    int64_t looked_ms;
    struct geo_point origin;
    double sum;
    float usual, usual_fixes, least, least_around, recorded;
    struct event_key first;
    int64_t first_ms;
    struct known_place places[60];
    struct fix_place pending[32];
    uint16_t day, fixes, novel;
    uint8_t pending_count, stride, has_origin, told, score, learned, day_count, day_next, days[100];
};
static enum err migrate(uint16_t version, const void *value, size_t len, void *opaque)
{
    struct unusual_outing_state_2 old;
    struct unusual_outing_state *state = opaque;
    if (version != 2)
        return ERR_UNSUPPORTED;
    if (len != sizeof old)
        return ERR_CORRUPT;
    memcpy(&old, value, sizeof old);
    state->looked_ms = old.looked_ms;
    state->origin = old.origin;
    state->has_origin = old.has_origin;
    state->usual = old.usual;
    state->usual_fixes = old.usual_fixes;
    state->learned = old.learned;
    for (unsigned i = 0; i < 60; i++) {
        struct known_place *least = &state->places[0];
        for (unsigned j = 1; j < PLACES; j++)
            least = state->places[j].visits < least->visits ? &state->places[j] : least;
        if (old.places[i].visits > least->visits)
            *least = old.places[i];
    }
    return ERR_OK;
}

const struct detector detector_unusual_outing = {
    .name = "unusual-outing",
    .family = FAMILY_OUTING,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 3,
    .state_size = sizeof(struct unusual_outing_state),
    .on_event = on_event,
    .on_closing = on_closing,
    .migrate = migrate,
};
