/* One path against receivers on loopback. */
#include "fixture.h"

#include <sys/stat.h>

#include "line.h"
#include "relay/dc09_client.h"

enum { PATIENCE_MS = 60000 };

struct path {
    struct loop *loop;
    struct loop_timer *patience, *look;
    struct dc09_client *client;
    struct dc09_client_config config;
    struct dc09_block block;
    bool late, sending;
    unsigned done;
    enum dc09_state state;
    char why[80];
    bool (*met)(struct path *path);
};

static void on_patience(void *self, struct now now)
{
    (void)now;
    struct path *path = self;
    path->late = true;
    loop_stop(path->loop);
}

static void on_look(void *self, struct now now)
{
    (void)now;
    struct path *path = self;
    if (path->met(path))
        loop_stop(path->loop);
}

static int setup(void **state)
{
    struct path *path = calloc(1, sizeof *path);
    assert_int_equal(loop_new(&path->loop), ERR_OK);
    assert_int_equal(loop_timer_new(path->loop, on_patience, path, &path->patience), ERR_OK);
    assert_int_equal(loop_timer_new(path->loop, on_look, path, &path->look), ERR_OK);
    path->config = (struct dc09_client_config){.name = "test",
                                               .account = "1234",
                                               .receiver = "1",
                                               .line = "0",
                                               .timeout_ms = PATIENCE_MS,
                                               .allow_private = true};
    path->block = (struct dc09_block){.data = "Nri1/PA001^h-1^", .extensions = "[Ihelp]"};
    *state = path;
    return 0;
}

static int teardown(void **state)
{
    struct path *path = *state;
    dc09_client_close(path->client);
    loop_timer_close(path->patience);
    loop_timer_close(path->look);
    loop_free(path->loop);
    free(path);
    return 0;
}

static void open_path(struct path *path, unsigned port)
{
    snprintf(path->config.address, sizeof path->config.address, "127.0.0.1:%u", port);
    assert_int_equal(dc09_client_new(path->loop, &path->config, &path->client), ERR_OK);
}

static void on_done(void *self, enum dc09_state state, const char *why, struct now now)
{
    (void)now;
    struct path *path = self;
    assert_false(path->sending);
    assert_true(dc09_state_is_final(state));
    path->done++;
    path->state = state;
    snprintf(path->why, sizeof path->why, "%s", why);
    loop_stop(path->loop);
}

static void run(struct path *path)
{
    loop_timer_start(path->patience, PATIENCE_MS, 0);
    loop_run(path->loop);
    loop_timer_stop(path->patience);
    assert_false(path->late);
}

static void run_until(struct path *path, bool (*met)(struct path *path))
{
    path->met = met;
    loop_timer_start(path->look, 1, 1);
    run(path);
    loop_timer_stop(path->look);
}

static void send_message(struct path *path, unsigned n)
{
    struct dc09_message message = {
        .id = hash_id_of(&n, sizeof n), .block = &path->block, .time_ms = clock_now().wall_ms};
    path->sending = true;
    assert_int_equal(dc09_client_send(path->client, &message, on_done, path), ERR_OK);
    assert_int_equal(dc09_client_send(path->client, &message, on_done, path), ERR_BUSY);
    path->sending = false;
}

static void assert_outcome(struct path *path, unsigned n, enum dc09_state state, const char *why)
{
    unsigned before = path->done;
    send_message(path, n);
    run(path);
    assert_int_equal(path->done, before + 1);
    assert_string_equal(dc09_state_name(path->state), dc09_state_name(state));
    assert_string_equal(path->why, why);
}

static void messages_are_taken_by_their_acks_over_one_kept_connection(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("A");
    open_path(path, line->port);
    for (unsigned n = 0; n < 3; n++)
        assert_outcome(path, n, DC09_STATE_TAKEN, "");
    assert_int_equal(line_count(line, &line->connections), 1);
    assert_int_equal(line_count(line, &line->events), 3);
    assert_non_null(strstr(line_seen(line, 0), "R1L0#1234[#1234|Nri1/PA001^h-1^][Ihelp]_"));
    const struct dc09_client_stats *stats = dc09_client_stats(path->client);
    assert_true(stats->alive && !stats->lost);
    assert_int_equal(stats->acks, 3);
    line_stop(line);
}

