#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "registry/csv.h"

struct text {
    char *data;
    struct csv csv;
};

static void open_bytes(struct text *text, const char *bytes, size_t len)
{
    text->data = malloc(len + 1);
    assert_non_null(text->data);
    memcpy(text->data, bytes, len);
    csv_init(&text->csv, text->data, len);
}

static void open_text(struct text *text, const char *bytes)
{
    open_bytes(text, bytes, strlen(bytes));
}

static void expect_record(struct text *text, uint32_t line, uint32_t count, const char *const values[])
{
    struct csv_record record;
    assert_int_equal(csv_next(&text->csv, &record), CSV_RECORD);
    assert_int_equal(record.line, line);
    assert_int_equal(record.count, count);
    for (uint32_t i = 0; i < count; i++)
        assert_string_equal(record.values[i], values[i]);
}

static void expect_bad(struct text *text, uint32_t line, uint32_t column, const char *reason)
{
    struct csv_record record;
    assert_int_equal(csv_next(&text->csv, &record), CSV_BAD);
    assert_int_equal(text->csv.bad_line, line);
    assert_int_equal(text->csv.bad_column, column);
    assert_non_null(strstr(text->csv.reason, reason));
}

static void expect_end(struct text *text)
{
    struct csv_record record;
    assert_int_equal(csv_next(&text->csv, &record), CSV_END);
    free(text->data);
}

static void plain_lines_are_split_at_commas(void **state)
{
    (void)state;
    struct text text;
    open_text(&text, "a,b,c\n1,,3\n,,\n");
    expect_record(&text, 1, 3, (const char *[]){"a", "b", "c"});
    expect_record(&text, 2, 3, (const char *[]){"1", "", "3"});
    expect_record(&text, 3, 3, (const char *[]){"", "", ""});
    expect_end(&text);
}

static void the_last_line_needs_no_line_break(void **state)
{
    (void)state;
    struct text text;
    open_text(&text, "a,b");
    expect_record(&text, 1, 2, (const char *[]){"a", "b"});
    expect_end(&text);
    open_text(&text, "a,");
    expect_record(&text, 1, 2, (const char *[]){"a", ""});
    expect_end(&text);
    open_text(&text, "\"a\"");
    expect_record(&text, 1, 1, (const char *[]){"a"});
    expect_end(&text);
    open_text(&text, "");
    expect_end(&text);
}

static void carriage_returns_byte_order_marks_and_empty_lines_are_fine(void **state)
{
    (void)state;
    struct text text;
    open_text(&text, "\xEF\xBB\xBF"
                     "a,b\r\n\r\n\n\"c\",d\r\n");
    expect_record(&text, 1, 2, (const char *[]){"a", "b"});
    expect_record(&text, 4, 2, (const char *[]){"c", "d"});
    expect_end(&text);
}

static void quoted_values_may_hold_commas_quotes_and_line_breaks(void **state)
{
    (void)state;
    struct text text;
    open_text(&text, "\"a, b\",\"say \"\"hi\"\"\",\"two\nlines\"\nnext,,\"\"\n");
    expect_record(&text, 1, 3, (const char *[]){"a, b", "say \"hi\"", "two\nlines"});
    expect_record(&text, 3, 3, (const char *[]){"next", "", ""});
    expect_end(&text);
}

static void a_wrong_quote_is_named_with_its_line_and_field_and_reading_goes_on(void **state)
{
    (void)state;
    struct text text;
    open_text(&text, "a,b\nx,y\"z\n\"p\"q,r\nfine,too\n\"never closed,\n");
    expect_record(&text, 1, 2, (const char *[]){"a", "b"});
    expect_bad(&text, 2, 2, "a quote inside");
    expect_bad(&text, 3, 1, "after the closing quote");
    expect_record(&text, 4, 2, (const char *[]){"fine", "too"});
    expect_bad(&text, 5, 1, "never closed");
    expect_end(&text);
}

static void a_lone_carriage_return_is_named(void **state)
{
    (void)state;
    struct text text;
    open_text(&text, "a\rb\nc\n");
    expect_bad(&text, 1, 1, "carriage return");
    expect_record(&text, 2, 1, (const char *[]){"c"});
    expect_end(&text);
}

