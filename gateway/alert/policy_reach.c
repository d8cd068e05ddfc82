#include "alert/policy_reach.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alert/explain.h"

#define TOO_MANY "there are more people %s for %s than the %d an alert tells at once: a roster says who is on"

struct reach {
    const struct alert_settings *settings;
    const struct registry *registry;
    int64_t t_ms;
    void (*fault)(void *self, int rule, int step, const char *why);
    void *self;
    unsigned faults, shown; /* shown: of the present kind */
};

__attribute__((format(printf, 4, 5))) static void tell(struct reach *reach, int rule, int step,
                                                       const char *format, ...)
{
    char why[256];
    reach->faults++;
    if (reach->shown++ >= POLICY_REACH_SHOWN)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    reach->fault(reach->self, rule, step, why);
}

static void next_kind(struct reach *reach)
{
    char why[64];
    if (reach->shown > POLICY_REACH_SHOWN) {
        snprintf(why, sizeof why, "and %u more of this kind", reach->shown - POLICY_REACH_SHOWN);
        reach->fault(reach->self, -1, -1, why);
    }
    reach->shown = 0;
}

static bool is_unconditional(const struct policy_step *step)
{
    return !step->unless_acknowledged && step->from_minute == step->to_minute && !step->alerts_least;
}

/* Somebody is told at the same moment or later whatever the hour, or waits for theirs. */
static bool is_stood_for(const struct policy_rule *rule, const struct policy_step *step)
{
    for (unsigned i = 0; i < rule->step_count; i++) {
        const struct policy_step *other = &rule->steps[i];
        bool meets = other->from_minute == step->to_minute && other->to_minute == step->from_minute;
        if (other != step && other->kind == step->kind && other->after_s >= step->after_s &&
            (!other->outside_skips || meets))
            return true;
    }
    return false;
}

static void check_order(struct reach *reach, int no, const struct policy_rule *rule)
{
    int stop = -1;
    for (int i = 0; i < rule->step_count; i++) {
        const struct policy_step *step = &rule->steps[i];
        if (stop >= 0)
            tell(reach, no, i, "is never reached: step %d stops the rule before it", stop);
        else if (step->after_s >= reach->settings->lapse_after_s)
            tell(reach, no, i, "an alert whose cause has ended lapses after %lu s, before this step",
                 (unsigned long)reach->settings->lapse_after_s);
        if (step->outside_skips && !is_stood_for(rule, step))
            tell(reach, no, i, "is lost outside its hours: no other step stands for it then");
        if (stop < 0 && step->kind == STEP_STOP && is_unconditional(step))
            stop = i;
    }
}

static bool anybody_is(const struct registry *registry, const char *category)
{
    uint32_t count = registry_count(registry, REGISTRY_RESIDENT);
    for (uint32_t no = 0; no < count; no++) {
        if (!registry_resident(registry, no)->removed && registry_resident_is(registry, no, category))
            return true;
    }
    return false;
}

static void check_scope(struct reach *reach, int no, const struct policy_rule *rule)
{
    if (rule->category[0] && !anybody_is(reach->registry, rule->category))
        tell(reach, no, -1, "no resident is \"%s\"", rule->category);
    if (rule->territory[0] &&
        registry_find(reach->registry, REGISTRY_TERRITORY, rule->territory) == REGISTRY_NONE)
        tell(reach, no, -1, "there is no territory %s", rule->territory);
}

static void check_target(struct reach *reach, int no, int at, const struct policy_step *step)
{
    const struct registry *registry = reach->registry;
    uint32_t people[AUDIENCE_MAX + 1];
    if (step->kind != STEP_NOTIFY)
        return;
    if (step->to[0] && registry_find(registry, REGISTRY_RESPONDER, step->to) == REGISTRY_NONE &&
        registry_find(registry, REGISTRY_CONTACT, step->to) == REGISTRY_NONE)
        tell(reach, no, at, "there is no responder or contact %s", step->to);
    if (!step->roster[0] || policy_roster(reach->settings, step)) /* rosters by name: roster_reach() */
        return;
    uint32_t territory = registry_find(registry, REGISTRY_TERRITORY, step->roster);
    if (territory == REGISTRY_NONE) {
        tell(reach, no, at, "there is no territory %s", step->roster);
        return;
    }
    size_t count = registry_responders(registry, (enum role)step->role, territory, reach->t_ms, people,
                                       AUDIENCE_MAX + 1);
    if (count == 0)
        tell(reach, no, at, "the roster of %s has no %s", step->roster, role_name((enum role)step->role));
    if (count > AUDIENCE_MAX)
        tell(reach, no, at, TOO_MANY, role_name((enum role)step->role), step->roster, AUDIENCE_MAX);
}

