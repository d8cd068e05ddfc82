/* Snapshot and restore. Rows are plain structs under a version; detectors and reasons are written by name
 * beside them, because their numbers are the program's and not the data's. Rows of one snapshot may come back
 * in any order: jobs without their alert wait for it, alerts make their case. */
#include <stddef.h>
#include <string.h>

#include "alert/alerts.h"

enum { VERSION = 1, ALERT_VERSION = 3, CASE_VERSION = 3, NAME_SIZE = 40 };
/* A case of version 1 ended here; 2 had one mark of who was told, for all roles together: the next message
 * after an update may come within the cooldown. */
enum {
    CASE_V1_SIZE = (offsetof(struct alert_case, told_level) + 7) / 8 * 8,
    CASE_V2_SIZE = CASE_V1_SIZE + 24
};
static const char alert_table[] = "alert", job_table[] = "job", case_table[] = "alert_case",
                  recent_table[] = "alert_recent", silence_table[] = "alert_silence",
                  burst_table[] = "alert_burst", task_table[] = "alert_task", meter_table[] = "alert_meter",
                  digest_table[] = "alert_digest", ledger_table[] = "alert_ledger",
                  roster_table[] = "roster_change", handover_table[] = "handover", shift_table[] = "shift",
                  later_table[] = "alert_later";

struct alert_image {
    struct alert alert;
    char detectors[ALERT_FINDINGS_MAX][NAME_SIZE], reasons[ALERT_FINDINGS_MAX][NAME_SIZE];
};
enum {
    ALERT_V2_SIZE = offsetof(struct alert, snoozed_until_ms), /* where an alert of version 2 ended */
    ALERT_NAMES_SIZE = sizeof(struct alert_image) - offsetof(struct alert_image, detectors),
    ALERT_V2_IMAGE = ALERT_V2_SIZE + ALERT_NAMES_SIZE
};
struct job_image {
    struct job job;
    uint64_t serial;
    uint32_t alert_no;
    uint8_t state;
};

static void write_alert(const struct alert *alert, struct alert_image *image)
{
    memset(image, 0, sizeof *image);
    image->alert = *alert;
    image->alert.timer = (struct timer_slot){0};
    for (unsigned i = 0; i < alert->share_count; i++) {
        text_copy(image->detectors[i], NAME_SIZE, detectors[alert->shares[i].finding.detector]->name);
        text_copy(image->reasons[i], NAME_SIZE, finding_code(&alert->shares[i].finding));
    }
}

static enum err write_alerts(const struct alerts *alerts,
                             enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                            const void *value, size_t len),
                             void *self)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < alerts->alerts.dirty_count && err == ERR_OK; i++) {
        uint32_t no = alerts->alerts.dirty_list[i];
        struct alert_image image;
        if (pool_is_live(&alerts->alerts, no)) {
            write_alert(&alert_at(alerts, no)->alert, &image);
            err = fn(self, alert_table, ALERT_VERSION, no, &image, sizeof image);
        } else {
            err = fn(self, alert_table, ALERT_VERSION, no, NULL, 0);
        }
    }
    return err;
}

static enum err write_jobs(const struct alerts *alerts,
                           enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                          const void *value, size_t len),
                           void *self)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < alerts->jobs.dirty_count && err == ERR_OK; i++) {
        uint32_t no = alerts->jobs.dirty_list[i];
        if (!pool_is_live(&alerts->jobs, no)) {
            err = fn(self, job_table, VERSION, no, NULL, 0);
            continue;
        }
        const struct job_record *job = job_at(alerts, no);
        struct job_image image;
        memset(&image, 0, sizeof image);
        image.job = job->job;
        image.serial = job->serial;
        image.alert_no = job->alert_no;
        image.state = job->state;
        err = fn(self, job_table, VERSION, no, &image, sizeof image);
    }
    return err;
}

