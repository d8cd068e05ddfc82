/* TLS on a non-blocking socket: the fence around OpenSSL's libssl. TLS 1.2 and later, unless an old version
 * is asked for in order to see it refused. As a client, the server's certificate must chain to the given
 * authority and carry the host's name or address; a server of ours asks nobody for a certificate.
 *
 * Client and server are shared by many connections; identities are borrowed while their connection lives.
 * One thread each. The first of them makes the process ignore SIGPIPE: libssl writes without MSG_NOSIGNAL. */
#ifndef HUYANG_TOOLS_TLS_H
#define HUYANG_TOOLS_TLS_H

#include <sys/types.h>

#include "pki.h"

enum { TLS_WHY_SIZE = 96 };

struct tls_client;
struct tls_server;
struct tls;

/* `ca_pem`: whom to trust. `only_1_1`: speak TLS 1.1 and nothing newer. ERR_CORRUPT: no certificate. */
MUST_CHECK enum err tls_client_new(const char *ca_pem, size_t len, bool only_1_1,
                                   struct tls_client **ret_client);
void tls_client_free(struct tls_client *client); /* NULL is fine */

/* Begins on a connected socket, which stays the caller's; `identity` may be NULL. ERR_NOMEM. */
MUST_CHECK enum err tls_open(struct tls_client *client, const struct pki_identity *identity, const char *host,
                             int fd, struct tls **ret_tls);
/* ERR_CORRUPT: key and certificate do not fit each other. */
MUST_CHECK enum err tls_server_new(const struct pki_identity *identity, struct tls_server **ret_server);
void tls_server_free(struct tls_server *server); /* NULL is fine */
/* Begins on a connection that was accepted; the socket stays the caller's. ERR_NOMEM. */
MUST_CHECK enum err tls_take(struct tls_server *server, int fd, struct tls **ret_tls);
void tls_close(struct tls *tls); /* says goodbye when it can, frees; NULL is fine */
/* As recv and send: bytes, 0 = the connection has ended or failed (tls_why), -1 = later. */
ssize_t tls_read(struct tls *tls, void *to, size_t len);
ssize_t tls_write(struct tls *tls, const void *from, size_t len);
/* What the last call waited for: the socket must become writable (else readable). */
bool tls_wants_write(const struct tls *tls);
/* Why it ended, and whether it was the other side that ended it. */
const char *tls_why(const struct tls *tls);
bool tls_was_refused(const struct tls *tls);

#endif
