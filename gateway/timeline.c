#include "timeline.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "ingest/event_json.h"
#include "registry/parts.h"

struct timeline {
    const struct registry *registry;
    const struct tz *tz;
    uint64_t *next_seq; /* [device * LANE_COUNT + lane] */
    uint32_t devices;
};

enum err timeline_new(const struct registry *registry, const struct tz *tz, struct timeline **ret_timeline)
{
    struct timeline *timeline = calloc(1, sizeof(*timeline));
    if (timeline == NULL)
        return ERR_NOMEM;
    timeline->registry = registry;
    timeline->tz = tz;
    timeline->devices = registry_count(registry, REGISTRY_DEVICE);
    timeline->next_seq = calloc((size_t)timeline->devices * LANE_COUNT + 1, sizeof(*timeline->next_seq));
    if (timeline->next_seq == NULL) {
        free(timeline);
        return ERR_NOMEM;
    }
    *ret_timeline = timeline;
    return ERR_OK;
}

void timeline_free(struct timeline *timeline)
{
    if (timeline == NULL)
        return;
    free(timeline->next_seq);
    free(timeline);
}

/* One parse: the tree, where the complaint goes, what is built. */
struct parse {
    struct timeline *timeline;
    const struct json *root;
    struct timeline_line *line;
    char *why;
};

__attribute__((format(printf, 2, 3))) static enum err bad(struct parse *parse, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(parse->why, TIMELINE_WHY, format, args);
    va_end(args);
    return ERR_INVALID;
}

static enum err parse_time(struct parse *parse, const struct json *node, const char *what, int64_t *ret_ms)
{
    const char *text = json_string(node);
    if (text == NULL)
        return bad(parse, "%s: an ISO 8601 time is missing", what);
    if (clock_parse(text, strlen(text), ret_ms) != ERR_OK)
        return bad(parse, "%s: '%.40s' is not an ISO 8601 time with an offset", what, text);
    return ERR_OK;
}

static bool unknown_member(struct parse *parse, const struct json *object, const char *where,
                           const char *const *known)
{
    size_t iter = 0;
    const char *key;
    const struct json *value;
    while (json_next(object, &iter, &key, &value)) {
        const char *const *name = known;
        while (*name != NULL && strcmp(*name, key) != 0)
            name++;
        if (*name == NULL) {
            bad(parse, "%s: unknown member '%.60s'", where, key);
            return true;
        }
    }
    return false;
}

static enum err parse_uint(struct parse *parse, const char *name, int64_t low, int64_t high, int64_t fallback,
                           int64_t *ret_value)
{
    const struct json *node = json_get(parse->root, name);
    *ret_value = fallback;
    if (node == NULL || (json_integer(node, ret_value) && *ret_value >= low && *ret_value <= high))
        return ERR_OK;
    return bad(parse, "%s: a whole number from %lld to %lld is expected", name, (long long)low,
               (long long)high);
}

/* A report that holds one urgent event goes whole on urgent (contracts.md 2). */
static enum lane lane_of(const struct event *events, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (event_lane(events[i].kind) == LANE_URGENT)
            return LANE_URGENT;
    return LANE_ROUTINE;
}

static enum err parse_events(struct parse *parse, uint32_t *ret_count)
{
    const struct json *one = json_get(parse->root, "event");
    const struct json *list = json_get(parse->root, "events");
    if ((one == NULL) == (list == NULL))
        return bad(parse, "either \"event\" or \"events\" is expected");
    const size_t count = one != NULL ? 1 : json_count(list);
    if (list != NULL && json_type_of(list) != JSON_ARRAY_T)
        return bad(parse, "events: a list is expected");
    if (count == 0 || count > EVENT_BATCH_MAX)
        return bad(parse, "events: 1 to %d are expected, not %zu", EVENT_BATCH_MAX, count);
    for (size_t i = 0; i < count; i++) {
        struct event_json_error error;
        int64_t device_ms = 0;
        struct event *event = &parse->line->events[i];
        if (event_from_json(one != NULL ? one : json_at(list, i), event, &device_ms, &error) != ERR_OK)
            return bad(parse, "%.200s", error.text);
        event->at_ms = device_ms != 0 ? device_ms : parse->line->t_ms;
        event->report = 1;
    }
    *ret_count = (uint32_t)count;
    return ERR_OK;
}

