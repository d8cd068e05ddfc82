/* By which ways a person is told, and what follows.
 *
 * The registry's column `channels` gives each person's ways in their order; those the configuration has no
 * operator for are passed over, and who has none left is told through the role's receiver. Everybody of a
 * step gets a message at once. Calls go to one person of the step at a time, in the audience's order, from
 * orange on at once and below when calling is the person's first way: whoever presses 1 has taken it, and
 * who presses 2, or does not answer, passes it to the next. What failed goes on to the person's next way;
 * when nobody of the step was reached by any, a task says so to the county's desk. Who has a contact rule is
 * told as it says: not in quiet hours, and by one channel after the other (later.c).
 *
 * All the rest follows from the jobs: nothing else is remembered. */
#include <string.h>

#include "alert/alerts.h"

enum {
    CALL_EXPIRES_MS = 600000,     /* a call nobody placed for so long comes too late */
    FALL_BACK_WITHIN_MS = 3600000 /* a failure that becomes known later is of no use to anybody */
};
#define TASK_NOBODY "nobody-reached"

static const char *const receivers[WAY_COUNT] = {
#define X(name, text) [WAY_##name] = ":" #text,
    WAY_MAP(X)
#undef X
};

const char *way_receiver(enum way way)
{
    return way == WAY_APP ? "" : receivers[way];
}

enum way way_of_receiver(const char *receiver)
{
    unsigned way = WAY_APP;
    if (!receiver[0])
        return WAY_APP;
    do
        way++;
    while (way < WAY_COUNT && strcmp(receivers[way], receiver) != 0);
    return (enum way)way;
}

static const char *id_of(const struct alerts *alerts, uint32_t no, bool is_contact)
{
    const struct registry *registry = alerts->config.registry;
    return is_contact ? registry_contact(registry, no)->id : registry_responder(registry, no)->id;
}

/* The rule for one person, NULL = none. */
static const struct contact_rule *rule_of(const struct alerts *alerts, uint32_t no, bool is_contact)
{
    const struct alert_settings *settings = alerts->config.settings;
    return settings->contact_count == 0 || no == REGISTRY_NONE
               ? NULL
               : contact_find(settings->contacts, settings->contact_count, id_of(alerts, no, is_contact));
}

static bool is_usable(const struct alerts *alerts, unsigned way)
{
    return way == WAY_APP || (way < WAY_COUNT && alerts->config.settings->ways >> way & 1);
}

/* As the person's rule says; what nobody serves is passed over, and the first of the rest comes at once. */
static size_t ways_of_rule(const struct alerts *alerts, const struct contact_rule *rule,
                           struct reach_way ways[WAY_COUNT])
{
    size_t count = 0;
    unsigned first_s = 0;
    for (unsigned i = 0; i < rule->channel_count; i++) {
        const struct contact_channel *channel = &rule->channels[i];
        if (!is_usable(alerts, channel->way))
            continue;
        if (count == 0)
            first_s = channel->after_s;
        ways[count++] =
            (struct reach_way){.after_s = (uint16_t)(channel->after_s - first_s), .way = channel->way};
    }
    if (count == 0)
        ways[count++] = (struct reach_way){.way = WAY_APP};
    return count;
}

size_t reach_ways(const struct alerts *alerts, uint32_t no, bool is_contact, struct reach_way ways[WAY_COUNT])
{
    enum registry_table table = is_contact ? REGISTRY_CONTACT : REGISTRY_RESPONDER;
    const struct contact_rule *rule = rule_of(alerts, no, is_contact);
    char word[REGISTRY_CHANNEL_SIZE];
    unsigned had = 0;
    size_t count = 0;
    if (rule && rule->channel_count)
        return ways_of_rule(alerts, rule, ways);
    for (unsigned i = 0; no != REGISTRY_NONE && registry_channel(alerts->config.registry, table, no, i, word);
         i++) {
        unsigned way = WAY_APP;
        while (way < WAY_COUNT && strcmp(receivers[way] + 1, word) != 0)
            way++;
        if (!is_usable(alerts, way) || had >> way & 1)
            continue;
        had |= 1U << way;
        ways[count++] = (struct reach_way){.way = (uint8_t)way};
    }
    /* Who can only be called has the message at the role's receiver all the same. */
    if ((had & ~(1U << WAY_VOICE)) == 0)
        ways[count++] = (struct reach_way){.way = WAY_APP};
    return count;
}

