/* The fold's state for a reader: what a restart reads, without being one. */
#include "store/sqlite/reader_sqlite.h"
#include "store/sqlite/store_sqlite.h"

static enum err read_mark(struct reader *reader, struct store_mark *ret_mark)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, "SELECT last_n, t, snapshot_n FROM mark", &s);
    if (err != ERR_OK)
        return err;
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *ret_mark = (struct store_mark){.last_n = (uint64_t)sqlite3_column_int64(s, 0),
                                        .t_ms = sqlite3_column_int64(s, 1),
                                        .snapshot_n = (uint64_t)sqlite3_column_int64(s, 2)};
    err = code == SQLITE_DONE ? ERR_CORRUPT : db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_fold(struct reader *reader, const struct store_loader *loader,
                     enum err (*mark)(void *self, const struct store_mark *mark))
{
    struct store_mark at;
    enum err err = db_exec(reader->db, "BEGIN");
    if (err != ERR_OK)
        return err;
    err = read_mark(reader, &at);
    if (err == ERR_OK)
        err = mark(loader->self, &at);
    if (err == ERR_OK)
        err = load_states(reader->db, loader);
    if (err == ERR_OK)
        err = load_inputs(reader->db, at.snapshot_n, loader);
    enum err ended = db_exec(reader->db, "ROLLBACK");
    return err != ERR_OK ? err : ended;
}
