/* Who is told what, when: per family and level a list of steps. Filled by the configuration; policy_default()
 * is the county's standard. */
#ifndef HUYANG_ALERT_POLICY_H
#define HUYANG_ALERT_POLICY_H

#include "detect/detector.h"

/* prompt: speak to the resident · notify: tell people of a role · task: a call for a person to make · verify:
 * call the resident first; real, or no answer in time, sends the police message · police: send at once */
#define STEP_MAP(X)                                                                                          \
    X(PROMPT, prompt)                                                                                        \
    X(NOTIFY, notify)                                                                                        \
    X(TASK, task)                                                                                            \
    X(VERIFY, verify)                                                                                        \
    X(POLICE, police)
enum step_kind {
#define X(name, text) STEP_##name,
    STEP_MAP(X)
#undef X
        STEP_KIND_COUNT
};
const char *step_name(enum step_kind kind);
enum step_kind step_from_name(const char *name); /* STEP_KIND_COUNT when unknown */

enum { POLICY_STEPS_MAX = 16, POLICY_RULES_MAX = 64, POLICY_DIRECT_MAX = 8 };
struct policy_step {
    uint8_t kind;                /* enum step_kind */
    uint8_t role;                /* enum role, for notify and task */
    uint8_t unless_acknowledged; /* skipped when the alert is acknowledged by then */
    uint32_t after_s;            /* 0..86400 since the alert was opened, raised or notified again */
    char prompt[ID_SIZE];        /* catalogue id, for prompt */
};
struct policy_rule {
    uint8_t family, level; /* enum family, enum level */
    uint8_t step_count;
    struct policy_step steps[POLICY_STEPS_MAX]; /* after_s ascending */
};
struct alert_settings {
    uint32_t repeat_silent_s;       /* 60; 0..600: repeats within this join silently */
    uint32_t acknowledge_expires_s; /* 1800; 60..86400: acknowledged without a disposition reopens the
                                       escalation */
    uint32_t lapse_after_s;         /* 43200; 600..604800: cleared and untouched */
    uint32_t verify_timeout_s;      /* 90; 30..600 */
    uint32_t prompt_ttl_s;          /* 120; 10..3600 */
    uint8_t prompts_daily_max;      /* 3; 0..100, per resident and local day; emergencies, orange and red
                                       neither count nor wait */
    char direct[POLICY_DIRECT_MAX]
               [ID_SIZE]; /* detectors whose red goes to the police without verify, by written agreement */
    uint8_t direct_count;
    uint8_t rule_count;
    struct policy_rule rules[POLICY_RULES_MAX];
};
void alert_settings_default(struct alert_settings *ret_settings);
/* The rule of a family and level, or NULL: no steps. */
const struct policy_rule *policy_find(const struct alert_settings *settings, enum family family,
                                      enum level level);
/* Writes one line per fault (steps out of order, prompt without id, notify without role, two rules for one
 * family and level); returns their number. */
unsigned policy_check(const struct alert_settings *settings, struct buf *errors);

#endif
