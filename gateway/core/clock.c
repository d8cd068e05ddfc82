#include "core/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/tzif.h"

enum { DAY_S = 86400, ZONE_FILE_MAX = 65536, ZONE_NAME_MAX = 64 };

struct now clock_now(void)
{
    struct timespec mono, wall;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct now){.mono_ms = (int64_t)mono.tv_sec * 1000 + mono.tv_nsec / 1000000,
                        .wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000};
}

/* Parts of letters, digits, '_', '+' and '-', joined by single slashes: no dots, so nothing leads out of the
 * folder. */
static bool is_zone_name(const char *name)
{
    size_t len = strnlen(name, ZONE_NAME_MAX + 1);
    if (len == 0 || len > ZONE_NAME_MAX)
        return false;
    char before = '/';
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool part = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                    c == '+' || c == '-';
        if (!part && !(c == '/' && before != '/'))
            return false;
        before = c;
    }
    return before != '/';
}

static enum err read_zone_file(const char *path, unsigned char *data, size_t size, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    enum err err = ERR_OK;
    struct stat about;
    size_t len = 0;
    if (fstat(fd, &about) != 0)
        err = ERR_IO;
    else if (!S_ISREG(about.st_mode))
        err = ERR_NOT_FOUND;
    while (err == ERR_OK) {
        ssize_t got = read(fd, data + len, size - len);
        if (got == 0)
            break;
        if (got > 0)
            len += (size_t)got;
        else if (errno != EINTR)
            err = ERR_IO;
        if (len == size)
            err = ERR_CORRUPT;
    }
    close(fd);
    if (err == ERR_OK)
        *ret_len = len;
    return err;
}

enum err tz_load(const char *name, struct tz **ret_tz)
{
    if (!is_zone_name(name))
        return ERR_INVALID;
    char path[128];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    unsigned char *data = malloc(ZONE_FILE_MAX);
    if (!data)
        return ERR_NOMEM;
    size_t len = 0;
    enum err err = read_zone_file(path, data, ZONE_FILE_MAX, &len);
    if (err == ERR_OK)
        err = tzif_parse(data, len, ret_tz);
    free(data);
    return err;
}

void tz_free(struct tz *tz)
{
    free(tz);
}

