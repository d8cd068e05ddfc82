/* Packets as in MQTT 3.1.1 (OASIS, 29 October 2014), chapters 2 and 3. */
#include "fleet_mqtt.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/text.h"

enum {
    PACKET_CONNECT = 0x10,
    PACKET_CONNACK = 0x20,
    PACKET_PUBLISH = 0x30,
    PACKET_PUBACK = 0x40,
    PACKET_SUBSCRIBE = 0x82,
    PACKET_SUBACK = 0x90,
    PACKET_PINGREQ = 0xc0,
    PACKET_DISCONNECT = 0xe0,
    HEAD_MAX = 5, /* type and the longest remaining length */
    CONNECT_CLEAN = 0x02,
    CONNECT_WILL = 0x04 | 1 << 3 | 0x20, /* at QoS 1, retained */
    CONNECT_PASSWORD = 0x40,
    CONNECT_NAME = 0x80,
    KEEPALIVE_S = 20,
    SILENT_MS = 30000, /* nothing heard for so long although pings went out */
    GREETING_MS = 10000,
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 2000,
    READ_BLOCK = 65536,
};

enum err fleet_mqtt_parse_url(const char *url, struct fleet_mqtt_config *config)
{
    static const char plain[] = "tcp://", secure[] = "ssl://";
    config->secure = strncmp(url, secure, sizeof(secure) - 1) == 0;
    if (!config->secure && strncmp(url, plain, sizeof(plain) - 1) != 0)
        return ERR_INVALID;
    const char *host = url + sizeof(plain) - 1, *end = strrchr(host, ']');
    const char *colon = strrchr(end != NULL ? end : host, ':');
    size_t len = colon != NULL ? (size_t)(colon - host) : strlen(host);
    if (host[0] == '[' && end != NULL) {
        if (host + len != end + 1)
            return ERR_INVALID;
        host++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(config->host) ||
        !text_copy(config->port, sizeof(config->port),
                   colon != NULL ? colon + 1 : (config->secure ? "8883" : "1883")) ||
        config->port[0] == '\0')
        return ERR_INVALID;
    snprintf(config->host, sizeof(config->host), "%.*s", (int)len, host);
    return ERR_OK;
}

void fleet_mqtt_init(struct fleet_mqtt *mqtt, const struct fleet_mqtt_config *config)
{
    *mqtt = (struct fleet_mqtt){.config = *config, .fd = -1, .next_id = 1};
}

/* ---- bytes ---- */

/* Room for `more` bytes behind what waits, NULL past `max` or without memory. */
static uint8_t *reserve(struct fleet_mqtt_bytes *bytes, size_t more, size_t max)
{
    const size_t used = bytes->to - bytes->from;
    if (used + more > max)
        return NULL;
    if (bytes->to + more > bytes->cap) {
        if (bytes->from > 0 && used > 0)
            memmove(bytes->data, bytes->data + bytes->from, used);
        bytes->from = 0;
        bytes->to = used;
    }
    if (bytes->to + more > bytes->cap) {
        size_t cap = bytes->cap > 0 ? bytes->cap : READ_BLOCK;
        while (cap < bytes->to + more)
            cap *= 2;
        uint8_t *data = realloc(bytes->data, cap);
        if (data == NULL)
            return NULL;
        bytes->data = data;
        bytes->cap = cap;
    }
    return bytes->data + bytes->to;
}

static uint8_t *put_u16(uint8_t *to, size_t value)
{
    *to++ = (uint8_t)(value >> 8);
    *to++ = (uint8_t)value;
    return to;
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
    const size_t len = strlen(text);
    to = put_u16(to, len);
    memcpy(to, text, len);
    return to + len;
}

static uint8_t *put_head(uint8_t *to, unsigned type, size_t remaining)
{
    *to++ = (uint8_t)type;
    for (; remaining >= 0x80; remaining >>= 7)
        *to++ = (uint8_t)(remaining | 0x80);
    *to++ = (uint8_t)remaining;
    return to;
}

static void sent(struct fleet_mqtt *mqtt, const uint8_t *end)
{
    mqtt->out.to = (size_t)(end - mqtt->out.data);
}

/* ---- life ---- */

static const char lost[] = "the connection was closed";

static void drop(struct fleet_mqtt *mqtt, int64_t now_ms, const char *why)
{
    const bool was_up = mqtt->state == FLEET_MQTT_UP;
    text_copy(mqtt->why, sizeof(mqtt->why), why);
    tls_close(mqtt->tls);
    mqtt->tls = NULL;
    if (mqtt->fd >= 0)
        close(mqtt->fd);
    mqtt->fd = -1;
    mqtt->state = FLEET_MQTT_IDLE;
    mqtt->out.from = mqtt->out.to = mqtt->in.from = mqtt->in.to = 0;
    mqtt->unanswered = 0;
    int64_t wait_ms = RETRY_FIRST_MS << (mqtt->failures < 5 ? mqtt->failures : 5);
    mqtt->failures++;
    mqtt->retry_ms = now_ms + (wait_ms < RETRY_LAST_MS ? wait_ms : RETRY_LAST_MS);
    if (was_up)
        mqtt->config.on_state(mqtt->config.self, false);
}

