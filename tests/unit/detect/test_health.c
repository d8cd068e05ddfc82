/* vitals, no-motion, check-in-missed. */
#include "world.h"

#define DAY_MS   ((int64_t)24 * 3600 * 1000)
#define STEPS    "{\"activity\":{\"steps\":40}}"
#define CHECKED  "{\"check_in\":{}}"
#define MAINS    "{\"heartbeat\":{\"charging\":true}}"
#define NO_STEPS "{\"activity\":{\"steps\":0}}"
#define RESIDENT_SEEN                                                                                        \
    "{\"visit\":{\"visit_id\":\"r\",\"phase\":\"arrive\",\"place\":\"indoors\",\"people\":[{\"class\":"      \
    "\"resident\",\"confidence\":0.9,\"face_seen\":true}]}}"

static int setup(void **state)
{
    *state = world_new();
    ((struct world *)*state)->detect_settings.silent_s = 86400;
    return 0;
}
static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

static void pulse(struct world *world, int64_t t_ms, int bpm)
{
    char json[100];
    snprintf(json, sizeof json, "{\"vitals\":{\"heart_rate_bpm\":%d}}", bpm);
    world_event(world, t_ms, "wb-1", json);
}

static void a_fast_pulse_for_ten_minutes_is_yellow_and_a_racing_one_orange(void **state)
{
    struct world *world = *state;
    pulse(world, at(world, 9, 0, 0), 130);
    pulse(world, at(world, 9, 5, 0), 131);
    assert_int_equal(world->finding_count, 0);
    pulse(world, at(world, 9, 10, 0), 129);
    assert_finding(world, "heart-rate", LEVEL_YELLOW);
    assert_true(last_finding(world)->numbers[0] == 129 && last_finding(world)->numbers[2] == 600);
    pulse(world, at(world, 9, 15, 0), 150);
    assert_finding(world, "heart-rate", LEVEL_ORANGE);
    for (int i = 0; i < 3; i++)
        pulse(world, at(world, 9, 20 + 5 * i, 0), 80);
    assert_finding(world, "vitals-over", LEVEL_ORANGE);
    assert_int_equal(world->finding_count, 3);
}

static void wild_readings_between_good_ones_are_nothing(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++)
        pulse(world, at(world, 9, 3 * i, 0), i % 3 ? 180 : 75);
    assert_int_equal(world->finding_count, 0);
}

static void three_in_one_minute_are_not_sustained(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 4; i++)
        pulse(world, at(world, 9, 0, 15 * i), 130);
    assert_int_equal(world->finding_count, 0);
}

static void a_person_s_own_bounds_are_learned(void **state)
{
    struct world *world = *state;
    /* 118 is told for nobody before anything is known … */
    for (int i = 0; i < 3; i++)
        pulse(world, at(world, 8, 5 * i, 0), 118);
    assert_int_equal(world->finding_count, 0);
    /* … and is for somebody whose pulse is 62 to 66 all day. */
    for (int i = 0; i < 60; i++)
        pulse(world, at(world, 10, 5 * i, 0), 62 + i % 5);
    for (int i = 0; i < 3; i++)
        pulse(world, at(world, 16, 5 * i, 0), 118);
    assert_finding(world, "heart-rate", LEVEL_YELLOW);
    assert_true(last_finding(world)->numbers[1] > 60 && last_finding(world)->numbers[1] < 72);
}

static void a_very_regular_person_may_climb_stairs(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 60; i++)
        pulse(world, at(world, 8, 5 * i, 0), 64);
    for (int i = 0; i < 4; i++)
        pulse(world, at(world, 16, 5 * i, 0), 100);
    assert_int_equal(world->finding_count, 0);
}

static void two_measures_end_one_by_one(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3; i++)
        world_event(world, at(world, 9, 5 * i, 0), "wb-1",
                    "{\"vitals\":{\"heart_rate_bpm\":150,\"spo2_percent\":88}}");
    assert_int_equal(world->finding_count, 2);
    for (int i = 0; i < 3; i++)
        world_event(world, at(world, 9, 30 + 5 * i, 0), "wb-1",
                    "{\"vitals\":{\"heart_rate_bpm\":80,\"spo2_percent\":88}}");
    assert_finding(world, "vitals-better", LEVEL_YELLOW);
    assert_true(last_finding(world)->flags & FINDING_LOWERS);
}

