#include <math.h>

#include "fixture.h"

struct small {
    struct tz *tz;
    struct registry *registry;
};

static int open_small(void **state)
{
    static struct small small;
    assert_int_equal(tz_load("Asia/Shanghai", &small.tz), ERR_OK);
    small.registry = fixture_small(small.tz);
    *state = &small;
    return 0;
}

static int close_small(void **state)
{
    struct small *small = *state;
    registry_free(small->registry);
    tz_free(small->tz);
    return 0;
}

static uint32_t find(const struct registry *registry, enum registry_table table, const char *id)
{
    uint32_t number = registry_find(registry, table, id);
    assert_int_not_equal(number, REGISTRY_NONE);
    return number;
}

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(clock_parse(text, strlen(text), &ms), ERR_OK);
    return ms;
}

/* ---- values ---- */

static void residents_carry_what_their_columns_say(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    const struct resident *plain = registry_resident(registry, find(registry, REGISTRY_RESIDENT, "r-1"));
    assert_string_equal(plain->id, "r-1");
    assert_int_equal(plain->birth_year, 1941);
    assert_int_equal(plain->consent, 0x7F);
    assert_int_equal(plain->status, STATUS_ACTIVE);
    assert_string_equal(plain->language, "zh");
    assert_int_equal(plain->hearing_poor + plain->vision_poor + plain->cognition_poor + plain->tags, 0);
    const struct resident *deaf = registry_resident(registry, find(registry, REGISTRY_RESIDENT, "r-2"));
    assert_int_equal(deaf->hearing_poor, 1);
    assert_int_equal(deaf->vision_poor + deaf->cognition_poor, 0);
    const struct resident *tagged = registry_resident(registry, find(registry, REGISTRY_RESIDENT, "r-3"));
    assert_int_equal(tagged->tags, TAG_DEMENTIA | TAG_WANDERED);
    assert_int_equal(tagged->consent, CONSENT_BIT(CONSENT_LOCATION) | CONSENT_BIT(CONSENT_HEALTH) |
                                          CONSENT_BIT(CONSENT_VOICE) | CONSENT_BIT(CONSENT_FAMILY));
    assert_string_equal(tagged->language, "ug");
    assert_int_equal(tagged->cognition_poor, 1);
}

static void a_status_ends_at_a_time_or_at_the_end_of_a_day(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    const struct resident *away = registry_resident(registry, find(registry, REGISTRY_RESIDENT, "r-4"));
    assert_int_equal(away->status, STATUS_AWAY);
    assert_int_equal(away->status_until_ms, at("2026-04-01T00:00:00+08:00"));
    const struct resident *ill = registry_resident(registry, find(registry, REGISTRY_RESIDENT, "r-5"));
    assert_int_equal(ill->status, STATUS_HOSPITAL);
    assert_int_equal(ill->status_until_ms, at("2026-03-05T08:00:00+08:00"));
}

static void blank_consent_is_none(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    assert_int_equal(registry_resident(registry, find(registry, REGISTRY_RESIDENT, "r-4"))->consent, 0);
}

static void homes_lead_to_their_residents_and_cameras_in_order(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    uint32_t home = find(registry, REGISTRY_HOUSEHOLD, "h-2");
    uint32_t first = registry_household(registry, home)->first_resident;
    assert_string_equal(registry_resident(registry, first)->id, "r-2");
    uint32_t second = registry_resident(registry, first)->next_in_household;
    assert_string_equal(registry_resident(registry, second)->id, "r-3");
    assert_int_equal(registry_resident(registry, second)->next_in_household, REGISTRY_NONE);
    const struct household *two_cameras =
        registry_household(registry, find(registry, REGISTRY_HOUSEHOLD, "h-1"));
    const struct device *camera = registry_device(registry, two_cameras->first_camera);
    assert_string_equal(camera->id, "cam-1");
    assert_true(camera->indoors);
    camera = registry_device(registry, camera->next_camera);
    assert_string_equal(camera->id, "cam-1b");
    assert_false(camera->indoors);
    assert_int_equal(camera->next_camera, REGISTRY_NONE);
    assert_int_equal(registry_household(registry, find(registry, REGISTRY_HOUSEHOLD, "h-3"))->first_camera,
                     REGISTRY_NONE);
}

