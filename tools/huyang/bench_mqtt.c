#include "bench_mqtt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    CONNECT = 0x10,
    CONNACK = 0x20,
    PUBLISH = 0x30,
    SUBSCRIBE = 0x82,
    SUBACK = 0x90,
    TYPE_MASK = 0xF0,
    QOS_SHIFT = 1,
    TOPIC_MAX = 256,
    ANSWER_MS = 5000,
    HEAD_MAX = 5
};

static bool write_all(int fd, struct iovec *parts, int count)
{
    while (count > 0) {
        ssize_t written = writev(fd, parts, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        while (count > 0 && (size_t)written >= parts->iov_len) {
            written -= (ssize_t)parts->iov_len;
            parts++;
            count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + written;
            parts->iov_len -= (size_t)written;
        }
    }
    return true;
}

/* Fixed header; returns its length. */
static size_t put_head(unsigned char head[HEAD_MAX], unsigned type, size_t rest)
{
    size_t at = 0;
    head[at++] = (unsigned char)type;
    do {
        head[at++] = (unsigned char)(rest % 128 | (rest >= 128 ? 128 : 0));
        rest /= 128;
    } while (rest > 0);
    return at;
}

static size_t put_text(unsigned char *to, const char *text)
{
    const size_t len = strlen(text);
    to[0] = (unsigned char)(len >> 8);
    to[1] = (unsigned char)len;
    memcpy(to + 2, text, len);
    return len + 2;
}

static bool send_packet(struct bench_mqtt *mqtt, unsigned type, void *body, size_t len)
{
    unsigned char head[HEAD_MAX];
    struct iovec parts[] = {{head, put_head(head, type, len)}, {body, len}};
    return write_all(mqtt->fd, parts, 2);
}

/* Reads what is there into the buffer; false when the peer is gone. */
static bool fill(struct bench_mqtt *mqtt, int timeout_ms)
{
    struct pollfd wait = {.fd = mqtt->fd, .events = POLLIN};
    const int ready = poll(&wait, 1, timeout_ms);
    if (ready <= 0)
        return ready == 0 || errno == EINTR;
    const ssize_t len = read(mqtt->fd, mqtt->in + mqtt->in_len, sizeof(mqtt->in) - mqtt->in_len);
    if (len <= 0)
        return len < 0 && errno == EINTR;
    mqtt->in_len += (size_t)len;
    return true;
}

/* The first whole packet from `at` on: its length, 0 when there is none yet; the body's place and length. */
static size_t whole_packet(const struct bench_mqtt *mqtt, size_t at, size_t *ret_body, size_t *ret_len)
{
    size_t len = 0, shift = 0, i = at + 1;
    for (;; i++, shift += 7) {
        if (i >= mqtt->in_len || shift > 21)
            return 0;
        len |= (size_t)(mqtt->in[i] & 127) << shift;
        if (mqtt->in[i] < 128)
            break;
    }
    if (mqtt->in_len - (i + 1) < len)
        return 0;
    *ret_body = i + 1;
    *ret_len = len;
    return i + 1 + len - at;
}

static void forget(struct bench_mqtt *mqtt, size_t len)
{
    mqtt->in_len -= len;
    memmove(mqtt->in, mqtt->in + len, mqtt->in_len);
}

static bool wait_for(struct bench_mqtt *mqtt, unsigned type)
{
    size_t body, len, packet;
    while (fill(mqtt, ANSWER_MS) && mqtt->in_len > 0) {
        while ((packet = whole_packet(mqtt, 0, &body, &len)) > 0) {
            const bool found = (mqtt->in[0] & TYPE_MASK) == type;
            const bool well = len >= 2 && mqtt->in[body + len - 1] < 128; /* CONNACK 0, SUBACK 0..2 */
            forget(mqtt, packet);
            if (found)
                return well;
        }
    }
    return false;
}

struct bench_mqtt *bench_mqtt_new(unsigned port, const char *client_id)
{
    struct bench_mqtt *mqtt = malloc(sizeof(*mqtt));
    if (mqtt == NULL)
        return NULL;
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int one = 1;
    unsigned char body[10 + 2 + TOPIC_MAX] = {0, 4, 'M', 'Q', 'T', 'T', 4, 2 /* clean session */, 0, 0};
    mqtt->in_len = 0;
    mqtt->packet_id = 0;
    mqtt->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(mqtt->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(mqtt->fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        strlen(client_id) < TOPIC_MAX &&
        send_packet(mqtt, CONNECT, body, 10 + put_text(body + 10, client_id)) && wait_for(mqtt, CONNACK))
        return mqtt;
    bench_mqtt_free(mqtt);
    return NULL;
}

void bench_mqtt_free(struct bench_mqtt *mqtt)
{
    if (mqtt == NULL)
        return;
    if (mqtt->fd >= 0)
        close(mqtt->fd);
    free(mqtt);
}

bool bench_mqtt_subscribe(struct bench_mqtt *mqtt, const char *filter)
{
    unsigned char body[2 + 2 + TOPIC_MAX + 1] = {0, 1};
    if (strlen(filter) >= TOPIC_MAX)
        return false;
    const size_t len = 2 + put_text(body + 2, filter);
    body[len] = 0;
    return send_packet(mqtt, SUBSCRIBE, body, len + 1) && wait_for(mqtt, SUBACK);
}

bool bench_mqtt_publish(struct bench_mqtt *mqtt, const char *topic, const void *payload, size_t len, int qos)
{
    unsigned char head[HEAD_MAX], name[2 + TOPIC_MAX + 2];
    if (strlen(topic) >= TOPIC_MAX)
        return false;
    size_t name_len = put_text(name, topic);
    if (qos > 0) {
        mqtt->packet_id = (uint16_t)(mqtt->packet_id + 1);
        mqtt->packet_id = mqtt->packet_id == 0 ? 1 : mqtt->packet_id;
        name[name_len++] = (unsigned char)(mqtt->packet_id >> 8);
        name[name_len++] = (unsigned char)mqtt->packet_id;
    }
    const size_t head_len = put_head(head, PUBLISH | (unsigned)qos << QOS_SHIFT, name_len + len);
    struct iovec parts[] = {{head, head_len}, {name, name_len}, {(void *)(uintptr_t)payload, len}};
    return write_all(mqtt->fd, parts, 3);
}

bool bench_mqtt_poll(struct bench_mqtt *mqtt, int timeout_ms,
                     void (*fn)(void *self, const char *topic, const void *payload, size_t len), void *self)
{
    size_t at = 0, body, len, packet;
    char topic[TOPIC_MAX];
    if (!fill(mqtt, timeout_ms))
        return false;
    while ((packet = whole_packet(mqtt, at, &body, &len)) > 0) {
        const unsigned char *from = mqtt->in + body;
        const size_t topic_len = len >= 2 ? (size_t)from[0] << 8 | from[1] : TOPIC_MAX;
        if ((mqtt->in[at] & TYPE_MASK) == PUBLISH && topic_len < TOPIC_MAX && topic_len + 2 <= len) {
            memcpy(topic, from + 2, topic_len);
            topic[topic_len] = '\0';
            fn(self, topic, from + 2 + topic_len, len - 2 - topic_len); /* subscribed at QoS 0: no id */
        }
        at += packet;
    }
    forget(mqtt, at);
    return mqtt->in_len < sizeof(mqtt->in);
}
