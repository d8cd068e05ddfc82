/* The life of ledger entries. An open entry keeps its ended alert in memory, and its due time is one of that
 * alert's deadlines (alert_deadline), so that a restart needs no memory of timers. */
#include "alert/ledger.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

#define DAY_MS INT64_C(86400000)
static const char task_name_of_clue[] = "clue";

struct step {
    uint8_t allowed, next;
};
#define TO(state_)                                                                                           \
    {                                                                                                        \
        .allowed = 1, .next = LEDGER_##state_                                                                \
    }
/* Cells that do not stand here are refused. An entry begins OPEN, by OPENED, which no other state takes. */
static const struct step table[LEDGER_STATE_COUNT][LEDGER_EVENT_COUNT] = {
    [LEDGER_OPEN] = {[LEDGER_EVENT_ASSIGNED] = TO(OPEN),
                     [LEDGER_EVENT_HANDLED] = TO(HANDLING),
                     [LEDGER_EVENT_TRANSFERRED] = TO(TRANSFERRED),
                     [LEDGER_EVENT_OVERDUE] = TO(OPEN),
                     [LEDGER_EVENT_CLOSED] = TO(CLOSED)},
    [LEDGER_HANDLING] = {[LEDGER_EVENT_ASSIGNED] = TO(HANDLING),
                         [LEDGER_EVENT_HANDLED] = TO(HANDLING),
                         [LEDGER_EVENT_TRANSFERRED] = TO(TRANSFERRED),
                         [LEDGER_EVENT_OVERDUE] = TO(HANDLING),
                         [LEDGER_EVENT_CLOSED] = TO(CLOSED)},
    [LEDGER_TRANSFERRED] = {[LEDGER_EVENT_ASSIGNED] = TO(TRANSFERRED),
                            [LEDGER_EVENT_HANDLED] = TO(TRANSFERRED),
                            [LEDGER_EVENT_TRANSFERRED] = TO(TRANSFERRED),
                            [LEDGER_EVENT_OVERDUE] = TO(TRANSFERRED),
                            [LEDGER_EVENT_CLOSED] = TO(CLOSED)},
};

bool ledger_next(enum ledger_state state, enum ledger_event_kind event, enum ledger_state *ret_next)
{
    assert((unsigned)state < LEDGER_STATE_COUNT && (unsigned)event < LEDGER_EVENT_COUNT);
    if (!table[state][event].allowed)
        return false;
    *ret_next = (enum ledger_state)table[state][event].next;
    return true;
}

/* Finding. */

static bool same_entry(const void *self, uint32_t no, const void *key)
{
    return memcmp(&ledger_at(self, no)->alert, key, sizeof(struct hash_id)) == 0;
}

static uint32_t find(const struct alerts *alerts, const struct hash_id *alert)
{
    return index_find(&alerts->by_ledger, table_hash(alert, sizeof *alert), same_entry, alerts, alert);
}

bool ledger_holds(const struct alerts *alerts, const struct hash_id *alert)
{
    return find(alerts, alert) != NONE;
}

size_t alerts_ledger_count(const struct alerts *alerts, int64_t overdue_at_ms)
{
    size_t count = 0;
    for (uint32_t no = 0; no < alerts->ledger.count; no++)
        count += pool_is_live(&alerts->ledger, no) &&
                 (!overdue_at_ms || ledger_at(alerts, no)->due_ms <= overdue_at_ms);
    return count;
}

/* Telling. */

static void tell(struct alerts *alerts, uint32_t no, int64_t t_ms, enum ledger_event_kind kind,
                 const char *by, const char *why)
{
    struct ledger_entry *entry = ledger_at(alerts, no);
    struct ledger_event event = {.t_ms = t_ms, .number = ++entry->events, .kind = (uint8_t)kind};
    entry->changed_ms = t_ms;
    text_copy(event.by, sizeof event.by, by);
    text_copy(event.why, sizeof event.why, why);
    pool_mark(&alerts->ledger, no);
    if (alerts->config.sink.ledger)
        alerts->config.sink.ledger(alerts->config.sink.self, entry, &event);
}

