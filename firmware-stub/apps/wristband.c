#include <string.h>

#include "wristband.h"

enum { BATTERY_LOW_PERCENT = 10 };

static void indicate(struct wristband *band, enum device_indication what)
{
    const struct device_hal *hal = &band->device.config.hal;

    if (hal->indicate)
        hal->indicate(hal->context, what);
}

static bool fix_fresh(const struct wristband *band, int64_t now_ms)
{
    return band->fix_ms != INT64_MIN && now_ms - band->fix_ms <= WRISTBAND_FIX_FRESH_MS;
}

/* Reports an event together with where it happened, when that is known. */
static int report_with_fix(struct wristband *band, const struct device_event *event, int64_t now_ms)
{
    struct device_event events[2] = {*event, {.kind = HUYANG__V1__EVENT__KIND_FIX, .fix = band->fix}};

    return device_report(&band->device, events, fix_fresh(band, now_ms) ? 2 : 1, now_ms);
}

static bool locate(void *context, int64_t now_ms)
{
    struct wristband *band = context;
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_FIX, .fix = band->fix};

    if (!fix_fresh(band, now_ms))
        event.fix = (struct device_fix){.valid = false};
    return device_report(&band->device, &event, 1, now_ms) == DEVICE_OK;
}

static bool set_interval(void *context, uint32_t interval_s, uint32_t duration_s, int64_t now_ms)
{
    struct wristband *band = context;

    if (interval_s < WRISTBAND_INTERVAL_MIN_S || interval_s > WRISTBAND_INTERVAL_MAX_S)
        return false;
    /* What holds for good must hold after a restart too; what does not ends with it. */
    if (duration_s == 0) {
        if (device_ledger_interval(&band->device.ledger, interval_s))
            return false;
        band->own_interval_s = interval_s;
    }
    band->interval_s = interval_s;
    band->interval_until_ms = duration_s ? now_ms + (int64_t)duration_s * 1000 : INT64_MAX;
    if (now_ms + (int64_t)interval_s * 1000 < band->report_ms)
        band->report_ms = now_ms + (int64_t)interval_s * 1000;
    return true;
}

int wristband_init(struct wristband *band, const struct device_config *config, uint32_t interval_s,
                   int64_t now_ms)
{
    struct device_config own = *config;
    int error;

    own.kind = HUYANG__V1__DEVICE_KIND__DEVICE_KIND_WRISTBAND;
    memset(band, 0, sizeof *band);
    error = device_init(&band->device, &own, now_ms);
    if (error)
        return error;
    band->device.app = (struct device_app){.context = band, .locate = locate, .set_interval = set_interval};
    band->own_interval_s = interval_s ? interval_s : WRISTBAND_INTERVAL_S;
    if (band->device.ledger.interval_s)
        band->own_interval_s = band->device.ledger.interval_s;
    band->interval_s = band->own_interval_s;
    band->interval_until_ms = INT64_MAX;
    band->fix_ms = band->fall_ms = INT64_MIN;
    /* Spread, so that a county whose power came back does not report in one second. */
    band->report_ms = now_ms + (int64_t)(device_random(&band->device) % (band->interval_s * 1000));
    memcpy(band->heartbeat.firmware, own.firmware, sizeof band->heartbeat.firmware);
    return DEVICE_OK;
}

int wristband_sos(struct wristband *band, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_SOS,
                                 .sos = HUYANG__V1__SOS_PHASE__SOS_PHASE_PRESSED};
    int error = report_with_fix(band, &event, now_ms);

    band->sos = true;
    indicate(band, DEVICE_INDICATE_VIBRATE);
    return error;
}

int wristband_sos_cancel(struct wristband *band, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_SOS,
                                 .sos = HUYANG__V1__SOS_PHASE__SOS_PHASE_CANCELLED};

    if (!band->sos)
        return WRISTBAND_ERROR_NOTHING;
    band->sos = false;
    return device_report(&band->device, &event, 1, now_ms);
}

int wristband_fall(struct wristband *band, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_FALL,
                                 .fall = HUYANG__V1__FALL_PHASE__FALL_PHASE_DETECTED};

    band->fall_ms = now_ms + WRISTBAND_FALL_CANCEL_MS;
    indicate(band, DEVICE_INDICATE_VIBRATE);
    return report_with_fix(band, &event, now_ms);
}

