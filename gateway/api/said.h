/* What the interface says to people in the other language. English is the key: a text without a line in the
 * table is said as it stands. */
#ifndef HUYANG_API_SAID_H
#define HUYANG_API_SAID_H

#include <stdbool.h>
#include <stddef.h>

struct said_pair {
    const char *en, *zh; /* formats hold the same conversions in the same order */
};
extern const struct said_pair said_pairs[];
extern const size_t said_count;

/* `en`, or its Chinese. */
const char *said(bool zh, const char *en);

#endif