static void a_wristband_is_at_home_where_its_wearer_is(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    uint32_t band = find(registry, REGISTRY_DEVICE, "wb-3"),
             wearer = find(registry, REGISTRY_RESIDENT, "r-3");
    assert_int_equal(registry_device(registry, band)->resident, wearer);
    assert_int_equal(registry_resident(registry, wearer)->wristband, band);
    assert_int_equal(registry_device(registry, band)->household, find(registry, REGISTRY_HOUSEHOLD, "h-2"));
    const struct device *spare = registry_device(registry, find(registry, REGISTRY_DEVICE, "wb-spare"));
    assert_int_equal(spare->resident, REGISTRY_NONE);
    assert_int_equal(spare->household, REGISTRY_NONE);
}

static void a_home_without_coordinates_has_none(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    assert_false(registry_household(registry, find(registry, REGISTRY_HOUSEHOLD, "h-3"))->has_home);
    assert_true(registry_household(registry, find(registry, REGISTRY_HOUSEHOLD, "h-1"))->has_home);
}

static void gcj02_coordinates_are_turned_into_wgs84(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write(&fixture, "households.csv",
                  "id,grid,address,lat,lon,datum\nh-1,654321100200001,a,38.9,82.4,gcj02\nh-2,654321100200001,"
                  "b,38.9,82.4,wgs84\n");
    fixture_write(&fixture, "zones.geojson",
                  "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{"
                  "\"id\":\"z\",\"name\":\"n\",\"kind\":\"safe\","
                  "\"owner\":\"resident:r-1\",\"radius_m\":10,\"datum\":\"gcj02\"},\"geometry\":{\"type\":"
                  "\"Point\",\"coordinates\":[82.4,38.9]}}]}");
    fixture_must_load(&fixture);
    struct geo_point wanted = geo_gcj02_to_wgs84((struct geo_point){.lat = 38.9, .lon = 82.4});
    const struct household *home = registry_household(fixture.registry, 0);
    assert_true(geo_distance_m(home->home, wanted) < 0.01);
    assert_true(geo_distance_m(registry_zone(fixture.registry, 0)->points[0], wanted) < 0.01);
    assert_true(geo_distance_m(registry_household(fixture.registry, 1)->home,
                               (struct geo_point){.lat = 38.9, .lon = 82.4}) < 0.01);
    fixture_close(&fixture);
}

static void ids_are_found_and_unknown_ones_are_not(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    assert_int_equal(registry_find(registry, REGISTRY_DEVICE, "wb-9"), REGISTRY_NONE);
    assert_int_equal(registry_find(registry, REGISTRY_DEVICE, ""), REGISTRY_NONE);
    assert_int_equal(registry_find(registry, REGISTRY_DEVICE, "wb-"), REGISTRY_NONE);
    assert_string_equal(registry_device(registry, find(registry, REGISTRY_DEVICE, "wb-1"))->id, "wb-1");
    assert_string_equal(registry_territory(registry, find(registry, REGISTRY_TERRITORY, "654321101"))->code,
                        "654321101");
}

static void the_vault_holds_what_is_personal(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    assert_string_equal(
        registry_vault(registry, REGISTRY_RESIDENT, find(registry, REGISTRY_RESIDENT, "r-1"), "name"),
        "王桂兰");
    assert_string_equal(
        registry_vault(registry, REGISTRY_HOUSEHOLD, find(registry, REGISTRY_HOUSEHOLD, "h-1"), "address"),
        "胡杨镇一村, 1 号");
    assert_string_equal(
        registry_vault(registry, REGISTRY_CONTACT, find(registry, REGISTRY_CONTACT, "c-2"), "phone"),
        "10010000002");
    assert_string_equal(registry_vault(registry, REGISTRY_CONTACT, 0, "no such field"), "");
}

static enum err check_personal(void *self, const struct registry_row *row)
{
    static const char *const personal[] = {"name",     "address", "lat",   "lon",
                                           "relation", "phone",   "email", "geometry"};
    (void)self;
    bool public_names = row->table == REGISTRY_TERRITORY || row->table == REGISTRY_CALENDAR;
    for (size_t i = 0; i < row->count; i++) {
        bool expected = false;
        for (size_t j = 0; j < sizeof personal / sizeof personal[0]; j++)
            expected |= strcmp(row->fields[i].column, personal[j]) == 0 && !public_names;
        assert_int_equal(row->fields[i].personal, expected);
    }
    return ERR_OK;
}

static void names_addresses_phones_and_coordinates_are_marked_personal(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    assert_int_equal(registry_rows(registry, check_personal, NULL), ERR_OK);
}

