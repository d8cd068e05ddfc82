/* Named scenarios of the alert stage, from device event to jobs. */
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

static void an_sos_opens_a_red_alert_and_tells_everybody_once(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(fold->transition_count, 1);
    assert_transition(fold, TRANSITION_OPENED, LEVEL_RED);
    assert_string_equal(last_transition(fold)->by, "sos");
    assert_string_equal(last_transition(fold)->why, "The SOS button was pressed at 09:00");
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, "sos-heard"), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_FAMILY, NULL), 2);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "verify"), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_LOCATE, ROLE_NONE, NULL), 1);
    assert_int_equal(fold->job_count, 7);
    assert_int_equal(fold->after[0].avs, 1);
    assert_int_equal(find_job_of(fold, JOB_PROMPT, NULL)->device, device_no(fold->world, "cam-1"));
    for (unsigned i = 0; i < fold->job_count; i++)
        assert_int_equal(fold->jobs[i].t_ms, on(fold, 9, 0, 0));
}

static void the_alert_s_id_hangs_on_texts_only(void **state)
{
    struct fold *fold = *state;
    static const char text[] = "alert|654321|resident:r-1|emergency|wb-1|urgent|7|1";
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    struct hash_id id = hash_id_of(text, sizeof text - 1);
    assert_memory_equal(&fold->after[0].id, &id, sizeof id);
    assert_ptr_equal(alerts_find(fold->alerts, &id),
                     alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY));
}

static void unanswered_it_climbs_to_town_police_and_county_again(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 1, 0) - 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 0);
    tick(fold, on(fold, 9, 1, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 1);
    tick(fold, on(fold, 9, 1, 30) - 1);
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 0);
    tick(fold, on(fold, 9, 1, 30));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_POLICE_DESK, NULL), 1);
    tick(fold, on(fold, 9, 3, 0) - 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    tick(fold, on(fold, 9, 3, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 2);
    tick(fold, on(fold, 20, 0, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_NONE, NULL), 6);
}

static void an_acknowledgement_stops_what_waits_for_one_and_tells_the_wristband(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(
        act(fold, on(fold, 9, 0, 30), who(fold, "r-1"),
            (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY, .by = "anna"}),
        ERR_OK);
    assert_transition(fold, TRANSITION_ACKNOWLEDGED, LEVEL_RED);
    assert_string_equal(last_transition(fold)->by, "anna");
    assert_int_equal(find_job_of(fold, JOB_NOTICE, "help-coming")->device, device_no(fold->world, "wb-1"));
    tick(fold, on(fold, 9, 20, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 0);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    assert_int_equal(act(fold, on(fold, 9, 21, 0), who(fold, "r-1"),
                         (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_COUNT, .by = "bo"}),
                     ERR_OK);
    assert_string_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY)->acknowledged_by,
                        "bo");
}

