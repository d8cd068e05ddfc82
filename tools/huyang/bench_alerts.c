/* Row alerts: a county in which 100,000 alerts are open at once. Every wristband of half as many homes sends
 * one report with an SOS and an empty battery: a red alert that escalates to the police, and a yellow one.
 *
 * Raising is measured tenth by tenth (what the last costs beside the first says whether anything walks over
 * all that is open), each batch is committed to a real database as the service would, and what stands there
 * is what the daemon is started with at the end and asked for a page. Before, time runs: ticks with nothing
 * due, then five minutes of all their steps, verifications and messages to the police. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_client.h"
#include "bench.h"
#include "bench_world.h"
#include "core/clock.h"
#include "store/store.h"

enum {
    OPEN = 100000,
    OPEN_QUICK = 600,
    TENTHS = 10,
    RAISE_S = 30, /* how long it takes them, by the fold's clock: nothing is due before it is over */
    BATCH_EVENTS = 500,
    BATCH_BYTES = 48 << 20,
    SNAPSHOT_BYTES = 488 << 20,
    IDLE_TICKS = 1000,
    LATER_S = 300,
    LOOKS = 20,
    READY_WAIT_S = 300,
    PAGES = 20
};

struct alerts_row {
    struct bench *bench;
    struct bench_world world;
    struct bench_county county;
    struct gateway *gateway;
    struct store *store;
    struct batch batch;
    struct event *events;
    size_t target;
    uint32_t device; /* the next one to report */
    int64_t start_ms, t_ms;
    double fold_s[TENTHS], commit_s;
    char why[192];
};

static bool fail(struct alerts_row *row, const char *what, enum err err)
{
    snprintf(row->why, sizeof(row->why), "%s: %s", what, err_text(err));
    return false;
}

static size_t open_count(const struct alerts_row *row)
{
    return alerts_open_count(gateway_alerts(row->gateway));
}

/* ---- raising ---- */

static bool commit(struct alerts_row *row)
{
    const double start = bench_mono_s();
    const enum err err = store_sqlite.commit(row->store, &row->batch);
    row->commit_s += bench_mono_s() - start;
    batch_reset(&row->batch);
    return err == ERR_OK || fail(row, "commit", err);
}

static void make_report(struct alerts_row *row, uint32_t device)
{
    event_clear(&row->events[0], EVENT_HEARTBEAT);
    row->events[0].heartbeat.has_battery = 1;
    row->events[0].heartbeat.battery_percent = 2;
    event_clear(&row->events[1], EVENT_SOS);
    row->events[1].sos.phase = SOS_PHASE_PRESSED;
    for (unsigned i = 0; i < 2; i++) {
        row->events[i].key =
            (struct event_key){.device = device, .epoch = 1, .seq = 1 + i, .lane = LANE_URGENT};
        row->events[i].at_ms = row->t_ms;
        row->events[i].report = 1;
    }
}

/* False when a commit was refused or there is no further wristband. */
static bool report_one(struct alerts_row *row, double *fold_s)
{
    const struct registry *registry = row->county.registry;
    const uint32_t count = registry_count(registry, REGISTRY_DEVICE);
    while (row->device < count && registry_device(registry, row->device)->kind != DEVICE_WRISTBAND)
        row->device++;
    if (row->device == count)
        return fail(row, "the county has too few wristbands", ERR_RANGE);
    row->t_ms = row->start_ms + (int64_t)(open_count(row) * RAISE_S * 1000 / row->target);
    make_report(row, row->device);
    enum refusal refused[EVENT_BATCH_MAX];
    const unsigned kept = gateway_admit(row->gateway, row->device, row->t_ms, row->events, refused, 2);
    struct input input = {.t_ms = row->t_ms,
                          .kind = INPUT_REPORT,
                          .report = {.device = row->device++,
                                     .epoch = 1,
                                     .first_seq = 1,
                                     .lane = LANE_URGENT,
                                     .count = (uint8_t)kept,
                                     .events = row->events}};
    if (kept == 0)
        return true;
    const double start = bench_cpu_s();
    enum err err = gateway_on_input(row->gateway, &input);
    if (err == ERR_FULL) {
        if (!commit(row))
            return false;
        err = gateway_on_input(row->gateway, &input);
    }
    *fold_s += bench_cpu_s() - start;
    if (err != ERR_OK)
        return fail(row, "an input", err);
    return row->batch.events < BATCH_EVENTS || commit(row);
}

static bool snapshot(struct alerts_row *row)
{
    const size_t limit = row->batch.arena.limit;
    arena_set_limit(&row->batch.arena, limit + SNAPSHOT_BYTES);
    const enum err err = gateway_snapshot(row->gateway);
    const bool well = err == ERR_OK ? commit(row) : fail(row, "snapshot", err);
    arena_set_limit(&row->batch.arena, limit);
    return well;
}

