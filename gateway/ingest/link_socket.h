/* Finds the sockets that paho opened and switches Nagle's algorithm off on them: paho offers neither the
 * descriptor nor the option, and without it an acknowledgement waits 40 ms for the peer's delayed ACK. Any
 * thread. */
#ifndef HUYANG_INGEST_LINK_SOCKET_H
#define HUYANG_INGEST_LINK_SOCKET_H

#include <stdint.h>

#include "core/err.h"

/* The broker as it stands in the url. */
struct link_peer {
    uint16_t port;
    int family; /* AF_INET or AF_INET6 when the host is an address, else 0: then any host matches */
    unsigned char address[16]; /* in network order */
};

/* Reads `tcp://host[:port]` or `ssl://host[:port]` (default ports 1883 and 8883; an IPv6 address stands in
 * brackets). */
MUST_CHECK enum err link_peer_parse(const char *url, struct link_peer *ret_peer);
/* Sets TCP_NODELAY on every socket of this process that is connected to the peer's port (and address).
 * Returns how many. A name that resolves to several addresses is matched by its port; a socket too many does
 * no harm. */
unsigned link_socket_nodelay(const struct link_peer *peer);

#endif
