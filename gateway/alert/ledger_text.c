/* Names and the JSON of the ledger's entries. */
#include <string.h>

#include "alert/alerts.h"

static const char *const state_names[LEDGER_STATE_COUNT] = {
#define X(name, text) [LEDGER_##name] = #text,
    LEDGER_STATE_MAP(X)
#undef X
};
static const char *const event_names[LEDGER_EVENT_COUNT] = {
#define X(name, text) [LEDGER_EVENT_##name] = #text,
    LEDGER_EVENT_MAP(X)
#undef X
};

const char *ledger_state_name(enum ledger_state state)
{
    return (unsigned)state < LEDGER_STATE_COUNT ? state_names[state] : "none";
}

enum ledger_state ledger_state_from_name(const char *name)
{
    unsigned i = 0;
    while (i < LEDGER_STATE_COUNT && strcmp(state_names[i], name) != 0)
        i++;
    return (enum ledger_state)i;
}

const char *ledger_event_name(enum ledger_event_kind kind)
{
    return (unsigned)kind < LEDGER_EVENT_COUNT ? event_names[kind] : "none";
}

static void put_text(struct buf *out, const char *name, const char *text)
{
    if (!text[0])
        return;
    buf_printf(out, ",\"%s\":", name);
    buf_json_string(out, text);
}

void ledger_to_json(const struct ledger_entry *entry, const struct registry *registry, const struct tz *tz,
                    struct buf *out)
{
    static const char *const kinds[] = {"none", "resident", "household", "territory", "device"};
    char id[HASH_ID_TEXT];
    unsigned kind = entry->subject.kind <= SUBJECT_DEVICE ? entry->subject.kind : 0;
    hash_id_text(&entry->alert, id);
    buf_printf(out, "{\"id\":\"%s\",\"state\":\"%s\",\"subject\":{\"%s\":\"%s\"}", id,
               ledger_state_name((enum ledger_state)entry->state), kinds[kind],
               registry_subject_id(registry, entry->subject));
    buf_printf(out, ",\"family\":\"%s\",\"level\":\"%s\",\"disposition\":\"%s\"",
               family_name((enum family)entry->family), level_name((enum level)entry->level),
               disposition_name((enum disposition)entry->disposition));
    put_text(out, "responsible", entry->responsible);
    alert_put_time(out, "opened", tz, entry->opened_ms);
    alert_put_time(out, "due", tz, entry->due_ms);
    alert_put_time(out, "changed", tz, entry->changed_ms);
    put_text(out, "authority", entry->authority);
    put_text(out, "receipt", entry->receipt);
    alert_put_time(out, "transferred", tz, entry->transferred_ms);
    alert_put_time(out, "closed", tz, entry->closed_ms);
    if (entry->result)
        put_text(out, "result", ledger_result_name((enum ledger_result)entry->result));
    buf_printf(out, ",\"steps\":%u,\"overdue\":%u}", (unsigned)entry->steps, (unsigned)entry->told);
}
