/* What must have been seen before a rate is believed: ACTIVE_LEAST_S of use, USED_LEAST_PERCENT used, in at
 * least LEVELS_LEAST readings that differ (devices that tell quarters say little for long). A discharge of a
 * day speaks for itself: day and night are in it; a younger one is used only when there is no past. */
#include "registry/battery.h"

#include <string.h>

enum {
    ACTIVE_LEAST_S = 6 * 3600,
    DAY_S = 86400,
    USED_LEAST_PERCENT = 5,
    LEVELS_LEAST = 3,
    STEP_FIRST_MIN = 30,
    DAY_MIN = 1440,
    SLOPES_MAX = BATTERY_POINTS * (BATTERY_POINTS - 1) / 2
};
static const int64_t gap_max_ms = INT64_C(26) * 3600 * 1000; /* a device that reports once a day counts */

/* Ascending, in place; a few dozen values. */
static void sort(int64_t *values, unsigned count)
{
    for (unsigned i = 1; i < count; i++)
        for (unsigned j = i; j > 0 && values[j] < values[j - 1]; j--) {
            int64_t other = values[j];
            values[j] = values[j - 1];
            values[j - 1] = other;
        }
}

static int64_t median(int64_t *values, unsigned count)
{
    sort(values, count);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static unsigned levels(const struct battery *battery)
{
    unsigned different = 1;
    for (unsigned i = 1; i < battery->count; i++)
        different += battery->used[i] != battery->used[i - 1];
    return different;
}

static uint32_t slope(const struct battery *battery)
{
    int64_t slopes[SLOPES_MAX];
    unsigned count = 0;
    if (battery->count < LEVELS_LEAST || levels(battery) < LEVELS_LEAST ||
        battery->minutes[battery->count - 1] * 60 < ACTIVE_LEAST_S || battery->used_now < USED_LEAST_PERCENT)
        return 0;
    for (unsigned i = 0; i < battery->count; i++)
        for (unsigned j = i + 1; j < battery->count; j++)
            slopes[count++] = ((int64_t)battery->used[j] - battery->used[i]) * DAY_MIN * 100 /
                              ((int64_t)battery->minutes[j] - battery->minutes[i]);
    int64_t rate = median(slopes, count);
    return rate > 0 ? (uint32_t)rate : 0;
}

/* ---- folding ---- */

static void thin(struct battery *battery)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < battery->count; i += 2, kept++) {
        battery->minutes[kept] = battery->minutes[i];
        battery->used[kept] = battery->used[i];
    }
    memset(battery->minutes + kept, 0, (BATTERY_POINTS - kept) * sizeof *battery->minutes);
    memset(battery->used + kept, 0, (BATTERY_POINTS - kept) * sizeof *battery->used);
    battery->count = (uint8_t)kept;
    if (battery->step < BATTERY_STEPS_MAX)
        battery->step++;
}

static bool is_far_enough(const struct battery *battery, uint32_t minutes)
{
    return battery->count == 0 || minutes - battery->minutes[battery->count - 1] >= (uint32_t)STEP_FIRST_MIN
                                                                                        << battery->step;
}

static void add_point(struct battery *battery)
{
    const uint32_t minutes = battery->active_s / 60;
    if (minutes > BATTERY_MINUTES_MAX || !is_far_enough(battery, minutes))
        return;
    if (battery->count == BATTERY_POINTS)
        thin(battery);
    if (!is_far_enough(battery, minutes))
        return;
    battery->minutes[battery->count] = (uint16_t)minutes;
    battery->used[battery->count] = battery->used_now;
    battery->count++;
    battery->rate = slope(battery);
}

/* The discharge is over; what it was like stays. */
static void end(struct battery *battery)
{
    if (battery->rate != 0) {
        memmove(battery->past + 1, battery->past, (BATTERY_PAST - 1) * sizeof *battery->past);
        battery->past[0] = (uint16_t)(battery->rate < UINT16_MAX ? battery->rate : UINT16_MAX);
    }
    memset(battery->minutes, 0, sizeof battery->minutes);
    memset(battery->used, 0, sizeof battery->used);
    battery->active_s = battery->rate = 0;
    battery->used_now = 0;
    battery->step = battery->count = battery->lowest = 0;
}

static void begin(struct battery *battery, uint8_t percent)
{
    battery->lowest = percent;
    add_point(battery);
}

/* Somebody who charges a little with the band off the wrist, over and over, uses more than there is. */
static int8_t within(int used)
{
    return (int8_t)(used > INT8_MAX ? INT8_MAX : used < INT8_MIN ? INT8_MIN : used);
}

void battery_read(struct battery *battery, int64_t at_ms, uint8_t percent, bool charging, bool worn)
{
    if (at_ms <= battery->last_ms)
        return;
    if (charging) {
        end(battery);
    } else if (battery->count == 0) {
        begin(battery, percent);
    } else if (percent >= battery->lowest + BATTERY_RISE_PERCENT) {
        end(battery);
        begin(battery, percent);
    } else {
        if (!battery->idle && at_ms - battery->last_ms <= gap_max_ms) {
            battery->active_s += (uint32_t)(at_ms / 1000 - battery->last_ms / 1000);
            battery->used_now = within(battery->used_now + battery->percent - percent);
        }
        if (percent < battery->lowest)
            battery->lowest = percent;
        add_point(battery);
    }
    battery->last_ms = at_ms;
    battery->percent = percent;
    battery->idle = !worn;
}

/* ---- looking ---- */

uint32_t battery_rate(const struct battery *battery)
{
    int64_t past[BATTERY_PAST];
    unsigned count = 0;
    if (battery->rate != 0 && battery->active_s >= DAY_S)
        return battery->rate;
    while (count < BATTERY_PAST && battery->past[count] != 0) {
        past[count] = battery->past[count];
        count++;
    }
    return count != 0 ? (uint32_t)median(past, count) : battery->rate;
}

int64_t battery_empty_ms(const struct battery *battery)
{
    uint32_t rate = battery->count != 0 ? battery_rate(battery) : 0;
    int64_t left_ms = rate != 0 ? (int64_t)battery->percent * 100 * DAY_S * 1000 / rate : 0;
    return rate == 0 || left_ms > (int64_t)BATTERY_DAYS_MAX * DAY_S * 1000 ? 0 : battery->last_ms + left_ms;
}

int64_t battery_next_round_ms(const struct tz *tz, int64_t t_ms, unsigned hour)
{
    struct civil local;
    clock_civil(tz, t_ms, &local);
    return clock_from_civil(tz, local.year, local.month, local.day + 1, (int)hour, 0, 0);
}

bool battery_is_due(const struct battery *battery, const struct tz *tz, int64_t t_ms, unsigned round_hour)
{
    const int64_t empty_ms = battery_empty_ms(battery);
    /* No round is further away than two days. */
    return empty_ms != 0 && empty_ms < t_ms + (int64_t)2 * DAY_S * 1000 &&
           empty_ms < battery_next_round_ms(tz, t_ms, round_hour);
}
