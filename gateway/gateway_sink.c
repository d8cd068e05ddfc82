/* What the stages say while an input is folded: each word of the detect and alert stages becomes an item of
 * the batch that commits with the input. */
#include <assert.h>
#include <string.h>

#include "core/log.h"
#include "gateway_inner.h"
#include "output.h"

/* batch_room() was asked before the input was taken, but its reserve is a rule of thumb: a report of 64 cries
 * for help with all their jobs may take more. The limit says when no further input is taken; it never breaks
 * one in half. */
static void make_room(struct gateway *gateway)
{
    arena_set_limit(&gateway->batch->arena, gateway->batch->arena.limit + BATCH_INPUT_BYTES);
}

struct batch_item *gateway_add(struct gateway *gateway, enum batch_kind kind)
{
    if (gateway->batch == NULL)
        return NULL;
    struct batch_item *item = batch_add(gateway->batch, kind);
    if (item == NULL) {
        make_room(gateway);
        item = batch_add(gateway->batch, kind);
    }
    assert(item != NULL);
    return item;
}

const void *gateway_keep(struct gateway *gateway, const void *data, size_t len)
{
    const void *copy = arena_copy(&gateway->batch->arena, data, len);
    if (copy == NULL) {
        make_room(gateway);
        copy = arena_copy(&gateway->batch->arena, data, len);
    }
    assert(copy != NULL);
    return copy;
}

static const char *keep_text(struct gateway *gateway, const struct buf *text)
{
    return gateway_keep(gateway, buf_text(text), text->len + 1);
}

void gateway_on_finding(void *self, const struct finding *finding)
{
    struct gateway *gateway = self;
    gateway->stats.findings++;
    gateway_tell(gateway, finding);
}

static void note_changed(struct gateway *gateway, const struct hash_id *id)
{
    for (unsigned i = 0; i < gateway->changed_count; i++)
        if (memcmp(&gateway->changed[i], id, sizeof(*id)) == 0)
            return;
    if (gateway->changed_count < CHANGED_MAX)
        gateway->changed[gateway->changed_count++] = *id;
}

void gateway_store_alert(struct gateway *gateway, const struct alert *alert)
{
    struct batch_item *item = gateway_add(gateway, BATCH_ALERT);
    if (item == NULL)
        return;
    buf_clear(&gateway->scratch);
    alert_to_json(alert, gateway->config.registry, gateway->config.tz, &gateway->scratch);
    item->alert = (struct batch_alert){.id = alert->id,
                                       .opened_ms = alert->opened_ms,
                                       .changed_ms = alert->changed_ms,
                                       .subject = alert->subject,
                                       .family = alert->family,
                                       .level = alert->level,
                                       .state = alert->state,
                                       .acknowledged = alert->acknowledged_ms != 0,
                                       .len = gateway->scratch.len,
                                       .json = keep_text(gateway, &gateway->scratch)};
}

/* What a person found is also a lesson for the detectors; it waits until the alert stage is done with it. */
static void note_closing(struct gateway *gateway, const struct alert *alert)
{
    static const uint8_t lessons[DISPOSITION_COUNT] = {[DISPOSITION_TRUE] = LESSON_TRUE,
                                                       [DISPOSITION_TRANSFERRED] = LESSON_TRUE,
                                                       [DISPOSITION_FALSE] = LESSON_FALSE,
                                                       [DISPOSITION_EXPECTED] = LESSON_EXPECTED};
    gateway->closing =
        (struct closing){.opened_ms = alert->opened_ms,
                         .subject = alert->subject,
                         .resident = alert->resident,
                         .household = alert->household,
                         .family = alert->family,
                         .lesson = lessons[alert->disposition],
                         .reached = alert->outcome == OUTCOME_SAFE || alert->outcome == OUTCOME_NEEDS_HELP};
}

static void on_transition(void *self, const struct alert *alert, const struct transition *transition)
{
    struct gateway *gateway = self;
    gateway->stats.transitions++;
    if (transition->kind == TRANSITION_CLOSED)
        note_closing(gateway, alert);
    gateway_forget_emergency(gateway, alert);
    struct batch_item *item = gateway_add(gateway, BATCH_TRANSITION);
    if (item == NULL)
        return;
    buf_clear(&gateway->scratch);
    output_transition(alert, transition, gateway->config.registry, gateway->config.tz, &gateway->scratch);
    item->transition.transition = *transition;
    item->transition.n = gateway->n;
    item->transition.len = gateway->scratch.len;
    item->transition.line = keep_text(gateway, &gateway->scratch);
    /* An alert that has ended may leave the alert stage's memory before the input is over, so its last form
     * is written now. */
    if (alert->state != ALERT_OPEN || gateway->changed_count == CHANGED_MAX)
        gateway_store_alert(gateway, alert);
    else
        note_changed(gateway, &alert->id);
}

