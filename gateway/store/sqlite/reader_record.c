/* What was found and what was done, backwards in time, for people to look through. */
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "store/sqlite/reader_sqlite.h"
#include "store/sqlite/store_sqlite.h"

enum err reader_changes_back(struct reader *reader, const char *by, int64_t before, unsigned walk,
                             enum err (*fn)(void *self, const struct reader_change *change), void *self)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err =
        db_prepare(reader->db,
                   "SELECT id, t, alert, kind, by, why FROM (SELECT * FROM transition WHERE id < ?1 "
                   "ORDER BY id DESC LIMIT ?3) WHERE ?2='' OR by=?2",
                   &s);

    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, before != 0 ? before : INT64_MAX);
    db_bind_text(s, 2, by);
    sqlite3_bind_int64(s, 3, walk);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct reader_change change = {.id = sqlite3_column_int64(s, 0),
                                       .t_ms = sqlite3_column_int64(s, 1),
                                       .kind = (uint8_t)sqlite3_column_int(s, 3),
                                       .by = db_text(s, 4),
                                       .why = db_text(s, 5)};
        if (sqlite3_column_bytes(s, 2) != HASH_ID_SIZE)
            err = ERR_CORRUPT;
        else
            memcpy(change.alert.bytes, sqlite3_column_blob(s, 2), HASH_ID_SIZE);
        if (err == ERR_OK)
            err = fn(self, &change);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

static void take_numbers(const char *text, double numbers[FINDING_NUMBERS])
{
    struct json *root;

    if (json_parse(text, strlen(text), &root, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < FINDING_NUMBERS; i++)
        if (!json_number(json_at(root, i), &numbers[i]))
            numbers[i] = 0;
    json_free(root);
}

static void take_finding(sqlite3_stmt *s, struct reader_finding *ret_finding)
{
    *ret_finding = (struct reader_finding){
        .id = sqlite3_column_int64(s, 0),
        .finding = {.t_ms = sqlite3_column_int64(s, 1),
                    .at_ms = sqlite3_column_int64(s, 2),
                    .resident = REGISTRY_NONE,
                    .household = REGISTRY_NONE,
                    .zone = REGISTRY_NONE,
                    .family = (uint8_t)sqlite3_column_int(s, 6),
                    .level = (uint8_t)sqlite3_column_int(s, 7),
                    .score = sqlite3_column_double(s, 8),
                    .flags = (uint8_t)sqlite3_column_int(s, 9)},
        .detector = db_text(s, 3),
        .code = db_text(s, 4),
    };
    take_numbers(db_text(s, 5), ret_finding->finding.numbers);
}

enum err reader_findings(struct reader *reader, uint32_t resident, uint32_t household, int64_t before,
                         unsigned limit, enum err (*fn)(void *self, const struct reader_finding *finding),
                         void *self)
{
    sqlite3_stmt *s;
    struct reader_finding finding;
    int code = SQLITE_DONE;
#define COLUMNS_SQL                                                                                          \
    "SELECT id, t, at, detector, code, numbers, family, level, score, flags FROM finding WHERE "             \
    "subject_kind=%d AND subject_no=?%d AND id < ?3"
    struct buf sql;
    buf_init(&sql, 1024);
    buf_printf(&sql, COLUMNS_SQL " UNION ALL " COLUMNS_SQL " ORDER BY id DESC LIMIT ?4", SUBJECT_RESIDENT, 1,
               SUBJECT_HOUSEHOLD, 2);
#undef COLUMNS_SQL
    enum err err = sql.failed ? ERR_NOMEM : db_prepare(reader->db, buf_text(&sql), &s);
    buf_release(&sql);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, resident);
    sqlite3_bind_int64(s, 2, household);
    sqlite3_bind_int64(s, 3, before != 0 ? before : INT64_MAX);
    sqlite3_bind_int64(s, 4, limit);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        take_finding(s, &finding);
        err = fn(self, &finding);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

/* "table|residents|key|r-001|by|wang|what|changed|columns|name;phone|person|…": the value of a name. */
static void take_part(char *detail, const char *name, const char **ret_value)
{
    char *at = strstr(detail, name);

    *ret_value = at != NULL ? at + strlen(name) : "";
}

enum err reader_edits(struct reader *reader, const char *table, const char *key, unsigned limit,
                      enum err (*fn)(void *self, const struct reader_edit *edit), void *self)
{
    sqlite3_stmt *s;
    char start[256], detail[1024];
    int code = SQLITE_DONE;
    enum err err = db_prepare(reader->db,
                              "SELECT t, detail FROM audit WHERE kind='edit' AND substr(detail, 1, "
                              "length(?1))=?1 ORDER BY id DESC LIMIT ?2",
                              &s);

    if (err != ERR_OK)
        return err;
    snprintf(start, sizeof(start), "table|%s|key|%s|by|", table, key);
    db_bind_text(s, 1, start);
    sqlite3_bind_int64(s, 2, limit);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct reader_edit edit = {.t_ms = sqlite3_column_int64(s, 0)};
        if (!text_copy(detail, sizeof(detail), db_text(s, 1)))
            continue;
        take_part(detail, "|by|", &edit.by);
        take_part(detail, "|what|", &edit.what);
        take_part(detail, "|columns|", &edit.columns);
        for (char *at = detail; (at = strchr(at, '|')) != NULL; at++)
            *at = '\0';
        err = fn(self, &edit);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}
