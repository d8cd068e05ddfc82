/* The county's connections. Shared ones: the first hears everything that comes down (acknowledgements,
 * commands, the gateway's state, the virtual clock); all of them publish, each device always over the same
 * one, so that its messages keep their order. Own ones, over TLS: each device hears and says what its
 * certificate allows. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "core/text.h"
#include "fleet.h"
#include "huyang/v1/command.pb-c.h"
#include "huyang/v1/link.pb-c.h"
#include "provision.h"

enum {
    HELD_MAX = 64 << 20,
    SMALL_MAX = 64,
    PEM_MAX_BYTES = 1 << 16,
    SHAKING_MAX =
        64 /* handshakes at a time: a broker that is asked by thousands at once answers none in time */
};

static const char prefix[] = "huyang/v1/";

/* ---- in ---- */

static void note_command(struct fleet_device *device, const uint8_t *payload, size_t len)
{
    static const char *const kinds[] = {"prompt", "cancel", "locate_now", "set_report_interval",
                                        "notice", "restart"};
    struct fleet *fleet = device->fleet;
    Huyang__V1__Command *command =
        len <= DEVICE_COMMAND_BYTES_MAX ? huyang__v1__command__unpack(NULL, len, payload) : NULL;
    fleet->counts.commands++;
    if (command == NULL)
        return;
    const unsigned kind = (unsigned)command->kind_case - HUYANG__V1__COMMAND__KIND_PROMPT;
    const bool prompt = command->kind_case == HUYANG__V1__COMMAND__KIND_PROMPT;
    fleet_report_command(device, command->id, kind < sizeof(kinds) / sizeof(*kinds) ? kinds[kind] : "unknown",
                         prompt ? command->prompt->prompt_id : "");
    struct fleet_home *home = &fleet->homes[device->household];
    if (prompt && home->sos_us != 0) {
        fleet_histogram_add(&fleet->command_us, fleet_mono_us() - home->sos_us);
        home->sos_us = 0;
    }
    huyang__v1__command__free_unpacked(command, NULL);
}

/* `own`: whose connection it came over; NULL = it is for all. */
static void take_gateway(struct fleet *fleet, struct fleet_device *own, const uint8_t *payload, size_t len)
{
    Huyang__V1__GatewayState *state =
        len <= DEVICE_COMMAND_BYTES_MAX ? huyang__v1__gateway_state__unpack(NULL, len, payload) : NULL;
    if (state == NULL)
        return;
    fleet->gateway_up = state->state == HUYANG__V1__LINK_STATE__LINK_STATE_BORN;
    huyang__v1__gateway_state__free_unpacked(state, NULL);
    if (own != NULL)
        fleet_device_message(own, DEVICE_TOPIC_GATEWAY, payload, len);
    for (uint32_t i = 0; own == NULL && i < fleet->count; i++)
        fleet_device_message(&fleet->devices[i], DEVICE_TOPIC_GATEWAY, payload, len);
}

static void take_reached(struct fleet *fleet, const uint8_t *payload, size_t len)
{
    Huyang__V1__VirtualClock *clock =
        len <= SMALL_MAX ? huyang__v1__virtual_clock__unpack(NULL, len, payload) : NULL;
    if (clock == NULL)
        return;
    if (clock->time_ms > fleet->reached_ms)
        fleet->reached_ms = clock->time_ms;
    huyang__v1__virtual_clock__free_unpacked(clock, NULL);
}

