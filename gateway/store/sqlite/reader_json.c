/* How stored rows look to people: the lists that belong to an alert. */
#include <string.h>

#include "core/text.h"
#include "detect/detector.h"
#include "relay/command.h"
#include "registry/parts.h"
#include "store/sqlite/reader_sqlite.h"

static void comma(struct buf *out)
{
    if (out->len != 0 && out->data[out->len - 1] != '{' && out->data[out->len - 1] != '[')
        buf_putc(out, ',');
}

void json_member_time(struct reader *reader, const char *name, int64_t t_ms, struct buf *out)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(reader->tz, t_ms, text);
    json_member_text(name, text, out);
}

void json_member_text(const char *name, const char *text, struct buf *out)
{
    comma(out);
    buf_printf(out, "\"%s\":", name);
    buf_json_string(out, text);
}

void json_member_integer(const char *name, int64_t value, struct buf *out)
{
    comma(out);
    buf_printf(out, "\"%s\":%lld", name, (long long)value);
}

void json_member_id(const char *name, sqlite3_stmt *s, int column, struct buf *out)
{
    char text[HASH_ID_TEXT] = "";

    if (sqlite3_column_bytes(s, column) == HASH_ID_SIZE)
        hash_hex(sqlite3_column_blob(s, column), HASH_ID_SIZE, text);
    json_member_text(name, text, out);
}

enum registry_table json_subject_table(enum subject_kind kind)
{
    static const enum registry_table tables[] = {[SUBJECT_RESIDENT] = REGISTRY_RESIDENT,
                                                 [SUBJECT_HOUSEHOLD] = REGISTRY_HOUSEHOLD,
                                                 [SUBJECT_TERRITORY] = REGISTRY_TERRITORY,
                                                 [SUBJECT_DEVICE] = REGISTRY_DEVICE};
    return tables[kind];
}

enum err json_member_subject(struct reader *reader, struct subject subject, struct buf *out)
{
    bool known = subject.kind >= SUBJECT_RESIDENT && subject.kind <= SUBJECT_DEVICE;
    char id[ID_SIZE] = "?";
    enum err err =
        known ? registry_id_of(reader, json_subject_table((enum subject_kind)subject.kind), subject.no, id)
              : ERR_OK;

    if (subject.kind == SUBJECT_GATEWAY)
        (void)text_copy(id, sizeof(id), part_id((enum part)subject.no));
    json_member_text(subject_kind_name(subject.kind), id, out);
    return err;
}

enum err json_subject(struct reader *reader, struct subject subject, struct buf *out)
{
    comma(out);
    buf_puts(out, "\"subject\":{");
    enum err err = json_member_subject(reader, subject, out);
    buf_putc(out, '}');
    return err;
}

enum err json_committed(struct reader *reader, int64_t commit_id, struct buf *out)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, "SELECT wall_ms FROM commits WHERE id=?1", &s);

    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, commit_id);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        json_member_time(reader, "committed", sqlite3_column_int64(s, 0), out);
    err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

static const char id_sql[] = "SELECT id FROM registry_row WHERE tbl=?1 AND number=?2";

enum err registry_id_of(struct reader *reader, enum registry_table table, uint32_t number, char id[ID_SIZE])
{
    sqlite3_stmt *s;
    enum err err = reader_keep(reader, id_sql, &s);

    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, registry_table_name(table));
    sqlite3_bind_int64(s, 2, number);
    int code = sqlite3_step(s);
    err = db_err(reader->db, code);
    (void)text_copy(id, ID_SIZE, code == SQLITE_ROW ? db_text(s, 0) : "?");
    reader_done(s);
    return err;
}

/* A removed row's id may have been given again: the living one is meant. */
static const char number_sql[] =
    "SELECT number FROM registry_row WHERE tbl=?1 AND id=?2 ORDER BY removed, number LIMIT 1";

enum err registry_number_of(struct reader *reader, enum registry_table table, const char *id,
                            uint32_t *ret_number)
{
    sqlite3_stmt *s;
    enum err err = reader_keep(reader, number_sql, &s);

    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, registry_table_name(table));
    db_bind_text(s, 2, id);
    int code = sqlite3_step(s);
    err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    if (err == ERR_OK)
        *ret_number = (uint32_t)sqlite3_column_int64(s, 0);
    reader_done(s);
    return err;
}

static const char fields_sql[] = "SELECT fields FROM registry_row WHERE tbl=?1 AND number=?2";

