/* Checks and bounded copies for text that comes from outside. */
#ifndef HUYANG_CORE_TEXT_H
#define HUYANG_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_MAX = 64, ID_SIZE = ID_MAX + 1 };

/* Length (1..4) of the well-formed UTF-8 character at the start of `data`, 0 when there is none. NUL counts
 * as one. */
size_t text_utf8_step(const char *data, size_t len);
/* True when every byte sequence is well-formed UTF-8 (RFC 3629) and none is NUL. On false, *ret_at (may be
 * NULL) is the offset of the first bad byte. */
bool text_is_utf8(const char *data, size_t len, size_t *ret_at);
/* [A-Za-z0-9_-]{1,64} */
bool text_is_id(const char *data, size_t len);
/* Six digits. */
bool text_is_county(const char *data, size_t len);
/* Copies as much as fits, whole UTF-8 characters only, always terminates; false when it was cut. */
bool text_copy(char *to, size_t size, const char *from);
/* Base64 (RFC 4648), `text` holds 4 * ((len + 2) / 3) + 1. url: the alphabet for URLs, without padding. */
void text_base64(const void *data, size_t len, bool url, char *text);
/* Strict decimal, the whole text: no spaces, no plus sign, a minus sign only where `low` is negative, no
 * hexadecimal, no infinity. False otherwise or outside [low, high]; *ret_value is then untouched. */
bool text_to_int(const char *text, int64_t low, int64_t high, int64_t *ret_value);
bool text_to_double(const char *text, double low, double high, double *ret_value);

#endif