static enum err write_pool(const struct pool *pool, const char *table,
                           enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                          const void *value, size_t len),
                           void *self)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < pool->dirty_count && err == ERR_OK; i++) {
        uint32_t no = pool->dirty_list[i];
        err = pool_is_live(pool, no) ? fn(self, table, VERSION, no, pool_at(pool, no), pool->item_size)
                                     : fn(self, table, VERSION, no, NULL, 0);
    }
    return err;
}

enum err alerts_snapshot(const struct alerts *alerts,
                         enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                        const void *value, size_t len),
                         void *self)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < alerts->cases.dirty_count && err == ERR_OK; i++) {
        uint32_t no = alerts->cases.dirty_list[i];
        struct alert_case image = *case_at(alerts, no);
        image.newest = NONE;
        err = fn(self, case_table, CASE_VERSION, no, &image, sizeof image);
    }
    for (uint32_t family = 0; family < FAMILY_COUNT && err == ERR_OK; family++) {
        if (alerts->recent_dirty[family])
            err = fn(self, recent_table, VERSION, family, &alerts->recent[family], sizeof(struct recent));
    }
    for (uint32_t slot = 0; slot < SILENCES_MAX && err == ERR_OK; slot++) {
        if (alerts->silence_dirty[slot])
            err = fn(self, silence_table, VERSION, slot, &alerts->silences[slot], sizeof(struct silence));
    }
    for (uint32_t slot = 0; slot < ROSTER_CHANGES_MAX && err == ERR_OK; slot++) {
        if (alerts->roster_dirty[slot])
            err = fn(self, roster_table, VERSION, slot, &alerts->roster_changes[slot],
                     sizeof(struct roster_change));
    }
    for (uint32_t slot = 0; slot < HANDOVERS_MAX && err == ERR_OK; slot++) {
        if (alerts->handover_dirty[slot])
            err = fn(self, handover_table, VERSION, slot, &alerts->handovers[slot], sizeof(struct handover));
    }
    for (uint32_t slot = 0; slot < ROSTERS_MAX && err == ERR_OK; slot++) {
        if (alerts->shift_dirty[slot])
            err = fn(self, shift_table, VERSION, slot, &alerts->shifts[slot], sizeof(struct shift));
    }
    for (uint32_t slot = 0; slot < BURSTS_MAX && err == ERR_OK; slot++) {
        if (alerts->burst_dirty[slot])
            err = fn(self, burst_table, VERSION, slot, &alerts->bursts[slot], sizeof(struct burst));
    }
    for (uint32_t slot = 0; slot < LATERS_MAX && err == ERR_OK; slot++) {
        if (alerts->later_dirty[slot])
            err = fn(self, later_table, VERSION, slot, &alerts->laters[slot], sizeof(struct later));
    }
    for (uint32_t slot = 0; slot < METERS_MAX && err == ERR_OK; slot++) {
        if (alerts->meter_dirty[slot])
            err = fn(self, meter_table, VERSION, slot, &alerts->meters[slot], sizeof(struct meter));
    }
    if (err == ERR_OK && alerts->digest_dirty) {
        struct digest image = alerts->digest;
        image.timer = (struct timer_slot){0};
        err = fn(self, digest_table, VERSION, 0, &image, sizeof image);
    }
    if (err == ERR_OK)
        err = responses_snapshot(alerts, fn, self);
    if (err == ERR_OK)
        err = campaigns_snapshot(alerts, fn, self);
    if (err == ERR_OK)
        err = fleet_snapshot(alerts, fn, self);
    if (err == ERR_OK)
        err = rollout_snapshot(alerts, fn, self);
    if (err == ERR_OK)
        err = write_alerts(alerts, fn, self);
    if (err == ERR_OK)
        err = write_jobs(alerts, fn, self);
    if (err == ERR_OK)
        err = write_pool(&alerts->tasks, task_table, fn, self);
    if (err == ERR_OK)
        err = write_pool(&alerts->ledger, ledger_table, fn, self);
    return err;
}

