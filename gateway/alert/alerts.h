/* The inside of the alert stage, shared by its files and by nobody else (include alert/alert.h instead).
 *
 * A case is what there is of one (subject, family): its newest alert, the ended ones before it that still
 * have jobs under way, and what is remembered of the last one. The timer slot the heap knows is the one in
 * the case's newest alert. Jobs hang on their alert in the order they were issued. */
#ifndef HUYANG_ALERT_ALERTS_H
#define HUYANG_ALERT_ALERTS_H

#include "alert/alert.h"
#include "alert/campaign.h"
#include "alert/explain.h"
#include "alert/fleet.h"
#include "alert/handover.h"
#include "alert/index.h"
#include "alert/lifecycle.h"
#include "alert/pool.h"
#include "alert/response.h"
#include "alert/rollout.h"

#define NONE INDEX_NONE

enum {
    JOBS_MAX = 2000000,
    CASES_MAX = 8000000,
    CASE_BASES = 4,
    JOBS_PER_ALERT_MAX = 512,     /* past it no further job is issued for the alert, and counted */
    NOTIFY_EXPIRES_MS = 86400000, /* a notification nobody could deliver for a day is of no use */
    PLAYING_GRACE_MS = 60000,     /* a device that has the prompt may still be saying it */
    JOB_STEP_REPEAT = 16,         /* a job's step = the rule's step + 16 for each repeat before it */
    JOB_STEP_POLICE = 0xF0,       /* steps of jobs that no rule's step stands for */
    JOB_STEP_STAND_DOWN = 0xF1,
    JOB_STEP_NOTICE = 0xF2,
    JOB_STEP_FOLLOW = 0xF3, /* a task that follows from what a person did */
    JOB_STEP_OVERDUE = 0xF4,
    JOB_STEP_DIGEST = 0xF5,
    JOB_STEP_BURST = 0xF6,
    JOB_STEP_ORDER = 0xF7,
    JOB_STEP_ANSWER = 0xF8,
    JOB_STEP_CAMPAIGN = 0xF9,
    /* 0xFA, 0xFC: LEDGER_STEP_… */
    JOB_STEP_FLEET = 0xFB,
    JOB_STEP_HANDOVER = 0xFC,
    BURSTS_MAX = 256 /* people and groups whose messages are counted at the same time */
};

struct alert_record {
    struct alert alert;
    uint32_t case_no;
    uint32_t older; /* the ended alert of the case before this one, NONE */
    uint32_t first_job, last_job, job_count;
};
struct job_record {
    struct job job;
    uint64_t serial; /* order of issue */
    uint32_t alert_no, next;
    uint8_t state; /* enum delivery_state */
};
struct alert_case {
    struct subject subject;
    struct hash_id last;        /* the last alert that was opened; all zero = none */
    uint64_t bases[CASE_BASES]; /* ids lately used as they derive from evidence: the same evidence again gets
                                   a chained id */
    uint32_t newest;            /* alert record, NONE */
    uint32_t prompt_day;        /* local day of the last prompt that counts, in days since 1970 */
    uint8_t family, last_state, base_count;
    uint8_t prompts; /* how many were spoken on that day */
    uint8_t told_level;
    struct hash_id told; /* the alert a notification of which was delivered last; told_ms 0 = none */
    int64_t told_ms;
};

/* The last openings of a family, for conditions that count them; a ring. */
struct recent {
    struct recent_alert {
        int64_t t_ms;
        uint32_t territory;    /* of the subject, REGISTRY_NONE = none */
        uint32_t level_plus_1; /* when it opened; 0 = not known, written by an older version */
    } alerts[POLICY_RECENT_MAX];
    uint32_t count, next;
};

/* What one person or chat group was sent lately, and what is held back. */
enum { BURST_OF_RESPONDER, BURST_OF_CONTACT, BURST_OF_GROUP };
struct burst {
    struct hash_id alert; /* the last one held back */
    int64_t from_ms;      /* when the time began; 0 = a free slot */
    uint32_t whose;       /* number of the responder or contact; a group's: hash of its name */
    uint16_t sent, held;
    uint8_t kind, way, level, role; /* of what is held: enums, the highest level */
    uint8_t zero[4];
};

