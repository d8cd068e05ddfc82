#include "relay/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"

enum { PATH_SIZE = 4096, MAC_SIZE = 13 };

static enum err key_read(const char *path, uint8_t key[LINK_KEY_SIZE])
{
    uint8_t bytes[LINK_KEY_SIZE + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    ssize_t len = read(fd, bytes, sizeof bytes);
    close(fd);
    if (len < 0)
        return ERR_IO;
    if (len != LINK_KEY_SIZE)
        return ERR_CORRUPT;
    memcpy(key, bytes, LINK_KEY_SIZE);
    return ERR_OK;
}

/* Written aside and linked into place: a crash leaves no half key, and of two who make one at the same time
 * the first wins for both. */
static enum err key_make(const char *folder, const char *path)
{
    uint8_t key[LINK_KEY_SIZE];
    char aside[PATH_SIZE + 32];
    if (snprintf(aside, sizeof aside, "%s/link.key.%ld", folder, (long)getpid()) >= (int)sizeof aside)
        return ERR_RANGE;
    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
        return ERR_IO;
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    bool well = write(fd, key, sizeof key) == (ssize_t)sizeof key && fsync(fd) == 0;
    enum err err = well ? ERR_OK : errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    close(fd);
    if (err == ERR_OK && link(aside, path) != 0 && errno != EEXIST)
        err = ERR_IO;
    unlink(aside);
    explicit_bzero(key, sizeof key);
    return err;
}

enum err link_key_open(const char *folder, uint8_t key[LINK_KEY_SIZE])
{
    char path[PATH_SIZE];
    if (snprintf(path, sizeof path, "%s/link.key", folder) >= (int)sizeof path)
        return ERR_RANGE;
    enum err err = key_read(path, key);
    if (err != ERR_NOT_FOUND)
        return err;
    err = key_make(folder, path);
    return err == ERR_OK ? key_read(path, key) : err;
}

void link_token(const uint8_t key[LINK_KEY_SIZE], const struct hash_id *job, char token[LINK_TOKEN_LEN + 1])
{
    static const char label[] = "acknowledge|";
    uint8_t text[sizeof label - 1 + HASH_ID_SIZE], mac[SHA256_SIZE], bytes[LINK_PREFIX_SIZE + MAC_SIZE];
    memcpy(text, label, sizeof label - 1);
    memcpy(text + sizeof label - 1, job->bytes, HASH_ID_SIZE);
    hash_hmac(key, LINK_KEY_SIZE, text, sizeof text, mac);
    memcpy(bytes, job->bytes, LINK_PREFIX_SIZE);
    memcpy(bytes + LINK_PREFIX_SIZE, mac, MAC_SIZE);
    text_base64(bytes, sizeof bytes, true, token);
}

static int value_of(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

bool link_prefix(const char *token, uint8_t prefix[LINK_PREFIX_SIZE])
{
    uint32_t bits = 0;
    unsigned count = 0, filled = 0;
    if (strlen(token) != LINK_TOKEN_LEN)
        return false;
    for (unsigned i = 0; i < LINK_TOKEN_LEN; i++) {
        int value = value_of(token[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            if (filled < LINK_PREFIX_SIZE)
                prefix[filled++] = (uint8_t)(bits >> count);
        }
    }
    return true;
}

bool link_matches(const uint8_t key[LINK_KEY_SIZE], const struct hash_id *job, const char *token)
{
    char right[LINK_TOKEN_LEN + 1];
    unsigned differs = 0;
    if (strlen(token) != LINK_TOKEN_LEN)
        return false;
    link_token(key, job, right);
    for (unsigned i = 0; i < LINK_TOKEN_LEN; i++)
        differs |= (unsigned char)(right[i] ^ token[i]);
    return differs == 0;
}

void link_fill(const uint8_t key[LINK_KEY_SIZE], const struct hash_id *job, char *body, size_t len)
{
    char token[LINK_TOKEN_LEN + 1];
    char *at = body, *end = body + len;
    link_token(key, job, token);
    while ((at = memmem(at, (size_t)(end - at), LINK_HOLE, LINK_TOKEN_LEN)) != NULL) {
        memcpy(at, token, LINK_TOKEN_LEN);
        at += LINK_TOKEN_LEN;
    }
}
