/* Handovers of shifts: what is handed over, as it stands now, and the two signatures. A list here is never
 * longer than the person may see; the counts that are signed are the gateway's own. */
#include <string.h>

#include "alert/handover.h"
#include "api/act.h"
#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"
#include "api/put.h"

#define SHOWN_MS (INT64_C(31) * 86400000)

/* --- Looking --- */

/* Of the county only to those who see the county; of a territory to those it lies in. */
static bool is_theirs(const struct view *view, const struct request *request, const char *territory)
{
    const char *scope = request->person.account.scope;
    const uint32_t no = registry_find(view->registry, REGISTRY_TERRITORY, territory);
    return request->is_operator || scope[0] == '\0' ||
           (no != REGISTRY_NONE && place_is_within(view->registry, no, scope));
}

struct page {
    const struct view *view;
    struct request *request;
    char within[ID_SIZE]; /* the handover's territory */
    int64_t now_ms;
    bool any;
};

static void put_json(struct page *page, const char *json, size_t len)
{
    struct buf *out = &page->request->reply.body;
    if (page->any)
        buf_putc(out, ',');
    buf_append(out, json, len);
    page->any = true;
}

static enum err put_handover(void *self, const struct reader_handover *handover)
{
    struct page *page = self;
    if (is_theirs(page->view, page->request, handover->territory))
        put_json(page, handover->json, handover->len);
    return ERR_OK;
}

/* May the person look, and is there something to look into? False: the reply is made. */
static bool open_page(const struct view *view, struct request *request, struct page *page)
{
    *page = (struct page){.view = view, .request = request, .now_ms = clock_now().wall_ms};
    return page_begin(view, request, PART_ROSTERS) && view_reads(view, request);
}

enum verdict handovers_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct page page;
    (void)ret_pending;
    if (!open_page(view, request, &page) || !view_no_query(request))
        return VERDICT_REPLY;
    buf_puts(&request->reply.body, "{\"handovers\":[");
    const enum err err = reader_handovers(view->reader, page.now_ms - SHOWN_MS, put_handover, &page);
    if (err != ERR_OK) {
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    buf_puts(&request->reply.body, "]}\n");
    reply_json(request, 200);
    return VERDICT_REPLY;
}

/* Reads the handover of the path into `json`; false: the reply is made. */
static bool read_one(struct page *page, struct buf *json)
{
    struct request *request = page->request;
    enum err err = reader_handover(page->view->reader, &request->id, json, page->within);
    if (err == ERR_OK && !is_theirs(page->view, request, page->within))
        err = ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        reply_said(request, 404, "there is no handover of this id", "没有这个编号的交接");
    else if (err != ERR_OK)
        reply_database(request, err);
    return err == ERR_OK;
}

enum verdict handovers_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct page page;
    struct buf json;
    if (!open_page(view, request, &page) || !view_no_query(request))
        return VERDICT_REPLY;
    buf_init(&json, API_REPLY_MAX);
    const bool is_there = read_one(&page, &json);
    buf_release(&json);
    struct look *look = is_there ? page_look(request) : NULL;
    if (look == NULL)
        return VERDICT_REPLY;
    look->statuses = true;
    (void)text_copy(look->within, sizeof(look->within), page.within);
    *ret_pending = (struct pending){.look = look};
    return VERDICT_LOOK;
}

static bool is_in_it(const struct page *page, const struct reader_place *place)
{
    bool inside = page->within[0] == '\0';
    for (unsigned i = 0; i < place->territory_count && !inside; i++)
        inside = strcmp(place->territories[i].code, page->within) == 0;
    return inside;
}

/* Alerts and tasks: whether it lies in the territory is the alert's to say. */
static enum err put_of_alert(struct page *page, const struct hash_id *alert, const char *json, size_t len)
{
    struct reader_place place;
    const enum err err = reader_place(page->view->reader, alert, &place);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    return is_in_it(page, &place) ? view_put_row(page->view, page->request, alert, json, len, &page->any)
                                  : ERR_OK;
}

static enum err put_alert(void *self, const struct reader_item *item)
{
    return put_of_alert(self, &item->id, item->json, item->len);
}

static enum err put_task(void *self, const struct reader_task *task)
{
    return put_of_alert(self, &task->alert, task->json, task->len);
}

static bool keep_silence(void *self, struct subject subject)
{
    const struct page *page = self;
    const struct registry *registry = page->view->registry;
    const uint32_t territory = registry_subject_territory(registry, subject);
    return place_is_seen(registry, &page->request->person, subject) &&
           (page->within[0] == '\0' ||
            (territory != REGISTRY_NONE && place_is_within(registry, territory, page->within)));
}

