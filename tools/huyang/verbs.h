/* A subcommand that speaks to the gateway's API as a table of verbs: each is one call, with the options that
 * were given as the body of a POST or the query of a GET. What is wrong with them is the gateway's word. */
#ifndef HUYANG_TOOLS_VERBS_H
#define HUYANG_TOOLS_VERBS_H

#include <stdbool.h>

struct verb_column {
    const char *member; /* of a row: text, number, or an object of one member, shown as "kind id" */
    unsigned width;     /* 0 = as long as it is */
};
struct verb {
    const char *name;
    const char *path;     /* with one %s where the id stands */
    bool takes_id, posts; /* posts: else a GET */
    const char *list;     /* the member of the answer to print row by row; "" = the answer itself is
                             one row; NULL = print its "text" */
    const struct verb_column *columns; /* ends with a NULL member */
    const char *history;               /* a list of events below the row, NULL = none */
};
struct verbs {
    const char *command; /* "huyang tasks" */
    const struct verb *verbs;
    unsigned count;
    const char *const *options; /* names, NULL at the end, beside --url, --state-dir, --token-file, --json */
};
/* Exit status: 0 well, 1 failed or refused, 2 wrong usage. */
int verbs_run(const struct verbs *verbs, int argc, char **argv);
#define VERBS_COMMON_HELP                                                                                    \
    "  --url URL          the gateway's API (default http://127.0.0.1:8460)\n"                               \
    "  --state-dir DIR    the gateway's state folder, for its token (default ./state)\n"                     \
    "  --token-file FILE  a file that holds the token instead\n"                                             \
    "  --json             the API's answer as it came\n"

#endif
