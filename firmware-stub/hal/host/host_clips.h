/*
 * host_clips: the clips of prompts, fetched from the gateway by the digest of their content, verified, and
 * kept below FOLDER/clips. A kept clip is verified again whenever it is used; one that has rotted is fetched
 * anew.
 *
 * One thread at a time. The address is the device's own setting, never the command's: a command cannot send a
 * device anywhere.
 */
#ifndef HUYANG_HOST_CLIPS_H
#define HUYANG_HOST_CLIPS_H

#include <stdbool.h>
#include <stdint.h>

#include "huyang/v1/event.pb-c.h"

enum { HOST_CLIP_BYTES_MAX = 4 << 20 };

struct host_clips;
/* NULL: no memory. */
struct host_clips *host_clips_new(const char *folder, const char *url);
void host_clips_free(struct host_clips *clips); /* NULL is fine */
/* Puts the clip into the file `path`. bytes 0 = not told. `stopped` is asked now and then while it is
 * fetched. 0, NO_CLIP (it cannot be had) or BAD_CLIP (what came has another digest or size). */
Huyang__V1__FailReason host_clips_get(struct host_clips *clips, const uint8_t sha256[32], uint32_t bytes,
                                      bool (*stopped)(void *context), void *context, const char *path);

#endif