/* The journal's own members: a list with one whole number per event. Absent: *ret_found false. */
static enum err parse_numbers(struct parse *parse, const char *name, int64_t low, int64_t high,
                              uint32_t count, int64_t *ret_numbers, bool *ret_found)
{
    const struct json *list = json_get(parse->root, name);
    *ret_found = list != NULL;
    if (list == NULL)
        return ERR_OK;
    if (json_type_of(list) != JSON_ARRAY_T || json_count(list) != count)
        return bad(parse, "%s: as many numbers as events are expected", name);
    for (uint32_t i = 0; i < count; i++)
        if (!json_integer(json_at(list, i), &ret_numbers[i]) || ret_numbers[i] < low || ret_numbers[i] > high)
            return bad(parse, "%s: whole numbers from %lld to %lld are expected", name, (long long)low,
                       (long long)high);
    return ERR_OK;
}

/* "seqs" where one event in the middle was refused; "reports" where the events were more than one report. */
static enum err parse_keys(struct parse *parse, struct event *events, uint32_t count)
{
    int64_t seqs[EVENT_BATCH_MAX], reports[EVENT_BATCH_MAX];
    bool has_seqs, has_reports;
    enum err err = parse_numbers(parse, "seqs", 1, INT64_MAX / 2, count, seqs, &has_seqs);
    if (err == ERR_OK)
        err = parse_numbers(parse, "reports", 0, UINT32_MAX, count, reports, &has_reports);
    for (uint32_t i = 0; err == ERR_OK && i < count; i++) {
        if (has_seqs)
            events[i].key.seq = (uint64_t)seqs[i];
        if (has_reports)
            events[i].report = (uint32_t)reports[i];
    }
    return err;
}

static enum err parse_report(struct parse *parse)
{
    static const char *const known[] = {"t",     "device", "event", "events",  "lane",
                                        "epoch", "seq",    "seqs",  "reports", NULL};
    if (unknown_member(parse, parse->root, "line", known))
        return ERR_INVALID;
    const char *id = json_string(json_get(parse->root, "device"));
    const uint32_t device =
        id != NULL ? registry_find(parse->timeline->registry, REGISTRY_DEVICE, id) : REGISTRY_NONE;
    if (id == NULL)
        return bad(parse, "device: a device id is expected");
    if (device == REGISTRY_NONE)
        return bad(parse, "device: '%.64s' is not in the registry", id);
    uint32_t count = 0;
    enum err err = parse_events(parse, &count);
    if (err != ERR_OK)
        return err;
    struct event *events = parse->line->events;
    enum lane lane = lane_of(events, count);
    const char *lane_text = json_string(json_get(parse->root, "lane"));
    if (lane_text != NULL)
        lane = strcmp(lane_text, "urgent") == 0    ? LANE_URGENT
               : strcmp(lane_text, "routine") == 0 ? LANE_ROUTINE
                                                   : LANE_NONE;
    if (lane == LANE_NONE)
        return bad(parse, "lane: \"urgent\" or \"routine\" is expected");
    uint64_t *counter = &parse->timeline->next_seq[(size_t)device * LANE_COUNT + lane];
    int64_t epoch, seq;
    if ((err = parse_uint(parse, "epoch", 0, UINT32_MAX, 0, &epoch)) != ERR_OK ||
        (err = parse_uint(parse, "seq", 1, INT64_MAX / 2, (int64_t)*counter + 1, &seq)) != ERR_OK)
        return err;
    if (epoch == 0)
        *counter = (uint64_t)seq + count - 1;
    for (uint32_t i = 0; i < count; i++)
        events[i].key = (struct event_key){
            .device = device, .lane = (uint8_t)lane, .epoch = (uint32_t)epoch, .seq = (uint64_t)seq + i};
    if ((err = parse_keys(parse, events, count)) != ERR_OK)
        return err;
    parse->line->what = TIMELINE_REPORT;
    parse->line->input.kind = INPUT_REPORT;
    parse->line->input.report = (struct report){.device = device,
                                                .epoch = (uint32_t)epoch,
                                                .first_seq = (uint64_t)seq,
                                                .lane = (uint8_t)lane,
                                                .count = (uint8_t)count,
                                                .events = events};
    return ERR_OK;
}

