/* Rows restart and memory: how long the gateway is away after kill -9 under load, how long a process with a
 * million residents needs, and what it keeps in memory meanwhile. "Ready" is what /healthz says: the state of
 * the last commit is back, the broker is connected and subscribed, commits succeed. */
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "bench.h"
#include "bench_world.h"

enum {
    HOMES = 1000,
    MANY_HOMES = 1000000,
    MANY_HOMES_QUICK = 3000,
    KILLS = 9,
    KILLS_QUICK = 2,
    LOAD_RATE = 1000,
    READY_WAIT_S = 60,
    MANY_READY_WAIT_S = 600
};

static void rest(double seconds)
{
    const struct timespec some = {.tv_sec = (time_t)seconds,
                                  .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&some, NULL);
}

static void add_county(struct bench *bench, double *ready_s, size_t count,
                       const struct bench_load_result *load)
{
    struct bench_figure figure = {.row = "restart",
                                  .name = "one county ready after kill -9 under load, slowest",
                                  .unit = "s",
                                  .value = bench_quantile(ready_s, count, 1),
                                  .at_most = 1};
    snprintf(
        figure.note, sizeof(figure.note),
        "%zu kills at %d events/s, median %.2f s, from the kill until /healthz is good; %lu events sent, "
        "%lu lanes never wholly acknowledged (the load does not send again, devices do)",
        count, LOAD_RATE, bench_quantile(ready_s, count, 0.5), load->sent, load->left);
    bench_add(bench, &figure);
}

/* Kills and restarts while the load runs; false when it did not come back. */
static bool kill_and_wait(struct bench *bench, struct bench_world *world, double *ready_s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bench_say(bench, "restart: kill %zu of %zu", i + 1, count);
        rest(1.3 + 0.17 * (double)i); /* at different moments between two snapshots */
        const double start = bench_mono_s();
        bench_world_stop_gateway(world, SIGKILL);
        if (!bench_world_gateway(world, READY_WAIT_S, NULL))
            return false;
        ready_s[i] = bench_mono_s() - start;
    }
    return true;
}

static void measure_county(struct bench *bench)
{
    struct bench_world world;
    struct bench_child load = {.pid = 0};
    struct bench_load_result result = {.sent = 0};
    double ready_s[KILLS];
    const size_t count = bench->quick ? KILLS_QUICK : KILLS;
    bool well = bench_world_open(bench, "restart", HOMES, &world) &&
                bench_world_gateway(&world, READY_WAIT_S, NULL) &&
                bench_world_load(&world, BENCH_COUNTY, LOAD_RATE, (double)count * 3, false, &load);
    if (well) {
        bench_load_go(&load);
        well = kill_and_wait(bench, &world, ready_s, count) && bench_load_result(&load, &result);
    }
    if (well)
        add_county(bench, ready_s, count, &result);
    else
        bench_missing(bench, "restart", "one county ready after kill -9", "%s", world.why);
    bench_child_end(&load, SIGTERM);
    bench_world_close(&world);
}

/* A million residents: imported once, some load, killed, started. */
static bool run_many(struct bench *bench, struct bench_world *world, double *ret_import_s,
                     double *ret_ready_s, double *ret_rss)
{
    struct bench_child load;
    struct bench_load_result result;
    bench_say(bench, "restart: a large county is imported for the first time");
    if (!bench_world_gateway(world, MANY_READY_WAIT_S, ret_import_s))
        return false;
    bench_say(bench, "restart: some load for it");
    if (!bench_world_load(world, BENCH_COUNTY, 5000, bench->quick ? 1 : 20, false, &load))
        return false;
    bench_load_go(&load);
    const bool loaded = bench_load_result(&load, &result);
    bench_child_end(&load, SIGTERM);
    *ret_rss = bench_rss(world->gateway.pid);
    const double start = bench_mono_s();
    bench_world_stop_gateway(world, SIGKILL);
    bench_say(bench, "restart: started again");
    if (!bench_world_gateway(world, MANY_READY_WAIT_S, NULL))
        return false;
    *ret_ready_s = bench_mono_s() - start;
    return loaded;
}

static void measure_many(struct bench *bench)
{
    struct bench_world world;
    double import_s = 0, ready_s = 0, rss = 0;
    const unsigned homes = bench->quick ? MANY_HOMES_QUICK : MANY_HOMES;
    bench_say(bench, "restart: a county of %u homes is made", homes);
    if (!bench_world_open(bench, "many", homes, &world) ||
        !run_many(bench, &world, &import_s, &ready_s, &rss)) {
        bench_missing(bench, "restart", "many residents ready", "%s", world.why);
        bench_world_close(&world);
        return;
    }
    struct bench_figure ready = {.row = "restart", .unit = "s", .value = ready_s, .at_most = 15};
    snprintf(ready.name, sizeof(ready.name), "%u homes ready after kill -9", homes);
    snprintf(ready.note, sizeof(ready.note),
             "the registry from the database, the state, 2 devices a home; the "
             "first start, which imports the folder, took %.1f s",
             import_s);
    bench_add(bench, &ready);
    struct bench_figure memory = {
        .row = "memory", .unit = "bytes", .value = rss / homes, .at_most = bench->quick ? 0 : 4096};
    snprintf(memory.name, sizeof(memory.name), "the daemon with %u homes, per home", homes);
    snprintf(memory.note, sizeof(memory.note),
             "%.0f MB resident after the load; row core says what more the "
             "state takes once every device has reported",
             rss / 1e6);
    bench_add(bench, &memory);
    bench_world_close(&world);
}

void bench_restart(struct bench *bench)
{
    measure_county(bench);
    measure_many(bench);
}

void bench_memory(struct bench *bench)
{
    struct bench_world world;
    struct bench_child load;
    struct bench_load_result result = {.sent = 0};
    bool well =
        bench_world_open(bench, "memory", HOMES, &world) && bench_world_gateway(&world, READY_WAIT_S, NULL);
    const double idle = well ? bench_rss(world.gateway.pid) : 0;
    bench_say(bench, "memory: load");
    well = well && bench_world_load(&world, BENCH_COUNTY, LOAD_RATE, bench->quick ? 1 : 30, false, &load);
    if (well) {
        bench_load_go(&load);
        well = bench_load_result(&load, &result);
        bench_child_end(&load, SIGTERM);
    }
    if (well) {
        struct bench_figure figure = {.row = "memory",
                                      .name = "the daemon with one county of 2,000 devices, after load",
                                      .unit = "MB resident",
                                      .value = bench_rss(world.gateway.pid) / 1e6,
                                      .at_most = 32};
        snprintf(figure.note, sizeof(figure.note), "%.1f MB before the load of %lu events at %d/s",
                 idle / 1e6, result.sent, LOAD_RATE);
        bench_add(bench, &figure);
    } else {
        bench_missing(bench, "memory", "the daemon with one county", "%s", world.why);
    }
    bench_world_close(&world);
}
