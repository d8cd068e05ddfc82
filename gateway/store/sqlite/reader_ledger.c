/* The ledger of clues and its history, for people. */
#include "alert/ledger.h"
#include "store/sqlite/reader_sqlite.h"

#define WHERE                                                                                                \
    "(?1 < 0 OR state = ?1) AND (?2 < 0 OR family = ?2) AND (?3 = '' OR responsible = ?3) AND "              \
    "(?4 = 0 OR (state < 3 AND due <= ?4)) AND "

enum err reader_ledger(struct reader *reader, const struct reader_ledger_filter *filter,
                       enum err (*fn)(void *self, const struct reader_ledger_entry *entry), void *self)
{
    static const struct hash_id lowest;
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err =
        db_prepare(reader->db,
                   filter->ended ? "SELECT alert, opened, json FROM ledger WHERE " WHERE
                                   "(opened, alert) < (?5, ?6) ORDER BY opened DESC, alert DESC LIMIT ?7"
                                 : "SELECT alert, due, json FROM ledger WHERE state < 3 AND " WHERE
                                   "(due, alert) > (?5, ?6) ORDER BY due, alert LIMIT ?7",
                   &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int(s, 1, filter->state);
    sqlite3_bind_int(s, 2, filter->family);
    db_bind_text(s, 3, filter->responsible ? filter->responsible : "");
    sqlite3_bind_int64(s, 4, filter->due_by_ms);
    sqlite3_bind_int64(s, 5, filter->has_place ? filter->place_ms : filter->ended ? INT64_MAX : 0);
    db_bind_blob(s, 6, filter->has_place ? filter->place_id.bytes : lowest.bytes, HASH_ID_SIZE);
    sqlite3_bind_int64(s, 7, filter->limit);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct reader_ledger_entry entry = {.place_ms = sqlite3_column_int64(s, 1),
                                            .json = db_text(s, 2),
                                            .len = (size_t)sqlite3_column_bytes(s, 2)};
        err = db_id(s, 0, &entry.id) ? fn(self, &entry) : ERR_CORRUPT;
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

static const char *kind_name(int kind)
{
    return ledger_event_name((enum ledger_event_kind)kind);
}

enum err reader_ledger_one(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    static const struct reader_history history = {
        .row = "SELECT json FROM ledger WHERE alert = ?1",
        .events = "SELECT t, kind, by, why FROM ledger_event WHERE alert = ?1 ORDER BY number",
        .kind_name = kind_name};
    return reader_put_history(reader, &history, id, out);
}
