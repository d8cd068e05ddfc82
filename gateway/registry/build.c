/* Numbers: a key that the previous version knew keeps its number, also when it had been removed; new keys
 * follow in the order of their ids. The previous rows that the new version does not have stay behind as
 * removed, with their old text. Cost: one sort of the new keys, otherwise linear. */
#include "registry/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry/links.h"

/* More than ten files of their greatest size; a registry of a county with a million residents takes about 0.4
 * GB. */
static const size_t arena_max = (size_t)6 << 30;

void build_init(struct build *build, const struct registry *previous, const struct tz *tz, struct buf *errors)
{
    *build = (struct build){.previous = previous, .tz = tz, .errors = errors};
    build->registry = calloc(1, sizeof *build->registry);
    if (!build->registry) {
        build->err = ERR_NOMEM;
        return;
    }
    arena_init(&build->registry->arena, arena_max);
}

void build_begin(struct build *build, enum registry_table table, enum build_origin origin)
{
    build->table = table;
    build->origin = origin;
    build->staged_count = 0;
    for (unsigned i = 0; i < TABLE_COLUMNS_MAX; i++)
        build->position[i] = (uint16_t)(i + 1);
}

/* The key of a row of the store: people know it by nothing else. "" = it has none, or is not staged yet. */
static void staged_key(const struct build *build, uint32_t line, char key[REGISTRY_KEY_SIZE])
{
    uint32_t i = 0;
    while (i < build->staged_count && build->staged[i].line != line)
        i++;
    key[0] = '\0';
    if (i == build->staged_count)
        return;
    const char *text = build->staged[i].text;
    const size_t len = table_key_len(text, table_spec(build->table)->key_columns);
    for (size_t at = 0; at < len && len < REGISTRY_KEY_SIZE; at++)
        key[at] = text[at] != '\0' ? text[at] : REGISTRY_KEY_JOIN;
    key[len < REGISTRY_KEY_SIZE ? len : 0] = '\0';
}

static void print_row(const struct build *build, uint32_t line)
{
    char key[REGISTRY_KEY_SIZE];
    staged_key(build, line, key);
    if (key[0] != '\0')
        buf_printf(build->errors, "%s", key);
    else
        buf_printf(build->errors, "row %u", line - 1);
}

static void print_place(const struct build *build, uint32_t line, const char *column)
{
    const struct table_spec *spec = table_spec(build->table);
    struct buf *out = build->errors;
    switch (build->origin) {
    case BUILD_CSV:
        buf_printf(out, "%s.csv:", spec->name);
        if (line)
            buf_printf(out, "%u:", line);
        int at = column ? table_column(spec, column) : -1;
        if (line && at >= 0 && build->position[at])
            buf_printf(out, "%u:", build->position[at]);
        break;
    case BUILD_GEOJSON:
        buf_printf(out, "%s.geojson:", spec->name);
        if (line)
            buf_printf(out, "feature %u:", line);
        break;
    case BUILD_STORE:
        buf_printf(out, "%s:", spec->name);
        if (line) {
            print_row(build, line);
            buf_putc(out, ':');
        }
        break;
    }
    if (column)
        buf_printf(out, " %s:", column);
}

static bool fail_at(struct build *build, uint32_t line, const char *column, const char *format, va_list args)
{
    build->error_count++;
    if (!build->errors || build->error_count > BUILD_ERRORS_MAX)
        return false;
    char reason[512];
    vsnprintf(reason, sizeof reason, format, args);
    print_place(build, line, column);
    buf_printf(build->errors, " %s\n", reason);
    return false;
}

bool build_fail(struct build *build, uint32_t line, const char *column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail_at(build, line, column, format, args);
    va_end(args);
    return false;
}

bool cell_fail(struct cell *cell, const char *format, ...)
{
    if (cell->removed)
        return false;
    va_list args;
    va_start(args, format);
    fail_at(cell->build, cell->line, cell->column ? cell->column->name : NULL, format, args);
    va_end(args);
    return false;
}

static bool grow_staged(struct build *build)
{
    if (build->staged_count < build->staged_cap)
        return true;
    uint32_t cap = build->staged_cap ? build->staged_cap * 2 : 256;
    struct staged *staged = realloc(build->staged, cap * sizeof *staged);
    if (!staged) {
        build->err = ERR_NOMEM;
        return false;
    }
    build->staged = staged;
    build->staged_cap = cap;
    return true;
}

bool build_stage(struct build *build, const char *const values[], struct staged place)
{
    if (build->err)
        return false;
    const struct table_spec *spec = table_spec(build->table);
    uint32_t max = build->origin == BUILD_STORE ? TABLE_NUMBERS_MAX : TABLE_ROWS_MAX;
    if (build->staged_count == max)
        return build_fail(build, place.line, NULL, "more than %u rows", max);
    if (!grow_staged(build))
        return false;
    size_t lens[TABLE_COLUMNS_MAX], size = 0;
    for (unsigned i = 0; i < spec->column_count; i++) {
        lens[i] = values[i] ? strlen(values[i]) : 0;
        size += lens[i] + 1;
    }
    char *text = arena_alloc(&build->registry->arena, size);
    if (!text) {
        build->err = ERR_NOMEM;
        return false;
    }
    place.text = text;
    for (unsigned i = 0; i < spec->column_count; i++) {
        if (lens[i])
            memcpy(text, values[i], lens[i]);
        text[lens[i]] = 0;
        text += lens[i] + 1;
    }
    build->staged[build->staged_count++] = place;
    return true;
}

