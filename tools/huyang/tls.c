#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct tls_client {
    SSL_CTX *context;
};

struct tls_server {
    SSL_CTX *context;
};

struct tls {
    SSL *ssl;
    bool wants_write, refused;
    char why[TLS_WHY_SIZE];
};

enum {
    MODES = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
};

static enum err trust(SSL_CTX *context, const char *pem, size_t len)
{
    X509 *cert = NULL;
    const enum err err = pki_cert_parse(pem, len, &cert);
    if (err != ERR_OK)
        return err;
    const bool added = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), cert) == 1;
    pki_cert_free(cert);
    return added ? ERR_OK : ERR_NOMEM;
}

static bool choose_version(SSL_CTX *context, bool only_1_1)
{
    if (!only_1_1)
        return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
    SSL_CTX_set_security_level(context, 0); /* Debian's own forbids it */
    return SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0") == 1;
}

enum err tls_client_new(const char *ca_pem, size_t len, bool only_1_1, struct tls_client **ret_client)
{
    struct tls_client *client = calloc(1, sizeof(*client));
    enum err err = ERR_NOMEM;
    if (client == NULL)
        return err;
    signal(SIGPIPE, SIG_IGN);
    client->context = SSL_CTX_new(TLS_client_method());
    if (client->context != NULL && choose_version(client->context, only_1_1))
        err = trust(client->context, ca_pem, len);
    if (err != ERR_OK) {
        tls_client_free(client);
        return err;
    }
    SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(client->context, MODES);
    *ret_client = client;
    return ERR_OK;
}

void tls_client_free(struct tls_client *client)
{
    if (client == NULL)
        return;
    SSL_CTX_free(client->context);
    free(client);
}

static bool expect_host(SSL *ssl, const char *host)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static bool present(SSL *ssl, const struct pki_identity *identity)
{
    return identity == NULL ||
           (SSL_use_certificate(ssl, identity->cert) == 1 && SSL_use_PrivateKey(ssl, identity->key) == 1 &&
            (identity->issuer == NULL || SSL_add1_chain_cert(ssl, identity->issuer) == 1));
}

enum err tls_open(struct tls_client *client, const struct pki_identity *identity, const char *host, int fd,
                  struct tls **ret_tls)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    if (tls == NULL)
        return ERR_NOMEM;
    tls->ssl = SSL_new(client->context);
    if (tls->ssl == NULL || !expect_host(tls->ssl, host) || !present(tls->ssl, identity) ||
        SSL_set_fd(tls->ssl, fd) != 1) {
        ERR_clear_error();
        tls_close(tls);
        return ERR_NOMEM;
    }
    SSL_set_connect_state(tls->ssl);
    *ret_tls = tls;
    return ERR_OK;
}

enum err tls_server_new(const struct pki_identity *identity, struct tls_server **ret_server)
{
    struct tls_server *server = calloc(1, sizeof(*server));
    if (server == NULL)
        return ERR_NOMEM;
    signal(SIGPIPE, SIG_IGN);
    server->context = SSL_CTX_new(TLS_server_method());
    if (server->context == NULL || SSL_CTX_set_min_proto_version(server->context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_use_certificate(server->context, identity->cert) != 1 ||
        SSL_CTX_use_PrivateKey(server->context, identity->key) != 1) {
        ERR_clear_error();
        tls_server_free(server);
        return ERR_CORRUPT;
    }
    SSL_CTX_set_mode(server->context, MODES);
    *ret_server = server;
    return ERR_OK;
}

void tls_server_free(struct tls_server *server)
{
    if (server == NULL)
        return;
    SSL_CTX_free(server->context);
    free(server);
}

enum err tls_take(struct tls_server *server, int fd, struct tls **ret_tls)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    if (tls == NULL)
        return ERR_NOMEM;
    tls->ssl = SSL_new(server->context);
    if (tls->ssl == NULL || SSL_set_fd(tls->ssl, fd) != 1) {
        ERR_clear_error();
        tls_close(tls);
        return ERR_NOMEM;
    }
    SSL_set_accept_state(tls->ssl);
    *ret_tls = tls;
    return ERR_OK;
}

void tls_close(struct tls *tls)
{
    if (tls == NULL)
        return;
    if (tls->ssl != NULL && tls->why[0] == '\0' && SSL_is_init_finished(tls->ssl))
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
    SSL_free(tls->ssl);
    free(tls);
}

/* An alert of the other side has a reason of its own; so has a connection it just closes. The rest are
 * reasons of ours: its certificate, a version we cannot speak. */
static void note_failure(struct tls *tls, int error, int system_error)
{
    const unsigned long code = ERR_peek_error();
    const char *text = ERR_reason_error_string(code);
    if (error == SSL_ERROR_SSL) {
        tls->refused = ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET ||
                       ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
        text_copy(tls->why, sizeof(tls->why), text != NULL ? text : "TLS failed");
    } else {
        tls->refused = error == SSL_ERROR_ZERO_RETURN || system_error == 0 || system_error == ECONNRESET ||
                       system_error == EPIPE;
        text_copy(tls->why, sizeof(tls->why),
                  tls->refused || system_error == 0 ? "the connection was closed" : strerror(system_error));
    }
    ERR_clear_error();
}

/* `result` of SSL_read or SSL_write as the header promises it. */
static ssize_t judge(struct tls *tls, int result)
{
    const int system_error = errno, error = SSL_get_error(tls->ssl, result);
    tls->wants_write = error == SSL_ERROR_WANT_WRITE;
    if (error == SSL_ERROR_NONE)
        return result;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return -1;
    note_failure(tls, error, system_error);
    return 0;
}

ssize_t tls_read(struct tls *tls, void *to, size_t len)
{
    errno = 0;
    ERR_clear_error();
    return judge(tls, SSL_read(tls->ssl, to, (int)(len < INT32_MAX ? len : INT32_MAX)));
}

ssize_t tls_write(struct tls *tls, const void *from, size_t len)
{
    errno = 0;
    ERR_clear_error();
    return judge(tls, SSL_write(tls->ssl, from, (int)(len < INT32_MAX ? len : INT32_MAX)));
}

bool tls_wants_write(const struct tls *tls)
{
    return tls->wants_write;
}

const char *tls_why(const struct tls *tls)
{
    return tls->why;
}

bool tls_was_refused(const struct tls *tls)
{
    return tls->refused;
}
