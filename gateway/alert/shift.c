/* Rosters whose handover is required. What is stored of each is up to when its turns have been looked at; the
 * next turn follows from that, the plan and what people changed, so that a restart looks at the very turns
 * that the gateway would have looked at. A turn from a shift to nobody, or from nobody to a shift, is a gap
 * (roster_gap) and no handover. */
#include <string.h>

#include "alert/alerts.h"

static struct shift *find(struct alerts *alerts, const char *roster)
{
    for (unsigned i = 0; i < ROSTERS_MAX; i++) {
        if (strcmp(alerts->shifts[i].roster, roster) == 0)
            return &alerts->shifts[i];
    }
    return NULL;
}

static const struct roster_plan *plan_of(const struct alerts *alerts, const struct shift *shift)
{
    const struct roster_plan *plan = shift->roster[0] ? roster_plan_of(alerts, shift->roster) : NULL;
    return plan && plan->handover_required ? plan : NULL;
}

static void look_until(struct alerts *alerts, struct shift *shift, int64_t t_ms)
{
    shift->seen_ms = t_ms;
    alerts->shift_dirty[shift - alerts->shifts] = true;
}

void alerts_on_input(struct alerts *alerts, int64_t t_ms)
{
    const struct alert_settings *settings = alerts->config.settings;
    if (alerts->shifts_watched)
        return;
    alerts->shifts_watched = true;
    for (unsigned i = 0; i < ROSTERS_MAX; i++) {
        struct shift *shift = &alerts->shifts[i];
        if (!shift->roster[0] || plan_of(alerts, shift))
            continue;
        memset(shift, 0, sizeof *shift); /* required no more: what passes meanwhile is nobody's fault */
        alerts->shift_dirty[i] = true;
    }
    for (unsigned i = 0; i < settings->roster_count; i++) {
        const struct roster_plan *plan = &settings->rosters[i];
        struct shift *shift = plan->handover_required && !find(alerts, plan->name) ? find(alerts, "") : NULL;
        if (!shift)
            continue;
        text_copy(shift->roster, sizeof shift->roster, plan->name);
        look_until(alerts, shift, t_ms);
    }
    handover_arm(alerts);
}

/* One that waits says itself when it is due. */
static bool waits(const struct alerts *alerts, const struct roster_plan *plan)
{
    for (unsigned i = 0; i < HANDOVERS_MAX; i++) {
        const struct handover *handover = &alerts->handovers[i];
        if (handover->t_ms && handover->state <= HANDOVER_OVERDUE &&
            strcmp(handover->roster, plan->name) == 0)
            return true;
    }
    return false;
}

static bool is_signed(const struct alerts *alerts, const struct shift *shift)
{
    for (unsigned i = 0; i < HANDOVERS_MAX; i++) {
        const struct handover *handover = &alerts->handovers[i];
        if (handover->t_ms && handover->state == HANDOVER_SIGNED && handover->due_ms > shift->seen_ms &&
            strcmp(handover->roster, shift->roster) == 0)
            return true;
    }
    return false;
}

/* INT64_MAX = nothing to look at within HANDOVER_AHEAD_MAX_MS of the last look; then that is looked at. */
static int64_t due_ms(const struct alerts *alerts, const struct shift *shift)
{
    const struct roster_plan *plan = plan_of(alerts, shift);
    const struct roster_view view = alerts_rosters(alerts);
    if (!plan || waits(alerts, plan))
        return INT64_MAX;
    const int64_t until_ms = shift->seen_ms + HANDOVER_AHEAD_MAX_MS;
    const int64_t turn_ms = roster_turn_ms(&view, plan, shift->seen_ms, until_ms);
    return turn_ms < until_ms ? turn_ms : until_ms;
}

int64_t shifts_due_ms(const struct alerts *alerts)
{
    int64_t first_ms = INT64_MAX;
    for (unsigned i = 0; i < ROSTERS_MAX; i++) {
        const int64_t one_ms = due_ms(alerts, &alerts->shifts[i]);
        first_ms = one_ms < first_ms ? one_ms : first_ms;
    }
    return first_ms;
}

static bool is_handed_over(const struct alerts *alerts, const struct roster_plan *plan, int64_t turn_ms)
{
    const struct roster_view view = alerts_rosters(alerts);
    const char *people[ROSTER_ON_MAX];
    return roster_on(&view, plan, turn_ms - 1, people) > 0 && roster_on(&view, plan, turn_ms, people) > 0 &&
           roster_turn_ms(&view, plan, turn_ms - 1, turn_ms + 1) == turn_ms;
}

void shifts_run(struct alerts *alerts, int64_t t_ms)
{
    for (unsigned i = 0; i < ROSTERS_MAX; i++) {
        struct shift *shift = &alerts->shifts[i];
        int64_t turn_ms;
        while ((turn_ms = due_ms(alerts, shift)) <= t_ms) {
            const struct roster_plan *plan = plan_of(alerts, shift);
            const bool missed = is_handed_over(alerts, plan, turn_ms) && !is_signed(alerts, shift);
            look_until(alerts, shift, turn_ms);
            if (missed)
                handover_missed(alerts, plan, turn_ms, t_ms);
        }
    }
}

/* What has gone by while the outgoing shift stayed was that shift's. */
void shifts_signed(struct alerts *alerts, const struct handover *handover, int64_t t_ms)
{
    struct shift *shift = handover->roster[0] ? find(alerts, handover->roster) : NULL;
    if (shift)
        look_until(alerts, shift, t_ms);
}

enum err shift_restore(struct alerts *alerts, uint32_t place, const void *value)
{
    struct shift image;
    memcpy(&image, value, sizeof image);
    if (place >= ROSTERS_MAX)
        return ERR_CORRUPT;
    image.roster[ID_SIZE - 1] = 0;
    alerts->shifts[place] = image;
    handover_arm(alerts);
    return ERR_OK;
}
