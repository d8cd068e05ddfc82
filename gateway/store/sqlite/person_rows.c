#include "store/sqlite/person_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detector.h"
#include "input.h"
#include "store/sqlite/store_sqlite.h"
#include "store/thin.h"

#define HIS_ALERTS  "(SELECT id FROM temp.his_alert)"
#define HIS_JOBS    "(SELECT id FROM temp.his_job)"
#define HIS_DEVICES "(SELECT no FROM temp.his_device)"
/* What a device told while it was the person's: columns `device` and `n` of the row, or a device and a time.
 */
#define WHILE_HIS "EXISTS(SELECT 1 FROM temp.his_span WHERE no=device AND n>after_n AND n<=last_n)"
#define HIS_AT(device_no, time)                                                                              \
    "EXISTS(SELECT 1 FROM temp.his_span WHERE no=" device_no " AND " time ">=from_t AND " time "<until_t)"
#define ABOUT "((subject_kind=1 AND subject_no=?1) OR (subject_kind=2 AND subject_no=?2))"
_Static_assert(SUBJECT_RESIDENT == 1 && SUBJECT_HOUSEHOLD == 2 && SUBJECT_DEVICE == 4, "as in ABOUT");

/* The alerts themselves come last: the others are found by them. */
const struct person_rows person_rows[PERSON_ROWS] = {
    {.table = "input", .where = WHILE_HIS " OR n IN (SELECT n FROM temp.his_input)"},
    {.table = "finding", .where = ABOUT " OR " WHILE_HIS},
    {.table = "transition",
     .where = "erased=0 AND alert IN " HIS_ALERTS,
     .erase = "UPDATE transition SET by='', why='', line='', salt=NULL, erased=1"},
    {.table = "suppression", .where = "alert IN " HIS_ALERTS},
    {.table = "silence", .where = ABOUT},
    {.table = "task_event", .where = "task IN (SELECT id FROM task WHERE alert IN " HIS_ALERTS ")"},
    {.table = "task", .where = "alert IN " HIS_ALERTS},
    {.table = "ledger_event", .where = "alert IN " HIS_ALERTS},
    {.table = "ledger", .where = "alert IN " HIS_ALERTS},
    {.table = "spoken", .where = "job IN " HIS_JOBS},
    {.table = "delivery", .where = "job IN " HIS_JOBS},
    {.table = "outbox", .where = "id IN " HIS_JOBS},
    {.table = "campaign_person", .where = "resident=?1"},
    {.table = "gap", .where = "device IN " HIS_DEVICES},
    {.table = "audit",
     .where = "detail IS NOT NULL AND instr(detail, '|resident:' || ?3 || '|') > 0",
     .erase = "UPDATE audit SET detail=NULL"},
    {.table = "state",
     .where =
         "EXISTS(SELECT 1 FROM state_table t JOIN temp.his_state h ON h.name=t.name WHERE t.id=state.tbl AND "
         "(h.kind=0 OR (h.kind=1 AND state.no=?1) OR (h.kind=2 AND state.no=?2) OR (h.kind=4 AND state.no "
         "IN " HIS_DEVICES ")))",
     .internal = true},
    {.table = "state",
     .where =
         "tbl IN (SELECT id FROM state_table WHERE name IN ('alert','alert_response','alert_ledger')) AND "
         "substr(value,1,16) IN " HIS_ALERTS,
     .internal = true},
    {.table = "state",
     .where = "tbl IN (SELECT id FROM state_table WHERE name='job') AND substr(value,17,16) IN " HIS_ALERTS,
     .internal = true},
    {.table = "state",
     .where =
         "tbl IN (SELECT id FROM state_table WHERE name='alert_task') AND substr(value,17,16) IN " HIS_ALERTS,
     .internal = true},
    {.table = "state",
     .where =
         "tbl IN (SELECT id FROM state_table WHERE name='device_order') AND substr(value,1,16) IN (SELECT "
         "id FROM device_order o WHERE " HIS_AT("o.device", "o.t") ")",
     .internal = true},
    {.table = "device_order", .where = HIS_AT("device", "t")},
    {.table = "alert", .where = "id IN " HIS_ALERTS},
};
const struct person_rows person_day_rows[PERSON_DAY_ROWS] = {
    {.table = "day.input", .where = WHILE_HIS " OR n IN (SELECT n FROM temp.his_input)"},
    {.table = "day.finding", .where = ABOUT " OR " WHILE_HIS},
};
/* Snapshots hold these structs as they are. */
_Static_assert(offsetof(struct alert, id) == 0 && offsetof(struct job, alert) == 16 &&
                   offsetof(struct task, alert) == 16 && offsetof(struct ledger_entry, alert) == 0,
               "where an alert's id stands in the states");

