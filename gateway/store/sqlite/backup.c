/* The main database is copied first, the files of days after it: an input that moves from one to the other
 * meanwhile is in both copies, never in none; the next move writes it over itself. Copies are made in
 * NAME.partial, which the next try removes. The digest of a file is a chain of SHA-256 over blocks, each with
 * the digest before, so that a file of any size takes one block of memory. */
#include "store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/hash.h"
#include "core/text.h"
#include "store/reader.h"
#include "store/sqlite/db.h"

#define MANIFEST "manifest.txt"
#define HEADER   "huyang backup 1\n"
enum { BLOCK = 1 << 20, NAME_SIZE = 64, MANIFEST_MAX = 4 << 20 };

static bool path_of(char path[DB_PATH_SIZE], const char *folder, const char *name)
{
    return snprintf(path, DB_PATH_SIZE, "%s/%s", folder, name) < DB_PATH_SIZE;
}

static enum err failed(struct buf *said, const char *name, const char *what, enum err err)
{
    buf_printf(said, "%s: %s: %s\n", name, what, err_text(err));
    return err;
}

static enum err digest_file(const char *path, uint64_t *ret_size, char ret_hex[2 * SHA256_SIZE + 1])
{
    uint8_t digest[SHA256_SIZE] = {0};
    uint64_t size = 0;
    size_t len;
    FILE *file = fopen(path, "rbe");
    char *block = malloc(SHA256_SIZE + BLOCK);
    enum err err = file == NULL ? ERR_NOT_FOUND : block == NULL ? ERR_NOMEM : ERR_OK;

    while (err == ERR_OK && (len = fread(block + SHA256_SIZE, 1, BLOCK, file)) > 0) {
        memcpy(block, digest, SHA256_SIZE);
        hash_sha256(block, SHA256_SIZE + len, digest);
        size += len;
    }
    if (err == ERR_OK && ferror(file))
        err = ERR_IO;
    if (file != NULL)
        fclose(file);
    free(block);
    *ret_size = size;
    hash_hex(digest, sizeof(digest), ret_hex);
    return err;
}

static enum err sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    const enum err err = fsync(fd) == 0 ? ERR_OK : ERR_IO;
    close(fd);
    return err;
}

/* Removes a folder of ours and what is in it, two levels deep; nothing there is fine. */
static void remove_tree(const char *folder, int depth)
{
    char path[DB_PATH_SIZE];
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            path_of(path, folder, entry->d_name) && unlink(path) != 0 && depth > 0)
            remove_tree(path, depth - 1);
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

/* Is the copy a whole database by SQLite's own check? */
static enum err check_copy(sqlite3 *db)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(db, "PRAGMA integrity_check(1)", &s);
    if (err != ERR_OK)
        return err;
    if (sqlite3_step(s) != SQLITE_ROW || strcmp(db_text(s, 0), "ok") != 0)
        err = ERR_CORRUPT;
    sqlite3_finalize(s);
    return err;
}

/* One database as of one moment. SQLite copies page by page under one read transaction; a writer goes on
 * meanwhile. */
