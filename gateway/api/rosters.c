/* Who is on duty now, next, and later, and what people change about it. Computed here, from the configuration
 * in force and the changes on disk, by the same pure functions as the escalation's (alert/roster.h). */
#include <stdlib.h>
#include <string.h>

#include "alert/roster.h"
#include "api/act.h"
#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"
#include "api/put.h"

enum { DAYS_DEFAULT = 14, DAYS_MAX = 92, SHIFTS_MAX = 400 };
#define DAY_MS INT64_C(86400000)

/* --- Looking --- */

struct roster_page {
    const struct view *view;
    struct buf *out;
    struct roster_view rosters;
    struct roster_change *changes;
    int64_t at_ms, until_ms;
};

static void put_people(const struct roster_page *page, const char *member, const char *const *people,
                       size_t count)
{
    const struct registry *registry = page->view->registry;
    put_open(page->out, member, '[');
    for (size_t i = 0; i < count; i++) {
        const uint32_t no = registry_find(registry, REGISTRY_RESPONDER, people[i]);
        put_open(page->out, NULL, '{');
        put_text(page->out, "id", people[i]);
        if (no != REGISTRY_NONE)
            put_text(page->out, "name", registry_vault(registry, REGISTRY_RESPONDER, no, "name"));
        else
            put_bool(page->out, "missing", true);
        buf_putc(page->out, '}');
    }
    buf_putc(page->out, ']');
}

static void put_on(const struct roster_page *page, const struct roster_plan *plan, const char *member,
                   int64_t t_ms)
{
    const char *people[ROSTER_ON_MAX];
    const size_t count = roster_on(&page->rosters, plan, t_ms, people);
    put_people(page, member, people, count);
}

static void put_span(const struct roster_page *page, int64_t from_ms, int64_t until_ms)
{
    put_time(page->out, page->view->config->tz, "from", from_ms);
    put_time(page->out, page->view->config->tz, "until", until_ms);
}

static void put_changes(const struct roster_page *page, const struct roster_plan *plan)
{
    const struct tz *tz = page->view->config->tz;
    put_open(page->out, "changes", '[');
    for (size_t i = 0; i < page->rosters.change_count; i++) {
        const struct roster_change *change = &page->changes[i];
        char id[HASH_ID_TEXT];
        if (strcmp(change->roster, plan->name) != 0)
            continue;
        hash_id_text(&change->id, id);
        put_open(page->out, NULL, '{');
        put_text(page->out, "id", id);
        put_time(page->out, tz, "t", change->t_ms);
        put_span(page, change->from_ms, change->until_ms);
        put_text(page->out, "to", change->person);
        if (change->instead[0] != '\0')
            put_text(page->out, "instead", change->instead);
        put_text(page->out, "by", change->by);
        put_text(page->out, "note", change->why);
        put_time(page->out, tz, "cancelled", change->removed_ms);
        if (change->removed_ms != 0)
            put_text(page->out, "cancelled_by", change->removed_by);
        buf_putc(page->out, '}');
    }
    buf_putc(page->out, ']');
}

static void put_gap(const struct roster_page *page, const struct roster_plan *plan)
{
    int64_t from_ms, until_ms;
    if (!roster_gap(&page->rosters, plan, page->at_ms, page->until_ms, &from_ms, &until_ms))
        return;
    put_open(page->out, "gap", '{');
    put_span(page, from_ms, until_ms);
    buf_putc(page->out, '}');
}

