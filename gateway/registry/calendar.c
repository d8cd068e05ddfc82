/* Which days a calendar is on.
 *
 * The Chinese calendar's months begin on the day, Beijing time, of the astronomical new moon (GB/T 33661).
 * For the day of the month nothing else is needed: no leap months, no solar terms. The table holds the length
 * of every month from 9 December 1969 on, one bit each, computed from the full series for the new moon in
 * Meeus, "Astronomical Algorithms", 2nd ed., chapter 49, with Espenak and Meeus' polynomials for delta T.
 * Three new moons fall within three minutes of midnight and may be kept a day later or earlier than the table
 * has them, as the almanacs themselves warn: 28 September 2057, 4 September 2089, 7 August 2097. */
#include "registry/calendar.h"

#include <stdlib.h>
#include <string.h>

enum { LUNAR_MONTHS = 1609, LUNAR_FIRST_DAY = -23 };
/* Bit i % 32 of word i / 32: month i has 30 days, not 29. */
static const uint32_t lunar_long[] = {
    0x95D4ADA5, 0xB25D92DA, 0x5B4ABA4B, 0x56D2ADA5, 0x49764B6A, 0x6D26E92F, 0x5B52B6A5, 0x25D52DAA,
    0xB49BA4BD, 0x6B52BA95, 0x96D535AA, 0xD26E936C, 0x6D4AEA56, 0xAB5556A9, 0x49BA4DAA, 0xB52BA93B,
    0xAD555AA5, 0x2AE956AA, 0xD4AEA56D, 0xAD52EC95, 0xAB6556AA, 0x92BA95B4, 0xB64BB25B, 0xAD655ACA,
    0x4AEA56D2, 0xE92EC96D, 0xADA55D25, 0x2B6A5AD2, 0xA4BB25B5, 0xB6957497, 0x2DAA5B52, 0x92EC96D5,
    0xDA4DD25E, 0x55A95D4A, 0x4BAA9B55, 0x693749BA, 0xB6A5752B, 0x55AAAB54, 0xA55D2AD9, 0xDA95D4AD,
    0x56AAAD52, 0x9574AB55, 0x725752B6, 0x56CA764B, 0x55B2AB55, 0xC95D4ADA, 0x5B25DA2D, 0x56B2ADA5,
    0x25752B6A, 0x751768B7, 0x00000093,
};

/* How many months before those of word `i` have 30 days. */
static const uint16_t lunar_long_before[] = {
    0,   17,  34,  51,  68,  84,  102, 119, 135, 153, 170, 187, 204, 221, 238, 254, 272,
    289, 305, 323, 340, 357, 373, 391, 408, 424, 442, 459, 475, 492, 510, 526, 543, 561,
    577, 594, 611, 629, 645, 662, 680, 696, 713, 730, 747, 764, 781, 798, 815, 831, 849,
};
_Static_assert(sizeof lunar_long_before / sizeof *lunar_long_before == sizeof lunar_long / sizeof *lunar_long,
               "one for each word");

/* Start of month `i` as a day number. */
static int64_t lunar_start(unsigned i)
{
    int64_t day = LUNAR_FIRST_DAY + 29 * (int64_t)i + lunar_long_before[i / 32];
    if (i % 32)
        day += __builtin_popcount(lunar_long[i / 32] & ((UINT32_C(1) << i % 32) - 1));
    return day;
}

unsigned calendar_lunar_day(int64_t day_number)
{
    if (day_number < 0 || day_number >= lunar_start(LUNAR_MONTHS))
        return 0;
    /* The mean month is 29.53059 days long; the estimate is off by one at most. */
    unsigned month = (unsigned)((day_number - LUNAR_FIRST_DAY) * 100000 / 2953059);
    while (month > 0 && lunar_start(month) > day_number)
        month--;
    while (month + 1 < LUNAR_MONTHS && lunar_start(month + 1) <= day_number)
        month++;
    return (unsigned)(day_number - lunar_start(month)) + 1;
}

