/* An input as a line of JSON: what `journal export` writes and replay reads back. */
#include "alert/rollout.h"
#include "input.h"

#include <assert.h>
#include <string.h>

#include "ingest/event_json.h"
#include "registry/parts.h"

static void json_time(struct buf *out, const struct tz *tz, const char *name, int64_t t_ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(tz, t_ms, text);
    buf_printf(out, "\"%s\":\"%s\"", name, text);
}

/* The first member of an object takes no comma. */
static void json_text(struct buf *out, const char *name, const char *text)
{
    if (out->len != 0 && out->data[out->len - 1] != '{')
        buf_putc(out, ',');
    buf_printf(out, "\"%s\":", name);
    buf_json_string(out, text);
}

static void json_device(struct buf *out, const struct registry *registry, uint32_t device)
{
    bool known = registry != NULL && device < registry_count(registry, REGISTRY_DEVICE);
    json_text(out, "device", known ? registry_device(registry, device)->id : "?");
}

/* The time the device told: what makes event_set_time come to the same at_ms and flags again. */
static int64_t told_time(const struct event *event)
{
    if ((event->flags & EVENT_NO_TIME) != 0)
        return 0;
    return (event->flags & EVENT_AT_BAD) != 0 ? 1 : event->at_ms;
}

static void json_report(struct buf *out, const struct report *report, const struct registry *registry,
                        const struct tz *tz)
{
    bool consecutive = true, marked = false;

    for (unsigned i = 0; i < report->count; i++) {
        consecutive &= report_seq(report, i) == report->first_seq + i;
        marked |= report->events[i].report != 1; /* what a line without the list means */
    }
    json_device(out, registry, report->device);
    buf_printf(out, ",\"lane\":\"%s\",\"epoch\":%u,\"seq\":%llu", lane_name((enum lane)report->lane),
               report->epoch, (unsigned long long)report->first_seq);
    if (!consecutive)
        for (unsigned i = 0; i < report->count; i++)
            buf_printf(out, "%s%llu", i == 0 ? ",\"seqs\":[" : ",",
                       (unsigned long long)report_seq(report, i));
    if (!consecutive)
        buf_putc(out, ']');
    if (marked)
        for (unsigned i = 0; i < report->count; i++)
            buf_printf(out, "%s%u", i == 0 ? ",\"reports\":[" : ",", report->events[i].report);
    if (marked)
        buf_putc(out, ']');
    buf_puts(out, ",\"events\":[");
    for (unsigned i = 0; i < report->count; i++) {
        if (i != 0)
            buf_putc(out, ',');
        event_to_json(&report->events[i], told_time(&report->events[i]), tz, out);
    }
    buf_putc(out, ']');
}

static const char *subject_member(unsigned kind)
{
    switch (kind) {
    case SUBJECT_RESIDENT: return "resident";
    case SUBJECT_HOUSEHOLD: return "household";
    case SUBJECT_TERRITORY: return "territory";
    case SUBJECT_DEVICE: return "device";
    default: return NULL;
    }
}

static void json_order(struct buf *out, const struct campaign_order *order, const struct registry *registry,
                       const struct tz *tz)
{
    buf_putc(out, ',');
    json_time(out, tz, "start", order->start_ms);
    buf_putc(out, ',');
    json_time(out, tz, "end", order->end_ms);
    buf_printf(out, ",\"per_minute\":%u", order->per_minute);
    if (order->category[0] != '\0')
        json_text(out, "category", order->category);
    if (order->territory[0] != '\0')
        json_text(out, "in", order->territory);
    for (unsigned i = 0; i < order->count; i++) {
        const struct subject subject = {.kind = SUBJECT_RESIDENT, .no = order->list[i]};
        buf_puts(out, i == 0 ? ",\"residents\":[" : ",");
        buf_json_string(out, registry != NULL ? registry_subject_id(registry, subject) : "?");
    }
    if (order->count != 0)
        buf_putc(out, ']');
}