static void put_statuses(struct page *page, const struct look *look)
{
    const struct registry *registry = page->view->registry;
    struct buf *out = &page->request->reply.body;
    put_open(out, "statuses", '[');
    for (unsigned i = 0; i < look->count; i++) {
        const struct look_entry *entry = &look->entries[i];
        const struct subject subject = {.kind = SUBJECT_RESIDENT, .no = entry->no};
        if (entry->no >= registry_count(registry, REGISTRY_RESIDENT) ||
            !place_is_seen(registry, &page->request->person, subject))
            continue;
        put_open(out, NULL, '{');
        put_text(out, "resident", registry_subject_id(registry, subject));
        if (access_precision(&page->request->person) >= PRECISION_ADDRESS)
            put_text(out, "name", registry_vault(registry, REGISTRY_RESIDENT, entry->no, "name"));
        put_text(out, "status", resident_status_name((enum resident_status)entry->now.resident.status));
        put_time(out, page->view->config->tz, "until", entry->now.resident.status_until_ms);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static enum err put_lists(struct page *page)
{
    const struct reader_filter open = {
        .state = ALERT_OPEN, .level = -1, .family = -1, .limit = READER_WALK_MAX};
    const struct reader_task_filter tasks = {.open = true, .limit = READER_TASKS_MAX};
    struct reader *reader = page->view->reader;
    struct buf *out = &page->request->reply.body;
    put_open(out, "alerts", '[');
    page->any = false;
    enum err err = reader_alerts_walk(reader, &open, put_alert, page);
    buf_putc(out, ']');
    put_open(out, "tasks", '[');
    page->any = false;
    if (err == ERR_OK)
        err = reader_tasks(reader, &tasks, put_task, page);
    buf_puts(out, "],\"silences\":");
    return err == ERR_OK ? reader_silences(reader, page->now_ms, keep_silence, page, out) : err;
}

enum verdict handovers_show_done(const struct view *view, struct request *request, struct pending *pending,
                                 enum err err, const char *text)
{
    struct page page;
    struct buf json;
    if (!page_looked(view, request, pending->look, err, text) || !open_page(view, request, &page))
        return VERDICT_REPLY;
    buf_init(&json, API_REPLY_MAX);
    if (read_one(&page, &json)) {
        buf_append(&request->reply.body, buf_text(&json), json.len - 1); /* its brace comes last */
        const enum err read = put_lists(&page);
        put_statuses(&page, pending->look);
        buf_puts(&request->reply.body, "}\n");
        gate_viewed(view->gate, request, "handover", page.within);
        if (read == ERR_OK)
            reply_json(request, 200);
        else
            reply_database(request, read);
    }
    buf_release(&json);
    return VERDICT_REPLY;
}

/* --- Acting --- */

static bool take_roster(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) && text_copy(pending->action.roster.name, ID_SIZE, text);
}

static bool take_role(const char *text, struct pending *pending)
{
    pending->action.role = (uint8_t)role_from_name(text);
    return pending->action.role != ROLE_NONE && pending->action.role != ROLE_FAMILY;
}

static bool take_territory(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) && text_copy(pending->subject, sizeof(pending->subject), text);
}

static bool take_list(const char *text, struct pending *pending)
{
    int64_t number;
    if (!text_to_int(text, 1, UINT32_MAX, &number))
        return false;
    pending->action.list = (uint32_t)number;
    return true;
}

#define MUST_BE_ID "an id of letters, digits, - and _, at most 64"
static const struct member roster = {"roster", take_roster, MUST_BE_ID, false, false},
                           role = {"role", take_role, "grid_worker, town_desk, county_desk or police_desk",
                                   false, false},
                           territory = {"territory", take_territory, MUST_BE_ID, false, false},
                           seen = {"list", take_list, "the number of a list as text", true, false};

static bool may_act(struct request *request, bool theirs, enum action_kind kind)
{
    if (theirs && (request->is_operator || access_acts(&request->person, kind)))
        return true;
    reply_said(request, 403, "your role may not do this", "您的角色无此权限");
    return false;
}

enum verdict handovers_begin(const struct view *view, struct request *request, struct pending *ret_pending)
{
    static const struct member *const members[] = {&member_by, &roster,     &role,        &territory,
                                                   &member_to, &member_end, &member_note, NULL};
    struct action *action = &ret_pending->action;
    if (!page_begin(view, request, PART_ROSTERS) ||
        !body_read(request, members + !request->is_operator, ret_pending))
        return VERDICT_REPLY;
    const struct roster_plan *plan =
        roster_find(view->settings->rosters, view->settings->roster_count, action->roster.name);
    const char *where = plan != NULL ? plan->territory : ret_pending->subject;
    if (ret_pending->subject[0] != '\0') {
        const uint32_t no = registry_find(view->registry, REGISTRY_TERRITORY, ret_pending->subject);
        action->subject = (struct subject){.kind = SUBJECT_TERRITORY, .no = no};
    }
    if (!may_act(request, is_theirs(view, request, where), ACTION_HANDOVER_BEGIN) ||
        !gate_once(view->gate, request))
        return VERDICT_REPLY;
    action->kind = ACTION_HANDOVER_BEGIN;
    act_sign(request, ret_pending);
    return VERDICT_ACTION;
}

enum verdict handovers_sign(const struct view *view, struct request *request, struct pending *ret_pending)
{
    static const struct member *const members[] = {&member_by, &seen, &member_note, NULL};
    struct page page;
    struct buf json;
    if (!open_page(view, request, &page))
        return VERDICT_REPLY;
    buf_init(&json, API_REPLY_MAX);
    const bool is_there = read_one(&page, &json);
    buf_release(&json);
    if (!is_there || !may_act(request, true, ACTION_HANDOVER_SIGN) ||
        !body_read(request, members + !request->is_operator, ret_pending) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    ret_pending->action.kind = ACTION_HANDOVER_SIGN;
    act_sign(request, ret_pending);
    return VERDICT_ACTION;
}
