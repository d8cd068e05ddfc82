#include "store/reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "store/sqlite/audit.h"
#include "store/sqlite/reader_sqlite.h"
#include "store/sqlite/store_sqlite.h"

enum { ALERTS_MAX = 500 };

enum err reader_open(const char *folder, struct reader **ret_reader)
{
    struct reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return ERR_NOMEM;
    enum err err = db_open_reader(folder, &reader->db);
    if (err != ERR_OK) {
        free(reader);
        return err;
    }
    *ret_reader = reader;
    return ERR_OK;
}

void reader_close(struct reader *reader)
{
    if (reader == NULL)
        return;
    for (unsigned i = 0; i < READER_KEPT; i++)
        sqlite3_finalize(reader->kept[i].statement);
    sqlite3_close(reader->db);
    free(reader);
}

enum err reader_keep(struct reader *reader, const char *sql, sqlite3_stmt **ret_statement)
{
    unsigned i = 0;

    while (i < READER_KEPT && reader->kept[i].sql != NULL && reader->kept[i].sql != sql)
        i++;
    assert(i < READER_KEPT);
    if (reader->kept[i].sql == NULL) {
        enum err err = db_prepare(reader->db, sql, &reader->kept[i].statement);
        if (err != ERR_OK)
            return err;
        reader->kept[i].sql = sql;
    }
    *ret_statement = reader->kept[i].statement;
    return ERR_OK;
}

void reader_done(sqlite3_stmt *statement)
{
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

enum err reader_begin(struct reader *reader)
{
    return db_exec(reader->db, "BEGIN");
}

void reader_end(struct reader *reader)
{
    (void)!db_exec(reader->db, "ROLLBACK");
}

void reader_set_zone(struct reader *reader, const struct tz *tz)
{
    reader->tz = tz;
}

/* Whom a filter's resident means: the person, and the home. */
struct about {
    uint32_t resident, household;
};

static enum err find_about(struct reader *reader, const char *id, struct about *ret_about)
{
    char household[ID_SIZE];
    struct about about = {.household = REGISTRY_NONE};
    enum err err = registry_number_of(reader, REGISTRY_RESIDENT, id, &about.resident);

    if (err == ERR_OK &&
        registry_value_of(reader, REGISTRY_RESIDENT, about.resident, "household", household) == ERR_OK)
        err = registry_number_of(reader, REGISTRY_HOUSEHOLD, household, &about.household);
    if (err == ERR_OK)
        *ret_about = about;
    return err;
}

/* The query is put together from fixed pieces, so that the planner sees which index fits; values are bound.
 */
static enum err prepare_alerts(struct reader *reader, const struct reader_filter *filter,
                               const struct about *about, sqlite3_stmt **ret_s)
{
    struct buf sql;

    buf_init(&sql, 1024);
    buf_puts(&sql, "SELECT json, opened, id FROM alert WHERE 1");
    if (filter->state >= 0)
        buf_printf(&sql, " AND state=%d", filter->state);
    if (filter->level >= 0)
        buf_puts(&sql, " AND level>=?1");
    if (filter->family >= 0)
        buf_puts(&sql, " AND family=?2");
    if (about != NULL)
        buf_printf(&sql, " AND ((subject_kind=%d AND subject_no=?3) OR (subject_kind=%d AND subject_no=?4))",
                   SUBJECT_RESIDENT, SUBJECT_HOUSEHOLD);
    if (filter->before_ms != 0)
        buf_puts(&sql, " AND (opened, id) < (?5, ?6)");
    buf_puts(&sql, " ORDER BY opened DESC, id DESC LIMIT ?7");
    enum err err = sql.failed ? ERR_NOMEM : db_prepare(reader->db, buf_text(&sql), ret_s);
    buf_release(&sql);
    return err;
}

/* What a page of the list collects. */
struct page {
    struct buf *out;
    unsigned count;
    int64_t last_ms;
    struct hash_id last_id;
};

static enum err put_item(void *self, const struct reader_item *item)
{
    struct page *page = self;

    if (page->count++ != 0)
        buf_putc(page->out, ',');
    buf_append(page->out, item->json, item->len);
    page->last_ms = item->opened_ms;
    page->last_id = item->id;
    return page->out->failed ? ERR_FULL : ERR_OK;
}

enum err reader_alerts(struct reader *reader, const struct reader_filter *filter, struct buf *out,
                       unsigned *ret_count)
{
    struct page page = {.out = out};

    if (filter->limit > ALERTS_MAX)
        return ERR_RANGE;
    buf_putc(out, '[');
    enum err err = reader_alerts_walk(reader, filter, put_item, &page);
    buf_putc(out, ']');
    if (err == ERR_OK && out->failed)
        err = ERR_FULL;
    if (err == ERR_OK)
        *ret_count = page.count;
    return err;
}

static enum err walk(sqlite3_stmt *s, enum err (*fn)(void *self, const struct reader_item *item), void *self)
{
    enum err err = ERR_OK;
    int code = SQLITE_DONE;

    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct reader_item item = {.opened_ms = sqlite3_column_int64(s, 1)};
        item.json = db_text(s, 0);
        item.len = (size_t)sqlite3_column_bytes(s, 0);
        if (sqlite3_column_bytes(s, 2) != HASH_ID_SIZE)
            err = ERR_CORRUPT;
        else
            memcpy(item.id.bytes, sqlite3_column_blob(s, 2), HASH_ID_SIZE);
        if (err == ERR_OK)
            err = fn(self, &item);
    }
    return err != ERR_OK ? err : db_err(sqlite3_db_handle(s), code);
}

