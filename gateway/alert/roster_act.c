/* What people change about a roster, as inputs of the fold: overrides, swaps, and taking them back. Each is
 * kept with who asked and why until its place is needed by another. */
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

struct roster_view alerts_rosters(const struct alerts *alerts)
{
    return (struct roster_view){.tz = alerts->config.tz,
                                .changes = alerts->roster_changes,
                                .change_count = ROSTER_CHANGES_MAX,
                                .registry = alerts->config.registry};
}

const struct roster_plan *roster_plan_of(const struct alerts *alerts, const char *name)
{
    const struct alert_settings *settings = alerts->config.settings;
    return roster_find(settings->rosters, settings->roster_count, name);
}

size_t roster_people(const struct alerts *alerts, const struct roster_plan *plan, uint32_t territory,
                     int64_t t_ms, uint32_t *numbers, size_t max)
{
    const struct registry *registry = alerts->config.registry;
    const struct roster_view view = alerts_rosters(alerts);
    const char *people[ROSTER_ON_MAX];
    size_t on = roster_on(&view, plan, t_ms, people), count = 0;
    for (size_t i = 0; i < on && count < max; i++) {
        uint32_t no = registry_find(registry, REGISTRY_RESPONDER, people[i]);
        if (no != REGISTRY_NONE)
            numbers[count++] = no;
    }
    if (count)
        return count;
    /* A gap in a plan must not leave an alert with nobody. */
    if (plan->territory[0])
        territory = registry_find(registry, REGISTRY_TERRITORY, plan->territory);
    return territory == REGISTRY_NONE
               ? 0
               : registry_responders(registry, (enum role)plan->role, territory, t_ms, numbers, max);
}

static enum err refuse(struct alerts *alerts, enum err err, const char *why)
{
    alerts->refusal = why;
    return err;
}

static bool is_responder(const struct alerts *alerts, const char *id)
{
    return registry_find(alerts->config.registry, REGISTRY_RESPONDER, id) != REGISTRY_NONE;
}

static bool is_stretch(int64_t from_ms, int64_t until_ms, int64_t t_ms)
{
    return from_ms < until_ms && until_ms > t_ms && until_ms <= t_ms + ROSTER_AHEAD_MAX_MS;
}

static enum err check(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    const struct roster_order *order = &action->roster;
    bool is_swap = action->kind == ACTION_ROSTER_SWAP;
    if (!roster_plan_of(alerts, order->name))
        return refuse(alerts, ERR_NOT_FOUND, "there is no roster of this name");
    if (!action->by[0] || !action->note[0])
        return refuse(alerts, ERR_INVALID, "a change of a roster needs an author and a reason");
    if (!is_stretch(action->from_ms, action->until_ms, t_ms) ||
        (is_swap && !is_stretch(order->back_from_ms, order->back_until_ms, t_ms)))
        return refuse(alerts, ERR_INVALID,
                      "a change of a roster ends after it begins, from now on and within 366 days");
    if (!is_responder(alerts, action->to) || (order->instead[0] && !is_responder(alerts, order->instead)))
        return refuse(alerts, ERR_NOT_FOUND, "the registry has no such responder");
    if (strcmp(action->to, order->instead) == 0 || (is_swap && !order->instead[0]))
        return refuse(alerts, ERR_INVALID, "two different people are needed");
    return ERR_OK;
}

/* A place whose change has ended; NONE. */
static unsigned free_place(const struct alerts *alerts, int64_t t_ms, unsigned from)
{
    for (unsigned i = from; i < ROSTER_CHANGES_MAX; i++) {
        const struct roster_change *change = &alerts->roster_changes[i];
        if (change->until_ms <= t_ms || change->removed_ms)
            return i;
    }
    return ROSTER_CHANGES_MAX;
}

static uint32_t next_order(const struct alerts *alerts)
{
    uint32_t highest = 0;
    for (unsigned i = 0; i < ROSTER_CHANGES_MAX; i++) {
        if (alerts->roster_changes[i].order > highest)
            highest = alerts->roster_changes[i].order;
    }
    return highest + 1;
}

static void tell(struct alerts *alerts, unsigned place)
{
    alerts->roster_dirty[place] = true;
    if (alerts->config.sink.roster)
        alerts->config.sink.roster(alerts->config.sink.self, &alerts->roster_changes[place]);
}

