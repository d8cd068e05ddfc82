/* A person's lines out of the registry folder. A line that stays is copied byte for byte; a device's line is
 * written anew without whose it is. Each file is made beside the old one, synced, and takes its place. */
#include "store/person_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json.h"
#include "registry/csv.h"

enum { PATH_ROOM = 1024, FILE_MAX = 256 << 20 };

struct scrub {
    const struct person *person;
    struct csv_record head, record;
    const char *text; /* as it is in the file, and a NUL */
    size_t len;
    struct buf *out; /* as it will be */
    uint64_t lines;  /* taken out or changed */
    struct buf *errors;
    const char *name;
};

static enum err complain(const struct scrub *scrub, uint32_t line, const char *why)
{
    buf_printf(scrub->errors, "%s:%u: %s\n", scrub->name, line, why);
    return ERR_INVALID;
}

static const char *value_of_record(const void *self, const char *column)
{
    const struct scrub *scrub = self;
    for (uint32_t i = 0; i < scrub->head.count && i < scrub->record.count; i++)
        if (strcmp(scrub->head.values[i], column) == 0)
            return scrub->record.values[i];
    return "";
}

static void put_cell(struct buf *out, const char *value)
{
    if (strpbrk(value, ",\"\r\n") == NULL) {
        buf_puts(out, value);
        return;
    }
    buf_putc(out, '"');
    for (; *value != '\0'; value++) {
        if (*value == '"')
            buf_putc(out, '"');
        buf_putc(out, *value);
    }
    buf_putc(out, '"');
}

static void put_device(struct scrub *scrub)
{
    for (uint32_t i = 0; i < scrub->record.count; i++) {
        const char *column = i < scrub->head.count ? scrub->head.values[i] : "";
        if (i != 0)
            buf_putc(scrub->out, ',');
        if (strcmp(column, "resident") != 0 && strcmp(column, "household") != 0)
            put_cell(scrub->out, scrub->record.values[i]);
    }
    buf_putc(scrub->out, '\n');
}

static enum err scrub_csv(struct scrub *scrub, enum registry_table table)
{
    struct csv csv;
    enum csv_result result;
    char *copy = malloc(scrub->len + 1);
    if (copy == NULL)
        return ERR_NOMEM;
    memcpy(copy, scrub->text, scrub->len);
    csv_init(&csv, copy, scrub->len);
    enum err err = ERR_OK;
    size_t from = 0; /* the mark of the byte order belongs to the head */
    bool head = true;
    while (err == ERR_OK && (result = csv_next(&csv, head ? &scrub->head : &scrub->record)) != CSV_END) {
        const size_t to = (size_t)(csv.at - copy);
        const enum person_part part = result != CSV_RECORD || head
                                          ? PERSON_KEEP
                                          : person_part(scrub->person, table, value_of_record, scrub);
        if (result == CSV_BAD)
            err = complain(scrub, csv.bad_line, csv.reason);
        else if (part == PERSON_KEEP)
            buf_append(scrub->out, scrub->text + from, to - from);
        else if (part == PERSON_DEVICE)
            put_device(scrub);
        scrub->lines += part != PERSON_KEEP;
        head = false;
        from = to;
    }
    if (err == ERR_OK) /* empty lines at the end */
        buf_append(scrub->out, scrub->text + from, scrub->len - from);
    free(copy);
    return err;
}

/* Behind the value that begins at `at` (an object, with strings in it). */
static size_t object_end(const char *text, size_t len, size_t at)
{
    int depth = 0;
    bool quoted = false;
    for (; at < len; at++) {
        const char c = text[at];
        if (quoted) {
            at += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            return at + 1;
        }
    }
    return len;
}

static const char *value_of_feature(const void *feature, const char *column)
{
    const char *text = json_string(json_get(json_get(feature, "properties"), column));
    return text != NULL ? text : "";
}

/* Is what is to be written a list of so many features, none of them the person's? A file in which they could
 * not be found by their braces is told, never spoilt. */
static enum err check_zones(struct scrub *scrub, size_t kept)
{
    struct json *root = NULL;
    enum err err = json_parse(scrub->out->data, scrub->out->len, &root, NULL);
    const struct json *features = json_get(root, "features");
    bool fine = err == ERR_OK && json_count(features) == kept;
    for (size_t i = 0; fine && i < kept; i++)
        fine =
            person_part(scrub->person, REGISTRY_ZONE, value_of_feature, json_at(features, i)) == PERSON_KEEP;
    json_free(root);
    return fine || err == ERR_NOMEM ? err : complain(scrub, 1, "its features cannot be told apart");
}

