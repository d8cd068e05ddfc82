/* The interface's document and the table of routes say the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/request.h"
#include "core/json.h"

static struct json *open_document(void)
{
    struct request request = {.query_count = 0};
    struct pending pending;
    struct json *root = NULL;
    struct json_error error = {.line = 0};

    buf_init(&request.reply.body, API_REPLY_MAX);
    assert_int_equal(view_openapi(NULL, &request, &pending), VERDICT_REPLY);
    assert_int_equal(json_parse(buf_text(&request.reply.body), request.reply.body.len, &root, &error),
                     ERR_OK);
    buf_release(&request.reply.body);
    return root;
}

static const struct json *operation_of(const struct json *root, const struct route *route)
{
    char method[8] = "";
    for (size_t i = 0; route->method[i] != '\0' && i + 1 < sizeof(method); i++)
        method[i] = (char)(route->method[i] | 0x20);
    return json_get(json_get(json_get(root, "paths"), route->path), method);
}

static void each_route_is_in_the_document(void **state)
{
    struct json *root = open_document();

    (void)state;
    assert_string_equal(json_string(json_get(root, "openapi")), "3.1.0");
    for (size_t i = 0; i < route_count; i++)
        if (operation_of(root, &routes[i]) == NULL)
            fail_msg("%s %s is not in openapi.json", routes[i].method, routes[i].path);
    json_free(root);
}

static void each_operation_of_the_document_is_a_route(void **state)
{
    struct json *root = open_document();
    const struct json *item, *operation;
    const char *path, *method;
    size_t at = 0;

    (void)state;
    while (json_next(json_get(root, "paths"), &at, &path, &item)) {
        size_t inner = 0;
        while (json_next(item, &inner, &method, &operation)) {
            bool found = strcmp(method, "parameters") == 0;
            for (size_t i = 0; i < route_count; i++)
                found =
                    found || (strcmp(routes[i].path, path) == 0 && strcasecmp(routes[i].method, method) == 0);
            if (!found)
                fail_msg("%s %s is in openapi.json and no route", method, path);
        }
    }
    json_free(root);
}

/* Who may call it, what must come with a change, and that a body is strict. */
static void each_operation_says_whom_it_is_for_and_what_guards_it(void **state)
{
    struct json *root = open_document();

    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct json *operation = operation_of(root, &routes[i]);
        const struct json *security = json_get(operation, "security"), *body;
        bool session = false, token = false, csrf = false;
        assert_non_null(security);
        for (size_t k = 0; k < json_count(security); k++) {
            session = session || json_get(json_at(security, k), "session") != NULL;
            token = token || json_get(json_at(security, k), "operator") != NULL;
        }
        const struct json *parameters = json_get(operation, "parameters");
        for (size_t k = 0; k < json_count(parameters); k++) {
            const char *reference = json_string(json_get(json_at(parameters, k), "$ref"));
            csrf = csrf || (reference != NULL && strstr(reference, "/Csrf") != NULL);
        }
        bool own_password = strcmp(routes[i].path, "/api/v1/session/password") == 0;
        assert_int_equal(session, routes[i].who == WHO_KNOWN || routes[i].who == WHO_ADMINISTRATOR);
        assert_int_equal(token, routes[i].who > WHO_OUTSIDE && !own_password);
        assert_int_equal(csrf, session && strcmp(routes[i].method, "GET") != 0);
        body = json_get(json_get(json_get(json_get(operation, "requestBody"), "content"), "application/json"),
                        "schema");
        bool strict = true;
        bool changes = strcmp(routes[i].method, "POST") == 0 || strcmp(routes[i].method, "PUT") == 0;
        if (routes[i].who == WHO_OUTSIDE) /* a form, or whatever an operator's report looks like */
            continue;
        if (routes[i].is_xml) {
            assert_non_null(
                json_get(json_get(json_get(operation, "requestBody"), "content"), "application/xml"));
            continue;
        }
        assert_int_equal(body != NULL, changes);
        if (body != NULL)
            assert_true(json_bool(json_get(body, "additionalProperties"), &strict) && !strict);
    }
    json_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_route_is_in_the_document),
        cmocka_unit_test(each_operation_of_the_document_is_a_route),
        cmocka_unit_test(each_operation_says_whom_it_is_for_and_what_guards_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