/* One way of a person, and when it comes, counted from the step that tells them. */
struct reach_way {
    uint16_t after_s;
    uint8_t way, zero; /* enum way */
};
/* What is still to come of a person's ways (later.c). */
struct later {
    struct hash_id alert;
    int64_t from_ms, due_ms; /* when the step told the person; when the next way comes, 0 = a free slot */
    uint32_t transition, person;
    uint8_t is_contact, step, role, count, next; /* as of the job; of the ways, the next one's number */
    uint8_t zero[3];
    struct reach_way ways[WAY_COUNT];
};
enum { LATERS_MAX = 1024 };
/* watch.c: how far the watchdog has come in its round over the alerts, and its scratch. */
enum { WATCH_SLICE = 2048, WATCH_PLACES = 2 * WATCH_SLICE /* a power of two */ };
struct watched {
    uint64_t owner; /* of the timer */
    uint32_t no;    /* the alert; NONE = a free place */
    uint32_t seen;  /* its timer stands in the heap */
};
struct timer_watch {
    uint32_t next;                /* the first alert that this round has not come to */
    size_t found_now, found_last; /* lost ones in this round so far, in the whole of the last one */
    struct watched places[WATCH_PLACES];
};

struct alerts {
    struct alert_config config;
    struct burst bursts[BURSTS_MAX];
    bool burst_dirty[BURSTS_MAX];
    unsigned bursts_held; /* slots that hold something */
    struct later laters[LATERS_MAX];
    bool later_dirty[LATERS_MAX];
    unsigned laters_used; /* slots that wait for something */
    struct recent recent[FAMILY_COUNT];
    bool recent_dirty[FAMILY_COUNT];
    struct silence silences[SILENCES_MAX];
    bool silence_dirty[SILENCES_MAX];
    struct roster_change roster_changes[ROSTER_CHANGES_MAX];
    bool roster_dirty[ROSTER_CHANGES_MAX];
    struct handover handovers[HANDOVERS_MAX];
    bool handover_dirty[HANDOVERS_MAX];
    struct shift shifts[ROSTERS_MAX];
    bool shift_dirty[ROSTERS_MAX];
    bool shifts_watched; /* the shifts are those of the settings */
    struct timer_slot handover_timer;
    struct meter meters[METERS_MAX];
    bool meter_dirty[METERS_MAX];
    struct digest digest;
    bool digest_dirty;
    struct pool alerts, jobs, cases, tasks, ledger;
    struct index by_id, by_job, by_case, by_task, by_ledger;
    struct buf scratch;
    uint64_t next_serial;
    size_t open_count;
    uint64_t refused; /* alerts and jobs that found no room */
    size_t orphans;   /* restored jobs whose alert has not come back yet */
    struct timer_watch watch;
    bool starved;        /* a timer found no room in the heap */
    const char *refusal; /* of the last action; static */
    struct responses responses;
    struct campaigns *campaigns;
    struct fleet *fleet;
    struct rollouts *rollouts;
};

static inline struct alert_record *alert_at(const struct alerts *alerts, uint32_t no)
{
    return pool_at(&alerts->alerts, no);
}
static inline struct job_record *job_at(const struct alerts *alerts, uint32_t no)
{
    return pool_at(&alerts->jobs, no);
}
static inline struct alert_case *case_at(const struct alerts *alerts, uint32_t no)
{
    return pool_at(&alerts->cases, no);
}
static inline struct task *task_at(const struct alerts *alerts, uint32_t no)
{
    return pool_at(&alerts->tasks, no);
}
static inline struct ledger_entry *ledger_at(const struct alerts *alerts, uint32_t no)
{
    return pool_at(&alerts->ledger, no);
}
uint32_t alert_no(const struct alerts *alerts, const struct alert_record *record);
void alert_mark(struct alerts *alerts, const struct alert_record *record);

/* table.c: finding, placing and letting go of records. */
uint32_t table_hash(const void *data, size_t len);
uint32_t case_find(const struct alerts *alerts, struct subject subject, enum family family);
MUST_CHECK enum err case_take(struct alerts *alerts, struct subject subject, enum family family,
                              uint32_t *ret_no);
uint32_t alert_find_no(const struct alerts *alerts, const struct hash_id *id);
/* The open alert of a case, or NULL. */
struct alert_record *case_open_alert(const struct alerts *alerts, uint32_t case_no);
/* A new alert on top of its case, indexed by `id`; ERR_FULL, ERR_NOMEM. */
MUST_CHECK enum err alert_place_new(struct alerts *alerts, uint32_t case_no, const struct hash_id *id,
                                    struct alert_record **ret_record);
MUST_CHECK enum err alert_link(struct alerts *alerts, uint32_t no);
/* Lets go of the ended alerts of a case that have no job under way. */
void case_sweep(struct alerts *alerts, uint32_t case_no);
/* Sets the case's timer from the facts. */
void case_rearm(struct alerts *alerts, uint32_t case_no);

