#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ingest/event_json.h"
#include "sample.h"

static enum err read(const char *text, struct event *event, int64_t *device_ms,
                     struct event_json_error *error)
{
    struct json *root = NULL;
    struct json_error json_error;

    memset(error, 0, sizeof(*error));
    if (json_parse(text, strlen(text), &root, &json_error) != ERR_OK)
        fail_msg("test text is no JSON: %s", text);
    enum err err = event_from_json(root, event, device_ms, error);
    json_free(root);
    return err;
}

static struct event good(const char *text)
{
    struct event event;
    struct event_json_error error;
    int64_t device_ms;

    if (read(text, &event, &device_ms, &error) != ERR_OK)
        fail_msg("%s: %s", text, error.text);
    return event;
}

/* The text is refused with exactly that reason, and the outputs stay untouched. */
static void bad(const char *text, const char *reason)
{
    struct event event, before;
    struct event_json_error error;
    int64_t device_ms = 77;

    memset(&event, 0x5a, sizeof(event));
    before = event;
    assert_int_equal(read(text, &event, &device_ms, &error), ERR_INVALID);
    assert_string_equal(error.text, reason);
    assert_memory_equal(&event, &before, sizeof(event));
    assert_int_equal(device_ms, 77);
}

/* The text is read and written as `canonical`. */
static void rewritten(const char *text, const char *canonical)
{
    struct event event = good(text);
    struct buf out;

    buf_init(&out, 4096);
    event_to_json(&event, 0, NULL, &out);
    assert_string_equal(buf_text(&out), canonical);
    buf_release(&out);
}

static void every_kind_of_the_contract_is_read_with_its_names(void **state)
{
    static const char *const lines[] = {
        "{\"heartbeat\":{\"battery_percent\":83,\"charging\":true,\"worn\":false,\"signal_dbm\":-71,"
        "\"firmware\":\"1.2.0\"}}",
        "{\"fix\":{\"lat\":29.35,\"lon\":106.75,\"accuracy_m\":12.5,\"speed_mps\":1.25,\"source\":\"gnss\","
        "\"datum\":\"gcj02\","
        "\"valid\":true}}",
        "{\"presence\":{\"at_home\":false,\"source\":\"door\"}}",
        "{\"vitals\":{\"heart_rate_bpm\":72,\"spo2_percent\":97,\"systolic_mmhg\":131,\"diastolic_mmhg\":84,"
        "\"temperature_c\":36.6}}",
        "{\"activity\":{\"steps\":40,\"motion\":\"moving\"}}",
        "{\"sos\":{\"phase\":\"cancelled\"}}",
        "{\"fall\":{\"phase\":\"cancelled\"}}",
        "{\"check_in\":{}}",
        "{\"suspicion\":{}}",
        "{\"pause\":{\"until\":\"2026-03-01T04:00:00+00:00\"}}",
        "{\"tamper\":{\"kind\":\"strap_cut\"}}",
        "{\"visit\":{\"visit_id\":\"v-1\",\"phase\":\"stay\",\"place\":\"indoors\",\"people\":["
        "{\"class\":\"unknown\",\"visitor_id\":\"x_9\",\"confidence\":0.75,\"face_seen\":true},"
        "{\"class\":\"resident\",\"face_seen\":false}]}}",
        "{\"departure\":{\"with\":\"unknown\",\"visitor_id\":\"x_9\"}}",
        "{\"command_status\":{\"command_id\":\"00112233445566778899aabbccddeeff\",\"state\":\"failed\","
        "\"reason\":\"no_clip\"}}",
        "{\"device_fault\":{\"kind\":\"outbox_overflow\",\"count\":17}}",
    };
    unsigned seen = 0;

    (void)state;
    assert_int_equal(sizeof(lines) / sizeof(lines[0]), EVENT_KIND_COUNT - 1);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        rewritten(lines[i], lines[i]);
        seen |= EVENT_BIT(good(lines[i]).kind);
    }
    assert_int_equal(seen, (UINT32_C(1) << EVENT_KIND_COUNT) - 2);
}

