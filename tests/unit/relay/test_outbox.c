#include "world.h"

#include <fcntl.h>
#include <sys/stat.h>

static void a_notification_is_delivered_by_a_2xx(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/ok");
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    add(world, &row);
    run(world, 1);
    assert_told(world, 0, DELIVERY_DELIVERED, "");
    assert_memory_equal(&world->told[0].job, &row.id, sizeof row.id);
    const struct seen *seen = &world->server->seen[0];
    char id[HASH_ID_TEXT], line[128];
    hash_id_text(&row.id, id);
    snprintf(line, sizeof line, "X-Huyang-Id: %s", id);
    assert_non_null(strstr(seen->head, line));
    snprintf(line, sizeof line, "Idempotency-Key: %s", id);
    assert_non_null(strstr(seen->head, line));
    assert_non_null(strstr(seen->head, "X-Huyang-Time: "));
    assert_null(strstr(seen->head, "X-Huyang-Signature"));
    assert_string_equal(seen->body, "{\"n\":1}");
}

static void a_webhooks_own_accepted_is_no_more_than_delivered(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/json");
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    add(world, &row);
    run(world, 1);
    assert_told(world, 0, DELIVERY_DELIVERED, "");
}

static void a_task_that_the_link_took_is_only_sent(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/json");
    struct outbox_row row = row_of(JOB_TASK, LEVEL_RED, "desk", 1);
    add(world, &row);
    run(world, 1);
    assert_told(world, 0, DELIVERY_SENT, "");
    struct outbox_stats stats;
    outbox_stats(world->outbox, &stats);
    assert_int_equal(stats.waiting, 0);
}

static void a_refusal_is_told_with_its_reason_and_never_repeated(void **state)
{
    struct world *world = *state;
    webhook(world, "a", "/404");
    webhook(world, "b", "/refuse");
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "a", 1);
    add(world, &row);
    run(world, 1);
    assert_told(world, 0, DELIVERY_REJECTED, "HTTP 404: unknown desk");
    row = row_of(JOB_NOTIFY, LEVEL_RED, "b", 2);
    add(world, &row);
    run(world, 2);
    assert_told(world, 1, DELIVERY_REJECTED, "not ours");
    outbox_tick(world->outbox, later(600000 - 1));
    assert_int_equal(in_flight(world), 0);
    assert_int_equal(server_count(world->server, "/404"), 1);
}

static void a_signed_message_proves_sender_time_and_bytes(void **state)
{
    struct world *world = *state;
    char path[] = "/tmp/huyang-secret-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "s3cret\n", 7), 7);
    close(fd);
    webhook(world, "desk", "/ok");
    snprintf(world->settings.webhooks[0].secret_file, RELAY_PATH_SIZE, "%s", path);
    outbox_rebind(world->outbox, &world->settings, world->f->registry);
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    add(world, &row);
    run(world, 1);
    unlink(path);
    const struct seen *seen = &world->server->seen[0];
    char time[32] = "", signature[80] = "", id[HASH_ID_TEXT], text[256], hex[2 * SHA256_SIZE + 1];
    assert_int_equal(sscanf(strstr(seen->head, "X-Huyang-Time: "), "X-Huyang-Time: %31s", time), 1);
    assert_int_equal(
        sscanf(strstr(seen->head, "X-Huyang-Signature: "), "X-Huyang-Signature: %79s", signature), 1);
    hash_id_text(&row.id, id);
    int len = snprintf(text, sizeof text, "%s.%s.%s", time, id, seen->body);
    uint8_t digest[SHA256_SIZE];
    hash_hmac("s3cret", 6, text, (size_t)len, digest);
    hash_hex(digest, sizeof digest, hex);
    assert_string_equal(signature, hex);
}

static void without_its_secret_nothing_is_sent_unsigned(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/ok");
    snprintf(world->settings.webhooks[0].secret_file, RELAY_PATH_SIZE, "/nonexistent/secret");
    outbox_rebind(world->outbox, &world->settings, world->f->registry);
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    add(world, &row);
    outbox_tick(world->outbox, clock_now());
    struct now end = clock_now();
    end.mono_ms += 600001;
    end.wall_ms += 600001;
    outbox_tick(world->outbox, end);
    assert_told(world, 0, DELIVERY_EXPIRED, "the secret file cannot be read");
    assert_int_equal(world->server->total, 0);
}

