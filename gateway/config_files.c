#include "config_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* At most `size` bytes; more is ERR_RANGE. */
static enum err read_file(int fd, char *text, size_t size, size_t *ret_len)
{
    size_t len = 0;
    for (;;) {
        char extra;
        bool full = len == size;
        ssize_t got = read(fd, full ? &extra : text + len, full ? 1 : size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            break;
        if (full)
            return ERR_RANGE;
        len += (size_t)got;
    }
    *ret_len = len;
    return ERR_OK;
}

enum err config_read_file(const char *path, size_t max, char **ret_text, size_t *ret_len, struct buf *errors)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        enum err missing = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
        if (errors)
            buf_printf(errors, "%s: cannot be opened: %s\n", path, strerrordesc_np(errno));
        return missing;
    }
    size_t len = 0;
    char *text = malloc(max);
    enum err err = text ? read_file(fd, text, max, &len) : ERR_NOMEM;
    close(fd);
    if (err != ERR_OK) {
        if (errors && err == ERR_RANGE)
            buf_printf(errors, "%s: larger than %zu KiB\n", path, max >> 10);
        else if (errors)
            buf_printf(errors, "%s: %s\n", path, err_text(err));
        free(text);
        return err;
    }
    *ret_text = text;
    *ret_len = len;
    return ERR_OK;
}
