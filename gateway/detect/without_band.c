/* without-band: a camera saw the resident leave, and the wristband is still at home.
 *
 * Judged by the first word of the band on where it is, from SETTLE_MS to LOOK_MS (or a little more than one
 * of its report intervals, up to LOOK_MAX_MS) after the departure: at home (by its Wi-Fi or BLE, or a fix)
 * means that it was left behind. Yellow for a resident who is known to wander and at night, else green. Over
 * when a camera or a door says that the resident is back: the band's own word that it is at home says
 * nothing. Only where one person lives: in a shared home a camera does not know who left (practice.md 3).
 * Blind spot: whoever comes back within LOOK_MS unseen by the camera. */
#include <string.h>

#include "core/timers.h"
#include "detect/day_slot.h"
#include "detect/detectors.h"
#include "registry/admit.h"

#define SETTLE_MS   ((int64_t)3 * 60 * 1000)
#define LOOK_MS     ((int64_t)20 * 60 * 1000)
#define LOOK_MAX_MS ((int64_t)75 * 60 * 1000)
#define HOME_M      100.0

struct without_band_state {
    int64_t left_ms; /* 0 = not seen to leave, or judged */
    struct event_key first;
    uint8_t told; /* 0 = nothing, else 1 + level */
};

enum { REASON_LEFT_BEHIND, REASON_BACK };
static const struct reason reasons[] = {
    [REASON_LEFT_BEHIND] = {"without-band", "Left home at {0t}; the wristband is still there",
                            "{0t} 外出，手环留在家中"},
    [REASON_BACK] = {"without-band-back", "At home again at {0t}", "{0t} 已回到家中"},
};

static void emit(const struct detect_context *context, const struct without_band_state *state,
                 const struct event *event, uint32_t resident, unsigned reason, enum level level,
                 unsigned flags)
{
    struct finding finding = detect_finding(context, reason, level,
                                            flags                   ? 0
                                            : level == LEVEL_YELLOW ? 0.6
                                                                    : 0.3);
    finding.subject = (struct subject){.kind = SUBJECT_RESIDENT, .no = resident};
    finding.resident = resident;
    detect_add_key(&finding, &state->first);
    detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)((flags ? event->at_ms : state->left_ms) / 1000);
    detect_emit(context, &finding);
}

static bool sees_resident(const struct event *event)
{
    if (event->kind == EVENT_PRESENCE)
        return event->presence.at_home && (event->presence.source == PRESENCE_SOURCE_CAMERA ||
                                           event->presence.source == PRESENCE_SOURCE_DOOR);
    for (unsigned i = 0; event->kind == EVENT_VISIT && i < event->visit.people_count; i++) {
        if (event->visit.people[i].person_class == PERSON_CLASS_RESIDENT)
            return true;
    }
    return false;
}

/* Where the band says it is. */
static enum live_tri band_at_home(const struct detect_context *context, const struct event *event)
{
    struct geo_point p;
    const struct household *home = registry_household(context->registry, context->household);
    if (event->kind == EVENT_PRESENCE)
        return event->presence.at_home ? LIVE_YES : LIVE_NO;
    if (event->kind != EVENT_FIX || !home->has_home || !registry_locate(&event->fix, &p))
        return LIVE_UNKNOWN;
    double radius_m = HOME_M, accuracy_m = event->fix.has_accuracy ? (double)event->fix.accuracy_m : 0;
    if (2 * accuracy_m > radius_m)
        return LIVE_UNKNOWN;
    return geo_distance_m(home->home, p) <= radius_m ? LIVE_YES : LIVE_NO;
}

/* A band on a wrist at home has its wearer with it, who may have come back unseen; one that is off has not.
 */
static int64_t look_ms(const struct detect_context *context, uint32_t resident)
{
    uint32_t band = registry_resident(context->registry, resident)->wristband;
    int64_t report_ms = (int64_t)registry_device(context->registry, band)->report_interval_s * 1250;
    if (live_device(context->live, band)->worn != LIVE_NO || report_ms < LOOK_MS)
        return LOOK_MS;
    return report_ms < LOOK_MAX_MS ? report_ms : LOOK_MAX_MS;
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct without_band_state *state = opaque;
    uint32_t resident = detect_only_resident(context);
    if (resident == REGISTRY_NONE ||
        registry_resident(context->registry, resident)->wristband == REGISTRY_NONE)
        return;
    bool camera = registry_device(context->registry, event->key.device)->kind == DEVICE_CAMERA;
    if (event->kind == EVENT_DEPARTURE && camera) {
        state->left_ms = event->at_ms;
        if (!state->told)
            detect_key_set(&state->first, &event->key);
        return;
    }
    if ((state->left_ms || state->told) && event->at_ms > state->left_ms && sees_resident(event)) {
        if (state->told)
            emit(context, state, event, resident, REASON_BACK, (enum level)(state->told - 1), FINDING_CLEARS);
        memset(state, 0, sizeof *state);
        return;
    }
    if (!state->left_ms || camera || event->at_ms < state->left_ms)
        return;
    enum live_tri at_home = band_at_home(context, event);
    if (at_home != LIVE_NO && event->at_ms < state->left_ms + SETTLE_MS)
        return; /* still within reach; that it is out of it needs no waiting */
    int64_t until_ms = state->left_ms + look_ms(context, resident);
    if (at_home == LIVE_UNKNOWN && event->at_ms <= until_ms)
        return;
    if (at_home == LIVE_YES && event->at_ms <= until_ms &&
        live_resident(context->live, resident)->status == STATUS_ACTIVE && !state->told) {
        bool wanders = registry_resident(context->registry, resident)->tags & (TAG_DEMENTIA | TAG_WANDERED);
        enum level level = wanders || day_is_night(context->tz, state->left_ms) ? LEVEL_YELLOW : LEVEL_GREEN;
        state->told = (uint8_t)(1 + level);
        emit(context, state, event, resident, REASON_LEFT_BEHIND, level, 0);
    }
    state->left_ms = 0;
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    (void)context;
    return event->kind == EVENT_DEPARTURE;
}

const struct detector detector_without_band = {
    .name = "without-band",
    .family = FAMILY_COVERAGE,
    .state_of = SUBJECT_HOUSEHOLD,
    .kinds = EVENT_BIT(EVENT_DEPARTURE) | EVENT_BIT(EVENT_PRESENCE) | EVENT_BIT(EVENT_FIX) |
             EVENT_BIT(EVENT_VISIT),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 1,
    .state_size = sizeof(struct without_band_state),
    .sparse = true,
    .wakes = wakes,
    .on_event = on_event,
};
