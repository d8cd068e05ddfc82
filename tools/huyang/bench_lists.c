/* Row lists: the desk's lists in a county of 100,000 residents, as a page asks for them over HTTP: the first
 * page, one from the middle, a search by name, one card. */
#include <signal.h>
#include <stdio.h>

#include "api_client.h"
#include "bench.h"
#include "bench_world.h"

enum {
    HOMES = 88000 /* some 100,000 residents */,
    HOMES_QUICK = 500,
    ASKS = 200,
    ASKS_QUICK = 10,
    READY_WAIT_S = 90
};

static const struct {
    const char *name, *path;
} lists[] = {
    {"a page of 50 residents", "/api/v1/residents?limit=50"},
    {"a page of 50 from the middle", "/api/v1/residents?limit=50&cursor=50000"},
    {"residents by a part of the name", "/api/v1/residents?limit=50&q=9"},
    {"residents by a name that nobody has", "/api/v1/residents?limit=50&q=nobody"},
    {"a page of 50 devices", "/api/v1/devices?limit=50"},
    {"open alerts", "/api/v1/alerts?state=open&limit=100"},
};
enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

static bool measure(struct bench *bench, struct bench_world *world, struct api_client *client, unsigned which,
                    unsigned asks, unsigned residents)
{
    double s[ASKS];
    for (unsigned i = 0; i < asks; i++) {
        const double start_s = bench_mono_s();
        struct json *page = api_client_fetch(client, lists[which].path, NULL, false);
        s[i] = bench_mono_s() - start_s;
        if (page == NULL) {
            snprintf(world->why, sizeof(world->why), "%s was not answered", lists[which].path);
            return false;
        }
        json_free(page);
    }
    struct bench_figure figure = {
        .row = "lists", .unit = "ms, p99", .value = 1e3 * bench_quantile(s, asks, 0.99), .at_most = 100};
    snprintf(figure.name, sizeof(figure.name), "%s", lists[which].name);
    snprintf(figure.note, sizeof(figure.note), "%u residents; %u asked, p50 %.2f ms, slowest %.2f ms",
             residents, asks, 1e3 * bench_quantile(s, asks, 0.5), 1e3 * bench_quantile(s, asks, 1));
    bench_add(bench, &figure);
    return true;
}

void bench_lists(struct bench *bench)
{
    struct bench_world world = {.bench = bench};
    struct bench_county county = {.registry = NULL};
    struct api_client client = {.http = NULL};
    struct buf errors;
    char url[64], state[BENCH_PATH_SIZE + 16];
    buf_init(&errors, 1 << 16);
    bench_say(bench, "lists: a county is made");
    bool well = bench_world_open(bench, "lists", bench->quick ? HOMES_QUICK : HOMES, &world) &&
                bench_county_read(world.county, &county, &errors) && bench_world_configure(&world, "");
    bench_say(bench, "lists: the gateway starts");
    well = well && bench_world_gateway(&world, READY_WAIT_S, NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", world.api_port);
    snprintf(state, sizeof(state), "%s/state", world.folder);
    well = well && api_client_open(&client, "huyang bench", url, state, NULL);
    for (unsigned i = 0; well && i < LISTS; i++) {
        bench_say(bench, "lists: %s", lists[i].name);
        well = measure(bench, &world, &client, i, bench->quick ? ASKS_QUICK : ASKS,
                       registry_count(county.registry, REGISTRY_RESIDENT));
    }
    if (!well)
        bench_missing(bench, "lists", "pages of the lists", "%s",
                      world.why[0] != '\0' ? world.why : "the parts could not be set up");
    api_client_close(&client);
    bench_world_close(&world);
    bench_county_release(&county);
    buf_release(&errors);
}
