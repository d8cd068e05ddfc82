#include "fixture.h"

#include "relay/command.h"

#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <sys/stat.h>

static void expect_load(struct fixture *f, const char *text)
{
    struct loaded loaded;

    load(f->store, &loaded);
    assert_string_equal(buf_text(&loaded.text), text);
    buf_release(&loaded.text);
}

/* A connection of somebody else, for looking and for damage. */
static sqlite3 *foreign(const struct fixture *f)
{
    char path[FIXTURE_PATH + 16];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/huyang.db", f->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static int64_t look(const struct fixture *f, const char *sql)
{
    sqlite3 *db = foreign(f);
    sqlite3_stmt *s;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return value;
}

/* The number of the last migration there is. */
static int64_t newest_schema(void)
{
    char path[FIXTURE_PATH + 256];
    struct stat info;
    int number = 0;

    do
        snprintf(path, sizeof(path), "%s/../gateway/store/migrations/%04d.sql", HUYANG_TEST_DATA, ++number);
    while (stat(path, &info) == 0);
    return number - 1;
}

static void a_new_store_is_empty(void **state)
{
    struct fixture *f = *state;
    struct store_mark mark;
    struct stat status;

    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_int_equal(mark.last_n, 0);
    assert_int_equal(mark.t_ms, 0);
    assert_int_equal(mark.snapshot_n, 0);
    expect_load(f, "");
    assert_int_equal(stat(f->folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    /* Whatever the folder's own mode: the vault is in the database. */
    for (unsigned i = 0; i < 2; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s/huyang.db%s", f->folder, i ? "-wal" : "");
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void the_connection_is_set_up_for_durability(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(look(f, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    assert_int_equal(look(f, "PRAGMA user_version"), newest_schema());
    assert_int_equal(look(f, "PRAGMA application_id"), 0x48755961);
}

static void inputs_and_time_come_back_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct store_mark mark;

    for (uint64_t n = 1; n <= 3; n++)
        add_input(&f->batch, n);
    f->batch.t_ms = T0 + 5000;
    commit(f);
    reopen(f);
    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_int_equal(mark.last_n, 3);
    assert_int_equal(mark.t_ms, T0 + 5000);
    expect_load(f, "input 1 report 1\ninput 2 report 1\ninput 3 report 1\n");
}

static void time_may_run_on_without_inputs(void **state)
{
    struct fixture *f = *state;
    struct store_mark mark;

    f->batch.t_ms = T0 + 77;
    commit(f);
    reopen(f);
    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_int_equal(mark.t_ms, T0 + 77);
    assert_int_equal(mark.last_n, 0);
}

static void a_snapshot_replaces_the_inputs_before_it(void **state)
{
    struct fixture *f = *state;
    struct store_mark mark;

    add_input(&f->batch, 1);
    add_input(&f->batch, 2);
    add_state(&f->batch, "detect.sos", 4, "first");
    add_state(&f->batch, "live", 9, "home");
    add_state(&f->batch, "live", 10, "away");
    add(&f->batch, BATCH_STATE_DONE);
    f->batch.snapshot = true;
    commit(f);
    add_input(&f->batch, 3);
    commit(f);
    reopen(f);
    expect_load(f,
                "state detect.sos 3 4 first\nstate live 3 9 home\nstate live 3 10 away\ninput 3 report 1\n");
    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_int_equal(mark.snapshot_n, 2);

    add_input(&f->batch, 4);
    add_state(&f->batch, "live", 9, "");
    add_state(&f->batch, "detect.sos", 4, "second");
    add_state(&f->batch, "alert", 0, "new");
    add(&f->batch, BATCH_STATE_DONE);
    commit(f);
    reopen(f);
    expect_load(f, "state detect.sos 3 4 second\nstate live 3 10 away\nstate alert 3 0 new\n");
}

static void watermarks_come_back_bit_by_bit(void **state)
{
    struct fixture *f = *state;
    const struct batch_watermark mark = {.device = 5,
                                         .epoch = 0xfedcba98u,
                                         .lane = LANE_ROUTINE,
                                         .base = 1,
                                         .seen = UINT64_C(1) << 40,
                                         .window = {1, UINT64_C(1) << 63, 0x0123456789abcdef, UINT64_MAX},
                                         .last_ms = T0};
    struct loaded loaded;

    add(&f->batch, BATCH_WATERMARK)->watermark = mark;
    commit(f);
    struct batch_watermark later = mark;
    later.seen++;
    later.window[0] = 2;
    add(&f->batch, BATCH_WATERMARK)->watermark = later;
    commit(f);
    reopen(f);
    load(f->store, &loaded);
    assert_string_equal(buf_text(&loaded.text), "watermark 5 2 4275878552 seen 1099511627777\n");
    assert_memory_equal(loaded.mark.window, later.window, sizeof(later.window));
    assert_int_equal(loaded.mark.base, 1);
    assert_int_equal(loaded.mark.last_ms, T0);
    buf_release(&loaded.text);
}

static void add_epoch(struct fixture *f, uint32_t epoch, int64_t last_ms, uint64_t seen)
{
    add(&f->batch, BATCH_WATERMARK)->watermark = (struct batch_watermark){
        .device = 1, .lane = LANE_URGENT, .epoch = epoch, .last_ms = last_ms, .seen = seen};
}

static void only_the_four_newest_epochs_of_a_lane_are_kept(void **state)
{
    struct fixture *f = *state;

    for (uint32_t epoch = 1; epoch <= 7; epoch++)
        add_epoch(f, epoch, T0 + epoch, epoch * 10);
    commit(f);
    expect_load(f, "watermark 1 1 4 seen 40\nwatermark 1 1 5 seen 50\nwatermark 1 1 6 seen 60\nwatermark 1 1 "
                   "7 seen 70\n");
    assert_int_equal(look(f, "SELECT count(*) FROM watermark_before"), 3);
}

static void an_epoch_that_comes_back_is_one_row_again(void **state)
{
    struct fixture *f = *state;

    add_epoch(f, 1, T0 + 1, 10);
    add_epoch(f, 2, T0 + 2, 20);
    add_epoch(f, 1, T0 + 3, 11);
    add_epoch(f, 2, T0 + 4, 21);
    add_epoch(f, 1, T0 + 5, 12);
    add(&f->batch, BATCH_WATERMARK)->watermark =
        (struct batch_watermark){.device = 1, .lane = LANE_ROUTINE, .epoch = 1, .seen = 5};
    commit(f);
    expect_load(f, "watermark 1 1 2 seen 21\nwatermark 1 1 1 seen 12\nwatermark 1 2 1 seen 5\n");
}

static void a_row_is_handed_out_until_its_job_is_final(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded;

    add_job(&f->batch, 1, 100, "{\"to\":\"张三\"}");
    add_job(&f->batch, 2, 100, "");
    add_delivery(&f->batch, 1, DELIVERY_SENT, "");
    commit(f);
    reopen(f);
    load(f->store, &loaded);
    assert_string_equal(buf_text(&loaded.text), "row 0001 desk {\"to\":\"张三\"}\nrow 0002 desk \n");
    assert_int_equal(loaded.row.created_ms, T0 + 2);
    assert_int_equal(loaded.row.expires_ms, T0 + 120000);
    assert_int_equal(loaded.row.device, REGISTRY_NONE);
    assert_int_equal(loaded.row.channel, CHANNEL_WEBHOOK);
    assert_int_equal(loaded.row.job_kind, JOB_NOTIFY);
    assert_int_equal(loaded.row.level, LEVEL_RED);
    assert_int_equal(loaded.row.role, ROLE_GRID_WORKER);
    assert_int_equal(loaded.row.target, 2);
    assert_int_equal(loaded.row.sent, 0); /* the last one read; the first was told as sent */
    buf_release(&loaded.text);
    add_delivery(&f->batch, 2, DELIVERY_SENT, "");
    commit(f);
    load(f->store, &loaded);
    assert_int_equal(loaded.row.sent, 1);
    buf_release(&loaded.text);

    add_delivery(&f->batch, 1, DELIVERY_DELIVERED, "");
    commit(f);
    expect_load(f, "row 0002 desk \n");
}

static void the_unfinished_rows_alone_can_be_read_back_while_it_runs(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {.inputs = 0};

    add_input(&f->batch, 1);
    add_job(&f->batch, 1, 100, "a");
    add_job(&f->batch, 2, 100, "b");
    add_delivery(&f->batch, 1, DELIVERY_DELIVERED, "");
    commit(f);
    buf_init(&loaded.text, 1 << 16);
    assert_int_equal(store_sqlite.rows(f->store, &(struct store_loader){.row = on_row, .self = &loaded}),
                     ERR_OK);
    assert_string_equal(buf_text(&loaded.text), "row 0002 desk b\n");
    buf_release(&loaded.text);
}

static void the_body_goes_when_the_job_is_done(void **state)
{
    struct fixture *f = *state;

    add_job(&f->batch, 1, 100, "secret");
    commit(f);
    assert_int_equal(look(f, "SELECT count(*) FROM outbox WHERE body IS NOT NULL"), 1);
    add_delivery(&f->batch, 1, DELIVERY_EXPIRED, "too late");
    commit(f);
    assert_int_equal(look(f, "SELECT count(*) FROM outbox WHERE body IS NOT NULL"), 0);
    assert_int_equal(look(f, "SELECT count(*) FROM outbox WHERE reason = 'too late' AND done = 1"), 1);
    assert_int_equal(look(f, "SELECT count(*) FROM delivery"), 1);
}

static void a_job_that_is_there_already_stays_as_it_is(void **state)
{
    struct fixture *f = *state;

    add_job(&f->batch, 1, 100, "first");
    add_delivery(&f->batch, 1, DELIVERY_PLAYED, "");
    commit(f);
    add_job(&f->batch, 1, 100, "second");
    commit(f);
    expect_load(f, "");
    assert_int_equal(look(f, "SELECT count(*) FROM outbox WHERE body IS NULL"), 1);
}

static void a_final_state_is_never_left_again(void **state)
{
    struct fixture *f = *state;

    add_job(&f->batch, 1, 100, "x");
    add_delivery(&f->batch, 1, DELIVERY_ACCEPTED, "");
    add_delivery(&f->batch, 1, DELIVERY_SENT, "");
    commit(f);
    char sql[100];
    snprintf(sql, sizeof(sql), "SELECT state = %d FROM outbox", DELIVERY_ACCEPTED);
    assert_int_equal(look(f, sql), 1);
}

static void gaps_and_findings_are_kept(void **state)
{
    struct fixture *f = *state;

    add(&f->batch, BATCH_GAP)->gap =
        (struct batch_gap){.device = 3, .epoch = 8, .lane = LANE_ROUTINE, .from = 10, .to = 20, .t_ms = T0};
    struct batch_finding *item = &add(&f->batch, BATCH_FINDING)->finding;
    item->n = 12;
    item->finding = (struct finding){.t_ms = T0,
                                     .at_ms = T0 - 1,
                                     .subject = {.kind = SUBJECT_RESIDENT, .no = 4},
                                     .score = 0.5,
                                     .level = LEVEL_ORANGE,
                                     .numbers = {1.5, NAN, 3},
                                     .evidence_count = 1,
                                     .evidence = {{.device = 3, .lane = LANE_URGENT, .epoch = 8, .seq = 41}}};
    commit(f);
    assert_int_equal(look(f, "SELECT to_seq - from_seq FROM gap"), 10);
    assert_int_equal(
        look(f, "SELECT seq FROM finding WHERE n=12 AND detector <> '' AND numbers='[1.5,null,3,0]'"), 41);
}

static void a_batch_that_failed_changes_nothing_and_its_store_is_broken(void **state)
{
    struct fixture *f = *state;
    struct store_mark mark;

    add_input(&f->batch, 1);
    commit(f);
    add_transition(&f->batch, 1, 1, TRANSITION_OPENED, "never");
    add_input(&f->batch, 1); /* the number is taken: memory and disk disagree */
    assert_int_equal(store_sqlite.commit(f->store, &f->batch), ERR_CORRUPT);
    batch_reset(&f->batch);
    add_input(&f->batch, 2);
    assert_int_equal(store_sqlite.commit(f->store, &f->batch), ERR_CORRUPT);
    batch_reset(&f->batch);
    assert_int_equal(store_sqlite.mark(f->store, &mark), ERR_OK);
    assert_int_equal(mark.last_n, 1);
    assert_int_equal(look(f, "SELECT count(*) FROM transition"), 0);
    reopen(f);
    add_input(&f->batch, 2);
    commit(f);
}

static void a_busy_database_keeps_the_batch_for_another_try(void **state)
{
    struct fixture *f = *state;
    sqlite3 *other = foreign(f);

    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    add_input(&f->batch, 1);
    add_state(&f->batch, "live", 1, "x");
    add(&f->batch, BATCH_STATE_DONE);
    assert_int_equal(store_sqlite.commit(f->store, &f->batch), ERR_BUSY);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    commit(f);
    reopen(f);
    expect_load(f, "state live 3 1 x\n");
}

static void a_second_gateway_is_refused_and_told_who_holds_the_folder(void **state)
{
    struct fixture *f = *state;
    struct store *second = NULL;
    char path[FIXTURE_PATH + 16], pid[32] = "";

    assert_int_equal(store_open_in(f->folder, &second), ERR_BUSY);
    assert_null(second);
    snprintf(path, sizeof(path), "%s/lock", f->folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, pid, sizeof(pid) - 1) > 0);
    close(fd);
    assert_int_equal(atol(pid), getpid());
}

static void a_database_of_another_county_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *other = NULL;

    store_sqlite.close(f->store);
    f->store = NULL;
    assert_int_equal(
        store_sqlite.open(&(struct store_config){.folder = f->folder, .county = "110000"}, &other),
        ERR_INVALID);
    assert_null(other);
    assert_int_equal(store_open_in(f->folder, &f->store), ERR_OK);
}

static void a_database_of_a_newer_version_is_refused(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = foreign(f);

    store_sqlite.close(f->store);
    f->store = NULL;
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(store_open_in(f->folder, &f->store), ERR_UNSUPPORTED);
    assert_null(f->store);
}

static void a_database_of_the_version_before_is_brought_up_to_date(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = foreign(f);

    store_sqlite.close(f->store);
    f->store = NULL;
    assert_int_equal(
        sqlite3_exec(
            db,
            "DROP INDEX finding_subject; DROP TABLE silence; DROP TABLE suppression; "
            "DROP TABLE announcement; DROP TABLE audit; DROP TABLE task; DROP TABLE task_event; "
            "DROP TABLE spoken; DROP TABLE campaign; DROP TABLE campaign_person; "
            "DROP TABLE device_order; "
            "DROP TABLE ledger; DROP TABLE ledger_event; "
            "DROP TABLE roster_change; DROP TABLE rollout; DROP TABLE rollout_event; DROP TABLE worn; "
            "DROP TABLE handover; DROP TABLE handover_event; "
            "DROP TRIGGER transition_is_only_erased; DROP TRIGGER transition_stays; ALTER TABLE "
            "transition DROP COLUMN "
            "erased; ALTER TABLE transition DROP COLUMN salt; ALTER TABLE transition DROP COLUMN "
            "digest; CREATE TRIGGER "
            "transition_stays BEFORE UPDATE ON transition BEGIN SELECT RAISE(ABORT, ''); END; "
            "PRAGMA user_version=1",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(store_open_in(f->folder, &f->store), ERR_OK);
    assert_int_equal(look(f, "PRAGMA user_version"), newest_schema());
    assert_int_equal(look(f, "SELECT count(*) FROM silence"), 0);
    assert_int_equal(look(f, "SELECT count(*) FROM campaign"), 0);
}

static void a_registry_is_unmarked_until_the_next_input(void **state)
{
    struct fixture *f = *state;
    struct registry *registry = sample_registry();

    assert_int_equal(store_sqlite.save_registry(f->store, registry), ERR_OK);
    assert_false(store_sqlite.registry_is_unmarked(f->store)); /* the first import: nothing came before */
    add_input(&f->batch, 1);
    commit(f);
    assert_false(store_sqlite.registry_is_unmarked(f->store));
    assert_int_equal(store_sqlite.save_registry(f->store, registry), ERR_OK);
    assert_true(store_sqlite.registry_is_unmarked(f->store));
    reopen(f);
    assert_true(store_sqlite.registry_is_unmarked(f->store));
    add_input(&f->batch, 2);
    commit(f);
    assert_false(store_sqlite.registry_is_unmarked(f->store));
    registry_free(registry);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH + 16];

    store_sqlite.close(f->store);
    f->store = NULL;
    snprintf(path, sizeof(path), "%s/huyang.db", f->folder);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 5000; i++)
        fputs("not a database ", file);
    fclose(file);
    assert_int_equal(store_open_in(f->folder, &f->store), ERR_CORRUPT);
    assert_null(f->store);
}

static void a_folder_without_parent_is_refused(void **state)
{
    struct store *store = NULL;

    (void)state;
    assert_int_equal(store_open_in("/nonexistent/state", &store), ERR_NOT_FOUND);
    assert_null(store);
}

static void the_ballast_is_there_released_and_made_again(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH + 16];
    struct stat status;

    snprintf(path, sizeof(path), "%s/ballast", f->folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, FIXTURE_BALLAST);
    assert_true(status.st_blocks * 512 >= FIXTURE_BALLAST);
    assert_false(store_sqlite.short_of_space(f->store));
    assert_true(store_sqlite.release_ballast(f->store));
    assert_int_not_equal(stat(path, &status), 0);
    assert_true(store_sqlite.short_of_space(f->store));
    assert_false(store_sqlite.release_ballast(f->store));
    store_sqlite.rest(f->store);
    assert_int_equal(stat(path, &status), 0);
    assert_false(store_sqlite.short_of_space(f->store));
}

static void rest_writes_the_log_back(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH + 16];
    struct stat before, after;

    snprintf(path, sizeof(path), "%s/huyang.db", f->folder);
    for (uint64_t n = 1; n <= 20000; n++) {
        add_input(&f->batch, n);
        if (n % 500 == 0)
            commit(f);
    }
    assert_int_equal(stat(path, &before), 0);
    store_sqlite.rest(f->store);
    assert_int_equal(stat(path, &after), 0);
    assert_true(after.st_size > before.st_size);
}

static enum err count_row(void *self, const struct registry_row *row)
{
    (void)row;
    ++*(unsigned *)self;
    return ERR_OK;
}

static void a_registry_comes_back_the_same_and_personal_fields_only_from_the_vault(void **state)
{
    struct fixture *f = *state;
    struct registry *registry = sample_registry(), *back = NULL;
    struct buf errors;
    unsigned rows = 0;

    buf_init(&errors, 65536);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(store_sqlite.save_registry(f->store, registry), ERR_OK);
        reopen(f);
        assert_int_equal(store_sqlite.load_registry(f->store, NULL, &errors, &back), ERR_OK);
        assert_string_equal(registry_version(back), registry_version(registry));
        assert_string_equal(registry_vault(back, REGISTRY_RESIDENT, 1, "name"), "李四");
        assert_string_equal(registry_vault(back, REGISTRY_HOUSEHOLD, 0, "address"), "测试路 1 号");
        assert_int_equal(registry_find(back, REGISTRY_DEVICE, "cam-0001"), 1);
        registry_free(back);
    }
    assert_int_equal(registry_rows(registry, count_row, &rows), ERR_OK);
    assert_int_equal(look(f, "SELECT count(*) FROM registry_row"), rows);
    assert_int_equal(look(f, "SELECT count(*) FROM registry_row WHERE instr(fields, CAST('张三' AS BLOB)) OR "
                             "instr(fields, CAST('测试路' AS BLOB))"),
                     0);
    assert_int_equal(look(f, "SELECT count(*) FROM vault WHERE value='张三'"), 1);
    registry_free(registry);
    buf_release(&errors);
}

static void an_empty_store_gives_an_empty_registry(void **state)
{
    struct fixture *f = *state;
    struct registry *back = NULL;
    struct buf errors;

    buf_init(&errors, 65536);
    assert_int_equal(store_sqlite.load_registry(f->store, NULL, &errors, &back), ERR_OK);
    assert_int_equal(registry_count(back, REGISTRY_DEVICE), 0);
    registry_free(back);
    buf_release(&errors);
}

/* Stored numbers must keep their meaning: who changes an enum in the middle breaks every database there is.
 */
static void stored_enums_keep_their_numbers(void **state)
{
    (void)state;
    assert_int_equal(INPUT_REPORT, 1);
    assert_int_equal(INPUT_ACTION, 2);
    assert_int_equal(INPUT_DELIVERY, 3);
    assert_int_equal(INPUT_LINK, 4);
    assert_int_equal(INPUT_BROKER, 5);
    assert_int_equal(INPUT_CONDUCT, 8);
    assert_int_equal(CONDUCT_REPLAY, 2);
    assert_int_equal(INPUT_REGISTRY, 6);
    assert_int_equal(INPUT_CONFIG, 7);
    assert_int_equal(ALERT_OPEN, 0);
    assert_int_equal(ALERT_LAPSED, 1);
    assert_int_equal(ALERT_CLOSED, 2);
    assert_int_equal(ALERT_ABSORBED, 3);
    assert_int_equal(TRANSITION_OPENED, 1);
    assert_int_equal(TRANSITION_ABSORBED, 7);
    assert_int_equal(LEVEL_GREEN, 0);
    assert_int_equal(LEVEL_RED, 3);
    assert_int_equal(FAMILY_EMERGENCY, 0);
    assert_int_equal(FAMILY_FRAUD, 4);
    assert_int_equal(FAMILY_FLEET, 6);
    assert_int_equal(JOB_PROMPT, 0);
    assert_int_equal(JOB_NOTICE, 5);
    assert_int_equal(JOB_HUSH, 6);
    assert_int_equal(JOB_RESTART, 9);
    assert_int_equal(ORDER_BASIS_DETECTOR, 2);
    assert_int_equal(CHANNEL_NONE, 0);
    assert_int_equal(CHANNEL_WEBHOOK, 3);
    assert_int_equal(DELIVERY_QUEUED, 0);
    assert_int_equal(DELIVERY_PLAYED, 4);
    assert_int_equal(DELIVERY_DONE, 11);
    assert_int_equal(ACTION_ACKNOWLEDGE, 1);
    assert_int_equal(ACTION_STATUS, 5);
    assert_int_equal(ACTION_UNSILENCE, 7);
    assert_int_equal(ACTION_UNANNOUNCE, 9);
    assert_int_equal(ACTION_SNOOZE, 15);
    assert_int_equal(ACTION_CAMPAIGN_END, 19);
    assert_int_equal(ACTION_LEDGER_ASSIGN, 20);
    assert_int_equal(ACTION_LEDGER_CLOSE, 23);
    assert_int_equal(ACTION_DEVICE_RESTART, 26);
    assert_int_equal(ACTION_TEST_WINDOW, 30);
    assert_int_equal(ACTION_ROLLOUT_ABORT, 34);
    assert_int_equal(ORDER_BASIS_ROLLOUT, 3);
    assert_int_equal(ROLLOUT_ABORTED, 5);
    assert_int_equal(ROLLOUT_SAYS_UNANSWERED, 5);
    assert_int_equal(REACH_CANCELLED, 10);
    assert_int_equal(CAMPAIGN_CANCELLED, 3);
    assert_int_equal(COMMAND_VISIBLY, 2);
    assert_int_equal(SUBJECT_RESIDENT, 1);
    assert_int_equal(SUBJECT_DEVICE, 4);
    assert_int_equal(LANE_URGENT, 1);
    assert_int_equal(LANE_ROUTINE, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_is_empty),
        TEST(the_connection_is_set_up_for_durability),
        TEST(inputs_and_time_come_back_after_a_restart),
        TEST(time_may_run_on_without_inputs),
        TEST(a_snapshot_replaces_the_inputs_before_it),
        TEST(watermarks_come_back_bit_by_bit),
        TEST(only_the_four_newest_epochs_of_a_lane_are_kept),
        TEST(an_epoch_that_comes_back_is_one_row_again),
        TEST(a_row_is_handed_out_until_its_job_is_final),
        TEST(the_unfinished_rows_alone_can_be_read_back_while_it_runs),
        TEST(the_body_goes_when_the_job_is_done),
        TEST(a_job_that_is_there_already_stays_as_it_is),
        TEST(a_final_state_is_never_left_again),
        TEST(gaps_and_findings_are_kept),
        TEST(a_batch_that_failed_changes_nothing_and_its_store_is_broken),
        TEST(a_busy_database_keeps_the_batch_for_another_try),
        TEST(a_second_gateway_is_refused_and_told_who_holds_the_folder),
        TEST(a_database_of_another_county_is_refused),
        TEST(a_database_of_a_newer_version_is_refused),
        TEST(a_database_of_the_version_before_is_brought_up_to_date),
        TEST(a_registry_is_unmarked_until_the_next_input),
        TEST(a_file_that_is_no_database_is_refused),
        TEST(a_folder_without_parent_is_refused),
        TEST(the_ballast_is_there_released_and_made_again),
        TEST(rest_writes_the_log_back),
        TEST(a_registry_comes_back_the_same_and_personal_fields_only_from_the_vault),
        TEST(an_empty_store_gives_an_empty_registry),
        TEST(stored_enums_keep_their_numbers),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
