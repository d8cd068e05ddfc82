/* How many alerts of a family opened lately, for the conditions of steps: a ring of the last openings, part
 * of the snapshot. What is older than the ring holds is no longer counted, so a count never exceeds
 * POLICY_RECENT_MAX. */
#include <string.h>

#include "alert/alerts.h"

void recent_add(struct alerts *alerts, const struct alert *alert, enum level level)
{
    struct recent *recent = &alerts->recent[alert->family];
    recent->alerts[recent->next] = (struct recent_alert){.t_ms = alert->opened_ms,
                                                         .territory = audience_territory(alerts, alert),
                                                         .level_plus_1 = (uint32_t)level + 1};
    recent->next = (recent->next + 1) % POLICY_RECENT_MAX;
    recent->count += recent->count < POLICY_RECENT_MAX;
    alerts->recent_dirty[alert->family] = true;
}

unsigned recent_count(const struct alerts *alerts, enum family family, int64_t since_ms,
                      const char *territory)
{
    const struct recent *recent = &alerts->recent[family];
    unsigned count = 0;
    for (uint32_t i = 0; i < recent->count; i++)
        count += recent->alerts[i].t_ms > since_ms &&
                 policy_is_within(alerts->config.registry, recent->alerts[i].territory, territory);
    return count;
}

unsigned recent_grave(const struct alerts *alerts, enum family family, int64_t since_ms)
{
    const struct recent *recent = &alerts->recent[family];
    unsigned count = 0;
    for (uint32_t i = 0; i < recent->count; i++)
        count += recent->alerts[i].t_ms > since_ms && recent->alerts[i].level_plus_1 > LEVEL_YELLOW;
    return count;
}