static void a_nak_is_answered_with_the_receivers_time_under_the_same_number(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("NA");
    open_path(path, line->port);
    assert_outcome(path, 1, DC09_STATE_TAKEN, "");
    assert_outcome(path, 2, DC09_STATE_TAKEN, "");
    assert_int_equal(line_count(line, &line->events), 3);
    assert_memory_equal(line_seen(line, 0) + 9, line_seen(line, 1) + 9, strlen("\"SIA-DCS\"0000R1L0#1234["));
    assert_string_not_equal(line_seen(line, 0), line_seen(line, 1));
    int64_t offset_ms = dc09_client_stats(path->client)->offset_ms;
    assert_true(offset_ms > LINE_AHEAD_MS - 60000 && offset_ms < LINE_AHEAD_MS + 60000);
    line_stop(line);
}

static void a_second_nak_and_a_duh_refuse(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("NNDA");
    open_path(path, line->port);
    assert_outcome(path, 1, DC09_STATE_REFUSED, "NAK: the receiver refuses the time, also its own");
    assert_outcome(path, 2, DC09_STATE_REFUSED, "DUH: the receiver cannot take it");
    assert_outcome(path, 3, DC09_STATE_TAKEN, "");
    assert_int_equal(line_count(line, &line->connections), 1);
    line_stop(line);
}

static void silence_and_a_closed_connection_are_no_answer(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("CHA");
    path->config.timeout_ms = 50;
    open_path(path, line->port);
    assert_outcome(path, 1, DC09_STATE_UNANSWERED, "the receiver closed the connection");
    assert_outcome(path, 2, DC09_STATE_UNANSWERED, "no answer in time");
    assert_false(dc09_client_stats(path->client)->alive);
    assert_outcome(path, 2, DC09_STATE_TAKEN, "");
    /* A late answer must find nobody: each of these had a connection of its own. */
    assert_int_equal(line_count(line, &line->connections), 3);
    assert_true(dc09_client_stats(path->client)->alive);
    line_stop(line);
}

static void a_connection_that_died_while_idle_costs_no_attempt(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("ACA");
    open_path(path, line->port);
    assert_outcome(path, 1, DC09_STATE_TAKEN, "");
    assert_outcome(path, 2, DC09_STATE_TAKEN, "");
    assert_int_equal(line_count(line, &line->events), 3);
    assert_string_equal(line_seen(line, 1), line_seen(line, 2));
    assert_int_equal(line_count(line, &line->connections), 2);
    line_stop(line);
}

static void answers_that_are_no_frames_are_counted_and_change_nothing(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("GA");
    path->config.timeout_ms = 50;
    open_path(path, line->port);
    assert_outcome(path, 1, DC09_STATE_UNANSWERED, "no answer in time");
    assert_int_equal(dc09_client_stats(path->client)->faults[DC09_FAULT_FRAMING], 1);
    line_stop(line);
}

static void where_nobody_listens_there_is_no_connection(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("A");
    unsigned port = line->port;
    line_stop(line);
    open_path(path, port);
    assert_outcome(path, 1, DC09_STATE_UNANSWERED, "no connection");
}

static void private_addresses_are_refused_unless_allowed(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("A");
    path->config.allow_private = false;
    open_path(path, line->port);
    assert_outcome(path, 1, DC09_STATE_UNANSWERED, "address refused: private range");
    assert_int_equal(line_count(line, &line->connections), 0);
    line_stop(line);
}

static void a_message_without_its_key_is_not_sent_in_clear(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("A");
    char name[] = "/tmp/huyang-key-XXXXXX";
    int fd = mkstemp(name);
    snprintf(path->config.key_file, sizeof path->config.key_file, "%s", name);
    open_path(path, line->port);
    assert_outcome(path, 1, DC09_STATE_UNANSWERED, "the secret file is empty");
    assert_int_equal(pwrite(fd, "AAAA\n", 5, 0), 5);
    assert_outcome(path, 1, DC09_STATE_UNANSWERED, "the key file holds no AES key");
    assert_int_equal(pwrite(fd, "AAAAAAAAAAAAAAAA\n", 17, 0), 17);
    assert_int_equal(fchmod(fd, 0604), 0);
    assert_outcome(path, 1, DC09_STATE_UNANSWERED, "the secret file is open to group or others");
    assert_int_equal(line_count(line, &line->connections), 0);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_true(dc09_key_parse("AAAAAAAAAAAAAAAA", 16, &line->key));
    assert_outcome(path, 1, DC09_STATE_TAKEN, "");
    unlink(name);
    assert_outcome(path, 2, DC09_STATE_TAKEN, ""); /* read once */
    dc09_client_configure(path->client, &path->config);
    assert_outcome(path, 3, DC09_STATE_UNANSWERED, "the secret file cannot be read");
    close(fd);
    line_stop(line);
}