static void acknowledged_and_forgotten_reopens(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(act(fold, on(fold, 9, 0, 10), who(fold, "r-1"),
                         (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY}),
                     ERR_OK);
    assert_int_equal(
        act(fold, on(fold, 9, 0, 40), who(fold, "r-1"),
            (struct action){.kind = ACTION_CALL, .outcome = OUTCOME_SAFE, .family = FAMILY_EMERGENCY}),
        ERR_OK);
    unsigned before = fold->job_count;
    tick(fold, on(fold, 9, 30, 10) - 1);
    assert_int_equal(fold->job_count, before);
    tick(fold, on(fold, 9, 30, 10));
    assert_transition(fold, TRANSITION_UPDATED, LEVEL_RED);
    assert_string_equal(last_transition(fold)->why, "Acknowledgement expired without a disposition");
    assert_int_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY)->acknowledged_ms, 0);
    assert_int_equal(count_jobs(fold, before, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    assert_int_equal(count_jobs(fold, before, JOB_TASK, ROLE_NONE, "verify"), 0);
    tick(fold, on(fold, 12, 0, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 0);
}

static void a_second_sos_within_sixty_seconds_joins_silently(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(act(fold, on(fold, 9, 0, 10), who(fold, "r-1"),
                         (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY}),
                     ERR_OK);
    unsigned transitions = fold->transition_count, jobs = fold->job_count;
    event(fold, on(fold, 9, 1, 0), "wb-1", SOS);
    assert_int_equal(fold->transition_count, transitions);
    assert_int_equal(fold->job_count, jobs);
    const struct alert *alert = alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY);
    assert_int_equal(alert->shares[0].count, 2);
    assert_int_not_equal(alert->acknowledged_ms, 0);
}

static void at_sixty_one_seconds_it_un_acknowledges_and_notifies_again(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(act(fold, on(fold, 9, 0, 10), who(fold, "r-1"),
                         (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY}),
                     ERR_OK);
    unsigned jobs = fold->job_count;
    event(fold, on(fold, 9, 1, 1), "wb-1", SOS);
    assert_transition(fold, TRANSITION_UPDATED, LEVEL_RED);
    assert_int_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY)->acknowledged_ms, 0);
    assert_int_equal(count_jobs(fold, jobs, JOB_NOTIFY, ROLE_FAMILY, NULL), 2);
    assert_int_equal(count_jobs(fold, jobs, JOB_NOTIFY, ROLE_COUNTY_DESK, NULL), 1);
    assert_int_equal(count_jobs(fold, jobs, JOB_PROMPT, ROLE_NONE, "sos-heard"), 1);
    /* The police are not put off by pressing again: 90 s after the first press. */
    tick(fold, on(fold, 9, 1, 30));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
}

static void pressing_on_and_on_is_told_at_most_once_a_minute_and_stays_small(void **state)
{
    struct fold *fold = *state;
    for (unsigned i = 0; i < 12; i++) {
        event(fold, on(fold, 9, 0, 0) + i * 40000, "wb-1", SOS);
        for (unsigned j = 0; j < fold->job_count; j++)
            deliver(fold, fold->world->t_ms, &fold->jobs[j], job_success((enum job_kind)fold->jobs[j].kind));
    }
    unsigned told = count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, "sos-heard");
    assert_int_equal(told, 6);
    assert_int_equal(alerts_open_count(fold->alerts), 1);
}

static void low_battery_and_sos_in_one_report_give_both(void **state)
{
    struct fold *fold = *state;
    int64_t t_ms = on(fold, 9, 0, 0);
    event(fold, t_ms, "wb-1", "{\"heartbeat\":{\"battery_percent\":4,\"charging\":false}}");
    event(fold, t_ms, "wb-1", SOS);
    assert_int_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY)->level, LEVEL_RED);
    assert_int_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_COVERAGE)->level, LEVEL_YELLOW);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_GRID_WORKER, "call"), 1);
}

static void a_cancelled_sos_falls_to_yellow_and_asks_for_a_call_back(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    unsigned jobs = fold->job_count;
    event(fold, on(fold, 9, 0, 20), "wb-1", CANCEL);
    assert_transition(fold, TRANSITION_UPDATED, LEVEL_YELLOW);
    assert_int_equal(count_jobs(fold, jobs, JOB_TASK, ROLE_COUNTY_DESK, "call-back"), 1);
    assert_int_equal(count_jobs(fold, jobs, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 0); /* told already */
    tick(fold, on(fold, 9, 30, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 0);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 0);
    assert_int_equal(alerts_open_count(fold->alerts), 1);
}

static void a_cancel_alone_opens_a_yellow_alert(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", CANCEL);
    assert_transition(fold, TRANSITION_OPENED, LEVEL_YELLOW);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "call-back"), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_GRID_WORKER, NULL), 1);
}

static void a_held_fall_prompts_at_once_and_clears_when_cancelled(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", FALL);
    assert_transition(fold, TRANSITION_OPENED, LEVEL_GREEN);
    assert_int_equal(fold->job_count, 1);
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, "fall-check"), 1);
    event(fold, on(fold, 9, 0, 15), "wb-1", FALL_OFF);
    assert_transition(fold, TRANSITION_CLEARED, LEVEL_GREEN);
    tick(fold, on(fold, 9, 10, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_NONE, NULL), 0);
}

