/* What detectors make of days when families are at home (the Spring Festival of 2027: 3 to 15 February), and
 * of fairs. The resident is r-4, who lives at 43.83/87.6; the fair of Thursdays is 3 km south of there. */
#include "outing_world.h"

enum { FESTIVAL = 341 /* days after 2 March 2026 */, THURSDAY = 38, FAIR_M = -3000 };

/* Between nine and eleven at home and an hour at one place; at home again. Forgets what was said before. */
static void day_at(struct world *world, int day, double north_m)
{
    world->finding_count = 0;
    fix(world, on_day(world, day, 9, 0), 0);
    for (int minute = 0; minute < 60; minute += 10)
        fix(world, on_day(world, day, 10, minute), north_m);
    fix(world, on_day(world, day, 11, 0), 0);
}

/* The hour ends elsewhere, with so many of its six fixes. */
static void day_partly_at(struct world *world, int day, int fixes, double north_m)
{
    world->finding_count = 0;
    fix(world, on_day(world, day, 9, 0), 0);
    for (int i = 0; i < 6; i++)
        fix(world, on_day(world, day, 10, 10 * i), i < 6 - fixes ? 600 : north_m);
    fix(world, on_day(world, day, 11, 0), 0);
}

static void routine_until(struct world *world, int day)
{
    for (int past = day - 37; past < day; past++)
        day_at(world, past, 600);
}

static void a_third_of_an_hour_elsewhere_is_told_on_any_day_but_at_the_festival(void **state)
{
    struct world *world = *state;
    routine_until(world, 40);
    day_partly_at(world, 40, 2, 9000);
    assert_true(told(world, "unusual-outing") > 0);
}

static void at_the_festival_only_what_stands_out_is_told_and_no_place_is_learned(void **state)
{
    struct world *world = *state;
    routine_until(world, FESTIVAL - 3);
    day_partly_at(world, FESTIVAL, 2, 9000);
    assert_int_equal(told(world, "unusual-outing"), 0);
    assert_true(count_findings(world, "unusual-outing", "day-out") > 0);
    for (int day = FESTIVAL + 1; day < FESTIVAL + 8; day++)
        day_at(world, day, 9000);
    day_at(world, FESTIVAL + 20, 600);
    assert_true(novelty(world, 9000, on_day(world, FESTIVAL + 20, 10, 0)) > 0.99);
}

static void a_whole_hour_elsewhere_is_told_at_the_festival_too(void **state)
{
    struct world *world = *state;
    routine_until(world, FESTIVAL - 3);
    day_at(world, FESTIVAL, 9000);
    assert_true(told(world, "unusual-outing") > 0);
}

static void a_fair_on_its_day_explains_itself(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < THURSDAY; day++)
        day_at(world, day, 600);
    day_at(world, THURSDAY, FAIR_M);
    assert_int_equal(told(world, "unusual-outing"), 0);
    day_at(world, THURSDAY + 1, FAIR_M);
    assert_true(told(world, "unusual-outing") > 0);
}

static void out(struct world *world, int day, int minutes)
{
    door(world, on_day(world, day, 9, 0), false);
    door(world, on_day(world, day, 9, minutes), true);
}

/* 27 outings of an hour: overdue after 111 minutes; with 13 of 100 minutes among them it would be 144. */
static void outings_of_the_festival_are_not_learned(void **state)
{
    struct world *world = *state;
    for (int day = FESTIVAL - 30; day < FESTIVAL - 3; day++)
        out(world, day, 60);
    for (int day = FESTIVAL - 3; day < FESTIVAL + 10; day++)
        out(world, day, 100);
    assert_int_equal(told(world, "overdue-return"), 0);
    out(world, FESTIVAL + 10, 130);
    assert_int_equal(told(world, "overdue-return"), 1);
}

static void never_back_at_the_festival_is_told(void **state)
{
    struct world *world = *state;
    for (int day = FESTIVAL - 30; day < FESTIVAL - 3; day++)
        out(world, day, 60);
    door(world, on_day(world, FESTIVAL, 9, 0), false);
    world_tick(world, on_day(world, FESTIVAL, 11, 30));
    assert_int_equal(told(world, "overdue-return"), 1);
}

static uint8_t rarity_of_an_overdue_return_on(struct world *world, int day)
{
    door(world, on_day(world, day, 9, 0), false);
    world_tick(world, on_day(world, day, 11, 30));
    assert_finding(world, "overdue", LEVEL_YELLOW);
    uint8_t rarity = last_finding(world)->rarity;
    door(world, on_day(world, day, 11, 31), true);
    return rarity;
}

static void staying_long_is_less_rare_at_the_festival(void **state)
{
    struct world *world = *state;
    for (int day = FESTIVAL - 30; day < FESTIVAL - 3; day++)
        out(world, day, 60);
    uint8_t festival = rarity_of_an_overdue_return_on(world, FESTIVAL);
    assert_true(rarity_of_an_overdue_return_on(world, FESTIVAL + 16) > festival);
}

static void nights_of_the_festival_are_no_habit(void **state)
{
    struct world *world = *state;
    for (int day = FESTIVAL + 1; day < FESTIVAL + 6; day++) {
        door(world, on_day(world, day, 2, 0), false);
        door(world, on_day(world, day, 3, 0), true);
    }
    assert_int_equal(told(world, "night-outing"), 5);
}

/* From seven to that minute of the day: steps every so many minutes, a heartbeat every ten. */
static void band(struct world *world, int day, int to, int steps_every)
{
    for (int minute = 7 * 60; minute <= to; minute += 10)
        world_event(world, on_day(world, day, minute / 60, minute % 60), "wb-4",
                    (minute - 7 * 60) % steps_every == 0
                        ? "{\"activity\":{\"steps\":40}}"
                        : "{\"heartbeat\":{\"battery_percent\":80,\"worn\":true}}");
}

/* Pauses of 230 minutes at the festival would make the limit 287 instead of 240. */
static void lazy_days_at_the_festival_teach_no_pause(void **state)
{
    struct world *world = *state;
    for (int day = FESTIVAL - 13; day < FESTIVAL + 10; day++)
        band(world, day, 20 * 60, day >= FESTIVAL - 3 ? 230 : 60);
    assert_int_equal(count_findings(world, "no-motion", NULL), 0);
    band(world, FESTIVAL + 10, 11 * 60 + 30, 24 * 60);
    assert_int_equal(count_findings(world, "no-motion", "no-motion"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_third_of_an_hour_elsewhere_is_told_on_any_day_but_at_the_festival),
        TEST(at_the_festival_only_what_stands_out_is_told_and_no_place_is_learned),
        TEST(a_whole_hour_elsewhere_is_told_at_the_festival_too),
        TEST(a_fair_on_its_day_explains_itself),
        TEST(outings_of_the_festival_are_not_learned),
        TEST(never_back_at_the_festival_is_told),
        TEST(staying_long_is_less_rare_at_the_festival),
        TEST(lazy_days_at_the_festival_teach_no_pause),
        TEST(nights_of_the_festival_are_no_habit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
