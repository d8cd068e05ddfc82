/* A growing byte buffer with a cap from birth. Appending never aborts: past the cap, or when memory is short,
 * the buffer is marked failed, keeps what it had, and ignores further appends; check once at the end. */
#ifndef HUYANG_CORE_BUF_H
#define HUYANG_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct buf {
    char *data; /* always NUL-terminated once anything was appended; NULL before */
    size_t len;
    size_t cap;
    size_t max; /* largest len */
    bool failed;
};

void buf_init(struct buf *buf, size_t max);
void buf_release(struct buf *buf); /* frees; the object may be initialised again */
void buf_clear(struct buf *buf);   /* len 0, failed false, memory kept */
void buf_append(struct buf *buf, const void *data, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_putc(struct buf *buf, char c);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *buf, const char *format, ...);
/* Appends `text` as a JSON string with quotes; invalid UTF-8 becomes U+FFFD. */
void buf_json_string(struct buf *buf, const char *text);
/* Appends `text` with the five XML characters escaped and control characters dropped. */
void buf_xml_text(struct buf *buf, const char *text);
/* The text so far; "" when empty. Borrowed until the next append. */
const char *buf_text(const struct buf *buf);

#endif
