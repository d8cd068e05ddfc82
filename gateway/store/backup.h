/* A whole state folder as a folder of copies, and the way back. The source may be in use: every database is
 * copied as of one moment. For the CLI; any thread.
 *
 * A backup holds huyang.db, accounts.db when there is one, archive/DAY.db, and manifest.txt: a line for each
 * file with its size and its digest. It holds personal data: mode 0700, files 0600. It becomes visible under
 * its name only when it is whole and was verified. The API's token is not part of it: a restored gateway
 * makes a new one. */
#ifndef HUYANG_STORE_BACKUP_H
#define HUYANG_STORE_BACKUP_H

#include "core/buf.h"
#include "core/err.h"

/* Copies, verifies (SQLite's own check, the chains of the audit), and renames into place. ERR_BUSY: `to`
 * exists; ERR_NOT_FOUND: there is no database. `said` gets a line for each file, and what is wrong. */
MUST_CHECK enum err backup_make(const char *state_dir, const char *to, struct buf *said);
/* ERR_BUSY: `state_dir` exists and is not empty: a live state folder is never written over. ERR_CORRUPT: a
 * file is missing, or is not what the manifest says. */
MUST_CHECK enum err backup_restore(const char *from, const char *state_dir, struct buf *said);

#endif