/* "what. note"; either may be empty. */
static void put_why(char *why, size_t size, const char *what, const char *note)
{
    snprintf(why, size, "%s%s%s", what, what[0] && note[0] ? ". " : "", note);
}

static void set_due(struct ledger_entry *entry, int64_t due_ms)
{
    entry->due_ms = entry->remind_ms = due_ms;
    entry->told = 0;
}

/* The desk that is told first, when the responsible person is nobody the registry knows. */
static enum role role_of(const struct alerts *alerts, const char *responsible)
{
    const struct registry *registry = alerts->config.registry;
    uint32_t no = registry_find(registry, REGISTRY_RESPONDER, responsible);
    return no == REGISTRY_NONE ? ROLE_TOWN_DESK : (enum role)registry_responder(registry, no)->role;
}

static void make_responsible(struct alerts *alerts, struct ledger_entry *entry, const char *who)
{
    text_copy(entry->responsible, sizeof entry->responsible, who);
    entry->role = (uint8_t)role_of(alerts, who);
    entry->told = 0;
}

/* The responsible person hears of it; whoever did it themselves knows. */
static void tell_person(struct alerts *alerts, struct alert_record *record, const struct ledger_entry *entry,
                        int64_t t_ms, unsigned step)
{
    const struct audience_person person = {
        .no = registry_find(alerts->config.registry, REGISTRY_RESPONDER, entry->responsible),
        .role = entry->role};
    struct job draft = job_draft(&record->alert, JOB_NOTIFY, step, t_ms);
    draft.transition = entry->events; /* each telling is a job of its own */
    draft.expires_ms = t_ms + NOTIFY_EXPIRES_MS;
    if (person.no != REGISTRY_NONE)
        reach_people(alerts, record, &draft, &person, 1);
}

/* A flat battery that was really flat is done with when it is charged. A band that was cut open, a device
 * that is cloned or lies may be somebody's doing: theft or fraud, and so a clue. */
static bool is_clue(const struct alert *alert)
{
    static const char *const deeds[] = {"tampered", "distrusted", "distrusted-many"};
    if (alert->family != FAMILY_COVERAGE && alert->family != FAMILY_FLEET)
        return true;
    for (unsigned i = 0; i < alert->share_count; i++) {
        const char *by = detectors[alert->shares[i].finding.detector]->name;
        for (unsigned j = 0; j < sizeof deeds / sizeof *deeds; j++) {
            if (strcmp(by, deeds[j]) == 0)
                return true;
        }
    }
    return false;
}

void ledger_open(struct alerts *alerts, struct alert_record *record, int64_t t_ms, const char *by,
                 const char *note)
{
    const struct alert *alert = &record->alert;
    const struct ledger_settings *settings = &alerts->config.settings->ledger;
    bool urgent = alert->level >= LEVEL_ORANGE || alert->family == FAMILY_EMERGENCY;
    uint32_t no;
    if (!is_clue(alert))
        return;
    enum err err = index_reserve(&alerts->by_ledger);
    if (err == ERR_OK)
        err = pool_take(&alerts->ledger, &no);
    if (err != ERR_OK) {
        alerts->refused++;
        log_write(LOG_ERROR, "alert.ledger", "no room for an entry of the ledger\treason=%s", err_text(err));
        return;
    }
    struct ledger_entry *entry = ledger_at(alerts, no);
    entry->alert = alert->id;
    entry->subject.kind = alert->subject.kind;
    entry->subject.no = alert->subject.no;
    entry->opened_ms = t_ms;
    entry->family = alert->family;
    entry->level = alert->level;
    entry->disposition = alert->disposition;
    make_responsible(alerts, entry,
                     alert->assigned_to[0]       ? alert->assigned_to
                     : alert->acknowledged_by[0] ? alert->acknowledged_by
                                                 : by);
    set_due(entry, t_ms + (int64_t)(urgent ? settings->due_s : settings->calm_due_s) * 1000);
    index_add(&alerts->by_ledger, table_hash(&entry->alert, sizeof entry->alert), no);
    tell(alerts, no, t_ms, LEDGER_EVENT_OPENED, by, note);
    if (strcmp(entry->responsible, by) != 0)
        tell_person(alerts, record, entry, t_ms, LEDGER_STEP_ASSIGNED);
}

