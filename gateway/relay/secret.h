/* Secrets from files: keys, tokens, passwords. One place for the rules. */
#ifndef HUYANG_RELAY_SECRET_H
#define HUYANG_RELAY_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/* The file's bytes without the line end an editor leaves behind, at most `size` of them. NULL, or a static
 * text that says why there is no secret: a file that group or others may read is refused like one that is not
 * there. *ret_len is 0 then. The secret itself stands nowhere but in `bytes`: the caller wipes it. */
MUST_CHECK const char *secret_load(const char *path, uint8_t *bytes, size_t size, size_t *ret_len);

#endif
