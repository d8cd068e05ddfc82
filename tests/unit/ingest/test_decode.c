#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "huyang/v1/event.pb-c.h"
#include "ingest/decode.h"
#include "ingest/sequence.h"
#include "sample.h"
#include "wire.h"

static struct decoder *decoder;
static struct decoded_batch batch;
static struct wire wire, event_wire, inner;

static int set_up(void **state)
{
    (void)state;
    return decoder_new(&decoder) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    decoder_free(decoder);
    decoder = NULL;
    return 0;
}

/* Decodes from a heap copy of exactly that size, so that a read past the end is seen by the sanitizer. */
static enum refusal decode(const struct wire *from, size_t len, enum lane lane)
{
    unsigned char *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, from->bytes, len);
    enum refusal refusal = decode_batch(decoder, lane, copy, len, &batch);
    free(copy);
    return refusal;
}

static enum refusal decode_urgent(void)
{
    return decode(&wire, wire.len, LANE_URGENT);
}

/* A batch of one event with this kind's field number and payload bytes in `inner`; its refusal. */
static enum refusal decode_single(unsigned field)
{
    event_wire.len = 0;
    wire_message(&event_wire, field, &inner);
    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    wire_message(&wire, 5, &event_wire);
    assert_int_equal(decode_urgent(), REFUSAL_NONE);
    assert_int_equal(batch.count, 1);
    return batch.refused[0];
}

static void any_event_survives_the_wire(void **state)
{
    struct random random = {99};

    (void)state;
    for (unsigned round = 0; round < 500; round++) {
        struct event sent[EVENT_BATCH_MAX];
        unsigned count = 1 + (unsigned)random_below(&random, EVENT_BATCH_MAX);
        wire_batch(&wire, 0xdeadbeef, LANE_ROUTINE, 5, 7);
        for (unsigned i = 0; i < count; i++) {
            sample_event(&random, (enum event_kind)(1 + random_below(&random, EVENT_KIND_COUNT - 1)),
                         &sent[i]);
            sent[i].at_ms = (int64_t)random_next(&random);
            sent[i].report = (uint32_t)random_below(&random, 3);
            size_t before = wire.len;
            wire_event(&wire, &sent[i]);
            if (wire.len > EVENT_MESSAGE_MAX) {
                wire.len = before;
                count = i;
            }
        }
        assert_int_equal(decode(&wire, wire.len, LANE_ROUTINE), REFUSAL_NONE);
        assert_int_equal(batch.count, count);
        assert_int_equal(batch.epoch, 0xdeadbeef);
        assert_int_equal(batch.lane, LANE_ROUTINE);
        assert_int_equal(batch.base, 5);
        assert_int_equal(batch.first_seq, 7);
        assert_int_equal(batch.unknown_enums, 0);
        assert_int_equal(batch.unknown_fields, 0);
        for (unsigned i = 0; i < count; i++) {
            const struct event *event = &batch.events[i];
            assert_int_equal(batch.refused[i], REFUSAL_NONE);
            assert_true(sample_equal(event, &sent[i]));
            assert_int_equal(event->at_ms, sent[i].at_ms);
            assert_int_equal(event->report, sent[i].report);
            assert_int_equal(event->flags, 0);
            assert_int_equal(event->key.device, EVENT_NO_DEVICE);
            assert_int_equal(event->key.epoch, 0xdeadbeef);
            assert_int_equal(event->key.seq, 7 + i);
            assert_int_equal(event->key.lane, LANE_ROUTINE);
        }
    }
}

static void sixty_four_of_the_smallest_events_fit_the_memory_cap(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++) {
        wire_batch(&wire, 0, LANE_URGENT, 1, 1);
        for (unsigned i = 0; i < EVENT_BATCH_MAX; i++) {
            inner.len = 0;
            event_wire.len = 0;
            wire_message(&event_wire, kind + 9, &inner);
            wire_message(&wire, 5, &event_wire);
        }
        assert_int_equal(decode_urgent(), REFUSAL_NONE);
        assert_int_equal(batch.count, EVENT_BATCH_MAX);
    }
}

