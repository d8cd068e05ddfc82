/* What is old becomes less exact, then moves to a file of its day, then goes.
 *
 * A step is one transaction over at most STEP_ROWS inputs, so that a commit never waits long for one. Only
 * inputs at or below the last snapshot are touched: a restart replays none of them. How far each kind of
 * thinning has come stands in `meta`; nothing is archived before every one has passed it, so that a file
 * needs no second look. The rows are in the file, synced, before they leave the database; a crash between the
 * two writes them again, over the same. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "store/sqlite/store_sqlite.h"
#include "store/thin.h"

enum { STEP_ROWS = 200, DAY_SIZE = 16, LATER_MS = 60 * 1000, AFTER_FAILURE_MS = 3600 * 1000 };
#define DAY_MS  ((int64_t)86400 * 1000)
#define ARCHIVE "archive"

static enum err place_read(struct store *store, enum thin what, uint64_t *ret_n)
{
    char sql[128];
    int64_t n;
    snprintf(sql, sizeof(sql), "SELECT CAST(value AS INTEGER) FROM meta WHERE key='thinned.%s'",
             thin_name(what));
    enum err err = db_integer(store->db, sql, 0, &n);
    if (err == ERR_OK)
        *ret_n = (uint64_t)n;
    return err;
}

static enum err place_write(struct store *store, enum thin what, uint64_t n)
{
    char sql[160];
    snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO meta VALUES('thinned.%s', '%llu')", thin_name(what),
             (unsigned long long)n);
    return db_exec(store->db, sql);
}

static uint32_t days_of(const struct retention *retention, enum thin what)
{
    switch (what) {
    case THIN_LOCATION: return retention->location_days;
    case THIN_HEALTH: return retention->health_days;
    case THIN_VISITOR: return retention->visitor_days;
    case THIN_COUNT: break;
    }
    return 0;
}

static int64_t before(const struct store *store, uint32_t days)
{
    return store->at.mark.t_ms - days * DAY_MS;
}

static enum err write_back(struct store *store, uint64_t n, const struct buf *blob, unsigned count)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(
        store->db,
        count == 0 ? "DELETE FROM input WHERE n=?1" : "UPDATE input SET blob=?2, count=?3 WHERE n=?1", &s);
    if (err != ERR_OK)
        return err;
    db_bind_u64(s, 1, n);
    if (count != 0) {
        db_bind_blob(s, 2, blob->data, blob->len);
        sqlite3_bind_int(s, 3, (int)count);
    }
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

struct thinning {
    enum thin what;
    uint64_t last;
    unsigned rows, changed;
    struct event *events;
    struct buf blob;
};

static enum err thin_row(struct store *store, struct thinning *work, sqlite3_stmt *s)
{
    struct batch_input input;
    enum thinned thinned = THIN_UNCHANGED;
    uint8_t count = 0;

    input_of_row(s, &input);
    work->last = input.n;
    work->rows++;
    if (input.kind != INPUT_REPORT)
        return ERR_OK;
    buf_clear(&work->blob);
    enum err err = thin_report(&input, work->what, work->events, &work->blob, &count, &thinned);
    /* What cannot be read is kept as it is: it was told at its time. */
    if (err == ERR_CORRUPT || (err == ERR_OK && thinned == THIN_UNCHANGED))
        return ERR_OK;
    work->changed++;
    return err != ERR_OK ? err : write_back(store, input.n, &work->blob, thinned == THIN_EMPTY ? 0 : count);
}

static enum err thin_rows(struct store *store, struct thinning *work, uint64_t from, int64_t before_ms)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err =
        db_prepare(store->db,
                   "SELECT n, t, kind, device, lane, epoch, seq, count, blob FROM input WHERE n > ?1 AND "
                   "n <= ?2 AND t < ?3 ORDER BY n LIMIT ?4",
                   &s);
    if (err != ERR_OK)
        return err;
    db_bind_u64(s, 1, from);
    db_bind_u64(s, 2, store->at.mark.snapshot_n);
    sqlite3_bind_int64(s, 3, before_ms);
    sqlite3_bind_int(s, 4, STEP_ROWS);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        err = thin_row(store, work, s);
    if (err == ERR_OK)
        err = db_err(store->db, code);
    sqlite3_finalize(s);
    if (err == ERR_OK && work->rows != 0)
        err = place_write(store, work->what, work->last);
    return err;
}

/* One transaction; *ret_done: there was something. */
static enum err thin_step(struct store *store, enum thin what, bool *ret_done)
{
    struct thinning work = {.what = what};
    const uint32_t days = days_of(&store->retention, what);
    uint64_t from = 0;

