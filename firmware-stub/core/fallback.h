/*
 * fallback: a device is not helpless without the gateway. An SOS that is not acknowledged 20 s after it was
 * pressed (or, after a reboot, 20 s after that) makes the device call or send an SMS by itself and say "not
 * delivered yet"; once it is acknowledged, it says "help has been told". A cancelled SOS asks for neither.
 */
#ifndef HUYANG_FIRMWARE_FALLBACK_H
#define HUYANG_FIRMWARE_FALLBACK_H

#include <stdbool.h>
#include <stdint.h>

struct device_core;

enum { DEVICE_FALLBACK_AFTER_MS = 20000 };

struct device_fallback {
    uint64_t sos_seq;    /* of the SOS that waits for its acknowledgement; 0 = none */
    int64_t deadline_ms; /* INT64_MAX once the fallback was triggered */
};

/* Finds an SOS that was not acknowledged before the reboot. */
void device_fallback_recover(struct device_core *device, int64_t now_ms);

void device_fallback_pressed(struct device_core *device, uint64_t seq, int64_t now_ms);
void device_fallback_cancelled(struct device_core *device);

/* The SOS could not be stored at all, or was dropped: nobody will ever acknowledge it. */
void device_fallback_now(struct device_core *device);

/* The gateway has committed everything below end. */
void device_fallback_acked(struct device_core *device, uint64_t end);

/* The SOS got another number. */
void device_fallback_renumbered(struct device_core *device, uint64_t from, uint64_t to);

void device_fallback_run(struct device_core *device, int64_t now_ms);

#endif