/* The members that a list and a single roster share; the object stays open. */
static void put_head(const struct roster_page *page, const struct roster_plan *plan)
{
    const struct tz *tz = page->view->config->tz;
    const int64_t turn_ms =
        roster_turn_ms(&page->rosters, plan, page->at_ms, page->at_ms + DAYS_MAX * DAY_MS);
    put_open(page->out, NULL, '{');
    put_text(page->out, "name", plan->name);
    put_text(page->out, "role", role_name((enum role)plan->role));
    if (plan->territory[0] != '\0')
        put_text(page->out, "territory", plan->territory);
    put_text(page->out, "gaps", plan->gaps_meant ? "meant" : "told");
    put_text(page->out, "handover", plan->handover_required ? "required" : "free");
    put_on(page, plan, "on", page->at_ms);
    if (turn_ms != INT64_MAX) {
        put_time(page->out, tz, "next_from", turn_ms);
        put_on(page, plan, "next", turn_ms);
    }
    put_gap(page, plan);
}

static void put_layers(const struct roster_page *page, const struct roster_plan *plan)
{
    put_open(page->out, "layers", '[');
    for (unsigned i = 0; i < plan->layer_count; i++) {
        const struct roster_layer *layer = &plan->layers[i];
        put_open(page->out, NULL, '{');
        put_text(page->out, "name", layer->name);
        put_text(page->out, "rotation", roster_rotation_name((enum roster_rotation)layer->rotation));
        if (layer->hours != 0)
            put_integer(page->out, "hours", layer->hours);
        put_text(page->out, "start", layer->start);
        put_integer(page->out, "handover_minute", layer->handover_minute);
        put_integer(page->out, "at_once", layer->at_once ? layer->at_once : 1);
        if (layer->weekdays[0] != '\0')
            put_text(page->out, "weekdays", layer->weekdays);
        if (layer->from_minute != layer->to_minute) {
            put_integer(page->out, "from_minute", layer->from_minute);
            put_integer(page->out, "until_minute", layer->to_minute);
        }
        const char *members[ROSTER_MEMBERS_MAX];
        for (unsigned j = 0; j < layer->member_count; j++)
            members[j] = layer->members[j];
        put_people(page, "members", members, layer->member_count);
        buf_putc(page->out, '}');
    }
    buf_putc(page->out, ']');
}

static void put_shifts(const struct roster_page *page, const struct roster_plan *plan)
{
    int64_t from_ms = page->at_ms;
    put_open(page->out, "shifts", '[');
    for (unsigned i = 0; i < SHIFTS_MAX && from_ms < page->until_ms; i++) {
        int64_t turn_ms = roster_turn_ms(&page->rosters, plan, from_ms, page->until_ms);
        if (turn_ms == INT64_MAX)
            turn_ms = page->until_ms;
        put_open(page->out, NULL, '{');
        put_span(page, from_ms, turn_ms);
        put_on(page, plan, "on", from_ms);
        buf_putc(page->out, '}');
        from_ms = turn_ms;
    }
    buf_putc(page->out, ']');
}

static bool read_query(struct request *request, bool takes_days, struct roster_page *page)
{
    int64_t days = DAYS_DEFAULT;
    page->at_ms = clock_now().wall_ms;
    for (unsigned i = 0; i < request->query_count; i++) {
        const struct query *query = &request->query[i];
        if (strcmp(query->name, "at") == 0) {
            if (clock_parse(query->value, strlen(query->value), &page->at_ms) == ERR_OK)
                continue;
            reply_problem(request, 400, "at", "must be %s", "an ISO 8601 time with an offset");
        } else if (takes_days && strcmp(query->name, "days") == 0) {
            if (text_to_int(query->value, 1, DAYS_MAX, &days))
                continue;
            reply_problem(request, 400, "days", "must be a number of 1 to 92");
        } else {
            reply_problem(request, 400, query->name, "unknown parameter");
        }
        return false;
    }
    page->until_ms = page->at_ms + days * DAY_MS;
    return true;
}

