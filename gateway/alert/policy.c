/* Which rule holds, when its steps act, and what can be wrong with a policy. */
#include "alert/policy.h"

#include <stdio.h>
#include <string.h>

static const char *const step_names[STEP_KIND_COUNT] = {
#define X(name, text) [STEP_##name] = #text,
    STEP_MAP(X)
#undef X
};

const char *step_name(enum step_kind kind)
{
    return (unsigned)kind < STEP_KIND_COUNT ? step_names[kind] : "none";
}

enum step_kind step_from_name(const char *name)
{
    unsigned i = 0;
    while (i < STEP_KIND_COUNT && strcmp(step_names[i], name) != 0)
        i++;
    return (enum step_kind)i;
}

static const char *const verdict_names[STEP_VERDICT_COUNT] = {
#define X(name, text) [VERDICT_STEP_##name] = #text,
    STEP_VERDICT_MAP(X)
#undef X
};

const char *step_verdict_name(enum step_verdict verdict)
{
    return (unsigned)verdict < STEP_VERDICT_COUNT ? verdict_names[verdict] : "none";
}

/* How many levels lie between a territory and the one of that code, from 1 = the same; 0 = it is not within.
 */
static unsigned steps_up(const struct registry *registry, uint32_t territory, const char *code)
{
    uint32_t count = registry_count(registry, REGISTRY_TERRITORY);
    for (unsigned up = 1; territory < count && up <= TERRITORY_GRID; up++) {
        const struct territory *here = registry_territory(registry, territory);
        if (strcmp(here->code, code) == 0)
            return up;
        territory = here->parent;
    }
    return 0;
}

bool policy_is_within(const struct registry *registry, uint32_t territory, const char *code)
{
    return !code[0] || steps_up(registry, territory, code) != 0;
}

static bool any_has(const struct policy_scope *scope, const char *category)
{
    for (size_t i = 0; i < scope->resident_count; i++) {
        if (registry_resident_is(scope->registry, scope->residents[i], category))
            return true;
    }
    return false;
}

/* 0 = the rule does not fit; the most specific is the greatest. */
static unsigned fit_of(const struct policy_rule *rule, const struct policy_scope *scope)
{
    enum { BY_CATEGORY = 100, EVERYWHERE = 1, NEAREST = 50 };
    unsigned fit = EVERYWHERE;
    if (rule->territory[0]) {
        unsigned up = steps_up(scope->registry, scope->territory, rule->territory);
        if (up == 0)
            return 0;
        fit = NEAREST - up;
    }
    if (rule->category[0]) {
        if (!any_has(scope, rule->category))
            return 0;
        fit += BY_CATEGORY;
    }
    return fit;
}

const struct policy_rule *policy_find(const struct alert_settings *settings, enum family family,
                                      enum level level, const struct policy_scope *scope)
{
    const struct policy_rule *found = NULL;
    unsigned best = 0;
    for (unsigned i = 0; i < settings->rule_count; i++) {
        const struct policy_rule *rule = &settings->rules[i];
        if (rule->family != family || rule->level != level)
            continue;
        unsigned fit = fit_of(rule, scope);
        if (fit > best) {
            best = fit;
            found = rule;
        }
    }
    return found;
}

const struct roster_plan *policy_roster(const struct alert_settings *settings, const struct policy_step *step)
{
    bool is_by_name = step->kind == STEP_NOTIFY && step->role == ROLE_NONE && step->roster[0];
    return is_by_name ? roster_find(settings->rosters, settings->roster_count, step->roster) : NULL;
}

static bool is_within_hours(const struct policy_step *step, const struct civil *local)
{
    unsigned minute = (unsigned)(local->hour * 60 + local->minute), from = step->from_minute,
             to = step->to_minute;
    return from == to || (from < to ? minute >= from && minute < to : minute >= from || minute < to);
}

/* What people shall do keeps; what is said to the resident, and a stop, are of their moment. */
static bool can_wait(const struct policy_step *step)
{
    return !step->outside_skips && step->kind != STEP_PROMPT && step->kind != STEP_STOP;
}

/* The clocks may skip the hours of one day. */
static int64_t wait_for_hours(const struct policy_step *step, const struct tz *tz, int64_t t_ms)
{
    enum { DAYS = 3 };
    struct civil local;
    if (step->from_minute == step->to_minute)
        return t_ms;
    clock_civil(tz, t_ms, &local);
    if (!can_wait(step) || is_within_hours(step, &local))
        return t_ms;
    for (int day = local.day; day < local.day + DAYS; day++) {
        int64_t begins_ms = clock_from_civil(tz, local.year, local.month, day, 0, step->from_minute, 0);
        struct civil begins;
        clock_civil(tz, begins_ms, &begins);
        if (begins_ms > t_ms && is_within_hours(step, &begins))
            return begins_ms;
    }
    return t_ms;
}

uint32_t policy_moment_s(const struct policy_step *step, const struct policy_start *start, unsigned repeat)
{
    int64_t due_ms = start->t_ms + ((int64_t)step->after_s + (int64_t)repeat * step->repeat_s) * 1000;
    return (uint32_t)((wait_for_hours(step, start->tz, due_ms) - start->t_ms + 999) / 1000);
}

bool policy_acts(const struct policy_step *step, const struct policy_start *start, uint32_t at_s,
                 unsigned *ret_repeat)
{
    for (unsigned repeat = step->repeat_max + 1U; repeat-- > 0;) {
        if (policy_moment_s(step, start, repeat) != at_s)
            continue;
        *ret_repeat = repeat;
        return true;
    }
    return false;
}

