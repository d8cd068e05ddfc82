/* Hashes. SHA-256 for derived ids, signatures and clips (OpenSSL's libcrypto stays behind this header); a
 * keyed SipHash-2-4 with a fixed key for tables (input is bounded and capped, tables refuse to grow past
 * their maximum). */
#ifndef HUYANG_CORE_HASH_H
#define HUYANG_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, HASH_ID_SIZE = 16, HASH_ID_TEXT = 33 };

void hash_sha256(const void *data, size_t len, uint8_t digest[SHA256_SIZE]);
/* HMAC-SHA256 (RFC 2104). */
void hash_hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t digest[SHA256_SIZE]);
/* SipHash-2-4 with the caller's key. */
uint64_t hash_siphash(const uint8_t key[16], const void *data, size_t len);
uint64_t hash_table(const void *data, size_t len);

/* A derived id: the first 16 bytes of SHA-256. As text: 32 lower-case hex digits. */
struct hash_id {
    uint8_t bytes[HASH_ID_SIZE];
};
struct hash_id hash_id_of(const void *data, size_t len);
void hash_id_text(const struct hash_id *id, char text[HASH_ID_TEXT]);
/* Nonzero when `text` is exactly 32 lower-case hex digits. */
int hash_id_parse(const char *text, struct hash_id *ret_id);
void hash_hex(const uint8_t *bytes, size_t len, char *text); /* text holds 2 * len + 1 */
/* Nonzero when `text` is exactly 2 * len lower-case hex digits; else bytes may be written in part. */
int hash_unhex(const char *text, uint8_t *bytes, size_t len);

#endif
