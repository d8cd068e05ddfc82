/* The fold's side of the shared alert budget (detect/budget.h): what is held, what counts, and the ledger of
 * it. A yellow finding below the bar goes on as green, with FINDING_HELD, and an entry of the suppressions
 * says so; the detectors that hear it hear it as it was. */
#include <stdio.h>
#include <string.h>

#include "detect/budget.h"
#include "gateway_inner.h"

enum { VERSION = 1 };
static const char table_name[] = "budget";

static const struct alert *open_of(const struct gateway *gateway, const struct finding *finding)
{
    return alerts_open_of(gateway->alerts, finding->subject, (enum family)finding->family);
}

static bool is_told(const struct alert *alert)
{
    return alert != NULL && alert->level >= LEVEL_YELLOW;
}

/* What joins an alert that people have already is no further load. */
static bool is_held(const struct gateway *gateway, const struct finding *finding)
{
    const unsigned beyond =
        FINDING_CLEARS | FINDING_LOWERS | FINDING_FUSED | FINDING_RECORD | FINDING_EMERGENCY;
    return finding->level == LEVEL_YELLOW && (finding->flags & beyond) == 0 &&
           budget_holds(&gateway->budget, gateway->allowance, gateway->t_ms, finding->rarity) &&
           !is_told(open_of(gateway, finding));
}

static void note_held(struct gateway *gateway, const struct finding *finding)
{
    const struct alert *alert = open_of(gateway, finding);
    struct batch_item *item = gateway_add(gateway, BATCH_SUPPRESSION);
    if (item == NULL)
        return;
    struct suppression *held = &item->suppression.suppression;
    *held = (struct suppression){.t_ms = gateway->t_ms,
                                 .job = {.t_ms = gateway->t_ms,
                                         .kind = JOB_NOTIFY,
                                         .family = finding->family,
                                         .level = LEVEL_YELLOW,
                                         .recipient = REGISTRY_NONE,
                                         .device = REGISTRY_NONE},
                                 .rule = SUPPRESSED_BY_YELLOW,
                                 .by = "policy"};
    if (alert != NULL)
        held->job.alert = alert->id;
    snprintf(held->why, sizeof(held->why),
             "%s: rarity %u dB lies below the bar of %.1f dB; all detectors together are told %.0f a day",
             detectors[finding->detector]->name, finding->rarity, budget_bar(&gateway->budget, gateway->t_ms),
             gateway->allowance);
}

void gateway_budget_bind(struct gateway *gateway)
{
    const struct registry *registry = gateway->config.registry;
    uint32_t residents = 0;
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_RESIDENT); no++)
        residents += !registry_resident(registry, no)->removed;
    gateway->allowance = budget_allowance(gateway->config.alert->noise.yellow_per_day, residents);
}

void gateway_tell(struct gateway *gateway, const struct finding *finding)
{
    struct finding told = *finding;
    const bool held = is_held(gateway, finding), before = is_told(open_of(gateway, finding));
    if (held) {
        told.level = LEVEL_GREEN;
        told.flags |= FINDING_HELD;
    }
    struct batch_item *item = gateway_add(gateway, BATCH_FINDING);
    if (item != NULL)
        item->finding = (struct batch_finding){.n = gateway->n, .finding = told};
    if (told.flags & FINDING_RECORD)
        return;
    alerts_on_finding(gateway->alerts, gateway->t_ms, &told);
    const struct alert *alert = open_of(gateway, finding);
    if (held)
        note_held(gateway, finding);
    else if (!before && is_told(alert) && alert->level == LEVEL_YELLOW)
        budget_told(&gateway->budget, gateway->allowance, gateway->t_ms);
}

enum err gateway_budget_snapshot(const struct gateway *gateway,
                                 enum err (*keep)(void *self, const char *table, uint16_t version,
                                                  uint32_t no, const void *value, size_t len),
                                 void *self)
{
    return gateway->budget.t_ms == 0
               ? ERR_OK
               : keep(self, table_name, VERSION, 0, &gateway->budget, sizeof(gateway->budget));
}

bool gateway_budget_is(const char *table)
{
    return strcmp(table, table_name) == 0;
}

enum err gateway_budget_restore(struct gateway *gateway, uint16_t version, const void *value, size_t len)
{
    struct budget budget;
    if (version != VERSION)
        return ERR_UNSUPPORTED;
    if (len != sizeof(budget))
        return ERR_CORRUPT;
    memcpy(&budget, value, len);
    if (!(budget.bar_db >= 0 && budget.bar_db <= BUDGET_BAR_MAX_DB) || budget.t_ms < 0)
        return ERR_CORRUPT;
    gateway->budget = budget;
    return ERR_OK;
}
