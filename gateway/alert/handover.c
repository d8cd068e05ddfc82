/* The life of handovers. Their due times share one timer, which is set from what they store, so that a
 * restart needs no memory of it. The outgoing shift of a roster stays on call by a change of that roster, and
 * so it is told, listed and explained as any stand-in is; that of a role in a territory by handover_stays().
 */
#include "alert/handover.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

#define BY_POLICY "policy" /* who begins what nobody began */

struct step {
    uint8_t allowed, next;
};
#define TO(state_)                                                                                           \
    {                                                                                                        \
        .allowed = 1, .next = HANDOVER_##state_                                                              \
    }
/* Cells that do not stand here are refused. A handover begins OPEN, by BEGUN, which no other state takes; one
 * that is overdue ends by a signature and by nothing else. */
static const struct step table[HANDOVER_STATE_COUNT][HANDOVER_EVENT_COUNT] = {
    [HANDOVER_OPEN] = {[HANDOVER_EVENT_RENEWED] = TO(OPEN),
                       [HANDOVER_EVENT_OVERDUE] = TO(OVERDUE),
                       [HANDOVER_EVENT_SIGNED] = TO(SIGNED),
                       [HANDOVER_EVENT_REPLACED] = TO(REPLACED)},
    [HANDOVER_OVERDUE] = {[HANDOVER_EVENT_RENEWED] = TO(OVERDUE), [HANDOVER_EVENT_SIGNED] = TO(SIGNED)},
};

bool handover_next(enum handover_state state, enum handover_event_kind event, enum handover_state *ret_next)
{
    assert((unsigned)state < HANDOVER_STATE_COUNT && (unsigned)event < HANDOVER_EVENT_COUNT);
    if (!table[state][event].allowed)
        return false;
    *ret_next = (enum handover_state)table[state][event].next;
    return true;
}

static bool is_waiting(const struct handover *handover)
{
    return handover->t_ms && (handover->state == HANDOVER_OPEN || handover->state == HANDOVER_OVERDUE);
}

/* What is handed over. */

static bool is_in(const struct alerts *alerts, const struct handover *handover, struct subject subject)
{
    uint32_t territory = registry_subject_territory(alerts->config.registry, subject);
    if (territory == REGISTRY_NONE)
        territory = audience_county(alerts);
    return policy_is_within(alerts->config.registry, territory, handover->territory);
}

/* The list as it stands, and how much of it has come since a time. What has gone is no news. */
struct list {
    uint64_t status_mark;
    uint32_t counts[HANDED_COUNT], news;
};

static void count(struct list *list, enum handed kind, bool is_news)
{
    list->counts[kind]++;
    list->news += is_news;
}

static void count_statuses(const struct alerts *alerts, const struct handover *handover, struct list *list)
{
    const struct registry *registry = alerts->config.registry;
    for (uint32_t no = 0; no < registry_count(registry, REGISTRY_RESIDENT); no++) {
        const struct subject subject = {.kind = SUBJECT_RESIDENT, .no = no};
        unsigned status = live_resident(alerts->config.live, no)->status;
        char text[ID_SIZE + 8];
        if (status == STATUS_ACTIVE || registry_resident(registry, no)->removed ||
            !is_in(alerts, handover, subject))
            continue;
        int len = snprintf(text, sizeof text, "%s|%u", registry_subject_id(registry, subject), status);
        list->status_mark += hash_table(text, (size_t)len); /* of ids, and a sum: no order counts */
        count(list, HANDED_STATUSES, false);
    }
}

/* Cost: one pass over open alerts, tasks, silences and residents; only when somebody begins or signs. */
static struct list list_of(const struct alerts *alerts, const struct handover *handover, int64_t t_ms,
                           int64_t since_ms)
{
    struct list list = {.status_mark = 0};
    for (uint32_t no = 0; no < alerts->alerts.count; no++) {
        const struct alert *alert = pool_is_live(&alerts->alerts, no) ? &alert_at(alerts, no)->alert : NULL;
        if (alert && alert->state == ALERT_OPEN && is_in(alerts, handover, alert->subject))
            count(&list, HANDED_ALERTS, alert->last_notify_ms >= since_ms);
    }
    for (uint32_t no = 0; no < alerts->tasks.count; no++) {
        const struct task *task = pool_is_live(&alerts->tasks, no) ? task_at(alerts, no) : NULL;
        if (task && is_in(alerts, handover, task->subject))
            count(&list, HANDED_TASKS, task->opened_ms >= since_ms);
    }
    for (unsigned i = 0; i < SILENCES_MAX; i++) {
        const struct silence *silence = &alerts->silences[i];
        if (silence->until_ms > t_ms && !silence->removed_ms && is_in(alerts, handover, silence->subject))
            count(&list, HANDED_SILENCES, silence->t_ms >= since_ms);
    }
    count_statuses(alerts, handover, &list);
    return list;
}