/* Roles whose people some step names by nothing else, a bit each. */
static unsigned roles_needed(const struct reach *reach)
{
    unsigned needed = 0;
    for (unsigned i = 0; i < reach->settings->rule_count; i++) {
        const struct policy_rule *rule = &reach->settings->rules[i];
        for (unsigned j = 0; j < rule->step_count; j++) {
            const struct policy_step *step = &rule->steps[j];
            if (step->kind == STEP_VERIFY) /* the county desk where it names none, as escalation.c does */
                needed |= 1U << (step->role ? step->role : ROLE_COUNTY_DESK);
            else if ((step->kind == STEP_NOTIFY || step->kind == STEP_TASK) && !step->to[0] &&
                     !step->roster[0])
                needed |= 1U << step->role;
        }
    }
    return needed;
}

/* A role that some rule needs and that has nobody for a grid with homes, or more people than are told. */
static void check_roles(struct reach *reach)
{
    const struct registry *registry = reach->registry;
    const unsigned needed = roles_needed(reach);
    uint32_t count = registry_count(registry, REGISTRY_TERRITORY), people[AUDIENCE_MAX + 1];
    for (unsigned role = ROLE_GRID_WORKER; role < ROLE_COUNT; role++) {
        for (uint32_t no = 0; needed >> role & 1 && no < count; no++) {
            const struct territory *territory = registry_territory(registry, no);
            if (territory->removed || territory->kind != TERRITORY_GRID)
                continue;
            size_t found =
                registry_responders(registry, (enum role)role, no, reach->t_ms, people, AUDIENCE_MAX + 1);
            if (found == 0)
                tell(reach, -1, -1, "nobody is %s for %s", role_name((enum role)role), territory->code);
            else if (found > AUDIENCE_MAX)
                tell(reach, -1, -1, TOO_MANY, role_name((enum role)role), territory->code, AUDIENCE_MAX);
        }
    }
}

/* A roster that exists and has ended: everybody of the role is told instead. */
static void check_rosters(struct reach *reach)
{
    uint32_t count = registry_count(reach->registry, REGISTRY_TERRITORY);
    for (uint32_t no = 0; no < count; no++) {
        for (unsigned role = ROLE_FAMILY; role < ROLE_COUNT; role++) {
            if (registry_roster_has_ended(reach->registry, (enum role)role, no, reach->t_ms))
                tell(reach, -1, -1, "the roster of %s for %s names nobody any more",
                     role_name((enum role)role), registry_territory(reach->registry, no)->code);
        }
    }
}

static void check_channels(struct reach *reach)
{
    const struct registry *registry = reach->registry;
    uint32_t count = registry_count(registry, REGISTRY_RESPONDER);
    for (uint32_t no = 0; no < count; no++) {
        if (!registry_responder(registry, no)->removed &&
            !registry_has_channel(registry, REGISTRY_RESPONDER, no))
            tell(reach, -1, -1, "responder %s has no channel", registry_responder(registry, no)->id);
    }
    next_kind(reach);
    count = registry_count(registry, REGISTRY_CONTACT);
    for (uint32_t no = 0; no < count; no++) {
        if (!registry_contact(registry, no)->removed && !registry_has_channel(registry, REGISTRY_CONTACT, no))
            tell(reach, -1, -1, "contact %s has no channel", registry_contact(registry, no)->id);
    }
    next_kind(reach);
}

unsigned policy_reach(const struct alert_settings *settings, const struct registry *registry, int64_t t_ms,
                      void (*fault)(void *self, int rule, int step, const char *why), void *self)
{
    struct reach reach = {
        .settings = settings, .registry = registry, .t_ms = t_ms, .fault = fault, .self = self};
    for (int i = 0; i < settings->rule_count; i++)
        check_order(&reach, i, &settings->rules[i]);
    next_kind(&reach);
    if (!registry)
        return reach.faults;
    for (int i = 0; i < settings->rule_count; i++) {
        const struct policy_rule *rule = &settings->rules[i];
        check_scope(&reach, i, rule);
        for (int j = 0; j < rule->step_count; j++)
            check_target(&reach, i, j, &rule->steps[j]);
    }
    next_kind(&reach);
    check_roles(&reach);
    next_kind(&reach);
    check_rosters(&reach);
    next_kind(&reach);
    check_channels(&reach);
    return reach.faults;
}