static void a_message_that_no_frame_can_hold_is_refused(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("A");
    open_path(path, line->port);
    snprintf(path->block.extensions, sizeof path->block.extensions, "no brackets");
    assert_outcome(path, 1, DC09_STATE_REFUSED, "the message cannot be written as a frame");
    line_stop(line);
}

static void a_name_is_looked_up_and_closing_meanwhile_tells_nobody(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("A");
    snprintf(path->config.address, sizeof path->config.address, "localhost:%u", line->port);
    assert_int_equal(dc09_client_new(path->loop, &path->config, &path->client), ERR_OK);
    assert_outcome(path, 1, DC09_STATE_TAKEN, "");
    dc09_client_close(path->client);
    snprintf(path->config.address, sizeof path->config.address, "localhost:%u", line->port);
    assert_int_equal(dc09_client_new(path->loop, &path->config, &path->client), ERR_OK);
    send_message(path, 2);
    dc09_client_close(path->client); /* teardown's loop_free runs what is left, and nobody is told */
    path->client = NULL;
    line_stop(line);
}

static bool is_alive(struct path *path)
{
    return dc09_client_stats(path->client)->alive;
}

static bool is_lost(struct path *path)
{
    return dc09_client_stats(path->client)->lost;
}

static bool is_found(struct path *path)
{
    return !dc09_client_stats(path->client)->lost && dc09_client_stats(path->client)->alive;
}

static void a_path_is_supervised_lost_and_found(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("A");
    path->config.heartbeat_ms = 20;
    path->config.timeout_ms = 50;
    open_path(path, line->port);
    run_until(path, is_alive);
    pthread_mutex_lock(&line->mutex);
    snprintf(line->script, sizeof line->script, "H");
    line->at = 0;
    pthread_mutex_unlock(&line->mutex);
    run_until(path, is_lost);
    assert_false(is_alive(path));
    assert_int_equal(dc09_client_stats(path->client)->losses, 1);
    pthread_mutex_lock(&line->mutex);
    snprintf(line->script, sizeof line->script, "A");
    pthread_mutex_unlock(&line->mutex);
    run_until(path, is_found);
    assert_true(line_count(line, &line->tests) >= 3);
    line_stop(line);
}

static void a_path_that_never_answered_is_lost_too(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("A");
    unsigned port = line->port;
    line_stop(line);
    path->config.heartbeat_ms = 20;
    open_path(path, port);
    run_until(path, is_lost);
    assert_int_equal(dc09_client_stats(path->client)->losses, 1);
    /* New settings are a new receiver: it is not passed over for what the old one did. */
    line = line_start("A");
    snprintf(path->config.address, sizeof path->config.address, "127.0.0.1:%u", line->port);
    path->config.heartbeat_ms = 0;
    dc09_client_configure(path->client, &path->config);
    assert_outcome(path, 1, DC09_STATE_TAKEN, "");
    assert_true(is_found(path));
    line_stop(line);
}

static bool is_tested(struct path *path)
{
    return dc09_client_stats(path->client)->sent > 0;
}

static void a_message_goes_out_beside_a_link_test_that_hangs(void **state)
{
    struct path *path = *state;
    struct line *line = line_start("HA");
    path->config.heartbeat_ms = PATIENCE_MS; /* one test, at once */
    open_path(path, line->port);
    run_until(path, is_tested);
    assert_outcome(path, 1, DC09_STATE_TAKEN, "");
    assert_int_equal(line_count(line, &line->tests), 1);
    line_stop(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(messages_are_taken_by_their_acks_over_one_kept_connection),
        TEST(a_nak_is_answered_with_the_receivers_time_under_the_same_number),
        TEST(a_second_nak_and_a_duh_refuse),
        TEST(silence_and_a_closed_connection_are_no_answer),
        TEST(a_connection_that_died_while_idle_costs_no_attempt),
        TEST(answers_that_are_no_frames_are_counted_and_change_nothing),
        TEST(where_nobody_listens_there_is_no_connection),
        TEST(private_addresses_are_refused_unless_allowed),
        TEST(a_message_without_its_key_is_not_sent_in_clear),
        TEST(a_message_that_no_frame_can_hold_is_refused),
        TEST(a_name_is_looked_up_and_closing_meanwhile_tells_nobody),
        TEST(a_path_is_supervised_lost_and_found),
        TEST(a_path_that_never_answered_is_lost_too),
        TEST(a_message_goes_out_beside_a_link_test_that_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
