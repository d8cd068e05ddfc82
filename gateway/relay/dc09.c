#include "relay/dc09.h"

#include <string.h>

#include "core/clock.h"
#include "core/text.h"

enum { HEAD = 9, TIME_LEN = DC09_TIME_TEXT - 1 };

static const char *const kind_names[DC09_KIND_COUNT] = {
#define X(name, text) [DC09_##name] = (text),
    DC09_KIND_MAP(X)
#undef X
};
static const struct {
    const char *name, *text;
} faults[DC09_FAULT_COUNT] = {
#define X(name, word, says) [DC09_FAULT_##name] = {#word, says},
    DC09_FAULT_MAP(X)
#undef X
};

const char *dc09_kind_name(enum dc09_kind kind)
{
    return (unsigned)kind < DC09_KIND_COUNT ? kind_names[kind] : "none";
}

const char *dc09_fault_name(enum dc09_fault fault)
{
    return (unsigned)fault < DC09_FAULT_COUNT ? faults[fault].name : "none";
}

const char *dc09_fault_text(enum dc09_fault fault)
{
    return (unsigned)fault < DC09_FAULT_COUNT ? faults[fault].text : "unknown fault";
}

uint16_t dc09_crc(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    unsigned crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    return (uint16_t)crc;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_hex_text(const char *text, size_t least, size_t most)
{
    size_t len = 0;
    while (len <= most && hex_value(text[len]) >= 0)
        len++;
    return text[len] == 0 && len >= least && len <= most;
}

bool dc09_is_account(const char *text)
{
    return is_hex_text(text, 3, DC09_ACCOUNT_SIZE - 1);
}

bool dc09_is_number(const char *text)
{
    return is_hex_text(text, 1, DC09_NUMBER_SIZE - 1);
}

bool dc09_key_parse(const char *text, size_t len, struct dc09_key *ret_key)
{
    struct dc09_key key = {.len = (uint8_t)(len / 2)};
    bool digits = len == 32 || len == 48 || len == 64;
    for (size_t i = 0; digits && i < len; i++) {
        int value = hex_value(text[i]);
        digits = value >= 0;
        if (digits)
            key.bytes[i / 2] = (uint8_t)(key.bytes[i / 2] << 4 | value);
    }
    if (!digits) {
        if (len != 16 && len != 24 && len != 32)
            return false;
        key.len = (uint8_t)len;
        memcpy(key.bytes, text, len);
    }
    *ret_key = key;
    return true;
}

/* --- Times --- */

void dc09_time_text(int64_t time_ms, char text[DC09_TIME_TEXT])
{
    struct civil c;
    clock_civil(NULL, time_ms, &c);
    struct buf out;
    buf_init(&out, 64);
    buf_printf(&out, "%02d:%02d:%02d,%02d-%02d-%04d", c.hour, c.minute, c.second, c.month, c.day,
               c.year % 10000);
    text_copy(text, DC09_TIME_TEXT, buf_text(&out));
    buf_release(&out);
}

/* Exactly TIME_LEN bytes that are a moment of the calendar. */
static bool read_time(const char *text, int64_t *ret_time_ms)
{
    static const char form[] = "dd:dd:dd,dd-dd-dddd";
    int numbers[6] = {0};
    for (size_t i = 0, n = 0; i < TIME_LEN; i++) {
        if (form[i] == 'd') {
            if (text[i] < '0' || text[i] > '9')
                return false;
            numbers[n] = numbers[n] * 10 + (text[i] - '0');
        } else {
            if (text[i] != form[i])
                return false;
            n++;
        }
    }
    const int hour = numbers[0], minute = numbers[1], second = numbers[2], month = numbers[3],
              day = numbers[4], year = numbers[5];
    if (hour > 23 || minute > 59 || second > 59 || year < 1970 || year > 2199)
        return false;
    int64_t time_ms = clock_from_civil(NULL, year, month, day, hour, minute, second);
    struct civil back;
    clock_civil(NULL, time_ms, &back);
    if (back.year != year || back.month != month || back.day != day)
        return false;
    *ret_time_ms = time_ms;
    return true;
}

/* --- Writing --- */

/* Printable, and no bracket that would end it early. */
static bool is_data(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F || *text == '[' || *text == ']')
            return false;
    return true;
}

