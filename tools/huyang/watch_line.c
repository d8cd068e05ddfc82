/* A seat's MQTT connection: that of the device it is. It stands from when the watch connects until the watch
 * has left and the gateway has everything, so it is the watch's link state that the gateway sees; a bridge
 * that dies leaves the wills of all. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "huyang/v1/link.pb-c.h"
#include "provision.h"
#include "watch_bridge.h"

enum { PEM_MAX = 1 << 16 };

_Static_assert((int)DEVICE_WILL_MAX <= (int)FLEET_MQTT_WILL_MAX, "a device's will fits a connection's");

static const enum device_topic subscribed[WATCH_FILTERS] = {DEVICE_TOPIC_ACK, DEVICE_TOPIC_COMMAND,
                                                            DEVICE_TOPIC_GATEWAY};

/* ---- what all lines share ---- */

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

static bool read_authority(struct watch_bridge *bridge)
{
    struct buf ca;
    buf_init(&ca, PEM_MAX);
    const bool made = files_read(bridge->options.tls_dir, "ca.pem", &ca) == ERR_OK &&
                      tls_client_new(buf_text(&ca), ca.len, false, &bridge->tls) == ERR_OK;
    buf_release(&ca);
    if (!made)
        fprintf(stderr, "huyang watch-bridge: --tls-dir: there is no usable ca.pem in %s\n",
                bridge->options.tls_dir);
    return made;
}

bool watch_lines_prepare(struct watch_bridge *bridge)
{
    const struct watch_bridge_options *options = &bridge->options;
    struct fleet_mqtt_config *config = &bridge->mqtt_config;
    if (fleet_mqtt_parse_url(options->broker, config) != ERR_OK) {
        fprintf(stderr, "huyang watch-bridge: --broker: '%s' is not tcp://HOST[:PORT] or ssl://HOST[:PORT]\n",
                options->broker);
        return false;
    }
    if (config->secure != (options->tls_dir != NULL)) {
        fputs("huyang watch-bridge: ssl:// needs --tls-dir, and tcp:// has no use for it\n", stderr);
        return false;
    }
    if (options->username != NULL &&
        !text_copy(config->username, sizeof(config->username), options->username)) {
        fputs("huyang watch-bridge: --username: too long\n", stderr);
        return false;
    }
    if (options->password_file != NULL &&
        !read_password(options->password_file, config->password, sizeof(config->password))) {
        fprintf(stderr, "huyang watch-bridge: %s: no password can be read\n", options->password_file);
        return false;
    }
    return !config->secure || read_authority(bridge);
}

bool watch_line_prepare(struct watch_seat *seat)
{
    const char *tls_dir = seat->bridge->options.tls_dir, *device = seat->core.config.id;
    char folder[FILES_PATH_SIZE];
    if (tls_dir == NULL)
        return true;
    const int len = snprintf(folder, sizeof(folder), "%s/devices/%s", tls_dir, device);
    if (len > 0 && len < (int)sizeof(folder) &&
        provision_identity(folder, "cert.pem", "key.pem", &seat->identity) == ERR_OK)
        return true;
    fprintf(stderr, "huyang watch-bridge: --tls-dir: %s needs devices/%s/cert.pem and key.pem\n", tls_dir,
            device);
    return false;
}

/* ---- one line ---- */

static void on_events(void *self, int events, struct now now);

/* The socket is another one after each reconnect, and only fleet_mqtt_tick() makes it: what is closed is let
 * go before. */
static void look(struct watch_seat *seat)
{
    if (seat->mqtt.fd < 0) {
        loop_poll_close(seat->mqtt_poll);
        seat->mqtt_poll = NULL;
        return;
    }
    if (seat->mqtt_poll == NULL &&
        loop_poll_new(seat->bridge->loop, seat->mqtt.fd, on_events, seat, &seat->mqtt_poll) != ERR_OK)
        return; /* tried again with the next tick */
    loop_poll_start(seat->mqtt_poll,
                    fleet_mqtt_events(&seat->mqtt) & POLLOUT ? LOOP_READABLE | LOOP_WRITABLE : LOOP_READABLE);
}

static void on_events(void *self, int events, struct now now)
{
    struct watch_seat *seat = self;
    const unsigned revents = (events & LOOP_READABLE ? POLLIN : 0U) | (events & LOOP_WRITABLE ? POLLOUT : 0U);
    seat->bridge->now = now;
    fleet_mqtt_io(&seat->mqtt, (short)revents, now.mono_ms);
    look(seat);
}

