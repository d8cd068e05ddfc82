/* The one place of this stage that touches files: a folder's files are read whole, one after the other, and
 * handed to the pure readers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry/load.h"

/* One file after the other goes through the same memory: fresh pages cost more than reading. */
struct file {
    char *data;
    size_t len, cap;
};

static bool make_room(struct file *file, size_t size)
{
    if (size <= file->cap)
        return true;
    free(file->data);
    *file = (struct file){.data = malloc(size)};
    file->cap = file->data ? size : 0;
    return file->data != NULL;
}

/* Reads to the end of the file, and leaves one byte free behind it. 0, or an errno; EFBIG above
 * TABLE_FILE_MAX. */
static int read_whole(const char *path, struct file *file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe of that name must not hold us up */
    if (fd < 0)
        return errno;
    struct stat info;
    int error = 0;
    if (fstat(fd, &info) != 0)
        error = errno;
    else if (!S_ISREG(info.st_mode))
        error = EISDIR;
    else if (info.st_size > TABLE_FILE_MAX)
        error = EFBIG;
    else if (!make_room(file, (size_t)info.st_size + 1))
        error = ENOMEM;
    file->len = 0;
    while (!error && file->len <= (size_t)info.st_size) {
        ssize_t got = read(fd, file->data + file->len, (size_t)info.st_size + 1 - file->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            error = errno;
        if (got <= 0)
            break;
        file->len += (size_t)got;
    }
    if (!error && file->len > (size_t)info.st_size)
        error = EAGAIN; /* It grew under our hands. */
    close(fd);
    return error;
}

static const char *reason_of(int error)
{
    switch (error) {
    case ENOENT: return "does not exist";
    case EISDIR: return "is not a file";
    case EFBIG: return "is larger than 512 MiB";
    case EAGAIN: return "changes while it is read";
    case EACCES: return "may not be read";
    default: return "cannot be read";
    }
}

static void load_file(struct build *build, const char *folder, enum registry_table table, struct file *file)
{
    const struct table_spec *spec = table_spec(table);
    bool geojson = table == REGISTRY_ZONE;
    build_begin(build, table, geojson ? BUILD_GEOJSON : BUILD_CSV);
    char path[4096];
    int path_len = snprintf(path, sizeof path, "%s/%s.%s", folder, spec->name, geojson ? "geojson" : "csv");
    int error = path_len < 0 || (size_t)path_len >= sizeof path ? ENAMETOOLONG : read_whole(path, file);
    if (error == ENOMEM) {
        build->err = ERR_NOMEM;
        return;
    }
    if (error && (error != ENOENT || spec->required)) {
        build_fail(build, 0, NULL, "%s", reason_of(error));
        build->unreadable[table] = true;
    } else if (!error && geojson) {
        load_geojson(build, file->data, file->len);
    } else if (!error) {
        load_csv(build, file->data, file->len);
    }
    build_end(build);
}

enum err registry_load(const char *folder, const struct tz *tz, const struct registry *previous,
                       struct buf *errors, struct registry **ret_registry)
{
    struct build build;
    struct file file = {0};
    build_init(&build, previous, tz, errors);
    for (int table = 0; table < REGISTRY_TABLES && !build.err; table++)
        load_file(&build, folder, (enum registry_table)table, &file);
    free(file.data);
    return build_finish(&build, ret_registry);
}
