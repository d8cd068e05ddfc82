#include "service/quarantine.h"

#include <string.h>

#include "core/hash.h"

void quarantine_note(struct quarantine *quarantine, const char *id, struct now now)
{
    enum { NAMED = 1, WAITING = 2 };
    const uint64_t hash = hash_table(id, strlen(id)) & ~UINT64_C(3);
    for (size_t i = 0; i < QUARANTINE_MAX; i++) {
        uint64_t *place = &quarantine->places[(hash + i) % QUARANTINE_MAX];
        if (*place == (hash | NAMED))
            return;
        if (*place == 0 && quarantine->count >= QUARANTINE_MAX / 2)
            return;
        if (*place != 0 && *place != (hash | WAITING))
            continue;
        if (*place == 0)
            quarantine->count++;
        const bool named = log_allow(&quarantine->limit, "fleet.quarantine", 20, now.mono_ms);
        *place = hash | (named ? NAMED : WAITING);
        if (named)
            log_write(LOG_WARN, "fleet.quarantine",
                      "a device that is not in the registry was heard\tdevice=%s", id);
        return;
    }
}
