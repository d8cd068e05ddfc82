/* Does a text obey CAP 1.2? A hand check for the desk: well-formed, the schema's elements in the schema's
 * order, required ones present, closed lists of values, times in the schema's pattern, and the rules the
 * standard's text adds (addresses for Private, references for all but Alert). */
#ifndef HUYANG_TOOLS_DESK_CAP_H
#define HUYANG_TOOLS_DESK_CAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

/* What a reader of the desk's records wants to see; "" where the message has none. Of several infos the last
 * (English) one. */
struct desk_cap {
    char identifier[80], sender[80], sent[40], status[16], type[16], references[256], incidents[80];
    char event[80], category[16], urgency[16], severity[16], certainty[16], headline[256], circle[64];
    char avs[8], alert[40], level[16], family[16];
};
/* True when it does; else `why` (cleared before) says what is wrong first. The fields hold what was read
 * until then. */
bool desk_cap_check(const char *text, size_t len, struct desk_cap *ret_cap, struct buf *why);

#endif
