#include "watch_bridge.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { TICK_MS = 100, STATUS_FAILED = 1 };

static void on_timer(void *self, struct now now)
{
    struct watch_bridge *bridge = self;
    bridge->now = now;
    watch_socket_tick(bridge);
    for (size_t i = 0; i < bridge->seat_count; i++)
        watch_seat_tick(&bridge->seats[i]);
}

static void on_signal(void *self, int number)
{
    struct watch_bridge *bridge = self;
    (void)number;
    loop_stop(bridge->loop);
}

static bool open_loop(struct watch_bridge *bridge)
{
    return loop_new(&bridge->loop) == ERR_OK &&
           loop_timer_new(bridge->loop, on_timer, bridge, &bridge->timer) == ERR_OK &&
           loop_on_signal(bridge->loop, SIGINT, on_signal, bridge) == ERR_OK &&
           loop_on_signal(bridge->loop, SIGTERM, on_signal, bridge) == ERR_OK;
}

static bool make_folder(const char *path)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    fprintf(stderr, "huyang watch-bridge: %s: %s\n", path, strerror(errno));
    return false;
}

/* Two sockets a watch and a file a seat; what the system allows beyond its usual 1,024. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void serve(struct watch_bridge *bridge)
{
    printf("watch-bridge tcp://%s:%u watches %zu\n", bridge->options.listen, bridge->port,
           bridge->seat_count);
    fflush(stdout);
    loop_timer_start(bridge->timer, 0, TICK_MS);
    loop_run(bridge->loop);
    const struct watch_bridge_stats *stats = &bridge->stats;
    log_write(LOG_INFO, "bridge.stopped",
              "asked to stop\tconnections=%llu\trefused=%llu\tframes=%llu\tevents=%llu\tunusable=%llu\t"
              "bad_fields=%llu\tbad_lengths=%llu\trepeated=%llu\tshed=%llu\tunknown_watches=%llu",
              (unsigned long long)stats->accepted, (unsigned long long)stats->refused,
              (unsigned long long)stats->frames, (unsigned long long)stats->events,
              (unsigned long long)stats->unusable, (unsigned long long)stats->bad_fields,
              (unsigned long long)stats->bad_lengths, (unsigned long long)stats->repeated,
              (unsigned long long)stats->shed, (unsigned long long)stats->unknown_watches);
}

int watch_bridge_run(const struct watch_bridge_options *options)
{
    struct watch_bridge *bridge = calloc(1, sizeof(*bridge));
    int status = STATUS_FAILED;
    if (bridge == NULL)
        return status;
    bridge->options = *options;
    bridge->listen_fd = -1;
    bridge->now = clock_now();
    raise_descriptors();
    if (open_loop(bridge) && make_folder(options->state_dir) && watch_lines_prepare(bridge) &&
        watch_seats_open(bridge) && watch_socket_open(bridge)) {
        serve(bridge);
        status = 0;
    }
    watch_socket_close(bridge);
    watch_seats_close(bridge);
    tls_client_free(bridge->tls);
    explicit_bzero(&bridge->mqtt_config, sizeof(bridge->mqtt_config));
    if (bridge->timer != NULL)
        loop_timer_close(bridge->timer);
    if (bridge->loop != NULL)
        loop_free(bridge->loop);
    free(bridge);
    return status;
}
