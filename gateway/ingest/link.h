/* The connection to the broker (the fence around paho-mqtt-c, MQTTAsync).
 *
 * One link = one county: two persistent sessions (urgent, routine) with fixed client ids
 * `huyang-{instance}-{county}-{lane}`, clean session off, and a third (dialects) where there are any. paho's
 * threads only copy bytes into the rings; everything else runs on the core loop. MQTT 3.1.1. The rules that
 * shaped this file are in docs/reliability.md.
 *
 * Threads: link_new/link_start/link_publish/link_stop on the core loop; `wake` is called from paho's threads.
 */
#ifndef HUYANG_INGEST_LINK_H
#define HUYANG_INGEST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/ring.h"
#include "ingest/event.h"
#include "ingest/topic.h"

enum { LINK_FILTERS_MAX = 24 };

struct link_config {
    const char *url; /* tcp://host:port or ssl://host:port */
    const char *username, *password_file, *ca_file, *cert_file, *key_file; /* "" = none */
    const char *county, *instance;
    size_t urgent_ring_bytes, routine_ring_bytes;
    /* Foreign topics (at most LINK_FILTERS_MAX, borrowed until link_new returns); none = no third session. */
    const char (*dialect_filters)[TOPIC_SIZE];
    size_t dialect_filter_count, dialect_ring_bytes;
    bool virtual_clock; /* also subscribe huyang/v1/{county}/clock on the urgent session */
    /* Something urgent or foreign was put, the routine ring is more than half full, or the connection
     * changed. Called on paho's threads and from link_tick; must be cheap, must not call the link. */
    void (*wake)(void *self);
    void *self;
};

/* What stands in the rings: this header, then topic bytes, then payload bytes. */
struct link_record {
    int64_t mono_ms; /* when paho handed it over */
    uint32_t payload_len;
    uint16_t topic_len;
    uint8_t retained, duplicate;
};

struct link;
/* Copies the configuration and reads the password file; connects nothing yet. ERR_INVALID: url, county or
 * instance malformed; ERR_NOT_FOUND, ERR_RANGE: the password file; ERR_NOMEM. */
MUST_CHECK enum err link_new(const struct link_config *config, struct link **ret_link);
/* Starts connecting. From then on link_tick reconnects for ever, with a backoff of 200 ms .. 5 s and jitter.
 */
MUST_CHECK enum err link_start(struct link *link);
/* To be called from a loop timer every 500 ms: beat, watchdog of the connection, retained `gateway` up.
 * `mono_ms` = now. False: paho was asked for something and has given no callback at all for 20 ticks (10 s);
 * the process must exit and be restarted. */
bool link_tick(struct link *link, int64_t mono_ms);
/* Says "down" (retained), disconnects both sessions and frees everything; waits at most `wait_ms`. NULL is
 * fine. */
void link_stop(struct link *link, unsigned wait_ms);

struct ring *link_urgent(struct link *link);
struct ring *link_routine(struct link *link);
/* NULL without dialects. */
struct ring *link_dialects(struct link *link);
/* Both lanes' sessions connected and subscribed. */
bool link_is_up(const struct link *link);
/* Bumped at every change of link_is_up. */
unsigned link_changes(const struct link *link);

/* Publishes on the urgent session. QoS 0 or 1. ERR_BUSY: not connected or too many outstanding (64; QoS 1:
 * 20): try again later. ERR_RANGE: over 16 KiB. ERR_OK means only that paho took it; what must arrive is sent
 * again until the receiver's own answer. */
MUST_CHECK enum err link_publish(struct link *link, const char *topic, const void *payload, size_t len,
                                 int qos, bool retained);

struct link_stats {
    uint64_t received_urgent, received_routine, received_dialects;
    uint64_t refused_urgent, refused_routine, refused_dialects; /* their ring was full */
    uint64_t oversized, published, publish_failed, connects, losses;
    unsigned outstanding;
    uint64_t beats_sent, beats_heard;
    int64_t last_beat_rtt_us;
};
void link_stats(const struct link *link, struct link_stats *ret_stats);

#endif
