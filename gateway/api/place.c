#include "api/place.h"

#include <string.h>

#include "api/put.h"

void place_find(const struct registry *registry, struct subject subject, struct reader_place *ret_place)
{
    uint32_t household = REGISTRY_NONE, at = registry_subject_territory(registry, subject);

    ret_place->resident[0] = ret_place->household[0] = '\0';
    ret_place->territory_count = 0;
    ret_place->police = false;
    ret_place->family = FAMILY_COVERAGE; /* a family sees it with the resident's consent only */
    if (subject.kind == SUBJECT_RESIDENT) {
        const struct resident *resident = registry_resident(registry, subject.no);
        (void)text_copy(ret_place->resident, ID_SIZE, resident->id);
        household = resident->household;
    } else if (subject.kind == SUBJECT_HOUSEHOLD) {
        household = subject.no;
    } else if (subject.kind == SUBJECT_DEVICE) {
        const struct device *device = registry_device(registry, subject.no);
        household = device->household;
        if (device->resident != REGISTRY_NONE)
            (void)text_copy(ret_place->resident, ID_SIZE, registry_resident(registry, device->resident)->id);
    }
    if (household != REGISTRY_NONE)
        (void)text_copy(ret_place->household, ID_SIZE, registry_household(registry, household)->id);
    for (; at != REGISTRY_NONE && ret_place->territory_count < READER_TERRITORIES;
         at = registry_territory(registry, at)->parent)
        (void)text_copy(ret_place->territories[ret_place->territory_count++].code,
                        sizeof(ret_place->territories[0].code), registry_territory(registry, at)->code);
}

/* A number of a registry that is on disk and not yet in force is nobody here. */
static bool is_known(const struct registry *registry, struct subject subject)
{
    static const enum registry_table tables[] = {[SUBJECT_RESIDENT] = REGISTRY_RESIDENT,
                                                 [SUBJECT_HOUSEHOLD] = REGISTRY_HOUSEHOLD,
                                                 [SUBJECT_TERRITORY] = REGISTRY_TERRITORY,
                                                 [SUBJECT_DEVICE] = REGISTRY_DEVICE};

    return subject.kind >= SUBJECT_RESIDENT && subject.kind <= SUBJECT_DEVICE &&
           subject.no < registry_count(registry, tables[subject.kind]);
}

bool place_is_seen(const struct registry *registry, const struct person *person, struct subject subject)
{
    struct reader_place place;

    if (!is_known(registry, subject))
        return false;
    place_find(registry, subject, &place);
    return access_sees(person, &place);
}

void place_put_territories(const struct registry *registry, uint32_t territory, struct buf *out)
{
    put_open(out, "territories", '[');
    for (unsigned depth = 0; territory != REGISTRY_NONE && depth < READER_TERRITORIES; depth++) {
        put_open(out, NULL, '{');
        put_text(out, "code", registry_territory(registry, territory)->code);
        put_text(out, "name", registry_vault(registry, REGISTRY_TERRITORY, territory, "name"));
        buf_putc(out, '}');
        territory = registry_territory(registry, territory)->parent;
    }
    buf_putc(out, ']');
}

bool place_is_within(const struct registry *registry, uint32_t territory, const char *code)
{
    for (unsigned depth = 0; territory != REGISTRY_NONE && depth < READER_TERRITORIES; depth++) {
        if (strcmp(registry_territory(registry, territory)->code, code) == 0)
            return true;
        territory = registry_territory(registry, territory)->parent;
    }
    return false;
}
