/* unknown-visitor: sessions at the door and inside. */
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

static void an_unknown_at_the_door_is_green_and_clears_on_leaving(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 10, 0, 0), "cam-1", "v", "arrive", "doorstep", "unknown");
    assert_finding(world, "doorstep", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->subject.kind, SUBJECT_HOUSEHOLD);
    assert_int_equal(last_finding(world)->resident, REGISTRY_NONE);
    world_visit(world, at(world, 10, 1, 0), "cam-1", "v", "stay", "doorstep", "unknown");
    assert_int_equal(world->finding_count, 1);
    world_visit(world, at(world, 10, 2, 0), "cam-1", "v", "leave", "doorstep", "");
    assert_finding(world, "left", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
    world_tick(world, at(world, 20, 0, 0));
    assert_int_equal(world->finding_count, 2);
}

static void at_night_the_doorstep_stays_green_but_says_so(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 20, 59, 59), "cam-1", "v", "arrive", "doorstep", "unknown");
    assert_finding(world, "doorstep", LEVEL_GREEN);
    world_visit(world, at(world, 21, 0, 0), "cam-2", "v", "arrive", "doorstep", "unknown");
    assert_finding(world, "doorstep-night", LEVEL_GREEN);
    world_visit(world, at(world, 29, 59, 59), "cam-4", "v", "arrive", "doorstep", "unknown");
    assert_finding(world, "doorstep-night", LEVEL_GREEN);
    world_visit(world, at(world, 30, 0, 0), "cam-4", "w", "arrive", "doorstep", "unknown");
    assert_finding(world, "doorstep", LEVEL_GREEN);
}

