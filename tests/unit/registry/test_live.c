#include "fixture.h"
#include "registry/live_devices.h"

enum { HOUR = 3600 * 1000 };
static const int64_t t0 = INT64_C(1772000000000);

struct scene {
    struct tz *tz;
    struct registry *registry;
    struct live *live;
};

static int open_scene(void **state)
{
    static struct scene scene;
    assert_int_equal(tz_load("Asia/Shanghai", &scene.tz), ERR_OK);
    scene.registry = fixture_small(scene.tz);
    assert_int_equal(live_new(scene.registry, &scene.live), ERR_OK);
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    live_free(scene->live);
    registry_free(scene->registry);
    tz_free(scene->tz);
    return 0;
}

static const struct live_resident *resident(const struct scene *scene, const char *id)
{
    return live_resident(scene->live, registry_find(scene->registry, REGISTRY_RESIDENT, id));
}

static const struct live_household *home(const struct scene *scene, const char *id)
{
    return live_household(scene->live, registry_find(scene->registry, REGISTRY_HOUSEHOLD, id));
}

static uint32_t number(const struct scene *scene, const char *device)
{
    uint32_t no = registry_find(scene->registry, REGISTRY_DEVICE, device);
    assert_int_not_equal(no, REGISTRY_NONE);
    return no;
}

static void tell_late(struct scene *scene, const char *device, int64_t t_ms, int64_t at_ms,
                      struct event event)
{
    event.key.device = number(scene, device);
    event.at_ms = at_ms;
    live_on_event(scene->live, scene->registry, t_ms, &event);
}

static void tell(struct scene *scene, const char *device, int64_t t_ms, struct event event)
{
    tell_late(scene, device, t_ms, t_ms, event);
}

static struct event presence(bool at_home)
{
    return (struct event){.kind = EVENT_PRESENCE,
                          .presence = {.at_home = at_home, .source = PRESENCE_SOURCE_DOOR}};
}

static struct event fix(double lat, double lon, float accuracy_m)
{
    return (struct event){
        .kind = EVENT_FIX,
        .fix = {
            .lat = lat, .lon = lon, .valid = 1, .has_accuracy = accuracy_m > 0, .accuracy_m = accuracy_m}};
}

/* ---- people ---- */

static void everything_is_unknown_at_first(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_UNKNOWN);
    assert_int_equal(resident(scene, "r-1")->fix_ms, 0);
    assert_int_equal(live_device(scene->live, number(scene, "wb-1"))->worn, LIVE_UNKNOWN);
    assert_int_equal(live_device(scene->live, number(scene, "wb-1"))->link_up, LIVE_UNKNOWN);
    assert_int_equal(resident(scene, "r-4")->status, STATUS_AWAY);
    assert_true(resident(scene, "r-4")->status_until_ms > 0);
}

static void presence_says_where_and_since_when(void **state)
{
    struct scene *scene = *state;
    tell(scene, "wb-1", t0, presence(true));
    tell(scene, "wb-1", t0 + HOUR, presence(true));
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_YES);
    assert_int_equal(resident(scene, "r-1")->at_home_ms, t0);
    assert_int_equal(resident(scene, "r-1")->seen_ms, t0 + HOUR);
    tell(scene, "wb-1", t0 + 2 * HOUR, presence(false));
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_NO);
    assert_int_equal(resident(scene, "r-1")->at_home_ms, t0 + 2 * HOUR);
}

static void a_late_presence_does_not_turn_time_back(void **state)
{
    struct scene *scene = *state;
    tell(scene, "wb-1", t0, presence(false));
    tell_late(scene, "wb-1", t0 + 1, t0 - HOUR, presence(true));
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_NO);
    assert_int_equal(resident(scene, "r-1")->seen_ms, t0);
}

static void a_fix_near_home_is_home_and_a_coarse_one_reaches_further(void **state)
{
    struct scene *scene = *state;
    /* 0.0008 degrees of latitude are 89 m, 0.003 are 334 m. */
    tell(scene, "wb-1", t0, fix(38.9008, 82.4, 0));
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_YES);
    assert_int_equal(resident(scene, "r-1")->fix_ms, t0);
    tell(scene, "wb-1", t0 + 1000, fix(38.903, 82.4, 20));
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_NO);
    assert_int_equal(resident(scene, "r-1")->at_home_ms, t0 + 1000);
    tell(scene, "wb-1", t0 + 2000, fix(38.903, 82.4, 200));
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_YES);
    assert_true(resident(scene, "r-1")->fix_accuracy_m == 200);
    /* A fix shows where the band is, not that anybody moved. */
    assert_int_equal(resident(scene, "r-1")->seen_ms, 0);
}

