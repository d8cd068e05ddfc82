/* Who is told and spoken to, and what becomes of jobs that fail, expire or outlive their alert. */
#include "fold.h"

static int setup(void **state)
{
    *state = fold_new();
    return 0;
}
static int teardown(void **state)
{
    fold_free(*state);
    return 0;
}

static void a_notification_on_its_way_survives_the_closing(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job *notify = NULL;
    for (unsigned i = 0; i < fold->job_count && !notify; i++)
        notify = fold->jobs[i].kind == JOB_NOTIFY ? &fold->jobs[i] : NULL;
    assert_true(deliver(fold, on(fold, 9, 0, 1), notify, DELIVERY_SENT));
    struct hash_id id = fold->after[0].id;
    assert_int_equal(act(fold, on(fold, 9, 0, 20), who(fold, "r-1"),
                         (struct action){.kind = ACTION_CLOSE,
                                         .disposition = DISPOSITION_COULD_NOT_VERIFY,
                                         .family = FAMILY_COUNT}),
                     ERR_OK);
    assert_non_null(alerts_find(fold->alerts, &id));
    struct action again = {
        .kind = ACTION_CLOSE, .disposition = DISPOSITION_COULD_NOT_VERIFY, .has_alert = 1, .alert = id};
    assert_int_equal(act(fold, on(fold, 9, 0, 21), who(fold, "r-1"), again), ERR_INVALID);
    assert_true(deliver(fold, on(fold, 9, 0, 22), notify, DELIVERY_DELIVERED));
    assert_false(deliver(fold, on(fold, 9, 0, 23), notify, DELIVERY_FAILED));
    assert_null(alerts_find(fold->alerts, &id));
}

static void a_false_alarm_the_police_know_of_sends_a_stand_down(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 2, 0));
    assert_int_equal(act(fold, on(fold, 9, 3, 0), who(fold, "r-1"),
                         (struct action){.kind = ACTION_CLOSE,
                                         .disposition = DISPOSITION_FALSE,
                                         .family = FAMILY_EMERGENCY}),
                     ERR_OK);
    assert_int_equal(count_jobs(fold, 0, JOB_STAND_DOWN, ROLE_POLICE_DESK, NULL), 1);
    const struct job *police = find_job_of(fold, JOB_POLICE, NULL);
    char id[HASH_ID_TEXT], withdrawn[ID_SIZE];
    assert_non_null(police);
    hash_id_text(&police->id, id);
    snprintf(withdrawn, sizeof withdrawn, "%s@%lld", id, (long long)police->t_ms);
    assert_non_null(find_job_of(fold, JOB_STAND_DOWN, withdrawn));
    event(fold, on(fold, 10, 0, 0), "wb-3", SOS);
    tick(fold, on(fold, 10, 2, 0));
    assert_int_equal(act(fold, on(fold, 10, 3, 0), who(fold, "r-3"),
                         (struct action){.kind = ACTION_CLOSE,
                                         .disposition = DISPOSITION_TRUE,
                                         .family = FAMILY_EMERGENCY}),
                     ERR_OK);
    assert_int_equal(count_jobs(fold, 0, JOB_STAND_DOWN, ROLE_NONE, NULL), 1);
}

static void one_alert_by_two_paths_tells_each_person_once(void **state)
{
    struct fold *fold = *state;
    /* Two steps of one rule name the same role at the same moment. */
    for (unsigned i = 0; i < fold->settings.rule_count; i++) {
        struct policy_rule *rule = &fold->settings.rules[i];
        if (rule->family == FAMILY_EMERGENCY && rule->level == LEVEL_RED)
            rule->steps[1].role = ROLE_GRID_WORKER;
    }
    event(fold, on(fold, 9, 0, 0), "cam-2", SOS);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_FAMILY, NULL), 1);
    for (unsigned i = 0; i < fold->job_count; i++) {
        for (unsigned j = i + 1; j < fold->job_count; j++)
            assert_memory_not_equal(&fold->jobs[i].id, &fold->jobs[j].id, sizeof(struct hash_id));
    }
}

static void a_prompt_that_failed_goes_to_the_other_device_then_to_a_person(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job *first = find_job_of(fold, JOB_PROMPT, NULL);
    assert_true(deliver(fold, on(fold, 9, 0, 2), first, DELIVERY_FAILED));
    const struct job *second = find_job_of(fold, JOB_PROMPT, NULL);
    assert_int_equal(second->attempt, 1);
    assert_int_equal(second->device, device_no(fold->world, "wb-1"));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "call"), 0);
    tick(fold, on(fold, 9, 2, 2));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "call"), 1);
    tick(fold, on(fold, 9, 30, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), 2);
}

