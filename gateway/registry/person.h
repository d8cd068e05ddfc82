/* Which rows of the registry are about one person: what an export shows and an erasure takes out, in the
 * tables and in the files they came from. A home's own rows are the person's when nobody else lives there.
 */
#ifndef HUYANG_REGISTRY_PERSON_H
#define HUYANG_REGISTRY_PERSON_H

#include "registry/registry.h"

struct person {
    uint32_t no, household_no; /* REGISTRY_NONE: no household */
    char id[ID_SIZE], household[ID_SIZE];
    bool alone; /* nobody else who is enrolled lives in the household */
};
/* Also somebody who was removed. ERR_NOT_FOUND. */
MUST_CHECK enum err person_find(const struct registry *registry, const char *id, struct person *ret_person);

/* A device is not about a person, but says whose it is. */
enum person_part { PERSON_KEEP, PERSON_ROW, PERSON_DEVICE };
/* `value` gives a column's text, "" when there is none. */
enum person_part person_part(const struct person *person, enum registry_table table,
                             const char *(*value)(const void *row, const char *column), const void *row);
enum person_part person_part_of_row(const struct person *person, const struct registry_row *row);

/* The registry without the person: rows removed and emptied but for their keys, devices given back. */
MUST_CHECK enum err person_forget(const struct registry *registry, const struct tz *tz,
                                  const struct person *person, struct buf *errors,
                                  struct registry **ret_registry);

#endif
