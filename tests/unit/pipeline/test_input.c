#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../ingest/sample.h"
#include "../store/sample_registry.h"
#include "ingest/event_json.h"
#include "input.h"
#include "registry/parts.h"

#define T INT64_C(1772327520000) /* 2026-03-01T09:12:00+08:00 */

struct fixture {
    struct buf blob, json;
    struct tz *tz;
    struct registry *registry;
    struct event events[EVENT_BATCH_MAX], back[EVENT_BATCH_MAX];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    buf_init(&f->blob, 1 << 20);
    buf_init(&f->json, 1 << 20);
    assert_int_equal(tz_load("Asia/Shanghai", &f->tz), ERR_OK);
    f->registry = sample_registry();
    assert_non_null(f->registry);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    buf_release(&f->blob);
    buf_release(&f->json);
    tz_free(f->tz);
    registry_free(f->registry);
    free(f);
    return 0;
}

static const char *to_json(struct fixture *f, const struct input *input)
{
    buf_clear(&f->json);
    input_to_json(input, f->registry, f->tz, &f->json);
    assert_false(f->json.failed);
    struct json *root;
    assert_int_equal(json_parse(f->json.data, f->json.len, &root, NULL), ERR_OK);
    json_free(root);
    return buf_text(&f->json);
}

/* Encodes, decodes, and compares by encoding again and by the JSON line. */
static struct input round_trip(struct fixture *f, const struct input *input)
{
    struct input back;
    char *first, line[4096];

    buf_clear(&f->blob);
    input_encode(input, &f->blob);
    assert_false(f->blob.failed);
    size_t len = f->blob.len;
    first = test_malloc(len);
    memcpy(first, f->blob.data, len);
    assert_int_equal(
        input_decode(input->n, input->t_ms, (enum input_kind)input->kind, first, len, f->back, &back),
        ERR_OK);
    assert_int_equal(back.n, input->n);
    assert_int_equal(back.t_ms, input->t_ms);
    assert_int_equal(back.kind, input->kind);
    buf_clear(&f->blob);
    input_encode(&back, &f->blob);
    assert_int_equal(f->blob.len, len);
    assert_memory_equal(f->blob.data, first, len);
    snprintf(line, sizeof(line), "%s", to_json(f, input));
    assert_string_equal(to_json(f, &back), line);
    test_free(first);
    return back;
}

static struct input sos_report(struct fixture *f)
{
    event_clear(&f->events[0], EVENT_SOS);
    f->events[0].sos.phase = SOS_PHASE_PRESSED;
    event_set_time(&f->events[0], T - 1500, T, 120000);
    event_clear(&f->events[1], EVENT_HEARTBEAT);
    f->events[1].heartbeat.has_battery = 1;
    f->events[1].heartbeat.battery_percent = 4;
    event_set_time(&f->events[1], 0, T, 120000);
    f->events[0].report = f->events[1].report = 1;
    return (struct input){
        .n = 7,
        .t_ms = T,
        .kind = INPUT_REPORT,
        .report = {
            .device = 0, .epoch = 99, .first_seq = 41, .lane = LANE_URGENT, .count = 2, .events = f->events}};
}

static void a_report_becomes_the_line_that_replay_reads(void **state)
{
    struct fixture *f = *state;
    struct input input = sos_report(f);
    assert_string_equal(to_json(f, &input),
                        "{\"t\":\"2026-03-01T09:12:00+08:00\",\"device\":\"wb-0001\",\"lane\":\"urgent\","
                        "\"epoch\":99,\"seq\":41,\"events\":["
                        "{\"sos\":{\"phase\":\"pressed\"},\"at\":\"2026-03-01T09:11:58.500+08:00\"},"
                        "{\"heartbeat\":{\"battery_percent\":4,\"charging\":false}}]}");
}

static void a_report_comes_back_with_the_keys_of_its_place(void **state)
{
    struct fixture *f = *state;
    struct input input = sos_report(f), back = round_trip(f, &input);
    assert_int_equal(back.report.count, 2);
    for (unsigned i = 0; i < 2; i++) {
        const struct event_key key = {.device = 0, .epoch = 99, .seq = 41 + i, .lane = LANE_URGENT};
        assert_true(event_key_equal(&back.report.events[i].key, &key));
        assert_int_equal(back.report.events[i].at_ms, f->events[i].at_ms);
        assert_int_equal(back.report.events[i].flags, f->events[i].flags);
    }
}

