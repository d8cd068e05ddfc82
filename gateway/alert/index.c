#include "alert/index.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAP = 64 };

void index_init(struct index *index, size_t max)
{
    *index = (struct index){.max = max};
}

void index_release(struct index *index)
{
    free(index->slots);
    *index = (struct index){.max = index->max};
}

static void put(struct index_slot *slots, size_t cap, struct index_slot slot)
{
    size_t at = slot.hash & (cap - 1);
    while (slots[at].no_plus_1)
        at = (at + 1) & (cap - 1);
    slots[at] = slot;
}

uint32_t index_find(const struct index *index, uint32_t hash,
                    bool (*same)(const void *self, uint32_t no, const void *key), const void *self,
                    const void *key)
{
    if (!index->cap)
        return INDEX_NONE;
    for (size_t at = hash & (index->cap - 1); index->slots[at].no_plus_1; at = (at + 1) & (index->cap - 1)) {
        if (index->slots[at].hash == hash && same(self, index->slots[at].no_plus_1 - 1, key))
            return index->slots[at].no_plus_1 - 1;
    }
    return INDEX_NONE;
}

enum err index_reserve(struct index *index)
{
    if (index->count >= index->max)
        return ERR_FULL;
    if (index->count + 1 <= index->cap / 2)
        return ERR_OK;
    size_t cap = index->cap ? index->cap * 2 : FIRST_CAP;
    struct index_slot *slots = calloc(cap, sizeof *slots);
    if (!slots)
        return ERR_NOMEM;
    for (size_t i = 0; i < index->cap; i++) {
        if (index->slots[i].no_plus_1)
            put(slots, cap, index->slots[i]);
    }
    free(index->slots);
    index->slots = slots;
    index->cap = cap;
    return ERR_OK;
}

void index_add(struct index *index, uint32_t hash, uint32_t no)
{
    assert(index->count + 1 <= index->cap / 2 && no != INDEX_NONE);
    put(index->slots, index->cap, (struct index_slot){.hash = hash, .no_plus_1 = no + 1});
    index->count++;
}

void index_remove(struct index *index, uint32_t hash, uint32_t no)
{
    if (!index->cap)
        return;
    size_t mask = index->cap - 1, hole = hash & mask;
    while (index->slots[hole].no_plus_1 && index->slots[hole].no_plus_1 != no + 1)
        hole = (hole + 1) & mask;
    if (!index->slots[hole].no_plus_1)
        return;
    /* Entries behind the hole whose home lies at or before it move up, so that no probe stops short of them.
     */
    for (size_t at = (hole + 1) & mask; index->slots[at].no_plus_1; at = (at + 1) & mask) {
        size_t home = index->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            index->slots[hole] = index->slots[at];
            hole = at;
        }
    }
    index->slots[hole] = (struct index_slot){0};
    index->count--;
}
