/* The commit pipeline: two batches change hands whole between the core loop, which fills one, and the store
 * thread, which commits the other.
 *
 * Core loop: committer_fill() is the batch to write into; committer_submit() hands it over when the other one
 * is back. The store thread commits it, retrying unchanged while the disk is full, the database busy or
 * memory short (contracts.md 3), and wakes the loop when it is durable. An I/O error or a corrupt database
 * ends the process at once: nothing more may be acknowledged; the restart recovers. */
#ifndef HUYANG_SERVICE_COMMITTER_H
#define HUYANG_SERVICE_COMMITTER_H

#include "core/loop.h"
#include "store/store.h"

struct committer;
struct committer_config {
    struct loop *loop;
    const struct store_ops *ops;
    struct store *store; /* used by the store thread only, from committer_new to committer_free */
    size_t batch_bytes;
    /* The batch is on disk. Core loop; the batch is reset when this returns. */
    void (*on_committed)(void *self, const struct batch *batch, struct now now);
    void *self;
};
MUST_CHECK enum err committer_new(const struct committer_config *config, struct committer **ret_committer);
/* Core loop, when it no longer runs: waits for what was submitted, at most `wait_ms`, and says on_committed
 * for it. True when no batch is under way any more. */
bool committer_wait(struct committer *committer, unsigned wait_ms);
/* Waits for what was submitted (at most `wait_ms` while it cannot be written), then ends the thread. What
 * cannot be written by then stays uncommitted, and nobody was told about it. An attempt that does not come
 * back for another second ends the process with status 75. */
void committer_free(struct committer *committer, unsigned wait_ms);

/* The batch being filled. Core loop. */
struct batch *committer_fill(struct committer *committer);
/* The batch under way, NULL when none: read-only, for fail-open. */
const struct batch *committer_under_way(const struct committer *committer);
/* Hands the filled batch over; false when the other one is still under way. */
bool committer_submit(struct committer *committer);
/* What the last attempt said: ERR_OK, or why it is being retried. Any thread. */
enum err committer_state(const struct committer *committer);

/* Runs fn on the calling thread while the store thread keeps off the store. For rare, short writes that are
 * no batch (a registry). */
MUST_CHECK enum err committer_with_store(struct committer *committer, enum err (*fn)(void *self), void *self);

struct committer_stats {
    uint64_t commits, retries;
    int64_t last_commit_us; /* duration of the last commit */
};
void committer_stats(const struct committer *committer, struct committer_stats *ret_stats);

#endif