int wristband_fall_cancel(struct wristband *band, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_FALL,
                                 .fall = HUYANG__V1__FALL_PHASE__FALL_PHASE_CANCELLED};

    if (band->fall_ms == INT64_MIN || now_ms >= band->fall_ms)
        return WRISTBAND_ERROR_NOTHING;
    band->fall_ms = INT64_MIN;
    return device_report(&band->device, &event, 1, now_ms);
}

int wristband_suspicion(struct wristband *band, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_SUSPICION};
    int error = report_with_fix(band, &event, now_ms);

    indicate(band, DEVICE_INDICATE_VIBRATE);
    return error;
}

int wristband_check_in(struct wristband *band, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_CHECK_IN};

    indicate(band, DEVICE_INDICATE_VIBRATE);
    return device_report(&band->device, &event, 1, now_ms);
}

int wristband_presence(struct wristband *band, bool at_home, Huyang__V1__PresenceSource source,
                       int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_PRESENCE};

    event.presence.at_home = at_home;
    event.presence.source = source;
    return device_report(&band->device, &event, 1, now_ms);
}

int wristband_vitals(struct wristband *band, const struct device_vitals *vitals, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_VITALS, .vitals = *vitals};

    return device_report(&band->device, &event, 1, now_ms);
}

int wristband_steps(struct wristband *band, uint32_t steps, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_ACTIVITY};

    event.activity.has_steps = true;
    event.activity.steps = steps;
    event.activity.motion = steps ? HUYANG__V1__MOTION__MOTION_MOVING : HUYANG__V1__MOTION__MOTION_STILL;
    return device_report(&band->device, &event, 1, now_ms);
}

int wristband_tamper(struct wristband *band, Huyang__V1__TamperKind kind, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_TAMPER, .tamper = kind};

    return device_report(&band->device, &event, 1, now_ms);
}

int wristband_fix(struct wristband *band, const struct device_fix *fix, bool report, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_FIX, .fix = *fix};

    band->fix = *fix;
    band->fix_ms = fix->valid ? now_ms : INT64_MIN;
    return report ? device_report(&band->device, &event, 1, now_ms) : DEVICE_OK;
}

int wristband_heartbeat(struct wristband *band, int64_t now_ms)
{
    struct device_event event = {.kind = HUYANG__V1__EVENT__KIND_HEARTBEAT, .heartbeat = band->heartbeat};

    band->report_ms = now_ms + (int64_t)band->interval_s * 1000;
    return report_with_fix(band, &event, now_ms);
}

int wristband_battery(struct wristband *band, uint32_t percent, bool charging, int64_t now_ms)
{
    struct device_heartbeat *heartbeat = &band->heartbeat;
    bool was_low = heartbeat->has_battery_percent && heartbeat->battery_percent <= BATTERY_LOW_PERCENT;

    heartbeat->has_battery_percent = true;
    heartbeat->battery_percent = percent > 100 ? 100 : percent;
    heartbeat->charging = charging;
    return percent <= BATTERY_LOW_PERCENT && !was_low ? wristband_heartbeat(band, now_ms) : DEVICE_OK;
}

int wristband_worn(struct wristband *band, bool worn, int64_t now_ms)
{
    bool changed = !band->heartbeat.has_worn || band->heartbeat.worn != worn;

    band->heartbeat.has_worn = true;
    band->heartbeat.worn = worn;
    return changed ? wristband_heartbeat(band, now_ms) : DEVICE_OK;
}

void wristband_tick(struct wristband *band, int64_t now_ms)
{
    if (now_ms >= band->interval_until_ms) {
        band->interval_s = band->own_interval_s;
        band->interval_until_ms = INT64_MAX;
    }
    if (now_ms >= band->report_ms)
        (void)wristband_heartbeat(band, now_ms); /* a failing flash is counted by the device */
    device_tick(&band->device, now_ms);
}

int64_t wristband_next_deadline(const struct wristband *band, int64_t now_ms)
{
    int64_t deadline = device_next_deadline(&band->device, now_ms);

    if (band->interval_until_ms < deadline)
        deadline = band->interval_until_ms;
    return band->report_ms < deadline ? band->report_ms : deadline;
}
