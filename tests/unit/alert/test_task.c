/* Tasks: who has to do what by when, what becomes of it, and that none is forgotten. */
#include "fold.h"

static const struct task *last_task(const struct fold *fold, enum task_kind kind)
{
    for (unsigned i = fold->event_count; i-- > 0;) {
        if (fold->tasks[i].kind == kind)
            return &fold->tasks[i];
    }
    fail_msg("there is no task %s", task_name(kind));
    return NULL;
}

static unsigned count_events(const struct fold *fold, enum task_kind kind, enum task_event_kind event)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fold->event_count; i++)
        count += fold->tasks[i].kind == kind && fold->events[i].kind == event;
    return count;
}

static enum err do_task(struct fold *fold, int64_t t_ms, enum action_kind kind, enum task_kind task,
                        enum outcome outcome, const char *by)
{
    struct action action = {
        .kind = (uint8_t)kind, .task = (uint8_t)task, .outcome = (uint8_t)outcome, .family = FAMILY_COUNT};
    snprintf(action.by, sizeof action.by, "%s", by);
    if (kind == ACTION_TASK_ASSIGN)
        snprintf(action.to, sizeof action.to, "g-2");
    return act(fold, t_ms, who(fold, "r-1"), action);
}

static void a_task_has_a_due_time_and_whoever_takes_it_gets_the_time_anew(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    find(fold, on(fold, 9, 0, 0), FAMILY_FRAUD, LEVEL_YELLOW);
    const struct task *task = last_task(fold, TASK_CALL);
    assert_int_equal(task->state, TASK_OPEN);
    assert_int_equal(task->role, ROLE_GRID_WORKER);
    assert_true(task->due_ms == on(fold, 11, 0, 0));
    const struct job *job = find_job_of(fold, JOB_TASK, "call");
    assert_memory_equal(&task->id, &job->id, sizeof job->id);
    assert_int_equal(do_task(fold, on(fold, 9, 30, 0), ACTION_TASK_ASSIGN, TASK_CALL, OUTCOME_NONE, "desk-1"),
                     ERR_OK);
    assert_string_equal(last_task(fold, TASK_CALL)->assignee, "g-2");
    assert_int_equal(do_task(fold, on(fold, 10, 0, 0), ACTION_TASK_ACCEPT, TASK_CALL, OUTCOME_NONE, "g-1"),
                     ERR_OK);
    task = last_task(fold, TASK_CALL);
    assert_int_equal(task->state, TASK_ACCEPTED);
    assert_string_equal(task->assignee, "g-1");
    assert_true(task->due_ms == on(fold, 12, 0, 0));
    /* Nobody accepts twice, and nobody arrives at a call. */
    assert_int_equal(do_task(fold, on(fold, 10, 1, 0), ACTION_TASK_ACCEPT, TASK_CALL, OUTCOME_NONE, "g-2"),
                     ERR_INVALID);
    assert_int_equal(do_task(fold, on(fold, 10, 1, 0), ACTION_TASK_ARRIVE, TASK_CALL, OUTCOME_NONE, "g-1"),
                     ERR_INVALID);
    assert_int_equal(
        do_task(fold, on(fold, 10, 2, 0), ACTION_TASK_FINISH, TASK_CALL, OUTCOME_COLLECTED, "g-1"),
        ERR_INVALID);
    assert_int_equal(do_task(fold, on(fold, 10, 3, 0), ACTION_TASK_FINISH, TASK_CALL, OUTCOME_SAFE, "g-1"),
                     ERR_OK);
    task = last_task(fold, TASK_CALL);
    assert_int_equal(task->state, TASK_DONE);
    assert_int_equal(task->outcome, OUTCOME_SAFE);
    assert_int_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_FRAUD)->outcome, OUTCOME_SAFE);
    assert_int_equal(fold->deliveries[fold->delivery_count - 1].delivery.state, DELIVERY_DONE);
    assert_int_equal(do_task(fold, on(fold, 10, 4, 0), ACTION_TASK_FINISH, TASK_CALL, OUTCOME_SAFE, "g-1"),
                     ERR_NOT_FOUND);
    assert_int_equal(alerts_task_count(fold->alerts, 0), 0);
    fold_free(fold);
}