/* "[…][…]": nothing outside the brackets, none nested, none empty. */
static size_t extensions_len(const char *text)
{
    size_t len = 0;
    while (text[len] == '[') {
        size_t end = len + 1;
        while ((unsigned char)text[end] >= 0x20 && text[end] != 0x7F && text[end] != '[' && text[end] != ']')
            end++;
        if (text[end] != ']' || end == len + 1)
            break;
        len = end + 1;
    }
    return len;
}

static bool may_be_written(const struct dc09_frame *frame)
{
    return (unsigned)frame->kind < DC09_KIND_COUNT && frame->sequence <= DC09_SEQUENCES &&
           (!frame->receiver[0] || dc09_is_number(frame->receiver)) && dc09_is_number(frame->line) &&
           (frame->kind == DC09_NAK ? !frame->account[0] : dc09_is_account(frame->account)) &&
           is_data(frame->data) && frame->extensions[extensions_len(frame->extensions)] == 0;
}

/* What stands behind the first bracket. */
static void put_content(const struct dc09_frame *frame, struct buf *out)
{
    buf_puts(out, frame->data);
    buf_putc(out, ']');
    buf_puts(out, frame->extensions);
    if (frame->has_time) {
        char time[DC09_TIME_TEXT];
        dc09_time_text(frame->time_ms, time);
        buf_printf(out, "_%s", time);
    }
}

static enum err put_encrypted(const struct dc09_key *key, const uint8_t pad[DC09_BLOCK],
                              const struct buf *content, struct buf *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char digits[] = "0123456789ABCDEF";
    char plain[DC09_TEXT_SIZE + DC09_BLOCK];
    uint8_t secret[sizeof plain];
    /* At least one pad character; a whole block of them where the rest fills its blocks. */
    size_t pads = DC09_BLOCK - (content->len + 1) % DC09_BLOCK, len = pads + 1 + content->len;
    if (2 * len > DC09_BODY_MAX)
        return ERR_RANGE;
    for (size_t i = 0; i < pads; i++)
        plain[i] = letters[pad[i] % (sizeof letters - 1)];
    plain[pads] = '|';
    memcpy(plain + pads + 1, content->data, content->len);
    enum err err = dc09_aes(key, true, plain, len, secret);
    for (size_t i = 0; err == ERR_OK && i < len; i++) {
        buf_putc(out, digits[secret[i] >> 4]);
        buf_putc(out, digits[secret[i] & 15]);
    }
    return err;
}

static enum err put_body(const struct dc09_frame *frame, const struct dc09_key *key,
                         const uint8_t pad[DC09_BLOCK], struct buf *body)
{
    buf_printf(body, "\"%s%s\"%04u", key->len ? "*" : "", dc09_kind_name(frame->kind), frame->sequence);
    if (frame->receiver[0])
        buf_printf(body, "R%s", frame->receiver);
    buf_printf(body, "L%s", frame->line);
    if (frame->account[0])
        buf_printf(body, "#%s[", frame->account);
    else
        buf_puts(body, "A0[");
    if (!key->len) {
        put_content(frame, body);
        return ERR_OK;
    }
    struct buf content;
    buf_init(&content, DC09_BODY_MAX);
    put_content(frame, &content);
    enum err err = content.failed ? ERR_RANGE : put_encrypted(key, pad, &content, body);
    buf_release(&content);
    return err;
}

enum err dc09_write(const struct dc09_frame *frame, const struct dc09_key *key, const uint8_t pad[DC09_BLOCK],
                    struct buf *out)
{
    if (!may_be_written(frame) || (key->len && !frame->has_time))
        return ERR_INVALID;
    struct buf body;
    buf_init(&body, DC09_BODY_MAX);
    enum err err = put_body(frame, key, pad, &body);
    if (err == ERR_OK && body.failed)
        err = ERR_RANGE;
    if (err == ERR_OK) {
        buf_printf(out, "\n%04X%04X", (unsigned)dc09_crc(body.data, body.len), (unsigned)body.len);
        buf_append(out, body.data, body.len);
        buf_putc(out, '\r');
        err = out->failed ? ERR_NOMEM : ERR_OK;
    }
    buf_release(&body);
    return err;
}