void alerts_snapshot_done(struct alerts *alerts)
{
    pool_clean(&alerts->cases);
    pool_clean(&alerts->alerts);
    pool_clean(&alerts->jobs);
    pool_clean(&alerts->tasks);
    pool_clean(&alerts->ledger);
    memset(alerts->recent_dirty, 0, sizeof alerts->recent_dirty);
    responses_snapshot_done(alerts);
    campaigns_snapshot_done(alerts);
    fleet_snapshot_done(alerts);
    rollout_snapshot_done(alerts);
    memset(alerts->silence_dirty, 0, sizeof alerts->silence_dirty);
    memset(alerts->roster_dirty, 0, sizeof alerts->roster_dirty);
    memset(alerts->handover_dirty, 0, sizeof alerts->handover_dirty);
    memset(alerts->shift_dirty, 0, sizeof alerts->shift_dirty);
    memset(alerts->later_dirty, 0, sizeof alerts->later_dirty);
    memset(alerts->burst_dirty, 0, sizeof alerts->burst_dirty);
    memset(alerts->meter_dirty, 0, sizeof alerts->meter_dirty);
    alerts->digest_dirty = false;
}

static enum err restore_silence(struct alerts *alerts, uint32_t slot, const void *value)
{
    struct silence image;
    memcpy(&image, value, sizeof image);
    bool territory = image.subject.kind == SUBJECT_TERRITORY;
    if (slot >= SILENCES_MAX || image.family > FAMILY_COUNT ||
        (territory && image.subject.no >= registry_count(alerts->config.registry, REGISTRY_TERRITORY)))
        return ERR_CORRUPT;
    image.by[ID_SIZE - 1] = image.removed_by[ID_SIZE - 1] = image.why[sizeof image.why - 1] = 0;
    alerts->silences[slot] = image;
    return ERR_OK;
}

static enum err restore_recent(struct alerts *alerts, uint32_t family, const void *value)
{
    struct recent image;
    memcpy(&image, value, sizeof image);
    if (family >= FAMILY_COUNT || image.count > POLICY_RECENT_MAX || image.next >= POLICY_RECENT_MAX)
        return ERR_CORRUPT;
    alerts->recent[family] = image;
    return ERR_OK;
}

static enum err restore_meter(struct alerts *alerts, uint32_t slot, const void *value)
{
    if (slot >= METERS_MAX)
        return ERR_CORRUPT;
    memcpy(&alerts->meters[slot], value, sizeof alerts->meters[slot]);
    return ERR_OK;
}

static enum err restore_digest(struct alerts *alerts, uint32_t no, const void *value)
{
    struct digest image;
    memcpy(&image, value, sizeof image);
    if (no != 0 || image.people_count > DIGEST_PEOPLE)
        return ERR_CORRUPT;
    image.timer = (struct timer_slot){0};
    alerts->digest = image;
    noise_arm(alerts);
    return ERR_OK;
}

/* Cases are found by subject and family, whatever number they had. */
static enum err restore_case(struct alerts *alerts, const void *value, size_t len)
{
    struct alert_case image;
    uint32_t no;
    memset(&image, 0, sizeof image);
    memcpy(&image, value, len == sizeof image ? len : offsetof(struct alert_case, told_level));
    if (image.family >= FAMILY_COUNT || image.base_count > CASE_BASES ||
        image.last_state >= ALERT_STATE_COUNT)
        return ERR_CORRUPT;
    enum err err = case_take(alerts, image.subject, (enum family)image.family, &no);
    if (err != ERR_OK)
        return err;
    image.newest = case_at(alerts, no)->newest;
    *case_at(alerts, no) = image;
    return ERR_OK;
}

