#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/seats.h"

enum { DEVICES = 4, EPOCH = 7 };

struct sent {
    unsigned count, budget;
    uint32_t device[64];
    enum lane lane[64];
    uint64_t seq[64];
};

static enum err send(void *self, uint32_t device, enum lane lane, uint32_t epoch, uint64_t seq)
{
    struct sent *sent = self;
    (void)epoch;
    if (sent->budget == 0)
        return ERR_BUSY;
    sent->budget--;
    sent->device[sent->count] = device;
    sent->lane[sent->count] = lane;
    sent->seq[sent->count++] = seq;
    return ERR_OK;
}

static struct seats *make(void)
{
    struct seats *seats = NULL;
    assert_int_equal(seats_new(DEVICES, &seats), ERR_OK);
    return seats;
}

/* Marks 1..last of a device's lane as seen. */
static void see(struct seats *seats, uint32_t device, enum lane lane, uint64_t last)
{
    struct sequence_epoch *epoch = sequence_open(seats_sequence(seats, device, lane), EPOCH, 1, 1000);
    for (uint64_t seq = epoch->seen + 1; seq <= last; seq++)
        sequence_mark(epoch, seq);
    seats_changed(seats, device, lane, EPOCH);
}

static void close_and_commit(struct seats *seats)
{
    struct batch batch;
    batch_init(&batch, 8 << 20);
    seats_close_batch(seats, &batch);
    for (const struct batch_item *item = batch.first; item != NULL; item = item->next)
        seats_committed(seats, &item->watermark);
    batch_release(&batch);
}

static void nothing_is_acknowledged_before_its_batch_is_committed(void **state)
{
    struct seats *seats = make();
    struct sent sent = {.budget = 10};
    struct batch batch;
    (void)state;
    see(seats, 1, LANE_URGENT, 3);
    batch_init(&batch, 8 << 20);
    seats_close_batch(seats, &batch);
    assert_int_equal(seats_send_acks(seats, send, &sent), 0);
    assert_int_equal(sent.count, 0);
    seats_committed(seats, &batch.first->watermark);
    assert_int_equal(seats_send_acks(seats, send, &sent), 0);
    assert_int_equal(sent.count, 1);
    assert_int_equal(sent.seq[0], 3);
    batch_release(&batch);
    seats_free(seats);
}

static void an_ack_says_what_was_seen_when_its_batch_was_closed(void **state)
{
    struct seats *seats = make();
    struct sent sent = {.budget = 10};
    struct batch batch;
    (void)state;
    see(seats, 0, LANE_ROUTINE, 5);
    batch_init(&batch, 8 << 20);
    seats_close_batch(seats, &batch);
    see(seats, 0, LANE_ROUTINE, 9); /* stands in the next batch */
    seats_committed(seats, &batch.first->watermark);
    seats_send_acks(seats, send, &sent);
    assert_int_equal(sent.count, 1);
    assert_int_equal(sent.seq[0], 5);
    batch_release(&batch);
    seats_free(seats);
}

static void acks_of_one_seat_are_coalesced(void **state)
{
    struct seats *seats = make();
    struct sent sent = {.budget = 10};
    (void)state;
    see(seats, 2, LANE_ROUTINE, 4);
    close_and_commit(seats);
    see(seats, 2, LANE_ROUTINE, 8);
    close_and_commit(seats);
    assert_int_equal(seats_send_acks(seats, send, &sent), 0);
    assert_int_equal(sent.count, 1);
    assert_int_equal(sent.seq[0], 8);
    seats_free(seats);
}

static void urgent_acks_go_before_routine_ones_and_a_busy_link_loses_none(void **state)
{
    struct seats *seats = make();
    struct sent sent = {.budget = 1};
    (void)state;
    see(seats, 0, LANE_ROUTINE, 1);
    see(seats, 3, LANE_URGENT, 2);
    close_and_commit(seats);
    assert_int_equal(seats_send_acks(seats, send, &sent), 1);
    assert_int_equal(sent.lane[0], LANE_URGENT);
    assert_int_equal(sent.device[0], 3);
    sent.budget = 5;
    assert_int_equal(seats_send_acks(seats, send, &sent), 0);
    assert_int_equal(sent.count, 2);
    assert_int_equal(sent.lane[1], LANE_ROUTINE);
    assert_int_equal(seats_send_acks(seats, send, &sent), 0);
    assert_int_equal(sent.count, 2);
    seats_free(seats);
}

static void a_restored_watermark_is_committed_and_makes_its_events_duplicates(void **state)
{
    struct seats *seats = make();
    struct batch_watermark watermark = {
        .device = 1, .epoch = EPOCH, .lane = LANE_URGENT, .base = 1, .seen = 42, .last_ms = 5};
    (void)state;
    seats_restore(seats, &watermark);
    const struct sequence_epoch *epoch = sequence_find(seats_sequence(seats, 1, LANE_URGENT), EPOCH);
    assert_non_null(epoch);
    assert_int_equal(sequence_judge(epoch, 42), SEQUENCE_COMMITTED);
    assert_int_equal(sequence_judge(epoch, 43), SEQUENCE_NEW);
    watermark.device = 1000; /* a device that is gone */
    seats_restore(seats, &watermark);
    seats_free(seats);
}

static void more_devices_keep_what_was_seen(void **state)
{
    struct seats *seats = make();
    (void)state;
    see(seats, 3, LANE_URGENT, 6);
    assert_int_equal(seats_grow(seats, 100), ERR_OK);
    see(seats, 99, LANE_URGENT, 1);
    assert_int_equal(sequence_find(seats_sequence(seats, 3, LANE_URGENT), EPOCH)->seen, 6);
    seats_free(seats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_acknowledged_before_its_batch_is_committed),
        cmocka_unit_test(an_ack_says_what_was_seen_when_its_batch_was_closed),
        cmocka_unit_test(acks_of_one_seat_are_coalesced),
        cmocka_unit_test(urgent_acks_go_before_routine_ones_and_a_busy_link_loses_none),
        cmocka_unit_test(a_restored_watermark_is_committed_and_makes_its_events_duplicates),
        cmocka_unit_test(more_devices_keep_what_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