/* Closed as false or expected: what the police were told is withdrawn. */
bool alert_was_false(const struct alert *alert);
/* alert.c: one step of the lifecycle with everything that hangs on it. False = refused by the table. `why` is
 * copied. */
bool alert_apply(struct alerts *alerts, struct alert_record *record, int64_t t_ms, enum alert_input input,
                 const char *by, const char *why);
/* Level from the active shares; unchanged when none is active. */
enum level alert_level_of(const struct alert *alert);
uint8_t alert_avs(const struct alerts *alerts, const struct alert *alert);

/* escalation.c */
int64_t alert_deadline(const struct alerts *alerts, const struct alert_record *record);
/* Starts the rule of the alert's level at t. fresh: everybody is told anew; else only who and what this
 * episode has not had. */
void escalation_start(struct alerts *alerts, struct alert_record *record, int64_t t_ms, bool fresh);
void escalation_run(struct alerts *alerts, struct alert_record *record, int64_t t_ms);
bool escalation_is_paused(const struct alert *alert);
/* The rule that holds for the alert now, NULL = none. */
const struct policy_rule *escalation_rule(const struct alerts *alerts, const struct alert *alert);
/* When the running rule was started. */
struct policy_start escalation_began(const struct alerts *alerts, const struct alert *alert);
/* Whether a step acts at its moment at_s, by its conditions; `acknowledged` as it stands at t, which is later
 * when time was made up for. */
enum step_verdict escalation_judge(const struct alerts *alerts, const struct alert *alert,
                                   const struct policy_rule *rule, const struct policy_step *step,
                                   bool acknowledged, uint32_t at_s, int64_t t_ms);
/* The first moment of a rule after a snapshot of version 1, which kept the number of the next step. */
uint32_t escalation_from_step(const struct policy_rule *rule, unsigned next_step);
/* Whether the police may be told of the alert at all, and whether without a call before. */
bool police_may_know(const struct alerts *alerts, const struct alert *alert);
bool police_is_direct(const struct alerts *alerts, const struct alert *alert);
void police_send(struct alerts *alerts, struct alert_record *record, int64_t t_ms);

/* delivery.c */
struct job job_draft(const struct alert *alert, enum job_kind kind, unsigned step, int64_t t_ms);
/* Sets the job's id from its texts. */
struct hash_id job_id(const struct alerts *alerts, const struct job *job);
/* A job of a canary's alert that nobody may get: neither its device nor a receiver that a step names. */
bool job_is_for_nobody(const struct alerts *alerts, const struct alert *alert, const struct job *job);
void job_issue(struct alerts *alerts, struct alert_record *record, struct job *job);
/* True when it was a step forward. */
bool job_set_state(struct alerts *alerts, uint32_t no, enum delivery_state state, const char *reason,
                   int64_t t_ms);
bool delivery_may_follow(enum delivery_state from, enum delivery_state to);
/* Cancels what is not final and `which` says so. */
void jobs_cancel(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                 bool (*which)(const struct job_record *job, const void *self), const void *self,
                 const char *reason);
/* Forgets the final jobs of earlier tellings, so that an alert that is raised again and again does not grow.
 */
void jobs_prune(struct alerts *alerts, struct alert_record *record);
/* Takes a job out of its index and gives its place back; the caller has unlinked it. */
void job_drop(struct alerts *alerts, uint32_t no);
void jobs_expire(struct alerts *alerts, struct alert_record *record, int64_t t_ms);
int64_t job_expires(const struct job_record *job); /* INT64_MAX = never */
bool job_is_pending(const struct alerts *alerts, const struct alert_record *record, enum job_kind kind,
                    const char *prompt);
/* Whether the residents may be spoken to, and whether they have heard enough for this day. */
bool prompt_is_allowed(const struct alerts *alerts, const struct alert *alert);
bool prompt_day_is_full(const struct alerts *alerts, const struct alert *alert, int64_t t_ms);
/* One more prompt for a resident today, outside any alert; false when the day is full. */
bool prompt_day_take(struct alerts *alerts, uint32_t resident, int64_t t_ms);
/* The catalogue's entry that is said where a policy names `prompt`; NULL = there is none. */
const struct prompt *prompt_of(const struct alerts *alerts, const struct alert *alert, const char *prompt);
void prompt_issue(struct alerts *alerts, struct alert_record *record, int64_t t_ms, unsigned step,
                  const char *prompt);
