/* Who can be told and who can be spoken to: consent, status, roles and devices. */
#include <string.h>

#include "alert/alerts.h"

/* Who has died is gone; who moved away is gone from the home, though not from what concerns them alone. */
static bool is_there(const struct alerts *alerts, const struct alert *alert, uint32_t resident)
{
    unsigned status = live_resident(alerts->config.live, resident)->status;
    return status != STATUS_DECEASED && (alert->resident == resident || status != STATUS_MOVED);
}

/* Every resident the alert concerns, the dead included; 0 for a thing nobody owns. */
static size_t all_residents(const struct alerts *alerts, const struct alert *alert, uint32_t *residents)
{
    const struct registry *registry = alerts->config.registry;
    if (alert->resident != REGISTRY_NONE) {
        residents[0] = alert->resident;
        return 1;
    }
    size_t count = 0;
    if (alert->household == REGISTRY_NONE)
        return 0;
    uint32_t no = registry_household(registry, alert->household)->first_resident;
    for (; no != REGISTRY_NONE && count < AUDIENCE_RESIDENTS;
         no = registry_resident(registry, no)->next_in_household) {
        if (!registry_resident(registry, no)->removed)
            residents[count++] = no;
    }
    return count;
}

size_t audience_residents(const struct alerts *alerts, const struct alert *alert, uint32_t *residents)
{
    size_t all = all_residents(alerts, alert, residents), count = 0;
    for (size_t i = 0; i < all; i++) {
        if (is_there(alerts, alert, residents[i]))
            residents[count++] = residents[i];
    }
    return count;
}

bool audience_is_silent(const struct alerts *alerts, const struct alert *alert)
{
    uint32_t residents[AUDIENCE_RESIDENTS];
    return all_residents(alerts, alert, residents) > 0 && audience_residents(alerts, alert, residents) == 0;
}

bool audience_consents(const struct alerts *alerts, const struct alert *alert, enum consent consent)
{
    uint32_t residents[AUDIENCE_RESIDENTS];
    size_t count = audience_residents(alerts, alert, residents);
    for (size_t i = 0; i < count; i++) {
        if (!(registry_resident(alerts->config.registry, residents[i])->consent & CONSENT_BIT(consent)))
            return false;
    }
    return count > 0;
}

uint32_t audience_county(const struct alerts *alerts)
{
    const struct registry *registry = alerts->config.registry;
    uint32_t count = registry_count(registry, REGISTRY_TERRITORY);
    for (uint32_t no = 0; no < count; no++) {
        if (registry_territory(registry, no)->kind == TERRITORY_COUNTY &&
            !registry_territory(registry, no)->removed)
            return no;
    }
    return REGISTRY_NONE;
}

uint32_t audience_territory(const struct alerts *alerts, const struct alert *alert)
{
    uint32_t territory = registry_subject_territory(alerts->config.registry, alert->subject);
    return territory != REGISTRY_NONE ? territory : audience_county(alerts); /* a thing without a home */
}

static size_t family_contacts(const struct alerts *alerts, const struct alert *alert, uint32_t *contacts)
{
    const struct registry *registry = alerts->config.registry;
    uint32_t residents[AUDIENCE_RESIDENTS];
    size_t count = audience_residents(alerts, alert, residents), found = 0;
    for (size_t i = 0; i < count && found < AUDIENCE_MAX; i++) {
        bool consents = registry_resident(registry, residents[i])->consent & CONSENT_BIT(CONSENT_FAMILY);
        if (consents || alert->family == FAMILY_EMERGENCY)
            found += registry_contacts(registry, residents[i], contacts + found, AUDIENCE_MAX - found);
    }
    return found;
}

size_t audience_people(const struct alerts *alerts, const struct alert *alert, enum role role, int64_t t_ms,
                       struct audience_person *people)
{
    uint32_t numbers[AUDIENCE_MAX];
    size_t count = 0;
    if (role == ROLE_FAMILY) {
        count = family_contacts(alerts, alert, numbers);
        if (count == 0 && alert->family != FAMILY_EMERGENCY &&
            !audience_consents(alerts, alert, CONSENT_FAMILY))
            return 0;
    } else {
        uint32_t territory = audience_territory(alerts, alert);
        if (territory != REGISTRY_NONE)
            count =
                registry_responders(alerts->config.registry, role, territory, t_ms, numbers, AUDIENCE_MAX);
        if (territory != REGISTRY_NONE)
            count = handover_stays(alerts, role, territory, numbers, count, AUDIENCE_MAX);
    }
    for (size_t i = 0; i < count; i++)
        people[i] = (struct audience_person){
            .no = numbers[i], .role = (uint8_t)role, .is_contact = role == ROLE_FAMILY};
    if (count == 0)
        people[count++] = (struct audience_person){.no = REGISTRY_NONE, .role = (uint8_t)role};
    return count;
}

static size_t one_person(const struct alerts *alerts, const struct alert *alert, const char *id,
                         struct audience_person *person)
{
    const struct registry *registry = alerts->config.registry;
    uint32_t residents[AUDIENCE_RESIDENTS], no = registry_find(registry, REGISTRY_RESPONDER, id);
    if (no != REGISTRY_NONE) {
        *person = (struct audience_person){.no = no, .role = registry_responder(registry, no)->role};
        return 1;
    }
    no = registry_find(registry, REGISTRY_CONTACT, id);
    size_t count = no == REGISTRY_NONE ? 0 : audience_residents(alerts, alert, residents);
    for (size_t i = 0; i < count; i++) {
        if (registry_contact(registry, no)->resident != residents[i])
            continue;
        if (alert->family != FAMILY_EMERGENCY &&
            !(registry_resident(registry, residents[i])->consent & CONSENT_BIT(CONSENT_FAMILY)))
            continue;
        *person = (struct audience_person){.no = no, .role = ROLE_FAMILY, .is_contact = true};
        return 1;
    }
    return 0;
}

size_t audience_of_step(const struct alerts *alerts, const struct alert *alert,
                        const struct policy_step *step, int64_t t_ms, struct audience_person *people)
{
    const struct registry *registry = alerts->config.registry;
    uint32_t numbers[AUDIENCE_MAX];
    if (step->to[0])
        return one_person(alerts, alert, step->to, people);
    if (!step->roster[0])
        return audience_people(alerts, alert, (enum role)step->role, t_ms, people);
    const struct roster_plan *plan = policy_roster(alerts->config.settings, step);
    const uint8_t role = plan ? plan->role : step->role;
    size_t count = 0;
    if (plan) {
        count = roster_people(alerts, plan, audience_territory(alerts, alert), t_ms, numbers, AUDIENCE_MAX);
    } else {
        uint32_t territory = registry_find(registry, REGISTRY_TERRITORY, step->roster);
        if (territory != REGISTRY_NONE)
            count = registry_responders(registry, (enum role)role, territory, t_ms, numbers, AUDIENCE_MAX);
    }
    for (size_t i = 0; i < count; i++)
        people[i] = (struct audience_person){.no = numbers[i], .role = role};
    if (count == 0)
        people[count++] = (struct audience_person){.no = REGISTRY_NONE, .role = role};
    return count;
}
