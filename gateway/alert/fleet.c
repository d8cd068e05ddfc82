#include "alert/fleet.h"

#include <stdio.h>
#include <string.h>

#include "alert/fleet_inner.h"
#include "alert/rollout.h"
#include "core/log.h"
#include "registry/admit.h"

const char *order_basis_name(unsigned basis)
{
    static const char *const names[] = {
#define X(name, text) [ORDER_BASIS_##name] = #text,
        ORDER_BASIS_MAP(X)
#undef X
    };
    return basis < ORDER_BASIS_COUNT ? names[basis] : "";
}

static void tell(struct alerts *alerts, const struct device_order *order)
{
    alerts->fleet->orders_dirty = true;
    if (alerts->config.sink.order)
        alerts->config.sink.order(alerts->config.sink.self, order);
}

/* An order given because of an SOS stays until it expires, done or not: so long its answer is taken in. */
static bool is_over(const struct device_order *order)
{
    return delivery_is_final((enum delivery_state)order->state) && order->basis != ORDER_BASIS_LIFE_SAFETY;
}

static void drop(struct fleet *fleet, unsigned i)
{
    fleet->orders[i] = fleet->orders[--fleet->order_count];
    fleet->orders_dirty = true;
}

void fleet_arm(struct alerts *alerts)
{
    struct fleet *fleet = alerts->fleet;
    int64_t due_ms = TIMER_OFF;
    for (unsigned i = 0; i < fleet->order_count; i++)
        if (due_ms == TIMER_OFF || fleet->orders[i].job.expires_ms < due_ms)
            due_ms = fleet->orders[i].job.expires_ms;
    if (timers_arm(alerts->config.timers, timer_owner((struct subject){0}, TIMER_SLOT_FLEET), &fleet->timer,
                   due_ms) != ERR_OK)
        log_write(LOG_ERROR, "fleet.timer", "no room for a timer, commands expire with the next event");
}

struct timer_slot *fleet_slot(struct alerts *alerts)
{
    return &alerts->fleet->timer;
}

static struct device_order *find_open(struct fleet *fleet, uint32_t device, enum job_kind kind)
{
    for (unsigned i = 0; i < fleet->order_count; i++)
        if (fleet->orders[i].job.device == device && fleet->orders[i].job.kind == kind)
            return &fleet->orders[i];
    return NULL;
}

/* ---- issuing ---- */

/* What an order is about, as the relays want to see it: the device's wearer, green. */
static struct alert about(const struct alerts *alerts, const struct job *job)
{
    const struct device *device = registry_device(alerts->config.registry, job->device);
    struct alert alert;
    memset(&alert, 0, sizeof alert);
    alert.id = job->alert;
    alert.subject = (struct subject){.kind = SUBJECT_DEVICE, .no = job->device};
    alert.resident = device->resident;
    alert.household = device->household;
    alert.family = FAMILY_FLEET;
    alert.level = job->level;
    alert.opened_ms = job->t_ms;
    return alert;
}

static int64_t ttl_ms(enum job_kind kind)
{
    return kind == JOB_LOCATE    ? FLEET_LOCATE_TTL_MS
           : kind == JOB_RESTART ? FLEET_RESTART_TTL_MS
                                 : FLEET_INTERVAL_TTL_MS;
}

/* The wish without its job: kind, device, for which alert, by whom and why. */
struct wish {
    enum job_kind kind;
    uint32_t device, interval_s, duration_s;
    const struct alert *alert; /* NULL = none */
    enum order_basis basis;
    const char *by, *why;
};

