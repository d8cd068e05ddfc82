#include "registry/parts.h"

#include <string.h>

static const char *const ids[PART_OF_COUNT] = {
#define X(name, text) [PART_OF_##name] = text,
    PART_MAP(X)
#undef X
};

const char *part_id(enum part part)
{
    return (unsigned)part < PART_OF_COUNT ? ids[part] : "?";
}

enum part part_from_id(const char *text)
{
    unsigned part = 0;
    while (part < PART_OF_COUNT && strcmp(ids[part], text) != 0)
        part++;
    return (enum part)part;
}
