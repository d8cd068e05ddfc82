/* Silences, the ledger of what was held back, and announcements, for people. */
#include <string.h>

#include "alert/alert.h"
#include "core/text.h"
#include "store/sqlite/reader_sqlite.h"

static enum err put_silence(struct reader *reader, sqlite3_stmt *s, struct buf *out)
{
    struct subject subject = {.kind = (uint8_t)sqlite3_column_int(s, 3), .no = db_number(s, 4)};
    int family = sqlite3_column_int(s, 5);
    buf_puts(out, out->data[out->len - 1] == '[' ? "{" : ",{");
    json_member_id("id", s, 0, out);
    json_member_time(reader, "t", sqlite3_column_int64(s, 1), out);
    json_member_time(reader, "until", sqlite3_column_int64(s, 2), out);
    enum err err = json_member_subject(reader, subject, out);
    if (family < FAMILY_COUNT)
        json_member_text("family", family_name((enum family)family), out);
    json_member_text("by", db_text(s, 6), out);
    json_member_text("note", db_text(s, 7), out);
    if (sqlite3_column_int64(s, 8) != 0) {
        json_member_time(reader, "removed", sqlite3_column_int64(s, 8), out);
        json_member_text("removed_by", db_text(s, 9), out);
    }
    buf_putc(out, '}');
    return err;
}

static enum err put_suppression(struct reader *reader, sqlite3_stmt *s, struct buf *out)
{
    buf_puts(out, out->data[out->len - 1] == '[' ? "{" : ",{");
    json_member_time(reader, "t", sqlite3_column_int64(s, 0), out);
    json_member_id("alert", s, 1, out);
    json_member_text("kind", job_name((enum job_kind)sqlite3_column_int(s, 2)), out);
    json_member_text("level", level_name((enum level)sqlite3_column_int(s, 3)), out);
    if (sqlite3_column_int(s, 4) != ROLE_NONE)
        json_member_text("role", role_name((enum role)sqlite3_column_int(s, 4)), out);
    json_member_text("what", db_text(s, 5), out);
    json_member_text("who", db_text(s, 6), out);
    json_member_text("rule", db_text(s, 7), out);
    if (sqlite3_column_type(s, 8) != SQLITE_NULL)
        json_member_id("silence", s, 8, out);
    json_member_text("by", db_text(s, 9), out);
    json_member_text("note", db_text(s, 10), out);
    buf_putc(out, '}');
    return ERR_OK;
}

static enum err put_announcement(struct reader *reader, sqlite3_stmt *s, struct buf *out)
{
    char territory[ID_SIZE] = "?";
    enum err err = registry_id_of(reader, REGISTRY_TERRITORY, db_number(s, 4), territory);
    buf_puts(out, out->data[out->len - 1] == '[' ? "{" : ",{");
    json_member_id("id", s, 0, out);
    json_member_time(reader, "t", sqlite3_column_int64(s, 1), out);
    json_member_text("territory", territory, out);
    json_member_text("announced", db_text(s, 5), out);
    json_member_time(reader, "from", sqlite3_column_int64(s, 2), out);
    json_member_time(reader, "until", sqlite3_column_int64(s, 3), out);
    json_member_text("by", db_text(s, 6), out);
    json_member_text("note", db_text(s, 7), out);
    if (sqlite3_column_int64(s, 8) != 0) {
        json_member_time(reader, "cancelled", sqlite3_column_int64(s, 8), out);
        json_member_text("cancelled_by", db_text(s, 9), out);
    }
    buf_putc(out, '}');
    return err;
}

/* Which rows a list keeps. */
struct sieve {
    bool (*subject)(void *self, struct subject subject);
    bool (*alert)(void *self, const struct hash_id *alert);
    void *self;
};

static bool keeps_silence(const struct sieve *sieve, sqlite3_stmt *s)
{
    const struct subject subject = {.kind = (uint8_t)sqlite3_column_int(s, 3), .no = db_number(s, 4)};
    return sieve->subject == NULL || sieve->subject(sieve->self, subject);
}

static bool keeps_suppression(const struct sieve *sieve, sqlite3_stmt *s)
{
    struct hash_id id;
    if (sieve->alert == NULL)
        return true;
    if (sqlite3_column_bytes(s, 1) != HASH_ID_SIZE)
        return false;
    memcpy(id.bytes, sqlite3_column_blob(s, 1), HASH_ID_SIZE);
    return sieve->alert(sieve->self, &id);
}

