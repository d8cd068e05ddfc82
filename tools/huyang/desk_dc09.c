/* The frame is taken apart from its outside in, each step with its own refusal; what cannot be trusted to be
 * ours at all (checksum, length) is not answered, as most receivers do. */
#include "desk_dc09.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/clock.h"
#include "core/text.h"

enum { TIME_LEN = 19 };

/* Four bits at a time, from the table of the polynomial x16+x15+x2+1 reflected. */
static unsigned checksum(const char *bytes, size_t len)
{
    static const unsigned table[16] = {0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
                                       0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400};
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned byte = (unsigned char)bytes[i];
        sum = table[(sum ^ byte) & 15] ^ sum >> 4;
        sum = table[(sum ^ byte >> 4) & 15] ^ sum >> 4;
    }
    return sum;
}

static bool from_hex(const char *text, size_t digits, uint8_t *bytes)
{
    for (size_t i = 0; i < digits / 2; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], 0};
        if (strspn(pair, "0123456789ABCDEFabcdef") != 2)
            return false;
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return digits % 2 == 0;
}

bool desk_dc09_key(const char *text, size_t len, struct desk_dc09_key *ret_key)
{
    struct desk_dc09_key key = {.len = len / 2};
    if ((len == 32 || len == 48 || len == 64) && from_hex(text, len, key.bytes)) {
        *ret_key = key;
        return true;
    }
    if (len != 16 && len != 24 && len != 32)
        return false;
    key = (struct desk_dc09_key){.len = len};
    memcpy(key.bytes, text, len);
    *ret_key = key;
    return true;
}

static bool crypt_blocks(const struct desk_dc09_key *key, int encrypt, const uint8_t *in, size_t len,
                         uint8_t *out)
{
    const EVP_CIPHER *cipher = EVP_get_cipherbyname(key->len == 16   ? "aes-128-cbc"
                                                    : key->len == 24 ? "aes-192-cbc"
                                                                     : "aes-256-cbc");
    uint8_t zero[16] = {0};
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int part = 0, rest = 0;
    bool well = context && EVP_CipherInit_ex(context, cipher, NULL, key->bytes, zero, encrypt) &&
                EVP_CIPHER_CTX_set_padding(context, 0) &&
                EVP_CipherUpdate(context, out, &part, in, (int)len) &&
                EVP_CipherFinal_ex(context, out + part, &rest);
    EVP_CIPHER_CTX_free(context);
    return well && (size_t)part + (size_t)rest == len;
}

static void refuse(struct desk_dc09_frame *frame, enum desk_dc09_word word, const char *why)
{
    frame->word = word;
    text_copy(frame->why, sizeof frame->why, why);
}

/* Copies up to one of `stops`; the place of the stop, NULL when it does not fit or none comes. */
static const char *cut(const char *from, const char *stops, char *to, size_t size)
{
    size_t len = strcspn(from, stops);
    if (len >= size || from[len] == 0)
        return NULL;
    memcpy(to, from, len);
    to[len] = 0;
    return from + len;
}

static bool is_hex_word(const char *text, size_t least, size_t most)
{
    size_t len = strlen(text);
    return len >= least && len <= most && strspn(text, "0123456789ABCDEFabcdef") == len;
}

/* "NAME"0001R0L0#1234[ : what follows, or NULL. */
static const char *read_header(const char *body, struct desk_dc09_frame *frame)
{
    const char *at = body[0] == '"' ? body + 1 : NULL;
    if (at && *at == '*') {
        frame->encrypted = true;
        at++;
    }
    at = at ? cut(at, "\"", frame->name, sizeof frame->name) : NULL;
    if (!at || strlen(at) < 5)
        return NULL;
    frame->is_test = strcmp(frame->name, "NULL") == 0;
    memcpy(frame->sequence, at + 1, 4);
    if (strspn(frame->sequence, "0123456789") != 4)
        return NULL;
    at += 5;
    if (*at == 'R') {
        at = cut(at + 1, "L", frame->receiver, sizeof frame->receiver);
        if (!at || !is_hex_word(frame->receiver, 1, 6))
            return NULL;
    }
    at = *at == 'L' ? cut(at + 1, "#", frame->line, sizeof frame->line) : NULL;
    if (!at || !is_hex_word(frame->line, 1, 6))
        return NULL;
    at = cut(at + 1, "[", frame->account, sizeof frame->account);
    return at && is_hex_word(frame->account, 3, 16) ? at + 1 : NULL;
}

/* "116.397128", or degrees, a letter and minutes: "116E23.8277". The letter is looked for first: to strtod an
 * E is an exponent. */
