/* Who is told what, when: rules by family, level, category of resident and territory, each a list of steps.
 * Filled by the configuration; alert_settings_default() is the county's standard (policy_default.c).
 *
 * The rule of an alert is the most specific one of its family and level that fits: one that names a category
 * goes before one that does not; then the nearer territory (grid, village, town, county, none); then the
 * earlier in the list. A rule is taken as a whole, steps of two rules never mix. Pure. */
#ifndef HUYANG_ALERT_POLICY_H
#define HUYANG_ALERT_POLICY_H

#include "alert/contact.h"
#include "alert/noise.h"
#include "alert/ledger.h"
#include "alert/roster.h"
#include "alert/task.h"
#include "detect/detector.h"

/* prompt: speak to the resident · notify: tell people of a role, one person, or who is on duty elsewhere ·
 * task: work for a person · verify: call the resident first; real, or no answer in time, sends the police
 * message · police: send at once · webhook: tell one named receiver · stop: nothing after this */
#define STEP_MAP(X)                                                                                          \
    X(PROMPT, prompt)                                                                                        \
    X(NOTIFY, notify)                                                                                        \
    X(TASK, task)                                                                                            \
    X(VERIFY, verify)                                                                                        \
    X(POLICE, police)                                                                                        \
    X(WEBHOOK, webhook)                                                                                      \
    X(STOP, stop)
enum step_kind {
#define X(name, text) STEP_##name,
    STEP_MAP(X)
#undef X
        STEP_KIND_COUNT
};
const char *step_name(enum step_kind kind);
enum step_kind step_from_name(const char *name); /* STEP_KIND_COUNT when unknown */

/* How a person can be told: through the role's own receiver, or by one of the operators. As the registry's
 * column `channels` writes them. */
#define WAY_MAP(X)                                                                                           \
    X(APP, app)                                                                                              \
    X(SMS, sms)                                                                                              \
    X(VOICE, voice)                                                                                          \
    X(EMAIL, email)
enum way {
#define X(name, text) WAY_##name,
    WAY_MAP(X)
#undef X
        WAY_COUNT
};
/* What job->prompt of a notification says: "" for APP, ":sms", … */
const char *way_receiver(enum way way);
enum way way_of_receiver(const char *receiver); /* WAY_COUNT when it is none */

enum {
    POLICY_STEPS_MAX = 16,
    POLICY_RULES_MAX = 64,
    POLICY_DIRECT_MAX = 8,
    POLICY_AFTER_MAX_S = 86400,
    POLICY_REPEAT_MAX = 14,   /* further times: a job's step number has four bits for them */
    POLICY_RECENT_MAX = 128,  /* alerts of a family that a condition can count */
    POLICY_CATEGORY_SIZE = 64 /* bytes of a category's or tag's name, with NUL */
};
#define POLICY_NEVER UINT32_MAX