static void a_band_on_the_table_and_a_patient_in_hospital_are_not_read(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 8, 59, 0), "wb-1", "{\"heartbeat\":{\"worn\":false}}");
    for (int i = 0; i < 4; i++)
        pulse(world, at(world, 9, 5 * i, 0), 150);
    world_event(world, at(world, 9, 30, 0), "wb-1", "{\"heartbeat\":{\"worn\":true}}");
    live_set_status(world->live, resident(world, "r-1").no, STATUS_HOSPITAL, 0);
    for (int i = 0; i < 4; i++)
        pulse(world, at(world, 10, 5 * i, 0), 150);
    assert_int_equal(count_findings(world, "vitals", NULL), 0);
}

/* So many days with steps every hour from 7 to 20 and a heartbeat beside each. */
static void ordinary_days(struct world *world, int days)
{
    for (int day = 0; day < days; day++) {
        for (int hour = 7; hour <= 20; hour++) {
            world_event(world, at(world, hour, 10, 0) + day * DAY_MS, "wb-1", STEPS);
            world_event(world, at(world, hour, 40, 0) + day * DAY_MS, "wb-1",
                        "{\"heartbeat\":{\"battery_percent\":80,\"worn\":true}}");
        }
    }
}

static void quiet_hours_of(struct world *world, int day, int from_hour, int to_hour)
{
    for (int hour = from_hour; hour <= to_hour; hour++)
        world_event(world, at(world, hour, 40, 0) + day * DAY_MS, "wb-1",
                    "{\"heartbeat\":{\"battery_percent\":80,\"worn\":true}}");
}

static void four_waking_hours_without_a_sign_are_yellow_and_eight_orange(void **state)
{
    struct world *world = *state;
    ordinary_days(world, 10);
    assert_int_equal(world->finding_count, 0);
    world_event(world, at(world, 8, 0, 0) + 10 * DAY_MS, "wb-1", STEPS);
    quiet_hours_of(world, 10, 8, 11);
    world_tick(world, at(world, 12, 39, 0) + 10 * DAY_MS);
    assert_int_equal(world->finding_count, 0); /* the band was last heard at 11:40 */
    quiet_hours_of(world, 10, 12, 12);
    world_tick(world, at(world, 13, 1, 0) + 10 * DAY_MS);
    assert_finding(world, "no-motion", LEVEL_YELLOW);
    quiet_hours_of(world, 10, 13, 17);
    assert_finding(world, "no-motion-long", LEVEL_ORANGE);
    world_event(world, at(world, 17, 50, 0) + 10 * DAY_MS, "wb-1", STEPS);
    assert_finding(world, "moved-again", LEVEL_ORANGE);
}

static void the_report_that_says_no_steps_tells_at_once_and_one_with_steps_is_waited_for(void **state)
{
    struct world *world = *state;
    ordinary_days(world, 10);
    for (int day = 10; day < 12; day++) {
        world_event(world, at(world, 8, 0, 0) + day * DAY_MS, "wb-1", STEPS);
        for (int half = 1; half < 8; half++)
            world_event(world, at(world, 8, 30 * half, 0) + day * DAY_MS, "wb-1", NO_STEPS);
        world_tick(world, at(world, 12, 0, 4) + day * DAY_MS);
        assert_int_equal(count_findings(world, "no-motion", "no-motion"), day - 10);
        world_event(world, at(world, 12, 0, 5) + day * DAY_MS, "wb-1", day == 10 ? NO_STEPS : STEPS);
        assert_int_equal(count_findings(world, "no-motion", "no-motion"), 1);
    }
}

static void an_hour_counts_by_the_days_on_which_the_person_moves_in_it(void **state)
{
    struct world *world = *state;
    ordinary_days(world, 3);
    for (int day = 3; day < 20; day++) { /* rests in the afternoon, mostly */
        for (int hour = 7; hour <= 20; hour++) {
            if (hour < 12 || hour > 15 || day % 2)
                world_event(world, at(world, hour, 10, 0) + day * DAY_MS, "wb-1", STEPS);
        }
    }
    world->finding_count = 0;
    world_event(world, at(world, 11, 50, 0) + 20 * DAY_MS, "wb-1", STEPS);
    for (int half = 0; half < 10; half++)
        world_event(world, at(world, 12, 20 + 30 * half, 0) + 20 * DAY_MS, "wb-1", NO_STEPS);
    assert_int_equal(count_findings(world, "no-motion", NULL), 0);
    for (int half = 10; half < 16; half++)
        world_event(world, at(world, 12, 20 + 30 * half, 0) + 20 * DAY_MS, "wb-1", NO_STEPS);
    assert_int_equal(count_findings(world, "no-motion", "no-motion"), 1);
}

