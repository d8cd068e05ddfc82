/* What every file of this folder needs of SQLite: opening with our settings, errors converted, statements.
 * sqlite3.h stays in this folder.
 *
 * Writer: one connection, all writes and all checkpoints. Readers: connections of their own, read-only.
 * (SQLite 3.40.1 can corrupt a database when two connections write or checkpoint at once; fixed in 3.51.3.) A
 * connection may move between threads but is never used by two at a time. */
#ifndef HUYANG_STORE_SQLITE_DB_H
#define HUYANG_STORE_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/hash.h"

#define DB_FILE "huyang.db"
enum { DB_PATH_SIZE = 4096, DB_APPLICATION_ID = 0x48755961 /* "HuYa" */ };

/* SQLite's result code as ours. `db` (may be NULL) tells a full disk from a broken one where the code alone
 * does not. */
enum err db_err(sqlite3 *db, int code);

/* Opens the folder's database for writing, made if absent, and brings its schema up to date. ERR_UNSUPPORTED:
 * a newer schema than ours. */
MUST_CHECK enum err db_open_writer(const char *folder, sqlite3 **ret_db);
/* ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err db_open_reader(const char *folder, sqlite3 **ret_db);

/* Opens or makes a small database of one owner beside it (mode 0600), without a schema. What it loses at a
 * power cut is the last moment (synchronous=NORMAL). */
MUST_CHECK enum err db_open_small(const char *folder, const char *file, sqlite3 **ret_db);

/* Runs statements that return no rows of interest. */
MUST_CHECK enum err db_exec(sqlite3 *db, const char *sql);
MUST_CHECK enum err db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_statement);
/* Steps a statement to its end and resets it; its rows are ignored. */
MUST_CHECK enum err db_run(sqlite3_stmt *statement);
/* The first column of the first row, `fallback` when there is no row. */
MUST_CHECK enum err db_integer(sqlite3 *db, const char *sql, int64_t fallback, int64_t *ret_value);

/* Bindings that keep the callers short. Memory is borrowed until the statement is reset. An unsigned 64-bit
 * value keeps its bits. */
void db_bind_u64(sqlite3_stmt *statement, int at, uint64_t value);
void db_bind_text(sqlite3_stmt *statement, int at, const char *text);
void db_bind_blob(sqlite3_stmt *statement, int at, const void *data,
                  size_t len); /* empty is an empty blob, not NULL */
/* A registry number; REGISTRY_NONE is NULL. */
void db_bind_number(sqlite3_stmt *statement, int at, uint32_t number);
/* A text column, "" for NULL. Borrowed until the next step. */
const char *db_text(sqlite3_stmt *statement, int at);
uint32_t db_number(sqlite3_stmt *statement, int at);
/* An id of an alert, job or task; false when the column holds none. */
bool db_id(sqlite3_stmt *statement, int at, struct hash_id *ret_id);

/* Brings the schema from user_version to the newest, one transaction for each step (migrations.c). */
MUST_CHECK enum err db_migrate(sqlite3 *db);

#endif