    *ret_done = false;
    if (days == 0)
        return ERR_OK;
    enum err err = place_read(store, what, &from);
    if (err != ERR_OK)
        return err;
    work.events = calloc(EVENT_BATCH_MAX, sizeof(*work.events));
    if (work.events == NULL)
        return ERR_NOMEM;
    buf_init(&work.blob, EVENT_BATCH_MAX * 1100);
    err = db_run(store->statements[STATEMENT_BEGIN]);
    if (err == ERR_OK)
        err = thin_rows(store, &work, from, before(store, days));
    if (err == ERR_OK)
        err = db_run(store->statements[STATEMENT_COMMIT]);
    store_rollback(store);
    free(work.events);
    buf_release(&work.blob);
    if (err == ERR_OK) {
        store->thinned += work.changed;
        *ret_done = work.rows != 0;
    }
    return err;
}

/* ---- files of days ---- */

/* What may leave the database: passed by the snapshot and by every kind of thinning. */
static enum err archivable(struct store *store, uint64_t *ret_n)
{
    uint64_t limit = store->at.mark.snapshot_n, n;
    enum err err = ERR_OK;
    for (unsigned what = 0; what < THIN_COUNT && err == ERR_OK; what++) {
        if (days_of(&store->retention, (enum thin)what) == 0)
            continue;
        err = place_read(store, (enum thin)what, &n);
        if (err == ERR_OK && n < limit)
            limit = n;
    }
    *ret_n = limit;
    return err;
}

static enum err archive_open(struct store *store, const char *day, sqlite3 **ret_db)
{
    char folder[DB_PATH_SIZE], file[DAY_SIZE + 8];
    if (snprintf(folder, sizeof(folder), "%s/" ARCHIVE, store->folder) >= (int)sizeof(folder))
        return ERR_RANGE;
    snprintf(file, sizeof(file), "%s.db", day);
    enum err err = folder_make(folder);
    if (err == ERR_OK)
        err = db_open_small(folder, file, ret_db);
    if (err == ERR_OK)
        err = db_exec(
            *ret_db,
            "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;"
            "CREATE TABLE IF NOT EXISTS input(n INTEGER PRIMARY KEY, t INTEGER NOT NULL, kind INTEGER "
            "NOT NULL, device INTEGER, lane INTEGER, epoch INTEGER, seq INTEGER, count INTEGER, blob BLOB "
            "NOT NULL) STRICT;"
            "CREATE TABLE IF NOT EXISTS finding(id INTEGER PRIMARY KEY, commit_id INTEGER NOT NULL, n "
            "INTEGER NOT NULL, t INTEGER NOT NULL, at INTEGER NOT NULL, detector TEXT NOT NULL, code TEXT "
            "NOT NULL, numbers TEXT NOT NULL, subject_kind INTEGER NOT NULL, subject_no INTEGER NOT NULL, "
            "family INTEGER NOT NULL, level INTEGER NOT NULL, score REAL NOT NULL, flags INTEGER NOT NULL, "
            "device INTEGER, lane INTEGER, epoch INTEGER, seq INTEGER) STRICT");
    return err;
}

/* Every row of a query over [from, to] into the table of the same columns. */
static enum err copy_rows(sqlite3 *from_db, sqlite3 *to_db, const char *select, const char *insert,
                          uint64_t from, uint64_t to)
{
    sqlite3_stmt *in = NULL, *out = NULL;
    int code = SQLITE_DONE;
    enum err err = db_prepare(from_db, select, &in);
    if (err == ERR_OK)
        err = db_prepare(to_db, insert, &out);
    if (err == ERR_OK) {
        db_bind_u64(in, 1, from);
        db_bind_u64(in, 2, to);
    }
    while (err == ERR_OK && (code = sqlite3_step(in)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(in); i++)
            sqlite3_bind_value(out, i + 1, sqlite3_column_value(in, i));
        err = db_run(out);
    }
    if (err == ERR_OK)
        err = db_err(from_db, code);
    sqlite3_finalize(in);
    sqlite3_finalize(out);
    return err;
}

static enum err copy_to(struct store *store, const char *day, uint64_t from, uint64_t to)
{
    sqlite3 *db = NULL;
    enum err err = archive_open(store, day, &db);
    if (err == ERR_OK)
        err = db_exec(db, "BEGIN IMMEDIATE");
    if (err == ERR_OK)
        err = copy_rows(store->db, db, "SELECT * FROM input WHERE n BETWEEN ?1 AND ?2",
                        "INSERT OR REPLACE INTO input VALUES(?,?,?,?,?,?,?,?,?)", from, to);
    if (err == ERR_OK)
        err =
            copy_rows(store->db, db, "SELECT * FROM finding WHERE n BETWEEN ?1 AND ?2",
                      "INSERT OR REPLACE INTO finding VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", from, to);
    if (err == ERR_OK)
        err = db_exec(db, "COMMIT");
    sqlite3_close(db);
    return err;
}

