/* When a device counts as silent: shared by detector_silent and whoever asks whether a home is covered. */
#ifndef HUYANG_DETECT_SILENT_H
#define HUYANG_DETECT_SILENT_H

#include "detect/detector.h"

/* Milliseconds without a word: silent_s, or 2.5 report intervals when that is longer. */
int64_t silent_after_ms(const struct detect_context *context, uint32_t device);
/* Was the device heard within that time, as far as we could hear? A device that never spoke is not. */
bool silent_is_heard(const struct detect_context *context, uint32_t device);

#endif
