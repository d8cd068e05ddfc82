#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "relay/transport.h"
#include "server.h"

enum { PATIENCE_MS = 60000 };

struct world {
    struct server *server;
    struct loop *loop;
    struct transport *transport;
    struct loop_timer *patience;
    unsigned done, wanted;
    int status;
    char error[128];
    char body[128];
    size_t len;
    bool cut, late;
    unsigned retry_after_s;
};

static void out_of_patience(void *self, struct now now)
{
    (void)now;
    struct world *world = self;
    world->late = true;
    loop_stop(world->loop);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->server = server_start();
    assert_int_equal(loop_new(&world->loop), ERR_OK);
    assert_int_equal(transport_new(world->loop, &world->transport), ERR_OK);
    assert_int_equal(loop_timer_new(world->loop, out_of_patience, world, &world->patience), ERR_OK);
    loop_timer_start(world->patience, PATIENCE_MS, 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    transport_free(world->transport);
    loop_timer_close(world->patience);
    loop_free(world->loop);
    server_stop(world->server);
    free(world);
    return 0;
}

static void on_done(void *self, const struct transport_reply *reply, struct now now)
{
    (void)now;
    struct world *world = self;
    world->status = reply->status;
    world->len = reply->len;
    world->cut = reply->cut;
    world->retry_after_s = reply->retry_after_s;
    snprintf(world->error, sizeof world->error, "%s", reply->error);
    snprintf(world->body, sizeof world->body, "%s", reply->body);
    if (++world->done == world->wanted)
        loop_stop(world->loop);
}

static struct transport_request request_to(const struct world *world, const char *path, char url[128])
{
    snprintf(url, 128, "http://127.0.0.1:%u%s", world->server->port, path);
    return (struct transport_request){.url = url,
                                      .content_type = "application/json",
                                      .body = "{}",
                                      .len = 2,
                                      .timeout_s = 20,
                                      .allow_private = true};
}

static void run(struct world *world, unsigned wanted)
{
    world->done = 0;
    world->wanted = wanted;
    loop_run(world->loop);
    assert_false(world->late);
    assert_int_equal(world->done, wanted);
}

static void ask(struct world *world, const char *path, unsigned timeout_s)
{
    char url[128];
    struct transport_request request = request_to(world, path, url);
    request.timeout_s = timeout_s;
    assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
    assert_int_equal(world->wanted ? 0 : world->done, 0); /* never from inside the call */
    run(world, 1);
}

static void a_post_arrives_whole_and_its_answer_comes_back(void **state)
{
    struct world *world = *state;
    char url[128];
    struct transport_request request = request_to(world, "/json", url);
    static const char *const headers[] = {"X-One: 1", "X-Two: 2", NULL};
    request.headers = headers;
    request.body = "{\"a\":1}";
    request.len = 7;
    assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
    run(world, 1);
    assert_int_equal(world->status, 200);
    assert_string_equal(world->body, "{\"state\":\"accepted\"}");
    assert_string_equal(world->error, "");
    const struct seen *seen = &world->server->seen[0];
    assert_string_equal(seen->body, "{\"a\":1}");
    assert_non_null(strstr(seen->head, "POST /json HTTP/1.1"));
    assert_non_null(strstr(seen->head, "X-One: 1"));
    assert_non_null(strstr(seen->head, "X-Two: 2"));
    assert_non_null(strstr(seen->head, "Content-Type: application/json"));
    assert_null(strstr(seen->head, "Expect"));
}

static void connections_are_used_again(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 5; i++)
        ask(world, "/ok", 20);
    assert_int_equal(world->server->connection_count, 1);
}

static void a_warm_up_is_a_head_whose_connection_the_next_message_uses(void **state)
{
    struct world *world = *state;
    char url[128];
    struct transport_request request = request_to(world, "/ok", url);
    request.warm = true;
    assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
    run(world, 1);
    assert_int_equal(world->status, 405);
    assert_int_equal(server_count(world->server, "/ok"), 0);
    ask(world, "/ok", 20);
    assert_int_equal(world->status, 200);
    assert_int_equal(world->server->connection_count, 1);
}

