#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/request.h"
#include "api/said.h"

#define PEOPLE(what) .handle = people_##what, .finish = people_##what##_done
const struct route routes[] = {
    {.method = "GET", .path = "/healthz", .who = WHO_ANYBODY, .handle = view_healthz},
    {.method = "GET", .path = "/metrics", .who = WHO_OPERATOR, .handle = view_metrics},
    {.method = "POST",
     .path = "/api/v1/operators/{name}/status",
     .who = WHO_OUTSIDE,
     .handle = outside_report,
     .finish = outside_reported},
    {.method = "GET", .path = "/a/{name}", .who = WHO_OUTSIDE, .handle = outside_link},
    {.method = "POST",
     .path = "/a/{name}",
     .who = WHO_OUTSIDE,
     .handle = outside_take,
     .finish = outside_taken},
    {.method = "GET", .path = "/api/v1/openapi.json", .who = WHO_ANYBODY, .handle = view_openapi},
    {.method = "POST", .path = "/api/v1/setup", .who = WHO_ANYBODY, PEOPLE(setup)},
    {.method = "GET", .path = "/api/v1/session", .who = WHO_ANYBODY, .handle = people_session},
    {.method = "POST", .path = "/api/v1/session", .who = WHO_ANYBODY, PEOPLE(sign_in)},
    {.method = "DELETE", .path = "/api/v1/session", .who = WHO_KNOWN, .handle = people_sign_out},
    {.method = "POST", .path = "/api/v1/session/password", .who = WHO_KNOWN, PEOPLE(password)},
    {.method = "GET", .path = "/api/v1/names", .who = WHO_KNOWN, .handle = people_names},
    {.method = "GET", .path = "/api/v1/accounts", .who = WHO_ADMINISTRATOR, .handle = people_list},
    {.method = "POST", .path = "/api/v1/accounts", .who = WHO_ADMINISTRATOR, PEOPLE(add)},
    {.method = "GET", .path = "/api/v1/accounts/{name}", .who = WHO_ADMINISTRATOR, .handle = people_show},
    {.method = "PUT", .path = "/api/v1/accounts/{name}", .who = WHO_ADMINISTRATOR, PEOPLE(change)},
    {.method = "GET", .path = "/api/v1/stream", .who = WHO_KNOWN, .handle = view_stream},
    {.method = "GET", .path = "/api/v1/feed", .who = WHO_OPERATOR, .handle = view_feed},
    {.method = "GET", .path = "/api/v1/alerts", .who = WHO_KNOWN, .handle = view_alerts},
    {.method = "GET", .path = "/api/v1/alerts/{id}", .who = WHO_KNOWN, .handle = view_alert},
#define ACTS(what)                                                                                           \
    {                                                                                                        \
        .method = "POST", .path = "/api/v1/alerts/{id}/" #what, .who = WHO_KNOWN, .handle = act_##what,      \
        .finish = act_done                                                                                   \
    }
    ACTS(acknowledge),
    ACTS(close),
    ACTS(call),
    ACTS(comment),
    {.method = "POST",
     .path = "/api/v1/alerts/{id}/prompts",
     .who = WHO_KNOWN,
     .handle = say_now,
     .finish = say_done},
    {.method = "POST",
     .path = "/api/v1/alerts/{id}/hush",
     .who = WHO_KNOWN,
     .handle = say_hush,
     .finish = say_done},
    {.method = "GET", .path = "/api/v1/prompts", .who = WHO_KNOWN, .handle = say_prompts},
    {.method = "GET", .path = "/api/v1/campaigns", .who = WHO_KNOWN, .handle = say_campaigns},
    {.method = "POST",
     .path = "/api/v1/campaigns/add",
     .who = WHO_KNOWN,
     .handle = say_campaign_add,
     .finish = say_done},
    {.method = "GET", .path = "/api/v1/campaigns/{id}", .who = WHO_KNOWN, .handle = say_campaign},
    {.method = "POST",
     .path = "/api/v1/campaigns/{id}/cancel",
     .who = WHO_KNOWN,
     .handle = say_campaign_end,
     .finish = say_done},
    ACTS(assign),
    ACTS(snooze),
    ACTS(police),
    {.method = "POST",
     .path = "/api/v1/police/cap",
     .who = WHO_OPERATOR,
     .handle = police_cap,
     .finish = act_done,
     .is_xml = true},
    {.method = "GET", .path = "/api/v1/tasks", .who = WHO_KNOWN, .handle = view_tasks},
    {.method = "GET", .path = "/api/v1/tasks/{id}", .who = WHO_KNOWN, .handle = view_task},
#define TASK_ACTS(what)                                                                                      \
    {                                                                                                        \
        .method = "POST", .path = "/api/v1/tasks/{id}/" #what, .who = WHO_KNOWN, .handle = act_task_##what,  \
        .finish = act_done                                                                                   \
    }
    TASK_ACTS(assign),
    TASK_ACTS(accept),
    TASK_ACTS(arrive),
    TASK_ACTS(finish),
    {.method = "GET", .path = "/api/v1/ledger", .who = WHO_KNOWN, .handle = ledger_list},
    {.method = "GET", .path = "/api/v1/ledger/{id}", .who = WHO_KNOWN, .handle = ledger_show},
#define LEDGER_ACTS(what)                                                                                    \
    {                                                                                                        \
        .method = "POST", .path = "/api/v1/ledger/{id}/" #what, .who = WHO_KNOWN,                            \
        .handle = act_ledger_##what, .finish = act_done                                                      \
    }
    LEDGER_ACTS(assign),
    LEDGER_ACTS(handle),
    LEDGER_ACTS(transfer),
    LEDGER_ACTS(close),
#define LOOKS(what) .handle = what, .finish = what##_done
    {.method = "GET", .path = "/api/v1/residents", .who = WHO_KNOWN, LOOKS(residents_list)},
    {.method = "GET", .path = "/api/v1/residents/{name}", .who = WHO_KNOWN, LOOKS(residents_show)},
    {.method = "GET",
     .path = "/api/v1/residents/{name}/map",
     .who = WHO_KNOWN,
     .handle = residents_show,
     .finish = residents_map_done},
    {.method = "GET",
     .path = "/api/v1/residents/{name}/findings",
     .who = WHO_KNOWN,
     .handle = records_findings},
#define PAST(what)                                                                                           \
    {                                                                                                        \
        .method = "GET", .path = "/api/v1/residents/{name}/" #what, .who = WHO_KNOWN, .handle = past_##what  \
    }
    PAST(track),
    PAST(routine),
    PAST(visits),
    PAST(outings),
    {.method = "POST",
     .path = "/api/v1/residents/{name}/status",
     .who = WHO_KNOWN,
     .handle = residents_status,
     .finish = act_done},
    {.method = "GET", .path = "/api/v1/devices", .who = WHO_KNOWN, LOOKS(devices_list)},
    {.method = "GET", .path = "/api/v1/firmware", .who = WHO_KNOWN, LOOKS(versions_list)},
#define ORDERS(what)                                                                                         \
    {                                                                                                        \
        .method = "POST", .path = "/api/v1/devices/{name}/" #what, .who = WHO_KNOWN,                         \
        .handle = orders_##what, .finish = act_done                                                          \
    }
    ORDERS(locate),
    ORDERS(interval),
    ORDERS(restart),
    {.method = "POST",
     .path = "/api/v1/devices/{name}/test-window",
     .who = WHO_KNOWN,
     .handle = orders_test_window,
     .finish = act_done},
    {.method = "GET", .path = "/api/v1/devices/{name}/commands", .who = WHO_KNOWN, .handle = orders_list},
    {.method = "GET", .path = "/api/v1/zones", .who = WHO_KNOWN, .handle = zones_list},
    {.method = "GET", .path = "/api/v1/rollouts", .who = WHO_KNOWN, .handle = rollouts_list},
#define ROLLOUTS(what)                                                                                       \
    {                                                                                                        \
        .method = "POST", .path = "/api/v1/rollouts/" #what, .who = WHO_KNOWN, .handle = rollouts_##what,    \
        .finish = act_done                                                                                   \
    }
    ROLLOUTS(start),
    ROLLOUTS(pause),
    ROLLOUTS(resume),
    ROLLOUTS(abort),
    {.method = "GET", .path = "/api/v1/territories", .who = WHO_KNOWN, .handle = territories_list},
    {.method = "GET", .path = "/api/v1/quarantine", .who = WHO_KNOWN, LOOKS(quarantine_show)},
    {.method = "POST",
     .path = "/api/v1/quarantine/{name}/adopt",
     .who = WHO_KNOWN,
     .handle = quarantine_adopt,
     .finish = act_done},
    {.method = "POST", .path = "/api/v1/quarantine/{name}/dismiss", .who = WHO_KNOWN, LOOKS(quarantine_drop)},
    {.method = "GET", .path = "/api/v1/audit", .who = WHO_KNOWN, .handle = records_audit},
    {.method = "GET", .path = "/api/v1/views", .who = WHO_KNOWN, .handle = records_views},
    {.method = "GET", .path = "/api/v1/report", .who = WHO_KNOWN, .handle = report_show},
    {.method = "GET", .path = "/api/v1/health", .who = WHO_KNOWN, .handle = records_health},
    {.method = "GET", .path = "/api/v1/silences", .who = WHO_KNOWN, .handle = view_silences},
    {.method = "POST",
     .path = "/api/v1/silences/add",
     .who = WHO_KNOWN,
     .handle = act_silence,
     .finish = act_done},
    {.method = "POST",
     .path = "/api/v1/silences/{id}/remove",
     .who = WHO_KNOWN,
     .handle = act_unsilence,
     .finish = act_done},
    {.method = "GET", .path = "/api/v1/rosters", .who = WHO_KNOWN, .handle = rosters_list},
    {.method = "GET", .path = "/api/v1/rosters/{name}", .who = WHO_KNOWN, .handle = rosters_show},
    {.method = "POST",
     .path = "/api/v1/rosters/{name}/override",
     .who = WHO_KNOWN,
     .handle = rosters_override,
     .finish = act_done},
    {.method = "POST",
     .path = "/api/v1/rosters/{name}/swap",
     .who = WHO_KNOWN,
     .handle = rosters_swap,
     .finish = act_done},
    {.method = "POST",
     .path = "/api/v1/roster-changes/{id}/cancel",
     .who = WHO_KNOWN,
     .handle = rosters_cancel,
     .finish = act_done},
    {.method = "GET", .path = "/api/v1/handovers", .who = WHO_KNOWN, .handle = handovers_list},
    {.method = "GET", .path = "/api/v1/handovers/{id}", .who = WHO_KNOWN, LOOKS(handovers_show)},
    {.method = "POST",
     .path = "/api/v1/handovers/begin",
     .who = WHO_KNOWN,
     .handle = handovers_begin,
     .finish = act_done},
    {.method = "POST",
     .path = "/api/v1/handovers/{id}/sign",
     .who = WHO_KNOWN,
     .handle = handovers_sign,
     .finish = act_done},
    {.method = "GET", .path = "/api/v1/announcements", .who = WHO_KNOWN, .handle = view_announcements},
    {.method = "POST",
     .path = "/api/v1/announcements",
     .who = WHO_KNOWN,
     .handle = act_announce,
     .finish = act_done},
    {.method = "POST",
     .path = "/api/v1/announcements/{id}/cancel",
     .who = WHO_KNOWN,
     .handle = act_unannounce,
     .finish = act_done},
    {.method = "GET", .path = "/api/v1/consents", .who = WHO_KNOWN, .handle = consents_show},
    {.method = "POST",
     .path = "/api/v1/consents/give",
     .who = WHO_KNOWN,
     .handle = consents_give,
     .finish = act_done},
    {.method = "POST",
     .path = "/api/v1/consents/withdraw",
     .who = WHO_KNOWN,
     .handle = consents_withdraw,
     .finish = act_done},
    {.method = "GET", .path = "/api/v1/suppressions", .who = WHO_KNOWN, .handle = view_suppressions},
#define ROW "/api/v1/registry/{table}/{key}"
    {.method = "GET", .path = ROW, .who = WHO_KNOWN, .handle = edits_show},
    {.method = "PUT", .path = ROW, .who = WHO_KNOWN, .handle = edits_set, .finish = edits_done},
    {.method = "DELETE", .path = ROW, .who = WHO_KNOWN, .handle = edits_remove, .finish = edits_done},
    {.method = "GET", .path = ROW "/history", .who = WHO_KNOWN, .handle = edits_history},
    {.method = "POST",
     .path = "/api/v1/registry/preview",
     .who = WHO_KNOWN,
     .handle = upload_preview,
     .body_max = API_UPLOAD_MAX},
    {.method = "POST",
     .path = "/api/v1/registry/apply",
     .who = WHO_KNOWN,
     .handle = upload_apply,
     .finish = act_done},
    {.method = "GET",
     .path = "/api/v1/configuration",
     .who = WHO_ADMINISTRATOR,
     .handle = configuration_show},
    {.method = "POST",
     .path = "/api/v1/configuration/check",
     .who = WHO_ADMINISTRATOR,
     .handle = configuration_check,
     .body_max = API_CONFIG_MAX},
    {.method = "POST",
     .path = "/api/v1/configuration/reload",
     .who = WHO_ADMINISTRATOR,
     .handle = configuration_reload,
     .finish = configuration_reloaded},
    {.method = "POST",
     .path = "/api/v1/registry/import",
     .who = WHO_OPERATOR,
     .handle = act_import,
     .finish = act_done},
};
const size_t route_count = sizeof(routes) / sizeof(routes[0]);

