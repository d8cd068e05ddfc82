#include "core/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* jansson has a type and two functions of the same names as ours; inside this file its own go by another
 * name. */
#define json_type    jansson_type
#define json_string  jansson_string
#define json_integer jansson_integer
#include <jansson.h>
#undef json_type
#undef json_string
#undef json_integer

#include "core/text.h"

static const json_t *foreign(const struct json *node)
{
    return (const json_t *)(const void *)node;
}

static const struct json *own(const json_t *node)
{
    return (const struct json *)(const void *)node;
}

/* jansson allows 2,048 levels, each a stack frame; so the depth is counted first. Brackets inside strings do
 * not count. */
static bool too_deep(const char *data, size_t len)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

static enum err fail(enum err err, int line, int column, const char *text, struct json_error *ret_error)
{
    if (ret_error) {
        ret_error->line = line < 1 ? 1 : line;
        ret_error->column = column < 1 ? 1 : column;
        text_copy(ret_error->text, sizeof ret_error->text, text);
    }
    return err;
}

enum err json_parse(const char *data, size_t len, struct json **ret_root, struct json_error *ret_error)
{
    if (len > JSON_SIZE_MAX)
        return fail(ERR_RANGE, 1, 1, "larger than 16 MiB", ret_error);
    if (too_deep(data, len))
        return fail(ERR_RANGE, 1, 1, "more than 64 levels deep", ret_error);
    json_error_t error;
    json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root) {
        enum err err = json_error_code(&error) == json_error_out_of_memory ? ERR_NOMEM : ERR_INVALID;
        return fail(err, error.line, error.column, error.text, ret_error);
    }
    *ret_root = (struct json *)(void *)root;
    return ERR_OK;
}

void json_free(struct json *root)
{
    json_decref((json_t *)(void *)root);
}

enum json_type json_type_of(const struct json *node)
{
    if (!node)
        return JSON_NULL_T;
    switch (json_typeof(foreign(node))) {
    case JSON_OBJECT: return JSON_OBJECT_T;
    case JSON_ARRAY: return JSON_ARRAY_T;
    case JSON_STRING: return JSON_STRING_T;
    case JSON_INTEGER: return JSON_INTEGER_T;
    case JSON_REAL: return JSON_REAL_T;
    case JSON_TRUE:
    case JSON_FALSE: return JSON_BOOL_T;
    case JSON_NULL: break;
    }
    return JSON_NULL_T;
}

const struct json *json_get(const struct json *object, const char *key)
{
    return own(json_object_get(foreign(object), key)); /* NULL for a NULL or another type */
}

size_t json_count(const struct json *node)
{
    if (json_is_array(foreign(node)))
        return json_array_size(foreign(node));
    return json_object_size(foreign(node)); /* 0 for a NULL or another type */
}

const struct json *json_at(const struct json *array, size_t index)
{
    return own(json_array_get(foreign(array), index));
}

/* *iter holds jansson's iterator of the member returned last; 0 = none yet. */
bool json_next(const struct json *object, size_t *iter, const char **ret_key, const struct json **ret_value)
{
    json_t *node = (json_t *)(void *)(uintptr_t)(const void *)object;
    void *at = *iter ? json_object_iter_next(node, (void *)(uintptr_t)*iter) : json_object_iter(node);
    if (!at)
        return false;
    *iter = (size_t)(uintptr_t)at;
    *ret_key = json_object_iter_key(at);
    *ret_value = own(json_object_iter_value(at));
    return true;
}

const char *json_string(const struct json *node)
{
    return json_string_value(foreign(node));
}

bool json_number(const struct json *node, double *ret_value)
{
    if (!json_is_number(foreign(node)))
        return false;
    *ret_value = json_number_value(foreign(node));
    return true;
}

bool json_integer(const struct json *node, int64_t *ret_value)
{
    if (!json_is_integer(foreign(node)))
        return false;
    *ret_value = json_integer_value(foreign(node));
    return true;
}

bool json_bool(const struct json *node, bool *ret_value)
{
    if (!json_is_boolean(foreign(node)))
        return false;
    *ret_value = json_is_true(foreign(node));
    return true;
}
