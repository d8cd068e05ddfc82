/* Replay lines (contracts.md 6) -> inputs. A bad line is told and skipped, never fatal; time that goes back
 * is the previous time. Pure but for malloc. */
#ifndef HUYANG_TIMELINE_H
#define HUYANG_TIMELINE_H

#include "input.h"

enum { TIMELINE_LINE_MAX = 1 << 20 };

enum timeline_what {
    TIMELINE_REPORT,      /* device events: to be admitted, then an input */
    TIMELINE_INPUT,       /* any other input */
    TIMELINE_KIND_RESULT, /* a relay result for every unanswered job of a kind:
                             {"relay_result":{"relay":"prompt","state":"failed"}} */
    TIMELINE_RECORDED, /* {"t":…,"relays":"recorded"}: relay results come as lines, nothing is answered by
                          itself */
    TIMELINE_TICK,     /* {"t":…,"tick":{}}: nothing came in, but time had run to here */
    TIMELINE_BLANK
};

struct timeline_line {
    enum timeline_what what;
    enum job_kind relay_kind; /* of a kind's result; JOB_KIND_COUNT otherwise */
    int64_t t_ms;             /* of the line; the caller's clock if it goes back */
    struct input input;       /* for a report: device, lane, epoch, first_seq, events, count */
    struct event events[EVENT_BATCH_MAX];
};

/* Counts the seq of lines that carry none. */
struct timeline;
MUST_CHECK enum err timeline_new(const struct registry *registry, const struct tz *tz,
                                 struct timeline **ret_timeline);
void timeline_free(struct timeline *timeline);

/* Parses one line (without its newline). ERR_INVALID: `why` tells what is wrong. */
enum { TIMELINE_WHY = 240 };
MUST_CHECK enum err timeline_parse(struct timeline *timeline, const char *line, size_t len,
                                   struct timeline_line *ret_line, char why[TIMELINE_WHY]);

/* For replay's first pass: the job id, or the kind of job (*ret_kind, else JOB_KIND_COUNT), that a
 * relay_result line names; false when the line is none. */
bool timeline_names_relay(const char *line, size_t len, struct hash_id *ret_job, enum job_kind *ret_kind);

#endif
