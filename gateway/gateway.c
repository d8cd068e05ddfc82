#include "gateway_inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "output.h"

/* ---- what the stages say ---- */

/* batch_room() was asked before the input was taken, but its reserve is a rule of thumb: a report of 64 cries
 * for help with all their jobs may take more. The limit says when no further input is taken; it never breaks
 * one in half. */
static void make_room(struct gateway *gateway)
{
    arena_set_limit(&gateway->batch->arena, gateway->batch->arena.limit + BATCH_INPUT_BYTES);
}

static struct batch_item *add(struct gateway *gateway, enum batch_kind kind)
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

static const void *keep(struct gateway *gateway, const void *data, size_t len)
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
    return keep(gateway, buf_text(text), text->len + 1);
}

static void on_finding(void *self, const struct finding *finding)
{
    struct gateway *gateway = self;
    gateway->stats.findings++;
    struct batch_item *item = add(gateway, BATCH_FINDING);
    if (item != NULL)
        item->finding = (struct batch_finding){.n = gateway->n, .finding = *finding};
    if (!(finding->flags & FINDING_RECORD))
        alerts_on_finding(gateway->alerts, gateway->t_ms, finding);
}

static void note_changed(struct gateway *gateway, const struct hash_id *id)
{
    for (unsigned i = 0; i < gateway->changed_count; i++)
        if (memcmp(&gateway->changed[i], id, sizeof(*id)) == 0)
            return;
    if (gateway->changed_count < CHANGED_MAX)
        gateway->changed[gateway->changed_count++] = *id;
}

static void store_alert(struct gateway *gateway, const struct alert *alert)
{
    struct batch_item *item = add(gateway, BATCH_ALERT);
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
    struct batch_item *item = add(gateway, BATCH_TRANSITION);
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
        store_alert(gateway, alert);
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
    struct batch_item *item = add(gateway, BATCH_SPOKEN);
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
                                    .said_played = alert->said_played};
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
    struct batch_item *item = add(gateway, BATCH_JOB);
    if (item != NULL) {
        row.body = keep_text(gateway, &gateway->scratch);
        row.len = gateway->scratch.len;
        item->row = row;
        gateway->batch->red |= job->level == LEVEL_RED;
        gateway->batch->urgent = true;
    }
    if (item != NULL && job->kind == JOB_PROMPT && row.channel == CHANNEL_COMMAND)
        note_spoken(gateway, job, &spoken);
    const bool nowhere = row.channel == CHANNEL_NONE && why[0] != '\0';
    const bool to_device = job->kind == JOB_PROMPT || job->kind == JOB_NOTICE || job->kind == JOB_HUSH;
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
    struct batch_item *item = add(gateway, BATCH_DELIVERY);
    if (item == NULL)
        return;
    item->delivery = (struct batch_delivery){
        .job = job->id, .alert = job->alert, .t_ms = t_ms, .job_kind = job->kind, .state = delivery->state};
    text_copy(item->delivery.reason, sizeof(item->delivery.reason), delivery->reason);
}

static void on_silence(void *self, const struct silence *silence)
{
    struct gateway *gateway = self;
    struct batch_item *item = add(gateway, BATCH_SILENCE);
    if (item != NULL)
        item->silence = *silence;
}

static void on_suppressed(void *self, const struct alert *alert, const struct suppression *suppression)
{
    struct gateway *gateway = self;
    const struct job *job = &suppression->job;
    (void)alert;
    struct batch_item *item = add(gateway, BATCH_SUPPRESSION);
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
    struct batch_item *item = add(gateway, BATCH_TASK);
    if (item == NULL)
        return;
    buf_clear(&gateway->scratch);
    task_to_json(task, gateway->config.registry, gateway->config.tz, &gateway->scratch);
    item->task = (struct batch_task){.task = *task,
                                     .event = *event,
                                     .len = gateway->scratch.len,
                                     .json = keep_text(gateway, &gateway->scratch)};
}

static void on_campaign(void *self, const struct campaign *campaign)
{
    struct gateway *gateway = self;
    struct batch_item *item = add(gateway, BATCH_CAMPAIGN);
    if (item != NULL)
        item->campaign = *campaign;
}

static void on_reach(void *self, const struct campaign *campaign, uint32_t resident, uint8_t reach,
                     int64_t t_ms)
{
    struct gateway *gateway = self;
    struct batch_item *item = add(gateway, BATCH_REACH);
    if (item != NULL)
        item->reach = (struct batch_reach){
            .campaign = campaign->id, .t_ms = t_ms, .resident = resident, .reach = reach};
}

/* ---- life ---- */

