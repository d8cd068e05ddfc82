/* The county's standard policy, as one table. */
#include <assert.h>
#include <string.h>

#include "alert/policy.h"

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

    {RULE(FLEET, ORANGE), NOTIFY(COUNTY_DESK)},
    {RULE(FLEET, ORANGE), NOTIFY(COUNTY_DESK), LATER(900)},
    {RULE(FLEET, YELLOW), NOTIFY(COUNTY_DESK)},
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
    ret_settings->fleet = (struct fleet_settings){
        .faster_interval_s = 60, .faster_for_s = 1800, .faster_battery_percent = 30, .faster_daily_max = 6};
    ret_settings->prompts_daily_max = 3;
    ret_settings->noise = (struct noise_settings){
        .budget = 30, .budget_min = 60, .flood = 50, .flood_min = 10, .yellow_per_day = 26, .digest_min = 10};
    ret_settings->ledger = (struct ledger_settings){.due_s = 259200, .calm_due_s = 1209600};
    ret_settings->tasks = (struct task_settings){.call_due_s = 300,
                                                 .call_calm_due_s = 7200,
                                                 .visit_due_s = 1800,
                                                 .visit_calm_due_s = 14400,
                                                 .collect_due_s = 259200,
                                                 .retry_s = 600,
                                                 .unanswered_max = 2};
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