/* The same without their times, best first. */
static size_t ways_of(const struct alerts *alerts, uint32_t no, bool is_contact, enum way ways[WAY_COUNT])
{
    struct reach_way found[WAY_COUNT];
    size_t count = reach_ways(alerts, no, is_contact, found);
    for (size_t i = 0; i < count; i++)
        ways[i] = (enum way)found[i].way;
    return count;
}

static bool is_resting(const struct alerts *alerts, const struct job *draft,
                       const struct audience_person *person)
{
    const struct contact_rule *rule = rule_of(alerts, person->no, person->is_contact);
    struct civil local;
    clock_civil(alerts->config.tz, draft->t_ms, &local);
    return rule && contact_is_quiet(rule, &local);
}

bool reach_is_quiet(const struct alerts *alerts, const struct alert *alert, const struct job *draft,
                    const struct audience_person *people, size_t count, size_t at)
{
    if (job_is_exempt(alert, draft) || !is_resting(alerts, draft, &people[at]))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_resting(alerts, draft, &people[i]))
            return true;
    }
    return false; /* everybody rests: somebody must hear of it */
}

/* Jobs of one step of one telling belong together. */
static bool is_of(const struct job *job, const struct job *of)
{
    return job->kind == JOB_NOTIFY && job->transition == of->transition && job->step == of->step &&
           job->role == of->role;
}

static bool is_for(const struct job *job, uint32_t no, bool is_contact)
{
    return job->recipient == no && job->recipient_is_contact == is_contact;
}

/* Was this person told by that way in this step? */
static bool was_tried(const struct alerts *alerts, const struct alert_record *record, const struct job *of,
                      uint32_t person, bool is_contact, enum way way)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job *job = &job_at(alerts, no)->job;
        if (is_of(job, of) && is_for(job, person, is_contact) && way_of_receiver(job->prompt) == way)
            return true;
    }
    return false;
}

static bool is_calling(const struct alerts *alerts, const struct alert_record *record, const struct job *of)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job_record *job = job_at(alerts, no);
        if (is_of(&job->job, of) && way_of_receiver(job->job.prompt) == WAY_VOICE &&
            !delivery_is_final((enum delivery_state)job->state))
            return true;
    }
    return false;
}

static void tell(struct alerts *alerts, struct alert_record *record, const struct job *draft, uint32_t person,
                 bool is_contact, enum way way)
{
    struct job job = *draft;
    job.recipient = person;
    job.recipient_is_contact = is_contact;
    if (way == WAY_VOICE)
        job.expires_ms = draft->t_ms + CALL_EXPIRES_MS;
    text_copy(job.prompt, sizeof job.prompt, way_receiver(way));
    if (!burst_holds(alerts, record, &job))
        job_issue(alerts, record, &job);
}

static bool calls_at_once(const struct alert *alert, enum way first)
{
    return alert->level >= LEVEL_ORANGE || first == WAY_VOICE;
}

/* Who has a rule: by the first channel now, the others follow while nobody acknowledges. Else one message
 * now, and a call when nobody of the step is being called. A call asks who takes an alert; of the ledger's
 * entry a message is enough, and its alert has ended: nothing follows. */
