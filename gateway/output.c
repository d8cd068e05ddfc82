#include "output.h"

#include <string.h>

static void put_time(struct buf *out, const struct tz *tz, int64_t t_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(tz, t_ms, text);
    buf_printf(out, "{\"t\":\"%s\"", text);
}

static void put_id(struct buf *out, const char *member, const struct hash_id *id)
{
    char text[HASH_ID_TEXT];
    hash_id_text(id, text);
    buf_printf(out, ",\"%s\":\"%s\"", member, text);
}

static void put_subject(struct buf *out, struct subject subject, const struct registry *registry)
{
    buf_printf(out, "\"subject\":{\"%s\":", subject_kind_name(subject.kind));
    buf_json_string(out, registry_subject_id(registry, subject));
    buf_putc(out, '}');
}

static void put_reason(struct buf *out, const struct finding *finding, const struct registry *registry,
                       const struct tz *tz)
{
    struct buf sentence;
    buf_init(&sentence, 1024);
    finding_sentence(finding, registry, tz, false, &sentence);
    buf_puts(out, ",\"reason\":");
    buf_json_string(out, buf_text(&sentence));
    buf_printf(out, ",\"code\":\"%s\"", finding_code(finding));
    if (finding->flags & FINDING_LATE)
        buf_puts(out, ",\"late\":true");
    if (finding->flags & FINDING_CLEARS)
        buf_puts(out, ",\"clears\":true");
    buf_release(&sentence);
}

static bool is_set(const struct hash_id *id)
{
    static const struct hash_id zero;
    return memcmp(id, &zero, sizeof(zero)) != 0;
}

void output_transition(const struct alert *alert, const struct transition *transition,
                       const struct registry *registry, const struct tz *tz, struct buf *out)
{
    put_time(out, tz, transition->t_ms);
    put_id(out, "alert", &alert->id);
    buf_printf(out, ",\"transition\":\"%s\",", transition_name(transition->kind));
    put_subject(out, alert->subject, registry);
    buf_printf(out, ",\"family\":\"%s\",\"level\":\"%s\"", family_name(alert->family),
               level_name(alert->level));
    if (alert_is_exercise(alert, registry))
        buf_puts(out, ",\"exercise\":true");
    buf_puts(out, ",\"findings\":[");
    for (unsigned i = 0; i < alert->share_count; i++) {
        const struct finding *finding = &alert->shares[i].finding;
        buf_printf(out, "%s{\"detector\":\"%s\",\"score\":%.6f", i > 0 ? "," : "",
                   detectors[finding->detector]->name, finding->score);
        put_reason(out, finding, registry, tz);
        buf_putc(out, '}');
    }
    buf_printf(out, "],\"number\":%u", transition->number);
    if (transition->kind == TRANSITION_CLOSED)
        buf_printf(out, ",\"disposition\":\"%s\"", disposition_name(alert->disposition));
    if (is_set(&alert->previous))
        put_id(out, "previous", &alert->previous);
    if (is_set(&alert->absorbed_by))
        put_id(out, "absorbed_by", &alert->absorbed_by);
    buf_puts(out, ",\"by\":");
    buf_json_string(out, transition->by);
    buf_puts(out, ",\"why\":");
    buf_json_string(out, transition->why);
    buf_putc(out, '}');
}

void output_finding(const struct finding *finding, const struct registry *registry, const struct tz *tz,
                    struct buf *out)
{
    put_time(out, tz, finding->t_ms);
    buf_printf(out, ",\"finding\":{\"detector\":\"%s\",", detectors[finding->detector]->name);
    put_subject(out, finding->subject, registry);
    buf_printf(out, ",\"family\":\"%s\",\"score\":%.6f,\"level\":\"%s\"", family_name(finding->family),
               finding->score, level_name(finding->level));
    if (finding->flags & FINDING_HELD)
        buf_printf(out, ",\"held\":{\"rarity_db\":%u}", finding->rarity);
    put_reason(out, finding, registry, tz);
    buf_puts(out, "}}");
}

void output_row(const struct outbox_row *row, const struct tz *tz, struct buf *out)
{
    put_time(out, tz, row->created_ms);
    buf_printf(out, ",\"relay\":\"%s\",\"state\":\"%s\"", job_name(row->job_kind),
               delivery_name(DELIVERY_QUEUED));
    put_id(out, "id", &row->id);
    put_id(out, "alert", &row->alert);
    buf_printf(out, ",\"level\":\"%s\"", level_name(row->level));
    if (row->role != ROLE_NONE)
        buf_printf(out, ",\"role\":\"%s\"", role_name(row->role));
    buf_puts(out, ",\"to\":");
    buf_json_string(out, row->target_name);
    buf_putc(out, '}');
}

