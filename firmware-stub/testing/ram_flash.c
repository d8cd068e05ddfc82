#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ram_flash.h"

bool ram_flash_init(struct ram_flash *flash, uint32_t sector_bytes, uint32_t sector_count)
{
    *flash =
        (struct ram_flash){.sector_bytes = sector_bytes, .sector_count = sector_count, .budget = UINT64_MAX};
    flash->sectors = calloc(sector_count, sizeof *flash->sectors);
    return flash->sectors != NULL;
}

void ram_flash_release(struct ram_flash *flash)
{
    for (uint32_t i = 0; flash->sectors && i < flash->sector_count; i++)
        free(flash->sectors[i]);
    free(flash->sectors);
    *flash = (struct ram_flash){0};
}

void ram_flash_revive(struct ram_flash *flash)
{
    flash->dead = false;
    flash->budget = UINT64_MAX;
}

bool ram_flash_copy(struct ram_flash *to, const struct ram_flash *from)
{
    assert(to->sector_bytes == from->sector_bytes && to->sector_count == from->sector_count);
    to->spent = 0;
    ram_flash_revive(to);
    for (uint32_t i = 0; i < from->sector_count; i++) {
        free(to->sectors[i]);
        to->sectors[i] = from->sectors[i] ? malloc(from->sector_bytes) : NULL;
        if (from->sectors[i] && !to->sectors[i])
            return false;
        if (from->sectors[i])
            memcpy(to->sectors[i], from->sectors[i], from->sector_bytes);
    }
    return true;
}

/* Spends one byte; false when the power goes just before it. */
static bool spend(struct ram_flash *flash)
{
    if (flash->spent >= flash->budget) {
        flash->dead = true;
        return false;
    }
    flash->spent++;
    return true;
}

static int ram_read(void *context, uint32_t offset, void *ret_bytes, size_t length)
{
    const struct ram_flash *flash = context;
    const uint8_t *sector = flash->sectors[offset / flash->sector_bytes];
    uint32_t at = offset % flash->sector_bytes;

    assert(at + length <= flash->sector_bytes);
    if (flash->dead)
        return -1;
    if (sector)
        memcpy(ret_bytes, sector + at, length);
    else
        memset(ret_bytes, 0xff, length);
    return 0;
}

static int ram_write(void *context, uint32_t offset, const void *bytes, size_t length)
{
    struct ram_flash *flash = context;
    uint8_t **sector = &flash->sectors[offset / flash->sector_bytes];
    uint32_t at = offset % flash->sector_bytes;
    const uint8_t *from = bytes;

    assert(at + length <= flash->sector_bytes);
    if (flash->dead)
        return -1;
    if (!*sector) {
        *sector = malloc(flash->sector_bytes);
        if (!*sector)
            return -1;
        memset(*sector, 0xff, flash->sector_bytes);
    }
    for (size_t i = 0; i < length; i++) {
        uint8_t *cell = *sector + at + i;

        if (from[i] & ~*cell)
            flash->violations++;
        if (!spend(flash)) {
            if (flash->torn_bits)
                *cell &= from[i] | 0x55;
            return -1;
        }
        *cell &= from[i];
    }
    return 0;
}

static int ram_erase(void *context, uint32_t index)
{
    struct ram_flash *flash = context;
    uint32_t step = flash->sector_bytes / RAM_FLASH_ERASE_STEPS;

    assert(index < flash->sector_count);
    if (flash->dead)
        return -1;
    for (uint32_t i = 0; i < RAM_FLASH_ERASE_STEPS; i++) {
        /* From the end: the head, which says that the sector is valid, survives longest. That is the hard
         * case. */
        uint32_t from = flash->sector_bytes - (i + 1) * step;

        if (!spend(flash))
            return -1;
        if (flash->sectors[index])
            memset(flash->sectors[index] + from, 0xff, step);
    }
    free(flash->sectors[index]);
    flash->sectors[index] = NULL;
    return 0;
}

struct device_flash ram_flash_driver(struct ram_flash *flash)
{
    return (struct device_flash){.context = flash,
                                 .sector_bytes = flash->sector_bytes,
                                 .sector_count = flash->sector_count,
                                 .read = ram_read,
                                 .write = ram_write,
                                 .erase = ram_erase};
}
