#include "fixture.h"

#include <sqlite3.h>

#include "core/json.h"

struct reading {
    struct reader *reader;
    struct buf out;
};

static struct reading open_reader(const struct fixture *f)
{
    struct reading r;

    assert_int_equal(reader_open(f->folder, &r.reader), ERR_OK);
    buf_init(&r.out, 1 << 20);
    return r;
}

static void close_reader(struct reading *r)
{
    reader_close(r->reader);
    buf_release(&r->out);
}

static const struct subject person = {.kind = SUBJECT_RESIDENT, .no = 0},
                            home = {.kind = SUBJECT_HOUSEHOLD, .no = 0},
                            other = {.kind = SUBJECT_RESIDENT, .no = 1};

/* Five alerts, two of the same moment; the last one closed. */
static void fill(struct fixture *f)
{
    struct registry *registry = sample_registry();

    assert_int_equal(store_sqlite.save_registry(f->store, registry), ERR_OK);
    registry_free(registry);
    add_alert(&f->batch, 1, T0 + 1, LEVEL_GREEN, ALERT_OPEN, person);
    add_alert(&f->batch, 2, T0 + 2, LEVEL_YELLOW, ALERT_OPEN, home);
    add_alert(&f->batch, 3, T0 + 2, LEVEL_ORANGE, ALERT_OPEN, other);
    add_alert(&f->batch, 4, T0 + 4, LEVEL_RED, ALERT_OPEN, other);
    add_alert(&f->batch, 5, T0 + 5, LEVEL_RED, ALERT_CLOSED, person);
    commit(f);
}

static struct reader_filter any(void)
{
    return (struct reader_filter){.state = -1, .level = -1, .family = -1, .limit = 100};
}

/* The numbers of the alerts found, newest first: "5 4 3". */
static void expect(struct reading *r, struct reader_filter filter, const char *numbers)
{
    unsigned count;
    char got[100] = "";
    struct json *root;

    buf_clear(&r->out);
    assert_int_equal(reader_alerts(r->reader, &filter, &r->out, &count), ERR_OK);
    assert_int_equal(json_parse(r->out.data, r->out.len, &root, NULL), ERR_OK);
    assert_int_equal(json_count(root), count);
    for (size_t i = 0; i < json_count(root); i++) {
        int64_t number;
        assert_true(json_integer(json_get(json_at(root, i), "number"), &number));
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%d", i == 0 ? "" : " ", (int)number);
    }
    json_free(root);
    assert_string_equal(got, numbers);
}

static void alerts_come_newest_first_and_filtered(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct reading r = open_reader(f);
    struct reader_filter filter = any();

    expect(&r, filter, "5 4 3 2 1");
    filter.state = ALERT_OPEN;
    expect(&r, filter, "4 3 2 1");
    filter.level = LEVEL_ORANGE;
    expect(&r, filter, "4 3");
    filter = any();
    filter.family = FAMILY_OUTING;
    expect(&r, filter, "");
    filter = any();
    filter.resident = "r-001";
    expect(&r, filter, "5 2 1");
    filter.resident = "r-002";
    expect(&r, filter, "4 3");
    filter.resident = "nobody";
    expect(&r, filter, "");
    close_reader(&r);
}

static void pages_follow_each_other_without_overlap(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct reading r = open_reader(f);
    struct reader_filter filter = any();

    filter.limit = 3;
    expect(&r, filter, "5 4 3");
    filter.before_ms = T0 + 2;
    filter.before_id = id_of(3);
    expect(&r, filter, "2 1");
    filter.before_ms = T0 + 1;
    filter.before_id = id_of(1);
    expect(&r, filter, "");
    close_reader(&r);
}

static void a_limit_outside_its_range_is_refused(void **state)
{
    struct fixture *f = *state;
    struct reading r = open_reader(f);
    struct reader_filter filter = any();
    unsigned count;

    filter.limit = 0;
    assert_int_equal(reader_alerts(r.reader, &filter, &r.out, &count), ERR_RANGE);
    filter.limit = 501;
    assert_int_equal(reader_alerts(r.reader, &filter, &r.out, &count), ERR_RANGE);
    close_reader(&r);
}