enum err reader_alerts_walk(struct reader *reader, const struct reader_filter *filter,
                            enum err (*fn)(void *self, const struct reader_item *item), void *self)
{
    struct about about;
    sqlite3_stmt *s;
    enum err err = ERR_OK;

    if (filter->limit == 0 || filter->limit > READER_WALK_MAX)
        return ERR_RANGE;
    if (filter->resident != NULL)
        err = find_about(reader, filter->resident, &about);
    if (err == ERR_NOT_FOUND) /* nobody of that name has alerts */
        return ERR_OK;
    if (err == ERR_OK)
        err = prepare_alerts(reader, filter, filter->resident != NULL ? &about : NULL, &s);
    if (err != ERR_OK)
        return err;
    if (filter->level >= 0)
        sqlite3_bind_int(s, 1, filter->level);
    if (filter->family >= 0)
        sqlite3_bind_int(s, 2, filter->family);
    if (filter->resident != NULL) {
        sqlite3_bind_int64(s, 3, about.resident);
        sqlite3_bind_int64(s, 4, about.household);
    }
    if (filter->before_ms != 0) {
        sqlite3_bind_int64(s, 5, filter->before_ms);
        db_bind_blob(s, 6, filter->before_id.bytes, HASH_ID_SIZE);
    }
    sqlite3_bind_int64(s, 7, filter->limit);
    err = walk(s, fn, self);
    sqlite3_finalize(s);
    return err;
}

static const char alert_sql[] = "SELECT json FROM alert WHERE id=?1";

enum err reader_alert_item(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    sqlite3_stmt *s;
    enum err err = reader_keep(reader, alert_sql, &s);

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    int code = sqlite3_step(s);
    err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    if (err == ERR_OK)
        buf_puts(out, db_text(s, 0));
    reader_done(s);
    return err == ERR_OK && out->failed ? ERR_FULL : err;
}

/* The object says how many transitions there are, under the name that the list of them is about to take.
 * (Inside a string the quotes would be escaped, so these bytes can only be that member.) */
static void put_without_count(const char *json, size_t len, struct buf *out)
{
    static const char name[] = ",\"transitions\":";
    const char *at = strstr(json, name);

    if (at == NULL) {
        buf_append(out, json, len);
        return;
    }
    size_t head = (size_t)(at - json), skip = head + sizeof(name) - 1;
    skip += strspn(json + skip, "0123456789");
    buf_append(out, json, head);
    buf_append(out, json + skip, len - skip);
}

/* The alert's own object without its closing brace. */
static enum err put_alert_open(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    struct buf item;

    buf_init(&item, out->max);
    enum err err = reader_alert_item(reader, id, &item);
    if (err == ERR_OK && (item.len < 2 || item.data[item.len - 1] != '}'))
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        put_without_count(buf_text(&item), item.len - 1, out);
    buf_release(&item);
    return err;
}

