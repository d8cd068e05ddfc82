/* area-outage: many devices of a village fall silent together: one alert, not one for each.
 *
 * It hears what silent writes down. When at least DEVICES_MIN devices, and one in SHARE of those heard within
 * a day that would be noticed as soon as these, bands that are out aside, have fallen silent within
 * TOGETHER_MS and one of their report intervals (they spoke last at different moments of it, and so fall
 * silent over it), the village is out (yellow): a mast, the power, the provider. While it lasts their own
 * alerts wait (silent.c). It is over when half of those that counted are heard again or after LONG_MS, when
 * each silent device is told for itself. Devices that report seldom are noticed hours after the others: for
 * AGAIN_MS it is still the same outage, and not told again. How many devices the village has is counted at
 * most once an hour. */
#include "detect/area_outage.h"

#include <stddef.h>
#include <string.h>

#include "core/timers.h"
#include "detect/detectors.h"
#include "detect/silent.h"

enum { SILENT_MAX = 64, DEVICES_MIN = 5, SHARE = 3 };
#define TOGETHER_MS    ((int64_t)15 * 60 * 1000)
#define DAY_MS         ((int64_t)24 * 3600 * 1000)
#define LONG_MS        ((int64_t)6 * 3600 * 1000)
#define AGAIN_MS       ((int64_t)6 * 3600 * 1000)
#define INTERVAL_MAX_S 3600
#define COUNTED_MS     ((int64_t)3600 * 1000)

struct silent_device {
    int64_t t_ms;
    uint32_t device;
    uint8_t used;
};
struct area_outage_state {
    int64_t counted_ms; /* when `devices` was counted */
    int64_t since_ms;   /* of the outage that is told, 0 = none */
    struct event_key first;
    uint32_t devices; /* heard within a day before */
    uint32_t out;     /* devices that fell silent in this outage, those beyond the table included */
    uint32_t back;    /* and were heard again */
    struct silent_device silent[SILENT_MAX];
    int64_t counted_after_ms; /* which devices were counted: those that are noticed within so long */
    int64_t over_ms;          /* when the last outage was over */
};

enum { REASON_OUT, REASON_OVER, REASON_LASTS };
static const struct reason reasons[] = {
    [REASON_OUT] = {"area-outage", "{0} devices fell silent together (since {1t}), of {2} in the area",
                    "{0} 台设备同时失联（{1t} 起），该区域共 {2} 台"},
    [REASON_OVER] = {"area-outage-over", "{0} of the devices are heard again", "已有 {0} 台设备恢复消息"},
    [REASON_LASTS] = {"area-outage-lasts",
                      "The outage since {1t} goes on; the devices are reported one by one now",
                      "{1t} 起的区域中断仍在持续，将逐台报告设备"},
};

bool area_outage_is_on(const void *opaque)
{
    const struct area_outage_state *state = opaque;
    return state->since_ms != 0;
}

static void emit(const struct detect_context *context, const struct area_outage_state *state, unsigned reason,
                 double number, unsigned flags)
{
    struct finding finding = detect_finding(context, reason, LEVEL_YELLOW, flags ? 0 : 0.8);
    detect_add_key(&finding, &state->first);
    finding.flags = (uint8_t)flags;
    finding.numbers[0] = number;
    finding.numbers[1] = (double)(state->since_ms / 1000);
    finding.numbers[2] = state->devices;
    detect_emit(context, &finding);
}

/* A device whose silence can say something of the village: one that is there, and would be noticed within
 * after_ms. A band that is out may have come where there is no signal on any day. */
static bool counts(const struct detect_context *context, uint32_t no, int64_t after_ms)
{
    uint32_t wearer = registry_device(context->registry, no)->resident;
    return silent_after_ms(context, no) <= after_ms &&
           (wearer == REGISTRY_NONE || live_resident(context->live, wearer)->at_home != LIVE_NO);
}

