/* AES-CBC with a zero initialisation vector, as ANSI/SIA DC-09 wants it: the fence around OpenSSL for this
 * protocol. Pure; any thread. */
#ifndef HUYANG_RELAY_DC09_AES_H
#define HUYANG_RELAY_DC09_AES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

enum { DC09_BLOCK = 16, DC09_KEY_MAX = 32 };

struct dc09_key {
    uint8_t bytes[DC09_KEY_MAX];
    uint8_t len; /* 16, 24 or 32; 0 = no key: frames go in clear */
};
/* `len` is a multiple of DC09_BLOCK; nothing is padded here. `out` holds `len` bytes and does not overlap
 * `in`. ERR_NOMEM when libcrypto has no memory. */
MUST_CHECK enum err dc09_aes(const struct dc09_key *key, bool encrypt, const void *in, size_t len, void *out);

#endif
