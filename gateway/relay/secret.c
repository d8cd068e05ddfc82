#include "relay/secret.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char unreadable[] = "the secret file cannot be read";

static const char *read_secret(int fd, uint8_t *bytes, size_t size, size_t *ret_len)
{
    ssize_t len = read(fd, bytes, size);
    while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
        len--;
    if (len < 0)
        return unreadable;
    *ret_len = (size_t)len;
    return len > 0 ? NULL : "the secret file is empty";
}

const char *secret_load(const char *path, uint8_t *bytes, size_t size, size_t *ret_len)
{
    struct stat found;
    *ret_len = 0;
    /* A pipe in its place must not hold the loop. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return unreadable;
    const char *why = unreadable;
    if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode))
        why = found.st_mode & (S_IRWXG | S_IRWXO) ? "the secret file is open to group or others"
                                                  : read_secret(fd, bytes, size, ret_len);
    close(fd);
    return why;
}
