#include "detect/leniency.h"

#include <math.h>

double leniency_on(const struct leniency *leniency, uint16_t day)
{
    int days = day > leniency->day ? day - leniency->day : 0;
    if (days >= LENIENCY_DAYS)
        return 0;
    return LENIENCY_MOST * leniency->share / UINT16_MAX * (LENIENCY_DAYS - days) / LENIENCY_DAYS;
}

bool leniency_learn(struct leniency *leniency, uint16_t day, const struct closing *closing)
{
    if (closing->lesson == LESSON_NONE || (closing->lesson != LESSON_TRUE && !closing->reached))
        return false;
    double left =
        closing->lesson == LESSON_TRUE ? 0 : fmin(leniency_on(leniency, day) + LENIENCY_STEP, LENIENCY_MOST);
    leniency->share = (uint16_t)lround(left / LENIENCY_MOST * UINT16_MAX);
    leniency->day = day;
    return true;
}
