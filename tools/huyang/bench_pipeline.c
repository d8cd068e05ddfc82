/* Row pipeline: the gateway's CPU per event, one event a message, durable and acknowledged, beside a bare
 * client that receives the same messages and answers each. Gateway and bare client take turns within one run
 * on one broker, with the same load from a third process; the bare client's messages carry another county's
 * code, which the gateway does not hear. CPU is the sum of the threads' schedstat, from before the first
 * message until everything was answered. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "bench_world.h"

#define BARE_COUNTY "654322"
enum { ROUNDS = 3, HOMES = 1000 };

struct turn {
    double cpu_s, broker_cpu_s;
    unsigned long events, answers, left;
};

static void add_turn(struct turn *sum, const struct turn *turn)
{
    sum->cpu_s += turn->cpu_s;
    sum->broker_cpu_s += turn->broker_cpu_s;
    sum->events += turn->events;
    sum->answers += turn->answers;
    sum->left += turn->left;
}

/* One load on whoever listens, which is process `pid`. */
static bool run_turn(struct bench_world *world, int pid, const char *county, double rate, double seconds,
                     struct turn *ret_turn)
{
    struct bench_child load;
    struct bench_load_result result;
    if (!bench_world_load(world, county, rate, seconds, strcmp(county, BARE_COUNTY) == 0, &load))
        return false;
    const double cpu = bench_process_cpu_s(pid), broker = bench_process_cpu_s(world->broker.pid);
    bench_load_go(&load);
    const bool well = bench_load_result(&load, &result);
    *ret_turn = (struct turn){.cpu_s = bench_process_cpu_s(pid) - cpu,
                              .broker_cpu_s = bench_process_cpu_s(world->broker.pid) - broker,
                              .events = result.sent,
                              .answers = result.answered,
                              .left = result.left};
    bench_child_end(&load, SIGTERM);
    if (!well)
        snprintf(world->why, sizeof(world->why), "the load ended early");
    return well;
}

static bool run_bare(struct bench_world *world, double rate, double seconds, struct turn *ret_turn)
{
    struct bench_child bare;
    char url[64];
    snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", world->mqtt_port);
    char *const argv[] = {"huyang", "bench", "--role", "bare", "--url", url, "--county", BARE_COUNTY, NULL};
    if (!bench_world_role(world, argv, &bare))
        return false;
    const bool well = run_turn(world, bare.pid, BARE_COUNTY, rate, seconds, ret_turn);
    bench_child_end(&bare, SIGTERM);
    return well;
}

static void add_figure(struct bench *bench, double rate, const struct turn *gateway, const struct turn *bare)
{
    struct bench_figure figure = {.row = "pipeline",
                                  .unit = "us CPU/event",
                                  .value = 1e6 * gateway->cpu_s / (double)gateway->events,
                                  .yardstick = "a bare paho client that receives the same and answers each",
                                  .yardstick_value = 1e6 * bare->cpu_s / (double)bare->events,
                                  .of_ratio = true,
                                  .at_most = 1.10};
    snprintf(figure.name, sizeof(figure.name), "gateway, durable and acknowledged, at %.0f/s", rate);
    snprintf(
        figure.note, sizeof(figure.note),
        "%lu events, %lu acknowledgements, %lu lanes not wholly acknowledged 10 s later; bare: %lu events, "
        "%lu answers%s; the broker meanwhile %.1f and %.1f us an event",
        gateway->events, gateway->answers, gateway->left, bare->events, bare->answers,
        bare->left > 0 ? ", not all" : "", 1e6 * gateway->broker_cpu_s / (double)gateway->events,
        1e6 * bare->broker_cpu_s / (double)bare->events);
    bench_add(bench, &figure);
}

static bool run_rate(struct bench *bench, struct bench_world *world, double rate, double seconds)
{
    struct turn gateway = {0}, bare = {0}, turn;
    const int rounds = bench->quick ? 1 : ROUNDS;
    for (int i = 0; i < rounds; i++) {
        bench_say(bench, "pipeline: %.0f/s, gateway, round %d of %d", rate, i + 1, rounds);
        if (!run_turn(world, world->gateway.pid, BENCH_COUNTY, rate, seconds, &turn))
            return false;
        add_turn(&gateway, &turn);
        bench_say(bench, "pipeline: %.0f/s, bare client, round %d of %d", rate, i + 1, rounds);
        if (!run_bare(world, rate, seconds, &turn))
            return false;
        add_turn(&bare, &turn);
    }
    add_figure(bench, rate, &gateway, &bare);
    return true;
}

void bench_pipeline(struct bench *bench)
{
    struct bench_world world;
    struct turn warm;
    const double seconds = bench->quick ? 1 : 10;
    bool well = bench_world_open(bench, "pipeline", HOMES, &world) && bench_world_gateway(&world, 60, NULL) &&
                run_turn(&world, world.gateway.pid, BENCH_COUNTY, 1000, bench->quick ? 0.2 : 2, &warm);
    const double rates[] = {5000, 1000};
    for (int i = 0; well && i < 2; i++)
        well = run_rate(bench, &world, bench->quick ? rates[i] / 10 : rates[i], seconds);
    if (!well)
        bench_missing(bench, "pipeline", "gateway CPU per event", "%s", world.why);
    bench_world_close(&world);
}