static void a_fall_nobody_cancels_rises_under_the_same_id(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", FALL);
    tick(fold, on(fold, 9, 0, 30));
    assert_transition(fold, TRANSITION_UPDATED, LEVEL_RED);
    assert_memory_equal(&fold->after[0].id, &fold->after[1].id, sizeof(struct hash_id));
    assert_int_equal(fold->after[1].avs, 4);
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, "sos-heard"), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_FAMILY, NULL), 2);
}

static void a_call_that_needs_help_sends_the_police_at_once(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(
        act(fold, on(fold, 9, 0, 20), who(fold, "r-1"),
            (struct action){.kind = ACTION_CALL, .outcome = OUTCOME_NEEDS_HELP, .family = FAMILY_EMERGENCY}),
        ERR_OK);
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
    assert_int_equal(fold->after[fold->transition_count - 1].avs, 4);
    assert_int_equal(fold->deliveries[fold->delivery_count - 1].delivery.state, DELIVERY_DONE);
    tick(fold, on(fold, 9, 10, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
}

static void a_call_that_found_them_safe_drops_the_verification(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(
        act(fold, on(fold, 9, 1, 0), who(fold, "r-1"),
            (struct action){.kind = ACTION_CALL, .outcome = OUTCOME_SAFE, .family = FAMILY_EMERGENCY}),
        ERR_OK);
    assert_transition(fold, TRANSITION_UPDATED, LEVEL_RED);
    tick(fold, on(fold, 10, 0, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 0);
    assert_int_equal(alerts_open_count(fold->alerts), 1);
}

static void a_wrong_number_leaves_the_verification_running(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(act(fold, on(fold, 9, 0, 20), who(fold, "r-1"),
                         (struct action){.kind = ACTION_CALL,
                                         .outcome = OUTCOME_WRONG_NUMBER,
                                         .family = FAMILY_EMERGENCY}),
                     ERR_OK);
    tick(fold, on(fold, 9, 1, 30) - 1);
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 0);
    tick(fold, on(fold, 9, 1, 30));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
}

static void a_direct_detector_goes_to_the_police_unverified(void **state)
{
    struct fold *fold = *state;
    snprintf(fold->settings.direct[0], ID_SIZE, "sos");
    fold->settings.direct_count = 1;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "verify"), 0);
    tick(fold, on(fold, 9, 5, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_POLICE, ROLE_NONE, NULL), 1);
}

static void closing_needs_a_disposition_and_ends_everything(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    struct action close = {.kind = ACTION_CLOSE, .family = FAMILY_EMERGENCY};
    assert_int_equal(act(fold, on(fold, 9, 0, 10), who(fold, "r-1"), close), ERR_INVALID);
    assert_int_equal(fold->transition_count, 1);
    close.disposition = DISPOSITION_FALSE;
    assert_int_equal(act(fold, on(fold, 9, 0, 20), who(fold, "r-1"), close), ERR_OK);
    assert_transition(fold, TRANSITION_CLOSED, LEVEL_RED);
    assert_int_equal(fold->delivery_count, 6); /* nothing had been sent: all cancelled */
    unsigned jobs = fold->job_count;
    tick(fold, on(fold, 23, 0, 0));
    assert_int_equal(fold->job_count, jobs);
    assert_int_equal(alerts_open_count(fold->alerts), 0);
    assert_int_equal(act(fold, on(fold, 23, 0, 1), who(fold, "r-1"), close), ERR_NOT_FOUND);
}

static void a_suspicion_is_silent_in_the_room(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SUSPICION);
    assert_transition(fold, TRANSITION_OPENED, LEVEL_ORANGE);
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL) +
                         count_jobs(fold, 0, JOB_NOTICE, ROLE_NONE, NULL),
                     0);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_COUNTY_DESK, "call"), 1);
    assert_int_equal(act(fold, on(fold, 9, 0, 30), who(fold, "r-1"),
                         (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_FRAUD}),
                     ERR_OK);
    assert_int_equal(count_jobs(fold, 0, JOB_NOTICE, ROLE_NONE, NULL), 0);
    tick(fold, on(fold, 9, 6, 0));
    assert_int_equal(count_jobs(fold, 0, JOB_NOTIFY, ROLE_TOWN_DESK, NULL), 0);
}

