#include "service/fold_clock.h"

void fold_clock_init(struct fold_clock *clock, int64_t t_ms)
{
    *clock = (struct fold_clock){.t_ms = t_ms};
}

int64_t fold_clock_read(struct fold_clock *clock, struct now now)
{
    if (!clock->started) {
        clock->started = true;
        clock->mono_ms = now.mono_ms;
        if (now.wall_ms > clock->t_ms)
            clock->t_ms = now.wall_ms;
        return clock->t_ms;
    }
    if (now.mono_ms < clock->mono_ms)
        return clock->t_ms;
    const int64_t elapsed_ms = now.mono_ms - clock->mono_ms;
    clock->mono_ms = now.mono_ms;
    if (now.wall_ms < clock->t_ms) {
        clock->leap_ms = 0;
        clock->half_ms += elapsed_ms;
        clock->t_ms += clock->half_ms / 2;
        clock->half_ms %= 2;
        return clock->t_ms;
    }
    clock->half_ms = 0;
    if (now.wall_ms - clock->t_ms <= elapsed_ms + FOLD_CLOCK_LEAP_MS) {
        clock->leap_ms = 0;
        clock->t_ms = now.wall_ms;
        return clock->t_ms;
    }
    if (clock->leap_ms == 0)
        clock->leap_ms = now.mono_ms;
    if (now.mono_ms - clock->leap_ms >= FOLD_CLOCK_DOUBT_MS) {
        clock->leap_ms = 0;
        clock->t_ms = now.wall_ms;
    } else {
        clock->t_ms += elapsed_ms;
    }
    return clock->t_ms;
}

int64_t fold_clock_ahead_ms(const struct fold_clock *clock, struct now now)
{
    return clock->started ? clock->t_ms - now.wall_ms : 0;
}
