/* The token of the API: 256 random bits in hex, in a file that only its owner can read. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/request.h"
#include "core/log.h"

enum { PATH_SIZE = 4096, TOKEN_LEN = TOKEN_SIZE - 1 };

static bool is_token(const char *text, size_t len)
{
    return len == TOKEN_LEN && strspn(text, "0123456789abcdef") == TOKEN_LEN;
}

enum err api_token(const char *folder, char *token, size_t size)
{
    char path[PATH_SIZE], text[TOKEN_SIZE + 2] = "";

    if (size < TOKEN_SIZE || snprintf(path, sizeof(path), "%s/token", folder) >= (int)sizeof(path))
        return ERR_RANGE;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (len < 0)
        return ERR_IO;
    text[strcspn(text, "\r\n")] = '\0';
    if (!is_token(text, strlen(text)))
        return ERR_CORRUPT;
    memcpy(token, text, TOKEN_SIZE);
    return ERR_OK;
}

/* Written aside and renamed, so that a crash or a full disk leaves no half token. */
static enum err token_make(const char *folder, char token[TOKEN_SIZE])
{
    char path[PATH_SIZE], aside[PATH_SIZE], line[TOKEN_SIZE + 1];

    if (snprintf(path, sizeof(path), "%s/token", folder) >= (int)sizeof(path) ||
        snprintf(aside, sizeof(aside), "%s/token.new", folder) >= (int)sizeof(aside))
        return ERR_RANGE;
    secret_hex(token);
    int len = snprintf(line, sizeof(line), "%s\n", token);
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    bool written = fchmod(fd, 0600) == 0 && write(fd, line, (size_t)len) == len && fsync(fd) == 0;
    enum err err = written ? ERR_OK : errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
    close(fd);
    if (err == ERR_OK && rename(aside, path) != 0)
        err = ERR_IO;
    if (err != ERR_OK)
        unlink(aside);
    return err;
}

enum err token_open(const char *folder, char token[TOKEN_SIZE])
{
    if (sodium_init() < 0)
        return ERR_IO;
    enum err err = api_token(folder, token, TOKEN_SIZE);
    if (err == ERR_NOT_FOUND) {
        err = token_make(folder, token);
        if (err == ERR_OK)
            log_write(LOG_INFO, "api.token", "a token was made\tfile=%s/token", folder);
    }
    if (err != ERR_OK)
        log_write(LOG_ERROR, "api.token", "there is no usable token\tfile=%s/token\terror=%s", folder,
                  err_text(err));
    return err;
}

bool token_matches(const char token[TOKEN_SIZE], const char *header)
{
    static const char scheme[] = "Bearer ";

    if (header == NULL || strncmp(header, scheme, sizeof(scheme) - 1) != 0)
        return false;
    header += sizeof(scheme) - 1;
    return secret_equal(header, token);
}
