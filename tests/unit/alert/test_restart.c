/* The fold gives the same bytes for the same inputs, and a kill after any step, with what the store then
 * held, changes nothing of what follows. */
#include "fold.h"

enum { ROWS_MAX = 1024 };
struct row {
    char table[80];
    uint16_t version;
    uint32_t no;
    size_t len;
    unsigned char *value;
};
struct rows {
    struct row row[ROWS_MAX];
    unsigned count;
};

static enum err keep_row(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                         size_t len)
{
    struct rows *rows = self;
    unsigned i = 0;
    while (i < rows->count && (strcmp(rows->row[i].table, table) != 0 || rows->row[i].no != no))
        i++;
    assert_true(i < ROWS_MAX);
    if (i == rows->count)
        rows->count++;
    else
        free(rows->row[i].value);
    snprintf(rows->row[i].table, sizeof rows->row[i].table, "%s", table);
    rows->row[i].version = version;
    rows->row[i].no = no;
    rows->row[i].len = len;
    rows->row[i].value = malloc(len ? len : 1);
    assert_non_null(rows->row[i].value);
    if (len)
        memcpy(rows->row[i].value, value, len);
    return ERR_OK;
}

static void save(struct fold *fold, struct rows *rows)
{
    assert_int_equal(live_snapshot(fold->world->live, keep_row, rows), ERR_OK);
    assert_int_equal(detect_snapshot(fold->world->detect, keep_row, rows), ERR_OK);
    assert_int_equal(alerts_snapshot(fold->alerts, keep_row, rows), ERR_OK);
    live_snapshot_done(fold->world->live);
    detect_snapshot_done(fold->world->detect);
    alerts_snapshot_done(fold->alerts);
}

/* A new process: everything gone but the rows, which come back in an order of their own. */
static void restart(struct fold *fold, const struct rows *rows, bool backwards)
{
    struct world *world = fold->world;
    alerts_free(fold->alerts);
    world_detect_release(world);
    live_free(world->live);
    assert_int_equal(live_new(world->registry, &world->live), ERR_OK);
    world_detect(world);
    fold_alerts(fold);
    for (unsigned j = 0; j < rows->count; j++) {
        const struct row *row = &rows->row[backwards ? rows->count - 1 - j : j];
        enum err err;
        if (strncmp(row->table, "live.", 5) == 0)
            err = live_restore(world->live, row->table, row->version, row->no, row->value, row->len);
        else if (strncmp(row->table, "detect.", 7) == 0)
            err = detect_restore(world->detect, row->table, row->version, row->no, row->value, row->len);
        else
            err = alerts_restore(fold->alerts, row->table, row->version, row->no, row->value, row->len);
        assert_int_equal(err, ERR_OK);
    }
}

