#include "store/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "store/sqlite/db.h"

enum { SCHEMA_VERSION = 2, TOUCH_MS = 60000 /* a session is not written more often */ };

static const char schema[] = "BEGIN IMMEDIATE;"
                             "CREATE TABLE account(id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT "
                             "NULL, scope TEXT NOT NULL, disabled INTEGER NOT NULL, version INTEGER NOT "
                             "NULL, secret TEXT NOT NULL) STRICT, WITHOUT ROWID;"
                             "CREATE TABLE session(token BLOB PRIMARY KEY, account TEXT NOT NULL, made "
                             "INTEGER NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
                             "CREATE INDEX session_account ON session(account, used);"
                             "CREATE TABLE once(key BLOB PRIMARY KEY, request BLOB NOT NULL, at INTEGER NOT "
                             "NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;"
                             "CREATE INDEX once_at ON once(at);"
                             "PRAGMA user_version=1; COMMIT";

/* Who looked at whom. */
static const char schema_2[] = "BEGIN IMMEDIATE;"
                               "CREATE TABLE viewed(id INTEGER PRIMARY KEY, t INTEGER NOT NULL, account TEXT "
                               "NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL) STRICT;"
                               "CREATE INDEX viewed_subject ON viewed(subject);"
                               "CREATE INDEX viewed_account ON viewed(account);"
                               "PRAGMA user_version=2; COMMIT";

struct accounts {
    sqlite3 *db;
};

const char *account_role_name(unsigned role)
{
    return role == ACCOUNT_ADMINISTRATOR ? "administrator" : role_name((enum role)role);
}

unsigned account_role_from_name(const char *name)
{
    return strcmp(name, "administrator") == 0 ? (unsigned)ACCOUNT_ADMINISTRATOR : role_from_name(name);
}

enum err accounts_open(const char *folder, struct accounts **ret_accounts)
{
    struct accounts *accounts = calloc(1, sizeof(*accounts));
    int64_t version = 0;

    if (accounts == NULL)
        return ERR_NOMEM;
    enum err err = db_open_small(folder, "accounts.db", &accounts->db);
    if (err == ERR_OK)
        err = db_integer(accounts->db, "PRAGMA user_version", 0, &version);
    if (err == ERR_OK && version == 0)
        err = db_exec(accounts->db, schema);
    if (err == ERR_OK && version < 2)
        err = db_exec(accounts->db, schema_2);
    else if (err == ERR_OK && version != SCHEMA_VERSION)
        err = ERR_UNSUPPORTED;
    /* What the last run left in the log becomes the file: it is not done on closing (db_open_small). */
    if (err == ERR_OK)
        err = db_exec(accounts->db, "PRAGMA wal_checkpoint(TRUNCATE)");
    if (err != ERR_OK) {
        log_write(LOG_ERROR, "store.accounts", "the accounts cannot be opened\tfolder=%s\terror=%s", folder,
                  err_text(err));
        accounts_close(accounts);
        return err;
    }
    *ret_accounts = accounts;
    return ERR_OK;
}

void accounts_close(struct accounts *accounts)
{
    if (accounts == NULL)
        return;
    sqlite3_close(accounts->db);
    free(accounts);
}

/* Steps once; ERR_NOT_FOUND when there is no row. The caller finalizes. */
static enum err first_row(sqlite3_stmt *s)
{
    int code = sqlite3_step(s);
    return code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(sqlite3_db_handle(s), code);
}

/* Runs a statement that returns nothing, and ends it. */
static enum err finish(sqlite3_stmt *s)
{
    enum err err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

enum err accounts_count(struct accounts *accounts, unsigned *ret_count)
{
    int64_t count;
    enum err err = db_integer(accounts->db, "SELECT count(*) FROM account", 0, &count);

