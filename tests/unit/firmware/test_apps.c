#include "fixture.h"
#include "apps/camera.h"
#include "apps/wristband.h"

struct apps {
    struct fixture f; /* its flash, transport and speaker; its own device is not used */
    struct wristband band;
    struct camera camera;
};

static int setup_apps(void **state, bool camera)
{
    struct apps *apps = calloc(1, sizeof *apps);
    struct device_config config;

    apps->f.entropy = 1;
    if (!ram_flash_init(&apps->f.flash, DEVICE_SECTOR_BYTES, DEVICE_SECTORS))
        return -1;
    config = fixture_config(&apps->f);
    *state = apps;
    return camera ? camera_init(&apps->camera, &config, 0, 0) : wristband_init(&apps->band, &config, 0, 0);
}

static int setup_band(void **state)
{
    return setup_apps(state, false);
}

static int setup_camera(void **state)
{
    return setup_apps(state, true);
}

static void up(struct device_core *device)
{
    uint8_t will[DEVICE_WILL_MAX];

    device_will(device, 0, will);
    device_on_link(device, true, 0);
}

static Huyang__V1__Event *last_event(struct apps *apps, uint32_t i)
{
    assert_true(apps->f.sent_count > 0);
    return fixture_event(&apps->f.sent[apps->f.sent_count - 1], i);
}

static void acknowledge(struct apps *apps, struct device_core *device, int64_t now_ms)
{
    Huyang__V1__EventAck ack = HUYANG__V1__EVENT_ACK__INIT;
    uint8_t bytes[64];

    ack.epoch = device->outbox.epoch;
    for (int lane = 0; lane < DEVICE_LANES; lane++) {
        ack.lane = lane == DEVICE_URGENT ? HUYANG__V1__LANE__LANE_URGENT : HUYANG__V1__LANE__LANE_ROUTINE;
        ack.seq = device->sender.lanes[lane].sent_end - 1;
        device_on_message(device, DEVICE_TOPIC_ACK, bytes, huyang__v1__event_ack__pack(&ack, bytes), now_ms);
    }
    fixture_forget_sent(&apps->f);
}

static void an_sos_tells_where_when_that_is_known_and_fresh(void **state)
{
    struct apps *apps = *state;
    struct device_fix fix = {.valid = true, .lat = 33.9, .lon = 115.8};

    up(&apps->band.device);
    assert_int_equal(wristband_fix(&apps->band, &fix, false, 0), DEVICE_OK);
    assert_int_equal(wristband_sos(&apps->band, 1000), DEVICE_OK);
    assert_int_equal(apps->f.sent[0].count, 2);
    assert_int_equal(apps->f.sent[0].lane, DEVICE_URGENT);
    Huyang__V1__Event *event = last_event(apps, 1);
    assert_int_equal(event->kind_case, HUYANG__V1__EVENT__KIND_FIX);
    assert_true(event->fix->lat == 33.9);
    huyang__v1__event__free_unpacked(event, NULL);
    acknowledge(apps, &apps->band.device, 1001);
    assert_int_equal(wristband_sos(&apps->band, WRISTBAND_FIX_FRESH_MS + 1), DEVICE_OK);
    assert_int_equal(apps->f.sent[0].count, 1);
}

static void suspicion_vibrates_and_nothing_else(void **state)
{
    struct apps *apps = *state;

    up(&apps->band.device);
    assert_int_equal(wristband_suspicion(&apps->band, 0), DEVICE_OK);
    acknowledge(apps, &apps->band.device, 10);
    wristband_tick(&apps->band, 1000);
    assert_int_equal(apps->f.vibrations, 1);
    assert_int_equal(apps->f.help_told + apps->f.not_delivered + apps->f.help_coming + apps->f.shows, 0);
    assert_int_equal(apps->f.play_count, 0);
}