static void dial(struct fleet_mqtt *mqtt, int64_t now_ms)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const int one = 1;
    mqtt->state = FLEET_MQTT_DIALING;
    mqtt->heard_ms = now_ms;
    mqtt->refused = false;
    if (getaddrinfo(mqtt->config.host, mqtt->config.port, &hints, &found) != 0) {
        drop(mqtt, now_ms, "the host is not known");
        return;
    }
    mqtt->fd =
        socket(found->ai_family, found->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, found->ai_protocol);
    bool failed = mqtt->fd < 0;
    if (!failed) {
        setsockopt(mqtt->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        failed = connect(mqtt->fd, found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS;
    }
    const int why = errno;
    freeaddrinfo(found);
    if (failed)
        drop(mqtt, now_ms, strerror(why));
}

static bool put_connect(struct fleet_mqtt *mqtt)
{
    const struct fleet_mqtt_config *config = &mqtt->config;
    const bool named = config->username[0] != '\0', secret = named && config->password[0] != '\0';
    uint8_t will[FLEET_MQTT_WILL_MAX];
    const bool willed = config->will_topic != NULL;
    const size_t will_len = willed ? config->make_will(config->self, will) : 0;
    const size_t remaining =
        10 + 2 + strlen(config->client_id) + (willed ? 2 + strlen(config->will_topic) + 2 + will_len : 0) +
        (named ? 2 + strlen(config->username) : 0) + (secret ? 2 + strlen(config->password) : 0);
    uint8_t *to = reserve(&mqtt->out, HEAD_MAX + remaining, FLEET_MQTT_OUT_MAX);
    if (to == NULL)
        return false;
    to = put_head(to, PACKET_CONNECT, remaining);
    to = put_text(to, "MQTT");
    *to++ = 4; /* protocol level of 3.1.1 */
    *to++ = (uint8_t)(CONNECT_CLEAN | (willed ? CONNECT_WILL : 0) | (named ? CONNECT_NAME : 0) |
                      (secret ? CONNECT_PASSWORD : 0));
    to = put_u16(to, KEEPALIVE_S);
    to = put_text(to, config->client_id);
    if (willed) {
        to = put_u16(put_text(to, config->will_topic), will_len);
        memcpy(to, will, will_len);
        to += will_len;
    }
    if (named)
        to = put_text(to, config->username);
    if (secret)
        to = put_text(to, config->password);
    sent(mqtt, to);
    return true;
}

static void greet(struct fleet_mqtt *mqtt, int64_t now_ms)
{
    const struct fleet_mqtt_config *config = &mqtt->config;
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(mqtt->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        drop(mqtt, now_ms, strerror(error));
        return;
    }
    if (config->secure &&
        tls_open(config->tls, config->identity, config->host, mqtt->fd, &mqtt->tls) != ERR_OK) {
        drop(mqtt, now_ms, "TLS cannot be begun");
        return;
    }
    if (!put_connect(mqtt)) {
        drop(mqtt, now_ms, "no memory");
        return;
    }
    mqtt->state = FLEET_MQTT_GREETING;
    fleet_mqtt_flush(mqtt, now_ms);
}

static void ready(struct fleet_mqtt *mqtt)
{
    mqtt->state = FLEET_MQTT_UP;
    mqtt->failures = 0;
    mqtt->config.on_state(mqtt->config.self, true);
}

static bool subscribe(struct fleet_mqtt *mqtt)
{
    const struct fleet_mqtt_config *config = &mqtt->config;
    size_t remaining = 2;
    for (int i = 0; i < FLEET_MQTT_FILTERS_MAX && config->filters[i] != NULL; i++)
        remaining += 2 + strlen(config->filters[i]) + 1;
    uint8_t *to = reserve(&mqtt->out, HEAD_MAX + remaining, FLEET_MQTT_OUT_MAX);
    if (to == NULL)
        return false;
    to = put_u16(put_head(to, PACKET_SUBSCRIBE, remaining), 1);
    for (int i = 0; i < FLEET_MQTT_FILTERS_MAX && config->filters[i] != NULL; i++) {
        to = put_text(to, config->filters[i]);
        *to++ = config->qos[i];
    }
    sent(mqtt, to);
    return true;
}

/* ---- packets that arrive; false ends the connection ---- */

static bool take_publish(struct fleet_mqtt *mqtt, unsigned flags, const uint8_t *body, size_t len)
{
    const unsigned qos = flags >> 1 & 3;
    if (len < 2)
        return false;
    const size_t topic_len = (size_t)body[0] << 8 | body[1];
    const size_t head = 2 + topic_len + (qos > 0 ? 2 : 0);
    if (qos > 1 || head > len)
        return false;
    if (qos == 1) {
        uint8_t *to = reserve(&mqtt->out, 4, FLEET_MQTT_OUT_MAX + 4);
        if (to == NULL)
            return false;
        to = put_head(to, PACKET_PUBACK, 2);
        *to++ = body[head - 2];
        *to++ = body[head - 1];
        sent(mqtt, to);
    }
    mqtt->received++;
    mqtt->config.on_message(mqtt->config.self, (const char *)body + 2, topic_len, body + head, len - head,
                            (flags & 1) != 0);
    return true;
}

static bool take_packet(struct fleet_mqtt *mqtt, unsigned type, const uint8_t *body, size_t len)
{
    switch (type & 0xf0) {
    case PACKET_CONNACK:
        mqtt->refused = len == 2 && body[1] != 0;
        if (len != 2 || body[1] != 0)
            return false;
        if (mqtt->config.filters[0] != NULL)
            return subscribe(mqtt);
        ready(mqtt);
        return true;
    case PACKET_SUBACK:
        for (size_t i = 2; i < len; i++)
            if (body[i] > 1)
                return false;
        ready(mqtt);
        return true;
    case PACKET_PUBLISH: return take_publish(mqtt, type & 0x0f, body, len);
    case PACKET_PUBACK: mqtt->unanswered -= mqtt->unanswered > 0; return true;
    default: return true;
    }
}

/* Takes every whole packet that is there. */
static bool take_packets(struct fleet_mqtt *mqtt)
{
    struct fleet_mqtt_bytes *in = &mqtt->in;
    for (;;) {
        size_t remaining = 0, at = 1;
        const size_t have = in->to - in->from;
        const uint8_t *packet = in->data + in->from;
        bool whole = false;
        for (unsigned shift = 0; at < have && shift <= 21 && !whole; shift += 7, at++) {
            remaining |= (size_t)(packet[at] & 0x7f) << shift;
            whole = packet[at] < 0x80;
        }
        if (!whole)
            return have < HEAD_MAX;
        if (at + remaining > FLEET_MQTT_IN_MAX)
            return false;
        if (have < at + remaining)
            return true;
        in->from += at + remaining; /* what a callback does cannot move the bytes: only reading does */
        if (!take_packet(mqtt, packet[0], packet + at, remaining))
            return false;
        if (mqtt->state == FLEET_MQTT_IDLE)
            return true;
    }
}

/* The socket's bytes or TLS's: 0 = the end, -1 = later. */
static ssize_t take_bytes(struct fleet_mqtt *mqtt, uint8_t *to)
{
    if (mqtt->tls != NULL)
        return tls_read(mqtt->tls, to, READ_BLOCK);
    const ssize_t len = recv(mqtt->fd, to, READ_BLOCK, 0);
    return len < 0 && errno != EAGAIN && errno != EINTR ? 0 : len;
}

static ssize_t give_bytes(struct fleet_mqtt *mqtt, const uint8_t *from, size_t len)
{
    if (mqtt->tls != NULL)
        return tls_write(mqtt->tls, from, len);
    const ssize_t given = send(mqtt->fd, from, len, MSG_NOSIGNAL);
    return given < 0 && errno != EAGAIN && errno != EINTR ? 0 : given;
}

/* The other side has ended the connection, or TLS has. */
static void end(struct fleet_mqtt *mqtt, int64_t now_ms)
{
    char why[TLS_WHY_SIZE];
    mqtt->refused = mqtt->state == FLEET_MQTT_GREETING && (mqtt->tls == NULL || tls_was_refused(mqtt->tls));
    text_copy(why, sizeof(why),
              mqtt->tls != NULL && tls_why(mqtt->tls)[0] != '\0' ? tls_why(mqtt->tls) : lost);
    drop(mqtt, now_ms, why);
}

static void receive(struct fleet_mqtt *mqtt, int64_t now_ms)
{
    for (;;) {
        uint8_t *to = reserve(&mqtt->in, READ_BLOCK, FLEET_MQTT_IN_MAX + READ_BLOCK);
        const ssize_t len = to != NULL ? take_bytes(mqtt, to) : 0;
        if (len < 0)
            return;
        if (len == 0) {
            end(mqtt, now_ms);
            return;
        }
        mqtt->heard_ms = now_ms;
        mqtt->in.to += (size_t)len;
        if (!take_packets(mqtt)) {
            drop(mqtt, now_ms, mqtt->refused ? "the broker refused (CONNACK)" : "not MQTT as it should be");
            return;
        }
        if (mqtt->state == FLEET_MQTT_IDLE || (size_t)len < READ_BLOCK)
            return;
    }
}

/* ---- the owner's calls ---- */

void fleet_mqtt_flush(struct fleet_mqtt *mqtt, int64_t now_ms)
{
    struct fleet_mqtt_bytes *out = &mqtt->out;
    while (mqtt->state >= FLEET_MQTT_GREETING && out->to > out->from) {
        const ssize_t len = give_bytes(mqtt, out->data + out->from, out->to - out->from);
        if (len < 0)
            return;
        if (len == 0) {
            end(mqtt, now_ms);
            return;
        }
        out->from += (size_t)len;
        mqtt->said_ms = now_ms;
    }
    if (out->from == out->to)
        out->from = out->to = 0;
}

void fleet_mqtt_tick(struct fleet_mqtt *mqtt, int64_t now_ms)
{
    if (mqtt->state == FLEET_MQTT_IDLE && now_ms >= mqtt->retry_ms)
        dial(mqtt, now_ms);
    else if (mqtt->state != FLEET_MQTT_IDLE &&
             now_ms - mqtt->heard_ms > (mqtt->state == FLEET_MQTT_UP ? SILENT_MS : GREETING_MS))
        drop(mqtt, now_ms, "no answer");
    else if (mqtt->state == FLEET_MQTT_UP &&
             (now_ms - mqtt->said_ms > KEEPALIVE_S * 500 || now_ms - mqtt->heard_ms > KEEPALIVE_S * 500)) {
        uint8_t *to = reserve(&mqtt->out, 2, FLEET_MQTT_OUT_MAX + 2);
        if (to != NULL && mqtt->out.from == mqtt->out.to)
            sent(mqtt, put_head(to, PACKET_PINGREQ, 0));
        mqtt->said_ms = now_ms;
    }
    fleet_mqtt_flush(mqtt, now_ms);
}

short fleet_mqtt_events(const struct fleet_mqtt *mqtt)
{
    /* In a handshake bytes may wait for the other side's, not for the socket. */
    const bool wants_out = mqtt->state == FLEET_MQTT_DIALING ||
                           (mqtt->tls != NULL ? tls_wants_write(mqtt->tls) : mqtt->out.to > mqtt->out.from);
    return (short)(POLLIN | (wants_out ? POLLOUT : 0));
}

void fleet_mqtt_io(struct fleet_mqtt *mqtt, short revents, int64_t now_ms)
{
    if (mqtt->state == FLEET_MQTT_DIALING && (revents & (POLLOUT | POLLERR | POLLHUP)) != 0)
        greet(mqtt, now_ms);
    if (mqtt->state >= FLEET_MQTT_GREETING && (revents & (POLLIN | POLLERR | POLLHUP)) != 0)
        receive(mqtt, now_ms);
    fleet_mqtt_flush(mqtt, now_ms);
}

bool fleet_mqtt_publish(struct fleet_mqtt *mqtt, const char *topic, const void *payload, size_t len, int qos,
                        bool retain)
{
    const size_t remaining = 2 + strlen(topic) + (qos > 0 ? 2 : 0) + len;
    if (mqtt->state != FLEET_MQTT_UP || mqtt->unanswered >= FLEET_MQTT_UNANSWERED_MAX)
        return false;
    uint8_t *to = reserve(&mqtt->out, HEAD_MAX + remaining, FLEET_MQTT_OUT_MAX);
    if (to == NULL)
        return false;
    to = put_text(put_head(to, PACKET_PUBLISH | (unsigned)qos << 1 | (retain ? 1u : 0u), remaining), topic);
    if (qos > 0) {
        to = put_u16(to, mqtt->next_id);
        mqtt->next_id = mqtt->next_id == UINT16_MAX ? 1 : (uint16_t)(mqtt->next_id + 1);
        mqtt->unanswered++;
    }
    if (len > 0)
        memcpy(to, payload, len);
    sent(mqtt, to + len);
    mqtt->published++;
    return true;
}

void fleet_mqtt_release(struct fleet_mqtt *mqtt)
{
    if (mqtt->state == FLEET_MQTT_UP) {
        uint8_t *to = reserve(&mqtt->out, 2, FLEET_MQTT_OUT_MAX + 2);
        if (to != NULL)
            sent(mqtt, put_head(to, PACKET_DISCONNECT, 0));
        fleet_mqtt_flush(mqtt, 0);
    }
    tls_close(mqtt->tls);
    if (mqtt->fd >= 0)
        close(mqtt->fd);
    free(mqtt->out.data);
    free(mqtt->in.data);
    *mqtt = (struct fleet_mqtt){.fd = -1};
}
