/* People with sessions and listening pages against the API's threads: by real sockets, so that the sanitizers
 * see what the browser tests do. */
#include "desk.h"

#include <sys/resource.h>

#include "api/request.h"
#include "store/accounts.h"

#define ALERT_1  "/api/v1/alerts/00015a00000000000000000000000000"
#define PASSWORD "correct horse battery"

struct visitor {
    char cookie[80], csrf[80];
};

/* Takes the cookie and the CSRF token of the last reply. */
static void keep_session(const struct desk *desk, struct visitor *visitor)
{
    const char *cookie = strstr(buf_text(&desk->got), "huyang_session=");
    struct json *root = parse(desk);

    assert_non_null(cookie);
    assert_int_equal(sscanf(cookie, "huyang_session=%64[0-9a-f]", visitor->cookie), 1);
    assert_true(text_copy(visitor->csrf, sizeof(visitor->csrf), json_string(json_get(root, "csrf"))));
    json_free(root);
}

static int visit(struct desk *desk, const struct visitor *visitor, const char *method, const char *path,
                 const char *body)
{
    char text[4096];

    snprintf(text, sizeof(text),
             "%s %s HTTP/1.1\r\nHost: x\r\nCookie: huyang_session=%s\r\nX-CSRF-Token: %s\r\nContent-Type: "
             "application/json\r\nContent-Length: %zu\r\n\r\n%s",
             method, path, visitor->cookie, visitor->csrf, strlen(body), body);
    return raw(desk, text);
}

/* An account made with the machine's token, and signed in. */
static void sign_in(struct desk *desk, const char *account, const char *role, const char *scope,
                    struct visitor *visitor)
{
    char body[512];

    snprintf(body, sizeof(body),
             "{\"account\":\"%s\",\"name\":\"W\",\"role\":\"%s\",\"scope\":\"%s\",\"password\":\"" PASSWORD
             "\"}",
             account, role, scope);
    assert_int_equal(ask(desk, "POST", "/api/v1/accounts", body), 201);
    snprintf(body, sizeof(body), "{\"account\":\"%s\",\"password\":\"" PASSWORD "\"}", account);
    *visitor = (struct visitor){.cookie = ""};
    assert_int_equal(visit(desk, visitor, "POST", "/api/v1/session", body), 200);
    keep_session(desk, visitor);
}

static void a_session_acts_in_its_own_name(void **state)
{
    struct desk *desk = *state;
    struct visitor wang;

    sign_in(desk, "wang", "county_desk", "", &wang);
    assert_int_equal(visit(desk, &wang, "POST", ALERT_1 "/acknowledge", "{\"by\":\"li\"}"), 400);
    expect_place(desk, "by");
    assert_int_equal(visit(desk, &wang, "POST", ALERT_1 "/acknowledge", "{}"), 200);
    assert_string_equal(desk->action.by, "wang");
    assert_int_equal(visit(desk, &wang, "DELETE", "/api/v1/session", ""), 200);
    assert_int_equal(visit(desk, &wang, "POST", ALERT_1 "/acknowledge", "{}"), 401);
    assert_int_equal(desk->submitted, 1);
}

static void what_is_not_in_the_territory_is_not_there(void **state)
{
    struct desk *desk = *state;
    struct visitor grid, son;

    sign_in(desk, "grid", "grid_worker", "6543210010011", &grid);
    sign_in(desk, "son", "family", "r-001", &son);
    assert_int_equal(visit(desk, &grid, "GET", ALERT_1, ""), 200);
    assert_non_null(strstr(body_of(desk), "测试路 2 号"));
    assert_int_equal(visit(desk, &son, "GET", ALERT_1, ""), 404);
    assert_int_equal(visit(desk, &son, "POST", ALERT_1 "/acknowledge", "{}"), 404);
    assert_int_equal(desk->submitted, 0);
    assert_int_equal(visit(desk, &son, "GET", "/api/v1/alerts?limit=1", ""), 200);
    assert_null(strstr(body_of(desk), "李四"));
}

static void a_password_is_not_taken_in_a_wrong_or_unknown_name(void **state)
{
    struct desk *desk = *state;
    struct visitor wang, nobody = {.cookie = ""};

    sign_in(desk, "wang", "county_desk", "", &wang);
    assert_int_equal(
        visit(desk, &nobody, "POST", "/api/v1/session", "{\"account\":\"wang\",\"password\":\"x\"}"), 401);
    assert_int_equal(
        visit(desk, &nobody, "POST", "/api/v1/session", "{\"account\":\"li\",\"password\":\"" PASSWORD "\"}"),
        401);
    assert_int_equal(
        visit(desk, &nobody, "POST", "/api/v1/session", "{\"account\":\"wang\",\"password\":\"\"}"), 401);
}

/* Reads until the text has come. */
static void read_until(struct desk *desk, int fd, const char *wanted)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    char data[4096];

    while (strstr(buf_text(&desk->got), wanted) == NULL) {
        assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
        ssize_t len = recv(fd, data, sizeof(data), 0);
        assert_true(len > 0);
        buf_append(&desk->got, data, (size_t)len);
    }
}

static int listen_to(struct desk *desk, const struct visitor *visitor, const char *headers)
{
    char text[1024];
    int fd = dial(desk);

    snprintf(text, sizeof(text),
             "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nCookie: huyang_session=%s\r\n%s\r\n", visitor->cookie,
             headers);
    send_all(fd, text, strlen(text));
    buf_clear(&desk->got);
    read_until(desk, fd, "event: hello");
    return fd;
}

