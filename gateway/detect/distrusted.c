/* distrusted: a device that does what no honest device does.
 *
 * Five signs. Clone: an epoch is drawn anew with each formatting of the flash, so a lane that comes back to
 * an epoch it had left is spoken on by two devices. Clock off: event after event with a time out of range.
 * Clock leaps: the time of a later event lies LEAP_MS and more before an earlier one's, again and again.
 * Flood and replay are noticed at the door and come as an input of their own (ingest/conduct.h).
 *
 * From the first sign to QUIET_MS without one is one episode, and in an episode each sign is told once: first
 * written down, which is what distrusted-many hears, and told SETTLE_MS later unless the county's alert
 * stands for it by then. Nothing is taken from the device but what the door holds back: its emergencies are
 * believed as ever.
 *
 * Of an event only what differs from what is known wakes it: a lane's epoch, or a time more than LEAP_MS from
 * the last one kept. So an honest device costs one look at the state, and a change of it every ten minutes.
 */
#include "detect/distrusted.h"

#include <string.h>

#include "core/timers.h"
#include "detect/detectors.h"
#include "ingest/sequence.h"

#define LEAP_MS   ((int64_t)10 * 60 * 1000)
#define SETTLE_MS ((int64_t)60 * 1000)
#define QUIET_MS  ((int64_t)6 * 3600 * 1000)

enum sign { SIGN_CLONE, SIGN_CLOCK_OFF, SIGN_CLOCK_LEAPS, SIGN_FLOOD, SIGN_REPLAY, SIGNS };
enum { EPOCHS_BEFORE = SEQUENCE_EPOCHS - 1 };

/* What a lane said last. */
struct lane_track {
    int64_t at_ms; /* the latest time of an event, kept in steps of LEAP_MS; 0 = none */
    uint64_t seq;  /* of that event */
    uint32_t epoch, before[EPOCHS_BEFORE];
};
struct distrusted_state {
    struct lane_track lanes[2]; /* urgent, routine */
    int64_t since_ms, last_ms;  /* of the episode; since 0 = nothing is going on */
    struct event_key first;
    uint32_t counts[SIGNS];
    uint8_t noted, told; /* bit for each sign: written down; told, or left to the county's alert */
    uint8_t level;       /* 1 + the highest told for itself; 0 = none */
};

enum { REASON_OVER = SIGNS };
static const struct reason reasons[] = {
    [SIGN_CLONE] = {"clone", "Two devices speak under this identity in turn (back {0} times since {1t})",
                    "有两台设备轮流使用同一身份（{1t} 起交替 {0} 次）"},
    [SIGN_CLOCK_OFF] = {"clock-off", "Its clock is far off: {0} events with an impossible time since {1t}",
                        "设备时钟严重不准：{1t} 起 {0} 条事件时间不可能"},
    [SIGN_CLOCK_LEAPS] = {"clock-leaps", "Its clock leaps back and forth: {0} times since {1t}",
                          "设备时钟来回跳变：{1t} 起 {0} 次"},
    [SIGN_FLOOD] =
        {"flood",
         "It sends more than a device can: {0} events beyond its budget since {1t}; emergencies pass",
         "设备发送过量：{1t} 起 {0} 条超限；紧急事件照常受理"},
    [SIGN_REPLAY] = {"replay", "Old messages come again under its name: {0} since {1t}",
                     "有旧消息以该设备名义重发：{1t} 起 {0} 条"},
    [REASON_OVER] = {"distrust-over", "Nothing suspicious for {0m} minutes", "已 {0m} 分钟无可疑行为"},
};
/* So many of a sign are told; a device that has just started may err a few times. */
static const struct {
    uint32_t enough;
    enum level level;
    double score;
} ways[SIGNS] = {
    [SIGN_CLONE] = {2, LEVEL_YELLOW, 0.8},      [SIGN_CLOCK_OFF] = {10, LEVEL_GREEN, 0.3},
    [SIGN_CLOCK_LEAPS] = {3, LEVEL_GREEN, 0.4}, [SIGN_FLOOD] = {1, LEVEL_YELLOW, 0.6},
    [SIGN_REPLAY] = {1, LEVEL_YELLOW, 0.7},
};

static void emit(const struct detect_context *context, const struct distrusted_state *state, enum sign sign,
                 unsigned flags)
{
    struct finding finding = detect_finding(context, sign, ways[sign].level, ways[sign].score);
    detect_add_key(&finding, &state->first);
    finding.flags = (uint8_t)flags;
    finding.numbers[0] = state->counts[sign];
    finding.numbers[1] = (double)(state->since_ms / 1000);
    detect_emit(context, &finding);
}

static void note(const struct detect_context *context, struct distrusted_state *state, enum sign sign,
                 uint32_t count, const struct event_key *key)
{
    if (state->since_ms == 0) {
        state->since_ms = context->t_ms;
        detect_key_set(&state->first, key);
        detect_arm(context, context->t_ms + QUIET_MS);
    }
    state->last_ms = context->t_ms;
    state->counts[sign] = count < UINT32_MAX - state->counts[sign] ? state->counts[sign] + count : UINT32_MAX;
    if (state->noted & 1U << sign || state->counts[sign] < ways[sign].enough)
        return;
    state->noted |= (uint8_t)(1U << sign);
    emit(context, state, sign, FINDING_RECORD);
    detect_arm(context, context->t_ms + SETTLE_MS);
}

