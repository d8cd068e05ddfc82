/* Inside the SQLite store: what its files share. Not for others, they see store.h. */
#ifndef HUYANG_STORE_SQLITE_STORE_SQLITE_H
#define HUYANG_STORE_SQLITE_STORE_SQLITE_H

#include "core/hash.h"
#include "core/log.h"
#include "store/sqlite/chain.h"
#include "store/sqlite/db.h"
#include "store/store.h"

/* Statements that are prepared once and kept. */
#define STATEMENT_MAP(X)                                                                                     \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                              \
    X(COMMIT, "COMMIT")                                                                                      \
    X(ROLLBACK, "ROLLBACK")                                                                                  \
    X(MARK, "UPDATE mark SET last_n=?1, t=?2, snapshot_n=?3 WHERE id=1")                                     \
    X(COMMITS, "INSERT INTO commits VALUES(?1,?2,?3,?4)")                                                    \
    X(INPUT, "INSERT INTO input VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                                         \
    X(FINDING,                                                                                               \
      "INSERT INTO finding VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)")         \
    X(TRANSITION, "INSERT INTO transition VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,0) "            \
                  "ON CONFLICT(alert,number) DO NOTHING")                                                    \
    X(ALERT, "INSERT INTO alert VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT(id) DO UPDATE SET "       \
             "changed=?3, subject_kind=?4, subject_no=?5, level=?7, state=?8, acknowledged=?9, json=?10")    \
    X(JOB,                                                                                                   \
      "INSERT OR IGNORE INTO outbox VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?4,'',0)")     \
    X(DELIVERY, "INSERT INTO delivery VALUES(NULL,?1,?2,?3,?4,?5)")                                          \
    X(JOB_STATE, "UPDATE outbox SET state=?2, state_ms=?3, reason=?4, done=?5, "                             \
                 "body=CASE WHEN ?5 THEN NULL ELSE body END WHERE id=?1 AND done=0")                         \
    X(WATERMARK, "INSERT INTO watermark VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(key) DO UPDATE SET "           \
                 "base=?3, seen=?4, last_ms=?5, window=?6 WHERE epoch=?2")                                   \
    X(EPOCH_AWAY, "INSERT OR REPLACE INTO watermark_before SELECT * FROM watermark WHERE key=?1")            \
    X(EPOCH_BACK, "DELETE FROM watermark_before WHERE key=?1 AND epoch=?2")                                  \
    X(EPOCH_NEW, "UPDATE watermark SET epoch=?2, base=?3, seen=?4, last_ms=?5, window=?6 WHERE key=?1")      \
    X(GAP, "INSERT INTO gap VALUES(NULL,?1,?2,?3,?4,?5,?6)")                                                 \
    X(STATE_TABLE, "INSERT INTO state_table(id, name) VALUES(?1,?2)")                                        \
    X(STATE, "INSERT INTO state VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET version=?3, value=?4")         \
    X(STATE_GONE, "DELETE FROM state WHERE tbl=?1 AND no=?2")                                                \
    X(SILENCE, "INSERT INTO silence VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT(id) DO UPDATE SET "   \
               "removed=?9, removed_by=?10")                                                                 \
    X(ROSTER, "INSERT INTO roster_change VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT(id) DO " \
              "UPDATE SET removed=?11, removed_by=?12")                                                      \
    X(ANNOUNCEMENT, "INSERT INTO announcement VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT(id) DO "    \
                    "UPDATE SET removed=?9, removed_by=?10")                                                 \
    X(SUPPRESSION, "INSERT INTO suppression VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)")            \
    X(TASK, "INSERT INTO task VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10) ON CONFLICT(id) DO UPDATE SET "         \
            "state=?4, role=?5, assignee=?6, due=?8, changed=?9, json=?10")                                  \
    X(TASK_EVENT, "INSERT OR IGNORE INTO task_event VALUES(NULL,?1,?2,?3,?4,?5,?6,?7)")                      \
    X(LEDGER, "INSERT INTO ledger VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT(alert) DO UPDATE SET "      \
              "state=?2, responsible=?4, due=?6, changed=?7, closed=?8, json=?9")                            \
    X(LEDGER_EVENT, "INSERT OR IGNORE INTO ledger_event VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8)")               \
    X(HANDOVER, "INSERT INTO handover VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(id) DO UPDATE SET "              \
                "state=?3, due=?4, json=?6")                                                                 \
    X(HANDOVER_EVENT, "INSERT OR IGNORE INTO handover_event VALUES(NULL,?1,?2,?3,?4,?5,?6,?7)")              \
    X(SPOKEN, "INSERT OR IGNORE INTO spoken VALUES(?1,?2,?3,?4,?5,?6,?7)")                                   \
    X(CAMPAIGN, "INSERT INTO campaign VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14) "               \
                "ON CONFLICT(id) DO UPDATE SET state=?12, ended=?13, ended_by=?14")                          \
    X(REACH, "INSERT INTO campaign_person VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE SET reach=?3, t=?4")     \
    X(ORDER, "INSERT INTO device_order VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13) "                  \
             "ON CONFLICT(id) DO UPDATE SET state=?11, changed=?12, reason=?13")                             \
    X(ROLLOUT, "INSERT INTO rollout VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16) "         \
               "ON CONFLICT(id) DO UPDATE SET state=?13, stage=?14, verdict=?15, counts=?16")                \
    X(ROLLOUT_EVENT, "INSERT OR IGNORE INTO rollout_event VALUES(?1,?2,?3,?4,?5,?6)")