static void a_secret_that_others_may_read_is_none(void **state)
{
    struct world *world = *state;
    char path[] = "/tmp/huyang-secret-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "s3cret\n", 7), 7);
    webhook(world, "desk", "/ok");
    snprintf(world->settings.webhooks[0].secret_file, RELAY_PATH_SIZE, "%s", path);
    outbox_rebind(world->outbox, &world->settings, world->f->registry);
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(fchmod(fd, i ? 0640 : 0604), 0);
        add(world, &row);
        struct now end = clock_now();
        outbox_tick(world->outbox, end);
        end.mono_ms += 600001;
        end.wall_ms += 600001;
        outbox_tick(world->outbox, end);
        assert_told(world, i, DELIVERY_EXPIRED, "the secret file is open to group or others");
        row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 2 + i);
    }
    close(fd);
    unlink(path);
    assert_int_equal(world->server->total, 0);
}

static void a_failed_attempt_is_repeated_with_the_same_bytes_until_it_succeeds(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/flaky");
    world->server->flaky_left = 2;
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    add(world, &row);
    run(world, 1);
    assert_told(world, 0, DELIVERY_DELIVERED, "");
    assert_int_equal(server_count(world->server, "/flaky"), 3);
    assert_string_equal(world->server->seen[0].body, world->server->seen[2].body);
}

static void the_wait_doubles_up_to_its_limit_and_is_spread(void **state)
{
    (void)state;
    bool spread = false;
    for (unsigned n = 0; n < 100; n++) {
        struct hash_id id = hash_id_of(&n, sizeof n), first = hash_id_of("", 0);
        int64_t expected = 1000;
        for (uint32_t attempt = 1; attempt < 40; attempt++) {
            int64_t wait = outbox_backoff_ms(&id, attempt, 1000, 300000);
            assert_in_range(wait, expected * 8 / 10, expected * 12 / 10);
            assert_true(wait == outbox_backoff_ms(&id, attempt, 1000, 300000));
            spread = spread || wait != outbox_backoff_ms(&first, attempt, 1000, 300000);
            expected = expected * 2 < 300000 ? expected * 2 : 300000;
        }
    }
    assert_true(spread);
}

static void retry_after_is_honoured_up_to_five_minutes(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/429");
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_YELLOW, "desk", 1);
    add(world, &row);
    run_until(world, is_idle);
    outbox_tick(world->outbox, later(100000));
    assert_int_equal(in_flight(world), 0);
    assert_int_equal(server_count(world->server, "/429"), 1);
    outbox_tick(world->outbox, later(121000));
    run_until(world, is_idle);
    assert_int_equal(server_count(world->server, "/429"), 2);
}

static void a_row_that_never_arrives_expires_with_the_last_reason(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *path, *reason;
    } cases[] = {{"/500", "HTTP 500"},
                 {"/redirect", "HTTP 307: redirects are not followed"},
                 {"/half", "connection closed half way"},
                 {"/garbage", "not HTTP"}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world->settings.webhook_count = 0;
        char name[8];
        snprintf(name, sizeof name, "w%u", i);
        webhook(world, name, cases[i].path);
        struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, name, i);
        add(world, &row);
        outbox_tick(world->outbox, clock_now());
        run_until(world, is_idle);
        struct now end = {.mono_ms = clock_now().mono_ms + 700000, .wall_ms = row.expires_ms};
        outbox_tick(world->outbox, end);
        assert_told(world, i, DELIVERY_EXPIRED, cases[i].reason);
    }
    assert_int_equal(server_count(world->server, "/ok"), 0);
}

static void a_police_ack_accepts_and_an_error_rejects(void **state)
{
    struct world *world = *state;
    police(world, "/ack", NULL);
    add_police(world, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_ACCEPTED, "");
    assert_non_null(strstr(world->server->seen[0].head, "Content-Type: application/cap+xml"));
    police(world, "/error", NULL);
    add_police(world, 2);
    run(world, 2);
    assert_told(world, 1, DELIVERY_REJECTED, "bad address");
    police(world, "/json", NULL);
    add_police(world, 3);
    run(world, 3);
    assert_told(world, 2, DELIVERY_ACCEPTED, "");
    police(world, "/refuse", NULL);
    add_police(world, 4);
    run(world, 4);
    assert_told(world, 3, DELIVERY_REJECTED, "not ours");
}

static void a_police_link_that_says_nothing_has_sent_but_not_accepted(void **state)
{
    struct world *world = *state;
    police(world, "/silent", NULL);
    add_police(world, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_SENT, "");
    outbox_tick(world->outbox, later(300000));
    assert_int_equal(in_flight(world), 0);
    assert_int_equal(server_count(world->server, "/silent"), 1);
    struct now end = clock_now();
    end.mono_ms += 700000;
    end.wall_ms += 700000;
    outbox_tick(world->outbox, end);
    assert_int_equal(world->told_count, 2);
    assert_told(world, 1, DELIVERY_EXPIRED, "taken, but nobody accepted it");
}

