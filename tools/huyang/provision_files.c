#include "provision_files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BLOCK = 65536, TREE_FDS = 16 };

void files_fault(const char *what, const char *why)
{
    fprintf(stderr, "huyang provision: %s: %s\n", what, why);
}

static enum err fault(const char *path)
{
    const int why = errno;
    files_fault(path, strerror(why));
    return why == ENOSPC || why == EDQUOT ? ERR_NO_SPACE : ERR_IO;
}

enum err files_join(char path[FILES_PATH_SIZE], const char *folder, const char *name)
{
    const int len = snprintf(path, FILES_PATH_SIZE, "%s/%s", folder, name);
    if (len > 0 && len < FILES_PATH_SIZE)
        return ERR_OK;
    files_fault(folder, "the path is too long");
    return ERR_RANGE;
}

bool files_exist(const char *folder, const char *name)
{
    char path[FILES_PATH_SIZE];
    return files_join(path, folder, name) == ERR_OK && access(path, F_OK) == 0;
}

enum err files_read_path(const char *path, struct buf *out)
{
    char block[READ_BLOCK];
    ssize_t len = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : fault(path);
    while ((len = read(fd, block, sizeof(block))) > 0)
        buf_append(out, block, (size_t)len);
    const enum err err = len < 0 ? fault(path) : out->failed ? ERR_RANGE : ERR_OK;
    if (err == ERR_RANGE)
        files_fault(path, "is too long");
    explicit_bzero(block, sizeof(block));
    close(fd);
    return err;
}

enum err files_read(const char *folder, const char *name, struct buf *out)
{
    char path[FILES_PATH_SIZE];
    const enum err err = files_join(path, folder, name);
    return err == ERR_OK ? files_read_path(path, out) : err;
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        data += written;
        len -= (size_t)written;
    }
    return true;
}

/* Makes a new file; `owner` NULL = whoever makes it. */
static enum err write_file(const char *path, const struct buf *text, mode_t mode, const struct stat *owner,
                           bool sync)
{
    /* A leftover of a process that was killed is of no use, and may have another mode. */
    (void)unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return fault(path);
    enum err err = fchmod(fd, mode) == 0 &&
                           (owner == NULL || fchown(fd, owner->st_uid, owner->st_gid) == 0) &&
                           write_all(fd, buf_text(text), text->len) && (!sync || fsync(fd) == 0)
                       ? ERR_OK
                       : fault(path);
    if (close(fd) != 0 && err == ERR_OK)
        err = fault(path);
    return err;
}

enum err files_stage(const char *folder, const char *name, const struct buf *text, mode_t mode)
{
    char path[FILES_PATH_SIZE];
    const enum err err = files_join(path, folder, name);
    return err == ERR_OK ? write_file(path, text, mode, NULL, false) : err;
}

enum err files_write(const char *folder, const char *name, const struct buf *text, mode_t mode)
{
    char path[FILES_PATH_SIZE], fresh[FILES_PATH_SIZE], fresh_name[FILES_PATH_SIZE];
    struct stat old;
    snprintf(fresh_name, sizeof(fresh_name), ".%s.new", name);
    enum err err = files_join(path, folder, name);
    if (err == ERR_OK)
        err = files_join(fresh, folder, fresh_name);
    if (err != ERR_OK)
        return err;
    const bool keep_owner = geteuid() == 0 && stat(path, &old) == 0;
    err = write_file(fresh, text, mode, keep_owner ? &old : NULL, true);
    if (err == ERR_OK)
        err = files_move(fresh, path);
    return err == ERR_OK ? files_sync_folder(folder) : err;
}

/* Opens the folder, calls `sync` on it. */
static enum err with_folder(const char *folder, int (*sync)(int fd))
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fault(folder);
    const enum err err = sync(fd) == 0 ? ERR_OK : fault(folder);
    close(fd);
    return err;
}

enum err files_sync_all(const char *folder)
{
    return with_folder(folder, syncfs);
}

enum err files_sync_folder(const char *folder)
{
    return with_folder(folder, fsync);
}

enum err files_make_folder(const char *folder, mode_t mode)
{
    return mkdir(folder, mode) == 0 || errno == EEXIST ? ERR_OK : fault(folder);
}

enum err files_move(const char *from, const char *to)
{
    return rename(from, to) == 0 ? ERR_OK : fault(to);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

enum err files_remove_folder(const char *folder)
{
    if (nftw(folder, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return ERR_OK;
    return fault(folder);
}

enum err files_first_line(const char *path, char *line, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fault(path);
    const ssize_t len = read(fd, line, size - 1);
    close(fd);
    if (len < 0)
        return fault(path);
    line[len] = '\0';
    const size_t end = strcspn(line, "\r\n");
    enum err err = ERR_OK;
    if (end == 0 || end == size - 1) {
        files_fault(path, end == 0 ? "its first line is empty" : "its first line is too long");
        err = ERR_INVALID;
    }
    explicit_bzero(line + end, size - end);
    return err;
}
