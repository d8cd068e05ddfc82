/* What is held about a person, as files: one walk over the same list that an erasure takes. Ids of staff
 * stand in it where they acted; names and numbers of contacts and visitors do not, for they are about those.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input.h"
#include "store/erase.h"
#include "store/reader.h"
#include "store/sqlite/person_rows.h"
#include "store/sqlite/store_sqlite.h"

enum { ROW_MAX = 8 << 20, SQL_SIZE = 1400, MANIFEST_MAX = 1 << 20 };

struct export
{
    const char *to, *state_dir;
    const struct tz *tz;
    sqlite3 *db;
    struct registry *registry;
    struct person person;
    FILE *file;
    char name[64];
    struct buf row, manifest, index;
    uint64_t lines;
};

static enum err file_begin(struct export *export, const char *name)
{
    char path[DB_PATH_SIZE];
    snprintf(export->name, sizeof(export->name), "%s", name);
    if (snprintf(path, sizeof(path), "%s/%s", export->to, name) >= (int)sizeof(path))
        return ERR_RANGE;
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    export->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    export->lines = 0;
    return export->file != NULL ? ERR_OK : ERR_IO;
}

static enum err put_line(struct export *export)
{
    buf_putc(&export->row, '\n');
    if (export->row.failed)
        return ERR_NOMEM;
    export->lines++;
    return fwrite(export->row.data, 1, export->row.len, export->file) == export->row.len ? ERR_OK : ERR_IO;
}

/* The digest is of what a reader will find: the file is read again. */
static enum err digest_of(const struct export *export, char hex[2 * SHA256_SIZE + 1])
{
    char path[DB_PATH_SIZE];
    uint8_t digest[SHA256_SIZE];
    struct stat info;
    snprintf(path, sizeof(path), "%s/%s", export->to, export->name);
    FILE *file = fopen(path, "re");
    char *text = NULL;
    enum err err = file == NULL || fstat(fileno(file), &info) != 0 ? ERR_IO : ERR_OK;
    if (err == ERR_OK && (text = malloc((size_t)info.st_size + 1)) == NULL)
        err = ERR_NOMEM;
    if (err == ERR_OK && fread(text, 1, (size_t)info.st_size, file) != (size_t)info.st_size)
        err = ERR_IO;
    if (err == ERR_OK) {
        hash_sha256(text, (size_t)info.st_size, digest);
        hash_hex(digest, sizeof(digest), hex);
    }
    free(text);
    if (file != NULL)
        fclose(file);
    return err;
}

static enum err file_end(struct export *export, const char *what)
{
    char hex[2 * SHA256_SIZE + 1];
    const bool fine = fflush(export->file) == 0 && fsync(fileno(export->file)) == 0;
    const bool closed = fclose(export->file) == 0;
    export->file = NULL;
    if (!fine || !closed)
        return ERR_IO;
    const enum err err = digest_of(export, hex);
    if (err != ERR_OK)
        return err;
    buf_printf(&export->manifest, "%s  %s\n", hex, export->name);
    if (what != NULL)
        buf_printf(&export->index, "%-22s %8llu  %s\n", export->name, (unsigned long long)export->lines,
                   what);
    return ERR_OK;
}

static void put_value(struct buf *out, sqlite3_stmt *s, int at)
{
    const unsigned char *bytes;
    switch (sqlite3_column_type(s, at)) {
    case SQLITE_INTEGER: buf_printf(out, "%lld", (long long)sqlite3_column_int64(s, at)); break;
    case SQLITE_FLOAT: buf_printf(out, "%.17g", sqlite3_column_double(s, at)); break;
    case SQLITE_TEXT: buf_json_string(out, db_text(s, at)); break;
    case SQLITE_BLOB:
        bytes = sqlite3_column_blob(s, at);
        buf_putc(out, '"');
        for (int i = 0; i < sqlite3_column_bytes(s, at); i++)
            buf_printf(out, "%02x", bytes[i]);
        buf_putc(out, '"');
        break;
    default: buf_puts(out, "null"); break;
    }
}

static enum err put_columns(struct export *export, sqlite3_stmt *s)
{
    buf_clear(&export->row);
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        buf_putc(&export->row, i == 0 ? '{' : ',');
        buf_json_string(&export->row, sqlite3_column_name(s, i));
        buf_putc(&export->row, ':');
        put_value(&export->row, s, i);
    }
    buf_putc(&export->row, '}');
    return put_line(export);
}

