/* Jobs: issuing them, and what may follow what while relays and devices report back. A job ends once; later
 * words about it are ignored. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

static const char *const job_names[JOB_KIND_COUNT] = {
#define X(name, text) [JOB_##name] = #text,
    JOB_MAP(X)
#undef X
};
static const char *const delivery_names[DELIVERY_COUNT] = {
#define X(name, text) [DELIVERY_##name] = #text,
    DELIVERY_MAP(X)
#undef X
};

const char *job_name(enum job_kind kind)
{
    return (unsigned)kind < JOB_KIND_COUNT ? job_names[kind] : "none";
}

const char *delivery_name(enum delivery_state state)
{
    return (unsigned)state < DELIVERY_COUNT ? delivery_names[state] : "none";
}

enum delivery_state delivery_from_name(const char *name)
{
    unsigned i = 0;
    while (i < DELIVERY_COUNT && strcmp(delivery_names[i], name) != 0)
        i++;
    return (enum delivery_state)i;
}

#define BIT(state) (1U << DELIVERY_##state)
#define ENDS                                                                                                 \
    (BIT(PLAYED) | BIT(DELIVERED) | BIT(ACCEPTED) | BIT(REJECTED) | BIT(FAILED) | BIT(EXPIRED) |             \
     BIT(CANCELLED) | BIT(DONE))

/* What may follow. Reports may be lost, so any later state may come at once. What was delivered, failed or
 * expired is final: no machine says more of it; but a person who has the message all the same may still take
 * it. */
static const uint16_t followers[DELIVERY_COUNT] = {
    [DELIVERY_QUEUED] = BIT(SENT) | BIT(RECEIVED) | BIT(PLAYING) | ENDS,
    [DELIVERY_SENT] = BIT(RECEIVED) | BIT(PLAYING) | ENDS,
    [DELIVERY_RECEIVED] = BIT(PLAYING) | ENDS,
    [DELIVERY_PLAYING] = ENDS,
    [DELIVERY_DELIVERED] = BIT(ACCEPTED),
    [DELIVERY_FAILED] = BIT(ACCEPTED),
    [DELIVERY_EXPIRED] = BIT(ACCEPTED),
};

bool delivery_may_follow(enum delivery_state from, enum delivery_state to)
{
    assert((unsigned)from < DELIVERY_COUNT && (unsigned)to < DELIVERY_COUNT);
    return followers[from] >> to & 1;
}

bool delivery_is_final(enum delivery_state state)
{
    assert((unsigned)state < DELIVERY_COUNT);
    return ENDS >> state & 1;
}

enum delivery_state job_success(enum job_kind kind)
{
    static const uint8_t success[JOB_KIND_COUNT] = {
        [JOB_PROMPT] = DELIVERY_PLAYED,       [JOB_NOTIFY] = DELIVERY_DELIVERED,
        [JOB_TASK] = DELIVERY_DONE,           [JOB_POLICE] = DELIVERY_ACCEPTED,
        [JOB_STAND_DOWN] = DELIVERY_ACCEPTED, [JOB_NOTICE] = DELIVERY_PLAYED,
        [JOB_HUSH] = DELIVERY_PLAYED,         [JOB_LOCATE] = DELIVERY_PLAYED,
        [JOB_INTERVAL] = DELIVERY_PLAYED,     [JOB_RESTART] = DELIVERY_PLAYED,
    };
    assert((unsigned)kind < JOB_KIND_COUNT);
    return (enum delivery_state)success[kind];
}

struct job job_draft(const struct alert *alert, enum job_kind kind, unsigned step, int64_t t_ms)
{
    struct job job;
    memset(&job, 0, sizeof job);
    job.alert = alert->id;
    job.t_ms = t_ms;
    job.transition = alert->episode;
    job.recipient = REGISTRY_NONE;
    job.device = REGISTRY_NONE;
    job.kind = (uint8_t)kind;
    job.step = (uint8_t)step;
    job.family = alert->family;
    job.level = alert->level;
    return job;
}

/* The id hangs on texts, never on numbers: a county restored from another import order must arrive at the
 * same ids. */
