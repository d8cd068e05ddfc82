/* What is said to residents by a person's order: one prompt now, or a campaign. */
#include <string.h>

#include "api/act.h"
#include "api/gate.h"
#include "core/json.h"

enum { CAMPAIGNS_SHOWN = 200 };

static bool take_prompt(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) &&
           text_copy(pending->action.prompt, sizeof(pending->action.prompt), text);
}

static bool take_device(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) && text_copy(pending->device, sizeof(pending->device), text);
}

static bool take_preview(const char *text, struct pending *pending)
{
    pending->action.preview = strcmp(text, "true") == 0;
    return true;
}

static bool take_job(const char *text, struct pending *pending)
{
    struct hash_id id;
    return hash_id_parse(text, &id) != 0 &&
           text_copy(pending->action.prompt, sizeof(pending->action.prompt), text);
}

static bool take_time(const char *text, int64_t *ret_ms)
{
    return clock_parse(text, strlen(text), ret_ms) == ERR_OK;
}

static bool take_start(const char *text, struct pending *pending)
{
    return take_time(text, &pending->action.campaign.start_ms);
}

static bool take_end(const char *text, struct pending *pending)
{
    return take_time(text, &pending->action.campaign.end_ms);
}

static bool take_rate(const char *text, struct pending *pending)
{
    int64_t rate;
    if (!text_to_int(text, 1, CAMPAIGN_RATE_MAX, &rate))
        return false;
    pending->action.campaign.per_minute = (uint32_t)rate;
    return true;
}

static bool take_category(const char *text, struct pending *pending)
{
    return text[0] != '\0' && body_is_plain(text, false) &&
           text_copy(pending->action.campaign.category, sizeof(pending->action.campaign.category), text);
}

static bool take_territory(const char *text, struct pending *pending)
{
    return text_is_id(text, strlen(text)) &&
           text_copy(pending->action.campaign.territory, sizeof(pending->action.campaign.territory), text);
}

/* Looked up by add_residents, where the registry can be read. */
static bool take_residents(const char *text, struct pending *pending)
{
    (void)pending;
    return text[0] != '\0';
}

#define MUST_ID "an id of letters, digits, - and _, at most 64"
static const struct member by = {"by", act_take_by, MUST_ID, true, false},
                           note = {"note", act_take_note, "text of at most 255 bytes", false, false},
                           prompt = {"prompt", take_prompt, "the id of a prompt of the catalogue", true,
                                     false},
                           device = {"device", take_device, MUST_ID, false, false},
                           preview = {"preview", take_preview, "true or false", false, true},
                           job = {"job", take_job, "the id of a job, 32 hex digits", false, false},
                           start = {"start", take_start, "an ISO 8601 time with an offset", true, false},
                           end = {"end", take_end, "an ISO 8601 time with an offset", true, false},
                           per_minute = {"per_minute", take_rate,
                                         "a whole number of devices a minute as text, 1..600", true, false},
                           category = {"category", take_category, "a category or tag of the registry", false,
                                       false},
                           territory = {"territory", take_territory, "the code of a territory", false, false},
                           residents = {"residents", take_residents,
                                        "ids of at most 200 residents, with spaces between", false, false};

/* {"version":…,"prompts":[…]} as the core wrote it. */
enum verdict say_prompts(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    buf_append(&request->reply.body, buf_text(view->metrics), view->metrics->len);
    reply_json(request, 200);
    return VERDICT_REPLY;
}

enum verdict say_now(const struct view *view, struct request *request, struct pending *ret_pending)
{
    enum verdict verdict =
        act_on(view, request, ACTION_SPEAK,
               (const struct member *const[]){&by, &prompt, &device, &preview, &note, NULL}, ret_pending);
    struct subject subject = {.no = REGISTRY_NONE};
    if (verdict != VERDICT_ACTION)
        return verdict;
    if (ret_pending->device[0] != '\0' &&
        (view->reader == NULL ||
         reader_subject(view->reader, SUBJECT_DEVICE, ret_pending->device, &subject) != ERR_OK)) {
        reply_problem(request, 400, "device", "%s is not in the registry", ret_pending->device);
        return VERDICT_REPLY;
    }
    ret_pending->action.device = subject.no;
    return VERDICT_ACTION;
}

enum verdict say_hush(const struct view *view, struct request *request, struct pending *ret_pending)
{
    return act_on(view, request, ACTION_HUSH, (const struct member *const[]){&by, &job, &note, NULL},
                  ret_pending);
}

