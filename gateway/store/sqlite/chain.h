/* Inside the SQLite store: the chain of hashes over the transitions. It covers a digest of what is personal
 * in a row, so that the texts can be erased and every other row still be verified. */
#ifndef HUYANG_STORE_SQLITE_CHAIN_H
#define HUYANG_STORE_SQLITE_CHAIN_H

#include "core/buf.h"
#include "core/hash.h"
#include "store/sqlite/db.h"

enum {
    CHAIN_SALT_SIZE = 16,
    CHAIN_SCRATCH = 256 << 10, /* sensible limit of the scratch buffers below */
    CHAIN_MIGRATION = 8        /* the schema's version from which rows have digests */
};

/* What is personal. `salt` is CHAIN_SALT_SIZE bytes. All borrowed. */
struct chain_detail {
    const uint8_t *salt;
    const char *by, *why, *line;
    size_t line_len;
};
struct chain_row {
    uint64_t n;
    int64_t t_ms;
    const uint8_t *alert; /* HASH_ID_SIZE bytes */
    uint32_t number, kind;
    const uint8_t *digest; /* SHA256_SIZE bytes, of the detail */
};
/* `scratch` is overwritten; check scratch->failed afterwards. */
void chain_digest(const struct chain_detail *detail, struct buf *scratch, uint8_t ret_digest[SHA256_SIZE]);
void chain_next(const uint8_t before[SHA256_SIZE], const struct chain_row *row, struct buf *scratch,
                uint8_t ret_hash[SHA256_SIZE]);

/* The step of migration CHAIN_MIGRATION, in its transaction: digests for the rows there are, and the seal. */
MUST_CHECK enum err chain_seal(sqlite3 *db);
/* Recomputes the chain, the digests of what is not erased, and the seal of the older part. Also of a database
 * from before the migration. *ret_rows = rows looked at; ERR_CORRUPT: the last of them does not hold, or the
 * seal, which stands behind the last row of the older part. */
MUST_CHECK enum err chain_verify(sqlite3 *db, uint64_t *ret_rows);

#endif