/* Puts a restored job into its alert's list, in order of issue. */
static void link_job(struct alerts *alerts, uint32_t no)
{
    struct job_record *job = job_at(alerts, no);
    struct alert_record *record = alert_at(alerts, job->alert_no);
    uint32_t before = NONE, after = record->first_job;
    if (record->last_job != NONE && job_at(alerts, record->last_job)->serial < job->serial) {
        before = record->last_job;
        after = NONE;
    }
    while (after != NONE && job_at(alerts, after)->serial < job->serial) {
        before = after;
        after = job_at(alerts, after)->next;
    }
    job->next = after;
    if (before == NONE)
        record->first_job = no;
    else
        job_at(alerts, before)->next = no;
    if (after == NONE)
        record->last_job = no;
    record->job_count++;
    alerts->orphans--;
}

/* Maps names back to this program's numbers; a share whose detector or reason is gone is dropped. */
static void read_shares(struct alert_image *image)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < image->alert.share_count; i++) {
        struct alert_share *share = &image->alert.shares[i];
        image->detectors[i][NAME_SIZE - 1] = image->reasons[i][NAME_SIZE - 1] = 0;
        unsigned detector = detector_find(image->detectors[i]), reason = 0;
        if (detector >= detector_count())
            continue;
        while (reason < detectors[detector]->reason_count &&
               strcmp(detectors[detector]->reasons[reason].code, image->reasons[i]) != 0)
            reason++;
        if (reason >= detectors[detector]->reason_count)
            continue;
        share->finding.detector = (uint8_t)detector;
        share->finding.reason = (uint8_t)reason;
        image->alert.shares[kept++] = *share;
    }
    image->alert.share_count = (uint8_t)kept;
}

/* Version 2 ended earlier; version 1 had room where escalated_s stands now, and counted steps instead;
 * nothing else has moved. */
static enum err restore_alert(struct alerts *alerts, uint32_t no, uint16_t version, const void *value)
{
    struct alert_image image;
    uint32_t case_no;
    if (version < ALERT_VERSION) {
        memset(&image, 0, sizeof image);
        memcpy(&image.alert, value, ALERT_V2_SIZE);
        memcpy(image.detectors, (const unsigned char *)value + ALERT_V2_SIZE, ALERT_NAMES_SIZE);
    } else {
        memcpy(&image, value, sizeof image);
    }
    struct alert *alert = &image.alert;
    if (alert->family >= FAMILY_COUNT || alert->level >= LEVEL_COUNT || alert->state >= ALERT_STATE_COUNT ||
        alert->share_count > ALERT_FINDINGS_MAX || alert->acker_count > ALERT_ACKERS_MAX ||
        pool_is_live(&alerts->alerts, no))
        return ERR_CORRUPT;
    read_shares(&image);
    if (version < 2)
        alert->escalated_s = escalation_from_step(escalation_rule(alerts, alert), alert->next_step_v1);
    alert->next_step_v1 = 0;
    enum err err = case_take(alerts, alert->subject, (enum family)alert->family, &case_no);
    if (err == ERR_OK)
        err = pool_place(&alerts->alerts, no);
    if (err != ERR_OK)
        return err;
    struct alert_record *record = alert_at(alerts, no);
    record->alert = *alert;
    record->alert.timer = (struct timer_slot){0};
    record->case_no = case_no;
    record->first_job = record->last_job = NONE;
    err = alert_link(alerts, no);
    if (err != ERR_OK) {
        pool_give(&alerts->alerts, no);
        return err;
    }
    for (uint32_t job = 0; alerts->orphans && job < alerts->jobs.count; job++) {
        if (pool_is_live(&alerts->jobs, job) && job_at(alerts, job)->alert_no == no)
            link_job(alerts, job);
    }
    case_rearm(alerts, case_no);
    return ERR_OK;
}

