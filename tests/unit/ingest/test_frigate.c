/* Frigate's three topics: who is a visitor, who turns out to be known, and what must never come through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialect.h"

/* One half of an event message; `more` begins with a comma or is empty. */
static const char *half(char to[512], const char *label, const char *more, double frame)
{
    snprintf(to, 512,
             "{\"id\":\"1772323100.5-abc123\",\"camera\":\"front\",\"label\":\"%s\",\"false_positive\":false,"
             "\"frame_time\":%.3f,"
             "\"start_time\":1772323100.5,\"end_time\":null,\"thumbnail\":\"aGVsbG8=\",\"snapshot\":{"
             "\"path\":\"x.jpg\"}%s}",
             label, frame, more);
    return to;
}

static enum foreign_outcome say(struct spoken *spoken, const char *type, const char *before,
                                const char *after)
{
    char text[2048];
    snprintf(text, sizeof(text), "{\"type\":\"%s\",\"before\":%s,\"after\":%s}", type, before, after);
    return speak(spoken, &dialect_frigate, "events", text);
}

static const struct event_visit *visit(const struct spoken *spoken, unsigned index)
{
    assert_int_equal(spoken->foreign.events[index].kind, EVENT_VISIT);
    return &spoken->foreign.events[index].visit;
}

static void a_track_that_ends_without_a_name_is_an_unknown_visitor(void **state)
{
    struct spoken *spoken = *state;
    char a[512], b[512];
    assert_outcome(say(spoken, "new", half(a, "person", "", 1772323101), half(b, "person", "", 1772323101)),
                   FOREIGN_EVENTS);
    assert_string_equal(
        buf_text(&spoken->text),
        "{\"visit\":{\"visit_id\":\"1772323100_5-abc123\",\"phase\":\"arrive\",\"place\":\"doorstep\","
        "\"people\":[{"
        "\"class\":\"unclear\",\"face_seen\":false}]},\"at\":\"2026-02-28T23:58:21+00:00\"}\n");
    assert_string_equal(spoken->foreign.names[0], "front");
    assert_outcome(say(spoken, "end", half(a, "person", "", 1772323110),
                       half(b, "person", ",\"attributes\":{\"face\":0.7},\"x\":1", 1772323111)),
                   FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.count, 2);
    assert_int_equal(visit(spoken, 0)->phase, VISIT_PHASE_STAY);
    assert_int_equal(visit(spoken, 0)->people[0].person_class, PERSON_CLASS_UNKNOWN);
    assert_true(visit(spoken, 0)->people[0].face_seen);
    assert_int_equal(visit(spoken, 1)->phase, VISIT_PHASE_LEAVE);
    assert_string_equal(visit(spoken, 1)->visit_id, "1772323100_5-abc123");
}

static void a_name_comes_out_beside_the_event_and_never_in_it(void **state)
{
    struct spoken *spoken = *state;
    char a[512], b[512];
    assert_outcome(say(spoken, "update", half(a, "person", "", 1772323101),
                       half(b, "person", ",\"sub_label\":[\"John Smith\",0.79]", 1772323102)),
                   FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.people[0], "John Smith");
    assert_null(strstr(buf_text(&spoken->text), "John"));
    assert_float_equal(visit(spoken, 0)->people[0].confidence, 0.79, 1e-6);
    assert_outcome(say(spoken, "update", half(a, "person", "", 1772323101),
                       half(b, "person", ",\"sub_label\":\"奶奶\"", 1772323102)),
                   FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.people[0], "奶奶");
    spoken->settings.min_score_percent = 80;
    assert_outcome(say(spoken, "end", half(a, "person", "", 1772323101),
                       half(b, "person", ",\"sub_label\":[\"John Smith\",0.79]", 1772323102)),
                   FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.people[0], "");
    assert_int_equal(visit(spoken, 0)->people[0].person_class, PERSON_CLASS_UNKNOWN);
}

static void who_was_named_before_the_end_just_leaves(void **state)
{
    struct spoken *spoken = *state;
    char a[512], b[512];
    assert_outcome(say(spoken, "end", half(a, "person", ",\"sub_label\":[\"John\",0.95]", 1772323101),
                       half(b, "person", ",\"sub_label\":[\"John\",0.95]", 1772323102)),
                   FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.count, 1);
    assert_int_equal(visit(spoken, 0)->phase, VISIT_PHASE_LEAVE);
    assert_string_equal(spoken->foreign.people[0], "John");
}

