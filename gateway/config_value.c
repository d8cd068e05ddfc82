/* What a word of the configuration may mean, and which known one it is most like. */
#include "config_keys.h"

#include <assert.h>
#include <string.h>

uint64_t key_number(const struct key *key, const void *base)
{
    const unsigned char *field = (const unsigned char *)base + key->offset;
    uint16_t half;
    uint32_t word;
    switch (key->size) {
    case 1: return *field;
    case 2: memcpy(&half, field, sizeof half); return half;
    case 4: memcpy(&word, field, sizeof word); return word;
    default: assert(0 && "a number of 1, 2 or 4 bytes"); return 0;
    }
}

void key_set_number(const struct key *key, void *base, uint64_t value)
{
    unsigned char *field = (unsigned char *)base + key->offset;
    uint8_t byte = (uint8_t)value;
    uint16_t half = (uint16_t)value;
    uint32_t word = (uint32_t)value;
    switch (key->size) {
    case 1: *field = byte; break;
    case 2: memcpy(field, &half, sizeof half); break;
    case 4: memcpy(field, &word, sizeof word); break;
    default: assert(0 && "a number of 1, 2 or 4 bytes");
    }
}

/* Control characters would forge log lines, and libyaml could not read them back. */
bool value_is_printable(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t step = text_utf8_step(text + at, len - at);
        unsigned char c = (unsigned char)text[at];
        if (step == 0 || c < 0x20 || c == 0x7f || (c == 0xC2 && (unsigned char)text[at + 1] < 0xA0))
            return false;
        if (step == 3 && c == 0xEF && (unsigned char)text[at + 1] == 0xBF &&
            (unsigned char)text[at + 2] >= 0xBE)
            return false;
        at += step;
    }
    return true;
}

/* "8 MiB", "8MiB" or "8388608". */
bool value_to_bytes(const char *text, int64_t low, int64_t high, int64_t *ret_value)
{
    static const struct {
        const char *name;
        int64_t factor;
    } units[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    char digits[20];
    size_t len = strspn(text, "0123456789");
    if (len == 0 || len >= sizeof digits)
        return false;
    memcpy(digits, text, len);
    digits[len] = 0;
    const char *unit = text + len;
    unit += *unit == ' ';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        int64_t number, factor = units[i].factor;
        if (strcmp(unit, units[i].name) != 0)
            continue;
        if (!text_to_int(digits, 0, high / factor, &number) || number * factor < low)
            return false;
        *ret_value = number * factor;
        return true;
    }
    return false;
}

bool value_to_minute(const char *text, int64_t *ret_value)
{
    if (strlen(text) != 5 || text[2] != ':')
        return false;
    int64_t hour, minute;
    char hours[3] = {text[0], text[1], 0};
    if (!text_to_int(hours, 0, 23, &hour) || !text_to_int(text + 3, 0, 59, &minute))
        return false;
    *ret_value = hour * 60 + minute;
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance; long words are far from everything. */
static size_t distance(const char *a, const char *b)
{
    size_t row[KEY_WORD_MAX + 1], a_len = strlen(a), b_len = strlen(b);
    if (a_len > KEY_WORD_MAX || b_len > KEY_WORD_MAX)
        return KEY_WORD_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(change, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

/* The known word at this place that is most like `word`, or "". `nearest` is filled. */
void key_nearest(const struct key *keys, size_t count, const char *prefix, const char *word,
                 char nearest[KEY_WORD_MAX + 1])
{
    size_t best = least(3, (strlen(word) + 1) / 2 + 1), prefix_len = strlen(prefix);
    nearest[0] = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(keys[i].path, prefix, prefix_len) != 0)
            continue;
        const char *rest = keys[i].path + prefix_len;
        size_t len = strcspn(rest, ".");
        char known[KEY_WORD_MAX + 1];
        if (len > KEY_WORD_MAX)
            continue;
        memcpy(known, rest, len);
        known[len] = 0;
        size_t far = distance(word, known);
        if (far < best) {
            best = far;
            memcpy(nearest, known, sizeof known);
        }
    }
}
