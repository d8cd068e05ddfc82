/* A message to a person, by the start of its id: what a link in it stands for. */
#include <string.h>

#include "store/sqlite/reader_sqlite.h"

static const char message_sql[] =
    "SELECT id, alert, created, role, state FROM outbox WHERE id BETWEEN ?1 AND ?2 AND job_kind=?3 LIMIT 1";

enum err reader_message(struct reader *reader, const uint8_t prefix[READER_PREFIX_SIZE],
                        struct reader_message *ret_message)
{
    uint8_t from[HASH_ID_SIZE] = {0}, to[HASH_ID_SIZE];
    sqlite3_stmt *s;
    enum err err = reader_keep(reader, message_sql, &s);

    if (err != ERR_OK)
        return err;
    memset(to, 0xff, sizeof(to));
    memcpy(from, prefix, READER_PREFIX_SIZE);
    memcpy(to, prefix, READER_PREFIX_SIZE);
    db_bind_blob(s, 1, from, sizeof(from));
    db_bind_blob(s, 2, to, sizeof(to));
    sqlite3_bind_int(s, 3, JOB_NOTIFY);
    int code = sqlite3_step(s);
    err = code == SQLITE_DONE ? ERR_NOT_FOUND : db_err(reader->db, code);
    if (err == ERR_OK &&
        (sqlite3_column_bytes(s, 0) != HASH_ID_SIZE || sqlite3_column_bytes(s, 1) != HASH_ID_SIZE))
        err = ERR_CORRUPT;
    if (err == ERR_OK) {
        memcpy(ret_message->job.bytes, sqlite3_column_blob(s, 0), HASH_ID_SIZE);
        memcpy(ret_message->alert.bytes, sqlite3_column_blob(s, 1), HASH_ID_SIZE);
        ret_message->created_ms = sqlite3_column_int64(s, 2);
        ret_message->role = (uint8_t)sqlite3_column_int(s, 3);
        ret_message->state = (uint8_t)sqlite3_column_int(s, 4);
    }
    reader_done(s);
    return err;
}