static void take_list(struct handover *handover, const struct list *list, int64_t t_ms)
{
    memcpy(handover->counts, list->counts, sizeof handover->counts);
    handover->status_mark = list->status_mark;
    handover->since_ms = handover->list_ms;
    handover->list_ms = t_ms;
    handover->list++;
}

/* Telling. */

static void step(struct alerts *alerts, struct handover *handover, int64_t t_ms,
                 enum handover_event_kind kind, const char *by, const char *why)
{
    struct handover_event event = {.t_ms = t_ms, .number = ++handover->events, .kind = (uint8_t)kind};
    handover->changed_ms = t_ms;
    text_copy(event.by, sizeof event.by, by);
    text_copy(event.why, sizeof event.why, why);
    alerts->handover_dirty[handover - alerts->handovers] = true;
    if (alerts->config.sink.handover)
        alerts->config.sink.handover(alerts->config.sink.self, handover, &event);
}

static struct subject place_of(const struct alerts *alerts, const struct handover *handover)
{
    uint32_t no = handover->territory[0]
                      ? registry_find(alerts->config.registry, REGISTRY_TERRITORY, handover->territory)
                      : audience_county(alerts);
    return (struct subject){.kind = no == REGISTRY_NONE ? SUBJECT_NONE : SUBJECT_TERRITORY, .no = no};
}

static unsigned overdue_in(const struct alerts *alerts, const char *territory)
{
    unsigned found = 0;
    for (unsigned i = 0; i < HANDOVERS_MAX; i++)
        found += alerts->handovers[i].t_ms && alerts->handovers[i].state == HANDOVER_OVERDUE &&
                 strcmp(alerts->handovers[i].territory, territory) == 0;
    return found;
}

static void tell_town(struct alerts *alerts, const struct handover *handover, int64_t t_ms)
{
    struct subject place = place_of(alerts, handover);
    struct audience_person people[AUDIENCE_MAX];
    if (place.kind == SUBJECT_NONE)
        return; /* an empty registry: there is nobody to be told */
    upkeep_handover(alerts, t_ms, place, overdue_in(alerts, handover->territory));
    uint32_t case_no = case_find(alerts, place, FAMILY_FLEET);
    struct alert_record *record = case_open_alert(alerts, case_no);
    if (!record)
        return;
    struct job draft = job_draft(&record->alert, JOB_NOTIFY, JOB_STEP_HANDOVER, t_ms);
    draft.transition = record->alert.transitions;
    draft.expires_ms = t_ms + NOTIFY_EXPIRES_MS;
    draft.role = ROLE_TOWN_DESK;
    size_t found = audience_people(alerts, &record->alert, ROLE_TOWN_DESK, t_ms, people);
    reach_people(alerts, record, &draft, people, found);
    case_rearm(alerts, case_no);
}

static void end_telling(struct alerts *alerts, const struct handover *handover, int64_t t_ms)
{
    struct subject place = place_of(alerts, handover);
    unsigned left = overdue_in(alerts, handover->territory);
    if (place.kind != SUBJECT_NONE && left == 0)
        upkeep_handover(alerts, t_ms, place, 0);
}

/* Time. */

void handover_arm(struct alerts *alerts)
{
    int64_t due_ms = TIMER_OFF;
    for (unsigned i = 0; i < HANDOVERS_MAX; i++) {
        const struct handover *handover = &alerts->handovers[i];
        if (handover->t_ms && handover->state == HANDOVER_OPEN &&
            (due_ms == TIMER_OFF || handover->due_ms < due_ms))
            due_ms = handover->due_ms;
    }
    const int64_t turn_ms = shifts_due_ms(alerts);
    if (turn_ms != INT64_MAX && (due_ms == TIMER_OFF || turn_ms < due_ms))
        due_ms = turn_ms;
    if (timers_arm(alerts->config.timers,
                   timer_owner((struct subject){.kind = SUBJECT_NONE}, TIMER_SLOT_HANDOVER),
                   &alerts->handover_timer, due_ms) != ERR_OK) {
        alerts->starved = true;
        log_write(LOG_ERROR, "alert.timer", "no room for a timer, will try again");
    }
}

