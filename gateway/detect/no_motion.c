/* no-motion: waking hours pass and nothing shows that the person moves.
 *
 * Signs of movement are registry/live's: steps, a button, a door, being seen by the camera of a home where
 * nobody else lives; and that the band, off or on the charger, is put on again. Which hours are waking ones
 * is learned: an hour counts when the person moved in it on at least WAKING_PERCENT of the last weeks' days,
 * in full from FULL_PERCENT on, and 07-21 until LEARN_DAYS days are known. Waking time without a sign for
 * no_motion_s, or for a quarter more than the longest pause of an ordinary day when that is longer, is
 * yellow; twice that is orange. A band's time counts up to its last report: the next may hold the steps. A
 * pause in which the band lay somewhere or was not heard is not learned as one, and nothing of days when
 * families are at home (day_class.h).
 *
 * Nothing is told of who is out (overdue-return watches that), away or in hospital, nor where nothing could
 * tell movement: the band unworn, charging or silent, and no camera that shows the resident so often that
 * CAMERA_EXPECTED signs were due meanwhile. Without coverage there is no no-motion (design.md 6); the time
 * goes on counting when coverage comes back, for what was not seen may have happened; but a band that was
 * out of reach is first given LOOK_MS to tell what it has kept. A band that never sends steps is never
 * judged. Cost: one timer for each resident, at most every half hour. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "core/timers.h"
#include "detect/detectors.h"
#include "detect/silent.h"
#include "registry/day_class.h"

enum {
    HOURS = 24,
    LEARN_DAYS = 7,
    STEP_DAYS = 3,
    WAKING_PERCENT = 35,
    FULL_PERCENT = 80,
    WAKE_FROM = 7,
    WAKE_TO = 21,
    SHARE_ONE = 200,
    CAMERA_DAYS = 3,    /* over which its signs are counted */
    AWAKE_HOURS = 15,   /* of a day, to make a rate of that count */
    CAMERA_EXPECTED = 6 /* signs that a camera must be expected to give before its silence says anything */
};
#define HOUR_MS      ((int64_t)3600 * 1000)
#define STEP_MS      ((int64_t)10 * 60 * 1000)
#define LOOK_MS      ((int64_t)30 * 60 * 1000)
#define PAUSE_MAX_MS ((int64_t)10 * 3600 * 1000)

struct no_motion_state {
    int64_t seen_ms;        /* the last sign that was taken in */
    struct event_key first; /* that event */
    int32_t pause_s;        /* the longest waking pause of ordinary days, fading */
    uint16_t day;           /* of `moved`, since 1970, local; 0 = none yet */
    uint8_t days;           /* with steps, up to UINT8_MAX */
    uint8_t told;           /* 0 = nothing, else 1 + level */
    uint32_t moved;         /* hours of that day, bit 0 = midnight; 0 on a family day */
    uint8_t share[HOURS];   /* of days with a sign in that hour, in SHARE_ONE */
    int64_t camera_ms;      /* the last sign that was not the band's */
    int64_t back_ms;        /* when the band was heard again after a silence, 0 = it is silent */
    uint8_t off;            /* the band was off or on the charger by its last heartbeat */
    uint8_t unseen;         /* since seen_ms there was a time when nothing could have been seen */
    uint16_t camera_signs;  /* since version 3: of CAMERA_DAYS, fading, in hundredths, as of camera_ms */
};

enum { REASON_STILL, REASON_LONG, REASON_MOVED };
static const struct reason reasons[] = {
    [REASON_STILL] = {"no-motion",
                      "No sign of movement since {1t}: {0m} waking minutes; the longest usual pause is {2m}",
                      "{1t} 起无活动迹象，清醒时段已 {0m} 分钟；平时最长 {2m} 分钟"},
    [REASON_LONG] = {"no-motion-long", "Still no sign of movement since {1t}: {0m} waking minutes",
                     "{1t} 起仍无活动迹象，清醒时段已 {0m} 分钟"},
    [REASON_MOVED] = {"moved-again", "Movement again at {1t}", "{1t} 已有活动"},
};

