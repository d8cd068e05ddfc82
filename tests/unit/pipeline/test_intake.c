/* Messages packed by hand, offered as the rings would: each event enters the fold exactly once, in order, or
 * is counted under its reason; and what is acknowledged was committed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../ingest/wire.h"
#include "config.h"
#include "service/intake.h"

enum { EPOCH = 77, GAP_WAIT_MS = 10000, GOT_MAX = 2048, BATCH_BYTES = 8 << 20 };

static const int64_t T = 1772323200000; /* 2026-03-01T08:00+08:00 */

struct world {
    struct tz *tz;
    struct registry *registry;
    struct config *config;
    struct gateway *gateway;
    struct seats *seats;
    struct quarantine quarantine;
    struct doorkeeper doorkeeper;
    struct intake *intake;
    struct batch batch;
    size_t batch_bytes;
    struct now now;
    struct event_key got[GOT_MAX]; /* every event of a committed input, in order */
    unsigned got_count, gaps, links, heard, gone;
    struct conduct conduct; /* the last one told to the fold, and how many */
    unsigned conducts;
    struct batch_gap gap; /* the last one */
    uint64_t acked[2];    /* by lane: urgent, routine; highest seq told to wb-0001 */
    unsigned acks;
    struct event events[EVENT_BATCH_MAX];
};

static void on_heard(void *self, uint32_t device, struct now now)
{
    struct world *world = self;
    (void)device;
    (void)now;
    world->heard++;
}

static void on_gone(void *self, uint32_t device, struct now now)
{
    struct world *world = self;
    (void)device;
    (void)now;
    world->gone++;
}

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct buf errors;
    assert_non_null(world);
    buf_init(&errors, 1 << 16);
    assert_int_equal(tz_load("Asia/Shanghai", &world->tz), ERR_OK);
    assert_int_equal(registry_load(HUYANG_TEST_DATA "/scenario/registry/village", world->tz, NULL, &errors,
                                   &world->registry),
                     ERR_OK);
    assert_int_equal(config_load(NULL, &world->config, &errors), ERR_OK);
    const struct gateway_config gateway = {.instance = "test",
                                           .registry = world->registry,
                                           .detect = &world->config->detect,
                                           .alert = &world->config->alert,
                                           .relay = &world->config->relay,
                                           .tz = world->tz,
                                           .lateness_ms = 120000};
    assert_int_equal(gateway_new(&gateway, &world->gateway), ERR_OK);
    assert_int_equal(seats_new(registry_count(world->registry, REGISTRY_DEVICE), &world->seats), ERR_OK);
    world->doorkeeper.settings = (struct conduct_settings){.per_minute = 600, .burst = 4096};
    const struct intake_config intake = {.gateway = world->gateway,
                                         .seats = world->seats,
                                         .quarantine = &world->quarantine,
                                         .doorkeeper = &world->doorkeeper,
                                         .county = "990001",
                                         .gap_wait_ms = GAP_WAIT_MS,
                                         .on_heard = on_heard,
                                         .on_gone = on_gone,
                                         .self = world};
    assert_int_equal(intake_new(&intake, &world->intake), ERR_OK);
    world->batch_bytes = BATCH_BYTES;
    batch_init(&world->batch, world->batch_bytes);
    gateway_set_batch(world->gateway, &world->batch);
    world->now = (struct now){.mono_ms = 1000, .wall_ms = T};
    buf_release(&errors);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    intake_free(world->intake);
    doorkeeper_release(&world->doorkeeper);
    seats_free(world->seats);
    gateway_free(world->gateway);
    registry_free(world->registry);
    config_free(world->config);
    tz_free(world->tz);
    batch_release(&world->batch);
    free(world);
    return 0;
}

/* A batch so small that a message does not fit. */
static void shrink(struct world *world, size_t bytes)
{
    batch_reset(&world->batch);
    world->batch_bytes = bytes;
    arena_set_limit(&world->batch.arena, bytes);
}