static void presence_holds_against_fixes_for_twelve_hours(void **state)
{
    struct scene *scene = *state;
    tell(scene, "wb-1", t0, presence(false));
    tell(scene, "wb-1", t0 + HOUR, fix(38.9, 82.4, 10));
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_NO);
    assert_int_equal(resident(scene, "r-1")->fix_ms, t0 + HOUR);
    tell(scene, "wb-1", t0 + 12 * HOUR, fix(38.9, 82.4, 10));
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_YES);
    assert_int_equal(resident(scene, "r-1")->at_home_ms, t0 + 12 * HOUR);
}

static void unusable_and_older_fixes_are_left_out(void **state)
{
    struct scene *scene = *state;
    struct event invalid = fix(38.9, 82.4, 10);
    invalid.fix.valid = 0;
    tell(scene, "wb-1", t0, invalid);
    tell(scene, "wb-1", t0, fix(0, 0, 10));
    assert_int_equal(resident(scene, "r-1")->fix_ms, 0);
    tell(scene, "wb-1", t0, fix(38.95, 82.4, 10));
    tell_late(scene, "wb-1", t0 + 1, t0 - 1, fix(38.9, 82.4, 10));
    assert_int_equal(resident(scene, "r-1")->fix_ms, t0);
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_NO);
}

static void a_fix_cannot_tell_for_a_home_without_coordinates(void **state)
{
    struct scene *scene = *state;
    tell(scene, "wb-4", t0, fix(38.9, 82.4, 10));
    assert_int_equal(resident(scene, "r-4")->fix_ms, t0);
    assert_int_equal(resident(scene, "r-4")->at_home, LIVE_UNKNOWN);
}

static void steps_buttons_and_check_ins_show_a_person_and_readings_do_not(void **state)
{
    struct scene *scene = *state;
    static const struct event shows[] = {
        {.kind = EVENT_ACTIVITY, .activity = {.has_steps = 1, .steps = 5}},
        {.kind = EVENT_ACTIVITY, .activity = {.motion = MOTION_MOVING}},
        {.kind = EVENT_CHECK_IN},
        {.kind = EVENT_SOS, .sos = {SOS_PHASE_PRESSED}},
        {.kind = EVENT_SUSPICION},
        {.kind = EVENT_PAUSE},
        {.kind = EVENT_FALL, .fall = {FALL_PHASE_CANCELLED}},
    };
    static const struct event silent[] = {
        {.kind = EVENT_ACTIVITY, .activity = {.has_steps = 1, .steps = 0, .motion = MOTION_STILL}},
        {.kind = EVENT_HEARTBEAT},
        {.kind = EVENT_VITALS},
        {.kind = EVENT_TAMPER},
        {.kind = EVENT_FALL, .fall = {FALL_PHASE_DETECTED}},
    };
    int64_t t = t0;
    for (size_t i = 0; i < sizeof shows / sizeof shows[0]; i++) {
        tell(scene, "wb-1", ++t, shows[i]);
        assert_int_equal(resident(scene, "r-1")->seen_ms, t);
    }
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++)
        tell(scene, "wb-1", t + 10, silent[i]);
    assert_int_equal(resident(scene, "r-1")->seen_ms, t);
}

static struct event visit(enum person_class class, const char *visitor_id)
{
    struct event event = {.kind = EVENT_VISIT, .visit = {.phase = VISIT_PHASE_ARRIVE, .people_count = 1}};
    event.visit.people[0].person_class = (uint8_t) class;
    text_copy(event.visit.people[0].visitor_id, ID_SIZE, visitor_id);
    return event;
}

static void a_camera_speaks_of_the_one_who_lives_there_and_in_a_shared_home_of_nobody(void **state)
{
    struct scene *scene = *state;
    struct event seen = presence(true);
    seen.presence.source = PRESENCE_SOURCE_CAMERA;
    tell(scene, "cam-1", t0, seen);
    tell(scene, "cam-2", t0, seen);
    tell(scene, "cam-2", t0, visit(PERSON_CLASS_RESIDENT, ""));
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_YES);
    assert_int_equal(resident(scene, "r-2")->at_home, LIVE_UNKNOWN);
    assert_int_equal(resident(scene, "r-3")->at_home, LIVE_UNKNOWN);
    assert_int_equal(resident(scene, "r-2")->seen_ms, 0);
    tell(scene, "cam-1", t0 + 5, visit(PERSON_CLASS_RESIDENT, ""));
    assert_int_equal(resident(scene, "r-1")->seen_ms, t0 + 5);
    tell(scene, "cam-1", t0 + 9,
         (struct event){.kind = EVENT_DEPARTURE, .departure = {.with = COMPANION_UNKNOWN}});
    assert_int_equal(resident(scene, "r-1")->at_home, LIVE_NO);
    assert_int_equal(resident(scene, "r-1")->at_home_ms, t0 + 9);
}

