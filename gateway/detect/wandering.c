/* wandering: a resident who is known to wander goes in circles or up and down where they do not usually go.
 *
 * Only for residents tagged for it (失智, 走失史), and only where fixes come at least every SPACING_MS on
 * average: loops of less than about 1.3 km cannot be seen at one fix in ten minutes. Looked at are the last
 * FIXES fixes within WINDOW_MS, away from home. A loop is closed when the way comes back within CLOSE_M of
 * where it was after at least LOOP_M; the next loop begins there. A turn is a change of direction by more
 * than 120 degrees between two steps of at least STEP_M. LOOPS loops, or TURNS turns, over a way that leads
 * nowhere (the distance covered in the end is below NET_SHARE of the way) and is more than a receiver's
 * jitter around one spot (half of the fixes lie farther than SPREAD_M from their middle), with at least half
 * the fixes at places off the routine, are orange: a stroll round the usual square never counts. It ends at
 * home, or when the window holds neither.
 *
 * Lappings and pacings are what wandering people's tracks show in the literature (Martino-Saltzman 1991).
 * Cost: FIXES squared comparisons a fix, tagged residents only. */
#include <math.h>
#include <string.h>

#include "detect/detectors.h"
#include "detect/position.h"
#include "detect/unusual_outing.h"
#include "registry/admit.h"

enum { FIXES = 24, FIXES_MIN = 8, LOOPS = 2, TURNS = 4 };
#define WINDOW_MS       ((int64_t)60 * 60 * 1000)
#define SPACING_MS      ((int64_t)200 * 1000)
#define VAGUE_M         40.0
#define CLOSE_M         40.0
#define LOOP_M          150.0
#define STEP_M          25.0
#define WAY_MIN_M       400.0
#define NET_SHARE       0.3
#define SPREAD_M        30.0
#define NEW             0.5
#define METRES_A_DEGREE 111195.0

struct wandering_fix {
    float x, y; /* metres east and north of the origin */
    uint32_t s; /* seconds since the state's base */
    uint8_t is_new;
};
struct wandering_state {
    int64_t base_ms; /* 0 = no fixes */
    struct geo_point origin;
    struct event_key first;
    struct wandering_fix fixes[FIXES]; /* oldest first */
    uint8_t count;
    uint8_t told; /* 0 = nothing, else 1 + level */
};

enum { REASON_LOOPS, REASON_PACING, REASON_OVER };
static const struct reason reasons[] = {
    [REASON_LOOPS] = {"wandering",
                      "Going in circles: {0} loops on a way of {1} m in {2m} minutes, off the routine",
                      "在不常去的地方绕圈：{2m} 分钟内走 {1} 米，绕 {0} 圈"},
    [REASON_PACING] = {"pacing", "Up and down: {0} turns on a way of {1} m in {2m} minutes, off the routine",
                       "在不常去的地方来回走动：{2m} 分钟内走 {1} 米，折返 {0} 次"},
    [REASON_OVER] = {"wandering-over", "No longer going in circles", "已不再徘徊"},
};

static double apart_m(const struct wandering_fix *a, const struct wandering_fix *b)
{
    return hypot((double)(a->x - b->x), (double)(a->y - b->y));
}

/* What the window shows. */
struct walk {
    double way_m, net_m;
    unsigned loops, turns, fresh;
};
static struct walk walk_of(const struct wandering_state *state)
{
    struct walk walk = {0};
    double at_m[FIXES] = {0}; /* the way so far */
    unsigned loop_from = 0, step_from = 0;
    double dx = 0, dy = 0;
    for (unsigned i = 0; i < state->count; i++) {
        const struct wandering_fix *fix = &state->fixes[i];
        walk.fresh += fix->is_new;
        if (i)
            at_m[i] = at_m[i - 1] + apart_m(fix, &state->fixes[i - 1]);
        for (unsigned j = loop_from; j < i; j++) {
            if (at_m[i] - at_m[j] >= LOOP_M && apart_m(fix, &state->fixes[j]) <= CLOSE_M) {
                walk.loops++;
                loop_from = i;
                break;
            }
        }
        const struct wandering_fix *from = &state->fixes[step_from];
        if (apart_m(fix, from) < STEP_M)
            continue;
        double x = (double)(fix->x - from->x), y = (double)(fix->y - from->y);
        if (x * dx + y * dy < -0.5 * hypot(x, y) * hypot(dx, dy))
            walk.turns++;
        dx = x;
        dy = y;
        step_from = i;
    }
    if (state->count) {
        walk.way_m = at_m[state->count - 1];
        walk.net_m = apart_m(&state->fixes[0], &state->fixes[state->count - 1]);
    }
    return walk;
}

/* Somebody who sits goes a long way in an hour, by a jittery receiver. */
static bool is_spread(const struct wandering_state *state)
{
    struct wandering_fix middle = {0};
    unsigned far = 0;
    for (unsigned i = 0; i < state->count; i++) {
        middle.x += state->fixes[i].x / (float)state->count;
        middle.y += state->fixes[i].y / (float)state->count;
    }
    for (unsigned i = 0; i < state->count; i++)
        far += apart_m(&state->fixes[i], &middle) > SPREAD_M;
    return far * 2 >= state->count;
}