void task_issue(struct alerts *alerts, struct alert_record *record, int64_t t_ms, unsigned step,
                enum role role, const char *what);

/* reach.c: by which ways a person is told, and what follows when one of them fails or a person takes it. */
/* Tells the people of a step: those not told yet in this moment. */
void reach_people(struct alerts *alerts, struct alert_record *record, const struct job *draft,
                  const struct audience_person *people, size_t count);
/* A notification has come to a state. */
void reach_settle(struct alerts *alerts, uint32_t job_no, int64_t t_ms);
/* Whether the job can still be kept from its person: it waits here, or its operator takes it back. */
bool reach_can_recall(const struct alerts *alerts, const struct job_record *job);
/* Calls that nobody has answered yet need not be. */
void reach_taken(struct alerts *alerts, struct alert_record *record, int64_t t_ms);
/* Tells the job's recipient by one more way, unless this step has told them by it. */
void reach_by(struct alerts *alerts, struct alert_record *record, const struct job *draft, enum way way);
/* Is the person at `at` left in peace: in quiet hours, while somebody of the step is not? */
bool reach_is_quiet(const struct alerts *alerts, const struct alert *alert, const struct job *draft,
                    const struct audience_person *people, size_t count, size_t at);
/* The person's ways that can be used, the first one at once (after_s 0); at least one. */
size_t reach_ways(const struct alerts *alerts, uint32_t no, bool is_contact,
                  struct reach_way ways[WAY_COUNT]);
/* later.c. Notes the ways after the first one, which `job` has been told by. */
void later_add(struct alerts *alerts, struct alert_record *record, const struct job *job,
               const struct reach_way *ways, size_t count);
/* When the next way of somebody comes, INT64_MAX = never; and telling what is due. */
int64_t later_due(const struct alerts *alerts, const struct alert *alert);
void later_run(struct alerts *alerts, struct alert_record *record, int64_t t_ms);
MUST_CHECK enum err later_restore(struct alerts *alerts, uint32_t slot, const void *value);
/* burst.c. True: the message is held back. */
bool burst_holds(struct alerts *alerts, const struct alert_record *record, const struct job *job);
/* When what hangs on the alert is to be told, INT64_MAX = nothing does; and telling what is due. */
int64_t burst_due(const struct alerts *alerts, const struct alert *alert);
void burst_tell(struct alerts *alerts, struct alert_record *record, int64_t t_ms);
MUST_CHECK enum err burst_restore(struct alerts *alerts, uint32_t slot, const void *value);
/* act.c: "call: safe. <note>" */
void act_put_why(char *why, size_t size, const char *what, const char *note);
/* act.c: somebody has taken it; false when the alert's state does not allow that. */
bool alert_take(struct alerts *alerts, struct alert_record *record, int64_t t_ms, const char *by,
                const char *note);
/* act.c: what a call or a visit found, on an open alert. */
MUST_CHECK enum err alert_on_call(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                                  const struct action *action);
void alert_on_visit(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                    const struct action *action);

/* police.c: a message to the police that was refused (else: could not be brought) is a person's work now. */
void police_fall_back(struct alerts *alerts, struct alert_record *record, const struct job *failed,
                      bool rejected, int64_t t_ms);
MUST_CHECK enum err police_act(struct alerts *alerts, int64_t t_ms, const struct action *action);

/* task.c */
/* Ends the alert's open task of that kind, if there is one: it has become needless. */
void task_needless(struct alerts *alerts, struct alert_record *record, int64_t t_ms, enum task_kind kind,
                   const char *by, const char *why);
uint32_t task_find(const struct alerts *alerts, const struct hash_id *id);
/* The job announces a task: opens it, unless it is open and was announced anew. */
void task_open(struct alerts *alerts, const struct alert_record *record, const struct job *job);
/* A task that follows from what a person did; once. */
void task_follow(struct alerts *alerts, struct alert_record *record, int64_t t_ms, enum role role,
                 enum task_kind kind);
void task_finish(struct alerts *alerts, uint32_t no, int64_t t_ms, enum outcome outcome, const char *by,
                 const char *why);
/* A job that announced a task has ended by itself. */
void task_on_job_end(struct alerts *alerts, const struct job *job, enum delivery_state state,
                     const char *reason, int64_t t_ms);
