/* Findings and the life of alerts. A finding is first classed (silent, raise, alarm, clear), then the table
 * in lifecycle.c says what follows, and alert_apply does it: fields, then the transition, then whatever jobs
 * the escalation starts. */
#include "alert/alert.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

static const char *const transition_names[TRANSITION_COUNT] = {[TRANSITION_NONE] = "none",
#define X(name, text) [TRANSITION_##name] = #text,
                                                               TRANSITION_MAP(X)
#undef X
};
static const char *const state_names[ALERT_STATE_COUNT] = {
#define X(name, text) [ALERT_##name] = #text,
    ALERT_STATE_MAP(X)
#undef X
};

const char *transition_name(enum transition_kind kind)
{
    return (unsigned)kind < TRANSITION_COUNT ? transition_names[kind] : "none";
}

const char *alert_state_name(enum alert_state state)
{
    return (unsigned)state < ALERT_STATE_COUNT ? state_names[state] : "none";
}

enum { SCRATCH_MAX = 4096 };

enum err alerts_new(const struct alert_config *config, struct alerts **ret_alerts)
{
    struct alerts *alerts = calloc(1, sizeof *alerts);
    if (!alerts)
        return ERR_NOMEM;
    alerts->config = *config;
    pool_init(&alerts->alerts, sizeof(struct alert_record), ALERT_OPEN_MAX);
    pool_init(&alerts->jobs, sizeof(struct job_record), JOBS_MAX);
    pool_init(&alerts->cases, sizeof(struct alert_case), CASES_MAX);
    pool_init(&alerts->tasks, sizeof(struct task), TASKS_MAX);
    pool_init(&alerts->ledger, sizeof(struct ledger_entry), LEDGER_MAX);
    index_init(&alerts->by_id, ALERT_OPEN_MAX);
    index_init(&alerts->by_task, TASKS_MAX);
    index_init(&alerts->by_ledger, LEDGER_MAX);
    index_init(&alerts->by_job, JOBS_MAX);
    index_init(&alerts->by_case, CASES_MAX);
    buf_init(&alerts->scratch, SCRATCH_MAX);
    alerts->refusal = "";
    enum err err = campaigns_new(&alerts->campaigns);
    if (err == ERR_OK)
        err = fleet_new(&alerts->fleet);
    if (err == ERR_OK)
        err = rollouts_new(&alerts->rollouts);
    if (err != ERR_OK) {
        alerts_free(alerts);
        return err;
    }
    *ret_alerts = alerts;
    return ERR_OK;
}

void alerts_free(struct alerts *alerts)
{
    if (!alerts)
        return;
    pool_release(&alerts->alerts);
    pool_release(&alerts->jobs);
    pool_release(&alerts->cases);
    pool_release(&alerts->tasks);
    pool_release(&alerts->ledger);
    index_release(&alerts->by_id);
    index_release(&alerts->by_task);
    index_release(&alerts->by_ledger);
    index_release(&alerts->by_job);
    index_release(&alerts->by_case);
    buf_release(&alerts->scratch);
    campaigns_free(alerts->campaigns);
    fleet_free(alerts->fleet);
    rollouts_free(alerts->rollouts);
    free(alerts);
}

enum err alerts_rebind(struct alerts *alerts, const struct registry *registry,
                       const struct alert_settings *settings)
{
    alerts->config.registry = registry;
    alerts->config.settings = settings;
    alerts->shifts_watched = false;
    handover_arm(alerts);
    for (uint32_t no = 0; no < alerts->cases.count; no++) {
        if (pool_is_live(&alerts->cases, no))
            case_rearm(alerts, no);
    }
    return ERR_OK;
}

void alerts_set_prompts(struct alerts *alerts, const struct prompt_catalogue *prompts,
                        const struct prompt_quiet *quiet)
{
    alerts->config.prompts = prompts;
    alerts->config.quiet = *quiet;
}

const char *alerts_refusal(const struct alerts *alerts)
{
    return alerts->refusal;
}

