/* Escalation: the steps of the rule for the alert's family and level, in time. Everything is recomputed from
 * what the alert stores (last_notify_ms, escalated_s, verify_until_ms, acknowledged_ms, changed_ms, its
 * jobs), so a restart needs no memory of timers. */
#include <string.h>

#include "alert/alerts.h"

const struct policy_rule *escalation_rule(const struct alerts *alerts, const struct alert *alert)
{
    uint32_t residents[AUDIENCE_RESIDENTS];
    struct policy_scope scope = {.registry = alerts->config.registry,
                                 .residents = residents,
                                 .resident_count = audience_residents(alerts, alert, residents),
                                 .territory = audience_territory(alerts, alert)};
    return policy_find(alerts->config.settings, (enum family)alert->family, (enum level)alert->level, &scope);
}

uint32_t escalation_from_step(const struct policy_rule *rule, unsigned next_step)
{
    if (!rule || next_step == 0 || rule->step_count == 0)
        return 0;
    unsigned last = next_step <= rule->step_count ? next_step - 1U : rule->step_count - 1U;
    return rule->steps[last].after_s + 1;
}

struct policy_start escalation_began(const struct alerts *alerts, const struct alert *alert)
{
    return (struct policy_start){.tz = alerts->config.tz, .t_ms = alert->last_notify_ms};
}

enum step_verdict escalation_judge(const struct alerts *alerts, const struct alert *alert,
                                   const struct policy_rule *rule, const struct policy_step *step,
                                   bool acknowledged, uint32_t at_s, int64_t t_ms)
{
    struct civil local;
    unsigned recent = 0;
    clock_civil(alerts->config.tz, alert->last_notify_ms + (int64_t)at_s * 1000, &local);
    if (step->alerts_least)
        recent = recent_count(alerts, (enum family)alert->family,
                              t_ms - (int64_t)step->alerts_within_min * 60000, rule->territory);
    return policy_judge(step, acknowledged, &local, recent);
}

/* What ended by itself below orange needs nobody any more; orange and red are followed up until a person has
 * them. */
bool escalation_is_paused(const struct alert *alert)
{
    return alert->cleared_ms && alert->level < LEVEL_ORANGE;
}

static int64_t step_due(const struct alerts *alerts, const struct alert *alert)
{
    if (escalation_is_paused(alert) || alert->snoozed_until_ms)
        return INT64_MAX;
    const struct policy_rule *rule = escalation_rule(alerts, alert);
    const struct policy_start start = escalation_began(alerts, alert);
    uint32_t next_s = rule ? policy_next_s(rule, &start, alert->escalated_s) : POLICY_NEVER;
    return next_s == POLICY_NEVER ? INT64_MAX : alert->last_notify_ms + (int64_t)next_s * 1000;
}

static int64_t lapse_due(const struct alerts *alerts, const struct alert *alert)
{
    if (!alert->cleared_ms || alert->acknowledged_ms)
        return INT64_MAX;
    return alert->changed_ms + (int64_t)alerts->config.settings->lapse_after_s * 1000;
}

static int64_t acknowledgement_due(const struct alerts *alerts, const struct alert *alert)
{
    if (alert->snoozed_until_ms)
        return alert->snoozed_until_ms;
    return alert->acknowledged_ms
               ? alert->acknowledged_ms + (int64_t)alerts->config.settings->acknowledge_expires_s * 1000
               : INT64_MAX;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t alert_deadline(const struct alerts *alerts, const struct alert_record *record)
{
    const struct alert *alert = &record->alert;
    int64_t deadline_ms = INT64_MAX;
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next)
        deadline_ms = earlier(earlier(deadline_ms, job_expires(job_at(alerts, no))),
                              task_due(alerts, &job_at(alerts, no)->job));
    deadline_ms = earlier(deadline_ms, burst_due(alerts, alert));
    if (alert->state != ALERT_OPEN)
        return earlier(deadline_ms, ledger_due(alerts, alert));
    deadline_ms = earlier(deadline_ms, later_due(alerts, alert));
    deadline_ms = earlier(deadline_ms, response_due_ms(alerts, alert));
    deadline_ms = earlier(deadline_ms, step_due(alerts, alert));
    deadline_ms = earlier(deadline_ms, lapse_due(alerts, alert));
    deadline_ms = earlier(deadline_ms, acknowledgement_due(alerts, alert));
    return alert->verify_until_ms ? earlier(deadline_ms, alert->verify_until_ms) : deadline_ms;
}

