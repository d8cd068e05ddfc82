#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/bytes.h"
#include "wav.h"

/* Measures the samples of the data chunk, whatever length the header claims. */
static bool measure(FILE *file, struct wav_facts *facts)
{
    uint8_t block[4096];
    uint64_t frames, samples = 0;
    size_t got;

    while ((got = fread(block, 1, sizeof block, file)) > 0) {
        for (size_t i = 0; i + 1 < got; i += 2) {
            int sample = (int16_t)(uint16_t)device_get_le(block + i, 2);
            uint32_t size = (uint32_t)(sample < 0 ? -sample : sample);

            facts->peak = size > facts->peak ? size : facts->peak;
            samples++;
        }
    }
    frames = samples / facts->channels;
    facts->duration_ms = (uint32_t)(frames * 1000 / facts->rate_hz);
    return !ferror(file);
}

bool wav_read(const char *path, struct wav_facts *ret_facts)
{
    struct wav_facts facts = {0};
    uint8_t head[12], format[16];
    bool known = false, ok = false;
    FILE *file = fopen(path, "rb");

    if (!file)
        return false;
    if (fread(head, 1, sizeof head, file) != sizeof head || memcmp(head, "RIFF", 4) != 0 ||
        memcmp(head + 8, "WAVE", 4) != 0)
        goto out;
    while (fread(head, 1, 8, file) == 8) {
        uint32_t length = (uint32_t)device_get_le(head + 4, 4);

        if (memcmp(head, "data", 4) == 0) {
            ok = known && measure(file, &facts);
            break;
        }
        if (memcmp(head, "fmt ", 4) == 0 && length >= sizeof format) {
            if (fread(format, 1, sizeof format, file) != sizeof format)
                break;
            facts.channels = (uint32_t)device_get_le(format + 2, 2);
            facts.rate_hz = (uint32_t)device_get_le(format + 4, 4);
            known = device_get_le(format, 2) == 1 && device_get_le(format + 14, 2) == 16 &&
                    facts.channels > 0 && facts.rate_hz > 0;
            length -= (uint32_t)sizeof format;
        }
        if (length > 65536 || fseek(file, (long)length + (long)(length & 1), SEEK_CUR))
            break;
    }

out:
    fclose(file);
    if (ok)
        *ret_facts = facts;
    return ok;
}