static bool is(const char *text, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* `rest` is what follows the county. */
static void take_for_device(struct fleet *fleet, const char *rest, size_t len, const uint8_t *payload,
                            size_t payload_len, bool retained)
{
    char id[ID_SIZE];
    const char *slash = memchr(rest, '/', len);
    const size_t id_len = slash != NULL ? (size_t)(slash - rest) : len;
    struct fleet_device *device = NULL;
    if (slash != NULL && id_len < sizeof(id)) {
        memcpy(id, rest, id_len);
        id[id_len] = '\0';
        device = fleet_device_of(fleet, registry_find(fleet->registry, REGISTRY_DEVICE, id));
    }
    if (device == NULL || retained) { /* somebody else's device; and an old command must not be done again */
        fleet->counts.unroutable++;
        return;
    }
    const char *leaf = slash + 1;
    const size_t leaf_len = len - id_len - 1;
    if (is(leaf, leaf_len, "command")) {
        if (device->online)
            note_command(device, payload, payload_len);
        fleet_device_message(device, DEVICE_TOPIC_COMMAND, payload, payload_len);
    } else if (is(leaf, leaf_len, "ack")) {
        fleet_device_message(device, DEVICE_TOPIC_ACK, payload, payload_len);
    }
}

static void on_message(void *self, const char *topic, size_t topic_len, const uint8_t *payload, size_t len,
                       bool retained)
{
    const struct fleet_line *line = self;
    struct fleet *fleet = line->fleet;
    const size_t head = sizeof(prefix) - 1 + DEVICE_COUNTY_BYTES + 1;
    if (topic_len <= head)
        return;
    if (is(topic + head, topic_len - head, "gateway"))
        take_gateway(fleet, line->device, payload, len);
    else if (is(topic + head, topic_len - head, "clock/reached"))
        take_reached(fleet, payload, len);
    else
        take_for_device(fleet, topic + head, topic_len - head, payload, len, retained);
}

static void on_state(void *self, bool up)
{
    const struct fleet_line *line = self;
    struct fleet *fleet = line->fleet;
    if (line->device == NULL) {
        fleet->down_up = up;
        if (!up)
            fleet_devices_reach(fleet, false); /* nobody */
    } else if (up) {
        fleet->slot = -1; /* who can be reached is looked at anew */
    } else if (line->device->online) {
        fleet_device_reach(line->device, false);
    }
}

static void on_other_state(void *self, bool up)
{
    (void)self;
    (void)up;
}

unsigned fleet_wire_up(const struct fleet *fleet)
{
    unsigned up = 0;
    for (unsigned i = 0; i < fleet->line_count; i++)
        up += fleet->lines[i].mqtt.state == FLEET_MQTT_UP;
    return up;
}

bool fleet_wire_reaches(const struct fleet *fleet, const struct fleet_device *device)
{
    return fleet->down_up &&
           (fleet->tls == NULL || fleet->lines[device - fleet->devices].mqtt.state == FLEET_MQTT_UP);
}

/* ---- out ---- */

static bool hold(struct fleet *fleet, uint32_t device, const char *topic, const uint8_t *bytes, size_t len,
                 int qos, bool retain)
{
    struct fleet_mqtt_bytes *held = &fleet->held;
    const size_t topic_len = strlen(topic) + 1, need = 4 * sizeof(uint32_t) + topic_len + len;
    const uint32_t head[4] = {device, (uint32_t)(qos << 1 | retain), (uint32_t)topic_len, (uint32_t)len};
    if (held->to + need > held->cap) {
        const size_t cap = held->cap > 0 ? held->cap * 2 + need : 65536 + need;
        uint8_t *data = cap <= HELD_MAX ? realloc(held->data, cap) : NULL;
        if (data == NULL)
            return false;
        held->data = data;
        held->cap = cap;
    }
    memcpy(held->data + held->to, head, sizeof(head));
    memcpy(held->data + held->to + sizeof(head), topic, topic_len);
    if (len > 0)
        memcpy(held->data + held->to + sizeof(head) + topic_len, bytes, len);
    held->to += need;
    return true;
}

bool fleet_wire_publish(struct fleet *fleet, uint32_t device, const char *topic, const uint8_t *bytes,
                        size_t len, int qos, bool retain)
{
    if (fleet->holding)
        return hold(fleet, device, topic, bytes, len, qos, retain);
    return fleet_mqtt_publish(&fleet->lines[device % fleet->line_count].mqtt, topic, bytes, len, qos, retain);
}

void fleet_wire_release(struct fleet *fleet)
{
    uint32_t head[4];
    fleet->holding = false;
    while (fleet->held.from < fleet->held.to) {
        const uint8_t *at = fleet->held.data + fleet->held.from;
        memcpy(head, at, sizeof(head));
        at += sizeof(head);
        /* What the connection does not take is sent again by its device. */
        (void)fleet_wire_publish(fleet, head[0], (const char *)at, at + head[2], head[3], (int)(head[1] >> 1),
                                 (head[1] & 1) != 0);
        fleet->held.from += sizeof(head) + head[2] + head[3];
    }
    fleet->held.from = fleet->held.to = 0;
}

void fleet_wire_clock(struct fleet *fleet, int64_t time_ms)
{
    Huyang__V1__VirtualClock clock = HUYANG__V1__VIRTUAL_CLOCK__INIT;
    uint8_t bytes[SMALL_MAX];
    char topic[FLEET_FILTER_SIZE];
    clock.time_ms = time_ms;
    snprintf(topic, sizeof(topic), "%s%s/clock", prefix, fleet->options.county);
    (void)fleet_mqtt_publish(&fleet->lines[0].mqtt, topic, bytes,
                             huyang__v1__virtual_clock__pack(&clock, bytes), 1,
                             false); /* refused only when down; it is said again */
}

bool fleet_wire_quiet(const struct fleet *fleet)
{
    for (unsigned i = 0; i < fleet->line_count; i++) {
        const struct fleet_mqtt *mqtt = &fleet->lines[i].mqtt;
        if (mqtt->unanswered > 0 || mqtt->out.to > mqtt->out.from)
            return false;
    }
    return true;
}

/* ---- life ---- */

static bool read_password(const char *path, char *password, size_t size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(password, (int)size, file) == NULL) {
        fprintf(stderr, "huyang fleet: %s: %s\n", path, file == NULL ? strerror(errno) : "is empty");
        if (file != NULL)
            fclose(file);
        return false;
    }
    fclose(file);
    password[strcspn(password, "\r\n")] = '\0';
    return true;
}

