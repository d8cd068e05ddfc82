/* Time as an argument. Only the loops read a clock (clock_now); everything else is handed the time. Durations
 * and deadlines of the fold are wall milliseconds of the input log (contracts.md 1); deadlines of I/O are
 * monotonic. */
#ifndef HUYANG_CORE_CLOCK_H
#define HUYANG_CORE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct now {
    int64_t mono_ms; /* CLOCK_MONOTONIC */
    int64_t wall_ms; /* milliseconds since 1970-01-01T00:00:00Z */
};

struct now clock_now(void);

/* A time zone read once from the system's TZif files (RFC 8536, version 2+, POSIX footer included, its rule
 * followed up to the year 2200); afterwards every call is a pure lookup. `name` is an IANA name such as
 * "Asia/Shanghai"; dots and absolute paths are ERR_INVALID. ERR_NOT_FOUND, ERR_CORRUPT, ERR_UNSUPPORTED,
 * ERR_IO, ERR_NOMEM. In all calls below a NULL zone means UTC. */
struct tz;
MUST_CHECK enum err tz_load(const char *name, struct tz **ret_tz);
void tz_free(struct tz *tz);
/* Seconds east of UTC at that moment. */
int32_t tz_offset_s(const struct tz *tz, int64_t utc_s);

struct civil {
    int year;           /* e.g. 2026 */
    int month;          /* 1..12 */
    int day;            /* 1..31 */
    int hour;           /* 0..23 */
    int minute;         /* 0..59 */
    int second;         /* 0..59 */
    int weekday;        /* 0 = Sunday .. 6 */
    int64_t day_number; /* days since 1970-01-01 of the local date */
};
void clock_civil(const struct tz *tz, int64_t wall_ms, struct civil *ret_civil);
/* The first moment whose local time is that (in a gap: the moment after the gap). Fields out of range carry
 * over: day 32, hour 24. */
int64_t clock_from_civil(const struct tz *tz, int year, int month, int day, int hour, int minute, int second);

/* ISO 8601 with offset: "2026-03-01T09:12:00+08:00"; milliseconds appear only when they are not zero. `tz`
 * NULL = UTC, written +00:00. Needs CLOCK_TEXT_SIZE bytes. */
enum { CLOCK_TEXT_SIZE = 40 };
void clock_format(const struct tz *tz, int64_t wall_ms, char text[CLOCK_TEXT_SIZE]);
/* Accepts the above, also "Z" and any number of fraction digits (cut to milliseconds). Years 1970..2199.
 * ERR_INVALID otherwise. `len` bytes, no NUL needed. */
MUST_CHECK enum err clock_parse(const char *text, size_t len, int64_t *ret_wall_ms);

#endif