/* Time. */

int64_t ledger_due(const struct alerts *alerts, const struct alert *alert)
{
    uint32_t no = find(alerts, &alert->id);
    return no == NONE || ledger_at(alerts, no)->told >= LEDGER_TOLD_MAX ? INT64_MAX
                                                                        : ledger_at(alerts, no)->remind_ms;
}

/* First whoever is responsible, then one desk up each time; after a day, two, four, and then every week. */
void ledger_overdue(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    uint32_t no = find(alerts, &record->alert.id);
    struct ledger_entry *entry = ledger_at(alerts, no);
    struct job job = job_draft(&record->alert, JOB_TASK, LEDGER_STEP_OVERDUE, t_ms);
    uint32_t person = registry_find(alerts->config.registry, REGISTRY_RESPONDER, entry->responsible);
    bool to_person = entry->told == 0 && person != REGISTRY_NONE;
    if (entry->told > 0)
        entry->role = (uint8_t)role_above((enum role)entry->role);
    int64_t days = entry->told < 3 ? INT64_C(1) << entry->told : 7;
    entry->told++;
    entry->remind_ms = t_ms + days * DAY_MS;
    job.transition = entry->events + 1; /* each telling is a job of its own */
    job.role = entry->role;
    job.recipient = to_person ? person : REGISTRY_NONE;
    text_copy(job.prompt, sizeof job.prompt, task_name_of_clue);
    tell(alerts, no, t_ms, LEDGER_EVENT_OVERDUE, "policy",
         to_person ? "Not closed in time: the responsible person is told"
                   : "Not closed in time: the desk is told");
    job_issue(alerts, record, &job);
    if (to_person)
        tell_person(alerts, record, entry, t_ms, LEDGER_STEP_OVERDUE);
}

/* People. */

static void end_jobs(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        if (ledger_is_step(job_at(alerts, no)->job.step))
            job_set_state(alerts, no, DELIVERY_DONE, "the entry is closed", t_ms);
    }
}

static enum ledger_event_kind event_of(enum action_kind kind)
{
    return kind == ACTION_LEDGER_ASSIGN     ? LEDGER_EVENT_ASSIGNED
           : kind == ACTION_LEDGER_HANDLE   ? LEDGER_EVENT_HANDLED
           : kind == ACTION_LEDGER_TRANSFER ? LEDGER_EVENT_TRANSFERRED
                                            : LEDGER_EVENT_CLOSED;
}

/* What is wrong with the action itself, "" = nothing. */
static const char *fault_of(const struct action *action, int64_t t_ms)
{
    switch ((enum action_kind)action->kind) {
    case ACTION_LEDGER_ASSIGN: return action->to[0] ? "" : "it has to say to whom";
    case ACTION_LEDGER_HANDLE: return action->note[0] ? "" : "the note has to say what was done";
    case ACTION_LEDGER_TRANSFER:
        return !action->authority[0]    ? "it has to say to which authority"
               : action->from_ms > t_ms ? "what has been handed over was handed over before now"
                                        : "";
    case ACTION_LEDGER_CLOSE: return action->result ? "" : "it has to say how it ended";
    default: return "this is nothing that is done to the ledger";
    }
}

static void apply(struct alerts *alerts, struct ledger_entry *entry, int64_t t_ms,
                  const struct action *action, char *what, size_t size)
{
    what[0] = 0;
    switch ((enum action_kind)action->kind) {
    case ACTION_LEDGER_ASSIGN:
        make_responsible(alerts, entry, action->to);
        text_copy(what, size, entry->responsible);
        break;
    case ACTION_LEDGER_HANDLE: entry->steps = (uint8_t)(entry->steps + (entry->steps < UINT8_MAX)); break;
    case ACTION_LEDGER_TRANSFER:
        text_copy(entry->authority, sizeof entry->authority, action->authority);
        text_copy(entry->receipt, sizeof entry->receipt, action->receipt);
        entry->transferred_ms = action->from_ms ? action->from_ms : t_ms;
        snprintf(what, size, "%s%s%s", entry->authority, entry->receipt[0] ? ", " : "", entry->receipt);
        break;
    case ACTION_LEDGER_CLOSE:
        entry->result = action->result;
        entry->closed_ms = t_ms;
        text_copy(what, size, ledger_result_name((enum ledger_result)action->result));
        break;
    default: break;
    }
    if (action->until_ms && action->kind != ACTION_LEDGER_CLOSE)
        set_due(entry, action->until_ms);
}