/* Takes what stands in one hole. */
static bool take_hole(const char *hole, const char *text, struct request *request)
{
    const size_t len = strlen(text);

    if (strncmp(hole, "{id}", 4) == 0)
        return hash_id_parse(text, &request->id) != 0;
    if (strncmp(hole, "{table}", 7) == 0) {
        unsigned table = 0;
        while (table < REGISTRY_TABLES && strcmp(registry_table_name((enum registry_table)table), text) != 0)
            table++;
        request->table = (enum registry_table)table;
        return table < REGISTRY_TABLES;
    }
    if (strncmp(hole, "{key}", 5) == 0) {
        const size_t first = strcspn(text, (const char[]){REGISTRY_KEY_JOIN, '\0'});
        return text_is_id(text, first) && (first == len || text_is_id(text + first + 1, len - first - 1)) &&
               text_copy(request->key, sizeof(request->key), text);
    }
    return text_is_id(text, len) && text_copy(request->name, sizeof(request->name), text);
}

static bool path_matches(const char *pattern, struct request *request)
{
    const char *path = request->path;
    char text[REGISTRY_KEY_SIZE];

    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        const size_t len = strcspn(path, "/");
        if (len >= sizeof(text))
            return false;
        memcpy(text, path, len);
        text[len] = '\0';
        if (!take_hole(pattern, text, request))
            return false;
        path += len;
        pattern = strchr(pattern, '}') + 1;
    }
    return *path == '\0';
}

