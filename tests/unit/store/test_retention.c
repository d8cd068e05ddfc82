/* Old data becomes less exact, moves to a file of its day, and goes; what a restart needs stays as it was. */
#include <math.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "fixture.h"
#include "store/thin.h"

#define DAY_MS INT64_C(86400000)

static const double lat = 34.512345, lon = 108.612345;

static struct event event_of(enum event_kind kind)
{
    struct event event = {.kind = (uint8_t)kind};
    if (kind == EVENT_FIX) {
        event.fix =
            (struct event_fix){.lat = lat, .lon = lon, .accuracy_m = 5, .has_accuracy = 1, .valid = 1};
        event.fix.source = FIX_SOURCE_GNSS;
        event.fix.datum = DATUM_WGS84;
    } else if (kind == EVENT_ACTIVITY) {
        event.activity.steps = 12;
    } else if (kind == EVENT_VISIT) {
        event.visit.phase = VISIT_PHASE_ARRIVE;
        event.visit.place = PLACE_DOORSTEP;
        assert_true(text_copy(event.visit.visit_id, ID_SIZE, "visit-1"));
        event.visit.people_count = 1;
        event.visit.people[0].confidence = 0.5F;
        event.visit.people[0].person_class = PERSON_CLASS_UNKNOWN;
        assert_true(text_copy(event.visit.people[0].visitor_id, ID_SIZE, "v-secret"));
    }
    return event;
}

/* Commits one report of these events at a moment. */
static void take(struct fixture *f, uint64_t n, int64_t t_ms, const enum event_kind *kinds, unsigned count,
                 bool snapshot)
{
    struct event events[4];
    struct buf blob;
    for (unsigned i = 0; i < count; i++) {
        events[i] = event_of(kinds[i]);
        event_set_time(&events[i], t_ms, t_ms, 120000);
    }
    struct input input = {.n = n, .t_ms = t_ms, .kind = INPUT_REPORT};
    input.report = (struct report){.device = 0,
                                   .epoch = 7,
                                   .first_seq = n * 10,
                                   .lane = LANE_ROUTINE,
                                   .count = (uint8_t)count,
                                   .events = events};
    buf_init(&blob, 65536);
    input_encode(&input, &blob);
    struct batch_input *item = &add(&f->batch, BATCH_INPUT)->input;
    *item = (struct batch_input){.n = n,
                                 .t_ms = t_ms,
                                 .kind = INPUT_REPORT,
                                 .epoch = 7,
                                 .first_seq = n * 10,
                                 .lane = LANE_ROUTINE,
                                 .count = (uint8_t)count,
                                 .len = blob.len};
    item->blob = arena_copy(&f->batch.arena, blob.data, blob.len);
    buf_release(&blob);
    f->batch.last_n = n;
    f->batch.t_ms = t_ms;
    if (snapshot)
        add(&f->batch, BATCH_STATE_DONE);
    f->batch.snapshot = snapshot;
    commit(f);
}

static void retain_all(struct fixture *f)
{
    bool more = true;
    while (more)
        assert_int_equal(store_sqlite.retain(f->store, &more), ERR_OK);
}

static void open_with(struct fixture *f, struct retention retention)
{
    store_sqlite.close(f->store);
    f->store = NULL;
    const struct store_config config = {.folder = f->folder, .county = "654321", .retention = retention};
    assert_int_equal(store_sqlite.open(&config, &f->store), ERR_OK);
}

struct seen {
    unsigned inputs, events;
    struct event last[4];
};

static enum err look_at(void *self, const struct batch_input *stored)
{
    struct seen *seen = self;
    static struct event events[EVENT_BATCH_MAX];
    struct input input;
    assert_int_equal(
        input_decode(stored->n, stored->t_ms, INPUT_REPORT, stored->blob, stored->len, events, &input),
        ERR_OK);
    assert_int_equal(stored->count, input.report.count);
    seen->inputs++;
    seen->events = input.report.count;
    memcpy(seen->last, events, input.report.count * sizeof(events[0]));
    return ERR_OK;
}

static struct seen read_inputs(struct fixture *f, uint64_t from, uint64_t to)
{
    struct reader *reader;
    struct seen seen = {0};
    assert_int_equal(reader_open(f->folder, &reader), ERR_OK);
    assert_int_equal(reader_inputs(reader, from, to, look_at, &seen), ERR_OK);
    reader_close(reader);
    return seen;
}

static void a_cell_is_of_500_m_and_says_no_more(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        const struct geo_point p = {.lat = 18 + 0.0353 * i, .lon = 75 + 0.0501 * i}, cell = thin_cell(p);
        const struct geo_point again = thin_cell(cell);
        assert_true(geo_distance_m(p, cell) < 500 * 0.7072);
        assert_true(geo_distance_m(cell, again) < 1e-3);
    }
}

