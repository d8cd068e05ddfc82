#include "api/tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const char tls_priorities[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-AES-128-CBC:"
                              "-AES-256-CBC:%SERVER_PRECEDENCE";

/* One reading of the files. Lives until another one is in force and its last connection has gone. */
struct tls_pass {
    gnutls_certificate_credentials_t credentials;
    size_t users; /* connections, and one more while it is in force; under the lock */
};

struct tls {
    char *cert, *key, *clients;
    pthread_mutex_t lock;  /* `pass`, and the users of all */
    struct tls_pass *pass; /* in force */
};

static enum err refuse(struct buf *why, const char *path, int error)
{
    buf_printf(why, "%s: %s", path, gnutls_strerror(error));
    if (error == GNUTLS_E_MEMORY_ERROR)
        return ERR_NOMEM;
    return error == GNUTLS_E_FILE_ERROR ? ERR_NOT_FOUND : ERR_INVALID;
}

static void free_pass(struct tls_pass *pass)
{
    if (pass->credentials != NULL)
        gnutls_certificate_free_credentials(pass->credentials);
    free(pass);
}

static enum err read_pass(const struct tls *tls, struct tls_pass *pass, struct buf *why)
{
    int error = gnutls_certificate_allocate_credentials(&pass->credentials);

    if (error < 0)
        return refuse(why, tls->cert, error);
    /* It checks that the one belongs to the other. */
    error = gnutls_certificate_set_x509_key_file(pass->credentials, tls->cert, tls->key, GNUTLS_X509_FMT_PEM);
    if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return refuse(why, tls->key, error);
    if (error < 0) {
        gnutls_datum_t text; /* which of the two cannot be read */
        const bool there = gnutls_load_file(tls->cert, &text) == 0;
        if (there)
            gnutls_free(text.data);
        return refuse(why, there && error == GNUTLS_E_FILE_ERROR ? tls->key : tls->cert, error);
    }
    if (tls->clients[0] == '\0')
        return ERR_OK;
    error = gnutls_certificate_set_x509_trust_file(pass->credentials, tls->clients, GNUTLS_X509_FMT_PEM);
    if (error == 0)
        error = GNUTLS_E_NO_CERTIFICATE_FOUND;
    return error < 0 ? refuse(why, tls->clients, error) : ERR_OK;
}

/* Under the lock. */
static void let_go(struct tls_pass *pass)
{
    if (--pass->users == 0)
        free_pass(pass);
}

enum err tls_reload(struct tls *tls, struct buf *why)
{
    struct tls_pass *pass = calloc(1, sizeof(*pass));
    enum err err = pass != NULL ? read_pass(tls, pass, why) : ERR_NOMEM;

    if (err != ERR_OK) {
        if (pass != NULL)
            free_pass(pass);
        return err;
    }
    pass->users = 1;
    pthread_mutex_lock(&tls->lock);
    struct tls_pass *before = tls->pass;
    tls->pass = pass;
    if (before != NULL)
        let_go(before);
    pthread_mutex_unlock(&tls->lock);
    return ERR_OK;
}

enum err tls_open(const struct tls_files *files, struct tls **ret_tls, struct buf *why)
{
    struct tls *tls = calloc(1, sizeof(*tls));

    if (tls == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&tls->lock, NULL);
    tls->cert = strdup(files->cert);
    tls->key = strdup(files->key);
    tls->clients = strdup(files->clients);
    enum err err =
        tls->cert != NULL && tls->key != NULL && tls->clients != NULL ? tls_reload(tls, why) : ERR_NOMEM;
    if (err != ERR_OK)
        tls_close(tls);
    else
        *ret_tls = tls;
    return err;
}

void tls_close(struct tls *tls)
{
    if (tls == NULL)
        return;
    if (tls->pass != NULL)
        let_go(tls->pass);
    pthread_mutex_destroy(&tls->lock);
    free(tls->cert);
    free(tls->key);
    free(tls->clients);
    free(tls);
}

int tls_no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                       const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                       gnutls_pcert_st **ret_certificate, unsigned *ret_length, gnutls_privkey_t *ret_key)
{
    (void)session;
    (void)authorities;
    (void)authority_count;
    (void)algorithms;
    (void)algorithm_count;
    *ret_certificate = NULL;
    *ret_length = 0;
    *ret_key = NULL;
    return -1;
}

struct tls_pass *tls_greet(struct tls *tls, gnutls_session_t session)
{
    pthread_mutex_lock(&tls->lock);
    struct tls_pass *pass = tls->pass;
    pass->users++;
    pthread_mutex_unlock(&tls->lock);
    if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, pass->credentials) < 0) {
        tls_forget(tls, pass);
        return NULL;
    }
    if (tls->clients[0] != '\0')
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
    return pass;
}

void tls_forget(struct tls *tls, struct tls_pass *pass)
{
    if (pass == NULL)
        return;
    pthread_mutex_lock(&tls->lock);
    let_go(pass);
    pthread_mutex_unlock(&tls->lock);
}

bool tls_knows(const struct tls *tls, gnutls_session_t session)
{
    unsigned status = 0;

    return tls->clients[0] == '\0' ||
           (gnutls_certificate_verify_peers2(session, &status) == GNUTLS_E_SUCCESS && status == 0);
}