static void an_overdue_task_goes_up_role_by_role_ever_more_slowly(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    find(fold, on(fold, 0, 0, 0), FAMILY_FRAUD, LEVEL_YELLOW);
    tick(fold, on(fold, 1, 59, 59));
    assert_int_equal(count_events(fold, TASK_CALL, TASK_EVENT_OVERDUE), 0);
    tick(fold, on(fold, 2, 0, 0));
    assert_int_equal(last_task(fold, TASK_CALL)->role, ROLE_TOWN_DESK);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_TOWN_DESK, "call"), 1);
    assert_true(last_task(fold, TASK_CALL)->due_ms == on(fold, 6, 0, 0));
    assert_int_equal(alerts_task_count(fold->alerts, on(fold, 2, 0, 0)), 1);
    tick(fold, on(fold, 6, 0, 0));
    assert_int_equal(last_task(fold, TASK_CALL)->role, ROLE_COUNTY_DESK);
    int64_t end_ms = on(fold, 0, 0, 0) + INT64_C(60) * 86400000;
    tick(fold, end_ms);
    assert_int_equal(count_events(fold, TASK_CALL, TASK_EVENT_OVERDUE), TASK_OVERDUE_MAX);
    assert_int_equal(count_events(fold, TASK_CALL, TASK_EVENT_OPENED), 1);
    assert_int_equal(alerts_task_count(fold->alerts, end_ms), 1); /* still on every list */
    assert_int_equal(do_task(fold, end_ms, ACTION_TASK_FINISH, TASK_CALL, OUTCOME_SAFE, "desk-1"), ERR_OK);
    for (unsigned i = 0, open = 0; i < fold->job_count; i++) {
        bool ended = fold->jobs[i].kind != JOB_TASK;
        for (unsigned j = 0; j < fold->delivery_count; j++)
            ended |= memcmp(&fold->deliveries[j].job.id, &fold->jobs[i].id, sizeof fold->jobs[i].id) == 0;
        open += !ended;
        assert_int_equal(open, 0); /* every announcement ends with the task */
    }
    fold_free(fold);
}

static void two_calls_that_reach_nobody_make_a_visit(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    find(fold, on(fold, 9, 0, 0), FAMILY_FRAUD, LEVEL_YELLOW);
    assert_int_equal(
        do_task(fold, on(fold, 9, 5, 0), ACTION_TASK_FINISH, TASK_CALL, OUTCOME_NO_ANSWER, "g-1"), ERR_OK);
    const struct task *task = last_task(fold, TASK_CALL);
    assert_int_equal(task->state, TASK_OPEN);
    assert_int_equal(task->attempts, 1);
    assert_true(task->due_ms == on(fold, 9, 15, 0)); /* the next attempt */
    struct action call = {.kind = ACTION_CALL, .outcome = OUTCOME_OTHER_PERSON, .family = FAMILY_COUNT};
    assert_int_equal(act(fold, on(fold, 9, 14, 0), who(fold, "r-1"), call), ERR_OK);
    assert_int_equal(last_task(fold, TASK_CALL)->state, TASK_DONE);
    task = last_task(fold, TASK_HOME_VISIT);
    assert_int_equal(task->role, ROLE_GRID_WORKER);
    assert_true(task->due_ms == on(fold, 13, 14, 0));
    assert_int_equal(
        do_task(fold, on(fold, 10, 0, 0), ACTION_TASK_ACCEPT, TASK_HOME_VISIT, OUTCOME_NONE, "g-1"), ERR_OK);
    assert_int_equal(
        do_task(fold, on(fold, 10, 20, 0), ACTION_TASK_ARRIVE, TASK_HOME_VISIT, OUTCOME_NONE, "g-1"), ERR_OK);
    assert_true(last_task(fold, TASK_HOME_VISIT)->arrived_ms == on(fold, 10, 20, 0));
    assert_int_equal(
        do_task(fold, on(fold, 10, 30, 0), ACTION_TASK_FINISH, TASK_HOME_VISIT, OUTCOME_SEEN_WELL, "g-1"),
        ERR_OK);
    assert_string_equal(last_transition(fold)->why, "visit: seen_well");
    assert_int_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_FRAUD)->outcome, OUTCOME_SAFE);
    fold_free(fold);
}

