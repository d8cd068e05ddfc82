/* The topic names of contracts.md 2: parsing what arrives, building what is sent. Pure. */
#ifndef HUYANG_INGEST_TOPIC_H
#define HUYANG_INGEST_TOPIC_H

#include <stddef.h>

#include "core/err.h"
#include "core/text.h"
#include "ingest/event.h"

enum topic_kind { TOPIC_OTHER, TOPIC_URGENT, TOPIC_ROUTINE, TOPIC_LINK, TOPIC_BEAT, TOPIC_CLOCK };

struct topic {
    enum topic_kind kind;
    char county[7];
    char device[ID_SIZE]; /* for beat: the instance */
};

/* `topic` need not be terminated. ERR_INVALID when it is none of ours (wrong shape, bad id, bad county).
 * TOPIC_OTHER: ours, but nothing the gateway takes in (…/ack, …/command, …/gateway). County and device are ""
 * where the topic has none. */
MUST_CHECK enum err topic_parse(const char *topic, size_t len, struct topic *ret_topic);

enum { TOPIC_SIZE = 128 };
void topic_ack(const char *county, const char *device, char to[TOPIC_SIZE]);
void topic_command(const char *county, const char *device, char to[TOPIC_SIZE]);
void topic_gateway(const char *county, char to[TOPIC_SIZE]);
void topic_beat(const char *instance, char to[TOPIC_SIZE]);
void topic_clock_reached(const char *county, char to[TOPIC_SIZE]);
/* "huyang/v1/{county}/+/urgent" and so on; TOPIC_CLOCK gives "huyang/v1/{county}/clock". */
void topic_filter(const char *county, enum topic_kind kind, char to[TOPIC_SIZE]);

#endif
