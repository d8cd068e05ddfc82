/* The file is read once into an array with two hash tables (open addressing) beside it: the newest entry of
 * an id, and the entry of a serial number. Each lookup is O(1), so that a batch of a whole county stays
 * linear. */
#include "provision_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/json.h"
#include "provision_files.h"

enum { FIRST_CAP = 1024, PENDING_MAX = 64 << 20 };

static const char name[] = "index.jsonl";

/* ---- tables ---- */

static const char *key_of(const struct index *index, bool by_serial, int32_t at)
{
    return by_serial ? index->entries[at].serial : index->entries[at].id;
}

/* The slot that holds the key, or the free one where it belongs. */
static int32_t *slot_of(const struct index *index, bool by_serial, const char *key)
{
    const struct index_slots *table = by_serial ? &index->by_serial : &index->by_id;
    size_t at = (size_t)hash_table(key, strlen(key)) & (table->size - 1);
    while (table->slots[at] != INDEX_NONE && strcmp(key_of(index, by_serial, table->slots[at]), key) != 0)
        at = (at + 1) & (table->size - 1);
    return &table->slots[at];
}

static void enter(struct index *index, int32_t at)
{
    int32_t *slot = slot_of(index, false, index->entries[at].id);
    index->entries[at].before = *slot;
    *slot = at;
    *slot_of(index, true, index->entries[at].serial) = at;
}

static bool resize(struct index_slots *table, size_t size)
{
    int32_t *slots = realloc(table->slots, size * sizeof(*slots));
    if (slots == NULL)
        return false;
    memset(slots, 0xff, size * sizeof(*slots)); /* INDEX_NONE */
    *table = (struct index_slots){slots, size};
    return true;
}

/* Room for one more entry; the tables stay at most half full. */
static enum err grow(struct index *index)
{
    if (index->count < index->cap)
        return ERR_OK;
    if (index->count >= INDEX_ENTRIES_MAX)
        return ERR_FULL;
    const int32_t cap = index->cap == 0 ? FIRST_CAP : index->cap * 2;
    struct index_entry *entries = realloc(index->entries, (size_t)cap * sizeof(*entries));
    if (entries == NULL)
        return ERR_NOMEM;
    index->entries = entries;
    index->cap = cap;
    if (!resize(&index->by_id, (size_t)cap * 2) || !resize(&index->by_serial, (size_t)cap * 2))
        return ERR_NOMEM;
    for (int32_t i = 0; i < index->count; i++)
        enter(index, i);
    return ERR_OK;
}

static enum err insert(struct index *index, const struct index_entry *entry)
{
    const enum err err = grow(index);
    if (err != ERR_OK)
        return err;
    index->entries[index->count] = *entry;
    enter(index, index->count++);
    return ERR_OK;
}

int32_t index_of_id(const struct index *index, const char *id)
{
    return index->count > 0 ? *slot_of(index, false, id) : INDEX_NONE;
}

int32_t index_of_serial(const struct index *index, const char *serial)
{
    return index->count > 0 ? *slot_of(index, true, serial) : INDEX_NONE;
}

bool index_is_valid(const struct index_entry *entry, int64_t now_s)
{
    return entry->revoked_s == 0 && entry->until_s > now_s &&
           (entry->revoke_at_s == 0 || entry->revoke_at_s > now_s);
}

/* ---- reading ---- */

static bool read_text(const struct json *line, const char *member, char *to, size_t size)
{
    const char *text = json_string(json_get(line, member));
    return text != NULL && text[0] != '\0' && text_copy(to, size, text);
}

static bool read_time(const struct json *line, const char *member, int64_t *ret_s)
{
    const char *text = json_string(json_get(line, member));
    int64_t ms;
    if (text == NULL || clock_parse(text, strlen(text), &ms) != ERR_OK)
        return false;
    *ret_s = ms / 1000;
    return true;
}

/* The entry whose serial stands under `member`. */
static struct index_entry *entry_of(struct index *index, const struct json *line, const char *member)
{
    char serial[PKI_SERIAL_SIZE];
    const int32_t at =
        read_text(line, member, serial, sizeof(serial)) ? index_of_serial(index, serial) : INDEX_NONE;
    return at == INDEX_NONE ? NULL : &index->entries[at];
}

