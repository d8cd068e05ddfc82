#include "detect/day_slot.h"

uint8_t day_slot(const struct civil *local)
{
    return (uint8_t)((local->hour * 60 + local->minute) / 10);
}

int day_slot_apart(uint8_t a, uint8_t b)
{
    int apart = a > b ? a - b : b - a;
    return apart <= DAY_SLOTS / 2 ? apart : DAY_SLOTS - apart;
}

bool day_slot_near(uint8_t a, uint8_t b, int within)
{
    return day_slot_apart(a, b) <= within;
}

bool day_is_night(const struct tz *tz, int64_t at_ms)
{
    struct civil local;
    clock_civil(tz, at_ms, &local);
    return local.hour >= DAY_NIGHT_FROM_HOUR || local.hour < DAY_NIGHT_TO_HOUR;
}
