/* Tasks: what a person has to do about an alert, as a thing of its own with a due time, somebody who does it,
 * an outcome and a history. A task is opened by the job that announces it and has that job's id; it may
 * outlive its alert. What is not finished in time goes one role up and is announced there again, until
 * somebody finishes it. Part of the alert stage: pure, same thread. */
#ifndef HUYANG_ALERT_TASK_H
#define HUYANG_ALERT_TASK_H

#include "alert/action.h"

/* call, call-back, verify: the resident · call-contacts: the people around somebody who has died ·
 * home_visit: see the resident in person · collect_device: bring the devices back · police-…: a message the
 * police did not take, to be settled by telephone */
#define TASK_MAP(X)                                                                                          \
    X(CALL, "call")                                                                                          \
    X(CALL_BACK, "call-back")                                                                                \
    X(VERIFY, "verify")                                                                                      \
    X(CALL_CONTACTS, "call-contacts")                                                                        \
    X(HOME_VISIT, "home_visit")                                                                              \
    X(COLLECT_DEVICE, "collect_device")                                                                      \
    X(POLICE_REJECTED, "police-rejected")                                                                    \
    X(POLICE_FAILED, "police-failed")
enum task_kind {
    TASK_NONE,
#define X(name, text) TASK_##name,
    TASK_MAP(X)
#undef X
        TASK_KIND_COUNT
};
const char *task_name(enum task_kind kind);
enum task_kind task_from_name(const char *name); /* TASK_NONE when unknown */

#define TASK_STATE_MAP(X)                                                                                    \
    X(OPEN, open)                                                                                            \
    X(ACCEPTED, accepted)                                                                                    \
    X(ARRIVED, arrived)                                                                                      \
    X(DONE, done)                                                                                            \
    X(CANCELLED, cancelled)
enum task_state {
#define X(name, text) TASK_##name,
    TASK_STATE_MAP(X)
#undef X
        TASK_STATE_COUNT
};
const char *task_state_name(enum task_state state);

/* attempt: called and not reached · overdue: not finished in time, the next role is told */
#define TASK_EVENT_MAP(X)                                                                                    \
    X(OPENED, opened)                                                                                        \
    X(ASSIGNED, assigned)                                                                                    \
    X(ACCEPTED, accepted)                                                                                    \
    X(ARRIVED, arrived)                                                                                      \
    X(ATTEMPT, attempt)                                                                                      \
    X(OVERDUE, overdue)                                                                                      \
    X(FINISHED, finished)                                                                                    \
    X(CANCELLED, cancelled)
enum task_event_kind {
#define X(name, text) TASK_EVENT_##name,
    TASK_EVENT_MAP(X)
#undef X
        TASK_EVENT_COUNT
};
const char *task_event_name(enum task_event_kind kind);

/* Seconds until a task is due, by how much haste there is: orange, red and emergencies, or anything else. */
struct task_settings {
    uint32_t call_due_s, call_calm_due_s; /* 300, 7200; 60..604800 */
    uint32_t visit_due_s,
        visit_calm_due_s;   /* 1800, 14400; 60..604800: until accepted, then again until done */
    uint32_t collect_due_s; /* 259200; 3600..2592000 */
    uint32_t retry_s;       /* 600; 60..86400: after a call that reached nobody */
    uint8_t unanswered_max; /* 2; 1..10: so many such calls make a visit */
};

enum { TASKS_MAX = 200000, TASK_OVERDUE_MAX = 16 /* so often an overdue task is announced again */ };
struct task {
    struct hash_id id, alert; /* id: of the job that announced it */
    struct subject subject;   /* of the alert */
    int64_t opened_ms, changed_ms;
    int64_t due_ms; /* of what is to be done next */
    int64_t accepted_ms, arrived_ms;
    uint32_t events;                          /* so far; the last one's number */
    uint8_t kind, state, role, family, level; /* enums; role: whose work it is now */
    uint8_t outcome;                          /* enum outcome, once done */
    uint8_t attempts, escalations;            /* calls that reached nobody; how often it was overdue */
    char assignee[ID_SIZE];                   /* "" = nobody yet */
};
struct task_event {
    int64_t t_ms;
    uint32_t number;
    uint8_t kind;     /* enum task_event_kind */
    char by[ID_SIZE]; /* person, or "policy" */
    char why[256];    /* the person's note, or a sentence */
};

/* What may be the end of such a task. */
bool task_takes_outcome(enum task_kind kind, enum outcome outcome);
/* One JSON object, one line; no personal data. */
void task_to_json(const struct task *task, const struct registry *registry, const struct tz *tz,
                  struct buf *out);

#endif
