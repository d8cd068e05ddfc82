/* What a restart reads. One read transaction, so that all of it is of one commit. */
#include <string.h>

#include "store/sqlite/store_sqlite.h"

static enum err read_names(struct store *store)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(store->db, "SELECT id, name FROM state_table ORDER BY id", &s);
    int code;

    if (err != ERR_OK)
        return err;
    while ((code = sqlite3_step(s)) == SQLITE_ROW && err == ERR_OK) {
        int64_t id = sqlite3_column_int64(s, 0);
        if (id != (int64_t)store->at.state_tables + 1 || id > STORE_STATE_TABLES ||
            !text_copy(store->names[store->at.state_tables], ID_SIZE, db_text(s, 1)))
            err = ERR_CORRUPT;
        else
            store->at.state_tables++;
    }
    if (err == ERR_OK)
        err = db_err(store->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err store_position_read(struct store *store)
{
    sqlite3_stmt *s;
    enum err err = db_integer(store->db, "SELECT max(id) FROM commits", 0, &store->at.commit_id);

    if (err == ERR_OK)
        err = db_prepare(
            store->db,
            "SELECT last_n, t, snapshot_n, (SELECT hash FROM transition ORDER BY id DESC LIMIT 1) FROM mark",
            &s);
    if (err != ERR_OK)
        return err;
    int code = sqlite3_step(s);
    err = code == SQLITE_DONE ? ERR_CORRUPT : db_err(store->db, code);
    if (err == ERR_OK) {
        store->at.mark = (struct store_mark){.last_n = (uint64_t)sqlite3_column_int64(s, 0),
                                             .t_ms = sqlite3_column_int64(s, 1),
                                             .snapshot_n = (uint64_t)sqlite3_column_int64(s, 2)};
        if (sqlite3_column_bytes(s, 3) == SHA256_SIZE)
            memcpy(store->at.chain, sqlite3_column_blob(s, 3), SHA256_SIZE);
    }
    sqlite3_finalize(s);
    return err == ERR_OK ? read_names(store) : err;
}

/* Calls `row` for each row of a query; `first` is bound to ?1 when the query has one. */
static enum err walk(sqlite3 *db, const char *sql, uint64_t first,
                     enum err (*row)(sqlite3_stmt *s, const struct store_loader *loader),
                     const struct store_loader *loader)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(db, sql, &s);
    int code = SQLITE_DONE;

    if (err != ERR_OK)
        return err;
    if (sqlite3_bind_parameter_count(s) != 0)
        db_bind_u64(s, 1, first);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        err = row(s, loader);
    if (err == ERR_OK)
        err = db_err(db, code);
    sqlite3_finalize(s);
    return err;
}

static enum err on_state(sqlite3_stmt *s, const struct store_loader *loader)
{
    return loader->state(loader->self, db_text(s, 0), (uint16_t)sqlite3_column_int(s, 2),
                         (uint32_t)sqlite3_column_int64(s, 1), sqlite3_column_blob(s, 3),
                         (size_t)sqlite3_column_bytes(s, 3));
}

static enum err on_watermark(sqlite3_stmt *s, const struct store_loader *loader)
{
    int64_t key = sqlite3_column_int64(s, 0);
    const unsigned char *window = sqlite3_column_blob(s, 5);
    struct batch_watermark mark = {.device = (uint32_t)(key / 4),
                                   .lane = (uint8_t)(key % 4),
                                   .epoch = (uint32_t)sqlite3_column_int64(s, 1),
                                   .base = (uint64_t)sqlite3_column_int64(s, 2),
                                   .seen = (uint64_t)sqlite3_column_int64(s, 3),
                                   .last_ms = sqlite3_column_int64(s, 4)};

    if (window != NULL && (size_t)sqlite3_column_bytes(s, 5) != sizeof(mark.window))
        return ERR_CORRUPT;
    for (unsigned i = 0; i < sizeof(mark.window) && window != NULL; i++)
        mark.window[i / 8] |= (uint64_t)window[i] << (8 * (i % 8));
    return loader->watermark(loader->self, &mark);
}

void input_of_row(sqlite3_stmt *s, struct batch_input *ret_input)
{
    *ret_input = (struct batch_input){.n = (uint64_t)sqlite3_column_int64(s, 0),
                                      .t_ms = sqlite3_column_int64(s, 1),
                                      .kind = (uint8_t)sqlite3_column_int(s, 2),
                                      .device = db_number(s, 3),
                                      .lane = (uint8_t)sqlite3_column_int(s, 4),
                                      .epoch = (uint32_t)sqlite3_column_int64(s, 5),
                                      .first_seq = (uint64_t)sqlite3_column_int64(s, 6),
                                      .count = (uint8_t)sqlite3_column_int(s, 7),
                                      .blob = sqlite3_column_blob(s, 8),
                                      .len = (size_t)sqlite3_column_bytes(s, 8)};
}

