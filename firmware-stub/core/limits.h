/*
 * The sizes a port chooses, in two sets: the usual one, and DEVICE_SMALL for a microcontroller, where the
 * whole core with its buffers takes at most 8 KiB of RAM. Both speak the same protocol and pass the same
 * tests; a small device sends smaller batches and lets fewer prompts wait (one more is refused as busy).
 *
 * Define DEVICE_SMALL for every file of a build or for none: it changes the layout of struct device_core.
 */
#ifndef HUYANG_FIRMWARE_LIMITS_H
#define HUYANG_FIRMWARE_LIMITS_H

enum {
#ifdef DEVICE_SMALL
    DEVICE_LANE_SECTORS_MAX = 20,    /* flash sectors of a lane, at least 16 and 20 of 4 KiB (device.h) */
    DEVICE_PEOPLE_MAX = 1,           /* persons of one visit: a wristband sees none */
    DEVICE_COMMAND_SLOTS = 2,        /* prompts: one that plays and one that waits */
    DEVICE_COMMAND_BYTES_MAX = 1280, /* a longer message is dropped unread */
    DEVICE_ARENA_BYTES = 2048,       /* what unpacking one message may take */
    DEVICE_BATCH_BYTES = 2048,       /* of one message up: a full record and its head fit */
#else
    DEVICE_LANE_SECTORS_MAX = 64,
    DEVICE_PEOPLE_MAX = 8,
    DEVICE_COMMAND_SLOTS = 5,
    DEVICE_COMMAND_BYTES_MAX = 2048,
    DEVICE_ARENA_BYTES = 8192,
    DEVICE_BATCH_BYTES = 16384, /* the contract's most */
#endif
};

#endif