const char *gateway_county_of(const struct registry *registry)
{
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_TERRITORY); no++) {
        const struct territory *territory = registry_territory(registry, no);
        if (territory->kind == TERRITORY_COUNTY && !territory->removed)
            return territory->code;
    }
    return NULL;
}

static void bind_county(struct gateway *gateway)
{
    if (gateway->config.county == NULL)
        gateway->config.county = gateway_county_of(gateway->config.registry);
    if (gateway->config.county == NULL)
        gateway->config.county = "000000";
}

enum err gateway_new(const struct gateway_config *config, struct gateway **ret_gateway)
{
    struct gateway *gateway = calloc(1, sizeof(*gateway));
    if (gateway == NULL)
        return ERR_NOMEM;
    gateway->config = *config;
    bind_county(gateway);
    timers_init(&gateway->timers, TIMERS_MAX);
    buf_init(&gateway->scratch, 1 << 20);
    enum err err = live_new(config->registry, &gateway->live);
    if (err != ERR_OK)
        goto out;
    const struct detect_config detect = {.registry = config->registry,
                                         .live = gateway->live,
                                         .settings = config->detect,
                                         .overrides = config->overrides,
                                         .tz = config->tz,
                                         .timers = &gateway->timers,
                                         .on_finding = on_finding,
                                         .self = gateway};
    err = detect_new(&detect, &gateway->detect);
    if (err != ERR_OK)
        goto out;
    const struct alert_config alert = {.county = gateway->config.county,
                                       .registry = config->registry,
                                       .live = gateway->live,
                                       .settings = config->alert,
                                       .prompts = config->prompts,
                                       .quiet = relay_quiet(config->relay),
                                       .tz = config->tz,
                                       .timers = &gateway->timers,
                                       .sink = {.transition = on_transition,
                                                .job = on_job,
                                                .delivery = on_delivery,
                                                .silence = on_silence,
                                                .suppressed = on_suppressed,
                                                .task = on_task,
                                                .campaign = on_campaign,
                                                .reach = on_reach,
                                                .self = gateway}};
    err = alerts_new(&alert, &gateway->alerts);
out:
    if (err != ERR_OK)
        gateway_free(gateway);
    else
        *ret_gateway = gateway;
    return err;
}

void gateway_free(struct gateway *gateway)
{
    if (gateway == NULL)
        return;
    alerts_free(gateway->alerts);
    detect_free(gateway->detect);
    live_free(gateway->live);
    timers_release(&gateway->timers);
    buf_release(&gateway->scratch);
    free(gateway->lost);
    free(gateway);
}

enum err gateway_rebind(struct gateway *gateway, const struct gateway_config *config)
{
    enum err err = gateway_note_lost(gateway, config->registry);
    if (err == ERR_OK)
        err = live_rebind(gateway->live, config->registry);
    if (err == ERR_OK)
        err = detect_rebind(gateway->detect, config->registry, config->detect, config->overrides);
    if (err == ERR_OK)
        err = alerts_rebind(gateway->alerts, config->registry, config->alert);
    if (err != ERR_OK)
        return err;
    gateway->config = *config;
    const struct prompt_quiet quiet = relay_quiet(config->relay);
    alerts_set_prompts(gateway->alerts, config->prompts, &quiet);
    bind_county(gateway);
    return ERR_OK;
}

void gateway_set_batch(struct gateway *gateway, struct batch *batch)
{
    gateway->batch = batch;
}

/* ---- the journey ---- */

unsigned gateway_admit(const struct gateway *gateway, uint32_t device, int64_t t_ms, struct event *events,
                       enum refusal *refused, unsigned count)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < count; i++) {
        bool emergency = false; /* does this event's report hold one? */
        for (unsigned j = 0; j < count; j++)
            emergency |= event_is_emergency(events[j].kind) &&
                         (j == i || (events[i].report != 0 && events[j].report == events[i].report));
        refused[i] = REFUSAL_NONE;
        events[i].key.device = device;
        enum admit_basis basis;
        refused[i] = registry_admit(gateway->config.registry, device, emergency, &events[i], &basis);
    }
    for (unsigned i = 0; i < count; i++) {
        if (refused[i] != REFUSAL_NONE)
            continue;
        event_set_time(&events[i], events[i].at_ms, t_ms, gateway->config.lateness_ms);
        if (kept != i)
            events[kept] = events[i];
        kept++;
    }
    return kept;
}

/* Answers of the fold to itself; each may cause more (a prompt that fails makes a task), and every job is
 * answered at most once. */
