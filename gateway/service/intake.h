/* From the rings into the fold: one message at a time is decoded, judged (known device? new? in order?),
 * admitted and given to gateway_on_input(), report by report. Nothing here waits; what cannot be taken is
 * counted under its reason, and what is not acknowledged comes again. Core loop only. */
#ifndef HUYANG_SERVICE_INTAKE_H
#define HUYANG_SERVICE_INTAKE_H

#include "gateway.h"
#include "ingest/link.h"
#include "service/doorkeeper.h"
#include "service/quarantine.h"
#include "service/seats.h"

struct intake_config {
    struct gateway *gateway; /* borrowed, like the rest */
    struct seats *seats;
    struct quarantine *quarantine;
    struct doorkeeper *doorkeeper;
    const char *county;
    uint32_t gap_wait_ms;
    /* A known device said something (its waiting commands may go out now). */
    void (*on_heard)(void *self, uint32_t device, struct now now);
    /* Its last will came. */
    void (*on_gone)(void *self, uint32_t device, struct now now);
    /* The simulator's clock (contracts.md 6); NULL = the topic is refused. */
    void (*on_clock)(void *self, int64_t time_ms, struct now now);
    void *self;
};
struct intake;
MUST_CHECK enum err intake_new(const struct intake_config *config, struct intake **ret_intake);
void intake_free(struct intake *intake);

/* One record of a ring. `t_ms` is the arrival time for the fold. False: the batch is full; the record was not
 * (wholly) taken and must be offered again. */
bool intake_take(struct intake *intake, const struct link_record *record, size_t len, int64_t t_ms,
                 struct now now);
/* Held batches whose gap has closed or whose waiting time is over. False as above. Returns at once when
 * nothing is held. */
bool intake_release(struct intake *intake, int64_t t_ms, struct now now);
/* Monotonic time of the earliest held batch's end of waiting, INT64_MAX when none. */
int64_t intake_next(const struct intake *intake);

struct intake_stats {
    uint64_t messages, events, gaps, unknown_enums, unknown_fields;
    uint64_t refused[REFUSAL_COUNT];
    size_t held, quarantined;
};
void intake_stats(const struct intake *intake, struct intake_stats *ret_stats);

#endif
