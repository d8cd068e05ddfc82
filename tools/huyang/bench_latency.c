/* Row latency: a press of the button until the first prompt is out and until the first HTTPS message is out,
 * durable, seen from outside: from the publish of the SOS to the arrival of the command at the device's topic
 * and of the request at a webhook, over TLS with a verified certificate. Both ways through the broker are in
 * it; beside it stands an echo of the same size through the same broker at the same moment, which no gateway
 * could beat.
 *
 * One press at a time, each by another resident (a second press of the same one within a minute would be
 * silent), at moments spread over the gateway's own rhythm, while a third process sends routine load. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "bench_mix.h"
#include "bench_mqtt.h"
#include "bench_pages.h"
#include "bench_receiver.h"
#include "bench_world.h"
#include "ingest/topic.h"

enum {
    HOMES = 1000,
    DESK_RATE = 100, /* events a second */
    PRESSES = 200,
    PRESSES_QUICK = 5,
    LEVELS = 3,
    PAGES = 1000,
    PAGES_QUICK = 20,
    PAUSE_MS = 37,
    SPREAD_MS = 53
};
#define WAIT_S 2.0
static const char echo_topic[] = "huyang-bench/echo";

struct latency {
    struct bench *bench;
    const char *row; /* static */
    struct bench_world world;
    struct bench_county county;
    struct bench_receiver *receiver;
    struct bench_mqtt *out, *in;
    uint32_t *bands; /* wristbands whose wearers may press */
    size_t band_count, next;
    uint64_t *seqs; /* of the urgent lane, by device */
    uint32_t epoch;
    int disk; /* a file of the folder the database is in */
    /* Of the press under way: */
    uint32_t band, camera;   /* where its prompt may come out; camera may be REGISTRY_NONE */
    double prompt_s, echo_s; /* when it was heard, 0 = not yet */
};

static void publish(struct latency *latency, const struct mix_message *message)
{
    char topic[TOPIC_SIZE];
    snprintf(topic, sizeof(topic), "huyang/v1/%s/%s/urgent", BENCH_COUNTY,
             registry_device(latency->county.registry, message->device)->id);
    bench_mqtt_publish(latency->out, topic, message->bytes, message->len, 1);
}

/* A command, or the echo. A device says that it played its prompt: it would be sent again otherwise. */
static void on_message(void *self, const char *topic, const void *payload, size_t len)
{
    struct latency *latency = self;
    const double now_s = bench_mono_s();
    char id[ID_SIZE];
    if (strcmp(topic, echo_topic) == 0) {
        latency->echo_s = now_s;
        return;
    }
    const char *from = topic + sizeof("huyang/v1/000000/") - 1;
    const size_t id_len = strlen(topic) >= sizeof("huyang/v1/000000/") ? strcspn(from, "/") : ID_SIZE;
    if (id_len >= sizeof(id))
        return;
    memcpy(id, from, id_len);
    id[id_len] = '\0';
    const uint32_t device = registry_find(latency->county.registry, REGISTRY_DEVICE, id);
    if (device == REGISTRY_NONE)
        return;
    if ((device == latency->band || device == latency->camera) && latency->prompt_s <= 0)
        latency->prompt_s = now_s;
    struct mix_message answer;
    if (mix_make_answer(device, payload, len, clock_now().wall_ms, latency->epoch, latency->seqs[device] + 1,
                        &answer)) {
        latency->seqs[device]++;
        publish(latency, &answer);
    }
}

static bool listen_until(struct latency *latency, const double *flag, double until_s)
{
    while (*flag <= 0 && bench_mono_s() < until_s)
        if (!bench_mqtt_poll(latency->in, 20, on_message, latency))
            return false;
    return *flag > 0;
}

static void listen_for_ms(struct latency *latency, unsigned ms)
{
    const double until_s = bench_mono_s() + ms / 1e3;
    double left_s;
    while ((left_s = until_s - bench_mono_s()) > 0)
        if (!bench_mqtt_poll(latency->in, (int)(left_s * 1e3) + 1, on_message, latency))
            return;
}

struct series {
    double prompt_s[PRESSES], https_s[PRESSES], echo_s[PRESSES], disk_s[PRESSES];
    size_t prompts, messages, echoes, presses;
};