static void a_prompt_goes_to_the_wristband_when_the_resident_is_out(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 8, 50, 0), "wb-1", "{\"presence\":{\"at_home\":false,\"source\":\"door\"}}");
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(find_job_of(fold, JOB_PROMPT, NULL)->device, device_no(fold->world, "wb-1"));
}

static void without_a_camera_the_wristband_speaks(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-3", SOS);
    assert_int_equal(find_job_of(fold, JOB_PROMPT, NULL)->device, device_no(fold->world, "wb-3"));
}

static void a_playing_prompt_gets_a_minute_more_before_it_expires(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-3", SOS);
    const struct job *prompt = find_job_of(fold, JOB_PROMPT, NULL);
    assert_true(deliver(fold, on(fold, 9, 1, 55), prompt, DELIVERY_PLAYING));
    assert_false(deliver(fold, on(fold, 9, 1, 56), prompt, DELIVERY_RECEIVED));
    tick(fold, on(fold, 9, 2, 30));
    assert_true(deliver(fold, on(fold, 9, 2, 31), prompt, DELIVERY_PLAYED));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "call"), 0);
}

static void who_consented_to_nothing_still_gets_help_in_an_emergency(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-4", SOS);
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_FAMILY, NULL), 1);
    tick(fold, on(fold, 9, 2, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
}

static void without_consent_family_and_speaker_stay_out_of_other_matters(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-4", SUSPICION);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_FAMILY, NULL), 0);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 1);
    world_visit(fold->world, on(fold, 10, 0, 0), "cam-4", "v", "arrive", "indoors", "unknown");
    tick(fold, on(fold, 10, 20, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), 0);
}

static void without_consent_the_police_stay_out_of_what_is_no_matter_of_life(void **state)
{
    (void)state;
    for (unsigned consents = 0; consents < 2; consents++) {
        struct fold *fold = fold_new();
        struct resident *resident =
            (struct resident *)registry_resident(fold->world->registry, who(fold, "r-1").no);
        struct action call = {
            .kind = ACTION_CALL, .outcome = OUTCOME_NEEDS_HELP, .family = FAMILY_OUTING, .by = "d-1"};
        resident->consent |= CONSENT_BIT(CONSENT_POLICE);
        if (!consents)
            resident->consent &= (uint8_t)~CONSENT_BIT(CONSENT_POLICE);
        find(fold, on(fold, 9, 0, 0), FAMILY_OUTING, LEVEL_RED);
        assert_int_equal(act(fold, on(fold, 9, 1, 0), who(fold, "r-1"), call), ERR_OK);
        tick(fold, on(fold, 9, 40, 0));
        assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), consents);
        fold_free(fold);
    }
}

static void a_withdrawal_cancels_what_waits_under_it_and_clears_what_was_seen(void **state)
{
    struct fold *fold = *state;
    uint8_t *lost = calloc(registry_count(fold->world->registry, REGISTRY_RESIDENT), 1);
    assert_non_null(lost);
    const uint32_t count = registry_count(fold->world->registry, REGISTRY_RESIDENT),
                   one = who(fold, "r-1").no;
    struct resident *resident = (struct resident *)registry_resident(fold->world->registry, one);
    event(fold, on(fold, 9, 0, 0), "wb-1", SUSPICION);
    world_visit(fold->world, on(fold, 10, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    tick(fold, on(fold, 10, 11, 0));
    const struct job *family = NULL, *worker = NULL;
    for (unsigned i = 0; i < fold->job_count; i++) {
        family =
            fold->jobs[i].kind == JOB_NOTIFY && fold->jobs[i].role == ROLE_FAMILY ? &fold->jobs[i] : family;
        worker = fold->jobs[i].kind == JOB_NOTIFY && fold->jobs[i].role == ROLE_GRID_WORKER ? &fold->jobs[i]
                                                                                            : worker;
    }
    assert_non_null(family);
    assert_non_null(worker);
    resident->consent &= (uint8_t) ~(CONSENT_BIT(CONSENT_FAMILY) | CONSENT_BIT(CONSENT_CAMERA));
    lost[one] = CONSENT_BIT(CONSENT_FAMILY) | CONSENT_BIT(CONSENT_CAMERA);
    alerts_on_withdrawal(fold->alerts, on(fold, 10, 12, 0), lost, count);
    assert_false(deliver(fold, on(fold, 10, 13, 0), family, DELIVERY_DELIVERED)); /* cancelled */
    assert_true(deliver(fold, on(fold, 10, 13, 0), worker, DELIVERY_DELIVERED));
    const struct subject home = {
        .kind = SUBJECT_HOUSEHOLD,
        .no = registry_resident(fold->world->registry, one)->household,
    };
    const struct alert *visit = alerts_open_of(fold->alerts, home, FAMILY_VISITOR);
    assert_non_null(visit);
    assert_true(visit->cleared_ms != 0);
    assert_true(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_FRAUD)->cleared_ms ==
                0); /* a cry stays */
    free(lost);
}

static void when_a_resident_has_died_nothing_speaks_to_the_home_any_more(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    live_set_status(fold->world->live, who(fold, "r-1").no, STATUS_DECEASED, 0);
    assert_int_equal(act(fold, on(fold, 9, 0, 5), who(fold, "r-1"),
                         (struct action){.kind = ACTION_STATUS, .status = STATUS_DECEASED}),
                     ERR_OK);
    unsigned cancelled = 0;
    for (unsigned i = 0; i < fold->delivery_count; i++)
        cancelled += fold->deliveries[i].delivery.state == DELIVERY_CANCELLED;
    assert_int_equal(cancelled, 2); /* the prompt and the call */
    event(fold, on(fold, 9, 5, 0), "wb-1", SOS);
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), 1);
}