static void a_listener_is_told_after_each_commit_and_goes_on_where_it_was(void **state)
{
    struct desk *desk = *state;
    struct visitor wang;

    sign_in(desk, "wang", "county_desk", "", &wang);
    int fd = listen_to(desk, &wang, "");
    read_until(desk, fd, "{\"resumed\":false}");
    assert_int_equal(get(desk, "/metrics"), 200);
    assert_non_null(strstr(body_of(desk), "\nhuyang_api_streams 1\n"));
    buf_clear(&desk->got);
    add_transition(&desk->store->batch, 1, 1, TRANSITION_OPENED, "first");
    commit(desk->store);
    api_changed(desk->api);
    read_until(desk, fd, "event: alert\nid: 1-0\n");
    read_until(desk, fd, "\"number\":1");
    close(fd);
    add_transition(&desk->store->batch, 2, 1, TRANSITION_OPENED, "second");
    add_transition(&desk->store->batch, 3, 1, TRANSITION_OPENED, "third");
    add_transition(&desk->store->batch, 2, 2, TRANSITION_UPDATED, "second again");
    commit(desk->store);
    fd = listen_to(desk, &wang, "Last-Event-ID: 1-0\r\n");
    read_until(desk, fd, "id: 4-0\n");
    read_until(desk, fd, "\"number\":2");
    read_until(desk, fd, "{\"resumed\":true}");
    assert_null(strstr(buf_text(&desk->got), "\"number\":1"));
    /* What changed twice is told once. */
    const char *once = strstr(buf_text(&desk->got), "\"number\":2");
    assert_null(strstr(once + 1, "\"number\":2"));
    close(fd);
}

static void stopping_ends_listeners_and_passwords_under_way(void **state)
{
    struct desk *desk = *state;
    struct visitor wang;
    int fds[8];

    sign_in(desk, "wang", "county_desk", "", &wang);
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        fds[i] = listen_to(desk, &wang, "");
    int asking = dial(desk);
    char text[512];
    snprintf(text, sizeof(text),
             "POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
             "%zu\r\n\r\n{\"account\":\"wang\",\"password\":\"x\"}",
             strlen("{\"account\":\"wang\",\"password\":\"x\"}"));
    send_all(asking, text, strlen(text));
    api_stop(desk->api);
    desk->api = NULL;
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        while (recv(fds[i], text, sizeof(text), 0) > 0)
            ;
        close(fds[i]);
    }
    close(asking);
}

static void listeners_beyond_the_cap_are_refused_and_leave_room_when_they_go(void **state)
{
    struct desk *desk = *state;
    struct visitor wang;
    int fds[API_STREAMS_EACH], status;

    sign_in(desk, "wang", "county_desk", "", &wang);
    for (size_t i = 0; i < API_STREAMS_EACH; i++)
        fds[i] = listen_to(desk, &wang, "");
    assert_int_equal(visit(desk, &wang, "GET", "/api/v1/stream", ""), 503);
    for (size_t i = 0; i < API_STREAMS_EACH; i++)
        close(fds[i]);
    char text[512];
    do { /* until the API has noticed that somebody went */
        snprintf(text, sizeof(text),
                 "HEAD /api/v1/stream HTTP/1.1\r\nHost: x\r\nCookie: huyang_session=%s\r\n\r\n", wang.cookie);
        int fd = dial(desk);
        send_all(fd, text, strlen(text));
        status = read_replies(desk, fd, 1, true);
        close(fd);
        api_changed(desk->api);
    } while (status == 503);
    assert_int_equal(status, 200);
}

/* By the machine's token, which no account's limit holds. */
static int listen_by_token(struct desk *desk)
{
    char text[512];
    int fd = dial(desk);

    snprintf(text, sizeof(text), "GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
             desk->token);
    send_all(fd, text, strlen(text));
    buf_clear(&desk->got);
    read_until(desk, fd, "event: hello");
    return fd;
}

static void a_thousand_listeners_hear_of_one_change_and_one_more_is_refused(void **state)
{
    struct desk *desk = *state;
    static int fds[API_STREAMS_MAX];
    struct rlimit files;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_cur < 2 * API_STREAMS_MAX + 512)
        skip();
    for (size_t i = 0; i < API_STREAMS_MAX; i++)
        fds[i] = listen_by_token(desk);
    assert_int_equal(get(desk, "/api/v1/stream"), 503);
    assert_int_equal(get(desk, "/api/v1/alerts"), 200);
    add_transition(&desk->store->batch, 1, 1, TRANSITION_OPENED, "first");
    commit(desk->store);
    api_changed(desk->api);
    for (size_t i = 0; i < API_STREAMS_MAX; i++) {
        buf_clear(&desk->got);
        read_until(desk, fds[i], "event: alert\nid: 1-0\n");
    }
    for (size_t i = 0; i < API_STREAMS_MAX; i++)
        close(fds[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        TEST(a_session_acts_in_its_own_name),
        TEST(what_is_not_in_the_territory_is_not_there),
        TEST(a_password_is_not_taken_in_a_wrong_or_unknown_name),
        TEST(a_listener_is_told_after_each_commit_and_goes_on_where_it_was),
        TEST(stopping_ends_listeners_and_passwords_under_way),
        TEST(listeners_beyond_the_cap_are_refused_and_leave_room_when_they_go),
        TEST(a_thousand_listeners_hear_of_one_change_and_one_more_is_refused),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
