/* Inside the registry: what is known of each device (live.h), kept small. A county of a million residents has
 * more devices than that, and most of what a device could tell it never tells: so the battery's trend stands
 * apart, for wristbands only (a camera hangs on the mains), in memory that is not touched before a band
 * reports a battery; and a firmware's name stands once for all devices that run it.
 *
 * Owned by struct live; grows in live_new and live_rebind, nothing else allocates. */
#ifndef HUYANG_REGISTRY_LIVE_DEVICES_H
#define HUYANG_REGISTRY_LIVE_DEVICES_H

#include "registry/live.h"

/* Different versions in use at once. A device whose version finds no room stands as one that never told. */
enum { LIVE_FIRMWARES_MAX = 1024 };

struct live_firmware {
    char name[LIVE_FIRMWARE_SIZE];
    uint32_t devices; /* that run it; 0 = the place is free */
};
struct live_devices {
    struct live_device *rows;
    struct battery *trends;          /* by row.trend - 1 */
    struct live_firmware *firmwares; /* by row.firmware - 1 */
    uint32_t count, trend_count, firmware_count;
};

/* Room for every device of the registry, and a trend for every wristband. False without memory: it stays as
 * it was. */
MUST_CHECK bool live_devices_grow(struct live_devices *devices, const struct registry *registry);
void live_devices_release(struct live_devices *devices);
void live_devices_on_event(struct live_devices *devices, uint32_t no, int64_t t_ms,
                           const struct event *event);
/* Of device `no`; of one without a trend, one that has seen nothing. */
const struct battery *live_devices_battery(const struct live_devices *devices, uint32_t no);
const char *live_devices_firmware(const struct live_devices *devices, uint32_t no);
/* One device as one value, and back. */
void live_devices_get(const struct live_devices *devices, uint32_t no, struct live_device_row *ret_row);
void live_devices_set(struct live_devices *devices, uint32_t no, const struct live_device_row *row);

/* Grows *array to `count` items, the new ones zero; memory nobody has touched stays untouched where the array
 * is new. False without memory: it stays as it was. */
bool live_grow(void **array, size_t item, uint32_t old_count, uint32_t count);

#endif
