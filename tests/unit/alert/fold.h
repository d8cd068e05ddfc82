/* The alert stage on top of the small county of tests/unit/detect/world.h, with every transition, job and
 * delivery written down in the same log. */
#ifndef HUYANG_TESTS_FOLD_H
#define HUYANG_TESTS_FOLD_H

#include "../detect/world.h"

#include "alert/alert.h"
#include "alert/campaign.h"
#include "alert/fleet.h"
#include "alert/rollout.h"

struct fold_delivery {
    struct job job;
    struct delivery delivery;
};
struct fold {
    struct world *world;
    struct alerts *alerts;
    struct alert_settings settings;
    struct transition transitions[WORLD_LOG_MAX];
    struct alert after[WORLD_LOG_MAX]; /* the alert as each transition showed it */
    struct job jobs[WORLD_LOG_MAX];
    struct fold_delivery deliveries[WORLD_LOG_MAX];
    struct task tasks[WORLD_LOG_MAX]; /* as each event left them */
    struct task_event events[WORLD_LOG_MAX];
    struct ledger_entry entries[WORLD_LOG_MAX]; /* as each event left them */
    struct ledger_event ledger_events[WORLD_LOG_MAX];
    unsigned ledger_count;
    unsigned transition_count, job_count, delivery_count, event_count;
    struct campaign campaign;  /* as it was told last */
    uint8_t reach[64];         /* enum reach by resident, as told last */
    struct device_order order; /* as told last */
    unsigned order_count;
    /* What was held back goes there, from the next fold_alerts on; NULL = nowhere. */
    void (*on_suppressed)(void *self, const struct alert *alert, const struct suppression *suppression);
    struct rollout rollout; /* as told last */
    unsigned rollout_count;
    struct handover handover; /* as it was told last, by what */
    struct handover_event handover_event;
    unsigned handover_count;
};

W void fold_on_transition(void *self, const struct alert *alert, const struct transition *transition)
{
    struct fold *fold = self;
    char id[HASH_ID_TEXT], previous[HASH_ID_TEXT];
    assert_true(fold->transition_count < WORLD_LOG_MAX);
    fold->after[fold->transition_count] = *alert;
    fold->transitions[fold->transition_count++] = *transition;
    hash_id_text(&alert->id, id);
    hash_id_text(&alert->previous, previous);
    buf_printf(&fold->world->log, "%lld alert %s after %s: %u %s %s %s avs %u by %s: %s\n",
               (long long)transition->t_ms, id, previous, (unsigned)transition->number,
               transition_name((enum transition_kind)transition->kind),
               family_name((enum family)alert->family), level_name((enum level)alert->level),
               (unsigned)alert->avs, transition->by, transition->why);
}

W void fold_on_job(void *self, const struct alert *alert, const struct job *job)
{
    struct fold *fold = self;
    char id[HASH_ID_TEXT];
    (void)alert;
    assert_true(fold->job_count < WORLD_LOG_MAX);
    fold->jobs[fold->job_count++] = *job;
    hash_id_text(&job->id, id);
    buf_printf(&fold->world->log, "%lld job %s %s %s %s %ld %ld %u\n", (long long)job->t_ms, id,
               job_name((enum job_kind)job->kind), role_name((enum role)job->role), job->prompt,
               job->recipient == REGISTRY_NONE ? -1L : (long)job->recipient,
               job->device == REGISTRY_NONE ? -1L : (long)job->device, (unsigned)job->attempt);
}

W void fold_on_delivery(void *self, const struct job *job, const struct delivery *delivery, int64_t t_ms)
{
    struct fold *fold = self;
    char id[HASH_ID_TEXT];
    assert_true(fold->delivery_count < WORLD_LOG_MAX);
    fold->deliveries[fold->delivery_count++] = (struct fold_delivery){.job = *job, .delivery = *delivery};
    hash_id_text(&job->id, id);
    buf_printf(&fold->world->log, "%lld delivery %s %s %s\n", (long long)t_ms, id,
               delivery_name((enum delivery_state)delivery->state), delivery->reason);
}