/* A preview is an answer, not a deed. */
enum verdict say_done(const struct view *view, struct request *request, struct pending *pending, enum err err,
                      const char *text)
{
    if (pending->action.preview == 0 || err != ERR_OK)
        return act_done(view, request, pending, err, text);
    buf_clear(&request->reply.body);
    buf_printf(&request->reply.body, "{\"committed\":false,\"preview\":%s}\n", text);
    reply_json(request, 200);
    gate_once_done(view->gate, request, NULL);
    return VERDICT_REPLY;
}

/* ---- campaigns ---- */

static bool may_campaign(const struct view *view, struct request *request, enum action_kind kind)
{
    if (!request->is_operator && !access_acts(&request->person, kind))
        reply_said(request, 403, "your role may not do this", "您的角色无此权限");
    else if (view->reader == NULL)
        reply_problem(request, 503, NULL, "there is no database yet");
    else
        return true;
    return false;
}

static void reply_read(struct request *request, enum err err)
{
    buf_putc(&request->reply.body, '\n');
    if (err == ERR_OK)
        reply_json(request, 200);
    else if (err == ERR_NOT_FOUND)
        reply_said(request, 404, "there is no campaign of this id", "没有这个编号的宣讲");
    else
        reply_problem(request, 503, NULL, "the database cannot be read: %s", err_text(err));
}

enum verdict say_campaigns(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)ret_pending;
    if (!view_no_query(request) || !may_campaign(view, request, ACTION_CAMPAIGN))
        return VERDICT_REPLY;
    buf_puts(&request->reply.body, "{\"campaigns\":");
    enum err err = reader_campaigns(view->reader, CAMPAIGNS_SHOWN, &request->reply.body);
    buf_putc(&request->reply.body, '}');
    reply_read(request, err);
    return VERDICT_REPLY;
}

enum verdict say_campaign(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)ret_pending;
    if (!view_no_query(request) || !may_campaign(view, request, ACTION_CAMPAIGN))
        return VERDICT_REPLY;
    reply_read(request, reader_campaign(view->reader, &request->id, &request->reply.body));
    return VERDICT_REPLY;
}

/* The list as numbers. False: the reply is made. */
static bool add_residents(const struct view *view, struct request *request, struct campaign_order *order)
{
    struct json *root;
    bool ok = true;
    if (json_parse(buf_text(&request->body), request->body.len, &root, NULL) != ERR_OK)
        return false;
    const char *list = json_string(json_get(root, "residents"));
    for (const char *at = list != NULL ? list : ""; ok && *(at += strspn(at, " ,")) != '\0';) {
        char id[ID_SIZE] = "";
        struct subject subject;
        size_t len = strcspn(at, " ,");
        if (len < sizeof(id))
            memcpy(id, at, len);
        id[len < sizeof(id) ? len : 0] = '\0';
        at += len;
        ok = order->count < CAMPAIGN_LIST_MAX;
        if (!ok)
            reply_problem(request, 400, "residents", "must be %s", residents.must);
        else if (reader_subject(view->reader, SUBJECT_RESIDENT, id, &subject) == ERR_OK)
            order->list[order->count++] = subject.no;
        else {
            reply_problem(request, 400, "residents", "%s is not in the registry",
                          id[0] != '\0' ? id : "a long word");
            ok = false;
        }
    }
    json_free(root);
    return ok;
}

enum verdict say_campaign_add(const struct view *view, struct request *request, struct pending *ret_pending)
{
    const struct member *const members[] = {&by,       &prompt,    &start,     &end,  &per_minute,
                                            &category, &territory, &residents, &note, NULL};
    if (!may_campaign(view, request, ACTION_CAMPAIGN) ||
        !body_read(request, members + !request->is_operator, ret_pending) ||
        !add_residents(view, request, &ret_pending->action.campaign) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    ret_pending->action.kind = ACTION_CAMPAIGN;
    ret_pending->action.has_alert = 0;
    memset(&ret_pending->action.alert, 0, sizeof(ret_pending->action.alert));
    if (!request->is_operator)
        (void)text_copy(ret_pending->action.by, sizeof(ret_pending->action.by), request->person.account.id);
    return VERDICT_ACTION;
}

enum verdict say_campaign_end(const struct view *view, struct request *request, struct pending *ret_pending)
{
    const struct member *const members[] = {&by, &note, NULL};
    if (!may_campaign(view, request, ACTION_CAMPAIGN_END) ||
        !body_read(request, members + !request->is_operator, ret_pending) || !gate_once(view->gate, request))
        return VERDICT_REPLY;
    ret_pending->action.kind = ACTION_CAMPAIGN_END;
    if (!request->is_operator)
        (void)text_copy(ret_pending->action.by, sizeof(ret_pending->action.by), request->person.account.id);
    return VERDICT_ACTION;
}