static void missing_and_null_fields_take_their_defaults(void **state)
{
    (void)state;
    rewritten("{\"sos\":{}}", "{\"sos\":{\"phase\":\"pressed\"}}");
    rewritten("{\"fall\":{\"phase\":null}}", "{\"fall\":{\"phase\":\"detected\"}}");
    rewritten("{\"fix\":{\"lat\":1,\"lon\":2,\"accuracy_m\":null}}",
              "{\"fix\":{\"lat\":1,\"lon\":2,\"datum\":\"wgs84\",\"valid\":true}}");
    rewritten("{\"visit\":{\"visit_id\":\"v\",\"phase\":\"arrive\"}}",
              "{\"visit\":{\"visit_id\":\"v\",\"phase\":\"arrive\",\"place\":\"doorstep\",\"people\":[]}}");
    rewritten("{\"visit\":{\"visit_id\":\"v\",\"phase\":\"arrive\",\"people\":[{}]}}",
              "{\"visit\":{\"visit_id\":\"v\",\"phase\":\"arrive\",\"place\":\"doorstep\",\"people\":[{"
              "\"class\":\"unclear\","
              "\"face_seen\":false}]}}");
    rewritten("{\"departure\":{}}", "{\"departure\":{\"with\":\"unclear\"}}");
    rewritten("{\"heartbeat\":{\"battery_percent\":null}}", "{\"heartbeat\":{\"charging\":false}}");
    rewritten("{\"sos\":{},\"fix\":null,\"at\":null}", "{\"sos\":{\"phase\":\"pressed\"}}");
    rewritten("{\"device_fault\":{\"kind\":\"clock\"}}",
              "{\"device_fault\":{\"kind\":\"clock\",\"count\":0}}");
    rewritten("{\"vitals\":{}}", "{\"vitals\":{}}");
}

static void zero_and_absent_stay_apart(void **state)
{
    (void)state;
    assert_false(good("{\"heartbeat\":{}}").heartbeat.has_battery);
    assert_true(good("{\"heartbeat\":{\"battery_percent\":0}}").heartbeat.has_battery);
    assert_true(good("{\"heartbeat\":{\"worn\":false}}").heartbeat.has_worn);
    assert_true(good("{\"activity\":{\"steps\":0}}").activity.has_steps);
    assert_false(good("{\"activity\":{}}").activity.has_steps);
}

static void an_invalid_fix_needs_no_position(void **state)
{
    (void)state;
    rewritten("{\"fix\":{\"valid\":false}}", "{\"fix\":{\"datum\":\"wgs84\",\"valid\":false}}");
    rewritten("{\"fix\":{\"valid\":false,\"lat\":3,\"lon\":4,\"accuracy_m\":9000}}",
              "{\"fix\":{\"accuracy_m\":9000,\"datum\":\"wgs84\",\"valid\":false}}");
    bad("{\"fix\":{\"lat\":1}}", "fix.lon: is missing");
}

static void whole_numbers_may_be_written_as_reals_and_reals_as_whole_numbers(void **state)
{
    (void)state;
    assert_int_equal(good("{\"heartbeat\":{\"battery_percent\":55.0}}").heartbeat.battery_percent, 55);
    assert_int_equal(good("{\"device_fault\":{\"kind\":\"clock\",\"count\":4294967295}}").device_fault.count,
                     UINT32_MAX);
    rewritten("{\"vitals\":{\"temperature_c\":37}}", "{\"vitals\":{\"temperature_c\":37}}");
    bad("{\"heartbeat\":{\"battery_percent\":55.5}}",
        "heartbeat.battery_percent: 55.5 is not a whole number");
}

static void times_are_read_as_text_and_as_milliseconds(void **state)
{
    struct event event;
    struct event_json_error error;
    int64_t device_ms = 0;

    (void)state;
    assert_int_equal(good("{\"pause\":{\"until\":\"2026-03-01T12:00:00+08:00\"}}").pause.until_ms,
                     INT64_C(1772337600000));
    assert_int_equal(good("{\"pause\":{\"until\":1772337600000}}").pause.until_ms, INT64_C(1772337600000));
    assert_int_equal(
        read("{\"sos\":{},\"at\":\"2026-03-01T12:00:00.250+08:00\"}", &event, &device_ms, &error), ERR_OK);
    assert_int_equal(device_ms, INT64_C(1772337600250));
    assert_int_equal(read("{\"sos\":{}}", &event, &device_ms, &error), ERR_OK);
    assert_int_equal(device_ms, 0);
    bad("{\"sos\":{},\"at\":\"yesterday\"}", "at: \"yesterday\" is not an ISO 8601 time with offset");
    bad("{\"sos\":{},\"at\":-5}", "at: -5 is not a time in milliseconds since 1970");
    bad("{\"sos\":{},\"at\":1e300}", "at: 1.0000000000000001e+300 is not a time in milliseconds since 1970");
    bad("{\"sos\":{},\"at\":true}", "at: must be an ISO 8601 time or milliseconds since 1970");
    bad("{\"pause\":{}}", "pause.until: is missing");
}

