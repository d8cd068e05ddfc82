/* Roll-outs, for people: what was begun, how it stands, and what happened to it. */
#include "alert/rollout.h"
#include "store/sqlite/reader_sqlite.h"

static void put_events(struct reader *reader, sqlite3_stmt *events, const struct hash_id *id, struct buf *out)
{
    db_bind_blob(events, 1, id->bytes, HASH_ID_SIZE);
    buf_puts(out, ",\"events\":[");
    for (unsigned i = 0; sqlite3_step(events) == SQLITE_ROW; i++) {
        buf_puts(out, i != 0 ? ",{" : "{");
        json_member_time(reader, "t", sqlite3_column_int64(events, 0), out);
        json_member_text("state", rollout_state_name((unsigned)sqlite3_column_int(events, 1)), out);
        json_member_integer("stage", sqlite3_column_int(events, 2) + 1, out);
        json_member_text("by", db_text(events, 3), out);
        json_member_text("why", db_text(events, 4), out);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    sqlite3_reset(events);
}

static void put_rollout(struct reader *reader, sqlite3_stmt *s, sqlite3_stmt *events, struct buf *out)
{
    static const char *const numbers[] = {"interval_s", "acked_permille", "trouble_permille", "watch_s",
                                          "per_minute"};
    struct hash_id id = {{0}};
    char text[HASH_ID_TEXT];

    buf_putc(out, '{');
    if (db_id(s, 0, &id)) {
        hash_id_text(&id, text);
        json_member_text("id", text, out);
    }
    json_member_time(reader, "t", sqlite3_column_int64(s, 1), out);
    json_member_text("by", db_text(s, 2), out);
    json_member_text("note", db_text(s, 3), out);
    json_member_text("stages", db_text(s, 4), out);
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++)
        json_member_integer(numbers[i], sqlite3_column_int64(s, 5 + i), out);
    if (*db_text(s, 10))
        json_member_text("territory", db_text(s, 10), out);
    if (*db_text(s, 11))
        json_member_text("firmware", db_text(s, 11), out);
    json_member_text("state", rollout_state_name((unsigned)sqlite3_column_int(s, 12)), out);
    json_member_integer("stage", sqlite3_column_int(s, 13) + 1, out);
    json_member_text("verdict", rollout_verdict_name((unsigned)sqlite3_column_int(s, 14)), out);
    json_member_text("why", db_text(s, 16), out);
    buf_printf(out, ",%s", db_text(s, 15));
    put_events(reader, events, &id, out);
    buf_putc(out, '}');
}

enum err reader_rollouts(struct reader *reader, unsigned limit, struct buf *out)
{
    sqlite3_stmt *s, *events;
    int code = SQLITE_DONE;
    enum err err =
        db_prepare(reader->db,
                   "SELECT id, t, by, note, stages, interval_s, acked_permille, trouble_permille, "
                   "watch_s, per_minute, territory, firmware, state, stage, verdict, counts, "
                   "(SELECT why FROM rollout_event WHERE rollout = id ORDER BY rollout_event.t DESC LIMIT 1) "
                   "FROM rollout ORDER BY t DESC, id LIMIT ?1",
                   &s);
    if (err != ERR_OK)
        return err;
    err =
        db_prepare(reader->db,
                   "SELECT t, state, stage, by, why FROM rollout_event WHERE rollout=?1 ORDER BY t", &events);
    if (err != ERR_OK) {
        sqlite3_finalize(s);
        return err;
    }
    sqlite3_bind_int64(s, 1, limit);
    buf_putc(out, '[');
    for (unsigned i = 0; (code = sqlite3_step(s)) == SQLITE_ROW; i++) {
        if (i != 0)
            buf_putc(out, ',');
        put_rollout(reader, s, events, out);
    }
    buf_putc(out, ']');
    err = db_err(reader->db, code);
    sqlite3_finalize(events);
    sqlite3_finalize(s);
    return err == ERR_OK && out->failed ? ERR_NOMEM : err;
}
