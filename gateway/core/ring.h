/* A single-producer, single-consumer ring of variable-length records between paho's thread and the loop.
 * Fixed size from birth; a record that does not fit is refused and counted, never waited for. Lock-free (C11
 * atomics). */
#ifndef HUYANG_CORE_RING_H
#define HUYANG_CORE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct ring;

/* `size` bytes, rounded up to a power of two. */
MUST_CHECK enum err ring_new(size_t size, struct ring **ret_ring);
void ring_free(struct ring *ring);

struct ring_part {
    const void *data;
    size_t len;
};
/* Producer: appends the parts as one record; false when there is no room (counted). A record may take at most
 * half the ring, less 8 bytes. */
bool ring_put(struct ring *ring, const struct ring_part *parts, size_t count);
/* Consumer: the oldest record, contiguous and 8-byte aligned, or NULL when empty. Stays valid until
 * ring_drop. */
const void *ring_peek(struct ring *ring, size_t *ret_len);
/* Consumer: releases the record last peeked. */
void ring_drop(struct ring *ring);
/* Any thread: bytes waiting, and how many records were refused since birth. */
size_t ring_used(const struct ring *ring);
uint64_t ring_refused(const struct ring *ring);
size_t ring_size(const struct ring *ring);

#endif