static enum err on_ack(void *self, uint32_t device, enum lane lane, uint32_t epoch, uint64_t seq)
{
    struct world *world = self;
    (void)epoch;
    world->acks++;
    if (device == registry_find(world->registry, REGISTRY_DEVICE, "wb-0001"))
        world->acked[lane == LANE_ROUTINE] = seq;
    return ERR_OK;
}

static void collect(struct world *world, const struct batch_input *stored)
{
    struct input input;
    assert_int_equal(
        input_decode(stored->n, stored->t_ms, stored->kind, stored->blob, stored->len, world->events, &input),
        ERR_OK);
    if (input.kind == INPUT_CONDUCT) {
        world->conduct = input.conduct;
        world->conducts++;
    }
    if (input.kind == INPUT_LINK)
        world->links++;
    for (unsigned i = 0; input.kind == INPUT_REPORT && i < input.report.count; i++) {
        assert_in_range(world->got_count, 0, GOT_MAX - 1);
        world->got[world->got_count++] = input.report.events[i].key;
    }
}

/* What the store would do, and what is told afterwards. */
static void commit(struct world *world)
{
    assert_true(seats_close_batch(world->seats, &world->batch));
    for (const struct batch_item *item = world->batch.first; item != NULL; item = item->next) {
        if (item->kind == BATCH_INPUT)
            collect(world, &item->input);
        else if (item->kind == BATCH_WATERMARK)
            seats_committed(world->seats, &item->watermark);
        else if (item->kind == BATCH_GAP) {
            world->gaps++;
            world->gap = item->gap;
        }
    }
    batch_reset(&world->batch);
    arena_set_limit(&world->batch.arena, world->batch_bytes);
    assert_int_equal(seats_send_acks(world->seats, on_ack, world), 0);
}

static bool offer(struct world *world, const char *topic, const struct wire *wire, bool retained)
{
    static _Alignas(8) unsigned char bytes[80 * 1024];
    const struct link_record record = {.mono_ms = world->now.mono_ms,
                                       .payload_len = (uint32_t)wire->len,
                                       .topic_len = (uint16_t)strlen(topic),
                                       .retained = retained};
    memcpy(bytes, &record, sizeof(record));
    memcpy(bytes + sizeof(record), topic, record.topic_len);
    memcpy(bytes + sizeof(record) + record.topic_len, wire->bytes, wire->len);
    return intake_take(world->intake, (const struct link_record *)(const void *)bytes,
                       sizeof(record) + record.topic_len + wire->len, world->now.wall_ms, world->now);
}

/* Heartbeats [first, first + count) of wb-0001. */
static const struct wire *beats(enum lane lane, uint64_t base, uint64_t first, unsigned count)
{
    static struct wire wire;
    wire_batch(&wire, EPOCH, lane, base, first);
    for (unsigned i = 0; i < count; i++) {
        const struct event event = {.kind = EVENT_HEARTBEAT,
                                    .at_ms = T - 1000,
                                    .heartbeat = {.battery_percent = 50, .has_battery = true}};
        wire_event(&wire, &event);
    }
    return &wire;
}

static const struct wire *presses(uint64_t base, uint64_t first, unsigned count)
{
    static struct wire wire;
    wire_batch(&wire, EPOCH, LANE_URGENT, base, first);
    for (unsigned i = 0; i < count; i++) {
        const struct event event = {
            .kind = EVENT_SOS, .at_ms = T - 1000, .sos = {.phase = SOS_PHASE_PRESSED}};
        wire_event(&wire, &event);
    }
    return &wire;
}

#define URGENT  "huyang/v1/990001/wb-0001/urgent"
#define ROUTINE "huyang/v1/990001/wb-0001/routine"
#define LINK    "huyang/v1/990001/wb-0001/link"

static uint64_t refused(const struct world *world, enum refusal refusal)
{
    struct intake_stats stats;
    intake_stats(world->intake, &stats);
    return stats.refused[refusal];
}

