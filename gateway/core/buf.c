#include "core/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

enum { FIRST_CAP = 256 };

void buf_init(struct buf *buf, size_t max)
{
    assert(max < SIZE_MAX);
    *buf = (struct buf){.max = max};
}

void buf_release(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = 0;
}

/* Makes room for `more` bytes and the NUL; doubling keeps the cost of an append constant on average. */
static bool reserve(struct buf *buf, size_t more)
{
    if (buf->failed)
        return false;
    if (more > buf->max - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + more + 1;
    if (need <= buf->cap)
        return true;
    size_t cap = buf->cap ? buf->cap : FIRST_CAP;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (cap > buf->max + 1)
        cap = buf->max + 1;
    char *data = realloc(buf->data, cap);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = 0;
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

void buf_putc(struct buf *buf, char c)
{
    buf_append(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    if (buf->failed)
        return;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = buf->cap - buf->len;
    int len = vsnprintf(room ? buf->data + buf->len : NULL, room, format, args);
    if (len < 0) {
        buf->failed = true;
    } else if ((size_t)len < room && (size_t)len <= buf->max - buf->len) {
        buf->len += (size_t)len;
    } else if (reserve(buf, (size_t)len)) {
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    if (buf->data)
        buf->data[buf->len] = 0;
    va_end(again);
    va_end(args);
}

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

void buf_json_string(struct buf *buf, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t len = strlen(text), plain = 0, at = 0;
    buf_putc(buf, '"');
    while (at < len) {
        unsigned char c = (unsigned char)text[at];
        size_t step = text_utf8_step(text + at, len - at);
        if (step && c >= 0x20 && c != '"' && c != '\\') {
            at += step;
            continue;
        }
        buf_append(buf, text + plain, at - plain);
        if (step == 0)
            buf_puts(buf, replacement);
        else if (c == '"' || c == '\\')
            buf_append(buf, (char[]){'\\', (char)c}, 2);
        else if (c == '\n')
            buf_puts(buf, "\\n");
        else if (c == '\r')
            buf_puts(buf, "\\r");
        else if (c == '\t')
            buf_puts(buf, "\\t");
        else
            buf_append(buf, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        plain = ++at;
    }
    buf_append(buf, text + plain, at - plain);
    buf_putc(buf, '"');
}

/* XML 1.0 allows no control characters but TAB, LF and CR, and neither U+FFFE nor U+FFFF, escaped or not
 * (section 2.2). */
static bool xml_forbids(const char *text, size_t step)
{
    unsigned char c = (unsigned char)text[0];
    if (step == 1)
        return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F;
    return step == 3 && (memcmp(text, "\xEF\xBF\xBE", 3) == 0 || memcmp(text, "\xEF\xBF\xBF", 3) == 0);
}

static const char *xml_escape(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&apos;";
    default: return NULL;
    }
}

void buf_xml_text(struct buf *buf, const char *text)
{
    size_t len = strlen(text), at = 0;
    while (at < len) {
        size_t step = text_utf8_step(text + at, len - at);
        const char *escape = xml_escape(text[at]);
        if (step == 0)
            buf_puts(buf, replacement);
        else if (escape)
            buf_puts(buf, escape);
        else if (!xml_forbids(text + at, step))
            buf_append(buf, text + at, step);
        at += step ? step : 1;
    }
}

const char *buf_text(const struct buf *buf)
{
    return buf->data ? buf->data : "";
}
