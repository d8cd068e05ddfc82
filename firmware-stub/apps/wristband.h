/*
 * wristband: the small application of an issued wristband, on top of core/device.h: a heartbeat with the last
 * position each report interval, the SOS button, falls, the silent suspicion button, the check-in button.
 *
 * The owner feeds sensors and buttons and drives `device` (link, messages, speaker) itself; it calls
 * wristband_tick() instead of device_tick(). One thread, no heap.
 */
#ifndef HUYANG_FIRMWARE_WRISTBAND_H
#define HUYANG_FIRMWARE_WRISTBAND_H

#include "../core/device.h"

enum {
    WRISTBAND_INTERVAL_S = 600, /* usual time between two reports */
    WRISTBAND_INTERVAL_MIN_S = 10,
    WRISTBAND_INTERVAL_MAX_S = 86400,
    WRISTBAND_FALL_CANCEL_MS = 30000, /* how long the wearer may say that it was no fall */
    WRISTBAND_FIX_FRESH_MS = 900000,  /* a position older than this is not sent along */
};

/* DEVICE_OK or an error of device.h; this one besides: there is nothing to cancel any more. */
enum { WRISTBAND_ERROR_NOTHING = -10 };

struct wristband {
    struct device_core device;
    uint32_t interval_s;       /* in force now */
    uint32_t own_interval_s;   /* the one told for good, else the device's own */
    int64_t interval_until_ms; /* when its own comes back; INT64_MAX = until told otherwise */
    int64_t report_ms;         /* when the next report is due */
    struct device_heartbeat heartbeat;
    struct device_fix fix;
    int64_t fix_ms;  /* when it was taken; INT64_MIN = never */
    bool sos;        /* pressed and not cancelled */
    int64_t fall_ms; /* until when a fall can be cancelled; INT64_MIN = none */
};

/* config.kind is set here; config->hal.entropy must be there. interval_s 0 = the usual one. */
int wristband_init(struct wristband *band, const struct device_config *config, uint32_t interval_s,
                   int64_t now_ms);

int wristband_sos(struct wristband *band, int64_t now_ms);
int wristband_sos_cancel(struct wristband *band, int64_t now_ms);
int wristband_fall(struct wristband *band, int64_t now_ms);
int wristband_fall_cancel(struct wristband *band, int64_t now_ms);

/* Silent: a vibration, no sound, nothing on the screen. */
int wristband_suspicion(struct wristband *band, int64_t now_ms);
int wristband_check_in(struct wristband *band, int64_t now_ms);
int wristband_presence(struct wristband *band, bool at_home, Huyang__V1__PresenceSource source,
                       int64_t now_ms);
int wristband_vitals(struct wristband *band, const struct device_vitals *vitals, int64_t now_ms);
int wristband_steps(struct wristband *band, uint32_t steps, int64_t now_ms);
int wristband_tamper(struct wristband *band, Huyang__V1__TamperKind kind, int64_t now_ms);

/* A new position; reported now when `report`, else with the next heartbeat. */
int wristband_fix(struct wristband *band, const struct device_fix *fix, bool report, int64_t now_ms);

/* What the next heartbeat says; a change of `worn` or a battery at or below 10 % is reported at once. */
int wristband_battery(struct wristband *band, uint32_t percent, bool charging, int64_t now_ms);
int wristband_worn(struct wristband *band, bool worn, int64_t now_ms);

/* Heartbeat and, when it is fresh, the last position, at once. */
int wristband_heartbeat(struct wristband *band, int64_t now_ms);

void wristband_tick(struct wristband *band, int64_t now_ms);
int64_t wristband_next_deadline(const struct wristband *band, int64_t now_ms);

#endif