/* One step of a long story that touches every detector, every action and several deliveries. */
static bool story(struct fold *fold, unsigned step)
{
    struct world *world = fold->world;
    struct subject r1 = who(fold, "r-1");
    switch (step) {
    case 0: event(fold, on(fold, 9, 0, 0), "wb-1", SOS); return true;
    case 1: event(fold, on(fold, 9, 0, 5), "wb-3", FALL); return true;
    case 2:
        return act(fold, on(fold, 9, 0, 20), r1,
                   (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY}) == ERR_OK;
    case 3: event(fold, on(fold, 9, 0, 50), "wb-1", SOS); return true;
    case 4: event(fold, on(fold, 9, 1, 20), "wb-1", SOS); return true;
    case 5: world_visit(world, on(fold, 9, 2, 0), "cam-1", "v", "arrive", "indoors", "unknown"); return true;
    case 6: world_fix(world, on(fold, 9, 3, 0), "wb-1", 43.80, 87.6, 10); return true;
    case 7: world_fix(world, on(fold, 9, 13, 0), "wb-1", 43.81, 87.6, 10); return true;
    case 8: world_fix(world, on(fold, 9, 23, 0), "wb-1", 43.81, 87.6, 10); return true;
    case 9: event(fold, on(fold, 9, 24, 0), "wb-1", CANCEL); return true;
    case 10: event(fold, on(fold, 9, 25, 0), "wb-1", "{\"heartbeat\":{\"battery_percent\":3}}"); return true;
    case 11: event(fold, on(fold, 9, 26, 0), "wb-1", SUSPICION); return true;
    case 12:
        return act(fold, on(fold, 9, 27, 0), r1,
                   (struct action){
                       .kind = ACTION_CALL, .outcome = OUTCOME_NEEDS_HELP, .family = FAMILY_FRAUD}) == ERR_OK;
    case 13: world_visit(world, on(fold, 9, 28, 0), "cam-1", "v", "leave", "indoors", ""); return true;
    case 14: world_fix(world, on(fold, 9, 33, 0), "wb-1", 43.80, 87.6, 10); return true;
    case 15:
        return act(fold, on(fold, 9, 40, 0), r1,
                   (struct action){.kind = ACTION_CLOSE,
                                   .disposition = DISPOSITION_FALSE,
                                   .family = FAMILY_EMERGENCY}) == ERR_OK;
    case 16: event(fold, on(fold, 9, 41, 0), "wb-1", SOS); return true;
    case 17:
        return act(fold, on(fold, 9, 42, 0), r1,
                   (struct action){.kind = ACTION_COMMENT, .family = FAMILY_FRAUD, .note = "seen"}) == ERR_OK;
    case 18: event(fold, on(fold, 9, 43, 0), "cam-1", SOS); return true;
    case 19: tick(fold, on(fold, 12, 0, 0)); return true;
    case 20: tick(fold, on(fold, 23, 0, 0)); return true;
    case 21:
        world_visit(world, on(fold, 23, 1, 0), "cam-1", "v", "arrive", "doorstep", "unknown");
        return true;
    case 22: tick(fold, on(fold, 48, 0, 0)); return true;
    default: return false;
    }
}

/* Every third job is answered right away, in one of several ways. */
static void answer(struct fold *fold, unsigned *answered)
{
    static const enum delivery_state states[] = {DELIVERY_SENT, DELIVERY_FAILED, DELIVERY_DELIVERED,
                                                 DELIVERY_RECEIVED};
    for (; *answered < fold->job_count; ++*answered) {
        if (*answered % 3 == 1)
            deliver(fold, fold->world->t_ms, &fold->jobs[*answered], states[*answered / 3 % 4]);
    }
}

/* Runs the story; kills after `kill_after` (UINT_MAX = never). Returns the log, to be freed. */
static char *run(unsigned kill_after, bool backwards)
{
    struct fold *fold = fold_new();
    static struct rows rows;
    unsigned answered = 0, step = 0;
    rows.count = 0;
    for (; story(fold, step); step++) {
        answer(fold, &answered);
        save(fold, &rows);
        if (step == kill_after)
            restart(fold, &rows, backwards);
    }
    assert_int_equal(step, 23);
    char *log = strdup(buf_text(&fold->world->log));
    assert_non_null(log);
    assert_false(fold->world->log.failed);
    for (unsigned i = 0; i < rows.count; i++)
        free(rows.row[i].value);
    fold_free(fold);
    return log;
}

static void the_same_inputs_give_the_same_bytes(void **state)
{
    (void)state;
    char *a = run(UINT32_MAX, false), *b = run(UINT32_MAX, false);
    assert_true(strlen(a) > 5000);
    assert_string_equal(a, b);
    free(a);
    free(b);
}

static void a_kill_after_any_step_changes_nothing_that_follows(void **state)
{
    (void)state;
    char *whole = run(UINT32_MAX, false);
    for (unsigned step = 0; step < 23; step++) {
        for (int backwards = 0; backwards < 2; backwards++) {
            char *log = run(step, backwards != 0);
            if (strcmp(log, whole) != 0)
                print_error("killed after step %u\n", step);
            assert_string_equal(log, whole);
            free(log);
        }
    }
    free(whole);
}

