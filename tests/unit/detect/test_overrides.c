/* Whose thresholds hold: of everybody, of a category, of one resident; of a home and its cameras. */
#include "detect/overrides.h"
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

static struct detect_override *add(struct detect_overrides *overrides, const char *category,
                                   const char *resident_id)
{
    struct detect_override *override = &overrides->entries[overrides->count++];
    snprintf(override->category, sizeof override->category, "%s", category);
    snprintf(override->resident, sizeof override->resident, "%s", resident_id);
    return override;
}

static void set_silent(struct detect_override *override, uint32_t value)
{
    override->values.silent_s = value;
    override->given.silent_s = UINT32_MAX;
}

static void set_hold(struct detect_override *override, uint32_t value)
{
    override->values.fall_cancel_s = value;
    override->given.fall_cancel_s = UINT32_MAX;
}

static void the_resident_goes_before_a_category_and_the_earlier_before_the_later(void **state)
{
    struct world *world = *state;
    static struct detect_overrides overrides;
    struct settings_choice choice;
    memset(&overrides, 0, sizeof overrides);
    set_silent(add(&overrides, "空巢", ""), 100);
    set_silent(add(&overrides, "空巢", ""), 200);
    set_hold(&overrides.entries[1], 77);
    set_silent(add(&overrides, "失智", ""), 300); /* a tag counts like a category */
    assert_int_equal(choice_bind(world->registry, &world->detect_settings, &overrides, &choice), ERR_OK);
    const struct detect_settings *one =
                                     choice_of(&choice, resident(world, "r-1"), REGISTRY_NONE, REGISTRY_NONE),
                                 *two = choice_of(&choice, resident(world, "r-2a"), REGISTRY_NONE,
                                                  REGISTRY_NONE),
                                 *three =
                                     choice_of(&choice, resident(world, "r-3"), REGISTRY_NONE, REGISTRY_NONE);
    assert_int_equal(one->silent_s, 100);
    assert_int_equal(one->fall_cancel_s, 77);
    assert_int_equal(one->unworn_s, world->detect_settings.unworn_s);
    assert_ptr_equal(two, &world->detect_settings);
    assert_int_equal(three->silent_s, 300);
    choice_release(&choice);
    set_silent(add(&overrides, "", "r-1"), 400);
    assert_int_equal(choice_bind(world->registry, &world->detect_settings, &overrides, &choice), ERR_OK);
    one = choice_of(&choice, resident(world, "r-1"), REGISTRY_NONE, REGISTRY_NONE);
    assert_int_equal(one->silent_s, 400);
    assert_int_equal(one->fall_cancel_s, 77);
    choice_release(&choice);
}

static void a_home_has_what_fits_any_of_its_residents_and_a_device_its_owner_s(void **state)
{
    struct world *world = *state;
    static struct detect_overrides overrides;
    struct settings_choice choice;
    memset(&overrides, 0, sizeof overrides);
    set_silent(add(&overrides, "", "r-2b"), 123);
    assert_int_equal(choice_bind(world->registry, &world->detect_settings, &overrides, &choice), ERR_OK);
    struct subject home = household(world, "h-2"), device = {.kind = SUBJECT_DEVICE, .no = 0};
    uint32_t a = resident(world, "r-2a").no, b = resident(world, "r-2b").no;
    assert_int_equal(choice_of(&choice, home, REGISTRY_NONE, home.no)->silent_s, 123);
    assert_int_equal(choice_of(&choice, device, b, home.no)->silent_s, 123);
    assert_int_equal(choice_of(&choice, device, a, home.no)->silent_s, 600);
    assert_int_equal(choice_of(&choice, device, REGISTRY_NONE, home.no)->silent_s, 123);
    assert_int_equal(choice_of(&choice, device, REGISTRY_NONE, REGISTRY_NONE)->silent_s, 600);
    struct subject county = {.kind = SUBJECT_TERRITORY, .no = 0};
    assert_ptr_equal(choice_of(&choice, county, REGISTRY_NONE, REGISTRY_NONE), &world->detect_settings);
    assert_true(choice.residents * sizeof *choice.of_resident == choice.residents * 2UL);
    choice_release(&choice);
}

static void what_fits_nobody_changes_nobody(void **state)
{
    struct world *world = *state;
    static struct detect_overrides overrides;
    struct settings_choice choice;
    memset(&overrides, 0, sizeof overrides);
    set_silent(add(&overrides, "", "r-none"), 123);
    set_silent(add(&overrides, "nobody", ""), 124);
    assert_int_equal(choice_bind(world->registry, &world->detect_settings, &overrides, &choice), ERR_OK);
    for (uint32_t no = 0; no < registry_count(world->registry, REGISTRY_RESIDENT); no++)
        assert_ptr_equal(
            choice_of(&choice, (struct subject){.kind = SUBJECT_RESIDENT, .no = no}, no, REGISTRY_NONE),
            &world->detect_settings);
    choice_release(&choice);
}

static void new_settings_hold_from_their_binding_on(void **state)
{
    struct world *world = *state;
    static struct detect_overrides overrides;
    memset(&overrides, 0, sizeof overrides);
    set_hold(add(&overrides, "", "r-1"), 5);
    assert_int_equal(detect_rebind(world->detect, world->registry, &world->detect_settings, &overrides),
                     ERR_OK);
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL);
    world_event(world, at(world, 9, 0, 0), "wb-3", FALL);
    world_tick(world, at(world, 9, 0, 6));
    assert_finding(world, "fall", LEVEL_RED);
    assert_int_equal(last_finding(world)->resident, resident(world, "r-1").no);
    assert_int_equal(count_findings(world, "fall", "fall"), 1);
    assert_int_equal(detect_rebind(world->detect, world->registry, &world->detect_settings, NULL), ERR_OK);
    world_tick(world, at(world, 9, 0, 30));
    world_event(world, at(world, 10, 0, 0), "wb-1", FALL);
    world_tick(world, at(world, 10, 0, 6));
    assert_int_equal(count_findings(world, "fall", "fall"), 2);
    world_tick(world, at(world, 10, 0, 30));
    assert_int_equal(count_findings(world, "fall", "fall"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_resident_goes_before_a_category_and_the_earlier_before_the_later,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_home_has_what_fits_any_of_its_residents_and_a_device_its_owner_s,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_fits_nobody_changes_nobody, setup, teardown),
        cmocka_unit_test_setup_teardown(new_settings_hold_from_their_binding_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
