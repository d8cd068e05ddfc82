/* Configuration files: any bytes give a configuration or lines that say what is wrong. What was accepted
 * reads back from its own `show`. */
#include <stdlib.h>
#include <string.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = NULL, *again = NULL;
    struct buf errors, shown;
    buf_init(&errors, 1 << 16);
    buf_init(&shown, 1 << 20);
    if (config_parse((const char *)data, size, "fuzz", &config, &errors) == ERR_OK) {
        config_show(config, &shown);
        if (config_parse(buf_text(&shown), shown.len, "shown", &again, &errors) != ERR_OK)
            abort();
    } else if (errors.len == 0) {
        abort();
    }
    config_free(config);
    config_free(again);
    buf_release(&errors);
    buf_release(&shown);
    return 0;
}
