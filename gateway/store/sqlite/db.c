#include "store/sqlite/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "registry/registry.h"

enum { WRITER_BUSY_MS = 50, READER_BUSY_MS = 2000 };

/* A failed fsync is never "no space": what it left on the disk is unknown, so the process must not go on. */
static bool is_full_in_disguise(sqlite3 *db, int code)
{
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC || db == NULL)
        return false;
    int number = sqlite3_system_errno(db);
    return number == ENOSPC || number == EDQUOT;
}

enum err db_err(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return ERR_OK;
    case SQLITE_FULL: return ERR_NO_SPACE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ERR_BUSY;
    case SQLITE_NOMEM: return ERR_NOMEM;
    case SQLITE_IOERR:
        if (code == SQLITE_IOERR_NOMEM)
            return ERR_NOMEM;
        return is_full_in_disguise(db, code) ? ERR_NO_SPACE : ERR_IO;
    case SQLITE_CANTOPEN: return is_full_in_disguise(db, code) ? ERR_NO_SPACE : ERR_IO;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH: return ERR_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT: /* memory and disk disagree about what is committed */
    case SQLITE_MISMATCH: return ERR_CORRUPT;
    default: return ERR_IO;
    }
}

enum err db_exec(sqlite3 *db, const char *sql)
{
    return db_err(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

enum err db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement)
{
    return db_err(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret_statement, NULL));
}

enum err db_run(sqlite3_stmt *statement)
{
    int code;

    do
        code = sqlite3_step(statement);
    while (code == SQLITE_ROW);
    enum err err = db_err(sqlite3_db_handle(statement), code);
    sqlite3_reset(statement);
    return err;
}

enum err db_integer(sqlite3 *db, const char *sql, int64_t fallback, int64_t *ret_value)
{
    sqlite3_stmt *statement;
    enum err err = db_prepare(db, sql, &statement);

    if (err != ERR_OK)
        return err;
    int code = sqlite3_step(statement);
    err = db_err(db, code);
    if (err == ERR_OK)
        *ret_value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : fallback;
    sqlite3_finalize(statement);
    return err;
}

void db_bind_u64(sqlite3_stmt *statement, int at, uint64_t value)
{
    sqlite3_bind_int64(statement, at, (sqlite3_int64)value);
}

void db_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

void db_bind_blob(sqlite3_stmt *statement, int at, const void *data, size_t len)
{
    sqlite3_bind_blob64(statement, at, len != 0 ? data : "", len, SQLITE_STATIC);
}

void db_bind_number(sqlite3_stmt *statement, int at, uint32_t number)
{
    if (number == REGISTRY_NONE)
        sqlite3_bind_null(statement, at);
    else
        sqlite3_bind_int64(statement, at, number);
}

const char *db_text(sqlite3_stmt *statement, int at)
{
    const unsigned char *text = sqlite3_column_text(statement, at);
    return text != NULL ? (const char *)text : "";
}

bool db_id(sqlite3_stmt *statement, int at, struct hash_id *ret_id)
{
    if (sqlite3_column_bytes(statement, at) != HASH_ID_SIZE)
        return false;
    memcpy(ret_id->bytes, sqlite3_column_blob(statement, at), HASH_ID_SIZE);
    return true;
}

uint32_t db_number(sqlite3_stmt *statement, int at)
{
    return sqlite3_column_type(statement, at) == SQLITE_NULL ? REGISTRY_NONE
                                                             : (uint32_t)sqlite3_column_int64(statement, at);
}

static enum err settle(sqlite3 *db, const char *pragmas, int busy_ms)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, busy_ms);
    /* A database file that somebody prepared cannot run code of its own choice through us. */
    if (sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL) != SQLITE_OK ||
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL) != SQLITE_OK)
        return ERR_UNSUPPORTED;
    return db_exec(db, pragmas);
}

/* Names, addresses and phones are in it: for its owner only, whatever the folder's mode and the umask
 * say. SQLite gives the WAL and its index the database's mode. An existing file is not opened here:
 * closing it would take the locks of this process's other connections away. */
static enum err open_private(const char *path, sqlite3 **ret_db)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    else if (errno == EEXIST)
        (void)!chmod(path, 0600);
    int code =
        sqlite3_open_v2(path, ret_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    return db_err(*ret_db, code);
}

enum err db_open_small(const char *folder, const char *file, sqlite3 **ret_db)
{
    char path[DB_PATH_SIZE];
    sqlite3 *db = NULL;

    if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
        return ERR_RANGE;
    enum err err = open_private(path, &db);
    if (err == ERR_OK)
        err = settle(db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON; PRAGMA "
                     "temp_store=MEMORY; PRAGMA journal_size_limit=1048576;",
                     WRITER_BUSY_MS);
    /* A checkpoint on closing would wait for a disk that hangs, and the whole process with it; the next start
     * reads the log. */
    if (err == ERR_OK)
        err = db_err(db, sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL));
    if (err != ERR_OK) {
        sqlite3_close(db);
        return err;
    }
    *ret_db = db;
    return ERR_OK;
}

enum err db_open_writer(const char *folder, sqlite3 **ret_db)
{
    char path[DB_PATH_SIZE];
    sqlite3 *db = NULL;

    if (snprintf(path, sizeof(path), "%s/" DB_FILE, folder) >= (int)sizeof(path))
        return ERR_RANGE;
    enum err err = open_private(path, &db);
    /* synchronous=FULL: NORMAL would lose the last commits at a power cut. Checkpoints are ours to time, they
     * can stall for 24 ms. What is deleted is overwritten, because of the vault. */
    if (err == ERR_OK)
        err = settle(db,
                     "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA "
                     "wal_autocheckpoint=0;"
                     "PRAGMA secure_delete=ON; PRAGMA foreign_keys=OFF; PRAGMA temp_store=MEMORY; PRAGMA "
                     "journal_size_limit=33554432;",
                     WRITER_BUSY_MS);
    if (err == ERR_OK)
        err = db_migrate(db);
    if (err != ERR_OK) {
        log_write(LOG_ERROR, "store.open", "the database cannot be opened\tpath=%s\terror=%s\tdetail=%s",
                  path, err_text(err), db != NULL ? sqlite3_errmsg(db) : "");
        sqlite3_close(db);
        return err;
    }
    *ret_db = db;
    return ERR_OK;
}

enum err db_open_reader(const char *folder, sqlite3 **ret_db)
{
    char path[DB_PATH_SIZE];
    sqlite3 *db = NULL;
    int64_t version = 0;

    if (snprintf(path, sizeof(path), "%s/" DB_FILE, folder) >= (int)sizeof(path))
        return ERR_RANGE;
    if (access(path, F_OK) != 0)
        return ERR_NOT_FOUND;
    enum err err = db_err(db, sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
    if (err == ERR_OK && sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL) != SQLITE_OK)
        err = ERR_UNSUPPORTED;
    if (err == ERR_OK)
        err = settle(db, "PRAGMA query_only=1; PRAGMA temp_store=MEMORY;", READER_BUSY_MS);
    if (err == ERR_OK)
        err = db_integer(db, "PRAGMA application_id", 0, &version);
    if (err == ERR_OK && version != DB_APPLICATION_ID)
        err = ERR_NOT_FOUND; /* not made yet, or not ours */
    if (err != ERR_OK) {
        sqlite3_close(db);
        return err;
    }
    *ret_db = db;
    return ERR_OK;
}
