/* Which alerts a changed configuration would make new, gone, higher or lower: the transitions of two replays
 * of one timeline, compared alert by alert. An alert is the same on both sides when its id is, or else when
 * subject and family are and the two were opened within an hour of each other. */
#ifndef HUYANG_TOOLS_REPLAY_DIFF_H
#define HUYANG_TOOLS_REPLAY_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/err.h"

enum diff_side { DIFF_OLD, DIFF_NEW, DIFF_SIDES };
enum { DIFF_PAIRED_WITHIN_MS = 3600 * 1000 };

struct diff_alert;
struct replay_diff {
    struct diff_side_alerts {
        struct diff_alert *alerts; /* in the order of their opening */
        size_t count, room;
        uint32_t *slots; /* hash table of 1 + index, by id; 0 = free */
        size_t slot_count;
    } sides[DIFF_SIDES];
};

/* `diff` starts zeroed. One transition, as the line that replay prints for it. ERR_NOMEM, ERR_INVALID. */
MUST_CHECK enum err replay_diff_take(struct replay_diff *diff, enum diff_side side, int64_t t_ms,
                                     const char *line, size_t len);
/* Writes the alerts that differ, by time, and a summary by detector; as JSON lines or for people. The number
 * of alerts that differ goes to *ret_differ. ERR_NOMEM. */
MUST_CHECK enum err replay_diff_print(struct replay_diff *diff, bool json, FILE *to, size_t *ret_differ);
void replay_diff_release(struct replay_diff *diff);

#endif
