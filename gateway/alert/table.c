/* Finding, placing and letting go of alerts and their cases. */
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

uint32_t table_hash(const void *data, size_t len)
{
    return (uint32_t)hash_table(data, len);
}

uint32_t alert_no(const struct alerts *alerts, const struct alert_record *record)
{
    return (uint32_t)((size_t)((const unsigned char *)record - alerts->alerts.items) / sizeof *record);
}

void alert_mark(struct alerts *alerts, const struct alert_record *record)
{
    pool_mark(&alerts->alerts, alert_no(alerts, record));
}

struct case_key {
    struct subject subject;
    uint8_t family;
};

static uint32_t case_hash(const struct case_key *key)
{
    unsigned char bytes[6] = {key->subject.kind, key->family};
    memcpy(bytes + 2, &key->subject.no, sizeof key->subject.no);
    return table_hash(bytes, sizeof bytes);
}

static bool same_case(const void *self, uint32_t no, const void *opaque)
{
    const struct case_key *key = opaque;
    const struct alert_case *found = case_at(self, no);
    return found->subject.kind == key->subject.kind && found->subject.no == key->subject.no &&
           found->family == key->family;
}

uint32_t case_find(const struct alerts *alerts, struct subject subject, enum family family)
{
    struct case_key key = {.subject = subject, .family = (uint8_t)family};
    return index_find(&alerts->by_case, case_hash(&key), same_case, alerts, &key);
}

enum err case_take(struct alerts *alerts, struct subject subject, enum family family, uint32_t *ret_no)
{
    struct case_key key = {.subject = subject, .family = (uint8_t)family};
    uint32_t no = case_find(alerts, subject, family);
    if (no == NONE) {
        enum err err = index_reserve(&alerts->by_case);
        if (err == ERR_OK)
            err = pool_take(&alerts->cases, &no);
        if (err != ERR_OK)
            return err;
        struct alert_case *fresh = case_at(alerts, no);
        fresh->subject.kind = subject.kind;
        fresh->subject.no = subject.no;
        fresh->family = (uint8_t)family;
        fresh->newest = NONE;
        index_add(&alerts->by_case, case_hash(&key), no);
    }
    *ret_no = no;
    return ERR_OK;
}

static bool same_alert(const void *self, uint32_t no, const void *key)
{
    return memcmp(&alert_at(self, no)->alert.id, key, sizeof(struct hash_id)) == 0;
}

uint32_t alert_find_no(const struct alerts *alerts, const struct hash_id *id)
{
    return index_find(&alerts->by_id, table_hash(id, sizeof *id), same_alert, alerts, id);
}

struct alert_record *case_open_alert(const struct alerts *alerts, uint32_t case_no)
{
    uint32_t newest = case_no == NONE ? NONE : case_at(alerts, case_no)->newest;
    if (newest == NONE || alert_at(alerts, newest)->alert.state != ALERT_OPEN)
        return NULL;
    return alert_at(alerts, newest);
}

/* Indexes a record and puts it into its case: an open one on top, an ended one (restored in any order) behind
 * the newest. */
enum err alert_link(struct alerts *alerts, uint32_t no)
{
    struct alert_record *record = alert_at(alerts, no);
    enum err err = index_reserve(&alerts->by_id);
    if (err != ERR_OK)
        return err;
    index_add(&alerts->by_id, table_hash(&record->alert.id, sizeof record->alert.id), no);
    struct alert_case *owner = case_at(alerts, record->case_no);
    bool open = record->alert.state == ALERT_OPEN;
    if (open || owner->newest == NONE) {
        record->older = owner->newest;
        owner->newest = no;
    } else {
        struct alert_record *newer = alert_at(alerts, owner->newest);
        while (newer->older != NONE &&
               alert_at(alerts, newer->older)->alert.opened_ms > record->alert.opened_ms)
            newer = alert_at(alerts, newer->older);
        record->older = newer->older;
        newer->older = no;
    }
    alerts->open_count += open;
    return ERR_OK;
}

enum err alert_place_new(struct alerts *alerts, uint32_t case_no, const struct hash_id *id,
                         struct alert_record **ret_record)
{
    uint32_t no;
    enum err err = pool_take(&alerts->alerts, &no);
    if (err != ERR_OK)
        return err;
    struct alert_record *record = alert_at(alerts, no);
    record->alert.id = *id;
    record->alert.state = ALERT_OPEN;
    record->case_no = case_no;
    record->first_job = record->last_job = NONE;
    err = alert_link(alerts, no);
    if (err != ERR_OK) {
        pool_give(&alerts->alerts, no);
        return err;
    }
    *ret_record = record;
    return ERR_OK;
}

static bool has_pending(const struct alerts *alerts, const struct alert_record *record)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        if (!delivery_is_final((enum delivery_state)job_at(alerts, no)->state))
            return true;
    }
    return burst_due(alerts, &record->alert) != INT64_MAX || ledger_holds(alerts, &record->alert.id);
}

static void let_go(struct alerts *alerts, uint32_t no)
{
    struct alert_record *record = alert_at(alerts, no);
    for (uint32_t job = record->first_job, next; job != NONE; job = next) {
        next = job_at(alerts, job)->next;
        job_drop(alerts, job);
    }
    index_remove(&alerts->by_id, table_hash(&record->alert.id, sizeof record->alert.id), no);
    pool_give(&alerts->alerts, no);
}

void case_sweep(struct alerts *alerts, uint32_t case_no)
{
    struct alert_case *owner = case_at(alerts, case_no);
    uint32_t *link = &owner->newest;
    while (*link != NONE) {
        uint32_t no = *link;
        struct alert_record *record = alert_at(alerts, no);
        if (record->alert.state == ALERT_OPEN || has_pending(alerts, record)) {
            link = &record->older;
            continue;
        }
        *link = record->older;
        if (link == &owner->newest && *link != NONE) /* its own heap entry may be gone: armed anew */
            alert_at(alerts, *link)->alert.timer = (struct timer_slot){0};
        let_go(alerts, no);
    }
}

static void try_arm(struct alerts *alerts, uint32_t case_no)
{
    struct alert_case *owner = case_at(alerts, case_no);
    if (owner->newest == NONE)
        return;
    int64_t deadline_ms = INT64_MAX;
    for (uint32_t no = owner->newest; no != NONE; no = alert_at(alerts, no)->older) {
        int64_t one_ms = alert_deadline(alerts, alert_at(alerts, no));
        if (one_ms < deadline_ms)
            deadline_ms = one_ms;
    }
    struct timer_slot *slot = &alert_at(alerts, owner->newest)->alert.timer;
    if (deadline_ms == INT64_MAX)
        deadline_ms = TIMER_OFF;
    else if (deadline_ms < 1)
        deadline_ms = 1;
    if (timers_arm(alerts->config.timers, timer_owner(owner->subject, TIMER_SLOT_ALERT + owner->family), slot,
                   deadline_ms) == ERR_OK)
        return;
    slot->deadline_ms = deadline_ms;
    alerts->starved |= slot->queued_ms == TIMER_OFF;
    log_write(LOG_ERROR, "alert.timer", "no room for a timer, will try again");
}

void case_rearm(struct alerts *alerts, uint32_t case_no)
{
    if (alerts->starved) {
        alerts->starved = false;
        for (uint32_t no = 0; no < alerts->cases.count; no++) {
            if (pool_is_live(&alerts->cases, no))
                try_arm(alerts, no);
        }
        noise_arm(alerts);
        handover_arm(alerts);
    }
    try_arm(alerts, case_no);
}
