/* The feed of a platform: findings, changes of alerts, words of relays and the ledger of clues, in the order
 * of their commits.
 *
 * Each kind has a table whose ids only rise, so four numbers are a place in the feed, and nothing is missed
 * however long somebody was away. A page merges them by commit; what stands in one commit is one step of
 * the pipeline: what was found, what became of the alert, what the relays said, what became of the
 * clue. */
#include "alert/alert.h"
#include "core/text.h"
#include "relay/relay.h"
#include "store/sqlite/reader_sqlite.h"

static enum err put_finding(struct reader *reader, sqlite3_stmt *s, struct buf *out)
{
    struct subject subject = {.kind = (uint8_t)sqlite3_column_int(s, 7), .no = db_number(s, 8)};

    json_member_time(reader, "t", sqlite3_column_int64(s, 2), out);
    json_member_time(reader, "at", sqlite3_column_int64(s, 3), out);
    json_member_text("detector", db_text(s, 4), out);
    json_member_text("code", db_text(s, 5), out);
    buf_printf(out, ",\"numbers\":%s", db_text(s, 6));
    enum err err = json_subject(reader, subject, out);
    json_member_text("family", family_name((enum family)sqlite3_column_int(s, 9)), out);
    json_member_text("level", level_name((enum level)sqlite3_column_int(s, 10)), out);
    buf_printf(out, ",\"score\":%.6f,\"recorded_only\":%s", sqlite3_column_double(s, 11),
               sqlite3_column_int(s, 12) & FINDING_RECORD ? "true" : "false");
    return err;
}

/* The line is an object of its own, as replay prints it. */
static enum err put_transition(struct reader *reader, sqlite3_stmt *s, struct buf *out)
{
    (void)reader;
    buf_printf(out, ",\"change\":%s", db_text(s, 2));
    return ERR_OK;
}

static enum err put_delivery(struct reader *reader, sqlite3_stmt *s, struct buf *out)
{
    bool known = sqlite3_column_bytes(s, 6) == HASH_ID_SIZE;

    json_member_time(reader, "t", sqlite3_column_int64(s, 2), out);
    json_member_id("job", s, 3, out);
    json_member_text("state", delivery_name((enum delivery_state)sqlite3_column_int(s, 4)), out);
    if (*db_text(s, 5))
        json_member_text("reason", db_text(s, 5), out);
    if (!known)
        return ERR_OK; /* its row is gone */
    json_member_id("alert", s, 6, out);
    json_member_text("relay", job_name((enum job_kind)sqlite3_column_int(s, 7)), out);
    json_member_text("channel", channel_name((enum channel)sqlite3_column_int(s, 8)), out);
    json_member_text("level", level_name((enum level)sqlite3_column_int(s, 9)), out);
    if (sqlite3_column_int(s, 10) != ROLE_NONE)
        json_member_text("role", role_name((enum role)sqlite3_column_int(s, 10)), out);
    return ERR_OK;
}

static enum err put_ledger(struct reader *reader, sqlite3_stmt *s, struct buf *out)
{
    json_member_time(reader, "t", sqlite3_column_int64(s, 2), out);
    json_member_text("event", ledger_event_name((enum ledger_event_kind)sqlite3_column_int(s, 3)), out);
    json_member_text("by", db_text(s, 4), out);
    json_member_text("why", db_text(s, 5), out);
    buf_printf(out, ",\"entry\":%s", db_text(s, 6));
    return ERR_OK;
}

enum { FINDINGS, TRANSITIONS, DELIVERIES, LEDGER, KINDS };
/* Columns 0 and 1 are the row's id and its commit. */
static const struct {
    const char *name, *sql;
    enum err (*put)(struct reader *reader, sqlite3_stmt *s, struct buf *out);
} kinds[KINDS] = {
    [FINDINGS] = {"finding",
                  "SELECT id, commit_id, t, at, detector, code, numbers, subject_kind, subject_no, family, "
                  "level, score, "
                  "flags FROM finding WHERE id > ?1 ORDER BY id LIMIT ?2",
                  put_finding},
    [TRANSITIONS] =
        {"alert",
         "SELECT id, commit_id, line FROM transition WHERE id > ?1 AND line <> '' ORDER BY id LIMIT ?2",
         put_transition},
    [DELIVERIES] =
        {"delivery",
         "SELECT d.id, d.commit_id, d.t, d.job, d.state, d.reason, o.alert, o.job_kind, o.channel, o.level, "
         "o.role FROM delivery d LEFT JOIN outbox o ON o.id = d.job WHERE d.id > ?1 ORDER BY d.id LIMIT ?2",
         put_delivery},
    [LEDGER] = {"ledger",
                "SELECT id, commit_id, t, kind, by, why, json FROM ledger_event WHERE id > ?1 ORDER BY id "
                "LIMIT ?2",
                put_ledger},
};