struct hash_id job_id(const struct alerts *alerts, const struct job *job)
{
    const struct registry *registry = alerts->config.registry;
    char alert[HASH_ID_TEXT], text[512];
    const char *who = "-", *device = "-";
    hash_id_text(&job->alert, alert);
    if (job->recipient != REGISTRY_NONE)
        who = job->recipient_is_contact ? registry_contact(registry, job->recipient)->id
                                        : registry_responder(registry, job->recipient)->id;
    if (job->device != REGISTRY_NONE)
        device = registry_device(registry, job->device)->id;
    int len =
        snprintf(text, sizeof text, "job|%s|%u|%u|%s|%s|%s|%c%s|%s|%u", alert, (unsigned)job->transition,
                 (unsigned)job->step, job_name((enum job_kind)job->kind), role_name((enum role)job->role),
                 job->prompt, job->recipient_is_contact ? 'c' : 'r', who, device, (unsigned)job->attempt);
    assert(len > 0 && (size_t)len < sizeof text);
    return hash_id_of(text, (size_t)len);
}

static bool same_job(const void *self, uint32_t no, const void *key)
{
    return memcmp(&job_at(self, no)->job.id, key, sizeof(struct hash_id)) == 0;
}

static uint32_t find_job(const struct alerts *alerts, const struct hash_id *id)
{
    return index_find(&alerts->by_job, table_hash(id, sizeof *id), same_job, alerts, id);
}

static enum err keep_job(struct alerts *alerts, struct alert_record *record, const struct job *job)
{
    uint32_t no;
    enum err err = record->job_count < JOBS_PER_ALERT_MAX ? index_reserve(&alerts->by_job) : ERR_FULL;
    if (err == ERR_OK)
        err = pool_take(&alerts->jobs, &no);
    if (err != ERR_OK)
        return err;
    struct job_record *kept = job_at(alerts, no);
    kept->job = *job;
    kept->serial = alerts->next_serial++;
    kept->alert_no = alert_no(alerts, record);
    kept->next = NONE;
    kept->state = DELIVERY_QUEUED;
    if (record->last_job == NONE)
        record->first_job = no;
    else
        job_at(alerts, record->last_job)->next = no;
    record->last_job = no;
    record->job_count++;
    index_add(&alerts->by_job, table_hash(&job->id, sizeof job->id), no);
    return ERR_OK;
}

/* A canary is nobody: its alerts speak to its own device and to receivers that a step names, never to people,
 * their tasks or the police, whatever the policy says. */
bool job_is_for_nobody(const struct alerts *alerts, const struct alert *alert, const struct job *job)
{
    if (job->kind == JOB_PROMPT || job->kind == JOB_NOTICE || job->kind == JOB_HUSH)
        return false;
    if (job->kind == JOB_NOTIFY && job->recipient == REGISTRY_NONE && job->role == ROLE_NONE &&
        job->prompt[0])
        return false;
    return registry_is_canary(alerts->config.registry, alert->resident, alert->household);
}

void job_issue(struct alerts *alerts, struct alert_record *record, struct job *job)
{
    job->id = job_id(alerts, job);
    if (find_job(alerts, &job->id) != NONE || job_is_for_nobody(alerts, &record->alert, job))
        return;
    const struct silence *silence = silence_of(alerts, &record->alert, job);
    if (silence) {
        suppress(alerts, &record->alert, job, SUPPRESSED_BY_SILENCE, silence);
        return;
    }
    enum suppression_rule rule;
    if (noise_holds(alerts, record, job, &rule)) {
        suppress(alerts, &record->alert, job, rule, NULL);
        noise_note(alerts, job);
        return;
    }
    enum err err = keep_job(alerts, record, job);
    if (err != ERR_OK) {
        /* Red is never shed: it goes out untracked. Anything else is dropped and counted. */
        alerts->refused++;
        log_write(LOG_ERROR, "alert.job", "no room for a job\treason=%s\tkind=%s", err_text(err),
                  job_name((enum job_kind)job->kind));
        if (record->alert.level != LEVEL_RED)
            return;
    }
    if (alerts->config.sink.job)
        alerts->config.sink.job(alerts->config.sink.self, &record->alert, job);
    if (err == ERR_OK && job->kind == JOB_TASK)
        task_open(alerts, record, job);
}