static void numbers_that_are_not_consecutive_are_kept_and_told(void **state)
{
    struct fixture *f = *state;
    struct input input = sos_report(f);
    f->events[0].key.seq = 41;
    f->events[1].key.seq = 45;
    f->events[0].report = f->events[1].report = 3;
    struct input back = round_trip(f, &input);
    assert_int_equal(back.report.events[1].key.seq, 45);
    assert_int_equal(back.report.events[1].report, 3);
    assert_non_null(strstr(to_json(f, &input), "\"seq\":41,\"seqs\":[41,45],\"reports\":[3,3],\"events\":["));
}

static void the_times_of_the_line_lead_to_the_same_flags_again(void **state)
{
    static const int64_t device_ms[] = {
        0, T, T - 1, T - 121000, T + 60000, T + 600000, T - INT64_C(8) * 86400000, 5};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(device_ms) / sizeof(device_ms[0]); i++) {
        struct input input = sos_report(f);
        input.report.count = 1;
        event_set_time(&f->events[0], device_ms[i], T, 120000);
        const char *line = to_json(f, &input);
        struct json *root;
        struct event event;
        int64_t told;
        assert_int_equal(json_parse(line, strlen(line), &root, NULL), ERR_OK);
        assert_int_equal(event_from_json(json_at(json_get(root, "events"), 0), &event, &told, NULL), ERR_OK);
        event_set_time(&event, told, T, 120000);
        assert_int_equal(event.flags, f->events[0].flags);
        assert_int_equal(event.at_ms, f->events[0].at_ms);
        json_free(root);
    }
}

static void any_report_survives_the_way_to_the_disk_and_back(void **state)
{
    struct fixture *f = *state;
    struct random random = {.state = 20260301};
    for (int round = 0; round < 2000; round++) {
        struct input input = {.n = random_next(&random) >> 1,
                              .t_ms = T + (int64_t)random_below(&random, 1000000),
                              .kind = INPUT_REPORT};
        input.report = (struct report){.device = (uint32_t)random_below(&random, 2),
                                       .epoch = (uint32_t)random_next(&random),
                                       .first_seq = 1 + random_below(&random, UINT64_C(1) << 40),
                                       .lane = (uint8_t)(1 + random_below(&random, 2)),
                                       .count = (uint8_t)(1 + random_below(&random, EVENT_BATCH_MAX)),
                                       .events = f->events};
        for (unsigned i = 0; i < input.report.count; i++) {
            sample_event(&random, (enum event_kind)(1 + random_below(&random, EVENT_KIND_COUNT - 1)),
                         &f->events[i]);
            f->events[i].key =
                (struct event_key){.seq = random_below(&random, 4) == 0 ? random_next(&random) : 0};
            f->events[i].report = (uint32_t)random_below(&random, 3);
            event_set_time(
                &f->events[i],
                random_below(&random, 3) == 0 ? 0 : input.t_ms - (int64_t)random_below(&random, 1000000),
                input.t_ms, 120000);
        }
        buf_clear(&f->blob);
        input_encode(&input, &f->blob);
        struct input back;
        assert_int_equal(
            input_decode(input.n, input.t_ms, INPUT_REPORT, f->blob.data, f->blob.len, f->back, &back),
            ERR_OK);
        struct buf again;
        buf_init(&again, 1 << 20);
        input_encode(&back, &again);
        assert_int_equal(again.len, f->blob.len);
        assert_memory_equal(again.data, f->blob.data, again.len);
        buf_release(&again);
    }
}

