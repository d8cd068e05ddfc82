/* canvassing-linked: one stranger in many homes, by the cameras' own ids, where that is permitted. */
#include "world.h"

#define HOUR_MS ((int64_t)3600 * 1000)

static const char *const cameras[] = {"cam-1", "cam-2", "cam-4"};

static int setup(void **state)
{
    struct world *world = world_new();
    world->detect_settings.link_visitors_ppm = 100;
    world->records = true;
    *state = world;
    return 0;
}
static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* One visit of `minutes` at a camera, `people` as world_visit takes them. */
static void visit(struct world *world, int64_t t_ms, unsigned home, int minutes, const char *people)
{
    char id[40];
    snprintf(id, sizeof id, "v-%lld-%u", (long long)(t_ms / 1000), home);
    world_visit(world, t_ms, cameras[home], id, "arrive", "indoors", people);
    world_visit(world, t_ms + (int64_t)minutes * 60000, cameras[home], id, "leave", "indoors", people);
}

static unsigned told(const struct world *world, const char *code)
{
    return count_findings(world, "canvassing-linked", code);
}

/* The latest of that code; there must be one. */
static const struct finding *the(const struct world *world, const char *code)
{
    const struct finding *found = NULL;
    for (unsigned i = 0; i < world->finding_count; i++)
        if (strcmp(finding_code(&world->findings[i]), code) == 0)
            found = &world->findings[i];
    assert_non_null(found);
    return found;
}

static void the_third_home_of_one_stranger_is_told_to_the_town_and_ends_after_three_days(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(told(world, NULL), 0);
        visit(world, at(world, 9, 0, 0) + i * 20 * HOUR_MS, i, 15, "unknown:x");
    }
    assert_int_equal(told(world, "canvassing-linked"), 1);
    const struct finding *finding = the(world, "canvassing-linked");
    assert_int_equal(finding->level, LEVEL_YELLOW);
    assert_int_equal(finding->subject.kind, SUBJECT_TERRITORY);
    assert_string_equal(registry_territory(world->registry, finding->subject.no)->code, "654321100");
    assert_int_equal(finding->resident, REGISTRY_NONE);
    assert_int_equal(finding->household, REGISTRY_NONE);
    assert_true(finding->numbers[0] == 3 && finding->numbers[1] >= 2);
    world_tick(world, at(world, 9, 0, 0) + (40 + 71) * HOUR_MS);
    assert_int_equal(told(world, "canvassing-linked-over"), 0);
    world_tick(world, at(world, 9, 20, 0) + (40 + 73) * HOUR_MS);
    assert_int_equal(told(world, "canvassing-linked-over"), 1);
}

static void without_a_legal_basis_nobody_is_linked(void **state)
{
    struct world *world = *state;
    world->detect_settings.link_visitors_ppm = 0;
    for (unsigned i = 0; i < 3; i++)
        visit(world, at(world, 9, 20 * (int)i, 0), i, 15, "unknown:x");
    assert_int_equal(told(world, NULL), 0);
}

static void what_was_known_is_forgotten_when_it_is_switched_off(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 2; i++)
        visit(world, at(world, 9, 20 * (int)i, 0), i, 15, "unknown:x");
    world->detect_settings.link_visitors_ppm = 0;
    visit(world, at(world, 10, 0, 0), 2, 15, "unknown:x");
    world->detect_settings.link_visitors_ppm = 100;
    visit(world, at(world, 11, 0, 0), 2, 15, "unknown:x");
    assert_int_equal(told(world, NULL), 0);
}

static void visits_three_days_apart_are_not_linked(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 3; i++)
        visit(world, at(world, 9, 0, 0) + i * 37 * HOUR_MS, i, 15, "unknown:x");
    assert_int_equal(told(world, NULL), 0);
}

static void different_strangers_listed_people_and_nameless_ones_are_not(void **state)
{
    struct world *world = *state;
    static const char *const strangers[] = {"unknown:a", "unknown:b", "unknown:c"};
    for (unsigned i = 0; i < 3; i++) {
        visit(world, at(world, 9, 0, 0), i, 15, strangers[i]);
        visit(world, at(world, 10, 0, 0), i, 15, "trusted:x");
        visit(world, at(world, 11, 0, 0), i, 15, "unclear:y");
        visit(world, at(world, 12, 0, 0), i, 15, "");
    }
    assert_int_equal(told(world, NULL), 0);
}

static void who_is_soon_gone_everywhere_is_a_round_and_opens_nothing(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 3; i++)
        visit(world, at(world, 9, 20 * (int)i, 0), i, 3, "unknown:x");
    assert_int_equal(told(world, NULL), 1);
    assert_int_equal(told(world, "round-of-homes"), 1);
    assert_true(the(world, "round-of-homes")->flags & FINDING_RECORD);
    /* Staying in one of them is not yet half of them; in a second it is. */
    visit(world, at(world, 11, 0, 0), 0, 15, "unknown:x");
    assert_int_equal(told(world, "canvassing-linked"), 0);
    visit(world, at(world, 12, 0, 0), 1, 15, "unknown:x");
    assert_int_equal(told(world, "canvassing-linked"), 1);
}

static void where_a_visit_is_announced_it_is_green(void **state)
{
    struct world *world = *state;
    const struct announcement census = {.from_ms = at(world, 8, 0, 0),
                                        .until_ms = at(world, 18, 0, 0),
                                        .territory =
                                            registry_find(world->registry, REGISTRY_TERRITORY, "654321100"),
                                        .kind = ANNOUNCED_PENSION_CHECK};
    assert_int_equal(live_announce(world->live, world->t_ms, &census), ERR_OK);
    for (unsigned i = 0; i < 3; i++)
        visit(world, at(world, 9, 20 * (int)i, 0), i, 15, "unknown:x");
    assert_int_equal(told(world, "canvassing-linked-announced"), 1);
    assert_int_equal(told(world, "canvassing-linked"), 0);
}

/* Of 120 visits with a wrong match in a thousand pairs, chance alone links three homes more often than once a
 * quarter. */
static void where_chance_links_three_homes_three_are_not_told(void **state)
{
    struct world *world = *state;
    char people[40];
    world->detect_settings.link_visitors_ppm = 1000;
    for (unsigned i = 0; i < 120; i++) {
        snprintf(people, sizeof people, "unknown:s%u", i);
        visit(world, at(world, 8, 0, 0) + i * 10000, i % 3, 0, people);
    }
    for (unsigned i = 0; i < 3; i++)
        visit(world, at(world, 9, 20 * (int)i, 0), i, 15, "unknown:x");
    assert_int_equal(told(world, NULL), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_third_home_of_one_stranger_is_told_to_the_town_and_ends_after_three_days),
        T(without_a_legal_basis_nobody_is_linked),
        T(what_was_known_is_forgotten_when_it_is_switched_off),
        T(visits_three_days_apart_are_not_linked),
        T(different_strangers_listed_people_and_nameless_ones_are_not),
        T(who_is_soon_gone_everywhere_is_a_round_and_opens_nothing),
        T(where_a_visit_is_announced_it_is_green),
        T(where_chance_links_three_homes_three_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