static void what_a_stand_down_withdraws_waits_for_nobody_any_more(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 2, 0));
    const struct job police = *find_job_of(fold, JOB_POLICE, NULL);
    assert_true(
        deliver(fold, on(fold, 9, 2, 1), &police, DELIVERY_SENT)); /* a machine has it, nobody said a word */
    assert_int_equal(act(fold, on(fold, 9, 3, 0), who(fold, "r-1"),
                         (struct action){.kind = ACTION_CLOSE,
                                         .disposition = DISPOSITION_FALSE,
                                         .family = FAMILY_EMERGENCY}),
                     ERR_OK);
    assert_int_equal(count_jobs(fold, 0, JOB_STAND_DOWN, ROLE_POLICE_DESK, NULL), 1);
    assert_false(deliver(fold, on(fold, 9, 17, 0), &police, DELIVERY_EXPIRED));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "police-failed"), 0);
}

static void one_camera_s_recovery_does_not_speak_for_the_other_s(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "cam-1", "{\"heartbeat\":{\"battery_percent\":4}}");
    event(fold, on(fold, 9, 1, 0), "cam-1b", "{\"heartbeat\":{\"battery_percent\":10}}");
    event(fold, on(fold, 9, 2, 0), "cam-1", "{\"heartbeat\":{\"battery_percent\":60}}");
    assert_transition(fold, TRANSITION_UPDATED, LEVEL_GREEN);
    event(fold, on(fold, 9, 3, 0), "cam-1b", "{\"heartbeat\":{\"battery_percent\":60}}");
    assert_transition(fold, TRANSITION_CLEARED, LEVEL_GREEN);
}

static void what_the_police_refuse_comes_back_to_the_desk_as_a_task(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 1, 30));
    const struct job *police = find_job_of(fold, JOB_POLICE, NULL);
    assert_true(deliver(fold, on(fold, 9, 1, 31), police, DELIVERY_SENT));
    assert_true(deliver(fold, on(fold, 9, 1, 40), police, DELIVERY_REJECTED));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "police-rejected"), 1);
    tick(fold, on(fold, 9, 29, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
    event(fold, on(fold, 9, 30, 0), "wb-3", SOS);
    tick(fold, on(fold, 9, 31, 30));
    assert_true(deliver(fold, on(fold, 9, 31, 31), find_job_of(fold, JOB_POLICE, NULL), DELIVERY_FAILED));
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "police-failed"), 1);
}

