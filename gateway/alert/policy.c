/* The county's standard policy, as one table, and what can be wrong with a policy. */
#include "alert/policy.h"

#include <assert.h>
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

/* A rule's lines stand together. Order within a rule is the order of going out. */
struct line {
    uint8_t family, level, kind, role;
    bool unless_acknowledged;
    uint16_t after_s;
    const char *prompt;
};
#define RULE(family_, level_) .family = FAMILY_##family_, .level = LEVEL_##level_
#define PROMPT(id)            .kind = STEP_PROMPT, .prompt = (id)
#define NOTIFY(role_)         .kind = STEP_NOTIFY, .role = ROLE_##role_
#define TASK(id, role_)       .kind = STEP_TASK, .prompt = (id), .role = ROLE_##role_
#define VERIFY                .kind = STEP_VERIFY, .role = ROLE_COUNTY_DESK
#define LATER(seconds)        .after_s = (seconds), .unless_acknowledged = true

static const struct line lines[] = {
    {RULE(EMERGENCY, RED), PROMPT("sos-heard")},
    {RULE(EMERGENCY, RED), NOTIFY(COUNTY_DESK)},
    {RULE(EMERGENCY, RED), NOTIFY(GRID_WORKER)},
    {RULE(EMERGENCY, RED), NOTIFY(FAMILY)},
    {RULE(EMERGENCY, RED), VERIFY},
    {RULE(EMERGENCY, RED), NOTIFY(TOWN_DESK), LATER(60)},
    {RULE(EMERGENCY, RED), NOTIFY(COUNTY_DESK), LATER(180)},
    {RULE(EMERGENCY, YELLOW), TASK("call-back", COUNTY_DESK)},
    {RULE(EMERGENCY, YELLOW), NOTIFY(GRID_WORKER)},
    {RULE(EMERGENCY, GREEN), PROMPT("fall-check")},

    {RULE(FRAUD, RED), TASK("call", COUNTY_DESK)},
    {RULE(FRAUD, RED), NOTIFY(COUNTY_DESK)},
    {RULE(FRAUD, RED), NOTIFY(GRID_WORKER)},
    {RULE(FRAUD, RED), NOTIFY(FAMILY)},
    {RULE(FRAUD, RED), VERIFY},
    {RULE(FRAUD, RED), NOTIFY(TOWN_DESK), LATER(300)},
    {RULE(FRAUD, ORANGE), TASK("call", COUNTY_DESK)},
    {RULE(FRAUD, ORANGE), NOTIFY(COUNTY_DESK)},
    {RULE(FRAUD, ORANGE), NOTIFY(GRID_WORKER)},
    {RULE(FRAUD, ORANGE), NOTIFY(FAMILY)},
    {RULE(FRAUD, ORANGE), NOTIFY(TOWN_DESK), LATER(300)},
    {RULE(FRAUD, YELLOW), TASK("call", GRID_WORKER)},
    {RULE(FRAUD, YELLOW), NOTIFY(GRID_WORKER)},

    {RULE(VISITOR, ORANGE), PROMPT("visitor-discreet")},
    {RULE(VISITOR, ORANGE), NOTIFY(GRID_WORKER)},
    {RULE(VISITOR, ORANGE), NOTIFY(FAMILY)},
    {RULE(VISITOR, ORANGE), NOTIFY(COUNTY_DESK), LATER(600)},
    {RULE(VISITOR, YELLOW), PROMPT("visitor-discreet")},
    {RULE(VISITOR, YELLOW), NOTIFY(GRID_WORKER)},

    {RULE(OUTING, ORANGE), PROMPT("outing-check")},
    {RULE(OUTING, ORANGE), NOTIFY(GRID_WORKER)},
    {RULE(OUTING, ORANGE), NOTIFY(FAMILY)},
    {RULE(OUTING, ORANGE), NOTIFY(COUNTY_DESK), LATER(600)},
    {RULE(OUTING, YELLOW), NOTIFY(GRID_WORKER)},
    {RULE(OUTING, YELLOW), NOTIFY(FAMILY)},

    {RULE(COVERAGE, ORANGE), TASK("call", GRID_WORKER)},
    {RULE(COVERAGE, ORANGE), NOTIFY(GRID_WORKER)},
    {RULE(COVERAGE, ORANGE), NOTIFY(FAMILY)},
    {RULE(COVERAGE, YELLOW), TASK("call", GRID_WORKER)},
    {RULE(HEALTH, YELLOW), TASK("call", GRID_WORKER)},
    {RULE(HEALTH, ORANGE), NOTIFY(GRID_WORKER)},
    {RULE(HEALTH, ORANGE), NOTIFY(FAMILY)},
};

