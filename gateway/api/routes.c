#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/request.h"

static const struct route routes[] = {
    {.method = "GET", .path = "/healthz", .open = true, .handle = view_healthz},
    {.method = "GET", .path = "/metrics", .handle = view_metrics},
    {.method = "GET", .path = "/api/v1/alerts", .handle = view_alerts},
    {.method = "GET", .path = "/api/v1/alerts/{id}", .handle = view_alert},
    {.method = "POST", .path = "/api/v1/alerts/{id}/acknowledge", .handle = act_acknowledge},
    {.method = "POST", .path = "/api/v1/alerts/{id}/close", .handle = act_close},
    {.method = "POST", .path = "/api/v1/alerts/{id}/call", .handle = act_call},
    {.method = "POST", .path = "/api/v1/alerts/{id}/comment", .handle = act_comment},
    {.method = "GET", .path = "/api/v1/silences", .handle = view_silences},
    {.method = "POST", .path = "/api/v1/silences/add", .handle = act_silence},
    {.method = "POST", .path = "/api/v1/silences/{id}/remove", .handle = act_unsilence},
    {.method = "GET", .path = "/api/v1/suppressions", .handle = view_suppressions},
    {.method = "POST", .path = "/api/v1/registry/import", .handle = act_import},
};

/* Every path has one method, so that the 405 can name it. */
static bool path_matches(const char *pattern, const char *path, struct hash_id *ret_id)
{
    static const char hole[] = "{id}";
    const char *at = strstr(pattern, hole);

    if (at == NULL)
        return strcmp(pattern, path) == 0;
    size_t head = (size_t)(at - pattern);
    if (strncmp(pattern, path, head) != 0)
        return false;
    path += head;
    char text[HASH_ID_TEXT] = "";
    size_t len = strcspn(path, "/");
    if (len != HASH_ID_TEXT - 1 || strcmp(path + len, at + sizeof(hole) - 1) != 0)
        return false;
    memcpy(text, path, len);
    return hash_id_parse(text, ret_id) != 0;
}

const struct route *route_find(struct request *request, const char *method)
{
    bool head = strcmp(method, "HEAD") == 0;

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const struct route *route = &routes[i];
        bool get = strcmp(route->method, "GET") == 0;
        if (!path_matches(route->path, request->path, &request->id))
            continue;
        if (strcmp(route->method, method) == 0 || (head && get))
            return route;
        reply_problem(request, 405, NULL, "this path takes %s", get ? "GET, HEAD" : route->method);
        request->reply.allow = get ? "GET, HEAD" : "POST";
        return NULL;
    }
    reply_problem(request, 404, NULL, "there is nothing at this path");
    return NULL;
}

const char *status_text(int status)
{
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Internal Server Error";
    }
}

void reply_json(struct request *request, int status)
{
    request->reply.status = status;
    request->reply.content_type = "application/json; charset=utf-8";
}

void reply_problem(struct request *request, int status, const char *place, const char *format, ...)
{
    struct buf *body = &request->reply.body;
    char detail[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    buf_clear(body);
    buf_puts(body, "{\"type\":\"about:blank\",\"title\":");
    buf_json_string(body, status_text(status));
    buf_printf(body, ",\"status\":%d,\"detail\":", status);
    buf_json_string(body, detail);
    if (place != NULL) {
        buf_puts(body, ",\"place\":");
        buf_json_string(body, place);
    }
    buf_puts(body, "}\n");
    request->reply.status = status;
    request->reply.content_type = "application/problem+json";
    request->reply.retry_later = status == 503;
}

void reply_outcome(struct request *request, enum verdict verdict, enum err err, const char *text)
{
    const char *detail = text[0] != '\0' ? text : err_text(err);

    switch (err) {
    case ERR_OK:
        buf_clear(&request->reply.body);
        buf_puts(&request->reply.body, "{\"committed\":true,\"text\":");
        buf_json_string(&request->reply.body, text);
        buf_puts(&request->reply.body, "}\n");
        reply_json(request, 200);
        return;
    case ERR_NOT_FOUND:
        reply_problem(request, verdict == VERDICT_IMPORT ? 422 : 404, NULL, "%s", detail);
        return;
    /* What an import finds in its files, and what an alert's state does not allow. */
    case ERR_INVALID:
    case ERR_RANGE:
    case ERR_REFUSED:
    case ERR_UNSUPPORTED:
        reply_problem(request, verdict == VERDICT_IMPORT ? 422 : 409, NULL, "%s", detail);
        return;
    case ERR_BUSY:
    case ERR_FULL:
    case ERR_NO_SPACE:
    case ERR_NOMEM: reply_problem(request, 503, NULL, "%s", detail); return;
    case ERR_TIMEOUT: reply_problem(request, 504, NULL, "%s", detail); return;
    default: reply_problem(request, 500, NULL, "%s", detail); return;
    }
}