_Static_assert((int)POLICY_STEPS_MAX <= (int)JOB_STEP_REPEAT &&
                   JOB_STEP_REPEAT * (POLICY_REPEAT_MAX + 1) <= JOB_STEP_POLICE,
               "a job's step number holds the rule's step and the repeat");

/* A moment of a rule that has come. */
struct moment {
    const struct policy_rule *rule;
    struct policy_start start;
    uint32_t at_s;
    int64_t t_ms;
};

/* The moment of the rule that issued a job, in seconds. */
static uint32_t moment_of(const struct moment *moment, const struct job *job)
{
    const struct policy_rule *rule = moment->rule;
    unsigned step = job->step % JOB_STEP_REPEAT;
    if (job->step >= JOB_STEP_POLICE || step >= rule->step_count)
        return POLICY_NEVER;
    return policy_moment_s(&rule->steps[step], &moment->start, job->step / JOB_STEP_REPEAT);
}

/* A person told by any way of their own was told; a named receiver is one of its own. */
static bool is_same_receiver(const char *told, const char *receiver)
{
    return strcmp(told, receiver) == 0 || (!receiver[0] && told[0] == ':');
}

/* Was this person told in the present episode? A later moment of the running rule that names them again is a
 * reminder, and meant. */
static bool is_told(const struct alerts *alerts, const struct alert_record *record,
                    const struct moment *moment, const struct audience_person *person, const char *receiver)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job *job = &job_at(alerts, no)->job;
        if (job->kind != JOB_NOTIFY || job->transition < record->alert.told_from ||
            job->recipient != person->no || job->recipient_is_contact != person->is_contact ||
            !is_same_receiver(job->prompt, receiver))
            continue;
        if (person->no == REGISTRY_NONE && job->role != person->role)
            continue;
        uint32_t told_s = job->transition == record->alert.episode ? moment_of(moment, job) : POLICY_NEVER;
        if (told_s == POLICY_NEVER || told_s == moment->at_s)
            return true;
    }
    return false;
}

static void notify(struct alerts *alerts, struct alert_record *record, const struct moment *moment,
                   const struct policy_step *step, unsigned step_no)
{
    struct audience_person people[AUDIENCE_MAX] = {{.no = REGISTRY_NONE}};
    const char *receiver = step->kind == STEP_WEBHOOK ? step->to : "";
    size_t count = 1, untold = 0;
    if (step->kind == STEP_NOTIFY)
        count = audience_of_step(alerts, &record->alert, step, moment->t_ms, people);
    for (size_t i = 0; i < count; i++) {
        if (!is_told(alerts, record, moment, &people[i], receiver))
            people[untold++] = people[i];
    }
    struct job draft = job_draft(&record->alert, JOB_NOTIFY, step_no, moment->t_ms);
    draft.expires_ms = moment->t_ms + NOTIFY_EXPIRES_MS;
    text_copy(draft.prompt, sizeof draft.prompt, receiver);
    reach_people(alerts, record, &draft, people, untold);
}

/* A prompt or task of a lower level of this same episode need not come twice. */
static bool is_issued(const struct alerts *alerts, const struct alert_record *record, enum job_kind kind,
                      const char *prompt)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job *job = &job_at(alerts, no)->job;
        if (job->kind == kind && job->transition >= record->alert.told_from &&
            job->transition != record->alert.episode && strcmp(job->prompt, prompt) == 0)
            return true;
    }
    return false;
}

/* Direct = the detector's red goes to the police unverified, by written agreement. */
bool police_is_direct(const struct alerts *alerts, const struct alert *alert)
{
    const struct alert_settings *settings = alerts->config.settings;
    for (unsigned i = 0; i < alert->share_count; i++) {
        const struct alert_share *share = &alert->shares[i];
        if (!share->active || share->finding.level != LEVEL_RED)
            continue;
        for (unsigned j = 0; j < settings->direct_count && j < POLICY_DIRECT_MAX; j++) {
            if (strcmp(settings->direct[j], detectors[share->finding.detector]->name) == 0)
                return true;
        }
    }
    return false;
}

bool police_may_know(const struct alerts *alerts, const struct alert *alert)
{
    if (registry_is_canary(alerts->config.registry, alert->resident, alert->household))
        return false;
    bool life = alert->family == FAMILY_EMERGENCY && alert->level == LEVEL_RED;
    return life || audience_consents(alerts, alert, CONSENT_POLICE);
}

