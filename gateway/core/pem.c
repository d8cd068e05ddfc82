#include "core/pem.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "core/clock.h"

bool pem_time(const ASN1_TIME *time, int64_t *ret_s)
{
    struct tm parts;
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *ret_s = clock_from_civil(NULL, parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                              parts.tm_min, parts.tm_sec) /
             1000;
    return true;
}

/* The end of one block; *ret_s is untouched for a block of another kind. */
static enum err end_of(const char *name, const unsigned char *data, long len, int64_t *ret_s)
{
    bool read = true;
    if (strcmp(name, PEM_STRING_X509) == 0) {
        X509 *cert = d2i_X509(NULL, &data, len);
        read = cert != NULL && pem_time(X509_get0_notAfter(cert), ret_s);
        X509_free(cert);
    } else if (strcmp(name, PEM_STRING_X509_CRL) == 0) {
        X509_CRL *crl = d2i_X509_CRL(NULL, &data, len);
        read = crl != NULL && pem_time(X509_CRL_get0_nextUpdate(crl), ret_s);
        X509_CRL_free(crl);
    }
    return read ? ERR_OK : ERR_CORRUPT;
}

enum err pem_until(const char *pem, size_t len, int64_t *ret_until_s)
{
    if (len > PEM_MAX)
        return ERR_RANGE;
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    if (bio == NULL)
        return ERR_NOMEM;
    char *name, *header;
    unsigned char *data;
    long data_len;
    int64_t earliest_s = INT64_MAX;
    enum err err = ERR_OK;
    while (err == ERR_OK && PEM_read_bio(bio, &name, &header, &data, &data_len) == 1) {
        int64_t until_s = INT64_MAX;
        err = end_of(name, data, data_len, &until_s);
        if (until_s < earliest_s)
            earliest_s = until_s;
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    /* The loop ends where no block begins; any other reason is a block that breaks off. */
    if (err == ERR_OK && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        err = ERR_CORRUPT;
    ERR_clear_error();
    BIO_free(bio);
    if (err == ERR_OK && earliest_s == INT64_MAX)
        err = ERR_NOT_FOUND;
    if (err == ERR_OK)
        *ret_until_s = earliest_s;
    return err;
}
