#include "gateway_inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "output.h"

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
                                         .on_finding = gateway_on_finding,
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
                                       .sink = gateway_sink(gateway)};
    err = alerts_new(&alert, &gateway->alerts);
out:
    if (err != ERR_OK) {
        gateway_free(gateway);
    } else {
        gateway_budget_bind(gateway);
        *ret_gateway = gateway;
    }
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
    gateway_budget_bind(gateway);
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
        emergency |= events[i].kind == EVENT_FIX && alerts_is_locating(gateway->alerts, device);
        refused[i] = REFUSAL_NONE;
        events[i].key.device = device;
        enum admit_basis basis;
        refused[i] = registry_admit(gateway->config.registry, device, emergency, &events[i], &basis);
        event_set_time(&events[i], events[i].at_ms, t_ms, gateway->config.lateness_ms);
        /* What it did when it was nobody's says nothing about who has it now; but a cry for help is one. */
        if (refused[i] == REFUSAL_NONE && !emergency &&
            events[i].at_ms < registry_device(gateway->config.registry, device)->adopted_ms)
            refused[i] = REFUSAL_BEFORE_ADOPTION;
    }
    for (unsigned i = 0; i < count; i++) {
        if (refused[i] != REFUSAL_NONE)
            continue;
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
            gateway_store_alert(gateway, alert);
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
    struct batch_item *item = gateway_add(gateway, BATCH_ANNOUNCEMENT);
    if (item != NULL)
        item->announcement = *announcement;
}

static enum err open_test_window(struct gateway *gateway, const struct action *action)
{
    const struct registry *registry = gateway->config.registry;
    if (action->subject.kind != SUBJECT_DEVICE ||
        action->subject.no >= registry_count(registry, REGISTRY_DEVICE) ||
        registry_device(registry, action->subject.no)->removed)
        return ERR_NOT_FOUND;
    live_open_test_window(gateway->live, action->subject.no, gateway->t_ms);
    return ERR_OK;
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
    if (action->kind == ACTION_TEST_WINDOW)
        return open_test_window(gateway, action);
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
    struct batch_item *item = gateway_add(gateway, BATCH_INPUT);
    if (item == NULL)
        return;
    buf_clear(&gateway->scratch);
    input_encode(input, &gateway->scratch);
    assert(!gateway->scratch.failed);
    const void *blob = gateway_keep(gateway, gateway->scratch.data, gateway->scratch.len);
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
    } else if (input->kind == INPUT_ACTION && input->action.subject.kind == SUBJECT_DEVICE) {
        item->input.device = input->action.subject.no; /* found by it when a wearer's data is erased */
    } else if (input->kind == INPUT_CONDUCT) {
        item->input.device = input->conduct.device;
    }
    gateway->batch->last_n = input->n;
}

static enum err fold(struct gateway *gateway, const struct input *input)
{
    alerts_on_input(gateway->alerts, gateway->t_ms);
    switch ((enum input_kind)input->kind) {
    case INPUT_REPORT: on_report(gateway, &input->report); break;
    case INPUT_ACTION: return on_action(gateway, &input->action);
    case INPUT_DELIVERY: alerts_on_delivery(gateway->alerts, gateway->t_ms, &input->delivery); break;
    case INPUT_LINK:
        live_on_link(gateway->live, input->link.device, gateway->t_ms, input->link.up, input->link.ordinal);
        break;
    case INPUT_CONDUCT: detect_on_conduct(gateway->detect, gateway->t_ms, &input->conduct); break;
    case INPUT_BROKER: live_on_broker(gateway->live, gateway->t_ms, input->broker_up); break;
    case INPUT_REGISTRY: /* the new tables were bound before this input; it marks from where they hold */
        gateway_forget_lost(gateway);
        break;
    case INPUT_TROUBLE: alerts_on_trouble(gateway->alerts, gateway->t_ms, &input->trouble); break;
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
    struct batch_item *item = gateway_add(gateway, BATCH_GAP);
    if (item != NULL)
        item->gap = *gap;
    return true;
}
