/* distrusted-many: many devices of the county become suspicious together: one alert, not one for each. A bad
 * firmware, a wrong time server, or somebody with a bag of copied keys.
 *
 * It hears what distrusted writes down. DEVICES_MIN devices within TOGETHER_MS are many; while that lasts,
 * until QUIET_MS without another one, theirs are not told one by one. */
#include <string.h>

#include "core/timers.h"
#include "detect/detectors.h"
#include "detect/distrusted.h"

enum { DEVICES_MIN = 5, RECENT_MAX = 16 };
#define TOGETHER_MS ((int64_t)15 * 60 * 1000)
#define QUIET_MS    ((int64_t)6 * 3600 * 1000)

struct recent {
    int64_t t_ms; /* 0 = free */
    uint32_t device;
};
struct distrusted_many_state {
    int64_t since_ms, last_ms; /* of what is told; since 0 = nothing */
    struct event_key first;
    struct recent recent[RECENT_MAX];
    uint32_t devices;
};

enum { REASON_MANY, REASON_OVER };
static const struct reason reasons[] = {
    [REASON_MANY] = {"distrusted-many", "{0} devices became suspicious together (since {1t})",
                     "{0} 台设备同时出现可疑行为（{1t} 起）"},
    [REASON_OVER] = {"distrusted-many-over", "No further device for {2m} minutes; there were {0}",
                     "已 {2m} 分钟无新增可疑设备，共 {0} 台"},
};

bool distrusted_many_is_on(const void *opaque)
{
    const struct distrusted_many_state *state = opaque;
    return state->since_ms != 0;
}

static void emit(const struct detect_context *context, const struct distrusted_many_state *state,
                 unsigned reason, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, LEVEL_YELLOW, flags ? 0 : 0.8);
    detect_add_key(&finding, &state->first);
    finding.flags = (uint8_t)flags;
    finding.numbers[0] = state->devices;
    finding.numbers[1] = (double)(state->since_ms / 1000);
    finding.numbers[2] = (double)((context->t_ms - state->last_ms) / 1000);
    detect_emit(context, &finding);
}

/* Its place, or that of whoever was seen longest ago; true: it was there already. */
static bool remember(struct distrusted_many_state *state, uint32_t device, int64_t t_ms)
{
    struct recent *place = &state->recent[0];
    for (unsigned i = 0; i < RECENT_MAX; i++) {
        struct recent *other = &state->recent[i];
        if (other->t_ms != 0 && other->device == device) {
            other->t_ms = t_ms;
            return true;
        }
        if (other->t_ms < place->t_ms)
            place = other;
    }
    *place = (struct recent){.t_ms = t_ms, .device = device};
    return false;
}

static void on_finding(const struct detect_context *context, void *opaque, const struct finding *finding)
{
    struct distrusted_many_state *state = opaque;
    if (!(finding->flags & FINDING_RECORD) || !finding->evidence_count)
        return;
    const bool known = remember(state, finding->evidence[0].device, context->t_ms);
    if (state->since_ms != 0) {
        state->devices += !known;
        state->last_ms = context->t_ms;
        return;
    }
    unsigned together = 0;
    int64_t since_ms = context->t_ms;
    for (unsigned i = 0; i < RECENT_MAX; i++) {
        const struct recent *other = &state->recent[i];
        if (other->t_ms == 0 || context->t_ms - other->t_ms > TOGETHER_MS)
            continue;
        together++;
        if (other->t_ms < since_ms)
            since_ms = other->t_ms;
    }
    if (together < DEVICES_MIN)
        return;
    state->since_ms = since_ms;
    state->last_ms = context->t_ms;
    state->devices = together;
    detect_key_set(&state->first, &finding->evidence[0]);
    emit(context, state, REASON_MANY, 0);
    detect_arm(context, context->t_ms + QUIET_MS);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct distrusted_many_state *state = opaque;
    if (context->t_ms < state->last_ms + QUIET_MS) {
        detect_arm(context, state->last_ms + QUIET_MS);
        return;
    }
    emit(context, state, REASON_OVER, FINDING_CLEARS);
    memset(state, 0, sizeof *state);
    detect_arm(context, TIMER_OFF);
}

static const struct detector *const hears[] = {&detector_distrusted, NULL};

const struct detector detector_distrusted_many = {
    .name = "distrusted-many",
    .family = FAMILY_FLEET,
    .state_of = SUBJECT_TERRITORY,
    .territory = TERRITORY_COUNTY,
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct distrusted_many_state),
    .on_timer = on_timer,
    .hears = hears,
    .on_finding = on_finding,
};
