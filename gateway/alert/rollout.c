/* The run of a roll-out. A look passes over all devices once (20,000 take about a millisecond) and decides by
 * what it counted; it comes every minute, and at once when the last device under way has answered. */
#include "alert/rollout.h"

#include <stdio.h>
#include <string.h>

#include "alert/rollout_inner.h"
#include "core/log.h"
#include "registry/parts.h"

enum { SILENT_LEAST_MS = 600000 };

void rollout_arm(struct alerts *alerts)
{
    struct rollouts *rollouts = alerts->rollouts;
    int64_t due_ms = rollouts->now.state == ROLLOUT_RUNNING ? rollouts->now.look_ms : TIMER_OFF;
    if (timers_arm(alerts->config.timers, timer_owner((struct subject){0}, TIMER_SLOT_ROLLOUT),
                   &rollouts->timer, due_ms) != ERR_OK)
        log_write(LOG_ERROR, "rollout.timer", "no room for a timer, the roll-out goes on at the next start");
}

struct timer_slot *rollout_slot(struct alerts *alerts)
{
    return &alerts->rollouts->timer;
}

static void tell(struct alerts *alerts)
{
    alerts->rollouts->dirty = true;
    if (alerts->config.sink.rollout)
        alerts->config.sink.rollout(alerts->config.sink.self, &alerts->rollouts->now);
}

static void mark(struct rollouts *rollouts, uint32_t device, enum rollout_mark value)
{
    rollouts->marks[device] = (uint8_t)value;
    rollouts->marks_dirty = true;
}

/* Somebody, or the roll-out itself, moves it to another state or stage. */
static void change(struct alerts *alerts, int64_t t_ms, enum rollout_state state, const char *by,
                   const char *why)
{
    struct rollout *now = &alerts->rollouts->now;
    now->state = (uint8_t)state;
    /* Two changes within a millisecond stay two lines of its history. */
    now->changed_ms = t_ms > now->changed_ms ? t_ms : now->changed_ms + 1;
    now->look_ms = t_ms + ROLLOUT_LOOK_MS;
    text_copy(now->changed_by, sizeof now->changed_by, by);
    text_copy(now->why, sizeof now->why, why);
}

/* ---- who ---- */

static bool is_audience(const struct alerts *alerts, uint32_t no)
{
    const struct rollout_order *order = &alerts->rollouts->now.order;
    const struct registry *registry = alerts->config.registry;
    const struct device *device = registry_device(registry, no);
    if (device->removed || device->kind != DEVICE_WRISTBAND || device->resident == REGISTRY_NONE ||
        alerts->rollouts->marks[no] == MARK_LEFT_OUT)
        return false;
    if (order->firmware[0] && alerts->rollouts->marks[no] == MARK_NONE &&
        strcmp(live_firmware(alerts->config.live, no), order->firmware) != 0)
        return false;
    const struct subject subject = {.kind = SUBJECT_DEVICE, .no = no};
    return policy_is_within(registry, registry_subject_territory(registry, subject), order->territory);
}

/* In the share of the stages so far? */
static bool is_member(const struct alerts *alerts, uint32_t no)
{
    const struct rollout *now = &alerts->rollouts->now;
    const char *id = registry_device(alerts->config.registry, no)->id;
    return hash_siphash(now->id.bytes, id, strlen(id)) % 1000 < now->order.permille[now->stage];
}

/* ---- how they are ---- */

static bool is_silent(const struct alerts *alerts, int64_t t_ms, uint32_t no)
{
    const struct live_gateway *gateway = live_gateway(alerts->config.live);
    const struct live_device *now = live_device(alerts->config.live, no);
    int64_t from_ms = now->heard_ms > gateway->connected_ms ? now->heard_ms : gateway->connected_ms;
    int64_t after_ms = (int64_t)live_interval_s(now, registry_device(alerts->config.registry, no)) * 2500;
    return !gateway->down && t_ms - from_ms > (after_ms > SILENT_LEAST_MS ? after_ms : SILENT_LEAST_MS);
}