static bool read_degrees(const char *text, const char *letters, double most, double *ret_degrees)
{
    char whole[16], *end = NULL;
    const char *minutes_text = cut(text, letters, whole, sizeof whole);
    double degrees = strtod(minutes_text ? whole : text, &end);
    bool well = *text && *end == 0 && degrees >= -most && degrees <= most;
    if (well && minutes_text) {
        double minutes = strtod(minutes_text + 1, &end);
        well = end > minutes_text + 1 && *end == 0 && minutes >= 0 && minutes < 60 && degrees >= 0;
        degrees += minutes / 60;
        if (*minutes_text == letters[1])
            degrees = -degrees;
    }
    if (well)
        *ret_degrees = degrees;
    return well;
}

/* Nri1/PA001^label^ */
static bool read_event(const char *text, struct desk_dc09_frame *frame)
{
    const char *code = strrchr(text, '/');
    if (text[0] != 'N')
        return false;
    code = code ? code + 1 : text + 1;
    if (strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < 2)
        return false;
    memcpy(frame->code, code, 2);
    code += 2;
    size_t digits = strspn(code, "0123456789");
    if (digits >= sizeof frame->zone)
        return false;
    memcpy(frame->zone, code, digits);
    code += digits;
    if (*code == '^') {
        code = cut(code + 1, "^", frame->label, sizeof frame->label);
        if (!code)
            return false;
        code++;
    }
    static const char *const tests[] = {"RX", "TX", "RP", "TS", "TE"};
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        frame->is_exercise = frame->is_exercise || strcmp(tests[i], frame->code) == 0;
    return *code == 0;
}

static bool keep_extension(char letter, const char *value, struct desk_dc09_frame *frame)
{
    switch (letter) {
    case 'X': return read_degrees(value, "EW", 180, &frame->lon);
    case 'Y': frame->has_place = true; return read_degrees(value, "NS", 90, &frame->lat);
    case 'H': return text_copy(frame->occurred, sizeof frame->occurred, value);
    case 'I': return text_copy(frame->text, sizeof frame->text, value) && strlen(value) <= 256;
    case 'V': return text_copy(frame->verification, sizeof frame->verification, value);
    default: return letter >= 'A' && letter <= 'Z';
    }
}

/* The time behind the underscore, as milliseconds; -1 when it is none. */
static int64_t read_time(const char *text)
{
    if (strlen(text) != TIME_LEN || text[8] != ',' || text[11] != '-' || text[14] != '-')
        return -1;
    char iso[40];
    int64_t time_ms;
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.8sZ", text + 15, text + 9, text + 12, text);
    return clock_parse(iso, strlen(iso), &time_ms) == ERR_OK ? time_ms : -1;
}

/* data ']' [X…][Y…] _time */
static void read_content(const char *text, int64_t now_ms, struct desk_dc09_frame *frame)
{
    char data[1024], value[300];
    const char *at = cut(text, "]", data, sizeof data);
    if (!at) {
        refuse(frame, DESK_DC09_DUH, "no closing bracket");
        return;
    }
    for (at++; *at == '['; at++) {
        char letter = at[1];
        at = letter ? cut(at + 2, "]", value, sizeof value) : NULL;
        if (!at || !keep_extension(letter, value, frame)) {
            refuse(frame, DESK_DC09_DUH, "an extension that cannot be read");
            return;
        }
    }
    int64_t time_ms = -1;
    if (*at == '_') {
        text_copy(frame->time, sizeof frame->time, at + 1);
        time_ms = read_time(at + 1);
    }
    if (*at == '_' ? time_ms < 0 : *at != 0 || frame->encrypted) {
        refuse(frame, DESK_DC09_DUH, "a time that is missing or cannot be read");
        return;
    }
    char own[24];
    snprintf(own, sizeof own, "#%s|", frame->account);
    if (frame->is_test ? data[0] != 0
                       : strcmp(frame->name, "SIA-DCS") != 0 || strncmp(data, own, strlen(own)) != 0 ||
                             !read_event(data + strlen(own), frame)) {
        refuse(frame, DESK_DC09_DUH, "neither a link test nor an event of this account in SIA's codes");
        return;
    }
    if (time_ms >= 0 && (now_ms - time_ms > DESK_DC09_LATE_MS || time_ms - now_ms > DESK_DC09_EARLY_MS)) {
        refuse(frame, DESK_DC09_NAK, "its time is too far from ours");
        return;
    }
    frame->word = DESK_DC09_ACK;
}

