/* Where a resident, home, device or zone of the registry in force is, and whether a person may see it: the
 * same question as reader_place answers for an alert, without the database. */
#ifndef HUYANG_API_PLACE_H
#define HUYANG_API_PLACE_H

#include "api/access.h"
#include "core/buf.h"

/* Codes and ids only: what access.c needs. */
void place_find(const struct registry *registry, struct subject subject, struct reader_place *ret_place);
/* May the person see more of it than that there is an alert? */
bool place_is_seen(const struct registry *registry, const struct person *person, struct subject subject);
/* "territories":[{code,name}…] of a territory and those it lies in, the nearest first; as a member. */
void place_put_territories(const struct registry *registry, uint32_t territory, struct buf *out);
/* Does it lie in the territory of that code, or is it that one? */
bool place_is_within(const struct registry *registry, uint32_t territory, const char *code);

#endif