struct policy_step {
    uint8_t kind;                /* enum step_kind */
    uint8_t role;                /* enum role, for notify and task */
    uint8_t unless_acknowledged; /* skipped when the alert is acknowledged by then */
    uint8_t repeat_max;          /* 0..POLICY_REPEAT_MAX further times, repeat_s apart */
    uint8_t alerts_least;        /* 0; 2..POLICY_RECENT_MAX: skipped unless so many alerts of the family */
    uint16_t alerts_within_min;  /* … opened within this in the rule's territory; 1..1440 */
    uint16_t from_minute, to_minute; /* only in [from, to) of the local day, over midnight when to < from;
                                        equal = always. A moment outside waits for the next from, but
                                        for a prompt or stop, which are of their moment … */
    uint8_t outside_skips;           /* … or falls to the other steps of the rule */
    uint32_t after_s;     /* 0..POLICY_AFTER_MAX_S since the alert was opened, raised or notified again */
    uint32_t repeat_s;    /* 10..POLICY_AFTER_MAX_S with repeat_max, else 0 */
    char prompt[ID_SIZE]; /* prompt: catalogue id; task: what for */
    char to[ID_SIZE];     /* notify: id of one responder or contact; webhook: name of the receiver */
    char roster[ID_SIZE]; /* notify: with a role the code of the territory whose people are told instead;
                             without one the name of a roster of the settings */
};
struct policy_rule {
    uint8_t family, level; /* enum family, enum level */
    uint8_t step_count;
    char category[POLICY_CATEGORY_SIZE]; /* of categories or tags in the registry; "" = everybody */
    char territory[16];                  /* its code; "" = everywhere */
    uint8_t acknowledgements;            /* 1..4 different people before the alert is taken; 0 = 1 */
    uint16_t throttle;                   /* 0 = none; most notifications of this rule … */
    uint16_t throttle_min; /* … within so many minutes, 1..1440; the rest is told in one summary */
    struct policy_step steps[POLICY_STEPS_MAX]; /* after_s ascending */
};
/* When a device is asked to report faster for a while (fleet.h). */
struct fleet_settings {
    uint32_t faster_interval_s;     /* 60; 0..3600; 0 = never, below 10 counts as 10 */
    uint32_t faster_for_s;          /* 1800; 60..14400 */
    uint8_t faster_battery_percent; /* 30; 0..100: below it, and where it is not known, not */
    uint8_t faster_daily_max;       /* 6; 0..48, a device and local day */
};
/* Receivers that are a chat of many people, whose robot says each message once to all of them. */
enum { CHAT_GROUPS_MAX = 16 };
struct chat_groups {
    uint8_t count;
    uint8_t of_role[ROLE_COUNT]; /* 1 + the group the role's messages go to, 0 = none */
    char names[CHAT_GROUPS_MAX][ID_SIZE];
};
struct alert_settings {
    uint32_t repeat_silent_s;       /* 60; 0..600: repeats within this join silently */
    uint32_t acknowledge_expires_s; /* 1800; 60..86400: acknowledged without a disposition reopens the
                                       escalation */
    uint32_t lapse_after_s;         /* 43200; 600..604800: cleared and untouched */
    uint32_t verify_timeout_s;      /* 90; 30..600 */
    uint32_t prompt_ttl_s;          /* 120; 10..3600 */
    struct task_settings tasks;
    struct ledger_settings ledger;
    struct noise_settings noise;
    struct fleet_settings fleet;
    uint8_t prompts_daily_max; /* 3; 0..100, per resident and local day; emergencies, orange and red
                                  neither count nor wait */
    char direct[POLICY_DIRECT_MAX]
               [ID_SIZE]; /* detectors whose red goes to the police without verify, by written agreement */
    uint8_t direct_count;
    uint8_t ways; /* bit 1 << enum way: those the configuration has an operator for */
    struct chat_groups chats;
    uint8_t ways_back; /* of these, whose operator takes back what it has not brought yet */
    uint8_t roster_count;
    struct roster_plan rosters[ROSTERS_MAX];
    uint8_t contact_count;
    struct contact_rule contacts[CONTACT_RULES_MAX];
    uint8_t rule_count;
    struct policy_rule rules[POLICY_RULES_MAX];
};
void alert_settings_default(struct alert_settings *ret_settings);

/* Whom an alert concerns, as rules see it. Borrowed. */
struct policy_scope {
    const struct registry *registry;
    const uint32_t *residents;
    size_t resident_count;
    uint32_t territory; /* the subject's own, REGISTRY_NONE = none */
};
/* The rule in force, or NULL: no steps. */
const struct policy_rule *policy_find(const struct alert_settings *settings, enum family family,
                                      enum level level, const struct policy_scope *scope);
/* True when `territory` is the one of that code or lies in it; every one does in "". */
bool policy_is_within(const struct registry *registry, uint32_t territory, const char *code);

/* The plan that a step tells by, NULL = it is another kind of step. */
const struct roster_plan *policy_roster(const struct alert_settings *settings,
                                        const struct policy_step *step);

/* When a rule was started; what its hours mean. */
struct policy_start {
    const struct tz *tz;
    int64_t t_ms;
};
/* The moment of a step's repeat (0 = the first time) in seconds since the start; one outside its hours waits
 * for them, repeats that waited for the same moment are one. */
uint32_t policy_moment_s(const struct policy_step *step, const struct policy_start *start, unsigned repeat);
/* The next moment of the rule at or after from_s; POLICY_NEVER = none. */
uint32_t policy_next_s(const struct policy_rule *rule, const struct policy_start *start, uint32_t from_s);
/* Whether the step acts at exactly at_s; *ret_repeat = the last repeat of that moment. */
bool policy_acts(const struct policy_step *step, const struct policy_start *start, uint32_t at_s,
                 unsigned *ret_repeat);

/* Why a step that is due does not act. */
#define STEP_VERDICT_MAP(X)                                                                                  \
    X(ACTS, acts)                                                                                            \
    X(ACKNOWLEDGED, acknowledged)                                                                            \
    X(OUT_OF_HOURS, out_of_hours)                                                                            \
    X(TOO_FEW_ALERTS, too_few_alerts)
enum step_verdict {
#define X(name, text) VERDICT_STEP_##name,
    STEP_VERDICT_MAP(X)
#undef X
        STEP_VERDICT_COUNT
};
const char *step_verdict_name(enum step_verdict verdict);
/* `local` = of the moment itself; `recent` = alerts of the family within the step's time. */
enum step_verdict policy_judge(const struct policy_step *step, bool acknowledged, const struct civil *local,
                               unsigned recent);

/* Calls `fault` for each thing that is wrong (steps out of order, prompt without id, notify without anybody,
 * two rules for the same residents, a roster that is not there, …) with the rule's and step's number, -1 =
 * the rule or the list as such; returns how many. */
unsigned policy_check(const struct alert_settings *settings,
                      void (*fault)(void *self, int rule, int step, const char *why), void *self);

#endif