static void run_one(struct alerts *alerts, struct handover *handover, int64_t t_ms)
{
    enum handover_state next = HANDOVER_OPEN;
    if (!handover->t_ms || handover->state != HANDOVER_OPEN || handover->due_ms > t_ms ||
        !handover_next(HANDOVER_OPEN, HANDOVER_EVENT_OVERDUE, &next))
        return;
    handover->state = (uint8_t)next;
    if (handover->roster[0])
        handover->order = roster_keep(alerts, t_ms, handover);
    step(alerts, handover, t_ms, HANDOVER_EVENT_OVERDUE, BY_POLICY,
         "Not signed by the shift's end: the outgoing shift stays on call");
    tell_town(alerts, handover, t_ms);
}

void handover_run(struct alerts *alerts, int64_t t_ms)
{
    for (unsigned i = 0; i < HANDOVERS_MAX; i++)
        run_one(alerts, &alerts->handovers[i], t_ms);
    shifts_run(alerts, t_ms);
    handover_arm(alerts);
}

size_t handover_stays(const struct alerts *alerts, enum role role, uint32_t territory, uint32_t *numbers,
                      size_t found, size_t max)
{
    const struct registry *registry = alerts->config.registry;
    for (unsigned i = 0; i < HANDOVERS_MAX; i++) {
        const struct handover *handover = &alerts->handovers[i];
        if (!handover->t_ms || handover->state != HANDOVER_OVERDUE || handover->roster[0] ||
            handover->role != role || !policy_is_within(registry, territory, handover->territory))
            continue;
        uint32_t no = registry_find(registry, REGISTRY_RESPONDER, handover->outgoing[0]);
        size_t at = 0;
        while (at < found && numbers[at] != no)
            at++;
        if (no != REGISTRY_NONE && at == found && found < max)
            numbers[found++] = no;
    }
    return found;
}

/* People. */

static enum err refuse(struct alerts *alerts, enum err err, const char *why)
{
    alerts->refusal = why;
    return err;
}

/* For whom the action is: a roster, or a role in a territory. `scope` gets the territory and role. */
static enum err read_scope(struct alerts *alerts, const struct action *action, struct handover *scope)
{
    const struct registry *registry = alerts->config.registry;
    const char *roster = action->roster.name;
    if ((roster[0] != 0) == (action->role != ROLE_NONE))
        return refuse(alerts, ERR_INVALID, "a handover is for a roster, or for a role in a territory");
    if (roster[0]) {
        const struct roster_plan *plan = roster_plan_of(alerts, roster);
        if (!plan)
            return refuse(alerts, ERR_NOT_FOUND, "there is no roster of this name");
        text_copy(scope->roster, sizeof scope->roster, roster);
        text_copy(scope->territory, sizeof scope->territory, plan->territory);
        scope->role = plan->role;
        return ERR_OK;
    }
    if (action->role == ROLE_FAMILY || action->role >= ROLE_COUNT)
        return refuse(alerts, ERR_INVALID, "a handover is for a roster, or for a role in a territory");
    scope->role = action->role;
    if (action->subject.kind == SUBJECT_NONE)
        return ERR_OK;
    if (action->subject.kind != SUBJECT_TERRITORY ||
        action->subject.no >= registry_count(registry, REGISTRY_TERRITORY))
        return refuse(alerts, ERR_NOT_FOUND, "the registry has no such territory");
    const struct territory *territory = registry_territory(registry, action->subject.no);
    if (territory->kind != TERRITORY_COUNTY)
        text_copy(scope->territory, sizeof scope->territory, territory->code);
    return ERR_OK;
}

static struct handover *waiting_for(struct alerts *alerts, const struct handover *scope)
{
    for (unsigned i = 0; i < HANDOVERS_MAX; i++) {
        struct handover *handover = &alerts->handovers[i];
        if (is_waiting(handover) && strcmp(handover->roster, scope->roster) == 0 &&
            (scope->roster[0] ||
             (handover->role == scope->role && strcmp(handover->territory, scope->territory) == 0)))
            return handover;
    }
    return NULL;
}

static int64_t shift_end(const struct alerts *alerts, const struct handover *scope, int64_t t_ms)
{
    const struct roster_plan *plan = scope->roster[0] ? roster_plan_of(alerts, scope->roster) : NULL;
    const struct roster_view view = alerts_rosters(alerts);
    return plan ? roster_turn_ms(&view, plan, t_ms, t_ms + HANDOVER_AHEAD_MAX_MS) : INT64_MAX;
}

/* Where a handover is required the shift ends at the turn, whatever they say. */
static int64_t due_of(const struct alerts *alerts, const struct handover *scope, int64_t t_ms,
                      int64_t until_ms)
{
    const struct roster_plan *plan = scope->roster[0] ? roster_plan_of(alerts, scope->roster) : NULL;
    return until_ms && !(plan && plan->handover_required) ? until_ms : shift_end(alerts, scope, t_ms);
}

