/* Inside the SQLite store: the chained record of what was done about people's data (migration 4). */
#ifndef HUYANG_STORE_SQLITE_AUDIT_H
#define HUYANG_STORE_SQLITE_AUDIT_H

#include "store/sqlite/db.h"

/* Appends one entry; inside the caller's transaction. */
MUST_CHECK enum err audit_append(sqlite3 *db, const char *kind, const char *detail, size_t len);
/* Recomputes the chain, and the digests of details that are there. *ret_rows = entries looked at;
 * ERR_CORRUPT: the last of them does not hold. */
MUST_CHECK enum err audit_verify(sqlite3 *db, uint64_t *ret_rows);

#endif
