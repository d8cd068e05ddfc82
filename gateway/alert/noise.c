/* Throttling. Windows are fixed: one begins with the first notification after the last one's end, which costs
 * two numbers a person and is exact enough for "about so many an hour". One digest runs for the county. */
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

/* Where the meter of that name stands, or would: eight places are looked at; the one idle longest gives way.
 */
static unsigned place_of(const struct alerts *alerts, uint64_t key)
{
    unsigned home = (unsigned)(key >> 8) % METERS_MAX, oldest = home;
    for (unsigned i = 0; i < 8; i++) {
        unsigned at = (home + i) % METERS_MAX;
        if (alerts->meters[at].key == key)
            return at;
        if (alerts->meters[at].since_ms < alerts->meters[oldest].since_ms)
            oldest = at;
    }
    return oldest;
}

/* A share of somebody's attention: so many within a time. */
struct share {
    uint64_t key; /* of texts, so that no import order changes it; 0 = there is no limit */
    unsigned most;
    int64_t window_ms;
};

static struct share share_of(const char *text, unsigned most, unsigned minutes)
{
    return (struct share){
        .key = hash_table(text, strlen(text)) | 1U, .most = most, .window_ms = (int64_t)minutes * 60000};
}

static bool is_used_up(const struct alerts *alerts, const struct share *share, int64_t t_ms)
{
    const struct meter *meter = &alerts->meters[place_of(alerts, share->key)];
    return share->key && meter->key == share->key && t_ms - meter->since_ms < share->window_ms &&
           meter->count >= share->most;
}

static void use(struct alerts *alerts, const struct share *share, int64_t t_ms)
{
    if (!share->key)
        return;
    unsigned at = place_of(alerts, share->key);
    struct meter *meter = &alerts->meters[at];
    if (meter->key != share->key || t_ms - meter->since_ms >= share->window_ms)
        *meter = (struct meter){.key = share->key, .since_ms = t_ms};
    meter->count++;
    alerts->meter_dirty[at] = true;
}

/* A role as such, or a receiver, is no person's attention. */
static struct share share_of_person(const struct alerts *alerts, const struct job *job)
{
    const struct noise_settings *noise = &alerts->config.settings->noise;
    const struct registry *registry = alerts->config.registry;
    char text[ID_SIZE + 16];
    if (job->recipient == REGISTRY_NONE)
        return (struct share){.key = 0};
    snprintf(text, sizeof text, "%s|%s", job->recipient_is_contact ? "contact" : "responder",
             job->recipient_is_contact ? registry_contact(registry, job->recipient)->id
                                       : registry_responder(registry, job->recipient)->id);
    return share_of(text, noise->budget, noise->budget_min);
}

static struct share share_of_rule(const struct alerts *alerts, const struct alert *alert)
{
    const struct policy_rule *rule = escalation_rule(alerts, alert);
    char text[POLICY_CATEGORY_SIZE + 64];
    if (!rule || !rule->throttle)
        return (struct share){.key = 0};
    snprintf(text, sizeof text, "rule|%u|%u|%s|%s", (unsigned)rule->family, (unsigned)rule->level,
             rule->category, rule->territory);
    return share_of(text, rule->throttle, rule->throttle_min);
}

static bool is_flood(const struct alerts *alerts, int64_t t_ms)
{
    const struct noise_settings *noise = &alerts->config.settings->noise;
    unsigned count = 0;
    for (unsigned family = 0; family < FAMILY_COUNT; family++)
        count += recent_grave(alerts, (enum family)family, t_ms - (int64_t)noise->flood_min * 60000);
    return count >= noise->flood;
}

/* Whom a message was delivered to says nothing about the others: a family that knows is no desk that does.
 * What was delivered since the alert opened is its own, and holds none of its later steps. */
static bool is_cooling(const struct alerts *alerts, const struct alert *alert, const struct job *job)
{
    uint32_t case_no = case_find(alerts, alert->subject, (enum family)alert->family);
    const struct alert_case *owner = case_no == NONE ? NULL : case_at(alerts, case_no);
    if (!owner || job->role >= ROLE_COUNT)
        return false;
    int64_t told_ms = owner->told_ms[job->role];
    return told_ms && alert->opened_ms > told_ms &&
           job->t_ms - told_ms < (int64_t)alerts->config.settings->noise.cooldown_s * 1000 &&
           job->level <= owner->told_level[job->role];
}