static void a_suspicion_with_somebody_indoors_is_avs_two(void **state)
{
    struct fold *fold = *state;
    event(fold, on(fold, 9, 0, 0), "wb-1", SUSPICION);
    assert_int_equal(last_transition(fold)->kind, TRANSITION_OPENED);
    assert_int_equal(fold->after[0].avs, 1);
    world_visit(fold->world, on(fold, 9, 0, 30), "cam-1", "v", "arrive", "indoors", "unknown");
    event(fold, on(fold, 9, 15, 0), "wb-1", SUSPICION);
    assert_int_equal(fold->after[fold->transition_count - 1].family, FAMILY_FRAUD);
    assert_int_equal(fold->after[fold->transition_count - 1].avs, 2);
}

static void an_sos_with_a_stranger_indoors_is_avs_two(void **state)
{
    struct fold *fold = *state;
    world_visit(fold->world, on(fold, 9, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    tick(fold, on(fold, 9, 10, 0));
    event(fold, on(fold, 9, 15, 0), "wb-1", SOS);
    const struct alert *sos = alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY);
    assert_non_null(sos);
    assert_int_equal(sos->avs, 2);
    /* With the stranger gone the next call is one of which nothing more is known. */
    world_visit(fold->world, on(fold, 9, 16, 0), "cam-1", "v", "leave", "indoors", "");
    event(fold, on(fold, 9, 40, 0), "wb-1", SOS);
    assert_int_equal(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY)->avs, 1);
}

static void an_unknown_indoors_prompts_the_wrist_only(void **state)
{
    struct fold *fold = *state;
    world_visit(fold->world, on(fold, 10, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    assert_transition(fold, TRANSITION_OPENED, LEVEL_GREEN);
    assert_int_equal(fold->job_count, 0);
    tick(fold, on(fold, 10, 10, 0));
    assert_transition(fold, TRANSITION_UPDATED, LEVEL_YELLOW);
    const struct job *prompt = find_job_of(fold, JOB_PROMPT, "visitor-discreet");
    assert_int_equal(prompt->device, device_no(fold->world, "wb-1"));
    assert_true(deliver(fold, on(fold, 10, 10, 5), prompt, DELIVERY_FAILED));
    assert_int_equal(count_jobs(fold, 0, JOB_PROMPT, ROLE_NONE, NULL), 1);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_GRID_WORKER, "call"), 1);
    world_visit(fold->world, on(fold, 10, 20, 0), "cam-1", "v", "leave", "indoors", "");
    assert_transition(fold, TRANSITION_CLEARED, LEVEL_YELLOW);
}

static void cleared_and_untouched_for_twelve_hours_it_lapses_and_the_next_is_linked(void **state)
{
    struct fold *fold = *state;
    world_visit(fold->world, on(fold, 10, 0, 0), "cam-1", "v", "arrive", "doorstep", "unknown");
    world_visit(fold->world, on(fold, 10, 1, 0), "cam-1", "v", "leave", "doorstep", "");
    struct hash_id first = fold->after[0].id;
    tick(fold, on(fold, 22, 1, 0) - 1);
    assert_int_equal(alerts_open_count(fold->alerts), 1);
    tick(fold, on(fold, 22, 1, 0));
    assert_transition(fold, TRANSITION_LAPSED, LEVEL_GREEN);
    assert_int_equal(alerts_open_count(fold->alerts), 0);
    world_visit(fold->world, on(fold, 23, 0, 0), "cam-1", "w", "arrive", "doorstep", "unknown");
    assert_transition(fold, TRANSITION_OPENED, LEVEL_GREEN);
    const struct alert *next = &fold->after[fold->transition_count - 1];
    assert_memory_equal(&next->previous, &first, sizeof first);
    assert_memory_not_equal(&next->id, &first, sizeof first);
}

