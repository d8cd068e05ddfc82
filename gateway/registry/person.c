#include "registry/person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGED_FIELDS = 32 };

enum err person_find(const struct registry *registry, const char *id, struct person *ret_person)
{
    const uint32_t count = registry_count(registry, REGISTRY_RESIDENT);
    uint32_t no = 0;
    while (no < count && strcmp(registry_row_key(registry, REGISTRY_RESIDENT, no), id) != 0)
        no++;
    if (no == count)
        return ERR_NOT_FOUND;
    const uint32_t household = registry_resident(registry, no)->household;
    struct person person = {.no = no, .household_no = household, .alone = household != REGISTRY_NONE};
    bool fits = text_copy(person.id, sizeof(person.id), id);
    if (household != REGISTRY_NONE)
        fits &= text_copy(person.household, sizeof(person.household),
                          registry_row_key(registry, REGISTRY_HOUSEHOLD, household));
    for (uint32_t other = 0; other < count; other++)
        if (other != no && !registry_resident(registry, other)->removed &&
            registry_resident(registry, other)->household == household)
            person.alone = false;
    *ret_person = person;
    return fits ? ERR_OK : ERR_RANGE;
}

/* "resident:r-1", "coresident:h-1/son": the word before the colon, then the whole id, then nothing or a
 * slash. */
static bool names(const char *text, const char *word, const char *id)
{
    const size_t word_len = strlen(word), id_len = strlen(id);
    if (strncmp(text, word, word_len) != 0 || text[word_len] != ':' ||
        strncmp(text + word_len + 1, id, id_len) != 0)
        return false;
    const char end = text[word_len + 1 + id_len];
    return end == '\0' || end == '/';
}

enum person_part person_part(const struct person *person, enum registry_table table,
                             const char *(*value)(const void *row, const char *column), const void *row)
{
    const char *id = person->id, *home = person->alone ? person->household : NULL;
    const char *text;
    bool yes = false;
    switch (table) {
    case REGISTRY_RESIDENT: yes = strcmp(value(row, "id"), id) == 0; break;
    case REGISTRY_CONTACT: yes = strcmp(value(row, "resident"), id) == 0; break;
    case REGISTRY_HOUSEHOLD: yes = home != NULL && strcmp(value(row, "id"), home) == 0; break;
    case REGISTRY_VISITOR: yes = home != NULL && strcmp(value(row, "household"), home) == 0; break;
    case REGISTRY_ZONE:
        text = value(row, "owner");
        yes = names(text, "resident", id) || (home != NULL && names(text, "household", home));
        break;
    case REGISTRY_CONSENT:
        text = value(row, "person");
        yes = names(text, "resident", id) ||
              (home != NULL && (names(text, "coresident", home) || names(text, "visitor", home)));
        break;
    case REGISTRY_DEVICE:
        yes = strcmp(value(row, "resident"), id) == 0 ||
              (home != NULL && strcmp(value(row, "household"), home) == 0);
        return yes ? PERSON_DEVICE : PERSON_KEEP;
    case REGISTRY_TERRITORY:
    case REGISTRY_CALENDAR:
    case REGISTRY_RESPONDER:
    case REGISTRY_ROSTER:
    case REGISTRY_ANNOUNCEMENT:
    case REGISTRY_TABLES: break;
    }
    return yes ? PERSON_ROW : PERSON_KEEP;
}

static const char *value_of_row(const void *opaque, const char *column)
{
    const struct registry_row *row = opaque;
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->fields[i].column, column) == 0)
            return row->fields[i].value;
    return "";
}

enum person_part person_part_of_row(const struct person *person, const struct registry_row *row)
{
    return person_part(person, row->table, value_of_row, row);
}

/* ---- the tables ---- */

struct forgetting {
    const struct person *person;
    struct registry_row *changes;
    struct registry_field *fields; /* CHANGED_FIELDS for each change */
    size_t count, cap;
};

/* What has to stay so that the row keeps its number and its place. */
static bool is_kept(const struct registry_field *field)
{
    static const char *const kept[] = {"id",    "household",  "resident", "grid", "person", "class",
                                       "given", "visitor_id", "by",       "kind", "owner",  "radius_m"};
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (strcmp(field->column, kept[i]) == 0)
            return true;
    return false;
}

static enum err room(struct forgetting *work)
{
    if (work->count < work->cap)
        return ERR_OK;
    const size_t cap = work->cap != 0 ? 2 * work->cap : 16;
    struct registry_row *changes = realloc(work->changes, cap * sizeof(*changes));
    if (changes != NULL)
        work->changes = changes;
    struct registry_field *fields = realloc(work->fields, cap * CHANGED_FIELDS * sizeof(*fields));
    if (fields != NULL)
        work->fields = fields;
    if (changes == NULL || fields == NULL)
        return ERR_NOMEM;
    work->cap = cap;
    return ERR_OK;
}

static enum err forget_row(void *self, const struct registry_row *row)
{
    struct forgetting *work = self;
    const enum person_part part = person_part_of_row(work->person, row);
    if (part == PERSON_KEEP)
        return ERR_OK;
    enum err err = room(work);
    if (err != ERR_OK)
        return err;
    struct registry_field *fields = work->fields + work->count * CHANGED_FIELDS;
    size_t count = 0;
    for (size_t i = 0; i < row->count && count < CHANGED_FIELDS; i++) {
        const struct registry_field *field = &row->fields[i];
        const bool goes = part == PERSON_DEVICE ? strcmp(field->column, "resident") == 0 ||
                                                      strcmp(field->column, "household") == 0
                                                : !is_kept(field);
        if (goes)
            fields[count++] = (struct registry_field){.column = field->column, .value = ""};
    }
    work->changes[work->count++] = (struct registry_row){.table = row->table,
                                                         .number = row->number,
                                                         .removed = part == PERSON_ROW || row->removed,
                                                         .count = count};
    return ERR_OK;
}

enum err person_forget(const struct registry *registry, const struct tz *tz, const struct person *person,
                       struct buf *errors, struct registry **ret_registry)
{
    struct forgetting work = {.person = person};
    enum err err = registry_rows(registry, forget_row, &work);
    for (size_t i = 0; i < work.count; i++) /* only now: the arrays have moved while they grew */
        work.changes[i].fields = work.fields + i * CHANGED_FIELDS;
    if (err == ERR_OK)
        err = registry_amend(registry, tz, work.changes, work.count, errors, ret_registry);
    free(work.changes);
    free(work.fields);
    return err;
}
