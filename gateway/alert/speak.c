/* Through which device the resident is spoken to, and what people order to be said or to fall silent. */
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"

/* ---- which device ---- */

static uint32_t wristband_of(const struct alerts *alerts, const struct alert *alert)
{
    const struct registry *registry = alerts->config.registry;
    uint32_t residents[AUDIENCE_RESIDENTS];
    size_t count = audience_residents(alerts, alert, residents);
    for (size_t i = 0; i < count; i++) {
        uint32_t device = registry_resident(registry, residents[i])->wristband;
        if (device != REGISTRY_NONE && !registry_device(registry, device)->removed)
            return device;
    }
    return REGISTRY_NONE;
}

/* The device whose button or sensor began it. */
static uint32_t origin_of(const struct alerts *alerts, const struct alert *alert)
{
    for (unsigned i = alert->share_count; i-- > 0;) {
        const struct finding *finding = &alert->shares[i].finding;
        if (alert->shares[i].active && finding->evidence_count &&
            finding->evidence[0].device < registry_count(alerts->config.registry, REGISTRY_DEVICE))
            return finding->evidence[0].device;
    }
    return REGISTRY_NONE;
}

/* Of a home's cameras the one that stands where people are and was heard last; the one that saw it goes
 * first.
 */
static uint32_t camera_of(const struct alerts *alerts, const struct alert *alert, uint32_t origin)
{
    const struct registry *registry = alerts->config.registry;
    if (origin != REGISTRY_NONE && registry_device(registry, origin)->kind == DEVICE_CAMERA &&
        !registry_device(registry, origin)->removed)
        return origin;
    uint32_t no = alert->household == REGISTRY_NONE
                      ? REGISTRY_NONE
                      : registry_household(registry, alert->household)->first_camera;
    uint32_t best = REGISTRY_NONE;
    int64_t best_rank = -1;
    for (; no != REGISTRY_NONE; no = registry_device(registry, no)->next_camera) {
        const struct device *camera = registry_device(registry, no);
        const struct live_device *live = live_device(alerts->config.live, no);
        int64_t rank = (live->link_up != LIVE_NO ? INT64_C(1) << 62 : 0) +
                       (camera->indoors ? INT64_C(1) << 61 : 0) + live->heard_ms;
        if (!camera->removed && rank > best_rank) {
            best = no;
            best_rank = rank;
        }
    }
    return best;
}

static bool may_be_home(const struct alerts *alerts, const struct alert *alert)
{
    uint32_t residents[AUDIENCE_RESIDENTS];
    size_t count = audience_residents(alerts, alert, residents);
    for (size_t i = 0; i < count; i++) {
        if (live_resident(alerts->config.live, residents[i])->at_home != LIVE_NO)
            return true;
    }
    return count == 0;
}

/* A loudspeaker is heard by whoever is there. It speaks in an emergency, when several signs together say
 * orange, or because a person wants it (practice.md 9). */
static bool may_be_loud(const struct alert *alert, bool ordered)
{
    return ordered || alert->family == FAMILY_EMERGENCY ||
           (alert->family == FAMILY_FRAUD && alert->level >= LEVEL_ORANGE);
}

/* Whether all whom it concerns lack the sense that a device needs. */
static bool none_can(const struct alerts *alerts, const struct alert *alert, bool hear)
{
    uint32_t residents[AUDIENCE_RESIDENTS];
    size_t count = audience_residents(alerts, alert, residents);
    for (size_t i = 0; i < count; i++) {
        const struct resident *resident = registry_resident(alerts->config.registry, residents[i]);
        if ((hear ? resident->hearing_poor : resident->vision_poor) != ABILITY_NONE)
            return false;
    }
    return count > 0;
}

/* The better one goes second when it is known to be out of reach: its link is down, or nobody wears it. */
static bool is_out_of_reach(const struct alerts *alerts, uint32_t device)
{
    const struct live_device *live = live_device(alerts->config.live, device);
    bool lies_about =
        registry_device(alerts->config.registry, device)->kind == DEVICE_WRISTBAND && live->worn == LIVE_NO;
    return live->link_up == LIVE_NO || lies_about;
}

