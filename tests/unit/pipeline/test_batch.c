#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "batch.h"

static void items_come_back_in_the_order_they_were_added(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, 1 << 20);
    for (uint32_t i = 0; i < 1000; i++) {
        struct batch_item *item = batch_add(&batch, i % 2 == 0 ? BATCH_INPUT : BATCH_GAP);
        assert_non_null(item);
        if (i % 2 == 0)
            item->input.n = i;
        else
            item->gap.from = i;
    }
    uint32_t i = 0;
    for (const struct batch_item *item = batch.first; item != NULL; item = item->next, i++) {
        assert_int_equal(item->kind, i % 2 == 0 ? BATCH_INPUT : BATCH_GAP);
        assert_int_equal(i % 2 == 0 ? item->input.n : item->gap.from, i);
    }
    assert_int_equal(i, 1000);
    assert_int_equal(batch.items, 1000);
    batch_release(&batch);
}

static void a_new_item_is_zero_also_in_used_memory(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, 1 << 20);
    for (int round = 0; round < 2; round++) {
        for (unsigned kind = BATCH_INPUT; kind <= BATCH_STATE; kind++) {
            struct batch_item *item = batch_add(&batch, (enum batch_kind)kind);
            assert_non_null(item);
            assert_null(item->next);
            assert_int_equal(item->kind, kind);
            assert_int_equal(*(const unsigned char *)&item->input, 0);
            memset(&item->watermark, 0xff, sizeof(uint64_t));
        }
        batch_reset(&batch);
        assert_null(batch.first);
        assert_null(batch.last);
        assert_int_equal(batch.items, 0);
    }
    batch_release(&batch);
}

static void every_kind_has_room_for_its_whole_member(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, 1 << 20);
#define FILL(kind, member)                                                                                   \
    memset(&batch_add(&batch, BATCH_##kind)->member, 0xee, sizeof(((struct batch_item *)NULL)->member))
    FILL(INPUT, input);
    FILL(FINDING, finding);
    FILL(TRANSITION, transition);
    FILL(ALERT, alert);
    FILL(JOB, row);
    FILL(DELIVERY, delivery);
    FILL(WATERMARK, watermark);
    FILL(GAP, gap);
    FILL(STATE, state);
#undef FILL
    assert_non_null(batch_add(&batch, BATCH_STATE_DONE));
    unsigned kind = 0;
    for (const struct batch_item *item = batch.first; item != NULL; item = item->next)
        assert_int_equal(item->kind, kind++);
    batch_release(&batch);
}

static void a_full_arena_refuses_and_the_batch_stays_whole(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, 4096);
    size_t added = 0;
    while (batch_add(&batch, BATCH_FINDING) != NULL)
        added++;
    assert_true(added > 0);
    assert_int_equal(batch.items, added);
    size_t walked = 0;
    for (const struct batch_item *item = batch.first; item != NULL; item = item->next)
        walked++;
    assert_int_equal(walked, added);
    batch_release(&batch);
}

static void room_ends_before_an_input_could_fail_half_way(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, 4 * (size_t)BATCH_INPUT_BYTES);
    assert_true(batch_room(&batch));
    assert_non_null(batch_add(&batch, BATCH_INPUT));
    while (batch_room(&batch)) {
        assert_true(batch.arena.limit - batch.arena.used >= BATCH_INPUT_BYTES);
        assert_non_null(arena_alloc(&batch.arena, 100000));
    }
    batch_reset(&batch);
    assert_true(batch_room(&batch));
    batch_release(&batch);
}

static void an_empty_batch_has_room_however_small_it_is(void **state)
{
    (void)state;
    struct batch batch;
    batch_init(&batch, 64);
    assert_true(batch_room(&batch));
    batch_release(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_back_in_the_order_they_were_added),
        cmocka_unit_test(a_new_item_is_zero_also_in_used_memory),
        cmocka_unit_test(every_kind_has_room_for_its_whole_member),
        cmocka_unit_test(a_full_arena_refuses_and_the_batch_stays_whole),
        cmocka_unit_test(room_ends_before_an_input_could_fail_half_way),
        cmocka_unit_test(an_empty_batch_has_room_however_small_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
