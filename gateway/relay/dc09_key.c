#include "relay/dc09_key.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 128 };

/* The file's bytes without the line end an editor leaves behind. */
static const char *read_key(int fd, struct dc09_key *ret_key)
{
    char text[FILE_MAX];
    ssize_t len = read(fd, text, sizeof text);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    bool well = len > 0 && dc09_key_parse(text, (size_t)len, ret_key);
    explicit_bzero(text, sizeof text);
    return well ? NULL : "the key file holds no AES key";
}

const char *dc09_key_load(const char *path, struct dc09_key *ret_key)
{
    struct stat found;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return "the key file cannot be read";
    const char *why = "the key file cannot be read";
    if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode))
        why = found.st_mode & (S_IRWXG | S_IRWXO) ? "the key file is open to group or others"
                                                  : read_key(fd, ret_key);
    close(fd);
    return why;
}
