/* Connections that try something at a running broker and say what came of it: fleet_mqtt driven from here,
 * several at a time. A probe does not connect again once it has failed.
 *
 * One thread; owned by the caller, and must not move between probe_open and probe_close. */
#ifndef HUYANG_TOOLS_PROVISION_PROBE_H
#define HUYANG_TOOLS_PROVISION_PROBE_H

#include "fleet_mqtt.h"

enum { PROBE_TIMEOUT_MS = 5000, PROBE_TOPIC_SIZE = 192, PROBE_SEEN_MAX = 32, PROBE_MARK_SIZE = 48 };

/* What became of a connection. */
enum probe_fate {
    PROBE_TRYING,
    PROBE_ACCEPTED,
    PROBE_REFUSED, /* by the broker */
    PROBE_FAULT    /* nobody answered, or our side gave up */
};

struct probe {
    struct fleet_mqtt mqtt;
    enum probe_fate fate;
    bool ended; /* accepted once, and closed by the other side since */
    char mark[PROBE_MARK_SIZE];
    char seen[PROBE_SEEN_MAX][PROBE_TOPIC_SIZE]; /* topics of the messages that carry the mark */
    unsigned seen_count;
};

struct probe_wish {
    const char *address;                 /* HOST:PORT */
    struct tls_client *tls;              /* NULL = plain */
    const struct pki_identity *identity; /* NULL = none */
    const char *client_id, *username, *password;
    const char *filters[FLEET_MQTT_FILTERS_MAX]; /* NULL ends them */
    const char *mark;                            /* payload of this run's messages */
};

/* ERR_INVALID: the address. */
MUST_CHECK enum err probe_open(const struct probe_wish *wish, struct probe *probe);
void probe_close(struct probe *probe);
/* Serves the probes until `done` says so or PROBE_TIMEOUT_MS have passed; what it said last. */
bool probe_run(struct probe *const *probes, unsigned count, bool (*done)(void *self), void *self);
/* Until this one has connected and subscribed, or has failed. */
enum probe_fate probe_wait(struct probe *probe);
bool probe_has_seen(const struct probe *probe, const char *topic);
/* Publishes the mark with QoS 1; false when the connection is gone. */
bool probe_say(struct probe *probe, const char *topic);

#endif