/* In replay's form, as `journal export` writes them. */
static enum err put_input(struct export *export, sqlite3_stmt *s)
{
    struct event events[EVENT_BATCH_MAX];
    struct batch_input stored;
    struct input input;
    input_of_row(s, &stored);
    if (input_decode(stored.n, stored.t_ms, stored.kind, stored.blob, stored.len, events, &input) != ERR_OK)
        return put_columns(export, s);
    buf_clear(&export->row);
    input_to_json(&input, export->registry, export->tz, &export->row);
    return put_line(export);
}

static enum err put_rows(struct export *export, sqlite3 *db, const char *sql,
                         enum err (*put)(struct export *export, sqlite3_stmt *s))
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err = db_prepare(db, sql, &s);
    if (err != ERR_OK)
        return err;
    person_bind(s, &export->person);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        err = put(export, s);
    if (err == ERR_OK)
        err = db_err(db, code);
    sqlite3_finalize(s);
    return err;
}

static enum err put_table(struct export *export, const struct person_rows *rows)
{
    char sql[SQL_SIZE];
    const char *point = strchr(rows->table, '.'), *plain = point != NULL ? point + 1 : rows->table;
    snprintf(sql, sizeof(sql), "SELECT * FROM %s WHERE %s", rows->table, rows->where);
    return put_rows(export, export->db, sql, strcmp(plain, "input") == 0 ? put_input : put_columns);
}

static enum err put_registry_row(void *self, const struct registry_row *row)
{
    struct export *export = self;
    const bool home = row->table == REGISTRY_HOUSEHOLD && row->number == export->person.household_no;
    if (!home && person_part_of_row(&export->person, row) == PERSON_KEEP)
        return ERR_OK;
    const bool other = row->table == REGISTRY_CONTACT || row->table == REGISTRY_VISITOR;
    buf_clear(&export->row);
    buf_printf(&export->row, "{\"table\":\"%s\"", registry_table_name(row->table));
    for (size_t i = 0; i < row->count; i++) {
        const struct registry_field *field = &row->fields[i];
        if (other && field->personal && strcmp(field->column, "relation") != 0)
            continue;
        buf_putc(&export->row, ',');
        buf_json_string(&export->row, field->column);
        buf_putc(&export->row, ':');
        buf_json_string(&export->row, field->value);
    }
    buf_putc(&export->row, '}');
    return put_line(export);
}

static enum err put_registry(struct export *export)
{
    enum err err = file_begin(export, "registry.jsonl");
    if (err == ERR_OK)
        err = registry_rows(export->registry, put_registry_row, export);
    return err == ERR_OK
               ? file_end(
                     export,
                     "the registry: the person, the home, devices, zones, consents; contacts without names")
               : err;
}

static enum err put_database(struct export *export)
{
    char name[64];
    enum err err = ERR_OK;
    for (unsigned i = 0; i < PERSON_ROWS && err == ERR_OK; i++) {
        if (person_rows[i].internal)
            continue;
        snprintf(name, sizeof(name), "%s.jsonl", person_rows[i].table);
        err = file_begin(export, name);
        if (err == ERR_OK)
            err = put_table(export, &person_rows[i]);
        if (err == ERR_OK)
            err = file_end(export, "a table of the county's database (docs/privacy.md)");
    }
    return err;
}

static enum err put_day(struct export *export, const char *day)
{
    char path[DB_PATH_SIZE], name[64];
    sqlite3_stmt *s;
    snprintf(path, sizeof(path), "%s/archive/%.13s", export->state_dir, day);
    enum err err = db_prepare(export->db, "ATTACH ?1 AS day", &s);
    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, path);
    err = db_run(s);
    sqlite3_finalize(s);
    if (err == ERR_OK)
        err = person_inputs(export->db, "day", &export->person);
    for (unsigned i = 0; i < PERSON_DAY_ROWS && err == ERR_OK; i++) {
        snprintf(name, sizeof(name), "%.10s.%s.jsonl", day, person_day_rows[i].table + 4);
        err = file_begin(export, name);
        if (err == ERR_OK)
            err = put_table(export, &person_day_rows[i]);
        if (err == ERR_OK)
            err = file_end(export, "a past day's file");
    }
    const enum err end = db_exec(export->db, "DETACH day");
    return err == ERR_OK ? end : err;
}

