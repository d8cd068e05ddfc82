/* hash = SHA-256(hash before | "n|t|alert|number|kind|" | digest), digest = SHA-256(salt | by 0 why 0 line).
 *
 * Rows of before migration 8 have a hash over the texts themselves. The migration gave them digests and wrote
 * one entry into the audit trail, the seal: a chain of its own over each such row with its digest and its old
 * hash. Of an erased row of that part the old hash can no longer be recomputed; the seal shows that hash,
 * digest and the rest of the row are those of then. */
#include "store/sqlite/chain.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "store/sqlite/audit.h"

enum { SEAL_SIZE = 128 };

static void append_row(struct buf *scratch, const struct chain_row *row)
{
    char alert[HASH_ID_TEXT];

    hash_hex(row->alert, HASH_ID_SIZE, alert);
    buf_printf(scratch, "%llu|%lld|%s|%u|%u|", (unsigned long long)row->n, (long long)row->t_ms, alert,
               row->number, row->kind);
}

/* Texts may hold any other byte than 0. */
static void append_texts(struct buf *scratch, const struct chain_detail *detail)
{
    buf_puts(scratch, detail->by);
    buf_putc(scratch, '\0');
    buf_puts(scratch, detail->why);
    buf_putc(scratch, '\0');
    buf_append(scratch, detail->line, detail->line_len);
}

void chain_digest(const struct chain_detail *detail, struct buf *scratch, uint8_t ret_digest[SHA256_SIZE])
{
    buf_clear(scratch);
    buf_append(scratch, detail->salt, CHAIN_SALT_SIZE);
    append_texts(scratch, detail);
    hash_sha256(scratch->data, scratch->len, ret_digest);
}

void chain_next(const uint8_t before[SHA256_SIZE], const struct chain_row *row, struct buf *scratch,
                uint8_t ret_hash[SHA256_SIZE])
{
    buf_clear(scratch);
    buf_append(scratch, before, SHA256_SIZE);
    append_row(scratch, row);
    buf_append(scratch, row->digest, SHA256_SIZE);
    hash_sha256(scratch->data, scratch->len, ret_hash);
}

/* As it was before there were digests. */
static void old_next(const uint8_t before[SHA256_SIZE], const struct chain_row *row,
                     const struct chain_detail *detail, struct buf *scratch, uint8_t ret_hash[SHA256_SIZE])
{
    buf_clear(scratch);
    buf_append(scratch, before, SHA256_SIZE);
    append_row(scratch, row);
    append_texts(scratch, detail);
    hash_sha256(scratch->data, scratch->len, ret_hash);
}

struct walk {
    struct buf scratch;
    uint8_t chain[SHA256_SIZE], seal[SHA256_SIZE];
    uint64_t rows;
    int64_t sealed;                 /* rows up to this id are of the old form; INT64_MAX: all of them */
    uint8_t wanted[SHA256_SIZE];    /* the seal after row `sealed` */
    bool has_digests, seal_is_open; /* has_digests: the schema has the columns */
};

#define COLUMNS "SELECT id, n, t, alert, number, kind, by, why, line, hash, "
enum {
    AT_ID,
    AT_N,
    AT_T,
    AT_ALERT,
    AT_NUMBER,
    AT_KIND,
    AT_BY,
    AT_WHY,
    AT_LINE,
    AT_HASH,
    AT_DIGEST,
    AT_SALT,
    AT_ERASED
};

static void read_row(sqlite3_stmt *s, struct chain_row *ret_row, struct chain_detail *ret_detail)
{
    *ret_row = (struct chain_row){.n = (uint64_t)sqlite3_column_int64(s, AT_N),
                                  .t_ms = sqlite3_column_int64(s, AT_T),
                                  .alert = sqlite3_column_blob(s, AT_ALERT),
                                  .number = (uint32_t)sqlite3_column_int64(s, AT_NUMBER),
                                  .kind = (uint32_t)sqlite3_column_int64(s, AT_KIND),
                                  .digest = sqlite3_column_blob(s, AT_DIGEST)};
    *ret_detail = (struct chain_detail){.salt = sqlite3_column_blob(s, AT_SALT),
                                        .by = db_text(s, AT_BY),
                                        .why = db_text(s, AT_WHY),
                                        .line = db_text(s, AT_LINE),
                                        .line_len = (size_t)sqlite3_column_bytes(s, AT_LINE)};
}

