#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/expiry.h"

enum { DAY_S = 86400 };
static const int64_t until_s = 1900000000;

static enum expiry_state judged(int64_t before_s)
{
    return expiry_judge(until_s, (until_s - before_s) * 1000, 14);
}

static void an_end_is_soon_from_so_many_days_before_to_its_very_second(void **state)
{
    (void)state;
    assert_int_equal(judged(14 * DAY_S + 1), EXPIRY_FINE);
    assert_int_equal(judged(14 * DAY_S), EXPIRY_SOON);
    assert_int_equal(judged(1), EXPIRY_SOON);
    assert_int_equal(expiry_judge(until_s, until_s * 1000 - 1, 14), EXPIRY_SOON);
    assert_int_equal(judged(0), EXPIRY_ENDED);
    assert_int_equal(judged(-DAY_S), EXPIRY_ENDED);
}

static void what_ends_is_told_when_it_becomes_so_and_once_a_day(void **state)
{
    struct expiry_file file = {.key = "x", .path = "x"};
    const int64_t day_ms = (int64_t)DAY_S * 1000;
    int64_t now_ms = until_s * 1000 - 14 * day_ms;
    (void)state;
    assert_false(expiry_is_news(&file, EXPIRY_FINE, now_ms - 1));
    assert_true(expiry_is_news(&file, EXPIRY_SOON, now_ms));
    assert_false(expiry_is_news(&file, EXPIRY_SOON, now_ms + 1000));
    assert_false(expiry_is_news(&file, EXPIRY_SOON, now_ms + day_ms - 1));
    assert_true(expiry_is_news(&file, EXPIRY_SOON, now_ms + day_ms));
    assert_true(expiry_is_news(&file, EXPIRY_ENDED, now_ms + day_ms + 1)); /* worse: at once */
    assert_false(expiry_is_news(&file, EXPIRY_ENDED, now_ms + day_ms + 2));
    /* Replaced by a good one, which later ends as well. */
    assert_false(expiry_is_news(&file, EXPIRY_FINE, now_ms + day_ms + 3));
    assert_true(expiry_is_news(&file, EXPIRY_SOON, now_ms + day_ms + 4));
}

static void the_days_left_are_those_of_what_ends_first(void **state)
{
    struct expiry expiry = {.warn_days = 14};
    const int64_t now_ms = (until_s - 20 * DAY_S) * 1000;
    (void)state;
    assert_int_equal(expiry_days(&expiry, now_ms), 0); /* nothing is known */
    expiry.files[1] = (struct expiry_file){.known = true, .until_s = until_s};
    assert_int_equal(expiry_days(&expiry, now_ms), 0);
    assert_int_equal(expiry_days(&expiry, (until_s - 14 * DAY_S) * 1000), 14);
    assert_int_equal(expiry_days(&expiry, (until_s - 13 * DAY_S) * 1000 - 1), 14); /* a begun day counts */
    assert_int_equal(expiry_days(&expiry, (until_s - 13 * DAY_S) * 1000), 13);
    expiry.files[3] = (struct expiry_file){.known = true, .until_s = until_s - 10 * DAY_S};
    assert_int_equal(expiry_days(&expiry, (until_s - 13 * DAY_S) * 1000), 3);
    assert_int_equal(expiry_days(&expiry, until_s * 1000), 1); /* ended: still in trouble */
    expiry.files[1].known = expiry.files[3].known = false;
    assert_int_equal(expiry_days(&expiry, until_s * 1000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_is_soon_from_so_many_days_before_to_its_very_second),
        cmocka_unit_test(what_ends_is_told_when_it_becomes_so_and_once_a_day),
        cmocka_unit_test(the_days_left_are_those_of_what_ends_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
