/* What a person did, as a line of a timeline has it. */
#include <string.h>

#include "alert/rollout.h"
#include "timeline_inner.h"

/* A member that may be missing. */
static enum err parse_time_of(struct parse *parse, const struct json *body, const char *name, int64_t *ret_ms)
{
    const struct json *node = json_get(body, name);
    return node != NULL ? timeline_time(parse, node, name, ret_ms) : ERR_OK;
}

/* A text that may be missing: then `to` stays as it is. */
static enum err parse_text(struct parse *parse, const struct json *body, const char *name, char *to,
                           size_t size)
{
    const struct json *node = json_get(body, name);
    const char *text = json_string(node);
    if (node == NULL)
        return ERR_OK;
    if (text == NULL)
        return timeline_bad(parse, "action: %s: a text is expected", name);
    return text_copy(to, size, text)
               ? ERR_OK
               : timeline_bad(parse, "action: %s is longer than %zu bytes", name, size - 1);
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
                   : timeline_bad(parse, "action: alert '%.64s' is not an alert id", alert);
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
            return timeline_bad(parse, "action: %s '%.64s' is not in the registry", subjects[i].name, id);
        if (family != NULL && (action->family = (uint8_t)family_from_name(family)) == FAMILY_COUNT)
            return timeline_bad(parse, "action: unknown family '%.40s'", family);
        return ERR_OK;
    }
    return timeline_bad(parse, "action: \"alert\" or a subject (\"resident\", \"household\", …) is expected");
}

