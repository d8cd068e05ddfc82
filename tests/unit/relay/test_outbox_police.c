/* The ways to the police: DC-09 paths, CAP beside them, and what becomes of a message on each. */
#include "world.h"

#include "line.h"

static void add_dc09(struct world *world, enum police_place place, const struct line *main,
                     const struct line *backup)
{
    struct dc09_settings *dc09 = &world->settings.dc09[world->settings.dc09_count++];
    *dc09 = (struct dc09_settings){.place = (uint8_t)place, .account = "1234", .line = "0"};
    snprintf(dc09->main, sizeof dc09->main, "127.0.0.1:%u", main->port);
    if (backup)
        snprintf(dc09->backup, sizeof dc09->backup, "127.0.0.1:%u", backup->port);
    outbox_rebind(world->outbox, &world->settings, world->f->registry);
}

/* A police row as the relays render it under the world's settings. */
static struct outbox_row police_row(struct world *world, enum job_kind kind, unsigned n)
{
    struct fixture *f = world->f;
    struct outbox_row row = row_of(JOB_POLICE, LEVEL_RED, "police", n);
    f->settings = world->settings;
    fixture_alert(f, "r-1", "sos", kind);
    f->job.id = row.id;
    render(f);
    assert_string_equal(f->why, "");
    row.channel = f->row.channel;
    row.job_kind = (uint8_t)kind;
    row.body = f->row.body;
    row.len = f->row.len;
    return row;
}

static struct outbox_row add_one(struct world *world, enum job_kind kind, unsigned n)
{
    struct outbox_row row = police_row(world, kind, n);
    add(world, &row);
    return row;
}

static void expire_rows(struct world *world)
{
    struct now end = clock_now();
    end.mono_ms += 700000;
    end.wall_ms += 700000;
    outbox_tick(world->outbox, end);
}

static void an_ack_is_sent_and_without_a_persons_word_it_expires_to_one(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("A");
    add_dc09(world, POLICE_PRIMARY, line, NULL);
    add_one(world, JOB_POLICE, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_SENT, "");
    outbox_tick(world->outbox, later(300000));
    assert_int_equal(in_flight(world), 0);
    expire_rows(world);
    assert_int_equal(world->told_count, 2);
    assert_told(world, 1, DELIVERY_EXPIRED, "taken, but nobody accepted it");
    assert_int_equal(line_count(line, &line->events), 1);
    line_stop(line);
}

static void what_was_sent_before_a_restart_is_not_sent_again(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("A");
    add_dc09(world, POLICE_PRIMARY, line, NULL);
    struct outbox_row row = police_row(world, JOB_POLICE, 1);
    row.sent = 1;
    add(world, &row);
    add_one(world, JOB_POLICE, 2);
    run(world, 1);
    assert_told(world, 0, DELIVERY_SENT, "");
    assert_int_equal(line_count(line, &line->events), 1);
    expire_rows(world);
    assert_int_equal(world->told_count, 3);
    assert_told(world, 1, DELIVERY_EXPIRED, "taken, but nobody accepted it");
    line_stop(line);
}

static void a_stand_down_needs_no_more_than_the_receivers_machine(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("A");
    add_dc09(world, POLICE_PRIMARY, line, NULL);
    add_one(world, JOB_STAND_DOWN, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_DELIVERED, "");
    line_stop(line);
}

static void an_unanswered_message_takes_the_backup_path_then_the_backup(void **state)
{
    struct world *world = *state;
    struct line *hangs = line_start("H"), *closes = line_start("C"), *works = line_start("A");
    world->settings.timeout_s = 1;
    add_dc09(world, POLICE_PRIMARY, hangs, closes);
    add_dc09(world, POLICE_BACKUP, works, NULL);
    add_one(world, JOB_POLICE, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_SENT, "");
    assert_int_equal(line_count(hangs, &hangs->events), 1);
    assert_int_equal(line_count(closes, &closes->events), 1);
    assert_int_equal(line_count(works, &works->events), 1);
    assert_string_equal(line_seen(hangs, 0), line_seen(works, 0));
    assert_string_equal(line_seen(closes, 0), line_seen(works, 0));
    line_stop(hangs);
    line_stop(closes);
    line_stop(works);
}

