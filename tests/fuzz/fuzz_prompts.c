/* Catalogues: any bytes give a catalogue or lines that say what is wrong. The first NUL, if any, ends
 * catalogue.yaml and begins clips.yaml. What was accepted reads back from its own `show`, as the same
 * version. */
#include <stdlib.h>
#include <string.h>

#include "config_prompts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *cut = size ? memchr(text, 0, size) : NULL;
    size_t len = cut ? (size_t)(cut - text) : size;
    struct prompt_book *book = NULL, *again = NULL;
    struct buf errors, shown, clips;
    buf_init(&errors, 1 << 16);
    buf_init(&shown, 4 << 20);
    buf_init(&clips, 4 << 20);
    if (prompts_parse(text, len, cut ? cut + 1 : NULL, cut ? size - len - 1 : 0, &book, &errors) == ERR_OK) {
        prompts_show(&book->catalogue, &shown);
        prompts_show_clips(book, &clips);
        if (prompts_parse(buf_text(&shown), shown.len, buf_text(&clips), clips.len, &again, &errors) !=
                ERR_OK ||
            strcmp(again->catalogue.version, book->catalogue.version) != 0)
            abort();
    } else if (errors.len == 0) {
        abort();
    }
    prompts_free(book);
    prompts_free(again);
    buf_release(&errors);
    buf_release(&shown);
    buf_release(&clips);
    return 0;
}
