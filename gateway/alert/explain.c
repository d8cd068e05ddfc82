#include "alert/explain.h"

#include <string.h>

#include "alert/alerts.h"

static const char *const speech_names[SPEECH_COUNT] = {
#define X(name, text) [SPEECH_##name] = #text,
    EXPLAIN_SPEECH_MAP(X)
#undef X
};

const char *explain_speech_name(enum explain_speech speech)
{
    return (unsigned)speech < SPEECH_COUNT ? speech_names[speech] : "none";
}

/* Whoever was told at the same moment by an earlier step is not told again (escalation.c). */
struct told {
    uint32_t at_s;
    unsigned count;
    struct audience_person people[AUDIENCE_MAX * POLICY_STEPS_MAX];
};

static bool was_told(struct told *told, uint32_t at_s, const struct audience_person *person)
{
    if (told->at_s != at_s)
        *told = (struct told){.at_s = at_s};
    for (unsigned i = 0; i < told->count; i++) {
        const struct audience_person *other = &told->people[i];
        if (other->no == person->no && other->is_contact == person->is_contact &&
            (other->no != REGISTRY_NONE || other->role == person->role))
            return true;
    }
    told->people[told->count++] = *person;
    return false;
}

/* The notification as it would be issued. */
static uint8_t held_by(const struct alerts *alerts, const struct alert *alert,
                       const struct explain_step *step, const struct audience_person *people, size_t count,
                       size_t at)
{
    const struct audience_person *person = &people[at];
    enum suppression_rule rule;
    struct job job = job_draft(alert, JOB_NOTIFY, step->number, step->t_ms);
    job.role = person->role;
    job.recipient = person->no;
    job.recipient_is_contact = person->is_contact;
    if (reach_is_quiet(alerts, alert, &job, people, count, at))
        return SUPPRESSED_BY_QUIET + 1;
    if (silence_of(alerts, alert, &job))
        return SUPPRESSED_BY_SILENCE + 1;
    return noise_would_hold(alerts, alert, &job, &rule) ? (uint8_t)(rule + 1) : 0;
}

/* By which ways, when the person has a rule of their own that says so. */
static size_t delayed_ways(const struct alerts *alerts, uint32_t no, bool is_contact,
                           struct explain_way ways[WAY_COUNT])
{
    struct reach_way found[WAY_COUNT];
    size_t count = no == REGISTRY_NONE ? 0 : reach_ways(alerts, no, is_contact, found);
    for (size_t i = 0; i < count; i++)
        ways[i] = (struct explain_way){.way = found[i].way, .after_s = found[i].after_s};
    return count > 1 && found[count - 1].after_s ? count : 0;
}

static void find_people(const struct alerts *alerts, const struct alert *alert, struct told *told,
                        struct explain_step *step)
{
    struct audience_person people[AUDIENCE_MAX];
    size_t count = audience_of_step(alerts, alert, step->step, step->t_ms, people);
    for (size_t i = 0; i < count; i++) {
        if (step->verdict == VERDICT_STEP_ACTS && was_told(told, step->after_s, &people[i]))
            continue;
        step->held[step->people_count] = held_by(alerts, alert, step, people, count, i);
        step->way_count[step->people_count] =
            (uint8_t)delayed_ways(alerts, people[i].no, people[i].is_contact, step->ways[step->people_count]);
        step->people[step->people_count++] = people[i];
    }
}

static void find_speech(const struct alerts *alerts, const struct alert *alert, struct explain_step *step)
{
    const struct prompt *prompt = prompt_of(alerts, alert, step->step->prompt);
    const struct job job = job_draft(alert, JOB_PROMPT, step->number, step->t_ms);
    step->device_count = (unsigned)audience_devices(alerts, alert, prompt ? prompt->id : step->step->prompt,
                                                    false, step->devices);
    if (audience_is_silent(alerts, alert))
        step->speech = SPEECH_NOBODY;
    else if (!prompt_is_allowed(alerts, alert))
        step->speech = SPEECH_NO_CONSENT;
    else if (prompt_day_is_full(alerts, alert, step->t_ms))
        step->speech = SPEECH_DAY_IS_FULL;
    else if (silence_of(alerts, alert, &job))
        step->speech = SPEECH_SILENCED;
    else if (step->device_count == 0)
        step->speech = SPEECH_NO_DEVICE;
}

