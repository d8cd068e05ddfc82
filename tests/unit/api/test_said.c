/* What is said in two languages: the same conversions in the same order, each text once, the Chinese in
 * Chinese. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/put.h"
#include "api/said.h"

static void conversions(const char *text, char *ret_found, size_t size)
{
    size_t count = 0;
    for (const char *at = text; (at = strchr(at, '%')) != NULL && count + 1 < size; at++)
        ret_found[count++] = at[1];
    ret_found[count] = '\0';
}

static void the_languages_say_the_same(void **state)
{
    char en[16], zh[16];

    (void)state;
    for (size_t i = 0; i < said_count; i++) {
        conversions(said_pairs[i].en, en, sizeof(en));
        conversions(said_pairs[i].zh, zh, sizeof(zh));
        assert_string_equal(en, zh);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(said_pairs[i].en, said_pairs[k].en);
        assert_ptr_equal(said(false, said_pairs[i].en), said_pairs[i].en);
        assert_ptr_equal(said(true, said_pairs[i].en), said_pairs[i].zh);
    }
    assert_string_equal(said(true, "nobody has translated this"), "nobody has translated this");
}

static void members_are_separated_and_escaped(void **state)
{
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    put_open(&out, NULL, '{');
    put_text(&out, "a", "\"<\n");
    put_integer(&out, "b", INT64_MIN);
    put_time(&out, NULL, "never", 0);
    put_list(&out, "c", " one; two ;;three;");
    put_open(&out, "d", '[');
    put_real(&out, NULL, -1.25, 2);
    put_bool(&out, NULL, true);
    buf_puts(&out, "]}");
    assert_string_equal(buf_text(&out),
                        "{\"a\":\"\\\"<\\n\",\"b\":-9223372036854775808,\"c\":[\"one\",\"two\","
                        "\"three\"],\"d\":[-1.25,true]}");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_languages_say_the_same),
        cmocka_unit_test(members_are_separated_and_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
