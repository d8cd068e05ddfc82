/* zone-exit and flat. One degree of latitude is 111.2 km: 0.001 is 111 m. */
#include "world.h"

static int setup(void **state)
{
    *state = world_new();
    return 0;
}
static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* r-1 at `north_m` metres north of home, ten minutes apart. */
static void step(struct world *world, int *i, double north_m, double accuracy_m)
{
    world_fix(world, at(world, 9, 0, 0) + (int64_t)(*i)++ * 600000, "wb-1", 43.8 + north_m / 111195.0, 87.6,
              accuracy_m);
}

static void one_wild_fix_and_back_is_no_exit(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 700, 1.7);
    step(world, &i, 0, 10);
    step(world, &i, 0, 10);
    assert_int_equal(world->finding_count, 0);
}

static void two_fixes_in_a_row_are_an_exit_within_one_interval(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 700, 1.7);
    step(world, &i, 700, 1.7);
    assert_int_equal(count_findings(world, "zone-exit", "left-home-zone"), 1);
    assert_int_equal(count_findings(world, "zone-exit", "left-safe-zone"), 1);
    assert_finding(world, "left-safe-zone", LEVEL_YELLOW);
    const struct finding *finding = last_finding(world);
    assert_int_equal(finding->t_ms, at(world, 9, 20, 0));
    assert_int_equal(finding->evidence_count, 2);
    assert_true(finding->has_where);
    assert_true(finding->numbers[0] > 195 && finding->numbers[0] < 205);
    assert_string_equal(registry_zone(world->registry, finding->zone)->id, "z-safe-1");
    step(world, &i, 900, 10);
    assert_int_equal(world->finding_count, 2);
}

static void at_which_church_somebody_is_stands_in_no_finding(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 1501, 5);
    step(world, &i, 1501, 5);
    assert_finding(world, "left-safe-zone", LEVEL_YELLOW);
    assert_false(last_finding(world)->has_where);
    assert_true(last_finding(world)->where.lat == 0);
}

static void leaving_home_is_green_and_coming_back_clears(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 250, 10);
    step(world, &i, 250, 10);
    assert_finding(world, "left-home-zone", LEVEL_GREEN);
    step(world, &i, 0, 10);
    assert_finding(world, "back", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
}

static void back_in_the_safe_zone_but_not_home_lowers(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 700, 10);
    step(world, &i, 700, 10);
    step(world, &i, 300, 10);
    assert_finding(world, "still-out", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->flags, FINDING_LOWERS);
    world_event(world, at(world, 9, 0, 0) + i++ * 600000LL, "wb-1",
                "{\"presence\":{\"at_home\":true,\"source\":\"ble\"}}");
    assert_finding(world, "back", LEVEL_GREEN);
}

static void a_fix_within_its_accuracy_of_the_border_decides_nothing(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 540, 50); /* 40 m beyond, accurate to 50 */
    step(world, &i, 540, 50);
    step(world, &i, 540, 50);
    assert_int_equal(count_findings(world, "zone-exit", "left-safe-zone"), 0);
    step(world, &i, 700, 50);
    step(world, &i, 540, 50); /* neither confirms nor breaks the series */
    step(world, &i, 700, 50);
    assert_int_equal(count_findings(world, "zone-exit", "left-safe-zone"), 1);
    step(world, &i, 480, 50);
    assert_int_equal(last_finding(world)->flags, 0);
}

static void a_cell_fix_without_accuracy_is_good_for_a_kilometre_only(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    for (; i < 5; i++)
        world_event(world, at(world, 9, 0, 0) + i * 600000LL, "wb-1",
                    "{\"fix\":{\"lat\":43.81,\"lon\":87.6,\"source\":\"cell\",\"valid\":true}}");
    assert_int_equal(count_findings(world, "zone-exit", "left-safe-zone"), 0);
    for (; i < 9; i++)
        world_event(world, at(world, 9, 0, 0) + i * 600000LL, "wb-1",
                    "{\"fix\":{\"lat\":43.82,\"lon\":87.6,\"source\":\"cell\",\"valid\":true}}");
    assert_int_equal(count_findings(world, "zone-exit", "left-safe-zone"), 1);
}

