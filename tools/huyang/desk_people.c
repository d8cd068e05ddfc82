#include "desk_people.h"

#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/text.h"

enum { WECOM_BYTES = 2048, DINGTALK_AGE_MS = 3600000, SECRET_SIZE = 257, VALUE_MAX = 16384 };

bool desk_people_is(const char *path)
{
    static const char *const paths[] = {"/sms",      "/voice", "/sms/cancel", "/voice/cancel", "/wecom",
                                        "/dingtalk", "/"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (strcmp(path, paths[i]) == 0)
            return true;
    return false;
}

bool desk_people_cancels(const char *path)
{
    return strcmp(path, "/sms/cancel") == 0 || strcmp(path, "/voice/cancel") == 0;
}

static bool refuse(struct desk_checked *checked, const char *why)
{
    buf_puts(&checked->why, why);
    return false;
}

static void field(struct desk_checked *checked, const char *name, const char *value)
{
    buf_printf(&checked->fields, ",\"%s\":", name);
    buf_json_string(&checked->fields, value);
}

static void secret_of(const struct desk_message *message, char secret[SECRET_SIZE])
{
    memcpy(secret, message->secret, message->secret_len);
    secret[message->secret_len] = 0;
}

/* A value of an URL's or form's "a=b&c=d", unescaped. */
static bool pair_of(const char *text, const char *name, char *value, size_t size)
{
    size_t len = strlen(name);
    for (const char *at = text; *at; at += strcspn(at, "&"), at += *at == '&') {
        if (strncmp(at, name, len) != 0 || at[len] != '=')
            continue;
        size_t filled = 0;
        for (at += len + 1; *at && *at != '&'; at++) {
            unsigned c = (unsigned char)*at;
            if (c == '%' && sscanf(at + 1, "%2x", &c) == 1)
                at += 2;
            else if (c == '+')
                c = ' ';
            if (filled + 1 >= size)
                return false;
            value[filled++] = (char)c;
        }
        value[filled] = 0;
        return true;
    }
    return false;
}

static bool is_bearer(const struct desk_message *message, struct desk_checked *checked)
{
    char secret[SECRET_SIZE], wanted[SECRET_SIZE + 8];
    secret_of(message, secret);
    snprintf(wanted, sizeof wanted, "Bearer %s", secret);
    bool well = message->secret_len == 0 || strcmp(message->authorization, wanted) == 0;
    checked->signature = message->secret_len == 0 ? "unchecked" : well ? "valid" : "bad";
    return well || refuse(checked, "authorization");
}

static bool check_operator(const struct desk_message *message, struct desk_checked *checked)
{
    static const char *const names[] = {"to", "content", "ref"};
    char values[3][VALUE_MAX];
    struct json *root = NULL;
    bool well = true, json = message->body->len > 0 && buf_text(message->body)[0] == '{';
    if (json && json_parse(buf_text(message->body), message->body->len, &root, NULL) != ERR_OK)
        return refuse(checked, "not JSON");
    for (size_t i = 0; i < 3; i++) {
        const char *value = json_string(json_get(root, names[i]));
        well = well && (json ? value && text_copy(values[i], VALUE_MAX, value)
                             : pair_of(buf_text(message->body), names[i], values[i], VALUE_MAX));
        if (!well)
            values[i][0] = 0;
    }
    json_free(root);
    field(checked, "phone", values[0]);
    field(checked, "text", values[1]);
    struct hash_id id;
    text_copy(checked->id, sizeof checked->id, values[2]);
    if (!well)
        return refuse(checked, "to, content or ref is missing");
    if (!hash_id_parse(checked->id, &id) || strcmp(message->id_header, checked->id) != 0)
        return refuse(checked, "ref is no id of 32 digits, or the headers have another");
    if (!values[0][0] || strspn(values[0], "0123456789+- ") != strlen(values[0]))
        return refuse(checked, "to is no telephone number");
    if (!values[1][0] || !text_is_utf8(values[1], strlen(values[1]), NULL))
        return refuse(checked, "content");
    return is_bearer(message, checked);
}

/* {"ref":…} as JSON or a form. Its record's id is one of its own: the message's was acted on. */
static bool check_cancel(const struct desk_message *message, struct desk_checked *checked)
{
    char ref[64] = "";
    struct json *root = NULL;
    struct hash_id id;
    if (json_parse(buf_text(message->body), message->body->len, &root, NULL) == ERR_OK)
        text_copy(ref, sizeof ref,
                  json_string(json_get(root, "ref")) ? json_string(json_get(root, "ref")) : "");
    else
        pair_of(buf_text(message->body), "ref", ref, sizeof ref);
    json_free(root);
    field(checked, "ref", ref);
    if (!hash_id_parse(ref, &id))
        return refuse(checked, "ref is no id of 32 digits");
    snprintf(checked->id, sizeof checked->id, "cancel-%s", ref);
    return is_bearer(message, checked);
}

static bool check_dingtalk_sign(const struct desk_message *message, struct desk_checked *checked)
{
    char timestamp[32] = "", sign[128] = "", secret[SECRET_SIZE], text[SECRET_SIZE + 40], right[64];
    uint8_t digest[SHA256_SIZE];
    int64_t at_ms = 0;
    secret_of(message, secret);
    if (!pair_of(message->query, "timestamp", timestamp, sizeof timestamp) ||
        !pair_of(message->query, "sign", sign, sizeof sign) || !text_to_int(timestamp, 0, INT64_MAX, &at_ms))
        return refuse(checked, "timestamp or sign is missing");
    int len = snprintf(text, sizeof text, "%s\n%s", timestamp, secret);
    hash_hmac(secret, strlen(secret), text, (size_t)len, digest);
    text_base64(digest, sizeof digest, false, right);
    int64_t age_ms = clock_now().wall_ms - at_ms;
    bool fresh = age_ms <= DINGTALK_AGE_MS && age_ms >= -DINGTALK_AGE_MS;
    checked->signature = strcmp(sign, right) != 0 ? "bad" : fresh ? "valid" : "old";
    return strcmp(checked->signature, "valid") == 0 || refuse(checked, "sign not match");
}

static bool check_robot(const struct desk_message *message, struct desk_checked *checked, bool wecom)
{
    char key[SECRET_SIZE] = "", secret[SECRET_SIZE];
    struct json *root = NULL;
    secret_of(message, secret);
    if (json_parse(buf_text(message->body), message->body->len, &root, NULL) != ERR_OK)
        return refuse(checked, "not JSON");
    const char *type = json_string(json_get(root, "msgtype")),
               *content = json_string(json_get(json_get(root, "text"), "content"));
    const struct json *phones = wecom ? json_get(json_get(root, "text"), "mentioned_mobile_list")
                                      : json_get(json_get(root, "at"), "atMobiles");
    const char *phone = json_string(json_at(phones, 0));
    bool well = type && strcmp(type, "text") == 0 && content && content[0];
    field(checked, "text", content ? content : "");
    field(checked, "phone", phone ? phone : "");
    if (!well)
        refuse(checked, "not a text message");
    else if (wecom && strlen(content) > WECOM_BYTES)
        well = refuse(checked, "content is longer than 2048 bytes");
    json_free(root);
    text_copy(checked->id, sizeof checked->id, message->id_header);
    if (!well)
        return false;
    if (!wecom)
        return message->secret_len == 0 || check_dingtalk_sign(message, checked);
    well = message->secret_len == 0 ||
           (pair_of(message->query, "key", key, sizeof key) && strcmp(key, secret) == 0);
    checked->signature = well ? "valid" : "bad";
    return well || refuse(checked, "invalid webhook url");
}

static bool check_ntfy(const struct desk_message *message, struct desk_checked *checked)
{
    struct json *root = NULL;
    int64_t priority = 0;
    if (json_parse(buf_text(message->body), message->body->len, &root, NULL) != ERR_OK)
        return refuse(checked, "not JSON");
    const char *topic = json_string(json_get(root, "topic")), *text = json_string(json_get(root, "message")),
               *title = json_string(json_get(root, "title"));
    bool well = topic && text_is_id(topic, strlen(topic)) && text && title &&
                json_integer(json_get(root, "priority"), &priority) && priority >= 1 && priority <= 5;
    field(checked, "text", text ? text : "");
    field(checked, "topic", topic ? topic : "");
    buf_printf(&checked->fields, ",\"priority\":%d", (int)priority);
    json_free(root);
    text_copy(checked->id, sizeof checked->id, message->id_header);
    return well ? is_bearer(message, checked) : refuse(checked, "topic, title, message or priority");
}

void desk_people_check(const struct desk_message *message, struct desk_checked *checked)
{
    const char *path = message->path;
    if (desk_people_cancels(path))
        checked->valid = check_cancel(message, checked);
    else if (strcmp(path, "/sms") == 0 || strcmp(path, "/voice") == 0)
        checked->valid = check_operator(message, checked);
    else if (strcmp(path, "/") == 0)
        checked->valid = check_ntfy(message, checked);
    else
        checked->valid = check_robot(message, checked, strcmp(path, "/wecom") == 0);
}

void desk_people_answer(const char *path, bool accepted, const char *id, struct buf *out)
{
    if (desk_people_cancels(path)) {
        buf_printf(out, "{\"code\":%d}", accepted ? 0 : 4002);
    } else if (strcmp(path, "/sms") == 0 || strcmp(path, "/voice") == 0) {
        buf_printf(out, "{\"code\":%d,\"data\":[{\"sid\":\"op-%.12s\"}]}", accepted ? 0 : 4001, id);
    } else if (strcmp(path, "/") == 0) {
        buf_printf(out,
                   accepted ? "{\"id\":\"n-%.8s\",\"event\":\"message\"}" : "{\"code\":40301,\"http\":403}",
                   id);
    } else {
        bool wecom = strcmp(path, "/wecom") == 0;
        buf_printf(out, "{\"errcode\":%d,\"errmsg\":\"%s\"}",
                   accepted ? 0
                   : wecom  ? 93000
                            : 310000,
                   accepted ? "ok" : "refused");
    }
}
