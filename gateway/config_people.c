/* The keys of what reaches people: operators, and the checks no single key shows. */
#include <stddef.h>
#include <string.h>

#include "config_allowed.h"
#include "config_keys.h"
#include "relay/mail.h"

#define FIELD(type_name, field) .offset = offsetof(type_name, field), .size = sizeof(((type_name *)0)->field)
#define LIST_OF(array)                                                                                       \
    {                                                                                                        \
        .keys = (array), .count = sizeof(array) / sizeof((array)[0])                                         \
    }
#define FILE_RULE .rule = "path of a file, \"\" = none"

static const struct key field_keys[] = {
    {.path = "name",
     .help = "Name of the member, form field or header.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct operator_field, name),
     .rule = "text without blanks",
     .allowed = config_allows_word},
    {.path = "value",
     .help =
         "Its text; {id}, {phone}, {name}, {title}, {text} and {level} are filled in, in headers {id} and "
         "{secret}.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct operator_field, value),
     .rule = "text"},
};
static const struct key_list field_list = LIST_OF(field_keys);

static const struct key code_keys[] = {
    {.path = "code",
     .help = "As the operator writes it.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct operator_code, code),
     .rule = "text",
     .allowed = config_allows_given},
    {.path = "state",
     .help =
         "What it means: pending says nothing yet, answered that a call is being heard, delivered that it "
         "is on the telephone or was heard, failed that it is not.",
     .type = KEY_NAME,
     .required = true,
     FIELD(struct operator_code, state),
     .name = config_name_operator_state},
};
static const struct key_list code_list = LIST_OF(code_keys);

#define SUBLIST(field, counter, most, keys_of)                                                               \
    .type = KEY_LIST, FIELD(struct operator_settings, field), .high = (most),                                \
    .count_offset = offsetof(struct operator_settings, counter),                                             \
    .item_size = sizeof(((struct operator_settings *)0)->field[0]), .items = &(keys_of)

static const struct key operator_keys[] = {
    {.path = "way",
     .help = "Which of the registry's channels it serves.",
     .type = KEY_NAME,
     .required = true,
     FIELD(struct operator_settings, way),
     .name = config_name_way},
    {.path = "url",
     .help = "Where a message is submitted (POST); {secret} and {id} are filled in.",
     .type = KEY_TEXT,
     .required = true,
     FIELD(struct operator_settings, url),
     .rule = "http:// or https:// URL",
     .allowed = config_allows_http_url},
    {.path = "form",
     .help = "How the fields are written.",
     .type = KEY_NAME,
     FIELD(struct operator_settings, form),
     .name = config_name_form},
    {.path = "secret_file",
     .help = "File whose text {secret} stands for.",
     .type = KEY_TEXT,
     FIELD(struct operator_settings, secret_file),
     FILE_RULE},
    {.path = "fields",
     .help = "What is submitted.",
     SUBLIST(fields, field_count, OPERATOR_FIELDS_MAX, field_list)},
    {.path = "headers",
     .help = "Headers of each request.",
     SUBLIST(headers, header_count, OPERATOR_HEADERS_MAX, field_list)},
    {.path = "success",
     .help =
         "What a reply says that took the message, as member=value; none = any 2xx. A member inside others "
         "is written with dots: data.0.code.",
     .type = KEY_TEXT,
     FIELD(struct operator_settings, success),
     .rule = "member=value, \"\" = any 2xx",
     .allowed = config_allows_member_value_or_none},
    {.path = "reply_id",
     .help = "Member of that reply with the operator's own id of the message.",
     .type = KEY_TEXT,
     FIELD(struct operator_settings, reply_id),
     .rule = "member, \"\" = none"},
    {.path = "callback_file",
     .help = "File with the token that the operator's own reports carry (POST /api/v1/operators/WAY/status, "
             "Authorization: Bearer or ?token=); none = they are refused.",
     .type = KEY_TEXT,
     FIELD(struct operator_settings, callback_file),
     FILE_RULE},
    {.path = "poll_url",
     .help = "Where to ask what became of a message (GET); {id}, {ref} (the operator's id) and {secret} are "
             "filled in.",
     .type = KEY_TEXT,
     FIELD(struct operator_settings, poll_url),
     .rule = "http:// or https:// URL, \"\" = not asked",
     .allowed = config_allows_http_url_or_none},
    {.path = "poll_s",
     .help = "How often; 0 = every 10 s.",
     .unit = "s",
     .type = KEY_NUMBER,
     FIELD(struct operator_settings, poll_s),
     .high = 600},
    {.path = "cancel_url",
     .help =
         "Where a message that was taken is called off (POST) when the alert is somebody's or over: a call "
         "that nobody has answered is hung up; {id}, {ref} and {secret} are filled in.",
     .type = KEY_TEXT,
     FIELD(struct operator_settings, cancel_url),
     .rule = "http:// or https:// URL, \"\" = it runs on",
     .allowed = config_allows_http_url_or_none},
    {.path = "cancel_fields",
     .help = "What is submitted there; {id} and {ref} are filled in.",
     SUBLIST(cancel_fields, cancel_field_count, OPERATOR_CANCEL_FIELDS_MAX, field_list)},
    {.path = "status_id",
     .help = "Member of a report or answer with our id of the message, or the operator's.",
     .type = KEY_TEXT,
     FIELD(struct operator_settings, status_id),
     .rule = "member"},
    {.path = "status_code",
     .help = "Member with what became of it.",
     .type = KEY_TEXT,
     FIELD(struct operator_settings, status_code),
     .rule = "member"},
    {.path = "status_key",
     .help = "Member with the key that was pressed: 1 takes the alert, 2 passes it to the next person.",
     .type = KEY_TEXT,
     FIELD(struct operator_settings, status_key),
     .rule = "member, \"\" = none"},
    {.path = "codes",
     .help = "What the operator's codes mean; one that is not here means nothing yet.",
     SUBLIST(codes, code_count, OPERATOR_STATES_MAX, code_list)},
    {.path = "answer_s",
     .help =
         "How long after it was taken its fate is waited for, before the next way or person; 0 = 90 s for a "
         "call, 300 s for SMS.",
     .unit = "s",
     .type = KEY_NUMBER,
     FIELD(struct operator_settings, answer_s),
     .high = 3600},
    {.path = "per_minute",
     .help = "Most messages a minute, red excepted; 0 = no limit.",
     .type = KEY_NUMBER,
     FIELD(struct operator_settings, per_minute),
     .high = 60000},
    KEYS_OF_TLS(struct operator_settings),
};
const struct key_list config_operator_list = LIST_OF(operator_keys);

