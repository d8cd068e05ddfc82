#include "relay/dc09_key.h"

#include <string.h>

#include "relay/secret.h"

enum { FILE_MAX = 128 };

const char *dc09_key_load(const char *path, struct dc09_key *ret_key)
{
    uint8_t text[FILE_MAX];
    size_t len;
    const char *why = secret_load(path, text, sizeof text, &len);
    if (!why && !dc09_key_parse((const char *)text, len, ret_key))
        why = "the key file holds no AES key";
    explicit_bzero(text, sizeof text);
    return why;
}
