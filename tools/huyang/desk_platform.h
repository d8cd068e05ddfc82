/* What the desk's look-alike of a county's platform takes: pages of the feed, POST /platform, as strictly as
 * a platform that keeps them would. Pure but for the clock that a signature's age is judged by. */
#ifndef HUYANG_TOOLS_DESK_PLATFORM_H
#define HUYANG_TOOLS_DESK_PLATFORM_H

#include "desk_check.h"

bool desk_platform_is(const char *path);
/* Fills valid, id (the place behind the page), why and fields: the items' ids in order, and how many of each
 * kind. The signature is the caller's to judge. */
void desk_platform_check(const struct desk_message *message, struct desk_checked *checked);

#endif