/* A key that the previous version did not know. */
struct fresh {
    const char *key;
    size_t len;
    uint32_t staged;
};

static int compare_fresh(const void *a, const void *b)
{
    const struct fresh *x = a, *y = b;
    int order = memcmp(x->key, y->key, x->len < y->len ? x->len : y->len);
    if (order == 0)
        order = (x->len > y->len) - (x->len < y->len);
    return order ? order : (x->staged > y->staged) - (x->staged < y->staged);
}

static void fail_twin(struct build *build, struct staged *staged, uint32_t other_line)
{
    const struct table_spec *spec = table_spec(build->table);
    const char *place = build->origin == BUILD_CSV       ? "line"
                        : build->origin == BUILD_GEOJSON ? "feature"
                                                         : "row";
    char key[256];
    size_t len = table_key_len(staged->text, spec->key_columns);
    if (len >= sizeof key)
        len = sizeof key - 1;
    memcpy(key, staged->text, len);
    key[len] = 0;
    for (size_t i = 0; i < len; i++)
        key[i] = key[i] ? key[i] : ' ';
    build_fail(build, staged->line, spec->columns[0].name, "\"%s\" is already in %s %u", key, place,
               other_line);
    staged->broken = true;
    staged->number = REGISTRY_NONE;
}

static void place_row(struct table *table, struct staged *staged, uint32_t number)
{
    staged->number = number;
    table->rows[number] = staged->text;
    table->removed[number] = staged->removed;
    if (number >= table->count)
        table->count = number + 1;
}

/* Takes over the numbers of the previous version; every row counts as removed until the new one claims it. */
static enum err inherit(struct build *build, struct table *table)
{
    const struct table_spec *spec = table_spec(build->table);
    const struct table *old = build->previous ? &build->previous->tables[build->table] : NULL;
    uint32_t old_count = old ? old->count : 0;
    enum err err = table_reserve(table, old_count + build->staged_count);
    if (err)
        return err;
    for (uint32_t i = 0; i < old_count; i++) {
        size_t size = table_key_len(old->rows[i], spec->column_count) + 1;
        table->rows[i] = arena_copy(&build->registry->arena, old->rows[i], size);
        if (!table->rows[i])
            return ERR_NOMEM;
        table->removed[i] = true;
    }
    table->count = old_count;
    table_index_from(table, spec->key_columns, 0);
    return ERR_OK;
}

/* A first import whose keys stand in order, as exports mostly do: nothing to sort, and no key can stand
 * twice. */
static bool number_in_order(struct build *build, struct table *table)
{
    const unsigned key_columns = table_spec(build->table)->key_columns;
    struct fresh last = {.key = "", .len = 0};
    if (table->count)
        return false;
    for (uint32_t i = 0; i < build->staged_count; i++) {
        const char *key = build->staged[i].text;
        struct fresh fresh = {.key = key, .len = table_key_len(key, key_columns), .staged = i};
        last.staged = i; /* equal keys are not in order */
        if (*key == 0 || compare_fresh(&last, &fresh) >= 0)
            return false;
        last = fresh;
    }
    for (uint32_t i = 0; i < build->staged_count; i++)
        place_row(table, &build->staged[i], i);
    return true;
}

/* Rows that the previous version knew take their numbers back; the others are collected. */
static uint32_t number_old(struct build *build, struct table *table, uint32_t *claimed, struct fresh *fresh)
{
    const struct table_spec *spec = table_spec(build->table);
    uint32_t fresh_count = 0;
    for (uint32_t i = 0; i < build->staged_count; i++) {
        struct staged *staged = &build->staged[i];
        size_t len = table_key_len(staged->text, spec->key_columns);
        uint32_t number = table_find(table, spec->key_columns, staged->text, len);
        staged->number = REGISTRY_NONE;
        if (staged->text[0] == 0) {
            if (!staged->broken)
                build_fail(build, staged->line, spec->columns[0].name, "must not be empty");
            staged->broken = true;
        } else if (number == REGISTRY_NONE) {
            fresh[fresh_count++] = (struct fresh){.key = staged->text, .len = len, .staged = i};
        } else if (claimed[number]) {
            fail_twin(build, staged, claimed[number]);
        } else {
            claimed[number] = staged->line;
            place_row(table, staged, number);
        }
    }
    return fresh_count;
}

static void number_fresh(struct build *build, struct table *table, struct fresh *fresh, uint32_t count)
{
    qsort(fresh, count, sizeof *fresh, compare_fresh);
    for (uint32_t i = 0; i < count; i++) {
        struct staged *staged = &build->staged[fresh[i].staged];
        const struct fresh *before = i ? &fresh[i - 1] : NULL;
        if (before && before->len == fresh[i].len && memcmp(before->key, fresh[i].key, before->len) == 0)
            fail_twin(build, staged, build->staged[before->staged].line);
        else
            place_row(table, staged, table->count);
    }
}

