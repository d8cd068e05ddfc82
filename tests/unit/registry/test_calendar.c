#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "registry/calendar.h"

static int64_t day(int year, int month, int date)
{
    int64_t number = -1;
    assert_true(calendar_day_number(year, month, date, &number));
    return number;
}

static struct civil civil(int year, int month, int date)
{
    struct civil local = {.year = year, .month = month, .day = date, .day_number = day(year, month, date)};
    local.weekday = (int)((local.day_number + 4) % 7);
    return local;
}

static bool is_on(const char *rule, int year, int month, int date)
{
    struct arena arena;
    struct calendar calendar = {0};
    struct civil local = civil(year, month, date);
    arena_init(&arena, 1 << 20);
    assert_null(calendar_parse(rule, &arena, &calendar));
    bool on = calendar_is_on(&calendar, &local);
    arena_release(&arena);
    return on;
}

static void day_numbers_agree_with_known_dates(void **state)
{
    (void)state;
    int64_t number;
    assert_int_equal(day(1970, 1, 1), 0);
    assert_int_equal(day(2000, 2, 29), 11016);
    assert_int_equal(day(2026, 3, 1), 20513);
    assert_false(calendar_day_number(2026, 2, 29, &number));
    assert_false(calendar_day_number(2026, 13, 1, &number));
    assert_false(calendar_day_number(2026, 4, 31, &number));
    assert_false(calendar_day_number(2026, 4, 0, &number));
}

static void day_numbers_count_every_day_once(void **state)
{
    (void)state;
    int64_t expected = 0, number;
    for (int year = 1970; year < 2200; year++)
        for (int month = 1; month <= 12; month++)
            for (int date = 1; date <= 31; date++)
                if (calendar_day_number(year, month, date, &number))
                    assert_int_equal(number, expected++);
    assert_int_equal(expected, 84006);
}

static void weekly_rules_know_names_ranges_and_chinese(void **state)
{
    (void)state;
    assert_int_equal(calendar_weekdays("sat,sun", 7), 0x41);
    assert_int_equal(calendar_weekdays("mon-fri", 7), 0x3E);
    assert_int_equal(calendar_weekdays("fri-mon", 7), 0x63);
    assert_int_equal(calendar_weekdays("daily", 5), 0x7F);
    assert_int_equal(calendar_weekdays("周一至周五", strlen("周一至周五")), 0x3E);
    assert_int_equal(calendar_weekdays("周六, 星期日", strlen("周六, 星期日")), 0x41);
    assert_int_equal(calendar_weekdays("每天", strlen("每天")), 0x7F);
    assert_int_equal(calendar_weekdays("", 0), 0);
    assert_int_equal(calendar_weekdays("monday", 6), 0);
    assert_int_equal(calendar_weekdays("mon,", 4), 0);
    assert_int_equal(calendar_weekdays("mon-", 4), 0);
}

static void a_weekly_rule_is_on_on_its_weekdays(void **state)
{
    (void)state;
    assert_true(is_on("weekly sun", 2026, 3, 1));
    assert_false(is_on("weekly sun", 2026, 3, 2));
}

static void a_solar_rule_looks_at_the_last_digit_of_the_date(void **state)
{
    (void)state;
    for (int date = 1; date <= 31; date++)
        assert_int_equal(is_on("solar 3,6,9", 2026, 3, date),
                         date % 10 == 3 || date % 10 == 6 || date % 10 == 9);
    assert_true(is_on("solar 0", 2026, 3, 30));
}

static void a_rule_of_dates_is_on_on_those_only(void **state)
{
    (void)state;
    assert_true(is_on("dates 2026-02-18,2026-02-17", 2026, 2, 17));
    assert_true(is_on("dates 2026-02-18,2026-02-17", 2026, 2, 18));
    assert_false(is_on("dates 2026-02-18,2026-02-17", 2026, 2, 19));
    assert_true(is_on("dates 2026-02-17;2026-02-18", 2026, 2, 18));
    assert_true(is_on("solar 3;6;9", 2026, 3, 16));
}

static void wrong_rules_are_refused(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "",           "weekly",          "weekly ", "solar",           "solar x",
        "solar 3,,6", "lunar 12",        "dates",   "dates 2026-2-17", "dates 2026-02-17,",
        "Weekly sun", "dates 1969-01-01"};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct arena arena;
        struct calendar calendar = {0};
        arena_init(&arena, 1 << 20);
        assert_non_null(calendar_parse(rules[i], &arena, &calendar));
        arena_release(&arena);
    }
}

/* First days of Chinese years (published almanacs), which begin on day 1 of their first month. */
static void chinese_new_years_are_first_days(void **state)
{
    (void)state;
    static const int years[][3] = {{1970, 2, 6},  {1975, 2, 11}, {1980, 2, 16}, {1984, 2, 2},  {1985, 2, 20},
                                   {1990, 1, 27}, {1995, 1, 31}, {1999, 2, 16}, {2000, 2, 5},  {2005, 2, 9},
                                   {2008, 2, 7},  {2010, 2, 14}, {2012, 1, 23}, {2015, 2, 19}, {2018, 2, 16},
                                   {2019, 2, 5},  {2020, 1, 25}, {2021, 2, 12}, {2022, 2, 1},  {2023, 1, 22},
                                   {2024, 2, 10}, {2025, 1, 29}, {2026, 2, 17}, {2027, 2, 6},  {2028, 1, 26},
                                   {2029, 2, 13}, {2030, 2, 3},  {2033, 1, 31}, {2034, 2, 19}, {2050, 1, 23}};
    for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
        int64_t first = day(years[i][0], years[i][1], years[i][2]);
        assert_int_equal(calendar_lunar_day(first), 1);
        assert_true(calendar_lunar_day(first - 1) >= 29);
    }
}