static enum err restore_job(struct alerts *alerts, uint32_t no, const void *value)
{
    struct job_image image;
    memcpy(&image, value, sizeof image);
    if (image.job.kind >= JOB_KIND_COUNT || image.state >= DELIVERY_COUNT || pool_is_live(&alerts->jobs, no))
        return ERR_CORRUPT;
    enum err err = index_reserve(&alerts->by_job);
    if (err == ERR_OK)
        err = pool_place(&alerts->jobs, no);
    if (err != ERR_OK)
        return err;
    struct job_record *job = job_at(alerts, no);
    job->job = image.job;
    job->serial = image.serial;
    job->alert_no = image.alert_no;
    job->state = image.state;
    job->next = NONE;
    if (image.serial >= alerts->next_serial)
        alerts->next_serial = image.serial + 1;
    index_add(&alerts->by_job, table_hash(&job->job.id, sizeof job->job.id), no);
    alerts->orphans++;
    if (pool_is_live(&alerts->alerts, image.alert_no)) {
        link_job(alerts, no);
        case_rearm(alerts, alert_at(alerts, image.alert_no)->case_no);
    }
    return ERR_OK;
}

enum err alerts_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                        const void *value, size_t len)
{
    static const struct {
        const char *table;
        uint16_t newest;
        size_t len;
    } known[] = {{alert_table, ALERT_VERSION, sizeof(struct alert_image)},
                 {job_table, VERSION, sizeof(struct job_image)},
                 {case_table, CASE_VERSION, sizeof(struct alert_case)},
                 {recent_table, VERSION, sizeof(struct recent)},
                 {silence_table, VERSION, sizeof(struct silence)},
                 {task_table, VERSION, sizeof(struct task)},
                 {meter_table, VERSION, sizeof(struct meter)},
                 {digest_table, VERSION, sizeof(struct digest)},
                 {burst_table, VERSION, sizeof(struct burst)},
                 {ledger_table, VERSION, sizeof(struct ledger_entry)},
                 {roster_table, VERSION, sizeof(struct roster_change)},
                 {handover_table, VERSION, sizeof(struct handover)},
                 {later_table, VERSION, sizeof(struct later)},
                 {shift_table, VERSION, sizeof(struct shift)}};
    enum { KNOWN = sizeof known / sizeof *known };
    enum err err = responses_restore(alerts, table, version, no, value, len);
    if (err == ERR_NOT_FOUND)
        err = campaigns_restore(alerts, table, version, no, value, len);
    if (err == ERR_NOT_FOUND)
        err = fleet_restore(alerts, table, version, no, value, len);
    if (err == ERR_NOT_FOUND)
        err = rollout_restore(alerts, table, version, no, value, len);
    if (err != ERR_NOT_FOUND)
        return err;
    size_t which = 0;
    while (which < KNOWN && strcmp(known[which].table, table) != 0)
        which++;
    if (which == KNOWN)
        return ERR_NOT_FOUND;
    if (len == 0)
        return ERR_OK; /* a gone row */
    if (version == 0 || version > known[which].newest)
        return ERR_UNSUPPORTED;
    size_t expected = known[which].len;
    if (which == 0 && version < ALERT_VERSION)
        expected = ALERT_V2_IMAGE;
    if (which == 2 && version < CASE_VERSION)
        expected = version == 1 ? CASE_V1_SIZE : CASE_V2_SIZE;
    if (len != expected)
        return ERR_CORRUPT;
    switch (which) {
    case 0: return restore_alert(alerts, no, version, value);
    case 1: return restore_job(alerts, no, value);
    case 2: return restore_case(alerts, value, len);
    case 3: return restore_recent(alerts, no, value);
    case 13: return shift_restore(alerts, no, value);
    case 12: return later_restore(alerts, no, value);
    case 11: return handover_restore(alerts, no, value);
    case 10: return roster_restore(alerts, no, value);
    case 9: return ledger_restore(alerts, no, value);
    case 8: return burst_restore(alerts, no, value);
    case 6: return restore_meter(alerts, no, value);
    case 7: return restore_digest(alerts, no, value);
    case 5: return task_restore(alerts, no, value);
    default: return restore_silence(alerts, no, value);
    }
}