bool job_set_state(struct alerts *alerts, uint32_t no, enum delivery_state state, const char *reason,
                   int64_t t_ms)
{
    struct job_record *record = job_at(alerts, no);
    if (!delivery_may_follow((enum delivery_state)record->state, state))
        return false;
    struct delivery delivery = {.job = record->job.id, .state = (uint8_t)state};
    text_copy(delivery.reason, sizeof delivery.reason, reason);
    record->state = (uint8_t)state;
    pool_mark(&alerts->jobs, no);
    if (record->job.kind == JOB_PROMPT && state == DELIVERY_PLAYED &&
        pool_is_live(&alerts->alerts, record->alert_no)) {
        struct alert_record *spoken = alert_at(alerts, record->alert_no);
        spoken->alert.said_played = strcmp(spoken->alert.said, record->job.prompt) == 0;
        alert_mark(alerts, spoken);
        response_await(alerts, spoken, &record->job, t_ms);
    }
    if (alerts->config.sink.delivery)
        alerts->config.sink.delivery(alerts->config.sink.self, &record->job, &delivery, t_ms);
    if (record->job.kind == JOB_NOTIFY && state == DELIVERY_DELIVERED)
        noise_on_delivered(alerts, alert_at(alerts, record->alert_no), &record->job, t_ms);
    if (record->job.kind == JOB_TASK && delivery_is_final(state))
        task_on_job_end(alerts, &record->job, state, reason, t_ms);
    return true;
}

void jobs_cancel(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                 bool (*which)(const struct job_record *job, const void *self), const void *self,
                 const char *reason)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        if (!delivery_is_final((enum delivery_state)job_at(alerts, no)->state) &&
            which(job_at(alerts, no), self))
            job_set_state(alerts, no, DELIVERY_CANCELLED, reason, t_ms);
    }
}

void job_drop(struct alerts *alerts, uint32_t no)
{
    const struct hash_id *id = &job_at(alerts, no)->job.id;
    index_remove(&alerts->by_job, table_hash(id, sizeof *id), no);
    pool_give(&alerts->jobs, no);
}

void jobs_prune(struct alerts *alerts, struct alert_record *record)
{
    uint32_t last = NONE;
    for (uint32_t no = record->first_job, next; no != NONE; no = next) {
        const struct job_record *job = job_at(alerts, no);
        next = job->next;
        if (!delivery_is_final((enum delivery_state)job->state) ||
            job->job.transition >= record->alert.told_from) {
            last = no;
            continue;
        }
        if (last == NONE)
            record->first_job = next;
        else
            job_at(alerts, last)->next = next;
        record->job_count--;
        job_drop(alerts, no);
    }
    record->last_job = last;
}

int64_t job_expires(const struct job_record *job)
{
    if (delivery_is_final((enum delivery_state)job->state) || !job->job.expires_ms)
        return INT64_MAX;
    bool at_device = job->state == DELIVERY_RECEIVED || job->state == DELIVERY_PLAYING;
    return job->job.expires_ms + (at_device ? PLAYING_GRACE_MS : 0);
}

bool job_is_pending(const struct alerts *alerts, const struct alert_record *record, enum job_kind kind,
                    const char *prompt)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job_record *job = job_at(alerts, no);
        if (job->job.kind == kind && strcmp(job->job.prompt, prompt) == 0 &&
            !delivery_is_final((enum delivery_state)job->state))
            return true;
    }
    return false;
}

void task_issue(struct alerts *alerts, struct alert_record *record, int64_t t_ms, unsigned step,
                enum role role, const char *what)
{
    if (job_is_pending(alerts, record, JOB_TASK, what))
        return; /* somebody has it on the list already */
    struct job job = job_draft(&record->alert, JOB_TASK, step, t_ms);
    job.role = (uint8_t)role;
    text_copy(job.prompt, sizeof job.prompt, what);
    job_issue(alerts, record, &job);
}