void person_bind(sqlite3_stmt *s, const struct person *person)
{
    const int count = sqlite3_bind_parameter_count(s);
    if (count >= 1)
        sqlite3_bind_int64(s, 1, person->no);
    if (count >= 2)
        sqlite3_bind_int64(s, 2, person->alone ? (sqlite3_int64)person->household_no : -1);
    if (count >= 3)
        db_bind_text(s, 3, person->id);
    if (count >= 4 && person->alone)
        db_bind_text(s, 4, person->household);
}

enum err person_count(sqlite3 *db, const struct person_rows *rows, const struct person *person,
                      int64_t *ret_count)
{
    char sql[1024];
    sqlite3_stmt *s;
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE %s", rows->table, rows->where);
    enum err err = db_prepare(db, sql, &s);
    if (err != ERR_OK)
        return err;
    person_bind(s, person);
    err = db_err(db, sqlite3_step(s));
    *ret_count = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return err;
}

static enum err run_bound(sqlite3 *db, const char *sql, const struct person *person)
{
    sqlite3_stmt *s;
    enum err err = db_prepare(db, sql, &s);
    if (err != ERR_OK)
        return err;
    person_bind(s, person);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

struct devices {
    sqlite3_stmt *add;
    const struct person *person;
};

static enum err add_device(void *self, const struct registry_row *row)
{
    const struct devices *devices = self;
    if (row->table != REGISTRY_DEVICE || person_part_of_row(devices->person, row) != PERSON_DEVICE)
        return ERR_OK;
    sqlite3_bind_int64(devices->add, 1, row->number);
    return db_run(devices->add);
}

/* Those assigned now, and bands that told of the person before and are nobody's now. */
static enum err find_devices(sqlite3 *db, const struct registry *registry, const struct person *person)
{
    struct devices devices = {.person = person};
    sqlite3_stmt *s = NULL;
    int code = SQLITE_DONE;
    enum err err = db_prepare(db, "INSERT OR IGNORE INTO temp.his_device VALUES(?1)", &devices.add);
    if (err == ERR_OK)
        err = registry_rows(registry, add_device, &devices);
    if (err == ERR_OK)
        err =
            db_prepare(db,
                       "SELECT DISTINCT device FROM finding WHERE device IS NOT NULL AND subject_kind=1 AND "
                       "subject_no=?1",
                       &s);
    if (err == ERR_OK)
        person_bind(s, person);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        const uint32_t no = db_number(s, 0);
        const struct device *device =
            no < registry_count(registry, REGISTRY_DEVICE) ? registry_device(registry, no) : NULL;
        if (device == NULL || device->kind != DEVICE_WRISTBAND || device->resident != REGISTRY_NONE)
            continue;
        sqlite3_bind_int64(devices.add, 1, no);
        err = db_run(devices.add);
    }
    if (err == ERR_OK)
        err = db_err(db, code);
    sqlite3_finalize(s);
    sqlite3_finalize(devices.add);
    return err;
}

/* When which device was the person's: as noted when it went from one to another, else always. */
static enum err find_spans(sqlite3 *db, const struct person *person)
{
    enum err err = run_bound(
        db,
        "INSERT INTO temp.his_span SELECT device, after_n, last_n, t, until FROM (SELECT *, "
        "lead(after_n, 1, 9223372036854775807) OVER w AS last_n, lead(t, 1, 9223372036854775807) OVER w AS "
        "until FROM worn WINDOW w AS (PARTITION BY device ORDER BY after_n)) WHERE "
        "resident=?3 OR household=?4",
        person);
    return err == ERR_OK ? db_exec(db, "INSERT INTO temp.his_span SELECT no, -1, 9223372036854775807, 0, "
                                       "9223372036854775807 FROM temp.his_device "
                                       "WHERE no NOT IN (SELECT device FROM worn)")
                         : err;
}