static void the_map_holds_every_value_the_wire_knows(void **state)
{
    (void)state;
    assert_int_equal(huyang__v1__lane__descriptor.n_values, LANE_COUNT);
    assert_int_equal(huyang__v1__fix_source__descriptor.n_values, FIX_SOURCE_COUNT);
    assert_int_equal(huyang__v1__datum__descriptor.n_values, DATUM_COUNT);
    assert_int_equal(huyang__v1__presence_source__descriptor.n_values, PRESENCE_SOURCE_COUNT);
    assert_int_equal(huyang__v1__motion__descriptor.n_values, MOTION_COUNT);
    assert_int_equal(huyang__v1__sos_phase__descriptor.n_values, SOS_PHASE_COUNT);
    assert_int_equal(huyang__v1__fall_phase__descriptor.n_values, FALL_PHASE_COUNT);
    assert_int_equal(huyang__v1__tamper_kind__descriptor.n_values, TAMPER_KIND_COUNT);
    assert_int_equal(huyang__v1__visit_phase__descriptor.n_values, VISIT_PHASE_COUNT);
    assert_int_equal(huyang__v1__place__descriptor.n_values, PLACE_COUNT);
    assert_int_equal(huyang__v1__person_class__descriptor.n_values, PERSON_CLASS_COUNT);
    assert_int_equal(huyang__v1__companion__descriptor.n_values, COMPANION_COUNT);
    assert_int_equal(huyang__v1__command_state__descriptor.n_values, COMMAND_STATE_COUNT);
    assert_int_equal(huyang__v1__fail_reason__descriptor.n_values, FAIL_REASON_COUNT);
    assert_int_equal(huyang__v1__fault_kind__descriptor.n_values, FAULT_KIND_COUNT);
    assert_int_equal(huyang__v1__event__descriptor.n_fields, 2 + EVENT_KIND_COUNT - 1);
}

static void an_sos_or_fall_of_an_unknown_phase_is_the_real_thing(void **state)
{
    (void)state;
    inner.len = 0;
    assert_int_equal(decode_single(15), REFUSAL_NONE);
    assert_int_equal(batch.events[0].sos.phase, SOS_PHASE_PRESSED);
    assert_int_equal(batch.unknown_enums, 0);
    assert_int_equal(decode_single(16), REFUSAL_NONE);
    assert_int_equal(batch.events[0].fall.phase, FALL_PHASE_DETECTED);
    wire_varint(&inner, 1, 77);
    assert_int_equal(decode_single(15), REFUSAL_NONE);
    assert_int_equal(batch.events[0].sos.phase, SOS_PHASE_PRESSED);
    assert_int_equal(batch.unknown_enums, 1);
    inner.len = 0;
    wire_varint(&inner, 1, UINT64_MAX); /* -1 */
    assert_int_equal(decode_single(16), REFUSAL_NONE);
    assert_int_equal(batch.events[0].fall.phase, FALL_PHASE_DETECTED);
    assert_int_equal(batch.unknown_enums, 1);
}

static void unknown_enums_take_their_documented_reading(void **state)
{
    static struct wire person;

    (void)state;
    person.len = 0;
    wire_varint(&person, 1, 9);
    inner.len = 0;
    wire_text(&inner, 1, "v1");
    wire_varint(&inner, 2, VISIT_PHASE_STAY);
    wire_varint(&inner, 3, 9);
    wire_message(&inner, 4, &person);
    assert_int_equal(decode_single(21), REFUSAL_NONE);
    assert_int_equal(batch.events[0].visit.place, PLACE_DOORSTEP);
    assert_int_equal(batch.events[0].visit.people[0].person_class, PERSON_CLASS_UNCLEAR);
    assert_int_equal(batch.unknown_enums, 2);

    inner.len = 0;
    wire_varint(&inner, 1, 50);
    assert_int_equal(decode_single(22), REFUSAL_NONE);
    assert_int_equal(batch.events[0].departure.with, COMPANION_UNCLEAR);
    assert_int_equal(decode_single(20), REFUSAL_NONE);
    assert_int_equal(batch.events[0].tamper.kind, TAMPER_KIND_NONE);

    inner.len = 0;
    wire_varint(&inner, 6, 3);
    wire_varint(&inner, 7, 1);
    assert_int_equal(decode_single(11), REFUSAL_NONE);
    assert_int_equal(batch.events[0].fix.datum, DATUM_WGS84);
}