/* ---- homes ---- */

static void a_trusted_visitor_is_remembered_by_class_or_by_the_list(void **state)
{
    struct scene *scene = *state;
    tell(scene, "cam-1", t0, visit(PERSON_CLASS_UNKNOWN, "v-stranger"));
    assert_int_equal(home(scene, "h-1")->trusted_seen_ms, 0);
    tell(scene, "cam-1", t0 + 1, visit(PERSON_CLASS_TRUSTED, ""));
    assert_int_equal(home(scene, "h-1")->trusted_seen_ms, t0 + 1);
    tell(scene, "cam-1", t0 + 2, visit(PERSON_CLASS_UNKNOWN, "v-son"));
    assert_int_equal(home(scene, "h-1")->trusted_seen_ms, t0 + 2);
}

static void a_pause_covers_the_home_for_four_hours_at_most(void **state)
{
    struct scene *scene = *state;
    tell(scene, "wb-1", t0, (struct event){.kind = EVENT_PAUSE, .pause = {.until_ms = t0 + HOUR}});
    assert_int_equal(home(scene, "h-1")->paused_until_ms, t0 + HOUR);
    tell(scene, "cam-1", t0,
         (struct event){.kind = EVENT_PAUSE, .pause = {.until_ms = t0 + 100 * (int64_t)HOUR}});
    assert_int_equal(home(scene, "h-1")->paused_until_ms, t0 + 4 * HOUR);
    assert_int_equal(home(scene, "h-2")->paused_until_ms, 0);
}

/* ---- devices ---- */

static void a_heartbeat_updates_only_what_it_tells(void **state)
{
    struct scene *scene = *state;
    const struct live_device *band = live_device(scene->live, number(scene, "wb-1"));
    tell(
        scene, "wb-1", t0,
        (struct event){
            .kind = EVENT_HEARTBEAT,
            .heartbeat = {.has_battery = 1, .battery_percent = 40, .has_worn = 1, .worn = 1, .charging = 1}});
    assert_int_equal(band->heard_ms, t0);
    assert_int_equal(band->battery_percent, 40);
    assert_int_equal(band->has_battery, 1);
    assert_int_equal(band->charging, 1);
    assert_int_equal(band->worn, LIVE_YES);
    tell(scene, "wb-1", t0 + 5, (struct event){.kind = EVENT_HEARTBEAT});
    assert_int_equal(band->heard_ms, t0 + 5);
    assert_int_equal(band->battery_percent, 40);
    assert_int_equal(band->charging, 0);
    assert_int_equal(band->worn, LIVE_YES);
    tell(scene, "wb-1", t0 + 6, (struct event){.kind = EVENT_HEARTBEAT, .heartbeat = {.has_worn = 1}});
    assert_int_equal(band->worn, LIVE_NO);
}

static void a_link_changes_only_with_a_newer_session_or_the_will_of_this_one(void **state)
{
    struct scene *scene = *state;
    uint32_t band = number(scene, "wb-1");
    assert_true(live_on_link(scene->live, band, t0, true, 5));
    assert_int_equal(live_device(scene->live, band)->link_up, LIVE_YES);
    assert_int_equal(live_device(scene->live, band)->heard_ms, t0);
    assert_false(live_on_link(scene->live, band, t0 + 1, true, 5));
    assert_false(live_on_link(scene->live, band, t0 + 1, false, 4)); /* the old session's will comes late */
    assert_int_equal(live_device(scene->live, band)->link_up, LIVE_YES);
    assert_true(live_on_link(scene->live, band, t0 + 2, false, 5));
    assert_int_equal(live_device(scene->live, band)->link_up, LIVE_NO);
    assert_int_equal(live_device(scene->live, band)->heard_ms, t0);
    assert_false(live_on_link(scene->live, band, t0 + 3, true, 5));
    assert_true(live_on_link(scene->live, band, t0 + 4, true, 6));
    assert_false(live_link_is_news(scene->live, 9999, true, 7));
}

/* ---- status and versions ---- */

