/* One row of a table is set or taken out, as an import of the same folder with that one line changed would
 * do it. */
#include <stdio.h>
#include <string.h>

#include "registry/build.h"
#include "registry/tables.h"

/* The number of a key as a path has it; removed rows included. */
static uint32_t number_of(const struct registry *registry, enum registry_table table, const char *key)
{
    char parts[REGISTRY_KEY_SIZE];
    const struct table_spec *spec = table_spec(table);
    const size_t len = strlen(key);
    unsigned columns = 1;

    if (!text_copy(parts, sizeof(parts), key))
        return REGISTRY_NONE;
    for (size_t i = 0; i < len; i++)
        if (parts[i] == REGISTRY_KEY_JOIN) {
            parts[i] = '\0';
            columns++;
        }
    return columns == spec->key_columns ? table_find(&registry->tables[table], columns, parts, len)
                                        : REGISTRY_NONE;
}

bool registry_is_editable(enum registry_table table)
{
    return (unsigned)table < REGISTRY_TABLES && table_spec(table)->key_columns <= 2;
}

uint32_t registry_row_find(const struct registry *registry, enum registry_table table, const char *key)
{
    const uint32_t number = number_of(registry, table, key);
    return number != REGISTRY_NONE && registry->tables[table].removed[number] ? REGISTRY_NONE : number;
}

size_t registry_row_fields(const struct registry *registry, enum registry_table table, uint32_t no,
                           struct registry_field fields[REGISTRY_FIELDS_MAX])
{
    const struct table_spec *spec = table_spec(table);

    for (unsigned i = 0; i < spec->column_count; i++)
        fields[i] = (struct registry_field){.column = spec->columns[i].name,
                                            .value = table_value(registry->tables[table].rows[no], i),
                                            .personal = spec->columns[i].personal};
    return spec->column_count;
}

void registry_row_tag(const struct registry *registry, enum registry_table table, uint32_t no,
                      char tag[HASH_ID_TEXT])
{
    const char *row = registry->tables[table].rows[no];
    const struct hash_id id = hash_id_of(row, table_key_len(row, table_spec(table)->column_count));
    hash_id_text(&id, tag);
}

/* The key's columns must say what the path says. */
static enum err put_key(const struct registry_edit *edit, char parts[REGISTRY_KEY_SIZE],
                        struct registry_field *fields, struct buf *errors)
{
    const struct table_spec *spec = table_spec(edit->table);
    char *rest = parts;

    if (!text_copy(parts, REGISTRY_KEY_SIZE, edit->key))
        return ERR_INVALID;
    for (unsigned i = 0; i < spec->key_columns; i++) {
        const char *part = strsep(&rest, (const char[]){REGISTRY_KEY_JOIN, '\0'});
        if (part == NULL || (fields[i].value[0] != '\0' && strcmp(fields[i].value, part) != 0)) {
            buf_printf(errors, "%s:%s: %s: must be as in the path\n", spec->name, edit->key,
                       spec->columns[i].name);
            return ERR_INVALID;
        }
        fields[i].value = part;
    }
    return ERR_OK;
}

/* All columns, those that are not named being empty. */
static enum err put_fields(const struct registry_edit *edit, struct registry_field *fields,
                           struct buf *errors)
{
    const struct table_spec *spec = table_spec(edit->table);

    for (unsigned i = 0; i < REGISTRY_FIELDS_MAX; i++)
        fields[i] = (struct registry_field){.column = i < spec->column_count ? spec->columns[i].name : NULL,
                                            .value = ""};
    for (size_t i = 0; i < edit->count; i++) {
        const int at = table_column(spec, edit->fields[i].column);
        if (at < 0) {
            buf_printf(errors, "%s:%s: %s: there is no such column\n", spec->name, edit->key,
                       edit->fields[i].column);
            return ERR_INVALID;
        }
        fields[at].value = edit->fields[i].value;
    }
    return ERR_OK;
}

enum err registry_edit(const struct registry *registry, const struct tz *tz, struct registry_edit *edit,
                       struct buf *errors, struct registry **ret_registry)
{
    const struct table_spec *spec = table_spec(edit->table);
    const uint32_t number = number_of(registry, edit->table, edit->key);
    const bool stands = number != REGISTRY_NONE && !registry->tables[edit->table].removed[number];
    struct registry_field fields[REGISTRY_FIELDS_MAX];
    char parts[REGISTRY_KEY_SIZE], tag[HASH_ID_TEXT] = "";

    if (stands)
        registry_row_tag(registry, edit->table, number, tag);
    if (strcmp(tag, edit->tag) != 0) {
        buf_puts(errors, "somebody changed it meanwhile; read it again");
        return ERR_REFUSED;
    }
    struct registry_row row = {.table = edit->table, .number = number, .removed = edit->remove};
    if (edit->remove && !stands) {
        buf_puts(errors, "there is no such row");
        return ERR_NOT_FOUND;
    }
    if (!edit->remove) {
        enum err err = put_fields(edit, fields, errors);
        if (err == ERR_OK)
            err = put_key(edit, parts, fields, errors);
        if (err != ERR_OK)
            return err;
        row.fields = fields;
        row.count = spec->column_count;
        edit->changed_count = 0;
        for (unsigned i = 0; i < spec->column_count; i++)
            if (strcmp(stands ? table_value(registry->tables[edit->table].rows[number], i) : "",
                       fields[i].value) != 0)
                edit->changed[edit->changed_count++] = spec->columns[i].name;
    }
    return registry_amend(registry, tz, &row, 1, errors, ret_registry);
}
