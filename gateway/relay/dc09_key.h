/* The key of a DC-09 receiver, from its file. */
#ifndef HUYANG_RELAY_DC09_KEY_H
#define HUYANG_RELAY_DC09_KEY_H

#include "relay/dc09.h"

/* NULL, or a static text that says why there is no key: a file that others may read is refused like one that
 * is not there. The key itself goes nowhere but into *ret_key. */
MUST_CHECK const char *dc09_key_load(const char *path, struct dc09_key *ret_key);

#endif
