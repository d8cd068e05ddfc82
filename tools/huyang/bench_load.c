/* The fleet of rows pipeline, latency and restart, in a process of its own: real event messages at an even
 * rate over one connection, QoS 1, one event each, and the acknowledgements counted.
 *
 * Standard output: "ready", then after a line on standard input the load, then one line
 * "sent N answered N left N": `left` are outbox lanes whose last event was not acknowledged within ten
 * seconds after the last message. */
#include <getopt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"
#include "bench_county.h"
#include "bench_mix.h"
#include "bench_mqtt.h"
#include "core/text.h"
#include "ingest/topic.h"

enum { LEFT_WAIT_S = 10, LOAD_VISIT_EVERY = 400 };
#define LEFT_LOOK_S 0.005

struct load {
    struct bench_county county;
    struct bench_mqtt *mqtt;
    struct mix mix;
    const char *code;
    atomic_uint_least64_t *sent, *acked; /* seq by 2 * device + routine */
    atomic_ulong answers;
    atomic_bool stop;
    uint32_t epoch;
    unsigned long messages;
};

static void on_message(void *self, const char *topic, const void *payload, size_t len)
{
    struct load *load = self;
    struct topic name;
    char id[ID_SIZE];
    enum lane lane;
    atomic_fetch_add(&load->answers, 1);
    /* huyang/v1/{county}/{device}/ack */
    const char *from = topic + sizeof("huyang/v1/000000/") - 1;
    if (topic_parse(topic, strlen(topic), &name) != ERR_OK || strlen(topic) < sizeof("huyang/v1/000000/x"))
        return;
    const size_t id_len = strcspn(from, "/");
    const uint64_t seq = mix_read_ack(payload, len, &lane);
    if (id_len >= sizeof(id) || seq == 0)
        return;
    memcpy(id, from, id_len);
    id[id_len] = '\0';
    const uint32_t device = registry_find(load->county.registry, REGISTRY_DEVICE, id);
    if (device != REGISTRY_NONE)
        atomic_store(&load->acked[2 * device + (lane == LANE_ROUTINE)], seq);
}

static void *read_answers(void *self)
{
    struct load *load = self;
    while (!atomic_load(&load->stop) && bench_mqtt_poll(load->mqtt, 100, on_message, load))
        ;
    return NULL;
}

static bool send_one(struct load *load, uint64_t number)
{
    struct mix_message message;
    char topic[TOPIC_SIZE];
    const enum lane lane = mix_lane(&load->mix, number);
    const uint32_t device = mix_device(&load->mix, number);
    atomic_uint_least64_t *sent = &load->sent[2 * device + (lane == LANE_ROUTINE)];
    const uint64_t seq = atomic_load(sent) + 1;
    mix_make(&load->mix, number, clock_now().wall_ms, load->epoch, seq, &message);
    atomic_store(sent, seq);
    snprintf(topic, sizeof(topic), "huyang/v1/%s/%s/%s", load->code,
             registry_device(load->county.registry, device)->id, lane_name(lane));
    return bench_mqtt_publish(load->mqtt, topic, message.bytes, message.len, 1);
}

static void wait_until(double mono_s)
{
    const struct timespec until = {.tv_sec = (time_t)mono_s,
                                   .tv_nsec = (long)((mono_s - (double)(time_t)mono_s) * 1e9)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static size_t unacknowledged(const struct load *load)
{
    size_t left = 0;
    for (size_t i = 0; i < 2 * (size_t)load->mix.devices; i++)
        left += atomic_load(&load->acked[i]) < atomic_load(&load->sent[i]);
    return left;
}

/* Evenly, catching up when late: the rate is kept as a whole. */
static void run_load(struct load *load, double rate, double seconds, bool any_answer)
{
    const double start = bench_mono_s();
    const unsigned long count = (unsigned long)(rate * seconds);
    for (; load->messages < count; load->messages++) {
        wait_until(start + (double)load->messages / rate);
        if (!send_one(load, load->messages))
            break;
    }
    const double end = bench_mono_s();
    size_t left = 1;
    while (left > 0 && bench_mono_s() < end + LEFT_WAIT_S) {
        left = any_answer ? (atomic_load(&load->answers) < load->messages) : unacknowledged(load);
        wait_until(bench_mono_s() + LEFT_LOOK_S);
    }
    printf("sent %lu answered %lu left %zu\n", load->messages, atomic_load(&load->answers), left);
    fflush(stdout);
}

static bool open_load(struct load *load, const char *folder, unsigned port)
{
    struct buf errors;
    char name[64], filter[64];
    buf_init(&errors, 1 << 16);
    if (!bench_county_read(folder, &load->county, &errors)) {
        fprintf(stderr, "%s\n", buf_text(&errors));
        return false;
    }
    buf_release(&errors);
    mix_init(&load->mix, load->county.registry);
    load->mix.single = true;
    load->mix.home = true;
    load->mix.visit_every = LOAD_VISIT_EVERY;
    load->epoch = (uint32_t)clock_now().wall_ms;
    load->sent = calloc(2 * (size_t)load->mix.devices, sizeof(*load->sent));
    load->acked = calloc(2 * (size_t)load->mix.devices, sizeof(*load->acked));
    snprintf(name, sizeof(name), "bench-load-%u", load->epoch);
    snprintf(filter, sizeof(filter), "huyang/v1/%s/+/ack", load->code);
    load->mqtt = bench_mqtt_new(port, name);
    return load->sent != NULL && load->acked != NULL && load->mqtt != NULL &&
           bench_mqtt_subscribe(load->mqtt, filter);
}

int bench_load_main(int argc, char **argv)
{
    static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                            {"county", required_argument, NULL, 'c'},
                                            {"registry", required_argument, NULL, 'r'},
                                            {"rate", required_argument, NULL, 'n'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"any-answer", no_argument, NULL, 'a'},
                                            {NULL, 0, NULL, 0}};
    struct load load = {.code = BENCH_COUNTY};
    const char *folder = "";
    int64_t port = 0;
    double rate = 1000, seconds = 1;
    bool any_answer = false;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
        switch (option) {
        case 'p': option = text_to_int(optarg, 1, 65535, &port) ? option : '?'; break;
        case 'c': load.code = optarg; break;
        case 'r': folder = optarg; break;
        case 'n': option = text_to_double(optarg, 1, 1e6, &rate) ? option : '?'; break;
        case 's': option = text_to_double(optarg, 0.1, 1e5, &seconds) ? option : '?'; break;
        case 'a': any_answer = true; break;
        default: return 2;
        }
    pthread_t reader;
    char go[16];
    if (!open_load(&load, folder, (unsigned)port) || pthread_create(&reader, NULL, read_answers, &load) != 0)
        return 1;
    puts("ready");
    fflush(stdout);
    if (fgets(go, sizeof(go), stdin) != NULL)
        run_load(&load, rate, seconds, any_answer);
    atomic_store(&load.stop, true);
    pthread_join(reader, NULL);
    bench_mqtt_free(load.mqtt);
    bench_county_release(&load.county);
    free(load.sent);
    free(load.acked);
    return 0;
}
