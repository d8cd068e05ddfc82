/* The world as the tests of outings have it: resident r-4, who lives at 43.83/87.6, and days after 2 March
 * 2026. */
#ifndef HUYANG_TESTS_OUTING_WORLD_H
#define HUYANG_TESTS_OUTING_WORLD_H

#include "world.h"

#include "detect/detect_inner.h"
#include "detect/unusual_outing.h"

#define DAY_MS ((int64_t)86400000)

W int setup(void **state)
{
    struct world *world = world_new();
    world->records = true;
    *state = world;
    return 0;
}

W int teardown(void **state)
{
    world_free(*state);
    return 0;
}

W int64_t on_day(const struct world *world, int day, int hour, int minute)
{
    return at(world, hour, minute, 0) + day * DAY_MS;
}

W void fix(struct world *world, int64_t t_ms, double north_m)
{
    world_fix(world, t_ms, "wb-4", 43.83 + north_m / 111195.0, 87.6, 10);
}

W void door(struct world *world, int64_t t_ms, bool at_home)
{
    world_event(world, t_ms, "wb-4",
                at_home ? "{\"presence\":{\"at_home\":true,\"source\":\"door\"}}"
                        : "{\"presence\":{\"at_home\":false,\"source\":\"door\"}}");
}

W unsigned told(const struct world *world, const char *detector)
{
    unsigned count = 0;
    for (unsigned i = 0; i < world->finding_count; i++) {
        const struct finding *finding = &world->findings[i];
        count += strcmp(detectors[finding->detector]->name, detector) == 0 &&
                 finding->level >= LEVEL_YELLOW && !(finding->flags & FINDING_CLEARS);
    }
    return count;
}

W double novelty(struct world *world, double north_m, int64_t at_ms)
{
    const struct detect_context context = {.registry = world->registry, .live = world->live, .tz = world->tz};
    const struct geo_point p = {.lat = 43.83 + north_m / 111195.0, .lon = 87.6};
    const void *state = state_at(world->detect, detector_find("unusual-outing"), resident(world, "r-4").no);
    return unusual_outing_novelty(&context, state, p, at_ms);
}

#endif
