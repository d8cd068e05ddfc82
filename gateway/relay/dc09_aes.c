#include "relay/dc09_aes.h"

#include <assert.h>
#include <openssl/evp.h>

static const EVP_CIPHER *cipher_of(const struct dc09_key *key)
{
    assert(key->len == 16 || key->len == 24 || key->len == 32);
    return key->len == 16 ? EVP_aes_128_cbc() : key->len == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
}

enum err dc09_aes(const struct dc09_key *key, bool encrypt, const void *in, size_t len, void *out)
{
    static const uint8_t zero[DC09_BLOCK];
    assert(len % DC09_BLOCK == 0 && len <= INT32_MAX);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = 0;
    bool well = context &&
                EVP_CipherInit_ex(context, cipher_of(key), NULL, key->bytes, zero, encrypt ? 1 : 0) == 1 &&
                EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
                EVP_CipherUpdate(context, out, &done, in, (int)len) == 1;
    EVP_CIPHER_CTX_free(context);
    return well && (size_t)done == len ? ERR_OK : ERR_NOMEM;
}
