/* Whose is what a dialect decoded: devices and people by the sender's names. */
#include "fixture.h"
#include "registry/foreign.h"

struct home {
    struct fixture fixture;
    struct dialect_settings settings;
    struct foreign foreign;
};

static int open_home(void **state)
{
    struct home *home = calloc(1, sizeof(*home));
    assert_non_null(home);
    fixture_open(&home->fixture);
    fixture_write(&home->fixture, "visitors.csv",
                  "household,visitor_id,name,windows\nh-1,v-son,x,\nh-2,v-nurse,y,\n");
    fixture_must_load(&home->fixture);
    *state = home;
    return 0;
}

static int close_home(void **state)
{
    struct home *home = *state;
    fixture_close(&home->fixture);
    free(home);
    return 0;
}

static void map(struct dialect_name *names, uint8_t *count, const char *name, const char *id)
{
    text_copy(names[*count].name, sizeof(names->name), name);
    text_copy(names[*count].id, sizeof(names->id), id);
    (*count)++;
}

static void called(struct home *home, const char *name)
{
    text_copy(home->foreign.names[home->foreign.name_count++], FOREIGN_NAME_SIZE, name);
}

static const char *device_of(struct home *home, char shown[ID_SIZE])
{
    const uint32_t device =
        registry_foreign_device(home->fixture.registry, &home->settings, &home->foreign, shown);
    return device == REGISTRY_NONE ? "none" : registry_device(home->fixture.registry, device)->id;
}

static void a_name_that_is_an_id_is_that_device(void **state)
{
    struct home *home = *state;
    char shown[ID_SIZE];
    called(home, "alice/wb-1");
    called(home, "wb-1");
    assert_string_equal(device_of(home, shown), "wb-1");
}

static void the_settings_come_before_the_registry(void **state)
{
    struct home *home = *state;
    char shown[ID_SIZE];
    called(home, "cam-1");
    called(home, "other");
    map(home->settings.devices, &home->settings.device_count, "other", "wb-1");
    assert_string_equal(device_of(home, shown), "wb-1");
    /* A mapping that leads nowhere is a mistake to be seen, and no reason to try another name. */
    text_copy(home->settings.devices[0].id, ID_SIZE, "wb-9");
    assert_string_equal(device_of(home, shown), "none");
    assert_string_equal(shown, "wb-9");
}

static void an_unknown_name_is_shown_as_an_identifier(void **state)
{
    struct home *home = *state;
    char shown[ID_SIZE];
    called(home, "alice/手机\n");
    assert_string_equal(device_of(home, shown), "none");
    assert_string_equal(shown, "alice________");
    home->foreign.name_count = 0;
    assert_string_equal(device_of(home, shown), "none");
    assert_string_equal(shown, "");
}

static const struct event_person *person(struct home *home, struct event *event, const char *name)
{
    event_clear(event, EVENT_VISIT);
    event->visit.people_count = 1;
    event->visit.people[0].person_class = PERSON_CLASS_UNKNOWN;
    text_copy(home->foreign.people[0], FOREIGN_NAME_SIZE, name);
    registry_foreign_visit(home->fixture.registry, &home->settings,
                           registry_find(home->fixture.registry, REGISTRY_DEVICE, "cam-1"), &home->foreign,
                           PLACE_NONE, event);
    return &event->visit.people[0];
}

static void a_name_is_a_visitor_or_a_resident_of_that_home_only(void **state)
{
    static const struct {
        const char *name, *id;
        enum person_class person_class;
    } people[] = {{"v-son", "v-son", PERSON_CLASS_TRUSTED},  {"r-1", "r-1", PERSON_CLASS_RESIDENT},
                  {"v-nurse", "", PERSON_CLASS_UNKNOWN},     {"r-2", "", PERSON_CLASS_UNKNOWN},
                  {"John Smith", "", PERSON_CLASS_UNKNOWN},  {"儿子", "v-son", PERSON_CLASS_TRUSTED},
                  {"Grandma", "r-1", PERSON_CLASS_RESIDENT}, {"", "", PERSON_CLASS_UNKNOWN}};
    struct home *home = *state;
    struct event event;
    map(home->settings.people, &home->settings.people_count, "儿子", "v-son");
    map(home->settings.people, &home->settings.people_count, "Grandma", "r-1");
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
        const struct event_person *got = person(home, &event, people[i].name);
        assert_int_equal(got->person_class, people[i].person_class);
        assert_string_equal(got->visitor_id, people[i].id);
    }
}

static void a_place_that_no_zone_told_is_the_cameras_or_the_last_one_known(void **state)
{
    struct home *home = *state;
    struct event event;
    const uint32_t camera = registry_find(home->fixture.registry, REGISTRY_DEVICE, "cam-1");
    event_clear(&event, EVENT_VISIT);
    event.visit.place = PLACE_INDOORS;
    registry_foreign_visit(home->fixture.registry, &home->settings, camera, &home->foreign, PLACE_NONE,
                           &event);
    assert_int_equal(event.visit.place, PLACE_DOORSTEP); /* its view says nothing of indoors */
    registry_foreign_visit(home->fixture.registry, &home->settings, camera, &home->foreign, PLACE_INDOORS,
                           &event);
    assert_int_equal(event.visit.place, PLACE_INDOORS);
    home->foreign.place_known = true;
    event.visit.place = PLACE_DOORSTEP;
    registry_foreign_visit(home->fixture.registry, &home->settings, camera, &home->foreign, PLACE_INDOORS,
                           &event);
    assert_int_equal(event.visit.place, PLACE_DOORSTEP);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_home, close_home)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_that_is_an_id_is_that_device),
        TEST(the_settings_come_before_the_registry),
        TEST(an_unknown_name_is_shown_as_an_identifier),
        TEST(a_name_is_a_visitor_or_a_resident_of_that_home_only),
        TEST(a_place_that_no_zone_told_is_the_cameras_or_the_last_one_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
