/* The receivers an outbox talks to, by name: the ways to the police, each an HTTP receiver or one path of a
 * DC-09 receiver, and the webhooks. Each with its own places, waiting lists, signing key and circuit breaker.
 * Bookkeeping only, but for reading a secret file. */
#ifndef HUYANG_RELAY_RECEIVERS_H
#define HUYANG_RELAY_RECEIVERS_H

#include "relay/outbox_rows.h"
#include "relay/relay.h"

enum {
    POLICE_WAYS = 4, /* primary and backup, each with a main and a backup path; CAP has one */
    RECEIVERS_MAX = 2 * (RELAY_WEBHOOKS_MAX + POLICE_WAYS + WAY_COUNT), /* the old ones live on beside the new
                                                               until their last attempt is over */
    RECEIVER_SECRET_MAX = 256,
    RECEIVER_FAILURES = 5,    /* in a row open the breaker … */
    RECEIVER_REST_MS = 30000, /* … for so long */
};
/* The ways to the police in the order they are tried. A colon cannot stand in a configured name. */
extern const char *const receiver_police[POLICE_WAYS];

struct ready_list {
    struct entry *first, *last;
};
struct dc09_client;
struct receiver {
    char name[ID_SIZE];
    char url[RELAY_URL_SIZE];         /* HTTP; "" otherwise */
    const struct dc09_settings *dc09; /* borrowed from the settings while configured; NULL = HTTP */
    bool dc09_backup;                 /* … its backup path */
    struct dc09_client *client;       /* owned; made by the outbox */
    const struct operator_settings *operator_settings; /* borrowed likewise; NULL = no operator */
    const struct mail_settings *mail;                  /* likewise; NULL = no mail server */
    uint16_t per_minute;                               /* most messages but red; 0 = no limit */
    int64_t paced_ms; /* monotonic; when the messages so far would be through at an even pace */
    char secret_file[RELAY_PATH_SIZE];
    uint8_t secret[RECEIVER_SECRET_MAX];
    size_t secret_len;      /* 0 with a secret_file: not read yet */
    const char *secret_why; /* what was logged of it last; NULL = nothing */
    bool used, configured;
    struct relay_tls tls;
    bool is_police;
    bool warming;             /* a warm-up is under way */
    bool unreached;           /* … and the last one got no answer at all */
    unsigned failures;        /* in a row */
    int64_t blocked_until_ms; /* monotonic; the breaker is open until then */
    int64_t talked_ms;        /* monotonic; the last exchange */
    unsigned in_flight[2];    /* [0] the rest, [1] red */
    struct ready_list ready[2];
};
struct receivers {
    struct receiver all[RECEIVERS_MAX];
};

/* Takes over the settings: known names keep their breaker and lists, names that are gone stay unconfigured
 * until idle. */
void receivers_bind(struct receivers *receivers, const struct relay_settings *settings);
/* NULL when no configured receiver has that name. */
struct receiver *receivers_find(struct receivers *receivers, const char *name);
/* Reads the secret when one is configured and not read yet. NULL, or why there is none (secret_load), which
 * is logged once: nothing is ever sent unsigned instead. */
MUST_CHECK const char *receiver_load_secret(struct receiver *receiver);
/* Takes a place in the receiver's minute: 0, or how long to wait. Red always has one. */
int64_t receiver_pace_ms(struct receiver *receiver, bool red, int64_t mono_ms);
void receivers_release(struct receivers *receivers); /* wipes the secrets */

void ready_push(struct ready_list *list, struct entry *entry);
void ready_remove(struct ready_list *list, struct entry *entry);

#endif
