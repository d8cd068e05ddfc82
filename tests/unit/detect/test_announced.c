/* What an announced visit lowers, and what it does not. */
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

static void announce(struct world *world, int64_t from_ms, int64_t until_ms)
{
    struct announcement announcement = {
        .from_ms = from_ms,
        .until_ms = until_ms,
        .territory = registry_find(world->registry, REGISTRY_TERRITORY, "654321100200"),
        .kind = ANNOUNCED_PENSION_CHECK};
    assert_int_equal(live_announce(world->live, world->t_ms, &announcement), ERR_OK);
}

static unsigned at_level(const struct world *world, const char *detector, enum level level)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->finding_count; i++)
        count += strcmp(detectors[world->findings[i].detector]->name, detector) == 0 &&
                 world->findings[i].level == level;
    return count;
}

static void an_unknown_indoors_is_raised_at_fifteen_minutes_instead_of_ten(void **state)
{
    struct world *world = *state;
    announce(world, at(world, 9, 0, 0), at(world, 12, 0, 0));
    world_visit(world, at(world, 9, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    world_tick(world, at(world, 9, 14, 59));
    assert_finding(world, "indoors-announced", LEVEL_GREEN);
    assert_true(last_finding(world)->t_ms == at(world, 9, 10, 0));
    assert_non_null(strstr(buf_text(&world->log), "announced here: pension check"));
    world_tick(world, at(world, 9, 15, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
    assert_true(last_finding(world)->t_ms == at(world, 9, 15, 0));
}

static void the_hours_are_those_of_the_arrival(void **state)
{
    struct world *world = *state;
    announce(world, at(world, 9, 0, 0), at(world, 10, 0, 0));
    world_visit(world, at(world, 8, 59, 59), "cam-1", "v", "arrive", "indoors", "unknown");
    world_visit(world, at(world, 9, 59, 59), "cam-4", "w", "arrive", "indoors", "unclear");
    world_tick(world, at(world, 10, 9, 59));
    assert_int_equal(at_level(world, "unknown-visitor", LEVEL_YELLOW), 1);
    assert_finding(world, "indoors-announced-unclear", LEVEL_GREEN);
    world_tick(world, at(world, 10, 14, 59));
    assert_finding(world, "indoors-long-unclear", LEVEL_YELLOW);
}

static void a_longer_threshold_is_not_shortened(void **state)
{
    struct world *world = *state;
    world->detect_settings.visit_indoors_yellow_s = 1800;
    announce(world, at(world, 9, 0, 0), at(world, 12, 0, 0));
    world_visit(world, at(world, 9, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown");
    world_tick(world, at(world, 9, 29, 59));
    assert_int_equal(world->finding_count, 1);
    world_tick(world, at(world, 9, 30, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
}

static void visit_homes(struct world *world, int64_t t_ms)
{
    static const char *const cameras[] = {"cam-1", "cam-2", "cam-4"};
    char visit[30];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(visit, sizeof visit, "c%u-%lld", i, (long long)t_ms);
        world_visit(world, t_ms + i * 1200000, cameras[i], visit, "arrive", "indoors", "unknown:x");
        world_visit(world, t_ms + i * 1200000 + 480000, cameras[i], visit, "leave", "indoors", "unknown:x");
    }
}

static void many_homes_in_announced_hours_are_green_and_past_them_yellow(void **state)
{
    struct world *world = *state;
    const int64_t later = 28 * (int64_t)86400000;
    char visit[20];
    for (int day = 0; day < 28; day += 7) {
        snprintf(visit, sizeof visit, "q%d", day);
        world_visit(world, at(world, 9, 0, 0) + day * (int64_t)86400000, "cam-1", visit, "arrive", "indoors",
                    "unknown:n");
        world_visit(world, at(world, 9, 5, 0) + day * (int64_t)86400000, "cam-1", visit, "leave", "indoors",
                    "unknown:n");
    }
    announce(world, at(world, 9, 0, 0) + later, at(world, 10, 0, 0) + later);
    visit_homes(world, at(world, 9, 0, 0) + later);
    assert_int_equal(count_findings(world, "canvassing", "canvassing-announced"), 1);
    assert_int_equal(at_level(world, "canvassing", LEVEL_YELLOW), 0);
    visit_homes(world, at(world, 13, 0, 0) + later);
    assert_true(at_level(world, "canvassing", LEVEL_YELLOW) > 0);
    world_tick(world, at(world, 23, 0, 0) + later);
    assert_int_equal(count_findings(world, "canvassing", "canvassing-over"), 1);
}

static void leaving_with_an_announced_visitor_is_led_away_as_ever(void **state)
{
    struct world *world = *state;
    announce(world, at(world, 9, 0, 0), at(world, 12, 0, 0));
    world_visit(world, at(world, 9, 0, 0), "cam-1", "v", "arrive", "indoors", "unknown:x");
    world_visit(world, at(world, 9, 12, 0), "cam-1", "v", "leave", "indoors", "unknown:x");
    world_event(world, at(world, 9, 12, 30), "cam-1", "{\"departure\":{\"with\":\"unknown\"}}");
    world_tick(world, at(world, 9, 40, 0));
    assert_true(at_level(world, "led-away", LEVEL_ORANGE) + at_level(world, "led-away", LEVEL_RED) > 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_unknown_indoors_is_raised_at_fifteen_minutes_instead_of_ten),
        T(the_hours_are_those_of_the_arrival),
        T(a_longer_threshold_is_not_shortened),
        T(many_homes_in_announced_hours_are_green_and_past_them_yellow),
        T(leaving_with_an_announced_visitor_is_led_away_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