static void a_fall_can_be_cancelled_for_30_s_and_not_twice(void **state)
{
    struct apps *apps = *state;

    assert_int_equal(wristband_fall_cancel(&apps->band, 0), WRISTBAND_ERROR_NOTHING);
    assert_int_equal(wristband_fall(&apps->band, 0), DEVICE_OK);
    assert_int_equal(wristband_fall_cancel(&apps->band, 29999), DEVICE_OK);
    assert_int_equal(wristband_fall_cancel(&apps->band, 29999), WRISTBAND_ERROR_NOTHING);
    assert_int_equal(wristband_fall(&apps->band, 100000), DEVICE_OK);
    assert_int_equal(wristband_fall_cancel(&apps->band, 130000), WRISTBAND_ERROR_NOTHING);
    assert_int_equal(wristband_sos_cancel(&apps->band, 130000), WRISTBAND_ERROR_NOTHING);
    assert_int_equal(wristband_sos(&apps->band, 130000), DEVICE_OK);
    assert_int_equal(wristband_sos_cancel(&apps->band, 130001), DEVICE_OK);
}

/* Runs by deadlines, acknowledging all; returns how many reports with a heartbeat were sent. */
static int run_band(struct apps *apps, int64_t from_ms, int64_t to_ms)
{
    int beats = 0;

    for (int64_t now_ms = from_ms; now_ms < to_ms;) {
        now_ms = wristband_next_deadline(&apps->band, now_ms);
        wristband_tick(&apps->band, now_ms);
        for (size_t b = 0; b < apps->f.sent_count; b++)
            beats += apps->f.sent[b].lane == DEVICE_ROUTINE;
        acknowledge(apps, &apps->band.device, now_ms);
    }
    return beats;
}

static void a_heartbeat_comes_each_interval_and_a_commanded_interval_ends_by_itself(void **state)
{
    struct apps *apps = *state;
    Huyang__V1__Command command = HUYANG__V1__COMMAND__INIT;
    Huyang__V1__SetReportInterval interval = HUYANG__V1__SET_REPORT_INTERVAL__INIT;
    uint8_t bytes[256];
    int beats;

    up(&apps->band.device);
    beats = run_band(apps, 0, 6000000);
    assert_true(beats >= 10 && beats <= 11);
    command.id = (char *)(uintptr_t) "faster";
    command.ttl_s = 60;
    command.kind_case = HUYANG__V1__COMMAND__KIND_SET_REPORT_INTERVAL;
    command.set_report_interval = &interval;
    interval.interval_s = 60;
    interval.duration_s = 1200;
    device_on_message(&apps->band.device, DEVICE_TOPIC_COMMAND, bytes,
                      huyang__v1__command__pack(&command, bytes), 6000000);
    acknowledge(apps, &apps->band.device, 6000000);
    beats = run_band(apps, 6000000, 7200000);
    assert_true(beats >= 18 && beats <= 21);
    beats = run_band(apps, 7200000, 13200000);
    assert_true(beats >= 9 && beats <= 12);
}

static void tell_interval(struct apps *apps, const char *id, uint32_t interval_s, uint32_t duration_s,
                          int64_t now_ms)
{
    Huyang__V1__Command command = HUYANG__V1__COMMAND__INIT;
    Huyang__V1__SetReportInterval interval = HUYANG__V1__SET_REPORT_INTERVAL__INIT;
    uint8_t bytes[256];

    command.id = (char *)(uintptr_t)id;
    command.ttl_s = 60;
    command.kind_case = HUYANG__V1__COMMAND__KIND_SET_REPORT_INTERVAL;
    command.set_report_interval = &interval;
    interval.interval_s = interval_s;
    interval.duration_s = duration_s;
    device_on_message(&apps->band.device, DEVICE_TOPIC_COMMAND, bytes,
                      huyang__v1__command__pack(&command, bytes), now_ms);
}

static void an_interval_for_good_holds_over_a_restart_and_one_for_a_time_does_not(void **state)
{
    struct apps *apps = *state;
    struct device_config config = apps->band.device.config;

    up(&apps->band.device);
    tell_interval(apps, "good", 120, 0, 1000);
    assert_int_equal(apps->band.own_interval_s, 120);
    tell_interval(apps, "fast", 30, 600, 2000);
    assert_int_equal(apps->band.interval_s, 30);
    assert_int_equal(wristband_init(&apps->band, &config, 0, 0), DEVICE_OK);
    assert_int_equal(apps->band.interval_s, 120);
    up(&apps->band.device);
    tell_interval(apps, "good", 900, 0, 1000); /* an id that was taken before */
    assert_int_equal(apps->band.interval_s, 120);
    for (int session = 0; session < 400; session++) /* until the ledger has opened its other sector twice */
        (void)device_ledger_session(&apps->band.device.ledger, 0);
    assert_int_equal(wristband_init(&apps->band, &config, 0, 0), DEVICE_OK);
    assert_int_equal(apps->band.interval_s, 120);
    up(&apps->band.device);
    tell_interval(apps, "fast-2", 30, 600, 2000);
    tell_interval(apps, "back", 600, 1, 3000); /* its own pace again, whatever that is */
    wristband_tick(&apps->band, 4000);
    assert_int_equal(apps->band.interval_s, 120);
}