enum level alert_level_of(const struct alert *alert)
{
    enum level level = LEVEL_GREEN;
    bool active = false;
    for (unsigned i = 0; i < alert->share_count; i++) {
        const struct alert_share *share = &alert->shares[i];
        if (!share->active)
            continue;
        active = true;
        if (share->finding.level > level)
            level = (enum level)share->finding.level;
    }
    return active ? level : (enum level)alert->level;
}

static bool has_share(const struct alert *alert, const char *detector, enum level at_least)
{
    for (unsigned i = 0; alert && i < alert->share_count; i++) {
        const struct alert_share *share = &alert->shares[i];
        if (share->active && share->finding.level >= at_least &&
            strcmp(detectors[share->finding.detector]->name, detector) == 0)
            return true;
    }
    return false;
}

/* AVS-01 as practice.md 8 grades it: 0 no call · 1 unverified · 2 a person present · 3 property · 4 life. */
uint8_t alert_avs(const struct alerts *alerts, const struct alert *alert)
{
    if (alert->level < LEVEL_ORANGE)
        return 0;
    if (alert->outcome == OUTCOME_NEEDS_HELP)
        return 4;
    if (alert->family == FAMILY_EMERGENCY && alert->outcome != OUTCOME_SAFE &&
        has_share(alert, "fall", LEVEL_RED))
        return 4; /* the fall-check prompt had its time and nobody answered */
    if (alert->family == FAMILY_FRAUD && alert->level == LEVEL_RED)
        return 3;
    /* Whoever calls for help, aloud or not, while a stranger is in the home has somebody beside them. */
    bool asks = (alert->family == FAMILY_FRAUD && has_share(alert, "suspicion", LEVEL_GREEN)) ||
                (alert->family == FAMILY_EMERGENCY && has_share(alert, "sos", LEVEL_GREEN));
    if (asks && alert->household != REGISTRY_NONE) {
        struct subject home = {.kind = SUBJECT_HOUSEHOLD, .no = alert->household};
        if (has_share(alerts_open_of(alerts, home, FAMILY_VISITOR), "unknown-visitor", LEVEL_YELLOW))
            return 2;
    }
    return 1;
}

bool alert_is_exercise(const struct alert *alert, const struct registry *registry)
{
    return alert->drill || registry_is_canary(registry, alert->resident, alert->household);
}

static void emit_transition(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                            enum transition_kind kind, const char *by, const char *why)
{
    struct transition transition;
    memset(&transition, 0, sizeof transition);
    record->alert.changed_ms = t_ms;
    record->alert.transitions++;
    record->alert.avs = alert_avs(alerts, &record->alert);
    transition.t_ms = t_ms;
    transition.alert = record->alert.id;
    transition.number = record->alert.transitions;
    transition.kind = (uint8_t)kind;
    text_copy(transition.by, sizeof transition.by, by);
    text_copy(transition.why, sizeof transition.why, why);
    alert_mark(alerts, record);
    if (alerts->config.sink.transition)
        alerts->config.sink.transition(alerts->config.sink.self, &record->alert, &transition);
}

bool alert_was_false(const struct alert *alert)
{
    return alert->disposition == DISPOSITION_FALSE || alert->disposition == DISPOSITION_EXPECTED;
}

/* Pending when the alert ends: everything that is not final, but what is already on its way to people (unless
 * its operator takes it back) or the police runs on, and so does a police message of a confirmed alarm. */
struct ending {
    const struct alerts *alerts;
    const struct alert *alert;
};
static bool ends_with_alert(const struct job_record *job, const void *self)
{
    const struct ending *ending = self;
    const struct alert *alert = ending->alert;
    if (job->job.kind == JOB_TASK)
        return !task_outlives(ending->alerts, &job->job);
    bool under_way = job->state != DELIVERY_QUEUED;
    if (job->job.kind == JOB_NOTIFY)
        return reach_can_recall(ending->alerts, job);
    if (job->job.kind == JOB_POLICE && alert_was_false(alert))
        return true; /* the stand-down takes its place: nobody needs to accept it any more */
    if (job->job.kind == JOB_POLICE)
        return !under_way && alert->disposition != DISPOSITION_TRUE &&
               alert->disposition != DISPOSITION_TRANSFERRED;
    return job->job.kind != JOB_STAND_DOWN;
}

