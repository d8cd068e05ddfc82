/* Inside the registry: reading and judging the rules of calendars.csv. Pure.
 *
 *     weekly sat,sun | solar 3,6,9 | lunar 3,6,9 | dates 2026-02-17,2026-02-18
 *
 * The digits are last digits of the day of the month, as fairs are held (逢三六九): "3" is the 3rd, the 13th
 * and the 23rd. */
#ifndef HUYANG_REGISTRY_CALENDAR_H
#define HUYANG_REGISTRY_CALENDAR_H

#include "core/arena.h"
#include "registry/registry.h"

enum calendar_rule { CALENDAR_WEEKLY = 1, CALENDAR_SOLAR_DIGIT, CALENDAR_LUNAR_DIGIT, CALENDAR_DATES };
enum { CALENDAR_DATES_MAX = 2000 };

/* Fills the rule's members; NULL when it is well, else what is wrong with it (a constant text). ret_err is
 * ERR_NOMEM when the arena is full. */
const char *calendar_parse(const char *rule, struct arena *arena, struct calendar *calendar);
/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar; false when there is no such date. */
bool calendar_day_number(int year, int month, int day, int64_t *ret_day);
/* "2026-02-17", `len` bytes exactly. Years 1970..2199. */
bool calendar_parse_date(const char *text, size_t len, int *ret_year, int *ret_month, int *ret_day);
/* Bit 0 = Sunday. "sat", "周六", "mon-fri", "周一至周五", "daily", "每天", and these joined by commas; 0 =
 * not understood. */
uint8_t calendar_weekdays(const char *text, size_t len);
/* Day of the month (1..30) in the Chinese calendar; 0 outside 1970-01-01..2099-12-31. */
unsigned calendar_lunar_day(int64_t day_number);
/* Is it the Spring Festival, when families are at home: from three days before the first day of the Chinese
 * year to its tenth, when most have left again? False outside 1970..2099. */
bool calendar_is_spring_festival(int64_t day_number);

#endif
