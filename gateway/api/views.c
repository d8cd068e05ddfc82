/* What can be looked at. Reads go to the database, never to the core. */
#include <string.h>

#include "api/gate.h"
#include "api/place.h"
#include "api/said.h"
#include "api/pages.h"
#include "core/log.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 500 };

static const char *yes_no(bool yes)
{
    return yes ? "true" : "false";
}

static void member_time(struct buf *out, const struct tz *tz, const char *name, int64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];

    if (wall_ms == 0)
        return;
    clock_format(tz, wall_ms, text);
    buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

bool view_no_query(struct request *request)
{
    if (request->query_count == 0)
        return true;
    reply_problem(request, 400, request->query[0].name, "unknown parameter");
    return false;
}

enum verdict view_healthz(const struct view *view, struct request *request, struct pending *ret_pending)
{
    const struct api_health *health = &view->health;
    struct buf *body = &request->reply.body;
    bool ready = health->ready && view->heard;

    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    buf_printf(body,
               "{\"ready\":%s,\"core\":%s,\"broker\":%s,\"store\":%s,\"database\":%s,\"unpersisted\":%s",
               yes_no(ready), yes_no(view->heard), yes_no(health->broker_up), yes_no(health->store_ok),
               yes_no(view->reader != NULL), yes_no(health->unpersisted));
    if (health->canary_late)
        buf_puts(body, ",\"canary_late\":true");
    member_time(body, view->config->tz, "started", health->started_wall_ms);
    member_time(body, view->config->tz, "last_commit", health->last_commit_wall_ms);
    member_time(body, view->config->tz, "last_input", health->last_input_wall_ms);
    buf_puts(body, "}\n");
    reply_json(request, ready ? 200 : 503);
    return VERDICT_REPLY;
}

enum verdict view_metrics(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct reader_counts counts;

    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    struct buf *body = &request->reply.body;
    buf_append(body, buf_text(view->metrics), view->metrics->len);
    if (view->reader != NULL && reader_counts(view->reader, &counts) == ERR_OK)
        buf_printf(body,
                   "# HELP huyang_store_inputs Inputs that are committed.\n# TYPE huyang_store_inputs "
                   "counter\nhuyang_store_inputs %llu\n"
                   "# HELP huyang_store_alerts Alerts in the database.\n# TYPE huyang_store_alerts gauge\n"
                   "huyang_store_alerts{state=\"open\"} %llu\nhuyang_store_alerts{state=\"all\"} %llu\n"
                   "# HELP huyang_store_jobs_waiting Jobs that are not final.\n# TYPE "
                   "huyang_store_jobs_waiting gauge\nhuyang_store_jobs_waiting %llu\n"
                   "# HELP huyang_store_gaps Gaps that devices left.\n# TYPE huyang_store_gaps "
                   "counter\nhuyang_store_gaps %llu\n",
                   (unsigned long long)counts.inputs, (unsigned long long)counts.alerts_open,
                   (unsigned long long)counts.alerts_total, (unsigned long long)counts.rows_waiting,
                   (unsigned long long)counts.gaps);
    request->reply.status = 200;
    request->reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return VERDICT_REPLY;
}

/* The cursor is the place of the last alert of a page: "MILLISECONDS-ID". */
bool view_cursor(const char *text, int64_t *ret_ms, struct hash_id *ret_id)
{
    size_t len = strcspn(text, "-");
    char digits[24];

    if (text[len] != '-' || len >= sizeof(digits))
        return false;
    memcpy(digits, text, len);
    digits[len] = '\0';
    return text_to_int(digits, 1, INT64_MAX, ret_ms) && hash_id_parse(text + len + 1, ret_id) != 0;
}

static int find_state(const char *name)
{
    for (int state = 0; state < ALERT_STATE_COUNT; state++)
        if (strcmp(alert_state_name((enum alert_state)state), name) == 0)
            return state;
    return -1;
}