static void subjects_have_ids_and_lie_in_a_territory(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    struct subject resident = registry_subject_find(registry, SUBJECT_RESIDENT, "r-5");
    assert_string_equal(registry_subject_id(registry, resident), "r-5");
    uint32_t grid = find(registry, REGISTRY_TERRITORY, "654321101200001");
    assert_int_equal(registry_subject_territory(registry, resident), grid);
    assert_int_equal(
        registry_subject_territory(registry, registry_subject_find(registry, SUBJECT_HOUSEHOLD, "h-4")),
        grid);
    assert_int_equal(
        registry_subject_territory(registry, registry_subject_find(registry, SUBJECT_DEVICE, "wb-5")), grid);
    assert_int_equal(
        registry_subject_territory(registry, registry_subject_find(registry, SUBJECT_DEVICE, "cam-4")), grid);
    assert_int_equal(registry_subject_territory(
                         registry, registry_subject_find(registry, SUBJECT_TERRITORY, "654321101200001")),
                     grid);
    assert_int_equal(
        registry_subject_territory(registry, registry_subject_find(registry, SUBJECT_DEVICE, "wb-spare")),
        REGISTRY_NONE);
    assert_int_equal(registry_subject_find(registry, SUBJECT_RESIDENT, "nobody").kind, SUBJECT_NONE);
    assert_int_equal(registry_subject_find(registry, SUBJECT_NONE, "r-5").kind, SUBJECT_NONE);
    assert_string_equal(registry_subject_id(registry, (struct subject){.kind = SUBJECT_NONE}), "?");
    assert_string_equal(registry_subject_id(registry, (struct subject){.kind = SUBJECT_RESIDENT, .no = 99}),
                        "?");
    assert_int_equal(
        registry_subject_territory(registry, (struct subject){.kind = SUBJECT_RESIDENT, .no = 99}),
        REGISTRY_NONE);
}