static void an_update_that_changes_nothing_is_told_once_a_minute(void **state)
{
    struct spoken *spoken = *state;
    char a[512], b[512];
    assert_outcome(
        say(spoken, "update", half(a, "person", "", 1772323141), half(b, "person", "", 1772323146)),
        FOREIGN_NO_NEWS);
    assert_outcome(
        say(spoken, "update", half(a, "person", "", 1772323199), half(b, "person", "", 1772323204)),
        FOREIGN_EVENTS);
    assert_int_equal(visit(spoken, 0)->phase, VISIT_PHASE_STAY);
    assert_outcome(say(spoken, "update", "null", half(b, "person", "", 1772323146)), FOREIGN_EVENTS);
}

static void zones_say_where_it_is(void **state)
{
    struct spoken *spoken = *state;
    char a[512], b[512];
    zone(&spoken->settings, "porch", FOREIGN_PLACE_DOORSTEP);
    zone(&spoken->settings, "living", FOREIGN_PLACE_INDOORS);
    zone(&spoken->settings, "street", FOREIGN_PLACE_IGNORED);
    assert_outcome(
        say(spoken, "new", "{}", half(a, "person", ",\"current_zones\":[\"porch\",\"living\"]", 1772323101)),
        FOREIGN_EVENTS);
    assert_int_equal(visit(spoken, 0)->place, PLACE_INDOORS);
    assert_true(spoken->foreign.place_known);
    assert_outcome(
        say(spoken, "new", "{}", half(a, "person", ",\"current_zones\":[\"street\",\"porch\"]", 1772323101)),
        FOREIGN_EVENTS);
    assert_int_equal(visit(spoken, 0)->place, PLACE_DOORSTEP);
    assert_outcome(say(spoken, "new", "{}", half(a, "person", ",\"current_zones\":[\"street\"]", 1772323101)),
                   FOREIGN_NO_NEWS);
    assert_outcome(say(spoken, "new", "{}", half(a, "person", ",\"current_zones\":[\"garden\"]", 1772323101)),
                   FOREIGN_EVENTS);
    assert_false(spoken->foreign.place_known);
    assert_outcome(say(spoken, "update", half(a, "person", ",\"current_zones\":[\"porch\"]", 1772323101),
                       half(b, "person", ",\"current_zones\":[\"living\"]", 1772323102)),
                   FOREIGN_EVENTS);
}

static void who_only_passes_by_is_nobodys_visit(void **state)
{
    struct spoken *spoken = *state;
    char a[512], b[512];
    zone(&spoken->settings, "porch", FOREIGN_PLACE_DOORSTEP);
    zone(&spoken->settings, "street", FOREIGN_PLACE_IGNORED);
    const char *street = ",\"current_zones\":[\"street\"],\"entered_zones\":[\"street\"]";
    const char *between = ",\"current_zones\":[],\"entered_zones\":[\"street\"]";
    const char *went = ",\"current_zones\":[\"street\"],\"entered_zones\":[\"porch\",\"street\"]";
    assert_outcome(
        say(spoken, "end", half(a, "person", street, 1772323101), half(b, "person", street, 1772323102)),
        FOREIGN_NO_NEWS);
    assert_outcome(
        say(spoken, "update", half(a, "person", street, 1772323101), half(b, "person", between, 1772323190)),
        FOREIGN_NO_NEWS);
    assert_outcome(
        say(spoken, "end", half(a, "person", between, 1772323101), half(b, "person", between, 1772323102)),
        FOREIGN_NO_NEWS);
    /* Who was at the door before has left it. */
    assert_outcome(
        say(spoken, "end", half(a, "person", went, 1772323101), half(b, "person", went, 1772323102)),
        FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.count, 1);
    assert_int_equal(visit(spoken, 0)->phase, VISIT_PHASE_LEAVE);
}

