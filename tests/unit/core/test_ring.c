#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "core/ring.h"

static bool put_text(struct ring *ring, const char *text)
{
    struct ring_part part = {.data = text, .len = strlen(text)};
    return ring_put(ring, &part, 1);
}

static void the_size_is_rounded_up_to_a_power_of_two(void **state)
{
    (void)state;
    struct ring *ring;
    assert_int_equal(ring_new(1000, &ring), ERR_OK);
    assert_int_equal(ring_size(ring), 1024);
    ring_free(ring);
    assert_int_equal(ring_new(1024, &ring), ERR_OK);
    assert_int_equal(ring_size(ring), 1024);
    ring_free(ring);
    assert_int_equal(ring_new(SIZE_MAX, &ring), ERR_RANGE);
    ring_free(NULL);
}

static void parts_become_one_contiguous_aligned_record(void **state)
{
    (void)state;
    struct ring *ring;
    assert_int_equal(ring_new(256, &ring), ERR_OK);
    size_t len = 99;
    assert_null(ring_peek(ring, &len));
    assert_int_equal(len, 99);
    const struct ring_part parts[] = {
        {.data = "topic", .len = 5}, {.data = NULL, .len = 0}, {.data = "payload", .len = 7}};
    assert_true(ring_put(ring, parts, 3));
    assert_true(ring_put(ring, NULL, 0));
    const void *record = ring_peek(ring, &len);
    assert_int_equal(len, 12);
    assert_int_equal((uintptr_t)record % 8, 0);
    assert_memory_equal(record, "topicpayload", 12);
    assert_ptr_equal(ring_peek(ring, &len), record);
    ring_drop(ring);
    assert_non_null(ring_peek(ring, &len));
    assert_int_equal(len, 0);
    ring_drop(ring);
    assert_null(ring_peek(ring, &len));
    assert_int_equal(ring_used(ring), 0);
    ring_free(ring);
}

static void a_full_ring_refuses_counts_and_keeps_what_it_holds(void **state)
{
    (void)state;
    struct ring *ring;
    assert_int_equal(ring_new(64, &ring), ERR_OK);
    for (int i = 0; i < 4; i++)
        assert_true(put_text(ring, "12345678"));
    assert_int_equal(ring_used(ring), 64);
    assert_false(put_text(ring, ""));
    assert_int_equal(ring_refused(ring), 1);
    size_t len;
    for (int i = 0; i < 4; i++) {
        assert_memory_equal(ring_peek(ring, &len), "12345678", 8);
        ring_drop(ring);
    }
    assert_true(put_text(ring, "again"));
    ring_free(ring);
}

static void a_record_up_to_half_the_ring_fits_an_empty_ring_at_every_position(void **state)
{
    (void)state;
    struct ring *ring;
    char big[121];
    memset(big, 'b', sizeof big);
    assert_int_equal(ring_new(256, &ring), ERR_OK);
    for (size_t step = 0; step < 64; step++) {
        size_t len;
        struct ring_part part = {.data = big, .len = 120};
        assert_true(ring_put(ring, &part, 1));
        assert_memory_equal(ring_peek(ring, &len), big, 120);
        assert_int_equal(len, 120);
        ring_drop(ring);
        assert_true(put_text(ring, "x"));
        assert_non_null(ring_peek(ring, &len));
        ring_drop(ring);
    }
    struct ring_part part = {.data = big, .len = 121};
    assert_false(ring_put(ring, &part, 1));
    const struct ring_part overflow[] = {{.data = big, .len = 100}, {.data = big, .len = SIZE_MAX - 50}};
    assert_false(ring_put(ring, overflow, 2));
    assert_int_equal(ring_refused(ring), 2);
    ring_free(ring);
}

/* A producer thread writes numbered records of changing length; what is refused is tried again. */
enum { RECORDS = 200000 };

static size_t record_len(uint64_t number)
{
    return sizeof number + (size_t)(number * 2654435761u % 97);
}

static void *produce(void *arg)
{
    struct ring *ring = arg;
    unsigned char tail[97];
    for (uint64_t number = 0; number < RECORDS; number++) {
        memset(tail, (int)(number & 0xff), sizeof tail);
        const struct ring_part parts[] = {{.data = &number, .len = sizeof number},
                                          {.data = tail, .len = record_len(number) - sizeof number}};
        while (!ring_put(ring, parts, 2))
            sched_yield();
    }
    return NULL;
}

static void a_producer_thread_and_a_consumer_thread_agree_on_every_byte(void **state)
{
    (void)state;
    struct ring *ring;
    pthread_t producer;
    assert_int_equal(ring_new(1024, &ring), ERR_OK);
    assert_int_equal(pthread_create(&producer, NULL, produce, ring), 0);
    for (uint64_t number = 0; number < RECORDS;) {
        size_t len;
        const unsigned char *record = ring_peek(ring, &len);
        if (!record) {
            sched_yield();
            continue;
        }
        uint64_t got;
        memcpy(&got, record, sizeof got);
        assert_int_equal(got, number);
        assert_int_equal(len, record_len(number));
        for (size_t i = sizeof got; i < len; i++)
            assert_int_equal(record[i], number & 0xff);
        assert_true(ring_used(ring) <= ring_size(ring));
        ring_drop(ring);
        number++;
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    assert_int_equal(ring_used(ring), 0);
    ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_size_is_rounded_up_to_a_power_of_two),
        cmocka_unit_test(parts_become_one_contiguous_aligned_record),
        cmocka_unit_test(a_full_ring_refuses_counts_and_keeps_what_it_holds),
        cmocka_unit_test(a_record_up_to_half_the_ring_fits_an_empty_ring_at_every_position),
        cmocka_unit_test(a_producer_thread_and_a_consumer_thread_agree_on_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
