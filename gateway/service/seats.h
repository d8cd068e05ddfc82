/* One seat per device and lane: what was seen, what is committed, what must be acknowledged. An
 * acknowledgement is a dirty flag of its seat, never a queue (contracts.md 3). Core loop only. */
#ifndef HUYANG_SERVICE_SEATS_H
#define HUYANG_SERVICE_SEATS_H

#include "batch.h"
#include "ingest/sequence.h"

struct seats;
MUST_CHECK enum err seats_new(uint32_t devices, struct seats **ret_seats);
void seats_free(struct seats *seats);
/* More devices came with a new registry version. */
MUST_CHECK enum err seats_grow(struct seats *seats, uint32_t devices);

struct sequence *seats_sequence(struct seats *seats, uint32_t device, enum lane lane);
/* This epoch's marks changed: its watermark goes into the batch that is being filled. */
void seats_changed(struct seats *seats, uint32_t device, enum lane lane, uint32_t epoch);
/* What is committed already shall be acknowledged (again). */
void seats_owe_ack(struct seats *seats, uint32_t device, enum lane lane, uint32_t epoch);

/* Something was marked since the last batch was closed, be it only as refused: it wants a commit, and an ack.
 */
bool seats_have_changed(const struct seats *seats);
/* Before a batch is submitted: one WATERMARK item per changed seat, past the batch's limit if need be. False
 * when memory is short: do not submit it, try again. */
bool seats_close_batch(struct seats *seats, struct batch *batch);
/* A watermark of a committed batch: moves `committed` and owes the ack. */
void seats_committed(struct seats *seats, const struct batch_watermark *watermark);
/* At start: a watermark from the database. */
void seats_restore(struct seats *seats, const struct batch_watermark *watermark);

/* Sends what is owed, urgent first, until `send` says ERR_BUSY; what was not sent stays owed. Returns how
 * many remain. */
size_t seats_send_acks(struct seats *seats,
                       enum err (*send)(void *self, uint32_t device, enum lane lane, uint32_t epoch,
                                        uint64_t seq),
                       void *self);

#endif