static void an_alert_comes_with_its_transitions_and_jobs(void **state)
{
    struct fixture *f = *state;
    fill(f);
    add_transition(&f->batch, 4, 1, TRANSITION_OPENED, "opened");
    add_transition(&f->batch, 4, 2, TRANSITION_ACKNOWLEDGED, "王 \"took\" it");
    add_job(&f->batch, 50, 4, "张三");
    add_delivery(&f->batch, 50, DELIVERY_SENT, "");
    add_delivery(&f->batch, 50, DELIVERY_DELIVERED, "200");
    commit(f);
    struct reading r = open_reader(f);
    struct json *root;
    struct hash_id id = id_of(4), unknown = id_of(99);

    assert_int_equal(reader_alert(r.reader, &id, &r.out), ERR_OK);
    assert_int_equal(json_parse(r.out.data, r.out.len, &root, NULL), ERR_OK);
    const struct json *transitions = json_get(root, "transitions"), *jobs = json_get(root, "jobs");
    assert_int_equal(json_count(transitions), 2);
    assert_string_equal(json_string(json_get(json_at(transitions, 1), "kind")), "acknowledged");
    assert_string_equal(json_string(json_get(json_at(transitions, 1), "why")), "王 \"took\" it");
    assert_int_equal(json_count(jobs), 1);
    assert_string_equal(json_string(json_get(json_at(jobs, 0), "kind")), "notify");
    assert_string_equal(json_string(json_get(json_at(jobs, 0), "channel")), "webhook");
    assert_string_equal(json_string(json_get(json_at(jobs, 0), "state")), "delivered");
    assert_int_equal(json_count(json_get(json_at(jobs, 0), "history")), 2);
    json_free(root);
    assert_null(strstr(buf_text(&r.out), "张三")); /* a body is nobody's business here */
    buf_clear(&r.out);
    assert_int_equal(reader_alert(r.reader, &unknown, &r.out), ERR_NOT_FOUND);
    close_reader(&r);
}

static enum err next_input(void *self, const struct batch_input *input)
{
    uint64_t *sum = self;
    *sum = *sum * 10 + input->n;
    return ERR_OK;
}

static enum err stop_at_two(void *self, const struct batch_input *input)
{
    (void)self;
    return input->n == 2 ? ERR_REFUSED : ERR_OK;
}

static void inputs_come_in_order_within_a_range(void **state)
{
    struct fixture *f = *state;
    uint64_t sum = 0;

    for (uint64_t n = 1; n <= 5; n++)
        add_input(&f->batch, n);
    commit(f);
    struct reading r = open_reader(f);
    assert_int_equal(reader_inputs(r.reader, 2, 4, next_input, &sum), ERR_OK);
    assert_int_equal(sum, 234);
    sum = 0;
    assert_int_equal(reader_inputs(r.reader, 0, UINT64_MAX, next_input, &sum), ERR_OK);
    assert_int_equal(sum, 12345);
    assert_int_equal(reader_inputs(r.reader, 0, UINT64_MAX, stop_at_two, NULL), ERR_REFUSED);
    close_reader(&r);
}

static enum err next_transition(void *self, uint64_t n, const struct transition *transition)
{
    buf_printf(self, "%d %s %u %s;", (int)n, transition_name((enum transition_kind)transition->kind),
               transition->number, transition->why);
    return ERR_OK;
}

static enum err next_line(void *self, const char *line, size_t len)
{
    buf_append(self, line, len);
    buf_putc(self, '\n');
    return ERR_OK;
}

static void transitions_come_in_order_with_their_input_and_line(void **state)
{
    struct fixture *f = *state;

    add_transition(&f->batch, 1, 1, TRANSITION_OPENED, "before any input");
    add_input(&f->batch, 1);
    add_transition(&f->batch, 1, 2, TRANSITION_UPDATED, "at its place");
    add_transition(&f->batch, 1, 3, TRANSITION_CLEARED, "told");
    f->batch.last->transition.n = 44;
    commit(f);
    add_transition(&f->batch, 1, 4, TRANSITION_LAPSED, "by a timer");
    f->batch.last->transition.len = 0;
    commit(f);
    struct reading r = open_reader(f);
    assert_int_equal(reader_transitions(r.reader, next_transition, &r.out), ERR_OK);
    assert_string_equal(
        buf_text(&r.out),
        "0 opened 1 before any input;1 updated 2 at its place;44 cleared 3 told;1 lapsed 4 by a timer;");
    buf_clear(&r.out);
    assert_int_equal(reader_transition_lines(r.reader, next_line, &r.out), ERR_OK);
    assert_string_equal(
        buf_text(&r.out),
        "{\"transition\":1,\"why\":\"before any input\"}\n{\"transition\":2,\"why\":\"at its place\"}\n"
        "{\"transition\":3,\"why\":\"told\"}\n");
    close_reader(&r);
}