static void note_outgoing(const struct alerts *alerts, struct handover *handover, int64_t t_ms)
{
    const struct roster_plan *plan = handover->roster[0] ? roster_plan_of(alerts, handover->roster) : NULL;
    const struct roster_view view = alerts_rosters(alerts);
    const char *people[ROSTER_ON_MAX];
    size_t on = plan ? roster_on(&view, plan, t_ms, people) : 0;
    for (size_t i = 0; i < on; i++)
        text_copy(handover->outgoing[i], ID_SIZE, people[i]);
    if (on == 0)
        text_copy(handover->outgoing[0], ID_SIZE, handover->by);
    handover->outgoing_count = (uint8_t)(on ? on : 1);
}

/* A place that nobody needs: unused, or of the handover that ended longest ago. */
static struct handover *free_place(struct alerts *alerts)
{
    struct handover *found = NULL;
    for (unsigned i = 0; i < HANDOVERS_MAX; i++) {
        struct handover *handover = &alerts->handovers[i];
        if (!is_waiting(handover) && (!found || handover->changed_ms < found->changed_ms))
            found = handover;
    }
    return found;
}

static struct hash_id id_of(const struct alerts *alerts, const struct handover *handover)
{
    char text[512];
    int len = snprintf(text, sizeof text, "handover|%s|%lld|%s|%u|%s|%s|%s", alerts->config.county,
                       (long long)handover->t_ms, handover->roster, (unsigned)handover->role,
                       handover->territory, handover->by, handover->to);
    return hash_id_of(text, len > 0 && (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

static enum err begin(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    struct handover scope = {.t_ms = t_ms};
    enum err err = read_scope(alerts, action, &scope);
    if (err != ERR_OK)
        return err;
    if (!action->by[0] || !action->to[0] || strcmp(action->by, action->to) == 0)
        return refuse(alerts, ERR_INVALID, "a handover is from one person to another");
    struct handover *before = waiting_for(alerts, &scope);
    enum handover_state next = HANDOVER_OPEN;
    if (before && !handover_next((enum handover_state)before->state, HANDOVER_EVENT_REPLACED, &next))
        return refuse(alerts, ERR_INVALID, "the last handover here has to be signed first");
    if (before && strcmp(before->by, action->by) != 0)
        return refuse(alerts, ERR_INVALID, "somebody else has begun a handover here already");
    scope.due_ms = due_of(alerts, &scope, t_ms, action->until_ms);
    if (scope.due_ms <= t_ms || scope.due_ms > t_ms + HANDOVER_AHEAD_MAX_MS)
        return refuse(alerts, ERR_INVALID,
                      "it has to say when the shift ends: later than now and within 31 days");
    struct handover *handover = before ? before : free_place(alerts);
    if (!handover)
        return refuse(alerts, ERR_INVALID, "no more than 128 handovers can wait at once");
    if (before) {
        before->state = (uint8_t)next;
        step(alerts, before, t_ms, HANDOVER_EVENT_REPLACED, action->by, "Begun anew");
    }
    text_copy(scope.by, sizeof scope.by, action->by);
    text_copy(scope.to, sizeof scope.to, action->to);
    scope.id = id_of(alerts, &scope);
    note_outgoing(alerts, &scope, t_ms);
    *handover = scope;
    const struct list list = list_of(alerts, handover, t_ms, INT64_MAX);
    take_list(handover, &list, t_ms);
    step(alerts, handover, t_ms, HANDOVER_EVENT_BEGUN, action->by, action->note);
    handover_arm(alerts);
    return ERR_OK;
}

void handover_missed(struct alerts *alerts, const struct roster_plan *plan, int64_t turn_ms, int64_t t_ms)
{
    struct handover missed = {.t_ms = t_ms, .due_ms = turn_ms, .role = plan->role};
    const struct roster_view view = alerts_rosters(alerts);
    const char *people[ROSTER_ON_MAX];
    struct handover *handover = free_place(alerts);
    if (!handover) {
        log_write(LOG_ERROR, "alert.handover", "no room for a handover that was not begun\troster=%s",
                  plan->name);
        return;
    }
    text_copy(missed.roster, sizeof missed.roster, plan->name);
    text_copy(missed.territory, sizeof missed.territory, plan->territory);
    text_copy(missed.by, sizeof missed.by, BY_POLICY);
    if (roster_on(&view, plan, turn_ms, people))
        text_copy(missed.to, sizeof missed.to, people[0]);
    missed.id = id_of(alerts, &missed);
    note_outgoing(alerts, &missed, turn_ms - 1);
    *handover = missed;
    const struct list list = list_of(alerts, handover, t_ms, INT64_MAX);
    take_list(handover, &list, t_ms);
    step(alerts, handover, t_ms, HANDOVER_EVENT_BEGUN, BY_POLICY,
         "The shift has ended and nobody has begun to hand over");
    run_one(alerts, handover, t_ms);
}

static struct handover *find(struct alerts *alerts, const struct hash_id *id)
{
    for (unsigned i = 0; i < HANDOVERS_MAX; i++) {
        if (is_waiting(&alerts->handovers[i]) && memcmp(&alerts->handovers[i].id, id, sizeof *id) == 0)
            return &alerts->handovers[i];
    }
    return NULL;
}

/* Two people, always. Before the shift's end only the one who was named: until then they may be late. */
static const char *fault_of_signer(const struct handover *handover, const struct action *action)
{
    bool hands_over = strcmp(action->by, handover->by) == 0;
    for (unsigned i = 0; strcmp(handover->by, BY_POLICY) == 0 && i < handover->outgoing_count; i++)
        hands_over |= strcmp(action->by, handover->outgoing[i]) == 0;
    if (hands_over)
        return "who hands over cannot sign for who comes on";
    if (handover->state == HANDOVER_OPEN && strcmp(action->by, handover->to) != 0)
        return "before the shift's end only the person who was named can sign";
    if (action->list != handover->list)
        return "this is not the newest list: look at what is handed over again";
    return NULL;
}

static enum err sign(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    struct handover scope = {.t_ms = t_ms};
    enum err err = action->has_alert ? ERR_OK : read_scope(alerts, action, &scope);
    if (err != ERR_OK)
        return err;
    struct handover *handover =
        action->has_alert ? find(alerts, &action->alert) : waiting_for(alerts, &scope);
    if (!handover)
        return refuse(alerts, ERR_NOT_FOUND, "there is no such handover that waits to be signed");
    const char *fault = fault_of_signer(handover, action);
    if (fault)
        return refuse(alerts, ERR_INVALID, fault);
    const struct list list = list_of(alerts, handover, t_ms, handover->list_ms);
    bool other_statuses = list.status_mark != handover->status_mark;
    bool is_renewed = list.news != 0 || other_statuses;
    enum handover_state before = (enum handover_state)handover->state, next = before;
    if (!handover_next(before, is_renewed ? HANDOVER_EVENT_RENEWED : HANDOVER_EVENT_SIGNED, &next))
        return ERR_INVALID;
    handover->state = (uint8_t)next;
    if (is_renewed) {
        char why[96];
        snprintf(why, sizeof why, "%lu came since the list was made%s", (unsigned long)list.news,
                 other_statuses ? ", and statuses changed" : "");
        take_list(handover, &list, t_ms);
        step(alerts, handover, t_ms, HANDOVER_EVENT_RENEWED, action->by, why);
        return ERR_OK;
    }
    memcpy(handover->counts, list.counts, sizeof handover->counts);
    text_copy(handover->signed_by, sizeof handover->signed_by, action->by);
    if (handover->order)
        roster_release(alerts, t_ms, handover->order, action->by);
    handover->order = 0;
    step(alerts, handover, t_ms, HANDOVER_EVENT_SIGNED, action->by, action->note);
    if (before == HANDOVER_OVERDUE) {
        end_telling(alerts, handover, t_ms);
        shifts_signed(alerts, handover, t_ms);
    }
    handover_arm(alerts);
    return ERR_OK;
}

enum err handover_act(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    return action->kind == ACTION_HANDOVER_BEGIN ? begin(alerts, t_ms, action) : sign(alerts, t_ms, action);
}

/* Restart. */

enum err handover_restore(struct alerts *alerts, uint32_t place, const void *value)
{
    struct handover image;
    memcpy(&image, value, sizeof image);
    if (place >= HANDOVERS_MAX || image.state >= HANDOVER_STATE_COUNT || image.role >= ROLE_COUNT ||
        image.outgoing_count > ROSTER_ON_MAX)
        return ERR_CORRUPT;
    image.roster[ID_SIZE - 1] = image.territory[sizeof image.territory - 1] = 0;
    image.by[ID_SIZE - 1] = image.to[ID_SIZE - 1] = image.signed_by[ID_SIZE - 1] = 0;
    for (unsigned i = 0; i < ROSTER_ON_MAX; i++)
        image.outgoing[i][ID_SIZE - 1] = 0;
    alerts->handovers[place] = image;
    handover_arm(alerts);
    return ERR_OK;
}