static void somebody_seen_in_need_of_help_sends_the_police(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    struct action comment = {.kind = ACTION_CALL, .outcome = OUTCOME_SAFE, .family = FAMILY_COUNT};
    assert_int_equal(act(fold, on(fold, 9, 1, 0), who(fold, "r-1"), comment), ERR_OK);
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 0);
    fold->settings.rules[0].steps[0].kind = STEP_TASK; /* a county whose red rule sends somebody */
    snprintf(fold->settings.rules[0].steps[0].prompt, ID_SIZE, "home_visit");
    fold->settings.rules[0].steps[0].role = ROLE_GRID_WORKER;
    event(fold, on(fold, 9, 5, 0), "wb-1", SOS);
    assert_int_equal(
        do_task(fold, on(fold, 9, 6, 0), ACTION_TASK_FINISH, TASK_HOME_VISIT, OUTCOME_SEEN_NEEDS_HELP, "g-1"),
        ERR_OK);
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
    fold_free(fold);
}

static void a_visitor_on_the_way_finishes_after_the_alert_and_a_call_does_not(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    find(fold, on(fold, 9, 0, 0), FAMILY_FRAUD, LEVEL_YELLOW);
    for (int minute = 1; minute <= 2; minute++)
        assert_int_equal(
            do_task(fold, on(fold, 9, minute, 0), ACTION_TASK_FINISH, TASK_CALL, OUTCOME_NO_ANSWER, "g-1"),
            ERR_OK);
    assert_int_equal(
        do_task(fold, on(fold, 9, 5, 0), ACTION_TASK_ACCEPT, TASK_HOME_VISIT, OUTCOME_NONE, "g-1"), ERR_OK);
    find(fold, on(fold, 9, 6, 0), FAMILY_HEALTH, LEVEL_YELLOW);
    struct action close = {.kind = ACTION_CLOSE, .disposition = DISPOSITION_FALSE, .family = FAMILY_FRAUD};
    assert_int_equal(act(fold, on(fold, 9, 10, 0), who(fold, "r-1"), close), ERR_OK);
    close.family = FAMILY_HEALTH;
    assert_int_equal(act(fold, on(fold, 9, 10, 0), who(fold, "r-1"), close), ERR_OK);
    assert_int_equal(last_task(fold, TASK_CALL)->state, TASK_CANCELLED); /* of the second alert */
    assert_int_equal(last_task(fold, TASK_HOME_VISIT)->state, TASK_ACCEPTED);
    assert_int_equal(
        do_task(fold, on(fold, 10, 0, 0), ACTION_TASK_FINISH, TASK_HOME_VISIT, OUTCOME_NOBODY_HOME, "g-1"),
        ERR_OK);
    assert_int_equal(last_task(fold, TASK_HOME_VISIT)->outcome, OUTCOME_NOBODY_HOME);
    assert_int_equal(alerts_task_count(fold->alerts, 0), 0);
    fold_free(fold);
}

static void die(struct fold *fold, int64_t t_ms, const char *id)
{
    tick(fold, t_ms);
    live_set_status(fold->world->live, who(fold, id).no, STATUS_DECEASED, 0);
    struct action status = {.kind = ACTION_STATUS, .status = STATUS_DECEASED, .family = FAMILY_COUNT};
    assert_int_equal(act(fold, t_ms, who(fold, id), status), ERR_OK);
}