static void the_names_of_the_proto_are_read_too(void **state)
{
    (void)state;
    rewritten("{\"tamper\":{\"tamper_kind\":\"moved\"}}", "{\"tamper\":{\"kind\":\"moved\"}}");
    rewritten("{\"device_fault\":{\"fault_kind\":\"clock\",\"count\":2}}",
              "{\"device_fault\":{\"kind\":\"clock\",\"count\":2}}");
    rewritten("{\"departure\":{\"companion\":\"alone\"}}", "{\"departure\":{\"with\":\"alone\"}}");
    assert_int_equal(good("{\"pause\":{\"until_ms\":1772338320000}}").pause.until_ms, INT64_C(1772338320000));
    assert_int_equal(good("{\"visit\":{\"visit_id\":\"v\",\"phase\":\"stay\",\"people\":"
                          "[{\"person_class\":\"trusted\"}]}}")
                         .visit.people[0]
                         .person_class,
                     PERSON_CLASS_TRUSTED);
    bad("{\"tamper\":{\"kind\":\"moved\",\"tamper_kind\":\"opened\"}}",
        "tamper.kind: is there twice, also as \"tamper_kind\"");
}

static void mistakes_are_named_with_their_place(void **state)
{
    (void)state;
    bad("[]", "an event must be an object");
    bad("{}", "an event needs a kind, such as {\"sos\":{}}");
    bad("{\"soss\":{}}", "unknown kind of event \"soss\"");
    bad("{\"none\":{}}", "unknown kind of event \"none\"");
    bad("{\"sos\":{},\"fix\":{\"lat\":1,\"lon\":2}}", "an event has one kind, not both sos and fix");
    bad("{\"sos\":[]}", "sos: must be an object");
    bad("{\"sos\":{\"fase\":\"pressed\"}}", "sos: unknown field \"fase\"");
    bad("{\"sos\":{\"phase\":\"held\"}}", "sos.phase: \"held\" is none of pressed, cancelled");
    bad("{\"sos\":{\"phase\":1}}", "sos.phase: must be one of pressed, cancelled");
    bad("{\"fix\":{\"lat\":91,\"lon\":0}}", "fix.lat: 91 is outside -90..90");
    bad("{\"fix\":{\"lat\":\"1\",\"lon\":0}}", "fix.lat: must be a number");
    bad("{\"presence\":{\"at_home\":\"yes\"}}", "presence.at_home: must be true or false");
    bad("{\"presence\":{\"source\":\"door\"}}", "presence.at_home: is missing");
    bad("{\"visit\":{\"visit_id\":\"a b\",\"phase\":\"arrive\"}}",
        "visit.visit_id: \"a b\" is not an id ([A-Za-z0-9_-], 1 to 64 of them)");
    bad("{\"visit\":{\"visit_id\":7,\"phase\":\"arrive\"}}", "visit.visit_id: must be a string");
    bad("{\"visit\":{\"visit_id\":\"v\"}}", "visit.phase: is missing");
    bad("{\"visit\":{\"visit_id\":\"v\",\"phase\":\"stay\",\"people\":{}}}", "visit.people: must be a list");
    bad("{\"visit\":{\"visit_id\":\"v\",\"phase\":\"stay\",\"people\":[{},7]}}",
        "visit.people[1]: must be an object");
    bad("{\"visit\":{\"visit_id\":\"v\",\"phase\":\"stay\",\"people\":[{},{\"confidence\":2}]}}",
        "visit.people[1].confidence: 2 is outside 0..1");
    bad("{\"visit\":{\"visit_id\":\"v\",\"phase\":\"stay\",\"people\":[{},{},{},{},{},{},{},{},{}]}}",
        "visit.people: 9 people are more than 8");
    bad("{\"heartbeat\":{\"firmware\":\"caf\\u00e9\"}}",
        "heartbeat.firmware: \"caf\xc3\xa9\" is not printable ASCII of at most 32 bytes");
}