static void tell_person(struct alerts *alerts, struct alert_record *record, const struct job *job)
{
    struct reach_way ways[WAY_COUNT];
    const struct contact_rule *rule = rule_of(alerts, job->recipient, job->recipient_is_contact);
    size_t count = reach_ways(alerts, job->recipient, job->recipient_is_contact, ways);
    bool told = false, asks = !ledger_is_step(job->step);
    if (rule && rule->channel_count && asks) {
        reach_by(alerts, record, job, (enum way)ways[0].way);
        later_add(alerts, record, job, ways, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (ways[i].way == WAY_VOICE) {
            if (asks && calls_at_once(&record->alert, (enum way)ways[0].way) &&
                !is_calling(alerts, record, job))
                tell(alerts, record, job, job->recipient, job->recipient_is_contact, WAY_VOICE);
        } else if (!told) {
            tell(alerts, record, job, job->recipient, job->recipient_is_contact, (enum way)ways[i].way);
            told = true;
        }
    }
    if (!told && !asks) /* whose rule knows calls alone */
        tell(alerts, record, job, job->recipient, job->recipient_is_contact, WAY_APP);
}

void reach_by(struct alerts *alerts, struct alert_record *record, const struct job *draft, enum way way)
{
    if (!was_tried(alerts, record, draft, draft->recipient, draft->recipient_is_contact, way))
        tell(alerts, record, draft, draft->recipient, draft->recipient_is_contact, way);
}

void reach_people(struct alerts *alerts, struct alert_record *record, const struct job *draft,
                  const struct audience_person *people, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct job job = *draft;
        job.role = people[i].role;
        job.recipient = people[i].no;
        job.recipient_is_contact = people[i].is_contact;
        if (draft->prompt[0]) { /* one receiver, by name */
            job.recipient_is_contact = draft->recipient_is_contact;
            if (!burst_holds(alerts, record, &job))
                job_issue(alerts, record, &job);
        } else if (reach_is_quiet(alerts, &record->alert, &job, people, count, i)) {
            suppress(alerts, &record->alert, &job, SUPPRESSED_BY_QUIET, NULL);
        } else {
            tell_person(alerts, record, &job);
        }
    }
}

/* The people of the step a job was issued by, as it stands now. */
static size_t people_of(const struct alerts *alerts, const struct alert *alert, const struct job *job,
                        struct audience_person *people)
{
    const struct policy_rule *rule = escalation_rule(alerts, alert);
    unsigned step = job->step % JOB_STEP_REPEAT;
    if (rule && step < rule->step_count && rule->steps[step].kind == STEP_NOTIFY &&
        (rule->steps[step].role == job->role || policy_roster(alerts->config.settings, &rule->steps[step])))
        return audience_of_step(alerts, alert, &rule->steps[step], job->t_ms, people);
    return audience_people(alerts, alert, (enum role)job->role, job->t_ms, people);
}

static bool can_call(const struct alerts *alerts, uint32_t person, bool is_contact)
{
    enum way ways[WAY_COUNT];
    size_t count = ways_of(alerts, person, is_contact, ways);
    for (size_t i = 0; i < count; i++)
        if (ways[i] == WAY_VOICE)
            return true;
    return false;
}

/* Calls the next person of the step who can be called and was not yet. */
static bool call_next(struct alerts *alerts, struct alert_record *record, const struct job *draft)
{
    struct audience_person people[AUDIENCE_MAX];
    size_t count = people_of(alerts, &record->alert, draft, people);
    for (size_t i = 0; i < count; i++) {
        bool is_contact = people[i].is_contact;
        if (reach_is_quiet(alerts, &record->alert, draft, people, count, i) ||
            !can_call(alerts, people[i].no, is_contact) ||
            was_tried(alerts, record, draft, people[i].no, is_contact, WAY_VOICE))
            continue;
        tell(alerts, record, draft, people[i].no, is_contact, WAY_VOICE);
        return true;
    }
    return false;
}

/* The person's next way that was not tried in this step; a call only while nobody else is called, and none
 * about an entry of the ledger. */
static bool tell_otherwise(struct alerts *alerts, struct alert_record *record, const struct job *draft,
                           const struct job *failed)
{
    enum way ways[WAY_COUNT];
    bool is_contact = failed->recipient_is_contact;
    size_t count = ways_of(alerts, failed->recipient, is_contact, ways);
    for (size_t i = 0; i < count; i++) {
        if (was_tried(alerts, record, draft, failed->recipient, is_contact, ways[i]) ||
            (ways[i] == WAY_VOICE && (ledger_is_step(draft->step) || is_calling(alerts, record, draft))))
            continue;
        tell(alerts, record, draft, failed->recipient, is_contact, ways[i]);
        return true;
    }
    return false;
}

/* Somebody of the step has it, or may still get it. */
static bool is_hopeful(const struct alerts *alerts, const struct alert_record *record, const struct job *of)
{
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job_record *job = job_at(alerts, no);
        if (is_of(&job->job, of) && (!delivery_is_final((enum delivery_state)job->state) ||
                                     job->state == DELIVERY_DELIVERED || job->state == DELIVERY_ACCEPTED))
            return true;
    }
    return false;
}

/* A call that everybody let pass is a person's work, whatever messages went out beside it: a machine is known
 * to have those, not that anybody reads them. */
