/* forbidden-zone, risky-place, adopted-place, gathering, canvassing, wandering: where people are, and
 * together. */
#include "world.h"

#define DAY_MS        ((int64_t)24 * 3600 * 1000)
#define PRESENCE_HOME "{\"presence\":{\"at_home\":true,\"source\":\"door\"}}"
#define WITH_UNKNOWN  "{\"departure\":{\"with\":\"unknown\"}}"

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

/* The river lies between 43.7900 and 43.7905 north; wb-1 belongs to nobody's ward, wb-3's wearer wanders. */
static void inside_the_forbidden_zone_is_yellow_and_for_a_wanderer_orange(void **state)
{
    struct world *world = *state;
    world_fix(world, at(world, 9, 0, 0), "wb-1", 43.79025, 87.6, 40);
    assert_int_equal(count_findings(world, "forbidden-zone", NULL), 0); /* not sure, and the first */
    world_fix(world, at(world, 9, 1, 0), "wb-1", 43.79025, 87.6, 40);
    assert_finding(world, "forbidden", LEVEL_YELLOW);
    world_fix(world, at(world, 9, 2, 0), "wb-3", 43.79025, 87.62, 5);
    assert_finding(world, "forbidden", LEVEL_ORANGE);
    world_fix(world, at(world, 9, 3, 0), "wb-3", 43.7920, 87.62, 5);
    assert_finding(world, "forbidden-out", LEVEL_ORANGE);
    assert_true(last_finding(world)->flags & FINDING_CLEARS);
}

static void a_crossing_between_two_sparse_fixes_is_found(void **state)
{
    struct world *world = *state;
    world_fix(world, at(world, 9, 0, 0), "wb-1", 43.7950, 87.6, 10);
    world_fix(world, at(world, 9, 10, 0), "wb-1", 43.7850, 87.6, 10);
    assert_finding(world, "forbidden-crossed", LEVEL_GREEN);
    world_fix(world, at(world, 9, 20, 0), "wb-1", 43.7840, 87.6, 10);
    assert_finding(world, "forbidden-out", LEVEL_GREEN);
    world_fix(world, at(world, 9, 0, 0), "wb-3", 43.7950, 87.6, 10);
    world_fix(world, at(world, 9, 10, 0), "wb-3", 43.7850, 87.6, 10);
    assert_finding(world, "forbidden-crossed", LEVEL_YELLOW);
}

static void a_gap_of_an_hour_says_nothing_about_the_way(void **state)
{
    struct world *world = *state;
    world_fix(world, at(world, 9, 0, 0), "wb-1", 43.7950, 87.6, 10);
    world_fix(world, at(world, 10, 0, 0), "wb-1", 43.7850, 87.6, 10);
    assert_int_equal(count_findings(world, "forbidden-zone", NULL), 0);
}

static void staying_at_a_marked_venue_is_yellow_after_twenty_minutes(void **state)
{
    struct world *world = *state;
    world_fix(world, at(world, 9, 0, 0), "wb-1", 43.8050, 87.64, 10);
    world_fix(world, at(world, 9, 10, 0), "wb-1", 43.8050, 87.64, 10);
    assert_int_equal(count_findings(world, "risky-place", NULL), 0);
    world_fix(world, at(world, 9, 20, 0), "wb-1", 43.8050, 87.64, 10);
    assert_finding(world, "risky-place", LEVEL_YELLOW);
    world_fix(world, at(world, 9, 30, 0), "wb-1", 43.8080, 87.64, 10);
    assert_finding(world, "risky-place-left", LEVEL_YELLOW);
}

static void led_away_to_a_venue_is_orange_at_once(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 8, 50, 0), "cam-1", "v", "arrive", "doorstep", "unknown:s1");
    world_event(world, at(world, 8, 52, 0), "cam-1", WITH_UNKNOWN);
    world_fix(world, at(world, 9, 20, 0), "wb-1", 43.8050, 87.64, 10);
    assert_finding(world, "risky-place-led", LEVEL_ORANGE);
    assert_true(last_finding(world)->flags & FINDING_FUSED);
}

/* A month in which these go to the same square every morning. */
static void a_month(struct world *world, const char *const *bands, unsigned count)
{
    static const double home_lat[] = {43.80, 43.82, 43.81};
    for (int day = 0; day < 30; day++) {
        for (int fix = 0; fix < 3; fix++)
            for (unsigned i = 0; i < count; i++)
                world_fix(world, at(world, 9, 10 * fix, (int)i) + day * DAY_MS, bands[i], home_lat[i] + 0.004,
                          87.6 + 0.004 * i, 10);
        for (unsigned i = 0; i < count; i++)
            world_event(world, at(world, 11, 0, (int)i) + day * DAY_MS, bands[i], PRESENCE_HOME);
    }
}

