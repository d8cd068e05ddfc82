/* The ledger of clues, as far as the alert an entry came of is theirs to see. */
#include <inttypes.h>
#include <string.h>

#include "alert/ledger.h"
#include "api/act.h"
#include "api/request.h"
#include "api/said.h"

enum { SHOWN = 100, SHOWN_MAX = 500 };

/* What is wrong with the parameter, NULL = nothing. *ret_known false: there is no such one. */
static const char *read_one(const struct query *query, struct reader_ledger_filter *filter, bool *ret_overdue,
                            bool *ret_known)
{
    const bool yes = strcmp(query->value, "yes") == 0;
    int64_t limit;
    *ret_known = true;
    if (strcmp(query->name, "state") == 0) {
        filter->state = (int)ledger_state_from_name(query->value);
        filter->ended |= filter->state == LEDGER_CLOSED;
        return filter->state < LEDGER_STATE_COUNT ? NULL : "open, handling, transferred or closed";
    }
    if (strcmp(query->name, "all") == 0) {
        filter->ended = true;
        return yes ? NULL : "yes";
    }
    if (strcmp(query->name, "overdue") == 0) {
        *ret_overdue = true;
        return yes ? NULL : "yes";
    }
    if (strcmp(query->name, "family") == 0) {
        filter->family = (int)family_from_name(query->value);
        return filter->family < FAMILY_COUNT ? NULL
                                             : "emergency, health, visitor, outing, fraud, coverage or fleet";
    }
    if (strcmp(query->name, "responsible") == 0) {
        filter->responsible = query->value;
        return text_is_id(query->value, strlen(query->value)) ? NULL : "the id of a person";
    }
    if (strcmp(query->name, "cursor") == 0) {
        filter->has_place = true;
        return view_cursor(query->value, &filter->place_ms, &filter->place_id)
                   ? NULL
                   : "the \"next\" of the page before";
    }
    if (strcmp(query->name, "limit") == 0) {
        if (!text_to_int(query->value, 1, SHOWN_MAX, &limit))
            return "a number of 1 to 500";
        filter->limit = (unsigned)limit;
        return NULL;
    }
    *ret_known = false;
    return "unknown parameter";
}

/* False: the reply says which parameter is wrong. */
static bool read_filter(struct request *request, struct reader_ledger_filter *ret_filter, bool *ret_overdue)
{
    *ret_filter = (struct reader_ledger_filter){.state = -1, .family = -1, .limit = SHOWN};
    *ret_overdue = false;
    for (unsigned i = 0; i < request->query_count; i++) {
        bool known;
        const char *wrong = read_one(&request->query[i], ret_filter, ret_overdue, &known);
        if (wrong == NULL)
            continue;
        if (known)
            reply_problem(request, 400, request->query[i].name, "must be %s", said(request->asked.zh, wrong));
        else
            reply_problem(request, 400, request->query[i].name, "%s", wrong);
        return false;
    }
    return true;
}

struct page {
    const struct view *view;
    struct request *request;
    unsigned rows; /* of the database; fewer may be theirs */
    bool any;
    int64_t last_ms;
    struct hash_id last;
};

static enum err put_entry(void *self, const struct reader_ledger_entry *entry)
{
    struct page *page = self;
    page->rows++;
    page->last_ms = entry->place_ms;
    page->last = entry->id;
    return view_put_row(page->view, page->request, &entry->id, entry->json, entry->len, &page->any);
}

enum verdict ledger_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct reader_ledger_filter filter;
    struct page page = {.view = view, .request = request};
    struct buf *body = &request->reply.body;
    bool overdue;

    (void)ret_pending;
    if (!read_filter(request, &filter, &overdue))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    enum err err = overdue ? reader_time(view->reader, &filter.due_by_ms) : ERR_OK;
    buf_puts(body, "{\"ledger\":[");
    if (err == ERR_OK)
        err = reader_ledger(view->reader, &filter, put_entry, &page);
    if (err != ERR_OK) {
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    buf_putc(body, ']');
    if (page.rows == filter.limit) {
        char id[HASH_ID_TEXT];
        hash_id_text(&page.last, id);
        buf_printf(body, ",\"next\":\"%" PRId64 "-%s\"", page.last_ms, id);
    }
    buf_puts(body, "}\n");
    reply_json(request, 200);
    return VERDICT_REPLY;
}

enum verdict ledger_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct buf entry;

    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    buf_init(&entry, API_REPLY_MAX);
    enum err err = reader_ledger_one(view->reader, &request->id, &entry);
    if (err == ERR_OK)
        err = view_put_item(view->reader, &request->person, &request->id, buf_text(&entry), entry.len,
                            &request->reply.body);
    buf_release(&entry);
    buf_putc(&request->reply.body, '\n');
    if (err == ERR_OK)
        reply_json(request, 200);
    else if (err == ERR_NOT_FOUND)
        reply_said(request, 404, "the ledger has no entry of this id", "台账中没有这个编号的条目");
    else
        reply_database(request, err);
    return VERDICT_REPLY;
}

/* Actions. */

static bool take_authority(const char *text, struct pending *pending)
{
    return text[0] != '\0' && text_copy(pending->action.authority, sizeof(pending->action.authority), text);
}

static bool take_receipt(const char *text, struct pending *pending)
{
    return text_copy(pending->action.receipt, sizeof(pending->action.receipt), text);
}

static bool take_at(const char *text, struct pending *pending)
{
    return clock_parse(text, strlen(text), &pending->action.from_ms) == ERR_OK;
}

static bool take_result(const char *text, struct pending *pending)
{
    pending->action.result = (uint8_t)ledger_result_from_name(text);
    return pending->action.result != LEDGER_RESULT_NONE;
}

static const struct member authority = {"authority", take_authority, "text of 1 to 95 bytes", true, false},
                           receipt = {"receipt", take_receipt, "text of at most 63 bytes", false, false},
                           at = {"at", take_at, "an ISO 8601 time with an offset", false, false},
                           result = {"result", take_result,
                                     "handled, prevented, helped, case_filed, loss or unfounded", true,
                                     false};

enum verdict act_ledger_assign(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_LEDGER_ASSIGN,
                  (const struct member *const[]){&member_by, &member_to, &member_end, &member_note, NULL},
                  ret_pending);
}

enum verdict act_ledger_handle(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_LEDGER_HANDLE,
                  (const struct member *const[]){&member_by, &member_filled, &member_end, NULL}, ret_pending);
}

enum verdict act_ledger_transfer(const struct view *view, struct request *request,
                                 struct pending *ret_pending)
{
    return act_on(view, request, ACTION_LEDGER_TRANSFER,
                  (const struct member *const[]){&member_by, &authority, &at, &receipt, &member_end,
                                                 &member_note, NULL},
                  ret_pending);
}

enum verdict act_ledger_close(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_LEDGER_CLOSE,
                  (const struct member *const[]){&member_by, &result, &member_note, NULL}, ret_pending);
}
