#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/json.h"

static struct json *parse(const char *text)
{
    struct json *root = NULL;
    assert_int_equal(json_parse(text, strlen(text), &root, NULL), ERR_OK);
    return root;
}

static enum err parse_error(const char *text, size_t len, struct json_error *error)
{
    struct json *root = NULL;
    enum err err = json_parse(text, len, &root, error);
    assert_null(root);
    return err;
}

static void a_tree_is_read_back_with_its_types(void **state)
{
    (void)state;
    struct json *root = parse("{\"s\":\"\xE6\x8A\xA4\",\"i\":-9007199254740993,\"r\":1.5,\"t\":true,\"f\":"
                              "false,\"n\":null,\"a\":[1,\"x\"]}");
    assert_int_equal(json_type_of(root), JSON_OBJECT_T);
    assert_int_equal(json_count(root), 7);
    assert_string_equal(json_string(json_get(root, "s")), "\xE6\x8A\xA4");
    int64_t integer = 0;
    double number = 0;
    bool truth = false;
    assert_true(json_integer(json_get(root, "i"), &integer));
    assert_true(integer == -9007199254740993);
    assert_true(json_number(json_get(root, "r"), &number));
    assert_true(number == 1.5);
    assert_false(json_integer(json_get(root, "r"), &integer));
    assert_true(json_bool(json_get(root, "t"), &truth));
    assert_true(truth);
    assert_true(json_bool(json_get(root, "f"), &truth));
    assert_false(truth);
    assert_int_equal(json_type_of(json_get(root, "n")), JSON_NULL_T);
    const struct json *array = json_get(root, "a");
    assert_int_equal(json_type_of(array), JSON_ARRAY_T);
    assert_int_equal(json_count(array), 2);
    assert_true(json_number(json_at(array, 0), &number));
    assert_true(number == 1.0);
    assert_null(json_at(array, 2));
    json_free(root);
}

static void a_missing_or_mistyped_node_reads_as_nothing(void **state)
{
    (void)state;
    struct json *root = parse("[1]");
    int64_t integer = 5;
    double number = 5;
    bool truth = true;
    assert_null(json_get(root, "x"));
    assert_null(json_get(NULL, "x"));
    assert_null(json_at(NULL, 0));
    assert_null(json_string(root));
    assert_null(json_string(NULL));
    assert_int_equal(json_count(NULL), 0);
    assert_false(json_integer(NULL, &integer) || json_number(NULL, &number) || json_bool(NULL, &truth));
    assert_false(json_integer(root, &integer) || json_number(root, &number) || json_bool(root, &truth));
    assert_int_equal(integer, 5);
    size_t iter = 0;
    const char *key;
    const struct json *value;
    assert_false(json_next(root, &iter, &key, &value));
    assert_false(json_next(NULL, &iter, &key, &value));
    json_free(root);
    json_free(NULL);
}

static void members_come_in_the_order_of_the_text(void **state)
{
    (void)state;
    struct json *root = parse("{\"z\":1,\"a\":2,\"m\":3,\"b\":4}");
    const char *key, *expected = "zamb";
    const struct json *value;
    size_t iter = 0, count = 0;
    while (json_next(root, &iter, &key, &value)) {
        int64_t number = 0;
        assert_int_equal(key[0], expected[count++]);
        assert_true(json_integer(value, &number));
        assert_int_equal(number, count);
    }
    assert_int_equal(count, 4);
    assert_false(json_next(root, &iter, &key, &value));
    json_free(root);
}

static void scalars_stand_alone_as_a_text(void **state)
{
    (void)state;
    struct json *root = parse(" \"x\" ");
    assert_string_equal(json_string(root), "x");
    json_free(root);
}

static void malformed_text_is_refused_with_its_line_and_column(void **state)
{
    (void)state;
    struct json_error error;
    const char *text = "{\"a\":1,\n \"a\":2}";
    assert_int_equal(parse_error(text, strlen(text), &error), ERR_INVALID);
    assert_int_equal(error.line, 2);
    assert_true(error.column >= 1);
    assert_non_null(strstr(error.text, "duplicate"));
    static const char *const bad[] = {"",
                                      "{",
                                      "[1,]",
                                      "{\"a\":}",
                                      "nul",
                                      "01",
                                      "[1] x",
                                      "\"\xFF\"",
                                      "\"\xC0\xAF\"",
                                      "\"\xED\xA0\x80\"",
                                      "\"\\u0000\"",
                                      "\"\\ud800\"",
                                      "1e999",
                                      "99999999999999999999",
                                      "{\"\\u0000\":1}",
                                      "'a'",
                                      "// c\n1",
                                      "NaN",
                                      "\"a\nb\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(parse_error(bad[i], strlen(bad[i]), &error), ERR_INVALID);
    assert_int_equal(parse_error("[1]\0", 4, &error), ERR_INVALID);
    assert_int_equal(parse_error("\0", 1, NULL), ERR_INVALID);
}

static void depth_is_capped_and_brackets_in_strings_do_not_count(void **state)
{
    (void)state;
    char text[400];
    for (size_t depth = 63; depth <= 66; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct json *root = NULL;
        enum err err = json_parse(text, 2 * depth, &root, NULL);
        assert_int_equal(err, depth <= JSON_DEPTH_MAX ? ERR_OK : ERR_RANGE);
        json_free(root);
    }
    memset(text, '[', sizeof text);
    text[0] = text[299] = '"';
    text[1] = '\\';
    text[2] = '"';
    struct json *root = NULL;
    assert_int_equal(json_parse(text, 300, &root, NULL), ERR_OK);
    assert_int_equal(strlen(json_string(root)), 297);
    json_free(root);
}

static void size_is_capped(void **state)
{
    (void)state;
    char *text = malloc(JSON_SIZE_MAX + 1);
    assert_non_null(text);
    memset(text, ' ', JSON_SIZE_MAX + 1);
    struct json_error error;
    assert_int_equal(parse_error(text, (size_t)JSON_SIZE_MAX + 1, &error), ERR_RANGE);
    text[0] = '1';
    struct json *root = NULL;
    assert_int_equal(json_parse(text, JSON_SIZE_MAX, &root, &error), ERR_OK);
    json_free(root);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_is_read_back_with_its_types),
        cmocka_unit_test(a_missing_or_mistyped_node_reads_as_nothing),
        cmocka_unit_test(members_come_in_the_order_of_the_text),
        cmocka_unit_test(scalars_stand_alone_as_a_text),
        cmocka_unit_test(malformed_text_is_refused_with_its_line_and_column),
        cmocka_unit_test(depth_is_capped_and_brackets_in_strings_do_not_count),
        cmocka_unit_test(size_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
