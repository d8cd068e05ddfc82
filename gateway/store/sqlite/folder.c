/* The state folder. The lock is an flock on a file, so that it goes with the process whatever kills it; the
 * pid inside is for people. The ballast is a file of real blocks whose removal gives a full disk enough room
 * for the commits that matter. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "store/sqlite/store_sqlite.h"

static bool path_in(const char *folder, const char *name, char path[DB_PATH_SIZE])
{
    return snprintf(path, DB_PATH_SIZE, "%s/%s", folder, name) < DB_PATH_SIZE;
}

static enum err errno_err(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT: return ERR_NO_SPACE;
    case ENOMEM: return ERR_NOMEM;
    case ENOENT: return ERR_NOT_FOUND;
    default: return ERR_IO;
    }
}

enum err folder_make(const char *folder)
{
    struct stat status;

    if (mkdir(folder, 0700) == 0)
        return ERR_OK;
    if (errno == EEXIST && stat(folder, &status) == 0 && S_ISDIR(status.st_mode))
        return ERR_OK;
    enum err err = errno == EEXIST ? ERR_IO : errno_err(errno);
    log_write(LOG_ERROR, "store.folder", "the state folder cannot be made\tpath=%s\terror=%s", folder,
              strerror(errno));
    return err;
}

enum err folder_lock(const char *folder, int *ret_fd)
{
    char path[DB_PATH_SIZE], text[24] = "";

    if (!path_in(folder, "lock", path))
        return ERR_RANGE;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        enum err err = errno_err(errno);
        log_write(LOG_ERROR, "store.lock", "the lock file cannot be opened\tpath=%s\terror=%s", path,
                  strerror(errno));
        return err;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum err err = errno == EWOULDBLOCK ? ERR_BUSY : errno_err(errno);
        ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
        text[len > 0 ? (size_t)len : 0] = '\0';
        text[strcspn(text, "\n")] = '\0';
        log_write(LOG_ERROR, "store.locked", "another gateway holds this state folder\tfolder=%s\tpid=%s",
                  folder, text);
        close(fd);
        return err;
    }
    /* Only people read the pid: on a full disk it may be missing. */
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        log_write(LOG_WARN, "store.lock", "the pid could not be written\tpath=%s", path);
    *ret_fd = fd;
    return ERR_OK;
}

uint64_t folder_free(const char *folder)
{
    struct statvfs status;

    if (statvfs(folder, &status) != 0)
        return UINT64_MAX;
    return (uint64_t)status.f_bavail * status.f_frsize;
}

bool ballast_make(const char *folder, size_t bytes)
{
    char path[DB_PATH_SIZE];
    struct stat status;

    if (bytes == 0 || !path_in(folder, "ballast", path))
        return false;
    if (stat(path, &status) == 0 && (uint64_t)status.st_size == bytes)
        return true;
    if (folder_free(folder) / 2 < bytes)
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_TRUNC, 0600);
    if (fd < 0)
        return false;
    bool made = posix_fallocate(fd, 0, (off_t)bytes) == 0;
    close(fd);
    if (!made)
        unlink(path);
    return made;
}

bool ballast_release(const char *folder)
{
    char path[DB_PATH_SIZE];

    return path_in(folder, "ballast", path) && unlink(path) == 0;
}
