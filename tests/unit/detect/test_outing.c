/* unusual-outing, overdue-return, night-outing. The resident is r-4, who lives at 43.83/87.6 and has no
 * zones. */
#include "world.h"

#include "detect/detect_inner.h"
#include "detect/unusual_outing.h"

#define DAY_MS ((int64_t)86400000)

static int setup(void **state)
{
    struct world *world = world_new();
    world->records = true;
    *state = world;
    return 0;
}
static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static int64_t on_day(const struct world *world, int day, int hour, int minute)
{
    return at(world, hour, minute, 0) + day * DAY_MS;
}

static void fix(struct world *world, int64_t t_ms, double north_m)
{
    world_fix(world, t_ms, "wb-4", 43.83 + north_m / 111195.0, 87.6, 10);
}

static void door(struct world *world, int64_t t_ms, bool at_home)
{
    world_event(world, t_ms, "wb-4",
                at_home ? "{\"presence\":{\"at_home\":true,\"source\":\"door\"}}"
                        : "{\"presence\":{\"at_home\":false,\"source\":\"door\"}}");
}

/* At home at nine, at the market 600 m off from ten to eleven. Forgets what earlier days said. */
static void ordinary_day(struct world *world, int day)
{
    world->finding_count = 0;
    fix(world, on_day(world, day, 9, 0), 0);
    for (int minute = 0; minute < 60; minute += 10)
        fix(world, on_day(world, day, 10, minute), 600);
    fix(world, on_day(world, day, 11, 0), 0);
}

static unsigned told(const struct world *world, const char *detector)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->finding_count; i++) {
        const struct finding *finding = &world->findings[i];
        count += strcmp(detectors[finding->detector]->name, detector) == 0 &&
                 finding->level >= LEVEL_YELLOW && !(finding->flags & FINDING_CLEARS);
    }
    return count;
}

static void elsewhere(struct world *world, int day)
{
    world->finding_count = 0;
    for (int minute = 0; minute < 60; minute += 10)
        fix(world, on_day(world, day, 14, minute), 9000 + 400 * minute);
}

static void a_day_elsewhere_is_told_once_the_routine_is_known(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++) {
        ordinary_day(world, day);
        assert_int_equal(told(world, "unusual-outing"), 0);
    }
    elsewhere(world, 35);
    assert_true(told(world, "unusual-outing") > 0);
    assert_int_equal(count_findings(world, "unusual-outing", "day-out"),
                     1); /* its first fix, before it was sure */
    const struct finding *finding = last_finding(world);
    struct buf text;
    buf_init(&text, 1000);
    finding_sentence(finding, world->registry, world->tz, false, &text);
    assert_non_null(strstr(buf_text(&text), "Off the routine since 14:00: 100 % of today's positions"));
    assert_non_null(strstr(buf_text(&text), "0 of the last 7 days were as unusual"));
    buf_release(&text);
    assert_true(finding->has_where);
    fix(world, on_day(world, 35, 16, 0), 0);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-over"), 1);
    ordinary_day(world, 36);
    assert_int_equal(told(world, "unusual-outing"), 0);
}

static void an_unusual_day_that_ends_elsewhere_is_over_with_the_next(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    elsewhere(world, 35);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-day-over"), 0);
    elsewhere(world, 36);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-day-over"), 1);
    for (unsigned i = 0; i < world->finding_count; i++) {
        const struct finding *finding = &world->findings[i];
        if (strcmp(finding_code(finding), "off-routine-day-over") == 0)
            assert_true(finding->flags & FINDING_CLEARS);
    }
}

static void before_the_routine_is_known_a_day_elsewhere_is_only_recorded(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 20; day++)
        ordinary_day(world, day);
    elsewhere(world, 20);
    assert_int_equal(told(world, "unusual-outing"), 0);
    assert_finding(world, "day-out", LEVEL_GREEN);
    assert_true(last_finding(world)->flags & FINDING_RECORD);
    assert_true(last_finding(world)->score > 0.6);
}

static void the_same_place_at_another_hour_is_more_unusual(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 30; day++)
        ordinary_day(world, day);
    ordinary_day(world, 30);
    double usual = last_finding(world)->score;
    world->finding_count = 0;
    for (int minute = 0; minute < 60; minute += 10)
        fix(world, on_day(world, 31, 19, minute), 600);
    assert_true(last_finding(world)->score > usual + 0.2);
}

static void a_day_in_hospital_is_neither_judged_nor_learned(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    live_set_status(world->live, resident(world, "r-4").no, STATUS_HOSPITAL, 0);
    elsewhere(world, 35);
    assert_int_equal(count_findings(world, "unusual-outing", NULL), 0);
    live_set_status(world->live, resident(world, "r-4").no, STATUS_ACTIVE, 0);
    elsewhere(world, 36);
    assert_true(told(world, "unusual-outing") > 0);
}

