/* Findings -> alerts: lifecycle, escalation, deliveries. The only owner of alert state; part of the fold:
 * pure, no clock, no I/O.
 *
 * One open alert per (subject, family). The lifecycle is one const table and one pure function (alert_next in
 * lifecycle.h). `acknowledged` and `cleared` are orthogonal. Each change is a transition with a number of its
 * own; jobs (what the relays shall do) derive their ids from (alert, transition, step, recipient), so that
 * crash, resend and fail-open cannot double anything (contracts.md 5).
 *
 * Timers: one slot per alert in the fold's heap; its deadline is always recomputed from stored facts
 * (alert_deadline). */
#ifndef HUYANG_ALERT_ALERT_H
#define HUYANG_ALERT_ALERT_H

#include "alert/action.h"
#include "alert/handover.h"
#include "alert/ledger.h"
#include "alert/policy.h"
#include "alert/prompts.h"
#include "alert/task.h"
#include "core/hash.h"
#include "core/timers.h"
#include "detect/detect.h"

#define TRANSITION_MAP(X)                                                                                    \
    X(OPENED, opened)                                                                                        \
    X(UPDATED, updated)                                                                                      \
    X(ACKNOWLEDGED, acknowledged)                                                                            \
    X(CLEARED, cleared)                                                                                      \
    X(LAPSED, lapsed)                                                                                        \
    X(CLOSED, closed)                                                                                        \
    X(ABSORBED, absorbed)
enum transition_kind {
    TRANSITION_NONE,
#define X(name, text) TRANSITION_##name,
    TRANSITION_MAP(X)
#undef X
        TRANSITION_COUNT
};
const char *transition_name(enum transition_kind kind);

#define ALERT_STATE_MAP(X)                                                                                   \
    X(OPEN, open)                                                                                            \
    X(LAPSED, lapsed)                                                                                        \
    X(CLOSED, closed)                                                                                        \
    X(ABSORBED, absorbed)
enum alert_state {
#define X(name, text) ALERT_##name,
    ALERT_STATE_MAP(X)
#undef X
        ALERT_STATE_COUNT
};
const char *alert_state_name(enum alert_state state);

enum { ALERT_FINDINGS_MAX = 8, ALERT_OPEN_MAX = 200000, ALERT_ACKERS_MAX = 3 };
#define ALERT_SNOOZE_MAX_MS (INT64_C(4) * 3600000)

/* One detector's share in an alert: its latest finding and how often it spoke. */
struct alert_share {
    struct finding finding;
    int64_t
        loud_ms; /* when it last changed something; repeats within repeat_silent_s of this join silently */
    uint32_t count;
    uint8_t active; /* not cleared */
};

struct alert {
    struct hash_id id,
        previous; /* previous: the lapsed alert of this subject and family before; all zero = none */
    struct hash_id absorbed_by; /* all zero = not absorbed */
    struct hash_id police_job;  /* the newest police job: what a stand-down withdraws */
    int64_t police_job_ms;      /* its t_ms */
    struct subject subject;
    uint32_t resident, household;
    int64_t opened_ms, changed_ms, last_finding_ms,
        last_notify_ms;                  /* last_notify: start of the running escalation */
    int64_t acknowledged_ms, cleared_ms; /* 0 = not */
    int64_t closed_ms;                   /* when it ended: closed, lapsed or absorbed; 0 = open */
    int64_t verify_until_ms;             /* the police message goes when this passes; 0 = none pending */
    uint32_t transitions;                /* so far; the last one's number */
    uint32_t episode; /* transition that started the running escalation: job ids derive from it */
    uint32_t
        told_from; /* first transition of the episode of telling: whoever was told since is not told again */
    uint32_t police_episode;      /* told_from of the episode whose police message was issued; 0 = none */
    uint8_t family, level, state; /* enums */
    uint8_t next_step_v1;         /* only in snapshots of version 1: see escalated_s */
    uint8_t disposition;          /* once closed */
    uint8_t police_sent;          /* a police job was issued: a false alarm sends a stand-down */
    uint8_t avs;                  /* AVS-01 level 0..4, from evidence (practice.md 8) */
    uint8_t outcome;              /* enum outcome of the last call to the resident */
    uint8_t share_count;
    uint32_t escalated_s; /* the rule's moments before this have been, in seconds since last_notify; a time
                             and not a step's number, so that it holds when the rule changes */
    struct alert_share shares[ALERT_FINDINGS_MAX];
    uint8_t said_played; /* … and its device says that it was played */
    char said[ID_SIZE];  /* catalogue id of the newest prompt that went out; "" = none */
    char acknowledged_by[ID_SIZE];
    struct timer_slot timer;
    /* Since version 3 of the snapshot. */
    int64_t snoozed_until_ms; /* 0 = not; until then it counts as acknowledged and no step is due */
    char assigned_to[ID_SIZE];
    char ackers[ALERT_ACKERS_MAX][ID_SIZE]; /* who has acknowledged while more people must */
    uint8_t acker_count;
    uint8_t drill;       /* a press in a test window; padding, and so zero, in snapshots that are older */
    uint8_t police_word; /* enum police_word: the furthest the police said of police_job; likewise */
};

