/* Idempotency keys when the answer is lost: the same key does nothing twice, whatever happened in between. */
#include "desk.h"

static int act(struct desk *desk, const char *key, bool hang_up)
{
    static const char body[] = "{\"by\":\"wang\",\"note\":\"on my way\"}";
    char text[1024], id[HASH_ID_TEXT];
    struct hash_id alert = id_of(1);

    hash_id_text(&alert, id);
    snprintf(
        text, sizeof(text),
        "POST /api/v1/alerts/%s/comment HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: "
        "application/json\r\nIdempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n%s",
        id, desk->token, key, strlen(body), body);
    if (!hang_up)
        return raw(desk, text);
    unsigned before = desk->submitted;
    int fd = dial(desk);
    send_all(fd, text, strlen(text));
    pthread_mutex_lock(&desk->lock);
    while (desk->submitted == before)
        pthread_cond_wait(&desk->came, &desk->lock);
    pthread_mutex_unlock(&desk->lock);
    close(fd);
    return 0;
}

static void restart(struct desk *desk)
{
    api_stop(desk->api);
    desk->api = NULL;
    start_api(desk);
}

static void what_was_done_is_answered_again_after_a_restart(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(act(desk, "k", false), 200);
    restart(desk);
    assert_int_equal(act(desk, "k", false), 200);
    assert_int_equal(desk->submitted, 1);
}

static void what_was_refused_may_be_tried_again(void **state)
{
    struct desk *desk = *state;

    desk->outcome = ERR_INVALID;
    assert_int_equal(act(desk, "k", false), 409);
    desk->outcome = ERR_OK;
    assert_int_equal(act(desk, "k", false), 200);
    assert_int_equal(desk->submitted, 2);
}

/* The peer hangs up before the core answers; a process that is killed then leaves the same row behind. */
static void an_answer_that_was_lost_is_not_asked_for_twice(void **state)
{
    struct desk *desk = *state;

    desk->mood = CORE_WAITS;
    (void)act(desk, "k", true);
    desk->mood = CORE_ANSWERS;
    assert_int_equal(act(desk, "k", false), 409);
    expect_place(desk, "Idempotency-Key");
    restart(desk);
    assert_int_equal(act(desk, "k", false), 409);
    assert_int_equal(desk->submitted, 1);
    assert_int_equal(act(desk, "another", false), 200);
    assert_int_equal(desk->submitted, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        TEST(what_was_done_is_answered_again_after_a_restart),
        TEST(what_was_refused_may_be_tried_again),
        TEST(an_answer_that_was_lost_is_not_asked_for_twice),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