static bool is_waking(const struct no_motion_state *state, int hour)
{
    if (state->days < LEARN_DAYS)
        return hour >= WAKE_FROM && hour < WAKE_TO;
    return state->share[hour] * 100 >= WAKING_PERCENT * SHARE_ONE;
}

/* What an hour counts for, in SHARE_ONE: in full from FULL_PERCENT on, less where the person is often in bed
 * or resting, nothing in the night. */
static int weight(const struct no_motion_state *state, int hour)
{
    int share = state->share[hour] * 100;
    if (!is_waking(state, hour))
        return 0;
    return state->days < LEARN_DAYS || share >= FULL_PERCENT * SHARE_ONE ? SHARE_ONE : share / FULL_PERCENT;
}

/* Waking time between two moments, of at most the last eight days, in steps of ten minutes. */
static int64_t waking_ms(const struct detect_context *context, const struct no_motion_state *state,
                         int64_t from_ms, int64_t to_ms)
{
    int64_t sum_ms = 0;
    if (from_ms < to_ms - 8 * 24 * HOUR_MS)
        from_ms = to_ms - 8 * 24 * HOUR_MS;
    for (int64_t at_ms = from_ms; at_ms < to_ms && sum_ms < 4 * PAUSE_MAX_MS; at_ms += STEP_MS) {
        struct civil local;
        clock_civil(context->tz, at_ms, &local);
        int64_t step_ms = to_ms - at_ms < STEP_MS ? to_ms - at_ms : STEP_MS;
        sum_ms += step_ms * weight(state, local.hour) / SHARE_ONE;
    }
    return sum_ms;
}

static int64_t limit_ms(const struct detect_context *context, const struct no_motion_state *state)
{
    int64_t own_ms = (int64_t)state->pause_s * 1250;
    int64_t set_ms = (int64_t)context->settings->no_motion_s * 1000;
    return state->days >= LEARN_DAYS && own_ms > set_ms ? own_ms : set_ms;
}

static double camera_signs_at(const struct no_motion_state *state, int64_t t_ms)
{
    double days = t_ms > state->camera_ms ? (double)(t_ms - state->camera_ms) / (24.0 * HOUR_MS) : 0;
    return state->camera_signs / 100.0 * exp(-days / CAMERA_DAYS);
}

static void shown_by_camera(struct no_motion_state *state, int64_t at_ms)
{
    if (at_ms - state->camera_ms < STEP_MS)
        return;
    double signs = (camera_signs_at(state, at_ms) + 1) * 100;
    state->camera_signs = signs < UINT16_MAX ? (uint16_t)signs : UINT16_MAX;
    state->camera_ms = at_ms;
}

/* Many cameras tell of visitors only, or of who comes home: the silence of one that seldom shows the resident
 * says nothing. */
static bool is_shown_often(const struct detect_context *context, const struct no_motion_state *state)
{
    double signs = camera_signs_at(state, context->t_ms);
    double limit_h = (double)limit_ms(context, state) / HOUR_MS;
    return signs / (CAMERA_DAYS * AWAKE_HOURS) * limit_h >= CAMERA_EXPECTED;
}

/* Until when movement would have been seen, had there been any; 0 = nothing could tell just now. */
static int64_t observed_until_ms(const struct detect_context *context, const struct no_motion_state *state)
{
    const struct resident *resident = registry_resident(context->registry, context->owner.no);
    if (resident->wristband != REGISTRY_NONE) {
        const struct live_device *band = live_device(context->live, resident->wristband);
        if (band->worn != LIVE_NO && !band->charging && silent_is_heard(context, resident->wristband))
            return band->heard_ms; /* what happened since then comes with its next report */
    }
    if (!is_shown_often(context, state) || detect_only_resident(context) != context->owner.no ||
        live_household(context->live, context->household)->paused_until_ms > context->t_ms)
        return 0;
    const struct household *home = registry_household(context->registry, context->household);
    for (uint32_t no = home->first_camera; no != REGISTRY_NONE;
         no = registry_device(context->registry, no)->next_camera) {
        if (registry_device(context->registry, no)->indoors && silent_is_heard(context, no))
            return context->t_ms;
    }
    return 0;
}

