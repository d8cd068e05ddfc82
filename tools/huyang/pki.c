#include "pki.h"

#include <arpa/inet.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "core/hash.h"
#include "core/pem.h"

enum { HOSTS_TEXT_MAX = 4096, KEY_ROUNDS = 600000, VERSION_3 = 2 };

struct reason_name {
    const char *name;
};
static const struct reason_name reasons[PKI_REASONS] = {
#define X(name_, text, number) [PKI_REASON_##name_] = {text},
    PKI_REASON_MAP(X)
#undef X
};

const char *pki_reason_name(enum pki_reason reason)
{
    return reasons[reason].name;
}

bool pki_reason_parse(const char *text, enum pki_reason *ret_reason)
{
    for (int i = 0; i < PKI_REASONS; i++)
        if (strcmp(reasons[i].name, text) == 0) {
            *ret_reason = (enum pki_reason)i;
            return true;
        }
    return false;
}

/* ---- keys ---- */

enum err pki_key_new(EVP_PKEY **ret_key)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    if (key == NULL)
        return ERR_NOMEM;
    *ret_key = key;
    return ERR_OK;
}

void pki_key_free(EVP_PKEY *key)
{
    EVP_PKEY_free(key);
}

/* What was written into the memory BIO, appended and wiped. */
static enum err take_bio(BIO *bio, struct buf *out)
{
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    if (len <= 0)
        return ERR_NOMEM;
    buf_append(out, data, (size_t)len);
    OPENSSL_cleanse(data, (size_t)len);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

/* Asked when a key turns out to be encrypted and no passphrase was given: OpenSSL would ask the terminal. */
static int no_passphrase(char *to, int size, int writing, void *self)
{
    (void)to;
    (void)size;
    (void)writing;
    (void)self;
    return -1;
}

static enum err put_encrypted(BIO *bio, const EVP_PKEY *key, const char *passphrase)
{
    enum err err = ERR_NOMEM;
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    X509_ALGOR *how = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), KEY_ROUNDS, NULL, 0, NULL, NID_hmacWithSHA256);
    X509_SIG *sealed = NULL;
    if (plain != NULL && how != NULL)
        sealed = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, how);
    if (sealed != NULL)
        how = NULL; /* it is the sealed key's now */
    if (sealed != NULL && PEM_write_bio_PKCS8(bio, sealed) == 1)
        err = ERR_OK;
    X509_SIG_free(sealed);
    X509_ALGOR_free(how);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return err;
}

enum err pki_key_pem(const EVP_PKEY *key, const char *passphrase, struct buf *out)
{
    enum err err = ERR_NOMEM;
    BIO *bio = BIO_new(BIO_s_secmem());
    if (bio == NULL)
        return ERR_NOMEM;
    if (passphrase != NULL)
        err = put_encrypted(bio, key, passphrase);
    else if (PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
        err = ERR_OK;
    if (err == ERR_OK)
        err = take_bio(bio, out);
    BIO_free(bio);
    return err;
}

enum err pki_key_parse(const char *pem, size_t len, const char *passphrase, EVP_PKEY **ret_key)
{
    if (len > PKI_PEM_MAX)
        return ERR_RANGE;
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    if (bio == NULL)
        return ERR_NOMEM;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, passphrase == NULL ? no_passphrase : NULL,
                                            (void *)(uintptr_t)passphrase);
    BIO_free(bio);
    if (key == NULL)
        return strstr(pem, "BEGIN ENCRYPTED PRIVATE KEY") != NULL ? ERR_REFUSED : ERR_CORRUPT;
    *ret_key = key;
    return ERR_OK;
}

/* ---- certificates ---- */

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

bool pki_is_host(const char *host)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
    unsigned char address[16];
    const size_t len = strlen(host);
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1 ||
           (len > 0 && len <= 253 && strspn(host, allowed) == len && host[0] != '.' && host[0] != '-');
}