bool alert_apply(struct alerts *alerts, struct alert_record *record, int64_t t_ms, enum alert_input input,
                 const char *by, const char *why)
{
    struct alert *alert = &record->alert;
    enum life before = alert->transitions ? alert_life(alert) : LIFE_NONE;
    struct alert_step step = alert_next(before, input);
    if (!step.allowed)
        return false;
    enum level old_level = (enum level)alert->level;
    bool police_told = input == INPUT_EXPIRE && alert->police_episode == alert->told_from;
    if (input == INPUT_ALARM)
        alert->outcome = OUTCOME_NONE;
    enum life life = (enum life)step.next;
    alert->level = (uint8_t)alert_level_of(alert);
    bool clear = life == LIFE_CLEAR || life == LIFE_CLEAR_TAKEN,
         taken = life == LIFE_TAKEN || life == LIFE_CLEAR_TAKEN;
    switch (life) {
    case LIFE_LAPSED: alert->state = ALERT_LAPSED; break;
    case LIFE_ABSORBED: alert->state = ALERT_ABSORBED; break;
    case LIFE_CLOSED: alert->state = ALERT_CLOSED; break;
    default:
        alert->cleared_ms = !clear ? 0 : alert->cleared_ms ? alert->cleared_ms : t_ms;
        if (input == INPUT_ACKNOWLEDGE || !taken)
            alert->snoozed_until_ms = 0;
        if (input == INPUT_ACKNOWLEDGE) {
            alert->acknowledged_ms = t_ms;
            text_copy(alert->acknowledged_by, sizeof alert->acknowledged_by, by);
        } else if (!taken) {
            alert->acknowledged_ms = 0;
            memset(alert->acknowledged_by, 0, sizeof alert->acknowledged_by);
        }
    }
    if (step.effects & EFFECT_STOP) {
        alert->closed_ms = t_ms;
        alert->verify_until_ms = 0;
        alerts->open_count--;
        case_at(alerts, record->case_no)->last_state = alert->state;
        pool_mark(&alerts->cases, record->case_no);
    }
    emit_transition(alerts, record, t_ms, (enum transition_kind)step.transition, by, why);
    if (police_told) /* people are told anew, the police are not */
        alert->police_episode = alert->transitions;
    bool long_ago =
        t_ms - alert->last_notify_ms > (int64_t)alerts->config.settings->acknowledge_expires_s * 1000;
    if (step.effects & EFFECT_STOP)
        response_forget(alerts, alert);
    if (step.effects & EFFECT_STOP)
        jobs_cancel(alerts, record, t_ms, ends_with_alert, &(struct ending){.alerts = alerts, .alert = alert},
                    "the alert has ended");
    else if ((step.effects & EFFECT_EPISODE) || ((step.effects & EFFECT_RESUME) && long_ago))
        escalation_start(alerts, record, t_ms, true);
    else if (before != LIFE_NONE && alert->level != old_level)
        escalation_start(alerts, record, t_ms, false);
    else
        escalation_run(alerts, record, t_ms);
    return true;
}

/* Ids. */

static void put_subject(char *text, size_t size, const struct registry *registry, struct subject subject)
{
    snprintf(text, size, "%s:%s", subject_kind_name(subject.kind), registry_subject_id(registry, subject));
}

/* contracts.md 5: county, subject, family, key of the first evidence event; texts only, so that no import
 * order changes it. */
