/* Commands to a device, for people: what was asked of it, by whom and why, and how it stands. */
#include "alert/fleet.h"
#include "store/sqlite/reader_sqlite.h"

static void put_order(struct reader *reader, sqlite3_stmt *s, struct buf *out)
{
    static const struct hash_id none;
    struct hash_id id;
    char text[HASH_ID_TEXT];

    buf_putc(out, '{');
    if (db_id(s, 0, &id)) {
        hash_id_text(&id, text);
        json_member_text("id", text, out);
    }
    json_member_time(reader, "t", sqlite3_column_int64(s, 1), out);
    json_member_text("command", job_name((enum job_kind)sqlite3_column_int(s, 2)), out);
    if (sqlite3_column_int(s, 2) == JOB_INTERVAL) {
        json_member_integer("interval_s", sqlite3_column_int64(s, 3), out);
        json_member_integer("duration_s", sqlite3_column_int64(s, 4), out);
    }
    if (db_id(s, 5, &id) && memcmp(&id, &none, sizeof id) != 0) {
        hash_id_text(&id, text);
        json_member_text("alert", text, out);
    }
    json_member_text("basis", order_basis_name((unsigned)sqlite3_column_int(s, 6)), out);
    json_member_text("by", db_text(s, 7), out);
    json_member_text("note", db_text(s, 8), out);
    json_member_text("state", delivery_name((enum delivery_state)sqlite3_column_int(s, 9)), out);
    json_member_time(reader, "changed", sqlite3_column_int64(s, 10), out);
    if (*db_text(s, 11))
        json_member_text("reason", db_text(s, 11), out);
    buf_putc(out, '}');
}

enum err reader_orders(struct reader *reader, uint32_t device, unsigned limit, struct buf *out)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    enum err err =
        db_prepare(reader->db,
                   "SELECT id, t, job_kind, interval_s, duration_s, alert, basis, by, why, state, changed, "
                   "reason FROM device_order WHERE device=?1 ORDER BY t DESC, id LIMIT ?2",
                   &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, device);
    sqlite3_bind_int64(s, 2, limit);
    buf_putc(out, '[');
    for (unsigned i = 0; (code = sqlite3_step(s)) == SQLITE_ROW; i++) {
        if (i != 0)
            buf_putc(out, ',');
        put_order(reader, s, out);
    }
    buf_putc(out, ']');
    err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err == ERR_OK && out->failed ? ERR_NOMEM : err;
}