bool calendar_is_spring_festival(int64_t day_number)
{
    enum { DAYS_BEFORE = 3, LAST_LUNAR_DAY = 10, FIRST_AT = 20, LAST_AT = 51 };
    int64_t year = 1970 + (day_number * 400 + 200) / 146097, january = 0;
    if (day_number < 0 || !calendar_day_number((int)year, 1, 1, &january))
        return false;
    /* The first month begins with a new moon from 21 January to 20 February; asked for each event, so most of
     * the year is told by one look. */
    if (day_number - january < FIRST_AT - DAYS_BEFORE || day_number - january >= LAST_AT + LAST_LUNAR_DAY)
        return false;
    /* Of the months that have begun DAYS_BEFORE days from now only the last can be so near. */
    int64_t ahead = day_number + DAYS_BEFORE, first = ahead - calendar_lunar_day(ahead) + 1;
    return first <= ahead && day_number - first < LAST_LUNAR_DAY && first - january >= FIRST_AT &&
           first - january < LAST_AT;
}

bool calendar_day_number(int year, int month, int day, int64_t *ret_day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int length = before[month] - before[month - 1] + (leap && month == 2);
    if (day > length)
        return false;
    int64_t past = year - 1;
    int64_t days = past * 365 + past / 4 - past / 100 + past / 400;
    *ret_day = days + before[month - 1] + (leap && month > 2) + day - 1 - 719162;
    return true;
}

static bool digits(const char *text, size_t len, int *ret_value)
{
    int value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *ret_value = value;
    return true;
}

bool calendar_parse_date(const char *text, size_t len, int *ret_year, int *ret_month, int *ret_day)
{
    int year, month, day;
    int64_t number;
    if (len != 10 || text[4] != '-' || text[7] != '-' || !digits(text, 4, &year) ||
        !digits(text + 5, 2, &month) || !digits(text + 8, 2, &day) || year < 1970 || year > 2199 ||
        !calendar_day_number(year, month, day, &number))
        return false;
    *ret_year = year;
    *ret_month = month;
    *ret_day = day;
    return true;
}

/* Bit 0 = Sunday; -1 when the name is not known. */
static int weekday(const char *text, size_t len)
{
    static const char *const names[][7] = {
        {"sun", "mon", "tue", "wed", "thu", "fri", "sat"},
        {"周日", "周一", "周二", "周三", "周四", "周五", "周六"},
        {"星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"},
    };
    for (unsigned row = 0; row < sizeof names / sizeof names[0]; row++)
        for (int day = 0; day < 7; day++)
            if (strlen(names[row][day]) == len && memcmp(names[row][day], text, len) == 0)
                return day;
    return -1;
}

/* "mon", "mon-fri", "周一至周五", "daily". */
static uint8_t weekday_range(const char *text, size_t len)
{
    if ((len == 5 && memcmp(text, "daily", 5) == 0) || (len == 6 && memcmp(text, "每天", 6) == 0))
        return 0x7F;
    int first = weekday(text, len);
    if (first >= 0)
        return (uint8_t)(1U << first);
    static const char *const between[] = {"-", "至", "到"};
    for (unsigned i = 0; i < sizeof between / sizeof between[0]; i++) {
        const char *at = memmem(text, len, between[i], strlen(between[i]));
        if (!at)
            continue;
        size_t head = (size_t)(at - text), tail = head + strlen(between[i]);
        int last = weekday(text + tail, len - tail);
        first = weekday(text, head);
        if (first < 0 || last < 0)
            return 0;
        unsigned set = 1U << first;
        while (first != last) {
            first = (first + 1) % 7;
            set |= 1U << first;
        }
        return (uint8_t)set;
    }
    return 0;
}

/* The folder's lists are separated by semicolons; within a rule commas read more naturally. Both are fine. */
static bool separates(char c)
{
    return c == ',' || c == ';';
}