void output_delivery(const struct batch_delivery *delivery, const struct tz *tz, struct buf *out)
{
    put_time(out, tz, delivery->t_ms);
    buf_printf(out, ",\"relay\":\"%s\",\"state\":\"%s\"", job_name(delivery->job_kind),
               delivery_name(delivery->state));
    put_id(out, "id", &delivery->job);
    put_id(out, "alert", &delivery->alert);
    if (delivery->reason[0] != '\0') {
        buf_puts(out, ",\"reason\":");
        buf_json_string(out, delivery->reason);
    }
    buf_putc(out, '}');
}

void output_suppression(const struct batch_suppression *item, const struct tz *tz, struct buf *out)
{
    const struct suppression *held = &item->suppression;
    put_time(out, tz, held->t_ms);
    buf_printf(out, ",\"suppressed\":\"%s\",\"rule\":\"%s\"", job_name(held->job.kind),
               suppression_rule_name(held->rule));
    put_id(out, "alert", &held->job.alert);
    buf_printf(out, ",\"level\":\"%s\"", level_name(held->job.level));
    if (held->job.role != ROLE_NONE)
        buf_printf(out, ",\"role\":\"%s\"", role_name(held->job.role));
    buf_puts(out, ",\"what\":");
    buf_json_string(out, held->job.prompt);
    buf_puts(out, ",\"who\":");
    buf_json_string(out, item->who);
    if (is_set(&held->silence))
        put_id(out, "silence", &held->silence);
    buf_puts(out, ",\"by\":");
    buf_json_string(out, held->by);
    buf_puts(out, ",\"why\":");
    buf_json_string(out, held->why);
    buf_putc(out, '}');
}

void output_silence(const struct silence *silence, const struct registry *registry, const struct tz *tz,
                    struct buf *out)
{
    char until[CLOCK_TEXT_SIZE];
    clock_format(tz, silence->until_ms, until);
    put_time(out, tz, silence->removed_ms != 0 ? silence->removed_ms : silence->t_ms);
    put_id(out, "silence", &silence->id);
    buf_printf(out, ",\"state\":\"%s\",", silence->removed_ms != 0 ? "removed" : "added");
    put_subject(out, silence->subject, registry);
    if (silence->family < FAMILY_COUNT)
        buf_printf(out, ",\"family\":\"%s\"", family_name(silence->family));
    buf_printf(out, ",\"until\":\"%s\",\"by\":", until);
    buf_json_string(out, silence->removed_ms != 0 ? silence->removed_by : silence->by);
    buf_puts(out, ",\"why\":");
    buf_json_string(out, silence->why);
    buf_putc(out, '}');
}

void output_announcement(const struct announcement *announcement, const struct registry *registry,
                         const struct tz *tz, struct buf *out)
{
    const bool removed = announcement->removed_ms != 0;
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    clock_format(tz, announcement->from_ms, from);
    clock_format(tz, announcement->until_ms, until);
    put_time(out, tz, removed ? announcement->removed_ms : announcement->t_ms);
    put_id(out, "announcement", &announcement->id);
    buf_printf(out, ",\"state\":\"%s\",", removed ? "cancelled" : "added");
    put_subject(out, (struct subject){.kind = SUBJECT_TERRITORY, .no = announcement->territory}, registry);
    buf_printf(out, ",\"announced\":\"%s\",\"from\":\"%s\",\"until\":\"%s\",\"by\":",
               announced_name((enum announced)announcement->kind), from, until);
    buf_json_string(out, removed ? announcement->removed_by : announcement->by);
    buf_puts(out, ",\"note\":");
    buf_json_string(out, announcement->note);
    buf_putc(out, '}');
}

void output_campaign(const struct batch_campaign *item, const struct tz *tz, struct buf *out)
{
    const struct campaign *campaign = &item->campaign;
    const struct campaign_order *order = &campaign->order;
    char start[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE];
    clock_format(tz, order->start_ms, start);
    clock_format(tz, order->end_ms, end);
    put_time(out, tz, item->t_ms);
    put_id(out, "campaign", &campaign->id);
    buf_printf(out, ",\"state\":\"%s\",\"prompt\":", campaign_state_name(campaign->state));
    buf_json_string(out, campaign->prompt);
    buf_puts(out, ",\"category\":");
    buf_json_string(out, order->category);
    buf_puts(out, ",\"in\":");
    buf_json_string(out, order->territory);
    buf_printf(out, ",\"listed\":%u,\"start\":\"%s\",\"end\":\"%s\",\"per_minute\":%u,\"by\":",
               (unsigned)order->count, start, end, (unsigned)order->per_minute);
    buf_json_string(out, campaign->state == CAMPAIGN_CANCELLED ? campaign->ended_by : campaign->by);
    buf_puts(out, ",\"note\":");
    buf_json_string(out, campaign->note);
    buf_putc(out, '}');
}

