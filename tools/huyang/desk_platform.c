#include "desk_platform.h"

#include <string.h>

#include "core/json.h"
#include "core/text.h"

enum { KINDS = 4 };
static const char *const kinds[KINDS] = {"finding", "alert", "delivery", "ledger"};

bool desk_platform_is(const char *path)
{
    return strcmp(path, "/platform") == 0;
}

static unsigned kind_of(const char *name)
{
    unsigned kind = 0;
    while (kind < KINDS && (!name || strcmp(name, kinds[kind]) != 0))
        kind++;
    return kind;
}

/* One page; what is wrong first is said, with the item's place in the page. */
static bool check_page(const struct desk_message *message, const struct json *root,
                       struct desk_checked *checked)
{
    const struct json *items = json_get(root, "items");
    const char *next = json_string(json_get(root, "next"));
    unsigned counts[KINDS] = {0};
    bool more = false;
    if (!items || json_type_of(items) != JSON_ARRAY_T || !next || !json_bool(json_get(root, "more"), &more)) {
        buf_puts(&checked->why, "a page has items, next and more");
        return false;
    }
    text_copy(checked->id, sizeof checked->id, next);
    if (strcmp(message->id_header, next) != 0) {
        buf_puts(&checked->why, "X-Huyang-Id is not the place behind the page");
        return false;
    }
    buf_puts(&checked->fields, ",\"items\":[");
    bool fine = true;
    for (size_t i = 0; i < json_count(items); i++) {
        const struct json *item = json_at(items, i);
        const char *id = json_string(json_get(item, "id"));
        unsigned kind = kind_of(json_string(json_get(item, "kind")));
        if (fine && (!id || !id[0] || kind == KINDS)) {
            buf_printf(&checked->why, "items[%zu] has no id, or a kind that is not known", i);
            fine = false;
        }
        counts[kind < KINDS ? kind : 0] += kind < KINDS;
        buf_puts(&checked->fields, i ? "," : "");
        buf_json_string(&checked->fields, id ? id : "");
    }
    buf_puts(&checked->fields, "]");
    for (unsigned kind = 0; kind < KINDS; kind++)
        buf_printf(&checked->fields, ",\"%ss\":%u", kinds[kind], counts[kind]);
    return fine;
}

void desk_platform_check(const struct desk_message *message, struct desk_checked *checked)
{
    struct json *root = NULL;
    struct json_error error;
    if (json_parse(buf_text(message->body), message->body->len, &root, &error) != ERR_OK) {
        buf_printf(&checked->why, "not JSON: %s", error.text);
        return;
    }
    checked->valid = check_page(message, root, checked);
    json_free(root);
}
