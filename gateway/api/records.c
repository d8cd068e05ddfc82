/* What is written down: the audit trail of alerts, who looked at whom, what was found about a resident, and
 * how the gateway itself is. */
#include <string.h>

#include "api/gate.h"
#include "api/pages.h"
#include "api/place.h"
#include "api/put.h"

enum { AUDIT_WALK = 20000, SENTENCE_MAX = 1024 };

/* Parameters of a list that goes backwards from the newest. */
struct back {
    const char *by, *subject;
    int64_t before;
    unsigned limit;
};

static bool read_back(struct request *request, struct back *back)
{
    *back = (struct back){.by = "", .subject = "", .limit = PAGE_DEFAULT};
    for (unsigned i = 0; i < request->query_count; i++) {
        const struct query *query = &request->query[i];
        uint32_t from = 0;
        if (strcmp(query->name, "by") == 0) {
            back->by = query->value;
        } else if (strcmp(query->name, "about") == 0) {
            back->subject = query->value;
        } else if (strcmp(query->name, "cursor") == 0) {
            if (!text_to_int(query->value, 1, INT64_MAX, &back->before)) {
                reply_problem(request, 400, "cursor", "must be the \"next\" of the page before");
                return false;
            }
        } else if (!page_take(request, query, &from, &back->limit)) {
            return false;
        }
    }
    return true;
}

static bool begin(const struct view *view, struct request *request, enum desk_part part, struct back *back)
{
    return page_begin(view, request, part) && read_back(request, back) && view_reads(view, request);
}

/* A list that is being written; ERR_FULL of its callback means that the page is. */
struct list {
    const struct view *view;
    struct request *request;
    const struct back *back;
    unsigned count, walked;
    int64_t last;
};

/* `more`: there may be more although the page is not full. */
static enum verdict end(struct list *list, enum err err, bool more)
{
    struct buf *out = &list->request->reply.body;

    if (err != ERR_OK && err != ERR_FULL) {
        reply_database(list->request, err);
        return VERDICT_REPLY;
    }
    buf_putc(out, ']');
    if (err == ERR_FULL || more)
        put_integer(out, "next", list->last);
    page_end(list->request, REGISTRY_NONE);
    return VERDICT_REPLY;
}

static enum err put_change(void *self, const struct reader_change *change)
{
    struct list *list = self;
    struct buf *out = &list->request->reply.body;
    struct reader_place place;
    char id[HASH_ID_TEXT];

    if (list->count == list->back->limit)
        return ERR_FULL;
    list->last = change->id;
    list->walked++;
    enum err err = reader_place(list->view->reader, &change->alert, &place);
    if (err != ERR_OK || !access_sees(&list->request->person, &place))
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    hash_id_text(&change->alert, id);
    put_open(out, NULL, '{');
    put_time(out, list->view->config->tz, "t", change->t_ms);
    put_text(out, "alert", id);
    put_text(out, "kind", transition_name((enum transition_kind)change->kind));
    put_text(out, "by", change->by);
    put_text(out, "why", change->why);
    buf_putc(out, '}');
    list->count++;
    return ERR_OK;
}

enum verdict records_audit(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct back back;
    struct list list = {.view = view, .request = request, .back = &back};

    (void)ret_pending;
    if (!begin(view, request, PART_AUDIT, &back))
        return VERDICT_REPLY;
    put_open(&request->reply.body, NULL, '{');
    put_open(&request->reply.body, "changes", '[');
    enum err err = reader_changes_back(view->reader, back.by, back.before, AUDIT_WALK, put_change, &list);
    bool more = back.by[0] != '\0' ? list.count != 0 : list.walked == AUDIT_WALK;
    return end(&list, err, more);
}

static enum err put_viewed(void *self, const struct viewed *viewed)
{
    struct list *list = self;
    struct buf *out = &list->request->reply.body;

    if (list->count == list->back->limit)
        return ERR_FULL;
    list->last = viewed->id;
    put_open(out, NULL, '{');
    put_time(out, list->view->config->tz, "t", viewed->t_ms);
    put_text(out, "by", viewed->account);
    put_text(out, "what", viewed->what);
    put_text(out, "about", viewed->subject);
    buf_putc(out, '}');
    list->count++;
    return ERR_OK;
}

enum verdict records_views(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct back back;
    struct list list = {.view = view, .request = request, .back = &back};

    (void)ret_pending;
    if (!begin(view, request, PART_VIEWS, &back))
        return VERDICT_REPLY;
    put_open(&request->reply.body, NULL, '{');
    put_open(&request->reply.body, "views", '[');
    enum err err = views_each(view->gate->accounts, back.by, back.subject, back.before, back.limit + 1,
                              put_viewed, &list);
    return end(&list, err, false);
}

/* The reason of that code; the detector's first when there is none such any more. */
static void name_finding(struct finding *finding, const char *detector, const char *code)
{
    finding->detector = (uint8_t)detector_find(detector);
    if (finding->detector >= detector_count())
        return;
    const struct detector *found = detectors[finding->detector];
    for (unsigned i = 0; i < found->reason_count; i++)
        if (strcmp(found->reasons[i].code, code) == 0)
            finding->reason = (uint8_t)i;
}

