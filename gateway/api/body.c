#include "api/body.h"

#include <string.h>

#include "api/said.h"
#include "core/json.h"

bool body_is_plain(const char *text, bool lines)
{
    for (const char *at = text; *at != '\0'; at++)
        if (((unsigned char)*at < 0x20 && !(lines && (*at == '\n' || *at == '\t'))) || *at == 0x7f)
            return false;
    return true;
}

static const struct member *find_member(const struct member *const *members, const char *name)
{
    for (size_t i = 0; members[i] != NULL; i++)
        if (strcmp(members[i]->name, name) == 0)
            return members[i];
    return NULL;
}

static const char *member_text(const struct member *member, const struct json *value)
{
    bool yes;

    if (!member->is_boolean)
        return json_string(value);
    return json_bool(value, &yes) ? (yes ? "true" : "false") : NULL;
}

/* False: request->reply says what is wrong. */
static bool read_members(struct request *request, const struct json *root,
                         const struct member *const *members, struct pending *pending)
{
    const struct json *value;
    const char *name;
    size_t iter = 0;

    if (json_type_of(root) != JSON_OBJECT_T) {
        reply_problem(request, 400, NULL, "the body must be a JSON object");
        return false;
    }
    while (json_next(root, &iter, &name, &value)) {
        const struct member *member = find_member(members, name);
        if (member == NULL) {
            reply_problem(request, 400, name, "unknown member");
            return false;
        }
        const char *text = member_text(member, value);
        if (text == NULL || !member->take(text, pending)) {
            reply_problem(request, 400, name, "must be %s", said(request->asked.zh, member->must));
            return false;
        }
    }
    for (size_t i = 0; members[i] != NULL; i++)
        if (members[i]->required && json_get(root, members[i]->name) == NULL) {
            reply_problem(request, 400, members[i]->name, "is missing: %s",
                          said(request->asked.zh, members[i]->must));
            return false;
        }
    return true;
}

bool body_read(struct request *request, const struct member *const *members, struct pending *ret_pending)
{
    struct pending pending = {.action = {.has_alert = 1, .alert = request->id, .family = FAMILY_COUNT}};
    struct json_error error;
    struct json *root;

    if (request->query_count != 0) {
        reply_problem(request, 400, request->query[0].name, "unknown parameter");
        return false;
    }
    enum err err = json_parse(buf_text(&request->body), request->body.len, &root, &error);
    if (err == ERR_NOMEM) {
        reply_problem(request, 503, NULL, "out of memory");
        return false;
    }
    if (err != ERR_OK) {
        reply_problem(request, 400, NULL, "line %d, column %d: %s", error.line, error.column, error.text);
        return false;
    }
    bool ok = read_members(request, root, members, &pending);
    json_free(root);
    if (ok)
        *ret_pending = pending;
    return ok;
}
