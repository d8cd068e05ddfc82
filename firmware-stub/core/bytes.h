/* Little-endian numbers in byte arrays: how everything stands in flash, whatever the processor. */
#ifndef HUYANG_FIRMWARE_BYTES_H
#define HUYANG_FIRMWARE_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline void device_put_le(uint8_t *bytes, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t device_get_le(const uint8_t *bytes, size_t width)
{
    uint64_t value = 0;

    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

#endif
