/* HTTP(S) and SMTP(S) out: the fence around libcurl, driven by the core loop. One place for timeouts, TLS
 * verification, no redirects, private ranges, size caps.
 *
 * Connections are kept and used again, so that a message to a receiver that was just talked to needs neither
 * a handshake nor a name server. Environment proxies are ignored: they would stand between the guard against
 * private addresses and the address. Core loop only. */
#ifndef HUYANG_RELAY_TRANSPORT_H
#define HUYANG_RELAY_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/loop.h"

enum { TRANSPORT_REPLY_MAX = 65536, TRANSPORT_HEADERS_MAX = 65536, TRANSPORT_REQUESTS_MAX = 256 };

struct transport;
/* A mail instead of an HTTP request: the url is smtp:// or smtps://, the body the whole message. */
struct transport_mail {
    const char *from, *to;           /* envelope */
    const char *username, *password; /* "" = no login */
    bool clear;                      /* without TLS; else smtp:// must take STARTTLS */
};
struct transport_request {
    const char *url;
    const struct transport_mail *mail; /* NULL = HTTP */
    const char *content_type;
    const char *const *headers; /* NULL-terminated "Name: value", may be NULL */
    const void *body;
    size_t len;
    unsigned timeout_s; /* of the whole exchange, from name lookup to the last byte; 0 = 10 */
    const char *ca_file, *cert_file, *key_file; /* "" or NULL = system roots / no client certificate */
    bool allow_private;
    bool warm; /* a HEAD without body: opens and keeps a connection, changes nothing */
    bool get;  /* a GET without body */
};
struct transport_reply {
    int status; /* HTTP status of a complete exchange (or one that was cut), 0 = none came; of a mail the
                   server's last word, 250 when it took it */
    const char
        *error; /* static or curl's text when status is 0: "timed out", "certificate …"; "" otherwise */
    const char *body; /* at most TRANSPORT_REPLY_MAX bytes, terminated */
    size_t len;
    bool cut;               /* the body was longer; the rest was not read */
    unsigned retry_after_s; /* the header of that name, in seconds from now; 0 = none */
};

MUST_CHECK enum err transport_new(struct loop *loop, struct transport **ret_transport);
/* Aborts all without calling back; not from inside `done`. */
void transport_free(struct transport *transport);
/* Everything is copied. `done` is called exactly once, later, from the loop; it may send again. ERR_FULL past
 * TRANSPORT_REQUESTS_MAX in flight, ERR_INVALID for a URL that is not http or https (of a mail: smtp or
 * smtps), ERR_NOMEM. */
MUST_CHECK enum err
transport_send(struct transport *transport, const struct transport_request *request,
               void (*done)(void *self, const struct transport_reply *reply, struct now now), void *self);
size_t transport_in_flight(const struct transport *transport);

#endif
