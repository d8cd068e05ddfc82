/* A phone's JSON as OwnTracks documents it, and what hostile or sloppy senders make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialect.h"

static enum foreign_outcome say(struct spoken *spoken, const char *payload)
{
    return speak(spoken, &dialect_owntracks, "alice/phone", payload);
}

static void a_location_is_a_fix_and_a_heartbeat(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(say(spoken,
                       "{\"_type\":\"location\",\"tid\":\"al\",\"lat\":34.5,\"lon\":108.25,\"acc\":12,"
                       "\"vel\":36,\"batt\":41,\"bs\":2,\"tst\":1772323100,\"t\":\"u\"}"),
                   FOREIGN_EVENTS);
    assert_string_equal(
        buf_text(&spoken->text),
        "{\"fix\":{\"lat\":34.5,\"lon\":108.25,\"accuracy_m\":12,\"speed_mps\":10,\"datum\":\"wgs84\","
        "\"valid\":true},\"at\":\"2026-02-28T23:58:20+00:00\"}\n"
        "{\"heartbeat\":{\"battery_percent\":41,\"charging\":true},\"at\":\"2026-02-28T23:58:20+00:00\"}\n");
    assert_true(spoken->foreign.has_time);
    assert_int_equal(spoken->foreign.events[0].report, 1);
    assert_int_equal(spoken->foreign.events[1].report, 1);
}

static void the_topic_names_the_phone_before_the_payload(void **state)
{
    struct spoken *spoken = *state;
    const char *fix = "{\"_type\":\"location\",\"tid\":\"a1\",\"lat\":1,\"lon\":2,\"tst\":1772323100}";
    assert_outcome(say(spoken, fix), FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.name_count, 4);
    assert_string_equal(spoken->foreign.names[0], "alice/phone");
    assert_string_equal(spoken->foreign.names[1], "phone");
    assert_string_equal(spoken->foreign.names[2], "alice");
    assert_string_equal(spoken->foreign.names[3], "a1");
    assert_outcome(speak(spoken, &dialect_owntracks, "alice/phone/event", fix), FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.names[0], "alice/phone");
    assert_outcome(speak(spoken, &dialect_owntracks, "alice", fix), FOREIGN_UNKNOWN_TOPIC);
    assert_outcome(speak(spoken, &dialect_owntracks, "/phone", fix), FOREIGN_UNKNOWN_TOPIC);
}

static void a_tracker_id_of_more_than_two_letters_names_nobody(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(
        say(spoken, "{\"_type\":\"location\",\"tid\":\"wb-0001\",\"lat\":1,\"lon\":2,\"tst\":1772323100}"),
        FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.name_count, 3);
}

static void numbers_may_be_texts(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(
        say(spoken, "{\"_type\":\"location\",\"lat\":\"34.5\",\"lon\":\" 108.25\",\"tst\":\"1772323100\"}"),
        FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.bad_fields, 0);
    assert_true(spoken->foreign.events[0].fix.lat == 34.5 && spoken->foreign.events[0].fix.lon == 108.25);
    assert_int_equal(spoken->foreign.events[0].at_ms, INT64_C(1772323100000));
}

static void a_bad_number_costs_its_field_only(void **state)
{
    static const struct {
        const char *member, *field;
    } bad[] = {{"\"batt\":-1", "batt"}, {"\"batt\":101", "batt"}, {"\"batt\":\"full\"", "batt"},
               {"\"vel\":-5", "vel"},   {"\"vel\":1e9", "vel"},   {"\"bs\":9", "bs"},
               {"\"vel\":[1]", "vel"},  {"\"batt\":{}", "batt"},  {"\"vel\":true", "vel"},
               {"\"tst\":-3", "tst"},   {"\"tst\":1e300", "tst"}};
    struct spoken *spoken = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "{\"_type\":\"location\",\"lat\":34.5,\"lon\":108.25,%s}",
                 bad[i].member);
        assert_outcome(say(spoken, text), FOREIGN_EVENTS);
        assert_int_equal(spoken->foreign.bad_fields, 1);
        assert_string_equal(spoken->foreign.bad_field, bad[i].field);
        assert_int_equal(spoken->foreign.count, 1);
        assert_int_equal(spoken->foreign.events[0].kind, EVENT_FIX);
    }
}

static void a_place_out_of_the_world_is_no_fix_but_the_battery_counts(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(
        say(spoken, "{\"_type\":\"location\",\"lat\":91,\"lon\":108,\"batt\":5,\"tst\":1772323100}"),
        FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.count, 1);
    assert_int_equal(spoken->foreign.events[0].kind, EVENT_HEARTBEAT);
    assert_outcome(say(spoken, "{\"_type\":\"location\",\"lat\":91,\"lon\":108,\"tst\":1772323100}"),
                   FOREIGN_BAD_VALUE);
}

static void what_is_no_position_is_not_valid(void **state)
{
    static const char *const none[] = {
        "{\"_type\":\"location\",\"lat\":0,\"lon\":0,\"acc\":5,\"tst\":1772323100}",
        "{\"_type\":\"location\",\"lat\":34,\"lon\":108,\"acc\":-1,\"tst\":1772323100}",
        "{\"_type\":\"location\",\"lat\":34,\"lon\":108,\"acc\":200000,\"tst\":1772323100}"};
    struct spoken *spoken = *state;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_outcome(say(spoken, none[i]), FOREIGN_EVENTS);
        assert_int_equal(spoken->foreign.count, 1);
        assert_false(spoken->foreign.events[0].fix.valid);
    }
}

static void an_accuracy_of_zero_is_one_that_was_not_told(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(
        say(spoken, "{\"_type\":\"location\",\"lat\":34,\"lon\":108,\"acc\":0,\"tst\":1772323100}"),
        FOREIGN_EVENTS);
    assert_true(spoken->foreign.events[0].fix.valid);
    assert_false(spoken->foreign.events[0].fix.has_accuracy);
}

static void the_home_region_is_presence(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(
        say(spoken,
            "{\"_type\":\"transition\",\"event\":\"leave\",\"desc\":\"Home\",\"t\":\"b\",\"tst\":1772323100,"
            "\"wtst\":1,\"acc\":5}"),
        FOREIGN_EVENTS);
    assert_string_equal(buf_text(&spoken->text),
                        "{\"presence\":{\"at_home\":false,\"source\":\"ble\"},\"at\":\"2026-02-28T23:58:"
                        "20+00:00\"}\n");
    zone(&spoken->settings, "老院子", FOREIGN_PLACE_HOME);
    zone(&spoken->settings, "home", FOREIGN_PLACE_IGNORED);
    assert_outcome(say(spoken, "{\"_type\":\"transition\",\"event\":\"enter\",\"desc\":\"老院子\",\"lat\":34,"
                               "\"lon\":108,\"acc\":9,"
                               "\"t\":\"c\",\"tst\":1772323100,\"wtst\":1}"),
                   FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.count, 2);
    assert_true(spoken->foreign.events[0].presence.at_home);
    assert_int_equal(spoken->foreign.events[1].kind, EVENT_FIX);
    assert_outcome(
        say(spoken, "{\"_type\":\"transition\",\"event\":\"enter\",\"desc\":\"home\",\"tst\":1772323100}"),
        FOREIGN_NO_NEWS);
    assert_outcome(say(spoken, "{\"_type\":\"location\",\"lat\":34,\"lon\":108,\"tst\":1772323100,"
                               "\"inregions\":[\"park\",\"老院子\"]}"),
                   FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.count, 2);
    assert_int_equal(spoken->foreign.events[1].kind, EVENT_PRESENCE);
}

static void a_transition_that_neither_enters_nor_leaves_is_refused_by_field(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(
        say(spoken, "{\"_type\":\"transition\",\"event\":\"hover\",\"desc\":\"home\",\"tst\":1772323100}"),
        FOREIGN_BAD_VALUE);
    assert_string_equal(spoken->foreign.bad_field, "event");
}

static void steps_are_activity_and_minus_one_is_none(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(say(spoken, "{\"_type\":\"steps\",\"tst\":1772323100,\"steps\":1234,\"from\":1,\"to\":2}"),
                   FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.events[0].activity.steps, 1234);
    assert_outcome(say(spoken, "{\"_type\":\"steps\",\"tst\":1772323100,\"steps\":-1}"), FOREIGN_BAD_VALUE);
}

static void types_that_only_configure_are_known_and_say_nothing(void **state)
{
    static const char *const quiet[] = {"lwt",  "status", "waypoint",      "waypoints", "beacon",
                                        "card", "cmd",    "configuration", "dump",      "request"};
    struct spoken *spoken = *state;
    for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
        char text[80];
        snprintf(text, sizeof(text), "{\"_type\":\"%s\",\"tst\":1772323100,\"lat\":1,\"lon\":2}", quiet[i]);
        assert_outcome(say(spoken, text), FOREIGN_NO_NEWS);
        assert_string_equal(spoken->foreign.type, quiet[i]);
    }
}

static void unknown_and_encrypted_types_are_named(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(say(spoken, "{\"_type\":\"encrypted\",\"data\":\"AAAA\"}"), FOREIGN_ENCRYPTED);
    assert_outcome(say(spoken, "{\"_type\":\"to\\nmorrow \\u4f60\"}"), FOREIGN_UNKNOWN_TYPE);
    assert_string_equal(spoken->foreign.type, "to?morrow????");
}

static void what_is_no_message_is_malformed(void **state)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "null",
                                      "7",
                                      "\"location\"",
                                      "{}",
                                      "{\"_type\":7}",
                                      "[[]]",
                                      "{\"_type\":\"location\",\"_type\":\"location\"}",
                                      "{\"_type\":\"location\",\"lat\":NaN}"};
    struct spoken *spoken = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_outcome(say(spoken, bad[i]), FOREIGN_MALFORMED);
}

static void a_list_is_its_elements_each_a_report_of_its_own(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(say(spoken, "[{\"_type\":\"location\",\"lat\":1,\"lon\":2,\"batt\":9,\"tst\":1772323000},{"
                               "\"_type\":\"tomorrow\"},"
                               "{\"_type\":\"location\",\"lat\":3,\"lon\":4,\"tst\":1772323100}]"),
                   FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.count, 3);
    assert_int_equal(spoken->foreign.events[1].report, 1);
    assert_int_equal(spoken->foreign.events[2].report, 3);
    assert_int_equal(spoken->foreign.bad_fields, 1);
    assert_string_equal(spoken->foreign.bad_field, "element");
}

static void a_list_without_end_is_cut(void **state)
{
    struct spoken *spoken = *state;
    struct buf text;
    buf_init(&text, 1 << 16);
    for (int i = 0; i < 200; i++)
        buf_printf(&text, "%c{\"_type\":\"location\",\"lat\":1,\"lon\":2,\"batt\":9,\"tst\":%d}",
                   i == 0 ? '[' : ',', 1772323000 + i);
    buf_putc(&text, ']');
    assert_outcome(say(spoken, buf_text(&text)), FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.count, EVENT_BATCH_MAX);
    buf_release(&text);
}

static void what_is_said_is_an_action_that_nobody_confirms(void **state)
{
    const struct foreign_words words = {FOREIGN_SPEAK, "en", "Sit <down> \"now\"", true};
    struct buf topic, payload;
    (void)state;
    buf_init(&topic, 200);
    buf_init(&payload, 1000);
    assert_int_equal(dialect_owntracks.say("alice/phone", &words, &topic, &payload), FOREIGN_UNSURE);
    assert_string_equal(buf_text(&topic), "alice/phone/cmd");
    assert_string_equal(
        buf_text(&payload),
        "{\"_type\":\"cmd\",\"action\":\"action\",\"content\":\"Drill: Sit &lt;down&gt; &quot;now&quot;\"}");
    assert_int_equal(dialect_owntracks.say("phone", &words, &topic, &payload), FOREIGN_MUTE);
    const struct foreign_words locate = {.deed = FOREIGN_LOCATE}, restart = {.deed = FOREIGN_RESTART};
    buf_clear(&topic);
    buf_clear(&payload);
    assert_int_equal(dialect_owntracks.say("alice/phone", &locate, &topic, &payload), FOREIGN_UNSURE);
    assert_string_equal(buf_text(&topic), "alice/phone/cmd");
    assert_string_equal(buf_text(&payload), "{\"_type\":\"cmd\",\"action\":\"reportLocation\"}");
    assert_int_equal(dialect_owntracks.say("alice/phone", &restart, &topic, &payload), FOREIGN_MUTE);
    buf_release(&topic);
    buf_release(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_location_is_a_fix_and_a_heartbeat, open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(the_topic_names_the_phone_before_the_payload, open_spoken,
                                        close_spoken),
        cmocka_unit_test_setup_teardown(a_tracker_id_of_more_than_two_letters_names_nobody, open_spoken,
                                        close_spoken),
        cmocka_unit_test_setup_teardown(numbers_may_be_texts, open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(a_bad_number_costs_its_field_only, open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(a_place_out_of_the_world_is_no_fix_but_the_battery_counts,
                                        open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(what_is_no_position_is_not_valid, open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(an_accuracy_of_zero_is_one_that_was_not_told, open_spoken,
                                        close_spoken),
        cmocka_unit_test_setup_teardown(the_home_region_is_presence, open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(a_transition_that_neither_enters_nor_leaves_is_refused_by_field,
                                        open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(steps_are_activity_and_minus_one_is_none, open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(types_that_only_configure_are_known_and_say_nothing, open_spoken,
                                        close_spoken),
        cmocka_unit_test_setup_teardown(unknown_and_encrypted_types_are_named, open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(what_is_no_message_is_malformed, open_spoken, close_spoken),
        cmocka_unit_test_setup_teardown(a_list_is_its_elements_each_a_report_of_its_own, open_spoken,
                                        close_spoken),
        cmocka_unit_test_setup_teardown(a_list_without_end_is_cut, open_spoken, close_spoken),
        cmocka_unit_test(what_is_said_is_an_action_that_nobody_confirms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