static size_t held(const struct world *world)
{
    struct intake_stats stats;
    intake_stats(world->intake, &stats);
    return stats.held;
}

static void assert_got(const struct world *world, const uint64_t *seqs, unsigned count)
{
    assert_int_equal(world->got_count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(world->got[i].seq, seqs[i]);
}

/* ---- once, in order, and acknowledged after the commit ---- */

static void a_resent_event_enters_once_and_is_acknowledged_only_when_committed(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, URGENT, presses(1, 1, 1), false));
    assert_true(offer(world, URGENT, presses(1, 1, 1), false));
    assert_int_equal(seats_send_acks(world->seats, on_ack, world), 0);
    assert_int_equal(world->acks, 0); /* known, but not on disk */
    commit(world);
    assert_got(world, (const uint64_t[]){1}, 1);
    assert_int_equal(world->acked[0], 1);
    assert_true(offer(world, URGENT, presses(1, 1, 1), false));
    assert_int_equal(seats_send_acks(world->seats, on_ack, world), 0);
    assert_int_equal(world->acks, 2); /* the ack was lost: it is said again, and nothing is evaluated */
    commit(world);
    assert_int_equal(world->got_count, 1);
    assert_int_equal(refused(world, REFUSAL_DUPLICATE), 2);
}

static void a_message_that_reaches_back_gives_only_what_is_new(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 3), false));
    commit(world);
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 2, 4), false));
    commit(world);
    assert_got(world, (const uint64_t[]){1, 2, 3, 4, 5}, 5);
    assert_int_equal(world->acked[1], 5);
}

static void seq_going_back_changes_nothing(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 100, 100, 4), false));
    commit(world);
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 2), false));
    commit(world);
    assert_got(world, (const uint64_t[]){100, 101, 102, 103}, 4);
    assert_int_equal(world->acked[1], 103);
}

/* ---- gaps ---- */

static void routine_above_a_gap_waits_and_follows_in_order(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 2), false));
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 5, 2), false));
    assert_int_equal(held(world), 1);
    assert_true(intake_release(world->intake, T, world->now));
    assert_int_equal(held(world), 1);
    assert_int_equal(intake_next(world->intake), world->now.mono_ms + GAP_WAIT_MS);
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 3, 2), false));
    assert_int_equal(held(world), 0);
    commit(world);
    assert_got(world, (const uint64_t[]){1, 2, 3, 4, 5, 6}, 6);
    assert_int_equal(intake_next(world->intake), INT64_MAX);
}

static void several_held_messages_follow_whatever_order_they_came_in(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 7, 2), false));
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 5, 2), false));
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 3, 2), false));
    assert_int_equal(held(world), 3);
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 2), false));
    assert_int_equal(held(world), 0);
    commit(world);
    assert_got(world, (const uint64_t[]){1, 2, 3, 4, 5, 6, 7, 8}, 8);
}

static void a_gap_that_stays_is_given_up_after_its_time(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 5, 2), false));
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 7, 1), false));
    world->now.mono_ms += GAP_WAIT_MS;
    assert_true(intake_release(world->intake, T + GAP_WAIT_MS, world->now));
    assert_int_equal(held(world), 0);
    commit(world);
    assert_got(world, (const uint64_t[]){5, 6, 7}, 3);
    assert_int_equal(world->acked[1], 0); /* 1 to 4 are still owed by the device */
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 4), false));
    commit(world);
    assert_got(world, (const uint64_t[]){5, 6, 7, 1, 2, 3, 4}, 7);
    assert_int_equal(world->acked[1], 7);
}

static void urgent_above_a_gap_is_taken_at_once(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, URGENT, presses(1, 3, 1), false));
    commit(world);
    assert_got(world, (const uint64_t[]){3}, 1);
    assert_int_equal(world->acked[0], 0);
}