static struct hash_id base_id(const struct alerts *alerts, const struct finding *finding)
{
    char subject[ID_SIZE + 16], text[384];
    const struct registry *registry = alerts->config.registry;
    const struct event_key *key = &finding->evidence[0];
    bool known = finding->evidence_count && key->device < registry_count(registry, REGISTRY_DEVICE);
    put_subject(subject, sizeof subject, registry, finding->subject);
    int len = snprintf(
        text, sizeof text, "alert|%s|%s|%s|%s|%s|%lu|%llu", alerts->config.county, subject,
        family_name((enum family)finding->family), known ? registry_device(registry, key->device)->id : "-",
        lane_name((enum lane)key->lane), (unsigned long)key->epoch, (unsigned long long)key->seq);
    assert(len > 0 && (size_t)len < sizeof text);
    return hash_id_of(text, (size_t)len);
}

/* An episode that goes on after its alert was closed opens another alert from the same evidence; that one's
 * id is chained to the one before. */
static struct hash_id new_id(struct alerts *alerts, struct alert_case *owner, const struct finding *finding)
{
    struct hash_id id = base_id(alerts, finding);
    uint64_t base;
    bool used = alert_find_no(alerts, &id) != NONE;
    memcpy(&base, id.bytes, sizeof base);
    for (unsigned i = 0; i < owner->base_count; i++)
        used |= owner->bases[i] == base;
    if (used) {
        struct hash_id chain[2] = {id, owner->last};
        id = hash_id_of(chain, sizeof chain);
        return id;
    }
    if (owner->base_count == CASE_BASES)
        memmove(owner->bases, owner->bases + 1, (CASE_BASES - 1) * sizeof *owner->bases);
    else
        owner->base_count++;
    owner->bases[owner->base_count - 1] = base;
    return id;
}

/* Findings. */

/* Detectors with a state per device have a share per device, so that one camera's recovery does not speak for
 * the other's. */
static struct alert_share *find_share(struct alert *alert, const struct finding *finding)
{
    bool by_device = detectors[finding->detector]->state_of == SUBJECT_DEVICE;
    for (unsigned i = 0; i < alert->share_count; i++) {
        struct alert_share *share = &alert->shares[i];
        if (share->finding.detector == finding->detector &&
            (!by_device || share->finding.evidence[0].device == finding->evidence[0].device))
            return share;
    }
    return NULL;
}

/* A fresh share; when all are taken, one that has ended gives way, else the least urgent. */
static struct alert_share *new_share(struct alert *alert)
{
    struct alert_share *least = &alert->shares[0];
    if (alert->share_count < ALERT_FINDINGS_MAX) {
        least = &alert->shares[alert->share_count++];
    } else {
        for (unsigned i = 1; i < ALERT_FINDINGS_MAX; i++) {
            struct alert_share *share = &alert->shares[i];
            int rank = share->active ? 1 + share->finding.level : 0,
                least_rank = least->active ? 1 + least->finding.level : 0;
            if (rank < least_rank)
                least = share;
        }
    }
    memset(least, 0, sizeof *least);
    return least;
}

static const char *why_of(struct alerts *alerts, const struct finding *finding)
{
    buf_clear(&alerts->scratch);
    finding_sentence(finding, alerts->config.registry, alerts->config.tz, false, &alerts->scratch);
    return buf_text(&alerts->scratch);
}

static void refuse(struct alerts *alerts, enum err err, const struct finding *finding)
{
    alerts->refused++;
    log_write(LOG_ERROR, "alert.refused", "no room for an alert\treason=%s\tlevel=%s", err_text(err),
              level_name((enum level)finding->level));
}

/* Room for a red alert when all places are taken: the least urgent alert that is not red lapses. A scan over
 * everything, but only then. */
static void make_room(struct alerts *alerts, int64_t t_ms)
{
    struct alert_record *least = NULL;
    for (uint32_t no = 0; no < alerts->alerts.count; no++) {
        struct alert_record *record = pool_is_live(&alerts->alerts, no) ? alert_at(alerts, no) : NULL;
        if (!record || record->alert.state != ALERT_OPEN || record->alert.level == LEVEL_RED)
            continue;
        if (!least || record->alert.level < least->alert.level ||
            (record->alert.level == least->alert.level && record->alert.changed_ms < least->alert.changed_ms))
            least = record;
    }
    if (!least)
        return;
    uint32_t case_no = least->case_no;
    least->alert.cleared_ms = t_ms;
    least->alert.acknowledged_ms = 0;
    alert_apply(alerts, least, t_ms, INPUT_LAPSE, "policy", "Gave way to a red alert: no room for more");
    case_sweep(alerts, case_no);
}