    if (err == ERR_OK)
        *ret_count = (unsigned)count;
    return err;
}

/* Of `id, name, role, scope, disabled, version`. */
static enum err account_of_row(sqlite3_stmt *s, struct account *ret_account)
{
    struct account account = {.role = (uint8_t)account_role_from_name(db_text(s, 2)),
                              .disabled = sqlite3_column_int(s, 4) != 0,
                              .version = (uint32_t)sqlite3_column_int64(s, 5)};

    if (account.role == ROLE_NONE || !text_copy(account.id, sizeof(account.id), db_text(s, 0)) ||
        !text_copy(account.name, sizeof(account.name), db_text(s, 1)) ||
        !text_copy(account.scope, sizeof(account.scope), db_text(s, 3)))
        return ERR_CORRUPT;
    *ret_account = account;
    return ERR_OK;
}

enum err accounts_find(struct accounts *accounts, const char *id, struct account *ret_account,
                       char ret_secret[ACCOUNT_SECRET_SIZE])
{
    sqlite3_stmt *s;
    enum err err = db_prepare(
        accounts->db, "SELECT id, name, role, scope, disabled, version, secret FROM account WHERE id=?1", &s);

    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, id);
    err = first_row(s);
    if (err == ERR_OK && ret_secret != NULL && !text_copy(ret_secret, ACCOUNT_SECRET_SIZE, db_text(s, 6)))
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        err = account_of_row(s, ret_account);
    sqlite3_finalize(s);
    return err;
}

enum err accounts_each(struct accounts *accounts, enum err (*fn)(void *self, const struct account *account),
                       void *self)
{
    sqlite3_stmt *s;
    struct account account;
    enum err err = db_prepare(accounts->db,
                              "SELECT id, name, role, scope, disabled, version FROM account ORDER BY id", &s);
    int code = SQLITE_DONE;

    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        err = account_of_row(s, &account);
        if (err == ERR_OK)
            err = fn(self, &account);
    }
    if (err == ERR_OK)
        err = db_err(accounts->db, code);
    sqlite3_finalize(s);
    return err;
}

static void bind_account(sqlite3_stmt *s, const struct account *account, const char *secret)
{
    db_bind_text(s, 1, account->id);
    db_bind_text(s, 2, account->name);
    db_bind_text(s, 3, account_role_name(account->role));
    db_bind_text(s, 4, account->scope);
    sqlite3_bind_int(s, 5, account->disabled);
    sqlite3_bind_int64(s, 6, account->version);
    if (secret != NULL)
        db_bind_text(s, 7, secret);
}

enum err accounts_add(struct accounts *accounts, const struct account *account, const char *secret,
                      bool first)
{
    sqlite3_stmt *s;
    unsigned count;
    enum err err = accounts_count(accounts, &count);

    if (err != ERR_OK)
        return err;
    if (first && count != 0)
        return ERR_EXISTS;
    if (count >= ACCOUNTS_MAX)
        return ERR_FULL;
    err = db_prepare(accounts->db,
                     "INSERT INTO account(id, name, role, scope, disabled, version, secret) VALUES(?1, ?2, "
                     "?3, ?4, ?5, 1, ?7) ON CONFLICT DO NOTHING",
                     &s);
    if (err != ERR_OK)
        return err;
    bind_account(s, account, secret);
    err = finish(s);
    return err == ERR_OK && sqlite3_changes(accounts->db) == 0 ? ERR_EXISTS : err;
}

static enum err sessions_end(struct accounts *accounts, const char *account)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(accounts->db, "DELETE FROM session WHERE account=?1", &s);

    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, account);
    return finish(s);
}

static enum err change(struct accounts *accounts, const struct account *account, const char *secret)
{
    struct account before;
    sqlite3_stmt *s;
    int64_t administrators;
    enum err err = accounts_find(accounts, account->id, &before, NULL);