static enum err on_input(sqlite3_stmt *s, const struct store_loader *loader)
{
    struct batch_input input;

    input_of_row(s, &input);
    return loader->input(loader->self, &input);
}

static enum err on_row(sqlite3_stmt *s, const struct store_loader *loader)
{
    struct outbox_row row = {.created_ms = sqlite3_column_int64(s, 2),
                             .expires_ms = sqlite3_column_int64(s, 3),
                             .device = db_number(s, 4),
                             .channel = (uint8_t)sqlite3_column_int(s, 5),
                             .job_kind = (uint8_t)sqlite3_column_int(s, 6),
                             .level = (uint8_t)sqlite3_column_int(s, 7),
                             .role = (uint8_t)sqlite3_column_int(s, 8),
                             .target = (uint8_t)sqlite3_column_int(s, 9),
                             .unpersisted = (uint8_t)sqlite3_column_int(s, 11),
                             .body = sqlite3_column_blob(s, 12),
                             .len = (size_t)sqlite3_column_bytes(s, 12),
                             .sent = sqlite3_column_int(s, 13) == DELIVERY_SENT ||
                                     sqlite3_column_int(s, 13) == DELIVERY_PLAYING};

    if (sqlite3_column_bytes(s, 0) != HASH_ID_SIZE || sqlite3_column_bytes(s, 1) != HASH_ID_SIZE ||
        !text_copy(row.target_name, sizeof(row.target_name), db_text(s, 10)))
        return ERR_CORRUPT;
    memcpy(row.id.bytes, sqlite3_column_blob(s, 0), HASH_ID_SIZE);
    memcpy(row.alert.bytes, sqlite3_column_blob(s, 1), HASH_ID_SIZE);
    if (sqlite3_column_int(s, 13) == DELIVERY_SENT)
        (void)text_copy(row.ref, sizeof(row.ref), db_text(s, 14));
    if (row.body == NULL)
        row.body = "";
    return loader->row(loader->self, &row);
}

/* A device that is formatted again and again leaves an epoch each time; more than SEQUENCE_EPOCHS of a lane
 * are never looked at again. */
static enum err forget_old_epochs(struct store *store)
{
    return db_exec(
        store->db,
        "DELETE FROM watermark_before WHERE (key, epoch) IN (SELECT key, epoch FROM ("
        "SELECT key, epoch, row_number() OVER (PARTITION BY key ORDER BY last_ms DESC, epoch) AS place "
        "FROM watermark_before) WHERE place > 3)");
}

enum err store_rows(struct store *store, const struct store_loader *loader)
{
    return walk(store->db,
                "SELECT id, alert, created, expires, device, channel, job_kind, level, role, target, "
                "target_name, unpersisted, body, state, reason "
                "FROM outbox WHERE done=0 ORDER BY created, rowid",
                0, on_row, loader);
}

enum err load_states(sqlite3 *db, const struct store_loader *loader)
{
    return walk(db,
                "SELECT t.name, s.no, s.version, s.value FROM state_table t JOIN state s ON s.tbl=t.id "
                "ORDER BY t.id, s.no",
                0, on_state, loader);
}

enum err load_inputs(sqlite3 *db, uint64_t after_n, const struct store_loader *loader)
{
    return walk(db,
                "SELECT n, t, kind, device, lane, epoch, seq, count, blob FROM input WHERE n > ?1 ORDER BY n",
                after_n, on_input, loader);
}

enum err store_load(struct store *store, const struct store_loader *loader)
{
    enum err err = forget_old_epochs(store);

    if (err != ERR_OK)
        log_write(LOG_WARN, "store.load", "old epochs were not forgotten\terror=%s", err_text(err));
    err = db_exec(store->db, "BEGIN");
    if (err == ERR_OK)
        err = load_states(store->db, loader);
    if (err == ERR_OK)
        err = walk(store->db, "SELECT * FROM watermark_before ORDER BY key, last_ms, epoch", 0, on_watermark,
                   loader);
    if (err == ERR_OK)
        err = walk(store->db, "SELECT * FROM watermark ORDER BY key", 0, on_watermark, loader);
    if (err == ERR_OK)
        err = load_inputs(store->db, store->at.mark.snapshot_n, loader);
    if (err == ERR_OK)
        err = store_rows(store, loader);
    store_rollback(store);
    return err;
}
