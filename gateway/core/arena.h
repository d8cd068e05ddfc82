/* Bump allocation for things that live exactly as long as one batch or one message. Memory comes in chunks up
 * to a cap and is kept over a reset, so that after boot the steady state allocates nothing. Not thread-safe;
 * an arena that is handed to another thread is handed over whole. */
#ifndef HUYANG_CORE_ARENA_H
#define HUYANG_CORE_ARENA_H

#include <stddef.h>

#include "core/err.h"

struct arena_chunk;
struct arena {
    struct arena_chunk *first, *current;
    size_t used;  /* bytes given out since the last reset */
    size_t limit; /* most bytes given out between two resets */
    size_t held;  /* size of the next first chunk, learned from the batch before */
};

void arena_init(struct arena *arena, size_t limit);
void arena_release(struct arena *arena);
/* 16-byte aligned, not zeroed; NULL past the limit or when memory is short. Counts in steps of 16 bytes. */
void *arena_alloc(struct arena *arena, size_t size);
/* A copy of `data`, NULL as above. */
void *arena_copy(struct arena *arena, const void *data, size_t size);
/* Everything given out becomes invalid; memory is kept (several chunks are merged into one by the next
 * allocation). */
void arena_reset(struct arena *arena);
/* Changes the limit, from now on; meant for right after a reset. What was given out stays valid. */
void arena_set_limit(struct arena *arena, size_t limit);

#endif