/* The oldest run of inputs of one day, at most STEP_ROWS: *ret_to 0 = none is due. */
static enum err oldest_run(struct store *store, uint64_t limit, int64_t before_ms, char day[DAY_SIZE],
                           uint64_t *ret_from, uint64_t *ret_to)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(store->db,
                              "SELECT min(n), max(n), day FROM (SELECT n, date(t/1000, 'unixepoch') AS day "
                              "FROM input WHERE n <= ?1 AND t < "
                              "?2 ORDER BY n LIMIT ?3) WHERE day = (SELECT date(t/1000, 'unixepoch') FROM "
                              "input ORDER BY n LIMIT 1)",
                              &s);
    if (err != ERR_OK)
        return err;
    db_bind_u64(s, 1, limit);
    sqlite3_bind_int64(s, 2, before_ms);
    sqlite3_bind_int(s, 3, STEP_ROWS);
    err = db_err(store->db, sqlite3_step(s));
    if (err == ERR_OK) {
        *ret_from = (uint64_t)sqlite3_column_int64(s, 0);
        *ret_to = (uint64_t)sqlite3_column_int64(s, 1);
        if (!text_copy(day, DAY_SIZE, db_text(s, 2)))
            err = ERR_CORRUPT;
    }
    sqlite3_finalize(s);
    return err;
}

static enum err take_out(struct store *store, uint64_t to)
{
    sqlite3_stmt *s;
    static const char *const sql[] = {"DELETE FROM finding WHERE n <= ?1", "DELETE FROM input WHERE n <= ?1"};
    enum err err = db_run(store->statements[STATEMENT_BEGIN]);
    for (unsigned i = 0; i < 2 && err == ERR_OK; i++) {
        err = db_prepare(store->db, sql[i], &s);
        if (err != ERR_OK)
            break;
        db_bind_u64(s, 1, to);
        err = db_run(s);
        if (i == 1 && err == ERR_OK)
            store->archived += (uint64_t)sqlite3_changes(store->db);
        sqlite3_finalize(s);
    }
    if (err == ERR_OK)
        err = db_run(store->statements[STATEMENT_COMMIT]);
    store_rollback(store);
    return err;
}

static enum err archive_step(struct store *store, bool *ret_done)
{
    uint64_t limit = 0, from = 0, to = 0;
    char day[DAY_SIZE] = "";

    *ret_done = false;
    if (store->retention.input_days == 0)
        return ERR_OK;
    enum err err = archivable(store, &limit);
    if (err == ERR_OK)
        err = oldest_run(store, limit, before(store, store->retention.input_days), day, &from, &to);
    if (err != ERR_OK || to == 0)
        return err;
    err = copy_to(store, day, from, to);
    if (err == ERR_OK)
        err = take_out(store, to);
    *ret_done = err == ERR_OK;
    return err;
}

/* ---- texts ---- */

/* Parameters: ?1 < opened <= ?2 of the alerts; ?3 the moment before which campaigns have ended. */
#define OLD_ALERTS "(SELECT id FROM alert WHERE opened > ?1 AND opened <= ?2)"
static const char *const text_steps[] = {
    "UPDATE transition SET by='', why='', line='', salt=NULL, erased=1 WHERE erased=0 AND alert "
    "IN " OLD_ALERTS,
    "UPDATE task_event SET why='' WHERE task IN (SELECT id FROM task WHERE alert IN " OLD_ALERTS ")",
    "UPDATE suppression SET who='', by='', why='' WHERE alert IN " OLD_ALERTS,
    "DELETE FROM spoken WHERE job IN (SELECT id FROM outbox WHERE alert IN " OLD_ALERTS ")",
    "DELETE FROM campaign_person WHERE campaign IN (SELECT id FROM campaign WHERE ended <> 0 AND ended < ?3)",
    "UPDATE campaign SET note='' WHERE note <> '' AND ended <> 0 AND ended < ?3"};
enum { TEXT_STEPS = sizeof(text_steps) / sizeof(text_steps[0]), TEXT_ALERTS = 50 };

/* One that nobody ever closes must not hold back the others' for ever: after this many times text_days it
 * goes with them, open as it is. */
enum { TEXT_PATIENCE = 2 };

/* The next alerts in the order in which they opened, up to the first that is open or ended lately: *ret_to =
 * from when there are none. */
