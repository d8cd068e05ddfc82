/* Days off, worked weekends and family days. National Day of 2026: 1 to 7 October off, Saturday 10 October
 * worked. */
#include "fixture.h"
#include "registry/calendar.h"
#include "registry/day_class.h"

static int setup(void **state)
{
    static struct fixture fixture;
    fixture_open(&fixture);
    fixture_write(&fixture, "calendars.csv",
                  "id,rule,name\n"
                  "holiday-2026,\"dates 2026-10-01,2026-10-02,2026-10-05\",国庆节\n"
                  "workday-2026,\"dates 2026-10-10\",国庆节调休\n"
                  "family,\"dates 2026-04-05\",清明\n"
                  "holidays,\"dates 2026-06-01\",the word goes on: no meaning\n"
                  "offices,weekly mon-fri,offices\n"
                  "fair,weekly sat,fair\n");
    fixture_write(&fixture, "visitors.csv",
                  "household,visitor_id,name,windows\nh-1,v-son,Son,sat 09:00-18:00\n"
                  "h-1,v-nurse,Nurse,mon-fri 08:00-12:00\n");
    assert_int_equal(fixture_load(&fixture), ERR_OK);
    *state = &fixture;
    return 0;
}
static int teardown(void **state)
{
    fixture_close(*state);
    return 0;
}

static struct civil day_of(int year, int month, int day)
{
    struct civil local = {.year = year, .month = month, .day = day, .hour = 10};
    assert_true(calendar_day_number(year, month, day, &local.day_number));
    local.weekday = (int)((local.day_number + 4) % 7);
    return local;
}

static enum day_class class_of(const struct fixture *fixture, int year, int month, int day)
{
    struct civil local = day_of(year, month, day);
    return day_class_of(fixture->registry, &local);
}

static void days_have_a_class(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(class_of(fixture, 2026, 9, 30), DAY_ORDINARY);
    assert_int_equal(class_of(fixture, 2026, 10, 1), DAY_OFF);
    assert_int_equal(class_of(fixture, 2026, 10, 3), DAY_OFF); /* a Saturday */
    assert_int_equal(class_of(fixture, 2026, 10, 6), DAY_ORDINARY);
    assert_int_equal(class_of(fixture, 2026, 10, 10), DAY_ORDINARY); /* a Saturday that is worked */
    assert_int_equal(class_of(fixture, 2026, 10, 11), DAY_OFF);
    assert_int_equal(class_of(fixture, 2026, 4, 5), DAY_FAMILY);
    assert_int_equal(class_of(fixture, 2026, 6, 1), DAY_ORDINARY);
}

/* The first day of the Chinese year is 17 February 2026. */
static void the_spring_festival_needs_no_configuration(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(class_of(fixture, 2026, 2, 13), DAY_ORDINARY);
    assert_int_equal(class_of(fixture, 2026, 2, 14), DAY_FAMILY);
    assert_int_equal(class_of(fixture, 2026, 2, 26), DAY_FAMILY);
    assert_int_equal(class_of(fixture, 2026, 2, 27), DAY_ORDINARY);
}

static bool is_on(const struct fixture *fixture, const char *id, int month, int day)
{
    struct civil local = day_of(2026, month, day);
    uint32_t no = registry_find(fixture->registry, REGISTRY_CALENDAR, id);
    return day_class_calendar_is_on(fixture->registry, registry_calendar(fixture->registry, no), &local);
}

static void working_days_move_and_a_fair_does_not(void **state)
{
    const struct fixture *fixture = *state;
    assert_true(is_on(fixture, "offices", 9, 30));
    assert_false(is_on(fixture, "offices", 10, 1));
    assert_false(is_on(fixture, "offices", 10, 3));
    assert_true(is_on(fixture, "offices", 10, 10));
    assert_false(is_on(fixture, "offices", 10, 17));
    assert_true(is_on(fixture, "fair", 10, 10));
    assert_false(is_on(fixture, "fair", 10, 1));
    assert_true(is_on(fixture, "offices", 2, 23)); /* a Monday of the festival, not listed as a day off */
}

static bool is_expected(const struct fixture *fixture, const char *visitor, int month, int day)
{
    struct civil local = day_of(2026, month, day);
    const struct trusted_visitor *listed = registry_trusted(
        fixture->registry, registry_find(fixture->registry, REGISTRY_HOUSEHOLD, "h-1"), visitor);
    return day_class_visitor_is_expected(fixture->registry, listed, &local);
}

static void who_comes_at_weekends_comes_on_days_off(void **state)
{
    const struct fixture *fixture = *state;
    assert_false(is_expected(fixture, "v-son", 9, 30));
    assert_true(is_expected(fixture, "v-son", 10, 3));
    assert_true(is_expected(fixture, "v-son", 10, 2)); /* a Friday off */
    assert_true(
        is_expected(fixture, "v-son", 10, 10)); /* worked: who has this Saturday off all the same may come */
    assert_true(is_expected(fixture, "v-son", 2, 18)); /* a Wednesday of the festival */
    assert_true(is_expected(fixture, "v-nurse", 10, 1));
    assert_false(is_expected(fixture, "v-nurse", 10, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_have_a_class),
        cmocka_unit_test(the_spring_festival_needs_no_configuration),
        cmocka_unit_test(working_days_move_and_a_fair_does_not),
        cmocka_unit_test(who_comes_at_weekends_comes_on_days_off),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
