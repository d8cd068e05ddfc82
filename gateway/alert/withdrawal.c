/* Consent withdrawn half-way: in the commit in which it takes effect, what was under way under it ends. Cost:
 * one look at every alert in memory. Campaigns are looked at for each who no longer wants to be spoken to. */
#include <string.h>

#include "alert/alerts.h"
#include "detect/detector.h"
#include "registry/admit.h"

static const char by_policy[] = "policy",
                  why[] = "Consent was withdrawn: nothing more is taken in about this";

/* What was lost among those the alert concerns. */
static uint8_t lost_of(const struct alerts *alerts, const struct alert *alert, const uint8_t *lost,
                       uint32_t count)
{
    uint32_t residents[AUDIENCE_RESIDENTS];
    size_t found = audience_residents(alerts, alert, residents);
    unsigned classes = alert->resident < count ? lost[alert->resident] : 0;
    for (size_t i = 0; i < found; i++)
        if (residents[i] < count)
            classes |= lost[residents[i]];
    return (uint8_t)classes;
}

struct look {
    const struct alerts *alerts;
    const struct alert *alert;
};

static bool family_may_know(const struct look *look, const struct job *job)
{
    const struct registry *registry = look->alerts->config.registry;
    if (look->alert->family == FAMILY_EMERGENCY)
        return true;
    if (job->recipient == REGISTRY_NONE || !job->recipient_is_contact)
        return audience_consents(look->alerts, look->alert, CONSENT_FAMILY);
    const struct contact *contact = registry_contact(registry, job->recipient);
    return !contact->removed && contact->resident != REGISTRY_NONE &&
           (registry_resident(registry, contact->resident)->consent & CONSENT_BIT(CONSENT_FAMILY));
}

/* Withdrawing what the police were told stays allowed, and so does whatever a person has to do. */
static bool has_no_consent(const struct job_record *record, const void *self)
{
    const struct look *look = self;
    switch ((enum job_kind)record->job.kind) {
    case JOB_NOTIFY: return record->job.role == ROLE_FAMILY && !family_may_know(look, &record->job);
    case JOB_PROMPT: return !prompt_is_allowed(look->alerts, look->alert);
    case JOB_POLICE: return !police_may_know(look->alerts, look->alert);
    case JOB_TASK:
    case JOB_STAND_DOWN:
    case JOB_NOTICE:
    case JOB_HUSH:
    case JOB_LOCATE: /* these three hang on no alert: fleet.c */
    case JOB_INTERVAL:
    case JOB_RESTART:
    case JOB_KIND_COUNT: break;
    }
    return false;
}

/* Findings of detectors that lived on what is lost are over. True: none is left. */
static bool drop_shares(struct alert *alert, uint8_t lost)
{
    const uint32_t kinds = registry_kinds_of(lost);
    bool dropped = false, left = false;
    for (unsigned i = 0; i < alert->share_count; i++) {
        struct alert_share *share = &alert->shares[i];
        if (share->active && (detectors[share->finding.detector]->kinds & kinds)) {
            share->active = 0;
            dropped = true;
        }
        left |= share->active != 0;
    }
    return dropped && !left;
}

void alerts_on_withdrawal(struct alerts *alerts, int64_t t_ms, const uint8_t *lost, uint32_t count)
{
    for (uint32_t no = 0; no < count; no++)
        if (lost[no] & CONSENT_BIT(CONSENT_VOICE))
            campaigns_forget(alerts, t_ms, no, REACH_NO_CONSENT, "consent withdrawn");
    for (uint32_t no = 0; no < count; no++)
        if (lost[no] & CONSENT_BIT(CONSENT_LOCATION))
            fleet_forget(alerts, t_ms, no);
    for (uint32_t no = 0; no < alerts->alerts.count; no++) {
        if (!pool_is_live(&alerts->alerts, no))
            continue;
        struct alert_record *record = alert_at(alerts, no);
        const uint8_t classes = lost_of(alerts, &record->alert, lost, count);
        if (classes == 0)
            continue;
        const struct look look = {alerts, &record->alert};
        const uint32_t case_no = record->case_no;
        jobs_cancel(alerts, record, t_ms, has_no_consent, &look, "consent withdrawn");
        if (record->alert.verify_until_ms != 0 && !police_may_know(alerts, &record->alert))
            record->alert.verify_until_ms = 0;
        const uint8_t family = record->alert.family;
        if (record->alert.state == ALERT_OPEN &&
            (family == FAMILY_HEALTH || family == FAMILY_VISITOR || family == FAMILY_OUTING) &&
            drop_shares(&record->alert, classes))
            (void)alert_apply(alerts, record, t_ms, INPUT_CLEAR, by_policy, why);
        alert_mark(alerts, record);
        case_sweep(alerts, case_no);
        case_rearm(alerts, case_no);
    }
}