/* The newest open entry of a subject, of the family when one is named. */
static uint32_t of_subject(const struct alerts *alerts, const struct action *action)
{
    uint32_t found = NONE;
    for (uint32_t no = 0; no < alerts->ledger.count; no++) {
        if (!pool_is_live(&alerts->ledger, no))
            continue;
        const struct ledger_entry *entry = ledger_at(alerts, no);
        if (entry->subject.kind == action->subject.kind && entry->subject.no == action->subject.no &&
            (action->family == FAMILY_COUNT || action->family == entry->family) &&
            (found == NONE || entry->opened_ms > ledger_at(alerts, found)->opened_ms))
            found = no;
    }
    return found;
}

enum err ledger_act(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    char what[AUTHORITY_SIZE + RECEIPT_SIZE + ID_SIZE], why[512];
    uint32_t no = action->has_alert ? find(alerts, &action->alert) : of_subject(alerts, action);
    enum ledger_event_kind event = event_of((enum action_kind)action->kind);
    enum ledger_state next = LEDGER_CLOSED;
    if (no == NONE)
        return ERR_NOT_FOUND;
    struct ledger_entry *entry = ledger_at(alerts, no);
    alerts->refusal = fault_of(action, t_ms);
    if (!alerts->refusal[0] && action->until_ms && action->until_ms <= t_ms)
        alerts->refusal = "a due time lies in the future";
    if (alerts->refusal[0] || !ledger_next((enum ledger_state)entry->state, event, &next))
        return ERR_INVALID;
    apply(alerts, entry, t_ms, action, what, sizeof what);
    entry->state = (uint8_t)next;
    put_why(why, sizeof why, what, action->note);
    tell(alerts, no, t_ms, event, action->by, why);
    struct hash_id id = entry->alert;
    if (next == LEDGER_CLOSED) {
        index_remove(&alerts->by_ledger, table_hash(&id, sizeof id), no);
        pool_give(&alerts->ledger, no);
    }
    uint32_t alert = alert_find_no(alerts, &id);
    if (alert == NONE)
        return ERR_OK;
    if (event == LEDGER_EVENT_ASSIGNED && strcmp(action->to, action->by) != 0)
        tell_person(alerts, alert_at(alerts, alert), entry, t_ms, LEDGER_STEP_ASSIGNED);
    if (next == LEDGER_CLOSED)
        end_jobs(alerts, alert_at(alerts, alert), t_ms);
    uint32_t case_no = alert_at(alerts, alert)->case_no;
    case_sweep(alerts, case_no);
    case_rearm(alerts, case_no);
    return ERR_OK;
}

/* Restart. */

enum err ledger_restore(struct alerts *alerts, uint32_t no, const void *value)
{
    struct ledger_entry image;
    memcpy(&image, value, sizeof image);
    if (image.state >= LEDGER_CLOSED || image.family >= FAMILY_COUNT || image.level >= LEVEL_COUNT ||
        image.disposition >= DISPOSITION_COUNT || image.role >= ROLE_COUNT ||
        pool_is_live(&alerts->ledger, no))
        return ERR_CORRUPT;
    enum err err = index_reserve(&alerts->by_ledger);
    if (err == ERR_OK)
        err = pool_place(&alerts->ledger, no);
    if (err != ERR_OK)
        return err;
    image.responsible[ID_SIZE - 1] = image.authority[AUTHORITY_SIZE - 1] = image.receipt[RECEIPT_SIZE - 1] =
        0;
    struct ledger_entry *entry = ledger_at(alerts, no);
    *entry = image;
    index_add(&alerts->by_ledger, table_hash(&entry->alert, sizeof entry->alert), no);
    uint32_t alert = alert_find_no(alerts, &entry->alert);
    if (alert != NONE)
        case_rearm(alerts, alert_at(alerts, alert)->case_no);
    return ERR_OK;
}