static void indoors_ten_minutes_turns_yellow_without_any_further_event(void **state)
{
    struct world *world = *state;
    struct buf text;
    world_visit(world, at(world, 14, 5, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    assert_finding(world, "indoors", LEVEL_GREEN);
    world_tick(world, at(world, 14, 15, 0) - 1);
    assert_int_equal(world->finding_count, 1);
    world_tick(world, at(world, 14, 15, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->t_ms, at(world, 14, 15, 0));
    buf_init(&text, 1000);
    finding_sentence(last_finding(world), world->registry, world->tz, false, &text);
    assert_string_equal(buf_text(&text), "An unknown person has been indoors for 10 minutes (since 14:05)");
    buf_release(&text);
    world_visit(world, at(world, 14, 16, 0), "cam-1", "v", "stay", "indoors", "unknown");
    assert_int_equal(world->finding_count, 2);
}

static void ten_minutes_count_from_coming_in_and_not_from_the_door(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "v", "arrive", "doorstep", "unknown");
    world_visit(world, at(world, 14, 4, 0), "cam-1", "v", "stay", "indoors", "unknown");
    assert_finding(world, "indoors", LEVEL_GREEN);
    assert_true(event_key_equal(&last_finding(world)->evidence[0], &world->findings[0].evidence[0]));
    for (int i = 5; i < 14; i++)
        world_visit(world, at(world, 14, i, 0), "cam-1", "v", "stay", "indoors", "unknown");
    world_tick(world, at(world, 14, 14, 0) - 1);
    assert_int_equal(world->finding_count, 2);
    world_tick(world, at(world, 14, 14, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
}

static void leaving_before_ten_minutes_never_turns_yellow(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    world_visit(world, at(world, 14, 10, 0) - 1, "cam-1", "v", "leave", "indoors", "");
    world_tick(world, at(world, 20, 0, 0));
    assert_int_equal(count_findings(world, "unknown-visitor", "indoors-long"), 0);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
}

static void a_stay_without_an_arrive_opens_a_session(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "v", "stay", "indoors", "unknown");
    world_tick(world, at(world, 14, 10, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
}

static void a_visitor_without_a_face_at_night_is_still_a_visit_with_less_certainty(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 23, 0, 0), "cam-1", "v", "arrive", "indoors", "");
    assert_finding(world, "indoors-unclear", LEVEL_GREEN);
    world_tick(world, at(world, 23, 10, 0));
    assert_finding(world, "indoors-long-unclear", LEVEL_YELLOW);
    double unclear = last_finding(world)->score;
    world_visit(world, at(world, 23, 0, 0) + 700000, "cam-2", "v", "arrive", "indoors", "unknown");
    world_tick(world, at(world, 23, 30, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
    assert_true(unclear < last_finding(world)->score);
}

static void a_gap_within_five_minutes_is_one_stay(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    world_visit(world, at(world, 14, 3, 0), "cam-1", "v", "leave", "indoors", "");
    world_visit(world, at(world, 14, 8, 0) - 1, "cam-1", "v", "arrive", "indoors", "unknown");
    world_tick(world, at(world, 14, 10, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
    assert_true(event_key_equal(&last_finding(world)->evidence[0], &world->findings[0].evidence[0]));
}

static void after_the_gap_it_is_another_visit(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    world_visit(world, at(world, 14, 3, 0), "cam-1", "v", "leave", "indoors", "");
    world_visit(world, at(world, 14, 8, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    assert_false(event_key_equal(&last_finding(world)->evidence[0], &world->findings[0].evidence[0]));
    world_tick(world, at(world, 14, 18, 0) - 1);
    assert_int_equal(count_findings(world, "unknown-visitor", "indoors-long"), 0);
    world_tick(world, at(world, 14, 18, 0));
    assert_int_equal(count_findings(world, "unknown-visitor", "indoors-long"), 1);
}

static void a_doorstep_without_a_leave_ends_after_the_gap(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "v", "arrive", "doorstep", "unknown");
    world_tick(world, at(world, 14, 5, 0) - 1);
    assert_int_equal(world->finding_count, 1);
    world_tick(world, at(world, 14, 5, 0));
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
}

static void indoors_without_a_leave_ends_after_four_hours_of_silence(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 9, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    world_visit(world, at(world, 10, 0, 0), "cam-1", "v", "stay", "indoors", "unknown");
    world_tick(world, at(world, 14, 0, 0) - 1);
    assert_int_equal(last_finding(world)->flags, 0);
    world_tick(world, at(world, 14, 0, 0));
    assert_finding(world, "left", LEVEL_YELLOW);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
}

static void a_trusted_visitor_inside_the_window_is_no_finding(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 9, 0, 0), "cam-1", "v", "arrive", "indoors", "trusted:v-nurse");
    world_visit(world, at(world, 11, 59, 0), "cam-1", "v", "stay", "indoors", "trusted:v-nurse");
    world_visit(world, at(world, 12, 30, 0), "cam-1", "v", "stay", "indoors", "trusted:v-nurse");
    world_tick(world, at(world, 20, 0, 0));
    assert_int_equal(world->finding_count, 0);
}

static void the_list_knows_a_visitor_the_camera_does_not(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 9, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown:v-son");
    world_tick(world, at(world, 20, 0, 0));
    assert_int_equal(world->finding_count, 0);
}

static void outside_the_window_is_green_by_day_and_yellow_at_night(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 12, 0, 0), "cam-1", "v", "arrive", "doorstep", "trusted:v-nurse");
    assert_finding(world, "out-of-window", LEVEL_GREEN);
    world_visit(world, at(world, 12, 5, 0), "cam-1", "v", "leave", "doorstep", "");
    world_visit(world, at(world, 21, 0, 0), "cam-1", "w", "arrive", "doorstep", "trusted:v-nurse");
    assert_finding(world, "out-of-window-night", LEVEL_YELLOW);
    world_visit(world, at(world, 21, 5, 0), "cam-1", "w", "leave", "doorstep", "");
    world_visit(world, at(world, 30, 59, 0), "cam-1", "x", "arrive", "doorstep", "trusted:v-nurse");
    assert_finding(world, "out-of-window-night", LEVEL_YELLOW);
}

static void a_camera_s_own_trusted_is_believed(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 3, 0, 0), "cam-1", "v", "arrive", "indoors", "trusted:v-someone");
    world_tick(world, at(world, 20, 0, 0));
    assert_int_equal(world->finding_count, 0);
}

static void residents_alone_are_nobody_s_business(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 9, 0, 0), "cam-1", "v", "arrive", "indoors", "resident");
    world_tick(world, at(world, 20, 0, 0));
    assert_int_equal(world->finding_count, 0);
}