/* False: the reply is made. Release it with page_close in any case. */
static bool page_open(const struct view *view, struct request *request, bool takes_days,
                      struct roster_page *page)
{
    *page = (struct roster_page){.view = view, .out = &request->reply.body};
    if (!page_begin(view, request, PART_ROSTERS) || !read_query(request, takes_days, page))
        return false;
    page->changes = calloc(ROSTER_CHANGES_MAX, sizeof(*page->changes));
    page->rosters =
        (struct roster_view){.tz = view->config->tz, .changes = page->changes, .registry = view->registry};
    enum err err = page->changes == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK && view->reader != NULL)
        err = reader_roster_changes(view->reader, page->at_ms, page->changes, ROSTER_CHANGES_MAX,
                                    &page->rosters.change_count);
    if (err != ERR_OK)
        reply_database(request, err);
    return err == ERR_OK;
}

static void page_close(struct roster_page *page)
{
    free(page->changes);
}

enum verdict rosters_list(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct roster_page page;
    (void)ret_pending;
    if (page_open(view, request, false, &page)) {
        put_open(page.out, NULL, '{');
        put_time(page.out, view->config->tz, "at", page.at_ms);
        put_open(page.out, "rosters", '[');
        for (unsigned i = 0; i < view->settings->roster_count; i++) {
            put_head(&page, &view->settings->rosters[i]);
            put_changes(&page, &view->settings->rosters[i]);
            buf_putc(page.out, '}');
        }
        buf_puts(page.out, "]}\n");
        reply_json(request, 200);
    }
    page_close(&page);
    return VERDICT_REPLY;
}

static const struct roster_plan *find_plan(const struct view *view, struct request *request)
{
    const struct roster_plan *plan =
        roster_find(view->settings->rosters, view->settings->roster_count, request->name);
    if (plan == NULL)
        reply_said(request, 404, "there is no roster of this name", "没有这个名称的排班");
    return plan;
}

enum verdict rosters_show(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct roster_page page;
    (void)ret_pending;
    const bool open = page_open(view, request, true, &page);
    const struct roster_plan *plan = open ? find_plan(view, request) : NULL;
    if (plan != NULL) {
        put_head(&page, plan);
        put_layers(&page, plan);
        put_shifts(&page, plan);
        put_changes(&page, plan);
        buf_puts(page.out, "}\n");
        reply_json(request, 200);
    }
    page_close(&page);
    return VERDICT_REPLY;
}

/* --- Acting --- */

static bool take_id(const char *text, char id[ID_SIZE])
{
    return text_is_id(text, strlen(text)) && text_copy(id, ID_SIZE, text);
}

static bool take_to(const char *text, struct pending *pending)
{
    return take_id(text, pending->action.to);
}

static bool take_instead(const char *text, struct pending *pending)
{
    return take_id(text, pending->action.roster.instead);
}

static bool take_time(const char *text, int64_t *ret_ms)
{
    return clock_parse(text, strlen(text), ret_ms) == ERR_OK;
}

static bool take_from(const char *text, struct pending *pending)
{
    return take_time(text, &pending->action.from_ms);
}

static bool take_until(const char *text, struct pending *pending)
{
    return take_time(text, &pending->action.until_ms);
}

static bool take_back_from(const char *text, struct pending *pending)
{
    return take_time(text, &pending->action.roster.back_from_ms);
}

static bool take_back_until(const char *text, struct pending *pending)
{
    return take_time(text, &pending->action.roster.back_until_ms);
}

static bool take_reason(const char *text, struct pending *pending)
{
    return text[0] != '\0' && act_take_note(text, pending);
}

#define MUST_BE_ID   "an id of letters, digits, - and _, at most 64"
#define MUST_BE_TIME "an ISO 8601 time with an offset"
static const struct member to = {"to", take_to, MUST_BE_ID, true, false},
                           instead = {"instead", take_instead, MUST_BE_ID, false, false},
                           whom = {"instead", take_instead, MUST_BE_ID, true, false},
                           from = {"from", take_from, MUST_BE_TIME, true, false},
                           until = {"until", take_until, MUST_BE_TIME, true, false},
                           back_from = {"back_from", take_back_from, MUST_BE_TIME, true, false},
                           back_until = {"back_until", take_back_until, MUST_BE_TIME, true, false},
                           reason = {"note", take_reason, "text of at most 255 bytes, not empty", true,
                                     false};

