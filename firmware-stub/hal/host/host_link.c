/*
 * Life of the connection: idle until connect_ms, connecting, up; lost or refused leads back to idle. Paho's
 * callbacks put one entry each into the queue, in the order in which they happened; the last places are kept
 * for changes of the connection, so that a flood of messages cannot hide one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <MQTTAsync.h>

#include "host_link.h"

enum {
    QUEUE_MAX = 64,
    QUEUE_KEPT = 8,       /* places for changes of the connection */
    OUTSTANDING_MAX = 20, /* publishes without an answer; past that Paho crawls */
    RETRY_MIN_MS = 1000,
    RETRY_MAX_MS = 60000,
    LINK_TIMEOUT_S = 20,
    CLOSE_MS = 1000,
    DESCRIPTORS_MAX = 1024,
};

enum entry_kind { ENTRY_CONNECTED, ENTRY_REFUSED, ENTRY_LOST, ENTRY_MESSAGE };

struct entry {
    enum entry_kind kind;
    enum device_topic topic;
    size_t length;
    uint8_t bytes[DEVICE_COMMAND_BYTES_MAX];
};

enum link_state { LINK_IDLE, LINK_CONNECTING, LINK_UP };

struct host_link {
    MQTTAsync client;
    struct host_link_options options;
    char device_id[DEVICE_ID_MAX + 1];
    char broker[256], password[256], cafile[256], certfile[256], keyfile[256];
    char topics[DEVICE_TOPICS][DEVICE_TOPIC_MAX];
    enum link_state state;
    int64_t connect_ms;
    uint32_t refusals; /* in a row; the exponent of the delay */
    uint8_t will[DEVICE_WILL_MAX];
    size_t will_length;
    atomic_int outstanding;
    pthread_mutex_t lock; /* of the queue */
    pthread_cond_t closed_changed;
    bool closed;
    struct entry queue[QUEUE_MAX];
    size_t head, count;
    uint64_t dropped;
};

static void push(struct host_link *link, enum entry_kind kind, enum device_topic topic, const void *bytes,
                 size_t length)
{
    size_t room = kind == ENTRY_MESSAGE ? QUEUE_MAX - QUEUE_KEPT : QUEUE_MAX;

    pthread_mutex_lock(&link->lock);
    if (link->count < room && length <= DEVICE_COMMAND_BYTES_MAX) {
        struct entry *entry = &link->queue[(link->head + link->count++) % QUEUE_MAX];

        entry->kind = kind;
        entry->topic = topic;
        entry->length = length;
        if (length)
            memcpy(entry->bytes, bytes, length);
    } else {
        link->dropped++;
    }
    pthread_mutex_unlock(&link->lock);
    if (link->options.wake)
        link->options.wake(link->options.context);
}

