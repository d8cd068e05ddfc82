/* The gateway itself: a lost timer is found, told and set again; trouble with a part is an alert of its own
 * that nothing holds back. */
#include "fold.h"

#include "registry/parts.h"

static void trouble(struct fold *fold, int64_t t_ms, enum part part, bool on, uint32_t number)
{
    const struct part_trouble word = {.part = (uint8_t)part, .on = on, .number = number};
    tick(fold, t_ms);
    alerts_on_trouble(fold->alerts, t_ms, &word);
}

static const struct alert *about(const struct fold *fold, enum part part)
{
    return alerts_open_of(fold->alerts, (struct subject){.kind = SUBJECT_GATEWAY, .no = part}, FAMILY_FLEET);
}

static void a_lost_timer_is_found_told_and_set_again(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    event(fold, on(fold, 9, 0, 0), "wb-3", SUSPICION);
    assert_int_equal(alerts_without_timer(fold->alerts), 0);
    fold->world->below.check = NULL; /* which would find it at once */
    fold->world->timers.count = 0;   /* the slots still believe that they are queued */
    assert_int_equal(alerts_without_timer(fold->alerts), 2);
    /* Nothing would ever have happened any more. */
    unsigned jobs = fold->job_count;
    tick(fold, on(fold, 9, 5, 0));
    assert_int_equal(fold->job_count, jobs);

    trouble(fold, on(fold, 9, 5, 0), PART_OF_TIMERS, true, 2);
    assert_int_equal(alerts_without_timer(fold->alerts), 0);
    assert_int_equal(about(fold, PART_OF_TIMERS)->level, LEVEL_ORANGE);
    assert_string_equal(last_transition(fold)->why,
                        "2 open alerts had no timer any more; they were set again");
    assert_int_equal(count_jobs(fold, jobs, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    /* What was due meanwhile happens now. */
    fold_check(fold);
    tick(fold, on(fold, 9, 5, 1));
    assert_int_equal(count_jobs(fold, jobs, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 2);
    assert_int_equal(count_jobs(fold, jobs, JOB_POLICE, ROLE_NONE, NULL), 1);
    trouble(fold, on(fold, 9, 6, 0), PART_OF_TIMERS, false, 0);
    assert_transition(fold, TRANSITION_CLEARED, LEVEL_ORANGE);
    fold_free(fold);
}

static void a_timer_that_would_fire_too_late_counts_as_lost(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const uint64_t owner = timer_owner(who(fold, "r-1"), TIMER_SLOT_ALERT + FAMILY_EMERGENCY);
    struct timer_slot *slot = alerts_slot(fold->alerts, owner);
    assert_int_equal(timers_arm(&fold->world->timers, owner, slot, on(fold, 23, 0, 0)), ERR_OK);
    assert_int_equal(alerts_without_timer(fold->alerts), 1);
    fold_free(fold);
}

static void the_watchdog_notices_vanished_timers_slice_by_slice(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    assert_int_equal(alerts_watch_timers(fold->alerts), 0); /* of nothing */
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    event(fold, on(fold, 9, 0, 0), "wb-3", SUSPICION);
    assert_int_equal(alerts_watch_timers(fold->alerts), 0);
    fold->world->below.check = NULL;
    fold->world->timers.count = 0;
    assert_int_equal(alerts_watch_timers(fold->alerts), 2);
    trouble(fold, on(fold, 9, 5, 0), PART_OF_TIMERS, true, 2);
    assert_int_equal(alerts_watch_timers(fold->alerts), 0);
    fold_free(fold);
}

static void each_part_has_an_alert_of_its_own_that_its_end_clears(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    for (unsigned part = 0; part < PART_OF_COUNT; part++) {
        unsigned jobs = fold->job_count;
        trouble(fold, on(fold, 9, (int)part, 0), (enum part)part, true, 3);
        assert_non_null(about(fold, (enum part)part));
        assert_string_equal(registry_subject_id(fold->world->registry, about(fold, (enum part)part)->subject),
                            part_id((enum part)part));
        assert_int_equal(count_jobs(fold, jobs, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
        assert_int_equal(part_from_id(part_id((enum part)part)), part);
    }
    assert_int_equal(alerts_open_count(fold->alerts), PART_OF_COUNT);
    trouble(fold, on(fold, 10, 0, 0), PART_OF_POLICE_BACKUP_MAIN, false, 0);
    assert_transition(fold, TRANSITION_CLEARED, LEVEL_YELLOW);
    assert_string_equal(last_transition(fold)->why,
                        "The backup receiver of the police answers on its main path again");
    assert_true(about(fold, PART_OF_POLICE_BACKUP_MAIN)->cleared_ms != 0);
    assert_true(about(fold, PART_OF_POLICE)->cleared_ms == 0);
    /* Back once more: the same alert, told again. */
    unsigned before = fold->transition_count;
    trouble(fold, on(fold, 11, 0, 0), PART_OF_POLICE_BACKUP_MAIN, true, 1);
    assert_int_equal(fold->transition_count, before + 1);
    assert_true(about(fold, PART_OF_POLICE_BACKUP_MAIN)->cleared_ms == 0);
    assert_int_equal(part_from_id("nonsense"), PART_OF_COUNT);
    assert_string_equal(part_id((enum part)99), "?");
    fold_free(fold);
}

static void what_the_gateway_says_of_itself_is_not_held_back_by_a_flood(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    fold->settings.noise.flood = 1;
    fold->settings.noise.budget = 1;
    find_of(fold, on(fold, 9, 0, 0), "r-1", FAMILY_VISITOR, LEVEL_YELLOW);
    find_of(fold, on(fold, 9, 0, 1), "r-3", FAMILY_VISITOR, LEVEL_YELLOW);
    find_of(fold, on(fold, 9, 0, 2), "r-3", FAMILY_OUTING, LEVEL_YELLOW);
    unsigned jobs = fold->job_count;
    trouble(fold, on(fold, 9, 0, 3), PART_OF_STORE, true, 5);
    assert_int_equal(count_jobs(fold, jobs, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_timer_is_found_told_and_set_again),
        cmocka_unit_test(a_timer_that_would_fire_too_late_counts_as_lost),
        cmocka_unit_test(the_watchdog_notices_vanished_timers_slice_by_slice),
        cmocka_unit_test(each_part_has_an_alert_of_its_own_that_its_end_clears),
        cmocka_unit_test(what_the_gateway_says_of_itself_is_not_held_back_by_a_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