static void settle(struct gateway *gateway)
{
    for (unsigned i = 0; i < gateway->pending_count; i++) {
        const struct delivery delivery = gateway->pending[i];
        alerts_on_delivery(gateway->alerts, gateway->t_ms, &delivery);
    }
    gateway->pending_count = 0;
    if (gateway->closing.lesson != LESSON_NONE) {
        const struct closing closing = gateway->closing;
        gateway->closing.lesson = LESSON_NONE;
        detect_on_closing(gateway->detect, gateway->t_ms, &closing);
    }
    for (unsigned i = 0; i < gateway->changed_count; i++) {
        const struct alert *alert = alerts_find(gateway->alerts, &gateway->changed[i]);
        if (alert != NULL)
            store_alert(gateway, alert);
    }
    gateway->changed_count = 0;
}

static enum delivery_state delivery_of_command(enum command_state state)
{
    static const enum delivery_state states[COMMAND_STATE_COUNT] = {
        [COMMAND_STATE_NONE] = DELIVERY_COUNT,         [COMMAND_STATE_RECEIVED] = DELIVERY_RECEIVED,
        [COMMAND_STATE_PLAYING] = DELIVERY_PLAYING,    [COMMAND_STATE_PLAYED] = DELIVERY_PLAYED,
        [COMMAND_STATE_FAILED] = DELIVERY_FAILED,      [COMMAND_STATE_EXPIRED] = DELIVERY_EXPIRED,
        [COMMAND_STATE_CANCELLED] = DELIVERY_CANCELLED};
    return (unsigned)state < COMMAND_STATE_COUNT ? states[state] : DELIVERY_COUNT;
}

/* A device's answer to a command is feedback to the alert stage, not a matter for detectors. */
static void on_command_status(struct gateway *gateway, const struct event_command_status *status)
{
    static const char *const reasons[FAIL_REASON_COUNT] = {"",     "speaker", "no_clip", "unsupported",
                                                           "busy", "power",   "bad_clip"};
    struct delivery delivery = {.state = (uint8_t)delivery_of_command(status->state)};
    if (delivery.state == DELIVERY_COUNT || !hash_id_parse(status->command_id, &delivery.job))
        return;
    text_copy(delivery.reason, sizeof(delivery.reason),
              status->reason < FAIL_REASON_COUNT ? reasons[status->reason] : "");
    alerts_on_delivery(gateway->alerts, gateway->t_ms, &delivery);
}

static void on_event(struct gateway *gateway, const struct event *event)
{
    gateway->stats.events++;
    live_on_event(gateway->live, gateway->config.registry, gateway->t_ms, event);
    if (event->kind == EVENT_COMMAND_STATUS)
        on_command_status(gateway, &event->command_status);
    else if (!(event->flags & EVENT_LIFE_SAFETY) || event_is_emergency(event->kind))
        detect_on_event(gateway->detect, gateway->t_ms, event);
    /* A position kept for an emergency only says where to go; nothing is judged or learned from it. */
    alerts_on_event(gateway->alerts, gateway->t_ms, event);
}

/* Within a report emergencies come first, so that nothing beside them can delay or mask them. */
static void on_report(struct gateway *gateway, const struct report *report)
{
    for (unsigned i = 0; i < report->count; i++)
        if (event_is_emergency(report->events[i].kind))
            on_event(gateway, &report->events[i]);
    for (unsigned i = 0; i < report->count; i++)
        if (!event_is_emergency(report->events[i].kind))
            on_event(gateway, &report->events[i]);
}

static void keep_announcement(struct gateway *gateway, const struct announcement *announcement)
{
    struct batch_item *item = add(gateway, BATCH_ANNOUNCEMENT);
    if (item != NULL)
        item->announcement = *announcement;
}

static enum err on_action(struct gateway *gateway, const struct action *action)
{
    if (action->kind == ACTION_ANNOUNCE || action->kind == ACTION_UNANNOUNCE) {
        struct announcement announcement;
        const enum err err = action->kind == ACTION_ANNOUNCE
                                 ? gateway_announce(gateway, action, &announcement)
                                 : gateway_unannounce(gateway, action, &announcement);
        if (err == ERR_OK)
            keep_announcement(gateway, &announcement);
        return err;
    }
    if (action->kind != ACTION_STATUS)
        return alerts_on_action(gateway->alerts, gateway->t_ms, action);
    if (action->subject.kind != SUBJECT_RESIDENT ||
        action->subject.no >= registry_count(gateway->config.registry, REGISTRY_RESIDENT))
        return ERR_NOT_FOUND;
    live_set_status(gateway->live, action->subject.no, action->status, action->until_ms);
    return alerts_on_action(gateway->alerts, gateway->t_ms,
                            action); /* what was queued for the home ends with a death */
}

