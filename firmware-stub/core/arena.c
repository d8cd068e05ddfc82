#include "arena.h"

static void *arena_take(void *context, size_t size)
{
    struct device_arena *arena = context;
    size_t aligned = (size + 15) & ~(size_t)15;
    void *taken = arena->bytes + arena->used;

    if (aligned < size || aligned > arena->capacity - arena->used)
        return NULL;
    arena->used += aligned;
    return taken;
}

/* Everything is freed at once, when the next message begins. */
static void arena_ignore(void *context, void *pointer)
{
    (void)context;
    (void)pointer;
}

ProtobufCAllocator device_arena_allocator(struct device_arena *arena)
{
    ProtobufCAllocator allocator = {.alloc = arena_take, .free = arena_ignore, .allocator_data = arena};

    arena->used = 0;
    return allocator;
}
