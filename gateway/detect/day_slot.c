#include "detect/day_slot.h"

uint8_t day_slot(const struct civil *local)
{
    return (uint8_t)((local->hour * 60 + local->minute) / 10);
}

bool day_slot_near(uint8_t a, uint8_t b, int within)
{
    int apart = a > b ? a - b : b - a;
    return apart <= within || apart >= DAY_SLOTS - within;
}