/* `after_ms`: in which those that fell silent are noticed. */
static void count_devices(const struct detect_context *context, struct area_outage_state *state,
                          int64_t after_ms)
{
    if (state->counted_ms && context->t_ms - state->counted_ms < COUNTED_MS &&
        state->counted_after_ms == after_ms)
        return;
    state->counted_ms = context->t_ms;
    state->counted_after_ms = after_ms;
    state->devices = 0;
    for (uint32_t no = 0; no < registry_count(context->registry, REGISTRY_DEVICE); no++) {
        const struct device *device = registry_device(context->registry, no);
        int64_t heard_ms = live_device(context->live, no)->heard_ms;
        state->devices +=
            !device->removed && device->household != REGISTRY_NONE && heard_ms &&
            context->t_ms - heard_ms < DAY_MS && counts(context, no, after_ms) &&
            detect_territory(context, &detector_area_outage, device->household) == context->owner.no;
    }
}

static void end(const struct detect_context *context, struct area_outage_state *state, unsigned reason)
{
    emit(context, state, reason, state->back, FINDING_CLEARS);
    state->over_ms = context->t_ms;
    state->since_ms = 0;
    state->out = state->back = 0;
    memset(state->silent, 0, sizeof state->silent);
    detect_arm(context, TIMER_OFF);
}

static void fell_silent(const struct detect_context *context, struct area_outage_state *state,
                        const struct finding *finding)
{
    struct silent_device *place = &state->silent[0];
    unsigned together = 0;
    if (state->since_ms) {
        state->out++;
        return;
    }
    for (unsigned i = 0; i < SILENT_MAX; i++) {
        struct silent_device *other = &state->silent[i];
        if (!other->used || (place->used && other->t_ms < place->t_ms))
            place = other;
    }
    place->used = 1;
    place->t_ms = context->t_ms;
    place->device = finding->evidence[0].device;
    const struct silent_device *earliest = place;
    int64_t after_ms = silent_after_ms(context, place->device);
    uint32_t interval_s = registry_device(context->registry, place->device)->report_interval_s;
    int64_t together_ms =
        TOGETHER_MS + (int64_t)(interval_s < INTERVAL_MAX_S ? interval_s : INTERVAL_MAX_S) * 1000;
    for (unsigned i = 0; i < SILENT_MAX; i++) {
        const struct silent_device *other = &state->silent[i];
        if (!other->used || context->t_ms - other->t_ms > together_ms ||
            !counts(context, other->device, after_ms))
            continue;
        together++;
        if (other->t_ms < earliest->t_ms)
            earliest = other;
    }
    bool same = state->over_ms && context->t_ms - state->over_ms < AGAIN_MS;
    if (together < DEVICES_MIN || same)
        return;
    count_devices(context, state, after_ms);
    if (together * SHARE < state->devices)
        return;
    state->since_ms = earliest->t_ms;
    state->out = together;
    detect_key_set(&state->first, &finding->evidence[0]);
    emit(context, state, REASON_OUT, together, 0);
    detect_arm(context, state->since_ms + LONG_MS);
}

static void on_finding(const struct detect_context *context, void *opaque, const struct finding *finding)
{
    struct area_outage_state *state = opaque;
    if (!finding->evidence_count)
        return;
    if (!(finding->flags & FINDING_CLEARS)) {
        if (finding->flags & FINDING_RECORD)
            fell_silent(context, state, finding);
        return;
    }
    for (unsigned i = 0; i < SILENT_MAX; i++) {
        if (state->silent[i].used && state->silent[i].device == finding->evidence[0].device)
            memset(&state->silent[i], 0, sizeof state->silent[i]);
    }
    if (state->since_ms && ++state->back * 2 >= state->out)
        end(context, state, REASON_OVER);
}

static void on_timer(const struct detect_context *context, void *opaque)
{
    struct area_outage_state *state = opaque;
    if (state->since_ms)
        end(context, state, REASON_LASTS);
}

static const struct detector *const hears[] = {&detector_silent, NULL};

/* Version 1 counted every device of the village. */
static enum err migrate(uint16_t version, const void *value, size_t len, void *state)
{
    if (version != 1 || len != offsetof(struct area_outage_state, counted_after_ms))
        return ERR_UNSUPPORTED;
    memcpy(state, value, len);
    ((struct area_outage_state *)state)->counted_ms = 0;
    return ERR_OK;
}

const struct detector detector_area_outage = {
    .name = "area-outage",
    .family = FAMILY_COVERAGE,
    .state_of = SUBJECT_TERRITORY,
    .territory = TERRITORY_VILLAGE,
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 2,
    .state_size = sizeof(struct area_outage_state),
    .on_timer = on_timer,
    .hears = hears,
    .on_finding = on_finding,
    .migrate = migrate,
};