static enum err add_hosts(X509 *cert, X509 *issuer, const struct pki_wish *wish)
{
    struct buf names;
    unsigned char address[16];
    enum err err = wish->host_count > 0 ? ERR_OK : ERR_INVALID;
    buf_init(&names, HOSTS_TEXT_MAX);
    for (unsigned i = 0; i < wish->host_count && err == ERR_OK; i++) {
        const char *host = wish->hosts[i];
        const bool numeric =
            inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
        if (!pki_is_host(host))
            err = ERR_INVALID;
        buf_printf(&names, "%s%s:%s", i > 0 ? "," : "", numeric ? "IP" : "DNS", host);
    }
    if (err == ERR_OK && names.failed)
        err = ERR_RANGE;
    if (err == ERR_OK && !add_extension(cert, issuer, NID_subject_alt_name, buf_text(&names)))
        err = ERR_INVALID;
    buf_release(&names);
    return err;
}

static enum err add_extensions(X509 *cert, X509 *issuer, const struct pki_wish *wish)
{
    static const struct {
        const char *constraints, *usage, *extended;
    } of_role[] = {
        [PKI_ROOT] = {"critical,CA:TRUE,pathlen:1", "critical,keyCertSign,cRLSign", NULL},
        [PKI_ISSUING] = {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", NULL},
        [PKI_SERVER] = {"critical,CA:FALSE", "critical,digitalSignature", "serverAuth"},
        [PKI_CLIENT] = {"critical,CA:FALSE", "critical,digitalSignature", "clientAuth"},
    };
    const char *extended = of_role[wish->role].extended;
    if (!add_extension(cert, issuer, NID_basic_constraints, of_role[wish->role].constraints) ||
        !add_extension(cert, issuer, NID_key_usage, of_role[wish->role].usage) ||
        (extended != NULL && !add_extension(cert, issuer, NID_ext_key_usage, extended)) ||
        !add_extension(cert, issuer, NID_subject_key_identifier, "hash") ||
        (issuer != cert && !add_extension(cert, issuer, NID_authority_key_identifier, "keyid:always")))
        return ERR_NOMEM;
    return wish->role == PKI_SERVER ? add_hosts(cert, issuer, wish) : ERR_OK;
}

static bool set_serial(X509 *cert)
{
    unsigned char bytes[PKI_SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always of the same length */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    const bool set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return set;
}

static bool set_names(X509 *cert, X509 *issuer, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Huyang", -1, -1,
                                      0) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) ==
               1 &&
           X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1;
}

static bool set_times(X509 *cert, const X509 *issuer, const struct pki_wish *wish)
{
    int64_t until_s = wish->until_s, issuer_until_s;
    if (issuer != cert && pem_time(X509_get0_notAfter(issuer), &issuer_until_s) && issuer_until_s < until_s)
        until_s = issuer_until_s;
    return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)wish->from_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)until_s) != NULL;
}

enum err pki_issue(const struct pki_wish *wish, const EVP_PKEY *key, const X509 *issuer,
                   const EVP_PKEY *issuer_key, X509 **ret_cert)
{
    X509 *cert = X509_new();
    /* OpenSSL's calls that only read still take pointers to what may be written. */
    X509 *signer = issuer != NULL ? (X509 *)(uintptr_t)issuer : cert;
    EVP_PKEY *own = (EVP_PKEY *)(uintptr_t)key;
    EVP_PKEY *signer_key = issuer != NULL ? (EVP_PKEY *)(uintptr_t)issuer_key : own;
    enum err err = ERR_NOMEM;
    if (cert == NULL || X509_set_version(cert, VERSION_3) != 1 || !set_serial(cert) ||
        X509_set_pubkey(cert, own) != 1 || !set_names(cert, signer, wish->name) ||
        !set_times(cert, signer, wish))
        goto out;
    err = add_extensions(cert, signer, wish);
    if (err == ERR_OK && X509_sign(cert, signer_key, EVP_sha256()) == 0)
        err = ERR_NOMEM;
out:
    if (err == ERR_OK)
        *ret_cert = cert;
    else
        X509_free(cert);
    return err;
}