static void a_transition_is_written_once(void **state)
{
    struct fixture *f = *state;
    uint64_t rows = 0;

    add_transition(&f->batch, 1, 1, TRANSITION_OPENED, "once");
    add_transition(&f->batch, 1, 1, TRANSITION_OPENED, "again");
    add_transition(&f->batch, 1, 2, TRANSITION_CLOSED, "end");
    commit(f);
    struct reading r = open_reader(f);
    assert_int_equal(reader_audit(r.reader, &rows), ERR_OK);
    assert_int_equal(rows, 2);
    close_reader(&r);
}

static void damage(const struct fixture *f, const char *sql)
{
    char path[FIXTURE_PATH + 16];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/huyang.db", f->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void the_audit_chain_goes_on_over_restarts_and_shows_every_change(void **state)
{
    struct fixture *f = *state;
    uint64_t rows = 0;

    for (unsigned number = 1; number <= 6; number++) {
        add_transition(&f->batch, 1, number, TRANSITION_UPDATED, "text");
        commit(f);
        if (number % 2 == 0)
            reopen(f);
    }
    struct reading r = open_reader(f);
    assert_int_equal(reader_audit(r.reader, &rows), ERR_OK);
    assert_int_equal(rows, 6);
    damage(f, "DROP TRIGGER transition_is_only_erased; UPDATE transition SET why='other' WHERE number=3");
    assert_int_equal(reader_audit(r.reader, &rows), ERR_CORRUPT);
    assert_int_equal(rows, 3);
    damage(f, "UPDATE transition SET why='text' WHERE number=3; DROP TRIGGER transition_stays_too; DELETE "
              "FROM transition WHERE number=5");
    assert_int_equal(reader_audit(r.reader, &rows), ERR_CORRUPT);
    assert_int_equal(rows, 5);
    close_reader(&r);
}

static void the_database_itself_refuses_to_change_the_audit_trail(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH + 16];
    sqlite3 *db;

    add_transition(&f->batch, 1, 1, TRANSITION_OPENED, "text");
    commit(f);
    snprintf(path, sizeof(path), "%s/huyang.db", f->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "UPDATE transition SET why='other'", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "DELETE FROM transition", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* An sos, its finding, its alert, a job: as the fold would put them. */
static void fill_story(struct fixture *f)
{
    fill(f);
    add_input(&f->batch, 1);
    add_input(&f->batch, 2);
    struct batch_finding *finding = &add(&f->batch, BATCH_FINDING)->finding;
    finding->n = 2;
    finding->finding =
        (struct finding){.t_ms = T0, .at_ms = T0, .subject = other, .score = 1, .level = LEVEL_RED};
    /* The same report also told of a low battery: another family, so another alert's. */
    finding = &add(&f->batch, BATCH_FINDING)->finding;
    finding->n = 2;
    finding->finding = (struct finding){.t_ms = T0,
                                        .at_ms = T0,
                                        .subject = other,
                                        .score = 1,
                                        .family = FAMILY_COVERAGE,
                                        .level = LEVEL_YELLOW};
    add_transition(&f->batch, 4, 1, TRANSITION_OPENED, "pressed");
    add_job(&f->batch, 50, 4, "body");
    commit(f);
    add_delivery(&f->batch, 50, DELIVERY_SENT, "");
    commit(f);
}

static void an_event_is_traced_to_its_alerts_and_jobs(void **state)
{
    struct fixture *f = *state;
    fill_story(f);
    struct reading r = open_reader(f);
    struct json *root;
    int64_t n;

    assert_int_equal(reader_trace(r.reader, "wb-0001/urgent/7/2", &r.out), ERR_OK);
    assert_int_equal(json_parse(r.out.data, r.out.len, &root, NULL), ERR_OK);
    assert_non_null(json_get(json_get(root, "event"), "sos"));
    assert_string_equal(json_string(json_get(root, "basis")), "life_safety");
    const struct json *input = json_get(root, "input"), *alert = json_at(json_get(root, "alerts"), 0);
    assert_true(json_integer(json_get(input, "n"), &n));
    assert_int_equal(n, 2);
    assert_string_equal(json_string(json_get(input, "device")), "wb-0001");
    assert_non_null(json_string(json_get(input, "committed")));
    assert_int_equal(json_count(json_get(root, "alerts")), 1);
    assert_int_equal(json_count(json_get(alert, "findings")), 1);
    assert_string_equal(
        json_string(json_get(json_get(json_at(json_get(alert, "findings"), 0), "subject"), "resident")),
        "r-002");
    assert_int_equal(json_count(json_get(alert, "transitions")), 1);
    assert_non_null(json_string(json_get(json_at(json_get(alert, "transitions"), 0), "committed")));
    assert_int_equal(json_count(json_get(json_at(json_get(alert, "jobs"), 0), "history")), 1);
    json_free(root);

    buf_clear(&r.out);
    assert_int_equal(reader_trace(r.reader, "wb-0001/urgent/7/1", &r.out), ERR_OK);
    assert_non_null(strstr(buf_text(&r.out), "\"alerts\":[]"));
    assert_null(strstr(buf_text(&r.out), "basis"));
    close_reader(&r);
}

static void an_alert_is_traced_back_to_its_input(void **state)
{
    struct fixture *f = *state;
    fill_story(f);
    struct reading r = open_reader(f);
    char id[HASH_ID_TEXT];
    struct hash_id alert = id_of(4);
    struct json *root;

    hash_id_text(&alert, id);
    assert_int_equal(reader_trace(r.reader, id, &r.out), ERR_OK);
    assert_int_equal(json_parse(r.out.data, r.out.len, &root, NULL), ERR_OK);
    assert_int_equal(json_count(json_get(root, "inputs")), 1);
    assert_int_equal(json_count(json_get(root, "transitions")), 1);
    assert_non_null(json_get(json_get(root, "now"), "number"));
    json_free(root);
    close_reader(&r);
}

static void a_key_that_is_none_or_unknown_is_told_apart(void **state)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "wb-0001",
                                      "wb-0001/urgent/7",
                                      "wb-0001/urgent/7/1/1",
                                      "wb-0001/slow/7/1",
                                      "wb-0001/urgent/-1/1",
                                      "wb-0001/urgent/7/x",
                                      "/urgent/7/1",
                                      "wb-0001/urgent/7/",
                                      "wb 1/urgent/7/1",
                                      "wb-0001/urgent/99999999999/1"};
    struct fixture *f = *state;
    fill_story(f);
    struct reading r = open_reader(f);

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(reader_trace(r.reader, bad[i], &r.out), ERR_INVALID);
    assert_int_equal(reader_trace(r.reader, "wb-0001/urgent/7/3", &r.out), ERR_NOT_FOUND);
    assert_int_equal(reader_trace(r.reader, "wb-0001/routine/7/1", &r.out), ERR_NOT_FOUND);
    assert_int_equal(reader_trace(r.reader, "wb-0009/urgent/7/1", &r.out), ERR_NOT_FOUND);
    assert_int_equal(reader_trace(r.reader, "00000000000000000000000000000000", &r.out), ERR_NOT_FOUND);
    close_reader(&r);
}

