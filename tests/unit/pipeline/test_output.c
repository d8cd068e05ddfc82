/* The lines that replay prints and the audit trail keeps, byte by byte: two that run must not differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output.h"

static const int64_t T = 1772323200123; /* 2026-03-01T08:00:00.123+08:00 */

struct world {
    struct tz *tz;
    struct registry *registry;
    struct buf out;
};

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct buf errors;
    assert_non_null(world);
    buf_init(&errors, 1 << 16);
    buf_init(&world->out, 1 << 16);
    assert_int_equal(tz_load("Asia/Shanghai", &world->tz), ERR_OK);
    assert_int_equal(registry_load(HUYANG_TEST_DATA "/scenario/registry/village", world->tz, NULL, &errors,
                                   &world->registry),
                     ERR_OK);
    buf_release(&errors);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    registry_free(world->registry);
    tz_free(world->tz);
    buf_release(&world->out);
    free(world);
    return 0;
}

static struct hash_id id_of(unsigned char byte)
{
    struct hash_id id;
    memset(&id, byte, sizeof(id));
    return id;
}

/* A button pressed on the wristband of r-0001. */
static struct finding pressed(const struct world *world)
{
    struct finding finding = {.t_ms = T,
                              .at_ms = T,
                              .subject = {.kind = SUBJECT_RESIDENT,
                                          .no = registry_find(world->registry, REGISTRY_RESIDENT, "r-0001")},
                              .score = 1,
                              .numbers = {0, (double)(T / 1000)},
                              .family = FAMILY_EMERGENCY,
                              .level = LEVEL_RED};
    unsigned detector = 0;
    while (strcmp(detectors[detector]->name, "sos") != 0)
        detector++;
    finding.detector = (uint8_t)detector;
    return finding;
}

static struct alert alert_of(const struct world *world)
{
    const struct finding finding = pressed(world);
    return (struct alert){.id = id_of(0xab),
                          .subject = finding.subject,
                          .family = FAMILY_EMERGENCY,
                          .level = LEVEL_RED,
                          .share_count = 1,
                          .shares = {{.finding = finding}}};
}

#define AB "abababababababababababababababab"
#define CD "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
#define FINDING                                                                                              \
    "{\"detector\":\"sos\",\"score\":1.000000,\"reason\":\"The SOS button was pressed at "                   \
    "08:00\",\"code\":\"sos-pressed\"}"

static void a_transition_is_one_line_with_its_members_in_their_order(void **state)
{
    struct world *world = *state;
    const struct alert alert = alert_of(world);
    struct transition transition = {.t_ms = T, .alert = alert.id, .number = 1, .kind = TRANSITION_OPENED};
    text_copy(transition.by, sizeof(transition.by), "sos");
    text_copy(transition.why, sizeof(transition.why), "a \"quote\" and a\nnewline");
    output_transition(&alert, &transition, world->registry, world->tz, &world->out);
    assert_string_equal(
        buf_text(&world->out),
        "{\"t\":\"2026-03-01T08:00:00.123+08:00\",\"alert\":\"" AB
        "\",\"transition\":\"opened\",\"subject\":{\"resident\":\"r-0001\"},\"family\":\"emergency\","
        "\"level\":\"red\",\"findings\":[" FINDING "],\"number\":1,\"by\":\"sos\",\"why\":\"a "
        "\\\"quote\\\" and a\\nnewline\"}");
}

static void what_an_alert_came_from_and_went_into_is_told_when_there_is_such(void **state)
{
    struct world *world = *state;
    struct alert alert = alert_of(world);
    alert.share_count = 0;
    alert.previous = id_of(0xcd);
    alert.absorbed_by = id_of(0xcd);
    alert.disposition = DISPOSITION_FALSE;
    const struct transition transition = {.t_ms = T, .number = 7, .kind = TRANSITION_CLOSED};
    output_transition(&alert, &transition, world->registry, world->tz, &world->out);
    assert_string_equal(buf_text(&world->out),
                        "{\"t\":\"2026-03-01T08:00:00.123+08:00\",\"alert\":\"" AB
                        "\",\"transition\":\"closed\",\"subject\":{\"resident\":\"r-0001\"},\"family\":"
                        "\"emergency\",\"level\":\"red\",\"findings\":[],\"number\":7,\"disposition\":"
                        "\"false\",\"previous\":\"" CD "\",\"absorbed_by\":\"" CD
                        "\",\"by\":\"\",\"why\":\"\"}");
}

