/* Any bytes as a file of the registry folder that a person's lines are taken out of; the first byte says
 * which table and whether anybody else lives in the home. What comes out has none of them left, needs no more
 * than twice the room, and a second pass changes nothing. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/person_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once, twice, errors;
    uint64_t lines = 0, again = 0;
    if (size == 0)
        return 0;
    const enum registry_table table = (enum registry_table)(data[0] % REGISTRY_TABLES);
    const struct person person = {.id = "r-1", .household = "h-1", .alone = (data[0] & 0x80) != 0};
    char *text = malloc(size);
    if (text == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    buf_init(&once, 2 * size + 1024);
    buf_init(&errors, 65536);
    if (person_scrub_text(&person, table, text, size - 1, &once, &errors, &lines) == ERR_OK) {
        buf_init(&twice, 2 * once.len + 1024);
        const enum err err =
            person_scrub_text(&person, table, buf_text(&once), once.len, &twice, &errors, &again);
        assert(err == ERR_OK && again == 0);
        assert(table == REGISTRY_ZONE ||
               (twice.len == once.len && memcmp(buf_text(&twice), buf_text(&once), once.len) == 0));
        buf_release(&twice);
    } else {
        assert(errors.len > 0 && lines == 0);
    }
    buf_release(&once);
    buf_release(&errors);
    free(text);
    return 0;
}