size_t audience_devices(const struct alerts *alerts, const struct alert *alert, const char *prompt,
                        bool ordered, uint32_t *devices)
{
    const struct prompt *entry = prompt_find(alerts->config.prompts, prompt);
    bool discreet = entry && entry->manner == PROMPT_DISCREET;
    uint32_t origin = origin_of(alerts, alert);
    uint32_t wristband = wristband_of(alerts, alert), camera = camera_of(alerts, alert, origin);
    if (wristband == REGISTRY_NONE && origin != REGISTRY_NONE &&
        registry_device(alerts->config.registry, origin)->kind == DEVICE_WRISTBAND)
        wristband = origin; /* a spare band that somebody pressed */
    if (discreet && none_can(alerts, alert, false))
        wristband = REGISTRY_NONE; /* a screen that nobody can read: a person has to call */
    /* A loudspeaker gives the resident away; an empty room hears nothing, and neither does who is deaf. */
    if (discreet || !may_be_loud(alert, ordered) || !may_be_home(alerts, alert) ||
        none_can(alerts, alert, true))
        camera = REGISTRY_NONE;
    bool camera_first = alert->family == FAMILY_EMERGENCY;
    uint32_t order[2] = {camera_first ? camera : wristband, camera_first ? wristband : camera};
    size_t count = 0;
    for (unsigned i = 0; i < 2; i++) {
        if (order[i] != REGISTRY_NONE)
            devices[count++] = order[i];
    }
    if (count == 2 && is_out_of_reach(alerts, devices[0]) && !is_out_of_reach(alerts, devices[1])) {
        devices[0] = order[1];
        devices[1] = order[0];
    }
    return count;
}

/* ---- by a person's order ---- */

static enum err refuse(struct alerts *alerts, const char *why)
{
    alerts->refusal = why;
    return ERR_INVALID;
}

/* What would be said, and through what. */
static enum err choose(struct alerts *alerts, const struct alert_record *record, int64_t t_ms,
                       const struct action *action, uint32_t *ret_device, const struct prompt **ret_prompt)
{
    const struct alert *alert = &record->alert;
    const struct prompt *prompt = prompt_find(alerts->config.prompts, action->prompt);
    uint32_t devices[2];
    if (!prompt)
        return refuse(alerts, "there is no such prompt in the catalogue");
    if (!prompt_is_allowed(alerts, alert))
        return refuse(alerts, "the resident has not consented to be spoken to, or has died");
    if (prompt_day_is_full(alerts, alert, t_ms))
        return refuse(alerts, "the home has heard its prompts for today");
    size_t count = audience_devices(alerts, alert, prompt->id, true, devices), i = 0;
    while (i < count && action->device != REGISTRY_NONE && devices[i] != action->device)
        i++;
    if (i >= count)
        return refuse(alerts, action->device == REGISTRY_NONE
                                  ? "no device could say it to the resident: call"
                                  : "this device is not the resident's, or cannot say this to the resident");
    *ret_device = devices[i];
    *ret_prompt = prompt;
    return ERR_OK;
}

enum err alerts_preview(struct alerts *alerts, int64_t t_ms, const struct action *action,
                        uint32_t *ret_device, const struct prompt **ret_prompt, bool *ret_quiet)
{
    struct alert_record *record;
    alerts->refusal = "";
    enum err err = find_target(alerts, action, &record);
    if (err == ERR_OK)
        err = choose(alerts, record, t_ms, action, ret_device, ret_prompt);
    if (err == ERR_OK)
        *ret_quiet = (*ret_prompt)->manner == PROMPT_SPEAK && record->alert.level < LEVEL_RED &&
                     record->alert.family != FAMILY_EMERGENCY &&
                     prompt_is_quiet(&alerts->config.quiet, alerts->config.tz, t_ms);
    return err;
}

