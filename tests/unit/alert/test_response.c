/* After a prompt that was played a sign of the resident is awaited; without one somebody calls. Orders of
 * people to speak and to fall silent. */
#include "fold.h"

static struct prompt entries[4];
static struct prompt_catalogue catalogue = {.prompts = entries, .count = 4, .version = "test"};

static void entry(unsigned i, const char *id, uint8_t manner, uint16_t answer_s)
{
    entries[i] = (struct prompt){.manner = manner, .repeat = 1, .answer_s = answer_s, .text_count = 2};
    snprintf(entries[i].id, sizeof entries[i].id, "%s", id);
    snprintf(entries[i].texts[0].language, PROMPT_LANGUAGE_SIZE, "zh");
    snprintf(entries[i].texts[0].text, PROMPT_TEXT_SIZE, "您好");
    snprintf(entries[i].texts[1].language, PROMPT_LANGUAGE_SIZE, "en");
    snprintf(entries[i].texts[1].text, PROMPT_TEXT_SIZE, "hello");
}

static struct fold *begin(void)
{
    struct fold *fold = fold_new();
    const struct prompt_quiet none = {0};
    entry(0, "sos-heard", PROMPT_SPEAK, 120);
    entry(1, "visitor-discreet", PROMPT_DISCREET, 0);
    entry(2, "visitor-aloud", PROMPT_SPEAK, 300);
    entry(3, "hello", PROMPT_SPEAK, 0);
    alerts_set_prompts(fold->alerts, &catalogue, &none);
    return fold;
}

/* An SOS whose prompt was played at 9:00:05. */
static const struct job *play(struct fold *fold)
{
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job *job = find_job_of(fold, JOB_PROMPT, "sos-heard");
    assert_non_null(job);
    assert_true(deliver(fold, on(fold, 9, 0, 5), job, DELIVERY_PLAYED));
    return job;
}

static bool was_noted(const struct fold *fold, const char *words)
{
    for (unsigned i = 0; i < fold->transition_count; i++)
        if (strstr(fold->transitions[i].why, words))
            return true;
    return false;
}

static void no_sign_within_its_time_is_noted_and_somebody_calls(void **state)
{
    (void)state;
    struct fold *fold = begin();
    play(fold);
    unsigned before = fold->job_count;
    tick(fold, on(fold, 9, 2, 4));
    assert_int_equal(count_jobs(fold, before, JOB_TASK, ROLE_NONE, "call"), 0);
    tick(fold, on(fold, 9, 2, 5));
    assert_true(was_noted(fold, "No sign of the resident within 120 s after the prompt sos-heard"));
    assert_int_equal(count_jobs(fold, before, JOB_TASK, ROLE_COUNTY_DESK, "call"), 1);
    tick(fold, on(fold, 9, 4, 10)); /* later it is overdue, and told again as tasks are */
    assert_int_equal(count_jobs(fold, before, JOB_TASK, ROLE_COUNTY_DESK, "call"), 1);
    fold_free(fold);
}

static void a_button_the_door_or_a_fall_taken_back_is_a_sign(void **state)
{
    (void)state;
    const char *const signs[] = {"{\"check_in\":{}}", "{\"presence\":{\"at_home\":true,\"source\":\"door\"}}",
                                 "{\"fall\":{\"phase\":\"cancelled\"}}"};
    for (unsigned i = 0; i < 3; i++) {
        struct fold *fold = begin();
        play(fold);
        event(fold, on(fold, 9, 1, 0), "wb-1", signs[i]);
        assert_true(was_noted(fold, "A sign of the resident after the prompt sos-heard"));
        tick(fold, on(fold, 9, 10, 0));
        assert_false(was_noted(fold, "No sign"));
        fold_free(fold);
    }
}

