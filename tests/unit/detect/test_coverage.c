/* tampered, unworn, silent, area-outage, without-band: is anybody protected at all? */
#include "world.h"

#define OFF          "{\"heartbeat\":{\"battery_percent\":80,\"worn\":false}}"
#define OFF_CHARGING "{\"heartbeat\":{\"battery_percent\":80,\"worn\":false,\"charging\":true}}"
#define WORN         "{\"heartbeat\":{\"battery_percent\":80,\"worn\":true}}"
#define COVERED      "{\"tamper\":{\"kind\":\"covered\"}}"
#define STRAP_CUT    "{\"tamper\":{\"kind\":\"strap_cut\"}}"
#define ALONE        "{\"departure\":{\"with\":\"alone\"}}"
#define WIFI_HOME    "{\"presence\":{\"at_home\":true,\"source\":\"wifi\"}}"
#define DOOR_HOME    "{\"presence\":{\"at_home\":true,\"source\":\"door\"}}"

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

static void a_covered_camera_is_yellow_until_it_sees_again(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "cam-1", COVERED);
    assert_finding(world, "covered", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->subject.kind, SUBJECT_HOUSEHOLD);
    world_visit(world, at(world, 9, 30, 0), "cam-1", "v", "arrive", "doorstep", "resident");
    assert_finding(world, "tamper-over", LEVEL_YELLOW);
    assert_true(last_finding(world)->flags & FINDING_CLEARS);
}

static void a_camera_covered_in_a_privacy_pause_is_nothing(void **state)
{
    struct world *world = *state;
    struct event event = {.kind = EVENT_PAUSE, .at_ms = at(world, 9, 0, 0)};
    event.key =
        (struct event_key){.device = device_no(world, "cam-1"), .epoch = 7, .lane = LANE_ROUTINE, .seq = 1};
    event.pause.until_ms = at(world, 11, 0, 0);
    world_fold(world, at(world, 9, 0, 0), &event);
    world->seq[device_no(world, "cam-1")] = 1;
    world_event(world, at(world, 9, 5, 0), "cam-1", COVERED);
    assert_int_equal(world->finding_count, 0);
    world_event(world, at(world, 11, 5, 0), "cam-1", COVERED);
    assert_finding(world, "covered", LEVEL_YELLOW);
}

static void a_cut_strap_is_orange_for_somebody_who_wanders(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", STRAP_CUT);
    assert_finding(world, "strap-cut", LEVEL_YELLOW);
    world_event(world, at(world, 9, 1, 0), "wb-3", STRAP_CUT);
    assert_finding(world, "strap-cut", LEVEL_ORANGE);
    world_event(world, at(world, 9, 9, 0), "wb-3", WORN);
    assert_finding(world, "tamper-over", LEVEL_ORANGE);
}

static void unworn_for_an_hour_is_green_and_for_half_a_day_yellow(void **state)
{
    struct world *world = *state;
    world->detect_settings.silent_s = 86400;
    world_event(world, at(world, 9, 0, 0), "wb-1", WORN);
    world_event(world, at(world, 9, 10, 0), "wb-1", OFF);
    world_tick(world, at(world, 10, 9, 59));
    assert_int_equal(world->finding_count, 0);
    world_tick(world, at(world, 10, 10, 0));
    assert_finding(world, "unworn", LEVEL_GREEN);
    assert_true(last_finding(world)->numbers[0] == 3600);
    world_tick(world, at(world, 21, 9, 59));
    assert_int_equal(world->finding_count, 1);
    world_tick(world, at(world, 21, 10, 0));
    assert_finding(world, "unworn-long", LEVEL_YELLOW);
    world_event(world, at(world, 21, 30, 0), "wb-1", WORN);
    assert_finding(world, "worn", LEVEL_YELLOW);
    assert_int_equal(world->finding_count, 3);
}

static void on_the_charger_it_may_be_off_twice_as_long(void **state)
{
    struct world *world = *state;
    world->detect_settings.silent_s = 86400;
    world_event(world, at(world, 9, 0, 0), "wb-1", OFF_CHARGING);
    world_tick(world, at(world, 10, 59, 59));
    assert_int_equal(world->finding_count, 0);
    world_event(world, at(world, 10, 59, 59), "wb-1", OFF); /* off the charger: the hour begins */
    world_tick(world, at(world, 11, 59, 58));
    assert_int_equal(world->finding_count, 0);
    world_tick(world, at(world, 11, 59, 59));
    assert_finding(world, "unworn", LEVEL_GREEN);
}

static void in_hospital_nobody_wears_it(void **state)
{
    struct world *world = *state;
    world->detect_settings.silent_s = 86400;
    live_set_status(world->live, resident(world, "r-1").no, STATUS_HOSPITAL, 0);
    world_event(world, at(world, 9, 0, 0), "wb-1", OFF);
    world_tick(world, at(world, 22, 0, 0));
    assert_int_equal(world->finding_count, 0);
}