static void a_redirect_is_reported_and_not_followed(void **state)
{
    struct world *world = *state;
    ask(world, "/redirect", 20);
    assert_int_equal(world->status, 307);
    assert_int_equal(server_count(world->server, "/ok"), 0);
}

static void a_receiver_that_hangs_or_dribbles_times_out(void **state)
{
    struct world *world = *state;
    ask(world, "/hang", 1);
    assert_int_equal(world->status, 0);
    assert_string_equal(world->error, "timed out");
    ask(world, "/slow", 1);
    assert_int_equal(world->status, 0);
    assert_string_equal(world->error, "timed out");
}

static void an_answer_that_ends_half_way_is_no_answer(void **state)
{
    struct world *world = *state;
    ask(world, "/half", 20);
    assert_int_equal(world->status, 0);
    assert_string_equal(world->error, "connection closed half way");
}

static void an_endless_answer_is_cut_at_the_cap(void **state)
{
    struct world *world = *state;
    ask(world, "/big", 20);
    assert_int_equal(world->status, 200);
    assert_true(world->cut);
    assert_int_equal(world->len, TRANSPORT_REPLY_MAX);
    /* The connection is dropped: the server got rid of a small part of its gigabyte. */
    pthread_mutex_lock(&world->server->mutex);
    assert_true(world->server->big_sent < 1ULL << 28);
    pthread_mutex_unlock(&world->server->mutex);
}

static void endless_headers_are_refused(void **state)
{
    struct world *world = *state;
    ask(world, "/flood", 20);
    assert_int_equal(world->status, 0);
    assert_string_equal(world->error, "headers too long");
}

static void what_is_no_http_is_no_answer(void **state)
{
    struct world *world = *state;
    ask(world, "/garbage", 20);
    assert_int_equal(world->status, 0);
    assert_string_equal(world->error, "not HTTP");
}

static void retry_after_is_read(void **state)
{
    struct world *world = *state;
    ask(world, "/429", 20);
    assert_int_equal(world->status, 429);
    assert_int_equal(world->retry_after_s, 120);
}

static void a_private_address_is_refused_unless_allowed(void **state)
{
    struct world *world = *state;
    static const char *const hosts[] = {"127.0.0.1",          "localhost",       "2130706433", "0x7f.1",
                                        "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1",   "[fd00::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        char url[128];
        struct transport_request request = request_to(world, "/ok", url);
        snprintf(url, sizeof url, "http://%s:%u/ok", hosts[i], world->server->port);
        request.allow_private = false;
        assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
        run(world, 1);
        assert_int_equal(world->status, 0);
        assert_string_equal(world->error, "address refused: private range");
    }
    assert_int_equal(world->server->connection_count, 0);
}

static void a_connection_opened_under_looser_rules_is_not_used_under_stricter_ones(void **state)
{
    struct world *world = *state;
    ask(world, "/ok", 20);
    char url[128];
    struct transport_request request = request_to(world, "/ok", url);
    request.allow_private = false;
    assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
    run(world, 1);
    assert_int_equal(world->status, 0);
    assert_int_equal(server_count(world->server, "/ok"), 1);
}

static void environment_proxies_are_ignored(void **state)
{
    struct world *world = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    ask(world, "/ok", 20);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    assert_int_equal(world->status, 200);
}

static void other_schemes_are_refused_at_once(void **state)
{
    struct world *world = *state;
    static const char *const urls[] = {"file:///etc/passwd", "gopher://x/", "ftp://x/", "", "httpx://a/"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct transport_request request = {.url = urls[i]};
        assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_INVALID);
    }
    assert_int_equal(transport_in_flight(world->transport), 0);
}

