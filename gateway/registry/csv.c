/* One pass over the bytes, in place: a value never grows when its quotes go, so it is moved down over them
 * and ended with a NUL where its separator stood. UTF-8 is checked on the way, for only here the line and the
 * field of a bad byte are known. */
#include "registry/csv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

void csv_init(struct csv *csv, char *data, size_t len)
{
    *csv = (struct csv){.at = data, .end = data + len, .line = 1};
    data[len] = 0;
    if (len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
        csv->at += 3;
}

__attribute__((format(printf, 4, 5))) static enum csv_result bad(struct csv *csv, uint32_t line,
                                                                 uint32_t column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(csv->reason, sizeof csv->reason, format, args);
    va_end(args);
    csv->bad_line = line;
    csv->bad_column = column;
    return CSV_BAD;
}

/* Goes on behind the next line break after `from`. */
static void skip_line(struct csv *csv, char *from)
{
    char *newline = memchr(from, '\n', (size_t)(csv->end - from));
    csv->at = newline ? newline + 1 : csv->end;
    csv->line++;
}

bool csv_looks_like_gbk(const char *data, size_t len)
{
    const char *at = data, *end = data + len;
    bool found = false;
    while (at < end) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x80) {
            at++;
            continue;
        }
        if (c == 0x80 || c == 0xFF || end - at < 2)
            return false;
        unsigned char second = (unsigned char)at[1];
        if (second >= 0x30 && second <= 0x39)
            at += end - at >= 4 ? 4 : end - at; /* four bytes: GB 18030 */
        else if (second >= 0x40 && second != 0x7F && second != 0xFF)
            at += 2;
        else
            return false;
        found = true;
    }
    return found;
}

static enum csv_result bad_byte(struct csv *csv, char *at, uint32_t column)
{
    uint32_t line = csv->line;
    unsigned char c = (unsigned char)*at;
    if (c == 0) {
        skip_line(csv, at);
        return bad(csv, line, column, "a NUL byte (is the file UTF-16? save it as UTF-8)");
    }
    if (!csv->seen_multibyte && line == 1 && column == 1 && csv->end - at >= 2 &&
        (memcmp(at, "\xFF\xFE", 2) == 0 || memcmp(at, "\xFE\xFF", 2) == 0)) {
        csv->at = csv->end;
        return bad(csv, line, column, "the file is UTF-16; save it as UTF-8");
    }
    if (!csv->seen_multibyte && csv_looks_like_gbk(at, (size_t)(csv->end - at))) {
        csv->at = csv->end; /* Every further line would say the same. */
        return bad(csv, line, column, "not UTF-8; the file looks like GBK: save it as UTF-8");
    }
    skip_line(csv, at);
    return bad(csv, line, column, "not UTF-8 (byte 0x%02x)", c);
}

/* What stopped the scan of a value. */
enum stop { STOP_COMMA, STOP_LINE, STOP_BYTE, STOP_LONG, STOP_QUOTE, STOP_RETURN, STOP_TAIL, STOP_OPEN };

static bool is_line_end(const char *at, const char *end)
{
    return at == end || *at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n');
}

/* Scans a value without quotes from *at, leaves *at on what stopped it. */
static enum stop scan_plain(struct csv *csv, char **at, const char *limit)
{
    char *p = *at;
    enum stop stop = STOP_LONG;
    while (p < limit) {
        unsigned char c = (unsigned char)*p;
        if (c >= 0x80) {
            size_t step = text_utf8_step(p, (size_t)(csv->end - p));
            if (step == 0) {
                stop = STOP_BYTE;
                break;
            }
            csv->seen_multibyte = true;
            p += step;
            continue;
        }
        if (c == ',' || c == '\n' || c == '"' || c == '\r' || c == 0) {
            stop = c == ',' ? STOP_COMMA : c == '"' ? STOP_QUOTE : c == 0 ? STOP_BYTE : STOP_LINE;
            if (c == '\r' && !is_line_end(p, csv->end))
                stop = STOP_RETURN;
            break;
        }
        p++;
    }
    if (p >= csv->end)
        stop = STOP_LINE;
    *at = p;
    return stop;
}

