/* double-take's two topics: who matched, who nearly did, who is unknown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialect.h"

static const struct event_visit *visit(const struct spoken *spoken)
{
    assert_int_equal(spoken->foreign.count, 1);
    return &spoken->foreign.events[0].visit;
}

static void a_match_names_somebody(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(speak(spoken, &dialect_double_take, "matches/david",
                         "{\"id\":\"1772323078.684285-5l9hw6\",\"timestamp\":\"2026-02-28T23:58:20.030Z\","
                         "\"camera\":\"living-room\","
                         "\"zones\":[],\"match\":{\"name\":\"david\",\"confidence\":66.07,\"match\":true,"
                         "\"base64\":\"/9j/\"}}"),
                   FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.names[0], "living-room");
    assert_string_equal(spoken->foreign.people[0], "david");
    assert_string_equal(buf_text(&spoken->text), "{\"visit\":{\"visit_id\":\"1772323078_684285-5l9hw6\","
                                                 "\"phase\":\"stay\",\"place\":\"doorstep\",\"people\":[{"
                                                 "\"class\":\"unknown\",\"confidence\":0.6607,\"face_seen\":"
                                                 "true}]},\"at\":\"2026-02-28T23:58:20.030+00:00\"}\n");
    spoken->settings.min_score_percent = 70;
    assert_outcome(speak(spoken, &dialect_double_take, "matches/david",
                         "{\"id\":\"1\",\"camera\":\"c\",\"match\":{\"name\":\"david\",\"confidence\":66.07,"
                         "\"match\":true}}"),
                   FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.people[0], "");
    assert_int_equal(visit(spoken)->people[0].person_class, PERSON_CLASS_UNCLEAR);
}

static void matches_misses_and_unknowns_stand_side_by_side(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(speak(spoken, &dialect_double_take, "cameras/hall",
                         "{\"id\":\"1\",\"camera\":\"hall\",\"timestamp\":\"2026-02-28T23:58:20Z\","
                         "\"matches\":[{\"name\":\"david\","
                         "\"confidence\":90,\"match\":true}],\"misses\":[{\"name\":\"anna\",\"confidence\":"
                         "31,\"match\":false}],"
                         "\"unknowns\":[{\"name\":\"unknown\",\"confidence\":0,\"match\":false}],\"counts\":{"
                         "\"person\":3}}"),
                   FOREIGN_EVENTS);
    assert_int_equal(visit(spoken)->people_count, 3);
    assert_string_equal(spoken->foreign.people[0], "david");
    assert_string_equal(spoken->foreign.people[1], "");
    assert_int_equal(visit(spoken)->people[1].person_class, PERSON_CLASS_UNCLEAR);
    assert_int_equal(visit(spoken)->people[2].person_class, PERSON_CLASS_UNKNOWN);
}

static void the_list_a_face_stands_in_says_what_it_is_when_the_face_does_not(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(speak(spoken, &dialect_double_take, "cameras/hall",
                         "{\"id\":\"1\",\"camera\":\"hall\",\"matches\":[{\"name\":\"david\",\"confidence\":"
                         "\"90.5\"}],\"misses\":[{\"name\":\"anna\",\"confidence\":31}]}"),
                   FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.people[0], "david");
    assert_string_equal(spoken->foreign.people[1], "");
    assert_int_equal(visit(spoken)->people[1].person_class, PERSON_CLASS_UNCLEAR);
    assert_outcome(speak(spoken, &dialect_double_take, "matches/david",
                         "{\"id\":\"1\",\"camera\":\"hall\",\"match\":{\"name\":\"david\",\"confidence\":90,"
                         "\"match\":false}}"),
                   FOREIGN_EVENTS);
    assert_string_equal(spoken->foreign.people[0], ""); /* its own word goes first */
}

static void an_unknown_alone_is_an_unknown_person(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(speak(spoken, &dialect_double_take, "matches/unknown",
                         "{\"id\":\"1\",\"camera\":\"hall\",\"unknown\":{\"name\":\"unknown\",\"confidence\":"
                         "0,\"match\":false}}"),
                   FOREIGN_EVENTS);
    assert_int_equal(visit(spoken)->people[0].person_class, PERSON_CLASS_UNKNOWN);
    assert_string_equal(spoken->foreign.people[0], "");
    assert_false(spoken->foreign.has_time);
}

static void zones_say_where_it_is(void **state)
{
    struct spoken *spoken = *state;
    zone(&spoken->settings, "inside", FOREIGN_PLACE_INDOORS);
    zone(&spoken->settings, "street", FOREIGN_PLACE_IGNORED);
    assert_outcome(speak(spoken, &dialect_double_take, "cameras/hall",
                         "{\"id\":\"1\",\"camera\":\"hall\",\"zones\":[\"inside\"],\"unknowns\":[{}]}"),
                   FOREIGN_EVENTS);
    assert_int_equal(visit(spoken)->place, PLACE_INDOORS);
    assert_outcome(speak(spoken, &dialect_double_take, "cameras/hall",
                         "{\"id\":\"1\",\"camera\":\"hall\",\"zones\":[\"street\"],\"unknowns\":[{}]}"),
                   FOREIGN_NO_NEWS);
}

static void more_people_than_fit_are_cut(void **state)
{
    struct spoken *spoken = *state;
    assert_outcome(speak(spoken, &dialect_double_take, "cameras/hall",
                         "{\"id\":\"1\",\"camera\":\"hall\",\"unknowns\":[{},{},{},{},{},{},{},{},{},{}]}"),
                   FOREIGN_EVENTS);
    assert_int_equal(visit(spoken)->people_count, EVENT_PEOPLE_MAX);
}

static void the_rest_is_named(void **state)
{
    static const struct {
        const char *topic, *text;
        enum foreign_outcome outcome;
    } said[] = {
        {"cameras/hall", "{\"id\":\"1\",\"camera\":\"hall\",\"matches\":[],\"misses\":[],\"unknowns\":[]}",
         FOREIGN_NO_NEWS},
        {"cameras/hall", "{\"id\":\"1\",\"camera\":\"hall\",\"matches\":[7]}", FOREIGN_BAD_VALUE},
        {"cameras/hall", "{\"camera\":\"hall\"}", FOREIGN_MALFORMED},
        {"cameras/hall", "2", FOREIGN_MALFORMED},
        {"matches/david", "{\"id\":\"1\",\"match\":{}}", FOREIGN_MALFORMED},
        {"errors", "{}", FOREIGN_UNKNOWN_TOPIC},
        {"matches/", "{}", FOREIGN_UNKNOWN_TOPIC},
    };
    struct spoken *spoken = *state;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
        assert_outcome(speak(spoken, &dialect_double_take, said[i].topic, said[i].text), said[i].outcome);
    assert_outcome(speak(spoken, &dialect_double_take, "cameras/hall",
                         "{\"id\":\"1\",\"timestamp\":\"yesterday\",\"unknowns\":[{\"confidence\":400}]}"),
                   FOREIGN_EVENTS);
    assert_int_equal(spoken->foreign.bad_fields, 2);
    assert_false(visit(spoken)->people[0].has_confidence);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_spoken, close_spoken)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_match_names_somebody),
        TEST(matches_misses_and_unknowns_stand_side_by_side),
        TEST(the_list_a_face_stands_in_says_what_it_is_when_the_face_does_not),
        TEST(an_unknown_alone_is_an_unknown_person),
        TEST(zones_say_where_it_is),
        TEST(more_people_than_fit_are_cut),
        TEST(the_rest_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
