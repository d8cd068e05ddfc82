/* Chunks double up to the limit. A reset that finds more than one chunk frees them all and remembers how much
 * was held, and the next allocation makes one chunk of that size: after a few batches everything fits one
 * chunk, and the steady state allocates nothing. */
#include "core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(data, size)   ASAN_POISON_MEMORY_REGION(data, size)
#define UNPOISON(data, size) ASAN_UNPOISON_MEMORY_REGION(data, size)
#else
#define POISON(data, size)   ((void)(data), (void)(size))
#define UNPOISON(data, size) ((void)(data), (void)(size))
#endif

enum { ALIGN = 16, FIRST_CHUNK = 4096 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;
    alignas(16) unsigned char data[];
};

void arena_init(struct arena *arena, size_t limit)
{
    *arena = (struct arena){.limit = limit};
}

static void free_chunks(struct arena *arena)
{
    struct arena_chunk *chunk = arena->first;
    while (chunk) {
        struct arena_chunk *next = chunk->next;
        UNPOISON(chunk->data, chunk->size);
        free(chunk);
        chunk = next;
    }
    arena->first = arena->current = NULL;
}

void arena_release(struct arena *arena)
{
    free_chunks(arena);
    *arena = (struct arena){0};
}

/* Appends a chunk that holds `size` bytes. */
static struct arena_chunk *add_chunk(struct arena *arena, size_t size)
{
    size_t want = arena->current ? arena->current->size * 2 : FIRST_CHUNK;
    if (want < arena->held)
        want = arena->held;
    if (want > arena->limit)
        want = arena->limit / ALIGN * ALIGN;
    if (want < size)
        want = size;
    struct arena_chunk *chunk = malloc(sizeof *chunk + want);
    if (!chunk)
        return NULL;
    *chunk = (struct arena_chunk){.size = want};
    POISON(chunk->data, want);
    if (arena->current)
        arena->current->next = chunk;
    else
        arena->first = chunk;
    arena->current = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (arena->used > arena->limit || size > arena->limit - arena->used)
        return NULL;
    /* Rounding may not pass the limit either; a size of 0 still gets an address of its own. */
    size_t rounded = size ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    if (rounded < size || rounded > arena->limit - arena->used)
        return NULL;
    struct arena_chunk *chunk = arena->current;
    if (!chunk || rounded > chunk->size - chunk->used) {
        chunk = add_chunk(arena, rounded);
        if (!chunk)
            return NULL;
    }
    void *data = chunk->data + chunk->used;
    chunk->used += rounded;
    arena->used += rounded;
    UNPOISON(data, size);
    return data;
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (copy && size)
        memcpy(copy, data, size);
    return copy;
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *first = arena->first;
    if (first && first->next) {
        size_t held = 0;
        for (struct arena_chunk *chunk = first; chunk; chunk = chunk->next)
            held += chunk->size;
        arena->held = held;
        free_chunks(arena);
    } else if (first) {
        first->used = 0;
        POISON(first->data, first->size);
    }
    arena->used = 0;
}

void arena_set_limit(struct arena *arena, size_t limit)
{
    arena->limit = limit;
}
