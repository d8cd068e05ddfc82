/* The runner: owners, timers, snapshot and restore, new registry versions; and the sentences. */
#include "detect/visit_session.h"
#include "world.h"

enum { ROWS_MAX = 64, VALUE_MAX = 2048 };
struct row {
    char table[80];
    uint16_t version;
    uint32_t no;
    size_t len;
    unsigned char value[VALUE_MAX];
};
struct rows {
    struct row row[ROWS_MAX];
    unsigned count;
};

static enum err keep_row(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                         size_t len)
{
    struct rows *rows = self;
    unsigned i = 0;
    while (i < rows->count && (strcmp(rows->row[i].table, table) != 0 || rows->row[i].no != no))
        i++;
    assert_true(i < ROWS_MAX && len <= VALUE_MAX);
    if (i == rows->count)
        rows->count++;
    snprintf(rows->row[i].table, sizeof rows->row[i].table, "%s", table);
    rows->row[i].version = version;
    rows->row[i].no = no;
    rows->row[i].len = len;
    memcpy(rows->row[i].value, value, len);
    return ERR_OK;
}

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

static void a_timer_s_owner_packs_subject_and_slot_in_order(void **state)
{
    (void)state;
    struct subject a = {.kind = SUBJECT_RESIDENT, .no = 0xFFFFFFFE}, b = {.kind = SUBJECT_HOUSEHOLD, .no = 0};
    uint64_t owner = timer_owner(a, TIMER_SLOT_ALERT + 3);
    assert_int_equal(timer_owner_subject(owner).kind, SUBJECT_RESIDENT);
    assert_int_equal(timer_owner_subject(owner).no, 0xFFFFFFFE);
    assert_int_equal(timer_owner_slot(owner), TIMER_SLOT_ALERT + 3);
    assert_true(timer_owner(a, 5) < timer_owner(b, 0));
    assert_true(timer_owner(b, 0) < timer_owner(b, 1));
}

static void nobody_s_owner_has_a_slot(void **state)
{
    struct world *world = *state;
    assert_null(
        detect_slot(world->detect, timer_owner((struct subject){.kind = SUBJECT_DEVICE, .no = 4711}, 0)));
    assert_null(
        detect_slot(world->detect, timer_owner((struct subject){.kind = SUBJECT_DEVICE, .no = 0}, 200)));
    assert_null(
        detect_slot(world->detect, timer_owner((struct subject){.kind = SUBJECT_TERRITORY, .no = 0}, 0)));
}