static void answer_later(struct gateway *gateway, const struct job *job, enum delivery_state state,
                         const char *reason)
{
    if (gateway->pending_count == PENDING_MAX) {
        log_write(LOG_ERROR, "gateway.pending_full",
                  "a job's answer was dropped: too many jobs in one input");
        return;
    }
    struct delivery *delivery = &gateway->pending[gateway->pending_count++];
    *delivery = (struct delivery){.job = job->id, .state = (uint8_t)state};
    text_copy(delivery->reason, sizeof(delivery->reason), reason);
}

/* What is said, and out of which catalogue, outlives the row's body. */
static void note_spoken(struct gateway *gateway, const struct job *job, const struct prompt_spoken *spoken)
{
    struct batch_item *item = gateway_add(gateway, BATCH_SPOKEN);
    if (item != NULL)
        item->spoken = (struct batch_spoken){.job = job->id, .spoken = *spoken};
}

/* A job becomes an outbox row. What has nowhere to go is answered at once, so that escalation goes on to a
 * person; under loopback whatever a receiver would have to accept is accepted. */
static void on_job(void *self, const struct alert *alert, const struct job *job)
{
    struct gateway *gateway = self;
    gateway->stats.jobs++;
    struct relay_context context = {.t_ms = gateway->t_ms,
                                    .county = gateway->config.county,
                                    .instance = gateway->config.instance,
                                    .registry = gateway->config.registry,
                                    .live = gateway->live,
                                    .settings = gateway->config.relay,
                                    .prompts = gateway->config.prompts,
                                    .tz = gateway->config.tz,
                                    .said = alert->said,
                                    .said_played = alert->said_played,
                                    .drill = alert_is_exercise(alert, gateway->config.registry)};
    struct outbox_row row;
    const char *why = "";
    struct prompt_spoken spoken = {.prompt = ""};
    context.spoken = &spoken;
    buf_clear(&gateway->scratch);
    relay_render(&context, alert, job, &gateway->scratch, &row, &why);
    if (row.target_name[0] == '\0' && job->recipient != REGISTRY_NONE)
        text_copy(row.target_name, sizeof(row.target_name),
                  job->recipient_is_contact ? registry_contact(context.registry, job->recipient)->id
                                            : registry_responder(context.registry, job->recipient)->id);
    struct batch_item *item = gateway_add(gateway, BATCH_JOB);
    if (item != NULL) {
        row.body = keep_text(gateway, &gateway->scratch);
        row.len = gateway->scratch.len;
        row.urgent = job->level == LEVEL_RED || alert->subject.kind == SUBJECT_GATEWAY;
        item->row = row;
        gateway->batch->red |= row.urgent != 0;
        gateway->batch->urgent = true;
    }
    if (item != NULL && job->kind == JOB_PROMPT && row.channel == CHANNEL_COMMAND)
        note_spoken(gateway, job, &spoken);
    const bool nowhere = row.channel == CHANNEL_NONE && why[0] != '\0';
    const bool to_device = job->kind == JOB_PROMPT || job->kind == JOB_NOTICE || job->kind == JOB_HUSH ||
                           job->kind == JOB_LOCATE || job->kind == JOB_INTERVAL || job->kind == JOB_RESTART;
    if (job->kind == JOB_TASK)
        return; /* a person's action ends it */
    if (gateway->config.answer == NULL || (to_device && nowhere)) {
        if (nowhere)
            answer_later(gateway, job, DELIVERY_FAILED, why);
        return;
    }
    char reason[64] = "";
    const enum delivery_state state = gateway->config.answer(gateway->config.answer_self, job, reason);
    if (state != DELIVERY_COUNT)
        answer_later(gateway, job, state, reason);
}

static void on_delivery(void *self, const struct job *job, const struct delivery *delivery, int64_t t_ms)
{
    struct gateway *gateway = self;
    struct batch_item *item = gateway_add(gateway, BATCH_DELIVERY);
    if (item == NULL)
        return;
    item->delivery = (struct batch_delivery){
        .job = job->id, .alert = job->alert, .t_ms = t_ms, .job_kind = job->kind, .state = delivery->state};
    const struct alert *alert = alerts_find(gateway->alerts, &job->alert);
    item->delivery.canary =
        alert != NULL && registry_is_canary(gateway->config.registry, alert->resident, alert->household);
    text_copy(item->delivery.reason, sizeof(item->delivery.reason), delivery->reason);
}

static void on_silence(void *self, const struct silence *silence)
{
    struct gateway *gateway = self;
    struct batch_item *item = gateway_add(gateway, BATCH_SILENCE);
    if (item != NULL)
        item->silence = *silence;
}