static struct alert_record *open_alert(struct alerts *alerts, int64_t t_ms, const struct finding *finding)
{
    uint32_t case_no;
    struct alert_record *record = NULL;
    enum err err = case_take(alerts, finding->subject, (enum family)finding->family, &case_no);
    if (err == ERR_OK) {
        if (alerts->alerts.live_count >= alerts->alerts.max && finding->level == LEVEL_RED)
            make_room(alerts, t_ms);
        struct alert_case *owner = case_at(alerts, case_no);
        struct hash_id id = new_id(alerts, owner, finding);
        err = alert_place_new(alerts, case_no, &id, &record);
    }
    if (err != ERR_OK) {
        refuse(alerts, err, finding);
        return NULL;
    }
    struct alert *alert = &record->alert;
    struct alert_case *owner = case_at(alerts, case_no);
    if (owner->last_state == ALERT_LAPSED)
        alert->previous = owner->last;
    owner->last = alert->id;
    owner->last_state = ALERT_OPEN;
    pool_mark(&alerts->cases, case_no);
    alert->subject.kind = finding->subject.kind;
    alert->subject.no = finding->subject.no;
    alert->family = finding->family;
    alert->resident = finding->resident;
    alert->household = finding->household;
    alert->opened_ms = t_ms;
    alert->drill = (finding->flags & FINDING_DRILL) != 0;
    recent_add(alerts, alert, (enum level)finding->level);
    return record;
}

static void clear_share(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                        const struct finding *finding)
{
    struct alert_share *share = record ? find_share(&record->alert, finding) : NULL;
    if (!share || !share->active)
        return;
    bool any = false;
    share->finding = *finding;
    share->active = 0;
    record->alert.last_finding_ms = t_ms;
    alert_mark(alerts, record);
    for (unsigned i = 0; i < record->alert.share_count; i++)
        any |= record->alert.shares[i].active;
    const char *by = detectors[finding->detector]->name;
    if (!any)
        alert_apply(alerts, record, t_ms, INPUT_CLEAR, by, why_of(alerts, finding));
    else if (alert_level_of(&record->alert) != (enum level)record->alert.level)
        alert_apply(alerts, record, t_ms, INPUT_RAISE, by, why_of(alerts, finding));
}

/* How a finding that does not clear changes its share. */
enum weight { WEIGHT_SILENT, WEIGHT_CHANGE, WEIGHT_ALARM };

static enum weight weigh(const struct alerts *alerts, int64_t t_ms, const struct alert_share *share,
                         const struct finding *finding)
{
    bool fresh = share->count == 0 || !share->active;
    bool higher = finding->level > share->finding.level,
         lowers = (finding->flags & FINDING_LOWERS) && finding->level < share->finding.level;
    bool quiet = t_ms - share->loud_ms <= (int64_t)alerts->config.settings->repeat_silent_s * 1000;
    if ((finding->flags & FINDING_EMERGENCY) && (fresh || higher || !quiet))
        return WEIGHT_ALARM;
    return fresh || higher || lowers ? WEIGHT_CHANGE : WEIGHT_SILENT;
}