static void a_restart_in_mid_window_keeps_what_was_seen(void **state)
{
    struct world *world = *state;
    static struct rows rows;
    rows.count = 0;
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL);
    world_visit(world, at(world, 9, 0, 0), "cam-2", "v", "arrive", "indoors", "unknown");
    world_fix(world, at(world, 9, 0, 1), "wb-1", 43.8, 87.6, 10);
    world_fix(world, at(world, 9, 0, 10), "wb-1", 43.81, 87.6, 1200); /* undecided */
    world_event(world, at(world, 9, 0, 11), "wb-1", "{\"heartbeat\":{\"battery_percent\":10}}");
    assert_int_equal(detect_snapshot(world->detect, keep_row, &rows), ERR_OK);
    assert_int_equal(rows.count, 11); /* one for each detector that has something to remember of this */
    detect_snapshot_done(world->detect);
    unsigned before = world->finding_count;
    world_detect_release(world);
    world_detect(world);
    for (unsigned i = rows.count; i-- > 0;)
        assert_int_equal(detect_restore(world->detect, rows.row[i].table, rows.row[i].version, rows.row[i].no,
                                        rows.row[i].value, rows.row[i].len),
                         ERR_OK);
    world_event(world, at(world, 9, 0, 20), "wb-1", "{\"heartbeat\":{\"battery_percent\":10}}");
    assert_int_equal(world->finding_count, before);
    world_tick(world, at(world, 9, 0, 30));
    assert_finding(world, "fall", LEVEL_RED);
    world_tick(world, at(world, 9, 10, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
    assert_int_equal(world->finding_count, before + 2);
}

static enum err refuse_row(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                           size_t len)
{
    (void)self, (void)table, (void)version, (void)no, (void)value, (void)len;
    return ERR_NO_SPACE;
}

static void a_snapshot_holds_what_changed_since_the_last_and_only_that(void **state)
{
    struct world *world = *state;
    static struct rows rows;
    rows.count = 0;
    world_event(world, at(world, 9, 0, 0), "wb-1", "{\"heartbeat\":{\"battery_percent\":80}}");
    assert_int_equal(detect_snapshot(world->detect, keep_row, &rows), ERR_OK);
    /* That it is heard, and from which epoch; nothing to remember of a full battery. */
    assert_int_equal(rows.count, 2);
    assert_string_equal(rows.row[0].table, "detect.silent");
    assert_string_equal(rows.row[1].table, "detect.distrusted");
    detect_snapshot_done(world->detect);
    rows.count = 0;
    world_event(world, at(world, 9, 1, 0), "wb-1", "{\"heartbeat\":{\"battery_percent\":8}}");
    assert_int_equal(detect_snapshot(world->detect, refuse_row, NULL), ERR_NO_SPACE);
    assert_int_equal(detect_snapshot(world->detect, keep_row, &rows), ERR_OK);
    assert_int_equal(rows.count, 1);
    assert_string_equal(rows.row[0].table, "detect.flat");
    detect_snapshot_done(world->detect);
    rows.count = 0;
    world_event(world, at(world, 9, 2, 0), "wb-1", "{\"heartbeat\":{\"battery_percent\":7}}");
    assert_int_equal(detect_snapshot(world->detect, keep_row, &rows), ERR_OK);
    assert_int_equal(rows.count, 0);
}

static void rows_that_cannot_be_read_are_refused_one_by_one(void **state)
{
    struct world *world = *state;
    unsigned char value[VALUE_MAX] = {0};
    assert_int_equal(detect_restore(world->detect, "live.resident", 1, 0, value, 16), ERR_NOT_FOUND);
    assert_int_equal(detect_restore(world->detect, "detect.no-such", 1, 0, value, 16), ERR_NOT_FOUND);
    assert_int_equal(detect_restore(world->detect, "detect.sos", 1, 4711, value, 16), ERR_NOT_FOUND);
    assert_int_equal(detect_restore(world->detect, "detect.sos", 1, 0, value, 7), ERR_CORRUPT);
    assert_int_equal(detect_restore(world->detect, "detect.sos", 1, 0, value, 8 + 3), ERR_CORRUPT);
    assert_int_equal(detect_restore(world->detect, "detect.sos", 99, 0, value, 16), ERR_UNSUPPORTED);
    memset(value, 0xFF, sizeof value);
    assert_int_equal(detect_restore(world->detect, "detect.sos", 1, 0, value, 8 + detectors[0]->state_size),
                     ERR_CORRUPT);
}

/* Zeros of any length as any older version: some length is read, none is not, and nothing of a version that
 * nobody taught. */
static void a_state_of_an_older_version_is_read_and_of_a_newer_one_not(void **state)
{
    (void)state;
    unsigned taught = 0;
    for (unsigned i = 0; detectors[i]; i++) {
        const struct detector *detector = detectors[i];
        if (!detector->migrate)
            continue;
        unsigned char *from = calloc(2, detector->state_size), *to = calloc(1, detector->state_size);
        assert_true(from && to);
        assert_int_not_equal(detector->migrate(0, from, detector->state_size, to), ERR_OK);
        assert_int_not_equal(
            detector->migrate((uint16_t)(detector->state_version + 1), from, detector->state_size, to),
            ERR_OK);
        unsigned read = 0;
        for (uint16_t version = 1; version < detector->state_version; version++) {
            assert_int_not_equal(detector->migrate(version, from, 0, to), ERR_OK);
            for (uint32_t len = 1; len < 2 * detector->state_size; len++) { /* some have become smaller */
                memset(to, 0, detector->state_size);
                read += detector->migrate(version, from, len, to) == ERR_OK;
            }
        }
        if (!read)
            fail_msg("%s reads no older version", detector->name);
        taught++;
        free(from);
        free(to);
    }
    assert_true(taught >= 7);
}

/* As it was written before the home's rates were learned. */
static void a_visit_of_version_2_goes_on(void **state)
{
    struct world *world = *state;
    static struct rows rows;
    rows.count = 0;
    world_visit(world, at(world, 9, 0, 0), "cam-2", "v", "arrive", "indoors", "unknown");
    assert_int_equal(detect_snapshot(world->detect, keep_row, &rows), ERR_OK);
    world_detect_release(world);
    world_detect(world);
    for (unsigned i = 0; i < rows.count; i++) {
        bool is_it = strcmp(rows.row[i].table, "detect.unknown-visitor") == 0;
        assert_int_equal(
            detect_restore(world->detect, rows.row[i].table, is_it ? 2 : rows.row[i].version, rows.row[i].no,
                           rows.row[i].value,
                           is_it ? 8 + offsetof(struct visitor_state, stay_ms) : rows.row[i].len),
            ERR_OK);
    }
    world_tick(world, at(world, 9, 9, 59));
    assert_finding(world, "indoors", LEVEL_GREEN);
    world_tick(world, at(world, 9, 10, 0));
    assert_finding(world, "indoors-long", LEVEL_YELLOW);
}

static void a_new_registry_version_keeps_states_and_timers(void **state)
{
    struct world *world = *state;
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL);
    assert_int_equal(detect_rebind(world->detect, world->registry, &world->detect_settings, NULL), ERR_OK);
    world_tick(world, at(world, 9, 0, 30));
    assert_finding(world, "fall", LEVEL_RED);
}

