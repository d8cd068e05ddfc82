/* What of a shown configuration may be seen by people. Its secrets stand in files, which it only names; but
 * the addresses of chat groups carry their tokens in path and query, and operators' fields may be such a
 * token. */
#include <string.h>

#include "config.h"

static const char hidden[] = "\xe2\x80\xa6"; /* an ellipsis */

/* `text` is what stands between quotes, escaped. */
static void hide_url(const char *text, size_t len, struct buf *out)
{
    const char *end = text + len, *host = strstr(text, "://") + 3, *at = host;
    while (at < end && *at != '/' && *at != '?' && *at != '#' && *at != '\\')
        at++;
    const char *login = memchr(host, '@', (size_t)(at - host));
    buf_append(out, text, (size_t)(host - text));
    if (login) {
        buf_puts(out, hidden);
        host = login;
    }
    buf_append(out, host, (size_t)(at - host));
    if (end - at > 1) {
        buf_puts(out, "/");
        buf_puts(out, hidden);
    } else {
        buf_append(out, at, (size_t)(end - at));
    }
}

static void hide_quoted(const char *text, size_t len, bool is_field, struct buf *out)
{
    const char *scheme = strstr(text, "://");
    if (is_field && !memchr(text, '{', len))
        buf_puts(out, hidden);
    else if (scheme && scheme < text + len)
        hide_url(text, len, out);
    else
        buf_append(out, text, len);
}

/* Length of a quoted text up to its closing quote. */
static size_t quoted_len(const char *text)
{
    size_t len = 0;
    while (text[len] && text[len] != '"')
        len += text[len] == '\\' && text[len + 1] ? 2 : 1;
    return len;
}

void config_hide(const char *yaml, struct buf *out)
{
    static const char field[] = "value: ";
    const size_t field_len = sizeof field - 1;
    for (const char *at = yaml, *line = yaml; *at; at++) {
        const bool is_comment = line[strspn(line, " ")] == '#';
        buf_putc(out, *at);
        if (*at == '\n')
            line = at + 1;
        if (*at != '"' || is_comment)
            continue;
        const bool is_field =
            (size_t)(at - yaml) >= field_len && strncmp(at - field_len, field, field_len) == 0;
        const size_t len = quoted_len(at + 1);
        hide_quoted(at + 1, len, is_field, out);
        at += len;
    }
}
