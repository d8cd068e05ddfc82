/* Campaigns: life, snapshot and restart. */
#include <stdlib.h>
#include <string.h>

#include "alert/campaigns.h"

enum { VERSION = 1 };
static const char campaign_table[] = "campaign", people_table[] = "campaign_people",
                  job_table[] = "campaign_job";

enum err campaigns_new(struct campaigns **ret_campaigns)
{
    *ret_campaigns = calloc(1, sizeof **ret_campaigns);
    return *ret_campaigns ? ERR_OK : ERR_NOMEM;
}

void campaigns_free(struct campaigns *campaigns)
{
    for (uint32_t no = 0; campaigns && no < CAMPAIGNS_MAX; no++)
        free(campaigns->people[no].who);
    free(campaigns);
}

enum err campaigns_snapshot(const struct alerts *alerts,
                            enum err (*fn)(void *self, const char *table, uint16_t version, uint32_t no,
                                           const void *value, size_t len),
                            void *self)
{
    const struct campaigns *campaigns = alerts->campaigns;
    enum err err = ERR_OK;
    for (uint32_t no = 0; no < CAMPAIGNS_MAX && err == ERR_OK; no++) {
        const struct campaign_people *people = &campaigns->people[no];
        if (campaigns->dirty[no])
            err = fn(self, campaign_table, VERSION, no, &campaigns->all[no], sizeof campaigns->all[no]);
        if (err == ERR_OK && people->dirty)
            err = fn(self, people_table, VERSION, no, people->who, people->count);
    }
    for (unsigned i = 0; campaigns->jobs_dirty && i < campaigns->job_count && err == ERR_OK; i++)
        err = fn(self, job_table, VERSION, i, &campaigns->jobs[i], sizeof campaigns->jobs[i]);
    for (unsigned i = campaigns->job_count;
         campaigns->jobs_dirty && i < campaigns->jobs_stored && err == ERR_OK; i++)
        err = fn(self, job_table, VERSION, i, NULL, 0);
    return err;
}

void campaigns_snapshot_done(struct alerts *alerts)
{
    struct campaigns *campaigns = alerts->campaigns;
    memset(campaigns->dirty, 0, sizeof campaigns->dirty);
    for (uint32_t no = 0; no < CAMPAIGNS_MAX; no++)
        campaigns->people[no].dirty = false;
    campaigns->jobs_stored = campaigns->job_count;
    campaigns->jobs_dirty = false;
}

static enum err restore_campaign(struct campaigns *campaigns, uint32_t no, const void *value, size_t len)
{
    struct campaign campaign;
    if (len != sizeof campaign || no >= CAMPAIGNS_MAX)
        return ERR_CORRUPT;
    memcpy(&campaign, value, len);
    if (campaign.state >= CAMPAIGN_STATE_COUNT || campaign.order.count > CAMPAIGN_LIST_MAX ||
        campaign.order.per_minute < 1)
        return ERR_CORRUPT;
    campaign.prompt[ID_SIZE - 1] = campaign.by[ID_SIZE - 1] = campaign.ended_by[ID_SIZE - 1] = 0;
    campaign.note[sizeof campaign.note - 1] = 0;
    campaigns->all[no] = campaign;
    return ERR_OK;
}

static enum err restore_people(struct campaigns *campaigns, uint32_t no, const void *value, size_t len)
{
    const uint8_t *who = value;
    if (no >= CAMPAIGNS_MAX || len > UINT32_MAX)
        return ERR_CORRUPT;
    for (size_t i = 0; i < len; i++)
        if (who[i] >= REACH_COUNT)
            return ERR_CORRUPT;
    uint8_t *copy = malloc(len);
    if (!copy)
        return ERR_NOMEM;
    memcpy(copy, who, len);
    free(campaigns->people[no].who);
    campaigns->people[no] = (struct campaign_people){.who = copy, .count = (uint32_t)len};
    return ERR_OK;
}

static enum err restore_job(struct campaigns *campaigns, uint32_t no, const void *value, size_t len)
{
    struct campaign_job job;
    if (len != sizeof job || no >= CAMPAIGN_JOBS_MAX || campaigns->job_count == CAMPAIGN_JOBS_MAX)
        return ERR_CORRUPT;
    memcpy(&job, value, len);
    if (job.campaign >= CAMPAIGNS_MAX || job.state >= DELIVERY_COUNT)
        return ERR_CORRUPT;
    job.job.prompt[ID_SIZE - 1] = 0;
    campaigns->jobs[campaigns->job_count++] = job;
    campaigns->jobs_stored = no + 1 > campaigns->jobs_stored ? no + 1 : campaigns->jobs_stored;
    return ERR_OK;
}

enum err campaigns_restore(struct alerts *alerts, const char *table, uint16_t version, uint32_t no,
                           const void *value, size_t len)
{
    static const struct {
        const char *table;
        enum err (*restore)(struct campaigns *campaigns, uint32_t no, const void *value, size_t len);
    } known[] = {
        {campaign_table, restore_campaign}, {people_table, restore_people}, {job_table, restore_job}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].table, table) != 0)
            continue;
        if (len == 0)
            return ERR_OK;
        if (version != VERSION)
            return ERR_UNSUPPORTED;
        enum err err = known[i].restore(alerts->campaigns, no, value, len);
        if (err == ERR_OK)
            campaigns_arm(alerts);
        return err;
    }
    return ERR_NOT_FOUND;
}
