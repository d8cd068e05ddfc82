/* Row tls: a county whose every device has a TLS connection of its own, with its own certificate, as `huyang
 * provision` sets it up: how long until all of them stand (what a broker's restart costs), and what an SOS
 * takes then. Beside it the same load of the same devices over two plain connections. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "bench_world.h"
#include "core/json.h"
#include "provision_files.h"

enum { HOMES = 1000, HOMES_QUICK = 10, SECONDS = 30, SECONDS_QUICK = 4, READY_WAIT_S = 60, WORDS_MAX = 24 };
#define RATIO_MOST 1.5 /* of the median over TLS to that over plain connections */
static const char row[] = "tls", all_up[] = "TLS connections of a county, all up after";

struct tls_outcome {
    double devices, connect_s, p50_ms, p99_ms;
    int64_t presses, outstanding;
};

/* The fleet's summary is the last line of its report. */
static bool read_outcome(const char *folder, struct tls_outcome *ret_outcome)
{
    struct buf text;
    struct json *line = NULL;
    int64_t devices, connect_ms, p50_us, p99_us;
    struct tls_outcome outcome;
    buf_init(&text, FILES_MAX);
    bool read = files_read(folder, "fleet.jsonl", &text) == ERR_OK && text.len > 1;
    const char *start = read ? memrchr(text.data, '\n', text.len - 1) : NULL;
    start = start != NULL ? start + 1 : buf_text(&text);
    read = read && json_parse(start, text.len - (size_t)(start - text.data), &line, NULL) == ERR_OK;
    const struct json *latency = json_get(line, "sos_to_command");
    read = read && json_integer(json_get(line, "devices"), &devices) &&
           json_integer(json_get(line, "connect_ms"), &connect_ms) &&
           json_integer(json_get(line, "outstanding"), &outcome.outstanding) &&
           json_integer(json_get(latency, "count"), &outcome.presses) && outcome.presses > 0 &&
           json_integer(json_get(latency, "p50_us"), &p50_us) &&
           json_integer(json_get(latency, "p99_us"), &p99_us);
    json_free(line);
    buf_release(&text);
    if (!read)
        return false;
    outcome.devices = (double)devices;
    outcome.connect_s = (double)connect_ms / 1e3;
    outcome.p50_ms = (double)p50_us / 1e3;
    outcome.p99_ms = (double)p99_us / 1e3;
    *ret_outcome = outcome;
    return true;
}

static bool run_fleet(struct bench_world *world, bool secure, unsigned seconds,
                      struct tls_outcome *ret_outcome)
{
    char url[64], duration[16], report[BENCH_PATH_SIZE + 32], authority[BENCH_PATH_SIZE + 32];
    snprintf(url, sizeof(url), "%s://127.0.0.1:%u", secure ? "ssl" : "tcp", world->mqtt_port);
    snprintf(duration, sizeof(duration), "%u", seconds);
    snprintf(report, sizeof(report), "%s/fleet.jsonl", world->folder);
    snprintf(authority, sizeof(authority), "%s/provision", world->folder);
    char *argv[WORDS_MAX] = {"huyang",
                             "fleet",
                             "--broker",
                             url,
                             "--county",
                             BENCH_COUNTY,
                             "--registry",
                             world->county,
                             "--rate",
                             "100",
                             "--sos-every",
                             "0.25",
                             "--duration",
                             duration,
                             "--play-ms",
                             "0",
                             "--report",
                             report,
                             secure ? "--tls-dir" : NULL,
                             authority};
    if (bench_world_run(world, argv) && read_outcome(world->folder, ret_outcome))
        return true;
    if (world->why[0] == '\0')
        snprintf(world->why, sizeof(world->why), "the fleet's report has no latencies");
    return false;
}

/* One kind of connection, in a world of its own. */
static bool measure(struct bench *bench, bool secure, struct tls_outcome *ret_outcome, char *why,
                    size_t why_size)
{
    struct bench_world world;
    bench_say(bench, "tls: %s connections", secure ? "own TLS" : "shared plain");
    const bool well =
        bench_world_open(bench, secure ? "tls" : "tls-plain", bench->quick ? HOMES_QUICK : HOMES, &world) &&
        (!secure || bench_world_secure(&world)) && bench_world_gateway(&world, READY_WAIT_S, NULL) &&
        run_fleet(&world, secure, bench->quick ? SECONDS_QUICK : SECONDS, ret_outcome);
    snprintf(why, why_size, "%s", world.why);
    bench_world_close(&world);
    return well;
}

void bench_tls(struct bench *bench)
{
    struct tls_outcome plain, own;
    char why[256];
    if (!measure(bench, false, &plain, why, sizeof(why)) || !measure(bench, true, &own, why, sizeof(why))) {
        bench_missing(bench, row, all_up, "%s", why);
        return;
    }
    struct bench_figure up = {.row = row, .unit = "s", .value = own.connect_s};
    snprintf(up.name, sizeof(up.name), "%s", all_up);
    snprintf(
        up.note, sizeof(up.note),
        "%.0f devices, each a full handshake with certificates on both sides (P-256), broker and devices on "
        "this machine: %.0f a second",
        own.devices, own.devices / own.connect_s);
    bench_add(bench, &up);
    struct bench_figure sos = {.row = row,
                               .name = "SOS to command over TLS, median",
                               .unit = "ms",
                               .value = own.p50_ms,
                               .yardstick = "the same over two plain connections",
                               .yardstick_value = plain.p50_ms,
                               .of_ratio = true,
                               .at_most = RATIO_MOST,
                               .failed = own.outstanding > 0};
    snprintf(sos.note, sizeof(sos.note),
             "%lld presses beside 100 events/s, p99 %.1f ms (plain %.1f ms), as the devices see it; %lld "
             "events not "
             "acknowledged",
             (long long)own.presses, own.p99_ms, plain.p99_ms, (long long)own.outstanding);
    bench_add(bench, &sos);
}