static void refused_everywhere_it_is_rejected_at_once(void **state)
{
    struct world *world = *state;
    struct line *line[3] = {line_start("D"), line_start("NN"), line_start("D")};
    add_dc09(world, POLICE_PRIMARY, line[0], line[1]);
    add_dc09(world, POLICE_BACKUP, line[2], NULL);
    add_one(world, JOB_POLICE, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_REJECTED, "DUH: the receiver cannot take it");
    assert_int_equal(line_count(line[0], &line[0]->events), 1);
    assert_int_equal(line_count(line[1], &line[1]->events), 2);
    assert_int_equal(line_count(line[2], &line[2]->events), 1);
    for (unsigned i = 0; i < 3; i++)
        line_stop(line[i]);
}

static void a_way_that_refused_a_message_is_not_asked_again_for_it(void **state)
{
    struct world *world = *state;
    struct line *refuses = line_start("D"), *comes_back = line_start("CA");
    add_dc09(world, POLICE_PRIMARY, refuses, comes_back);
    add_one(world, JOB_POLICE, 1);
    run(world, 1); /* the second round, after a second's wait */
    assert_told(world, 0, DELIVERY_SENT, "");
    assert_int_equal(line_count(refuses, &refuses->events), 1);
    assert_int_equal(line_count(comes_back, &comes_back->events), 2);
    assert_string_equal(line_seen(comes_back, 0), line_seen(comes_back, 1));
    line_stop(refuses);
    line_stop(comes_back);
}

static void what_nobody_answers_expires_with_the_last_reason(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("C");
    add_dc09(world, POLICE_PRIMARY, line, NULL);
    add_one(world, JOB_POLICE, 1);
    run_until(world, is_idle);
    expire_rows(world);
    assert_told(world, 0, DELIVERY_EXPIRED, "the receiver closed the connection");
    line_stop(line);
}

static void a_path_carries_one_message_at_a_time_and_red_first(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("A");
    add_dc09(world, POLICE_PRIMARY, line, NULL);
    struct outbox_row rest[20];
    for (unsigned n = 0; n < 20; n++) {
        rest[n] = police_row(world, JOB_POLICE, n);
        rest[n].level = LEVEL_ORANGE;
        add(world, &rest[n]);
    }
    add_one(world, JOB_POLICE, 100);
    outbox_tick(world->outbox, clock_now());
    assert_int_equal(in_flight(world), 1);
    run(world, 21);
    assert_int_equal(line_count(line, &line->events), 21);
    assert_int_equal(line_count(line, &line->connections), 1);
    struct hash_id red = row_of(JOB_POLICE, LEVEL_RED, "police", 100).id;
    assert_memory_equal(&world->told[0].job, &red, sizeof red);
    line_stop(line);
}

static void a_cap_receiver_behind_a_dc09_receiver_gets_the_document(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("C");
    snprintf(world->settings.police_backup_url, sizeof world->settings.police_backup_url,
             "http://127.0.0.1:%u/ack", world->server->port);
    add_dc09(world, POLICE_PRIMARY, line, NULL);
    add_one(world, JOB_POLICE, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_ACCEPTED, "");
    assert_int_equal(strncmp(world->server->seen[0].body, "<?xml", 5), 0);
    assert_non_null(strstr(world->server->seen[0].head, "Content-Type: application/cap+xml"));
    line_stop(line);
}

static void a_dc09_receiver_behind_a_cap_receiver_takes_over(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("A");
    snprintf(world->settings.police_url, sizeof world->settings.police_url, "http://127.0.0.1:%u/500",
             world->server->port);
    add_dc09(world, POLICE_BACKUP, line, NULL);
    add_one(world, JOB_POLICE, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_SENT, "");
    assert_int_equal(server_count(world->server, "/500"), 1);
    line_stop(line);
}

static void a_row_without_the_form_its_receivers_take_fails_to_a_person(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("A");
    add_police(world, 1); /* rendered while there were only CAP receivers */
    add_dc09(world, POLICE_PRIMARY, line, NULL);
    run(world, 1);
    assert_told(world, 0, DELIVERY_FAILED, "the receiver is not configured");
    struct outbox_row row = police_row(world, JOB_POLICE, 2);
    row.body = "no block";
    row.len = 8;
    add(world, &row);
    run(world, 2);
    assert_told(world, 1, DELIVERY_FAILED, "the stored message cannot be read");
    assert_int_equal(line_count(line, &line->events), 0);
    line_stop(line);
}