static void trusted_family_at_home_lowers_one_level_until_they_leave(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "son", "arrive", "indoors", "trusted:v-son");
    world_visit(world, at(world, 14, 1, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    world_tick(world, at(world, 14, 12, 0));
    assert_finding(world, "indoors-with-trusted", LEVEL_GREEN);
    world_visit(world, at(world, 14, 20, 0), "cam-1", "son", "leave", "indoors", "");
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
}

/* Local time on 7 February 2027, the second day of the Chinese year. */
static int64_t festival(const struct world *world, int day, int hour, int minute)
{
    return clock_from_civil(world->tz, 2027, 2, 7 + day, hour, minute, 0);
}

static void at_the_spring_festival_a_family_that_came_together_lives_in(void **state)
{
    struct world *world = *state;
    world_visit(world, festival(world, 0, 9, 0), "cam-1", "all", "arrive", "indoors",
                "trusted:v-son unknown:a");
    world_visit(world, festival(world, 0, 10, 0), "cam-1", "all", "leave", "indoors", "");
    world_visit(world, festival(world, 1, 9, 0), "cam-1", "a", "arrive", "indoors", "unknown:a");
    world_tick(world, festival(world, 1, 9, 30));
    assert_finding(world, "indoors-festival", LEVEL_GREEN);
    world_visit(world, festival(world, 1, 9, 40), "cam-1", "a", "leave", "indoors", "");
    world_visit(world, festival(world, 2, 12, 0), "cam-1", "b", "arrive", "indoors", "unknown:b");
    world_tick(world, festival(world, 2, 12, 10));
    assert_finding(world, "indoors-long", LEVEL_YELLOW); /* nobody trusted brought anybody for two days */
}

static void a_trusted_neighbour_alone_or_an_ordinary_day_lowers_nothing_afterwards(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 9, 0, 0), "cam-1", "all", "arrive", "indoors", "trusted:v-son unknown:a");
    world_visit(world, at(world, 10, 0, 0), "cam-1", "all", "leave", "indoors", "");
    world_visit(world, at(world, 11, 0, 0), "cam-1", "a", "arrive", "indoors", "unknown:a");
    world_tick(world, at(world, 11, 10, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
    world_visit(world, festival(world, 0, 9, 0), "cam-1", "son", "arrive", "indoors", "trusted:v-son");
    world_visit(world, festival(world, 0, 9, 5), "cam-1", "son", "leave", "indoors", "");
    world_visit(world, festival(world, 0, 10, 0), "cam-1", "c", "arrive", "indoors", "unknown:c");
    world_tick(world, festival(world, 0, 10, 10));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
}

static void an_unclear_visitor_who_turns_out_to_be_known_clears(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "v", "arrive", "indoors", "unclear");
    world_visit(world, at(world, 14, 1, 0), "cam-1", "v", "stay", "indoors", "resident");
    assert_finding(world, "known", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
    world_tick(world, at(world, 20, 0, 0));
    assert_int_equal(world->finding_count, 2);
}

static void an_unknown_among_others_stays_unknown(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "v", "arrive", "indoors", "resident unknown");
    world_visit(world, at(world, 14, 5, 0), "cam-1", "v", "stay", "indoors", "resident");
    world_tick(world, at(world, 14, 10, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
}

static void when_one_of_two_leaves_the_other_stays_told(void **state)
{
    struct world *world = *state;
    world_visit(world, at(world, 14, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    world_tick(world, at(world, 14, 10, 0));
    world_visit(world, at(world, 14, 11, 0), "cam-1", "w", "arrive", "indoors", "unknown");
    world_visit(world, at(world, 14, 12, 0), "cam-1", "v", "leave", "indoors", "");
    assert_finding(world, "still-there", LEVEL_GREEN);
    assert_int_equal(last_finding(world)->flags, FINDING_LOWERS);
    world_tick(world, at(world, 14, 21, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
    world_visit(world, at(world, 14, 30, 0), "cam-1", "w", "leave", "indoors", "");
    assert_int_equal(last_finding(world)->flags, FINDING_CLEARS);
}

static void of_nine_visits_at_once_the_oldest_gives_way(void **state)
{
    struct world *world = *state;
    char visit[8];
    for (int i = 0; i < 9; i++) {
        snprintf(visit, sizeof visit, "v%d", i);
        world_visit(world, at(world, 14, 0, i), "cam-1", visit, "arrive", "indoors", "unknown");
    }
    world_tick(world, at(world, 14, 11, 0));
    assert_int_equal(count_findings(world, "unknown-visitor", "indoors-long"), 8);
    assert_int_equal(world->findings[world->finding_count - 8].t_ms, at(world, 14, 10, 1));
    assert_int_equal(count_findings(world, "unknown-visitor", "left"), 0);
}

static void a_leave_that_overtook_its_arrive_leaves_nobody_inside(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 14, 0, 0);
    struct event arrive =
        event_of(world, "cam-1", t_ms, t_ms,
                 "{\"visit\":{\"visit_id\":\"v\",\"phase\":\"arrive\",\"place\":\"indoors\",\"people\":[]}}");
    struct event leave =
        event_of(world, "cam-1", t_ms, t_ms,
                 "{\"visit\":{\"visit_id\":\"v\",\"phase\":\"leave\",\"place\":\"indoors\",\"people\":[]}}");
    world_fold(world, t_ms, &leave);
    world_fold(world, t_ms, &arrive);
    world_tick(world, at(world, 20, 0, 0));
    assert_int_equal(world->finding_count, 0);
}

static void a_late_visit_that_was_long_is_told_and_a_short_one_is_not(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 15, 0, 0);
    const char *arrive = "{\"visit\":{\"visit_id\":\"v\",\"phase\":\"arrive\",\"place\":\"indoors\","
                         "\"people\":[{\"class\":\"unknown\"}]}}";
    const char *leave =
        "{\"visit\":{\"visit_id\":\"v\",\"phase\":\"leave\",\"place\":\"indoors\",\"people\":[]}}";
    world_late(world, t_ms, at(world, 14, 0, 0), "cam-1", arrive);
    world_late(world, t_ms, at(world, 14, 5, 0), "cam-1", leave);
    world_late(world, t_ms, at(world, 14, 0, 0), "cam-2", arrive);
    world_late(world, t_ms, at(world, 14, 20, 0), "cam-2", leave);
    world_tick(world, at(world, 20, 0, 0));
    assert_int_equal(count_findings(world, "unknown-visitor", "indoors-long"), 1);
    assert_int_equal(world->findings[world->finding_count - 2].flags, FINDING_LATE);
    assert_int_equal(world->findings[world->finding_count - 2].subject.no, household(world, "h-2").no);
}

static void a_late_visit_waits_ten_seconds_for_its_leave(void **state)
{
    struct world *world = *state;
    int64_t t_ms = at(world, 15, 0, 0);
    const char *arrive =
        "{\"visit\":{\"visit_id\":\"v\",\"phase\":\"arrive\",\"place\":\"indoors\",\"people\":[]}}";
    const char *leave =
        "{\"visit\":{\"visit_id\":\"v\",\"phase\":\"leave\",\"place\":\"indoors\",\"people\":[]}}";
    world_late(world, t_ms, at(world, 14, 0, 0), "cam-1", arrive);
    world_late(world, t_ms, at(world, 14, 0, 0), "cam-2", arrive);
    world_late(world, t_ms + 9999, at(world, 14, 5, 0), "cam-1", leave);
    assert_int_equal(world->findings[world->finding_count - 1].flags, FINDING_CLEARS | FINDING_LATE);
    world_tick(world, t_ms + 10000);
    assert_int_equal(count_findings(world, "unknown-visitor", "indoors-long-unclear"), 1);
    assert_int_equal(last_finding(world)->subject.no, household(world, "h-2").no);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_at_the_door_is_green_and_clears_on_leaving),
        TEST(at_night_the_doorstep_stays_green_but_says_so),
        TEST(indoors_ten_minutes_turns_yellow_without_any_further_event),
        TEST(ten_minutes_count_from_coming_in_and_not_from_the_door),
        TEST(leaving_before_ten_minutes_never_turns_yellow),
        TEST(a_stay_without_an_arrive_opens_a_session),
        TEST(a_visitor_without_a_face_at_night_is_still_a_visit_with_less_certainty),
        TEST(a_gap_within_five_minutes_is_one_stay),
        TEST(after_the_gap_it_is_another_visit),
        TEST(a_doorstep_without_a_leave_ends_after_the_gap),
        TEST(indoors_without_a_leave_ends_after_four_hours_of_silence),
        TEST(a_trusted_visitor_inside_the_window_is_no_finding),
        TEST(the_list_knows_a_visitor_the_camera_does_not),
        TEST(outside_the_window_is_green_by_day_and_yellow_at_night),
        TEST(a_camera_s_own_trusted_is_believed),
        TEST(residents_alone_are_nobody_s_business),
        TEST(trusted_family_at_home_lowers_one_level_until_they_leave),
        TEST(at_the_spring_festival_a_family_that_came_together_lives_in),
        TEST(a_trusted_neighbour_alone_or_an_ordinary_day_lowers_nothing_afterwards),
        TEST(an_unclear_visitor_who_turns_out_to_be_known_clears),
        TEST(an_unknown_among_others_stays_unknown),
        TEST(when_one_of_two_leaves_the_other_stays_told),
        TEST(of_nine_visits_at_once_the_oldest_gives_way),
        TEST(a_leave_that_overtook_its_arrive_leaves_nobody_inside),
        TEST(a_late_visit_that_was_long_is_told_and_a_short_one_is_not),
        TEST(a_late_visit_waits_ten_seconds_for_its_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
