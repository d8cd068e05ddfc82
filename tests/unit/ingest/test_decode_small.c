/* The small messages: births and last wills, the virtual clock, and what the gateway itself says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingest/decode.h"
#include "wire.h"

static struct decoder *decoder;
static struct wire wire;

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

static void births_and_last_wills_are_read(void **state)
{
    struct link_message link = {.ordinal = 7};

    (void)state;
    wire.len = 0;
    wire_varint(&wire, 1, 1);
    wire_varint(&wire, 2, 41);
    wire_varint(&wire, 3, 2);
    wire_text(&wire, 4, "0.9-rc1");
    assert_int_equal(decode_link(decoder, wire.bytes, wire.len, &link), ERR_OK);
    assert_int_equal(link.born, 1);
    assert_int_equal(link.ordinal, 41);
    assert_string_equal(link.firmware, "0.9-rc1");
    wire.len = 0;
    wire_varint(&wire, 1, 2);
    assert_int_equal(decode_link(decoder, wire.bytes, wire.len, &link), ERR_OK);
    assert_int_equal(link.born, 0);
    assert_int_equal(link.ordinal, 0);
}

static void bad_link_messages_are_refused_and_the_output_untouched(void **state)
{
    struct link_message link = {.ordinal = 7};
    char long_text[200];

    (void)state;
    memset(long_text, 'a', sizeof(long_text));
    assert_int_equal(decode_link(decoder, "", 0, &link), ERR_INVALID); /* a retained topic that was cleared */
    wire.len = 0;
    wire_varint(&wire, 1, 3);
    assert_int_equal(decode_link(decoder, wire.bytes, wire.len, &link), ERR_INVALID);
    wire.len = 0;
    wire_varint(&wire, 1, 1);
    wire_bytes(&wire, 4, long_text, 33);
    assert_int_equal(decode_link(decoder, wire.bytes, wire.len, &link), ERR_RANGE);
    wire.len = 0;
    wire_varint(&wire, 1, 1);
    wire_text(&wire, 4, "1.0\n");
    assert_int_equal(decode_link(decoder, wire.bytes, wire.len, &link), ERR_RANGE);
    wire.len = 0;
    wire_varint(&wire, 1, 1);
    wire_varint(&wire, 2, UINT64_MAX);
    assert_int_equal(decode_link(decoder, wire.bytes, wire.len, &link), ERR_RANGE);
    assert_int_equal(decode_link(decoder, "\xff\xff\xff", 3, &link), ERR_INVALID);
    assert_int_equal(decode_link(decoder, long_text, 5000, &link), ERR_INVALID);
    assert_int_equal(link.ordinal, 7);
}

static void the_virtual_clock_is_read_within_its_range(void **state)
{
    unsigned char bytes[DECODE_SMALL_MAX];
    int64_t time_ms = 5;

    (void)state;
    size_t len = encode_clock(INT64_C(1772327520123), bytes);
    assert_int_equal(decode_clock(decoder, bytes, len, &time_ms), ERR_OK);
    assert_int_equal(time_ms, INT64_C(1772327520123));
    len = encode_clock(-1, bytes);
    assert_int_equal(decode_clock(decoder, bytes, len, &time_ms), ERR_RANGE);
    len = encode_clock(INT64_MAX, bytes);
    assert_int_equal(decode_clock(decoder, bytes, len, &time_ms), ERR_RANGE);
    assert_int_equal(decode_clock(decoder, "\x0f", 1, &time_ms), ERR_INVALID);
    assert_int_equal(time_ms, INT64_C(1772327520123));
}

static void what_the_gateway_says_is_exactly_the_wire_contract(void **state)
{
    unsigned char bytes[DECODE_SMALL_MAX];
    char longest[ID_SIZE];
    size_t len;

    (void)state;
    len = encode_ack(LANE_ROUTINE, 0x01020304, 300, 5, bytes);
    wire.len = 0;
    wire_varint(&wire, 1, LANE_ROUTINE);
    wire_fixed32(&wire, 2, 0x01020304);
    wire_varint(&wire, 3, 300);
    wire_varint(&wire, 4, 5);
    assert_int_equal(len, wire.len);
    assert_memory_equal(bytes, wire.bytes, len);
    assert_in_range(encode_ack(LANE_ROUTINE, UINT32_MAX, UINT64_MAX, INT64_MIN, bytes), 1, DECODE_SMALL_MAX);

    memset(longest, 'g', ID_MAX);
    longest[ID_MAX] = '\0';
    len = encode_gateway_state(true, longest, bytes);
    wire.len = 0;
    wire_varint(&wire, 1, 1);
    wire_text(&wire, 2, longest);
    assert_int_equal(len, wire.len);
    assert_memory_equal(bytes, wire.bytes, len);
    len = encode_gateway_state(false, "huyang", bytes);
    assert_int_equal(bytes[1], 2);

    len = encode_beat(77, bytes);
    wire.len = 0;
    wire_varint(&wire, 1, 77);
    assert_int_equal(len, wire.len);
    assert_memory_equal(bytes, wire.bytes, len);
}

static void every_refusal_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(refusal_name(REFUSAL_NONE), "none");
    assert_string_equal(refusal_name(REFUSAL_OVERLOAD), "overload");
    assert_string_equal(refusal_name(REFUSAL_COUNT), "none");
    for (unsigned i = 1; i < REFUSAL_COUNT; i++)
        assert_true(strlen(refusal_name((enum refusal)i)) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(births_and_last_wills_are_read),
        cmocka_unit_test(bad_link_messages_are_refused_and_the_output_untouched),
        cmocka_unit_test(the_virtual_clock_is_read_within_its_range),
        cmocka_unit_test(what_the_gateway_says_is_exactly_the_wire_contract),
        cmocka_unit_test(every_refusal_has_a_name),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
