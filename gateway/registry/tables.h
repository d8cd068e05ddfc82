/* Inside the registry: how the rows of one table are held. Not for other stages (they see registry.h).
 *
 * A table keeps two things for each number: the row as it was read (the values of all columns of its spec,
 * one after the other, each ended by NUL, in the registry's arena), and the item built from it (struct
 * resident, …). A hash index leads from the key, the first values of the row, to the number. No row has
 * memory of its own. */
#ifndef HUYANG_REGISTRY_TABLES_H
#define HUYANG_REGISTRY_TABLES_H

#include "core/arena.h"
#include "registry/registry.h"

enum {
    TABLE_ROWS_MAX = 2000000,    /* rows of one file */
    TABLE_NUMBERS_MAX = 4000000, /* rows of one table, removed ones included */
    TABLE_FILE_MAX = 512 << 20,  /* bytes of one file */
    TABLE_COLUMNS_MAX = 20
};

/* A slot of the index. The tag, more bits of the key's hash, spares a look at the row of nearly every other
 * key. */
struct table_slot {
    uint32_t number; /* + 1; 0 = empty */
    uint32_t tag;
};

struct table {
    const char **rows;
    bool *removed;
    void *items;
    uint32_t count, cap;
    struct table_slot *slots; /* open addressing, at most half full */
    uint32_t slot_mask;
};

/* Who is on duty, one line of rosters.csv. */
struct roster {
    uint32_t territory, responder;
    int64_t from_ms, to_ms;
    uint8_t role;
    bool removed;
};

/* Lists by owner: heads[owner] and next[member], REGISTRY_NONE at the end, in order of number. */
struct chain {
    uint32_t *heads, *next;
};

struct registry {
    struct table tables[REGISTRY_TABLES];
    struct arena arena; /* row texts, polygon points, calendar days */
    struct chain zones_of_resident, zones_of_household, zones_of_territory; /* share one `next` */
    struct chain responders_of_territory, rosters_of_territory, contacts_of_resident;
    struct chain visitors_of_household;
    char version[65];
};

/* Makes room for `cap` numbers. ERR_FULL past TABLE_NUMBERS_MAX. */
MUST_CHECK enum err table_reserve(struct table *table, uint32_t cap);
void table_release(struct table *table);
/* Length of the key at the start of a row: `columns` values with the NULs between them. */
size_t table_key_len(const char *row, unsigned columns);
/* The number of a key, removed rows included; REGISTRY_NONE when there is none. */
uint32_t table_find(const struct table *table, unsigned key_columns, const char *key, size_t len);
/* Puts rows[number] into the index; false when the key is there already. */
bool table_index(struct table *table, unsigned key_columns, uint32_t number);
/* The same for all rows from `from` on, whose keys must be new. */
void table_index_from(struct table *table, unsigned key_columns, uint32_t from);
/* The value of a column in a row. */
const char *table_value(const char *row, unsigned column);

#endif