static enum err parse_action_target(struct parse *parse, const struct json *body, struct action *action)
{
    const char *alert = json_string(json_get(body, "alert"));
    const char *family = json_string(json_get(body, "family"));
    action->family = FAMILY_COUNT;
    if (alert != NULL) {
        action->has_alert = 1;
        return hash_id_parse(alert, &action->alert)
                   ? ERR_OK
                   : bad(parse, "action: alert '%.64s' is not an alert id", alert);
    }
    static const struct {
        const char *name;
        enum subject_kind kind;
    } subjects[] = {{"resident", SUBJECT_RESIDENT},
                    {"household", SUBJECT_HOUSEHOLD},
                    {"territory", SUBJECT_TERRITORY},
                    {"device", SUBJECT_DEVICE}};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        const char *id = json_string(json_get(body, subjects[i].name));
        if (id == NULL)
            continue;
        action->subject = registry_subject_find(parse->timeline->registry, subjects[i].kind, id);
        if (action->subject.kind == SUBJECT_NONE)
            return bad(parse, "action: %s '%.64s' is not in the registry", subjects[i].name, id);
        if (family != NULL && (action->family = (uint8_t)family_from_name(family)) == FAMILY_COUNT)
            return bad(parse, "action: unknown family '%.40s'", family);
        return ERR_OK;
    }
    return bad(parse, "action: \"alert\" or a subject (\"resident\", \"household\", …) is expected");
}

static enum err parse_enum(struct parse *parse, const struct json *body, const char *name, int none,
                           int (*from)(const char *), uint8_t *ret_value)
{
    const char *text = json_string(json_get(body, name));
    const int value = text != NULL ? from(text) : none;
    if (value == none)
        return bad(parse, "action: %s '%.40s' is unknown", name, text != NULL ? text : "");
    *ret_value = (uint8_t)value;
    return ERR_OK;
}

static int disposition_value(const char *text)
{
    return (int)disposition_from_name(text);
}

static int outcome_value(const char *text)
{
    return (int)outcome_from_name(text);
}

static int result_value(const char *text)
{
    return (int)ledger_result_from_name(text);
}

static int announced_value(const char *text)
{
    return (int)announced_from_name(text);
}

static int task_value(const char *text)
{
    return (int)task_from_name(text);
}

static int status_value(const char *text)
{
    return resident_status_from_name(text);
}

static enum err parse_through(struct parse *parse, const struct json *body, uint32_t *ret_device)
{
    const char *id = json_string(json_get(body, "through"));
    *ret_device = id != NULL ? registry_find(parse->timeline->registry, REGISTRY_DEVICE, id) : REGISTRY_NONE;
    return id == NULL || *ret_device != REGISTRY_NONE
               ? ERR_OK
               : bad(parse, "action: through: '%.64s' is not in the registry", id);
}