/* What the disk takes at that moment for the least a durable answer needs. */
static double sync_once(const struct latency *latency)
{
    static const char block[4096];
    const double start_s = bench_mono_s();
    if (write(latency->disk, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(latency->disk) != 0)
        return 0;
    return bench_mono_s() - start_s;
}

static void press(struct latency *latency, struct series *series)
{
    struct mix_message sos;
    double heard_s;
    const uint32_t band = latency->bands[latency->next++];
    const struct device *row = registry_device(latency->county.registry, band);
    mix_make_sos(band, clock_now().wall_ms, latency->epoch, ++latency->seqs[band], &sos);
    series->disk_s[series->presses] = sync_once(latency);
    latency->echo_s = 0;
    double start_s = bench_mono_s();
    bench_mqtt_publish(latency->out, echo_topic, sos.bytes, sos.len, 1);
    if (listen_until(latency, &latency->echo_s, start_s + WAIT_S))
        series->echo_s[series->echoes++] = latency->echo_s - start_s;

    const size_t alerts = bench_receiver_count(latency->receiver);
    latency->band = band;
    latency->camera = registry_household(latency->county.registry, row->household)->first_camera;
    latency->prompt_s = 0;
    start_s = bench_mono_s();
    publish(latency, &sos);
    if (listen_until(latency, &latency->prompt_s, start_s + WAIT_S))
        series->prompt_s[series->prompts++] = latency->prompt_s - start_s;
    if (bench_receiver_wait(latency->receiver, alerts, start_s + WAIT_S, &heard_s))
        series->https_s[series->messages++] = heard_s - start_s;
    series->presses++;
}

/* ---- who may press: whose prompt goes out whatever their wishes, and who lives alone ---- */

static bool may_press(const struct registry *registry, uint32_t device)
{
    const struct device *row = registry_device(registry, device);
    if (row->kind != DEVICE_WRISTBAND || row->removed || row->resident == REGISTRY_NONE)
        return false;
    const struct resident *resident = registry_resident(registry, row->resident);
    const struct household *home = registry_household(registry, resident->household);
    const uint8_t all = (uint8_t)((1U << CONSENT_COUNT) - 1);
    return resident->status == STATUS_ACTIVE && resident->consent == all && !resident->hearing_poor &&
           home->first_resident == row->resident && resident->next_in_household == REGISTRY_NONE;
}

static bool open_parts(struct latency *latency)
{
    struct bench_world *world = &latency->world;
    struct buf errors;
    char more[BENCH_PATH_SIZE + 512], filter[64], path[BENCH_PATH_SIZE + 32];
    buf_init(&errors, 1 << 16);
    snprintf(path, sizeof(path), "%s/receiver.pem", world->folder);
    latency->receiver = bench_receiver_new(path);
    const bool county = bench_county_read(world->county, &latency->county, &errors);
    buf_release(&errors);
    if (!county || latency->receiver == NULL)
        return false;
    const uint32_t devices = registry_count(latency->county.registry, REGISTRY_DEVICE);
    latency->bands = calloc(devices, sizeof(*latency->bands));
    latency->seqs = calloc(devices, sizeof(*latency->seqs));
    if (latency->bands == NULL || latency->seqs == NULL)
        return false;
    for (uint32_t device = 0; device < devices; device++)
        if (may_press(latency->county.registry, device))
            latency->bands[latency->band_count++] = device;
    snprintf(more, sizeof(more),
             "relay:\n  allow_private: true\n  webhook:\n    - name: bench\n      url: "
             "\"https://127.0.0.1:%u/hook\"\n      ca_file: \"%s\"\n",
             bench_receiver_port(latency->receiver), path);
    if (!bench_world_configure(world, more) || !bench_world_gateway(world, 60, NULL))
        return false;
    snprintf(path, sizeof(path), "%s/sync", world->folder);
    latency->disk = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    latency->epoch = (uint32_t)clock_now().wall_ms ^ 0x80000000U; /* none of the load's */
    latency->out = bench_mqtt_new(world->mqtt_port, "bench-out");
    latency->in = bench_mqtt_new(world->mqtt_port, "bench-in");
    snprintf(filter, sizeof(filter), "huyang/v1/%s/+/command", BENCH_COUNTY);
    return latency->disk >= 0 && latency->out != NULL && latency->in != NULL &&
           bench_mqtt_subscribe(latency->in, filter) && bench_mqtt_subscribe(latency->in, echo_topic);
}

static void close_parts(struct latency *latency)
{
    bench_mqtt_free(latency->out);
    bench_mqtt_free(latency->in);
    if (latency->disk >= 0)
        close(latency->disk);
    bench_world_close(&latency->world);
    bench_receiver_free(latency->receiver);
    bench_county_release(&latency->county);
    free(latency->bands);
    free(latency->seqs);
    free(latency);
}

/* ---- figures ---- */

static void add_figure(const struct latency *latency, double rate, struct bench_pages *pages,
                       const char *what, double *values, size_t count, struct series *series,
                       double target_ms)
{
    struct bench_figure figure = {.row = latency->row,
                                  .unit = "ms, p99",
                                  .value = 1e3 * bench_quantile(values, count, 0.99),
                                  .yardstick = "an echo of the same size through the broker alone, p99",
                                  .yardstick_value =
                                      1e3 * bench_quantile(series->echo_s, series->echoes, 0.99),
                                  .at_most = target_ms};
    snprintf(figure.name, sizeof(figure.name), "SOS to %s, %.0f events/s beside it%s", what, rate,
             pages != NULL ? ", pages listening" : "");
    snprintf(figure.note, sizeof(figure.note),
             "p50 %.2f ms, slowest %.2f ms, %zu of %zu presses answered; echo p50 %.2f ms; a write of 4 KiB "
             "with fdatasync just before each press p50 %.2f ms, p99 %.2f ms, slowest %.2f ms",
             1e3 * bench_quantile(values, count, 0.5), 1e3 * bench_quantile(values, count, 1), count,
             series->presses, 1e3 * bench_quantile(series->echo_s, series->echoes, 0.5),
             1e3 * bench_quantile(series->disk_s, series->presses, 0.5),
             1e3 * bench_quantile(series->disk_s, series->presses, 0.99),
             1e3 * bench_quantile(series->disk_s, series->presses, 1));
    if (pages != NULL) {
        const size_t len = strlen(figure.note);
        snprintf(figure.note + len, sizeof(figure.note) - len, "; pages told %lu times, %u given up",
                 bench_pages_told(pages), bench_pages_lost(pages));
    }
    figure.failed = count < series->presses; /* an SOS without its prompt: no time is good */
    bench_add(latency->bench, &figure);
}

/* Each device speaks once: a command waits for a device that was never heard. */
static bool wake_devices(struct latency *latency)
{
    struct bench_child load;
    struct bench_load_result result;
    const double rate = 1000;
    const double seconds = registry_count(latency->county.registry, REGISTRY_DEVICE) / rate;
    bench_say(latency->bench, "latency: every device speaks once");
    if (!bench_world_load(&latency->world, BENCH_COUNTY, rate, seconds + 0.5, false, &load))
        return false;
    bench_load_go(&load);
    const bool well = bench_load_result(&load, &result) && result.left == 0;
    bench_child_end(&load, SIGTERM);
    if (!well)
        snprintf(latency->world.why, sizeof(latency->world.why), "the devices were not acknowledged");
    return well;
}

static bool run_level(struct latency *latency, double rate, unsigned presses, struct bench_pages *pages)
{
    struct bench_child load = {.pid = 0};
    struct series series = {.presses = 0};
    if (rate > 0) {
        if (!bench_world_load(&latency->world, BENCH_COUNTY, rate, 600, false, &load))
            return false;
        bench_load_go(&load);
    }
    listen_for_ms(latency, 1000);
    for (unsigned i = 0; i < presses && latency->next < latency->band_count; i++) {
        bench_say(latency->bench, "latency: %.0f/s beside it, press %u of %u", rate, i + 1, presses);
        press(latency, &series);
        listen_for_ms(latency, PAUSE_MS + i * 29 % SPREAD_MS);
    }
    bench_child_end(&load, SIGKILL);
    add_figure(latency, rate, pages, "the prompt", series.prompt_s, series.prompts, &series, 10);
    add_figure(latency, rate, pages, "the first HTTPS message", series.https_s, series.messages, &series, 20);
    return true;
}

/* The same again under a full desk: the API's thread is told of each commit and reads for every page. */
static bool run_with_pages(struct latency *latency, double rate, unsigned presses)
{
    bench_say(latency->bench, "latency: pages begin to listen");
    struct bench_pages *pages = bench_pages_new(&latency->world, latency->bench->quick ? PAGES_QUICK : PAGES);
    const bool well = pages != NULL && run_level(latency, rate, presses, pages);
    bench_pages_free(pages);
    return well;
}

static struct latency *open_row(struct bench *bench, const char *row)
{
    struct latency *latency = calloc(1, sizeof(*latency));
    if (latency == NULL)
        return NULL;
    latency->bench = bench;
    latency->row = row;
    latency->disk = -1;
    if (bench_world_open(bench, row, HOMES, &latency->world) && open_parts(latency) && wake_devices(latency))
        return latency;
    bench_missing(bench, row, "SOS to prompt", "%s",
                  latency->world.why[0] != '\0' ? latency->world.why : "the parts could not be set up");
    close_parts(latency);
    return NULL;
}

static void end_row(struct latency *latency, bool well)
{
    if (!well)
        bench_missing(latency->bench, latency->row, "SOS to prompt", "%s",
                      latency->world.why[0] != '\0' ? latency->world.why : "the load could not be started");
    close_parts(latency);
}

void bench_latency(struct bench *bench)
{
    static const double rates[LEVELS] = {0, 100, 1000};
    struct latency *latency = open_row(bench, "latency");
    bool well = latency != NULL;
    for (int i = 0; well && i < LEVELS; i++)
        well = run_level(latency, rates[i], bench->quick ? PRESSES_QUICK : PRESSES, NULL);
    if (latency != NULL)
        end_row(latency, well);
}

/* The same moment without pages and with them, and nothing else changed between. */
void bench_desk(struct bench *bench)
{
    const unsigned presses = bench->quick ? PRESSES_QUICK : PRESSES / 2;
    bench_pages_room(PAGES);
    struct latency *latency = open_row(bench, "desk");
    if (latency != NULL)
        end_row(latency,
                run_level(latency, DESK_RATE, presses, NULL) && run_with_pages(latency, DESK_RATE, presses));
}