static void open_shared(struct fleet *fleet, const struct fleet_mqtt_config *common, uint32_t run, unsigned i)
{
    static const char *const leaves[FLEET_FILTERS] = {"+/ack", "+/command", "gateway", "clock/reached"};
    struct fleet_line *line = &fleet->lines[i];
    struct fleet_mqtt_config config = *common;
    snprintf(config.client_id, sizeof(config.client_id), "fleet-%s-%08" PRIx32 "-%u", fleet->options.county,
             run, i);
    config.self = line;
    config.on_state = i == 0 ? on_state : on_other_state;
    for (int f = 0; i == 0 && f < FLEET_FILTERS; f++) {
        snprintf(line->filters[f], FLEET_FILTER_SIZE, "%s%s/%s", prefix, fleet->options.county, leaves[f]);
        config.filters[f] = line->filters[f];
        config.qos[f] = f == 1 || f == 2;
    }
    fleet_mqtt_init(&line->mqtt, &config);
}

static bool open_own(struct fleet *fleet, const struct fleet_mqtt_config *common, unsigned i)
{
    struct fleet_line *line = &fleet->lines[i];
    struct fleet_mqtt_config config = *common;
    struct fleet_device *device = &fleet->devices[i];
    char folder[FILES_PATH_SIZE];
    const int len = snprintf(folder, sizeof(folder), "%s/devices/%s", fleet->options.tls_dir, device->id);
    if (len <= 0 || len >= (int)sizeof(folder) ||
        provision_identity(folder, "cert.pem", "key.pem", &line->identity) != ERR_OK)
        return false;
    line->device = device;
    text_copy(config.client_id, sizeof(config.client_id), device->id);
    config.self = line;
    config.on_state = on_state;
    config.tls = fleet->tls;
    config.identity = &line->identity;
    snprintf(line->filters[0], FLEET_FILTER_SIZE, "%s%s/%s/ack", prefix, fleet->options.county, device->id);
    snprintf(line->filters[1], FLEET_FILTER_SIZE, "%s%s/%s/command", prefix, fleet->options.county,
             device->id);
    snprintf(line->filters[2], FLEET_FILTER_SIZE, "%s%s/gateway", prefix, fleet->options.county);
    for (int f = 0; f < 3; f++) {
        config.filters[f] = line->filters[f];
        config.qos[f] = f > 0;
    }
    fleet_mqtt_init(&line->mqtt, &config);
    return true;
}

