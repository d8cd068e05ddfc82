/* A test window: one press is a drill and looks like one everywhere; what comes after it is real. */
#include "fold.h"

#define SOS       "{\"sos\":{\"phase\":\"pressed\"}}"
#define CANCELLED "{\"sos\":{\"phase\":\"cancelled\"}}"

static void open_window(struct fold *fold, int64_t t_ms)
{
    tick(fold, t_ms);
    live_open_test_window(fold->world->live, device_no(fold->world, "wb-1"), t_ms);
}

static const struct alert *newest(const struct fold *fold)
{
    assert_true(fold->transition_count > 0);
    return &fold->after[fold->transition_count - 1];
}

static const struct alert *open_alert(struct fold *fold, enum family family)
{
    return alerts_open_of(fold->alerts, who(fold, "r-1"), family);
}

static bool is_marked(const struct fold *fold, const struct alert *alert)
{
    return alert_is_exercise(alert, fold->world->registry);
}

static unsigned jobs_of(const struct fold *fold, enum job_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fold->job_count; i++)
        count += fold->jobs[i].kind == kind;
    return count;
}

static void the_first_press_is_a_drill_and_the_second_is_another_alert(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    open_window(fold, on(fold, 9, 0, 0));
    event(fold, on(fold, 9, 1, 0), "wb-1", SOS);
    const struct alert drill = *open_alert(fold, FAMILY_EMERGENCY);
    assert_int_equal(drill.level, LEVEL_RED);
    assert_true(is_marked(fold, &drill));
    assert_true(jobs_of(fold, JOB_PROMPT) > 0 && jobs_of(fold, JOB_NOTIFY) > 0); /* all of the way */
    assert_int_equal(jobs_of(fold, JOB_LOCATE), 0); /* nobody's life is at stake */
    event(fold, on(fold, 9, 1, 10), "wb-1", SOS);
    const struct alert *real = open_alert(fold, FAMILY_EMERGENCY);
    assert_int_equal(real->level, LEVEL_RED);
    assert_false(is_marked(fold, real));
    assert_memory_not_equal(&real->id, &drill.id, sizeof drill.id);
    assert_int_equal(jobs_of(fold, JOB_LOCATE), 1);
    const struct alert *ended = NULL;
    for (unsigned i = 0; i < fold->transition_count; i++)
        if (fold->transitions[i].kind == TRANSITION_CLOSED)
            ended = &fold->after[i];
    assert_non_null(ended);
    assert_memory_equal(&ended->id, &drill.id, sizeof drill.id);
    assert_int_equal(ended->disposition, DISPOSITION_DRILL);
    fold_free(fold);
}

static void a_window_ends_after_ten_minutes(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct fold *fold = fold_new();
        open_window(fold, on(fold, 9, 0, 0));
        event(fold, on(fold, 9, 0, 0) + LIVE_TEST_WINDOW_MS - 1 + late, "wb-1", SOS);
        assert_int_equal(is_marked(fold, open_alert(fold, FAMILY_EMERGENCY)), !late);
        fold_free(fold);
    }
}

static void what_was_pressed_before_the_window_or_elsewhere_is_real(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    open_window(fold, on(fold, 9, 0, 0));
    world_late(fold->world, on(fold, 9, 1, 0), on(fold, 8, 58, 0), "wb-1", SOS);
    assert_false(is_marked(fold, open_alert(fold, FAMILY_EMERGENCY)));
    event(fold, on(fold, 9, 2, 0), "wb-4", SOS);
    assert_false(is_marked(fold, newest(fold)));
    fold_free(fold);
}

static void a_press_while_help_is_needed_is_never_a_drill(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    event(fold, on(fold, 9, 0, 0), "wb-1", SOS);
    const struct alert real = *open_alert(fold, FAMILY_EMERGENCY);
    open_window(fold, on(fold, 9, 5, 0));
    event(fold, on(fold, 9, 6, 0), "wb-1", SOS);
    const struct alert *alert = open_alert(fold, FAMILY_EMERGENCY);
    assert_memory_equal(&alert->id, &real.id, sizeof real.id);
    assert_false(is_marked(fold, alert));
    assert_true(alert->transitions > real.transitions); /* and everybody hears of it again */
    fold_free(fold);
}

static void a_drill_that_is_cancelled_stays_a_drill(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    open_window(fold, on(fold, 9, 0, 0));
    event(fold, on(fold, 9, 1, 0), "wb-1", SOS);
    const struct alert drill = *open_alert(fold, FAMILY_EMERGENCY);
    event(fold, on(fold, 9, 1, 5), "wb-1", CANCELLED);
    const struct alert *alert = open_alert(fold, FAMILY_EMERGENCY);
    assert_memory_equal(&alert->id, &drill.id, sizeof drill.id);
    assert_int_equal(alert->level, LEVEL_YELLOW);
    assert_true(is_marked(fold, alert));
    fold_free(fold);
}

static void the_silent_button_is_tested_alike(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    open_window(fold, on(fold, 9, 0, 0));
    event(fold, on(fold, 9, 1, 0), "wb-1", "{\"suspicion\":{}}");
    assert_true(is_marked(fold, open_alert(fold, FAMILY_FRAUD)));
    event(fold, on(fold, 9, 1, 20), "wb-1", "{\"suspicion\":{}}");
    assert_false(is_marked(fold, open_alert(fold, FAMILY_FRAUD)));
    fold_free(fold);
}

static void a_drill_is_closed_as_one_and_as_nothing_else(void **state)
{
    (void)state;
    struct fold *fold = fold_new();
    open_window(fold, on(fold, 9, 0, 0));
    event(fold, on(fold, 9, 1, 0), "wb-1", SOS);
    struct action close = {
        .kind = ACTION_CLOSE, .family = FAMILY_COUNT, .disposition = DISPOSITION_TRUE, .by = "li"};
    assert_int_equal(act(fold, on(fold, 9, 2, 0), who(fold, "r-1"), close), ERR_INVALID);
    assert_string_equal(alerts_refusal(fold->alerts), "a drill is closed as a drill");
    close.disposition = DISPOSITION_DRILL;
    assert_int_equal(act(fold, on(fold, 9, 2, 0), who(fold, "r-1"), close), ERR_OK);
    assert_null(open_alert(fold, FAMILY_EMERGENCY));
    fold_free(fold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_press_is_a_drill_and_the_second_is_another_alert),
        cmocka_unit_test(a_window_ends_after_ten_minutes),
        cmocka_unit_test(what_was_pressed_before_the_window_or_elsewhere_is_real),
        cmocka_unit_test(a_press_while_help_is_needed_is_never_a_drill),
        cmocka_unit_test(a_drill_that_is_cancelled_stays_a_drill),
        cmocka_unit_test(the_silent_button_is_tested_alike),
        cmocka_unit_test(a_drill_is_closed_as_one_and_as_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
