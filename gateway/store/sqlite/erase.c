/* The order of an erasure: files of days, the county's database in one transaction, the accounts' database,
 * the registry's folder, the registry; then the databases are written anew without their free pages and their
 * logs cut, and the audit trail gets its entry. Every step finds by itself what is left to do, so that an
 * erasure that was cut short is finished by the same order. The registry comes after the rest: it says what
 * belongs to the person. */
#include "store/erase.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/person_files.h"
#include "store/sqlite/audit.h"
#include "store/sqlite/person_rows.h"
#include "store/sqlite/store_sqlite.h"

#define MARK "erasing." /* in meta, with the id behind it: begun and not finished */
#define HOLD "hold."
enum { SQL_SIZE = 1400, KEY_SIZE = ID_SIZE + 16, DETAIL_MAX = 16384, ACCOUNT_QUERIES = 4 };

struct erasure {
    const struct erase_order *order;
    struct store *store;
    struct registry *registry;
    struct person person;
    struct {
        int64_t rows[PERSON_ROWS], day_rows, files, accounts, named;
        uint64_t lines;
    } found;
    struct buf counts; /* of all runs together, as the certificate says them */
    bool resumed, counting;
    struct buf *why;
};

static enum err say(struct erasure *work, enum err err, const char *what)
{
    buf_printf(work->why, "%s: %s\n", what, err_text(err));
    return err;
}

/* ---- notes in meta ---- */

static enum err meta_run(sqlite3 *db, const char *sql, const char *prefix, const char *id, const char *value,
                         int *ret_changes)
{
    char key[KEY_SIZE];
    sqlite3_stmt *s;
    snprintf(key, sizeof(key), "%s%s", prefix, id);
    enum err err = db_prepare(db, sql, &s);
    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, key);
    if (sqlite3_bind_parameter_count(s) > 1)
        db_bind_text(s, 2, value);
    err = db_run(s);
    *ret_changes = sqlite3_changes(db);
    sqlite3_finalize(s);
    return err;
}

static enum err meta_read(sqlite3 *db, const char *prefix, const char *id, struct buf *ret_value,
                          bool *ret_there)
{
    char key[KEY_SIZE];
    sqlite3_stmt *s;
    snprintf(key, sizeof(key), "%s%s", prefix, id);
    enum err err = db_prepare(db, "SELECT value FROM meta WHERE key=?1", &s);
    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, key);
    const int code = sqlite3_step(s);
    *ret_there = code == SQLITE_ROW;
    if (*ret_there)
        buf_puts(ret_value, db_text(s, 0));
    err = db_err(db, code);
    sqlite3_finalize(s);
    return err;
}

/* ---- opening ---- */

static enum err open_all(struct erasure *work)
{
    const struct erase_order *order = work->order;
    struct stat info;
    if (stat(order->state_dir, &info) != 0)
        return say(work, ERR_NOT_FOUND, order->state_dir);
    const struct store_config config = {.folder = order->state_dir, .county = order->county};
    enum err err = store_sqlite.open(&config, &work->store);
    if (err == ERR_BUSY)
        return say(work, err, "a gateway holds this folder: stop it, and start it again afterwards");
    if (err != ERR_OK)
        return say(work, err, order->state_dir);
    err = store_sqlite.load_registry(work->store, order->tz, work->why, &work->registry);
    if (err == ERR_OK)
        err = person_find(work->registry, order->resident, &work->person);
    return err == ERR_OK ? ERR_OK : say(work, err, order->resident);
}

static void close_all(struct erasure *work)
{
    registry_free(work->registry);
    store_sqlite.close(work->store);
}

static enum err may_erase(struct erasure *work)
{
    bool held = false;
    struct store_mark mark;
    struct buf reference;
    buf_init(&reference, DETAIL_MAX);
    enum err err = meta_read(work->store->db, HOLD, work->person.id, &reference, &held);
    if (err == ERR_OK && held) {
        buf_printf(work->why, "a legal hold forbids it: %s\n", buf_text(&reference));
        err = ERR_REFUSED;
    }
    if (err == ERR_OK)
        err = store_sqlite.mark(work->store, &mark);
    /* What a start would replay cannot be taken out of the log. */
    if (err == ERR_OK && mark.snapshot_n != mark.last_n) {
        buf_puts(work->why, "the gateway did not stop in order: start it, stop it, and try again\n");
        err = ERR_REFUSED;
    }
    buf_release(&reference);
    return err;
}

/* ---- the steps ---- */

static enum err erase_rows(sqlite3 *db, const struct person_rows *rows, const struct person *person,
                           int64_t *ret_count)
{
    char sql[SQL_SIZE];
    sqlite3_stmt *s;
    if (rows->erase != NULL)
        snprintf(sql, sizeof(sql), "%s WHERE %s", rows->erase, rows->where);
    else
        snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s", rows->table, rows->where);
    enum err err = db_prepare(db, sql, &s);
    if (err != ERR_OK)
        return err;
    person_bind(s, person);
    err = db_run(s);
    *ret_count += sqlite3_changes(db);
    sqlite3_finalize(s);
    return err;
}

