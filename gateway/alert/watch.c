/* The gateway itself: that every alert with something still to come has a live timer, and the alerts about
 * parts of the gateway that are in trouble. */
#include <string.h>

#include "alert/alerts.h"
#include "detect/itself.h"

static bool is_case(uint64_t owner)
{
    unsigned slot = timer_owner_slot(owner);
    return slot >= TIMER_SLOT_ALERT && slot < TIMER_SLOT_ALERT + FAMILY_COUNT;
}

/* Marks the alerts whose timer really stands in the heap: what a slot says of itself proves nothing. */
static void see_timers(struct alerts *alerts)
{
    int64_t deadline_ms;
    uint64_t owner;
    memset(alerts->seen, 0, sizeof alerts->seen);
    for (size_t at = 0; timers_entry(alerts->config.timers, at, &deadline_ms, &owner); at++) {
        if (!is_case(owner))
            continue;
        uint32_t case_no = case_find(alerts, timer_owner_subject(owner),
                                     (enum family)(timer_owner_slot(owner) - TIMER_SLOT_ALERT));
        uint32_t no = case_no == NONE ? NONE : case_at(alerts, case_no)->newest;
        if (no != NONE && alert_at(alerts, no)->alert.timer.queued_ms == deadline_ms)
            alerts->seen[no / 8] = (uint8_t)(alerts->seen[no / 8] | 1U << no % 8);
    }
}

static bool is_lost(const struct alerts *alerts, uint32_t no)
{
    const struct alert_record *record = alert_at(alerts, no);
    const struct timer_slot *slot = &record->alert.timer;
    int64_t due_ms = alert_deadline(alerts, record);
    if (record->alert.state != ALERT_OPEN || due_ms == INT64_MAX)
        return false;
    return !(alerts->seen[no / 8] >> no % 8 & 1) || slot->deadline_ms == TIMER_OFF ||
           slot->deadline_ms > due_ms || slot->queued_ms > due_ms;
}

size_t alerts_without_timer(struct alerts *alerts)
{
    size_t lost = 0;
    see_timers(alerts);
    for (uint32_t no = 0; no < alerts->alerts.count; no++)
        lost += pool_is_live(&alerts->alerts, no) && is_lost(alerts, no);
    return lost;
}

/* From the facts, which are what counts; a slot that believes itself queued is told that it is not. */
static void set_lost_timers(struct alerts *alerts)
{
    see_timers(alerts);
    for (uint32_t no = 0; no < alerts->alerts.count; no++) {
        if (!pool_is_live(&alerts->alerts, no) || !is_lost(alerts, no))
            continue;
        alert_at(alerts, no)->alert.timer = (struct timer_slot){.deadline_ms = TIMER_OFF};
        case_rearm(alerts, alert_at(alerts, no)->case_no);
    }
}

void alerts_on_trouble(struct alerts *alerts, int64_t t_ms, const struct part_trouble *trouble)
{
    struct finding finding = {
        .t_ms = t_ms,
        .at_ms = t_ms,
        .subject = {.kind = SUBJECT_GATEWAY, .no = trouble->part},
        .resident = REGISTRY_NONE,
        .household = REGISTRY_NONE,
        .zone = REGISTRY_NONE,
        .score = 1,
        /* Number 1 is read where number 0 is seconds: since when. */
        .numbers = {trouble->number, (double)(t_ms / 1000 - (int64_t)trouble->number)},
        .family = FAMILY_FLEET,
        .detector = (uint8_t)detector_find("gateway"),
        .level = (uint8_t)trouble_level((enum part)trouble->part),
        .reason = (uint8_t)trouble_reason((enum part)trouble->part, trouble->on != 0),
        .flags = trouble->on ? 0 : FINDING_CLEARS,
        /* No event, but the alert's id must differ from the last one's. */
        .evidence = {{.seq = (uint64_t)t_ms}},
    };
    if (trouble->part == PART_OF_TIMERS && trouble->on)
        set_lost_timers(alerts);
    alerts_on_finding(alerts, t_ms, &finding);
}
