/* What people's word about alerts is worth. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "detect/leniency.h"

static const struct closing fine = {.lesson = LESSON_EXPECTED, .reached = true},
                            unheard = {.lesson = LESSON_FALSE}, right = {.lesson = LESSON_TRUE},
                            nothing = {.lesson = LESSON_NONE, .reached = true};

static void four_words_are_all_that_count(void **state)
{
    (void)state;
    struct leniency leniency = {0};
    assert_true(leniency_on(&leniency, 20000) == 0);
    for (int i = 1; i <= 4; i++) {
        assert_true(leniency_learn(&leniency, 20000, &fine));
        assert_true(fabs(leniency_on(&leniency, 20000) - (i * LENIENCY_STEP)) < 0.0001);
    }
    assert_true(leniency_learn(&leniency, 20000, &fine));
    assert_true(fabs(leniency_on(&leniency, 20000) - (LENIENCY_MOST)) < 0.0001);
}

static void it_fades_in_ninety_days(void **state)
{
    (void)state;
    struct leniency leniency = {0};
    assert_true(leniency_learn(&leniency, 20000, &fine));
    assert_true(fabs(leniency_on(&leniency, 20045) - (LENIENCY_STEP / 2)) < 0.0001);
    assert_true(leniency_on(&leniency, 20089) > 0);
    assert_true(leniency_on(&leniency, 20090) == 0);
    assert_true(leniency_learn(&leniency, 20045, &fine)); /* what is left, and one more */
    assert_true(fabs(leniency_on(&leniency, 20045) - (1.5 * LENIENCY_STEP)) < 0.0001);
}

static void only_whom_somebody_reached_counts(void **state)
{
    (void)state;
    struct leniency leniency = {0};
    assert_false(leniency_learn(&leniency, 20000, &unheard));
    assert_false(leniency_learn(&leniency, 20000, &nothing));
    assert_true(leniency_on(&leniency, 20000) == 0);
}

static void one_that_was_true_ends_it(void **state)
{
    (void)state;
    struct leniency leniency = {0};
    assert_true(leniency_learn(&leniency, 20000, &fine));
    assert_true(leniency_learn(&leniency, 20001, &right));
    assert_true(leniency_on(&leniency, 20001) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_words_are_all_that_count),
        cmocka_unit_test(it_fades_in_ninety_days),
        cmocka_unit_test(only_whom_somebody_reached_counts),
        cmocka_unit_test(one_that_was_true_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