static struct policy_rule *rule_of(struct alert_settings *settings, uint8_t family, uint8_t level)
{
    for (unsigned i = 0; i < settings->rule_count; i++) {
        if (settings->rules[i].family == family && settings->rules[i].level == level)
            return &settings->rules[i];
    }
    assert(settings->rule_count < POLICY_RULES_MAX);
    struct policy_rule *rule = &settings->rules[settings->rule_count++];
    rule->family = family;
    rule->level = level;
    return rule;
}

void alert_settings_default(struct alert_settings *ret_settings)
{
    memset(ret_settings, 0, sizeof *ret_settings);
    ret_settings->repeat_silent_s = 60;
    ret_settings->acknowledge_expires_s = 1800;
    ret_settings->lapse_after_s = 43200;
    ret_settings->verify_timeout_s = 90;
    ret_settings->prompt_ttl_s = 120;
    ret_settings->prompts_daily_max = 3;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const struct line *line = &lines[i];
        struct policy_rule *rule = rule_of(ret_settings, line->family, line->level);
        assert(rule->step_count < POLICY_STEPS_MAX);
        struct policy_step *step = &rule->steps[rule->step_count++];
        step->kind = line->kind;
        step->role = line->role;
        step->unless_acknowledged = line->unless_acknowledged;
        step->after_s = line->after_s;
        if (line->prompt)
            text_copy(step->prompt, sizeof step->prompt, line->prompt);
    }
}

const struct policy_rule *policy_find(const struct alert_settings *settings, enum family family,
                                      enum level level)
{
    for (unsigned i = 0; i < settings->rule_count; i++) {
        if (settings->rules[i].family == family && settings->rules[i].level == level)
            return &settings->rules[i];
    }
    return NULL;
}

enum { AFTER_MAX_S = 86400 };

/* NULL when the step is fine. */
static const char *step_fault(const struct policy_step *step, const struct policy_step *before)
{
    if (step->kind >= STEP_KIND_COUNT)
        return "unknown kind of step";
    if (step->role >= ROLE_COUNT)
        return "unknown role";
    if (step->after_s > AFTER_MAX_S)
        return "after_s is outside 0..86400";
    if (before && step->after_s < before->after_s)
        return "steps are out of order: after_s is less than the step's before";
    if (step->kind == STEP_PROMPT && !text_is_id(step->prompt, strnlen(step->prompt, sizeof step->prompt)))
        return "a prompt needs the id of its text";
    if (step->kind == STEP_NOTIFY && step->role == ROLE_NONE)
        return "notify needs a role";
    if (step->kind == STEP_TASK && step->prompt[0] &&
        !text_is_id(step->prompt, strnlen(step->prompt, sizeof step->prompt)))
        return "a task's id is not an identifier";
    return NULL;
}

unsigned policy_check(const struct alert_settings *settings, struct buf *errors)
{
    unsigned faults = 0;
    if (settings->rule_count > POLICY_RULES_MAX) {
        buf_printf(errors, "policy: more than %d rules\n", (int)POLICY_RULES_MAX);
        return 1;
    }
    for (unsigned i = 0; i < settings->rule_count; i++) {
        const struct policy_rule *rule = &settings->rules[i];
        const char *fault = NULL;
        if (rule->family >= FAMILY_COUNT || rule->level >= LEVEL_COUNT)
            fault = "unknown family or level";
        else if (rule->step_count > POLICY_STEPS_MAX)
            fault = "too many steps";
        else if (policy_find(settings, (enum family)rule->family, (enum level)rule->level) != rule)
            fault = "a second rule for this family and level";
        if (fault) {
            buf_printf(errors, "policy[%u]: %s\n", i, fault);
            faults++;
            continue;
        }
        for (unsigned j = 0; j < rule->step_count; j++) {
            fault = step_fault(&rule->steps[j], j ? &rule->steps[j - 1] : NULL);
            if (!fault)
                continue;
            buf_printf(errors, "policy[%u] %s/%s step %u: %s\n", i, family_name((enum family)rule->family),
                       level_name((enum level)rule->level), j, fault);
            faults++;
        }
    }
    return faults;
}