static void a_device_is_silent_after_two_and_a_half_intervals(void **state)
{
    struct world *world = *state;
    world->records = true;
    world_event(world, at(world, 9, 0, 0), "wb-1", WORN); /* its interval is 600 s */
    world_tick(world, at(world, 9, 24, 59));
    assert_int_equal(world->finding_count, 0);
    world_tick(world, at(world, 9, 25, 0));
    assert_finding(world, "unheard", LEVEL_GREEN);
    assert_true(last_finding(world)->flags & FINDING_RECORD);
    world_tick(world, at(world, 9, 30, 0));
    assert_finding(world, "silent", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->subject.no, resident(world, "r-1").no);
    world_tick(world, at(world, 21, 0, 0));
    assert_finding(world, "silent-long", LEVEL_YELLOW);
    world_event(world, at(world, 21, 1, 0), "wb-1", SOS);
    assert_int_equal(count_findings(world, "silent", "heard"), 1);
    world_event(world, at(world, 21, 2, 0), "wb-1", WORN);
    world_tick(world, at(world, 21, 26, 59));
    assert_int_equal(count_findings(world, "silent", NULL), 4);
}

static void a_word_in_time_starts_the_wait_anew_and_the_setting_holds_without_an_interval(void **state)
{
    struct world *world = *state;
    world->records = true;
    world_event(world, at(world, 9, 0, 0), "cam-1", "{\"heartbeat\":{}}");
    world_visit(world, at(world, 9, 9, 0), "cam-1", "v", "arrive", "doorstep", "resident");
    world_tick(world, at(world, 9, 18, 59));
    assert_int_equal(world->finding_count, 0);
    world_tick(world, at(world, 9, 19, 0));
    assert_finding(world, "unheard", LEVEL_GREEN);
}

static void a_device_that_never_sent_a_heartbeat_is_not_judged(void **state)
{
    struct world *world = *state;
    world->records = true;
    world_visit(world, at(world, 9, 0, 0), "cam-1", "v", "arrive", "doorstep", "resident");
    world_tick(world, at(world, 22, 0, 0));
    assert_int_equal(count_findings(world, "silent", NULL), 0);
}

static void while_the_gateway_is_deaf_nobody_is_silent(void **state)
{
    struct world *world = *state;
    world->records = true;
    world_event(world, at(world, 9, 0, 0), "wb-1", WORN);
    world_tick(world, at(world, 9, 10, 0));
    live_on_broker(world->live, at(world, 9, 10, 0), false);
    world_tick(world, at(world, 11, 59, 0));
    assert_int_equal(world->finding_count, 0);
    live_on_broker(world->live, at(world, 11, 59, 0), true);
    world_tick(world, at(world, 12, 23, 59));
    assert_int_equal(world->finding_count, 0);
    world_tick(world, at(world, 12, 24, 0));
    assert_finding(world, "unheard", LEVEL_GREEN);
}

static void away_from_home_a_band_may_be_silent(void **state)
{
    struct world *world = *state;
    world->records = true;
    world_event(world, at(world, 9, 0, 0), "wb-1", WORN);
    live_set_status(world->live, resident(world, "r-1").no, STATUS_AWAY, 0);
    world_tick(world, at(world, 22, 0, 0));
    assert_int_equal(world->finding_count, 0);
}

static void a_stay_in_hospital_ends_the_silence_of_the_band(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", WORN);
    world_tick(world, at(world, 21, 30, 0));
    assert_finding(world, "silent-long", LEVEL_YELLOW);
    live_set_status(world->live, resident(world, "r-1").no, STATUS_HOSPITAL, 0);
    world_tick(world, at(world, 22, 30, 0));
    assert_finding(world, "may-be-silent", LEVEL_YELLOW);
    assert_true(last_finding(world)->flags & FINDING_CLEARS);
    world_tick(world, at(world, 47, 0, 0));
    assert_int_equal(count_findings(world, "silent", "may-be-silent"), 1);
}

static void all_heard(struct world *world, int64_t t_ms)
{
    static const char *const devices[] = {"wb-1", "wb-2a", "wb-2b", "wb-3", "wb-4", "cam-1", "cam-2"};
    for (unsigned i = 0; i < sizeof devices / sizeof *devices; i++)
        world_event(world, t_ms + i, devices[i], "{\"heartbeat\":{}}");
}

static void many_silent_at_once_are_one_alert_of_the_village(void **state)
{
    struct world *world = *state;
    world->detect_settings.silent_s = 1500;
    all_heard(world, at(world, 9, 0, 0));
    world_tick(world, at(world, 10, 0, 0));
    assert_int_equal(world->finding_count, 1);
    assert_finding(world, "area-outage", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->subject.kind, SUBJECT_TERRITORY);
    assert_string_equal(registry_subject_id(world->registry, last_finding(world)->subject), "654321100200");
    assert_int_equal(last_finding(world)->resident, REGISTRY_NONE);
    all_heard(world, at(world, 10, 1, 0));
    assert_int_equal(world->finding_count, 2); /* and no storm when they come back */
    assert_finding(world, "area-outage-over", LEVEL_YELLOW);
}

