/* The fence around jansson: strict parsing of small JSON texts (depth and size capped, duplicate keys
 * refused) into a tree that is read through these few calls. Writing JSON is done with core/buf
 * (buf_json_string): our output order is fixed. */
#ifndef HUYANG_CORE_JSON_H
#define HUYANG_CORE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct json; /* opaque; nodes are borrowed from the root */

enum { JSON_DEPTH_MAX = 64, JSON_SIZE_MAX = 16 << 20 };

struct json_error {
    int line, column; /* from 1 */
    char text[160];
};

enum json_type {
    JSON_OBJECT_T,
    JSON_ARRAY_T,
    JSON_STRING_T,
    JSON_INTEGER_T,
    JSON_REAL_T,
    JSON_BOOL_T,
    JSON_NULL_T
};

/* Parses `len` bytes as one JSON value: valid UTF-8, no NUL in strings (not even as \u0000), no duplicate
 * key. *ret_root must be released with json_free; *ret_error (may be NULL) is filled on failure only.
 * ERR_INVALID; ERR_RANGE past a cap; ERR_NOMEM. */
MUST_CHECK enum err json_parse(const char *data, size_t len, struct json **ret_root,
                               struct json_error *ret_error);
void json_free(struct json *root); /* NULL is fine */

enum json_type json_type_of(const struct json *node);
const struct json *json_get(const struct json *object,
                            const char *key); /* NULL when absent or not an object */
size_t json_count(const struct json *node);   /* members of an array or object */
const struct json *json_at(const struct json *array, size_t index);
/* Iterates an object in insertion order; false at the end. Start with *iter = 0. */
bool json_next(const struct json *object, size_t *iter, const char **ret_key, const struct json **ret_value);

/* NULL / false when the node is NULL or of another type. json_number takes integers and reals. Two of them
 * have link names of their own: jansson calls its json_integer() and exports json_string(), and ours would
 * take their place in the program. */
const char *json_string(const struct json *node) __asm__("huyang_json_string");
bool json_number(const struct json *node, double *ret_value);
bool json_integer(const struct json *node, int64_t *ret_value) __asm__("huyang_json_integer");
bool json_bool(const struct json *node, bool *ret_value);

#endif