static bool has_alert(const struct alerts *alerts, struct subject subject, enum family family)
{
    const struct alert *alert = subject.no == REGISTRY_NONE ? NULL : alerts_open_of(alerts, subject, family);
    return alert && alert->cleared_ms == 0 && alert->opened_ms >= alerts->rollouts->now.t_ms;
}

/* Its battery, its wear and a longer silence are alerts of the family coverage already. */
static bool is_troubled(const struct alerts *alerts, int64_t t_ms, uint32_t no)
{
    const struct subject device = {.kind = SUBJECT_DEVICE, .no = no};
    const struct subject wearer = {.kind = SUBJECT_RESIDENT,
                                   .no = registry_device(alerts->config.registry, no)->resident};
    return is_silent(alerts, t_ms, no) || has_alert(alerts, device, FAMILY_COVERAGE) ||
           has_alert(alerts, device, FAMILY_FLEET) || has_alert(alerts, wearer, FAMILY_COVERAGE);
}

static void count_one(const struct alerts *alerts, int64_t t_ms, uint32_t no, struct rollout_counts *counts)
{
    const enum rollout_mark was = (enum rollout_mark)alerts->rollouts->marks[no];
    counts->audience++;
    if (was == MARK_NONE && live_device(alerts->config.live, no)->heard_ms != 0) {
        counts->rest++;
        counts->rest_troubled += is_troubled(alerts, t_ms, no);
    }
    if (!is_member(alerts, no))
        return;
    counts->members++;
    counts->asked += was != MARK_NONE;
    counts->pending += was == MARK_ASKED;
    counts->acked += was == MARK_ACKED || was == MARK_KNOWN;
    counts->refused += was == MARK_REFUSED;
    if (was != MARK_ACKED && was != MARK_REFUSED)
        return;
    counts->judged++;
    counts->troubled += was == MARK_REFUSED || is_troubled(alerts, t_ms, no);
}

static void count(const struct alerts *alerts, int64_t t_ms, struct rollout_counts *ret_counts)
{
    uint32_t devices = registry_count(alerts->config.registry, REGISTRY_DEVICE);
    memset(ret_counts, 0, sizeof *ret_counts);
    for (uint32_t no = 0; no < devices && no < alerts->rollouts->count; no++)
        if (is_audience(alerts, no))
            count_one(alerts, t_ms, no, ret_counts);
}

/* ---- the run ---- */

/* As many as this minute allows; the others have their turn in the next. */
static void ask(struct alerts *alerts, int64_t t_ms)
{
    struct rollouts *rollouts = alerts->rollouts;
    struct rollout *now = &rollouts->now;
    uint32_t devices = registry_count(alerts->config.registry, REGISTRY_DEVICE);
    char why[256];
    if (t_ms >= now->minute_ms + 60000) {
        now->minute_ms = t_ms;
        now->minute_asked = 0;
    }
    snprintf(why, sizeof why, "roll-out: %.240s", now->note);
    for (uint32_t no = 0; no < devices && no < rollouts->count && now->minute_asked < now->order.per_minute;
         no++) {
        if (rollouts->marks[no] != MARK_NONE || !is_audience(alerts, no) || !is_member(alerts, no))
            continue;
        if (!fleet_roll_out(alerts, t_ms, no, now->order.interval_s, now->by, why))
            break; /* too many commands are on their way: later */
        mark(rollouts, no, MARK_ASKED);
        now->minute_asked++;
        now->counts.asked++;
        now->counts.pending++;
    }
}

static void stop(struct alerts *alerts, int64_t t_ms)
{
    struct rollout *now = &alerts->rollouts->now;
    const struct rollout_counts *counts = &now->counts;
    char why[256];
    if (now->verdict == ROLLOUT_SAYS_TROUBLE)
        snprintf(why, sizeof why,
                 "%u of the %u devices that were asked are in trouble (%u refused), of the others %u of %u",
                 counts->troubled, counts->judged, counts->refused, counts->rest_troubled, counts->rest);
    else
        snprintf(why, sizeof why,
                 "only %u of the %u devices of the stage have taken it, and no answer is due", counts->acked,
                 counts->members);
    change(alerts, t_ms, rollout_next((enum rollout_state)now->state, ROLLOUT_STOP), "rollout", why);
    const struct part_trouble trouble = {.part = PART_OF_ROLLOUT, .on = 1, .number = counts->troubled};
    alerts_on_trouble(alerts, t_ms, &trouble);
}