/* A town changes the rosters that stand for a territory of its own; the county's desk all of them. */
static bool may_change(const struct view *view, struct request *request, const struct roster_plan *plan,
                       enum action_kind kind)
{
    const char *scope = request->person.account.scope;
    uint32_t territory = registry_find(view->registry, REGISTRY_TERRITORY, plan->territory);
    const bool theirs = request->is_operator || scope[0] == '\0' ||
                        (territory != REGISTRY_NONE && place_is_within(view->registry, territory, scope));
    if (theirs && (request->is_operator || access_acts(&request->person, kind)))
        return true;
    reply_said(request, 403, "your role may not do this", "您的角色无此权限");
    return false;
}

static enum verdict change(const struct view *view, struct request *request, enum action_kind kind,
                           const struct member *const *members, struct pending *ret_pending)
{
    if (!page_begin(view, request, PART_ROSTERS))
        return VERDICT_REPLY;
    const struct roster_plan *plan = find_plan(view, request);
    if (plan == NULL || !may_change(view, request, plan, kind) ||
        !body_read(request, members + !request->is_operator, ret_pending) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    ret_pending->action.kind = (uint8_t)kind;
    text_copy(ret_pending->action.roster.name, ID_SIZE, plan->name);
    act_sign(request, ret_pending);
    return VERDICT_ACTION;
}

enum verdict rosters_override(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return change(view, request, ACTION_ROSTER_OVERRIDE,
                  (const struct member *const[]){&member_by, &to, &instead, &from, &until, &reason, NULL},
                  ret_pending);
}

enum verdict rosters_swap(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return change(view, request, ACTION_ROSTER_SWAP,
                  (const struct member *const[]){&member_by, &to, &whom, &from, &until, &back_from,
                                                 &back_until, &reason, NULL},
                  ret_pending);
}

/* The roster of a change, as an error that the caller turns into words. */
static enum err roster_of_change(const struct view *view, const struct hash_id *id, char name[ID_SIZE])
{
    size_t count = 0;
    struct roster_change *changes = calloc(ROSTER_CHANGES_MAX, sizeof(*changes));
    enum err err = changes == NULL        ? ERR_NOMEM
                   : view->reader == NULL ? ERR_NOT_FOUND
                                          : reader_roster_changes(view->reader, clock_now().wall_ms, changes,
                                                                  ROSTER_CHANGES_MAX, &count);
    size_t i = 0;
    while (i < count && memcmp(&changes[i].id, id, sizeof(*id)) != 0)
        i++;
    if (err == ERR_OK && i == count)
        err = ERR_NOT_FOUND;
    if (err == ERR_OK)
        text_copy(name, ID_SIZE, changes[i].roster);
    free(changes);
    return err;
}

enum verdict rosters_cancel(const struct view *view, struct request *request, struct pending *ret_pending)
{
    static const struct member *const members[] = {&member_by, &member_note, NULL};
    if (!page_begin(view, request, PART_ROSTERS))
        return VERDICT_REPLY;
    const enum err err = roster_of_change(view, &request->id, request->name);
    if (err == ERR_NOT_FOUND) {
        reply_said(request, 404, "there is no such change of a roster, or it has ended",
                   "没有这个换班，或已结束");
        return VERDICT_REPLY;
    }
    if (err != ERR_OK) {
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    const struct roster_plan *plan = find_plan(view, request);
    if (plan == NULL || !may_change(view, request, plan, ACTION_ROSTER_CANCEL) ||
        !body_read(request, members + !request->is_operator, ret_pending) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    ret_pending->action.kind = ACTION_ROSTER_CANCEL;
    act_sign(request, ret_pending);
    return VERDICT_ACTION;
}