/* The features are found by reading the file as JSON; where each stands in the text, by counting braces. */
static enum err scrub_geojson(struct scrub *scrub)
{
    struct json *root = NULL;
    struct json_error error;
    enum err err = json_parse(scrub->text, scrub->len, &root, &error);
    if (err != ERR_OK)
        return err == ERR_NOMEM ? err : complain(scrub, (uint32_t)error.line, error.text);
    const struct json *features = json_get(root, "features");
    const char *key = strstr(scrub->text, "\"features\""), *list = key != NULL ? strchr(key, '[') : NULL;
    if (features == NULL || list == NULL) {
        json_free(root);
        return complain(scrub, 1, "has no list of features");
    }
    size_t at = (size_t)(list - scrub->text) + 1, kept = 0;
    buf_append(scrub->out, scrub->text, at);
    for (size_t i = 0; i < json_count(features); i++) {
        const char *open = strchr(scrub->text + at, '{');
        if (open == NULL)
            break;
        const size_t from = (size_t)(open - scrub->text), to = object_end(scrub->text, scrub->len, from);
        at = to;
        if (person_part(scrub->person, REGISTRY_ZONE, value_of_feature, json_at(features, i)) !=
            PERSON_KEEP) {
            scrub->lines++;
            continue;
        }
        buf_puts(scrub->out, kept == 0 ? "\n" : ",\n");
        buf_append(scrub->out, scrub->text + from, to - from);
        kept++;
    }
    buf_append(scrub->out, scrub->text + at, scrub->len - at);
    json_free(root);
    return scrub->out->failed ? ERR_NOMEM : check_zones(scrub, kept);
}

enum err person_scrub_text(const struct person *person, enum registry_table table, const char *text,
                           size_t len, struct buf *out, struct buf *errors, uint64_t *ret_lines)
{
    char name[64];
    snprintf(name, sizeof(name), "%s.%s", registry_table_name(table),
             table == REGISTRY_ZONE ? "geojson" : "csv");
    struct scrub scrub = {
        .person = person, .text = text, .len = len, .out = out, .errors = errors, .name = name};
    enum err err = table == REGISTRY_ZONE ? scrub_geojson(&scrub) : scrub_csv(&scrub, table);
    if (err == ERR_OK && out->failed)
        err = ERR_NOMEM;
    if (err == ERR_OK)
        *ret_lines += scrub.lines;
    return err;
}

static enum err read_file(const char *path, char **ret_text, size_t *ret_len)
{
    struct stat info;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    char *text = NULL;
    enum err err = fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode) ? ERR_IO
                   : info.st_size > FILE_MAX                                 ? ERR_RANGE
                                                                             : ERR_OK;
    const size_t len = err == ERR_OK ? (size_t)info.st_size : 0;
    if (err == ERR_OK && (text = malloc(len + 1)) == NULL)
        err = ERR_NOMEM;
    if (err == ERR_OK && fread(text, 1, len, file) != len)
        err = ERR_IO;
    fclose(file);
    if (err != ERR_OK) {
        free(text);
        return err;
    }
    text[len] = '\0';
    *ret_text = text;
    *ret_len = len;
    return ERR_OK;
}

static enum err write_file(const struct buf *out, const char *path)
{
    char fresh[PATH_ROOM];
    struct stat info;
    if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh) || stat(path, &info) != 0)
        return ERR_IO;
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, info.st_mode & 0777);
    if (fd < 0)
        return ERR_IO;
    bool fine = true;
    for (size_t at = 0; fine && at < out->len;) {
        const ssize_t wrote = write(fd, out->data + at, out->len - at);
        fine = wrote > 0 || (wrote < 0 && errno == EINTR);
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    fine = fine && fsync(fd) == 0;
    close(fd);
    if (fine && rename(fresh, path) == 0)
        return ERR_OK;
    unlink(fresh);
    return ERR_IO;
}

static enum err scrub_table(const struct person *person, const char *folder, enum registry_table table,
                            bool put, struct buf *errors, uint64_t *ret_lines)
{
    char path[PATH_ROOM], *text = NULL;
    size_t len = 0;
    uint64_t lines = 0;
    struct buf out;
    if (snprintf(path, sizeof(path), "%s/%s.%s", folder, registry_table_name(table),
                 table == REGISTRY_ZONE ? "geojson" : "csv") >= (int)sizeof(path))
        return ERR_RANGE;
    enum err err = read_file(path, &text, &len);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* not every folder has every file */
    buf_init(&out, 2 * len + 1024);
    err = person_scrub_text(person, table, text, len, &out, errors, &lines);
    if (err == ERR_OK && put && lines != 0)
        err = write_file(&out, path);
    if (err == ERR_OK)
        *ret_lines += lines;
    buf_release(&out);
    free(text);
    return err;
}

enum err person_scrub_folder(const struct person *person, const char *folder, bool put, struct buf *errors,
                             uint64_t *ret_lines)
{
    struct stat info;
    if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
        return ERR_NOT_FOUND;
    enum err err = ERR_OK;
    for (unsigned table = 0; table < REGISTRY_TABLES && err == ERR_OK; table++)
        err = scrub_table(person, folder, (enum registry_table)table, put, errors, ret_lines);
    const int fd = put && err == ERR_OK ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        if (fsync(fd) != 0)
            err = ERR_IO;
        close(fd);
    }
    return err;
}