static bool issue(struct alerts *alerts, int64_t t_ms, const struct wish *wish)
{
    struct fleet *fleet = alerts->fleet;
    if (fleet->order_count == FLEET_ORDERS_MAX)
        return false;
    struct device_order *order = &fleet->orders[fleet->order_count];
    memset(order, 0, sizeof *order);
    struct job *job = &order->job;
    *job = (struct job){.t_ms = t_ms,
                        .expires_ms = t_ms + ttl_ms(wish->kind),
                        .transition = ++fleet->serial,
                        .recipient = REGISTRY_NONE,
                        .device = wish->device,
                        .kind = (uint8_t)wish->kind,
                        .step = JOB_STEP_FLEET,
                        .family = FAMILY_FLEET,
                        .level = wish->alert ? wish->alert->level : LEVEL_GREEN};
    if (wish->alert)
        job->alert = wish->alert->id;
    if (wish->kind == JOB_INTERVAL)
        snprintf(job->prompt, sizeof job->prompt, "%u/%u", (unsigned)wish->interval_s,
                 (unsigned)wish->duration_s);
    job->id = job_id(alerts, job);
    order->changed_ms = t_ms;
    order->interval_s = wish->interval_s;
    order->duration_s = wish->duration_s;
    order->basis = (uint8_t)wish->basis;
    order->state = DELIVERY_QUEUED;
    text_copy(order->by, sizeof order->by, wish->by);
    text_copy(order->why, sizeof order->why, wish->why);
    fleet->order_count++;
    tell(alerts, order);
    struct alert alert = about(alerts, job);
    if (alerts->config.sink.job)
        alerts->config.sink.job(alerts->config.sink.self, &alert, job);
    fleet_arm(alerts);
    return true;
}

/* ---- answers ---- */

static bool set_state(struct alerts *alerts, struct device_order *order, enum delivery_state state,
                      const char *reason, int64_t t_ms)
{
    struct delivery delivery = {.job = order->job.id, .state = (uint8_t)state};
    if (!delivery_may_follow((enum delivery_state)order->state, state))
        return false;
    text_copy(delivery.reason, sizeof delivery.reason, reason);
    text_copy(order->reason, sizeof order->reason, reason);
    order->state = (uint8_t)state;
    order->changed_ms = t_ms;
    tell(alerts, order);
    if (alerts->config.sink.delivery)
        alerts->config.sink.delivery(alerts->config.sink.self, &order->job, &delivery, t_ms);
    if (order->basis == ORDER_BASIS_ROLLOUT)
        rollout_on_order(alerts, t_ms, order);
    return true;
}

bool fleet_on_delivery(struct alerts *alerts, int64_t t_ms, const struct delivery *delivery)
{
    struct fleet *fleet = alerts->fleet;
    char reason[sizeof delivery->reason];
    unsigned i = 0;
    while (i < fleet->order_count &&
           memcmp(&fleet->orders[i].job.id, &delivery->job, sizeof delivery->job) != 0)
        i++;
    if (i == fleet->order_count)
        return false;
    text_copy(reason, sizeof reason, delivery->reason);
    set_state(alerts, &fleet->orders[i], (enum delivery_state)delivery->state, reason, t_ms);
    if (is_over(&fleet->orders[i]))
        drop(fleet, i);
    fleet_arm(alerts);
    return true;
}

void fleet_run(struct alerts *alerts, int64_t t_ms)
{
    struct fleet *fleet = alerts->fleet;
    for (unsigned i = fleet->order_count; i-- > 0;) {
        if (fleet->orders[i].job.expires_ms > t_ms)
            continue;
        set_state(alerts, &fleet->orders[i], DELIVERY_EXPIRED, "expired", t_ms);
        drop(fleet, i);
    }
    fleet_arm(alerts);
}

/* ---- by a person's order ---- */

static enum err refuse(struct alerts *alerts, const char *why)
{
    alerts->refusal = why;
    return ERR_INVALID;
}

static bool may_be_located(const struct alerts *alerts, uint32_t resident)
{
    return resident == REGISTRY_NONE ||
           (registry_effective_consent(alerts->config.registry, resident) & CONSENT_BIT(CONSENT_LOCATION));
}