void police_send(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    struct alert *alert = &record->alert;
    alert->verify_until_ms = 0;
    if (alert->police_episode == alert->told_from)
        return; /* one message an episode */
    if (!police_may_know(alerts, alert))
        return;
    alert->police_episode = alert->told_from;
    alert->police_sent = 1;
    struct job job = job_draft(alert, JOB_POLICE, JOB_STEP_POLICE, t_ms);
    job.transition = alert->transitions;
    job.role = ROLE_POLICE_DESK;
    job_issue(alerts, record, &job);
    alert->police_job = job.id;
    alert->police_job_ms = t_ms;
    alert->police_word = POLICE_WORD_NONE; /* of this message nobody has said anything */
}

static void verify(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                   const struct policy_step *step, unsigned step_no)
{
    struct alert *alert = &record->alert;
    if (alert->police_episode == alert->told_from || alert->outcome == OUTCOME_SAFE)
        return;
    if (audience_is_silent(alerts, alert)) {
        /* The wearer has died: nobody calls them. Who holds the band is asked of those around; the police are
         * told without an answer only if somebody else lives there who may have pressed. */
        task_issue(alerts, record, t_ms, step_no, step->role ? (enum role)step->role : ROLE_COUNTY_DESK,
                   task_name(TASK_CALL_CONTACTS));
        if (household_has_others(alerts, alert->household, alert->resident) && !alert->verify_until_ms)
            alert->verify_until_ms = t_ms + (int64_t)alerts->config.settings->verify_timeout_s * 1000;
        return;
    }
    if (police_is_direct(alerts, alert)) {
        police_send(alerts, record, t_ms);
        return;
    }
    /* Pressing again does not put the police off: a pending verification keeps its time. */
    if (!alert->verify_until_ms)
        alert->verify_until_ms = t_ms + (int64_t)alerts->config.settings->verify_timeout_s * 1000;
    task_issue(alerts, record, t_ms, step_no, step->role ? (enum role)step->role : ROLE_COUNTY_DESK,
               "verify");
}

static void issue(struct alerts *alerts, struct alert_record *record, const struct moment *moment,
                  const struct policy_step *step, unsigned step_no)
{
    const char *what = step->prompt[0] ? step->prompt : "call";
    const struct prompt *chosen;
    switch ((enum step_kind)step->kind) {
    case STEP_PROMPT:
        chosen = prompt_of(alerts, &record->alert, step->prompt);
        if (!is_issued(alerts, record, JOB_PROMPT, chosen ? chosen->id : step->prompt))
            prompt_issue(alerts, record, moment->t_ms, step_no, chosen ? chosen->id : step->prompt);
        break;
    case STEP_NOTIFY:
    case STEP_WEBHOOK: notify(alerts, record, moment, step, step_no); break;
    case STEP_TASK:
        if (!audience_is_silent(alerts, &record->alert) && !is_issued(alerts, record, JOB_TASK, what))
            task_issue(alerts, record, moment->t_ms, step_no, (enum role)step->role, what);
        break;
    case STEP_VERIFY: verify(alerts, record, moment->t_ms, step, step_no); break;
    case STEP_POLICE: police_send(alerts, record, moment->t_ms); break;
    case STEP_STOP: record->alert.escalated_s = POLICY_NEVER; break;
    case STEP_KIND_COUNT: break;
    }
}

void escalation_run(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    struct alert *alert = &record->alert;
    while (step_due(alerts, alert) <= t_ms) {
        const struct policy_rule *rule = escalation_rule(alerts, alert);
        struct moment moment = {.rule = rule, .start = escalation_began(alerts, alert), .t_ms = t_ms};
        moment.at_s = policy_next_s(rule, &moment.start, alert->escalated_s);
        alert->escalated_s = moment.at_s + 1;
        for (unsigned i = 0; i < rule->step_count && alert->escalated_s != POLICY_NEVER; i++) {
            const struct policy_step *step = &rule->steps[i];
            unsigned repeat;
            if (policy_acts(step, &moment.start, moment.at_s, &repeat) &&
                escalation_judge(alerts, alert, rule, step, alert->acknowledged_ms != 0, moment.at_s, t_ms) ==
                    VERDICT_STEP_ACTS)
                issue(alerts, record, &moment, step, i + JOB_STEP_REPEAT * repeat);
        }
    }
    alert_mark(alerts, record);
}

/* Prompts of an earlier telling would talk over the new one. */
static bool is_old_prompt(const struct job_record *job, const void *self)
{
    const struct alert *alert = self;
    return job->job.kind == JOB_PROMPT && job->job.transition < alert->told_from;
}

