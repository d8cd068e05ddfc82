/* The battery's trend: a table of lives with the rate that must come out, and what must stay unknown. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "registry/battery.h"

enum { MINUTE = 60000, HOUR = 60 * MINUTE };
static const int64_t t0 = INT64_C(1772409600000);

/* A life: every `every_min` minutes a reading, for so many hours, from `from` percent down by `per_day` (at
 * best as finely as `grain` percent), while worn; and what is done to it. */
struct life {
    const char *what;
    unsigned hours, every_min;
    double from, per_day;
    unsigned grain;
    unsigned wild_every; /* each so many-th reading is 2 percent off; 0 = none */
    unsigned unworn_from_h, unworn_to_h;
    double unworn_per_day;
    uint32_t low, high; /* of the rate, 0.01 % a day; 0, 0 = must be unknown */
};

static const struct life lives[] = {
    {"ten percent a day", 72, 10, 100, 10, 1, 0, 0, 0, 0, 950, 1050},
    {"thirty percent a day, one report an hour", 48, 60, 100, 30, 1, 0, 0, 0, 0, 2800, 3200},
    {"one report a day", 240, 1440, 90, 8, 1, 0, 0, 0, 0, 760, 840},
    {"told in steps of ten", 120, 10, 100, 18, 10, 0, 0, 0, 0, 1500, 2100},
    {"every fifth reading is wild", 72, 10, 95, 15, 1, 5, 0, 0, 0, 1350, 1650},
    {"a day and a half in a drawer does not count", 120, 10, 100, 20, 1, 0, 24, 60, 2, 1850, 2150},
    {"sixty percent in a day and a night", 24, 5, 100, 60, 1, 0, 0, 0, 0, 5700, 6300},
    {"hardly anything used yet", 20, 10, 100, 4, 1, 0, 0, 0, 0, 0, 0},
    {"only two levels seen", 24, 10, 100, 9, 10, 0, 0, 0, 0, 0, 0},
    {"too young", 4, 5, 100, 60, 1, 0, 0, 0, 0, 0, 0},
    {"never goes down", 240, 10, 80, 0, 1, 0, 0, 0, 0, 0, 0},
};

static void live_through(struct battery *battery, const struct life *life, int64_t from_ms)
{
    double percent = life->from;
    unsigned number = 0;
    for (unsigned minute = 0; minute <= life->hours * 60; minute += life->every_min, number++) {
        const bool worn = minute < life->unworn_from_h * 60 || minute >= life->unworn_to_h * 60;
        double told = percent;
        if (life->wild_every && number % life->wild_every == 2)
            told += number % 2 ? 2 : -2;
        told = told > 100 ? 100 : told < 0 ? 0 : told;
        battery_read(battery, from_ms + (int64_t)minute * MINUTE,
                     (uint8_t)((unsigned)told / life->grain * life->grain), false, worn);
        percent -= (worn ? life->per_day : life->unworn_per_day) * life->every_min / 1440;
    }
}

static void the_rate_of_each_life_is_found_or_honestly_unknown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof lives / sizeof *lives; i++) {
        struct battery battery = {0};
        live_through(&battery, &lives[i], t0);
        const uint32_t rate = battery_rate(&battery);
        if (rate < lives[i].low || rate > lives[i].high)
            print_error("%s: %u\n", lives[i].what, (unsigned)rate);
        assert_in_range(rate, lives[i].low, lives[i].high);
        assert_int_equal(battery_empty_ms(&battery) == 0, rate == 0);
    }
}

static void empty_is_the_level_over_the_rate(void **state)
{
    (void)state;
    struct battery battery = {0};
    live_through(&battery, &lives[0], t0); /* 100 - 3 x 10 = 70 percent after three days: seven more */
    assert_int_equal(battery.percent, 70);
    assert_in_range(battery_empty_ms(&battery), t0 + (int64_t)(24 * 9.4 * HOUR),
                    t0 + (int64_t)(24 * 10.6 * HOUR));
}