static void fall_back(struct alerts *alerts, struct alert_record *record, const struct job *failed,
                      bool passed_on, int64_t t_ms)
{
    struct job draft = *failed;
    bool was_call = way_of_receiver(failed->prompt) == WAY_VOICE;
    draft.t_ms = t_ms;
    draft.expires_ms = t_ms + NOTIFY_EXPIRES_MS;
    bool otherwise = !passed_on && tell_otherwise(alerts, record, &draft, failed);
    bool lost = was_call ? !is_calling(alerts, record, &draft) && !call_next(alerts, record, &draft)
                         : !otherwise && !is_hopeful(alerts, record, &draft);
    if (lost && alerts->config.settings->ways)
        task_issue(alerts, record, t_ms, failed->step, ROLE_COUNTY_DESK, TASK_NOBODY);
}

/* What a responsible person should hear of an entry of the ledger goes by their next way, and is the desk's
 * to say when there is none. */
static void clue_fall_back(struct alerts *alerts, struct alert_record *record, const struct job *failed,
                           int64_t t_ms)
{
    struct job draft = *failed;
    draft.t_ms = t_ms;
    draft.expires_ms = t_ms + NOTIFY_EXPIRES_MS;
    if (tell_otherwise(alerts, record, &draft, failed) || is_hopeful(alerts, record, &draft))
        return;
    struct job task = job_draft(&record->alert, JOB_TASK, failed->step, t_ms);
    task.transition = failed->transition; /* each telling may fail anew */
    task.role = ROLE_COUNTY_DESK;
    text_copy(task.prompt, sizeof task.prompt, TASK_NOBODY);
    job_issue(alerts, record, &task);
}

/* Who took it is audited by the id the registry gives them; a role's receiver by the role. */
static const char *name_of(const struct alerts *alerts, const struct job *job)
{
    return job->recipient == REGISTRY_NONE ? role_name((enum role)job->role)
                                           : id_of(alerts, job->recipient, job->recipient_is_contact);
}

void reach_settle(struct alerts *alerts, uint32_t job_no, int64_t t_ms)
{
    const struct job job = job_at(alerts, job_no)->job;
    enum delivery_state state = (enum delivery_state)job_at(alerts, job_no)->state;
    struct alert_record *record = alert_at(alerts, job_at(alerts, job_no)->alert_no);
    bool failed = state == DELIVERY_FAILED || state == DELIVERY_EXPIRED || state == DELIVERY_REJECTED;
    failed = failed && job.recipient != REGISTRY_NONE && way_of_receiver(job.prompt) != WAY_COUNT &&
             t_ms - job.t_ms <= FALL_BACK_WITHIN_MS;
    if (ledger_is_step(job.step)) { /* its alert has ended: the entry counts */
        if (failed && ledger_holds(alerts, &record->alert.id))
            clue_fall_back(alerts, record, &job, t_ms);
        return;
    }
    /* The word on an earlier telling is not the word on this one. */
    if (record->alert.state != ALERT_OPEN || record->alert.acknowledged_ms ||
        job.transition < record->alert.told_from)
        return;
    if (state == DELIVERY_ACCEPTED) {
        enum way way = way_of_receiver(job.prompt);
        alert_take(alerts, record, t_ms, name_of(alerts, &job),
                   way == WAY_VOICE ? "call: pressed 1" : "link");
        return;
    }
    if (failed)
        fall_back(alerts, record, &job,
                  state == DELIVERY_REJECTED && way_of_receiver(job.prompt) == WAY_VOICE, t_ms);
}

bool reach_can_recall(const struct alerts *alerts, const struct job_record *job)
{
    const unsigned way = way_of_receiver(job->job.prompt);
    return job->state == DELIVERY_QUEUED ||
           (job->state == DELIVERY_SENT && way < WAY_COUNT && alerts->config.settings->ways_back >> way & 1);
}

/* Whoever has answered is left to hear it out. */
static bool is_call_nobody_answered(const struct job_record *job, const void *self)
{
    return job->job.kind == JOB_NOTIFY && way_of_receiver(job->job.prompt) == WAY_VOICE &&
           reach_can_recall(self, job);
}

void reach_taken(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    jobs_cancel(alerts, record, t_ms, is_call_nobody_answered, alerts, "somebody has taken it");
}
