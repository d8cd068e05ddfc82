/*
 * A fixed arena for protobuf-c's unpacking: memory that the owner gives, handed out upwards, all freed at
 * once. What does not fit is refused, so that no packet can make a device allocate more than this.
 */
#ifndef HUYANG_FIRMWARE_ARENA_H
#define HUYANG_FIRMWARE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

struct device_arena {
    uint8_t *bytes; /* aligned for any type */
    size_t capacity;
    size_t used;
};

/* An allocator that hands out from the arena, emptied first. It is good until the arena is used again. */
ProtobufCAllocator device_arena_allocator(struct device_arena *arena);

#endif
