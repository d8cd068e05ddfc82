#include "service/committer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"

enum {
    RETRY_MS = 100,
    IDLE_MS = 30,
    ENDING_MS = 1000,  /* how long an attempt may still take after the wait for the last batch is over */
    EXIT_RECOVER = 75, /* EX_TEMPFAIL: the supervisor starts us again */
};

struct committer {
    struct committer_config config;
    struct batch batches[2];
    unsigned fill; /* core loop */
    struct loop_wake *wake;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_mutex_t store_lock; /* held around every use of the store */
    pthread_cond_t changed;
    /* Under the lock. */
    struct batch *submitted; /* waiting for or at the store thread */
    bool done;               /* the submitted batch is durable and waits for the core loop */
    bool stop;
    bool ended; /* the thread has left its loop */
    struct committer_stats stats;
    _Atomic int state; /* enum err */
};

static int64_t clock_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

/* `ms` from now on the monotonic clock, which the condition is made for: a step of the wall clock must not
 * make a retry wait for hours. */
static struct timespec in_ms(long ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000L;
    at.tv_sec += at.tv_nsec / 1000000000L;
    at.tv_nsec %= 1000000000L;
    return at;
}

/* Waits for a change until then; false when the time ran out. The lock is held. */
static bool wait_until(struct committer *committer, const struct timespec *until)
{
    return pthread_cond_timedwait(&committer->changed, &committer->lock, until) == 0;
}

static bool wait_some(struct committer *committer, long ms)
{
    const struct timespec until = in_ms(ms);
    return wait_until(committer, &until);
}

/* Commits one batch, however long the disk takes. False: told to stop before it could be written. Lock held
 * on entry and exit. */
static bool commit(struct committer *committer, const struct batch *batch)
{
    for (;;) {
        pthread_mutex_unlock(&committer->lock);
        pthread_mutex_lock(&committer->store_lock);
        const int64_t start = clock_us();
        const enum err err = committer->config.ops->commit(committer->config.store, batch);
        const int64_t took = clock_us() - start;
        const bool released =
            err == ERR_NO_SPACE && committer->config.ops->release_ballast(committer->config.store);
        pthread_mutex_unlock(&committer->store_lock);
        if (err != ERR_OK && err != ERR_NO_SPACE && err != ERR_BUSY && err != ERR_NOMEM) {
            log_write(LOG_ERROR, "store.broken",
                      "the database cannot be trusted any more: leaving, to recover\terror=%s",
                      err_text(err));
            _exit(EXIT_RECOVER);
        }
        const enum err before = (enum err)atomic_exchange(&committer->state, (int)err);
        if (err != ERR_OK && before == ERR_OK)
            log_write(LOG_ERROR, "store.stalled",
                      "commit refused, the batch is kept and tried again\terror=%s", err_text(err));
        if (err == ERR_OK && before != ERR_OK)
            log_write(LOG_INFO, "store.recovered", "commits succeed again");
        if (released)
            log_write(LOG_WARN, "store.ballast", "disk full: the ballast was released");
        pthread_mutex_lock(&committer->lock);
        if (err == ERR_OK) {
            committer->stats.commits++;
            committer->stats.last_commit_us = took;
            return true;
        }
        committer->stats.retries++;
        if (!committer->stop)
            wait_some(committer, RETRY_MS);
        if (committer->stop)
            return false;
    }
}

/* Sleeps until there is a batch to commit; uses the first idle moment after a commit for a checkpoint. False
 * = stop. Lock held. */
static bool next_batch(struct committer *committer, bool *rested)
{
    while (committer->submitted == NULL || committer->done) {
        if (committer->stop)
            return false;
        if (*rested) {
            pthread_cond_wait(&committer->changed, &committer->lock);
        } else if (!wait_some(committer, IDLE_MS)) {
            pthread_mutex_unlock(&committer->lock);
            pthread_mutex_lock(&committer->store_lock);
            committer->config.ops->rest(committer->config.store);
            pthread_mutex_unlock(&committer->store_lock);
            pthread_mutex_lock(&committer->lock);
            *rested = true;
        }
    }
    return true;
}

static void *run(void *self)
{
    struct committer *committer = self;
    bool rested = true;
    pthread_mutex_lock(&committer->lock);
    while (next_batch(committer, &rested) && commit(committer, committer->submitted)) {
        committer->done = true;
        rested = false;
        loop_wake_send(committer->wake);
        pthread_cond_broadcast(&committer->changed);
    }
    committer->ended = true;
    pthread_cond_broadcast(&committer->changed);
    pthread_mutex_unlock(&committer->lock);
    return NULL;
}

