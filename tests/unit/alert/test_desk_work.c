/* What people do with an open alert beside acknowledging and closing it: assign, snooze, several who must
 * acknowledge. */
#include "fold.h"

static enum err snooze(struct fold *fold, int64_t t_ms, enum family family, int64_t until_ms)
{
    return act(fold, t_ms, who(fold, "r-1"),
               (struct action){.kind = ACTION_SNOOZE, .family = (uint8_t)family, .until_ms = until_ms});
}

static void a_snoozed_alert_is_quiet_and_comes_back_at_its_time(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    find(fold, on(fold, 9, 0, 0), FAMILY_VISITOR, LEVEL_ORANGE);
    assert_int_equal(snooze(fold, on(fold, 9, 1, 0), FAMILY_VISITOR, on(fold, 11, 0, 0)), ERR_OK);
    unsigned before = fold->job_count;
    tick(fold, on(fold, 10, 59, 59)); /* neither the step of 9:10 nor the half hour of an acknowledgement */
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_NONE, NULL), 0);
    tick(fold, on(fold, 11, 0, 0));
    assert_transition(fold, TRANSITION_UPDATED, LEVEL_ORANGE);
    assert_string_equal(last_transition(fold)->why, "The time it was snoozed for is over");
    assert_true(count_jobs(fold, before, JOB_NOTIFY, ROLE_GRID_WORKER, NULL) > 0);
    tick(fold, on(fold, 11, 10, 0));
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    fold_free(fold);
}

static void red_and_emergencies_are_never_snoozed_and_nothing_for_long(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    int64_t now = on(fold, 9, 1, 0);
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(snooze(fold, now, FAMILY_EMERGENCY, on(fold, 10, 0, 0)), ERR_INVALID);
    find(fold, now, FAMILY_FRAUD, LEVEL_RED);
    assert_int_equal(snooze(fold, now, FAMILY_FRAUD, on(fold, 10, 0, 0)), ERR_INVALID);
    find(fold, now, FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(snooze(fold, now, FAMILY_VISITOR, now), ERR_INVALID);
    assert_int_equal(snooze(fold, now, FAMILY_VISITOR, now + ALERT_SNOOZE_MAX_MS + 1), ERR_INVALID);
    assert_int_equal(snooze(fold, now, FAMILY_VISITOR, now + ALERT_SNOOZE_MAX_MS), ERR_OK);
    fold_free(fold);
}

static void what_becomes_graver_wakes_up(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    find(fold, on(fold, 9, 0, 0), FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(snooze(fold, on(fold, 9, 1, 0), FAMILY_VISITOR, on(fold, 12, 0, 0)), ERR_OK);
    unsigned before = fold->job_count;
    find(fold, on(fold, 9, 30, 0), FAMILY_VISITOR, LEVEL_ORANGE);
    assert_true(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_VISITOR)->snoozed_until_ms == 0);
    assert_true(count_jobs(fold, before, JOB_NOTIFY, ROLE_GRID_WORKER, NULL) > 0);
    fold_free(fold);
}

static void an_acknowledgement_ends_a_snooze(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    find(fold, on(fold, 9, 0, 0), FAMILY_VISITOR, LEVEL_YELLOW);
    assert_int_equal(snooze(fold, on(fold, 9, 1, 0), FAMILY_VISITOR, on(fold, 12, 0, 0)), ERR_OK);
    struct action take = {.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_VISITOR, .by = "li"};
    assert_int_equal(act(fold, on(fold, 9, 2, 0), who(fold, "r-1"), take), ERR_OK);
    const struct alert *alert = alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_VISITOR);
    assert_true(alert->snoozed_until_ms == 0);
    assert_string_equal(alert->acknowledged_by, "li");
    tick(fold, on(fold, 9, 32, 0));
    assert_string_equal(last_transition(fold)->why, "Acknowledgement expired without a disposition");
    fold_free(fold);
}

static void who_is_assigned_stands_in_the_alert_and_hears_of_it(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    find(fold, on(fold, 9, 0, 0), FAMILY_VISITOR, LEVEL_YELLOW);
    const struct registry *registry = fold->world->registry;
    const char *id = registry_responder(registry, 0)->id;
    struct action assign = {.kind = ACTION_ASSIGN, .family = FAMILY_VISITOR, .note = "please go"};
    unsigned before = fold->job_count;
    assert_int_equal(act(fold, on(fold, 9, 1, 0), who(fold, "r-1"), assign), ERR_INVALID); /* to whom? */
    snprintf(assign.to, sizeof assign.to, "%s", id);
    assert_int_equal(act(fold, on(fold, 9, 1, 0), who(fold, "r-1"), assign), ERR_OK);
    assert_string_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_VISITOR)->assigned_to, id);
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_NONE, NULL), 1);
    assert_int_equal(fold->jobs[before].recipient, 0);
    assert_non_null(strstr(last_transition(fold)->why, "please go"));
    fold_free(fold);
}

static void where_two_must_acknowledge_one_is_not_enough(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    for (unsigned i = 0; i < fold->settings.rule_count; i++)
        fold->settings.rules[i].acknowledgements = 2;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    struct action take = {.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY, .by = "li"};
    for (int i = 0; i < 2; i++) { /* the same person twice is one person */
        assert_int_equal(act(fold, on(fold, 9, 0, 10 + i), who(fold, "r-1"), take), ERR_OK);
        assert_transition(fold, TRANSITION_UPDATED, LEVEL_RED);
        assert_string_equal(last_transition(fold)->why, "acknowledged, 1 of 2");
    }
    unsigned before = fold->job_count;
    tick(fold, on(fold, 9, 1, 0)); /* not taken: the town desk hears of it */
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
    snprintf(take.by, sizeof take.by, "wang");
    assert_int_equal(act(fold, on(fold, 9, 2, 0), who(fold, "r-1"), take), ERR_OK);
    assert_transition(fold, TRANSITION_ACKNOWLEDGED, LEVEL_RED);
    before = fold->job_count;
    tick(fold, on(fold, 9, 3, 0)); /* the step for what nobody has acknowledged */
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 0);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snoozed_alert_is_quiet_and_comes_back_at_its_time),
        cmocka_unit_test(red_and_emergencies_are_never_snoozed_and_nothing_for_long),
        cmocka_unit_test(what_becomes_graver_wakes_up),
        cmocka_unit_test(an_acknowledgement_ends_a_snooze),
        cmocka_unit_test(who_is_assigned_stands_in_the_alert_and_hears_of_it),
        cmocka_unit_test(where_two_must_acknowledge_one_is_not_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
