/* Every cell of the lifecycle and of the delivery table. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "alert/alerts.h"

/* One row a life, one word an input, in the order of INPUT_MAP: raise alarm clear acknowledge note expire
 * close absorb lapse.
 * "-" = refused; else the next life and, after a slash, the transition; "!" = everybody is told anew, "~" =
 * when the condition came back, "." = it ends. */
static const char *const expected[LIFE_COUNT][INPUT_COUNT] = {
    [LIFE_NONE] = {"open/opened!", "open/opened!", "-", "-", "-", "-", "-", "-", "-"},
    [LIFE_OPEN] = {"open/updated", "open/updated!", "clear/cleared", "taken/acknowledged", "open/updated",
                   "-", "closed/closed.", "absorbed/absorbed.", "-"},
    [LIFE_TAKEN] = {"taken/updated", "open/updated!", "clear_taken/cleared", "taken/acknowledged",
                    "taken/updated", "open/updated!", "closed/closed.", "absorbed/absorbed.", "-"},
    [LIFE_CLEAR] = {"open/updated~", "open/updated!", "-", "clear_taken/acknowledged", "clear/updated", "-",
                    "closed/closed.", "absorbed/absorbed.", "lapsed/lapsed."},
    [LIFE_CLEAR_TAKEN] = {"taken/updated", "open/updated!", "-", "clear_taken/acknowledged",
                          "clear_taken/updated", "clear/updated!", "closed/closed.", "absorbed/absorbed.",
                          "-"},
    [LIFE_LAPSED] = {"-", "-", "-", "-", "-", "-", "-", "-", "-"},
    [LIFE_CLOSED] = {"-", "-", "-", "-", "-", "-", "-", "-", "-"},
    [LIFE_ABSORBED] = {"-", "-", "-", "-", "-", "-", "-", "-", "-"},
};

static void every_cell_of_the_lifecycle_is_as_written(void **state)
{
    (void)state;
    for (unsigned life = 0; life < LIFE_COUNT; life++) {
        for (unsigned input = 0; input < INPUT_COUNT; input++) {
            struct alert_step step = alert_next((enum life)life, (enum alert_input)input);
            char text[64] = "-";
            if (step.allowed)
                snprintf(text, sizeof text, "%s/%s%s%s%s", life_name((enum life)step.next),
                         transition_name((enum transition_kind)step.transition),
                         step.effects & EFFECT_EPISODE ? "!" : "", step.effects & EFFECT_RESUME ? "~" : "",
                         step.effects & EFFECT_STOP ? "." : "");
            if (strcmp(text, expected[life][input]) != 0)
                print_error("%s + %s\n", life_name((enum life)life),
                            alert_input_name((enum alert_input)input));
            assert_string_equal(text, expected[life][input]);
        }
    }
}

static void what_has_ended_stays_ended(void **state)
{
    (void)state;
    for (unsigned input = 0; input < INPUT_COUNT; input++) {
        assert_false(alert_next(LIFE_CLOSED, (enum alert_input)input).allowed);
        assert_false(alert_next(LIFE_LAPSED, (enum alert_input)input).allowed);
        assert_false(alert_next(LIFE_ABSORBED, (enum alert_input)input).allowed);
    }
}

/* Rows from, columns to: queued sent received playing played delivered accepted rejected failed expired
 * cancelled done. */
static const char *const follows[DELIVERY_COUNT] = {
    [DELIVERY_QUEUED] = ".11111111111",    [DELIVERY_SENT] = "..1111111111",
    [DELIVERY_RECEIVED] = "...111111111",  [DELIVERY_PLAYING] = "....11111111",
    [DELIVERY_PLAYED] = "............",    [DELIVERY_DELIVERED] = "......1.....",
    [DELIVERY_ACCEPTED] = "............",  [DELIVERY_REJECTED] = "............",
    [DELIVERY_FAILED] = "......1.....",    [DELIVERY_EXPIRED] = "......1.....",
    [DELIVERY_CANCELLED] = "............", [DELIVERY_DONE] = "............",
};

static void every_cell_of_the_delivery_table_is_as_written(void **state)
{
    (void)state;
    for (unsigned from = 0; from < DELIVERY_COUNT; from++) {
        bool any = false;
        for (unsigned to = 0; to < DELIVERY_COUNT; to++) {
            assert_int_equal(delivery_may_follow((enum delivery_state)from, (enum delivery_state)to),
                             follows[from][to] == '1');
            any |= follows[from][to] == '1';
        }
        /* Final is also what only a person may add to, by taking it. */
        bool taken_late = from == DELIVERY_DELIVERED || from == DELIVERY_FAILED || from == DELIVERY_EXPIRED;
        assert_int_equal(delivery_is_final((enum delivery_state)from), !any || taken_late);
        assert_int_equal(delivery_from_name(delivery_name((enum delivery_state)from)), from);
    }
    assert_int_equal(delivery_from_name("nonsense"), DELIVERY_COUNT);
}

static void success_of_every_kind_of_job_is_final(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < JOB_KIND_COUNT; kind++)
        assert_true(delivery_is_final(job_success((enum job_kind)kind)));
}

static void names_of_actions_go_there_and_back(void **state)
{
    (void)state;
    for (unsigned i = 1; i < ACTION_KIND_COUNT; i++)
        assert_int_equal(action_from_name(action_name((enum action_kind)i)), i);
    for (unsigned i = 1; i < DISPOSITION_COUNT; i++)
        assert_int_equal(disposition_from_name(disposition_name((enum disposition)i)), i);
    for (unsigned i = 1; i < OUTCOME_COUNT; i++)
        assert_int_equal(outcome_from_name(outcome_name((enum outcome)i)), i);
    assert_int_equal(action_from_name("none"), ACTION_NONE);
    assert_int_equal(disposition_from_name("maybe"), DISPOSITION_NONE);
    assert_int_equal(outcome_from_name(""), OUTCOME_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_lifecycle_is_as_written),
        cmocka_unit_test(what_has_ended_stays_ended),
        cmocka_unit_test(every_cell_of_the_delivery_table_is_as_written),
        cmocka_unit_test(success_of_every_kind_of_job_is_final),
        cmocka_unit_test(names_of_actions_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
