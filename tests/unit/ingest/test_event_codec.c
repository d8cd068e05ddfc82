#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/event_codec.h"
#include "sample.h"

#define ARRIVAL INT64_C(1772327520000)

static void any_event_survives_the_way_through_the_log(void **state)
{
    struct random random = {7};
    unsigned char bytes[EVENT_CODEC_MAX];

    (void)state;
    for (unsigned round = 0; round < 3000; round++)
        for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++) {
            struct event event, back;
            size_t used = 0, wrote;
            sample_event(&random, (enum event_kind)kind, &event);
            event.flags = (uint8_t)random_below(&random, 8);
            event.report = (uint32_t)random_next(&random);
            event.at_ms = round % 16 == 0 ? (int64_t)random_next(&random)
                                          : ARRIVAL - (int64_t)random_below(&random, 1000000);
            wrote = event_encode(&event, ARRIVAL, bytes);
            assert_in_range(wrote, 6, EVENT_CODEC_MAX);
            assert_int_equal(event_decode(bytes, wrote, ARRIVAL, &back, &used), ERR_OK);
            assert_int_equal(used, wrote);
            assert_true(sample_equal(&event, &back));
            assert_int_equal(back.flags, event.flags);
            assert_int_equal(back.report, event.report);
            assert_int_equal(back.at_ms, event.at_ms);
            assert_int_equal(back.key.seq, 0);
        }
}

static void the_largest_visit_fits(void **state)
{
    struct event event;
    unsigned char bytes[EVENT_CODEC_MAX];

    (void)state;
    memset(&event, 0, sizeof(event));
    event.kind = EVENT_VISIT;
    event.at_ms = INT64_MIN;
    event.report = UINT32_MAX;
    memset(event.visit.visit_id, 'v', ID_MAX);
    event.visit.phase = VISIT_PHASE_LEAVE;
    event.visit.place = PLACE_INDOORS;
    event.visit.people_count = EVENT_PEOPLE_MAX;
    for (unsigned i = 0; i < EVENT_PEOPLE_MAX; i++) {
        struct event_person *person = &event.visit.people[i];
        memset(person->visitor_id, 'p', ID_MAX);
        person->person_class = PERSON_CLASS_UNCLEAR;
        person->has_confidence = 1;
        person->confidence = 1;
        person->face_seen = 1;
    }
    assert_in_range(event_encode(&event, INT64_MAX, bytes), 600, EVENT_CODEC_MAX);
}

static void a_usual_event_takes_few_bytes(void **state)
{
    struct event event = {.kind = EVENT_SOS, .at_ms = ARRIVAL, .sos.phase = SOS_PHASE_PRESSED};
    static const unsigned char expected[] = {1, EVENT_SOS, 0, 0, 0, 1, SOS_PHASE_PRESSED};
    unsigned char bytes[EVENT_CODEC_MAX];

    (void)state;
    assert_int_equal(event_encode(&event, ARRIVAL, bytes), sizeof(expected));
    assert_memory_equal(bytes, expected, sizeof(expected));
}

static void every_truncation_is_refused_and_leaves_the_outputs_alone(void **state)
{
    struct random random = {8};
    unsigned char bytes[EVENT_CODEC_MAX];

    (void)state;
    for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++) {
        struct event event, back, before;
        sample_event(&random, (enum event_kind)kind, &event);
        size_t wrote = event_encode(&event, ARRIVAL, bytes), used = 99;
        memset(&back, 0x5a, sizeof(back));
        before = back;
        for (size_t len = 0; len < wrote; len++) {
            assert_int_equal(event_decode(bytes, len, ARRIVAL, &back, &used), ERR_CORRUPT);
            assert_int_equal(used, 99);
            assert_memory_equal(&back, &before, sizeof(back));
        }
    }
}

static void unknown_versions_kinds_and_fields_are_refused(void **state)
{
    unsigned char bytes[] = {1, EVENT_SOS, 0, 0, 0, 1, SOS_PHASE_PRESSED};
    struct event back;
    size_t used;

    (void)state;
    assert_int_equal(event_decode(bytes, sizeof(bytes), ARRIVAL, &back, &used), ERR_OK);
    bytes[0] = 2;
    assert_int_equal(event_decode(bytes, sizeof(bytes), ARRIVAL, &back, &used), ERR_CORRUPT);
    bytes[0] = 1;
    bytes[1] = EVENT_KIND_COUNT;
    assert_int_equal(event_decode(bytes, sizeof(bytes), ARRIVAL, &back, &used), ERR_CORRUPT);
    bytes[1] = EVENT_NONE;
    assert_int_equal(event_decode(bytes, sizeof(bytes), ARRIVAL, &back, &used), ERR_CORRUPT);
    bytes[1] = EVENT_SOS;
    bytes[5] = 3; /* a second field, which an SOS does not have */
    assert_int_equal(event_decode(bytes, sizeof(bytes), ARRIVAL, &back, &used), ERR_CORRUPT);
    bytes[5] = 1;
    bytes[6] = SOS_PHASE_COUNT;
    assert_int_equal(event_decode(bytes, sizeof(bytes), ARRIVAL, &back, &used), ERR_CORRUPT);
}

static void random_bytes_never_give_an_event_that_fails_its_check(void **state)
{
    struct random random = {9};
    unsigned char bytes[EVENT_CODEC_MAX];
    unsigned good = 0;

    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        struct event event, back;
        size_t used, len;
        sample_event(&random, (enum event_kind)(1 + random_below(&random, EVENT_KIND_COUNT - 1)), &event);
        len = event_encode(&event, ARRIVAL, bytes);
        for (unsigned hits = 1 + (unsigned)random_below(&random, 3); hits > 0; hits--)
            bytes[random_below(&random, len)] = (unsigned char)random_next(&random);
        if (event_decode(bytes, len, ARRIVAL, &back, &used) == ERR_OK) {
            assert_in_range(used, 1, len);
            assert_int_equal(event_check(&back, NULL), ERR_OK);
            good++;
        }
    }
    assert_in_range(good, 1000, 200000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_event_survives_the_way_through_the_log),
        cmocka_unit_test(the_largest_visit_fits),
        cmocka_unit_test(a_usual_event_takes_few_bytes),
        cmocka_unit_test(every_truncation_is_refused_and_leaves_the_outputs_alone),
        cmocka_unit_test(unknown_versions_kinds_and_fields_are_refused),
        cmocka_unit_test(random_bytes_never_give_an_event_that_fails_its_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
