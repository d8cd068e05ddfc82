/* Watches when what the broker connection rests on ends: the authority's certificate, the gateway's own, the
 * broker's revocation list; and the API's certificate. Each is read at the start and once an hour, since all
 * of them are replaced while the gateway runs. One that ends within the configured days is logged
 * (link.expiring), one that has ended is too (link.expired), both when it becomes so and once a day after;
 * huyang_expiry_seconds tells what is left, and the part "expiry" of the gateway is in trouble meanwhile.
 *
 * It changes nothing: TLS itself refuses what has ended. Core loop; a read costs well under a millisecond for
 * certificates and some milliseconds for a list of ten thousand. */
#ifndef HUYANG_SERVICE_EXPIRY_H
#define HUYANG_SERVICE_EXPIRY_H

#include "config.h"
#include "core/clock.h"

enum expiry_state { EXPIRY_FINE, EXPIRY_SOON, EXPIRY_ENDED };
enum { EXPIRY_FILES = 4 };

struct expiry_file {
    const char *key;  /* of the configuration */
    const char *path; /* borrowed; "" = there is none */
    bool known;       /* `until_s` was read */
    int64_t until_s;
    enum expiry_state told; /* what the log has last said, and when */
    int64_t told_wall_ms;
};

struct expiry {
    struct expiry_file files[EXPIRY_FILES];
    uint32_t warn_days;
    int64_t due_mono_ms; /* of the next look */
};

/* The configuration is borrowed. Reads nothing yet. */
void expiry_init(struct expiry *expiry, const struct config *config);
/* Looks when it is time, and logs. */
void expiry_tick(struct expiry *expiry, struct now now);
/* Days until the first of them ends, begun ones counted, 1 when it has ended; 0 = none ends within the
 * configured days. For the alert about the gateway itself. */
uint32_t expiry_days(const struct expiry *expiry, int64_t wall_ms);
/* Appends the metric's samples. */
void expiry_put(const struct expiry *expiry, struct now now, struct buf *out);

/* Ended from its very second on; soon from `warn_days` before. */
enum expiry_state expiry_judge(int64_t until_s, int64_t wall_ms, uint32_t warn_days);
/* Must this state be told now? Notes that it was. */
bool expiry_is_news(struct expiry_file *file, enum expiry_state state, int64_t wall_ms);

#endif