struct transition {
    int64_t t_ms;
    struct hash_id alert;
    uint32_t number;
    uint8_t kind;     /* enum transition_kind */
    char by[ID_SIZE]; /* person, detector, or "policy" */
    char why[320];    /* one English sentence or the person's note */
};

/* Is it marked as a drill wherever it is told: a press in a test window, or a canary's? */
bool alert_is_exercise(const struct alert *alert, const struct registry *registry);

/* Begins the `why` of the transition after a verification that nobody answered. */
#define ALERT_WHY_UNANSWERED "Nobody answered the verification in time"

/* What a relay shall do. */
#define JOB_MAP(X)                                                                                           \
    X(PROMPT, prompt)                                                                                        \
    X(NOTIFY, notify)                                                                                        \
    X(TASK, task)                                                                                            \
    X(POLICE, police)                                                                                        \
    X(STAND_DOWN, stand_down)                                                                                \
    X(NOTICE, notice)                                                                                        \
    X(HUSH, hush)         /* a device shall take a prompt back */                                            \
    X(LOCATE, locate)     /* … tell its position now */                                                    \
    X(INTERVAL, interval) /* … report faster or slower */                                                  \
    X(RESTART, restart)   /* … start anew */
enum job_kind {
#define X(name, text) JOB_##name,
    JOB_MAP(X)
#undef X
        JOB_KIND_COUNT
};
const char *job_name(enum job_kind kind);

struct job {
    struct hash_id id, alert;
    int64_t t_ms, expires_ms;
    uint32_t transition;
    uint32_t recipient; /* responder or contact number, REGISTRY_NONE = the role itself */
    uint32_t device;    /* prompt, notice: which device; REGISTRY_NONE when there is none */
    uint8_t kind, step,
        attempt; /* enum job_kind; step of the rule; attempt 0 = first choice, 1 = the other device; notify:
                    how many messages this one stands for, 0 = it is one itself */
    uint8_t role, family, level;
    uint8_t recipient_is_contact;
    char prompt[ID_SIZE]; /* prompt: catalogue id; task: what for ("verify", "call-back", "call"); notify: the
                             receiver of a webhook step, a way of the person's own (way_receiver), "" = the
                             role's; hush: the job; interval: "interval_s/duration_s" */
};

/* How a job stands. Final: played, delivered, accepted, rejected, failed, expired, cancelled, done. */
#define DELIVERY_MAP(X)                                                                                      \
    X(QUEUED, queued)                                                                                        \
    X(SENT, sent)                                                                                            \
    X(RECEIVED, received)                                                                                    \
    X(PLAYING, playing)                                                                                      \
    X(PLAYED, played)                                                                                        \
    X(DELIVERED, delivered)                                                                                  \
    X(ACCEPTED, accepted)                                                                                    \
    X(REJECTED, rejected)                                                                                    \
    X(FAILED, failed)                                                                                        \
    X(EXPIRED, expired)                                                                                      \
    X(CANCELLED, cancelled)                                                                                  \
    X(DONE, done)
enum delivery_state {
#define X(name, text) DELIVERY_##name,
    DELIVERY_MAP(X)
#undef X
        DELIVERY_COUNT
};
const char *delivery_name(enum delivery_state state);
enum delivery_state delivery_from_name(const char *name); /* DELIVERY_COUNT when unknown */
bool delivery_is_final(enum delivery_state state);
/* The state a job of this kind that went well ends in: prompt played, notify delivered, police accepted, …
 * (what replay's loopback answers). */
enum delivery_state job_success(enum job_kind kind);

/* A relay's or device's word about a job; input of the fold. */
struct delivery {
    struct hash_id job;
    uint8_t state; /* enum delivery_state */
    char reason[64];
};

/* People are not told of an alert's subject and family for a while: by whom, why, until when. */
enum { SILENCES_MAX = 256 };
#define SILENCE_MAX_MS (INT64_C(30) * 86400000)
struct silence {
    struct hash_id id; /* all zero = none */
    int64_t t_ms, until_ms, removed_ms;
    struct subject subject; /* a resident, home, device, or a territory below the county */
    uint8_t family;         /* FAMILY_COUNT = every one but emergencies */
    char by[ID_SIZE], removed_by[ID_SIZE], why[256];
};