/* "GET, HEAD, POST": what the path takes, for the 405. */
static void allow_method(struct request *request, const char *method)
{
    char *allow = request->reply.allow;
    size_t len = strlen(allow);

    snprintf(allow + len, sizeof(request->reply.allow) - len, "%s%s", len != 0 ? ", " : "",
             strcmp(method, "GET") == 0 ? "GET, HEAD" : method);
}

const struct route *route_find(struct request *request, const char *method)
{
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    for (size_t i = 0; i < route_count; i++) {
        if (!path_matches(routes[i].path, request))
            continue;
        if (strcmp(routes[i].method, wanted) == 0)
            return &routes[i];
        allow_method(request, routes[i].method);
    }
    if (request->reply.allow[0] != '\0')
        reply_problem(request, 405, NULL, "this path takes %s", request->reply.allow);
    else
        reply_said(request, 404, "there is nothing at this path", "此路径下没有内容");
    return NULL;
}

#define STATUS_MAP(X)                                                                                        \
    X(200, "OK", "成功")                                                                                     \
    X(201, "Created", "已创建")                                                                              \
    X(400, "Bad Request", "请求有误")                                                                        \
    X(401, "Unauthorized", "未登录")                                                                         \
    X(403, "Forbidden", "无权限")                                                                            \
    X(404, "Not Found", "未找到")                                                                            \
    X(405, "Method Not Allowed", "方法不允许")                                                               \
    X(409, "Conflict", "状态冲突")                                                                           \
    X(410, "Gone", "已过期")                                                                                 \
    X(412, "Precondition Failed", "版本已变")                                                                \
    X(413, "Content Too Large", "内容过大")                                                                  \
    X(414, "URI Too Long", "路径过长")                                                                       \
    X(415, "Unsupported Media Type", "内容类型不支持")                                                       \
    X(422, "Unprocessable Content", "内容无法处理")                                                          \
    X(428, "Precondition Required", "缺少版本")                                                              \
    X(429, "Too Many Requests", "尝试过多")                                                                  \
    X(503, "Service Unavailable", "暂不可用")                                                                \
    X(504, "Gateway Timeout", "等待超时")

