/* Lists by number: a page of a table of the registry, and the reply after a look at the core. The cursor is
 * the number of the next row to be looked at, in the order of numbers, which never changes. */
#ifndef HUYANG_API_PAGES_H
#define HUYANG_API_PAGES_H

#include "api/request.h"

enum { PAGE_DEFAULT = 50, PAGE_MAX = 200 };

/* May this person see this part of the desk, and is there a registry to look into? False: the reply is made.
 */
bool page_begin(const struct view *view, struct request *request, enum desk_part part);
/* Takes `limit` or `cursor`; false: the reply says that it is wrong, or unknown. */
bool page_take(struct request *request, const struct query *query, uint32_t *from, unsigned *limit);
/* An empty look; NULL: the reply is made. */
struct look *page_look(struct request *request);
/* After the look: may the reply be written? */
bool page_looked(const struct view *view, struct request *request, const struct look *look, enum err err,
                 const char *text);
/* Ends the object that was begun, with "next" unless it is REGISTRY_NONE, and makes it the reply. */
void page_end(struct request *request, uint32_t next);

#endif