static void a_dead_port_is_no_connection(void **state)
{
    struct world *world = *state;
    struct transport_request request = {.url = "http://127.0.0.1:1/", .allow_private = true, .timeout_s = 20};
    assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
    run(world, 1);
    assert_int_equal(world->status, 0);
    assert_string_equal(world->error, "no connection");
}

static void past_the_limit_nothing_more_is_started(void **state)
{
    struct world *world = *state;
    char url[128];
    struct transport_request request = request_to(world, "/ok", url);
    for (unsigned i = 0; i < TRANSPORT_REQUESTS_MAX; i++)
        assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
    assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_FULL);
    run(world, TRANSPORT_REQUESTS_MAX);
    assert_int_equal(transport_in_flight(world->transport), 0);
    assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
    run(world, 1);
}

static void send_again(void *self, const struct transport_reply *reply, struct now now)
{
    struct world *world = self;
    (void)now;
    assert_int_equal(reply->status, 200);
    char url[128];
    struct transport_request request = request_to(world, "/ok", url);
    assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
}

static void done_may_send_again(void **state)
{
    struct world *world = *state;
    char url[128];
    struct transport_request request = request_to(world, "/ok", url);
    assert_int_equal(transport_send(world->transport, &request, send_again, world), ERR_OK);
    run(world, 1);
    assert_int_equal(server_count(world->server, "/ok"), 2);
}

static void freeing_with_requests_under_way_calls_nobody_back(void **state)
{
    struct world *world = *state;
    char url[128];
    struct transport_request request = request_to(world, "/hang", url);
    request.timeout_s = 60;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
    ask(world, "/ok", 20);
    transport_free(world->transport);
    world->transport = NULL;
    assert_int_equal(world->done, 1);
}

/* A TLS receiver with a certificate made for this run, on a port of its own. */
struct tls {
    char folder[64], cert[96], key[96];
    pid_t pid;
    FILE *said; /* its output */
    unsigned port;
};

static const char tls_program[] = "import http.server, ssl, sys\n"
                                  "class Handler(http.server.BaseHTTPRequestHandler):\n"
                                  "    protocol_version = 'HTTP/1.1'\n"
                                  "    def do_HEAD(self):\n"
                                  "        self.send_response(200)\n"
                                  "        self.send_header('Content-Length', '0')\n"
                                  "        self.end_headers()\n"
                                  "    def log_message(self, *args): pass\n"
                                  "server = http.server.HTTPServer(('127.0.0.1', 0), Handler)\n"
                                  "context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
                                  "context.load_cert_chain(sys.argv[1], sys.argv[2])\n"
                                  "if sys.argv[3] == 'mutual':\n"
                                  "    context.verify_mode = ssl.CERT_REQUIRED\n"
                                  "    context.load_verify_locations(sys.argv[1])\n"
                                  "server.socket = context.wrap_socket(server.socket, server_side=True)\n"
                                  "print(server.server_address[1], flush=True)\n"
                                  "server.serve_forever()\n";