void pki_cert_free(X509 *cert)
{
    X509_free(cert);
}

enum err pki_cert_pem(const X509 *cert, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum err err = bio != NULL && PEM_write_bio_X509(bio, cert) == 1 ? take_bio(bio, out) : ERR_NOMEM;
    BIO_free(bio);
    return err;
}

enum err pki_cert_parse(const char *pem, size_t len, X509 **ret_cert)
{
    if (len > PKI_PEM_MAX)
        return ERR_RANGE;
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    if (bio == NULL)
        return ERR_NOMEM;
    X509 *cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    if (cert == NULL)
        return ERR_CORRUPT;
    *ret_cert = cert;
    return ERR_OK;
}

enum err pki_cert_info(const X509 *cert, struct pki_info *ret_info)
{
    struct pki_info info = {.from_s = 0};
    unsigned char digest[SHA256_SIZE];
    unsigned len = 0;
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    unsigned char serial[PKI_SERIAL_BYTES];
    const bool serial_fits = number != NULL && BN_bn2binpad(number, serial, sizeof(serial)) > 0;
    BN_free(number);
    if (!serial_fits ||
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, info.name,
                                  sizeof(info.name)) <= 0 ||
        !pem_time(X509_get0_notBefore(cert), &info.from_s) ||
        !pem_time(X509_get0_notAfter(cert), &info.until_s) ||
        X509_digest(cert, EVP_sha256(), digest, &len) != 1 || len != sizeof(digest))
        return ERR_CORRUPT;
    hash_hex(serial, sizeof(serial), info.serial);
    hash_hex(digest, sizeof(digest), info.fingerprint);
    *ret_info = info;
    return ERR_OK;
}

/* The certificate after the first; NULL when there is none. */
static X509 *second_cert(const char *pem, size_t len)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    X509 *first = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    X509 *second = first != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    ERR_clear_error();
    X509_free(first);
    BIO_free(bio);
    return second;
}

enum err pki_identity_parse(const char *pem, size_t len, const char *key_pem, size_t key_len,
                            struct pki_identity *ret_identity)
{
    struct pki_identity identity = {.key = NULL};
    enum err err = pki_cert_parse(pem, len, &identity.cert);
    if (err == ERR_OK)
        err = key_pem != NULL ? pki_key_parse(key_pem, key_len, NULL, &identity.key)
                              : pki_key_parse(pem, len, NULL, &identity.key);
    if (err == ERR_OK && !pki_fits(identity.cert, identity.key))
        err = ERR_CORRUPT;
    if (err != ERR_OK) {
        pki_identity_release(&identity);
        return err;
    }
    identity.issuer = second_cert(pem, len);
    *ret_identity = identity;
    return ERR_OK;
}

void pki_identity_release(struct pki_identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->cert);
    X509_free(identity->issuer);
    *identity = (struct pki_identity){.key = NULL};
}

bool pki_fits(const X509 *cert, const EVP_PKEY *key)
{
    return X509_check_private_key(cert, key) == 1;
}

enum err pki_bundle(const X509 *cert, const EVP_PKEY *key, const X509 *issuer, const char *password,
                    struct buf *out)
{
    enum err err = ERR_NOMEM;
    STACK_OF(X509) *chain = sk_X509_new_null();
    PKCS12 *bundle = NULL;
    BIO *bio = BIO_new(BIO_s_secmem());
    if (chain != NULL && bio != NULL && sk_X509_push(chain, (X509 *)(uintptr_t)issuer) > 0)
        bundle = PKCS12_create(password, "huyang", (EVP_PKEY *)(uintptr_t)key, (X509 *)(uintptr_t)cert, chain,
                               0, 0, 0, 0, 0);
    if (bundle != NULL && i2d_PKCS12_bio(bio, bundle) == 1)
        err = take_bio(bio, out);
    PKCS12_free(bundle);
    sk_X509_free(chain);
    BIO_free(bio);
    return err;
}