static void each_class_is_thinned_after_its_days_and_the_rest_of_a_report_stays(void **state)
{
    struct fixture *f = *state;
    const enum event_kind all[] = {EVENT_FIX, EVENT_ACTIVITY, EVENT_VISIT}, steps[] = {EVENT_ACTIVITY};
    take(f, 1, T0, all, 3, false);
    take(f, 2, T0 + 1000, steps, 1, true);
    take(f, 3, T0 + 31 * DAY_MS, all, 3, false); /* after the snapshot, and young */
    open_with(f, (struct retention){.location_days = 30, .health_days = 30, .visitor_days = 30});
    retain_all(f);
    struct seen old = read_inputs(f, 1, 1), fresh = read_inputs(f, 3, 3);
    assert_int_equal(old.events, 2);
    assert_int_equal(old.last[0].kind, EVENT_FIX);
    assert_true(fabs(old.last[0].fix.lat - lat) > 1e-6 && fabs(old.last[0].fix.lat - lat) < 0.005);
    assert_true(old.last[0].fix.accuracy_m > 499);
    assert_int_equal(old.last[1].kind, EVENT_VISIT);
    assert_string_equal(old.last[1].visit.people[0].visitor_id, "");
    assert_int_equal(old.last[1].key.seq, 12); /* its own number */
    assert_int_equal(read_inputs(f, 2, 2).inputs, 0);
    assert_int_equal(fresh.events, 3);
    assert_true(fabs(fresh.last[0].fix.lat - lat) < 1e-6);
    assert_string_equal(fresh.last[2].visit.people[0].visitor_id, "v-secret");
}

static void what_a_restart_would_replay_is_not_touched_however_old(void **state)
{
    struct fixture *f = *state;
    const enum event_kind all[] = {EVENT_FIX, EVENT_ACTIVITY, EVENT_VISIT};
    take(f, 1, T0, all, 3, false);
    take(f, 2, T0 + 400 * DAY_MS, all, 3, false);
    open_with(f, (struct retention){30, 30, 30, 90, 365, 0});
    retain_all(f);
    assert_int_equal(read_inputs(f, 1, 2).inputs, 2);
    assert_int_equal(read_inputs(f, 1, 1).events, 3);
}

static void old_days_move_to_files_of_their_own_and_then_go(void **state)
{
    struct fixture *f = *state;
    const enum event_kind all[] = {EVENT_FIX, EVENT_ACTIVITY, EVENT_VISIT};
    struct stat info;
    char path[FIXTURE_PATH + 64], second[FIXTURE_PATH + 64], folder[FIXTURE_PATH];
    struct retention_stats stats;
    for (uint64_t n = 1; n <= 450; n++)
        take(f, n, T0 + (int64_t)n, all, 3, false);
    take(f, 451, T0 + DAY_MS, all, 3, true);
    take(f, 452, T0 + 91 * DAY_MS + 1, all, 3, false);
    open_with(f, (struct retention){30, 30, 30, 90, 365, 0});
    retain_all(f);
    store_sqlite.retention_stats(f->store, &stats);
    assert_int_equal(stats.archived, 451);
    assert_int_equal(read_inputs(f, 1, 452).inputs, 1);
    snprintf(folder, sizeof(folder), "%.100s/archive", f->folder);
    snprintf(path, sizeof(path), "%s/2026-03-01.db", folder);
    snprintf(second, sizeof(second), "%s/2026-03-02.db", folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(second, &info), 0);
    take(f, 453, T0 + 366 * DAY_MS, all, 3, false);
    retain_all(f);
    assert_int_not_equal(stat(path, &info), 0);
    assert_int_equal(stat(second, &info), 0);
    folder_remove(folder);
}