/* Runs a program to its end; its output goes nowhere. True when it ended well. */
static bool run_program(const char *const *argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_RDWR);
        dup2(nowhere, 1);
        dup2(nowhere, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void tls_start(struct tls *tls, const char *alternative_name, const char *manner)
{
    snprintf(tls->folder, sizeof tls->folder, "/tmp/huyang-tls-XXXXXX");
    assert_non_null(mkdtemp(tls->folder));
    snprintf(tls->cert, sizeof tls->cert, "%s/cert.pem", tls->folder);
    snprintf(tls->key, sizeof tls->key, "%s/key.pem", tls->folder);
    char names[64];
    snprintf(names, sizeof names, "subjectAltName=%s", alternative_name);
    const char *const make[] = {
        "openssl", "req",    "-x509", "-newkey", "ec",       "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes",  "-days",  "2",     "-subj",   "/CN=test", "-addext",  names,
        "-keyout", tls->key, "-out",  tls->cert, NULL};
    assert_true(run_program(make));
    int out[2];
    assert_int_equal(pipe(out), 0);
    tls->pid = fork();
    if (tls->pid == 0) {
        dup2(out[1], 1);
        dup2(open("/dev/null", O_WRONLY), 2);
        close(out[0]);
        close(out[1]);
        execl("/usr/bin/python3", "python3", "-c", tls_program, tls->cert, tls->key, manner, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    tls->said = fdopen(out[0], "r");
    assert_int_equal(fscanf(tls->said, "%u", &tls->port), 1);
}

static void tls_stop(struct tls *tls)
{
    kill(tls->pid, SIGKILL);
    waitpid(tls->pid, NULL, 0);
    fclose(tls->said);
    unlink(tls->cert);
    unlink(tls->key);
    rmdir(tls->folder);
}

static void ask_tls(struct world *world, const struct tls *tls, const char *ca, const char *cert,
                    const char *key)
{
    char url[128];
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", tls->port);
    struct transport_request request = {.url = url,
                                        .ca_file = ca,
                                        .cert_file = cert,
                                        .key_file = key,
                                        .timeout_s = 20,
                                        .allow_private = true,
                                        .warm = true};
    assert_int_equal(transport_send(world->transport, &request, on_done, world), ERR_OK);
    run(world, 1);
}

static void only_a_trusted_certificate_is_talked_to(void **state)
{
    struct world *world = *state;
    struct tls tls = {0};
    tls_start(&tls, "IP:127.0.0.1", "");
    ask_tls(world, &tls, "", "", "");
    assert_int_equal(world->status, 0);
    assert_string_equal(world->error, "certificate not trusted");
    ask_tls(world, &tls, tls.cert, "", "");
    assert_int_equal(world->status, 200);
    ask_tls(world, &tls, "/nonexistent/ca.pem", "", "");
    assert_int_equal(world->status, 0);
    assert_string_equal(world->error, "certificate file unusable");
    tls_stop(&tls);
}

static void a_certificate_of_another_name_is_refused(void **state)
{
    struct world *world = *state;
    struct tls tls = {0};
    tls_start(&tls, "DNS:elsewhere.example", "");
    ask_tls(world, &tls, tls.cert, "", "");
    assert_int_equal(world->status, 0);
    assert_string_equal(world->error, "certificate not trusted");
    tls_stop(&tls);
}

static void a_receiver_that_wants_to_know_us_gets_our_certificate(void **state)
{
    struct world *world = *state;
    struct tls tls = {0};
    tls_start(&tls, "IP:127.0.0.1", "mutual");
    ask_tls(world, &tls, tls.cert, "", "");
    assert_int_equal(world->status, 0);
    ask_tls(world, &tls, tls.cert, tls.cert, tls.key);
    assert_int_equal(world->status, 200);
    tls_stop(&tls);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_post_arrives_whole_and_its_answer_comes_back),
        T(connections_are_used_again),
        T(a_warm_up_is_a_head_whose_connection_the_next_message_uses),
        T(a_redirect_is_reported_and_not_followed),
        T(a_receiver_that_hangs_or_dribbles_times_out),
        T(an_answer_that_ends_half_way_is_no_answer),
        T(an_endless_answer_is_cut_at_the_cap),
        T(endless_headers_are_refused),
        T(what_is_no_http_is_no_answer),
        T(retry_after_is_read),
        T(a_private_address_is_refused_unless_allowed),
        T(a_connection_opened_under_looser_rules_is_not_used_under_stricter_ones),
        T(environment_proxies_are_ignored),
        T(other_schemes_are_refused_at_once),
        T(a_dead_port_is_no_connection),
        T(past_the_limit_nothing_more_is_started),
        T(done_may_send_again),
        T(freeing_with_requests_under_way_calls_nobody_back),
        T(only_a_trusted_certificate_is_talked_to),
        T(a_certificate_of_another_name_is_refused),
        T(a_receiver_that_wants_to_know_us_gets_our_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