static void on_roster(void *self, const struct roster_change *change)
{
    struct gateway *gateway = self;
    struct batch_item *item = gateway_add(gateway, BATCH_ROSTER);
    if (item != NULL)
        item->roster = *change;
}

static void on_suppressed(void *self, const struct alert *alert, const struct suppression *suppression)
{
    struct gateway *gateway = self;
    const struct job *job = &suppression->job;
    (void)alert;
    struct batch_item *item = gateway_add(gateway, BATCH_SUPPRESSION);
    if (item == NULL)
        return;
    item->suppression.suppression = *suppression;
    if (job->recipient != REGISTRY_NONE)
        text_copy(item->suppression.who, sizeof(item->suppression.who),
                  job->recipient_is_contact
                      ? registry_contact(gateway->config.registry, job->recipient)->id
                      : registry_responder(gateway->config.registry, job->recipient)->id);
}

static void on_task(void *self, const struct task *task, const struct task_event *event)
{
    struct gateway *gateway = self;
    struct batch_item *item = gateway_add(gateway, BATCH_TASK);
    if (item == NULL)
        return;
    buf_clear(&gateway->scratch);
    task_to_json(task, gateway->config.registry, gateway->config.tz, &gateway->scratch);
    item->task = (struct batch_task){.task = *task,
                                     .event = *event,
                                     .len = gateway->scratch.len,
                                     .json = keep_text(gateway, &gateway->scratch)};
}

static void on_ledger(void *self, const struct ledger_entry *entry, const struct ledger_event *event)
{
    struct gateway *gateway = self;
    struct batch_item *item = gateway_add(gateway, BATCH_LEDGER);
    if (item == NULL)
        return;
    buf_clear(&gateway->scratch);
    ledger_to_json(entry, gateway->config.registry, gateway->config.tz, &gateway->scratch);
    item->ledger = (struct batch_ledger){.entry = *entry,
                                         .event = *event,
                                         .len = gateway->scratch.len,
                                         .json = keep_text(gateway, &gateway->scratch)};
}

static void on_handover(void *self, const struct handover *handover, const struct handover_event *event)
{
    struct gateway *gateway = self;
    struct batch_item *item = gateway_add(gateway, BATCH_HANDOVER);
    if (item == NULL)
        return;
    buf_clear(&gateway->scratch);
    handover_to_json(handover, gateway->config.tz, &gateway->scratch);
    item->handover = (struct batch_handover){.handover = *handover,
                                             .event = *event,
                                             .len = gateway->scratch.len,
                                             .json = keep_text(gateway, &gateway->scratch)};
}

static void on_campaign(void *self, const struct campaign *campaign, int64_t t_ms)
{
    struct gateway *gateway = self;
    struct batch_item *item = gateway_add(gateway, BATCH_CAMPAIGN);
    if (item != NULL)
        item->campaign = (struct batch_campaign){.campaign = *campaign, .t_ms = t_ms};
}

static void on_reach(void *self, const struct campaign *campaign, uint32_t resident, uint8_t reach,
                     int64_t t_ms)
{
    struct gateway *gateway = self;
    struct batch_item *item = gateway_add(gateway, BATCH_REACH);
    if (item != NULL)
        item->reach = (struct batch_reach){
            .campaign = campaign->id, .t_ms = t_ms, .resident = resident, .reach = reach};
}

/* An interval that a device took for good is its own from then on: by it, it is silent or not. */
static void on_order(void *self, const struct device_order *order)
{
    struct gateway *gateway = self;
    if (order->job.kind == JOB_INTERVAL && order->duration_s == 0 && order->state == DELIVERY_PLAYED)
        live_set_interval(gateway->live, order->job.device, order->interval_s);
    struct batch_item *item = gateway_add(gateway, BATCH_ORDER);
    if (item != NULL)
        item->order = *order;
}

static void on_rollout(void *self, const struct rollout *rollout)
{
    struct gateway *gateway = self;
    struct batch_item *item = gateway_add(gateway, BATCH_ROLLOUT);
    if (item != NULL)
        item->rollout = *rollout;
}

struct alert_sink gateway_sink(struct gateway *gateway)
{
    return (struct alert_sink){.transition = on_transition,
                               .job = on_job,
                               .delivery = on_delivery,
                               .silence = on_silence,
                               .roster = on_roster,
                               .suppressed = on_suppressed,
                               .task = on_task,
                               .ledger = on_ledger,
                               .handover = on_handover,
                               .campaign = on_campaign,
                               .reach = on_reach,
                               .order = on_order,
                               .rollout = on_rollout,
                               .self = gateway};
}
