/* Tasks and their history, for people. */
#include "alert/task.h"
#include "store/sqlite/reader_sqlite.h"

enum err reader_tasks(struct reader *reader, const struct reader_task_filter *filter,
                      enum err (*fn)(void *self, const struct reader_task *task), void *self)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err =
        db_prepare(reader->db,
                   filter->alert != NULL ? "SELECT id, alert, json FROM task WHERE alert = ?3 AND (?1 = 0 OR "
                                           "kind = ?1) ORDER BY opened, id LIMIT ?2"
                   : filter->open        ? "SELECT id, alert, json FROM task WHERE state < 3 AND (?1 = 0 OR "
                                           "kind = ?1) ORDER BY due, id LIMIT ?2"
                                         : "SELECT id, alert, json FROM task WHERE ?1 = 0 OR kind = ?1 "
                                           "ORDER BY opened DESC, id LIMIT ?2",
                   &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int(s, 1, filter->kind);
    sqlite3_bind_int64(s, 2, filter->limit);
    if (filter->alert != NULL)
        db_bind_blob(s, 3, filter->alert->bytes, HASH_ID_SIZE);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct reader_task task = {.json = db_text(s, 2), .len = (size_t)sqlite3_column_bytes(s, 2)};
        if (!db_id(s, 0, &task.id) || !db_id(s, 1, &task.alert))
            err = ERR_CORRUPT;
        else
            err = fn(self, &task);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_task_alert(struct reader *reader, const struct hash_id *id, struct hash_id *ret_alert)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, "SELECT alert FROM task WHERE id = ?1", &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        err = db_id(s, 0, ret_alert) ? ERR_OK : ERR_CORRUPT;
    else
        err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

static const char *kind_name(int kind)
{
    return task_event_name((enum task_event_kind)kind);
}

enum err reader_task(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    static const struct reader_history history = {
        .row = "SELECT json FROM task WHERE id = ?1",
        .events = "SELECT t, kind, by, why FROM task_event WHERE task = ?1 ORDER BY number",
        .kind_name = kind_name};
    return reader_put_history(reader, &history, id, out);
}