static void a_visit_of_an_unknown_phase_is_refused(void **state)
{
    (void)state;
    inner.len = 0;
    wire_text(&inner, 1, "v1");
    assert_int_equal(decode_single(21), REFUSAL_BAD_VALUE);
    wire_varint(&inner, 2, VISIT_PHASE_COUNT);
    assert_int_equal(decode_single(21), REFUSAL_BAD_VALUE);
}

static void an_event_without_a_known_kind_is_refused_alone(void **state)
{
    (void)state;
    wire_batch(&wire, 1, LANE_URGENT, 1, 10);
    event_wire.len = 0;
    wire_message(&wire, 5, &event_wire); /* nothing at all */
    inner.len = 0;
    wire_message(&event_wire, 25, &inner); /* a kind of the future */
    wire_message(&wire, 5, &event_wire);
    event_wire.len = 0;
    wire_message(&event_wire, 18, &inner);
    wire_message(&wire, 5, &event_wire);
    assert_int_equal(decode_urgent(), REFUSAL_NONE);
    assert_int_equal(batch.count, 3);
    assert_int_equal(batch.refused[0], REFUSAL_NO_KIND);
    assert_int_equal(batch.refused[1], REFUSAL_NO_KIND);
    assert_int_equal(batch.refused[2], REFUSAL_NONE);
    assert_int_equal(batch.events[1].key.seq, 11);
    assert_int_equal(batch.events[2].kind, EVENT_SUSPICION);
    assert_int_equal(batch.unknown_fields, 1);
}

static void unknown_fields_are_tolerated_and_counted_at_every_depth(void **state)
{
    static struct wire person;

    (void)state;
    person.len = 0;
    wire_varint(&person, 99, 1);
    inner.len = 0;
    wire_text(&inner, 1, "v1");
    wire_varint(&inner, 2, VISIT_PHASE_ARRIVE);
    wire_message(&inner, 4, &person);
    wire_text(&inner, 100, "later");
    event_wire.len = 0;
    wire_message(&event_wire, 21, &inner);
    wire_double(&event_wire, 101, 1);
    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    wire_message(&wire, 5, &event_wire);
    wire_fixed32(&wire, 102, 1);
    assert_int_equal(decode_urgent(), REFUSAL_NONE);
    assert_int_equal(batch.refused[0], REFUSAL_NONE);
    assert_int_equal(batch.unknown_fields, 4);
}

static void numbers_that_do_not_fit_are_refused_and_never_cut(void **state)
{
    (void)state;
    inner.len = 0;
    wire_varint(&inner, 1, 256 + 50); /* 50 percent if it were cut to a byte */
    assert_int_equal(decode_single(10), REFUSAL_BAD_VALUE);
    inner.len = 0;
    wire_varint(&inner, 4, UINT32_MAX - 1); /* zig-zag of a large positive number */
    assert_int_equal(decode_single(10), REFUSAL_BAD_VALUE);
    inner.len = 0;
    wire_varint(&inner, 1, 65536 + 70);
    assert_int_equal(decode_single(13), REFUSAL_BAD_VALUE);
    inner.len = 0;
    wire_varint(&inner, 1, 1000001);
    assert_int_equal(decode_single(14), REFUSAL_BAD_VALUE);
    inner.len = 0;
    wire_varint(&inner, 1, UINT64_MAX);
    assert_int_equal(decode_single(19), REFUSAL_BAD_VALUE);
}

static void not_a_number_and_infinity_are_refused(void **state)
{
    static const double wild[] = {(double)NAN, (double)INFINITY, (double)-INFINITY, 90.0000001, -1e300};

    (void)state;
    for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
        inner.len = 0;
        wire_double(&inner, 1, wild[i]);
        wire_varint(&inner, 7, 1);
        assert_int_equal(decode_single(11), REFUSAL_BAD_VALUE);
        inner.len = 0;
        wire_float(&inner, 3, (float)wild[i]);
        assert_int_equal(decode_single(11), i == 3 ? REFUSAL_NONE : REFUSAL_BAD_VALUE);
        inner.len = 0;
        wire_float(&inner, 5, (float)wild[i]);
        assert_int_equal(decode_single(13), REFUSAL_BAD_VALUE);
    }
}