static size_t make_will(void *self, uint8_t to[FLEET_MQTT_WILL_MAX])
{
    struct watch_seat *seat = self;
    return device_will(&seat->core, seat->bridge->now.mono_ms, to);
}

static void on_state(void *self, bool up)
{
    watch_seat_link(self, up);
}

static void on_message(void *self, const char *topic, size_t topic_len, const uint8_t *payload, size_t len,
                       bool retained)
{
    struct watch_seat *seat = self;
    for (unsigned i = 0; i < WATCH_FILTERS; i++) {
        if (strlen(seat->topics[i]) != topic_len || memcmp(seat->topics[i], topic, topic_len) != 0)
            continue;
        if (!retained || subscribed[i] == DEVICE_TOPIC_GATEWAY) /* an old command must not be done again */
            watch_seat_message(seat, subscribed[i], payload, len);
    }
}

static void open_line(struct watch_seat *seat)
{
    struct fleet_mqtt_config config = seat->bridge->mqtt_config;
    text_copy(config.client_id, sizeof(config.client_id), seat->core.config.id);
    for (unsigned i = 0; i < WATCH_FILTERS; i++) {
        device_topic(&seat->core, subscribed[i], seat->topics[i]);
        config.filters[i] = seat->topics[i];
        config.qos[i] = subscribed[i] != DEVICE_TOPIC_ACK;
    }
    device_topic(&seat->core, DEVICE_TOPIC_LINK, seat->topics[WATCH_FILTERS]);
    config.will_topic = seat->topics[WATCH_FILTERS];
    config.make_will = make_will;
    config.tls = seat->bridge->tls;
    config.identity = config.secure ? &seat->identity : NULL;
    config.self = seat;
    config.on_state = on_state;
    config.on_message = on_message;
    fleet_mqtt_init(&seat->mqtt, &config);
    explicit_bzero(config.password, sizeof(config.password));
    seat->line_open = true;
    seat->failures_told = 0;
}

static void say_dead(struct watch_seat *seat)
{
    uint8_t bytes[DEVICE_WILL_MAX];
    Huyang__V1__Link link = HUYANG__V1__LINK__INIT;
    link.state = HUYANG__V1__LINK_STATE__LINK_STATE_DEAD;
    link.ordinal = seat->core.session;
    link.kind = seat->core.config.kind;
    link.firmware = seat->core.config.firmware;
    (void)fleet_mqtt_publish(&seat->mqtt, seat->topics[WATCH_FILTERS], bytes,
                             huyang__v1__link__pack(&link, bytes), 1, true);
}

void watch_line_close(struct watch_seat *seat)
{
    if (!seat->line_open)
        return;
    if (seat->mqtt.state == FLEET_MQTT_UP) {
        say_dead(seat); /* an orderly end makes the broker forget the will */
        watch_seat_link(seat, false);
    }
    loop_poll_close(seat->mqtt_poll);
    seat->mqtt_poll = NULL;
    fleet_mqtt_release(&seat->mqtt);
    seat->line_open = false;
}

static bool is_wanted(const struct watch_seat *seat)
{
    return seat->connection != NULL || device_outbox_pending(&seat->core.outbox, DEVICE_URGENT) > 0 ||
           device_outbox_pending(&seat->core.outbox, DEVICE_ROUTINE) > 0;
}

static void tell_failure(struct watch_seat *seat)
{
    struct watch_bridge *bridge = seat->bridge;
    if (seat->mqtt.failures == seat->failures_told)
        return;
    seat->failures_told = seat->mqtt.failures;
    if (seat->failures_told != 0 && log_allow(&bridge->limit, "bridge.down", 20, bridge->now.mono_ms))
        log_write(LOG_WARN, "bridge.down", "no connection to the broker\tdevice=%s\twhy=%s",
                  seat->core.config.id, seat->mqtt.why);
}

void watch_line_tick(struct watch_seat *seat)
{
    if (!seat->line_open && is_wanted(seat))
        open_line(seat);
    if (!seat->line_open)
        return;
    if (!is_wanted(seat)) {
        watch_line_close(seat);
        return;
    }
    fleet_mqtt_tick(&seat->mqtt, seat->bridge->now.mono_ms);
    tell_failure(seat);
    look(seat);
}

bool watch_line_publish(struct watch_seat *seat, const char *topic, const void *bytes, size_t len, int qos,
                        bool retain)
{
    if (!fleet_mqtt_publish(&seat->mqtt, topic, bytes, len, qos, retain))
        return false;
    if (seat->mqtt_poll != NULL)
        look(seat);
    return true;
}