static void find_police(const struct alerts *alerts, const struct alert *alert, struct explain_step *step)
{
    if (!police_may_know(alerts, alert))
        return;
    bool waits = step->step->kind == STEP_VERIFY && !police_is_direct(alerts, alert);
    step->police_ms = step->t_ms + (waits ? (int64_t)alerts->config.settings->verify_timeout_s * 1000 : 0);
}

/* What job_issue would keep from everybody because the alert is a canary's. */
static bool is_fenced(const struct alerts *alerts, const struct alert *alert, const struct explain_step *step)
{
    static const uint8_t kinds[STEP_KIND_COUNT] = {
        [STEP_PROMPT] = JOB_PROMPT, [STEP_NOTIFY] = JOB_NOTIFY, [STEP_TASK] = JOB_TASK,
        [STEP_VERIFY] = JOB_TASK,   [STEP_POLICE] = JOB_POLICE, [STEP_WEBHOOK] = JOB_NOTIFY,
        [STEP_STOP] = JOB_NOTICE};
    struct job job = job_draft(alert, (enum job_kind)kinds[step->step->kind], step->number, step->t_ms);
    if (step->step->kind == STEP_WEBHOOK)
        text_copy(job.prompt, sizeof job.prompt, step->step->to);
    else
        job.role = step->step->role;
    return job_is_for_nobody(alerts, alert, &job);
}

static void explain_one(const struct alerts *alerts, const struct alert *alert, struct told *told,
                        struct explain_step *step)
{
    step->fenced = is_fenced(alerts, alert, step);
    if (step->fenced)
        return;
    switch ((enum step_kind)step->step->kind) {
    case STEP_NOTIFY: find_people(alerts, alert, told, step); break;
    case STEP_PROMPT: find_speech(alerts, alert, step); break;
    case STEP_VERIFY:
    case STEP_POLICE: find_police(alerts, alert, step); break;
    case STEP_TASK:
    case STEP_WEBHOOK:
    case STEP_STOP:
    case STEP_KIND_COUNT: break;
    }
}

const struct policy_rule *alerts_explain(const struct alerts *alerts, const struct alert *alert,
                                         void (*fn)(void *self, const struct explain_step *step), void *self)
{
    const struct policy_rule *rule = escalation_rule(alerts, alert);
    struct told told = {.at_s = POLICY_NEVER};
    bool stopped = false;
    const struct policy_start start = escalation_began(alerts, alert);
    uint32_t at_s = rule ? policy_next_s(rule, &start, 0) : POLICY_NEVER;
    for (; at_s != POLICY_NEVER && !stopped; at_s = policy_next_s(rule, &start, at_s + 1)) {
        for (unsigned i = 0; i < rule->step_count && !stopped; i++) {
            struct explain_step step = {.t_ms = alert->last_notify_ms + (int64_t)at_s * 1000,
                                        .after_s = at_s,
                                        .number = i,
                                        .has_been = at_s < alert->escalated_s,
                                        .step = &rule->steps[i]};
            if (!policy_acts(step.step, &start, at_s, &step.repeat))
                continue;
            step.verdict = (uint8_t)escalation_judge(alerts, alert, rule, step.step,
                                                     alert->acknowledged_ms != 0, at_s, step.t_ms);
            explain_one(alerts, alert, &told, &step);
            fn(self, &step);
            stopped = step.step->kind == STEP_STOP && step.verdict == VERDICT_STEP_ACTS;
        }
    }
    return rule;
}
