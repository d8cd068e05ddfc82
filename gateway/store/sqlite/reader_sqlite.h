/* Inside the readers' side: what its files share. */
#ifndef HUYANG_STORE_SQLITE_READER_SQLITE_H
#define HUYANG_STORE_SQLITE_READER_SQLITE_H

#include "core/hash.h"
#include "store/reader.h"
#include "store/sqlite/db.h"

/* Looking a row of the registry up takes less time than preparing the statement for it: those that a list
 * runs ten times an alert are kept. Told apart by the address of their text. */
enum { READER_KEPT = 11 };
struct reader {
    sqlite3 *db;
    const struct tz *tz;
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } kept[READER_KEPT];
};
/* `sql` is a literal, and no row of it is being looked at. */
MUST_CHECK enum err reader_keep(struct reader *reader, const char *sql, sqlite3_stmt **ret_statement);
/* Ends its use. */
void reader_done(sqlite3_stmt *statement);

/* Each appends a JSON list; `detail` adds what only `trace` shows (input numbers, commit times).
 * reader_json.c */
MUST_CHECK enum err json_transitions(struct reader *reader, const struct hash_id *alert, bool detail,
                                     struct buf *out);
MUST_CHECK enum err json_jobs(struct reader *reader, const struct hash_id *alert, bool detail,
                              struct buf *out);
/* The findings at the inputs at which the alert changed. */
MUST_CHECK enum err json_findings(struct reader *reader, const struct hash_id *alert, struct buf *out);
/* `"name":"2026-…"` with a comma before it unless an object begins here. */
void json_member_time(struct reader *reader, const char *name, int64_t t_ms, struct buf *out);
void json_member_text(const char *name, const char *text, struct buf *out);
void json_member_integer(const char *name, int64_t value, struct buf *out);
/* A 16-byte id of a row, as hex. */
void json_member_id(const char *name, sqlite3_stmt *s, int column, struct buf *out);
/* Whom something is about: `"resident":"r-0001"`; and the same as an object, `"subject":{…}`. */
MUST_CHECK enum err json_member_subject(struct reader *reader, struct subject subject, struct buf *out);
MUST_CHECK enum err json_subject(struct reader *reader, struct subject subject, struct buf *out);
/* The table that subjects of this kind, SUBJECT_RESIDENT to SUBJECT_DEVICE, stand in. */
enum registry_table json_subject_table(enum subject_kind kind);
/* `"committed":"…"` of a commit's id (0 or gone: nothing). */
MUST_CHECK enum err json_committed(struct reader *reader, int64_t commit_id, struct buf *out);
/* The id of a registry row, "?" when there is none. */
MUST_CHECK enum err registry_id_of(struct reader *reader, enum registry_table table, uint32_t number,
                                   char id[ID_SIZE]);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err registry_number_of(struct reader *reader, enum registry_table table, const char *id,
                                       uint32_t *ret_number);
/* The first value of a row's named column. ERR_NOT_FOUND. */
MUST_CHECK enum err registry_value_of(struct reader *reader, enum registry_table table, uint32_t number,
                                      const char *column, char value[ID_SIZE]);

/* reader_history.c: an object that is stored as JSON, and what happened to it. */
struct reader_history {
    const char *row;    /* its JSON by ?1 */
    const char *events; /* t, kind, by, why by ?1, in order */
    const char *(*kind_name)(int kind);
};
/* Appends the object with "history" as its last member. ERR_NOT_FOUND. */
MUST_CHECK enum err reader_put_history(struct reader *reader, const struct reader_history *history,
                                       const struct hash_id *id, struct buf *out);

#endif
