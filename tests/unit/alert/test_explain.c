/* A dry run says what the escalation then does: the same steps, at the same second, to the same people. And
 * what of a policy comes to nothing is told. */
#include "fold.h"

#include "alert/explain.h"
#include "alert/policy_reach.h"

enum { STEPS_MAX = 64 };
struct told {
    struct explain_step steps[STEPS_MAX];
    unsigned count;
};

static void keep(void *self, const struct explain_step *step)
{
    struct told *told = self;
    assert_true(told->count < STEPS_MAX);
    told->steps[told->count++] = *step;
}

static const struct alert *the_alert(const struct fold *fold)
{
    return alerts_find(fold->alerts, &fold->after[0].id);
}

static const struct policy_rule *explain(const struct fold *fold, const struct alert *alert,
                                         struct told *told)
{
    told->count = 0;
    return alerts_explain(fold->alerts, alert, keep, told);
}

/* Notifications that were foretold for that moment, role and person. */
static unsigned foretold(const struct told *told, const struct job *job)
{
    unsigned count = 0;
    for (unsigned i = 0; i < told->count; i++) {
        const struct explain_step *step = &told->steps[i];
        for (unsigned j = 0;
             step->verdict == VERDICT_STEP_ACTS && step->t_ms == job->t_ms && j < step->people_count; j++) {
            const struct audience_person *person = &step->people[j];
            count += person->no == job->recipient && person->role == job->role &&
                     person->is_contact == (job->recipient_is_contact != 0);
        }
    }
    return count;
}

static unsigned people_of(const struct told *told)
{
    unsigned count = 0;
    for (unsigned i = 0; i < told->count; i++)
        count += told->steps[i].verdict == VERDICT_STEP_ACTS ? told->steps[i].people_count : 0;
    return count;
}

static void expect_foretold(struct fold *fold)
{
    struct told told;
    unsigned notified = 0;
    explain(fold, the_alert(fold), &told);
    tick(fold, on(fold, 23, 0, 0));
    for (unsigned i = 0; i < fold->job_count; i++) {
        if (fold->jobs[i].kind != JOB_NOTIFY)
            continue;
        assert_int_equal(foretold(&told, &fold->jobs[i]), 1);
        notified++;
    }
    assert_int_equal(notified, people_of(&told));
    fold_free(fold);
}

static void what_is_foretold_is_what_happens(void **state)
{
    (void)state;
    static const struct {
        const char *device, *event;
    } rows[] = {{"wb-1", SOS},  {"wb-3", SOS},       {"wb-4", SOS},
                {"cam-2", SOS}, {"wb-1", SUSPICION}, {"wb-4", SUSPICION}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fold *fold = fold_new();
        event(fold, on(fold, 9, 0, 0), rows[i].device, rows[i].event);
        expect_foretold(fold);
    }
}

static void repeats_conditions_and_doubled_people_are_foretold(void **state)
{
    (void)state;
    static const struct policy_step steps[] = {
        {.kind = STEP_NOTIFY, .role = ROLE_COUNTY_DESK, .repeat_s = 60, .repeat_max = 3},
        {.kind = STEP_NOTIFY, .to = "p-county"},
        {.kind = STEP_NOTIFY, .to = "c-1b"},
        {.kind = STEP_NOTIFY, .role = ROLE_FAMILY},
        {.kind = STEP_NOTIFY, .role = ROLE_TOWN_DESK, .after_s = 10, .from_minute = 540, .to_minute = 541},
        {.kind = STEP_NOTIFY,
         .role = ROLE_TOWN_DESK,
         .after_s = 70,
         .from_minute = 540,
         .to_minute = 541,
         .outside_skips = 1},
        {.kind = STEP_NOTIFY,
         .role = ROLE_GRID_WORKER,
         .after_s = 80,
         .alerts_least = 2,
         .alerts_within_min = 5},
        {.kind = STEP_STOP, .after_s = 150},
        {.kind = STEP_NOTIFY, .role = ROLE_TOWN_DESK, .after_s = 151},
    };
    struct fold *fold = fold_new();
    struct policy_rule *rule = &fold->settings.rules[0];
    memcpy(rule->steps, steps, sizeof steps);
    rule->step_count = sizeof steps / sizeof *steps;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    struct told told;
    assert_ptr_equal(explain(fold, the_alert(fold), &told), rule);
    /* 0 s: desk, the desk again, the son, the daughter who is left; 10 skipped: 60, 70, 80, 120, stop */
    assert_int_equal(told.count, 10);
    assert_int_equal(told.steps[0].people_count, 1);
    assert_int_equal(told.steps[1].people_count, 0);
    assert_int_equal(told.steps[3].people_count, 1);
    assert_int_equal(told.steps[4].verdict, VERDICT_STEP_ACTS);
    assert_int_equal(told.steps[5].repeat, 1);
    assert_int_equal(told.steps[6].verdict, VERDICT_STEP_OUT_OF_HOURS);
    assert_int_equal(told.steps[7].verdict, VERDICT_STEP_TOO_FEW_ALERTS);
    assert_int_equal(told.steps[9].step->kind, STEP_STOP);
    assert_true(told.steps[0].has_been);
    assert_false(told.steps[5].has_been);
    expect_foretold(fold);
}

