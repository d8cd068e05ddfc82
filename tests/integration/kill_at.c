/* Preloaded into `huyang` by test_authority.py and test_resident.py: kills the process (SIGKILL) before its
 * $KILL_AT-th change of the disk, a write cut short in the middle included. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_now(void)
{
    static long count;
    const char *at = getenv("KILL_AT");
    return at != NULL && ++count == strtol(at, NULL, 10);
}

static void count(void)
{
    if (is_now())
        kill(getpid(), SIGKILL);
}

#define CHANGE(type, name, parameters, arguments)                                                            \
    type name parameters;                                                                                    \
    type name parameters                                                                                     \
    {                                                                                                        \
        count();                                                                                             \
        type(*real) parameters = (type(*) parameters)dlsym(RTLD_NEXT, #name);                                \
        return real arguments;                                                                               \
    }

CHANGE(int, fsync, (int fd), (fd))
CHANGE(int, fdatasync, (int fd), (fd))
CHANGE(int, syncfs, (int fd), (fd))
CHANGE(int, rename, (const char *from, const char *to), (from, to))
CHANGE(int, mkdir, (const char *path, mode_t mode), (path, mode))
CHANGE(int, remove, (const char *path), (path))
CHANGE(int, fchmod, (int fd, mode_t mode), (fd, mode))

ssize_t write(int fd, const void *data, size_t len);
ssize_t write(int fd, const void *data, size_t len)
{
    ssize_t (*real)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (fd > 2) { /* not what is told to people */
        count();  /* before any of it */
        if (is_now()) {
            real(fd, data, len / 2); /* half of it */
            kill(getpid(), SIGKILL);
        }
    }
    return real(fd, data, len);
}
