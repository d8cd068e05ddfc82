/* The life of tasks. A task lives in the pool while it is open; its history is told event by event. The job
 * that announced it stays open as long as the task, which keeps its alert in memory; whichever of the two
 * ends first ends the other. Its due time is one of the alert's deadlines (alert_deadline). */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

static bool is_urgent(const struct task *task)
{
    return task->level >= LEVEL_ORANGE || task->family == FAMILY_EMERGENCY;
}

static int64_t duration_ms(const struct alerts *alerts, const struct task *task)
{
    const struct alert_settings *settings = alerts->config.settings;
    const struct task_settings *tasks = &settings->tasks;
    uint32_t s = 0;
    switch ((enum task_kind)task->kind) {
    case TASK_VERIFY:
    case TASK_CALL_CONTACTS: s = settings->verify_timeout_s; break;
    case TASK_HOME_VISIT: s = is_urgent(task) ? tasks->visit_due_s : tasks->visit_calm_due_s; break;
    case TASK_COLLECT_DEVICE: s = tasks->collect_due_s; break;
    case TASK_POLICE_REJECTED:
    case TASK_POLICE_FAILED: s = tasks->call_due_s; break;
    case TASK_CALL:
    case TASK_CALL_BACK:
    case TASK_NONE:
    case TASK_KIND_COUNT: s = is_urgent(task) ? tasks->call_due_s : tasks->call_calm_due_s; break;
    }
    return (int64_t)s * 1000;
}

/* Finding. */

static bool same_task(const void *self, uint32_t no, const void *key)
{
    return memcmp(&task_at(self, no)->id, key, sizeof(struct hash_id)) == 0;
}

uint32_t task_find(const struct alerts *alerts, const struct hash_id *id)
{
    return index_find(&alerts->by_task, table_hash(id, sizeof *id), same_task, alerts, id);
}

const struct task *alerts_task(const struct alerts *alerts, const struct hash_id *id)
{
    uint32_t no = task_find(alerts, id);
    return no == NONE ? NULL : task_at(alerts, no);
}

size_t alerts_task_count(const struct alerts *alerts, int64_t overdue_at_ms)
{
    size_t count = 0;
    for (uint32_t no = 0; no < alerts->tasks.count; no++)
        count +=
            pool_is_live(&alerts->tasks, no) && (!overdue_at_ms || task_at(alerts, no)->escalations > 0 ||
                                                 task_at(alerts, no)->due_ms <= overdue_at_ms);
    return count;
}

/* The open task of that kind (TASK_NONE = any) on an alert. */
static uint32_t task_of(const struct alerts *alerts, const struct alert_record *record, enum task_kind kind)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job *job = &job_at(alerts, no)->job;
        if (job->kind != JOB_TASK)
            continue;
        uint32_t found = task_find(alerts, &job->id);
        if (found != NONE && (kind == TASK_NONE || task_at(alerts, found)->kind == kind))
            return found;
    }
    return NONE;
}

static uint32_t task_of_subject(const struct alerts *alerts, struct subject subject, enum task_kind kind)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        uint32_t case_no = case_find(alerts, subject, (enum family)family);
        for (uint32_t no = case_no == NONE ? NONE : case_at(alerts, case_no)->newest; no != NONE;
             no = alert_at(alerts, no)->older) {
            uint32_t found = task_of(alerts, alert_at(alerts, no), kind);
            if (found != NONE)
                return found;
        }
    }
    return NONE;
}

static struct alert_record *alert_of(const struct alerts *alerts, const struct task *task)
{
    uint32_t no = alert_find_no(alerts, &task->alert);
    return no == NONE ? NULL : alert_at(alerts, no);
}

/* Telling. */

/* Told so often, it is left to the lists, the metrics and the report. */
static bool is_given_up(const struct task *task)
{
    return task->escalations >= TASK_OVERDUE_MAX;
}

static void tell(struct alerts *alerts, struct task *task, int64_t t_ms, enum task_event_kind kind,
                 const char *by, const char *why)
{
    struct task_event event = {.t_ms = t_ms, .number = ++task->events, .kind = (uint8_t)kind};
    task->changed_ms = t_ms;
    text_copy(event.by, sizeof event.by, by);
    text_copy(event.why, sizeof event.why, why);
    if (alerts->config.sink.task)
        alerts->config.sink.task(alerts->config.sink.self, task, &event);
}

/* The next thing to be done is due at that time; the caller arms the case. */
static void put_off(struct alerts *alerts, uint32_t no, int64_t due_ms)
{
    task_at(alerts, no)->due_ms = due_ms;
    pool_mark(&alerts->tasks, no);
}

