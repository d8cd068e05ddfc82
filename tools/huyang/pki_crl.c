/* Revocation lists (RFC 5280, 5). */
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "pki.h"

enum { VERSION_2 = 1 };

static long reason_number(enum pki_reason reason)
{
    static const long numbers[PKI_REASONS] = {
#define X(name, text, number) [PKI_REASON_##name] = number,
        PKI_REASON_MAP(X)
#undef X
    };
    return numbers[reason];
}

static bool set_time(ASN1_TIME **time, int64_t at_s)
{
    *time = ASN1_TIME_set(NULL, (time_t)at_s);
    return *time != NULL;
}

static bool set_reason(X509_REVOKED *entry, enum pki_reason reason)
{
    if (reason == PKI_REASON_UNSPECIFIED)
        return true; /* is said by saying nothing */
    ASN1_ENUMERATED *value = ASN1_ENUMERATED_new();
    const bool set = value != NULL && ASN1_ENUMERATED_set(value, reason_number(reason)) == 1 &&
                     X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, value, 0, 0) == 1;
    ASN1_ENUMERATED_free(value);
    return set;
}

static bool add_entry(X509_CRL *crl, const struct pki_revoked *revoked)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial = NULL;
    ASN1_TIME *at = NULL;
    bool added = entry != NULL && BN_hex2bn(&number, revoked->serial) > 0 &&
                 (serial = BN_to_ASN1_INTEGER(number, NULL)) != NULL && set_time(&at, revoked->at_s) &&
                 X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
                 X509_REVOKED_set_revocationDate(entry, at) == 1 && set_reason(entry, revoked->reason) &&
                 X509_CRL_add0_revoked(crl, entry) == 1;
    if (!added)
        X509_REVOKED_free(entry);
    BN_free(number);
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(at);
    return added;
}

static bool add_extensions(X509_CRL *crl, const X509 *issuer, uint64_t number)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, (X509 *)(uintptr_t)issuer, NULL, NULL, crl, 0);
    X509_EXTENSION *key = X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
    ASN1_INTEGER *value = ASN1_INTEGER_new();
    const bool added = key != NULL && X509_CRL_add_ext(crl, key, -1) == 1 && value != NULL &&
                       ASN1_INTEGER_set_uint64(value, number) == 1 &&
                       X509_CRL_add1_ext_i2d(crl, NID_crl_number, value, 0, 0) == 1;
    X509_EXTENSION_free(key);
    ASN1_INTEGER_free(value);
    return added;
}

static bool set_times(X509_CRL *crl, const struct pki_crl *wish)
{
    ASN1_TIME *from = NULL, *until = NULL;
    const bool set = set_time(&from, wish->from_s) && set_time(&until, wish->until_s) &&
                     X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, until) == 1;
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return set;
}

enum err pki_crl_pem(const struct pki_crl *wish, const X509 *issuer, const EVP_PKEY *issuer_key,
                     struct buf *out)
{
    enum err err = ERR_NOMEM;
    X509_CRL *crl = X509_CRL_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    if (crl == NULL || bio == NULL || X509_CRL_set_version(crl, VERSION_2) != 1 ||
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer)) != 1 || !set_times(crl, wish) ||
        !add_extensions(crl, issuer, wish->number))
        goto out;
    for (size_t i = 0; i < wish->count; i++)
        if (!add_entry(crl, &wish->revoked[i]))
            goto out;
    if (X509_CRL_sort(crl) != 1 || X509_CRL_sign(crl, (EVP_PKEY *)(uintptr_t)issuer_key, EVP_sha256()) == 0 ||
        PEM_write_bio_X509_CRL(bio, crl) != 1)
        goto out;
    const long len = BIO_get_mem_data(bio, &data);
    buf_append(out, data, (size_t)len);
    err = out->failed ? ERR_NOMEM : ERR_OK;
out:
    X509_CRL_free(crl);
    BIO_free(bio);
    return err;
}

enum err pki_crl_number(const char *pem, size_t len, uint64_t *ret_number)
{
    if (len > PKI_PEM_MAX)
        return ERR_RANGE;
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    if (bio == NULL)
        return ERR_NOMEM;
    X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    ASN1_INTEGER *number = crl != NULL ? X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL) : NULL;
    const bool read = number != NULL && ASN1_INTEGER_get_uint64(ret_number, number) == 1;
    ASN1_INTEGER_free(number);
    X509_CRL_free(crl);
    BIO_free(bio);
    return read ? ERR_OK : ERR_CORRUPT;
}