/* Speaks through the attempt'th device; without one a person has to call. */
static void prompt_try(struct alerts *alerts, struct alert_record *record, int64_t t_ms, unsigned step,
                       const char *prompt, uint32_t device, unsigned attempt)
{
    if (device == REGISTRY_NONE) {
        bool urgent = record->alert.family == FAMILY_EMERGENCY || record->alert.family == FAMILY_FRAUD;
        task_issue(alerts, record, t_ms, step, urgent ? ROLE_COUNTY_DESK : ROLE_GRID_WORKER, "call");
        return;
    }
    struct job job = job_draft(&record->alert, JOB_PROMPT, step, t_ms);
    job.expires_ms = t_ms + (int64_t)alerts->config.settings->prompt_ttl_s * 1000;
    job.device = device;
    job.attempt = (uint8_t)attempt;
    text_copy(job.prompt, sizeof job.prompt, prompt);
    const struct silence *silence = silence_of(alerts, &record->alert, &job);
    if (silence) { /* nothing was said */
        suppress(alerts, &record->alert, &job, SUPPRESSED_BY_SILENCE, silence);
        return;
    }
    text_copy(record->alert.said, sizeof record->alert.said, prompt);
    record->alert.said_played = 0;
    alert_mark(alerts, record);
    job_issue(alerts, record, &job);
}

bool prompt_is_allowed(const struct alerts *alerts, const struct alert *alert)
{
    return !audience_is_silent(alerts, alert) &&
           (alert->family == FAMILY_EMERGENCY || audience_consents(alerts, alert, CONSENT_VOICE));
}

/* Prompts of all families that were spoken to a resident, or to the home as such, on that day. */
static unsigned prompts_heard(const struct alerts *alerts, enum subject_kind kind, uint32_t no, uint32_t day)
{
    unsigned count = 0;
    for (unsigned family = 0; no != REGISTRY_NONE && family < FAMILY_COUNT; family++) {
        struct subject subject = {.kind = (uint8_t)kind, .no = no};
        uint32_t found = case_find(alerts, subject, (enum family)family);
        if (found != NONE && case_at(alerts, found)->prompt_day == day)
            count += case_at(alerts, found)->prompts;
    }
    return count;
}

static uint32_t day_of(const struct alerts *alerts, int64_t t_ms)
{
    struct civil local;
    clock_civil(alerts->config.tz, t_ms, &local);
    return (uint32_t)local.day_number;
}

/* Emergencies, orange and red neither count nor wait. */
static bool counts_for_the_day(const struct alert *alert)
{
    return alert->family != FAMILY_EMERGENCY && alert->level < LEVEL_ORANGE;
}

static bool is_day_full(const struct alerts *alerts, const uint32_t *residents, size_t count,
                        uint32_t household, int64_t t_ms)
{
    uint32_t day = day_of(alerts, t_ms);
    unsigned home = prompts_heard(alerts, SUBJECT_HOUSEHOLD, household, day), most = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned own = prompts_heard(alerts, SUBJECT_RESIDENT, residents[i], day);
        most = own > most ? own : most;
    }
    return home + most >= alerts->config.settings->prompts_daily_max;
}

static void count_prompt(struct alerts *alerts, uint32_t case_no, int64_t t_ms)
{
    uint32_t day = day_of(alerts, t_ms);
    struct alert_case *owner = case_at(alerts, case_no);
    owner->prompts = (uint8_t)(owner->prompt_day == day ? owner->prompts + 1 : 1);
    owner->prompt_day = day;
    pool_mark(&alerts->cases, case_no);
}

/* Kept in the resident's case of the fleet family, which has no alerts about people. */
bool prompt_day_take(struct alerts *alerts, uint32_t resident, int64_t t_ms)
{
    struct subject subject = {.kind = SUBJECT_RESIDENT, .no = resident};
    uint32_t case_no;
    if (resident == REGISTRY_NONE)
        return true;
    if (is_day_full(alerts, &resident, 1, registry_resident(alerts->config.registry, resident)->household,
                    t_ms) ||
        case_take(alerts, subject, FAMILY_FLEET, &case_no) != ERR_OK)
        return false;
    count_prompt(alerts, case_no, t_ms);
    return true;
}