void escalation_start(struct alerts *alerts, struct alert_record *record, int64_t t_ms, bool fresh)
{
    struct alert *alert = &record->alert;
    alert->last_notify_ms = t_ms;
    alert->episode = alert->transitions;
    alert->escalated_s = 0;
    if (fresh) {
        alert->acker_count = 0;
        alert->told_from = alert->transitions;
        jobs_cancel(alerts, record, t_ms, is_old_prompt, alert, "superseded");
        jobs_prune(alerts, record);
    }
    if (alert->level != LEVEL_RED)
        alert->verify_until_ms = 0;
    escalation_run(alerts, record, t_ms);
}

static void tick(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    struct alert *alert = &record->alert;
    jobs_expire(alerts, record, t_ms);
    burst_tell(alerts, record, t_ms);
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job job = job_at(alerts, no)->job; /* another one is issued: the pool may move */
        if (task_due(alerts, &job) <= t_ms)
            task_overdue(alerts, record, &job, t_ms);
    }
    response_expire(alerts, record, t_ms);
    if (alert->state != ALERT_OPEN) {
        if (ledger_due(alerts, alert) <= t_ms)
            ledger_overdue(alerts, record, t_ms);
        return;
    }
    if (alert->verify_until_ms && alert->verify_until_ms <= t_ms) {
        alert->verify_until_ms = 0;
        alert->outcome = OUTCOME_NO_ANSWER;
        alert_apply(alerts, record, t_ms, INPUT_NOTE, "policy", ALERT_WHY_UNANSWERED);
        police_send(alerts, record, t_ms);
    }
    if (acknowledgement_due(alerts, alert) <= t_ms)
        alert_apply(alerts, record, t_ms, INPUT_EXPIRE, "policy",
                    alert->snoozed_until_ms ? "The time it was snoozed for is over"
                                            : "Acknowledgement expired without a disposition");
    later_run(alerts, record, t_ms);
    escalation_run(alerts, record, t_ms);
    if (lapse_due(alerts, alert) <= t_ms)
        alert_apply(alerts, record, t_ms, INPUT_LAPSE, "policy",
                    "The condition ended and nobody touched the alert");
}

struct timer_slot *alerts_slot(struct alerts *alerts, uint64_t owner)
{
    unsigned slot = timer_owner_slot(owner);
    if (slot == TIMER_SLOT_DIGEST)
        return &alerts->digest.timer;
    if (slot == TIMER_SLOT_CAMPAIGNS)
        return campaigns_slot(alerts);
    if (slot == TIMER_SLOT_HANDOVER)
        return &alerts->handover_timer;
    if (slot == TIMER_SLOT_FLEET)
        return fleet_slot(alerts);
    if (slot == TIMER_SLOT_ROLLOUT)
        return rollout_slot(alerts);
    if (slot < TIMER_SLOT_ALERT || slot >= TIMER_SLOT_ALERT + FAMILY_COUNT)
        return NULL;
    uint32_t case_no = case_find(alerts, timer_owner_subject(owner), (enum family)(slot - TIMER_SLOT_ALERT));
    if (case_no == NONE || case_at(alerts, case_no)->newest == NONE)
        return NULL;
    return &alert_at(alerts, case_at(alerts, case_no)->newest)->alert.timer;
}

void alerts_on_timer(struct alerts *alerts, uint64_t owner, int64_t deadline_ms)
{
    if (timer_owner_slot(owner) == TIMER_SLOT_DIGEST) {
        noise_tell(alerts, deadline_ms);
        return;
    }
    if (timer_owner_slot(owner) == TIMER_SLOT_CAMPAIGNS) {
        campaigns_run(alerts, deadline_ms);
        return;
    }
    if (timer_owner_slot(owner) == TIMER_SLOT_FLEET) {
        fleet_run(alerts, deadline_ms);
        return;
    }
    if (timer_owner_slot(owner) == TIMER_SLOT_ROLLOUT) {
        rollout_run(alerts, deadline_ms);
        return;
    }
    if (timer_owner_slot(owner) == TIMER_SLOT_HANDOVER) {
        handover_run(alerts, deadline_ms);
        return;
    }
    uint32_t case_no = case_find(alerts, timer_owner_subject(owner),
                                 (enum family)(timer_owner_slot(owner) - TIMER_SLOT_ALERT));
    if (case_no == NONE)
        return;
    for (uint32_t no = case_at(alerts, case_no)->newest; no != NONE; no = alert_at(alerts, no)->older)
        tick(alerts, alert_at(alerts, no), deadline_ms);
    case_sweep(alerts, case_no);
    case_rearm(alerts, case_no);
}