    if (err == ERR_OK && before.version != account->version)
        err = ERR_BUSY;
    if (err == ERR_OK)
        err = db_prepare(accounts->db,
                         "UPDATE account SET name=?2, role=?3, scope=?4, disabled=?5, version=?6+1, "
                         "secret=coalesce(?7, secret) WHERE id=?1",
                         &s);
    if (err != ERR_OK)
        return err;
    bind_account(s, account, secret);
    err = finish(s);
    if (err == ERR_OK)
        err =
            db_integer(accounts->db, "SELECT count(*) FROM account WHERE role='administrator' AND disabled=0",
                       0, &administrators);
    if (err == ERR_OK && administrators == 0)
        err = ERR_REFUSED;
    return err == ERR_OK ? sessions_end(accounts, account->id) : err;
}

enum err accounts_change(struct accounts *accounts, const struct account *account, const char *secret)
{
    enum err err = db_exec(accounts->db, "BEGIN IMMEDIATE");

    if (err != ERR_OK)
        return err;
    err = change(accounts, account, secret);
    if (err == ERR_OK)
        err = db_exec(accounts->db, "COMMIT");
    if (err != ERR_OK)
        (void)!db_exec(accounts->db, "ROLLBACK");
    return err;
}

static enum err purge(struct accounts *accounts, const char *sql, const char *account, int64_t value)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(accounts->db, sql, &s);

    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, value);
    if (account != NULL)
        db_bind_text(s, 2, account);
    return finish(s);
}

enum err session_add(struct accounts *accounts, const uint8_t token[SHA256_SIZE], const char *account,
                     int64_t now_ms)
{
    sqlite3_stmt *s;
    enum err err = purge(accounts, "DELETE FROM session WHERE used < ?1", NULL, now_ms - SESSION_IDLE_MS);

    if (err == ERR_OK)
        err = purge(accounts,
                    "DELETE FROM session WHERE token IN (SELECT token FROM session WHERE account=?2 ORDER BY "
                    "used DESC LIMIT -1 OFFSET ?1)",
                    account, ACCOUNT_SESSIONS_MAX - 1);
    if (err == ERR_OK)
        err = db_prepare(accounts->db, "INSERT INTO session VALUES(?1, ?2, ?3, ?3)", &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, token, SHA256_SIZE);
    db_bind_text(s, 2, account);
    sqlite3_bind_int64(s, 3, now_ms);
    return finish(s);
}

static enum err touch(struct accounts *accounts, const uint8_t token[SHA256_SIZE], int64_t now_ms)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(accounts->db, "UPDATE session SET used=?2 WHERE token=?1", &s);

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, token, SHA256_SIZE);
    sqlite3_bind_int64(s, 2, now_ms);
    return finish(s);
}

enum err session_find(struct accounts *accounts, const uint8_t token[SHA256_SIZE], bool use, int64_t now_ms,
                      struct account *ret_account)
{
    sqlite3_stmt *s;
    struct account account;
    int64_t used = 0;
    enum err err = db_prepare(accounts->db,
                              "SELECT a.id, a.name, a.role, a.scope, a.disabled, a.version, s.used FROM "
                              "session s JOIN account a ON a.id=s.account WHERE s.token=?1 AND a.disabled=0 "
                              "AND s.used > ?2 AND s.made > ?3",
                              &s);

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, token, SHA256_SIZE);
    sqlite3_bind_int64(s, 2, now_ms - SESSION_IDLE_MS);
    sqlite3_bind_int64(s, 3, now_ms - SESSION_MAX_MS);
    err = first_row(s);
    if (err == ERR_OK)
        err = account_of_row(s, &account);
    if (err == ERR_OK)
        used = sqlite3_column_int64(s, 6);
    sqlite3_finalize(s);
    if (err == ERR_OK && use && now_ms - used >= TOUCH_MS)
        err = touch(accounts, token, now_ms);
    if (err == ERR_OK)
        *ret_account = account;
    return err;
}

enum err session_end(struct accounts *accounts, const uint8_t token[SHA256_SIZE])
{
    sqlite3_stmt *s;
    enum err err = db_prepare(accounts->db, "DELETE FROM session WHERE token=?1", &s);

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, token, SHA256_SIZE);
    return finish(s);
}

