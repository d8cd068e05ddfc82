#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/timers.h"

enum { OWNERS = 40 };

/* A small generator with a fixed seed: the same sequence on every run. */
static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

/* Fires everything due at or before `until_ms`; returns how many fired. */
static size_t run(struct timers *timers, struct timer_slot *slots, int64_t until_ms, int64_t *fired_at,
                  uint64_t *fired)
{
    size_t count = 0;
    int64_t deadline_ms;
    uint64_t owner;
    while (timers_peek(timers, until_ms, &deadline_ms, &owner)) {
        if (timers_fires(timers, &slots[owner])) {
            fired_at[count] = deadline_ms;
            fired[count++] = owner;
        }
    }
    return count;
}

static void timers_fire_in_order_of_deadline_and_then_owner(void **state)
{
    (void)state;
    struct timers timers;
    struct timer_slot slots[4] = {0};
    timers_init(&timers, 16);
    assert_true(timers_next(&timers) == INT64_MAX);
    assert_int_equal(timers_arm(&timers, 3, &slots[3], 100), ERR_OK);
    assert_int_equal(timers_arm(&timers, 1, &slots[1], 100), ERR_OK);
    assert_int_equal(timers_arm(&timers, 2, &slots[2], 50), ERR_OK);
    assert_int_equal(timers_arm(&timers, 0, &slots[0], 101), ERR_OK);
    assert_int_equal(timers_next(&timers), 50);
    int64_t at[8];
    uint64_t fired[8];
    assert_int_equal(run(&timers, slots, 100, at, fired), 3);
    assert_int_equal(fired[0], 2);
    assert_int_equal(fired[1], 1);
    assert_int_equal(fired[2], 3);
    assert_int_equal(slots[1].deadline_ms, TIMER_OFF);
    assert_int_equal(run(&timers, slots, 101, at, fired), 1);
    assert_int_equal(timers.count, 0);
    timers_release(&timers);
}

static void moving_a_deadline_later_costs_no_entry_and_fires_once(void **state)
{
    (void)state;
    struct timers timers;
    struct timer_slot slot = {0};
    timers_init(&timers, 1);
    for (int64_t deadline = 10; deadline <= 1000; deadline += 10)
        assert_int_equal(timers_arm(&timers, 0, &slot, deadline), ERR_OK);
    int64_t at[8];
    uint64_t fired[8];
    assert_int_equal(run(&timers, &slot, 999, at, fired), 0);
    assert_int_equal(timers.count, 1);
    assert_int_equal(run(&timers, &slot, 1000, at, fired), 1);
    assert_int_equal(at[0], 1000);
    timers_release(&timers);
}

static void a_disarmed_or_orphaned_timer_does_not_fire(void **state)
{
    (void)state;
    struct timers timers;
    struct timer_slot slot = {0};
    timers_init(&timers, 4);
    assert_int_equal(timers_arm(&timers, 0, &slot, 10), ERR_OK);
    assert_int_equal(timers_arm(&timers, 0, &slot, TIMER_OFF), ERR_OK);
    int64_t at[8];
    uint64_t fired[8];
    assert_int_equal(run(&timers, &slot, 100, at, fired), 0);
    assert_int_equal(slot.queued_ms, TIMER_OFF);
    assert_int_equal(timers_arm(&timers, 0, &slot, 200), ERR_OK);
    int64_t deadline_ms;
    uint64_t owner;
    assert_true(timers_peek(&timers, 200, &deadline_ms, &owner));
    assert_false(timers_fires(&timers, NULL));
    assert_int_equal(timers.count, 0);
    timers_release(&timers);
}

static void at_the_cap_arming_fails_and_the_old_deadline_stays(void **state)
{
    (void)state;
    struct timers timers;
    struct timer_slot slots[2] = {0};
    timers_init(&timers, 1);
    assert_int_equal(timers_arm(&timers, 0, &slots[0], 100), ERR_OK);
    assert_int_equal(timers_arm(&timers, 1, &slots[1], 50), ERR_FULL);
    assert_int_equal(slots[1].deadline_ms, TIMER_OFF);
    assert_int_equal(timers_arm(&timers, 0, &slots[0], 50), ERR_FULL);
    assert_int_equal(slots[0].deadline_ms, 100);
    assert_int_equal(timers_arm(&timers, 0, &slots[0], 150), ERR_OK);
    assert_int_equal(timers_reserve(&timers, 2), ERR_FULL);
    assert_int_equal(timers_reserve(&timers, 1), ERR_OK);
    timers_release(&timers);
}

static void a_slot_restored_from_a_snapshot_fires_at_its_stored_deadline(void **state)
{
    (void)state;
    struct timers timers;
    struct timer_slot slot = {.deadline_ms = 70};
    timers_init(&timers, 4);
    assert_int_equal(timers_arm(&timers, 0, &slot, slot.deadline_ms), ERR_OK);
    int64_t at[8];
    uint64_t fired[8];
    assert_int_equal(run(&timers, &slot, 70, at, fired), 1);
    assert_int_equal(at[0], 70);
    timers_release(&timers);
}

/* Against a model that simply looks at every slot: any mix of arming, moving, disarming, firing and re-arming
 * while firing fires the same owners at the same times in the same order. */
static void any_mix_of_moves_fires_as_a_plain_list_would(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 200; round++) {
        uint32_t seed = round * 7919 + 1;
        struct timers timers;
        struct timer_slot slots[OWNERS] = {0};
        int64_t model[OWNERS] = {0};
        int64_t now = 1;
        timers_init(&timers, 100000);
        for (int step = 0; step < 300; step++) {
            uint64_t owner = draw(&seed, OWNERS);
            int64_t deadline = draw(&seed, 5) == 0 ? TIMER_OFF : now + draw(&seed, 60);
            assert_int_equal(timers_arm(&timers, owner, &slots[owner], deadline), ERR_OK);
            model[owner] = deadline;
            if (draw(&seed, 4))
                continue;
            now += draw(&seed, 30);
            int64_t at;
            uint64_t who;
            while (timers_peek(&timers, now, &at, &who)) {
                if (!timers_fires(&timers, &slots[who]))
                    continue;
                uint64_t expected = OWNERS;
                for (uint64_t i = 0; i < OWNERS; i++)
                    if (model[i] && model[i] <= now && (expected == OWNERS || model[i] < model[expected]))
                        expected = i;
                assert_int_equal(who, expected);
                assert_int_equal(at, model[expected]);
                model[expected] = draw(&seed, 3) == 0 ? at + 1 + draw(&seed, 40) : TIMER_OFF;
                assert_int_equal(timers_arm(&timers, who, &slots[who], model[expected]), ERR_OK);
            }
            for (uint64_t i = 0; i < OWNERS; i++) {
                assert_true(model[i] == 0 || model[i] > now);
                assert_int_equal(slots[i].deadline_ms, model[i]);
            }
        }
        timers_release(&timers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_of_deadline_and_then_owner),
        cmocka_unit_test(moving_a_deadline_later_costs_no_entry_and_fires_once),
        cmocka_unit_test(a_disarmed_or_orphaned_timer_does_not_fire),
        cmocka_unit_test(at_the_cap_arming_fails_and_the_old_deadline_stays),
        cmocka_unit_test(a_slot_restored_from_a_snapshot_fires_at_its_stored_deadline),
        cmocka_unit_test(any_mix_of_moves_fires_as_a_plain_list_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
