/* The way back from the store: the same checks as for a folder, with the numbers given. */
#include <stdlib.h>
#include <string.h>

#include "registry/build.h"

struct registry_builder {
    struct build build;
    struct buf errors;
    int open; /* table under way, -1 before the first */
};

enum err registry_builder_new(const struct tz *tz, struct registry_builder **ret_builder)
{
    struct registry_builder *builder = calloc(1, sizeof *builder);
    if (!builder)
        return ERR_NOMEM;
    buf_init(&builder->errors, 65536);
    build_init(&builder->build, NULL, tz, &builder->errors);
    builder->open = -1;
    if (builder->build.err) {
        registry_builder_free(builder);
        return ERR_NOMEM;
    }
    *ret_builder = builder;
    return ERR_OK;
}

/* Ends the tables before `table` and opens it. */
static void advance(struct registry_builder *builder, int table)
{
    while (builder->open < table) {
        if (builder->open >= 0)
            build_end(&builder->build);
        builder->open++;
        if (builder->open < REGISTRY_TABLES)
            build_begin(&builder->build, (enum registry_table)builder->open, BUILD_STORE);
    }
}

enum err registry_builder_add(struct registry_builder *builder, const struct registry_row *row)
{
    if ((int)row->table < builder->open || (unsigned)row->table >= REGISTRY_TABLES)
        return ERR_INVALID;
    if (row->number >= TABLE_NUMBERS_MAX)
        return ERR_RANGE;
    advance(builder, (int)row->table);
    const struct table_spec *spec = table_spec(row->table);
    struct staged place = {.line = row->number + 1, .number = row->number, .removed = row->removed};
    const char *values[TABLE_COLUMNS_MAX] = {NULL};
    for (size_t i = 0; i < row->count; i++) {
        const struct registry_field *field = &row->fields[i];
        int column = table_column(spec, field->column);
        if (column < 0) {
            build_fail(&builder->build, place.line, NULL, "unknown column \"%.40s\"", field->column);
            place.broken = true;
        } else if (field->value && !text_is_utf8(field->value, strlen(field->value), NULL)) {
            build_fail(&builder->build, place.line, spec->columns[column].name, "not UTF-8");
            place.broken = true;
        } else {
            values[column] = field->value;
        }
    }
    build_stage(&builder->build, values, place);
    return builder->build.err;
}

void registry_builder_free(struct registry_builder *builder)
{
    if (!builder)
        return;
    struct registry *registry = NULL;
    /* Finishing takes everything apart; whatever comes out of a half-filled build is thrown away. */
    if (builder->build.registry && build_finish(&builder->build, &registry) == ERR_OK)
        registry_free(registry);
    buf_release(&builder->errors);
    free(builder);
}

enum err registry_builder_finish(struct registry_builder *builder, struct buf *errors,
                                 struct registry **ret_registry)
{
    advance(builder, REGISTRY_TABLES);
    enum err err = build_finish(&builder->build, ret_registry);
    if (err && errors)
        buf_puts(errors, buf_text(&builder->errors));
    registry_builder_free(builder);
    return err;
}
