#include "api/pages.h"

#include <stdlib.h>
#include <string.h>

#include "api/put.h"

bool page_begin(const struct view *view, struct request *request, enum desk_part part)
{
    if (!access_has(&request->person, part)) {
        reply_said(request, 403, "your role may not do this", "您的角色无此权限");
        return false;
    }
    if (view->registry == NULL) {
        reply_said(request, 503, "there is no registry yet", "尚未导入登记册");
        return false;
    }
    return true;
}

bool page_take(struct request *request, const struct query *query, uint32_t *from, unsigned *limit)
{
    int64_t value;

    if (strcmp(query->name, "limit") == 0) {
        if (text_to_int(query->value, 1, PAGE_MAX, &value)) {
            *limit = (unsigned)value;
            return true;
        }
        reply_problem(request, 400, "limit", "must be a number of 1 to 200");
    } else if (strcmp(query->name, "cursor") == 0) {
        if (text_to_int(query->value, 0, UINT32_MAX - 1, &value)) {
            *from = (uint32_t)value;
            return true;
        }
        reply_problem(request, 400, "cursor", "must be the \"next\" of the page before");
    } else {
        reply_problem(request, 400, query->name, "unknown parameter");
    }
    return false;
}

struct look *page_look(struct request *request)
{
    struct look *look = calloc(1, sizeof(*look));

    if (look == NULL)
        reply_problem(request, 503, NULL, "out of memory");
    return look;
}

bool page_looked(const struct view *view, struct request *request, const struct look *look, enum err err,
                 const char *text)
{
    if (err == ERR_OK && look != NULL && view->registry != NULL)
        return true;
    reply_problem(request, err == ERR_TIMEOUT ? 504 : 503, NULL, "%s",
                  err == ERR_OK     ? "there is no registry yet"
                  : text[0] != '\0' ? text
                                    : err_text(err));
    return false;
}

void page_end(struct request *request, uint32_t next)
{
    if (next != REGISTRY_NONE)
        put_integer(&request->reply.body, "next", next);
    buf_puts(&request->reply.body, "}\n");
    reply_json(request, 200);
}
