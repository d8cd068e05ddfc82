/*
 * host_link: the MQTT connection of one device on a host (Paho MQTTAsync, MQTT 3.1.1, clean session, the
 * device id as client id and user name). For many devices over few connections, give the devices a transport
 * of your own instead.
 *
 * Paho's threads only copy what comes into a bounded queue and wake the owner; everything else happens in
 * host_link_run() on the owner's thread. Each connection gets a last will of its own from device_will(), so
 * Paho's automatic reconnect is not used. Reconnects wait 1 s to 60 s, +-50 %.
 */
#ifndef HUYANG_HOST_LINK_H
#define HUYANG_HOST_LINK_H

#include "../../core/device.h"

struct host_link;

struct host_link_options {
    const char *broker;                      /* tcp://HOST:PORT or ssl://HOST:PORT */
    const char *password;                    /* or NULL */
    const char *cafile, *certfile, *keyfile; /* PEM, with ssl://; or NULL */
    int keepalive_s;                         /* 0 = 60 */
    void (*wake)(void *context);             /* called on Paho's threads; must not block */
    void *context;
    void (*told)(void *context, bool up,
                 uint64_t ordinal); /* the link changed; on the owner's thread, may be NULL */
};

/* Copies what it needs. NULL when the client cannot be made; *ret_why then says why, a static text. */
struct host_link *host_link_new(const struct host_link_options *options, const char *county,
                                const char *device_id, const char **ret_why);

/* Leaves a retained death notice, disconnects (at most 2 s) and frees. NULL is fine. */
void host_link_free(struct host_link *link);

/* For device_config.transport. */
struct device_transport host_link_transport(struct host_link *link);

/* Handles what came since the last call, and connects when it is time. */
void host_link_run(struct host_link *link, struct device_core *device, int64_t now_ms);

/* When host_link_run() is next needed without being woken. */
int64_t host_link_deadline(const struct host_link *link);

/* Messages dropped: queue full, too long, retained where only new ones count, or another topic. */
uint64_t host_link_dropped(struct host_link *link);

#endif