static struct event worn(bool yes)
{
    return (struct event){.kind = EVENT_HEARTBEAT, .heartbeat = {.has_worn = 1, .worn = yes}};
}

static void a_status_ends_with_its_time_but_not_a_death(void **state)
{
    struct scene *scene = *state;
    static const struct {
        enum resident_status status, then;
    } cases[] = {{STATUS_AWAY, STATUS_ACTIVE},
                 {STATUS_HOSPITAL, STATUS_ACTIVE},
                 {STATUS_PAUSED, STATUS_ACTIVE},
                 {STATUS_MOVED, STATUS_MOVED},
                 {STATUS_DECEASED, STATUS_DECEASED}};
    uint32_t no = registry_find(scene->registry, REGISTRY_RESIDENT, "r-1");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t until = t0 + (int64_t)(i + 1) * 10 * HOUR;
        live_set_status(scene->live, no, cases[i].status, until);
        tell(scene, "wb-1", until - 1, presence(false));
        assert_int_equal(resident(scene, "r-1")->status, cases[i].status);
        tell(scene, "wb-1", until, presence(false));
        assert_int_equal(resident(scene, "r-1")->status, cases[i].then);
    }
}

static void worn_at_home_again_ends_an_absence_but_not_a_pause(void **state)
{
    struct scene *scene = *state;
    static const struct {
        enum resident_status status, then;
    } cases[] = {
        {STATUS_AWAY, STATUS_ACTIVE}, {STATUS_HOSPITAL, STATUS_ACTIVE}, {STATUS_PAUSED, STATUS_PAUSED}};
    uint32_t no = registry_find(scene->registry, REGISTRY_RESIDENT, "r-1");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t t = t0 + (int64_t)i * 10 * HOUR;
        tell(scene, "wb-1", t, presence(true));
        tell(scene, "wb-1", t, worn(true));
        live_set_status(scene->live, no, cases[i].status, 0);
        tell(scene, "wb-1", t + 1, presence(true)); /* not gone yet */
        assert_int_equal(resident(scene, "r-1")->status, cases[i].status);
        tell(scene, "wb-1", t + HOUR, presence(false));
        tell(scene, "wb-1", t + HOUR, worn(false));
        tell(scene, "wb-1", t + 2 * HOUR, presence(true)); /* the band came home, nobody wears it */
        assert_int_equal(resident(scene, "r-1")->status, cases[i].status);
        tell(scene, "wb-1", t + 3 * HOUR, worn(true));
        assert_int_equal(resident(scene, "r-1")->status, cases[i].then);
    }
}

static void a_person_sets_a_status_and_only_a_changed_import_overrides_it(void **state)
{
    (void)state;
    struct fixture fixture;
    struct live *live = NULL;
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    assert_int_equal(live_new(fixture.registry, &live), ERR_OK);
    live_set_status(live, 0, STATUS_HOSPITAL, t0);
    /* An import that says nothing new about r-1 but brings r-3. */
    fixture_write(&fixture, "residents.csv",
                  "id,household,name,birth_year,categories,consent,status\nr-1,h-1,n,1940,,location,\nr-2,h-"
                  "2,m,,,,away\nr-3,h-2,o,,,,\n");
    fixture_must_load(&fixture);
    assert_int_equal(live_rebind(live, fixture.registry), ERR_OK);
    assert_int_equal(live_resident(live, 0)->status, STATUS_HOSPITAL);
    assert_int_equal(live_resident(live, 0)->status_until_ms, t0);
    assert_int_equal(live_resident(live, 1)->status, STATUS_AWAY);
    assert_int_equal(live_resident(live, 2)->status, STATUS_ACTIVE);
    fixture_write(&fixture, "residents.csv",
                  "id,household,name,birth_year,categories,consent,status\nr-1,h-1,n,1940,,location,moved\nr-"
                  "2,h-2,m,,,,away\nr-3,h-2,o,,,,\n");
    fixture_must_load(&fixture);
    assert_int_equal(live_rebind(live, fixture.registry), ERR_OK);
    assert_int_equal(live_resident(live, 0)->status, STATUS_MOVED);
    live_free(live);
    fixture_close(&fixture);
}

