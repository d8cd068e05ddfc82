#include "ingest/dialects/dialects.h"

#include <string.h>

static const struct dialect *const dialects[] = {
    &dialect_owntracks,
    &dialect_frigate,
    &dialect_double_take,
    &dialect_g616,
};

size_t dialect_count(void)
{
    return sizeof(dialects) / sizeof(dialects[0]);
}

const struct dialect *dialect_at(unsigned number)
{
    return number < dialect_count() ? dialects[number] : NULL;
}

const char *foreign_place_name(enum foreign_place place)
{
    static const char *const names[FOREIGN_PLACE_COUNT] = {
#define X(name, text) [FOREIGN_PLACE_##name] = #text,
        FOREIGN_PLACE_MAP(X)
#undef X
    };
    return (unsigned)place < FOREIGN_PLACE_COUNT ? names[place] : NULL;
}

const char *foreign_outcome_name(enum foreign_outcome outcome)
{
    static const char *const names[FOREIGN_OUTCOME_COUNT] = {
#define X(name, text) [FOREIGN_##name] = #text,
        FOREIGN_OUTCOME_MAP(X)
#undef X
    };
    return (unsigned)outcome < FOREIGN_OUTCOME_COUNT ? names[outcome] : "none";
}

enum foreign_place dialect_zone_place(const struct dialect_settings *settings, const char *name)
{
    for (unsigned i = 0; i < settings->zone_count; i++)
        if (strcmp(settings->zones[i].name, name) == 0)
            return (enum foreign_place)settings->zones[i].place;
    return FOREIGN_PLACE_COUNT;
}

void foreign_clear(struct foreign *foreign)
{
    foreign->name_count = 0;
    foreign->count = 0;
    memset(foreign->people, 0, sizeof(foreign->people));
    foreign->place_known = false;
    foreign->has_time = false;
    foreign->bad_fields = 0;
    foreign->bad_field = NULL;
    foreign->type[0] = '\0';
}

const struct dialect_settings *dialect_of_topic(const struct dialect_settings *entries, unsigned count,
                                                const char *topic, size_t len, size_t *ret_rest)
{
    for (unsigned i = 0; i < count; i++) {
        const size_t prefix = strlen(entries[i].prefix);
        if (len <= prefix + 1 || topic[prefix] != '/' || memcmp(topic, entries[i].prefix, prefix) != 0)
            continue;
        *ret_rest = prefix + 1;
        return &entries[i];
    }
    return NULL;
}

bool dialect_prefix_ok(const char *prefix)
{
    const size_t len = strlen(prefix);
    if (len == 0 || prefix[0] == '$' || prefix[0] == '/' || prefix[len - 1] == '/' ||
        strpbrk(prefix, "+#") != NULL || strstr(prefix, "//") != NULL)
        return false;
    return strcmp(prefix, "huyang") != 0 && strncmp(prefix, "huyang/", 7) != 0;
}