static void a_gap_the_device_gives_up_is_noted_and_what_stood_above_it_is_acknowledged(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, URGENT, presses(1, 1, 1), false));
    assert_true(offer(world, URGENT, presses(1, 4, 1), false));
    commit(world);
    assert_int_equal(world->acked[0], 1);
    /* All of it is known: only the base is news. */
    assert_true(offer(world, URGENT, presses(4, 4, 1), false));
    assert_true(seats_have_changed(world->seats));
    commit(world);
    assert_int_equal(world->gaps, 1);
    assert_int_equal(world->gap.from, 2);
    assert_int_equal(world->gap.to, 4);
    assert_int_equal(world->acked[0], 4);
    assert_int_equal(world->got_count, 2);
}

static void a_gap_that_found_no_room_is_noted_when_there_is_some(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 1), false));
    commit(world);
    shrink(world, 4096);
    while (batch_room(&world->batch))
        assert_non_null(batch_add(&world->batch, BATCH_FINDING));
    assert_false(offer(world, ROUTINE, beats(LANE_ROUTINE, 9, 9, 1), false));
    batch_reset(&world->batch);
    shrink(world, BATCH_BYTES);
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 9, 9, 1), false));
    commit(world);
    assert_int_equal(world->gaps, 1);
    assert_got(world, (const uint64_t[]){1, 9}, 2);
}

static void a_base_above_its_own_events_is_refused_whole(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, URGENT, presses(1, 1, 1), false));
    assert_true(offer(world, URGENT, presses(1000, 2, 1), false));
    assert_int_equal(refused(world, REFUSAL_BAD_SEQ), 1);
    assert_true(offer(world, URGENT, presses(1, 2, 1), false)); /* the lie had no effect */
    commit(world);
    assert_got(world, (const uint64_t[]){1, 2}, 2);
}

static void what_lies_beyond_the_window_is_left_to_come_again(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, URGENT, presses(1, 1, 1), false));
    assert_true(offer(world, URGENT, presses(1, 2 + SEQUENCE_WINDOW, 1), false));
    commit(world);
    assert_got(world, (const uint64_t[]){1}, 1);
    assert_int_equal(refused(world, REFUSAL_BAD_SEQ), 1);
}

static void the_memory_of_held_messages_is_capped(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 2000; i++)
        assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 5, 1), false));
    assert_in_range(held(world), 1, 1024);
    assert_int_equal(refused(world, REFUSAL_HELD_FULL), 2000 - held(world));
}

/* ---- the batch is full ---- */

static void a_message_cut_by_a_full_batch_is_taken_on_the_next_try_each_event_once(void **state)
{
    struct world *world = *state;
    shrink(world, 8192);
    unsigned tries = 1;
    while (!offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 64), false)) {
        tries++;
        commit(world);
    }
    commit(world);
    assert_true(tries > 1);
    assert_int_equal(world->got_count, 64);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(world->got[i].seq, i + 1);
    assert_int_equal(world->acked[1], 64);
}

/* The same without a commit in between: the batch is emptied, as after a crash of the disk's patience, but
 * nothing of what it held is offered twice. */
static void a_message_offered_again_before_the_commit_gives_only_the_rest(void **state)
{
    struct world *world = *state;
    shrink(world, 8192);
    assert_false(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 64), false));
    assert_false(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 64), false));
    arena_set_limit(&world->batch.arena, BATCH_BYTES);
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 64), false));
    commit(world);
    assert_int_equal(world->got_count, 64);
    assert_int_equal(world->acked[1], 64);
}

static void watermarks_go_with_their_inputs_even_when_the_batch_is_full(void **state)
{
    struct world *world = *state;
    shrink(world, 8192);
    assert_false(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 64), false));
    while (arena_alloc(&world->batch.arena, 16) != NULL)
        ;
    commit(world);
    assert_true(world->got_count > 0);
    assert_int_equal(world->acked[1], world->got_count);
}