static void a_police_message_of_a_closed_alert_that_fails_still_finds_a_person(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 1, 30));
    struct action close = {.kind = ACTION_CLOSE, .disposition = DISPOSITION_TRUE, .family = FAMILY_EMERGENCY};
    assert_int_equal(act(fold, on(fold, 9, 2, 0), who(fold, "r-1"), close), ERR_OK);
    assert_true(deliver(fold, on(fold, 9, 2, 1), find_job_of(fold, JOB_POLICE, NULL), DELIVERY_FAILED));
    const struct job *task = find_job_of(fold, JOB_TASK, "police-failed");
    assert_non_null(task);
    assert_int_equal(task->expires_ms, on(fold, 33, 2, 1));
    /* A new alert of the same case meanwhile; the old one's task still ends in time. */
    event(fold, on(fold, 10, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 33, 2, 1));
    bool expired = false;
    for (unsigned i = 0; i < fold->delivery_count; i++)
        expired |= memcmp(&fold->deliveries[i].job.id, &task->id, sizeof task->id) == 0 &&
                   fold->deliveries[i].delivery.state == DELIVERY_EXPIRED;
    assert_true(expired);
    assert_non_null(alerts_find(fold->alerts, &task->alert)); /* as long as its entry in the ledger is open */
    struct action end = {
        .kind = ACTION_LEDGER_CLOSE, .has_alert = 1, .alert = task->alert, .result = LEDGER_RESULT_HANDLED};
    assert_int_equal(act(fold, on(fold, 33, 2, 1), who(fold, "r-1"), end), ERR_OK);
    assert_null(alerts_find(fold->alerts, &task->alert));
}

static void an_old_alert_s_job_outlives_the_newer_alert_of_its_case(void **state)
{
    struct fold *fold = *state;
    struct action close = {
        .kind = ACTION_CLOSE, .disposition = DISPOSITION_COULD_NOT_VERIFY, .family = FAMILY_EMERGENCY};
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job *notify = NULL;
    for (unsigned i = 0; i < fold->job_count && !notify; i++)
        notify = fold->jobs[i].kind == JOB_NOTIFY ? &fold->jobs[i] : NULL;
    assert_true(deliver(fold, on(fold, 9, 0, 1), notify, DELIVERY_SENT));
    assert_int_equal(act(fold, on(fold, 9, 1, 0), who(fold, "r-1"), close), ERR_OK);
    event(fold, on(fold, 9, 5, 0), "wb-1", SOS);
    assert_int_equal(act(fold, on(fold, 9, 6, 0), who(fold, "r-1"), close), ERR_OK);
    assert_non_null(alerts_find(fold->alerts, &notify->alert));
    tick(fold, on(fold, 33, 0, 0) - 1);
    assert_non_null(alerts_find(fold->alerts, &notify->alert));
    tick(fold, on(fold, 33, 0, 0));
    assert_null(alerts_find(fold->alerts, &notify->alert));
    assert_int_equal(fold->deliveries[fold->delivery_count - 1].delivery.state, DELIVERY_EXPIRED);
}

static void an_old_alert_whose_timer_was_lost_to_the_newer_one_is_armed_anew(void **state)
{
    struct fold *fold = *state;
    struct action close = {
        .kind = ACTION_CLOSE, .disposition = DISPOSITION_COULD_NOT_VERIFY, .family = FAMILY_EMERGENCY};
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job *notify = &fold->jobs[1];
    assert_int_equal(notify->kind, JOB_NOTIFY);
    assert_true(deliver(fold, on(fold, 9, 0, 1), notify, DELIVERY_SENT));
    assert_int_equal(act(fold, on(fold, 9, 0, 30), who(fold, "r-1"), close), ERR_OK);
    event(fold, on(fold, 9, 0, 40), "wb-1", SOS);
    tick(fold, on(fold, 9, 5, 0));
    assert_int_equal(act(fold, on(fold, 9, 6, 0), who(fold, "r-1"), close), ERR_OK);
    while (fold->job_count && alerts_find(fold->alerts, &fold->jobs[fold->job_count - 1].alert)) {
        const struct job *job = &fold->jobs[--fold->job_count]; /* let the newer one go */
        if (memcmp(&job->alert, &notify->alert, sizeof job->alert) == 0)
            break;
        deliver(fold, on(fold, 9, 7, 0), job, job_success((enum job_kind)job->kind));
    }
    assert_non_null(alerts_find(fold->alerts, &notify->alert));
    tick(fold, on(fold, 33, 0, 0));
    assert_null(alerts_find(fold->alerts, &notify->alert));
}

static void who_moved_away_is_not_the_home_s_family_any_more(void **state)
{
    struct fold *fold = *state;
    live_set_status(fold->world->live, who(fold, "r-2a").no, STATUS_MOVED, 0);
    event(fold, on(fold, 9, 0, 0), "cam-2", SOS);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_FAMILY, NULL), 1);
    for (unsigned i = 0; i < fold->job_count; i++) {
        if (fold->jobs[i].role == ROLE_FAMILY)
            assert_int_equal(fold->jobs[i].recipient, REGISTRY_NONE);
    }
}

