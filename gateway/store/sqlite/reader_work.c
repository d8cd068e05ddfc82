/* What was to be done over some days, and what stands open: tasks by kind, the ledger by family. Cost: one
 * pass over all of them, and over their history. */
#include "report.h"
#include "store/sqlite/reader_sqlite.h"

/* Column 0 is the group. ?1..?2 the range, ?3 now, ?4 the event that ends one, ?5 the one that sets it aside.
 */
static const char *const task_stand =
    "SELECT kind, count(*) FILTER (WHERE opened >= ?1 AND opened < ?2), count(*) FILTER (WHERE state < 3), "
    "count(*) FILTER (WHERE state < 3 AND due <= ?3) FROM task GROUP BY kind";
static const char *const task_events =
    "SELECT t.kind, count(*) FILTER (WHERE e.kind = ?4), count(*) FILTER (WHERE e.kind = ?5), "
    "count(DISTINCT e.task) FILTER (WHERE e.kind = ?6) FROM task_event e JOIN task t ON t.id = e.task "
    "WHERE e.t >= ?1 AND e.t < ?2 GROUP BY t.kind";
static const char *const ledger_stand =
    "SELECT family, count(*) FILTER (WHERE opened >= ?1 AND opened < ?2), count(*) FILTER (WHERE state < 3), "
    "count(*) FILTER (WHERE state < 3 AND due <= ?3) FROM ledger GROUP BY family";
static const char *const ledger_events = "SELECT l.family, count(*) FILTER (WHERE e.kind = ?4), "
                                         "count(DISTINCT e.alert) FILTER (WHERE e.kind = ?5), "
                                         "count(DISTINCT e.alert) FILTER (WHERE e.kind = ?6) FROM "
                                         "ledger_event e JOIN ledger l ON l.alert = e.alert "
                                         "WHERE e.t >= ?1 AND e.t < ?2 GROUP BY l.family";

struct range {
    int64_t from_ms, to_ms, now_ms;
    int ended, aside, overdue; /* numbers of events */
};

static enum err count(struct reader *reader, const char *sql, const struct range *range, bool of_events,
                      struct report_work *works, int work_count)
{
    sqlite3_stmt *s;
    int code;
    enum err err = db_prepare(reader->db, sql, &s);
    if (err != ERR_OK)
        return err;
    sqlite3_bind_int64(s, 1, range->from_ms);
    sqlite3_bind_int64(s, 2, range->to_ms);
    if (of_events) {
        sqlite3_bind_int(s, 4, range->ended);
        sqlite3_bind_int(s, 5, range->aside);
        sqlite3_bind_int(s, 6, range->overdue);
    } else {
        sqlite3_bind_int64(s, 3, range->now_ms);
    }
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        const int group = sqlite3_column_int(s, 0);
        if (group < 0 || group >= work_count)
            continue;
        uint64_t *const into[2][3] = {{&works[group].opened, &works[group].open, &works[group].open_overdue},
                                      {&works[group].ended, &works[group].aside, &works[group].overdue}};
        for (int i = 0; i < 3; i++)
            *into[of_events][i] = (uint64_t)sqlite3_column_int64(s, i + 1);
    }
    err = db_err(reader->db, code);
    sqlite3_finalize(s);
    return err;
}

enum err reader_works(struct reader *reader, int64_t from_ms, int64_t to_ms, int64_t now_ms,
                      struct report_works *ret_works)
{
    struct report_works works = {.tasks = {{0}}};
    struct range range = {.from_ms = from_ms,
                          .to_ms = to_ms,
                          .now_ms = now_ms,
                          .ended = TASK_EVENT_FINISHED,
                          .aside = TASK_EVENT_CANCELLED,
                          .overdue = TASK_EVENT_OVERDUE};
    enum err err = count(reader, task_stand, &range, false, works.tasks, TASK_KIND_COUNT);
    if (err == ERR_OK)
        err = count(reader, task_events, &range, true, works.tasks, TASK_KIND_COUNT);
    range.ended = LEDGER_EVENT_CLOSED;
    range.aside = LEDGER_EVENT_TRANSFERRED;
    range.overdue = LEDGER_EVENT_OVERDUE;
    if (err == ERR_OK)
        err = count(reader, ledger_stand, &range, false, works.ledger, FAMILY_COUNT);
    if (err == ERR_OK)
        err = count(reader, ledger_events, &range, true, works.ledger, FAMILY_COUNT);
    if (err == ERR_OK)
        *ret_works = works;
    return err;
}
