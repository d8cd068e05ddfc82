/* The embedded store: opening, resting, closing. What a commit writes is in commit.c, what a restart reads in
 * load.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/text.h"
#include "store/sqlite/store_sqlite.h"

enum {
    FREE_AT_LEAST = 1 << 20, /* bytes below which opening would fail half way */
    REST_PAGES = 256,        /* a checkpoint of less is not worth its two syncs */
    WAL_PAGES_MAX = 4096     /* 16 MiB: then a checkpoint comes even without rest */
};

static enum err prepare_all(struct store *store)
{
    /* NOLINTBEGIN(bugprone-suspicious-missing-comma): long statements are written in pieces. */
    static const char *const sql[STATEMENTS] = {
#define X(name, text) [STATEMENT_##name] = text,
        STATEMENT_MAP(X)
#undef X
    };
    /* NOLINTEND(bugprone-suspicious-missing-comma) */
    enum err err = ERR_OK;

    for (unsigned i = 0; i < STATEMENTS && err == ERR_OK; i++)
        err = db_prepare(store->db, sql[i], &store->statements[i]);
    return err;
}

/* The county is written once, into a database that has none. */
static enum err check_county(struct store *store, const char *county)
{
    sqlite3_stmt *statement;
    enum err err = db_prepare(store->db, "INSERT OR IGNORE INTO meta VALUES('county', ?1)", &statement);

    if (err != ERR_OK)
        return err;
    db_bind_text(statement, 1, county);
    err = db_run(statement);
    sqlite3_finalize(statement);
    if (err == ERR_OK)
        err = db_prepare(store->db, "SELECT value FROM meta WHERE key='county'", &statement);
    if (err != ERR_OK)
        return err;
    err = db_err(store->db, sqlite3_step(statement));
    if (err == ERR_OK && strcmp(db_text(statement, 0), county) != 0) {
        log_write(LOG_ERROR, "store.county",
                  "the database belongs to another county\tfolder=%s\tcounty=%s\texpected=%s", store->folder,
                  db_text(statement, 0), county);
        err = ERR_INVALID;
    }
    sqlite3_finalize(statement);
    return err;
}

/* Called by SQLite after each commit with the pages that stand in the log; fewer than before = it began anew.
 */
static int on_wal(void *self, sqlite3 *db, const char *name, int pages)
{
    struct store *store = self;

    (void)db;
    (void)name;
    if (pages < store->wal_checked)
        store->wal_checked = 0;
    store->wal_pages = pages;
    return SQLITE_OK;
}

static void store_close(struct store *store)
{
    if (store == NULL)
        return;
    for (unsigned i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(store->statements[i]);
    sqlite3_close(store->db); /* the last one out writes the log back and removes it */
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store);
}

static enum err open_database(struct store *store, const char *county)
{
    enum err err = db_open_writer(store->folder, &store->db);

    if (err == ERR_OK)
        err = check_county(store, county);
    if (err == ERR_OK)
        err = prepare_all(store);
    if (err == ERR_OK)
        err = store_position_read(store);
    if (err == ERR_OK)
        err = registry_saved_read(store);
    if (err != ERR_OK) {
        for (unsigned i = 0; i < STATEMENTS; i++) {
            sqlite3_finalize(store->statements[i]);
            store->statements[i] = NULL;
        }
        sqlite3_close(store->db);
        store->db = NULL;
    }
    return err;
}

static enum err store_open(const struct store_config *config, struct store **ret_store)
{
    enum err err = folder_make(config->folder);
    if (err != ERR_OK)
        return err;
    struct store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return ERR_NOMEM;
    store->lock_fd = -1;
    store->ballast_bytes = config->ballast_bytes;
    store->retention = config->retention;
    if (!text_copy(store->folder, sizeof(store->folder), config->folder))
        err = ERR_RANGE;
    if (err == ERR_OK)
        err = folder_lock(config->folder, &store->lock_fd);
    if (err == ERR_OK && folder_free(store->folder) < FREE_AT_LEAST && ballast_release(store->folder)) {
        store->short_of_space = true;
        log_write(LOG_WARN, "store.ballast", "the disk is full: the ballast was released\tfolder=%s",
                  store->folder);
    }
    if (err == ERR_OK)
        err = open_database(store, config->county);
    if (err == ERR_NO_SPACE && ballast_release(store->folder)) {
        store->short_of_space = true;
        err = open_database(store, config->county);
    }
    if (err != ERR_OK) {
        store_close(store);
        return err;
    }
    sqlite3_wal_hook(store->db, on_wal, store);
    if (!store->short_of_space)
        store->ballast = ballast_make(store->folder, store->ballast_bytes);
    *ret_store = store;
    return ERR_OK;
}