void task_open(struct alerts *alerts, const struct alert_record *record, const struct job *job)
{
    enum task_kind kind = task_from_name(job->prompt);
    uint32_t no;
    if (kind == TASK_NONE || task_of(alerts, record, kind) != NONE)
        return; /* the latter: an overdue task is announced anew */
    enum err err = index_reserve(&alerts->by_task);
    if (err == ERR_OK)
        err = pool_take(&alerts->tasks, &no);
    if (err != ERR_OK) {
        alerts->refused++;
        log_write(LOG_ERROR, "alert.job", "no room for a task\treason=%s\tkind=%s", err_text(err),
                  job->prompt);
        return;
    }
    struct task *task = task_at(alerts, no);
    task->id = job->id;
    task->alert = job->alert;
    task->subject.kind = record->alert.subject.kind;
    task->subject.no = record->alert.subject.no;
    task->opened_ms = job->t_ms;
    task->kind = (uint8_t)kind;
    task->role = job->role;
    task->family = job->family;
    task->level = job->level;
    index_add(&alerts->by_task, table_hash(&task->id, sizeof task->id), no);
    put_off(alerts, no, job->t_ms + duration_ms(alerts, task));
    tell(alerts, task, job->t_ms, TASK_EVENT_OPENED, "policy", "");
}

/* Every job that announced it ends with it. */
static void end_jobs(struct alerts *alerts, const struct task *task, enum delivery_state state, int64_t t_ms)
{
    struct alert_record *record = alert_of(alerts, task);
    const char *reason =
        state == DELIVERY_DONE ? outcome_name((enum outcome)task->outcome) : "the task was cancelled";
    for (uint32_t no = record ? record->first_job : NONE; no != NONE; no = job_at(alerts, no)->next) {
        const struct job *job = &job_at(alerts, no)->job;
        if (job->kind == JOB_TASK && strcmp(job->prompt, task_name((enum task_kind)task->kind)) == 0)
            job_set_state(alerts, no, state, reason, t_ms);
    }
}

static void let_go(struct alerts *alerts, uint32_t no, int64_t t_ms, enum task_state state, const char *by,
                   const char *why)
{
    struct task *task = task_at(alerts, no);
    task->state = (uint8_t)state;
    tell(alerts, task, t_ms, state == TASK_DONE ? TASK_EVENT_FINISHED : TASK_EVENT_CANCELLED, by, why);
    struct task ended = *task;
    index_remove(&alerts->by_task, table_hash(&task->id, sizeof task->id), no);
    pool_give(&alerts->tasks, no);
    end_jobs(alerts, &ended, state == TASK_DONE ? DELIVERY_DONE : DELIVERY_CANCELLED, t_ms);
}

void task_finish(struct alerts *alerts, uint32_t no, int64_t t_ms, enum outcome outcome, const char *by,
                 const char *why)
{
    task_at(alerts, no)->outcome = (uint8_t)outcome;
    let_go(alerts, no, t_ms, TASK_DONE, by, why);
}

void task_on_job_end(struct alerts *alerts, const struct job *job, enum delivery_state state,
                     const char *reason, int64_t t_ms)
{
    uint32_t no = task_find(alerts, &job->id);
    if (no == NONE)
        return;
    if (state == DELIVERY_DONE)
        task_finish(alerts, no, t_ms, outcome_from_name(reason), "relay", reason);
    else
        let_go(alerts, no, t_ms, TASK_CANCELLED, "policy", reason);
}

bool task_outlives(const struct alerts *alerts, const struct job *job)
{
    uint32_t no = task_find(alerts, &job->id);
    if (no == NONE) { /* announced once more, or not kept as a task */
        uint32_t alert = alert_find_no(alerts, &job->alert);
        no = alert == NONE ? NONE : task_of(alerts, alert_at(alerts, alert), task_from_name(job->prompt));
    }
    if (no == NONE)
        return false;
    const struct task *task = task_at(alerts, no);
    /* Somebody is on the way or in the home: what they find is still to be written down. */
    return task->kind == TASK_COLLECT_DEVICE || (task->kind == TASK_HOME_VISIT && task->state != TASK_OPEN);
}

/* Time. */

enum role role_above(enum role role)
{
    switch (role) {
    case ROLE_NONE:
    case ROLE_FAMILY: return ROLE_GRID_WORKER;
    case ROLE_GRID_WORKER: return ROLE_TOWN_DESK;
    case ROLE_TOWN_DESK:
    case ROLE_COUNTY_DESK:
    case ROLE_POLICE_DESK:
    case ROLE_COUNT: break;
    }
    return ROLE_COUNTY_DESK;
}