/* The open alert that a press of the button began, or NULL. */
static const struct alert *open_sos(const struct alerts *alerts, uint32_t resident)
{
    const struct alert *alert =
        resident == REGISTRY_NONE
            ? NULL
            : alerts_open_of(alerts, (struct subject){.kind = SUBJECT_RESIDENT, .no = resident},
                             FAMILY_EMERGENCY);
    for (unsigned i = 0; alert && !alert->drill && i < alert->share_count; i++)
        if (alert->shares[i].active && strcmp(detectors[alert->shares[i].finding.detector]->name, "sos") == 0)
            return alert;
    return NULL;
}

static enum err judge(struct alerts *alerts, const struct device *device, struct wish *wish)
{
    if (wish->kind != JOB_RESTART && device->kind != DEVICE_WRISTBAND)
        return refuse(alerts, "a camera has no position to tell and no interval");
    if (wish->kind == JOB_INTERVAL &&
        (wish->interval_s < FLEET_INTERVAL_LEAST_S || wish->interval_s > FLEET_INTERVAL_MOST_S ||
         wish->duration_s > FLEET_INTERVAL_MOST_S))
        return refuse(alerts, "interval_s is 10 to 86400 s, duration_s 0 to 86400 s");
    if (wish->kind != JOB_LOCATE)
        return ERR_OK;
    wish->alert = open_sos(alerts, device->resident);
    if (may_be_located(alerts, device->resident))
        return ERR_OK;
    if (!wish->alert)
        return refuse(alerts, "the resident has not consented to be located, and there is no open SOS");
    wish->basis = ORDER_BASIS_LIFE_SAFETY;
    return ERR_OK;
}

enum err fleet_order(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    const struct registry *registry = alerts->config.registry;
    if (action->subject.kind != SUBJECT_DEVICE ||
        action->subject.no >= registry_count(registry, REGISTRY_DEVICE) ||
        registry_device(registry, action->subject.no)->removed)
        return ERR_NOT_FOUND;
    struct wish wish = {.kind = action->kind == ACTION_DEVICE_LOCATE     ? JOB_LOCATE
                                : action->kind == ACTION_DEVICE_INTERVAL ? JOB_INTERVAL
                                                                         : JOB_RESTART,
                        .device = action->subject.no,
                        .interval_s = action->interval_s,
                        .duration_s = action->duration_s,
                        .basis = ORDER_BASIS_PERSON,
                        .by = action->by,
                        .why = action->note};
    if (!action->note[0])
        return refuse(alerts, "a command to a device needs a reason");
    enum err err = judge(alerts, registry_device(registry, wish.device), &wish);
    if (err != ERR_OK)
        return err;
    const struct device_order *open = find_open(alerts->fleet, wish.device, wish.kind);
    if (open && !delivery_is_final((enum delivery_state)open->state) && wish.kind != JOB_INTERVAL)
        return refuse(alerts, "the same command is on its way to this device already");
    if (!issue(alerts, t_ms, &wish))
        return refuse(alerts, "no more than 2048 commands are on their way at once");
    return ERR_OK;
}

/* ---- of a roll-out ---- */

bool fleet_roll_out(struct alerts *alerts, int64_t t_ms, uint32_t device, uint32_t interval_s, const char *by,
                    const char *why)
{
    const struct wish wish = {.kind = JOB_INTERVAL,
                              .device = device,
                              .interval_s = interval_s,
                              .basis = ORDER_BASIS_ROLLOUT,
                              .by = by,
                              .why = why};
    return alerts->fleet->order_count < FLEET_ORDERS_MAX / 2 && issue(alerts, t_ms, &wish);
}

void fleet_take_back_roll_out(struct alerts *alerts, int64_t t_ms)
{
    struct fleet *fleet = alerts->fleet;
    for (unsigned i = fleet->order_count; i-- > 0;) {
        if (fleet->orders[i].basis != ORDER_BASIS_ROLLOUT)
            continue;
        set_state(alerts, &fleet->orders[i], DELIVERY_CANCELLED, "the roll-out was given up", t_ms);
        drop(fleet, i);
    }
    fleet_arm(alerts);
}

/* ---- by the gateway itself ---- */