/* The authority to trust, and as many descriptors as there may be. */
static bool prepare_tls(struct fleet *fleet)
{
    struct rlimit limit;
    struct buf ca;
    buf_init(&ca, PEM_MAX_BYTES);
    const bool made = files_read(fleet->options.tls_dir, "ca.pem", &ca) == ERR_OK &&
                      tls_client_new(buf_text(&ca), ca.len, false, &fleet->tls) == ERR_OK;
    buf_release(&ca);
    if (!made)
        fprintf(stderr, "huyang fleet: --tls-dir: there is no usable ca.pem in %s\n", fleet->options.tls_dir);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* too few show as connections that do not come */
    }
    return made;
}

static bool read_config(const struct fleet_options *options, struct fleet_mqtt_config *config)
{
    if (fleet_mqtt_parse_url(options->broker, config) != ERR_OK) {
        fprintf(stderr, "huyang fleet: --broker: '%s' is not tcp://HOST[:PORT] or ssl://HOST[:PORT]\n",
                options->broker);
        return false;
    }
    if (config->secure != (options->tls_dir != NULL)) {
        fputs("huyang fleet: ssl:// needs --tls-dir, and tcp:// has no use for it\n", stderr);
        return false;
    }
    return (options->username == NULL ||
            text_copy(config->username, sizeof(config->username), options->username)) &&
           (options->password_file == NULL ||
            read_password(options->password_file, config->password, sizeof(config->password)));
}

bool fleet_wire_open(struct fleet *fleet)
{
    const struct fleet_options *options = &fleet->options;
    struct fleet_mqtt_config config = {.on_message = on_message};
    const bool own = options->tls_dir != NULL;
    uint32_t run;
    if (!read_config(options, &config) || (own && !prepare_tls(fleet)) ||
        getrandom(&run, sizeof(run), 0) != sizeof(run))
        return false;
    const unsigned count = own ? fleet->count : options->connections;
    fleet->lines = calloc(count, sizeof(*fleet->lines));
    fleet->fds = calloc(count + 1, sizeof(*fleet->fds));
    if (fleet->lines == NULL || fleet->fds == NULL)
        return false;
    for (unsigned i = 0; i < count; i++) {
        fleet->lines[i].fleet = fleet;
        if (!own)
            open_shared(fleet, &config, run, i);
        else if (!open_own(fleet, &config, i))
            return false;
        fleet->line_count = i + 1;
    }
    return true;
}

void fleet_wire_close(struct fleet *fleet)
{
    for (unsigned i = 0; i < fleet->line_count; i++) {
        fleet_mqtt_release(&fleet->lines[i].mqtt);
        pki_identity_release(&fleet->lines[i].identity);
    }
    tls_client_free(fleet->tls);
    free(fleet->lines);
    free(fleet->fds);
    free(fleet->held.data);
}

bool fleet_wire_run(struct fleet *fleet, int signal_fd, int64_t wait_ms)
{
    struct pollfd *fds = fleet->fds;
    const int64_t mono_ms = fleet_mono_us() / 1000;
    unsigned shaking = 0;
    for (unsigned i = 0; i < fleet->line_count; i++) {
        struct fleet_mqtt *mqtt = &fleet->lines[i].mqtt;
        if (mqtt->state != FLEET_MQTT_IDLE || shaking < SHAKING_MAX)
            fleet_mqtt_tick(mqtt, mono_ms);
        shaking += mqtt->state == FLEET_MQTT_DIALING || mqtt->state == FLEET_MQTT_GREETING;
        fds[i] = (struct pollfd){.fd = mqtt->fd, .events = fleet_mqtt_events(mqtt)};
        if (mqtt->state == FLEET_MQTT_IDLE && wait_ms > 50)
            wait_ms = 50; /* it may be time to connect */
    }
    fds[fleet->line_count] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
    if (wait_ms > 500)
        wait_ms = 500;
    if (poll(fds, fleet->line_count + 1, wait_ms > 0 ? (int)wait_ms : 0) <= 0)
        return false;
    const int64_t after_ms = fleet_mono_us() / 1000;
    for (unsigned i = 0; i < fleet->line_count; i++)
        if (fds[i].revents != 0 && fleet->lines[i].mqtt.fd == fds[i].fd)
            fleet_mqtt_io(&fleet->lines[i].mqtt, fds[i].revents, after_ms);
    for (unsigned i = 0; i < fleet->line_count; i++)
        fleet_mqtt_flush(&fleet->lines[i].mqtt, after_ms);
    return fds[fleet->line_count].revents != 0;
}