static void names_of_tables_zones_and_roles_go_both_ways(void **state)
{
    (void)state;
    assert_string_equal(registry_table_name(REGISTRY_ZONE), "zones");
    assert_string_equal(registry_table_name(REGISTRY_TABLES), "?");
    assert_string_equal(zone_kind_name(ZONE_PETITION), "petition");
    assert_string_equal(zone_kind_name(ZONE_KIND_COUNT), "?");
    for (int role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
        assert_int_equal(role_from_name(role_name((enum role)role)), role);
    assert_int_equal(role_from_name("mayor"), ROLE_NONE);
    assert_int_equal(role_from_name(""), ROLE_NONE);
}

/* ---- zones ---- */

static void protected_kinds_are_nobodys_business(void **state)
{
    (void)state;
    for (int kind = ZONE_KIND_NONE; kind < ZONE_KIND_COUNT; kind++)
        assert_int_equal(zone_kind_is_protected((enum zone_kind)kind),
                         kind == ZONE_GOVERNMENT || kind == ZONE_COURT || kind == ZONE_PETITION ||
                             kind == ZONE_WORSHIP || kind == ZONE_PRIVATE);
}

static void the_zones_of_a_resident_are_own_household_and_territories_above_in_order(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    uint32_t zones[8];
    /* Numbers follow the ids: court, market, other, park, safe, yard. */
    size_t count = registry_zones_of(registry, find(registry, REGISTRY_RESIDENT, "r-1"), zones, 8);
    static const char *const all[] = {"z-court", "z-market", "z-park", "z-safe", "z-yard"};
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(registry_zone(registry, zones[i])->id, all[i]);
    assert_int_equal(registry_zones_of(registry, find(registry, REGISTRY_RESIDENT, "r-1"), zones, 2), 2);
    assert_string_equal(registry_zone(registry, zones[1])->id, "z-market");
    count = registry_zones_of(registry, find(registry, REGISTRY_RESIDENT, "r-5"), zones, 8);
    static const char *const other[] = {"z-court", "z-other", "z-park"};
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(registry_zone(registry, zones[i])->id, other[i]);
}

static void a_circle_contains_by_its_radius_and_knows_the_way_to_its_border(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    const struct zone *zone = registry_zone(registry, find(registry, REGISTRY_ZONE, "z-safe"));
    double border_m = -1;
    assert_true(zone_contains(zone, (struct geo_point){.lat = 38.9, .lon = 82.4}, &border_m));
    assert_true(fabs(border_m - 1500) < 0.01);
    /* 0.02 degrees of latitude are 2223.9 m. */
    assert_false(zone_contains(zone, (struct geo_point){.lat = 38.92, .lon = 82.4}, &border_m));
    assert_true(fabs(border_m - 723.9) < 0.5);
    assert_false(zone_contains(zone, (struct geo_point){.lat = 38.92, .lon = 82.4}, NULL));
}

static void a_polygon_contains_by_its_ring_and_knows_the_way_to_its_border(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    const struct zone *zone = registry_zone(registry, find(registry, REGISTRY_ZONE, "z-park"));
    double border_m = -1;
    assert_int_equal(zone->count, 4);
    assert_true(zone_contains(zone, (struct geo_point){.lat = 38.911, .lon = 82.415}, &border_m));
    assert_true(fabs(border_m - 111.2) < 0.5);
    assert_false(zone_contains(zone, (struct geo_point){.lat = 38.909, .lon = 82.415}, &border_m));
    assert_true(fabs(border_m - 111.2) < 0.5);
}

static void a_zone_knows_its_calendar(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    const struct zone *market = registry_zone(registry, find(registry, REGISTRY_ZONE, "z-market"));
    assert_string_equal(registry_calendar(registry, market->calendar)->id, "fair");
    assert_int_equal(registry_zone(registry, find(registry, REGISTRY_ZONE, "z-park"))->calendar,
                     REGISTRY_NONE);
}

/* ---- people ---- */

static size_t responders(const struct registry *registry, enum role role, const char *territory,
                         const char *time, const char *ids[4])
{
    uint32_t numbers[4];
    size_t count = registry_responders(registry, role, find(registry, REGISTRY_TERRITORY, territory),
                                       at(time), numbers, 4);
    for (size_t i = 0; i < count; i++)
        ids[i] = registry_responder(registry, numbers[i])->id;
    return count;
}

static void the_nearest_territory_above_that_has_a_role_answers(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    const char *ids[4];
    assert_int_equal(
        responders(registry, ROLE_GRID_WORKER, "654321100200001", "2026-03-01T10:00:00+08:00", ids), 1);
    assert_string_equal(ids[0], "grid-1");
    assert_int_equal(
        responders(registry, ROLE_GRID_WORKER, "654321100200002", "2026-03-01T10:00:00+08:00", ids), 1);
    assert_string_equal(ids[0], "grid-v");
    assert_int_equal(
        responders(registry, ROLE_TOWN_DESK, "654321100200001", "2026-03-01T10:00:00+08:00", ids), 1);
    assert_string_equal(ids[0], "town-1");
    assert_int_equal(
        responders(registry, ROLE_TOWN_DESK, "654321101200001", "2026-03-01T10:00:00+08:00", ids), 0);
    assert_int_equal(
        responders(registry, ROLE_POLICE_DESK, "654321101200001", "2026-03-01T10:00:00+08:00", ids), 1);
    uint32_t number;
    assert_int_equal(registry_responders(registry, ROLE_COUNTY_DESK, REGISTRY_NONE, 0, &number, 1), 0);
}

static void a_roster_narrows_to_who_is_on_duty_and_a_gap_in_it_to_everyone(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    const char *ids[4];
    assert_int_equal(
        responders(registry, ROLE_COUNTY_DESK, "654321100200001", "2026-03-01T21:00:00+08:00", ids), 1);
    assert_string_equal(ids[0], "desk-2");
    assert_int_equal(
        responders(registry, ROLE_COUNTY_DESK, "654321100200001", "2026-03-01T20:00:00+08:00", ids), 1);
    assert_int_equal(
        responders(registry, ROLE_COUNTY_DESK, "654321100200001", "2026-03-02T08:00:00+08:00", ids), 2);
    assert_int_equal(
        responders(registry, ROLE_COUNTY_DESK, "654321100200001", "2026-03-01T12:00:00+08:00", ids), 2);
    assert_string_equal(ids[0], "desk-1");
    assert_string_equal(ids[1], "desk-2");
}

static void contacts_come_in_order_and_never_more_than_asked(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    uint32_t numbers[4];
    uint32_t resident = find(registry, REGISTRY_RESIDENT, "r-1");
    assert_int_equal(registry_contacts(registry, resident, numbers, 4), 2);
    assert_string_equal(registry_contact(registry, numbers[0])->id, "c-1");
    assert_string_equal(registry_contact(registry, numbers[1])->id, "c-2");
    assert_int_equal(registry_contacts(registry, resident, numbers, 1), 1);
    assert_int_equal(registry_contacts(registry, find(registry, REGISTRY_RESIDENT, "r-5"), numbers, 4), 0);
}

static bool in_window(const struct small *small, const struct trusted_visitor *visitor, const char *time)
{
    struct civil local;
    clock_civil(small->tz, at(time), &local);
    return visitor_in_window(visitor, &local);
}

static void a_trusted_visitor_is_known_to_the_own_household_only(void **state)
{
    const struct registry *registry = ((struct small *)*state)->registry;
    uint32_t home = find(registry, REGISTRY_HOUSEHOLD, "h-1"),
             other = find(registry, REGISTRY_HOUSEHOLD, "h-2");
    assert_string_equal(registry_trusted(registry, home, "v-son")->visitor_id, "v-son");
    assert_null(registry_trusted(registry, other, "v-son"));
    assert_null(registry_trusted(registry, home, "v-stranger"));
    assert_null(registry_trusted(registry, home, ""));
}

static void windows_are_weekly_local_and_may_cross_midnight(void **state)
{
    const struct small *small = *state;
    uint32_t home = find(small->registry, REGISTRY_HOUSEHOLD, "h-1");
    const struct trusted_visitor *son = registry_trusted(small->registry, home, "v-son");
    const struct trusted_visitor *nurse = registry_trusted(small->registry, home, "v-nurse");
    assert_true(in_window(small, son, "2026-03-01T03:00:00+08:00")); /* no windows = always */
    assert_int_equal(nurse->window_count, 3);
    /* 2 March 2026 is a Monday. */
    assert_true(in_window(small, nurse, "2026-03-02T08:00:00+08:00"));
    assert_true(in_window(small, nurse, "2026-03-02T11:59:59+08:00"));
    assert_false(in_window(small, nurse, "2026-03-02T12:00:00+08:00"));
    assert_false(in_window(small, nurse, "2026-03-01T10:00:00+08:00"));
    assert_true(in_window(small, nurse, "2026-03-07T10:00:00+08:00"));
    assert_true(in_window(small, nurse, "2026-03-03T22:00:00+08:00"));
    assert_true(in_window(small, nurse, "2026-03-04T01:59:00+08:00"));
    assert_false(in_window(small, nurse, "2026-03-04T02:00:00+08:00"));
}

static void a_window_over_midnight_belongs_to_the_day_it_begins(void **state)
{
    (void)state;
    struct trusted_visitor visitor = {
        .window_count = 1, .windows = {{.weekdays = 1 << 6, .from_minute = 22 * 60, .to_minute = 2 * 60}}};
    assert_true(visitor_in_window(&visitor, &(struct civil){.weekday = 6, .hour = 23}));
    assert_true(visitor_in_window(&visitor, &(struct civil){.weekday = 0, .hour = 1}));
    assert_false(visitor_in_window(&visitor, &(struct civil){.weekday = 6, .hour = 1}));
    assert_false(visitor_in_window(&visitor, &(struct civil){.weekday = 0, .hour = 23}));
}

/* ---- versions ---- */

static void numbers_follow_the_order_of_ids_not_of_lines(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write(&fixture, "residents.csv",
                  "id,household,name,birth_year,categories,consent\nr-2,h-2,m,,,\nr-1,h-1,n,,,\n");
    fixture_must_load(&fixture);
    assert_int_equal(registry_find(fixture.registry, REGISTRY_RESIDENT, "r-1"), 0);
    assert_int_equal(registry_find(fixture.registry, REGISTRY_RESIDENT, "r-2"), 1);
    fixture_close(&fixture);
}

static void numbers_stay_over_versions_and_missing_rows_stay_as_removed(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    fixture_write(&fixture, "residents.csv",
                  "id,household,name,birth_year,categories,consent\nr-2,h-2,m,,,\nr-0,h-1,new,,,\n");
    fixture_write(&fixture, "devices.csv",
                  "id,kind,resident,household\nwb-1,wristband,r-0,\ncam-1,camera,,h-1\n");
    fixture_must_load(&fixture);
    const struct registry *registry = fixture.registry;
    assert_int_equal(registry_count(registry, REGISTRY_RESIDENT), 3);
    assert_int_equal(registry_find(registry, REGISTRY_RESIDENT, "r-1"), REGISTRY_NONE);
    assert_int_equal(registry_find(registry, REGISTRY_RESIDENT, "r-2"), 1);
    assert_int_equal(registry_find(registry, REGISTRY_RESIDENT, "r-0"), 2);
    const struct resident *gone = registry_resident(registry, 0);
    assert_true(gone->removed);
    assert_string_equal(gone->id, "r-1");
    /* Its alerts still know where it lived, its home no longer counts it, its band has a new wearer. */
    assert_int_equal(
        registry_subject_territory(registry, (struct subject){.kind = SUBJECT_RESIDENT, .no = 0}),
        find(registry, REGISTRY_TERRITORY, "654321100200001"));
    assert_int_equal(registry_household(registry, 0)->first_resident, 2);
    assert_int_equal(gone->wristband, REGISTRY_NONE);
    assert_int_equal(registry_resident(registry, 2)->wristband, find(registry, REGISTRY_DEVICE, "wb-1"));
    fixture_close(&fixture);
}

static void a_row_that_comes_back_takes_its_number_again(void **state)
{
    (void)state;
    struct fixture fixture;
    char first[65];
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    memcpy(first, registry_version(fixture.registry), sizeof first);
    fixture_write(&fixture, "devices.csv", "id,kind,resident,household\nwb-1,wristband,r-1,\n");
    fixture_must_load(&fixture);
    assert_int_equal(registry_find(fixture.registry, REGISTRY_DEVICE, "cam-1"), REGISTRY_NONE);
    assert_string_not_equal(registry_version(fixture.registry), first);
    fixture_write(&fixture, "devices.csv",
                  "id,kind,resident,household\nwb-1,wristband,r-1,\ncam-1,camera,,h-1\n");
    fixture_must_load(&fixture);
    assert_int_equal(registry_find(fixture.registry, REGISTRY_DEVICE, "cam-1"), 0);
    assert_int_equal(registry_count(fixture.registry, REGISTRY_DEVICE), 2);
    assert_string_equal(registry_version(fixture.registry), first);
    fixture_close(&fixture);
}

static void a_row_may_not_speak_of_a_removed_one(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    fixture_write(&fixture, "residents.csv",
                  "id,household,name,birth_year,categories,consent\nr-2,h-2,m,,,\n");
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    assert_string_equal(buf_text(&fixture.errors),
                        "devices.csv:2:3: resident: \"r-1\" does not stand in residents\n");
    fixture_close(&fixture);
}

static void twins_are_found_among_old_rows_too(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    fixture_write(
        &fixture, "devices.csv",
        "id,kind,resident,household\nwb-1,wristband,r-1,\ncam-1,camera,,h-1\nwb-1,wristband,r-2,\n");
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    assert_string_equal(buf_text(&fixture.errors), "devices.csv:4:1: id: \"wb-1\" is already in line 2\n");
    fixture_close(&fixture);
}

/* ---- rows ---- */

static enum err add_row(void *self, const struct registry_row *row)
{
    return registry_builder_add(self, row);
}

static void expect_round_trip(const struct registry *registry, const struct tz *tz)
{
    struct registry_builder *builder = NULL;
    struct registry *again = NULL;
    struct buf errors;
    buf_init(&errors, 65536);
    assert_int_equal(registry_builder_new(tz, &builder), ERR_OK);
    assert_int_equal(registry_rows(registry, add_row, builder), ERR_OK);
    enum err err = registry_builder_finish(builder, &errors, &again);
    if (err)
        print_error("%s\n", buf_text(&errors));
    assert_int_equal(err, ERR_OK);
    assert_string_equal(registry_version(again), registry_version(registry));
    for (int table = 0; table < REGISTRY_TABLES; table++)
        assert_int_equal(registry_count(again, (enum registry_table)table),
                         registry_count(registry, (enum registry_table)table));
    for (uint32_t i = 0; i < registry_count(registry, REGISTRY_RESIDENT); i++)
        assert_memory_equal(registry_resident(again, i), registry_resident(registry, i),
                            sizeof(struct resident));
    for (uint32_t i = 0; i < registry_count(registry, REGISTRY_DEVICE); i++)
        assert_memory_equal(registry_device(again, i), registry_device(registry, i), sizeof(struct device));
    for (uint32_t i = 0; i < registry_count(registry, REGISTRY_HOUSEHOLD); i++)
        assert_memory_equal(registry_household(again, i), registry_household(registry, i),
                            sizeof(struct household));
    buf_release(&errors);
    registry_free(again);
}

static void rows_build_the_same_registry_again(void **state)
{
    const struct small *small = *state;
    expect_round_trip(small->registry, small->tz);
}

static void rows_build_an_empty_registry_again(void **state)
{
    (void)state;
    struct registry *registry = NULL;
    assert_int_equal(registry_empty(&registry), ERR_OK);
    assert_int_equal(registry_find(registry, REGISTRY_DEVICE, "wb-1"), REGISTRY_NONE);
    expect_round_trip(registry, NULL);
    registry_free(registry);
}

static void rows_of_removed_things_survive_the_round_trip(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write(&fixture, "zones.geojson",
                  "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{"
                  "\"id\":\"z\",\"name\":\"n\",\"kind\":\"safe\","
                  "\"owner\":\"resident:r-2\",\"radius_m\":10},\"geometry\":{\"type\":\"Point\","
                  "\"coordinates\":[82.4,38.9]}}]}");
    fixture_must_load(&fixture);
    fixture_write(&fixture, "households.csv", "id,grid,address,lat,lon\nh-1,654321100200001,a,38.9,82.4\n");
    fixture_write(&fixture, "residents.csv",
                  "id,household,name,birth_year,categories,consent\nr-1,h-1,n,1940,,location\n");
    fixture_remove(&fixture, "zones.geojson");
    fixture_must_load(&fixture);
    assert_true(registry_household(fixture.registry, 1)->removed);
    assert_true(registry_zone(fixture.registry, 0)->removed);
    expect_round_trip(fixture.registry, fixture.tz);
    fixture_close(&fixture);
}

/* What an erasure leaves: a removed row whose personal fields are gone. */
struct eraser {
    struct registry_builder *builder;
    uint32_t number;
};
static enum err add_erased(void *self, const struct registry_row *row)
{
    struct eraser *eraser = self;
    struct registry_field fields[32];
    struct registry_row copy = *row;
    assert_true(row->count <= 32);
    memcpy(fields, row->fields, row->count * sizeof fields[0]);
    copy.fields = fields;
    if (row->removed)
        for (size_t i = 0; i < row->count; i++)
            if (fields[i].personal)
                fields[i].value = "";
    return registry_builder_add(eraser->builder, &copy);
}

static void a_removed_row_may_lose_what_is_personal(void **state)
{
    (void)state;
    struct fixture fixture;
    struct registry *again = NULL;
    struct eraser eraser = {0};
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    fixture_write(&fixture, "households.csv", "id,grid,address,lat,lon\nh-2,654321100200001,b,,\n");
    fixture_write(&fixture, "residents.csv",
                  "id,household,name,birth_year,categories,consent\nr-2,h-2,m,,,\n");
    fixture_write(&fixture, "devices.csv", "id,kind,resident,household\n");
    fixture_must_load(&fixture);
    assert_int_equal(registry_builder_new(fixture.tz, &eraser.builder), ERR_OK);
    assert_int_equal(registry_rows(fixture.registry, add_erased, &eraser), ERR_OK);
    assert_int_equal(registry_builder_finish(eraser.builder, &fixture.errors, &again), ERR_OK);
    assert_string_equal(registry_vault(again, REGISTRY_HOUSEHOLD, 0, "address"), "");
    assert_false(registry_household(again, 0)->has_home);
    registry_free(again);
    fixture_close(&fixture);
}

static enum err add_backwards(struct registry_builder *builder, enum registry_table table, uint32_t number,
                              const char *columns[][2], size_t count)
{
    struct registry_field fields[8];
    for (size_t i = 0; i < count; i++)
        fields[i] = (struct registry_field){.column = columns[i][0], .value = columns[i][1]};
    struct registry_row row = {.table = table, .number = number, .fields = fields, .count = count};
    return registry_builder_add(builder, &row);
}

static void rows_may_come_in_any_order_and_their_errors_name_the_row(void **state)
{
    (void)state;
    struct registry_builder *builder = NULL;
    struct registry *registry = NULL;
    struct buf errors;
    const char *town[][2] = {{"code", "654321100"}, {"kind", "town"}, {"parent", "654321"}};
    const char *county[][2] = {{"code", "654321"}, {"kind", "county"}};
    const char *lost[][2] = {{"id", "h-1"}, {"grid", "77"}, {"colour", "red"}};
    const char *home[][2] = {{"id", "h-1"}, {"grid", "77"}};
    buf_init(&errors, 4096);
    assert_int_equal(registry_builder_new(NULL, &builder), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_TERRITORY, 1, town, 3), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_TERRITORY, 0, county, 2), ERR_OK);
    assert_int_equal(registry_builder_finish(builder, &errors, &registry), ERR_OK);
    assert_int_equal(registry_territory(registry, 1)->parent, 0);
    registry_free(registry);
    registry = NULL;

    assert_int_equal(registry_builder_new(NULL, &builder), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_TERRITORY, 0, county, 2), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_HOUSEHOLD, 0, home, 2), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_HOUSEHOLD, 1, lost, 3), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_TERRITORY, 1, town, 3),
                     ERR_INVALID); /* tables in order */
    assert_int_equal(add_backwards(builder, REGISTRY_HOUSEHOLD, UINT32_MAX, home, 2), ERR_RANGE);
    assert_int_equal(registry_builder_finish(builder, &errors, &registry), ERR_INVALID);
    assert_null(registry);
    assert_string_equal(buf_text(&errors), "households:row 1: unknown column \"colour\"\n"
                                           "households:h-1: id: empty or not the only one\n");
    buf_release(&errors);
}