static void an_endless_police_answer_is_taken_but_not_accepted(void **state)
{
    struct world *world = *state;
    police(world, "/big", NULL);
    add_police(world, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_SENT, "");
}

static void the_backup_gets_what_the_primary_fails_to_take(void **state)
{
    struct world *world = *state;
    police(world, "/500", "/ack");
    add_police(world, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_ACCEPTED, "");
    assert_int_equal(server_count(world->server, "/500"), 1);
    assert_int_equal(server_count(world->server, "/ack"), 1);
}

static void the_primary_is_tried_again_after_both_failed(void **state)
{
    struct world *world = *state;
    police(world, "/500", "/half");
    add_police(world, 1);
    run_until(world, are_two_failed);
    assert_int_equal(server_count(world->server, "/500"), 1);
    assert_int_equal(server_count(world->server, "/half"), 1);
    police(world, "/ack", "/half");
    run(world, 1);
    assert_told(world, 0, DELIVERY_ACCEPTED, "");
    assert_int_equal(server_count(world->server, "/ack"), 1);
}

static bool are_eight_hanging(struct world *world)
{
    pthread_mutex_lock(&world->server->mutex);
    bool met = world->server->hanging >= OUTBOX_PER_RECEIVER;
    pthread_mutex_unlock(&world->server->mutex);
    return met;
}

static void a_receiver_that_hangs_holds_back_no_other(void **state)
{
    struct world *world = *state;
    webhook(world, "hangs", "/hang");
    webhook(world, "works", "/ok");
    for (unsigned i = 0; i < 100; i++) {
        struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_YELLOW, "hangs", i);
        add(world, &row);
    }
    run_until(world, are_eight_hanging);
    for (unsigned i = 100; i < 120; i++) {
        struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_YELLOW, "works", i);
        add(world, &row);
    }
    run(world, 20);
    for (unsigned i = 0; i < 20; i++)
        assert_told(world, i, DELIVERY_DELIVERED, "");
    assert_int_equal(world->server->hanging_max, OUTBOX_PER_RECEIVER);
}

static bool is_one_more_hanging(struct world *world)
{
    pthread_mutex_lock(&world->server->mutex);
    bool met = world->server->hanging == OUTBOX_PER_RECEIVER + 1;
    pthread_mutex_unlock(&world->server->mutex);
    return met;
}

static void red_has_places_of_its_own_at_a_receiver_that_hangs(void **state)
{
    struct world *world = *state;
    webhook(world, "hangs", "/hang");
    for (unsigned i = 0; i < 100; i++) {
        struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_ORANGE, "hangs", i);
        add(world, &row);
    }
    run_until(world, are_eight_hanging);
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "hangs", 1000);
    add(world, &row);
    run_until(world, is_one_more_hanging);
}

static void a_red_row_added_last_of_two_hundred_starts_with_the_first(void **state)
{
    struct world *world = *state;
    webhook(world, "hangs", "/hang");
    for (unsigned i = 0; i < 200; i++) {
        struct outbox_row row = row_of(JOB_NOTIFY, i == 199 ? LEVEL_RED : LEVEL_GREEN, "hangs", i);
        add(world, &row);
    }
    run_until(world, is_one_more_hanging); /* the others have eight places between them */
}

static void five_failures_rest_a_receiver_for_all_but_red(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/500");
    for (unsigned i = 0; i < 5; i++) {
        struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_YELLOW, "desk", i);
        add(world, &row);
    }
    run_until(world, is_idle);
    assert_int_equal(server_count(world->server, "/500"), 5);
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_YELLOW, "desk", 10);
    add(world, &row);
    outbox_tick(world->outbox, later(1500));
    struct outbox_stats stats;
    outbox_stats(world->outbox, &stats);
    assert_int_equal(stats.in_flight, 0);
    row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 11);
    add(world, &row);
    outbox_tick(world->outbox, clock_now());
    outbox_stats(world->outbox, &stats);
    assert_int_equal(stats.in_flight, 1);
    run_until(world, is_idle);
    outbox_tick(world->outbox, later(31000));
    outbox_stats(world->outbox, &stats);
    assert_true(stats.in_flight > 1);
}

static void a_row_is_taken_once_by_id(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/ok");
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    add(world, &row);
    add(world, &row);
    run(world, 1);
    run_until(world, is_idle);
    assert_int_equal(server_count(world->server, "/ok"), 1);
    assert_int_equal(world->told_count, 1);
}

