#include "registry/foreign.h"

#include <string.h>

static const char *mapped(const struct dialect_name *names, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].id;
    return NULL;
}

/* What may not stand in an id becomes '_': the list of unknown devices is read by people and machines. */
static void show(const char *name, char shown[ID_SIZE])
{
    size_t i = 0;
    for (; name[i] != '\0' && i < ID_MAX; i++)
        shown[i] = text_is_id(&name[i], 1) ? name[i] : '_';
    shown[i] = '\0';
}

uint32_t registry_foreign_device(const struct registry *registry, const struct dialect_settings *settings,
                                 const struct foreign *foreign, char shown[ID_SIZE])
{
    shown[0] = '\0';
    for (unsigned i = 0; i < foreign->name_count; i++) {
        const char *id = mapped(settings->devices, settings->device_count, foreign->names[i]);
        if (id == NULL)
            continue;
        show(id, shown);
        return registry_find(registry, REGISTRY_DEVICE, id);
    }
    for (unsigned i = 0; i < foreign->name_count; i++) {
        const char *name = foreign->names[i];
        const uint32_t device =
            text_is_id(name, strlen(name)) ? registry_find(registry, REGISTRY_DEVICE, name) : REGISTRY_NONE;
        if (device != REGISTRY_NONE)
            return device;
    }
    if (foreign->name_count > 0)
        show(foreign->names[0], shown);
    return REGISTRY_NONE;
}

static bool lives_in(const struct registry *registry, uint32_t household, const char *id)
{
    const uint32_t resident = registry_find(registry, REGISTRY_RESIDENT, id);
    return resident != REGISTRY_NONE && registry_resident(registry, resident)->household == household;
}

static void name_person(const struct registry *registry, const struct dialect_settings *settings,
                        uint32_t household, const char *name, struct event_person *person)
{
    const char *id = mapped(settings->people, settings->people_count, name);
    if (id == NULL)
        id = name;
    if (!text_is_id(id, strlen(id)) || household == REGISTRY_NONE)
        return;
    if (registry_trusted(registry, household, id) != NULL)
        person->person_class = PERSON_CLASS_TRUSTED;
    else if (lives_in(registry, household, id))
        person->person_class = PERSON_CLASS_RESIDENT;
    else
        return;
    text_copy(person->visitor_id, sizeof(person->visitor_id), id);
}

void registry_foreign_visit(const struct registry *registry, const struct dialect_settings *settings,
                            uint32_t device, const struct foreign *foreign, uint8_t place,
                            struct event *event)
{
    if (event->kind != EVENT_VISIT)
        return;
    const struct device *row = registry_device(registry, device);
    if (!foreign->place_known)
        event->visit.place = place != PLACE_NONE ? place : row->indoors ? PLACE_INDOORS : PLACE_DOORSTEP;
    for (unsigned i = 0; i < event->visit.people_count; i++)
        if (foreign->people[i][0] != '\0')
            name_person(registry, settings, row->household, foreign->people[i], &event->visit.people[i]);
}
