/* The TABs of a format are turned into a separator of random control characters before anything is filled in,
 * so that a TAB inside a value cannot start a field of its own: it is escaped like every other control
 * character. */
#include "core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/text.h"

enum { LINE_MAX_BYTES = 4096, SEPARATOR = 8, FORMAT_MAX = 1024 };

/* The logger is the one global; written only by log_init, before threads start. */
static struct {
    enum log_level lowest;
    int fd;
    char separator[SEPARATOR + 1];
} logger = {.lowest = LOG_INFO, .fd = 2, .separator = "\x0e\x1b\x11\x1d\x13\x0f\x1c\x10"};

void log_init(enum log_level lowest, int fd)
{
    logger.lowest = lowest;
    logger.fd = fd;
    unsigned char random[SEPARATOR];
    if (getrandom(random, sizeof random, GRND_NONBLOCK) == (ssize_t)sizeof random)
        for (int i = 0; i < SEPARATOR; i++)
            logger.separator[i] = (char)(0x0e + random[i] % 18);
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return "debug";
    case LOG_INFO: return "info";
    case LOG_WARN: return "warn";
    case LOG_ERROR: return "error";
    }
    return "error";
}

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

/* Keeps room for the newline; what does not fit is cut. */
static void add(struct line *line, const char *data, size_t len)
{
    size_t room = sizeof line->text - 1 - line->len;
    if (len > room)
        len = room;
    memcpy(line->text + line->len, data, len);
    line->len += len;
}

static bool is_plain(const char *text, size_t len)
{
    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return true;
}

/* In quotes: control characters (C1 included), bytes that are not UTF-8, quotes and backslashes are escaped.
 */
static void add_quoted(struct line *line, const char *text, size_t len)
{
    add(line, "\"", 1);
    for (size_t at = 0; at < len;) {
        unsigned char c = (unsigned char)text[at];
        size_t step = text_utf8_step(text + at, len - at);
        bool control =
            step == 0 || c < 0x20 || c == 0x7f || (c == 0xC2 && (unsigned char)text[at + 1] < 0xA0);
        char escaped[5];
        if (c == '"' || c == '\\') {
            add(line, (char[]){'\\', (char)c}, 2);
        } else if (control) {
            snprintf(escaped, sizeof escaped, "\\x%02x", c);
            add(line, escaped, 4);
            step = 1;
        } else if (line->len + step + 2 < sizeof line->text) {
            add(line, text + at, step);
        } else {
            break;
        }
        at += step;
    }
    add(line, "\"", 1);
}

static void add_field(struct line *line, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    if (!equals)
        equals = text + len;
    size_t key_len = (size_t)(equals - text);
    add(line, " ", 1);
    add(line, text, key_len);
    add(line, "=", 1);
    if (key_len == len)
        return;
    const char *value = equals + 1;
    size_t value_len = len - key_len - 1;
    if (is_plain(value, value_len))
        add(line, value, value_len);
    else
        add_quoted(line, value, value_len);
}

/* Copies `format` with every TAB replaced; false when it does not fit. */
static bool mark_fields(const char *format, char marked[FORMAT_MAX])
{
    size_t at = 0;
    for (; *format; format++) {
        bool tab = *format == '\t';
        size_t len = tab ? SEPARATOR : 1;
        if (at + len >= FORMAT_MAX)
            return false;
        memcpy(marked + at, tab ? logger.separator : format, len);
        at += len;
    }
    marked[at] = 0;
    return true;
}

static void write_line(const char *text, size_t len)
{
    while (len) {
        ssize_t done = write(logger.fd, text, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return; /* Nowhere left to say so. */
        text += done;
        len -= (size_t)done;
    }
}

static void add_head(struct line *line, enum log_level level, const char *id)
{
    char head[192];
    struct civil c;
    int64_t wall_ms = clock_now().wall_ms;
    clock_civil(NULL, wall_ms, &c);
    int len =
        snprintf(head, sizeof head, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ level=%s id=%.64s msg=", c.year,
                 c.month, c.day, c.hour, c.minute, c.second, (int)(wall_ms % 1000), level_name(level), id);
    if (len > 0)
        add(line, head, (size_t)len < sizeof head ? (size_t)len : sizeof head - 1);
}

void log_write(enum log_level level, const char *id, const char *format, ...)
{
    if (level < logger.lowest)
        return;
    int saved_errno = errno;
    char marked[FORMAT_MAX], filled[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    int got = vsnprintf(filled, sizeof filled, mark_fields(format, marked) ? marked : format, args);
    va_end(args);
    size_t len = got < 0 ? 0 : (size_t)got < sizeof filled ? (size_t)got : sizeof filled - 1;

    struct line line = {.len = 0};
    add_head(&line, level, id);

    const char *rest = filled, *end = filled + len;
    const char *stop = memmem(rest, len, logger.separator, SEPARATOR);
    add_quoted(&line, rest, (size_t)((stop ? stop : end) - rest));
    while (stop) {
        rest = stop + SEPARATOR;
        stop = memmem(rest, (size_t)(end - rest), logger.separator, SEPARATOR);
        add_field(&line, rest, (size_t)((stop ? stop : end) - rest));
    }
    line.text[line.len++] = '\n';
    write_line(line.text, line.len);
    errno = saved_errno;
}

int log_allow(struct log_limit *limit, const char *id, unsigned burst, long long mono_ms)
{
    if (limit->written + limit->held == 0 || mono_ms - limit->window_start_ms >= 60000) {
        unsigned held = limit->held;
        *limit = (struct log_limit){.window_start_ms = mono_ms};
        if (held)
            log_write(LOG_WARN, id, "similar lines were held back\tcount=%u", held);
    }
    if (limit->written >= burst) {
        limit->held++;
        return 0;
    }
    limit->written++;
    return 1;
}