static void bytes_that_are_not_utf8_are_named_with_line_and_field(void **state)
{
    (void)state;
    struct text text;
    open_text(&text, "名,b\nx,\xE5\xBC\n\"\xFF\"\nlast,\xC3\xA9\n");
    expect_record(&text, 1, 2, (const char *[]){"名", "b"});
    expect_bad(&text, 2, 2, "not UTF-8 (byte 0xe5)");
    expect_bad(&text, 3, 1, "not UTF-8 (byte 0xff)");
    expect_record(&text, 4, 2, (const char *[]){"last", "é"});
    expect_end(&text);
}

static void gbk_is_recognised_and_said_once(void **state)
{
    (void)state;
    struct text text;
    /* "姓名,张三" in GBK */
    open_text(&text, "id,name\nr-1,\xD5\xC5\xC8\xFD\nr-2,\xC0\xEE\xCB\xC4\n");
    expect_record(&text, 1, 2, (const char *[]){"id", "name"});
    expect_bad(&text, 2, 2, "GBK");
    expect_end(&text);
}

static void a_broken_byte_in_a_utf8_file_is_not_called_gbk(void **state)
{
    (void)state;
    struct text text;
    open_text(&text, "名\n\xD5\xC5\n");
    expect_record(&text, 1, 1, (const char *[]){"名"});
    expect_bad(&text, 2, 1, "not UTF-8 (byte 0xd5)");
    expect_end(&text);
}

static void utf16_and_nul_bytes_are_named(void **state)
{
    (void)state;
    struct text text;
    open_bytes(&text, "\xFF\xFEi\0d\0", 6);
    expect_bad(&text, 1, 1, "UTF-16");
    expect_end(&text);
    open_bytes(&text, "a,b\0c\nd\n", 8);
    expect_bad(&text, 1, 2, "NUL");
    expect_record(&text, 2, 1, (const char *[]){"d"});
    expect_end(&text);
}

static void a_line_of_ten_megabytes_is_refused_with_its_number(void **state)
{
    (void)state;
    struct text text;
    size_t len = (size_t)10 << 20;
    char *bytes = malloc(len + 8);
    assert_non_null(bytes);
    memcpy(bytes, "a\n", 2);
    memset(bytes + 2, 'x', len);
    memcpy(bytes + 2 + len, "\nb\n", 3);
    open_bytes(&text, bytes, len + 5);
    expect_record(&text, 1, 1, (const char *[]){"a"});
    expect_bad(&text, 2, 0, "longer than 65536");
    expect_record(&text, 3, 1, (const char *[]){"b"});
    expect_end(&text);
    bytes[2] = '"';
    open_bytes(&text, bytes, len + 5);
    expect_record(&text, 1, 1, (const char *[]){"a"});
    expect_bad(&text, 2, 0, "longer than 65536");
    expect_record(&text, 3, 1, (const char *[]){"b"});
    expect_end(&text);
    free(bytes);
}

static void more_fields_than_the_cap_are_refused(void **state)
{
    (void)state;
    struct text text;
    char line[2 * CSV_FIELDS_MAX + 8];
    memset(line, ',', sizeof line);
    memcpy(line + sizeof line - 3, "\nb", 3);
    open_text(&text, line);
    expect_bad(&text, 1, 0, "more than 64 fields");
    expect_record(&text, 2, 1, (const char *[]){"b"});
    expect_end(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines_are_split_at_commas),
        cmocka_unit_test(the_last_line_needs_no_line_break),
        cmocka_unit_test(carriage_returns_byte_order_marks_and_empty_lines_are_fine),
        cmocka_unit_test(quoted_values_may_hold_commas_quotes_and_line_breaks),
        cmocka_unit_test(a_wrong_quote_is_named_with_its_line_and_field_and_reading_goes_on),
        cmocka_unit_test(a_lone_carriage_return_is_named),
        cmocka_unit_test(bytes_that_are_not_utf8_are_named_with_line_and_field),
        cmocka_unit_test(gbk_is_recognised_and_said_once),
        cmocka_unit_test(a_broken_byte_in_a_utf8_file_is_not_called_gbk),
        cmocka_unit_test(utf16_and_nul_bytes_are_named),
        cmocka_unit_test(a_line_of_ten_megabytes_is_refused_with_its_number),
        cmocka_unit_test(more_fields_than_the_cap_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