/* False: request->reply says which parameter is wrong. */
static bool read_filter(struct request *request, struct reader_filter *filter)
{
    *filter = (struct reader_filter){.state = -1, .level = -1, .family = -1, .limit = LIMIT_DEFAULT};
    for (unsigned i = 0; i < request->query_count; i++) {
        const struct query *query = &request->query[i];
        const char *wrong = NULL;
        int64_t limit;
        if (strcmp(query->name, "state") == 0) {
            filter->state = find_state(query->value);
            wrong = filter->state < 0 ? "open, lapsed, closed or absorbed" : NULL;
        } else if (strcmp(query->name, "level") == 0) {
            filter->level = (int)level_from_name(query->value);
            wrong = filter->level == LEVEL_COUNT ? "green, yellow, orange or red (at least)" : NULL;
        } else if (strcmp(query->name, "family") == 0) {
            filter->family = (int)family_from_name(query->value);
            wrong = filter->family == FAMILY_COUNT
                        ? "emergency, health, visitor, outing, fraud, coverage or fleet"
                        : NULL;
        } else if (strcmp(query->name, "resident") == 0) {
            filter->resident = query->value;
            wrong = text_is_id(query->value, strlen(query->value)) ? NULL : "the id of a resident";
        } else if (strcmp(query->name, "limit") == 0) {
            wrong = text_to_int(query->value, 1, LIMIT_MAX, &limit) ? NULL : "a number of 1 to 500";
            if (wrong == NULL)
                filter->limit = (unsigned)limit;
        } else if (strcmp(query->name, "cursor") == 0) {
            wrong = view_cursor(query->value, &filter->before_ms, &filter->before_id)
                        ? NULL
                        : "the \"next\" of the page before";
        } else {
            reply_problem(request, 400, query->name, "unknown parameter");
            return false;
        }
        if (wrong != NULL) {
            reply_problem(request, 400, query->name, "must be %s", said(request->asked.zh, wrong));
            return false;
        }
    }
    return true;
}

bool view_reads(const struct view *view, struct request *request)
{
    if (view->reader == NULL)
        reply_problem(request, 503, NULL, "there is no database yet");
    return view->reader != NULL;
}

void reply_database(struct request *request, enum err err)
{
    if (err == ERR_BUSY)
        reply_problem(request, 503, NULL, "the database is busy");
    else if (err == ERR_FULL)
        reply_problem(request, 500, NULL, "the answer is too large; ask for less");
    else
        reply_problem(request, 500, NULL, "the database cannot be read: %s", err_text(err));
    log_write(LOG_ERROR, "api.database", "a view failed\tpath=%s\terror=%s", request->path, err_text(err));
}

