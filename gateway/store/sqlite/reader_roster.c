/* What people changed about rosters. */
#include <string.h>

#include "alert/roster.h"
#include "store/sqlite/reader_sqlite.h"

static void read_change(sqlite3_stmt *s, struct roster_change *change)
{
    memset(change, 0, sizeof(*change));
    if (sqlite3_column_bytes(s, 0) == HASH_ID_SIZE)
        memcpy(change->id.bytes, sqlite3_column_blob(s, 0), HASH_ID_SIZE);
    change->t_ms = sqlite3_column_int64(s, 1);
    change->from_ms = sqlite3_column_int64(s, 2);
    change->until_ms = sqlite3_column_int64(s, 3);
    change->order = db_number(s, 4);
    text_copy(change->roster, sizeof(change->roster), db_text(s, 5));
    text_copy(change->person, sizeof(change->person), db_text(s, 6));
    text_copy(change->instead, sizeof(change->instead), db_text(s, 7));
    text_copy(change->by, sizeof(change->by), db_text(s, 8));
    text_copy(change->why, sizeof(change->why), db_text(s, 9));
    change->removed_ms = sqlite3_column_int64(s, 10);
    text_copy(change->removed_by, sizeof(change->removed_by), db_text(s, 11));
}

enum err reader_roster_changes(struct reader *reader, int64_t since_ms, struct roster_change *changes,
                               size_t max, size_t *ret_count)
{
    sqlite3_stmt *s;
    int code = SQLITE_DONE;
    size_t count = 0;
    enum err err =
        db_prepare(reader->db,
                   "SELECT id, t, from_t, until, ordinal, roster, person, instead, by, why, removed, "
                   "removed_by FROM roster_change WHERE until > ?1 ORDER BY t DESC, id LIMIT ?2",
                   &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, since_ms);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)max);
    while (count < max && (code = sqlite3_step(s)) == SQLITE_ROW)
        read_change(s, &changes[count++]);
    err = count == max ? ERR_OK : db_err(reader->db, code);
    sqlite3_finalize(s);
    if (err == ERR_OK)
        *ret_count = count;
    return err;
}
