/* Which network addresses a relay may talk to: a receiver's URL comes from a configuration, its address from
 * a name server that somebody else runs, so loopback, private, link-local, multicast and reserved ranges are
 * refused unless the configuration allows them. Pure. */
#ifndef HUYANG_RELAY_ADDRESS_H
#define HUYANG_RELAY_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* True for a global unicast IPv4 or IPv6 address (IANA special-purpose registries, RFC 6890); addresses that
 * carry an IPv4 address inside (mapped, NAT64, 6to4) are judged by it. */
bool address_is_public(const struct sockaddr *address);
/* The same for a numeric text; false when it is none. */
bool address_text_is_public(const char *text);
/* Is the URL's host this machine itself: localhost, [::1] or a numeric 127.x.x.x? Names that merely begin so
 * are not, and neither is what stands before an @. An empty text leads nowhere else: true. */
bool address_url_is_loopback(const char *url);

#endif
