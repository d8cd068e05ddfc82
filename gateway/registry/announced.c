#include "registry/announced.h"

#include <string.h>

static const struct {
    const char *name, *en, *zh;
} words[ANNOUNCED_COUNT] = {[ANNOUNCED_NONE] = {"none", "?", "?"},
#define X(name, text, en, zh) [ANNOUNCED_##name] = {#text, en, zh},
                            ANNOUNCED_MAP(X)
#undef X
};

const char *announced_name(enum announced kind)
{
    return words[(unsigned)kind < ANNOUNCED_COUNT ? kind : ANNOUNCED_NONE].name;
}

enum announced announced_from_name(const char *name)
{
    for (int kind = ANNOUNCED_NONE + 1; kind < ANNOUNCED_COUNT; kind++)
        if (strcmp(words[kind].name, name) == 0)
            return (enum announced)kind;
    return ANNOUNCED_NONE;
}

const char *announced_words(enum announced kind, bool zh)
{
    const unsigned known = (unsigned)kind < ANNOUNCED_COUNT ? kind : ANNOUNCED_NONE;
    return zh ? words[known].zh : words[known].en;
}

const char *announced_fault(const struct registry *registry, uint32_t territory, int64_t from_ms,
                            int64_t to_ms)
{
    if (to_ms <= from_ms)
        return "is not after \"from\"";
    if (to_ms - from_ms > ANNOUNCED_LONGEST_MS)
        return "is more than 15 days after \"from\"";
    if (territory < registry_count(registry, REGISTRY_TERRITORY) &&
        registry_territory(registry, territory)->kind == TERRITORY_COUNTY)
        return "a whole county cannot be announced to";
    return NULL;
}

static bool is_on(int64_t from_ms, int64_t to_ms, int64_t t_ms)
{
    return from_ms <= t_ms && t_ms < to_ms;
}

enum announced announced_at(const struct registry *registry, const struct live *live, uint32_t territory,
                            int64_t t_ms)
{
    if (territory == REGISTRY_NONE)
        return ANNOUNCED_NONE;
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_ANNOUNCEMENT); no++) {
        const struct announcement_row *row = registry_announcement(registry, no);
        if (!row->removed && is_on(row->from_ms, row->to_ms, t_ms) &&
            registry_is_within(registry, territory, row->territory))
            return (enum announced)row->kind;
    }
    for (unsigned slot = 0; slot < LIVE_ANNOUNCEMENTS_MAX; slot++) {
        const struct announcement *announcement = live_announcement(live, slot);
        if (announcement->removed_ms == 0 && is_on(announcement->from_ms, announcement->until_ms, t_ms) &&
            registry_is_within(registry, territory, announcement->territory))
            return (enum announced)announcement->kind;
    }
    return ANNOUNCED_NONE;
}