enum err once_find(struct accounts *accounts, const uint8_t key[SHA256_SIZE],
                   const uint8_t request[SHA256_SIZE], int64_t now_ms, char body[ONCE_BODY_SIZE])
{
    sqlite3_stmt *s;
    enum err err = db_prepare(accounts->db, "SELECT request, body FROM once WHERE key=?1 AND at > ?2", &s);

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, key, SHA256_SIZE);
    sqlite3_bind_int64(s, 2, now_ms - ONCE_KEEP_MS);
    err = first_row(s);
    if (err == ERR_OK && (sqlite3_column_bytes(s, 0) != SHA256_SIZE ||
                          memcmp(sqlite3_column_blob(s, 0), request, SHA256_SIZE) != 0))
        err = ERR_REFUSED;
    if (err == ERR_OK && !text_copy(body, ONCE_BODY_SIZE, db_text(s, 1)))
        err = ERR_CORRUPT;
    sqlite3_finalize(s);
    return err;
}

enum err once_add(struct accounts *accounts, const uint8_t key[SHA256_SIZE],
                  const uint8_t request[SHA256_SIZE], int64_t now_ms, const char *body)
{
    sqlite3_stmt *s;
    enum err err = purge(accounts, "DELETE FROM once WHERE at <= ?1", NULL, now_ms - ONCE_KEEP_MS);

    if (err == ERR_OK)
        err = db_prepare(accounts->db, "INSERT OR REPLACE INTO once VALUES(?1, ?2, ?3, ?4)", &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, key, SHA256_SIZE);
    db_bind_blob(s, 2, request, SHA256_SIZE);
    sqlite3_bind_int64(s, 3, now_ms);
    db_bind_text(s, 4, body);
    return finish(s);
}

enum err once_forget(struct accounts *accounts, const uint8_t key[SHA256_SIZE])
{
    sqlite3_stmt *s;
    enum err err = db_prepare(accounts->db, "DELETE FROM once WHERE key=?1", &s);

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, key, SHA256_SIZE);
    return finish(s);
}

enum err views_add(struct accounts *accounts, int64_t now_ms, const char *account, const char *what,
                   const char *subject)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(accounts->db, "INSERT INTO viewed VALUES(NULL, ?1, ?2, ?3, ?4)", &s);

    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, now_ms);
    db_bind_text(s, 2, account);
    db_bind_text(s, 3, what);
    db_bind_text(s, 4, subject);
    err = finish(s);
    return err == ERR_OK ? purge(accounts, "DELETE FROM viewed WHERE id <= ?1", NULL,
                                 sqlite3_last_insert_rowid(accounts->db) - VIEWS_KEPT)
                         : err;
}

enum err views_each(struct accounts *accounts, const char *account, const char *subject, int64_t before,
                    unsigned limit, enum err (*fn)(void *self, const struct viewed *viewed), void *self)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err = db_prepare(accounts->db,
                              "SELECT id, t, account, what, subject FROM viewed WHERE id < ?1 AND (?2='' OR "
                              "account=?2) AND (?3='' OR subject=?3) ORDER BY id DESC LIMIT ?4",
                              &s);

    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, before != 0 ? before : INT64_MAX);
    db_bind_text(s, 2, account);
    db_bind_text(s, 3, subject);
    sqlite3_bind_int(s, 4, limit <= VIEWS_PAGE_MAX ? (int)limit : VIEWS_PAGE_MAX);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct viewed viewed = {.id = sqlite3_column_int64(s, 0), .t_ms = sqlite3_column_int64(s, 1)};
        (void)text_copy(viewed.account, sizeof(viewed.account), db_text(s, 2));
        (void)text_copy(viewed.what, sizeof(viewed.what), db_text(s, 3));
        (void)text_copy(viewed.subject, sizeof(viewed.subject), db_text(s, 4));
        err = fn(self, &viewed);
    }
    if (err == ERR_OK)
        err = db_err(accounts->db, code);
    sqlite3_finalize(s);
    return err;
}
