/* When a certificate or revocation list ends, from any text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t until_s = -1;
    const enum err err = pem_until((const char *)data, size, &until_s);
    if (err != ERR_OK && until_s != -1)
        abort(); /* outputs stay untouched on failure */
    return 0;
}