static bool is_open(const char *url)
{
    return strncmp(url, "http://", 7) == 0;
}

static bool is_half(const struct relay_tls *tls)
{
    return !tls->cert_file[0] != !tls->key_file[0];
}

const char *config_people_fault(const struct relay_settings *relay, const char **ret_key)
{
    static const char half[] = "cert_file and key_file go together";
    *ret_key = "relay.webhook";
    for (unsigned i = 0; i < relay->webhook_count; i++)
        if (is_half(&relay->webhooks[i].tls))
            return half;
    *ret_key = "relay.operators";
    for (unsigned i = 0; i < relay->operator_count; i++) {
        const struct operator_settings *operator_settings = &relay->operators[i];
        if (operator_settings->way != WAY_SMS && operator_settings->way != WAY_VOICE)
            return "an operator's way is sms or voice";
        if (i > 0 && operator_settings->way == relay->operators[0].way)
            return "two operators serve the same way";
        if (!relay->allow_private &&
            (is_open(operator_settings->url) || is_open(operator_settings->poll_url) ||
             is_open(operator_settings->cancel_url)))
            return "http:// only with relay.allow_private";
        if (is_half(&operator_settings->tls))
            return half;
        if (operator_settings->field_count == 0)
            return "an operator needs fields";
        bool hears = operator_settings->callback_file[0] || operator_settings->poll_url[0];
        if (!hears)
            return "an operator needs callback_file or poll_url: without a word of what became of a message "
                   "nobody could be told that it was missed";
        if (!operator_settings->status_id[0] || !operator_settings->status_code[0])
            return "an operator needs status_id and status_code";
    }
    *ret_key = "relay.mail.url";
    if (relay->mail.url[0] && !mail_is_address(relay->mail.from))
        return "mail needs relay.mail.from, an address";
    if (relay->mail.clear && !relay->allow_private)
        return "relay.mail.clear only with relay.allow_private";
    *ret_key = "relay.link.url";
    if (!relay->allow_private && is_open(relay->link_url))
        return "http:// only with relay.allow_private: whoever reads the link could use it";
    return NULL;
}