static void rows_that_cannot_be_read_are_refused(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    unsigned char value[8192] = {0};
    static struct rows rows;
    rows.count = 0;
    assert_int_equal(alerts_restore(fold->alerts, "nonsense", 1, 0, value, 8), ERR_NOT_FOUND);
    assert_int_equal(alerts_restore(fold->alerts, "alert", 99, 0, value, 8), ERR_UNSUPPORTED);
    assert_int_equal(alerts_restore(fold->alerts, "alert", 1, 0, value, 8), ERR_CORRUPT);
    assert_int_equal(alerts_restore(fold->alerts, "job", 1, 0, value, 0), ERR_OK);
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    save(fold, &rows);
    for (unsigned i = 0; i < rows.count; i++) {
        if (strcmp(rows.row[i].table, "alert") != 0 && strcmp(rows.row[i].table, "job") != 0)
            continue;
        /* The number is taken: a second row of it is refused. */
        assert_int_equal(alerts_restore(fold->alerts, rows.row[i].table, 1, rows.row[i].no, rows.row[i].value,
                                        rows.row[i].len),
                         ERR_CORRUPT);
        memset(rows.row[i].value, 0xFF, rows.row[i].len);
        assert_int_equal(alerts_restore(fold->alerts, rows.row[i].table, 1, rows.row[i].no + 5000,
                                        rows.row[i].value, rows.row[i].len),
                         ERR_CORRUPT);
    }
    for (unsigned i = 0; i < rows.count; i++)
        free(rows.row[i].value);
    fold_free(fold);
}

static void new_settings_move_the_timers(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    fold->settings.rules[0].steps[5].after_s = 600;
    fold->settings.rules[0].steps[6].after_s = 700;
    assert_int_equal(alerts_rebind(fold->alerts, fold->world->registry, &fold->settings), ERR_OK);
    tick(fold, on(fold, 9, 9, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 0);
    tick(fold, on(fold, 9, 10, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
    fold_free(fold);
}

/* A rule with repeats, a condition that counts and steps of the past, cut off after every one of its moments.
 */
static void a_kill_between_repeats_neither_loses_nor_doubles_one(void **state)
{
    (void)state;
    for (int killed = 0; killed <= 130; killed += 5) {
        struct fold *fold = fold_new();
        struct rows rows = {.count = 0};
        struct policy_rule *rule = &fold->settings.rules[0];
        rule->step_count = 2;
        rule->steps[0] = (struct policy_step){
            .kind = STEP_NOTIFY, .role = ROLE_COUNTY_DESK, .after_s = 10, .repeat_s = 30, .repeat_max = 3};
        rule->steps[1] = (struct policy_step){.kind = STEP_NOTIFY,
                                              .role = ROLE_TOWN_DESK,
                                              .after_s = 100,
                                              .alerts_least = 2,
                                              .alerts_within_min = 2};
        event(fold, on(fold, 9, 0, 0), "wb-3", SOS);
        event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
        tick(fold, on(fold, 9, 0, killed));
        save(fold, &rows);
        restart(fold, &rows, killed % 10 == 0);
        tick(fold, on(fold, 9, 30, 0));
        assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 8);
        assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 2);
        for (unsigned i = 0; i < rows.count; i++)
            free(rows.row[i].value);
        fold_free(fold);
    }
}

static void forget(struct rows *rows)
{
    for (unsigned i = 0; i < rows->count; i++)
        free(rows->row[i].value);
    rows->count = 0;
}

/* Killed at any hour of the night: nothing before the hour, one message at its second, none after it. */
static void an_escalation_paused_for_the_night_resumes_at_its_hour_after_a_kill(void **state)
{
    (void)state;
    for (int killed = 22; killed <= 31; killed++) {
        struct fold *fold = fold_new();
        struct rows rows = {.count = 0};
        struct policy_rule *rule = &fold->settings.rules[0];
        rule->step_count = 1;
        rule->steps[0] = (struct policy_step){
            .kind = STEP_NOTIFY, .role = ROLE_TOWN_DESK, .from_minute = 8 * 60, .to_minute = 18 * 60};
        event(fold, on(fold, 22, 0, 0), "wb-1", SOS);
        tick(fold, on(fold, killed, 30, 0));
        save(fold, &rows);
        restart(fold, &rows, killed % 2 == 0);
        tick(fold, on(fold, 31, 59, 59));
        assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 0);
        tick(fold, on(fold, 32, 0, 0));
        assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
        assert_true(find_job_of(fold, JOB_NOTIFY, "")->t_ms == on(fold, 32, 0, 0));
        save(fold, &rows);
        restart(fold, &rows, killed % 2 != 0);
        tick(fold, on(fold, 72, 0, 0));
        assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
        forget(&rows);
        fold_free(fold);
    }
}