static enum err next_alerts(struct store *store, int64_t before_ms, int64_t *ret_from, int64_t *ret_to)
{
    char sql[500];
    const int64_t patient_ms = before(store, TEXT_PATIENCE * store->retention.text_days);
    enum err err = db_integer(store->db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='texts.opened'",
                              0, ret_from);
    if (err != ERR_OK)
        return err;
    snprintf(
        sql, sizeof(sql),
        "SELECT coalesce(max(opened), %lld) FROM (SELECT opened FROM alert WHERE opened > %lld AND opened < "
        "coalesce((SELECT min(opened) FROM alert WHERE opened > %lld AND opened >= %lld AND opened < %lld "
        "AND "
        "(state = %d OR changed >= %lld)), %lld) ORDER BY opened LIMIT %d)",
        (long long)*ret_from, (long long)*ret_from, (long long)*ret_from, (long long)patient_ms,
        (long long)before_ms, ALERT_OPEN, (long long)before_ms, (long long)before_ms, TEXT_ALERTS);
    return db_integer(store->db, sql, *ret_from, ret_to);
}

/* Said once for each: people see an open alert that lost its words. */
static void tell_open(struct store *store, int64_t from, int64_t to)
{
    char sql[160];
    int64_t count = 0;
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM alert WHERE opened > %lld AND opened <= %lld AND state = %d",
             (long long)from, (long long)to, ALERT_OPEN);
    if (db_integer(store->db, sql, 0, &count) == ERR_OK && count > 0)
        log_write(LOG_WARN, "store.text_of_open",
                  "alerts that nobody closed in all that time lost their texts: close them\tcount=%lld",
                  (long long)count);
}

/* One transaction over some alerts; *ret_done: there were any. */
static enum err text_step(struct store *store, bool *ret_done)
{
    const int64_t before_ms = before(store, store->retention.text_days);
    int64_t from = 0, to = 0;
    char sql[128];
    *ret_done = false;
    if (store->retention.text_days == 0)
        return ERR_OK;
    enum err err = next_alerts(store, before_ms, &from, &to);
    if (err == ERR_OK)
        err = db_run(store->statements[STATEMENT_BEGIN]);
    for (unsigned i = 0; i < TEXT_STEPS && err == ERR_OK; i++) {
        sqlite3_stmt *s;
        err = db_prepare(store->db, text_steps[i], &s);
        if (err != ERR_OK)
            break;
        const int64_t values[] = {from, to, before_ms};
        for (int at = 1; at <= 3 && at <= sqlite3_bind_parameter_count(s); at++)
            sqlite3_bind_int64(s, at, values[at - 1]);
        err = db_run(s);
        sqlite3_finalize(s);
    }
    snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO meta VALUES('texts.opened', '%lld')", (long long)to);
    if (err == ERR_OK)
        err = db_exec(store->db, sql);
    if (err == ERR_OK)
        err = db_run(store->statements[STATEMENT_COMMIT]);
    store_rollback(store);
    *ret_done = err == ERR_OK && to > from;
    if (*ret_done)
        tell_open(store, from, to);
    return err;
}

/* Files whose whole day is past. Their names are days, and compare as text. */
static void remove_files(struct store *store)
{
    char folder[DB_PATH_SIZE], path[DB_PATH_SIZE + 300], last[CLOCK_TEXT_SIZE];
    if (store->retention.archive_days == 0)
        return;
    snprintf(folder, sizeof(folder), "%s/" ARCHIVE, store->folder);
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return;
    clock_format(NULL, before(store, store->retention.archive_days), last);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (strlen(entry->d_name) != 13 || strcmp(entry->d_name + 10, ".db") != 0 ||
            strncmp(entry->d_name, last, 10) >= 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        store->files_removed += unlink(path) == 0;
    }
    closedir(dir);
}

enum err store_retain(struct store *store, bool *ret_more)
{
    bool done = false;
    enum err err = store->broken;
    for (unsigned what = 0; what < THIN_COUNT && err == ERR_OK && !done; what++)
        err = thin_step(store, (enum thin)what, &done);
    if (err == ERR_OK && !done)
        err = archive_step(store, &done);
    if (err == ERR_OK && !done)
        err = text_step(store, &done);
    if (err == ERR_OK && !done)
        remove_files(store);
    *ret_more = err == ERR_OK && done;
    return err;
}

void store_retain_rest(struct store *store)
{
    bool more = false;
    if (store->broken != ERR_OK || store->short_of_space || store->at.mark.t_ms < store->retain_ms)
        return;
    const enum err err = store_retain(store, &more);
    if (err != ERR_OK) {
        store->retain_failed++;
        if (log_allow(&store->retention_lines, "store.retention", 3, clock_now().mono_ms))
            log_write(LOG_ERROR, "store.retention",
                      "old data could not be thinned or archived: later again\terror=%s", err_text(err));
    }
    store->retain_ms = more ? 0 : store->at.mark.t_ms + (err == ERR_OK ? LATER_MS : AFTER_FAILURE_MS);
}

void store_retention_stats(const struct store *store, struct retention_stats *ret_stats)
{
    *ret_stats = (struct retention_stats){.thinned = store->thinned,
                                          .archived = store->archived,
                                          .files_removed = store->files_removed,
                                          .failed = store->retain_failed};
}
