/* The schema's history. user_version is the number of the last migration that was run; a step and its number
 * are one transaction, so that a crash leaves either the old schema or the new one. */
#include <stdio.h>

#include "core/log.h"
#include "store/sqlite/chain.h"

static const char *const migrations[] = {
#include "migrations_sql.h"
};
enum { MIGRATIONS = sizeof(migrations) / sizeof(migrations[0]) };

static enum err run_step(sqlite3 *db, int64_t number)
{
    char finish[128];

    snprintf(finish, sizeof(finish), "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
             DB_APPLICATION_ID, (int)number);
    enum err err = db_exec(db, "BEGIN IMMEDIATE");
    if (err == ERR_OK)
        err = db_exec(db, migrations[number - 1]);
    if (err == ERR_OK && number == CHAIN_MIGRATION)
        err = chain_seal(db);
    if (err == ERR_OK)
        err = db_exec(db, finish);
    if (err != ERR_OK && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

enum err db_migrate(sqlite3 *db)
{
    int64_t version, id;
    enum err err = db_integer(db, "PRAGMA user_version", 0, &version);

    if (err == ERR_OK)
        err = db_integer(db, "PRAGMA application_id", 0, &id);
    if (err != ERR_OK)
        return err;
    if (version != 0 && id != DB_APPLICATION_ID)
        return ERR_CORRUPT;
    if (version > MIGRATIONS) {
        log_write(LOG_ERROR, "store.newer",
                  "the database was written by a newer version\tschema=%d\tknown=%d", (int)version,
                  (int)MIGRATIONS);
        return ERR_UNSUPPORTED;
    }
    for (int64_t number = version + 1; number <= MIGRATIONS && err == ERR_OK; number++)
        err = run_step(db, number);
    return err;
}