/* One line of the ledger: what was not sent, by which rule and whose word. */
#define SUPPRESSION_RULE_MAP(X)                                                                              \
    X(SILENCE, silence)                                                                                      \
    X(DAILY_MAX, prompts_daily_max)                                                                          \
    X(BUNDLE, bundled)                                                                                       \
    X(COOLDOWN, cooldown)                                                                                    \
    X(FLOOD, flood)                                                                                          \
    X(THROTTLE, throttle)                                                                                    \
    X(BUDGET, budget)                                                                                        \
    X(YELLOW, yellow_budget)                                                                                 \
    X(QUIET, quiet_hours)
enum suppression_rule {
#define X(name, text) SUPPRESSED_BY_##name,
    SUPPRESSION_RULE_MAP(X)
#undef X
        SUPPRESSION_RULE_COUNT
};
const char *suppression_rule_name(enum suppression_rule rule);
struct suppression {
    int64_t t_ms;
    struct job job;         /* as it would have been issued; its id is not set */
    struct hash_id silence; /* all zero = none */
    uint8_t rule;           /* enum suppression_rule */
    char by[ID_SIZE];       /* the silence's author, or "policy" */
    char why[256];
};

/* What the service sees of the gateway itself, which the fold cannot: a part of it is in trouble, or is well
 * again. Input of the fold. */
struct part_trouble {
    uint8_t part;    /* enum part (registry/parts.h) */
    uint8_t on;      /* 0 = it is over */
    uint32_t number; /* what the sentence shows: alerts without a timer, seconds, ways, receivers */
};

/* Where results go; called in order from inside the functions below. The structs are borrowed for the call.
 */
struct campaign;
struct device_order;
struct rollout;
struct alert_sink {
    void (*transition)(void *self, const struct alert *alert, const struct transition *transition);
    void (*job)(void *self, const struct alert *alert, const struct job *job);
    /* A job's state changed (also by expiry or cancel); `t_ms` now. */
    void (*delivery)(void *self, const struct job *job, const struct delivery *delivery, int64_t t_ms);
    /* A silence came or was removed; a job was held back. */
    void (*silence)(void *self, const struct silence *silence);
    void (*suppressed)(void *self, const struct alert *alert, const struct suppression *suppression);
    /* A change of a roster came or was taken back. */
    void (*roster)(void *self, const struct roster_change *change);
    /* Something happened to a handover; `handover` as it is now. */
    void (*handover)(void *self, const struct handover *handover, const struct handover_event *event);
    /* Something happened to a task; `task` as it is now. */
    void (*task)(void *self, const struct task *task, const struct task_event *event);
    /* Something happened to an entry of the ledger; `entry` as it is now. */
    void (*ledger)(void *self, const struct ledger_entry *entry, const struct ledger_event *event);
    /* A campaign changed; somebody in its audience was reached, or will not be (campaign.h). */
    void (*campaign)(void *self, const struct campaign *campaign, int64_t t_ms);
    void (*reach)(void *self, const struct campaign *campaign, uint32_t resident, uint8_t reach,
                  int64_t t_ms);
    /* A command to a device was ordered, or has come to another state (fleet.h). */
    void (*order)(void *self, const struct device_order *order);
    /* A roll-out moved, or a look counted otherwise than the one before (rollout.h). */
    void (*rollout)(void *self, const struct rollout *rollout);
    void *self;
};
struct alert_config {
    const char *county; /* six digits, part of the ids */
    const struct registry *registry;
    const struct live *live;
    const struct alert_settings *settings;
    const struct prompt_catalogue *prompts; /* NULL = the one compiled in */
    struct prompt_quiet quiet;
    const struct tz *tz;
    struct timers *timers;
    struct alert_sink sink;
};

struct alerts;
MUST_CHECK enum err alerts_new(const struct alert_config *config, struct alerts **ret_alerts);
void alerts_free(struct alerts *alerts);
MUST_CHECK enum err alerts_rebind(struct alerts *alerts, const struct registry *registry,
                                  const struct alert_settings *settings);

/* Another catalogue and quiet hours from now on. */
void alerts_set_prompts(struct alerts *alerts, const struct prompt_catalogue *prompts,
                        const struct prompt_quiet *quiet);