static void a_fix_without_validity_has_no_position_and_negative_zero_is_zero(void **state)
{
    (void)state;
    inner.len = 0;
    wire_double(&inner, 1, (double)NAN);
    wire_double(&inner, 2, 500);
    assert_int_equal(decode_single(11), REFUSAL_NONE);
    assert_false(signbit(batch.events[0].fix.lat) || batch.events[0].fix.lat > 0 ||
                 batch.events[0].fix.lon > 0);
    inner.len = 0;
    wire_double(&inner, 1, -0.0);
    wire_varint(&inner, 7, 1);
    assert_int_equal(decode_single(11), REFUSAL_NONE);
    assert_false(signbit(batch.events[0].fix.lat));
}

static enum refusal decode_departure(const char *id, size_t len)
{
    inner.len = 0;
    wire_varint(&inner, 1, COMPANION_ALONE);
    wire_bytes(&inner, 2, id, len);
    return decode_single(22);
}

static void ids_with_foreign_letters_nul_bad_utf8_or_too_long_are_refused(void **state)
{
    char longest[ID_SIZE];

    (void)state;
    memset(longest, 'z', sizeof(longest));
    assert_int_equal(decode_departure("", 0), REFUSAL_NONE);
    assert_int_equal(decode_departure("visitor_7-B", 11), REFUSAL_NONE);
    assert_string_equal(batch.events[0].departure.visitor_id, "visitor_7-B");
    assert_int_equal(decode_departure(longest, ID_MAX), REFUSAL_NONE);
    assert_int_equal(decode_departure(longest, ID_MAX + 1), REFUSAL_BAD_VALUE);
    assert_int_equal(decode_departure("abc\0def", 7), REFUSAL_BAD_VALUE);
    assert_int_equal(decode_departure("\0", 1), REFUSAL_BAD_VALUE);
    assert_int_equal(decode_departure("abc\0", 4), REFUSAL_BAD_VALUE);
    assert_int_equal(decode_departure("\xff\xfe", 2), REFUSAL_BAD_VALUE);
    assert_int_equal(decode_departure("\xc3\xa9", 2), REFUSAL_BAD_VALUE);
    assert_int_equal(decode_departure("a b", 3), REFUSAL_BAD_VALUE);
}

static void more_than_eight_people_are_refused(void **state)
{
    static struct wire person;

    (void)state;
    person.len = 0;
    wire_varint(&person, 1, PERSON_CLASS_UNKNOWN);
    inner.len = 0;
    wire_text(&inner, 1, "v1");
    wire_varint(&inner, 2, VISIT_PHASE_ARRIVE);
    for (unsigned i = 0; i < EVENT_PEOPLE_MAX; i++)
        wire_message(&inner, 4, &person);
    assert_int_equal(decode_single(21), REFUSAL_NONE);
    assert_int_equal(batch.events[0].visit.people_count, EVENT_PEOPLE_MAX);
    wire_message(&inner, 4, &person);
    assert_int_equal(decode_single(21), REFUSAL_BAD_VALUE);
}

static void one_bad_event_does_not_take_its_neighbours_along(void **state)
{
    struct event sos = {.kind = EVENT_SOS, .sos.phase = SOS_PHASE_PRESSED};
    struct event bad = {
        .kind = EVENT_VISIT, .visit.phase = VISIT_PHASE_ARRIVE, .visit.place = PLACE_DOORSTEP};

    (void)state;
    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    wire_event(&wire, &bad);
    wire_event(&wire, &sos);
    assert_int_equal(decode_urgent(), REFUSAL_NONE);
    assert_int_equal(batch.refused[0], REFUSAL_BAD_VALUE);
    assert_int_equal(batch.refused[1], REFUSAL_NONE);
}

static void empty_and_oversized_messages_are_refused(void **state)
{
    struct event sos = {.kind = EVENT_SOS, .sos.phase = SOS_PHASE_PRESSED};

    (void)state;
    wire.len = 0;
    assert_int_equal(decode_urgent(), REFUSAL_EMPTY);
    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    assert_int_equal(decode_urgent(), REFUSAL_EMPTY);
    for (unsigned i = 0; i < EVENT_BATCH_MAX; i++)
        wire_event(&wire, &sos);
    assert_int_equal(decode_urgent(), REFUSAL_NONE);
    wire_event(&wire, &sos);
    assert_int_equal(decode_urgent(), REFUSAL_OVERSIZED);

    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    wire_event(&wire, &sos);
    static const char padding[EVENT_MESSAGE_MAX];
    wire_bytes(&wire, 99, padding, EVENT_MESSAGE_MAX - wire.len - 4);
    assert_int_equal(wire.len, EVENT_MESSAGE_MAX);
    assert_int_equal(decode_urgent(), REFUSAL_NONE);
    wire_varint(&wire, 98, 1);
    assert_int_equal(decode_urgent(), REFUSAL_OVERSIZED);
}

