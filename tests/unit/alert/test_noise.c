/* Nobody drowns: what is beyond a person's or a rule's share is held back with its rule, told once in a
 * summary with counts, over a restart too; and red goes through, whatever is tried. */
#include "fold.h"

#include "alert/alerts.h"

static struct suppression held[WORLD_LOG_MAX];
static unsigned held_count;

static void on_suppressed(void *self, const struct alert *alert, const struct suppression *suppression)
{
    (void)self;
    assert_int_not_equal(alert->level, LEVEL_RED);
    assert_int_not_equal(alert->family, FAMILY_EMERGENCY);
    assert_true(held_count < WORLD_LOG_MAX);
    held[held_count++] = *suppression;
}

static void connect(struct fold *fold)
{
    struct alert_config config = {.county = "654321",
                                  .registry = fold->world->registry,
                                  .live = fold->world->live,
                                  .settings = &fold->settings,
                                  .tz = fold->world->tz,
                                  .timers = &fold->world->timers,
                                  .sink = {.transition = fold_on_transition,
                                           .job = fold_on_job,
                                           .delivery = fold_on_delivery,
                                           .suppressed = on_suppressed,
                                           .task = fold_on_task,
                                           .self = fold}};
    assert_int_equal(alerts_new(&config, &fold->alerts), ERR_OK);
}

static struct fold *begin(void)
{
    struct fold *fold = fold_new();
    held_count = 0;
    alerts_free(fold->alerts);
    connect(fold);
    return fold;
}

static enum err shut(struct fold *fold, int64_t t_ms, const char *id, enum family family)
{
    struct action close = {.kind = ACTION_CLOSE, .disposition = DISPOSITION_FALSE, .family = (uint8_t)family};
    return act(fold, t_ms, who(fold, id), close);
}

static unsigned count_held(enum suppression_rule rule)
{
    unsigned count = 0;
    for (unsigned i = 0; i < held_count; i++)
        count += held[i].rule == rule;
    return count;
}

static struct policy_rule *rule_of(struct fold *fold, enum family family, enum level level)
{
    for (unsigned i = 0; i < fold->settings.rule_count; i++) {
        if (fold->settings.rules[i].family == family && fold->settings.rules[i].level == level)
            return &fold->settings.rules[i];
    }
    return NULL;
}

/* Six short alerts, one a minute, about the same matter. */
static void burst(struct fold *fold, enum family family, enum level level)
{
    for (int i = 0; i < 6; i++) {
        find_of(fold, on(fold, 9, i, 0), "r-1", family, level);
        assert_int_equal(shut(fold, on(fold, 9, i, 30), "r-1", family), ERR_OK);
    }
}

static void a_throttled_burst_ends_in_one_summary_with_counts(void **state)
{
    (void)state;
    struct fold *fold = begin();
    struct policy_rule *rule = rule_of(fold, FAMILY_VISITOR, LEVEL_YELLOW);
    rule->throttle = 2;
    rule->throttle_min = 60;
    burst(fold, FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 2);
    assert_int_equal(count_held(SUPPRESSED_BY_THROTTLE), 4);
    assert_string_equal(held[0].by, "policy");
    unsigned before = fold->job_count, transitions = fold->transition_count;
    tick(fold, on(fold, 9, 11, 59));
    assert_int_equal(fold->job_count, before);
    tick(fold, on(fold, 9, 12, 0)); /* ten minutes after the first that was held back */
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 1);
    assert_string_equal(
        fold->transitions[transitions].why,
        "4 notifications were held back since 09:02: 0 orange, 4 yellow; the list has them all");
    assert_transition(fold, TRANSITION_CLEARED, LEVEL_GREEN);
    tick(fold, on(fold, 9, 59, 0)); /* and that was the only one */
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_NONE, NULL), 1);
    find_of(fold, on(fold, 10, 1, 0), "r-1", FAMILY_VISITOR, LEVEL_YELLOW); /* a new window */
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 2);
    fold_free(fold);
}