bool prompt_day_is_full(const struct alerts *alerts, const struct alert *alert, int64_t t_ms)
{
    uint32_t residents[AUDIENCE_RESIDENTS];
    size_t count = audience_residents(alerts, alert, residents);
    return counts_for_the_day(alert) && is_day_full(alerts, residents, count, alert->household, t_ms);
}

/* Counts one more prompt of the day; false when one of those who would hear it has had enough. People who are
 * talked to all day stop listening, and then also to the prompt that matters (practice.md 13). */
static bool prompt_is_within_the_day(struct alerts *alerts, const struct alert_record *record, int64_t t_ms)
{
    const struct alert *alert = &record->alert;
    if (!counts_for_the_day(alert))
        return true;
    if (prompt_day_is_full(alerts, alert, t_ms)) {
        log_write(LOG_INFO, "alert.prompts", "the home has heard its prompts for today\tfamily=%s\tlevel=%s",
                  family_name((enum family)alert->family), level_name((enum level)alert->level));
        return false;
    }
    count_prompt(alerts, record->case_no, t_ms);
    return true;
}

/* The most urgent finding names the detector; the first of several. */
static const char *detector_of(const struct alert *alert)
{
    const struct alert_share *most = NULL;
    for (unsigned i = 0; i < alert->share_count; i++) {
        const struct alert_share *share = &alert->shares[i];
        if (share->active && (!most || share->finding.level > most->finding.level))
            most = share;
    }
    return most ? detectors[most->finding.detector]->name : "";
}

const struct prompt *prompt_of(const struct alerts *alerts, const struct alert *alert, const char *prompt)
{
    return prompt_chosen(alerts->config.prompts, prompt, detector_of(alert), alert->level);
}

/* From orange on a machine's voice is not enough: a recorded one that people know, or somebody calls
 * (practice.md 13). An emergency is called about anyway. */
static bool wants_a_caller(const struct alerts *alerts, const struct alert_record *record, const char *id)
{
    static const char *const calls[] = {"verify", "call", "call-back"};
    const struct alert *alert = &record->alert;
    const struct prompt *prompt = prompt_find(alerts->config.prompts, id);
    uint32_t residents[AUDIENCE_RESIDENTS];
    if (!prompt || alert->level < LEVEL_ORANGE || alert->family == FAMILY_EMERGENCY)
        return false;
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
        if (job_is_pending(alerts, record, JOB_TASK, calls[i]))
            return false;
    size_t count = audience_residents(alerts, alert, residents);
    const char *language = count ? registry_resident(alerts->config.registry, residents[0])->language : "";
    return !prompt_text_in(prompt, language, "")->clip.recorded;
}

void prompt_issue(struct alerts *alerts, struct alert_record *record, int64_t t_ms, unsigned step,
                  const char *prompt)
{
    uint32_t devices[2];
    if (!prompt_is_allowed(alerts, &record->alert))
        return;
    struct job job = job_draft(&record->alert, JOB_PROMPT, step, t_ms);
    text_copy(job.prompt, sizeof job.prompt, prompt);
    /* What a silence holds back is not heard, and takes nothing off the day. */
    if (!silence_of(alerts, &record->alert, &job) && !prompt_is_within_the_day(alerts, record, t_ms)) {
        suppress(alerts, &record->alert, &job, SUPPRESSED_BY_DAILY_MAX, NULL);
        return;
    }
    size_t count = audience_devices(alerts, &record->alert, prompt, false, devices);
    prompt_try(alerts, record, t_ms, step, prompt, count ? devices[0] : REGISTRY_NONE, 0);
    if (count && wants_a_caller(alerts, record, prompt))
        task_issue(alerts, record, t_ms, step, ROLE_GRID_WORKER, "call");
}

/* A prompt that was not heard: the other device once, then a person. Only while the telling it belongs to is
 * still the present one and nobody has spoken to the resident yet. */
