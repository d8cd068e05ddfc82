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

/* Where the timer of that owner is noted, or would be. */
static struct watched *place_of(struct timer_watch *watch, uint64_t owner)
{
    uint32_t at = table_hash(&owner, sizeof owner) % WATCH_PLACES;
    while (watch->places[at].no != NONE && watch->places[at].owner != owner)
        at = (at + 1) % WATCH_PLACES;
    return &watch->places[at];
}

/* Notes the open alerts in [from, until), at most WATCH_SLICE, and which of their timers really stand in the
 * heap: what a slot says of itself proves nothing. */
static void see_timers(struct alerts *alerts, uint32_t from, uint32_t until)
{
    struct timer_watch *watch = &alerts->watch;
    int64_t deadline_ms;
    uint64_t owner;
    for (unsigned i = 0; i < WATCH_PLACES; i++)
        watch->places[i] = (struct watched){.no = NONE};
    for (uint32_t no = from; no < until; no++) {
        if (!pool_is_live(&alerts->alerts, no) || alert_at(alerts, no)->alert.state != ALERT_OPEN)
            continue;
        const struct alert *alert = &alert_at(alerts, no)->alert;
        owner = timer_owner(alert->subject, TIMER_SLOT_ALERT + alert->family);
        *place_of(watch, owner) = (struct watched){.owner = owner, .no = no};
    }
    for (size_t at = 0; timers_entry(alerts->config.timers, at, &deadline_ms, &owner); at++) {
        struct watched *watched = is_case(owner) ? place_of(watch, owner) : NULL;
        if (watched && watched->no != NONE &&
            alert_at(alerts, watched->no)->alert.timer.queued_ms == deadline_ms)
            watched->seen = 1;
    }
}

static bool is_lost(const struct alerts *alerts, const struct watched *watched)
{
    if (watched->no == NONE)
        return false;
    const struct alert_record *record = alert_at(alerts, watched->no);
    const struct timer_slot *slot = &record->alert.timer;
    int64_t due_ms = alert_deadline(alerts, record);
    if (due_ms == INT64_MAX)
        return false;
    return !watched->seen || slot->deadline_ms == TIMER_OFF || slot->deadline_ms > due_ms ||
           slot->queued_ms > due_ms;
}

/* How many of a slice are lost; with `set` they are set again, from the facts, which are what counts: a slot
 * that believes itself queued is told that it is not. */
static size_t look_at(struct alerts *alerts, uint32_t from, bool set)
{
    uint32_t count = alerts->alerts.count, until = count - from > WATCH_SLICE ? from + WATCH_SLICE : count;
    size_t lost = 0;
    see_timers(alerts, from, until);
    for (unsigned i = 0; i < WATCH_PLACES; i++) {
        const struct watched *watched = &alerts->watch.places[i];
        if (!is_lost(alerts, watched))
            continue;
        lost++;
        if (!set)
            continue;
        alert_at(alerts, watched->no)->alert.timer = (struct timer_slot){.deadline_ms = TIMER_OFF};
        case_rearm(alerts, alert_at(alerts, watched->no)->case_no);
    }
    return lost;
}

static size_t look_at_all(struct alerts *alerts, bool set)
{
    size_t lost = 0;
    for (uint32_t from = 0; from < alerts->alerts.count; from += WATCH_SLICE)
        lost += look_at(alerts, from, set);
    return lost;
}

size_t alerts_without_timer(struct alerts *alerts)
{
    return look_at_all(alerts, false);
}

size_t alerts_watch_timers(struct alerts *alerts)
{
    struct timer_watch *watch = &alerts->watch;
    if (watch->next < alerts->alerts.count)
        watch->found_now += look_at(alerts, watch->next, false);
    watch->next += WATCH_SLICE;
    if (watch->next >= alerts->alerts.count) {
        watch->found_last = watch->found_now;
        watch->found_now = 0;
        watch->next = 0;
    }
    return watch->found_now > watch->found_last ? watch->found_now : watch->found_last;
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
        (void)look_at_all(alerts, true);
    alerts_on_finding(alerts, t_ms, &finding);
}
