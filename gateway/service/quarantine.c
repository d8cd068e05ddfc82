#include "service/quarantine.h"

#include <string.h>

#include "core/hash.h"

/* The one of that id goes to the front; when there is no room, whom we have not heard for longest goes. */
static void keep_last(struct quarantine *quarantine, const char *id, int64_t wall_ms)
{
    struct look_stranger one = {.first_ms = wall_ms};
    unsigned at = 0;
    while (at < quarantine->last_count && strcmp(quarantine->last[at].id, id) != 0)
        at++;
    if (at < quarantine->last_count)
        one = quarantine->last[at];
    else if (at == LOOK_STRANGERS_MAX)
        at--;
    else
        quarantine->last_count++;
    memmove(&quarantine->last[1], &quarantine->last[0], at * sizeof(quarantine->last[0]));
    (void)text_copy(one.id, sizeof(one.id), id);
    one.last_ms = wall_ms;
    one.times++;
    quarantine->last[0] = one;
}

void quarantine_list(const struct quarantine *quarantine, struct look *look)
{
    look->count = quarantine->last_count;
    memcpy(look->list, quarantine->last, quarantine->last_count * sizeof(quarantine->last[0]));
}

void quarantine_note(struct quarantine *quarantine, const char *id, struct now now)
{
    enum { NAMED = 1, WAITING = 2 };
    keep_last(quarantine, id, now.wall_ms);
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
