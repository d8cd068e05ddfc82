/* Reads a TZif file (RFC 8536) into a plain table of moments and offsets. Part of core/clock; nobody else
 * needs it. Pure: works on bytes. */
#ifndef HUYANG_CORE_TZIF_H
#define HUYANG_CORE_TZIF_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct tz_change {
    int64_t at_s; /* seconds since 1970 (UTC) from which the offset holds */
    int32_t offset_s;
};

struct tz {
    int32_t first_offset_s; /* before the first change */
    size_t count;
    struct tz_change changes[]; /* ascending */
};

/* Version 2 and later. The footer's rule is unrolled into changes up to the year TZIF_LAST_YEAR. *ret_tz is
 * the caller's (free). ERR_CORRUPT, ERR_UNSUPPORTED (version 1, or leap seconds), ERR_NOMEM. */
enum { TZIF_LAST_YEAR = 2200 };
MUST_CHECK enum err tzif_parse(const unsigned char *data, size_t len, struct tz **ret_tz);

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar; months and days out of range carry
 * over. */
int64_t tzif_day_number(int64_t year, int64_t month, int64_t day);

#endif
