/* An open-addressing hash index: hash -> numbers. It stores no keys: the caller compares. Linear probing, at
 * most half full, removal by shifting back (no tombstones), grown by doubling up to a maximum. */
#ifndef HUYANG_ALERT_INDEX_H
#define HUYANG_ALERT_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define INDEX_NONE UINT32_MAX

struct index_slot {
    uint32_t hash, no_plus_1; /* 0 = empty */
};
struct index {
    struct index_slot *slots;
    size_t cap, count, max;
};

void index_init(struct index *index, size_t max);
void index_release(struct index *index);
/* The number for which `same(self, no, key)` holds among those with that hash, or INDEX_NONE. */
uint32_t index_find(const struct index *index, uint32_t hash,
                    bool (*same)(const void *self, uint32_t no, const void *key), const void *self,
                    const void *key);
/* Room for one more: afterwards one index_add cannot fail. ERR_FULL, ERR_NOMEM. */
MUST_CHECK enum err index_reserve(struct index *index);
/* Adds a number that is not there yet; index_reserve came before. */
void index_add(struct index *index, uint32_t hash, uint32_t no);
/* Removes the number; nothing happens when it is not there. */
void index_remove(struct index *index, uint32_t hash, uint32_t no);

#endif
