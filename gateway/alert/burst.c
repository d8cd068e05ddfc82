/* Many messages in a short time become one with a count. Of SMS and mails below red a person gets the first
 * three in ten minutes as they come, a chat group the first ten; further ones are held, each with a line in
 * the ledger, and at the end of the ten minutes one message says how many there were and of which level at
 * most. Red is never held, nor a call for help, the gateway's own alerts (job_is_exempt), nor a telephone
 * call.
 *
 * What is held stands in the fold's state, and the message that tells of it is a job like any other: a crash
 * neither loses nor changes it. It hangs on the last alert that was held back, whose timer it uses. */
#include <string.h>

#include "alert/alerts.h"

enum { PERSON_FREE = 3, GROUP_FREE = 10, BURST_MS = 600000, COUNT_MAX = 255 };

/* The chat group a message goes to, by the receiver a step names or by its role; NULL = it goes to none. */
static const char *group_of(const struct chat_groups *chats, const struct job *job)
{
    unsigned group = job->prompt[0] || job->role >= ROLE_COUNT ? 0 : chats->of_role[job->role];
    for (unsigned i = 0; job->prompt[0] && i < chats->count; i++)
        if (strcmp(chats->names[i], job->prompt) == 0)
            group = i + 1;
    return group && group <= chats->count ? chats->names[group - 1] : NULL;
}

static uint32_t hash_of(const char *group)
{
    return table_hash(group, strlen(group));
}

/* With whose other messages this one is counted; false: with nobody's. */
static bool is_counted(const struct alerts *alerts, const struct job *job, struct burst *ret_whose)
{
    enum way way = way_of_receiver(job->prompt);
    const char *group = group_of(&alerts->config.settings->chats, job);
    struct burst whose = {.way = (uint8_t)(way == WAY_COUNT ? WAY_APP : way), .from_ms = job->t_ms};
    if (group) {
        whose.kind = BURST_OF_GROUP;
        whose.whose = hash_of(group);
    } else {
        whose.kind = job->recipient_is_contact ? BURST_OF_CONTACT : BURST_OF_RESPONDER;
        whose.whose = job->recipient;
        if (job->recipient == REGISTRY_NONE || (way != WAY_SMS && way != WAY_EMAIL))
            return false;
    }
    *ret_whose = whose;
    return true;
}

/* The slot of the same, else one that nothing is held in, the oldest; NULL when there is none: then nothing
 * is held back. */
static struct burst *slot_of(struct alerts *alerts, const struct burst *whose)
{
    struct burst *found = NULL;
    for (unsigned i = 0; i < BURSTS_MAX; i++) {
        struct burst *burst = &alerts->bursts[i];
        if (burst->from_ms && burst->kind == whose->kind && burst->whose == whose->whose)
            return burst;
        if (!burst->held && (!found || burst->from_ms < found->from_ms))
            found = burst;
    }
    if (found)
        *found = *whose;
    return found;
}

static void mark(struct alerts *alerts, const struct burst *burst)
{
    alerts->burst_dirty[burst - alerts->bursts] = true;
}

bool burst_holds(struct alerts *alerts, const struct alert_record *record, const struct job *job)
{
    struct burst whose;
    if (job_is_exempt(&record->alert, job) || !is_counted(alerts, job, &whose))
        return false;
    struct burst *burst = slot_of(alerts, &whose);
    if (!burst)
        return false;
    mark(alerts, burst);
    if (!burst->held && job->t_ms - burst->from_ms >= BURST_MS) {
        burst->from_ms = job->t_ms;
        burst->sent = 0;
    }
    if (burst->sent < (burst->kind == BURST_OF_GROUP ? GROUP_FREE : PERSON_FREE)) {
        burst->sent++;
        return false;
    }
    alerts->bursts_held += burst->held == 0;
    burst->held = (uint16_t)(burst->held < COUNT_MAX ? burst->held + 1 : COUNT_MAX);
    burst->alert = record->alert.id;
    burst->way = whose.way;
    burst->role = job->role;
    burst->level = job->level > burst->level ? job->level : burst->level;
    suppress(alerts, &record->alert, job, SUPPRESSED_BY_BUNDLE, NULL);
    return true;
}

static bool hangs_on(const struct burst *burst, const struct alert *alert)
{
    return burst->held && memcmp(&burst->alert, &alert->id, sizeof alert->id) == 0;
}

int64_t burst_due(const struct alerts *alerts, const struct alert *alert)
{
    int64_t due_ms = INT64_MAX;
    for (unsigned i = 0; alerts->bursts_held && i < BURSTS_MAX; i++) {
        const struct burst *burst = &alerts->bursts[i];
        if (hangs_on(burst, alert) && burst->from_ms + BURST_MS < due_ms)
            due_ms = burst->from_ms + BURST_MS;
    }
    return due_ms;
}

/* To the person by the way of the last message held, or to the group: by its name, and when that is gone from
 * the configuration to whoever is told for the role. */
static void address(const struct alerts *alerts, const struct burst *burst, struct job *job)
{
    const struct chat_groups *chats = &alerts->config.settings->chats;
    if (burst->kind != BURST_OF_GROUP) {
        job->recipient = burst->whose;
        job->recipient_is_contact = burst->kind == BURST_OF_CONTACT;
        text_copy(job->prompt, sizeof job->prompt, way_receiver((enum way)burst->way));
        return;
    }
    for (unsigned i = 0; i < chats->count; i++)
        if (hash_of(chats->names[i]) == burst->whose)
            text_copy(job->prompt, sizeof job->prompt, chats->names[i]);
}

void burst_tell(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    for (unsigned i = 0; alerts->bursts_held && i < BURSTS_MAX; i++) {
        struct burst *burst = &alerts->bursts[i];
        if (!hangs_on(burst, &record->alert) || burst->from_ms + BURST_MS > t_ms)
            continue;
        struct job job = job_draft(&record->alert, JOB_NOTIFY, JOB_STEP_BURST, t_ms);
        job.transition = record->alert.transitions;
        job.expires_ms = t_ms + NOTIFY_EXPIRES_MS;
        job.role = burst->role;
        job.level = burst->level;
        job.attempt = (uint8_t)burst->held;
        address(alerts, burst, &job);
        *burst = (struct burst){.whose = burst->whose, .kind = burst->kind, .from_ms = t_ms, .sent = 1};
        alerts->bursts_held--;
        mark(alerts, burst);
        job_issue(alerts, record, &job);
    }
}

enum err burst_restore(struct alerts *alerts, uint32_t slot, const void *value)
{
    struct burst image;
    memcpy(&image, value, sizeof image);
    enum registry_table table = image.kind == BURST_OF_CONTACT ? REGISTRY_CONTACT : REGISTRY_RESPONDER;
    if (slot >= BURSTS_MAX || image.kind > BURST_OF_GROUP || image.way >= WAY_COUNT ||
        image.level >= LEVEL_COUNT || image.role >= ROLE_COUNT || image.held > COUNT_MAX ||
        (image.kind != BURST_OF_GROUP && image.whose >= registry_count(alerts->config.registry, table)))
        return ERR_CORRUPT;
    alerts->bursts[slot] = image;
    alerts->bursts_held += image.held > 0;
    /* Its alert may be back already, with its timer set without this. */
    uint32_t no = image.held ? alert_find_no(alerts, &image.alert) : NONE;
    if (no != NONE)
        case_rearm(alerts, alert_at(alerts, no)->case_no);
    return ERR_OK;
}