/* The words of a campaign's order, as the input log's export writes them. */
static enum err parse_order(struct parse *parse, const struct json *body, struct campaign_order *order)
{
    const struct json *list = json_get(body, "residents");
    const char *category = json_string(json_get(body, "category")), *in = json_string(json_get(body, "in"));
    int64_t per_minute = 0;
    enum err err = parse_time(parse, json_get(body, "start"), "start", &order->start_ms);
    if (err == ERR_OK)
        err = parse_time(parse, json_get(body, "end"), "end", &order->end_ms);
    if (err != ERR_OK)
        return err;
    if (!json_integer(json_get(body, "per_minute"), &per_minute) || per_minute < 1 ||
        per_minute > CAMPAIGN_RATE_MAX)
        return bad(parse, "action: per_minute: 1..%d is expected", CAMPAIGN_RATE_MAX);
    order->per_minute = (uint32_t)per_minute;
    if (!text_copy(order->category, sizeof(order->category), category != NULL ? category : "") ||
        !text_copy(order->territory, sizeof(order->territory), in != NULL ? in : ""))
        return bad(parse, "action: category or in is too long");
    if (json_count(list) > CAMPAIGN_LIST_MAX)
        return bad(parse, "action: residents: at most %d", CAMPAIGN_LIST_MAX);
    for (size_t i = 0; i < json_count(list); i++) {
        const char *id = json_string(json_at(list, i));
        const uint32_t no =
            id != NULL ? registry_find(parse->timeline->registry, REGISTRY_RESIDENT, id) : REGISTRY_NONE;
        if (no == REGISTRY_NONE)
            return bad(parse, "action: residents: '%.64s' is not in the registry", id != NULL ? id : "");
        order->list[order->count++] = no;
    }
    return ERR_OK;
}

static enum err parse_interval(struct parse *parse, const struct json *body, struct action *action)
{
    int64_t interval_s = 0, duration_s = 0;
    if (!json_integer(json_get(body, "interval_s"), &interval_s) || interval_s < FLEET_INTERVAL_LEAST_S ||
        interval_s > FLEET_INTERVAL_MOST_S)
        return bad(parse, "action: interval_s: 10..86400 is expected");
    if (json_get(body, "duration_s") != NULL && (!json_integer(json_get(body, "duration_s"), &duration_s) ||
                                                 duration_s < 0 || duration_s > FLEET_INTERVAL_MOST_S))
        return bad(parse, "action: duration_s: 0..86400 is expected");
    action->interval_s = (uint32_t)interval_s;
    action->duration_s = (uint32_t)duration_s;
    return ERR_OK;
}

