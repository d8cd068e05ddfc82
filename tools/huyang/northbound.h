/* The two ways in which the feed reaches a county platform. A page is the body of GET /api/v1/feed: its items
 * stand on lines of their own, so that nothing is parsed to pass it on. Each call waits until the receiver
 * has taken the whole page. One thread. */
#ifndef HUYANG_TOOLS_NORTHBOUND_H
#define HUYANG_TOOLS_NORTHBOUND_H

#include <stddef.h>

#include "core/err.h"

enum { NORTHBOUND_WHY_SIZE = 256 };

struct northbound_page {
    const char *body; /* the whole answer */
    size_t len;
    const char *next; /* the place behind it: the page's id */
};

struct northbound_webhook_options {
    const char *url, *ca_file, *cert_file, *key_file; /* files: NULL when there is none */
    const char *secret;                               /* "" = unsigned */
};
struct northbound_webhook;
/* Both borrow what the options point to, and the MQTT one the options. On failure `why` says what is wrong.
 */
MUST_CHECK enum err northbound_webhook_open(const struct northbound_webhook_options *options,
                                            char why[NORTHBOUND_WHY_SIZE],
                                            struct northbound_webhook **ret_webhook);
void northbound_webhook_close(struct northbound_webhook *webhook); /* NULL is fine */
/* POSTs the page, signed as the relays' webhooks are; ERR_OK on a 2xx. */
MUST_CHECK enum err northbound_webhook_send(struct northbound_webhook *webhook,
                                            const struct northbound_page *page,
                                            char why[NORTHBOUND_WHY_SIZE]);

struct northbound_mqtt_options {
    const char *url, *topic;                               /* tcp:// or ssl://; items go to TOPIC/KIND */
    const char *username, *ca_file, *cert_file, *key_file; /* NULL when there is none */
    const char *password;                                  /* "" = none */
};
struct northbound_mqtt;
MUST_CHECK enum err northbound_mqtt_open(const struct northbound_mqtt_options *options,
                                         char why[NORTHBOUND_WHY_SIZE], struct northbound_mqtt **ret_mqtt);
void northbound_mqtt_close(struct northbound_mqtt *mqtt); /* NULL is fine */
/* Publishes each item at QoS 1, and of a page without items the heartbeat; ERR_OK when the broker has taken
 * all of them. */
MUST_CHECK enum err northbound_mqtt_send(struct northbound_mqtt *mqtt, const struct northbound_page *page,
                                         char why[NORTHBOUND_WHY_SIZE]);

#endif
