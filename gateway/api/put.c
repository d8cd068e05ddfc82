#include "api/put.h"

#include <inttypes.h>
#include <string.h>

static void begin(struct buf *out, const char *name)
{
    char last = out->len != 0 ? out->data[out->len - 1] : '{';

    if (last != '{' && last != '[')
        buf_putc(out, ',');
    if (name != NULL)
        buf_printf(out, "\"%s\":", name);
}

void put_text(struct buf *out, const char *name, const char *text)
{
    begin(out, name);
    buf_json_string(out, text);
}

void put_integer(struct buf *out, const char *name, int64_t value)
{
    begin(out, name);
    buf_printf(out, "%" PRId64, value);
}

void put_bool(struct buf *out, const char *name, bool value)
{
    begin(out, name);
    buf_puts(out, value ? "true" : "false");
}

void put_real(struct buf *out, const char *name, double value, int decimals)
{
    begin(out, name);
    buf_printf(out, "%.*f", decimals, value);
}

void put_time(struct buf *out, const struct tz *tz, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    if (wall_ms == 0)
        return;
    clock_format(tz, wall_ms, text);
    begin(out, name);
    buf_printf(out, "\"%s\"", text);
}

void put_list(struct buf *out, const char *name, const char *items)
{
    char item[128];

    put_open(out, name, '[');
    while (*items != '\0') {
        items += strspn(items, "; ");
        size_t len = strcspn(items, ";"), bare = len;
        while (bare > 0 && items[bare - 1] == ' ')
            bare--;
        if (bare > 0 && bare < sizeof(item)) {
            memcpy(item, items, bare);
            item[bare] = '\0';
            put_text(out, NULL, item);
        }
        items += len;
    }
    buf_putc(out, ']');
}

void put_open(struct buf *out, const char *name, char bracket)
{
    begin(out, name);
    buf_putc(out, bracket);
}