static enum err parse_action(struct parse *parse, const struct json *node)
{
    static const char *const known[] = {
        "alert",     "resident", "household", "territory",  "device",     "family", "by",  "note",
        "outcome",   "status",   "until",     "prompt",     "through",    "start",  "end", "per_minute",
        "category",  "in",       "residents", "announced",  "from",       "task",   "to",  "disposition",
        "authority", "receipt",  "result",    "interval_s", "duration_s", NULL};
    size_t iter = 0;
    const char *name;
    const struct json *body;
    if (json_count(node) != 1 || !json_next(node, &iter, &name, &body))
        return bad(parse, "action: exactly one action is expected");
    struct action *action = &parse->line->input.action;
    *action = (struct action){.kind = (uint8_t)action_from_name(name)};
    if (action->kind == ACTION_NONE)
        return bad(parse, "action: unknown action '%.60s'", name);
    if (unknown_member(parse, body, name, known))
        return ERR_INVALID;
    action->device = REGISTRY_NONE;
    enum err err = action->kind == ACTION_CAMPAIGN ? parse_order(parse, body, &action->campaign)
                                                   : parse_action_target(parse, body, action);
    if (err == ERR_OK && action->kind == ACTION_DEVICE_INTERVAL)
        err = parse_interval(parse, body, action);
    if (err == ERR_OK && action->kind == ACTION_SPEAK)
        err = parse_through(parse, body, &action->device);
    const char *prompt = json_string(json_get(body, "prompt"));
    if (err == ERR_OK && prompt != NULL && !text_copy(action->prompt, sizeof(action->prompt), prompt))
        err = bad(parse, "action: prompt '%.64s' is too long", prompt);
    if (err == ERR_OK && action->kind == ACTION_CLOSE)
        err =
            parse_enum(parse, body, "disposition", DISPOSITION_NONE, disposition_value, &action->disposition);
    if (err == ERR_OK && action->kind == ACTION_CALL)
        err = parse_enum(parse, body, "outcome", OUTCOME_NONE, outcome_value, &action->outcome);
    if (err == ERR_OK && action->kind == ACTION_TASK_FINISH)
        err = parse_enum(parse, body, "outcome", OUTCOME_NONE, outcome_value, &action->outcome);
    if (err == ERR_OK && action->kind == ACTION_LEDGER_CLOSE)
        err = parse_enum(parse, body, "result", LEDGER_RESULT_NONE, result_value, &action->result);
    const char *authority = json_string(json_get(body, "authority")),
               *receipt = json_string(json_get(body, "receipt"));
    if (err == ERR_OK &&
        (!text_copy(action->authority, sizeof(action->authority), authority != NULL ? authority : "") ||
         !text_copy(action->receipt, sizeof(action->receipt), receipt != NULL ? receipt : "")))
        err = bad(parse, "action: authority or receipt is too long");
    if (err == ERR_OK && json_get(body, "task") != NULL)
        err = parse_enum(parse, body, "task", TASK_NONE, task_value, &action->task);
    if (err == ERR_OK && action->kind == ACTION_STATUS)
        err = parse_enum(parse, body, "status", -1, status_value, &action->status);
    if (err == ERR_OK && action->kind == ACTION_ANNOUNCE)
        err = parse_enum(parse, body, "announced", ANNOUNCED_NONE, announced_value, &action->announced);
    if (err == ERR_OK && json_get(body, "from") != NULL)
        err = parse_time(parse, json_get(body, "from"), "from", &action->from_ms);
    if (err == ERR_OK && json_get(body, "until") != NULL)
        err = parse_time(parse, json_get(body, "until"), "until", &action->until_ms);
    const char *by = json_string(json_get(body, "by"));
    const char *note = json_string(json_get(body, "note"));
    text_copy(action->by, sizeof(action->by), by != NULL ? by : "someone");
    text_copy(action->note, sizeof(action->note), note != NULL ? note : "");
    const char *to = json_string(json_get(body, "to"));
    text_copy(action->to, sizeof(action->to), to != NULL ? to : "");
    parse->line->input.kind = INPUT_ACTION;
    return err;
}

static enum job_kind job_from_name(const char *name)
{
    int kind = 0;
    while (kind < JOB_KIND_COUNT && strcmp(job_name((enum job_kind)kind), name) != 0)
        kind++;
    return (enum job_kind)kind;
}

/* The job a result names: by id, or all unanswered ones of a kind. */
static bool named_relay(const struct json *node, struct hash_id *ret_job, enum job_kind *ret_kind)
{
    const char *name = json_string(json_get(node, "relay"));
    if (name == NULL)
        name = json_string(json_get(node, "id"));
    *ret_kind = JOB_KIND_COUNT;
    if (name == NULL)
        return false;
    if (hash_id_parse(name, ret_job))
        return true;
    *ret_kind = job_from_name(name);
    return *ret_kind != JOB_KIND_COUNT;
}

static enum err parse_relay_result(struct parse *parse, const struct json *node)
{
    static const char *const known[] = {"relay", "id", "state", "reason", NULL};
    const char *state = json_string(json_get(node, "state"));
    const char *reason = json_string(json_get(node, "reason"));
    struct delivery *delivery = &parse->line->input.delivery;
    *delivery = (struct delivery){0};
    if (unknown_member(parse, node, "relay_result", known))
        return ERR_INVALID;
    if (!named_relay(node, &delivery->job, &parse->line->relay_kind))
        return bad(parse,
                   "relay_result: \"relay\" must be the id of a relay line, or a kind such as \"prompt\"");
    if (state == NULL || (delivery->state = (uint8_t)delivery_from_name(state)) == DELIVERY_COUNT)
        return bad(parse, "relay_result: unknown state '%.40s'", state != NULL ? state : "");
    text_copy(delivery->reason, sizeof(delivery->reason), reason != NULL ? reason : "");
    parse->line->input.kind = INPUT_DELIVERY;
    if (parse->line->relay_kind != JOB_KIND_COUNT)
        parse->line->what = TIMELINE_KIND_RESULT;
    return ERR_OK;
}

