/* How fast a device's battery goes down, and when it will be empty. Folds the readings of its heartbeats in
 * the time of the events; 64 bytes a device, no allocation, integers only, so the same readings give
 * the same bytes everywhere. Pure.
 *
 * A discharge begins when the charger is taken away (or the level stands BATTERY_RISE_PERCENT above its
 * lowest: many devices do not tell that they charge) and ends with the next charge. What counts is the time
 * the band is worn: a band in a drawer asleep says nothing of how long it lasts on a wrist, so its time and
 * what it used meanwhile are left out, as is a silence of more than a day.
 *
 * The rate is the Theil-Sen estimator, the median of the slopes between all pairs of points (H. Theil, "A
 * rank-invariant method of linear and polynomial regression analysis", 1950; P. K. Sen, "Estimates of the
 * regression coefficient based on Kendall's tau", JASA 63, 1968): up to 29 % of the points may be wild. The
 * points of a discharge are BATTERY_POINTS; when they are full every second one goes and their distance
 * doubles, so they always span the whole discharge. A finished discharge leaves its rate; the median of the
 * last BATTERY_PAST ones speaks while the present one is younger than a day.
 *
 * Small because a county has many: time in whole minutes, at most 45 days of use (BATTERY_MINUTES_MAX) of one
 * discharge have points, the rate of those speaks for the rest.
 *
 * Honest unknown: no rate before something of use was seen (battery.c says how much), none while charging. */
#ifndef HUYANG_REGISTRY_BATTERY_H
#define HUYANG_REGISTRY_BATTERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"

enum {
    BATTERY_POINTS = 12,
    BATTERY_PAST = 3,
    BATTERY_RISE_PERCENT = 5,
    BATTERY_DAYS_MAX = 999,
    BATTERY_MINUTES_MAX = UINT16_MAX,
    BATTERY_STEPS_MAX = 11 /* doublings of the least distance until two points span all of that */
};

struct battery {
    int64_t last_ms;                  /* at of the newest reading, 0 = none */
    uint32_t active_s;                /* of the present discharge, as far as it counts */
    uint32_t rate;                    /* of the present discharge, 0.01 % a day; 0 = unknown */
    uint16_t minutes[BATTERY_POINTS]; /* the points: active time … */
    uint16_t past[BATTERY_PAST];      /* rates of finished discharges, the newest first; 0 = none */
    int8_t used[BATTERY_POINTS];      /* … and percent used by then; noise may take some back */
    int8_t used_now;                  /* percent */
    uint8_t step;                     /* doublings of the least distance of two points */
    uint8_t count;                    /* of points; 0 = no discharge */
    uint8_t percent, lowest;          /* newest reading; lowest of the discharge */
    uint8_t idle;                     /* not worn since the newest reading */
};

/* One reading, told at `at_ms`: percent 0..100. One that is not newer than the last is left out. */
void battery_read(struct battery *battery, int64_t at_ms, uint8_t percent, bool charging, bool worn);
/* 0.01 % a day while worn; 0 = unknown. */
uint32_t battery_rate(const struct battery *battery);
/* When it will be empty if it is worn on; 0 = unknown: not enough seen, charging, or later than
 * BATTERY_DAYS_MAX days after the newest reading. */
int64_t battery_empty_ms(const struct battery *battery);
/* The first moment of hour `hour` (local) of the day after t's: tomorrow's round. */
int64_t battery_next_round_ms(const struct tz *tz, int64_t t_ms, unsigned hour);
/* Empty before tomorrow's round, as far as can be told? O(1) and mostly one comparison. */
bool battery_is_due(const struct battery *battery, const struct tz *tz, int64_t t_ms, unsigned round_hour);

#endif