static void a_message_under_way_survives_new_settings_and_a_cancelled_one_is_not_told(void **state)
{
    struct world *world = *state;
    struct line *slow = line_start("H"), *other = line_start("A");
    world->settings.timeout_s = 1;
    add_dc09(world, POLICE_PRIMARY, slow, NULL);
    add_one(world, JOB_POLICE, 1);
    struct outbox_row gone = police_row(world, JOB_POLICE, 2);
    outbox_tick(world->outbox, clock_now());
    assert_int_equal(in_flight(world), 1);
    add(world, &gone);
    outbox_on_state(world->outbox, &gone.id, DELIVERY_CANCELLED, clock_now());
    world->settings.dc09_count = 0;
    add_dc09(world, POLICE_PRIMARY, other, NULL);
    run(world, 1);
    assert_told(world, 0, DELIVERY_SENT, "");
    assert_int_equal(line_count(other, &other->events), 1);
    line_stop(slow);
    line_stop(other);
}

static void a_path_may_become_a_cap_receiver(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("A");
    struct outbox_path path;
    assert_false(outbox_path(world->outbox, 0, &path));
    add_dc09(world, POLICE_BACKUP, line, line);
    assert_true(outbox_path(world->outbox, 1, &path));
    assert_int_equal(path.place, POLICE_BACKUP);
    assert_true(path.backup && path.stats);
    assert_false(outbox_path(world->outbox, 2, &path));
    world->settings.dc09_count = 0;
    police(world, "/silent", "/ack");
    assert_false(outbox_path(world->outbox, 0, &path));
    world->f->settings = world->settings;
    add_police(world, 1);
    run(world, 1);
    assert_told(world, 0, DELIVERY_SENT, "");
    assert_int_equal(server_count(world->server, "/silent"), 1);
    line_stop(line);
}

static void one_silence_sends_the_whole_line_to_the_other_path(void **state)
{
    struct world *world = *state;
    struct line *hangs = line_start("H"), *works = line_start("A");
    world->settings.timeout_s = 1;
    add_dc09(world, POLICE_PRIMARY, hangs, works);
    for (unsigned n = 0; n < 30; n++)
        add_one(world, JOB_POLICE, n);
    run(world, 30);
    for (unsigned n = 0; n < 30; n++)
        assert_told(world, n, DELIVERY_SENT, "");
    assert_int_equal(line_count(hangs, &hangs->events), 1);
    assert_int_equal(line_count(works, &works->events), 30);
    line_stop(hangs);
    line_stop(works);
}

static void the_only_path_is_tried_for_red_also_while_it_rests(void **state)
{
    struct world *world = *state;
    struct line *line = line_start("CA");
    add_dc09(world, POLICE_PRIMARY, line, NULL);
    add_one(world, JOB_POLICE, 1);
    run_until(world, is_idle);
    add_one(world, JOB_POLICE, 2);
    run(world, 2); /* the first one comes again after its second */
    assert_int_equal(line_count(line, &line->events), 3);
    line_stop(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(an_ack_is_sent_and_without_a_persons_word_it_expires_to_one),
        TEST(what_was_sent_before_a_restart_is_not_sent_again),
        TEST(a_stand_down_needs_no_more_than_the_receivers_machine),
        TEST(an_unanswered_message_takes_the_backup_path_then_the_backup),
        TEST(refused_everywhere_it_is_rejected_at_once),
        TEST(a_way_that_refused_a_message_is_not_asked_again_for_it),
        TEST(what_nobody_answers_expires_with_the_last_reason),
        TEST(a_path_carries_one_message_at_a_time_and_red_first),
        TEST(a_cap_receiver_behind_a_dc09_receiver_gets_the_document),
        TEST(a_dc09_receiver_behind_a_cap_receiver_takes_over),
        TEST(a_row_without_the_form_its_receivers_take_fails_to_a_person),
        TEST(a_message_under_way_survives_new_settings_and_a_cancelled_one_is_not_told),
        TEST(a_path_may_become_a_cap_receiver),
        TEST(one_silence_sends_the_whole_line_to_the_other_path),
        TEST(the_only_path_is_tried_for_red_also_while_it_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
