/* What people do to alerts. Each action is checked first and changes nothing when it is refused. */
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"

/* The alert an action means: by id, by subject and family, or the subject's most urgent open one. */
enum err find_target(struct alerts *alerts, const struct action *action, struct alert_record **ret_record)
{
    struct alert_record *found = NULL;
    if (action->has_alert) {
        uint32_t no = alert_find_no(alerts, &action->alert);
        if (no == NONE)
            return ERR_NOT_FOUND;
        found = alert_at(alerts, no);
        if (found->alert.state != ALERT_OPEN)
            return ERR_INVALID;
        *ret_record = found;
        return ERR_OK;
    }
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        if (action->family != FAMILY_COUNT && action->family != family)
            continue;
        struct alert_record *record =
            case_open_alert(alerts, case_find(alerts, action->subject, (enum family)family));
        if (record && (!found || record->alert.level > found->alert.level))
            found = record;
    }
    if (!found)
        return ERR_NOT_FOUND;
    *ret_record = found;
    return ERR_OK;
}

void act_put_why(char *why, size_t size, const char *what, const char *note)
{
    char cut[256];
    text_copy(cut, sizeof cut, note);
    snprintf(why, size, "%.60s%s%.255s", what, what[0] && cut[0] ? ". " : "", cut);
}

/* The resident whose wristband pressed hears that help has been told. */
static void notice(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    struct alert *alert = &record->alert;
    if (alert->family != FAMILY_EMERGENCY || audience_is_silent(alerts, alert))
        return;
    for (unsigned i = 0; i < alert->share_count; i++) {
        const struct finding *finding = &alert->shares[i].finding;
        if (!alert->shares[i].active || !finding->evidence_count ||
            finding->evidence[0].device >= registry_count(alerts->config.registry, REGISTRY_DEVICE))
            continue;
        struct job job = job_draft(alert, JOB_NOTICE, JOB_STEP_NOTICE, t_ms);
        job.transition = alert->transitions;
        job.expires_ms = t_ms + (int64_t)alerts->config.settings->prompt_ttl_s * 1000;
        job.device = finding->evidence[0].device;
        text_copy(job.prompt, sizeof job.prompt, "help-coming");
        job_issue(alerts, record, &job);
    }
}

/* Where the rule asks for several people: true when more have to follow this one, who is written down. */
static bool needs_more(struct alerts *alerts, struct alert_record *record, const char *by, char *what,
                       size_t size)
{
    const struct policy_rule *rule = escalation_rule(alerts, &record->alert);
    unsigned need = rule ? rule->acknowledgements : 0;
    struct alert *alert = &record->alert;
    bool known = false;
    for (unsigned i = 0; i < alert->acker_count; i++)
        known |= strcmp(alert->ackers[i], by) == 0;
    if (need <= 1 || alert->acknowledged_ms || (!known && alert->acker_count + 1U >= need))
        return false;
    if (!known)
        text_copy(alert->ackers[alert->acker_count++], ID_SIZE, by);
    snprintf(what, size, "acknowledged, %u of %u", (unsigned)alert->acker_count, need);
    return true;
}

bool alert_take(struct alerts *alerts, struct alert_record *record, int64_t t_ms, const char *by,
                const char *note)
{
    char why[320], what[64] = "";
    if (needs_more(alerts, record, by, what, sizeof what)) {
        act_put_why(why, sizeof why, what, note);
        return alert_apply(alerts, record, t_ms, INPUT_NOTE, by, why);
    }
    act_put_why(why, sizeof why, "", note);
    if (!alert_apply(alerts, record, t_ms, INPUT_ACKNOWLEDGE, by, why))
        return false;
    reach_taken(alerts, record, t_ms);
    notice(alerts, record, t_ms);
    return true;
}

static enum err acknowledge(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                            const struct action *action)
{
    return alert_take(alerts, record, t_ms, action->by, action->note) ? ERR_OK : ERR_INVALID;
}

