/* Whole small files into memory. Internal to config*.c. */
#ifndef HUYANG_CONFIG_FILES_H
#define HUYANG_CONFIG_FILES_H

#include "core/buf.h"

/* ERR_NOT_FOUND, ERR_IO and ERR_RANGE (more than `max` bytes) append a line to `errors`, but for a file that
 * is not there when `errors` is NULL. *ret_text is free()d by the caller. */
MUST_CHECK enum err config_read_file(const char *path, size_t max, char **ret_text, size_t *ret_len,
                                     struct buf *errors);

#endif
