#include "device.h"

static void indicate(struct device_core *device, enum device_indication what)
{
    if (device->config.hal.indicate)
        device->config.hal.indicate(device->config.hal.context, what);
}

void device_fallback_recover(struct device_core *device, int64_t now_ms)
{
    struct device_outbox_cursor cursor = {.seq = device->outbox.lanes[DEVICE_URGENT].base};
    struct device_outbox_event event;

    device->fallback = (struct device_fallback){.deadline_ms = INT64_MAX};
    while (device_outbox_read(&device->outbox, DEVICE_URGENT, &cursor, &event)) {
        if (event.kind != HUYANG__V1__EVENT__KIND_SOS)
            continue;
        if (event.mark == HUYANG__V1__SOS_PHASE__SOS_PHASE_CANCELLED)
            device_fallback_cancelled(device);
        else
            device_fallback_pressed(device, event.seq, now_ms);
    }
}

void device_fallback_pressed(struct device_core *device, uint64_t seq, int64_t now_ms)
{
    struct device_fallback *fallback = &device->fallback;

    /* While the first press still counts down, another one must not delay it. */
    if (fallback->sos_seq && fallback->deadline_ms != INT64_MAX)
        return;
    fallback->sos_seq = seq;
    fallback->deadline_ms = now_ms + DEVICE_FALLBACK_AFTER_MS;
}

void device_fallback_cancelled(struct device_core *device)
{
    device->fallback = (struct device_fallback){.deadline_ms = INT64_MAX};
}

void device_fallback_now(struct device_core *device)
{
    device->fallback.deadline_ms = INT64_MAX;
    if (device->config.hal.fallback)
        device->config.hal.fallback(device->config.hal.context);
    device_tell(device, &(struct device_note){.kind = DEVICE_NOTE_FALLBACK, .seq = device->fallback.sos_seq});
    indicate(device, DEVICE_INDICATE_NOT_DELIVERED);
}

void device_fallback_acked(struct device_core *device, uint64_t end)
{
    if (!device->fallback.sos_seq || device->fallback.sos_seq >= end)
        return;
    device_fallback_cancelled(device);
    indicate(device, DEVICE_INDICATE_HELP_TOLD);
}

void device_fallback_renumbered(struct device_core *device, uint64_t from, uint64_t to)
{
    if (device->fallback.sos_seq == from)
        device->fallback.sos_seq = to;
}

void device_fallback_run(struct device_core *device, int64_t now_ms)
{
    struct device_fallback *fallback = &device->fallback;

    if (!fallback->sos_seq)
        return;
    if (fallback->sos_seq < device->outbox.lanes[DEVICE_URGENT].base) {
        /* A full lane dropped it: it will be acknowledged as lost, never as taken. */
        if (fallback->deadline_ms != INT64_MAX)
            device_fallback_now(device);
        device_fallback_cancelled(device);
    } else if (now_ms >= fallback->deadline_ms) {
        device_fallback_now(device);
    }
}