enum err reader_alert(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    enum err err = reader_begin(reader);

    if (err != ERR_OK)
        return err;
    err = put_alert_open(reader, id, out);
    if (err == ERR_OK) {
        buf_puts(out, ",\"transitions\":");
        err = json_transitions(reader, id, false, out);
    }
    if (err == ERR_OK) {
        buf_puts(out, ",\"jobs\":");
        err = json_jobs(reader, id, false, out);
    }
    buf_putc(out, '}');
    reader_end(reader);
    return err == ERR_OK && out->failed ? ERR_FULL : err;
}

enum err reader_inputs(struct reader *reader, uint64_t from_n, uint64_t to_n,
                       enum err (*fn)(void *self, const struct batch_input *input), void *self)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db,
                              "SELECT n, t, kind, device, lane, epoch, seq, count, blob FROM input WHERE n "
                              ">= ?1 AND n <= ?2 ORDER BY n",
                              &s);
    int code = SQLITE_DONE;

    if (err != ERR_OK)
        return err;
    db_bind_u64(s, 1, from_n > INT64_MAX ? INT64_MAX : from_n);
    db_bind_u64(s, 2, to_n > INT64_MAX ? INT64_MAX : to_n);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct batch_input input;
        input_of_row(s, &input);
        err = fn(self, &input);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_transitions(struct reader *reader,
                            enum err (*fn)(void *self, uint64_t n, const struct transition *transition),
                            void *self)
{
    sqlite3_stmt *s;
    enum err err =
        db_prepare(reader->db, "SELECT n, t, alert, number, kind, by, why FROM transition ORDER BY id", &s);
    int code = SQLITE_DONE;

    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct transition transition = {.t_ms = sqlite3_column_int64(s, 1),
                                        .number = (uint32_t)sqlite3_column_int64(s, 3),
                                        .kind = (uint8_t)sqlite3_column_int(s, 4)};
        if (sqlite3_column_bytes(s, 2) != HASH_ID_SIZE ||
            !text_copy(transition.by, sizeof(transition.by), db_text(s, 5)) ||
            !text_copy(transition.why, sizeof(transition.why), db_text(s, 6))) {
            err = ERR_CORRUPT;
            break;
        }
        memcpy(transition.alert.bytes, sqlite3_column_blob(s, 2), HASH_ID_SIZE);
        err = fn(self, (uint64_t)sqlite3_column_int64(s, 0), &transition);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_transition_lines(struct reader *reader,
                                 enum err (*fn)(void *self, const char *line, size_t len), void *self)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, "SELECT line FROM transition WHERE line <> '' ORDER BY id", &s);
    int code = SQLITE_DONE;

    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        const char *line = db_text(s, 0);
        err = fn(self, line, (size_t)sqlite3_column_bytes(s, 0));
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_audit(struct reader *reader, uint64_t *ret_rows)
{
    uint64_t rows = 0, entries = 0;
    enum err err = chain_verify(reader->db, &rows);

    if (err == ERR_OK)
        err = audit_verify(reader->db, &entries);
    if (err == ERR_OK || err == ERR_CORRUPT)
        *ret_rows = rows + entries;
    return err;
}

enum err reader_registry(struct reader *reader, const struct tz *tz, struct buf *errors,
                         struct registry **ret_registry)
{
    return registry_rows_load(reader->db, tz, errors, ret_registry);
}

enum err reader_time(struct reader *reader, int64_t *ret_t_ms)
{
    return db_integer(reader->db, "SELECT t FROM mark", 0, ret_t_ms);
}

enum err reader_counts(struct reader *reader, struct reader_counts *ret_counts)
{
    sqlite3_stmt *s;
    enum err err =
        db_prepare(reader->db,
                   "SELECT (SELECT last_n FROM mark), (SELECT count(*) FROM alert WHERE state=0), (SELECT "
                   "count(*) FROM alert), "
                   "(SELECT count(*) FROM outbox WHERE done=0), (SELECT coalesce(max(id), 0) FROM gap)",
                   &s);

    if (err != ERR_OK)
        return err;
    err = db_err(reader->db, sqlite3_step(s));
    if (err == ERR_OK)
        *ret_counts = (struct reader_counts){.inputs = (uint64_t)sqlite3_column_int64(s, 0),
                                             .alerts_open = (uint64_t)sqlite3_column_int64(s, 1),
                                             .alerts_total = (uint64_t)sqlite3_column_int64(s, 2),
                                             .rows_waiting = (uint64_t)sqlite3_column_int64(s, 3),
                                             .gaps = (uint64_t)sqlite3_column_int64(s, 4)};
    sqlite3_finalize(s);
    return err;
}