static bool take_issued(struct index *index, const struct json *line, int64_t t_s)
{
    struct index_entry entry = {.issued_s = t_s};
    return read_text(line, "issued", entry.id, sizeof(entry.id)) && text_is_id(entry.id, strlen(entry.id)) &&
           read_text(line, "serial", entry.serial, sizeof(entry.serial)) &&
           strlen(entry.serial) == PKI_SERIAL_SIZE - 1 &&
           index_of_serial(index, entry.serial) == INDEX_NONE &&
           read_text(line, "fingerprint", entry.fingerprint, sizeof(entry.fingerprint)) &&
           read_time(line, "until", &entry.until_s) && insert(index, &entry) == ERR_OK;
}

static bool take_revoked(struct index *index, const struct json *line, int64_t t_s)
{
    struct index_entry *entry = entry_of(index, line, "revoked");
    const char *reason = json_string(json_get(line, "reason"));
    if (entry == NULL || reason == NULL || !pki_reason_parse(reason, &entry->reason))
        return false;
    entry->revoked_s = t_s;
    index->crl_lags = true;
    return true;
}

static bool take_superseded(struct index *index, const struct json *line)
{
    struct index_entry *entry = entry_of(index, line, "superseded");
    return entry != NULL && read_time(line, "revoke_at", &entry->revoke_at_s);
}

static bool take_crl(struct index *index, const struct json *line)
{
    int64_t number;
    if (!json_integer(json_get(line, "crl"), &number) || number <= 0 ||
        !read_time(line, "until", &index->crl_until_s))
        return false;
    index->crl_number = (uint64_t)number;
    index->crl_lags = false;
    return true;
}

static bool take_line(struct index *index, const char *text, size_t len)
{
    struct json *line = NULL;
    int64_t t_s;
    if (json_parse(text, len, &line, NULL) != ERR_OK)
        return false;
    bool taken = read_time(line, "t", &t_s);
    if (taken && json_get(line, "issued") != NULL)
        taken = take_issued(index, line, t_s);
    else if (taken && json_get(line, "revoked") != NULL)
        taken = take_revoked(index, line, t_s);
    else if (taken && json_get(line, "superseded") != NULL)
        taken = take_superseded(index, line);
    else
        taken = taken && take_crl(index, line);
    json_free(line);
    return taken;
}

/* Takes every whole line; *ret_len is where the last of them ends. */
static enum err take_text(struct index *index, const char *path, const struct buf *text, size_t *ret_len)
{
    const char *data = buf_text(text), *end;
    size_t at = 0;
    for (unsigned number = 1; (end = memchr(data + at, '\n', text->len - at)) != NULL; number++) {
        const size_t len = (size_t)(end - data) - at;
        if (!take_line(index, data + at, len)) {
            fprintf(stderr, "huyang provision: %s:%u: is no line of an index\n", path, number);
            return ERR_CORRUPT;
        }
        at += len + 1;
    }
    *ret_len = at;
    return ERR_OK;
}

