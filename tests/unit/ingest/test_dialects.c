/* Which topics are a dialect's, and published payloads through the dialects: each must become what its owner
 * says it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialect.h"

static void a_topic_belongs_to_the_entry_it_lies_below(void **state)
{
    static struct dialect_settings entries[2];
    size_t rest;
    (void)state;
    text_copy(entries[0].prefix, sizeof(entries[0].prefix), "owntracks");
    text_copy(entries[1].prefix, sizeof(entries[1].prefix), "atom/g616");
    assert_ptr_equal(dialect_of_topic(entries, 2, "atom/g616/status/1", 18, &rest), &entries[1]);
    assert_int_equal(rest, 10);
    assert_ptr_equal(dialect_of_topic(entries, 2, "owntracks/a/b", 13, &rest), &entries[0]);
    assert_null(dialect_of_topic(entries, 2, "owntracks", 9, &rest));
    assert_null(dialect_of_topic(entries, 2, "owntracks/", 10, &rest));
    assert_null(dialect_of_topic(entries, 2, "owntracksy/a/b", 14, &rest));
    assert_null(dialect_of_topic(entries, 2, "", 0, &rest));
}

static void a_prefix_is_a_topic_without_wildcards_and_not_ours(void **state)
{
    static const char *const bad[] = {"", "/", "a/", "/a", "a//b", "a/+", "#", "$SYS", "huyang", "huyang/v1"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(dialect_prefix_ok(bad[i]));
    assert_true(dialect_prefix_ok("owntracks"));
    assert_true(dialect_prefix_ok("huyangshan/cams"));
}

/* The payload stands last in each line; NULL when the file is not there. */
static FILE *open_vectors(const char *path)
{
    char name[512];
    snprintf(name, sizeof(name), "%s/%s", HUYANG_TEST_DATA, path);
    return fopen(name, "re");
}

static char *payload_of(char *line)
{
    char *payload = strstr(line, "\"payload\": ");
    assert_non_null(payload);
    line[strcspn(line, "\r\n")] = '\0';
    line[strlen(line) - 1] = '\0'; /* the line's own brace */
    return payload + 11;
}

static void an_owntracks_payload_is_what_its_type_says(struct spoken *spoken, const char *payload)
{
    struct json *root;
    assert_int_equal(json_parse(payload, strlen(payload), &root, NULL), ERR_OK);
    const char *type = json_string(json_get(root, "_type"));
    const enum foreign_outcome outcome = speak(spoken, &dialect_owntracks, "jane/iphone", payload);
    if (strcmp(type, "location") != 0) {
        assert_outcome(outcome, FOREIGN_NO_NEWS);
    } else {
        double lat, lon, battery, at;
        const struct event_fix *fix = &spoken->foreign.events[0].fix;
        assert_outcome(outcome, FOREIGN_EVENTS);
        assert_true(json_number(json_get(root, "lat"), &lat) && json_number(json_get(root, "lon"), &lon));
        assert_true(json_number(json_get(root, "tst"), &at));
        assert_true(fix->valid && fix->lat == lat && fix->lon == lon);
        assert_true((double)spoken->foreign.events[0].at_ms == at * 1000);
        if (json_number(json_get(root, "batt"), &battery) && battery >= 0)
            assert_int_equal(spoken->foreign.events[1].heartbeat.battery_percent, (int)battery);
        else
            assert_int_equal(spoken->foreign.count, 1);
    }
    json_free(root);
}

static void published_owntracks_payloads_are_taken(void **state)
{
    struct spoken *spoken = *state;
    FILE *file = open_vectors("../../shared/data/owntracks/payloads.jsonl");
    char line[8192];
    if (file == NULL) {
        print_message("skipped: ../shared/data/owntracks is not there (its payloads may not be copied)\n");
        skip();
    }
    while (fgets(line, sizeof(line), file) != NULL)
        an_owntracks_payload_is_what_its_type_says(spoken, payload_of(line));
    fclose(file);
}

static void a_peers_owntracks_vectors_are_positions(void **state)
{
    struct spoken *spoken = *state;
    FILE *file = open_vectors("data/watch-protocols/owntracks.jsonl");
    char line[8192];
    unsigned count = 0;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        struct json *root;
        assert_int_equal(json_parse(line, strlen(line), &root, NULL), ERR_OK);
        assert_string_equal(json_string(json_get(root, "assert")), "verifyPosition");
        an_owntracks_payload_is_what_its_type_says(spoken, json_string(json_get(root, "payload")));
        json_free(root);
        count++;
    }
    fclose(file);
    assert_int_equal(count, 3);
}

static void published_frigate_payloads_are_taken(void **state)
{
    struct spoken *spoken = *state;
    FILE *file = open_vectors("data/dialects/frigate.jsonl");
    char line[8192];
    unsigned named = 0, lines = 0;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *topic = strstr(line, "frigate/tracked") != NULL   ? "tracked_object_update"
                            : strstr(line, "frigate/reviews") != NULL ? "reviews"
                                                                      : "events";
        const bool says_nothing = strstr(line, "\"classification\"") != NULL;
        assert_outcome(speak(spoken, &dialect_frigate, topic, payload_of(line)),
                       says_nothing ? FOREIGN_NO_NEWS : FOREIGN_EVENTS);
        named += !says_nothing && spoken->foreign.people[0][0] != '\0';
        lines++;
    }
    fclose(file);
    assert_int_equal(lines, 4);
    assert_int_equal(named, 2); /* John Smith and John; the review is of three objects */
}

static void published_double_take_payloads_are_taken(void **state)
{
    struct spoken *spoken = *state;
    FILE *file = open_vectors("data/dialects/double-take.jsonl");
    char line[8192];
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        assert_outcome(speak(spoken, &dialect_double_take, "matches/david", payload_of(line)),
                       FOREIGN_EVENTS);
        assert_string_equal(spoken->foreign.people[0], "david");
        assert_string_equal(spoken->foreign.names[0], "living-room");
    }
    fclose(file);
}

static void every_dialect_has_a_name_of_its_own_and_filters_that_fit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < dialect_count(); i++) {
        const struct dialect *dialect = dialect_at(i);
        assert_true(text_is_id(dialect->name, strlen(dialect->name)));
        assert_non_null(dialect->filters[0]);
        assert_null(dialect->filters[DIALECT_FILTERS_MAX]);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(dialect->name, dialect_at(j)->name);
    }
    assert_null(dialect_at((unsigned)dialect_count()));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_spoken, close_spoken)
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_belongs_to_the_entry_it_lies_below),
        cmocka_unit_test(a_prefix_is_a_topic_without_wildcards_and_not_ours),
        TEST(published_owntracks_payloads_are_taken),
        TEST(a_peers_owntracks_vectors_are_positions),
        TEST(published_frigate_payloads_are_taken),
        TEST(published_double_take_payloads_are_taken),
        cmocka_unit_test(every_dialect_has_a_name_of_its_own_and_filters_that_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
