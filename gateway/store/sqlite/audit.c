/* hash = SHA-256(hash before | "t|kind|anchor|" | digest of the detail | hash of the transition it is
 * anchored at). */
#include "store/sqlite/audit.h"

#include <string.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/hash.h"

enum { SCRATCH_MAX = 4096 };

struct entry {
    int64_t t_ms, anchor;
    const char *kind;
    const uint8_t *digest, *anchor_hash; /* anchor_hash: zeros when there was none */
};

static enum err next_hash(const uint8_t before[SHA256_SIZE], const struct entry *entry,
                          uint8_t ret_hash[SHA256_SIZE])
{
    struct buf text;

    buf_init(&text, SCRATCH_MAX);
    buf_append(&text, before, SHA256_SIZE);
    buf_printf(&text, "%lld|%s|%lld|", (long long)entry->t_ms, entry->kind, (long long)entry->anchor);
    buf_append(&text, entry->digest, SHA256_SIZE);
    buf_append(&text, entry->anchor_hash, SHA256_SIZE);
    hash_sha256(text.data, text.len, ret_hash);
    bool failed = text.failed;
    buf_release(&text);
    return failed ? ERR_NOMEM : ERR_OK;
}

/* A hash of the first row, zeros when there is none. */
static enum err take_hash(sqlite3 *db, const char *sql, int64_t *ret_id, uint8_t ret_hash[SHA256_SIZE])
{
    sqlite3_stmt *s;
    enum err err = db_prepare(db, sql, &s);

    if (err != ERR_OK)
        return err;
    int code = sqlite3_step(s);
    err = db_err(db, code);
    *ret_id = 0;
    memset(ret_hash, 0, SHA256_SIZE);
    if (code == SQLITE_ROW) {
        *ret_id = sqlite3_column_int64(s, 0);
        if (sqlite3_column_bytes(s, 1) == SHA256_SIZE)
            memcpy(ret_hash, sqlite3_column_blob(s, 1), SHA256_SIZE);
        else
            err = ERR_CORRUPT;
    }
    sqlite3_finalize(s);
    return err;
}

enum err audit_append(sqlite3 *db, const char *kind, const char *detail, size_t len)
{
    uint8_t before[SHA256_SIZE], anchor_hash[SHA256_SIZE], digest[SHA256_SIZE], hash[SHA256_SIZE];
    struct entry entry = {
        .t_ms = clock_now().wall_ms, .kind = kind, .digest = digest, .anchor_hash = anchor_hash};
    sqlite3_stmt *s;
    int64_t id;
    enum err err = take_hash(db, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1", &id, before);

    if (err == ERR_OK)
        err = take_hash(db, "SELECT id, hash FROM transition ORDER BY id DESC LIMIT 1", &entry.anchor,
                        anchor_hash);
    hash_sha256(detail, len, digest);
    if (err == ERR_OK)
        err = next_hash(before, &entry, hash);
    if (err == ERR_OK)
        err = db_prepare(db, "INSERT INTO audit VALUES(NULL,?1,?2,?3,?4,?5,?6)", &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, entry.t_ms);
    db_bind_text(s, 2, kind);
    sqlite3_bind_text64(s, 3, detail, len, SQLITE_STATIC, SQLITE_UTF8);
    db_bind_blob(s, 4, digest, sizeof(digest));
    sqlite3_bind_int64(s, 5, entry.anchor);
    db_bind_blob(s, 6, hash, sizeof(hash));
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static enum err verify_row(sqlite3_stmt *s, uint8_t chain[SHA256_SIZE])
{
    static const uint8_t none[SHA256_SIZE];
    uint8_t hash[SHA256_SIZE], digest[SHA256_SIZE];
    struct entry entry = {.t_ms = sqlite3_column_int64(s, 0),
                          .kind = db_text(s, 1),
                          .digest = sqlite3_column_blob(s, 3),
                          .anchor = sqlite3_column_int64(s, 4),
                          .anchor_hash = none};

    if (sqlite3_column_bytes(s, 3) != SHA256_SIZE || sqlite3_column_bytes(s, 5) != SHA256_SIZE)
        return ERR_CORRUPT;
    if (entry.anchor != 0 && sqlite3_column_bytes(s, 6) != SHA256_SIZE)
        return ERR_CORRUPT;
    if (entry.anchor != 0)
        entry.anchor_hash = sqlite3_column_blob(s, 6);
    if (sqlite3_column_type(s, 2) != SQLITE_NULL) {
        hash_sha256(db_text(s, 2), (size_t)sqlite3_column_bytes(s, 2), digest);
        if (memcmp(digest, entry.digest, SHA256_SIZE) != 0)
            return ERR_CORRUPT;
    }
    enum err err = next_hash(chain, &entry, hash);
    if (err != ERR_OK)
        return err;
    memcpy(chain, hash, SHA256_SIZE);
    return memcmp(hash, sqlite3_column_blob(s, 5), SHA256_SIZE) == 0 ? ERR_OK : ERR_CORRUPT;
}

enum err audit_verify(sqlite3 *db, uint64_t *ret_rows)
{
    uint8_t chain[SHA256_SIZE] = {0};
    sqlite3_stmt *s;
    uint64_t rows = 0;
    int code = SQLITE_DONE;
    enum err err = db_prepare(db,
                              "SELECT a.t, a.kind, a.detail, a.digest, a.anchor, a.hash, t.hash FROM audit a "
                              "LEFT JOIN transition t ON t.id=a.anchor ORDER BY a.id",
                              &s);

    if (err != ERR_OK)
        return err;
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        rows++;
        err = verify_row(s, chain);
    }
    if (err == ERR_OK)
        err = db_err(db, code);
    sqlite3_finalize(s);
    *ret_rows = rows;
    return err;
}
