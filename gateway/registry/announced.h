/* Announced visits and events: what is on in a territory at a moment, from the registry's announcements.csv
 * and from what people announced (live.h). Pure; core loop only, but for announced_fault. */
#ifndef HUYANG_REGISTRY_ANNOUNCED_H
#define HUYANG_REGISTRY_ANNOUNCED_H

#include "registry/live.h"

enum { ANNOUNCED_LONGEST_MS = 15 * 86400000 };

/* Why an announcement of these hours cannot be, or NULL: hours are what makes it answerable, and all of a
 * county at once is nothing to be announced. */
const char *announced_fault(const struct registry *registry, uint32_t territory, int64_t from_ms,
                            int64_t to_ms);
/* What is announced there for that moment, ANNOUNCED_NONE = nothing. Cost: the announcements there are. */
enum announced announced_at(const struct registry *registry, const struct live *live, uint32_t territory,
                            int64_t t_ms);

#endif