static void an_outage_of_hours_ends_in_one_alert_for_each_device(void **state)
{
    struct world *world = *state;
    world->detect_settings.silent_s = 1500;
    all_heard(world, at(world, 9, 0, 0));
    world_tick(world, at(world, 15, 24, 0));
    assert_int_equal(world->finding_count, 1);
    world_tick(world, at(world, 15, 31, 0));
    assert_int_equal(count_findings(world, "area-outage", "area-outage-lasts"), 1);
    assert_int_equal(count_findings(world, "silent", "silent"), 7);
}

static void a_few_silent_devices_are_no_outage(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", WORN);
    world_event(world, at(world, 9, 0, 1), "wb-2a", WORN);
    world_event(world, at(world, 9, 0, 2), "wb-3", WORN);
    world_tick(world, at(world, 10, 0, 0));
    assert_int_equal(count_findings(world, "area-outage", NULL), 0);
    assert_int_equal(count_findings(world, "silent", "silent"), 3);
}

static void bands_that_are_out_are_no_sign_of_an_outage(void **state)
{
    struct world *world = *state;
    static const char *const bands[] = {"wb-1", "wb-2a", "wb-2b", "wb-3", "wb-4"};
    world->detect_settings.silent_s = 1500;
    all_heard(world, at(world, 9, 0, 0));
    for (unsigned i = 0; i < sizeof bands / sizeof *bands; i++)
        world_event(world, at(world, 9, 0, 1), bands[i],
                    "{\"presence\":{\"at_home\":false,\"source\":\"wifi\"}}");
    for (int minute = 10; minute <= 60; minute += 10) { /* the cameras go on, the bands are in a valley */
        world_event(world, at(world, 9, minute, 0), "cam-1", "{\"heartbeat\":{}}");
        world_event(world, at(world, 9, minute, 0), "cam-2", "{\"heartbeat\":{}}");
    }
    assert_int_equal(count_findings(world, "area-outage", NULL), 0);
}

static void seen_leaving_while_the_band_says_home_is_without_the_band(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "cam-1", ALONE);
    world_event(world, at(world, 9, 2, 0), "wb-1", WIFI_HOME); /* too soon to tell */
    assert_int_equal(world->finding_count, 0);
    world_event(world, at(world, 9, 5, 0), "wb-1", WIFI_HOME);
    assert_finding(world, "without-band", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->subject.no, resident(world, "r-1").no);
    world_event(world, at(world, 10, 0, 0), "wb-1", WIFI_HOME);
    assert_int_equal(world->finding_count, 1); /* the band's word is no homecoming */
    world_event(world, at(world, 10, 5, 0), "cam-1",
                "{\"visit\":{\"visit_id\":\"h\",\"phase\":\"arrive\",\"place\":"
                "\"doorstep\",\"people\":[{\"class\":\"resident\"}]}}");
    assert_finding(world, "without-band-back", LEVEL_GREEN);
}

static void a_band_that_is_on_its_way_or_a_door_that_says_back_is_no_finding(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "cam-1", ALONE);
    world_fix(world, at(world, 9, 5, 0), "wb-1", 43.81, 87.6, 10);
    world_event(world, at(world, 9, 15, 0), "wb-1", WIFI_HOME);
    world_event(world, at(world, 12, 0, 0), "cam-1", ALONE);
    world_event(world, at(world, 12, 4, 0), "wb-1", DOOR_HOME);
    world_event(world, at(world, 12, 6, 0), "wb-1", WIFI_HOME);
    assert_int_equal(count_findings(world, "without-band", NULL), 0);
}

static void in_a_shared_home_nobody_knows_whose_band_it_is(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "cam-2", ALONE);
    world_event(world, at(world, 9, 5, 0), "wb-2a", WIFI_HOME);
    assert_int_equal(count_findings(world, "without-band", NULL), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_covered_camera_is_yellow_until_it_sees_again),
        T(a_camera_covered_in_a_privacy_pause_is_nothing),
        T(a_cut_strap_is_orange_for_somebody_who_wanders),
        T(unworn_for_an_hour_is_green_and_for_half_a_day_yellow),
        T(on_the_charger_it_may_be_off_twice_as_long),
        T(in_hospital_nobody_wears_it),
        T(a_device_is_silent_after_two_and_a_half_intervals),
        T(a_word_in_time_starts_the_wait_anew_and_the_setting_holds_without_an_interval),
        T(a_device_that_never_sent_a_heartbeat_is_not_judged),
        T(while_the_gateway_is_deaf_nobody_is_silent),
        T(away_from_home_a_band_may_be_silent),
        T(a_stay_in_hospital_ends_the_silence_of_the_band),
        T(many_silent_at_once_are_one_alert_of_the_village),
        T(an_outage_of_hours_ends_in_one_alert_for_each_device),
        T(a_few_silent_devices_are_no_outage),
        T(bands_that_are_out_are_no_sign_of_an_outage),
        T(seen_leaving_while_the_band_says_home_is_without_the_band),
        T(a_band_that_is_on_its_way_or_a_door_that_says_back_is_no_finding),
        T(in_a_shared_home_nobody_knows_whose_band_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