static void emit(const struct detect_context *context, const struct no_motion_state *state,
                 const struct event *event, unsigned reason, enum level level, int64_t still_ms,
                 unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level,
                                            flags                   ? 0
                                            : level == LEVEL_ORANGE ? 0.9
                                                                    : 0.7);
    detect_add_key(&finding, &state->first);
    if (event)
        detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)(still_ms / 1000);
    finding.numbers[1] = (double)((event ? event->at_ms : state->seen_ms) / 1000);
    finding.numbers[2] = state->pause_s;
    detect_emit(context, &finding);
}

/* The day's hours become shares; an old pause fades by a fiftieth. */
static void end_day(struct no_motion_state *state)
{
    for (unsigned hour = 0; hour < HOURS; hour++) {
        int target = state->moved & UINT32_C(1) << hour ? SHARE_ONE : 0;
        int span = state->days < 14 ? state->days + 1 : 14;
        state->share[hour] = (uint8_t)(state->share[hour] + (target - state->share[hour]) / span);
    }
    if (state->days < UINT8_MAX)
        state->days++;
    state->pause_s -= state->pause_s / 50;
    state->moved = 0;
}

static void moved(const struct detect_context *context, struct no_motion_state *state,
                  const struct event *event, int64_t seen_ms)
{
    struct civil local;
    clock_civil(context->tz, seen_ms, &local);
    uint16_t day = (uint16_t)local.day_number;
    bool family = day_class_of(context->registry, &local) == DAY_FAMILY;
    if (state->told) {
        emit(context, state, event, REASON_MOVED, (enum level)(state->told - 1), 0, FINDING_CLEARS);
        state->told = 0;
    } else if (state->seen_ms && seen_ms > state->seen_ms && !state->unseen) {
        int64_t pause_ms = waking_ms(context, state, state->seen_ms, seen_ms);
        if (pause_ms > PAUSE_MAX_MS)
            pause_ms = PAUSE_MAX_MS;
        if (pause_ms / 1000 > state->pause_s && !family)
            state->pause_s = (int32_t)(pause_ms / 1000);
    }
    if (state->moved && day != state->day)
        end_day(state);
    state->day = day;
    state->moved |= family ? 0 : UINT32_C(1) << local.hour;
    state->seen_ms = seen_ms;
    state->unseen = state->off;
    detect_key_set(&state->first, &event->key);
}

/* Follows whether the band could see anything. True when this heartbeat says that somebody put it on. */
static bool is_put_on(struct no_motion_state *state, const struct event *event)
{
    if (event->kind != EVENT_HEARTBEAT || !event->heartbeat.has_worn)
        return false;
    bool was_off = state->off;
    state->off = !event->heartbeat.worn || event->heartbeat.charging;
    state->unseen |= state->off;
    return was_off && !state->off;
}

