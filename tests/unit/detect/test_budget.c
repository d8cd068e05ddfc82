/* The budget all detectors share: where the bar rests, and what never feels it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "detect/budget.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define START  (INT64_C(20000) * DAY_MS)

static void rarity_is_decibel(void **state)
{
    (void)state;
    assert_int_equal(budget_rarity(0.01), 20);
    assert_int_equal(budget_rarity(0.02), 17);
    assert_int_equal(budget_rarity(1), 1);
    assert_int_equal(budget_rarity(2), 1);
    assert_int_equal(budget_rarity(NAN), 1);
    assert_int_equal(budget_rarity(0), 255);
    assert_int_equal(budget_rarity(1e-300), 255);
}

static void a_small_place_has_the_allowance_of_a_thousand(void **state)
{
    (void)state;
    assert_true(budget_allowance(30, 3) == 30);
    assert_true(budget_allowance(30, 1000) == 30);
    assert_true(budget_allowance(30, 2500) == 75);
    assert_true(budget_allowance(0, 2500) == 0);
}

static void twice_the_allowance_lifts_the_bar_and_a_quiet_time_lowers_it(void **state)
{
    (void)state;
    struct budget budget = {0};
    for (int i = 0; i < 600; i++) /* 60 a day, 30 allowed */
        budget_told(&budget, 30, START + i * DAY_MS / 60);
    int64_t end_ms = START + 10 * DAY_MS;
    assert_true(fabs(budget_bar(&budget, end_ms) - 10 * BUDGET_GAIN_DB) < 0.1);
    assert_true(budget_holds(&budget, 30, end_ms, 14));
    assert_false(budget_holds(&budget, 30, end_ms, 16));
    assert_false(budget_holds(&budget, 30, end_ms + 2 * DAY_MS, 14));
    assert_true(budget_bar(&budget, end_ms + 11 * DAY_MS) == 0);
}

static void at_the_allowance_everything_is_told(void **state)
{
    (void)state;
    struct budget budget = {0};
    for (int i = 0; i < 3000; i++) {
        int64_t t_ms = START + i * DAY_MS / 30;
        assert_false(budget_holds(&budget, 30, t_ms, 1));
        budget_told(&budget, 30, t_ms);
    }
}

static void a_flood_does_not_hold_what_is_very_rare(void **state)
{
    (void)state;
    struct budget budget = {0};
    for (int i = 0; i < 100000; i++)
        budget_told(&budget, 30, START);
    assert_true(budget_bar(&budget, START) == BUDGET_BAR_MAX_DB);
    assert_true(budget_holds(&budget, 30, START, 29));
    assert_false(budget_holds(&budget, 30, START, 30));
    assert_false(budget_holds(&budget, 30, START, 0)); /* does not say how rare it is */
}

static void without_a_limit_nothing_is_held(void **state)
{
    (void)state;
    struct budget budget = {.bar_db = 20, .t_ms = START};
    assert_false(budget_holds(&budget, 0, START, 1));
    budget_told(&budget, 0, START + DAY_MS);
    assert_true(budget_bar(&budget, START + DAY_MS) == 20 - BUDGET_GAIN_DB);
}

static void time_that_runs_back_lifts_nothing(void **state)
{
    (void)state;
    struct budget budget = {.bar_db = 5, .t_ms = START};
    assert_true(budget_bar(&budget, START - 30 * DAY_MS) == 5);
    budget_told(&budget, 30, START - DAY_MS);
    assert_true(budget.t_ms == START);
    assert_true(fabs(budget.bar_db - 5.05) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rarity_is_decibel),
        cmocka_unit_test(a_small_place_has_the_allowance_of_a_thousand),
        cmocka_unit_test(twice_the_allowance_lifts_the_bar_and_a_quiet_time_lowers_it),
        cmocka_unit_test(at_the_allowance_everything_is_told),
        cmocka_unit_test(a_flood_does_not_hold_what_is_very_rare),
        cmocka_unit_test(without_a_limit_nothing_is_held),
        cmocka_unit_test(time_that_runs_back_lifts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