static uint32_t band_of(const struct alerts *alerts, uint32_t resident)
{
    uint32_t device = resident == REGISTRY_NONE
                          ? REGISTRY_NONE
                          : registry_resident(alerts->config.registry, resident)->wristband;
    return device != REGISTRY_NONE && registry_device(alerts->config.registry, device)->removed
               ? REGISTRY_NONE
               : device;
}

/* Somebody pressed: where are they now? The position beside the press may be a quarter of an hour old. */
static void locate_pressed(struct alerts *alerts, int64_t t_ms, const struct finding *finding)
{
    const struct alert *alert = open_sos(alerts, finding->resident);
    uint32_t device = band_of(alerts, finding->resident);
    if (!alert || device == REGISTRY_NONE || find_open(alerts->fleet, device, JOB_LOCATE))
        return;
    const struct wish wish = {.kind = JOB_LOCATE,
                              .device = device,
                              .alert = alert,
                              .basis = ORDER_BASIS_LIFE_SAFETY,
                              .by = "sos",
                              .why = "SOS: where the person is now"};
    if (!issue(alerts, t_ms, &wish))
        alerts->refused++;
}

static uint32_t local_day(const struct alerts *alerts, int64_t t_ms)
{
    struct civil local;
    clock_civil(alerts->config.tz, t_ms, &local);
    return (uint32_t)(local.year * 366 + local.month * 31 + local.day);
}

/* The device's pace today; NULL = too many are watched. A place of a day that is over is free. */
static struct pace *pace_of(struct alerts *alerts, uint32_t device, int64_t t_ms)
{
    struct fleet *fleet = alerts->fleet;
    uint32_t day = local_day(alerts, t_ms);
    struct pace *pace = NULL;
    for (unsigned i = 0; i < fleet->pace_count; i++) {
        if (fleet->paces[i].device == device) {
            pace = &fleet->paces[i];
            break;
        }
        if (!pace && fleet->paces[i].day != day && fleet->paces[i].until_ms == 0)
            pace = &fleet->paces[i];
    }
    if (!pace && fleet->pace_count == FLEET_PACES_MAX)
        return NULL;
    if (!pace)
        pace = &fleet->paces[fleet->pace_count++];
    if (pace->device != device || pace->day != day)
        *pace = (struct pace){
            .device = device, .day = day, .until_ms = pace->device == device ? pace->until_ms : 0};
    return pace;
}

static void end_fast(struct fleet *fleet, struct pace *pace)
{
    fleet->fast -= pace->until_ms != 0;
    pace->until_ms = 0;
    fleet->paces_dirty = true;
}

static bool has_battery(const struct alerts *alerts, uint32_t device)
{
    const struct live_device *live = live_device(alerts->config.live, device);
    return live->has_battery &&
           (live->charging || live->battery_percent >= alerts->config.settings->fleet.faster_battery_percent);
}

/* What is seen of somebody out there is seen better with more positions. */
static void go_faster(struct alerts *alerts, int64_t t_ms, const struct finding *finding)
{
    const struct fleet_settings *settings = &alerts->config.settings->fleet;
    uint32_t device = band_of(alerts, finding->resident);
    if (settings->faster_interval_s == 0 || device == REGISTRY_NONE ||
        !may_be_located(alerts, finding->resident) || !has_battery(alerts, device) ||
        registry_device(alerts->config.registry, device)->report_interval_s <= settings->faster_interval_s)
        return;
    struct pace *pace = pace_of(alerts, device, t_ms);
    /* The device ends it by itself; it is asked again only when the end is near. */
    if (!pace || pace->asked >= settings->faster_daily_max ||
        pace->until_ms > t_ms + (int64_t)settings->faster_for_s * 250)
        return;
    const char *detector = detectors[finding->detector]->name;
    const struct wish wish = {.kind = JOB_INTERVAL,
                              .device = device,
                              .interval_s = settings->faster_interval_s < FLEET_INTERVAL_LEAST_S
                                                ? FLEET_INTERVAL_LEAST_S
                                                : settings->faster_interval_s,
                              .duration_s = settings->faster_for_s,
                              .alert = alerts_open_of(alerts, finding->subject, (enum family)finding->family),
                              .basis = ORDER_BASIS_DETECTOR,
                              .by = detector,
                              .why = "more positions while the person is out"};
    if (!issue(alerts, t_ms, &wish)) {
        alerts->refused++;
        return;
    }
    alerts->fleet->fast += pace->until_ms == 0;
    pace->until_ms = t_ms + (int64_t)settings->faster_for_s * 1000;
    pace->asked++;
    alerts->fleet->paces_dirty = true;
}