static enum err store_mark(struct store *store, struct store_mark *ret_mark)
{
    *ret_mark = store->at.mark;
    return ERR_OK;
}

static bool store_release_ballast(struct store *store)
{
    bool there = ballast_release(store->folder);

    store->ballast = false;
    store->short_of_space |= there;
    return there;
}

static bool store_short_of_space(const struct store *store)
{
    return store->short_of_space;
}

void store_rollback(struct store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        (void)!db_run(store->statements[STATEMENT_ROLLBACK]);
}

enum err store_failed(struct store *store, enum err err, const char *what)
{
    int64_t mono_ms = clock_now().mono_ms;

    if (err == ERR_NO_SPACE) {
        bool released = store_release_ballast(store);
        store->short_of_space = true;
        if (log_allow(&store->full_lines, "store.full", 3, mono_ms))
            log_write(LOG_ERROR, "store.full", "the disk is full\tduring=%s\tballast_released=%s", what,
                      released ? "yes" : "no");
    } else if (err == ERR_BUSY || err == ERR_NOMEM) {
        if (log_allow(&store->busy_lines, "store.busy", 3, mono_ms))
            log_write(LOG_WARN, "store.busy", "nothing was written, it is tried again\tduring=%s\terror=%s",
                      what, err_text(err));
    } else {
        store->broken = err;
        log_write(LOG_ERROR, "store.broken", "the database failed\tduring=%s\terror=%s\tcode=%d\tdetail=%s",
                  what, err_text(err), sqlite3_extended_errcode(store->db), sqlite3_errmsg(store->db));
    }
    return err;
}

/* Readers may hold the log's end back: what cannot be written back now is left for the next time. After a
 * failed sync nothing is known about what is on the disk, and a later one may succeed without having written
 * it: so the store is broken for good and the log, which is whole, is replayed by the next process. */
static void checkpoint(struct store *store)
{
    int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    enum err err = db_err(store->db, code);

    if (err == ERR_OK || err == ERR_BUSY)
        store->wal_checked = store->wal_pages;
    else
        (void)!store_failed(store, err, "checkpoint");
}

static enum err store_commit_and_trim(struct store *store, const struct batch *batch)
{
    enum err err = store_commit(store, batch);

    if (err == ERR_OK && store->wal_pages - store->wal_checked > WAL_PAGES_MAX)
        checkpoint(store);
    return err;
}

static void store_rest(struct store *store)
{
    if (store->broken != ERR_OK)
        return;
    if (store->wal_pages - store->wal_checked >= REST_PAGES)
        checkpoint(store);
    if (!store->ballast && store->ballast_bytes != 0 &&
        folder_free(store->folder) / 4 > store->ballast_bytes &&
        ballast_make(store->folder, store->ballast_bytes)) {
        store->ballast = true;
        log_write(LOG_INFO, "store.ballast", "the ballast is there again\tfolder=%s", store->folder);
    }
    if (store->short_of_space &&
        (store->ballast || (store->ballast_bytes == 0 && folder_free(store->folder) > FREE_AT_LEAST)))
        store->short_of_space = false;
    store_retain_rest(store);
}

static enum err store_load_registry(struct store *store, const struct tz *tz, struct buf *errors,
                                    struct registry **ret_registry)
{
    return registry_rows_load(store->db, tz, errors, ret_registry);
}

const struct store_ops store_sqlite = {
    .name = "sqlite",
    .open = store_open,
    .close = store_close,
    .mark = store_mark,
    .load = store_load,
    .rows = store_rows,
    .commit = store_commit_and_trim,
    .rest = store_rest,
    .retain = store_retain,
    .retention_stats = store_retention_stats,
    .save_registry = store_save_registry,
    .save_edited = store_save_edited,
    .load_registry = store_load_registry,
    .registry_is_unmarked = store_registry_is_unmarked,
    .release_ballast = store_release_ballast,
    .short_of_space = store_short_of_space,
};
