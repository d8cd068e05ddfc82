/*
 * The flash a device keeps its outbox and its memory in: what the core asks of a driver, nothing more.
 *
 * NOR semantics: erasing a sector sets every byte to 0xff, writing only clears bits. A power cut may end a
 * write after any byte and an erase anywhere in its sector. The owner of the device provides the functions;
 * they are called from the thread that calls the device, and never after device_init()'s caller let the flash
 * go.
 */
#ifndef HUYANG_FIRMWARE_FLASH_H
#define HUYANG_FIRMWARE_FLASH_H

#include <stddef.h>
#include <stdint.h>

struct device_flash {
    void *context;
    uint32_t sector_bytes; /* 2048..65536, a multiple of 4 */
    uint32_t sector_count;
    /* Reads length bytes at an absolute offset; 0, or negative when the medium failed. */
    int (*read)(void *context, uint32_t offset, void *ret_bytes, size_t length);
    /* Clears bits; on return 0 the bytes are durable. Never crosses a sector. */
    int (*write)(void *context, uint32_t offset, const void *bytes, size_t length);
    /* Sets a whole sector to 0xff; on return 0 that is durable. */
    int (*erase)(void *context, uint32_t sector);
};

#endif