enum statement {
#define X(name, sql) STATEMENT_##name,
    STATEMENT_MAP(X)
#undef X
        STATEMENTS
};

enum { STORE_STATE_TABLES = 64, STORE_FOLDER_SIZE = DB_PATH_SIZE - 64 };

/* What a commit moves; taken over only once it is on disk. */
struct store_position {
    struct store_mark mark;
    int64_t commit_id;
    uint8_t chain[SHA256_SIZE]; /* hash of the last transition */
    unsigned state_tables;      /* names known so far; an id is the place in `names` plus 1 */
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct store_position at;
    char names[STORE_STATE_TABLES][ID_SIZE];
    enum err broken; /* not ERR_OK: a sync failed, nothing may be acknowledged any more */
    int wal_pages;   /* in the log */
    int wal_checked; /* of those, written back or tried in vain because of a reader */
    int lock_fd;
    bool ballast, short_of_space;
    size_t ballast_bytes;
    char folder[STORE_FOLDER_SIZE];
    struct log_limit full_lines, busy_lines, retention_lines;
    struct retention retention;
    uint64_t registry_n; /* the last input when the registry in force was saved */
    int64_t retain_ms;   /* no look before this moment of the fold */
    _Atomic uint64_t thinned, archived, files_removed, retain_failed;
};

/* folder.c: the folder itself, its lock, the ballast. */
MUST_CHECK enum err folder_make(const char *folder);
/* ERR_BUSY: another process holds it. */
MUST_CHECK enum err folder_lock(const char *folder, int *ret_fd);
/* Bytes that are free for us on the folder's file system; UINT64_MAX when that cannot be told. */
uint64_t folder_free(const char *folder);
/* Makes the ballast when there is room for it and as much again; true when it is there. */
bool ballast_make(const char *folder, size_t bytes);
/* True when there was one. */
bool ballast_release(const char *folder);

/* commit.c */
enum err store_commit(struct store *store, const struct batch *batch);
/* load.c */
enum err store_load(struct store *store, const struct store_loader *loader);
enum err store_rows(struct store *store, const struct store_loader *loader);
/* Reads the position of the last commit. */
MUST_CHECK enum err store_position_read(struct store *store);
/* A row of `n, t, kind, device, lane, epoch, seq, count, blob`; the blob is borrowed until the next step. */
void input_of_row(sqlite3_stmt *s, struct batch_input *ret_input);
/* registry_rows.c */
enum err store_save_registry(struct store *store, const struct registry *registry);
enum err store_save_edited(struct store *store, const struct registry *registry,
                           const struct registry_edit *edit);
bool store_registry_is_unmarked(const struct store *store);
/* Reads where the registry was saved last. */
MUST_CHECK enum err registry_saved_read(struct store *store);
MUST_CHECK enum err registry_rows_load(sqlite3 *db, const struct tz *tz, struct buf *errors,
                                       struct registry **ret_registry);

/* retention.c */
enum err store_retain(struct store *store, bool *ret_more);
void store_retention_stats(const struct store *store, struct retention_stats *ret_stats);
/* In an idle moment: one step, when there may be one to take. */
void store_retain_rest(struct store *store);

/* Ends a transaction that failed. */
void store_rollback(struct store *store);
/* Runs after a failure: releases the ballast on a full disk, marks the store broken after an I/O error, logs.
 * Returns err. */
enum err store_failed(struct store *store, enum err err, const char *what);

/* Parts of a restart that a reader walks too (load.c): states of the snapshot; inputs after n. */
MUST_CHECK enum err load_states(sqlite3 *db, const struct store_loader *loader);
MUST_CHECK enum err load_inputs(sqlite3 *db, uint64_t after_n, const struct store_loader *loader);

/* rollout_row.c: the row of a roll-out, and its line of history unless that stands already. */
struct rollout;
MUST_CHECK enum err store_put_rollout(sqlite3_stmt *row, sqlite3_stmt *event, const struct rollout *rollout);

#endif
