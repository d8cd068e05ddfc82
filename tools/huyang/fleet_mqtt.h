/* One MQTT 3.1.1 connection of simulated devices and of probes: clean session, QoS 0 and 1, TCP or TLS.
 *
 * A county in one process wants thousands of topics over a few sockets, or thousands of sockets, one thread,
 * and no message held back by a library's own queue; that is why this is not the library the gateway and the
 * real devices use. It is no general client: no QoS 2, nothing is sent again after a reconnect (the device
 * core does that).
 *
 * Owned by the caller's loop: poll the descriptor, call fleet_mqtt_io() and fleet_mqtt_tick(). One thread.
 * Callbacks come from within these two calls and may publish. Time is the caller's, in monotonic ms. */
#ifndef HUYANG_TOOLS_FLEET_MQTT_H
#define HUYANG_TOOLS_FLEET_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "tls.h"

enum {
    FLEET_MQTT_OUT_MAX = 16 << 20, /* bytes that wait for the socket; past it a publish is refused */
    FLEET_MQTT_IN_MAX = 256 << 10, /* longest packet taken; a longer one ends the connection */
    FLEET_MQTT_UNANSWERED_MAX = 60000,
    FLEET_MQTT_FILTERS_MAX = 4,
    FLEET_MQTT_WILL_MAX = 256,
};

struct fleet_mqtt_config {
    char host[256];
    char port[8];
    bool secure; /* ssl://: `tls` is needed */
    char client_id[64];
    char username[128]; /* "" = none */
    char password[256];
    const char *filters[FLEET_MQTT_FILTERS_MAX]; /* NULL ends them; borrowed */
    uint8_t qos[FLEET_MQTT_FILTERS_MAX];
    struct tls_client *tls;              /* borrowed; NULL = plain TCP */
    const struct pki_identity *identity; /* borrowed; NULL = none is shown */
    const char *will_topic;              /* borrowed; NULL = no last will */
    void *self;
    /* With will_topic: the will of the connection that is begun, retained at QoS 1. Its length. */
    size_t (*make_will)(void *self, uint8_t to[FLEET_MQTT_WILL_MAX]);
    /* Connected and subscribed / not any more. */
    void (*on_state)(void *self, bool up);
    /* `topic` is not terminated. */
    void (*on_message)(void *self, const char *topic, size_t topic_len, const uint8_t *payload, size_t len,
                       bool retained);
};

enum fleet_mqtt_state { FLEET_MQTT_IDLE, FLEET_MQTT_DIALING, FLEET_MQTT_GREETING, FLEET_MQTT_UP };

struct fleet_mqtt_bytes {
    uint8_t *data;
    size_t from, to, cap;
};

struct fleet_mqtt {
    struct fleet_mqtt_config config;
    enum fleet_mqtt_state state;
    int fd;          /* -1 while idle */
    struct tls *tls; /* of this connection */
    struct fleet_mqtt_bytes out, in;
    uint16_t next_id;
    unsigned unanswered; /* QoS 1 publishes without a PUBACK */
    unsigned failures;   /* connections that failed, in a row */
    int64_t retry_ms, heard_ms, said_ms;
    uint64_t published, received;
    char why[TLS_WHY_SIZE]; /* the last connection ended; "" = none has */
    bool refused;           /* … because the broker did not want it: no fault of the way there or of ours */
};

/* tcp://host[:port] or ssl://host[:port] (1883, 8883) -> host, port, secure. An IPv6 address stands in
 * brackets. ERR_INVALID: anything else. */
MUST_CHECK enum err fleet_mqtt_parse_url(const char *url, struct fleet_mqtt_config *config);
void fleet_mqtt_init(struct fleet_mqtt *mqtt, const struct fleet_mqtt_config *config);
/* Says DISCONNECT when it can (the broker then forgets the will), closes, frees. */
void fleet_mqtt_release(struct fleet_mqtt *mqtt);

/* Connects (again) when it is time, keeps the connection alive, gives it up when it is silent. */
void fleet_mqtt_tick(struct fleet_mqtt *mqtt, int64_t now_ms);
/* What poll(2) should wait for; the descriptor is mqtt->fd. */
short fleet_mqtt_events(const struct fleet_mqtt *mqtt);
void fleet_mqtt_io(struct fleet_mqtt *mqtt, short revents, int64_t now_ms);
/* Writes what waits, as far as the socket takes it; publishing does not write by itself. */
void fleet_mqtt_flush(struct fleet_mqtt *mqtt, int64_t now_ms);

/* Copies. False: not up, or too much waits already. */
bool fleet_mqtt_publish(struct fleet_mqtt *mqtt, const char *topic, const void *payload, size_t len, int qos,
                        bool retain);

#endif