static void a_finding_tells_that_it_is_late_or_clears(void **state)
{
    struct world *world = *state;
    struct finding finding = pressed(world);
    finding.score = 2.0 / 3;
    finding.flags = FINDING_LATE | FINDING_CLEARS;
    output_finding(&finding, world->registry, world->tz, &world->out);
    assert_string_equal(
        buf_text(&world->out),
        "{\"t\":\"2026-03-01T08:00:00.123+08:00\",\"finding\":{\"detector\":\"sos\",\"subject\":{"
        "\"resident\":\"r-0001\"},\"family\":\"emergency\",\"score\":0.666667,\"level\":\"red\",\"reason\":"
        "\"The SOS button was pressed at 08:00\",\"code\":\"sos-pressed\",\"late\":true,\"clears\":true}}");
}

static void a_row_tells_to_whom_and_an_unset_role_is_left_out(void **state)
{
    struct world *world = *state;
    struct outbox_row row = {.id = id_of(0xcd),
                             .alert = id_of(0xab),
                             .created_ms = T,
                             .job_kind = JOB_NOTIFY,
                             .role = ROLE_GRID_WORKER,
                             .level = LEVEL_RED};
    text_copy(row.target_name, sizeof(row.target_name), "desk");
    output_row(&row, world->tz, &world->out);
    assert_string_equal(buf_text(&world->out),
                        "{\"t\":\"2026-03-01T08:00:00.123+08:00\",\"relay\":\"notify\",\"state\":\"queued\","
                        "\"id\":\"" CD "\",\"alert\":\"" AB
                        "\",\"level\":\"red\",\"role\":\"grid_worker\",\"to\":\"desk\"}");
    buf_clear(&world->out);
    row.role = ROLE_NONE;
    output_row(&row, world->tz, &world->out);
    assert_null(strstr(buf_text(&world->out), "role"));
}

static void a_delivery_tells_its_reason_when_there_is_one(void **state)
{
    struct world *world = *state;
    struct batch_delivery delivery = {.job = id_of(0xcd),
                                      .alert = id_of(0xab),
                                      .t_ms = T,
                                      .job_kind = JOB_PROMPT,
                                      .state = DELIVERY_PLAYED};
    output_delivery(&delivery, world->tz, &world->out);
    assert_string_equal(buf_text(&world->out),
                        "{\"t\":\"2026-03-01T08:00:00.123+08:00\",\"relay\":\"prompt\","
                        "\"state\":\"played\",\"id\":\"" CD "\",\"alert\":\"" AB "\"}");
    buf_clear(&world->out);
    delivery.state = DELIVERY_FAILED;
    text_copy(delivery.reason, sizeof(delivery.reason), "no_clip");
    output_delivery(&delivery, world->tz, &world->out);
    assert_string_equal(buf_text(&world->out),
                        "{\"t\":\"2026-03-01T08:00:00.123+08:00\",\"relay\":\"prompt\",\"state\":\"failed\","
                        "\"id\":\"" CD "\",\"alert\":\"" AB "\",\"reason\":\"no_clip\"}");
}

static void items_that_are_nobodys_line_append_nothing(void **state)
{
    static const enum batch_kind silent[] = {BATCH_INPUT, BATCH_ALERT, BATCH_WATERMARK,
                                             BATCH_GAP,   BATCH_STATE, BATCH_STATE_DONE};
    struct world *world = *state;
    struct batch_item item = {.kind = BATCH_FINDING};
    item.finding.finding = pressed(world);
    assert_false(output_item(&item, false, world->registry, world->tz, &world->out));
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        item = (struct batch_item){.kind = silent[i]};
        assert_false(output_item(&item, true, world->registry, world->tz, &world->out));
    }
    assert_int_equal(world->out.len, 0);
    item = (struct batch_item){.kind = BATCH_TRANSITION};
    item.transition.line = "{}";
    item.transition.len = 2;
    assert_true(output_item(&item, false, world->registry, world->tz, &world->out));
    assert_string_equal(buf_text(&world->out), "{}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        TEST(a_transition_is_one_line_with_its_members_in_their_order),
        TEST(what_an_alert_came_from_and_went_into_is_told_when_there_is_such),
        TEST(a_finding_tells_that_it_is_late_or_clears),
        TEST(a_row_tells_to_whom_and_an_unset_role_is_left_out),
        TEST(a_delivery_tells_its_reason_when_there_is_one),
        TEST(items_that_are_nobodys_line_append_nothing),
    };
#undef TEST
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