/* True when the job's task goes on though the alert has ended. */
bool task_outlives(const struct alerts *alerts, const struct job *job);
/* The outcome of a call, to the tasks that asked for it. */
void task_on_call(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                  const struct action *action);
MUST_CHECK enum err task_act(struct alerts *alerts, int64_t t_ms, const struct action *action);
/* When the task that a job announced is due, INT64_MAX = never; what follows when it is. */
int64_t task_due(const struct alerts *alerts, const struct job *job);
void task_overdue(struct alerts *alerts, struct alert_record *record, const struct job *announced,
                  int64_t t_ms);
MUST_CHECK enum err task_restore(struct alerts *alerts, uint32_t no, const void *value);

/* The role that is told when this one did not act in time. */
enum role role_above(enum role role);

/* ledger.c: an entry is opened when its alert was closed as true or transferred; `note` as with the closing.
 */
void ledger_open(struct alerts *alerts, struct alert_record *record, int64_t t_ms, const char *by,
                 const char *note);
/* Has the alert an open entry? It stays in memory as long. */
bool ledger_holds(const struct alerts *alerts, const struct hash_id *alert);
/* When the alert's entry is to be told as overdue, INT64_MAX = never; and telling it. */
int64_t ledger_due(const struct alerts *alerts, const struct alert *alert);
void ledger_overdue(struct alerts *alerts, struct alert_record *record, int64_t t_ms);
MUST_CHECK enum err ledger_act(struct alerts *alerts, int64_t t_ms, const struct action *action);
MUST_CHECK enum err ledger_restore(struct alerts *alerts, uint32_t no, const void *value);

/* upkeep.c: findings of the alert stage itself. */
void upkeep_collect_devices(struct alerts *alerts, int64_t t_ms, uint32_t resident);
void upkeep_devices_collected(struct alerts *alerts, const struct alert_record *record, int64_t t_ms);
/* The summary of what was held back; NULL when it found no room. Ended as soon as people are told. */
struct alert_record *upkeep_held_back(struct alerts *alerts, int64_t t_ms, const struct digest *digest);
void upkeep_held_back_ends(struct alerts *alerts, const struct alert_record *record, int64_t t_ms);
/* So many handovers of the territory are overdue; 0 ends it. */
void upkeep_handover(struct alerts *alerts, int64_t t_ms, struct subject place, unsigned unsigned_count);
/* Does anybody but the resident live in the home? */
bool household_has_others(const struct alerts *alerts, uint32_t household, uint32_t resident);

/* silence.c */
MUST_CHECK enum err silence_add(struct alerts *alerts, int64_t t_ms, const struct action *action);
MUST_CHECK enum err silence_remove(struct alerts *alerts, int64_t t_ms, const struct action *action);
/* Never held back, whatever the reason: red, emergencies, verification, what the police sent back, what
 * the gateway says of itself, and what follows from a person's act. */
bool job_is_exempt(const struct alert *alert, const struct job *job);
/* The silence that holds a job back, NULL = none. */
const struct silence *silence_of(const struct alerts *alerts, const struct alert *alert,
                                 const struct job *job);
/* Tells the ledger of a job that is not issued. `silence` NULL unless the rule is one. */
void suppress(struct alerts *alerts, const struct alert *alert, const struct job *job,
              enum suppression_rule rule, const struct silence *silence);

/* roster_act.c */
MUST_CHECK enum err roster_act(struct alerts *alerts, int64_t t_ms, const struct action *action);
MUST_CHECK enum err roster_restore(struct alerts *alerts, uint32_t place, const void *value);
const struct roster_plan *roster_plan_of(const struct alerts *alerts, const char *name);
/* The responders on duty by the plan, at most `max`; in a gap those of its role, for its territory or
 * `territory`. */
size_t roster_people(const struct alerts *alerts, const struct roster_plan *plan, uint32_t territory,
                     int64_t t_ms, uint32_t *numbers, size_t max);

/* Keeps the outgoing shift of a handover on its roster, whoever would be on, until it is released. Returns
 * the order of the changes, 0 = nothing was changed. */
uint32_t roster_keep(struct alerts *alerts, int64_t t_ms, const struct handover *handover);
void roster_release(struct alerts *alerts, int64_t t_ms, uint32_t order, const char *by);

/* shift.c: turns that have to be signed for. The first input after other settings begins to watch them
 * (alerts_on_input); a turn before that is none of theirs. They share the handovers' timer. */
int64_t shifts_due_ms(const struct alerts *alerts); /* INT64_MAX = nothing to look at */
void shifts_run(struct alerts *alerts, int64_t t_ms);
void shifts_signed(struct alerts *alerts, const struct handover *handover, int64_t t_ms); /* when overdue */
MUST_CHECK enum err shift_restore(struct alerts *alerts, uint32_t place, const void *value);

