#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/fold_clock.h"

enum { HOUR_MS = 3600000, LOOK_MS = 50 };

static const int64_t W = 1772323200000; /* 2026-03-01T08:00+08:00 */

/* A machine whose wall clock stands `offset_ms` beside the true time. */
struct machine {
    struct fold_clock clock;
    int64_t mono_ms, offset_ms, last_ms;
};

static struct machine start(int64_t committed_ms)
{
    struct machine machine = {.mono_ms = 5000};
    fold_clock_init(&machine.clock, committed_ms);
    machine.last_ms =
        fold_clock_read(&machine.clock, (struct now){.mono_ms = machine.mono_ms, .wall_ms = W + 5000});
    return machine;
}

/* Runs for so long with a look every 50 ms; time may never run back. Returns how far the fold came. */
static int64_t run(struct machine *machine, int64_t for_ms)
{
    const int64_t from_ms = machine->last_ms;
    for (int64_t ran_ms = 0; ran_ms < for_ms; ran_ms += LOOK_MS) {
        machine->mono_ms += LOOK_MS;
        const int64_t t_ms = fold_clock_read(
            &machine->clock,
            (struct now){.mono_ms = machine->mono_ms, .wall_ms = W + machine->mono_ms + machine->offset_ms});
        assert_true(t_ms >= machine->last_ms);
        machine->last_ms = t_ms;
    }
    return machine->last_ms - from_ms;
}

static void it_is_the_wall_clock_as_long_as_nobody_touches_that(void **state)
{
    (void)state;
    struct machine machine = start(0);
    run(&machine, 60000);
    assert_int_equal(machine.last_ms, W + machine.mono_ms);
    machine.offset_ms = 400; /* a step of the time service */
    run(&machine, LOOK_MS);
    assert_int_equal(machine.last_ms, W + machine.mono_ms + 400);
}

static void a_leap_forward_that_is_taken_back_soon_never_happened(void **state)
{
    (void)state;
    struct machine machine = start(0);
    machine.offset_ms = 6 * HOUR_MS;
    assert_int_equal(run(&machine, 20000), 20000);
    machine.offset_ms = 0;
    run(&machine, 10000);
    assert_int_equal(machine.last_ms, W + machine.mono_ms);
}

static void a_leap_forward_that_lasts_is_followed(void **state)
{
    (void)state;
    struct machine machine = start(0);
    machine.offset_ms = 6 * HOUR_MS;
    run(&machine, FOLD_CLOCK_DOUBT_MS + 2 * LOOK_MS);
    assert_int_equal(machine.last_ms, W + machine.mono_ms + 6 * HOUR_MS);
}

static void after_a_step_back_time_goes_on_at_half_speed_until_the_wall_has_caught_up(void **state)
{
    (void)state;
    struct machine machine = start(0);
    run(&machine, 1000);
    machine.offset_ms = -2 * HOUR_MS;
    assert_int_equal(run(&machine, 60000), 30000);
    run(&machine, 4 * HOUR_MS);
    assert_int_equal(machine.last_ms, W + machine.mono_ms - 2 * HOUR_MS);
}

static void looks_a_millisecond_apart_do_not_stop_it(void **state)
{
    (void)state;
    struct machine machine = start(0);
    int64_t t_ms = 0;
    for (unsigned i = 1; i <= 1000; i++)
        t_ms = fold_clock_read(&machine.clock,
                               (struct now){.mono_ms = machine.mono_ms + i, .wall_ms = W - HOUR_MS + i});
    assert_int_equal(t_ms, machine.last_ms + 500);
}

static void a_stopped_process_finds_the_time_that_has_passed(void **state)
{
    (void)state;
    struct machine machine = start(0);
    machine.mono_ms += 60000; /* SIGSTOP: both clocks went on */
    run(&machine, LOOK_MS);
    assert_int_equal(machine.last_ms, W + machine.mono_ms);
}

static void it_starts_where_the_last_commit_was_if_the_wall_clock_is_behind(void **state)
{
    (void)state;
    struct machine machine = start(W + HOUR_MS);
    assert_int_equal(machine.last_ms, W + HOUR_MS);
    assert_int_equal(run(&machine, 1000), 500);
    assert_true(fold_clock_ahead_ms(&machine.clock, (struct now){.wall_ms = W}) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_wall_clock_as_long_as_nobody_touches_that),
        cmocka_unit_test(a_leap_forward_that_is_taken_back_soon_never_happened),
        cmocka_unit_test(a_leap_forward_that_lasts_is_followed),
        cmocka_unit_test(after_a_step_back_time_goes_on_at_half_speed_until_the_wall_has_caught_up),
        cmocka_unit_test(looks_a_millisecond_apart_do_not_stop_it),
        cmocka_unit_test(a_stopped_process_finds_the_time_that_has_passed),
        cmocka_unit_test(it_starts_where_the_last_commit_was_if_the_wall_clock_is_behind),
    };
    return cmocka_run_group_tests_name("the fold's clock", tests, NULL, NULL);
}