/* Taken until a time, then back with everybody told anew. Bounded, and never what cannot wait. */
static enum err snooze(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                       const struct action *action)
{
    char why[320];
    struct alert *alert = &record->alert;
    if (alert->level == LEVEL_RED || alert->family == FAMILY_EMERGENCY || action->until_ms <= t_ms ||
        action->until_ms > t_ms + ALERT_SNOOZE_MAX_MS)
        return ERR_INVALID;
    act_put_why(why, sizeof why, "snoozed", action->note);
    if (!alert_apply(alerts, record, t_ms, INPUT_ACKNOWLEDGE, action->by, why))
        return ERR_INVALID;
    alert->snoozed_until_ms = action->until_ms;
    alert_mark(alerts, record);
    return ERR_OK;
}

/* Whose alert it is; who is in the registry is told. */
static enum err assign(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                       const struct action *action)
{
    char why[320], what[ID_SIZE + 16];
    const struct registry *registry = alerts->config.registry;
    if (!action->to[0])
        return ERR_INVALID;
    snprintf(what, sizeof what, "assigned to %s", action->to);
    act_put_why(why, sizeof why, what, action->note);
    text_copy(record->alert.assigned_to, ID_SIZE, action->to);
    if (!alert_apply(alerts, record, t_ms, INPUT_NOTE, action->by, why))
        return ERR_INVALID;
    uint32_t no = registry_find(registry, REGISTRY_RESPONDER, action->to);
    if (no == REGISTRY_NONE)
        return ERR_OK;
    struct job job = job_draft(&record->alert, JOB_NOTIFY, JOB_STEP_FOLLOW, t_ms);
    job.transition = record->alert.transitions;
    job.expires_ms = t_ms + NOTIFY_EXPIRES_MS;
    job.recipient = no;
    job.role = registry_responder(registry, no)->role;
    job_issue(alerts, record, &job);
    return ERR_OK;
}

static enum err close_alert(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                            const struct action *action)
{
    char why[320];
    if (action->disposition == DISPOSITION_NONE || action->disposition >= DISPOSITION_COUNT)
        return ERR_INVALID;
    if (record->alert.drill && action->disposition != DISPOSITION_DRILL) {
        alerts->refusal = "a drill is closed as a drill";
        return ERR_INVALID;
    }
    act_put_why(why, sizeof why, disposition_name((enum disposition)action->disposition), action->note);
    record->alert.disposition = action->disposition;
    if (!alert_apply(alerts, record, t_ms, INPUT_CLOSE, action->by, why)) {
        record->alert.disposition = DISPOSITION_NONE;
        return ERR_INVALID;
    }
    if (action->disposition == DISPOSITION_TRUE || action->disposition == DISPOSITION_TRANSFERRED)
        ledger_open(alerts, record, t_ms, action->by, action->note);
    if (record->alert.police_sent && alert_was_false(&record->alert)) {
        struct job job = job_draft(&record->alert, JOB_STAND_DOWN, JOB_STEP_STAND_DOWN, t_ms);
        job.transition = record->alert.transitions;
        job.role = ROLE_POLICE_DESK;
        char withdrawn[HASH_ID_TEXT]; /* the receiver must know which message is withdrawn */
        hash_id_text(&record->alert.police_job, withdrawn);
        snprintf(job.prompt, sizeof job.prompt, "%s@%lld", withdrawn, (long long)record->alert.police_job_ms);
        job_issue(alerts, record, &job);
    }
    return ERR_OK;
}

/* The resident was reached, or was not: what follows for the alert. `safe` drops the verification and leaves
 * the alert open for the desk to close; anything that is not a clear "safe" sends a red alert to the police
 * while a verification waits, a cry for help always. */
static bool note_word(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                      const struct action *action, const char *what, enum outcome outcome)
{
    char why[320];
    struct alert *alert = &record->alert;
    bool pending = alert->verify_until_ms != 0;
    act_put_why(why, sizeof why, what, action->note);
    if (outcome != OUTCOME_NONE) {
        alert->outcome = (uint8_t)outcome;
        alert->verify_until_ms = 0;
    }
    if (!alert_apply(alerts, record, t_ms, INPUT_NOTE, action->by, why))
        return false;
    if (outcome != OUTCOME_NONE)
        response_forget(alerts, alert);
    bool grave = outcome == OUTCOME_NEEDS_HELP && alert->level == LEVEL_RED;
    if (grave || (pending && outcome != OUTCOME_NONE && outcome != OUTCOME_SAFE))
        police_send(alerts, record, t_ms);
    alert_mark(alerts, record);
    return true;
}