void fleet_on_finding(struct alerts *alerts, int64_t t_ms, const struct finding *finding)
{
    const char *detector = detectors[finding->detector]->name;
    if (finding->flags & FINDING_CLEARS)
        return;
    if (strcmp(detector, "sos") == 0)
        locate_pressed(alerts, t_ms, finding);
    else if (strcmp(detector, "wandering") == 0 || strcmp(detector, "unusual-outing") == 0)
        go_faster(alerts, t_ms, finding);
}

/* At home nobody has to be watched so closely: the device goes back to its own pace at once. */
void fleet_on_event(struct alerts *alerts, int64_t t_ms, const struct event *event)
{
    struct fleet *fleet = alerts->fleet;
    for (unsigned i = 0; fleet->fast && i < fleet->pace_count; i++) {
        struct pace *pace = &fleet->paces[i];
        if (pace->until_ms == 0)
            continue;
        const struct device *device = registry_device(alerts->config.registry, pace->device);
        if (pace->until_ms <= t_ms || device->removed || device->resident == REGISTRY_NONE) {
            end_fast(fleet, pace);
            continue;
        }
        if (registry_device(alerts->config.registry, event->key.device)->household != device->household &&
            event->key.device != pace->device)
            continue;
        if (live_resident(alerts->config.live, device->resident)->at_home != LIVE_YES)
            continue;
        end_fast(fleet, pace);
        const struct wish wish = {.kind = JOB_INTERVAL,
                                  .device = pace->device,
                                  .interval_s = device->report_interval_s,
                                  .duration_s = 1, /* then its own, whatever that is */
                                  .basis = ORDER_BASIS_DETECTOR,
                                  .by = "policy",
                                  .why = "the person is at home"};
        if (!issue(alerts, t_ms, &wish))
            alerts->refused++; /* the device goes back by itself when its time is over */
    }
}

/* ---- consent ---- */

void fleet_forget(struct alerts *alerts, int64_t t_ms, uint32_t resident)
{
    struct fleet *fleet = alerts->fleet;
    for (unsigned i = fleet->order_count; i-- > 0;) {
        struct device_order *order = &fleet->orders[i];
        if (order->basis == ORDER_BASIS_LIFE_SAFETY || order->job.kind == JOB_RESTART ||
            registry_device(alerts->config.registry, order->job.device)->resident != resident)
            continue;
        if (order->job.kind == JOB_INTERVAL && order->basis != ORDER_BASIS_DETECTOR)
            continue; /* how often a device reports says nothing of where it is */
        set_state(alerts, order, DELIVERY_CANCELLED, "consent withdrawn", t_ms);
        drop(fleet, i);
    }
    fleet_arm(alerts);
}

bool alerts_is_locating(const struct alerts *alerts, uint32_t device)
{
    const struct fleet *fleet = alerts->fleet;
    for (unsigned i = 0; i < fleet->order_count; i++)
        if (fleet->orders[i].job.device == device && fleet->orders[i].job.kind == JOB_LOCATE &&
            fleet->orders[i].basis == ORDER_BASIS_LIFE_SAFETY) {
            const struct alert *alert = alerts_find(alerts, &fleet->orders[i].job.alert);
            if (alert && alert->state == ALERT_OPEN)
                return true;
        }
    return false;
}
