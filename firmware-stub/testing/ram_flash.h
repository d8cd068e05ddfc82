/*
 * ram_flash: a NOR flash in memory, for simulators and tests. An erased sector takes no memory. It can cut
 * the power: after a number of bytes it stops inside a write or an erase and refuses everything until it is
 * revived.
 *
 * Allocates on the heap; a failed allocation is a failing flash. One thread.
 */
#ifndef HUYANG_FIRMWARE_RAM_FLASH_H
#define HUYANG_FIRMWARE_RAM_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#include "../core/flash.h"

enum {
    RAM_FLASH_ERASE_STEPS = 8
}; /* an erase counts as this many bytes and can stop between any two of them */

struct ram_flash {
    uint32_t sector_bytes;
    uint32_t sector_count;
    uint8_t **sectors; /* NULL = erased */
    uint64_t spent;    /* bytes written and erase steps done, ever */
    uint64_t budget;   /* the power goes when spent reaches this; UINT64_MAX = never */
    bool torn_bits;    /* the byte at the cut is half programmed instead of untouched */
    bool dead;
    uint64_t violations; /* writes that tried to set a bit */
};

/* False when there is no memory. */
bool ram_flash_init(struct ram_flash *flash, uint32_t sector_bytes, uint32_t sector_count);
void ram_flash_release(struct ram_flash *flash);

/* The power is back; the contents stay as they were. No further cut until budget is set. */
void ram_flash_revive(struct ram_flash *flash);

/* Makes `to`, of the same size, hold what `from` holds, alive and with nothing spent. False when there is no
 * memory. */
bool ram_flash_copy(struct ram_flash *to, const struct ram_flash *from);

/* The driver a device is given; it borrows flash. */
struct device_flash ram_flash_driver(struct ram_flash *flash);

#endif
