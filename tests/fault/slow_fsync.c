/* Preloaded into the gateway by tests/fault: while the file named by $SLOW_FSYNC_FLAG exists, fsync and
 * fdatasync hang; while $FAIL_FSYNC_FLAG exists they fail with EIO. A hung disk is the one fault that cannot
 * be made from outside without a kernel module. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int flagged(const char *variable)
{
    const char *path = getenv(variable);
    return path != NULL && access(path, F_OK) == 0;
}

static int faulty(const char *name, int fd)
{
    while (flagged("SLOW_FSYNC_FLAG"))
        usleep(20000);
    if (flagged("FAIL_FSYNC_FLAG")) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(fd);
}

int fsync(int fd);
int fsync(int fd)
{
    return faulty("fsync", fd);
}

int fdatasync(int fd);
int fdatasync(int fd)
{
    return faulty("fdatasync", fd);
}