static void one_fix_outside_and_then_silence_was_not_observed(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 700, 10);
    i += 3; /* the next comes 40 minutes later: more than three intervals */
    step(world, &i, 700, 10);
    assert_int_equal(world->finding_count, 0);
    step(world, &i, 700, 10);
    assert_int_equal(count_findings(world, "zone-exit", "left-safe-zone"), 1);
}

static void three_intervals_are_still_a_series(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 700, 10);
    i += 2;
    step(world, &i, 700, 10);
    assert_int_equal(count_findings(world, "zone-exit", "left-safe-zone"), 1);
}

static void an_impossible_leap_needs_one_more_fix(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 60000, 10); /* 60 km in ten minutes */
    step(world, &i, 60000, 10);
    assert_int_equal(world->finding_count, 0);
    step(world, &i, 60000, 10);
    assert_int_equal(count_findings(world, "zone-exit", "left-safe-zone"), 1);
}

static void an_exit_can_be_asked_to_last(void **state)
{
    struct world *world = *state;
    int i = 0;
    world->detect_settings.zone_exit_confirm_s = 1200;
    step(world, &i, 0, 10);
    step(world, &i, 700, 10);
    step(world, &i, 700, 10);
    assert_int_equal(world->finding_count, 0);
    step(world, &i, 700, 10);
    assert_int_equal(count_findings(world, "zone-exit", "left-safe-zone"), 1);
}

static void a_tagged_resident_s_exit_is_orange_and_from_home_yellow(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3; i++)
        world_fix(world, at(world, 9, 10 * i, 0), "wb-3", i ? 43.822 : 43.82, 87.6, 10);
    assert_finding(world, "left-home-zone", LEVEL_YELLOW);
    for (int i = 3; i < 5; i++)
        world_fix(world, at(world, 9, 10 * i, 0), "wb-3", 43.825, 87.6, 10);
    assert_finding(world, "left-safe-zone", LEVEL_ORANGE);
}

static void from_one_safe_zone_into_another_is_no_exit(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 4; i++)
        world_fix(world, at(world, 9, 10 * i, 0), "wb-2a", 43.81, i < 2 ? 87.60 : 87.62, 10);
    assert_int_equal(world->finding_count, 0);
    for (int i = 4; i < 6; i++)
        world_fix(world, at(world, 9, 10 * i, 0), "wb-2a", 43.81, 87.64, 10);
    assert_finding(world, "left-safe-zone", LEVEL_YELLOW);
}

static void a_zone_counts_only_on_its_calendar_s_days(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 4; i++) /* a Monday */
        world_fix(world, at(world, 9, 10 * i, 0), "wb-2b", 43.81, i ? 87.65 : 87.60, 10);
    assert_int_equal(world->finding_count, 0);
    for (int i = 0; i < 4; i++) /* Sunday, six days later */
        world_fix(world, at(world, 9 + 144, 10 * i, 0), "wb-2b", 43.81, i ? 87.65 : 87.60, 10);
    assert_finding(world, "left-safe-zone", LEVEL_YELLOW);
}

static void who_is_away_or_in_hospital_leaves_nothing(void **state)
{
    struct world *world = *state;
    int i = 0;
    live_set_status(world->live, resident(world, "r-1").no, STATUS_HOSPITAL, 0);
    step(world, &i, 0, 10);
    step(world, &i, 700, 10);
    step(world, &i, 700, 10);
    assert_int_equal(world->finding_count, 0);
}

static void becoming_away_while_out_clears(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    step(world, &i, 700, 10);
    step(world, &i, 700, 10);
    live_set_status(world->live, resident(world, "r-1").no, STATUS_AWAY, 0);
    step(world, &i, 700, 10);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
}