/* More than the reserve of a batch is meant for: it is taken whole all the same. */
static void a_report_of_64_cries_for_help_fits_into_any_batch_that_had_room(void **state)
{
    struct world *world = *state;
    static struct wire wire;
    shrink(world, 4096);
    wire_batch(&wire, EPOCH, LANE_URGENT, 1, 1);
    for (unsigned i = 0; i < EVENT_BATCH_MAX; i++) {
        const struct event event = {.kind = i % 2 == 0 ? EVENT_SOS : EVENT_SUSPICION,
                                    .report = 5,
                                    .at_ms = T - 64 * 61000 + i * 61000,
                                    .sos = {.phase = SOS_PHASE_PRESSED}};
        wire_event(&wire, &event);
    }
    assert_true(offer(world, URGENT, &wire, false));
    commit(world);
    assert_int_equal(world->got_count, EVENT_BATCH_MAX);
    assert_int_equal(world->acked[0], EVENT_BATCH_MAX);
}

/* ---- what is not used ---- */

static void a_poisoned_event_takes_nothing_with_it(void **state)
{
    struct world *world = *state;
    static struct wire wire, empty;
    wire_batch(&wire, EPOCH, LANE_URGENT, 1, 1);
    const struct event press = {.kind = EVENT_SOS, .at_ms = T - 1000, .sos = {.phase = SOS_PHASE_PRESSED}};
    wire_event(&wire, &press);
    empty.len = 0;
    wire_varint(&empty, 1, (uint64_t)T); /* an event without a kind */
    wire_message(&wire, 5, &empty);
    wire_event(&wire, &press);
    assert_true(offer(world, URGENT, &wire, false));
    commit(world);
    assert_got(world, (const uint64_t[]){1, 3}, 2);
    assert_int_equal(world->acked[0], 3); /* refused is dealt with, or it would come for ever */
    assert_int_equal(refused(world, REFUSAL_NO_KIND), 1);
}

static void a_message_of_refused_events_alone_is_acknowledged_too(void **state)
{
    struct world *world = *state;
    static struct wire wire, empty;
    wire_batch(&wire, EPOCH, LANE_URGENT, 1, 1);
    empty.len = 0;
    wire_varint(&empty, 1, (uint64_t)T);
    wire_message(&wire, 5, &empty);
    assert_true(offer(world, URGENT, &wire, false));
    assert_null(world->batch.first);
    assert_true(seats_have_changed(world->seats)); /* so a commit is due */
    commit(world);
    assert_int_equal(world->got_count, 0);
    assert_int_equal(world->acked[0], 1);
}

static void a_retained_event_is_never_new(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, URGENT, presses(1, 1, 1), true));
    commit(world);
    assert_int_equal(world->got_count, 0);
    assert_int_equal(refused(world, REFUSAL_RETAINED), 1);
    assert_int_equal(world->heard, 0);
}

static void another_county_and_strange_topics_are_counted(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, "huyang/v1/110101/wb-0001/urgent", presses(1, 1, 1), false));
    assert_int_equal(refused(world, REFUSAL_WRONG_COUNTY), 1);
    assert_true(offer(world, "huyang/v1/990001/wb-0001/ack", presses(1, 1, 1), false));
    assert_true(offer(world, "huyang/v1/990001/wb 1/urgent", presses(1, 1, 1), false));
    assert_true(offer(world, "", presses(1, 1, 1), false));
    assert_int_equal(refused(world, REFUSAL_WRONG_TOPIC), 3);
    commit(world);
    assert_int_equal(world->got_count, 0);
}

static void the_clock_is_nobodys_when_no_simulator_may_set_it(void **state)
{
    struct world *world = *state;
    static struct wire wire;
    wire.len = 0;
    wire_varint(&wire, 1, (uint64_t)T);
    assert_true(offer(world, "huyang/v1/990001/clock", &wire, false));
    assert_int_equal(refused(world, REFUSAL_WRONG_TOPIC), 1);
}

