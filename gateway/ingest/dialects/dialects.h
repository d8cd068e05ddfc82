/* The dialects there are, and which one a topic belongs to. */
#ifndef HUYANG_INGEST_DIALECTS_DIALECTS_H
#define HUYANG_INGEST_DIALECTS_DIALECTS_H

#include "ingest/dialects/dialect.h"

extern const struct dialect dialect_owntracks, dialect_frigate, dialect_double_take, dialect_g616;

size_t dialect_count(void);
/* By number; NULL past the last. */
const struct dialect *dialect_at(unsigned number);

/* The entry whose prefix the topic lies below, or NULL; *ret_rest = where the part below begins. */
const struct dialect_settings *dialect_of_topic(const struct dialect_settings *entries, unsigned count,
                                                const char *topic, size_t len, size_t *ret_rest);
/* Is it the prefix of a topic tree that a dialect may have: levels without wildcards, not ours, not the
 * broker's. */
bool dialect_prefix_ok(const char *prefix);

#endif