static void the_police_are_foretold_with_the_verification(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    struct told told;
    event(fold, on(fold, 9, 0, 0), "wb-4", SOS);
    explain(fold, the_alert(fold), &told);
    assert_int_equal(told.steps[4].step->kind, STEP_VERIFY);
    assert_true(told.steps[4].police_ms == on(fold, 9, 1, 30)); /* life needs no consent */
    assert_int_equal(told.steps[0].speech, SPEECH_SPOKEN);
    snprintf(fold->settings.direct[0], ID_SIZE, "sos");
    fold->settings.direct_count = 1;
    explain(fold, the_alert(fold), &told);
    assert_true(told.steps[4].police_ms == on(fold, 9, 0, 0));
    fold_free(fold);
}

static void a_prompt_that_would_not_be_spoken_says_why(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    struct told told;
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    struct alert copy = *the_alert(fold), *alert = &copy;
    alert->family = FAMILY_VISITOR;
    alert->level = LEVEL_YELLOW;
    explain(fold, alert, &told);
    assert_int_equal(told.steps[0].speech, SPEECH_SPOKEN);
    fold->settings.prompts_daily_max = 0;
    explain(fold, alert, &told);
    assert_int_equal(told.steps[0].speech, SPEECH_DAY_IS_FULL);
    alert->subject = who(fold, "r-4");
    alert->resident = alert->subject.no;
    explain(fold, alert, &told);
    assert_int_equal(told.steps[0].speech, SPEECH_NO_CONSENT);
    live_set_status(fold->world->live, alert->resident, STATUS_DECEASED, 0);
    explain(fold, alert, &told);
    assert_int_equal(told.steps[0].speech, SPEECH_NOBODY);
    assert_string_equal(explain_speech_name(SPEECH_NOBODY), "nobody");
    assert_string_equal(explain_speech_name(SPEECH_COUNT), "none");
    alert->family = FAMILY_FLEET;
    alert->level = LEVEL_GREEN;
    assert_null(explain(fold, alert, &told));
    assert_int_equal(told.count, 0);
    fold_free(fold);
}

/* Whom the cooldown, the budget or a silence would keep from hearing of it is named, and then does not. */
static void what_would_be_held_back_is_foretold(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    struct told told;
    const int64_t t_ms = on(fold, 9, 0, 0);
    find(fold, t_ms, FAMILY_OUTING, LEVEL_YELLOW);
    const unsigned before = fold->job_count;
    struct alert next = *the_alert(fold);
    memset(&next.id, 1, sizeof next.id);
    next.opened_ms = next.last_notify_ms = t_ms + 60000;
    explain(fold, &next, &told);
    assert_int_equal(told.steps[0].held[0], 0);
    fold->settings.noise.budget = 1;
    explain(fold, &next, &told);
    assert_int_equal(told.steps[0].held[0], SUPPRESSED_BY_BUDGET + 1);
    next.level = LEVEL_RED; /* is told whatever was told before */
    next.family = FAMILY_EMERGENCY;
    explain(fold, &next, &told);
    for (unsigned i = 0; i < told.count; i++) {
        for (unsigned j = 0; j < told.steps[i].people_count; j++)
            assert_int_equal(told.steps[i].held[j], 0);
    }
    next.family = FAMILY_OUTING;
    next.level = LEVEL_YELLOW;
    fold->settings.noise.budget = 30;
    fold->settings.noise.cooldown_s = 3600;
    for (unsigned i = 0; i < before; i++) {
        if (fold->jobs[i].kind == JOB_NOTIFY)
            assert_true(deliver(fold, t_ms, &fold->jobs[i], DELIVERY_DELIVERED));
    }
    explain(fold, &next, &told);
    assert_int_equal(told.steps[0].held[0], SUPPRESSED_BY_COOLDOWN + 1);
    fold->settings.noise.cooldown_s = 0;
    struct action silence = {
        .kind = ACTION_SILENCE, .family = FAMILY_COUNT, .note = "feast", .until_ms = t_ms + 3600000};
    assert_int_equal(act(fold, t_ms, who(fold, "r-1"), silence), ERR_OK);
    explain(fold, &next, &told);
    assert_int_equal(told.steps[0].held[0], SUPPRESSED_BY_SILENCE + 1);
    next.last_notify_ms = t_ms + 3600000; /* at the moment asked it has ended */
    explain(fold, &next, &told);
    assert_int_equal(told.steps[0].held[0], 0);
    assert_int_equal(fold->job_count, before);
    fold_free(fold);
}