/* Of a visit the visitor's leaving, and of nothing else. */
static void the_visitors_leaving_is_a_sign(void **state)
{
    (void)state;
    struct fold *fold = begin();
    entry(1, "visitor-discreet", PROMPT_DISCREET, 300);
    world_visit(fold->world, on(fold, 9, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    tick(fold, on(fold, 9, 10, 0));
    const struct job *job = find_job_of(fold, JOB_PROMPT, "visitor-discreet");
    assert_non_null(job);
    assert_true(deliver(fold, on(fold, 9, 10, 5), job, DELIVERY_PLAYED));
    world_fix(fold->world, on(fold, 9, 11, 0), "wb-1", 43.80, 87.6, 10);
    assert_false(was_noted(fold, "A sign of the resident"));
    world_visit(fold->world, on(fold, 9, 12, 0), "cam-1", "v", "leave", "indoors", "");
    assert_true(was_noted(fold, "A sign of the resident after the prompt visitor-discreet"));
    tick(fold, on(fold, 9, 30, 0));
    assert_false(was_noted(fold, "No sign"));
    fold_free(fold);
}

/* Of an outing the next fix; of an SOS it is none (below). */
static void the_next_fix_of_an_outing_is_a_sign(void **state)
{
    (void)state;
    struct fold *fold = begin();
    entry(3, "outing-check", PROMPT_SPEAK, 600);
    find(fold, on(fold, 9, 0, 0), FAMILY_OUTING, LEVEL_ORANGE);
    const struct job *job = find_job_of(fold, JOB_PROMPT, "outing-check");
    assert_non_null(job);
    assert_true(deliver(fold, on(fold, 9, 0, 5), job, DELIVERY_PLAYED));
    event(fold, on(fold, 9, 0, 30), "wb-1", "{\"heartbeat\":{\"battery_percent\":80}}");
    assert_false(was_noted(fold, "A sign of the resident"));
    world_fix(fold->world, on(fold, 9, 1, 0), "wb-1", 43.80, 87.6, 10);
    assert_true(was_noted(fold, "A sign of the resident after the prompt outing-check"));
    tick(fold, on(fold, 9, 30, 0));
    assert_false(was_noted(fold, "No sign"));
    fold_free(fold);
}

static void what_was_measured_before_or_belongs_to_somebody_else_is_none(void **state)
{
    (void)state;
    struct fold *fold = begin();
    play(fold);
    world_late(fold->world, on(fold, 9, 1, 0), on(fold, 9, 0, 4), "wb-1", "{\"check_in\":{}}");
    event(fold, on(fold, 9, 1, 1), "wb-3", "{\"check_in\":{}}");
    event(fold, on(fold, 9, 1, 2), "wb-1", "{\"heartbeat\":{\"battery_percent\":80}}");
    world_fix(fold->world, on(fold, 9, 1, 3), "wb-1", 43.80, 87.6, 10);
    tick(fold, on(fold, 9, 2, 5));
    assert_true(was_noted(fold, "No sign of the resident"));
    fold_free(fold);
}

static void who_was_reached_or_whose_alert_has_ended_is_awaited_no_longer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct fold *fold = begin();
        play(fold);
        struct action action = {.kind = ACTION_CALL, .outcome = OUTCOME_SAFE, .family = FAMILY_EMERGENCY};
        if (i == 1)
            action = (struct action){
                .kind = ACTION_CLOSE, .disposition = DISPOSITION_DRILL, .family = FAMILY_EMERGENCY};
        assert_int_equal(act(fold, on(fold, 9, 1, 0), who(fold, "r-1"), action), ERR_OK);
        tick(fold, on(fold, 9, 10, 0));
        assert_false(was_noted(fold, "No sign"));
        fold_free(fold);
    }
}

static struct action say(const char *prompt, uint32_t device)
{
    struct action action = {.kind = ACTION_SPEAK, .family = FAMILY_EMERGENCY, .device = device, .by = "wang"};
    snprintf(action.prompt, sizeof action.prompt, "%s", prompt);
    return action;
}

static void a_person_has_something_said_through_the_best_device_or_a_named_one(void **state)
{
    (void)state;
    struct fold *fold = begin();
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    unsigned before = fold->job_count;
    uint32_t camera = device_no(fold->world, "cam-1");
    assert_int_equal(act(fold, on(fold, 9, 1, 0), who(fold, "r-1"), say("visitor-aloud", REGISTRY_NONE)),
                     ERR_OK);
    assert_int_equal(act(fold, on(fold, 9, 1, 1), who(fold, "r-1"), say("visitor-aloud", camera)), ERR_OK);
    assert_int_equal(count_jobs(fold, before, JOB_PROMPT, ROLE_NONE, "visitor-aloud"), 2);
    assert_int_equal(find_job_of(fold, JOB_PROMPT, "visitor-aloud")->device, camera);
    assert_true(was_noted(fold, "speak: visitor-aloud on cam-1"));
    fold_free(fold);
}

static void what_may_not_be_said_is_refused_in_words_and_changes_nothing(void **state)
{
    (void)state;
    struct fold *fold = begin();
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    tick(fold, on(fold, 9, 1, 0));
    const struct {
        const char *prompt, *device, *why;
    } cases[] = {{"nonsense", NULL, "no such prompt"},
                 {"visitor-discreet", "cam-1", "cannot say this"},
                 {"hello", "wb-3", "not the resident's"}};
    for (unsigned i = 0; i < 3; i++) {
        struct action action =
            say(cases[i].prompt, cases[i].device ? device_no(fold->world, cases[i].device) : REGISTRY_NONE);
        unsigned jobs = fold->job_count, transitions = fold->transition_count;
        assert_int_equal(act(fold, on(fold, 9, 1, 0), who(fold, "r-1"), action), ERR_INVALID);
        assert_non_null(strstr(alerts_refusal(fold->alerts), cases[i].why));
        assert_int_equal(fold->job_count, jobs);
        assert_int_equal(fold->transition_count, transitions);
    }
    fold_free(fold);
}

