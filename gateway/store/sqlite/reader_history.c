/* One object with what happened to it: tasks and entries of the ledger. */
#include "store/sqlite/reader_sqlite.h"

static enum err put_events(struct reader *reader, const struct reader_history *history,
                           const struct hash_id *id, struct buf *out)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err = db_prepare(reader->db, history->events, &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    buf_puts(out, ",\"history\":[");
    for (bool first = true; (code = sqlite3_step(s)) == SQLITE_ROW; first = false) {
        buf_puts(out, first ? "{" : ",{");
        json_member_time(reader, "t", sqlite3_column_int64(s, 0), out);
        json_member_text("kind", history->kind_name(sqlite3_column_int(s, 1)), out);
        json_member_text("by", db_text(s, 2), out);
        json_member_text("why", db_text(s, 3), out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_put_history(struct reader *reader, const struct reader_history *history,
                            const struct hash_id *id, struct buf *out)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, history->row, &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    int code = sqlite3_step(s);
    if (code != SQLITE_ROW) {
        err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    } else {
        buf_append(out, db_text(s, 0), (size_t)sqlite3_column_bytes(s, 0) - 1); /* its brace comes last */
        err = put_events(reader, history, id, out);
        buf_putc(out, '}');
    }
    sqlite3_finalize(s);
    return err == ERR_OK && out->failed ? ERR_FULL : err;
}