static void seal_next(struct walk *walk, const struct chain_row *row, const uint8_t hash[SHA256_SIZE])
{
    buf_clear(&walk->scratch);
    buf_append(&walk->scratch, walk->seal, SHA256_SIZE);
    append_row(&walk->scratch, row);
    buf_append(&walk->scratch, row->digest, SHA256_SIZE);
    buf_append(&walk->scratch, hash, SHA256_SIZE);
    hash_sha256(walk->scratch.data, walk->scratch.len, walk->seal);
}

/* The digest is that of the texts, or there are none. */
static bool detail_holds(struct walk *walk, sqlite3_stmt *s, const struct chain_row *row,
                         const struct chain_detail *detail)
{
    uint8_t digest[SHA256_SIZE];

    if (sqlite3_column_bytes(s, AT_DIGEST) != SHA256_SIZE)
        return false;
    if (sqlite3_column_int(s, AT_ERASED) != 0)
        return detail->by[0] == '\0' && detail->why[0] == '\0' && detail->line_len == 0;
    if (sqlite3_column_bytes(s, AT_SALT) != CHAIN_SALT_SIZE)
        return false;
    chain_digest(detail, &walk->scratch, digest);
    return memcmp(digest, row->digest, SHA256_SIZE) == 0;
}

static enum err verify_row(struct walk *walk, sqlite3_stmt *s)
{
    struct chain_row row;
    struct chain_detail detail;
    const int64_t id = sqlite3_column_int64(s, AT_ID);
    const uint8_t *stored = sqlite3_column_blob(s, AT_HASH);

    read_row(s, &row, &detail);
    walk->rows++;
    if (sqlite3_column_bytes(s, AT_ALERT) != HASH_ID_SIZE ||
        sqlite3_column_bytes(s, AT_HASH) != SHA256_SIZE ||
        (walk->has_digests && !detail_holds(walk, s, &row, &detail)))
        return ERR_CORRUPT;
    if (walk->seal_is_open && id > walk->sealed) {
        walk->seal_is_open = false;
        if (memcmp(walk->seal, walk->wanted, SHA256_SIZE) != 0)
            return ERR_CORRUPT;
    }
    if (id > walk->sealed)
        chain_next(walk->chain, &row, &walk->scratch, walk->chain);
    else if (sqlite3_column_int(s, AT_ERASED) == 0)
        old_next(walk->chain, &row, &detail, &walk->scratch, walk->chain);
    else
        memcpy(walk->chain, stored, SHA256_SIZE);
    if (memcmp(walk->chain, stored, SHA256_SIZE) != 0)
        return ERR_CORRUPT;
    if (walk->seal_is_open)
        seal_next(walk, &row, stored);
    return walk->scratch.failed ? ERR_NOMEM : ERR_OK;
}

/* "ID HEX": the last row of the old form, and the seal. */
static bool read_seal(const char *text, struct walk *walk)
{
    char id[SEAL_SIZE];
    const char *space = strchr(text, ' ');

    if (space == NULL || !text_copy(id, sizeof(id), text))
        return false;
    id[space - text] = '\0';
    return text_to_int(id, 1, INT64_MAX, &walk->sealed) && hash_unhex(space + 1, walk->wanted, SHA256_SIZE);
}

/* Where the old form ends. Without the entry there is no old part: rows of it, if there are any, do not hold.
 */
static enum err find_seal(sqlite3 *db, struct walk *walk)
{
    sqlite3_stmt *s;
    int64_t version = 0;
    enum err err = db_integer(db, "PRAGMA user_version", 0, &version);