static enum err lock(const char *folder, bool writing, int *ret_fd)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, folder, name);
    if (err != ERR_OK)
        return err;
    const int fd = open(path, (writing ? O_RDWR | O_APPEND | O_CREAT : O_RDONLY) | O_CLOEXEC, 0600);
    if (fd < 0) {
        files_fault(path, strerror(errno));
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    if (flock(fd, (writing ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
        files_fault(path, "another huyang provision is at work");
        close(fd);
        return ERR_BUSY;
    }
    *ret_fd = fd;
    return ERR_OK;
}

enum err index_open(const char *folder, bool writing, struct index *ret_index)
{
    struct index index = {.fd = -1};
    struct buf text;
    size_t len = 0;
    char path[FILES_PATH_SIZE];
    buf_init(&text, FILES_MAX);
    buf_init(&index.pending, PENDING_MAX);
    enum err err = lock(folder, writing, &index.fd);
    if (err == ERR_OK)
        err = files_join(path, folder, name);
    if (err == ERR_OK)
        err = files_read(folder, name, &text);
    if (err == ERR_OK)
        err = take_text(&index, path, &text, &len);
    if (err == ERR_OK && writing && len < text.len && ftruncate(index.fd, (off_t)len) != 0) {
        files_fault(path, strerror(errno));
        err = ERR_IO;
    }
    if (err == ERR_OK && writing)
        err = files_sync_folder(folder);
    buf_release(&text);
    if (err != ERR_OK)
        index_close(&index);
    else
        *ret_index = index;
    return err;
}

void index_close(struct index *index)
{
    if (index->fd >= 0)
        close(index->fd);
    free(index->entries);
    free(index->by_id.slots);
    free(index->by_serial.slots);
    buf_release(&index->pending);
    *index = (struct index){.fd = -1};
}

/* ---- writing ---- */

static enum err begin_line(struct index *index, int64_t now_s, const char *what)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format(NULL, now_s * 1000, time);
    buf_printf(&index->pending, "{\"t\":\"%s\",\"%s\":", time, what);
    return index->pending.failed ? ERR_NOMEM : ERR_OK;
}

static enum err end_line(struct index *index, const char *member, int64_t at_s)
{
    char time[CLOCK_TEXT_SIZE];
    clock_format(NULL, at_s * 1000, time);
    buf_printf(&index->pending, ",\"%s\":\"%s\"}\n", member, time);
    return index->pending.failed ? ERR_NOMEM : ERR_OK;
}

enum err index_add_issued(struct index *index, const struct pki_info *info, int64_t now_s)
{
    struct index_entry entry = {.issued_s = now_s, .until_s = info->until_s};
    text_copy(entry.id, sizeof(entry.id), info->name);
    text_copy(entry.serial, sizeof(entry.serial), info->serial);
    text_copy(entry.fingerprint, sizeof(entry.fingerprint), info->fingerprint);
    enum err err = insert(index, &entry);
    if (err == ERR_OK)
        err = begin_line(index, now_s, "issued");
    if (err != ERR_OK)
        return err;
    buf_printf(&index->pending, "\"%s\",\"serial\":\"%s\",\"fingerprint\":\"%s\"", info->name, info->serial,
               info->fingerprint);
    return end_line(index, "until", info->until_s);
}

enum err index_add_superseded(struct index *index, int32_t entry, int64_t revoke_at_s, int64_t now_s)
{
    const enum err err = begin_line(index, now_s, "superseded");
    if (err != ERR_OK)
        return err;
    index->entries[entry].revoke_at_s = revoke_at_s;
    buf_printf(&index->pending, "\"%s\"", index->entries[entry].serial);
    return end_line(index, "revoke_at", revoke_at_s);
}

enum err index_add_revoked(struct index *index, int32_t entry, enum pki_reason reason, int64_t now_s)
{
    const enum err err = begin_line(index, now_s, "revoked");
    if (err != ERR_OK)
        return err;
    index->entries[entry].revoked_s = now_s;
    index->entries[entry].reason = reason;
    buf_printf(&index->pending, "\"%s\",\"reason\":\"%s\"}\n", index->entries[entry].serial,
               pki_reason_name(reason));
    return index->pending.failed ? ERR_NOMEM : ERR_OK;
}

enum err index_add_crl(struct index *index, uint64_t number, int64_t until_s, int64_t now_s)
{
    const enum err err = begin_line(index, now_s, "crl");
    if (err != ERR_OK)
        return err;
    index->crl_number = number;
    index->crl_until_s = until_s;
    buf_printf(&index->pending, "%llu", (unsigned long long)number);
    return end_line(index, "until", until_s);
}

enum err index_commit(struct index *index)
{
    const char *data = buf_text(&index->pending);
    size_t left = index->pending.len;
    while (left > 0) {
        const ssize_t written = write(index->fd, data, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            break;
        data += written;
        left -= (size_t)written;
    }
    if (left > 0 || fsync(index->fd) != 0) {
        files_fault(name, strerror(errno));
        return errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    }
    buf_clear(&index->pending);
    return ERR_OK;
}