/* What one alert holds back of another: the graver one absorbs the visit that opened before the kill, and a
 * silence and the flood go on, from the first moment. */
static void inhibition_holds_straight_after_a_restart(void **state)
{
    (void)state;
    for (int backwards = 0; backwards < 2; backwards++) {
        struct fold *fold = fold_new();
        struct rows rows = {.count = 0};
        struct action silence = {.kind = ACTION_SILENCE,
                                 .by = "wang",
                                 .family = FAMILY_OUTING,
                                 .note = "family is here",
                                 .until_ms = on(fold, 20, 0, 0)};
        assert_int_equal(act(fold, on(fold, 8, 0, 0), who(fold, "r-1"), silence), ERR_OK);
        fold->settings.noise.flood = 2;
        find(fold, on(fold, 9, 0, 0), FAMILY_VISITOR, LEVEL_YELLOW);
        find_of(fold, on(fold, 9, 0, 1), "r-3", FAMILY_VISITOR, LEVEL_YELLOW);
        save(fold, &rows);
        restart(fold, &rows, backwards != 0);

        unsigned jobs = fold->job_count;
        find(fold, on(fold, 9, 0, 2), FAMILY_OUTING, LEVEL_ORANGE);
        find_of(fold, on(fold, 9, 0, 3), "r-3", FAMILY_OUTING, LEVEL_YELLOW);
        assert_int_equal(count_jobs(fold, jobs, JOB_NOTIFY, ROLE_NONE, NULL), 0);

        const struct alert *visit = alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_VISITOR);
        assert_non_null(visit);
        const struct hash_id absorbed = visit->id;
        struct finding fused = {.t_ms = on(fold, 9, 0, 4),
                                .at_ms = on(fold, 9, 0, 4),
                                .subject = who(fold, "r-1"),
                                .resident = who(fold, "r-1").no,
                                .household = REGISTRY_NONE,
                                .zone = REGISTRY_NONE,
                                .family = FAMILY_FRAUD,
                                .level = LEVEL_ORANGE,
                                .detector = (uint8_t)detector_find("suspicion"),
                                .flags = FINDING_FUSED,
                                .evidence = {{.device = REGISTRY_NONE, .seq = 1}}};
        tick(fold, fused.t_ms);
        alerts_on_finding(fold->alerts, fused.t_ms, &fused);
        assert_null(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_VISITOR));
        assert_null(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_OUTING));
        const struct alert *before = alerts_find(fold->alerts, &absorbed);
        assert_true(!before || before->state == ALERT_ABSORBED);
        forget(&rows);
        fold_free(fold);
    }
}

/* What the version before kept: the number of the next step, and nothing where escalated_s is now. */
/* How often that contact was told by that receiver. */
static unsigned count_to(const struct fold *fold, const char *contact, const char *receiver)
{
    const uint32_t no = registry_find(fold->world->registry, REGISTRY_CONTACT, contact);
    unsigned count = 0;
    for (unsigned i = 0; i < fold->job_count; i++) {
        const struct job *job = &fold->jobs[i];
        count += job->kind == JOB_NOTIFY && job->recipient_is_contact && job->recipient == no &&
                 strcmp(job->prompt, receiver) == 0;
    }
    return count;
}

static void a_kill_between_two_channels_of_a_person_neither_loses_nor_doubles_one(void **state)
{
    (void)state;
    for (unsigned backwards = 0; backwards < 2; backwards++) {
        struct fold *fold = fold_new();
        struct rows *rows = calloc(1, sizeof *rows);
        struct contact_rule *rule = &fold->settings.contacts[fold->settings.contact_count++];
        const int64_t t_ms = on(fold, 9, 0, 0);
        static const int64_t times_ms[] = {0, 1, 44999, 45000, 45001, 76999, 77000, 77001, 600000};
        assert_non_null(rows);
        fold->settings.ways = 1U << WAY_SMS | 1U << WAY_VOICE | 1U << WAY_EMAIL;
        *rule = (struct contact_rule){.person = "c-1a",
                                      .channel_count = 3,
                                      .channels = {{.way = WAY_EMAIL},
                                                   {.way = WAY_APP, .after_s = 45},
                                                   {.way = WAY_VOICE, .after_s = 77}}};
        save(fold, rows);
        event(fold, t_ms, "wb-1", SOS);
        for (size_t i = 0; i < sizeof times_ms / sizeof *times_ms; i++) {
            save(fold, rows);
            restart(fold, rows, backwards != 0);
            tick(fold, t_ms + times_ms[i]);
            assert_int_equal(count_to(fold, "c-1a", ":email"), 1);
            assert_int_equal(count_to(fold, "c-1a", ""), times_ms[i] >= 45000);
            assert_int_equal(count_to(fold, "c-1a", ":voice"), times_ms[i] >= 77000);
        }
        for (unsigned i = 0; i < rows->count; i++)
            free(rows->row[i].value);
        free(rows);
        fold_free(fold);
    }
}