/* Numbers for the rows of a folder. */
static enum err number_rows(struct build *build, struct table *table)
{
    const uint32_t old_count = table->count;
    if (number_in_order(build, table)) {
        table_index_from(table, table_spec(build->table)->key_columns, 0);
        return ERR_OK;
    }
    struct fresh *fresh = calloc(build->staged_count + 1, sizeof *fresh);
    uint32_t *claimed = calloc(old_count + 1, sizeof *claimed); /* line that took an old number */
    if (fresh && claimed) {
        uint32_t fresh_count = number_old(build, table, claimed, fresh);
        number_fresh(build, table, fresh, fresh_count);
    }
    bool fine = fresh && claimed;
    free(fresh);
    free(claimed);
    if (!fine)
        return ERR_NOMEM;
    table_index_from(table, table_spec(build->table)->key_columns, old_count);
    return ERR_OK;
}

/* Rows of the store bring their numbers. */
static enum err place_numbered(struct build *build, struct table *table)
{
    const struct table_spec *spec = table_spec(build->table);
    for (uint32_t i = 0; i < build->staged_count; i++) {
        struct staged *staged = &build->staged[i];
        if (staged->number >= build->staged_count || table->rows[staged->number]) {
            build_fail(build, staged->line, NULL, "the numbers have a gap or a double");
            table->count = 0;
            return ERR_OK; /* Without its numbers the table means nothing. */
        }
        place_row(table, staged, staged->number);
    }
    for (uint32_t i = 0; i < build->staged_count; i++) {
        struct staged *staged = &build->staged[i];
        if (staged->text[0] == 0 || !table_index(table, spec->key_columns, staged->number)) {
            build_fail(build, staged->line, spec->columns[0].name, "empty or not the only one");
            staged->broken = true;
        }
    }
    return ERR_OK;
}

static void parse_row(struct build *build, const char *row, struct cell cell)
{
    const struct table_spec *spec = table_spec(build->table);
    const char *value = row;
    bool fine = true;
    for (unsigned i = 0; i < spec->column_count; i++, value += strlen(value) + 1) {
        cell.column = &spec->columns[i];
        cell.value = value;
        if (*value == 0 && !cell.column->always) {
            if (cell.column->need == COLUMN_FILLED)
                fine &= cell_fail(&cell, "must not be empty");
            continue;
        }
        fine &= cell.column->parse(&cell);
    }
    cell.column = NULL;
    cell.value = NULL;
    if (fine && spec->check)
        spec->check(&cell, row);
}

void build_end(struct build *build)
{
    if (build->err)
        return;
    const struct table_spec *spec = table_spec(build->table);
    struct table *table = &build->registry->tables[build->table];
    uint32_t errors_before = build->error_count;
    build->err = inherit(build, table);
    if (build->err == ERR_OK)
        build->err = build->origin == BUILD_STORE ? place_numbered(build, table) : number_rows(build, table);
    if (build->err)
        return;
    table->items = calloc(table->count ? table->count : 1, spec->item_size);
    if (!table->items) {
        build->err = ERR_NOMEM;
        return;
    }
    if (build->origin == BUILD_STORE && build->error_count > errors_before)
        return;
    unsigned char *items = table->items;
    for (uint32_t i = 0; i < table->count; i++)
        memcpy(items + i * spec->item_size + spec->removed_at, &table->removed[i], sizeof table->removed[i]);
    uint32_t old_count = build->previous ? build->previous->tables[build->table].count : 0;
    for (uint32_t i = 0; i < old_count; i++)
        if (table->removed[i]) {
            unsigned char *item = items + i * spec->item_size;
            parse_row(build, table->rows[i], (struct cell){.build = build, .item = item, .removed = true});
            if (spec->stands && spec->stands(build->registry, item)) {
                table->removed[i] = false;
                memcpy(item + spec->removed_at, &table->removed[i], sizeof table->removed[i]);
            }
        }
    for (uint32_t i = 0; i < build->staged_count; i++) {
        const struct staged *staged = &build->staged[i];
        if (staged->number == REGISTRY_NONE || staged->broken)
            continue;
        parse_row(build, staged->text,
                  (struct cell){.build = build,
                                .item = items + staged->number * spec->item_size,
                                .line = staged->line,
                                .removed = staged->removed});
    }
    if (spec->check_all)
        spec->check_all(build);
}

enum err build_finish(struct build *build, struct registry **ret_registry)
{
    enum err err = build->err;
    if (!err && build->error_count) {
        if (build->errors && build->error_count > BUILD_ERRORS_MAX)
            buf_printf(build->errors, "and %u more\n", build->error_count - BUILD_ERRORS_MAX);
        err = ERR_INVALID;
    }
    if (!err)
        err = links_build(build->registry);
    free(build->staged);
    build->staged = NULL;
    if (err) {
        registry_free(build->registry);
    } else {
        *ret_registry = build->registry;
    }
    build->registry = NULL;
    return err;
}