static void a_death_opens_the_collection_of_the_devices(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    die(fold, on(fold, 9, 0, 0), "r-1");
    const struct task *task = last_task(fold, TASK_COLLECT_DEVICE);
    assert_int_equal(task->role, ROLE_GRID_WORKER);
    assert_true(task->due_ms == on(fold, 9, 0, 0) + INT64_C(259200000));
    assert_int_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_FLEET)->level, LEVEL_GREEN);
    struct action close = {.kind = ACTION_CLOSE, .disposition = DISPOSITION_TRUE, .family = FAMILY_FLEET};
    assert_int_equal(act(fold, on(fold, 9, 1, 0), who(fold, "r-1"), close), ERR_OK);
    assert_int_equal(alerts_task_count(fold->alerts, 0), 1); /* it outlives the alert */
    assert_int_equal(
        do_task(fold, on(fold, 15, 0, 0), ACTION_TASK_FINISH, TASK_COLLECT_DEVICE, OUTCOME_COLLECTED, "g-1"),
        ERR_OK);
    assert_int_equal(alerts_task_count(fold->alerts, 0), 0);
    fold_free(fold);
}

static void collected_devices_end_their_alert(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    die(fold, on(fold, 9, 0, 0), "r-1");
    assert_int_equal(
        do_task(fold, on(fold, 15, 0, 0), ACTION_TASK_FINISH, TASK_COLLECT_DEVICE, OUTCOME_LOST, "g-1"),
        ERR_OK);
    assert_transition(fold, TRANSITION_CLEARED, LEVEL_GREEN);
    fold_free(fold);
}

static void nobody_calls_the_dead_when_their_band_cries_for_help(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    die(fold, on(fold, 9, 0, 0), "r-1");
    event(fold, on(fold, 10, 0, 0), "wb-1", SOS);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "verify"), 0);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "call-contacts"), 1);
    assert_true(count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL) > 0);
    assert_int_equal(last_task(fold, TASK_CALL_CONTACTS)->state, TASK_OPEN);
    tick(fold, on(fold, 11, 0, 0)); /* nobody else lives there: the police are not told unverified */
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 0);
    fold_free(fold);
}

static void where_somebody_else_lives_the_cry_is_verified_all_the_same(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    die(fold, on(fold, 9, 0, 0), "r-2a"); /* two live there */
    event(fold, on(fold, 10, 0, 0), "wb-2a", SOS);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "verify"), 0);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "call-contacts"), 1);
    tick(fold, on(fold, 10, 1, 30));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
    fold_free(fold);
}

static void every_kind_of_task_has_an_outcome_and_a_name(void **state)
{
    (void)state;
    for (unsigned kind = TASK_NONE + 1; kind < TASK_KIND_COUNT; kind++) {
        unsigned outcomes = 0;
        for (unsigned outcome = 0; outcome <= OUTCOME_COUNT; outcome++)
            outcomes += task_takes_outcome((enum task_kind)kind, (enum outcome)outcome);
        assert_true(outcomes > 0);
        assert_int_equal(task_from_name(task_name((enum task_kind)kind)), kind);
    }
    assert_int_equal(task_from_name("none"), TASK_NONE);
    assert_false(task_takes_outcome(TASK_CALL, OUTCOME_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_has_a_due_time_and_whoever_takes_it_gets_the_time_anew),
        cmocka_unit_test(an_overdue_task_goes_up_role_by_role_ever_more_slowly),
        cmocka_unit_test(two_calls_that_reach_nobody_make_a_visit),
        cmocka_unit_test(somebody_seen_in_need_of_help_sends_the_police),
        cmocka_unit_test(a_visitor_on_the_way_finishes_after_the_alert_and_a_call_does_not),
        cmocka_unit_test(a_death_opens_the_collection_of_the_devices),
        cmocka_unit_test(collected_devices_end_their_alert),
        cmocka_unit_test(nobody_calls_the_dead_when_their_band_cries_for_help),
        cmocka_unit_test(where_somebody_else_lives_the_cry_is_verified_all_the_same),
        cmocka_unit_test(every_kind_of_task_has_an_outcome_and_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
