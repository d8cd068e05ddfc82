/* visitor-then-bank: at a bank, soon after a stranger had been to the home.
 *
 * Being at a bank is nobody's concern: it is only written down. It is yellow when it is not a pension day (a
 * bank zone's calendar lists these: then everybody goes) and a stranger had been indoors, or at the door for
 * DOOR_MS, within 48 hours, and that is no coincidence: how often strangers come to this home is learned
 * (over RATE_DAYS), and where more than CHANCE of them are to be expected within the time since the visit, it
 * tells nothing that there was one. It is yellow too when an unknown companion was seen leaving with the
 * resident. It is orange when led-away is told as well: then also at the first fix, and on a pension day.
 * Each step joins the one fraud alert (practice.md 18).
 *
 * At a bank means: a fix within its zone, of at most VAGUE_M accuracy; and a second one at least DWELL_MS
 * later, since a bank stands where everybody passes. It ends with the first fix outside, or at home. Blind
 * spots: banks nobody has drawn; a transfer by telephone; couriers who talk for five minutes. Cost: the zones
 * of a resident, for each fix of somebody not at home. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "detect/detectors.h"
#include "detect/led_away.h"
#include "detect/position.h"
#include "detect/unknown_visitor.h"
#include "registry/admit.h"

enum { CUSTOMERS = 2 };
#define VAGUE_M   100.0
#define RATE_DAYS 21.0
#define CHANCE    0.12
#define DAY_MS    (24 * 3600 * 1000.0)
#define VISIT_MS  ((int64_t)48 * 3600 * 1000)
#define DOOR_MS   ((int64_t)5 * 60 * 1000)
#define DWELL_MS  ((int64_t)4 * 60 * 1000)
#define STRAYS_MS ((int64_t)3600 * 1000) /* without a fix: nothing is known any more */

struct bank_customer {
    int64_t since_ms, last_ms; /* of the fixes within the zone */
    struct event_key first;
    uint32_t resident, zone;
    uint8_t used;
    uint8_t told; /* 0 = nothing, 1 = written down, else 1 + level */
};
struct visitor_then_bank_state {
    int64_t stranger_ms;       /* last time a stranger was there, 0 = never */
    struct event_key stranger; /* that visit's first event */
    struct bank_customer customers[CUSTOMERS];
    int64_t counted_ms; /* the visit that was counted last, by its arrival */
    float rate;         /* strangers' visits a day, as of counted_ms */
};

enum { REASON_AT_BANK, REASON_PENSION_DAY, REASON_AFTER_VISIT, REASON_COMPANION, REASON_LED, REASON_LEFT };
static const struct reason reasons[] = {
    [REASON_AT_BANK] = {"at-bank", "At the bank {zone} since {0t}", "{0t} 起在银行网点 {zone}"},
    [REASON_PENSION_DAY] = {"at-bank-pension-day", "At the bank {zone} since {0t}, a pension day",
                            "{0t} 起在银行网点 {zone}，当日为养老金发放日"},
    [REASON_AFTER_VISIT] = {"bank-after-visit",
                            "At the bank {zone} since {0t}, {1m} minutes after a person not known here had "
                            "been at the home; to be verified",
                            "{0t} 起在银行网点 {zone}，{1m} 分钟前家中曾有非登记人员来访，待核实"},
    [REASON_COMPANION] =
        {"bank-with-unknown",
         "At the bank {zone} since {0t}, having left with a person not known here; to be verified",
         "{0t} 起在银行网点 {zone}，离家时有非登记人员陪同，待核实"},
    [REASON_LED] =
        {"bank-led-away",
         "Led away from home by all appearances, and at the bank {zone} since {0t}; to be verified",
         "疑似被人带离家中，{0t} 起在银行网点 {zone}，待核实"},
    [REASON_LEFT] = {"bank-left", "No longer at the bank {zone} at {0t}", "{0t} 已离开银行网点 {zone}"},
};