/* Presence holds against fixes for twelve hours; a door says when somebody goes. */
static void stay(struct world *world, int64_t from_ms, const char *band, double lat, double lon, int minutes)
{
    world_event(world, from_ms - 60000, band, "{\"presence\":{\"at_home\":false,\"source\":\"door\"}}");
    for (int minute = 0; minute <= minutes; minute += 10)
        world_fix(world, from_ms + minute * 60000, band, lat, lon, 10);
}

static unsigned told(const struct world *world, const char *code)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->finding_count; i++)
        count += strcmp(finding_code(&world->findings[i]), code) == 0;
    return count;
}

static void a_new_place_four_times_in_ten_days_is_told(void **state)
{
    struct world *world = *state;
    static const char *const bands[] = {"wb-1"};
    a_month(world, bands, 1);
    for (int day = 31; day < 37; day += 2) {
        stay(world, at(world, 14, 0, 0) + day * DAY_MS, "wb-1", 43.83, 87.65, 60);
        world_event(world, at(world, 16, 0, 0) + day * DAY_MS, "wb-1", PRESENCE_HOME);
    }
    assert_int_equal(told(world, "adopted-place"), 0);
    stay(world, at(world, 14, 40, 0) + 37 * DAY_MS, "wb-1", 43.83, 87.65, 60);
    assert_int_equal(told(world, "adopted-place"), 1);
    world_event(world, at(world, 16, 0, 0) + 37 * DAY_MS, "wb-1", PRESENCE_HOME);
    assert_int_equal(told(world, "adopted-place-left"), 1);
}

static void at_other_hours_or_at_the_old_square_it_is_not(void **state)
{
    struct world *world = *state;
    static const char *const bands[] = {"wb-1"};
    a_month(world, bands, 1);
    for (int day = 31; day < 37; day++) {
        stay(world, at(world, 7 + 3 * (day % 4), 0, 0) + day * DAY_MS, "wb-1", 43.83, 87.65, 40);
        stay(world, at(world, 20, 0, 0) + day * DAY_MS, "wb-1", 43.804, 87.6, 40);
        world_event(world, at(world, 22, 0, 0) + day * DAY_MS, "wb-1", PRESENCE_HOME);
    }
    assert_int_equal(told(world, "adopted-place"), 0);
}

static void three_homes_at_a_new_place_are_a_gathering_of_the_town(void **state)
{
    struct world *world = *state;
    static const char *const bands[] = {"wb-1", "wb-3", "wb-2a"};
    a_month(world, bands, 3);
    stay(world, at(world, 14, 0, 0) + 31 * DAY_MS, "wb-1", 43.84, 87.66, 0);
    stay(world, at(world, 14, 0, 1) + 31 * DAY_MS, "wb-3", 43.84, 87.6601, 0);
    stay(world, at(world, 14, 0, 2) + 31 * DAY_MS, "wb-2a", 43.8401, 87.66, 0);
    for (int minute = 10; minute <= 60; minute += 10)
        for (unsigned i = 0; i < 3; i++)
            world_fix(world, at(world, 14, minute, (int)i) + 31 * DAY_MS, bands[i], 43.84, 87.66, 10);
    assert_int_equal(told(world, "gathering"), 1);
    const struct finding *finding = NULL;
    for (unsigned i = 0; i < world->finding_count; i++)
        if (strcmp(finding_code(&world->findings[i]), "gathering") == 0)
            finding = &world->findings[i];
    assert_string_equal(registry_subject_id(world->registry, finding->subject), "654321100");
    assert_int_equal(finding->resident, REGISTRY_NONE);
    assert_true(finding->numbers[0] == 3);
    world_tick(world, at(world, 18, 0, 0) + 31 * DAY_MS);
    assert_int_equal(told(world, "gathering-over"), 1);
}