static void put(struct alerts *alerts, unsigned place, int64_t t_ms, const struct action *action,
                uint32_t order, bool back)
{
    struct roster_change *change = &alerts->roster_changes[place];
    const struct roster_order *asked = &action->roster;
    char text[768];
    memset(change, 0, sizeof *change);
    change->t_ms = t_ms;
    change->from_ms = back ? asked->back_from_ms : action->from_ms;
    change->until_ms = back ? asked->back_until_ms : action->until_ms;
    change->order = order;
    text_copy(change->roster, sizeof change->roster, asked->name);
    text_copy(change->person, sizeof change->person, back ? asked->instead : action->to);
    text_copy(change->instead, sizeof change->instead, back ? action->to : asked->instead);
    text_copy(change->by, sizeof change->by, action->by);
    text_copy(change->why, sizeof change->why, action->note);
    int len = snprintf(text, sizeof text, "roster|%s|%lld|%lu|%s|%s|%s|%lld|%lld|%s", alerts->config.county,
                       (long long)t_ms, (unsigned long)order, change->roster, change->person, change->instead,
                       (long long)change->from_ms, (long long)change->until_ms, change->by);
    change->id = hash_id_of(text, (size_t)len);
    tell(alerts, place);
}

uint32_t roster_keep(struct alerts *alerts, int64_t t_ms, const struct handover *handover)
{
    struct action kept = {.kind = ACTION_ROSTER_OVERRIDE, .from_ms = t_ms};
    uint32_t order = next_order(alerts);
    bool any = false;
    kept.until_ms = t_ms + ROSTER_AHEAD_MAX_MS;
    text_copy(kept.roster.name, sizeof kept.roster.name, handover->roster);
    text_copy(kept.by, sizeof kept.by, "policy");
    text_copy(kept.note, sizeof kept.note, "the handover is not signed");
    for (unsigned i = 0; i < handover->outgoing_count; i++) {
        unsigned place = free_place(alerts, t_ms, 0);
        if (!is_responder(alerts, handover->outgoing[i]))
            continue;
        if (place >= ROSTER_CHANGES_MAX) {
            log_write(LOG_ERROR, "alert.roster", "no room to keep the outgoing shift on call\troster=%s",
                      handover->roster);
            break;
        }
        text_copy(kept.to, sizeof kept.to, handover->outgoing[i]);
        put(alerts, place, t_ms, &kept, order, false);
        any = true;
    }
    return any ? order : 0;
}

/* All changes of one order; false: they have ended. */
static bool take_back(struct alerts *alerts, int64_t t_ms, uint32_t order, const char *by)
{
    bool any = false;
    for (unsigned i = 0; i < ROSTER_CHANGES_MAX; i++) {
        struct roster_change *change = &alerts->roster_changes[i];
        if (change->order != order || change->removed_ms || change->until_ms <= t_ms)
            continue;
        change->removed_ms = t_ms;
        text_copy(change->removed_by, sizeof change->removed_by, by);
        tell(alerts, i);
        any = true;
    }
    return any;
}

void roster_release(struct alerts *alerts, int64_t t_ms, uint32_t order, const char *by)
{
    (void)take_back(alerts, t_ms, order, by); /* somebody may have taken it back by hand */
}

/* Taken back with its other half. */
static enum err cancel(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    uint32_t order = 0;
    for (unsigned i = 0; action->has_alert && i < ROSTER_CHANGES_MAX; i++) {
        const struct roster_change *change = &alerts->roster_changes[i];
        if (memcmp(&change->id, &action->alert, sizeof change->id) == 0 && !change->removed_ms)
            order = change->order;
    }
    if (order == 0)
        return refuse(alerts, ERR_NOT_FOUND, "there is no such change of a roster, or it was taken back");
    if (!take_back(alerts, t_ms, order, action->by))
        return refuse(alerts, ERR_NOT_FOUND, "this change of a roster has ended");
    handover_arm(alerts);
    return ERR_OK;
}

enum err roster_act(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    if (action->kind == ACTION_ROSTER_CANCEL)
        return cancel(alerts, t_ms, action);
    enum err err = check(alerts, t_ms, action);
    if (err != ERR_OK)
        return err;
    bool is_swap = action->kind == ACTION_ROSTER_SWAP;
    unsigned first = free_place(alerts, t_ms, 0), second = free_place(alerts, t_ms, first + 1);
    if ((is_swap ? second : first) >= ROSTER_CHANGES_MAX)
        return refuse(alerts, ERR_INVALID, "too many changes of rosters hold already");
    uint32_t order = next_order(alerts);
    put(alerts, first, t_ms, action, order, false);
    if (is_swap)
        put(alerts, second, t_ms, action, order, true);
    handover_arm(alerts); /* the turns are others now */
    return ERR_OK;
}

enum err roster_restore(struct alerts *alerts, uint32_t place, const void *value)
{
    struct roster_change image;
    memcpy(&image, value, sizeof image);
    if (place >= ROSTER_CHANGES_MAX)
        return ERR_CORRUPT;
    image.roster[ID_SIZE - 1] = image.person[ID_SIZE - 1] = image.instead[ID_SIZE - 1] = 0;
    image.by[ID_SIZE - 1] = image.removed_by[ID_SIZE - 1] = image.why[sizeof image.why - 1] = 0;
    alerts->roster_changes[place] = image;
    handover_arm(alerts);
    return ERR_OK;
}