static void cars_dogs_and_false_positives_are_no_visitors(void **state)
{
    struct spoken *spoken = *state;
    char a[512], b[600], c[600];
    assert_outcome(say(spoken, "new", "{}", half(a, "car", "", 1772323101)), FOREIGN_NOT_A_PERSON);
    assert_string_equal(spoken->foreign.type, "car");
    assert_outcome(say(spoken, "end", "{}", half(a, "dog", "", 1772323101)), FOREIGN_NOT_A_PERSON);
    const char *falsely = "{\"id\":\"1.5-a\",\"camera\":\"front\",\"label\":\"person\",\"false_positive\":"
                          "true,\"frame_time\":1772323101}";
    assert_outcome(say(spoken, "update", falsely, falsely), FOREIGN_FALSE_POSITIVE);
    assert_outcome(say(spoken, "end", falsely, falsely), FOREIGN_FALSE_POSITIVE);
    /* What was told as a visit still ends. */
    snprintf(b, sizeof(b), "%s", half(a, "person", "", 1772323101));
    snprintf(c, sizeof(c), "%s", falsely);
    assert_outcome(say(spoken, "end", b, c), FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.count, 1);
    assert_int_equal(visit(spoken, 0)->phase, VISIT_PHASE_LEAVE);
    assert_int_equal(visit(spoken, 0)->people_count, 0);
}

static void a_face_counts_from_its_bar_on(void **state)
{
    static const struct {
        const char *text;
        enum foreign_outcome outcome;
    } said[] = {
        {"{\"type\":\"face\",\"id\":\"1.5-a\",\"name\":\"John\",\"score\":0.95,\"camera\":\"front\","
         "\"timestamp\":1772323101.5}",
         FOREIGN_EVENTS},
        {"{\"type\":\"face\",\"id\":\"1.5-a\",\"name\":\"John\",\"score\":0.85,\"camera\":\"front\","
         "\"timestamp\":1772323101.5}",
         FOREIGN_NO_NEWS},
        {"{\"type\":\"face\",\"id\":\"1.5-a\",\"name\":null,\"score\":0.0,\"camera\":\"front\",\"timestamp\":"
         "1772323101.5}",
         FOREIGN_NO_NEWS},
        {"{\"type\":\"face\",\"id\":\"1.5-a\",\"name\":\"John\",\"score\":95,\"camera\":\"front\","
         "\"timestamp\":1772323101.5}",
         FOREIGN_BAD_VALUE},
        {"{\"type\":\"face\",\"id\":\"1.5-a\",\"name\":\"John\",\"score\":0.95}", FOREIGN_MALFORMED},
        {"{\"type\":\"lpr\",\"id\":\"1.5-a\",\"name\":null,\"plate\":\"A\",\"camera\":\"front\"}",
         FOREIGN_NO_NEWS},
        {"{\"type\":\"description\",\"id\":\"1.5-a\",\"description\":\"an old man\"}", FOREIGN_NO_NEWS},
        {"{\"type\":\"classification\",\"id\":\"1.5-a\",\"camera\":\"front\",\"sub_label\":\"delivery_"
         "person\",\"score\":0.99}",
         FOREIGN_NO_NEWS},
        {"{\"type\":\"gait\",\"id\":\"1.5-a\"}", FOREIGN_UNKNOWN_TYPE},
        {"{}", FOREIGN_MALFORMED},
    };
    struct spoken *spoken = *state;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
        assert_outcome(speak(spoken, &dialect_frigate, "tracked_object_update", said[i].text),
                       said[i].outcome);
    spoken->settings.min_score_percent = 80;
    assert_outcome(speak(spoken, &dialect_frigate, "tracked_object_update", said[1].text), FOREIGN_EVENTS);
    assert_int_equal(visit(spoken, 0)->phase, VISIT_PHASE_STAY);
    assert_string_equal(visit(spoken, 0)->visit_id, "1_5-a");
    assert_string_equal(spoken->foreign.people[0], "John");
    assert_int_equal(spoken->foreign.events[0].at_ms, INT64_C(1772323101500));
}

static enum foreign_outcome review(struct spoken *spoken, const char *type, const char *data)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "{\"type\":\"%s\",\"before\":{},\"after\":{\"id\":\"9.5-r\",\"camera\":\"front\",\"start_time\":"
             "1772323101.5,\"end_time\":"
             "1772323160,\"severity\":\"alert\",\"thumb_path\":\"/x.webp\",\"data\":%s}}",
             type, data);
    return speak(spoken, &dialect_frigate, "reviews", text);
}

