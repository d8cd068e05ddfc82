/* Keys, certificates and revocation lists of a county's own certificate authority: the fence around
 * OpenSSL's libcrypto. P-256 and SHA-256 throughout; times are seconds since 1970. No files, no network, no
 * terminal: everything is PEM in memory, and who may read it is the caller's care.
 *
 * `struct evp_pkey_st` and `struct x509_st` are OpenSSL's EVP_PKEY and X509; nobody but pki.c, pki_crl.c and
 * tls.c looks inside. Errors: ERR_CORRUPT (not what it should be), ERR_REFUSED (wrong passphrase), ERR_RANGE
 * (too long), ERR_NOMEM. One thread. */
#ifndef HUYANG_TOOLS_PKI_H
#define HUYANG_TOOLS_PKI_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/text.h"

enum {
    PKI_SERIAL_BYTES = 16, /* random, 127 bits */
    PKI_SERIAL_SIZE = 2 * PKI_SERIAL_BYTES + 1,
    PKI_FINGERPRINT_SIZE = 65, /* SHA-256 of the whole certificate, lower-case hex */
    PKI_PEM_MAX = 64 << 20,
};

/* name in the index and on the command line (RFC 5280, 5.3.1), number */
#define PKI_REASON_MAP(X)                                                                                    \
    X(UNSPECIFIED, "unspecified", 0)                                                                         \
    X(KEY_COMPROMISE, "key-compromise", 1)                                                                   \
    X(SUPERSEDED, "superseded", 4)                                                                           \
    X(CESSATION, "cessation", 5)

enum pki_reason {
#define X(name, text, number) PKI_REASON_##name,
    PKI_REASON_MAP(X)
#undef X
        PKI_REASONS
};
const char *pki_reason_name(enum pki_reason reason);
bool pki_reason_parse(const char *text, enum pki_reason *ret_reason);

/* What a certificate is for; it decides its extensions. */
enum pki_role {
    PKI_ROOT,    /* signs issuing authorities only */
    PKI_ISSUING, /* signs devices, the broker and revocation lists */
    PKI_SERVER,  /* the broker: server authentication, subject alternative names */
    PKI_CLIENT   /* a device or the gateway: client authentication */
};

struct pki_wish {
    enum pki_role role;
    const char *name;         /* common name, at most 64 bytes */
    const char *const *hosts; /* PKI_SERVER: host names and addresses */
    unsigned host_count;
    int64_t from_s, until_s;
};

struct pki_info {
    char name[ID_SIZE], serial[PKI_SERIAL_SIZE], fingerprint[PKI_FINGERPRINT_SIZE];
    int64_t from_s, until_s;
};

/* A host name or a numeric address. */
bool pki_is_host(const char *host);

struct evp_pkey_st;
struct x509_st;

MUST_CHECK enum err pki_key_new(struct evp_pkey_st **ret_key);
void pki_key_free(struct evp_pkey_st *key); /* NULL is fine */
/* Appends PKCS#8 PEM; with a passphrase encrypted (AES-256-CBC, PBKDF2 with HMAC-SHA-256, 600,000 rounds). */
MUST_CHECK enum err pki_key_pem(const struct evp_pkey_st *key, const char *passphrase, struct buf *out);
MUST_CHECK enum err pki_key_parse(const char *pem, size_t len, const char *passphrase,
                                  struct evp_pkey_st **ret_key);

/* Signs a certificate for the key; `issuer` NULL = self-signed, else `issuer_key` is the issuer's. The end is
 * cut to the issuer's own. ERR_INVALID: a host that is neither a name nor an address. */
MUST_CHECK enum err pki_issue(const struct pki_wish *wish, const struct evp_pkey_st *key,
                              const struct x509_st *issuer, const struct evp_pkey_st *issuer_key,
                              struct x509_st **ret_cert);
void pki_cert_free(struct x509_st *cert); /* NULL is fine */
MUST_CHECK enum err pki_cert_pem(const struct x509_st *cert, struct buf *out);
/* The first certificate of the text. */
MUST_CHECK enum err pki_cert_parse(const char *pem, size_t len, struct x509_st **ret_cert);
MUST_CHECK enum err pki_cert_info(const struct x509_st *cert, struct pki_info *ret_info);
/* Is this the key of the certificate? */
bool pki_fits(const struct x509_st *cert, const struct evp_pkey_st *key);
/* Appends key, certificate and the issuer's certificate as a PKCS#12 file (DER). */
MUST_CHECK enum err pki_bundle(const struct x509_st *cert, const struct evp_pkey_st *key,
                               const struct x509_st *issuer, const char *password, struct buf *out);

/* What a client shows in a handshake. */
struct pki_identity {
    struct evp_pkey_st *key;
    struct x509_st *cert, *issuer; /* issuer may be NULL */
};
/* From a PEM text with a key, a certificate and perhaps its issuer's; the key may stand in a text of its own
 * (`key_pem`, else NULL). */
MUST_CHECK enum err pki_identity_parse(const char *pem, size_t len, const char *key_pem, size_t key_len,
                                       struct pki_identity *ret_identity);
void pki_identity_release(struct pki_identity *identity);

struct pki_revoked {
    const char *serial; /* hex */
    int64_t at_s;
    enum pki_reason reason;
};
struct pki_crl {
    const struct pki_revoked *revoked;
    size_t count;
    uint64_t number; /* rises with each list */
    int64_t from_s, until_s;
};
/* Appends a signed revocation list. */
MUST_CHECK enum err pki_crl_pem(const struct pki_crl *crl, const struct x509_st *issuer,
                                const struct evp_pkey_st *issuer_key, struct buf *out);
MUST_CHECK enum err pki_crl_number(const char *pem, size_t len, uint64_t *ret_number);

#endif