static enum err copy_database(const char *from, const char *to)
{
    sqlite3 *source = NULL, *copy = NULL;
    enum err err =
        db_err(source, sqlite3_open_v2(from, &source, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
    if (err == ERR_OK)
        err = db_err(source, sqlite3_db_config(source, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL));
    int fd = err == ERR_OK ? open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (err == ERR_OK && fd < 0)
        err = errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    if (fd >= 0)
        close(fd);
    if (err == ERR_OK)
        err = db_err(copy, sqlite3_open_v2(to, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    sqlite3_backup *backup = err == ERR_OK ? sqlite3_backup_init(copy, "main", source, "main") : NULL;
    if (err == ERR_OK && backup == NULL)
        err = ERR_IO;
    if (backup != NULL) {
        sqlite3_busy_timeout(source, 2000);
        const int code = sqlite3_backup_step(backup, -1);
        const int end = sqlite3_backup_finish(backup);
        err = db_err(copy, code == SQLITE_DONE ? end : code == SQLITE_OK ? SQLITE_BUSY : code);
    }
    /* A file of its own, without a log beside it; the gateway turns the log on again. */
    if (err == ERR_OK)
        err = db_exec(copy, "PRAGMA journal_mode=DELETE");
    if (err == ERR_OK)
        err = check_copy(copy);
    sqlite3_close(source);
    sqlite3_close(copy);
    return err == ERR_OK ? sync_path(to) : err;
}

struct work {
    const char *from, *to;
    struct buf manifest, *said;
};

static enum err take(struct work *work, const char *name)
{
    char from[DB_PATH_SIZE], to[DB_PATH_SIZE], hex[2 * SHA256_SIZE + 1];
    uint64_t size = 0;
    if (!path_of(from, work->from, name) || !path_of(to, work->to, name))
        return ERR_RANGE;
    if (access(from, F_OK) != 0)
        return failed(work->said, name, "is not there", ERR_NOT_FOUND);
    enum err err = copy_database(from, to);
    if (err == ERR_OK)
        err = digest_file(to, &size, hex);
    if (err != ERR_OK)
        return failed(work->said, name, "cannot be copied", err);
    buf_printf(&work->manifest, "%s %llu %s\n", name, (unsigned long long)size, hex);
    buf_printf(work->said, "%s  %llu bytes\n", name, (unsigned long long)size);
    return ERR_OK;
}

static enum err take_archive(struct work *work)
{
    char folder[DB_PATH_SIZE], name[NAME_SIZE];
    enum err err = ERR_OK;
    if (!path_of(folder, work->from, "archive"))
        return ERR_RANGE;
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return ERR_OK;
    const struct dirent *entry;
    char to[DB_PATH_SIZE];
    if (!path_of(to, work->to, "archive") || mkdir(to, 0700) != 0)
        err = ERR_IO;
    while (err == ERR_OK && (entry = readdir(dir)) != NULL) {
        const size_t len = strlen(entry->d_name);
        if (len != 13 || strcmp(entry->d_name + 10, ".db") != 0)
            continue;
        snprintf(name, sizeof(name), "archive/%.13s", entry->d_name);
        err = take(work, name);
        if (err == ERR_NOT_FOUND) /* its time came meanwhile */
            err = ERR_OK;
    }
    closedir(dir);
    return err;
}

static enum err write_manifest(const struct work *work)
{
    char path[DB_PATH_SIZE];
    if (!path_of(path, work->to, MANIFEST))
        return ERR_RANGE;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    const ssize_t written = write(fd, work->manifest.data, work->manifest.len);
    enum err err = written == (ssize_t)work->manifest.len && fsync(fd) == 0 ? ERR_OK : ERR_IO;
    close(fd);
    return err == ERR_OK ? sync_path(work->to) : err;
}

/* The chains of the copy's audit trail. */
static enum err check_audit(const char *folder)
{
    struct reader *reader = NULL;
    uint64_t rows;
    enum err err = reader_open(folder, &reader);
    if (err == ERR_OK)
        err = reader_audit(reader, &rows);
    reader_close(reader);
    return err;
}

enum err backup_make(const char *state_dir, const char *to, struct buf *said)
{
    char partial[DB_PATH_SIZE], accounts[DB_PATH_SIZE];
    struct work work = {.from = state_dir, .to = partial, .said = said};
    if (snprintf(partial, sizeof(partial), "%s.partial", to) >= (int)sizeof(partial) ||
        !path_of(accounts, state_dir, "accounts.db"))
        return ERR_RANGE;
    if (access(to, F_OK) == 0)
        return failed(said, to, "is there already", ERR_BUSY);
    remove_tree(partial, 1);
    if (mkdir(partial, 0700) != 0)
        return failed(said, partial, strerror(errno), ERR_IO);
    buf_init(&work.manifest, MANIFEST_MAX);
    buf_puts(&work.manifest, HEADER);
    enum err err = take(&work, DB_FILE);
    if (err == ERR_OK && access(accounts, F_OK) == 0)
        err = take(&work, "accounts.db");
    if (err == ERR_OK)
        err = take_archive(&work);
    if (err == ERR_OK && (err = check_audit(partial)) != ERR_OK)
        failed(said, DB_FILE, "the audit trail does not hold", err);
    if (err == ERR_OK)
        err = work.manifest.failed ? ERR_NOMEM : write_manifest(&work);
    if (err == ERR_OK && rename(partial, to) != 0)
        err = failed(said, to, strerror(errno), ERR_IO);
    buf_release(&work.manifest);
    if (err != ERR_OK)
        remove_tree(partial, 1);
    return err;
}

/* ---- the way back ---- */

/* "huyang.db", "accounts.db" or "archive/2026-03-01.db", and nothing that leads elsewhere. */
static bool name_is_ours(const char *name)
{
    if (strcmp(name, DB_FILE) == 0 || strcmp(name, "accounts.db") == 0)
        return true;
    return strncmp(name, "archive/", 8) == 0 && strlen(name) == 21 && strspn(name + 8, "0123456789-") == 10 &&
           strcmp(name + 18, ".db") == 0;
}

static enum err bring_back(struct work *work, const char *name, uint64_t size, const char *hex)
{
    char from[DB_PATH_SIZE], to[DB_PATH_SIZE], found[2 * SHA256_SIZE + 1];
    uint64_t found_size = 0;
    if (!name_is_ours(name))
        return failed(work->said, name, "does not belong into a backup", ERR_CORRUPT);
    if (!path_of(from, work->from, name) || !path_of(to, work->to, name))
        return ERR_RANGE;
    enum err err = digest_file(from, &found_size, found);
    if (err == ERR_OK && (found_size != size || strcmp(found, hex) != 0))
        err = ERR_CORRUPT;
    if (err != ERR_OK)
        return failed(work->said, name, "is not what the manifest says", ERR_CORRUPT);
    char folder[DB_PATH_SIZE];
    if (strchr(name, '/') && path_of(folder, work->to, "archive") && mkdir(folder, 0700) != 0 &&
        errno != EEXIST)
        return ERR_IO;
    err = copy_database(from, to);
    if (err != ERR_OK)
        return failed(work->said, name, "cannot be copied", err);
    buf_printf(work->said, "%s  %llu bytes\n", name, (unsigned long long)size);
    return ERR_OK;
}

/* "NAME SIZE DIGEST" */
static bool read_line(char *line, char name[NAME_SIZE], int64_t *ret_size, char hex[2 * SHA256_SIZE + 1])
{
    line[strcspn(line, "\n")] = '\0';
    char *size = strchr(line, ' '), *digest = size != NULL ? strchr(size + 1, ' ') : NULL;
    if (digest == NULL)
        return false;
    *size = *digest = '\0';
    return text_copy(name, NAME_SIZE, line) && text_to_int(size + 1, 0, INT64_MAX, ret_size) &&
           text_copy(hex, 2 * SHA256_SIZE + 1, digest + 1);
}

static enum err bring_all(struct work *work)
{
    char path[DB_PATH_SIZE], line[256], name[NAME_SIZE], hex[2 * SHA256_SIZE + 1];
    int64_t size;
    bool main_file = false;
    enum err err = ERR_OK;
    FILE *file = path_of(path, work->from, MANIFEST) ? fopen(path, "re") : NULL;
    if (file == NULL)
        return failed(work->said, work->from, "has no " MANIFEST ": not a backup", ERR_CORRUPT);
    if (fgets(line, sizeof(line), file) == NULL || strcmp(line, HEADER) != 0)
        err = failed(work->said, MANIFEST, "is not of a backup that is known here", ERR_CORRUPT);
    while (err == ERR_OK && fgets(line, sizeof(line), file) != NULL) {
        err = read_line(line, name, &size, hex) ? bring_back(work, name, (uint64_t)size, hex)
                                                : failed(work->said, MANIFEST, "cannot be read", ERR_CORRUPT);
        main_file |= err == ERR_OK && strcmp(name, DB_FILE) == 0;
    }
    fclose(file);
    if (err == ERR_OK && !main_file)
        err = failed(work->said, MANIFEST, "does not name " DB_FILE, ERR_CORRUPT);
    return err;
}

enum err backup_restore(const char *from, const char *state_dir, struct buf *said)
{
    char partial[DB_PATH_SIZE];
    struct work work = {.from = from, .to = partial, .said = said};
    if (snprintf(partial, sizeof(partial), "%s.partial", state_dir) >= (int)sizeof(partial))
        return ERR_RANGE;
    /* Only an empty folder makes way. */
    if (rmdir(state_dir) != 0 && errno != ENOENT)
        return failed(said, state_dir, "is in use or was: restore into a new folder, or move this one away",
                      ERR_BUSY);
    remove_tree(partial, 1);
    if (mkdir(partial, 0700) != 0)
        return failed(said, partial, strerror(errno), ERR_IO);
    enum err err = bring_all(&work);
    if (err == ERR_OK && (err = check_audit(partial)) != ERR_OK)
        failed(said, DB_FILE, "the audit trail does not hold", err);
    if (err == ERR_OK)
        err = sync_path(partial);
    if (err == ERR_OK && rename(partial, state_dir) != 0)
        err = failed(said, state_dir, strerror(errno), ERR_IO);
    if (err != ERR_OK)
        remove_tree(partial, 1);
    return err;
}