/* Twice as long each time, at most a day: a task nobody can finish must not become noise. */
static int64_t patience_ms(const struct alerts *alerts, const struct task *task)
{
    const int64_t most_ms = 86400000, base_ms = duration_ms(alerts, task);
    int64_t wait_ms = base_ms;
    for (unsigned i = 0; i < task->escalations && wait_ms < most_ms; i++)
        wait_ms *= 2;
    return wait_ms < most_ms || base_ms >= most_ms ? wait_ms : most_ms;
}

int64_t task_due(const struct alerts *alerts, const struct job *job)
{
    uint32_t no = job->kind == JOB_TASK ? task_find(alerts, &job->id) : NONE;
    return no == NONE || is_given_up(task_at(alerts, no)) ? INT64_MAX : task_at(alerts, no)->due_ms;
}

void task_overdue(struct alerts *alerts, struct alert_record *record, const struct job *announced,
                  int64_t t_ms)
{
    uint32_t no = task_find(alerts, &announced->id);
    struct task *task = task_at(alerts, no);
    task->role = (uint8_t)role_above((enum role)task->role);
    task->escalations++;
    put_off(alerts, no, t_ms + patience_ms(alerts, task));
    tell(alerts, task, t_ms, TASK_EVENT_OVERDUE, "policy", "Not finished in time: the next role is told");
    struct job job = job_draft(&record->alert, JOB_TASK, JOB_STEP_OVERDUE, t_ms);
    job.transition = announced->transition;
    job.role = task->role;
    job.attempt = task->escalations;
    text_copy(job.prompt, sizeof job.prompt, task_name((enum task_kind)task->kind));
    job_issue(alerts, record, &job);
}

/* People. */

void task_follow(struct alerts *alerts, struct alert_record *record, int64_t t_ms, enum role role,
                 enum task_kind kind)
{
    if (task_of(alerts, record, kind) != NONE)
        return;
    struct job job = job_draft(&record->alert, JOB_TASK, JOB_STEP_FOLLOW, t_ms);
    job.transition = record->alert.transitions;
    job.role = (uint8_t)role;
    text_copy(job.prompt, sizeof job.prompt, task_name(kind));
    job_issue(alerts, record, &job);
}

/* A call that did not reach the resident: again a little later, and after some of them somebody goes there.
 */
static void unanswered(struct alerts *alerts, struct alert_record *record, uint32_t no, int64_t t_ms,
                       const struct action *action)
{
    const struct task_settings *settings = &alerts->config.settings->tasks;
    struct task *task = task_at(alerts, no);
    const char *what = outcome_name((enum outcome)action->outcome);
    if (task->attempts < UINT8_MAX)
        task->attempts++;
    if (task->attempts < settings->unanswered_max) {
        put_off(alerts, no, t_ms + (int64_t)settings->retry_s * 1000);
        tell(alerts, task, t_ms, TASK_EVENT_ATTEMPT, action->by, action->note[0] ? action->note : what);
        return;
    }
    task_finish(alerts, no, t_ms, (enum outcome)action->outcome, action->by, action->note);
    task_follow(alerts, record, t_ms, ROLE_GRID_WORKER, TASK_HOME_VISIT);
}

void task_needless(struct alerts *alerts, struct alert_record *record, int64_t t_ms, enum task_kind kind,
                   const char *by, const char *why)
{
    uint32_t no = task_of(alerts, record, kind);
    if (no != NONE)
        task_finish(alerts, no, t_ms, OUTCOME_NOT_NEEDED, by, why);
}

void task_on_call(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                  const struct action *action)
{
    bool answered = action->outcome == OUTCOME_SAFE || action->outcome == OUTCOME_NEEDS_HELP;
    static const enum task_kind patient[] = {TASK_CALL, TASK_CALL_BACK},
                                prompt[] = {TASK_VERIFY, TASK_CALL_CONTACTS};
    for (unsigned i = 0; i < 2; i++) {
        uint32_t no = task_of(alerts, record, patient[i]);
        if (no == NONE)
            continue;
        if (answered)
            task_finish(alerts, no, t_ms, (enum outcome)action->outcome, action->by, action->note);
        else
            unanswered(alerts, record, no, t_ms, action);
    }
    /* A wrong number says nothing about the resident: the verification goes on. */
    for (unsigned i = 0; i < 2 && action->outcome != OUTCOME_WRONG_NUMBER; i++) {
        uint32_t no = task_of(alerts, record, prompt[i]);
        if (no != NONE)
            task_finish(alerts, no, t_ms, (enum outcome)action->outcome, action->by, action->note);
    }
}

