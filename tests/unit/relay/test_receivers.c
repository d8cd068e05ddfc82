/* How many messages a receiver gets in a minute. */
#include "fixture.h"

#include "relay/receivers.h"

/* The most messages that left in any minute of an hour in which one waits all the time. */
static unsigned most_in_a_minute(uint16_t per_minute, bool with_red)
{
    struct receiver receiver = {.per_minute = per_minute};
    static int64_t left_ms[100000];
    unsigned count = 0, most = 0;
    for (int64_t t_ms = 1000; t_ms < 3600000; t_ms += 100) {
        if (with_red && t_ms % 30000 == 0)
            assert_int_equal(receiver_pace_ms(&receiver, true, t_ms), 0);
        if (receiver_pace_ms(&receiver, false, t_ms) == 0)
            left_ms[count++] = t_ms;
    }
    for (unsigned first = 0, last = 0; last < count; last++) {
        while (left_ms[last] - left_ms[first] >= 60000)
            first++;
        most = last - first + 1 > most ? last - first + 1 : most;
    }
    assert_true(count > per_minute * 60U / 2); /* and it is not starved either */
    return most;
}

static void never_more_than_the_limit_in_any_minute(void **state)
{
    (void)state;
    static const uint16_t limits[] = {1, 2, 3, 4, 7, 20, 100};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        assert_true(most_in_a_minute(limits[i], false) <= limits[i]);
    assert_true(most_in_a_minute(20, true) <= 18); /* two a minute went to red */
}

static void red_never_waits_and_no_limit_is_none(void **state)
{
    (void)state;
    struct receiver receiver = {.per_minute = 20}, open = {.per_minute = 0};
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(receiver_pace_ms(&receiver, true, 5000), 0);
        assert_int_equal(receiver_pace_ms(&open, false, 5000), 0);
    }
    /* What red took is paid back within a minute or two, not in hours. */
    int64_t wait_ms = receiver_pace_ms(&receiver, false, 5000);
    assert_true(wait_ms > 0 && wait_ms <= 120000);
    assert_int_equal(receiver_pace_ms(&receiver, false, 5000 + wait_ms), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_more_than_the_limit_in_any_minute),
        cmocka_unit_test(red_never_waits_and_no_limit_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