uint32_t policy_next_s(const struct policy_rule *rule, const struct policy_start *start, uint32_t from_s)
{
    uint32_t next = POLICY_NEVER;
    for (unsigned i = 0; i < rule->step_count && from_s != POLICY_NEVER; i++) {
        for (unsigned repeat = 0; repeat <= rule->steps[i].repeat_max; repeat++) {
            uint32_t at_s = policy_moment_s(&rule->steps[i], start, repeat);
            if (at_s < from_s)
                continue;
            next = at_s < next ? at_s : next;
            break; /* later repeats are not earlier */
        }
    }
    return next;
}

enum step_verdict policy_judge(const struct policy_step *step, bool acknowledged, const struct civil *local,
                               unsigned recent)
{
    if (step->unless_acknowledged && acknowledged)
        return VERDICT_STEP_ACKNOWLEDGED;
    if (!is_within_hours(step, local))
        return VERDICT_STEP_OUT_OF_HOURS;
    return recent < step->alerts_least ? VERDICT_STEP_TOO_FEW_ALERTS : VERDICT_STEP_ACTS;
}

/* What is wrong with a policy. */

static bool is_id(const char *text)
{
    return text_is_id(text, strnlen(text, ID_SIZE));
}

static bool is_task(const char *what)
{
    enum task_kind kind = task_from_name(what);
    return !what[0] || kind == TASK_CALL || kind == TASK_CALL_BACK || kind == TASK_HOME_VISIT ||
           kind == TASK_COLLECT_DEVICE;
}

/* Whom a step tells; NULL when it is fine. */
static const char *target_fault(const struct policy_step *step)
{
    if (step->kind == STEP_NOTIFY && (step->role != ROLE_NONE) + (step->to[0] != 0) !=
                                         (step->role == ROLE_NONE && step->roster[0] ? 0 : 1))
        return "notify needs a role, a roster, or one person in to";
    if (step->kind == STEP_WEBHOOK && !is_id(step->to))
        return "webhook needs the name of its receiver in to";
    if (step->to[0] && step->kind != STEP_NOTIFY && step->kind != STEP_WEBHOOK)
        return "to belongs to notify and webhook";
    if (step->roster[0] && (step->kind != STEP_NOTIFY || step->role == ROLE_FAMILY))
        return "roster belongs to notify, alone or with a role other than family";
    if (step->kind == STEP_PROMPT && !is_id(step->prompt))
        return "a prompt needs the id of its text";
    if (step->kind == STEP_TASK && !is_task(step->prompt))
        return "a task is call, call-back, home_visit or collect_device";
    return NULL;
}

/* NULL when the step is fine. */
static const char *step_fault(const struct policy_step *step, const struct policy_step *before)
{
    if (step->kind >= STEP_KIND_COUNT)
        return "unknown kind of step";
    if (step->role >= ROLE_COUNT)
        return "unknown role";
    if (step->after_s > POLICY_AFTER_MAX_S)
        return "after_s is outside 0..86400";
    if (before && step->after_s < before->after_s)
        return "steps are out of order: after_s is less than the step's before";
    if (!step->repeat_s != !step->repeat_max)
        return "repeat_s and repeat_max go together";
    if (step->repeat_max > POLICY_REPEAT_MAX || step->repeat_s > POLICY_AFTER_MAX_S ||
        (step->repeat_s && step->repeat_s < 10))
        return "repeats are at most 14, 10..86400 s apart";
    if (!step->alerts_least != !step->alerts_within_min)
        return "alerts and within_min go together";
    if (step->alerts_least == 1 || step->alerts_least > POLICY_RECENT_MAX || step->alerts_within_min > 1440)
        return "alerts is 2..128, within_min 1..1440";
    if (step->from_minute >= 1440 || step->to_minute >= 1440)
        return "hours lie in 00:00..23:59";
    if (step->outside_skips && step->from_minute == step->to_minute)
        return "outside needs from and until";
    return target_fault(step);
}

static const char *rule_fault(const struct alert_settings *settings, unsigned no)
{
    const struct policy_rule *rule = &settings->rules[no];
    if (rule->family >= FAMILY_COUNT || rule->level >= LEVEL_COUNT)
        return "unknown family or level";
    if (rule->step_count > POLICY_STEPS_MAX)
        return "too many steps";
    if (!rule->throttle != !rule->throttle_min)
        return "throttle and throttle_min go together";
    for (unsigned i = 0; i < no; i++) {
        const struct policy_rule *other = &settings->rules[i];
        if (other->family == rule->family && other->level == rule->level &&
            strcmp(other->category, rule->category) == 0 && strcmp(other->territory, rule->territory) == 0)
            return "a second rule for this family, level, category and territory";
    }
    return NULL;
}

unsigned policy_check(const struct alert_settings *settings,
                      void (*fault)(void *self, int rule, int step, const char *why), void *self)
{
    unsigned faults = 0;
    if (settings->rule_count > POLICY_RULES_MAX) {
        fault(self, -1, -1, "more than 64 rules");
        return 1;
    }
    for (unsigned i = 0; i < settings->rule_count; i++) {
        const struct policy_rule *rule = &settings->rules[i];
        const char *why = rule_fault(settings, i);
        if (why) {
            fault(self, (int)i, -1, why);
            faults++;
            continue;
        }
        for (unsigned j = 0; j < rule->step_count; j++) {
            const struct policy_step *step = &rule->steps[j];
            why = step_fault(step, j ? &rule->steps[j - 1] : NULL);
            if (!why && step->kind == STEP_NOTIFY && step->role == ROLE_NONE && step->roster[0] &&
                !policy_roster(settings, step))
                why = "there is no roster of this name in rosters";
            if (why)
                fault(self, (int)i, (int)j, why);
            faults += why != NULL;
        }
    }
    return faults;
}