static void a_lane_that_is_not_the_topics_is_refused(void **state)
{
    struct event sos = {.kind = EVENT_SOS, .sos.phase = SOS_PHASE_PRESSED};

    (void)state;
    for (unsigned lane = 0; lane < 5; lane++) {
        wire_batch(&wire, 1, lane, 1, 1);
        wire_event(&wire, &sos);
        assert_int_equal(decode_urgent(), lane == LANE_URGENT ? REFUSAL_NONE : REFUSAL_WRONG_LANE);
    }
}

static enum refusal decode_seq(uint64_t base, uint64_t first_seq)
{
    struct event sos = {.kind = EVENT_SOS, .sos.phase = SOS_PHASE_PRESSED};

    wire_batch(&wire, 1, LANE_URGENT, base, first_seq);
    wire_event(&wire, &sos);
    wire_event(&wire, &sos);
    return decode_urgent();
}

static void impossible_numbers_of_events_are_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_seq(1, 1), REFUSAL_NONE);
    assert_int_equal(decode_seq(0, 1), REFUSAL_BAD_SEQ);
    assert_int_equal(decode_seq(0, 0), REFUSAL_BAD_SEQ);
    assert_int_equal(decode_seq(1, 0), REFUSAL_BAD_SEQ);
    assert_int_equal(decode_seq(2, 1), REFUSAL_BAD_SEQ);
    assert_int_equal(decode_seq(1, SEQUENCE_MAX - 2), REFUSAL_NONE);
    assert_int_equal(decode_seq(1, SEQUENCE_MAX - 1), REFUSAL_BAD_SEQ);
    assert_int_equal(decode_seq(1, UINT64_MAX), REFUSAL_BAD_SEQ);
    assert_int_equal(decode_seq(UINT64_MAX, UINT64_MAX), REFUSAL_BAD_SEQ);
}

static void a_refused_message_leaves_the_output_untouched(void **state)
{
    static struct decoded_batch before;

    (void)state;
    memset(&batch, 0x5a, sizeof(batch));
    before = batch;
    assert_int_equal(decode_seq(0, 0), REFUSAL_BAD_SEQ);
    wire.len = 0;
    wire_varint(&wire, 5, 1); /* a number where events belong */
    assert_int_equal(decode_urgent(), REFUSAL_UNPARSABLE);
    assert_memory_equal(&batch, &before, sizeof(batch));
}

static void every_truncation_is_refused_or_shorter_and_never_read_past_its_end(void **state)
{
    struct random random = {5};

    (void)state;
    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    for (unsigned kind = 1; kind < EVENT_KIND_COUNT; kind++) {
        struct event event;
        sample_event(&random, (enum event_kind)kind, &event);
        wire_event(&wire, &event);
    }
    for (size_t len = 0; len < wire.len; len++) {
        enum refusal refusal = decode(&wire, len, LANE_URGENT);
        if (refusal == REFUSAL_NONE)
            assert_in_range(batch.count, 1, EVENT_KIND_COUNT - 2);
    }
}