static void read_encrypted(const char *hex, const struct desk_dc09_key *key, int64_t now_ms,
                           struct desk_dc09_frame *frame)
{
    uint8_t secret[DESK_DC09_FRAME_MAX / 2], plain[DESK_DC09_FRAME_MAX / 2 + 1];
    size_t digits = strlen(hex), len = digits / 2;
    if (len == 0 || len > sizeof secret || len % 16 != 0 || !from_hex(hex, digits, secret) || !key->len ||
        !crypt_blocks(key, 0, secret, len, plain)) {
        refuse(frame, DESK_DC09_DUH, "cannot be decrypted");
        return;
    }
    plain[len] = 0;
    const char *text = (const char *)plain, *bar = strchr(text, '|');
    if (strlen(text) != len || !bar || bar == text || bar > text + 16 ||
        strcspn(text, "[]") < (size_t)(bar - text)) {
        refuse(frame, DESK_DC09_DUH, "another key, or a pad that is none");
        return;
    }
    read_content(bar + 1, now_ms, frame);
}

static void name_it(struct desk_dc09_frame *frame)
{
    const char *id = strstr(frame->verification, "id=");
    if (id)
        snprintf(frame->id, sizeof frame->id, "%.32s", id + 3);
    else if (!frame->is_test)
        snprintf(frame->id, sizeof frame->id, "%s-%s", frame->account, frame->sequence);
}

void desk_dc09_judge(const char *bytes, size_t len, const struct desk_dc09_key *key, int64_t now_ms,
                     struct desk_dc09_frame *ret_frame)
{
    struct desk_dc09_frame *frame = ret_frame;
    char text[DESK_DC09_FRAME_MAX + 1];
    *frame = (struct desk_dc09_frame){.word = DESK_DC09_NOTHING};
    if (len < 12 || len > DESK_DC09_FRAME_MAX || memchr(bytes, 0, len)) {
        refuse(frame, DESK_DC09_NOTHING, "no frame");
        return;
    }
    memcpy(text, bytes + 1, len - 2); /* without LF and CR */
    text[len - 2] = 0;
    const char *body = text + 8;
    char head[32];
    snprintf(head, sizeof head, "%04X%04zX", checksum(body, strlen(body)), strlen(body));
    if (strncasecmp(head, text, 4) != 0) {
        refuse(frame, DESK_DC09_NOTHING, "wrong checksum");
        return;
    }
    if (strncasecmp(head + 4, text + 4, 4) != 0) {
        refuse(frame, DESK_DC09_NOTHING, "wrong length");
        return;
    }
    const char *content = read_header(body, frame);
    if (!content)
        refuse(frame, DESK_DC09_NOTHING, "a header that cannot be read");
    else if (frame->encrypted)
        read_encrypted(content, key, now_ms, frame);
    else if (key->len)
        refuse(frame, DESK_DC09_DUH, "in clear, but there is a key");
    else
        read_content(content, now_ms, frame);
    name_it(frame);
}

static void put_time(int64_t now_ms, char text[24])
{
    char iso[CLOCK_TEXT_SIZE];
    clock_format(NULL, now_ms - now_ms % 1000, iso); /* 2026-03-01T09:12:00+00:00 */
    snprintf(text, 24, "_%.8s,%.5s-%.4s", iso + 11, iso + 5, iso);
}

void desk_dc09_answer(const struct desk_dc09_frame *frame, enum desk_dc09_word word,
                      const struct desk_dc09_key *key, int64_t now_ms, bool spoil, struct buf *out)
{
    char body[512], time[24], receiver[10] = "";
    bool secret = frame->encrypted && key->len && word != DESK_DC09_NAK;
    put_time(now_ms, time);
    if (frame->receiver[0])
        snprintf(receiver, sizeof receiver, "R%s", frame->receiver);
    if (word == DESK_DC09_NAK)
        snprintf(body, sizeof body, "\"NAK\"0000R0L0A0[]%s", time);
    else
        snprintf(body, sizeof body, "\"%s%s\"%s%sL%s#%s[%s", secret ? "*" : "",
                 word == DESK_DC09_ACK ? "ACK" : "DUH", frame->sequence, receiver, frame->line,
                 frame->account, secret ? "" : "]");
    if (secret) {
        /* The bar, the bracket and the time's twenty are 22: ten of pad fill two blocks. */
        char plain[40];
        uint8_t sealed[32];
        snprintf(plain, sizeof plain, "deskdeskde|]%s", time);
        if (!crypt_blocks(key, 1, (const uint8_t *)plain, sizeof sealed, sealed))
            return;
        for (size_t i = 0, at = strlen(body); i < sizeof sealed; i++, at += 2)
            snprintf(body + at, sizeof body - at, "%02X", sealed[i]);
    }
    unsigned sum = checksum(body, strlen(body));
    buf_printf(out, "\n%04X%04zX%s\r", spoil ? sum ^ 1 : sum, strlen(body), body);
}
