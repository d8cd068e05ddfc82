#include "detect/overrides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

/* Bytewise, so that a setting of any size may be overridden. */
static void apply(const struct detect_override *override, struct detect_settings *settings)
{
    unsigned char *to = (unsigned char *)settings;
    const unsigned char *values = (const unsigned char *)&override->values,
                        *given = (const unsigned char *)&override->given;
    for (size_t i = 0; i < sizeof(*settings); i++)
        to[i] = (unsigned char)((to[i] & ~given[i]) | (values[i] & given[i]));
}

static bool gives_nothing(const struct detect_override *override)
{
    static const struct detect_settings none;
    return memcmp(&override->given, &none, sizeof(none)) == 0;
}

/* A level comes from one entry and its counterpart from one other, so two at a time are all there is to try.
 */
static void check_flat(const struct detect_overrides *overrides, const struct detect_settings *settings,
                       unsigned entry, void (*fault)(void *self, unsigned entry, const char *why), void *self)
{
    for (unsigned i = 0; i < overrides->count; i++) {
        struct detect_settings both = *settings;
        apply(&overrides->entries[i], &both);
        apply(&overrides->entries[entry], &both);
        if (both.flat_urgent_percent <= both.flat_percent)
            continue;
        char why[160];
        int len = snprintf(why, sizeof(why), "flat_urgent_percent %u lies above flat_percent, which is %u",
                           both.flat_urgent_percent, both.flat_percent);
        if (i != entry && len > 0 && (size_t)len < sizeof(why))
            snprintf(why + len, sizeof(why) - (size_t)len, " together with detect_overrides[%u]", i);
        fault(self, entry, why);
        return;
    }
}

void detect_overrides_check(const struct detect_overrides *overrides, const struct detect_settings *settings,
                            void (*fault)(void *self, unsigned entry, const char *why), void *self)
{
    for (unsigned i = 0; i < overrides->count; i++) {
        const struct detect_override *override = &overrides->entries[i];
        const bool category = *override->category != 0, resident = *override->resident != 0;
        if (category == resident)
            fault(self, i,
                  category ? "either a category or a resident, not both" : "needs a category or a resident");
        if (gives_nothing(override))
            fault(self, i, "gives no key of detect");
        check_flat(overrides, settings, i, fault, self);
    }
}

/* Working data of one binding: a bit for each entry. */
struct binding {
    const struct registry *registry;
    const struct detect_overrides *overrides;
    uint32_t resident_of[DETECT_OVERRIDES_MAX]; /* of the entries for one resident; else REGISTRY_NONE */
    uint64_t *masks;                            /* of each set: the entries it is made of; 0 = the base */
    uint32_t set_count, set_room;
    uint64_t fitted;
};

static uint64_t entries_for(const struct binding *binding, uint32_t resident)
{
    uint64_t mask = 0;
    if (registry_resident(binding->registry, resident)->removed)
        return 0;
    for (unsigned i = 0; i < binding->overrides->count; i++) {
        const char *category = binding->overrides->entries[i].category;
        if (binding->resident_of[i] == resident ||
            (*category && registry_resident_is(binding->registry, resident, category)))
            mask |= UINT64_C(1) << i;
    }
    return mask;
}

static void merge(const struct binding *binding, uint64_t mask, struct detect_settings *settings)
{
    for (int residents = 0; residents < 2; residents++) {
        for (unsigned i = binding->overrides->count; i-- > 0;) {
            const struct detect_override *override = &binding->overrides->entries[i];
            if (mask >> i & 1 && (*override->resident != 0) == residents)
                apply(override, settings);
        }
    }
}