static void a_preview_names_the_device_and_does_nothing(void **state)
{
    (void)state;
    struct fold *fold = begin();
    const struct prompt_quiet noon = {.from_minute = 8 * 60, .to_minute = 10 * 60};
    const struct prompt *prompt;
    uint32_t device;
    bool quiet;
    event(fold, on(fold, 9, 0, 0), "wb-1", SUSPICION);
    alerts_set_prompts(fold->alerts, &catalogue, &noon);
    struct action action = say("visitor-aloud", REGISTRY_NONE);
    action.family = FAMILY_FRAUD;
    action.subject = who(fold, "r-1");
    unsigned jobs = fold->job_count;
    assert_int_equal(alerts_preview(fold->alerts, on(fold, 9, 1, 0), &action, &device, &prompt, &quiet),
                     ERR_OK);
    assert_int_equal(device, device_no(fold->world, "wb-1"));
    assert_string_equal(prompt->id, "visitor-aloud");
    assert_true(quiet);
    assert_int_equal(fold->job_count, jobs);
    fold_free(fold);
}

static void what_is_being_said_is_taken_back_from_the_device_too(void **state)
{
    (void)state;
    struct fold *fold = begin();
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct job *job = find_job_of(fold, JOB_PROMPT, "sos-heard");
    char id[HASH_ID_TEXT];
    hash_id_text(&job->id, id);
    uint32_t device = job->device;
    deliver(fold, on(fold, 9, 0, 1), job, DELIVERY_PLAYING);
    struct action action = {.kind = ACTION_HUSH, .family = FAMILY_EMERGENCY};
    assert_int_equal(act(fold, on(fold, 9, 0, 2), who(fold, "r-1"), action), ERR_OK);
    const struct fold_delivery *last = &fold->deliveries[fold->delivery_count - 1];
    assert_int_equal(last->delivery.state, DELIVERY_CANCELLED);
    const struct job *hush = find_job_of(fold, JOB_HUSH, id);
    assert_non_null(hush);
    assert_int_equal(hush->device, device);
    assert_int_equal(act(fold, on(fold, 9, 0, 3), who(fold, "r-1"), action), ERR_INVALID);
    assert_string_equal(alerts_refusal(fold->alerts), "nothing of this is being said any more");
    fold_free(fold);
}

static void the_entry_for_the_detector_and_level_stands_in_for_the_policys(void **state)
{
    (void)state;
    entry(0, "a", PROMPT_SPEAK, 0);
    entry(1, "b", PROMPT_SPEAK, 0);
    entry(2, "c", PROMPT_SPEAK, 0);
    entry(3, "d", PROMPT_SPEAK, 0);
    for (unsigned i = 1; i < 4; i++)
        snprintf(entries[i].instead_of, ID_SIZE, "a");
    entries[1].level = LEVEL_YELLOW;
    entries[2].level = LEVEL_ORANGE;
    snprintf(entries[3].detector, PROMPT_DETECTOR_SIZE, "led-away");
    assert_string_equal(prompt_chosen(&catalogue, "a", "sos", LEVEL_GREEN)->id, "a");
    assert_string_equal(prompt_chosen(&catalogue, "a", "sos", LEVEL_YELLOW)->id, "b");
    assert_string_equal(prompt_chosen(&catalogue, "a", "sos", LEVEL_RED)->id, "c");
    assert_string_equal(prompt_chosen(&catalogue, "a", "led-away", LEVEL_RED)->id, "d");
    assert_string_equal(prompt_chosen(&catalogue, "b", "led-away", LEVEL_RED)->id, "b");
    assert_null(prompt_chosen(&catalogue, "nonsense", "sos", LEVEL_RED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_sign_within_its_time_is_noted_and_somebody_calls),
        cmocka_unit_test(a_button_the_door_or_a_fall_taken_back_is_a_sign),
        cmocka_unit_test(the_visitors_leaving_is_a_sign),
        cmocka_unit_test(the_next_fix_of_an_outing_is_a_sign),
        cmocka_unit_test(what_was_measured_before_or_belongs_to_somebody_else_is_none),
        cmocka_unit_test(who_was_reached_or_whose_alert_has_ended_is_awaited_no_longer),
        cmocka_unit_test(a_person_has_something_said_through_the_best_device_or_a_named_one),
        cmocka_unit_test(what_may_not_be_said_is_refused_in_words_and_changes_nothing),
        cmocka_unit_test(a_preview_names_the_device_and_does_nothing),
        cmocka_unit_test(what_is_being_said_is_taken_back_from_the_device_too),
        cmocka_unit_test(the_entry_for_the_detector_and_level_stands_in_for_the_policys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