static void a_person_is_told_so_often_and_then_in_a_summary(void **state)
{
    (void)state;
    struct fold *fold = begin();
    fold->settings.noise.budget = 3;
    burst(fold, FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 3);
    assert_int_equal(count_held(SUPPRESSED_BY_BUDGET), 3);
    tick(fold, on(fold, 9, 30, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 4);
    fold_free(fold);
}

static void in_a_flood_yellow_and_orange_go_into_the_digest(void **state)
{
    (void)state;
    struct fold *fold = begin();
    fold->settings.noise.flood = 3;
    find_of(fold, on(fold, 9, 0, 0), "r-1", FAMILY_VISITOR, LEVEL_YELLOW);
    find_of(fold, on(fold, 9, 1, 0), "r-2a", FAMILY_VISITOR, LEVEL_YELLOW);
    unsigned before = fold->job_count;
    find_of(fold, on(fold, 9, 2, 0), "r-1", FAMILY_OUTING, LEVEL_ORANGE);
    find_of(fold, on(fold, 9, 3, 0), "r-3", FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_NONE, NULL), 0);
    assert_true(count_held(SUPPRESSED_BY_FLOOD) >= 3);
    event(fold, on(fold, 9, 4, 0), "wb-1", SOS); /* goes to everybody at once */
    assert_true(count_jobs(fold, before, JOB_NOTIFY, ROLE_NONE, NULL) >= 3);
    before = fold->job_count;
    tick(fold, on(fold, 9, 11, 59));
    unsigned later = fold->job_count;
    tick(fold, on(fold, 9, 12, 0));
    assert_true(count_jobs(fold, later, JOB_NOTIFY, ROLE_GRID_WORKER, NULL) >= 1);
    fold_free(fold);
}

static void the_cooldown_begins_with_a_delivered_notification_only(void **state)
{
    (void)state;
    for (int delivered = 0; delivered <= 1; delivered++) {
        struct fold *fold = begin();
        fold->settings.noise.cooldown_s = 1800;
        find_of(fold, on(fold, 9, 0, 0), "r-1", FAMILY_VISITOR, LEVEL_YELLOW);
        const struct job *job = find_job_of(fold, JOB_NOTIFY, NULL);
        assert_true(deliver(fold, on(fold, 9, 0, 5), job, delivered ? DELIVERY_DELIVERED : DELIVERY_FAILED));
        assert_int_equal(shut(fold, on(fold, 9, 1, 0), "r-1", FAMILY_VISITOR), ERR_OK);
        unsigned before = fold->job_count;
        find_of(fold, on(fold, 9, 5, 0), "r-1", FAMILY_VISITOR, LEVEL_YELLOW);
        assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_NONE, NULL), delivered ? 0 : 1);
        assert_int_equal(count_held(SUPPRESSED_BY_COOLDOWN), delivered ? 1 : 0);
        find_of(fold, on(fold, 9, 6, 0), "r-1", FAMILY_VISITOR, LEVEL_ORANGE); /* graver is no repeat */
        assert_true(count_jobs(fold, before, JOB_NOTIFY, ROLE_FAMILY, NULL) > 0);
        fold_free(fold);
    }
}

/* Opens one about r-1 that only the family gets, ends it, and opens the next five minutes later. */
static unsigned told_to_the_family_only(struct fold *fold)
{
    fold->settings.noise.cooldown_s = 1800;
    find_of(fold, on(fold, 9, 0, 0), "r-1", FAMILY_OUTING, LEVEL_ORANGE);
    for (unsigned i = 0, count = fold->job_count; i < count; i++) {
        const struct job job = fold->jobs[i];
        if (job.kind == JOB_NOTIFY && job.role == ROLE_FAMILY)
            assert_true(deliver(fold, on(fold, 9, 0, 5), &job, DELIVERY_DELIVERED));
    }
    assert_int_equal(shut(fold, on(fold, 9, 1, 0), "r-1", FAMILY_OUTING), ERR_OK);
    unsigned before = fold->job_count;
    find_of(fold, on(fold, 9, 5, 0), "r-1", FAMILY_OUTING, LEVEL_ORANGE);
    return before;
}

