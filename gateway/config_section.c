/* Keys of a section of the root that an item of a list may hold as well (overrides). */
#include <string.h>

#include "config_keys.h"

/* The row of the root as it stands in an item of the list. */
static struct key moved(const struct key_list *list, const struct key *key)
{
    struct key borrowed = *key;
    borrowed.offset = key->offset - list->section_offset + list->values_offset;
    return borrowed;
}

bool key_of_section(const struct key_list *list, const char *path, struct key *ret_key, void *item)
{
    const size_t len = list->section ? strlen(list->section) : 0;
    for (size_t i = 0; len > 0 && i < config_key_count; i++) {
        const struct key *key = &config_keys[i];
        if (strncmp(key->path, list->section, len) != 0 || strcmp(key->path + len, path) != 0)
            continue;
        *ret_key = moved(list, key);
        memset((unsigned char *)item + ret_key->offset - list->values_offset + list->given_offset, 0xFF,
               key->size);
        return true;
    }
    return false;
}

bool key_is_given(const struct key_list *list, size_t i, const void *item, struct key *ret_key)
{
    const struct key *key = &config_keys[i];
    if (!list->section || strncmp(key->path, list->section, strlen(list->section)) != 0)
        return false;
    *ret_key = moved(list, key);
    return ((const unsigned char *)item)[ret_key->offset - list->values_offset + list->given_offset] != 0;
}