static void an_unknown_device_is_quarantined_once_and_gets_no_answer(void **state)
{
    struct world *world = *state;
    struct intake_stats stats;
    for (unsigned i = 0; i < 3; i++)
        assert_true(offer(world, "huyang/v1/990001/wb-9999/urgent", presses(1, 1, 1), false));
    intake_stats(world->intake, &stats);
    assert_int_equal(stats.quarantined, 1);
    assert_int_equal(refused(world, REFUSAL_UNKNOWN_DEVICE), 3);
    commit(world);
    assert_int_equal(world->acks, 0);
    assert_int_equal(world->got_count, 0);
}

static void quarantine_forgets_nobody_and_stays_small(void **state)
{
    struct world *world = *state;
    struct intake_stats stats;
    char topic[TOPIC_SIZE];
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(topic, sizeof(topic), "huyang/v1/990001/x-%05u/urgent", i);
        assert_true(offer(world, topic, presses(1, 1, 1), false));
    }
    intake_stats(world->intake, &stats);
    assert_in_range(stats.quarantined, 1000, 4096);
    assert_int_equal(refused(world, REFUSAL_UNKNOWN_DEVICE), 10000);
}

/* ---- the door ---- */

static void who_floods_is_held_back_and_told_once_and_is_heard_again_when_calm(void **state)
{
    struct world *world = *state;
    world->doorkeeper.settings = (struct conduct_settings){.per_minute = 600, .burst = 128};
    for (unsigned i = 0; i < 10; i++) {
        assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1 + 64 * i, 64), false));
        commit(world);
    }
    assert_int_equal(world->acked[1], 128); /* what was held back has no answer: it comes again */
    assert_int_equal(world->got_count, 128);
    assert_int_equal(refused(world, REFUSAL_OVERLOAD), 8 * 64);
    assert_int_equal(world->conducts, 1);
    assert_int_equal(world->conduct.kind, CONDUCT_FLOOD);
    assert_int_equal(world->conduct.device, registry_find(world->registry, REGISTRY_DEVICE, "wb-0001"));
    /* Another device has a budget of its own. */
    assert_true(offer(world, "huyang/v1/990001/wb-0002/routine", beats(LANE_ROUTINE, 1, 1, 64), false));
    commit(world);
    assert_int_equal(world->got_count, 192);
    world->now.wall_ms += 6400; /* 64 events' share of a minute */
    world->now.mono_ms += 6400;
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 129, 64), false));
    commit(world);
    assert_int_equal(world->acked[1], 192);
    assert_int_equal(world->conducts, 1);
}

static void an_sos_passes_whatever_its_device_has_sent(void **state)
{
    struct world *world = *state;
    world->doorkeeper.settings = (struct conduct_settings){.per_minute = 10, .burst = 64};
    for (unsigned i = 0; i < 5; i++)
        assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1 + 64 * i, 64), false));
    for (unsigned i = 0; i < 200; i++) {
        assert_true(offer(world, URGENT, presses(1, 1 + i, 1), false));
        commit(world);
    }
    assert_int_equal(world->acked[0], 200);
    assert_int_equal(world->got_count, 64 + 200);
    assert_int_equal(world->conducts, 1);
}

static void resending_what_is_unanswered_is_free_of_suspicion(void **state)
{
    struct world *world = *state;
    for (unsigned i = 0; i < 200; i++)
        assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 64), false));
    commit(world);
    assert_int_equal(world->conducts, 0);
    assert_int_equal(world->got_count, 64);
}

static void messages_from_below_the_devices_own_base_are_a_replay(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 5), false));
    assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 6, 6, 5), false));
    for (unsigned i = 0; i < CONDUCT_REPLAYS; i++) {
        commit(world);
        assert_int_equal(world->conducts, 0);
        assert_true(offer(world, ROUTINE, beats(LANE_ROUTINE, 1, 1, 5), false));
    }
    commit(world);
    assert_int_equal(world->conducts, 1);
    assert_int_equal(world->conduct.kind, CONDUCT_REPLAY);
    assert_int_equal(world->conduct.count, CONDUCT_REPLAYS);
    assert_int_equal(world->got_count, 10);
}