/* A flat band, and a camera that showed the resident each hour, or twice a day, of the days before. */
static int told_by_camera(struct world *world, int every_minutes)
{
    ordinary_days(world, 10);
    for (int day = 10; day < 15; day++) {
        for (int minute = 7 * 60; minute < 21 * 60; minute += 20)
            world_event(world, at(world, 0, minute, 0) + day * DAY_MS, "cam-1",
                        minute % every_minutes ? MAINS : RESIDENT_SEEN);
    }
    for (int minute = 7 * 60; minute < 20 * 60; minute += 20)
        world_event(world, at(world, 0, minute, 0) + 15 * DAY_MS, "cam-1",
                    minute < 9 * 60 && minute % every_minutes == 0 ? RESIDENT_SEEN : MAINS);
    return (int)count_findings(world, "no-motion", "no-motion");
}

static void a_camera_that_shows_the_resident_often_covers(void **state)
{
    struct world *world = *state;
    world->detect_settings.silent_s = 3600;
    assert_int_equal(told_by_camera(world, 20), 1);
}

static void a_camera_that_seldom_shows_the_resident_says_nothing_by_silence(void **state)
{
    struct world *world = *state;
    world->detect_settings.silent_s = 3600;
    assert_int_equal(told_by_camera(world, 240), 0);
}

static void a_night_is_no_waking_time(void **state)
{
    struct world *world = *state;
    ordinary_days(world, 10);
    world_tick(world, at(world, 6, 50, 0) + 10 * DAY_MS);
    assert_int_equal(world->finding_count, 0);
}

static void out_or_uncovered_is_not_judged(void **state)
{
    struct world *world = *state;
    ordinary_days(world, 10);
    world_event(world, at(world, 8, 0, 0) + 10 * DAY_MS, "wb-1",
                "{\"presence\":{\"at_home\":false,\"source\":\"door\"}}");
    quiet_hours_of(world, 10, 8, 18);
    assert_int_equal(count_findings(world, "no-motion", NULL), 0);
    world_event(world, at(world, 19, 0, 0) + 10 * DAY_MS, "wb-1",
                "{\"presence\":{\"at_home\":true,\"source\":\"door\"}}");
    world_event(world, at(world, 7, 0, 0) + 11 * DAY_MS, "wb-1", STEPS);
    for (int hour = 7; hour <= 18; hour++)
        world_event(world, at(world, hour, 40, 0) + 11 * DAY_MS, "wb-1", "{\"heartbeat\":{\"worn\":false}}");
    assert_int_equal(count_findings(world, "no-motion", NULL), 0);
}

static void ten_days_unheard_are_counted_once_the_band_is_heard_again(void **state)
{
    struct world *world = *state;
    ordinary_days(world, 10);
    world->detect_settings.silent_s = 600; /* from here on the band counts as unheard */
    world_tick(world, at(world, 9, 0, 0) + 20 * DAY_MS);
    assert_int_equal(count_findings(world, "no-motion", NULL), 0);
    for (int minute = 0; minute < 120; minute += 20)
        world_event(world, at(world, 10, minute, 0) + 20 * DAY_MS, "wb-1",
                    "{\"heartbeat\":{\"battery_percent\":80,\"worn\":true}}");
    assert_int_equal(count_findings(world, "no-motion", "no-motion-long"), 1);
}

static void putting_the_band_on_is_a_sign_and_the_time_on_the_table_no_pause(void **state)
{
    struct world *world = *state;
    ordinary_days(world, 10);
    world_event(world, at(world, 7, 0, 0) + 10 * DAY_MS, "wb-1", STEPS);
    for (int hour = 7; hour < 13; hour++)
        world_event(world, at(world, hour, 40, 0) + 10 * DAY_MS, "wb-1", "{\"heartbeat\":{\"worn\":false}}");
    quiet_hours_of(world, 10, 13, 16); /* put on at 13:40 */
    assert_int_equal(count_findings(world, "no-motion", NULL), 0);
    for (int hour = 17; hour <= 20; hour++)
        world_event(world, at(world, hour, 0, 0) + 10 * DAY_MS, "wb-1", STEPS);
    /* The ten hours were no pause of an ordinary day: four hours are still too long. */
    world_event(world, at(world, 8, 0, 0) + 11 * DAY_MS, "wb-1", STEPS);
    quiet_hours_of(world, 11, 8, 12);
    world_event(world, at(world, 12, 50, 0) + 11 * DAY_MS, "wb-1", NO_STEPS);
    assert_finding(world, "no-motion", LEVEL_YELLOW);
}

