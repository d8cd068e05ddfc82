/* What a fleet saw: counts and latencies, the record for the history checker, lines for people.
 *
 * The record is one JSON object a line, named as in tests/integration/history.py: stored, ack, command,
 * acted, and besides state, fallback and at the end summary; `t` is the fleet's time in seconds since 1970.
 */
#ifndef HUYANG_TOOLS_FLEET_REPORT_H
#define HUYANG_TOOLS_FLEET_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "apps/wristband.h"

struct fleet;
struct fleet_device;

/* ---- latencies: 16 buckets to each doubling, so quantiles are right within 6 % ---- */

enum { FLEET_HISTOGRAM = 16 * 40 };
struct fleet_histogram {
    uint64_t count;
    int64_t max_us;
    uint32_t buckets[FLEET_HISTOGRAM];
};
void fleet_histogram_add(struct fleet_histogram *histogram, int64_t us);
/* 0 when it is empty. */
int64_t fleet_histogram_quantile(const struct fleet_histogram *histogram, double q);

struct fleet_counts {
    uint64_t stored, acked, dropped, lost, sos;
    uint64_t commands, received, playing, played, failed, expired, cancelled;
    uint64_t fallbacks, unroutable, steps;
};

void fleet_report_stored(struct fleet_device *device, enum device_lane lane, uint64_t seq, unsigned kind);
void fleet_report_ack(struct fleet_device *device, enum device_lane lane, uint64_t seq);
void fleet_report_command(struct fleet_device *device, const char *id, const char *kind, const char *prompt);
void fleet_report_state(struct fleet_device *device, const char *id, int state, int reason);
void fleet_report_line(struct fleet_device *device, const char *what);
void fleet_progress(struct fleet *fleet, bool last);
void fleet_summary(struct fleet *fleet);

#endif