enum err registry_value_of(struct reader *reader, enum registry_table table, uint32_t number,
                           const char *column, char value[ID_SIZE])
{
    sqlite3_stmt *s;
    enum err err = reader_keep(reader, fields_sql, &s);

    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, registry_table_name(table));
    sqlite3_bind_int64(s, 2, number);
    int code = sqlite3_step(s);
    err = db_err(reader->db, code);
    if (err == ERR_OK)
        err = ERR_NOT_FOUND;
    if (code == SQLITE_ROW) {
        const char *at = sqlite3_column_blob(s, 0), *end = at + sqlite3_column_bytes(s, 0);
        while (at < end && end[-1] == '\0') {
            const char *held = at + strlen(at) + 1;
            if (held >= end)
                break;
            if (strcmp(at, column) == 0) {
                err = text_copy(value, ID_SIZE, held) ? ERR_OK : ERR_NOT_FOUND;
                break;
            }
            at = held + strlen(held) + 1;
        }
    }
    reader_done(s);
    return err;
}

/* Runs a query with the alert's id as ?1 and appends one object for each row. */
static enum err json_list(struct reader *reader, const char *sql, const uint8_t id[HASH_ID_SIZE], bool detail,
                          struct buf *out,
                          enum err (*row)(struct reader *reader, sqlite3_stmt *s, bool detail,
                                          struct buf *out))
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, sql, &s);
    int code = SQLITE_DONE;

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id, HASH_ID_SIZE);
    buf_putc(out, '[');
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        comma(out);
        buf_putc(out, '{');
        err = row(reader, s, detail, out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

static enum err transition_row(struct reader *reader, sqlite3_stmt *s, bool detail, struct buf *out)
{
    json_member_integer("number", sqlite3_column_int64(s, 2), out);
    json_member_time(reader, "t", sqlite3_column_int64(s, 1), out);
    json_member_text("kind", transition_name((enum transition_kind)sqlite3_column_int(s, 3)), out);
    json_member_text("by", db_text(s, 4), out);
    json_member_text("why", db_text(s, 5), out);
    if (!detail)
        return ERR_OK;
    json_member_integer("n", sqlite3_column_int64(s, 0), out);
    return json_committed(reader, sqlite3_column_int64(s, 6), out);
}

enum err json_transitions(struct reader *reader, const struct hash_id *alert, bool detail, struct buf *out)
{
    return json_list(
        reader,
        "SELECT n, t, number, kind, by, why, commit_id FROM transition WHERE alert=?1 ORDER BY number",
        alert->bytes, detail, out, transition_row);
}

static enum err delivery_row(struct reader *reader, sqlite3_stmt *s, bool detail, struct buf *out)
{
    json_member_time(reader, "t", sqlite3_column_int64(s, 0), out);
    json_member_text("state", delivery_name((enum delivery_state)sqlite3_column_int(s, 1)), out);
    if (db_text(s, 2)[0] != '\0')
        json_member_text("reason", db_text(s, 2), out);
    return detail ? json_committed(reader, sqlite3_column_int64(s, 3), out) : ERR_OK;
}

/* What a prompt's command says: `"spoken":{…}`; nothing for any other job. */
static enum err put_spoken(struct reader *reader, const void *job, struct buf *out)
{
    sqlite3_stmt *s;
    char clip[2 * SHA256_SIZE + 1];
    enum err err = reader_keep(
        reader, "SELECT prompt, language, manner, named, catalogue, clip FROM spoken WHERE job=?1", &s);

    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, job, HASH_ID_SIZE);
    int code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        buf_puts(out, ",\"spoken\":{");
        json_member_text("prompt", db_text(s, 0), out);
        json_member_text("language", db_text(s, 1), out);
        json_member_text("manner", command_manner_name((unsigned)sqlite3_column_int(s, 2)), out);
        if (sqlite3_column_int(s, 3) != 0)
            buf_puts(out, ",\"named\":true");
        json_member_text("catalogue", db_text(s, 4), out);
        if (sqlite3_column_bytes(s, 5) == SHA256_SIZE) {
            hash_hex(sqlite3_column_blob(s, 5), SHA256_SIZE, clip);
            json_member_text("clip", clip, out);
        }
        buf_putc(out, '}');
    }
    err = code == SQLITE_ROW || code == SQLITE_DONE ? ERR_OK : db_err(reader->db, code);
    reader_done(s);
    return err;
}

