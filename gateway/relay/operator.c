#include "relay/operator.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"

enum { DEPTH_MAX = 8 };

/* ---- out ---- */

static const char *value_of(const struct operator_values *values, const char *name, size_t len)
{
    const struct {
        const char *name, *value;
    } known[] = {
        {"id", values->id},         {"phone", values->phone}, {"name", values->name},
        {"title", values->title},   {"text", values->text},   {"level", values->level},
        {"secret", values->secret}, {"ref", values->ref},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i].name) == len && memcmp(known[i].name, name, len) == 0)
            return known[i].value;
    return NULL;
}

static void put_escaped(const char *text, struct buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-_.~", c)) {
            buf_putc(out, (char)c);
        } else {
            const char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
            buf_append(out, escaped, sizeof escaped);
        }
    }
}

void operator_fill(const char *template_text, const struct operator_values *values, bool url, struct buf *out)
{
    for (const char *at = template_text; *at;) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        const char *value = end ? value_of(values, at + 1, (size_t)(end - at - 1)) : NULL;
        if (!value) {
            buf_putc(out, *at++);
            continue;
        }
        if (url)
            put_escaped(value, out);
        else
            buf_puts(out, value);
        at = end + 1;
    }
}

static void put_body(bool form, const struct operator_field *fields, unsigned count,
                     const struct operator_values *values, struct buf *out)
{
    struct buf value;
    buf_init(&value, RELAY_BODY_MAX);
    if (!form)
        buf_putc(out, '{');
    for (unsigned i = 0; i < count; i++) {
        const struct operator_field *field = &fields[i];
        buf_clear(&value);
        operator_fill(field->value, values, false, &value);
        out->failed = out->failed || value.failed;
        if (form) {
            buf_puts(out, i ? "&" : "");
            put_escaped(field->name, out);
            buf_putc(out, '=');
            put_escaped(buf_text(&value), out);
        } else {
            buf_puts(out, i ? "," : "");
            buf_json_string(out, field->name);
            buf_putc(out, ':');
            buf_json_string(out, buf_text(&value));
        }
    }
    if (!form)
        buf_putc(out, '}');
    buf_release(&value);
}

void operator_body(const struct operator_settings *settings, const struct operator_values *values,
                   struct buf *out)
{
    put_body(settings->form, settings->fields, settings->field_count, values, out);
}

void operator_cancel_body(const struct operator_settings *settings, const struct operator_values *values,
                          struct buf *out)
{
    if (settings->cancel_field_count > 0)
        put_body(settings->form, settings->cancel_fields, settings->cancel_field_count, values, out);
}

bool operator_may_cancel(const struct operator_settings *settings, const char *ref)
{
    static const char theirs[] = "{ref}";
    bool asked = strstr(settings->cancel_url, theirs) != NULL;
    for (unsigned i = 0; i < settings->cancel_field_count; i++)
        asked = asked || strstr(settings->cancel_fields[i].value, theirs) != NULL;
    return settings->cancel_url[0] && (ref[0] || !asked);
}

/* ---- in ---- */

/* The member at a dotted path as text: strings, numbers and truth values; false when it is none of them. */
static bool json_member(const struct json *root, const char *path, char *text, size_t size)
{
    const struct json *node = root;
    char name[ID_SIZE];
    for (unsigned depth = 0; node && *path && depth < DEPTH_MAX; depth++) {
        size_t len = strcspn(path, ".");
        int64_t index;
        if (len >= sizeof name)
            return false;
        memcpy(name, path, len);
        name[len] = 0;
        if (json_type_of(node) == JSON_ARRAY_T)
            node = text_to_int(name, 0, 1000, &index) ? json_at(node, (size_t)index) : NULL;
        else
            node = json_get(node, name);
        path += len + (path[len] == '.');
    }
    int64_t integer;
    bool truth;
    const char *string = json_string(node);
    if (!node || *path)
        return false;
    if (string)
        return text_copy(text, size, string);
    if (json_integer(node, &integer))
        return snprintf(text, size, "%" PRId64, integer) < (int)size;
    return json_bool(node, &truth) && text_copy(text, size, truth ? "true" : "false");
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A field of a form; false when it is missing, too long or holds what no text may. */
static bool form_member(const char *body, size_t len, const char *name, char *text, size_t size)
{
    size_t name_len = strlen(name);
    for (const char *at = body, *end = body + len; at < end;) {
        const char *amp = memchr(at, '&', (size_t)(end - at)), *stop = amp ? amp : end;
        if ((size_t)(stop - at) > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == '=') {
            size_t filled = 0;
            for (at += name_len + 1; at < stop; at++) {
                int c = (unsigned char)*at == '+' ? ' ' : (unsigned char)*at;
                if (c == '%') {
                    int high = stop - at > 2 ? hex_of(at[1]) : -1, low = high >= 0 ? hex_of(at[2]) : -1;
                    c = low >= 0 ? high * 16 + low : 0;
                    at += 2;
                }
                if (c == 0 || filled + 1 >= size)
                    return false;
                text[filled++] = (char)c;
            }
            text[filled] = 0;
            return text_is_utf8(text, filled, NULL);
        }
        at = stop + 1;
    }
    return false;
}

static void one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            *text = ' ';
}

