/* Tries of passwords, counted per name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "api/throttle.h"

static const struct throttle_rule rule = {.burst = 3, .every_ms = 1000};

static struct throttle *throttle_new(void)
{
    struct throttle *throttle = test_calloc(1, sizeof(*throttle));
    assert_non_null(throttle);
    return throttle;
}

static void a_burst_passes_then_one_at_a_time(void **state)
{
    struct throttle *throttle = throttle_new();
    int64_t wait_ms = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(throttle_take(throttle, &rule, "wang", 5000, &wait_ms));
    assert_false(throttle_take(throttle, &rule, "wang", 5000, &wait_ms));
    assert_int_equal(wait_ms, 1000);
    assert_false(throttle_take(throttle, &rule, "wang", 5999, &wait_ms));
    assert_int_equal(wait_ms, 1);
    assert_true(throttle_take(throttle, &rule, "wang", 6000, &wait_ms));
    assert_false(throttle_take(throttle, &rule, "wang", 6000, &wait_ms));
    assert_true(throttle_take(throttle, &rule, "li", 6000, &wait_ms));
    test_free(throttle);
}

static void what_was_right_is_given_back(void **state)
{
    struct throttle *throttle = throttle_new();
    int64_t wait_ms = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(throttle_take(throttle, &rule, "wang", 5000, &wait_ms));
    throttle_give_back(throttle, &rule, "wang", false);
    assert_true(throttle_take(throttle, &rule, "wang", 5000, &wait_ms));
    assert_false(throttle_take(throttle, &rule, "wang", 5000, &wait_ms));
    throttle_give_back(throttle, &rule, "wang", true);
    for (int i = 0; i < 3; i++)
        assert_true(throttle_take(throttle, &rule, "wang", 5000, &wait_ms));
    test_free(throttle);
}

static void a_flood_of_names_does_not_free_the_one_under_attack(void **state)
{
    struct throttle *throttle = throttle_new();
    int64_t wait_ms = 0;
    char name[16];

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(throttle_take(throttle, &rule, "wang", 5000, &wait_ms));
    for (int i = 0; i < 100000; i++) {
        snprintf(name, sizeof(name), "n%d", i);
        assert_true(throttle_take(throttle, &rule, name, 5000, &wait_ms));
    }
    assert_false(throttle_take(throttle, &rule, "wang", 5000, &wait_ms));
    test_free(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_then_one_at_a_time),
        cmocka_unit_test(what_was_right_is_given_back),
        cmocka_unit_test(a_flood_of_names_does_not_free_the_one_under_attack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
