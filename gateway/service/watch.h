/* Which parts of the gateway are in trouble, told once and calmly: trouble must last before it is told, being
 * well again must last longer, and longer each time when a part comes and goes. What is told becomes an input
 * of the fold (struct part_trouble), which opens and clears the alert.
 *
 * Pure: what is seen and the monotonic clock are arguments. One owner, the core loop. */
#ifndef HUYANG_SERVICE_WATCH_H
#define HUYANG_SERVICE_WATCH_H

#include "alert/alert.h"
#include "registry/parts.h"

enum { WATCH_RELAPSE_MS = 3600000, WATCH_RELAPSES_MAX = 5 };

struct watch_part {
    bool told;         /* the fold knows of the trouble */
    int64_t since_ms;  /* since when what is seen differs from what is told; WATCH_SAME = it does not */
    int64_t over_ms;   /* when the last trouble was told as over */
    unsigned relapses; /* how often it came back within an hour of that, up to WATCH_RELAPSES_MAX */
};
struct watch {
    struct watch_part parts[PART_OF_COUNT];
};
enum { WATCH_SAME = -1 };

void watch_init(struct watch *watch);
/* The fold still has this trouble from before the start. */
void watch_resume(struct watch *watch, enum part part);
/* What is seen of a part now. True: it is time to tell that it is in trouble (`bad`) or well again; asked
 * again until watch_told. after_ms: how long trouble must have lasted; calm_ms: how long it must be over,
 * doubled for each relapse. */
bool watch_see(struct watch *watch, enum part part, bool bad, int64_t after_ms, int64_t calm_ms,
               int64_t mono_ms);
/* The fold has taken it. */
void watch_told(struct watch *watch, enum part part, bool bad, int64_t mono_ms);

#endif
