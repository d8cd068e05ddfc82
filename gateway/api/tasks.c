/* What people have to do, as far as the alert it hangs on is theirs to see. */
#include <string.h>

#include "alert/task.h"
#include "api/request.h"

/* `alert` is where the id of the parameter is kept. */
static bool read_filter(struct request *request, struct reader_task_filter *ret_filter, struct hash_id *alert)
{
    enum { SHOWN = 500 };

    *ret_filter = (struct reader_task_filter){.open = true, .limit = READER_TASKS_MAX};
    for (unsigned i = 0; i < request->query_count; i++) {
        const struct query *query = &request->query[i];
        if (strcmp(query->name, "alert") == 0) {
            ret_filter->alert = alert;
            if (hash_id_parse(query->value, alert) != 0)
                continue;
            reply_problem(request, 400, "alert", "must be %s", "the id of an alert");
            return false;
        }
        bool all = strcmp(query->name, "all") == 0;
        if (!all && strcmp(query->name, "kind") != 0) {
            reply_problem(request, 400, query->name, "unknown parameter");
            return false;
        }
        if (all && strcmp(query->value, "yes") == 0) {
            ret_filter->open = false;
            ret_filter->limit = SHOWN;
        } else if (all || (ret_filter->kind = (uint8_t)task_from_name(query->value)) == TASK_NONE) {
            reply_problem(request, 400, query->name, "must be %s", all ? "yes" : "a kind of task");
            return false;
        }
    }
    return true;
}

struct page {
    const struct view *view;
    struct request *request;
    bool any;
};

static enum err put_task(void *self, const struct reader_task *task)
{
    struct page *page = self;
    return view_put_row(page->view, page->request, &task->alert, task->json, task->len, &page->any);
}

enum verdict view_tasks(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct reader_task_filter filter;
    struct hash_id alert;
    struct page page = {.view = view, .request = request};

    (void)ret_pending;
    if (!read_filter(request, &filter, &alert))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    buf_puts(&request->reply.body, "{\"tasks\":[");
    enum err err = reader_tasks(view->reader, &filter, put_task, &page);
    if (err != ERR_OK) {
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    buf_puts(&request->reply.body, "]}\n");
    reply_json(request, 200);
    return VERDICT_REPLY;
}

enum verdict view_task(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct hash_id alert;
    struct buf task;

    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    buf_init(&task, API_REPLY_MAX);
    enum err err = reader_task_alert(view->reader, &request->id, &alert);
    if (err == ERR_OK)
        err = reader_task(view->reader, &request->id, &task);
    if (err == ERR_OK)
        err = view_put_item(view->reader, &request->person, &alert, buf_text(&task), task.len,
                            &request->reply.body);
    buf_release(&task);
    buf_putc(&request->reply.body, '\n');
    if (err == ERR_OK)
        reply_json(request, 200);
    else if (err == ERR_NOT_FOUND)
        reply_said(request, 404, "there is no task of this id", "没有这个编号的任务");
    else
        reply_database(request, err);
    return VERDICT_REPLY;
}