/* Scans a value whose opening quote stands at *at. The text is moved to the start; *ret_end is its end. */
static enum stop scan_quoted(struct csv *csv, char **at, const char *limit, char **ret_end)
{
    char *p = *at + 1, *to = *at;
    *ret_end = to;
    for (;;) {
        if (p >= limit) {
            *at = p;
            return p >= csv->end ? STOP_OPEN : STOP_LONG;
        }
        if (*p == '"') {
            if (p + 1 < csv->end && p[1] == '"') {
                *to++ = '"';
                p += 2;
                continue;
            }
            *ret_end = to;
            *at = ++p;
            if (p < csv->end && *p == ',')
                return STOP_COMMA;
            return is_line_end(p, csv->end) ? STOP_LINE : STOP_TAIL;
        }
        size_t step = (unsigned char)*p < 0x80 ? *p != 0 : text_utf8_step(p, (size_t)(csv->end - p));
        if (step == 0) {
            *at = p;
            return STOP_BYTE;
        }
        if (*p == '\n')
            csv->line++;
        csv->seen_multibyte |= step > 1;
        memmove(to, p, step);
        to += step;
        p += step;
    }
}

static enum csv_result refuse(struct csv *csv, enum stop stop, char *at, uint32_t start_line, uint32_t column)
{
    uint32_t line = csv->line;
    switch (stop) {
    case STOP_BYTE: return bad_byte(csv, at, column);
    case STOP_LONG: skip_line(csv, at); return bad(csv, start_line, 0, "longer than %d bytes", CSV_LINE_MAX);
    case STOP_QUOTE:
        skip_line(csv, at);
        return bad(csv, line, column, "a quote inside a value without quotes");
    case STOP_RETURN:
        skip_line(csv, at);
        return bad(csv, line, column, "a carriage return without a line feed");
    case STOP_TAIL: skip_line(csv, at); return bad(csv, line, column, "text after the closing quote");
    case STOP_OPEN: csv->at = csv->end; return bad(csv, start_line, column, "a quote that is never closed");
    case STOP_COMMA:
    case STOP_LINE: break;
    }
    skip_line(csv, at);
    return bad(csv, start_line, 0, "more than %d fields", CSV_FIELDS_MAX);
}

enum csv_result csv_next(struct csv *csv, struct csv_record *ret_record)
{
    while (csv->at < csv->end && is_line_end(csv->at, csv->end)) {
        csv->at += *csv->at == '\r' ? 2 : 1;
        csv->line++;
    }
    if (csv->at >= csv->end)
        return CSV_END;
    uint32_t start_line = csv->line;
    const char *limit = csv->end - csv->at > CSV_LINE_MAX ? csv->at + CSV_LINE_MAX : csv->end;
    char *p = csv->at;
    ret_record->line = start_line;
    ret_record->count = 0;
    for (;;) {
        char *value = p, *value_end;
        enum stop stop;
        if (p < csv->end && *p == '"') {
            stop = scan_quoted(csv, &p, limit, &value_end);
        } else {
            stop = scan_plain(csv, &p, limit);
            value_end = p;
        }
        if ((stop != STOP_COMMA && stop != STOP_LINE) || ret_record->count == CSV_FIELDS_MAX)
            return refuse(csv, stop, p, start_line, ret_record->count + 1);
        ret_record->values[ret_record->count++] = value;
        bool last = stop == STOP_LINE;
        if (last && p < csv->end && *p == '\r')
            p++;
        *value_end = 0;
        p += p < csv->end;
        if (last)
            break;
    }
    csv->at = p;
    csv->line++;
    return CSV_RECORD;
}
