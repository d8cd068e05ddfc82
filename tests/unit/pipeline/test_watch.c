#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/watch.h"

enum { AFTER_MS = 10000, CALM_MS = 60000 };
#define P PART_OF_STORE

static bool see(struct watch *watch, bool bad, int64_t mono_ms)
{
    return watch_see(watch, P, bad, AFTER_MS, CALM_MS, mono_ms);
}

static void trouble_must_last_before_it_is_told_and_is_told_until_it_was_taken(void **state)
{
    struct watch watch;
    (void)state;
    watch_init(&watch);
    assert_false(see(&watch, false, 0));
    assert_false(see(&watch, true, 1000));
    assert_false(see(&watch, true, 10999));
    assert_false(see(&watch, false, 11000)); /* it went by itself */
    assert_false(see(&watch, true, 12000));
    assert_true(see(&watch, true, 22000));
    assert_true(see(&watch, true, 23000)); /* nobody had room for it */
    watch_told(&watch, P, true, 23000);
    assert_false(see(&watch, true, 24000));
    assert_true(watch_see(&watch, PART_OF_LOOP, true, 0, CALM_MS, 0)); /* others are their own */
}

static void being_well_must_last_longer_each_time_it_comes_back(void **state)
{
    struct watch watch;
    int64_t at_ms = 0, told = 0;
    (void)state;
    watch_init(&watch);
    /* Up and down every 90 s for six hours. */
    for (bool on = false; at_ms < 6 * INT64_C(3600000); at_ms += 1000) {
        const bool bad = at_ms / 90000 % 2 == 0;
        if (!see(&watch, bad, at_ms))
            continue;
        assert_int_equal(bad, !on);
        on = bad;
        watch_told(&watch, P, bad, at_ms);
        told += bad;
    }
    assert_in_range(told, 2, 3);
    /* And it is told once all the same, when it stays well. */
    int64_t end_ms = at_ms + (CALM_MS << WATCH_RELAPSES_MAX);
    bool over = !watch.parts[P].told;
    for (; at_ms <= end_ms && !over; at_ms += 1000)
        over = see(&watch, false, at_ms);
    assert_true(over);
}

static void after_a_quiet_hour_the_patience_is_as_before(void **state)
{
    struct watch watch;
    (void)state;
    watch_init(&watch);
    watch_told(&watch, P, true, 1000);
    watch_told(&watch, P, false, 2000);
    watch_told(&watch, P, true, 3000);
    assert_int_equal(watch.parts[P].relapses, 1);
    watch_told(&watch, P, false, 4000);
    watch_told(&watch, P, true, 4001 + WATCH_RELAPSE_MS);
    assert_int_equal(watch.parts[P].relapses, 0);
}

static void what_was_told_before_a_restart_is_taken_back_after_it(void **state)
{
    struct watch watch;
    (void)state;
    watch_init(&watch);
    watch_resume(&watch, P);
    assert_false(see(&watch, false, 5000));
    assert_true(see(&watch, false, 5000 + CALM_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trouble_must_last_before_it_is_told_and_is_told_until_it_was_taken),
        cmocka_unit_test(being_well_must_last_longer_each_time_it_comes_back),
        cmocka_unit_test(after_a_quiet_hour_the_patience_is_as_before),
        cmocka_unit_test(what_was_told_before_a_restart_is_taken_back_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