/* A wrong number says nothing about the resident: the verification goes on. */
enum err alert_on_call(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                       const struct action *action)
{
    char what[64];
    if (action->outcome == OUTCOME_NONE || action->outcome > OUTCOME_WRONG_NUMBER)
        return ERR_INVALID;
    snprintf(what, sizeof what, "call: %s", outcome_name((enum outcome)action->outcome));
    if (!note_word(alerts, record, t_ms, action, what,
                   action->outcome == OUTCOME_WRONG_NUMBER ? OUTCOME_NONE : (enum outcome)action->outcome))
        return ERR_INVALID;
    task_on_call(alerts, record, t_ms, action);
    return ERR_OK;
}

/* Seen in person counts for more than any call; a closed door says nothing. */
void alert_on_visit(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                    const struct action *action)
{
    char what[64];
    enum outcome word = action->outcome == OUTCOME_SEEN_WELL         ? OUTCOME_SAFE
                        : action->outcome == OUTCOME_SEEN_NEEDS_HELP ? OUTCOME_NEEDS_HELP
                                                                     : OUTCOME_NONE;
    snprintf(what, sizeof what, "visit: %s", outcome_name((enum outcome)action->outcome));
    (void)note_word(alerts, record, t_ms, action, what, word); /* an open alert takes every note */
}

static bool is_call_task(const struct job_record *job)
{
    enum task_kind kind = task_from_name(job->job.prompt);
    return job->job.kind == JOB_TASK && (kind == TASK_VERIFY || kind == TASK_CALL || kind == TASK_CALL_BACK);
}

static bool is_spoken(const struct job_record *job, const void *self)
{
    (void)self;
    return job->job.kind == JOB_PROMPT || job->job.kind == JOB_NOTICE || is_call_task(job);
}

static void hush(struct alerts *alerts, int64_t t_ms, struct subject subject)
{
    for (unsigned family = 0; family < FAMILY_COUNT; family++) {
        uint32_t case_no = case_find(alerts, subject, (enum family)family);
        for (uint32_t no = case_no == NONE ? NONE : case_at(alerts, case_no)->newest; no != NONE;
             no = alert_at(alerts, no)->older) {
            if (audience_is_silent(alerts, &alert_at(alerts, no)->alert))
                speak_cancel(alerts, alert_at(alerts, no), t_ms, is_spoken, NULL, "the resident has died");
        }
        if (case_no != NONE) {
            case_sweep(alerts, case_no);
            case_rearm(alerts, case_no);
        }
    }
}

/* The live state has the new status already. When a resident has died, nothing may call or speak to the home
 * in their name from this moment (practice.md 1). */
static enum err status(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    if (action->subject.kind != SUBJECT_RESIDENT ||
        action->subject.no >= registry_count(alerts->config.registry, REGISTRY_RESIDENT))
        return ERR_INVALID;
    if (action->status == STATUS_DECEASED || action->status == STATUS_MOVED)
        upkeep_collect_devices(alerts, t_ms, action->subject.no);
    if (action->status != STATUS_DECEASED)
        return ERR_OK;
    hush(alerts, t_ms, action->subject);
    campaigns_forget(alerts, t_ms, action->subject.no, REACH_DECEASED, "the resident has died");
    uint32_t household = registry_resident(alerts->config.registry, action->subject.no)->household;
    if (household != REGISTRY_NONE)
        hush(alerts, t_ms, (struct subject){.kind = SUBJECT_HOUSEHOLD, .no = household});
    return ERR_OK;
}