/* The 15th of the eighth month, and the 9th of the ninth. */
static void known_festivals_fall_on_their_days(void **state)
{
    (void)state;
    static const int festivals[][4] = {
        {2018, 9, 24, 15}, {2020, 10, 1, 15}, {2022, 9, 10, 15}, {2023, 9, 29, 15}, {2024, 9, 17, 15},
        {2025, 10, 6, 15}, {2026, 9, 25, 15}, {2023, 10, 23, 9}, {2024, 10, 11, 9}, {2025, 10, 29, 9},
        {2024, 6, 10, 5},  {2025, 5, 31, 5},  {2026, 6, 19, 5}};
    for (size_t i = 0; i < sizeof festivals / sizeof festivals[0]; i++)
        assert_int_equal(calendar_lunar_day(day(festivals[i][0], festivals[i][1], festivals[i][2])),
                         festivals[i][3]);
}

static void lunar_days_run_on_without_a_hole(void **state)
{
    (void)state;
    int64_t last = day(2099, 12, 31);
    unsigned before = calendar_lunar_day(0), months = 0, run29 = 0, run30 = 0;
    assert_int_equal(before, 24); /* 1 January 1970 was the 24th of the eleventh month */
    for (int64_t number = 1; number <= last; number++) {
        unsigned today = calendar_lunar_day(number);
        if (today == 1) {
            assert_true(before == 29 || before == 30);
            /* Never more than three long months or three short ones in a row in these years, four long ones
             * at most. */
            run29 = before == 29 ? run29 + 1 : 0;
            run30 = before == 30 ? run30 + 1 : 0;
            assert_true(run29 <= 3 && run30 <= 4);
            months++;
        } else {
            assert_int_equal(today, before + 1);
        }
        before = today;
    }
    assert_int_equal(months, 1608);
}

static void the_lunar_calendar_ends_where_its_table_ends(void **state)
{
    (void)state;
    assert_int_equal(calendar_lunar_day(-1), 0);
    assert_int_equal(calendar_lunar_day(day(2199, 1, 1)), 0);
    assert_false(is_on("lunar 0,1,2,3,4,5,6,7,8,9", 2150, 1, 1));
}

static void a_lunar_rule_looks_at_the_last_digit_of_the_lunar_day(void **state)
{
    (void)state;
    /* 17 February 2026 is the first day of the year. */
    for (int i = 1; i <= 12; i++)
        assert_int_equal(is_on("lunar 3,6,9", 2026, 2, 16 + i), i % 10 == 3 || i % 10 == 6 || i % 10 == 9);
}

static void the_spring_festival_moves_with_the_moon(void **state)
{
    (void)state;
    static const struct {
        int year, month, day;
        bool is;
    } days[] = {{2026, 2, 13, false}, {2026, 2, 14, true},  {2026, 2, 17, true},  {2026, 2, 26, true},
                {2026, 2, 27, false}, {2027, 2, 2, false},  {2027, 2, 3, true},   {2027, 2, 15, true},
                {2027, 2, 16, false}, {2025, 1, 29, true},  {2025, 1, 25, false}, {2024, 2, 19, true},
                {2024, 2, 20, false}, {2026, 1, 19, false}, {2026, 3, 19, false}, {2026, 8, 1, false}};
    for (unsigned i = 0; i < sizeof days / sizeof *days; i++) {
        int64_t day = 0;
        assert_true(calendar_day_number(days[i].year, days[i].month, days[i].day, &day));
        assert_int_equal(calendar_is_spring_festival(day), days[i].is);
    }
    assert_false(calendar_is_spring_festival(-1));
}

/* By its definition: within three days before and nine after the day on which the first month begins. */
static void the_spring_festival_is_what_it_is_defined_as_on_every_day(void **state)
{
    (void)state;
    unsigned days = 0;
    for (int64_t number = 0, year = 1970; year < 2099; number++) {
        struct civil local;
        clock_civil(NULL, number * 86400000, &local);
        year = local.year;
        bool is = false;
        for (int64_t first = number - 9; first <= number + 3; first++) {
            int64_t in_year = first - day(local.year, 1, 1);
            is |= in_year >= 20 && in_year < 51 && calendar_lunar_day(first) == 1;
        }
        if (is != calendar_is_spring_festival(number))
            fail_msg("%04d-%02d-%02d", local.year, local.month, local.day);
        days += is;
    }
    assert_true(days >= 129 * 13); /* in a few years two months begin between those dates */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(day_numbers_agree_with_known_dates),
        cmocka_unit_test(day_numbers_count_every_day_once),
        cmocka_unit_test(weekly_rules_know_names_ranges_and_chinese),
        cmocka_unit_test(a_weekly_rule_is_on_on_its_weekdays),
        cmocka_unit_test(a_solar_rule_looks_at_the_last_digit_of_the_date),
        cmocka_unit_test(a_rule_of_dates_is_on_on_those_only),
        cmocka_unit_test(wrong_rules_are_refused),
        cmocka_unit_test(chinese_new_years_are_first_days),
        cmocka_unit_test(known_festivals_fall_on_their_days),
        cmocka_unit_test(the_spring_festival_moves_with_the_moon),
        cmocka_unit_test(the_spring_festival_is_what_it_is_defined_as_on_every_day),
        cmocka_unit_test(lunar_days_run_on_without_a_hole),
        cmocka_unit_test(the_lunar_calendar_ends_where_its_table_ends),
        cmocka_unit_test(a_lunar_rule_looks_at_the_last_digit_of_the_lunar_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