static void fixes_that_are_invalid_stale_or_nowhere_are_ignored(void **state)
{
    struct world *world = *state;
    int i = 0;
    step(world, &i, 0, 10);
    for (int j = 1; j < 4; j++) {
        world_event(world, at(world, 9, 10 + j, 0), "wb-1",
                    "{\"fix\":{\"lat\":0,\"lon\":0,\"accuracy_m\":5,\"valid\":true}}");
        world_event(world, at(world, 9, 10 + j, 30), "wb-1", "{\"fix\":{\"valid\":false}}");
    }
    world_late(world, at(world, 9, 20, 0), at(world, 8, 0, 0), "wb-1",
               "{\"fix\":{\"lat\":43.82,\"lon\":87.6,\"accuracy_m\":5}}");
    world_late(world, at(world, 9, 20, 1), at(world, 8, 10, 0), "wb-1",
               "{\"fix\":{\"lat\":43.82,\"lon\":87.6,\"accuracy_m\":5}}");
    /* Two fixes that share a moment cannot confirm each other. */
    world_event(world, at(world, 9, 30, 0), "wb-1",
                "{\"fix\":{\"lat\":43.82,\"lon\":87.6,\"accuracy_m\":5}}");
    world_event(world, at(world, 9, 30, 0), "wb-1",
                "{\"fix\":{\"lat\":43.82,\"lon\":87.6,\"accuracy_m\":5}}");
    assert_int_equal(world->finding_count, 0);
}

static void heartbeat(struct world *world, int minute, unsigned percent, bool charging)
{
    char json[100];
    snprintf(json, sizeof json, "{\"heartbeat\":{\"battery_percent\":%u,\"charging\":%s}}", percent,
             charging ? "true" : "false");
    world_event(world, at(world, 9, minute, 0), "wb-1", json);
}

static void a_battery_is_told_once_at_each_threshold(void **state)
{
    struct world *world = *state;
    heartbeat(world, 0, 16, false);
    assert_int_equal(world->finding_count, 0);
    heartbeat(world, 1, 15, false);
    assert_finding(world, "battery-low", LEVEL_GREEN);
    heartbeat(world, 2, 14, false);
    heartbeat(world, 3, 6, false);
    assert_int_equal(world->finding_count, 1);
    heartbeat(world, 4, 5, false);
    assert_finding(world, "battery-empty", LEVEL_YELLOW);
    heartbeat(world, 5, 3, false);
    heartbeat(world, 6, 7, false);
    assert_int_equal(world->finding_count, 2);
}