static void a_review_of_one_person_may_name_him(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(
        review(spoken, "update",
               "{\"detections\":[\"1.5-a\"],\"objects\":[\"person\"],\"sub_labels\":[\"Bob\"],\"zones\":[]}"),
        FOREIGN_EVENTS);
    assert_string_equal(visit(spoken, 0)->visit_id, "1_5-a");
    assert_string_equal(spoken->foreign.people[0], "Bob");
    assert_int_equal(spoken->foreign.events[0].at_ms, 0);
    assert_outcome(
        review(spoken, "end",
               "{\"detections\":[\"1.5-a\"],\"objects\":[\"person\"],\"sub_labels\":[],\"zones\":[]}"),
        FOREIGN_EVENTS);
    assert_int_equal(visit(spoken, 0)->phase, VISIT_PHASE_LEAVE);
}

static void a_review_of_several_names_nobody(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(review(spoken, "new",
                          "{\"detections\":[\"1.5-a\",\"2.5-b\"],\"objects\":[\"person\",\"car\"],\"sub_"
                          "labels\":[\"Bob\"],\"zones\":[]}"),
                   FOREIGN_EVENTS);
    assert_int_equal(visit(spoken, 0)->people_count, 0);
    assert_string_equal(spoken->foreign.people[0], "");
    assert_outcome(review(spoken, "new", "{\"detections\":[\"1.5-a\"],\"objects\":[\"car\"]}"),
                   FOREIGN_NOT_A_PERSON);
    assert_outcome(review(spoken, "genai", "{}"), FOREIGN_NO_NEWS);
    assert_outcome(review(spoken, "dream", "{}"), FOREIGN_UNKNOWN_TYPE);
}

static void what_is_no_message_is_malformed(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "7",
        "{}",
        "{\"type\":\"new\"}",
        "{\"type\":\"new\",\"after\":[]}",
        "{\"type\":\"new\",\"after\":{\"id\":\"\",\"camera\":\"front\",\"label\":\"person\"}}",
        "{\"type\":\"new\",\"after\":{\"id\":\"1\",\"camera\":\"\",\"label\":\"person\"}}",
        "{\"type\":\"new\",\"after\":{\"id\":1,\"camera\":\"front\",\"label\":\"person\"}}"};
    struct spoken *spoken = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_outcome(speak(spoken, &dialect_frigate, "events", bad[i]), FOREIGN_MALFORMED);
    assert_outcome(speak(spoken, &dialect_frigate, "events",
                         "{\"type\":\"sigh\",\"after\":{\"id\":\"1\",\"camera\":\"front\",\"label\":"
                         "\"person\"}}"),
                   FOREIGN_UNKNOWN_TYPE);
    assert_outcome(speak(spoken, &dialect_frigate, "front/person/snapshot", "\xff\xd8"),
                   FOREIGN_UNKNOWN_TOPIC);
}

static void ids_of_any_form_become_ids_of_ours(void **state)
{
    struct spoken *spoken = *state;
    char text[400];
    snprintf(text, sizeof(text),
             "{\"type\":\"new\",\"after\":{\"id\":\"%0100d\",\"camera\":\"front\",\"label\":\"person\"}}", 7);
    assert_outcome(speak(spoken, &dialect_frigate, "events", text), FOREIGN_EVENTS);
    assert_int_equal(strlen(visit(spoken, 0)->visit_id), 32);
    assert_outcome(speak(spoken, &dialect_frigate, "events",
                         "{\"type\":\"new\",\"after\":{\"id\":\"a/b 门\",\"camera\":\"front\",\"label\":"
                         "\"person\"}}"),
                   FOREIGN_EVENTS);
    assert_string_equal(visit(spoken, 0)->visit_id, "a_b____");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_spoken, close_spoken)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_track_that_ends_without_a_name_is_an_unknown_visitor),
        TEST(a_name_comes_out_beside_the_event_and_never_in_it),
        TEST(who_was_named_before_the_end_just_leaves),
        TEST(an_update_that_changes_nothing_is_told_once_a_minute),
        TEST(zones_say_where_it_is),
        TEST(who_only_passes_by_is_nobodys_visit),
        TEST(cars_dogs_and_false_positives_are_no_visitors),
        TEST(a_face_counts_from_its_bar_on),
        TEST(a_review_of_one_person_may_name_him),
        TEST(a_review_of_several_names_nobody),
        TEST(what_is_no_message_is_malformed),
        TEST(ids_of_any_form_become_ids_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
