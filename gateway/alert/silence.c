/* Silences: what people asked not to be told for a while, and the record of every notification, prompt and
 * task that was held back, by whom. Red and the emergency family are never held back, nor the call that
 * verifies before the police, nor what the police sent back: those lines stand first in job_is_exempt(),
 * which every notification passes, here and in noise.c. What a silence held back is not sent later; the alert
 * itself opens and is listed as ever. */
#include <stdio.h>
#include <string.h>

#include "alert/alerts.h"

static const char *const rule_names[SUPPRESSION_RULE_COUNT] = {
#define X(name, text) [SUPPRESSED_BY_##name] = #text,
    SUPPRESSION_RULE_MAP(X)
#undef X
};

const char *suppression_rule_name(enum suppression_rule rule)
{
    return (unsigned)rule < SUPPRESSION_RULE_COUNT ? rule_names[rule] : "none";
}

static bool is_on(const struct silence *silence, int64_t t_ms)
{
    return silence->until_ms > t_ms && !silence->removed_ms;
}

static bool concerns(const struct alerts *alerts, const struct silence *silence, const struct alert *alert)
{
    struct subject about = silence->subject;
    if (silence->family != FAMILY_COUNT && silence->family != alert->family)
        return false;
    switch ((enum subject_kind)about.kind) {
    case SUBJECT_RESIDENT: return alert->resident == about.no;
    case SUBJECT_HOUSEHOLD: return alert->household == about.no;
    case SUBJECT_TERRITORY:
        return policy_is_within(alerts->config.registry, audience_territory(alerts, alert),
                                registry_territory(alerts->config.registry, about.no)->code);
    case SUBJECT_DEVICE: return alert->subject.kind == SUBJECT_DEVICE && alert->subject.no == about.no;
    case SUBJECT_GATEWAY:
    case SUBJECT_NONE: break;
    }
    return false;
}

bool job_is_exempt(const struct alert *alert, const struct job *job)
{
    if (alert->level == LEVEL_RED || job->level == LEVEL_RED || alert->family == FAMILY_EMERGENCY)
        return true;
    if (alert->subject.kind ==
        SUBJECT_GATEWAY) /* at most one alert a part, and each lasts (service/watch.h) */
        return true;
    if (job->kind != JOB_PROMPT && job->kind != JOB_NOTIFY && job->kind != JOB_TASK)
        return true;
    return job->step >= JOB_STEP_POLICE || (job->kind == JOB_TASK && strcmp(job->prompt, "verify") == 0);
}

const struct silence *silence_of(const struct alerts *alerts, const struct alert *alert,
                                 const struct job *job)
{
    if (job_is_exempt(alert, job))
        return NULL;
    for (unsigned i = 0; i < SILENCES_MAX; i++) {
        const struct silence *silence = &alerts->silences[i];
        if (is_on(silence, job->t_ms) && concerns(alerts, silence, alert))
            return silence;
    }
    return NULL;
}

void suppress(struct alerts *alerts, const struct alert *alert, const struct job *job,
              enum suppression_rule rule, const struct silence *silence)
{
    struct suppression held = {.t_ms = job->t_ms, .job = *job, .rule = (uint8_t)rule};
    if (silence) {
        held.silence = silence->id;
        text_copy(held.by, sizeof held.by, silence->by);
        text_copy(held.why, sizeof held.why, silence->why);
    } else {
        text_copy(held.by, sizeof held.by, "policy");
    }
    if (alerts->config.sink.suppressed)
        alerts->config.sink.suppressed(alerts->config.sink.self, alert, &held);
}

static void tell(struct alerts *alerts, unsigned slot)
{
    alerts->silence_dirty[slot] = true;
    if (alerts->config.sink.silence)
        alerts->config.sink.silence(alerts->config.sink.self, &alerts->silences[slot]);
}

static struct hash_id id_of(const struct alerts *alerts, const struct action *action, int64_t t_ms)
{
    char text[768];
    int len =
        snprintf(text, sizeof text, "silence|%s|%lld|%lld|%s|%u|%s|%u|%s", alerts->config.county,
                 (long long)t_ms, (long long)action->until_ms, action->by, (unsigned)action->subject.kind,
                 registry_subject_id(alerts->config.registry, action->subject), (unsigned)action->family,
                 action->note);
    return hash_id_of(text, len > 0 && (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

/* An author, a reason and an end within a month are what makes it answerable; all of a county at once, or the
 * emergency family, is nothing to be silenced. */
static enum err check(const struct alerts *alerts, const struct action *action, int64_t t_ms)
{
    if (!action->by[0] || !action->note[0] || action->family == FAMILY_EMERGENCY ||
        action->family > FAMILY_COUNT)
        return ERR_INVALID;
    if (action->until_ms <= t_ms || action->until_ms > t_ms + SILENCE_MAX_MS)
        return ERR_INVALID;
    uint32_t no = action->subject.no;
    const struct registry *registry = alerts->config.registry;
    switch ((enum subject_kind)action->subject.kind) {
    case SUBJECT_RESIDENT: return no < registry_count(registry, REGISTRY_RESIDENT) ? ERR_OK : ERR_NOT_FOUND;
    case SUBJECT_HOUSEHOLD: return no < registry_count(registry, REGISTRY_HOUSEHOLD) ? ERR_OK : ERR_NOT_FOUND;
    case SUBJECT_DEVICE: return no < registry_count(registry, REGISTRY_DEVICE) ? ERR_OK : ERR_NOT_FOUND;
    case SUBJECT_TERRITORY:
        if (no >= registry_count(registry, REGISTRY_TERRITORY))
            return ERR_NOT_FOUND;
        return registry_territory(registry, no)->kind == TERRITORY_COUNTY ? ERR_INVALID : ERR_OK;
    case SUBJECT_GATEWAY:
    case SUBJECT_NONE: break;
    }
    return ERR_INVALID;
}

enum err silence_add(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    enum err err = check(alerts, action, t_ms);
    if (err != ERR_OK)
        return err;
    unsigned slot = 0;
    while (slot < SILENCES_MAX && is_on(&alerts->silences[slot], t_ms))
        slot++;
    if (slot == SILENCES_MAX)
        return ERR_INVALID;
    struct silence *silence = &alerts->silences[slot];
    memset(silence, 0, sizeof *silence);
    silence->id = id_of(alerts, action, t_ms);
    silence->t_ms = t_ms;
    silence->until_ms = action->until_ms;
    silence->subject.kind = action->subject.kind;
    silence->subject.no = action->subject.no;
    silence->family = action->family;
    text_copy(silence->by, sizeof silence->by, action->by);
    text_copy(silence->why, sizeof silence->why, action->note);
    tell(alerts, slot);
    return ERR_OK;
}

enum err silence_remove(struct alerts *alerts, int64_t t_ms, const struct action *action)
{
    for (unsigned slot = 0; action->has_alert && slot < SILENCES_MAX; slot++) {
        struct silence *silence = &alerts->silences[slot];
        if (!is_on(silence, t_ms) || memcmp(&silence->id, &action->alert, sizeof silence->id) != 0)
            continue;
        silence->removed_ms = t_ms;
        text_copy(silence->removed_by, sizeof silence->removed_by, action->by);
        tell(alerts, slot);
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

const struct silence *alerts_silence(const struct alerts *alerts, unsigned slot)
{
    return slot < SILENCES_MAX ? &alerts->silences[slot] : NULL;
}