static void a_heap_without_room_delays_a_timer_but_does_not_lose_it(void **state)
{
    struct world *world = *state;
    world->timers.max = 0;
    world_event(world, at(world, 9, 0, 0), "wb-1", FALL);
    world->timers.max = 1000;
    world_event(world, at(world, 9, 0, 10), "wb-3", "{\"heartbeat\":{\"battery_percent\":80}}");
    world_tick(world, at(world, 9, 0, 30));
    assert_finding(world, "fall", LEVEL_RED);
}

static void every_reason_makes_a_sentence_in_both_languages(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < detector_count(); i++) {
        assert_int_equal(detector_find(detectors[i]->name), i);
        for (unsigned j = 0; j < detectors[i]->reason_count; j++) {
            struct finding finding = {
                .detector = (uint8_t)i, .reason = (uint8_t)j, .zone = 0, .numbers = {90, 1772416800, 2, 0}};
            for (int zh = 0; zh < 2; zh++) {
                struct buf text;
                buf_init(&text, 1000);
                finding_sentence(&finding, world->registry, world->tz, zh != 0, &text);
                assert_true(text.len > 5 && !text.failed);
                assert_null(strchr(buf_text(&text), '{'));
                assert_true(text_is_utf8(text.data, text.len, NULL));
                buf_release(&text);
            }
            for (unsigned k = 0; k < j; k++)
                assert_string_not_equal(detectors[i]->reasons[j].code, detectors[i]->reasons[k].code);
        }
    }
    assert_int_equal(detector_find("nonsense"), detector_count());
}

static void a_finding_of_a_program_to_come_still_has_a_code(void **state)
{
    (void)state;
    struct finding finding = {.detector = 250};
    assert_string_equal(finding_code(&finding), "unknown");
    finding.detector = 0;
    finding.reason = 250;
    assert_string_equal(finding_code(&finding), "unknown");
}

static void names_of_families_and_levels_go_there_and_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FAMILY_COUNT; i++)
        assert_int_equal(family_from_name(family_name((enum family)i)), i);
    for (unsigned i = 0; i < LEVEL_COUNT; i++)
        assert_int_equal(level_from_name(level_name((enum level)i)), i);
    assert_int_equal(family_from_name("x"), FAMILY_COUNT);
    assert_int_equal(level_from_name("x"), LEVEL_COUNT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_timer_s_owner_packs_subject_and_slot_in_order),
        TEST(nobody_s_owner_has_a_slot),
        TEST(a_restart_in_mid_window_keeps_what_was_seen),
        TEST(a_snapshot_holds_what_changed_since_the_last_and_only_that),
        TEST(rows_that_cannot_be_read_are_refused_one_by_one),
        TEST(a_state_of_an_older_version_is_read_and_of_a_newer_one_not),
        TEST(a_visit_of_version_2_goes_on),
        TEST(a_new_registry_version_keeps_states_and_timers),
        TEST(a_heap_without_room_delays_a_timer_but_does_not_lose_it),
        TEST(every_reason_makes_a_sentence_in_both_languages),
        TEST(a_finding_of_a_program_to_come_still_has_a_code),
        TEST(names_of_families_and_levels_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