static bool raise_all(struct alerts_row *row)
{
    for (unsigned tenth = 0; tenth < TENTHS; tenth++) {
        bench_say(row->bench, "alerts: %zu of %zu open", open_count(row), row->target);
        const size_t until = (tenth + 1) * row->target / TENTHS;
        while (open_count(row) < until)
            if (!report_one(row, &row->fold_s[tenth]))
                return false;
        if (!snapshot(row))
            return false;
    }
    return true;
}

static void add_raised(struct alerts_row *row)
{
    double all_s = 0;
    const double tenth = (double)row->target / TENTHS;
    for (unsigned i = 0; i < TENTHS; i++)
        all_s += row->fold_s[i];
    struct bench_figure figure = {.row = "alerts",
                                  .unit = "alerts/s",
                                  .value = tenth / row->fold_s[TENTHS - 1],
                                  .yardstick = "the first tenth of them, with few others open",
                                  .yardstick_value = tenth / row->fold_s[0]};
    snprintf(figure.name, sizeof(figure.name), "raised, the last tenth of %zu open", row->target);
    snprintf(
        figure.note, sizeof(figure.note),
        "fold and record on one core, half of them red with all who are told at once; all together %.0f/s; "
        "and %.1f us each for durable commits of %d events",
        (double)row->target / all_s, 1e6 * row->commit_s / (double)row->target, BATCH_EVENTS);
    bench_add(row->bench, &figure);
}

/* ---- time passes ---- */

/* CPU seconds until time has come to t; commits are not counted. */
static bool tick(struct alerts_row *row, int64_t t_ms, double *ret_s)
{
    *ret_s = 0;
    for (bool done = false; !done;) {
        const double start = bench_cpu_s();
        done = gateway_on_tick(row->gateway, t_ms);
        *ret_s += bench_cpu_s() - start;
        if (row->batch.items > 0 && !commit(row))
            return false;
    }
    return true;
}

static bool add_idle_tick(struct alerts_row *row)
{
    double s[IDLE_TICKS];
    for (unsigned i = 0; i < IDLE_TICKS; i++)
        if (!tick(row, row->t_ms + i, &s[i]))
            return false;
    struct bench_figure figure = {
        .row = "alerts", .unit = "us", .value = 1e6 * bench_quantile(s, IDLE_TICKS, 0.5)};
    snprintf(figure.name, sizeof(figure.name), "tick with %zu open, nothing due", open_count(row));
    snprintf(figure.note, sizeof(figure.note), "median of %d; p99 %.1f us", IDLE_TICKS,
             1e6 * bench_quantile(s, IDLE_TICKS, 0.99));
    bench_add(row->bench, &figure);
    return true;
}

static void add_look(struct alerts_row *row)
{
    double s[LOOKS];
    for (unsigned i = 0; i < LOOKS; i++) {
        const double start = bench_cpu_s();
        if (gateway_lost_timers(row->gateway) != 0)
            snprintf(row->why, sizeof(row->why), "timers are lost");
        s[i] = bench_cpu_s() - start;
    }
    struct bench_figure figure = {.row = "alerts", .unit = "ms", .value = 1e3 * bench_quantile(s, LOOKS, 1)};
    snprintf(figure.name, sizeof(figure.name), "one look of the watchdog over the timers of %zu",
             open_count(row));
    snprintf(figure.note, sizeof(figure.note), "slowest of %d; the core loop stands still meanwhile", LOOKS);
    bench_add(row->bench, &figure);
}

static bool add_busy_ticks(struct alerts_row *row)
{
    struct gateway_stats before, after;
    double s[LATER_S], all_s = 0;
    gateway_stats(row->gateway, &before);
    bench_say(row->bench, "alerts: five minutes of escalation");
    for (unsigned i = 0; i < LATER_S; i++) {
        if (!tick(row, row->start_ms + (int64_t)(RAISE_S + i + 1) * 1000, &s[i]))
            return false;
        all_s += s[i];
    }
    gateway_stats(row->gateway, &after);
    const uint64_t fired = after.timers_fired - before.timers_fired;
    struct bench_figure figure = {.row = "alerts",
                                  .unit = "us",
                                  .value = fired != 0 ? 1e6 * all_s / (double)fired : 0,
                                  .failed = fired == 0};
    snprintf(figure.name, sizeof(figure.name), "tick, for each alert with something due, %zu open",
             open_count(row));
    snprintf(figure.note, sizeof(figure.note),
             "%d s in which %llu timers fired and %llu messages, tasks and prompts came of them; the second "
             "with most to do took %.0f ms",
             LATER_S, (unsigned long long)fired, (unsigned long long)(after.jobs - before.jobs),
             1e3 * bench_quantile(s, LATER_S, 1));
    bench_add(row->bench, &figure);
    return true;
}