/* --- Reading --- */

size_t dc09_scan(const char *bytes, size_t len, size_t *ret_from, size_t *ret_len, enum dc09_fault *ret_fault)
{
    size_t from = 0;
    bool junk = false;
    *ret_len = 0;
    *ret_fault = DC09_FAULT_NONE;
    for (; from < len && bytes[from] != '\n'; from++)
        junk = junk || (bytes[from] != '\r' && bytes[from] != 0);
    if (junk) {
        *ret_fault = DC09_FAULT_FRAMING;
        return from;
    }
    for (size_t end = from + 1; end < len; end++) {
        if (bytes[end] == '\n') {
            /* Two line feeds in a row are an empty line; more than that was cut off. */
            *ret_fault = end > from + 1 ? DC09_FAULT_FRAMING : DC09_FAULT_NONE;
            return end;
        }
        if (bytes[end] != '\r')
            continue;
        if (end + 1 - from > DC09_FRAME_MAX)
            *ret_fault = DC09_FAULT_HUGE;
        else if (end > from + 1) {
            *ret_from = from;
            *ret_len = end + 1 - from;
        }
        return end + 1;
    }
    if (len - from > DC09_FRAME_MAX) {
        *ret_fault = DC09_FAULT_HUGE;
        return len;
    }
    return from;
}

