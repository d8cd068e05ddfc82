/* swapped: the camera names one at home while that one's band is away and the other's at home. */
#include "world.h"

static int setup(void **state)
{
    struct world *world = world_new();
    world_event(world, at(world, 8, 30, 0), "wb-2a",
                "{\"heartbeat\":{\"battery_percent\":80,\"worn\":true}}");
    world_event(world, at(world, 8, 30, 0), "wb-2b",
                "{\"heartbeat\":{\"battery_percent\":80,\"worn\":true}}");
    world_event(world, at(world, 8, 31, 0), "wb-2b", "{\"presence\":{\"at_home\":true,\"source\":\"ble\"}}");
    *state = world;
    return 0;
}
static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* A fix of r-2a's band, so many metres north of home. */
static void band_at(struct world *world, int minute, double north_m)
{
    world_fix(world, at(world, 9, minute, 0), "wb-2a", 43.81 + north_m / 111195, 87.6, 10);
}

static void named(struct world *world, int minute, const char *who)
{
    char visit[20];
    snprintf(visit, sizeof visit, "v%d", minute);
    world_visit(world, at(world, 9, minute, 0), "cam-2", visit, "arrive", "indoors", who);
}

static void three_sightings_between_fixes_far_away_are_told_once_and_end_with_the_band(void **state)
{
    struct world *world = *state;
    for (int minute = 0; minute <= 30; minute += 10) {
        band_at(world, minute, 800);
        assert_int_equal(count_findings(world, "swapped", NULL), minute / 30);
        named(world, minute + 5, "resident:r-2a");
    }
    assert_finding(world, "swapped", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->subject.kind, SUBJECT_HOUSEHOLD);
    assert_true(last_finding(world)->numbers[0] == 3);
    assert_non_null(
        strstr(buf_text(&world->log), "Since 09:05 the camera has seen one resident at home 3 times"));
    band_at(world, 40, 800);
    band_at(world, 50, 5);
    assert_int_equal(count_findings(world, "swapped", "swapped"), 1);
    assert_int_equal(count_findings(world, "swapped", "swapped-over"), 1);
}

static void the_other_one_seen_at_home_as_well_is_no_swap(void **state)
{
    struct world *world = *state;
    for (int minute = 0; minute <= 50; minute += 10) {
        band_at(world, minute, 800);
        named(world, minute + 3, "resident:r-2a");
        if (minute == 20)
            named(world, minute + 5, "resident:r-2b");
    }
    assert_int_equal(count_findings(world, "swapped", "swapped"), 0);
}

static void coming_home_between_two_fixes_is_no_sighting(void **state)
{
    struct world *world = *state;
    for (int minute = 0; minute < 60; minute += 20) {
        band_at(world, minute, 800);
        named(world, minute + 9, "resident:r-2a");
        band_at(world, minute + 10, 20);
    }
    assert_int_equal(count_findings(world, "swapped", NULL), 0);
}

static void a_stroll_near_home_a_band_not_worn_or_nobody_s_name_tell_nothing(void **state)
{
    struct world *world = *state;
    for (int minute = 0; minute <= 50; minute += 10) {
        band_at(world, minute, 250);
        named(world, minute + 5, "resident:r-2a");
    }
    world_event(world, at(world, 10, 0, 0), "wb-2b",
                "{\"heartbeat\":{\"battery_percent\":80,\"worn\":false}}");
    for (int minute = 61; minute <= 111; minute += 10) {
        band_at(world, minute, 800);
        named(world, minute + 5, "resident:r-2a");
    }
    world_event(world, at(world, 11, 0, 0), "wb-2b",
                "{\"heartbeat\":{\"battery_percent\":80,\"worn\":true}}");
    for (int minute = 121; minute <= 171; minute += 10) {
        band_at(world, minute, 800);
        named(world, minute + 5, "resident");
    }
    assert_int_equal(count_findings(world, "swapped", NULL), 0);
}

static void both_bands_out_tell_nothing(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 8, 50, 0), "wb-2b", "{\"presence\":{\"at_home\":false,\"source\":\"ble\"}}");
    for (int minute = 0; minute <= 50; minute += 10) {
        band_at(world, minute, 800);
        named(world, minute + 5, "resident:r-2a");
    }
    assert_int_equal(count_findings(world, "swapped", NULL), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(three_sightings_between_fixes_far_away_are_told_once_and_end_with_the_band),
        T(the_other_one_seen_at_home_as_well_is_no_swap),
        T(coming_home_between_two_fixes_is_no_sighting),
        T(a_stroll_near_home_a_band_not_worn_or_nobody_s_name_tell_nothing),
        T(both_bands_out_tell_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
