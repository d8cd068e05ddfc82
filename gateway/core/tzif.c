/* A TZif file holds the changes that the past brought, and a footer: a rule in the form of the POSIX TZ
 * variable for all time after the last of them. The rule is unrolled here, two changes a year, so that a
 * look-up later is one binary search over one table. */
#include "core/tzif.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_SIZE = 44, MAX_CHANGES = 4096, DAY_S = 86400, MAX_OFFSET_S = 26 * 3600 };

/* --- The calendar. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". --- */

int64_t tzif_day_number(int64_t year, int64_t month, int64_t day)
{
    int64_t carry = (month - 1) / 12;
    if ((month - 1) % 12 < 0)
        carry--;
    year += carry;
    month -= carry * 12;
    if (month <= 2)
        year--;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468 + day - 1;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* --- The footer: std offset [dst [offset] , start[/time] , end[/time]] --- */

struct rule_date {
    char kind; /* 'M' month, week, weekday; 'J' day 1..365 without 29 February; 'N' day 0..365 */
    int month, week, day;
    int32_t time_s;
};

struct rule {
    int32_t standard_s, summer_s;
    bool has_summer;
    struct rule_date start, end;
};

static bool take(const char **p, char c)
{
    if (**p != c)
        return false;
    ++*p;
    return true;
}

static bool take_number(const char **p, int low, int high, int *ret_value)
{
    int value = 0, digits = 0;
    while (**p >= '0' && **p <= '9' && digits < 4) {
        value = value * 10 + (**p - '0');
        ++*p;
        digits++;
    }
    if (digits == 0 || value < low || value > high)
        return false;
    *ret_value = value;
    return true;
}

static bool take_name(const char **p)
{
    bool quoted = take(p, '<');
    size_t len = 0;
    for (; **p; ++*p, len++) {
        char c = **p;
        bool alpha = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool more = (c >= '0' && c <= '9') || c == '+' || c == '-';
        if (!alpha && !(quoted && more))
            break;
    }
    return len >= 3 && (!quoted || take(p, '>'));
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool take_time(const char **p, int max_hours, int32_t *ret_s)
{
    bool negative = take(p, '-');
    if (!negative)
        take(p, '+');
    int hours, minutes = 0, seconds = 0;
    if (!take_number(p, 0, max_hours, &hours))
        return false;
    if (take(p, ':') && !take_number(p, 0, 59, &minutes))
        return false;
    if (p[0][-1] != ':' && take(p, ':') && !take_number(p, 0, 59, &seconds))
        return false;
    int32_t total = hours * 3600 + minutes * 60 + seconds;
    *ret_s = negative ? -total : total;
    return true;
}

static bool take_date(const char **p, struct rule_date *date)
{
    *date = (struct rule_date){.kind = 'N', .time_s = 2 * 3600};
    if (take(p, 'M')) {
        date->kind = 'M';
        if (!take_number(p, 1, 12, &date->month) || !take(p, '.') || !take_number(p, 1, 5, &date->week) ||
            !take(p, '.') || !take_number(p, 0, 6, &date->day))
            return false;
    } else if (take(p, 'J')) {
        date->kind = 'J';
        if (!take_number(p, 1, 365, &date->day))
            return false;
    } else if (!take_number(p, 0, 365, &date->day)) {
        return false;
    }
    return !take(p, '/') || take_time(p, 167, &date->time_s);
}

static bool parse_rule(const char *text, struct rule *rule)
{
    const char *p = text;
    int32_t west_s;
    *rule = (struct rule){0};
    if (!take_name(&p) || !take_time(&p, 24, &west_s))
        return false;
    rule->standard_s = -west_s;
    if (*p == 0)
        return true;
    if (!take_name(&p))
        return false;
    rule->has_summer = true;
    rule->summer_s = rule->standard_s + 3600;
    if (*p != ',') {
        if (!take_time(&p, 24, &west_s))
            return false;
        rule->summer_s = -west_s;
    }
    return take(&p, ',') && take_date(&p, &rule->start) && take(&p, ',') && take_date(&p, &rule->end) &&
           *p == 0;
}

/* The moment in `year` that `date` names, in seconds of local time. */
static int64_t rule_local_s(const struct rule_date *date, int64_t year)
{
    int64_t day;
    if (date->kind == 'M') {
        int64_t first = tzif_day_number(year, date->month, 1);
        int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
        day = first + (date->day - weekday + 7) % 7 + 7 * (date->week - 1);
        if (day >= tzif_day_number(year, date->month + 1, 1))
            day -= 7; /* week 5 means the last one */
    } else {
        day = tzif_day_number(year, 1, 1) + date->day;
        if (date->kind == 'J' && !(is_leap(year) && date->day >= 60))
            day--;
    }
    return day * DAY_S + date->time_s;
}

/* --- The file --- */

struct block {
    size_t changes, types, chars, leaps, utc_flags, std_flags;
    const unsigned char *data; /* after the header */
    size_t size;
    unsigned char version;
};

static uint32_t read_be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static int64_t read_be64(const unsigned char *p)
{
    return (int64_t)((uint64_t)read_be32(p) << 32 | read_be32(p + 4));
}

static enum err read_block(const unsigned char *data, size_t len, size_t time_size, struct block *ret_block)
{
    if (len < HEADER_SIZE || memcmp(data, "TZif", 4) != 0)
        return ERR_CORRUPT;
    struct block block = {.data = data + HEADER_SIZE,
                          .version = data[4],
                          .utc_flags = read_be32(data + 20),
                          .std_flags = read_be32(data + 24),
                          .leaps = read_be32(data + 28),
                          .changes = read_be32(data + 32),
                          .types = read_be32(data + 36),
                          .chars = read_be32(data + 40)};
    if (block.changes > MAX_CHANGES || block.types > 256 || block.chars > 4096 || block.leaps > 4096 ||
        block.utc_flags > 256 || block.std_flags > 256)
        return ERR_CORRUPT;
    block.size = block.changes * (time_size + 1) + block.types * 6 + block.chars +
                 block.leaps * (time_size + 4) + block.utc_flags + block.std_flags;
    if (block.size > len - HEADER_SIZE)
        return ERR_CORRUPT;
    *ret_block = block;
    return ERR_OK;
}

static enum err type_offset(const struct block *block, size_t type, int32_t *ret_offset_s)
{
    if (type >= block->types)
        return ERR_CORRUPT;
    int32_t offset_s = (int32_t)read_be32(block->data + block->changes * 9 + type * 6);
    if (offset_s < -MAX_OFFSET_S || offset_s > MAX_OFFSET_S)
        return ERR_CORRUPT;
    *ret_offset_s = offset_s;
    return ERR_OK;
}

static enum err copy_changes(const struct block *block, struct tz *tz)
{
    enum err err = type_offset(block, 0, &tz->first_offset_s);
    for (size_t i = 0; err == ERR_OK && i < block->changes; i++) {
        struct tz_change *change = &tz->changes[i];
        change->at_s = read_be64(block->data + i * 8);
        if (i > 0 && change->at_s <= change[-1].at_s)
            return ERR_CORRUPT;
        err = type_offset(block, block->data[block->changes * 8 + i], &change->offset_s);
    }
    tz->count = block->changes;
    return err;
}

/* Only what comes after the last explicit change counts, and only real changes are kept; at equal moments the
 * later call wins. */
static void add_change(struct tz *tz, int64_t floor_s, int64_t at_s, int32_t offset_s)
{
    if (at_s <= floor_s)
        return;
    if (tz->count && tz->changes[tz->count - 1].at_s >= at_s)
        tz->changes[tz->count - 1].offset_s = offset_s;
    else
        tz->changes[tz->count++] = (struct tz_change){.at_s = at_s, .offset_s = offset_s};
}

static void unroll(struct tz *tz, const struct rule *rule)
{
    int64_t floor_s = tz->count ? tz->changes[tz->count - 1].at_s : INT64_MIN;
    if (!rule->has_summer) {
        if (tz->count == 0)
            tz->first_offset_s = rule->standard_s;
        return;
    }
    for (int64_t year = 1970; year <= TZIF_LAST_YEAR; year++) {
        int64_t start = rule_local_s(&rule->start, year) - rule->standard_s;
        int64_t end = rule_local_s(&rule->end, year) - rule->summer_s;
        if (start < end) {
            add_change(tz, floor_s, start, rule->summer_s);
            add_change(tz, floor_s, end, rule->standard_s);
        } else {
            add_change(tz, floor_s, end, rule->standard_s);
            add_change(tz, floor_s, start, rule->summer_s);
        }
    }
}

/* The footer stands between two newlines and may be empty: then the last change holds for ever. */
static enum err read_footer(const unsigned char *data, size_t len, bool *ret_present, struct rule *ret_rule)
{
    char text[128];
    const unsigned char *end = len > 1 && data[0] == '\n' ? memchr(data + 1, '\n', len - 1) : NULL;
    if (!end || (size_t)(end - data) > sizeof text)
        return ERR_CORRUPT;
    size_t text_len = (size_t)(end - data) - 1;
    memcpy(text, data + 1, text_len);
    text[text_len] = 0;
    if (text_len && (strlen(text) != text_len || !parse_rule(text, ret_rule)))
        return ERR_CORRUPT;
    *ret_present = text_len > 0;
    return ERR_OK;
}

enum err tzif_parse(const unsigned char *data, size_t len, struct tz **ret_tz)
{
    struct block block;
    enum err err = read_block(data, len, 4, &block);
    if (err != ERR_OK)
        return err;
    if (block.version < '2')
        return ERR_UNSUPPORTED;
    size_t skip = HEADER_SIZE + block.size;
    err = read_block(data + skip, len - skip, 8, &block);
    if (err != ERR_OK)
        return err;
    if (block.leaps)
        return ERR_UNSUPPORTED; /* "right/" zones count leap seconds; our milliseconds do not */
    bool present = false;
    struct rule rule = {0};
    size_t footer = skip + HEADER_SIZE + block.size;
    err = read_footer(data + footer, len - footer, &present, &rule);
    if (err != ERR_OK)
        return err;

    size_t most = block.changes + 2 * (TZIF_LAST_YEAR - 1970 + 1);
    struct tz *tz = malloc(sizeof *tz + most * sizeof tz->changes[0]);
    if (!tz)
        return ERR_NOMEM;
    err = copy_changes(&block, tz);
    if (err != ERR_OK) {
        free(tz);
        return err;
    }
    if (present)
        unroll(tz, &rule);
    *ret_tz = tz;
    return ERR_OK;
}
