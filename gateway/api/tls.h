/* The certificate that the API shows, behind a fence around GnuTLS. It is read again while the gateway runs:
 * connections that have begun go on with what they began with, later ones get the new one.
 *
 * Any thread, but tls_greet and tls_forget only on the HTTP library's. TLS 1.2 and 1.3 with forward secrecy
 * and authenticated ciphers, and nothing else. */
#ifndef HUYANG_API_TLS_H
#define HUYANG_API_TLS_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"

struct tls_files {
    const char *cert, *key; /* PEM; the certificate first, then what leads to its authority */
    const char *clients;    /* authorities whose certificate each client must bring; "" = none is asked for */
};
/* As GnuTLS writes them. */
extern const char tls_priorities[];

struct tls;
/* Reads the files (the paths are copied). ERR_NOT_FOUND: one cannot be read; ERR_INVALID: it is no such file,
 * or the key is another certificate's. `why` (appended to) says which. Free with tls_close. */
MUST_CHECK enum err tls_open(const struct tls_files *files, struct tls **ret_tls, struct buf *why);
/* Reads the same files again; on an error the old certificate stays. */
MUST_CHECK enum err tls_reload(struct tls *tls, struct buf *why);
void tls_close(struct tls *tls); /* NULL is fine; after the last tls_forget */

/* MHD wants some certificate before it does TLS: this one is none. Each connection gets its own when it
 * comes. */
gnutls_certificate_retrieve_function2 tls_no_certificate;
/* A connection has come: gives its session what is in force. NULL: out of memory; the handshake then fails.
 */
struct tls_pass;
struct tls_pass *tls_greet(struct tls *tls, gnutls_session_t session);
/* It has gone. NULL is fine. */
void tls_forget(struct tls *tls, struct tls_pass *pass);
/* After the handshake: has the client shown what it must? */
bool tls_knows(const struct tls *tls, gnutls_session_t session);

#endif