static void counts_are_of_what_there_is(void **state)
{
    struct fixture *f = *state;
    struct reader_counts counts;

    fill_story(f);
    add(&f->batch, BATCH_GAP)->gap =
        (struct batch_gap){.device = 1, .lane = 1, .from = 1, .to = 2, .t_ms = T0};
    commit(f);
    struct reading r = open_reader(f);
    assert_int_equal(reader_counts(r.reader, &counts), ERR_OK);
    assert_int_equal(counts.inputs, 2);
    assert_int_equal(counts.alerts_open, 4);
    assert_int_equal(counts.alerts_total, 5);
    assert_int_equal(counts.rows_waiting, 1);
    assert_int_equal(counts.gaps, 1);
    close_reader(&r);
}

static void a_reader_works_beside_the_writer_and_after_it(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct reading r = open_reader(f);
    struct registry *registry = NULL;
    struct buf errors;

    expect(&r, any(), "5 4 3 2 1");
    add_alert(&f->batch, 6, T0 + 6, LEVEL_RED, ALERT_OPEN, person);
    commit(f);
    expect(&r, any(), "6 5 4 3 2 1");
    close_reader(&r);
    store_sqlite.close(f->store);
    f->store = NULL;
    r = open_reader(f);
    expect(&r, any(), "6 5 4 3 2 1");
    buf_init(&errors, 65536);
    assert_int_equal(reader_registry(r.reader, NULL, &errors, &registry), ERR_OK);
    assert_int_equal(registry_find(registry, REGISTRY_RESIDENT, "r-002"), 1);
    registry_free(registry);
    buf_release(&errors);
    close_reader(&r);
}

