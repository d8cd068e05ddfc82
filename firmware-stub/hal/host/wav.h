/* wav: what a rendered prompt really contains, so that "played" is never said of silence. RIFF/WAVE, PCM 16
 * bit. */
#ifndef HUYANG_HOST_WAV_H
#define HUYANG_HOST_WAV_H

#include <stdbool.h>
#include <stdint.h>

struct wav_facts {
    uint32_t rate_hz;
    uint32_t channels;
    uint32_t duration_ms;
    uint32_t peak; /* largest absolute sample, 0..32768 */
};

enum { WAV_AUDIBLE_PEAK = 1000 }; /* about -30 dB of full scale */

/* Reads the whole file. False when it is not such a file. */
bool wav_read(const char *path, struct wav_facts *ret_facts);

#endif
