/* Any bytes as a request past the HTTP library: "METHOD PATH", a line of parameters, then the body. Whatever
 * is refused must be refused with a problem that is JSON; what is let through must be whole. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "api/gate.h"
#include "api/request.h"
#include "core/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Handlers that reach neither the database nor the accounts when there are none. */
static bool is_safe(const struct route *route)
{
    return route->handle == act_acknowledge || route->handle == act_close || route->handle == act_call ||
           route->handle == act_comment || route->handle == act_import || route->handle == view_alerts ||
           route->handle == people_setup || route->handle == people_add || route->handle == people_change ||
           route->handle == view_healthz;
}

/* The next line of the input, cut to what fits. */
static void take_line(const uint8_t **at, const uint8_t *end, char *line, size_t size)
{
    const uint8_t *stop = memchr(*at, '\n', (size_t)(end - *at));
    size_t len = (size_t)((stop != NULL ? stop : end) - *at);
    size_t kept = len < size ? len : size - 1;

    memcpy(line, *at, kept);
    line[kept] = '\0';
    *at += stop != NULL ? len + 1 : len;
}

static void take_query(struct request *request, char *line)
{
    char *rest = line, *part;

    while ((part = strsep(&rest, "&")) != NULL && request->query_count < API_QUERY_MAX) {
        struct query *query = &request->query[request->query_count];
        char *value = strchr(part, '=');
        if (value != NULL)
            *value++ = '\0';
        if (text_copy(query->name, sizeof(query->name), part) &&
            text_copy(query->value, sizeof(query->value), value != NULL ? value : ""))
            request->query_count++;
    }
}

static void check_reply(const struct request *request)
{
    struct json *root = NULL;
    enum err err = json_parse(buf_text(&request->reply.body), request->reply.body.len, &root, NULL);

    assert(request->reply.status >= 200 && request->reply.status < 600);
    assert(err == ERR_OK);
    json_free(root);
}

static void handle(struct request *request, const char *method)
{
    static struct gate gate; /* no accounts, no setup code */
    const struct view view = {.gate = &gate};
    struct pending pending = {.folder = ""};
    const struct route *route = route_find(request, method);

    if (route == NULL) {
        check_reply(request);
        return;
    }
    if (!is_safe(route))
        return;
    switch (route->handle(&view, request, &pending)) {
    case VERDICT_ACTION:
        assert(pending.action.kind > ACTION_NONE && pending.action.kind < ACTION_KIND_COUNT);
        assert(text_is_id(pending.action.by, strlen(pending.action.by)));
        assert(text_is_utf8(pending.action.note, strlen(pending.action.note), NULL));
        break;
    case VERDICT_IMPORT: assert(pending.folder[0] == '/'); break;
    case VERDICT_MAKE:
        assert(strlen(pending.password) >= PASSWORD_MIN && pending.account.id[0] != '\0');
        assert(pending.account.role != ROLE_NONE && pending.account.role <= ACCOUNT_ADMINISTRATOR);
        break;
    default: check_reply(request);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request = {.is_operator = true, .asked = {.address = "127.0.0.1"}};
    const uint8_t *at = data, *end = data + size;
    char line[API_PATH_MAX + 8], query[1024], *path;

    buf_init(&request.body, API_BODY_MAX);
    buf_init(&request.reply.body, API_REPLY_MAX);
    take_line(&at, end, line, sizeof(line));
    take_line(&at, end, query, sizeof(query));
    path = strchr(line, ' ');
    if (path != NULL) {
        *path++ = '\0';
        (void)text_copy(request.path, sizeof(request.path), path);
        take_query(&request, query);
        buf_append(&request.body, at, (size_t)(end - at));
        request.asked.zh = size % 2 == 0;
        handle(&request, line);
    }
    buf_release(&request.body);
    buf_release(&request.reply.body);
    return 0;
}