static enum err parse_link(struct parse *parse, const struct json *node)
{
    const char *id = json_string(json_get(node, "device"));
    const uint32_t device =
        id != NULL ? registry_find(parse->timeline->registry, REGISTRY_DEVICE, id) : REGISTRY_NONE;
    bool up;
    int64_t ordinal;
    if (device == REGISTRY_NONE || !json_bool(json_get(node, "up"), &up) ||
        !json_integer(json_get(node, "ordinal"), &ordinal) || ordinal < 0)
        return bad(parse,
                   "link: {\"device\": known id, \"up\": true|false, \"ordinal\": number} is expected");
    parse->line->input.kind = INPUT_LINK;
    parse->line->input.link = (struct device_link){.device = device, .ordinal = (uint64_t)ordinal, .up = up};
    return ERR_OK;
}

static enum err parse_conduct(struct parse *parse, const struct json *node)
{
    const char *id = json_string(json_get(node, "device")), *kind = json_string(json_get(node, "kind"));
    const char *lane = json_string(json_get(node, "lane"));
    struct conduct *conduct = &parse->line->input.conduct;
    int64_t count, epoch = 0;
    conduct->device =
        id != NULL ? registry_find(parse->timeline->registry, REGISTRY_DEVICE, id) : REGISTRY_NONE;
    conduct->kind = kind != NULL ? (uint8_t)conduct_from_name(kind) : (uint8_t)CONDUCT_NONE;
    conduct->lane = lane != NULL && strcmp(lane, "urgent") == 0 ? LANE_URGENT : LANE_ROUTINE;
    conduct->since_ms = parse->line->t_ms;
    const bool epoch_fits =
        json_get(node, "epoch") == NULL ||
        (json_integer(json_get(node, "epoch"), &epoch) && epoch >= 0 && epoch <= UINT32_MAX);
    if (conduct->device == REGISTRY_NONE || conduct->kind == CONDUCT_NONE || !epoch_fits ||
        !json_integer(json_get(node, "count"), &count) || count < 1 || count > UINT32_MAX)
        return bad(parse,
                   "conduct: {\"device\": known id, \"kind\": \"flood\"|\"replay\", \"count\": number} is "
                   "expected");
    conduct->count = (uint32_t)count;
    conduct->epoch = (uint32_t)epoch;
    parse->line->input.kind = INPUT_CONDUCT;
    return json_get(node, "since") == NULL
               ? ERR_OK
               : parse_time(parse, json_get(node, "since"), "since", &conduct->since_ms);
}

static enum err parse_version(struct parse *parse, const struct json *node, enum input_kind kind)
{
    const char *version = json_string(json_get(node, "version"));
    if (version == NULL)
        return bad(parse, "%s: {\"version\": text} is expected", input_kind_name(kind));
    parse->line->input.kind = (uint8_t)kind;
    text_copy(parse->line->input.version, sizeof(parse->line->input.version), version);
    return ERR_OK;
}

static enum err parse_trouble(struct parse *parse, const struct json *node)
{
    const char *id = json_string(json_get(node, "part"));
    double number = 0;
    bool on;
    if (id == NULL || part_from_id(id) == PART_OF_COUNT)
        return bad(parse, "trouble: part '%.40s' is not a part of the gateway", id != NULL ? id : "");
    if (!json_bool(json_get(node, "on"), &on))
        return bad(parse, "trouble: \"on\" is true or false");
    if (json_get(node, "number") != NULL &&
        (!json_number(json_get(node, "number"), &number) || number < 0 || number > UINT32_MAX))
        return bad(parse, "trouble: \"number\" is not a number from 0 on");
    parse->line->input.kind = INPUT_TROUBLE;
    parse->line->input.trouble =
        (struct part_trouble){.part = (uint8_t)part_from_id(id), .on = on, .number = (uint32_t)number};
    return ERR_OK;
}

