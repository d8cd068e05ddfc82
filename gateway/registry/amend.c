/* A changed copy by the way back from the store: every row goes through the builder again, some of them
 * changed. Cost: as building the registry from the store. */
#include <string.h>

#include "registry/build.h"

struct amend {
    struct registry_builder *builder;
    const struct registry *from;
    const struct registry_row *changes;
    size_t count;
    int table; /* whose new rows come next */
};

static enum err add_new(struct amend *amend, int table)
{
    uint32_t number = amend->from->tables[table].count;
    enum err err = ERR_OK;
    for (size_t i = 0; i < amend->count && err == ERR_OK; i++) {
        struct registry_row row = amend->changes[i];
        if ((int)row.table != table || row.number != REGISTRY_NONE)
            continue;
        row.number = number++;
        err = registry_builder_add(amend->builder, &row);
    }
    return err;
}

/* The new rows of the tables before this one follow their last old row. */
static enum err advance(struct amend *amend, int table)
{
    enum err err = ERR_OK;
    while (amend->table < table && err == ERR_OK)
        err = add_new(amend, amend->table++);
    return err;
}

static enum err add_row(void *self, const struct registry_row *old)
{
    struct amend *amend = self;
    struct registry_field fields[TABLE_COLUMNS_MAX];
    struct registry_row row = *old;
    enum err err = advance(amend, (int)old->table);
    memcpy(fields, old->fields, old->count * sizeof fields[0]);
    row.fields = fields;
    for (size_t i = 0; i < amend->count && err == ERR_OK; i++) {
        const struct registry_row *change = &amend->changes[i];
        if (change->table != row.table || change->number != row.number)
            continue;
        row.removed = change->removed;
        for (size_t j = 0; j < change->count; j++) {
            int column = table_column(table_spec(row.table), change->fields[j].column);
            if (column < 0)
                return ERR_INVALID;
            fields[column].value = change->fields[j].value;
        }
    }
    return err ? err : registry_builder_add(amend->builder, &row);
}

enum err registry_amend(const struct registry *registry, const struct tz *tz,
                        const struct registry_row *changes, size_t count, struct buf *errors,
                        struct registry **ret_registry)
{
    struct amend amend = {.from = registry, .changes = changes, .count = count};
    enum err err = registry_builder_new(tz, &amend.builder);
    if (err != ERR_OK)
        return err;
    err = registry_rows(registry, add_row, &amend);
    if (err == ERR_OK)
        err = advance(&amend, REGISTRY_TABLES);
    if (err == ERR_OK)
        return registry_builder_finish(amend.builder, errors, ret_registry);
    registry_builder_free(amend.builder);
    return err;
}
