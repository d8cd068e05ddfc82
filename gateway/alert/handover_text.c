/* Names and the JSON of handovers. */
#include "alert/alerts.h"

const char *handover_state_name(enum handover_state state)
{
    static const char *const names[HANDOVER_STATE_COUNT] = {
#define X(name, text) [HANDOVER_##name] = #text,
        HANDOVER_STATE_MAP(X)
#undef X
    };
    return (unsigned)state < HANDOVER_STATE_COUNT ? names[state] : "none";
}

const char *handover_event_name(enum handover_event_kind kind)
{
    static const char *const names[HANDOVER_EVENT_COUNT] = {
#define X(name, text) [HANDOVER_EVENT_##name] = #text,
        HANDOVER_EVENT_MAP(X)
#undef X
    };
    return (unsigned)kind < HANDOVER_EVENT_COUNT ? names[kind] : "none";
}

static void put_text(struct buf *out, const char *name, const char *text)
{
    if (!text[0])
        return;
    buf_printf(out, ",\"%s\":", name);
    buf_json_string(out, text);
}

void handover_to_json(const struct handover *handover, const struct tz *tz, struct buf *out)
{
    static const char *const kinds[HANDED_COUNT] = {
#define X(name, text) [HANDED_##name] = #text,
        HANDED_MAP(X)
#undef X
    };
    char id[HASH_ID_TEXT];
    hash_id_text(&handover->id, id);
    buf_printf(out, "{\"id\":\"%s\",\"state\":\"%s\"", id,
               handover_state_name((enum handover_state)handover->state));
    put_text(out, "roster", handover->roster);
    put_text(out, "role", role_name((enum role)handover->role));
    put_text(out, "territory", handover->territory);
    put_text(out, "from", handover->by);
    put_text(out, "to", handover->to);
    put_text(out, "signed_by", handover->signed_by);
    alert_put_time(out, "begun", tz, handover->t_ms);
    alert_put_time(out, "due", tz, handover->due_ms);
    alert_put_time(out, "changed", tz, handover->changed_ms);
    buf_printf(out, ",\"list\":%lu", (unsigned long)handover->list);
    alert_put_time(out, "listed", tz, handover->list_ms);
    alert_put_time(out, "since", tz, handover->since_ms);
    buf_puts(out, ",\"outgoing\":[");
    for (unsigned i = 0; i < handover->outgoing_count; i++) {
        buf_puts(out, i ? "," : "");
        buf_json_string(out, handover->outgoing[i]);
    }
    buf_puts(out, "],\"counts\":{");
    for (unsigned i = 0; i < HANDED_COUNT; i++)
        buf_printf(out, "%s\"%s\":%lu", i ? "," : "", kinds[i], (unsigned long)handover->counts[i]);
    buf_puts(out, "}}");
}