static void hostile_messages_hit_the_memory_cap_and_the_next_one_is_read(void **state)
{
    (void)state;
    /* 8,000 empty events of two bytes, then 8,000 empty people in one visit, then 8,000 unknown fields, then
     * 5,000 ids of one visit. */
    wire.len = 0;
    event_wire.len = 0;
    while (wire.len < EVENT_MESSAGE_MAX - 2)
        wire_message(&wire, 5, &event_wire);
    assert_int_not_equal(decode_urgent(), REFUSAL_NONE);

    inner.len = 0;
    while (inner.len < EVENT_MESSAGE_MAX - 40)
        wire_message(&inner, 4, &event_wire);
    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    wire_message(&event_wire, 21, &inner);
    wire_message(&wire, 5, &event_wire);
    assert_int_equal(decode_urgent(), REFUSAL_UNPARSABLE);

    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    while (wire.len < EVENT_MESSAGE_MAX - 3)
        wire_varint(&wire, 15, 0);
    assert_int_equal(decode_urgent(), REFUSAL_UNPARSABLE);

    inner.len = 0;
    while (inner.len < EVENT_MESSAGE_MAX - 40)
        wire_bytes(&inner, 1, "", 0);
    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    event_wire.len = 0;
    wire_message(&event_wire, 21, &inner);
    wire_message(&wire, 5, &event_wire);
    assert_int_not_equal(decode_urgent(), REFUSAL_NONE);

    assert_int_equal(decode_seq(1, 1), REFUSAL_NONE);
}

static void the_last_of_several_kinds_in_one_event_counts(void **state)
{
    (void)state;
    inner.len = 0;
    event_wire.len = 0;
    for (unsigned i = 0; i < 100; i++)
        wire_message(&event_wire, 10 + i % 15, &inner);
    wire_message(&event_wire, 15, &inner);
    wire_batch(&wire, 1, LANE_URGENT, 1, 1);
    wire_message(&wire, 5, &event_wire);
    assert_int_equal(decode_urgent(), REFUSAL_NONE);
    assert_int_equal(batch.events[0].kind, EVENT_SOS);
}

static void random_damage_never_gives_an_event_that_fails_its_check(void **state)
{
    struct random random = {31};
    unsigned read = 0;

    (void)state;
    for (unsigned round = 0; round < 30000; round++) {
        wire_batch(&wire, (uint32_t)random_next(&random), LANE_URGENT, 1, 1);
        for (unsigned i = 0; i < 4; i++) {
            struct event event;
            sample_event(&random, (enum event_kind)(1 + random_below(&random, EVENT_KIND_COUNT - 1)), &event);
            wire_event(&wire, &event);
        }
        for (unsigned hits = 1 + (unsigned)random_below(&random, 4); hits > 0; hits--)
            wire.bytes[random_below(&random, wire.len)] = (unsigned char)random_next(&random);
        if (decode_urgent() != REFUSAL_NONE)
            continue;
        read++;
        for (unsigned i = 0; i < batch.count; i++)
            if (batch.refused[i] == REFUSAL_NONE)
                assert_int_equal(event_check(&batch.events[i], NULL), ERR_OK);
    }
    assert_in_range(read, 1000, 30000);
}

static void random_bytes_are_survived(void **state)
{
    struct random random = {32};

    (void)state;
    for (unsigned round = 0; round < 30000; round++) {
        wire.len = (size_t)random_below(&random, 300);
        for (size_t i = 0; i < wire.len; i++)
            wire.bytes[i] = (unsigned char)random_next(&random);
        (void)decode(&wire, wire.len, LANE_URGENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_event_survives_the_wire, set_up, tear_down),
        cmocka_unit_test_setup_teardown(sixty_four_of_the_smallest_events_fit_the_memory_cap, set_up,
                                        tear_down),
        cmocka_unit_test(the_map_holds_every_value_the_wire_knows),
        cmocka_unit_test_setup_teardown(an_sos_or_fall_of_an_unknown_phase_is_the_real_thing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(unknown_enums_take_their_documented_reading, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_visit_of_an_unknown_phase_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_without_a_known_kind_is_refused_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unknown_fields_are_tolerated_and_counted_at_every_depth, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(numbers_that_do_not_fit_are_refused_and_never_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_a_number_and_infinity_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fix_without_validity_has_no_position_and_negative_zero_is_zero,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(ids_with_foreign_letters_nul_bad_utf8_or_too_long_are_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(more_than_eight_people_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_bad_event_does_not_take_its_neighbours_along, set_up, tear_down),
        cmocka_unit_test_setup_teardown(empty_and_oversized_messages_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lane_that_is_not_the_topics_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(impossible_numbers_of_events_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refused_message_leaves_the_output_untouched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused_or_shorter_and_never_read_past_its_end,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(hostile_messages_hit_the_memory_cap_and_the_next_one_is_read, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_last_of_several_kinds_in_one_event_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_damage_never_gives_an_event_that_fails_its_check, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(random_bytes_are_survived, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
