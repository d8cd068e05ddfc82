#include <string.h>

#include "registry/csv.h"
#include "registry/load.h"

/* Which column each field of a line is. */
struct header {
    uint32_t count;
    int columns[CSV_FIELDS_MAX];
};

static bool read_header(struct build *build, const struct csv_record *record, struct header *header)
{
    const struct table_spec *spec = table_spec(build->table);
    uint32_t errors = build->error_count;
    memset(build->position, 0, sizeof build->position);
    header->count = record->count;
    for (uint32_t i = 0; i < record->count; i++) {
        int column = table_column(spec, record->values[i]);
        header->columns[i] = column;
        if (column < 0)
            build_fail(build, record->line, NULL, "column %u: unknown column \"%.40s\"", i + 1,
                       record->values[i]);
        else if (build->position[column])
            build_fail(build, record->line, record->values[i], "stands twice in the header");
        else
            build->position[column] = (uint16_t)(i + 1);
    }
    for (unsigned i = 0; i < spec->column_count; i++)
        if (!build->position[i] && spec->columns[i].need != COLUMN_OPTIONAL)
            build_fail(build, record->line, NULL, "the column \"%s\" is missing", spec->columns[i].name);
    return build->error_count == errors;
}

/* An address that was typed on two lines is one address. */
static void join_lines(char *value)
{
    char *to = value;
    for (const char *from = value; *from != 0; from++) {
        if (from[0] == '\r' && from[1] == '\n')
            continue;
        *to++ = *from == '\n' ? ' ' : *from;
    }
    *to = 0;
}

static bool stage_record(struct build *build, const struct header *header, const struct csv_record *record)
{
    struct staged place = {.line = record->line};
    const char *values[TABLE_COLUMNS_MAX] = {NULL};
    for (uint32_t i = 0; i < record->count && i < header->count; i++) {
        join_lines(record->values[i]);
        values[header->columns[i]] = record->values[i];
    }
    if (record->count != header->count) {
        build_fail(build, record->line, NULL, "has %u fields, the header has %u", record->count,
                   header->count);
        place.broken = true;
    }
    return build_stage(build, values, place);
}

static void fail_csv(struct build *build, const struct csv *csv)
{
    /* The reader knows the field's place, the build writes places by column: find the one that stands there.
     */
    const struct table_spec *spec = table_spec(build->table);
    for (unsigned i = 0; i < spec->column_count && csv->bad_column; i++)
        if (build->position[i] == csv->bad_column) {
            build_fail(build, csv->bad_line, spec->columns[i].name, "%s", csv->reason);
            return;
        }
    build_fail(build, csv->bad_line, NULL, "%s", csv->reason);
}

void load_csv(struct build *build, char *data, size_t len)
{
    struct csv csv;
    struct csv_record record;
    struct header header = {0};
    csv_init(&csv, data, len);
    enum csv_result result = csv_next(&csv, &record);
    if (result == CSV_END)
        build_fail(build, 0, NULL, "is empty; the first line names the columns");
    if (result == CSV_BAD)
        fail_csv(build, &csv);
    if (result != CSV_RECORD || !read_header(build, &record, &header)) {
        build->unreadable[build->table] = true;
        return;
    }
    while ((result = csv_next(&csv, &record)) != CSV_END) {
        if (result == CSV_BAD) {
            fail_csv(build, &csv);
            build->unreadable[build->table] = true; /* The lost row may be the one that others speak of. */
        } else if (!stage_record(build, &header, &record)) {
            return;
        }
    }
}
