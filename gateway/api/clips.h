/* Where devices fetch the clips of prompts: GET /clips/SHA256.wav and nothing else, on a listener of its own.
 * A clip is named by its content, so whoever has the name may have the clip, it never changes, and the device
 * checks what it got. Nothing can be listed, and no path but that form is looked at. Threads of its own. */
#ifndef HUYANG_API_CLIPS_H
#define HUYANG_API_CLIPS_H

#include <stdint.h>

#include "core/err.h"

struct clips;
/* A numeric address. On failure says why in the log. */
MUST_CHECK enum err clips_start(const char *listen, uint16_t port, struct clips **ret_clips);
void clips_stop(struct clips *clips); /* NULL is fine; joins */
/* The catalogue's folder from now on; "" = there are no clips. Any thread. */
void clips_set_folder(struct clips *clips, const char *folder);
uint16_t clips_port(const struct clips *clips);

#endif