enum err alerts_on_action(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    struct alert_record *record;
    char why[320];
    alerts->refusal = "";
    if (action->kind == ACTION_CAMPAIGN)
        return campaign_add(alerts, t_ms, action);
    if (action->kind == ACTION_CAMPAIGN_END)
        return campaign_end(alerts, t_ms, action);
    if (action->kind >= ACTION_DEVICE_LOCATE && action->kind <= ACTION_DEVICE_RESTART)
        return fleet_order(alerts, t_ms, action);
    if (action->kind >= ACTION_ROLLOUT_START && action->kind <= ACTION_ROLLOUT_ABORT)
        return rollout_act(alerts, t_ms, action);
    if (action->kind == ACTION_STATUS)
        return status(alerts, t_ms, action);
    if (action->kind == ACTION_SILENCE)
        return silence_add(alerts, t_ms, action);
    if (action->kind == ACTION_UNSILENCE)
        return silence_remove(alerts, t_ms, action);
    if (action->kind >= ACTION_ROSTER_OVERRIDE && action->kind <= ACTION_ROSTER_CANCEL)
        return roster_act(alerts, t_ms, action);
    if (action->kind == ACTION_HANDOVER_BEGIN || action->kind == ACTION_HANDOVER_SIGN)
        return handover_act(alerts, t_ms, action);
    if (action->kind >= ACTION_TASK_ASSIGN && action->kind <= ACTION_TASK_FINISH)
        return task_act(alerts, t_ms, action);
    if (action->kind >= ACTION_LEDGER_ASSIGN && action->kind <= ACTION_LEDGER_CLOSE)
        return ledger_act(alerts, t_ms, action);
    if (action->kind == ACTION_POLICE)
        return police_act(alerts, t_ms, action);
    enum err err = find_target(alerts, action, &record);
    if (err != ERR_OK)
        return err;
    uint32_t case_no = record->case_no;
    switch ((enum action_kind)action->kind) {
    case ACTION_ACKNOWLEDGE: err = acknowledge(alerts, record, t_ms, action); break;
    case ACTION_ASSIGN: err = assign(alerts, record, t_ms, action); break;
    case ACTION_SNOOZE: err = snooze(alerts, record, t_ms, action); break;
    case ACTION_CLOSE: err = close_alert(alerts, record, t_ms, action); break;
    case ACTION_CALL: err = alert_on_call(alerts, record, t_ms, action); break;
    case ACTION_COMMENT:
        act_put_why(why, sizeof why, "", action->note);
        err = alert_apply(alerts, record, t_ms, INPUT_NOTE, action->by, why) ? ERR_OK : ERR_INVALID;
        break;
    case ACTION_SPEAK: err = speak_order(alerts, record, t_ms, action); break;
    case ACTION_HUSH: err = speak_hush(alerts, record, t_ms, action); break;
    case ACTION_CAMPAIGN:
    case ACTION_CAMPAIGN_END:
    case ACTION_DEVICE_LOCATE:
    case ACTION_DEVICE_INTERVAL:
    case ACTION_DEVICE_RESTART:
    case ACTION_NONE:
    case ACTION_STATUS:
    case ACTION_SILENCE:
    case ACTION_UNSILENCE:
    case ACTION_ANNOUNCE: /* of the live state: gateway.c */
    case ACTION_UNANNOUNCE:
    case ACTION_TASK_ASSIGN:
    case ACTION_TASK_ACCEPT:
    case ACTION_TASK_ARRIVE:
    case ACTION_TASK_FINISH:
    case ACTION_LEDGER_ASSIGN:
    case ACTION_LEDGER_HANDLE:
    case ACTION_LEDGER_TRANSFER:
    case ACTION_LEDGER_CLOSE:
    case ACTION_ROSTER_OVERRIDE:
    case ACTION_ROSTER_SWAP:
    case ACTION_TEST_WINDOW: /* of the live state: gateway.c */
    case ACTION_ROSTER_CANCEL:
    case ACTION_ROLLOUT_START:
    case ACTION_ROLLOUT_PAUSE:
    case ACTION_ROLLOUT_RESUME:
    case ACTION_ROLLOUT_ABORT:
    case ACTION_HANDOVER_BEGIN:
    case ACTION_HANDOVER_SIGN:
    case ACTION_POLICE:
    case ACTION_KIND_COUNT: err = ERR_INVALID; break;
    }
    case_sweep(alerts, case_no);
    case_rearm(alerts, case_no);
    return err;
}