static void two_homes_are_one_only_when_they_come_again(void **state)
{
    struct world *world = *state;
    static const char *const bands[] = {"wb-1", "wb-3"};
    a_month(world, bands, 2);
    for (int day = 31; day < 34; day++) {
        for (unsigned i = 0; i < 2; i++)
            stay(world, at(world, 14, 0, (int)i) + day * DAY_MS, bands[i], 43.84, 87.66, 0);
        for (int minute = 10; minute <= 60; minute += 10)
            for (unsigned i = 0; i < 2; i++)
                world_fix(world, at(world, 14, minute, (int)i) + day * DAY_MS, bands[i], 43.84, 87.66, 10);
        for (unsigned i = 0; i < 2; i++)
            world_event(world, at(world, 17, 0, (int)i) + day * DAY_MS, bands[i], PRESENCE_HOME);
        assert_int_equal(told(world, "gathering-again"), day - 31);
    }
    assert_int_equal(told(world, "gathering"), 0);
}

static void who_went_there_for_ever_makes_it_no_gathering(void **state)
{
    struct world *world = *state;
    static const char *const bands[] = {"wb-1", "wb-3"};
    a_month(world, bands, 2);
    /* The others' square is new to r-1 alone. */
    for (int day = 31; day < 34; day++) {
        stay(world, at(world, 9, 0, 0) + day * DAY_MS, "wb-1", 43.824, 87.604, 60);
        stay(world, at(world, 10, 1, 0) + day * DAY_MS, "wb-3", 43.824, 87.604, 60);
    }
    assert_int_equal(told(world, "gathering") + told(world, "gathering-again"), 0);
}

static void strangers_indoors_in_many_homes_of_a_village_are_canvassing(void **state)
{
    struct world *world = *state;
    static const char *const cameras[] = {"cam-1", "cam-2", "cam-4"};
    char visit[20];
    /* A quiet month first: one such visit a week. */
    for (int day = 0; day < 28; day += 7) {
        snprintf(visit, sizeof visit, "q%d", day);
        world_visit(world, at(world, 9, 0, 0) + day * DAY_MS, "cam-1", visit, "arrive", "indoors",
                    "unknown:n");
        world_visit(world, at(world, 9, 5, 0) + day * DAY_MS, "cam-1", visit, "leave", "indoors",
                    "unknown:n");
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(count_findings(world, "canvassing", NULL), 0);
        snprintf(visit, sizeof visit, "c%u", i);
        world_visit(world, at(world, 9, 20 * (int)i, 0) + 28 * DAY_MS, cameras[i], visit, "arrive", "indoors",
                    "unknown:x");
        world_visit(world, at(world, 9, 20 * (int)i + 8, 0) + 28 * DAY_MS, cameras[i], visit, "leave",
                    "indoors", "unknown:x");
    }
    assert_int_equal(count_findings(world, "canvassing", "canvassing"), 1);
    world_tick(world, at(world, 16, 0, 0) + 28 * DAY_MS);
    assert_int_equal(count_findings(world, "canvassing", "canvassing-over"), 1);
}

static void neighbours_seen_before_are_not_canvassing(void **state)
{
    struct world *world = *state;
    static const char *const cameras[] = {"cam-1", "cam-2", "cam-4"};
    char visit[20];
    for (int day = 0; day < 29; day += 28)
        for (unsigned i = 0; i < 3; i++) {
            snprintf(visit, sizeof visit, "n%d-%u", day, i);
            world_visit(world, at(world, 9 + (day ? 0 : 5 * (int)i), 20 * (int)i, 0) + day * DAY_MS,
                        cameras[i], visit, "arrive", "indoors", "unknown:n");
            world_visit(world, at(world, 9 + (day ? 0 : 5 * (int)i), 20 * (int)i + 8, 0) + day * DAY_MS,
                        cameras[i], visit, "leave", "indoors", "unknown:n");
        }
    assert_int_equal(count_findings(world, "canvassing", NULL), 0);
}

static void a_courier_at_every_door_is_not(void **state)
{
    struct world *world = *state;
    static const char *const cameras[] = {"cam-1", "cam-2", "cam-4"};
    char visit[20];
    for (unsigned i = 0; i < 9; i++) {
        snprintf(visit, sizeof visit, "c%u", i);
        world_visit(world, at(world, 9, 10 * (int)i, 0), cameras[i % 3], visit, "arrive", "doorstep",
                    "unknown:x");
        world_visit(world, at(world, 9, 10 * (int)i + 1, 0), cameras[i % 3], visit, "leave", "doorstep",
                    "unknown:x");
    }
    assert_int_equal(count_findings(world, "canvassing", NULL), 0);
}