static void a_low_battery_and_a_change_of_worn_are_told_at_once(void **state)
{
    struct apps *apps = *state;

    up(&apps->band.device);
    assert_int_equal(wristband_battery(&apps->band, 50, false, 0), DEVICE_OK);
    assert_int_equal(apps->f.sent_count, 0);
    assert_int_equal(wristband_battery(&apps->band, 9, false, 1), DEVICE_OK);
    assert_int_equal(apps->f.sent_count, 1);
    assert_int_equal(wristband_battery(&apps->band, 8, false, 2), DEVICE_OK);
    assert_int_equal(apps->f.sent_count, 1);
    assert_int_equal(wristband_worn(&apps->band, false, 3), DEVICE_OK);
    assert_int_equal(wristband_worn(&apps->band, false, 4), DEVICE_OK);
    assert_int_equal(apps->f.sent_count, 2);
    Huyang__V1__Event *event = last_event(apps, 0);
    assert_int_equal(event->heartbeat->has_worn_case, HUYANG__V1__HEARTBEAT__HAS_WORN_WORN);
    assert_false(event->heartbeat->worn);
    assert_int_equal(event->heartbeat->battery_percent, 8);
    assert_string_equal(event->heartbeat->firmware, "stub-1.0");
    huyang__v1__event__free_unpacked(event, NULL);
}

static void a_visit_arrives_stays_and_leaves_under_one_id_and_the_next_has_another(void **state)
{
    struct apps *apps = *state;
    struct device_person person = {.person_class = HUYANG__V1__PERSON_CLASS__PERSON_CLASS_UNKNOWN,
                                   .visitor_id = "x1"};
    char first[DEVICE_ID_MAX + 1];
    static const Huyang__V1__VisitPhase phases[] = {HUYANG__V1__VISIT_PHASE__VISIT_PHASE_ARRIVE,
                                                    HUYANG__V1__VISIT_PHASE__VISIT_PHASE_STAY,
                                                    HUYANG__V1__VISIT_PHASE__VISIT_PHASE_LEAVE};

    up(&apps->camera.device);
    assert_int_equal(camera_visit(&apps->camera, HUYANG__V1__PLACE__PLACE_INDOORS, &person, 1, 0), DEVICE_OK);
    memcpy(first, apps->camera.visit.visit_id, sizeof first);
    assert_true(device_id_valid(first));
    assert_true(camera_next_deadline(&apps->camera, 0) <= CAMERA_STAY_MS);
    acknowledge(apps, &apps->camera.device, 1);
    camera_visit(&apps->camera, HUYANG__V1__PLACE__PLACE_INDOORS, &person, 1, 2);
    Huyang__V1__Event *event = last_event(apps, 0);
    assert_int_equal(event->visit->phase, phases[1]);
    assert_string_equal(event->visit->visit_id, first);
    assert_string_equal(event->visit->people[0]->visitor_id, "x1");
    huyang__v1__event__free_unpacked(event, NULL);
    acknowledge(apps, &apps->camera.device, 3);
    assert_int_equal(camera_visit_leave(&apps->camera, 4), DEVICE_OK);
    event = last_event(apps, 0);
    assert_int_equal(event->visit->phase, phases[2]);
    huyang__v1__event__free_unpacked(event, NULL);
    assert_int_equal(camera_visit_leave(&apps->camera, 5), CAMERA_ERROR_NO_VISIT);
    camera_visit(&apps->camera, HUYANG__V1__PLACE__PLACE_DOORSTEP, &person, 1, 6);
    assert_string_not_equal(apps->camera.visit.visit_id, first);
}

static void a_visit_that_goes_on_is_told_every_five_minutes(void **state)
{
    struct apps *apps = *state;
    uint64_t before;

    camera_visit(&apps->camera, HUYANG__V1__PLACE__PLACE_INDOORS, NULL, 0, 0);
    before = apps->camera.device.outbox.lanes[DEVICE_URGENT].next;
    for (int64_t t = 0; t <= 3600000; t += 1000)
        camera_tick(&apps->camera, t);
    assert_int_equal(apps->camera.device.outbox.lanes[DEVICE_URGENT].next, before + 12);
}

