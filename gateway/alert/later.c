/* A person's further channels, which come one after the other while nobody has acknowledged. What is to come
 * stands in the fold's state and hangs on its alert, whose timer it uses; so a restart neither loses nor
 * repeats a channel. It is void as soon as the alert is acknowledged, ended, or told anew. */
#include <string.h>

#include "alert/alerts.h"
#include "core/log.h"

static bool is_of(const struct later *later, const struct alert *alert)
{
    return later->due_ms && memcmp(&later->alert, &alert->id, sizeof alert->id) == 0;
}

static bool is_void(const struct later *later, const struct alert *alert)
{
    return alert->state != ALERT_OPEN || alert->acknowledged_ms || escalation_is_paused(alert) ||
           later->transition < alert->told_from;
}

/* A free place, or one whose alert has no use for it any more; NULL = there is none. */
static struct later *place_of(struct alerts *alerts)
{
    for (unsigned i = 0; i < LATERS_MAX; i++) {
        struct later *later = &alerts->laters[i];
        uint32_t no = later->due_ms ? alert_find_no(alerts, &later->alert) : NONE;
        if (no == NONE || is_void(later, &alert_at(alerts, no)->alert)) {
            alerts->laters_used -= later->due_ms != 0;
            return later;
        }
    }
    return NULL;
}

static void put(struct alerts *alerts, struct later *later, const struct later *value)
{
    *later = *value;
    alerts->later_dirty[later - alerts->laters] = true;
}

void later_add(struct alerts *alerts, struct alert_record *record, const struct job *job,
               const struct reach_way *ways, size_t count)
{
    struct later *place = count > 1 ? place_of(alerts) : NULL;
    if (count > 1 && !place) { /* too soon is better than never */
        log_write(LOG_ERROR, "alert.later", "no room for a person's further channels: told at once");
        for (size_t i = 1; i < count; i++)
            reach_by(alerts, record, job, (enum way)ways[i].way);
        return;
    }
    if (!place)
        return;
    struct later later;
    memset(&later, 0, sizeof later);
    later.alert = record->alert.id;
    later.from_ms = job->t_ms;
    later.due_ms = job->t_ms + (int64_t)ways[1].after_s * 1000;
    later.transition = job->transition;
    later.person = job->recipient;
    later.is_contact = job->recipient_is_contact;
    later.step = job->step;
    later.role = job->role;
    later.count = (uint8_t)(count < WAY_COUNT ? count : WAY_COUNT);
    later.next = 1;
    memcpy(later.ways, ways, later.count * sizeof *ways);
    alerts->laters_used++;
    put(alerts, place, &later);
}

int64_t later_due(const struct alerts *alerts, const struct alert *alert)
{
    int64_t due_ms = INT64_MAX;
    for (unsigned i = 0; alerts->laters_used && i < LATERS_MAX; i++) {
        const struct later *later = &alerts->laters[i];
        if (is_of(later, alert) && !is_void(later, alert) && later->due_ms < due_ms)
            due_ms = later->due_ms;
    }
    return due_ms;
}

void later_run(struct alerts *alerts, struct alert_record *record, int64_t t_ms)
{
    for (unsigned i = 0; alerts->laters_used && i < LATERS_MAX; i++) {
        struct later *place = &alerts->laters[i];
        while (is_of(place, &record->alert) && !is_void(place, &record->alert) && place->due_ms <= t_ms) {
            struct later later = *place;
            struct job job = job_draft(&record->alert, JOB_NOTIFY, later.step, t_ms);
            job.transition = later.transition;
            job.expires_ms = t_ms + NOTIFY_EXPIRES_MS;
            job.role = later.role;
            job.recipient = later.person;
            job.recipient_is_contact = later.is_contact;
            unsigned now = later.next++;
            bool more = later.next < later.count;
            later.due_ms = more ? later.from_ms + (int64_t)later.ways[later.next].after_s * 1000 : 0;
            alerts->laters_used -= !more;
            put(alerts, place, &later);
            reach_by(alerts, record, &job, (enum way)later.ways[now].way);
        }
    }
}

enum err later_restore(struct alerts *alerts, uint32_t slot, const void *value)
{
    struct later image;
    memcpy(&image, value, sizeof image);
    enum registry_table table = image.is_contact ? REGISTRY_CONTACT : REGISTRY_RESPONDER;
    bool sound = slot < LATERS_MAX && image.count <= WAY_COUNT && image.role < ROLE_COUNT;
    if (sound && image.due_ms)
        sound = image.next < image.count && image.person < registry_count(alerts->config.registry, table);
    for (unsigned i = 0; sound && i < image.count; i++)
        sound = image.ways[i].way < WAY_COUNT;
    if (!sound)
        return ERR_CORRUPT;
    alerts->laters[slot] = image;
    alerts->laters_used += image.due_ms != 0;
    /* Its alert may be back already, with its timer set without this. */
    uint32_t no = image.due_ms ? alert_find_no(alerts, &image.alert) : NONE;
    if (no != NONE)
        case_rearm(alerts, alert_at(alerts, no)->case_no);
    return ERR_OK;
}