static void the_committed_twin_of_a_row_that_went_out_unpersisted_stays_home(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/ok");
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    row.unpersisted = 1;
    add(world, &row);
    run(world, 1);
    assert_non_null(strstr(world->server->seen[0].head, "X-Huyang-Unpersisted: 1"));
    row.unpersisted = 0;
    add(world, &row);
    outbox_tick(world->outbox, clock_now());
    struct outbox_stats stats;
    outbox_stats(world->outbox, &stats);
    assert_int_equal(stats.waiting + stats.in_flight, 0);
}

static void a_cancelled_row_is_not_sent_and_one_under_way_is_not_told(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/flaky");
    world->server->flaky_left = 1;
    struct outbox_row waiting = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1),
                      flying = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 2);
    add(world, &waiting);
    outbox_on_state(world->outbox, &waiting.id, DELIVERY_CANCELLED, clock_now());
    add(world, &flying);
    outbox_tick(world->outbox, clock_now());
    outbox_on_state(world->outbox, &flying.id, DELIVERY_CANCELLED, clock_now());
    run_until(world, is_idle);
    outbox_tick(world->outbox, later(100000));
    struct outbox_stats stats;
    outbox_stats(world->outbox, &stats);
    assert_int_equal(stats.waiting + stats.in_flight, 0);
    assert_int_equal(world->told_count, 0);
    assert_int_equal(server_count(world->server, "/flaky"), 1);
}

static void a_receiver_that_left_the_configuration_fails_its_rows(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/500");
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    add(world, &row);
    run_until(world, is_idle);
    world->settings.webhook_count = 0;
    outbox_rebind(world->outbox, &world->settings, world->f->registry);
    outbox_tick(world->outbox, later(10000));
    assert_told(world, 0, DELIVERY_FAILED, "the receiver is not configured");
}

static void a_url_of_another_scheme_fails_at_once(void **state)
{
    struct world *world = *state;
    webhook(world, "desk", "/ok");
    snprintf(world->settings.webhooks[0].url, RELAY_URL_SIZE, "file:///etc/passwd");
    outbox_rebind(world->outbox, &world->settings, world->f->registry);
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    add(world, &row);
    outbox_tick(world->outbox, clock_now());
    assert_told(world, 0, DELIVERY_FAILED, "the receiver's URL is not http or https");
}

static void private_addresses_are_refused_unless_allowed(void **state)
{
    struct world *world = *state;
    world->settings.allow_private = false;
    webhook(world, "desk", "/ok");
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    add(world, &row);
    run_until(world, is_idle);
    assert_int_equal(world->server->connection_count, 0);
    struct now end = {.mono_ms = clock_now().mono_ms + 700000, .wall_ms = row.expires_ms};
    outbox_tick(world->outbox, end);
    assert_told(world, 0, DELIVERY_EXPIRED, "address refused: private range");
}

static void what_cannot_be_a_row_is_refused(void **state)
{
    struct world *world = *state;
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "desk", 1);
    row.channel = CHANNEL_NONE;
    assert_int_equal(outbox_add(world->outbox, &row, clock_now()), ERR_INVALID);
    row.channel = CHANNEL_WEBHOOK;
    row.len = RELAY_BODY_MAX + 1;
    assert_int_equal(outbox_add(world->outbox, &row, clock_now()), ERR_INVALID);
    row = command_of(world, "wb-1", LEVEL_RED, 1);
    row.device = 1000000;
    assert_int_equal(outbox_add(world->outbox, &row, clock_now()), ERR_INVALID);
    outbox_on_heard(world->outbox, 1000000, clock_now());
    outbox_on_gone(world->outbox, 1000000, clock_now());
}

