/* The live gateway of one county: the fold (gateway.h) between the broker, the disk, the relays and the API.
 * It owns every thread's hand-over; the journey itself is in gateway.c. Core loop only, except what its parts
 * say. */
#ifndef HUYANG_SERVICE_SERVICE_H
#define HUYANG_SERVICE_SERVICE_H

#include "config_prompts.h"

struct service;

struct service_options {
    const char *config_path; /* read again on SIGHUP; NULL = defaults */
    bool virtual_clock; /* time comes from the simulator (contracts.md 6); loopback relays only, everything an
                           exercise */
};

/* Opens the store (recovering what was committed), loads the registry, and prepares everything. Takes the
 * config and the prompts (NULL = those compiled in). On failure the log says why. */
MUST_CHECK enum err service_new(struct config *config, struct prompt_book *prompts,
                                const struct service_options *options, struct service **ret_service);
/* Connects and serves until SIGTERM or SIGINT, or until the broker library is dead (then ERR_IO: exit and be
 * restarted). */
MUST_CHECK enum err service_run(struct service *service);
/* What was taken in is committed, a snapshot written, everything closed. */
void service_free(struct service *service);

#endif