static void a_comment_puts_the_lapse_off(void **state)
{
    struct fold *fold = *state;
    world_visit(fold->world, on(fold, 10, 0, 0), "cam-1", "v", "arrive", "doorstep", "unknown");
    world_visit(fold->world, on(fold, 10, 1, 0), "cam-1", "v", "leave", "doorstep", "");
    assert_int_equal(
        act(fold, on(fold, 12, 0, 0), household(fold->world, "h-1"),
            (struct action){.kind = ACTION_COMMENT, .family = FAMILY_VISITOR, .note = "a courier"}),
        ERR_OK);
    assert_string_equal(last_transition(fold)->why, "a courier");
    tick(fold, on(fold, 22, 30, 0));
    assert_int_equal(alerts_open_count(fold->alerts), 1);
    tick(fold, on(fold, 24, 0, 0));
    assert_int_equal(alerts_open_count(fold->alerts), 0);
}

static void an_episode_that_goes_on_after_its_alert_was_closed_gets_another_id(void **state)
{
    struct fold *fold = *state;
    world_visit(fold->world, on(fold, 10, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    struct action close = {
        .kind = ACTION_CLOSE, .disposition = DISPOSITION_EXPECTED, .family = FAMILY_VISITOR};
    assert_int_equal(act(fold, on(fold, 10, 1, 0), household(fold->world, "h-1"), close), ERR_OK);
    tick(fold, on(fold, 10, 10, 0));
    assert_transition(fold, TRANSITION_OPENED, LEVEL_YELLOW);
    assert_memory_not_equal(&fold->after[0].id, &fold->after[fold->transition_count - 1].id,
                            sizeof(struct hash_id));
    assert_memory_equal(&fold->after[fold->transition_count - 1].previous, &(struct hash_id){{0}},
                        sizeof(struct hash_id));
}

static struct finding fused(const struct fold *fold)
{
    struct finding finding;
    memset(&finding, 0, sizeof finding);
    finding.t_ms = fold->world->t_ms;
    finding.at_ms = fold->world->t_ms;
    finding.subject = who(fold, "r-1");
    finding.resident = finding.subject.no;
    finding.household = household(fold->world, "h-1").no;
    finding.zone = REGISTRY_NONE;
    finding.detector = (uint8_t)detector_find("suspicion");
    finding.family = FAMILY_FRAUD;
    finding.level = LEVEL_RED;
    finding.flags = FINDING_FUSED;
    finding.evidence[0] = (struct event_key){
        .device = device_no(fold->world, "cam-1"), .epoch = 9, .seq = 99, .lane = LANE_URGENT};
    finding.evidence_count = 1;
    return finding;
}

static void a_fused_finding_absorbs_visitor_and_outing_alerts(void **state)
{
    struct fold *fold = *state;
    for (int i = 0; i < 3; i++)
        world_fix(fold->world, on(fold, 9, i, 0), "wb-1", i ? 43.81 : 43.80, 87.60, 10);
    world_visit(fold->world, on(fold, 10, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    tick(fold, on(fold, 10, 10, 0));
    assert_int_equal(alerts_open_count(fold->alerts), 2);
    struct finding finding = fused(fold);
    alerts_on_finding(fold->alerts, fold->world->t_ms, &finding);
    assert_int_equal(alerts_open_count(fold->alerts), 1);
    const struct alert *fraud = alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_FRAUD);
    assert_int_equal(fraud->avs, 3);
    unsigned absorbed = 0;
    for (unsigned i = 0; i < fold->transition_count; i++) {
        if (fold->transitions[i].kind != TRANSITION_ABSORBED)
            continue;
        absorbed++;
        assert_memory_equal(&fold->after[i].absorbed_by, &fraud->id, sizeof fraud->id);
    }
    assert_int_equal(absorbed, 2);
    assert_int_equal(count_jobs(fold, 0, JOB_TASK, ROLE_NONE, "verify"), 1);
}

static void an_unknown_alert_or_an_empty_action_is_refused(void **state)
{
    struct fold *fold = *state;
    struct action action = {.kind = ACTION_ACKNOWLEDGE, .has_alert = 1};
    assert_int_equal(act(fold, on(fold, 9, 0, 0), who(fold, "r-1"), action), ERR_NOT_FOUND);
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(
        act(fold, on(fold, 9, 0, 1), who(fold, "r-1"), (struct action){.family = FAMILY_EMERGENCY}),
        ERR_INVALID);
    assert_int_equal(act(fold, on(fold, 9, 0, 1), who(fold, "r-1"),
                         (struct action){.kind = ACTION_CALL, .family = FAMILY_EMERGENCY}),
                     ERR_INVALID);
    assert_int_equal(act(fold, on(fold, 9, 0, 1), who(fold, "r-1"),
                         (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_VISITOR}),
                     ERR_NOT_FOUND);
    struct delivery delivery = {.state = DELIVERY_SENT};
    assert_false(alerts_on_delivery(fold->alerts, on(fold, 9, 0, 1), &delivery));
    assert_int_equal(fold->transition_count, 1);
}

static void the_json_of_an_alert_is_valid_and_holds_nothing_personal(void **state)
{
    struct fold *fold = *state;
    struct buf out;
    struct json *root;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(
        act(fold, on(fold, 9, 0, 30), who(fold, "r-1"),
            (struct action){.kind = ACTION_ACKNOWLEDGE, .family = FAMILY_EMERGENCY, .by = "anna"}),
        ERR_OK);
    buf_init(&out, 100000);
    alert_to_json(alerts_open_of(fold->alerts, who(fold, "r-1"), FAMILY_EMERGENCY), fold->world->registry,
                  fold->world->tz, &out);
    assert_int_equal(json_parse(out.data, out.len, &root, NULL), ERR_OK);
    assert_string_equal(json_string(json_get(json_get(root, "subject"), "resident")), "r-1");
    assert_string_equal(json_string(json_get(root, "life")), "taken");
    assert_string_equal(json_string(json_get(json_at(json_get(root, "findings"), 0), "reason")),
                        "The SOS button was pressed at 09:00");
    assert_null(strstr(buf_text(&out), "Resident One"));
    assert_null(strstr(buf_text(&out), "+86"));
    assert_null(strchr(buf_text(&out), '\n'));
    json_free(root);
    buf_release(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_sos_opens_a_red_alert_and_tells_everybody_once),
        TEST(the_alert_s_id_hangs_on_texts_only),
        TEST(unanswered_it_climbs_to_town_police_and_county_again),
        TEST(an_acknowledgement_stops_what_waits_for_one_and_tells_the_wristband),
        TEST(acknowledged_and_forgotten_reopens),
        TEST(a_second_sos_within_sixty_seconds_joins_silently),
        TEST(at_sixty_one_seconds_it_un_acknowledges_and_notifies_again),
        TEST(pressing_on_and_on_is_told_at_most_once_a_minute_and_stays_small),
        TEST(low_battery_and_sos_in_one_report_give_both),
        TEST(a_cancelled_sos_falls_to_yellow_and_asks_for_a_call_back),
        TEST(a_cancel_alone_opens_a_yellow_alert),
        TEST(a_held_fall_prompts_at_once_and_clears_when_cancelled),
        TEST(a_fall_nobody_cancels_rises_under_the_same_id),
        TEST(a_call_that_needs_help_sends_the_police_at_once),
        TEST(a_call_that_found_them_safe_drops_the_verification),
        TEST(a_wrong_number_leaves_the_verification_running),
        TEST(a_direct_detector_goes_to_the_police_unverified),
        TEST(closing_needs_a_disposition_and_ends_everything),
        TEST(a_suspicion_is_silent_in_the_room),
        TEST(a_suspicion_with_somebody_indoors_is_avs_two),
        TEST(an_sos_with_a_stranger_indoors_is_avs_two),
        TEST(an_unknown_indoors_prompts_the_wrist_only),
        TEST(cleared_and_untouched_for_twelve_hours_it_lapses_and_the_next_is_linked),
        TEST(a_comment_puts_the_lapse_off),
        TEST(an_episode_that_goes_on_after_its_alert_was_closed_gets_another_id),
        TEST(a_fused_finding_absorbs_visitor_and_outing_alerts),
        TEST(an_unknown_alert_or_an_empty_action_is_refused),
        TEST(the_json_of_an_alert_is_valid_and_holds_nothing_personal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
