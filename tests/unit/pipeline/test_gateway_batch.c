/* What a full batch may not break: the promise of "time ran to T", half a snapshot, half an input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"
#include "gateway.h"

enum { SMALL = 8192, LARGE = 32 << 20 };

static const int64_t T = 1772323200000; /* 2026-03-01T08:00+08:00 */

struct world {
    struct tz *tz;
    struct registry *registry;
    struct config *config;
    struct gateway *gateway;
    struct batch batch;
};

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
    const struct gateway_config config = {.instance = "test",
                                          .registry = world->registry,
                                          .detect = &world->config->detect,
                                          .alert = &world->config->alert,
                                          .relay = &world->config->relay,
                                          .tz = world->tz,
                                          .lateness_ms = 120000};
    assert_int_equal(gateway_new(&config, &world->gateway), ERR_OK);
    batch_init(&world->batch, LARGE);
    gateway_set_batch(world->gateway, &world->batch);
    buf_release(&errors);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    gateway_free(world->gateway);
    registry_free(world->registry);
    config_free(world->config);
    tz_free(world->tz);
    batch_release(&world->batch);
    free(world);
    return 0;
}

/* An SOS of a resident: its escalation arms timers. */
static void press(struct world *world, const char *device_id, int64_t t_ms, uint64_t seq)
{
    const uint32_t device = registry_find(world->registry, REGISTRY_DEVICE, device_id);
    struct event event = {.kind = EVENT_SOS,
                          .at_ms = t_ms,
                          .report = 1,
                          .key = {.device = device, .lane = LANE_URGENT, .epoch = 1, .seq = seq},
                          .sos = {.phase = SOS_PHASE_PRESSED}};
    enum refusal refused;
    assert_int_equal(gateway_admit(world->gateway, device, t_ms, &event, &refused, 1), 1);
    struct input input = {.t_ms = t_ms,
                          .kind = INPUT_REPORT,
                          .report = {.device = device,
                                     .epoch = 1,
                                     .first_seq = seq,
                                     .lane = LANE_URGENT,
                                     .count = 1,
                                     .events = &event}};
    assert_int_equal(gateway_on_input(world->gateway, &input), ERR_OK);
}

static void empty(struct world *world, size_t limit)
{
    batch_reset(&world->batch);
    arena_set_limit(&world->batch.arena, limit);
}

static void an_input_alone_promises_nothing_about_time(void **state)
{
    struct world *world = *state;
    press(world, "wb-0001", T, 1);
    assert_int_equal(world->batch.t_ms, 0);
    assert_true(gateway_on_tick(world->gateway, T));
    assert_int_equal(world->batch.t_ms, T);
}

/* Two alerts whose timers have the same deadlines, and room for one of them at a time. */
static void a_tick_cut_short_by_a_full_batch_promises_nothing_until_it_is_through(void **state)
{
    struct world *world = *state;
    struct gateway_stats before, after;
    press(world, "wb-0001", T, 1);
    press(world, "wb-0002", T, 1);
    assert_true(gateway_on_tick(world->gateway, T));
    empty(world, SMALL);
    gateway_stats(world->gateway, &before);
    unsigned cuts = 0;
    while (!gateway_on_tick(world->gateway, T + 600000)) {
        cuts++;
        assert_int_equal(world->batch.t_ms, 0);
        assert_in_range(cuts, 1, 1000);
        empty(world, SMALL);
    }
    gateway_stats(world->gateway, &after);
    assert_true(cuts >= 2);
    assert_true(after.timers_fired > before.timers_fired);
    assert_int_equal(world->batch.t_ms, T + 600000);
}

static void a_snapshot_that_finds_no_room_leaves_the_batch_as_it_was(void **state)
{
    struct world *world = *state;
    press(world, "wb-0001", T, 1);
    struct batch_item *last = world->batch.last;
    const size_t items = world->batch.items;
    arena_set_limit(&world->batch.arena, world->batch.arena.used + 256);
    assert_int_equal(gateway_snapshot(world->gateway), ERR_FULL);
    assert_ptr_equal(world->batch.last, last);
    assert_null(last->next);
    assert_int_equal(world->batch.items, items);
    assert_false(world->batch.snapshot);
    empty(world, 64);
    assert_int_equal(gateway_snapshot(world->gateway), ERR_FULL);
    assert_null(world->batch.first);
    /* Nothing of it was forgotten. */
    empty(world, LARGE);
    assert_int_equal(gateway_snapshot(world->gateway), ERR_OK);
    assert_true(world->batch.snapshot);
    assert_true(world->batch.items > 2);
    assert_int_equal(world->batch.last->kind, BATCH_STATE_DONE);
}

static void an_input_that_takes_more_than_its_share_is_recorded_whole(void **state)
{
    struct world *world = *state;
#define X(name) +1
    enum { KINDS = BATCH_MAP(X) };
#undef X
    unsigned kinds[KINDS] = {0};
    empty(world, 512);
    press(world, "wb-0001", T, 1); /* an empty batch always has room */
    for (const struct batch_item *item = world->batch.first; item != NULL; item = item->next)
        kinds[item->kind]++;
    assert_int_equal(kinds[BATCH_INPUT], 1);
    assert_true(kinds[BATCH_FINDING] > 0 && kinds[BATCH_TRANSITION] > 0 && kinds[BATCH_JOB] > 0);
    assert_true(world->batch.arena.used > 512);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        TEST(an_input_alone_promises_nothing_about_time),
        TEST(a_tick_cut_short_by_a_full_batch_promises_nothing_until_it_is_through),
        TEST(a_snapshot_that_finds_no_room_leaves_the_batch_as_it_was),
        TEST(an_input_that_takes_more_than_its_share_is_recorded_whole),
    };
#undef TEST
    return cmocka_run_group_tests_name("gateway and its batch", tests, NULL, NULL);
}
