/* Silences, the ledger of what was held back, and announcements, for people. */
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

/* `bound` stands for ?1, the limit for ?2. */
static enum err list(struct reader *reader, const char *sql, int64_t bound, unsigned limit,
                     enum err (*put)(struct reader *reader, sqlite3_stmt *s, struct buf *out),
                     struct buf *out)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err = db_prepare(reader->db, sql, &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, bound);
    sqlite3_bind_int64(s, 2, limit);
    buf_putc(out, '[');
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        err = put(reader, s, out);
    buf_putc(out, ']');
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err == ERR_OK && out->failed ? ERR_NOMEM : err;
}

enum err reader_silences(struct reader *reader, int64_t since_ms, struct buf *out)
{
    return list(
        reader,
        "SELECT id, t, until, subject_kind, subject_no, family, by, why, removed, removed_by FROM silence "
        "WHERE until > ?1 ORDER BY until DESC, id LIMIT ?2",
        since_ms, READER_SILENCES_MAX, put_silence, out);
}

enum err reader_announcements(struct reader *reader, int64_t since_ms, struct buf *out)
{
    return list(
        reader,
        "SELECT id, t, from_t, until, territory, kind, by, note, removed, removed_by FROM announcement "
        "WHERE until > ?1 ORDER BY until DESC, id LIMIT ?2",
        since_ms, READER_ANNOUNCEMENTS_MAX, put_announcement, out);
}

enum err reader_suppressions(struct reader *reader, unsigned limit, struct buf *out)
{
    return list(reader,
                "SELECT t, alert, job_kind, level, role, what, who, rule, silence, by, why FROM suppression "
                "WHERE id > ?1 ORDER BY id DESC LIMIT ?2",
                0, limit, put_suppression, out);
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
