#include "provision_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "provision.h"
#include "provision_files.h"
#include "registry/csv.h"

enum { SHOWN_SIZE = 81 };

struct reading {
    const char *path;
    const struct index *index;
    int64_t now_s;
    uint32_t column; /* of `id`, from 0 */
    unsigned faults;
};

static void fault(struct reading *reading, uint32_t line, uint32_t column, const char *value, const char *why)
{
    if (++reading->faults > PROVISION_LIST_FAULTS_MAX)
        return;
    fprintf(stderr, "%s:%u: ", reading->path, line);
    if (column > 0)
        fprintf(stderr, "column %u: ", column);
    if (value != NULL) {
        char shown[SHOWN_SIZE]; /* and no control character reaches the terminal */
        text_copy(shown, sizeof(shown), value);
        fputc('\'', stderr);
        columns_print(stderr, shown, 0);
        fputs("' ", stderr);
    }
    fprintf(stderr, "%s\n", why);
}

static const char *why_not(const struct reading *reading, const char *id)
{
    if (!text_is_id(id, strlen(id)))
        return "is no device id: letters, digits, _ and -, at most 64";
    if (strncmp(id, PROVISION_RESERVED, strlen(PROVISION_RESERVED)) == 0)
        return "is the authority's own: no device id begins with " PROVISION_RESERVED;
    const int32_t at = index_of_id(reading->index, id);
    const struct index_entry *entry = at == INDEX_NONE ? NULL : &reading->index->entries[at];
    if (entry != NULL && entry->revoked_s != 0)
        return "was revoked; `rotate` gives it a new certificate";
    if (entry != NULL && !index_is_valid(entry, reading->now_s))
        return "has expired; `rotate` gives it a new certificate";
    return NULL;
}

static enum err add(struct provision_list *list, const char *id, uint32_t line)
{
    if (list->count == list->cap) {
        const uint32_t cap = list->cap == 0 ? 256 : list->cap * 2;
        if (list->count >= PROVISION_LIST_MAX)
            return ERR_FULL;
        struct provision_row *rows = realloc(list->rows, cap * sizeof(*rows));
        if (rows == NULL)
            return ERR_NOMEM;
        list->rows = rows;
        list->cap = cap;
    }
    list->rows[list->count++] = (struct provision_row){id, line};
    return ERR_OK;
}

static bool find_column(struct reading *reading, const struct csv_record *record)
{
    for (uint32_t i = 0; i < record->count; i++)
        if (strcmp(record->values[i], "id") == 0) {
            reading->column = i;
            return true;
        }
    fault(reading, record->line, 0, NULL, "no column is named id");
    return false;
}

static enum err take_rows(struct reading *reading, struct provision_list *list)
{
    struct csv csv;
    struct csv_record record;
    enum csv_result result;
    bool headed = false;
    enum err err = ERR_OK;
    csv_init(&csv, list->text.data, list->text.len - 1);
    while (err == ERR_OK && (result = csv_next(&csv, &record)) != CSV_END) {
        if (result == CSV_BAD) {
            fault(reading, csv.bad_line, csv.bad_column, NULL, csv.reason);
        } else if (!headed) {
            headed = find_column(reading, &record);
            if (!headed)
                return ERR_INVALID;
        } else if (reading->column >= record.count) {
            fault(reading, record.line, reading->column + 1, NULL, "the line ends before its id");
        } else {
            const char *id = record.values[reading->column], *why = why_not(reading, id);
            if (why != NULL)
                fault(reading, record.line, reading->column + 1, id, why);
            else
                err = add(list, id, record.line);
        }
    }
    if (err == ERR_OK && !headed)
        fault(reading, 1, 0, NULL, "the file is empty");
    return err;
}

static int by_id(const void *a, const void *b)
{
    const struct provision_row *x = a, *y = b;
    const int order = strcmp(x->id, y->id);
    return order != 0 ? order : x->line < y->line ? -1 : x->line > y->line;
}

static int by_line(const void *a, const void *b)
{
    const struct provision_row *x = a, *y = b;
    return x->line < y->line ? -1 : x->line > y->line;
}

static void find_twice(struct reading *reading, struct provision_list *list)
{
    char why[64];
    if (list->count < 2)
        return;
    qsort(list->rows, list->count, sizeof(*list->rows), by_id);
    for (uint32_t i = 1; i < list->count; i++)
        if (strcmp(list->rows[i - 1].id, list->rows[i].id) == 0) {
            snprintf(why, sizeof(why), "stands in line %u already", list->rows[i - 1].line);
            fault(reading, list->rows[i].line, reading->column + 1, list->rows[i].id, why);
        }
    qsort(list->rows, list->count, sizeof(*list->rows), by_line);
}

enum err provision_list_read(const char *path, const struct index *index, int64_t now_s,
                             struct provision_list *ret_list)
{
    struct provision_list list = {.rows = NULL};
    struct reading reading = {.path = path, .index = index, .now_s = now_s};
    buf_init(&list.text, FILES_MAX);
    enum err err = files_read_path(path, &list.text);
    if (err == ERR_NOT_FOUND)
        files_fault(path, "there is no such file");
    buf_putc(&list.text, '\0'); /* the reader wants a byte of its own behind the text */
    if (err == ERR_OK && list.text.failed)
        err = ERR_NOMEM;
    if (err == ERR_OK)
        err = take_rows(&reading, &list);
    if (err == ERR_OK)
        find_twice(&reading, &list);
    if (err == ERR_OK && reading.faults > 0)
        err = ERR_INVALID;
    if (reading.faults > PROVISION_LIST_FAULTS_MAX)
        fprintf(stderr, "and %u more\n", reading.faults - PROVISION_LIST_FAULTS_MAX);
    if (reading.faults > 0)
        fputs("Nothing was issued.\n", stderr);
    if (err != ERR_OK)
        provision_list_free(&list);
    else
        *ret_list = list;
    return err;
}

void provision_list_free(struct provision_list *list)
{
    free(list->rows);
    buf_release(&list->text);
}
