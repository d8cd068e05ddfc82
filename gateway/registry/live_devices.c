#include "registry/live_devices.h"

#include <stdlib.h>
#include <string.h>

#include "registry/test_window.h"

bool live_grow(void **array, size_t item, uint32_t old_count, uint32_t count)
{
    if (count <= old_count && *array)
        return true;
    if (!*array)
        return (*array = calloc(count ? count : 1, item)) != NULL;
    void *bigger = realloc(*array, (count ? count : 1) * item);
    if (!bigger)
        return false;
    memset((unsigned char *)bigger + old_count * item, 0, (count - old_count) * item);
    *array = bigger;
    return true;
}

/* Each wristband that has no trend yet gets the next one. */
static bool grow_trends(struct live_devices *devices, const struct registry *registry)
{
    uint32_t wanted = devices->trend_count;
    for (uint32_t no = 0; no < devices->count; no++)
        wanted += devices->rows[no].trend == 0 && registry_device(registry, no)->kind == DEVICE_WRISTBAND;
    void *trends = devices->trends;
    const bool fine = live_grow(&trends, sizeof *devices->trends, devices->trend_count, wanted);
    devices->trends = trends;
    for (uint32_t no = 0; fine && no < devices->count; no++)
        if (devices->rows[no].trend == 0 && registry_device(registry, no)->kind == DEVICE_WRISTBAND)
            devices->rows[no].trend = ++devices->trend_count;
    return fine;
}

bool live_devices_grow(struct live_devices *devices, const struct registry *registry)
{
    const uint32_t count = registry_count(registry, REGISTRY_DEVICE);
    void *rows = devices->rows, *firmwares = devices->firmwares;
    bool fine = live_grow(&rows, sizeof *devices->rows, devices->count, count);
    fine &= live_grow(&firmwares, sizeof *devices->firmwares, LIVE_FIRMWARES_MAX, LIVE_FIRMWARES_MAX);
    devices->rows = rows;
    devices->firmwares = firmwares;
    if (!fine)
        return false;
    if (count > devices->count)
        devices->count = count;
    return grow_trends(devices, registry);
}

void live_devices_release(struct live_devices *devices)
{
    free(devices->rows);
    free(devices->trends);
    free(devices->firmwares);
    *devices = (struct live_devices){.rows = NULL};
}

const struct battery *live_devices_battery(const struct live_devices *devices, uint32_t no)
{
    static const struct battery unseen;
    const uint32_t trend = devices->rows[no].trend;
    return trend ? &devices->trends[trend - 1] : &unseen;
}

const char *live_devices_firmware(const struct live_devices *devices, uint32_t no)
{
    const uint16_t firmware = devices->rows[no].firmware;
    return firmware ? devices->firmwares[firmware - 1].name : "";
}

/* The place of a version, 1 and up; a free one is taken for it. 0: "" or no room. Cost: one comparison a
 * version ever seen, when a device names another one than before. */
static uint16_t find_firmware(struct live_devices *devices, const char *name)
{
    uint32_t place = LIVE_FIRMWARES_MAX;
    if (!name[0])
        return 0;
    for (uint32_t i = 0; i < devices->firmware_count; i++) {
        if (devices->firmwares[i].devices == 0)
            place = place == LIVE_FIRMWARES_MAX ? i : place;
        else if (strcmp(devices->firmwares[i].name, name) == 0)
            return (uint16_t)(i + 1);
    }
    if (place == LIVE_FIRMWARES_MAX) {
        if (devices->firmware_count == LIVE_FIRMWARES_MAX)
            return 0;
        place = devices->firmware_count++;
    }
    text_copy(devices->firmwares[place].name, LIVE_FIRMWARE_SIZE, name);
    return (uint16_t)(place + 1);
}

static void set_firmware(struct live_devices *devices, uint32_t no, const char *name)
{
    struct live_device *row = &devices->rows[no];
    if (strcmp(live_devices_firmware(devices, no), name) == 0)
        return;
    if (row->firmware)
        devices->firmwares[row->firmware - 1].devices--;
    row->firmware = find_firmware(devices, name);
    if (row->firmware)
        devices->firmwares[row->firmware - 1].devices++;
}

void live_devices_on_event(struct live_devices *devices, uint32_t no, int64_t t_ms, const struct event *event)
{
    struct live_device *row = &devices->rows[no];
    row->heard_ms = t_ms > row->heard_ms ? t_ms : row->heard_ms;
    test_window_on_event(row, t_ms, event);
    if (event->kind != EVENT_HEARTBEAT)
        return;
    const struct event_heartbeat *heartbeat = &event->heartbeat;
    if (heartbeat->has_battery) {
        row->has_battery = 1;
        row->battery_percent = heartbeat->battery_percent;
        if (row->trend)
            battery_read(&devices->trends[row->trend - 1], event->at_ms, heartbeat->battery_percent,
                         heartbeat->charging != 0, !heartbeat->has_worn || heartbeat->worn);
    }
    if (heartbeat->firmware[0])
        set_firmware(devices, no, heartbeat->firmware);
    row->charging = heartbeat->charging;
    if (heartbeat->has_worn)
        row->worn = heartbeat->worn ? LIVE_YES : LIVE_NO;
}

void live_devices_get(const struct live_devices *devices, uint32_t no, struct live_device_row *ret_row)
{
    ret_row->now = devices->rows[no];
    ret_row->battery = *live_devices_battery(devices, no);
    text_copy(ret_row->firmware, sizeof ret_row->firmware, live_devices_firmware(devices, no));
}

void live_devices_set(struct live_devices *devices, uint32_t no, const struct live_device_row *row)
{
    struct live_device *to = &devices->rows[no];
    const uint32_t trend = to->trend;
    const uint16_t firmware = to->firmware;
    *to = row->now;
    to->trend = trend;
    to->firmware = firmware;
    if (trend)
        devices->trends[trend - 1] = row->battery;
    set_firmware(devices, no, row->firmware);
}