/* Where the snapshot keeps something by the person's number. What stands for a territory is short-lived; that
 * of a gathering holds positions of many, that of linked visitors their homes: both start afresh whole. */
static enum err find_states(sqlite3 *db)
{
    static const struct {
        const char *name;
        int kind;
    } others[] = {{"live.resident", SUBJECT_RESIDENT},
                  {"live.household", SUBJECT_HOUSEHOLD},
                  {"detect.gathering", 0},
                  {"detect.canvassing-linked", 0}};
    sqlite3_stmt *s;
    char name[ID_SIZE + 16];
    enum err err = db_prepare(db, "INSERT INTO temp.his_state VALUES(?1,?2)", &s);
    for (unsigned i = 0; err == ERR_OK && detectors[i] != NULL; i++) {
        snprintf(name, sizeof(name), "detect.%s", detectors[i]->name);
        db_bind_text(s, 1, name);
        sqlite3_bind_int(s, 2, (int)detectors[i]->state_of);
        err = db_run(s);
    }
    for (unsigned i = 0; err == ERR_OK && i < sizeof(others) / sizeof(others[0]); i++) {
        db_bind_text(s, 1, others[i].name);
        sqlite3_bind_int(s, 2, others[i].kind);
        err = db_run(s);
    }
    sqlite3_finalize(s);
    return err;
}

enum err person_sets(sqlite3 *db, const struct registry *registry, const struct person *person)
{
    enum err err = db_exec(db, "CREATE TEMP TABLE his_alert(id BLOB PRIMARY KEY) WITHOUT ROWID;"
                               "CREATE TEMP TABLE his_job(id BLOB PRIMARY KEY) WITHOUT ROWID;"
                               "CREATE TEMP TABLE his_device(no INTEGER PRIMARY KEY);"
                               "CREATE TEMP TABLE his_span(no INTEGER NOT NULL, after_n INTEGER NOT NULL, "
                               "last_n INTEGER NOT NULL, from_t INTEGER NOT NULL, until_t INTEGER NOT NULL);"
                               "CREATE INDEX temp.his_span_no ON his_span(no);"
                               "CREATE TEMP TABLE his_input(n INTEGER PRIMARY KEY);"
                               "CREATE TEMP TABLE his_state(name TEXT NOT NULL, kind INTEGER NOT NULL)");
    if (err == ERR_OK)
        err = find_devices(db, registry, person);
    if (err == ERR_OK)
        err = find_spans(db, person);
    if (err == ERR_OK)
        err = find_states(db);
    if (err == ERR_OK)
        err = run_bound(db,
                        "INSERT INTO temp.his_alert SELECT id FROM alert WHERE " ABOUT
                        " OR (subject_kind=4 AND " HIS_AT("subject_no", "opened") ")",
                        person);
    if (err == ERR_OK)
        err = db_exec(db, "INSERT INTO temp.his_job SELECT id FROM outbox WHERE alert IN " HIS_ALERTS
                          " OR device IN " HIS_DEVICES);
    return err;
}

static bool is_in(sqlite3_stmt *s, const struct hash_id *id)
{
    db_bind_blob(s, 1, id->bytes, HASH_ID_SIZE);
    const bool found = sqlite3_step(s) == SQLITE_ROW;
    sqlite3_reset(s);
    return found;
}

static bool names_person(const struct input *input, const struct person *person, sqlite3_stmt *alert,
                         sqlite3_stmt *job)
{
    const struct subject subject = input->action.subject;
    switch (input->kind) {
    case INPUT_ACTION:
        return (input->action.has_alert && is_in(alert, &input->action.alert)) ||
               (subject.kind == SUBJECT_RESIDENT && subject.no == person->no) ||
               (subject.kind == SUBJECT_HOUSEHOLD && person->alone && subject.no == person->household_no);
    case INPUT_DELIVERY: return is_in(job, &input->delivery.job);
    default: return false;
    }
}

