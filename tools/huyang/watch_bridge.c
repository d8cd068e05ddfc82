#include "watch_bridge.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TICK_MS = 100, STATUS_FAILED = 1 };

/* ---- MQTT ---- */

static void watch_mqtt(struct watch_bridge *bridge);

static void on_mqtt(void *self, int events, struct now now)
{
    struct watch_bridge *bridge = self;
    const unsigned revents = (events & LOOP_READABLE ? POLLIN : 0U) | (events & LOOP_WRITABLE ? POLLOUT : 0U);
    bridge->now = now;
    fleet_mqtt_io(&bridge->mqtt, (short)revents, now.mono_ms);
    watch_mqtt(bridge);
}

/* The socket is another one after each reconnect, and only fleet_mqtt_tick() makes it: what is closed is let
 * go before. */
static void watch_mqtt(struct watch_bridge *bridge)
{
    if (bridge->mqtt.fd < 0) {
        loop_poll_close(bridge->mqtt_poll);
        bridge->mqtt_poll = NULL;
        return;
    }
    if (bridge->mqtt_poll == NULL &&
        loop_poll_new(bridge->loop, bridge->mqtt.fd, on_mqtt, bridge, &bridge->mqtt_poll) != ERR_OK)
        return; /* tried again with the next tick */
    loop_poll_start(bridge->mqtt_poll, fleet_mqtt_events(&bridge->mqtt) & POLLOUT
                                           ? LOOP_READABLE | LOOP_WRITABLE
                                           : LOOP_READABLE);
}

void watch_bridge_stir(struct watch_bridge *bridge)
{
    if (bridge->mqtt_poll != NULL)
        watch_mqtt(bridge);
}

static void on_state(void *self, bool up)
{
    struct watch_bridge *bridge = self;
    bridge->mqtt_up = up;
    log_write(up ? LOG_INFO : LOG_WARN, up ? "bridge.up" : "bridge.down",
              up ? "connected to the broker\twatches=%zu" : "the broker is gone\twatches=%zu",
              bridge->seat_count);
    for (size_t i = 0; i < bridge->seat_count; i++)
        watch_seat_link(&bridge->seats[i], up);
}

static bool is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

static void on_message(void *self, const char *topic, size_t topic_len, const uint8_t *payload, size_t len,
                       bool retained)
{
    struct watch_bridge *bridge = self;
    const size_t head = strlen("huyang/v1/") + DEVICE_COUNTY_BYTES + 1;
    if (topic_len <= head)
        return;
    const char *rest = topic + head;
    const size_t rest_len = topic_len - head;
    if (is(rest, rest_len, "gateway")) {
        for (size_t i = 0; i < bridge->seat_count; i++)
            watch_seat_message(&bridge->seats[i], DEVICE_TOPIC_GATEWAY, payload, len);
        return;
    }
    const char *slash = memchr(rest, '/', rest_len);
    struct watch_seat *seat =
        slash != NULL ? watch_seat_of_device(bridge, rest, (size_t)(slash - rest)) : NULL;
    if (seat == NULL || retained)
        return; /* another's device; and an old command must not be done again */
    const size_t leaf_len = rest_len - (size_t)(slash + 1 - rest);
    if (is(slash + 1, leaf_len, "command"))
        watch_seat_message(seat, DEVICE_TOPIC_COMMAND, payload, len);
    else if (is(slash + 1, leaf_len, "ack"))
        watch_seat_message(seat, DEVICE_TOPIC_ACK, payload, len);
}

/* The first line of the file. */
static bool read_password(const char *path, char *password, size_t size)
{
    FILE *file = fopen(path, "re");
    const bool read = file != NULL && fgets(password, (int)size, file) != NULL;
    if (file != NULL)
        fclose(file);
    password[strcspn(password, "\r\n")] = '\0';
    return read;
}

static bool open_mqtt(struct watch_bridge *bridge)
{
    static const char *const leaves[] = {"+/ack", "+/command", "gateway"};
    const struct watch_bridge_options *options = &bridge->options;
    struct fleet_mqtt_config config = {
        .qos = {0, 1, 1}, .self = bridge, .on_state = on_state, .on_message = on_message};
    if (fleet_mqtt_parse_url(options->broker, &config) != ERR_OK) {
        fprintf(stderr, "huyang watch-bridge: %s is not tcp://HOST:PORT\n", options->broker);
        return false;
    }
    snprintf(config.client_id, sizeof(config.client_id), "huyang-watch-bridge-%s-%d", options->county,
             (int)getpid());
    text_copy(config.username, sizeof(config.username), options->username != NULL ? options->username : "");
    if (options->password_file != NULL &&
        !read_password(options->password_file, config.password, sizeof(config.password))) {
        fprintf(stderr, "huyang watch-bridge: %s: no password can be read\n", options->password_file);
        return false;
    }
    for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        snprintf(bridge->filters[i], sizeof(bridge->filters[i]), "huyang/v1/%s/%s", options->county,
                 leaves[i]);
        config.filters[i] = bridge->filters[i];
    }
    fleet_mqtt_init(&bridge->mqtt, &config);
    explicit_bzero(config.password, sizeof(config.password));
    return true;
}

/* ---- life ---- */

static void on_timer(void *self, struct now now)
{
    struct watch_bridge *bridge = self;
    bridge->now = now;
    watch_socket_tick(bridge);
    for (size_t i = 0; i < bridge->seat_count; i++)
        watch_seat_tick(&bridge->seats[i]);
    fleet_mqtt_tick(&bridge->mqtt, now.mono_ms);
    watch_mqtt(bridge);
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

/* A socket a watch and a file a seat; what the system allows beyond its usual 1,024. */
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
    bridge->listen_fd = bridge->mqtt.fd = -1;
    bridge->now = clock_now();
    raise_descriptors();
    if (open_loop(bridge) && make_folder(options->state_dir) && open_mqtt(bridge) &&
        watch_seats_open(bridge) && watch_socket_open(bridge)) {
        serve(bridge);
        status = 0;
    }
    watch_socket_close(bridge);
    watch_seats_close(bridge);
    loop_poll_close(bridge->mqtt_poll);
    fleet_mqtt_release(&bridge->mqtt);
    if (bridge->timer != NULL)
        loop_timer_close(bridge->timer);
    if (bridge->loop != NULL)
        loop_free(bridge->loop);
    free(bridge);
    return status;
}
