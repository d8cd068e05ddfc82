#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

enum { VERSION = 1 };
static const char table_name[] = "alert_response";

static struct response *find(const struct alerts *alerts, const struct hash_id *alert)
{
    const struct responses *responses = &alerts->responses;
    for (unsigned i = 0; i < responses->count; i++)
        if (memcmp(&responses->all[i].alert, alert, sizeof *alert) == 0)
            return (struct response *)&responses->all[i];
    return NULL;
}

static void drop(struct alerts *alerts, struct response *response)
{
    struct responses *responses = &alerts->responses;
    *response = responses->all[--responses->count];
    responses->dirty = true;
}

/* With all places taken the one that is due first is awaited no longer, and its absence not told: counted. */
static struct response *make_room(struct alerts *alerts)
{
    struct responses *responses = &alerts->responses;
    struct response *first = &responses->all[0];
    if (responses->count < RESPONSES_MAX)
        return &responses->all[responses->count++];
    for (unsigned i = 1; i < RESPONSES_MAX; i++)
        if (responses->all[i].due_ms < first->due_ms)
            first = &responses->all[i];
    alerts->refused++;
    log_write(LOG_ERROR, "alert.response", "no room to await the answer to a prompt\tprompt=%s",
              first->prompt);
    return first;
}

void response_await(struct alerts *alerts, const struct alert_record *record, const struct job *job,
                    int64_t t_ms)
{
    const struct alert *alert = &record->alert;
    const struct prompt *prompt = prompt_find(alerts->config.prompts, job->prompt);
    if (!prompt || prompt->answer_s == 0 || alert->state != ALERT_OPEN)
        return;
    struct response *response = find(alerts, &alert->id);
    if (!response)
        response = make_room(alerts);
    memset(response, 0, sizeof *response);
    response->alert = alert->id;
    response->played_ms = t_ms;
    response->due_ms = t_ms + (int64_t)prompt->answer_s * 1000;
    response->resident = alert->resident;
    response->household = alert->household;
    response->family = alert->family;
    response->step = job->step;
    text_copy(response->prompt, sizeof response->prompt, prompt->id);
    alerts->responses.dirty = true;
}

void response_forget(struct alerts *alerts, const struct alert *alert)
{
    struct response *response = alerts->responses.count ? find(alerts, &alert->id) : NULL;
    if (response)
        drop(alerts, response);
}

int64_t response_due_ms(const struct alerts *alerts, const struct alert *alert)
{
    const struct response *response = alerts->responses.count ? find(alerts, &alert->id) : NULL;
    return response ? response->due_ms : INT64_MAX;
}

void response_expire(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    struct response *response = alerts->responses.count ? find(alerts, &record->alert.id) : NULL;
    char why[320];
    if (!response || (record->alert.state == ALERT_OPEN && response->due_ms > t_ms))
        return;
    const struct response awaited = *response;
    drop(alerts, response);
    if (record->alert.state != ALERT_OPEN)
        return;
    snprintf(why, sizeof why, "No sign of the resident within %lld s after the prompt %s",
             (long long)((awaited.due_ms - awaited.played_ms) / 1000), awaited.prompt);
    if (!alert_apply(alerts, record, t_ms, INPUT_NOTE, "policy", why) ||
        audience_is_silent(alerts, &record->alert))
        return;
    bool urgent = record->alert.family == FAMILY_EMERGENCY || record->alert.family == FAMILY_FRAUD;
    task_issue(alerts, record, t_ms, JOB_STEP_ANSWER, urgent ? ROLE_COUNTY_DESK : ROLE_GRID_WORKER, "call");
}

/* ---- signs ---- */

static bool is_sign(const struct response *response, const struct event *event)
{
    bool visit = response->family == FAMILY_VISITOR || response->family == FAMILY_FRAUD;
    switch (event->kind) {
    case EVENT_CHECK_IN:
    case EVENT_SOS:
    case EVENT_SUSPICION:
    case EVENT_PRESENCE:
    case EVENT_DEPARTURE: return true;
    case EVENT_FALL: return event->fall.phase == FALL_PHASE_CANCELLED;
    case EVENT_VISIT: return visit && event->visit.phase == VISIT_PHASE_LEAVE;
    case EVENT_FIX: return response->family == FAMILY_OUTING && event->fix.valid;
    default: return false;
    }
}

/* A device of the resident, or of the home when the alert is about a home or the device is its camera. */
static bool is_theirs(const struct response *response, const struct device *device)
{
    if (device->kind == DEVICE_WRISTBAND && response->resident != REGISTRY_NONE)
        return device->resident == response->resident;
    return response->household != REGISTRY_NONE && device->household == response->household;
}

void alerts_on_event(struct alerts *alerts, int64_t t_ms, const struct event *event)
{
    struct responses *responses = &alerts->responses;
    const struct registry *registry = alerts->config.registry;
    fleet_on_event(alerts, t_ms, event);
    if (responses->count == 0 || event->key.device >= registry_count(registry, REGISTRY_DEVICE))
        return;
    const struct device *device = registry_device(registry, event->key.device);
    for (unsigned i = 0; i < responses->count;) {
        const struct response response = responses->all[i];
        /* By the device's own time, so that what was measured before the prompt and sent late is no answer.
         */
        if (event->at_ms <= response.played_ms || !is_theirs(&response, device) ||
            !is_sign(&response, event)) {
            i++;
            continue;
        }
        drop(alerts, &responses->all[i]);
        uint32_t no = alert_find_no(alerts, &response.alert);
        if (no == NONE || alert_at(alerts, no)->alert.state != ALERT_OPEN)
            continue;
        char why[320];
        snprintf(why, sizeof why, "A sign of the resident after the prompt %s: %s", response.prompt,
                 event_kind_name((enum event_kind)event->kind));
        alert_apply(alerts, alert_at(alerts, no), t_ms, INPUT_NOTE, "policy", why);
        case_rearm(alerts, alert_at(alerts, no)->case_no);
    }
}

/* ---- snapshot ---- */

enum err responses_snapshot(const struct alerts *alerts,
                            enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                           const void *value, size_t len),
                            void *self)
{
    const struct responses *responses = &alerts->responses;
    enum err err = ERR_OK;
    for (unsigned i = 0; responses->dirty && i < responses->count && err == ERR_OK; i++)
        err = fn(self, table_name, VERSION, i, &responses->all[i], sizeof responses->all[i]);
    for (unsigned i = responses->count; responses->dirty && i < responses->stored && err == ERR_OK; i++)
        err = fn(self, table_name, VERSION, i, NULL, 0);
    return err;
}

void responses_snapshot_done(struct alerts *alerts)
{
    alerts->responses.stored = alerts->responses.count;
    alerts->responses.dirty = false;
}

enum err responses_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                           const void *value, size_t len)
{
    struct responses *responses = &alerts->responses;
    if (strcmp(table, table_name) != 0)
        return ERR_NOT_FOUND;
    if (len == 0)
        return ERR_OK;
    if (version != VERSION)
        return ERR_UNSUPPORTED;
    if (len != sizeof responses->all[0] || no >= RESPONSES_MAX || responses->count == RESPONSES_MAX)
        return ERR_CORRUPT;
    struct response *response = &responses->all[responses->count++];
    memcpy(response, value, len);
    response->prompt[ID_SIZE - 1] = 0;
    responses->stored = no + 1 > responses->stored ? no + 1 : responses->stored;
    uint32_t alert = alert_find_no(alerts, &response->alert);
    if (alert != NONE) /* else it is armed when the alert comes back */
        case_rearm(alerts, alert_at(alerts, alert)->case_no);
    return ERR_OK;
}