static void emit(const struct detect_context *context, const struct visitor_then_bank_state *state,
                 const struct bank_customer *customer, const struct event *event, unsigned reason,
                 enum level level, unsigned flags)
{
    static const double scores[] = {
        [REASON_AT_BANK] = 0.1,   [REASON_PENSION_DAY] = 0.05, [REASON_AFTER_VISIT] = 0.6,
        [REASON_COMPANION] = 0.7, [REASON_LED] = 0.95,         [REASON_LEFT] = 0};
    struct finding finding = detect_finding(context, reason, level, scores[reason]);
    finding.subject = (struct subject){.kind = SUBJECT_RESIDENT, .no = customer->resident};
    finding.resident = customer->resident;
    finding.zone = customer->zone;
    if (reason == REASON_AFTER_VISIT)
        detect_add_key(&finding, &state->stranger);
    detect_add_key(&finding, &customer->first);
    detect_add_evidence(&finding, event);
    finding.flags |= (uint8_t)flags;
    finding.numbers[0] = (double)((reason == REASON_LEFT ? event->at_ms : customer->since_ms) / 1000);
    finding.numbers[1] = (double)((customer->since_ms - state->stranger_ms) / 1000);
    finding.has_where = event->kind == EVENT_FIX && registry_locate(&event->fix, &finding.where);
    detect_emit(context, &finding);
}

static void leave(const struct detect_context *context, const struct visitor_then_bank_state *state,
                  struct bank_customer *customer, const struct event *event)
{
    if (customer->told > 1)
        emit(context, state, customer, event, REASON_LEFT, (enum level)(customer->told - 1), FINDING_CLEARS);
    memset(customer, 0, sizeof *customer);
}

static struct bank_customer *find(struct visitor_then_bank_state *state, uint32_t resident)
{
    for (unsigned i = 0; i < CUSTOMERS; i++) {
        if (state->customers[i].used && state->customers[i].resident == resident)
            return &state->customers[i];
    }
    return NULL;
}

static struct bank_customer *enter(const struct detect_context *context,
                                   struct visitor_then_bank_state *state, const struct event *event,
                                   uint32_t zone)
{
    struct bank_customer *place = &state->customers[0];
    for (unsigned i = 0; i < CUSTOMERS; i++) {
        struct bank_customer *customer = &state->customers[i];
        if (!customer->used || (place->used && customer->last_ms < place->last_ms))
            place = customer;
    }
    leave(context, state, place, event);
    place->used = 1;
    place->resident = context->resident;
    place->zone = zone;
    place->since_ms = place->last_ms = event->at_ms;
    detect_key_set(&place->first, &event->key);
    return place;
}

/* Visits a day now: each counts 1/RATE_DAYS and fades. */
static double rate_at(const struct visitor_then_bank_state *state, int64_t at_ms)
{
    double days = at_ms > state->counted_ms ? (double)(at_ms - state->counted_ms) / DAY_MS : 0;
    return (double)state->rate * exp(-days / RATE_DAYS);
}

static bool is_coincidence(const struct visitor_then_bank_state *state, int64_t at_ms)
{
    return rate_at(state, at_ms) * (double)(at_ms - state->stranger_ms) / DAY_MS > CHANCE;
}

static void judge(const struct detect_context *context, const struct visitor_then_bank_state *state,
                  struct bank_customer *customer, const struct event *event)
{
    const struct zone *zone = registry_zone(context->registry, customer->zone);
    const void *led_away = detect_peek(context, &detector_led_away, context->owner.no);
    bool pension_day = zone->calendar != REGISTRY_NONE && position_zone_is_on(context, zone, event->at_ms);
    bool dwells = customer->last_ms - customer->since_ms >= DWELL_MS;
    bool after_visit = state->stranger_ms && customer->since_ms - state->stranger_ms <= VISIT_MS &&
                       !is_coincidence(state, customer->since_ms);
    unsigned reason = pension_day ? REASON_PENSION_DAY : REASON_AT_BANK;
    enum level level = LEVEL_GREEN;
    if (led_away_is_told(led_away, customer->resident)) {
        reason = REASON_LED;
        level = LEVEL_ORANGE;
    } else if (dwells && !pension_day && led_away_has_unknown_companion(led_away, customer->resident)) {
        reason = REASON_COMPANION;
        level = LEVEL_YELLOW;
    } else if (dwells && !pension_day && after_visit) {
        reason = REASON_AFTER_VISIT;
        level = LEVEL_YELLOW;
    }
    if (level + 1 <= customer->told)
        return;
    customer->told = (uint8_t)(level + 1);
    emit(context, state, customer, event, reason, level,
         level > LEVEL_GREEN ? FINDING_FUSED : FINDING_RECORD);
}