W void fold_on_task(void *self, const struct task *task, const struct task_event *event)
{
    struct fold *fold = self;
    char id[HASH_ID_TEXT];
    assert_true(fold->event_count < WORLD_LOG_MAX);
    fold->tasks[fold->event_count] = *task;
    fold->events[fold->event_count++] = *event;
    hash_id_text(&task->id, id);
    buf_printf(&fold->world->log, "%lld task %s %s %s %s by %s due %lld\n", (long long)event->t_ms, id,
               task_name((enum task_kind)task->kind), task_event_name((enum task_event_kind)event->kind),
               role_name((enum role)task->role), event->by, (long long)task->due_ms);
}

W void fold_on_ledger(void *self, const struct ledger_entry *entry, const struct ledger_event *event)
{
    struct fold *fold = self;
    char id[HASH_ID_TEXT];
    assert_true(fold->ledger_count < WORLD_LOG_MAX);
    fold->entries[fold->ledger_count] = *entry;
    fold->ledger_events[fold->ledger_count++] = *event;
    hash_id_text(&entry->alert, id);
    buf_printf(&fold->world->log, "%lld ledger %s %s by %s: %s due %lld\n", (long long)event->t_ms, id,
               ledger_event_name((enum ledger_event_kind)event->kind), event->by, event->why,
               (long long)entry->due_ms);
}

W void fold_on_campaign(void *self, const struct campaign *campaign, int64_t t_ms)
{
    (void)t_ms;
    struct fold *fold = self;
    fold->campaign = *campaign;
    buf_printf(&fold->world->log, "campaign %s\n", campaign_state_name(campaign->state));
}

W void fold_on_reach(void *self, const struct campaign *campaign, uint32_t resident, uint8_t reach,
                     int64_t t_ms)
{
    struct fold *fold = self;
    (void)campaign;
    assert_true(resident < sizeof fold->reach);
    fold->reach[resident] = reach;
    buf_printf(&fold->world->log, "%lld reach %u %s\n", (long long)t_ms, (unsigned)resident,
               reach_name(reach));
}

W void fold_on_finding(void *self, const struct finding *finding)
{
    struct fold *fold = self;
    alerts_on_finding(fold->alerts, finding->t_ms, finding);
}

W struct timer_slot *fold_slot(void *self, uint64_t owner)
{
    return alerts_slot(((struct fold *)self)->alerts, owner);
}

W void fold_on_timer(void *self, uint64_t owner, int64_t deadline_ms)
{
    alerts_on_timer(((struct fold *)self)->alerts, owner, deadline_ms);
}

W void fold_on_event(void *self, int64_t t_ms, const struct event *event)
{
    alerts_on_event(((struct fold *)self)->alerts, t_ms, event);
}

/* Nothing with work to do may be without a timer, at any moment of any test. */
W void fold_check(void *self)
{
    assert_int_equal(alerts_without_timer(((struct fold *)self)->alerts), 0);
}

W void fold_on_rollout(void *self, const struct rollout *rollout)
{
    struct fold *fold = self;
    fold->rollout = *rollout;
    fold->rollout_count++;
}

W void fold_on_order(void *self, const struct device_order *order)
{
    struct fold *fold = self;
    fold->order = *order;
    fold->order_count++;
}

W void fold_on_handover(void *self, const struct handover *handover, const struct handover_event *event)
{
    struct fold *fold = self;
    fold->handover = *handover;
    fold->handover_event = *event;
    fold->handover_count++;
}

W void fold_alerts(struct fold *fold)
{
    struct alert_config config = {.county = "654321",
                                  .registry = fold->world->registry,
                                  .live = fold->world->live,
                                  .settings = &fold->settings,
                                  .quiet = {.from_minute = 21 * 60,
                                            .to_minute = 7 * 60,
                                            .rest_from_minute = 12 * 60,
                                            .rest_to_minute = 14 * 60 + 30},
                                  .tz = fold->world->tz,
                                  .timers = &fold->world->timers,
                                  .sink = {.transition = fold_on_transition,
                                           .job = fold_on_job,
                                           .delivery = fold_on_delivery,
                                           .task = fold_on_task,
                                           .suppressed = fold->on_suppressed,
                                           .ledger = fold_on_ledger,
                                           .campaign = fold_on_campaign,
                                           .reach = fold_on_reach,
                                           .order = fold_on_order,
                                           .rollout = fold_on_rollout,
                                           .handover = fold_on_handover,
                                           .self = fold}};
    assert_int_equal(alerts_new(&config, &fold->alerts), ERR_OK);
}