static void actions_become_the_lines_of_the_contract(void **state)
{
    struct fixture *f = *state;
    struct input input = {.n = 1, .t_ms = T, .kind = INPUT_ACTION};
    struct action *action = &input.action;

    *action =
        (struct action){.kind = ACTION_ACKNOWLEDGE, .has_alert = 1, .family = FAMILY_COUNT, .by = "wang"};
    memset(action->alert.bytes, 0xab, HASH_ID_SIZE);
    round_trip(f, &input);
    assert_string_equal(to_json(f, &input),
                        "{\"t\":\"2026-03-01T09:12:00+08:00\",\"action\":{\"acknowledge\":{\"alert\":"
                        "\"abababababababababababababababab\",\"by\":\"wang\"}}}");
    *action = (struct action){.kind = ACTION_CLOSE,
                              .subject = {.kind = SUBJECT_RESIDENT, .no = 1},
                              .family = FAMILY_OUTING,
                              .disposition = DISPOSITION_FALSE,
                              .by = "li"};
    strcpy(action->note, "误报 \"x\"\n");
    struct input back = round_trip(f, &input);
    assert_string_equal(back.action.note, action->note);
    assert_string_equal(to_json(f, &input),
                        "{\"t\":\"2026-03-01T09:12:00+08:00\",\"action\":{\"close\":{\"resident\":\"r-002\","
                        "\"family\":\"outing\","
                        "\"by\":\"li\",\"disposition\":\"false\",\"note\":\"误报 \\\"x\\\"\\n\"}}}");
    *action = (struct action){.kind = ACTION_CALL,
                              .subject = {.kind = SUBJECT_HOUSEHOLD},
                              .family = FAMILY_COUNT,
                              .outcome = OUTCOME_NO_ANSWER,
                              .by = "li"};
    round_trip(f, &input);
    assert_non_null(strstr(to_json(f, &input),
                           "{\"call\":{\"household\":\"h-001\",\"by\":\"li\",\"outcome\":\"no_answer\"}}"));
    *action = (struct action){.kind = ACTION_STATUS,
                              .subject = {.kind = SUBJECT_RESIDENT},
                              .family = FAMILY_COUNT,
                              .status = STATUS_AWAY,
                              .until_ms = T + 86400000,
                              .by = "li"};
    round_trip(f, &input);
    assert_non_null(strstr(to_json(f, &input), "{\"status\":{\"resident\":\"r-001\",\"by\":\"li\",\"status\":"
                                               "\"away\",\"until\":\"2026-03-02T09:12:00+08:00\"}}"));
    *action = (struct action){.kind = ACTION_POLICE,
                              .has_alert = 1,
                              .family = FAMILY_COUNT,
                              .police_word = POLICE_WORD_ON_SCENE,
                              .by = "officer-1",
                              .note = "car 12"};
    round_trip(f, &input);
    assert_non_null(
        strstr(to_json(f, &input), "\"by\":\"officer-1\",\"note\":\"car 12\",\"state\":\"on_scene\"}}}"));

    *action = (struct action){.kind = ACTION_ANNOUNCE,
                              .subject = {.kind = SUBJECT_HOUSEHOLD},
                              .family = FAMILY_COUNT,
                              .announced = ANNOUNCED_FAIR,
                              .from_ms = T,
                              .until_ms = T + 86400000,
                              .by = "li"};
    back = round_trip(f, &input);
    assert_int_equal(back.action.announced, ANNOUNCED_FAIR);
    assert_true(back.action.from_ms == T);
    assert_non_null(strstr(to_json(f, &input),
                           "\"by\":\"li\",\"announced\":\"fair\",\"from\":\"2026-03-01T09:12:00+08:00\","
                           "\"until\":\"2026-03-02T09:12:00+08:00\"}}"));
}

static void the_other_kinds_become_their_lines(void **state)
{
    struct fixture *f = *state;
    struct input input = {.n = 1,
                          .t_ms = T,
                          .kind = INPUT_DELIVERY,
                          .delivery = {.state = DELIVERY_FAILED, .reason = "speaker"}};
    round_trip(f, &input);
    assert_string_equal(to_json(f, &input), "{\"t\":\"2026-03-01T09:12:00+08:00\",\"relay_result\":{"
                                            "\"relay\":\"00000000000000000000000000000000\","
                                            "\"state\":\"failed\",\"reason\":\"speaker\"}}");
    input =
        (struct input){.n = 1, .t_ms = T, .kind = INPUT_LINK, .link = {.device = 1, .ordinal = 12, .up = 1}};
    round_trip(f, &input);
    assert_non_null(
        strstr(to_json(f, &input), ",\"link\":{\"device\":\"cam-0001\",\"up\":true,\"ordinal\":12}}"));
    input = (struct input){
        .n = 1,
        .t_ms = T,
        .kind = INPUT_CONDUCT,
        .conduct = {
            .device = 1, .epoch = 9, .count = 40, .kind = CONDUCT_FLOOD, .lane = LANE_URGENT, .since_ms = T}};
    round_trip(f, &input);
    assert_non_null(
        strstr(to_json(f, &input),
               ",\"conduct\":{\"device\":\"cam-0001\",\"kind\":\"flood\",\"count\":40,\"epoch\":9,"
               "\"lane\":\"urgent\",\"since\":\"2026-03-01T09:12:00+08:00\"}}"));
    input = (struct input){.n = 1, .t_ms = T, .kind = INPUT_BROKER, .broker_up = 0};
    round_trip(f, &input);
    assert_non_null(strstr(to_json(f, &input), ",\"broker\":{\"up\":false}}"));
    input = (struct input){.n = 1, .t_ms = T, .kind = INPUT_REGISTRY};
    strcpy(input.version, registry_version(f->registry));
    round_trip(f, &input);
    assert_non_null(strstr(to_json(f, &input), ",\"registry\":{\"version\":\""));
    input = (struct input){.n = 1,
                           .t_ms = T,
                           .kind = INPUT_TROUBLE,
                           .trouble = {.part = PART_OF_POLICE_PRIMARY_MAIN, .on = 1, .number = 300}};
    round_trip(f, &input);
    assert_non_null(strstr(to_json(f, &input),
                           ",\"trouble\":{\"part\":\"police-primary-main\",\"on\":true,\"number\":300}}"));
    input = (struct input){.n = 1, .t_ms = T, .kind = INPUT_CONFIG, .version = "abc"};
    round_trip(f, &input);
    assert_non_null(strstr(to_json(f, &input), ",\"config\":{\"version\":\"abc\"}}"));
}