static void coming_home_a_few_minutes_after_the_last_fix_is_over(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    elsewhere(world, 35);
    assert_true(told(world, "unusual-outing") > 0);
    fix(world, on_day(world, 35, 14, 54), 0); /* the last one that was looked at was at 14:50 */
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-over"), 1);
}

static void going_to_hospital_ends_what_was_told(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    elsewhere(world, 35);
    live_set_status(world->live, resident(world, "r-4").no, STATUS_HOSPITAL, 0);
    fix(world, on_day(world, 35, 15, 10), 9000);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-no-matter"), 1);
    fix(world, on_day(world, 35, 15, 20), 9000);
    assert_int_equal(count_findings(world, "unusual-outing", "off-routine-no-matter"), 1);
}

static double novelty(struct world *world, double north_m, int64_t at_ms)
{
    const struct detect_context context = {.registry = world->registry, .live = world->live, .tz = world->tz};
    const struct geo_point p = {.lat = 43.83 + north_m / 111195.0, .lon = 87.6};
    const void *state = state_at(world->detect, detector_find("unusual-outing"), resident(world, "r-4").no);
    return unusual_outing_novelty(&context, state, p, at_ms);
}

static void a_day_that_was_told_is_learned_at_a_quarter(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 35; day++)
        ordinary_day(world, day);
    world->finding_count = 0;
    for (int i = 0; i < 4; i++)
        fix(world, on_day(world, 35, 14, 10 * i), 9000);
    assert_true(told(world, "unusual-outing") > 0);
    ordinary_day(world, 36);
    /* Four fixes at a quarter are one visit: 1/(1 + 1), not 1/(1 + 4). */
    double seen = novelty(world, 9000, on_day(world, 36, 14, 0));
    assert_true(seen > 0.45 && seen < 0.55);
}

static void a_fix_too_vague_for_a_place_says_nothing(void **state)
{
    struct world *world = *state;
    world_fix(world, on_day(world, 0, 9, 0), "wb-4", 43.9, 87.6, 501);
    assert_int_equal(count_findings(world, "unusual-outing", NULL), 0);
    world_fix(world, on_day(world, 0, 9, 1), "wb-4", 43.9, 87.6, 500);
    assert_int_equal(count_findings(world, "unusual-outing", NULL), 1);
}

/* Out from nine to ten on `days` days. */
static void hour_out(struct world *world, int days)
{
    for (int day = 0; day < days; day++) {
        door(world, on_day(world, day, 9, 0), false);
        door(world, on_day(world, day, 10, 0), true);
    }
    assert_int_equal(told(world, "overdue-return"), 0);
}

static void not_back_an_hour_after_the_usual_time_is_yellow_then_orange(void **state)
{
    struct world *world = *state;
    hour_out(world, 10);
    door(world, on_day(world, 10, 9, 0), false);
    world_tick(world, on_day(world, 10, 11, 0) - 1);
    assert_int_equal(told(world, "overdue-return"), 0);
    world_tick(world, on_day(world, 10, 11, 0));
    assert_finding(world, "overdue", LEVEL_YELLOW);
    struct buf text;
    buf_init(&text, 1000);
    finding_sentence(last_finding(world), world->registry, world->tz, false, &text);
    assert_string_equal(buf_text(&text),
                        "Left at 09:00 and not back; usually back by 10:00 (10 earlier outings at "
                        "this time of day)");
    buf_release(&text);
    world_tick(world, on_day(world, 10, 16, 0) - 1);
    assert_int_equal(told(world, "overdue-return"), 1);
    world_tick(world, on_day(world, 10, 16, 0));
    assert_finding(world, "overdue-long", LEVEL_ORANGE);
    door(world, on_day(world, 10, 17, 0), true);
    assert_finding(world, "overdue-back", LEVEL_ORANGE);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
    world_tick(world, on_day(world, 12, 0, 0));
    assert_int_equal(told(world, "overdue-return"), 2);
}

static void of_a_stranger_to_us_six_hours_are_usual(void **state)
{
    struct world *world = *state;
    hour_out(world, 5);
    door(world, on_day(world, 5, 9, 0), false);
    world_tick(world, on_day(world, 5, 16, 30) - 1);
    assert_int_equal(told(world, "overdue-return"), 0);
    world_tick(world, on_day(world, 5, 16, 30));
    assert_finding(world, "overdue", LEVEL_YELLOW);
}

static void at_a_new_hour_all_outings_say_what_is_usual(void **state)
{
    struct world *world = *state;
    hour_out(world, 20);
    door(world, on_day(world, 20, 15, 0), false);
    world_tick(world, on_day(world, 20, 17, 0) - 1);
    assert_int_equal(told(world, "overdue-return"), 0);
    world_tick(world, on_day(world, 20, 17, 0));
    assert_finding(world, "overdue", LEVEL_YELLOW);
}

static void an_overdue_outing_teaches_its_limit_only(void **state)
{
    struct world *world = *state;
    hour_out(world, 10);
    door(world, on_day(world, 10, 9, 0), false);
    door(world, on_day(world, 11, 9, 0), true);
    world->finding_count = 0;
    door(world, on_day(world, 12, 9, 0), false);
    world_tick(world, on_day(world, 12, 12, 0)); /* usual is now two hours, the limit three */
    assert_finding(world, "overdue", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->t_ms, on_day(world, 12, 12, 0));
}