static void drop_before(struct wandering_state *state, uint32_t s)
{
    unsigned gone = 0;
    while (gone < state->count && (state->fixes[gone].s < s || state->count - gone >= FIXES))
        gone++;
    memmove(state->fixes, state->fixes + gone, (state->count - gone) * sizeof *state->fixes);
    state->count = (uint8_t)(state->count - gone);
    memset(state->fixes + state->count, 0, (FIXES - state->count) * sizeof *state->fixes);
}

static void over(const struct detect_context *context, struct wandering_state *state,
                 const struct event *event)
{
    if (state->told) {
        struct finding finding = detect_finding(context, REASON_OVER, (enum level)(state->told - 1), 0);
        detect_add_key(&finding, &state->first);
        detect_add_evidence(&finding, event);
        finding.flags |= FINDING_CLEARS;
        detect_emit(context, &finding);
    }
    state->told = 0;
}

static void add_fix(const struct detect_context *context, struct wandering_state *state,
                    const struct event *event, struct geo_point p)
{
    if (!state->count) {
        state->base_ms = event->at_ms;
        state->origin.lat = p.lat;
        state->origin.lon = p.lon;
    }
    uint32_t s = (uint32_t)((event->at_ms - state->base_ms) / 1000);
    drop_before(state, s > WINDOW_MS / 1000 ? s - (uint32_t)(WINDOW_MS / 1000) : 0);
    struct wandering_fix *fix = &state->fixes[state->count++];
    fix->x = (float)(remainder(p.lon - state->origin.lon, 360) * METRES_A_DEGREE *
                     cos(state->origin.lat * M_PI / 180));
    fix->y = (float)((p.lat - state->origin.lat) * METRES_A_DEGREE);
    fix->s = s;
    fix->is_new =
        unusual_outing_novelty(context, detect_peek(context, &detector_unusual_outing, context->owner.no), p,
                               event->at_ms) > NEW;
}

static void judge(const struct detect_context *context, struct wandering_state *state,
                  const struct event *event)
{
    struct walk walk = walk_of(state);
    uint32_t lasted_s = state->fixes[state->count - 1].s - state->fixes[0].s;
    bool dense = state->count >= FIXES_MIN && (int64_t)lasted_s * 1000 <= SPACING_MS * (state->count - 1);
    bool leads_nowhere = walk.way_m >= WAY_MIN_M && walk.net_m < NET_SHARE * walk.way_m;
    bool wanders = dense && leads_nowhere && is_spread(state) && walk.fresh * 2 >= state->count &&
                   (walk.loops >= LOOPS || walk.turns >= TURNS);
    if (!wanders) {
        if (walk.loops == 0 && walk.turns < 2)
            over(context, state, event);
        return;
    }
    if (state->told)
        return;
    state->told = 1 + LEVEL_ORANGE;
    detect_key_set(&state->first, &event->key);
    bool loops = walk.loops >= LOOPS;
    struct finding finding = detect_finding(context, loops ? REASON_LOOPS : REASON_PACING, LEVEL_ORANGE, 0.8);
    detect_add_evidence(&finding, event);
    finding.numbers[0] = loops ? walk.loops : walk.turns;
    finding.numbers[1] = walk.way_m;
    finding.numbers[2] = lasted_s;
    finding.has_where = registry_locate(&event->fix, &finding.where);
    detect_emit(context, &finding);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct wandering_state *state = opaque;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    struct geo_point p;
    if (!(registry_resident(context->registry, context->owner.no)->tags & (TAG_DEMENTIA | TAG_WANDERED)))
        return;
    if (live->at_home == LIVE_YES || live->status != STATUS_ACTIVE) {
        over(context, state, event);
        if (state->count)
            memset(state, 0, sizeof *state);
        return;
    }
    if (event->kind != EVENT_FIX || !registry_locate(&event->fix, &p) ||
        position_accuracy_m(&event->fix) > VAGUE_M || position_is_protected(context, context->owner.no, p))
        return;
    int64_t last_ms = state->count ? state->base_ms + (int64_t)state->fixes[state->count - 1].s * 1000 : 0;
    if (state->count && event->at_ms <= last_ms)
        return;
    if (state->count && event->at_ms - last_ms > WINDOW_MS) {
        over(context, state, event);
        memset(state, 0, sizeof *state);
    }
    add_fix(context, state, event, p);
    judge(context, state, event);
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    return registry_resident(context->registry, context->owner.no)->tags & (TAG_DEMENTIA | TAG_WANDERED) &&
           detect_is_out(context, event);
}

const struct detector detector_wandering = {
    .name = "wandering",
    .family = FAMILY_OUTING,
    .state_of = SUBJECT_RESIDENT,
    .kinds = EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct wandering_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
};