/* The stage is over: the next, or the end. */
static void pass(struct alerts *alerts, int64_t t_ms)
{
    struct rollout *now = &alerts->rollouts->now;
    char why[64];
    now->enough_ms = 0;
    if (now->stage + 1 == now->order.stages) {
        change(alerts, t_ms, rollout_next((enum rollout_state)now->state, ROLLOUT_FINISH), "rollout",
               "every stage is over");
        return;
    }
    now->stage++;
    snprintf(why, sizeof why, "stage %u of %u begins", now->stage + 1U, (unsigned)now->order.stages);
    change(alerts, t_ms, ROLLOUT_RUNNING, "rollout", why);
}

void rollout_run(struct alerts *alerts, int64_t t_ms)
{
    struct rollout *now = &alerts->rollouts->now;
    const bool was_running = now->state == ROLLOUT_RUNNING;
    /* Each turn but the last begins a stage. */
    for (unsigned i = 0; now->state == ROLLOUT_RUNNING && i <= ROLLOUT_STAGES_MAX; i++) {
        now->look_ms = t_ms + ROLLOUT_LOOK_MS;
        if (!rollout_grow(alerts))
            break;
        count(alerts, t_ms, &now->counts);
        int64_t watched_s = now->enough_ms ? (t_ms - now->enough_ms) / 1000 : 0;
        now->verdict = (uint8_t)rollout_verdict(&now->order, &now->counts, watched_s);
        if (now->verdict == ROLLOUT_SAYS_TROUBLE || now->verdict == ROLLOUT_SAYS_UNANSWERED)
            stop(alerts, t_ms);
        else if (now->verdict == ROLLOUT_SAYS_ASK)
            ask(alerts, t_ms);
        else if (now->verdict == ROLLOUT_SAYS_WATCH && !now->enough_ms)
            now->enough_ms = t_ms;
        else if (now->verdict == ROLLOUT_SAYS_PASS)
            pass(alerts, t_ms);
        if (now->verdict != ROLLOUT_SAYS_PASS)
            break;
    }
    if (was_running)
        tell(alerts);
    rollout_arm(alerts);
}

void rollout_on_order(struct alerts *alerts, int64_t t_ms, const struct device_order *order)
{
    static const uint8_t marks[DELIVERY_COUNT] = {[DELIVERY_PLAYED] = MARK_ACKED,
                                                  [DELIVERY_FAILED] = MARK_REFUSED,
                                                  [DELIVERY_REJECTED] = MARK_REFUSED,
                                                  [DELIVERY_EXPIRED] = MARK_UNANSWERED,
                                                  [DELIVERY_CANCELLED] = MARK_LEFT_OUT};
    struct rollouts *rollouts = alerts->rollouts;
    uint32_t no = order->job.device;
    if (no >= rollouts->count || rollouts->marks[no] != MARK_ASKED ||
        order->interval_s != rollouts->now.order.interval_s || !marks[order->state])
        return;
    mark(rollouts, no, (enum rollout_mark)marks[order->state]);
    rollouts->dirty = true;
    if (rollouts->now.counts.pending > 0)
        rollouts->now.counts.pending--;
    if (rollouts->now.counts.pending == 0 || order->state == DELIVERY_FAILED)
        rollouts->now.look_ms = t_ms;
    rollout_arm(alerts);
}

/* ---- by a person's order ---- */

static enum err refuse(struct alerts *alerts, const char *why)
{
    alerts->refusal = why;
    return ERR_INVALID;
}

