/* A gateway that only looks: the pipeline over a registry, brought to where a state folder's last commit
 * stands. It takes nothing in and sends nothing. Owned by the caller; one thread. */
#ifndef HUYANG_TOOLS_SHADOW_H
#define HUYANG_TOOLS_SHADOW_H

#include "config_prompts.h"
#include "gateway.h"
#include "store/reader.h"

struct shadow {
    struct config *config;
    struct prompt_book *prompts; /* NULL = the catalogue compiled in */
    struct tz *tz;
    struct registry *registry;
    struct reader *reader; /* NULL without a state folder */
    struct gateway *gateway;
};
/* `config` NULL = the defaults. With `registry` (a folder) the people are its own and nothing has happened
 * yet; else both come from `state` (NULL = the configuration's state_dir). Complaints go to standard error;
 * the return is an exit status: 0, 1 = failed, 2 = a file with faults. Release it in any case. */
int shadow_open(struct shadow *shadow, const char *config, const char *registry, const char *state);
void shadow_release(struct shadow *shadow);

#endif