enum err person_inputs(sqlite3 *db, const char *schema, const struct person *person)
{
    char sql[256];
    sqlite3_stmt *s = NULL, *add = NULL, *alert = NULL, *job = NULL;
    int code = SQLITE_DONE;
    struct event *events = calloc(EVENT_BATCH_MAX, sizeof(*events));
    snprintf(sql, sizeof(sql),
             "SELECT n, t, kind, device, lane, epoch, seq, count, blob FROM %s.input WHERE kind IN (%d, %d)",
             schema, INPUT_ACTION, INPUT_DELIVERY);
    enum err err = events == NULL ? ERR_NOMEM : db_prepare(db, sql, &s);
    if (err == ERR_OK)
        err = db_prepare(db, "INSERT OR IGNORE INTO temp.his_input VALUES(?1)", &add);
    if (err == ERR_OK)
        err = db_prepare(db, "SELECT 1 FROM temp.his_alert WHERE id=?1", &alert);
    if (err == ERR_OK)
        err = db_prepare(db, "SELECT 1 FROM temp.his_job WHERE id=?1", &job);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        struct batch_input stored;
        struct input input;
        input_of_row(s, &stored);
        /* What cannot be read any more is nobody's. */
        if (input_decode(stored.n, stored.t_ms, stored.kind, stored.blob, stored.len, events, &input) !=
                ERR_OK ||
            !names_person(&input, person, alert, job))
            continue;
        db_bind_u64(add, 1, stored.n);
        err = db_run(add);
    }
    if (err == ERR_OK)
        err = db_err(db, code);
    sqlite3_finalize(s);
    sqlite3_finalize(add);
    sqlite3_finalize(alert);
    sqlite3_finalize(job);
    free(events);
    return err;
}

/* ---- reports of others that name the person ---- */

struct unnaming {
    const struct person *person;
    sqlite3_stmt *write; /* NULL: only counted */
    struct event *events;
    struct buf blob;
    int64_t count;
};

static enum err unname_row(struct unnaming *work, sqlite3_stmt *s)
{
    struct batch_input stored;
    bool changed = false;
    input_of_row(s, &stored);
    buf_clear(&work->blob);
    enum err err = thin_person(&stored, work->person->id, work->events, &work->blob, &changed);
    if (err == ERR_CORRUPT || (err == ERR_OK && !changed))
        return ERR_OK; /* what cannot be read any more is nobody's */
    work->count++;
    if (err != ERR_OK || work->write == NULL)
        return err;
    db_bind_u64(work->write, 1, stored.n);
    db_bind_blob(work->write, 2, work->blob.data, work->blob.len);
    return db_run(work->write);
}

enum err person_unname(sqlite3 *db, const char *schema, const struct person *person, bool write,
                       int64_t *ret_count)
{
    char sql[400];
    sqlite3_stmt *s = NULL;
    int code = SQLITE_DONE;
    struct unnaming work = {.person = person, .events = calloc(EVENT_BATCH_MAX, sizeof(*work.events))};
    buf_init(&work.blob, EVENT_BATCH_MAX * 1100);
    /* An id stands in an encoded report as it is. */
    snprintf(sql, sizeof(sql),
             "SELECT n, t, kind, device, lane, epoch, seq, count, blob FROM %s.input WHERE kind=%d AND "
             "instr(blob, CAST(?3 AS BLOB)) > 0 AND NOT " WHILE_HIS,
             schema, INPUT_REPORT);
    enum err err = work.events == NULL ? ERR_NOMEM : db_prepare(db, sql, &s);
    snprintf(sql, sizeof(sql), "UPDATE %s.input SET blob=?2 WHERE n=?1", schema);
    if (err == ERR_OK && write)
        err = db_prepare(db, sql, &work.write);
    if (err == ERR_OK)
        person_bind(s, person);
    while (err == ERR_OK && (code = sqlite3_step(s)) == SQLITE_ROW)
        err = unname_row(&work, s);
    if (err == ERR_OK)
        err = db_err(db, code);
    *ret_count += work.count;
    sqlite3_finalize(s);
    sqlite3_finalize(work.write);
    buf_release(&work.blob);
    free(work.events);
    return err;
}