static enum err day_step(struct erasure *work, const char *path)
{
    sqlite3 *db = work->store->db;
    sqlite3_stmt *s;
    int64_t before = work->found.day_rows;
    enum err err = db_prepare(db, "ATTACH ?1 AS day", &s);
    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, path);
    err = db_run(s);
    sqlite3_finalize(s);
    if (err != ERR_OK)
        return err;
    err = db_exec(db, "PRAGMA day.secure_delete=ON");
    if (err == ERR_OK)
        err = person_inputs(db, "day", &work->person);
    for (unsigned i = 0; i < PERSON_DAY_ROWS && err == ERR_OK; i++) {
        int64_t count = 0;
        err = work->counting ? person_count(db, &person_day_rows[i], &work->person, &count)
                             : erase_rows(db, &person_day_rows[i], &work->person, &count);
        work->found.day_rows += count;
    }
    if (err == ERR_OK)
        err = person_unname(db, "day", &work->person, !work->counting, &work->found.named);
    work->found.files += work->found.day_rows != before;
    /* Also when nothing was left: an erasure that was cut short may have taken the rows out only. */
    if (err == ERR_OK && !work->counting)
        err = db_exec(db, "VACUUM day");
    const enum err end = db_exec(db, "DETACH day");
    return err == ERR_OK ? end : err;
}

