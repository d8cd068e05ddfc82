/* The JSON of a G616: texts for numbers, lon before lat, the datum of Chinese maps, and a set of states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialect.h"

#define IMEI "358800005942033"

static enum foreign_outcome say(struct spoken *spoken, const char *members)
{
    char text[1024];
    snprintf(text, sizeof(text), "{\"imei\":\"" IMEI "\"%s%s}", members[0] != '\0' ? "," : "", members);
    return speak(spoken, &dialect_g616, "status/" IMEI, text);
}

static void sos_and_low_battery_stand_in_one_report(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(
        say(spoken, "\"stepCount\":\"1618\",\"calories\":\"34.9\",\"temperature\":\"36.0\",\"heartRate\":"
                    "\"96\",\"bpSystolic\":"
                    "\"122\",\"bpDiastolic\":\"83\",\"bloodOxygen\":\"98\",\"battery\":\"6\",\"sos\":true,"
                    "\"speed\":\"3.60\","
                    "\"direction\":\"0.0\",\"rolls\":\"0\",\"locationDate\":\"260301\",\"locationTime\":"
                    "\"075900\",\"location\":"
                    "\"113.4945307,22.2248915\",\"positionWifi\":\"\",\"isWearing\":true,\"isOnline\":true"),
        FOREIGN_EVENTS);
    assert_string_equal(buf_text(&spoken->text),
                        "{\"sos\":{\"phase\":\"pressed\"}}\n"
                        "{\"heartbeat\":{\"battery_percent\":6,\"charging\":false,\"worn\":true}}\n"
                        "{\"fix\":{\"lat\":22.2248915,\"lon\":113.4945307,\"speed_mps\":1,\"source\":"
                        "\"gnss\",\"datum\":\"gcj02\",\"valid\":true},"
                        "\"at\":\"2026-02-28T23:59:00+00:00\"}\n"
                        "{\"vitals\":{\"heart_rate_bpm\":96,\"spo2_percent\":98,\"systolic_mmhg\":122,"
                        "\"diastolic_mmhg\":83,\"temperature_c\":36}}\n");
    for (unsigned i = 0; i < spoken->foreign.count; i++)
        assert_int_equal(spoken->foreign.events[i].report, 1);
    assert_false(spoken->foreign.has_time); /* two presses may look alike */
}

static void the_zone_of_its_clock_is_the_likelier_one(void **state)
{
    struct spoken *spoken = *state;
    const char *place = "\"location\":\"113.4,22.2\",\"locationDate\":\"260301\",\"locationTime\":\"%s\"";
    char text[200];
    snprintf(text, sizeof(text), place, "080000"); /* China's time */
    assert_outcome(say(spoken, text), FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.events[0].at_ms, ARRIVAL_MS);
    snprintf(text, sizeof(text), place, "000000"); /* UTC */
    assert_outcome(say(spoken, text), FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.events[0].at_ms, ARRIVAL_MS);
}

static void numbers_may_be_numbers_and_truth_may_be_capital(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(speak(spoken, &dialect_g616, "status",
                         "{\"imei\":358800005942033,\"sos\":\"TRUE\",\"isWearing\":\"False\",\"battery\":36,"
                         "\"location\":\"113.4, 22.2\",\"locationDate\":260301,\"locationTime\":80000}"),
                   FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.names[0], IMEI);
    assert_int_equal(spoken->foreign.bad_fields, 0);
    assert_int_equal(spoken->foreign.count, 3);
    assert_int_equal(spoken->foreign.events[0].kind, EVENT_SOS);
    assert_true(spoken->foreign.events[1].heartbeat.has_worn && !spoken->foreign.events[1].heartbeat.worn);
    assert_float_equal(spoken->foreign.events[2].fix.lat, 22.2, 1e-9);
    assert_int_equal(spoken->foreign.events[2].at_ms, ARRIVAL_MS);
    /* The topic's number still goes first, whatever form the payload's has. */
    assert_outcome(speak(spoken, &dialect_g616, "status/" IMEI, "{\"imei\":358800005942034,\"sos\":true}"),
                   FOREIGN_MALFORMED);
}

static void a_wifi_position_is_a_wide_one(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(say(spoken, "\"location\":\"113.4,22.2\",\"positionWifi\":\"d0:76:e7:6e:db:14,-54;\""),
                   FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.events[0].fix.source, FIX_SOURCE_WIFI);
    assert_float_equal(spoken->foreign.events[0].fix.accuracy_m, 100, 0);
}

static void a_bad_value_costs_its_field_only(void **state)
{
    static const struct {
        const char *member, *field;
    } bad[] = {{"\"battery\":\"101\"", "battery"},          {"\"heartRate\":\"7\"", "heartRate"},
               {"\"heartRate\":\"fast\"", "heartRate"},     {"\"bloodOxygen\":\"180\"", "bloodOxygen"},
               {"\"bpSystolic\":\"900\"", "bpSystolic"},    {"\"temperature\":\"3.6\"", "temperature"},
               {"\"location\":\"113.4;22.2\"", "location"}, {"\"location\":\"22.2,113.4\"", "location"},
               {"\"location\":\"113.4,\"", "location"},     {"\"isWearing\":\"maybe\"", "isWearing"}};
    struct spoken *spoken = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "\"sos\":\"true\",%s", bad[i].member);
        assert_outcome(say(spoken, text), FOREIGN_EVENTS);
        assert_int_equal(spoken->foreign.count, 1);
        assert_int_equal(spoken->foreign.events[0].kind, EVENT_SOS);
        assert_int_equal(spoken->foreign.bad_fields, 1);
        assert_string_equal(spoken->foreign.bad_field, bad[i].field);
    }
    assert_outcome(
        say(spoken, "\"location\":\"113.4,22.2\",\"locationDate\":\"261301\",\"locationTime\":\"080000\""),
        FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.events[0].at_ms, 0);
    assert_string_equal(spoken->foreign.bad_field, "locationDate");
}