static void growing_keeps_what_is_known(void **state)
{
    (void)state;
    struct fixture fixture;
    struct live *live = NULL;
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    assert_int_equal(live_new(fixture.registry, &live), ERR_OK);
    struct event event = presence(true);
    event.key.device = registry_find(fixture.registry, REGISTRY_DEVICE, "wb-1");
    event.at_ms = t0;
    live_on_event(live, fixture.registry, t0, &event);
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_puts(&text,
             "id,household,name,birth_year,categories,consent\nr-1,h-1,n,1940,,location\nr-2,h-2,m,,,\n");
    for (int i = 0; i < 3000; i++)
        buf_printf(&text, "s-%04d,h-2,m,,,\n", i);
    fixture_write(&fixture, "residents.csv", buf_text(&text));
    buf_release(&text);
    fixture_must_load(&fixture);
    assert_int_equal(live_rebind(live, fixture.registry), ERR_OK);
    assert_int_equal(live_resident(live, 0)->at_home, LIVE_YES);
    assert_int_equal(live_resident(live, 3001)->at_home, LIVE_UNKNOWN);
    live_free(live);
    fixture_close(&fixture);
}

/* ---- snapshots ---- */

enum { KEPT_MAX = 64 };
struct kept {
    struct {
        char table[32];
        uint16_t version;
        uint32_t no;
        unsigned char value[256];
        size_t len;
    } rows[KEPT_MAX];
    unsigned count, fail_after;
};

static enum err keep(void *self, const char *table, uint16_t version, uint32_t no, const void *value,
                     size_t len)
{
    struct kept *kept = self;
    if (kept->fail_after && kept->count == kept->fail_after)
        return ERR_FULL;
    assert_true(kept->count < KEPT_MAX && len <= sizeof kept->rows[0].value);
    text_copy(kept->rows[kept->count].table, sizeof kept->rows[0].table, table);
    kept->rows[kept->count].version = version;
    kept->rows[kept->count].no = no;
    memcpy(kept->rows[kept->count].value, value, len);
    kept->rows[kept->count++].len = len;
    return ERR_OK;
}

static void tell_a_day(struct scene *scene)
{
    tell(scene, "wb-1", t0, fix(38.91, 82.41, 12.5F));
    tell(scene, "wb-1", t0 + 1, presence(true));
    tell(scene, "wb-1", t0 + 2,
         (struct event){
             .kind = EVENT_HEARTBEAT,
             .heartbeat = {
                 .has_battery = 1, .battery_percent = 77, .has_worn = 1, .worn = 1, .firmware = "band-2.4"}});
    live_set_interval(scene->live, number(scene, "wb-1"), 900);
    live_open_test_window(scene->live, number(scene, "wb-1"), t0 + 2);
    tell(scene, "cam-1", t0 + 3, visit(PERSON_CLASS_TRUSTED, ""));
    tell(scene, "cam-1", t0 + 4, (struct event){.kind = EVENT_PAUSE, .pause = {.until_ms = t0 + HOUR}});
    live_on_link(scene->live, number(scene, "wb-1"), t0 + 5, true, 9);
    live_set_status(scene->live, registry_find(scene->registry, REGISTRY_RESIDENT, "r-2"), STATUS_AWAY,
                    t0 + HOUR);
}

static void expect_same_device(const struct live *before, const struct live *again, uint32_t no)
{
    assert_memory_equal(live_device(again, no), live_device(before, no), sizeof(struct live_device));
    assert_memory_equal(live_battery(again, no), live_battery(before, no), sizeof(struct battery));
    assert_string_equal(live_firmware(again, no), live_firmware(before, no));
}

static void expect_same(const struct scene *scene, const struct live *again)
{
    for (uint32_t i = 0; i < registry_count(scene->registry, REGISTRY_RESIDENT); i++)
        assert_memory_equal(live_resident(again, i), live_resident(scene->live, i),
                            sizeof(struct live_resident));
    for (uint32_t i = 0; i < registry_count(scene->registry, REGISTRY_HOUSEHOLD); i++)
        assert_memory_equal(live_household(again, i), live_household(scene->live, i),
                            sizeof(struct live_household));
    for (uint32_t i = 0; i < registry_count(scene->registry, REGISTRY_DEVICE); i++)
        expect_same_device(scene->live, again, i);
}

static void a_snapshot_restores_what_was_known(void **state)
{
    struct scene *scene = *state;
    static struct kept kept;
    struct live *again = NULL;
    kept = (struct kept){0};
    tell_a_day(scene);
    assert_int_equal(live_snapshot(scene->live, keep, &kept), ERR_OK);
    live_snapshot_done(scene->live);
    assert_int_equal(live_new(scene->registry, &again), ERR_OK);
    for (unsigned i = 0; i < kept.count; i++) {
        assert_int_equal(strncmp(kept.rows[i].table, "live.", 5), 0);
        assert_int_equal(live_restore(again, kept.rows[i].table, kept.rows[i].version, kept.rows[i].no,
                                      kept.rows[i].value, kept.rows[i].len),
                         ERR_OK);
    }
    expect_same(scene, again);
    /* What was restored is not news. */
    kept = (struct kept){0};
    assert_int_equal(live_snapshot(again, keep, &kept), ERR_OK);
    assert_int_equal(kept.count, 0);
    live_free(again);
}

