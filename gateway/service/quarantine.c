#include "service/quarantine.h"

#include <string.h>

#include "core/hash.h"

static struct quarantine_entry *entry_of(struct quarantine *quarantine, const char *id)
{
    for (unsigned i = 0; i < LOOK_STRANGERS_MAX; i++)
        if (strcmp(quarantine->entries[i].stranger.id, id) == 0)
            return &quarantine->entries[i];
    return NULL;
}

static void touch(struct quarantine *quarantine, struct quarantine_entry *entry)
{
    quarantine->changed += !entry->changed;
    entry->changed = true;
}

/* A free place, or that of whoever was heard longest ago. */
static struct quarantine_entry *make_room(struct quarantine *quarantine, const char *id, struct now now)
{
    struct quarantine_entry *entry = &quarantine->entries[0];
    for (unsigned i = 1; i < LOOK_STRANGERS_MAX; i++)
        if (quarantine->entries[i].stranger.last_ms < entry->stranger.last_ms)
            entry = &quarantine->entries[i];
    const bool changed = entry->changed;
    memset(entry, 0, sizeof(*entry)); /* its bytes are stored */
    entry->changed = changed;
    (void)text_copy(entry->stranger.id, sizeof(entry->stranger.id), id);
    entry->stranger.first_ms = now.wall_ms;
    return entry;
}

static void keep_last(struct quarantine *quarantine, const char *id, enum quarantine_reason reason,
                      struct now now)
{
    struct quarantine_entry *entry = entry_of(quarantine, id);
    if (entry == NULL)
        entry = make_room(quarantine, id, now);
    entry->stranger.last_ms = now.wall_ms;
    entry->stranger.times++;
    entry->stranger.reason = (uint8_t)reason;
    touch(quarantine, entry);
}

void quarantine_list(const struct quarantine *quarantine, struct look *look)
{
    look->count = 0;
    for (unsigned i = 0; i < LOOK_STRANGERS_MAX; i++) {
        const struct look_stranger *one = &quarantine->entries[i].stranger;
        unsigned at = look->count;
        if (one->id[0] == '\0')
            continue;
        for (; at > 0; at--) {
            const struct look_stranger *before = &look->list[at - 1];
            const bool dismissed = one->dismissed_ms != 0, was = before->dismissed_ms != 0;
            if (dismissed != was ? dismissed : before->last_ms >= one->last_ms)
                break;
            look->list[at] = *before;
        }
        look->list[at] = *one;
        look->count++;
    }
}

enum err quarantine_dismiss(struct quarantine *quarantine, const char *id, const char *by, struct now now)
{
    struct quarantine_entry *entry = id[0] != '\0' ? entry_of(quarantine, id) : NULL;
    if (entry == NULL)
        return ERR_NOT_FOUND;
    entry->stranger.dismissed_ms = now.wall_ms;
    memset(entry->stranger.dismissed_by, 0, sizeof(entry->stranger.dismissed_by));
    (void)text_copy(entry->stranger.dismissed_by, sizeof(entry->stranger.dismissed_by), by);
    quarantine->asked_ms = 0;
    touch(quarantine, entry);
    return ERR_OK;
}

bool quarantine_is_due(struct quarantine *quarantine, struct now now)
{
    if (quarantine->changed == 0 ||
        (quarantine->asked_ms != 0 && now.mono_ms - quarantine->asked_ms < QUARANTINE_KEEP_MS))
        return false;
    quarantine->asked_ms = now.mono_ms;
    return true;
}

void quarantine_snapshot(struct quarantine *quarantine, struct batch *batch)
{
    for (unsigned i = 0; i < LOOK_STRANGERS_MAX && quarantine->changed > 0; i++) {
        struct quarantine_entry *entry = &quarantine->entries[i];
        if (!entry->changed)
            continue;
        const void *value = arena_copy(&batch->arena, &entry->stranger, sizeof(entry->stranger));
        struct batch_item *item = value != NULL ? batch_add(batch, BATCH_STATE) : NULL;
        if (item == NULL)
            return;
        item->state = (struct batch_state){.table = QUARANTINE_TABLE,
                                           .version = QUARANTINE_VERSION,
                                           .no = i,
                                           .len = sizeof(entry->stranger),
                                           .value = value};
        entry->changed = false;
        quarantine->changed--;
    }
}

enum err quarantine_restore(struct quarantine *quarantine, uint16_t version, uint32_t no, const void *value,
                            size_t len)
{
    struct look_stranger stranger;
    if (version != QUARANTINE_VERSION || len != sizeof(stranger) || no >= LOOK_STRANGERS_MAX)
        return ERR_UNSUPPORTED;
    memcpy(&stranger, value, sizeof(stranger)); /* a blob is not aligned */
    if (strnlen(stranger.id, sizeof(stranger.id)) == sizeof(stranger.id) ||
        strnlen(stranger.dismissed_by, sizeof(stranger.dismissed_by)) == sizeof(stranger.dismissed_by) ||
        stranger.reason >= QUARANTINE_REASONS)
        return ERR_UNSUPPORTED;
    quarantine->entries[no] = (struct quarantine_entry){.stranger = stranger};
    return ERR_OK;
}

void quarantine_note(struct quarantine *quarantine, const char *id, enum quarantine_reason reason,
                     struct now now)
{
    enum { NAMED = 1, WAITING = 2 };
    keep_last(quarantine, id, reason, now);
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
                      "a device that may not speak was heard\tdevice=%s\treason=%s", id,
                      quarantine_reason_name(reason));
        return;
    }
}