/* --- What comes to nothing --- */

static void write_fault(void *self, int rule, int step, const char *why)
{
    buf_printf(self, "%d/%d: %s\n", rule, step, why);
}

static void expect_reach(const struct fold *fold, const char *text)
{
    struct buf out;
    buf_init(&out, 10000);
    unsigned faults =
        policy_reach(&fold->settings, fold->world->registry, on(fold, 9, 0, 0), write_fault, &out);
    if (!strstr(buf_text(&out), text))
        print_error("%s", buf_text(&out));
    assert_non_null(strstr(buf_text(&out), text));
    assert_true(faults > 0);
    buf_release(&out);
}

static void what_of_a_policy_comes_to_nothing_is_told(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    struct buf out;
    buf_init(&out, 10000);
    assert_int_equal(policy_reach(&fold->settings, NULL, 0, write_fault, &out), 0);
    buf_release(&out);
    struct policy_rule *rule = &fold->settings.rules[0];
    const struct policy_rule before = *rule;
    rule->steps[5].kind = STEP_STOP;
    rule->steps[5].unless_acknowledged = 0;
    expect_reach(fold, "0/6: is never reached: step 5 stops the rule before it");
    rule->steps[5].to_minute = 60; /* only for an hour of the day: the rest is reached */
    rule->steps[6].after_s = 43200;
    expect_reach(fold, "0/6: an alert whose cause has ended lapses after 43200 s, before this step");
    *rule = before;
    rule->steps[6].from_minute = 480;
    rule->steps[6].to_minute = 1080;
    rule->steps[6].outside_skips = 1;
    expect_reach(fold, "0/6: is lost outside its hours");
    *rule = before;
    snprintf(rule->category, sizeof rule->category, "空");
    expect_reach(fold, "0/-1: no resident is \"空\"");
    snprintf(rule->territory, sizeof rule->territory, "65");
    expect_reach(fold, "0/-1: there is no territory 65");
    *rule = before;
    snprintf(rule->steps[1].to, ID_SIZE, "p-nobody");
    rule->steps[1].role = ROLE_NONE;
    expect_reach(fold, "0/1: there is no responder or contact p-nobody");
    *rule = before;
    snprintf(rule->steps[1].roster, sizeof rule->steps[1].roster, "11");
    expect_reach(fold, "0/1: there is no territory 11");
    snprintf(rule->steps[1].roster, sizeof rule->steps[1].roster, "654321");
    rule->steps[1].role = ROLE_TOWN_DESK;
    expect_reach(fold, "0/1: the roster of 654321 has no town_desk");
    *rule = before;
    rule->steps[1].role = ROLE_POLICE_DESK;
    expect_reach(fold, "-1/-1: nobody is police_desk for 65432110020001");
    expect_reach(fold, "-1/-1: responder p-town has no channel");
    expect_reach(fold, "-1/-1: contact c-4 has no channel");
    /* Who verifies before the police is needed as much as whoever is told. */
    memset(fold->settings.rules, 0, sizeof fold->settings.rules);
    fold->settings.rule_count = 1;
    rule->level = LEVEL_RED;
    rule->step_count = 1;
    rule->steps[0] = (struct policy_step){.kind = STEP_VERIFY, .role = ROLE_POLICE_DESK};
    expect_reach(fold, "-1/-1: nobody is police_desk for 65432110020001");
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_foretold_is_what_happens),
        cmocka_unit_test(repeats_conditions_and_doubled_people_are_foretold),
        cmocka_unit_test(the_police_are_foretold_with_the_verification),
        cmocka_unit_test(a_prompt_that_would_not_be_spoken_says_why),
        cmocka_unit_test(what_would_be_held_back_is_foretold),
        cmocka_unit_test(what_of_a_policy_comes_to_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