static enum err put_days(struct export *export)
{
    char folder[DB_PATH_SIZE];
    const struct dirent *entry;
    enum err err = ERR_OK;
    snprintf(folder, sizeof(folder), "%s/archive", export->state_dir);
    DIR *dir = opendir(folder);
    while (dir != NULL && err == ERR_OK && (entry = readdir(dir)) != NULL)
        if (strlen(entry->d_name) == 13 && strcmp(entry->d_name + 10, ".db") == 0)
            err = put_day(export, entry->d_name);
    if (dir != NULL)
        closedir(dir);
    return err;
}

/* When somebody looked at the person, and at what. */
static enum err put_views(struct export *export)
{
    char path[DB_PATH_SIZE];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/accounts.db", export->state_dir);
    if (access(path, F_OK) != 0)
        return ERR_OK;
    enum err err = db_err(db, sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
    if (err == ERR_OK)
        err = file_begin(export, "viewed.jsonl");
    if (err == ERR_OK)
        err = put_rows(export, db, "SELECT t, what FROM viewed WHERE subject=?3 OR (0 AND ?1=?2) ORDER BY id",
                       put_columns);
    sqlite3_close(db);
    return err == ERR_OK ? file_end(export, "when people looked at the person's data") : err;
}

static enum err put_text(struct export *export, const char *name, const struct buf *text)
{
    enum err err = text->failed ? ERR_NOMEM : file_begin(export, name);
    if (err == ERR_OK && fwrite(text->data, 1, text->len, export->file) != text->len)
        err = ERR_IO;
    return err == ERR_OK ? file_end(export, NULL) : err;
}

static enum err put_all(struct export *export)
{
    char t[CLOCK_TEXT_SIZE];
    clock_format(export->tz, clock_now().wall_ms, t);
    buf_printf(
        &export->index,
        "What is held about resident %s, %s\n数据主体：%s。每行一条 JSON 记录；manifest.txt 为各文件的 "
        "SHA-256。\n\n"
        "One JSON object a line. Times in milliseconds since 1970 UTC; enums as numbers, as in the "
        "database.\n"
        "Not in it: learned routines, which are numbers of the program; what is about other people.\n\n",
        export->person.id, t, export->person.id);
    enum err err = put_registry(export);
    if (err == ERR_OK)
        err = put_database(export);
    if (err == ERR_OK)
        err = put_days(export);
    if (err == ERR_OK)
        err = put_views(export);
    if (err == ERR_OK)
        err = put_text(export, "index.txt", &export->index);
    return err == ERR_OK ? put_text(export, "manifest.txt", &export->manifest) : err;
}

enum err person_export(const char *state_dir, const char *resident, const struct tz *tz, const char *to,
                       struct buf *why)
{
    struct export export = {.to = to, .state_dir = state_dir, .tz = tz};
    buf_init(&export.row, ROW_MAX);
    buf_init(&export.manifest, MANIFEST_MAX);
    buf_init(&export.index, MANIFEST_MAX);
    enum err err = db_open_reader(state_dir, &export.db);
    /* The connection cannot write to the database; its own temporary tables it must. */
    if (err == ERR_OK)
        err = db_exec(export.db, "PRAGMA query_only=0");
    if (err == ERR_OK)
        err = registry_rows_load(export.db, tz, why, &export.registry);
    if (err == ERR_OK)
        err = person_find(export.registry, resident, &export.person);
    if (err == ERR_OK)
        err = person_sets(export.db, export.registry, &export.person);
    if (err == ERR_OK)
        err = person_inputs(export.db, "main", &export.person);
    if (err == ERR_OK && mkdir(to, 0700) != 0)
        err = errno == EEXIST ? ERR_EXISTS : ERR_IO;
    if (err == ERR_OK)
        err = put_all(&export);
    if (err != ERR_OK)
        buf_printf(why, "%s: %s\n", err == ERR_EXISTS || err == ERR_IO ? to : resident, err_text(err));
    if (export.file != NULL)
        fclose(export.file);
    registry_free(export.registry);
    sqlite3_close(export.db);
    buf_release(&export.row);
    buf_release(&export.manifest);
    buf_release(&export.index);
    return err;
}
