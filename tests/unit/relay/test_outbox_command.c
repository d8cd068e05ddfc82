/* Commands: nothing of the network, so all times are this test's own. */
#include "world.h"

static void add_at(struct world *world, const struct outbox_row *row, int64_t ms)
{
    world->adding = true;
    assert_int_equal(outbox_add(world->outbox, row, (struct now){.mono_ms = ms, .wall_ms = 1000000 + ms}),
                     ERR_OK);
    world->adding = false;
}

static int64_t tick_at(struct world *world, int64_t ms)
{
    return outbox_tick(world->outbox, (struct now){.mono_ms = ms, .wall_ms = 1000000 + ms});
}

static void heard_at(struct world *world, const struct outbox_row *row, int64_t ms)
{
    outbox_on_heard(world->outbox, row->device, (struct now){.mono_ms = ms, .wall_ms = 1000000 + ms});
}

static void a_command_waits_until_its_device_is_heard(void **state)
{
    struct world *world = *state;
    struct outbox_row row = command_of(world, "wb-1", LEVEL_RED, 1);
    add_at(world, &row, 0);
    tick_at(world, 1000);
    assert_int_equal(world->published_count, 0);
    heard_at(world, &row, 2000);
    tick_at(world, 2000);
    assert_int_equal(world->published_count, 1);
    assert_string_equal(world->published[0], "wb-1");
    assert_told(world, 0, DELIVERY_SENT, "");
}

static void a_command_to_a_silent_device_is_never_sent_and_expires_with_its_reason(void **state)
{
    struct world *world = *state;
    struct outbox_row row = command_of(world, "wb-1", LEVEL_RED, 1);
    add_at(world, &row, 0);
    assert_int_equal(tick_at(world, 0), 120000);
    tick_at(world, 119999);
    assert_int_equal(world->told_count, 0);
    tick_at(world, 120000);
    assert_int_equal(world->told_count, 1);
    assert_told(world, 0, DELIVERY_EXPIRED, "the device was not heard");
    heard_at(world, &row, 121000);
    tick_at(world, 121000);
    assert_int_equal(world->published_count, 0);
}

static void a_command_is_repeated_until_received_with_growing_waits(void **state)
{
    struct world *world = *state;
    struct outbox_row row = command_of(world, "wb-1", LEVEL_RED, 1);
    heard_at(world, &row, 0);
    add_at(world, &row, 0);
    int64_t due = tick_at(world, 0);
    assert_int_equal(world->published_count, 1);
    assert_in_range(due, 4000, 6000);
    int64_t second = tick_at(world, due);
    assert_int_equal(world->published_count, 2);
    assert_in_range(second - due, 8000, 12000);
    outbox_on_state(world->outbox, &row.id, DELIVERY_RECEIVED, (struct now){0});
    assert_true(tick_at(world, 1000000) == INT64_MAX);
    assert_int_equal(world->published_count, 2);
    assert_int_equal(world->told_count, 1);
}

static void a_command_without_an_answer_expires(void **state)
{
    struct world *world = *state;
    struct outbox_row row = command_of(world, "wb-1", LEVEL_RED, 1);
    heard_at(world, &row, 0);
    add_at(world, &row, 0);
    tick_at(world, 0);
    tick_at(world, 120000);
    assert_int_equal(world->published_count, 1);
    assert_int_equal(world->told_count, 2);
    assert_told(world, 1, DELIVERY_EXPIRED, "the device did not answer");
}

static void a_device_heard_again_after_silence_gets_its_command_at_once(void **state)
{
    struct world *world = *state;
    struct outbox_row row = command_of(world, "wb-1", LEVEL_RED, 1);
    heard_at(world, &row, 0);
    add_at(world, &row, 0);
    tick_at(world, 0);
    tick_at(world, 6000);
    tick_at(world, 19000);
    assert_int_equal(world->published_count, 3);
    heard_at(world, &row, 31000);
    tick_at(world, 31000);
    assert_int_equal(world->published_count, 4);
    /* One that talks on is not sent another copy for every word. */
    heard_at(world, &row, 31500);
    tick_at(world, 31500);
    assert_int_equal(world->published_count, 4);
}

static void after_the_last_will_a_command_waits_again(void **state)
{
    struct world *world = *state;
    struct outbox_row row = command_of(world, "wb-1", LEVEL_RED, 1);
    heard_at(world, &row, 0);
    add_at(world, &row, 0);
    tick_at(world, 0);
    outbox_on_gone(world->outbox, row.device, (struct now){.mono_ms = 100, .wall_ms = 1000100});
    tick_at(world, 60000);
    assert_int_equal(world->published_count, 1);
    heard_at(world, &row, 61000);
    tick_at(world, 61000);
    assert_int_equal(world->published_count, 2);
}

static void a_full_link_is_tried_again_red_first(void **state)
{
    struct world *world = *state;
    struct outbox_row rest = command_of(world, "wb-2", LEVEL_YELLOW, 1),
                      red = command_of(world, "wb-1", LEVEL_RED, 2);
    heard_at(world, &rest, 0);
    heard_at(world, &red, 0);
    world->publish_err = ERR_BUSY;
    add_at(world, &rest, 0);
    add_at(world, &red, 0);
    int64_t due = tick_at(world, 0);
    assert_int_equal(world->told_count, 0);
    assert_in_range(due, 1, 100);
    world->publish_err = ERR_OK;
    tick_at(world, 1000);
    assert_int_equal(world->published_count, 2);
    assert_string_equal(world->published[0], "wb-1");
    assert_string_equal(world->published[1], "wb-2");
}

static void a_failing_link_is_tried_again_and_nothing_is_called_sent(void **state)
{
    struct world *world = *state;
    struct outbox_row row = command_of(world, "wb-1", LEVEL_RED, 1);
    heard_at(world, &row, 0);
    world->publish_err = ERR_IO;
    add_at(world, &row, 0);
    tick_at(world, 0);
    assert_int_equal(world->told_count, 0);
    world->publish_err = ERR_OK;
    tick_at(world, 2000);
    assert_told(world, 0, DELIVERY_SENT, "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_command_waits_until_its_device_is_heard),
        T(a_command_to_a_silent_device_is_never_sent_and_expires_with_its_reason),
        T(a_command_is_repeated_until_received_with_growing_waits),
        T(a_command_without_an_answer_expires),
        T(a_device_heard_again_after_silence_gets_its_command_at_once),
        T(after_the_last_will_a_command_waits_again),
        T(a_full_link_is_tried_again_red_first),
        T(a_failing_link_is_tried_again_and_nothing_is_called_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
