/* The inside of the timeline reader, shared by the files timeline*.c and nobody else. */
#ifndef HUYANG_TIMELINE_INNER_H
#define HUYANG_TIMELINE_INNER_H

#include "core/json.h"
#include "timeline.h"

struct timeline {
    const struct registry *registry;
    const struct tz *tz;
    uint64_t *next_seq; /* [device * LANE_COUNT + lane] */
    uint32_t devices;
};

/* One parse: the tree, where the complaint goes, what is built. */
struct parse {
    struct timeline *timeline;
    const struct json *root;
    struct timeline_line *line;
    char *why;
};

/* Writes the complaint; ERR_INVALID. */
__attribute__((format(printf, 2, 3))) enum err timeline_bad(struct parse *parse, const char *format, ...);
MUST_CHECK enum err timeline_time(struct parse *parse, const struct json *node, const char *what,
                                  int64_t *ret_ms);
/* True when the object has a member that is none of `known` (ends with NULL); the complaint is written. */
bool timeline_unknown(struct parse *parse, const struct json *object, const char *where,
                      const char *const *known);
/* timeline_action.c: the line's action. */
MUST_CHECK enum err timeline_action(struct parse *parse, const struct json *node);

#endif