/* handover.c */
MUST_CHECK enum err handover_act(struct alerts *alerts, int64_t t_ms, const struct action *action);
MUST_CHECK enum err handover_restore(struct alerts *alerts, uint32_t place, const void *value);
/* Sets the timer from what is stored; what is due when it fires. */
void handover_arm(struct alerts *alerts);
void handover_run(struct alerts *alerts, int64_t t_ms);
/* At turn_ms a shift of that roster ended and nobody had begun to hand over: overdue from the start. */
void handover_missed(struct alerts *alerts, const struct roster_plan *plan, int64_t turn_ms, int64_t t_ms);
/* Adds those of the role who stay on call in the territory, because nobody has signed for them, to `found`
 * numbers of responders; returns how many there are then, at most `max`. */
size_t handover_stays(const struct alerts *alerts, enum role role, uint32_t territory, uint32_t *numbers,
                      size_t found, size_t max);

/* noise.c */
/* True when the notification is held back for noise; else it is counted. */
bool noise_holds(struct alerts *alerts, const struct alert_record *record, const struct job *job,
                 enum suppression_rule *ret_rule);
void noise_note(struct alerts *alerts, const struct job *job);
void noise_arm(struct alerts *alerts);
/* What would hold the notification back as things stand, without counting it. False = nothing. */
bool noise_would_hold(const struct alerts *alerts, const struct alert *alert, const struct job *job,
                      enum suppression_rule *ret_rule);
/* The summary is due. */
void noise_tell(struct alerts *alerts, int64_t t_ms);
void noise_on_delivered(struct alerts *alerts, const struct alert_record *record, const struct job *job,
                        int64_t t_ms);

/* recent.c */
void recent_add(struct alerts *alerts, const struct alert *alert, enum level level);
/* Those of yellow and above when they opened, anywhere. */
unsigned recent_grave(const struct alerts *alerts, enum family family, int64_t since_ms);
/* Alerts of the family that opened after since_ms in the territory of that code ("" = anywhere). */
unsigned recent_count(const struct alerts *alerts, enum family family, int64_t since_ms,
                      const char *territory);

/* audience.c: who can be told and spoken to. */
enum { AUDIENCE_RESIDENTS = 8 };
/* Residents an alert concerns: its own, or those who live in the home; the dead excluded. At most
 * AUDIENCE_RESIDENTS. */
size_t audience_residents(const struct alerts *alerts, const struct alert *alert, uint32_t *residents);
/* True when nobody may be spoken to any more: everybody it concerns has died. */
bool audience_is_silent(const struct alerts *alerts, const struct alert *alert);
bool audience_consents(const struct alerts *alerts, const struct alert *alert, enum consent consent);
/* People of a role for the alert, at most AUDIENCE_MAX; nobody there: one with no = REGISTRY_NONE; nobody may
 * be told: 0. */
size_t audience_people(const struct alerts *alerts, const struct alert *alert, enum role role, int64_t t_ms,
                       struct audience_person *people);
/* The same for a notify step: its one person, those of its roster, or the people of its role. A contact is
 * told of the own resident only, under the same consent as the family. */
size_t audience_of_step(const struct alerts *alerts, const struct alert *alert,
                        const struct policy_step *step, int64_t t_ms, struct audience_person *people);
/* The county itself; REGISTRY_NONE in an empty registry. */
uint32_t audience_county(const struct alerts *alerts);
/* The territory the alert lies in; the county for a thing without a home. */
uint32_t audience_territory(const struct alerts *alerts, const struct alert *alert);
/* speak.c. Devices to speak through, best first, at most 2. `ordered`: a person wants it said. */
size_t audience_devices(const struct alerts *alerts, const struct alert *alert, const char *prompt,
                        bool ordered, uint32_t *devices);
MUST_CHECK enum err speak_order(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                                const struct action *action);
MUST_CHECK enum err speak_hush(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                               const struct action *action);
/* Cancels what is not final and `which` says so; a device that has it already is told to fall silent. */
void speak_cancel(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                  bool (*which)(const struct job_record *job, const void *self), const void *self,
                  const char *reason);
MUST_CHECK enum err find_target(struct alerts *alerts, const struct action *action,
                                struct alert_record **ret_record);

/* alert_json.c: one more member of an object, the time in the county's zone; nothing for 0. */
void alert_put_time(struct buf *out, const char *name, const struct tz *tz, int64_t ms);

#endif