static enum err assign(struct alerts *alerts, uint32_t no, int64_t t_ms, const struct action *action)
{
    struct task *task = task_at(alerts, no);
    if (!action->to[0] || (action->until_ms && action->until_ms <= t_ms))
        return ERR_INVALID;
    text_copy(task->assignee, sizeof task->assignee, action->to);
    put_off(alerts, no, action->until_ms ? action->until_ms : task->due_ms);
    tell(alerts, task, t_ms, TASK_EVENT_ASSIGNED, action->by, action->note);
    return ERR_OK;
}

/* Accepted, then arrived: each gives the person the task's time anew. */
static enum err advance(struct alerts *alerts, uint32_t no, int64_t t_ms, const struct action *action)
{
    struct task *task = task_at(alerts, no);
    bool arrives = action->kind == ACTION_TASK_ARRIVE;
    if (arrives ? task->state == TASK_ARRIVED ||
                      (task->kind != TASK_HOME_VISIT && task->kind != TASK_COLLECT_DEVICE)
                : task->state != TASK_OPEN)
        return ERR_INVALID;
    if (arrives)
        task->arrived_ms = t_ms;
    else
        task->accepted_ms = t_ms;
    task->state = arrives ? TASK_ARRIVED : TASK_ACCEPTED;
    text_copy(task->assignee, sizeof task->assignee, action->by);
    put_off(alerts, no, t_ms + duration_ms(alerts, task));
    tell(alerts, task, t_ms, arrives ? TASK_EVENT_ARRIVED : TASK_EVENT_ACCEPTED, action->by, action->note);
    return ERR_OK;
}

static enum err finish(struct alerts *alerts, uint32_t no, int64_t t_ms, const struct action *action)
{
    const struct task task = *task_at(alerts, no);
    struct alert_record *record = alert_of(alerts, &task);
    if (!task_takes_outcome((enum task_kind)task.kind, (enum outcome)action->outcome))
        return ERR_INVALID;
    bool open = record && record->alert.state == ALERT_OPEN;
    if (open && action->outcome <= OUTCOME_WRONG_NUMBER)
        return alert_on_call(alerts, record, t_ms,
                             action); /* the call's outcome, whoever writes it down where */
    task_finish(alerts, no, t_ms, (enum outcome)action->outcome, action->by, action->note);
    if (open && task.kind == TASK_HOME_VISIT)
        alert_on_visit(alerts, record, t_ms, action);
    if (open && task.kind == TASK_COLLECT_DEVICE)
        upkeep_devices_collected(alerts, record, t_ms);
    return ERR_OK;
}

enum err task_act(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    uint32_t no = action->has_alert ? task_find(alerts, &action->alert)
                                    : task_of_subject(alerts, action->subject, (enum task_kind)action->task);
    if (no == NONE)
        return ERR_NOT_FOUND;
    struct hash_id alert = task_at(alerts, no)->alert;
    enum err err = ERR_INVALID;
    if (action->kind == ACTION_TASK_ASSIGN)
        err = assign(alerts, no, t_ms, action);
    else if (action->kind == ACTION_TASK_ACCEPT || action->kind == ACTION_TASK_ARRIVE)
        err = advance(alerts, no, t_ms, action);
    else if (action->kind == ACTION_TASK_FINISH)
        err = finish(alerts, no, t_ms, action);
    uint32_t alert_no = alert_find_no(alerts, &alert);
    if (err == ERR_OK && alert_no != NONE) {
        uint32_t case_no = alert_at(alerts, alert_no)->case_no;
        case_sweep(alerts, case_no);
        case_rearm(alerts, case_no);
    }
    return err;
}

/* Restart. */

enum err task_restore(struct alerts *alerts, uint32_t no, const void *value)
{
    struct task image;
    memcpy(&image, value, sizeof image);
    if (image.kind == TASK_NONE || image.kind >= TASK_KIND_COUNT || image.state >= TASK_DONE ||
        image.role >= ROLE_COUNT || image.family >= FAMILY_COUNT || image.level >= LEVEL_COUNT ||
        pool_is_live(&alerts->tasks, no))
        return ERR_CORRUPT;
    enum err err = index_reserve(&alerts->by_task);
    if (err == ERR_OK)
        err = pool_place(&alerts->tasks, no);
    if (err != ERR_OK)
        return err;
    struct task *task = task_at(alerts, no);
    image.assignee[ID_SIZE - 1] = 0;
    *task = image;
    index_add(&alerts->by_task, table_hash(&task->id, sizeof task->id), no);
    const struct alert_record *record = alert_of(alerts, task);
    if (record)
        case_rearm(alerts, record->case_no);
    return ERR_OK;
}