static void a_family_that_knows_is_no_desk_that_does(void **state)
{
    (void)state;
    struct fold *fold = begin();
    unsigned before = told_to_the_family_only(fold);
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_FAMILY, NULL), 0);
    assert_true(count_held(SUPPRESSED_BY_COOLDOWN) > 0);
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 1);
    tick(fold, on(fold, 9, 15, 0));
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    fold_free(fold);
}

/* Every way to hold something back at its strictest, and an emergency and every red family on top. */
static void whatever_is_tried_red_is_not_held_back(void **state)
{
    (void)state;
    static const enum family families[] = {FAMILY_FRAUD, FAMILY_VISITOR, FAMILY_OUTING, FAMILY_HEALTH};
    struct fold *fold = begin();
    fold->settings.noise = (struct noise_settings){.cooldown_s = 86400,
                                                   .budget = 1,
                                                   .budget_min = 1440,
                                                   .flood = 2,
                                                   .flood_min = 1440,
                                                   .digest_min = 1440};
    for (unsigned i = 0; i < fold->settings.rule_count; i++) {
        fold->settings.rules[i].throttle = 1;
        fold->settings.rules[i].throttle_min = 1440;
    }
    for (unsigned i = 0; i < 4; i++) { /* rules for red where the standard has none */
        struct policy_rule *rule = &fold->settings.rules[fold->settings.rule_count];
        if (rule_of(fold, families[i], LEVEL_RED))
            continue;
        *rule = *rule_of(fold, FAMILY_VISITOR, LEVEL_YELLOW);
        rule->family = (uint8_t)families[i];
        rule->level = LEVEL_RED;
        fold->settings.rule_count++;
    }
    burst(fold, FAMILY_VISITOR, LEVEL_YELLOW);
    assert_true(held_count > 0);
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 4; i++) {
            unsigned before = fold->job_count, quiet = held_count;
            int64_t t_ms = on(fold, 10 + round, (int)i * 5, 0);
            find_of(fold, t_ms, "r-1", families[i], LEVEL_RED);
            assert_true(count_jobs(fold, before, JOB_NOTIFY, ROLE_GRID_WORKER, NULL) >= 1);
            assert_int_equal(held_count, quiet);
            const struct job *job = find_job_of(fold, JOB_NOTIFY, NULL);
            deliver(fold, t_ms + 1000, job, DELIVERY_DELIVERED);
            assert_int_equal(shut(fold, t_ms + 60000, "r-1", families[i]), ERR_OK);
        }
        unsigned before = fold->job_count;
        event(fold, on(fold, 10 + round, 30, 0), "wb-1", SOS);
        assert_true(count_jobs(fold, before, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL) >= 1);
        assert_true(count_jobs(fold, before, JOB_TASK, ROLE_COUNTY_DESK, "verify") == 1);
        assert_int_equal(shut(fold, on(fold, 10 + round, 31, 0), "r-1", FAMILY_EMERGENCY), ERR_OK);
    }
    fold_free(fold);
}

/* The snapshot carries what was counted and what waits to be told. */
struct rows {
    struct {
        char table[40];
        uint16_t version;
        uint32_t no;
        size_t len;
        unsigned char *value;
    } row[512];
    unsigned count;
};

static enum err keep_row(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                         size_t len)
{
    struct rows *rows = self;
    assert_true(rows->count < 512);
    snprintf(rows->row[rows->count].table, sizeof rows->row[0].table, "%s", table);
    rows->row[rows->count].version = version;
    rows->row[rows->count].no = no;
    rows->row[rows->count].len = len;
    rows->row[rows->count].value = malloc(len + 1);
    memcpy(rows->row[rows->count].value, len ? value : "", len);
    rows->count++;
    return ERR_OK;
}