static void json_rollout(struct buf *out, const struct rollout_order *order)
{
    char stages[ROLLOUT_STAGES_TEXT];
    rollout_stages_text(order, stages);
    buf_printf(out, ",\"interval_s\":%u,\"watch_s\":%u,\"per_minute\":%u", order->interval_s, order->watch_s,
               order->per_minute);
    buf_printf(out, ",\"acked_permille\":%u,\"trouble_permille\":%u", (unsigned)order->acked_permille,
               (unsigned)order->trouble_permille);
    json_text(out, "stages", stages);
    if (order->territory[0] != '\0')
        json_text(out, "in", order->territory);
    if (order->firmware[0] != '\0')
        json_text(out, "firmware", order->firmware);
}

static void json_roster(struct buf *out, const struct action *action, const struct tz *tz)
{
    json_text(out, "roster", action->roster.name);
    buf_putc(out, ',');
    json_time(out, tz, "from", action->from_ms);
    if (action->roster.instead[0] != '\0')
        json_text(out, "instead", action->roster.instead);
    if (action->kind == ACTION_ROSTER_SWAP) {
        buf_putc(out, ',');
        json_time(out, tz, "back_from", action->roster.back_from_ms);
        buf_putc(out, ',');
        json_time(out, tz, "back_until", action->roster.back_until_ms);
    }
}

static void json_handover(struct buf *out, const struct action *action)
{
    if (action->roster.name[0] != '\0')
        json_text(out, "roster", action->roster.name);
    if (action->role != ROLE_NONE)
        json_text(out, "role", role_name((enum role)action->role));
    if (action->list != 0)
        buf_printf(out, ",\"list\":%u", action->list);
}

static void json_action(struct buf *out, const struct action *action, const struct registry *registry,
                        const struct tz *tz)
{
    const char *member = subject_member(action->subject.kind);
    char id[HASH_ID_TEXT];

    buf_printf(out, ",\"action\":{\"%s\":{", action_name((enum action_kind)action->kind));
    if (action->has_alert != 0) {
        hash_id_text(&action->alert, id);
        json_text(out, "alert", id);
    } else if (member != NULL) {
        json_text(out, member, registry != NULL ? registry_subject_id(registry, action->subject) : "?");
        if (action->family < FAMILY_COUNT)
            json_text(out, "family", family_name((enum family)action->family));
    }
    json_text(out, "by", action->by);
    if (action->disposition != DISPOSITION_NONE)
        json_text(out, "disposition", disposition_name((enum disposition)action->disposition));
    if (action->outcome != OUTCOME_NONE)
        json_text(out, "outcome", outcome_name((enum outcome)action->outcome));
    if (action->kind == ACTION_STATUS && action->status <= STATUS_DECEASED)
        json_text(out, "status", resident_status_name((enum resident_status)action->status));
    if (action->kind == ACTION_ANNOUNCE) {
        json_text(out, "announced", announced_name((enum announced)action->announced));
        buf_putc(out, ',');
        json_time(out, tz, "from", action->from_ms);
    }
    if (action_is_of_ledger(action) && action->from_ms != 0) {
        buf_putc(out, ',');
        json_time(out, tz, "from", action->from_ms);
    }
    if (action->authority[0] != '\0')
        json_text(out, "authority", action->authority);
    if (action->receipt[0] != '\0')
        json_text(out, "receipt", action->receipt);
    if (action->result != LEDGER_RESULT_NONE)
        json_text(out, "result", ledger_result_name((enum ledger_result)action->result));
    if (action->until_ms != 0) {
        buf_putc(out, ',');
        json_time(out, tz, "until", action->until_ms);
    }
    if (action->note[0] != '\0')
        json_text(out, "note", action->note);
    if (action->task != TASK_NONE)
        json_text(out, "task", task_name((enum task_kind)action->task));
    if (action->to[0] != '\0')
        json_text(out, "to", action->to);
    if (action->prompt[0] != '\0')
        json_text(out, "prompt", action->prompt);
    if (action->kind == ACTION_SPEAK && action->device != REGISTRY_NONE && registry != NULL)
        json_text(out, "through",
                  action->device < registry_count(registry, REGISTRY_DEVICE)
                      ? registry_device(registry, action->device)->id
                      : "?");
    if (action->kind == ACTION_DEVICE_INTERVAL)
        buf_printf(out, ",\"interval_s\":%u,\"duration_s\":%u", action->interval_s, action->duration_s);
    if (action->kind == ACTION_CAMPAIGN)
        json_order(out, &action->campaign, registry, tz);
    if (action->kind == ACTION_ROLLOUT_START)
        json_rollout(out, &action->rollout);
    if (action_is_roster_change(action))
        json_roster(out, action, tz);
    if (action_is_handover(action))
        json_handover(out, action);
    if (action->kind == ACTION_POLICE)
        json_text(out, "state", police_word_name((enum police_word)action->police_word));
    buf_puts(out, "}}");
}

