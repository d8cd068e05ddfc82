/* When certificates and revocation lists end (OpenSSL's libcrypto stays behind this header). Pure: text in,
 * seconds out. Whoever issues or checks them is elsewhere. */
#ifndef HUYANG_CORE_PEM_H
#define HUYANG_CORE_PEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { PEM_MAX = 64 << 20 };

/* The earliest end (notAfter, nextUpdate; seconds since 1970) of all certificates and revocation lists in a
 * PEM text; other blocks are passed over. ERR_NOT_FOUND: there is none; ERR_CORRUPT: a block cannot be read;
 * ERR_RANGE: longer than PEM_MAX; ERR_NOMEM. */
MUST_CHECK enum err pem_until(const char *pem, size_t len, int64_t *ret_until_s);

struct asn1_string_st; /* OpenSSL's ASN1_TIME */
/* False: no time. */
bool pem_time(const struct asn1_string_st *time, int64_t *ret_s);

#endif