static enum err days_step(struct erasure *work)
{
    char folder[DB_PATH_SIZE], path[DB_PATH_SIZE + 300];
    const struct dirent *entry;
    enum err err = ERR_OK;
    snprintf(folder, sizeof(folder), "%s/archive", work->order->state_dir);
    DIR *dir = opendir(folder);
    while (dir != NULL && err == ERR_OK && (entry = readdir(dir)) != NULL) {
        const size_t len = strlen(entry->d_name);
        if (len != 13 || strcmp(entry->d_name + 10, ".db") != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        err = day_step(work, path);
        if (err != ERR_OK)
            (void)say(work, err, entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    return err;
}

static enum err main_step(struct erasure *work)
{
    sqlite3 *db = work->store->db;
    enum err err = work->counting ? ERR_OK : db_exec(db, "BEGIN IMMEDIATE");
    for (unsigned i = 0; i < PERSON_ROWS && err == ERR_OK; i++)
        err = work->counting ? person_count(db, &person_rows[i], &work->person, &work->found.rows[i])
                             : erase_rows(db, &person_rows[i], &work->person, &work->found.rows[i]);
    if (err == ERR_OK)
        err = person_unname(db, "main", &work->person, !work->counting, &work->found.named);
    if (err == ERR_OK && !work->counting)
        err = db_exec(db, "COMMIT");
    store_rollback(work->store);
    return err == ERR_OK ? ERR_OK : say(work, err, DB_FILE);
}

/* Who looked at the person, accounts of the person's family with their sessions, and answers kept by key,
 * which may repeat what was said about anybody. */
static enum err accounts_step(struct erasure *work)
{
    static const char *const where[ACCOUNT_QUERIES] = {
        "session WHERE account IN (SELECT id FROM account WHERE role='family' AND scope=?1)",
        "account WHERE role='family' AND scope=?1", "viewed WHERE subject=?1", "once"};
    char path[DB_PATH_SIZE], sql[256];
    sqlite3 *db = NULL;
    sqlite3_stmt *s;
    snprintf(path, sizeof(path), "%s/accounts.db", work->order->state_dir);
    if (access(path, F_OK) != 0)
        return ERR_OK;
    enum err err = db_open_small(work->order->state_dir, "accounts.db", &db);
    for (unsigned i = 0; i < ACCOUNT_QUERIES && err == ERR_OK; i++) {
        snprintf(sql, sizeof(sql), "%s %s", work->counting ? "SELECT count(*) FROM" : "DELETE FROM",
                 where[i]);
        err = db_prepare(db, sql, &s);
        if (err != ERR_OK)
            break;
        if (sqlite3_bind_parameter_count(s) != 0)
            db_bind_text(s, 1, work->person.id);
        const int code = sqlite3_step(s);
        work->found.accounts += work->counting ? sqlite3_column_int64(s, 0) : sqlite3_changes(db);
        err = db_err(db, code);
        sqlite3_finalize(s);
    }
    if (err == ERR_OK && !work->counting)
        err = db_exec(db, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(db);
    return err == ERR_OK ? ERR_OK : say(work, err, "accounts.db");
}

static enum err registry_step(struct erasure *work)
{
    const struct erase_order *order = work->order;
    struct registry *after = NULL;
    enum err err = ERR_OK;
    if (order->registry_dir[0] != '\0')
        err = person_scrub_folder(&work->person, order->registry_dir, !work->counting, work->why,
                                  &work->found.lines);
    if (err != ERR_OK)
        return say(work, err, order->registry_dir);
    if (work->counting)
        return ERR_OK;
    err = person_forget(work->registry, order->tz, &work->person, work->why, &after);
    if (err == ERR_OK)
        err = store_sqlite.save_registry(work->store, after);
    registry_free(after);
    return err == ERR_OK ? ERR_OK : say(work, err, "the registry");
}

/* Free pages, and what the log still holds of before. The copy that VACUUM makes goes through a file: a
 * county's database need not fit into memory. Saving the registry wrote the ledger's lines into the audit
 * trail once more, as removed. */
static enum err clean_step(struct erasure *work)
{
    sqlite3 *db = work->store->db;
    sqlite3_stmt *s;
    int64_t again = 0;
    for (unsigned i = 0; i < PERSON_ROWS; i++)
        if (strcmp(person_rows[i].table, "audit") == 0) {
            enum err err = erase_rows(db, &person_rows[i], &work->person, &again);
            if (err != ERR_OK)
                return say(work, err, DB_FILE);
        }
    enum err err = db_exec(db, "PRAGMA temp_store=FILE; VACUUM; PRAGMA temp_store=MEMORY");
    if (err == ERR_OK)
        err = db_prepare(db, "PRAGMA wal_checkpoint(TRUNCATE)", &s);
    if (err != ERR_OK)
        return say(work, err, DB_FILE);
    err = db_err(db, sqlite3_step(s));
    if (err == ERR_OK && sqlite3_column_int(s, 0) != 0)
        err = ERR_BUSY;
    sqlite3_finalize(s);
    return err == ERR_OK
               ? ERR_OK
               : say(work, err, "somebody reads the database meanwhile: end that, and run this again");
}

/* ---- the certificate ---- */

static void write_counts(const struct erasure *work, struct buf *out)
{
    buf_puts(out, "\"rows\":{");
    bool first = true;
    int64_t states = 0;
    for (unsigned i = 0; i < PERSON_ROWS; i++) {
        if (strcmp(person_rows[i].table, "state") == 0) {
            states += work->found.rows[i];
            continue;
        }
        buf_printf(out, "%s\"%s\":%lld", first ? "" : ",", person_rows[i].table,
                   (long long)work->found.rows[i]);
        first = false;
    }
    buf_printf(
        out,
        ",\"state\":%lld},\"named_in\":%lld,\"archive\":{\"files\":%lld,\"rows\":%lld},\"accounts\":%lld,"
        "\"registry_lines\":%llu",
        (long long)states, (long long)work->found.named, (long long)work->found.files,
        (long long)work->found.day_rows, (long long)work->found.accounts,
        (unsigned long long)work->found.lines);
}

static void write_certificate(const struct erasure *work, struct buf *out)
{
    char t[CLOCK_TEXT_SIZE];
    clock_format(work->order->tz, clock_now().wall_ms, t);
    buf_printf(out, "{\"%s\":1,\"t\":\"%s\",\"resident_number\":%u,\"by\":",
               work->order->dry_run ? "dry_run" : "erased", t, work->person.no);
    buf_json_string(out, work->order->by);
    buf_puts(out, ",\"reason\":");
    buf_json_string(out, work->order->reason);
    buf_printf(out, ",\"home\":\"%s\",\"resumed\":%s,",
               work->person.alone ? "erased" : "kept, others live there", work->resumed ? "true" : "false");
    buf_append(out, work->counts.data, work->counts.len);
}

static enum err keep_certificate(struct erasure *work, int64_t entry, const struct buf *text)
{
    char path[DB_PATH_SIZE];
    snprintf(path, sizeof(path), "%s/erasures", work->order->state_dir);
    enum err err = folder_make(path);
    if (err != ERR_OK)
        return err;
    snprintf(path, sizeof(path), "%s/erasures/%lld.json", work->order->state_dir, (long long)entry);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    const bool fine = write(fd, text->data, text->len) == (ssize_t)text->len && fsync(fd) == 0;
    close(fd);
    return fine ? ERR_OK : ERR_IO;
}

/* The certificate's text is the detail of the entry, so the chain vouches for it. */
static enum err finish(struct erasure *work, struct buf *certificate)
{
    sqlite3 *db = work->store->db;
    int64_t entry = 0;
    int changes;
    buf_puts(certificate, "}\n");
    enum err err = certificate->failed ? ERR_NOMEM : db_exec(db, "BEGIN IMMEDIATE");
    if (err == ERR_OK)
        err = audit_append(db, "erasure", certificate->data, certificate->len - 1);
    if (err == ERR_OK)
        err = db_integer(db, "SELECT max(id) FROM audit", 0, &entry);
    if (err == ERR_OK)
        err = keep_certificate(work, entry, certificate);
    if (err == ERR_OK)
        err = meta_run(db, "DELETE FROM meta WHERE key=?1", MARK, work->person.id, NULL, &changes);
    if (err == ERR_OK)
        err = db_exec(db, "COMMIT");
    store_rollback(work->store);
    return err == ERR_OK ? ERR_OK : say(work, err, "the certificate");
}

/* The four places that hold something of the person; clean_step only tidies up behind them. */
static enum err walk(struct erasure *work)
{
    enum err err = days_step(work);
    if (err == ERR_OK)
        err = main_step(work);
    if (err == ERR_OK)
        err = accounts_step(work);
    return err == ERR_OK ? registry_step(work) : err;
}

static enum err count_all(struct erasure *work)
{
    work->counting = true;
    const enum err err = walk(work);
    work->counting = false;
    if (err == ERR_OK)
        write_counts(work, &work->counts);
    return err;
}

/* What there is to erase is counted before anything goes, and kept with the mark: whichever run finishes, its
 * certificate speaks for all of them. */
static enum err begin(struct erasure *work)
{
    static const char old_mark[] = "begun"; /* of a version that kept no counts */
    int changes;
    enum err err = meta_read(work->store->db, MARK, work->person.id, &work->counts, &work->resumed);
    /* Whoever was erased is not erased again: there is nobody. */
    if (err == ERR_OK && !work->resumed && registry_resident(work->registry, work->person.no)->removed &&
        registry_vault(work->registry, REGISTRY_RESIDENT, work->person.no, "name")[0] == '\0')
        return say(work, ERR_NOT_FOUND, "erased already");
    if (err == ERR_OK && strcmp(buf_text(&work->counts), old_mark) == 0)
        buf_clear(&work->counts);
    if (err == ERR_OK && work->counts.len == 0)
        err = count_all(work);
    if (err == ERR_OK && work->counts.failed)
        err = ERR_NOMEM;
    if (err == ERR_OK && !work->order->dry_run)
        err = meta_run(work->store->db, "INSERT OR REPLACE INTO meta VALUES(?1, ?2)", MARK, work->person.id,
                       buf_text(&work->counts), &changes);
    return err;
}

enum err erase_resident(const struct erase_order *order, struct buf *certificate, struct buf *why)
{
    struct erasure work = {.order = order, .why = why};
    buf_init(&work.counts, DETAIL_MAX);
    enum err err = open_all(&work);
    if (err == ERR_OK)
        err = may_erase(&work);
    if (err == ERR_OK)
        err = person_sets(work.store->db, work.registry, &work.person);
    if (err == ERR_OK)
        err = person_inputs(work.store->db, "main", &work.person);
    if (err == ERR_OK)
        err = begin(&work);
    if (err == ERR_OK && !order->dry_run)
        err = walk(&work);
    if (err == ERR_OK && !order->dry_run)
        err = clean_step(&work);
    if (err == ERR_OK)
        write_certificate(&work, certificate);
    if (err == ERR_OK && order->dry_run)
        buf_puts(certificate, "}\n");
    else if (err == ERR_OK)
        err = finish(&work, certificate);
    if (err != ERR_OK && why->len == 0)
        (void)say(&work, err, order->resident);
    close_all(&work);
    buf_release(&work.counts);
    return err;
}

enum err erase_hold(const struct erase_order *order, const char *reference, struct buf *why)
{
    struct erasure work = {.order = order, .why = why};
    struct buf detail;
    int changes = 0;
    const bool lift = reference[0] == '\0';
    enum err err = open_all(&work);
    buf_init(&detail, DETAIL_MAX);
    if (err == ERR_OK)
        err = db_exec(work.store->db, "BEGIN IMMEDIATE");
    if (err == ERR_OK)
        err = lift ? meta_run(work.store->db, "DELETE FROM meta WHERE key=?1", HOLD, work.person.id, NULL,
                              &changes)
                   : meta_run(work.store->db, "INSERT OR REPLACE INTO meta VALUES(?1, ?2)", HOLD,
                              work.person.id, reference, &changes);
    if (err == ERR_OK && changes == 0)
        err = say(&work, ERR_NOT_FOUND, "there is no hold");
    buf_printf(&detail, "%s|resident_number:%u|%s|%s", lift ? "released" : "held", work.person.no, reference,
               order->by);
    if (err == ERR_OK)
        err = audit_append(work.store->db, "hold", detail.data, detail.len);
    if (err == ERR_OK)
        err = db_exec(work.store->db, "COMMIT");
    if (work.store != NULL)
        store_rollback(work.store);
    buf_release(&detail);
    close_all(&work);
    return err;
}