/* Number of changes at or before `utc_s`. */
static size_t changes_before(const struct tz *tz, int64_t utc_s)
{
    size_t low = 0, high = tz->count;
    if (high && tz->changes[high - 1].at_s <= utc_s)
        return high; /* the usual case where no summer time is kept any more */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tz->changes[middle].at_s <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int32_t offset_after(const struct tz *tz, size_t changes)
{
    return changes ? tz->changes[changes - 1].offset_s : tz->first_offset_s;
}

int32_t tz_offset_s(const struct tz *tz, int64_t utc_s)
{
    return tz ? offset_after(tz, changes_before(tz, utc_s)) : 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* `local_s` = seconds since 1970-01-01T00:00:00 of local time. Hinnant, as in tzif.c. */
static void civil_from_local(int64_t local_s, struct civil *civil)
{
    int64_t day_number = floor_div(local_s, DAY_S);
    int second_of_day = (int)(local_s - day_number * DAY_S);
    int64_t shifted = day_number + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* from March */
    civil->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    civil->month = (int)(month < 10 ? month + 3 : month - 9);
    civil->year = (int)(year_of_era + era * 400 + (civil->month <= 2));
    civil->hour = second_of_day / 3600;
    civil->minute = second_of_day / 60 % 60;
    civil->second = second_of_day % 60;
    civil->weekday = (int)(((day_number + 4) % 7 + 7) % 7);
    civil->day_number = day_number;
}

void clock_civil(const struct tz *tz, int64_t wall_ms, struct civil *ret_civil)
{
    int64_t utc_s = floor_div(wall_ms, 1000);
    civil_from_local(utc_s + tz_offset_s(tz, utc_s), ret_civil);
}

int64_t clock_from_civil(const struct tz *tz, int year, int month, int day, int hour, int minute, int second)
{
    int64_t local_s = tzif_day_number(year, month, 1) * DAY_S + (int64_t)(day - 1) * DAY_S +
                      (int64_t)hour * 3600 + (int64_t)minute * 60 + second;
    if (!tz)
        return local_s * 1000;
    /* Walk the stretches of constant offset around that time, oldest first. A moment inside its stretch is
     * the answer; a stretch that begins with a local time already past it ends the gap that swallowed it. */
    size_t i = changes_before(tz, local_s - 2 * DAY_S);
    for (;; i++) {
        int64_t utc_s = local_s - offset_after(tz, i);
        if (i > 0 && utc_s < tz->changes[i - 1].at_s)
            return tz->changes[i - 1].at_s * 1000;
        if (i >= tz->count || utc_s < tz->changes[i].at_s)
            return utc_s * 1000;
    }
}

void clock_format(const struct tz *tz, int64_t wall_ms, char text[CLOCK_TEXT_SIZE])
{
    int64_t utc_s = floor_div(wall_ms, 1000);
    int ms = (int)((wall_ms % 1000 + 1000) % 1000);
    /* An offset is written in whole minutes; the odd seconds of local mean time (before 1901 or so) are left
     * out of the local time as well, so that the text still names the same moment. */
    int offset_min = tz_offset_s(tz, utc_s) / 60;
    struct civil c;
    civil_from_local(utc_s + offset_min * 60, &c);
    char fraction[8] = "";
    if (ms)
        snprintf(fraction, sizeof fraction, ".%03d", ms);
    int away_min = offset_min < 0 ? -offset_min : offset_min;
    snprintf(text, CLOCK_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%s%c%02d:%02d", c.year, c.month, c.day,
             c.hour, c.minute, c.second, fraction, offset_min < 0 ? '-' : '+', away_min / 60, away_min % 60);
}

/* A reader of fixed fields; `failed` sticks. */
struct reader {
    const char *at, *end;
    bool failed;
};

static int digits(struct reader *in, int count, int low, int high)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (in->at == in->end || *in->at < '0' || *in->at > '9') {
            in->failed = true;
            return low;
        }
        value = value * 10 + (*in->at++ - '0');
    }
    if (value < low || value > high)
        in->failed = true;
    return value;
}

static bool accept(struct reader *in, char c)
{
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

static void expect(struct reader *in, char c)
{
    if (!accept(in, c))
        in->failed = true;
}

/* ".5" is 500 ms; digits past the third are checked and cut. */
static int fraction_ms(struct reader *in)
{
    int ms = 0, scale = 100;
    do {
        ms += digits(in, 1, 0, 9) * scale;
        scale /= 10;
    } while (!in->failed && in->at < in->end && *in->at >= '0' && *in->at <= '9');
    return ms;
}

static int offset_s(struct reader *in)
{
    if (accept(in, 'Z'))
        return 0;
    bool west = accept(in, '-');
    if (!west)
        expect(in, '+');
    int hours = digits(in, 2, 0, 23);
    expect(in, ':');
    int total = hours * 3600 + digits(in, 2, 0, 59) * 60;
    return west ? -total : total;
}

enum err clock_parse(const char *text, size_t len, int64_t *ret_wall_ms)
{
    struct reader in = {.at = text, .end = text + len};
    int year = digits(&in, 4, 1970, 2199);
    expect(&in, '-');
    int month = digits(&in, 2, 1, 12);
    expect(&in, '-');
    int day = digits(&in, 2, 1, 31);
    expect(&in, 'T');
    int hour = digits(&in, 2, 0, 23);
    expect(&in, ':');
    int minute = digits(&in, 2, 0, 59);
    expect(&in, ':');
    int second = digits(&in, 2, 0, 59);
    int ms = accept(&in, '.') ? fraction_ms(&in) : 0;
    int east_s = offset_s(&in);
    if (in.failed || in.at != in.end)
        return ERR_INVALID;
    int64_t day_number = tzif_day_number(year, month, day);
    if (day_number >= tzif_day_number(year, month + 1, 1))
        return ERR_INVALID; /* 30 February */
    int64_t utc_s = day_number * DAY_S + hour * 3600 + minute * 60 + second - east_s;
    if (utc_s < 0)
        return ERR_INVALID; /* 1970-01-01T00:00:00+08:00 lies before the epoch */
    *ret_wall_ms = utc_s * 1000 + ms;
    return ERR_OK;
}