static int on_message(void *context, char *topic, int topic_length, MQTTAsync_message *message)
{
    struct host_link *link = context;
    enum device_topic which = DEVICE_TOPIC_ACK;

    while (which < DEVICE_TOPICS && strcmp(topic, link->topics[which]) != 0)
        which++;
    /* Of what is retained only the gateway's state means anything; an old command must not be done again. */
    if ((topic_length == 0 || (size_t)topic_length == strlen(topic)) && which < DEVICE_TOPICS &&
        (!message->retained || which == DEVICE_TOPIC_GATEWAY)) {
        push(link, ENTRY_MESSAGE, which, message->payload, (size_t)message->payloadlen);
    } else {
        pthread_mutex_lock(&link->lock);
        link->dropped++;
        pthread_mutex_unlock(&link->lock);
    }
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_lost(void *context, char *cause)
{
    (void)cause;
    push(context, ENTRY_LOST, 0, NULL, 0);
}

static void on_connected(void *context, MQTTAsync_successData *data)
{
    (void)data;
    push(context, ENTRY_CONNECTED, 0, NULL, 0);
}

static void on_refused(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    push(context, ENTRY_REFUSED, 0, NULL, 0);
}

/* Without its subscriptions a connection is worth nothing: the owner makes a new one. */
static void on_subscribe_failed(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    push(context, ENTRY_LOST, 0, NULL, 0);
}

static void settle(struct host_link *link)
{
    int before = atomic_load(&link->outstanding);

    /* Never below 0: an answer may come after a new connection set the count back. */
    while (before > 0 && !atomic_compare_exchange_weak(&link->outstanding, &before, before - 1))
        ;
}

static void on_published(void *context, MQTTAsync_successData *data)
{
    (void)data;
    settle(context);
}

static void on_unpublished(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    settle(context);
}

static void on_closed(void *context)
{
    struct host_link *link = context;

    pthread_mutex_lock(&link->lock);
    link->closed = true;
    pthread_cond_broadcast(&link->closed_changed);
    pthread_mutex_unlock(&link->lock);
}

static void on_disconnected(void *context, MQTTAsync_successData *data)
{
    (void)data;
    on_closed(context);
}

static void on_disconnect_failed(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    on_closed(context);
}

static bool copy(char *to, size_t capacity, const char *from)
{
    size_t length = from ? strlen(from) : 0;

    if (length >= capacity)
        return false;
    memcpy(to, from ? from : "", length + 1);
    return true;
}

struct host_link *host_link_new(const struct host_link_options *options, const char *county,
                                const char *device_id, const char **ret_why)
{
    MQTTAsync_init_options library = MQTTAsync_init_options_initializer;
    struct host_link *link = calloc(1, sizeof *link);
    static const char *const leaves[DEVICE_TOPICS] = {"urgent", "routine", "link", "ack", "command"};
    int error;

    *ret_why = "no memory";
    if (!link)
        return NULL;
    link->options = *options;
    *ret_why = "an option is too long";
    if (!copy(link->broker, sizeof link->broker, options->broker) ||
        !copy(link->password, sizeof link->password, options->password) ||
        !copy(link->cafile, sizeof link->cafile, options->cafile) ||
        !copy(link->certfile, sizeof link->certfile, options->certfile) ||
        !copy(link->keyfile, sizeof link->keyfile, options->keyfile) ||
        !copy(link->device_id, sizeof link->device_id, device_id))
        goto failed;
    for (int i = 0; i < DEVICE_TOPIC_GATEWAY; i++)
        snprintf(link->topics[i], DEVICE_TOPIC_MAX, "huyang/v1/%.6s/%.64s/%s", county, device_id, leaves[i]);
    snprintf(link->topics[DEVICE_TOPIC_GATEWAY], DEVICE_TOPIC_MAX, "huyang/v1/%.6s/gateway", county);
    library.do_openssl_init = 1;
    MQTTAsync_global_init(&library);
    error = MQTTAsync_create(&link->client, link->broker, link->device_id, MQTTCLIENT_PERSISTENCE_NONE, NULL);
    if (error != MQTTASYNC_SUCCESS) {
        *ret_why = MQTTAsync_strerror(error) ? MQTTAsync_strerror(error) : "the client cannot be made";
        goto failed;
    }
    MQTTAsync_setCallbacks(link->client, link, on_lost, on_message, NULL);
    pthread_mutex_init(&link->lock, NULL);
    pthread_cond_init(&link->closed_changed, NULL);
    return link;

failed:
    free(link);
    return NULL;
}

static int64_t jittered(struct device_core *device, int64_t delay_ms)
{
    return delay_ms / 2 + (int64_t)(((uint64_t)delay_ms * (device_random(device) >> 8)) >> 24);
}

static void wait_again(struct host_link *link, struct device_core *device, int64_t now_ms)
{
    int64_t delay_ms = link->refusals < 6 ? (int64_t)RETRY_MIN_MS << link->refusals : RETRY_MAX_MS;

    link->refusals += link->refusals < 6;
    link->state = LINK_IDLE;
    link->connect_ms = now_ms + jittered(device, delay_ms < RETRY_MAX_MS ? delay_ms : RETRY_MAX_MS);
}

static void connect_now(struct host_link *link, struct device_core *device, int64_t now_ms)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;

    link->will_length = device_will(device, now_ms, link->will);
    will.topicName = link->topics[DEVICE_TOPIC_LINK];
    will.payload.data = link->will;
    will.payload.len = (int)link->will_length;
    will.retained = 1;
    will.qos = 1;
    options.will = &will;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.cleansession = 1;
    options.keepAliveInterval = link->options.keepalive_s ? link->options.keepalive_s : 60;
    options.connectTimeout = LINK_TIMEOUT_S;
    options.username = link->device_id;
    options.password = *link->password ? link->password : NULL;
    if (strncmp(link->broker, "ssl://", 6) == 0) {
        ssl.trustStore = *link->cafile ? link->cafile : NULL;
        ssl.keyStore = *link->certfile ? link->certfile : NULL;
        ssl.privateKey = *link->keyfile ? link->keyfile : NULL;
        ssl.enableServerCertAuth = 1;
        ssl.verify = 1;
        options.ssl = &ssl;
    }
    options.onSuccess = on_connected;
    options.onFailure = on_refused;
    options.context = link;
    atomic_store(&link->outstanding, 0);
    link->state = LINK_CONNECTING;
    if (MQTTAsync_connect(link->client, &options) != MQTTASYNC_SUCCESS)
        wait_again(link, device, now_ms);
}

/* Paho leaves Nagle's algorithm on, which delays an SOS by 40 ms, and does not name its socket: set it on
 * every connected TCP socket that goes to the broker's port. */
static void set_no_delay(const struct host_link *link)
{
    const char *port_text = strrchr(link->broker, ':');
    int port = port_text ? (int)strtol(port_text + 1, NULL, 10) : 0, on = 1;

    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
        struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
        socklen_t length = sizeof peer;
        int peer_port = -1;

        if (getpeername(fd, (struct sockaddr *)&peer, &length))
            continue;
        if (peer.ss_family == AF_INET)
            peer_port = ntohs(((const struct sockaddr_in *)&peer)->sin_port);
        else if (peer.ss_family == AF_INET6)
            peer_port = ntohs(((const struct sockaddr_in6 *)&peer)->sin6_port);
        if (peer_port == port)
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
}

