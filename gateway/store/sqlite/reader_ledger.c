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

static enum err put_events(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err = db_prepare(
        reader->db, "SELECT t, kind, by, why FROM ledger_event WHERE alert = ?1 ORDER BY number", &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    buf_puts(out, ",\"history\":[");
    for (bool first = true; (code = sqlite3_step(s)) == SQLITE_ROW; first = false) {
        buf_puts(out, first ? "{" : ",{");
        json_member_time(reader, "t", sqlite3_column_int64(s, 0), out);
        json_member_text("kind", ledger_event_name((enum ledger_event_kind)sqlite3_column_int(s, 1)), out);
        json_member_text("by", db_text(s, 2), out);
        json_member_text("why", db_text(s, 3), out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_ledger_one(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, "SELECT json FROM ledger WHERE alert = ?1", &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    int code = sqlite3_step(s);
    if (code != SQLITE_ROW) {
        err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    } else {
        buf_append(out, db_text(s, 0), (size_t)sqlite3_column_bytes(s, 0) - 1); /* its brace comes last */
        err = put_events(reader, id, out);
        buf_putc(out, '}');
    }
    sqlite3_finalize(s);
    return err == ERR_OK && out->failed ? ERR_FULL : err;
}
