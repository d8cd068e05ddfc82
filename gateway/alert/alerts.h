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
#include "alert/index.h"
#include "alert/lifecycle.h"
#include "alert/pool.h"
#include "alert/response.h"

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
    JOB_STEP_ORDER = 0xF3,
    JOB_STEP_ANSWER = 0xF4,
    JOB_STEP_CAMPAIGN = 0xF5
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
};

/* The last openings of a family, for conditions that count them; a ring. */
struct recent {
    struct recent_alert {
        int64_t t_ms;
        uint32_t territory; /* of the subject, REGISTRY_NONE = none */
        uint32_t zero;
    } alerts[POLICY_RECENT_MAX];
    uint32_t count, next;
};

struct alerts {
    struct alert_config config;
    struct recent recent[FAMILY_COUNT];
    bool recent_dirty[FAMILY_COUNT];
    struct silence silences[SILENCES_MAX];
    bool silence_dirty[SILENCES_MAX];
    struct pool alerts, jobs, cases;
    struct index by_id, by_job, by_case;
    struct buf scratch;
    uint64_t next_serial;
    size_t open_count;
    uint64_t refused;    /* alerts and jobs that found no room */
    size_t orphans;      /* restored jobs whose alert has not come back yet */
    bool starved;        /* a timer found no room in the heap */
    const char *refusal; /* of the last action; static */
    struct responses responses;
    struct campaigns *campaigns;
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
/* Whether a step acts at t, by its conditions; `acknowledged` as it stands then. */
enum step_verdict escalation_judge(const struct alerts *alerts, const struct alert *alert,
                                   const struct policy_rule *rule, const struct policy_step *step,
                                   bool acknowledged, int64_t t_ms);
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

/* silence.c */
MUST_CHECK enum err silence_add(struct alerts *alerts, int64_t t_ms, const struct action *action);
MUST_CHECK enum err silence_remove(struct alerts *alerts, int64_t t_ms, const struct action *action);
/* The silence that holds a job back, NULL = none. */
const struct silence *silence_of(const struct alerts *alerts, const struct alert *alert,
                                 const struct job *job);
/* Tells the ledger of a job that is not issued. `silence` NULL unless the rule is one. */
void suppress(struct alerts *alerts, const struct alert *alert, const struct job *job,
              enum suppression_rule rule, const struct silence *silence);

/* recent.c */
void recent_add(struct alerts *alerts, const struct alert *alert);
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

#endif