static enum err parse_root(struct parse *parse)
{
    const struct json *node;
    enum err err = parse_time(parse, json_get(parse->root, "t"), "t", &parse->line->t_ms);
    if (err != ERR_OK)
        return err;
    parse->line->what = TIMELINE_INPUT;
    parse->line->relay_kind = JOB_KIND_COUNT;
    if ((node = json_get(parse->root, "action")) != NULL)
        err = parse_action(parse, node);
    else if ((node = json_get(parse->root, "relay_result")) != NULL)
        err = parse_relay_result(parse, node);
    else if ((node = json_get(parse->root, "link")) != NULL)
        err = parse_link(parse, node);
    else if ((node = json_get(parse->root, "conduct")) != NULL)
        err = parse_conduct(parse, node);
    else if ((node = json_get(parse->root, "registry")) != NULL)
        err = parse_version(parse, node, INPUT_REGISTRY);
    else if ((node = json_get(parse->root, "config")) != NULL)
        err = parse_version(parse, node, INPUT_CONFIG);
    else if ((node = json_get(parse->root, "broker")) != NULL) {
        bool up;
        parse->line->input.kind = INPUT_BROKER;
        err = json_bool(json_get(node, "up"), &up) ? ERR_OK
                                                   : bad(parse, "broker: {\"up\": true|false} is expected");
        if (err == ERR_OK)
            parse->line->input.broker_up = up;
    } else if ((node = json_get(parse->root, "trouble")) != NULL)
        err = parse_trouble(parse, node);
    else if (json_get(parse->root, "tick") != NULL)
        parse->line->what = TIMELINE_TICK;
    else if (json_get(parse->root, "relays") != NULL)
        parse->line->what = TIMELINE_RECORDED;
    else
        err = parse_report(parse);
    parse->line->input.t_ms = parse->line->t_ms;
    return err;
}

enum err timeline_parse(struct timeline *timeline, const char *line, size_t len,
                        struct timeline_line *ret_line, char why[TIMELINE_WHY])
{
    struct parse parse = {.timeline = timeline, .line = ret_line, .why = why};
    size_t blank = 0;
    while (blank < len && (line[blank] == ' ' || line[blank] == '\t' || line[blank] == '\r'))
        blank++;
    if (blank == len) {
        ret_line->what = TIMELINE_BLANK;
        return ERR_OK;
    }
    if (len > TIMELINE_LINE_MAX)
        return bad(&parse, "the line is longer than %d bytes", TIMELINE_LINE_MAX);
    struct json *root = NULL;
    struct json_error error;
    if (json_parse(line, len, &root, &error) != ERR_OK)
        return bad(&parse, "not JSON: %.150s at column %d", error.text, error.column);
    memset(&ret_line->input, 0, sizeof(ret_line->input));
    parse.root = root;
    const enum err err =
        json_type_of(root) == JSON_OBJECT_T ? parse_root(&parse) : bad(&parse, "a JSON object is expected");
    json_free(root);
    return err;
}

bool timeline_names_relay(const char *line, size_t len, struct hash_id *ret_job, enum job_kind *ret_kind)
{
    if (memmem(line, len, "\"relay_result\"", 14) == NULL)
        return false;
    struct json *root = NULL;
    struct json_error error;
    if (json_parse(line, len, &root, &error) != ERR_OK)
        return false;
    const bool found = named_relay(json_get(root, "relay_result"), ret_job, ret_kind);
    json_free(root);
    return found;
}
