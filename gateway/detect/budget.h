/* The alert budget that all detectors share (practice.md 20): how rare a yellow finding must be for people to
 * hear of it now.
 *
 * A finding may say how rare it is: minus ten times the common logarithm of the probability that, by the
 * subject's own past, such a thing happens on a day (decibel; 20 = once in a hundred days). The bar is a
 * number on the same scale. Each alert that becomes yellow, of whatever family, raises it by
 * BUDGET_GAIN_DB / allowance, and the time lowers it by BUDGET_GAIN_DB a day, so that it rests where just the
 * allowance is told, and climbs by BUDGET_GAIN_DB a day where it is told twice: online tracking of a quantile
 * (Robbins and Monro 1951), as adaptive conformal inference corrects its level by what it let through (Gibbs
 * and Candès 2021). It stays within 0 and BUDGET_BAR_MAX_DB: what is rarer is told, however many there are;
 * a quiet county is told everything.
 *
 * The allowance is so many a day for each 1,000 residents, and never less than for 1,000: a street or a
 * single home has no week in which such a number means anything.
 *
 * Only findings that say how rare they are are ever held: cries for help, orange and red, the health, fraud
 * and coverage families count in the sum and are told. Pure, no clock; times are fold time in milliseconds.
 * Core loop only. Cost: a few multiplications. */
#ifndef HUYANG_DETECT_BUDGET_H
#define HUYANG_DETECT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_GAIN_DB    1.5
#define BUDGET_BAR_MAX_DB 30.0

/* Stored as it is; all zero = nothing was told yet. */
struct budget {
    double bar_db; /* as of t_ms; 0..BUDGET_BAR_MAX_DB */
    int64_t t_ms;
};

/* Of a probability in 0..1: 1..255 decibel, so that 0 is left for "does not say". */
uint8_t budget_rarity(double probability);
/* Alerts a day; 0 = no limit. */
double budget_allowance(unsigned per_thousand, uint32_t residents);
/* The bar at that time; a time before the last one is taken for it. */
double budget_bar(const struct budget *budget, int64_t t_ms);
/* Is a finding of that rarity (1..255; 0 = never held) to be held now? */
bool budget_holds(const struct budget *budget, double allowance, int64_t t_ms, uint8_t rarity);
/* An alert became yellow. Does nothing without a limit, but that the bar falls. */
void budget_told(struct budget *budget, double allowance, int64_t t_ms);

#endif