    if (err != ERR_OK)
        return err;
    walk->has_digests = version >= CHAIN_MIGRATION;
    if (!walk->has_digests) {
        walk->sealed = INT64_MAX;
        return ERR_OK;
    }
    err = db_prepare(db, "SELECT detail FROM audit WHERE kind='seal' ORDER BY id LIMIT 1", &s);
    if (err != ERR_OK)
        return err;
    const int code = sqlite3_step(s);
    err = db_err(db, code);
    if (code == SQLITE_ROW)
        walk->seal_is_open = read_seal(db_text(s, 0), walk);
    sqlite3_finalize(s);
    return err;
}

enum err chain_verify(sqlite3 *db, uint64_t *ret_rows)
{
    struct walk walk = {.rows = 0};
    sqlite3_stmt *s = NULL;
    int code = SQLITE_DONE;
    enum err err = find_seal(db, &walk);

    buf_init(&walk.scratch, CHAIN_SCRATCH);
    if (err == ERR_OK)
        err = db_prepare(db,
                         walk.has_digests ? COLUMNS "digest, salt, erased FROM transition ORDER BY id"
                                          : COLUMNS "NULL, NULL, 0 FROM transition ORDER BY id",
                         &s);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        err = verify_row(&walk, s);
    if (err == ERR_OK)
        err = db_err(db, code);
    if (err == ERR_OK && walk.seal_is_open && memcmp(walk.seal, walk.wanted, SHA256_SIZE) != 0)
        err = ERR_CORRUPT;
    sqlite3_finalize(s);
    buf_release(&walk.scratch);
    *ret_rows = walk.rows;
    return err;
}

static enum err give_digest(struct walk *walk, sqlite3_stmt *s, sqlite3_stmt *set)
{
    struct chain_row row;
    struct chain_detail detail;
    uint8_t salt[CHAIN_SALT_SIZE], digest[SHA256_SIZE];

    if (sqlite3_column_bytes(s, AT_ALERT) != HASH_ID_SIZE || sqlite3_column_bytes(s, AT_HASH) != SHA256_SIZE)
        return ERR_CORRUPT;
    read_row(s, &row, &detail);
    sqlite3_randomness(sizeof(salt), salt);
    detail.salt = salt;
    row.digest = digest;
    chain_digest(&detail, &walk->scratch, digest);
    seal_next(walk, &row, sqlite3_column_blob(s, AT_HASH));
    if (walk->scratch.failed)
        return ERR_NOMEM;
    walk->rows++;
    walk->sealed = sqlite3_column_int64(s, AT_ID);
    sqlite3_bind_int64(set, 1, walk->sealed);
    db_bind_blob(set, 2, digest, sizeof(digest));
    db_bind_blob(set, 3, salt, sizeof(salt));
    return db_run(set);
}

enum err chain_seal(sqlite3 *db)
{
    struct walk walk = {.rows = 0};
    sqlite3_stmt *s = NULL, *set = NULL;
    int code = SQLITE_DONE;
    enum err err = db_prepare(db, COLUMNS "NULL, NULL, 0 FROM transition ORDER BY id", &s);

    buf_init(&walk.scratch, CHAIN_SCRATCH);
    if (err == ERR_OK)
        err = db_prepare(db, "UPDATE transition SET digest=?2, salt=?3 WHERE id=?1", &set);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        err = give_digest(&walk, s, set);
    if (err == ERR_OK)
        err = db_err(db, code);
    if (err == ERR_OK && walk.rows != 0) {
        char text[SEAL_SIZE], hex[2 * SHA256_SIZE + 1];
        hash_hex(walk.seal, SHA256_SIZE, hex);
        snprintf(text, sizeof(text), "%lld %s", (long long)walk.sealed, hex);
        err = audit_append(db, "seal", text, strlen(text));
    }
    sqlite3_finalize(s);
    sqlite3_finalize(set);
    buf_release(&walk.scratch);
    return err;
}
