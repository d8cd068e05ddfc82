/* distrusted, distrusted-many: clones, clocks, floods and replays, one alert for each device and episode. */
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

#define BEAT "{\"heartbeat\":{}}"

/* One heartbeat of the device under an epoch; `at_ms` is what its clock says. */
static void beat(struct world *world, const char *device, int64_t t_ms, int64_t at_ms, uint32_t epoch)
{
    struct event event = event_of(world, device, t_ms, at_ms, BEAT);
    event.key.epoch = epoch;
    world_fold(world, t_ms, &event);
}

static void conduct(struct world *world, const char *device, int64_t t_ms, enum conduct_kind kind,
                    uint32_t count)
{
    const struct conduct what = {.device = device_no(world, device),
                                 .kind = (uint8_t)kind,
                                 .lane = LANE_ROUTINE,
                                 .epoch = 7,
                                 .count = count,
                                 .since_ms = t_ms};
    world_tick(world, t_ms);
    detect_on_conduct(world->detect, t_ms, &what);
}

static unsigned told(struct world *world, const char *code)
{
    return count_findings(world, "distrusted", code);
}

static void two_epochs_in_turn_are_a_clone_and_told_once(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 40; i++)
        beat(world, "wb-1", at(world, 9, i, 0), at(world, 9, i, 0), i % 2 == 0 ? 7 : 8);
    world_tick(world, at(world, 10, 0, 0));
    assert_int_equal(told(world, "clone"), 1);
    const struct finding *finding = last_finding(world);
    assert_int_equal(finding->family, FAMILY_FLEET);
    assert_int_equal(finding->level, LEVEL_YELLOW);
    assert_int_equal(finding->evidence[0].device, device_no(world, "wb-1"));
    assert_int_equal(registry_resident(world->registry, finding->resident)->id[0], 'r');
    /* Six hours without a sign end it; what comes then is another episode. */
    world_tick(world, at(world, 15, 40, 0));
    assert_int_equal(told(world, "distrust-over"), 1);
    assert_true(last_finding(world)->flags & FINDING_CLEARS);
    for (int i = 0; i < 6; i++)
        beat(world, "wb-1", at(world, 16, i, 0), at(world, 16, i, 0), i % 2 == 0 ? 7 : 8);
    world_tick(world, at(world, 16, 30, 0));
    assert_int_equal(told(world, "clone"), 2);
}

static void a_device_formatted_anew_is_no_clone(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 12; i++)
        beat(world, "wb-1", at(world, 9, (int)i, 0), at(world, 9, (int)i, 0), 100 + i / 3);
    world_tick(world, at(world, 12, 0, 0));
    assert_int_equal(told(world, NULL), 0);
}

static void four_epochs_in_turn_are_clones_too(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 12; i++)
        beat(world, "wb-1", at(world, 9, (int)i, 0), at(world, 9, (int)i, 0), 100 + i % 4);
    world_tick(world, at(world, 10, 0, 0));
    assert_int_equal(told(world, "clone"), 1);
}

static void a_clock_far_off_is_told_when_it_stays_off(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 9; i++)
        beat(world, "wb-1", at(world, 9, i, 0), 1000, 7);
    world_tick(world, at(world, 9, 30, 0));
    assert_int_equal(told(world, NULL), 0);
    beat(world, "wb-1", at(world, 9, 31, 0), 1000, 7);
    world_tick(world, at(world, 9, 33, 0));
    assert_int_equal(told(world, "clock-off"), 1);
    assert_finding(world, "clock-off", LEVEL_GREEN);
}

static void a_clock_that_leaps_back_and_forth_is_told_the_third_time(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(told(world, NULL), 0);
        beat(world, "wb-1", at(world, 9, 2 * i, 0), at(world, 9, 2 * i, 0), 7);
        beat(world, "wb-1", at(world, 9, 2 * i + 1, 0), at(world, 3, 2 * i, 0), 7);
    }
    world_tick(world, at(world, 9, 10, 0));
    assert_int_equal(told(world, "clock-leaps"), 1);
}