static void zeros_are_what_was_not_measured(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(say(spoken, "\"heartRate\":\"0\",\"bloodOxygen\":\"0\",\"bpSystolic\":\"0\","
                               "\"bpDiastolic\":\"0\",\"temperature\":\"0.0\""),
                   FOREIGN_NO_NEWS);
    assert_int_equal(spoken->foreign.bad_fields, 0);
    assert_outcome(say(spoken, "\"location\":\"0.0,0.0\""), FOREIGN_EVENTS);
    assert_false(spoken->foreign.events[0].fix.valid);
}

static void offline_words_are_old_but_an_sos_is_not(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(say(spoken, "\"battery\":\"36\",\"isOnline\":false,\"sos\":false"), FOREIGN_NO_NEWS);
    assert_outcome(say(spoken, "\"battery\":\"36\",\"isOnline\":false,\"sos\":true"), FOREIGN_EVENTS);
}

static void a_watch_speaks_for_no_other(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(
        speak(spoken, &dialect_g616, "status/" IMEI, "{\"imei\":\"358800005942034\",\"sos\":true}"),
        FOREIGN_MALFORMED);
    assert_outcome(speak(spoken, &dialect_g616, "status/" IMEI "/report", "{\"sos\":true}"), FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.names[0], IMEI);
    assert_outcome(speak(spoken, &dialect_g616, "status", "{\"imei\":\"2\",\"sos\":true}"), FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.names[0], "2");
    assert_outcome(speak(spoken, &dialect_g616, "status/up", "{\"imei\":\"2\",\"sos\":true}"),
                   FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.names[0], "2");
    assert_outcome(speak(spoken, &dialect_g616, "status", "{\"sos\":true}"), FOREIGN_MALFORMED);
}

static void the_rest_is_named(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(speak(spoken, &dialect_g616, "cmd/" IMEI "/MESSAGE", "hello"), FOREIGN_NO_NEWS);
    assert_outcome(speak(spoken, &dialect_g616, "cmd/" IMEI, "MESSAGE"), FOREIGN_NO_NEWS);
    assert_outcome(speak(spoken, &dialect_g616, "cmd", ""), FOREIGN_NO_NEWS);
    assert_outcome(speak(spoken, &dialect_g616, "statusquo", "{}"), FOREIGN_UNKNOWN_TOPIC);
    assert_outcome(speak(spoken, &dialect_g616, "status/1", "[]"), FOREIGN_MALFORMED);
    assert_outcome(speak(spoken, &dialect_g616, "status/1", "{"), FOREIGN_MALFORMED);
    assert_outcome(say(spoken, ""), FOREIGN_NO_NEWS);
}

static void an_answer_is_the_flag_alone(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(speak(spoken, &dialect_g616, "cmd/" IMEI "/MESSAGE", "MESSAGE"), FOREIGN_ECHO);
    assert_string_equal(spoken->foreign.names[0], IMEI);
}

static void a_message_is_short_and_its_punctuation_ascii(void **state)
{
    static const struct {
        const char *text, *language, *payload;
        bool exercise;
    } said[] = {
        {"您好，请坐！（待核实）", "zh", "您好,请坐!(待核实)", false},
        {"已经有人知道。", "zh", "演练:已经有人知道.", true},
        {"Help is coming.", "en", "Drill: Help is coming.", true},
        {"Please sit down. Somebody will call you within a few minutes.", "en", "Please sit down.", false},
        {"0123456789012345678901234567890123456789012345678901234567890", "en",
         "0123456789012345678901234567890123456789012345678", false},
    };
    struct buf topic, payload;
    (void)state;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        const struct foreign_words words = {FOREIGN_SPEAK, said[i].language, said[i].text, said[i].exercise};
        buf_init(&topic, 200);
        buf_init(&payload, 1000);
        assert_int_equal(dialect_g616.say(IMEI, &words, &topic, &payload), FOREIGN_ANSWERED);
        assert_string_equal(buf_text(&topic), "cmd/" IMEI "/MESSAGE");
        assert_string_equal(buf_text(&payload), said[i].payload);
        buf_release(&topic);
        buf_release(&payload);
    }
    const struct foreign_words words = {FOREIGN_SPEAK, "en", "x", false};
    buf_init(&topic, 200);
    buf_init(&payload, 1000);
    assert_int_equal(dialect_g616.say("1/+/#", &words, &topic, &payload), FOREIGN_MUTE);
    const struct foreign_words locate = {.deed = FOREIGN_LOCATE};
    assert_int_equal(dialect_g616.say(IMEI, &locate, &topic, &payload), FOREIGN_MUTE);
    buf_release(&topic);
    buf_release(&payload);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_spoken, close_spoken)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sos_and_low_battery_stand_in_one_report),
        TEST(the_zone_of_its_clock_is_the_likelier_one),
        TEST(numbers_may_be_numbers_and_truth_may_be_capital),
        TEST(a_wifi_position_is_a_wide_one),
        TEST(a_bad_value_costs_its_field_only),
        TEST(zeros_are_what_was_not_measured),
        TEST(offline_words_are_old_but_an_sos_is_not),
        TEST(a_watch_speaks_for_no_other),
        TEST(the_rest_is_named),
        TEST(an_answer_is_the_flag_alone),
        TEST(a_message_is_short_and_its_punctuation_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
