/* Handovers of shifts and what happened to them, for people. */
#include "alert/handover.h"
#include "store/sqlite/reader_sqlite.h"

enum err reader_handovers(struct reader *reader, int64_t since_ms,
                          enum err (*fn)(void *self, const struct reader_handover *handover), void *self)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err = db_prepare(
        reader->db, "SELECT territory, json FROM handover WHERE t >= ?1 ORDER BY t DESC, id LIMIT ?2", &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, since_ms);
    sqlite3_bind_int64(s, 2, READER_HANDOVERS_MAX);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        const struct reader_handover handover = {
            .territory = db_text(s, 0), .json = db_text(s, 1), .len = (size_t)sqlite3_column_bytes(s, 1)};
        err = fn(self, &handover);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

static const char *kind_name(int kind)
{
    return handover_event_name((enum handover_event_kind)kind);
}

enum err reader_handover(struct reader *reader, const struct hash_id *id, struct buf *out,
                         char territory[ID_SIZE])
{
    static const struct reader_history history = {
        .row = "SELECT json FROM handover WHERE id = ?1",
        .events = "SELECT t, kind, by, why FROM handover_event WHERE handover = ?1 ORDER BY number",
        .kind_name = kind_name};
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, "SELECT territory FROM handover WHERE id = ?1", &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        text_copy(territory, ID_SIZE, db_text(s, 0));
    else
        err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    sqlite3_finalize(s);
    return err == ERR_OK ? reader_put_history(reader, &history, id, out) : err;
}
