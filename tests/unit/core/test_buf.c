#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/buf.h"

static void an_untouched_buffer_reads_as_the_empty_text(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    assert_string_equal(buf_text(&buf), "");
    buf_clear(&buf);
    buf_release(&buf);
    buf_release(&buf);
}

static void appends_add_up_and_stay_terminated(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100000);
    for (int i = 0; i < 1000; i++) {
        buf_puts(&buf, "ab");
        buf_putc(&buf, 'c');
        buf_printf(&buf, "%04d", i);
        buf_append(&buf, "\0", 1);
        assert_int_equal(buf.data[buf.len], 0);
    }
    assert_int_equal(buf.len, 8000);
    assert_false(buf.failed);
    assert_memory_equal(buf.data + 7992, "abc0999\0", 8);
    buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    assert_string_equal(buf_text(&buf), "");
    buf_release(&buf);
}

static void the_cap_is_exact_and_past_it_the_buffer_keeps_what_it_had(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 300);
    char block[300];
    memset(block, 'x', sizeof block);
    buf_append(&buf, block, 300);
    assert_false(buf.failed);
    buf_append(&buf, "", 0);
    assert_false(buf.failed);
    buf_putc(&buf, 'y');
    assert_true(buf.failed);
    assert_int_equal(buf.len, 300);
    buf_clear(&buf);
    buf_printf(&buf, "%300s", "z");
    assert_false(buf.failed);
    assert_int_equal(buf.len, 300);
    buf_clear(&buf);
    buf_puts(&buf, "kept");
    buf_printf(&buf, "%297s", "z");
    assert_true(buf.failed);
    buf_puts(&buf, "ignored");
    assert_string_equal(buf_text(&buf), "kept");
    buf_release(&buf);
}

static void a_printf_past_a_small_cap_fails_also_inside_the_first_allocation(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    buf_printf(&buf, "%s", "1234");
    assert_string_equal(buf_text(&buf), "1234");
    buf_clear(&buf);
    buf_puts(&buf, "ab");
    buf_printf(&buf, "%s", "cde");
    assert_true(buf.failed);
    assert_string_equal(buf_text(&buf), "ab");
    buf_release(&buf);
}

static void json_strings_escape_what_json_demands_and_replace_bad_bytes(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_json_string(&buf, "a\"b\\c\n\r\t\x01\x1f/\x7f\xE6\x8A\xA4");
    assert_string_equal(buf_text(&buf), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f/\x7f\xE6\x8A\xA4\"");
    buf_clear(&buf);
    buf_json_string(&buf, "x\xFFy\xE6\x8A");
    assert_string_equal(buf_text(&buf), "\"x\xEF\xBF\xBDy\xEF\xBF\xBD\xEF\xBF\xBD\"");
    buf_clear(&buf);
    buf_json_string(&buf, "");
    assert_string_equal(buf_text(&buf), "\"\"");
    buf_release(&buf);
}

static void xml_text_escapes_five_characters_and_drops_what_xml_forbids(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_xml_text(&buf, "<a b='c' d=\"e\">&\x01\x0b\x7f\n\t\xE6\x8A\xA4\xEF\xBF\xBF\xFF</a>");
    assert_string_equal(
        buf_text(&buf),
        "&lt;a b=&apos;c&apos; d=&quot;e&quot;&gt;&amp;\n\t\xE6\x8A\xA4\xEF\xBF\xBD&lt;/a&gt;");
    buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_buffer_reads_as_the_empty_text),
        cmocka_unit_test(appends_add_up_and_stay_terminated),
        cmocka_unit_test(the_cap_is_exact_and_past_it_the_buffer_keeps_what_it_had),
        cmocka_unit_test(a_printf_past_a_small_cap_fails_also_inside_the_first_allocation),
        cmocka_unit_test(json_strings_escape_what_json_demands_and_replace_bad_bytes),
        cmocka_unit_test(xml_text_escapes_five_characters_and_drops_what_xml_forbids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
