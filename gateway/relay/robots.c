#include "relay/robots.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"
#include "relay/message.h"

enum {
    WECOM_LIMITED = 45009,        /* "api freq out of limit" */
    DINGTALK_LIMITED = 660026,    /* too many messages in the minute … */
    DINGTALK_LIMITED_OLD = 130101 /* … as older interfaces say it */
};

enum channel robot_channel(enum preset preset)
{
    static const enum channel channels[PRESET_COUNT] = {[PRESET_JSON] = CHANNEL_WEBHOOK,
                                                        [PRESET_WECOM] = CHANNEL_WECOM,
                                                        [PRESET_DINGTALK] = CHANNEL_DINGTALK,
                                                        [PRESET_NTFY] = CHANNEL_NTFY};
    return (unsigned)preset < PRESET_COUNT ? channels[preset] : CHANNEL_NONE;
}

/* The recipient's mobile number as the robots want it: digits without the country's prefix; "" when it is
 * none. */
static void mobile_of(const char *phone, char mobile[16])
{
    char digits[32];
    size_t count = 0;
    for (; *phone && count + 1 < sizeof digits; phone++)
        if (*phone >= '0' && *phone <= '9')
            digits[count++] = *phone;
    digits[count] = 0;
    const char *from = count == 13 && strncmp(digits, "86", 2) == 0 ? digits + 2 : digits;
    mobile[0] = 0;
    if (strlen(from) == 11 && from[0] == '1')
        text_copy(mobile, 16, from);
}

static void put_topic(const char *url, struct buf *out)
{
    const char *host = strstr(url, "://"), *slash = host ? strchr(host + 3, '/') : NULL;
    buf_json_string(out, slash ? slash + 1 : "");
}

static void render_ntfy(const struct relay_context *context, const struct alert *alert, const struct job *job,
                        const char *url, const char *text, struct buf *body)
{
    static const uint8_t priorities[LEVEL_COUNT] = {
        [LEVEL_GREEN] = 2, [LEVEL_YELLOW] = 3, [LEVEL_ORANGE] = 4, [LEVEL_RED] = 5};
    struct words_facts facts;
    struct buf part;
    bool zh = message_is_zh(context, job);
    buf_init(&part, 1024);
    words_facts(context, alert, job->t_ms, &facts);
    message_title(context, &facts, job, zh, &part);
    buf_puts(body, "{\"topic\":");
    put_topic(url, body);
    buf_puts(body, ",\"title\":");
    buf_json_string(body, buf_text(&part));
    buf_puts(body, ",\"message\":");
    buf_json_string(body, text);
    buf_printf(body, ",\"priority\":%u", priorities[job->level < LEVEL_COUNT ? job->level : LEVEL_RED]);
    buf_clear(&part);
    message_link(context, job, &part);
    if (part.len > 0) {
        buf_puts(body, ",\"click\":");
        buf_json_string(body, buf_text(&part));
    }
    buf_putc(body, '}');
    buf_release(&part);
}

void robot_render(const struct relay_context *context, const struct alert *alert, const struct job *job,
                  const struct webhook_settings *settings, struct buf *body)
{
    enum preset preset = (enum preset)settings->preset;
    struct buf text;
    char mobile[16];
    buf_init(&text, MESSAGE_TEXT_MAX);
    message_chat(context, alert, job, MESSAGE_CHAT_MAX, &text);
    body->failed = body->failed || text.failed;
    mobile_of(message_recipient(context, job, "phone"), mobile);
    if (preset == PRESET_NTFY) {
        render_ntfy(context, alert, job, settings->url, buf_text(&text), body);
    } else {
        buf_puts(body, "{\"msgtype\":\"text\",\"text\":{\"content\":");
        buf_json_string(body, buf_text(&text));
        if (mobile[0] && preset == PRESET_WECOM)
            buf_printf(body, ",\"mentioned_mobile_list\":[\"%s\"]", mobile);
        buf_putc(body, '}');
        if (mobile[0] && preset == PRESET_DINGTALK)
            buf_printf(body, ",\"at\":{\"atMobiles\":[\"%s\"],\"isAtAll\":false}", mobile);
        buf_putc(body, '}');
    }
    buf_release(&text);
}

void robot_dingtalk_url(const char *url, const void *secret, size_t secret_len, int64_t wall_ms,
                        struct buf *out)
{
    buf_puts(out, url);
    if (secret_len == 0)
        return;
    uint8_t digest[SHA256_SIZE];
    char base64[4 * ((SHA256_SIZE + 2) / 3) + 1];
    struct buf text;
    buf_init(&text, 512);
    buf_printf(&text, "%" PRId64 "\n", wall_ms);
    buf_append(&text, secret, secret_len);
    out->failed = out->failed || text.failed;
    hash_hmac(secret, secret_len, buf_text(&text), text.len, digest);
    explicit_bzero(text.data, text.len);
    buf_release(&text);
    text_base64(digest, sizeof digest, false, base64);
    buf_printf(out, "%ctimestamp=%" PRId64 "&sign=", strchr(url, '?') ? '&' : '?', wall_ms);
    for (const char *c = base64; *c; c++)
        buf_puts(out, *c == '+' ? "%2B" : *c == '/' ? "%2F" : *c == '=' ? "%3D" : (const char[]){*c, 0});
}

void robot_ntfy_url(const char *url, struct buf *out)
{
    const char *host = strstr(url, "://"), *slash = host ? strchr(host + 3, '/') : NULL;
    buf_append(out, url, slash ? (size_t)(slash - url) : strlen(url));
    buf_putc(out, '/');
}

enum robot_answer robot_answer(enum channel channel, const char *body, size_t len, char why[64])
{
    struct json *root = NULL;
    int64_t code = 0;
    why[0] = 0;
    if (channel != CHANNEL_WECOM && channel != CHANNEL_DINGTALK)
        return ROBOT_TOOK;
    bool said = len > 0 && json_parse(body, len, &root, NULL) == ERR_OK &&
                json_integer(json_get(root, "errcode"), &code);
    json_free(root);
    if (!said) {
        snprintf(why, 64, "the robot's answer cannot be read");
        return ROBOT_LIMITED; /* a gateway in between may have spoken: tried again */
    }
    if (code == 0)
        return ROBOT_TOOK;
    snprintf(why, 64, "errcode %" PRId64, code);
    bool limited = code == WECOM_LIMITED || code == DINGTALK_LIMITED || code == DINGTALK_LIMITED_OLD ||
                   code == -1; /* "system busy" */
    return limited ? ROBOT_LIMITED : ROBOT_REFUSED;
}
