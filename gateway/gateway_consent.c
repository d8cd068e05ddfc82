/* Consent in the fold: what a withdrawal ends, and what was kept for an emergency only. A new registry
 * version comes with a snapshot in the same commit, so that a restart finds what this did. */
#include <stdlib.h>

#include "gateway_inner.h"

enum err gateway_note_lost(struct gateway *gateway, const struct registry *registry)
{
    const struct registry *before = gateway->config.registry;
    const uint32_t count = registry_count(before, REGISTRY_RESIDENT);
    free(gateway->lost);
    gateway->lost = NULL;
    gateway->lost_count = count;
    for (uint32_t no = 0; no < count && no < registry_count(registry, REGISTRY_RESIDENT); no++) {
        const unsigned lost =
            registry_effective_consent(before, no) & ~registry_effective_consent(registry, no);
        if (lost == 0)
            continue;
        if (gateway->lost == NULL && (gateway->lost = calloc(count, 1)) == NULL)
            return ERR_NOMEM;
        gateway->lost[no] = (uint8_t)lost;
    }
    return ERR_OK;
}

/* The registry before is not known any more: nobody has what they do not have now. Of whom that held before
 * there is nothing to end, so it does no harm to do it again. */
enum err gateway_recheck_consent(struct gateway *gateway)
{
    const struct registry *registry = gateway->config.registry;
    const uint32_t count = registry_count(registry, REGISTRY_RESIDENT);
    free(gateway->lost);
    gateway->lost_count = count;
    gateway->lost = calloc((size_t)count + 1, 1);
    if (gateway->lost == NULL)
        return ERR_NOMEM;
    for (uint32_t no = 0; no < count; no++)
        gateway->lost[no] =
            (uint8_t)~registry_effective_consent(registry, no) & (CONSENT_BIT(CONSENT_COUNT) - 1);
    gateway->lost_before = true;
    return ERR_OK;
}

/* A position that an open emergency keeps goes when that ends. */
static bool is_kept(const struct gateway *gateway, uint32_t no)
{
    const struct subject subject = {.kind = SUBJECT_RESIDENT, .no = no};
    return gateway->lost_before && alerts_open_of(gateway->alerts, subject, FAMILY_EMERGENCY) != NULL;
}

void gateway_forget_lost(struct gateway *gateway)
{
    if (gateway->lost == NULL)
        return;
    for (uint32_t no = 0; no < gateway->lost_count; no++) {
        const uint32_t kinds = registry_kinds_of(gateway->lost[no]);
        if (kinds == 0)
            continue;
        const uint32_t household = registry_resident(gateway->config.registry, no)->household;
        if (!is_kept(gateway, no))
            live_forget(gateway->live, no, gateway->lost[no]);
        detect_forget(gateway->detect, (struct subject){.kind = SUBJECT_RESIDENT, .no = no}, kinds);
        if (household != REGISTRY_NONE)
            detect_forget(gateway->detect, (struct subject){.kind = SUBJECT_HOUSEHOLD, .no = household},
                          kinds);
    }
    alerts_on_withdrawal(gateway->alerts, gateway->t_ms, gateway->lost, gateway->lost_count);
    free(gateway->lost);
    gateway->lost = NULL;
    gateway->lost_before = false;
}

void gateway_forget_emergency(struct gateway *gateway, const struct alert *alert)
{
    if (alert->family == FAMILY_EMERGENCY && alert->state != ALERT_OPEN && alert->resident != REGISTRY_NONE &&
        !(registry_effective_consent(gateway->config.registry, alert->resident) &
          CONSENT_BIT(CONSENT_LOCATION)))
        live_forget(gateway->live, alert->resident, CONSENT_BIT(CONSENT_LOCATION));
}