/* Before each input of the fold: begins to watch what other settings ask for. */
void alerts_on_input(struct alerts *alerts, int64_t t_ms);
/* An event of a device, for what is awaited after a prompt: a sign of the resident. */
void alerts_on_event(struct alerts *alerts, int64_t t_ms, const struct event *event);
void alerts_on_finding(struct alerts *alerts, int64_t t_ms, const struct finding *finding);
/* ERR_NOT_FOUND: no such (open) alert. ERR_INVALID: not allowed in its state; nothing changed. */
MUST_CHECK enum err alerts_on_action(struct alerts *alerts, int64_t t_ms, const struct action *action);
/* Why the last action was refused, in a sentence; "" = its error says it all. Static. */
const char *alerts_refusal(const struct alerts *alerts);
/* What a speak action would do now, without doing it: the same errors, else the device and the prompt. */
MUST_CHECK enum err alerts_preview(struct alerts *alerts, int64_t t_ms, const struct action *action,
                                   uint32_t *ret_device, const struct prompt **ret_prompt, bool *ret_quiet);
/* An unknown job or a step backwards is ignored (false). */
bool alerts_on_delivery(struct alerts *alerts, int64_t t_ms, const struct delivery *delivery);
/* Trouble with the gateway itself opens an alert about that part, and the end of it clears that alert. Lost
 * timers are set again as well. */
void alerts_on_trouble(struct alerts *alerts, int64_t t_ms, const struct part_trouble *trouble);
/* Residents whose consent ended: `lost` holds the classes (CONSENT_BIT set) by their number. What waits to be
 * said, spoken or sent under it is cancelled; what was told of data that is no longer taken in counts as
 * cleared. An alert stays open until a person closes it, or lapses. */
void alerts_on_withdrawal(struct alerts *alerts, int64_t t_ms, const uint8_t *lost, uint32_t count);
/* The job of that id while it is remembered, NULL = it is not. Borrowed as the other looks. */
const struct job *alerts_job(const struct alerts *alerts, const struct hash_id *id);
/* True while the answer to a position asked for because of an SOS may come: it is then taken in on the basis
 * of life safety, whatever the consent. */
bool alerts_is_locating(const struct alerts *alerts, uint32_t device);
struct timer_slot *alerts_slot(struct alerts *alerts, uint64_t owner);
void alerts_on_timer(struct alerts *alerts, uint64_t owner, int64_t deadline_ms);

/* Looks. Borrowed until the next call that changes something. */
const struct alert *alerts_find(const struct alerts *alerts, const struct hash_id *id);
const struct alert *alerts_open_of(const struct alerts *alerts, struct subject subject, enum family family);
size_t alerts_open_count(const struct alerts *alerts);
/* An open task, or NULL. */
const struct task *alerts_task(const struct alerts *alerts, const struct hash_id *id);
/* Open tasks; with a time only those that are or were overdue. Cost: one pass over the open tasks. */
size_t alerts_task_count(const struct alerts *alerts, int64_t overdue_at_ms);
/* Open entries of the ledger; with a time only those that were due by then. Cost: one pass over them. */
size_t alerts_ledger_count(const struct alerts *alerts, int64_t overdue_at_ms);
/* The watchdog: how many open alerts with something still to come (a step, a verification, the end of an
 * acknowledgement, …) have no live timer for it, that is an entry in the heap itself, at that time or before.
 * Must be 0 between two inputs. Cost: a pass over the alerts, and one over the heap for every 2,048 of them.
 */
size_t alerts_without_timer(struct alerts *alerts);
/* The same in slices, for a loop that must not stand still: looks at the next 2,048 alerts (some
 * milliseconds) and returns how many were lost in the round that ended last, or in this one so far if that is
 * more. */
size_t alerts_watch_timers(struct alerts *alerts);

/* One JSON object, one line, with everything people need (ids, level, shares with sentences in both
 * languages, times, state). No personal data. */
void alert_to_json(const struct alert *alert, const struct registry *registry, const struct tz *tz,
                   struct buf *out);

/* What is remembered of silences, ended ones too until their place is taken; SILENCES_MAX of them. */
const struct silence *alerts_silence(const struct alerts *alerts, unsigned slot);
/* What people changed about rosters, to ask roster.h with. Borrowed like the other looks. */
struct roster_view alerts_rosters(const struct alerts *alerts);

/* Snapshot of alerts ("alert", every alert that is open or whose jobs are), jobs ("job") and what is
 * remembered of each subject and family ("alert_case") changed since the last _done; gone ones with len 0.
 * Rows may be restored in any order, each number once, into a fresh stage; timers are armed again on the way.
 */
MUST_CHECK enum err alerts_snapshot(const struct alerts *alerts,
                                    enum err (*fn)(void *self, const char *table, uint16_t version,
                                                   uint32_t no, const void *value, size_t len),
                                    void *self);
void alerts_snapshot_done(struct alerts *alerts);
MUST_CHECK enum err alerts_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                                   const void *value, size_t len);

#endif
