/* Inside the registry: from rows of text to a const registry, all or nothing. Not for other stages.
 *
 * A table goes through three steps. Staging copies the row texts (from a file with lines, from the GeoJSON
 * with features, or from the store with numbers). Ending it gives the numbers, parses every cell by the
 * column table and checks what one row can tell. Finishing checks what only the whole can tell and builds the
 * lists. Every step goes on after an error, so that one run lists them all. */
#ifndef HUYANG_REGISTRY_BUILD_H
#define HUYANG_REGISTRY_BUILD_H

#include "registry/tables.h"

enum { BUILD_ERRORS_MAX = 50 };

/* What `line` of a staged row means, and so how a place is written. */
enum build_origin { BUILD_CSV, BUILD_GEOJSON, BUILD_STORE };

struct staged {
    const char *text;
    uint32_t line; /* of the file, number of the feature, or number of the row */
    uint32_t number;
    bool removed;
    bool broken; /* an error is already listed: its cells are not parsed, but its key counts */
};

struct build {
    struct registry *registry;
    const struct registry *previous;
    const struct tz *tz;
    struct buf *errors;
    uint32_t error_count;
    enum err err; /* ERR_OK, or the environment failed: ERR_NOMEM */
    /* The table under way. */
    enum registry_table table;
    enum build_origin origin;
    uint16_t position[TABLE_COLUMNS_MAX]; /* of a column in the file, from 1; 0 = absent */
    struct staged *staged;
    uint32_t staged_count, staged_cap;
    uint32_t guess[REGISTRY_TABLES];  /* the row last referred to: files mostly stand in the same order */
    bool unreadable[REGISTRY_TABLES]; /* no rows could be read: references to it are not judged */
};

/* One value on its way into an item. */
struct column;
struct cell {
    struct build *build;
    const struct column *column;
    const char *value;
    void *item;
    uint32_t line;
    bool removed; /* of a row that is gone: read as well as possible, nothing is an error */
};

enum column_need {
    COLUMN_OPTIONAL, /* the column may be missing */
    COLUMN_REQUIRED, /* it must be there, a value may be empty */
    COLUMN_FILLED    /* and no value may be empty */
};
struct column {
    const char *name;
    enum column_need need;
    bool personal;
    /* Reads the value into the item. False after cell_fail(). Never called for an empty value unless
     * `always`. */
    bool (*parse)(struct cell *cell);
    bool always;
    size_t offset;          /* of the member in the item */
    double low, high;       /* for numbers */
    enum registry_table of; /* for references */
    const char *const
        *names; /* for enums: value i has the name names[i]; NULL ends; names[0] is "" where 0 means none */
};

struct table_spec {
    const char *name;
    bool required; /* the file must exist */
    unsigned key_columns;
    size_t item_size, removed_at; /* of its bool `removed` */
    const struct column *columns;
    unsigned column_count;
    /* What one row can tell, after its cells; may be NULL. `cell` has no column or value. */
    bool (*check)(struct cell *cell, const char *row);
    /* A row that the new version does not have: does it stand all the same? NULL = it is removed. */
    bool (*stands)(const struct registry *registry, const void *item);
    /* What the table as a whole can tell, after its rows; may be NULL. */
    void (*check_all)(struct build *build);
};
const struct table_spec *table_spec(enum registry_table table);
/* The index of a column, or -1. */
int table_column(const struct table_spec *spec, const char *name);

/* `errors` may be NULL. */
void build_init(struct build *build, const struct registry *previous, const struct tz *tz,
                struct buf *errors);
/* Opens a table; its columns are at their natural places until build->position is changed. */
void build_begin(struct build *build, enum registry_table table, enum build_origin origin);
/* Takes one row: a value for each column of the spec, NULL = empty. The texts are copied. False when the rows
 * or the memory are too many. */
bool build_stage(struct build *build, const char *const values[], struct staged place);
/* Gives numbers, parses, checks. */
void build_end(struct build *build);
/* The registry, or the list of errors: ERR_INVALID, or build->err. Takes everything apart in any case. */
MUST_CHECK enum err build_finish(struct build *build, struct registry **ret_registry);

/* Lists one error at a place of the table under way. `line` 0 = the file; column NULL = the line. Always
 * false. */
__attribute__((format(printf, 4, 5))) bool build_fail(struct build *build, uint32_t line, const char *column,
                                                      const char *format, ...);
/* The same for a cell; silent for a removed row. Always false. */
__attribute__((format(printf, 2, 3))) bool cell_fail(struct cell *cell, const char *format, ...);

/* Cell parsers (cells.c); what they write is in brackets. */
bool cell_text(struct cell *cell);      /* nothing: only checked */
bool cell_list(struct cell *cell);      /* nothing: a list of texts */
bool cell_phone(struct cell *cell);     /* nothing */
bool cell_id(struct cell *cell);        /* char[ID_SIZE] */
bool cell_code(struct cell *cell);      /* char[16] */
bool cell_enum(struct cell *cell);      /* uint8_t */
bool cell_reference(struct cell *cell); /* uint32_t; REGISTRY_NONE when empty, so `always` */
bool cell_u16(struct cell *cell);       /* uint16_t */
bool cell_u32(struct cell *cell);       /* uint32_t */
bool cell_real(struct cell *cell);      /* double */
bool cell_from(struct cell *cell);      /* int64_t, ISO 8601 with offset, or a date: from its first moment */
bool cell_until(struct cell *cell);     /* int64_t, the same or a date: to the end of that local day */
bool cell_consent(struct cell *cell);   /* uint8_t */
bool cell_tags(struct cell *cell);      /* uint8_t, added to */
bool cell_ability(struct cell *cell);   /* uint8_t */
bool cell_language(struct cell *cell);  /* char[17]; `always` */
bool cell_view(struct cell *cell);      /* bool indoors */
bool cell_windows(struct cell *cell);   /* struct trusted_visitor */
bool cell_rule(struct cell *cell);      /* struct calendar */
bool cell_owner(struct cell *cell);     /* struct subject */
bool cell_points(struct cell *cell);    /* struct zone: points and count */
bool cell_person(struct cell *cell);    /* struct consent_entry: person and no; `always` */
/* Walks a list separated by `separator`, spaces around an item cut; empty items are left out. False at the
 * end. */
bool cell_item(const char **rest, char separator, const char **ret_item, size_t *ret_len);

#endif
