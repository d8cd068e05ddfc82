#include "service/watch.h"

void watch_init(struct watch *watch)
{
    for (unsigned part = 0; part < PART_OF_COUNT; part++)
        watch->parts[part] = (struct watch_part){.since_ms = WATCH_SAME};
}

void watch_resume(struct watch *watch, enum part part)
{
    watch->parts[part].told = true;
}

bool watch_see(struct watch *watch, enum part part, bool bad, int64_t after_ms, int64_t calm_ms,
               int64_t mono_ms)
{
    struct watch_part *seen = &watch->parts[part];
    if (bad == seen->told) {
        seen->since_ms = WATCH_SAME;
        return false;
    }
    if (seen->since_ms == WATCH_SAME)
        seen->since_ms = mono_ms;
    return mono_ms - seen->since_ms >= (bad ? after_ms : calm_ms << seen->relapses);
}

void watch_told(struct watch *watch, enum part part, bool bad, int64_t mono_ms)
{
    struct watch_part *seen = &watch->parts[part];
    seen->told = bad;
    seen->since_ms = WATCH_SAME;
    if (!bad)
        seen->over_ms = mono_ms;
    else if (seen->over_ms == 0 || mono_ms - seen->over_ms > WATCH_RELAPSE_MS)
        seen->relapses = 0;
    else if (seen->relapses < WATCH_RELAPSES_MAX)
        seen->relapses++;
}