static void it_is_over_five_points_above_or_when_charging(void **state)
{
    struct world *world = *state;
    heartbeat(world, 0, 15, false);
    heartbeat(world, 1, 19, false);
    assert_int_equal(world->finding_count, 1);
    heartbeat(world, 2, 20, false);
    assert_finding(world, "battery-ok", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
    heartbeat(world, 3, 4, true);
    assert_int_equal(world->finding_count, 2);
    heartbeat(world, 4, 4, false);
    assert_finding(world, "battery-empty", LEVEL_YELLOW);
    heartbeat(world, 5, 4, true);
    assert_finding(world, "battery-ok", LEVEL_YELLOW);
    world_event(world, at(world, 9, 6, 0), "wb-1", "{\"heartbeat\":{\"charging\":false}}");
    assert_int_equal(world->finding_count, 4);
}

static void fade(struct world *world, int first_hour, int hours, double from, double per_hour)
{
    for (int i = 0; i <= hours * 2; i++) {
        char json[100];
        snprintf(json, sizeof json, "{\"heartbeat\":{\"battery_percent\":%u}}",
                 (unsigned)(from - per_hour * i / 2));
        world_event(world, at(world, first_hour, i * 30, 0), "wb-1", json);
    }
}

static const struct finding *last_of_flat(const struct world *world)
{
    const struct finding *found = NULL;
    for (unsigned i = 0; i < world->finding_count; i++)
        if (strcmp(detectors[world->findings[i].detector]->name, "flat") == 0)
            found = &world->findings[i];
    assert_non_null(found);
    return found;
}

static void empty_before_tomorrow_s_round_is_told_today_and_once(void **state)
{
    struct world *world = *state;
    /* 3 percent an hour from eight in the evening: known after six hours, at two in the morning; 82 percent
     * then last until five the next morning, four hours short of that day's round. */
    fade(world, 20, 25, 100, 3);
    assert_int_equal(count_findings(world, "flat", NULL), 1);
    assert_string_equal(finding_code(last_of_flat(world)), "battery-due");
    assert_int_equal(last_of_flat(world)->level, LEVEL_GREEN);
    struct civil local;
    clock_civil(world->tz, last_of_flat(world)->t_ms, &local);
    assert_int_equal(local.day, 3);
    assert_int_equal(local.hour, 2);
    /* It goes on as one: not told again at 15, raised at 5, and over when it is charged. */
    fade(world, 46, 3, 22, 3);
    assert_int_equal(count_findings(world, "flat", NULL), 1);
    fade(world, 50, 1, 5, 0);
    assert_string_equal(finding_code(last_of_flat(world)), "battery-empty");
    fade(world, 53, 0, 90, 0);
    assert_string_equal(finding_code(last_of_flat(world)), "battery-ok");
    assert_int_equal(last_of_flat(world)->level, LEVEL_YELLOW);
    assert_int_equal(count_findings(world, "flat", NULL), 3);
}

static void a_band_that_lasts_over_the_round_is_not_told(void **state)
{
    struct world *world = *state;
    fade(world, 8, 72, 100, 0.8);
    assert_int_equal(count_findings(world, "flat", NULL), 0);
}

static void readings_that_come_late_foretell_nothing(void **state)
{
    struct world *world = *state;
    for (int i = 0; i <= 40; i++) {
        char json[100];
        snprintf(json, sizeof json, "{\"heartbeat\":{\"battery_percent\":%d}}", 90 - i);
        world_late(world, at(world, 8, 0, i), at(world, -60, i * 30, 0), "wb-1", json);
    }
    assert_int_equal(count_findings(world, "flat", NULL), 0);
    /* The next one in time does. */
    world_event(world, at(world, 8, 1, 0), "wb-1", "{\"heartbeat\":{\"battery_percent\":30}}");
    assert_string_equal(finding_code(last_of_flat(world)), "battery-due");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_wild_fix_and_back_is_no_exit),
        TEST(two_fixes_in_a_row_are_an_exit_within_one_interval),
        TEST(at_which_church_somebody_is_stands_in_no_finding),
        TEST(leaving_home_is_green_and_coming_back_clears),
        TEST(back_in_the_safe_zone_but_not_home_lowers),
        TEST(a_fix_within_its_accuracy_of_the_border_decides_nothing),
        TEST(a_cell_fix_without_accuracy_is_good_for_a_kilometre_only),
        TEST(one_fix_outside_and_then_silence_was_not_observed),
        TEST(three_intervals_are_still_a_series),
        TEST(an_impossible_leap_needs_one_more_fix),
        TEST(an_exit_can_be_asked_to_last),
        TEST(a_tagged_resident_s_exit_is_orange_and_from_home_yellow),
        TEST(from_one_safe_zone_into_another_is_no_exit),
        TEST(a_zone_counts_only_on_its_calendar_s_days),
        TEST(who_is_away_or_in_hospital_leaves_nothing),
        TEST(becoming_away_while_out_clears),
        TEST(fixes_that_are_invalid_stale_or_nowhere_are_ignored),
        TEST(a_battery_is_told_once_at_each_threshold),
        TEST(it_is_over_five_points_above_or_when_charging),
        TEST(empty_before_tomorrow_s_round_is_told_today_and_once),
        TEST(a_band_that_lasts_over_the_round_is_not_told),
        TEST(readings_that_come_late_foretell_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
