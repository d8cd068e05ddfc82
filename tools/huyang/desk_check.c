/* Is a message what its sender promises? CAP by desk_cap.c; webhooks by their members, their ids and their
 * signature. */
#include "desk_check.h"

#include <string.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/text.h"
#include "desk_people.h"
#include "desk_platform.h"

enum { SIGNATURE_AGE_S = 300, TEXT_MAX = 1 << 20 };

static void field(struct desk_checked *checked, const char *name, const char *value)
{
    buf_printf(&checked->fields, ",\"%s\":", name);
    buf_json_string(&checked->fields, value);
}

static void check_cap(const struct desk_message *message, struct desk_checked *checked)
{
    struct desk_cap *cap = &checked->cap;
    checked->valid = desk_cap_check(buf_text(message->body), message->body->len, cap, &checked->why);
    text_copy(checked->id, sizeof checked->id, cap->identifier);
    const struct {
        const char *name, *value;
    } fields[] = {{"sender", cap->sender},         {"sent", cap->sent},
                  {"status", cap->status},         {"type", cap->type},
                  {"references", cap->references}, {"incidents", cap->incidents},
                  {"event", cap->event},           {"category", cap->category},
                  {"urgency", cap->urgency},       {"severity", cap->severity},
                  {"certainty", cap->certainty},   {"headline", cap->headline},
                  {"circle", cap->circle},         {"avs", cap->avs},
                  {"alert", cap->alert},           {"level", cap->level},
                  {"family", cap->family}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        field(checked, fields[i].name, fields[i].value);
    buf_printf(&checked->fields, ",\"exercise\":%s", strcmp(cap->status, "Exercise") == 0 ? "true" : "false");
}

static bool equal_secretly(const char *a, const char *b)
{
    size_t len = strlen(a);
    unsigned char different = strlen(b) != len;
    for (size_t i = 0; !different && i < len; i++)
        different |= (unsigned char)(a[i] ^ b[i]);
    return !different;
}

/* HMAC-SHA256(secret, time "." id "." body), not older than five minutes. */
static const char *check_signature(const struct desk_message *message)
{
    const char *time_text = message->time_header, *signature = message->signature_header;
    if (!message->secret_len)
        return signature[0] ? "unchecked" : "none";
    int64_t time_s;
    if (!signature[0] || !text_to_int(time_text, 0, INT64_MAX / 1000, &time_s))
        return "none";
    struct buf text;
    buf_init(&text, TEXT_MAX + 256);
    buf_printf(&text, "%s.%s.", time_text, message->id_header);
    buf_append(&text, buf_text(message->body), message->body->len);
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];
    hash_hmac(message->secret, message->secret_len, text.data, text.len, digest);
    hash_hex(digest, sizeof digest, hex);
    buf_release(&text);
    if (!equal_secretly(hex, signature))
        return "bad";
    int64_t age_s = clock_now().wall_ms / 1000 - time_s;
    return age_s > SIGNATURE_AGE_S || age_s < -SIGNATURE_AGE_S ? "old" : "valid";
}

static bool refuse(struct desk_checked *checked, const char *format, const char *what)
{
    buf_printf(&checked->why, format, what);
    return false;
}

static bool check_hook_members(const struct desk_message *message, const struct json *root,
                               struct desk_checked *checked)
{
    static const char *const needed[] = {"id",     "alert", "kind",        "level",
                                         "family", "role",  "acknowledge", "t"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        const char *value = json_string(json_get(root, needed[i]));
        if (!value)
            return refuse(checked, "member %s is missing or no string", needed[i]);
        if (i > 0)
            field(checked, strcmp(needed[i], "t") == 0 ? "made" : needed[i], value);
    }
    const char *task = json_string(json_get(root, "task")), *kind = json_string(json_get(root, "kind"));
    field(checked, "task", task ? task : "");
    const char *recipient = json_string(json_get(json_get(root, "recipient"), "name")),
               *zh = json_string(json_get(json_get(root, "what"), "zh")),
               *en = json_string(json_get(json_get(root, "what"), "en"));
    field(checked, "recipient", recipient ? recipient : "");
    field(checked, "what", en ? en : "");
    bool exercise = false;
    if (!json_bool(json_get(root, "exercise"), &exercise))
        return refuse(checked, "member %s is missing", "exercise");
    buf_printf(&checked->fields, ",\"exercise\":%s", exercise ? "true" : "false");
    if (!zh || !en)
        return refuse(checked, "member %s is missing", "what");
    if (strcmp(kind, "notify") != 0 && strcmp(kind, "task") != 0)
        return refuse(checked, "%s", "kind is neither notify nor task");
    struct hash_id id;
    text_copy(checked->id, sizeof checked->id, json_string(json_get(root, "id")));
    if (!hash_id_parse(checked->id, &id))
        return refuse(checked, "%s", "id is not 32 hex digits");
    if (strcmp(message->id_header, checked->id) != 0 || strcmp(message->key_header, checked->id) != 0)
        return refuse(checked, "%s", "the id in the headers is another");
    return true;
}

static void check_hook(const struct desk_message *message, struct desk_checked *checked)
{
    struct json *root = NULL;
    struct json_error error;
    if (json_parse(buf_text(message->body), message->body->len, &root, &error) != ERR_OK) {
        checked->valid = refuse(checked, "not JSON: %s", error.text);
        return;
    }
    checked->valid = check_hook_members(message, root, checked);
    json_free(root);
}

/* Of what is signed: pages and webhooks. */
static void judge_signature(const struct desk_message *message, struct desk_checked *checked)
{
    checked->signature = check_signature(message);
    if (checked->valid && message->secret_len && strcmp(checked->signature, "valid") != 0)
        checked->valid = refuse(checked, "signature: %s", checked->signature);
}

void desk_check(const struct desk_message *message, struct desk_checked *ret_checked)
{
    *ret_checked = (struct desk_checked){.signature = "none"};
    buf_init(&ret_checked->why, 1024);
    buf_init(&ret_checked->fields, 65536);
    if (strcmp(message->path, "/cap") == 0)
        check_cap(message, ret_checked);
    else if (desk_people_is(message->path))
        desk_people_check(message, ret_checked);
    else if (desk_platform_is(message->path))
        desk_platform_check(message, ret_checked);
    else
        check_hook(message, ret_checked);
    if (desk_platform_is(message->path) || strncmp(message->path, "/hook/", 6) == 0)
        judge_signature(message, ret_checked);
}

void desk_checked_release(struct desk_checked *checked)
{
    buf_release(&checked->why);
    buf_release(&checked->fields);
}