static void who_is_away_is_not_overdue(void **state)
{
    struct world *world = *state;
    hour_out(world, 10);
    door(world, on_day(world, 10, 9, 0), false);
    live_set_status(world->live, resident(world, "r-4").no, STATUS_AWAY, 0);
    world_tick(world, on_day(world, 13, 0, 0));
    assert_int_equal(told(world, "overdue-return"), 0);
}

static void leaving_at_two_at_night_is_told_at_once(void **state)
{
    struct world *world = *state;
    door(world, on_day(world, 1, 2, 0), false);
    assert_finding(world, "night-outing", LEVEL_YELLOW);
    door(world, on_day(world, 1, 2, 15), true);
    assert_finding(world, "night-outing-over", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
    door(world, on_day(world, 1, 9, 0), false);
    assert_int_equal(told(world, "night-outing"), 1);
}

static void one_wild_fix_at_night_wakes_nobody(void **state)
{
    struct world *world = *state;
    fix(world, on_day(world, 1, 2, 0), 0);
    fix(world, on_day(world, 1, 2, 10), 700);
    fix(world, on_day(world, 1, 2, 20), 0);
    assert_int_equal(told(world, "night-outing"), 0);
    fix(world, on_day(world, 1, 2, 30), 700);
    fix(world, on_day(world, 1, 2, 40), 700);
    assert_int_equal(told(world, "night-outing"), 1);
}

static void fixes_of_the_same_minute_are_one_word(void **state)
{
    struct world *world = *state;
    int64_t left_ms = on_day(world, 1, 2, 0);
    fix(world, left_ms, 700);
    fix(world, left_ms + 1000, 700);
    fix(world, left_ms + 59999, 700);
    assert_int_equal(told(world, "night-outing"), 0);
    fix(world, left_ms + 60000, 700);
    assert_int_equal(told(world, "night-outing"), 1);
}

static void an_early_walk_that_is_a_habit_is_not_night(void **state)
{
    struct world *world = *state;
    for (int day = 1; day <= 4; day++) {
        world->finding_count = 0;
        door(world, on_day(world, day, 5, 30), false);
        door(world, on_day(world, day, 6, 10), true);
        assert_int_equal(told(world, "night-outing"), day <= 3);
    }
    world->finding_count = 0;
    door(world, on_day(world, 5, 3, 0), false); /* but three o'clock still is */
    assert_int_equal(told(world, "night-outing"), 1);
}

static void a_habit_of_last_season_is_forgotten(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 5; day++) {
        door(world, on_day(world, day, 3, 30), false);
        door(world, on_day(world, day, 4, 30), true);
    }
    world->finding_count = 0;
    door(world, on_day(world, 6, 3, 30), false);
    assert_int_equal(told(world, "night-outing"), 0);
    door(world, on_day(world, 6, 4, 30), true);
    door(world, on_day(world, 70, 3, 30), false);
    assert_int_equal(told(world, "night-outing"), 1);
}

/* In Xinjiang the sun keeps its own time: at 21:30 by Peking it is dark in March and light in June. */
static void night_is_the_sun_s(void **state)
{
    struct world *world = *state;
    door(world, on_day(world, 1, 21, 30), false);
    assert_int_equal(told(world, "night-outing"), 1);
    door(world, on_day(world, 1, 22, 0), true);
    door(world, on_day(world, 111, 21, 30), false);
    assert_int_equal(told(world, "night-outing"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_day_elsewhere_is_told_once_the_routine_is_known),
        TEST(an_unusual_day_that_ends_elsewhere_is_over_with_the_next),
        TEST(before_the_routine_is_known_a_day_elsewhere_is_only_recorded),
        TEST(the_same_place_at_another_hour_is_more_unusual),
        TEST(a_day_in_hospital_is_neither_judged_nor_learned),
        TEST(coming_home_a_few_minutes_after_the_last_fix_is_over),
        TEST(going_to_hospital_ends_what_was_told),
        TEST(a_day_that_was_told_is_learned_at_a_quarter),
        TEST(a_habit_of_last_season_is_forgotten),
        TEST(a_fix_too_vague_for_a_place_says_nothing),
        TEST(not_back_an_hour_after_the_usual_time_is_yellow_then_orange),
        TEST(of_a_stranger_to_us_six_hours_are_usual),
        TEST(at_a_new_hour_all_outings_say_what_is_usual),
        TEST(an_overdue_outing_teaches_its_limit_only),
        TEST(who_is_away_is_not_overdue),
        TEST(leaving_at_two_at_night_is_told_at_once),
        TEST(one_wild_fix_at_night_wakes_nobody),
        TEST(fixes_of_the_same_minute_are_one_word),
        TEST(an_early_walk_that_is_a_habit_is_not_night),
        TEST(night_is_the_sun_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