W struct fold *fold_new(void)
{
    struct fold *fold = calloc(1, sizeof *fold);
    assert_non_null(fold);
    fold->world = world_new();
    alert_settings_default(&fold->settings);
    fold_alerts(fold);
    fold->world->below = (struct world_below){.on_finding = fold_on_finding,
                                              .slot = fold_slot,
                                              .on_timer = fold_on_timer,
                                              .check = fold_check,
                                              .on_event = fold_on_event,
                                              .self = fold};
    return fold;
}

W void fold_free(struct fold *fold)
{
    alerts_free(fold->alerts);
    world_free(fold->world);
    free(fold);
}

W int64_t on(const struct fold *fold, int hour, int minute, int second)
{
    return at(fold->world, hour, minute, second);
}

W void tick(struct fold *fold, int64_t t_ms)
{
    world_tick(fold->world, t_ms);
}

W void event(struct fold *fold, int64_t t_ms, const char *device, const char *json)
{
    world_event(fold->world, t_ms, device, json);
}

W enum err act(struct fold *fold, int64_t t_ms, struct subject subject, struct action action)
{
    tick(fold, t_ms);
    action.subject = subject;
    if (!action.by[0])
        snprintf(action.by, sizeof action.by, "desk-1");
    enum err err = alerts_on_action(fold->alerts, t_ms, &action);
    fold_check(fold);
    return err;
}

W struct subject who(const struct fold *fold, const char *id)
{
    return resident(fold->world, id);
}

W const struct transition *last_transition(const struct fold *fold)
{
    assert_true(fold->transition_count > 0);
    return &fold->transitions[fold->transition_count - 1];
}

/* Jobs since index `from` of a kind, role (ROLE_NONE = any) and prompt (NULL = any). */
W unsigned count_jobs(const struct fold *fold, unsigned from, enum job_kind kind, enum role role,
                      const char *prompt)
{
    unsigned count = 0;
    for (unsigned i = from; i < fold->job_count; i++) {
        const struct job *job = &fold->jobs[i];
        count += job->kind == kind && (role == ROLE_NONE || job->role == role) &&
                 (!prompt || strcmp(job->prompt, prompt) == 0);
    }
    return count;
}

W const struct job *find_job_of(const struct fold *fold, enum job_kind kind, const char *prompt)
{
    for (unsigned i = fold->job_count; i-- > 0;) {
        if (fold->jobs[i].kind == kind && (!prompt || strcmp(fold->jobs[i].prompt, prompt) == 0))
            return &fold->jobs[i];
    }
    return NULL;
}

W bool deliver(struct fold *fold, int64_t t_ms, const struct job *job, enum delivery_state state)
{
    struct delivery delivery = {.job = job->id, .state = (uint8_t)state};
    tick(fold, t_ms);
    return alerts_on_delivery(fold->alerts, t_ms, &delivery);
}

#define assert_transition(fold, kind_, level_)                                                               \
    do {                                                                                                     \
        assert_int_equal(last_transition(fold)->kind, (kind_));                                              \
        assert_int_equal((fold)->after[(fold)->transition_count - 1].level, (level_));                       \
    } while (0)

/* A finding of that family and level about a resident at home. */
W void find_of(struct fold *fold, int64_t t_ms, const char *id, enum family family, enum level level)
{
    tick(fold, t_ms);
    uint32_t no = who(fold, id).no;
    struct finding finding = {
        .t_ms = t_ms,
        .at_ms = t_ms,
        .subject = who(fold, id),
        .resident = no,
        .household = registry_resident(fold->world->registry, no)->household,
        .family = (uint8_t)family,
        .level = (uint8_t)level,
        .zone = REGISTRY_NONE,
        .detector = (uint8_t)detector_find("suspicion"),
        .evidence_count = 1,
        .evidence = {{.device = device_no(fold->world, "wb-1"), .seq = (uint64_t)t_ms}}};
    alerts_on_finding(fold->alerts, t_ms, &finding);
}

W void find(struct fold *fold, int64_t t_ms, enum family family, enum level level)
{
    find_of(fold, t_ms, "r-1", family, level);
}

#endif
