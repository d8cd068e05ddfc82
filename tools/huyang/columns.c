#include "columns.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/text.h"

/* The code point of a character of `len` bytes that text_utf8_step has found well-formed. */
static uint32_t code_point(const char *text, size_t len)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)text[0] & masks[len];

    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    return code;
}

static unsigned width_of(uint32_t code)
{
    static const struct {
        uint32_t from, to;
        unsigned width;
    } ranges[] = {{0x0300, 0x036F, 0},   {0x1100, 0x115F, 2},   {0x200B, 0x200F, 0},   {0x231A, 0x231B, 2},
                  {0x2E80, 0x303E, 2},   {0x3041, 0x33FF, 2},   {0x3400, 0x4DBF, 2},   {0x4E00, 0x9FFF, 2},
                  {0xA000, 0xA4CF, 2},   {0xA960, 0xA97F, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},
                  {0xFE00, 0xFE0F, 0},   {0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},
                  {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2}, {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2}};

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (code >= ranges[i].from && code <= ranges[i].to)
            return ranges[i].width;
    return 1;
}

/* The next character: its bytes, and what to show for it. */
static size_t next(const char *text, size_t len, const char **ret_shown, size_t *ret_shown_len,
                   unsigned *ret_width)
{
    size_t step = text_utf8_step(text, len);
    uint32_t code = step != 0 ? code_point(text, step) : 0;
    bool control = step == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0) ||
                   (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);

    *ret_shown = control ? "?" : text;
    *ret_shown_len = control ? 1 : step;
    *ret_width = control ? 1 : width_of(code);
    return step != 0 ? step : 1;
}

unsigned columns_of(const char *text)
{
    size_t len = strlen(text), shown_len;
    const char *shown;
    unsigned total = 0, width;

    for (size_t at = 0; at < len;) {
        at += next(text + at, len - at, &shown, &shown_len, &width);
        total += width;
    }
    return total;
}

void columns_print(FILE *to, const char *text, unsigned limit)
{
    size_t len = strlen(text), shown_len;
    const char *shown;
    unsigned total = 0, width;
    bool cut = limit != 0 && columns_of(text) > limit;

    for (size_t at = 0; at < len;) {
        at += next(text + at, len - at, &shown, &shown_len, &width);
        if (cut && total + width > limit - 1)
            break;
        fwrite(shown, 1, shown_len, to);
        total += width;
    }
    if (cut) {
        fputs("…", to);
        total++;
    }
    for (; total < limit; total++)
        fputc(' ', to);
}
