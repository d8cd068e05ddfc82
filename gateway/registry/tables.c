#include "registry/tables.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"

enum err table_reserve(struct table *table, uint32_t cap)
{
    if (cap > TABLE_NUMBERS_MAX)
        return ERR_FULL;
    uint32_t slots = 16;
    while (slots < cap * 2)
        slots *= 2;
    table->rows = calloc(cap ? cap : 1, sizeof *table->rows);
    table->removed = calloc(cap ? cap : 1, sizeof *table->removed);
    table->slots = calloc(slots, sizeof *table->slots);
    table->slot_mask = slots - 1;
    table->cap = cap;
    return table->rows && table->removed && table->slots ? ERR_OK : ERR_NOMEM;
}

void table_release(struct table *table)
{
    free(table->rows);
    free(table->removed);
    free(table->slots);
    free(table->items);
    *table = (struct table){0};
}

size_t table_key_len(const char *row, unsigned columns)
{
    size_t len = strlen(row);
    for (unsigned i = 1; i < columns; i++)
        len += 1 + strlen(row + len + 1);
    return len;
}

/* The slot that holds the key, or the empty one where it belongs. */
static struct table_slot *find_slot(const struct table *table, unsigned key_columns, const char *key,
                                    size_t len, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & table->slot_mask, tag = (uint32_t)(hash >> 32);
    for (;; at = (at + 1) & table->slot_mask) {
        struct table_slot *slot = &table->slots[at];
        if (slot->number == 0)
            return slot;
        if (slot->tag != tag)
            continue;
        const char *row = table->rows[slot->number - 1];
        if (table_key_len(row, key_columns) == len && memcmp(row, key, len) == 0)
            return slot;
    }
}

uint32_t table_find(const struct table *table, unsigned key_columns, const char *key, size_t len)
{
    if (table->count == 0)
        return REGISTRY_NONE;
    uint32_t number = find_slot(table, key_columns, key, len, hash_table(key, len))->number;
    return number ? number - 1 : REGISTRY_NONE;
}

static bool put_slot(struct table *table, unsigned key_columns, uint32_t number, uint64_t hash)
{
    assert(number < table->cap);
    const char *row = table->rows[number];
    struct table_slot *slot = find_slot(table, key_columns, row, table_key_len(row, key_columns), hash);
    if (slot->number)
        return false;
    *slot = (struct table_slot){.number = number + 1, .tag = (uint32_t)(hash >> 32)};
    return true;
}

bool table_index(struct table *table, unsigned key_columns, uint32_t number)
{
    const char *row = table->rows[number];
    return put_slot(table, key_columns, number, hash_table(row, table_key_len(row, key_columns)));
}

void table_index_from(struct table *table, unsigned key_columns, uint32_t from)
{
    /* Slots lie at random places: ask for a few of them ahead, then fill them. */
    enum { AHEAD = 16 };
    uint64_t hashes[AHEAD];
    while (from < table->count) {
        uint32_t count = table->count - from < AHEAD ? table->count - from : AHEAD;
        for (uint32_t i = 0; i < count; i++) {
            const char *row = table->rows[from + i];
            hashes[i] = hash_table(row, table_key_len(row, key_columns));
            __builtin_prefetch(&table->slots[(uint32_t)hashes[i] & table->slot_mask], 1);
        }
        for (uint32_t i = 0; i < count; i++) {
            bool is_new = put_slot(table, key_columns, from + i, hashes[i]);
            assert(is_new);
        }
        from += count;
    }
}

const char *table_value(const char *row, unsigned column)
{
    while (column--)
        row += strlen(row) + 1;
    return row;
}