/* ---- the daemon ---- */

static bool measure_pages(struct alerts_row *row, double *page_s)
{
    char url[64], state[BENCH_PATH_SIZE + 16];
    struct api_client client;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", row->world.api_port);
    snprintf(state, sizeof(state), "%s/state", row->world.folder);
    if (!api_client_open(&client, "huyang bench", url, state, NULL))
        return false;
    bool well = true;
    for (unsigned i = 0; i < PAGES && well; i++) {
        const double start = bench_mono_s();
        struct json *page = api_client_fetch(&client, "/api/v1/alerts?state=open&limit=100", NULL, false);
        page_s[i] = bench_mono_s() - start;
        well = page != NULL;
        json_free(page);
    }
    api_client_close(&client);
    return well;
}

static void measure_daemon(struct alerts_row *row)
{
    double ready_s = 0, page_s[PAGES];
    bench_say(row->bench, "alerts: the daemon starts with %zu open", row->target);
    if (!bench_world_gateway(&row->world, READY_WAIT_S, &ready_s)) {
        bench_missing(row->bench, "alerts", "start with them", "%s", row->world.why);
        return;
    }
    struct bench_figure start = {.row = "alerts", .unit = "s", .value = ready_s};
    snprintf(start.name, sizeof(start.name), "ready with %zu open alerts", row->target);
    snprintf(start.note, sizeof(start.note), "all of it from the snapshot; %.0f MB resident then",
             bench_rss(row->world.gateway.pid) / 1e6);
    bench_add(row->bench, &start);
    if (measure_pages(row, page_s)) {
        struct bench_figure page = {
            .row = "alerts", .unit = "ms", .value = 1e3 * bench_quantile(page_s, PAGES, 0.5)};
        snprintf(page.name, sizeof(page.name), "a page of 100 of them over the API");
        snprintf(page.note, sizeof(page.note), "median of %d, slowest %.1f ms", PAGES,
                 1e3 * bench_quantile(page_s, PAGES, 1));
        bench_add(row->bench, &page);
    } else {
        bench_missing(row->bench, "alerts", "a page of them", "the API did not answer");
    }
    bench_world_stop_gateway(&row->world, SIGKILL);
}

static bool open_row(struct alerts_row *row)
{
    char folder[BENCH_PATH_SIZE + 16];
    struct buf errors;
    buf_init(&errors, 1 << 16);
    bool well = bench_world_open(row->bench, "alerts", (unsigned)(row->target / 2), &row->world);
    if (!well)
        text_copy(row->why, sizeof(row->why), row->world.why);
    else if (!(well = bench_county_read(row->world.county, &row->county, &errors)))
        text_copy(row->why, sizeof(row->why), buf_text(&errors));
    buf_release(&errors);
    if (!well)
        return false;
    snprintf(folder, sizeof(folder), "%s/state", row->world.folder);
    const struct store_config config = {.folder = folder, .county = BENCH_COUNTY};
    batch_init(&row->batch, BATCH_BYTES);
    row->events = calloc(EVENT_BATCH_MAX, sizeof(*row->events));
    row->gateway = bench_county_gateway(&row->county);
    if (row->events == NULL || row->gateway == NULL)
        return fail(row, "the county", ERR_NOMEM);
    enum err err = store_sqlite.open(&config, &row->store);
    if (err == ERR_OK)
        err = store_sqlite.save_registry(row->store, row->county.registry);
    gateway_set_batch(row->gateway, &row->batch);
    row->start_ms = row->t_ms = clock_now().wall_ms - (RAISE_S + LATER_S) * 1000;
    return err == ERR_OK || fail(row, "the database", err);
}

static void close_row(struct alerts_row *row)
{
    if (row->store != NULL)
        store_sqlite.close(row->store);
    bench_world_close(&row->world);
    gateway_free(row->gateway);
    batch_release(&row->batch);
    bench_county_release(&row->county);
    free(row->events);
    free(row);
}

void bench_alerts(struct bench *bench)
{
    struct alerts_row *row = calloc(1, sizeof(*row));
    if (row == NULL)
        return;
    row->bench = bench;
    row->target = bench->quick ? OPEN_QUICK : OPEN;
    bench_say(bench, "alerts: a county is made");
    if (open_row(row) && raise_all(row)) {
        add_raised(row);
        add_look(row);
        if (add_idle_tick(row) && add_busy_ticks(row) && snapshot(row)) {
            store_sqlite.close(row->store);
            row->store = NULL;
            measure_daemon(row);
        }
    }
    if (row->why[0] != '\0')
        bench_missing(bench, "alerts", "many open alerts", "%s", row->why);
    close_row(row);
}