static void prompt_fall_back(struct alerts *alerts, uint32_t job_no, int64_t t_ms)
{
    const struct job failed = job_at(alerts, job_no)->job;
    struct alert_record *record = alert_at(alerts, job_at(alerts, job_no)->alert_no);
    bool reached = record->alert.outcome == OUTCOME_SAFE || record->alert.outcome == OUTCOME_NEEDS_HELP;
    if (reached || record->alert.state != ALERT_OPEN || failed.transition < record->alert.told_from ||
        !prompt_is_allowed(alerts, &record->alert))
        return;
    uint32_t devices[2], other = REGISTRY_NONE;
    bool ordered = failed.step == JOB_STEP_ORDER;
    size_t count =
        failed.attempt == 0 ? audience_devices(alerts, &record->alert, failed.prompt, ordered, devices) : 0;
    for (size_t i = 0; i < count && other == REGISTRY_NONE; i++) {
        if (devices[i] != failed.device)
            other = devices[i];
    }
    prompt_try(alerts, record, t_ms, failed.step, failed.prompt, other, 1);
}

static void settle(struct alerts *alerts, uint32_t job_no, int64_t t_ms)
{
    const struct job_record *job = job_at(alerts, job_no);
    if (job->job.kind == JOB_NOTIFY) {
        reach_settle(alerts, job_no, t_ms);
        return;
    }
    if (job->state != DELIVERY_FAILED && job->state != DELIVERY_EXPIRED && job->state != DELIVERY_REJECTED)
        return;
    if (job->job.kind == JOB_PROMPT)
        prompt_fall_back(alerts, job_no, t_ms);
    else if (job->job.kind == JOB_POLICE || job->job.kind == JOB_STAND_DOWN)
        police_fall_back(alerts, alert_at(alerts, job->alert_no), &job->job, job->state == DELIVERY_REJECTED,
                         t_ms);
}

void jobs_expire(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        if (job_expires(job_at(alerts, no)) <= t_ms &&
            job_set_state(alerts, no, DELIVERY_EXPIRED, "expired", t_ms))
            settle(alerts, no, t_ms);
    }
}

const struct job *alerts_job(const struct alerts *alerts, const struct hash_id *id)
{
    uint32_t no = find_job(alerts, id);
    return no == NONE ? NULL : &job_at(alerts, no)->job;
}

/* A canary's call that was answered at its device and brought to a receiver has done what it is for. */
static void end_canary(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    bool played = false, told = false;
    const struct alert *alert = &record->alert;
    if (alert->state != ALERT_OPEN || alert->family != FAMILY_EMERGENCY ||
        !registry_is_canary(alerts->config.registry, alert->resident, alert->household))
        return;
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job_record *job = job_at(alerts, no);
        if (job->job.transition < alert->told_from)
            continue;
        played |= job->job.kind == JOB_PROMPT && job->state == DELIVERY_PLAYED;
        told |= job->job.kind == JOB_NOTIFY && job->state == DELIVERY_DELIVERED;
    }
    if (!played || !told)
        return;
    record->alert.disposition = DISPOSITION_DRILL;
    alert_apply(alerts, record, t_ms, INPUT_CLOSE, "policy", "drill: the canary's call has gone all the way");
}

bool alerts_on_delivery(struct alerts *alerts, int64_t t_ms, const struct delivery *delivery)
{
    uint32_t no = find_job(alerts, &delivery->job);
    char reason[sizeof delivery->reason];
    if (delivery->state >= DELIVERY_COUNT)
        return false;
    if (no == NONE)
        return fleet_on_delivery(alerts, t_ms, delivery) || campaigns_on_delivery(alerts, t_ms, delivery);
    memcpy(reason, delivery->reason, sizeof reason);
    reason[sizeof reason - 1] = 0;
    if (!job_set_state(alerts, no, (enum delivery_state)delivery->state, reason, t_ms))
        return false;
    uint32_t alert_no = job_at(alerts, no)->alert_no, case_no = alert_at(alerts, alert_no)->case_no;
    settle(alerts, no, t_ms);
    end_canary(alerts, alert_at(alerts, alert_no), t_ms);
    case_sweep(alerts, case_no);
    case_rearm(alerts, case_no);
    return true;
}