static void on_visit(const struct detect_context *context, struct visitor_then_bank_state *state,
                     const struct event *event)
{
    struct stranger_visit visit;
    if (!unknown_visitor_stranger(detect_peek(context, &detector_unknown_visitor, context->owner.no),
                                  event->at_ms, event->at_ms, &visit) ||
        visit.unclear || (!visit.indoors_ms && event->at_ms - visit.arrived_ms < DOOR_MS) ||
        event->at_ms <= state->stranger_ms)
        return;
    if (visit.arrived_ms > state->counted_ms) {
        state->rate = (float)(rate_at(state, visit.arrived_ms) + 1 / RATE_DAYS);
        state->counted_ms = visit.arrived_ms;
    }
    state->stranger_ms = event->at_ms;
    detect_key_set(&state->stranger, &visit.first);
}

static void on_fix(const struct detect_context *context, struct visitor_then_bank_state *state,
                   const struct event *event)
{
    struct geo_point p;
    struct bank_customer *customer = find(state, context->resident);
    const struct live_resident *live = live_resident(context->live, context->resident);
    if (!customer && live->at_home == LIVE_YES)
        return;
    if (!registry_locate(&event->fix, &p) || position_accuracy_m(&event->fix) > VAGUE_M ||
        live->status != STATUS_ACTIVE || (customer && event->at_ms < customer->last_ms))
        return;
    uint32_t zone = position_zone_at(context, context->resident, p, UINT32_C(1) << ZONE_BANK);
    if (customer && (zone != customer->zone || event->at_ms - customer->last_ms > STRAYS_MS)) {
        leave(context, state, customer, event);
        customer = NULL;
    }
    if (zone == REGISTRY_NONE)
        return;
    if (!customer)
        customer = enter(context, state, event, zone);
    customer->last_ms = event->at_ms;
    judge(context, state, customer, event);
}

static void on_event(const struct detect_context *context, void *opaque, const struct event *event)
{
    struct visitor_then_bank_state *state = opaque;
    if (event->kind == EVENT_VISIT) {
        on_visit(context, state, event);
        return;
    }
    if (registry_device(context->registry, event->key.device)->kind != DEVICE_WRISTBAND ||
        context->resident == REGISTRY_NONE)
        return;
    if (event->kind == EVENT_FIX) {
        on_fix(context, state, event);
        return;
    }
    struct bank_customer *customer = find(state, context->resident);
    if (customer && live_resident(context->live, context->resident)->at_home == LIVE_YES)
        leave(context, state, customer, event);
}

static bool is_asleep(const void *opaque)
{
    const struct visitor_then_bank_state *state = opaque;
    for (unsigned i = 0; i < CUSTOMERS; i++) {
        if (state->customers[i].used)
            return false;
    }
    return true;
}

static bool wakes(const struct detect_context *context, const struct event *event)
{
    return event->kind == EVENT_VISIT || (event->kind == EVENT_FIX && detect_is_out(context, event));
}

/* Version 1 did not count visits. */
static enum err migrate(uint16_t version, const void *value, size_t len, void *state)
{
    if (version != 1 || len != offsetof(struct visitor_then_bank_state, counted_ms))
        return ERR_UNSUPPORTED;
    memcpy(state, value, len);
    return ERR_OK;
}

const struct detector detector_visitor_then_bank = {
    .name = "visitor-then-bank",
    .family = FAMILY_FRAUD,
    .state_of = SUBJECT_HOUSEHOLD,
    .kinds = EVENT_BIT(EVENT_VISIT) | EVENT_BIT(EVENT_FIX) | EVENT_BIT(EVENT_PRESENCE),
    .reasons = reasons,
    .reason_count = sizeof reasons / sizeof *reasons,
    .state_version = 2,
    .state_size = sizeof(struct visitor_then_bank_state),
    .sparse = true,
    .is_asleep = is_asleep,
    .wakes = wakes,
    .on_event = on_event,
    .migrate = migrate,
};