static void text_of_the_input_cannot_break_an_error_line(void **state)
{
    (void)state;
    bad("{\"a\\nb\":{}}", "unknown kind of event \"a?b\"");
    bad("{\"sos\":{\"phase\":\"\\u001b[31m\"}}", "sos.phase: \"?[31m\" is none of pressed, cancelled");
    bad("{\"\xe6\x8a\xa4\xe5\x85\xbb\xe6\x8a\xa4\xe5\x85\xbb\xe6\x8a\xa4\xe5\x85\xbb\xe6\x8a\xa4\xe5\x85\xbb"
        "\xe6\x8a\xa4\xe5\x85\xbb"
        "\xe6\x8a\xa4\xe5\x85\xbb\xe6\x8a\xa4\xe5\x85\xbb\":{}}",
        "unknown kind of event "
        "\"\xe6\x8a\xa4\xe5\x85\xbb\xe6\x8a\xa4\xe5\x85\xbb\xe6\x8a\xa4\xe5\x85\xbb\xe6\x8a\xa4\xe5\x85\xbb"
        "\xe6\x8a\xa4\xe5\x85\xbb\xe6\x8a\xa4\xe5\x85\xbb\xe6\x8a\xa4\"");
}

static void every_number_in_json_is_bounded_by_the_table(void **state)
{
    char text[200];
    size_t count;

    (void)state;
    for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++) {
        const struct event_field *fields = event_fields((enum event_kind)kind, &count);
        for (size_t i = 0; i < count; i++) {
            struct event event;
            struct event_json_error error;
            int64_t device_ms;
            if (fields[i].type == FIELD_BOOL || fields[i].type == FIELD_ENUM || fields[i].type == FIELD_ID ||
                fields[i].type == FIELD_TEXT || fields[i].type == FIELD_PEOPLE)
                continue;
            for (int side = -1; side <= 1; side += 2) {
                double value = side < 0 ? fields[i].low - 1 : fields[i].high + 1;
                snprintf(text, sizeof(text), "{\"%s\":{\"%s\":%.17g}}",
                         event_kind_name((enum event_kind)kind), fields[i].name, value);
                assert_int_equal(read(text, &event, &device_ms, &error), ERR_INVALID);
                assert_non_null(strstr(error.text, fields[i].name));
            }
        }
    }
}

static void any_event_survives_the_way_through_json(void **state)
{
    struct random random = {20260301};
    struct buf out;

    (void)state;
    buf_init(&out, 8192);
    for (unsigned round = 0; round < 1000; round++)
        for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++) {
            struct event event, back;
            struct event_json_error error;
            int64_t device_ms,
                sent_ms = round % 2 == 0 ? 0 : (int64_t)random_below(&random, 4000000000000) + 1;
            sample_event(&random, (enum event_kind)kind, &event);
            buf_clear(&out);
            event_to_json(&event, sent_ms, NULL, &out);
            assert_false(out.failed);
            if (read(buf_text(&out), &back, &device_ms, &error) != ERR_OK)
                fail_msg("%s: %s", buf_text(&out), error.text);
            if (!sample_equal(&event, &back) || device_ms != sent_ms)
                fail_msg("not the same: %s", buf_text(&out));
        }
    buf_release(&out);
}

static void reals_are_written_in_their_shortest_form(void **state)
{
    (void)state;
    rewritten("{\"fix\":{\"lat\":0.1,\"lon\":-0.30000000000000004,\"accuracy_m\":100000}}",
              "{\"fix\":{\"lat\":0.1,\"lon\":-0.30000000000000004,\"accuracy_m\":100000,\"datum\":\"wgs84\","
              "\"valid\":true}}");
    rewritten("{\"fix\":{\"lat\":-0.0,\"lon\":29.563010000000002,\"accuracy_m\":0.1}}",
              "{\"fix\":{\"lat\":0,\"lon\":29.563010000000002,\"accuracy_m\":0.1,\"datum\":\"wgs84\","
              "\"valid\":true}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_the_contract_is_read_with_its_names),
        cmocka_unit_test(missing_and_null_fields_take_their_defaults),
        cmocka_unit_test(zero_and_absent_stay_apart),
        cmocka_unit_test(an_invalid_fix_needs_no_position),
        cmocka_unit_test(whole_numbers_may_be_written_as_reals_and_reals_as_whole_numbers),
        cmocka_unit_test(times_are_read_as_text_and_as_milliseconds),
        cmocka_unit_test(mistakes_are_named_with_their_place),
        cmocka_unit_test(text_of_the_input_cannot_break_an_error_line),
        cmocka_unit_test(the_names_of_the_proto_are_read_too),
        cmocka_unit_test(every_number_in_json_is_bounded_by_the_table),
        cmocka_unit_test(any_event_survives_the_way_through_json),
        cmocka_unit_test(reals_are_written_in_their_shortest_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
