/* The JSON lines of contracts.md 6: what replay prints and what the audit trail keeps of each transition.
 * Fixed member order, scores with six decimals: the same values give the same bytes. Pure. Each function
 * appends one line without newline. */
#ifndef HUYANG_OUTPUT_H
#define HUYANG_OUTPUT_H

#include "batch.h"

void output_transition(const struct alert *alert, const struct transition *transition,
                       const struct registry *registry, const struct tz *tz, struct buf *out);
void output_finding(const struct finding *finding, const struct registry *registry, const struct tz *tz,
                    struct buf *out);
/* A job was made: state queued. */
void output_row(const struct outbox_row *row, const struct tz *tz, struct buf *out);
void output_delivery(const struct batch_delivery *delivery, const struct tz *tz, struct buf *out);
void output_suppression(const struct batch_suppression *item, const struct tz *tz, struct buf *out);
void output_handover(const struct batch_handover *item, const struct tz *tz, struct buf *out);
void output_roster(const struct roster_change *change, const struct tz *tz, struct buf *out);
void output_silence(const struct silence *silence, const struct registry *registry, const struct tz *tz,
                    struct buf *out);
/* An announcement was made or cancelled. */
void output_announcement(const struct announcement *announcement, const struct registry *registry,
                         const struct tz *tz, struct buf *out);
/* A campaign changed; and how it stands with one person of its audience. */
void output_campaign(const struct batch_campaign *item, const struct tz *tz, struct buf *out);
void output_reach(const struct batch_reach *reach, const struct registry *registry, const struct tz *tz,
                  struct buf *out);
/* An event of a task, with the task as it then was. */
void output_task(const struct batch_task *item, const struct tz *tz, struct buf *out);
/* The same of an entry of the ledger. */
void output_ledger(const struct batch_ledger *item, const struct tz *tz, struct buf *out);
/* Whatever of the above an item is; false (nothing appended) for the other kinds, and for findings unless
 * asked. */
bool output_item(const struct batch_item *item, bool findings, const struct registry *registry,
                 const struct tz *tz, struct buf *out);

#endif