/* ,"place":{…}: the territory for everybody, the rest as far as the person is shown it. */
static void put_place(const struct reader_place *place, enum precision precision, struct buf *out)
{
    buf_puts(out, ",\"place\":{\"territories\":[");
    for (unsigned i = 0; i < place->territory_count; i++) {
        buf_printf(out, "%s{\"code\":\"%s\",\"name\":", i != 0 ? "," : "", place->territories[i].code);
        buf_json_string(out, place->territories[i].name);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
    if (precision >= PRECISION_ADDRESS) {
        buf_puts(out, ",\"name\":");
        buf_json_string(out, place->name);
        buf_puts(out, ",\"address\":");
        buf_json_string(out, place->address);
    }
    buf_putc(out, '}');
}

enum err view_put_item(struct reader *reader, const struct person *person, const struct hash_id *id,
                       const char *item, size_t len, struct buf *out)
{
    struct reader_place place;
    enum err err = reader_place(reader, id, &place);

    if (err != ERR_OK)
        return err;
    if (!access_sees(person, &place))
        return ERR_NOT_FOUND;
    if (len < 2 || item[len - 1] != '}')
        return ERR_CORRUPT;
    buf_append(out, item, len - 1);
    put_place(&place, access_precision(person), out);
    buf_putc(out, '}');
    return out->failed ? ERR_FULL : ERR_OK;
}

enum err view_put_row(const struct view *view, struct request *request, const struct hash_id *id,
                      const char *item, size_t len, bool *any)
{
    struct buf *body = &request->reply.body;
    const size_t before = body->len;

    if (*any)
        buf_putc(body, ',');
    enum err err = view_put_item(view->reader, &request->person, id, item, len, body);
    if (err == ERR_NOT_FOUND) { /* not theirs */
        body->len = before;
        return ERR_OK;
    }
    *any = *any || err == ERR_OK;
    return err;
}

/* A page of the list: what this person may see, until it is full. ERR_BUSY ends the walk. */
struct page {
    const struct view *view;
    struct request *request;
    unsigned limit, count, walked;
    int64_t last_ms;
    struct hash_id last_id;
};

static enum err put_alert(void *self, const struct reader_item *item)
{
    struct page *page = self;
    struct buf *body = &page->request->reply.body;
    size_t before = body->len;

    if (page->count != 0)
        buf_putc(body, ',');
    enum err err =
        view_put_item(page->view->reader, &page->request->person, &item->id, item->json, item->len, body);
    if (err == ERR_NOT_FOUND) { /* not theirs */
        body->len = before;
        err = ERR_OK;
    } else if (err == ERR_OK) {
        page->count++;
    }
    page->walked++;
    page->last_ms = item->opened_ms;
    page->last_id = item->id;
    return err == ERR_OK && page->count == page->limit ? ERR_BUSY : err;
}

enum verdict view_alerts(const struct view *view, struct request *request, struct pending *ret_pending)
{
    struct reader_filter filter;
    struct page page = {.view = view, .request = request};
    char id[HASH_ID_TEXT];
    struct buf *body = &request->reply.body;

    (void)ret_pending;
    if (!read_filter(request, &filter))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    page.limit = filter.limit;
    filter.limit = READER_WALK_MAX; /* a page may be short, and still have one after it */
    buf_puts(body, "{\"alerts\":[");
    enum err err = reader_alerts_walk(view->reader, &filter, put_alert, &page);
    bool more = err == ERR_BUSY && page.count == page.limit;
    if (err != ERR_OK && !more) {
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    buf_putc(body, ']');
    if (more || page.walked == READER_WALK_MAX) {
        hash_id_text(&page.last_id, id);
        buf_printf(body, ",\"next\":\"%lld-%s\"", (long long)page.last_ms, id);
    }
    buf_puts(body, "}\n");
    gate_viewed(view->gate, request, "alerts", filter.resident != NULL ? filter.resident : "");
    reply_json(request, 200);
    return VERDICT_REPLY;
}

/* Everything about an alert, and for those who handle it the people of the home. */
static enum err put_whole(const struct view *view, struct request *request, struct buf *alert)
{
    struct buf *body = &request->reply.body;
    struct reader_place place;
    enum err err = reader_alert(view->reader, &request->id, alert);

    if (err == ERR_OK)
        err = view_put_item(view->reader, &request->person, &request->id, buf_text(alert), alert->len, body);
    if (err == ERR_OK && access_precision(&request->person) >= PRECISION_CONTACTS)
        err = reader_place(view->reader, &request->id, &place);
    else
        return err;
    if (err != ERR_OK || view->registry == NULL)
        return err;
    uint32_t household = registry_find(view->registry, REGISTRY_HOUSEHOLD, place.household);
    if (household != REGISTRY_NONE) {
        body->len--;
        residents_put_people(view->registry, household, body);
        buf_putc(body, '}');
    }
    return err;
}

enum verdict view_alert(const struct view *view, struct request *request, struct pending *ret_pending)
{
    char id[HASH_ID_TEXT];
    struct buf alert;

    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    buf_init(&alert, API_REPLY_MAX);
    enum err err = put_whole(view, request, &alert);
    buf_release(&alert);
    buf_putc(&request->reply.body, '\n');
    if (err == ERR_OK) {
        hash_id_text(&request->id, id);
        gate_viewed(view->gate, request, "alert", id);
        reply_json(request, 200);
    } else if (err == ERR_NOT_FOUND)
        reply_said(request, 404, "there is no alert of this id", "没有这个编号的告警");
    else
        reply_database(request, err);
    return VERDICT_REPLY;
}

/* Whose list it is. */
struct looker {
    const struct view *view;
    const struct person *person;
};

/* A list of the database as the whole answer. */
static enum verdict view_list(const struct view *view, struct request *request, const char *name,
                              enum err (*list)(const struct looker *looker, struct buf *out))
{
    const struct looker looker = {.view = view, .person = &request->person};

    if (!page_begin(view, request, PART_SILENCES) || !view_no_query(request))
        return VERDICT_REPLY;
    if (!view_reads(view, request))
        return VERDICT_REPLY;
    buf_printf(&request->reply.body, "{\"%s\":", name);
    enum err err = list(&looker, &request->reply.body);
    if (err != ERR_OK) {
        reply_database(request, err);
        return VERDICT_REPLY;
    }
    buf_puts(&request->reply.body, "}\n");
    reply_json(request, 200);
    return VERDICT_REPLY;
}

static bool sees_subject(void *self, struct subject subject)
{
    const struct looker *looker = self;
    return place_is_seen(looker->view->registry, looker->person, subject);
}

static bool sees_alert(void *self, const struct hash_id *alert)
{
    const struct looker *looker = self;
    struct reader_place place;
    return reader_place(looker->view->reader, alert, &place) == ERR_OK && access_sees(looker->person, &place);
}

static enum err list_silences(const struct looker *looker, struct buf *out)
{
    struct looker self = *looker;
    return reader_silences(looker->view->reader, 0, sees_subject, &self, out);
}

static enum err list_suppressions(const struct looker *looker, struct buf *out)
{
    enum { SHOWN = 500 };
    struct looker self = *looker;
    return reader_suppressions(looker->view->reader, SHOWN, sees_alert, &self, out);
}

enum verdict view_silences(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)ret_pending;
    return view_list(view, request, "silences", list_silences);
}

/* Of one's own territory, and of what that lies in: a village's fair is of its grid workers too. */
static bool sees_announced(void *self, struct subject territory)
{
    const struct looker *looker = self;
    const struct registry *registry = looker->view->registry;
    if (place_is_seen(registry, looker->person, territory))
        return true;
    uint32_t own = registry_find(registry, REGISTRY_TERRITORY, looker->person->account.scope);
    return own != REGISTRY_NONE && territory.no < registry_count(registry, REGISTRY_TERRITORY) &&
           place_is_within(registry, own, registry_territory(registry, territory.no)->code);
}

static enum err list_announcements(const struct looker *looker, struct buf *out)
{
    struct looker self = *looker;
    return reader_announcements(looker->view->reader, 0, sees_announced, &self, out);
}

enum verdict view_announcements(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)ret_pending;
    return view_list(view, request, "announcements", list_announcements);
}

enum verdict view_suppressions(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)ret_pending;
    return view_list(view, request, "suppressions", list_suppressions);
}

enum verdict view_stream(const struct view *view, struct request *request, struct pending *ret_pending)
{
    (void)ret_pending;
    return view_no_query(request) && view_reads(view, request) ? VERDICT_STREAM : VERDICT_REPLY;
}

/* The document stands beside the code (openapi.json); a test holds the two together. */
enum verdict view_openapi(const struct view *view, struct request *request, struct pending *ret_pending)
{
    static const char *const documents[] = {
#include "openapi_json.h"
    };

    (void)view;
    (void)ret_pending;
    if (!view_no_query(request))
        return VERDICT_REPLY;
    buf_puts(&request->reply.body, documents[0]);
    reply_json(request, 200);
    return VERDICT_REPLY;
}
