#include "core/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

/* Digests cannot fail on their input; libcrypto can only run out of memory. No caller could go on without its
 * id, and a crash is something we recover from. */
static void must(int done)
{
    if (!done) {
        log_write(LOG_ERROR, "hash.failed", "libcrypto could not compute a digest");
        abort();
    }
}

void hash_sha256(const void *data, size_t len, uint8_t digest[SHA256_SIZE])
{
    must(EVP_Digest(len ? data : "", len, digest, NULL, EVP_sha256(), NULL));
}

void hash_hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t digest[SHA256_SIZE])
{
    /* libcrypto takes an int for the key's length; RFC 2104 hashes keys longer than a block anyway. */
    uint8_t short_key[SHA256_SIZE];
    if (key_len > 64) {
        hash_sha256(key, key_len, short_key);
        key = short_key;
        key_len = sizeof short_key;
    }
    unsigned digest_len = 0;
    must(HMAC(EVP_sha256(), key_len ? key : "", (int)key_len, len ? data : (const void *)"", len, digest,
              &digest_len) != NULL);
}

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static uint64_t load_le64(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), with 2 and 4 rounds. */
uint64_t hash_siphash(const uint8_t key[16], const void *data, size_t len)
{
    uint64_t k0 = load_le64(key, 8), k1 = load_le64(key + 8, 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
                     k1 ^ 0x7465646279746573u};
    const uint8_t *bytes = data;
    size_t whole = len / 8 * 8;
    for (size_t i = 0; i <= whole; i += 8) {
        uint64_t word =
            i < whole ? load_le64(bytes + i, 8)
                      : (uint64_t)(len & 0xff) << 56 | load_le64(len ? bytes + whole : key, len - whole);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash_table(const void *data, size_t len)
{
    static const uint8_t key[16] = "huyang tables 1";
    return hash_siphash(key, data, len);
}

struct hash_id hash_id_of(const void *data, size_t len)
{
    uint8_t digest[SHA256_SIZE];
    struct hash_id id;
    hash_sha256(data, len, digest);
    memcpy(id.bytes, digest, sizeof id.bytes);
    return id;
}

void hash_hex(const uint8_t *bytes, size_t len, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * len] = 0;
}

void hash_id_text(const struct hash_id *id, char text[HASH_ID_TEXT])
{
    hash_hex(id->bytes, sizeof id->bytes, text);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hash_unhex(const char *text, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(text[2 * i]);
        int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);
        if (low < 0)
            return 0;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * len] == 0;
}

int hash_id_parse(const char *text, struct hash_id *ret_id)
{
    struct hash_id id;
    if (!hash_unhex(text, id.bytes, sizeof id.bytes))
        return 0;
    *ret_id = id;
    return 1;
}