static void a_paused_camera_sees_nothing_and_being_covered_is_no_tampering(void **state)
{
    struct apps *apps = *state;
    struct camera *camera = &apps->camera;

    device_set_clock(&camera->device, 0, 1772000000000);
    up(&camera->device);
    camera_visit(camera, HUYANG__V1__PLACE__PLACE_INDOORS, NULL, 0, 0);
    assert_int_equal(camera_pause(camera, 10 * CAMERA_PAUSE_MAX_MS, 1000), DEVICE_OK);
    Huyang__V1__Event *event = last_event(apps, 0);
    assert_int_equal(event->kind_case, HUYANG__V1__EVENT__KIND_PAUSE);
    assert_int_equal(event->pause->until_ms, 1772000001000 + CAMERA_PAUSE_MAX_MS);
    huyang__v1__event__free_unpacked(event, NULL);
    assert_int_equal(camera->visit.visit_id[0], '\0');
    assert_int_equal(camera_visit(camera, HUYANG__V1__PLACE__PLACE_INDOORS, NULL, 0, 2000),
                     CAMERA_ERROR_PAUSED);
    assert_int_equal(camera_presence(camera, true, 2000), CAMERA_ERROR_PAUSED);
    assert_int_equal(camera_departure(camera, HUYANG__V1__COMPANION__COMPANION_ALONE, "", 2000),
                     CAMERA_ERROR_PAUSED);
    assert_int_equal(camera_tamper(camera, HUYANG__V1__TAMPER_KIND__TAMPER_KIND_COVERED, 2000),
                     CAMERA_ERROR_PAUSED);
    assert_int_equal(camera_tamper(camera, HUYANG__V1__TAMPER_KIND__TAMPER_KIND_MOVED, 2000), DEVICE_OK);
    assert_int_equal(
        camera_visit(camera, HUYANG__V1__PLACE__PLACE_INDOORS, NULL, 0, 1000 + CAMERA_PAUSE_MAX_MS),
        DEVICE_OK);
}

static void a_pause_without_a_clock_is_told_once_there_is_one(void **state)
{
    struct apps *apps = *state;

    assert_int_equal(camera_pause(&apps->camera, 60000, 0), DEVICE_OK);
    assert_int_equal(apps->camera.device.outbox.lanes[DEVICE_ROUTINE].next, 1);
    device_set_clock(&apps->camera.device, 1000, 1772000000000);
    apps->camera.report_ms = INT64_MAX;
    camera_tick(&apps->camera, 1000);
    up(&apps->camera.device);
    Huyang__V1__Event *event = last_event(apps, 0);
    assert_int_equal(event->pause->until_ms, 1772000059000);
    huyang__v1__event__free_unpacked(event, NULL);
}

static int teardown_apps(void **state)
{
    struct apps *apps = *state;
    int violations = (int)apps->f.flash.violations;

    fixture_forget_sent(&apps->f);
    ram_flash_release(&apps->f.flash);
    free(apps);
    return violations;
}

#define BAND_TEST(name)   cmocka_unit_test_setup_teardown(name, setup_band, teardown_apps)
#define CAMERA_TEST(name) cmocka_unit_test_setup_teardown(name, setup_camera, teardown_apps)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BAND_TEST(an_sos_tells_where_when_that_is_known_and_fresh),
        BAND_TEST(suspicion_vibrates_and_nothing_else),
        BAND_TEST(a_fall_can_be_cancelled_for_30_s_and_not_twice),
        BAND_TEST(an_interval_for_good_holds_over_a_restart_and_one_for_a_time_does_not),
        BAND_TEST(a_heartbeat_comes_each_interval_and_a_commanded_interval_ends_by_itself),
        BAND_TEST(a_low_battery_and_a_change_of_worn_are_told_at_once),
        CAMERA_TEST(a_visit_arrives_stays_and_leaves_under_one_id_and_the_next_has_another),
        CAMERA_TEST(a_visit_that_goes_on_is_told_every_five_minutes),
        CAMERA_TEST(a_paused_camera_sees_nothing_and_being_covered_is_no_tampering),
        CAMERA_TEST(a_pause_without_a_clock_is_told_once_there_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