static void garbage_is_counted_and_not_acknowledged(void **state)
{
    struct world *world = *state;
    static struct wire wire;
    wire.len = 0;
    wire_raw(&wire, "\xff\xff\xff\xff\xff garbage", 13);
    assert_true(offer(world, URGENT, &wire, false));
    wire.len = 0;
    assert_true(offer(world, URGENT, &wire, false));
    assert_true(offer(world, URGENT, beats(LANE_ROUTINE, 1, 1, 1), false)); /* not this topic's lane */
    assert_int_equal(refused(world, REFUSAL_WRONG_LANE), 1);
    commit(world);
    assert_int_equal(world->acks, 0);
    assert_int_equal(world->got_count, 0);
}

/* ---- link ---- */

static const struct wire *link_state(bool born, uint64_t ordinal)
{
    static struct wire wire;
    wire.len = 0;
    wire_varint(&wire, 1, born ? 1 : 2);
    wire_varint(&wire, 2, ordinal);
    return &wire;
}

static void a_birth_is_news_once_and_its_will_ends_it(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, LINK, link_state(true, 5), true));
    assert_true(offer(world, LINK, link_state(true, 5), true));
    assert_int_equal(world->heard, 2); /* both say that it is there now */
    assert_true(offer(world, LINK, link_state(false, 5), false));
    assert_int_equal(world->gone, 1);
    commit(world);
    assert_int_equal(world->links, 2);
}

static void the_late_will_of_an_old_session_says_nothing(void **state)
{
    struct world *world = *state;
    assert_true(offer(world, LINK, link_state(true, 6), false));
    assert_true(offer(world, LINK, link_state(false, 5), false));
    commit(world);
    assert_int_equal(world->links, 1);
    assert_int_equal(world->gone, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        TEST(a_resent_event_enters_once_and_is_acknowledged_only_when_committed),
        TEST(a_message_that_reaches_back_gives_only_what_is_new),
        TEST(seq_going_back_changes_nothing),
        TEST(routine_above_a_gap_waits_and_follows_in_order),
        TEST(several_held_messages_follow_whatever_order_they_came_in),
        TEST(a_gap_that_stays_is_given_up_after_its_time),
        TEST(urgent_above_a_gap_is_taken_at_once),
        TEST(a_gap_the_device_gives_up_is_noted_and_what_stood_above_it_is_acknowledged),
        TEST(a_gap_that_found_no_room_is_noted_when_there_is_some),
        TEST(a_base_above_its_own_events_is_refused_whole),
        TEST(what_lies_beyond_the_window_is_left_to_come_again),
        TEST(the_memory_of_held_messages_is_capped),
        TEST(a_message_cut_by_a_full_batch_is_taken_on_the_next_try_each_event_once),
        TEST(a_message_offered_again_before_the_commit_gives_only_the_rest),
        TEST(watermarks_go_with_their_inputs_even_when_the_batch_is_full),
        TEST(a_report_of_64_cries_for_help_fits_into_any_batch_that_had_room),
        TEST(a_poisoned_event_takes_nothing_with_it),
        TEST(a_message_of_refused_events_alone_is_acknowledged_too),
        TEST(a_retained_event_is_never_new),
        TEST(another_county_and_strange_topics_are_counted),
        TEST(the_clock_is_nobodys_when_no_simulator_may_set_it),
        TEST(an_unknown_device_is_quarantined_once_and_gets_no_answer),
        TEST(quarantine_forgets_nobody_and_stays_small),
        TEST(who_floods_is_held_back_and_told_once_and_is_heard_again_when_calm),
        TEST(an_sos_passes_whatever_its_device_has_sent),
        TEST(resending_what_is_unanswered_is_free_of_suspicion),
        TEST(messages_from_below_the_devices_own_base_are_a_replay),
        TEST(garbage_is_counted_and_not_acknowledged),
        TEST(a_birth_is_news_once_and_its_will_ends_it),
        TEST(the_late_will_of_an_old_session_says_nothing),
    };
#undef TEST
    return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