static bool keeps_announcement(const struct sieve *sieve, sqlite3_stmt *s)
{
    const struct subject territory = {.kind = SUBJECT_TERRITORY, .no = db_number(s, 4)};
    return sieve->subject == NULL || sieve->subject(sieve->self, territory);
}

/* `bound` stands for ?1, the limit for ?2. */
struct listing {
    const char *sql;
    int64_t bound;
    unsigned limit;
    bool (*keeps)(const struct sieve *sieve, sqlite3_stmt *s);
    enum err (*put)(struct reader *reader, sqlite3_stmt *s, struct buf *out);
};

static enum err list(struct reader *reader, const struct listing *listing, const struct sieve *sieve,
                     struct buf *out)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err = db_prepare(reader->db, listing->sql, &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, listing->bound);
    sqlite3_bind_int64(s, 2, listing->limit);
    buf_putc(out, '[');
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        if (listing->keeps(sieve, s))
            err = listing->put(reader, s, out);
    buf_putc(out, ']');
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err == ERR_OK && out->failed ? ERR_NOMEM : err;
}

enum err reader_silences(struct reader *reader, int64_t since_ms,
                         bool (*keep)(void *self, struct subject subject), void *self, struct buf *out)
{
    const struct listing listing = {.sql = "SELECT id, t, until, subject_kind, subject_no, family, by, why, "
                                           "removed, removed_by FROM silence "
                                           "WHERE until > ?1 ORDER BY until DESC, id LIMIT ?2",
                                    .bound = since_ms,
                                    .limit = READER_SILENCES_MAX,
                                    .keeps = keeps_silence,
                                    .put = put_silence};
    return list(reader, &listing, &(struct sieve){.subject = keep, .self = self}, out);
}

enum err reader_announcements(struct reader *reader, int64_t since_ms,
                              bool (*keep)(void *self, struct subject subject), void *self, struct buf *out)
{
    const struct listing listing = {
        .sql =
            "SELECT id, t, from_t, until, territory, kind, by, note, removed, removed_by FROM announcement "
            "WHERE until > ?1 ORDER BY until DESC, id LIMIT ?2",
        .bound = since_ms,
        .limit = READER_ANNOUNCEMENTS_MAX,
        .keeps = keeps_announcement,
        .put = put_announcement};
    return list(reader, &listing, &(struct sieve){.subject = keep, .self = self}, out);
}

enum err reader_suppressions(struct reader *reader, unsigned limit,
                             bool (*keep)(void *self, const struct hash_id *alert), void *self,
                             struct buf *out)
{
    const struct listing listing = {
        .sql = "SELECT t, alert, job_kind, level, role, what, who, rule, silence, by, why FROM suppression "
               "WHERE id > ?1 ORDER BY id DESC LIMIT ?2",
        .limit = limit,
        .keeps = keeps_suppression,
        .put = put_suppression};
    return list(reader, &listing, &(struct sieve){.alert = keep, .self = self}, out);
}

/* Kind and number of what a row of that id is about. */
static enum err subject_of(struct reader *reader, const char *sql, const struct hash_id *id,
                           struct subject *ret_subject)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, sql, &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    int code = sqlite3_step(s);
    err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    if (err == ERR_OK)
        *ret_subject = (struct subject){.kind = (uint8_t)sqlite3_column_int(s, 0), .no = db_number(s, 1)};
    sqlite3_finalize(s);
    return err;
}

enum err reader_silence(struct reader *reader, const struct hash_id *id, struct subject *ret_subject)
{
    return subject_of(reader, "SELECT subject_kind, subject_no FROM silence WHERE id=?1", id, ret_subject);
}

enum err reader_announcement(struct reader *reader, const struct hash_id *id, struct subject *ret_territory)
{
    struct subject subject;
    enum err err = subject_of(reader, "SELECT 0, territory FROM announcement WHERE id=?1", id, &subject);
    if (err == ERR_OK)
        *ret_territory = (struct subject){.kind = SUBJECT_TERRITORY, .no = subject.no};
    return err;
}

enum err reader_subject(struct reader *reader, enum subject_kind kind, const char *id,
                        struct subject *ret_subject)
{
    uint32_t number;
    if (kind < SUBJECT_RESIDENT || kind > SUBJECT_DEVICE)
        return ERR_NOT_FOUND;
    enum err err = registry_number_of(reader, json_subject_table(kind), id, &number);
    if (err == ERR_OK)
        *ret_subject = (struct subject){.kind = (uint8_t)kind, .no = number};
    return err;
}