static void what_was_held_back_and_a_clock_put_right_once_are_no_leaps(void **state)
{
    struct world *world = *state;
    /* A day's backlog in order, then the present; once the clock is set back an hour. */
    for (int hour = 0; hour < 9; hour++)
        beat(world, "wb-1", at(world, 9, 0, 0), at(world, hour, 0, 0), 7);
    for (int i = 0; i < 20; i++)
        beat(world, "wb-1", at(world, 9, i, 0), at(world, 8, i, 0), 7);
    /* Numbers below what was seen: they waited for their turn. */
    for (int i = 0; i < 5; i++) {
        struct event event = event_of(world, "wb-1", at(world, 10, i, 0), at(world, 2, i, 0), BEAT);
        event.key.seq = 1;
        world_fold(world, at(world, 10, i, 0), &event);
    }
    world_tick(world, at(world, 11, 0, 0));
    assert_int_equal(told(world, NULL), 0);
}

static void a_flood_is_told_once_however_often_the_door_tells(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 12; i++)
        conduct(world, "cam-1", at(world, 9, 10 * i % 60, i), CONDUCT_FLOOD, 500);
    world_tick(world, at(world, 12, 0, 0));
    assert_int_equal(told(world, "flood"), 1);
    assert_int_equal(last_finding(world)->subject.kind, SUBJECT_HOUSEHOLD);
    conduct(world, "cam-1", at(world, 12, 1, 0), CONDUCT_REPLAY, 20);
    world_tick(world, at(world, 12, 3, 0));
    assert_int_equal(told(world, "replay"), 1); /* another sign is news */
    world_tick(world, at(world, 19, 0, 0));
    assert_int_equal(told(world, "distrust-over"), 1);
}

static void many_at_once_are_one_alert_of_the_county(void **state)
{
    struct world *world = *state;
    static const char *const devices[] = {"wb-1", "wb-2a", "wb-2b", "wb-3", "wb-4", "cam-1", "cam-2"};
    const unsigned count = sizeof devices / sizeof *devices;
    for (unsigned i = 0; i < count; i++)
        conduct(world, devices[i], at(world, 9, 0, (int)i), CONDUCT_FLOOD, 100);
    world_tick(world, at(world, 9, 30, 0));
    assert_int_equal(told(world, NULL), 0);
    assert_int_equal(count_findings(world, "distrusted-many", NULL), 1);
    assert_int_equal(last_finding(world)->subject.kind, SUBJECT_TERRITORY);
    assert_int_equal(last_finding(world)->numbers[0], 5);
    world_tick(world, at(world, 15, 30, 0));
    assert_int_equal(count_findings(world, "distrusted-many", "distrusted-many-over"), 1);
    assert_int_equal(told(world, NULL), 0);
    /* Afterwards one alone is told for itself again. */
    conduct(world, "wb-1", at(world, 16, 0, 0), CONDUCT_FLOOD, 100);
    world_tick(world, at(world, 16, 2, 0));
    assert_int_equal(told(world, "flood"), 1);
}

static void a_foreign_device_has_no_epochs(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 12; i++) {
        struct event event = event_of(world, "wb-1", at(world, 9, (int)i, 0), at(world, 9, (int)i, 0), BEAT);
        event.key.epoch = 100 + i % 2;
        event.key.seq |= UINT64_C(1) << 39;
        world_fold(world, at(world, 9, (int)i, 0), &event);
    }
    world_tick(world, at(world, 10, 0, 0));
    assert_int_equal(told(world, NULL), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(two_epochs_in_turn_are_a_clone_and_told_once),
        T(a_device_formatted_anew_is_no_clone),
        T(four_epochs_in_turn_are_clones_too),
        T(a_clock_far_off_is_told_when_it_stays_off),
        T(a_clock_that_leaps_back_and_forth_is_told_the_third_time),
        T(what_was_held_back_and_a_clock_put_right_once_are_no_leaps),
        T(a_flood_is_told_once_however_often_the_door_tells),
        T(many_at_once_are_one_alert_of_the_county),
        T(a_foreign_device_has_no_epochs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
