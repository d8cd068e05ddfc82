#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>

#include <cmocka.h>

#include "service/inbox.h"

enum { SENT = 20000 };

struct world {
    struct loop *loop;
    struct loop_wake *wake;
    struct inbox *inbox;
    unsigned woken;
    uint64_t seen;
};

static void on_wake(void *self, struct now now)
{
    struct world *world = self;
    (void)now;
    world->woken++;
    loop_stop(world->loop);
}

static void open_world(void (*fn)(void *self, struct now now), struct world *world)
{
    *world = (struct world){.seen = 0};
    assert_int_equal(loop_new(&world->loop), ERR_OK);
    assert_int_equal(loop_wake_new(world->loop, fn, world, &world->wake), ERR_OK);
    assert_int_equal(inbox_new(world->wake, &world->inbox), ERR_OK);
}

static void close_world(struct world *world)
{
    inbox_free(world->inbox);
    loop_wake_close(world->wake);
    loop_free(world->loop);
}

static void what_was_put_first_comes_first(void **state)
{
    struct world world;
    struct inbox_entry entry;
    (void)state;
    open_world(on_wake, &world);
    assert_false(inbox_peek(world.inbox, &entry));
    for (uint64_t round = 0; round < 3 * INBOX_MAX; round++) {
        const struct action action = {.kind = ACTION_COMMENT};
        assert_int_equal(inbox_put(world.inbox, 2 * round, &action), ERR_OK);
        assert_int_equal(inbox_put(world.inbox, 2 * round + 1, &action), ERR_OK);
        for (uint64_t i = 0; i < 2; i++) {
            assert_true(inbox_peek(world.inbox, &entry));
            assert_int_equal(entry.ticket, 2 * round + i);
            assert_int_equal(entry.action.kind, ACTION_COMMENT);
            assert_true(inbox_peek(world.inbox, &entry)); /* a look takes nothing */
            inbox_drop(world.inbox);
        }
    }
    close_world(&world);
}

static void a_full_inbox_refuses_and_loses_nothing(void **state)
{
    struct world world;
    struct inbox_entry entry;
    const struct action action = {.kind = ACTION_CALL};
    (void)state;
    open_world(on_wake, &world);
    for (uint64_t i = 0; i < INBOX_MAX; i++)
        assert_int_equal(inbox_put(world.inbox, i, &action), ERR_OK);
    assert_int_equal(inbox_put(world.inbox, 999, &action), ERR_BUSY);
    for (uint64_t i = 0; i < INBOX_MAX; i++) {
        assert_true(inbox_peek(world.inbox, &entry));
        assert_int_equal(entry.ticket, i);
        inbox_drop(world.inbox);
    }
    assert_false(inbox_peek(world.inbox, &entry));
    assert_int_equal(inbox_put(world.inbox, 1, &action), ERR_OK);
    close_world(&world);
}

static void each_entry_wakes_the_loop(void **state)
{
    struct world world;
    const struct action action = {.kind = ACTION_CALL};
    (void)state;
    open_world(on_wake, &world);
    assert_int_equal(inbox_put(world.inbox, 1, &action), ERR_OK);
    loop_run(world.loop);
    assert_int_equal(world.woken, 1);
    close_world(&world);
}

static void take_all(void *self, struct now now)
{
    struct world *world = self;
    struct inbox_entry entry;
    (void)now;
    while (inbox_peek(world->inbox, &entry)) {
        assert_int_equal(entry.ticket, world->seen);
        world->seen++;
        inbox_drop(world->inbox);
    }
    if (world->seen == SENT)
        loop_stop(world->loop);
}

static void *send_all(void *self)
{
    struct world *world = self;
    const struct action action = {.kind = ACTION_ACKNOWLEDGE};
    for (uint64_t i = 0; i < SENT;)
        i += inbox_put(world->inbox, i, &action) == ERR_OK;
    return NULL;
}

static void another_thread_may_put_while_the_loop_takes(void **state)
{
    struct world world;
    pthread_t thread;
    (void)state;
    open_world(take_all, &world);
    assert_int_equal(pthread_create(&thread, NULL, send_all, &world), 0);
    loop_run(world.loop);
    pthread_join(thread, NULL);
    assert_int_equal(world.seen, SENT);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_first_comes_first),
        cmocka_unit_test(a_full_inbox_refuses_and_loses_nothing),
        cmocka_unit_test(each_entry_wakes_the_loop),
        cmocka_unit_test(another_thread_may_put_while_the_loop_takes),
    };
    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
