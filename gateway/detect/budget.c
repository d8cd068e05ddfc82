#include "detect/budget.h"

#include <math.h>

#define DAY_MS (24 * 3600 * 1000.0)

uint8_t budget_rarity(double probability)
{
    if (!(probability < 1))
        return 1;
    double rarity = probability > 0 ? round(-10 * log10(probability)) : UINT8_MAX;
    return rarity < 1 ? 1 : rarity > UINT8_MAX ? UINT8_MAX : (uint8_t)rarity;
}

double budget_allowance(unsigned per_thousand, uint32_t residents)
{
    return per_thousand * (residents > 1000 ? residents / 1000.0 : 1);
}

double budget_bar(const struct budget *budget, int64_t t_ms)
{
    double days = t_ms > budget->t_ms ? (double)(t_ms - budget->t_ms) / DAY_MS : 0;
    return fmax(0, budget->bar_db - days * BUDGET_GAIN_DB);
}

bool budget_holds(const struct budget *budget, double allowance, int64_t t_ms, uint8_t rarity)
{
    return allowance > 0 && rarity && rarity < budget_bar(budget, t_ms);
}

void budget_told(struct budget *budget, double allowance, int64_t t_ms)
{
    double bar_db = budget_bar(budget, t_ms) + (allowance > 0 ? BUDGET_GAIN_DB / allowance : 0);
    budget->bar_db = fmin(bar_db, BUDGET_BAR_MAX_DB);
    if (t_ms > budget->t_ms)
        budget->t_ms = t_ms;
}