enum err speak_order(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                     const struct action *action)
{
    const struct prompt *prompt;
    uint32_t device;
    char why[320];
    enum err err = choose(alerts, record, t_ms, action, &device, &prompt);
    if (err != ERR_OK)
        return err;
    snprintf(why, sizeof why, "speak: %.64s on %.64s%s%.160s", prompt->id,
             registry_device(alerts->config.registry, device)->id, action->note[0] ? ". " : "", action->note);
    if (!alert_apply(alerts, record, t_ms, INPUT_NOTE, action->by, why))
        return ERR_INVALID;
    struct job job = job_draft(&record->alert, JOB_PROMPT, JOB_STEP_ORDER, t_ms);
    job.transition = record->alert.transitions; /* the same words again are another order */
    job.expires_ms = t_ms + (int64_t)alerts->config.settings->prompt_ttl_s * 1000;
    job.device = device;
    job.attempt = action->device != REGISTRY_NONE; /* through this one, or a person */
    text_copy(job.prompt, sizeof job.prompt, prompt->id);
    text_copy(record->alert.said, sizeof record->alert.said, prompt->id);
    record->alert.said_played = 0;
    alert_mark(alerts, record);
    (void)prompt_day_take(alerts, registry_device(alerts->config.registry, device)->resident, t_ms);
    job_issue(alerts, record, &job);
    return ERR_OK;
}

/* ---- falling silent ---- */

struct silenced {
    uint32_t device;
    struct hash_id job;
};

void speak_cancel(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                  bool (*which)(const struct job_record *job, const void *self), const void *self,
                  const char *reason)
{
    struct silenced silenced[16];
    size_t count = 0;
    for (uint32_t no = record->first_job; no != NONE; no = job_at(alerts, no)->next) {
        const struct job_record *job = job_at(alerts, no);
        bool out = job->job.kind == JOB_PROMPT && job->state != DELIVERY_QUEUED &&
                   !delivery_is_final((enum delivery_state)job->state);
        if (out && which(job, self) && count < sizeof silenced / sizeof *silenced)
            silenced[count++] = (struct silenced){.device = job->job.device, .job = job->job.id};
    }
    jobs_cancel(alerts, record, t_ms, which, self, reason);
    for (size_t i = 0; i < count; i++) {
        struct job job = job_draft(&record->alert, JOB_HUSH, JOB_STEP_ORDER, t_ms);
        job.transition = record->alert.transitions;
        job.expires_ms = t_ms + (int64_t)alerts->config.settings->prompt_ttl_s * 1000;
        job.device = silenced[i].device;
        hash_id_text(&silenced[i].job, job.prompt);
        job_issue(alerts, record, &job);
    }
}

static bool is_meant(const struct job_record *job, const void *self)
{
    const struct action *action = self;
    char id[HASH_ID_TEXT];
    hash_id_text(&job->job.id, id);
    return job->job.kind == JOB_PROMPT && !delivery_is_final((enum delivery_state)job->state) &&
           (!action->prompt[0] || strcmp(action->prompt, id) == 0);
}

enum err speak_hush(struct alerts *alerts, struct alert_record *record, int64_t t_ms,
                    const struct action *action)
{
    char why[320];
    uint32_t no = record->first_job;
    while (no != NONE && !is_meant(job_at(alerts, no), action))
        no = job_at(alerts, no)->next;
    if (no == NONE)
        return refuse(alerts, "nothing of this is being said any more");
    snprintf(why, sizeof why, "hush: %.64s%s%.200s", job_at(alerts, no)->job.prompt,
             action->note[0] ? ". " : "", action->note);
    if (!alert_apply(alerts, record, t_ms, INPUT_NOTE, action->by, why))
        return ERR_INVALID;
    speak_cancel(alerts, record, t_ms, is_meant, action, "a person took it back");
    return ERR_OK;
}
