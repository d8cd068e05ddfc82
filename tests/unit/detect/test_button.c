/* sos, fall, suspicion: the detectors that begin with a button or a jolt. */
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

static void a_press_is_red_at_once(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", SOS);
    assert_int_equal(world->finding_count, 1);
    assert_finding(world, "sos-pressed", LEVEL_RED);
    const struct finding *finding = last_finding(world);
    assert_int_equal(finding->t_ms, at(world, 9, 0, 0));
    assert_int_equal(finding->subject.kind, SUBJECT_RESIDENT);
    assert_int_equal(finding->subject.no, resident(world, "r-1").no);
    assert_true(finding->score == 1.0);
    assert_int_equal(finding->flags, FINDING_EMERGENCY);
    assert_int_equal(finding->evidence_count, 1);
}

static void a_camera_s_press_is_about_the_household(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "cam-1", SOS);
    assert_int_equal(last_finding(world)->subject.kind, SUBJECT_HOUSEHOLD);
    assert_int_equal(last_finding(world)->subject.no, household(world, "h-1").no);
}

static void a_press_forty_minutes_late_is_red_and_says_so(void **state)
{
    struct world *world = *state;
    struct buf text;
    world_late(world, at(world, 9, 40, 0), at(world, 9, 0, 0), "wb-1", SOS);
    assert_finding(world, "sos-late", LEVEL_RED);
    assert_int_equal(last_finding(world)->flags, FINDING_EMERGENCY | FINDING_LATE);
    buf_init(&text, 1000);
    finding_sentence(last_finding(world), world->registry, world->tz, false, &text);
    assert_string_equal(buf_text(&text),
                        "The SOS button was pressed at 09:00; the message arrived 40 minutes late");
    buf_clear(&text);
    finding_sentence(last_finding(world), world->registry, world->tz, true, &text);
    assert_string_equal(buf_text(&text), "09:00 按下了求救按钮，消息晚到 40 分钟");
    buf_release(&text);
}

static void presses_of_one_series_keep_the_first_evidence(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", SOS);
    struct event_key first = last_finding(world)->evidence[0];
    world_event(world, at(world, 9, 1, 0), "wb-1", SOS);
    assert_true(event_key_equal(&last_finding(world)->evidence[0], &first));
    assert_int_equal(last_finding(world)->evidence_count, 2);
    world_event(world, at(world, 9, 2, 0) + 1, "wb-1", SOS);
    assert_false(event_key_equal(&last_finding(world)->evidence[0], &first));
}

static void a_cancel_is_a_yellow_call_back(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", SOS);
    world_event(world, at(world, 9, 0, 5), "wb-1", CANCEL);
    assert_finding(world, "sos-cancelled", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->flags, FINDING_LOWERS);
}

static void a_cancel_that_overtook_its_press_ends_yellow_too(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 9, 0, 0);
    struct event press = event_of(world, "wb-1", t_ms, t_ms, SOS);
    struct event cancel = event_of(world, "wb-1", t_ms, t_ms, CANCEL);
    world_fold(world, t_ms, &cancel);
    world_fold(world, t_ms, &press);
    assert_int_equal(world->finding_count, 3);
    assert_int_equal(world->findings[1].level, LEVEL_RED);
    assert_finding(world, "sos-cancelled", LEVEL_YELLOW);
}

static void a_stale_cancel_does_not_lower_a_newer_press(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 9, 0, 0);
    struct event cancel = event_of(world, "wb-1", t_ms, t_ms, CANCEL);
    struct event press = event_of(world, "wb-1", t_ms, t_ms, SOS);
    world_fold(world, t_ms, &press);
    world_fold(world, t_ms + 5, &cancel);
    assert_int_equal(world->finding_count, 1);
}

static void a_suspicion_is_an_orange_fraud_finding(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", SUSPICION);
    assert_finding(world, "suspicion", LEVEL_ORANGE);
    assert_int_equal(last_finding(world)->family, FAMILY_FRAUD);
    assert_int_equal(last_finding(world)->flags, FINDING_EMERGENCY);
}

static void a_fall_is_held_and_red_after_exactly_thirty_seconds(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL);
    assert_finding(world, "fall-held", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->flags, 0);
    world_tick(world, at(world, 9, 0, 30) - 1);
    assert_int_equal(world->finding_count, 1);
    world_tick(world, at(world, 9, 0, 30));
    assert_finding(world, "fall", LEVEL_RED);
    assert_int_equal(last_finding(world)->flags, FINDING_EMERGENCY);
    assert_int_equal(last_finding(world)->t_ms, at(world, 9, 0, 30));
    world_tick(world, at(world, 10, 0, 0));
    assert_int_equal(world->finding_count, 2);
}

static void a_fall_cancelled_in_the_last_moment_never_turns_red(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL);
    world_event(world, at(world, 9, 0, 30) - 1, "wb-1", FALL_OFF);
    assert_finding(world, "fall-cancelled", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
    world_tick(world, at(world, 10, 0, 0));
    assert_int_equal(world->finding_count, 2);
}

