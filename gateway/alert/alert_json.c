/* An alert as one line of JSON: ids, levels, times and sentences, and no personal data: no names, addresses,
 * phones or positions. Members in fixed order. */
#include "alert/alerts.h"
#include "alert/lifecycle.h"

void alert_put_time(struct buf *out, const char *name, const struct tz *tz, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];
    if (!ms)
        return;
    clock_format(tz, ms, text);
    buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void put_id(struct buf *out, const char *name, const struct hash_id *id)
{
    static const struct hash_id none;
    char text[HASH_ID_TEXT];
    bool zero = true;
    for (unsigned i = 0; i < HASH_ID_SIZE; i++)
        zero &= id->bytes[i] == none.bytes[i];
    if (zero)
        return;
    hash_id_text(id, text);
    buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

static void put_sentence(struct buf *out, const char *name, const struct finding *finding,
                         const struct registry *registry, const struct tz *tz, bool zh)
{
    enum { SENTENCE_MAX = 1024 };
    struct buf sentence;
    buf_init(&sentence, SENTENCE_MAX);
    finding_sentence(finding, registry, tz, zh, &sentence);
    buf_printf(out, ",\"%s\":", name);
    buf_json_string(out, buf_text(&sentence));
    buf_release(&sentence);
}

static void put_share(struct buf *out, const struct alert_share *share, const struct registry *registry,
                      const struct tz *tz)
{
    const struct finding *finding = &share->finding;
    bool known = finding->detector < detector_count();
    buf_printf(out,
               "{\"detector\":\"%s\",\"score\":%.6f,\"level\":\"%s\",\"code\":\"%s\",\"active\":%s,\"late\":%"
               "s,\"count\":%lu",
               known ? detectors[finding->detector]->name : "?", finding->score,
               level_name((enum level)finding->level), finding_code(finding),
               share->active ? "true" : "false", finding->flags & FINDING_LATE ? "true" : "false",
               (unsigned long)share->count);
    alert_put_time(out, "at", tz, finding->at_ms);
    alert_put_time(out, "found", tz, finding->t_ms);
    if (finding->zone != REGISTRY_NONE && finding->zone < registry_count(registry, REGISTRY_ZONE) &&
        !zone_kind_is_protected((enum zone_kind)registry_zone(registry, finding->zone)->kind))
        buf_printf(out, ",\"zone\":\"%s\"", registry_zone(registry, finding->zone)->id);
    put_sentence(out, "reason", finding, registry, tz, false);
    put_sentence(out, "reason_zh", finding, registry, tz, true);
    buf_putc(out, '}');
}

void alert_to_json(const struct alert *alert, const struct registry *registry, const struct tz *tz,
                   struct buf *out)
{
    char id[HASH_ID_TEXT];
    unsigned kind = alert->subject.kind;
    hash_id_text(&alert->id, id);
    buf_printf(out, "{\"id\":\"%s\",\"subject\":{\"%s\":\"%s\"}", id, subject_kind_name(kind),
               registry_subject_id(registry, alert->subject));
    if (alert->resident != REGISTRY_NONE && kind != SUBJECT_RESIDENT)
        buf_printf(out, ",\"resident\":\"%s\"", registry_resident(registry, alert->resident)->id);
    if (alert->household != REGISTRY_NONE && kind != SUBJECT_HOUSEHOLD)
        buf_printf(out, ",\"household\":\"%s\"", registry_household(registry, alert->household)->id);
    buf_printf(
        out,
        ",\"family\":\"%s\",\"level\":\"%s\",\"state\":\"%s\",\"life\":\"%s\",\"avs\":%u,\"transitions\":%lu",
        family_name((enum family)alert->family), level_name((enum level)alert->level),
        alert_state_name((enum alert_state)alert->state), life_name(alert_life(alert)), (unsigned)alert->avs,
        (unsigned long)alert->transitions);
    alert_put_time(out, "opened", tz, alert->opened_ms);
    alert_put_time(out, "changed", tz, alert->changed_ms);
    alert_put_time(out, "last_finding", tz, alert->last_finding_ms);
    alert_put_time(out, "acknowledged", tz, alert->acknowledged_ms);
    if (alert->acknowledged_ms) {
        buf_puts(out, ",\"acknowledged_by\":");
        buf_json_string(out, alert->acknowledged_by);
    }
    alert_put_time(out, "snoozed_until", tz, alert->snoozed_until_ms);
    if (alert->assigned_to[0]) {
        buf_puts(out, ",\"assigned_to\":");
        buf_json_string(out, alert->assigned_to);
    }
    alert_put_time(out, "cleared", tz, alert->cleared_ms);
    alert_put_time(out, "verify_until", tz, alert->verify_until_ms);
    alert_put_time(out, "closed", tz, alert->closed_ms);
    if (alert->disposition)
        buf_printf(out, ",\"disposition\":\"%s\"", disposition_name((enum disposition)alert->disposition));
    if (alert->outcome)
        buf_printf(out, ",\"outcome\":\"%s\"", outcome_name((enum outcome)alert->outcome));
    buf_printf(out, ",\"police_sent\":%s", alert->police_sent ? "true" : "false");
    if (alert->police_word)
        buf_printf(out, ",\"police\":\"%s\"", police_word_name((enum police_word)alert->police_word));
    if (alert_is_exercise(alert, registry))
        buf_puts(out, ",\"exercise\":true");
    put_id(out, "previous", &alert->previous);
    put_id(out, "absorbed_by", &alert->absorbed_by);
    buf_puts(out, ",\"findings\":[");
    for (unsigned i = 0; i < alert->share_count; i++) {
        if (i)
            buf_putc(out, ',');
        put_share(out, &alert->shares[i], registry, tz);
    }
    buf_puts(out, "]}");
}