static void a_full_outbox_keeps_room_for_red_and_asks_for_more_later(void **state)
{
    struct world *world = *state;
    enum err err = ERR_OK;
    unsigned n = 0;
    struct outbox_row row = command_of(world, "wb-1", LEVEL_YELLOW, 0);
    for (; err == ERR_OK; n++) {
        memcpy(row.id.bytes, &n, sizeof n);
        err = outbox_add(world->outbox, &row, (struct now){.wall_ms = 1000000});
    }
    assert_int_equal(err, ERR_FULL);
    assert_int_equal(n - 1, OUTBOX_ROWS_MAX - OUTBOX_ROWS_FOR_RED);
    row.level = LEVEL_RED;
    memset(row.id.bytes, 0xFF, sizeof row.id.bytes);
    assert_int_equal(outbox_add(world->outbox, &row, (struct now){.wall_ms = 1000000}), ERR_OK);
    assert_false(outbox_wants_more(world->outbox));
    for (unsigned i = 0; i < OUTBOX_ROWS_MAX / 2; i++) {
        struct hash_id id = {0};
        memcpy(id.bytes, &i, sizeof i);
        memcpy(id.bytes + sizeof i, row_of(JOB_PROMPT, LEVEL_YELLOW, "wb-1", 0).id.bytes + sizeof i,
               sizeof id.bytes - sizeof i);
        outbox_on_state(world->outbox, &id, DELIVERY_CANCELLED, (struct now){0});
    }
    assert_true(outbox_wants_more(world->outbox));
    assert_false(outbox_wants_more(world->outbox));
    struct outbox_stats stats;
    outbox_stats(world->outbox, &stats);
    assert_int_equal(stats.refused_full, 1);
    assert_int_equal(stats.waiting, OUTBOX_ROWS_MAX / 2 - OUTBOX_ROWS_FOR_RED + 1);
    assert_true(stats.oldest_red_ms == 1000000);
}

static void freeing_with_attempts_under_way_tells_nothing(void **state)
{
    struct world *world = *state;
    webhook(world, "hangs", "/hang");
    for (unsigned i = 0; i < 20; i++) {
        struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "hangs", i);
        add(world, &row);
    }
    run_until(world, are_eight_hanging);
    struct outbox_row row = row_of(JOB_NOTIFY, LEVEL_RED, "hangs", 0);
    outbox_on_state(world->outbox, &row.id, DELIVERY_CANCELLED, clock_now());
    outbox_free(world->outbox);
    world->outbox = NULL;
    assert_int_equal(world->told_count, 0);
}

static bool is_warmed(struct world *world)
{
    pthread_mutex_lock(&world->server->mutex);
    bool met = world->server->seen_count >= 2;
    pthread_mutex_unlock(&world->server->mutex);
    return met;
}

static void the_way_to_the_police_is_kept_warm_without_a_message(void **state)
{
    struct world *world = *state;
    world->settings.police_warm_s = 30;
    police(world, "/ack", "/json");
    run_until(world, is_warmed);
    assert_int_equal(server_count(world->server, "/ack") + server_count(world->server, "/json"), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(strncmp(world->server->seen[i].head, "HEAD ", 5), 0);
    assert_int_equal(world->told_count, 0);
    unsigned connections = world->server->connection_count;
    add_police(world, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_ACCEPTED, "");
    assert_int_equal(world->server->connection_count, connections);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_notification_is_delivered_by_a_2xx),
        T(a_webhooks_own_accepted_is_no_more_than_delivered),
        T(a_task_that_the_link_took_is_only_sent),
        T(a_refusal_is_told_with_its_reason_and_never_repeated),
        T(a_signed_message_proves_sender_time_and_bytes),
        T(without_its_secret_nothing_is_sent_unsigned),
        T(a_secret_that_others_may_read_is_none),
        T(a_failed_attempt_is_repeated_with_the_same_bytes_until_it_succeeds),
        T(the_wait_doubles_up_to_its_limit_and_is_spread),
        T(retry_after_is_honoured_up_to_five_minutes),
        T(a_row_that_never_arrives_expires_with_the_last_reason),
        T(a_police_ack_accepts_and_an_error_rejects),
        T(a_police_link_that_says_nothing_has_sent_but_not_accepted),
        T(an_endless_police_answer_is_taken_but_not_accepted),
        T(the_backup_gets_what_the_primary_fails_to_take),
        T(the_primary_is_tried_again_after_both_failed),
        T(a_receiver_that_hangs_holds_back_no_other),
        T(red_has_places_of_its_own_at_a_receiver_that_hangs),
        T(a_red_row_added_last_of_two_hundred_starts_with_the_first),
        T(five_failures_rest_a_receiver_for_all_but_red),
        T(a_row_is_taken_once_by_id),
        T(the_committed_twin_of_a_row_that_went_out_unpersisted_stays_home),
        T(a_cancelled_row_is_not_sent_and_one_under_way_is_not_told),
        T(a_receiver_that_left_the_configuration_fails_its_rows),
        T(a_url_of_another_scheme_fails_at_once),
        T(private_addresses_are_refused_unless_allowed),
        T(what_cannot_be_a_row_is_refused),
        T(a_full_outbox_keeps_room_for_red_and_asks_for_more_later),
        T(freeing_with_attempts_under_way_tells_nothing),
        T(the_way_to_the_police_is_kept_warm_without_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
