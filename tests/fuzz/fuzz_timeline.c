/* Replay lines: any bytes are either an input or an error, and never anything else. */
#include <stdlib.h>

#include "timeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct registry *registry;
    static struct tz *tz;
    static struct timeline *timeline;
    static struct timeline_line line;
    if (timeline == NULL && (registry_empty(&registry) != ERR_OK || tz_load("Asia/Shanghai", &tz) != ERR_OK ||
                             timeline_new(registry, tz, &timeline) != ERR_OK))
        abort();
    char why[TIMELINE_WHY];
    struct hash_id job;
    enum job_kind kind;
    if (timeline_parse(timeline, (const char *)data, size, &line, why) == ERR_OK &&
        line.what == TIMELINE_REPORT)
        abort(); /* an empty registry knows no device */
    (void)timeline_names_relay((const char *)data, size, &job, &kind);
    return 0;
}
