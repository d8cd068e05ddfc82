#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <math.h>

#include "core/text.h"

static void well_formed_utf8_is_accepted_and_every_malformed_sequence_is_located(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        long bad_at; /* -1 = fine */
    } cases[] = {
        {"", 0, -1},
        {"plain", 5, -1},
        {"\xE6\x8A\xA4\xE5\x85\xBB", 6, -1},
        {"\xC2\x80\xDF\xBF", 4, -1},
        {"\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF", 12, -1},
        {"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8, -1},
        {"a\0b", 3, 1},
        {"\x80", 1, 0},
        {"ok\xBF", 3, 2},
        {"\xC0\xAF", 2, 0},
        {"\xC1\xBF", 2, 0},
        {"\xC3", 1, 0},
        {"\xC3(", 2, 0},
        {"\xE0\x9F\xBF", 3, 0},
        {"\xED\xA0\x80", 3, 0},
        {"\xE6\x8A", 2, 0},
        {"\xE6\x8A(", 3, 0},
        {"\xF0\x8F\xBF\xBF", 4, 0},
        {"\xF4\x90\x80\x80", 4, 0},
        {"\xF5\x80\x80\x80", 4, 0},
        {"\xF0\x9F\x98", 3, 0},
        {"\xFF", 1, 0},
        {"12345\xE6\x8A\xA4\xFE", 9, 8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t at = 99;
        bool fine = text_is_utf8(cases[i].text, cases[i].len, &at);
        assert_int_equal(fine, cases[i].bad_at < 0);
        assert_int_equal(at, fine ? 99 : cases[i].bad_at);
        assert_int_equal(text_is_utf8(cases[i].text, cases[i].len, NULL), fine);
    }
}

static void every_code_point_is_judged_as_rfc_3629_says(void **state)
{
    (void)state;
    for (uint32_t c = 1; c < 0x120000; c++) {
        char text[4];
        size_t len = 0;
        if (c < 0x80) {
            text[len++] = (char)c;
        } else if (c < 0x800) {
            text[len++] = (char)(0xC0 | c >> 6);
            text[len++] = (char)(0x80 | (c & 63));
        } else if (c < 0x10000) {
            text[len++] = (char)(0xE0 | c >> 12);
            text[len++] = (char)(0x80 | (c >> 6 & 63));
            text[len++] = (char)(0x80 | (c & 63));
        } else {
            text[len++] = (char)(0xF0 | c >> 18);
            text[len++] = (char)(0x80 | (c >> 12 & 63));
            text[len++] = (char)(0x80 | (c >> 6 & 63));
            text[len++] = (char)(0x80 | (c & 63));
        }
        bool fine = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
        assert_int_equal(text_utf8_step(text, len), fine ? len : 0);
        assert_int_equal(text_utf8_step(text, len - 1), 0);
    }
}

static void an_id_has_one_to_sixty_four_of_the_allowed_characters(void **state)
{
    (void)state;
    char longest[66];
    memset(longest, 'a', sizeof longest);
    assert_true(text_is_id("a", 1));
    assert_true(text_is_id("wb-0001_A", 9));
    assert_true(text_is_id(longest, 64));
    assert_false(text_is_id(longest, 65));
    assert_false(text_is_id("", 0));
    for (int c = 0; c < 256; c++) {
        char one = (char)c;
        bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
        assert_int_equal(text_is_id(&one, 1), allowed);
    }
}

static void a_county_is_six_digits(void **state)
{
    (void)state;
    assert_true(text_is_county("654321", 6));
    assert_true(text_is_county("000000", 6));
    assert_false(text_is_county("65432", 5));
    assert_false(text_is_county("6543210", 7));
    assert_false(text_is_county("65432a", 6));
    assert_false(text_is_county("-54321", 6));
}

static void a_copy_never_cuts_a_character_in_two(void **state)
{
    (void)state;
    char to[8];
    assert_true(text_copy(to, sizeof to, "1234567"));
    assert_string_equal(to, "1234567");
    assert_false(text_copy(to, sizeof to, "12345678"));
    assert_string_equal(to, "1234567");
    assert_false(text_copy(to, sizeof to, "\xE6\x8A\xA4\xE5\x85\xBB\xE6\x8A\xA4"));
    assert_string_equal(to, "\xE6\x8A\xA4\xE5\x85\xBB");
    assert_false(text_copy(to, 3, "\xE6\x8A\xA4"));
    assert_string_equal(to, "");
    assert_false(text_copy(to, 1, "x"));
    assert_string_equal(to, "");
    assert_false(text_copy(to, 0, "x"));
    assert_true(text_copy(to, 1, ""));
}

static void whole_numbers_are_strict_and_bounded(void **state)
{
    (void)state;
    int64_t value = 7;
    static const char *const bad[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "0x10", "18x83", "1e3", "99999999999999999999", "-1", "--1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(text_to_int(bad[i], 0, INT64_MAX, &value));
    assert_int_equal(value, 7);
    assert_true(text_to_int("0", 0, 10, &value));
    assert_int_equal(value, 0);
    assert_true(text_to_int("0010", 0, 10, &value));
    assert_int_equal(value, 10);
    assert_false(text_to_int("11", 0, 10, &value));
    assert_true(text_to_int("-5", -5, 10, &value));
    assert_int_equal(value, -5);
    assert_false(text_to_int("-6", -5, 10, &value));
    assert_true(text_to_int("9223372036854775807", INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MAX);
    assert_true(text_to_int("-9223372036854775808", INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MIN);
    assert_false(text_to_int("9223372036854775808", INT64_MIN, INT64_MAX, &value));
    assert_false(text_to_int("-9223372036854775809", INT64_MIN, INT64_MAX, &value));
}

static void decimals_are_strict_finite_and_bounded(void **state)
{
    (void)state;
    double value = 7;
    static const char *const bad[] = {"",    "-",   ".5",    "5.",     "+1",       " 1",
                                      "1 ",  "nan", "inf",   "1e",     "1e+",      "0x1",
                                      "1,5", "1f",  "1e999", "-1e999", "INFINITY", "1.5.2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(text_to_double(bad[i], -INFINITY, INFINITY, &value));
    assert_true(value == 7);
    assert_true(text_to_double("-12.5e-1", -180, 180, &value));
    assert_true(value == -1.25);
    assert_true(text_to_double("90", -90, 90, &value));
    assert_false(text_to_double("90.0000001", -90, 90, &value));
    assert_true(value == 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_utf8_is_accepted_and_every_malformed_sequence_is_located),
        cmocka_unit_test(every_code_point_is_judged_as_rfc_3629_says),
        cmocka_unit_test(an_id_has_one_to_sixty_four_of_the_allowed_characters),
        cmocka_unit_test(a_county_is_six_digits),
        cmocka_unit_test(a_copy_never_cuts_a_character_in_two),
        cmocka_unit_test(whole_numbers_are_strict_and_bounded),
        cmocka_unit_test(decimals_are_strict_finite_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
