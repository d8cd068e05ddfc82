/* What a few devices reported over some days. The log is in the order of time but has no index by time or
 * device: its ends are found by halving, and a bounded stretch of it is read through, which is a few
 * milliseconds for ten thousand inputs. */
#include "input.h"
#include "store/sqlite/reader_sqlite.h"
#include "store/sqlite/store_sqlite.h"

/* The arrival of the first input at or after n; false: there is none, or an error. */
static bool time_at(sqlite3_stmt *s, int64_t n, int64_t *ret_t_ms, enum err *ret_err)
{
    sqlite3_bind_int64(s, 1, n);
    const int code = sqlite3_step(s);
    if (code == SQLITE_ROW)
        *ret_t_ms = sqlite3_column_int64(s, 0);
    *ret_err = db_err(sqlite3_db_handle(s), code);
    sqlite3_reset(s);
    return code == SQLITE_ROW;
}

/* The smallest n such that all inputs at or after it arrived at or after t_ms. */
static enum err first_since(sqlite3_stmt *s, int64_t last_n, int64_t t_ms, int64_t *ret_n)
{
    int64_t low = 1, high = last_n + 1, at_ms;
    enum err err = ERR_OK;

    while (low < high && err == ERR_OK) {
        const int64_t middle = low + (high - low) / 2;
        if (time_at(s, middle, &at_ms, &err) && at_ms < t_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_n = low;
    return err;
}

static enum err find_ends(struct reader *reader, int64_t from_ms, int64_t to_ms, int64_t walk,
                          int64_t *ret_low, int64_t *ret_high, int64_t *ret_from_ms)
{
    sqlite3_stmt *last = NULL, *at = NULL;
    int64_t last_n = 0, low = 1, high = 1;

    *ret_from_ms = from_ms;
    enum err err = db_prepare(reader->db, "SELECT max(n) FROM input", &last);
    if (err == ERR_OK)
        err = db_prepare(reader->db, "SELECT t FROM input WHERE n >= ?1 ORDER BY n LIMIT 1", &at);
    if (err == ERR_OK) {
        const int code = sqlite3_step(last);
        err = db_err(reader->db, code);
        last_n = code == SQLITE_ROW ? sqlite3_column_int64(last, 0) : 0;
    }
    if (err == ERR_OK)
        err = first_since(at, last_n, from_ms, &low);
    if (err == ERR_OK)
        err = first_since(at, last_n, to_ms, &high);
    if (err == ERR_OK && high - low > walk) {
        low = high - walk;
        (void)time_at(at, low, ret_from_ms, &err);
    }
    sqlite3_finalize(last);
    sqlite3_finalize(at);
    *ret_low = low;
    *ret_high = high;
    return err;
}

enum err reader_reports(struct reader *reader, const uint32_t *devices, size_t count, int64_t from_ms,
                        int64_t to_ms, uint64_t walk,
                        enum err (*fn)(void *self, const struct batch_input *input), void *self,
                        int64_t *ret_from_ms)
{
    int64_t low, high, since_ms;
    sqlite3_stmt *s;
    struct buf sql;
    int code = SQLITE_DONE;

    if (count > READER_DEVICES_MAX)
        return ERR_RANGE;
    enum err err = find_ends(reader, from_ms, to_ms, walk < INT64_MAX ? (int64_t)walk : INT64_MAX, &low,
                             &high, &since_ms);
    if (err != ERR_OK)
        return err;
    buf_init(&sql, 1024);
    buf_printf(&sql,
               "SELECT n, t, kind, device, lane, epoch, seq, count, blob FROM input WHERE n >= ?1 AND n < "
               "?2 AND kind=%d AND device IN (",
               INPUT_REPORT);
    for (size_t i = 0; i < count; i++)
        buf_printf(&sql, "%s%u", i != 0 ? "," : "", (unsigned)devices[i]);
    buf_puts(&sql, ") ORDER BY n");
    err = sql.failed ? ERR_NOMEM : db_prepare(reader->db, buf_text(&sql), &s);
    buf_release(&sql);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, low);
    sqlite3_bind_int64(s, 2, high);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct batch_input input;
        input_of_row(s, &input);
        err = fn(self, &input);
    }
    if (err == ERR_OK)
        err = db_err(reader->db, code);
    sqlite3_finalize(s);
    if (err == ERR_OK)
        *ret_from_ms = since_ms;
    return err;
}