static void json_delivery(struct buf *out, const struct delivery *delivery)
{
    char id[HASH_ID_TEXT];

    hash_id_text(&delivery->job, id);
    buf_puts(out, ",\"relay_result\":{");
    json_text(out, "relay", id);
    json_text(out, "state", delivery_name((enum delivery_state)delivery->state));
    if (delivery->reason[0] != '\0')
        json_text(out, "reason", delivery->reason);
    buf_putc(out, '}');
}

static void json_conduct(struct buf *out, const struct conduct *conduct, const struct registry *registry,
                         const struct tz *tz)
{
    buf_puts(out, ",\"conduct\":{");
    json_device(out, registry, conduct->device);
    json_text(out, "kind", conduct_name((enum conduct_kind)conduct->kind));
    buf_printf(out, ",\"count\":%u,\"epoch\":%u", conduct->count, conduct->epoch);
    json_text(out, "lane", lane_name((enum lane)conduct->lane));
    buf_putc(out, ',');
    json_time(out, tz, "since", conduct->since_ms);
    buf_putc(out, '}');
}

void input_to_json(const struct input *input, const struct registry *registry, const struct tz *tz,
                   struct buf *out)
{
    buf_putc(out, '{');
    json_time(out, tz, "t", input->t_ms);
    switch ((enum input_kind)input->kind) {
    case INPUT_REPORT: json_report(out, &input->report, registry, tz); break;
    case INPUT_ACTION: json_action(out, &input->action, registry, tz); break;
    case INPUT_DELIVERY: json_delivery(out, &input->delivery); break;
    case INPUT_LINK:
        buf_puts(out, ",\"link\":{");
        json_device(out, registry, input->link.device);
        buf_printf(out, ",\"up\":%s,\"ordinal\":%llu}", input->link.up != 0 ? "true" : "false",
                   (unsigned long long)input->link.ordinal);
        break;
    case INPUT_CONDUCT: json_conduct(out, &input->conduct, registry, tz); break;
    case INPUT_BROKER:
        buf_printf(out, ",\"broker\":{\"up\":%s}", input->broker_up != 0 ? "true" : "false");
        break;
    case INPUT_TROUBLE:
        buf_printf(out, ",\"trouble\":{\"part\":\"%s\",\"on\":%s,\"number\":%lu}",
                   part_id((enum part)input->trouble.part), input->trouble.on != 0 ? "true" : "false",
                   (unsigned long)input->trouble.number);
        break;
    case INPUT_REGISTRY:
    case INPUT_CONFIG:
        buf_printf(out, ",\"%s\":{\"version\":", input_kind_name((enum input_kind)input->kind));
        buf_json_string(out, input->version);
        buf_putc(out, '}');
        break;
    case INPUT_NONE:
    case INPUT_KIND_COUNT: assert(0 && "an input has a kind");
    }
    buf_putc(out, '}');
}