static void an_alert_of_the_version_before_goes_on_where_it_was(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    struct rows rows = {.count = 0};
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 1, 30));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
    save(fold, &rows);
    for (unsigned i = 0; i < rows.count; i++) {
        if (strcmp(rows.row[i].table, "alert") != 0)
            continue;
        struct alert alert;
        memcpy(&alert, rows.row[i].value, sizeof alert);
        assert_int_equal(alert.escalated_s, 61);
        alert.escalated_s = 0;
        alert.next_step_v1 = 6;
        size_t end = offsetof(struct alert, snoozed_until_ms); /* where that version's alert ended */
        memcpy(rows.row[i].value, &alert, end);
        memmove(rows.row[i].value + end, rows.row[i].value + sizeof alert, rows.row[i].len - sizeof alert);
        rows.row[i].len -= sizeof alert - end;
        rows.row[i].version = 1;
    }
    unsigned before = fold->job_count;
    restart(fold, &rows, false);
    tick(fold, on(fold, 9, 2, 59));
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_NONE, NULL), 0);
    tick(fold, on(fold, 9, 3, 0));
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 0);
    for (unsigned i = 0; i < rows.count; i++)
        free(rows.row[i].value);
    fold_free(fold);
}

/* A step put in front of those that have been is past, and none of the others is done twice or left out. */
static void a_rule_that_changes_under_a_running_alert_skips_nobody(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 1, 30));
    unsigned before = fold->job_count;
    struct policy_rule *rule = &fold->settings.rules[0];
    memmove(rule->steps + 1, rule->steps, 7 * sizeof *rule->steps);
    rule->step_count = 8;
    rule->steps[0] =
        (struct policy_step){.kind = STEP_TASK, .role = ROLE_GRID_WORKER, .prompt = "home_visit"};
    assert_int_equal(alerts_rebind(fold->alerts, fold->world->registry, &fold->settings), ERR_OK);
    tick(fold, on(fold, 9, 2, 59));
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_NONE, NULL), 0);
    tick(fold, on(fold, 9, 3, 0));
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    fold_free(fold);
}

static void a_heap_without_room_delays_the_escalation_but_does_not_lose_it(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    fold->world->timers.max = 0;
    fold->world->below.check = NULL; /* here a timer is missing, and the watchdog says so */
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(alerts_without_timer(fold->alerts), 1);
    fold->world->timers.max = 1000;
    event(fold, on(fold, 9, 0, 30), "wb-3", SUSPICION);
    assert_int_equal(alerts_without_timer(fold->alerts), 0);
    tick(fold, on(fold, 9, 1, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_inputs_give_the_same_bytes),
        cmocka_unit_test(a_kill_after_any_step_changes_nothing_that_follows),
        cmocka_unit_test(rows_that_cannot_be_read_are_refused),
        cmocka_unit_test(new_settings_move_the_timers),
        cmocka_unit_test(a_kill_between_two_channels_of_a_person_neither_loses_nor_doubles_one),
        cmocka_unit_test(a_kill_between_repeats_neither_loses_nor_doubles_one),
        cmocka_unit_test(an_alert_of_the_version_before_goes_on_where_it_was),
        cmocka_unit_test(a_rule_that_changes_under_a_running_alert_skips_nobody),
        cmocka_unit_test(a_heap_without_room_delays_the_escalation_but_does_not_lose_it),
        cmocka_unit_test(an_escalation_paused_for_the_night_resumes_at_its_hour_after_a_kill),
        cmocka_unit_test(inhibition_holds_straight_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
