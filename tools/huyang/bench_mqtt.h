/* The least MQTT 3.1.1 a load generator and a stopwatch need: one clean session on a loopback socket without
 * Nagle, publish at QoS 0 or 1, subscribe at QoS 0. So that what they cost is small and known. Not for the
 * bare client of row pipeline, which is paho as the gateway's is. One thread may publish while another polls.
 */
#ifndef HUYANG_TOOLS_BENCH_MQTT_H
#define HUYANG_TOOLS_BENCH_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_MQTT_BUFFER = 1 << 17 };

struct bench_mqtt {
    int fd;
    uint16_t packet_id;
    size_t in_len;
    unsigned char in[BENCH_MQTT_BUFFER];
};

/* NULL when the broker cannot be reached or refuses. */
struct bench_mqtt *bench_mqtt_new(unsigned port, const char *client_id);
void bench_mqtt_free(struct bench_mqtt *mqtt);
bool bench_mqtt_subscribe(struct bench_mqtt *mqtt, const char *filter);
bool bench_mqtt_publish(struct bench_mqtt *mqtt, const char *topic, const void *payload, size_t len, int qos);
/* Waits up to timeout_ms for something to read and calls fn for each message that is complete; PUBACKs are
 * swallowed. False when the connection is gone. `topic` is terminated. */
bool bench_mqtt_poll(struct bench_mqtt *mqtt, int timeout_ms,
                     void (*fn)(void *self, const char *topic, const void *payload, size_t len), void *self);

#endif
