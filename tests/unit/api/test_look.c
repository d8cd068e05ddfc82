/* Questions to the core: what comes back, and what becomes of those that are not answered. */
#include "desk.h"

static void what_the_core_knows_stands_beside_what_is_registered(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(get(desk, "/api/v1/residents"), 200);
    struct json *root = parse(desk);
    const struct json *list = json_get(root, "residents");
    assert_int_equal(json_count(list), 2);
    assert_string_equal(json_string(json_get(json_at(list, 0), "name")), "张三");
    assert_string_equal(json_string(json_get(json_at(list, 0), "status")), "hospital");
    json_free(root);
    assert_int_equal(get(desk, "/api/v1/residents/r-002"), 200);
    assert_int_equal(get(desk, "/api/v1/residents/r-003"), 404);
    assert_int_equal(get(desk, "/api/v1/residents/r-001/map"), 200);
    assert_non_null(strstr(body_of(desk), "\"home\":[40.500000,81.250000]"));
    assert_int_equal(get(desk, "/api/v1/devices"), 200);
    assert_non_null(strstr(body_of(desk), "\"trouble\":\"never\""));
    assert_int_equal(get(desk, "/api/v1/quarantine"), 200);
}

static void pages_follow_each_other_without_a_gap(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(get(desk, "/api/v1/residents?limit=1"), 200);
    struct json *root = parse(desk);
    int64_t next = 0;
    assert_true(json_integer(json_get(root, "next"), &next));
    json_free(root);
    assert_int_equal(next, 1);
    assert_int_equal(get(desk, "/api/v1/residents?limit=1&cursor=1"), 200);
    assert_non_null(strstr(body_of(desk), "r-002"));
    assert_null(strstr(body_of(desk), "next"));
    assert_int_equal(get(desk, "/api/v1/devices?limit=1&cursor=4000000000"), 200);
    assert_int_equal(get(desk, "/api/v1/residents?cursor=4294967295"), 400);
}

static void a_core_that_is_full_is_said(void **state)
{
    struct desk *desk = *state;

    desk->mood = CORE_IS_FULL;
    assert_int_equal(get(desk, "/api/v1/residents"), 503);
    desk->mood = CORE_ANSWERS;
    assert_int_equal(get(desk, "/api/v1/residents"), 200);
}

static void without_a_registry_there_is_nothing_to_look_at(void **state)
{
    struct desk *desk = *state;
    struct registry *registry = desk->registry;

    desk->registry = NULL;
    assert_int_equal(get(desk, "/api/v1/residents"), 503);
    assert_int_equal(get(desk, "/api/v1/devices"), 503);
    assert_int_equal(get(desk, "/api/v1/silences"), 503);
    assert_int_equal(desk->submitted, 0);
    desk->registry = registry;
}

/* Whoever asked has hung up, or the gateway stops: the look is the API's to free (ASan sees to it). */
static void an_answer_for_nobody_is_dropped(void **state)
{
    struct desk *desk = *state;
    char text[512];
    int fd = dial(desk);

    desk->mood = CORE_WAITS;
    snprintf(text, sizeof(text),
             "GET /api/v1/residents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", desk->token);
    send_all(fd, text, strlen(text));
    pthread_mutex_lock(&desk->lock);
    while (desk->look == NULL)
        pthread_cond_wait(&desk->came, &desk->lock);
    pthread_mutex_unlock(&desk->lock);
    close(fd);
    api_stop(desk->api); /* answers all that wait */
    desk->api = NULL;
    start_api(desk);
    api_looked(desk->api, desk->ticket, desk->look);
    desk->mood = CORE_ANSWERS;
    assert_int_equal(get(desk, "/api/v1/residents"), 200);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        TEST(what_the_core_knows_stands_beside_what_is_registered),
        TEST(pages_follow_each_other_without_a_gap),
        TEST(a_core_that_is_full_is_said),
        TEST(without_a_registry_there_is_nothing_to_look_at),
        TEST(an_answer_for_nobody_is_dropped),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
