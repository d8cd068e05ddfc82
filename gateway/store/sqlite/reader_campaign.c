/* Campaigns for people: what was ordered, and who heard it. */
#include "alert/campaign.h"
#include "store/sqlite/reader_sqlite.h"

enum { PEOPLE_MAX = 100000 };

static void put_id(const char *name, sqlite3_stmt *s, int column, struct buf *out)
{
    char text[HASH_ID_TEXT] = "";
    if (sqlite3_column_bytes(s, column) == HASH_ID_SIZE)
        hash_hex(sqlite3_column_blob(s, column), HASH_ID_SIZE, text);
    json_member_text(name, text, out);
}

/* People, not messages: each resident stands in one row. */
static enum err put_counts(struct reader *reader, const void *id, struct buf *out)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err = reader_keep(
        reader, "SELECT reach, count(*) FROM campaign_person WHERE campaign=?1 GROUP BY reach ORDER BY reach",
        &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id, HASH_ID_SIZE);
    buf_puts(out, ",\"people\":{");
    while ((code = sqlite3_step(s)) == SQLITE_ROW)
        json_member_integer(reach_name((unsigned)sqlite3_column_int(s, 0)), sqlite3_column_int64(s, 1), out);
    buf_putc(out, '}');
    err = db_err(reader->db, code);
    reader_done(s);
    return err;
}

static enum err put_campaign(struct reader *reader, sqlite3_stmt *s, struct buf *out)
{
    buf_putc(out, '{');
    put_id("id", s, 0, out);
    json_member_time(reader, "t", sqlite3_column_int64(s, 1), out);
    json_member_text("by", db_text(s, 2), out);
    json_member_text("note", db_text(s, 3), out);
    json_member_text("prompt", db_text(s, 4), out);
    if (*db_text(s, 5))
        json_member_text("category", db_text(s, 5), out);
    if (*db_text(s, 6))
        json_member_text("territory", db_text(s, 6), out);
    if (sqlite3_column_int(s, 7) != 0)
        json_member_integer("listed", sqlite3_column_int64(s, 7), out);
    json_member_time(reader, "start", sqlite3_column_int64(s, 8), out);
    json_member_time(reader, "end", sqlite3_column_int64(s, 9), out);
    json_member_integer("per_minute", sqlite3_column_int64(s, 10), out);
    json_member_text("state", campaign_state_name((unsigned)sqlite3_column_int(s, 11)), out);
    if (sqlite3_column_int64(s, 12) != 0) {
        json_member_time(reader, "ended", sqlite3_column_int64(s, 12), out);
        json_member_text("ended_by", db_text(s, 13), out);
    }
    return put_counts(reader, sqlite3_column_blob(s, 0), out);
}

#define COLUMNS                                                                                              \
    "id, t, by, note, prompt, category, territory, listed, start, until, per_minute, state, ended, ended_by"

enum err reader_campaigns(struct reader *reader, unsigned limit, struct buf *out)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err =
        db_prepare(reader->db, "SELECT " COLUMNS " FROM campaign ORDER BY t DESC, id LIMIT ?1", &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, limit);
    buf_putc(out, '[');
    for (unsigned i = 0; err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW; i++) {
        if (i != 0)
            buf_putc(out, ',');
        err = put_campaign(reader, s, out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err == ERR_OK && out->failed ? ERR_NOMEM : err;
}

static enum err put_people(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err =
        db_prepare(reader->db,
                   "SELECT resident, reach, t FROM campaign_person WHERE campaign=?1 ORDER BY resident "
                   "LIMIT ?2",
                   &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    sqlite3_bind_int(s, 2, PEOPLE_MAX);
    buf_puts(out, ",\"reached\":[");
    for (unsigned i = 0; err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW; i++) {
        char resident[ID_SIZE] = "?";
        err = registry_id_of(reader, REGISTRY_RESIDENT, db_number(s, 0), resident);
        buf_puts(out, i == 0 ? "{" : ",{");
        json_member_text("resident", resident, out);
        json_member_text("state", reach_name((unsigned)sqlite3_column_int(s, 1)), out);
        json_member_time(reader, "t", sqlite3_column_int64(s, 2), out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_campaign(struct reader *reader, const struct hash_id *id, struct buf *out)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(reader->db, "SELECT " COLUMNS " FROM campaign WHERE id=?1", &s);
    if (err != ERR_OK)
        return err;
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    int code = sqlite3_step(s);
    err = code == SQLITE_ROW    ? put_campaign(reader, s, out)
          : code == SQLITE_DONE ? ERR_NOT_FOUND
                                : db_err(reader->db, code);
    sqlite3_finalize(s);
    if (err == ERR_OK)
        err = put_people(reader, id, out);
    buf_putc(out, '}');
    return err == ERR_OK && out->failed ? ERR_NOMEM : err;
}