bool noise_would_hold(const struct alerts *alerts, const struct alert *alert, const struct job *job,
                      enum suppression_rule *ret_rule)
{
    if (job->kind != JOB_NOTIFY || job_is_exempt(alert, job))
        return false;
    const struct share rule = share_of_rule(alerts, alert), person = share_of_person(alerts, job);
    if (is_cooling(alerts, alert, job))
        *ret_rule = SUPPRESSED_BY_COOLDOWN;
    else if (is_flood(alerts, job->t_ms))
        *ret_rule = SUPPRESSED_BY_FLOOD;
    else if (is_used_up(alerts, &rule, job->t_ms))
        *ret_rule = SUPPRESSED_BY_THROTTLE;
    else if (is_used_up(alerts, &person, job->t_ms))
        *ret_rule = SUPPRESSED_BY_BUDGET;
    else
        return false;
    return true;
}

/* Only what goes out is counted. */
bool noise_holds(struct alerts *alerts, const struct alert_record *record, const struct job *job,
                 enum suppression_rule *ret_rule)
{
    if (noise_would_hold(alerts, &record->alert, job, ret_rule))
        return true;
    if (job->kind != JOB_NOTIFY || job_is_exempt(&record->alert, job))
        return false;
    const struct share rule = share_of_rule(alerts, &record->alert), person = share_of_person(alerts, job);
    use(alerts, &rule, job->t_ms);
    use(alerts, &person, job->t_ms);
    return false;
}

void noise_arm(struct alerts *alerts)
{
    struct digest *digest = &alerts->digest;
    if (timers_arm(alerts->config.timers,
                   timer_owner((struct subject){.kind = SUBJECT_NONE}, TIMER_SLOT_DIGEST), &digest->timer,
                   digest->due_ms) != ERR_OK)
        log_write(LOG_ERROR, "alert.timer", "no room for a timer, will try again");
}

/* Into the summary: whoever was not told hears of it when the window ends. */
void noise_note(struct alerts *alerts, const struct job *job)
{
    struct digest *digest = &alerts->digest;
    if (!digest->due_ms) {
        digest->since_ms = job->t_ms;
        digest->due_ms = job->t_ms + (int64_t)alerts->config.settings->noise.digest_min * 60000;
    }
    noise_arm(alerts);
    digest->held[job->level]++;
    alerts->digest_dirty = true;
    if (job->recipient == REGISTRY_NONE && job->prompt[0])
        return; /* a machine has no use for a summary */
    for (unsigned i = 0; i < digest->people_count; i++) {
        const struct digest_person *person = &digest->people[i];
        if (person->no == job->recipient && person->is_contact == job->recipient_is_contact &&
            person->role == job->role)
            return;
    }
    if (digest->people_count < DIGEST_PEOPLE)
        digest->people[digest->people_count++] = (struct digest_person){
            .no = job->recipient, .role = job->role, .is_contact = job->recipient_is_contact};
}

void noise_tell(struct alerts *alerts, int64_t t_ms)
{
    struct digest told = alerts->digest;
    memset(&alerts->digest, 0, sizeof alerts->digest);
    alerts->digest_dirty = true;
    struct alert_record *record = upkeep_held_back(alerts, t_ms, &told);
    for (unsigned i = 0; record && i < told.people_count; i++) {
        struct job job = job_draft(&record->alert, JOB_NOTIFY, JOB_STEP_DIGEST, t_ms);
        job.transition = record->alert.transitions;
        job.expires_ms = t_ms + NOTIFY_EXPIRES_MS;
        job.role = told.people[i].role;
        job.recipient = told.people[i].no;
        job.recipient_is_contact = told.people[i].is_contact;
        job_issue(alerts, record, &job);
    }
    if (record)
        upkeep_held_back_ends(alerts, record, t_ms);
}

void noise_on_delivered(struct alerts *alerts, const struct alert_record *record, const struct job *job,
                        int64_t t_ms)
{
    struct alert_case *owner = case_at(alerts, record->case_no);
    if (ledger_is_step(job->step) || job->role >= ROLE_COUNT) /* nobody has heard of an alert */
        return;
    owner->told_ms[job->role] = t_ms;
    owner->told_level[job->role] = job->level;
    pool_mark(&alerts->cases, record->case_no);
}