static void a_restart_forgets_neither_the_counts_nor_the_summary(void **state)
{
    (void)state;
    struct fold *fold = begin();
    struct rows rows = {.count = 0};
    fold->settings.noise.budget = 3;
    burst(fold, FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(alerts_snapshot(fold->alerts, keep_row, &rows), ERR_OK);
    alerts_free(fold->alerts);
    timers_release(&fold->world->timers);
    timers_init(&fold->world->timers, 100000);
    connect(fold);
    for (unsigned i = rows.count; i-- > 0;) {
        assert_int_equal(alerts_restore(fold->alerts, rows.row[i].table, rows.row[i].version, rows.row[i].no,
                                        rows.row[i].value, rows.row[i].len),
                         ERR_OK);
        free(rows.row[i].value);
    }
    unsigned before = fold->job_count;
    find_of(fold, on(fold, 9, 7, 0), "r-1", FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_NONE, NULL), 0);
    assert_int_equal(count_held(SUPPRESSED_BY_BUDGET), 4);
    tick(fold, on(fold, 9, 30, 0));
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 1);
    fold_free(fold);
}

/* An older version's row has one mark for everybody: it is read, and nobody is held by it. */
static void a_case_of_the_version_before_is_read_without_its_mark(void **state)
{
    (void)state;
    enum { BEFORE = (offsetof(struct alert_case, told_level) + 7) / 8 * 8 + 24 };
    struct fold *fold = begin();
    struct rows rows = {.count = 0};
    fold->settings.noise.cooldown_s = 1800;
    find_of(fold, on(fold, 9, 0, 0), "r-1", FAMILY_VISITOR, LEVEL_YELLOW);
    assert_true(deliver(fold, on(fold, 9, 0, 5), find_job_of(fold, JOB_NOTIFY, NULL), DELIVERY_DELIVERED));
    assert_int_equal(shut(fold, on(fold, 9, 1, 0), "r-1", FAMILY_VISITOR), ERR_OK);
    assert_int_equal(alerts_snapshot(fold->alerts, keep_row, &rows), ERR_OK);
    alerts_free(fold->alerts);
    timers_release(&fold->world->timers);
    timers_init(&fold->world->timers, 100000);
    connect(fold);
    unsigned cases = 0;
    for (unsigned i = 0; i < rows.count; i++) {
        unsigned char image[BEFORE];
        if (strcmp(rows.row[i].table, "alert_case") == 0) {
            assert_int_equal(rows.row[i].version, 3);
            memset(image, 0xff, sizeof image); /* a mark of a time to come would hold everything */
            memcpy(image, rows.row[i].value, offsetof(struct alert_case, told_level));
            assert_int_equal(
                alerts_restore(fold->alerts, "alert_case", 2, rows.row[i].no, image, sizeof image - 1),
                ERR_CORRUPT);
            assert_int_equal(
                alerts_restore(fold->alerts, "alert_case", 2, rows.row[i].no, image, sizeof image), ERR_OK);
            cases++;
        }
        free(rows.row[i].value);
    }
    assert_true(cases > 0);
    unsigned before = fold->job_count;
    find_of(fold, on(fold, 9, 5, 0), "r-1", FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 1);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_throttled_burst_ends_in_one_summary_with_counts),
        cmocka_unit_test(a_person_is_told_so_often_and_then_in_a_summary),
        cmocka_unit_test(in_a_flood_yellow_and_orange_go_into_the_digest),
        cmocka_unit_test(the_cooldown_begins_with_a_delivered_notification_only),
        cmocka_unit_test(a_family_that_knows_is_no_desk_that_does),
        cmocka_unit_test(a_case_of_the_version_before_is_read_without_its_mark),
        cmocka_unit_test(whatever_is_tried_red_is_not_held_back),
        cmocka_unit_test(a_restart_forgets_neither_the_counts_nor_the_summary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
