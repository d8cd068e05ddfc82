#include "core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t text_utf8_step(const char *data, size_t len)
{
    const unsigned char *p = (const unsigned char *)data;
    if (len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    /* The bounds of the second byte exclude overlong forms, surrogates and what lies past U+10FFFF (RFC 3629,
     * section 4). */
    size_t need;
    unsigned char low = 0x80, high = 0xBF;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        need = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        need = 3;
        low = p[0] == 0xE0 ? 0xA0 : 0x80;
        high = p[0] == 0xED ? 0x9F : 0xBF;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        need = 4;
        low = p[0] == 0xF0 ? 0x90 : 0x80;
        high = p[0] == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (len < need || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return need;
}

bool text_is_utf8(const char *data, size_t len, size_t *ret_at)
{
    size_t at = 0;
    while (at < len) {
        size_t step = data[at] == 0 ? 0 : text_utf8_step(data + at, len - at);
        if (step == 0) {
            if (ret_at)
                *ret_at = at;
            return false;
        }
        at += step;
    }
    return true;
}

bool text_is_id(const char *data, size_t len)
{
    if (len == 0 || len > ID_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = data[i];
        bool fine = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
                    c == '-';
        if (!fine)
            return false;
    }
    return true;
}

bool text_is_county(const char *data, size_t len)
{
    if (len != 6)
        return false;
    for (size_t i = 0; i < len; i++)
        if (data[i] < '0' || data[i] > '9')
            return false;
    return true;
}

bool text_copy(char *to, size_t size, const char *from)
{
    if (size == 0)
        return false;
    size_t len = strnlen(from, size);
    if (len < size) {
        memcpy(to, from, len + 1);
        return true;
    }
    /* Step back over continuation bytes, so that the cut falls between characters. */
    len = size - 1;
    while (len > 0 && ((unsigned char)from[len] & 0xC0) == 0x80)
        len--;
    memcpy(to, from, len);
    to[len] = 0;
    return false;
}

void text_base64(const void *data, size_t len, bool url, char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const unsigned char *in = data;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t bits = (uint32_t)in[i] << 16;
        if (left > 1)
            bits |= (uint32_t)in[i + 1] << 8;
        if (left > 2)
            bits |= in[i + 2];
        for (unsigned k = 0; k < 4; k++) {
            uint32_t value = bits >> (18 - 6 * k) & 63;
            if (k > left) {
                if (!url)
                    *text++ = '=';
            } else {
                *text++ = value < 62 ? letters[value] : value == 62 ? (url ? '-' : '+') : (url ? '_' : '/');
            }
        }
    }
    *text = 0;
}

bool text_to_int(const char *text, int64_t low, int64_t high, int64_t *ret_value)
{
    const char *p = text;
    bool negative = low < 0 && *p == '-';
    if (negative)
        p++;
    if (*p == 0)
        return false;
    int64_t value = 0;
    for (; *p; p++) {
        if (*p < '0' || *p > '9')
            return false;
        int digit = *p - '0';
        if (__builtin_mul_overflow(value, (int64_t)10, &value))
            return false;
        if (negative ? __builtin_sub_overflow(value, (int64_t)digit, &value)
                     : __builtin_add_overflow(value, (int64_t)digit, &value))
            return false;
    }
    if (value < low || value > high)
        return false;
    *ret_value = value;
    return true;
}

static const char *skip_digits(const char *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

/* strtod alone would take spaces, hexadecimal, "inf" and "nan", so the form is checked first. */
static bool is_decimal(const char *text)
{
    const char *p = text;
    if (*p == '-')
        p++;
    const char *whole = p;
    p = skip_digits(p);
    if (p == whole)
        return false;
    if (*p == '.') {
        const char *fraction = ++p;
        p = skip_digits(p);
        if (p == fraction)
            return false;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        const char *exponent = p;
        p = skip_digits(p);
        if (p == exponent)
            return false;
    }
    return *p == 0;
}

bool text_to_double(const char *text, double low, double high, double *ret_value)
{
    if (!is_decimal(text))
        return false;
    double value = strtod(text, NULL);
    if (!isfinite(value) || value < low || value > high)
        return false;
    *ret_value = value;
    return true;
}