static enum err job_row(struct reader *reader, sqlite3_stmt *s, bool detail, struct buf *out)
{
    char id[2 * HASH_ID_SIZE + 1];

    if (sqlite3_column_bytes(s, 0) != HASH_ID_SIZE)
        return ERR_CORRUPT;
    hash_hex(sqlite3_column_blob(s, 0), HASH_ID_SIZE, id);
    json_member_text("id", id, out);
    json_member_text("kind", job_name((enum job_kind)sqlite3_column_int(s, 1)), out);
    json_member_text("channel", channel_name((enum channel)sqlite3_column_int(s, 2)), out);
    json_member_text("level", level_name((enum level)sqlite3_column_int(s, 3)), out);
    if (sqlite3_column_int(s, 4) != ROLE_NONE)
        json_member_text("role", role_name((enum role)sqlite3_column_int(s, 4)), out);
    if (db_text(s, 5)[0] != '\0')
        json_member_text("target", db_text(s, 5), out);
    json_member_time(reader, "created", sqlite3_column_int64(s, 6), out);
    json_member_time(reader, "expires", sqlite3_column_int64(s, 7), out);
    json_member_text("state", delivery_name((enum delivery_state)sqlite3_column_int(s, 8)), out);
    json_member_time(reader, "state_at", sqlite3_column_int64(s, 9), out);
    if (db_text(s, 10)[0] != '\0')
        json_member_text("reason", db_text(s, 10), out);
    if (sqlite3_column_int(s, 11) != 0)
        buf_puts(out, ",\"unpersisted\":true");
    enum err err = detail ? json_committed(reader, sqlite3_column_int64(s, 12), out) : ERR_OK;
    if (err != ERR_OK)
        return err;
    err = put_spoken(reader, sqlite3_column_blob(s, 0), out);
    if (err != ERR_OK)
        return err;
    buf_puts(out, ",\"history\":");
    return json_list(reader, "SELECT t, state, reason, commit_id FROM delivery WHERE job=?1 ORDER BY id",
                     sqlite3_column_blob(s, 0), detail, out, delivery_row);
}

enum err json_jobs(struct reader *reader, const struct hash_id *alert, bool detail, struct buf *out)
{
    return json_list(reader,
                     "SELECT id, job_kind, channel, level, role, target_name, created, expires, state, "
                     "state_ms, reason, unpersisted, commit_id "
                     "FROM outbox WHERE alert=?1 ORDER BY created, rowid",
                     alert->bytes, detail, out, job_row);
}

static enum err finding_row(struct reader *reader, sqlite3_stmt *s, bool detail, struct buf *out)
{
    struct subject subject = {.kind = (uint8_t)sqlite3_column_int(s, 6),
                              .no = (uint32_t)sqlite3_column_int64(s, 7)};

    (void)detail;
    json_member_integer("n", sqlite3_column_int64(s, 0), out);
    json_member_time(reader, "t", sqlite3_column_int64(s, 1), out);
    json_member_time(reader, "at", sqlite3_column_int64(s, 2), out);
    json_member_text("detector", db_text(s, 3), out);
    json_member_text("reason", db_text(s, 4), out);
    buf_printf(out, ",\"numbers\":%s", db_text(s, 5));
    json_member_text("family", family_name((enum family)sqlite3_column_int(s, 8)), out);
    json_member_text("level", level_name((enum level)sqlite3_column_int(s, 9)), out);
    buf_printf(out, ",\"score\":%.6f", sqlite3_column_double(s, 10));
    if ((sqlite3_column_int(s, 11) & FINDING_CLEARS) != 0)
        buf_puts(out, ",\"clears\":true");
    return json_subject(reader, subject, out);
}

enum err json_findings(struct reader *reader, const struct hash_id *alert, struct buf *out)
{
    return json_list(
        reader,
        "SELECT f.n, f.t, f.at, f.detector, f.code, f.numbers, f.subject_kind, f.subject_no, f.family, "
        "f.level, f.score, f.flags "
        "FROM alert a JOIN finding f ON f.subject_kind=a.subject_kind AND f.subject_no=a.subject_no "
        "AND f.family=a.family WHERE a.id=?1 AND f.n IN (SELECT n FROM transition WHERE alert=?1) ORDER BY "
        "f.id",
        alert->bytes, true, out, finding_row);
}