void output_reach(const struct batch_reach *reach, const struct registry *registry, const struct tz *tz,
                  struct buf *out)
{
    put_time(out, tz, reach->t_ms);
    put_id(out, "campaign", &reach->campaign);
    buf_printf(out, ",\"reach\":\"%s\",", reach_name(reach->reach));
    put_subject(out, (struct subject){.kind = SUBJECT_RESIDENT, .no = reach->resident}, registry);
    buf_putc(out, '}');
}

void output_roster(const struct roster_change *change, const struct tz *tz, struct buf *out)
{
    const bool removed = change->removed_ms != 0;
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    clock_format(tz, change->from_ms, from);
    clock_format(tz, change->until_ms, until);
    put_time(out, tz, removed ? change->removed_ms : change->t_ms);
    put_id(out, "roster_change", &change->id);
    buf_printf(out, ",\"state\":\"%s\",\"roster\":\"%s\",\"person\":\"%s\"", removed ? "cancelled" : "added",
               change->roster, change->person);
    if (change->instead[0] != '\0')
        buf_printf(out, ",\"instead\":\"%s\"", change->instead);
    buf_printf(out, ",\"from\":\"%s\",\"until\":\"%s\",\"by\":", from, until);
    buf_json_string(out, removed ? change->removed_by : change->by);
    buf_puts(out, ",\"why\":");
    buf_json_string(out, change->why);
    buf_putc(out, '}');
}

/* What happened to a task, an entry or a handover, then its own members. */
static void put_event(struct buf *out, const char *by, const char *why, const char *json, size_t len)
{
    buf_puts(out, ",\"by\":");
    buf_json_string(out, by);
    buf_puts(out, ",\"why\":");
    buf_json_string(out, why);
    buf_putc(out, ',');
    buf_append(out, json + 1, len - 1);
}

void output_task(const struct batch_task *item, const struct tz *tz, struct buf *out)
{
    put_time(out, tz, item->event.t_ms);
    buf_printf(out, ",\"event\":\"%s\"", task_event_name(item->event.kind));
    put_event(out, item->event.by, item->event.why, item->json, item->len);
}

void output_ledger(const struct batch_ledger *item, const struct tz *tz, struct buf *out)
{
    put_time(out, tz, item->event.t_ms);
    buf_printf(out, ",\"ledger\":\"%s\"", ledger_event_name(item->event.kind));
    put_event(out, item->event.by, item->event.why, item->json, item->len);
}

void output_handover(const struct batch_handover *item, const struct tz *tz, struct buf *out)
{
    put_time(out, tz, item->event.t_ms);
    buf_printf(out, ",\"handover\":\"%s\"", handover_event_name(item->event.kind));
    put_event(out, item->event.by, item->event.why, item->json, item->len);
}

bool output_item(const struct batch_item *item, bool findings, const struct registry *registry,
                 const struct tz *tz, struct buf *out)
{
    switch (item->kind) {
    case BATCH_FINDING:
        if (findings)
            output_finding(&item->finding.finding, registry, tz, out);
        return findings;
    case BATCH_TRANSITION: buf_append(out, item->transition.line, item->transition.len); return true;
    case BATCH_JOB: output_row(&item->row, tz, out); return true;
    case BATCH_DELIVERY: output_delivery(&item->delivery, tz, out); return true;
    case BATCH_SUPPRESSION: output_suppression(&item->suppression, tz, out); return true;
    case BATCH_TASK: output_task(&item->task, tz, out); return true;
    case BATCH_LEDGER: output_ledger(&item->ledger, tz, out); return true;
    case BATCH_HANDOVER: output_handover(&item->handover, tz, out); return true;
    case BATCH_SILENCE: output_silence(&item->silence, registry, tz, out); return true;
    case BATCH_ROSTER: output_roster(&item->roster, tz, out); return true;
    case BATCH_ANNOUNCEMENT: output_announcement(&item->announcement, registry, tz, out); return true;
    case BATCH_CAMPAIGN: output_campaign(&item->campaign, tz, out); return true;
    case BATCH_REACH: output_reach(&item->reach, registry, tz, out); return true;
    case BATCH_INPUT:
    case BATCH_ALERT:
    case BATCH_WATERMARK:
    case BATCH_GAP:
    case BATCH_STATE:
    case BATCH_STATE_DONE:
    case BATCH_SPOKEN:
    case BATCH_ORDER:
    case BATCH_ROLLOUT: return false;
    }
    return false;
}