static const struct lane_track *track_of(const struct distrusted_state *state, const struct event *event)
{
    return &state->lanes[event->key.lane == LANE_ROUTINE];
}

/* Epoch and number of a foreign device's event are made by us and say nothing about it. */
static bool is_foreign(const struct event *event)
{
    return event->key.seq >= SEQUENCE_FOREIGN;
}

static bool tells_time(const struct event *event)
{
    return !is_foreign(event) && !(event->flags & (EVENT_NO_TIME | EVENT_AT_BAD));
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    const struct distrusted_state *state = detect_peek(context, &detector_distrusted, context->owner.no);
    const struct lane_track *track = track_of(state, event);
    if (event->flags & EVENT_AT_BAD || (!is_foreign(event) && event->key.epoch != track->epoch))
        return true;
    return tells_time(event) &&
           (event->at_ms >= track->at_ms + LEAP_MS || event->at_ms <= track->at_ms - LEAP_MS);
}

/* True: the lane had left this epoch before. */
static bool change_epoch(struct lane_track *track, uint32_t epoch)
{
    unsigned at = 0;
    while (at < EPOCHS_BEFORE && track->before[at] != epoch)
        at++;
    const bool back = at < EPOCHS_BEFORE && epoch != 0;
    if (at == EPOCHS_BEFORE)
        at--;
    memmove(&track->before[1], &track->before[0], at * sizeof(track->before[0]));
    track->before[0] = track->epoch;
    track->epoch = epoch;
    track->at_ms = 0;
    track->seq = 0;
    return back;
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct distrusted_state *state = opaque;
    struct lane_track *track = &state->lanes[event->key.lane == LANE_ROUTINE];
    if (!is_foreign(event) && event->key.epoch != track->epoch && change_epoch(track, event->key.epoch))
        note(context, state, SIGN_CLONE, 1, &event->key);
    if (event->flags & EVENT_AT_BAD)
        note(context, state, SIGN_CLOCK_OFF, 1, &event->key);
    if (!tells_time(event))
        return;
    const bool later = event->key.seq > track->seq;
    if (track->at_ms != 0 && event->at_ms <= track->at_ms - LEAP_MS) {
        if (!later)
            return; /* it waited for its turn */
        note(context, state, SIGN_CLOCK_LEAPS, 1, &event->key);
    } else if (event->at_ms < track->at_ms + LEAP_MS) {
        return;
    }
    track->at_ms = event->at_ms;
    track->seq = event->key.seq;
}

static void on_conduct(const struct detect_context *context, void *opaque, const struct conduct *conduct)
{
    static const uint8_t signs[CONDUCT_COUNT] = {
        [CONDUCT_FLOOD] = SIGN_FLOOD, [CONDUCT_REPLAY] = SIGN_REPLAY};
    /* An alert's id derives from its first event, and what was not taken has none that could not come again:
     * the moment takes its place. */
    const struct event_key key = {.device = conduct->device,
                                  .epoch = conduct->epoch,
                                  .seq = (uint64_t)context->t_ms,
                                  .lane = conduct->lane};
    note(context, opaque, (enum sign)signs[conduct->kind], conduct->count, &key);
}

static bool county_is_told(const struct detect_context *context)
{
    const uint32_t no = context->household == REGISTRY_NONE
                            ? REGISTRY_NONE
                            : detect_territory(context, &detector_distrusted_many, context->household);
    return no != REGISTRY_NONE && distrusted_many_is_on(detect_peek(context, &detector_distrusted_many, no));
}

static void tell(const struct detect_context *context, struct distrusted_state *state)
{
    const unsigned due = state->noted & ~(unsigned)state->told;
    const bool quietly = due != 0 && county_is_told(context);
    for (unsigned sign = 0; sign < SIGNS; sign++) {
        if (!(due & 1U << sign) || quietly)
            continue;
        emit(context, state, (enum sign)sign, 0);
        if (state->level < 1 + ways[sign].level)
            state->level = (uint8_t)(1 + ways[sign].level);
    }
    state->told = state->noted;
}

static void end(const struct detect_context *context, struct distrusted_state *state)
{
    if (state->level != 0) {
        struct finding finding = detect_finding(context, REASON_OVER, (enum level)(state->level - 1), 0);
        detect_add_key(&finding, &state->first);
        finding.flags = FINDING_CLEARS;
        finding.numbers[0] = (double)((context->t_ms - state->last_ms) / 1000);
        detect_emit(context, &finding);
    }
    state->since_ms = state->last_ms = 0;
    memset(&state->first, 0, sizeof state->first);
    memset(state->counts, 0, sizeof state->counts);
    state->noted = state->told = state->level = 0;
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct distrusted_state *state = opaque;
    if (state->since_ms == 0)
        return;
    tell(context, state);
    if (context->t_ms >= state->last_ms + QUIET_MS)
        end(context, state);
    detect_arm(context, state->since_ms != 0 ? state->last_ms + QUIET_MS : TIMER_OFF);
}

/* The timer looks after an episode; an event is always worth the look of `wakes`. */
static bool is_asleep(const void *opaque)
{
    (void)opaque;
    return true;
}

const struct detector detector_distrusted = {
    .name = "distrusted",
    .family = FAMILY_FLEET,
    .state_of = SUBJECT_DEVICE,
    .kinds = UINT32_MAX,
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct distrusted_state),
    .is_asleep = is_asleep,
    .wakes = wakes,
    .on_event = on_event,
    .on_timer = on_timer,
    .on_conduct = on_conduct,
};
