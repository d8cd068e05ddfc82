#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/err.h"

static void every_error_has_a_text_of_its_own(void **state)
{
    (void)state;
    static const char *const texts[] = {
#define X(name, text) text,
        ERR_MAP(X)
#undef X
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_string_equal(err_text((enum err)i), texts[i]);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(texts[i], texts[j]);
    }
}

static void a_value_outside_the_enum_has_a_text_too(void **state)
{
    (void)state;
    assert_string_equal(err_text((enum err)12345), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_text_of_its_own),
        cmocka_unit_test(a_value_outside_the_enum_has_a_text_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