static void a_device_that_the_registry_lacks_does_no_harm(void **state)
{
    struct fixture *f = *state;
    struct input input = {.n = 1, .t_ms = T, .kind = INPUT_LINK, .link = {.device = 77}};
    assert_non_null(strstr(to_json(f, &input), "\"device\":\"?\""));
}

/* Every cut and every flipped byte is either refused or read as something valid, never more. */
static void damaged_blobs_are_refused_not_believed(void **state)
{
    struct fixture *f = *state;
    struct input inputs[] = {
        sos_report(f),
        {.n = 1,
         .t_ms = T,
         .kind = INPUT_ACTION,
         .action = {.kind = ACTION_COMMENT, .by = "li", .note = "x"}},
        {.n = 1, .t_ms = T, .kind = INPUT_DELIVERY, .delivery = {.state = DELIVERY_SENT}},
        {.n = 1, .t_ms = T, .kind = INPUT_LINK},
        {.n = 1,
         .t_ms = T,
         .kind = INPUT_CONDUCT,
         .conduct = {.count = 1, .kind = CONDUCT_REPLAY, .lane = LANE_ROUTINE}},
        {.n = 1, .t_ms = T, .kind = INPUT_BROKER},
        {.n = 1, .t_ms = T, .kind = INPUT_TROUBLE, .trouble = {.part = PART_OF_SMS, .number = 7}},
        {.n = 1, .t_ms = T, .kind = INPUT_CONFIG, .version = "v"}};
    struct input back;

    for (size_t k = 0; k < sizeof(inputs) / sizeof(inputs[0]); k++) {
        const struct input *input = &inputs[k];
        buf_clear(&f->blob);
        input_encode(input, &f->blob);
        for (size_t len = 0; len < f->blob.len; len++) {
            char *cut = test_malloc(len + 1); /* a block of its own, so that a read past it is seen */
            memcpy(cut, f->blob.data, len);
            assert_int_equal(input_decode(1, T, (enum input_kind)input->kind, cut, len, f->back, &back),
                             ERR_CORRUPT);
            test_free(cut);
        }
        for (size_t at = 0; at < f->blob.len; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                f->blob.data[at] = (char)(f->blob.data[at] ^ (1 << bit));
                enum err err = input_decode(1, T, (enum input_kind)input->kind, f->blob.data, f->blob.len,
                                            f->back, &back);
                assert_true(err == ERR_OK || err == ERR_CORRUPT);
                f->blob.data[at] = (char)(f->blob.data[at] ^ (1 << bit));
            }
        buf_putc(&f->blob, 0);
        assert_int_equal(
            input_decode(1, T, (enum input_kind)input->kind, f->blob.data, f->blob.len, f->back, &back),
            ERR_CORRUPT);
    }
    assert_int_equal(input_decode(1, T, INPUT_NONE, "\1", 1, f->back, &back), ERR_CORRUPT);
    assert_int_equal(input_decode(1, T, INPUT_KIND_COUNT, "\1", 1, f->back, &back), ERR_CORRUPT);
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(input_kind_name(INPUT_REPORT), "report");
    assert_string_equal(input_kind_name(INPUT_CONFIG), "config");
    assert_string_equal(input_kind_name(INPUT_NONE), "none");
    assert_string_equal(input_kind_name((enum input_kind)99), "none");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_report_becomes_the_line_that_replay_reads),
        TEST(a_report_comes_back_with_the_keys_of_its_place),
        TEST(numbers_that_are_not_consecutive_are_kept_and_told),
        TEST(the_times_of_the_line_lead_to_the_same_flags_again),
        TEST(any_report_survives_the_way_to_the_disk_and_back),
        TEST(actions_become_the_lines_of_the_contract),
        TEST(the_other_kinds_become_their_lines),
        TEST(a_device_that_the_registry_lacks_does_no_harm),
        TEST(damaged_blobs_are_refused_not_believed),
        TEST(kinds_have_names),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
