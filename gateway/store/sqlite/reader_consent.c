/* The ledger of consents as it stands in the registry in force; removed lines are corrections, and not shown.
 */
#include <stdio.h>
#include <string.h>

#include "store/sqlite/reader_sqlite.h"

/* "column NUL value NUL …" as members. */
static void put_fields(const char *data, size_t len, struct buf *out)
{
    for (size_t at = 0; at < len;) {
        const char *column = data + at;
        at += strlen(column) + 1;
        if (at >= len)
            return;
        if (data[at] != '\0')
            json_member_text(column, data + at, out);
        at += strlen(data + at) + 1;
    }
}

static enum err put_lines(struct reader *reader, const char *person, struct buf *out)
{
    sqlite3_stmt *s;
    bool first = true;
    int code;
    enum err err =
        db_prepare(reader->db,
                   "SELECT r.fields, v.value FROM registry_row r LEFT JOIN vault v ON v.tbl=r.tbl AND "
                   "v.number=r.number AND v.field='evidence' WHERE r.tbl='consents' AND r.removed=0 AND "
                   "(?1 IS NULL OR r.id=?1) ORDER BY r.number",
                   &s);

    if (err != ERR_OK)
        return err;
    db_bind_text(s, 1, person);
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        const char *data = sqlite3_column_blob(s, 0);
        size_t len = (size_t)sqlite3_column_bytes(s, 0);
        if (len == 0 || data[len - 1] != '\0')
            continue;
        buf_puts(out, first ? "{" : ",{");
        first = false;
        put_fields(data, len, out);
        json_member_text("evidence", db_text(s, 1), out);
        buf_putc(out, '}');
    }
    err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_consents(struct reader *reader, const char *person, struct buf *out)
{
    static const char prefix[] = "resident:";
    char consent[ID_SIZE] = "";
    uint32_t number;

    buf_puts(out, "{\"consents\":[");
    enum err err = put_lines(reader, person, out);
    buf_putc(out, ']');
    if (err == ERR_OK && person != NULL && strncmp(person, prefix, sizeof(prefix) - 1) == 0) {
        err = registry_number_of(reader, REGISTRY_RESIDENT, person + sizeof(prefix) - 1, &number);
        if (err == ERR_OK)
            err = registry_value_of(reader, REGISTRY_RESIDENT, number, "consent", consent);
        if (err == ERR_OK)
            json_member_text("in_force", consent, out);
    }
    buf_puts(out, "}");
    return err;
}