/* Four hexadecimal digits; -1 when they are not. */
static int read_hex4(const char *text)
{
    int value = 0;
    for (unsigned i = 0; i < 4; i++) {
        int digit = hex_value(text[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

struct cursor {
    const char *at, *end;
};

/* Hexadecimal digits after `mark`; false when the mark is there and they are too few or too many. */
static bool take_number(struct cursor *cursor, char mark, size_t least, char *to, size_t size)
{
    to[0] = 0;
    if (cursor->at == cursor->end || *cursor->at != mark)
        return true;
    cursor->at++;
    size_t len = 0;
    for (; cursor->at < cursor->end && hex_value(*cursor->at) >= 0; cursor->at++) {
        if (len + 1 == size)
            return false;
        to[len++] = *cursor->at;
    }
    to[len] = 0;
    return len >= least;
}

static bool take_kind(struct cursor *cursor, struct dc09_frame *frame)
{
    size_t left = (size_t)(cursor->end - cursor->at);
    if (left < 2 || *cursor->at != '"')
        return false;
    const char *name = cursor->at + 1, *quote = memchr(name, '"', left - 1);
    if (!quote)
        return false;
    cursor->at = quote + 1;
    frame->encrypted = *name == '*';
    name += frame->encrypted;
    for (unsigned kind = 0; kind < DC09_KIND_COUNT; kind++)
        if (strlen(kind_names[kind]) == (size_t)(quote - name) &&
            memcmp(kind_names[kind], name, (size_t)(quote - name)) == 0) {
            frame->kind = (enum dc09_kind)kind;
            return true;
        }
    return false;
}

/* From the first quote up to and with the first bracket. */
static bool take_header(struct cursor *cursor, struct dc09_frame *frame)
{
    if (!take_kind(cursor, frame) || cursor->end - cursor->at < 4)
        return false;
    frame->sequence = 0;
    for (unsigned i = 0; i < 4; i++, cursor->at++) {
        if (*cursor->at < '0' || *cursor->at > '9')
            return false;
        frame->sequence = frame->sequence * 10 + (unsigned)(*cursor->at - '0');
    }
    if (!take_number(cursor, 'R', 1, frame->receiver, sizeof frame->receiver) ||
        !take_number(cursor, 'L', 1, frame->line, sizeof frame->line))
        return false;
    /* A NAK is for no account: its "A0" reads as two more digits of the line, which nobody needs. */
    if (!take_number(cursor, '#', 3, frame->account, sizeof frame->account))
        return false;
    if (frame->account[0] == 0 && frame->kind != DC09_NAK)
        return false;
    return cursor->at < cursor->end && *cursor->at++ == '[';
}

/* `text` holds data ']' extensions and time, terminated, without NULs of its own. */
static enum dc09_fault take_content(char *text, struct dc09_frame *frame)
{
    char *close = strchr(text, ']');
    if (!close)
        return DC09_FAULT_BODY;
    *close = 0;
    frame->data = text;
    char *extensions = close + 1, *rest = extensions + extensions_len(extensions);
    if (!is_data(text))
        return DC09_FAULT_BODY;
    frame->extensions = extensions;
    frame->has_time = *rest == '_';
    frame->time_ms = 0;
    if (!frame->has_time)
        return *rest == 0 ? DC09_FAULT_NONE : DC09_FAULT_BODY;
    if (strlen(rest + 1) != TIME_LEN || !read_time(rest + 1, &frame->time_ms))
        return DC09_FAULT_TIME;
    *rest = 0;
    return DC09_FAULT_NONE;
}

/* Hexadecimal text -> the content behind the pad, terminated, in `text`. */
static enum dc09_fault decrypt(const struct cursor *cursor, const struct dc09_key *key, char *text)
{
    size_t digits = (size_t)(cursor->end - cursor->at), len = digits / 2;
    uint8_t secret[DC09_BODY_MAX / 2];
    char plain[sizeof secret + 1];
    if (digits == 0 || digits % (2 * DC09_BLOCK) != 0)
        return DC09_FAULT_BODY;
    for (size_t i = 0; i < digits; i++) {
        int value = hex_value(cursor->at[i]);
        if (value < 0)
            return DC09_FAULT_BODY;
        secret[i / 2] = (uint8_t)(i % 2 ? secret[i / 2] << 4 | value : value);
    }
    if (!key->len || dc09_aes(key, false, secret, len, plain) != ERR_OK)
        return DC09_FAULT_KEY;
    plain[len] = 0;
    /* The pad ends at its '|'; link tests are seen in the wild that leave that out and begin with the closing
     * bracket. Under a wrong key neither is where it should be. */
    size_t pads = 0;
    while (pads <= DC09_BLOCK && pads < len && plain[pads] != '|' && plain[pads] != ']')
        pads++;
    if (pads == 0 || pads > DC09_BLOCK || pads == len || memchr(plain, 0, len))
        return DC09_FAULT_KEY;
    size_t from = pads + (plain[pads] == '|');
    memcpy(text, plain + from, len - from + 1);
    return DC09_FAULT_NONE;
}

enum dc09_fault dc09_read(const char *bytes, size_t len, const struct dc09_key *key,
                          char text[DC09_TEXT_SIZE], struct dc09_frame *ret_frame)
{
    if (len > DC09_FRAME_MAX)
        return DC09_FAULT_HUGE;
    if (len < HEAD + 2 || bytes[0] != '\n' || bytes[len - 1] != '\r')
        return DC09_FAULT_FRAMING;
    int crc = read_hex4(bytes + 1), named = read_hex4(bytes + 5);
    if (crc < 0 || named < 0)
        return DC09_FAULT_FRAMING;
    struct cursor cursor = {bytes + HEAD, bytes + len - 1};
    if ((size_t)named != len - HEAD - 1)
        return DC09_FAULT_LENGTH;
    if (crc != dc09_crc(cursor.at, (size_t)named))
        return DC09_FAULT_CRC;
    struct dc09_frame frame = {.kind = DC09_KIND_COUNT};
    if (!take_header(&cursor, &frame))
        return DC09_FAULT_HEADER;
    enum dc09_fault fault;
    if (frame.encrypted) {
        fault = decrypt(&cursor, key, text);
        if (fault != DC09_FAULT_NONE)
            return fault;
        fault = take_content(text, &frame);
        /* Nonsense behind the pad is the wrong key, too. */
        if (fault == DC09_FAULT_BODY)
            return DC09_FAULT_KEY;
        if (fault == DC09_FAULT_NONE && !frame.has_time)
            fault = DC09_FAULT_TIME;
    } else {
        size_t left = (size_t)(cursor.end - cursor.at);
        if (memchr(cursor.at, 0, left))
            return DC09_FAULT_BODY;
        memcpy(text, cursor.at, left);
        text[left] = 0;
        fault = take_content(text, &frame);
    }
    if (fault == DC09_FAULT_NONE)
        *ret_frame = frame;
    return fault;
}