static void a_snapshot_holds_each_changed_row_once_and_the_next_only_what_changed_since(void **state)
{
    struct scene *scene = *state;
    static struct kept kept;
    kept = (struct kept){0};
    tell_a_day(scene);
    tell_a_day(scene);
    assert_int_equal(live_snapshot(scene->live, keep, &kept), ERR_OK);
    assert_int_equal(kept.count, 5); /* r-1, r-2, h-1, wb-1, cam-1 */
    live_snapshot_done(scene->live);
    kept = (struct kept){0};
    assert_int_equal(live_snapshot(scene->live, keep, &kept), ERR_OK);
    assert_int_equal(kept.count, 0);
    live_snapshot_done(scene->live);
    tell(scene, "wb-2", t0 + 9, (struct event){.kind = EVENT_HEARTBEAT});
    assert_int_equal(live_snapshot(scene->live, keep, &kept), ERR_OK);
    assert_int_equal(kept.count, 1);
    assert_string_equal(kept.rows[0].table, "live.device");
    assert_int_equal(kept.rows[0].no, number(scene, "wb-2"));
}

static void what_changes_between_snapshot_and_done_comes_with_the_next(void **state)
{
    struct scene *scene = *state;
    static struct kept kept;
    kept = (struct kept){0};
    tell(scene, "wb-2", t0, (struct event){.kind = EVENT_HEARTBEAT});
    assert_int_equal(live_snapshot(scene->live, keep, &kept), ERR_OK);
    tell(scene, "wb-2", t0 + 1, (struct event){.kind = EVENT_HEARTBEAT});
    live_snapshot_done(scene->live);
    kept = (struct kept){0};
    assert_int_equal(live_snapshot(scene->live, keep, &kept), ERR_OK);
    assert_int_equal(kept.count, 1);
    live_snapshot_done(scene->live);
}

static void a_failed_snapshot_forgets_nothing(void **state)
{
    struct scene *scene = *state;
    static struct kept kept;
    kept = (struct kept){.fail_after = 2};
    tell_a_day(scene);
    assert_int_equal(live_snapshot(scene->live, keep, &kept), ERR_FULL);
    kept = (struct kept){0};
    assert_int_equal(live_snapshot(scene->live, keep, &kept), ERR_OK);
    assert_int_equal(kept.count, 5);
}

static void a_foreign_or_damaged_value_is_refused(void **state)
{
    struct scene *scene = *state;
    static struct kept kept;
    kept = (struct kept){0};
    tell_a_day(scene);
    assert_int_equal(live_snapshot(scene->live, keep, &kept), ERR_OK);
    for (unsigned i = 0; i < kept.count; i++) {
        const char *table = kept.rows[i].table;
        unsigned char *value = kept.rows[i].value;
        size_t len = kept.rows[i].len;
        const uint16_t version = kept.rows[i].version;
        assert_int_equal(
            live_restore(scene->live, table, (uint16_t)(version + 1), kept.rows[i].no, value, len),
            ERR_UNSUPPORTED);
        assert_int_equal(live_restore(scene->live, "live.horse", 1, kept.rows[i].no, value, len),
                         ERR_UNSUPPORTED);
        assert_int_equal(live_restore(scene->live, table, version, 9999, value, len), ERR_NOT_FOUND);
        assert_int_equal(live_restore(scene->live, table, version, kept.rows[i].no, value, len - 1),
                         ERR_CORRUPT);
        assert_int_equal(live_restore(scene->live, table, version, kept.rows[i].no, value, len + 1),
                         ERR_CORRUPT);
        assert_int_equal(live_restore(scene->live, table, version, kept.rows[i].no, value, 0), ERR_CORRUPT);
    }
    unsigned char device[29] = {[16] = 9};
    assert_int_equal(live_restore(scene->live, "live.device", 1, 0, device, 21), ERR_CORRUPT);
}