/* Has it been long, as far as anybody could see? */
static void look(const struct detect_context *context, struct no_motion_state *state, int64_t seen_ms)
{
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    if (state->days < STEP_DAYS || live->status != STATUS_ACTIVE || live->at_home == LIVE_NO ||
        context->t_ms - state->back_ms < LOOK_MS)
        return;
    int64_t limit = limit_ms(context, state), until_ms = observed_until_ms(context, state);
    if (until_ms - seen_ms < limit)
        return; /* the cheap look first: waking time is no longer than time */
    int64_t still_ms = waking_ms(context, state, seen_ms, until_ms);
    enum level level = still_ms >= 2 * limit ? LEVEL_ORANGE : LEVEL_YELLOW;
    struct civil local;
    clock_civil(context->tz, context->t_ms, &local);
    if (still_ms < limit || state->told >= 1 + level || !is_waking(state, local.hour))
        return;
    state->told = (uint8_t)(1 + level);
    state->seen_ms = seen_ms;
    emit(context, state, NULL, level == LEVEL_ORANGE ? REASON_LONG : REASON_STILL, level, still_ms, 0);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct no_motion_state *state = opaque;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    bool steps = event->kind == EVENT_ACTIVITY;
    bool put_on = is_put_on(state, event) && event->at_ms > live->seen_ms;
    int64_t seen_ms = put_on ? event->at_ms : live->seen_ms;
    if (event->kind == EVENT_HEARTBEAT && !put_on)
        return; /* skipping it must change nothing */
    if (steps && seen_ms <= state->seen_ms)
        look(context, state, state->seen_ms); /* a report that says: none */
    if (event->at_ms == live->seen_ms &&
        event->key.device != registry_resident(context->registry, context->owner.no)->wristband)
        shown_by_camera(state, event->at_ms);
    /* Before the first steps nothing is known to show movement, and nothing is judged. */
    if (live->status != STATUS_ACTIVE || seen_ms <= state->seen_ms || (!state->day && !steps))
        return;
    /* A sign a few minutes after another says nothing new. */
    if (!state->told && seen_ms - state->seen_ms < STEP_MS)
        return;
    bool fresh = state->seen_ms == 0;
    moved(context, state, event, seen_ms);
    if (fresh)
        detect_arm(context, context->t_ms + LOOK_MS);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct no_motion_state *state = opaque;
    const struct live_resident *live = live_resident(context->live, context->owner.no);
    int64_t seen_ms = live->seen_ms > state->seen_ms ? live->seen_ms : state->seen_ms;
    int64_t due_ms = seen_ms + limit_ms(context, state);
    detect_arm(context, !state->told && due_ms > context->t_ms + LOOK_MS ? due_ms : context->t_ms + LOOK_MS);
    if (state->told && seen_ms > state->seen_ms) {
        state->seen_ms = seen_ms;
        emit(context, state, NULL, REASON_MOVED, (enum level)(state->told - 1), 0, FINDING_CLEARS);
        state->told = 0;
        return;
    }
    look(context, state, seen_ms);
}

/* The band fell silent, or is heard again. */
static void on_finding(const struct detect_context *context, void *opaque, const struct finding *heard)
{
    struct no_motion_state *state = opaque;
    bool is_back = heard->flags & FINDING_CLEARS;
    state->unseen = 1;
    state->back_ms = is_back ? context->t_ms : 0;
}

/* Whether the band is worn is followed only while it is not. */
static bool is_asleep(const void *opaque)
{
    const struct no_motion_state *state = opaque;
    return !state->off;
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    (void)context;
    return event->kind != EVENT_HEARTBEAT ||
           (event->heartbeat.has_worn && (!event->heartbeat.worn || event->heartbeat.charging));
}

static const struct detector *const hears[] = {&detector_silent, NULL};

/* Version 1 did not follow the band: it ended where camera_ms is now. Version 2 counted no signs of cameras.
 */
static enum err migrate(uint16_t version, const void *value, size_t len, void *state)
{
    static const size_t lens[] = {0, offsetof(struct no_motion_state, camera_ms),
                                  sizeof(struct no_motion_state)};
    if (version < 1 || version > 2 || len != lens[version])
        return ERR_UNSUPPORTED;
    memcpy(state, value, len);
    ((struct no_motion_state *)state)->camera_signs = 0;
    return ERR_OK;
}

const struct detector detector_no_motion = {
    .name = "no-motion",
    .family = FAMILY_HEALTH,
    .state_of = SUBJECT_RESIDENT,
    .by_camera = true,
    .kinds = EVENT_BIT(EVENT_ACTIVITY) | EVENT_BIT(EVENT_PRESENCE) | EVENT_BIT(EVENT_CHECK_IN) |
             EVENT_BIT(EVENT_SOS) | EVENT_BIT(EVENT_SUSPICION) | EVENT_BIT(EVENT_PAUSE) |
             EVENT_BIT(EVENT_FALL) | EVENT_BIT(EVENT_HEARTBEAT) | EVENT_BIT(EVENT_VISIT),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 3,
    .state_size = sizeof(struct no_motion_state),
    .on_event = on_event,
    .on_timer = on_timer,
    .hears = hears,
    .on_finding = on_finding,
    .is_asleep = is_asleep,
    .wakes = wakes,
    .migrate = migrate,
};
