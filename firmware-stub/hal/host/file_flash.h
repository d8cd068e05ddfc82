/*
 * file_flash: a NOR flash in one file, for devices that run on a host. Writes are on the disk when they
 * return (fdatasync), unless `lazy`. The file is locked: two processes never run the same device. One thread.
 */
#ifndef HUYANG_HOST_FILE_FLASH_H
#define HUYANG_HOST_FILE_FLASH_H

#include <stdbool.h>

#include "../../core/flash.h"

struct file_flash {
    int fd;
    bool lazy; /* no fdatasync: for simulators that never lose power */
    uint32_t sector_bytes;
    uint32_t sector_count;
};

/* Opens or makes the file. 0, or -1 with errno (EWOULDBLOCK: another process has it). */
int file_flash_open(struct file_flash *flash, const char *path, uint32_t sector_bytes, uint32_t sector_count);
void file_flash_close(struct file_flash *flash);

/* The driver a device is given; it borrows flash. */
struct device_flash file_flash_driver(struct file_flash *flash);

#endif