static void a_device_of_an_older_snapshot_is_read_and_its_trend_begins_anew(void **state)
{
    struct scene *scene = *state;
    /* heard, ordinal, link, has a battery, 44 percent, not charging, worn: 21 bytes, as version 1 had them.
     */
    const unsigned char old[21] = {[0] = 7, [8] = 3, [16] = LIVE_YES, [17] = 1, [18] = 44, [20] = LIVE_YES};
    uint32_t no = number(scene, "wb-1");
    live_open_test_window(scene->live, no, t0);
    assert_int_equal(live_restore(scene->live, "live.device", 1, no, old, sizeof old), ERR_OK);
    const struct live_device *now = live_device(scene->live, no);
    assert_int_equal(now->battery_percent, 44);
    assert_int_equal(now->worn, LIVE_YES);
    assert_string_equal(live_firmware(scene->live, no), "");
    assert_int_equal(now->test_until_ms, 0);
    assert_int_equal(live_battery(scene->live, no)->last_ms, 0);
    assert_int_equal(live_interval_s(now, registry_device(scene->registry, no)),
                     registry_device(scene->registry, no)->report_interval_s);
}

static void the_firmware_is_the_last_that_was_named(void **state)
{
    struct scene *scene = *state;
    const uint32_t no = number(scene, "wb-1");
    tell(scene, "wb-1", t0, (struct event){.kind = EVENT_HEARTBEAT, .heartbeat = {.firmware = "band-2.4"}});
    tell(scene, "wb-1", t0 + 1, (struct event){.kind = EVENT_HEARTBEAT});
    assert_string_equal(live_firmware(scene->live, no), "band-2.4");
    tell(scene, "wb-1", t0 + 2,
         (struct event){.kind = EVENT_HEARTBEAT, .heartbeat = {.firmware = "band-2.5"}});
    assert_string_equal(live_firmware(scene->live, no), "band-2.5");
}

static void any_number_of_versions_may_follow_each_other(void **state)
{
    struct scene *scene = *state;
    const uint32_t no = number(scene, "wb-1");
    tell(scene, "cam-1", t0, (struct event){.kind = EVENT_HEARTBEAT, .heartbeat = {.firmware = "cam-1.0"}});
    for (unsigned i = 0; i < 3 * LIVE_FIRMWARES_MAX; i++) {
        struct event event = {.kind = EVENT_HEARTBEAT};
        snprintf(event.heartbeat.firmware, sizeof event.heartbeat.firmware, "band-%u", i);
        tell(scene, "wb-1", t0 + i, event);
        assert_string_equal(live_firmware(scene->live, no), event.heartbeat.firmware);
    }
    assert_string_equal(live_firmware(scene->live, number(scene, "cam-1")), "cam-1.0");
}

static void a_camera_has_a_level_and_no_trend(void **state)
{
    struct scene *scene = *state;
    static const char *const ids[] = {"wb-1", "cam-1"};
    for (unsigned i = 0; i < 2; i++)
        tell(scene, ids[i], t0,
             (struct event){.kind = EVENT_HEARTBEAT,
                            .at_ms = t0,
                            .heartbeat = {.has_battery = 1, .battery_percent = 50}});
    assert_int_equal(live_device(scene->live, number(scene, "cam-1"))->battery_percent, 50);
    assert_int_equal(live_battery(scene->live, number(scene, "cam-1"))->last_ms, 0);
    assert_int_equal(live_battery(scene->live, number(scene, "wb-1"))->last_ms, t0);
    assert_int_equal(live_battery(scene->live, number(scene, "wb-1"))->percent, 50);
}

/* Little endian, at *at. */
static void put(unsigned char *to, size_t *at, uint64_t bits, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[(*at)++] = (unsigned char)(bits >> (8 * i));
}

static void a_trend_of_an_older_snapshot_goes_on(void **state)
{
    struct scene *scene = *state;
    const uint32_t no = number(scene, "wb-1");
    unsigned char old[256] = {[17] = 1, [18] = 70};
    size_t at = 21;
    put(old, &at, (uint64_t)t0, 8);
    put(old, &at, 7200000, 8); /* two hours of use, and a point an hour */
    put(old, &at, 3, 1);
    for (unsigned i = 0; i < 3; i++) {
        put(old, &at, 3600 * i, 4);
        put(old, &at, 2 * i, 2);
    }
    put(old, &at, 4, 2);
    put(old, &at, 3600, 4);  /* least distance */
    put(old, &at, 4800, 4);  /* rate */
    put(old, &at, 90000, 4); /* faster than is kept today */
    put(old, &at, 1000, 4);
    put(old, &at, 0, 4);
    old[at++] = 70;
    old[at++] = 69;
    old[at++] = 0;
    memcpy(old + at, "v1", 3);
    at += 3;
    put(old, &at, 900, 4);
    assert_int_equal(live_restore(scene->live, "live.device", 2, no, old, at), ERR_OK);
    const struct battery *battery = live_battery(scene->live, no);
    assert_int_equal(battery->last_ms, t0);
    assert_int_equal(battery->active_s, 7200);
    assert_int_equal(battery->count, 3);
    assert_int_equal(battery->minutes[2], 120);
    assert_int_equal(battery->used[2], 4);
    assert_int_equal(battery->step, 1);
    assert_int_equal(battery->rate, 4800);
    assert_int_equal(battery->past[0], UINT16_MAX);
    assert_int_equal(battery->past[1], 1000);
    assert_int_equal(battery->percent, 70);
    assert_string_equal(live_firmware(scene->live, no), "v1");
    assert_int_equal(live_device(scene->live, no)->interval_s, 900);
    /* One of a camera's is let go. */
    assert_int_equal(live_restore(scene->live, "live.device", 2, number(scene, "cam-1"), old, at), ERR_OK);
    assert_int_equal(live_battery(scene->live, number(scene, "cam-1"))->last_ms, 0);
}