static enum err parse_enum(struct parse *parse, const struct json *body, const char *name, int none,
                           int (*from)(const char *), uint8_t *ret_value)
{
    const char *text = json_string(json_get(body, name));
    const int value = text != NULL ? from(text) : none;
    if (value == none)
        return timeline_bad(parse, "action: %s '%.40s' is unknown", name, text != NULL ? text : "");
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

static int police_value(const char *text)
{
    return (int)police_word_from_name(text);
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
               : timeline_bad(parse, "action: through: '%.64s' is not in the registry", id);
}

/* The words of a campaign's order, as the input log's export writes them. */
static enum err parse_order(struct parse *parse, const struct json *body, struct campaign_order *order)
{
    const struct json *list = json_get(body, "residents");
    const char *category = json_string(json_get(body, "category")), *in = json_string(json_get(body, "in"));
    int64_t per_minute = 0;
    enum err err = timeline_time(parse, json_get(body, "start"), "start", &order->start_ms);
    if (err == ERR_OK)
        err = timeline_time(parse, json_get(body, "end"), "end", &order->end_ms);
    if (err != ERR_OK)
        return err;
    if (!json_integer(json_get(body, "per_minute"), &per_minute) || per_minute < 1 ||
        per_minute > CAMPAIGN_RATE_MAX)
        return timeline_bad(parse, "action: per_minute: 1..%d is expected", CAMPAIGN_RATE_MAX);
    order->per_minute = (uint32_t)per_minute;
    if (!text_copy(order->category, sizeof(order->category), category != NULL ? category : "") ||
        !text_copy(order->territory, sizeof(order->territory), in != NULL ? in : ""))
        return timeline_bad(parse, "action: category or in is too long");
    if (json_count(list) > CAMPAIGN_LIST_MAX)
        return timeline_bad(parse, "action: residents: at most %d", CAMPAIGN_LIST_MAX);
    for (size_t i = 0; i < json_count(list); i++) {
        const char *id = json_string(json_at(list, i));
        const uint32_t no =
            id != NULL ? registry_find(parse->timeline->registry, REGISTRY_RESIDENT, id) : REGISTRY_NONE;
        if (no == REGISTRY_NONE)
            return timeline_bad(parse, "action: residents: '%.64s' is not in the registry",
                                id != NULL ? id : "");
        order->list[order->count++] = no;
    }
    return ERR_OK;
}

static enum err parse_roster(struct parse *parse, const struct json *body, struct roster_order *order)
{
    const char *name = json_string(json_get(body, "roster")),
               *instead = json_string(json_get(body, "instead"));
    if (name == NULL || !text_copy(order->name, sizeof(order->name), name) ||
        !text_copy(order->instead, sizeof(order->instead), instead != NULL ? instead : ""))
        return timeline_bad(parse, "action: roster is missing, or it or instead is too long");
    const enum err err = parse_time_of(parse, body, "back_from", &order->back_from_ms);
    return err == ERR_OK ? parse_time_of(parse, body, "back_until", &order->back_until_ms) : err;
}

static enum err parse_interval(struct parse *parse, const struct json *body, struct action *action)
{
    int64_t interval_s = 0, duration_s = 0;
    if (!json_integer(json_get(body, "interval_s"), &interval_s) || interval_s < FLEET_INTERVAL_LEAST_S ||
        interval_s > FLEET_INTERVAL_MOST_S)
        return timeline_bad(parse, "action: interval_s: 10..86400 is expected");
    if (json_get(body, "duration_s") != NULL && (!json_integer(json_get(body, "duration_s"), &duration_s) ||
                                                 duration_s < 0 || duration_s > FLEET_INTERVAL_MOST_S))
        return timeline_bad(parse, "action: duration_s: 0..86400 is expected");
    action->interval_s = (uint32_t)interval_s;
    action->duration_s = (uint32_t)duration_s;
    return ERR_OK;
}

/* A member that is a number of low..high, or not there. */
static enum err parse_number(struct parse *parse, const struct json *body, const char *name, int64_t low,
                             int64_t high, uint32_t *ret_value)
{
    const struct json *node = json_get(body, name);
    int64_t value;
    if (node == NULL)
        return ERR_OK;
    if (!json_integer(node, &value) || value < low || value > high)
        return timeline_bad(parse, "action: %s: %lld..%lld is expected", name, (long long)low,
                            (long long)high);
    *ret_value = (uint32_t)value;
    return ERR_OK;
}

static enum err parse_rollout(struct parse *parse, const struct json *body, struct rollout_order *order)
{
    *order = rollout_order_default();
    uint32_t acked = order->acked_permille, trouble = order->trouble_permille;
    const char *stages = json_string(json_get(body, "stages")), *in = json_string(json_get(body, "in")),
               *firmware = json_string(json_get(body, "firmware"));
    enum err err = parse_number(parse, body, "interval_s", FLEET_INTERVAL_LEAST_S, FLEET_INTERVAL_MOST_S,
                                &order->interval_s);
    if (err == ERR_OK)
        err = parse_number(parse, body, "watch_s", 0, ROLLOUT_WATCH_MOST_S, &order->watch_s);
    if (err == ERR_OK)
        err = parse_number(parse, body, "per_minute", 1, ROLLOUT_RATE_MAX, &order->per_minute);
    if (err == ERR_OK)
        err = parse_number(parse, body, "acked_permille", 1, 1000, &acked);
    if (err == ERR_OK)
        err = parse_number(parse, body, "trouble_permille", 0, 1000, &trouble);
    if (err != ERR_OK)
        return err;
    order->acked_permille = (uint16_t)acked;
    order->trouble_permille = (uint16_t)trouble;
    if (stages != NULL && !rollout_stages_parse(stages, order))
        return timeline_bad(parse, "action: stages: rising percents such as 1,10,50,100 are expected");
    if (!text_copy(order->territory, sizeof(order->territory), in != NULL ? in : "") ||
        !text_copy(order->firmware, sizeof(order->firmware), firmware != NULL ? firmware : ""))
        return timeline_bad(parse, "action: in or firmware is too long");
    return ERR_OK;
}

/* For a roster, or for a role anywhere or in a territory; to be signed also by the handover's id. */
static enum err parse_handover(struct parse *parse, const struct json *body, struct action *action)
{
    const char *roster = json_string(json_get(body, "roster")), *role = json_string(json_get(body, "role"));
    const struct json *list = json_get(body, "list");
    int64_t number = 0;
    if (list != NULL && (!json_integer(list, &number) || number < 1 || number > UINT32_MAX))
        return timeline_bad(parse, "action: list: the number of a list is expected");
    action->list = (uint32_t)number;
    if (!text_copy(action->roster.name, sizeof(action->roster.name), roster != NULL ? roster : ""))
        return timeline_bad(parse, "action: roster is too long");
    if (role != NULL && (action->role = (uint8_t)role_from_name(role)) == ROLE_NONE)
        return timeline_bad(parse, "action: unknown role '%.40s'", role);
    return json_get(body, "alert") != NULL || json_get(body, "territory") != NULL
               ? parse_action_target(parse, body, action)
               : ERR_OK;
}

/* What the action is about. */
static enum err parse_about(struct parse *parse, const struct json *body, struct action *action)
{
    action->family = FAMILY_COUNT;
    if (action->kind == ACTION_CAMPAIGN)
        return parse_order(parse, body, &action->campaign);
    if (action->kind == ACTION_ROLLOUT_START)
        return parse_rollout(parse, body, &action->rollout);
    if (action->kind >= ACTION_ROLLOUT_PAUSE && action->kind <= ACTION_ROLLOUT_ABORT)
        return ERR_OK;
    if (action->kind == ACTION_ROSTER_OVERRIDE || action->kind == ACTION_ROSTER_SWAP)
        return parse_roster(parse, body, &action->roster);
    if (action->kind == ACTION_HANDOVER_BEGIN || action->kind == ACTION_HANDOVER_SIGN)
        return parse_handover(parse, body, action);
    return parse_action_target(parse, body, action);
}

enum err timeline_action(struct parse *parse, const struct json *node)
{
    static const char *const known[] = {"alert",
                                        "resident",
                                        "household",
                                        "territory",
                                        "device",
                                        "family",
                                        "by",
                                        "note",
                                        "outcome",
                                        "status",
                                        "until",
                                        "prompt",
                                        "through",
                                        "start",
                                        "end",
                                        "per_minute",
                                        "category",
                                        "in",
                                        "residents",
                                        "announced",
                                        "from",
                                        "task",
                                        "to",
                                        "disposition",
                                        "authority",
                                        "receipt",
                                        "result",
                                        "roster",
                                        "instead",
                                        "interval_s",
                                        "duration_s",
                                        "back_from",
                                        "back_until",
                                        "stages",
                                        "watch_s",
                                        "acked_permille",
                                        "trouble_permille",
                                        "firmware",
                                        "role",
                                        "list",
                                        "state",
                                        NULL};
    size_t iter = 0;
    const char *name;
    const struct json *body;
    if (json_count(node) != 1 || !json_next(node, &iter, &name, &body))
        return timeline_bad(parse, "action: exactly one action is expected");
    struct action *action = &parse->line->input.action;
    *action = (struct action){.kind = (uint8_t)action_from_name(name)};
    if (action->kind == ACTION_NONE)
        return timeline_bad(parse, "action: unknown action '%.60s'", name);
    if (timeline_unknown(parse, body, name, known))
        return ERR_INVALID;
    action->device = REGISTRY_NONE;
    enum err err = parse_about(parse, body, action);
    if (err == ERR_OK && action->kind == ACTION_DEVICE_INTERVAL)
        err = parse_interval(parse, body, action);
    if (err == ERR_OK && action->kind == ACTION_SPEAK)
        err = parse_through(parse, body, &action->device);
    if (err == ERR_OK)
        err = parse_text(parse, body, "prompt", action->prompt, sizeof(action->prompt));
    if (err == ERR_OK && action->kind == ACTION_CLOSE)
        err =
            parse_enum(parse, body, "disposition", DISPOSITION_NONE, disposition_value, &action->disposition);
    if (err == ERR_OK && action->kind == ACTION_CALL)
        err = parse_enum(parse, body, "outcome", OUTCOME_NONE, outcome_value, &action->outcome);
    if (err == ERR_OK && action->kind == ACTION_TASK_FINISH)
        err = parse_enum(parse, body, "outcome", OUTCOME_NONE, outcome_value, &action->outcome);
    if (err == ERR_OK && action->kind == ACTION_LEDGER_CLOSE)
        err = parse_enum(parse, body, "result", LEDGER_RESULT_NONE, result_value, &action->result);
    if (err == ERR_OK)
        err = parse_text(parse, body, "authority", action->authority, sizeof(action->authority));
    if (err == ERR_OK)
        err = parse_text(parse, body, "receipt", action->receipt, sizeof(action->receipt));
    if (err == ERR_OK && json_get(body, "task") != NULL)
        err = parse_enum(parse, body, "task", TASK_NONE, task_value, &action->task);
    if (err == ERR_OK && action->kind == ACTION_STATUS)
        err = parse_enum(parse, body, "status", -1, status_value, &action->status);
    if (err == ERR_OK && action->kind == ACTION_POLICE)
        err = parse_enum(parse, body, "state", POLICE_WORD_NONE, police_value, &action->police_word);
    if (err == ERR_OK && action->kind == ACTION_ANNOUNCE)
        err = parse_enum(parse, body, "announced", ANNOUNCED_NONE, announced_value, &action->announced);
    if (err == ERR_OK)
        err = parse_time_of(parse, body, "from", &action->from_ms);
    if (err == ERR_OK)
        err = parse_time_of(parse, body, "until", &action->until_ms);
    text_copy(action->by, sizeof(action->by), "someone");
    if (err == ERR_OK)
        err = parse_text(parse, body, "by", action->by, sizeof(action->by));
    if (err == ERR_OK)
        err = parse_text(parse, body, "note", action->note, sizeof(action->note));
    if (err == ERR_OK)
        err = parse_text(parse, body, "to", action->to, sizeof(action->to));
    parse->line->input.kind = INPUT_ACTION;
    return err;
}
