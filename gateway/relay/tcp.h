/* A TCP connection on the core loop, for relays that speak a protocol of their own: looks a name up without
 * holding up the loop, tries its addresses in turn under the guard against private ranges, sends what does
 * not fit at once as soon as it can. Knows nothing of what it carries. Core loop only. */
#ifndef HUYANG_RELAY_TCP_H
#define HUYANG_RELAY_TCP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/loop.h"

enum {
    TCP_ADDRESS_SIZE = 128,
    TCP_ADDRESSES_MAX = 4, /* of a name that are tried */
    TCP_CHUNK = 4096,      /* most bytes told at once */
    TCP_PENDING_MAX = 65536,
};
enum tcp_state { TCP_DOWN, TCP_OPENING, TCP_UP };

/* All from the loop, never from inside a call below. In each of them the connection may be hung up. */
struct tcp_events {
    void (*up)(void *self, struct now now);
    void (*bytes)(void *self, const char *bytes, size_t len, struct now now);
    void (*down)(void *self, const char *why, struct now now); /* a static text; the state is TCP_DOWN */
};
struct tcp;
MUST_CHECK enum err tcp_new(struct loop *loop, const struct tcp_events *events, void *self,
                            struct tcp **ret_tcp);
void tcp_free(struct tcp *tcp); /* hangs up; NULL is fine; not from inside an event */
/* "host:port", "[v6]:port". NULL when the way up has begun, else a static text that says why not; it is told
 * nowhere else then. Only while it is down. */
MUST_CHECK const char *tcp_open(struct tcp *tcp, const char *address, bool allow_private);
void tcp_hang_up(struct tcp *tcp); /* without telling */
/* Copies. NULL, or why the connection is no good: the caller hangs up. Only while it is up. */
MUST_CHECK const char *tcp_send(struct tcp *tcp, const void *bytes, size_t len);
enum tcp_state tcp_state(const struct tcp *tcp);

/* False when it is neither form. `host` holds TCP_ADDRESS_SIZE bytes. */
bool tcp_address_parse(const char *text, char *host, uint16_t *ret_port);

#endif