/* The number of the set that these entries make. */
static enum err set_for(struct binding *binding, struct settings_choice *choice, uint64_t mask,
                        uint16_t *ret_number)
{
    uint32_t i = 0;
    while (i < binding->set_count && binding->masks[i] != mask)
        i++;
    if (i > UINT16_MAX)
        return ERR_FULL;
    if (i == binding->set_room) {
        const uint32_t room = binding->set_room ? binding->set_room * 2 : 16;
        uint64_t *masks = realloc(binding->masks, room * sizeof(*masks));
        if (masks != NULL)
            binding->masks = masks;
        struct detect_settings *sets = realloc(choice->sets, room * sizeof(*sets));
        if (sets != NULL)
            choice->sets = sets;
        if (masks == NULL || sets == NULL)
            return ERR_NOMEM;
        binding->set_room = room;
    }
    if (i == binding->set_count) {
        binding->set_count++;
        binding->masks[i] = mask;
        choice->sets[i] = *choice->base;
        merge(binding, mask, &choice->sets[i]);
    }
    binding->fitted |= mask;
    *ret_number = (uint16_t)i;
    return ERR_OK;
}

static enum err choose(struct binding *binding, struct settings_choice *choice)
{
    const struct registry *registry = binding->registry;
    uint16_t base;
    enum err err = set_for(binding, choice, 0, &base); /* has number 0 */
    for (uint32_t no = 0; no < choice->residents && err == ERR_OK; no++)
        err = set_for(binding, choice, entries_for(binding, no), &choice->of_resident[no]);
    for (uint32_t no = 0; no < choice->households && err == ERR_OK; no++) {
        uint64_t mask = 0;
        for (uint32_t resident = registry_household(registry, no)->first_resident; resident != REGISTRY_NONE;
             resident = registry_resident(registry, resident)->next_in_household)
            mask |= entries_for(binding, resident);
        err = set_for(binding, choice, mask, &choice->of_household[no]);
    }
    return err;
}

enum err choice_bind(const struct registry *registry, const struct detect_settings *settings,
                     const struct detect_overrides *overrides, struct settings_choice *ret_choice)
{
    struct settings_choice choice = {.base = settings};
    struct binding binding = {.registry = registry, .overrides = overrides};
    enum err err = ERR_OK;
    if (overrides != NULL && overrides->count > 0) {
        choice.residents = registry_count(registry, REGISTRY_RESIDENT);
        choice.households = registry_count(registry, REGISTRY_HOUSEHOLD);
        choice.of_resident = calloc((size_t)choice.residents + 1, sizeof(*choice.of_resident));
        choice.of_household = calloc((size_t)choice.households + 1, sizeof(*choice.of_household));
        err = choice.of_resident != NULL && choice.of_household != NULL ? ERR_OK : ERR_NOMEM;
        for (unsigned i = 0; i < overrides->count; i++) {
            const char *id = overrides->entries[i].resident;
            binding.resident_of[i] = *id ? registry_find(registry, REGISTRY_RESIDENT, id) : REGISTRY_NONE;
        }
        if (err == ERR_OK)
            err = choose(&binding, &choice);
        for (unsigned i = 0; i < overrides->count && err == ERR_OK; i++) {
            const struct detect_override *override = &overrides->entries[i];
            if (!(binding.fitted >> i & 1))
                log_write(LOG_WARN, "detect.override", "fits no resident\tentry=%u\t%s=%s", i,
                          *override->resident ? "resident" : "category",
                          *override->resident ? override->resident : override->category);
        }
    }
    free(binding.masks);
    if (err != ERR_OK)
        choice_release(&choice);
    else
        *ret_choice = choice;
    return err;
}

void choice_release(struct settings_choice *choice)
{
    free(choice->sets);
    free(choice->of_resident);
    free(choice->of_household);
    *choice = (struct settings_choice){0};
}

const struct detect_settings *choice_of(const struct settings_choice *choice, struct subject owner,
                                        uint32_t resident, uint32_t household)
{
    uint32_t set = 0;
    if (choice->sets == NULL || owner.kind == SUBJECT_TERRITORY)
        return choice->base;
    if (owner.kind == SUBJECT_RESIDENT)
        set = choice->of_resident[owner.no];
    else if (owner.kind == SUBJECT_HOUSEHOLD)
        set = choice->of_household[owner.no];
    else if (resident != REGISTRY_NONE)
        set = choice->of_resident[resident];
    else if (household != REGISTRY_NONE)
        set = choice->of_household[household];
    return set == 0 ? choice->base : &choice->sets[set];
}
