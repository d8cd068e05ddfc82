/* Makes the clips of a catalogue: recorded voices are checked and taken over, the rest is said by espeak-ng.
 * Only what has changed is made anew. Clips are named by their content and written before the list that names
 * them is put in its place, so that a gateway that reads the folder meanwhile, or a render that is killed,
 * finds the old clips or the new ones. */
#ifndef HUYANG_TOOLS_PROMPTS_RENDER_H
#define HUYANG_TOOLS_PROMPTS_RENDER_H

#include "config_prompts.h"

struct prompts_rendered {
    unsigned kept, made, recorded, texts_only; /* recorded: of those made; texts_only: no clip can say them */
};
/* `book` was read from `folder` (without its clips being held to it), and has the new ones afterwards. On
 * failure `errors` says why, and the list of clips is the old one. */
MUST_CHECK enum err prompts_render(const char *folder, struct prompt_book *book,
                                   struct prompts_rendered *ret_rendered, struct buf *errors);

#endif