/* The next item of a list separated by commas, spaces cut. */
static bool next_item(const char **at, const char *end, const char **ret_item, size_t *ret_len)
{
    if (*at > end)
        return false;
    const char *start = *at, *stop = start;
    while (stop < end && !separates(*stop))
        stop++;
    *at = stop + 1;
    while (start < stop && *start == ' ')
        start++;
    while (stop > start && stop[-1] == ' ')
        stop--;
    *ret_item = start;
    *ret_len = (size_t)(stop - start);
    return true;
}

uint8_t calendar_weekdays(const char *text, size_t len)
{
    const char *at = text, *item;
    size_t item_len;
    uint8_t set = 0;
    while (next_item(&at, text + len, &item, &item_len)) {
        uint8_t days = weekday_range(item, item_len);
        if (!days)
            return 0;
        set |= days;
    }
    return set;
}

/* "3,6,9": a set of last digits; 0 = not understood. */
static uint16_t digit_set(const char *text)
{
    const char *at = text, *item;
    size_t len;
    uint16_t set = 0;
    while (next_item(&at, text + strlen(text), &item, &len)) {
        if (len != 1 || *item < '0' || *item > '9')
            return 0;
        set = (uint16_t)(set | 1U << (*item - '0'));
    }
    return set;
}

static int compare_days(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static const char *parse_dates(const char *text, struct arena *arena, struct calendar *calendar)
{
    size_t count = 1;
    for (const char *p = text; *p; p++)
        count += separates(*p);
    if (count > CALENDAR_DATES_MAX)
        return "more than 2000 dates";
    int64_t *days = arena_alloc(arena, count * sizeof *days);
    if (!days)
        return "out of memory";
    const char *at = text, *item;
    size_t len, used = 0;
    while (used < count && next_item(&at, text + strlen(text), &item, &len)) {
        int year, month, day;
        if (!calendar_parse_date(item, len, &year, &month, &day) ||
            !calendar_day_number(year, month, day, &days[used++]))
            return "dates look like 2026-02-17,2026-02-18";
    }
    qsort(days, used, sizeof *days, compare_days);
    calendar->days = days;
    calendar->day_count = (uint32_t)used;
    return NULL;
}

const char *calendar_parse(const char *rule, struct arena *arena, struct calendar *calendar)
{
    static const struct {
        const char *word;
        enum calendar_rule kind;
    } rules[] = {{"weekly ", CALENDAR_WEEKLY},
                 {"solar ", CALENDAR_SOLAR_DIGIT},
                 {"lunar ", CALENDAR_LUNAR_DIGIT},
                 {"dates ", CALENDAR_DATES}};
    for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        size_t len = strlen(rules[i].word);
        if (strncmp(rule, rules[i].word, len) != 0)
            continue;
        calendar->rule_kind = (uint8_t)rules[i].kind;
        rule += len;
        if (rules[i].kind == CALENDAR_DATES)
            return parse_dates(rule, arena, calendar);
        if (rules[i].kind == CALENDAR_WEEKLY)
            calendar->mask = calendar_weekdays(rule, strlen(rule));
        else
            calendar->mask = digit_set(rule);
        if (calendar->mask)
            return NULL;
        return rules[i].kind == CALENDAR_WEEKLY ? "weekdays look like sat,sun or mon-fri"
                                                : "digits look like 3,6,9";
    }
    return "a rule is weekly DAYS, solar DIGITS, lunar DIGITS or dates DATES";
}

bool calendar_is_on(const struct calendar *calendar, const struct civil *local)
{
    switch ((enum calendar_rule)calendar->rule_kind) {
    case CALENDAR_WEEKLY: return calendar->mask >> local->weekday & 1;
    case CALENDAR_SOLAR_DIGIT: return calendar->mask >> local->day % 10 & 1;
    case CALENDAR_LUNAR_DIGIT: {
        unsigned day = calendar_lunar_day(local->day_number);
        return day && (calendar->mask >> day % 10 & 1);
    }
    case CALENDAR_DATES:
        return calendar->day_count && bsearch(&local->day_number, calendar->days, calendar->day_count,
                                              sizeof *calendar->days, compare_days);
    }
    return false;
}