/* Core loop: takes the durable batch back, if there is one. */
static void on_wake(void *self, struct now now)
{
    struct committer *committer = self;
    pthread_mutex_lock(&committer->lock);
    struct batch *batch = committer->done ? committer->submitted : NULL;
    pthread_mutex_unlock(&committer->lock);
    if (batch == NULL)
        return;
    committer->config.on_committed(committer->config.self, batch, now);
    batch_reset(batch);
    /* What did not fit (the fold, a snapshot) had raised it. */
    arena_set_limit(&batch->arena, committer->config.batch_bytes);
    pthread_mutex_lock(&committer->lock);
    committer->submitted = NULL;
    committer->done = false;
    pthread_mutex_unlock(&committer->lock);
}

enum err committer_new(const struct committer_config *config, struct committer **ret_committer)
{
    struct committer *committer = calloc(1, sizeof(*committer));
    if (committer == NULL)
        return ERR_NOMEM;
    committer->config = *config;
    for (int i = 0; i < 2; i++)
        batch_init(&committer->batches[i], config->batch_bytes);
    pthread_mutex_init(&committer->lock, NULL);
    pthread_mutex_init(&committer->store_lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&committer->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enum err err = loop_wake_new(config->loop, on_wake, committer, &committer->wake);
    if (err == ERR_OK && pthread_create(&committer->thread, NULL, run, committer) != 0) {
        loop_wake_close(committer->wake);
        err = ERR_NOMEM;
    }
    if (err != ERR_OK) {
        free(committer);
        return err;
    }
    *ret_committer = committer;
    return ERR_OK;
}

bool committer_wait(struct committer *committer, unsigned wait_ms)
{
    const struct timespec until = in_ms(wait_ms);
    pthread_mutex_lock(&committer->lock);
    while (committer->submitted != NULL && !committer->done)
        if (!wait_until(committer, &until))
            break;
    const bool settled = committer->submitted == NULL || committer->done;
    pthread_mutex_unlock(&committer->lock);
    if (settled)
        on_wake(committer, clock_now());
    return settled;
}

void committer_free(struct committer *committer, unsigned wait_ms)
{
    if (committer == NULL)
        return;
    const struct timespec until = in_ms(wait_ms);
    pthread_mutex_lock(&committer->lock);
    while (committer->submitted != NULL && !committer->done)
        if (!wait_until(committer, &until))
            break;
    committer->stop = true;
    pthread_cond_broadcast(&committer->changed);
    /* It ends after the attempt under way; one that hangs in the kernel is not waited for. */
    const struct timespec ending = in_ms(ENDING_MS);
    while (!committer->ended)
        if (!wait_until(committer, &ending))
            break;
    const bool ended = committer->ended;
    pthread_mutex_unlock(&committer->lock);
    if (!ended) {
        log_write(LOG_ERROR, "store.hangs",
                  "the disk does not answer: leaving without the last batch, which nobody was told about");
        _exit(EXIT_RECOVER);
    }
    pthread_join(committer->thread, NULL);
    loop_wake_close(committer->wake);
    for (int i = 0; i < 2; i++)
        batch_release(&committer->batches[i]);
    pthread_mutex_destroy(&committer->lock);
    pthread_mutex_destroy(&committer->store_lock);
    pthread_cond_destroy(&committer->changed);
    free(committer);
}

struct batch *committer_fill(struct committer *committer)
{
    return &committer->batches[committer->fill];
}

const struct batch *committer_under_way(const struct committer *committer)
{
    const struct batch *other = &committer->batches[1 - committer->fill];
    return other->first != NULL ? other : NULL;
}

bool committer_submit(struct committer *committer)
{
    pthread_mutex_lock(&committer->lock);
    const bool free_now = committer->submitted == NULL;
    if (free_now) {
        committer->submitted = &committer->batches[committer->fill];
        committer->fill = 1 - committer->fill;
        pthread_cond_broadcast(&committer->changed);
    }
    pthread_mutex_unlock(&committer->lock);
    return free_now;
}

enum err committer_with_store(struct committer *committer, enum err (*fn)(void *self), void *self)
{
    pthread_mutex_lock(&committer->store_lock);
    const enum err err = fn(self);
    pthread_mutex_unlock(&committer->store_lock);
    return err;
}

enum err committer_state(const struct committer *committer)
{
    return (enum err)atomic_load(&((struct committer *)committer)->state);
}

void committer_stats(const struct committer *committer, struct committer_stats *ret_stats)
{
    struct committer *mutable = (struct committer *)committer;
    pthread_mutex_lock(&mutable->lock);
    *ret_stats = committer->stats;
    pthread_mutex_unlock(&mutable->lock);
}
