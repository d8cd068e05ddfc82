/* Inside the registry: the lists between the rows (who lives in a home, whose zones, who answers where),
 * built once all rows are read. */
#ifndef HUYANG_REGISTRY_LINKS_H
#define HUYANG_REGISTRY_LINKS_H

#include "registry/tables.h"

/* Fills the lists and the version. ERR_NOMEM. */
MUST_CHECK enum err links_build(struct registry *registry);
void links_release(struct registry *registry);

#endif