static enum err start(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    const struct rollout_order *order = &action->rollout;
    struct rollouts *rollouts = alerts->rollouts;
    struct rollout *now = &rollouts->now;
    struct rollout_counts counts;
    char text[256];
    if (order->interval_s < FLEET_INTERVAL_LEAST_S || order->interval_s > FLEET_INTERVAL_MOST_S ||
        order->stages == 0 || order->stages > ROLLOUT_STAGES_MAX || order->per_minute == 0)
        return refuse(alerts, "a roll-out needs interval_s of 10 to 86400 s, stages and a rate");
    if (order->territory[0] &&
        registry_find(alerts->config.registry, REGISTRY_TERRITORY, order->territory) == REGISTRY_NONE)
        return refuse(alerts, "there is no such territory");
    if (!rollout_grow(alerts))
        return ERR_NOMEM;
    const struct rollout before = *now;
    memset(now, 0, sizeof *now);
    int len = snprintf(text, sizeof text, "rollout|%s|%s|%lld|%u", alerts->config.county, action->by,
                       (long long)t_ms, (unsigned)order->interval_s);
    now->id = hash_id_of(text, (size_t)len);
    now->t_ms = t_ms;
    now->order = *order;
    memset(rollouts->marks, MARK_NONE, rollouts->count);
    rollouts->marks_dirty = true;
    count(alerts, t_ms, &counts);
    if (counts.audience == 0) {
        *now = before; /* ended, so its marks are of no use any more */
        return refuse(alerts, "no wristband fits this audience");
    }
    text_copy(now->by, sizeof now->by, action->by);
    text_copy(now->note, sizeof now->note, action->note);
    return ERR_OK;
}

/* What is wrong by now is known, and no reason to stop again; who has not taken it is left out. */
static void accept_trouble(struct alerts *alerts, int64_t t_ms)
{
    struct rollouts *rollouts = alerts->rollouts;
    uint32_t devices = registry_count(alerts->config.registry, REGISTRY_DEVICE);
    for (uint32_t no = 0; no < devices && no < rollouts->count; no++) {
        if (rollouts->marks[no] == MARK_REFUSED || rollouts->marks[no] == MARK_UNANSWERED)
            mark(rollouts, no, MARK_LEFT_OUT);
        else if (rollouts->marks[no] == MARK_ACKED && is_troubled(alerts, t_ms, no))
            mark(rollouts, no, MARK_KNOWN);
    }
}

enum err rollout_act(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    struct rollout *now = &alerts->rollouts->now;
    const enum rollout_input input = action->kind == ACTION_ROLLOUT_START    ? ROLLOUT_START
                                     : action->kind == ACTION_ROLLOUT_PAUSE  ? ROLLOUT_PAUSE
                                     : action->kind == ACTION_ROLLOUT_RESUME ? ROLLOUT_RESUME
                                                                             : ROLLOUT_ABORT;
    const enum rollout_state was = (enum rollout_state)now->state, next = rollout_next(was, input);
    if (!action->note[0])
        return refuse(alerts, "a roll-out and each change of it needs a reason");
    if (next == ROLLOUT_STATE_COUNT)
        return refuse(alerts, input == ROLLOUT_START ? "another roll-out is under way: abort it first"
                                                     : "no roll-out stands so that this could be done to it");
    if (input == ROLLOUT_START) {
        enum err err = start(alerts, t_ms, action);
        if (err != ERR_OK)
            return err;
    }
    if (input == ROLLOUT_RESUME) {
        accept_trouble(alerts, t_ms);
        now->enough_ms = 0;
    }
    if (was == ROLLOUT_STOPPED) {
        const struct part_trouble over = {.part = PART_OF_ROLLOUT};
        alerts_on_trouble(alerts, t_ms, &over);
    }
    change(alerts, t_ms, next, action->by, action->note);
    tell(alerts);
    if (input == ROLLOUT_ABORT)
        fleet_take_back_roll_out(alerts, t_ms);
    if (next == ROLLOUT_RUNNING)
        rollout_run(alerts, t_ms);
    rollout_arm(alerts);
    return ERR_OK;
}