static void the_charger_ends_a_discharge_and_its_rate_speaks_for_the_next(void **state)
{
    (void)state;
    struct battery battery = {0};
    live_through(&battery, &lives[0], t0);
    const uint32_t rate = battery_rate(&battery);
    int64_t t_ms = t0 + (int64_t)73 * HOUR;
    battery_read(&battery, t_ms, 72, true, false);
    assert_int_equal(battery_empty_ms(&battery), 0); /* nobody knows to what level it will be charged */
    assert_int_equal(battery_rate(&battery), rate);
    battery_read(&battery, t_ms + HOUR, 100, false, true);
    assert_int_equal(battery_rate(&battery), rate);
    assert_in_range(battery_empty_ms(&battery), t_ms + (int64_t)24 * 9 * HOUR,
                    t_ms + (int64_t)24 * 11 * HOUR);
}

static void a_charge_that_is_not_told_is_seen_by_its_rise(void **state)
{
    (void)state;
    struct battery battery = {0};
    live_through(&battery, &lives[0], t0);
    int64_t t_ms = t0 + (int64_t)73 * HOUR;
    /* Slowly, two percent at a time. */
    for (unsigned i = 0; i < 14; i++)
        battery_read(&battery, t_ms + (int64_t)i * 10 * MINUTE, (uint8_t)(70 + 2 * i), false, true);
    assert_int_not_equal(battery.past[0], 0);
    assert_true(battery.active_s < 3600);
    /* A wavering reading is no charge. */
    struct battery steady = {0};
    live_through(&steady, &lives[0], t0);
    battery_read(&steady, t_ms, 74, false, true);
    assert_int_equal(steady.past[0], 0);
}

static void three_discharges_are_remembered_and_one_odd_one_does_not_decide(void **state)
{
    (void)state;
    struct battery battery = {0};
    static const double per_day[] = {10, 60, 11};
    for (unsigned i = 0; i < 3; i++) {
        struct life life = lives[0];
        life.per_day = per_day[i];
        life.hours = 36;
        live_through(&battery, &life, t0 + (int64_t)i * 100 * HOUR);
        battery_read(&battery, t0 + ((int64_t)i * 100 + 40) * HOUR, 100, true, false);
    }
    battery_read(&battery, t0 + (int64_t)300 * HOUR, 100, false, true);
    assert_in_range(battery_rate(&battery), 1000, 1200);
}

static void an_old_reading_and_a_long_silence_change_nothing(void **state)
{
    (void)state;
    struct battery battery = {0};
    live_through(&battery, &lives[0], t0);
    struct battery before = battery;
    battery_read(&battery, t0 + HOUR, 5, true, false);
    assert_memory_equal(&battery, &before, sizeof battery);
    /* Two days off, thirty percent lower: neither its time nor its use counts. */
    battery_read(&battery, before.last_ms + (int64_t)48 * HOUR, 40, false, true);
    assert_int_equal(battery.active_s, before.active_s);
    assert_int_equal(battery.used_now, before.used_now);
    assert_int_equal(battery.percent, 40);
}

static void due_is_what_will_be_empty_before_tomorrows_round(void **state)
{
    (void)state;
    struct tz *tz;
    assert_int_equal(tz_load("Asia/Shanghai", &tz), ERR_OK);
    struct battery battery = {0};
    live_through(&battery, &lives[0], t0);
    const int64_t empty_ms = battery_empty_ms(&battery);
    const int64_t round_ms = battery_next_round_ms(tz, empty_ms, 9); /* of the day after it is empty */
    assert_int_equal(round_ms > empty_ms, 1);
    assert_true(battery_is_due(&battery, tz, empty_ms - HOUR, 9));
    assert_true(battery_is_due(&battery, tz, round_ms - (int64_t)24 * HOUR - MINUTE, 9) ==
                (empty_ms < battery_next_round_ms(tz, round_ms - (int64_t)24 * HOUR - MINUTE, 9)));
    assert_false(battery_is_due(&battery, tz, empty_ms - (int64_t)72 * HOUR, 9));
    struct civil local;
    clock_civil(tz, round_ms, &local);
    assert_int_equal(local.hour, 9);
    tz_free(tz);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_of_each_life_is_found_or_honestly_unknown),
        cmocka_unit_test(empty_is_the_level_over_the_rate),
        cmocka_unit_test(the_charger_ends_a_discharge_and_its_rate_speaks_for_the_next),
        cmocka_unit_test(a_charge_that_is_not_told_is_seen_by_its_rise),
        cmocka_unit_test(three_discharges_are_remembered_and_one_odd_one_does_not_decide),
        cmocka_unit_test(an_old_reading_and_a_long_silence_change_nothing),
        cmocka_unit_test(due_is_what_will_be_empty_before_tomorrows_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