static bool subscribe(struct host_link *link)
{
    char *topics[] = {link->topics[DEVICE_TOPIC_ACK], link->topics[DEVICE_TOPIC_COMMAND],
                      link->topics[DEVICE_TOPIC_GATEWAY]};
    int qos[] = {0, 1, 1};
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

    options.onFailure = on_subscribe_failed;
    options.context = link;
    return MQTTAsync_subscribeMany(link->client, 3, topics, qos, &options) == MQTTASYNC_SUCCESS;
}

static void drop_link(struct host_link *link, struct device_core *device, int64_t now_ms)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    bool was_up = link->state == LINK_UP;

    /* Harmless when the connection is gone already. */
    MQTTAsync_disconnect(link->client, &options);
    wait_again(link, device, now_ms);
    if (was_up) {
        device_on_link(device, false, now_ms);
        if (link->options.told)
            link->options.told(link->options.context, false, device->session);
    }
}

static void handle(struct host_link *link, struct device_core *device, const struct entry *entry,
                   int64_t now_ms)
{
    switch (entry->kind) {
    case ENTRY_CONNECTED:
        if (link->state != LINK_CONNECTING)
            break;
        set_no_delay(link);
        link->state = LINK_UP;
        link->refusals = 0;
        if (!subscribe(link)) {
            drop_link(link, device, now_ms);
            break;
        }
        if (link->options.told)
            link->options.told(link->options.context, true, device->session);
        device_on_link(device, true, now_ms);
        break;
    case ENTRY_REFUSED:
        if (link->state == LINK_CONNECTING)
            wait_again(link, device, now_ms);
        break;
    case ENTRY_LOST:
        if (link->state != LINK_IDLE)
            drop_link(link, device, now_ms);
        break;
    case ENTRY_MESSAGE: device_on_message(device, entry->topic, entry->bytes, entry->length, now_ms); break;
    }
}

void host_link_run(struct host_link *link, struct device_core *device, int64_t now_ms)
{
    struct entry entry;

    for (;;) {
        pthread_mutex_lock(&link->lock);
        bool some = link->count > 0;
        if (some) {
            const struct entry *oldest = &link->queue[link->head];

            entry.kind = oldest->kind;
            entry.topic = oldest->topic;
            entry.length = oldest->length;
            memcpy(entry.bytes, oldest->bytes, oldest->length);
            link->head = (link->head + 1) % QUEUE_MAX;
            link->count--;
        }
        pthread_mutex_unlock(&link->lock);
        if (!some)
            break;
        handle(link, device, &entry, now_ms);
    }
    if (link->state == LINK_IDLE && now_ms >= link->connect_ms)
        connect_now(link, device, now_ms);
}

int64_t host_link_deadline(const struct host_link *link)
{
    return link->state == LINK_IDLE ? link->connect_ms : INT64_MAX;
}

uint64_t host_link_dropped(struct host_link *link)
{
    uint64_t dropped;

    pthread_mutex_lock(&link->lock);
    dropped = link->dropped;
    pthread_mutex_unlock(&link->lock);
    return dropped;
}

static int publish(void *context, const char *topic, const uint8_t *bytes, size_t length, int qos,
                   bool retain)
{
    struct host_link *link = context;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;

    if (link->state != LINK_UP || atomic_load(&link->outstanding) >= OUTSTANDING_MAX)
        return -1;
    options.onSuccess = on_published;
    options.onFailure = on_unpublished;
    options.context = link;
    atomic_fetch_add(&link->outstanding, 1);
    if (MQTTAsync_send(link->client, topic, (int)length, bytes, qos, retain, &options) != MQTTASYNC_SUCCESS) {
        settle(link);
        return -1;
    }
    return 0;
}

struct device_transport host_link_transport(struct host_link *link)
{
    return (struct device_transport){.context = link, .publish = publish};
}

void host_link_free(struct host_link *link)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    struct timespec until;

    if (!link)
        return;
    if (link->state == LINK_UP) {
        /* An orderly disconnect makes the broker forget the last will: say it ourselves. */
        (void)publish(link, link->topics[DEVICE_TOPIC_LINK], link->will, link->will_length, 1, true);
        options.onSuccess = on_disconnected;
        options.onFailure = on_disconnect_failed;
        options.context = link;
        options.timeout = CLOSE_MS;
        if (MQTTAsync_disconnect(link->client, &options) == MQTTASYNC_SUCCESS) {
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += 2 * CLOSE_MS / 1000;
            pthread_mutex_lock(&link->lock);
            while (!link->closed &&
                   pthread_cond_timedwait(&link->closed_changed, &link->lock, &until) != ETIMEDOUT)
                ;
            pthread_mutex_unlock(&link->lock);
        }
    }
    MQTTAsync_destroy(&link->client);
    pthread_cond_destroy(&link->closed_changed);
    pthread_mutex_destroy(&link->lock);
    free(link);
}