static void a_status_imported_after_the_snapshot_holds(void **state)
{
    (void)state;
    struct fixture fixture;
    static struct kept kept;
    struct live *live = NULL, *again = NULL;
    kept = (struct kept){0};
    fixture_open(&fixture);
    fixture_must_load(&fixture);
    assert_int_equal(live_new(fixture.registry, &live), ERR_OK);
    live_set_status(live, 0, STATUS_PAUSED, 0);
    live_set_status(live, 1, STATUS_PAUSED, 0);
    assert_int_equal(live_snapshot(live, keep, &kept), ERR_OK);
    fixture_write(&fixture, "residents.csv",
                  "id,household,name,birth_year,categories,consent,status\nr-1,h-1,n,1940,,location,"
                  "deceased\nr-2,h-2,m,,,,\n");
    fixture_must_load(&fixture);
    assert_int_equal(live_new(fixture.registry, &again), ERR_OK);
    for (unsigned i = 0; i < kept.count; i++)
        assert_int_equal(live_restore(again, kept.rows[i].table, kept.rows[i].version, kept.rows[i].no,
                                      kept.rows[i].value, kept.rows[i].len),
                         ERR_OK);
    assert_int_equal(live_resident(again, 0)->status, STATUS_DECEASED);
    assert_int_equal(live_resident(again, 1)->status, STATUS_PAUSED);
    live_free(live);
    live_free(again);
    fixture_close(&fixture);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(everything_is_unknown_at_first),
        SCENE(presence_says_where_and_since_when),
        SCENE(a_status_ends_with_its_time_but_not_a_death),
        SCENE(worn_at_home_again_ends_an_absence_but_not_a_pause),
        SCENE(a_late_presence_does_not_turn_time_back),
        SCENE(a_fix_near_home_is_home_and_a_coarse_one_reaches_further),
        SCENE(presence_holds_against_fixes_for_twelve_hours),
        SCENE(unusable_and_older_fixes_are_left_out),
        SCENE(a_fix_cannot_tell_for_a_home_without_coordinates),
        SCENE(steps_buttons_and_check_ins_show_a_person_and_readings_do_not),
        SCENE(a_camera_speaks_of_the_one_who_lives_there_and_in_a_shared_home_of_nobody),
        SCENE(a_trusted_visitor_is_remembered_by_class_or_by_the_list),
        SCENE(a_pause_covers_the_home_for_four_hours_at_most),
        SCENE(a_heartbeat_updates_only_what_it_tells),
        SCENE(a_link_changes_only_with_a_newer_session_or_the_will_of_this_one),
        cmocka_unit_test(a_person_sets_a_status_and_only_a_changed_import_overrides_it),
        cmocka_unit_test(growing_keeps_what_is_known),
        SCENE(a_snapshot_restores_what_was_known),
        SCENE(a_device_of_an_older_snapshot_is_read_and_its_trend_begins_anew),
        SCENE(the_firmware_is_the_last_that_was_named),
        SCENE(any_number_of_versions_may_follow_each_other),
        SCENE(a_camera_has_a_level_and_no_trend),
        SCENE(a_trend_of_an_older_snapshot_goes_on),
        SCENE(a_snapshot_holds_each_changed_row_once_and_the_next_only_what_changed_since),
        SCENE(what_changes_between_snapshot_and_done_comes_with_the_next),
        SCENE(a_failed_snapshot_forgets_nothing),
        SCENE(a_foreign_or_damaged_value_is_refused),
        cmocka_unit_test(a_status_imported_after_the_snapshot_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
