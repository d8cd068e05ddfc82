#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_flash.h"

static int write_all(int fd, const uint8_t *bytes, size_t length, off_t offset)
{
    while (length > 0) {
        ssize_t written = pwrite(fd, bytes, length, offset);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        bytes += written;
        offset += written;
        length -= (size_t)written;
    }
    return 0;
}

static int flash_read(void *context, uint32_t offset, void *ret_bytes, size_t length)
{
    struct file_flash *flash = context;
    uint8_t *to = ret_bytes;

    while (length > 0) {
        ssize_t got = pread(flash->fd, to, length, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        to += got;
        offset += (uint32_t)got;
        length -= (size_t)got;
    }
    return 0;
}

static int settle(struct file_flash *flash)
{
    return flash->lazy ? 0 : fdatasync(flash->fd);
}

/* The core only writes where it erased; a file needs no help to keep the bits of such a place. */
static int flash_write(void *context, uint32_t offset, const void *bytes, size_t length)
{
    struct file_flash *flash = context;

    return write_all(flash->fd, bytes, length, (off_t)offset) ? -1 : settle(flash);
}

static int erase_sector(struct file_flash *flash, uint32_t sector)
{
    uint8_t erased[4096];

    memset(erased, 0xff, sizeof erased);
    for (uint32_t at = 0; at < flash->sector_bytes; at += (uint32_t)sizeof erased) {
        size_t length = flash->sector_bytes - at < sizeof erased ? flash->sector_bytes - at : sizeof erased;

        if (write_all(flash->fd, erased, length, (off_t)sector * flash->sector_bytes + at))
            return -1;
    }
    return 0;
}

static int flash_erase(void *context, uint32_t sector)
{
    struct file_flash *flash = context;

    return erase_sector(flash, sector) ? -1 : settle(flash);
}

int file_flash_open(struct file_flash *flash, const char *path, uint32_t sector_bytes, uint32_t sector_count)
{
    struct stat status;
    int error;

    *flash = (struct file_flash){.sector_bytes = sector_bytes, .sector_count = sector_count};
    flash->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (flash->fd < 0)
        return -1;
    if (flock(flash->fd, LOCK_EX | LOCK_NB) || fstat(flash->fd, &status))
        goto failed;
    /* A new file, or one whose making was cut short: the missing end is erased flash. */
    for (uint32_t sector = (uint32_t)(status.st_size / sector_bytes); sector < sector_count; sector++)
        if (erase_sector(flash, sector))
            goto failed;
    if (settle(flash))
        goto failed;
    return 0;

failed:
    error = errno;
    file_flash_close(flash);
    errno = error;
    return -1;
}

void file_flash_close(struct file_flash *flash)
{
    if (flash->fd >= 0)
        close(flash->fd);
    flash->fd = -1;
}

struct device_flash file_flash_driver(struct file_flash *flash)
{
    return (struct device_flash){.context = flash,
                                 .sector_bytes = flash->sector_bytes,
                                 .sector_count = flash->sector_count,
                                 .read = flash_read,
                                 .write = flash_write,
                                 .erase = flash_erase};
}