enum operator_answer operator_reply(const struct operator_settings *settings, const char *body, size_t len,
                                    char ref[OPERATOR_REF_SIZE], char why[64])
{
    char member[OPERATOR_VALUE_SIZE], got[64] = "", *wanted;
    struct json *root = NULL;
    ref[0] = why[0] = 0;
    bool parsed = len > 0 && json_parse(body, len, &root, NULL) == ERR_OK;
    if (parsed && settings->reply_id[0] && json_member(root, settings->reply_id, ref, OPERATOR_REF_SIZE))
        one_line(ref);
    else
        ref[0] = 0;
    enum operator_answer answer = OPERATOR_TOOK;
    text_copy(member, sizeof member, settings->success);
    wanted = strchr(member, '=');
    if (wanted) {
        *wanted++ = 0;
        bool said = parsed && json_member(root, member, got, sizeof got);
        answer = !said ? OPERATOR_UNCLEAR : strcmp(got, wanted) == 0 ? OPERATOR_TOOK : OPERATOR_REFUSED;
    }
    if (answer == OPERATOR_REFUSED) {
        one_line(got);
        snprintf(why, 64, "the operator refused it: %.36s", got);
    } else if (answer == OPERATOR_UNCLEAR) {
        snprintf(why, 64, "the operator's reply cannot be read");
    }
    json_free(root);
    return answer;
}

struct source {
    const struct json *object; /* NULL = a form */
    const char *body;
    size_t len;
};

static bool member(const struct source *source, const char *name, char *text, size_t size)
{
    text[0] = 0;
    if (!name[0])
        return false;
    return source->object ? json_member(source->object, name, text, size)
                          : form_member(source->body, source->len, name, text, size);
}

static bool read_status(const struct operator_settings *settings, const struct source *source,
                        struct operator_status *ret_status)
{
    struct operator_status status = {.state = OPERATOR_PENDING};
    char key[8];
    if (!member(source, settings->status_id, status.id, sizeof status.id) || !status.id[0])
        return false;
    if (member(source, settings->status_code, status.code, sizeof status.code)) {
        one_line(status.code);
        for (unsigned i = 0; i < settings->code_count; i++)
            if (strcmp(settings->codes[i].code, status.code) == 0)
                status.state = settings->codes[i].state;
    }
    if (member(source, settings->status_key, key, sizeof key) && key[0] && !key[1])
        status.key = key[0];
    *ret_status = status;
    return true;
}

bool operator_report(const struct operator_settings *settings, const char *body, size_t len,
                     struct operator_status *statuses, size_t *ret_count)
{
    struct json *root = NULL;
    size_t count = 0;
    *ret_count = 0;
    if (len > OPERATOR_REPORT_MAX)
        return false;
    if (json_parse(body, len, &root, NULL) != ERR_OK) {
        const struct source form = {.body = body, .len = len};
        *ret_count = read_status(settings, &form, &statuses[0]);
        return *ret_count == 1;
    }
    bool many = json_type_of(root) == JSON_ARRAY_T;
    size_t items = many ? json_count(root) : 1;
    for (size_t i = 0; i < items && count < OPERATOR_REPORTS_MAX; i++) {
        const struct source source = {.object = many ? json_at(root, i) : root};
        count += read_status(settings, &source, &statuses[count]);
    }
    json_free(root);
    *ret_count = count;
    return count > 0;
}

enum delivery_state operator_delivery(const struct operator_settings *settings,
                                      const struct operator_status *status, char reason[64])
{
    bool call = settings->way == WAY_VOICE;
    reason[0] = 0;
    if (call && status->key == '1') {
        snprintf(reason, 64, "pressed 1");
        return DELIVERY_ACCEPTED;
    }
    if (call && status->key == '2') {
        snprintf(reason, 64, "pressed 2: the next person");
        return DELIVERY_REJECTED;
    }
    switch ((enum operator_state)status->state) {
    case OPERATOR_ANSWERED: return call ? DELIVERY_PLAYING : DELIVERY_DELIVERED;
    case OPERATOR_DELIVERED: return DELIVERY_DELIVERED;
    case OPERATOR_FAILED: snprintf(reason, 64, "the operator says: %s", status->code); return DELIVERY_FAILED;
    default: return DELIVERY_COUNT;
    }
}