static void record(struct gateway *gateway, const struct input *input)
{
    gateway->stats.inputs++;
    struct batch_item *item = add(gateway, BATCH_INPUT);
    if (item == NULL)
        return;
    buf_clear(&gateway->scratch);
    input_encode(input, &gateway->scratch);
    assert(!gateway->scratch.failed);
    const void *blob = keep(gateway, gateway->scratch.data, gateway->scratch.len);
    item->input = (struct batch_input){.n = input->n,
                                       .t_ms = input->t_ms,
                                       .kind = input->kind,
                                       .device = REGISTRY_NONE,
                                       .len = gateway->scratch.len,
                                       .blob = blob};
    if (input->kind == INPUT_REPORT) {
        item->input.device = input->report.device;
        item->input.epoch = input->report.epoch;
        item->input.first_seq = input->report.first_seq;
        item->input.lane = input->report.lane;
        item->input.count = input->report.count;
        gateway->batch->events += input->report.count;
        gateway->batch->urgent |= input->report.lane == LANE_URGENT;
    } else if (input->kind == INPUT_LINK) {
        item->input.device = input->link.device;
    }
    gateway->batch->last_n = input->n;
}

static enum err fold(struct gateway *gateway, const struct input *input)
{
    switch ((enum input_kind)input->kind) {
    case INPUT_REPORT: on_report(gateway, &input->report); break;
    case INPUT_ACTION: return on_action(gateway, &input->action);
    case INPUT_DELIVERY: alerts_on_delivery(gateway->alerts, gateway->t_ms, &input->delivery); break;
    case INPUT_LINK:
        live_on_link(gateway->live, input->link.device, gateway->t_ms, input->link.up, input->link.ordinal);
        break;
    case INPUT_BROKER: live_on_broker(gateway->live, gateway->t_ms, input->broker_up); break;
    case INPUT_REGISTRY: /* the new tables were bound before this input; it marks from where they hold */
        gateway_forget_lost(gateway);
        break;
    case INPUT_CONFIG:
    case INPUT_NONE:
    case INPUT_KIND_COUNT: break;
    }
    return ERR_OK;
}

static bool has_room(const struct gateway *gateway)
{
    return gateway->batch == NULL || batch_room(gateway->batch);
}

/* Fires what is due by t, in order; false when the batch was full before that. */
static bool run_to(struct gateway *gateway, int64_t t_ms)
{
    int64_t deadline_ms;
    uint64_t owner;
    while (has_room(gateway) && timers_peek(&gateway->timers, t_ms, &deadline_ms, &owner)) {
        const bool is_alert = timer_owner_slot(owner) >= TIMER_SLOT_ALERT;
        struct timer_slot *slot =
            is_alert ? alerts_slot(gateway->alerts, owner) : detect_slot(gateway->detect, owner);
        if (!timers_fires(&gateway->timers, slot))
            continue;
        gateway->stats.timers_fired++;
        /* A timer armed for the past (a late event) fires now: time never runs back. */
        if (deadline_ms > gateway->t_ms)
            gateway->t_ms = deadline_ms;
        if (is_alert)
            alerts_on_timer(gateway->alerts, owner, gateway->t_ms);
        else
            detect_on_timer(gateway->detect, owner, gateway->t_ms);
        settle(gateway);
    }
    const bool reached = has_room(gateway);
    if (reached && t_ms > gateway->t_ms)
        gateway->t_ms = t_ms;
    return reached;
}

enum err gateway_on_input(struct gateway *gateway, struct input *input)
{
    if (input->t_ms < gateway->t_ms)
        input->t_ms = gateway->t_ms;
    if (!run_to(gateway, input->t_ms))
        return ERR_FULL;
    input->n = gateway->n + 1;
    gateway->n = input->n;
    const enum err err = fold(gateway, input);
    if (err != ERR_OK) {
        gateway->n--;
        return err;
    }
    record(gateway, input);
    settle(gateway);
    return ERR_OK;
}

/* "Time ran to T" is a promise to the next start, which fires everything up to T unheard. So only a tick that
 * left nothing due behind it may say so; neither one that the full batch cut short, nor an input, which may
 * have armed a timer for its own moment. */
bool gateway_on_tick(struct gateway *gateway, int64_t t_ms)
{
    const bool reached = run_to(gateway, t_ms);
    if (reached && gateway->batch != NULL)
        gateway->batch->t_ms = gateway->t_ms;
    return reached;
}

bool gateway_note_gap(struct gateway *gateway, const struct batch_gap *gap)
{
    if (!has_room(gateway))
        return false;
    struct batch_item *item = add(gateway, BATCH_GAP);
    if (item != NULL)
        item->gap = *gap;
    return true;
}