static void rows_with_a_hole_in_their_numbers_are_refused(void **state)
{
    (void)state;
    struct registry_builder *builder = NULL;
    struct registry *registry = NULL;
    struct buf errors;
    const char *county[][2] = {{"code", "654321"}, {"kind", "county"}};
    const char *home[][2] = {{"id", "h-1"}, {"grid", "654321"}};
    buf_init(&errors, 4096);
    assert_int_equal(registry_builder_new(NULL, &builder), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_TERRITORY, 1, county, 2), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_HOUSEHOLD, 0, home, 2), ERR_OK);
    assert_int_equal(registry_builder_finish(builder, &errors, &registry), ERR_INVALID);
    assert_non_null(strstr(buf_text(&errors), "territories:654321: the numbers have a gap or a double\n"));
    buf_release(&errors);
}

static void a_builder_may_be_given_up(void **state)
{
    (void)state;
    struct registry_builder *builder = NULL;
    const char *county[][2] = {{"code", "654321"}, {"kind", "county"}};
    const char *home[][2] = {{"id", "h-1"}, {"grid", "654321"}};
    assert_int_equal(registry_builder_new(NULL, &builder), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_TERRITORY, 0, county, 2), ERR_OK);
    assert_int_equal(add_backwards(builder, REGISTRY_HOUSEHOLD, 0, home, 2), ERR_OK);
    registry_builder_free(builder);
    registry_builder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residents_carry_what_their_columns_say),
        cmocka_unit_test(a_status_ends_at_a_time_or_at_the_end_of_a_day),
        cmocka_unit_test(blank_consent_is_none),
        cmocka_unit_test(homes_lead_to_their_residents_and_cameras_in_order),
        cmocka_unit_test(a_wristband_is_at_home_where_its_wearer_is),
        cmocka_unit_test(a_home_without_coordinates_has_none),
        cmocka_unit_test(gcj02_coordinates_are_turned_into_wgs84),
        cmocka_unit_test(ids_are_found_and_unknown_ones_are_not),
        cmocka_unit_test(the_vault_holds_what_is_personal),
        cmocka_unit_test(names_addresses_phones_and_coordinates_are_marked_personal),
        cmocka_unit_test(subjects_have_ids_and_lie_in_a_territory),
        cmocka_unit_test(names_of_tables_zones_and_roles_go_both_ways),
        cmocka_unit_test(protected_kinds_are_nobodys_business),
        cmocka_unit_test(the_zones_of_a_resident_are_own_household_and_territories_above_in_order),
        cmocka_unit_test(a_circle_contains_by_its_radius_and_knows_the_way_to_its_border),
        cmocka_unit_test(a_polygon_contains_by_its_ring_and_knows_the_way_to_its_border),
        cmocka_unit_test(a_zone_knows_its_calendar),
        cmocka_unit_test(the_nearest_territory_above_that_has_a_role_answers),
        cmocka_unit_test(a_roster_narrows_to_who_is_on_duty_and_a_gap_in_it_to_everyone),
        cmocka_unit_test(contacts_come_in_order_and_never_more_than_asked),
        cmocka_unit_test(a_trusted_visitor_is_known_to_the_own_household_only),
        cmocka_unit_test(windows_are_weekly_local_and_may_cross_midnight),
        cmocka_unit_test(a_window_over_midnight_belongs_to_the_day_it_begins),
        cmocka_unit_test(numbers_follow_the_order_of_ids_not_of_lines),
        cmocka_unit_test(numbers_stay_over_versions_and_missing_rows_stay_as_removed),
        cmocka_unit_test(a_row_that_comes_back_takes_its_number_again),
        cmocka_unit_test(a_row_may_not_speak_of_a_removed_one),
        cmocka_unit_test(twins_are_found_among_old_rows_too),
        cmocka_unit_test(rows_build_the_same_registry_again),
        cmocka_unit_test(rows_build_an_empty_registry_again),
        cmocka_unit_test(rows_of_removed_things_survive_the_round_trip),
        cmocka_unit_test(a_removed_row_may_lose_what_is_personal),
        cmocka_unit_test(rows_may_come_in_any_order_and_their_errors_name_the_row),
        cmocka_unit_test(rows_with_a_hole_in_their_numbers_are_refused),
        cmocka_unit_test(a_builder_may_be_given_up),
    };
    return cmocka_run_group_tests(tests, open_small, close_small);
}
