/* Announced visits: the registry's file, what people announced, where and when either holds. */
#include "fixture.h"
#include "registry/announced.h"

#define HEAD "territory,kind,from,to,note\n"

static int64_t at(const char *text)
{
    int64_t t_ms;
    assert_int_equal(clock_parse(text, strlen(text), &t_ms), ERR_OK);
    return t_ms;
}

static uint32_t territory(const struct fixture *fixture, const char *code)
{
    return registry_find(fixture->registry, REGISTRY_TERRITORY, code);
}

static void the_file_holds_for_its_territory_and_hours(void **state)
{
    (void)state;
    struct fixture fixture;
    struct live *live = NULL;
    fixture_open(&fixture);
    fixture_write(&fixture, "announcements.csv",
                  HEAD "654321100200,gas_safety,2026-03-03T08:00:00+08:00,2026-03-03T12:00:00+08:00,燃气\n"
                       "654321100,meeting,2026-03-04,2026-03-04,\n");
    fixture_must_load(&fixture);
    assert_int_equal(live_new(fixture.registry, &live), ERR_OK);
    const uint32_t grid = territory(&fixture, "654321100200001"), town = territory(&fixture, "654321100");
    assert_int_equal(announced_at(fixture.registry, live, grid, at("2026-03-03T08:00:00+08:00")),
                     ANNOUNCED_GAS_SAFETY);
    assert_int_equal(announced_at(fixture.registry, live, grid, at("2026-03-03T07:59:59+08:00")),
                     ANNOUNCED_NONE);
    assert_int_equal(announced_at(fixture.registry, live, grid, at("2026-03-03T12:00:00+08:00")),
                     ANNOUNCED_NONE);
    assert_int_equal(announced_at(fixture.registry, live, town, at("2026-03-03T09:00:00+08:00")),
                     ANNOUNCED_NONE);
    assert_int_equal(announced_at(fixture.registry, live, grid, at("2026-03-04T23:59:59+08:00")),
                     ANNOUNCED_MEETING);
    assert_int_equal(announced_at(fixture.registry, live, REGISTRY_NONE, at("2026-03-04T12:00:00+08:00")),
                     ANNOUNCED_NONE);
    fixture_remove(&fixture, "announcements.csv");
    fixture_must_load(&fixture); /* the rows stay behind as removed */
    assert_int_equal(live_rebind(live, fixture.registry), ERR_OK);
    assert_int_equal(announced_at(fixture.registry, live, grid, at("2026-03-03T08:00:00+08:00")),
                     ANNOUNCED_NONE);
    live_free(live);
    fixture_close(&fixture);
}

static void faults_of_the_file_are_named(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write(&fixture, "announcements.csv",
                  HEAD "654321,census,2026-03-03,2026-03-03,\n654321100,party,2026-03-03,2026-03-03,\n"
                       "654321100,fair,2026-03-03T08:00:00+08:00,2026-03-03T08:00:00+08:00,\n"
                       "654321100,fair,2026-03-01,2026-03-16,\n");
    assert_int_equal(fixture_load(&fixture), ERR_INVALID);
    const char *errors = buf_text(&fixture.errors);
    assert_non_null(strstr(errors, "announcements.csv:2:4: to: a whole county cannot be announced to\n"));
    assert_non_null(strstr(errors, "announcements.csv:3:2: kind: \"party\""));
    assert_non_null(strstr(errors, "announcements.csv:4:4: to: is not after \"from\"\n"));
    assert_non_null(strstr(errors, "announcements.csv:5:4: to: is more than 15 days after \"from\"\n"));
    fixture_close(&fixture);
}

struct copies {
    struct live *live;
    unsigned rows;
};

static enum err copy_row(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                         size_t len)
{
    struct copies *copies = self;
    copies->rows++;
    assert_int_equal(live_restore(copies->live, table, version, no, value, len), ERR_OK);
    if (len > 0)
        assert_int_equal(live_restore(copies->live, table, version, no, value, len - 1), ERR_CORRUPT);
    return live_restore(copies->live, table, version, no, value, len);
}

static void what_people_announce_survives_a_snapshot_expires_and_can_be_taken_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct copies copies = {0};
    struct live *live = NULL;
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    assert_int_equal(live_new(fixture.registry, &live), ERR_OK);
    assert_int_equal(live_new(fixture.registry, &copies.live), ERR_OK);
    const uint32_t grid = territory(&fixture, "654321100200001");
    struct announcement announcement = {.t_ms = 1000,
                                        .from_ms = 2000,
                                        .until_ms = 3000,
                                        .territory = territory(&fixture, "654321100"),
                                        .kind = ANNOUNCED_CENSUS,
                                        .by = "wang",
                                        .note = "普查员两人"};
    announcement.id.bytes[3] = 9;
    assert_int_equal(live_announce(live, 1000, &announcement), ERR_OK);
    assert_int_equal(live_snapshot(live, copy_row, &copies), ERR_OK);
    live_snapshot_done(live);
    assert_int_equal(copies.rows, 1);
    assert_memory_equal(live_announcement(copies.live, 0), live_announcement(live, 0), sizeof announcement);
    assert_int_equal(announced_at(fixture.registry, copies.live, grid, 1999), ANNOUNCED_NONE);
    assert_int_equal(announced_at(fixture.registry, copies.live, grid, 2000), ANNOUNCED_CENSUS);
    assert_int_equal(announced_at(fixture.registry, copies.live, grid, 3000), ANNOUNCED_NONE);
    struct hash_id other = {.bytes = {1}};
    assert_null(live_unannounce(copies.live, 1500, &other, "li"));
    assert_null(live_unannounce(copies.live, 3000, &announcement.id, "li")); /* it has ended */
    assert_string_equal(live_unannounce(copies.live, 1500, &announcement.id, "li")->removed_by, "li");
    assert_null(live_unannounce(copies.live, 1500, &announcement.id, "li"));
    assert_int_equal(announced_at(fixture.registry, copies.live, grid, 2000), ANNOUNCED_NONE);
    /* The one that has ended makes room, those to come do not. */
    for (unsigned i = 1; i < LIVE_ANNOUNCEMENTS_MAX; i++)
        assert_int_equal(live_announce(live, 1000, &announcement), ERR_OK);
    assert_int_equal(live_announce(live, 1000, &announcement), ERR_FULL);
    assert_non_null(live_unannounce(live, 1500, &announcement.id, "li"));
    assert_int_equal(live_announce(live, 1600, &announcement), ERR_OK);
    live_free(live);
    live_free(copies.live);
    fixture_close(&fixture);
}

static void kinds_have_names_there_and_back_and_words(void **state)
{
    (void)state;
    for (int kind = ANNOUNCED_NONE + 1; kind < ANNOUNCED_COUNT; kind++) {
        assert_int_equal(announced_from_name(announced_name((enum announced)kind)), kind);
        assert_string_not_equal(announced_words((enum announced)kind, true), "?");
        assert_string_not_equal(announced_words((enum announced)kind, false), "?");
    }
    assert_int_equal(announced_from_name("none"), ANNOUNCED_NONE);
    assert_string_equal(announced_words(ANNOUNCED_COUNT, false), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_holds_for_its_territory_and_hours),
        cmocka_unit_test(faults_of_the_file_are_named),
        cmocka_unit_test(what_people_announce_survives_a_snapshot_expires_and_can_be_taken_back),
        cmocka_unit_test(kinds_have_names_there_and_back_and_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
