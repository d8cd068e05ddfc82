#include "desk.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/hash.h"

static const struct {
    const char *name;
    bool acts;
} modes[DESK_MODE_COUNT] = {
#define X(name, text, does) [DESK_##name] = {#text, does},
    DESK_MODE_MAP(X)
#undef X
};

const char *desk_mode_name(enum desk_mode mode)
{
    return (unsigned)mode < DESK_MODE_COUNT ? modes[mode].name : "none";
}

enum desk_mode desk_mode_from_name(const char *name)
{
    unsigned i = 0;
    while (i < DESK_MODE_COUNT && strcmp(modes[i].name, name) != 0)
        i++;
    return (enum desk_mode)i;
}

bool desk_mode_acts(enum desk_mode mode)
{
    return (unsigned)mode < DESK_MODE_COUNT && modes[mode].acts;
}

struct override {
    char path[128];
    enum desk_mode mode;
    unsigned left; /* 0 = for ever */
    bool used;
};
struct known_id {
    struct hash_id id;
    bool used, acted;
};
struct desk_records {
    pthread_mutex_t mutex;
    enum desk_mode mode;
    struct override overrides[DESK_PATHS_MAX];
    struct known_id *ids; /* open addressing, DESK_IDS_MAX * 2 slots at most */
    size_t id_count, id_cap;
    struct buf lines;
    FILE *file;
};

enum err desk_records_new(const char *path, enum desk_mode mode, struct desk_records **ret_records)
{
    struct desk_records *records = calloc(1, sizeof *records);
    if (!records)
        return ERR_NOMEM;
    if (path) {
        records->file = fopen(path, "ae");
        if (!records->file) {
            free(records);
            return ERR_IO;
        }
    }
    pthread_mutex_init(&records->mutex, NULL);
    buf_init(&records->lines, DESK_RECORDS_BYTES_MAX);
    records->mode = mode;
    *ret_records = records;
    return ERR_OK;
}

void desk_records_free(struct desk_records *records)
{
    if (!records)
        return;
    if (records->file)
        fclose(records->file);
    buf_release(&records->lines);
    free(records->ids);
    pthread_mutex_destroy(&records->mutex);
    free(records);
}

enum desk_mode desk_records_mode(struct desk_records *records, const char *path)
{
    pthread_mutex_lock(&records->mutex);
    enum desk_mode mode = records->mode;
    for (size_t i = 0; i < DESK_PATHS_MAX; i++) {
        struct override *override = &records->overrides[i];
        if (!override->used || strcmp(override->path, path) != 0)
            continue;
        mode = override->mode;
        if (override->left > 0 && --override->left == 0)
            override->used = false;
        break;
    }
    pthread_mutex_unlock(&records->mutex);
    return mode;
}

enum err desk_records_set_mode(struct desk_records *records, const char *path, enum desk_mode mode,
                               unsigned count)
{
    enum err err = ERR_OK;
    pthread_mutex_lock(&records->mutex);
    struct override *place = NULL;
    bool all = strcmp(path, "*") == 0;
    for (size_t i = 0; i < DESK_PATHS_MAX; i++) {
        struct override *override = &records->overrides[i];
        if (all)
            override->used = false;
        else if (override->used && strcmp(override->path, path) == 0)
            place = override;
        else if (!override->used && !place)
            place = override;
    }
    if (all)
        records->mode = mode;
    else if (!place)
        err = ERR_FULL;
    else {
        *place = (struct override){.mode = mode, .left = count, .used = true};
        snprintf(place->path, sizeof place->path, "%s", path);
    }
    pthread_mutex_unlock(&records->mutex);
    return err;
}

static struct known_id *find_id(struct known_id *ids, size_t cap, const struct hash_id *id)
{
    size_t at = (size_t)hash_table(id->bytes, sizeof id->bytes) & (cap - 1);
    while (ids[at].used && memcmp(&ids[at].id, id, sizeof *id) != 0)
        at = (at + 1) & (cap - 1);
    return &ids[at];
}

/* Past the limit or without memory every id is taken for new: the desk is a tool, and says "acted" rather
 * than losing a record. */
static struct known_id *place_id(struct desk_records *records, const struct hash_id *id)
{
    if (records->id_count * 2 >= records->id_cap && records->id_count < DESK_IDS_MAX) {
        size_t cap = records->id_cap ? records->id_cap * 2 : 1024;
        struct known_id *ids = calloc(cap, sizeof *ids);
        if (!ids)
            return NULL;
        for (size_t i = 0; i < records->id_cap; i++)
            if (records->ids[i].used)
                *find_id(ids, cap, &records->ids[i].id) = records->ids[i];
        free(records->ids);
        records->ids = ids;
        records->id_cap = cap;
    }
    struct known_id *known = find_id(records->ids, records->id_cap, id);
    if (!known->used && records->id_count >= DESK_IDS_MAX)
        return NULL;
    return known;
}

void desk_records_note(struct desk_records *records, const char *id, bool may_act, bool *ret_duplicate,
                       bool *ret_acted)
{
    struct hash_id key = hash_id_of(id, strlen(id));
    pthread_mutex_lock(&records->mutex);
    struct known_id *known = place_id(records, &key);
    *ret_duplicate = known && known->used;
    *ret_acted = may_act && !(known && known->acted);
    if (known) {
        records->id_count += !known->used;
        known->id = key;
        known->used = true;
        known->acted = known->acted || *ret_acted;
    }
    pthread_mutex_unlock(&records->mutex);
}

void desk_records_open(struct buf *line, const char *path, const char *id)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    char t[CLOCK_TEXT_SIZE];
    clock_format(NULL, wall.tv_sec * INT64_C(1000) + wall.tv_nsec / 1000000, t);
    buf_printf(line, "{\"t\":\"%s\",\"t_us\":%" PRId64 ",\"path\":", t,
               wall.tv_sec * INT64_C(1000000) + wall.tv_nsec / 1000);
    buf_json_string(line, path);
    buf_puts(line, ",\"id\":");
    buf_json_string(line, id);
}

/* Makes room by dropping the older half, at a line's end. */
static void make_room(struct buf *lines)
{
    char *half = lines->data + lines->len / 2, *end = memchr(half, '\n', lines->len - lines->len / 2);
    size_t from = end ? (size_t)(end + 1 - lines->data) : lines->len;
    memmove(lines->data, lines->data + from, lines->len - from);
    lines->len -= from;
    lines->data[lines->len] = 0;
}

void desk_records_add(struct desk_records *records, const char *line, size_t len)
{
    pthread_mutex_lock(&records->mutex);
    if (records->lines.len + len + 1 > records->lines.max && records->lines.len > 0)
        make_room(&records->lines);
    buf_append(&records->lines, line, len);
    buf_putc(&records->lines, '\n');
    if (records->file) {
        fwrite(line, 1, len, records->file);
        putc('\n', records->file);
        fflush(records->file);
    }
    pthread_mutex_unlock(&records->mutex);
}

void desk_records_copy(struct desk_records *records, struct buf *out)
{
    pthread_mutex_lock(&records->mutex);
    buf_append(out, buf_text(&records->lines), records->lines.len);
    pthread_mutex_unlock(&records->mutex);
}
