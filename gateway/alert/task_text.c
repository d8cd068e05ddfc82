/* Names and the JSON of tasks. */
#include <string.h>

#include "alert/alerts.h"

static const char *const task_names[TASK_KIND_COUNT] = {[TASK_NONE] = "none",
#define X(name, text) [TASK_##name] = text,
                                                        TASK_MAP(X)
#undef X
};
static const char *const state_names[TASK_STATE_COUNT] = {
#define X(name, text) [TASK_##name] = #text,
    TASK_STATE_MAP(X)
#undef X
};
static const char *const event_names[TASK_EVENT_COUNT] = {
#define X(name, text) [TASK_EVENT_##name] = #text,
    TASK_EVENT_MAP(X)
#undef X
};

const char *task_name(enum task_kind kind)
{
    return (unsigned)kind < TASK_KIND_COUNT ? task_names[kind] : "none";
}

enum task_kind task_from_name(const char *name)
{
    for (unsigned i = TASK_NONE + 1; i < TASK_KIND_COUNT; i++) {
        if (strcmp(task_names[i], name) == 0)
            return (enum task_kind)i;
    }
    return TASK_NONE;
}

const char *task_state_name(enum task_state state)
{
    return (unsigned)state < TASK_STATE_COUNT ? state_names[state] : "none";
}

const char *task_event_name(enum task_event_kind kind)
{
    return (unsigned)kind < TASK_EVENT_COUNT ? event_names[kind] : "none";
}

#define IS(name) (1U << OUTCOME_##name)
#define OF_CALL  (IS(SAFE) | IS(NEEDS_HELP) | IS(NO_ANSWER) | IS(OTHER_PERSON) | IS(WRONG_NUMBER))
#define OF_VISIT (IS(SEEN_WELL) | IS(SEEN_NEEDS_HELP) | IS(NOBODY_HOME) | IS(NOT_LET_IN))
#define OF_DESK  (IS(SETTLED) | IS(NOT_NEEDED))

bool task_takes_outcome(enum task_kind kind, enum outcome outcome)
{
    static const unsigned outcomes[TASK_KIND_COUNT] = {
        [TASK_CALL] = OF_CALL,
        [TASK_CALL_BACK] = OF_CALL,
        [TASK_VERIFY] = OF_CALL,
        [TASK_CALL_CONTACTS] = OF_CALL,
        [TASK_HOME_VISIT] = OF_VISIT | IS(NOT_NEEDED),
        [TASK_COLLECT_DEVICE] = IS(COLLECTED) | IS(LOST) | IS(NOT_NEEDED),
        [TASK_POLICE_REJECTED] = OF_DESK,
        [TASK_POLICE_FAILED] = OF_DESK,
    };
    return (unsigned)kind < TASK_KIND_COUNT && outcome != OUTCOME_NONE && (unsigned)outcome < OUTCOME_COUNT &&
           (outcomes[kind] >> outcome & 1U) != 0;
}

void task_to_json(const struct task *task, const struct registry *registry, const struct tz *tz,
                  struct buf *out)
{
    char id[HASH_ID_TEXT], alert[HASH_ID_TEXT];
    hash_id_text(&task->id, id);
    hash_id_text(&task->alert, alert);
    buf_printf(
        out, "{\"id\":\"%s\",\"alert\":\"%s\",\"task\":\"%s\",\"state\":\"%s\",\"subject\":{\"%s\":\"%s\"}",
        id, alert, task_name((enum task_kind)task->kind), task_state_name((enum task_state)task->state),
        subject_kind_name(task->subject.kind), registry_subject_id(registry, task->subject));
    buf_printf(out, ",\"family\":\"%s\",\"level\":\"%s\",\"role\":\"%s\"",
               family_name((enum family)task->family), level_name((enum level)task->level),
               role_name((enum role)task->role));
    if (task->assignee[0]) {
        buf_puts(out, ",\"assignee\":");
        buf_json_string(out, task->assignee);
    }
    alert_put_time(out, "opened", tz, task->opened_ms);
    if (task->state < TASK_DONE)
        alert_put_time(out, "due", tz, task->due_ms);
    alert_put_time(out, "accepted", tz, task->accepted_ms);
    alert_put_time(out, "arrived", tz, task->arrived_ms);
    alert_put_time(out, "changed", tz, task->changed_ms);
    buf_printf(out, ",\"attempts\":%u,\"overdue\":%u", (unsigned)task->attempts, (unsigned)task->escalations);
    if (task->outcome)
        buf_printf(out, ",\"outcome\":\"%s\"", outcome_name((enum outcome)task->outcome));
    buf_putc(out, '}');
}