static enum err put_finding(void *self, const struct reader_finding *row)
{
    struct list *list = self;
    struct buf *out = &list->request->reply.body, sentence;
    struct finding finding = row->finding;
    const struct tz *tz = list->view->config->tz;

    if (list->count == list->back->limit)
        return ERR_FULL;
    list->last = row->id;
    name_finding(&finding, row->detector, row->code);
    put_open(out, NULL, '{');
    put_time(out, tz, "t", finding.t_ms);
    put_time(out, tz, "at", finding.at_ms);
    put_text(out, "detector", row->detector);
    put_text(out, "code", row->code);
    put_text(out, "family", family_name((enum family)finding.family));
    put_text(out, "level", level_name((enum level)finding.level));
    put_bool(out, "record", (finding.flags & FINDING_RECORD) != 0);
    put_bool(out, "clears", (finding.flags & FINDING_CLEARS) != 0);
    buf_init(&sentence, SENTENCE_MAX);
    finding_sentence(&finding, list->view->registry, tz, false, &sentence);
    put_text(out, "reason", buf_text(&sentence));
    buf_clear(&sentence);
    finding_sentence(&finding, list->view->registry, tz, true, &sentence);
    put_text(out, "reason_zh", buf_text(&sentence));
    buf_release(&sentence);
    buf_putc(out, '}');
    list->count++;
    return ERR_OK;
}

enum verdict records_findings(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct back back;
    struct list list = {.view = view, .request = request, .back = &back};

    (void)ret_pending;
    if (!begin(view, request, PART_RESIDENTS, &back))
        return VERDICT_REPLY;
    const struct subject subject = {.kind = SUBJECT_RESIDENT,
                                    .no = registry_find(view->registry, REGISTRY_RESIDENT, request->name)};
    if (subject.no == REGISTRY_NONE || !place_is_seen(view->registry, &request->person, subject)) {
        reply_said(request, 404, "there is no resident of this id", "没有这个编号的老人");
        return VERDICT_REPLY;
    }
    gate_viewed(view->gate, request, "findings", request->name);
    put_open(&request->reply.body, NULL, '{');
    put_open(&request->reply.body, "findings", '[');
    enum err err =
        reader_findings(view->reader, subject.no, registry_resident(view->registry, subject.no)->household,
                        back.before, back.limit + 1, put_finding, &list);
    return end(&list, err, false);
}

/* The core's numbers as a JSON object: each line "name value" of the Prometheus text. */
static void put_numbers(const struct buf *metrics, struct buf *out)
{
    const char *at = buf_text(metrics);
    char name[200];

    put_open(out, "numbers", '{');
    while (*at != '\0') {
        size_t line = strcspn(at, "\n"), gap = line;
        double value;
        while (gap > 0 && at[gap - 1] != ' ')
            gap--;
        char digits[40] = "";
        if (at[0] != '#' && gap > 1 && gap < sizeof(name) && line - gap < sizeof(digits)) {
            memcpy(name, at, gap - 1);
            name[gap - 1] = '\0';
            memcpy(digits, at + gap, line - gap);
            digits[line - gap] = '\0';
            if (text_to_double(digits, -1e18, 1e18, &value)) {
                buf_puts(out, out->data[out->len - 1] == '{' ? "" : ",");
                buf_json_string(out, name);
                buf_printf(out, ":%.15g", value);
            }
        }
        at += line + (at[line] == '\n');
    }
    buf_putc(out, '}');
}

enum verdict records_health(const struct view *view, struct request *request, struct pending *ret_pending)
{
    const struct api_health *health = &view->health;
    const struct tz *tz = view->config->tz;
    struct buf *out = &request->reply.body;
    struct reader_counts counts;

    (void)ret_pending;
    if (!page_begin(view, request, PART_HEALTH) || !view_no_query(request))
        return VERDICT_REPLY;
    put_open(out, NULL, '{');
    put_bool(out, "ready", health->ready && view->heard);
    put_bool(out, "core", view->heard);
    put_bool(out, "broker", health->broker_up);
    put_bool(out, "store", health->store_ok);
    put_bool(out, "unpersisted", health->unpersisted);
    put_time(out, tz, "started", health->started_wall_ms);
    put_time(out, tz, "last_commit", health->last_commit_wall_ms);
    put_time(out, tz, "last_input", health->last_input_wall_ms);
    put_text(out, "registry", registry_version(view->registry));
    put_integer(out, "residents", registry_count(view->registry, REGISTRY_RESIDENT));
    put_integer(out, "devices", registry_count(view->registry, REGISTRY_DEVICE));
    if (view->reader != NULL && reader_counts(view->reader, &counts) == ERR_OK) {
        put_integer(out, "inputs", (int64_t)counts.inputs);
        put_integer(out, "alerts_open", (int64_t)counts.alerts_open);
        put_integer(out, "alerts", (int64_t)counts.alerts_total);
        put_integer(out, "waiting", (int64_t)counts.rows_waiting);
        put_integer(out, "gaps", (int64_t)counts.gaps);
    }
    put_numbers(view->metrics, out);
    page_end(request, REGISTRY_NONE);
    return VERDICT_REPLY;
}