static void the_police_are_told_once_even_when_the_acknowledgement_expires(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 1, 30));
    struct action take = {.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY};
    assert_int_equal(act(fold, on(fold, 9, 2, 0), who(fold, "r-1"), take), ERR_OK);
    tick(fold, on(fold, 9, 40, 0));
    assert_string_equal(fold->transitions[fold->transition_count - 1].why,
                        "Acknowledgement expired without a disposition");
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
    event(fold, on(fold, 9, 41, 0), "wb-1", SOS); /* another emergency is another message */
    tick(fold, on(fold, 9, 43, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 2);
}

static void no_answer_or_somebody_else_on_the_phone_sends_the_police_at_once(void **state)
{
    struct fold *fold = *state;
    static const enum outcome outcomes[] = {OUTCOME_NO_ANSWER, OUTCOME_OTHER_PERSON};
    static const char *const bands[] = {"wb-1", "wb-3"}, *const residents[] = {"r-1", "r-3"};
    for (unsigned i = 0; i < 2; i++) {
        event(fold, on(fold, 9, 0, 0), bands[i], SOS);
        struct action call = {
            .kind = ACTION_CALL, .family = FAMILY_EMERGENCY, .outcome = (uint8_t)outcomes[i]};
        assert_int_equal(act(fold, on(fold, 9, 0, 0), who(fold, residents[i]), call), ERR_OK);
        assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), i + 1);
    }
}

/* An unknown person indoors for a quarter of an hour, from that hour on; closed again, so that the next visit
 * tells anew. */
static void pestered(struct fold *fold, int hour, const char *visit)
{
    world_visit(fold->world, on(fold, hour, 0, 0), "cam-1", visit, "arrive", "indoors", "unknown");
    world_visit(fold->world, on(fold, hour, 15, 0), "cam-1", visit, "leave", "indoors", "");
    assert_int_equal(act(fold, on(fold, hour, 40, 0), household(fold->world, "h-1"),
                         (struct action){.kind = ACTION_CLOSE,
                                         .disposition = DISPOSITION_FALSE,
                                         .family = FAMILY_VISITOR}),
                     ERR_OK);
}

static void nobody_hears_more_prompts_in_a_day_than_the_settings_allow(void **state)
{
    struct fold *fold = *state;
    fold->settings.prompts_daily_max = 2;
    pestered(fold, 9, "a");
    pestered(fold, 11, "b");
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, "visitor-discreet"), 2);
    pestered(fold, 13, "c");
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, "visitor-discreet"), 2);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_GRID_WORKER, NULL),
                     3); /* people are told all the same */
    unsigned before = fold->job_count;
    event(fold, on(fold, 14, 0, 0), "wb-1", SOS);
    assert_int_equal(count_jobs(fold, before, JOB_PROMPT, ROLE_NONE, NULL),
                     1); /* an emergency does not wait */
    pestered(fold, 24 + 9, "d");
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, "visitor-discreet"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_notification_on_its_way_survives_the_closing),
        TEST(a_false_alarm_the_police_know_of_sends_a_stand_down),
        TEST(what_a_stand_down_withdraws_waits_for_nobody_any_more),
        TEST(one_alert_by_two_paths_tells_each_person_once),
        TEST(a_prompt_that_failed_goes_to_the_other_device_then_to_a_person),
        TEST(a_prompt_goes_to_the_wristband_when_the_resident_is_out),
        TEST(without_a_camera_the_wristband_speaks),
        TEST(a_playing_prompt_gets_a_minute_more_before_it_expires),
        TEST(who_consented_to_nothing_still_gets_help_in_an_emergency),
        TEST(without_consent_family_and_speaker_stay_out_of_other_matters),
        TEST(without_consent_the_police_stay_out_of_what_is_no_matter_of_life),
        TEST(a_withdrawal_cancels_what_waits_under_it_and_clears_what_was_seen),
        TEST(when_a_resident_has_died_nothing_speaks_to_the_home_any_more),
        TEST(one_camera_s_recovery_does_not_speak_for_the_other_s),
        TEST(what_the_police_refuse_comes_back_to_the_desk_as_a_task),
        TEST(a_police_message_of_a_closed_alert_that_fails_still_finds_a_person),
        TEST(an_old_alert_s_job_outlives_the_newer_alert_of_its_case),
        TEST(an_old_alert_whose_timer_was_lost_to_the_newer_one_is_armed_anew),
        TEST(who_moved_away_is_not_the_home_s_family_any_more),
        TEST(the_police_are_told_once_even_when_the_acknowledgement_expires),
        TEST(no_answer_or_somebody_else_on_the_phone_sends_the_police_at_once),
        TEST(nobody_hears_more_prompts_in_a_day_than_the_settings_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