static void a_band_that_says_again_that_it_is_at_home_is_no_sign(void **state)
{
    struct world *world = *state;
    ordinary_days(world, 10);
    world_event(world, at(world, 8, 0, 0) + 10 * DAY_MS, "wb-1", STEPS);
    for (int hour = 8; hour < 13; hour++) {
        world_event(world, at(world, hour, 20, 0) + 10 * DAY_MS, "wb-1",
                    "{\"presence\":{\"at_home\":true,\"source\":\"wifi\"}}");
        quiet_hours_of(world, 10, hour, hour);
    }
    assert_finding(world, "no-motion", LEVEL_YELLOW);
}

static void a_band_that_never_sends_steps_is_not_judged(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 10; day++)
        world_event(world, at(world, 9, 0, 0) + day * DAY_MS, "wb-1", CHECKED);
    quiet_hours_of(world, 10, 7, 20);
    assert_int_equal(count_findings(world, "no-motion", NULL), 0);
}

static void a_daily_check_in_that_stays_away_is_told_two_hours_after_its_usual_time(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 12; day++)
        world_event(world, at(world, 8, 10 * (day % 4), 0) + day * DAY_MS, "wb-1", CHECKED);
    assert_int_equal(world->finding_count, 0);
    world_tick(world, at(world, 10, 39, 59) + 12 * DAY_MS);
    assert_int_equal(world->finding_count, 0);
    world_tick(world, at(world, 10, 40, 0) + 12 * DAY_MS);
    assert_finding(world, "check-in-missed", LEVEL_YELLOW);
    world_event(world, at(world, 11, 0, 0) + 12 * DAY_MS, "wb-1", CHECKED);
    assert_finding(world, "check-in-done", LEVEL_YELLOW);
}

static void who_checks_in_now_and_then_is_not_missed(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 14; day += 2)
        world_event(world, at(world, 8, 0, 0) + day * DAY_MS, "wb-1", CHECKED);
    world_tick(world, at(world, 22, 0, 0) + 20 * DAY_MS);
    assert_int_equal(world->finding_count, 0);
}

static void who_is_away_is_not_missed_and_keeps_the_habit(void **state)
{
    struct world *world = *state;
    for (int day = 0; day < 14; day++)
        world_event(world, at(world, 8, 0, 0) + day * DAY_MS, "wb-1", CHECKED);
    live_set_status(world->live, resident(world, "r-1").no, STATUS_AWAY, 0);
    world_tick(world, at(world, 22, 0, 0) + 18 * DAY_MS);
    assert_int_equal(world->finding_count, 0);
    live_set_status(world->live, resident(world, "r-1").no, STATUS_ACTIVE, 0);
    world_tick(world, at(world, 22, 0, 0) + 19 * DAY_MS);
    assert_finding(world, "check-in-missed", LEVEL_YELLOW);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_fast_pulse_for_ten_minutes_is_yellow_and_a_racing_one_orange),
        T(wild_readings_between_good_ones_are_nothing),
        T(three_in_one_minute_are_not_sustained),
        T(a_person_s_own_bounds_are_learned),
        T(a_very_regular_person_may_climb_stairs),
        T(two_measures_end_one_by_one),
        T(a_band_on_the_table_and_a_patient_in_hospital_are_not_read),
        T(four_waking_hours_without_a_sign_are_yellow_and_eight_orange),
        T(the_report_that_says_no_steps_tells_at_once_and_one_with_steps_is_waited_for),
        T(an_hour_counts_by_the_days_on_which_the_person_moves_in_it),
        T(a_camera_that_shows_the_resident_often_covers),
        T(a_camera_that_seldom_shows_the_resident_says_nothing_by_silence),
        T(a_night_is_no_waking_time),
        T(out_or_uncovered_is_not_judged),
        T(ten_days_unheard_are_counted_once_the_band_is_heard_again),
        T(putting_the_band_on_is_a_sign_and_the_time_on_the_table_no_pause),
        T(a_band_that_says_again_that_it_is_at_home_is_no_sign),
        T(a_band_that_never_sends_steps_is_not_judged),
        T(a_daily_check_in_that_stays_away_is_told_two_hours_after_its_usual_time),
        T(who_checks_in_now_and_then_is_not_missed),
        T(who_is_away_is_not_missed_and_keeps_the_habit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