static int64_t ask(const struct fixture *f, const char *sql)
{
    char path[FIXTURE_PATH + 16];
    sqlite3 *db;
    sqlite3_stmt *s;
    snprintf(path, sizeof(path), "%s/huyang.db", f->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    const int64_t value = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return value;
}

/* An alert with a transition, a task with a note, and a job that was spoken. */
static void add_story(struct fixture *f, uint8_t id, int64_t opened_ms, enum alert_state alert_state)
{
    struct batch_alert *alert = &add(&f->batch, BATCH_ALERT)->alert;
    *alert = (struct batch_alert){.id = id_of(id),
                                  .opened_ms = opened_ms,
                                  .changed_ms = opened_ms,
                                  .state = (uint8_t)alert_state,
                                  .len = 2,
                                  .json = "{}"};
    add_transition(&f->batch, id, 1, TRANSITION_OPENED, "Wang said so");
    struct batch_task *task = &add(&f->batch, BATCH_TASK)->task;
    task->task = (struct task){.id = id_of(100U + id), .alert = id_of(id)};
    task->event = (struct task_event){.number = 1, .why = "a note"};
    task->json = "{}";
    task->len = 2;
    commit(f);
}

static void texts_of_what_is_over_go_after_their_days_and_the_chain_holds(void **state)
{
    struct fixture *f = *state;
    static const enum event_kind kinds[] = {EVENT_FIX};
    uint64_t rows;
    add_story(f, 1, T0, ALERT_CLOSED);
    add_story(f, 2, T0 + 1, ALERT_CLOSED);
    add_story(f, 3, T0 + 2, ALERT_OPEN); /* whatever came after it waits for it */
    add_story(f, 4, T0 + 3, ALERT_CLOSED);
    open_with(f, (struct retention){.text_days = 730});
    take(f, 1, T0 + 800 * DAY_MS, kinds, 1, true);
    retain_all(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM task_event WHERE why=''"), 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM alert"), 4);
    struct reader *reader;
    assert_int_equal(reader_open(f->folder, &reader), ERR_OK);
    assert_int_equal(reader_audit(reader, &rows), ERR_OK);
    assert_int_equal(rows, 4);
    reader_close(reader);
}

static void one_that_nobody_closes_holds_back_texts_for_twice_their_days_only(void **state)
{
    struct fixture *f = *state;
    static const enum event_kind kinds[] = {EVENT_FIX};
    uint64_t rows;
    add_story(f, 1, T0, ALERT_OPEN);
    add_story(f, 2, T0 + 1, ALERT_CLOSED);
    open_with(f, (struct retention){.text_days = 10});
    take(f, 1, T0 + 20 * DAY_MS, kinds, 1, true); /* not yet past it */
    retain_all(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM task_event WHERE why=''"), 0);
    take(f, 2, T0 + 20 * DAY_MS + 2, kinds, 1, true);
    retain_all(f);
    assert_int_equal(ask(f, "SELECT count(*) FROM task_event WHERE why=''"), 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM transition WHERE why='' AND erased=1"), 2);
    assert_int_equal(ask(f, "SELECT count(*) FROM alert WHERE state=0"), 1); /* open as it was */
    struct reader *reader;
    assert_int_equal(reader_open(f->folder, &reader), ERR_OK);
    assert_int_equal(reader_audit(reader, &rows), ERR_OK);
    reader_close(reader);
}

static void one_person_is_taken_out_of_a_visit_and_the_rest_stays(void **state)
{
    (void)state;
    struct event events[EVENT_BATCH_MAX] = {event_of(EVENT_VISIT), event_of(EVENT_FIX)};
    struct buf blob, out;
    bool changed = true;
    events[0].visit.people_count = 2;
    events[0].visit.people[1] = events[0].visit.people[0];
    assert_true(text_copy(events[0].visit.people[1].visitor_id, ID_SIZE, "r-1"));
    for (unsigned i = 0; i < 2; i++)
        event_set_time(&events[i], T0, T0, 120000);
    struct input input = {.n = 1, .t_ms = T0, .kind = INPUT_REPORT};
    input.report =
        (struct report){.epoch = 7, .first_seq = 1, .lane = LANE_ROUTINE, .count = 2, .events = events};
    buf_init(&blob, 65536);
    buf_init(&out, 65536);
    input_encode(&input, &blob);
    struct batch_input stored = {
        .n = 1, .t_ms = T0, .kind = INPUT_REPORT, .blob = blob.data, .len = blob.len};
    assert_int_equal(thin_person(&stored, "r-2", events, &out, &changed), ERR_OK);
    assert_false(changed);
    assert_int_equal(thin_person(&stored, "r-1", events, &out, &changed), ERR_OK);
    assert_true(changed);
    assert_int_equal(input_decode(1, T0, INPUT_REPORT, out.data, out.len, events, &input), ERR_OK);
    assert_int_equal(input.report.count, 2);
    assert_int_equal(events[0].visit.people_count, 2);
    assert_string_equal(events[0].visit.people[0].visitor_id, "v-secret");
    assert_string_equal(events[0].visit.people[1].visitor_id, "");
    assert_true(fabs(events[1].fix.lat - lat) < 1e-9);
    buf_release(&blob);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_is_of_500_m_and_says_no_more),
        cmocka_unit_test_setup_teardown(each_class_is_thinned_after_its_days_and_the_rest_of_a_report_stays,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_restart_would_replay_is_not_touched_however_old, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(texts_of_what_is_over_go_after_their_days_and_the_chain_holds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_that_nobody_closes_holds_back_texts_for_twice_their_days_only,
                                        set_up, tear_down),
        cmocka_unit_test(one_person_is_taken_out_of_a_visit_and_the_rest_stays),
        cmocka_unit_test_setup_teardown(old_days_move_to_files_of_their_own_and_then_go, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