/* One lap of a square of 80 m in 8 fixes, a minute apart. */
static int64_t lap(struct world *world, int64_t t_ms, const char *band, double lat, double lon)
{
    static const double square[8][2] = {{0, 0}, {0, 0.5}, {0, 1}, {0.5, 1},
                                        {1, 1}, {1, 0.5}, {1, 0}, {0.5, 0}};
    for (int i = 0; i < 8; i++, t_ms += 60000)
        world_fix(world, t_ms, band, lat + square[i][0] * 0.00072, lon + square[i][1] * 0.001, 8);
    return t_ms;
}

static void a_wanderer_going_round_off_the_routine_is_orange(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 9, 0, 0);
    t_ms = lap(world, t_ms, "wb-3", 43.83, 87.62);
    t_ms = lap(world, t_ms, "wb-3", 43.83, 87.62);
    assert_int_equal(count_findings(world, "wandering", NULL), 0);
    t_ms = lap(world, t_ms, "wb-3", 43.83, 87.62);
    assert_int_equal(count_findings(world, "wandering", "wandering"), 1);
    world_event(world, t_ms, "wb-3", PRESENCE_HOME);
    assert_int_equal(count_findings(world, "wandering", "wandering-over"), 1);
}

static void nobody_else_is_watched_and_a_straight_way_is_no_loop(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 9, 0, 0);
    for (int i = 0; i < 4; i++)
        t_ms = lap(world, t_ms, "wb-1", 43.83, 87.62);
    for (int i = 0; i < 40; i++)
        world_fix(world, at(world, 11, i, 0), "wb-3", 43.83 + i * 0.0006, 87.62, 8);
    assert_int_equal(count_findings(world, "wandering", NULL), 0);
}

static void the_usual_round_is_no_wandering(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 30; day++) {
        int64_t t_ms = at(world, 9, 0, 0) + day * DAY_MS;
        for (int i = 0; i < 4; i++)
            t_ms = lap(world, t_ms, "wb-3", 43.83, 87.62);
    }
    world->finding_count = 0;
    for (int day = 30; day < 33; day++) {
        int64_t t_ms = at(world, 9, 0, 0) + day * DAY_MS;
        for (int i = 0; i < 4; i++)
            t_ms = lap(world, t_ms, "wb-3", 43.83, 87.62);
    }
    assert_int_equal(count_findings(world, "wandering", "wandering"), 0);
}

static void sitting_still_with_a_jittery_receiver_is_no_wandering(void **state)
{
    struct world *world = *state;
    static const double spots[5][2] = {
        {0, 0}, {0.00022, 0.0001}, {-0.0001, 0.00025}, {0.0001, -0.00028}, {-0.0002, -0.0001}};
    for (int i = 0; i < 60; i++)
        world_fix(world, at(world, 9, i, 0), "wb-3", 43.83 + spots[i * 7 % 5][0], 87.62 + spots[i * 3 % 5][1],
                  12);
    assert_int_equal(count_findings(world, "wandering", NULL), 0);
}

static void up_and_down_is_pacing(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++)
        world_fix(world, at(world, 9, i, 0), "wb-3", 43.83 + (i % 2 ? 0.0009 : 0), 87.62 + i * 0.0001, 8);
    assert_int_equal(count_findings(world, "wandering", NULL), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(inside_the_forbidden_zone_is_yellow_and_for_a_wanderer_orange),
        T(a_crossing_between_two_sparse_fixes_is_found),
        T(a_gap_of_an_hour_says_nothing_about_the_way),
        T(staying_at_a_marked_venue_is_yellow_after_twenty_minutes),
        T(led_away_to_a_venue_is_orange_at_once),
        T(a_new_place_four_times_in_ten_days_is_told),
        T(at_other_hours_or_at_the_old_square_it_is_not),
        T(three_homes_at_a_new_place_are_a_gathering_of_the_town),
        T(two_homes_are_one_only_when_they_come_again),
        T(who_went_there_for_ever_makes_it_no_gathering),
        T(strangers_indoors_in_many_homes_of_a_village_are_canvassing),
        T(neighbours_seen_before_are_not_canvassing),
        T(a_courier_at_every_door_is_not),
        T(a_wanderer_going_round_off_the_routine_is_orange),
        T(nobody_else_is_watched_and_a_straight_way_is_no_loop),
        T(the_usual_round_is_no_wandering),
        T(up_and_down_is_pacing),
        T(sitting_still_with_a_jittery_receiver_is_no_wandering),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
