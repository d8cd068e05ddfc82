/* The API by real sockets on the loopback, polite and hostile. The core is played by `submit`. */
#include "desk.h"

#define ALERT_1 "/api/v1/alerts/00015a00000000000000000000000000"

static void healthz_needs_no_token_and_says_what_is_wrong(void **state)
{
    struct desk *desk = *state;
    struct api_health health = {.ready = true, .broker_up = true, .store_ok = true, .started_wall_ms = T0};
    struct buf metrics;

    buf_init(&metrics, 1024);
    assert_int_equal(raw(desk, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), 503);
    assert_non_null(strstr(body_of(desk), "\"core\":false"));
    api_update(desk->api, &health, &metrics);
    assert_int_equal(raw(desk, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_string_equal(body_of(desk), "{\"ready\":true,\"core\":true,\"broker\":true,\"store\":true,"
                                       "\"database\":true,\"unpersisted\":false,"
                                       "\"started\":\"2026-03-01T09:12:00+08:00\"}\n");
    health.canary_late = true;
    api_update(desk->api, &health, &metrics);
    assert_int_equal(raw(desk, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_non_null(strstr(body_of(desk), "\"canary_late\":true"));
    health.ready = health.broker_up = false;
    api_update(desk->api, &health, &metrics);
    assert_int_equal(raw(desk, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), 503);
    assert_non_null(strstr(body_of(desk), "\"broker\":false"));
    assert_int_equal(raw(desk, "GET /healthz?x=1 HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
    buf_release(&metrics);
}

static void metrics_are_the_cores_and_our_own(void **state)
{
    struct desk *desk = *state;
    struct api_health health = {.ready = true};
    struct buf metrics;

    buf_init(&metrics, 1024);
    buf_puts(&metrics, "huyang_test 42\n");
    api_update(desk->api, &health, &metrics);
    assert_int_equal(get(desk, "/metrics"), 200);
    assert_non_null(strstr(body_of(desk), "huyang_test 42\n"));
    assert_non_null(strstr(body_of(desk), "huyang_store_alerts{state=\"open\"} 4\n"));
    assert_non_null(strstr(body_of(desk), "huyang_api_replies_total{class=\"2xx\"}"));
    assert_non_null(strstr(buf_text(&desk->got), "text/plain; version=0.0.4"));
    buf_release(&metrics);
}

static void only_the_right_token_opens(void **state)
{
    static const char *const formats[] = {
        "",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Basic %s\r\n",
        "Authorization: %s\r\n",
        "Authorization: Bearer x%s\r\n",
        "Authorization: Bearer %sx\r\n",
        "Authorization: Bearer %.63s\r\n",
        "Authorization: bearer %s\r\n",
        "Authorization: Bearer 0000000000000000000000000000000000000000000000000000000000000000\r\n"};
    static const char *const paths[] = {"/api/v1/alerts", "/metrics", ALERT_1, "/nothing", "/api"};
    struct desk *desk = *state;
    char text[1024], header[256];

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        for (size_t k = 0; k < sizeof(paths) / sizeof(paths[0]); k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
            snprintf(header, sizeof(header), formats[i], desk->token);
#pragma GCC diagnostic pop
            snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", paths[k], header);
            assert_int_equal(raw(desk, text), 401);
            assert_non_null(strstr(buf_text(&desk->got), "WWW-Authenticate: Bearer"));
            assert_null(strstr(buf_text(&desk->got), "Allow:"));
        }
    assert_int_equal(get(desk, "/api/v1/alerts"), 200);
}

static void an_action_without_token_does_nothing(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(raw(desk,
                         "POST " ALERT_1
                         "/acknowledge HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n{\"by\":\"li\"}"),
                     401);
    assert_int_equal(desk->submitted, 0);
}

static void the_token_file_is_private_and_stays(void **state)
{
    struct desk *desk = *state;
    char path[FIXTURE_PATH + 16], first[80];
    struct stat status;

    snprintf(path, sizeof(path), "%s/token", desk->store->folder);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(strlen(desk->token), 64);
    strcpy(first, desk->token);
    api_stop(desk->api);
    start_api(desk);
    assert_string_equal(desk->token, first);
    assert_int_equal(api_token("/nonexistent", first, sizeof(first)), ERR_NOT_FOUND);
}

static void a_token_file_that_holds_something_else_stops_the_start(void **state)
{
    struct desk *desk = *state;
    char path[FIXTURE_PATH + 16];
    struct api *api = NULL;

    snprintf(path, sizeof(path), "%s/token", desk->store->folder);
    FILE *file = fopen(path, "w");
    fputs("secret\n", file);
    fclose(file);
    const struct api_config config = {.folder = desk->store->folder,
                                      .listen = "127.0.0.1",
                                      .submit = submit,
                                      .import = import,
                                      .self = desk};
    assert_int_equal(api_start(&config, &api), ERR_CORRUPT);
    assert_null(api);
}

static void a_port_that_is_taken_and_an_address_that_is_none_are_told(void **state)
{
    struct desk *desk = *state;
    struct api *second = NULL;
    struct api_config config = {.folder = desk->store->folder,
                                .listen = "127.0.0.1",
                                .port = api_port(desk->api),
                                .submit = submit,
                                .import = import,
                                .self = desk};

    assert_int_equal(api_start(&config, &second), ERR_IO);
    config.listen = "localhost";
    assert_int_equal(api_start(&config, &second), ERR_INVALID);
    assert_null(second);
    config.listen = "::1";
    config.port = 0;
    enum err err = api_start(&config, &second);
    assert_true(err == ERR_OK || err == ERR_IO); /* a machine without IPv6 */
    if (err == ERR_OK)
        api_stop(second);
}

static void alerts_are_listed_filtered_and_paged(void **state)
{
    struct desk *desk = *state;
    char path[256];
    const char *next;
    unsigned seen = 0;

    assert_int_equal(get(desk, "/api/v1/alerts"), 200);
    struct json *root = parse(desk);
    assert_int_equal(json_count(json_get(root, "alerts")), 5);
    assert_null(json_get(root, "next"));
    json_free(root);
    assert_int_equal(get(desk, "/api/v1/alerts?state=open&level=orange&family=emergency"), 200);
    root = parse(desk);
    assert_int_equal(json_count(json_get(root, "alerts")), 2);
    json_free(root);
    assert_int_equal(get(desk, "/api/v1/alerts?resident=r-002"), 200);
    root = parse(desk);
    assert_int_equal(json_count(json_get(root, "alerts")), 3);
    json_free(root);
    strcpy(path, "/api/v1/alerts?limit=2");
    for (bool more = true; more;) {
        assert_int_equal(get(desk, path), 200);
        root = parse(desk);
        seen += (unsigned)json_count(json_get(root, "alerts"));
        next = json_string(json_get(root, "next"));
        more = next != NULL;
        snprintf(path, sizeof(path), "/api/v1/alerts?limit=2&cursor=%s", more ? next : "");
        json_free(root);
    }
    assert_int_equal(seen, 5);
}

static void wrong_parameters_are_named(void **state)
{
    static const struct {
        const char *query, *place;
    } wrong[] = {{"state=opened", "state"},
                 {"level=purple", "level"},
                 {"family=x", "family"},
                 {"limit=0", "limit"},
                 {"limit=501", "limit"},
                 {"limit=1e2", "limit"},
                 {"limit=%31%00", "limit"},
                 {"limit=", "limit"},
                 {"cursor=5", "cursor"},
                 {"cursor=-1-00", "cursor"},
                 {"resident=a%20b", "resident"},
                 {"resident=%27%20OR%201=1--", "resident"},
                 {"state", "state"},
                 {"colour=red", "colour"},
                 {"state=open&state=open", "state"}};
    struct desk *desk = *state;
    char path[256];

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(path, sizeof(path), "/api/v1/alerts?%s", wrong[i].query);
        assert_int_equal(get(desk, path), 400);
        expect_place(desk, wrong[i].place);
    }
    snprintf(path, sizeof(path), "/api/v1/alerts?state=%0200d", 1);
    assert_int_equal(get(desk, path), 400);
    assert_int_equal(get(desk, "/api/v1/alerts?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1"), 400);
}

static void one_alert_is_shown_whole(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(get(desk, ALERT_1), 200);
    struct json *root = parse(desk);
    assert_non_null(json_get(root, "transitions"));
    assert_non_null(json_get(root, "jobs"));
    json_free(root);
    assert_int_equal(get(desk, "/api/v1/alerts/ffffffffffffffffffffffffffffffff"), 404);
    expect_place(desk, NULL);
}

static void paths_that_play_tricks_lead_nowhere(void **state)
{
    static const char *const paths[] = {"/index.htm",
                                        "//",
                                        "/healthz/",
                                        "//healthz",
                                        "/healthz%00",
                                        "/healthz%00/x",
                                        "/./healthz",
                                        "/x/../healthz",
                                        "/%2e%2e/%2e%2e/etc/passwd",
                                        "/../../token",
                                        "/token",
                                        "/api/v1/alerts/",
                                        "/api/v1/alerts/../alerts",
                                        "/api/v1/alerts/00015A00000000000000000000000000",
                                        "/api/v1/alerts/00015a0000000000000000000000000",
                                        ALERT_1 "0",
                                        ALERT_1 "/",
                                        ALERT_1 "/jobs",
                                        "/api/v1/alerts/%",
                                        "/api/v1/alerts/%zz",
                                        "/API/v1/alerts",
                                        "/api/v1/alerts;state=open",
                                        "/api/v1/alerts/{id}"};
    struct desk *desk = *state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int status = get(desk, paths[i]);
        if (status != 404)
            print_message("%s gave %d\n", paths[i], status);
        assert_int_equal(status, 404);
    }
    assert_int_equal(get(desk, "/%61pi/v1/alerts"), 200); /* an escape of a plain letter is that letter */
}

static void a_wrong_method_is_told_the_right_one(void **state)
{
    static const char *const methods[] = {"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"};
    struct desk *desk = *state;
    char text[512];

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        assert_int_equal(ask(desk, methods[i], "/api/v1/alerts", ""), 405);
        assert_non_null(strstr(buf_text(&desk->got), "Allow: GET, HEAD\r\n"));
    }
    assert_int_equal(get(desk, ALERT_1 "/acknowledge"), 405);
    assert_non_null(strstr(buf_text(&desk->got), "Allow: POST\r\n"));
    snprintf(text, sizeof(text),
             "HEAD /api/v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", desk->token);
    int fd = dial(desk);
    send_all(fd, text, strlen(text));
    assert_int_equal(read_replies(desk, fd, 1, true), 200);
    assert_string_equal(body_of(desk), "");
    close(fd);
}

static void every_reply_has_the_headers_that_protect(void **state)
{
    struct desk *desk = *state;
    static const char *const paths[] = {"/healthz", "/api/v1/alerts", "/nothing"};
    for (size_t i = 0; i < 3; i++) {
        get(desk, paths[i]);
        const char *got = buf_text(&desk->got);
        assert_non_null(strstr(got, "X-Content-Type-Options: nosniff\r\n"));
        assert_non_null(strstr(got, "Cache-Control: no-store\r\n"));
        assert_non_null(strstr(got, "Content-Security-Policy: default-src 'none'"));
        assert_non_null(strstr(got, "X-Frame-Options: DENY\r\n"));
    }
}

static void an_action_is_answered_after_its_commit(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(ask(desk, "POST", ALERT_1 "/acknowledge", "{\"by\":\"wang\"}"), 200);
    assert_string_equal(body_of(desk), "{\"committed\":true,\"text\":\"done\"}\n");
    assert_int_equal(desk->action.kind, ACTION_ACKNOWLEDGE);
    assert_true(desk->action.has_alert);
    struct hash_id id = id_of(1);
    assert_memory_equal(desk->action.alert.bytes, id.bytes, HASH_ID_SIZE);
    assert_string_equal(desk->action.by, "wang");
    assert_int_equal(desk->action.family, FAMILY_COUNT);
    assert_int_equal(
        ask(desk, "POST", ALERT_1 "/close", "{\"by\":\"wang\",\"disposition\":\"false\",\"note\":\"邻居\"}"),
        200);
    assert_int_equal(desk->action.kind, ACTION_CLOSE);
    assert_int_equal(desk->action.disposition, DISPOSITION_FALSE);
    assert_string_equal(desk->action.note, "邻居");
    assert_int_equal(ask(desk, "POST", ALERT_1 "/call", "{\"by\":\"wang\",\"outcome\":\"needs_help\"}"), 200);
    assert_int_equal(desk->action.kind, ACTION_CALL);
    assert_int_equal(desk->action.outcome, OUTCOME_NEEDS_HELP);
    assert_int_equal(ask(desk, "POST", ALERT_1 "/comment", "{\"by\":\"wang\",\"note\":\"line\\nline\"}"),
                     200);
    assert_int_equal(desk->action.kind, ACTION_COMMENT);
    assert_int_equal(ask(desk, "POST", "/api/v1/registry/import", "{\"folder\":\"/srv/registry\"}"), 200);
    assert_string_equal(desk->folder, "/srv/registry");
    assert_int_equal(desk->submitted, 5);
}

static void the_cores_refusals_keep_their_meaning(void **state)
{
    static const struct {
        enum err err;
        int status;
    } cases[] = {{ERR_NOT_FOUND, 404}, {ERR_INVALID, 409}, {ERR_NO_SPACE, 503},
                 {ERR_BUSY, 503},      {ERR_TIMEOUT, 504}, {ERR_IO, 500}};
    struct desk *desk = *state;

    desk->text = "why \"so\"";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        desk->outcome = cases[i].err;
        assert_int_equal(ask(desk, "POST", ALERT_1 "/acknowledge", "{\"by\":\"li\"}"), cases[i].status);
        struct json *root = parse(desk);
        assert_string_equal(json_string(json_get(root, "detail")), "why \"so\"");
        json_free(root);
    }
    desk->outcome = ERR_INVALID;
    assert_int_equal(ask(desk, "POST", "/api/v1/registry/import", "{\"folder\":\"/x\"}"), 422);
    desk->mood = CORE_IS_FULL;
    assert_int_equal(ask(desk, "POST", ALERT_1 "/acknowledge", "{\"by\":\"li\"}"), 503);
    assert_non_null(strstr(buf_text(&desk->got), "Retry-After: 1\r\n"));
}

static void bad_bodies_are_refused_and_named(void **state)
{
    static const struct {
        const char *path, *body, *place;
    } wrong[] = {{"/acknowledge", "", NULL},
                 {"/acknowledge", "{", NULL},
                 {"/acknowledge", "[]", NULL},
                 {"/acknowledge", "null", NULL},
                 {"/acknowledge", "{\"by\":\"a\"} x", NULL},
                 {"/acknowledge", "{}", "by"},
                 {"/acknowledge", "{\"by\":1}", "by"},
                 {"/acknowledge", "{\"by\":\"\"}", "by"},
                 {"/acknowledge", "{\"by\":\"a b\"}", "by"},
                 {"/acknowledge", "{\"by\":null}", "by"},
                 {"/acknowledge", "{\"by\":\"a\\u0000b\"}", NULL},
                 {"/acknowledge", "{\"by\":\"a\",\"by\":\"b\"}", NULL},
                 {"/acknowledge", "{\"by\":\"a\",\"disposition\":\"false\"}", "disposition"},
                 {"/acknowledge", "{\"by\":\"a\",\"\":\"\"}", ""},
                 {"/acknowledge", "{\"by\":\"\xff\"}", NULL},
                 {"/close", "{\"by\":\"a\"}", "disposition"},
                 {"/close", "{\"by\":\"a\",\"disposition\":\"False\"}", "disposition"},
                 {"/close", "{\"by\":\"a\",\"disposition\":\"none\"}", "disposition"},
                 {"/close", "{\"by\":\"a\",\"disposition\":\"true\",\"note\":\"a\\u0007\"}", "note"},
                 {"/call", "{\"by\":\"a\"}", "outcome"},
                 {"/comment", "{\"by\":\"a\"}", "note"},
                 {"/comment", "{\"by\":\"a\",\"note\":\"\"}", "note"}};
    struct desk *desk = *state;
    char path[128], body[600];

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", ALERT_1, wrong[i].path);
        assert_int_equal(ask(desk, "POST", path, wrong[i].body), 400);
        expect_place(desk, wrong[i].place);
    }
    snprintf(body, sizeof(body), "{\"by\":\"a\",\"note\":\"%0300d\"}", 1);
    assert_int_equal(ask(desk, "POST", ALERT_1 "/comment", body), 400);
    assert_int_equal(ask(desk, "POST", ALERT_1 "/comment?x=1", "{\"by\":\"a\",\"note\":\"x\"}"), 400);
    assert_int_equal(ask(desk, "POST", "/api/v1/registry/import", "{\"folder\":\"relative\"}"), 400);
    memset(body, '[', sizeof(body));
    body[500] = '\0';
    assert_int_equal(ask(desk, "POST", ALERT_1 "/comment", body), 400);
    assert_int_equal(desk->submitted, 0);
}

static void another_kind_of_body_is_refused(void **state)
{
    struct desk *desk = *state;
    char text[512];

    snprintf(text, sizeof(text),
             "POST " ALERT_1 "/acknowledge HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
             "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\nby=li",
             desk->token);
    assert_int_equal(raw(desk, text), 415);
    assert_int_equal(desk->submitted, 0);
}

static void a_body_over_the_cap_is_refused_at_its_head(void **state)
{
    struct desk *desk = *state;
    char text[512];

    snprintf(
        text, sizeof(text),
        "POST " ALERT_1
        "/comment HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 999999999999\r\n\r\n",
        desk->token);
    assert_int_equal(raw(desk, text), 413);
}

/* Chunks without a length: refused when the cap is passed, cut off when they go on. */
static void an_endless_body_is_cut_off(void **state)
{
    struct desk *desk = *state;
    char text[512];
    static char chunk[4096 + 16];

    snprintf(text, sizeof(text),
             "POST " ALERT_1
             "/comment HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\n",
             desk->token);
    size_t len = (size_t)snprintf(chunk, sizeof(chunk), "1000\r\n");
    memset(chunk + len, 'x', 4096);
    memcpy(chunk + len + 4096, "\r\n", 2);
    for (int total = 80; total <= 8000; total *= 100) { /* KiB: over the cap; far over it */
        int fd = dial(desk);
        send_all(fd, text, strlen(text));
        for (int sent = 0; sent < total; sent += 4)
            send_all(fd, chunk, len + 4098);
        send_all(fd, "0\r\n\r\n", 5);
        int status = read_replies(desk, fd, 1, false);
        assert_int_equal(status, total == 80 ? 413 : 0);
        close(fd);
    }
    assert_int_equal(get(desk, "/api/v1/alerts"), 200);
}

static void headers_over_the_cap_are_refused(void **state)
{
    struct desk *desk = *state;
    struct buf text;

    buf_init(&text, 1 << 20);
    buf_puts(&text, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 2000; i++)
        buf_printf(&text, "X-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
    buf_puts(&text, "\r\n");
    int status = raw(desk, buf_text(&text));
    assert_true(status == 431 || status == 413 || status == 0);
    buf_clear(&text);
    buf_puts(&text, "GET /");
    for (int i = 0; i < 40000; i++)
        buf_putc(&text, 'a');
    buf_puts(&text, " HTTP/1.1\r\nHost: x\r\n\r\n");
    status = raw(desk, buf_text(&text));
    assert_true(status == 414 || status == 0);
    buf_release(&text);
    assert_int_equal(raw(desk, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), 503);
}

static void noise_instead_of_http_does_no_harm(void **state)
{
    static const char *const noise[] = {
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "\r\n\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n"};
    enum { NOISES = sizeof(noise) / sizeof(noise[0]) };
    struct desk *desk = *state;
    int fds[NOISES];

    for (size_t i = 0; i < NOISES; i++) {
        fds[i] = dial(desk);
        send_all(fds[i], noise[i], strlen(noise[i]));
    }
    assert_int_equal(get(desk, "/api/v1/alerts"), 200); /* while they are open, refused or waiting for more */
    for (size_t i = 0; i < NOISES; i++)
        close(fds[i]);
    assert_int_equal(get(desk, "/api/v1/alerts"), 200);
    assert_int_equal(desk->submitted, 0);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct desk *desk = *state;
    char text[2048];

    snprintf(text, sizeof(text),
             "GET " ALERT_1 " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n"
             "POST " ALERT_1 "/acknowledge HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
             "%s\r\nContent-Length: 11\r\n\r\n{\"by\":\"li\"}"
             "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\nAuthorization: "
             "Bearer %s\r\n\r\n",
             desk->token, desk->token, desk->token);
    int fd = dial(desk);
    send_all(fd, text, strlen(text));
    assert_int_equal(read_replies(desk, fd, 4, false), 404);
    const char *committed = strstr(buf_text(&desk->got), "\"committed\":true"),
               *ready = strstr(buf_text(&desk->got), "\"ready\":");
    assert_non_null(committed);
    assert_true(committed < ready);
    assert_int_equal(desk->submitted, 1);
    close(fd);
}

static void a_client_that_dribbles_holds_nobody_up(void **state)
{
    struct desk *desk = *state;
    int slow[50];

    for (size_t i = 0; i < 50; i++) {
        slow[i] = dial(desk);
        send_all(slow[i], "POST /api/v1/al", 15);
    }
    for (int i = 0; i < 20; i++)
        assert_int_equal(get(desk, "/api/v1/alerts"), 200);
    for (size_t i = 0; i < 50; i++)
        close(slow[i]);
}

/* Sends an action and waits until the core has it; the connection stays open. */
static int start_action(struct desk *desk)
{
    char text[512];
    int fd = dial(desk);

    pthread_mutex_lock(&desk->lock);
    unsigned before = desk->submitted;
    pthread_mutex_unlock(&desk->lock);
    snprintf(text, sizeof(text),
             "POST " ALERT_1 "/acknowledge HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
             "%s\r\nContent-Length: 11\r\n\r\n{\"by\":\"li\"}",
             desk->token);
    send_all(fd, text, strlen(text));
    pthread_mutex_lock(&desk->lock);
    while (desk->submitted == before)
        pthread_cond_wait(&desk->came, &desk->lock);
    pthread_mutex_unlock(&desk->lock);
    return fd;
}

static void an_action_that_waits_holds_nobody_up(void **state)
{
    struct desk *desk = *state;

    desk->mood = CORE_WAITS;
    int fd = start_action(desk);
    assert_int_equal(get(desk, "/api/v1/alerts"), 200);
    api_answer(desk->api, desk->ticket + 99, ERR_OK, "nobody's");
    api_answer(desk->api, desk->ticket, ERR_OK, "later");
    api_answer(desk->api, desk->ticket, ERR_IO, "twice");
    assert_int_equal(read_replies(desk, fd, 1, false), 200);
    assert_non_null(strstr(body_of(desk), "later"));
    close(fd);
}

static void a_caller_who_hangs_up_leaves_nothing_behind(void **state)
{
    struct desk *desk = *state;

    desk->mood = CORE_WAITS;
    close(start_action(desk));
    uint64_t gone = desk->ticket;
    int fd = start_action(desk);
    api_answer(desk->api, gone, ERR_OK, "to nobody");
    api_answer(desk->api, desk->ticket, ERR_OK, "to me");
    assert_int_equal(read_replies(desk, fd, 1, false), 200);
    close(fd);
}

static void a_core_that_is_silent_is_a_504_after_ten_seconds(void **state)
{
    struct desk *desk = *state;

    desk->mood = CORE_WAITS;
    int fd = start_action(desk);
    assert_int_equal(read_replies(desk, fd, 1, false), 504);
    close(fd);
    api_answer(desk->api, desk->ticket, ERR_OK, "too late"); /* finds nobody */
}

static void too_many_waiting_actions_are_refused_not_queued(void **state)
{
    struct desk *desk = *state;
    int fds[65];

    desk->mood = CORE_WAITS;
    for (size_t i = 0; i < 64; i++)
        fds[i] = start_action(desk);
    assert_int_equal(ask(desk, "POST", ALERT_1 "/acknowledge", "{\"by\":\"li\"}"), 503);
    assert_int_equal(desk->submitted, 64);
    for (uint64_t ticket = 1; ticket <= 64; ticket++)
        api_answer(desk->api, ticket, ERR_OK, "");
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(read_replies(desk, fds[i], 1, false), 200);
        close(fds[i]);
    }
}

static void stopping_answers_whoever_waits(void **state)
{
    struct desk *desk = *state;

    desk->mood = CORE_WAITS;
    int fd = start_action(desk);
    api_stop(desk->api);
    desk->api = NULL;
    int status = read_replies(desk, fd, 1, false);
    assert_true(status == 504 || status == 0); /* whether it was done is not known */
    close(fd);
}

static void without_a_database_the_views_say_so(void **state)
{
    struct desk *desk = *state;
    char empty[FIXTURE_PATH];

    folder_new(empty);
    const struct api_config config = {
        .folder = empty, .listen = "127.0.0.1", .submit = submit, .import = import, .self = desk};
    api_stop(desk->api);
    assert_int_equal(api_start(&config, &desk->api), ERR_OK);
    assert_int_equal(api_token(empty, desk->token, sizeof(desk->token)), ERR_OK);
    assert_int_equal(get(desk, "/api/v1/alerts"), 503);
    assert_int_equal(get(desk, ALERT_1), 503);
    assert_int_equal(get(desk, "/metrics"), 200);
    folder_remove(empty);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
    const struct CMUnitTest tests[] = {
        TEST(healthz_needs_no_token_and_says_what_is_wrong),
        TEST(metrics_are_the_cores_and_our_own),
        TEST(only_the_right_token_opens),
        TEST(an_action_without_token_does_nothing),
        TEST(the_token_file_is_private_and_stays),
        TEST(a_token_file_that_holds_something_else_stops_the_start),
        TEST(a_port_that_is_taken_and_an_address_that_is_none_are_told),
        TEST(alerts_are_listed_filtered_and_paged),
        TEST(wrong_parameters_are_named),
        TEST(one_alert_is_shown_whole),
        TEST(paths_that_play_tricks_lead_nowhere),
        TEST(a_wrong_method_is_told_the_right_one),
        TEST(every_reply_has_the_headers_that_protect),
        TEST(an_action_is_answered_after_its_commit),
        TEST(the_cores_refusals_keep_their_meaning),
        TEST(bad_bodies_are_refused_and_named),
        TEST(another_kind_of_body_is_refused),
        TEST(a_body_over_the_cap_is_refused_at_its_head),
        TEST(an_endless_body_is_cut_off),
        TEST(headers_over_the_cap_are_refused),
        TEST(noise_instead_of_http_does_no_harm),
        TEST(pipelined_requests_are_answered_in_order),
        TEST(a_client_that_dribbles_holds_nobody_up),
        TEST(an_action_that_waits_holds_nobody_up),
        TEST(a_caller_who_hangs_up_leaves_nothing_behind),
        TEST(a_core_that_is_silent_is_a_504_after_ten_seconds),
        TEST(too_many_waiting_actions_are_refused_not_queued),
        TEST(stopping_answers_whoever_waits),
        TEST(without_a_database_the_views_say_so),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
