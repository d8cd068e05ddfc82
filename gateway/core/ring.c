/* Records lie in one block of memory: an 8-byte header (the length), then the bytes, rounded up to 8.
 * Positions count up for ever; their low bits are the place in the block. A record that would cross the end
 * is put at the start instead, and a header marked SKIP tells the consumer so. Each side owns one position
 * and reads the other's with acquire: no locks, and two atomic operations for each record. */
#include "core/ring.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 8, CACHE_LINE = 64, SMALLEST = 64 };
#define SKIP UINT64_MAX

struct ring {
    unsigned char *data;
    size_t size; /* a power of two */
    size_t mask;
    alignas(CACHE_LINE) _Atomic uint64_t head; /* written by the producer */
    _Atomic uint64_t refused;
    uint64_t seen_tail; /* the producer's last look at tail; spares it a cache miss for each record */
    alignas(CACHE_LINE) _Atomic uint64_t tail; /* written by the consumer */
    size_t peeked; /* bytes the consumer releases with ring_drop, 0 when nothing was peeked */
};

enum err ring_new(size_t size, struct ring **ret_ring)
{
    size_t rounded = SMALLEST;
    while (rounded < size) {
        if (rounded > SIZE_MAX / 4)
            return ERR_RANGE;
        rounded *= 2;
    }
    struct ring *ring = aligned_alloc(CACHE_LINE, sizeof *ring);
    if (!ring)
        return ERR_NOMEM;
    memset(ring, 0, sizeof *ring);
    ring->data = aligned_alloc(CACHE_LINE, rounded);
    if (!ring->data) {
        free(ring);
        return ERR_NOMEM;
    }
    /* Touch every page now: a page fault in the producer's callback would be paid by the broker link. */
    memset(ring->data, 0, rounded);
    ring->size = rounded;
    ring->mask = rounded - 1;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    atomic_init(&ring->refused, 0);
    *ret_ring = ring;
    return ERR_OK;
}

void ring_free(struct ring *ring)
{
    if (!ring)
        return;
    free(ring->data);
    free(ring);
}

static bool refuse(struct ring *ring)
{
    atomic_fetch_add_explicit(&ring->refused, 1, memory_order_relaxed);
    return false;
}

static void put_header(struct ring *ring, uint64_t position, uint64_t value)
{
    memcpy(ring->data + (position & ring->mask), &value, sizeof value);
}

static bool has_room(struct ring *ring, uint64_t head, size_t need)
{
    if (ring->size - (size_t)(head - ring->seen_tail) >= need)
        return true;
    ring->seen_tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return ring->size - (size_t)(head - ring->seen_tail) >= need;
}

bool ring_put(struct ring *ring, const struct ring_part *parts, size_t count)
{
    /* Half the ring is the largest record: it fits an empty ring wherever the positions stand. */
    size_t largest = ring->size / 2 - HEADER, len = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > largest - len)
            return refuse(ring);
        len += parts[i].len;
    }
    size_t record = HEADER + (len + 7) / 8 * 8;
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    size_t to_end = ring->size - (size_t)(head & ring->mask);
    size_t skip = record > to_end ? to_end : 0;
    if (!has_room(ring, head, skip + record))
        return refuse(ring);
    if (skip) {
        put_header(ring, head, SKIP);
        head += skip;
    }
    put_header(ring, head, len);
    unsigned char *at = ring->data + (head & ring->mask) + HEADER;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len)
            memcpy(at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    atomic_store_explicit(&ring->head, head + record, memory_order_release);
    return true;
}

const void *ring_peek(struct ring *ring, size_t *ret_len)
{
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    if (tail == head)
        return NULL;
    uint64_t len;
    size_t skip = 0;
    memcpy(&len, ring->data + (tail & ring->mask), sizeof len);
    if (len == SKIP) {
        skip = ring->size - (size_t)(tail & ring->mask);
        memcpy(&len, ring->data, sizeof len);
    }
    ring->peeked = skip + HEADER + ((size_t)len + 7) / 8 * 8;
    *ret_len = (size_t)len;
    return ring->data + ((tail + skip) & ring->mask) + HEADER;
}

void ring_drop(struct ring *ring)
{
    assert(ring->peeked);
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    atomic_store_explicit(&ring->tail, tail + ring->peeked, memory_order_release);
    ring->peeked = 0;
}

size_t ring_used(const struct ring *ring)
{
    /* Tail first: read the other way round, a busy pair could make the difference negative. */
    uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    uint64_t used = head - tail;
    return used > ring->size ? ring->size : (size_t)used;
}

uint64_t ring_refused(const struct ring *ring)
{
    return atomic_load_explicit(&ring->refused, memory_order_relaxed);
}

size_t ring_size(const struct ring *ring)
{
    return ring->size;
}