static void join_share(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                       const struct finding *finding)
{
    struct alert *alert = &record->alert;
    struct alert_share *share = find_share(alert, finding);
    if (!share)
        share = new_share(alert);
    enum weight weight = weigh(alerts, t_ms, share, finding);
    bool first = alert->transitions == 0;
    alert->last_finding_ms = t_ms;
    if (share->count < UINT32_MAX)
        share->count++;
    /* A repeat that says less, without saying that it lowers, does not talk the share down. */
    if (weight != WEIGHT_SILENT || finding->level >= share->finding.level)
        share->finding = *finding;
    share->active = 1;
    alert_mark(alerts, record);
    if (weight == WEIGHT_SILENT)
        return;
    share->loud_ms = t_ms;
    if (!first && alert->level != LEVEL_RED && alert_level_of(alert) == LEVEL_RED)
        weight = WEIGHT_ALARM;
    if (alert->snoozed_until_ms && alert_level_of(alert) > (enum level)alert->level)
        weight = WEIGHT_ALARM; /* what has become graver does not sleep on */
    /* A cancel does not take a fresh alarm back from whoever has it, but the lower level has a rule of its
     * own. */
    alert_apply(alerts, record, t_ms, weight == WEIGHT_ALARM ? INPUT_ALARM : INPUT_RAISE,
                detectors[finding->detector]->name, why_of(alerts, finding));
}

static void absorb(struct alerts *alerts, int64_t t_ms, struct subject subject, enum family family,
                   const struct hash_id *into, const char *by)
{
    uint32_t case_no = case_find(alerts, subject, family);
    struct alert_record *record = case_open_alert(alerts, case_no);
    if (!record)
        return;
    record->alert.absorbed_by = *into;
    alert_apply(alerts, record, t_ms, INPUT_ABSORB, by, "Absorbed as evidence of a graver alert");
    case_sweep(alerts, case_no);
    case_rearm(alerts, case_no);
}

/* Help that is needed never joins the drill before it, which everybody has been told not to act on: the drill
 * ends, and the alert is a new one. NULL: there is no open alert any more. */
static struct alert_record *end_drill(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                                      const struct finding *finding)
{
    if (!record || !record->alert.drill || (finding->flags & (FINDING_DRILL | FINDING_CLEARS)))
        return record;
    uint32_t case_no = record->case_no;
    record->alert.disposition = DISPOSITION_DRILL;
    alert_apply(alerts, record, t_ms, INPUT_CLOSE, detectors[finding->detector]->name,
                "drill: what came after it is real");
    case_sweep(alerts, case_no);
    return NULL;
}

void alerts_on_finding(struct alerts *alerts, int64_t t_ms, const struct finding *finding)
{
    assert(finding->detector < detector_count() && finding->family < FAMILY_COUNT &&
           finding->level < LEVEL_COUNT);
    uint32_t case_no = case_find(alerts, finding->subject, (enum family)finding->family);
    struct alert_record *record = end_drill(alerts, case_open_alert(alerts, case_no), t_ms, finding);
    if (finding->flags & FINDING_CLEARS) {
        clear_share(alerts, record, t_ms, finding);
    } else {
        if (!record)
            record = open_alert(alerts, t_ms, finding);
        if (!record)
            return;
        join_share(alerts, record, t_ms, finding);
    }
    if (!record)
        return;
    case_no = record->case_no;
    if (finding->flags & FINDING_FUSED) {
        struct hash_id into = record->alert.id;
        const char *by = detectors[finding->detector]->name;
        absorb(alerts, t_ms, finding->subject, FAMILY_OUTING, &into, by);
        absorb(alerts, t_ms, finding->subject, FAMILY_VISITOR, &into, by);
        if (finding->household != REGISTRY_NONE)
            absorb(alerts, t_ms, (struct subject){.kind = SUBJECT_HOUSEHOLD, .no = finding->household},
                   FAMILY_VISITOR, &into, by);
    }
    fleet_on_finding(alerts, t_ms, finding);
    case_sweep(alerts, case_no);
    case_rearm(alerts, case_no);
}

/* Looks. */

const struct alert *alerts_find(const struct alerts *alerts, const struct hash_id *id)
{
    uint32_t no = alert_find_no(alerts, id);
    return no == NONE ? NULL : &alert_at(alerts, no)->alert;
}

const struct alert *alerts_open_of(const struct alerts *alerts, struct subject subject, enum family family)
{
    struct alert_record *record = case_open_alert(alerts, case_find(alerts, subject, family));
    return record ? &record->alert : NULL;
}

size_t alerts_open_count(const struct alerts *alerts)
{
    return alerts->open_count;
}