const char *status_text(int status, bool zh)
{
    switch (status) {
#define X(code, en, zh_text)                                                                                 \
    case code: return zh ? (zh_text) : (en);
        STATUS_MAP(X)
#undef X
    default: return zh ? "内部错误" : "Internal Server Error";
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
    vsnprintf(detail, sizeof(detail), said(request->asked.zh, format), args);
    va_end(args);
    buf_clear(body);
    buf_puts(body, "{\"type\":\"about:blank\",\"title\":");
    buf_json_string(body, status_text(status, request->asked.zh));
    buf_printf(body, ",\"status\":%d,\"detail\":", status);
    buf_json_string(body, detail);
    if (place != NULL) {
        buf_puts(body, ",\"place\":");
        buf_json_string(body, place);
    }
    buf_puts(body, "}\n");
    request->reply.status = status;
    request->reply.content_type = "application/problem+json";
    request->reply.retry_after_s = status == 503;
}

void reply_said(struct request *request, int status, const char *en, const char *zh)
{
    reply_problem(request, status, NULL, "%s", request->asked.zh ? zh : en);
}

void reply_outcome(struct request *request, enum verdict verdict, enum err err, const char *text)
{
    const char *detail = said(request->asked.zh, text[0] != '\0' ? text : err_text(err));

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
