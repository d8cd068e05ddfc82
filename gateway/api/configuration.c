/* The configuration: what is in force, what another text would change, and that the file be read again. It is
 * written on the machine only: who may write files there may do everything anyhow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/act.h"
#include "api/body.h"
#include "api/gate.h"
#include "api/pages.h"
#include "api/put.h"
#include "api/said.h"
#include "core/json.h"

enum { CONFIG_TEXT_MAX = 1 << 20, ERRORS_MAX = 64 << 10 };

enum verdict configuration_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct buf text;

    (void)ret_pending;
    if (!page_begin(view, request, PART_CONFIGURATION) || !view_no_query(request))
        return VERDICT_REPLY;
    gate_viewed(view->gate, request, "configuration", "");
    buf_init(&text, CONFIG_TEXT_MAX);
    view->config->show_config(view->config->self, &text);
    put_open(&request->reply.body, NULL, '{');
    put_text(&request->reply.body, "text", buf_text(&text));
    page_end(request, REGISTRY_NONE);
    buf_release(&text);
    return VERDICT_REPLY;
}

/* "text:LINE:COLUMN: " at the beginning: its length, 0 = the error has no place. */
static int read_place(const char *error, unsigned long *ret_line, unsigned long *ret_column)
{
    static const char of[] = "text:";
    char *end;
    if (strncmp(error, of, sizeof(of) - 1) != 0)
        return 0;
    *ret_line = strtoul(error + sizeof(of) - 1, &end, 10);
    if (*end != ':')
        return 0;
    *ret_column = strtoul(end + 1, &end, 10);
    return end[0] == ':' && end[1] == ' ' ? (int)(end + 2 - error) : 0;
}

/* "text:LINE:COLUMN: what is wrong", a line each. */
static void put_errors(const char *errors, struct buf *out)
{
    put_open(out, "errors", '[');
    while (*errors != '\0') {
        const size_t len = strcspn(errors, "\n");
        unsigned long line = 0, column = 0;
        const int at = read_place(errors, &line, &column);
        char text[1024];

        snprintf(text, sizeof(text), "%.*s", (int)(len < sizeof(text) ? len : sizeof(text) - 1) - at,
                 errors + at);
        put_open(out, NULL, '{');
        if (at != 0) {
            put_integer(out, "line", (int64_t)line);
            put_integer(out, "column", (int64_t)column);
        }
        put_text(out, "text", text);
        buf_putc(out, '}');
        errors += len + (errors[len] == '\n');
    }
    buf_putc(out, ']');
}

static void put_change(void *self, const char *key, const char *from, const char *to)
{
    struct buf *out = self;

    put_open(out, NULL, '{');
    put_text(out, "key", key);
    if (from != NULL)
        put_text(out, "from", from);
    if (to != NULL)
        put_text(out, "to", to);
    buf_putc(out, '}');
}

/* {"text": …}; false: the reply is made. */
static bool read_text(struct request *request, struct json **ret_root, const char **ret_text)
{
    struct json_error at;

    if (json_parse(buf_text(&request->body), request->body.len, ret_root, &at) != ERR_OK) {
        reply_problem(request, 400, NULL, "line %d, column %d: %s", at.line, at.column, at.text);
        return false;
    }
    *ret_text = json_string(json_get(*ret_root, "text"));
    if (json_type_of(*ret_root) == JSON_OBJECT_T && json_count(*ret_root) == 1 && *ret_text != NULL)
        return true;
    reply_problem(request, 400, "text", "must be %s", said(request->asked.zh, "a text"));
    json_free(*ret_root);
    return false;
}

enum verdict configuration_check(const struct view *view, struct request *request,
                                 struct pending *ret_pending)
{
    struct buf errors, *out = &request->reply.body;
    const char *text, *restart = NULL;
    struct json *root = NULL;

    (void)ret_pending;
    if (!page_begin(view, request, PART_CONFIGURATION) || !view_no_query(request) ||
        !read_text(request, &root, &text))
        return VERDICT_REPLY;
    buf_init(&errors, ERRORS_MAX);
    put_open(out, NULL, '{');
    put_open(out, "changes", '[');
    const enum err err = view->config->check_config(view->config->self, text, strlen(text), &errors, &restart,
                                                    put_change, out);
    buf_putc(out, ']');
    put_errors(err == ERR_OK ? "" : errors.len != 0 ? buf_text(&errors) : err_text(err), out);
    put_bool(out, "good", err == ERR_OK);
    if (restart != NULL)
        put_text(out, "restart", restart);
    page_end(request, REGISTRY_NONE);
    buf_release(&errors);
    json_free(root);
    return VERDICT_REPLY;
}

enum verdict configuration_reload(const struct view *view, struct request *request,
                                  struct pending *ret_pending)
{
    if (!page_begin(view, request, PART_CONFIGURATION) ||
        !body_read(request, (const struct member *const[]){NULL}, ret_pending) ||
        !gate_once(view->gate, request))
        return VERDICT_REPLY;
    ret_pending->action.kind = ACTION_NONE;
    gate_viewed(view->gate, request, "reload", "configuration");
    return VERDICT_RELOAD;
}

enum verdict configuration_reloaded(const struct view *view, struct request *request, struct pending *pending,
                                    enum err err, const char *text)
{
    return act_done(view, request, pending, err, text);
}