static void silences_and_the_ledger_are_read_back(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct batch_item *item = batch_add(&f->batch, BATCH_SILENCE);
    struct silence silence = {.t_ms = T0,
                              .until_ms = T0 + 60000,
                              .subject = person,
                              .family = FAMILY_VISITOR,
                              .by = "wang",
                              .why = "a \"wedding\""};
    silence.id.bytes[0] = 7;
    item->silence = silence;
    item = batch_add(&f->batch, BATCH_SUPPRESSION);
    item->suppression.suppression =
        (struct suppression){.t_ms = T0 + 1,
                             .silence = silence.id,
                             .rule = SUPPRESSED_BY_SILENCE,
                             .by = "wang",
                             .why = "w",
                             .job = {.kind = JOB_NOTIFY, .level = LEVEL_YELLOW, .role = ROLE_FAMILY}};
    text_copy(item->suppression.who, ID_SIZE, "c-1");
    commit(f);
    silence.removed_ms = T0 + 5;
    text_copy(silence.removed_by, ID_SIZE, "li");
    batch_add(&f->batch, BATCH_SILENCE)->silence = silence; /* the same again: the row is changed */
    commit(f);
    struct reading r = open_reader(f);
    assert_int_equal(reader_silences(r.reader, 0, NULL, NULL, &r.out), ERR_OK);
    assert_string_equal(
        buf_text(&r.out),
        "[{\"id\":\"07000000000000000000000000000000\",\"t\":\"2026-03-01T01:12:00+00:00\",\"until\":\"2026-"
        "03-01T01:13:00+00:00\","
        "\"resident\":\"r-001\",\"family\":\"visitor\",\"by\":\"wang\",\"note\":\"a "
        "\\\"wedding\\\"\",\"removed\":\"2026-03-01T01:12:00.005+00:00\",\"removed_by\":\"li\"}]");
    buf_clear(&r.out);
    assert_int_equal(reader_silences(r.reader, T0 + 60000, NULL, NULL, &r.out), ERR_OK);
    assert_string_equal(buf_text(&r.out), "[]"); /* it has ended by then */
    buf_clear(&r.out);
    assert_int_equal(reader_suppressions(r.reader, 10, NULL, NULL, &r.out), ERR_OK);
    assert_string_equal(buf_text(&r.out),
                        "[{\"t\":\"2026-03-01T01:12:00.001+00:00\",\"alert\":"
                        "\"00000000000000000000000000000000\",\"kind\":\"notify\",\"level\":\"yellow\","
                        "\"role\":\"family\",\"what\":\"\",\"who\":\"c-1\",\"rule\":\"silence\",\"silence\":"
                        "\"07000000000000000000000000000000\",\"by\":\"wang\",\"note\":\"w\"}]");
    struct subject subject;
    assert_int_equal(reader_subject(r.reader, SUBJECT_RESIDENT, "r-002", &subject), ERR_OK);
    assert_int_equal(subject.no, 1);
    assert_int_equal(reader_subject(r.reader, SUBJECT_RESIDENT, "r-9", &subject), ERR_NOT_FOUND);
    assert_int_equal(reader_subject(r.reader, SUBJECT_NONE, "r-002", &subject), ERR_NOT_FOUND);
    close_reader(&r);
}

static void a_folder_without_a_database_has_no_reader(void **state)
{
    struct reader *reader;

    (void)state;
    assert_int_equal(reader_open("/nonexistent", &reader), ERR_NOT_FOUND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(alerts_come_newest_first_and_filtered),
        TEST(pages_follow_each_other_without_overlap),
        TEST(a_limit_outside_its_range_is_refused),
        TEST(an_alert_comes_with_its_transitions_and_jobs),
        TEST(inputs_come_in_order_within_a_range),
        TEST(transitions_come_in_order_with_their_input_and_line),
        TEST(a_transition_is_written_once),
        TEST(the_audit_chain_goes_on_over_restarts_and_shows_every_change),
        TEST(the_database_itself_refuses_to_change_the_audit_trail),
        TEST(an_event_is_traced_to_its_alerts_and_jobs),
        TEST(an_alert_is_traced_back_to_its_input),
        TEST(a_key_that_is_none_or_unknown_is_told_apart),
        TEST(counts_are_of_what_there_is),
        TEST(a_reader_works_beside_the_writer_and_after_it),
        TEST(silences_and_the_ledger_are_read_back),
        TEST(a_folder_without_a_database_has_no_reader),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