static void a_cancel_at_thirty_seconds_is_too_late_and_lowers(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL);
    world_event(world, at(world, 9, 0, 30), "wb-1", FALL_OFF);
    assert_int_equal(world->finding_count, 3);
    assert_int_equal(world->findings[1].level, LEVEL_RED);
    assert_finding(world, "fall-call-back", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->flags, FINDING_LOWERS);
}

static void of_two_falls_the_first_hold_stays(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL);
    world_event(world, at(world, 9, 0, 20), "wb-1", FALL);
    world_tick(world, at(world, 9, 0, 30));
    assert_finding(world, "fall", LEVEL_RED);
    world_tick(world, at(world, 9, 5, 0));
    assert_int_equal(world->finding_count, 2);
}

static void a_fall_after_a_red_one_is_held_anew(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL);
    world_event(world, at(world, 9, 5, 0), "wb-1", FALL);
    assert_finding(world, "fall-held", LEVEL_GREEN);
    world_tick(world, at(world, 9, 5, 30));
    assert_finding(world, "fall", LEVEL_RED);
    assert_int_equal(world->finding_count, 4);
}

static void a_late_fall_is_red_unless_its_cancel_came_with_it(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 9, 40, 0), at_ms = at(world, 9, 0, 0);
    world_late(world, t_ms, at_ms, "wb-1", FALL);
    world_tick(world, t_ms + 1000);
    assert_finding(world, "fall-late", LEVEL_RED);
    assert_int_equal(last_finding(world)->flags, FINDING_EMERGENCY | FINDING_LATE);
    assert_int_equal(world->finding_count, 1);
    world_late(world, t_ms, at_ms, "wb-3", FALL);
    world_late(world, t_ms, at_ms + 10000, "wb-3", FALL_OFF);
    world_tick(world, t_ms + 60000);
    assert_int_equal(world->finding_count, 1);
}

static void a_fall_that_is_not_late_is_held_like_any_other(void **state)
{
    struct world *world = *state;
    world_late(world, at(world, 9, 2, 0), at(world, 9, 0, 0), "wb-1", FALL);
    assert_finding(world, "fall-held", LEVEL_GREEN);
    world_late(world, at(world, 9, 2, 1), at(world, 9, 0, 0), "wb-3", FALL);
    assert_int_equal(world->finding_count, 1);
    world_tick(world, at(world, 9, 2, 2));
    assert_finding(world, "fall-late", LEVEL_RED);
    world_late(world, at(world, 9, 2, 20), at(world, 9, 0, 20), "wb-1", FALL_OFF);
    assert_finding(world, "fall-cancelled", LEVEL_GREEN);
}

static void a_cancel_after_the_hold_finds_the_fall_red_although_both_arrive_together(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 9, 1, 0), at_ms = at(world, 9, 0, 0);
    world_late(world, t_ms, at_ms, "wb-1", FALL);
    world_late(world, t_ms, at_ms + 30000, "wb-1", FALL_OFF);
    assert_finding(world, "fall-call-back", LEVEL_YELLOW);
    assert_int_equal(world->finding_count, 3);
    world_late(world, t_ms + 3600000, at_ms, "wb-3", FALL);
    world_late(world, t_ms + 3600000, at_ms + 30000, "wb-3", FALL_OFF);
    assert_finding(world, "fall-call-back", LEVEL_YELLOW);
    assert_int_equal(world->finding_count, 5);
}

static void a_cancel_without_a_fall_says_nothing(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL_OFF);
    assert_int_equal(world->finding_count, 0);
}

static void a_cancel_that_overtook_its_fall_holds_nothing(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 9, 0, 0);
    struct event fall = event_of(world, "wb-1", t_ms, t_ms, FALL),
                 cancel = event_of(world, "wb-1", t_ms, t_ms, FALL_OFF);
    world_fold(world, t_ms, &cancel);
    world_fold(world, t_ms, &fall);
    world_tick(world, at(world, 9, 5, 0));
    assert_int_equal(world->finding_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_press_is_red_at_once),
        TEST(a_camera_s_press_is_about_the_household),
        TEST(a_press_forty_minutes_late_is_red_and_says_so),
        TEST(presses_of_one_series_keep_the_first_evidence),
        TEST(a_cancel_is_a_yellow_call_back),
        TEST(a_cancel_that_overtook_its_press_ends_yellow_too),
        TEST(a_stale_cancel_does_not_lower_a_newer_press),
        TEST(a_suspicion_is_an_orange_fraud_finding),
        TEST(a_fall_is_held_and_red_after_exactly_thirty_seconds),
        TEST(a_fall_cancelled_in_the_last_moment_never_turns_red),
        TEST(a_cancel_at_thirty_seconds_is_too_late_and_lowers),
        TEST(of_two_falls_the_first_hold_stays),
        TEST(a_fall_after_a_red_one_is_held_anew),
        TEST(a_late_fall_is_red_unless_its_cancel_came_with_it),
        TEST(a_fall_that_is_not_late_is_held_like_any_other),
        TEST(a_cancel_after_the_hold_finds_the_fall_red_although_both_arrive_together),
        TEST(a_cancel_without_a_fall_says_nothing),
        TEST(a_cancel_that_overtook_its_fall_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