struct merge {
    sqlite3_stmt *rows[KINDS];
    bool there[KINDS]; /* rows[i] stands at a row */
};

static enum err step(struct reader *reader, struct merge *merge, int kind)
{
    int code = sqlite3_step(merge->rows[kind]);

    merge->there[kind] = code == SQLITE_ROW;
    return db_err(reader->db, code);
}

static enum err begin(struct reader *reader, const struct reader_feed *feed, unsigned limit,
                      struct merge *merge)
{
    const int64_t after[KINDS] = {feed->finding, feed->transition, feed->delivery, feed->ledger};
    enum err err = ERR_OK;

    for (int kind = 0; kind < KINDS && err == ERR_OK; kind++) {
        err = db_prepare(reader->db, kinds[kind].sql, &merge->rows[kind]);
        if (err == ERR_OK) {
            sqlite3_bind_int64(merge->rows[kind], 1, after[kind]);
            sqlite3_bind_int64(merge->rows[kind], 2, (int64_t)limit + 1);
            err = step(reader, merge, kind);
        }
    }
    return err;
}

/* The kind whose row was committed first; KINDS when there is none. Within a commit in the order of `kinds`.
 */
static int first_of(const struct merge *merge)
{
    int first = KINDS;

    for (int kind = 0; kind < KINDS; kind++)
        if (merge->there[kind] && (first == KINDS || sqlite3_column_int64(merge->rows[kind], 1) <
                                                         sqlite3_column_int64(merge->rows[first], 1)))
            first = kind;
    return first;
}

enum err reader_feed_end(struct reader *reader, struct reader_feed *ret_feed)
{
    struct reader_cursor cursor;
    int64_t finding = 0, ledger = 0;
    enum err err = reader_cursor(reader, &cursor);

    if (err == ERR_OK)
        err = db_integer(reader->db, "SELECT coalesce(max(id), 0) FROM finding", 0, &finding);
    if (err == ERR_OK)
        err = db_integer(reader->db, "SELECT coalesce(max(id), 0) FROM ledger_event", 0, &ledger);
    if (err == ERR_OK)
        *ret_feed = (struct reader_feed){.finding = finding,
                                         .transition = cursor.transition,
                                         .delivery = cursor.delivery,
                                         .ledger = ledger};
    return err;
}

enum err reader_feed(struct reader *reader, struct reader_feed *feed, unsigned limit, struct buf *out,
                     bool *ret_more)
{
    struct merge merge = {.rows = {NULL}};
    int64_t *at[KINDS] = {&feed->finding, &feed->transition, &feed->delivery, &feed->ledger};
    int kind = KINDS;
    enum err err = begin(reader, feed, limit, &merge);

    buf_putc(out, '[');
    for (unsigned count = 0; err == ERR_OK && (kind = first_of(&merge)) != KINDS && count < limit; count++) {
        sqlite3_stmt *s = merge.rows[kind];
        *at[kind] = sqlite3_column_int64(s, 0);
        buf_printf(out, "%s\n{\"id\":\"%s-%lld\",\"kind\":\"%s\"", count > 0 ? "," : "", kinds[kind].name,
                   (long long)*at[kind], kinds[kind].name);
        err = kinds[kind].put(reader, s, out);
        buf_putc(out, '}');
        if (err == ERR_OK)
            err = step(reader, &merge, kind);
    }
    buf_puts(out, "\n]");
    *ret_more = kind != KINDS;
    for (kind = 0; kind < KINDS; kind++)
        sqlite3_finalize(merge.rows[kind]);
    return err == ERR_OK && out->failed ? ERR_FULL : err;
}
