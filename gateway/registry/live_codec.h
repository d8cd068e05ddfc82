/* Inside the registry: the stored form of live rows. Every member in the order of its
 * walk, little endian, no padding; newer versions only add at the end. Pure. */
#ifndef HUYANG_REGISTRY_LIVE_CODEC_H
#define HUYANG_REGISTRY_LIVE_CODEC_H

#include "registry/live.h"

enum { LIVE_DEVICE_VERSION = 4, LIVE_VALUE_MAX = 512 };

/* What the registry said when it was last looked at: only a change of it overrides what people did since. */
struct live_imported {
    int64_t status_until_ms;
    uint8_t status;
};

/* Each returns the bytes written. */
size_t live_put_resident(const struct live_resident *row, const struct live_imported *imported,
                         unsigned char to[LIVE_VALUE_MAX]);
size_t live_put_household(const struct live_household *row, unsigned char to[LIVE_VALUE_MAX]);
size_t live_put_device(const struct live_device_row *row, unsigned char to[LIVE_VALUE_MAX]);
size_t live_put_gateway(const struct live_gateway *row, unsigned char to[LIVE_VALUE_MAX]);
size_t live_put_announcement(const struct announcement *row, unsigned char to[LIVE_VALUE_MAX]);
/* False when the bytes are not such a row; the outputs are then untouched. */
bool live_get_resident(const void *from, size_t len, struct live_resident *ret_row,
                       struct live_imported *ret_imported);
bool live_get_household(const void *from, size_t len, struct live_household *ret_row);
/* `version` 1 to LIVE_DEVICE_VERSION. */
bool live_get_device(const void *from, size_t len, uint16_t version, struct live_device_row *ret_row);
bool live_get_gateway(const void *from, size_t len, struct live_gateway *ret_row);
bool live_get_announcement(const void *from, size_t len, struct announcement *ret_row);

#endif
