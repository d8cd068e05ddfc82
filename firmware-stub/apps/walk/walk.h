/*
 * walk: a fixed story of one wristband, told line by line, for machines without an operating system and for
 * the host alike. It presses SOS, is acknowledged, speaks a prompt, gathers a full batch while it is offline,
 * and starts anew. The same story gives the same lines on every machine; tools/lib/firmware.py compares what
 * a Cortex-M says with what the host says, and docs/device-integration.md with both.
 *
 * Lines: `publish TOPIC LENGTH HEX`, `receive TOPIC LENGTH HEX`, `stored LANE SEQ COUNT`, `acked LANE SEQ`,
 * `command ID STATE`, `play TEXT`, `indicate WHAT`, `fallback`, and `# ...` between the scenes.
 */
#ifndef HUYANG_FIRMWARE_WALK_H
#define HUYANG_FIRMWARE_WALK_H

#include "../wristband.h"

struct walk {
    /* Given: an erased flash of the usual geometry, and where the text goes (pieces of lines). */
    struct device_flash flash;
    void (*say)(const char *text);
    /* The story's own. */
    struct wristband band;
    struct device_scratch scratch;
    uint32_t entropy;
    uint32_t playing; /* token of the prompt that plays */
};

/* Tells the story; false when the device could not be started. Takes no more stack than the device does. */
bool walk_run(struct walk *walk);

#endif
